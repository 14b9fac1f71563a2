"""Edits YAML and JSON as text: only what an operation changes is touched, and that is proved before anybody sees it.

Nothing is ever written again from data. An operation becomes splices of the original text, at places that the
parser's marks and the text between them tell (`layout`), with new text in the style of its surroundings (`write`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import plain
from lhmigrate.files.yamltext import Node
from lhmigrate.yamledit.block import BlockEdit, whole_document
from lhmigrate.yamledit.documents import append_document, new_file, render
from lhmigrate.yamledit.flow import FlowEdit
from lhmigrate.yamledit.layout import Layout
from lhmigrate.yamledit.ops import (
    Append,
    CannotEdit,
    Commented,
    Data,
    Insert,
    Op,
    Put,
    Remove,
    Replace,
    Route,
    Splice,
    bare,
    changed,
)
from lhmigrate.yamledit.proof import Intended, prove
from lhmigrate.yamledit.sites import Sites, cannot
from lhmigrate.yamledit.style import Evidence, Style
from lhmigrate.yamledit.write import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Append", "CannotEdit", "Commented", "Data", "Edited", "Insert", "Op", "Put", "Remove", "Replace", "Route",
    "Splice", "Wanted", "append_document", "apply", "bare", "changed", "edit", "new_file", "render", "splices",
]  # fmt: skip


Wanted = tuple[Node, "Sequence[Op]"]
"""The root of a document, and what is to be done to it."""


class Edited(NamedTuple):
    """A file's text before and after, and what was changed."""

    old: str
    new: str
    splices: tuple[Splice, ...]


def edit(text: str, wanted: Sequence[Wanted]) -> Edited:
    """A file's text with some of its documents edited: each by its root, as `yamltext` reads it from this text.

    The result is proved to be what was wanted (`proof`). Raises `CannotEdit`; then nothing of it may be used.
    """
    made: list[Splice] = []
    intended: list[Intended] = []
    for root, ops in _by_document(wanted):
        data = _data(root)
        made += splices(text, root, ops)
        try:
            intended.append((root, changed(data, ops)))
        except ValueError as error:
            raise cannot(root, f"cannot be edited like this: {error}") from None
    new = apply(text, made)
    if intended:
        prove(text, new, made, intended)
    return Edited(text, new, tuple(made))


def _by_document(wanted: Sequence[Wanted]) -> list[tuple[Node, list[Op]]]:
    """All operations of each document, in the order of the text."""
    together: dict[int, tuple[Node, list[Op]]] = {}
    for root, ops in wanted:
        together.setdefault(root.start, (root, []))[1].extend(ops)
    return [together[start] for start in sorted(together)]


def _data(root: Node) -> Data:
    """A document's data, if it has any that everybody agrees on."""
    try:
        return plain(root)
    except Unreadable as error:
        raise CannotEdit(error.problem) from None


def splices(text: str, root: Node, ops: Sequence[Op]) -> tuple[Splice, ...]:
    """What to change in a text so that one of its documents changes as told: disjoint, in order, to be applied at once.

    `root` is the document's, as `yamltext` reads it from this text. Raises `CannotEdit`.
    """
    layout = Layout(text, root)
    sites = Sites(layout, root)
    touched = sites.of(ops)
    evidence = Evidence(text, root)
    found: list[tuple[int, int, int, int, str]] = []
    if sites.whole is not None:
        writer = Writer(layout, Style(evidence, root.start))
        return tuple(whole_document(layout, root, sites.whole, writer))
    for site in touched:
        around = [(node.start, node.end) for node in (site.node, *reversed(site.above))]
        writer = Writer(layout, Style(evidence, site.node.start, around))
        edit = (FlowEdit if site.in_flow else BlockEdit)(layout, site, writer)
        for splice in edit.splices():
            # Where several insert at one place, what is deeper inside comes first.
            found.append((splice.start, splice.end, -len(site.above), len(found), splice.text))
    result = tuple(Splice(start, end, new) for start, end, _, _, new in sorted(found))
    if any(one.end > other.start for one, other in pairwise(result)):
        raise cannot(root, "cannot be edited in two places that meet; make one edit, then the other")
    return result


def apply(text: str, splices: Sequence[Splice]) -> str:
    """The text with all splices made. They are disjoint and in order."""
    parts: list[str] = []
    index = 0
    for splice in splices:
        parts += (text[index : splice.start], splice.text)
        index = splice.end
    return "".join([*parts, text[index:]])
