"""A report as a list of alerts, each at a line of the checkout: for services that show them there."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.files.scan import STDIN_NAME
from lhmigrate.findings.findings import Level
from lhmigrate.reports import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lhmigrate.errors import Place, Problem
    from lhmigrate.findings.findings import Finding
    from lhmigrate.reports.account import Account, Report


class Alert(NamedTuple):
    """One thing to tell at one place."""

    rule: str
    """The finding's code, or `no-plan`."""
    level: Level
    message: str
    """The fact, and what to do; a stranger's text as it is."""
    place: Place | None
    """Named from the top of the checkout; None: it is about no file."""
    fingerprint: str
    """The same in every run that tells the same, wherever in its file that stands; no two of a report have one."""
    finding: Finding | None = None


def listed(report: Report, shown: Callable[[str], str]) -> list[Alert]:
    """Everything that a report tells. What has no place of its own is told where the installation's version stands."""
    seen: Counter[str] = Counter()
    alerts: list[Alert] = []
    for alert, identity in _each(report, shown):
        told = "\0".join((identity, str(seen[identity])) if seen[identity] else (identity,))
        seen[identity] += 1
        digest = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
        alerts.append(alert._replace(fingerprint=digest[:32]))
    return alerts


def _each(report: Report, shown: Callable[[str], str]) -> Iterator[tuple[Alert, str]]:
    for problem in report.unplanned:
        yield _unplanned(problem, shown), f"{codes.NO_PLAN}\0{problem.place.file}"
    for account in report.accounts:
        for finding in account.findings:
            yield _alert(finding, account, shown), _identity(finding, account)


def _unplanned(problem: Problem, shown: Callable[[str], str]) -> Alert:
    text = f"Longhorn may move here, and could not be planned for: {problem.message}."
    return Alert(codes.NO_PLAN, Level.WARNING, text, named(problem.place, shown), "")


def _alert(finding: Finding, account: Account, shown: Callable[[str], str]) -> Alert:
    text = f"{finding.message} → {finding.advice}" if finding.advice else finding.message
    place = named(finding.place or account.place, shown)
    return Alert(finding.code.value, finding.level, text, place, "", finding)


def named(place: Place | None, shown: Callable[[str], str]) -> Place | None:
    """A place in the checkout; None where there is none, as in standard input."""
    if place is None or place.file == STDIN_NAME:
        return None
    return place._replace(file=shown(place.file))


def _identity(finding: Finding, account: Account) -> str:
    """What makes a finding that one, whatever is edited around it: who, whom, by which policies, and in which file.

    No line or column, and no release: the next pull request that cuts the same flow cuts the same flow.
    """
    leg = finding.leg
    ends = (leg.flow.name, leg.source, leg.target) if leg else ()
    policies = [f"{one.kind}/{one.namespace}/{one.name}" for one in finding.policies]
    file = finding.place.file if finding.place else ""
    said = () if leg or policies else (finding.message.replace(str(finding.place), ""),)
    return "\0".join((finding.code.value, account.environment, file, *ends, *policies, *said))
