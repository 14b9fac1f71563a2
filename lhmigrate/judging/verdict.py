"""The one engine: whether the policies of a cluster let a flow through, and which of them decide.

A flow passes when its sender may send it and its receiver may receive it. At each end the rules of the policies
that select it are asked tier by tier, in their order, and the first that matches decides (`policy`). For those who
have NetworkPolicies only, that is: a pod that no policy selects for a direction is open in it; once any selects it,
only what some rule of the selecting policies lets in (or out) passes
(https://kubernetes.io/docs/concepts/services-networking/network-policies/). Every step may be unknown, and an
unknown never counts as allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import chain
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.judging.policies import Selected
from lhmigrate.model.endpoints import Endpoint, Host, Pod
from lhmigrate.model.labels import Match
from lhmigrate.model.peers import EVERYONE
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.errors import Problem
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.policies import Policies, Stage
    from lhmigrate.model.http import Request
    from lhmigrate.model.order import Step
    from lhmigrate.model.policy import Policy, Rule


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
    denying: Rule | None = None
    """The rule that forbids it; None: it fails because no rule lets it through."""
    doubt: Problem | None = None
    """What was not understood, where that is why the answer is unknown."""
    own: Endpoint | None = None
    peer: Endpoint | None = None

    @property
    def passes(self) -> bool:
        """Whether all of it certainly passes."""
        return self.answer is Answer.ALLOWED


PASSES: Final = Verdict(Answer.ALLOWED)


class _Question(NamedTuple):
    """What the policies of one end are asked."""

    own: Endpoint
    peer: Endpoint
    direction: Direction
    requests: tuple[Request, ...]
    """What the flow asks for over HTTP; none: it does not, or we do not know."""

    @property
    def server(self) -> Endpoint:
        """Whose ports are meant."""
        return self.own if self.direction is Direction.INGRESS else self.peer


class _Side(NamedTuple):
    """What one end of a flow makes of it."""

    blocked: Ports = NO_PORT
    unknown: Ports = NO_PORT


_OPEN: Final = _Side()


class _Outcome(NamedTuple):
    """Ports by what may become of them. A port in more than one is unknown."""

    passing: Ports = NO_PORT
    stopped: Ports = NO_PORT
    onward: Ports = NO_PORT
    """What the next tier decides."""


class _Failing(NamedTuple):
    """What keeps a leg in one pair of guises from passing for certain, the end that is worse first."""

    answer: Answer
    blocked: Ports
    unknown: Ports
    asked: tuple[tuple[_Question, _Side], tuple[_Question, _Side]]


def judge(leg: Leg, policies: Policies) -> Verdict:
    """The worst over all guises of both ends: a port that any of them cannot use is blocked.

    What explains it comes from the worst guise.
    """
    blocked = unknown = NO_PORT
    worst: _Failing | None = None
    for sender in leg.senders:
        for receiver in leg.receivers:
            failing = _judge(leg, sender, receiver, policies)
            if failing is not None:
                blocked |= failing.blocked
                unknown |= failing.unknown
                if worst is None or _RANK[failing.answer] > _RANK[worst.answer]:
                    worst = failing
    if worst is None:
        return PASSES
    unknown -= blocked
    return _explained(worst, policies, _answer(leg, blocked, unknown), blocked, unknown)


_RANK: Final = {Answer.UNKNOWN: 1, Answer.PARTIAL: 2, Answer.BLOCKED: 3}


class Side(NamedTuple):
    """What one end of a leg, in one guise, makes of it."""

    direction: Direction
    own: Pod
    peer: Endpoint
    ports: Ports
    """Those that it does not let through, or may not."""
    policies: tuple[Policy, ...]
    """Those that certainly isolate that end, or that may."""


def sides(leg: Leg, policies: Policies) -> Iterator[Side]:
    """Both ends of every guise of a leg that are certain to let less than all of it through."""
    for sender in leg.senders:
        for receiver in leg.receivers:
            for question in _questions(leg, sender, receiver):
                found = _side(question, leg.ports, policies)
                if isinstance(question.own, Pod) and found.blocked:
                    fault = _fault(question, found, policies)
                    yield Side(question.direction, question.own, question.peer, found.blocked, fault.isolating)


def _questions(leg: Leg, sender: Endpoint, receiver: Endpoint) -> tuple[_Question, _Question]:
    return (
        _Question(sender, receiver, Direction.EGRESS, leg.requests),
        _Question(receiver, sender, Direction.INGRESS, leg.requests),
    )


def doubtful_sides(leg: Leg, policies: Policies) -> Iterator[Side]:
    """Both ends of every guise of a leg that policies which could not be read may or may not let through.

    Their ports are those in doubt, and their policies the unread ones.
    """
    for sender in leg.senders:
        for receiver in leg.receivers:
            for direction, own, peer in (
                (Direction.EGRESS, sender, receiver),
                (Direction.INGRESS, receiver, sender),
            ):
                if not isinstance(own, Pod):
                    continue
                unread = tuple(policy for policy in policies.selecting(own, direction).perhaps if policy.unread)
                found = _side(_Question(own, peer, direction, leg.requests), leg.ports, policies) if unread else _OPEN
                if found.unknown:
                    yield Side(direction, own, peer, found.unknown, unread)


def _judge(leg: Leg, sender: Endpoint, receiver: Endpoint, policies: Policies) -> _Failing | None:
    """What becomes of it between two guises; None: it passes."""
    sending, receiving = _questions(leg, sender, receiver)
    sent, received = _side(sending, leg.ports, policies), _side(receiving, leg.ports, policies)
    if sent is _OPEN and received is _OPEN:
        return None
    blocked = sent.blocked | received.blocked
    unknown = (sent.unknown | received.unknown) - blocked
    answer = _answer(leg, blocked, unknown)
    if answer is Answer.ALLOWED:
        return None
    at_sender, at_receiver = (sending, sent), (receiving, received)
    receiver_is_worse = (bool(received.blocked), bool(received.unknown)) > (bool(sent.blocked), bool(sent.unknown))
    asked = (at_receiver, at_sender) if receiver_is_worse else (at_sender, at_receiver)
    return _Failing(answer, blocked, unknown, asked)


def _explained(failing: _Failing, policies: Policies, answer: Answer, blocked: Ports, unknown: Ports) -> Verdict:
    """The verdict with what decides it: the rule that denies it, or the policies that isolate the pod."""
    (question, side), (other, far) = failing.asked
    fault = _fault(question, side, policies)
    met = list(_met(fault, question, side.blocked or side.unknown))
    doubts = [
        *(problem for policy in fault.perhaps for problem in policy.unread),
        *(problem for step, _ in met for problem in _doubts(step)),
    ]
    denying = next((step for step, sure in met if step.rule.action is Action.DENY and (sure or not side.blocked)), None)
    deciding = fault.isolating or fault.perhaps
    if denying is not None and (side.blocked or not doubts):
        deciding = (denying.policy,)
    elif failing.answer is Answer.UNKNOWN and doubts:
        deciding = tuple(dict.fromkeys((*fault.isolating, *fault.perhaps, *(step.policy for step, _ in met))))
    return Verdict(
        answer,
        blocked,
        unknown,
        direction=question.direction,
        policies=deciding,
        also=_fault(other, far, policies).isolating if far.blocked else (),
        near=_nearest(fault, question),
        denying=denying.rule if denying is not None else None,
        doubt=doubts[0] if doubts and failing.answer is Answer.UNKNOWN else None,
        own=question.own,
        peer=question.peer,
    )


def _fault(question: _Question, side: _Side, policies: Policies) -> Selected:
    """Of what has a say there, the tier that stops what is blocked; or those that decide what is unknown."""
    selected = policies.selecting(question.own, question.direction)
    if len(selected.stages) == 1:
        return selected
    found: list[Stage] = []
    arriving = side.blocked or side.unknown
    for stage in selected.stages:
        outcome = _through(stage, question, arriving)
        if side.blocked and outcome.stopped - outcome.passing - outcome.onward:
            return Selected.at((stage,))
        if outcome.stopped or outcome.passing:
            found.append(stage)
        arriving = outcome.onward
    return Selected.at(tuple(found))


def _met(selected: Selected, question: _Question, ports: Ports) -> Iterator[tuple[Step, bool]]:
    """The rules that have a say about ports, and whether they certainly have."""
    for step in chain.from_iterable(stage.steps for stage in selected.stages):
        if any(one.meets(ports) for one in step.rule.ports_at(question.server)):
            match = _matches(step, question)
            if match:
                yield step, step.sure and match is Match.YES


def _doubts(step: Step) -> Iterator[Problem]:
    yield from step.policy.unread
    yield from (doubt for doubt in (step.rule.doubt, step.doubt) if doubt is not None)


def _answer(leg: Leg, blocked: Ports, unknown: Ports) -> Answer:
    if not blocked and not unknown:
        return Answer.ALLOWED
    if not blocked:
        return Answer.UNKNOWN
    if leg.ports <= blocked:
        return Answer.BLOCKED
    # Where any one of the ports would do, nobody but the user knows whether it is one of the blocked ones.
    return Answer.UNKNOWN if leg.flow.any_port else Answer.PARTIAL


def _side(question: _Question, ports: Ports, policies: Policies) -> _Side:
    """What the policies that select one end make of the flow's ports."""
    ends = (question.own, question.peer)
    exempt = max((end.exempt for end in ends if isinstance(end, Host)), default=Match.NO)
    selected = policies.selecting(question.own, question.direction)
    if exempt is Match.YES or not selected.stages:
        return _OPEN
    if not selected.look_into_http or len(question.requests) < 2:
        return _outcome(selected, question, ports, exempt)
    # It passes if everything passes that it asks for.
    each = [_outcome(selected, question._replace(requests=(request,)), ports, exempt) for request in question.requests]
    blocked = reduce(or_, (side.blocked for side in each))
    return _Side(blocked, reduce(or_, (side.unknown for side in each)) - blocked)


def _outcome(selected: Selected, question: _Question, ports: Ports, exempt: Match) -> _Side:
    """What becomes of ports once every tier was asked."""
    passing = stopped = NO_PORT
    arriving = ports
    for stage in selected.stages:
        outcome = _through(stage, question, arriving)
        passing |= outcome.passing
        stopped |= outcome.stopped
        arriving = outcome.onward
        if not arriving:
            break
    if not stopped:
        return _OPEN
    if exempt is Match.MAYBE:
        return _Side(unknown=stopped)
    passing |= arriving
    return _Side(stopped - passing, stopped & passing)


def _through(stage: Stage, question: _Question, arriving: Ports) -> _Outcome:
    """What one tier makes of the ports that reach it: the first rule that certainly matches takes them out."""
    server, left = question.server, arriving
    reached = {Action.ALLOW: NO_PORT, Action.DENY: NO_PORT, Action.PASS: NO_PORT}
    # What a policy decides itself, if it is in force at all: it cannot isolate without that.
    decided: dict[Policy, Ports] = {}
    # The actions of which every port that is left may be the end. Where denial is one of them, a rule that is perhaps
    # in force and does nothing but one of these adds nothing; hundreds of policies may be unreadable.
    settled: set[Action] = set()
    for step in stage.steps:
        rule = step.rule
        if not rule.named and not rule.ports.meets(left):
            continue
        if not step.sure and rule.action in settled and Action.DENY in settled:
            continue
        match = _matches(step, question)
        if match is Match.NO:
            continue
        certain, perhaps = rule.ports_at(server)
        open_to_it = left if step.sure else left - decided.get(step.policy, NO_PORT)
        reached[rule.action] |= open_to_it & (certain | perhaps)
        if not step.sure and left <= reached[rule.action]:
            settled.add(rule.action)
        if match is Match.YES and step.sure:
            left -= certain
            if not left:
                break
        elif match is Match.YES:
            decided[step.policy] = decided.get(step.policy, NO_PORT) | certain
    stopped, onward = reached[Action.DENY], reached[Action.PASS]
    if stage.isolating:
        stopped |= left
    else:
        onward |= left
        for policy in stage.perhaps:
            stopped |= left - decided.get(policy, NO_PORT)
    return _Outcome(reached[Action.ALLOW], stopped, onward)


def _matches(step: Step, question: _Question) -> Match:
    """Whether a rule speaks of the other end, and of all that the flow asks for."""
    answer = min(step.about, step.rule.admits(question.peer, step.policy.namespace))
    if answer and step.rule.http is not None:
        answer = min(answer, step.rule.lets_through(question.requests))
    return answer


def _nearest(selected: Selected, question: _Question) -> Rule | None:
    """The first rule that certainly lets that peer in or out, in particular, though not on all these ports."""
    for policy in selected.isolating:
        for rule in policy.rules(question.direction):
            names = rule.action is Action.ALLOW and rule.peers != EVERYONE
            if names and rule.admits(question.peer, policy.namespace) is Match.YES:
                return rule
    return None
