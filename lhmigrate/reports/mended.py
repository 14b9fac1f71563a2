"""Which edits of a patch mend which findings of a plan."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lhmigrate.editing import advice
from lhmigrate.findings.findings import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lhmigrate.editing.patch import Made, Step
    from lhmigrate.findings.findings import Finding


def by_finding(findings: Iterable[Finding], steps: Iterable[Step]) -> Mapping[Finding, list[tuple[Step, Made]]]:
    """The edits that mend each finding: those for the same flow, or the same rule, of the same hop and phase."""
    result: dict[Finding, list[tuple[Step, Made]]] = defaultdict(list)
    about = [finding for finding in findings if finding.code in {Code.FLOW_BLOCKED, Code.ALLOW_STALE}]
    for step in steps:
        mine = [one for one in about if one.phase is step.phase and str(one.hop) == str(step.hop)]
        for made in step.made:
            for finding in mine:
                if _mends(made, finding):
                    result[finding].append((step, made))
    return result


def _mends(made: Made, finding: Finding) -> bool:
    leg = finding.leg
    if leg is None:
        return advice.rule_of(made.edit) == finding.place
    ends = (leg.flow.name, leg.source, leg.target)
    return any((need.leg.flow.name, need.leg.source, need.leg.target) == ends for need in made.needs)
