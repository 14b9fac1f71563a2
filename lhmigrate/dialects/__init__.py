"""The kinds of policy that there are. Each module translates one API into `lhmigrate.model.policy`; none judges.

A module is loaded when the first policy of its API is met: hardly anybody has more than one or two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.dialects.common import Kind
    from lhmigrate.files.fields import Fields
    from lhmigrate.judging.tiers import Declared

CLUSTER_WIDE: Final = frozenset(
    {
        "CiliumClusterwideNetworkPolicy",
        "GlobalNetworkPolicy",
        "StagedGlobalNetworkPolicy",
        "HostEndpoint",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
    }
)
"""The names of kinds that are in no namespace, for those who want to know without loading anything."""


def policy_kind(group: str, name: str) -> Kind | None:
    """A kind of policy by its API group and name; None: no dialect here has it."""
    match group:
        case "networking.k8s.io":
            from lhmigrate.dialects import kubernetes

            return kubernetes.KINDS.get(name)
        case "cilium.io":
            from lhmigrate.dialects import cilium

            return cilium.KINDS.get(name)
        case "projectcalico.org" | "crd.projectcalico.org":
            from lhmigrate.dialects import calico

            return calico.KINDS[group].get(name)
        case "policy.networking.k8s.io":
            from lhmigrate.dialects import admin

            return admin.KINDS.get(name)
    return None


def tier_reader(group: str, name: str) -> Callable[[Fields], Declared] | None:
    """What reads an object that gives Calico's policies their place; None: it is no such object."""
    if name != "Tier" or group not in {"projectcalico.org", "crd.projectcalico.org"}:
        return None
    from lhmigrate.dialects import calico

    return calico.read_tier
