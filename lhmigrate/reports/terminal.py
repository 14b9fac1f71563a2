"""The form for people: what will be cut, by which policy, and what to do, so that it is understood in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from lhmigrate.reports import account as accounts
from lhmigrate.reports import rows
from lhmigrate.reports.account import FLOWS, begun
from lhmigrate.reports.screen import LEVEL_STYLE, Screen
from lhmigrate.reports.visible import visible, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.findings.findings import Context, Finding
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.reports.account import Account, Part, Report, Verdict


def report(report: Report, glossary: Glossary, screen: Screen) -> str:
    """The verdict in the first line, then each installation, then what has no plan, and what stays."""
    for line in report.summary:
        screen.add(_verdict(line))
    if report.summary and report.accounts:
        screen.gap()
    for number, account in enumerate(report.accounts):
        if number:
            screen.gap()
        _account(account, glossary, screen)
    if report.accounts and report.unplanned:
        screen.gap()
        screen.add(("No plan", "bold underline"))
    for place, reason in report.unplanned:
        screen.add(Text.assemble((f"{visible(str(place))}: ", "bold"), whole(reason)), indent=2)
    _others(report, screen)
    return screen.text()


def _others(report: Report, screen: Screen) -> None:
    """A line for each installation that does not move, and what all were compared with."""
    if report.others or report.compared:
        screen.gap()
    for label, text in report.others:
        screen.add((f"{label}: ", "dim"), Text(whole(text)))
    if report.compared:
        screen.add((f"Compared with {visible(report.compared)}.", "dim"))


def _account(account: Account, glossary: Glossary, screen: Screen) -> None:
    screen.add((f"{whole(account.subject)}: ", "bold"), _verdict(account.verdict))
    screen.add((account.measure, "dim"))
    _sentences(screen, account.general)
    for chapter in account.chapters:
        if chapter.title:
            screen.gap()
            screen.add((chapter.title, "bold underline"))
        if chapter.calm is not None:
            screen.add((chapter.calm.text, "" if chapter.calm.level else "green"), indent=2)
        for part in chapter.parts:
            _part(screen, part, glossary)
    _context(screen, account.context)


def _verdict(verdict: Verdict) -> Text:
    """In the colour of the worst, and green only where nothing is unknown either."""
    style = LEVEL_STYLE[verdict.level] if verdict.level else "bold green"
    return Text(visible(verdict.text, longest=1000), style=style)


def _part(screen: Screen, part: Part, glossary: Glossary) -> None:
    screen.gap()
    screen.add((part.title, "bold"), indent=2)
    _sentences(screen, part.first)
    if part.first and part.flows:
        screen.gap()
    width = max((len(FLOWS[row[0].code]) for row in part.flows), default=0)
    for index, row in enumerate(part.flows):
        if index:
            screen.gap()
        screen.add(_flow(row[0], glossary, width) if len(row) == 1 else _flows(row, glossary, width), indent=2)
    if part.flows and part.others:
        screen.gap()
    _sentences(screen, part.others)


def _flow(finding: Finding, glossary: Glossary, width: int) -> Table:
    """One flow: what becomes of it, between whom, and the sentence with what to do."""
    table = _row(width)
    table.add_column(no_wrap=True, min_width=20, max_width=32)
    table.add_column(ratio=1, overflow="fold")
    if finding.leg is None:
        return table
    traffic = Text.assemble(
        (visible(glossary.called(finding.leg.source)), "bold"),
        "\n→ ",
        (visible(glossary.called(finding.leg.target)), "bold"),
        "\n" + "\n".join(finding.ports),
    )
    said = whole(accounts.reason(finding))
    table.add_row(_mark(finding), traffic, Text.assemble(said, *_advice(finding.advice)))
    return table


def _flows(row: rows.Row, glossary: Glossary, width: int) -> Table:
    """Many flows of one cause: the cause once, then a line for each, then what to do."""
    table = _row(width)
    table.add_column(ratio=1, overflow="fold")
    cause = row[0].sentence.cause if row[0].sentence else ""
    table.add_row(_mark(row[0]), Text(whole(begun(cause)) + ":"))
    for traffic, cost in rows.lines(row, glossary):
        line = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
        line.add_column(no_wrap=True)
        line.add_column(ratio=1, overflow="fold")
        line.add_row("•", Text.assemble((visible(traffic, longest=1000), "bold"), f": {whole(cost)}" if cost else ""))
        table.add_row("", line)
    table.add_row("", Text.assemble(*_advice(rows.advice(row, glossary))[1:]))
    return table


def _row(width: int) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, min_width=width)
    return table


def _mark(finding: Finding) -> Text:
    return Text(FLOWS[finding.code], style=LEVEL_STYLE[finding.level])


def _advice(advice: str) -> list[str | Text]:
    return ["\n", Text("→ " + whole(advice), style="green")] if advice else []


def _sentences(screen: Screen, findings: Sequence[Finding]) -> None:
    """Findings that are no flows."""
    for finding, where, advice, commands in accounts.told(findings):
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_row(
            Text(finding.code.value, style=LEVEL_STYLE[finding.level]),
            Text.assemble((f"{visible(where)}: " if where else "", "bold"), whole(finding.message), *_advice(advice)),
        )
        screen.add(table, indent=2)
        for command in commands:
            screen.command(command, indent=4)


def _context(screen: Screen, context: Context) -> None:
    screen.gap()
    for assumption in context.assumptions:
        screen.add(("Assumed: ", "dim"), Text(visible(assumption)))
    if context.left_out:
        screen.add(("Not looked at (few need it; --with NAME): ", "dim"), Text(", ".join(context.left_out)))
    screen.add((accounts.basis(context), "dim"))
