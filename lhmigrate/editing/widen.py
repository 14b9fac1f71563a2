"""The smallest edits after which nothing that a hop needs is newly cut, each as a careful colleague would make it.

In this order: a Helm value of the new release that does it; a port beside its sisters in the rule that already
names that peer; a peer beside its sisters; a rule in the policy that already isolates the pod; a new policy
beside that one. No edit may let in more than what is missing, so each of these is passed over where its policy
selects other pods too, or its rule names others. All of it is in the dialect of the policy that is changed, or beside
which a new one is written; a dialect that cannot name an end is passed over, too.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.editing.administrators import Administrators
from lhmigrate.editing.edits import (
    WRITTEN,
    AddPeers,
    AddPolicy,
    AddPorts,
    AddRule,
    AddToValue,
    Allowance,
    Edit,
    sort_of,
    takes_peers,
    takes_ports,
)
from lhmigrate.editing.naming import Names, Unnameable, from_everywhere, named
from lhmigrate.editing.precedence import Precedence
from lhmigrate.editing.proposals import ByHand, Proposal
from lhmigrate.judging.needs import Need, http_alone, needs
from lhmigrate.judging.state import key_of
from lhmigrate.longhorn import shipped
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.cni import Dialect
from lhmigrate.model.labels import Match
from lhmigrate.model.peers import EVERYONE, Peer, Pods, names_outright
from lhmigrate.model.policy import FIRST, Action, Direction, Policy, Rule, Tier
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from lhmigrate.judging.transition import Transition
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.order import Step

_STANDS_ALONE = (
    "before the upgrade nothing else isolates these pods in that direction, so a policy for this would stand alone "
    "and cut everything else; apply it together with the upgrade"
)


class _Demand(NamedTuple):
    """Needs of the same pods to or from the same peers, as one."""

    own: str
    direction: Direction
    names: Mapping[Dialect, tuple[Peer, ...]]
    """How the dialects that can do so name the peers."""
    ports: Ports
    needs: tuple[Need, ...]
    turn: Precedence
    """What stands in the way."""

    def http(self, dialect: Dialect) -> tuple[HttpRule, ...] | None:
        """The requests to which a rule in that dialect keeps them."""
        return http_alone(self.needs, dialect)


class _Home(NamedTuple):
    """Where a rule goes: into a policy that is there, or into a new one for a component."""

    policy: Policy
    new: bool = False
    about: Pods | None = None
    """The pods that a rule is for in a policy that is about others, too; None: all of them."""


def widen(transition: Transition) -> tuple[list[Proposal], list[ByHand]]:
    """What to change before a hop, and what only the user can change."""
    return _Widening(transition).proposals()


class _Widening:
    """The work on one hop."""

    def __init__(self, transition: Transition) -> None:
        self._transition = transition
        self._hop = transition.hop
        self._world = transition.world
        self._home_namespace = self._world.settings.namespace
        self._names = {
            dialect: Names((self._hop.old, self._hop.new), self._world.settings, dialect) for dialect in WRITTEN
        }
        self._by_hand: list[ByHand] = []
        blocked = {key: verdict.blocked for key, (_, verdict) in transition.judged_before.items()}
        self._wanted: dict[tuple[str, Direction], dict[str, Ports]] = defaultdict(dict)
        """By component and direction: who needs which ports while the hop runs, and was not kept from them before.

        Whoever was cut off already, was for reasons of somebody else's, and no edit for another opens that beside.
        """
        for key, (leg, _) in transition.judged_during.items():
            if transition.cluster.usage(leg.flow) is not Usage.FEW:
                ports = leg.ports - blocked[key] if key in blocked else leg.ports
                for own, direction, peer in (
                    (leg.target, Direction.INGRESS, leg.source),
                    (leg.source, Direction.EGRESS, leg.target),
                ):
                    known = self._wanted[own, direction]
                    known[peer] = known.get(peer, NO_PORT) | ports

        self._administrators = Administrators(transition, self._wanted)

    def proposals(self) -> tuple[list[Proposal], list[ByHand]]:
        found: list[Proposal] = []
        rules: dict[tuple[int, str, Direction, bool], list[tuple[_Home, _Demand]]] = defaultdict(list)
        for demand in self._demands():
            edit = self._value(demand) or self._in_a_rule(demand)
            if edit is not None:
                found.append(Proposal(edit, demand.needs))
            elif (home := self._home(demand)) is not None:
                own = demand.own if home.new or home.about else ""
                rules[id(home.policy), own, demand.direction, home.new].append((home, demand))
        found += self._with_rules(rules.values())
        found += self._administrators.proposals()
        self._by_hand += self._administrators.by_hand()
        return _together(found), _for_one_reason(self._by_hand)

    def _demands(self) -> Iterator[_Demand]:
        """What must be opened, for ends that can be named."""
        cut = [(hurt.leg, ports) for hurt in self._transition.hurts() if (ports := hurt.newly_blocked)]
        merged: dict[object, tuple[Mapping[Dialect, tuple[Peer, ...]], list[Need]]] = {}
        for need in needs(cut, self._transition.after):
            if not self._is_component(need.own):
                self._refuse([need], f"the policies of {need.own} are not Longhorn's")
                continue
            if self._forbidden_outright(need):
                continue
            try:
                names = self._named(need)
            except Unnameable as error:
                self._refuse([need], f"{error.reason}{self._where(need)}")
                continue
            kept_to = tuple(http_alone([need], dialect) for dialect in names)
            key = (need.own, need.direction, tuple(names.items()), kept_to)
            merged.setdefault(key, (names, []))[1].append(need)
        for names, found in merged.values():
            ports = NO_PORT
            for need in found:
                ports |= need.ports
            turn = Precedence(found, self._transition.after)
            yield _Demand(found[0].own, found[0].direction, names, ports, tuple(found), turn)

    def _where(self, need: Need) -> str:
        """Where a rule for it must stand, if that is not everywhere."""
        step = Precedence([need], self._transition.after).denying
        return f", and put a rule for it in front of what denies it in {step.policy}" if step is not None else ""

    def _forbidden_outright(self, need: Need) -> bool:
        """Whether a rule forbids it that is asked before the user's own. What to do about that is taken down."""
        _, verdict = self._transition.judged_during[key_of(need.leg)]
        rule = verdict.denying if verdict.direction is need.direction else None
        if rule is not None and rule.order == FIRST and rule.ports.meets(need.ports):
            self._by_hand.append(ByHand((need,), "denies it, whatever others allow", place=rule.place))
            return True
        return self._administrators.take(need)

    def _named(self, need: Need) -> Mapping[Dialect, tuple[Peer, ...]]:
        """How each dialect that the user writes near these pods names the peers. Raises `Unnameable` if none can."""
        spoken = dict.fromkeys(one.dialect for one in self._near([need]) if one.dialect in WRITTEN)
        found: dict[Dialect, tuple[Peer, ...]] = {}
        refusals: list[Unnameable] = []
        for dialect in spoken or (Dialect.KUBERNETES,):
            try:
                peers = (peer for end in need.peers for peer in self._names[dialect].peers(end, need.direction))
                found[dialect] = tuple(dict.fromkeys(peers))
            except Unnameable as error:
                refusals.append(error)
        if not found:
            raise refusals[0]
        return found

    def _is_component(self, name: str) -> bool:
        return name in self._hop.old.components or name in self._hop.new.components

    def _refuse(self, found: Iterable[Need], reason: str, edit: Edit | None = None) -> None:
        self._by_hand.append(ByHand(tuple(found), reason, edit))

    def _value(self, demand: _Demand) -> Edit | None:
        """The Helm value of the new release that opens it, where a shipped policy is what cuts it."""
        if self._world.settings.install != "helm":
            return None
        if not any(policy.shipped_by for need in demand.needs for policy in need.policies):
            return None
        lists = shipped.lists(self._hop.new)
        flows = [self._world.glossary.flows[need.leg.flow.name] for need in demand.needs]
        for path in dict.fromkeys(path for flow in flows for path in flow.opened_by):
            kind = lists.get(path)
            if kind in {"cidr", "peer"} and all(path in flow.opened_by for flow in flows):
                return self._to_value(path, kind, demand)
        return None

    def _to_value(self, path: str, kind: str, demand: _Demand) -> Edit | None:
        """Helm values name peers as NetworkPolicies do."""
        try:
            ends = (end for need in demand.needs for end in need.peers)
            peers = tuple(dict.fromkeys(peer for end in ends for peer in self._names[Dialect.KUBERNETES].peers(end)))
        except Unnameable:
            return None
        return AddToValue(path, kind, peers)

    def _in_a_rule(self, demand: _Demand) -> Edit | None:
        """A port, or a peer, in a rule that is there."""
        policies = self._fitting(demand)
        allowing = [
            (policy, rule)
            for policy in policies
            for rule in policy.rules(demand.direction)
            if rule.action is Action.ALLOW and rule.peers != EVERYONE and demand.turn.reaches(policy, rule)
        ]
        for policy, rule in allowing:
            missing = demand.ports - rule.ports
            fits = takes_ports(policy, rule, missing) and self._names_only_who_needs(rule, policy, demand)
            if fits and _admits(rule, policy, demand):
                return AddPorts(policy, rule, missing, demand.http(policy.dialect))
        wanted = self._wanted[demand.own, demand.direction]
        for policy, rule in allowing:
            peers = self._peers(demand, policy)
            exactly = demand.ports <= rule.ports and all(rule.ports <= wanted[need.peer] for need in demand.needs)
            same = exactly and not rule.named and demand.http(policy.dialect) == rule.http
            if same and takes_peers(policy, rule, peers):
                return AddPeers(policy, rule, peers)
        return None

    def _peers(self, demand: _Demand, policy: Policy) -> tuple[Peer, ...]:
        """The peers as a rule of that policy names them."""
        peers = demand.names[policy.dialect]
        return peers if policy.namespaces is None else from_everywhere(peers, self._home_namespace)

    def _own(self, some: Iterable[Need]) -> list[Policy]:
        """The user's own policies that cut these needs, and those that let others through to or from the same pods.

        The latter isolate nobody in that direction, and a rule beside their others does not change that.
        """
        selecting = self._transition.after.selecting
        some = list(some)
        found = dict.fromkeys(policy for need in some for policy in need.policies)
        found |= dict.fromkeys(
            step.policy
            for need in some
            for pod in need.pods
            for stage in selecting(pod, need.direction).stages
            for step in stage.steps
            if step.rule.action is Action.ALLOW
        )
        return [policy for policy in found if not policy.shipped_by and not policy.unread]

    def _near(self, some: Iterable[Need]) -> list[Policy]:
        """The policies beside which a new one may be written, the nearest first."""
        home = self._home_namespace
        everybody = self._world.inventory.policies
        there = [one for one in everybody if one.namespace == home and not one.unread and not one.idle]
        everywhere = [one for one in self._own(some) if one.namespaces is not None and one.dialect in WRITTEN]
        near = dict.fromkeys((*self._own(some), *there))
        return [one for one in near if one.namespace == home or one in everywhere]

    def _fitting(self, demand: _Demand) -> list[Policy]:
        """Those that can take a rule for it in time, in a dialect that can name the peers."""
        return [
            one
            for one in self._own(demand.needs)
            if one.dialect in demand.names and demand.turn.in_time(one) and self._fits(one, demand)
        ]

    def _fits(self, policy: Policy, demand: _Demand) -> bool:
        """Whether what is let in there is let in to these pods and no others."""
        own = demand.own
        return (
            all(policy.applies_to(pod) is Match.YES for need in demand.needs for pod in need.pods)
            and policy.selects.identifies
            and policy.alone
            and (policy.namespaces is None or names_outright(policy.namespaces) == {self._home_namespace})
            and all(
                component.name == own
                for release in (self._hop.old, self._hop.new)
                for component in self._world.picked(policy.selects, release)
            )
        )

    def _names_only_who_needs(self, rule: Rule, policy: Policy, demand: _Demand) -> bool:
        """Whether everybody whom a rule names needs all of these ports."""
        wanted = self._wanted[demand.own, demand.direction]
        entitled = {peer for peer, ports in wanted.items() if demand.ports <= ports}
        asking = self._peers(demand, policy)
        return all(peer in asking or self._means(peer, entitled) for peer in rule.peers)

    def _means(self, peer: Peer, entitled: set[str]) -> bool:
        if not isinstance(peer, Pods) or not peer.pods.identifies:
            return False
        if peer.namespaces is not None and peer.named_namespaces() != {self._home_namespace}:
            return False
        releases = (self._hop.old, self._hop.new)
        picked = [one.name for release in releases for one in self._world.picked(peer.pods, release)]
        return bool(picked) and entitled.issuperset(picked)

    def _home(self, demand: _Demand) -> _Home | None:
        """The policy that gets a rule of its own for it, or the one beside which a new policy is written."""
        # Best one that has rules of this direction already.
        fit = sorted(self._fitting(demand), key=lambda policy: not policy.rules(demand.direction))
        if fit:
            return _Home(fit[0])
        near = [one for one in self._near(demand.needs) if demand.turn.ahead(one)]
        beside = next((one for one in near if _dialect_beside(one) in demand.names), None)
        denying = demand.turn.denying
        if denying is not None and (beside is None or not any(need.policies for need in demand.needs)):
            return self._in_front_of(denying, demand)
        edit = None if beside is None else self._new_policy(beside, demand.own, [demand])
        if edit is None or not self._isolated_all_along(demand, edit.beside.tier):
            reason = _STANDS_ALONE if edit is not None or beside is None else "no label picks these pods alone"
            self._refuse(demand.needs, reason, edit)
            return None
        return _Home(edit.beside, new=True)

    def _in_front_of(self, denying: Step, demand: _Demand) -> _Home | None:
        """The policy that forbids it, though it is about others, too: a rule of Calico's can be for some of its pods.

        Those that are for the whole cluster are not changed, since they are hardly Longhorn's.
        """
        policy = denying.policy
        edit = about = None
        if policy.dialect is Dialect.CALICO and policy.dialect in demand.names:
            with suppress(Unnameable):
                selects = self._names[policy.dialect].selector(demand.own)
                about = Pods(selects, None if policy.namespaces is None else named(self._home_namespace))
                allows = Allowance(demand.direction, self._peers(demand, policy), demand.ports, about=about)
                edit = AddRule(policy, allows, denying.rule)
        near = policy.namespace == self._home_namespace and policy.alone
        if about is not None and near and demand.turn.in_time(policy):
            return _Home(policy, about=about)
        peers = {peer for need in demand.needs for peer in need.peers}
        sure = denying.sure and all(denying.rule.admits(peer, policy.namespace) is Match.YES for peer in peers)
        reason = f"{'denies' if sure else 'may deny'} it before any policy that could let it through"
        self._by_hand.append(ByHand(demand.needs, reason, edit, denying.rule.place))
        return None

    def _isolated_all_along(self, demand: _Demand, tier: Tier) -> bool:
        """Whether a tier isolates these pods in that direction before the hop and during it, in every guise."""
        transition = self._transition
        return all(
            any(policy.tier == tier for policy in policies.selecting(pod, demand.direction).isolating)
            for release, policies in (
                (self._hop.old, transition.before),
                (self._hop.old, transition.after),
                (self._hop.new, transition.after),
            )
            if demand.own in release.components
            for pod in transition.cluster.pods(release, release.components[demand.own])
        )

    def _with_rules(self, homes: Iterable[list[tuple[_Home, _Demand]]]) -> Iterator[Proposal]:
        """Rules for demands, those on equal ports together; those of new policies in one for each dialect."""
        fresh: dict[tuple[str, Dialect], list[_Demand]] = defaultdict(list)
        beside: dict[tuple[str, Dialect], Policy] = {}
        for group in homes:
            home = group[0][0]
            demands = [demand for _, demand in group]
            if home.new:
                key = demands[0].own, _dialect_beside(home.policy)
                fresh[key] += demands
                beside.setdefault(key, home.policy)
                continue
            peers = partial(self._peers, policy=home.policy)
            for allows, found in _on_equal_ports(demands, peers, home.policy.dialect):
                before = Precedence(found, self._transition.after).place(home.policy)
                yield Proposal(AddRule(home.policy, replace(allows, about=home.about), before), found)
        named: set[str] = set()
        for key, demands in fresh.items():
            edit = self._new_policy(beside[key], key[0], demands, named)
            if edit is not None:
                named.add(edit.name)
                yield Proposal(edit, tuple(need for demand in demands for need in demand.needs))

    def _new_policy(
        self, beside: Policy, own: str, demands: Iterable[_Demand], named: Container[str] = ()
    ) -> AddPolicy | None:
        dialect = _dialect_beside(beside)
        try:
            selects = self._names[dialect].selector(own)
        except Unnameable:
            return None
        rules = tuple(allows for allows, _ in _on_equal_ports(demands, lambda one: one.names[dialect], dialect))
        # Before its release 3.32, Calico puts the name of the tier before that of a policy.
        tier = f"{beside.tier.name}."
        wanted = f"{tier if dialect is Dialect.CALICO and beside.name.startswith(tier) else ''}allow-{own}"
        return AddPolicy(beside, self._name(wanted, named), self._home_namespace, selects, rules, dialect)

    def _name(self, wanted: str, named: Container[str]) -> str:
        """A name that no policy has yet, nor any that is to be written."""
        world = self._world
        every = (*world.inventory.policies, *world.shipped(self._hop.old), *world.shipped(self._hop.new))
        taken = {policy.name for policy in every}
        numbers = count(2)
        name = wanted
        while name in taken or name in named:
            name = f"{wanted}-{next(numbers)}"
        return name


def _together(found: Iterable[Proposal]) -> list[Proposal]:
    """Peers that go into the same rule go there at once."""
    result: dict[object, Proposal] = {}
    for one in found:
        key = one.edit.rule if isinstance(one.edit, AddPeers) else one.edit
        result[key] = one if key not in result else _both(result[key], one)
    return list(result.values())


def _both(one: Proposal, other: Proposal) -> Proposal:
    if not isinstance(one.edit, AddPeers) or not isinstance(other.edit, AddPeers):
        return other
    peers = tuple(dict.fromkeys((*one.edit.peers, *other.edit.peers)))
    return Proposal(AddPeers(one.edit.policy, one.edit.rule, peers), (*one.needs, *other.needs))


def _for_one_reason(found: Iterable[ByHand]) -> list[ByHand]:
    """What is left to the user between the same two ends for the same reason is left to them once."""
    result: dict[object, ByHand] = {}
    for one in found:
        need = one.needs[0]
        key = (need.own, need.direction, need.peer, one.reason, one.place) if one.edit is None else one
        first = result.get(key)
        result[key] = one if first is None else first._replace(needs=(*first.needs, *one.needs))
    return list(result.values())


def _on_equal_ports(
    demands: Iterable[_Demand], peers: Callable[[_Demand], tuple[Peer, ...]], dialect: Dialect
) -> list[tuple[Allowance, tuple[Need, ...]]]:
    """One rule for all peers that need the same ports, as far as one rule can name them."""
    groups: dict[object, list[_Demand]] = defaultdict(list)
    for demand in demands:
        sorts = frozenset(map(sort_of, peers(demand))) if dialect is Dialect.CILIUM else None
        groups[demand.direction, demand.ports, demand.http(dialect), sorts].append(demand)
    return [
        (
            Allowance(
                found[0].direction,
                tuple(dict.fromkeys(peer for one in found for peer in peers(one))),
                found[0].ports,
                found[0].http(dialect),
            ),
            tuple(need for one in found for need in one.needs),
        )
        for found in groups.values()
    ]


def _dialect_beside(policy: Policy) -> Dialect:
    """The dialect of a new policy beside another: the same, if we write it."""
    return policy.dialect if policy.dialect in WRITTEN else Dialect.KUBERNETES


def _admits(rule: Rule, policy: Policy, demand: _Demand) -> bool:
    ends = (end for need in demand.needs for end in need.peers)
    return all(rule.admits(end, policy.namespace) is Match.YES for end in ends)
