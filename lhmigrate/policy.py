"""A policy whatever its dialect: which pods it selects, which directions it isolates, what it lets through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.endpoints import WHOLE_INTERNET, Endpoint, Host, Network, Outside, Pod
from lhmigrate.labels import NAME_LABEL, Match, Operator, Selector
from lhmigrate.ports import EVERY_PORT, NO_PORT, Ports

if TYPE_CHECKING:
    from lhmigrate.errors import Place, Problem


class Direction(Enum):
    """As seen from the pods that a policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True)
class Everyone:
    """A rule without peers: any pod, any node, any address."""

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """Always."""
        return Match.YES

    def __str__(self) -> str:
        return "everyone"


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods by label, in the policy's own namespace or in namespaces by label."""

    pods: Selector
    namespaces: Selector | None = None
    """None: the namespace that the policy is in."""

    def matches(self, end: Endpoint, namespace: str | None) -> Match:
        """Both selectors must hold. Nodes are not pods; an unknown outsider may be one."""
        match end:
            case Host():
                return Match.NO
            case Outside():
                if self in end.assumed:
                    return Match.YES
                return Match.MAYBE if end.may_be_pod and not self.names_longhorn(end) else Match.NO
            case Pod():
                if self.namespaces is not None:
                    there = self.namespaces.matches(end.namespace_labels)
                elif end.namespace is None or namespace is None:
                    there = Match.MAYBE
                else:
                    there = Match.YES if end.namespace == namespace else Match.NO
                return min(there, self.pods.matches(end.labels)) if there else Match.NO

    def named_namespaces(self) -> frozenset[str]:
        """The namespaces that it names outright, by the label that carries their name; none: it does not."""
        if self.namespaces is None or len(self.namespaces.requirements) != 1:
            return frozenset()
        requirement = self.namespaces.requirements[0]
        is_name = requirement.key == NAME_LABEL and requirement.operator is Operator.IN
        return requirement.values if is_name else frozenset()

    def names_longhorn(self, end: Outside) -> bool:
        """Whether it speaks of Longhorn's own pods, so that it cannot mean an outsider.

        Labels under `longhorn.io` are Longhorn's; nobody else's pods carry them.
        """
        if self.namespaces is not None or not self.pods:
            return False
        keys = (requirement.key for requirement in self.pods.requirements)
        return any(key.split("/")[0].endswith("longhorn.io") for key in keys) or any(
            self.pods.matches(labels) for labels in end.besides
        )

    def __str__(self) -> str:
        if self.namespaces is None:
            return f"pods with {self.pods}" if self.pods else "every pod of its namespace"
        where = f"namespaces with {self.namespaces}" if self.namespaces else "every namespace"
        return f"pods with {self.pods} in {where}" if self.pods else f"every pod in {where}"


@dataclass(frozen=True, slots=True)
class Block:
    """An ipBlock: addresses in a network, without those in the excepted ones."""

    network: Network
    excepted: tuple[Network, ...] = ()

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """By address, as far as addresses are known and the CNI looks at them."""
        if isinstance(end, Outside) and self in end.assumed:
            return Match.YES
        if end.by_address is Match.NO:
            return Match.NO
        return min(end.by_address, self._holds(end))

    def _holds(self, end: Endpoint) -> Match:
        if end.addresses is None:
            # Of which family an address is that we do not know: IPv4, unless a cluster has no other.
            whole = self.network == WHOLE_INTERNET[0] and not self.excepted
            return Match.YES if whole else Match.MAYBE
        answers = [self._holds_network(address) for address in end.addresses]
        same_family = [answer for answer in answers if answer is not None]
        if not same_family:
            return Match.NO
        return same_family[0] if len(set(same_family)) == 1 else Match.MAYBE

    def _holds_network(self, address: Network) -> Match | None:
        inside = _contains(self.network, address)
        if inside is not Match.YES:
            return inside
        in_holes = max((_contains(hole, address) or Match.NO for hole in self.excepted), default=Match.NO)
        return Match(Match.YES - in_holes)

    def __str__(self) -> str:
        without = ", ".join(str(hole) for hole in self.excepted)
        return f"{self.network} without {without}" if without else str(self.network)


def _contains(network: Network, address: Network) -> Match | None:
    """Whether all of `address` is in `network`; MAYBE: a part. None: they are of different families."""
    if network.version != address.version:
        return None
    low, high = int(network.network_address), int(network.broadcast_address)
    first, last = int(address.network_address), int(address.broadcast_address)
    if low <= first and last <= high:
        return Match.YES
    return Match.NO if last < low or high < first else Match.MAYBE


@dataclass(frozen=True, slots=True)
class Unclear:
    """A peer that could not be read: it may be anyone."""

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """Nobody knows."""
        return Match.MAYBE

    def __str__(self) -> str:
        return "somebody"


Peer = Everyone | Pods | Block | Unclear
EVERYONE: Final = (Everyone(),)


class NamedPort(NamedTuple):
    """A port by name, which means whatever the pod that serves it declares under that name and protocol."""

    name: str
    protocol: str


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One entry of a policy's ingress or egress: these peers, on these ports."""

    direction: Direction
    peers: tuple[Peer, ...]
    ports: Ports
    place: Place
    named: tuple[NamedPort, ...] = ()

    def ports_at(self, server: Endpoint) -> tuple[Ports, Ports]:
        """The ports it means on the pod that serves, and the ports it may mean there."""
        sure, unsure = self.ports, NO_PORT
        for port in self.named:
            if isinstance(server, Pod):
                found = server.ports.get(port.name)
                if found is not None and found[0] == port.protocol:
                    sure |= Ports(((found[0], found[1], found[1]),))
                elif not server.ports_known:
                    unsure = EVERY_PORT
            elif isinstance(server, Outside) and server.may_be_pod:
                unsure = EVERY_PORT
        return sure, unsure

    def admits(self, peer: Endpoint, namespace: str | None) -> Match:
        """Whether one of its peers is that end, or several are that have an address of it each."""
        answer = Match.NO
        for one in self.peers:
            answer = max(answer, one.matches(peer, namespace))
            if answer is Match.YES:
                return answer
        if answer is Match.MAYBE and len(self.peers) > 1 and len(peer.addresses or ()) > 1:
            each = [replace(peer, addresses=(address,)) for address in peer.addresses or ()]
            return max(answer, min(self.admits(one, namespace) for one in each))
        return answer


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy object, read as far as we understand it."""

    kind: str
    name: str
    namespace: str | None
    """None: nothing that we read says where it goes."""
    place: Place
    selects: Selector
    isolates: frozenset[Direction]
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    unread: tuple[Problem, ...] = ()
    """What in it was not understood. If anything, the whole of it may or may not be in force."""
    may_deny: bool = False
    """Whether what was not understood could also forbid what other policies allow."""
    owned_by_helm: bool = False
    """Whether its labels say that a Helm release owns it, as a dump of a cluster shows."""
    shipped_by: str | None = None
    """The release that installs it; None: it is the user's own."""

    def applies_to(self, pod: Pod) -> Match:
        """Whether it selects that pod."""
        if self.namespace is None or pod.namespace is None:
            there = Match.MAYBE
        elif self.namespace == pod.namespace:
            there = Match.YES
        else:
            return Match.NO
        return min(there, self.selects.matches(pod.labels), Match.MAYBE if self.unread else Match.YES)

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """Its rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def named_namespaces(self) -> frozenset[str]:
        """The namespaces that its peers name outright."""
        peers = (peer for rule in (*self.ingress, *self.egress) for peer in rule.peers)
        return frozenset().union(*(peer.named_namespaces() for peer in peers if isinstance(peer, Pods)))

    def label_keys(self) -> frozenset[str]:
        """Every label key that it looks at."""
        peers = (peer for rule in (*self.ingress, *self.egress) for peer in rule.peers)
        selectors = (self.selects, *(peer.pods for peer in peers if isinstance(peer, Pods)))
        return frozenset(requirement.key for selector in selectors for requirement in selector.requirements)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
