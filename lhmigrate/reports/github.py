"""The form that GitHub Actions turns into annotations: workflow commands, each on a line of its log.

Their text is escaped as `@actions/core` does it (actions/toolkit, packages/core/src/command.ts, `escapeData` and
`escapeProperty`). Of each level GitHub shows ten for a step and drops the rest in silence (actions/toolkit,
docs/problem-matchers.md), so the tenth says how many more there are, and these are lines of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.findings.findings import Level
from lhmigrate.reports import alerts, codes, rows
from lhmigrate.reports.account import begun
from lhmigrate.reports.visible import visible, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lhmigrate.errors import Place
    from lhmigrate.findings.findings import Finding
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.reports.account import Account, Report

MOST: Final = 10
"""Annotations of one level that GitHub shows for a step."""

_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


class _Annotation(NamedTuple):
    level: Level
    title: str
    lines: tuple[str, ...]
    place: Place | None = None


def report(report: Report, glossary: Glossary, shown: Callable[[str], str]) -> str:
    """A report as lines of a log: verdicts as they are, and a command for everything that there is to tell."""
    lines = [whole(one.text) for one in report.summary]
    lines += [whole(f"{one.subject}: {one.verdict.text}") for one in report.accounts]
    told = [*_unplanned(report, shown)]
    for account in report.accounts:
        told += _annotations(account, glossary, shown)
    for level in Level:
        lines += _shown([one for one in told if one.level is level], level)
    lines += [whole(f"{label}: {text}") for label, text in report.others]
    return "".join(f"{line}\n" for line in lines)


def _shown(annotations: Sequence[_Annotation], level: Level) -> Iterator[str]:
    """Those that there is room for, as commands; all others as text."""
    room = MOST if len(annotations) <= MOST else MOST - 1
    yield from map(_command, annotations[:room])
    rest = annotations[room:]
    if rest:
        more = f"{len(rest):,} more of this level than GitHub shows: they are in the log of this step."
        yield _command(_Annotation(level, "lhmigrate", (more,)))
    for one in rest:
        where = f"{one.place}: " if one.place else ""
        yield whole(f"{level.value}: {where}{one.title}: {' '.join(one.lines)}")


def _unplanned(report: Report, shown: Callable[[str], str]) -> Iterator[_Annotation]:
    for one in alerts.listed(report._replace(accounts=()), shown):
        yield _Annotation(one.level, codes.NO_PLAN, (one.message,), one.place)


def _annotations(account: Account, glossary: Glossary, shown: Callable[[str], str]) -> Iterator[_Annotation]:
    """One for each row of the report, so that a policy that cuts forty flows is told once."""

    def about(finding: Finding, lines: Iterable[str]) -> _Annotation:
        title = f"{finding.code.value}: {account.subject}"
        return _Annotation(finding.level, title, tuple(lines), alerts.named(finding.place or account.place, shown))

    flows = {id(one) for chapter in account.chapters for part in chapter.parts for row in part.flows for one in row}
    for row in (row for chapter in account.chapters for part in chapter.parts for row in part.flows):
        yield about(row[0], _told(row, glossary))
    for finding in account.findings:
        if id(finding) not in flows:
            yield about(finding, filter(None, (finding.message, finding.advice, *finding.commands)))


def _told(row: rows.Row, glossary: Glossary) -> list[str]:
    first = row[0]
    if len(row) == 1 or first.sentence is None:
        return [first.message, first.advice]
    lines = [f"{traffic}: {cost}" if cost else traffic for traffic, cost in rows.lines(row, glossary)]
    return [f"{begun(first.sentence.cause)}:", *lines, rows.advice(row, glossary)]


def _command(one: _Annotation) -> str:
    place = one.place
    properties = {
        "file": visible(place.file, 4000) if place else "",
        "line": str(place.line) if place and place.line else "",
        "col": str(place.column) if place and place.line and place.column else "",
        "title": visible(one.title, 200),
    }
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{_COMMANDS[one.level]} {given}::{_data(chr(10).join(whole(line) for line in one.lines if line))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
