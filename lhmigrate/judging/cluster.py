"""Who is who in one cluster: the ends of a release's flows, as the policies there see them."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Final

from lhmigrate.judging.assumptions import Assumed
from lhmigrate.longhorn.release import EndpointKind, Node, Usage
from lhmigrate.model.endpoints import Endpoint, Host, Outside, Pod, Role
from lhmigrate.model.labels import NAME_LABEL, NO_LABELS, SAYING_WHO, Labels, Match
from lhmigrate.model.policy import Direction
from lhmigrate.model.settings import DNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.kube.live import Live, LivePod
    from lhmigrate.longhorn.release import Component, Flow, Glossary, Release
    from lhmigrate.model.endpoints import Network
    from lhmigrate.model.http import Request
    from lhmigrate.model.ports import Ports
    from lhmigrate.model.settings import PeerFacts, Settings

NOBODY: Final = Assumed()

DeclaredPorts = abc.Mapping[str, tuple[str, int]]
"""Container ports by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One sender and one receiver of a flow, in every guise that both may have while it is needed."""

    flow: Flow
    source: str
    target: str
    ports: Ports
    senders: tuple[Endpoint, ...]
    receivers: tuple[Endpoint, ...]
    requests: tuple[Request, ...] = ()
    """What it asks for over HTTP; none: it does not speak HTTP, or we do not know."""


class Cluster:
    """Builds the ends of flows. Equal questions get the same object, so that verdicts can be remembered."""

    def __init__(
        self,
        settings: Settings,
        glossary: Glossary,
        *,
        namespaces: Mapping[str, Mapping[str, str]],
        keys: frozenset[str],
        assumed: Mapping[str, Assumed],
        releases: Iterable[Release],
        live: Live | None = None,
    ) -> None:
        releases = tuple(releases)
        self._live = live
        self._running = releases[0] if live is not None and releases else None
        self._settings = settings
        self._glossary = glossary
        self._namespaces = namespaces
        self._keys = keys
        self._assumed = assumed
        self._besides = tuple(
            component.all_labels() for release in releases for component in release.components.values()
        )
        self._pods: dict[tuple[Release, str, frozenset[str]], tuple[Pod, ...]] = {}
        self._others: dict[tuple[str, Node, Direction], tuple[Endpoint, ...]] = {}

    def legs(self, release: Release) -> Iterator[Leg]:
        """Everything that one release needs while it runs by itself."""
        for flow in release.flows.values():
            if not flow.only_while_upgrading and self.usage(flow) is not None:
                yield from self._legs(flow, [release], [release], flow.ports)

    def legs_during(self, old: Release, new: Release) -> Iterator[Leg]:
        """Everything that is needed while pods of both releases run side by side."""
        for name in dict.fromkeys((*new.flows, *old.flows)):
            before, after = old.flows.get(name), new.flows.get(name)
            flow = after or before
            if flow is None or self.usage(flow) is None:
                continue
            if before is not None and before.only_while_upgrading:
                # It served an earlier hop; nothing of that release runs any more.
                before = None
            if after is not None and after.only_while_upgrading:
                # Between the new release and pods of an older one that still needs it in earnest.
                if before is not None:
                    yield from self._legs(after, [old, new], [old], before.ports | after.ports, before)
            elif before is not None and after is not None:
                yield from self._legs(after, [old, new], [old, new], before.ports | after.ports, before)
            elif after is not None:
                yield from self._legs(after, [new], [new], after.ports)
            elif before is not None:
                yield from self._legs(before, [old], [old], before.ports)

    def usage(self, flow: Flow) -> Usage | None:
        """How likely this installation needs a flow; None: it does not."""
        if any(self._settings.values.get(path) for path in flow.off_network_with):
            return None
        answers = [self._settings.usage(self._glossary.features[name]) for name in flow.features]
        if None in answers:
            return None
        return next((usage for usage in (Usage.FEW, Usage.SOME) if usage in answers), Usage.EVERYONE)

    def _legs(
        self, flow: Flow, senders: list[Release], receivers: list[Release], ports: Ports, before: Flow | None = None
    ) -> Iterator[Leg]:
        """A flow between pods of these releases; `before` is what it was, and may have had other ends."""
        pairs = [pair for one in (flow, before) if one is not None for pair in product(one.senders, one.receivers)]
        for source, target in dict.fromkeys(pairs):
            sending = self._ends(source, senders, flow, Direction.EGRESS)
            receiving = self._ends(target, receivers, flow, Direction.INGRESS)
            if sending and receiving:
                narrowed = self._narrowed(flow, target, ports)
                yield Leg(flow, source, target, narrowed, sending, receiving, self._glossary.flows[flow.name].requests)

    def _narrowed(self, flow: Flow, target: str, ports: Ports) -> Ports:
        """Only the ports that the target really serves, where that is known."""
        facts = self._settings.peers.get(target)
        if facts is not None and facts.ports:
            return facts.ports
        if flow.any_port and target in self._assumed:
            return ports & self._assumed[target].ports
        # Behind its Service; a plugin that we do not know might judge before it is led there.
        live = self._live if self._settings.cni.name != "unknown" else None
        if live is not None and self._glossary.kind(target) is EndpointKind.API_SERVER:
            return live.api_ports or ports
        return ports

    def _ends(self, name: str, releases: list[Release], flow: Flow, does: Direction) -> tuple[Endpoint, ...]:
        """Who that is, as it sends (egress) or receives (ingress)."""
        if name in self._glossary.endpoints:
            return self._other(name, flow.node, does)
        with_labels = flow.to_pods_with if does is Direction.INGRESS else frozenset()
        return tuple(
            pod
            for release in releases
            if name in release.components
            for pod in self.pods(release, release.components[name], with_labels)
        )

    def pods(
        self, release: Release, component: Component, with_labels: frozenset[str] = frozenset()
    ) -> tuple[Pod, ...]:
        """A component's pods, with and without those *sometimes* labels that any policy looks at."""
        key = (release, component.name, with_labels)
        if key not in self._pods:
            self._pods[key] = tuple(self._guises(release, component, with_labels))
        return self._pods[key]

    def _guises(self, release: Release, component: Component, with_labels: frozenset[str]) -> Iterator[Pod]:
        installed = self._settings.installed(release) if component.install_labels else NO_LABELS
        usual = Labels({**component.labels, **installed.known}, component.varies | installed.varying)
        always = {label: value for label, value in component.sometimes.items() if label in with_labels}
        optional = [label for label in component.sometimes if label in self._keys and label not in with_labels]
        for labels, ports in self._seen(release, component, usual):
            for chosen in _subsets(optional):
                sometimes = always | {label: component.sometimes[label] for label in chosen}
                yield Pod(
                    name=component.name,
                    namespace=self._settings.namespace,
                    labels=Labels({**labels.known, **sometimes}, labels.varying),
                    namespace_labels=self._namespace_labels(self._settings.namespace),
                    ports=ports,
                    by_address=self._settings.cni.pods_by_address,
                )

    def _seen(self, release: Release, component: Component, usual: Labels) -> Iterable[tuple[Labels, DeclaredPorts]]:
        """The labels and ports of a component's pods, without those that come and go: as seen, else as is usual.

        Of those that were seen only what a policy looks at makes a difference. What others put on today's pods, the
        new release's may carry or not.
        """
        live = None if self._live is None or self._running is None else self._live.of(self._running, component)
        if not live:
            return [(usual, component.ports)]
        mine = {*component.labels, *component.sometimes}
        asked = self._keys | usual.known.keys()
        if release is self._running:
            return _distinct(
                (
                    {key: pod.labels[key] for key in pod.labels if key in asked and key not in component.sometimes},
                    pod.ports,
                )
                for pod in live
            )
        foreign = self._keys - mine - usual.known.keys() - usual.varying
        extras = [{key: value for key, value in pod.labels.items() if key in foreign} for pod in live]
        return [
            (Labels({**usual.known, **extra.known}, usual.varying), component.ports)
            for extra, _ in _distinct((extra, component.ports) for extra in ({}, *extras))
        ]

    def _namespace_labels(self, namespace: str) -> Labels:
        complete = self._live is not None and namespace in self._namespaces
        return Labels({**self._namespaces.get(namespace, {}), NAME_LABEL: namespace}, complete=complete)

    def _other(self, name: str, node: Node, does: Direction) -> tuple[Endpoint, ...]:
        key = (name, node, does)
        if key not in self._others:
            kind = self._glossary.endpoints[name].kind
            live = () if self._live is None else self._live.peers.get(name, ())
            if live:
                self._others[key] = tuple(
                    self._live_pod(name, labels, live[0].namespace) for labels in self._kinds(live)
                )
            else:
                self._others[key] = (self._make(name, kind, node, does),)
        return self._others[key]

    def _kinds(self, pods: Iterable[LivePod]) -> Iterable[Labels]:
        """The labels of pods as far as policies can tell them apart."""
        keys = self._keys | SAYING_WHO
        told = ({key: value for key, value in pod.labels.items() if key in keys} for pod in pods)
        return [labels for labels, _ in _distinct((one, {}) for one in told)]

    def _live_pod(self, name: str, labels: Labels, namespace: str) -> Pod:
        return Pod(
            name=name,
            namespace=namespace,
            labels=labels,
            namespace_labels=self._namespace_labels(namespace),
            ports_known=False,
            by_address=self._settings.cni.pods_by_address,
        )

    def _addresses(self, kind: EndpointKind, does: Direction) -> tuple[Network, ...] | None:
        """From where nodes and the API server come, or where the API server is, as seen; None: not seen.

        Where it calls from is known only where it runs on nodes: managed ones come through tunnels and gateways.
        """
        live = self._live
        if live is None:
            return None
        if kind is EndpointKind.API_SERVER and does is Direction.INGRESS:
            return live.api_server or None
        if kind is EndpointKind.NODE or live.api_server_on_nodes:
            return live.nodes.addresses or None
        return None

    def _make(self, name: str, kind: EndpointKind, node: Node, does: Direction) -> Endpoint:
        cni = self._settings.cni
        facts = self._settings.peers.get(name) or self._assumed.get(name, NOBODY).facts
        addresses = facts.addresses or None
        if addresses is None and kind in {EndpointKind.NODE, EndpointKind.API_SERVER}:
            addresses = self._addresses(kind, does)
        match kind:
            case EndpointKind.KUBELET:
                # "Traffic to and from the node where a Pod is running is always allowed" (Kubernetes'
                # networking.k8s.io documentation); for probes, every plugin keeps to it.
                return Host(name, exempt=Match.YES, role=Role.OWN_NODE)
            case EndpointKind.NODE if node is Node.SAME:
                if cni.own_node_addresses:
                    seen = cni.own_node_addresses
                    return Host(name, cni.own_node, seen, Match.YES, Role.STRANGER, self._besides)
                return Host(name, cni.own_node, addresses, cni.nodes_by_address, Role.OWN_NODE, self._besides)
            case EndpointKind.NODE:
                # Where any node is meant, the other ones decide: a pod's own node has it easier everywhere.
                return Host(name, Match.NO, addresses, cni.nodes_by_address, Role.OTHER_NODE, self._besides)
            case EndpointKind.API_SERVER:
                return Host(name, Match.NO, addresses, cni.nodes_by_address, Role.API_SERVER, self._besides)
            case EndpointKind.DNS:
                where, labels = facts.namespace or DNS.namespace, facts.labels or DNS.labels
                return self._pod(name, facts._replace(namespace=where, labels=labels), known_as="dns")
            case EndpointKind.OUTSIDE | EndpointKind.INTERNET:
                if facts.namespace is not None or facts.labels:
                    return self._pod(name, facts)
                never = kind is EndpointKind.INTERNET or addresses is not None
                return Outside(
                    name,
                    addresses,
                    may_be_pod=not never,
                    # If it is a pod, an address may not match it; if it is none, one does.
                    by_address=Match.YES if never else max(cni.pods_by_address, Match.MAYBE),
                    assumed=self._assumed[name].peers if name in self._assumed else frozenset(),
                    besides=self._besides,
                    not_in=self._settings.namespace,
                )

    def _pod(self, name: str, facts: PeerFacts, known_as: str = "") -> Pod:
        return Pod(
            name=name,
            namespace=facts.namespace,
            labels=Labels(facts.labels, complete=False),
            namespace_labels=self._namespace_labels(facts.namespace) if facts.namespace else Labels(complete=False),
            ports_known=False,
            addresses=facts.addresses or None,
            by_address=self._settings.cni.pods_by_address,
            known_as=known_as,
        )


def _subsets(labels: list[str]) -> Iterable[tuple[str, ...]]:
    for size in range(len(labels), -1, -1):
        yield from combinations(labels, size)


def _distinct(
    several: Iterable[tuple[Mapping[str, str], DeclaredPorts]],
) -> list[tuple[Labels, DeclaredPorts]]:
    """Each once, in their order."""
    found = {(frozenset(labels.items()), frozenset(ports.items())): (labels, ports) for labels, ports in several}
    return [(Labels(labels), ports) for labels, ports in found.values()]
