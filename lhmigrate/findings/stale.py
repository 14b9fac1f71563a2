"""What a user's policies still let through only because an older release needed it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.longhorn.release import Usage
from lhmigrate.model.peers import Pods
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import EVERY_PORT, NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.judging.state import World
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Policy, Rule


class Stale(NamedTuple):
    """Ports, or peers, that a rule names and the new release has no use for."""

    policy: Policy
    rule: Rule
    ports: Ports = NO_PORT
    peers: tuple[Peer, ...] = ()


def stale(world: World, policy: Policy, old: Release, new: Release) -> Iterator[Stale]:
    """What only the old release needed of one policy, rule by rule, in its order."""
    for rule in (one for one in (*policy.ingress, *policy.egress) if one.action is Action.ALLOW):
        peers = tuple(peer for peer in rule.peers if _gone(world, peer, old, new))
        if peers:
            yield Stale(policy, rule, peers=peers)
        ports = _gone_ports(world, policy, rule, old, new)
        if ports:
            yield Stale(policy, rule, ports=ports)


def _gone(world: World, peer: Peer, old: Release, new: Release) -> bool:
    """Whether a peer names pods of Longhorn's that the new release does not have."""
    if not isinstance(peer, Pods) or peer.namespaces is not None or not peer.pods:
        return False
    return bool(world.picked(peer.pods, old)) and not world.picked(peer.pods, new)


def _gone_ports(world: World, policy: Policy, rule: Rule, old: Release, new: Release) -> Ports:
    pods = names(world, policy, new)
    if not pods or rule.ports == EVERY_PORT:
        return NO_PORT
    needed = used(world, pods, new, rule.direction)
    was_needed = used(world, names(world, policy, old), old, rule.direction)
    gone = [one for one in rule.ports.apart() if one.meets(was_needed) and not one.meets(needed)]
    return Ports.of(part for one in gone for part in one.ranges)


def names(world: World, policy: Policy, release: Release) -> frozenset[str]:
    """The components of a release that a policy selects, at least sometimes."""
    return frozenset(component.name for component in world.picked(policy.selects, release))


@lru_cache(maxsize=1_000)
def used(
    world: World,
    components: frozenset[str],
    release: Release,
    direction: Direction = Direction.INGRESS,
    *,
    rarely: bool = True,
) -> Ports:
    """The ports of all flows that end (or begin) at these components; `rarely`: also those that few need."""
    features = world.glossary.features
    found = NO_PORT
    for flow in release.flows.values():
        rare = any(world.settings.usage(features[name]) is Usage.FEW for name in flow.features)
        ends = flow.receivers if direction is Direction.INGRESS else flow.senders
        if components.intersection(ends) and (rarely or not rare):
            found |= flow.ports
            if rarely:
                for opened in world.glossary.flows[flow.name].opened_by.values():
                    found |= opened
    return found
