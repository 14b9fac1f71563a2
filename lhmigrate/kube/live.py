"""What a running cluster showed of itself, and what that settles: labels, addresses, settings, the network plugin.

What was seen replaces what the catalogue guesses, and only for what runs now. For pods that are still to come the
catalogue stands, with what others put on today's pods beside it: they may carry it, too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from ipaddress import collapse_addresses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.model.cni import CNIS, NATIVE
from lhmigrate.model.ports import NO_PORT, Ports
from lhmigrate.model.values import Values, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.longhorn.release import Component, Glossary, Release
    from lhmigrate.model.endpoints import Network
    from lhmigrate.model.policy import Policy
    from lhmigrate.model.settings import Settings


class LivePod(NamedTuple):
    """Pods that run, alike in labels and ports."""

    labels: Mapping[str, str]
    ports: Mapping[str, tuple[str, int]] = MappingProxyType({})
    """Declared container ports, by name."""
    namespace: str = ""


class Nodes(NamedTuple):
    """The nodes, as far as policies see them."""

    addresses: tuple[Network, ...] = ()
    """Everything that a node's traffic may come from: its own addresses, tunnels', and its share of the pods'."""
    own: tuple[Network, ...] = ()
    """The nodes' own addresses alone."""
    k3s: bool = False
    """Whether they run K3s, which brings kube-router's policy controller inside of itself."""


class Live:
    """One cluster, as it was seen."""

    def __init__(
        self,
        *,
        namespace: str,
        pods: Iterable[LivePod] = (),
        peers: Mapping[str, tuple[LivePod, ...]] = MappingProxyType({}),
        nodes: Nodes = Nodes(),  # noqa: B008 - a value
        api_server: tuple[Network, ...] = (),
        api_ports: Ports = NO_PORT,
        settings: Mapping[str, str] = MappingProxyType({}),
        plugins: frozenset[str] = frozenset(),
        tunnelled: bool = False,
        policies: Iterable[Policy] = (),
    ) -> None:
        self.namespace = namespace
        self.pods = tuple(pods)
        self.peers = peers
        """Pods of others that Longhorn talks with, by the names of the glossary's endpoints."""
        self.nodes = nodes
        self.api_server = api_server
        """Where the API server is reached, behind its Service."""
        self.api_ports = api_ports
        self.settings = settings
        """Longhorn's own settings, by name."""
        self.plugins = plugins
        """What may be a network plugin, by the names of `CNIS`, and of others that we only know of."""
        self._tunnelled = tunnelled
        policies = tuple(policies)
        self.dialects = frozenset(policy.dialect for policy in policies)
        """What the policies are written in."""
        plain = [policy for policy in policies if policy.kind == "NetworkPolicy" and policy.namespace is not None]
        self._there = frozenset((policy.namespace or "", policy.name) for policy in plain)
        self._owned = frozenset((policy.namespace or "", policy.name) for policy in plain if policy.owned_by_helm)
        self._of: dict[Release, dict[str, tuple[LivePod, ...]]] = {}

    def of(self, release: Release, component: Component) -> tuple[LivePod, ...]:
        """The pods of a component of the release that runs; none: there are none now."""
        if release not in self._of:
            found: dict[str, list[LivePod]] = defaultdict(list)
            for pod in self.pods:
                name = component_of(release, pod.labels)
                if name is not None:
                    found[name].append(pod)
            self._of[release] = {name: tuple(pods) for name, pods in found.items()}
        return self._of[release].get(component.name, ())

    def has(self, namespace: str, name: str, install: str) -> bool:
        """Whether a NetworkPolicy is there that the chart or the manifest installed.

        Helm marks what it owns; what only has the name is somebody's own, and Helm will not touch it.
        """
        return (namespace, name) in (self._owned if install == "helm" else self._there)

    def strangers(self, release: Release) -> list[LivePod]:
        """Pods in Longhorn's namespace that are no component of that release, and not we."""
        others = (pod for pod in self.pods if component_of(release, pod.labels) is None)
        return [pod for pod in others if pod.labels.get(_NAME) != "lhmigrate"]

    @cached_property
    def api_server_on_nodes(self) -> bool:
        """Whether the API server runs on nodes of the cluster and calls from there, through nobody else's pods."""
        return bool(self.api_server) and not self._tunnelled and set(self.api_server) <= set(self.nodes.own)


_KIND: Final = "longhorn.io/component"
_NAME: Final = "app.kubernetes.io/name"
_CHART: Final = "longhorn"


def component_of(release: Release, labels: Mapping[str, str]) -> str | None:
    """The component that a pod is of, by the labels that only this component's pods carry; None: of none.

    Pods that an older release left running, like instance managers with volumes, are those that say what they are.
    """
    best: tuple[int, str] | None = None
    for component in release.components.values():
        marks = [key for key in component.varies if "longhorn.io" in key]
        if not component.labels or any(labels.get(key) != value for key, value in component.labels.items()):
            continue
        if component.labels.get(_KIND) is None and any(key not in labels for key in marks):
            continue
        best = max(best or (0, ""), (len(component.labels), component.name))
    if best is not None:
        return best[1]
    kind = labels.get(_KIND)
    return next((one.name for one in release.components.values() if kind and one.labels.get(_KIND) == kind), None)


def settled(said: Settings, live: Live, release: Release, glossary: Glossary, *, by_hand: frozenset[str]) -> Settings:
    """The installation as it runs, where the user said nothing else; `by_hand` are the options that the user gave."""
    managers = [pod for pod in live.pods if component_of(release, pod.labels) == "longhorn-manager"]
    labels = managers[0].labels if managers else {}
    result = replace(
        said,
        namespace=live.namespace,
        release_name=said.release_name or labels.get("app.kubernetes.io/instance"),
    )
    if "install" not in by_hand and managers:
        helm = labels.get("app.kubernetes.io/managed-by") == "Helm"
        result = replace(result, install="helm" if helm else "manifest")
    if "cni" not in by_hand:
        result = replace(result, cni=CNIS[plugin(live)])
    known = _of_settings(live.settings, release, glossary, said.values)
    chart = _of_policies(live, release, result)
    if labels.get(_NAME, _CHART) != _CHART:
        chart["nameOverride"] = labels[_NAME]
    # What is as the chart has it by itself was perhaps never set, and the next release may have it otherwise.
    chosen = {path: value for path, value in chart.items() if release.values.get(path) != value}
    return replace(
        result,
        values=Values(merged([_tree(chosen), said.values.given, _tree(known)])),
        values_before=Values(merged([said.values.given, _tree(known), _tree(chart)])),
    )


def plugin(live: Live) -> str:
    """The network plugin, by its name in `CNIS`, where only one can be meant.

    Flannel alone enforces nothing, but nobody can see that nothing else does: it stays unknown. So does what is in
    place of K3s' own, where policies are written for another one.
    """
    named = live.plugins - {"flannel"}
    if not named and live.nodes.k3s and not live.dialects & NATIVE.keys():
        return "kube-router"
    return next(iter(named)) if len(named) == 1 and named <= set(CNIS) else "unknown"


def told(live: Live, release: Release, before: Settings, after: Settings) -> Iterator[str]:
    """What was taken from the cluster, in sentences."""
    if before.cni is not after.cni:
        yield f"the network plugin is taken to be {after.cni.name}, as it runs in the cluster; --cni can say otherwise"
    elif "flannel" in live.plugins and after.cni.name == "unknown":
        yield (
            "Flannel runs in the cluster, and whether anything enforces policies beside it cannot be seen; "
            "pass --cni flannel if nothing does"
        )
    strangers = live.strangers(release)
    if strangers:
        kinds = sorted({_called(pod.labels) for pod in strangers})
        shown = ", ".join(kinds[:_SHOWN]) + (", ..." if len(kinds) > _SHOWN else "")
        yield f"pods in {live.namespace} that are not of Longhorn {release} were left out: {shown}"
    was, now = before.values.over(release.values), after.values.over(release.values)
    for path in sorted(_deciding(release)):
        value = now.get(path)
        if value == was.get(path):
            continue
        yield (
            f"the Helm value {path} is taken to be {str(value).lower()} and to stay so, as the policies in "
            f"{live.namespace} show; --values can say otherwise"
        )


_SHOWN: Final = 5


def _called(labels: Mapping[str, str]) -> str:
    for key in ("app.kubernetes.io/name", "app", "k8s-app", "name", "job-name"):
        if key in labels:
            return f"{key}={labels[key]}"
    return next((f"{key}={value}" for key, value in sorted(labels.items())), "pods without a label")


def _deciding(release: Release) -> set[str]:
    """The Helm values that switch policies of a release on or off."""
    return {path for policy in release.policies for path, wanted in policy.when.items() if isinstance(wanted, bool)}


def _of_policies(live: Live, release: Release, settings: Settings) -> dict[str, Any]:
    """The Helm values that decide which policies a release installs, as far as those that are there show them."""
    found: dict[str, Any] = {}
    if settings.install != "helm":
        return found  # A manifest heeds no values.
    mine = [one for one in release.policies if settings.install in one.installed_by]
    there = {one.name for one in mine if live.has(one.namespace or settings.namespace, one.name, settings.install)}
    for policy in mine:
        if policy.name in there:
            found |= {path: wanted for path, wanted in policy.when.items() if isinstance(wanted, bool)}
    for policy in mine:
        undecided = [path for path, wanted in policy.when.items() if found.get(path) is not wanted]
        if policy.name not in there and len(undecided) == 1 and isinstance(policy.when[undecided[0]], bool):
            found.setdefault(undecided[0], not policy.when[undecided[0]])
    return found


def _of_settings(live: Mapping[str, str], release: Release, glossary: Glossary, said: Values) -> dict[str, Any]:
    """Longhorn's settings as the Helm values that stand for them.

    What takes flows off the cluster's network must be so today and stay so. A feature is used if either says so.
    """
    found: dict[str, Any] = {}
    off = {path for flow in release.flows.values() for path in flow.off_network_with}
    uses = {path for feature in glossary.features.values() for path in feature.used_when}
    for path in sorted(off | uses):
        setting = setting_of(path)
        if setting is None or setting not in live:
            continue
        now: object = {"true": True, "false": False}.get(live[setting], live[setting])
        later = said.get(path)
        if path in off:
            found[path] = now if later is None else (now and later)
        else:
            found[path] = later or now
    return found


def setting_of(path: str) -> str | None:
    """The name of the setting that a Helm value is the default of: `defaultSettings.storageNetwork`."""
    head, _, name = path.partition(".")
    if head != "defaultSettings":
        return {"defaultBackupStore.backupTarget": "backup-target"}.get(path)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return words.lower()


def _tree(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted path as a values file holds them."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *way, last = path.split(".")
        inner = tree
        for key in way:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return tree


def joined(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The same addresses in as few networks as can be."""
    by_family: dict[int, list[Any]] = defaultdict(list)
    for one in networks:
        by_family[one.version].append(one)
    return tuple(one for version in sorted(by_family) for one in collapse_addresses(by_family[version]))
