"""What single objects of an API server say, as far as it matters here.

They are JSON that strangers wrote: what is not shaped as the API has it says nothing.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.kube.live import LivePod, Nodes
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lhmigrate.model.endpoints import Network

Json = dict[str, Any]

AGENT: Final = "konnectivity-agent"
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
    AGENT: AGENT,  # no plugin, but it is seen in the same way
}
"""Network plugins by the names of their DaemonSets."""

_TUNNELS: Final = re.compile(r"projectcalico\.org/IPv[46](?:\w*TunnelAddr|WireguardInterfaceAddr)")
_TAG: Final = re.compile(r"longhorn-manager[^/:@]*:(?P<tag>[^@/]+)")


class Manager(NamedTuple):
    """A DaemonSet of Longhorn's managers."""

    namespace: str
    tag: str
    """Of its image; empty: it has none."""


def manager(one: Mapping[str, Any], plugins: set[str]) -> Manager | None:
    """Longhorn's manager, if the DaemonSet is that; a network plugin is noted."""
    metadata = fields(one.get("metadata"))
    name, namespace = str(metadata.get("name")), str(metadata.get("namespace"))
    plugin = _PLUGINS.get(name)
    if plugin is not None:
        plugins.add(plugin)
    if name != "longhorn-manager":
        return None
    template = fields(fields(fields(one.get("spec")).get("template")).get("spec"))
    images = [str(container.get("image", "")) for container in items(template.get("containers"))]
    return Manager(namespace, next((found["tag"] for image in images if (found := _TAG.search(image))), ""))


def setting(one: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """One of Longhorn's settings: its namespace, its name, and its value."""
    metadata = fields(one.get("metadata"))
    value = one.get("value")
    return (str(metadata.get("namespace")), str(metadata.get("name")), value) if isinstance(value, str) else None


def backup_target(one: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The default one, as older releases have it as a setting. What its credentials are is in a Secret, unread."""
    metadata, url = fields(one.get("metadata")), fields(one.get("spec")).get("backupTargetURL")
    if metadata.get("name") != "default" or not isinstance(url, str):
        return None
    return str(metadata.get("namespace")), "backup-target", url


def pod(one: Mapping[str, Any]) -> LivePod | None:
    """A pod that runs in the cluster's own network; None: it ended, or it uses its node's."""
    metadata, spec = fields(one.get("metadata")), fields(one.get("spec"))
    ended = fields(one.get("status")).get("phase") in {"Succeeded", "Failed"}
    if ended or spec.get("hostNetwork") is True:
        return None
    ports = {
        str(port["name"]): (str(port.get("protocol") or "TCP"), port["containerPort"])
        for container in items(spec.get("containers"))
        for port in items(container.get("ports"))
        if port.get("name") and isinstance(port.get("containerPort"), int)
    }
    return LivePod(_labels(metadata), ports, str(metadata.get("namespace")))


def node(one: Mapping[str, Any]) -> Nodes:
    """A node, as nodes of one."""
    spec, status = fields(one.get("spec")), fields(one.get("status"))
    own = [
        str(address.get("address"))
        for address in items(status.get("addresses"))
        if address.get("type") in {"InternalIP", "ExternalIP"}
    ]
    annotations = fields(fields(one.get("metadata")).get("annotations"))
    tunnels = [str(value) for key, value in annotations.items() if _TUNNELS.fullmatch(key)]
    shares = spec.get("podCIDRs")
    shares = [str(one) for one in shares] if isinstance(shares, list) else []
    version = str(fields(status.get("nodeInfo")).get("kubeletVersion", ""))
    mine = tuple(_networks(own))
    return Nodes((*mine, *_networks(tunnels), *_networks(shares)), mine, k3s="+k3s" in version)


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:
            continue


def api_server(slices: Iterable[Mapping[str, Any]]) -> tuple[tuple[Network, ...], Ports]:
    """Where the API server is behind its Service, and on which ports."""
    addresses: list[str] = []
    ports = NO_PORT
    for one in slices:
        for endpoint in items(one.get("endpoints")):
            listed = endpoint.get("addresses")
            addresses += [str(address) for address in listed] if isinstance(listed, list) else []
        for port in items(one.get("ports")):
            if isinstance(port.get("port"), int):
                ports |= Ports.parse(f"TCP/{port['port']}")
    return tuple(dict.fromkeys(_networks(addresses))), ports


def namespace(one: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """A namespace's name and its labels."""
    metadata = fields(one.get("metadata"))
    return str(metadata.get("name")), _labels(metadata)


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in fields(metadata.get("labels")).items()}


def fields(value: object) -> Json:
    """An object's fields; none where it is no object."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """A list's objects; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
