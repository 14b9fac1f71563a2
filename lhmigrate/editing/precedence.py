"""Where a rule must stand to have its say: in the tier that stops some traffic, before what denies it there.

Of policies whose rules are a union, any will do. Where the first rule that matches decides (Calico), a rule that lets
something through is of use in a policy that is asked before the one that denies it, or in front of the rule that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.model.labels import Match
from lhmigrate.model.policy import FIRST, Action, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.judging.needs import Need
    from lhmigrate.judging.policies import Policies, Stage
    from lhmigrate.model.endpoints import Pod
    from lhmigrate.model.order import Step
    from lhmigrate.model.policy import Policy, Rule, Tier


class Precedence:
    """What stands in the way of some needs."""

    def __init__(self, needs: Iterable[Need], policies: Policies) -> None:
        self._needs = tuple(needs)
        self._stops = [(stage, need, pod) for need in self._needs for pod, stage in _stopping(need, policies)]
        self._tiers = {_tier(stage) for stage, _, _ in self._stops}
        self._denying = [_first_against(stage, need, pod) for stage, need, pod in self._stops]

    @property
    def forbidden(self) -> list[Step]:
        """All rules that deny some of it, or may; those that pass it on do not."""
        return [
            step
            for stage, need, pod in self._stops
            for step in stage.steps
            if step.rule.action is Action.DENY and _speaks_of(step.rule, step.policy, need, pod)
        ]

    @property
    def denying(self) -> Step | None:
        """A rule that forbids some of it; None: it fails because no rule lets it through."""
        return next((step for step in self._denying if step is not None), None)

    def in_time(self, policy: Policy) -> bool:
        """Whether a rule of that policy can come before all that forbids it."""
        if any(tier != policy.tier for tier in self._tiers):
            return False
        return all(step is None or _before(policy, step) for step in self._denying)

    def ahead(self, policy: Policy) -> bool:
        """Whether a new policy with the place of that one comes before all that forbids it."""
        return self.in_time(policy) and not any(step is not None and step.policy is policy for step in self._denying)

    def reaches(self, policy: Policy, rule: Rule) -> bool:
        """Whether a rule that is there comes before all that forbids it."""
        against = self.place(policy, rule)
        rules = policy.rules(rule.direction)
        return self.in_time(policy) and (against is None or rules.index(rule) < rules.index(against))

    def place(self, policy: Policy, like: Rule | None = None) -> Rule | None:
        """The rule of a policy in front of which one for this must stand; None: it may be the last one."""
        for rule in policy.rules(self._needs[0].direction if like is None else like.direction):
            if rule.action is not Action.ALLOW and any(
                _speaks_of(rule, policy, need, pod) for need in self._needs for pod in need.pods
            ):
                return rule
        return None


def _stopping(need: Need, policies: Policies) -> Iterator[tuple[Pod, Stage]]:
    """The tiers that stop it, as its pods see them: those of the policies that isolate them, or any that denies it."""
    tiers = {policy.tier for policy in need.policies}
    for pod in need.pods:
        for stage in policies.selecting(pod, need.direction).stages:
            if _tier(stage) in tiers or (not tiers and _first_against(stage, need, pod) is not None):
                yield pod, stage


def _tier(stage: Stage) -> Tier | None:
    found = [*stage.isolating, *stage.perhaps, *(step.policy for step in stage.steps)]
    return found[0].tier if found else None


def _first_against(stage: Stage, need: Need, pod: Pod) -> Step | None:
    """The first rule that does something else than let it through, or may."""
    for step in stage.steps:
        if step.rule.action is not Action.ALLOW and _speaks_of(step.rule, step.policy, need, pod):
            return step
    return None


def _speaks_of(rule: Rule, policy: Policy, need: Need, pod: Pod) -> bool:
    """Whether a rule may match some of it, one pod being the near end."""
    servers = (pod,) if need.direction is Direction.INGRESS else need.peers
    ports = any(one.meets(need.ports) for server in servers for one in rule.ports_at(server))
    about = rule.is_about(pod, policy.namespace) is not Match.NO
    return ports and about and any(rule.admits(peer, policy.namespace) is not Match.NO for peer in need.peers)


def _before(policy: Policy, denying: Step) -> bool:
    """Whether a policy is asked before another one denies, or is the one that does."""
    last = denying.rule.order
    if last == FIRST:
        return False  # It is asked before all that allows, in whichever policy it stands.
    orders = {rule.order.number for rule in (*policy.ingress, *policy.egress)}
    return policy is denying.policy or any(number < last.number for number in orders)
