"""Laws of editing, over random documents in random hands and random operations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import yaml
from handwriting import Hand, data, documents, keys, scalars
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lhmigrate.files.fields import plain
from lhmigrate.files.yamltext import Node, parse, pieces
from lhmigrate.yamledit import (
    Append,
    Commented,
    Data,
    Insert,
    Op,
    Put,
    Remove,
    Replace,
    Route,
    append_document,
    apply,
    bare,
    changed,
    edit,
    new_file,
    render,
)

if TYPE_CHECKING:
    from random import Random


def roots(text: str) -> list[Node]:
    return [root for piece in pieces(text, "f.yaml") for root in parse(piece)]


def routes(value: Data, above: Route = ()) -> list[tuple[Route, Data]]:
    """Every route into data, and what it leads to."""
    found = [(above, value)]
    if isinstance(value, dict | list):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in entries:
            found += routes(inner, (*above, step))
    return found


def possible(value: Data, draw: st.DrawFn) -> Op:
    """An operation that makes sense in some place of some data."""
    route, here = draw(st.sampled_from(routes(value)))
    kinds = ["remove"] if route else []
    if isinstance(here, list) and here:
        kinds += ["append"] * 3
    if route and isinstance(route[-1], int):
        kinds += ["insert"] * 2
    if isinstance(here, dict):
        kinds += ["put"] * 2
    if route and not isinstance(here, dict | list):
        kinds += ["replace"]
    if route and isinstance(route[-1], str) and here in (None, [], {}):
        kinds += ["give"] * 2
    assume(kinds)
    match draw(st.sampled_from(kinds)):
        case "append":
            return Append(route, tuple(draw(st.lists(data, min_size=1, max_size=2))))
        case "insert":
            return Insert(route, tuple(draw(st.lists(data, min_size=1, max_size=2))))
        case "put":
            return Put(route, draw(keys), draw(data))
        case "remove":
            return Remove(route)
        case "replace":
            return Replace(route, draw(scalars))
    return Put(route[:-1], str(route[-1]), draw(data))


class Edit(NamedTuple):
    """A file with several documents, and what is to happen to one of them."""

    text: str
    said: list[str]
    number: int
    before: list[Data]
    ops: list[Op]
    wanted: Data


@st.composite
def edits(draw: st.DrawFn, *, most: int = 4, as_json: bool | None = None) -> Edit:
    """Random files and operations. Those that cannot be meant, like two on one place, are left out."""
    random: Random = draw(st.randoms(use_true_random=False))
    hand = Hand(random)
    if draw(st.integers(0, 4)) == 0 if as_json is None else as_json:
        before = [draw(documents)]
        text = hand.json(before[0])
    else:
        before = draw(st.lists(documents, min_size=1, max_size=2))
        text = hand.file(before)
    number = draw(st.integers(0, len(before) - 1))
    ops: list[Op] = []
    wanted = before[number]
    for _ in range(draw(st.integers(1, most))):
        op = possible(before[number], draw)
        try:
            after = changed(before[number], [*ops, op])
        except ValueError:
            continue
        if not any(at_one_place(one, op) or at_one_place(op, one) for one in ops):
            ops.append(op)
            wanted = after
    assume(ops)
    return Edit(text, hand.said, number, before, ops, wanted)


def at_one_place(one: Op, other: Op) -> bool:
    """Whether both add at one place, where their order would count, or one adds right behind what the other removes."""
    if isinstance(one, Append | Insert) and type(one) is type(other):
        return one.route == other.route
    if not isinstance(one, Insert) or not isinstance(other, Remove) or not other.route:
        return False
    *above, index = one.route
    return other.route[:-1] == tuple(above) and isinstance(index, int) and other.route[-1] in range(index)


def told(value: Data) -> str:
    """Data as text that tells 1 from true, but not the order of keys."""
    return json.dumps(value, sort_keys=True)


@given(edits())
def test_hands_write_what_they_should(one: Edit) -> None:
    assert told([plain(root) for root in roots(one.text)]) == told(one.before)


def made(one: Edit) -> str:
    return edit(one.text, [(roots(one.text)[one.number], one.ops)]).new


@given(edits())
def test_an_edit_does_what_it_should(one: Edit) -> None:
    """No edit is refused here: the operations make sense, and the texts hold no aliases, tags or templates."""
    after = list(one.before)
    after[one.number] = one.wanted
    found = made(one)
    assert told([plain(root) for root in roots(found)]) == told(after)
    assert told(list(yaml.load_all(found, Loader=yaml.CSafeLoader))) == told(after)


@given(edits())
def test_what_only_adds_only_inserts_and_what_only_removes_only_deletes(one: Edit) -> None:
    root = roots(one.text)[one.number]
    for op in one.ops:
        splices = edit(one.text, [(root, [op])]).splices
        if isinstance(op, Append | Insert):
            assert all(splice.start == splice.end for splice in splices)
        if isinstance(op, Remove):
            assert not any(splice.text for splice in splices)


@given(edits())
def test_comments_stay_and_in_their_order(one: Edit) -> None:
    found = made(one)
    places = [found.find(comment) for comment in one.said]
    kept = [place for place in places if place >= 0]
    assert kept == sorted(kept)
    assert kept == places or any(isinstance(op, Remove) for op in one.ops)


@given(edits())
def test_the_edit_of_windows_text_is_the_windows_text_of_the_edit(one: Edit) -> None:
    assume("\r" not in one.text and "\n" in one.text)
    assert made(one._replace(text=one.text.replace("\n", "\r\n"))) == made(one).replace("\n", "\r\n")


@given(edits(), st.randoms(use_true_random=False))
def test_the_order_of_operations_does_not_matter(one: Edit, random: Random) -> None:
    shuffled = list(one.ops)
    random.shuffle(shuffled)
    assert made(one._replace(ops=shuffled)) == made(one)


@given(edits(most=1))
def test_what_is_added_and_removed_again_leaves_no_trace(one: Edit) -> None:
    """Not even in the text: an item that is removed takes along just what came with it."""
    [op] = one.ops
    added = made(one)
    root = roots(added)[one.number]
    match op:
        case Append():
            here = dict(routes(one.wanted))[op.route]
            removes = [Remove((*op.route, len(here) - 1 - index)) for index in range(len(op.items))]
        case Insert((*above, int() as first)) if first:
            removes = [Remove((*above, first + index)) for index in range(len(op.items))]
        case _:
            return
    assert edit(added, [(root, removes)]).new == one.text


@given(edits())
def test_all_other_documents_stay_as_they_are(one: Edit) -> None:
    before, after = ([piece.text for piece in pieces(text, "f.yaml")] for text in (one.text, made(one)))
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) <= 1


# ---------------------------------------------------------------------------------------------------
# New text.


@given(edits(as_json=False), documents)
def test_a_document_more_is_one_document_more(one: Edit, new: Data) -> None:
    splice = append_document(one.text, new, roots(one.text)[one.number])
    assert splice.start == splice.end == len(one.text)
    found = apply(one.text, [splice])
    assert told([plain(root) for root in roots(found)]) == told([*one.before, new])
    assert told(list(yaml.load_all(found, Loader=yaml.CSafeLoader))) == told([*one.before, new])
    assert found.endswith("\n") == one.text.endswith("\n")


@given(edits(), documents)
def test_a_new_file_holds_what_it_should(one: Edit, new: Data) -> None:
    found = new_file(new, one.text, roots(one.text)[one.number])
    assert told([plain(root) for root in roots(found)]) == told([new])
    assert told(list(yaml.load_all(found, Loader=yaml.CSafeLoader))) == told([new])
    assert found.endswith("\n")


@given(edits(as_json=True), documents)
def test_beside_json_stands_json(one: Edit, new: Data) -> None:
    [root] = roots(one.text)
    assume(one.before != [[]])
    assert told(json.loads(new_file(new, one.text, root))) == told(new)
    assert told(json.loads(edit(one.text, [(root, one.ops)]).new)) == told(one.wanted)


PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=12)
# Letters of which numbers, dates, booleans and syntax are made.
SELECTORS = st.lists(
    st.sampled_from(["app", " == 'x'", " != ''", " && ", " || ", "'", " ==", "has(a/b.c)", "!"]), max_size=6
)
SYNTAX = st.text("0123456789abefxoEInNaAtruelsyYno+-_.:,#&*!|>'\"%@`{}[]?~= \n\t\\/", max_size=8)


@settings(max_examples=500)
@given(
    PRINTABLE | SYNTAX | SELECTORS.map("".join),
    st.sampled_from(["a: 1", "a: '1'", 'a: "1"', "a: {b: [c]}", '{"a": 1}', "'a': 'b'"]),
)
def test_every_string_is_read_as_itself_by_everybody(string: str, like: str) -> None:
    [root] = roots(like)
    new = {"value": string, "list": [string, {"in": {string: [string]}}], string: 1}
    found = new_file(new, like, root)
    assert plain(roots(found)[0]) == new
    assert yaml.load(found, Loader=yaml.SafeLoader) == new
    assert yaml.load(found, Loader=yaml.CSafeLoader) == new


@given(documents, documents)
def test_comments_in_new_text_change_nothing_else(new: Data, other: Data) -> None:
    noisy = Commented("one\ntwo # three", commented(new))
    assert told(bare(noisy)) == told(new)
    lines = render(noisy).splitlines()
    assert "\n".join(line for line in lines if not line.lstrip().startswith("# ")) + "\n" == render(new)
    assert told(plain(roots(render(noisy))[0])) == told(new)
    assert told(plain(roots(render({"a": noisy, "b": other}))[0])) == told({"a": new, "b": other})


def commented(value: Data) -> Data:
    """The same data with a comment on everything."""
    if isinstance(value, dict):
        return {key: Commented("key", commented(inner)) for key, inner in value.items()}
    if isinstance(value, list):
        return [Commented("item", commented(inner)) for inner in value]
    return value
