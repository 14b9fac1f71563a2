"""How a text is written: indentation, dashes, quotes, brackets; told from what stands there.

The nearest evidence counts: the majority inside the innermost of the spans that are asked about, else inside the
next one out, else in the whole text, else what is usual for Kubernetes.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import scalar
from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence, parse, pieces
from lhmigrate.yamledit.layout import BREAK, Layout, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[int, int]
_Value = TypeVar("_Value")

# Strings that nobody reads as anything else: in YAML 1.1 and 1.2, in block and flow style, as a key and as a value.
# Of what selectors of Calico's are made, comparisons and what joins them.
_PLAIN = re.compile(
    r"[A-Za-z_/](?:[-A-Za-z0-9_./+@]| (?=[A-Za-z0-9])|:(?=[A-Za-z])"
    r"| [!=]= '[-A-Za-z0-9_./]*'| (?:&&|\|\|)(?= [A-Za-z]))*"
    r"|[0-9.][-A-Za-z0-9_./]*"
)
_NEARBY: Final = 16_000
"""So many characters before and behind a document are looked at for style, however long the file is."""

_NUMERIC = re.compile(r"[-+.]?[0-9][-+0-9a-fA-FxXoO_.]*")


class Example(NamedTuple):
    """A value that stands somewhere, and its key there."""

    key: Node | None
    value: Node


class Votes(Generic[_Value]):
    """What one thing was like wherever it was seen."""

    def __init__(self, otherwise: _Value) -> None:
        self._otherwise = otherwise
        self._seen: list[tuple[int, _Value]] = []
        self._everywhere: _Value | None = None

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, index: int, value: _Value) -> None:
        """One observation, and where it was made."""
        self._seen.append((index, value))

    def usual(self, around: Iterable[Span] = ()) -> _Value:
        """The majority inside the first of the spans where there is any, else everywhere."""
        if not self._seen:
            return self._otherwise
        if self._everywhere is None:
            self._seen.sort(key=lambda vote: vote[0])
            self._everywhere = self._majority(0, len(self._seen))
        for start, end in around:
            first, last = (bisect_left(self._seen, index, key=lambda vote: vote[0]) for index in (start, end))
            if first < last:
                return self._majority(first, last)
        return self._everywhere

    def _majority(self, first: int, last: int) -> _Value:
        counts = Counter(value for _, value in self._seen[first:last])
        return max(counts, key=counts.__getitem__) if counts else self._otherwise


class Tally:
    """What was seen in some documents of a text, and examples of what stands under a key."""

    def __init__(self) -> None:
        self.examples: dict[str, list[Example]] = {}
        self.steps = Votes(2)
        self.dashes = Votes(0)
        self.gaps = Votes(2)
        self.quotes = Votes('"')
        self.values = Votes("")
        self.keys = Votes("")
        self.braces = Votes("")
        self.brackets = Votes("")
        self.colons = Votes(": ")
        self.commas = Votes(", ")
        self.pretty = Votes(otherwise=False)
        self.units = Votes("  ")

    def see(self, layout: Layout, root: Node) -> None:
        """Adds what a document shows."""
        for key, value in _values(root):
            if isinstance(key, Scalar):
                self._scalar(layout, key, self.keys)
            if isinstance(value, Scalar):
                self._scalar(layout, value, self.values)
            elif filled(value):
                if isinstance(key, Scalar):
                    self.examples.setdefault(key.text, []).append(Example(key, value))
                if layout.is_flow(value):
                    self._flow(layout, value)
                else:
                    self._block(key, value)

    def _scalar(self, layout: Layout, node: Scalar, into: Votes[str]) -> None:
        quote = layout.quote(node)
        if quote:
            self.quotes.add(node.start, quote)
        if may_be_plain(node.text) if quote else isinstance(scalar(node), str):
            into.add(node.start, quote)

    def _block(self, key: Node | None, value: Sequence | Mapping) -> None:
        if key is not None and (columns := columns_inside(key, value)) is not None:
            (self.dashes if isinstance(value, Sequence) else self.steps).add(value.start, columns)
        if isinstance(value, Sequence) and (gap := gap_inside(value)) is not None:
            self.gaps.add(value.start, gap)

    def _flow(self, layout: Layout, value: Sequence | Mapping) -> None:
        start = layout.content(value)
        inner = layout.skip(start + 1)
        lines = layout.one_a_line(value)
        self.pretty.add(start, lines)
        if lines:
            outside, inside = layout.indentation(start), layout.indentation(inner)
            if inside.startswith(outside) and inside != outside:
                self.units.add(start, inside.removeprefix(outside))
        elif not BREAK.search(layout.text, start, value.end):
            padding = self.braces if isinstance(value, Mapping) else self.brackets
            padding.add(start, layout.text[start + 1 : inner])
        for separator in layout.separators(value):
            (self.colons if ":" in separator else self.commas).add(start, separator)


class Evidence:
    """How a document is written, as far as anybody asks: looking at all of it takes about as long as reading it."""

    def __init__(self, text: str, root: Node | None) -> None:
        self.layout = Layout(text, root)
        self._root = root

    @cached_property
    def json(self) -> bool:
        """Whether the document is JSON."""
        return self._root is not None and is_json(self.layout.text, self._root)

    @cached_property
    def tally(self) -> Tally:
        """What the document shows; where it holds no list in block style, also what those around it show."""
        tally = Tally()
        if self._root is not None:
            tally.see(self.layout, self._root)
            if not tally.dashes:
                tally = Tally()
                for other in self._others(self._root):
                    tally.see(Layout(self.layout.text, other), other)
                    if tally.dashes:
                        break
                tally.see(self.layout, self._root)
        return tally

    def _others(self, root: Node) -> Iterator[Node]:
        first = max(root.start - _NEARBY, 0)
        for piece in pieces(self.layout.text[first : root.start + _NEARBY], root.file):
            with suppress(Unreadable):  # at the edges, documents are cut in two
                others = parse(piece._replace(start=piece.start + first))
                yield from (other for other in others if other.start != root.start)


class Style:
    """What is usual in a place of a document, given the spans around it, from the inside out."""

    def __init__(self, evidence: Evidence, place: int = 0, around: Iterable[Span] = ()) -> None:
        self._evidence = evidence
        self._place = place
        self._around = tuple(around)

    def examples(self, key: str) -> list[Example]:
        """Lists and mappings with something in them that stand under a key in the document."""
        return self._evidence.tally.examples.get(key, [])

    @property
    def json(self) -> bool:
        """Whether all of it has to be JSON."""
        return self._evidence.json

    @cached_property
    def step(self) -> int:
        """Columns from a key to the keys inside it."""
        return self._evidence.tally.steps.usual(self._around)

    @cached_property
    def dash(self) -> int:
        """Columns from a key to the dashes of the list inside it."""
        return self._evidence.tally.dashes.usual(self._around)

    @cached_property
    def gap(self) -> int:
        """Columns from a dash to its item."""
        return self._evidence.tally.gaps.usual(self._around)

    @cached_property
    def quote(self) -> str:
        """The quote of strings that need one."""
        return '"' if self.json else self._evidence.tally.quotes.usual(self._around)

    @cached_property
    def values(self) -> str:
        """The quote that values have although they need none; empty where they have none."""
        return '"' if self.json else self._evidence.tally.values.usual(self._around)

    @cached_property
    def keys(self) -> str:
        """The quote that keys have although they need none; empty where they have none."""
        return '"' if self.json else self._evidence.tally.keys.usual(self._around)

    @cached_property
    def brace(self) -> str:
        """The blanks inside braces."""
        return self._evidence.tally.braces.usual(self._around)

    @cached_property
    def bracket(self) -> str:
        """The blanks inside brackets."""
        return self._evidence.tally.brackets.usual(self._around)

    @cached_property
    def colon(self) -> str:
        """The colon of flow style, with the blanks around it."""
        tally = self._evidence.tally
        compact = self.json and not tally.colons and tally.commas.usual(self._around) == ","
        return ":" if compact else tally.colons.usual(self._around)

    @cached_property
    def comma(self) -> str:
        """The comma of flow style, with the blanks around it."""
        tally = self._evidence.tally
        compact = self.json and not tally.commas and tally.colons.usual(self._around) == ":"
        return "," if compact else tally.commas.usual(self._around)

    @cached_property
    def pretty(self) -> bool:
        """Whether flow collections have a line for each entry where nothing else tells."""
        return self.json and self._evidence.tally.pretty.usual()

    @cached_property
    def unit(self) -> str:
        """The indentation of such lines."""
        return self._evidence.tally.units.usual(self._around)

    @cached_property
    def line_break(self) -> str:
        """What ends lines."""
        return self._evidence.layout.break_at(self._place)


def _values(root: Node) -> Iterator[tuple[Node | None, Node]]:
    """Every value that stands where it is used, with its key if it has one, in the order of the text."""
    waiting: list[tuple[Node | None, Node]] = [(None, root)]
    seen: set[int] = set()
    while waiting:
        key, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield key, value
        if isinstance(value, Mapping):
            waiting.extend(reversed(value.pairs))
        elif isinstance(value, Sequence):
            waiting.extend((None, item) for item in reversed(value.items))


def columns_inside(key: Node, value: Node) -> int | None:
    """How much deeper than its key a block collection begins; None where that cannot be told."""
    first = value
    if isinstance(value, Mapping) and value.pairs:
        first = value.pairs[0][0]
    columns = first.column - key.column
    return columns if first.line > key.line and 0 <= columns <= _MOST_COLUMNS else None


def gap_inside(value: Sequence) -> int | None:
    """How far behind its dash an item of a block list begins; None where that cannot be told."""
    first = value.items[0]
    columns = first.column - value.column
    return columns if first.line == value.line and 2 <= columns <= _MOST_COLUMNS else None


_MOST_COLUMNS: Final = 12
"""More than this is no indentation that anybody wants more of."""


def is_json(text: str, root: Node) -> bool:
    """Whether a document is JSON, and so has to stay JSON. Where it is `{}`, only the name of its file can tell."""
    document = text[root.start : root.end]
    if not document.startswith(("{", "[")) or not (filled(root) or root.file.endswith(".json")):
        return False
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return False
    return True


def may_be_plain(text: str) -> bool:
    """Whether a string can do without quotes wherever it stands, whoever reads it."""
    if not _PLAIN.fullmatch(text) or _NUMERIC.fullmatch(text) or text in {".", ".."}:
        return False
    return isinstance(scalar(Scalar("", 0, 0, 0, 0, text, quoted=False)), str)
