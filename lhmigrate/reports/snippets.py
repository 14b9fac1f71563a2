"""What a user may paste where we do not edit: a rule, a policy or a value, as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lhmigrate.dialects import kubernetes_write
from lhmigrate.dialects.writers import WRITERS
from lhmigrate.edits import AddPeers, AddPolicy, AddPorts, AddRule, AddToValue, Allowance
from lhmigrate.endpoints import Host
from lhmigrate.placing import value_data
from lhmigrate.ports import NO_PORT
from lhmigrate.yamledit import render

if TYPE_CHECKING:
    from lhmigrate.needs import Need
    from lhmigrate.patch import Undone

SOMEBODY = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NAMESPACE"}}}
SOMEWHERE = {"ipBlock": {"cidr": "ADDRESS/32"}}
"""Stand for who nobody said; what is written in capitals is to be filled in."""


def snippet(undone: Undone) -> str:
    """YAML to paste; empty where there is nothing to add."""
    data = _data(undone)
    return render(data) if data else ""


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
            return WRITERS[edit.beside.kind].document(edit, {"metadata": {"namespace": edit.beside.namespace}})
        case AddToValue() as edit:
            return value_data(edit)
        case None if undone.needs:
            return _to_fill_in(undone.needs)
        case _:
            return None


def _to_fill_in(needs: tuple[Need, ...]) -> Any:  # noqa: ANN401 - any YAML
    """A rule for somebody whom nobody could name."""
    first, ports = needs[0], NO_PORT
    for need in needs:
        ports |= need.ports
    rule = kubernetes_write.rule(Allowance(first.direction, (), ports))
    key = kubernetes_write.PEERS[first.direction]
    return {first.direction.value: [{key: [SOMEWHERE if isinstance(first.peers[0], Host) else SOMEBODY], **rule}]}
