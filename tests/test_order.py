"""Policies whose order nothing decides: what is answered for certain holds in every order that they may have."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hard_cases import CLIENT, SERVER, written
from hypothesis import given
from hypothesis import strategies as st

from lhmigrate.errors import Place
from lhmigrate.judging.cluster import Leg
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import Answer, judge
from lhmigrate.longhorn.release import Flow
from lhmigrate.model.labels import EVERYTHING
from lhmigrate.model.peers import EVERYONE
from lhmigrate.model.policy import Action, Direction, Order, Policy, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.judging.verdict import Verdict

PORTS = written("TCP/1-3")
INGRESS = Direction.INGRESS


class Written(NamedTuple):
    """A policy: what it does with each of its ports, in order, and by what names it is sorted."""

    rules: tuple[tuple[Action, int], ...]
    names: tuple[str, ...]
    number: int

    def policy(self, place: int) -> Policy:
        where = Place("p.yaml", place)
        order = Order(self.number, self.names)
        rules = tuple(
            Rule(INGRESS, EVERYONE, written(f"TCP/{port}"), where, action=action, order=order)
            for action, port in self.rules
        )
        return Policy("Policy", str(place), "home", where, EVERYTHING, frozenset({INGRESS}), rules)


def judged(policies: Iterable[Written], port: int) -> Verdict:
    ports = written(f"TCP/{port}")
    leg = Leg(Flow("flow", ("a",), ("b",), ports), "a", "b", ports, (CLIENT,), (SERVER,))
    return judge(leg, Policies(one.policy(place) for place, one in enumerate(policies, 1)))


def orders(policies: list[Written]) -> list[list[Written]]:
    """Every order that they may have: as their names sort in one of the ways, the nameless anywhere among them."""
    ways = min((len(one.names) for one in policies if one.names), default=1)
    possible = []
    for order in permutations(policies):
        numbers = [one.number for one in order]
        sorts = any(
            all(
                earlier.names[way] <= later.names[way]
                for place, earlier in enumerate(order)
                for later in order[place + 1 :]
                if earlier.names and later.names and earlier.number == later.number
            )
            for way in range(ways)
        )
        if numbers == sorted(numbers) and sorts:
            possible.append(list(order))
    return possible


def decided(order: list[Written], port: int) -> bool:
    """Whether a port passes, by the first rule that speaks of it; at the end, nothing does."""
    actions = [action for policy in order for action, spoken_of in policy.rules if spoken_of == port]
    return bool(actions) and actions[0] is not Action.DENY


NAMES = st.sampled_from(["", "ab", "ba", "ac", "ca", "bc", "cb"]).map(tuple)
WRITTEN = st.builds(
    Written,
    st.lists(st.tuples(st.sampled_from(Action), st.integers(1, 3)), min_size=1, max_size=3).map(tuple),
    NAMES,
    st.integers(1, 2),
)


@given(st.lists(WRITTEN, min_size=1, max_size=4, unique_by=lambda one: one.names or id(one)), st.integers(1, 3))
def test_a_certain_answer_holds_in_every_possible_order(policies: list[Written], port: int) -> None:
    outcomes = {decided(order, port) for order in orders(policies)}
    answer = judged(policies, port).answer
    if answer is not Answer.UNKNOWN:
        assert outcomes == {answer is Answer.ALLOWED}


@given(st.lists(WRITTEN, min_size=1, max_size=4, unique_by=lambda one: one.names or id(one)), st.integers(1, 3))
def test_where_one_order_is_possible_nothing_is_unknown(policies: list[Written], port: int) -> None:
    settled = [one._replace(names=(name,)) for one, name in zip(policies, "dbca", strict=False)]
    assert len(orders(settled)) == 1
    assert judged(settled, port).answer is (Answer.ALLOWED if decided(orders(settled)[0], port) else Answer.BLOCKED)


@given(st.lists(WRITTEN, min_size=2, max_size=2, unique_by=lambda one: one.names or id(one)), st.integers(1, 3))
def test_of_two_policies_only_what_both_orders_agree_on_is_known(policies: list[Written], port: int) -> None:
    outcomes = {decided(order, port) for order in orders(policies)}
    assert (judged(policies, port).answer is Answer.UNKNOWN) is (len(outcomes) == 2)


@pytest.mark.parametrize("others", [(), ("x",)])
def test_a_policy_without_a_name_comes_anywhere_among_its_equals(others: tuple[str, ...]) -> None:
    allows = Written(((Action.ALLOW, 1),), (), 5)
    denies = Written(((Action.DENY, 1),), others, 5)
    assert judged([allows, denies], 1).answer is Answer.UNKNOWN
    assert judged([allows, denies._replace(number=6)], 1).answer is Answer.ALLOWED
    assert judged([allows, denies._replace(number=4)], 1).answer is Answer.BLOCKED
