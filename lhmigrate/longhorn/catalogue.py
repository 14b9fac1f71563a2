"""Loads what is known of Longhorn's releases from specs/, one file at a time, as it is asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lhmigrate.errors import Place, Refusal, Unreadable
from lhmigrate.longhorn import page, specfile
from lhmigrate.longhorn.release import Evidence, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lhmigrate.longhorn.page import Page
    from lhmigrate.longhorn.release import Glossary, Release

Read = TypeVar("Read")


def shipped_specs() -> Path:
    """The specs inside an installed package; in a checkout, the folder beside it."""
    package = Path(__file__).parent.parent
    packaged = package / "specs"
    return packaged if packaged.is_dir() else package.parent / "specs"


class Catalogue:
    """All releases that can be asked for. Later folders add releases to earlier ones, or override them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files: dict[Version, Path] = {}
        self._folders = folders
        self._loaded: dict[Version, Release] = {}
        self._loading: set[Version] = set()
        for folder in folders:
            files = sorted(folder.glob("[0-9]*.yaml"))
            if not files and not (folder / "glossary.yaml").exists():
                raise Refusal("holds no release file and no glossary", Place(str(folder)))
            self._files |= {_version_of(file): file for file in files}
        self.versions: tuple[Version, ...] = tuple(sorted(self._files))

    @cached_property
    def glossary(self) -> Glossary:
        """What the names mean, from the last folder that has a glossary."""
        file = next(
            folder / "glossary.yaml" for folder in reversed(self._folders) if (folder / "glossary.yaml").exists()
        )
        return self._read(file, lambda: specfile.glossary(specfile.document(file)))

    def newest(self, line: Version) -> Version | None:
        """The newest release of a minor one; a preview only where there is nothing else."""
        known = [version for version in self.versions if version.line == line]
        return next((one for one in reversed(known) if not self.release(one).preview), known[-1] if known else None)

    def find(self, text: str) -> Release:
        """`1.7` (its newest known release), `1.7.2` or `v1.7.2`. Refuses what it does not know."""
        try:
            version = Version.parse(text)
        except ValueError as error:
            raise Refusal(f"{error}; `lhmigrate releases` lists the known ones") from None
        found = self.newest(version) if version.patch is None else version
        if found is None or found not in self._files:
            raise Refusal(
                f"Longhorn {version} is not in the catalogue, which covers {self.versions[0]} to {self.versions[-1]}; "
                "`lhmigrate releases` lists them, and --specs DIR adds your own"
            )
        return self.release(found)

    def release(self, version: Version) -> Release:
        """One known release."""
        if version not in self._loaded:
            self._loaded[version] = self._load(version)
        return self._loaded[version]

    def evidence(self, version: Version) -> Evidence:
        """Where the facts of a known release can be checked; none where nobody wrote it down."""
        file = self._files[version].parent / "evidence" / self._files[version].name
        if not file.exists():
            return Evidence({}, {})
        return self._read(file, lambda: specfile.evidence(specfile.document(file, version), version))

    def page(self, release: Release) -> Page:
        """The documentation page of a release, held against what it really needs."""
        files = [folder / "networking-page.yaml" for folder in reversed(self._folders)]
        file = next(file for file in files if file.exists())
        return self._read(file, lambda: page.read(specfile.document(file), release))

    def _load(self, version: Version) -> Release:
        file = self._files[version]
        self._loading.add(version)

        def read() -> Release:
            fields = specfile.document(file, version)
            same = fields.get("same-as")
            base = None if same is None else self._base(specfile.version_of(same), same.place)
            return specfile.release(fields, version, str(file), base, self.glossary)

        return self._read(file, read)

    @staticmethod
    def _read(file: Path, read: Callable[[], Read]) -> Read:
        try:
            return read()
        except Unreadable as error:
            raise Refusal(f"{error.problem.message} (in the catalogue)", error.problem.place) from None
        except ValueError as error:
            raise Refusal(f"{error} (in the catalogue)", Place(str(file))) from None

    def _base(self, version: Version, place: Place) -> Release:
        if version not in self._files:
            raise Refusal(f"same-as names {version}, which has no file", place)
        in_a_circle = version in self._loading and version not in self._loaded
        if in_a_circle or (base := self.release(version)).same_as is not None:
            raise Refusal(f"same-as names {version}, which is itself the same as another", place)
        return base


def _version_of(file: Path) -> Version:
    try:
        version = Version.parse(file.stem)
    except ValueError as error:
        raise Refusal(f"{error}; a catalogue file is named for its release", Place(str(file))) from None
    if version.patch is None:
        raise Refusal("a catalogue file is named for one release, like 1.7.2.yaml", Place(str(file)))
    return version
