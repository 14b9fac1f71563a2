"""Many reports in one: what each of a fleet's clusters said, and the worst of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.findings.findings import Level

FORMAT: Final = 1
"""Of the reports that are read (docs/json.md)."""
COMMANDS: Final = ("gate", "plan", "check")


class Row(NamedTuple):
    """What one report says."""

    name: str
    """The file that it was in."""
    command: str = ""
    old: str | None = None
    new: str | None = None
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    code: int = 0
    """As the run that made it would have ended: 0, 1 or 2."""
    told: str = ""
    """The result in a sentence; of what is no report, why."""


class NoReportError(Exception):
    """What a file holds is none of our reports; says why."""


def row(name: str, text: str | None, levels: Sequence[Level]) -> Row:
    """What a report says; None: the file could not be read. Findings of these levels make the code 1."""
    try:
        return _row(name, _report(text), levels)
    except NoReportError as why:
        return Row(name, code=2, told=str(why))


def worst(rows: Sequence[Row]) -> int:
    """The one code for all of them."""
    return max((one.code for one in rows), default=2)


def _report(text: str | None) -> dict[str, Any]:
    if text is None:
        raise NoReportError("cannot be read")
    if not text.strip():
        raise NoReportError("is empty: the run that should have made it failed")
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        raise NoReportError("is no JSON") from None
    if not isinstance(report, dict) or report.get("command") not in COMMANDS:
        raise NoReportError(f"is no JSON report of {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}")
    if report.get("format") != FORMAT:
        raise NoReportError("is of a format that this version does not know; use the lhmigrate that made it")
    return report


def _row(name: str, report: dict[str, Any], levels: Sequence[Level]) -> Row:
    summary = report.get("summary")
    counts = {key: summary.get(key) for key in ("errors", "warnings", "notes")} if isinstance(summary, dict) else {}
    errors, warnings, notes = (_count(counts.get(key)) for key in ("errors", "warnings", "notes"))
    wanted = {level.value for level in levels}
    to_do = bool(("error" in wanted and errors) or ("warning" in wanted and warnings))
    environments = report.get("environments")
    unclear = isinstance(environments, list) and any(map(_is_refused, environments))
    is_open = report.get("open")
    if report["command"] == "gate" and not isinstance(is_open, bool):
        raise NoReportError("does not say whether the gate is open")
    # A gate knows best: what runs already needs nothing, whatever there is to say of it.
    shut = not is_open if isinstance(is_open, bool) else to_do or (unclear and bool(wanted))
    return Row(
        name,
        str(report["command"]),
        _version(report.get("from", report.get("release"))),
        _version(report.get("to")),
        errors,
        warnings,
        notes,
        int(shut),
        _told(report, shut=shut),
    )


def _told(report: dict[str, Any], *, shut: bool) -> str:
    sentence = report.get("sentence")
    return sentence if isinstance(sentence, str) else "Something to do." if shut else "Nothing to do."


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NoReportError("does not say how many errors, warnings and notes there are")
    return value


def _version(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_refused(environment: object) -> bool:
    return isinstance(environment, dict) and environment.get("change") == "refused"
