"""How a policy names what is no pod, in the words of the dialect that it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.cni import Dialect
from lhmigrate.endpoints import Host, Role
from lhmigrate.labels import Match
from lhmigrate.policy import Direction
from lhmigrate.release import EndpointKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.cni import Cni

_ENTITIES: Final = {Role.API_SERVER: "kube-apiserver", Role.OTHER_NODE: "remote-node", Role.OWN_NODE: "host"}
_BY_KIND: Final = {EndpointKind.API_SERVER: "kube-apiserver", EndpointKind.NODE: "remote-node"}


def new_kind(cni: Cni) -> str:
    """The kind of a policy that somebody on that network plugin would write."""
    return "CiliumNetworkPolicy" if Dialect.CILIUM in cni.enforces and cni.name != "unknown" else "NetworkPolicy"


def host(end: Host, direction: Direction | None, cni: Cni) -> str:
    """What to write in a rule for a node or the API server."""
    if new_kind(cni) == "CiliumNetworkPolicy" and end.role in _ENTITIES:
        # Documentation/security/policy/layer3.rst, "Entities based": there, calls arrive by way of worker nodes.
        tunnelled = end.role is Role.API_SERVER and direction is Direction.INGRESS
        return f"{entities(direction)}: [{_ENTITIES[end.role]}]" + ("; on AKS and GKE, cluster" if tunnelled else "")
    if end.by_address is Match.NO or (end.by_address is Match.MAYBE and cni.name != "unknown"):
        return f"in a rule that names nobody: on {cni.name}, an ipBlock may not match it"
    if not end.addresses:
        return "by ipBlock: it is not a pod"
    shown = [str(network) for network in end.addresses[:3]]
    listed = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
    return f"ipBlock {listed}" + (" and more" if len(end.addresses) > 3 else "")


def entities(direction: Direction | None) -> str:
    """The field of Cilium's that names entities."""
    return "toEntities" if direction is Direction.EGRESS else "fromEntities"


def kinds(found: Sequence[EndpointKind], direction: Direction | None) -> str:
    """What to write for several kinds of ends at once, in Cilium's words."""
    names = dict.fromkeys(_BY_KIND[kind] for kind in found if kind in _BY_KIND)
    return f"{entities(direction)}: [{', '.join(names)}]"
