"""NetworkPolicy, `networking.k8s.io/v1`.

Sources: the API's own documentation (kubernetes/api, networking/v1/types.go), the defaulting of
`policyTypes` (kubernetes/kubernetes, pkg/apis/networking/v1/defaults.go) and the validation that decides
which objects the API server takes at all (pkg/apis/networking/validation/validation.go). An object that it
would refuse is not in force, so reading one raises `Unreadable`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lhmigrate.dialects.common import Kind, nothing_left, read_metadata, read_network, read_number
from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.cni import Dialect
from lhmigrate.model.labels import EVERYTHING, Operator, Requirement, Selector
from lhmigrate.model.peers import EVERYONE, Block, Peer, Pods
from lhmigrate.model.policy import Direction, NamedPort, Outline, Policy, Rule
from lhmigrate.model.ports import EVERY_PORT, FIRST, LAST, PROTOCOLS, Ports, Range

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node

# IANA service names: lower case letters, digits and single dashes, at least one letter, at most 15 characters
# (k8s.io/apimachinery, pkg/util/validation IsValidPortName).
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*")
# k8s.io/apimachinery, pkg/util/validation IsQualifiedName and IsValidLabelValue.
_LABEL_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_VERSION: Final = "networking.k8s.io/v1"
_OPERATORS: Final = {one.value: one for one in (Operator.IN, Operator.NOT_IN, Operator.EXISTS, Operator.DOES_NOT_EXIST)}
_PEERS: Final = {Direction.INGRESS: "from", Direction.EGRESS: "to"}


def read(document: Fields, shipped_by: str | None = None) -> tuple[Policy, ...]:
    """A NetworkPolicy object. Raises `Unreadable` where the API server would refuse it or we cannot follow."""
    metadata = read_metadata(document)
    spec = Fields(document.need("spec"), "spec")
    selector = spec.get("podSelector")
    ingress = _rules(spec, Direction.INGRESS)
    egress = _rules(spec, Direction.EGRESS)
    isolates = _policy_types(spec, has_egress=bool(egress))
    policy = Policy(
        kind="NetworkPolicy",
        name=metadata.name,
        namespace=metadata.namespace,
        place=document.node.place,
        selects=read_selector(selector) if selector is not None else EVERYTHING,
        isolates=isolates,
        # Rules of a direction that is not isolated are ignored, as the API says of policyTypes.
        ingress=ingress if Direction.INGRESS in isolates else (),
        egress=egress if Direction.EGRESS in isolates else (),
        left_out=tuple(rule for rule in (*ingress, *egress) if rule.direction not in isolates),
        owned_by_helm=metadata.owned_by_helm,
        shipped_by=shipped_by,
    )
    nothing_left(spec, _VERSION)
    return (policy,)


def outline(document: Fields) -> Outline:
    """Which pods a policy is about that cannot be read, and in which directions, as far as that much can be."""
    selector, isolates = EVERYTHING, frozenset(Direction)
    try:
        spec = Fields(document.need("spec"), "spec")
        if spec.get("policyTypes") is not None:
            isolates = _policy_types(spec, has_egress=True)
        node = spec.get("podSelector")
        selector = read_selector(node) if node is not None else EVERYTHING
    except Unreadable:
        pass
    return Outline(selector, isolates)


def _policy_types(spec: Fields, *, has_egress: bool) -> frozenset[Direction]:
    """Defaulted as the API server does: Ingress always, Egress where there is an egress rule.

    `egress: []` has no rule, so it does not add Egress: defaults.go looks at the list's length.
    """
    written = spec.items("policyTypes")
    if not written:
        return frozenset({Direction.INGRESS, Direction.EGRESS} if has_egress else {Direction.INGRESS})
    if len(written) > 2:
        raise wrong(written[2], "policyTypes may not hold more than two")
    known = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
    found: set[Direction] = set()
    for node in written:
        value = string(node, "a policy type")
        if value not in known:
            raise wrong(node, f"policyTypes knows Ingress and Egress, not {value!r}")
        found.add(known[value])
    return frozenset(found)


def _rules(spec: Fields, direction: Direction) -> tuple[Rule, ...]:
    key = direction.value
    return tuple(_rule(node, direction) for node in spec.items(key) or ())


def _rule(node: Node, direction: Direction) -> Rule:
    if isinstance(node, Scalar) and scalar(node) is None:
        raise wrong(node, "an empty item would let everyone in; write {} if that is meant")
    fields = Fields(node, f"{direction.value} rule")
    peers = fields.items(_PEERS[direction])
    ports, named = _ports(fields.items("ports"))
    rule = Rule(
        direction=direction,
        # Both a missing and an empty list of peers mean everyone.
        peers=tuple(_peer(peer) for peer in peers) if peers else EVERYONE,
        ports=ports,
        named=named,
        place=node.place,
    )
    nothing_left(fields, _VERSION)
    return rule


def _peer(node: Node) -> Peer:
    fields = Fields(node, "peer")
    pods, namespaces, block = (
        fields.get("podSelector"),
        fields.get("namespaceSelector"),
        fields.get("ipBlock"),
    )
    nothing_left(fields, _VERSION)
    if block is not None:
        if pods is not None or namespaces is not None:
            raise wrong(node, "a peer with an ipBlock may not have selectors too")
        return _block(block)
    if pods is None and namespaces is None:
        raise wrong(node, "a peer must have a podSelector, a namespaceSelector or an ipBlock")
    return Pods(
        pods=read_selector(pods) if pods is not None else EVERYTHING,
        namespaces=read_selector(namespaces) if namespaces is not None else None,
    )


def _block(node: Node) -> Block:
    fields = Fields(node, "ipBlock")
    network = read_network(fields.need("cidr"))
    excepted = []
    for item in fields.items("except") or ():
        hole = read_network(item)
        if hole.version != network.version or hole == network or not hole.subnet_of(network):  # type: ignore[arg-type]
            raise wrong(item, f"except must lie within {network}, and be less than all of it")
        excepted.append(hole)
    nothing_left(fields, _VERSION)
    return Block(network, tuple(excepted))


def _ports(nodes: list[Node] | None) -> tuple[Ports, tuple[NamedPort, ...]]:
    """Both a missing and an empty list of ports mean every port."""
    if not nodes:
        return EVERY_PORT, ()
    ranges, named = [], []
    for node in nodes:
        port = _port(node)
        if isinstance(port, NamedPort):
            named.append(port)
        else:
            ranges.append(port)
    return Ports.of(ranges), tuple(named)


def _port(node: Node) -> Range | NamedPort:
    fields = Fields(node, "port")
    protocol = fields.string("protocol")
    if protocol is None:
        protocol = "TCP"
    if protocol not in PROTOCOLS:
        raise wrong(node, f"the protocol is one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    port, end = fields.get("port"), fields.get("endPort")
    nothing_left(fields, _VERSION)
    if port is None:
        if end is not None:
            raise wrong(end, "endPort needs a port to start from")
        return (protocol, FIRST, LAST)
    if not isinstance(port, Scalar):
        raise wrong(port, "port must be a number or a name")
    first = scalar(port)
    if isinstance(first, str):
        if end is not None:
            raise wrong(end, "endPort goes with a number, not with a named port")
        if len(first) > 15 or not _PORT_NAME.fullmatch(first):
            raise wrong(port, f"{first!r} is a string, so it must be a port's name; a number stands without quotes")
        return NamedPort(first, protocol)
    least = read_number(port, 1)
    return (protocol, least, read_number(end, least) if end else least)


def read_selector(node: Node) -> Selector:
    """A `LabelSelector`."""
    requirements = read_requirements(node)
    for requirement in requirements:
        _well_formed(requirement, node)
    return Selector(requirements)


def read_requirements(node: Node) -> tuple[Requirement, ...]:
    """The lines of a `LabelSelector`, whatever its keys look like."""
    fields = Fields(node, "selector")
    requirements = [
        Requirement(key, Operator.IN, frozenset({value})) for key, value in fields.strings("matchLabels").items()
    ]
    requirements.extend(_expression(item) for item in fields.items("matchExpressions") or ())
    nothing_left(fields, _VERSION)
    return tuple(requirements)


def _well_formed(requirement: Requirement, node: Node) -> None:
    prefix, slash, name = requirement.key.rpartition("/")
    if not _LABEL_NAME.fullmatch(name) or (slash and not (len(prefix) <= 253 and _LABEL_PREFIX.fullmatch(prefix))):
        raise wrong(node, f"{requirement.key!r} cannot be the key of a label")
    for value in sorted(requirement.values):
        if value and not _LABEL_NAME.fullmatch(value):
            raise wrong(node, f"{value!r} cannot be the value of a label")


def _expression(node: Node) -> Requirement:
    fields = Fields(node, "matchExpressions item")
    key = string(fields.need("key"), "key")
    operator = string(fields.need("operator"), "operator")
    values = frozenset(string(value, "a value") for value in fields.items("values") or ())
    nothing_left(fields, _VERSION)
    if operator not in _OPERATORS:
        raise wrong(node, f"the operator is one of {', '.join(_OPERATORS)}, not {operator!r}")
    needs_values = _OPERATORS[operator] in {Operator.IN, Operator.NOT_IN}
    if needs_values != bool(values):
        raise wrong(node, f"{operator} needs values" if needs_values else f"{operator} takes no values")
    return Requirement(key, _OPERATORS[operator], values)


KINDS: Final = {"NetworkPolicy": Kind(Dialect.KUBERNETES, read, outline, denies=False)}
