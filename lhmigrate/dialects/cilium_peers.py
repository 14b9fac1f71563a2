"""Whom Cilium's policies speak of: endpoints by label, entities, addresses, names, Services.

Sources, all of cilium/cilium: how selectors get their namespace (pkg/k8s/apis/cilium.io/utils/utils.go), what the
entities are (pkg/policy/api/entity.go), which combinations are refused (pkg/policy/api/rule_validation.go), what CIDRs,
names and Services mean (Documentation/security/policy/layer3.rst), and which labels policies do not see
(pkg/labelsfilter/filter.go).
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.dialects.common import read_network
from lhmigrate.dialects.kubernetes import read_requirements
from lhmigrate.files.fields import Fields, string, wrong
from lhmigrate.model.endpoints import WHOLE_INTERNET, Entity
from lhmigrate.model.labels import EVERYTHING, NAME_LABEL, Operator, Requirement, Selector
from lhmigrate.model.peers import Block, Everyone, Names, Part, Peer, Pods, Unclear
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lhmigrate.files.yamltext import Node

_NAMESPACE: Final = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
_OF_PODS_UNSEEN: Final = ("io.cilium.k8s.policy.",)
"""What Cilium itself puts on pods, and no manifest of theirs shows: service account and cluster."""
# filter.go, defaultLabelPrefixCfg: left out of what policies see, unless Cilium's configuration says otherwise.
_LEFT_OUT: Final = re.compile(
    r"io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index"
    r"|batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid|.*beta\.kubernetes\.io|k8s\.io"
    r"|pod-template-generation|pod-template-hash|controller-revision-hash|annotation|controller-uid|etcd_node"
)
_RESERVED: Final = "reserved:"
_ENTITIES: Final = {
    "host": Entity.HOST,
    "remote-node": Entity.REMOTE_NODE,
    "kube-apiserver": Entity.KUBE_APISERVER,
    "cluster": Entity.CLUSTER,
    "world": Entity.WORLD,
    "world-ipv4": Entity.WORLD,
    "world-ipv6": Entity.WORLD,
    "ingress": Entity.INGRESS,
    "init": Entity.OTHER,
    "health": Entity.OTHER,
    "unmanaged": Entity.OTHER,
}
_BY_FAMILY: Final = frozenset({"world-ipv4", "world-ipv6"})
_NODES: Final = (Part(Entity.HOST), Part(Entity.REMOTE_NODE), Part(Entity.KUBE_APISERVER))
_WITHOUT: Final = frozenset({Operator.NOT_IN, Operator.DOES_NOT_EXIST})
_NO_PODS: Final = (*_NODES, Part(Entity.WORLD), Part(Entity.INGRESS), Part(Entity.OTHER))
_ABROAD: Final = (Part(Entity.WORLD), Part(Entity.KUBE_APISERVER))

Home = Selector | None
"""The namespaces that a selector means which names none: all of them, or, with None, the policy's own."""


class Endpoints(NamedTuple):
    """An EndpointSelector, taken apart: Cilium has one set of labels for a pod, its namespace and what is neither."""

    pods: Selector
    namespaces: Selector
    reserved: tuple[Requirement, ...] = ()
    unseen: tuple[Requirement, ...] = ()
    """Lines about labels that we do not know of any pod, or that Cilium does not see."""

    def peer(self, home: Home) -> Peer:
        """Whom it means in a rule: pods of the policy's own namespace, unless it speaks of namespaces itself."""
        if self.reserved:
            return self._part()
        pods = Pods(self.pods, self.namespaces or home)
        if not self.unseen:
            return pods
        return Unclear((pods,), f"those of {pods} with {', '.join(map(str, self.unseen))}")

    @property
    def may_be_no_pod(self) -> bool:
        """Whether it speaks of namespaces and asks for no label that only pods have: then nodes and the world fit, too.

        A selector gets its own namespace only where it names none (utils.go, getEndpointSelector).
        """
        lines = (*self.pods.requirements, *self.namespaces.requirements, *self.unseen)
        return bool(self.namespaces) and all(line.operator in _WITHOUT for line in lines)

    def _part(self) -> Peer:
        line = self.reserved[0]
        alone = len(self.reserved) == 1 and not (self.pods or self.namespaces or self.unseen)
        entity = _ENTITIES.get(line.key.removeprefix(_RESERVED))
        known = entity is not None and line.key.removeprefix(_RESERVED) not in _BY_FAMILY
        if alone and entity is not None and known and line.operator in {Operator.IN, Operator.EXISTS}:
            return Part(entity)
        return Unclear()


def read_endpoints(node: Node) -> Endpoints:
    """An EndpointSelector. The sources `k8s:` and `any:` mean the same for pods, and may be left out."""
    pods, namespaces, reserved, unseen = [], [], [], []
    for line in read_requirements(node):
        key = line.key.removeprefix("k8s:").removeprefix("any:")
        requirement = Requirement(key, line.operator, line.values)
        if key.startswith(_RESERVED):
            reserved.append(requirement)
        elif key == _NAMESPACE:
            namespaces.append(replace(requirement, key=NAME_LABEL))
        elif key.startswith(_NAMESPACE_LABELS):
            namespaces.append(replace(requirement, key=key.removeprefix(_NAMESPACE_LABELS)))
        elif ":" in key or key.startswith(_OF_PODS_UNSEEN) or _LEFT_OUT.match(key):
            unseen.append(requirement)
        else:
            pods.append(requirement)
    return Endpoints(Selector(tuple(pods)), Selector(tuple(dict.fromkeys(namespaces))), tuple(reserved), tuple(unseen))


class Meant(NamedTuple):
    """Whom a rule speaks of."""

    fields: tuple[str, ...]
    """The fields that say so; none: it names nobody."""
    peers: tuple[Peer, ...]
    nobody: bool = False
    """Whether one of its lists is there and empty: then nobody is meant (pkg/policy/api/ingress.go)."""


def read_peers(rule: Fields, direction: Direction, home: Home) -> Meant:
    """The peers of a rule, from all its fields for them."""
    prefix = "from" if direction is Direction.INGRESS else "to"
    names, peers, nobody = [], [], False
    for suffix, read in _FIELDS.items():
        nodes = rule.items(f"{prefix}{suffix}")
        if nodes is not None:
            names.append(f"{prefix}{suffix}")
            nobody = nobody or not nodes
            peers += [peer for node in nodes for peer in read(node, home)]
    if direction is Direction.EGRESS:
        named = rule.items("toFQDNs")
        if named is not None:
            names.append("toFQDNs")
            nobody = nobody or not named
            peers.append(Names(tuple(_name(node) for node in named)))
    return Meant(tuple(names), () if nobody else tuple(peers), nobody)


def read_requires(rule: Fields, direction: Direction, home: Home) -> tuple[Peer, ...]:
    """Those that `fromRequires` or `toRequires` leave a chance; none: it is not there.

    They take away from what every rule for the same endpoints lets through by label (layer3.rst, "Additional Label
    Requirements"). Cilium dropped them in 1.19: there the field cannot hold them (pkg/policy/api/ingress.go).
    """
    return tuple(read_endpoints(node).peer(home) for node in rule.items(requires(direction)) or ())


def requires(direction: Direction) -> str:
    """The field that says so."""
    return "fromRequires" if direction is Direction.INGRESS else "toRequires"


def _endpoints(node: Node, home: Home) -> Iterator[Peer]:
    found = read_endpoints(node)
    yield found.peer(home)
    if found.may_be_no_pod:
        yield Unclear(_NO_PODS, "whatever is no pod")


def _entity(node: Node, _: Home) -> Iterator[Peer]:
    name = string(node, "an entity")
    if name == "all":
        yield Everyone()
    elif name in _BY_FAMILY:
        # Where a cluster has one family only, nobody is known by it (pkg/labels/cidr.go, AddWorldLabel).
        yield Unclear((Part(Entity.WORLD),), f"the entity {name}")
    elif name in _ENTITIES:
        yield Part(_ENTITIES[name])
    elif name != "none":
        raise wrong(node, f"the entities are all, none, {', '.join(_ENTITIES)}, not {name!r}")


def _cidr(node: Node, _: Home) -> Iterator[Peer]:
    text = string(node, "a CIDR")
    try:
        yield Block(ip_network(text)) if "/" not in text else Block(read_network(node))
    except ValueError:
        raise wrong(node, f"{text!r} is neither an address nor a CIDR like 10.0.0.0/8") from None


def _cidr_set(node: Node, _: Home) -> Iterator[Peer]:
    fields = Fields(node, "CIDR set")
    cidr, group, labelled = fields.get("cidr"), fields.get("cidrGroupRef"), fields.get("cidrGroupSelector")
    holes = [(item, read_network(item)) for item in fields.items("except") or ()]
    if cidr is not None:
        network = read_network(cidr)
        for item, hole in holes:
            if hole.version != network.version or not hole.subnet_of(network):  # type: ignore[arg-type]
                raise wrong(item, f"except must lie within {network}")
        # All of it excepted is nothing: a Block cannot say that, and nobody is meant.
        if all(hole != network for _, hole in holes):
            yield Block(network, tuple(hole for _, hole in holes))
    elif group is not None or labelled is not None:
        called = f"the CIDR group {string(group, 'cidrGroupRef')}" if group is not None else "some CIDR groups"
        yield Unclear(tuple(Block(network) for network in WHOLE_INTERNET), called)
    else:
        raise wrong(node, "a CIDR set has a cidr, a cidrGroupRef or a cidrGroupSelector")


def _nodes(_node: Node, _: Home) -> Iterator[Peer]:
    # Nodes are told apart only where Cilium runs with enable-node-selector-labels (layer3.rst, "Node based").
    yield Unclear(_NODES, "some nodes")


def _groups(_node: Node, _: Home) -> Iterator[Peer]:
    yield Unclear((*_ABROAD, *_NODES), "a cloud provider's groups")


def _service(node: Node, home: Home) -> Iterator[Peer]:
    fields = Fields(node, "Service")
    named, selected = fields.fields("k8sService"), fields.fields("k8sServiceSelector")
    one = named or selected
    if one is None:
        raise wrong(node, "toServices names a k8sService or a k8sServiceSelector")
    namespace = one.string("namespace") or ""
    name = one.string("serviceName") or "" if named else "by label"
    if (namespace, name) == ("default", "kubernetes"):
        # Its endpoints are addresses, and mean the API server only where it is no node (layer3.rst, "Services based").
        yield Unclear((Part(Entity.KUBE_APISERVER),), "the Service kubernetes")
        return
    where = Selector((Requirement(NAME_LABEL, Operator.IN, frozenset({namespace})),)) if namespace else EVERYTHING
    pods = Pods(EVERYTHING, where or home)
    yield Unclear((pods, *_ABROAD), f"the Service {namespace}/{name}" if namespace else f"the Service {name}")


def _name(node: Node) -> str:
    fields = Fields(node, "toFQDNs item")
    name = fields.string("matchName") or fields.string("matchPattern")
    if name is None:
        raise wrong(node, "an item of toFQDNs has a matchName or a matchPattern")
    return name


_FIELDS: Final[dict[str, Callable[[Node, Home], Iterator[Peer]]]] = {
    "Endpoints": _endpoints,
    "Entities": _entity,
    "CIDR": _cidr,
    "CIDRSet": _cidr_set,
    "Nodes": _nodes,
    "Groups": _groups,
    "Services": _service,
}
