"""Fields of objects: what their scalars are to Kubernetes, and what is said where they are something else."""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import Fields, Value, absent, items, kind_of, node_of, plain, scalar, string
from lhmigrate.files.yamltext import Mapping, Scalar, Sequence, parse, pieces

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node


def node(text: str) -> Node:
    [piece] = pieces(text, "f.yaml")
    [root] = parse(piece)
    return root


def value_of(text: str) -> Value:
    root = node(f"- {text}")
    assert isinstance(root, Sequence)
    [item] = root.items
    assert isinstance(item, Scalar)
    return scalar(item)


def complaint(text: str) -> str:
    """What is said about an object whose labels are asked for."""
    root = node(text)
    with pytest.raises(Unreadable) as raised:
        Fields(root, "thing").strings("labels")
    return str(raised.value.problem)


# ---------------------------------------------------------------------------------------------------
# Scalars. Each row was held against what sigs.k8s.io/yaml 1.4 makes of it.


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        ("y Y yes Yes YES on On ON true True TRUE", True),
        ("n N no No NO off Off OFF false False FALSE", False),
        ("~ null Null NULL", None),
        ("31 +31 0x1F 0X1f 0o37 0O37 037 0b11111 0B11111 3_1 3__1 31_ 0x_1F", 31),
        ("-31 -0x1F -037 -0b11111", -31),
        ("7 07 007 0o7 0_7", 7),
        ("0 00 -0 +0 0_", 0),
        ("9223372036854775807", 2**63 - 1),
        ("1.5 1.50 +1.5 15e-1 1.5E0 1_.5", 1.5),
        (".5 0.5 0_.5 .5e0", 0.5),
        ("8. 8.0 08 8e0 0_8 80E-1", 8.0),
    ],
)
def test_what_a_plain_scalar_is(texts: str, value: Value) -> None:
    for text in texts.split():
        found = value_of(text)
        assert (found, type(found)) == (value, type(value)), text


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "tRUE",
        "nULL",
        "Yess",
        "0o",
        "0x",
        "0b",
        "0b2",
        "0b_",
        "0o8",
        "0xG",
        "+",
        "..",
        ".",
        "_1",
        "--1",
        "1e",
        "1.2.3",
        "v1.2",
        "10.0.0.0/8",
        "2024-01-31",
        "2024-01-31T12:30:45Z",
        "12:30:45",
        "1:20",
        "=",
        "<<",
        "7e58912",
        "1e999",
        "+.nan",
        ".Nan",
        ".iNf",
        "é",
        "\u0661\u0662",
        "9" * 5000 + "x",
    ],
)
def test_what_stays_a_string(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize("text", [".inf", ".Inf", ".INF", "+.inf", "-.INF"])
def test_what_is_infinite(text: str) -> None:
    found = value_of(text)
    assert isinstance(found, float)
    assert isinf(found)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_what_is_no_number(text: str) -> None:
    found = value_of(text)
    assert isinstance(found, float)
    assert isnan(found)


def test_a_number_may_be_as_long_as_it_likes() -> None:
    assert isinstance(value_of("9" * 300), float)
    assert value_of("9" * 5000) == "9" * 5000
    assert value_of("0" * 5000 + "7") == 7
    assert value_of("0b" + "0" * 5000 + "1") == 1


@pytest.mark.parametrize("text", ["yes", "31", "0x1F", "null", "1.5", "~"])
@pytest.mark.parametrize("quotes", ["'{}'", '"{}"', "!!str {}", "! {}"])
def test_what_is_quoted_is_a_string(text: str, quotes: str) -> None:
    assert value_of(quotes.format(text)) == text


@given(st.text("0123456789abefnoxyNOBXEL+-._:~", min_size=1, max_size=8))
def test_every_scalar_is_something(text: str) -> None:
    made = Scalar("f.yaml", 1, 1, 0, len(text), text, quoted=False)
    assert kind_of(made) in {"a string", "a number", "a boolean", "nothing"}
    assert absent(made) is (scalar(made) is None)


# ---------------------------------------------------------------------------------------------------
# Objects.


def test_fields_by_their_kinds() -> None:
    fields = Fields(node("name: a\nports: [1, 2]\nlabels: {b: c}\nempty: []\nnothing:\ntilde: ~\n"), "thing")
    assert fields.string("name") == "a"
    assert [plain(item) for item in fields.items("ports") or ()] == [1, 2]
    assert fields.strings("labels") == {"b": "c"}
    assert fields.items("empty") == []
    assert fields.items("nothing") is None
    assert fields.items("missing") is None
    assert fields.fields("tilde") is None
    assert fields.strings("missing") == {}
    assert fields.string("nothing") is None


def test_what_nobody_asked_for_is_left() -> None:
    fields = Fields(node("a: 1\nb: 2\nc: 3\nd:\n"), "thing")
    fields.get("a")
    fields.get("missing")
    fields.get("d")
    assert [(str(key.place), plain(key)) for key in fields.rest()] == [("f.yaml:2:1", "b"), ("f.yaml:3:1", "c")]
    assert [name for name, _ in fields.all()] == ["a", "b", "c", "d"]
    assert fields.rest() == []


def test_a_field_that_must_be_there() -> None:
    with pytest.raises(Unreadable) as raised:
        Fields(node("a:\n  b: 1\n"), "thing").need("c")
    assert str(raised.value.problem) == "f.yaml:1:1: thing has no c"
    with pytest.raises(Unreadable):
        Fields(node("c: null\n"), "thing").need("c")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("labels: [a]", "f.yaml:1:9: labels must be an object, not a list"),
        ("labels: a", "f.yaml:1:9: labels must be an object, not a string"),
        ("labels: 7", "f.yaml:1:9: labels must be an object, not a number"),
        ("labels: no", "f.yaml:1:9: labels must be an object, not a boolean"),
        ("labels: {a: {}}", "f.yaml:1:13: labels.a must be a string, not an object"),
        ("labels: {a: []}", "f.yaml:1:13: labels.a must be a string, not a list"),
        ("labels: {a: 1.50}", "f.yaml:1:13: labels.a must be a string, and 1.50 is a number; put it in quotes"),
        ("labels: {a: off}", "f.yaml:1:13: labels.a must be a string, and off is a boolean; put it in quotes"),
        ("labels: {a: ~}", "f.yaml:1:13: labels.a must be a string, not nothing"),
        ("labels: {8: a}", "f.yaml:1:10: a key of labels must be a string, and 8 is a number; put it in quotes"),
        ("labels: {[a]: b}", "f.yaml:1:10: a key must be a string"),
        ("labels: {{a: b}: c}", "f.yaml:1:10: a key must be a string"),
        ("[labels]", "f.yaml:1:1: thing must be an object, not a list"),
        ("labels", "f.yaml:1:1: thing must be an object, not a string"),
        ("labels: {a: b, a: c}", "f.yaml:1:16: the key 'a' stands here twice, first in line 1"),
        ("labels:\n  a: b\n  'a': c", "f.yaml:3:3: the key 'a' stands here twice, first in line 2"),
        ("labels: {}\nlabels: {}", "f.yaml:2:1: the key 'labels' stands here twice, first in line 1"),
        ("labels: {<<: a}", "f.yaml:1:14: a merge key (<<) must name an object"),
        ("labels: {<<: [{}, [a]]}", "f.yaml:1:19: a merge key (<<) must name an object"),
        ("labels: {<<: {}, <<: {}}", "f.yaml:1:18: the key '<<' stands here twice, first in line 1"),
    ],
)
def test_what_is_said_of_an_object_that_is_wrong(text: str, problem: str) -> None:
    assert complaint(text) == problem


@pytest.mark.parametrize("what", ["a: [b]", "a: {b: c}", "a: 1", "a: yes", "a:"])
def test_a_string_is_wanted(what: str) -> None:
    root = node(what)
    assert isinstance(root, Mapping)
    with pytest.raises(Unreadable, match="it must be a string"):
        string(root.pairs[0][1], "it")


@pytest.mark.parametrize("what", ["a: b", "a: {b: c}", "a: 1", "a:"])
def test_a_list_is_wanted(what: str) -> None:
    root = node(what)
    assert isinstance(root, Mapping)
    with pytest.raises(Unreadable, match="they must be a list"):
        items(root.pairs[0][1], "they")


# ---------------------------------------------------------------------------------------------------
# Merge keys, as the tools that apply manifests agree on them.


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("<<: {a: 1}\nb: 2", {"a": 1, "b": 2}, id="what is merged is there"),
        pytest.param("b: 2\n<<: {a: 1}", {"a": 1, "b": 2}, id="wherever the merge key stands"),
        pytest.param("<<: {a: 1}\na: 2", {"a": 2}, id="an object's own key wins"),
        pytest.param("<<: [{a: 1}, {a: 2, b: 3}]", {"a": 1, "b": 3}, id="of several the first wins"),
        pytest.param("<<: [{<<: {a: 1}}, {a: 2}]", {"a": 1}, id="even by what it merges itself"),
        pytest.param("<<: {<<: {a: 1}, b: 2}\nc: 3", {"a": 1, "b": 2, "c": 3}, id="merged objects may merge"),
        pytest.param("<<: []\na: 1", {"a": 1}, id="nothing to merge"),
        pytest.param("'<<': 1", {"<<": 1}, id="in quotes it is a key like any other"),
    ],
)
def test_what_a_merge_key_merges(text: str, data: dict[str, Any]) -> None:
    assert plain(node(text)) == data


def test_what_is_merged_keeps_its_place() -> None:
    fields = Fields(node("base: &base\n  app: a\nlabels:\n  <<: *base\n"), "thing")
    labels = fields.fields("labels")
    assert labels is not None
    assert str(labels.need("app").place) == "f.yaml:2:8"


def test_tools_differ_in_what_a_later_merge_does() -> None:
    """kubectl takes the merged value here, kustomize and Flux take the other."""
    problem = complaint("labels:\n  app: a\n  <<: {app: b}\n")
    assert problem.startswith("f.yaml:2:3: tools differ in whether 'app' counts here or in what << names")


def test_merges_of_merges_end() -> None:
    base = "a0: &a0 {x: '1'}\n"
    chain = "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 190))
    assert Fields(node(f"{base}{chain}labels: *a189\n"), "thing").strings("labels") == {"x": "1"}
    doubled = "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 12))
    assert Fields(node(f"{base}{doubled}labels: *a11\n"), "thing").strings("labels") == {"x": "1"}


# ---------------------------------------------------------------------------------------------------
# There and back.

DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HERE = Scalar("f.yaml", 7, 3, 90, 99, "", quoted=False)


@given(DATA)
def test_data_survive_as_nodes(data: Any) -> None:  # noqa: ANN401 - any data
    made = node_of(data, HERE)
    assert plain(made) == data
    assert (made.place, made.start, made.end) == (HERE.place, HERE.start, HERE.end)
