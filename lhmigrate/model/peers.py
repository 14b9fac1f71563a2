"""Whom a rule speaks of: pods by label, addresses, the parts of a cluster that have a name, or nobody knows whom.

Every peer is asked the same: whether it means an end of a flow, as seen from a policy in some namespace. It may
not know. What a dialect cannot translate becomes `Unclear`, with those whom it could mean at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from lhmigrate.model.endpoints import WHOLE_INTERNET, Endpoint, Entity, Host, Network, Outside, Pod
from lhmigrate.model.labels import NAME_LABEL, Match, Operator, Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
                ours = self.namespaces is None and names_longhorn(self.pods, end)
                return Match.MAYBE if end.may_be_pod and not ours else Match.NO
            case Pod():
                if self.namespaces is not None:
                    there = self.namespaces.matches(end.namespace_labels)
                elif end.namespace is None or namespace is None:
                    there = Match.MAYBE
                else:
                    there = Match.YES if end.namespace == namespace else Match.NO
                return min(there, self.pods.matches(end.labels)) if there else Match.NO

    def named_namespaces(self) -> frozenset[str]:
        """The namespaces that it names outright; none: it does not."""
        return frozenset() if self.namespaces is None else names_outright(self.namespaces)

    def __str__(self) -> str:
        if self.namespaces is None:
            return f"pods with {self.pods}" if self.pods else "every pod of its namespace"
        where = f"namespaces with {self.namespaces}" if self.namespaces else "every namespace"
        return f"pods with {self.pods} in {where}" if self.pods else f"every pod in {where}"


def names_outright(namespaces: Selector) -> frozenset[str]:
    """The namespaces that a selector names by the label that carries their name, and asks nothing else of."""
    if len(namespaces.requirements) != 1 or namespaces.alternatives:
        return frozenset()
    requirement = namespaces.requirements[0]
    is_name = requirement.key == NAME_LABEL and requirement.operator is Operator.IN
    return requirement.values if is_name else frozenset()


@lru_cache(maxsize=10_000)
def names_longhorn(pods: Selector, end: Host | Outside) -> bool:
    """Whether a selector speaks of Longhorn's own pods, so that it cannot mean an outsider.

    Labels under `longhorn.io` are Longhorn's; nobody else's pods carry them.
    """
    if not pods:
        return False
    ours = any(key.split("/")[0].endswith("longhorn.io") for key in pods.label_keys())
    return ours or any(pods.matches(labels) for labels in end.besides)


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
class Part:
    """A part of the cluster or of the world beyond it by its name, as Cilium's entities are."""

    entity: Entity

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """What an end is a part of, as far as that is known."""
        if isinstance(end, Outside) and self in end.assumed:
            return Match.YES
        return end.is_part(self.entity)

    def __str__(self) -> str:
        return f"the entity {self.entity.value}"


@dataclass(frozen=True, slots=True)
class Unclear:
    """A peer of which we cannot tell whom it means: perhaps any of these, and certainly nobody else."""

    among: tuple[Peer, ...] = (Everyone(),)
    called: str = "somebody"
    """What a report calls it."""

    def matches(self, end: Endpoint, namespace: str | None) -> Match:
        """Nobody knows, if it can be that end at all."""
        if isinstance(end, Outside) and self in end.assumed:
            return Match.YES
        return Match.MAYBE if any(one.matches(end, namespace) for one in self.among) else Match.NO

    def __str__(self) -> str:
        return self.called


@dataclass(frozen=True, slots=True)
class Names:
    """Addresses outside of the cluster by the DNS names under which pods looked them up, as Cilium learns them."""

    patterns: tuple[str, ...]

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """Perhaps, where the end is or may be outside of the cluster."""
        if isinstance(end, Outside) and self in end.assumed:
            return Match.YES
        abroad = max(end.is_part(Entity.WORLD), end.is_part(Entity.KUBE_APISERVER))
        return min(abroad, Match.MAYBE)

    def __str__(self) -> str:
        return f"whatever is named {' or '.join(self.patterns)}"


@dataclass(frozen=True, slots=True)
class Unseen:
    """What carries labels and is no pod: a host, or a set of networks, as Calico knows them. Nobody told us of any."""

    labelled: Selector

    def matches(self, end: Endpoint, namespace: str | None) -> Match:  # noqa: ARG002 - every peer is asked alike
        """Perhaps there is one that holds it, unless the labels are those of Longhorn's own pods."""
        if isinstance(end, Pod) or names_longhorn(self.labelled, end):
            return Match.NO
        return Match.MAYBE

    def __str__(self) -> str:
        return f"hosts and sets of networks with {self.labelled}"


@dataclass(frozen=True, slots=True)
class Those:
    """Whoever is one of each of several groups, and none of some."""

    every: tuple[tuple[Peer, ...], ...]
    none: tuple[Peer, ...] = ()

    def matches(self, end: Endpoint, namespace: str | None) -> Match:
        """What holds of it for every group, and for none of those left out."""
        if isinstance(end, Outside) and self in end.assumed:
            return Match.YES
        answer = min(_any(group, end, namespace) for group in self.every)
        return min(answer, Match(Match.YES - _any(self.none, end, namespace))) if answer else answer

    def __str__(self) -> str:
        inside = ", and ".join(" or ".join(map(str, group)) for group in self.every)
        return f"{inside}, but not {' or '.join(map(str, self.none))}" if self.none else inside


def _any(peers: tuple[Peer, ...], end: Endpoint, namespace: str | None) -> Match:
    return max((peer.matches(end, namespace) for peer in peers), default=Match.NO)


Peer = Everyone | Pods | Block | Part | Unclear | Names | Unseen | Those
EVERYONE: Final = (Everyone(),)


def pods_in(peers: Iterable[Peer]) -> Iterator[Pods]:
    """The pods that peers speak of by their labels, however deep in them."""
    for peer in peers:
        match peer:
            case Pods():
                yield peer
            case Those():
                yield from pods_in((*chain(*peer.every), *peer.none))
            case Unclear():
                yield from pods_in(peer.among)
