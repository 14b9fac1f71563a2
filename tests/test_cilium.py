"""Cilium's policies: what its own documents, source and tests say, and what each common mistake would get wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cilium_cases import ENFORCED, POD_C, RULES, told

from lhmigrate.dialects import cilium, cilium_peers
from lhmigrate.files.manifests import read
from lhmigrate.judging.policies import Policies
from lhmigrate.model.labels import EVERYTHING
from lhmigrate.model.peers import EVERYONE, Block, Pods
from lhmigrate.model.policy import USUAL, Action, Direction, Policy, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from hard_cases import Case

CASES = [pytest.param(case, id=f"{source}: {case.says}") for source, cases in RULES.items() for case in cases]
TOLD = told()


@pytest.mark.parametrize("case", CASES)
def test_it_means_what_its_source_says(case: Case) -> None:
    found = case.verdict()
    assert (found.answer, case.holds()) == (case.answer, True)
    objects = read(case.policies, "case.yaml")
    assert (not objects.unread and not any(one.unread for one in objects.policies)) is case.readable


@pytest.mark.parametrize("name", TOLD)
def test_cilium_agrees(name: str) -> None:
    assert TOLD[name].verdict().answer is TOLD[name].answer


@pytest.mark.parametrize("name", ENFORCED)
def test_cilium_agrees_on_what_is_enforced(name: str) -> None:
    text, enforced = ENFORCED[name]
    policies = Policies(read(text, "case.yaml").policies)
    assert tuple(bool(policies.selecting(POD_C, direction).isolating) for direction in Direction) == enforced


def test_none_of_cilium_s_verdicts_is_missing() -> None:
    assert (len(TOLD), 2 * len(ENFORCED)) == (44, 8)


# ---------------------------------------------------------------------------------------------------
# Mistakes that are easily made. Each must break some case.


def all_rules(policy: Policy, wrong: Callable[[Rule], Rule]) -> Policy:
    return replace(
        policy,
        ingress=tuple(wrong(rule) for rule in policy.ingress),
        egress=tuple(wrong(rule) for rule in policy.egress),
    )


def of_policies(patch: pytest.MonkeyPatch, wrong: Callable[[Policy], Policy]) -> None:
    """Understands every policy otherwise."""
    right = cilium._Spec.policy
    patch.setattr(cilium._Spec, "policy", lambda self: wrong(right(self)))


def a_rule_without_peers_is_everyone(patch: pytest.MonkeyPatch) -> None:
    right = cilium_peers.read_peers

    def read_peers(fields: Any, *others: Any) -> Any:  # noqa: ANN401 - whatever the right one takes
        meant = right(fields, *others)
        return meant if meant.fields else meant._replace(fields=("fromEntities",), peers=EVERYONE)

    patch.setattr(cilium, "read_peers", read_peers)


def a_denial_is_an_allowing_rule(patch: pytest.MonkeyPatch) -> None:
    of_policies(patch, lambda policy: all_rules(policy, lambda rule: replace(rule, action=Action.ALLOW)))


def the_order_of_the_file_decides(patch: pytest.MonkeyPatch) -> None:
    of_policies(patch, lambda policy: all_rules(policy, lambda rule: replace(rule, order=USUAL)))


def enable_default_deny_is_ignored(patch: pytest.MonkeyPatch) -> None:
    def isolates(policy: Policy) -> Policy:
        return replace(policy, isolates=frozenset(one for one in Direction if policy.rules(one)) | policy.isolates)

    of_policies(patch, isolates)


def selectors_cross_namespaces(patch: pytest.MonkeyPatch) -> None:
    right = Pods.matches
    patch.setattr(
        Pods, "matches", lambda self, *ends: right(replace(self, namespaces=self.namespaces or EVERYTHING), *ends)
    )


def cidrs_match_everybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Block, "matches", lambda self, end, _: self._holds(end))


def http_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    of_policies(patch, lambda policy: all_rules(policy, lambda rule: replace(rule, http=None)))


def doubts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    of_policies(patch, lambda policy: all_rules(replace(policy, unread=()), lambda rule: replace(rule, doubt=None)))


MISTAKES = [
    a_rule_without_peers_is_everyone,
    a_denial_is_an_allowing_rule,
    the_order_of_the_file_decides,
    enable_default_deny_is_ignored,
    selectors_cross_namespaces,
    cidrs_match_everybody,
    http_is_not_looked_at,
    doubts_are_forgotten,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__.replace("_", " "))
def test_some_case_shows_the_mistake(mistake: Callable[[pytest.MonkeyPatch], None], monkeypatch: Any) -> None:  # noqa: ANN401
    mistake(monkeypatch)
    assert any(not case.holds() for cases in RULES.values() for case in cases)
