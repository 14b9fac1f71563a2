"""Patches without a disk: installations whose files are texts, the hops of the catalogue, and what a step did."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from lhmigrate.editing import patch
from lhmigrate.editing.patch import Installation, Step
from lhmigrate.files import sources
from lhmigrate.files.scan import Candidate, Scan
from lhmigrate.findings.findings import Hop, Phase
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lhmigrate.judging.inventory import KustomizedTo
    from lhmigrate.longhorn.release import Release

CATALOGUE = Catalogue([shipped_specs()])
NAMESPACE = Settings().namespace


def _network(release: Release) -> str:
    return str(release.same_as or release)


def _hops() -> Iterator[Hop]:
    """Every step that Longhorn accepts between different networks: the newest releases that have these."""
    seen = set()
    releases = [CATALOGUE.release(version) for version in reversed(CATALOGUE.versions)]
    for new in releases:
        for old in releases:
            networks = _network(old), _network(new)
            if new.accepts(old.version) and networks[0] != networks[1] and networks not in seen:
                seen.add(networks)
                yield Hop(old, new)


HOPS = tuple(_hops())


@dataclass(frozen=True, slots=True)
class Shelf:
    """What lies around the files: others that a kustomization may be among, and files that may not be written."""

    others: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def refuses(self, file: str) -> str | None:
        """Why a file may not be written."""
        return self.refused.get(file)

    def text(self, file: str) -> str | None:
        """What another file holds."""
        return self.others.get(file)


def nowhere(file: str) -> None:
    """No kustomization gives a namespace to anything."""


def installation(
    files: Mapping[str, str],
    settings: Settings | None = None,
    *,
    kustomized: KustomizedTo = nowhere,
    others: Mapping[str, str] = MappingProxyType({}),
) -> Installation:
    """What a patch of these files starts from."""
    told = settings or Settings()
    found = [Candidate(file, text.encode(), given=True) for file, text in sorted(files.items())]
    return Installation(
        reading=sources.read(Scan(len(found), found, []), told.concerning),
        values={},
        settle=lambda _: told,
        kustomized=kustomized,
        around=Shelf(others),
        glossary=CATALOGUE.glossary,
    )


def texts(one: Installation) -> dict[str, str]:
    """Its files."""
    return {found.file: found.text for found in one.reading.found}


def before(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """Its widening."""
    return patch.step(start, hop, Phase.BEFORE)


def after(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """Its tightening."""
    return patch.step(start, hop, Phase.AFTER)
