"""A real API server with its etcd, where both programs are installed: what ours imitates, and more.

Nothing runs in it: no kubelet, no controllers. So pods stay as they were written, and that is all that is asked.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import urllib3
from api_server import AUTHORITY, kubeconfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Data = dict[str, Any]

PROGRAMS = ("kube-apiserver", "etcd")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
ADMIN = "admin-of-a-test"


def plural(kind: str) -> str:
    """As the API names what it lists."""
    name = kind.lower()
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


class Real:
    """A running API server, and its administrator's view of it."""

    def __init__(self, port: int, folder: Path) -> None:
        self.server = f"https://127.0.0.1:{port}"
        self.folder = folder
        self._pool = urllib3.PoolManager(ca_certs=str(folder / "authority.crt"))

    def ask(self, method: str, path: str, body: Data | None = None, **more: str) -> tuple[int, Data]:
        """What it says to its administrator."""
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json", **more}
        data = None if body is None else json.dumps(body)
        answer = self._pool.request(method, self.server + path, body=data, headers=headers, retries=False, timeout=10)
        return answer.status, json.loads(answer.data)

    def ready(self) -> bool:
        try:
            return self._pool.request("GET", f"{self.server}/readyz", retries=False, timeout=2,
                                      headers={"Authorization": f"Bearer {ADMIN}"}).status == 200  # fmt: skip
        except urllib3.exceptions.HTTPError:
            return False

    def create(self, one: Data, query: str = "?fieldValidation=Strict") -> Data:
        """Makes an object, and its status where it has one."""
        kept = ("name", "namespace", "labels", "annotations", "generateName")
        metadata = {key: value for key, value in one["metadata"].items() if key in kept}
        body = {**one, "metadata": metadata}
        group, _, version = one["apiVersion"].rpartition("/")
        base = f"/apis/{group}/{version}" if group else f"/api/{version}"
        namespace = one["metadata"].get("namespace")
        path = f"{base}/namespaces/{namespace}/{plural(one['kind'])}" if namespace else f"{base}/{plural(one['kind'])}"
        status, answer = self.ask("POST", path + query, body)
        assert status in {201, 409}, (one["kind"], one["metadata"]["name"], answer)
        if "status" in one and status == 201 and "dryRun" not in query:
            answer["status"] = one["status"]
            told, why = self.ask("PUT", f"{path}/{one['metadata']['name']}/status", answer)
            assert told == 200, why
        return answer

    def define(self, group: str, version: str, kind: str, names: str, scope: str = "Namespaced") -> None:
        """A custom resource that takes anything."""
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        self.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{names}.{group}"},
                "spec": {
                    "group": group,
                    "scope": scope,
                    "names": {"plural": names, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
                    "versions": [
                        {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
                    ],
                },
            }
        )
        wait(lambda: self.ask("GET", f"/apis/{group}/{version}/{names}")[0] == 200)

    def kubeconfig_of(self, namespace: str, account: str) -> str:
        """A kubeconfig with a token of a service account."""
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        status, answer = self.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", wanted)
        assert status == 201, answer
        return kubeconfig(self.folder / account, self.server, user={"token": answer["status"]["token"]})


def wait(done: Any, seconds: float = 60) -> None:  # noqa: ANN401 - a question
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it does not come up"
        time.sleep(0.1)


@contextmanager
def started(folder: Path) -> Iterator[Real]:
    """Starts both, and ends them."""
    port, client, peer = ports(3)
    AUTHORITY.cert_pem.write_to_path(str(folder / "authority.crt"))
    issued = AUTHORITY.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "server.key"))
    (folder / "server.crt").write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "accounts.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n')
    etcd = [
        "etcd", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls=http://127.0.0.1:{client}",
        f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}",
    ]  # fmt: skip
    server = [
        "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}", f"--secure-port={port}",
        "--bind-address=127.0.0.1", "--advertise-address=192.168.0.1", "--service-cluster-ip-range=10.96.0.0/24",
        f"--tls-cert-file={folder / 'server.crt'}", f"--tls-private-key-file={folder / 'server.key'}",
        "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", f"--cert-dir={folder}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        running = [subprocess.Popen(command, stdout=log, stderr=log) for command in (etcd, server)]
        try:
            real = Real(port, folder)
            wait(real.ready)
            yield real
        finally:
            for one in reversed(running):
                one.terminate()
                one.wait(30)


def ports(count: int) -> list[int]:
    """Ports that are free just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
