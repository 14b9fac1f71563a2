"""What a user may paste where we do not edit: a rule, a policy or a value, as YAML."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.dialects.writers import EDITORS, WRITERS
from lhmigrate.editing.edits import AddPeers, AddPolicy, AddPorts, AddRule, AddRules, AddToValue, Allowance
from lhmigrate.editing.placing import value_data
from lhmigrate.judging.needs import dialect_of, http_alone
from lhmigrate.model.endpoints import Host
from lhmigrate.model.labels import EVERYTHING, NAME_LABEL, Match, Operator, Requirement, Selector
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.ports import NO_PORT
from lhmigrate.yamledit import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.editing.patch import Undone
    from lhmigrate.judging.needs import Need
    from lhmigrate.model.cni import Dialect


class _Unsaid(IPv4Network):
    """An address that nobody said."""

    def __str__(self) -> str:
        return "ADDRESS/32"


SOMEBODY: Final = Pods(EVERYTHING, Selector((Requirement(NAME_LABEL, Operator.IN, frozenset({"NAMESPACE"})),)))
SOMEWHERE: Final = Block(_Unsaid("192.0.2.0/32"))
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
        rules.setdefault(one.direction.value, []).extend(WRITERS[edit.dialect].rules(one))
    unnamed = [need for need in edit.unnamed if need.own == own]
    for direction, peer in dict.fromkeys((need.direction, need.peer) for need in unnamed):
        needs = tuple(need for need in unnamed if (need.direction, need.peer) == (direction, peer))
        for key, to_fill_in in (_to_fill_in(needs, edit.dialect) or {}).items():
            rules.setdefault(key, []).extend(to_fill_in)
    return f"# {own}\n{render(rules)}" if rules else ""


def _data(undone: Undone) -> Any:  # noqa: ANN401 - any YAML
    match undone.edit:
        case AddPorts() | AddPeers() as edit:
            return EDITORS[edit.policy.dialect].part(edit)
        case AddRule() as edit:
            return {edit.allows.direction.value: EDITORS[edit.policy.dialect].rules(edit.allows)}
        case AddPolicy() as edit:
            return WRITERS[edit.dialect].document(edit, {"metadata": {"namespace": edit.namespace}})
        case AddToValue() as edit:
            return value_data(edit)
        case None if undone.place is None and any(need.policies for need in undone.needs):
            # Where none isolates these pods, or something has a place, a rule denies it, and no other helps.
            return _to_fill_in(undone.needs, dialect_of(undone.needs))
        case _:
            return None


def _to_fill_in(needs: tuple[Need, ...], dialect: Dialect) -> Any:  # noqa: ANN401 - any YAML
    """A rule for somebody whom nobody named, where addresses or a namespace would do."""
    first, ports = needs[0], NO_PORT
    if isinstance(first.peers[0], Host) and first.peers[0].by_address is not Match.YES:
        return None
    for need in needs:
        ports |= need.ports
    who = SOMEWHERE if isinstance(first.peers[0], Host) else SOMEBODY
    allowance = Allowance(first.direction, (who,), ports, http_alone(needs, dialect))
    return {first.direction.value: WRITERS[dialect].rules(allowance)}
