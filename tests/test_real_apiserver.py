"""The gate against a real API server, with the rights that its manifests give it, where one is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_server import CRDS, Cluster, serving
from live_cluster import HOME, around, longhorn, managers, namespace, policy
from real_api_server import MISSING, Real, started
from running import Run, inside
from test_deploy import COMPONENTS, built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

CILIUM = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumNetworkPolicy",
    "metadata": {"name": "engines", "namespace": HOME},
    "spec": {"endpointSelector": {"matchLabels": {"longhorn.io/component": "instance-manager"}}, "ingress": [{}]},
}


def told() -> list[dict[str, Any]]:
    """What is in the cluster: a Longhorn with a policy that the next release needs more of."""
    old = managers(**{"from": [{"podSelector": {}}]})
    others = [namespace("shop"), *(policy(f"p{number}", {"podSelector": {}}, "shop") for number in range(600))]
    return [namespace("calico-system"), *around(), namespace(HOME), *longhorn("1.4.4"), old, CILIUM, *others]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with started(tmp_path_factory.mktemp("real")) as server:
        for crds in ("longhorn", "cilium"):
            for (group, version), kinds in CRDS[crds].items():
                for names, kind in kinds.items():
                    server.define(group, version, kind, names, "Cluster" if "Clusterwide" in kind else "Namespaced")
        server.create(namespace(HOME))
        for one in sorted(told(), key=lambda each: each["kind"] != "Namespace"):
            if one["kind"] == "DaemonSet":
                template = one["spec"]["template"]
                one["spec"]["selector"] = {"matchLabels": template["metadata"]["labels"]}
            if one["kind"] == "Node":
                one["spec"]["podCIDR"] = one["spec"]["podCIDRs"][0]
            if one["kind"] != "EndpointSlice":  # it makes its own
                server.create(one)
        yield server


def gate(server: Real, *options: str) -> Run:
    config = server.kubeconfig_of(HOME, "lhmigrate-gate")
    return inside("gate", "--to", "1.5.5", *options, environment={"KUBECONFIG": config})


def test_the_manifests_are_taken_as_they_are(real: Real) -> None:
    for one in built(*COMPONENTS):
        real.create(one, "?dryRun=All&fieldValidation=Strict")


def test_without_its_role_it_names_what_is_missing(real: Real) -> None:
    real.create(next(one for one in built() if one["kind"] == "ServiceAccount"))
    run = gate(real)
    assert (run.code, run.out) == (2, "")
    assert "list daemonsets.apps in all namespaces" in run.err


def test_with_its_role_it_sees_what_our_own_server_shows(real: Real, tmp_path: Path) -> None:
    for one in built():
        if one["kind"] != "Job":
            real.create(one)
    run = gate(real, "--format", "json")
    assert (run.code, run.err) == (1, "")
    with serving(Cluster(*told(), crds=("longhorn", "cilium")), tmp_path) as ours:
        same = inside("gate", "--to", "1.5.5", "--format", "json", environment={"KUBECONFIG": ours.kubeconfig})
    assert run.report == {**same.report, "cluster": run.report["cluster"]}
    assert run.report["coverage"]["policies"] == 602


def test_the_role_lets_it_write_nothing(real: Real) -> None:
    run = gate(real, "--report", "event", "--report", "configmap")
    assert run.code == 1
    assert "it must be allowed to create events" in run.err
    assert "it must be allowed to update configmaps" in run.err


def test_the_components_let_it_leave_its_result(real: Real) -> None:
    for one in built(*COMPONENTS):
        if one["kind"] in {"Role", "RoleBinding"}:
            real.create(one)
    runs = [gate(real, "--report", "event", "--report", "configmap") for _ in range(2)]
    assert [(run.code, run.err) for run in runs] == [(1, "")] * 2
    _, events = real.ask("GET", f"/api/v1/namespaces/{HOME}/events")
    assert [one["reason"] for one in events["items"]] == ["UpgradeGateShut"] * 2
    _, kept = real.ask("GET", f"/api/v1/namespaces/{HOME}/configmaps/lhmigrate-gate")
    assert kept["data"]["result"] == "shut"
