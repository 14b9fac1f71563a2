"""How a node is laid out in its text: where its entries begin and end, in which lines and columns.

The parser gives every node a beginning and an end. Three things it does not give, and they are found here in the
text: the indicators (`-`, `:`, `,`) between nodes; where a block collection really ends, because its mark is that of
whatever comes next; and where an alias stands, because its node is the one that it names.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from itertools import chain, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BREAKS: Final = "\n\r\x85\u2028\u2029"
"""What ends a line in YAML 1.1, and so in libyaml and go-yaml."""

BREAK = re.compile(rf"\r\n|[{BREAKS}]")
_BLANK = re.compile(r"[ \t]*")
_COMMENT = re.compile(rf"#[^{BREAKS}]*")
_REST = re.compile(rf"[ \t]*(?:#[^{BREAKS}]*)?(?=[{BREAKS}]|\Z)")
# What may stand between two tokens. libyaml takes any `#` there for a comment, also one without a space before it.
_TRIVIA = re.compile(rf"(?:[ \t\ufeff{BREAKS}]++|#[^{BREAKS}]*+)*+")
_PROPERTY = re.compile(rf"&[0-9A-Za-z_-]+|![^ \t{BREAKS},\[\]{{}}]*")
_ALIAS = re.compile(r"\*[0-9A-Za-z_-]+")
_FIRST_LINE = re.compile(rf"[ {BREAKS}]*(?<=[{BREAKS}])( *)[^ {BREAKS}]")
_TWO_BREAKS = re.compile(rf"(?>\r\n|[{BREAKS}])[ \t]*[{BREAKS}]")
_SEPARATOR = re.compile(r"[ \t]*:[ \t]*|,[ \t]*")
_START = attrgetter("start")
_BLOCK_HEADER = re.compile(rf"[|>]([-+0-9]*)[ \t]*(#[^{BREAKS}]*)?")


class Entry(NamedTuple):
    """An item of a list, or a key with its value."""

    start: int
    """Of its first character: a dash, a question mark, a key, an item."""
    key: Node | None
    mark: int
    """Behind the dash or the colon; where there is none, where its value would have one."""
    value: Node
    value_start: int
    """Of the value's own first character, an anchor's or an alias's included."""
    end: int
    """Behind the last character of its value, before blanks and comments."""
    alias: bool
    """Whether the value is an alias of something that stands elsewhere."""
    colon: bool
    """Whether the key has one. In `{a, b}` and `? a` it has not."""
    comma: int | None
    """Where the comma behind it stands, in flow style."""


class Layout:
    """A text whose nodes are asked about."""

    def __init__(self, text: str, root: Node | None = None) -> None:
        self.text = text
        self._floor = root.start - root.column + 1 if root else 0
        """Where the first line of the document begins: nobody looks for line breaks before it."""
        end = root.end if root else len(text)
        self._breaks = ["\n", *(char for char in BREAKS[1:] if text.find(char, self._floor, end) >= 0)]
        """Those that are there; to look for others would take a while in a long document."""

    # Lines.

    def line_start(self, index: int) -> int:
        """The index of the first character of a line."""
        return max(self._floor, *(self.text.rfind(char, self._floor, index) + 1 for char in self._breaks))

    def line_end(self, index: int) -> int:
        """The index of the break that ends a line, or of the end of the text."""
        found = BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def next_line(self, index: int) -> int:
        """The index of the first character of the next line, or of the end of the text."""
        found = BREAK.search(self.text, index)
        return found.end() if found else len(self.text)

    def column(self, index: int) -> int:
        """Characters of the line before it."""
        return index - self.line_start(index)

    def first_in_line(self, index: int) -> bool:
        """Whether nothing but blanks stands before it."""
        return not self.text[self.line_start(index) : index].strip(" \t")

    def last_in_line(self, index: int) -> bool:
        """Whether nothing but blanks and a comment follows."""
        return _REST.match(self.text, index) is not None

    def indentation(self, index: int) -> str:
        """The blanks that its line begins with."""
        return _match(_BLANK, self.text, self.line_start(index))

    def line_before(self, index: int) -> int | None:
        """The end of the line before; None in the first line."""
        start = self.line_start(index)
        if start == self._floor:
            return None
        return start - (2 if self.text.endswith("\r\n", self._floor, start) else 1)

    def blank_line(self, index: int) -> bool:
        """Whether its line is empty but for blanks."""
        return not self.text[self.line_start(index) : self.line_end(index)].strip(" \t")

    def has_blank_line(self, start: int, end: int) -> bool:
        """Whether there is an empty line between two places."""
        return _TWO_BREAKS.search(self.text, start, end) is not None

    def break_at(self, index: int) -> str:
        """The line break to use beside a place: its line's own, or that of the line before, or the first there is."""
        for found in (
            BREAK.match(self.text, self.line_end(index)),
            BREAK.match(self.text, self.line_before(index) or 0),
            re.search(r"\r\n|\n|\r", self.text),
        ):
            if found and found[0] in {"\n", "\r\n", "\r"}:
                return found[0]
        return "\n"

    def skip(self, index: int) -> int:
        """Past blanks, line breaks and comments."""
        found = _TRIVIA.match(self.text, index)
        return found.end() if found else index

    def whole_end(self, end: int, column: int) -> int:
        """Where an entry ends with the comments that belong to it, as the end of a line.

        Those are the one behind it, and the lines right below it that are indented deeper than the entry is.
        """
        stop = self.line_end(end)
        while stop < len(self.text):
            start = self.next_line(stop)
            first = start + len(_match(_BLANK, self.text, start))
            if first - start <= column or not self.text.startswith("#", first):
                break
            stop = self.line_end(first)
        return stop

    # Nodes.

    def content(self, node: Node) -> int:
        """Where a node begins behind its anchor and its tag."""
        if not self.text.startswith(("&", "!"), node.start):
            return node.start
        limit = node.end
        if isinstance(node, Mapping) and node.pairs and node.start <= node.pairs[0][0].start:
            limit = node.pairs[0][0].start  # what stands there may be the properties of its first key
        index = node.start
        while index < limit and (found := _PROPERTY.match(self.text, index)):
            after = self.skip(found.end())
            index = after if after <= node.end and not isinstance(node, Scalar) else min(after, node.end)
        return index

    def properties(self, node: Node) -> str:
        """A node's anchor and tag, as they stand there."""
        return self.text[node.start : self.content(node)]

    def block_header(self, start: int, end: int) -> int | None:
        """Where the indicators of a block of text end, if one begins there: `|2-` of `|2- # comment`."""
        header = _BLOCK_HEADER.match(self.text, start, end)
        return header.end(1) if header else None

    def text_from(self, node: Scalar, index: int) -> int:
        """Where the text of a scalar ends that a place is in, or the place itself where a comment may begin.

        That is so before and behind the scalar, behind its anchor or tag, and behind the indicator of a block of text.
        """
        content = self.content(node)
        if not content <= index < node.end:
            return index
        header = _BLOCK_HEADER.match(self.text, content, node.end)
        return index if header and header.start(2) == index else node.end

    def is_flow(self, node: Node) -> bool:
        """Whether a collection is written with brackets or braces."""
        return not isinstance(node, Scalar) and self.text.startswith(("[", "{"), self.content(node))

    def quote(self, node: Scalar) -> str:
        """The quote that a scalar begins with, if it has one."""
        content = self.content(node)
        return self.text[content] if content < node.end and self.text[content] in "'\"" else ""

    def one_a_line(self, node: Sequence | Mapping) -> bool:
        """Whether a flow collection has its first entry in a line below its bracket."""
        start = self.content(node)
        return BREAK.search(self.text, start, self.skip(start + 1)) is not None

    def separators(self, node: Sequence | Mapping) -> Iterator[str]:
        """A colon and a comma of a flow collection, with the blanks around them, where they are in one line."""
        entries = [entry for entry, _ in zip(self._flow_entries(node), range(2), strict=False)]
        spans = [(entry.end, second.start) for entry, second in pairwise(entries)]
        if entries and (key := entries[0].key) is not None and entries[0].value_start > entries[0].mark:
            spans.append((self.end(key), entries[0].value_start))
        yield from (self.text[start:end] for start, end in spans if _SEPARATOR.fullmatch(self.text, start, end))

    def end(self, node: Node) -> int:
        """Behind the last character that belongs to a node which stands where it is read."""
        # In a loop as far as it goes: nesting comes from strangers.
        while not isinstance(node, Scalar) and not self.is_flow(node):
            number, last = self._last_filled(node)
            if last is None or number < count(node):
                return deque(self._block_entries(node, number, last), maxlen=1)[0].end
            node = last
        return self._scalar_end(node) if isinstance(node, Scalar) else node.end

    def _last_filled(self, node: Sequence | Mapping) -> tuple[int, Node | None]:
        """The last value that stands where it is read and is not empty, and how many entries there are up to it.

        What an alias names stands before all that was read by then; and what is empty, nowhere.
        """
        found: tuple[int, Node | None] = (0, None)
        reached = node.start
        keys = isinstance(node, Mapping)
        for number, child in enumerate(children(node)):
            if child.start >= reached and child.end > child.start:
                reached = child.end
                if not keys or number % 2:
                    found = (number // (1 + keys) + 1, child)
        return found

    def _scalar_end(self, node: Scalar) -> int:
        """In front of the line breaks at the end of a block of text: the last, or all that are no part of it."""
        start = self.content(node)
        header = _BLOCK_HEADER.match(self.text, start, node.end)
        if not header:
            return node.end
        keeps, explicit = "+" in header[1], any(char.isdigit() for char in header[1])
        first = _FIRST_LINE.match(self.text, header.end(), node.end)
        width = len(first[1]) if first and not explicit else 0
        tail = re.compile(rf"(?:{BREAK.pattern})\Z" if keeps else rf"(?:(?>{BREAK.pattern}) {{0,{width}}})++\Z")
        found = tail.search(self.text, header.end(), node.end)
        return found.start() if found else node.end

    def ends_in_block_text(self, node: Node) -> bool:
        """Whether the last line of a node is one of a literal or folded scalar."""
        while not isinstance(node, Scalar) and filled(node) and not self.is_flow(node):
            *_, node = children(node)
        return isinstance(node, Scalar) and node.end > self.end(node)

    def entries(self, node: Sequence | Mapping) -> list[Entry]:
        """A collection's entries, in order."""
        return list(self._flow_entries(node) if self.is_flow(node) else self._block_entries(node))

    def _block_entries(self, node: Sequence | Mapping, first: int = 0, before: Node | None = None) -> Iterator[Entry]:
        """The entries, or those from the `first` on; then `before` is the value of the one before it."""
        # The mark behind a block collection is too far, but in front of whatever comes next.
        index = before.end if before else self.content(node)
        if isinstance(node, Sequence):
            for item in node.items[first:]:
                index = self.skip(index)
                entry = self._entry(index, None, item, index + 1)
                index = entry.end
                yield entry
            return
        for key, value in node.pairs[first:]:
            entry = self._pair(self.skip(index), key, value)
            index = entry.end
            yield entry

    def _flow_entries(self, node: Sequence | Mapping) -> Iterator[Entry]:
        index = self.content(node) + 1
        pairs = node.pairs if isinstance(node, Mapping) else [(None, item) for item in node.items]
        for key, value in pairs:
            index = self.skip(index)
            entry = self._entry(index, None, value, index) if key is None else self._pair(index, key, value)
            comma = self.skip(entry.end)
            found = self.text.startswith(",", comma)
            yield entry._replace(comma=comma if found else None)
            index = comma + found

    def _pair(self, start: int, key: Node, value: Node) -> Entry:
        explicit = self.text.startswith("?", start) and key.start != start
        at = self._entry(start, None, key, start + explicit)
        colon = self.skip(at.end)
        if self.text.startswith(":", colon):
            return self._entry(start, key, value, colon + 1)
        return Entry(start, key, at.end, value, at.end, at.end, alias=False, colon=False, comma=None)

    def _entry(self, start: int, key: Node | None, value: Node, mark: int) -> Entry:
        """An entry whose value stands somewhere behind `mark`."""
        if value.start == value.end:
            return Entry(start, key, mark, value, mark, mark, alias=False, colon=True, comma=None)
        begin = self.skip(mark)
        alias = _ALIAS.match(self.text, begin) if value.start != begin else None
        end = alias.end() if alias else self.end(value)
        return Entry(start, key, mark, value, begin, end, alias=alias is not None, colon=True, comma=None)


def comments(text: str, start: int, end: int, roots: Iterable[Node]) -> Iterator[tuple[int, str]]:
    """Every comment between two places of a text, and where it begins; `roots` are the documents there."""
    index = text.find("#", start, end)
    if index < 0:
        return
    layout = Layout(text)
    scalars = _scalars(roots)
    while index >= 0:
        number = bisect_right(scalars, index, key=_START) - 1
        reached = layout.text_from(scalars[number], index) if number >= 0 else index
        if reached <= index:
            found = _match(_COMMENT, text, index)
            yield index, found
            reached = index + len(found)
        index = text.find("#", reached, end)


def _scalars(roots: Iterable[Node]) -> list[Scalar]:
    """In the order of the text. Those that aliases name may be there several times."""
    found: list[Scalar] = []
    waiting = list(roots)
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, Sequence):
                waiting += node.items
            else:
                waiting += chain.from_iterable(node.pairs)
    found.sort(key=_START)
    return found


def every(root: Node) -> Iterator[Node]:
    """A node and all below it, each once, in no order that matters."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting.extend(children(node))


def filled(node: Node) -> bool:
    """Whether a list or a mapping has something in it."""
    return bool(node.items if isinstance(node, Sequence) else isinstance(node, Mapping) and node.pairs)


def count(node: Sequence | Mapping) -> int:
    """How many entries a collection has."""
    return len(node.items if isinstance(node, Sequence) else node.pairs)


def children(node: Node) -> Iterator[Node]:
    """A collection's items, or keys and values."""
    if isinstance(node, Sequence):
        yield from node.items
    elif isinstance(node, Mapping):
        for pair in node.pairs:
            yield from pair


def _match(pattern: re.Pattern[str], text: str, index: int) -> str:
    found = pattern.match(text, index)
    return found[0] if found else ""
