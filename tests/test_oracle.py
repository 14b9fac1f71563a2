"""The engine against 123,669 verdicts that we did not write: those of cyclonus' generated cases.

They come from https://github.com/mattfenwick/cyclonus (12f646f), stand in the folder beside the project, and are
not part of it. A fresh clone has none, and skips this.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lhmigrate.files.manifests import read
from lhmigrate.judging.cluster import Leg
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import judge
from lhmigrate.longhorn.release import Flow
from lhmigrate.model.endpoints import Pod
from lhmigrate.model.labels import Labels, Match
from lhmigrate.model.policy import Direction
from lhmigrate.model.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = Path(__file__).parents[2] / "shared/oracles/cyclonus_cases.json.gz"

# How many verdicts each family of cases holds, so that a file cut short cannot pass.
FAMILIES = {
    "target": 2_916,
    "rules": 1_944,
    "peers": 54_432,
    "portprotocol": 34_020,
    "example": 2_706,
    "action": 8_130,
    "conflict": 7_776,
    "namespace": 972,
    "upstream-e2e": 10_773,
}

DIRECTIONS = {
    "Ingress": frozenset({Direction.INGRESS}),
    "Egress": frozenset({Direction.EGRESS}),
    "Combined": frozenset(Direction),
}

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is not beside this clone, in {FILE.parent}")


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        loaded: list[dict[str, Any]] = json.load(file)
    return loaded


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a case: pods, policies, and for each port a table of who reaches whom."""

    pods: list[Pod]
    policies: dict[str, Policies]
    tables: list[dict[str, Any]]

    @staticmethod
    def of(data: dict[str, Any]) -> Step:
        items = [
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **policy}
            for policy in data["policies"] or ()
        ]
        found = read(json.dumps({"apiVersion": "v1", "kind": "NetworkPolicyList", "items": items}), "cyclonus.json")
        assert not found.unread
        assert len(found.policies) == len(items)
        policies = {
            name: Policies(replace(policy, isolates=policy.isolates & directions) for policy in found.policies)
            for name, directions in DIRECTIONS.items()
        }
        return Step([_pod(pod, data["namespaces"]) for pod in data["pods"]], policies, data["tables"])

    def wrong(self) -> Iterator[str]:
        """Every verdict that differs from the tables."""
        for table in self.tables:
            for (row, sender), (column, receiver) in product(enumerate(self.pods), repeat=2):
                leg = _leg(sender, receiver, table)
                for name, policies in self.policies.items():
                    expected = table[name][row][column] == "."
                    if judge(leg, policies).passes is not expected:
                        what = f"{leg.source} to {leg.target} on {leg.ports}, {name}"
                        yield f"{what}: should{'' if expected else ' not'} pass"


def _pod(pod: dict[str, Any], namespaces: dict[str, dict[str, str]]) -> Pod:
    return Pod(
        name=f"{pod['namespace']}/{pod['name']}",
        namespace=pod["namespace"],
        labels=Labels(pod["labels"]),
        namespace_labels=Labels(namespaces[pod["namespace"]]),
        # What every pod of these cases serves.
        ports={
            f"serve-{number}-{protocol.lower()}": (protocol, number)
            for number, protocol in product((80, 81), ("TCP", "UDP", "SCTP"))
        },
        addresses=(ip_network(pod["ip"]),),
        by_address=Match.YES,
    )


def _leg(sender: Pod, receiver: Pod, table: dict[str, str]) -> Leg:
    port = table["port"]
    number = int(port) if port.isdigit() else receiver.ports[port][1]
    ports = Ports(((table["protocol"], number, number),))
    return Leg(Flow("probe", (), (), ports), sender.name, receiver.name, ports, (sender,), (receiver,))


def _steps(cases: Iterable[dict[str, Any]], family: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for case in cases:
        if case["family"] == family:
            for step in case["steps"]:
                yield case["description"], step


@pytest.mark.parametrize("family", FAMILIES)
def test_every_verdict_agrees(family: str, cases: list[dict[str, Any]]) -> None:
    wrong = [f"{story}: {what}" for story, step in _steps(cases, family) for what in Step.of(step).wrong()]
    assert not wrong


def test_the_file_is_whole(cases: list[dict[str, Any]]) -> None:
    counted = Counter[str]()
    for case in cases:
        for step in case["steps"]:
            for table in step["tables"]:
                assert table["pods"] == [f"{pod['namespace']}/{pod['name']}" for pod in step["pods"]]
                counted[case["family"]] += len(table["pods"]) ** 2
    assert counted == FAMILIES
    assert counted.total() == 123_669
