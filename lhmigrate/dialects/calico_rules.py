"""The rules of Calico's policies, `projectcalico.org/v3`: whom each means, on which ports, and what it does.

The sources are those that `calico` names. All criteria of a rule must hold together: the protocol, the ports, and of
each end its selectors, networks, service account or Service; and none of the negated ones may.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.dialects.calico_labels import Subject, TooMixedError, may_mean_outsiders, of_namespaces, split
from lhmigrate.dialects.calico_selector import read_expression
from lhmigrate.dialects.common import read_network
from lhmigrate.errors import Problem
from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.endpoints import WHOLE_INTERNET, Entity
from lhmigrate.model.http import HttpRule
from lhmigrate.model.labels import EVERYTHING, Selector
from lhmigrate.model.peers import EVERYONE, Block, Part, Peer, Pods, Those, Unclear, Unseen
from lhmigrate.model.policy import Action, Direction, NamedPort, Order, Rule
from lhmigrate.model.ports import EVERY_PORT, LAST, PROTOCOLS, Ports

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node
    from lhmigrate.model.endpoints import Network

_ACTIONS: Final = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
_LOG: Final = "Log"
_NUMBERS: Final = {6: "TCP", 17: "UDP", 132: "SCTP"}
_WITHOUT_PORTS: Final = ("ICMP", "ICMPv6", "UDPLite")
# numorstring/port.go: digits are a number, two with a colon are a range, and anything else is a name.
_RANGE: Final = re.compile(r"(\d+)(?::(\d+))?", re.ASCII)
_PORT_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_GLOBAL: Final = re.compile(r"[ \t]*global\([ \t]*\)[ \t]*")
_API_SERVER: Final = ("default", "kubernetes")
"""The Service that Kubernetes itself makes for the API server."""


class Scope(NamedTuple):
    """What the rules of one policy have in common."""

    namespaced: bool
    """Whether a selector without a namespaceSelector means the policy's own namespace."""
    order: Order


def read_rules(nodes: list[Node] | None, direction: Direction, scope: Scope) -> tuple[Rule, ...]:
    """The rules of one direction, in the order in which Calico asks them. `Log` decides nothing, so it makes none."""
    return tuple(rule for node in nodes or () for rule in _rule(node, direction, scope))


def _rule(node: Node, direction: Direction, scope: Scope) -> tuple[Rule, ...]:
    fields = Fields(node, f"{direction.value} rule")
    action = fields.need("action")
    named = string(action, "action")
    if named != _LOG and named not in _ACTIONS:
        raise wrong(action, f"the action is one of {', '.join((*_ACTIONS, _LOG))}, not {named!r}")
    into = direction is Direction.INGRESS
    source = _end(fields, "source", scope, services=into)
    destination = _end(fields, "destination", scope, services=not into)
    near, far = (destination, source) if into else (source, destination)
    transport = _transport(fields, numbers=bool(source.numbers or destination.numbers))
    _one_family((*source.networks, *destination.networks, *_family(fields)), node)
    http = _http(fields, allows=named == "Allow" and into)
    but = destination.but.ranges_in(transport.ports)
    rule = Rule(
        direction=direction,
        peers=_all_of((*far.groups, *((Block(one),) for one in _family(fields))), far.none),
        about=_all_of(near.groups, near.none),
        ports=destination.ports.within(transport.ports) - but,
        named=destination.ports.named(transport.protocol),
        but=but,
        but_named=destination.but.named(transport.protocol),
        place=node.place,
        action=_ACTIONS.get(named, Action.PASS),
        order=scope.order,
        doubt=_doubt(fields, source, destination),
    )
    if named == _LOG:
        return ()
    return (rule,) if http is None else _looking_into_http(rule, http)


# ---------------------------------------------------------------------------------------------------
# Protocols and ports.


class _Transport(NamedTuple):
    """The protocols that a rule is about, as ports."""

    ports: Ports = EVERY_PORT
    protocol: str | None = None
    """The one protocol in which a port's name counts; None: in any."""


def _transport(fields: Fields, *, numbers: bool) -> _Transport:
    positive, negative = fields.get("protocol"), fields.get("notProtocol")
    protocol = _protocol(positive) if positive is not None else None
    ports = _every_port_of(protocol) if positive is not None else EVERY_PORT
    if negative is not None:
        ports -= _every_port_of(_protocol(negative))
    if numbers and protocol not in PROTOCOLS:
        raise wrong(fields.node, "a rule with ports must say whether its protocol is TCP, UDP or SCTP")
    if fields.get("icmp") is not None and protocol not in {"ICMP", "ICMPv6"}:
        raise wrong(fields.node, "icmp goes with the protocol ICMP or ICMPv6 only")
    # Of what is ICMP no flow of ours is, whatever its type.
    fields.get("notICMP")
    return _Transport(ports, protocol)


def _protocol(node: Node) -> str:
    """A protocol by its name; by its number where we have no name for it."""
    value = scalar(node) if isinstance(node, Scalar) else None
    if isinstance(value, str) and value in (*PROTOCOLS, *_WITHOUT_PORTS):
        return value
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 255:
        known = ", ".join((*PROTOCOLS, *_WITHOUT_PORTS))
        raise wrong(node, f"a protocol is one of {known}, or a number from 1 to 255")
    return _NUMBERS.get(number, str(number))


def _every_port_of(protocol: str | None) -> Ports:
    return Ports(tuple(one for one in EVERY_PORT.ranges if one[0] == protocol))


class _PortList(NamedTuple):
    """A list of ports; without any, every port."""

    ranges: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()

    def within(self, transport: Ports) -> Ports:
        """The ports by number, in the given protocols; without a list, all of theirs."""
        return self.ranges_in(transport) if self.ranges or self.names else transport

    def ranges_in(self, transport: Ports) -> Ports:
        """The ports by number, in the given protocols."""
        return Ports.of((protocol, *one) for protocol, _, _ in transport.ranges for one in self.ranges)

    def named(self, protocol: str | None) -> tuple[NamedPort, ...]:
        """The ports by name."""
        return tuple(NamedPort(name, protocol) for name in self.names)


def _port_list(nodes: list[Node] | None) -> _PortList:
    ranges, names = [], []
    for node in nodes or ():
        value = scalar(node) if isinstance(node, Scalar) else None
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        found = _RANGE.fullmatch(text)
        if found:
            first, last = int(found[1]), int(found[2] or found[1])
            if not 1 <= first <= last <= LAST:
                raise wrong(node, f"a port is a number from 1 to {LAST}, and a range rises")
            ranges.append((first, last))
        elif isinstance(value, str) and _PORT_NAME.fullmatch(value):
            names.append(value)
        else:
            raise wrong(node, "a port is a number, a range like '80:90', or a name")
    return _PortList(tuple(ranges), tuple(names))


# ---------------------------------------------------------------------------------------------------
# The two ends.


class _End(NamedTuple):
    """What a rule asks of its source or its destination."""

    groups: tuple[tuple[Peer, ...], ...] = ()
    """Of each, it must be one."""
    none: tuple[Peer, ...] = ()
    """And none of these."""
    ports: _PortList = _PortList()
    but: _PortList = _PortList()
    networks: tuple[Network, ...] = ()
    strange: Problem | None = None
    """A field that we do not know."""

    @property
    def numbers(self) -> bool:
        """Whether it names ports by number, positively or not."""
        return bool(self.ports.ranges or self.but.ranges)


def _end(rule: Fields, key: str, scope: Scope, *, services: bool) -> _End:
    fields = rule.fields(key)
    if fields is None:
        return _End()
    selection, none = _selection(fields, scope), _unselected(fields)
    networks, holes = _networks(fields, "nets"), _networks(fields, "notNets")
    ports, but = _port_list(fields.items("ports")), _port_list(fields.items("notPorts"))
    service = fields.fields("services")
    if service is not None:
        if not services:
            raise wrong(service.node, f"services cannot be the {key} here")
        listed = key == "destination" and (ports, but) != (_PortList(), _PortList())
        if selection is not None or none or networks or holes or listed:
            raise wrong(service.node, "services cannot stand beside selectors, nets or ports")
    groups = [
        *((selection,) if selection is not None else ()),
        *((_blocks(networks, holes),) if networks or holes else ()),
        *((_service(service, scope, arriving=key == "source"),) if service is not None else ()),
    ]
    return _End(tuple(groups), none, ports, but, (*networks, *holes), _strange(fields))


def _strange(fields: Fields) -> Problem | None:
    """The first field of an object that nobody asked for."""
    for key in fields.rest():
        name = key.text if isinstance(key, Scalar) else ""
        return Problem(key.place, f"{fields.what} has a field {name!r}, which this version does not know")
    return None


def _selection(fields: Fields, scope: Scope) -> tuple[Peer, ...] | None:
    """Whom the positive selectors mean; None where there are none."""
    selector, namespaces = _expression(fields, "selector"), fields.string("namespaceSelector") or None
    accounts = _accounts(fields)
    # rules.go: a namespaced policy stays in its namespace as soon as it selects at all, if only with notSelector.
    negative = scope.namespaced and bool(fields.string("notSelector"))
    if selector is None and namespaces is None and not accounts and not negative:
        return None
    wanted = selector or EVERYTHING
    if namespaces is not None and "global(" in namespaces:
        if not _GLOBAL.fullmatch(namespaces):
            raise wrong(fields.need("namespaceSelector"), "global() stands alone, or not at all")
        return (Unclear(_BY_ADDRESS, f"the network sets and hosts with {wanted}"),)
    of = _expression(fields, "namespaceSelector")
    peers = _pods(wanted, of, fields, namespaced=scope.namespaced, accounts=accounts)
    if not accounts and not (scope.namespaced and of is None) and may_mean_outsiders(wanted, of):
        return (*peers, Unseen(wanted))
    return peers


_BY_ADDRESS: Final = tuple(Block(network) for network in WHOLE_INTERNET)


def _unselected(fields: Fields) -> tuple[Peer, ...]:
    """Whom notSelector excludes: in every namespace, also in a namespaced policy (rules.go takes it as it is)."""
    selector = _expression(fields, "notSelector")
    if selector is None:
        return ()
    peers = _pods(selector, None, fields, namespaced=False, accounts=False)
    return (*peers, Unseen(selector)) if may_mean_outsiders(selector, None) else peers


def _expression(fields: Fields, key: str) -> Selector | None:
    """A selector's field; None where it is missing or empty."""
    node = fields.get(key)
    if node is None or string(node, key) == "":
        return None
    if key != "namespaceSelector" and "global(" in string(node, key):
        raise wrong(node, f"global() goes with namespaceSelector, not with {key}")
    return read_expression(node, key)


def _pods(
    selector: Selector, namespaces: Selector | None, fields: Fields, *, namespaced: bool, accounts: bool
) -> tuple[Peer, ...]:
    try:
        subjects = split(selector)
    except TooMixedError:
        raise wrong(fields.node, "mixes labels of pods and of namespaces in too many ways to follow") from None
    own = namespaced and namespaces is None
    return tuple(_pods_of(subject, namespaces, own=own, accounts=accounts) for subject in subjects)


def _pods_of(subject: Subject, namespaces: Selector | None, *, own: bool, accounts: bool) -> Peer:
    peer: Peer
    if own:
        peer = Pods(subject.pods)
        if subject.namespaces:
            peer = Those(((peer,), (Pods(EVERYTHING, subject.namespaces),)))
    else:
        peer = Pods(subject.pods, subject.namespaces & of_namespaces(namespaces or EVERYTHING))
    if accounts or subject.depends:
        return Unclear((peer,), f"{peer} that run as some service account")
    return peer


def _accounts(fields: Fields) -> bool:
    """Whether it asks for service accounts, which no policy tells of a pod."""
    accounts = fields.fields("serviceAccounts")
    if accounts is None:
        return False
    names = [string(name, "a name") for name in accounts.items("names") or ()]
    return bool(names) or bool(_expression(accounts, "selector"))


def _service(fields: Fields, scope: Scope, *, arriving: bool) -> tuple[Peer, ...]:
    """The endpoints of a Service, of which only the API server's are known; what it sends may come from a tunnel."""
    name, namespace = fields.string("name"), fields.string("namespace") or None
    if not name:
        raise wrong(fields.node, "services has no name")
    if namespace is None and not scope.namespaced:
        raise wrong(fields.node, "services has no namespace, and this policy is in none")
    if (namespace, name) == _API_SERVER:
        api_server = Part(Entity.KUBE_APISERVER)
        return (Unclear((api_server,), "the endpoints of the API server's Service"),) if arriving else (api_server,)
    where = f" in {namespace}" if namespace is not None else ""
    return (Unclear(called=f"the endpoints of Service {name}{where}"),)


def _networks(fields: Fields, key: str) -> tuple[Network, ...]:
    nodes = fields.items(key) or ()
    networks = tuple(read_network(node) for node in nodes)
    for node, network in zip(nodes, networks, strict=True):
        if key == "notNets" and network in WHOLE_INTERNET:
            raise wrong(node, "notNets cannot leave everything out")
    return networks


def _family(fields: Fields) -> tuple[Network, ...]:
    """All addresses of the family that ipVersion names."""
    node = fields.get("ipVersion")
    if node is None:
        return ()
    version = scalar(node) if isinstance(node, Scalar) else None
    if version not in {4, 6} or isinstance(version, bool):
        raise wrong(node, "ipVersion is 4 or 6")
    return tuple(network for network in WHOLE_INTERNET if network.version == version)


def _one_family(networks: tuple[Network, ...], node: Node) -> None:
    if len({network.version for network in networks}) > 1:
        raise wrong(node, "a rule has networks of IPv4 or of IPv6, not of both")


def _blocks(networks: tuple[Network, ...], holes: tuple[Network, ...]) -> tuple[Peer, ...]:
    """Any of the networks, or any address at all, without the holes."""
    return tuple(
        Block(network, tuple(hole for hole in holes if hole.version == network.version))
        for network in networks or WHOLE_INTERNET
    )


def _all_of(groups: tuple[tuple[Peer, ...], ...], none: tuple[Peer, ...]) -> tuple[Peer, ...]:
    if none or len(groups) > 1:
        return (Those(groups or (EVERYONE,), none),)
    return groups[0] if groups else EVERYONE


# ---------------------------------------------------------------------------------------------------
# What cannot be known.


def _doubt(fields: Fields, source: _End, destination: _End) -> Problem | None:
    """Why nobody can tell for certain whether a rule matches; None: we can."""
    fields.get("metadata")
    if source.ports != _PortList() or source.but != _PortList():
        node = fields.need("source")
        return Problem(node.place, "asks for the port that is sent from, and nobody knows it beforehand")
    return source.strange or destination.strange or _strange(fields)


def _http(fields: Fields, *, allows: bool) -> tuple[HttpRule, ...] | None:
    """The requests that a rule lets through: any of the methods, to any of the paths. None: it does not look."""
    http = fields.fields("http")
    if http is None:
        return None
    if not allows:
        raise wrong(http.node, "http goes with ingress and Allow only")
    methods = "|".join(re.escape(string(method, "a method")) for method in http.items("methods") or ())
    paths = [_path(node) for node in http.items("paths") or ()]
    return tuple(HttpRule(methods, path) for path in paths or [""])


def _path(node: Node) -> str:
    fields = Fields(node, "path")
    exact, prefix = fields.string("exact"), fields.string("prefix")
    if (exact is None) == (prefix is None):
        raise wrong(node, "a path is either exact or a prefix")
    return re.escape(exact) if exact is not None else f"{re.escape(prefix or '')}.*"


def _looking_into_http(rule: Rule, requests: tuple[HttpRule, ...]) -> tuple[Rule, ...]:
    """It lets these requests through, and all others where Calico does not look (felix/calc/rule_scanner.go)."""
    problem = Problem(rule.place, "asks for HTTP requests, into which Calico looks only with application layer policy")
    return replace(rule, http=requests), replace(rule, doubt=rule.doubt or problem)
