"""`lhmigrate check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lhmigrate.cli.endings import leave, level_of, sentences_for_errors
from lhmigrate.cli.options import (
    PATIENCE,
    CniName,
    ConfigFile,
    DefaultNamespace,
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
from lhmigrate.cli.runs import Given, Live, Run, printer_of, said
from lhmigrate.printing import ReportFormat

if TYPE_CHECKING:
    from lhmigrate.reports.account import Report


def check(
    context: typer.Context,
    release: Annotated[
        str | None, typer.Option("--release", metavar="V", help="The release that runs. [default: the cluster's]")
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
    cluster: OfCluster = False,
    kube_context: KubeContext = None,
    timeout: Timeout = PATIENCE,
    fail_on: FailOnOption = FailOn.warning,
    exit_zero: ExitZero = False,
) -> None:
    """Whether everything that a release needs is allowed, as things stand."""
    with sentences_for_errors():
        if ReportFormat.diff in (formats or ()):
            from lhmigrate.errors import Refusal

            raise Refusal("a check has no edits to show; `lhmigrate plan --format diff` has")
        printer = printer_of(context, formats, output)
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        run: Run | Live
        if cluster or kube_context is not None:
            run = live = Live(given, config, kube_context, timeout, paths, running=release)
            known = live.release
        else:
            run = Run(paths or [], config, given)
            known = run.catalogue.find(
                said(release, "which release runs was not said: pass --release, or --cluster to look")
            )
        inventory = run.inventory([known])
        from lhmigrate import check as checking

        made = checking.make(run.catalogue, known, inventory, run.settings)

        def in_json() -> str:
            from lhmigrate.reports import json

            return json.check(made)

        def told() -> Report:
            from lhmigrate.reports import account

            return account.of_check(made)

        printer.print(in_json, told, run.catalogue.glossary)
        leave(made.findings, level_of(fail_on, exit_zero=exit_zero))
