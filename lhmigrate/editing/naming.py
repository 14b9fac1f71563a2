"""How a policy can name one end of a flow, so that it means that end and nobody else."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from lhmigrate.editing.tongue import ENTITIES
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Endpoint, Entity, Host, Outside, Pod, Role
from lhmigrate.model.labels import NAME_LABEL, NO_LABELS, Labels, Match, Operator, Requirement, Selector
from lhmigrate.model.peers import Block, Part, Peer, Pods
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lhmigrate.longhorn.release import Component, Release
    from lhmigrate.model.settings import Settings

MOST_LABELS: Final = 3
"""A selector of more is one that nobody would write."""


_NAMEABLE: Final = {Dialect.KUBERNETES: Pods | Block, Dialect.CILIUM: Pods | Block | Part, Dialect.CALICO: Pods | Block}
_SAY_IT: Final = "say it under `peers` in .lhmigrate.yaml"


def from_everywhere(peers: Iterable[Peer], namespace: str) -> tuple[Peer, ...]:
    """The same in a policy that is in no namespace: pods of the one that is meant are named with it."""
    home = named(namespace)
    return tuple(
        replace(one, namespaces=home) if isinstance(one, Pods) and one.namespaces is None else one for one in peers
    )


def named(namespace: str) -> Selector:
    """The namespace of that name."""
    return Selector((Requirement(NAME_LABEL, Operator.IN, frozenset({namespace})),))


class Unnameable(Exception):  # noqa: N818 - the end cannot be named; asking was no error
    """Why no peer means that end and nobody else."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Names:
    """The names of the ends while some releases run side by side."""

    def __init__(self, releases: Sequence[Release], settings: Settings, dialect: Dialect = Dialect.KUBERNETES) -> None:
        self._releases = tuple(releases)
        self._settings = settings
        self._dialect = dialect
        self._selectors: dict[str, tuple[Selector, ...]] = {}

    def peers(self, end: Endpoint, direction: Direction | None = None) -> tuple[Peer, ...]:
        """Peers that together mean that end, in all its guises, in rules of a direction. Raises `Unnameable`."""
        match end:
            case Pod() if any(end.name in release.components for release in self._releases):
                return tuple(Pods(selector) for selector in self.selectors(end.name))
            case Pod():
                return (_pods_elsewhere(end),)
            case Host():
                return self._host(end, direction)
            case Outside():
                return _outside(end, self._dialect)

    def selector(self, component: str) -> Selector:
        """One selector that picks a component's pods of every release and no other pod. Raises `Unnameable`."""
        found = self.selectors(component)
        if len(found) > 1:
            raise Unnameable(f"the pods of {component} have no label in common from one release to the next")
        return found[0]

    def selectors(self, component: str) -> tuple[Selector, ...]:
        """Selectors that together do so: one, or one for each release. Raises `Unnameable`."""
        if component not in self._selectors:
            holders = [release for release in self._releases if component in release.components]
            common = self._exact(component, holders)
            each = [common] if common else [self._exact(component, [release]) for release in holders]
            self._selectors[component] = tuple(dict.fromkeys(one for one in each if one is not None))
            if None in each:
                self._selectors[component] = ()
        if not self._selectors[component]:
            raise Unnameable(f"no label tells the pods of {component} from all others")
        return self._selectors[component]

    def _exact(self, name: str, holders: Sequence[Release]) -> Selector | None:
        """The shortest selector that picks a component in these releases, and none but it in any."""
        wanted = [release.components[name].all_labels() for release in holders]
        others = [
            self._labels(other, release)
            for release in self._releases
            for other in release.components.values()
            if other.name != name
        ]
        known = list(_requirements([release.components[name] for release in holders]))
        for size in range(1, MOST_LABELS + 1):
            for chosen in combinations(known, size):
                selector = Selector(chosen)
                if any(selector.matches(labels) for labels in others):
                    continue
                if all(selector.matches(labels) is Match.YES for labels in wanted):
                    return selector
        return None

    def _labels(self, component: Component, release: Release) -> Labels:
        return component.all_labels(self._settings.installed(release) if component.install_labels else NO_LABELS)

    def _host(self, host: Host, direction: Direction | None) -> tuple[Peer, ...]:
        if self._dialect is Dialect.CILIUM and host.role in ENTITIES:
            return tuple(map(Part, ENTITIES[host.role]))
        if self._dialect is Dialect.CALICO and host.role is Role.API_SERVER and direction is Direction.EGRESS:
            # tigera/docs, "Use service rules in policy". What it sends may come from a tunnel, which is no endpoint.
            return (Part(Entity.KUBE_APISERVER),)
        if host.by_address is not Match.YES:
            cni = self._settings.cni.name
            if cni == "unknown":
                raise Unnameable(f"what a policy sees of {host.name} depends on the network plugin; pass --cni")
            raise Unnameable(f"on {cni}, an ipBlock may not match {host.name}")
        if not host.addresses:
            raise Unnameable(f"the addresses of {host.name} were not said; {_SAY_IT}")
        return tuple(Block(network) for network in host.addresses)


def _requirements(components: Sequence[Component]) -> Iterator[Requirement]:
    """What all of these always carry: labels with one value, then keys with any."""
    first, *rest = components
    for key, value in first.labels.items():
        if all(one.labels.get(key) == value for one in rest):
            yield Requirement(key, Operator.IN, frozenset({value}))
    for key in sorted(first.varies):
        if all(key in one.varies for one in rest):
            yield Requirement(key, Operator.EXISTS)


def _pods_elsewhere(pod: Pod) -> Peer:
    if pod.namespace is None:
        raise Unnameable(f"the namespace of {pod.name} was not said; {_SAY_IT}")
    labels = tuple(Requirement(key, Operator.IN, frozenset({value})) for key, value in pod.labels.known.items())
    return Pods(Selector(labels), named(pod.namespace))


def _outside(end: Outside, dialect: Dialect) -> tuple[Peer, ...]:
    if end.addresses:
        return tuple(Block(network) for network in end.addresses)
    assumed = [peer for peer in end.assumed if isinstance(peer, _NAMEABLE[dialect])]
    if not assumed:
        raise Unnameable(f"who {end.name} is was not said; {_SAY_IT}")
    return tuple(sorted(assumed, key=str))
