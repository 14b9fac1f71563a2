"""The two ends of a flow as a policy sees them: pods, a node's own traffic, and what lies outside.

A policy can name pods by their labels and everything else by its address. What we do not know of an end
(an address, a label, what a CNI makes of a node) is kept as unknown, never filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

from lhmigrate.labels import NOTHING_KNOWN, Labels, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, eq=False)
class Pod:
    """A pod of one component, or of somebody else's workload as far as it is known."""

    name: str
    """What it is called in a report."""
    namespace: str | None
    """None: in some namespace that we do not know."""
    labels: Labels
    namespace_labels: Labels = NOTHING_KNOWN
    ports: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Declared container ports by name, as (protocol, port)."""
    ports_known: bool = True
    """Whether `ports` are all it declares."""
    addresses: tuple[Network, ...] | None = None
    """Its addresses, or networks that hold it; None: not known."""
    by_address: Match = Match.MAYBE
    """Whether an ipBlock can match a pod at all: CNIs differ (`cni`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """Traffic from or to a node itself: kubelet, the API server, kernel clients of iSCSI, NVMe and NFS."""

    name: str
    exempt: Match
    """Whether the CNI lets it through whatever the policies say."""
    addresses: tuple[Network, ...] | None = None
    by_address: Match = Match.MAYBE
    """Whether an ipBlock can match it: some CNIs know nodes by identity only."""


@dataclass(frozen=True, slots=True, eq=False)
class Outside:
    """Something that is neither Longhorn's pod nor a node: in another namespace, or outside the cluster."""

    name: str
    addresses: tuple[Network, ...] | None = None
    may_be_pod: bool = True
    """Whether it could run in this cluster, so that a pod selector could match it."""
    by_address: Match = Match.YES
    assumed: frozenset[object] = frozenset()
    """Peers of the user's rules that we take to mean it, because they can hardly mean anyone else."""
    besides: tuple[Labels, ...] = ()
    """The labels of Longhorn's own pods, none of which it is."""


Endpoint = Pod | Host | Outside

WHOLE_INTERNET: Final = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
