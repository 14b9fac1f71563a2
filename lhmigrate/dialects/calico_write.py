"""Calico's NetworkPolicy and GlobalNetworkPolicy, the other way: from edits to operations on their data.

What a rule may say is what `calico_rules` reads, from the sources named there. A rule has one protocol, one selector
for its peers, and networks of one family, so that what has more of them becomes several rules. The endpoints of a
Service are for egress alone: what arrives may come from a tunnel, whose address is not among them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.dialects.calico_selector import parse
from lhmigrate.dialects.located import Unwritable, added_to, namespace_beside
from lhmigrate.editing.edits import (
    AddPeers,
    AddPorts,
    AddRule,
    Allowance,
    PolicyEdit,
    TakePeers,
    TakePorts,
    TakeRule,
    addition,
)
from lhmigrate.model.endpoints import Entity
from lhmigrate.model.labels import EVERYTHING, NAME_LABEL, Operator, Requirement
from lhmigrate.model.peers import Block, Everyone, Part, Pods
from lhmigrate.model.policy import DEFAULT, Direction
from lhmigrate.model.ports import EVERY_PORT, FIRST, LAST, Ports
from lhmigrate.yamledit import Append, Insert, Op, Remove, Replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.dialects.located import Located
    from lhmigrate.editing.edits import AddPolicy
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.policy import Policy

Data = dict[str, Any]

CLOSED: Final[tuple[Any, ...]] = ()
"""`types` closes a direction, also where its list of rules is empty."""

_TYPES: Final = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}
_FAR: Final = {Direction.INGRESS: "source", Direction.EGRESS: "destination"}
"""The end of a rule that is the other one, by the direction."""
_NEAR: Final = {Direction.INGRESS: "destination", Direction.EGRESS: "source"}
_NAME: Final = "projectcalico.org/name"
_API_SERVER: Final = {"name": "kubernetes", "namespace": "default"}
_LIST: Final = re.compile(r"(.*[\"'])([ \t]*\}[ \t]*)")
"""An expression that ends with a list, up to its last value, and what follows that."""
_COMPARED: Final = {Operator.CONTAINS: "contains", Operator.STARTS_WITH: "starts with", Operator.ENDS_WITH: "ends with"}
_NOT_COMPARED: Final = {
    Operator.DOES_NOT_CONTAIN: "contains",
    Operator.DOES_NOT_START_WITH: "starts with",
    Operator.DOES_NOT_END_WITH: "ends with",
}


def ops(edit: PolicyEdit, found: Located) -> list[Op]:
    """What to do to a policy's data. Raises `Unwritable` where they are too unusual to change."""
    match edit:
        case AddPorts():
            route = _listing(found, (*found.to(edit.rule.place), "destination"), "ports")
            return [Append(route, tuple(_ports(edit.ports)))]
        case AddPeers():
            return [_with_peers(edit, found)]
        case AddRule():
            return [_with_rule(edit, found)]
        case TakePorts():
            route = _listing(found, (*found.to(edit.rule.place), "destination"), "ports")
            gone = [index for index, item in enumerate(found.at(route)) if _means(item, edit)]
            if not gone:
                raise Unwritable("names these ports together with others; take them out by hand")
            return [Remove((*route, index)) for index in gone]
        case TakePeers():
            raise Unwritable("names its peers by one selector; take them out by hand")
        case TakeRule():
            return [Remove(found.to(edit.rule.place))]


def _listing(found: Located, route: tuple[str | int, ...], key: str) -> tuple[str | int, ...]:
    """The way to a list of a rule that has something in it."""
    within = found.at(route[:-1]).get(route[-1]) or {}
    if not within.get(key):
        raise Unwritable(f"has a rule without {key}, which is left alone")
    return (*route, key)


def _with_peers(edit: AddPeers, found: Located) -> Op:
    """More networks in its list; more pods in its one selector."""
    route = (*found.to(edit.rule.place), _FAR[edit.rule.direction])
    if isinstance(edit.peers[0], Block):
        return Append(_listing(found, route, "nets"), tuple(str(one) for one in edit.peers))
    text = found.at(route)["selector"]
    for one in edit.peers:
        text = _either(text, one.pods if isinstance(one, Pods) else EVERYTHING)
    return Replace((*route, "selector"), text)


def _either(text: str, other: Selector) -> str:
    """An expression that also means what the other selector does: its list with one more value, if it is such a list.

    What is there stays as it is; more is only put in.
    """
    mine, theirs = _single(parse(text)), _single(other)
    listed = _LIST.fullmatch(text)
    if mine is None or theirs is None or mine.key != theirs.key or listed is None:
        return f"{text} || {expression(other)}"
    more = "".join(f", '{value}'" for value in sorted(theirs.values - mine.values))
    return f"{listed[1]}{more}{listed[2]}"


def _single(selector: Selector) -> Requirement | None:
    """The one line of a selector, if that asks for values of a label."""
    if len(selector.requirements) != 1 or selector.alternatives:
        return None
    [line] = selector.requirements
    return line if line.operator is Operator.IN else None


def _with_rule(edit: AddRule, found: Located) -> Op:
    """At its place; and where a `Log` stands in front of what denies, or of the end, in front of that."""
    section = edit.allows.direction.value
    listed = found.data["spec"].get(section) or []
    index = len(listed) if edit.before is None else int(found.to(edit.before.place)[-1])
    while index and listed[index - 1].get("action") == "Log":
        index -= 1
    made = rules(edit.allows, _name_label(found.data))
    if index == len(listed):
        return added_to(found, "spec", section, made)
    return Insert((*found.route, "spec", section, index), tuple(made))


def _means(item: int | str, edit: TakePorts) -> bool:
    """Whether an item of a list of ports means nothing but these."""
    first, _, last = str(item).partition(":")
    if not first.isdecimal():
        return False
    numbers = int(first), int(last or first)
    return Ports.of((protocol, *numbers) for protocol, _, _ in edit.rule.ports.ranges) <= edit.ports


def document(added: AddPolicy, like: Data) -> Data:
    """A whole policy beside another, whose data are `like`: in its API, its tier, and at its order."""
    by_direction: dict[Direction, list[Data]] = {}
    for one in sorted(added.rules, key=lambda one: one.direction is Direction.EGRESS):
        by_direction.setdefault(one.direction, []).extend(rules(one, _name_label(like)))
    made = policy(added.name, namespace_beside(added, like), added.selects, by_direction)
    return {
        **made,
        "apiVersion": like.get("apiVersion", made["apiVersion"]),
        "spec": {**_turn(added.beside), **made["spec"]},
    }


def policy(name: str, namespace: str | None, selects: Selector, rules: Mapping[Direction, Any]) -> Data:
    """A policy that isolates the pods in these directions and lets through what the rules say, given as data."""
    metadata: Data = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    spec: Data = {"selector": expression(selects), "types": [_TYPES[direction] for direction in rules]}
    spec |= {direction.value: found for direction, found in rules.items()}
    return {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _turn(beside: Policy) -> Data:
    """When a policy is asked: as the one beside it."""
    found: Data = {} if beside.tier == DEFAULT else {"tier": beside.tier.name}
    number = next((rule.order.number for rule in (*beside.ingress, *beside.egress)), LAST_OF_ALL)
    if number != LAST_OF_ALL:
        found["order"] = int(number) if number.is_integer() else number
    return found


LAST_OF_ALL: Final = float("inf")


def rules(allowance: Allowance, name: str = _NAME) -> list[Data]:
    """Entries of `ingress` or `egress`: one for each protocol and kind of peer. Raises ValueError for what none says.

    `name` is the label by which namespaces are named.
    """
    far, near = _FAR[allowance.direction], _NEAR[allowance.direction]
    about = _about(allowance, name)
    found: list[Data] = []
    for end in _ends(allowance, name):
        whole = "services" in end and allowance.direction is Direction.EGRESS
        for protocol, listed in [(None, [])] if whole else _by_protocol(allowance.ports):
            rule: Data = {"action": "Allow", **({"protocol": protocol} if protocol else {})}
            ends: Data = {far: dict(end)} if end else {}
            if about:
                ends[near] = dict(about)
            if listed:
                ends["destination"] = {**ends.get("destination", {}), "ports": listed}
            found.append(rule | {key: ends[key] for key in ("source", "destination") if key in ends})
    return found


def part(edit: AddPorts | AddPeers) -> Data:
    """What there is to add to a rule, as it stands in one."""
    if isinstance(edit, AddPorts):
        return {"destination": {"ports": list(_ports(edit.ports))}}
    [end] = _ends(addition(edit), _NAME)
    return {_FAR[edit.rule.direction]: end}


def _about(allowance: Allowance, name: str) -> Data:
    """Which of the pods of its policy a rule is for, where those are not all of them."""
    if allowance.about is None:
        return {}
    return _pods([allowance.about], name)


def _ends(allowance: Allowance, name: str) -> Iterator[Data]:
    """The other ends that rules must name, each by what one rule can say."""
    pods: dict[Selector | None, list[Pods]] = defaultdict(list)
    nets: dict[int, list[str]] = defaultdict(list)
    for peer in allowance.peers or (Everyone(),):
        match peer:
            case Pods():
                pods[peer.namespaces].append(peer)
            case Block() if not peer.excepted:
                nets[peer.network.version].append(str(peer.network))
            case Block():
                yield {"nets": [str(peer.network)], "notNets": [str(hole) for hole in peer.excepted]}
            case Part(Entity.KUBE_APISERVER) if allowance.direction is Direction.EGRESS:
                yield {"services": dict(_API_SERVER)}
            case Everyone():
                yield {}
            case _:
                raise ValueError(f"no rule of Calico's means {peer}")
    for together in pods.values():
        yield _pods(together, name)
    for listed in nets.values():
        yield {"nets": listed}


def _pods(together: list[Pods], name: str) -> Data:
    """Pods of the same namespaces, by one selector."""
    text = expression(together[0].pods)
    for one in together[1:]:
        text = _either(text, one.pods)
    of = together[0].namespaces
    where: Data = {} if of is None else {"namespaceSelector": expression(_called(of, name))}
    return {**where, **({} if where and text == "all()" else {"selector": text})}


def _called(namespaces: Selector, name: str) -> Selector:
    """A selector of namespaces that names them by that label."""
    lines = (
        Requirement(name if one.key == NAME_LABEL else one.key, one.operator, one.values)
        for one in namespaces.requirements
    )
    return type(namespaces)(tuple(lines), namespaces.alternatives)


def _name_label(data: Any) -> str:  # noqa: ANN401 - a policy's data
    """The label by which its author names namespaces: Kubernetes' own where they use that, and else Calico's."""
    waiting = [data.get("spec")]
    while waiting:
        match waiting.pop():
            case str(text) if NAME_LABEL in text:
                return NAME_LABEL
            case dict(inside):
                waiting += inside.values()
            case list(inside):
                waiting += inside
    return _NAME


def expression(selector: Selector) -> str:
    """A selector as Calico's expression."""
    parts = [_line(one) for one in selector.requirements]
    for group in selector.alternatives:
        alternatives = " || ".join(expression(one) for one in group) or "!all()"
        parts.append(f"({alternatives})" if len(selector.alternatives) + len(parts) > 1 else alternatives)
    return " && ".join(parts) or "all()"


def _line(line: Requirement) -> str:
    values = sorted(line.values)
    listed = ", ".join(f"'{value}'" for value in values)
    match line.operator:
        case Operator.EXISTS:
            return f"has({line.key})"
        case Operator.DOES_NOT_EXIST:
            return f"!has({line.key})"
        case Operator.IN:
            return f"{line.key} == {listed}" if len(values) == 1 else f"{line.key} in {{{listed}}}"
        case Operator.NOT_IN:
            return f"{line.key} != {listed}" if len(values) == 1 else f"{line.key} not in {{{listed}}}"
        case operator if operator in _COMPARED:
            return f"{line.key} {_COMPARED[operator]} {listed}"
        case operator:
            return f"!({line.key} {_NOT_COMPARED[operator]} {listed})"


def _by_protocol(wanted: Ports) -> list[tuple[str | None, list[int | str]]]:
    """Ports of each protocol as a rule lists them; none: all of them."""
    if wanted == EVERY_PORT:
        return [(None, [])]
    protocols = dict.fromkeys(protocol for protocol, _, _ in wanted.ranges)
    each = {one: Ports(tuple(part for part in wanted.ranges if part[0] == one)) for one in protocols}
    return [(one, [] if (one, FIRST, LAST) in ports.ranges else list(_ports(ports))) for one, ports in each.items()]


def _ports(wanted: Ports) -> Iterable[int | str]:
    """Ports of one protocol, one by one."""
    return (_port(first, last) for one in wanted.apart() for _, first, last in one.ranges)


def _port(first: int, last: int) -> int | str:
    least = max(first, 1)
    return least if least == last else f"{least}:{last}"
