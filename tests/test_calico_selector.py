"""Calico's selector expressions. Each table says where Calico itself says so.

"parser_test" is projectcalico/calico, libcalico-go/lib/selector/parser/parser_test.go, "tokenizer_test" the file of
that name in tokenizer/, "reference" the page "Global network policy" (Selectors) of Calico's documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import knowledge, objects, possible

from lhmigrate.dialects.calico_selector import LONGEST, SelectorError, parse, read_expression
from lhmigrate.errors import Unreadable
from lhmigrate.files.yamltext import parse as parse_yaml
from lhmigrate.files.yamltext import pieces
from lhmigrate.model.labels import EVERYTHING, NOTHING, Labels, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

NO, MAYBE, YES = Match.NO, Match.MAYBE, Match.YES
WITHOUT: Mapping[str, str] = {}


@pytest.mark.parametrize(
    ("expression", "matches", "misses"),
    [
        # parser_test, selectorTests; reference, "Selectors".
        ("a == 'x'", [{"a": "x"}, {"a": "x", "b": "y"}], [WITHOUT, {"a": "y"}, {"b": "x"}]),
        ("a != 'x'", [WITHOUT, {"a": "y"}, {"b": "x"}], [{"a": "x"}]),
        ("a in {'x', 'y'}", [{"a": "x"}, {"a": "y"}], [WITHOUT, {"a": "z"}]),
        ("a not in {'x', 'y'}", [WITHOUT, {"a": "z"}], [{"a": "x"}, {"a": "y"}]),
        ("has(a)", [{"a": "x"}, {"a": ""}], [WITHOUT, {"b": "x"}]),
        ("!has(a)", [WITHOUT, {"b": "x"}], [{"a": "x"}]),
        ("a contains 'el'", [{"a": "el"}, {"a": "hello"}], [WITHOUT, {"a": "le"}, {"b": "hello"}]),
        ("a starts with 'he'", [{"a": "he"}, {"a": "hello"}], [WITHOUT, {"a": "she"}]),
        ("a ends with 'lo'", [{"a": "lo"}, {"a": "hello"}], [WITHOUT, {"a": "low"}]),
        ("all()", [WITHOUT, {"a": "x"}], []),
        ("!all()", [], [WITHOUT, {"a": "x"}]),
        ("global()", [WITHOUT, {"a": "x"}], []),
        ("", [WITHOUT, {"a": "x"}], []),
        (" \t", [WITHOUT, {"a": "x"}], []),
        ("a == 'x' && b == 'y'", [{"a": "x", "b": "y"}], [{"a": "x"}, {"b": "y"}, {"a": "x", "b": "x"}]),
        ("a == 'x' || b == 'y'", [{"a": "x"}, {"b": "y"}, {"a": "x", "b": "y"}], [WITHOUT, {"a": "y", "b": "x"}]),
        # A negation takes what comes right after it, and matches an object without the key.
        ("!a == 'x'", [WITHOUT, {"a": "y"}], [{"a": "x"}]),
        ("!a contains 'x'", [WITHOUT, {"a": "y"}], [{"a": "xx"}]),
        ("!a starts with 'x'", [WITHOUT, {"a": "yx"}], [{"a": "xy"}]),
        ("!a ends with 'x'", [WITHOUT, {"a": "xy"}], [{"a": "yx"}]),
        ("!a == 'x' && b == 'y'", [{"b": "y"}, {"a": "y", "b": "y"}], [WITHOUT, {"a": "x", "b": "y"}, {"a": "x"}]),
        ("!!has(a)", [{"a": "x"}], [WITHOUT]),
        ("!! ! has(a)", [WITHOUT], [{"a": "x"}]),
        ("!(!has(a) || has(b))", [{"a": "x"}], [WITHOUT, {"b": "x"}, {"a": "x", "b": "x"}]),
        # && binds closer than ||.
        ("has(a) || has(b) && has(c)", [{"a": "x"}, {"b": "x", "c": "x"}], [{"b": "x"}, {"c": "x"}]),
        ("(has(a) || has(b)) && has(c)", [{"a": "x", "c": "x"}, {"b": "x", "c": "x"}], [{"a": "x"}, {"c": "x"}]),
        # A quote of the one kind may stand within quotes of the other.
        ("a in {\"'\", '\"'}", [{"a": "'"}, {"a": '"'}], [WITHOUT, {"a": "x"}]),
        # tokenizer_test: words without blanks, labels named like operators, prefixes with several slashes.
        ("a notin{'x'}&&!has(b)", [WITHOUT, {"a": "y"}], [{"a": "x"}, {"b": "x"}]),
        ("a startswith 'x' || a endswith\"y\"", [{"a": "xz"}, {"a": "zy"}], [WITHOUT, {"a": "yx"}]),
        ("contains contains 'contains'", [{"contains": "contains"}], [WITHOUT]),
        ("in in {'in'}", [{"in": "in"}], [WITHOUT]),
        ("all == 'x' || has == 'x'", [{"all": "x"}, {"has": "x"}], [WITHOUT]),
        ("has( calico/k8s_NS-.1/role )", [{"calico/k8s_NS-.1/role": ""}], [WITHOUT]),
        # parser.go: an empty set holds nothing, and a comma may stand after the last value.
        ("a in {}", [], [WITHOUT, {"a": "x"}]),
        ("a not in {}", [WITHOUT, {"a": "x"}], []),
        ("a in {'x',}", [{"a": "x"}], [{"a": "y"}]),
        ("a contains ''", [{"a": "x"}, {"a": ""}], [WITHOUT]),
        ("a == ''", [{"a": ""}], [WITHOUT, {"a": "x"}]),
    ],
)
def test_what_an_expression_matches(
    expression: str, matches: list[dict[str, str]], misses: list[dict[str, str]]
) -> None:
    selector = parse(expression)
    assert [selector.matches(Labels(one)) for one in matches] == [YES] * len(matches)
    assert [selector.matches(Labels(one)) for one in misses] == [NO] * len(misses)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        # parser_test, badSelectors, and tokenizer_test, the entries that give no tokens.
        ("a", "at its end, after a, one of ==, !=, in, not in, contains, starts with and ends with is expected"),
        ("a b", "at character 3, after a, one of"),
        ("a = 'x'", "at character 3, after a, one of"),
        ("a == b", "at character 6, a value in quotes is expected"),
        ("'x' == a", "at character 1, a label's name, has(label), all() or ( is expected"),
        ("a == 'x", "at character 6, a value in quotes is expected"),
        ("a == \"x'", "at character 6, a value in quotes is expected"),
        ("a starts foo 'x'", "at character 3, after a, one of"),
        ("a ends withs 'x'", "at character 3, after a, one of"),
        ("a inf 'x'", "at character 3, after a, one of"),
        ("a in 'x'", "at character 6, values in braces are expected"),
        ("a in {'x' 'y'}", "at character 11, a closing } is missing"),
        ("a in {,}", "at character 7, a value in quotes is expected"),
        ("a in {'x', ||", "at character 12, a value in quotes is expected"),
        ("has()", "at character 4, after has, one of"),
        ("has(a", "at character 4, after has, one of"),
        ("has (a)", "at character 5, after has, one of"),
        ("all(", "at character 4, after all, one of"),
        ("!", "at its end, a label's name"),
        ("()", "at character 2, a label's name"),
        (")", "at character 1, a label's name"),
        ("(a == 'x'", "at its end, a closing ) is missing"),
        ("a == 'x')", "at character 9, && or || is expected"),
        ("a == 'x' &", "at character 10, && or || is expected"),
        ("a == 'x' | has(b)", "at character 10, && or || is expected"),
        ("a == 'x' &&", "at its end, a label's name"),
        ("a == 'x' || %", "at character 13, a label's name"),
        ("a == 'x', b == 'y'", "at character 9, && or || is expected"),
        # tokenizer.go, trimWhitespace: only blanks and tabs are skipped.
        ("a == 'x'\n", "at character 9, && or || is expected"),
        ("a" * 513 + " == 'x'", "at character 1, the label's name is longer than 512 characters"),
    ],
)
def test_what_calico_refuses(expression: str, complaint: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse(expression)
    assert str(caught.value).startswith(complaint)


def test_a_label_may_have_512_characters() -> None:
    """tokenizer_test, the entry with strings.Repeat("a", 512)."""
    assert parse("a" * 512 + " == 'x'").label_keys() == {"a" * 512}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("all()", "everything"),
        ("!all()", "nothing"),
        ("a == 'x' && has(b) && !has(c)", "a=x, b, !c"),
        ("a in {'y', 'x'}", "a in (x, y)"),
        ("a == 'x' || a == 'y' || a in {'z'}", "a in (x, y, z)"),
        ("a == 'x' || b == 'y'", "a=x or b=y"),
        ("(a == 'x' || b == 'y') && c != 'z'", "c not in (z), (a=x or b=y)"),
        ("!(a == 'x' && b == 'y')", "a not in (x) or b not in (y)"),
        ("a contains 'x' && b starts with 'y' && c ends with 'z'", "a contains x, b starts with y, c ends with z"),
        ("!a contains 'x' && !b starts with 'y'", "a does not contain x, b does not start with y"),
        ("a == 'x' || all()", "everything"),
        ("a == 'x' || a == 'x'", "a=x"),
        ("a == 'x' && a == 'x'", "a=x"),
    ],
)
def test_an_expression_in_words(expression: str, words: str) -> None:
    assert str(parse(expression)) == words


def test_labels_that_everything_it_matches_must_carry() -> None:
    assert parse("a == 'x' && (b == 'y' || c == 'z') && d in {'1', '2'}").implied() == {"a": "x"}


# ---------------------------------------------------------------------------------------------------
# Fields of a policy, as strangers write them.


def field(text: str) -> object:
    (node,) = parse_yaml(next(iter(pieces(text, "policy.yaml"))))
    return read_expression(node, "selector")


def test_a_complaint_names_the_place() -> None:
    with pytest.raises(Unreadable) as caught:
        field("\n  'a = 1'")
    assert str(caught.value) == (
        "policy.yaml:2:3: selector is no selector that Calico reads: at character 3, after a, one of ==, !=, in, "
        "not in, contains, starts with and ends with is expected"
    )


def test_a_number_is_no_expression() -> None:
    with pytest.raises(Unreadable, match=r"policy.yaml:1:1: selector must be a string, and 5 is a number"):
        field("5")


def test_a_long_expression_is_refused() -> None:
    """api/pkg/apis/projectcalico/v3/policy_common.go: every selector has MaxLength 1024."""
    longest = "has(a)" + " " * (LONGEST - 6)
    assert str(field(f"'{longest}'")) == "a"
    with pytest.raises(Unreadable, match="longer than 1024 characters"):
        field(f"'{longest} '")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 508 + "has(a)" + ")" * 508,
        "!(" * 339 + "has(a)" + ")" * 339,
        "!" * 1018 + "has(a)",
        "has(a)&&(!has(b)||!(" * 45 + "has(c)" + "))" * 45,
        "a=='1'||" * 127 + "a=='1'",
        "!(a=='1'&&" * 80 + "a=='1'" + ")" * 80,
    ],
)
def test_no_nesting_is_too_deep(expression: str) -> None:
    assert len(expression) <= LONGEST
    selector = parse(expression)
    assert selector.matches(Labels({"a": "1"})) is not MAYBE
    assert str(selector.negated().negated())


def test_no_unfinished_nesting_is_too_deep() -> None:
    with pytest.raises(SelectorError, match="at its end, a label's name"):
        parse("(" * LONGEST)


@given(st.text(alphabet="ab ='\"!&|(){},inhasnotl\t\n", max_size=40))
def test_any_text_is_an_expression_or_a_complaint(text: str) -> None:
    try:
        selector = parse(text)
    except SelectorError:
        return
    assert selector.matches(Labels()) is not MAYBE


# ---------------------------------------------------------------------------------------------------
# An evaluator that knows nothing of ours: it takes expressions apart as nested tuples and never sees their text.

Tree = tuple[Any, ...]
OBJECTS = objects(["a", "b"], ["x", "xy", "yx"])
VALUES = st.sampled_from(["x", "y", "xy", "yx", ""])
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["==", "!=", "contains", "starts with", "ends with"]), st.sampled_from("ab"), VALUES),
    st.tuples(st.sampled_from(["in", "not in"]), st.sampled_from("ab"), st.lists(VALUES, max_size=2)),
    st.tuples(st.just("has"), st.sampled_from("ab")),
    st.tuples(st.sampled_from(["all", "global"])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.tuples(st.just("!"), inner), st.tuples(st.sampled_from(["&&", "||"]), inner, inner)),
    max_leaves=8,
)


def holds(tree: Tree, labels: Mapping[str, str]) -> bool:
    """What a tree means for labels that are all known."""
    match tree:
        case ("all" | "global",):
            return True
        case ("!", inner):
            return not holds(inner, labels)
        case ("&&", one, other):
            return holds(one, labels) and holds(other, labels)
        case ("||", one, other):
            return holds(one, labels) or holds(other, labels)
        case ("has", key):
            return key in labels
        case (operator, key, wanted):
            return compares(operator, labels.get(key), wanted)
    raise AssertionError(tree)


def compares(operator: str, found: str | None, wanted: Any) -> bool:  # noqa: ANN401 - a value or several
    """A comparison; nothing found where there is no such label."""
    if operator in {"!=", "not in"}:
        return found is None or not compares({"!=": "==", "not in": "in"}[operator], found, wanted)
    if found is None:
        return False
    if operator == "starts with":
        return found[: len(wanted)] == str(wanted)
    if operator == "ends with":
        return found[max(len(found) - len(wanted), 0) :] == str(wanted)
    if operator == "contains":
        return str(wanted) in found
    return found == wanted if operator == "==" else found in wanted


@st.composite
def written(draw: st.DrawFn, tree: Tree) -> str:
    """A tree as an expression: with more or fewer parentheses, blanks, and either kind of quotes."""
    blank = draw(st.sampled_from(["", " ", "\t "]))
    quote = draw(st.sampled_from("'\""))
    match tree:
        case ("all" | "global",):
            return f"{tree[0]}({blank})"
        case ("has", key):
            return f"has({blank}{key}{blank})"
        case ("!", inner):
            return f"!{blank}({draw(written(inner))})"
        case ("&&", one, other):
            return f"({draw(written(one))}){blank}&&{blank}({draw(written(other))})"
        case ("||", one, other):
            return f"{draw(written(one))}{blank}||{blank}{draw(written(other))}"
        case ("in" | "not in" as operator, key, values):
            inside = f"{blank},{blank}".join(f"{quote}{value}{quote}" for value in values)
            return f"{key} {operator}{blank}{{{inside}}}"
        case (operator, key, value):
            gap = " " if operator[0].isalpha() else blank
            return f"{key}{gap}{operator}{blank}{quote}{value}{quote}"
    raise AssertionError(tree)


@given(st.data(), TREES, st.sampled_from(OBJECTS))
def test_everything_known_is_judged_as_an_independent_evaluator_does(
    data: st.DataObject,
    tree: Tree,
    labels: dict[str, str],
) -> None:
    selector = parse(data.draw(written(tree)))
    assert selector.matches(Labels(labels)) is (YES if holds(tree, labels) else NO)
    assert selector.negated().matches(Labels(labels)) is (NO if holds(tree, labels) else YES)


@given(st.data(), TREES, knowledge(OBJECTS))
def test_what_is_answered_for_certain_holds_however_the_unknown_turns_out(
    data: st.DataObject,
    tree: Tree,
    labels: Labels,
) -> None:
    answer = parse(data.draw(written(tree))).matches(labels)
    outcomes = {YES if holds(tree, one.known) else NO for one in possible(labels, OBJECTS)}
    assert answer is MAYBE or outcomes == {answer}


def test_a_negated_unknown_stays_unknown() -> None:
    for labels in (Labels({}, frozenset({"a"})), Labels(complete=False)):
        for expression in ("a == 'x'", "a != 'x'", "!a == 'x'", "!(a == 'x')", "!a contains 'x'", "a not in {'x'}"):
            assert parse(expression).matches(labels) is MAYBE


def test_everything_and_nothing_are_each_others_opposites() -> None:
    assert EVERYTHING.negated() == NOTHING
    assert NOTHING.negated() == EVERYTHING
