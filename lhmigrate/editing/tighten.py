"""The largest removals after which nothing that the new release needs is cut: what only the old one used.

What never served Longhorn is left alone, for it may serve somebody else. Nothing here empties a list: a rule
whose last port or peer would go is taken out whole, and the last rule of a direction stays, because without it
a policy would isolate other pods than it does, or lie there for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.editing.edits import WRITTEN, PolicyEdit, TakePeers, TakePorts, TakeRule
from lhmigrate.findings.stale import stale
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import NO_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.errors import Place
    from lhmigrate.findings.stale import Stale
    from lhmigrate.judging.state import World
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Policy, Rule
    from lhmigrate.model.ports import Ports

_LAST = (
    "is the last rule of its direction: without it, the policy would isolate other pods than it does, or stand there "
    "for nothing; delete the policy if nobody needs it"
)


class Left(NamedTuple):
    """Something that only the user should take out, and why."""

    policy: Policy
    rule: Rule
    reason: str


class Tightening(NamedTuple):
    """What may go once nothing old runs any more, and what is left to the user."""

    edits: list[PolicyEdit]
    left: list[Left]


def tighten(world: World, old: Release, new: Release) -> Tightening:
    """The removals after one hop."""
    result = Tightening([], [])
    for policy in world.user_policies(new):
        if policy.namespace == world.settings.namespace and not policy.unread and policy.dialect in WRITTEN:
            by_rule: dict[Rule, list[Stale]] = defaultdict(list)
            for one in stale(world, policy, old, new):
                by_rule[one.rule].append(one)
            _of_policy(policy, by_rule, result)
    return result


def _of_policy(policy: Policy, by_rule: dict[Rule, list[Stale]], into: Tightening) -> None:
    """What may go of one policy. Several rules may stand at one place, for the same peers (Cilium)."""
    places = {direction: _by_place(policy.rules(direction)) for direction in Direction}
    going = {direction: len(found) for direction, found in places.items()}
    for direction in Direction:
        for together in places[direction].values():
            stale = {rule: _all_of(policy, by_rule[rule]) for rule in together if rule in by_rule}
            peers = next((peers for _, peers in stale.values() if peers), ())
            if not peers and not any(ports for ports, _ in stale.values()):
                continue
            rule = together[0]
            if len(peers) == len(rule.peers) or all(_all_goes(one, stale) for one in together):
                if going[direction] > 1:
                    going[direction] -= 1
                    into.edits.append(TakeRule(policy, rule))
                else:
                    into.left.append(Left(policy, rule, _LAST))
                continue
            into.edits.extend(TakePorts(policy, one, ports) for one, (ports, _) in stale.items() if ports)
            if peers:
                into.edits.append(TakePeers(policy, rule, peers))


def _by_place(rules: Iterable[Rule]) -> dict[Place, list[Rule]]:
    """The rules that let something through, by where they stand."""
    found: dict[Place, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.action is Action.ALLOW:
            found[rule.place].append(rule)
    return found


def _all_goes(rule: Rule, stale: dict[Rule, tuple[Ports, tuple[Peer, ...]]]) -> bool:
    """Whether no port of a rule is left."""
    return rule in stale and bool(stale[rule][0]) and rule.ports <= stale[rule][0] and not rule.named


def _all_of(policy: Policy, found: list[Stale]) -> tuple[Ports, tuple[Peer, ...]]:
    """The ports and peers that may go from a rule; ports only where the policy is for Longhorn's pods alone."""
    ports, peers = NO_PORT, tuple(peer for one in found for peer in one.peers)
    for one in found:
        ports |= one.ports if policy.selects.identifies else NO_PORT
    return ports, peers
