"""What the engine promises whatever it does not know: it never says for sure what knowing more would take back.

Checked on small random worlds, in which everything meets: three namespaces, two label keys, eight addresses, four
ports. Each world has a number; the same number is always the same world.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from random import Random

import pytest

from lhmigrate.errors import Place, Problem
from lhmigrate.judging.cluster import Leg
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import Verdict, judge
from lhmigrate.longhorn.release import Flow
from lhmigrate.model.endpoints import Endpoint, Entity, Host, Network, Outside, Pod, Role
from lhmigrate.model.labels import EVERYTHING, Labels, Match, Operator, Requirement, Selector
from lhmigrate.model.peers import EVERYONE, Block, Part, Peer, Pods, Unclear
from lhmigrate.model.policy import (
    ADMIN,
    BASELINE,
    DEFAULT,
    FIRST,
    UNPLACED,
    USUAL,
    Action,
    Direction,
    NamedPort,
    Order,
    Policy,
    Rule,
)
from lhmigrate.model.ports import EVERY_PORT, Ports

PLACE = Place("p.yaml", 1, 1)
PROBLEM = Problem(PLACE, "could not be read")


class World:
    """Two ends of a flow and the policies around them, all drawn by lot."""

    def __init__(self, number: int) -> None:
        self._lot = Random(number)  # noqa: S311 - nothing here is a secret
        self._forgetful = self._lot.choice([0.05, 0.2, 0.5])
        self.sender, self.receiver = self.end(), self.end()
        self.policies = [self.policy() for _ in range(self._lot.randrange(1, 5))]
        self.ports = self.few_ports()

    def toss(self) -> bool:
        return self._lot.random() < 0.5

    def labels(self) -> Labels:
        return Labels({key: self._lot.choice("xy") for key in "ab" if self.toss()})

    def address(self) -> IPv4Network:
        return IPv4Network((f"10.0.0.{self._lot.randrange(8)}", 32))

    def network(self) -> IPv4Network:
        return self.address().supernet(self._lot.randrange(4))

    def few_ports(self) -> Ports:
        first = self._lot.randint(1, 4)
        return Ports.of([(self._lot.choice(["TCP", "UDP"]), first, self._lot.randint(first, 4))])

    def end(self) -> Endpoint:
        addresses, by_address = (self.address(),), self._lot.choice([Match.YES, Match.NO])
        match self._lot.randrange(6):
            case 0:
                role = self._lot.choice([Role.OWN_NODE, Role.OTHER_NODE])
                return Host("host", self._lot.choice([Match.YES, Match.NO]), addresses, by_address, role)
            case 1:
                return Outside("outside", addresses, may_be_pod=False, by_address=by_address)
            case _:
                return Pod(
                    "pod",
                    self._lot.choice(["home", "away", "elsewhere"]),
                    self.labels(),
                    self.labels(),
                    ports={
                        name: (self._lot.choice(["TCP", "UDP"]), self._lot.randint(1, 4)) for name in ("api", "web")
                    },
                    addresses=addresses,
                    by_address=by_address,
                )

    def selector(self) -> Selector:
        lines = []
        for _ in range(self._lot.choice([0, 1, 1, 2])):
            operator = self._lot.choice(list(Operator))
            needs_values = operator in {Operator.IN, Operator.NOT_IN}
            values = self._lot.sample("xy", self._lot.randint(1, 2)) if needs_values else []
            lines.append(Requirement(self._lot.choice("ab"), operator, frozenset(values)))
        return Selector(tuple(lines))

    def peer(self) -> Peer:
        if self.toss():
            return Pods(self.selector(), self.selector() if self.toss() else None)
        if self._lot.randrange(3) == 0:
            return Part(self._lot.choice([Entity.HOST, Entity.REMOTE_NODE, Entity.CLUSTER, Entity.WORLD]))
        network = self.network()
        holes = (self.network() for _ in range(self._lot.randrange(3)))
        return Block(network, tuple(hole for hole in holes if hole.subnet_of(network) and hole != network))

    def rule(self, direction: Direction) -> Rule:
        peers = tuple(self.peer() for _ in range(self._lot.randrange(3))) or EVERYONE
        if self._lot.randrange(4) == 0:
            named = NamedPort(self._lot.choice(["api", "web", "none"]), self._lot.choice(["TCP", "UDP"]))
            return Rule(direction, peers, Ports(), PLACE, (named,))
        return Rule(direction, peers, self._lot.choice([EVERY_PORT, self.few_ports(), self.few_ports()]), PLACE)

    def policy(self) -> Policy:
        match self._lot.randrange(6):
            case 0:
                return self.deny_first()
            case 1:
                return self.ordered()
            case _:
                return self.union()

    def union(self) -> Policy:
        """As NetworkPolicies are: their rules only add up."""
        return Policy(
            kind="NetworkPolicy",
            name="policy",
            namespace=self._lot.choice(["home", "away"]),
            place=PLACE,
            selects=self.selector(),
            isolates=frozenset(self._lot.sample(list(Direction), self._lot.randint(1, 2))),
            ingress=tuple(self.rule(Direction.INGRESS) for _ in range(self._lot.randrange(3))),
            egress=tuple(self.rule(Direction.EGRESS) for _ in range(self._lot.randrange(3))),
        )

    def deny_first(self) -> Policy:
        """As Cilium's are: denying rules come before all others, and isolating is a choice."""
        policy = self.union()
        return replace(
            policy,
            isolates=frozenset(one for one in Direction if self.toss()),
            ingress=tuple(self.denying(rule) if self.toss() else rule for rule in policy.ingress),
            egress=tuple(self.denying(rule) if self.toss() else rule for rule in policy.egress),
            namespaces=self.selector() if self.toss() else None,
        )

    def denying(self, rule: Rule) -> Rule:
        return replace(rule, action=Action.DENY, order=FIRST)

    def ordered(self) -> Policy:
        """As Calico's and the cluster administrator's are: the first rule of the first policy that matches decides."""
        policy = self.union()
        order = Order(self._lot.choice([1, 2000]), (str(self._lot.random()),))
        return replace(
            policy,
            tier=self._lot.choice([ADMIN, DEFAULT, BASELINE]),
            isolates=frozenset(one for one in Direction if self.toss()),
            ingress=self.in_order(policy.ingress, order),
            egress=self.in_order(policy.egress, order),
            namespaces=self.selector() if self.toss() else None,
        )

    def in_order(self, rules: tuple[Rule, ...], order: Order) -> tuple[Rule, ...]:
        more = (*rules, *rules[:1], *rules[1:])
        return tuple(replace(rule, action=self._lot.choice(list(Action)), order=order) for rule in more)

    def verdict(self) -> Verdict:
        leg = Leg(Flow("flow", ("a",), ("b",), self.ports), "a", "b", self.ports, (self.sender,), (self.receiver,))
        return judge(leg, Policies(self.policies))

    # -----------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Takes away, here and there, what is known of it."""
        self.sender, self.receiver = self.less_of(self.sender), self.less_of(self.receiver)
        self.policies = [self.less_of_policy(policy) for policy in self.policies]

    def gone(self) -> bool:
        return self._lot.random() < self._forgetful

    def less_of(self, end: Endpoint) -> Endpoint:
        addresses = self.less_of_addresses(end.addresses)
        by_address = Match.MAYBE if self.gone() else end.by_address
        if isinstance(end, Host):
            exempt = Match.MAYBE if self.gone() else end.exempt
            return replace(end, addresses=addresses, by_address=by_address, exempt=exempt)
        if isinstance(end, Outside):
            return replace(end, addresses=addresses, by_address=by_address, may_be_pod=self.gone())
        if end.namespace == "elsewhere" and self.gone():
            # A pod in a namespace without policies, of which we do not even know that it is one.
            return Outside(end.name, addresses, may_be_pod=True, by_address=by_address)
        ports_known = not self.gone()
        return replace(
            end,
            addresses=addresses,
            by_address=by_address,
            namespace=None if self.gone() else end.namespace,
            labels=self.less_of_labels(end.labels),
            namespace_labels=self.less_of_labels(end.namespace_labels),
            ports=end.ports if ports_known else {name: port for name, port in end.ports.items() if self.toss()},
            ports_known=ports_known,
        )

    def less_of_labels(self, labels: Labels) -> Labels:
        known, varying, complete = {}, set(), True
        for key, value in labels.known.items():
            if not self.gone():
                known[key] = value
            elif self.toss():
                varying.add(key)
            else:
                complete = False
        return Labels(known, frozenset(varying), complete and not self.gone())

    def less_of_addresses(self, addresses: tuple[Network, ...] | None) -> tuple[Network, ...] | None:
        """None at all, or networks that hold them, beside others that may as well be meant."""
        if addresses is None or self.gone():
            return None
        wider = tuple(one.supernet(self._lot.randrange(4) if self.gone() else 0) for one in addresses)
        return (*wider, self.address()) if self.gone() else wider

    def less_of_policy(self, policy: Policy) -> Policy:
        if not self.gone():
            return replace(
                policy,
                namespace=None if self.gone() and policy.namespaces is None else policy.namespace,
                ingress=tuple(self.less_of_rule(rule) for rule in policy.ingress),
                egress=tuple(self.less_of_rule(rule) for rule in policy.egress),
            )
        denies = policy.denies() or policy.tier is not DEFAULT or self.toss()
        return replace(
            policy,
            tier=UNPLACED if denies else DEFAULT,
            selects=EVERYTHING,
            namespaces=EVERYTHING,
            isolates=frozenset(Direction),
            ingress=self.anything(Direction.INGRESS, denies=denies),
            egress=self.anything(Direction.EGRESS, denies=denies),
            unread=(PROBLEM,),
        )

    def anything(self, direction: Direction, *, denies: bool) -> tuple[Rule, ...]:
        rule = Rule(direction, (Unclear(),), EVERY_PORT, PLACE)
        return (self.denying(rule), rule) if denies else (rule,)

    def less_of_rule(self, rule: Rule) -> Rule:
        """A rule of which a part is not understood may mean less than the rest says."""
        if not self.gone():
            return rule
        if self.toss():
            return replace(rule, peers=EVERYONE, doubt=PROBLEM)
        return replace(rule, ports=EVERY_PORT, named=(), doubt=PROBLEM)


def first_match(world: World) -> Ports:
    """What is blocked, worked out port by port and as slowly as the documentation tells it."""
    ends = (
        (world.sender, world.receiver, Direction.EGRESS),
        (world.receiver, world.sender, Direction.INGRESS),
    )
    blocked = []
    for protocol, first, last in world.ports.ranges:
        for number in range(first, last + 1):
            port = Ports(((protocol, number, number),))
            if not all(passes(world, own, peer, direction, port) for own, peer, direction in ends):
                blocked.append((protocol, number, number))
    return Ports.of(blocked)


def passes(world: World, own: Endpoint, peer: Endpoint, direction: Direction, port: Ports) -> bool:
    if not isinstance(own, Pod) or (isinstance(peer, Host) and peer.exempt):
        return True
    applying = [policy for policy in world.policies if policy.applies_to(own)]
    for tier in (ADMIN, DEFAULT, BASELINE):
        inside = [policy for policy in applying if policy.tier == tier]
        rules = [(rule, policy.namespace) for policy in inside for rule in policy.rules(direction)]
        rules.sort(key=lambda one: one[0].order)
        server = own if direction is Direction.INGRESS else peer
        actions = [
            rule.action
            for rule, namespace in rules
            if port <= rule.ports_at(server)[0] and any(one.matches(peer, namespace) for one in rule.peers)
        ]
        action = actions[0] if actions else None
        if action is None and any(direction in policy.isolates for policy in inside):
            action = Action.DENY
        if action in {Action.ALLOW, Action.DENY}:
            return action is Action.ALLOW
    return True


@pytest.mark.parametrize("hundred", range(20))
def test_the_first_rule_that_matches_decides(hundred: int) -> None:
    for number in range(hundred * 100, hundred * 100 + 100):
        world = World(number)
        verdict = world.verdict()
        assert not verdict.unknown, f"world {number}"
        assert verdict.blocked == first_match(world), f"world {number}"


@pytest.mark.parametrize("hundred", range(20))
def test_knowing_less_never_gives_another_answer(hundred: int) -> None:
    for number in range(hundred * 100, hundred * 100 + 100):
        world = World(number)
        truth = world.verdict()
        assert not truth.unknown
        world.forget()
        known = world.verdict()
        assert known.blocked <= truth.blocked, f"world {number}: {known.blocked} is said to be blocked"
        assert truth.blocked <= known.blocked | known.unknown, f"world {number}: {truth.blocked} is said to pass"


def ordered(policy: Policy) -> bool:
    """Whether its rules have an order among themselves."""
    return any(rule.order not in {USUAL, FIRST} for rule in (*policy.ingress, *policy.egress))


@pytest.mark.parametrize("hundred", range(5))
def test_the_order_of_policies_and_rules_decides_nothing(hundred: int) -> None:
    for number in range(hundred * 100, hundred * 100 + 100):
        world = World(number)
        world.forget()
        before = world.verdict()
        world.policies = [
            policy if ordered(policy) else replace(policy, ingress=policy.ingress[::-1], egress=policy.egress[::-1])
            for policy in world.policies[::-1]
        ]
        after = world.verdict()
        assert (before.answer, before.blocked, before.unknown) == (after.answer, after.blocked, after.unknown), number


@pytest.mark.parametrize("hundred", range(5))
def test_another_rule_blocks_nothing(hundred: int) -> None:
    for number in range(hundred * 100, hundred * 100 + 100):
        world = World(number)
        before = world.verdict()
        world.policies = [
            replace(
                policy,
                ingress=(*policy.ingress, world.rule(Direction.INGRESS)),
                egress=(*policy.egress, world.rule(Direction.EGRESS)),
            )
            for policy in world.policies
        ]
        assert world.verdict().blocked <= before.blocked, f"world {number}"


def test_looking_policies_up_misses_none() -> None:
    for number in range(500):
        world = World(number)
        world.forget()
        policies = Policies(world.policies)
        for pod in (world.sender, world.receiver):
            if not isinstance(pod, Pod):
                continue
            for direction in Direction:
                isolating = sorted((one for one in policies.all if direction in one.isolates), key=lambda one: one.tier)
                sure = [one for one in isolating if one.applies_to(pod) is Match.YES]
                unsure = [one for one in isolating if one.applies_to(pod) is Match.MAYBE]
                assert policies.selecting(pod, direction)[:2] == (tuple(sure), tuple(unsure)), f"world {number}"
            possible = [one for one in policies.all if one.selects.matches(pod.labels)]
            assert not pod.labels.complete or set(possible) <= set(policies.possibly_selecting(pod.labels)), number


def test_the_worlds_are_worth_it() -> None:
    """Enough of them block, pass and leave unknown for the promises above to mean something."""
    known, less = [], []
    for number in range(300):
        world = World(number)
        known.append(world.verdict().answer.value)
        world.forget()
        less.append(world.verdict().answer.value)
    assert min(known.count(answer) for answer in ("allowed", "blocked")) > 50
    assert min(less.count(answer) for answer in ("allowed", "blocked", "unknown")) > 15


def test_a_rule_that_names_each_of_several_addresses_names_them_all() -> None:
    servers = tuple(IPv4Network((f"10.0.0.{number}", 32)) for number in (1, 2, 3))
    end = Host("the API server", Match.NO, servers, Match.YES)
    rules = [Rule(Direction.EGRESS, tuple(map(Block, servers[:count])), EVERY_PORT, PLACE) for count in range(4)]
    assert [rule.admits(end, "home") for rule in rules] == [Match.NO, Match.MAYBE, Match.MAYBE, Match.YES]
