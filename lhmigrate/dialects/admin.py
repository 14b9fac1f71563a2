"""The cluster administrator's policies, `policy.networking.k8s.io`.

AdminNetworkPolicy and BaselineAdminNetworkPolicy are of v1alpha1; ClusterNetworkPolicy, of v1alpha2, is both.

Sources: kubernetes-sigs/network-policy-api, apis/v1alpha1 and apis/v1alpha2 (the types' own documentation and their
validation). Policies of the admin tier are asked before NetworkPolicies and those of the baseline tier after them, for
pods that none isolates; within a tier the lower priority is asked first, and the API leaves open which of two with the
same priority counts. The first rule that matches decides; a policy without rules for a direction does nothing there,
and what no rule matches goes on. A peer without a known field must be treated so that nothing is let through by
mistake ("fail closed"); what a plugin makes of that is unknown here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.dialects.common import Kind, nothing_left, read_metadata, read_network, read_number
from lhmigrate.dialects.kubernetes import read_selector
from lhmigrate.errors import Problem, Unreadable
from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Entity
from lhmigrate.model.labels import EVERYTHING, Selector
from lhmigrate.model.peers import Block, Everyone, Part, Peer, Pods, Unclear
from lhmigrate.model.policy import ADMIN, BASELINE, Action, Direction, NamedPort, Order, Outline, Policy, Rule, Tier
from lhmigrate.model.ports import EVERY_PORT, PROTOCOLS, Ports, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.files.yamltext import Node

_GROUP: Final = "policy.networking.k8s.io"
_ADMIN_ACTIONS: Final = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_BASELINE_ACTIONS: Final = {"Allow": Action.ALLOW, "Deny": Action.DENY}
_CLUSTER_ACTIONS: Final = {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_TIERS: Final = {"Admin": ADMIN, "Baseline": BASELINE}
_PEERS: Final = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_LOWEST: Final = 1_000
"""The highest number that a priority may be."""
_NODES: Final = (Part(Entity.HOST), Part(Entity.REMOTE_NODE), Part(Entity.KUBE_APISERVER))
_ABROAD: Final = (Part(Entity.WORLD), Part(Entity.KUBE_APISERVER))
"""Where a domain name may lead to."""


class _Shape(NamedTuple):
    """How a kind writes its rules."""

    actions: Mapping[str, Action]
    ports: str
    """The field that narrows a rule to protocols and ports."""
    dialect: Dialect = Dialect.ADMIN


_ADMIN: Final = _Shape(_ADMIN_ACTIONS, "ports")
_BASELINE: Final = _Shape(_BASELINE_ACTIONS, "ports")
_CLUSTER: Final = _Shape(_CLUSTER_ACTIONS, "protocols", Dialect.CLUSTER)


def read_admin(document: Fields) -> tuple[Policy, ...]:
    """An AdminNetworkPolicy. Raises `Unreadable` where the API server would refuse it or we cannot follow."""
    spec = _spec(document, "v1alpha1")
    return _read(document, spec, ADMIN, _priority(spec), _ADMIN)


def read_baseline(document: Fields) -> tuple[Policy, ...]:
    """A BaselineAdminNetworkPolicy, of which a cluster has only one. Raises `Unreadable` likewise."""
    if read_metadata(document).name != "default":
        raise wrong(document.node, "a BaselineAdminNetworkPolicy is named default, and no cluster takes another")
    return _read(document, _spec(document, "v1alpha1"), BASELINE, 0, _BASELINE)


def read_cluster(document: Fields) -> tuple[Policy, ...]:
    """A ClusterNetworkPolicy. Raises `Unreadable` likewise."""
    spec = _spec(document, "v1alpha2")
    tier = spec.need("tier")
    name = string(tier, "tier")
    if name not in _TIERS:
        raise wrong(tier, f"the tier is {' or '.join(_TIERS)}, not {name!r}")
    return _read(document, spec, _TIERS[name], _priority(spec), _CLUSTER)


def outline(document: Fields) -> Outline:
    """Whom a policy is about that cannot be read, as far as that much can be."""
    try:
        pods, namespaces = _subject(Fields(document.need("spec"), "spec"))
        return Outline(pods, namespaces=namespaces)
    except Unreadable:
        return Outline(namespaces=EVERYTHING)


def _spec(document: Fields, version: str) -> Fields:
    if document.string("apiVersion") not in {None, f"{_GROUP}/{version}"}:
        raise wrong(document.node, f"of this kind we know {_GROUP}/{version} only")
    return Fields(document.need("spec"), "spec")


def _priority(spec: Fields) -> int:
    node = spec.need("priority")
    value = scalar(node) if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LOWEST:
        raise wrong(node, f"priority is a number from 0 to {_LOWEST}")
    return value


def _read(document: Fields, spec: Fields, tier: Tier, priority: int, shape: _Shape) -> tuple[Policy, ...]:
    metadata = read_metadata(document)
    pods, namespaces = _subject(spec)
    ingress, egress = (
        tuple(_rule(node, direction, shape, Order(priority)) for node in spec.items(direction.value) or ())
        for direction in (Direction.INGRESS, Direction.EGRESS)
    )
    nothing_left(spec, document.string("apiVersion") or "")
    return (
        Policy(
            kind=document.string("kind") or "",
            name=metadata.name,
            namespace=None,
            place=document.node.place,
            selects=pods,
            isolates=frozenset(),
            ingress=ingress,
            egress=egress,
            dialect=shape.dialect,
            tier=tier,
            namespaces=namespaces,
            owned_by_helm=metadata.owned_by_helm,
        ),
    )


def _subject(spec: Fields) -> tuple[Selector, Selector]:
    """The pods, and the namespaces, that a policy is about."""
    fields = Fields(spec.need("subject"), "subject")
    return _pods(fields, _only(fields, ("namespaces", "pods")))


def _only(fields: Fields, known: tuple[str, ...]) -> str:
    """The one field that an object has, of which it must have exactly one."""
    found = [key for key in known if fields.get(key) is not None]
    if len(found) != 1 or fields.rest():
        raise wrong(fields.node, f"{fields.what} has exactly one of {', '.join(known)}")
    return found[0]


def _pods(fields: Fields, which: str) -> tuple[Selector, Selector]:
    if which == "namespaces":
        return EVERYTHING, read_selector(fields.need(which))
    inner = Fields(fields.need(which), which)
    pods, namespaces = read_selector(inner.need("podSelector")), read_selector(inner.need("namespaceSelector"))
    nothing_left(inner, _GROUP)
    return pods, namespaces


# ---------------------------------------------------------------------------------------------------
# Rules.


def _rule(node: Node, direction: Direction, shape: _Shape, order: Order) -> Rule:
    fields = Fields(node, f"{direction.value} rule")
    fields.string("name")
    action = fields.need("action")
    named = string(action, "action")
    if named not in shape.actions:
        raise wrong(action, f"the action is one of {', '.join(shape.actions)}, not {named!r}")
    peers, doubt = _peers(fields, direction)
    ports, names = _ports(fields, shape)
    for key in fields.rest():
        doubt = doubt or Problem(key.place, "the rule has a field that this version does not know")
    return Rule(
        direction=direction,
        peers=peers,
        ports=ports,
        named=names,
        place=node.place,
        action=shape.actions[named],
        order=order,
        doubt=doubt,
    )


def _peers(fields: Fields, direction: Direction) -> tuple[tuple[Peer, ...], Problem | None]:
    """The peers, and why somebody else may be meant, too."""
    key = _PEERS[direction]
    nodes = fields.items(key)
    if not nodes:
        raise wrong(fields.node, f"{key} is missing or empty; a rule for everyone names all namespaces, or networks")
    peers: list[Peer] = []
    doubt = None
    for node in nodes:
        try:
            peers += _peer(Fields(node, "peer"), direction)
        except Unreadable as error:
            peers.append(Everyone())
            doubt = doubt or error.problem
    return tuple(peers), doubt


def _peer(fields: Fields, direction: Direction) -> tuple[Peer, ...]:
    known = ("namespaces", "pods")
    which = _only(fields, known if direction is Direction.INGRESS else (*known, "nodes", "networks", "domainNames"))
    match which:
        case "networks":
            return tuple(Block(read_network(node)) for node in fields.items(which) or ())
        case "nodes":
            return (Unclear(_NODES, f"nodes with {read_selector(fields.need(which))}"),)
        case "domainNames":
            names = ", ".join(string(node, "a domain name") for node in fields.items(which) or ())
            return (Unclear(_ABROAD, f"the domain names {names}"),)
        case _:
            pods, namespaces = _pods(fields, which)
            return (Pods(pods, namespaces),)


def _ports(fields: Fields, shape: _Shape) -> tuple[Ports, tuple[NamedPort, ...]]:
    """A missing list means every port; an empty one is refused."""
    nodes = fields.items(shape.ports)
    if nodes is None:
        return EVERY_PORT, ()
    if not nodes:
        raise wrong(fields.node, f"{shape.ports} is empty; leave it out to mean every port")
    read = _port if shape is not _CLUSTER else _protocol
    ranges, names = [], []
    for node in nodes:
        port = read(Fields(node, "port"))
        if isinstance(port, NamedPort):
            names.append(port)
        else:
            ranges.append(port)
    return Ports.of(ranges), tuple(names)


def _port(fields: Fields) -> Range | NamedPort:
    """An item of v1alpha1's `ports`."""
    which = _only(fields, ("portNumber", "namedPort", "portRange"))
    if which == "namedPort":
        return NamedPort(string(fields.need(which), which), None)
    inner = Fields(fields.need(which), which)
    protocol = inner.string("protocol") or "TCP"
    if protocol not in PROTOCOLS:
        raise wrong(inner.node, f"the protocol is one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    first = read_number(inner.need("port" if which == "portNumber" else "start"), 1)
    last = first if which == "portNumber" else read_number(inner.need("end"), first)
    nothing_left(inner, _GROUP)
    return (protocol, first, last)


def _protocol(fields: Fields) -> Range | NamedPort:
    """An item of v1alpha2's `protocols`."""
    which = _only(fields, ("tcp", "udp", "sctp", "destinationNamedPort"))
    if which == "destinationNamedPort":
        return NamedPort(string(fields.need(which), which), None)
    inner = Fields(fields.need(which), which)
    port = Fields(inner.need("destinationPort"), "destinationPort")
    nothing_left(inner, _GROUP)
    if _only(port, ("number", "range")) == "number":
        first = last = read_number(port.need("number"), 1)
    else:
        numbers = Fields(port.need("range"), "range")
        first = read_number(numbers.need("start"), 1)
        last = read_number(numbers.need("end"), first + 1)
        nothing_left(numbers, _GROUP)
    return (which.upper(), first, last)


KINDS: Final = {
    "AdminNetworkPolicy": Kind(Dialect.ADMIN, read_admin, outline, cluster_wide=True),
    "BaselineAdminNetworkPolicy": Kind(Dialect.ADMIN, read_baseline, outline, cluster_wide=True),
    "ClusterNetworkPolicy": Kind(Dialect.CLUSTER, read_cluster, outline, cluster_wide=True),
}
