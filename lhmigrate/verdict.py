"""The one engine: whether the policies of a cluster let a flow through, and which of them decide.

A flow passes when its sender may send it and its receiver may receive it. A pod that no policy selects for
a direction is open in it; once any selects it, only what some rule of the selecting policies lets in (or
out) passes (https://kubernetes.io/docs/concepts/services-networking/network-policies/). Every step may be
unknown, and an unknown never counts as allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.endpoints import Endpoint, Host, Pod
from lhmigrate.labels import Match
from lhmigrate.policy import EVERYONE, Direction
from lhmigrate.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lhmigrate.cluster import Leg
    from lhmigrate.policies import Policies
    from lhmigrate.policy import Policy, Rule


class Answer(Enum):
    """What becomes of a flow."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    PARTIAL = "partial"
    """Blocked on some of its ports."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The answer for one leg, and what decides it."""

    answer: Answer
    blocked: Ports = NO_PORT
    unknown: Ports = NO_PORT
    direction: Direction | None = None
    """At which end it fails; None where it does not."""
    policies: tuple[Policy, ...] = ()
    """Those that isolate the end where it fails."""
    also: tuple[Policy, ...] = ()
    """Those that isolate the other end, where it fails there too."""
    near: Rule | None = None
    """The rule that comes nearest to letting it through: it admits the peer, but not on these ports."""
    own: Endpoint | None = None
    peer: Endpoint | None = None

    @property
    def passes(self) -> bool:
        """Whether all of it certainly passes."""
        return self.answer is Answer.ALLOWED


PASSES: Final = Verdict(Answer.ALLOWED)


class _Side(NamedTuple):
    """What one end of a flow makes of it."""

    blocked: Ports = NO_PORT
    unknown: Ports = NO_PORT


_OPEN: Final = _Side()


def judge(leg: Leg, policies: Policies) -> Verdict:
    """The worst over all guises of both ends: a port that any of them cannot use is blocked.

    What explains it comes from the worst guise.
    """
    verdicts = [_judge(leg, sender, receiver, policies) for sender in leg.senders for receiver in leg.receivers]
    worst = max(verdicts, key=lambda verdict: _RANK[verdict.answer], default=PASSES)
    if sum(not verdict.passes for verdict in verdicts) < 2:
        return worst
    blocked = unknown = NO_PORT
    for verdict in verdicts:
        blocked |= verdict.blocked
        unknown |= verdict.unknown
    unknown -= blocked
    return replace(worst, answer=_answer(leg, blocked, unknown), blocked=blocked, unknown=unknown)


_RANK: Final = {Answer.ALLOWED: 0, Answer.UNKNOWN: 1, Answer.PARTIAL: 2, Answer.BLOCKED: 3}


class Side(NamedTuple):
    """What one end of a leg, in one guise, makes of it."""

    direction: Direction
    own: Pod
    peer: Endpoint
    blocked: Ports
    policies: tuple[Policy, ...]
    """Those that certainly isolate that end."""


def sides(leg: Leg, policies: Policies) -> Iterator[Side]:
    """Both ends of every guise of a leg that are certain to let less than all of it through."""
    for sender in leg.senders:
        for receiver in leg.receivers:
            for direction, own, peer in (
                (Direction.EGRESS, sender, receiver),
                (Direction.INGRESS, receiver, sender),
            ):
                found = _side(own, peer, direction, leg.ports, policies)
                if isinstance(own, Pod) and found.blocked:
                    yield Side(direction, own, peer, found.blocked, policies.selecting(own, direction)[0])


def _judge(leg: Leg, sender: Endpoint, receiver: Endpoint, policies: Policies) -> Verdict:
    sides = [
        (Direction.EGRESS, sender, receiver, _side(sender, receiver, Direction.EGRESS, leg.ports, policies)),
        (
            Direction.INGRESS,
            receiver,
            sender,
            _side(receiver, sender, Direction.INGRESS, leg.ports, policies),
        ),
    ]
    blocked = sides[0][3].blocked | sides[1][3].blocked
    unknown = (sides[0][3].unknown | sides[1][3].unknown) - blocked
    answer = _answer(leg, blocked, unknown)
    if answer is Answer.ALLOWED:
        return PASSES
    sides.sort(key=lambda one: (bool(one[3].blocked), bool(one[3].unknown)), reverse=True)
    (direction, own, peer, _), (_, _, _, far) = sides
    selected = policies.selecting(own, direction) if isinstance(own, Pod) else ((), ())
    doubtful = answer is Answer.UNKNOWN and any(policy.unread for policy in selected[1])
    return Verdict(
        answer=answer,
        blocked=blocked,
        unknown=unknown,
        direction=direction,
        policies=(*selected[0], *selected[1]) if doubtful else selected[0] or selected[1],
        also=policies.selecting(peer, sides[1][0])[0] if far.blocked and isinstance(peer, Pod) else (),
        near=_nearest(selected[0], peer, direction),
        own=own,
        peer=peer,
    )


def _answer(leg: Leg, blocked: Ports, unknown: Ports) -> Answer:
    if not blocked and not unknown:
        return Answer.ALLOWED
    if not blocked:
        return Answer.UNKNOWN
    if leg.ports <= blocked:
        return Answer.BLOCKED
    # Where any one of the ports would do, nobody but the user knows whether it is one of the blocked ones.
    return Answer.UNKNOWN if leg.flow.any_port else Answer.PARTIAL


def _side(own: Endpoint, peer: Endpoint, direction: Direction, ports: Ports, policies: Policies) -> _Side:
    """What the policies that select one end make of the flow's ports."""
    if not isinstance(own, Pod):
        return _OPEN
    exempt = peer.exempt if isinstance(peer, Host) else Match.NO
    sure, unsure = policies.selecting(own, direction)
    if exempt is Match.YES or not (sure or unsure):
        return _OPEN
    server = own if direction is Direction.INGRESS else peer
    left, maybe = _uncovered(sure, peer, direction, ports, server) if sure else (NO_PORT, NO_PORT)
    unknown = left & maybe
    for policy in unsure:
        missed, _ = _uncovered((policy,), peer, direction, ports, server)
        if policy.may_deny:
            unknown = ports
        elif sure:
            # If it is in force, it lets this through, and nothing else does.
            covered, possible = ports - missed, _possible(policy, peer, direction, server)
            unknown |= left & (covered | possible)
        else:
            # If it is in force, it isolates, and does not let this through.
            unknown |= missed
    blocked = left - unknown
    if exempt is Match.MAYBE:
        return _Side(unknown=unknown | blocked)
    return _Side(blocked, unknown)


def _uncovered(
    policies: Sequence[Policy], peer: Endpoint, direction: Direction, ports: Ports, server: Endpoint
) -> tuple[Ports, Ports]:
    """The ports that no rule certainly lets through, and those that some rule perhaps does."""
    left, maybe = ports, NO_PORT
    for policy in policies:
        for rule in policy.rules(direction):
            if not rule.named and not rule.ports.meets(left):
                continue
            match = rule.admits(peer, policy.namespace)
            if match is Match.NO:
                continue
            sure, unsure = rule.ports_at(server)
            if match is Match.YES:
                left -= sure
                maybe |= unsure
                if not left:
                    return left, maybe
            else:
                maybe |= sure | unsure
    return left, maybe


def _possible(policy: Policy, peer: Endpoint, direction: Direction, server: Endpoint) -> Ports:
    ports = NO_PORT
    for rule in policy.rules(direction):
        if rule.admits(peer, policy.namespace):
            sure, unsure = rule.ports_at(server)
            ports |= sure | unsure
    return ports


def _nearest(policies: Sequence[Policy], peer: Endpoint, direction: Direction) -> Rule | None:
    """The first rule that names the peer in particular, though not on all these ports."""
    for policy in policies:
        for rule in policy.rules(direction):
            if rule.peers != EVERYONE and rule.admits(peer, policy.namespace) is Match.YES:
                return rule
    return None
