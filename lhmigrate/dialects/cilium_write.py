"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, the other way: from edits to operations on their data.

What a rule may say is what `cilium`, `cilium_peers` and `cilium_ports` read, from the sources named there. A rule is
written with peers of one kind, since Cilium refuses two kinds in one (pkg/policy/api/rule_validation.go), and each
port with its protocol, since a number alone means every protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
from lhmigrate.model.labels import NAME_LABEL, Operator, Requirement
from lhmigrate.model.peers import EVERYONE, Block, Everyone, Part, Pods
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import EVERY_PORT, FIRST, LAST, NO_PORT, PROTOCOLS, Ports
from lhmigrate.yamledit import Append, Op, Remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lhmigrate.dialects.located import Located
    from lhmigrate.editing.edits import AddPolicy
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Rule

Data = dict[str, Any]

_PREFIX: Final = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_NAMESPACE: Final = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
_SOURCE: Final = "k8s:"
_MOST: Final = 40
"""So many ports fit into one item of `toPorts` (pkg/policy/api/rule_validation.go)."""
CLOSED: Final[tuple[Data, ...]] = ({},)
"""What a list of rules holds that keeps its direction closed: a rule for nobody. An empty list isolates nothing, and
`enableDefaultDeny`, which says the same, is unknown to Cilium before 1.16."""
_SPECS: Final = "has its rules under `specs`, which is left alone"


class Spelling(NamedTuple):
    """How somebody writes the keys of selectors: with the source of a label, or without."""

    namespace: str = f"{_SOURCE}{_NAMESPACE}"
    labels: str = ""

    @staticmethod
    def of(data: Any) -> Spelling:  # noqa: ANN401 - a policy's data
        """As it is done in a policy; and where there is none, as in Cilium's documentation."""
        keys = list(_keys(data))
        theirs = next((key for key in keys if key.removeprefix(_SOURCE) == _NAMESPACE), Spelling().namespace)
        with_source = any(key.startswith(_SOURCE) and not key.endswith(_NAMESPACE) for key in keys)
        return Spelling(theirs, _SOURCE if with_source else "")


def _keys(data: Any) -> Iterator[str]:  # noqa: ANN401 - any YAML
    """The keys that the selectors in some data ask for."""
    waiting = [data]
    while waiting:
        match waiting.pop():
            case {"matchLabels": dict(labels), **rest}:
                yield from labels
                waiting.append(rest)
            case {"key": str(key), "operator": _}:
                yield key
            case dict(inside):
                waiting += inside.values()
            case list(inside):
                waiting += inside


def ops(edit: PolicyEdit, found: Located) -> list[Op]:
    """What to do to a policy's data. Raises `Unwritable` where they are too unusual to change."""
    spelling = Spelling.of(found.data)
    match edit:
        case AddPorts():
            return _with_ports(edit, found)
        case AddPeers():
            field = f"{_PREFIX[edit.rule.direction]}{_field(edit.peers[0])}"
            items = tuple(_peer(one, spelling) for one in edit.peers)
            return [Append((*found.to(edit.rule.place), field), items)]
        case AddRule():
            if "spec" not in found.data or found.data.get("specs"):
                raise Unwritable(_SPECS)
            return [added_to(found, "spec", edit.allows.direction.value, rules(edit.allows, spelling))]
        case TakePorts():
            return _without_ports(edit, found)
        case TakePeers():
            route = found.to(edit.rule.place)
            field = _listing(edit.rule, found.at(route))
            return [Remove((*route, field, edit.rule.peers.index(one))) for one in edit.peers]
        case TakeRule():
            return [Remove(found.to(edit.rule.place))]


def _with_ports(edit: AddPorts, found: Located) -> list[Op]:
    """Beside its sisters; but where either is for some requests only, in an item of its own."""
    route = found.to(edit.rule.place)
    if edit.http is not None or edit.rule.http is not None:
        return [Append((*route, "toPorts"), tuple(_to_ports(edit.ports, edit.http)))]
    at = (*route, "toPorts", _number(edit.policy.rules(edit.rule.direction), edit.rule), "ports")
    items = tuple(_ports(edit.ports))
    if len(found.at(at)) + len(items) > _MOST:
        return [Append((*route, "toPorts"), tuple(_to_ports(edit.ports, None)))]
    return [Append(at, items)]


def _without_ports(edit: TakePorts, found: Located) -> list[Op]:
    """Item by item; and an item of `toPorts` whole, whose last port would go."""
    route = found.to(edit.rule.place)
    item = (*route, "toPorts", _number(edit.policy.rules(edit.rule.direction), edit.rule))
    listed = found.at(item)["ports"]
    gone = [index for index, one in enumerate(listed) if _meant(one) and _meant(one) <= edit.ports]
    if len(gone) == len(listed):
        return [Remove(item)]
    return [Remove((*item, "ports", index)) for index in gone]


def _number(among: Sequence[Rule], rule: Rule) -> int:
    """Which item of `toPorts` a rule stands for: each makes one that allows (`cilium`)."""
    return [one for one in among if one.place == rule.place and one.action is Action.ALLOW].index(rule)


def _meant(item: Data) -> Ports:
    """What one port means; nothing, where it is a name."""
    written = str(item["port"])
    if not written.isdecimal() or int(written) == 0:
        return NO_PORT
    named = item.get("protocol") or "ANY"
    last = item.get("endPort") or int(written)
    return Ports.of((one, int(written), last) for one in (PROTOCOLS if named == "ANY" else (named,)))


def _listing(rule: Rule, data: Data) -> str:
    """The one field that lists a rule's peers, item by item."""
    fields = [key for key in data if key.startswith(_PREFIX[rule.direction]) and key != "toPorts"]
    if len(fields) != 1 or len(data[fields[0]]) != len(rule.peers):
        raise Unwritable("names its peers in a way that is left alone")
    return fields[0]


def document(added: AddPolicy, like: Data) -> Data:
    """A whole policy beside another, whose data are `like`."""
    spelling = Spelling.of(like)
    found: dict[Direction, list[Data]] = {}
    for one in sorted(added.rules, key=lambda rule: list(Direction).index(rule.direction)):
        found.setdefault(one.direction, []).extend(rules(one, spelling))
    return policy(added.name, namespace_beside(added, like), added.selects, found, spelling)


def policy(
    name: str,
    namespace: str | None,
    selects: Selector,
    rules: Mapping[Direction, Any],
    spelling: Spelling = Spelling(),  # noqa: B008 - a value
) -> Data:
    """A policy whose rules are given as data; it isolates the pods in every direction that has any."""
    metadata: Data = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    spec = {"endpointSelector": _selector(selects, None, spelling)}
    spec |= {direction.value: found for direction, found in rules.items()}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec}


def rules(allowance: Allowance, spelling: Spelling = Spelling()) -> list[Data]:  # noqa: B008 - a value
    """Entries of `ingress` or `egress`: one for each kind of peer. Raises ValueError for what none can say."""
    to_ports = [] if allowance.ports == EVERY_PORT else list(_to_ports(allowance.ports, allowance.http))
    by_field: dict[str, list[Any]] = {}
    for one in allowance.peers or (() if to_ports else EVERYONE):
        by_field.setdefault(f"{_PREFIX[allowance.direction]}{_field(one)}", []).append(_peer(one, spelling))
    last: Data = {"toPorts": to_ports} if to_ports else {}
    return [{field: found, **last} for field, found in by_field.items()] or [last]


def part(edit: AddPorts | AddPeers) -> Data:
    """What there is to add to a rule, as it stands in one."""
    [rule] = rules(addition(edit))
    return rule


def _to_ports(wanted: Ports, http: tuple[HttpRule, ...] | None) -> Iterator[Data]:
    """Items of `toPorts`, as few as hold all of these."""
    listed = list(_ports(wanted))
    for first in range(0, len(listed), _MOST):
        item: Data = {"ports": listed[first : first + _MOST]}
        if http is not None:
            item["rules"] = {"http": [{"method": one.method, "path": one.path} for one in http]}
        yield item


def _ports(wanted: Ports) -> Iterator[Data]:
    """Ports in quotes, as Cilium wants them; 0 stands for all of them."""
    for one in wanted.apart():
        protocol = "ANY" if len(one.ranges) == len(PROTOCOLS) else one.ranges[0][0]
        _, first, last = one.ranges[0]
        whole = (first, last) == (FIRST, LAST)
        item: Data = {"port": "0" if whole else str(max(first, 1))}
        if not whole and last > max(first, 1):
            item["endPort"] = last
        yield {**item, "protocol": protocol}


def field_of(peer: Peer) -> str | None:
    """The field, without its `from` or `to`, that lists peers like it; None: none does."""
    match peer:
        case Pods():
            return "Endpoints"
        case Part() | Everyone():
            return "Entities"
        case Block():
            return "CIDRSet" if peer.excepted else "CIDR"
        case _:
            return None


def _field(peer: Peer) -> str:
    found = field_of(peer)
    if found is None:
        raise ValueError(f"no rule of Cilium's means {peer}")
    return found


def _peer(named: Peer, spelling: Spelling) -> Any:  # noqa: ANN401 - a string or an object
    match named:
        case Pods():
            return _selector(named.pods, named.namespaces, spelling)
        case Part():
            return named.entity.value
        case Block() if named.excepted:
            return {"cidr": str(named.network), "except": [str(hole) for hole in named.excepted]}
        case Block():
            return str(named.network)
        case _:
            return "all"


def _selector(pods: Selector, namespaces: Selector | None, spelling: Spelling) -> Data:
    """An EndpointSelector: the labels of namespaces and of pods are lines of one list."""
    if pods.alternatives or (namespaces is not None and namespaces.alternatives):
        raise ValueError("no selector of Cilium's knows alternatives")
    lines = [Requirement(f"{spelling.labels}{one.key}", one.operator, one.values) for one in pods.requirements]
    if namespaces is not None:
        # Without a line about namespaces, a selector means those of its own.
        of = namespaces.requirements or (Requirement(NAME_LABEL, Operator.EXISTS),)
        lines = [Requirement(_of_namespace(one.key, spelling), one.operator, one.values) for one in of] + lines
    labels = {one.key: next(iter(one.values)) for one in lines if _is_label(one)}
    others = [
        {"key": one.key, "operator": one.operator.value, **({"values": sorted(one.values)} if one.values else {})}
        for one in lines
        if not _is_label(one)
    ]
    return {**({"matchLabels": labels} if labels else {}), **({"matchExpressions": others} if others else {})}


def _is_label(line: Requirement) -> bool:
    return line.operator is Operator.IN and len(line.values) == 1


def _of_namespace(key: str, spelling: Spelling) -> str:
    if key == NAME_LABEL:
        return spelling.namespace
    return f"{_SOURCE}{_NAMESPACE_LABELS}{key}"
