"""What each network plugin makes of traffic that does not come from a pod.

Kubernetes leaves it to the plugin how a node's own traffic looks to a NetworkPolicy
(https://kubernetes.io/docs/concepts/services-networking/network-policies/, "What you can't do"), so this is
a table of facts about plugins. Where we do not know the plugin, every one of these answers is possible.
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.model.labels import Match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.model.endpoints import Network


class Dialect(Enum):
    """An API that policies are written in, by the name of whose it is."""

    KUBERNETES = "Kubernetes"
    CILIUM = "Cilium"
    CALICO = "Calico"
    ADMIN = "AdminNetworkPolicy"
    """AdminNetworkPolicy and BaselineAdminNetworkPolicy."""
    CLUSTER = "ClusterNetworkPolicy"


PLAIN: Final = frozenset({Dialect.KUBERNETES})


class Cni(NamedTuple):
    """A network plugin, as far as policies go."""

    name: str
    note: str
    """What a report says about it."""
    enforces: frozenset[Dialect] = PLAIN
    """The dialects that it reads; none: it enforces no policy."""
    own_node: Match = Match.YES
    """Whether a node's own traffic to its pods passes whatever the policies say."""
    own_node_addresses: tuple[Network, ...] | None = None
    """What that traffic's source looks like where it does not pass anyway, as if from outside of the cluster; None:
    the node's own address."""
    nodes_by_address: Match = Match.YES
    """Whether an ipBlock can match a node or the API server."""
    pods_by_address: Match = Match.YES
    """Whether an ipBlock can match a pod."""
    tunnels: bool = True
    """Whether a node that calls a pod of another one may come by the address of a tunnel, which is none of its own."""
    admin: Mapping[Dialect, str] = MappingProxyType({})
    """Of the administrator's dialects that it reads, what that depends on: they are young, and often switched off."""


# https://network-policy-api.sigs.k8s.io/implementations/
_ADMIN_OF_CALICO: Final = {
    Dialect.ADMIN: "Calico does so in its releases 3.29 to 3.31, and the baseline's from 3.30 on",
    Dialect.CLUSTER: "Calico does so from its release 3.32 on",
}
_WITH_CALICO: Final = PLAIN | {Dialect.CALICO, *_ADMIN_OF_CALICO}
_FELIX: Final = "lets a node reach its own pods, and sees other nodes by their node or tunnel address"

CNIS: Final = {
    cni.name: cni
    for cni in (
        # Felix accepts host-to-local-workload traffic by default (Calico: "Configure Felix",
        # DefaultEndpointToHostAction concerns the other way; workload chains skip traffic from the host).
        Cni("calico", f"Calico {_FELIX}.", _WITH_CALICO, admin=_ADMIN_OF_CALICO),
        Cni("canal", f"Canal enforces with Calico's Felix: it {_FELIX}.", _WITH_CALICO, admin=_ADMIN_OF_CALICO),
        # Nodes and the API server have identities (host, remote-node, kube-apiserver), which CIDR rules do not
        # match unless policy-cidr-match-mode says so (Cilium: "Network Policy", and "Layer 3 Policies", IP/CIDR
        # based). What a node sends to its own pods is let in (there, "Access to/from local host"); but in a cluster
        # iSCSI was seen to come from 169.254.0.0/16, of the identity `world`, and was dropped
        # (longhorn/longhorn#13802, and Longhorn's article on it: others may see another source).
        Cni(
            "cilium",
            "Cilium knows nodes and the API server by identity, which an ipBlock matches only if its "
            "policy-cidr-match-mode says so. It lets a node reach its own pods, but was seen to take a node's iSCSI "
            "for traffic from 169.254.0.0/16, outside of the cluster.",
            PLAIN | {Dialect.CILIUM, Dialect.CLUSTER},
            own_node=Match.MAYBE,
            own_node_addresses=(IPv4Network("169.254.0.0/16"),),
            nodes_by_address=Match.MAYBE,
            pods_by_address=Match.NO,
            tunnels=False,
            # cilium/cilium#47227: from 1.20 on, where k8sClusterNetworkPolicy.enabled is set.
            admin={Dialect.CLUSTER: "new releases of Cilium do so where k8sClusterNetworkPolicy.enabled is set"},
        ),
        # network_policy_controller.go: traffic from the pod's own node is accepted first.
        Cni(
            "kube-router",
            "kube-router lets a node reach its own pods, and sees other nodes by their address.",
        ),
        # What a node sends to its own pods is marked and let in first (antrea-io/antrea#1816).
        Cni(
            "antrea",
            "Antrea lets a node reach its own pods, and sees other nodes by their address.",
            PLAIN | {Dialect.ADMIN},
            # Antrea's documentation, "AdminNetworkPolicy API Support in Antrea".
            admin={Dialect.ADMIN: "Antrea does so where its feature gate AdminNetworkPolicy is on"},
        ),
        Cni(
            "flannel",
            "Flannel alone enforces no policy, so none of this has an effect. K3s adds kube-router's policy "
            "controller to it: pass --cni kube-router there.",
            enforces=frozenset(),
        ),
        Cni(
            "none",
            "Without a network plugin that enforces policies, none of this has an effect.",
            enforces=frozenset(),
        ),
        Cni(
            "unknown",
            "The network plugin is not known, so what it makes of traffic from nodes is not known either; "
            "--cni settles it.",
            frozenset(Dialect),
            own_node=Match.MAYBE,
            nodes_by_address=Match.MAYBE,
            pods_by_address=Match.MAYBE,
        ),
    )
}

NATIVE: Final = {Dialect.CILIUM: CNIS["cilium"], Dialect.CALICO: CNIS["calico"]}
"""The plugin whose own dialect it is: whoever writes policies in it runs that plugin."""
