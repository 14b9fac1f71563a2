"""What happens to a list or a mapping in block style, whose entries have lines of their own."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lhmigrate.files.yamltext import Mapping, Scalar, Sequence
from lhmigrate.yamledit.flow import in_place
from lhmigrate.yamledit.layout import BREAK
from lhmigrate.yamledit.ops import Data, Splice
from lhmigrate.yamledit.sites import cannot, runs
from lhmigrate.yamledit.style import gap_inside
from lhmigrate.yamledit.write import most_alike

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Several

    from lhmigrate.files.yamltext import Node
    from lhmigrate.yamledit.layout import Entry, Layout
    from lhmigrate.yamledit.sites import Site
    from lhmigrate.yamledit.write import Writer


class BlockEdit:
    """The splices of one site.

    Whole lines are removed with the line break before them, and inserted with one before them. So a missing break at
    the end of a file stays missing, and lines can be inserted where others end that are removed.
    """

    def __init__(self, layout: Layout, site: Site, writer: Writer) -> None:
        self._layout = layout
        self._site = site
        self._writer = writer
        self._entries = layout.entries(site.node)
        self._column = layout.column(self._entries[0].start)

    def splices(self) -> Iterator[Splice]:
        """In no order that matters."""
        for first, last in runs(self._site.removed):
            yield self._removal(first, last)
        for index, value in self._site.given.items():
            yield from self._gift(index, value)
        for index, items in self._site.inserted.items():
            yield self._insertion(index, items)
        if self._site.added:
            yield self._addition()

    @property
    def _gap(self) -> int:
        """Columns from the dashes to the items."""
        here = gap_inside(self._site.node) if isinstance(self._site.node, Sequence) else None
        return here or self._writer.style.gap

    def _whole_end(self, entry: Entry) -> int:
        return self._layout.whole_end(entry.end, self._column)

    # Entries that go.

    def _removal(self, first: int, last: int) -> Splice:
        layout, entries = self._layout, self._entries
        start, stop = entries[first].start, self._whole_end(entries[last])
        if not layout.first_in_line(start):
            return self._removal_behind(start, stop, entries[last + 1].start)
        before = layout.line_before(start)
        if before is None:
            return Splice(layout.line_start(start), layout.next_line(stop), "")
        if first == 0:
            stop = self._behind_blank_lines(stop)
        elif stop == len(layout.text) and layout.ends_in_block_text(entries[first - 1].value):
            return Splice(layout.line_start(start), stop, "")  # the break before it is part of that text
        elif self._leaves_blank_lines(last, stop):
            before = self._before_blank_lines(before, entries[first - 1].end)
        return Splice(before, stop, "")

    def _leaves_blank_lines(self, last: int, stop: int) -> bool:
        """Whether blank lines in front of what goes would be left with nothing to keep apart, or beside others."""
        layout = self._layout
        if stop == len(layout.text) or layout.blank_line(layout.next_line(stop)):
            return True
        return last == len(self._entries) - 1 and self._has_blank_lines()

    def _behind_blank_lines(self, index: int) -> int:
        layout = self._layout
        while index < len(layout.text) and layout.blank_line(layout.next_line(index)):
            index = layout.line_end(layout.next_line(index))
        return index

    def _before_blank_lines(self, index: int, least: int) -> int:
        layout = self._layout
        while index > least and layout.blank_line(index) and (earlier := layout.line_before(index)) is not None:
            index = max(earlier, least)
        return index

    def _removal_behind(self, start: int, stop: int, following: int) -> Splice:
        """The first entries of a collection that begins behind the dash of another: the next one takes their place."""
        if not self._layout.text[stop:following].strip():
            return Splice(start, following, "")
        # Comments stay in their lines, and the dash alone in its own.
        while self._layout.text[start - 1] in " \t":
            start -= 1
        return Splice(start, stop, "")

    # Entries that come.

    def _addition(self) -> Splice:
        site, writer = self._site, self._writer
        if isinstance(site.node, Sequence):
            sisters = site.node.items
            written = [writer.item(item, sisters, self._gap) for _, item in site.added]
        else:
            written = [writer.pair(key or "", value, site.example(key)) for key, value in site.added]
        blank = [""] if self._has_blank_lines() else []
        lines = [line for several in written for line in (*blank, *several)]
        return lines_below(self._layout, self._whole_end(self._entries[-1]), lines, self._column)

    def _insertion(self, index: int, items: Several[Data]) -> Splice:
        """Below what is before it, so that a comment above an item stays above that."""
        layout, entries, site = self._layout, self._entries, self._site
        sisters = site.node.items if isinstance(site.node, Sequence) else []
        written = [self._writer.item(item, sisters, self._gap) for item in items]
        blank = [""] if self._has_blank_lines() else []
        if index:
            lines = [line for several in written for line in (*blank, *several)]
            return lines_below(layout, self._whole_end(entries[index - 1]), lines, self._column)
        first, *others = [line for several in written for line in (*several, *blank)]
        above = self._line_above()
        if above is not None:
            return lines_below(layout, above, [first, *others], self._column)
        start = entries[0].start
        below = lines_below(layout, start, others, self._column).text
        return Splice(start, start, f"{first}{below}{layout.break_at(start)}{' ' * self._column}")

    def _line_above(self) -> int | None:
        """The end of the line of the key below which the list stands; None: it begins behind something else."""
        above = self._site.above[-1] if self._site.above else None
        if above is None or isinstance(above, Scalar) or self._layout.is_flow(above):
            return None
        entry = next(one for one in self._layout.entries(above) if one.value is self._site.node)
        behind = self._behind_properties(entry)
        return self._layout.line_end(behind) if self._layout.last_in_line(behind) else None

    def _has_blank_lines(self) -> bool:
        """Whether all entries have blank lines between them."""
        gaps = [(one.end, other.start) for one, other in pairwise(self._entries)]
        return bool(gaps) and all(self._layout.has_blank_line(start, end) for start, end in gaps)

    # Entries that get a value.

    def _gift(self, index: int, value: Data) -> Iterator[Splice]:
        site, entry = self._site, self._entries[index]
        if not entry.colon:
            raise cannot(entry.value, "is a key without a colon; edit it by hand")
        written: str | list[str]
        if site.replaces(index):
            written = self._writer.scalar(value, entry.value)
        elif isinstance(site.node, Mapping):
            key = site.key(index)
            written = self._writer.value(key, value, site.example(key))
        else:
            written = self._writer.inline_or_block(value, None, most_alike(value, site.node.items))
        if isinstance(written, str):
            line_break = self._writer.style.line_break
            yield from self._in_place(entry, written.replace(line_break, line_break + " " * self._column))
        elif not self._replaceable(entry):
            yield from self._in_place(entry, self._writer.flow(value, None))
        elif entry.key is None:
            yield from self._in_place(entry, written[0])
            columns = self._column + self._gap if entry.end == entry.mark else self._layout.column(entry.value_start)
            yield lines_below(self._layout, self._whole_end(entry), written[1:], columns)
        else:
            start = self._behind_properties(entry)
            yield Splice(start, entry.end, "")
            yield lines_below(self._layout, self._whole_end(entry), written, self._column)

    def _behind_properties(self, entry: Entry) -> int:
        """Where the text of a value may begin: behind the dash or the colon, and an anchor if there is one."""
        properties = self._layout.properties(entry.value)
        return entry.value_start + len(properties.rstrip()) if properties else entry.mark

    def _replaceable(self, entry: Entry) -> bool:
        """Whether the old value stands in the line of its key or dash, with no comment in it."""
        between = self._layout.text[entry.mark : entry.end]
        return not BREAK.search(between) and "#" not in between

    def _in_place(self, entry: Entry, text: str) -> Iterator[Splice]:
        content = max(self._layout.content(entry.value), self._behind_properties(entry))
        if content >= entry.end:
            blanks = self._gap - 1 if entry.key is None else 1
            yield Splice(entry.end, entry.end, " " * blanks + text)
        else:
            yield from in_place(self._layout, content, entry.end, text)


def whole_document(layout: Layout, root: Node, value: Data, writer: Writer) -> Iterator[Splice]:
    """What stands in the place of a root that is `{}` or null."""
    start, end = layout.content(root), layout.end(root)
    lines = [writer.flow(value, None)]
    if layout.first_in_line(start) and layout.last_in_line(end) and "#" not in layout.text[start:end]:
        lines = writer.inline_or_block(value, None, None)
    yield Splice(start, end, lines[0])
    yield lines_below(layout, layout.line_end(end), lines[1:], layout.column(start))


def lines_below(layout: Layout, index: int, lines: list[str], columns: int) -> Splice:
    """Lines to insert below the one that ends there."""
    line_break = layout.break_at(index)
    return Splice(index, index, "".join(f"{line_break}{' ' * columns if line else ''}{line}" for line in lines))
