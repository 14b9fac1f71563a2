"""What a user may paste where we do not edit: a rule, a policy or a value, as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lhmigrate.dialects import kubernetes_write
from lhmigrate.edits import AddPeers, AddPolicy, AddPorts, AddRule, AddRules, AddToValue, Allowance
from lhmigrate.endpoints import Host
from lhmigrate.labels import Match
from lhmigrate.placing import value_data
from lhmigrate.ports import NO_PORT
from lhmigrate.yamledit import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.needs import Need
    from lhmigrate.patch import Undone

SOMEBODY = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NAMESPACE"}}}
SOMEWHERE = {"ipBlock": {"cidr": "ADDRESS/32"}}
"""Stand for who nobody said; what is written in capitals is to be filled in."""


def snippet(undone: Undone) -> str:
    """YAML to paste; empty where there is nothing to add."""
    if isinstance(undone.edit, AddRules):
        parts = (_for_pods(own, undone.edit) for own in _owns(undone.edit))
        return "---\n".join(part for part in parts if part)
    data = _data(undone)
    return render(data) if data else ""


def _owns(edit: AddRules) -> Iterable[str]:
    return dict.fromkeys((*edit.rules, *(need.own for need in edit.unnamed)))


def _for_pods(own: str, edit: AddRules) -> str:
    """The rules for one component's pods, under its name."""
    rules: dict[str, list[Any]] = {}
    for one in edit.rules.get(own, ()):
        rules.setdefault(one.direction.value, []).append(kubernetes_write.rule(one))
    unnamed = [need for need in edit.unnamed if need.own == own]
    for direction, peer in dict.fromkeys((need.direction, need.peer) for need in unnamed):
        needs = tuple(need for need in unnamed if (need.direction, need.peer) == (direction, peer))
        for key, to_fill_in in (_to_fill_in(needs) or {}).items():
            rules.setdefault(key, []).extend(to_fill_in)
    return f"# {own}\n{render(rules)}" if rules else ""


def _data(undone: Undone) -> Any:  # noqa: ANN401 - any YAML
    match undone.edit:
        case AddPorts() as edit:
            return {"ports": list(kubernetes_write.ports(edit.ports))}
        case AddPeers() as edit:
            rule = kubernetes_write.rule(Allowance(edit.rule.direction, edit.peers, edit.rule.ports))
            return {key: value for key, value in rule.items() if key != "ports"}
        case AddRule() as edit:
            rule = kubernetes_write.rule(Allowance(edit.direction, edit.peers, edit.ports))
            return {edit.direction.value: [rule]}
        case AddPolicy() as edit:
            return kubernetes_write.document(edit, {"metadata": {"namespace": edit.beside.namespace}})
        case AddToValue() as edit:
            return value_data(edit)
        case None if any(need.policies for need in undone.needs):
            # Where none isolates these pods, a rule denies it, and no other helps.
            return _to_fill_in(undone.needs)
        case _:
            return None


def _to_fill_in(needs: tuple[Need, ...]) -> Any:  # noqa: ANN401 - any YAML
    """A rule for somebody whom nobody named, where addresses or a namespace would do."""
    first, ports = needs[0], NO_PORT
    if isinstance(first.peers[0], Host) and first.peers[0].by_address is not Match.YES:
        return None
    for need in needs:
        ports |= need.ports
    rule = kubernetes_write.rule(Allowance(first.direction, (), ports))
    key = kubernetes_write.PEERS[first.direction]
    return {first.direction.value: [{key: [SOMEWHERE if isinstance(first.peers[0], Host) else SOMEBODY], **rule}]}
