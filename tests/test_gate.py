"""Whether an upgrade of a running cluster may start, asked of an API server over TLS."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from api_server import CRDS, Call, Cluster, Fault, serving
from live_cluster import HOME, around, daemon_set, longhorn, namespace, pod, policy, running, setting
from running import inside, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from running import Run

Data = dict[str, Any]


class Gate:
    """Runs the command line against a cluster."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder

    def __call__(self, line: str) -> Run:
        return inside(*line.split(), environment={"KUBECONFIG": self.cluster.kubeconfig})


@contextmanager
def gate(cluster: Cluster, folder: Path) -> Iterator[Gate]:
    with serving(cluster, folder) as served:
        yield Gate(served, folder)


ENGINES = {"podSelector": {"matchLabels": {"longhorn.io/component": "instance-manager"}}, "policyTypes": ["Ingress"]}
"""Cuts the instance managers off."""


def test_nothing_in_the_way(tmp_path: Path) -> None:
    with gate(running("1.7.2"), tmp_path) as ask:
        run = ask("gate --to 1.7.3")
    assert run.code == 0, run.out
    assert run.out.startswith("The gate is open: the upgrade from 1.7.2 to 1.7.3 may start.\n")
    assert "Read 0 policies in the cluster of context here." in run.out


def test_a_policy_that_would_cut_shuts_it(tmp_path: Path) -> None:
    only_old = {
        "podSelector": {"matchLabels": {"app": "longhorn-manager"}},
        "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 9500}]}],
    }
    with gate(running("1.4.4", policy("managers", only_old)), tmp_path) as ask:
        run = ask("gate --to 1.5.5")
    assert run.code == 1
    assert run.out.startswith("The gate is shut: the upgrade from 1.4.4 to 1.5.5 must not start")
    assert "cluster:NetworkPolicy/longhorn-system/managers" in run.out


def test_no_longhorn_yet(tmp_path: Path) -> None:
    with gate(Cluster(*around(), crds=()), tmp_path) as ask:
        run = ask("gate --to 1.7.2")
    assert run.code == 0
    assert run.out == "There is no Longhorn in the cluster yet: the gate is open, and 1.7.2 may be installed.\n"


def test_the_release_that_runs_already(tmp_path: Path) -> None:
    with gate(running("1.7.2", policy("engines", ENGINES)), tmp_path) as ask:
        run = ask("gate --to v1.7.2")
    assert run.code == 0
    assert run.out.startswith("Longhorn 1.7.2 runs in the cluster already: the gate is open.\n")


def test_an_upgrade_that_longhorn_refuses_shuts_it(tmp_path: Path) -> None:
    with gate(running("1.4.4"), tmp_path) as ask:
        run = ask("gate --to 1.6.4 --fail-on error")
    assert run.code == 1
    assert "Longhorn refuses to go from 1.4.4 to 1.6.4 in one step" in run.out


def test_a_downgrade_cannot_be_judged(tmp_path: Path) -> None:
    with gate(running("1.7.2"), tmp_path) as ask:
        run = ask("gate --to 1.6.4")
    assert (run.code, run.out) == (2, "")
    assert "is a downgrade" in run.err


def test_the_release_to_install_from_helm_values(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("image: {longhorn: {manager: {tag: v1.7.3}}}")
    with gate(running("1.7.2"), tmp_path) as ask:
        assert ask(f"gate --values {values}").out.startswith("The gate is open: the upgrade from 1.7.2 to 1.7.3")
        run = ask("gate")
    assert run.code == 2
    assert "pass --to, or --values with image.longhorn.manager.tag" in run.err


@pytest.mark.parametrize(
    "line",
    ["gate --to 1.5.5 --warn-only", "gate --to 1.3 --warn-only", "gate --to 1.99 --warn-only"],
    ids=["cut", "a downgrade", "a release that nobody knows"],
)
def test_warn_only_never_stops_a_sync(tmp_path: Path, line: str) -> None:
    with gate(running("1.4.4", policy("engines", ENGINES)), tmp_path) as ask:
        run = ask(line)
    assert run.code == 0
    assert run.out or run.err


def test_warn_only_holds_where_the_api_server_does_not_answer(tmp_path: Path) -> None:
    cluster = running("1.7.2")
    cluster.faults += [Fault("/apis", 503)] * 99
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3 --timeout 1 --warn-only")
    assert run.code == 0
    assert "did not answer all within 1 seconds" in run.err


def test_missing_permissions_are_no_open_gate(tmp_path: Path) -> None:
    cluster = running("1.7.2", crds=("longhorn", "cilium"))
    cluster.forbidden |= {Call("list", "cilium.io", "ciliumnetworkpolicies"), Call("list", "", "nodes")}
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3")
    assert (run.code, run.out) == (2, "")
    assert "  (cluster): list ciliumnetworkpolicies.cilium.io in all namespaces\n" in run.err
    assert "  (cluster): list nodes in all namespaces\n" in run.err


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/apis", 404),
        Fault("/apis", 200, body={"kind": "APIGroupList"}),
        Fault("/apis", 200, body={"kind": "APIGroupList", "groups": []}),
        Fault("/apis/networking.k8s.io/v1", 404),
        Fault("/apis/networking.k8s.io/v1", 200, body={"kind": "APIResourceList"}),
        Fault("/apis/networking.k8s.io/v1", 200, body={"kind": "APIResourceList", "resources": []}),
        Fault("/networkpolicies", 404),
        Fault("/networkpolicies", 200, body={"kind": "Table", "rows": []}),
    ],
    ids=["no discovery", "no groups", "none of the groups", "no group", "no resources", "none of the resources",
         "no policies", "a table of policies"],
)  # fmt: skip
def test_an_api_server_that_does_not_say_what_there_is_opens_no_gate(tmp_path: Path, fault: Fault) -> None:
    cluster = running("1.7.2", policy("engines", ENGINES))
    cluster.faults.append(fault)
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3")
    assert (run.code, run.out) == (2, "")


def test_no_secret_is_ever_asked_for(tmp_path: Path) -> None:
    cluster = running("1.7.2", crds=tuple(CRDS))
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3")
    assert run.code in {0, 1}
    assert not [path for path in cluster.pages if "secret" in path.lower()]
    assert {call.verb for call in cluster.calls} == {"get", "list"}
    assert not cluster.written


def test_longhorn_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    with gate(running("1.7.2", where="storage"), tmp_path) as ask:
        assert ask("gate --to 1.7.3").out.startswith("The gate is open")
        run = ask("gate --to 1.7.3 --namespace longhorn-system")
    assert run.code == 2
    assert "Longhorn runs in storage, not in longhorn-system" in run.err


def test_two_longhorns(tmp_path: Path) -> None:
    cluster = Cluster(*around(), *longhorn("1.7.2"), *longhorn("1.7.2", "other"), namespace(HOME))
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3")
        assert ask("gate --to 1.7.3 --namespace other").code == 0
    assert run.code == 2
    assert "seems to run in longhorn-system and other; name the one by --namespace" in run.err


def test_an_upgrade_under_way(tmp_path: Path) -> None:
    cluster = running("1.7.2")
    cluster.objects["longhorn.io", "settings"] = [setting("current-longhorn-version", "v1.6.4")]
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.2")
    assert "the upgrade from 1.6.4 to 1.7.2" in run.out
    assert "an upgrade from 1.6.4 to 1.7.2 seems to be under way in longhorn-system" in " ".join(run.out.split())


@pytest.mark.parametrize("to", ["1.6.4", "1.7.2"], ids=["back to where it began", "somewhere between"])
def test_an_upgrade_under_way_to_what_is_newer_cannot_be_turned_back(tmp_path: Path, to: str) -> None:
    cluster = running("1.8.2")
    cluster.objects["longhorn.io", "settings"] = [setting("current-longhorn-version", "v1.6.4")]
    with gate(cluster, tmp_path) as ask:
        run = ask(f"gate --to {to}")
    assert (run.code, run.out) == (2, "")
    assert (
        f"an upgrade to 1.8.2 seems to be under way in longhorn-system, and Longhorn cannot be downgraded to {to}"
        in (" ".join(run.err.split()))
    )


def test_managers_that_say_they_are_no_release_are_none(tmp_path: Path) -> None:
    cluster = running("1.7.2")
    cluster.objects["longhorn.io", "settings"] = [setting("current-longhorn-version", "v1.8.0-dev-20250101")]
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3")
    assert run.code == 2
    assert "it says 'v1.8.0-dev-20250101', which is no release" in run.err


def test_a_tag_of_a_mirror_is_told(tmp_path: Path) -> None:
    cluster = Cluster(
        *around(),
        namespace(HOME),
        daemon_set("longhorn-manager", HOME, "x/longhorn-manager:1.7.2-acme"),
        setting("current-longhorn-version", "v1.7.2"),
    )
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3 --format json")
    assert run.code == 0
    assert (
        "Longhorn is taken to be v1.7.2, as it says, though its image's tag is 1.7.2-acme"
        in (run.report["assumptions"])
    )


def test_a_build_of_their_own(tmp_path: Path) -> None:
    cluster = Cluster(
        *around(), namespace(HOME), daemon_set("longhorn-manager", HOME, "x/longhorn-manager:master-head")
    )
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.2")
        assert ask("plan --cluster --from 1.7.1 --to 1.7.2").code == 0
    assert run.code == 2
    assert "it says 'master-head', which is no release" in run.err


def test_the_report_in_json(tmp_path: Path) -> None:
    with gate(running("1.7.2"), tmp_path) as ask:
        told = ask("gate --to 1.7.3 --format json").report
    assert (told["command"], told["open"], told["from"], told["to"]) == ("gate", True, "1.7.2", "1.7.3")
    assert told["cluster"] == "context here"


def test_plan_and_check_of_a_cluster(tmp_path: Path) -> None:
    with gate(running("1.7.2", policy("engines", ENGINES)), tmp_path) as ask:
        plan = ask("plan --cluster --to 1.8")
        check = ask("check --context here")
        neither = ask("plan --cluster")
        both = ask("check --cluster somewhere")
    assert plan.out.startswith("Longhorn 1.7.2 → 1.8.2: ")
    assert check.out.startswith("Longhorn 1.7.2: ")
    assert (plan.code, check.code, neither.code, both.code) == (1, 1, 2, 2)
    assert "pass --to" in neither.err
    assert "leave out the paths, or --cluster" in both.err


def test_there_is_nothing_to_plan_without_longhorn(tmp_path: Path) -> None:
    with gate(Cluster(*around(), crds=()), tmp_path) as ask:
        run = ask("check --cluster")
    assert run.code == 2
    assert "there is no Longhorn in the cluster of context here" in run.err


def test_the_installed_program_does_it_too(tmp_path: Path) -> None:
    with serving(running("1.7.2"), tmp_path) as cluster:
        run = program("gate", "--to", "1.7.3", environment={"KUBECONFIG": cluster.kubeconfig})
    assert (run.code, run.err) == (0, "")


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    cluster = running("1.7.2", pod("x", {"app": "x"}))
    cluster.faults.append(Fault("/apis", 500, body={"message": "internal"}))
    with gate(cluster, tmp_path) as ask:
        run = ask("gate --to 1.7.3 --format json")
    assert "SECRET" not in run.out + run.err


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "sarif", "github", "gitlab"])
@pytest.mark.parametrize("there", [True, False], ids=["shut", "no Longhorn"])
def test_every_form_tells_it(tmp_path: Path, form: str, there: bool) -> None:
    cluster = running("1.4.4", policy("engines", ENGINES)) if there else Cluster(*around(), crds=())
    with gate(cluster, tmp_path) as ask:
        run = ask(f"gate --to 1.5.5 --format {form}")
    assert (run.code, run.err) == (1 if there else 0, "")
    if there:
        assert "engines" in run.out
