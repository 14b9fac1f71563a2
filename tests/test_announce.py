"""What a gate leaves in the cluster, where it is asked to, and what becomes of a gate that may not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Call, Cluster, serving
from live_cluster import HOME, around, policy, running
from running import Run, inside

from lhmigrate.kube import announce
from lhmigrate.kube.apiserver import ApiServer
from lhmigrate.kube.connection import connect
from lhmigrate.kube.gate import Gate
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs

if TYPE_CHECKING:
    from pathlib import Path

CUT = policy("all", {"podSelector": {}, "policyTypes": ["Ingress"]})


def gate(cluster: Cluster, folder: Path, *options: str) -> Run:
    with serving(cluster, folder):
        return inside("gate", "--to", "1.8", *options, environment={"KUBECONFIG": cluster.kubeconfig})


def only(written: list[Any]) -> Any:  # noqa: ANN401 - an object
    [one] = written
    return one


def test_an_event_on_longhorns_namespace(tmp_path: Path) -> None:
    cluster = running("1.7.2")
    assert gate(cluster, tmp_path, "--report", "event").code == 0
    event = only(cluster.written)
    assert event["kind"] == "Event"
    assert event["metadata"] == {"generateName": "lhmigrate-gate-", "namespace": HOME}
    # The API server refuses an Event about another namespace than its own (pkg/apis/core/validation/events.go).
    assert event["involvedObject"]["namespace"] == HOME
    assert (event["type"], event["reason"]) == ("Normal", "UpgradeGateOpen")
    assert event["message"] == "The gate is open: the upgrade from 1.7.2 to 1.8.2 may start."


def test_an_event_of_a_gate_that_is_shut_says_why_as_far_as_that_fits(tmp_path: Path) -> None:
    cluster = running("1.7.2", CUT)
    assert gate(cluster, tmp_path, "--report", "event").code == 1
    event = only(cluster.written)
    assert (event["type"], event["reason"]) == ("Warning", "UpgradeGateShut")
    assert "NetworkPolicy all" in event["message"]
    assert len(event["message"].encode()) <= 1024


def test_an_event_has_the_time_it_is_made(tmp_path: Path) -> None:
    catalogue = Catalogue([shipped_specs()])
    made = Gate("context here", catalogue.find("1.7.2"), None, shut=False)
    with serving(running("1.7.2"), tmp_path) as cluster:
        api = ApiServer(connect(None, {"KUBECONFIG": cluster.kubeconfig}), 5)
        assert announce.event(api, made, HOME, datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)) is None
    assert only(cluster.written)["firstTimestamp"] == "2026-02-03T04:05:06Z"


def test_a_config_map_with_the_whole_report(tmp_path: Path) -> None:
    cluster = running("1.7.2", CUT)
    run = gate(cluster, tmp_path, "--report", "configmap", "--format", "json")
    kept = only(cluster.written)
    assert kept["metadata"]["name"] == "lhmigrate-gate"
    assert kept["data"]["result"] == "shut"
    assert json.loads(kept["data"]["report.json"]) == run.report


def test_a_later_result_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    cluster = running("1.7.2", CUT)
    gate(cluster, tmp_path / "a", "--report", "configmap")
    cluster.objects["networking.k8s.io", "networkpolicies"] = []
    gate(cluster, tmp_path / "b", "--report", "configmap")
    kept = only(cluster.objects["", "configmaps"])
    assert kept["data"]["result"] == "open"


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        ("event", Call("create", "", "events", HOME)),
        ("configmap", Call("create", "", "configmaps", HOME)),
        ("configmap", Call("update", "", "configmaps", HOME)),
    ],
)
def test_what_may_not_be_written_changes_nothing_about_the_result(tmp_path: Path, where: str, missing: Call) -> None:
    cluster = running("1.7.2")
    cluster.forbidden.add(missing)
    run = gate(cluster, tmp_path, "--report", where)
    assert run.code == 0
    assert run.out.startswith("The gate is open")
    assert f"it must be allowed to {missing.verb} {missing.resource}" in run.err


def test_where_there_is_no_longhorn_the_result_goes_where_it_will_be(tmp_path: Path) -> None:
    cluster = Cluster(*around(), crds=())
    assert gate(cluster, tmp_path, "--report", "event", "--namespace", "storage").code == 0
    assert only(cluster.written)["metadata"]["namespace"] == "storage"
