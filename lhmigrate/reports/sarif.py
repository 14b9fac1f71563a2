"""The form that code scanning takes: SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from lhmigrate import __version__
from lhmigrate.editing import advice
from lhmigrate.findings.findings import Code, Level
from lhmigrate.reports import alerts, codes, json
from lhmigrate.reports.mended import by_finding
from lhmigrate.reports.unified import runs
from lhmigrate.reports.visible import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lhmigrate.editing.patch import Changed, Made, Step
    from lhmigrate.errors import Place, Problem
    from lhmigrate.findings.findings import Finding
    from lhmigrate.reports.account import Report
    from lhmigrate.reports.alerts import Alert

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME: Final = "https://github.com/lhmigrate/lhmigrate"
_ROOT: Final = "%SRCROOT%"

_LEVELS: Final = {
    Code.FLOW_BLOCKED: Level.ERROR,
    Code.NAME_COLLISION: Level.ERROR,
    Code.ISOLATION_TRAP: Level.ERROR,
    **dict.fromkeys(
        (
            Code.ALLOW_STALE,
            Code.HOP_REFUSED,
            Code.POLICIES_INSTALLED,
            Code.POLICIES_REMOVED,
            Code.PREVIEW_RELEASE,
            Code.KUBERNETES_FLOOR,
        ),
        Level.NOTE,
    ),
}
"""What a rule is by default, where that is no warning; each result says its own level."""


def report(report: Report, shown: Callable[[str], str]) -> str:
    """A report as SARIF. `shown` gives the name of a file in its checkout."""
    told = alerts.listed(report, shown)
    mending = by_finding(report.findings, [step for account in report.accounts for step in account.steps])
    rules = sorted({alert.rule for alert in told})
    run = {
        "tool": {
            "driver": {
                "name": "lhmigrate",
                "informationUri": _HOME,
                "semanticVersion": __version__,
                "rules": [_rule(name) for name in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(one, shown) for one in report.unread],
            }
        ],
        "results": [_result(one, rules.index(one.rule), mending, shown) for one in told],
    }
    return json.text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str) -> dict[str, Any]:
    code = Code(name) if name != codes.NO_PLAN else None
    meaning, address = (
        (codes.MEANING[code], codes.page(code)) if code else (codes.NO_PLAN_MEANING, codes.page_about_plans())
    )
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": meaning.partition(". ")[0].removesuffix(".") + "."},
        "fullDescription": {"text": meaning},
        "help": {
            "text": f"{meaning} Why it happens and what to do: {address}",
            "markdown": f"{meaning} [Why it happens and what to do]({address})",
        },
        "helpUri": address,
        "defaultConfiguration": {"level": (_LEVELS.get(code, Level.WARNING) if code else Level.WARNING).value},
    }


def _result(
    alert: Alert,
    rule: int,
    mending: Mapping[Finding, list[tuple[Step, Made]]],
    shown: Callable[[str], str],
) -> dict[str, Any]:
    finding = alert.finding
    policies = [] if finding is None else [one for one in finding.policies if not one.shipped_by]
    related = [
        {**_location(policy.place, shown), "id": number, "message": _message(str(policy))}
        for number, policy in enumerate(policies)
    ]
    mended = [] if finding is None else [_fix(step, made, shown) for step, made in mending.get(finding, ())]
    fixes = [one for one in mended if one is not None]
    return {
        "ruleId": alert.rule,
        "ruleIndex": rule,
        "level": alert.level.value,
        "message": _message(alert.message),
        "locations": [_at(alert.place)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"lhmigrate/v1": alert.fingerprint},
        **({"fixes": fixes} if fixes else {}),
    }


def _notification(problem: Problem, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": _message(f"Not read: {problem}"),
        "locations": [_location(problem.place, shown)],
    }


def _location(place: Place, shown: Callable[[str], str]) -> dict[str, Any]:
    return _at(alerts.named(place, shown))


def _at(place: Place | None) -> dict[str, Any]:
    """A place; the tree as a whole where there is none, as code scanning refuses results that are nowhere."""
    physical: dict[str, Any] = {"artifactLocation": _artifact(place.file if place else ".")}
    if place is not None and place.line:
        physical["region"] = {"startLine": place.line, **({"startColumn": place.column} if place.column else {})}
    return {"physicalLocation": physical}


def _artifact(file: str) -> dict[str, str]:
    """A file of the checkout. Bytes that are no UTF-8 are written as they are on disk."""
    return {"uri": quote(file.encode("utf-8", "surrogateescape"), safe="/"), "uriBaseId": _ROOT}


def _message(text: str) -> dict[str, str]:
    """A plain text. `[text](address)` would be a link in it, and `{0}` an argument (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    return {"text": whole(text).replace("](", "\\x5d(").replace("{", "\\x7b")}


def _fix(step: Step, made: Made, shown: Callable[[str], str]) -> dict[str, Any] | None:
    """An edit; None where it makes a file, which no fix of SARIF's can."""
    changed = step.alone(made)
    if not changed or any(one.before is None for one in changed):
        return None
    return {
        "description": _message(f"{advice.told(made.edit)}."),
        "artifactChanges": [
            {"artifactLocation": _artifact(shown(one.file)), "replacements": [*replacements(one)]} for one in changed
        ],
    }


def replacements(one: Changed) -> Iterator[dict[str, Any]]:
    """Lines that take the place of others. A region ends before its end column (SARIF 2.1.0, 3.30.8)."""
    old, new = (one.before or "").split("\n"), one.after.split("\n")
    for run in runs(old, new):
        if not run.equal:
            yield _replacement(old, run.old_from, run.old_to, new[run.new_from : run.new_to])


def _replacement(old: list[str], start: int, end: int, lines: list[str]) -> dict[str, Any]:
    if end < len(old):
        # Whole lines, each with the break that ends it.
        region = (start + 1, 1, end + 1, 1)
        text = "".join(f"{line}\n" for line in lines)
    elif start:
        # The last line has no break after it, so those that go or come have the one before them.
        region = (start, len(old[start - 1]) + 1, len(old), len(old[-1]) + 1)
        text = "".join(f"\n{line}" for line in lines)
    else:
        region = (1, 1, len(old), len(old[-1]) + 1)
        text = "\n".join(lines)
    keys = ("startLine", "startColumn", "endLine", "endColumn")
    return {"deletedRegion": dict(zip(keys, region, strict=True)), "insertedContent": {"text": text}}
