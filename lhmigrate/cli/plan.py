"""`lhmigrate plan`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Never

import typer

from lhmigrate.cli import runs
from lhmigrate.cli.endings import leave, level_of, sentences_for_errors
from lhmigrate.cli.options import (
    PATIENCE,
    CniName,
    ConfigFile,
    DefaultNamespace,
    EditsToo,
    ExitZero,
    FailOn,
    FailOnOption,
    Files,
    Formats,
    Install,
    KubeContext,
    Namespace,
    OfCluster,
    Paths,
    Specs,
    Timeout,
    ValuesFiles,
    With,
    Without,
)
from lhmigrate.cli.runs import Given, Live, Progress, Run, printer_of, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lhmigrate.editing.patch import Step
    from lhmigrate.findings.findings import Finding
    from lhmigrate.longhorn.release import Release
    from lhmigrate.printing import Printer
    from lhmigrate.reports.account import Report
    from lhmigrate.reports.json import Edits


def plan(
    context: typer.Context,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="V", help="The release that runs. [default: what the tree declares]")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="V", help="The release to upgrade to. [default: likewise]")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="What to compare the work tree's declarations with, if neither --from nor --to is given. "
            "[default: where the branch or pull request began]",
        ),
    ] = None,
    paths: Paths = None,
    namespace: Namespace = None,
    default_namespace: DefaultNamespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    formats: Formats = None,
    output: Files = None,
    edits: EditsToo = False,
    cluster: OfCluster = False,
    kube_context: KubeContext = None,
    timeout: Timeout = PATIENCE,
    fail_on: FailOnOption = FailOn.warning,
    exit_zero: ExitZero = False,
) -> None:
    """What must change before an upgrade, and what may be closed after it."""
    with sentences_for_errors():
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        printer = printer_of(context, formats, output, edits=edits)
        asked, level = (from_, to, base), level_of(fail_on, exit_zero=exit_zero)
        if cluster or kube_context is not None:
            live = Live(given, config, kube_context, timeout, paths, running=from_)
            _plan_of(
                live,
                live.release,
                said(to, "what runs is read from the cluster, and what is to run is not: pass --to"),
                printer,
                level,
            )
        if from_ is None or to is None or base is not None:
            _plan_by_tree(asked, paths or [], config, printer, given, level)
        run = Run(paths or [], config, given)
        _plan_of(run, run.catalogue.find(from_), to, printer, level)


def _plan_of(run: Run | Live, old: Release, to: str, printer: Printer, fail_on: FailOn) -> Never:
    """Plans from one release to another."""
    from lhmigrate import plan as planning
    from lhmigrate.longhorn import hops

    new = run.catalogue.find(to)
    way = hops.way(run.catalogue, old, new)
    made = planning.make(way, run.inventory([old, new]), run.settings, run.catalogue.glossary)
    steps = run.steps(made) if printer.with_edits else []

    def in_json() -> str:
        from lhmigrate.reports import json

        return json.plan(made, _edits(made.findings, steps, printer.shown))

    def told() -> Report:
        from lhmigrate.reports import account

        return account.of_plan(made, steps)

    printer.print(in_json, told, run.catalogue.glossary)
    leave(made.findings, fail_on)


def _plan_by_tree(
    asked: tuple[str | None, str | None, str | None],
    paths: list[str],
    config_file: str | None,
    printer: Printer,
    given: Given,
    fail_on: FailOn,
) -> Never:
    """Plans for the installations that the tree itself declares, as far as they move."""
    from lhmigrate.files import scan
    from lhmigrate.git import worktree

    progress = Progress()
    here = os.path.realpath(os.curdir)
    tree_around = worktree.around(here)
    root = None if tree_around is None else os.path.relpath(tree_around.top, here)
    composed = runs.composed(paths)
    looked_into = composed.paths if composed is not None else paths or [root or "."]
    ahead = scan.ReadAhead(looked_into, progress.tell, scan.POLICIES if paths else scan.BOTH)
    from lhmigrate import config
    from lhmigrate.bumps import moves

    options = given.options(), config.read(config_file)
    catalogue = runs.catalogue_of(list(options[0].over(options[1]).specs))
    tree = scan.scan([root or "."], progress.tell, scan.DECLARATIONS) if paths else None
    policies = ahead.result() if composed is None else composed.of(ahead.result())
    progress.end()
    scans = policies, tree or policies
    made = moves.make(moves.Asked(*asked), root, paths, scans, catalogue, options, edits=printer.with_edits)
    printer.root = "" if paths else root or ""

    def in_json() -> str:
        from lhmigrate.reports import json

        steps = [step for one in made.made for step in one.steps]
        return json.upgrades(made, _edits(made.findings, steps, printer.shown))

    def told() -> Report:
        from lhmigrate.reports import account

        return account.of_upgrades(made)

    printer.print(in_json, told, catalogue.glossary)
    # What may move and has no plan may be the error that one waits for.
    leave(made.findings, fail_on, unclear=made.unclear)


def _edits(findings: Iterable[Finding], steps: Sequence[Step], shown: Callable[[str], str]) -> Edits:
    """What mends each finding. Nothing where nobody asked."""
    if not steps:
        return {}
    from lhmigrate.reports import json_patch

    return json_patch.edits(findings, steps, shown)
