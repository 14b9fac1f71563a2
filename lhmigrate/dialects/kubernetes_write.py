"""NetworkPolicy, the other way: from edits to operations on `networking.k8s.io/v1` data, and whole policies as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lhmigrate.dialects.located import added_to, namespace_beside
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
from lhmigrate.model.labels import Operator
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.policy import Direction
from lhmigrate.model.ports import EVERY_PORT, FIRST, LAST, Ports
from lhmigrate.yamledit import Append, Op, Remove

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.dialects.located import Located
    from lhmigrate.editing.edits import AddPolicy
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.peers import Peer

Data = dict[str, Any]

PEERS: Final = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
"""The key under which a rule of each direction names its peers."""

CLOSED: Final[tuple[Data, ...]] = ()
"""What a list of rules holds that keeps its direction closed: `policyTypes` does that by itself."""
_TYPES: Final = {Direction.INGRESS: "Ingress", Direction.EGRESS: "Egress"}


def ops(edit: PolicyEdit, found: Located) -> list[Op]:
    """What to do to a policy's data."""
    brief = _brief(found.data["spec"])
    match edit:
        case AddPorts():
            return [Append((*found.to(edit.rule.place), "ports"), tuple(ports(edit.ports, brief=brief)))]
        case AddPeers():
            route = (*found.to(edit.rule.place), PEERS[edit.rule.direction])
            return [Append(route, tuple(peer(one) for one in edit.peers))]
        case AddRule():
            return [added_to(found, "spec", edit.allows.direction.value, [rule(edit.allows, brief=brief)])]
        case TakePorts():
            route = (*found.to(edit.rule.place), "ports")
            return [Remove((*route, index)) for index in _within(found.at(route), edit.ports)]
        case TakePeers():
            route = (*found.to(edit.rule.place), PEERS[edit.rule.direction])
            return [Remove((*route, edit.rule.peers.index(one))) for one in edit.peers]
        case TakeRule():
            return [Remove(found.to(edit.rule.place))]


def _within(items: Iterable[Data], gone: Ports) -> Iterator[int]:
    """The items that mean nothing but these ports."""
    for index, item in enumerate(items):
        first = item.get("port")
        if isinstance(first, int):
            protocol, last = item.get("protocol") or "TCP", item.get("endPort") or first
            if Ports(((protocol, first, last),)) <= gone:
                yield index


def _brief(spec: Data) -> bool:
    """Whether a policy leaves `protocol` out where it is TCP, as its author likes it."""
    rules = [one for direction in Direction for one in spec.get(direction.value) or ()]
    items = [item for one in rules for item in one.get("ports") or ()]
    return bool(items) and not any("protocol" in item for item in items)


def document(added: AddPolicy, like: Data) -> Data:
    """A whole policy beside another, whose data are `like`."""
    brief = _brief(like.get("spec") or {})
    found = {
        direction: [rule(one, brief=brief) for one in added.rules if one.direction is direction]
        for direction in Direction
    }
    return policy(
        added.name, namespace_beside(added, like), added.selects, {one: each for one, each in found.items() if each}
    )


def policy(name: str, namespace: str | None, selects: Selector, rules: Mapping[Direction, Any]) -> Data:
    """A policy that isolates the pods in these directions and lets through what the rules say, given as data."""
    metadata: Data = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    spec: Data = {"podSelector": selector(selects), "policyTypes": [_TYPES[direction] for direction in rules]}
    spec |= {direction.value: found for direction, found in rules.items()}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def rules(allowance: Allowance) -> list[Data]:
    """The entries of `ingress` or `egress` that let it through, and nothing else."""
    return [rule(allowance)]


def part(edit: AddPorts | AddPeers) -> Data:
    """What there is to add to a rule, as it stands in one."""
    return rule(addition(edit))


def rule(allowance: Allowance, *, brief: bool = False) -> Data:
    """One entry of `ingress` or `egress`; without peers it is for everyone, without ports for every one."""
    data: Data = {}
    if allowance.peers:
        data[PEERS[allowance.direction]] = [peer(one) for one in allowance.peers]
    if allowance.ports != EVERY_PORT:
        data["ports"] = list(ports(allowance.ports, brief=brief))
    return data


def peer(named: Peer) -> Data:
    """A NetworkPolicyPeer. Raises ValueError for what none can say."""
    match named:
        case Pods():
            data: Data = {}
            if named.namespaces is not None:
                data["namespaceSelector"] = selector(named.namespaces)
            if named.pods or named.namespaces is None:
                data["podSelector"] = selector(named.pods)
            return data
        case Block():
            block: Data = {"cidr": str(named.network)}
            if named.excepted:
                block["except"] = [str(hole) for hole in named.excepted]
            return {"ipBlock": block}
        case _:
            raise ValueError(f"no NetworkPolicyPeer means {named}")


def selector(wanted: Selector) -> Data:
    """A LabelSelector."""
    single = {
        one.key: next(iter(one.values))
        for one in wanted.requirements
        if one.operator is Operator.IN and len(one.values) == 1
    }
    others = [
        {"key": one.key, "operator": one.operator.value, **({"values": sorted(one.values)} if one.values else {})}
        for one in wanted.requirements
        if one.key not in single
    ]
    return {**({"matchLabels": single} if single else {}), **({"matchExpressions": others} if others else {})}


def ports(wanted: Ports, *, brief: bool = False) -> Iterator[Data]:
    """NetworkPolicyPorts; `brief` leaves out that the protocol is TCP, which it is unless it says otherwise."""
    for protocol, first, last in (part for one in wanted.apart() for part in one.ranges):
        data: Data = {} if brief and protocol == "TCP" and (first, last) != (FIRST, LAST) else {"protocol": protocol}
        if (first, last) != (FIRST, LAST):
            data["port"] = max(first, 1)
            if last > data["port"]:
                data["endPort"] = last
        yield data
