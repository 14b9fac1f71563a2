"""Edits in words: what a colleague would tell one to do, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.editing import tongue
from lhmigrate.editing.edits import (
    AddPeers,
    AddPolicy,
    AddPorts,
    AddRule,
    AddRules,
    AddToValue,
    Edit,
    TakePeers,
    TakePorts,
    TakeRule,
)
from lhmigrate.findings.wording import first, several
from lhmigrate.model.cni import Dialect
from lhmigrate.model.peers import Part
from lhmigrate.model.policy import Action, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.editing.edits import Allowance
    from lhmigrate.errors import Place
    from lhmigrate.judging.needs import Need
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.ports import Ports


KINDS: Final = {
    Dialect.KUBERNETES: "NetworkPolicy",
    Dialect.CILIUM: "CiliumNetworkPolicy",
    Dialect.CALICO: "Calico NetworkPolicy",
}
"""What a policy of each dialect is called that is yet to be written."""


def told(edit: Edit | AddRules) -> str:
    """What to do, in one sentence without its full stop."""
    match edit:
        case AddPorts():
            ports = f"{several(_each(edit.ports))}{_requests(edit.http)}"
            return f"Add {ports} to the rule at {edit.rule.place} of {edit.policy}"
        case AddPeers():
            who = _who(edit.peers, edit.rule.direction, edit.policy.dialect)
            return f"Add {who} to the rule at {edit.rule.place} of {edit.policy}"
        case AddRule():
            where = f", in front of the one at {edit.before.place}," if edit.before is not None else ""
            return f"Add a rule to {edit.policy}{where} that {_lets(edit.allows, edit.policy.dialect)}"
        case AddPolicy():
            lets = several([_lets(rule, edit.dialect) for rule in edit.rules])
            return f"Add a {KINDS[edit.dialect]} {edit.name} that selects pods with {edit.selects} and {lets}"
        case AddToValue():
            return f"Add {_who(edit.peers, Direction.INGRESS, Dialect.KUBERNETES)} to the Helm value {edit.path}"
        case AddRules():
            pods = several(list(dict.fromkeys((*edit.rules, *(need.own for need in edit.unnamed)))))
            return f"Where it isolates {pods}, add these rules unless it has them"
        case TakePorts():
            return f"Take {several(_each(edit.ports))} out of the rule at {edit.rule.place} of {edit.policy}"
        case TakePeers():
            who = _who(edit.peers, edit.rule.direction, edit.policy.dialect)
            return f"Take {who} out of the rule at {edit.rule.place} of {edit.policy}"
        case TakeRule():
            return f"Take the rule at {edit.rule.place} out of {edit.policy}"


def rule_of(edit: Edit) -> Place | None:
    """The place of the rule that an edit changes or takes out; None: it makes one."""
    return edit.rule.place if isinstance(edit, AddPorts | AddPeers | TakePorts | TakePeers | TakeRule) else None


def why(needs: Iterable[Need], glossary: Glossary) -> str:
    """What does not work without it; empty where nothing is known of that."""
    costs = dict.fromkeys(glossary.flows[need.leg.flow.name].without for need in needs)
    return "; ".join(cost for cost in costs if cost)


def flows(needs: Iterable[Need], glossary: Glossary) -> str:
    """Who must reach whom on which ports."""
    called = glossary.called
    told = (f"{called(one.leg.source)} → {called(one.leg.target)} {', '.join(one.ports.names())}" for one in needs)
    return ", ".join(dict.fromkeys(told))


def _each(ports: Ports) -> list[str]:
    return [str(one) for one in ports.apart()]


_MOST_PEERS: Final = 8
"""A large cluster's nodes have more networks than anybody reads in a sentence."""


def _who(peers: Iterable[Peer], direction: Direction, dialect: Dialect) -> str:
    told, entities = [], []
    for peer in peers:
        if isinstance(peer, Part):
            entities.append(peer.entity)
        else:
            told.append(str(peer))
    return several([*first(told, _MOST_PEERS), *([tongue.parts(entities, direction, dialect)] if entities else [])])


def _lets(allowance: Allowance, dialect: Dialect) -> str:
    who = _who(allowance.peers, allowance.direction, dialect) if allowance.peers else "everyone"
    on = f"{several(_each(allowance.ports))}{_requests(allowance.http)}"
    on += f", for {allowance.about}" if allowance.about is not None else ""
    if allowance.action is Action.PASS:
        way = "from" if allowance.direction is Direction.INGRESS else "to"
        return f"passes what goes {way} {who} on {on} to the policies that come after"
    return f"lets {who} in on {on}" if allowance.direction is Direction.INGRESS else f"lets them out to {who} on {on}"


def _requests(http: tuple[HttpRule, ...] | None) -> str:
    return f" for {several([str(one) for one in http])} alone" if http else ""
