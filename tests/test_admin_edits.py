"""Edits of an administrator's policies: the least rule, in front of what denies, where that is about us alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from admin_cases import anp, banp, cnp, rules
from hard_cases import policy
from hypothesis import given
from hypothesis import strategies as st
from near_longhorn import network
from patched import HOPS, before, installation, texts

from lhmigrate.dialects.writers import EDITORS, WRITERS
from lhmigrate.editing.edits import MOST, Allowance
from lhmigrate.files.manifests import read
from lhmigrate.model.cni import CNIS, Dialect
from lhmigrate.model.labels import NAME_LABEL, Operator, Requirement, Selector
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import EVERY_PORT, Ports
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    from lhmigrate.editing.patch import Step
    from lhmigrate.model.peers import Peer

CALICO = Settings(cni=CNIS["calico"], without=frozenset({"v2-data-engine"}))
TO_15 = next(one for one in HOPS if str(one.old).startswith("1.4") and str(one.new).startswith("1.5"))
HOME = "{matchLabels: {kubernetes.io/metadata.name: longhorn-system}}"
EVERYONE = "{namespaces: {}}"


def pods(key: str, value: str) -> str:
    return f"{{pods: {{namespaceSelector: {HOME}, podSelector: {{matchLabels: {{{key}: {value}}}}}}}}}"


ENGINES = pods("longhorn.io/component", "instance-manager")
MANAGERS = pods("app", "longhorn-manager")
NAMESPACE = f"{{namespaces: {HOME}}}"
HIGH = "ports: [{portRange: {protocol: TCP, start: 8502, end: 8600}}]"
DENIED = rules("ingress", f"Deny {EVERYONE}; {HIGH}")
HIGH_IN_CLUSTER = "protocols: [{tcp: {destinationPort: {range: {start: 8502, end: 8600}}}}]"
DENIED_TO_CLUSTER = rules("ingress", f"Deny {EVERYONE}; {HIGH_IN_CLUSTER}")
FROM_MANAGERS = """
podSelector: {matchLabels: {longhorn.io/component: instance-manager}}
ingress: [{from: [{podSelector: {matchLabels: {app: longhorn-manager}}}], ports: [{port: 8500, endPort: %s}]}]
"""


def patched(text: str) -> tuple[Step, list[Any]]:
    """What was done, and the documents after it."""
    step, end = before(installation({"a.yaml": text}, CALICO), TO_15)
    return step, list(yaml.safe_load_all(texts(end)["a.yaml"]))


def ingress(document: Any) -> list[Any]:  # noqa: ANN401 - YAML
    found = document["spec"]["ingress"]
    assert isinstance(found, list)
    return found


def netpol(last_port: int) -> str:
    return policy(FROM_MANAGERS % last_port, namespace="longhorn-system", name="engines")


BASELINE = rules("ingress", f"Deny {EVERYONE}")
ACTIONS = [
    pytest.param(anp(ENGINES, DENIED), ["Pass", "Deny"], id="nothing comes after: it is passed on"),
    pytest.param(cnp(ENGINES, DENIED_TO_CLUSTER), ["Pass", "Deny"], id="likewise in a ClusterNetworkPolicy"),
    pytest.param(anp(ENGINES, DENIED) + netpol(8600), ["Pass", "Deny"], id="a NetworkPolicy lets it through"),
    pytest.param(
        anp(ENGINES, DENIED) + banp(EVERYONE, BASELINE) + netpol(8600),
        ["Pass", "Deny"],
        id="a NetworkPolicy lets it through, and so the baseline is not asked",
    ),
    pytest.param(
        anp(ENGINES, DENIED) + banp(EVERYONE, BASELINE), ["Allow", "Deny"], id="the baseline would deny it: allowed"
    ),
    pytest.param(
        cnp(ENGINES, DENIED_TO_CLUSTER) + banp(EVERYONE, BASELINE), ["Accept", "Deny"], id="likewise: accepted"
    ),
    pytest.param(banp(ENGINES, DENIED), ["Allow", "Deny"], id="the baseline alone denies it: allowed there"),
    pytest.param(cnp(ENGINES, DENIED_TO_CLUSTER, tier="Baseline"), ["Accept", "Deny"], id="likewise: accepted there"),
    pytest.param(
        banp(ENGINES, DENIED) + anp(EVERYONE, rules("ingress", f"Pass {EVERYONE}")),
        ["Allow", "Deny"],
        id="who passes it on in the admin tier is not who denies it",
    ),
]


@pytest.mark.parametrize(("text", "actions"), ACTIONS)
def test_the_least_that_opens_it_goes_in_front_of_what_denies_it(text: str, actions: list[str]) -> None:
    step, documents = patched(text)
    assert [one["action"] for one in ingress(documents[0])] == actions
    new = ingress(documents[0])[0]
    assert new["from"] == [yaml.safe_load(MANAGERS)]
    [listed] = [new[key] for key in ("ports", "protocols") if key in new]
    assert len(listed) == 2
    assert not [one for one in step.undone if any(need.own == "instance-manager" for need in one.needs)]
    assert documents[1:] == list(yaml.safe_load_all(text))[1:]


TWO = pods("longhorn.io/component", "instance-manager").replace(
    "matchLabels: {longhorn.io/component: instance-manager}",
    "matchExpressions: [{key: longhorn.io/component, operator: In, values: [instance-manager, backing-image-manager]}]",
)
FULL = rules("ingress", *[f"Accept {MANAGERS}; protocols: [{{tcp: {{destinationPort: {{number: {port}}}}}}}]"
                          for port in range(1, 25)], "Deny {namespaces: {}}")  # fmt: skip
LEFT = [
    pytest.param(anp(EVERYONE, DENIED), "not for Longhorn's pods alone", True, id="it is for every namespace"),
    pytest.param(
        anp(
            "{namespaces: {matchExpressions: "
            "[{key: kubernetes.io/metadata.name, operator: In, values: [longhorn-system, other]}]}}",
            DENIED,
        ),
        "not for Longhorn's pods alone",
        True,
        id="it is for another namespace, too",
    ),
    pytest.param(
        anp(ENGINES, DENIED) + anp(EVERYONE, DENIED, priority=500).replace("name: policy", "name: other"),
        "the administrator's",
        False,
        id="another denies it, too, whom a rule would overrule",
    ),
    pytest.param(
        anp(ENGINES, DENIED) + netpol(8501),
        "after that NetworkPolicy engines would not let it through either",
        True,
        id="a NetworkPolicy would not let it through either",
    ),
    pytest.param(cnp(ENGINES, FULL), "has as many rules for ingress as it may have, 25", True, id="it is full"),
    pytest.param(
        anp(MANAGERS, rules("egress", f"Deny {EVERYONE}; {HIGH}")).replace("{app: longhorn-manager}", "{}"),
        "would open more than they need",
        True,
        id="what all of Longhorn sends would go to whom only one of them sends to",
    ),
]


@pytest.mark.parametrize(("text", "reason", "shown"), LEFT)
def test_what_is_not_ours_to_decide_is_left_with_the_place_and_what_to_write(
    text: str, reason: str, *, shown: bool
) -> None:
    step, documents = patched(text)
    assert not step.made
    assert documents == list(yaml.safe_load_all(text))
    found = [one for one in step.undone if reason in one.reason]
    assert found
    assert all(one.place is not None and (one.edit is not None) is shown for one in found)


@pytest.mark.parametrize("subject", [TWO, NAMESPACE], ids=["two components", "the namespace"])
def test_a_policy_for_more_of_us_takes_it_where_nobody_else_listens_there(subject: str) -> None:
    step, [found] = patched(anp(subject, DENIED))
    assert len(step.made) == 1
    assert [one["action"] for one in ingress(found)] == ["Pass", "Deny"]


def test_a_name_is_given_where_others_have_one_and_is_nobody_elses() -> None:
    _, [unnamed] = patched(anp(ENGINES, DENIED))
    assert "name" not in ingress(unnamed)[0]
    taken = DENIED.replace("{action: Deny", "{name: instance-manager-from-longhorn-manager, action: Deny")
    _, [named] = patched(anp(ENGINES, taken))
    assert ingress(named)[0]["name"] == "instance-manager-from-longhorn-manager-2"


def test_no_whole_policy_of_an_administrators_is_written() -> None:
    assert set(EDITORS) - set(WRITERS) == {Dialect.ADMIN, Dialect.CLUSTER} == set(MOST)


# ---------------------------------------------------------------------------------------------------
# What is written is what was meant.


def selector(key: str, *values: str) -> Selector:
    return Selector((Requirement(key, Operator.IN, frozenset(values)),))


THERE = selector(NAME_LABEL, "longhorn-system")
PODS = (
    Pods(selector("app", "x"), THERE),
    Pods(selector("app", "y", "z"), selector(NAME_LABEL, "m")),
    Pods(Selector((Requirement("b", Operator.EXISTS),)), THERE),
    Pods(Selector(()), selector(NAME_LABEL, "m", "n")),
)
BLOCKS = tuple(Block(network(f"10.{number}.0.0/16")) for number in range(60))
PORTS = st.lists(
    st.tuples(st.sampled_from(("TCP", "UDP", "SCTP")), st.integers(1, 65535), st.integers(0, 900)),
    min_size=1,
    max_size=4,
).map(lambda found: Ports.of((protocol, first, min(first + more, 65535)) for protocol, first, more in found))


@st.composite
def allowances(draw: st.DrawFn) -> Allowance:
    direction = draw(st.sampled_from(Direction))
    some: tuple[Peer, ...] = (*PODS, *BLOCKS) if direction is Direction.EGRESS else PODS
    peers = st.sampled_from(some)
    return Allowance(
        direction,
        tuple(draw(st.lists(peers, min_size=1, max_size=40, unique=True))),
        draw(PORTS | st.just(EVERY_PORT)),
        action=draw(st.sampled_from((Action.ALLOW, Action.PASS))),
        name=draw(st.sampled_from(("", "x" * 200))),
    )


@given(allowances(), st.sampled_from((Dialect.ADMIN, Dialect.CLUSTER)))
def test_what_is_written_reads_as_what_was_meant(allows: Allowance, dialect: Dialect) -> None:
    written = EDITORS[dialect].rules(allows)
    kind, version, tier = ("AdminNetworkPolicy", "v1alpha1", {}) if dialect is Dialect.ADMIN else (
        "ClusterNetworkPolicy", "v1alpha2", {"tier": "Admin"})  # fmt: skip
    document = {
        "apiVersion": f"policy.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": "p"},
        "spec": {"priority": 1, **tier, "subject": {"namespaces": {}}, allows.direction.value: written},
    }
    [found] = read(json.dumps(document), "p.yaml").policies
    assert not found.unread
    [rule] = found.rules(allows.direction)
    assert rule.doubt is None
    assert (rule.action, rule.ports, rule.named) == (allows.action, allows.ports, ())
    assert set(rule.peers) == set(allows.peers)
    assert len(written[0].get("name", "")) <= 100
    listed = written[0]["from" if allows.direction is Direction.INGRESS else "to"]
    assert all(len(one.get("networks", ())) <= 25 for one in listed)
