"""YAML with its positions, held against PyYAML's own reading of the same text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lhmigrate.errors import Unreadable
from lhmigrate.files.yamltext import MOST_NESTED, Mapping, Node, Piece, Scalar, Sequence, parse, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(text: str) -> list[Node]:
    return [root for piece in pieces(text, "f.yaml") for root in parse(piece)]


def complaint(text: str) -> str:
    with pytest.raises(Unreadable) as raised:
        roots(text)
    return str(raised.value.problem)


# ---------------------------------------------------------------------------------------------------
# Which documents a text holds.


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        pytest.param("", [0], id="nothing"),
        pytest.param("a: 1\n", [0], id="one document"),
        pytest.param("---\na: 1\n", [0], id="a marker before the first"),
        pytest.param("a: 1\n---\nb: 2\n", [0, 5], id="two documents"),
        pytest.param("a: 1\n--- # next\nb: 2\n", [0, 5], id="a comment behind the marker"),
        pytest.param("a: 1\n--- {b: 2}\n", [0, 5], id="content behind the marker"),
        pytest.param("a: 1\n---\tb\n", [0, 5], id="a tab behind the marker"),
        pytest.param("a: 1\r\n---\r\nb: 2\r\n", [0, 6], id="Windows line ends"),
        pytest.param("a: 1\n---", [0, 5], id="a marker at the very end"),
        pytest.param("a: 1\n...\nb: 2\n", [0, 8], id="an end marker"),
        pytest.param("a: 1\n----\n", [0], id="four dashes are no marker"),
        pytest.param("a: 1\n---b\n", [0], id="neither are dashes with a letter"),
        pytest.param("a: 1\n ---\n", [0], id="neither are indented dashes"),
        pytest.param("a: |\n  ---\n  text\n", [0], id="neither are dashes in a block of text"),
        pytest.param("# a\n---\n# b\n---\n", [0, 4, 12], id="nothing but comments"),
        pytest.param("%YAML 1.1\n---\na: 1\n---\nb: 2\n", [0], id="with directives, all in one piece"),
    ],
)
def test_where_documents_begin(text: str, starts: list[int]) -> None:
    found = list(pieces(text, "f.yaml"))
    assert [piece.start for piece in found] == starts
    assert [piece.line for piece in found] == [text.count("\n", 0, start) for start in starts]
    assert all(text.startswith(piece.text, piece.start) for piece in found)


def test_one_broken_document_does_not_hide_the_next() -> None:
    first, second, third = pieces("a: 1\n---\na: [\n---\nc: 3\n", "f.yaml")
    assert len(parse(first)) == len(parse(third)) == 1
    with pytest.raises(Unreadable, match="is not valid YAML"):
        parse(second)


# Lines that make documents of every shape: comments, blocks of text, flow style, quotes, markers.
LINES = st.sampled_from(
    [
        "a: 1",
        "b: 2",
        "c:",
        "  d: x y  # comment",
        "  - e",
        "- f",
        "- g: h",
        "  i: j",
        "# comment",
        "  # comment",
        "",
        "k: |",
        "  text --- text",
        "  ---",
        "l: >-",
        "m: {n: [o, p], q: 'r: s'}",
        't: "u',
        '  v"',
        "w: &w x",
        "y: *w",
        "<<: {z: 1}",
        "? key",
        ": value",
        "é: ü 😀",
        "---",
        "---",
        "--- # comment",
        "--- text",
        "--- |",
        "...",
        "... # comment",
    ]
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n"])
TEXTS = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""), st.lists(LINES, max_size=9), ENDS, st.booleans()
)


def composed(text: str) -> list[yaml.Node]:
    return [node for node in yaml.compose_all(text, Loader=yaml.CBaseLoader) if node is not None]


def valid(text: str) -> bool:
    try:
        composed(text)
    except yaml.YAMLError:
        return False
    return True


def told(node: Node) -> object:
    """A node as text and positions alone. What an alias names stands where it was anchored."""
    match node:
        case Scalar():
            return (node.start, node.line, node.column, node.text)
        case Sequence():
            return (node.start, node.line, node.column, [told(item) for item in node.items])
        case Mapping():
            return (node.start, node.line, node.column, [(told(key), told(value)) for key, value in node.pairs])


def told_by_pyyaml(node: yaml.Node) -> object:
    mark = node.start_mark
    where = (mark.index, mark.line + 1, mark.column + 1)
    match node:
        case yaml.ScalarNode():
            return (*where, node.value)
        case yaml.SequenceNode():
            return (*where, [told_by_pyyaml(item) for item in node.value])
        case _:
            return (*where, [(told_by_pyyaml(key), told_by_pyyaml(value)) for key, value in node.value])


@settings(max_examples=300)
@given(TEXTS.filter(valid))
def test_every_node_is_where_pyyaml_finds_it(text: str) -> None:
    assert [told(root) for root in roots(text)] == [told_by_pyyaml(node) for node in composed(text)]


@given(TEXTS)
def test_pieces_lose_nothing_but_end_markers(text: str) -> None:
    found = list(pieces(text, "f.yaml"))
    assert all(text.startswith(piece.text, piece.start) for piece in found)
    for one, next_ in pairwise(found):
        between = text[one.start + len(one.text) : next_.start]
        assert between.strip("\r\n") in {"", "..."}
    assert found[-1].start + len(found[-1].text) == len(text)


def lines(piece: Piece) -> list[int]:
    """The lines of what stands there, or of what is wrong with it."""
    try:
        return [root.line for root in parse(piece)]
    except Unreadable as error:
        return [error.problem.place.line]


@given(TEXTS)
def test_whatever_stands_there_is_read_or_complained_about(text: str) -> None:
    for piece in pieces(text, "f.yaml"):
        # libyaml takes the end of a text for a line of its own, even without a line end before it.
        last = piece.line + piece.text.count("\n") + 2
        assert all(piece.line < line <= last for line in lines(piece))


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Sequence):
        for item in node.items:
            yield from nodes(item)
    elif isinstance(node, Mapping):
        for pair in node.pairs:
            for one in pair:
                yield from nodes(one)


@given(TEXTS.filter(valid))
def test_plain_scalars_stand_in_the_text_as_they_are(text: str) -> None:
    for root in roots(text):
        for node in nodes(root):
            if isinstance(node, Scalar) and not node.quoted and "\n" not in text[node.start : node.end]:
                assert text[node.start : node.end].endswith(node.text)


# ---------------------------------------------------------------------------------------------------
# Single nodes.


def value(text: str) -> Scalar:
    [root] = roots(f"key: {text}")
    assert isinstance(root, Mapping)
    [(_, found)] = root.pairs
    assert isinstance(found, Scalar)
    return found


@pytest.mark.parametrize(
    ("written", "text", "quoted"),
    [
        ("a", "a", False),
        ("9500", "9500", False),
        ("'9500'", "9500", True),
        ('"a\\tb"', "a\tb", True),
        ("'it''s'", "it's", True),
        ("|\n  a\n  b\n", "a\nb\n", True),
        (">-\n  a\n  b\n", "a b", True),
        ("a\n  b", "a b", False),
        ("", "", False),
        ("!!str 9500", "9500", True),
        ("!!str", "", True),
        ("! 9500", "9500", True),
        ("!custom 9500", "9500", True),
        ("!!int '9500'", "9500", False),
        ("!!bool 'yes'", "yes", False),
        ("!!null ''", "", False),
        ("&anchor a", "a", False),
    ],
)
def test_a_scalar(written: str, text: str, quoted: bool) -> None:
    found = value(written)
    assert (found.text, found.quoted) == (text, quoted)


def test_places_are_counted_from_one_and_indexes_from_zero() -> None:
    text = "# é\n---\r\nspec:\r\n  - port: 9500 # 😀\r\n    name: 'ä'\r\n---\nlast: 1\n"
    first, second = roots(text)
    assert isinstance(first, Mapping)
    assert isinstance(second, Mapping)
    [(_, ports)] = first.pairs
    assert isinstance(ports, Sequence)
    [item] = ports.items
    assert isinstance(item, Mapping)
    (_, port), (_, name) = item.pairs
    assert [str(node.place) for node in (port, name, second)] == ["f.yaml:4:11", "f.yaml:5:11", "f.yaml:7:1"]
    assert text[port.start : port.end] == "9500"
    assert text[name.start : name.end] == "'ä'"
    assert text[second.start :] == "last: 1\n"


def test_an_alias_is_the_very_node_that_it_names() -> None:
    [root] = roots("a: &x [1]\nb: *x\n")
    assert isinstance(root, Mapping)
    (_, one), (_, other) = root.pairs
    assert one is other


def test_an_anchor_may_be_set_again() -> None:
    [root] = roots("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert isinstance(root, Mapping)
    assert [node.text for _, node in root.pairs if isinstance(node, Scalar)] == ["1", "1", "2", "2"]


def test_json_is_yaml() -> None:
    [root] = roots('{\n\t"kind": "List",\n\t"items": [1, null, "\\u00e9\\/"]\n}\n')
    assert isinstance(root, Mapping)
    (_, kind), (_, items) = root.pairs
    assert isinstance(kind, Scalar)
    assert (kind.text, kind.quoted, str(kind.place)) == ("List", True, "f.yaml:2:10")
    assert isinstance(items, Sequence)
    assert [item.text for item in items.items if isinstance(item, Scalar)] == ["1", "null", "é/"]


@pytest.mark.parametrize("space", ["\t", " \t "])
def test_a_tab_may_stand_before_a_value_or_a_comment(space: str) -> None:
    [root] = roots(f"a:{space}b{space}# comment\n")
    assert isinstance(root, Mapping)
    [(_, found)] = root.pairs
    assert isinstance(found, Scalar)
    assert found.text == "b"


def test_the_mark_that_some_editors_put_first_is_not_part_of_the_text() -> None:
    """`sources` takes it off, because indexes would otherwise be one too small; here it must at least do no harm."""
    [root] = roots("\ufeffa: 1\n")
    assert isinstance(root, Mapping)
    [(key, _)] = root.pairs
    assert isinstance(key, Scalar)
    assert key.text == "a"


# ---------------------------------------------------------------------------------------------------
# What cannot be read, and what should not be.


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("a: [1\n", "f.yaml:2:1", id="a bracket that is never closed"),
        pytest.param("a: 'b\n", "f.yaml:2:1", id="a quote that is never closed"),
        pytest.param("a: 1\n\tb: 2\n", "f.yaml:2:1", id="a tab for indentation"),
        pytest.param("a: b: c\n", "f.yaml:1:5", id="two colons"),
        pytest.param("a: 1\n---\n  b: 1\n c: 2\n", "f.yaml:4:2", id="an indentation between two others"),
        pytest.param("é: 1\nb: 'é\0'\n", "f.yaml:2:6", id="a NUL"),
        pytest.param("é: 1\n---\nb: \x1b[31m\n", "f.yaml:3:4", id="an escape character"),
        pytest.param('a: "\\ud83d"\n', "f.yaml:1:7", id="half of a surrogate pair"),
    ],
)
def test_what_is_no_yaml(text: str, place: str) -> None:
    assert complaint(text).startswith(f"{place}: is not valid YAML: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: *nobody\n", "f.yaml:1:4: the alias *nobody refers to no anchor before it"),
        ("a: *late\nb: &late 1\n", "f.yaml:1:4: the alias *late refers to no anchor before it"),
        ("a: &x 1\n---\nb: *x\n", "f.yaml:3:4: the alias *x refers to no anchor before it"),
        ("%YAML 1.1\n---\na: &x 1\n---\nb: *x\n", "f.yaml:5:4: the alias *x refers to no anchor before it"),
        ("a: &x [*x]\n", "f.yaml:1:8: the alias *x refers to what it stands in"),
        ("a: &x {b: {c: *x}}\n", "f.yaml:1:15: the alias *x refers to what it stands in"),
    ],
)
def test_aliases_of_nothing(text: str, problem: str) -> None:
    assert complaint(text) == problem


def test_as_deep_as_may_be_and_one_deeper() -> None:
    assert len(roots("[" * MOST_NESTED + "]" * MOST_NESTED)) == 1
    deeper = MOST_NESTED + 1
    assert "nested more than 200 levels deep" in complaint("[" * deeper + "]" * deeper)
    assert "nested more than 200 levels deep" in complaint("[" * 100_000)
    assert "nested more than 200 levels deep" in complaint("\n".join(" " * depth + "a:" for depth in range(1000)))


def test_aliases_do_not_go_deeper_than_brackets_may() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 1000))
    assert complaint(text) == f"f.yaml:{MOST_NESTED}:14: is nested more than 200 levels deep; no Kubernetes object is"


def test_aliases_do_not_grow_without_bounds() -> None:
    ten = ", ".join(["*a{}"] * 10)
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{ten.replace('{}', str(n - 1))}]\n" for n in range(1, 50))
    assert complaint(text) == "f.yaml:6:5: grows to more than 2,000,000 values once its aliases are followed"


def test_many_aliases_of_something_small_are_nothing_to_complain_about() -> None:
    [root] = roots("a: &a {app: longhorn}\n" + "".join(f"b{n}: *a\n" for n in range(10_000)))
    assert isinstance(root, Mapping)
    assert len(root.pairs) == 10_001
