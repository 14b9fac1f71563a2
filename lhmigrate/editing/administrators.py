"""Rules in an administrator's policy, in front of the one that denies what a hop needs.

Of the rules that open it, the least. `Pass` leaves the decision to the tiers that follow: NetworkPolicies count as
before. `Allow` overrules them all, so it is for what the baseline would deny then, and for the baseline itself, which
nothing follows. Where NetworkPolicies would not let it through either, neither is right by itself.

A rule is for all pods of its policy. So it goes into policies for Longhorn's pods alone, and only where none of the
others can make use of it: what it lets in on these ports finds nobody there, or somebody who needs it as well.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.editing.edits import MOST, AddRule, Allowance
from lhmigrate.editing.naming import Names, Unnameable, from_everywhere
from lhmigrate.editing.precedence import Precedence
from lhmigrate.editing.proposals import ByHand, Proposal
from lhmigrate.findings.wording import first, several
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import sides
from lhmigrate.model.labels import Match
from lhmigrate.model.peers import Block, names_outright
from lhmigrate.model.policy import BASELINE, Action, Direction, Policy, Rule
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lhmigrate.errors import Place
    from lhmigrate.judging.needs import Need
    from lhmigrate.judging.transition import Transition
    from lhmigrate.model.order import Step
    from lhmigrate.model.peers import Peer


class _Found(NamedTuple):
    """A rule that opens a need, and where it goes."""

    policy: Policy
    before: Rule
    peers: tuple[Peer, ...]
    action: Action
    need: Need
    left: tuple[Policy, ...] = ()
    """Those of later tiers that would not let it through either."""


class _Refused(NamedTuple):
    """A need that no rule is made for, and why."""

    need: Need
    reason: str
    place: Place
    found: _Found | None
    """The rule that would be right, if that is known."""


class Administrators:
    """What to do about an administrator's policies before a hop."""

    def __init__(self, transition: Transition, wanted: Mapping[tuple[str, Direction], Mapping[str, Ports]]) -> None:
        """`wanted`: by component and direction, who needs which ports."""
        self._transition = transition
        self._wanted = wanted
        releases = (transition.hop.old, transition.hop.new)
        self._names = Names(releases, transition.world.settings)
        self._home = transition.world.settings.namespace
        self._served: dict[str, Ports] = defaultdict(lambda: NO_PORT)
        """The ports on which anybody reaches a component."""
        for leg, _ in transition.judged_during.values():
            self._served[leg.target] |= leg.ports
        self._found: list[_Found] = []
        self._refused: list[_Refused] = []

    def take(self, need: Need) -> bool:
        """Whether an administrator's rule forbids some of it. What to do about that is taken down."""
        forbidden = Precedence([need], self._transition.after).forbidden
        if not forbidden or forbidden[0].policy.dialect not in MOST:
            return False
        self._take(need, forbidden)
        return True

    def _take(self, need: Need, forbidden: Sequence[Step]) -> None:
        """Takes down a rule for it, in front of the first that denies it, or why there is to be none."""
        reason, step = "", forbidden[0]
        found = self._rule(need, forbidden)
        if found is None:
            reason = (
                "which is the administrator's: have it left out of what that rule denies, or let through in a rule "
                "before that one"
            )
        elif not (reason := self._too_wide(need, step.policy)) and found.left:
            cutting = ", ".join(sorted(map(str, found.left)))
            reason = f"and after that {cutting} would not let it through either: put the rule there, and patch again"
        if found is not None and not reason:
            self._found.append(found)
            return
        told = f"denies it, by a rule of {step.policy}, {reason}"
        self._refused.append(_Refused(need, told, step.rule.place, found))

    def proposals(self) -> list[Proposal]:
        """One rule for all ports between the same ends."""
        return [Proposal(self._edit(found), _needs(found)) for found in _together(self._found)]

    def by_hand(self) -> list[ByHand]:
        """What is left to the user; likewise."""
        told: dict[tuple[str, Place], list[_Found]] = defaultdict(list)
        result = [ByHand((one.need,), one.reason, None, one.place) for one in self._refused if one.found is None]
        for one in self._refused:
            if one.found is not None:
                told[one.reason, one.place].append(one.found)
        for (reason, place), all_found in told.items():
            result += [ByHand(_needs(one), reason, self._edit(one), place) for one in _together(all_found)]
        return result

    def _rule(self, need: Need, forbidden: Sequence[Step]) -> _Found | None:
        """The rule that opens it, at least as far as the administrators go; None: it is not ours to find."""
        step = forbidden[0]
        try:
            peers = self._peers(need, step.policy)
        except Unnameable:
            return None
        if len({one.policy for one in forbidden if one.policy.tier == step.policy.tier}) > 1:
            return None  # A rule in the first of them would overrule what the others deny.
        found = _Found(step.policy, step.rule, peers, Action.PASS, need)
        if step.policy.tier == BASELINE:
            return self._allowing(found, step)
        passed = self._with(found, step)
        left = self._left(need, passed)
        if left is None:
            return found
        if left:
            return found._replace(left=left)
        later = [one for one in Precedence([need], passed).forbidden if one.policy.tier > step.policy.tier]
        return self._allowing(found, step) if later and later[0].policy.tier == BASELINE else None

    def _allowing(self, found: _Found, step: Step) -> _Found | None:
        allowing = found._replace(action=Action.ALLOW)
        return allowing if self._left(found.need, self._with(allowing, step)) is None else None

    def _edit(self, found: list[_Found]) -> AddRule:
        need, policy, ports = found[0].need, found[0].policy, NO_PORT
        for one in found:
            ports |= one.need.ports
        rules = policy.rules(need.direction)
        before = min((one.before for one in found), key=rules.index)
        towards = "from" if need.direction is Direction.INGRESS else "to"
        name = f"{need.own}-{towards}-{need.peer}"
        return AddRule(
            policy,
            Allowance(need.direction, found[0].peers, ports, action=found[0].action, name=name),
            before,
        )

    def _peers(self, need: Need, policy: Policy) -> tuple[Peer, ...]:
        """The other end as such a policy names it. Raises `Unnameable`."""
        named = (peer for end in need.peers for peer in self._names.peers(end, need.direction))
        peers = from_everywhere(dict.fromkeys(named), self._home)
        for one in peers:
            if isinstance(one, Block) and need.direction is Direction.INGRESS:
                raise Unnameable(f"{policy} names pods and namespaces alone for what arrives")
            if isinstance(one, Block) and one.excepted:
                raise Unnameable(f"{policy} excepts nothing from a network")
        return peers

    def _too_wide(self, need: Need, policy: Policy) -> str:
        """Why no rule is put there that would open this and no more; empty: one may be."""
        alone = policy.alone and not policy.unread and not policy.shipped_by
        ours = policy.namespaces is not None and names_outright(policy.namespaces) == {self._home}
        sure = all(policy.applies_to(pod) is Match.YES for pod in need.pods)
        if not (alone and ours and sure and (not policy.selects or policy.selects.identifies)):
            return (
                "which is not for Longhorn's pods alone, nor would a rule in front of it be: its administrator decides"
            )
        others = sorted({name for name in self._selected(policy) if name != need.own and self._opens(name, need)})
        if not others:
            return self._full(policy, need.direction)
        who = several(first(others, 3))
        return (
            f"which is for {who}, too, for whom a rule in front of it would open more than they need: "
            "its administrator decides"
        )

    def _full(self, policy: Policy, direction: Direction) -> str:
        """Why a direction can take no further rule; each that was taken down so far may become one."""
        coming = sum(one.policy is policy and one.need.direction is direction for one in self._found)
        most = MOST[policy.dialect]
        full = len(policy.rules(direction)) + coming >= most
        return f"which has as many rules for {direction.value} as it may have, {most}" if full else ""

    def _selected(self, policy: Policy) -> Iterable[str]:
        world, hop = self._transition.world, self._transition.hop
        return (one.name for release in (hop.old, hop.new) for one in world.picked(policy.selects, release))

    def _opens(self, name: str, need: Need) -> bool:
        """Whether the same rule opens something for another component that it does not need."""
        known = self._wanted.get((name, need.direction), {}).get(need.peer, NO_PORT)
        reach = need.ports & self._served[name] if need.direction is Direction.INGRESS else need.ports
        return bool(reach - known)

    def _with(self, found: _Found, step: Step) -> Policies:
        """The policies as they would be with that rule."""
        need, policy = found.need, found.policy
        rule = Rule(
            need.direction, found.peers, need.ports, step.rule.place, action=found.action, order=step.rule.order
        )
        rules = list(policy.rules(need.direction))
        rules.insert(rules.index(step.rule), rule)
        changed = (
            replace(policy, ingress=tuple(rules))
            if need.direction is Direction.INGRESS
            else replace(policy, egress=tuple(rules))
        )
        return Policies(changed if one is policy else one for one in self._transition.after.all)

    def _left(self, need: Need, policies: Policies) -> tuple[Policy, ...] | None:
        """The policies that isolate its pods where it would still be cut; None: it would not be."""
        mine = [
            side
            for side in sides(need.leg, policies)
            if side.direction is need.direction and side.own.name == need.own and side.ports.meets(need.ports)
        ]
        return tuple(dict.fromkeys(policy for side in mine for policy in side.policies)) if mine else None


def _together(found: Iterable[_Found]) -> Iterable[list[_Found]]:
    """Those that one rule can be for."""
    groups: dict[object, list[_Found]] = defaultdict(list)
    for one in found:
        need = one.need
        groups[one.policy, need.direction, need.own, need.peer, one.peers, one.action].append(one)
    return groups.values()


def _needs(found: Iterable[_Found]) -> tuple[Need, ...]:
    return tuple(one.need for one in found)
