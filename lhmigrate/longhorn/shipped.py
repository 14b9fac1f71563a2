"""The policies that a release installs by itself, under the Helm values that decide about them.

They are written in specs/ as NetworkPolicy specs with conditions. What is left once the conditions are
settled is read by the same code as a user's own policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lhmigrate.dialects import kubernetes
from lhmigrate.errors import Refusal, Unreadable
from lhmigrate.files.fields import Fields, node_of, plain
from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.longhorn.release import Release, ShippedPolicy
    from lhmigrate.model.policy import Policy
    from lhmigrate.model.values import Values


def in_force(release: Release, *, install: str, namespace: str, values: Values) -> tuple[Policy, ...]:
    """The policies that this release installs. The plain manifest heeds no values: its defaults are fixed."""
    heeded = (values if install == "helm" else type(values)()).over(release.values)
    return tuple(
        _policy(release, policy, namespace, heeded)
        for policy in release.policies
        if install in policy.installed_by and heeded.hold(policy.when)
    )


def switches(release: Release, names: Iterable[str]) -> dict[str, bool]:
    """Helm values under which this release installs none of the policies of these names."""
    wanted = frozenset(names)
    conditions = [policy.when for policy in release.policies if policy.name in wanted]
    first = (next(((path, on) for path, on in when.items() if isinstance(on, bool)), None) for when in conditions)
    return {path: not on for path, on in filter(None, first)}


def lists(release: Release) -> dict[str, str]:
    """The Helm values that are lists which policies take items from, with what the items are (`as`)."""
    found: dict[str, str] = {}
    for policy in release.policies:
        pending = [plain(policy.spec)]
        while pending:
            one = pending.pop()
            if isinstance(one, dict):
                if "each" in one:
                    found[one["each"]] = one["as"]
                pending.extend(one.values())
            elif isinstance(one, list):
                pending.extend(one)
    return found


def _policy(release: Release, shipped: ShippedPolicy, namespace: str, values: Values) -> Policy:
    metadata = {"name": shipped.name, "namespace": shipped.namespace or namespace}
    spec = _settled(shipped.spec, values)
    document = node_of({"metadata": metadata}, shipped.spec)
    if isinstance(document, Mapping) and spec is not None:
        document.pairs.append((node_of("spec", shipped.spec), spec))
    try:
        [policy] = kubernetes.read(Fields(document, "policy"), shipped_by=str(release))
    except Unreadable as error:
        why = f"with these Helm values, Longhorn's NetworkPolicy {shipped.name} cannot be read: {error.problem.message}"
        raise Refusal(why, error.problem.place) from None
    return policy


def _settled(node: Node, values: Values) -> Node | None:
    """The node with its conditions settled; None where they do not hold."""
    match node:
        case Mapping():
            pairs = {key.text: value for key, value in node.pairs if isinstance(key, Scalar)}
            if "when" in pairs and not values.hold(plain(pairs["when"])):
                return None
            kept: list[tuple[Node, Node]] = [
                (key, settled)
                for key, value in node.pairs
                if isinstance(key, Scalar) and key.text != "when" and (settled := _settled(value, values)) is not None
            ]
            return Mapping(node.file, node.line, node.column, node.start, node.end, kept)
        case Sequence():
            items = [item for one in node.items for item in _expanded(one, values)]
            return Sequence(node.file, node.line, node.column, node.start, node.end, items)
        case Scalar():
            return node


def _expanded(node: Node, values: Values) -> list[Node]:
    """One item of a list, or as many as the value has that it stands for."""
    data = plain(node)
    if isinstance(data, dict) and "each" in data:
        if not values.hold(data.get("when", {})):
            return []
        given = values.get(data["each"]) or []
        if not isinstance(given, list):
            raise Refusal(f"the Helm value {data['each']} must be a list, and it is {given!r}")
        return [node_of(_item(data["as"], item), node) for item in given]
    settled = _settled(node, values)
    return [] if settled is None else [settled]


def _item(kind: str, item: Any) -> Any:  # noqa: ANN401 - a value the user gave, in the form that NetworkPolicy wants
    match kind:
        case "cidr":
            return {"ipBlock": {"cidr": item}}
        case "port":
            return {"protocol": "TCP", "port": item}
        case _:
            return item
