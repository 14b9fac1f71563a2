"""Selectors over labels, known and unknown."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import knowledge, objects, possible

from lhmigrate.model.labels import EVERYTHING, NOTHING_KNOWN, Labels, Match, Operator, Requirement, Selector

KNOWN = Labels({"app": "web", "tier": ""})
VARYING = Labels({}, frozenset({"app"}))
NO, MAYBE, YES = Match.NO, Match.MAYBE, Match.YES


def requirement(text: str) -> Requirement:
    key, operator, *values = text.split()
    return Requirement(key, Operator(operator), frozenset(values))


@pytest.mark.parametrize(
    ("line", "known", "absent", "varying", "unknown"),
    [
        ("app In web", YES, NO, MAYBE, MAYBE),
        ("app In db web", YES, NO, MAYBE, MAYBE),
        ("app In db", NO, NO, MAYBE, MAYBE),
        ("app NotIn web", NO, YES, MAYBE, MAYBE),
        ("app NotIn db", YES, YES, MAYBE, MAYBE),
        ("app Exists", YES, NO, YES, MAYBE),
        ("app DoesNotExist", NO, YES, NO, MAYBE),
    ],
)
def test_one_line(line: str, known: Match, absent: Match, varying: Match, unknown: Match) -> None:
    answers = [requirement(line).matches(labels) for labels in (KNOWN, Labels(), VARYING, NOTHING_KNOWN)]
    assert answers == [known, absent, varying, unknown]


def test_an_empty_value_is_a_value() -> None:
    assert requirement("tier Exists").matches(KNOWN) is YES
    assert Requirement("tier", Operator.IN, frozenset({""})).matches(KNOWN) is YES
    assert Requirement("team", Operator.IN, frozenset({""})).matches(KNOWN) is NO


def test_no_line_matches_everything() -> None:
    for labels in (KNOWN, Labels(), VARYING, NOTHING_KNOWN):
        assert EVERYTHING.matches(labels) is YES


@pytest.mark.parametrize(("one", "other"), list(product(Match, repeat=2)))
def test_lines_must_hold_together(one: Match, other: Match) -> None:
    line = {YES: "app Exists", NO: "app DoesNotExist", MAYBE: "app In web"}
    selector = Selector((requirement(line[one]), requirement(line[other])))
    assert selector.matches(VARYING) is min(one, other)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "everything"),
        (["app In web"], "app=web"),
        (["app In web db"], "app in (db, web)"),
        (["app NotIn web db"], "app not in (db, web)"),
        (["app NotIn web"], "app not in (web)"),
        (["app Exists"], "app"),
        (["app DoesNotExist"], "!app"),
        (["b In 1", "a Exists"], "b=1, a"),
    ],
)
def test_a_selector_in_words(lines: list[str], words: str) -> None:
    assert str(Selector(tuple(requirement(line) for line in lines))) == words


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ([], {}),
        (["app In web"], {"app": "web"}),
        (["app In web", "tier In back", "team Exists"], {"app": "web", "tier": "back"}),
        (["app In web db"], {}),
        (["app NotIn web"], {}),
        (["app DoesNotExist"], {}),
    ],
)
def test_the_labels_that_everything_it_matches_must_carry(lines: list[str], labels: dict[str, str]) -> None:
    assert Selector(tuple(requirement(line) for line in lines)).implied() == labels


# ---------------------------------------------------------------------------------------------------
# What we answer is what every object that we may have before us agrees on.

OBJECTS = objects(["a", "b", "c"], ["x", "y", "z"])
LINES = st.builds(
    Requirement,
    st.sampled_from("abc"),
    st.sampled_from([Operator.IN, Operator.NOT_IN]),
    st.frozensets(st.sampled_from(["x", "y"]), min_size=1),
) | st.builds(Requirement, st.sampled_from("abc"), st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST]))


@given(knowledge(OBJECTS), LINES)
def test_one_line_is_unknown_only_where_it_could_turn_out_either_way(labels: Labels, line: Requirement) -> None:
    answers = {line.matches(one) for one in possible(labels, OBJECTS)}
    assert line.matches(labels) is (answers.pop() if len(answers) == 1 else MAYBE)


@given(knowledge(OBJECTS), st.lists(LINES, max_size=3))
def test_a_selector_never_answers_what_knowing_more_would_take_back(labels: Labels, lines: list[Requirement]) -> None:
    selector = Selector(tuple(lines))
    for one in possible(labels, OBJECTS):
        assert selector.matches(one) is not MAYBE
        assert selector.matches(labels) in {selector.matches(one), MAYBE}


@given(st.sampled_from(OBJECTS), LINES)
def test_each_operator_means_the_opposite_of_another(labels: dict[str, str], line: Requirement) -> None:
    opposite = {
        Operator.IN: Operator.NOT_IN,
        Operator.NOT_IN: Operator.IN,
        Operator.EXISTS: Operator.DOES_NOT_EXIST,
        Operator.DOES_NOT_EXIST: Operator.EXISTS,
    }
    against = replace(line, operator=opposite[line.operator])
    assert {line.matches(Labels(labels)), against.matches(Labels(labels))} == {YES, NO}
