"""The kinds of policy we can read. Each module translates one API into `lhmigrate.policy`; none judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.dialects import kubernetes

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.fields import Fields
    from lhmigrate.labels import Selector
    from lhmigrate.policy import Direction, Policy

READERS: dict[tuple[str, str], Callable[[Fields], Policy]] = {
    ("networking.k8s.io", "NetworkPolicy"): kubernetes.read,
}
"""By API group and kind."""

OUTLINES: dict[tuple[str, str], Callable[[Fields], tuple[Selector, frozenset[Direction]]]] = {
    ("networking.k8s.io", "NetworkPolicy"): kubernetes.outline,
}
"""What is left to know of a policy where its reader gives up: the pods it is about, and the directions."""

FOREIGN: dict[tuple[str, str], str] = {
    ("cilium.io", "CiliumNetworkPolicy"): "Cilium's",
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): "Cilium's",
    ("projectcalico.org", "NetworkPolicy"): "Calico's",
    ("projectcalico.org", "GlobalNetworkPolicy"): "Calico's",
    ("crd.projectcalico.org", "NetworkPolicy"): "Calico's",
    ("crd.projectcalico.org", "GlobalNetworkPolicy"): "Calico's",
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): "the cluster administrator's",
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): "the cluster administrator's",
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): "the cluster administrator's",
}
"""Policies that decide about the same pods and that we cannot judge yet."""

CLUSTER_WIDE: frozenset[str] = frozenset(
    {
        "CiliumClusterwideNetworkPolicy",
        "GlobalNetworkPolicy",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
    }
)
"""Kinds that are in no namespace. Where one names a namespace all the same, the API server drops it."""
