"""How a policy names what is no pod, in the words of the dialect that it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.longhorn.release import EndpointKind
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Entity, Host, Role
from lhmigrate.model.labels import Match
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.model.cni import Cni

ENTITIES: Final = {
    Role.API_SERVER: (Entity.KUBE_APISERVER,),
    Role.OTHER_NODE: (Entity.HOST, Entity.REMOTE_NODE),
    Role.OWN_NODE: (Entity.HOST,),
}
"""Cilium's names for nodes, by whose node it is. Another node is one that the pod might as well run on: where it does,
Cilium lets it in by itself, unless its allow-localhost says `policy`."""

_CALLED: Final = {
    Entity.KUBE_APISERVER: "the API server",
    Entity.HOST: "nodes",
    Entity.REMOTE_NODE: "nodes",
    Entity.WORLD: "whatever is outside of the cluster",
}
_BY_KIND: Final = {EndpointKind.API_SERVER: Role.API_SERVER, EndpointKind.NODE: Role.OTHER_NODE}


def new_kind(cni: Cni) -> str:
    """The kind of a policy that somebody on that network plugin would write."""
    return "CiliumNetworkPolicy" if own_dialect(cni) is Dialect.CILIUM else "NetworkPolicy"


def own_dialect(cni: Cni) -> Dialect:
    """The dialect in which somebody on that network plugin would write policies."""
    return Dialect.CILIUM if Dialect.CILIUM in cni.enforces and cni.name != "unknown" else Dialect.KUBERNETES


def host(end: Host, direction: Direction | None, cni: Cni) -> str:
    """What to write in a rule for a node or the API server."""
    if new_kind(cni) == "CiliumNetworkPolicy" and end.role in ENTITIES:
        return _field(ENTITIES[end.role], direction)
    if end.by_address is Match.NO or (end.by_address is Match.MAYBE and cni.name != "unknown"):
        return f"in a rule that names nobody: on {cni.name}, an ipBlock may not match it"
    if not end.addresses:
        return "by ipBlock: it is not a pod"
    shown = [str(network) for network in end.addresses[:3]]
    listed = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
    return f"ipBlock {listed}" + (" and more" if len(end.addresses) > 3 else "")


def parts(named: Sequence[Entity], direction: Direction, dialect: Dialect) -> str:
    """Several parts of a cluster, and what to write for them. In Calico's dialect that is a Service."""
    called = dict.fromkeys(_CALLED.get(one, f"the entity {one.value}") for one in named)
    field = "by the Service kubernetes" if dialect is Dialect.CALICO else _field(named, direction)
    return f"{' and '.join(called)} ({field})"


def _field(named: Sequence[Entity], direction: Direction | None) -> str:
    # Documentation/security/policy/layer3.rst, "Entities based": there, calls arrive by way of worker nodes.
    tunnelled = Entity.KUBE_APISERVER in named and direction is Direction.INGRESS
    listed = ", ".join(one.value for one in named)
    return f"{entities(direction)}: [{listed}]" + ("; on AKS and GKE, cluster" if tunnelled else "")


def entities(direction: Direction | None) -> str:
    """The field of Cilium's that names entities."""
    return "toEntities" if direction is Direction.EGRESS else "fromEntities"


def kinds(found: Sequence[EndpointKind], direction: Direction | None) -> str:
    """What to write for several kinds of ends at once, in Cilium's words."""
    roles = [_BY_KIND[kind] for kind in found if kind in _BY_KIND]
    names = dict.fromkeys(one.value for role in roles for one in ENTITIES[role])
    return f"{entities(direction)}: [{', '.join(names)}]"
