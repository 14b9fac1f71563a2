"""Reads a running cluster: Longhorn as it runs there, who it talks with, and every policy that the cluster knows.

Of what is read only what matters is kept, page by page. Secrets are never asked for, so neither are Helm's releases,
which are Secrets; and nothing is written. `READS` is all that a cluster role must allow.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.dialects import CLUSTER_WIDE
from lhmigrate.errors import Refusal
from lhmigrate.files import manifests
from lhmigrate.files.sources import FileObjects, Reading
from lhmigrate.kube import shown
from lhmigrate.kube.apiserver import Resource
from lhmigrate.kube.live import Live, LivePod, Nodes, joined
from lhmigrate.longhorn.release import EndpointKind, Version
from lhmigrate.model.settings import DNS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from lhmigrate.kube.apiserver import ApiServer
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.model.settings import Settings

PODS: Final = Resource("", "v1", "pods")
NAMESPACES: Final = Resource("", "v1", "namespaces")
NODES: Final = Resource("", "v1", "nodes")
DAEMON_SETS: Final = Resource("apps", "v1", "daemonsets")
ENDPOINTS: Final = Resource("discovery.k8s.io", "v1", "endpointslices")

_BUILT_IN: Final = "networking.k8s.io"
"""Every cluster serves it."""
POLICIES: Final = {
    _BUILT_IN: ("networkpolicies",),
    "cilium.io": ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"),
    # Calico shows the same objects in both of its groups: one of them is read.
    "crd.projectcalico.org": ("networkpolicies", "globalnetworkpolicies", "hostendpoints", "tiers"),
    "projectcalico.org": ("networkpolicies", "globalnetworkpolicies", "hostendpoints", "tiers"),
    "policy.networking.k8s.io": ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
    # No dialect here has these: where there is one, what it may be about is unknown.
    "crd.antrea.io": ("networkpolicies", "clusternetworkpolicies"),
    "network.openshift.io": ("egressnetworkpolicies",),
    "networking.gke.io": ("fqdnnetworkpolicies",),
    "networking.k8s.aws": ("applicationnetworkpolicies", "clusternetworkpolicies"),
}
"""By group, the plural names of what is read there."""

LONGHORN: Final = "longhorn.io"
READS: Final = {
    "": ("namespaces", "nodes", "pods"),
    "apps": ("daemonsets",),
    "discovery.k8s.io": ("endpointslices",),
    LONGHORN: ("backuptargets", "settings"),
    **POLICIES,
}
"""All that is listed, by group."""

_UNJUDGED: Final = {
    "k8s.ovn.org": "OVN-Kubernetes",
    "kubeovn.io": "Kube-OVN",
    "kuma.io": "Kuma",
    "policy.linkerd.io": "Linkerd",
    "security.istio.io": "Istio",
}
"""Whose policies cut traffic, too, and are not read: by group."""

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Running(NamedTuple):
    """The Longhorn that runs."""

    namespace: str
    version: Version | None
    """None: nobody asked."""
    newest: Version | None = None
    """Of an upgrade that is under way, where it leads to; else the same, or None."""
    told: tuple[str, ...] = ()
    """What else there is to say of its version."""


class Snapshot(NamedTuple):
    """A cluster as it was seen."""

    running: Running | None
    """None: there is no Longhorn."""
    live: Live
    namespaces: Mapping[str, Mapping[str, str]]
    """All of them, with their labels."""
    reading: Reading


def take(
    api: ApiServer, namespace: str | None, settings: Settings, glossary: Glossary, *, versions: bool = True
) -> Snapshot:
    """What the cluster shows. `namespace` is Longhorn's where the user says it; so is its version without `versions`.

    Raises `Refusal` where a permission is missing, or where it cannot be told which Longhorn runs.
    """
    groups, unjudged = _groups(api)
    found = _Longhorn(api, groups)
    home = found.home(namespace)
    running = None if home is None else found.running(home) if versions else Running(home, None)
    home = home or namespace or settings.namespace
    named = settings.concerning - {settings.namespace} | {home}
    if running is None:
        return Snapshot(None, Live(namespace=home), {}, Reading(0, (), ()))
    reading = _Policies(api, groups).read(named)
    slices = api.collect(ENDPOINTS, dict, "default", {"kubernetes.io/service-name": "kubernetes"})
    networks, ports = shown.api_server(slices)
    live = Live(
        namespace=home,
        pods=_pods(api, home),
        peers=_peers(api, settings, glossary),
        nodes=_nodes(api),
        api_server=networks,
        api_ports=ports,
        settings=found.settings.get(home, {}),
        plugins=found.plugins - {shown.AGENT},
        tunnelled=shown.AGENT in found.plugins,
        policies=(policy for one in reading.found for policy in one.objects.policies),
    )
    namespaces = dict(api.collect(NAMESPACES, shown.namespace))
    api.complain()
    told = tuple(f"policies of {one} are not judged, and the cluster knows such" for one in unjudged)
    return Snapshot(running._replace(told=(*running.told, *told)), live, namespaces, reading)


Groups = dict[str, dict[str, tuple[str, str]]]
"""By group and plural, in which version it is served, and the kind."""


def _groups(api: ApiServer) -> tuple[Groups, tuple[str, ...]]:
    """What the cluster knows of the groups that concern us, and whose policies it knows that are not read.

    A group that it does not know is not there. Raises `Refusal` where it does not say what it knows.
    """
    groups = {str(one.get("name")): one for one in _told(api, "/apis", "groups")}
    result: Groups = {}
    for name in (LONGHORN, *POLICIES):
        if name in groups and not _is_copy(name, groups, result):
            result[name] = _served(api, name, groups[name])
    if "networkpolicies" not in result.get(_BUILT_IN, {}):
        raise Refusal(f"the API server serves no networkpolicies.{_BUILT_IN}, which every cluster has: it is none")
    others = [
        f"{plural}.{name}"
        for name, plurals in POLICIES.items()
        for plural, (_, kind) in result.get(name, {}).items()
        if kind.endswith("NetworkPolicy") and not kind.startswith("Staged") and plural not in plurals
    ]
    return result, (*(called for name, called in _UNJUDGED.items() if name in groups), *others)


def _is_copy(name: str, groups: Container[str], known: Groups) -> bool:
    """Whether it is the one of Calico's two groups that is not read.

    Its own format is read where there is one: what serves the other group is a server of its own, which may be down.
    From 3.32 on, Calico can move its objects to the other group, and leaves the old ones behind as they were
    (projectcalico/calico, kube-controllers/pkg/controllers/migration): where that is possible, the other one is true.
    """
    if "projectcalico.org" in groups and "migration.projectcalico.org" in groups:
        return name == "crd.projectcalico.org"
    return name == "projectcalico.org" and "networkpolicies" in known.get("crd.projectcalico.org", {})


def _served(api: ApiServer, name: str, group: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What there is in a group, each in the version that the server prefers of those that have it."""
    preferred = str(shown.fields(group.get("preferredVersion")).get("version"))
    versions = [str(one.get("version")) for one in shown.items(group.get("versions"))]
    known: dict[str, tuple[str, str]] = {}
    for version in sorted(versions, key=preferred.__ne__):
        for one in _told(api, f"/apis/{name}/{version}", "resources"):
            plural = str(one.get("name"))
            if "/" not in plural:  # a part of a resource, like its status
                known.setdefault(plural, (version, str(one.get("kind"))))
    return known


def _told(api: ApiServer, path: str, what: str) -> list[shown.Json]:
    """What the server lists of itself. That it says nothing of it must not pass for nothing being there."""
    answer = api.get(path).get(what)
    api.complain()
    if not isinstance(answer, list):
        raise Refusal(f"the API server answers {path} without its {what}: what it knows cannot be told")
    return shown.items(answer)


class _Longhorn:
    """Finds out which Longhorn runs, and what else runs on every node."""

    def __init__(self, api: ApiServer, groups: Groups) -> None:
        self.plugins: frozenset[str] = frozenset()
        self.settings: dict[str, dict[str, str]] = {}
        """By namespace and name."""
        plugins: set[str] = set()
        self._managers = api.collect(DAEMON_SETS, lambda one: shown.manager(one, plugins))
        self.plugins = frozenset(plugins)
        known = groups.get(LONGHORN, {})
        for plural, read in (("settings", shown.setting), ("backuptargets", shown.backup_target)):
            if plural in known:
                version = known[plural][0]
                for namespace, name, value in api.collect(Resource(LONGHORN, version, plural), read):
                    self.settings.setdefault(namespace, {}).setdefault(name, value)
        api.complain()

    def home(self, namespace: str | None) -> str | None:
        """The namespace in which Longhorn runs; None: it does not. Refuses where there are several."""
        places = {one.namespace for one in self._managers} | {
            place for place, named in self.settings.items() if _VERSION in named
        }
        if not places:
            return None
        if namespace is not None and namespace not in places:
            raise Refusal(f"Longhorn runs in {' and '.join(sorted(places))}, not in {namespace}; pass that --namespace")
        if namespace is None and len(places) > 1:
            raise Refusal(f"Longhorn seems to run in {' and '.join(sorted(places))}; name the one by --namespace")
        return namespace or next(iter(places))

    def running(self, home: str) -> Running:
        """The Longhorn that runs there. Refuses where its version is none.

        Its managers say themselves what they are. The tag of their image only tells what is rolled out, and a mirror
        may have named it anew.
        """
        said = self.settings.get(home, {}).get(_VERSION, "")
        tags = [one.tag for one in self._managers if one.namespace == home and one.tag]
        own = [tag for tag in tags if _version(tag) is None]
        versions = [version for text in (said, *tags) if (version := _version(text)) is not None]
        if not versions or (said and _version(said) is None):
            raise Refusal(
                f"which Longhorn runs in {home} cannot be told: it says {said or next(iter(tags), '') or 'nothing'!r}, "
                "which is no release; `lhmigrate plan --cluster --from V` takes your word for it"
            )
        told = [f"Longhorn is taken to be {said}, as it says, though its image's tag is {tag}" for tag in own]
        least, most = min(versions), max(versions)
        if least != most:
            told.append(f"an upgrade from {least} to {most} seems to be under way in {home}")
        return Running(home, least, most, tuple(told))


_VERSION: Final = "current-longhorn-version"


def _version(text: str) -> Version | None:
    try:
        version = Version.parse(text)
    except ValueError:
        return None
    return version if version.patch is not None else None


def _pods(api: ApiServer, namespace: str, labels: Mapping[str, str] | None = None) -> tuple[LivePod, ...]:
    """The pods that run there in the cluster's own network."""
    found = api.collect(PODS, shown.pod, namespace, labels)
    alike = {(frozenset(one.labels.items()), frozenset(one.ports.items())): one for one in found}
    return tuple(alike.values())


def _peers(api: ApiServer, settings: Settings, glossary: Glossary) -> dict[str, tuple[LivePod, ...]]:
    """The pods of those outside of Longhorn who were named, and of the cluster's DNS."""
    found: dict[str, tuple[LivePod, ...]] = {}
    for name, meaning in glossary.endpoints.items():
        facts = settings.peers.get(name) or (DNS if meaning.kind is EndpointKind.DNS else None)
        if facts is not None and facts.namespace is not None and facts.labels and not facts.addresses:
            found[name] = _pods(api, facts.namespace, facts.labels)
    return {name: pods for name, pods in found.items() if pods}


def _nodes(api: ApiServer) -> Nodes:
    found = api.collect(NODES, shown.node)
    # If one of them has no address yet, what is known of the others is not all.
    known = all(node.own for node in found)
    return Nodes(
        joined(one for node in found for one in node.addresses) if known else (),
        tuple(one for node in found for one in node.own),
        k3s=any(node.k3s for node in found),
    )


class _Policies:
    """Reads all policies, and keeps those of the namespaces that concern us."""

    def __init__(self, api: ApiServer, groups: Groups) -> None:
        self._api = api
        self._listed = list(_listed(groups))
        self._elsewhere: Counter[str] = Counter()

    def read(self, concerning: frozenset[str]) -> Reading:
        """As `sources.read` reads files: what the policies there name as peers concerns us, too."""
        found = [one for resource, kind in self._listed for one in self._list(resource, kind, concerning)]
        named = frozenset(
            name for one in found for policy in one.objects.policies for name in policy.named_namespaces()
        )
        for namespace in sorted(named - concerning):
            if self._elsewhere.pop(namespace, 0):
                for resource, kind in self._listed:
                    if kind not in CLUSTER_WIDE and kind != "Tier":
                        found += self._list(resource, kind, concerning | named, namespace)
        counted = manifests.Objects(elsewhere=sum(self._elsewhere.values()))
        unread = tuple(sorted({problem for one in found for problem in one.objects.unread}))
        everything = (*found, FileObjects("cluster:", counted, "", given=False))
        return Reading(0, everything, unread, concerning | named)

    def _list(
        self, resource: Resource, kind: str, concerning: frozenset[str], namespace: str | None = None
    ) -> list[FileObjects]:
        version = f"{resource.group}/{resource.version}"

        def keep(one: Mapping[str, Any]) -> FileObjects | str:
            place = shown.fields(one.get("metadata")).get("namespace")
            return _read(one, version, kind) if place is None or place in concerning else str(place)

        listed = self._api.collect(resource, keep, namespace)
        self._elsewhere.update(one for one in listed if isinstance(one, str))
        return [one for one in listed if isinstance(one, FileObjects)]


def _listed(groups: Groups) -> Iterator[tuple[Resource, str]]:
    for group, plurals in POLICIES.items():
        for plural in plurals:
            if plural in groups.get(group, {}):
                version, kind = groups[group][plural]
                yield Resource(group, version, plural), kind


def _read(one: Mapping[str, Any], version: str, kind: str) -> FileObjects:
    metadata = dict(shown.fields(one.get("metadata")))
    metadata.pop("managedFields", None)
    annotations = shown.fields(metadata.get("annotations"))
    metadata["annotations"] = {key: value for key, value in annotations.items() if key != _LAST_APPLIED}
    place = "/".join(str(part) for part in (kind, metadata.get("namespace"), metadata.get("name")) if part)
    told = {**one, "apiVersion": version, "kind": kind, "metadata": metadata}
    return FileObjects(f"cluster:{place}", manifests.read_object(told, f"cluster:{place}"), "", given=True)
