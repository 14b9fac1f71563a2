"""Laws that every patch keeps, tried on made-up policies near Longhorn's and every hop of the catalogue.

To hunt for more: pytest --hypothesis-profile=hunt tests/test_patch_laws.py
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from near_longhorn import (
    Written,
    installations,
    installations_on_calico,
    installations_on_cilium,
    installations_with_administrators,
)
from patched import HOPS, after, before, installation, texts

from lhmigrate.judging.state import Judged, LegKey, judge_all, key_of
from lhmigrate.judging.transition import Transition
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.editing.patch import Installation, Step
    from lhmigrate.findings.findings import Hop

EITHER = installations() | installations_on_cilium() | installations_on_calico() | installations_with_administrators()

# Each example is patched several times over, so there are fewer of them.
slow = settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def data(one: Installation) -> dict[tuple[str, str], Any]:
    """Its policies by file and name, as PyYAML alone reads them."""
    found: dict[tuple[str, str], Any] = {}
    for file, text in texts(one).items():
        for document in yaml.safe_load_all(text):
            items = document.get("items", [document])
            found |= {(file, item["metadata"]["name"]): item for item in items}
    return found


def left_by_hand(step: Step) -> dict[LegKey, Ports]:
    found: dict[LegKey, Ports] = defaultdict(lambda: NO_PORT)
    for one in step.undone:
        for need in one.needs:
            found[key_of(need.leg)] |= need.ports
    return found


def passing(judged: Judged) -> dict[LegKey, Ports]:
    return {key: leg.ports - verdict.blocked - verdict.unknown for key, (leg, verdict) in judged.items()}


def during(one: Installation, hop: Hop) -> Judged:
    return Transition(one.world(hop), hop).judged_during


def alone(one: Installation, hop: Hop) -> Judged:
    """The new release by itself, once nothing old runs any more."""
    world = one.world(hop)
    policies = world.policies(hop.new)
    return judge_all(world.cluster(policies).legs(hop.new), policies)


@slow
@given(EITHER)
def test_widening_only_adds(written: Written) -> None:
    start = installation(written.files, written.settings)
    step, end = before(start, written.hop)
    old, new = data(start), data(end)
    assert set(old) <= set(new)
    for key, policy in old.items():
        assert only_more(policy, new[key]), step.made
    was, now = passing(during(start, written.hop)), passing(during(end, written.hop))
    assert all(ports <= now[key] for key, ports in was.items())


def only_more(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a policy has no more than new rules, new peers beside others, and new ports beside others."""
    mine, theirs = ({key: value for key, value in one.items() if key != "spec"} for one in (old, new))
    old, new = old["spec"], new["spec"]
    directions = ("ingress", "egress")
    frame = all(old.get(key) == new.get(key) for key in {*old, *new} - {*directions})
    more = more_in_order if "projectcalico.org/" in mine["apiVersion"] else more_rules
    more = more_in_front if "policy.networking.k8s.io/" in mine["apiVersion"] else more
    return mine == theirs and frame and all(more(old.get(key) or [], new.get(key) or []) for key in directions)


def more_rules(old: list[Any], new: list[Any]) -> bool:
    """The old rules are the first ones. None gets a list that it did not have: that would take from everyone."""
    return len(old) <= len(new) and all(
        one.keys() == two.keys() and all(begins_with(one[key], two[key]) for key in one)
        for one, two in zip(old, new, strict=False)
    )


def more_in_order(old: list[Any], new: list[Any]) -> bool:
    """In Calico's policies new rules that allow stand where they count, and the old ones keep their order."""
    waiting = list(old)
    for one in new:
        if waiting and more_in_ends(waiting[0], one):
            waiting.pop(0)
        elif one["action"] != "Allow" or not {"source", "destination"} & one.keys():
            return False
    return not waiting


def more_in_front(old: list[Any], new: list[Any]) -> bool:
    """In an administrator's policies new rules that deny nothing, for somebody, stand in front of one that denies."""
    waiting = list(old)
    for index, one in enumerate(new):
        if waiting and waiting[0] == one:
            waiting.pop(0)
        elif one["action"] == "Deny" or not any(rule["action"] == "Deny" for rule in new[index:]):
            return False
    return not waiting


def more_in_ends(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a rule is the same but for more ports, networks, or pods that its selector means."""
    ends = ("source", "destination")
    if old.keys() != new.keys() or any(old[key] != new[key] for key in old.keys() - {*ends}):
        return False
    for one, two in ((old[key], new[key]) for key in ends if key in old):
        lists = all(begins_with(one[key], two.get(key, [])) for key in one.keys() & {"ports", "nets", "notNets"})
        said = set(one.get("selector", "").split("'")[1::2]) <= set(two.get("selector", "").split("'"))
        if one.keys() != two.keys() or one.get("notNets") != two.get("notNets") or not (lists and said):
            return False
    return True


def begins_with(old: list[Any], new: list[Any]) -> bool:
    """Whether a list of peers or ports grew at its end only; in Cilium's `toPorts`, each of its lists of ports."""
    return len(old) <= len(new) and all(
        one == two or (isinstance(one, dict) and "ports" in one and one["ports"] == two["ports"][: len(one["ports"])])
        for one, two in zip(old, new, strict=False)
    )


@slow
@given(EITHER)
def test_after_widening_nothing_is_newly_cut_but_what_is_left_by_hand(written: Written) -> None:
    start = installation(written.files, written.settings)
    hop = written.hop
    step, end = before(start, hop)
    by_hand = left_by_hand(step)
    mended = during(end, hop)
    for hurt in Transition(start.world(hop), hop).hurts():
        leg, verdict = mended[key_of(hurt.leg)]
        still = (hurt.newly_blocked & verdict.blocked) - by_hand[key_of(leg)]
        assert not still, f"{leg.flow.name}: {still}"


@slow
@given(EITHER)
def test_tightening_never_goes_below_the_new_release(written: Written) -> None:
    start = installation(written.files, written.settings)
    _, end = after(start, written.hop)
    was, now = passing(alone(start, written.hop)), passing(alone(end, written.hop))
    assert all(ports <= now[key] for key, ports in was.items())


@slow
@given(EITHER)
def test_nothing_is_ever_emptied(written: Written) -> None:
    start = installation(written.files, written.settings)
    _, widened = before(start, written.hop)
    _, end = after(widened, written.hop)
    new = data(end)
    for key, policy in data(widened).items():
        for direction in ("ingress", "egress"):
            rules = policy["spec"].get(direction)
            left = new[key]["spec"].get(direction)
            assert bool(rules) == bool(left)
            # Whatever is left of a rule restricts what it restricted.
            assert is_within([restricting(rule) for rule in left or []], [restricting(rule) for rule in rules or []])


def restricting(rule: dict[str, Any]) -> list[str]:
    """The lists of a rule that are not empty, in Calico's those of its ends."""
    nested = [f"{name}.{key}" for name, inner in rule.items() if isinstance(inner, dict) for key in inner if inner[key]]
    return sorted([*(name for name, listed in rule.items() if listed), *nested])


def is_within(some: list[Any], other: list[Any]) -> bool:
    """Whether these stand in that order among the others."""
    rest = iter(other)
    return all(any(one == two for two in rest) for one in some)


@slow
@given(EITHER)
def test_planning_the_result_plans_only_what_was_left_by_hand(written: Written) -> None:
    start = installation(written.files, written.settings)
    step, widened = before(start, written.hop)
    again, same = before(widened, written.hop)
    assert not again.made
    assert not again.changed
    assert texts(same) == texts(widened)
    assert {one.reason for one in again.undone} <= {one.reason for one in step.undone}
    assert all(ports <= left_by_hand(step)[key] for key, ports in left_by_hand(again).items())
    step, tightened = after(widened, written.hop)
    again, same = after(tightened, written.hop)
    assert not again.made
    assert texts(same) == texts(tightened)
    assert [one.reason for one in again.undone] == [one.reason for one in step.undone]


@slow
@given(EITHER)
@pytest.mark.parametrize("phase", [before, after])
def test_a_file_with_carriage_returns_gets_the_same_patch_with_carriage_returns(
    phase: Callable[[Installation, Hop], tuple[Step, Installation]], written: Written
) -> None:
    _, end = phase(installation(written.files, written.settings), written.hop)
    returned = {file: text.replace("\n", "\r\n") for file, text in written.files.items()}
    _, other = phase(installation(returned, written.settings), written.hop)
    assert texts(other) == {file: text.replace("\n", "\r\n") for file, text in texts(end).items()}


NO_RULES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: share-managers, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: share-manager}}
  policyTypes: [Egress]
"""


@pytest.mark.parametrize("text", [NO_RULES, NO_RULES + "  egress: []\n"], ids=["no list", "an empty list"])
def test_a_policy_without_rules_gets_all_that_it_lacks(text: str) -> None:
    """Several edits that each begin the same list."""
    hop = next(hop for hop in HOPS if str(hop.old).startswith("1.3") and str(hop.new).startswith("1.4"))
    step, end = before(installation({"share.yaml": text}), hop)
    assert len(step.made) > 1
    assert not [one for one in step.undone if one.edit]
    [policy] = data(end).values()
    assert len(policy["spec"]["egress"]) == len(step.made)
