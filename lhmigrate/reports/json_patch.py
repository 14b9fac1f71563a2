"""The JSON form of a patch, and of what mends the findings of a plan; part of the same contract as `json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lhmigrate.editing import advice
from lhmigrate.findings.findings import Level
from lhmigrate.reports import json, snippets
from lhmigrate.reports.mended import by_finding
from lhmigrate.reports.unified import diff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lhmigrate.editing.patch import Made, Step
    from lhmigrate.editing.patching import Done
    from lhmigrate.findings.findings import Finding
    from lhmigrate.judging.needs import Need
    from lhmigrate.longhorn.release import Release


def edits(findings: Iterable[Finding], steps: Iterable[Step], shown: Callable[[str], str]) -> json.Edits:
    """What mends each finding, as `plan --edits` prints it."""
    return {
        finding: [one for step, made in mending for one in _edits(step, made, shown)]
        for finding, mending in by_finding(findings, steps).items()
    }


def _edits(step: Step, made: Made, shown: Callable[[str], str]) -> list[dict[str, Any]]:
    return [
        {
            "file": one.file,
            "line": made.place.line,
            "does": advice.told(made.edit),
            "diff": diff(shown(one.file), one.before, one.after),
        }
        for one in step.alone(made)
    ]


def patch(old: Release, new: Release, done: Done, shown: Callable[[str], str]) -> str:
    """A patch: step by step the edits, what is left to the user, and the diff."""
    return json.text(
        {
            "format": json.FORMAT,
            "command": "patch",
            "from": str(old),
            "to": str(new),
            "written": done.written,
            "commits": list(done.commits),
            "steps": [
                {
                    "hop": json.hop_ends(step.hop),
                    "phase": step.phase.value,
                    "edits": [
                        {
                            "does": advice.told(made.edit),
                            "flows": _flows(made.needs),
                            "file": made.place.file,
                            "line": made.place.line,
                        }
                        for made in step.made
                    ],
                    "by_hand": [
                        {
                            "reason": one.reason,
                            "should": advice.told(one.edit) if one.edit else None,
                            "snippet": snippets.snippet(one),
                            "flows": _flows(one.needs),
                            **json.place_keys(one.place),
                        }
                        for one in step.undone
                    ],
                    "unknown": [
                        {
                            "flow": hurt.leg.flow.name,
                            "source": hurt.leg.source,
                            "target": hurt.leg.target,
                            "ports": list(hurt.in_doubt.names()),
                            "level": (Level.WARNING if hurt.worries else Level.NOTE).value,
                        }
                        for hurt in step.doubts
                    ],
                    "files": [
                        {
                            "file": one.file,
                            "new": one.before is None,
                            "diff": diff(shown(one.file), one.before, one.after),
                        }
                        for one in step.changed
                    ],
                }
                for step in done.steps
            ],
        }
    )


def _flows(needs: Iterable[Need]) -> list[dict[str, Any]]:
    return [
        {
            "flow": need.leg.flow.name,
            "source": need.leg.source,
            "target": need.leg.target,
            "ports": list(need.ports.names()),
            "direction": need.direction.value,
        }
        for need in needs
    ]
