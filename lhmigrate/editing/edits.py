"""Changes to policies and Helm values, in the words of policies: the text comes later, in each dialect's own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lhmigrate.model.cni import Dialect
from lhmigrate.model.peers import EVERYONE, Block, Pods
from lhmigrate.model.policy import Action
from lhmigrate.model.ports import EVERY_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.judging.needs import Need
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Direction, Policy, Rule
    from lhmigrate.model.ports import Ports


@dataclass(frozen=True, slots=True, eq=False)
class Allowance:
    """What a rule lets through that is yet to be written."""

    direction: Direction
    peers: tuple[Peer, ...]
    """None at all: everyone."""
    ports: Ports
    http: tuple[HttpRule, ...] | None = None
    """The requests on them, in a dialect that can tell; None: every one."""
    about: Pods | None = None
    """Which of the pods that its policy selects it is for, in a dialect that can tell; None: all of them."""
    action: Action = Action.ALLOW
    """`PASS` leaves it to the tiers that follow, in a dialect that can."""
    name: str = ""
    """What to call the rule, in a dialect whose rules have names."""


@dataclass(frozen=True, slots=True, eq=False)
class AddPorts:
    """More ports in a rule that already names the peer."""

    policy: Policy
    rule: Rule
    ports: Ports
    http: tuple[HttpRule, ...] | None = None
    """The requests on them that are let through, in a dialect that can tell; None: every one."""


@dataclass(frozen=True, slots=True, eq=False)
class AddPeers:
    """More peers in a rule that already has these ports, and lists peers of their kind."""

    policy: Policy
    rule: Rule
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AddRule:
    """One more rule in a policy that already isolates the pods in that direction."""

    policy: Policy
    allows: Allowance
    before: Rule | None = None
    """The rule that would decide before it, where the order of rules counts; None: it may be the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class AddPolicy:
    """One more policy, beside another. These pods are isolated already in the directions of its rules."""

    beside: Policy
    name: str
    namespace: str
    selects: Selector
    rules: tuple[Allowance, ...]
    dialect: Dialect


@dataclass(frozen=True, slots=True, eq=False)
class TakePorts:
    """Ports out of a rule, where they stand there by themselves; never all of what its place in the text names."""

    policy: Policy
    rule: Rule
    ports: Ports


@dataclass(frozen=True, slots=True, eq=False)
class TakePeers:
    """Peers out of a rule; never its last ones."""

    policy: Policy
    rule: Rule
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TakeRule:
    """All that stands at a rule's place out of a policy; never the last of its direction."""

    policy: Policy
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)
class AddToValue:
    """More peers in a Helm value that is a list of them."""

    path: str
    kind: str
    """How the chart reads the items: `cidr`, or `peer` for whole NetworkPolicyPeers."""
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AddRules:
    """What a policy that could not be read must let through wherever it isolates; only a user can add it."""

    rules: Mapping[str, tuple[Allowance, ...]]
    """By the component whose pods it may isolate."""
    unnamed: tuple[Need, ...] = ()
    """For whom no rule can be written, because nobody said who they are."""
    dialect: Dialect = Dialect.KUBERNETES


PolicyEdit = AddPorts | AddPeers | AddRule | TakePorts | TakePeers | TakeRule
"""What is done to a policy that is there."""

Edit = PolicyEdit | AddPolicy | AddToValue

WRITTEN: Final = frozenset({Dialect.KUBERNETES, Dialect.CILIUM, Dialect.CALICO})
"""The dialects in which whole policies are written: those of `dialects.writers`, which a plan need not load to know."""

MOST: Final = {Dialect.ADMIN: 100, Dialect.CLUSTER: 25}
"""How many rules for a direction an administrator's policy may have, how many peers and ports each of them: the
validation of apis/v1alpha1 and v1alpha2. Rules are put into these; whole ones are not written."""


def addition(edit: AddPorts | AddPeers) -> Allowance:
    """What is new in a rule, as if it were one of its own."""
    if isinstance(edit, AddPorts):
        return Allowance(edit.rule.direction, (), edit.ports, edit.http)
    return Allowance(edit.rule.direction, edit.peers, EVERY_PORT)


def takes_peers(policy: Policy, rule: Rule, peers: tuple[Peer, ...]) -> bool:
    """Whether a rule can have these peers beside its own, so that nothing but its ports are opened to them.

    A rule of Cilium's lists peers of one kind, and all that it says of ports is for each of them. One of Calico's has
    one selector, or networks of one family.
    """
    if policy.dialect is Dialect.CILIUM:
        alone = sum(one.place == rule.place for one in policy.rules(rule.direction)) == 1
        return alone and len({sort_of(one) for one in (*rule.peers, *peers)}) == 1
    if policy.dialect is Dialect.CALICO:
        return _is_plain(rule) and (_by_selector(rule.peers, peers) or _by_network((*rule.peers, *peers)))
    return policy.dialect is Dialect.KUBERNETES


def takes_ports(policy: Policy, rule: Rule, ports: Ports) -> bool:
    """Whether a rule can have these ports beside its own. One of Calico's has one protocol, and may except ports."""
    if policy.dialect is not Dialect.CALICO:
        return True
    protocols = {one.protocol for one in rule.named} | {protocol for protocol, _, _ in rule.ports.ranges}
    mine = {protocol for protocol, _, _ in ports.ranges}
    return _is_plain(rule) and protocols == mine and len(mine) == 1


def _is_plain(rule: Rule) -> bool:
    """Whether a rule of Calico's is for all pods of its policy and whole ports, and excepts none."""
    whole = rule.about == EVERYONE and rule.http is None and rule.doubt is None
    return whole and not rule.but and not rule.but_named


def _by_selector(known: tuple[Peer, ...], more: tuple[Peer, ...]) -> bool:
    """Whether one selector can mean them all: pods of the policy's own namespace."""
    return len(known) == 1 and all(isinstance(one, Pods) and one.namespaces is None for one in (*known, *more))


def _by_network(peers: tuple[Peer, ...]) -> bool:
    blocks = [one for one in peers if isinstance(one, Block) and not one.excepted]
    return len(blocks) == len(peers) and len({one.network.version for one in blocks}) == 1


def sort_of(peer: Peer) -> object:
    """Peers of one sort can stand in one list of Cilium's: pods, entities, networks, networks with holes."""
    return type(peer), isinstance(peer, Block) and bool(peer.excepted)
