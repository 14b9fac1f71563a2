"""The proof of an edit: whatever is wrong with one, it has to notice. And what an edit may meet on its way."""

from __future__ import annotations

import pytest

from lhmigrate.files.yamltext import Mapping, Node, parse, pieces
from lhmigrate.yamledit import Append, CannotEdit, Data, Op, Put, Remove, Replace, Splice, apply, changed, edit
from lhmigrate.yamledit.proof import prove, same

OLD = """\
# first
a: 1 # one
b: [x]
---
c: 3
"""


def roots(text: str) -> list[Node]:
    return [root for piece in pieces(text, "f.yaml") for root in parse(piece)]


def splice(old: str, new: str, text: str = OLD) -> Splice:
    """The splice that puts one piece of text in the place of another."""
    return Splice(text.index(old), text.index(old) + len(old), new)


WANTED: Data = {"a": 1, "b": ["x", "z"]}
RIGHT = splice("[x]", "[x, z]")


def test_what_is_right_passes() -> None:
    prove(OLD, apply(OLD, [RIGHT]), [RIGHT], [(roots(OLD)[0], WANTED)])


@pytest.mark.parametrize(
    ("splices", "problem"),
    [
        pytest.param([], "reads as intended", id="nothing was done"),
        pytest.param([splice("[x]", "[x, w]")], "reads as intended", id="something else was done"),
        pytest.param([splice("[x]", "[x, z"), splice("3", "3]")], "reads as intended", id="it is no YAML any more"),
        pytest.param([splice("a: 1", 'a: "1"'), RIGHT], "reads as intended", id="a number became a string"),
        pytest.param([splice("a: 1", "a: 1.0"), RIGHT], "reads as intended", id="a number became another kind"),
        pytest.param([splice("a: 1", "a: true"), RIGHT], "reads as intended", id="a number became a boolean"),
        pytest.param([splice("# one", "e: 2"), RIGHT], "reads as intended", id="a comment became data"),
        pytest.param([splice("# one", "# two"), RIGHT], "loss of comments", id="a comment was changed"),
        pytest.param([splice("1 # one", "1"), RIGHT], "loss of comments", id="a comment was lost"),
        pytest.param([splice("# first\n", "# first "), RIGHT], "reads as intended", id="data became a comment"),
        pytest.param([RIGHT, splice("c: 3", "c: 4")], "elsewhere", id="another document was changed"),
        pytest.param([RIGHT, splice("c: 3", "c: 3 # three")], "elsewhere", id="another document has a new comment"),
        pytest.param([RIGHT, splice("---\n", "")], "reads as intended", id="two documents became one"),
        pytest.param([RIGHT, splice("---\n", "---\n---\n")], "elsewhere", id="there is one document more"),
        pytest.param([RIGHT, splice("---\nc: 3\n", "")], "elsewhere", id="a document is gone"),
    ],
)
def test_what_is_wrong_is_noticed(splices: list[Splice], problem: str) -> None:
    with pytest.raises(CannotEdit, match=problem):
        prove(OLD, apply(OLD, splices), splices, [(roots(OLD)[0], WANTED)])


@pytest.mark.parametrize("change", [("# first", "# fist"), ("\n\n", "\n"), ("c: 3\n", "c: 3")])
def test_a_change_that_no_splice_tells_of_is_noticed(change: tuple[str, str]) -> None:
    text = OLD.replace("---", "\n---")
    one = splice("[x]", "[x, z]", text)
    with pytest.raises(CannotEdit, match="elsewhere"):
        prove(text, apply(text, [one]).replace(*change), [one], [(roots(text)[0], WANTED)])


def test_json_that_is_only_yaml_is_noticed() -> None:
    text = '{"a": [1]}'
    one = splice("[1]", "[1, 'x']", text)
    with pytest.raises(CannotEdit, match="would not be JSON any more"):
        prove(text, apply(text, [one]), [one], [(roots(text)[0], {"a": [1, "x"]})])


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), ("1", 1), (None, ""), ([], {}), ([1], [1, 1]), ({"a": 1}, {"a": 1, "b": None}), (0, False)],
)
def test_what_is_not_the_same(one: Data, other: Data) -> None:
    assert not same(one, other)
    assert not same([{"a": one}], [{"a": other}])
    assert same([{"a": one}], [{"a": one}])


def test_not_a_number_is_the_same_as_itself() -> None:
    assert same([float("nan")], [float("nan")])


# ---------------------------------------------------------------------------------------------------
# What is to be, in data alone.


@pytest.mark.parametrize(
    ("ops", "result"),
    [
        pytest.param([Append(("a",), (3,))], {"a": [1, 2, 3], "b": None}, id="an item more"),
        pytest.param([Remove(("a", 0)), Append(("a",), (3,))], {"a": [2, 3], "b": None}, id="one more and one less"),
        pytest.param([Put((), "b", {"c": 1})], {"a": [1, 2], "b": {"c": 1}}, id="a value for null"),
        pytest.param([Put(("b",), "c", 1)], {"a": [1, 2], "b": {"c": 1}}, id="a key for null"),
        pytest.param([Replace(("a", 1), "x"), Remove(("b",))], {"a": [1, "x"]}, id="a scalar for another"),
        pytest.param([], {"a": [1, 2], "b": None}, id="nothing"),
    ],
)
def test_changed_data(ops: list[Op], result: Data) -> None:
    before = {"a": [1, 2], "b": None}
    assert changed(before, ops) == result
    assert before == {"a": [1, 2], "b": None}


@pytest.mark.parametrize(
    "ops",
    [
        pytest.param([Append((), (1,))], id="an item for a mapping"),
        pytest.param([Append(("x",), (1,))], id="no such key"),
        pytest.param([Append(("a", 2, "b"), (1,))], id="no such item"),
        pytest.param([Put((), "a", 1)], id="a key that has a value"),
        pytest.param([Put(("a",), "a", 1)], id="a key for a list"),
        pytest.param([Put((), "c", 1), Put((), "c", 2)], id="a key twice"),
        pytest.param([Remove(("a", 0)), Remove(("a", 1))], id="all items"),
        pytest.param([Remove(("a",)), Append(("a",), (1,))], id="changed and removed"),
        pytest.param([Remove(("a",)), Remove(("b",))], id="all keys"),
        pytest.param([Replace(("a",), 1)], id="a scalar for a list"),
    ],
)
def test_data_that_cannot_be_changed_like_this(ops: list[Op]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        changed({"a": [1, 2], "b": None}, ops)
    text = "a: [1, 2]\nb:\n"
    with pytest.raises(CannotEdit):
        edit(text, [(roots(text)[0], ops)])


# ---------------------------------------------------------------------------------------------------
# Deep and wide.

DEEP = 195


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n".join(" " * depth + "a:" for depth in range(DEEP)) + "\n" + " " * DEEP + "a: 1\n", id="block"),
        pytest.param(
            "x: &x 1\n"
            + "\n".join(" " * depth + "a:" for depth in range(DEEP))
            + "\n"
            + " " * DEEP
            + "a: 1\n"
            + "".join(" " * (DEEP - 1 - depth) + "b: *x\n" for depth in range(DEEP)),
            id="an alias at every end",
        ),
        pytest.param('{"a":' * DEEP + '{"a":1}' + "}" * DEEP, id="JSON"),
    ],
)
def test_depth_is_no_problem(text: str) -> None:
    root = roots(text)[0]
    edited = edit(text, [(root, [Put(("a",) * DEEP, "b", [1]), Put((), "c", [{"d": 1}])])])
    assert len(edited.new) > len(text)
    now = roots(edited.new)[0]
    assert isinstance(now, Mapping)
    assert edit(edited.new, [(now, [Remove(("c",)), Remove((*("a",) * DEEP, "b"))])]).new == text
