"""Reads a running cluster: Longhorn as it runs there, who it talks with, and every policy that the cluster knows.

Of what is read only what matters is kept, page by page. Secrets are never asked for, so neither are Helm's releases,
which are Secrets; and nothing is written. `READS` is all that a cluster role must allow.
"""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate import manifests
from lhmigrate.apiserver import Resource
from lhmigrate.dialects import CLUSTER_WIDE
from lhmigrate.errors import Refusal
from lhmigrate.live import Live, LivePod, Nodes, joined
from lhmigrate.ports import NO_PORT, Ports
from lhmigrate.release import EndpointKind, Version
from lhmigrate.settings import DNS
from lhmigrate.sources import FileObjects, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.apiserver import ApiServer
    from lhmigrate.endpoints import Network
    from lhmigrate.release import Glossary
    from lhmigrate.settings import Settings

Json = dict[str, Any]

PODS: Final = Resource("", "v1", "pods")
NAMESPACES: Final = Resource("", "v1", "namespaces")
NODES: Final = Resource("", "v1", "nodes")
DAEMON_SETS: Final = Resource("apps", "v1", "daemonsets")
ENDPOINTS: Final = Resource("discovery.k8s.io", "v1", "endpointslices")

POLICIES: Final = {
    "networking.k8s.io": ("networkpolicies",),
    "cilium.io": ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"),
    # Calico shows the same objects in both of its groups: the first one that is there is read.
    "crd.projectcalico.org": ("networkpolicies", "globalnetworkpolicies", "tiers"),
    "projectcalico.org": ("networkpolicies", "globalnetworkpolicies", "tiers"),
    "policy.networking.k8s.io": ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
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

_AGENT: Final = "konnectivity-agent"
"""Through its pods the API server may call, wherever it is itself (kubernetes-sigs/apiserver-network-proxy)."""

_PLUGINS: Final = {
    "cilium": "cilium",
    "anetd": "cilium",  # GKE's Dataplane V2
    "calico-node": "calico",
    "canal": "canal",
    "rke2-canal": "canal",
    "kube-router": "kube-router",
    "antrea-agent": "antrea",
    "kube-flannel": "flannel",
    "kube-flannel-ds": "flannel",
    # Of these we only know that they enforce policies, or may.
    "aws-node": "aws-node",
    "azure-npm": "azure-npm",
    "kindnet": "kindnet",
    "kube-network-policies": "kube-network-policies",
    "kube-ovn-cni": "kube-ovn",
    "ovnkube-node": "ovn-kubernetes",
    "weave-net": "weave",
    _AGENT: _AGENT,  # no plugin, but it is seen in the same way
}
"""Network plugins by the names of their DaemonSets."""

_UNJUDGED: Final = {
    "crd.antrea.io": "Antrea",
    "k8s.ovn.org": "OVN-Kubernetes",
    "kubeovn.io": "Kube-OVN",
    "kuma.io": "Kuma",
    "network.openshift.io": "OpenShift",
    "networking.gke.io": "GKE",
    "networking.k8s.aws": "the AWS VPC CNI",
    "policy.linkerd.io": "Linkerd",
    "security.istio.io": "Istio",
}
"""Whose policies cut traffic, too, and are not read: by group."""

_TUNNELS: Final = re.compile(r"projectcalico\.org/IPv[46](?:\w*TunnelAddr|WireguardInterfaceAddr)")
_TAG: Final = re.compile(r"longhorn-manager[^/:@]*:(?P<tag>[^@/]+)")
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Running(NamedTuple):
    """The Longhorn that runs."""

    namespace: str
    version: Version | None
    """None: nobody asked."""
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


class _Manager(NamedTuple):
    namespace: str
    image: str


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
    networks, ports = _api_server(api)
    live = Live(
        namespace=home,
        pods=_pods(api, home),
        peers=_peers(api, settings, glossary),
        nodes=_nodes(api),
        api_server=networks,
        api_ports=ports,
        settings=found.settings.get(home, {}),
        plugins=found.plugins - {_AGENT},
        tunnelled=_AGENT in found.plugins,
        policies=(policy for one in reading.found for policy in one.objects.policies),
    )
    namespaces = dict(api.collect(NAMESPACES, _named_labels) or ())
    api.complain()
    told = tuple(f"policies of {one} are not judged, and the cluster knows such" for one in unjudged)
    return Snapshot(running._replace(told=(*running.told, *told)), live, namespaces, reading)


Groups = dict[str, dict[str, tuple[str, str]]]
"""By group and plural, in which version it is served, and the kind."""


def _groups(api: ApiServer) -> tuple[Groups, tuple[str, ...]]:
    """What the cluster knows of the groups that concern us, and whose policies it knows that are not read.

    A group that it does not know is not there.
    """
    answer = api.get("/apis") or {}
    result: Groups = {}
    groups = {str(one.get("name")): one for one in _objects(answer.get("groups"))}
    for name in (LONGHORN, *POLICIES):
        group = groups.get(name)
        # What serves Calico's second group is a server of its own, which may be down: it is not asked in vain.
        if group is None or (
            name == "projectcalico.org" and "networkpolicies" in result.get("crd.projectcalico.org", {})
        ):
            continue
        preferred = str(_object(group.get("preferredVersion")).get("version"))
        served = [str(one.get("version")) for one in _objects(group.get("versions"))]
        known = result.setdefault(name, {})
        for version in (preferred, *(one for one in served if one != preferred)):
            for one in _objects((api.get(f"/apis/{name}/{version}") or {}).get("resources")):
                known.setdefault(str(one.get("name")), (version, str(one.get("kind"))))
    api.complain()
    return result, tuple(called for name, called in _UNJUDGED.items() if name in groups)


class _Longhorn:
    """Finds out which Longhorn runs, and what else runs on every node."""

    def __init__(self, api: ApiServer, groups: Groups) -> None:
        self.plugins: frozenset[str] = frozenset()
        self.settings: dict[str, dict[str, str]] = {}
        """By namespace and name."""
        plugins: set[str] = set()
        self._managers = api.collect(DAEMON_SETS, lambda one: _manager(one, plugins)) or []
        self.plugins = frozenset(plugins)
        known = groups.get(LONGHORN, {})
        for plural, read in (("settings", _setting), ("backuptargets", _backup_target)):
            if plural in known:
                version = known[plural][0]
                for namespace, name, value in api.collect(Resource(LONGHORN, version, plural), read) or ():
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
        """The Longhorn that runs there. Refuses where its version is none."""
        told = self.settings.get(home, {}).get(_VERSION, "")
        tags = [found["tag"] for one in self._managers if one.namespace == home if (found := _TAG.search(one.image))]
        versions = [version for text in (told, *tags) if (version := _version(text)) is not None]
        if not versions:
            said = told or next(iter(tags), "") or "nothing"
            raise Refusal(
                f"which Longhorn runs in {home} cannot be told: it says {said!r}, which is no release; "
                "`lhmigrate plan --cluster --from V` takes your word for it"
            )
        if len(set(versions)) == 1:
            return Running(home, versions[0])
        least, most = min(versions), max(versions)
        return Running(home, least, (f"an upgrade from {least} to {most} seems to be under way in {home}",))


_VERSION: Final = "current-longhorn-version"


def _version(text: str) -> Version | None:
    try:
        version = Version.parse(text)
    except ValueError:
        return None
    return version if version.patch is not None else None


def _manager(one: Mapping[str, Any], plugins: set[str]) -> _Manager | None:
    """Longhorn's manager, if the DaemonSet is that; a network plugin is noted."""
    metadata = _object(one.get("metadata"))
    name, namespace = str(metadata.get("name")), str(metadata.get("namespace"))
    plugin = _PLUGINS.get(name)
    if plugin is not None:
        plugins.add(plugin)
    if name != "longhorn-manager":
        return None
    template = _object(_object(_object(one.get("spec")).get("template")).get("spec"))
    images = [str(container.get("image", "")) for container in _objects(template.get("containers"))]
    return _Manager(namespace, next((image for image in images if _TAG.search(image)), ""))


def _setting(one: Mapping[str, Any]) -> tuple[str, str, str] | None:
    metadata = _object(one.get("metadata"))
    value = one.get("value")
    return (str(metadata.get("namespace")), str(metadata.get("name")), value) if isinstance(value, str) else None


def _backup_target(one: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The default one, as older releases have it as a setting. What its credentials are is in a Secret, unread."""
    metadata, url = _object(one.get("metadata")), _object(one.get("spec")).get("backupTargetURL")
    if metadata.get("name") != "default" or not isinstance(url, str):
        return None
    return str(metadata.get("namespace")), "backup-target", url


def _pods(api: ApiServer, namespace: str, labels: Mapping[str, str] | None = None) -> tuple[LivePod, ...]:
    """The pods that run there in the cluster's own network."""
    found = api.collect(PODS, _pod, namespace, labels) or []
    alike = {(frozenset(one.labels.items()), frozenset(one.ports.items())): one for one in found}
    return tuple(alike.values())


def _pod(one: Mapping[str, Any]) -> LivePod | None:
    metadata, spec = _object(one.get("metadata")), _object(one.get("spec"))
    ended = _object(one.get("status")).get("phase") in {"Succeeded", "Failed"}
    if ended or spec.get("hostNetwork") is True:
        return None
    ports = {
        str(port["name"]): (str(port.get("protocol") or "TCP"), port["containerPort"])
        for container in _objects(spec.get("containers"))
        for port in _objects(container.get("ports"))
        if port.get("name") and isinstance(port.get("containerPort"), int)
    }
    return LivePod(_labels(metadata), ports, str(metadata.get("namespace")))


def _peers(api: ApiServer, settings: Settings, glossary: Glossary) -> dict[str, tuple[LivePod, ...]]:
    """The pods of those outside of Longhorn who were named, and of the cluster's DNS."""
    found: dict[str, tuple[LivePod, ...]] = {}
    for name, meaning in glossary.endpoints.items():
        facts = settings.peers.get(name) or (DNS if meaning.kind is EndpointKind.DNS else None)
        if facts is not None and facts.namespace is not None and facts.labels and not facts.addresses:
            found[name] = _pods(api, facts.namespace, facts.labels)
    return {name: pods for name, pods in found.items() if pods}


def _nodes(api: ApiServer) -> Nodes:
    found = api.collect(NODES, _node) or []
    return Nodes(
        joined(one for node in found for one in node.addresses),
        tuple(one for node in found for one in node.own),
        k3s=any(node.k3s for node in found),
    )


def _node(one: Mapping[str, Any]) -> Nodes:
    spec, status = _object(one.get("spec")), _object(one.get("status"))
    own = [
        str(address.get("address"))
        for address in _objects(status.get("addresses"))
        if address.get("type") in {"InternalIP", "ExternalIP"}
    ]
    annotations = _object(_object(one.get("metadata")).get("annotations"))
    tunnels = [str(value) for key, value in annotations.items() if _TUNNELS.fullmatch(key)]
    shares = spec.get("podCIDRs")
    shares = [str(one) for one in shares] if isinstance(shares, list) else []
    version = str(_object(status.get("nodeInfo")).get("kubeletVersion", ""))
    mine = tuple(_networks(own))
    return Nodes((*mine, *_networks(tunnels), *_networks(shares)), mine, k3s="+k3s" in version)


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:
            continue


def _api_server(api: ApiServer) -> tuple[tuple[Network, ...], Ports]:
    """Where the API server is behind its Service."""
    slices = api.collect(ENDPOINTS, dict, "default", {"kubernetes.io/service-name": "kubernetes"}) or []
    addresses, ports = [], NO_PORT
    for one in slices:
        for endpoint in _objects(one.get("endpoints")):
            listed = endpoint.get("addresses")
            addresses += [str(address) for address in listed] if isinstance(listed, list) else []
        for port in _objects(one.get("ports")):
            if isinstance(port.get("port"), int):
                ports |= Ports.parse(f"TCP/{port['port']}")
    return tuple(dict.fromkeys(_networks(addresses))), ports


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
            place = _object(one.get("metadata")).get("namespace")
            return _read(one, version, kind) if place is None or place in concerning else str(place)

        listed = self._api.collect(resource, keep, namespace) or []
        self._elsewhere.update(one for one in listed if isinstance(one, str))
        return [one for one in listed if isinstance(one, FileObjects)]


def _listed(groups: Groups) -> Iterator[tuple[Resource, str]]:
    for group, plurals in POLICIES.items():
        for plural in plurals:
            if plural in groups.get(group, {}):
                version, kind = groups[group][plural]
                yield Resource(group, version, plural), kind


def _read(one: Mapping[str, Any], version: str, kind: str) -> FileObjects:
    metadata = dict(_object(one.get("metadata")))
    metadata.pop("managedFields", None)
    annotations = _object(metadata.get("annotations"))
    metadata["annotations"] = {key: value for key, value in annotations.items() if key != _LAST_APPLIED}
    place = "/".join(str(part) for part in (kind, metadata.get("namespace"), metadata.get("name")) if part)
    told = {**one, "apiVersion": version, "kind": kind, "metadata": metadata}
    return FileObjects(f"cluster:{place}", manifests.read_object(told, f"cluster:{place}"), "", given=True)


def _named_labels(one: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    metadata = _object(one.get("metadata"))
    return str(metadata.get("name")), _labels(metadata)


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in _object(metadata.get("labels")).items()}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
