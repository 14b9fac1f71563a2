"""Edits of Calico's policies: each as somebody would make it who knows Calico, where it has its say, and no wider."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from near_longhorn import network
from patched import HOPS, after, before, installation, texts
from test_calico_selector import OBJECTS, TREES
from test_calico_selector import written as as_written

from lhmigrate.dialects import calico_write
from lhmigrate.dialects.calico_selector import parse
from lhmigrate.dialects.located import Located, Unwritable
from lhmigrate.editing import advice
from lhmigrate.editing.edits import AddPeers, Allowance, TakePeers, TakePorts, takes_peers, takes_ports
from lhmigrate.files.manifests import read
from lhmigrate.files.yamltext import parse as parse_yaml
from lhmigrate.files.yamltext import pieces
from lhmigrate.model.cni import CNIS
from lhmigrate.model.endpoints import Entity
from lhmigrate.model.labels import NAME_LABEL, Labels, Operator, Requirement, Selector
from lhmigrate.model.peers import EVERYONE, Block, Part, Pods, Unclear
from lhmigrate.model.policy import Direction
from lhmigrate.model.ports import EVERY_PORT, Ports
from lhmigrate.model.settings import PeerFacts, Settings
from lhmigrate.reports.snippets import snippet
from lhmigrate.yamledit import Append, Remove

if TYPE_CHECKING:
    from lhmigrate.editing.patch import Step
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Policy, Rule

CALICO = Settings(cni=CNIS["calico"], without=frozenset({"v2-data-engine"}))
SAID = replace(CALICO, peers={"kube-apiserver": PeerFacts(addresses=(network("10.20.0.11/32"),))})
INSTANCES = "longhorn.io/component == 'instance-manager'"
MANAGERS = "app == 'longhorn-manager'"


def policy(name: str, selector: str, rules: str, more: str = "", api: str = "projectcalico.org/v3") -> str:
    return f"""\
apiVersion: {api}
kind: NetworkPolicy
metadata: {{name: {name}, namespace: longhorn-system}}
spec:
{more}  selector: {selector}
  types: [Ingress]
  ingress:
{rules}"""


def hop(old: str, new: str) -> Any:  # noqa: ANN401 - a hop
    return next(one for one in HOPS if str(one.old).startswith(old) and str(one.new).startswith(new))


TO_15 = hop("1.4", "1.5")


def rules(text: str, number: int = 0) -> list[Any]:
    """The ingress rules of one document."""
    found = list(yaml.safe_load_all(text))[number]["spec"]["ingress"]
    assert isinstance(found, list)
    return found


def told(step: Step) -> str:
    return "\n".join(advice.told(one.edit) for one in step.made)


# ---------------------------------------------------------------------------------------------------
# Where in the order.

KNOWN = """\
    - action: Allow
      protocol: TCP
      source: {selector: app == 'longhorn-manager'}
      destination: {ports: [8500, 8501]}
"""
DENY = "    - action: Deny\n"
DENY_TCP = "    - {action: Deny, protocol: TCP}\n"


def test_a_rule_behind_what_denies_takes_no_port_and_one_is_put_in_front() -> None:
    first = "    - {action: Deny, protocol: TCP, destination: {ports: ['8502:9000']}}\n"
    _, end = before(installation({"a.yaml": policy("calls", INSTANCES, first + KNOWN)}, CALICO), TO_15)
    new, denying, known = rules(texts(end)["a.yaml"])
    assert new["source"] == {"selector": MANAGERS}
    assert set(new["destination"]["ports"]) == {8502, 8503}
    assert denying["action"] == "Deny"
    assert known["destination"]["ports"] == [8500, 8501]


def test_a_deny_of_something_else_is_no_reason_to_go_in_front_of_it() -> None:
    other = "    - {action: Deny, protocol: UDP}\n"
    others = KNOWN.replace("[8500, 8501]", "['8500:8501']").replace("app == 'longhorn-manager'", "all()")
    _, end = before(installation({"a.yaml": policy("calls", INSTANCES, others + other)}, CALICO), TO_15)
    assert [one["action"] for one in rules(texts(end)["a.yaml"])] == ["Allow", "Deny", "Allow"]


def test_a_log_at_the_end_hears_nothing_of_what_is_let_in() -> None:
    others = KNOWN.replace("app == 'longhorn-manager'", "all()")
    _, end = before(installation({"a.yaml": policy("calls", INSTANCES, others + "    - action: Log\n")}, CALICO), TO_15)
    assert [one["action"] for one in rules(texts(end)["a.yaml"])] == ["Allow", "Allow", "Log"]


@pytest.mark.parametrize(
    ("order", "changed"),
    [("  order: 100\n", "early.yaml"), ("  order: 900\n", "late.yaml"), ("", "late.yaml")],
    ids=["asked before what denies", "asked after it", "asked last of all"],
)
def test_the_policy_that_takes_the_rule_is_one_that_is_asked_in_time(order: str, changed: str) -> None:
    files = {
        "early.yaml": policy("calls", INSTANCES, KNOWN, order),
        "late.yaml": policy("denies", INSTANCES, KNOWN + DENY_TCP, "  order: 500\n"),
    }
    _, end = before(installation(files, CALICO), TO_15)
    assert {file for file, text in texts(end).items() if text != files[file]} == {changed}


def test_a_networkpolicy_comes_too_late_for_what_calico_denies_first() -> None:
    plain = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: calls, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: instance-manager}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: longhorn-manager}}}]
      ports: [{port: 8500}, {port: 8501}]
"""
    deny = policy("denies", INSTANCES, KNOWN + DENY_TCP, "  order: 500\n")
    _, end = before(installation({"calico.yaml": deny, "plain.yaml": plain}, CALICO), TO_15)
    assert texts(end)["plain.yaml"] == plain
    assert rules(texts(end)["calico.yaml"])[0]["destination"]["ports"] == [8500, 8501, 8502, 8503]
    late = policy("denies", "all()", KNOWN + DENY_TCP, "  order: 2000\n")
    _, end = before(installation({"calico.yaml": late, "plain.yaml": plain}, CALICO), hop("1.4", "1.5"))
    assert texts(end)["calico.yaml"] == late
    assert "8503" in texts(end)["plain.yaml"]


def test_what_nobody_could_name_is_told_with_its_place_in_the_order() -> None:
    step, _ = before(installation({"a.yaml": policy("api", MANAGERS, KNOWN + DENY)}, CALICO), TO_15)
    [one] = [one for one in step.undone if any(need.leg.source == "kube-apiserver" for need in one.needs)]
    assert one.reason.endswith(", and put a rule for it in front of what denies it in NetworkPolicy api")
    assert "ADDRESS/32" in snippet(one)


# ---------------------------------------------------------------------------------------------------
# Which policies and rules are left alone.


def test_a_policy_that_means_pods_in_two_ways_is_left_alone() -> None:
    # One object, and two policies to us: what is put into it is for both kinds of pods.
    text = f"""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {{name: both}}
spec:
  selector: {INSTANCES} && projectcalico.org/namespace == 'longhorn-system' || projectcalico.org/namespace == 'other'
  types: [Ingress]
  ingress:
{KNOWN}"""
    _, end = before(installation({"a.yaml": text}, CALICO), TO_15)
    assert texts(end).keys() == {"a.yaml", "allow-instance-manager.yaml"}
    assert texts(end)["a.yaml"] == text


RULES = {
    "http": "    - {action: Allow, protocol: TCP, http: {methods: [GET]}, "
    "source: {selector: app == 'longhorn-manager'}, destination: {ports: [8500]}}\n",
    "a destination": "    - {action: Allow, protocol: TCP, source: {selector: app == 'longhorn-manager'}, "
    "destination: {selector: app == 'x', ports: [8500]}}\n",
    "excepted ports": "    - {action: Allow, protocol: TCP, source: {selector: app == 'longhorn-manager'}, "
    "destination: {ports: ['8000:9000'], notPorts: [8502, 8503]}}\n",
    "a service account": "    - {action: Allow, protocol: TCP, source: {serviceAccounts: {names: [x]}}, "
    "destination: {ports: [8500]}}\n",
    "a port that is sent from": "    - {action: Allow, protocol: TCP, source: {selector: app == 'longhorn-manager', "
    "ports: [1024]}, destination: {ports: [8500]}}\n",
    "another protocol": "    - {action: Allow, protocol: UDP, source: {selector: app == 'longhorn-manager'}, "
    "destination: {ports: [8500]}}\n",
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_an_unusual_rule_takes_no_port_and_stays_as_it_is(rule: str) -> None:
    step, end = before(installation({"a.yaml": policy("calls", INSTANCES, rule)}, CALICO), TO_15)
    known, *new = rules(texts(end)["a.yaml"])
    assert [known] == yaml.safe_load(rule)
    assert any(one["source"] == {"selector": MANAGERS} for one in new), told(step)


def test_rules_by_name_take_ports_of_their_protocol() -> None:
    text = policy("calls", INSTANCES, KNOWN.replace("[8500, 8501]", "[process, 8501]"))
    _, end = before(installation({"a.yaml": text}, CALICO), TO_15)
    assert rules(texts(end)["a.yaml"])[0]["destination"]["ports"] == ["process", 8501, 8502, 8503]


# ---------------------------------------------------------------------------------------------------
# New policies.

NOBODY = """\
apiVersion: {api}
kind: NetworkPolicy
metadata: {{name: {name}, namespace: longhorn-system}}
spec:
{more}  types: [Ingress]
"""
TIER = """\
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: storage}
spec: {order: 10}
"""


@pytest.mark.parametrize("name", ["default-deny", "default.default-deny"])
def test_a_new_policy_is_in_the_api_of_its_neighbour_and_named_like_it(name: str) -> None:
    api = "crd.projectcalico.org/v1"
    files = {"deny.yaml": NOBODY.format(api=api, name=name, more="")}
    _, end = before(installation(files, SAID), TO_15)
    new = [yaml.safe_load(text) for file, text in texts(end).items() if file not in files]
    assert {one["apiVersion"] for one in new} == {api}
    prefix = name.removesuffix("default-deny")
    assert {one["metadata"]["name"] for one in new} == {
        f"{prefix}allow-instance-manager",
        f"{prefix}allow-longhorn-manager",
    }
    assert {one["spec"]["types"][0] for one in new} == {"Ingress"}


def test_a_new_policy_is_in_the_tier_that_stops_it_at_the_order_of_its_neighbour() -> None:
    plain = NOBODY.format(api="projectcalico.org/v3", name="plain", more="")
    in_tier = NOBODY.format(api="projectcalico.org/v3", name="storage.deny", more="  tier: storage\n  order: 7\n")
    more = "  ingress: [{action: Allow, protocol: UDP}]\n"
    files = {"a.yaml": plain, "b.yaml": in_tier + more + TIER}
    _, end = before(installation(files, SAID), TO_15)
    new = [yaml.safe_load(text) for file, text in texts(end).items() if file not in files]
    assert {(one["metadata"]["name"], one["spec"]["tier"], one["spec"]["order"]) for one in new} == {
        ("storage.allow-instance-manager", "storage", 7),
        ("storage.allow-longhorn-manager", "storage", 7),
    }


def test_a_tier_that_isolates_nobody_before_gets_no_policy_of_its_own() -> None:
    # What cuts is the default tier's; a policy in another one would cut all else there.
    files = {
        "a.yaml": NOBODY.format(api="projectcalico.org/v3", name="deny", more=""),
        "b.yaml": policy("storage.api", "app == 'else'", DENY, "  tier: storage\n") + TIER,
    }
    _, end = before(installation(files, SAID), TO_15)
    new = [yaml.safe_load(text) for file, text in texts(end).items() if file not in files]
    assert new
    assert not [one for one in new if "tier" in one["spec"]]


# ---------------------------------------------------------------------------------------------------
# What is closed.

WEBHOOKS = """\
    - action: Allow
      protocol: TCP
      destination:
        ports: [9501, "9502"] # the webhooks
    - action: Allow
      source: {selector: all()}
    - action: Deny
"""


def test_a_port_that_nobody_needs_any_more_goes_out_of_its_list() -> None:
    start = installation({"a.yaml": policy("api", MANAGERS, WEBHOOKS)}, CALICO)
    _, end = after(start, hop("1.9", "1.10"))
    found = texts(end)["a.yaml"]
    assert found == texts(start)["a.yaml"].replace("[9501, ", "[")
    step, same = after(end, hop("1.9", "1.10"))
    assert not step.made
    assert texts(same) == texts(end)


def test_a_port_within_a_range_is_told_and_left() -> None:
    ranged = WEBHOOKS.replace('[9501, "9502"]', '["9501:9502"]')
    start = installation({"a.yaml": policy("api", MANAGERS, ranged)}, CALICO)
    step, end = after(start, hop("1.9", "1.10"))
    assert texts(end) == texts(start)
    assert [one.reason for one in step.undone] == ["names these ports together with others; take them out by hand"]


# ---------------------------------------------------------------------------------------------------
# The writer by itself.

SIX = IPv6Network("fd00::/8")
PEERS = [
    Pods(Selector((Requirement("app", Operator.IN, frozenset({"x"})),))),
    Pods(Selector((Requirement("app", Operator.IN, frozenset({"y", "z"})),))),
    Pods(Selector((Requirement("b", Operator.EXISTS),))),
    Pods(
        Selector((Requirement("app", Operator.IN, frozenset({"x"})),)),
        Selector((Requirement(NAME_LABEL, Operator.IN, frozenset({"m"})),)),
    ),
    Pods(Selector(), Selector((Requirement(NAME_LABEL, Operator.IN, frozenset({"m"})),))),
    Block(network("10.0.0.0/8")),
    Block(network("10.0.0.0/8"), (network("10.1.0.0/16"),)),
    Block(SIX),
]
PORTS = st.builds(
    Ports.of,
    st.lists(
        st.tuples(st.sampled_from(["TCP", "UDP", "SCTP"]), st.integers(1, 40), st.integers(0, 30)).map(
            lambda one: (one[0], one[1], one[1] + one[2])
        ),
        min_size=1,
        max_size=4,
    ),
)
ALLOWANCES = st.builds(
    Allowance,
    st.sampled_from(Direction),
    st.lists(st.sampled_from(PEERS), unique=True, max_size=4).map(tuple),
    PORTS | st.just(EVERY_PORT),
)


def read_policy(direction: Direction, written: list[Any]) -> Policy:
    document = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "longhorn-system"},
        "spec": {"types": ["Ingress", "Egress"], direction.value: written},
    }
    objects = read(json.dumps(document), "p.yaml")
    assert not objects.unread
    [found] = objects.policies
    return found


def means(rules: tuple[Rule, ...], labels: Labels, namespace: str) -> Ports:
    """The ports that pods with these labels may use, asked of their selectors alone."""
    found = Ports()
    for rule in rules:
        for peer in rule.peers:
            if isinstance(peer, Pods) and peer.pods.matches(labels) and _is_there(peer, namespace):
                found |= rule.ports
    return found


def _is_there(peer: Peer, namespace: str) -> bool:
    if not isinstance(peer, Pods):
        return False
    if peer.namespaces is None:
        return namespace == "longhorn-system"
    return bool(peer.namespaces.matches(Labels({NAME_LABEL: namespace})))


@given(ALLOWANCES)
def test_what_is_written_reads_as_what_was_meant(allows: Allowance) -> None:
    found = read_policy(allows.direction, calico_write.rules(allows)).rules(allows.direction)
    assert {rule.direction for rule in found} == {allows.direction}
    blocks = {peer for peer in allows.peers if isinstance(peer, Block)}
    assert {peer for rule in found for peer in rule.peers if isinstance(peer, Block)} == blocks
    for block in blocks:
        assert Ports.of(part for rule in found if block in rule.peers for part in rule.ports.ranges) == allows.ports
    for labels in ({}, {"app": "x"}, {"app": "y"}, {"app": "w"}, {"b": ""}, {"app": "z", "b": "1"}):
        for namespace in ("longhorn-system", "m", "n"):
            meant = [one for one in allows.peers if isinstance(one, Pods) and one.pods.matches(Labels(labels))]
            expected = allows.ports if any(_is_there(one, namespace) for one in meant) else Ports()
            assert means(found, Labels(labels), namespace) == expected
    if not allows.peers:
        assert {rule.peers for rule in found} == {EVERYONE}
        assert Ports.of(part for rule in found for part in rule.ports.ranges) == allows.ports


@given(st.data(), TREES, TREES, st.sampled_from(OBJECTS))
def test_a_selector_written_and_read_means_the_same(data: st.DataObject, tree: Any, other: Any, labels: Any) -> None:  # noqa: ANN401
    text = data.draw(as_written(tree))
    one, two = parse(text), parse(data.draw(as_written(other)))
    known = Labels(labels)
    assert parse(calico_write.expression(one)).matches(known) is one.matches(known)
    assert parse(calico_write._either(text, two)).matches(known) is max(one.matches(known), two.matches(known))


def test_the_api_server_is_its_service_for_what_leaves_and_addresses_for_what_comes() -> None:
    allows = Allowance(Direction.EGRESS, (Part(Entity.KUBE_APISERVER),), Ports.parse("TCP/443"))
    assert calico_write.rules(allows) == [
        {"action": "Allow", "destination": {"services": {"name": "kubernetes", "namespace": "default"}}}
    ]
    with pytest.raises(ValueError, match="no rule of Calico's means"):
        calico_write.rules(Allowance(Direction.INGRESS, allows.peers, allows.ports))


NETS = """\
    - action: Allow
      protocol: TCP
      source:
        nets: [10.0.0.0/8]
      destination: {ports: [2049]}
"""


def located(text: str) -> tuple[Located, Policy]:
    [root] = [root for piece in pieces(text, "a.yaml") for root in parse_yaml(piece)]
    [found] = read(text, "a.yaml").policies
    return Located(root, (), yaml.safe_load(text)), found


def test_a_network_goes_to_its_sisters_and_one_of_another_family_does_not() -> None:
    found, known = located(policy("mounts", INSTANCES, NETS))
    [rule] = known.ingress
    more, other, holed = Block(network("192.168.0.0/16")), Block(SIX), Block(SIX, (IPv6Network("fd00::/64"),))
    assert calico_write.ops(AddPeers(known, rule, (more,)), found) == [
        Append(("spec", "ingress", 0, "source", "nets"), ("192.168.0.0/16",))
    ]
    named: Peer = Pods(Selector((Requirement("app", Operator.IN, frozenset({"x"})),)))
    assert takes_peers(known, rule, (more,))
    assert not takes_peers(known, rule, (other,))
    assert not takes_peers(known, rule, (holed,))
    assert not takes_peers(known, rule, (named,))
    assert takes_ports(known, rule, Ports.parse("TCP/1"))
    assert not takes_ports(known, rule, Ports.parse("UDP/1"))


@pytest.mark.parametrize(
    ("selector", "more", "after"),
    [
        ("app == 'a'", ["b"], "app == 'a' || app == 'b'"),
        ('app in {"a"}', ["b"], "app in {\"a\", 'b'}"),
        ("app in {}", ["b"], "app in {} || app == 'b'"),
        ("app in {'a', 'b'}", ["c", "d"], "app in {'a', 'b', 'c', 'd'}"),
        ("app in { 'a' } ", ["b"], "app in { 'a', 'b' } "),
        ("app in {'a', }", ["b"], "app in {'a', } || app == 'b'"),
        ("app == 'a' && has(x)", ["b"], "app == 'a' && has(x) || app == 'b'"),
        ("has(x)", ["b"], "has(x) || app == 'b'"),
    ],
)
def test_a_selector_with_one_more(selector: str, more: list[str], after: str) -> None:
    for value in more:
        selector = calico_write._either(selector, parse(f"app == '{value}'"))
    assert selector == after


def test_peers_of_one_selector_are_told_and_left() -> None:
    found, known = located(policy("calls", INSTANCES, KNOWN))
    [rule] = known.ingress
    with pytest.raises(Unwritable, match="names its peers by one selector"):
        calico_write.ops(TakePeers(known, rule, rule.peers), found)


def test_a_number_in_quotes_is_a_number_and_a_name_is_none() -> None:
    found, known = located(policy("calls", INSTANCES, KNOWN.replace("[8500, 8501]", "['8500', http, '8501:8502']")))
    [rule] = known.ingress
    [op] = calico_write.ops(TakePorts(known, rule, Ports.parse("TCP/8500")), found)
    assert op == Remove(("spec", "ingress", 0, "destination", "ports", 0))


def test_who_is_unclear_is_nobody_whom_a_rule_can_name() -> None:
    with pytest.raises(ValueError, match="no rule of Calico's means"):
        calico_write.rules(Allowance(Direction.INGRESS, (Unclear(),), EVERY_PORT))
