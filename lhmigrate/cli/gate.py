"""`lhmigrate gate` and `lhmigrate summary`: one cluster before an upgrade, and what many said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lhmigrate import printing
from lhmigrate.cli.endings import NOTHING_TO_DO, SOMETHING_TO_DO, levels_of, sentences_for_errors, tell
from lhmigrate.cli.options import (
    PATIENCE,
    CniName,
    ConfigFile,
    FailOn,
    FailOnOption,
    Files,
    Format,
    FormatOption,
    Formats,
    Install,
    KubeContext,
    Namespace,
    Specs,
    Timeout,
    ValuesFiles,
    Where,
    With,
    Without,
)
from lhmigrate.cli.runs import Given, Live, printer_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.kube.gate import Gate
    from lhmigrate.reports.account import Report


def gate(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="V", help="The release to upgrade to. [default: image.longhorn.manager.tag]"),
    ] = None,
    values: ValuesFiles = None,
    kube_context: KubeContext = None,
    timeout: Timeout = PATIENCE,
    warn_only: Annotated[bool, typer.Option("--warn-only", help="Exit with 0 whatever happens.")] = False,
    report: Annotated[
        list[Where] | None, typer.Option("--report", help="Leave the result in Longhorn's namespace; repeatable.")
    ] = None,
    namespace: Namespace = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    formats: Formats = None,
    output: Files = None,
    fail_on: FailOnOption = FailOn.warning,
) -> None:
    """Whether an upgrade of the running cluster may start. Reads the cluster, and no files."""
    with sentences_for_errors(lenient=warn_only):
        from lhmigrate.kube import gate as gates

        printer = printer_of(context, formats, output)
        live = Live(Given(namespace, None, install, cni, values, using, without, specs), config, kube_context, timeout)
        new = live.catalogue.find(to or gates.target(live.settings.values))
        made = gates.make(live.seen, new, live.catalogue, levels_of(fail_on))

        def in_json() -> str:
            from lhmigrate.reports import json

            return json.gate(made)

        def told() -> Report:
            from lhmigrate.reports import account

            return account.of_gate(made)

        printer.print(in_json, told, live.catalogue.glossary)
        _leave_behind(live, made, report or [], in_json)
        raise typer.Exit(SOMETHING_TO_DO if made.shut else NOTHING_TO_DO)


def _leave_behind(live: Live, made: Gate, where: list[Where], in_json: Callable[[], str]) -> None:
    """Writes the result where it was asked for. Where that fails, the result stands all the same."""
    from lhmigrate.errors import Refusal
    from lhmigrate.kube import announce

    home = live.settings.namespace
    for one in dict.fromkeys(where):
        try:
            if one is Where.event:
                failed = announce.event(live.api, made, home)
            else:
                failed = announce.config_map(live.api, made, home, in_json())
        except Refusal as refusal:
            failed = f"the result was not left in the cluster: {refusal}"
        if failed is not None:
            tell(failed)


def summary(
    reports: Annotated[
        list[str], typer.Argument(metavar="REPORT.json...", help="JSON reports of gates, plans and checks.")
    ],
    format_: FormatOption = Format.terminal,
    fail_on: FailOnOption = FailOn.warning,
) -> None:
    """What many clusters said, in one table and with one exit code."""
    with sentences_for_errors():
        from lhmigrate import summary as summaries

        levels = levels_of(fail_on)
        rows = [summaries.row(file, _report_in(file), levels) for file in reports]
        code = summaries.worst(rows)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.fleet(rows, code))
        else:
            from lhmigrate.reports import fleet

            printing.put(fleet.table(rows, code, printing.screen()))
        raise typer.Exit(code)


def _report_in(file: str) -> str | None:
    from lhmigrate.errors import Refusal

    try:
        return text_of(file)
    except (OSError, Refusal):
        return None
