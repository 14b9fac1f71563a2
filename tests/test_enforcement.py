"""Which network plugin runs, as far as nobody said it, and which policies it makes count."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from lhmigrate.files.manifests import read
from lhmigrate.judging.assumptions import by_tunnel
from lhmigrate.judging.enforcement import settle
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.cni import CNIS, Dialect
from lhmigrate.model.policy import Direction
from lhmigrate.model.settings import PeerFacts, Settings

SPECS = {
    "networking.k8s.io/v1 NetworkPolicy": "podSelector: {}",
    "cilium.io/v2 CiliumNetworkPolicy": "endpointSelector: {}",
    "projectcalico.org/v3 NetworkPolicy": "selector: all()",
}
KUBERNETES, CILIUM, CALICO = SPECS


def policies(*kinds: str) -> str:
    return "".join(
        f"---\napiVersion: {kind.split()[0]}\nkind: {kind.split()[1]}\n"
        f"metadata: {{name: p, namespace: home}}\nspec: {{{SPECS[kind]}}}\n"
        for kind in kinds
    )


@pytest.mark.parametrize(
    ("said", "kinds", "plugin", "counting", "sentences"),
    [
        pytest.param("unknown", [KUBERNETES], "unknown", 1, 0, id="NetworkPolicies give nothing away"),
        pytest.param("unknown", [KUBERNETES, CILIUM], "cilium", 2, 1, id="Cilium's give Cilium away, and that is said"),
        pytest.param("unknown", [CALICO], "calico", 1, 1, id="Calico's give Calico away"),
        pytest.param("unknown", [CILIUM, CALICO], "unknown", 2, 0, id="both give nothing away"),
        pytest.param("calico", [KUBERNETES, CILIUM], "calico", 1, 0, id="what was said counts, and Cilium's do not"),
        pytest.param("antrea", [CILIUM, CALICO], "antrea", 0, 0, id="a plugin without a dialect of its own"),
        pytest.param("canal", [CALICO], "canal", 1, 0, id="Canal reads Calico's"),
        pytest.param("flannel", [CILIUM], "flannel", 1, 0, id="a plugin that enforces nothing sorts nothing out"),
    ],
)
def test_the_plugin_and_what_counts(said: str, kinds: list[str], plugin: str, counting: int, sentences: int) -> None:
    given = read(policies(*kinds), "p.yaml").policies
    settled = settle(Settings(cni=CNIS[said]), given)
    assert settled.settings.cni.name == plugin
    assert len(settled.policies) == counting
    assert len(settled.ignored) == len(given) - counting
    assert len(settled.assumptions) == sentences


LEAVES_INGRESS_OUT = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: home}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{}], ingress: [{from: [{podSelector: {}}]}]}
"""


@pytest.mark.parametrize(
    ("plugin", "doubted"),
    [
        pytest.param("calico", set(), id="policyTypes leaves ingress alone"),
        pytest.param("cilium", {Direction.INGRESS}, id="Cilium takes the rules for rules (k8s/network_policy.go)"),
        pytest.param("unknown", {Direction.INGRESS}, id="nobody knows whether it is Cilium"),
    ],
)
def test_rules_that_policy_types_leave_out_are_in_doubt_on_cilium(plugin: str, doubted: set[Direction]) -> None:
    settled = settle(Settings(cni=CNIS[plugin]), read(LEAVES_INGRESS_OUT, "p.yaml").policies)
    first, *others = settled.policies
    assert set(first.isolates) == {Direction.EGRESS}
    assert first.unread == ()
    assert {direction for one in others for direction in one.isolates} == doubted
    assert all("policyTypes" in one.unread[0].message for one in others)


def test_where_dialects_contradict_each_other_neither_counts_for_certain() -> None:
    settled = settle(Settings(), read(policies(KUBERNETES, CILIUM, CALICO), "p.yaml").policies)
    assert {one.dialect for one in settled.policies if one.unread} == {Dialect.CILIUM, Dialect.CALICO}
    assert all("pass --cni" in one.unread[0].message for one in settled.policies if one.unread)


ADMINISTRATORS = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: p}
spec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}
"""


@pytest.mark.parametrize(
    ("plugin", "certain"), [("unknown", False), ("calico", True), ("canal", True), ("antrea", True)]
)
def test_the_administrators_policies_count_for_certain_only_where_the_plugin_was_said(
    plugin: str, certain: bool
) -> None:
    """Else what they let through would count as let through, and most plugins know nothing of them."""
    [policy] = settle(Settings(cni=CNIS[plugin]), read(ADMINISTRATORS, "p.yaml").policies).policies
    assert (not policy.unread) is certain


NODES = PeerFacts(addresses=(IPv4Network("10.0.0.0/24"),))


@pytest.mark.parametrize(
    ("plugin", "peers", "named"),
    [
        pytest.param("canal", {"node": NODES}, ["node"], id="nodes by their own addresses alone"),
        pytest.param("calico", {"node": NODES, "kube-apiserver": NODES}, ["kube-apiserver and node"], id="both"),
        pytest.param("kube-router", {"node": NODES}, ["node"], id="K3s has Flannel beneath kube-router's policies"),
        pytest.param("cilium", {"node": NODES}, [], id="Cilium knows nodes by who they are"),
        pytest.param("flannel", {"node": NODES}, [], id="nothing is enforced"),
        pytest.param("canal", {"backup-store": NODES}, [], id="what is no node has no tunnel"),
        pytest.param("canal", {}, [], id="nobody said any address"),
    ],
)
def test_nodes_may_come_by_tunnels(plugin: str, peers: dict[str, PeerFacts], named: list[str]) -> None:
    told = list(by_tunnel(Settings(cni=CNIS[plugin], peers=peers), Catalogue([shipped_specs()]).glossary))
    assert [sentence.partition(" are taken")[0] for sentence in told] == [f"the addresses of {one}" for one in named]
