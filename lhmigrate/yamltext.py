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
_BOUNDARY = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)


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
    if text.startswith("%") or "\n%" in text or not ("---" in text or "..." in text):
        yield Piece(file, text, 0, 0)
        return
    start = line = 0
    for boundary in _BOUNDARY.finditer(text):
        if boundary.start() > start:
            yield Piece(file, text[start : boundary.start()], start, line)
        line += text.count("\n", start, boundary.start())
        start = boundary.start()
        if boundary[0] == "...":
            # The marker belongs to what it ends.
            start = boundary.end()
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


class _Composer:
    """Turns one piece's events into nodes."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._names: list[str | None] = []
        self._sizes: list[int] = [0]
        self._heights: list[int] = [0]
        self._roots: list[Node] = []

    def roots(self) -> list[Node]:
        # What `yaml.parse` does, without asking before each event whether there is one.
        parser = _LOADER(self._piece.text)
        while not isinstance(event := parser.get_event(), StreamEndEvent):
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
        self._add(node, 1, 0)

    def _begin(self, node: Sequence | Mapping, anchor: str | None) -> None:
        if len(self._open) >= MOST_NESTED:
            raise _too_deep(node.place)
        self._open.append(node)
        self._keys.append(None)
        self._names.append(anchor)
        self._sizes.append(1)
        self._heights.append(0)

    def _finish(self, event: CollectionEndEvent) -> None:
        node = self._open.pop()
        self._keys.pop()
        size = self._sizes.pop()
        height = self._heights.pop() + 1
        if event.end_mark is not None:
            node.end = self._piece.start + event.end_mark.index
        anchor = self._names.pop()
        if anchor:
            self._anchors[anchor] = (node, size, height)
        self._add(node, size, height)

    def _alias(self, event: AliasEvent) -> None:
        if event.anchor in self._names:
            raise self._complain(event, f"the alias *{event.anchor} refers to what it stands in")
        if event.anchor not in self._anchors:
            raise self._complain(event, f"the alias *{event.anchor} refers to no anchor before it")
        node, size, height = self._anchors[event.anchor]
        if len(self._open) + height > MOST_NESTED:
            raise _too_deep(self._place(event))
        self._add(node, size, height)

    def _add(self, node: Node, size: int, height: int) -> None:
        self._sizes[-1] += size
        self._heights[-1] = max(self._heights[-1], height)
        if self._sizes[-1] > MOST_NODES:
            raise Unreadable(
                Problem(node.place, f"grows to more than {MOST_NODES:,} values once its aliases are followed")
            )
        if not self._open:
            self._roots.append(node)
            self._sizes[-1] = 0
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((key, node))
            self._keys[-1] = None


def _too_deep(place: Place) -> Unreadable:
    return Unreadable(Problem(place, f"is nested more than {MOST_NESTED} levels deep; no Kubernetes object is"))


_RESOLVED: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
