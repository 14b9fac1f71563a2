"""How a text is written: indentation, dashes, quotes, brackets; told from what stands there.

The nearest evidence counts: the majority inside the innermost of the spans that are asked about, else inside the
next one out, else in the whole text, else what is usual for Kubernetes.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from lhmigrate.fields import scalar
from lhmigrate.yamledit.layout import BREAK, Layout, filled
from lhmigrate.yamltext import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[int, int]
_Value = TypeVar("_Value")

# Strings that nobody reads as anything else: in YAML 1.1 and 1.2, in block and flow style, as a key and as a value.
_PLAIN = re.compile(r"[A-Za-z_/](?:[-A-Za-z0-9_./+@]| (?=[A-Za-z0-9])|:(?=[A-Za-z]))*|[0-9.][-A-Za-z0-9_./]*")
_NUMERIC = re.compile(r"[-+.]?[0-9][-+0-9a-fA-FxXoO_.]*")


class Style(NamedTuple):
    """What is usual in a place."""

    step: int
    """Columns from a key to the keys inside it."""
    dash: int
    """Columns from a key to the dashes of the list inside it."""
    gap: int
    """Columns from a dash to its item."""
    quote: str
    """For strings that need quotes."""
    values: str
    """The quotes that values have although they need none."""
    keys: str
    """The quotes that keys have although they need none."""
    brace: str
    """The blanks inside braces."""
    bracket: str
    """The blanks inside brackets."""
    colon: str
    """In flow style."""
    comma: str
    json: bool
    pretty: bool
    """Whether flow collections have a line for each entry where nothing else tells."""
    unit: str
    """The indentation of such lines."""
    line_break: str


class Example(NamedTuple):
    """A value that stands somewhere, and its key there."""

    key: Node | None
    value: Node


class _Votes(Generic[_Value]):
    """What one thing was like wherever it was seen."""

    def __init__(self, otherwise: _Value) -> None:
        self._otherwise = otherwise
        self._seen: list[tuple[int, _Value]] = []
        self._everywhere: _Value | None = None

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, index: int, value: _Value) -> None:
        self._seen.append((index, value))

    def usual(self, around: Iterable[Span] = ()) -> _Value:
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


class Evidence:
    """What was seen in the documents of a text, and examples of what stands under a key."""

    def __init__(self, text: str) -> None:
        self._layout = Layout(text)
        self.examples: dict[str, list[Example]] = {}
        self.dashes = _Votes(0)
        self._steps = _Votes(2)
        self._gaps = _Votes(2)
        self._quotes = _Votes('"')
        self._values = _Votes("")
        self._keys = _Votes("")
        self._braces = _Votes("")
        self._brackets = _Votes("")
        self._colons = _Votes(": ")
        self._commas = _Votes(", ")
        self._pretty = _Votes(otherwise=False)
        self._units = _Votes("  ")
        self._json: list[Span] = []

    def see(self, root: Node) -> None:
        """Adds a document's evidence."""
        self._layout = Layout(self._layout.text, root)
        if is_json(self._layout.text, root):
            self._json.append((root.start, root.end))
        for key, value in _values(root):
            if isinstance(key, Scalar):
                self._scalar(key, self._keys)
            if isinstance(value, Scalar):
                self._scalar(value, self._values)
            elif filled(value):
                if isinstance(key, Scalar):
                    self.examples.setdefault(key.text, []).append(Example(key, value))
                if self._layout.is_flow(value):
                    self._flow(value)
                else:
                    self._block(key, value)

    def style(self, place: int, around: Iterable[Span] = ()) -> Style:
        """What is usual in a place, given the spans around it, from the inside out."""
        spans = tuple(around)
        is_in_json = any(start <= place <= end for start, end in self._json)
        colon, comma = self._colons.usual(spans), self._commas.usual(spans)
        if is_in_json and not self._commas and not colon.endswith(" "):
            comma = ","
        if is_in_json and not self._colons and not comma.endswith(" "):
            colon = ":"
        return Style(
            step=self._steps.usual(spans),
            dash=self.dashes.usual(spans),
            gap=self._gaps.usual(spans),
            quote='"' if is_in_json else self._quotes.usual(spans),
            values='"' if is_in_json else self._values.usual(spans),
            keys='"' if is_in_json else self._keys.usual(spans),
            brace=self._braces.usual(spans),
            bracket=self._brackets.usual(spans),
            colon=colon,
            comma=comma,
            json=is_in_json,
            pretty=is_in_json and self._pretty.usual(),
            unit=self._units.usual(spans),
            line_break=self._layout.break_at(place),
        )

    def _scalar(self, node: Scalar, into: _Votes[str]) -> None:
        quote = self._layout.quote(node)
        if quote:
            self._quotes.add(node.start, quote)
        if may_be_plain(node.text) if quote else isinstance(scalar(node), str):
            into.add(node.start, quote)

    def _block(self, key: Node | None, value: Sequence | Mapping) -> None:
        if key is not None and (columns := columns_inside(key, value)) is not None:
            (self.dashes if isinstance(value, Sequence) else self._steps).add(value.start, columns)
        if isinstance(value, Sequence) and (gap := gap_inside(value)) is not None:
            self._gaps.add(value.start, gap)

    def _flow(self, value: Sequence | Mapping) -> None:
        layout = self._layout
        start = layout.content(value)
        inner = layout.skip(start + 1)
        lines = layout.one_a_line(value)
        self._pretty.add(start, lines)
        if lines:
            outside, inside = layout.indentation(start), layout.indentation(inner)
            if inside.startswith(outside) and inside != outside:
                self._units.add(start, inside.removeprefix(outside))
        elif not BREAK.search(layout.text, start, value.end):
            padding = self._braces if isinstance(value, Mapping) else self._brackets
            padding.add(start, layout.text[start + 1 : inner])
        for separator in layout.separators(value):
            (self._colons if ":" in separator else self._commas).add(start, separator)


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
