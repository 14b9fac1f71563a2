"""A policy whatever its dialect: which pods it selects, which directions it isolates, what its rules decide.

All policies of a cluster stand in one order. Tiers are asked by their rank. Within a tier all rules of all policies
that select the pod are asked by their order, and the first that matches decides: it allows, denies, or passes on to
the next tier. What reaches the end of a tier is denied where one of its policies isolates the pod, and goes on to the
next tier where none does. What no tier decides is allowed.

A NetworkPolicy has nothing but allowing rules of one order, so that its rules are a union. Other dialects put
their denying rules before those, or every policy at its own place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Problem
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Endpoint, Host, Outside, Pod
from lhmigrate.model.labels import EVERYTHING, SAYING_WHO, Match, Selector
from lhmigrate.model.peers import EVERYONE, Peer, names_longhorn, names_outright, pods_in
from lhmigrate.model.ports import EVERY_PORT, NO_PORT, Ports

if TYPE_CHECKING:
    from lhmigrate.errors import Place
    from lhmigrate.model.http import HttpRule, Request


class Direction(Enum):
    """As seen from the pods that a policy selects."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Action(Enum):
    """What a rule does with what it matches."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - not a password
    """Leaves it to the next tier."""


class Tier(NamedTuple):
    """A step of judging. Lower ranks are asked first; the ranks are those that Calico gives its own tiers."""

    rank: float
    name: str


ADMIN: Final = Tier(1_000, "admin")
DEFAULT: Final = Tier(1_000_000, "default")
"""Where NetworkPolicies are."""
BASELINE: Final = Tier(10_000_000, "baseline")
UNPLACED: Final = Tier(float("-inf"), "unplaced")
"""Before all others, for what may be in any tier: where it is unknown, nothing that follows is known for sure."""


def unplaced(place: Place, tier: Tier) -> Problem:
    """Why a policy may come first or last: nobody told us of its tier."""
    return Problem(place, f"is in the tier {tier.name}, whose place nothing here tells; pass the Tier's manifest, too")


class Order(NamedTuple):
    """A policy's place among those of its tier. Its rules keep the order that they are given in."""

    number: float
    names: tuple[str, ...] = ()
    """What decides among policies of the same number: one name for each way in which the plugin's releases sort
    them. None: nothing decides, so that any of them may come first."""


FIRST: Final = Order(float("-inf"))
"""Before all others: where a dialect's denying rules win, and where a rule stands whose place is not known."""
LAST: Final = Order(float("inf"))
"""After all others, for what nothing else decided."""
USUAL: Final = Order(1_000)
"""Where Calico puts NetworkPolicies among its own (projectcalico/calico, libcalico-go conversion/conversion.go)."""


class NamedPort(NamedTuple):
    """A port by name, which means whatever the pod that serves it declares under that name and protocol."""

    name: str
    protocol: str | None
    """None: whichever it declares."""

    def on(self, server: Endpoint) -> tuple[Ports, bool]:
        """The port that it is there, and whether it may be another, because we do not know what is declared."""
        if isinstance(server, Pod):
            found = server.ports.get(self.name)
            if found is not None and self.protocol in {None, found[0]}:
                return Ports(((found[0], found[1], found[1]),)), False
            return NO_PORT, found is None and not server.ports_known
        return NO_PORT, isinstance(server, Outside) and server.may_be_pod


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One entry of a policy's ingress or egress: these peers, on these ports."""

    direction: Direction
    peers: tuple[Peer, ...]
    ports: Ports
    place: Place
    named: tuple[NamedPort, ...] = ()
    but: Ports = NO_PORT
    """Ports that it does not mean, even where it names them."""
    but_named: tuple[NamedPort, ...] = ()
    """More of those, by name."""
    about: tuple[Peer, ...] = EVERYONE
    """Which of the pods that its policy selects it is for."""
    action: Action = Action.ALLOW
    order: Order = USUAL
    http: tuple[HttpRule, ...] | None = None
    """The requests that it lets through; None: it does not look at them."""
    doubt: Problem | None = None
    """What in it was not understood: then it may match what its peers and ports say, and may not."""
    reads_dns: bool = False
    """Whether the plugin reads the look-ups that it lets through, and learns addresses from them (Cilium)."""

    def ports_at(self, server: Endpoint) -> tuple[Ports, Ports]:
        """The ports it means on the pod that serves, and the ports it may mean there."""
        sure, unsure = self.ports, NO_PORT
        for port in self.named:
            found, perhaps = port.on(server)
            sure |= found
            unsure = EVERY_PORT if perhaps else unsure
        if self.but:
            sure, unsure = sure - self.but, unsure - self.but
        for port in self.but_named:
            found, perhaps = port.on(server)
            unsure = (unsure | sure if perhaps else unsure) - found
            sure = NO_PORT if perhaps else sure - found
        return sure, unsure

    def admits(self, peer: Endpoint, namespace: str | None) -> Match:
        """Whether one of its peers is that end; of several addresses, each may have a peer of its own."""
        answer = self._has_peer(peer, namespace)
        if answer is Match.MAYBE and peer.addresses is not None and len(peer.addresses) > 1:
            each = [self._has_peer(replace(peer, addresses=(one,)), namespace) for one in peer.addresses]
            return max(answer, min(each))
        return answer

    def _has_peer(self, peer: Endpoint, namespace: str | None) -> Match:
        answer = Match.NO
        for one in self.peers:
            answer = max(answer, one.matches(peer, namespace))
            if answer is Match.YES:
                break
        return answer if self.doubt is None else min(answer, Match.MAYBE)

    def is_about(self, pod: Endpoint, namespace: str | None) -> Match:
        """Whether it is for that pod, if its policy selects it."""
        if self.about is EVERYONE:
            return Match.YES
        return max((one.matches(pod, namespace) for one in self.about), default=Match.NO)

    def lets_through(self, requests: tuple[Request, ...]) -> Match:
        """Whether it lets every one of these requests through; if we do not know them: perhaps."""
        if self.http is None:
            return Match.YES
        if not requests:
            return Match.MAYBE if self.http else Match.NO
        return min(max((rule.admits(one) for rule in self.http), default=Match.NO) for one in requests)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy object, or one of several specs in it, read as far as we understand it."""

    kind: str
    name: str
    namespace: str | None
    """None: it is in none, or nothing that we read says where it goes."""
    place: Place
    selects: Selector
    isolates: frozenset[Direction]
    """Directions in which what it selects is closed, but for what some rule lets through."""
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    dialect: Dialect = Dialect.KUBERNETES
    tier: Tier = DEFAULT
    namespaces: Selector | None = None
    """The namespaces that a cluster-wide policy is about; None: it is about its own."""
    about_nodes: bool = False
    """Whether it selects nodes, by their labels, and no pods."""
    unread: tuple[Problem, ...] = ()
    """What in it was not understood. If anything, the whole of it may or may not be in force."""
    owned_by_helm: bool = False
    """Whether its labels say that a Helm release owns it, as a dump of a cluster shows."""
    shipped_by: str | None = None
    """The release that installs it; None: it is the user's own."""
    left_out: tuple[Rule, ...] = ()
    """Rules of a direction that its `policyTypes` leave out."""
    alone: bool = True
    """Whether its object makes no other policy, so that what is changed in that is changed in this one alone."""
    idle: str = ""
    """Why it has no effect on any pod; empty: it may have."""

    def applies_to(self, end: Endpoint) -> Match:
        """Whether it selects that pod or node."""
        match end:
            case Host():
                # Of a node we know no labels, and whether policies for nodes are enforced is a switch of its own.
                return Match.MAYBE if self.about_nodes else Match.NO
            case Outside():
                # Where it may be a pod, it is in a namespace whose own policies are not looked at.
                elsewhere = self.namespaces is None or names_outright(self.namespaces) == {end.not_in}
                other = self.about_nodes or elsewhere or not end.may_be_pod
                return Match.NO if other or names_longhorn(self.selects, end) else Match.MAYBE
            case Pod():
                there = Match.NO if self.about_nodes or self._names_another(end) else self._is_about(end)
                sure = Match.MAYBE if self.unread else Match.YES
                return min(there, self.selects.matches(end.labels), sure) if there else there

    def _names_another(self, pod: Pod) -> bool:
        """Whether it selects by the name of an application, and the pod is known as another one."""
        names = self.selects.anchor() if pod.known_as else None
        return (
            names is not None
            and names.key in SAYING_WHO
            and names.key not in pod.labels.known
            and not any(pod.known_as in value for value in names.values)
        )

    def _is_about(self, pod: Pod) -> Match:
        if self.namespaces is not None:
            return self.namespaces.matches(pod.namespace_labels)
        if self.namespace is None or pod.namespace is None:
            return Match.MAYBE
        return Match.YES if self.namespace == pod.namespace else Match.NO

    def rules(self, direction: Direction) -> tuple[Rule, ...]:
        """Its rules of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def concerns(self, direction: Direction) -> bool:
        """Whether it has anything to say of a direction."""
        return direction in self.isolates or bool(self.rules(direction))

    def denies(self) -> bool:
        """Whether it can take away what others allow."""
        return any(rule.action is not Action.ALLOW for rule in (*self.ingress, *self.egress))

    def doubts(self) -> tuple[Problem, ...]:
        """Everything in it that was not understood."""
        return (*self.unread, *(rule.doubt for rule in (*self.ingress, *self.egress) if rule.doubt is not None))

    def named_namespaces(self) -> frozenset[str]:
        """The namespaces that its peers name outright."""
        peers = (pods for rule in (*self.ingress, *self.egress) for pods in pods_in(rule.peers))
        return frozenset().union(*(pods.named_namespaces() for pods in peers))

    def label_keys(self) -> frozenset[str]:
        """Every label key that it looks at."""
        keys = set(self.selects.label_keys())
        for rule in (*self.ingress, *self.egress):
            for pods in pods_in((*rule.peers, *rule.about)):
                keys.update(pods.pods.label_keys())
        return frozenset(keys)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Outline(NamedTuple):
    """What is left to know of a policy that could not be read: whom it is about at most."""

    selects: Selector = EVERYTHING
    isolates: frozenset[Direction] = frozenset(Direction)
    namespaces: Selector | None = None
    about_nodes: bool = False
