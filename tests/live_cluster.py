"""Clusters for tests, as an API server would show them: a Longhorn that runs, and what is around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api_server import Cluster

if TYPE_CHECKING:
    from collections.abc import Mapping

Data = dict[str, Any]
HOME = "longhorn-system"


def metadata(name: str, namespace: str | None = None, **more: object) -> Data:
    """Who an object is, with what every object of a cluster carries."""
    return {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        "uid": "8ac5de81-6c28-4c33-92a0-5b8c1fbc2c38",
        "resourceVersion": "42",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [
            {"manager": "helm", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:x": {}}}
        ],
        **more,
    }


def namespace(name: str, **labels: str) -> Data:
    """A Namespace, with the label that Kubernetes puts on each."""
    told = {"kubernetes.io/metadata.name": name, **labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name, labels=told)}


def pod(
    name: str, labels: Mapping[str, str], ports: Mapping[str, int] | None = None, where: str = HOME, **spec: object
) -> Data:
    """A pod that runs."""
    declared = [{"name": key, "containerPort": port, "protocol": "TCP"} for key, port in (ports or {}).items()]
    container = {"name": "main", "image": "longhornio/x:v1", "ports": declared, "env": [{"name": "X", "value": "y"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name, where, labels=dict(labels)),
        "spec": {"containers": [container], **spec},
        "status": {"phase": "Running", "podIP": "10.42.0.9"},
    }


def daemon_set(name: str, where: str, image: str = "example/agent:v1") -> Data:
    """A DaemonSet, as far as anybody asks."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata(name, where),
        "spec": {"template": template},
    }


def node(number: int, kubelet: str = "v1.31.4", **annotations: str) -> Data:
    """A node with its share of the pods' network."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata(f"node-{number}", annotations=annotations),
        "spec": {"podCIDRs": [f"10.42.{number % 256}.0/24"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"192.168.{number // 250}.{number % 250 + 1}"},
                {"type": "Hostname", "address": f"node-{number}"},
            ],
            "nodeInfo": {"kubeletVersion": kubelet},
        },
    }


def api_endpoints(*addresses: str, port: int = 6443) -> Data:
    """Where the API server is behind its Service."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata("kubernetes", "default", labels={"kubernetes.io/service-name": "kubernetes"}),
        "addressType": "IPv4",
        "endpoints": [{"addresses": list(addresses), "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def setting(name: str, value: str, where: str = HOME) -> Data:
    """One of Longhorn's own settings."""
    return {"apiVersion": "longhorn.io/v1beta2", "kind": "Setting", "metadata": metadata(name, where), "value": value}


def policy(name: str, spec: Data, where: str = HOME, **labels: str) -> Data:
    """A NetworkPolicy."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, where, labels=labels),
        "spec": spec,
    }


def managers(**rule: object) -> Data:
    """A policy for the managers with one rule for their API."""
    return policy(
        "managers",
        {"podSelector": {"matchLabels": {"app": "longhorn-manager"}}, "ingress": [{"ports": [{"port": 9500}], **rule}]},
    )


def installed(version: str, component: str) -> dict[str, str]:
    """What Helm puts on the pods of the chart."""
    return {
        "app": component,
        "app.kubernetes.io/name": "longhorn",
        "app.kubernetes.io/instance": "storage",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/version": f"v{version}",
        "helm.sh/chart": f"longhorn-{version}",
    }


def longhorn(version: str, where: str = HOME, nodes: int = 3) -> list[Data]:
    """A Longhorn that runs, with its pods on so many nodes."""
    image = f"registry.example.com/longhornio/longhorn-manager:v{version}"
    objects = [daemon_set("longhorn-manager", where, image), setting("current-longhorn-version", f"v{version}", where)]
    objects += [setting("storage-network", "", where), setting("v2-data-engine", "false", where)]
    for number in range(nodes):
        managed = {"longhorn.io/managed-by": "longhorn-manager", "longhorn.io/node": f"node-{number}"}
        engine = {
            **managed,
            "longhorn.io/component": "instance-manager",
            "longhorn.io/instance-manager-type": "aio",
            "longhorn.io/data-engine": "v1",
            "longhorn.io/instance-manager-image": "imi-1",
        }
        manager = {
            **installed(version, "longhorn-manager"),
            "controller-revision-hash": "5c",
            "pod-template-generation": "1",
        }
        objects += [
            pod(f"longhorn-manager-{number}", manager, {"manager": 9500, "admission-wh": 9502}, where),
            pod(f"instance-manager-{number}", engine, None, where),
            pod(f"longhorn-csi-plugin-{number}", {"app": "longhorn-csi-plugin"}, None, where),
        ]
    ui = {**installed(version, "longhorn-ui"), "pod-template-hash": "7d"}
    return [*objects, pod("longhorn-ui-1", ui, {"http": 8000}, where)]


def around(nodes: int = 3) -> list[Data]:
    """What every cluster has."""
    dns = {"k8s-app": "kube-dns", "pod-template-hash": "9f"}
    return [
        *(namespace(name) for name in ("default", "kube-system", "monitoring")),
        *(node(number) for number in range(nodes)),
        api_endpoints("192.168.0.1"),
        pod("coredns-1", dns, {"dns": 53}, "kube-system"),
        daemon_set("calico-node", "calico-system"),
        daemon_set("kube-proxy", "kube-system"),
    ]


def running(version: str, *more: Data, crds: tuple[str, ...] = ("longhorn",), where: str = HOME) -> Cluster:
    """A cluster with Longhorn in it, and more."""
    return Cluster(*around(), namespace(where), *longhorn(version, where), *more, crds=crds)
