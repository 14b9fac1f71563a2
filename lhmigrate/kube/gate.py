"""Whether an upgrade of a running cluster may start: a plan for it, taken as strictly as the moment asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate import plan as planning
from lhmigrate.errors import Refusal
from lhmigrate.findings.findings import Code, Finding, Level, Plan, something_to_do
from lhmigrate.longhorn import hops
from lhmigrate.model.values import MANAGER_TAG, Values

if TYPE_CHECKING:
    from collections.abc import Container

    from lhmigrate.kube.observed import Observed
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release


class Gate(NamedTuple):
    """What becomes of an upgrade that is about to start."""

    cluster: str
    """Which cluster it is, by what it was found."""
    to: Release
    plan: Plan | None
    """None: no Longhorn runs there, so nothing is upgraded."""
    shut: bool
    """Whether it should not start."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What there is to say against it, and beside."""
        return () if self.plan is None else self.plan.findings

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if self.plan is None:
            return f"There is no Longhorn in the cluster yet: the gate is open, and {self.to} may be installed."
        if not self.plan.hops:
            return f"Longhorn {self.to} runs in the cluster already: the gate is open."
        way = f"the upgrade from {self.plan.old} to {self.to}"
        if not self.shut:
            return f"The gate is open: {way} may start."
        return f"The gate is shut: {way} must not start before what is below is dealt with."


def make(observed: Observed, to: Release, catalogue: Catalogue, levels: Container[Level]) -> Gate:
    """Judges the upgrade. Findings of these levels shut the gate."""
    running = observed.seen.running
    if observed.release is None or running is None:
        return Gate(observed.cluster, to, None, shut=False)
    newest = running.newest
    if newest is not None and observed.release.version <= to.version < newest:
        raise Refusal(
            f"an upgrade to {newest} seems to be under way in {running.namespace}, and Longhorn cannot be "
            f"downgraded to {to}; let it finish, and go on from there"
        )
    way = hops.way(catalogue, observed.release, to)
    inventory = observed.inventory([observed.release, to])
    made = planning.make(way, inventory, observed.settings, catalogue.glossary)
    strict = made._replace(findings=tuple(_as_it_starts(one) for one in made.findings))
    shut = bool(strict.hops) and something_to_do(strict.findings, levels)
    return Gate(observed.cluster, to, strict, shut)


def _as_it_starts(finding: Finding) -> Finding:
    """A plan may tell of several hops. What is about to start is one, and Longhorn refuses any other."""
    if finding.code is not Code.HOP_REFUSED:
        return finding
    return replace(finding, level=Level.ERROR)


def target(values: Values) -> str:
    """The release that Helm values name, by the manager's image."""
    tag = values.get(MANAGER_TAG)
    if not isinstance(tag, str) or not tag:
        raise Refusal(f"which release is to be installed was not said: pass --to, or --values with {MANAGER_TAG}")
    return tag
