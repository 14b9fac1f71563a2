"""The form that GitLab shows in a merge request: a Code Quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format tells its keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lhmigrate.findings.findings import Level
from lhmigrate.reports import alerts, json
from lhmigrate.reports.visible import visible, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.reports.account import Report
    from lhmigrate.reports.alerts import Alert

_SEVERITY: Final = {Level.ERROR: "critical", Level.WARNING: "major", Level.NOTE: "info"}


def report(report: Report, shown: Callable[[str], str]) -> str:
    """A report as GitLab takes it. `shown` gives the name of a file in its checkout."""
    return json.text([_issue(alert) for alert in alerts.listed(report, shown)])


def _issue(alert: Alert) -> dict[str, Any]:
    place = alert.place
    return {
        "description": whole(alert.message),
        "check_name": alert.rule,
        "fingerprint": alert.fingerprint,
        "severity": _SEVERITY[alert.level],
        # Without a path the whole report would be refused; what is about no file is about the tree.
        "location": {
            "path": visible(place.file, 4000) if place else ".",
            "lines": {"begin": max(1, place.line) if place else 1},
        },
    }
