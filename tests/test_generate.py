"""What `generate` promises: every flow passes, no rule is there in vain, and each says which flows it is for.

`make golden` rewrites `policies.yaml` in each folder of `generated/`, which also holds the configuration it is for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from running import inside, program, shell, written

from lhmigrate import generate, manifests
from lhmigrate.catalogue import Catalogue, shipped_specs
from lhmigrate.cni import CNIS, Dialect
from lhmigrate.inventory import Inventory
from lhmigrate.labels import EVERYTHING, Match
from lhmigrate.peers import EVERYONE, Block, Pods
from lhmigrate.policy import Direction
from lhmigrate.ports import Ports
from lhmigrate.release import EndpointKind, Usage
from lhmigrate.reports.generate import stream
from lhmigrate.settings import PeerFacts, Settings
from lhmigrate.state import World, judge_all
from lhmigrate.values import Values
from lhmigrate.verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.policy import Policy, Rule
    from lhmigrate.release import Release
    from lhmigrate.state import Judged

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

INSTALLATIONS = {
    "everything is said": (Settings(cni=CNIS["calico"], values=ALONE, peers=SAID), Dialect.KUBERNETES),
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
    by_address = installation.cni.pods_by_address is not Match.NO or EVERYONE == rule.peers
    return (own_node and installation.cni.own_node is Match.MAYBE) or (
        by_address and any(isinstance(peer, Block) for one in others if one.ports.meets(rule.ports) for peer in one.peers)
    )


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


@given(version=st.sampled_from([str(one) for one in RELEASES]), installation=any_installation())
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate, Phase.target])
def test_whatever_is_said_only_what_was_left_out_does_not_pass(version: str, installation: Settings) -> None:
    release = CATALOGUE.find(version)
    made = generate.make(release, GLOSSARY, installation)
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
    _, version = folder.name.rsplit("-", 1)
    made = inside("generate", "--release", version)
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


def test_what_is_generated_can_be_piped_into_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without = "--without metrics --without web-ui"
    run = shell(f"lhmigrate generate --release 1.7 {without} 2>/dev/null | lhmigrate check --release 1.7 {without} -")
    assert run.code == 0
    assert "every flow" in run.out or "flows pass" in run.out
