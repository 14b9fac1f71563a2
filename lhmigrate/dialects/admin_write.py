"""The cluster administrator's policies, the other way: from edits to operations on their data.

What a rule may say is what `admin` reads, from the sources named there; how much it may say, their validation limits.
Of these policies only rules are written, in front of one that denies; a whole policy of theirs is the administrator's.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.dialects.kubernetes_write import PEERS, selector
from lhmigrate.dialects.located import Unwritable
from lhmigrate.editing.edits import MOST, AddPeers, AddPorts, AddRule, addition
from lhmigrate.model.cni import Dialect
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.policy import Action
from lhmigrate.model.ports import EVERY_PORT
from lhmigrate.yamledit import Insert

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from lhmigrate.dialects.located import Located
    from lhmigrate.editing.edits import Allowance, PolicyEdit
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.ports import Ports
    from lhmigrate.yamledit import Op

Data = dict[str, Any]

_LONGEST_NAME: Final = 100
_NETWORKS: Final = 25
"""How many networks one peer may have."""


class AdminWriter(NamedTuple):
    """How one version of the API writes its rules."""

    actions: Mapping[Action, str]
    key: str
    """The field that narrows a rule to ports."""
    port: Callable[[str, int, int], Data]
    """An item of it, from a protocol and its first and last port."""
    most: int
    """How many peers and ports a rule may have."""

    def ops(self, edit: PolicyEdit, found: Located) -> list[Op]:
        """What to do to a policy's data. Raises `Unwritable` for all but a rule in front of another."""
        if not isinstance(edit, AddRule) or edit.before is None:
            raise Unwritable("is the administrator's, of which only rules in front of others are written")
        section = edit.allows.direction.value
        listed: list[Data] = found.data["spec"][section]
        [made] = self.rules(edit.allows)
        for key in (PEERS[edit.allows.direction], self.key):
            if len(made.get(key, ())) > self.most:
                raise Unwritable(f"would need a rule with more than {self.most} items in {key}; write it by hand")
        names = {one["name"] for one in listed if one.get("name")}
        if not names:
            made.pop("name", None)  # Its author names none.
        elif "name" in made:
            made["name"] = _unlike(made["name"], names)
        index = int(found.to(edit.before.place)[-1])
        return [Insert((*found.route, "spec", section, index), (made,))]

    def rules(self, allowance: Allowance) -> list[Data]:
        """The entry of `ingress` or `egress` that decides so on it, and on nothing else."""
        name: Data = {"name": allowance.name[:_LONGEST_NAME]} if allowance.name else {}
        peers = list(_peers(allowance.peers))
        rule: Data = {**name, "action": self.actions[allowance.action], PEERS[allowance.direction]: peers}
        if allowance.ports != EVERY_PORT:
            rule[self.key] = list(self._ports(allowance.ports))
        return [rule]

    def part(self, edit: AddPorts | AddPeers) -> Data:
        """What there is to add to a rule, as it stands in one."""
        [whole] = self.rules(addition(edit))
        wanted = self.key if isinstance(edit, AddPorts) else PEERS[edit.rule.direction]
        return {wanted: whole[wanted]}

    def _ports(self, wanted: Ports) -> Iterable[Data]:
        for protocol, first, last in (part for one in wanted.apart() for part in one.ranges):
            yield self.port(protocol, max(first, 1), last)


def _unlike(name: str, taken: Container[str]) -> str:
    """A name that no rule there has yet."""
    found, numbers = name, count(2)
    while found in taken:
        number = f"-{next(numbers)}"
        found = f"{name[: _LONGEST_NAME - len(number)]}{number}"
    return found


def _peers(peers: Iterable[Peer]) -> Iterable[Data]:
    """Peers, of which none is everyone. Raises ValueError for what none can say."""
    networks: list[str] = []
    for one in peers:
        match one:
            case Pods(namespaces=namespaces) if namespaces is not None:
                where = selector(namespaces)
                yield (
                    {"pods": {"namespaceSelector": where, "podSelector": selector(one.pods)}}
                    if one.pods
                    else {"namespaces": where}
                )
            case Block() if not one.excepted:
                networks.append(str(one.network))
            case _:
                raise ValueError(f"no rule of an administrator's means {one}")
    for start in range(0, len(networks), _NETWORKS):
        yield {"networks": networks[start : start + _NETWORKS]}


def _port(protocol: str, first: int, last: int) -> Data:
    if first == last:
        return {"portNumber": {"protocol": protocol, "port": first}}
    return {"portRange": {"protocol": protocol, "start": first, "end": last}}


def _protocol(protocol: str, first: int, last: int) -> Data:
    port: Data = {"number": first} if first == last else {"range": {"start": first, "end": last}}
    return {protocol.lower(): {"destinationPort": port}}


ADMIN: Final = AdminWriter({Action.ALLOW: "Allow", Action.PASS: "Pass"}, "ports", _port, MOST[Dialect.ADMIN])
CLUSTER: Final = AdminWriter(
    {Action.ALLOW: "Accept", Action.PASS: "Pass"}, "protocols", _protocol, MOST[Dialect.CLUSTER]
)
