"""What differs between two releases on the network, by name: components, flows, shipped policies, Helm defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lhmigrate.files.fields import plain

if TYPE_CHECKING:
    from lhmigrate.longhorn.release import Component, Flow, Release, ShippedPolicy


class Change(NamedTuple):
    """One thing that was added, removed or changed."""

    section: str
    """`components`, `flows`, `policies` or `values`."""
    name: str
    change: str
    """`added`, `removed` or `changed`."""
    fields: tuple[tuple[str, Any, Any], ...] = ()
    """Of what changed: which part, what it was, what it is; the whole of what was added or removed."""


def between(old: Release, new: Release) -> tuple[Change, ...]:
    """Every difference, by section and name."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - 40 ms that only this command pays

    before, after = _facts(old), _facts(new)
    names: dict[tuple[str, str], None] = {}
    for differences in DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0).values():
        for difference in differences:
            section, name = difference.path(output_format="list")[:2]
            names[section, name] = None
    order = list(before)
    return tuple(
        _change(section, name, before[section].get(name), after[section].get(name))
        for section, name in sorted(names, key=lambda key: (order.index(key[0]), key[1]))
    )


def _change(section: str, name: str, old: Any, new: Any) -> Change:  # noqa: ANN401 - facts of any shape
    if old is None or new is None:
        whole = new if old is None else old
        parts = whole if isinstance(whole, dict) else {"value": whole}
        fields = tuple((key, *((None, value) if old is None else (value, None))) for key, value in parts.items())
        return Change(section, name, "added" if old is None else "removed", fields)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return Change(section, name, "changed", (("value", old, new),))
    keys = dict.fromkeys((*old, *new))
    fields = tuple((key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key))
    return Change(section, name, "changed", fields)


def _facts(release: Release) -> dict[str, dict[str, Any]]:
    return {
        "components": {name: component_facts(one) for name, one in release.components.items()},
        "flows": {name: flow_facts(one) for name, one in release.flows.items()},
        "policies": {one.name: policy_facts(one) for one in release.policies},
        # A default of nothing is a fact too, so that it can be told from a value that does not exist.
        "values": {path: {"default": value} for path, value in release.values.items()},
    }


def component_facts(component: Component) -> dict[str, Any]:
    """A component as plain data, without its evidence; what does not apply is left out."""
    facts: dict[str, Any] = {
        "labels": dict(component.labels),
        "sometimes": dict(component.sometimes),
        "varies": sorted(component.varies),
        "ports": {name: f"{protocol}/{port}" for name, (protocol, port) in component.ports.items()},
    }
    return {key: value for key, value in facts.items() if value}


def flow_facts(flow: Flow) -> dict[str, Any]:
    """A flow as plain data, without its evidence; what does not apply is left out."""
    facts: dict[str, Any] = {
        "from": list(flow.senders),
        "to": list(flow.receivers),
        "ports": list(flow.ports.names()),
        "engine": flow.engine,
        "needs": list(flow.needs),
        "to-pods-with": sorted(flow.to_pods_with),
        "node": None if flow.node.value == "any" else flow.node.value,
        "any-port": flow.any_port,
        "only-while-upgrading": flow.only_while_upgrading,
        "off-network-with": list(flow.off_network_with),
    }
    return {key: value for key, value in facts.items() if value}


def policy_facts(policy: ShippedPolicy) -> dict[str, Any]:
    """A shipped policy as plain data, without its evidence."""
    facts: dict[str, Any] = {
        "installed-by": sorted(policy.installed_by),
        "when": dict(policy.when),
        "namespace": policy.namespace,
        "spec": plain(policy.spec),
    }
    return {key: value for key, value in facts.items() if value}
