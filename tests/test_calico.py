"""Calico's policies: the hard cases, and what Calico itself refuses."""

from __future__ import annotations

import json

import pytest
import yaml
from calico_cases import API_SERVER, CASES, gnp, np, takes, takes_globally, tier
from felix_cases import POD, WORLDS
from hard_cases import (
    ALLOWED,
    BLOCKED,
    PARTIAL,
    SERVER,
    SERVER_TAKES_NOBODY,
    UNKNOWN,
    Case,
    Flows,
    policy,
    server_takes,
    written,
)

from lhmigrate.files.manifests import read
from lhmigrate.model.labels import Match
from lhmigrate.model.policy import Direction


@pytest.mark.parametrize("case", [pytest.param(case, id=case.says) for case in CASES])
def test_the_answer(case: Case) -> None:
    verdict = case.verdict()
    assert verdict.answer is case.answer, f"blocked: {verdict.blocked}, unknown: {verdict.unknown}"
    if case.answer is PARTIAL:
        assert verdict.blocked == written(case.blocked)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.says) for case in CASES])
def test_the_policies_of_a_case_are_readable(case: Case) -> None:
    """So that no case passes because of a slip in its YAML."""
    objects = read(case.policies, "case.yaml")
    doubts = [*objects.unread, *(problem for policy in objects.policies for problem in policy.doubts())]
    assert (not doubts) is case.readable or "Tier" in case.policies, doubts


def test_every_case_says_something_else_and_where_from() -> None:
    assert len({case.says for case in CASES}) == len(CASES)
    assert not [case.says for case in CASES if not case.source]


# ---------------------------------------------------------------------------------------------------
# What Felix's own tests expect.


@pytest.mark.parametrize("world", [pytest.param(world, id=f"{world.says} [{world.source}]") for world in WORLDS])
def test_felix_agrees(world: Flows) -> None:
    assert not [f"{case.says} should be {case.answer.value}" for case in world.cases(POD) if not case.holds()]
    assert not read(world.policies, "world.yaml").unread


# ---------------------------------------------------------------------------------------------------
# What Calico refuses is not in force, and what we cannot follow may do anything to the pods that it is about.

RULE = "selector: app == 'server'\ningress:\n"
REFUSED = [
    # validator_test.go, by its entries' names; the rest by the CEL rules of api/pkg/apis/projectcalico/v3.
    (RULE + "- {}", "ingress rule has no action"),
    (RULE + "- action: allow", "the action is one of Allow, Deny, Pass, Log, not 'allow'"),
    (RULE + "- {action: Allow, destination: {ports: [80]}}", "a rule with ports must say whether its protocol is TCP"),
    (RULE + "- {action: Allow, protocol: ICMP, destination: {ports: [80]}}", "a rule with ports must say whether"),
    (RULE + "- {action: Allow, protocol: 7, destination: {notPorts: [80]}}", "a rule with ports must say whether"),
    (RULE + "- {action: Allow, protocol: TCP, destination: {ports: [0]}}", "a port is a number from 1 to 65535"),
    (RULE + "- {action: Allow, protocol: TCP, destination: {ports: ['90:80']}}", "a port is a number from 1 to 65535"),
    (RULE + "- {action: Allow, protocol: TCP, destination: {ports: [70000]}}", "a port is a number from 1 to 65535"),
    (RULE + "- {action: Allow, protocol: TCP, destination: {ports: ['a b']}}", "a port is a number, a range like"),
    (RULE + "- {action: Allow, protocol: TCP, destination: {ports: [true]}}", "a port is a number, a range like"),
    (
        RULE + "- {action: Allow, protocol: tcp}",
        "a protocol is one of TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite, or a number",
    ),
    (RULE + "- {action: Allow, protocol: 0}", "a protocol is one of"),
    (RULE + "- {action: Allow, protocol: '256'}", "a protocol is one of"),
    (RULE + "- {action: Allow, protocol: TCP, icmp: {type: 8}}", "icmp goes with the protocol ICMP or ICMPv6 only"),
    (RULE + "- {action: Allow, ipVersion: 5}", "ipVersion is 4 or 6"),
    (RULE + "- {action: Allow, ipVersion: 6, source: {nets: [10.0.0.0/8]}}", "a rule has networks of IPv4 or of IPv6"),
    (RULE + "- {action: Allow, source: {nets: [10.0.0.0/8, 'fd00::/8']}}", "a rule has networks of IPv4 or of IPv6"),
    (RULE + "- {action: Allow, source: {nets: [10.0.0.1]}}", "'10.0.0.1' is not a CIDR"),
    (RULE + "- {action: Allow, source: {notNets: [0.0.0.0/0]}}", "notNets cannot leave everything out"),
    (
        RULE + "- {action: Allow, source: {selector: 'app = x'}}",
        "selector is no selector that Calico reads: at character 5",
    ),
    (
        RULE + "- {action: Allow, source: {selector: global()}}",
        "global() goes with namespaceSelector, not with selector",
    ),
    (RULE + "- {action: Allow, source: {namespaceSelector: global() && has(x)}}", "global() stands alone"),
    (RULE + "- {action: Allow, source: {services: {namespace: x}}}", "services has no name"),
    (
        RULE + "- {action: Allow, source: {services: {name: x}, selector: all()}}",
        "services cannot stand beside selectors",
    ),
    (RULE + "- {action: Allow, destination: {services: {name: x}}}", "services cannot be the destination here"),
    (RULE + "- {action: Deny, http: {methods: [GET]}}", "http goes with ingress and Allow only"),
    ("selector: has(x) &&", "selector is no selector that Calico reads: at its end"),
    ("selector: global()", "global() can stand in a rule's namespaceSelector only"),
    ("types: [Ingress, Ingress]", "types names Ingress or Egress, or both, and each of them once"),
    ("types: [ingress]", "types names Ingress or Egress"),
    ("types: []", "types names Ingress or Egress"),
    ("order: first", "order must be a number"),
    ("order: '10'", "order must be a number"),
    ("namespaceSelector: all()", "spec has no field 'namespaceSelector' in projectcalico.org/v3"),
    ("podSelector: {}", "spec has no field 'podSelector' in projectcalico.org/v3"),
    ("doNotTrack: true", "spec has no field 'doNotTrack' in projectcalico.org/v3"),
]


@pytest.mark.parametrize(("spec", "complaint"), REFUSED)
def test_what_calico_refuses_is_told_with_its_place(spec: str, complaint: str) -> None:
    objects = read(np(spec), "np.yaml")
    [problem] = objects.unread
    assert problem.message.startswith(complaint)
    assert problem.place.line
    [policy] = objects.policies
    assert policy.unread == (problem,)
    assert policy.denies()


def test_a_service_in_a_global_policy_needs_its_namespace() -> None:
    """validator.go, validateGlobalNetworkPolicySpec."""
    [problem] = read(gnp("ingress: [{action: Allow, source: {services: {name: x}}}]"), "gnp.yaml").unread
    assert problem.message == "services has no namespace, and this policy is in none"


@pytest.mark.parametrize(
    ("policy", "isolates", "selects", "namespaces"),
    [
        (np("selector: app == 'x'\ntypes: [Egress]\nnew: 1"), {Direction.EGRESS}, "app=x", None),
        (np("selector: app == 'x'\nnew: 1"), {Direction.INGRESS}, "app=x", None),
        (np("selector: app = 'x'\nnew: 1"), set(Direction), "everything", None),
        (gnp("namespaceSelector: has(x)\ntypes: [Ingress]\nnew: 1"), {Direction.INGRESS}, "everything", "x"),
        (gnp("namespaceSelector: has(\ntypes: [Ingress]"), set(Direction), "everything", "everything"),
    ],
)
def test_what_is_left_to_know_of_a_policy_that_cannot_be_read(
    policy: str, isolates: set[Direction], selects: str, namespaces: str | None
) -> None:
    [read_policy] = read(policy, "np.yaml").policies
    assert read_policy.isolates == isolates
    assert str(read_policy.selects) == selects
    assert (None if read_policy.namespaces is None else str(read_policy.namespaces)) == namespaces


def test_a_policy_that_cannot_be_read_leaves_other_pods_alone() -> None:
    broken = np("selector: app == 'other'\nnew: 1")
    assert Case("x", broken + server_takes("{}"), ALLOWED).verdict().answer is ALLOWED
    assert Case("x", np("selector: app == 'server'\nnew: 1") + server_takes("{}"), ALLOWED).verdict().answer is UNKNOWN


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (tier("x", "order: low"), "t.yaml:5:15: order must be a number"),
        (tier("x", "defaultAction: Allow"), "t.yaml:2:1: a tier's defaultAction is Deny or Pass, not 'Allow'"),
    ],
)
def test_what_calico_refuses_of_a_tier(text: str, complaint: str) -> None:
    assert [str(problem) for problem in read(text, "t.yaml").unread] == [complaint]


def test_a_tier_that_is_declared_in_two_ways_is_not_known() -> None:
    policies = takes("action: Allow", more="tier: first") + takes("action: Deny", name="other")
    once = tier("first", "order: 1")
    assert Case("x", once + once + policies, ALLOWED).verdict().answer is ALLOWED
    assert Case("x", once + tier("first", "order: 2") + policies, ALLOWED).verdict().answer is UNKNOWN


def test_a_selector_that_mixes_too_much_is_not_followed() -> None:
    """Each part is a label of the pod or of its namespace, so that 2 to the power of 8 subjects would come of it."""
    parts = " && ".join(f"(a{number} == '1' || pcns.b{number} == '1')" for number in range(8))
    assert len(parts) < 1024
    [problem] = read(np(f'selector: "{parts}"'), "np.yaml").unread
    assert problem.message == "mixes labels of pods and of namespaces in too many ways to follow"


@pytest.mark.parametrize("kind", ["StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy"])
def test_a_staged_policy_is_read_and_has_no_effect(kind: str) -> None:
    """staged: these rules do not enforce network traffic; policy.go, PolicyToIptablesChains."""
    text = policy("selector: all()\ntypes: [Ingress]", kind=f"projectcalico.org/v3 {kind}")
    [staged] = read(text, "staged.yaml").policies
    assert staged.idle
    assert not staged.unread
    assert not staged.denies()
    assert Case("x", text, ALLOWED).holds()


def test_why_two_orders_are_possible_is_told() -> None:
    verdict = Case("x", takes_globally("action: Deny", name="x") + takes("action: Allow", name="b"), UNKNOWN).verdict()
    assert verdict.doubt is not None
    assert "has the same order as NetworkPolicy b" in verdict.doubt.message


# ---------------------------------------------------------------------------------------------------
# Who is named as the cause: whoever changes another policy changes it for nothing.

FIRST = tier("first", "order: 10")
UDP = "action: Allow, protocol: UDP"


@pytest.mark.parametrize(
    ("text", "named", "denied"),
    [
        pytest.param(
            FIRST + takes("action: Pass", more="tier: first", name="passes") + SERVER_TAKES_NOBODY,
            "policy",
            False,
            id="not one that passes everything on",
        ),
        pytest.param(
            FIRST + takes(UDP, more="tier: first", name="ends") + takes("action: Deny", name="late"),
            "first.ends",
            False,
            id="not a rule that is never asked, as an earlier tier drops it",
        ),
        pytest.param(
            FIRST + takes(UDP, more="tier: first", name="ends") + takes("action: Allow", name="late"),
            "first.ends",
            False,
            id="not a policy that would let it in",
        ),
        pytest.param(
            FIRST + takes("action: Pass", more="tier: first", name="passes") + takes("action: Deny", name="late"),
            "late",
            True,
            id="the rule that denies it, in a later tier",
        ),
        pytest.param(
            FIRST
            + takes("action: Pass, source: {serviceAccounts: {names: [x]}}", more="tier: first", name="perhaps")
            + takes("action: Deny", name="late"),
            "late",
            True,
            id="the one that stops it whatever the others do",
        ),
    ],
)
def test_the_tier_that_stops_it_is_named(text: str, named: str, denied: bool) -> None:
    verdict = Case("x", text, BLOCKED).verdict()
    assert verdict.answer is BLOCKED
    assert [policy.name for policy in verdict.policies] == [named]
    assert (verdict.denying is not None) is denied


ENDPOINT = """\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: worker}
spec: {node: worker}
"""
IN_A_LIST = "apiVersion: v1\nkind: List\nitems:\n- " + ENDPOINT.replace("\n", "\n  ")
ITEMS = ENDPOINT.replace("HostEndpoint", "HostEndpointList").replace("metadata: {name: worker}", "items:")
LISTED = ITEMS.partition("spec")[0] + "- metadata: {name: worker}\n  spec: {node: worker}\n"


@pytest.mark.parametrize("text", [ENDPOINT, IN_A_LIST, LISTED, json.dumps(yaml.safe_load(ENDPOINT))])
def test_what_a_host_endpoint_lets_through_is_not_known(text: str) -> None:
    """calico/reference/host-endpoints: a node is closed then, but for what policies let through."""
    [endpoint] = read(text, "nodes.yaml").policies
    assert endpoint.about_nodes
    assert endpoint.applies_to(API_SERVER) is Match.MAYBE
    assert endpoint.applies_to(SERVER) is Match.NO
    assert Case("x", f"---\n{text}", ALLOWED, sender=API_SERVER).verdict().answer is UNKNOWN
    assert Case("x", f"---\n{text}", ALLOWED).verdict().answer is ALLOWED
