"""What a running cluster settles: labels, addresses, settings and the network plugin, where files leave a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_server import Cluster, Fault, serving
from live_cluster import (
    HOME,
    api_endpoints,
    around,
    daemon_set,
    longhorn,
    managers,
    metadata,
    namespace,
    node,
    pod,
    policy,
    running,
    setting,
)
from running import inside

from lhmigrate.errors import Place
from lhmigrate.kube.live import Live, component_of, setting_of, settled
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.labels import EVERYTHING
from lhmigrate.model.policy import Policy
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from lhmigrate.longhorn.release import Version

Data = dict[str, Any]


def judged(cluster: Cluster, folder: Path, line: str = "check --cluster") -> Any:  # noqa: ANN401 - a report
    """The JSON report of a run against a cluster."""
    with serving(cluster, folder):
        run = inside(*line.split(), "--format", "json", environment={"KUBECONFIG": cluster.kubeconfig})
    assert run.code != 2, run.err
    return run.report


def verdict(report: Any, flow: str) -> str:  # noqa: ANN401
    """What becomes of a flow."""
    found = {one["verdict"] for one in report["flows"] if one["flow"] == flow}
    assert len(found) == 1, found
    return str(found.pop())


def engines(*sources: Data, ports: tuple[object, ...] = ()) -> Data:
    """A policy for the instance managers, in all of whose ports these are let in."""
    rule: Data = {"from": [*sources]} if sources else {}
    if ports:
        rule["ports"] = [{"port": port} for port in ports]
    return policy(
        "engines", {"podSelector": {"matchLabels": {"longhorn.io/component": "instance-manager"}}, "ingress": [rule]}
    )


def test_the_name_of_the_helm_release_is_seen(tmp_path: Path) -> None:
    by_release = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "storage"}}}
    report = judged(running("1.7.2", engines(by_release)), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "allowed"


def test_another_release_name_is_seen_not_to_match(tmp_path: Path) -> None:
    by_release = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "longhorn"}}}
    report = judged(running("1.7.2", engines(by_release)), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "blocked"


def test_values_that_differ_from_pod_to_pod_are_known(tmp_path: Path) -> None:
    one_node = engines({"podSelector": {"matchLabels": {"controller-revision-hash": "5c"}}})
    report = judged(running("1.7.2", one_node), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "allowed"


def test_a_label_of_one_pod_of_several_does_not_open_for_all(tmp_path: Path) -> None:
    cluster = running("1.7.2", managers(**{"from": [{"podSelector": {"matchLabels": {"longhorn.io/node": "node-1"}}}]}))
    report = judged(cluster, tmp_path)
    assert verdict(report, "manager-to-manager") == "blocked"


def labelled_by_a_mesh(version: str) -> Cluster:
    cluster = running(version, engines({"podSelector": {"matchLabels": {"mesh": "on"}}}))
    for one in cluster.objects["", "pods"]:
        one["metadata"]["labels"]["mesh"] = "on"
    return cluster


def test_labels_that_others_put_on_pods_count_today(tmp_path: Path) -> None:
    assert verdict(judged(labelled_by_a_mesh("1.7.2"), tmp_path), "manager-to-instance-manager-proxy") == "allowed"


def test_and_are_not_taken_for_granted_tomorrow(tmp_path: Path) -> None:
    report = judged(labelled_by_a_mesh("1.7.2"), tmp_path, "plan --cluster --to 1.7.3")
    told = {one["flow"] for one in report["findings"] if one["code"] in {"flow-blocked", "flow-unknown"}}
    assert "manager-to-instance-manager-proxy" in told


def test_ports_are_those_that_pods_declare(tmp_path: Path) -> None:
    cluster = running("1.7.2", managers(ports=[{"port": "manager"}], **{"from": [{"podSelector": {}}]}))
    assert verdict(judged(cluster, tmp_path), "manager-to-manager") == "allowed"


def test_a_port_whose_name_the_pods_do_not_declare(tmp_path: Path) -> None:
    cluster = running("1.7.2", managers(ports=[{"port": "manager"}], **{"from": [{"podSelector": {}}]}))
    for one in cluster.objects["", "pods"]:
        one["spec"]["containers"][0]["ports"] = []
    assert verdict(judged(cluster, tmp_path), "manager-to-manager") == "blocked"


@pytest.mark.parametrize(
    ("labels", "answer"), [({"team": "storage"}, "allowed"), ({}, "blocked")], ids=["there", "not there"]
)
def test_labels_of_namespaces_are_known(tmp_path: Path, labels: dict[str, str], answer: str) -> None:
    ours = {"namespaceSelector": {"matchLabels": {"team": "storage"}}}
    cluster = Cluster(*around(), namespace(HOME, **labels), *longhorn("1.7.2"), engines(ours))
    assert verdict(judged(cluster, tmp_path), "manager-to-instance-manager-proxy") == answer


def block(*networks: str) -> list[Data]:
    return [{"ipBlock": {"cidr": network}} for network in networks]


EVERYWHERE = ("192.168.0.0/24", "10.42.0.0/16")


@pytest.mark.parametrize(
    ("networks", "answer"),
    [(EVERYWHERE, "allowed"), (EVERYWHERE[:1], "unknown"), (("172.16.0.0/12",), "blocked")],
    ids=["nodes and what they may come by", "the nodes' own addresses alone", "elsewhere"],
)
def test_addresses_of_nodes_are_known(tmp_path: Path, networks: tuple[str, ...], answer: str) -> None:
    """A node may come by a tunnel, whose address is of its share of the pods'."""
    rwx = policy(
        "shares",
        {
            "podSelector": {"matchLabels": {"longhorn.io/component": "share-manager"}},
            "ingress": [{"from": block(*networks)}],
        },
    )
    assert verdict(judged(running("1.7.2", rwx), tmp_path), "node-to-share-manager-nfs") == answer


def test_a_node_without_an_address_makes_the_others_less_than_all(tmp_path: Path) -> None:
    rwx = policy(
        "shares",
        {
            "podSelector": {"matchLabels": {"longhorn.io/component": "share-manager"}},
            "ingress": [{"from": block(*EVERYWHERE)}],
        },
    )
    cluster = running("1.7.2", rwx)
    cluster.objects["", "nodes"][0]["status"]["addresses"] = []
    assert verdict(judged(cluster, tmp_path), "node-to-share-manager-nfs") == "unknown"


def egress(*networks: str, port: int = 6443) -> Data:
    return policy(
        "deployer",
        {
            "podSelector": {"matchLabels": {"app": "longhorn-driver-deployer"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": block(*networks), "ports": [{"port": port}]}],
        },
    )


@pytest.mark.parametrize(
    ("networks", "port", "answer"),
    [
        (("192.168.0.1/32",), 6443, "allowed"),
        (("192.168.0.1/32",), 443, "blocked"),
        (("10.96.0.1/32",), 6443, "blocked"),
    ],
    ids=["where it is", "on its Service's port", "at its Service's address"],
)
def test_where_the_api_server_is(tmp_path: Path, networks: tuple[str, ...], port: int, answer: str) -> None:
    report = judged(running("1.7.2", egress(*networks, port=port)), tmp_path)
    assert verdict(report, "driver-deployer-to-kube-apiserver") == answer


WEBHOOK = "kube-apiserver-to-manager-admission-webhook"


def from_api_server(*networks: str) -> Data:
    return policy(
        "webhook",
        {
            "podSelector": {"matchLabels": {"app": "longhorn-manager"}},
            "ingress": [{"from": [*block(*networks), {"podSelector": {}}]}],
        },
    )


def test_an_api_server_on_nodes_calls_from_where_nodes_do(tmp_path: Path) -> None:
    assert verdict(judged(running("1.7.2", from_api_server(*EVERYWHERE)), tmp_path), WEBHOOK) == "allowed"


def test_a_managed_api_server_may_call_from_anywhere(tmp_path: Path) -> None:
    cluster = running("1.7.2", from_api_server(*EVERYWHERE))
    cluster.objects["discovery.k8s.io", "endpointslices"] = [api_endpoints("203.0.113.7", port=443)]
    assert verdict(judged(cluster, tmp_path), WEBHOOK) == "unknown"


def test_an_api_server_that_calls_through_pods_may_call_from_anywhere(tmp_path: Path) -> None:
    cluster = running("1.7.2", from_api_server(*EVERYWHERE), daemon_set("konnectivity-agent", "kube-system"))
    assert verdict(judged(cluster, tmp_path), WEBHOOK) == "unknown"


def test_which_port_a_plugin_that_nobody_knows_looks_at_is_not_known(tmp_path: Path) -> None:
    cluster = running("1.7.2", egress("0.0.0.0/0"), daemon_set("weave-net", "kube-system"))
    assert verdict(judged(cluster, tmp_path), "driver-deployer-to-kube-apiserver") == "unknown"


def test_the_pods_of_dns_are_known(tmp_path: Path) -> None:
    lookup = policy(
        "lookups",
        {
            "podSelector": {"matchLabels": {"app": "longhorn-csi-plugin"}},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"pod-template-hash": "9f"}}}],
                    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
                }
            ],
        },
    )
    report = judged(running("1.7.2", lookup), tmp_path)
    found = [
        one for one in report["flows"] if one["source"] == "longhorn-csi-plugin" and one["target"] == "cluster-dns"
    ]
    assert [one["verdict"] for one in found] == ["allowed"]


@pytest.mark.parametrize(
    ("plugins", "kubelet", "name"),
    [
        (("calico-node",), "v1.31.4", "calico"),
        (("cilium",), "v1.31.4", "cilium"),
        (("rke2-canal",), "v1.31.4+rke2r1", "canal"),
        (("anetd",), "v1.31.4-gke.1", "cilium"),
        ((), "v1.31.4+k3s1", "kube-router"),
        (("cilium",), "v1.31.4+k3s1", "cilium"),
        (("calico-node", "cilium"), "v1.31.4", None),
        (("aws-node",), "v1.31.4-eks", None),
        (("kube-flannel-ds",), "v1.31.4", None),
        ((), "v1.31.4", None),
    ],
)
def test_the_network_plugin_is_seen(tmp_path: Path, plugins: tuple[str, ...], kubelet: str, name: str | None) -> None:
    others = [one for one in around(0) if one["metadata"]["name"] != "calico-node"]
    daemons = [daemon_set(one, "kube-system") for one in plugins]
    cluster = Cluster(*others, *daemons, node(0, kubelet), namespace(HOME), *longhorn("1.7.2"))
    report = judged(cluster, tmp_path)
    said = [one for one in report["assumptions"] if one.startswith("the network plugin")]
    assert said == (
        [f"the network plugin is taken to be {name}, as it runs in the cluster; --cni can say otherwise"]
        if name
        else []
    )


def test_flannel_alone_is_no_all_clear(tmp_path: Path) -> None:
    others = [one for one in around() if one["metadata"]["name"] != "calico-node"]
    flannel = daemon_set("kube-flannel-ds", "kube-flannel")
    report = judged(Cluster(*others, flannel, namespace(HOME), *longhorn("1.7.2"), engines(ports=(1,))), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "blocked"
    assert any("Flannel runs in the cluster" in one for one in report["assumptions"])


DATA = "instance-manager-to-instance-manager-data"


@pytest.mark.parametrize(("network", "there"), [("kube-system/storage", False), ("", True)], ids=["set", "not set"])
def test_a_storage_network_takes_data_off_the_clusters_own(tmp_path: Path, network: str, there: bool) -> None:
    cluster = running("1.7.2")
    settings = cluster.objects["longhorn.io", "settings"]
    settings[:] = [one for one in settings if one["metadata"]["name"] != "storage-network"]
    cluster.add(setting("storage-network", network))
    assert (DATA in {one["flow"] for one in judged(cluster, tmp_path)["flows"]}) is there


def test_a_storage_network_that_helm_values_only_plan_for_does_not_count(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("defaultSettings: {storageNetwork: kube-system/storage}")
    report = judged(running("1.7.2"), tmp_path, f"check --cluster --values {values}")
    assert DATA in {one["flow"] for one in report["flows"]}


def test_the_v2_data_engine_is_seen(tmp_path: Path) -> None:
    cluster = running("1.7.2", engines(ports=(8501,)))
    settings = cluster.objects["longhorn.io", "settings"]
    settings[:] = [one for one in settings if one["metadata"]["name"] != "v2-data-engine"]
    cluster.add(setting("v2-data-engine", "true"))
    report = judged(cluster, tmp_path)
    levels = {one["level"] for one in report["findings"] if one["flow"] == "manager-to-instance-manager-disk"}
    assert levels == {"error"}


def shipped(version: str) -> list[Data]:
    """What the chart installs with networkPolicies.enabled, as far as the managers go."""
    spec = {"podSelector": {"matchLabels": {"app": "longhorn-manager"}}, "policyTypes": ["Ingress"]}
    helm = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/version": f"v{version}"}
    return [policy("longhorn-manager", spec, **helm)]


def test_policies_of_the_chart_tell_its_values(tmp_path: Path) -> None:
    report = judged(running("1.7.2", *shipped("1.7.2")), tmp_path, "plan --cluster --to 1.7.3")
    assert any("networkPolicies.enabled is taken to be true" in one for one in report["assumptions"])
    assert not [one for one in report["findings"] if one["code"] == "name-collision"]


def test_a_policy_that_only_has_the_name_of_the_charts_is_somebodys_own(tmp_path: Path) -> None:
    """Helm refuses to take it over, so the upgrade fails."""
    mine = policy("longhorn-manager", {"podSelector": {"matchLabels": {"app": "longhorn-manager"}}, "ingress": [{}]})
    report = judged(running("1.12.0", mine), tmp_path, "plan --cluster --to 1.12.1")
    assert [one["level"] for one in report["findings"] if one["code"] == "name-collision"] == ["error"]


def test_what_the_manifest_installed_is_known_by_its_name(tmp_path: Path) -> None:
    cluster = running("1.12.1", policy("longhorn-manager", {"podSelector": {}, "ingress": [{}]}))
    for one in cluster.objects["", "pods"]:
        one["metadata"]["labels"].pop("app.kubernetes.io/managed-by", None)
    report = judged(cluster, tmp_path, "plan --cluster --to 1.12.2")
    assert not [one for one in report["findings"] if one["code"] == "name-collision"]


def test_what_is_really_there_counts_and_not_what_the_chart_would_install(tmp_path: Path) -> None:
    """The chart's own policy lets managers in, and somebody has made it let nobody in."""
    report = judged(running("1.7.2", *shipped("1.7.2")), tmp_path)
    assert verdict(report, "manager-to-manager") == "blocked"


def test_a_default_policy_that_was_switched_off_is_not_made_up(tmp_path: Path) -> None:
    report = judged(running("1.12.1"), tmp_path)
    assert verdict(report, "prometheus-to-manager") == "allowed"
    assert any("restrictInternalTraffic is taken to be false" in one for one in report["assumptions"])


def test_pods_of_others_in_longhorns_namespace_are_told(tmp_path: Path) -> None:
    report = judged(running("1.7.2", pod("web-1", {"app": "web"})), tmp_path)
    assert "pods in longhorn-system that are not of Longhorn 1.7.2 were left out: app=web" in report["assumptions"]


def test_pods_that_ended_or_use_the_nodes_network_are_not_looked_at(tmp_path: Path) -> None:
    ended = pod("job", {"app": "job"})
    ended["status"]["phase"] = "Succeeded"
    report = judged(running("1.7.2", ended, pod("host", {"app": "host"}, hostNetwork=True)), tmp_path)
    assert not [one for one in report["assumptions"] if "were left out" in one]


def test_an_instance_manager_of_an_older_release_counts(tmp_path: Path) -> None:
    old = {"longhorn.io/component": "instance-manager", "longhorn.io/instance-manager-type": "engine",
           "longhorn.io/managed-by": "longhorn-manager"}  # fmt: skip
    typed = policy(
        "old",
        {"podSelector": {"matchLabels": {"longhorn.io/instance-manager-type": "engine"}}, "policyTypes": ["Ingress"]},
    )
    report = judged(running("1.7.2", pod("instance-manager-e-1", old), typed), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "blocked"


def test_every_dialect_of_the_cluster_is_read(tmp_path: Path) -> None:
    deny = {
        "spec": {"endpointSelector": {"matchLabels": {"longhorn.io/component": "instance-manager"}}, "ingress": [{}]}
    }
    wide = {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "metadata": {"name": "deny"},
        "spec": {
            "priority": 1,
            "subject": {"namespaces": {}},
            "ingress": [{"name": "all", "action": "Deny", "from": [{"namespaces": {}}]}],
        },
    }
    cilium = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "c", "namespace": HOME},
        **deny,
    }
    calico = {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": "default.g"},
        "spec": {"selector": "all()", "types": ["Egress"], "egress": [{"action": "Allow"}]},
    }
    crds = ("longhorn", "cilium", "calico", "calico-api", "admin", "cluster")
    report = judged(running("1.7.2", wide, cilium, calico, crds=crds), tmp_path)
    assert report["coverage"]["policies"] == 3


def test_a_kind_of_policy_that_cannot_be_judged_counts_as_unknown(tmp_path: Path) -> None:
    strange = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"something": "new"}]}]}
    report = judged(running("1.7.2", policy("strange", strange), managers()), tmp_path)
    assert [one["file"] for one in report["coverage"]["unread"]] == ["cluster:NetworkPolicy/longhorn-system/strange"]
    assert verdict(report, "manager-to-instance-manager-proxy") == "unknown"


def test_policies_elsewhere_are_counted_and_those_of_peers_are_read(tmp_path: Path) -> None:
    scrape = managers(
        **{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]}
    )
    nobody = {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
    others = [policy(f"p{number}", nobody, "shop") for number in range(3)]
    cluster = running("1.7.2", scrape, policy("closed", nobody, "monitoring"), *others)
    report = judged(cluster, tmp_path)
    assert report["coverage"]["policies"] == 5
    assert verdict(report, "prometheus-to-manager") == "blocked"


@pytest.mark.parametrize(
    ("version", "kind", "namespace"),
    [
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", None),
        ("crd.antrea.io/v1beta1", "NetworkPolicy", HOME),
        ("network.openshift.io/v1", "EgressNetworkPolicy", HOME),
        ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", HOME),
        ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy", HOME),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", None),
    ],
)
def test_what_a_policy_of_a_dialect_that_nobody_reads_may_cut_is_unknown(
    tmp_path: Path, version: str, kind: str, namespace: str | None
) -> None:
    one = {"apiVersion": version, "kind": kind, "metadata": metadata("x", namespace), "spec": {"ingress": []}}
    report = judged(running("1.7.2", one, crds=("longhorn", "others")), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "unknown"
    assert kind in report["coverage"]["unread"][0]["file"]


def test_and_a_cluster_that_only_could_have_such_is_judged_as_ever(tmp_path: Path) -> None:
    report = judged(running("1.7.2", crds=("longhorn", "others")), tmp_path)
    assert verdict(report, "manager-to-instance-manager-proxy") == "allowed"


def calico(version: str, selector: str) -> Data:
    spec = {"selector": selector, "types": ["Ingress"]}
    return {"apiVersion": version, "kind": "GlobalNetworkPolicy", "metadata": metadata("default.cut"), "spec": spec}


@pytest.mark.parametrize(
    ("moved", "answer"),
    [(False, "allowed"), (True, "blocked")],
    ids=["one shows the objects of the other", "they can move, and leave the old ones behind"],
)
def test_which_of_calicos_two_groups_is_true(tmp_path: Path, moved: bool, answer: str) -> None:
    old, new = calico("crd.projectcalico.org/v1", "app == 'none'"), calico("projectcalico.org/v3", "all()")
    cluster = running("1.7.2", old, new, crds=("longhorn", "calico", "calico-api"))
    if moved:
        cluster.kinds["migration.projectcalico.org", "v1"] = {"datastoremigrations": "DatastoreMigration"}
    assert verdict(judged(cluster, tmp_path), "manager-to-instance-manager-proxy") == answer


@pytest.mark.parametrize("group", ["crd.projectcalico.org/v1", "projectcalico.org/v3"])
def test_a_host_endpoint_leaves_what_nodes_do_unknown(tmp_path: Path, group: str) -> None:
    endpoint = {"apiVersion": group, "kind": "HostEndpoint", "metadata": {"name": "node-1-eth0"}}
    endpoint |= {"spec": {"node": "node-1", "interfaceName": "eth0"}}
    crds = ("longhorn", "calico" if group.startswith("crd") else "calico-api")
    cluster = running("1.7.2", endpoint, crds=crds)
    cluster.add(daemon_set("calico-node", "kube-system"))
    report = judged(cluster, tmp_path)
    assert verdict(report, WEBHOOK) == "unknown"
    assert verdict(report, "manager-to-instance-manager-proxy") == "allowed"


def test_policies_of_a_kind_that_is_not_read_are_told(tmp_path: Path) -> None:
    cluster = running("1.7.2")
    cluster.kinds["security.istio.io", "v1"] = {"authorizationpolicies": "AuthorizationPolicy"}
    cluster.kinds["cilium.io", "v3"] = {"ciliumnodenetworkpolicies": "CiliumNodeNetworkPolicy"}
    told = judged(cluster, tmp_path)["assumptions"]
    assert "policies of Istio are not judged, and the cluster knows such" in told
    assert "policies of ciliumnodenetworkpolicies.cilium.io are not judged, and the cluster knows such" in told
    assert not [one for one in told if "/status" in one]


@pytest.mark.parametrize("runs", [("weave-net",), ("aws-node", "calico-node"), ()], ids=" ".join)
def test_what_a_plugin_left_behind_is_no_sign_that_it_runs(tmp_path: Path, runs: tuple[str, ...]) -> None:
    spec = {"order": 1, "selector": "all()", "types": ["Ingress"], "ingress": [{"action": "Allow"}]}
    opens = {**calico("crd.projectcalico.org/v1", "all()"), "spec": spec}
    cluster = running(
        "1.7.2", engines({"podSelector": {"matchLabels": {"a": "b"}}}), opens, crds=("longhorn", "calico")
    )
    cluster.objects["apps", "daemonsets"] = [daemon_set("longhorn-manager", HOME, "x/longhorn-manager:v1.7.2")]
    cluster.add(*(daemon_set(name, "kube-system") for name in runs))
    assert verdict(judged(cluster, tmp_path), "manager-to-instance-manager-proxy") == "unknown"
    assert verdict(judged(cluster, tmp_path / "told", "check --cluster --cni calico"),
                   "manager-to-instance-manager-proxy") == "allowed"  # fmt: skip


def test_a_server_of_calicos_own_that_is_down_stops_nothing_that_can_be_read_without_it(tmp_path: Path) -> None:
    cluster = running("1.7.2", crds=("longhorn", "calico", "calico-api"))
    cluster.faults += [Fault("/apis/projectcalico.org/v3", 503)] * 99
    assert judged(cluster, tmp_path)["command"] == "check"


def test_the_same_cluster_gives_the_same_report(tmp_path: Path) -> None:
    first = judged(running("1.7.2", engines(ports=(8501,))), tmp_path / "a", "plan --cluster --to 1.8")
    assert judged(running("1.7.2", engines(ports=(8501,))), tmp_path / "b", "plan --cluster --to 1.8") == first


@pytest.mark.parametrize("there", [True, False], ids=["as the chart has it", "switched off"])
def test_only_what_differs_from_a_charts_default_was_chosen_and_stays(there: bool) -> None:
    catalogue = Catalogue([shipped_specs()])
    release = catalogue.find("1.12.1")
    policies = [
        Policy("NetworkPolicy", one.name, HOME, Place("x"), EVERYTHING, frozenset(), owned_by_helm=True)
        for one in release.policies
        if there and one.when == {"networkPolicies.restrictInternalTraffic": True}
    ]
    seen = Live(namespace=HOME, policies=policies)
    after = settled(Settings(), seen, release, catalogue.glossary, by_hand=frozenset())
    assert after.values.given == ({} if there else {"networkPolicies": {"restrictInternalTraffic": False}})
    assert after.values_before is not None
    assert after.values_before.get("networkPolicies.restrictInternalTraffic") is there


def test_k3s_whose_plugin_is_hidden_may_have_another_than_its_own(tmp_path: Path) -> None:
    cluster = running("1.7.2", calico("crd.projectcalico.org/v1", "all()"), crds=("longhorn", "calico"))
    cluster.objects["apps", "daemonsets"] = [daemon_set("longhorn-manager", HOME, "x/longhorn-manager:v1.7.2")]
    cluster.objects["", "nodes"] = [node(number, "v1.31.4+k3s1") for number in range(3)]
    assert verdict(judged(cluster, tmp_path), "manager-to-instance-manager-proxy") == "unknown"


@pytest.mark.parametrize("release", Catalogue([shipped_specs()]).versions, ids=str)
def test_every_pod_is_known_for_what_it_is(release: Version) -> None:
    known = Catalogue([shipped_specs()]).release(release)
    for one in known.components.values():
        if one.labels:
            labels = {**dict.fromkeys(one.varies, "x"), **one.labels, **one.sometimes}
            assert component_of(known, labels) == one.name


def test_every_setting_has_the_name_that_longhorn_gives_it() -> None:
    """Longhorn's settings (longhorn/longhorn-manager, types/setting.go) by the Helm values that decide about flows."""
    assert {path: setting_of(path) for path in DECIDING} == DECIDING


DECIDING = {
    "defaultSettings.storageNetwork": "storage-network",
    "defaultSettings.storageNetworkForRWXVolumeEnabled": "storage-network-for-rwx-volume-enabled",
    "defaultSettings.endpointNetworkForRWXVolume": "endpoint-network-for-rwx-volume",
    "defaultSettings.v2DataEngine": "v2-data-engine",
    "defaultSettings.backupTarget": "backup-target",
    "defaultBackupStore.backupTarget": "backup-target",
}


def test_every_setting_that_decides_is_known() -> None:
    catalogue = Catalogue([shipped_specs()])
    releases = (catalogue.release(version) for version in catalogue.versions)
    paths = {path for release in releases for flow in release.flows.values() for path in flow.off_network_with}
    paths |= {path for feature in catalogue.glossary.features.values() for path in feature.used_when}
    assert {path for path in paths if setting_of(path) is not None} <= set(DECIDING)
