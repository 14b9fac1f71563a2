"""YAML as text with positions: what stands where, so that it can be read, complained about, and edited.

Built from the parser's events in a loop, never by recursion: nesting, aliases and size come from strangers.
Nothing is resolved to Python values here; `fields` does that, as Kubernetes would.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from lhmigrate.errors import Place, Problem, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NODES: Final = 2_000_000
"""More nodes than this in one document, its aliases written out, is an attack or an accident."""

MOST_NESTED: Final = 200
"""Deeper than any Kubernetes object; the parsers of others give up near it too."""

# A line that begins with `---` or `...` ends a document wherever it stands: scalars cannot hold one
# (YAML 1.2.2, rule c-forbidden). So documents can be told apart without parsing them.
# With the line's end written out, as `^` makes the search take several times as long.
_BOUNDARY = re.compile(r"\n(---|\.\.\.)(?=[ \t\r\n]|\Z)")


@dataclass(slots=True, eq=False)
class Scalar:
    """A leaf: its text after unescaping, and whether quotes or a block style make it a string."""

    file: str
    line: int
    column: int
    start: int
    end: int
    text: str
    quoted: bool

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.file, self.line, self.column)


@dataclass(slots=True, eq=False)
class Sequence:
    """A list. `start` and `end` are indexes into the whole text, as for every node."""

    file: str
    line: int
    column: int
    start: int
    end: int
    items: list[Node] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.file, self.line, self.column)


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the text, merge keys (`<<`) not yet followed."""

    file: str
    line: int
    column: int
    start: int
    end: int
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.file, self.line, self.column)


Node = Scalar | Sequence | Mapping


class Piece(NamedTuple):
    """The text of one document, and where it begins in the file."""

    file: str
    text: str
    start: int
    line: int
    """Lines of the file before it."""


def pieces(text: str, file: str) -> Iterator[Piece]:
    """The documents of a file, as text. A file with `%` directives is given as one piece, as one without markers."""
    if text.startswith("%") or "\n%" in text:
        yield Piece(file, text, 0, 0)
        return
    start = line = 0
    # Behind one more line end, each begins in the text where the end of the line before it does here.
    for boundary in _BOUNDARY.finditer("\n" + text):
        if boundary.start() > start:
            yield Piece(file, text[start : boundary.start()], start, line)
        line += text.count("\n", start, boundary.start())
        start = boundary.start()
        if boundary[1] == "...":
            # The marker belongs to what it ends.
            start += len(boundary[1])
    yield Piece(file, text[start:], start, line)


def parse(piece: Piece) -> list[Node]:
    """The roots of a piece: usually one, none where it is empty or all comments. May raise `Unreadable`."""
    try:
        return _Composer(piece).roots()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(piece.file, piece.line + mark.line + 1, mark.column + 1) if mark else Place(piece.file)
        what = error.problem or error.context or "cannot be parsed"
        if "nesting depth" in what:
            # Newer libyaml has a limit of its own, and sees it before we do: it looks ahead for a key's colon.
            raise _too_deep(place) from None
        raise Unreadable(Problem(place, f"is not valid YAML: {what}")) from None
    except yaml.reader.ReaderError as error:
        # libyaml counts in bytes; but the first such character is the one.
        index = piece.text.find(chr(error.character))
        before = piece.text[:index]
        place = Place(piece.file, piece.line + before.count("\n") + 1, index - before.rfind("\n"))
        raise Unreadable(Problem(place, "is not valid YAML: it holds a character that YAML does not allow")) from None


class _Opened(NamedTuple):
    """A list or mapping whose end has not come yet, and how things stood when it began."""

    node: Sequence | Mapping
    anchor: str | None
    siblings: list[Node]
    """What stands before it at its level."""
    size: int
    deepest: int


class _Composer:
    """Turns one piece's events into nodes."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._roots: list[Node] = []
        self._level = self._roots
        """What has come so far at the level that is open."""
        self._open: list[_Opened] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        """Nodes with their size and height."""
        self._size = 0
        """Of the document so far, its aliases written out."""
        self._deepest = 0
        """The deepest level within the innermost open node."""

    def roots(self) -> list[Node]:
        # What `yaml.parse` does, without asking before each event whether there is one.
        next_event = _LOADER(self._piece.text).get_event
        while True:
            event = next_event()
            if isinstance(event, ScalarEvent):
                self._scalar(event)
            elif isinstance(event, CollectionEndEvent):
                self._finish(event)
            elif isinstance(event, MappingStartEvent):
                self._begin(Mapping(*self._span(event)), event.anchor)
            elif isinstance(event, SequenceStartEvent):
                self._begin(Sequence(*self._span(event)), event.anchor)
            elif isinstance(event, AliasEvent):
                self._alias(event)
            elif isinstance(event, DocumentEndEvent):
                self._anchors.clear()
                self._size = self._deepest = 0
            elif isinstance(event, StreamEndEvent):
                return self._roots

    def _place(self, event: yaml.Event) -> Place:
        return Place(*self._span(event)[:3])

    def _span(self, event: yaml.Event) -> tuple[str, int, int, int, int]:
        piece, start, end = self._piece, event.start_mark, event.end_mark
        if start is None or end is None:
            raise Unreadable(Problem(Place(piece.file), "the YAML parser gave no positions"))
        return (
            piece.file,
            piece.line + start.line + 1,
            start.column + 1,
            piece.start + start.index,
            piece.start + end.index,
        )

    def _complain(self, event: yaml.Event, message: str) -> Unreadable:
        return Unreadable(Problem(self._place(event), message))

    def _scalar(self, event: ScalarEvent) -> None:
        # As in go-yaml: an explicit tag overrules the quotes, and tags that it does not know make a string.
        quoted = event.style not in {None, ""} if event.tag is None else event.tag not in _RESOLVED
        node = Scalar(*self._span(event), event.value, quoted)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1, 0)
        self._add(node, 1)

    def _begin(self, node: Sequence | Mapping, anchor: str | None) -> None:
        if len(self._open) >= MOST_NESTED:
            raise _too_deep(node.place)
        self._open.append(_Opened(node, anchor, self._level, self._size, self._deepest))
        self._level = []
        self._deepest = len(self._open)

    def _finish(self, event: CollectionEndEvent) -> None:
        node, anchor, siblings, size, deepest = self._open.pop()
        if isinstance(node, Mapping):
            node.pairs = list(zip(self._level[::2], self._level[1::2], strict=True))
        else:
            node.items = self._level
        if event.end_mark is not None:
            node.end = self._piece.start + event.end_mark.index
        self._level = siblings
        self._add(node, 1)
        if anchor:
            self._anchors[anchor] = (node, self._size - size, self._deepest - len(self._open))
        self._deepest = max(self._deepest, deepest)

    def _alias(self, event: AliasEvent) -> None:
        if any(event.anchor == opened.anchor for opened in self._open):
            raise self._complain(event, f"the alias *{event.anchor} refers to what it stands in")
        if event.anchor not in self._anchors:
            raise self._complain(event, f"the alias *{event.anchor} refers to no anchor before it")
        node, size, height = self._anchors[event.anchor]
        deepest = len(self._open) + height
        if deepest > MOST_NESTED:
            raise _too_deep(self._place(event))
        self._deepest = max(self._deepest, deepest)
        self._add(node, size)

    def _add(self, node: Node, size: int) -> None:
        self._level.append(node)
        self._size += size
        if self._size > MOST_NODES:
            raise Unreadable(
                Problem(node.place, f"grows to more than {MOST_NODES:,} values once its aliases are followed")
            )


def _too_deep(place: Place) -> Unreadable:
    return Unreadable(Problem(place, f"is nested more than {MOST_NESTED} levels deep; no Kubernetes object is"))


_RESOLVED: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
