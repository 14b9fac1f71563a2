"""The cluster administrator's policies: what others say of them, what is ours to settle, and what nobody takes."""

from __future__ import annotations

import pytest
from admin_cases import BANP, CNP, CONNECTIVITY, HOUSE, OURS, PROBES, SETTLED, Matrix, anp, banp, cnp, rules
from hard_cases import Case, Flows, policy

from lhmigrate.files.manifests import read


@pytest.mark.parametrize("matrix", [pytest.param(one, id=one.says) for one in CONNECTIVITY])
def test_policy_assistant_agrees(matrix: Matrix) -> None:
    assert not [f"{case.says} should be {case.answer.value}" for case in matrix.cases() if not case.holds()]


def test_all_cases_of_policy_assistant_are_there() -> None:
    assert len({one.says for one in CONNECTIVITY}) == 21


@pytest.mark.parametrize("probes", [pytest.param(one, id=f"{one.says} [{one.source}]") for one in PROBES])
def test_the_conformance_tests_agree(probes: Flows) -> None:
    assert not [f"{case.says} should be {case.answer.value}" for case in probes.cases(HOUSE) if not case.holds()]
    assert not read(probes.policies, "probes.yaml").unread


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.says} [{case.source}]") for case in SETTLED])
def test_the_answer(case: Case) -> None:
    assert case.verdict().answer is case.answer
    objects = read(case.policies, "case.yaml")
    doubts = [*objects.unread, *(problem for policy in objects.policies for problem in policy.doubts())]
    assert (not doubts) is case.readable, doubts


EVERYONE = "{namespaces: {}}"
REFUSED = [
    # The validation of apis/v1alpha1 and apis/v1alpha2 (kubebuilder markers).
    (anp(OURS, priority=1001), "priority is a number from 0 to 1000"),
    (banp(OURS).replace("name: default", "name: other"), "named default"),
    (banp(OURS, rules("ingress", f"Pass {EVERYONE}")), "the action is one of Allow, Deny, not 'Pass'"),
    (cnp(OURS, rules("ingress", f"Allow {EVERYONE}")), "the action is one of Accept, Deny, Pass, not 'Allow'"),
    (cnp(OURS, tier="Default"), "the tier is Admin or Baseline, not 'Default'"),
    (anp("{namespaces: {}, pods: {}}"), "subject has exactly one of namespaces, pods"),
    (anp(OURS, "ingress: [{action: Deny, from: []}]\n"), "from is missing or empty"),
    (anp(OURS, rules("ingress", f"Deny {EVERYONE}; ports: []")), "ports is empty; leave it out to mean every port"),
    (policy("subject: {namespaces: {}}\nodd: 1", kind=BANP, namespace=None, name="default"), "no field 'odd'"),
    (
        policy("tier: Admin\npriority: 1\nsubject: {namespaces: {}}", kind=CNP.replace("v1alpha2", "v1alpha1"),
               namespace=None),
        "of this kind we know policy.networking.k8s.io/v1alpha2 only",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), REFUSED)
def test_what_the_api_refuses_is_told_with_its_place(text: str, complaint: str) -> None:
    [found] = read(text, "admin.yaml").policies
    [problem] = found.unread
    assert complaint in problem.message
    assert problem.place.file == "admin.yaml"
