"""The JSON form: a contract. Keys are only ever added; docs/json.md tells them all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.findings.findings import Context, Level
from lhmigrate.longhorn import changes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.bumps.upgrades import Upgrades
    from lhmigrate.errors import Place
    from lhmigrate.findings.findings import Check, Environment, Finding, Hop, Plan
    from lhmigrate.kube.gate import Gate
    from lhmigrate.longhorn.changes import Change
    from lhmigrate.longhorn.page import Page
    from lhmigrate.longhorn.release import Evidence, Glossary, Release
    from lhmigrate.model.policy import Policy
    from lhmigrate.summary import Row

FORMAT = 1


Edits = Mapping["Finding", "list[dict[str, Any]]"]
"""What mends each finding, as it is printed (`json_patch`)."""


def plan(plan: Plan, edits: Edits = MappingProxyType({})) -> str:
    """A plan for the releases that were given."""
    return text(
        {
            **_plan_head(plan),
            "base": None,
            "environments": [],
            "findings": [_finding(finding, edits.get(finding, ())) for finding in plan.findings],
            **_context(plan.findings, plan.context),
        }
    )


def gate(gate: Gate) -> str:
    """Whether an upgrade may start, with the plan that says why."""
    plan = gate.plan
    context = Context() if plan is None else plan.context
    return text(
        {
            "format": FORMAT,
            "command": "gate",
            "cluster": gate.cluster,
            "open": not gate.shut,
            "sentence": gate.sentence,
            "from": str(plan.old) if plan else None,
            "to": str(gate.to),
            "hops": [hop_ends(hop) for hop in plan.hops] if plan else [],
            "findings": [_finding(finding) for finding in gate.findings],
            **_context(gate.findings, context),
        }
    )


def upgrades(upgrades: Upgrades, edits: Edits = MappingProxyType({})) -> str:
    """The plans for what a tree declares: as for one plan, and for each environment what becomes of it."""
    plans = [one.plan for one in upgrades.made]
    contexts = [plan.context for plan in plans]
    every = Context(
        upgrades.coverage._replace(unread=tuple(sorted({*upgrades.coverage.unread, *upgrades.unread}))),
        tuple(dict.fromkeys(sentence for one in contexts for sentence in one.assumptions)),
        tuple(sorted({feature for one in contexts for feature in one.left_out})),
    )
    return text(
        {
            **_plan_head(plans[0] if len(plans) == 1 else None),
            "base": {"name": upgrades.against, "commit": upgrades.commit} if upgrades.commit else None,
            "environments": [_environment(one) for one in upgrades.environments],
            "findings": [
                _finding(finding, edits.get(finding, ()), one.pair.environment)
                for one in upgrades.made
                for finding in one.plan.findings
            ],
            **_context(upgrades.findings, every),
        }
    )


def _plan_head(plan: Plan | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "command": "plan",
        "from": str(plan.old) if plan else None,
        "to": str(plan.new) if plan else None,
        "hops": [hop_ends(hop) for hop in plan.hops] if plan else [],
    }


def _environment(one: Environment) -> dict[str, Any]:
    plan = one.plan
    return {
        "environment": one.name,
        "was": one.was or None,
        "change": one.change.value,
        "shape": one.shape or None,
        "from": str(one.old) if one.old else None,
        "to": str(one.new) if one.new else None,
        "hops": [hop_ends(hop) for hop in plan.hops] if plan else [],
        "reason": one.reason or None,
        **place_keys(one.place),
        "values_from": [place_keys(source) for source in one.values],
        **(_context(plan.findings, plan.context) if plan else _NO_CONTEXT),
    }


def check(check: Check) -> str:
    """A check."""
    return text(
        {
            "format": FORMAT,
            "command": "check",
            "release": str(check.release),
            "flows": [
                {
                    "flow": leg.flow.name,
                    "source": leg.source,
                    "target": leg.target,
                    "ports": list(leg.ports.names()),
                    "verdict": verdict.answer.value,
                    "blocked_ports": list(verdict.blocked.names()),
                    "because": because,
                    "policies": [_policy(policy) for policy in verdict.policies],
                }
                for leg, verdict, because in check.verdicts
            ],
            "findings": [_finding(finding) for finding in check.findings],
            **_context(check.findings, check.context),
        }
    )


def text(value: object) -> str:
    """JSON as all reports print it."""
    # Only ASCII: what a stranger's file holds must not reach a terminal as control codes. And no `##`, which can
    # stand in a string only: some CI services take `##vso[` for a command wherever it is in a log.
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


_NO_CONTEXT: Final = dict.fromkeys(("summary", "assumptions", "left_out", "coverage"))


def _context(findings: Iterable[Finding], context: Context) -> dict[str, Any]:
    levels = [finding.level for finding in findings]
    coverage = context.coverage
    return {
        "summary": {f"{level.value}s": levels.count(level) for level in Level},
        "assumptions": list(context.assumptions),
        "left_out": list(context.left_out),
        "coverage": {
            "files": coverage.files,
            "documents": coverage.documents,
            "policies": coverage.policies,
            "unread": [{**place_keys(problem.place), "reason": problem.message} for problem in coverage.unread],
        },
    }


def hop_ends(hop: Hop) -> dict[str, str]:
    """From which release a hop leads to which."""
    return {"from": str(hop.old), "to": str(hop.new)}


def place_keys(place: Place | None) -> dict[str, Any]:
    """Where something stands, or that it stands nowhere."""
    if place is None:
        return {"file": None, "line": None, "column": None}
    return {"file": place.file, "line": place.line or None, "column": place.column or None}


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "kind": policy.kind,
        "namespace": policy.namespace,
        "name": policy.name,
        "file": None if policy.shipped_by else policy.place.file,
        "line": None if policy.shipped_by else policy.place.line,
        "shipped_by": policy.shipped_by,
    }


def _finding(finding: Finding, edits: Iterable[dict[str, Any]] = (), environment: str | None = None) -> dict[str, Any]:
    leg = finding.leg
    return {
        "environment": environment,
        "code": finding.code.value,
        "level": finding.level.value,
        "hop": hop_ends(finding.hop) if finding.hop else None,
        "phase": finding.phase.value if finding.phase else None,
        "flow": leg.flow.name if leg else None,
        "source": leg.source if leg else None,
        "target": leg.target if leg else None,
        "ports": list(finding.ports),
        "direction": finding.direction.value if finding.direction else None,
        "policies": [_policy(policy) for policy in finding.policies],
        "message": finding.message,
        "advice": finding.advice,
        "commands": list(finding.commands),
        **place_keys(finding.place),
        "edits": list(edits),
    }


def fleet(rows: Iterable[Row], code: int) -> str:
    """What many reports say."""
    return text(
        {
            "format": FORMAT,
            "command": "summary",
            "code": code,
            "reports": [
                {
                    "file": one.name,
                    "command": one.command or None,
                    "from": one.old,
                    "to": one.new,
                    "errors": one.errors,
                    "warnings": one.warnings,
                    "notes": one.notes,
                    "code": one.code,
                    "told": one.told,
                }
                for one in rows
            ],
        }
    )


def diff(old: Release, new: Release, found: Iterable[Change]) -> str:
    """What differs between two releases."""
    return text(
        {
            "format": FORMAT,
            "command": "diff",
            "from": str(old),
            "to": str(new),
            "changes": [
                {
                    "section": change.section,
                    "name": change.name,
                    "change": change.change,
                    "fields": [{"field": name, "from": before, "to": after} for name, before, after in change.fields],
                }
                for change in found
            ],
        }
    )


def release(release: Release, glossary: Glossary, *, evidence: Evidence | None = None, page: Page | None = None) -> str:
    """One release; on demand with where its facts can be checked, and with its documentation page."""
    return text(
        {
            "format": FORMAT,
            "command": "show",
            **_head(release),
            "components": {name: changes.component_facts(one) for name, one in release.components.items()},
            "flows": {
                name: {
                    **changes.flow_facts(flow),
                    "for": glossary.flows[name].purpose,
                    "without": glossary.flows[name].without,
                    "speaks": glossary.flows[name].speaks,
                    "requests": [str(request) for request in glossary.flows[name].requests],
                }
                for name, flow in release.flows.items()
            },
            "values": dict(release.values),
            "policies": {one.name: changes.policy_facts(one) for one in release.policies},
            **({} if evidence is None else {"evidence": _evidence(evidence)}),
            **({} if page is None else {"page": {**page._asdict(), "rows": [row._asdict() for row in page.rows]}}),
        }
    )


def _evidence(evidence: Evidence) -> list[dict[str, Any]]:
    return [
        {
            "section": section,
            "name": name,
            "source": evidence.sources.get(pointer.source),
            "path": pointer.path or None,
            "line": pointer.line or None,
            "word": pointer.word or None,
            "inferred": pointer.inferred or None,
        }
        for (section, name), pointers in evidence.pointers.items()
        for pointer in pointers
    ]


def releases(known: Iterable[Release]) -> str:
    """All releases of the catalogue."""
    return text({"format": FORMAT, "command": "releases", "releases": [_head(one) for one in known]})


def _head(release: Release) -> dict[str, Any]:
    return {
        "release": str(release),
        "same_as": str(release.same_as) if release.same_as else None,
        "preview": release.preview or None,
        "upgrade_from": [str(line) for line in release.upgrade_from],
        "kubernetes": release.kubernetes,
        "spec": release.origin,
    }
