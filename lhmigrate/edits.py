"""Changes to policies and Helm values, in the words of policies: the text comes later, in each dialect's own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lhmigrate.cni import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.labels import Selector
    from lhmigrate.needs import Need
    from lhmigrate.peers import Peer
    from lhmigrate.policy import Direction, Policy, Rule
    from lhmigrate.ports import Ports


@dataclass(frozen=True, slots=True, eq=False)
class AddPorts:
    """More ports in a rule that already names the peer."""

    policy: Policy
    rule: Rule
    ports: Ports


@dataclass(frozen=True, slots=True, eq=False)
class AddPeers:
    """More peers in a rule that already has these ports."""

    policy: Policy
    rule: Rule
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AddRule:
    """One more rule in a policy that already isolates the pods in that direction."""

    policy: Policy
    direction: Direction
    peers: tuple[Peer, ...]
    ports: Ports


@dataclass(frozen=True, slots=True, eq=False)
class Allowance:
    """One rule of a policy that is yet to be written."""

    direction: Direction
    peers: tuple[Peer, ...]
    """None at all: everyone."""
    ports: Ports


@dataclass(frozen=True, slots=True, eq=False)
class AddPolicy:
    """One more policy, beside one that already isolates these pods in the directions of its rules."""

    beside: Policy
    name: str
    selects: Selector
    rules: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TakePorts:
    """Ports out of a rule, where they stand there by themselves; never its last ones."""

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
    """A whole rule out of a policy; never the last one of its direction."""

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


PolicyEdit = AddPorts | AddPeers | AddRule | TakePorts | TakePeers | TakeRule
"""What is done to a policy that is there."""

Edit = PolicyEdit | AddPolicy | AddToValue

WRITTEN: Final = frozenset({Dialect.KUBERNETES})
"""The dialects whose policies can be edited: those of `dialects.writers`, which a plan need not load to know that."""
