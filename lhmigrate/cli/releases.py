"""`lhmigrate generate`, `diff`, `show` and `releases`: what the catalogue knows, without any policies."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lhmigrate import printing
from lhmigrate.cli import runs
from lhmigrate.cli.endings import NOTHING_TO_DO, SOMETHING_TO_DO, sentences_for_errors
from lhmigrate.cli.options import (
    CniName,
    ConfigFile,
    DialectOption,
    ExitZero,
    Format,
    FormatOption,
    From,
    Install,
    Namespace,
    Specs,
    To,
    ValuesFiles,
    With,
    Without,
)
from lhmigrate.cli.runs import Given, Run


def generate(
    release: Annotated[str, typer.Option("--release", metavar="V", help="The release that runs, or is to run.")],
    namespace: Namespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    dialect: DialectOption = None,
    exit_zero: ExitZero = False,
) -> None:
    """A whole set of policies for a release, for whoever starts from nothing."""
    with sentences_for_errors():
        run = Run([], config, Given(namespace, None, install, cni, values, using, without, specs))
        known = run.catalogue.find(release)
        from lhmigrate.editing import generate as generating
        from lhmigrate.model.cni import Dialect
        from lhmigrate.reports import generate as generated

        spoken, settings = generating.spoken(run.settings, Dialect[dialect.upper()] if dialect else None)
        made = generating.make(known, run.catalogue.glossary, settings, spoken)
        printing.put(generated.stream(made, run.catalogue.glossary, settings))
        if sys.stderr is not None:
            sys.stderr.write(generated.told(made, settings))
        raise typer.Exit(SOMETHING_TO_DO if made.something_to_do and not exit_zero else NOTHING_TO_DO)


def diff(
    from_: From,
    to: To,
    specs: Specs = None,
    format_: FormatOption = Format.terminal,
    exit_zero: ExitZero = False,
) -> None:
    """What changed on the network between two releases."""
    with sentences_for_errors():
        catalogue = runs.catalogue_of(specs or [])
        old, new = catalogue.find(from_), catalogue.find(to)
        from lhmigrate.longhorn import changes

        found = changes.between(old, new)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.diff(old, new, found))
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            printing.put(catalogue_reports.diff(old, new, found, printing.screen()))
        raise typer.Exit(SOMETHING_TO_DO if found and not exit_zero else NOTHING_TO_DO)


def show(
    release: Annotated[str, typer.Argument(metavar="V", help="A release: 1.7 (its newest), 1.7.2, v1.7.2.")],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Where each fact can be checked: repository, tag, path, line and word.")
    ] = False,
    docs: Annotated[
        bool, typer.Option("--docs", help="Longhorn's documentation page, row by row, against what is true.")
    ] = False,
    specs: Specs = None,
    format_: FormatOption = Format.terminal,
) -> None:
    """One release's port matrix, labels and shipped policies."""
    with sentences_for_errors():
        catalogue = runs.catalogue_of(specs or [])
        known = catalogue.find(release)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(
                json.release(
                    known,
                    catalogue.glossary,
                    evidence=catalogue.evidence(known.version) if evidence else None,
                    page=catalogue.page(known) if docs else None,
                )
            )
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            if evidence:
                printing.put(catalogue_reports.evidence(known, catalogue.evidence(known.version), printing.screen()))
            elif docs:
                printing.put(
                    catalogue_reports.page(known, catalogue.page(known), catalogue.glossary, printing.screen())
                )
            else:
                printing.put(catalogue_reports.release(known, catalogue.glossary, printing.screen()))


def releases(specs: Specs = None, format_: FormatOption = Format.terminal) -> None:
    """Which releases are known, and which upgrades Longhorn accepts."""
    with sentences_for_errors():
        catalogue = runs.catalogue_of(specs or [])
        known = [catalogue.release(version) for version in catalogue.versions]
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.releases(known))
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            printing.put(catalogue_reports.releases(known, printing.screen()))
