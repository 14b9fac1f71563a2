"""NetworkPolicy as the Kubernetes API means it: the hard cases, and the objects that the API server refuses."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from hard_cases import (
    ALLOWED,
    BARE,
    BLOCKED,
    CASES,
    CLIENT,
    CLIENT_SENDS_NOTHING,
    MOVING,
    NODE,
    PARTIAL,
    SERVER,
    SERVER_TAKES_NOBODY,
    TWIN,
    UNKNOWN,
    UNREADABLE,
    Case,
    client_sends,
    policy,
    port,
    server_takes,
    written,
)

from lhmigrate.dialects import kubernetes
from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import Fields
from lhmigrate.files.manifests import read
from lhmigrate.files.yamltext import parse, pieces
from lhmigrate.judging.verdict import PASSES, Verdict
from lhmigrate.model.labels import Match
from lhmigrate.model.peers import Everyone
from lhmigrate.model.policy import Direction, NamedPort, Policy
from lhmigrate.model.ports import EVERY_PORT, Ports

if TYPE_CHECKING:
    from lhmigrate.model.endpoints import Endpoint


@pytest.mark.parametrize("case", [pytest.param(case, id=case.says) for case in CASES])
def test_the_answer(case: Case) -> None:
    verdict = case.verdict()
    assert verdict.answer is case.answer, f"blocked: {verdict.blocked}, unknown: {verdict.unknown}"
    if case.answer is PARTIAL:
        assert verdict.blocked == written(case.blocked)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.says) for case in CASES])
def test_the_policies_of_a_case_are_readable(case: Case) -> None:
    """So that no case passes because of a slip in its YAML."""
    unread = [str(problem) for problem in read(case.policies, "case.yaml").unread]
    assert (not unread) is case.readable, unread


def test_no_two_cases_say_the_same() -> None:
    assert len({case.says for case in CASES}) == len(CASES)


# ---------------------------------------------------------------------------------------------------
# What a verdict tells beside the answer.


def judged(policies: str, ports: str = "TCP/9500", sender: Endpoint = CLIENT) -> Verdict:
    return Case("a verdict", policies, ALLOWED, ports, sender=sender).verdict()


def test_what_passes_needs_no_explanation() -> None:
    assert judged(server_takes("{}")) is PASSES


def test_the_end_where_it_fails_and_who_closes_it() -> None:
    verdict = judged(server_takes("{}") + SERVER_TAKES_NOBODY + CLIENT_SENDS_NOTHING)
    assert verdict.direction is Direction.EGRESS
    assert verdict.own is CLIENT
    assert verdict.peer is SERVER
    assert [policy.place.line for policy in verdict.policies] == [15]


def test_of_two_ends_the_one_that_certainly_fails_is_told() -> None:
    blocked_at_server = SERVER_TAKES_NOBODY + UNREADABLE.replace("home", "away")
    verdict = judged(blocked_at_server, sender=TWIN)
    assert verdict.answer is BLOCKED
    assert verdict.direction is Direction.INGRESS


def test_all_policies_that_close_an_end_are_told_in_their_order() -> None:
    verdict = judged(SERVER_TAKES_NOBODY + port("port: 1") + port("port: 2"))
    assert [policy.place.line for policy in verdict.policies] == [2, 8, 15]


def test_the_nearest_rule_is_the_first_that_names_the_peer() -> None:
    policies = (
        port("port: 1")
        + server_takes("{from: [{podSelector: {matchLabels: {app: other}}}], ports: [{port: 9500}]}")
        + server_takes("{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 2}]}")
        + server_takes("{from: [{podSelector: {}}], ports: [{port: 3}]}")
    )
    near = judged(policies).near
    assert near is not None
    assert near.ports == Ports.parse("TCP/2")


def test_a_rule_for_everyone_is_nobodys_nearest() -> None:
    assert judged(port("port: 1")).near is None


def test_what_is_unknown_is_told_beside_what_is_blocked() -> None:
    perhaps = policy("podSelector: {matchLabels: {app: server}}\ningress: [{ports: [{port: 9501}]}]", namespace=None)
    verdict = judged(port("port: 9500") + perhaps, ports="TCP/9500-9502")
    assert verdict.answer is PARTIAL
    assert verdict.blocked == Ports.parse("TCP/9502")
    assert verdict.unknown == Ports.parse("TCP/9501")


def test_what_is_unknown_in_one_guise_is_told_beside_what_is_blocked_in_another() -> None:
    perhaps = policy("podSelector: {matchLabels: {app: server}}\ningress: [{ports: [{port: 9500}]}]", namespace=None)
    closed = policy("podSelector: {matchLabels: {role: active}}\ningress: [{ports: [{port: 9501}]}]")
    verdict = Case("a verdict", perhaps + closed, PARTIAL, "TCP/9500-9502", also_as=MOVING).verdict()
    assert verdict.answer is PARTIAL
    assert verdict.blocked == Ports.parse("TCP/9502")
    assert verdict.unknown == Ports.parse("TCP/9500-9501")
    assert not verdict.passes


def test_the_policies_of_the_other_end_are_told_too_where_it_fails_there_as_well() -> None:
    both = judged(SERVER_TAKES_NOBODY + CLIENT_SENDS_NOTHING)
    assert (both.direction, [one.place.line for one in both.also]) == (Direction.EGRESS, [2])
    assert judged(server_takes("{}") + CLIENT_SENDS_NOTHING).also == ()
    assert judged(SERVER_TAKES_NOBODY + client_sends("{}")).also == ()
    assert judged(SERVER_TAKES_NOBODY, sender=NODE).also == ()


def test_who_cannot_be_read_is_told_beside_who_certainly_closes_the_end() -> None:
    unread = UNREADABLE.replace("podSelector: {}", "podSelector: {matchLabels: {app: server}}")
    verdict = judged(SERVER_TAKES_NOBODY + unread)
    assert verdict.answer is UNKNOWN
    assert [one.place.line for one in verdict.policies] == [2, 8]


# ---------------------------------------------------------------------------------------------------
# How an object is read.


def policy_of(text: str) -> Policy:
    [piece] = pieces(dedent(text), "p.yaml")
    [root] = parse(piece)
    [policy] = kubernetes.read(Fields(root, "object"))
    return policy


def test_a_policy_as_it_is_read() -> None:
    policy = policy_of("""\
        # Who may call the managers.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: managers
          namespace: longhorn-system
        spec:
          podSelector:
            matchLabels: {app: longhorn-manager}
          ingress:
            - from:
                - podSelector: {matchLabels: {app: longhorn-ui}}
                  namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [b, a]}]}
                - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
              ports:
                - port: 9500
                - {protocol: UDP, port: 1000, endPort: 2000}
                - port: webhook
            - {}
        """)
    assert str(policy) == "NetworkPolicy managers"
    assert policy.namespace == "longhorn-system"
    assert str(policy.place) == "p.yaml:2:1"
    assert str(policy.selects) == "app=longhorn-manager"
    assert policy.isolates == {Direction.INGRESS}
    first, second = policy.ingress
    assert [str(peer) for peer in first.peers] == [
        "pods with app=longhorn-ui in namespaces with team in (a, b)",
        "10.0.0.0/8 without 10.1.0.0/16",
    ]
    assert str(first.ports) == "TCP/9500, UDP/1000-2000"
    assert first.named == (NamedPort("webhook", "TCP"),)
    assert [str(rule.place) for rule in policy.ingress] == ["p.yaml:11:7", "p.yaml:19:7"]
    assert (second.peers, second.ports) == ((Everyone(),), EVERY_PORT)
    assert policy.label_keys() == {"app"}
    assert not policy.unread


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        ("podSelector: {}", "every pod of its namespace"),
        ("namespaceSelector: {}", "every pod in every namespace"),
        ("podSelector: {matchLabels: {a: b}}", "pods with a=b"),
        ("namespaceSelector: {}, podSelector: {matchLabels: {a: b}}", "pods with a=b in every namespace"),
        ("namespaceSelector: {matchLabels: {a: b}}", "every pod in namespaces with a=b"),
        ("ipBlock: {cidr: 10.0.0.5/8}", "10.0.0.0/8"),
    ],
)
def test_a_peer_in_words(peer: str, words: str) -> None:
    policy = policy_of(f"metadata: {{name: p}}\nspec: {{ingress: [{{from: [{{{peer}}}]}}]}}")
    assert [str(one) for one in policy.ingress[0].peers] == [words]


def test_whom_a_policy_selects() -> None:
    policy = policy_of("metadata: {name: p, namespace: home}\nspec: {podSelector: {matchLabels: {app: server}}}")
    answers = {pod.name: policy.applies_to(pod) for pod in (SERVER, CLIENT, TWIN, BARE)}
    assert answers == {"server": Match.YES, "client": Match.NO, "twin": Match.NO, "bare": Match.NO}


@pytest.mark.parametrize(
    ("peer", "names"),
    [
        ("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}", {"a"}),
        (
            "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [a, b]}]}",
            {"a", "b"},
        ),
        (
            "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [a]}]}",
            set(),
        ),
        ("namespaceSelector: {matchLabels: {name: a}}", set()),
        ("namespaceSelector: {}", set()),
        ("podSelector: {matchLabels: {kubernetes.io/metadata.name: a}}", set()),
        ("ipBlock: {cidr: 10.0.0.0/8}", set()),
    ],
)
def test_the_namespaces_that_a_peer_names_outright(peer: str, names: set[str]) -> None:
    policy = policy_of(f"metadata: {{name: p}}\nspec: {{policyTypes: [Egress], egress: [{{to: [{{{peer}}}]}}]}}")
    assert policy.named_namespaces() == names


def test_the_labels_that_a_policy_looks_at() -> None:
    policy = policy_of("""\
        metadata: {name: p}
        spec:
          podSelector: {matchLabels: {a: x}}
          ingress:
            - from:
                - podSelector: {matchExpressions: [{key: b, operator: Exists}]}
                  namespaceSelector: {matchLabels: {team: red}}
          egress: [{to: [{podSelector: {matchLabels: {c: x}}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]
        """)
    assert policy.label_keys() == {"a", "b", "c"}


HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: home}\nspec:\n"


def spec(text: str) -> str:
    return f"  podSelector: {{}}\n  {text}\n"


def peer(text: str) -> str:
    return spec(f"ingress: [{{from: [{text}]}}]")


def ports(text: str) -> str:
    return spec(f"ingress: [{{ports: [{text}]}}]")


def selector(text: str) -> str:
    return f"  podSelector: {text}\n"


# Where the complaint must point stands a `▸`.
REFUSED = [
    pytest.param(
        peer("▸{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}"),
        "a peer with an ipBlock may not have selectors too",
        id="a peer with an ipBlock and a podSelector",
    ),
    pytest.param(
        peer("▸{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}"),
        "a peer with an ipBlock may not have selectors too",
        id="a peer with an ipBlock and a namespaceSelector",
    ),
    pytest.param(
        peer("▸{}"), "a peer must have a podSelector, a namespaceSelector or an ipBlock", id="a peer that names nobody"
    ),
    pytest.param(
        peer("▸{podSelector: }"),
        "a peer must have a podSelector, a namespaceSelector or an ipBlock",
        id="a peer whose only selector is null",
    ),
    pytest.param(peer("▸app"), "peer must be an object, not a string", id="a peer that is a string"),
    pytest.param(spec("ingress: ▸{}"), "ingress must be a list, not an object", id="rules that are an object"),
    pytest.param(spec("egress: ▸all"), "egress must be a list, not a string", id="rules that are a string"),
    pytest.param(
        spec("ingress: [{from: ▸{podSelector: {}}}]"), "from must be a list, not an object", id="peers without a dash"
    ),
    pytest.param(spec("ingress: [{ports: ▸9500}]"), "ports must be a list, not a number", id="ports without a dash"),
    pytest.param(spec("ingress: [{▸to: []}]"), "ingress rule has no field 'to'", id="`to` in an ingress rule"),
    pytest.param(spec("egress: [{▸from: []}]"), "egress rule has no field 'from'", id="`from` in an egress rule"),
    pytest.param(
        spec("ingress: [{▸podSelector: {}}]"), "ingress rule has no field 'podSelector'", id="a peer without its `from`"
    ),
    pytest.param(spec("▸ingres: []"), "spec has no field 'ingres'", id="a misspelt field"),
    pytest.param(spec("▸Ingress: []"), "spec has no field 'Ingress'", id="a field in the wrong case"),
    pytest.param(
        spec("ingress: []\n  ▸ingress: []"), "the key 'ingress' stands here twice, first in line 6", id="a field twice"
    ),
    pytest.param(peer("{▸podselector: {}}"), "peer has no field 'podselector'", id="a misspelt selector"),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, ▸exceptions: []}}"),
        "ipBlock has no field 'exceptions'",
        id="a misspelt field of an ipBlock",
    ),
    pytest.param(ports("{port: 1, ▸name: api}"), "port has no field 'name'", id="a port with a name of its own"),
    pytest.param(selector("{▸app: server}"), "selector has no field 'app'", id="a selector without its matchLabels"),
    pytest.param(selector("▸[app]"), "selector must be an object, not a list", id="a selector that is a list"),
    pytest.param(selector("▸app"), "selector must be an object, not a string", id="a selector that is a string"),
    pytest.param(
        selector("{matchLabels: ▸[app]}"), "matchLabels must be an object, not a list", id="labels that are a list"
    ),
    pytest.param(
        selector("{matchLabels: {replicas: ▸3}}"),
        "matchLabels.replicas must be a string, and 3 is a number; put it in quotes",
        id="a label whose value is a number",
    ),
    pytest.param(
        selector("{matchLabels: {version: ▸1.10}}"),
        "matchLabels.version must be a string, and 1.10 is a number; put it in quotes",
        id="a label whose value is a fraction",
    ),
    pytest.param(
        selector("{matchLabels: {enabled: ▸true}}"),
        "matchLabels.enabled must be a string, and true is a boolean; put it in quotes",
        id="a label whose value is a boolean",
    ),
    pytest.param(
        selector("{matchLabels: {country: ▸no}}"),
        "matchLabels.country must be a string, and no is a boolean; put it in quotes",
        id="a label whose value is Norway",
    ),
    pytest.param(
        selector("▸{matchLabels: {app: a b}}"),
        "'a b' cannot be the value of a label",
        id="a label whose value no label can have",
    ),
    pytest.param(
        selector(f"▸{{matchLabels: {{app: {'a' * 64}}}}}"),
        "cannot be the value of a label",
        id="a label whose value is too long",
    ),
    pytest.param(
        selector("▸{matchLabels: {-app: a}}"), "'-app' cannot be the key of a label", id="a key that no label can have"
    ),
    pytest.param(
        selector("▸{matchLabels: {Longhorn.io/x: a}}"),
        "'Longhorn.io/x' cannot be the key of a label",
        id="a key with a prefix that no label can have",
    ),
    pytest.param(
        selector(f"▸{{matchLabels: {{{'a' * 254}/b: a}}}}"),
        "cannot be the key of a label",
        id="a key with a prefix that is too long",
    ),
    pytest.param(
        selector("▸{matchLabels: {a/b/c: a}}"), "'a/b/c' cannot be the key of a label", id="a key with two prefixes"
    ),
    pytest.param(
        selector("{matchExpressions: [▸{key: a, operator: in, values: [b]}]}"),
        "the operator is one of In, NotIn, Exists, DoesNotExist, not 'in'",
        id="an operator in the wrong case",
    ),
    pytest.param(
        selector("{matchExpressions: [▸{key: a, operator: Gt, values: ['1']}]}"),
        "the operator is one of In, NotIn, Exists, DoesNotExist, not 'Gt'",
        id="an operator that only node selectors have",
    ),
    pytest.param(selector("{matchExpressions: [▸{key: a, operator: In}]}"), "In needs values", id="In without values"),
    pytest.param(
        selector("{matchExpressions: [▸{key: a, operator: NotIn, values: []}]}"),
        "NotIn needs values",
        id="NotIn with no values",
    ),
    pytest.param(
        selector("{matchExpressions: [▸{key: a, operator: Exists, values: [b]}]}"),
        "Exists takes no values",
        id="Exists with values",
    ),
    pytest.param(
        selector("{matchExpressions: [▸{key: a, operator: DoesNotExist, values: [b]}]}"),
        "DoesNotExist takes no values",
        id="DoesNotExist with values",
    ),
    pytest.param(
        selector("{matchExpressions: [▸{operator: Exists}]}"),
        "matchExpressions item has no key",
        id="an expression without a key",
    ),
    pytest.param(
        selector("{matchExpressions: [▸{key: a}]}"),
        "matchExpressions item has no operator",
        id="an expression without an operator",
    ),
    pytest.param(
        selector("{matchExpressions: [{key: a, operator: In, values: [▸1]}]}"),
        "a value must be a string, and 1 is a number; put it in quotes",
        id="an expression with a number",
    ),
    pytest.param(
        selector("{matchExpressions: [{key: a, operator: In, values: ▸b}]}"),
        "values must be a list, not a string",
        id="an expression with one value and no list",
    ),
    pytest.param(
        selector("{matchExpressions: [{key: a, operator: In, ▸value: b}]}"),
        "matchExpressions item has no field 'value'",
        id="an expression with a misspelt field",
    ),
    pytest.param(
        selector("{matchExpressions: ▸{key: a, operator: Exists}}"),
        "matchExpressions must be a list, not an object",
        id="an expression without a dash",
    ),
    pytest.param(peer("{ipBlock: ▸{}}"), "ipBlock has no cidr", id="a block without a CIDR"),
    pytest.param(
        peer("{ipBlock: ▸10.0.0.0/8}"), "ipBlock must be an object, not a string", id="a block that is a string"
    ),
    *(
        pytest.param(
            peer(f"{{ipBlock: {{cidr: ▸{text}}}}}"), "is not a CIDR like 10.0.0.0/8", id=f"a CIDR that is {what}"
        )
        for text, what in (
            ("10.0.0.0", "an address"),
            ("10.0.0.0/33", "too long"),
            ("10.0.0/8", "too short"),
            ("10.0.0.0/255.0.0.0", "a network mask"),
            ("10.0.0.256/8", "not a number of eight bits"),
            ("'fe80::%eth0/64'", "of one interface"),
            ("' 10.0.0.0/8'", "indented"),
            ("example.org/8", "a name"),
            ("''", "empty"),
        )
    ),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [▸11.0.0.0/16]}}"),
        "except must lie within 10.0.0.0/8",
        id="a hole beside its block",
    ),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, ▸10.0.0.0/7]}}"),
        "except must lie within 10.0.0.0/8",
        id="a hole larger than its block",
    ),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [▸10.0.0.0/8]}}"),
        "except must lie within 10.0.0.0/8, and be less than all of it",
        id="a hole as large as its block",
    ),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: [▸'fd00::/16']}}"),
        "except must lie within 10.0.0.0/8",
        id="a hole of another family",
    ),
    pytest.param(
        peer("{ipBlock: {cidr: 10.0.0.0/8, except: ▸10.1.0.0/16}}"),
        "except must be a list, not a string",
        id="a hole that is no list",
    ),
    pytest.param(ports("{port: ▸0}"), "a port is a number from 1 to 65535 here", id="port 0"),
    pytest.param(ports("{port: ▸65536}"), "a port is a number from 1 to 65535 here", id="port 65536"),
    pytest.param(ports("{port: ▸-1}"), "a port is a number from 1 to 65535 here", id="a negative port"),
    pytest.param(ports("{port: ▸95.5}"), "a port is a number from 1 to 65535 here", id="a fraction of a port"),
    pytest.param(ports("{port: ▸yes}"), "a port is a number from 1 to 65535 here", id="a port that is a boolean"),
    pytest.param(ports("{port: ▸[9500]}"), "port must be a number or a name", id="a port that is a list"),
    pytest.param(
        ports("{port: 9500, endPort: ▸9499}"), "a port is a number from 9500 to 65535 here", id="a range that goes down"
    ),
    pytest.param(
        ports("{port: 9500, endPort: ▸65536}"),
        "a port is a number from 9500 to 65535 here",
        id="a range that goes too far",
    ),
    pytest.param(
        ports("{port: 9500, endPort: ▸'9600'}"), "a port is a number from 9500 to 65535 here", id="a range to a string"
    ),
    pytest.param(ports("{endPort: ▸9600}"), "endPort needs a port to start from", id="a range from nowhere"),
    pytest.param(
        ports("{port: api, endPort: ▸9600}"),
        "endPort goes with a number, not with a named port",
        id="a range from a name",
    ),
    *(
        pytest.param(
            ports(f"{{port: ▸{text}}}"), "is a string, so it must be a port's name", id=f"a port's name that {what}"
        )
        for text, what in (
            ("'9500'", "is a number in quotes"),
            ("abcdefghijklmnop", "is longer than 15 characters"),
            ("Api", "has a capital letter"),
            ("-api", "begins with a dash"),
            ("api-", "ends with a dash"),
            ("a--b", "has two dashes together"),
            ("a_b", "has an underscore"),
            ("1-2", "has no letter"),
            ("''", "is empty"),
        )
    ),
    pytest.param(
        ports("▸{protocol: tcp, port: 9500}"),
        "the protocol is one of TCP, UDP, SCTP, not 'tcp'",
        id="a protocol in the wrong case",
    ),
    pytest.param(
        ports("▸{protocol: ICMP}"), "the protocol is one of TCP, UDP, SCTP, not 'ICMP'", id="a protocol without ports"
    ),
    pytest.param(
        ports("▸{protocol: '', port: 9500}"), "the protocol is one of TCP, UDP, SCTP, not ''", id="an empty protocol"
    ),
    pytest.param(ports("{protocol: ▸6}"), "protocol must be a string, and 6 is a number", id="a protocol by number"),
    pytest.param(ports("▸9500"), "port must be an object, not a number", id="a port that is just a number"),
    pytest.param(
        spec("policyTypes: [▸ingress]"),
        "policyTypes knows Ingress and Egress, not 'ingress'",
        id="a type in the wrong case",
    ),
    pytest.param(
        spec("policyTypes: [Ingress, Egress, ▸Ingress]"), "policyTypes may not hold more than two", id="a third type"
    ),
    pytest.param(
        spec("policyTypes: ▸Ingress"), "policyTypes must be a list, not a string", id="a type that is no list"
    ),
]


# The API server takes these, and makes of them what nobody can have meant: a rule for everyone, a label `true: x`,
# an empty value. So they are not read either.
DOUBTFUL = [
    pytest.param(spec("ingress: [▸null]"), "an empty item would let everyone in", id="a rule that is null"),
    pytest.param(spec("ingress:\n  -▸"), "an empty item would let everyone in", id="a rule that is not there"),
    pytest.param(
        selector("{matchLabels: {▸on: x}}"),
        "a key of matchLabels must be a string, and on is a boolean; put it in quotes",
        id="a label whose key is a boolean",
    ),
    pytest.param(
        selector("{matchLabels: {app: ▸}}"),
        "matchLabels.app must be a string, not nothing",
        id="a label without a value",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), [*REFUSED, *DOUBTFUL])
def test_what_the_api_server_refuses_is_not_read(text: str, sentence: str) -> None:
    before, _, after = (HEAD + text).partition("▸")
    with pytest.raises(Unreadable) as raised:
        policy_of(before + after)
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    assert str(raised.value.problem.place) == f"p.yaml:{line}:{column}"
    assert sentence in raised.value.problem.message


@pytest.mark.parametrize(
    ("text", "where", "sentence"),
    [
        ("kind: NetworkPolicy\nmetadata: {name: p}\n", "p.yaml:1:1", "object has no spec"),
        ("metadata: {name: p}\nspec: []\n", "p.yaml:2:7", "spec must be an object, not a list"),
        ("metadata: {name: 7}\nspec: {}\n", "p.yaml:1:18", "name must be a string, and 7 is a number"),
        ("metadata: {namespace: on}\nspec: {}\n", "p.yaml:1:23", "namespace must be a string, and on is a boolean"),
        ("metadata: p\nspec: {}\n", "p.yaml:1:11", "metadata must be an object, not a string"),
    ],
)
def test_an_object_without_its_parts_is_not_read(text: str, where: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as raised:
        policy_of(text)
    assert str(raised.value.problem.place) == where
    assert raised.value.problem.message.startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ports("{port: abcdefghijklmno}"), id="a port's name of 15 characters"),
        pytest.param(ports("{port: a}"), id="a port's name of one letter"),
        pytest.param(ports("{port: 1a-2}"), id="a port's name that begins with a digit"),
        pytest.param(ports("{port: 0x251C}"), id="a port in hexadecimal"),
        pytest.param(ports("{port: 1, endPort: 65535}"), id="every port there is"),
        pytest.param(ports("{port: 9500, endPort: null}"), id="a range whose end is null"),
        pytest.param(ports("{protocol: null, port: 9500}"), id="a protocol that is null"),
        pytest.param(selector("{matchLabels: {app: ''}}"), id="a label whose value is empty"),
        pytest.param(selector(f"{{matchLabels: {{app: {'a' * 63}}}}}"), id="a label whose value is as long as can be"),
        pytest.param(selector(f"{{matchLabels: {{{'a' * 253}/b: a}}}}"), id="a key with a prefix as long as can be"),
        pytest.param(selector("{matchLabels: {a.b.c/D_e.f-g: H_i.j-k}}"), id="a label with all that it may hold"),
        pytest.param(selector("{matchLabels: {date: 2024-01-31}}"), id="a label that looks like a date"),
        pytest.param(selector("{matchLabels: {commit: 7e58912}}"), id="a label that looks like a huge number"),
        pytest.param(selector("{matchLabels: null, matchExpressions: null}"), id="a selector of nulls"),
        pytest.param(
            selector("{matchExpressions: [{key: a, operator: Exists, values: []}]}"), id="Exists with an empty list"
        ),
        pytest.param(
            selector("{matchExpressions: [{key: a, operator: In, values: [b, b]}]}"), id="a value that stands twice"
        ),
        pytest.param(peer("{ipBlock: {cidr: 10.0.0.0/8, except: null}}"), id="holes that are null"),
        pytest.param(spec("policyTypes: [Ingress, Ingress]"), id="a type that stands twice"),
        pytest.param(spec("policyTypes: null"), id="types that are null"),
        pytest.param(spec("ingress: [{from: null, ports: null}]"), id="a rule of nulls"),
    ],
)
def test_what_the_api_server_takes_is_read(text: str) -> None:
    assert policy_of(HEAD + text).name == "p"
