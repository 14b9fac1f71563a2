"""The form for people: what will be cut, by which policy, and what to do, so that it is understood in seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from lhmigrate.findings import Code, Level, Phase
from lhmigrate.reports import rows
from lhmigrate.reports.screen import LEVEL_STYLE, Screen
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lhmigrate.findings import Check, Context, Finding, Plan
    from lhmigrate.release import Glossary

_FLOWS: Final = {Code.FLOW_BLOCKED: "CUT", Code.FLOW_BLOCKED_TODAY: "cut today", Code.FLOW_UNKNOWN: "unknown"}


def plan(plan: Plan, glossary: Glossary, screen: Screen) -> str:
    """A plan: the verdict in the first line, then each hop, then what holds for all of it."""
    add_plan(plan, "", glossary, screen)
    return screen.text()


def add_plan(plan: Plan, where: str, glossary: Glossary, screen: Screen) -> None:
    """A plan on a screen; `where` is said in its first line."""
    screen.add((f"Longhorn {plan.old} → {plan.new}{where}: ", "bold"), _headline_of_plan(plan))
    screen.add((counts(plan.findings), "dim"))
    general = [finding for finding in plan.findings if finding.hop is None]
    _sentences(screen, general)
    for number, hop in enumerate(plan.hops, 1):
        mine = [finding for finding in plan.findings if finding.hop is hop]
        screen.gap()
        preview = " (preview)" if hop.new.preview else ""
        screen.add((f"Hop {number} of {len(plan.hops)}: {hop.old} → {hop.new}{preview}", "bold underline"))
        if not any(finding.level is not Level.NOTE for finding in mine):
            unknown = any(finding.code is Code.FLOW_UNKNOWN for finding in mine)
            nothing = "Nothing to change for this hop, as far as these files go."
            screen.add(
                ("Nothing to change for this hop that is known; see what is unknown.", "")
                if unknown
                else (nothing, "green"),
                indent=2,
            )
        before = [finding for finding in mine if finding.phase is not Phase.AFTER and finding.level is not Level.NOTE]
        after = [finding for finding in mine if finding.phase is Phase.AFTER and finding.level is not Level.NOTE]
        notes = [finding for finding in mine if finding.level is Level.NOTE]
        _phase(screen, "Change before it", before, glossary)
        _phase(screen, "Close after it", [*after, *(one for one in notes if one.phase is Phase.AFTER)], glossary)
        _phase(screen, "Good to know", [one for one in notes if one.phase is not Phase.AFTER], glossary)
    _context(screen, plan.context)


def check(check: Check, glossary: Glossary, screen: Screen) -> str:
    """A check: the verdict, then what does not pass, then how much does."""
    screen.add((f"Longhorn {check.release}: ", "bold"), _headline(check.findings, ("is cut", "are cut")))
    passing = sum(verdict.passes for _, verdict, _ in check.verdicts)
    screen.add((f"{passing} of {len(check.verdicts)} flows pass · {counts(check.findings)}", "dim"))
    _phase(screen, "What does not pass", [one for one in check.findings if one.level is not Level.NOTE], glossary)
    _phase(screen, "Good to know", [one for one in check.findings if one.level is Level.NOTE], glossary)
    _context(screen, check.context)
    return screen.text()


def _headline_of_plan(plan: Plan) -> Text:
    if not plan.hops:
        return Text("nothing to do, both are the same.", style="bold green")
    return _headline(plan.findings, ("would be cut", "would be cut"))


def _headline(findings: Sequence[Finding], verbs: tuple[str, str]) -> Text:
    """The worst of it in one sentence. Where anything is unknown, that is said, and nothing is called safe."""
    found = [(one.code, one.level) for one in findings]
    refused = found.count((Code.NAME_COLLISION, Level.ERROR))
    cut = found.count((Code.FLOW_BLOCKED, Level.ERROR))
    today = found.count((Code.FLOW_BLOCKED_TODAY, Level.WARNING))
    unknown = sum(code is Code.FLOW_UNKNOWN for code, _ in found)
    looks = sum(level is Level.WARNING and code is not Code.FLOW_UNKNOWN for code, level in found)
    errors = [one for one in findings if one.level is Level.ERROR]
    parts = []
    if refused:
        whose = "1 of your policies has a name" if refused == 1 else f"{refused} of your policies have names"
        parts.append(f"Helm would refuse the upgrade, because {whose} that it wants for Longhorn's own")
    if cut:
        parts.append(f"{many(cut, 'flow', 'flows')} that Longhorn needs {verbs[cut > 1]}")
    if errors and not parts:
        parts.append(errors[0].message.removesuffix("."))
    if today:
        parts.append(f"{many(today, 'flow', 'flows')} that Longhorn needs {'is' if today == 1 else 'are'} cut today")
    if not parts and looks:
        known = "is known to be cut" if unknown else "is cut"
        things = "1 thing needs" if looks == 1 else f"{looks} things need"
        parts.append(f"nothing that everybody needs {known}, but {things} a look")
    elif not parts:
        parts.append("nothing is known to be cut" if unknown else "nothing that was looked at is cut")
    if unknown:
        parts.append(f"{many(unknown, 'flow', 'flows')} could not be judged")
    style = style_of([level for _, level in found], unknown=bool(unknown))
    return Text(visible("; ".join(parts), longest=1000) + ".", style=style)


def style_of(levels: Sequence[Level], *, unknown: bool = False) -> str:
    """The colour of a verdict: that of the worst, and green only where nothing is unknown either."""
    worst = min((list(Level).index(level) for level in levels), default=None)
    return LEVEL_STYLE[list(Level)[worst]] if worst is not None and (worst < 2 or unknown) else "bold green"


def counts(findings: Iterable[Finding]) -> str:
    """How many there are of each level."""
    levels = [finding.level for finding in findings]
    return ", ".join(f"{levels.count(level)} {level.value}{'' if levels.count(level) == 1 else 's'}" for level in Level)


def _phase(screen: Screen, title: str, findings: Sequence[Finding], glossary: Glossary) -> None:
    if not findings:
        return
    screen.gap()
    screen.add((title, "bold"), indent=2)
    ordered = sorted(findings, key=lambda finding: list(Level).index(finding.level))
    flows = [finding for finding in ordered if finding.leg is not None and finding.code in _FLOWS]
    others = [finding for finding in ordered if finding not in flows]
    # What stops an upgrade, or explains why so much is cut, stands before what is cut.
    first = [finding for finding in others if finding.level is Level.ERROR]
    _sentences(screen, first)
    others = others[len(first) :]
    if first and flows:
        screen.gap()
    width = max((len(_FLOWS[finding.code]) for finding in flows), default=0)
    for index, row in enumerate(rows.rows(flows)):
        if index:
            screen.gap()
        screen.add(_flow(row[0], glossary, width) if len(row) == 1 else _flows(row, glossary, width), indent=2)
    if flows and others:
        screen.gap()
    _sentences(screen, others)


def _flow(finding: Finding, glossary: Glossary, width: int) -> Table:
    """One flow: what becomes of it, between whom, and the sentence with what to do."""
    table = _row(width)
    table.add_column(no_wrap=True, min_width=20, max_width=32)
    table.add_column(ratio=1, overflow="fold")
    if finding.leg is None or finding.sentence is None:
        return table
    traffic = Text.assemble(
        (visible(glossary.called(finding.leg.source)), "bold"),
        "\n→ ",
        (visible(glossary.called(finding.leg.target)), "bold"),
        "\n" + "\n".join(finding.ports),
    )
    said = _begun(finding.message.removeprefix(f"{finding.sentence.lead}: "))
    table.add_row(_mark(finding), traffic, Text.assemble(said, *_advice(finding.advice)))
    return table


def _flows(row: rows.Row, glossary: Glossary, width: int) -> Table:
    """Many flows of one cause: the cause once, then a line for each, then what to do."""
    table = _row(width)
    table.add_column(ratio=1, overflow="fold")
    cause = row[0].sentence.cause if row[0].sentence else ""
    table.add_row(_mark(row[0]), Text(_begun(cause) + ":"))
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
    return Text(_FLOWS[finding.code], style=LEVEL_STYLE[finding.level])


_LONG_WORD: Final = re.compile(r"(\S{250})(\S+)")


def whole(sentence: str) -> str:
    """Our own sentence with a stranger's names in it: the names are cut where they are too long, and nothing else."""
    cut = _LONG_WORD.sub(lambda found: f"{found[1]}… ({len(found[2]):,} more characters)", sentence)
    return visible(cut, longest=4000)


def _begun(sentence: str) -> str:
    return whole(sentence[:1].upper() + sentence[1:])


def _advice(advice: str) -> list[str | Text]:
    return ["\n", Text("→ " + whole(advice), style="green")] if advice else []


def _sentences(screen: Screen, findings: Sequence[Finding]) -> None:
    """Findings that are no flows. The advice that several share stands once, after the last of them."""
    for index, finding in enumerate(findings):
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        where = (
            f"{visible(str(finding.place))}: " if finding.place and str(finding.place) not in finding.message else ""
        )
        following = findings[index + 1 : index + 2]
        last = not any((one.code, one.advice) == (finding.code, finding.advice) for one in following)
        table.add_row(
            Text(finding.code.value, style=LEVEL_STYLE[finding.level]),
            Text.assemble((where, "bold"), whole(finding.message), *(_advice(finding.advice) if last else [])),
        )
        screen.add(table, indent=2)
        if last:
            sharing = [one for one in findings if (one.code, one.advice) == (finding.code, finding.advice)]
            for command in dict.fromkeys(command for one in sharing for command in one.commands):
                screen.command(command, indent=4)


def _context(screen: Screen, context: Context) -> None:
    coverage = context.coverage
    screen.gap()
    for assumption in context.assumptions:
        screen.add(("Assumed: ", "dim"), visible_text(assumption))
    if context.left_out:
        screen.add(("Not looked at (few need it; --with NAME): ", "dim"), Text(", ".join(context.left_out)))
    screen.add(
        (
            f"Read {many(coverage.policies, 'policy', 'policies')} in {many(coverage.files, 'file', 'files')}"
            + (f"; {many(len(coverage.unread), 'place', 'places')} could not be read." if coverage.unread else "."),
            "dim",
        )
    )


def many(count: int, one: str, more: str) -> str:
    """A number with its word."""
    return f"{count:,} {one if count == 1 else more}"


def visible_text(text: str) -> Text:
    """A stranger's text, to be put on the screen as it is."""
    return Text(visible(text))
