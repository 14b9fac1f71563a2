"""A large cluster for `bench.py`: an API server on this machine that shows one, with pages made beforehand."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api_server import Cluster, serving
from live_cluster import HOME, around, longhorn, namespace, pod, policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.server import BaseHTTPRequestHandler

NODES, PODS, POLICIES, NAMESPACES = 500, 20_000, 5_000, 200
IN_LONGHORN = 10
"""One policy in so many is in Longhorn's namespace."""


class Large(Cluster):
    """A cluster whose answers are made once, so that what is measured is who asks."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(*objects)
        self._made: dict[str, tuple[int, object, Mapping[str, str]]] = {}

    def answer(self, handler: BaseHTTPRequestHandler, body: Any) -> tuple[int, object, Mapping[str, str]]:  # noqa: ANN401
        if handler.path not in self._made:
            status, value, headers = super().answer(handler, body)
            self._made[handler.path] = status, json.dumps(value).encode(), headers
        return self._made[handler.path]


def cluster(share: float) -> Large:
    """So much of the whole."""
    nodes, pods, policies = (int(count * share) for count in (NODES, PODS, POLICIES))
    ours = longhorn("1.7.2", HOME, nodes)
    others = [
        pod(f"web-{number}", {"app": f"web-{number % 50}"}, {"http": 8080}, f"team-{number % NAMESPACES}")
        for number in range(pods - 3 * nodes)
    ]
    told = [_policy(number) for number in range(policies)]
    teams = [namespace(f"team-{number}", team=str(number)) for number in range(NAMESPACES)]
    return Large(*around(nodes), namespace(HOME), *teams, *ours, *others, *told)


def _policy(number: int) -> dict[str, Any]:
    """One of a team, or one more that lets a team's pods in to the managers."""
    team = f"team-{number % NAMESPACES}"
    if number % IN_LONGHORN:
        spec = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 8080}]}]}
        return policy(f"web-{number}", spec, team)
    everybody = {"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "192.168.0.0/16"}}]}
    client = {"from": [{"podSelector": {"matchLabels": {"client": str(number)}}}], "ports": [{"port": 9500}]}
    spec = {"podSelector": {"matchLabels": {"app": "longhorn-manager"}}, "ingress": [client, everybody, {}]}
    return policy(f"clients-{number}", spec)


@contextmanager
def serving_large(share: float, folder: Path) -> Iterator[str]:
    """Serves it; gives the kubeconfig."""
    with serving(cluster(share), folder) as served:
        yield served.kubeconfig
