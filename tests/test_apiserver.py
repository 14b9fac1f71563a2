"""How a cluster is asked: over TLS, page by page, with patience, and with a sentence for whatever goes wrong."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from api_server import NAME, STRANGER, TOKEN, Call, Cluster, Fault, kubeconfig, serving

from lhmigrate.errors import Refusal
from lhmigrate.forge.web import Time
from lhmigrate.kube.apiserver import PAGE, ApiServer, Resource
from lhmigrate.kube.connection import connect, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

PODS = Resource("", "v1", "pods")
CILIUM = Resource("cilium.io", "v2", "ciliumnetworkpolicies")


def pod(number: int, namespace: str = "longhorn-system", **labels: str) -> dict[str, Any]:
    metadata = {"name": f"pod-{number}", "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def name(one: Mapping[str, Any]) -> str:
    return str(one["metadata"]["name"])


class Clock:
    """A clock that waiting moves on, and nothing else."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with serving(Cluster(), tmp_path) as one:
        yield one


def asking(cluster: Cluster, clock: Clock | None = None, timeout: float = 30) -> ApiServer:
    clock = clock or Clock()
    link = connect(None, {"KUBECONFIG": cluster.kubeconfig})
    return ApiServer(link, timeout, Time(clock.now, clock.sleep))


def test_a_list_is_read_page_by_page(cluster: Cluster) -> None:
    cluster.add(*(pod(number) for number in range(2 * PAGE + 1)))
    assert asking(cluster).collect(PODS, name) == [f"pod-{number}" for number in range(2 * PAGE + 1)]
    assert [f"limit={PAGE}" in one for one in cluster.pages] == [True] * 3
    assert ["continue=" in one for one in cluster.pages] == [False, True, True]


def test_only_what_matters_is_kept(cluster: Cluster) -> None:
    cluster.add(pod(1), pod(2))
    assert asking(cluster).collect(PODS, lambda one: name(one) if name(one) == "pod-2" else None) == ["pod-2"]


def test_a_namespace_and_labels_narrow_a_list(cluster: Cluster) -> None:
    cluster.add(pod(1, app="a"), pod(2, app="b"), pod(3, "elsewhere", app="a"))
    assert asking(cluster).collect(PODS, name, "longhorn-system", {"app": "a"}) == ["pod-1"]
    assert cluster.calls == [Call("list", "", "pods", "longhorn-system")]


def test_a_page_may_be_empty_and_not_the_last(cluster: Cluster) -> None:
    cluster.add(pod(1))
    body = {"kind": "PodList", "metadata": {"continue": "0"}, "items": []}
    cluster.faults.append(Fault("/pods", 200, body=body))
    assert asking(cluster).collect(PODS, name) == ["pod-1"]


def test_a_list_that_expired_is_read_again_from_its_beginning(cluster: Cluster) -> None:
    cluster.add(*(pod(number) for number in range(PAGE + 1)))
    cluster.faults.append(Fault("/pods", 410, on_page=True))
    found = asking(cluster).collect(PODS, name)
    assert found == [f"pod-{number}" for number in range(PAGE + 1)]
    assert ["continue=" in one for one in cluster.pages] == [False, True, False, True]


def test_a_list_that_expires_again_and_again_is_given_up(cluster: Cluster) -> None:
    cluster.add(*(pod(number) for number in range(PAGE + 1)))
    cluster.faults += [Fault("/pods", 410, on_page=True)] * 9
    with pytest.raises(Refusal, match="the list of pods expired 4 times"):
        asking(cluster).collect(PODS, name)


def test_what_the_cluster_does_not_know_is_no_empty_list(cluster: Cluster) -> None:
    with pytest.raises(Refusal, match="with status 404"):
        asking(cluster).collect(CILIUM, name)


def test_missing_permissions_are_told_together_by_name(cluster: Cluster) -> None:
    cluster.forbidden |= {Call("list", "", "pods"), Call("list", "networking.k8s.io", "networkpolicies")}
    asked = asking(cluster)
    assert asked.collect(PODS, name, "longhorn-system") == []
    assert asked.collect(Resource("networking.k8s.io", "v1", "networkpolicies"), name) == []
    with pytest.raises(Refusal, match="does not let context here read") as refusal:
        asked.complain()
    told = [one.message for one in refusal.value.details]
    assert told == [
        "list pods in namespace longhorn-system",
        "list networkpolicies.networking.k8s.io in all namespaces",
    ]


def test_credentials_that_are_not_accepted(tmp_path: Path, cluster: Cluster) -> None:
    file = kubeconfig(tmp_path / "stale", f"https://{cluster.address}", user={"token": "old"})
    link = connect(None, {"KUBECONFIG": file})
    with pytest.raises(Refusal, match="does not accept the credentials of context here"):
        ApiServer(link, 5).collect(PODS, name)


@pytest.mark.parametrize(
    "status", [429, 500, 502, 503, 504, 0], ids=lambda code: f"status {code}" if code else "closed"
)
def test_what_may_pass_is_waited_out(cluster: Cluster, status: int) -> None:
    cluster.add(pod(1))
    cluster.faults += [Fault("/pods", status)] * 3
    clock = Clock()
    assert asking(cluster, clock).collect(PODS, name) == ["pod-1"]
    assert clock.waits == [0.5, 1.0, 2.0]


def test_it_waits_as_long_as_it_is_told_to(cluster: Cluster) -> None:
    cluster.add(pod(1))
    cluster.faults.append(Fault("/pods", 429, {"Retry-After": "7"}))
    clock = Clock()
    assert asking(cluster, clock).collect(PODS, name) == ["pod-1"]
    assert clock.waits == [7]


def test_patience_ends_with_the_timeout(cluster: Cluster) -> None:
    cluster.faults += [Fault("/pods", 503)] * 99
    clock = Clock()
    with pytest.raises(
        Refusal, match=r"did not answer all within 30 seconds: it answered /api/v1/pods with status 503"
    ):
        asking(cluster, clock).collect(PODS, name)
    assert clock.time == 30


def test_a_server_that_does_not_answer_costs_no_more_than_the_timeout(cluster: Cluster) -> None:
    cluster.faults += [Fault("/pods", 200, delay=3)] * 9
    link = connect(None, {"KUBECONFIG": cluster.kubeconfig})
    with pytest.raises(Refusal, match=r"did not answer all within 0\.2 seconds: it was too slow"):
        ApiServer(link, 0.2).collect(PODS, name)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>login</html>", "no JSON object"),
        ([1], "no JSON object"),
        ({"kind": "PodList", "items": "many"}, "something that is no list"),
        ({"kind": "PodList", "items": ["pod-1"]}, "a list of what are no objects"),
        ({"kind": "PodList"}, "something that is no list"),
        ({"kind": "Table", "rows": []}, "something that is no list"),
        ({"kind": "Status", "items": []}, "something that is no list"),
        ({}, "something that is no list"),
    ],
    ids=[
        "a login page",
        "another shape",
        "items that are none",
        "items that are no objects",
        "no items",
        "a table",
        "no list",
        "nothing",
    ],
)
def test_answers_that_are_none(cluster: Cluster, body: object, told: str) -> None:
    cluster.faults.append(Fault("/pods", 200, body=body))
    with pytest.raises(Refusal, match=told):
        asking(cluster).collect(PODS, name)


def test_a_list_of_nothing(cluster: Cluster) -> None:
    cluster.faults.append(Fault("/pods", 200, body={"kind": "PodList", "items": None}))
    assert asking(cluster).collect(PODS, name) == []


def test_it_is_not_led_elsewhere(cluster: Cluster) -> None:
    cluster.faults.append(Fault("/pods", 302, {"Location": f"https://{cluster.address}/login"}))
    with pytest.raises(Refusal, match="status 302"):
        asking(cluster).collect(PODS, name)
    assert len(cluster.pages) == 1


def test_a_certificate_of_somebody_else_is_refused_at_once(tmp_path: Path) -> None:
    clock = Clock()
    with (
        serving(Cluster(), tmp_path, authority=STRANGER) as cluster,
        pytest.raises(Refusal, match="is not to be trusted"),
    ):
        asking(cluster, clock).collect(PODS, name)
    assert not clock.waits


def test_a_certificate_for_another_name_is_refused(tmp_path: Path, cluster: Cluster) -> None:
    file = kubeconfig(tmp_path / "other", f"https://{cluster.address}", cluster={"tls-server-name": "elsewhere.test"})
    with pytest.raises(Refusal, match="is not to be trusted"):
        ApiServer(connect(None, {"KUBECONFIG": file}), 5).collect(PODS, name)


def test_a_name_of_its_own_for_the_certificate(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add(pod(1))
    file = kubeconfig(tmp_path / "named", f"https://{cluster.address}", cluster={"tls-server-name": NAME})
    assert ApiServer(connect(None, {"KUBECONFIG": file}), 5).collect(PODS, name) == ["pod-1"]


def test_inside_of_a_pod_its_service_account_is_used(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", cluster.account)
    cluster.add(pod(1))
    host, _, port = cluster.address.partition(":")
    inside = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    link = connect(None, inside, cluster.account)
    assert ApiServer(link, 5).collect(PODS, name) == ["pod-1"]
    assert TOKEN not in link.origin


def test_a_credential_plugin_is_asked(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add(pod(1))
    said = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": TOKEN}}
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", f"print({json.dumps(json.dumps(said))})"],
        "interactiveMode": "Never",
    }
    file = kubeconfig(tmp_path / "eks", f"https://{cluster.address}", user={"exec": plugin})
    assert ApiServer(connect("here", {"KUBECONFIG": file}), 30).collect(PODS, name) == ["pod-1"]


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("cluster_says", "user_says", "told"),
    [
        ({"insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify"),
        ({"server": "http://127.0.0.1:1"}, None, "only https:// is asked"),
        ({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false"}}, "plugin /bin/false"),
        ({"certificate-authority": "missing.crt"}, None, "cannot be used as a kubeconfig"),
        ({"proxy-url": "gopher://proxy:1"}, None, "does not lead to"),
    ],
    ids=["without verifying", "without TLS", "a plugin that fails", "no authority", "a proxy that is none"],
)
def test_ways_that_are_not_taken(tmp_path: Path, cluster_says: Change, user_says: Change | None, told: str) -> None:
    file = kubeconfig(tmp_path / "config", "https://127.0.0.1:1", cluster=cluster_says, user=user_says)
    with pytest.raises(Refusal, match=told):
        connect(None, {"KUBECONFIG": file})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: "/nowhere/kubeconfig", "is not there"),
        (lambda folder: write(folder / "empty", ""), "cannot be used as a kubeconfig"),
        (lambda folder: write(folder / "broken", "{"), "is not valid YAML"),
        (lambda folder: write(folder / "list", "[1, 2]"), "cannot be used as a kubeconfig"),
    ],
    ids=["missing", "empty", "broken", "something else"],
)
def test_files_that_are_no_kubeconfig(tmp_path: Path, make: Callable[[Path], str], told: str) -> None:
    with pytest.raises(Refusal, match=told):
        connect(None, {"KUBECONFIG": make(tmp_path)})


def write(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def test_a_context_that_is_not_there(cluster: Cluster) -> None:
    with pytest.raises(Refusal, match="elsewhere"):
        connect("elsewhere", {"KUBECONFIG": cluster.kubeconfig})


PROXY = {"HTTPS_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("environment", "host", "proxy"),
    [
        ({}, "10.96.0.1", None),
        (PROXY, "10.96.0.1", "http://proxy:3128"),
        ({"https_proxy": "http://proxy:1"}, "10.96.0.1", "http://proxy:1"),
        ({"HTTP_PROXY": "http://proxy:1"}, "10.96.0.1", None),
        ({**PROXY, "NO_PROXY": "10.96.0.1"}, "10.96.0.1", None),
        ({**PROXY, "NO_PROXY": "example.com, 10.0.0.0/8"}, "10.96.0.1", None),
        ({**PROXY, "no_proxy": ".cluster.test"}, "api.cluster.test", None),
        ({**PROXY, "NO_PROXY": "*"}, "api.cluster.test", None),
        ({**PROXY, "NO_PROXY": "192.168.0.0/16,nonsense/99"}, "10.96.0.1", "http://proxy:3128"),
    ],
)
def test_which_proxy_is_used(environment: dict[str, str], host: str, proxy: str | None) -> None:
    assert proxy_for(host, environment) == proxy


@contextmanager
def tunnelling() -> Iterator[tuple[str, bytearray]]:
    """A proxy on this machine, with all that it could read of what clients sent."""
    seen = bytearray()

    class Tunnel(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                head += self.request.recv(4096)
            seen.extend(head)
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as beyond:
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pour, args=(beyond, self.request, bytearray()))
                back.start()
                pour(self.request, beyond, seen)
                beyond.shutdown(socket.SHUT_WR)
                back.join()

    def pour(source: socket.socket, target: socket.socket, into: bytearray) -> None:
        while data := source.recv(65536):
            into.extend(data)
            target.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()


@pytest.mark.parametrize("told", ["kubeconfig", "environment"])
def test_a_proxy_is_gone_through_and_reads_nothing(tmp_path: Path, cluster: Cluster, told: str) -> None:
    cluster.add(pod(1))
    with tunnelling() as (proxy, seen):
        says = {"proxy-url": proxy} if told == "kubeconfig" else {}
        file = kubeconfig(tmp_path / "config", f"https://{cluster.address}", cluster=says)
        environment = {} if told == "kubeconfig" else {"HTTPS_PROXY": proxy}
        link = connect(None, {"KUBECONFIG": file, **environment})
        assert ApiServer(link, 10).collect(PODS, name) == ["pod-1"]
        link.pool.clear()
    assert seen.startswith(f"CONNECT {cluster.address} ".encode())
    assert TOKEN.encode() not in seen
