"""What a command starts from: the catalogue, the settings, and the policies of files or of a cluster."""

from __future__ import annotations

import os
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.cli.endings import tell
from lhmigrate.cli.options import ORDER
from lhmigrate.printing import Printer, ReportFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from lhmigrate.config import Options
    from lhmigrate.editing.patch import Installation, Step
    from lhmigrate.files.kustomize import Composition
    from lhmigrate.files.sources import Reading
    from lhmigrate.findings.findings import Plan
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.settings import Settings


class Given(NamedTuple):
    """The options that the configuration file has too."""

    namespace: str | None
    default_namespace: str | None
    install: str | None
    cni: str | None
    values: list[str] | None
    using: list[str] | None
    without: list[str] | None
    specs: list[str] | None

    def options(self) -> Options:
        """These options as the configuration file would have them."""
        from lhmigrate import config

        return config.Options(
            namespace=self.namespace,
            default_namespace=self.default_namespace,
            install=self.install,
            cni=self.cni,
            values=tuple(self.values or ()),
            using=tuple(self.using or ()),
            without=tuple(self.without or ()),
            specs=tuple(self.specs or ()),
        )


class Run:
    """What the options of one run say."""

    def __init__(self, paths: list[str], config_file: str | None, given: Given, *, writes: bool = False) -> None:
        from lhmigrate.files.scan import ReadAhead

        self._paths = paths
        self._progress = Progress()
        _after_a_run_cut_short(paths, writes=writes)
        self._composed = composed(paths)
        self._ahead = ReadAhead(paths if self._composed is None else self._composed.paths, self._progress.tell)
        from lhmigrate import config

        self._options = given.options().over(config.read(config_file))
        self.catalogue = catalogue_of(list(self._options.specs))
        self.settings: Settings = config.settings(self._options, self.catalogue.glossary)

    @cached_property
    def reading(self) -> Reading:
        """What the user's files hold, as it was read."""
        from lhmigrate.files import sources

        scan = self._ahead.result()
        self._progress.end()
        return sources.read(scan if self._composed is None else self._composed.of(scan), self.settings.concerning)

    def installation(self) -> Installation:
        """What a patch starts from."""
        from lhmigrate import config
        from lhmigrate.editing.around import Around
        from lhmigrate.editing.patch import Installation

        around, options, glossary = Around(self._paths), self._options, self.catalogue.glossary
        return Installation(
            reading=self.reading,
            values={file: around.text(file) or "" for file in options.values},
            settle=lambda texts: config.settings(options, glossary, texts),
            kustomized=config.kustomized_to,
            around=around,
            glossary=glossary,
        )

    def steps(self, plan: Plan) -> list[Step]:
        """What a patch would edit, for all of a plan's hops."""
        from lhmigrate.editing import patch
        from lhmigrate.findings.findings import Phase

        return patch.steps(self.installation(), plan.hops, tuple(Phase))

    def inventory(self, releases: list[Release]) -> Inventory:
        """The user's policies. Ends the run where policies are there and none could be read."""
        from lhmigrate import config
        from lhmigrate.judging import inventory

        return inventory.judged(inventory.take(self.reading, self.settings, releases, config.kustomized_to))


class Live:
    """What one run saw of a cluster."""

    def __init__(
        self,
        given: Given,
        config_file: str | None,
        context: str | None,
        timeout: float,
        paths: list[str] | None = None,
        running: str | None = None,
    ) -> None:
        from lhmigrate import config
        from lhmigrate.errors import Refusal
        from lhmigrate.kube import connection, observed
        from lhmigrate.kube.apiserver import ApiServer

        if paths:
            raise Refusal("--cluster reads the cluster's policies, and no files: leave out the paths, or --cluster")
        options = given.options().over(config.read(config_file))
        self.catalogue = catalogue_of(list(options.specs))
        self.api = ApiServer(connection.connect(context, os.environ), timeout)
        self.seen = observed.observe(self.api, options, self.catalogue, running)
        self.settings = self.seen.settings

    @property
    def release(self) -> Release:
        """The release that runs. Refuses where there is none."""
        from lhmigrate.errors import Refusal

        if self.seen.release is None:
            raise Refusal(f"there is no Longhorn in the cluster of {self.seen.cluster}")
        return self.seen.release

    def inventory(self, releases: list[Release]) -> Inventory:
        """The cluster's policies, and what else was seen there."""
        return self.seen.inventory(releases)

    def steps(self, plan: Plan) -> list[Step]:  # noqa: ARG002 - as of files
        """A patch edits files, and there are none."""
        return []


def composed(paths: list[str]) -> Composition | None:
    """What kustomize would read in place of these paths, where it would build one of them."""
    from lhmigrate.files.scan import kustomization

    if not any(map(kustomization, paths)):
        return None
    from lhmigrate.files import kustomize

    return kustomize.compose(paths)


def _after_a_run_cut_short(paths: list[str], *, writes: bool) -> None:
    """Undoes what a killed run left, before anything is read to be written; whoever only reads is told."""
    from lhmigrate.files.scan import STDIN

    files = [path for path in paths if path != STDIN]
    if writes:
        from lhmigrate.files import journal

        tell(*journal.recover(files))
    elif files:
        from lhmigrate.files import workplace

        if any(map(workplace.left_behind, files)):
            from lhmigrate.files import journal

            tell(*journal.unfinished(files))


def catalogue_of(specs: list[str]) -> Catalogue:
    """The releases that ship with the program, and those of the folders. Refuses what is no folder."""
    from lhmigrate.errors import Place, Refusal
    from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs

    for folder in specs:
        if not Path(folder).is_dir():
            raise Refusal("is not a folder of release files", Place(folder))
    return Catalogue([shipped_specs(), *(Path(folder) for folder in specs)])


class Progress:
    """Tells on stderr how many files were read, once it takes long, and only to a person."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._watched = sys.stderr is not None and sys.stderr.isatty()

    def tell(self, files: int) -> None:
        """So many files by now."""
        if self._watched and time.monotonic() - self._begun > 1:
            sys.stderr.write(f"\rread {files:,} files")
            sys.stderr.flush()

    def end(self) -> None:
        """Wipes the line, if there can be one."""
        if self._watched and time.monotonic() - self._begun > 1:
            sys.stderr.write("\r\x1b[K")


def printer_of(
    context: typer.Context, formats: list[ReportFormat] | None, files: list[str] | None, *, edits: bool = False
) -> Printer:
    """What prints a run's reports, each where it is to go."""
    from lhmigrate.outputs import FORMAT, OUTPUT

    values: dict[str, Iterator[str]] = {"formats": iter(formats or ()), "output": iter(files or ())}
    options = {"formats": FORMAT, "output": OUTPUT}
    order = [(options[name], str(next(values[name]))) for name in context.meta[ORDER] if name in options]
    return Printer(order, edits=edits)


def said(option: str | None, otherwise: str) -> str:
    """An option that may be left out only at times. Refuses where it is missing, with that sentence."""
    from lhmigrate.errors import Refusal

    if option is None:
        raise Refusal(otherwise)
    return option


def text_of(file: str) -> str:
    """What a file holds, or standard input. Refuses what is not UTF-8."""
    from lhmigrate.errors import Place, Refusal
    from lhmigrate.files.scan import STDIN

    try:
        data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("is not UTF-8", Place("standard input" if file == STDIN else file)) from None
