"""An API server on this machine: over TLS, with the shapes that a real one's answers have, and with its faults.

Kubernetes API Concepts (kubernetes.io/docs/reference/using-api/api-concepts): lists with `limit` and `continue`, 410
Gone with a Status, `labelSelector`; discovery of groups and their resources; what RBAC answers with 403.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import trustme
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TOKEN = "eyJhbGciOiJSUzI1NiJ9.SECRET"  # noqa: S105 - it opens nothing
NAME = "api.cluster.test"

Data = dict[str, Any]

BUILT_IN = {
    ("", "v1"): {"pods": "Pod", "namespaces": "Namespace", "nodes": "Node", "secrets": "Secret", "events": "Event",
                 "configmaps": "ConfigMap"},
    ("apps", "v1"): {"daemonsets": "DaemonSet"},
    ("discovery.k8s.io", "v1"): {"endpointslices": "EndpointSlice"},
    ("networking.k8s.io", "v1"): {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
}  # fmt: skip
"""What every cluster knows, as far as it matters here."""

CRDS = {
    "longhorn": {("longhorn.io", "v1beta2"): {"settings": "Setting", "backuptargets": "BackupTarget"}},
    "cilium": {("cilium.io", "v2"): {"ciliumnetworkpolicies": "CiliumNetworkPolicy",
                                     "ciliumclusterwidenetworkpolicies": "CiliumClusterwideNetworkPolicy"}},
    "calico": {("crd.projectcalico.org", "v1"): {"networkpolicies": "NetworkPolicy", "tiers": "Tier",
                                                 "hostendpoints": "HostEndpoint",
                                                 "globalnetworkpolicies": "GlobalNetworkPolicy"}},
    "calico-api": {("projectcalico.org", "v3"): {"networkpolicies": "NetworkPolicy", "tiers": "Tier",
                                                 "hostendpoints": "HostEndpoint",
                                                 "globalnetworkpolicies": "GlobalNetworkPolicy",
                                                 "stagednetworkpolicies": "StagedNetworkPolicy"}},
    "admin": {("policy.networking.k8s.io", "v1alpha1"): {
                  "adminnetworkpolicies": "AdminNetworkPolicy",
                  "baselineadminnetworkpolicies": "BaselineAdminNetworkPolicy"}},
    "cluster": {("policy.networking.k8s.io", "v1alpha2"): {"clusternetworkpolicies": "ClusterNetworkPolicy"}},
    "others": {("crd.antrea.io", "v1beta1"): {"networkpolicies": "NetworkPolicy",
                                              "clusternetworkpolicies": "ClusterNetworkPolicy"},
               ("network.openshift.io", "v1"): {"egressnetworkpolicies": "EgressNetworkPolicy"},
               ("networking.gke.io", "v1alpha1"): {"fqdnnetworkpolicies": "FQDNNetworkPolicy"},
               ("networking.k8s.aws", "v1alpha1"): {"applicationnetworkpolicies": "ApplicationNetworkPolicy",
                                                    "clusternetworkpolicies": "ClusterNetworkPolicy"}},
}  # fmt: skip

_WIDE = {"Namespace", "Node", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "Tier", "HostEndpoint",
         "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}  # fmt: skip


class Call(NamedTuple):
    """What was asked, as RBAC names it."""

    verb: str
    group: str
    resource: str
    """The plural; a path that is no resource begins with a slash."""
    namespace: str | None = None


class Fault(NamedTuple):
    """What goes wrong with the next request whose path ends so."""

    path: str
    status: int = 0
    """0: the connection is closed."""
    headers: Mapping[str, str] = {}
    body: object = None
    delay: float = 0
    on_page: bool = False
    """Only where a list is carried on."""


class Cluster:
    """What an API server knows, and what was asked of it."""

    def __init__(self, *objects: Data, crds: tuple[str, ...] = ("longhorn",)) -> None:
        self.kinds: dict[tuple[str, str], dict[str, str]] = {**BUILT_IN}
        for name in crds:
            self.kinds |= CRDS[name]
        self.objects: dict[tuple[str, str], list[Data]] = {}
        self.add(*objects)
        self.calls: list[Call] = []
        self.pages: list[str] = []
        """The paths of lists with their queries."""
        self.faults: list[Fault] = []
        self.forbidden: set[Call] = set()
        self.written: list[Data] = []
        self.kubeconfig = ""
        self.account = ""
        self.address = ""

    def add(self, *objects: Data) -> None:
        """Puts objects into it, by their own apiVersion and kind."""
        for one in objects:
            group, version = split(one["apiVersion"])
            plural = next(name for name, kind in self.kinds[group, version].items() if kind == one["kind"])
            self.objects.setdefault((group, plural), []).append(one)

    def answer(self, handler: BaseHTTPRequestHandler, body: Data | None) -> tuple[int, object, Mapping[str, str]]:
        """What is sent back."""
        parts = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if handler.headers.get("Authorization", "").partition(" ")[2] != TOKEN:
            return 401, status(401, "Unauthorized", "Unauthorized"), {}
        path = [unquote(one) for one in parts.path.strip("/").split("/")]
        if path == ["apis"] or (path[0] == "apis" and len(path) == 3):
            self.calls.append(Call("get", "", parts.path))
            return self._discovery(path)
        return self._objects(handler.command, path, query, body)

    def _discovery(self, path: list[str]) -> tuple[int, object, Mapping[str, str]]:
        if len(path) == 1:
            versions: dict[str, list[str]] = {}
            for group, version in self.kinds:
                if group:
                    versions.setdefault(group, []).append(version)
            groups = [
                {
                    "name": group,
                    "versions": [{"groupVersion": f"{group}/{one}", "version": one} for one in served],
                    "preferredVersion": {"groupVersion": f"{group}/{served[0]}", "version": served[0]},
                }
                for group, served in versions.items()
            ]
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}, {}
        _, group, version = path
        known = self.kinds.get((group, version))
        if known is None:
            return 404, status(404, "NotFound", "the server could not find the requested resource"), {}
        resources: list[Data] = []
        for plural, kind in known.items():
            usual = {"kind": kind, "namespaced": kind not in _WIDE, "singularName": kind.lower()}
            resources.append({"name": plural, **usual, "verbs": ["get", "list", "watch"]})
            resources.append({"name": f"{plural}/status", **usual, "verbs": ["get"]})
        version_of = f"{group}/{version}"
        return (
            200,
            {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version_of, "resources": resources},
            {},
        )

    def _objects(
        self, method: str, path: list[str], query: Mapping[str, str], body: Data | None
    ) -> tuple[int, object, Mapping[str, str]]:
        group, version = ("", path[1]) if path[0] == "api" else (path[1], path[2])
        rest = path[2:] if path[0] == "api" else path[3:]
        namespace = rest[1] if len(rest) > 2 and rest[0] == "namespaces" else None
        plural, *name = rest[2:] if namespace else rest
        verb = {"GET": "get" if name else "list", "POST": "create", "PUT": "update", "PATCH": "patch"}[method]
        call = Call(verb, group, plural, namespace)
        self.calls.append(call)
        if call in self.forbidden or call._replace(namespace=None) in self.forbidden:
            why = f'{plural}.{group} is forbidden: User "gate" cannot {verb} resource "{plural}" in API group "{group}"'
            return 403, status(403, "Forbidden", why), {}
        if (group, version) not in self.kinds or plural not in self.kinds[group, version]:
            return 404, status(404, "NotFound", "the server could not find the requested resource"), {}
        if body is not None:
            return self._write(verb, (group, plural), namespace, name, body)
        found = [one for one in self.objects.get((group, plural), []) if _chosen(one, namespace, query)]
        if name:
            one = next((one for one in found if one["metadata"]["name"] == name[0]), None)
            return (200, one, {}) if one else (404, status(404, "NotFound", f'{plural} "{name[0]}" not found'), {})
        kind = self.kinds[group, version][plural]
        return 200, self._page(found, kind, f"{group}/{version}".strip("/"), query), {}

    def _page(self, found: list[Data], kind: str, version: str, query: Mapping[str, str]) -> Data:
        start = int(query.get("continue", "0"))
        end = start + int(query.get("limit", "0") or len(found) or 1)
        metadata: Data = {"resourceVersion": "42"}
        if end < len(found):
            metadata |= {"continue": str(end), "remainingItemCount": len(found) - end}
        # The items of built-in kinds' lists say neither their version nor their kind.
        bare = version.rpartition("/")[0] in {group for group, _ in BUILT_IN}
        items = [{key: value for key, value in one.items() if not bare or key not in {"apiVersion", "kind"}}
                 for one in found[start:end]]  # fmt: skip
        return {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata, "items": items}

    def _write(
        self, verb: str, where: tuple[str, str], namespace: str | None, name: list[str], body: Data
    ) -> tuple[int, object, Mapping[str, str]]:
        kept = self.objects.setdefault(where, [])
        wanted = name[0] if name else body["metadata"].get("name") or f"{body['metadata'].get('generateName')}x"
        there = [one for one in kept if one["metadata"].get("name") == wanted
                 and one["metadata"].get("namespace") == namespace]  # fmt: skip
        if verb == "create" and there:
            return 409, status(409, "AlreadyExists", f'{where[1]} "{wanted}" already exists'), {}
        if verb == "update" and not there:
            return 404, status(404, "NotFound", f'{where[1]} "{wanted}" not found'), {}
        self.written.append(body)
        kept[:] = [one for one in kept if one not in there]
        kept.append(body)
        return (201 if verb == "create" else 200), body, {}


def split(version: str) -> tuple[str, str]:
    """A group and its version."""
    group, _, plain = version.rpartition("/")
    return group, plain


def status(code: int, reason: str, message: str) -> Data:
    """What the API says where there is nothing else to say."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code}  # fmt: skip


def _chosen(one: Data, namespace: str | None, query: Mapping[str, str]) -> bool:
    metadata = one.get("metadata", {})
    if namespace is not None and metadata.get("namespace") != namespace:
        return False
    pairs = [pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair]
    return all(metadata.get("labels", {}).get(key) == value for key, value in pairs)


AUTHORITY = trustme.CA()
"""Made once: keys take their time."""
STRANGER = trustme.CA()
"""Nobody trusts it."""


@contextmanager
def serving(cluster: Cluster, folder: Path, *, authority: trustme.CA = AUTHORITY) -> Iterator[Cluster]:
    """Serves a cluster, with a kubeconfig and the files of a service account in a folder."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True  # it waits 40 ms for more to send

        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        do_PUT = do_POST  # noqa: N815 - its base names it so

        def _serve(self, body: Data | None) -> None:
            cluster.pages.append(self.path)
            fault = _due(cluster, self.path)
            if fault is not None:
                time.sleep(fault.delay)
                if not fault.status:
                    self.close_connection = True
                    self.connection.close()
                    return
                self._reply(fault.status, fault.body or status(fault.status, "Fault", "so it was told"), fault.headers)
                return
            self._reply(*cluster.answer(self, body))

        def _reply(self, code: int, value: object, headers: Mapping[str, str]) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(code)
            for key, text in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
                self.send_header(key, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that went away is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", NAME).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        cluster.address = f"127.0.0.1:{server.server_address[1]}"
        _write_files(cluster, folder)
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _due(cluster: Cluster, path: str) -> Fault | None:
    for fault in cluster.faults:
        if urlsplit(path).path.endswith(fault.path) and (not fault.on_page or "continue=" in path):
            cluster.faults.remove(fault)
            return fault
    return None


def _write_files(cluster: Cluster, folder: Path) -> None:
    account = folder / "account"
    account.mkdir(parents=True)
    (account / "token").write_text(TOKEN)
    AUTHORITY.cert_pem.write_to_path(str(account / "ca.crt"))
    (account / "namespace").write_text("longhorn-system")
    cluster.account = str(account)
    cluster.kubeconfig = kubeconfig(folder / "kubeconfig", f"https://{cluster.address}")


def kubeconfig(file: Path, server: str, *, cluster: Data | None = None, user: Data | None = None) -> str:
    """A kubeconfig with one context, `here`, beside the authority's certificate."""
    AUTHORITY.cert_pem.write_to_path(str(file.parent / "authority.crt"))
    told = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "home", "cluster": {"server": server, "certificate-authority": "authority.crt", **(cluster or {})}}
        ],
        "users": [{"name": "me", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": "here", "context": {"cluster": "home", "user": "me"}}],
        "current-context": "here",
    }
    file.write_text(yaml.safe_dump(told))
    return str(file)
