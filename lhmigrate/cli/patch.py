"""`lhmigrate patch`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lhmigrate import printing
from lhmigrate.cli.endings import NOTHING_TO_DO, SOMETHING_TO_DO, sentences_for_errors
from lhmigrate.cli.options import (
    CniName,
    ConfigFile,
    DefaultNamespace,
    ExitZero,
    Format,
    FormatOption,
    From,
    Install,
    Namespace,
    Paths,
    Phases,
    Specs,
    To,
    ValuesFiles,
    With,
    Without,
)
from lhmigrate.cli.runs import Given, Run

if TYPE_CHECKING:
    from lhmigrate.editing.patching import Done
    from lhmigrate.longhorn.release import Glossary


def patch(
    from_: From,
    to: To,
    paths: Paths = None,
    phase: Annotated[Phases, typer.Option(help="The edits to make before the hop, or those to make after it.")] = (
        Phases.before
    ),
    hop: Annotated[
        int | None, typer.Option(metavar="N", help="The hop, counted from 1. [default: the next one]")
    ] = None,
    all_hops: Annotated[bool, typer.Option("--all-hops", help="Every hop of the way.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Change the files, all or none.")] = False,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Also change files that have uncommitted changes.")
    ] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Write, and make a commit for each hop and phase.")] = False,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="Write, and commit on a new branch.")] = None,
    namespace: Namespace = None,
    default_namespace: DefaultNamespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    format_: FormatOption = Format.terminal,
    exit_zero: ExitZero = False,
) -> None:
    """The edits that a plan asks for, as a unified diff that `git apply` takes; --write makes them."""
    wanted_on_disk = write or commit or branch is not None
    with sentences_for_errors(writes=wanted_on_disk):
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        run = Run(paths or [], config, given, writes=wanted_on_disk)
        from lhmigrate.editing import patching

        wanted = patching.Wanted(
            hop=hop,
            all_hops=all_hops,
            phases=phase.value,
            write=wanted_on_disk,
            allow_dirty=allow_dirty,
            commit=commit or branch is not None,
            branch=branch,
        )
        old, new = run.catalogue.find(from_), run.catalogue.find(to)
        done = patching.patch(run.catalogue, old, new, run.installation(), wanted)
        if format_ is Format.json:
            from lhmigrate.editing.around import shown
            from lhmigrate.reports import json_patch

            printing.put(json_patch.patch(old, new, done, shown))
        else:
            _show(done, run.catalogue.glossary)
        raise typer.Exit(SOMETHING_TO_DO if done.something_to_do and not exit_zero else NOTHING_TO_DO)


def _show(done: Done, glossary: Glossary) -> None:
    """The diff on stdout, byte for byte unless a person looks at it; what is to be said of it on stderr."""
    from lhmigrate.editing.around import shown
    from lhmigrate.editing.patch import joined
    from lhmigrate.reports import patch as patches

    changed = patches.unified(joined(done.steps), shown)
    if changed and not done.written:
        printing.put(patches.coloured(changed, printing.screen()) if printing.at_a_terminal() else changed)
    if sys.stderr is not None:
        sys.stderr.write(patches.told(done.steps, glossary, written=done.written))
