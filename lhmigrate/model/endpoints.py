"""The two ends of a flow as a policy sees them: pods, a node's own traffic, and what lies outside.

A policy can name pods by their labels and everything else by its address. What we do not know of an end
(an address, a label, what a CNI makes of a node) is kept as unknown, never filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final

from lhmigrate.model.labels import NOTHING_KNOWN, Labels, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = IPv4Network | IPv6Network


class Entity(Enum):
    """A part of the cluster, or of the world beyond it, that some plugins know by name (Cilium: "Entities based")."""

    HOST = "host"
    """The node that the pod of the policy runs on."""
    REMOTE_NODE = "remote-node"
    KUBE_APISERVER = "kube-apiserver"
    CLUSTER = "cluster"
    """Every pod and every node."""
    WORLD = "world"
    """Whatever is not in the cluster."""
    INGRESS = "ingress"
    """The plugin's own ingress controller."""
    OTHER = "other"
    """Parts that are an end of no flow of Longhorn's: health checks, pods that have no identity yet."""


class Role(Enum):
    """Which node a host's traffic is from or to, as seen from the pod at the other end."""

    OWN_NODE = "own node"
    OTHER_NODE = "other node"
    API_SERVER = "API server"
    STRANGER = "stranger"
    """The own node, whose traffic looks as if it came from outside of the cluster."""


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
    known_as: str = ""
    """What those of its labels that say who it is say of it, if it carries them: CoreDNS calls itself something with
    `dns`. Empty: nothing is known of that."""

    def is_part(self, entity: Entity) -> Match:
        """Whether it belongs to that part: as a pod, to the cluster only."""
        return Match.YES if entity is Entity.CLUSTER else Match.NO


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """Traffic from or to a node itself: kubelet, the API server, kernel clients of iSCSI, NVMe and NFS."""

    name: str
    exempt: Match
    """Whether the CNI lets it through whatever the policies say."""
    addresses: tuple[Network, ...] | None = None
    by_address: Match = Match.MAYBE
    """Whether an ipBlock can match it: some CNIs know nodes by identity only."""
    role: Role = Role.OTHER_NODE
    besides: tuple[Labels, ...] = ()
    """The labels of Longhorn's own pods, none of which it is."""

    def is_part(self, entity: Entity) -> Match:
        """Whether it belongs to that part, by its role."""
        return _PARTS.get((self.role, entity), Match.NO)


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
    not_in: str | None = None
    """Longhorn's namespace, which it is not in."""

    def is_part(self, entity: Entity) -> Match:
        """Whether it belongs to that part: to the world, or perhaps to any."""
        if self.may_be_pod:
            return Match.NO if entity is Entity.OTHER else Match.MAYBE
        return Match.YES if entity is Entity.WORLD else Match.NO


Endpoint = Pod | Host | Outside

_PARTS: Final = {
    (Role.OWN_NODE, Entity.HOST): Match.YES,
    (Role.OTHER_NODE, Entity.REMOTE_NODE): Match.YES,
    (Role.STRANGER, Entity.WORLD): Match.YES,
    # A control-plane node is the API server's, too; where every node is one, every node is.
    **{(role, Entity.KUBE_APISERVER): Match.MAYBE for role in (Role.OWN_NODE, Role.OTHER_NODE)},
    **{(role, Entity.CLUSTER): Match.YES for role in (Role.OWN_NODE, Role.OTHER_NODE, Role.API_SERVER)},
    (Role.API_SERVER, Entity.KUBE_APISERVER): Match.YES,
    # It runs on this node, on others, or, as managed clusters have it, outside of the cluster.
    **{(Role.API_SERVER, entity): Match.MAYBE for entity in (Entity.HOST, Entity.REMOTE_NODE, Entity.WORLD)},
}

WHOLE_INTERNET: Final = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
