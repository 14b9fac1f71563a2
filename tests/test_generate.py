"""What `generate` promises: every flow passes, no rule is there in vain, and each says which flows it is for.

`make golden` rewrites `policies.yaml` in each folder of `generated/`, which also holds the configuration it is for.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from running import inside, program, shell, written

from lhmigrate.editing import generate
from lhmigrate.files import manifests
from lhmigrate.judging.inventory import Inventory
from lhmigrate.judging.state import World, judge_all
from lhmigrate.judging.verdict import Answer
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import EndpointKind, Usage
from lhmigrate.model.cni import CNIS, NATIVE, Dialect
from lhmigrate.model.labels import EVERYTHING, Match
from lhmigrate.model.peers import EVERYONE, Block, Pods
from lhmigrate.model.policy import Direction
from lhmigrate.model.ports import Ports
from lhmigrate.model.settings import PeerFacts, Settings
from lhmigrate.model.values import Values
from lhmigrate.reports.generate import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.judging.state import Judged
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.policy import Policy, Rule

GENERATED = Path(__file__).parent / "generated"
CATALOGUE = Catalogue([shipped_specs()])
GLOSSARY = CATALOGUE.glossary
RELEASES = [one for one in map(CATALOGUE.release, CATALOGUE.versions) if one.same_as is None]
"""All that differ."""

ALONE = Values({"networkPolicies": {"restrictInternalTraffic": False}})
"""Longhorn installs no policies of its own."""

SOME = frozenset(name for name, feature in GLOSSARY.features.items() if feature.usage is Usage.SOME)
FEW = frozenset(name for name, feature in GLOSSARY.features.items() if feature.usage is Usage.FEW)


def addresses(*networks: str, ports: str = "") -> PeerFacts:
    return PeerFacts(
        addresses=tuple(map(ip_network, networks)), ports=Ports.parse(ports) if ports else PeerFacts().ports
    )


SAID = {
    "kube-apiserver": addresses("10.0.0.0/28", ports="TCP/6443"),
    "kube-scheduler": addresses("10.0.1.0/28"),
    "node": addresses("10.0.2.0/24"),
    "prometheus": PeerFacts("monitoring", {"app.kubernetes.io/name": "prometheus"}),
    "ingress-controller": PeerFacts("ingress-nginx"),
    "iscsi-initiator": addresses("10.1.0.0/24"),
    "nvmf-initiator": addresses("10.1.1.0/24"),
    "debugger": PeerFacts("debugging", {"who": "me"}),
    "backup-store": addresses("192.0.2.10", ports="TCP/9000"),
    "image-server": addresses("192.0.2.20"),
    "upgrade-responder": addresses("192.0.2.30"),
}
"""Everybody who is not Longhorn, no two of them alike."""

CILIUM = Settings(cni=CNIS["cilium"], values=ALONE, peers=SAID)
CALICO = Settings(cni=CNIS["calico"], values=ALONE, peers=SAID)

INSTALLATIONS = {
    "everything is said": (CALICO, Dialect.KUBERNETES),
    "a plugin that lets a node reach its pods, and all that few use": (
        Settings(cni=CNIS["antrea"], values=ALONE, peers=SAID, using=FEW - {"longhornctl"}),
        Dialect.KUBERNETES,
    ),
    "a plugin that knows neither nodes nor pods by their addresses": (CILIUM, Dialect.KUBERNETES),
    "what some use is used by nobody": (
        Settings(cni=CNIS["kube-router"], values=ALONE, peers=SAID, without=SOME),
        Dialect.KUBERNETES,
    ),
    "in Cilium's own words": (CILIUM, Dialect.CILIUM),
    "in Cilium's own words, and all that few use": (replace(CILIUM, using=FEW - {"longhornctl"}), Dialect.CILIUM),
    "in Cilium's own words, and what some use is used by nobody": (replace(CILIUM, without=SOME), Dialect.CILIUM),
    "in Cilium's own words, and the image server may be anywhere": (
        replace(CILIUM, peers={name: one for name, one in SAID.items() if name != "image-server"}),
        Dialect.CILIUM,
    ),
    "in Calico's own words": (CALICO, Dialect.CALICO),
    "in Calico's own words, and all that few use": (replace(CALICO, using=FEW - {"longhornctl"}), Dialect.CALICO),
}


def generated(release: Release, installation: Settings, dialect: Dialect = Dialect.KUBERNETES) -> str:
    return stream(generate.make(release, GLOSSARY, installation, dialect), GLOSSARY, installation)


def policies(text: str) -> tuple[Policy, ...]:
    """The policies of a text, as a user's own are read."""
    found = manifests.read(text, "generated.yaml")
    assert found.unread == ()
    assert not [problem for policy in found.policies for problem in policy.unread]
    return found.policies


def judged(release: Release, installation: Settings, own: tuple[Policy, ...]) -> Judged:
    world = World(Inventory(policies=own), installation, GLOSSARY, [release])
    all_of_them = world.policies(release)
    cluster = world.cluster(all_of_them)
    legs = (leg for leg in cluster.legs(release) if cluster.usage(leg.flow) is not Usage.FEW)
    return judge_all(legs, all_of_them)


def failing(found: Judged, *answers: Answer) -> set[str]:
    """The flows that do not pass, or only those with these answers."""
    return {
        name for (name, _, _), (_, one) in found.items() if not one.passes and (not answers or one.answer in answers)
    }


def each_rule(own: tuple[Policy, ...]) -> Iterator[tuple[Rule, tuple[Rule, ...], tuple[Policy, ...]]]:
    """Every rule, the others of its policy and direction, and all policies without it."""
    for policy in own:
        for direction in Direction:
            for rule in policy.rules(direction):
                kept = tuple(one for one in policy.rules(direction) if one is not rule)
                less = replace(policy, ingress=kept) if direction is Direction.INGRESS else replace(policy, egress=kept)
                yield rule, kept, tuple(less if one is policy else one for one in own)


def in_doubt(rule: Rule, others: tuple[Rule, ...], installation: Settings) -> bool:
    """Whether what would be blocked without a rule may pass all the same.

    Another rule lets addresses through on the same ports, and those of this one's pods are not known; or it is the
    node's own traffic, which the plugin may let through by itself.
    """
    own_node = any(isinstance(peer, Block) and peer.network.is_link_local for peer in rule.peers)
    by_address = installation.cni.pods_by_address is not Match.NO or rule.peers == EVERYONE
    beside = {type(peer) for one in others if one.ports.meets(rule.ports) for peer in one.peers}
    return (own_node and installation.cni.own_node is Match.MAYBE) or (by_address and Block in beside)


_FLOW = re.compile(r" *# ([a-z0-9-]+)(?::| \()")


def said_of(rule: Rule, text: str) -> set[str]:
    """The flows that the comment above a rule names."""
    lines = text.splitlines()
    found = set()
    for line in reversed(lines[: rule.place.line - 1]):
        if not line.lstrip().startswith("#"):
            break
        if name := _FLOW.match(line):
            found.add(name[1])
    return found


each_release = pytest.mark.parametrize("release", RELEASES, ids=str)
each_installation = pytest.mark.parametrize(("installation", "dialect"), INSTALLATIONS.values(), ids=INSTALLATIONS)


@each_release
@each_installation
def test_every_flow_passes_and_without_a_rule_exactly_its_own_are_blocked(
    release: Release, installation: Settings, dialect: Dialect
) -> None:
    text = generated(release, installation, dialect)
    own = policies(text)
    whole = judged(release, installation, own)
    assert failing(whole) == set()
    for rule, others, rest in each_rule(own):
        without = judged(release, installation, rest)
        assert failing(without) == said_of(rule, text), rule.place
        blocked = failing(without, Answer.BLOCKED, Answer.PARTIAL)
        assert in_doubt(rule, others, installation) or blocked == said_of(rule, text)


networks = st.sampled_from(["10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/28", "10.0.0.1", "192.0.2.0/24", "0.0.0.0/0"])
ports = st.sampled_from(["", "TCP/443", "TCP/6443", "TCP/9000"])
pods = st.sampled_from([PeerFacts("monitoring", {"app": "one"}), PeerFacts("monitoring")])
peers = pods | st.builds(
    lambda found, on: addresses(*found, ports=on), st.lists(networks, min_size=1, max_size=2, unique=True), ports
)
SAYABLE = [name for name, one in GLOSSARY.endpoints.items() if one.kind is not EndpointKind.KUBELET]
PORTS_MATTER = {"kube-apiserver", "backup-store"}
some_features = st.frozensets(st.sampled_from(sorted(GLOSSARY.features)), max_size=3)


@st.composite
def any_installation(draw: st.DrawFn) -> Settings:
    """Whatever may be said: peers that overlap or are one another, any plugin, any features."""
    without = draw(some_features)
    said = draw(st.dictionaries(st.sampled_from(SAYABLE), peers, max_size=5))
    return Settings(
        cni=CNIS[draw(st.sampled_from(sorted(CNIS)))],
        peers={name: one if name in PORTS_MATTER else one._replace(ports=Ports()) for name, one in said.items()},
        using=draw(some_features) - without,
        without=without,
        values=draw(st.sampled_from([ALONE, Values()])),
    )


@given(
    version=st.sampled_from([str(one) for one in RELEASES]),
    installation=any_installation(),
    wanted=st.sampled_from([Dialect.KUBERNETES, Dialect.CILIUM, Dialect.CALICO]),
)
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate, Phase.target])
def test_whatever_is_said_only_what_was_left_out_does_not_pass(
    version: str, installation: Settings, wanted: Dialect
) -> None:
    release = CATALOGUE.find(version)
    if wanted is not Dialect.KUBERNETES:
        installation = replace(installation, cni=NATIVE[wanted])
    made = generate.make(release, GLOSSARY, installation, wanted)
    text = stream(made, GLOSSARY, installation)
    own = policies(text)
    left_out = {one.leg.flow.name for one in made.left_out}
    missing = failing(judged(release, installation, own))
    assert missing <= left_out
    if not made.shipped and installation.cni.enforces:
        for rule, _, rest in each_rule(own):
            # Of who was left out, a check may assume that a rule for somebody else means them.
            without = failing(judged(release, installation, rest))
            assert without - left_out == said_of(rule, text) - left_out, rule.place


def test_who_is_let_in_by_a_rule_for_everyone_is_not_left_out() -> None:
    installation = replace(NOTHING_SAID, using=FEW)
    made = generate.make(NEWEST, GLOSSARY, installation)
    text = generated(NEWEST, installation)
    own = policies(text)
    assert failing(judged(NEWEST, installation, own)) == {one.leg.flow.name for one in made.left_out}
    [rule] = [rule for rule, _, _ in each_rule(own) if "nvmf-initiator-to-instance-manager" in said_of(rule, text)]
    assert rule.peers == EVERYONE


NOTHING_SAID = Settings(cni=CNIS["calico"], values=ALONE)

NEWEST = RELEASES[-1]


def test_nobody_is_let_in_of_whom_nobody_said_who_it_is() -> None:
    nodes = {name: SAID[name] for name in ("node", "kube-apiserver")}
    made = generate.make(NEWEST, GLOSSARY, replace(NOTHING_SAID, using=FEW, peers=nodes))
    callers = {one.leg.source for one in made.left_out}
    assert callers == {
        "prometheus",
        "ingress-controller",
        "iscsi-initiator",
        "nvmf-initiator",
        "debugger",
        "kube-scheduler",
    } & {sender for flow in NEWEST.flows.values() for sender in flow.senders}
    assert all(one.direction is Direction.INGRESS for one in made.left_out)
    assert made.something_to_do


def open_to_everyone(made: generate.PolicySet) -> set[tuple[str, str]]:
    """For whom rules let everyone in, and where."""
    return {
        (one.leg.source, policy.component)
        for policy in made.policies
        for opening in policy.openings
        if not opening.allowance.peers and opening.allowance.direction is Direction.INGRESS
        for one in opening.wide
    }


def test_only_nodes_and_the_api_server_are_let_in_by_a_rule_for_everyone() -> None:
    assert open_to_everyone(generate.make(NEWEST, GLOSSARY, replace(NOTHING_SAID, using=FEW))) == {
        ("kube-apiserver", "longhorn-manager"),
        ("node", "instance-manager"),
        ("node", "share-manager"),
    }
    assert open_to_everyone(generate.make(NEWEST, GLOSSARY, replace(NOTHING_SAID, peers=SAID, using=FEW))) == set()


def test_what_the_plugin_hides_is_nothing_to_do() -> None:
    """On Cilium no ipBlock means a node: a rule for everyone is all there is."""
    installation = Settings(cni=CNIS["cilium"], values=ALONE, peers=SAID)
    made = generate.make(NEWEST, GLOSSARY, installation)
    assert ("node", "share-manager") in open_to_everyone(made)
    assert not made.something_to_do
    assert "on cilium, an ipBlock may not match node" in generated(NEWEST, installation)


def objects(text: str) -> dict[str, Any]:
    """The specs of a set by component."""
    return {one["metadata"]["name"].removeprefix("allow-"): one["spec"] for one in yaml.safe_load_all(text)}


def rules_for(spec: Any, direction: str, port: str) -> list[Any]:  # noqa: ANN401 - whatever YAML it is
    return [
        {key: value for key, value in rule.items() if key != "toPorts"}
        for rule in spec[direction]
        for item in rule.get("toPorts", ())
        for one in item["ports"]
        if one["port"] == port
    ]


def test_who_knows_cilium_names_nodes_and_the_api_server_by_what_they_are() -> None:
    """Documentation/security/policy/layer3.rst, "Entities based"; a node's own iSCSI: longhorn/longhorn#13802."""
    made = generate.make(NEWEST, GLOSSARY, replace(CILIUM, peers={}), Dialect.CILIUM)
    specs = objects(stream(made, GLOSSARY, CILIUM))
    nodes = {"fromEntities": ["host", "remote-node"]}
    assert rules_for(specs["share-manager"], "ingress", "2049") == [nodes]
    assert nodes in rules_for(specs["instance-manager"], "ingress", "20001")
    assert rules_for(specs["instance-manager"], "ingress", "3260") == [{"fromCIDR": ["169.254.0.0/16"]}]
    assert {"fromEntities": ["kube-apiserver"]} in rules_for(specs["longhorn-manager"], "ingress", "9502")
    assert {"toEntities": ["kube-apiserver"]} in rules_for(specs["longhorn-manager"], "egress", "6443")
    assert {one.leg.source for one in made.left_out} == {"prometheus", "ingress-controller"}


def test_a_scraper_gets_its_one_request_and_no_more_of_the_api() -> None:
    manager = objects(generated(NEWEST, CILIUM, Dialect.CILIUM))["longhorn-manager"]
    looking = [item for rule in manager["ingress"] for item in rule.get("toPorts", ()) if "rules" in item]
    assert looking == [
        {
            "ports": [{"port": "9500", "protocol": "TCP"}],
            "rules": {"http": [{"method": "GET", "path": "/metrics"}]},
        }
    ]


def test_who_gets_the_whole_port_anyway_gets_no_rule_for_one_request() -> None:
    scraper = PeerFacts("longhorn-system", {"app": "longhorn-ui"})
    text = generated(NEWEST, replace(CILIUM, peers={**SAID, "prometheus": scraper}), Dialect.CILIUM)
    assert "http:" not in text
    assert re.search(r"# ui-to-manager: .*\n(  #   .*\n)*  # prometheus-to-manager", text)


def test_names_are_looked_up_without_the_proxy_of_cilium() -> None:
    """It is there to learn the addresses behind toFQDNs, and nothing here is let out by name (layer3.rst, "DNS based").

    Look-ups that go through it fail while the agent is away.
    """
    specs = objects(generated(NEWEST, CILIUM, Dialect.CILIUM))
    [rule] = [rule for rule in specs["longhorn-manager"]["egress"] if "53" in str(rule)]
    assert rule == {
        "toEndpoints": [
            {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}},
        ],
        "toPorts": [{"ports": [{"port": "53", "protocol": "TCP"}, {"port": "53", "protocol": "UDP"}]}],
    }


def test_what_may_be_anywhere_is_outside_of_the_cluster_in_ciliums_words() -> None:
    peers = {name: one for name, one in SAID.items() if name != "image-server"}
    text = generated(NEWEST, replace(CILIUM, peers=peers), Dialect.CILIUM)
    source = objects(text)["backing-image-data-source"]
    assert rules_for(source, "egress", "443") == [{"toEntities": ["world"]}]
    assert "For whatever is outside of the cluster: the image server may be anywhere." in text


def without_each(documents: list[Any]) -> Iterator[tuple[Any, str, int]]:
    """Every policy without one of its rules, and which that was."""
    for document in documents:
        for direction in ("ingress", "egress"):
            for index, rule in enumerate(document["spec"][direction]):
                if rule:
                    less = copy.deepcopy(document)
                    del less["spec"][direction][index]
                    yield less, direction, index


@pytest.mark.parametrize("dialect", [Dialect.KUBERNETES, Dialect.CILIUM])
def test_a_rule_taken_out_of_the_text_never_opens_what_it_was_for(dialect: Dialect) -> None:
    """A list of Cilium's that loses its last rule isolates no more: an item that names nobody is there for that."""
    for less, direction, _ in without_each(list(yaml.safe_load_all(generated(NEWEST, CILIUM, dialect)))):
        [policy] = policies(yaml.safe_dump(less))
        assert Direction(direction) in policy.isolates, less


def test_pods_that_no_label_tells_apart_are_let_in_with_their_whole_namespace() -> None:
    job = replace(NEWEST.components["recurring-job"], labels={}, varies=frozenset())
    release = replace(NEWEST, components={**NEWEST.components, "recurring-job": job})
    installation = replace(NOTHING_SAID, peers=SAID)
    text = generated(release, installation)
    own = policies(text)
    assert "allow-recurring-job" not in [policy.name for policy in own]
    assert failing(judged(release, installation, own)) == set()
    everybody = Pods(EVERYTHING)
    [rule] = [one for policy in own for one in policy.ingress if everybody in one.peers]
    assert "recurring-job-to-manager" in said_of(rule, text)
    assert "For every pod of the namespace: no label tells the pods of recurring-job" in text


def test_flows_that_leave_the_cluster_network_need_no_rule() -> None:
    values = Values({**ALONE.given, "defaultSettings": {"storageNetwork": "storage/network"}})
    text = generated(NEWEST, Settings(cni=CNIS["calico"], values=values, peers=SAID))
    [said] = re.findall(r"# Outside of the cluster network.*?\n#\n", text, re.DOTALL)
    assert "instance-manager-to-instance-manager-data" in said
    assert text.count("instance-manager-to-instance-manager-data") == 1


def test_no_policy_has_the_name_of_one_that_any_release_ships() -> None:
    shipped = {policy.name for release in RELEASES for policy in release.policies}
    for release in RELEASES:
        names = [policy.name for policy in generate.make(release, GLOSSARY, Settings()).policies]
        assert not shipped & set(names)
        assert len(names) == len(set(names))


SHIPPED = {
    "by the chart": (Settings(), "networkPolicies.restrictInternalTraffic to false"),
    "by the manifest": (Settings(install="manifest"), "delete those"),
}


@pytest.mark.parametrize(("installation", "says"), SHIPPED.values(), ids=SHIPPED)
def test_the_policies_that_longhorn_installs_are_told(installation: Settings, says: str) -> None:
    text = " ".join(generated(NEWEST, installation).split("\n# "))
    assert f"Longhorn {NEWEST} installs policies of its own beside these: backing-image-data-source" in text
    assert says in text
    assert "of its own" not in generated(NEWEST, NOTHING_SAID)


@each_release
def test_the_stream_is_yaml_that_cilium_takes(release: Release) -> None:
    installation = replace(CILIUM, namespace="storage", peers={})
    text = generated(release, installation, Dialect.CILIUM)
    for document in yaml.safe_load_all(text):
        assert (document["apiVersion"], document["kind"]) == ("cilium.io/v2", "CiliumNetworkPolicy")
        assert document["metadata"].keys() == {"name", "namespace"}
        assert document["spec"].keys() == {"endpointSelector", "ingress", "egress"}
        assert document["spec"]["endpointSelector"]
        for direction in ("ingress", "egress"):
            closed, *rules = document["spec"][direction]
            assert closed == {}
            for rule in rules:
                peers = rule.keys() - {"toPorts"}
                assert len(peers) <= 1, "Cilium refuses two kinds of peers in one rule"
                [item] = rule["toPorts"]
                assert len(item["ports"]) <= 40
                assert all(isinstance(one["port"], str) and one["port"] != "0" for one in item["ports"])
    assert max(map(len, text.splitlines())) <= 100


@each_release
def test_the_stream_is_yaml_that_calico_takes(release: Release) -> None:
    """Both directions are closed by `types`, and a rule that lists ports says their protocol."""
    installation = replace(CALICO, namespace="storage", peers={})
    text = generated(release, installation, Dialect.CALICO)
    for document in yaml.safe_load_all(text):
        assert (document["apiVersion"], document["kind"]) == ("projectcalico.org/v3", "NetworkPolicy")
        assert document["metadata"].keys() == {"name", "namespace"}
        assert document["spec"].keys() == {"selector", "types", "ingress", "egress"}
        assert document["spec"]["types"] == ["Ingress", "Egress"]
        for rule in (*document["spec"]["ingress"], *document["spec"]["egress"]):
            to = rule.get("destination", {})
            assert rule["action"] == "Allow"
            assert "services" in to or (rule["protocol"] in {"TCP", "UDP"} and to["ports"])
    assert max(map(len, text.splitlines())) <= 100


@each_release
def test_the_stream_is_yaml_that_others_read_as_we_meant_it(release: Release) -> None:
    installation = Settings(namespace="storage")
    text = generated(release, installation)
    assert text == generated(release, installation)
    documents = list(yaml.safe_load_all(text))
    assert [one["metadata"] for one in documents] == [
        {"name": policy.name, "namespace": "storage"}
        for policy in generate.make(release, GLOSSARY, installation).policies
    ]
    for document in documents:
        assert document["kind"] == "NetworkPolicy"
        assert document["spec"]["podSelector"]
        assert document["spec"]["policyTypes"] == ["Ingress", "Egress"]
        for rule in (*document["spec"]["ingress"], *document["spec"]["egress"]):
            assert rule["ports"]
            assert rule.keys() <= {"from", "to", "ports"}
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("folder", sorted(GENERATED.iterdir()), ids=lambda folder: folder.name)
def test_a_set_reads_as_it_was_approved(folder: Path, monkeypatch: pytest.MonkeyPatch, update: bool) -> None:
    monkeypatch.chdir(folder)
    kind, version = folder.name.rsplit("-", 1)
    dialect = ["--dialect", kind] if kind in {"cilium", "calico"} else []
    made = inside("generate", "--release", version, *dialect)
    golden = folder / "policies.yaml"
    if update:
        golden.write_text(made.out, encoding="utf-8")
    assert made.out == golden.read_text(encoding="utf-8"), "run `make golden`, and read what changed"
    assert made.code == 0
    checked = inside("check", "--release", version, "-", "--format", "json", given=made.out.encode())
    assert checked.code == 0
    assert {flow["verdict"] for flow in checked.report["flows"]} == {"allowed"}
    assert checked.report["summary"] | {"notes": 0} == {"errors": 0, "warnings": 0, "notes": 0}


ENDS = {
    "all is said": ("--release 1.12.1", 0),
    "somebody was left out": ("--release 1.12.1 --config empty.yaml", 1),
    "somebody was left out, and nobody minds": ("--release 1.12.1 --config empty.yaml --exit-zero", 0),
    "no such release": ("--release 99.1", 2),
    "no such feature": ("--release 1.12.1 --with flying", 2),
    "no release": ("", 2),
    "Cilium's kind, for whoever runs it": ("--release 1.12.1 --cni cilium --dialect cilium", 0),
    "Cilium's kind, for whoever runs Calico": ("--release 1.12.1 --dialect cilium", 2),
    "Calico's kind, for whoever runs it": ("--release 1.12.1 --dialect calico", 0),
    "Calico's kind, for whoever runs Cilium": ("--release 1.12.1 --cni cilium --dialect calico", 2),
    "a kind that nobody writes": ("--release 1.12.1 --dialect flying", 2),
}


@pytest.mark.parametrize(("options", "code"), ENDS.values(), ids=ENDS)
def test_how_a_run_ends(options: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = GENERATED / "whole-1.12.1"
    written(tmp_path, {file: (folder / file).read_bytes() for file in (".lhmigrate.yaml", "longhorn-values.yaml")})
    written(tmp_path, {"empty.yaml": ""})
    monkeypatch.chdir(tmp_path)
    run = program("generate", *options.split())
    assert run.code == code
    assert bool(run.out) == (code != 2)
    assert ("Left out" in run.err) == ("empty" in options)


KINDS = {
    "what people on Calico write": ("--cni calico", "NetworkPolicy"),
    "what people on Cilium write": ("--cni cilium", "CiliumNetworkPolicy"),
    "a NetworkPolicy, which Cilium reads too": ("--cni cilium --dialect kubernetes", "NetworkPolicy"),
    "who wants Cilium's kind runs Cilium": ("--dialect cilium", "CiliumNetworkPolicy"),
    "nobody said anything": ("", "NetworkPolicy"),
}


@pytest.mark.parametrize(("options", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_of_policies_is_what_the_plugin_reads(
    options: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = inside("generate", "--release", "1.12.1", "--exit-zero", *options.split())
    assert made.code == 0
    assert {one["kind"] for one in yaml.safe_load_all(made.out)} == {kind}
    assert made.out.startswith("# CiliumNetworkPolicies" if kind.startswith("C") else "# NetworkPolicies")


def test_what_is_generated_can_be_piped_into_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without = "--without metrics --without web-ui"
    run = shell(f"lhmigrate generate --release 1.7 {without} 2>/dev/null | lhmigrate check --release 1.7 {without} -")
    assert run.code == 0
    assert "every flow" in run.out or "flows pass" in run.out
