"""What the user says about an installation: options, Helm values, and the configuration file's facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.longhorn.release import Feature, Usage
from lhmigrate.model.cni import CNIS, Cni
from lhmigrate.model.labels import Labels
from lhmigrate.model.ports import NO_PORT, Ports
from lhmigrate.model.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.longhorn.release import Component, Release
    from lhmigrate.model.endpoints import Network
    from lhmigrate.model.labels import Selector

INSTALLS = ("helm", "manifest")


class PeerFacts(NamedTuple):
    """Who one of the outside peers is: pods in a namespace, or addresses."""

    namespace: str | None = None
    labels: Mapping[str, str] = MappingProxyType({})
    addresses: tuple[Network, ...] = ()
    ports: Ports = NO_PORT
    """The ports it really uses; none: not said."""


DNS: Final = PeerFacts(namespace="kube-system", labels={"k8s-app": "kube-dns"})
"""kubeadm, K3s, RKE2 and the managed clusters label CoreDNS so; the configuration file can say otherwise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation of Longhorn."""

    namespace: str = "longhorn-system"
    default_namespace: str | None = None
    """Where policies go that name no namespace; None: nobody said."""
    install: str = "helm"
    values: Values = field(default_factory=Values)
    values_before: Values | None = None
    """The Helm values while the release before an upgrade still runs; None: the same."""
    release_name: str | None = None
    """Under which name Helm installed it; None: nobody said."""
    cni: Cni = CNIS["unknown"]
    using: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    peers: Mapping[str, PeerFacts] = field(default_factory=dict)

    @property
    def concerning(self) -> frozenset[str]:
        """The namespaces whose policies can touch a flow of Longhorn's: its own, and those of known peers."""
        named = (self.namespace, self.default_namespace, DNS.namespace, *(one.namespace for one in self.peers.values()))
        return frozenset(name for name in named if name is not None)

    def installed(self, release: Release) -> Labels:
        """The labels of the way Longhorn was installed, on the pods that carry them."""
        told = {
            # longhorn/longhorn chart/templates/_helpers.tpl: nameOverride, else the chart's name; the release's name.
            "app.kubernetes.io/name": self.values.get("nameOverride") or "longhorn",
            "app.kubernetes.io/instance": self.release_name,
        }
        known, varying = {}, set()
        for label, written in release.install_labels.get(self.install, {}).items():
            value = told.get(label) if written is None else written
            if isinstance(value, str):
                known[label] = value
            else:
                varying.add(label)
        return Labels(known, frozenset(varying))

    def picked(self, selector: Selector, release: Release) -> tuple[Component, ...]:
        """The components of a release that a selector picks, at least sometimes."""
        installed = self.installed(release)
        return tuple(one for one in release.components.values() if selector.matches(one.all_labels(installed)))

    def usage(self, feature: Feature) -> Usage | None:
        """How likely this installation uses a feature; None: it does not, the user says."""
        if feature.name in self.without:
            return None
        if feature.name in self.using or self.values.any_of(feature.used_when):
            return Usage.EVERYONE
        return feature.usage
