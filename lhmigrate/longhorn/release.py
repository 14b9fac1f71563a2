"""A Longhorn release as its network sees it, and the words in which reports speak of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import total_ordering
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from lhmigrate.model.labels import NO_LABELS, Labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.files.yamltext import Node as YamlNode
    from lhmigrate.model.http import Request
    from lhmigrate.model.ports import Ports

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """`1.7.3`, or `1.7` where the patch release is left open."""

    major: int
    minor: int
    patch: int | None = None

    @staticmethod
    def parse(text: str) -> Version:
        """`1.7.3`, `v1.7.3`, `1.7` or `v1.7`; anything else is a ValueError."""
        found = _VERSION.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a Longhorn version like 1.7 or 1.7.3")
        return Version(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)

    @property
    def line(self) -> Version:
        """The minor release that it belongs to."""
        return Version(self.major, self.minor)

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[int, int, int]:
        return self.major, self.minor, -1 if self.patch is None else self.patch

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + ("" if self.patch is None else f".{self.patch}")


class Pointer(NamedTuple):
    """Where a fact can be checked: the word that must stand in that line of that file at that tag."""

    source: str
    """A key of the evidence's `sources`; empty where the fact is inferred."""
    path: str
    line: int
    word: str
    inferred: str = ""
    """Why we hold it for true although no line says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """A kind of pod that Longhorn runs."""

    name: str
    labels: Mapping[str, str]
    sometimes: Mapping[str, str]
    """Labels put on and taken off while the pod runs."""
    varies: frozenset[str]
    """Keys that are there with a value of each pod's or cluster's own."""
    install_labels: bool
    """Whether it carries the labels of the way Longhorn was installed, too."""
    ports: Mapping[str, tuple[str, int]]
    """Declared container ports, by name."""

    def all_labels(self, installed: Labels = NO_LABELS) -> Labels:
        """Everything that it may carry; `installed` are the labels of the way Longhorn was installed."""
        if not self.install_labels:
            installed = NO_LABELS
        return Labels({**self.labels, **self.sometimes, **installed.known}, self.varies | installed.varying)


class Node(Enum):
    """Which node is meant where a node is one end of a flow."""

    SAME = "same"
    OTHER = "other"
    ANY = "any"


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Who must reach whom, on which ports."""

    name: str
    senders: tuple[str, ...]
    receivers: tuple[str, ...]
    """Names of components, or of the glossary's endpoints."""
    ports: Ports
    engine: str | None = None
    """`v1` or `v2`; None: both data engines."""
    needs: tuple[str, ...] = ()
    """Features without which nobody needs it."""
    to_pods_with: frozenset[str] = frozenset()
    """Only receivers that carry these of their *sometimes* labels are reached."""
    node: Node = Node.ANY
    any_port: bool = False
    """One of the ports is used; which one depends on the cluster."""
    only_while_upgrading: bool = False
    off_network_with: tuple[str, ...] = ()
    """Helm values; with any of them set, it leaves the cluster network."""

    @property
    def features(self) -> tuple[str, ...]:
        """All features that it takes, the data engine's included."""
        return (*self.needs, *((f"{self.engine}-data-engine",) if self.engine else ()))


class ShippedPolicy(NamedTuple):
    """A NetworkPolicy that the chart or the manifest installs under some Helm values."""

    name: str
    installed_by: frozenset[str]
    """`helm`, `manifest`."""
    when: Mapping[str, Any]
    spec: YamlNode
    """A NetworkPolicy spec with conditions in it (`shipped`)."""
    namespace: str | None = None
    """None: the installation's."""


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """One Longhorn release."""

    version: Version
    origin: str
    """The spec file that it came from."""
    same_as: Version | None
    preview: str
    """Why it is only a preview; empty: its tag was read."""
    upgrade_from: tuple[Version, ...]
    """Minor releases whose lower releases may be upgraded to this one."""
    kubernetes: str
    """The floor, as the chart states it: `>=1.25`."""
    components: Mapping[str, Component]
    flows: Mapping[str, Flow]
    values: Mapping[str, Any] = field(default_factory=dict)
    """The chart's defaults of the values that decide about policies, by dotted path."""
    policies: tuple[ShippedPolicy, ...] = ()
    install_labels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    """By way of installing: labels, with None where the value is not known."""

    def accepts(self, old: Version) -> bool:
        """Whether Longhorn lets an installation of `old` be upgraded to this release in one step."""
        return old < self.version and old.line in self.upgrade_from

    def __str__(self) -> str:
        return str(self.version)


class Evidence(NamedTuple):
    """Where every fact of one release can be checked."""

    sources: Mapping[str, str]
    """`longhorn/longhorn-manager@v1.7.0`, by the name that pointers use."""
    pointers: Mapping[tuple[str, str], tuple[Pointer, ...]]
    """By section (`components`, `flows`, `policies`, or `own` for the release's own facts) and name."""


class EndpointKind(Enum):
    """What is at the end of a flow that is not one of Longhorn's pods."""

    NODE = "node"
    KUBELET = "kubelet"
    API_SERVER = "api-server"
    DNS = "dns"
    OUTSIDE = "outside"
    """Somebody else's pods, or something outside of the cluster."""
    INTERNET = "internet"
    """Always outside of the cluster."""


class Usage(Enum):
    """Who uses a feature, as long as nothing says whether this user does."""

    EVERYONE = "everyone"
    SOME = "some"
    FEW = "few"


class Feature(NamedTuple):
    """Something that only some users use."""

    name: str
    meaning: str
    usage: Usage
    used_when: Mapping[str, Any]
    """Helm values; any of them shows that it is used."""


class FlowMeaning(NamedTuple):
    """What a flow is for, in words that do not change from release to release."""

    purpose: str
    without: str
    speaks: str = ""
    requests: tuple[Request, ...] = ()
    """What it asks for over HTTP, where policies can tell that from what others ask for."""
    caution: str = ""
    """What to say once where policies touch it."""
    caution_until: Version | None = None
    """The first release where that need not be said any more."""
    remark: str = ""
    """What else is good to know."""
    opened_by: Mapping[str, Ports] = MappingProxyType({})
    """Helm values of newer releases that open it, with the ports they open beside its own."""


class ComponentMeaning(NamedTuple):
    """What a component is for."""

    meaning: str
    moved: str = ""
    """Who does its work in releases that do not have it any more."""


class EndpointMeaning(NamedTuple):
    """What an end of a flow is that is not one of Longhorn's pods."""

    kind: EndpointKind
    called: str
    """What sentences call it."""
    meaning: str


class Glossary(NamedTuple):
    """What the names in the release files mean."""

    components: Mapping[str, ComponentMeaning]
    endpoints: Mapping[str, EndpointMeaning]
    features: Mapping[str, Feature]
    flows: Mapping[str, FlowMeaning]

    def kind(self, name: str) -> EndpointKind | None:
        """What kind of endpoint a name means; None: it is a component."""
        return self.endpoints[name].kind if name in self.endpoints else None

    def called(self, name: str) -> str:
        """What sentences call a component or an endpoint."""
        return self.endpoints[name].called if name in self.endpoints else name
