"""`toPorts` of Cilium's policies: ports, and what may be said on them.

Sources, all of cilium/cilium: pkg/policy/api/l4.go and rule_validation.go (numbers in quotes, names, port 0, ANY, at
most forty, and what is refused), and Documentation/security/policy/layer7.rst (a list of rules lets through what fits
one of them; an empty list lets everything through; HTTP, Kafka and DNS rules need a proxy that understands what
passes). `endPort` beside a name is ignored, says layer4.rst there; pkg/policy/l4.go makes a range of both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Problem
from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.http import HttpRule
from lhmigrate.model.policy import Direction, NamedPort
from lhmigrate.model.ports import EVERY_PORT, FIRST, LAST, NO_PORT, PROTOCOLS, Ports

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node

_MOST: Final = 40
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:-?[A-Za-z0-9])*")
_PORT_0: Final = Ports.of((one, 0, 0) for one in PROTOCOLS)
_WITHOUT_PORTS: Final = frozenset({"ICMP", "ICMPv6", "VRRP", "IGMP"})
_PROXIED: Final = {
    "terminatingTLS": "ends TLS in Cilium's proxy",
    "originatingTLS": "begins TLS in Cilium's proxy",
    "serverNames": "looks at the names that TLS asks for",
    "listener": "hands the traffic to a listener of Envoy's",
}


class PortRule(NamedTuple):
    """One item of `toPorts`."""

    ports: Ports
    named: tuple[NamedPort, ...] = ()
    http: tuple[HttpRule, ...] | None = None
    doubt: Problem | None = None
    looks_inside: bool = False
    """Whether it has rules for what is said on the ports."""
    reads_dns: bool = False
    refused: Problem | None = None
    """Why Cilium may refuse the whole policy, as some of its releases do."""


def read_port_rule(node: Node, direction: Direction) -> PortRule:
    """Raises `Unreadable` where Cilium or the API server would refuse it."""
    fields = Fields(node, "toPorts item")
    written = fields.items("ports") or []
    if len(written) > _MOST:
        raise wrong(written[_MOST], f"toPorts takes at most {_MOST} ports")
    rule = PortRule(NO_PORT)
    for item in written:
        rule = _with_port(rule, item)
    if not written:
        rule = PortRule(EVERY_PORT, doubt=Problem(node.place, "names no ports, and what that means is not documented"))
    for key, does in _PROXIED.items():
        found = fields.get(key)
        if found is not None and key == "listener" and direction is Direction.INGRESS:
            raise wrong(found, "a listener is for what goes out")
        if found is not None:
            rule = rule._replace(doubt=Problem(node.place, f"{does} ({key}), which cannot be judged"))
    rules = fields.fields("rules")
    if rules is not None:
        rule = _with_rules(rule, rules, direction)
    for unknown in fields.rest():
        rule = rule._replace(doubt=unknown_field(unknown, "toPorts"))
    return rule


def unknown_field(key: Node, where: str) -> Problem:
    """What a field that we do not know may mean."""
    name = key.text if isinstance(key, Scalar) else ""
    return Problem(
        key.place, f"has a field {name!r} in {where} that is not known here; Cilium may refuse, drop or heed it"
    )


def _with_port(rule: PortRule, node: Node) -> PortRule:
    """The same for one port more."""
    fields = Fields(node, "port")
    protocol = fields.string("protocol") or "ANY"
    if protocol in _WITHOUT_PORTS:
        said = f"names {protocol} under toPorts, for which some releases of Cilium refuse the whole policy"
        return rule._replace(refused=Problem(node.place, said))
    if protocol != "ANY" and protocol not in PROTOCOLS:
        raise wrong(node, f"the protocol is one of {', '.join(PROTOCOLS)} or ANY, not {protocol!r}")
    protocols = PROTOCOLS if protocol == "ANY" else (protocol,)
    # The number stands in quotes: the API server refuses it otherwise.
    written = fields.need("port")
    port, end = string(written, "port"), fields.get("endPort")
    for unknown in fields.rest():
        raise wrong(unknown, "a port has a port, an endPort and a protocol, and nothing else")
    if not port.isdecimal() or not port.isascii():
        if len(port) > 15 or not _NAME.fullmatch(port):
            raise wrong(written, f"{port!r} is neither a port's number nor its name")
        named = NamedPort(port.lower(), None if protocol == "ANY" else protocol)
        rule = rule._replace(named=(*rule.named, named))
        if end is None:
            return rule
        doubt = Problem(end.place, "has an endPort beside a name, which is documented as ignored, and is not")
        upto = Ports.of((one, FIRST, _end(end, FIRST)) for one in protocols)
        return rule._replace(ports=rule.ports | upto, doubt=doubt)
    if port != port.lstrip("0") and port != "0":
        raise wrong(written, "zeros before a number make it octal to Cilium; write it without")
    first = int(port)
    if first > LAST:
        raise wrong(written, f"a port is a number from {FIRST} to {LAST}")
    last = _end(end, first) if end is not None else first
    if end is not None and not first and last:
        # pkg/policy/portrange.go makes a range of it, and its documentation does not know it.
        said = "has an endPort beside port 0, which alone means every port"
        rule = rule._replace(doubt=Problem(end.place, said))
    # Port 0 stands for every port of the protocol.
    return rule._replace(ports=rule.ports | Ports.of((one, first, last if first else LAST) for one in protocols))


def _end(node: Node, first: int) -> int:
    value = scalar(node) if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST or 0 < value < first:
        raise wrong(node, f"endPort is a number from {first} to {LAST} here")
    return value or first


def _with_rules(rule: PortRule, rules: Fields, direction: Direction) -> PortRule:
    """The same for what passes the layer 7 rules only."""
    http, dns = rules.items("http"), rules.items("dns")
    other = [key for key in ("kafka", "l7proto", "l7") if rules.get(key) is not None]
    if (http is not None) + (dns is not None) + bool(other) > 1:
        raise wrong(rules.node, "rules of one kind only stand beside the same ports")
    if dns and direction is Direction.INGRESS:
        raise wrong(rules.node, "DNS rules are for what goes out")
    if dns and any(last > first for _, first, last in rule.ports.ranges):
        raise wrong(rules.node, "DNS rules stand beside single ports")
    if (http or dns or other) and rule.ports.meets(_PORT_0):
        raise wrong(rules.node, "rules of layer 7 stand beside real ports, and 0 is none")
    for unknown in rules.rest():
        return rule._replace(doubt=unknown_field(unknown, "rules"), looks_inside=True)
    if other:
        doubt = Problem(rules.node.place, f"looks into what is said on its ports ({other[0]}), which cannot be judged")
        return rule._replace(doubt=doubt, looks_inside=True)
    if http:
        if any(protocol != "TCP" for protocol, _, _ in rule.ports.ranges):
            raise wrong(rules.node, "HTTP rules stand beside TCP ports only: say protocol: TCP")
        refused = next(filter(None, map(_unusual, http)), rule.refused)
        return rule._replace(http=tuple(_http(item) for item in http), looks_inside=True, refused=refused)
    if dns:
        return _with_dns(rule, rules.node, dns)
    return rule


def _http(node: Node) -> HttpRule:
    fields = Fields(node, "HTTP rule")
    method, path = fields.string("method") or "", fields.string("path") or ""
    return HttpRule(method, path, more=bool(fields.rest()))


def _unusual(node: Node) -> Problem | None:
    """Why Cilium may refuse an HTTP rule: an expression that Go may not understand, as Python does not."""
    fields = Fields(node, "HTTP rule")
    for key in ("method", "path"):
        written = fields.string(key)
        try:
            re.compile(written or "")
        except re.error:
            said = f"has a {key} {written!r} that may be no regular expression, for which Cilium refuses the policy"
            return Problem(node.place, said)
    return None


def _with_dns(rule: PortRule, node: Node, items: list[Node]) -> PortRule:
    """Any name may be looked up, or only some; which ones a cluster needs is not known."""
    patterns = [Fields(item, "DNS rule").string("matchPattern") for item in items]
    if "*" in patterns or "**" in patterns:
        return rule._replace(reads_dns=True)
    doubt = Problem(node.place, "lets only some names be looked up, and which ones are needed is not known")
    return rule._replace(doubt=doubt, looks_inside=True, reads_dns=True)
