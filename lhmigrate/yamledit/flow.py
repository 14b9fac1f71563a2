"""What happens to a list or a mapping in flow style: `[a, b]` and `{a: b}`, in one line or many. JSON is all flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.files.yamltext import Mapping, Sequence
from lhmigrate.yamledit.ops import Splice
from lhmigrate.yamledit.sites import cannot, runs
from lhmigrate.yamledit.write import most_alike

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Several

    from lhmigrate.yamledit.layout import Entry, Layout
    from lhmigrate.yamledit.ops import Data
    from lhmigrate.yamledit.sites import Site
    from lhmigrate.yamledit.write import Writer


class FlowEdit:
    """The splices of one site."""

    def __init__(self, layout: Layout, site: Site, writer: Writer) -> None:
        if not layout.is_flow(site.node):
            raise cannot(site.node, "is an object without braces inside a list; edit it by hand")
        self._layout = layout
        self._site = site
        self._writer = writer
        self._entries = layout.entries(site.node)

    def splices(self) -> Iterator[Splice]:
        """In no order that matters."""
        for first, last in runs(self._site.removed):
            yield from self._removal(first, last)
        for index, value in self._site.given.items():
            yield from self._gift(index, value)
        for index, items in self._site.inserted.items():
            yield self._insertion(index, items)
        if self._site.added:
            yield from self._addition()

    # Entries that go.

    def _removal(self, first: int, last: int) -> Iterator[Splice]:
        entries = self._entries
        at_end = last == len(entries) - 1
        if self._has_lines(first, last):
            yield self._lines_removed(first, last)
            # The comma before it goes too, unless the text has one behind its last entry anyway, or more will follow.
            if at_end and entries[last].comma is None and not self._site.added:
                yield self._comma_removed(first - 1)
        elif not at_end and self._plain(self._stop(last), entries[last + 1].start):
            yield Splice(entries[first].start, entries[last + 1].start, "")
        elif first and self._plain(entries[first - 1].end, entries[first].start, ","):
            yield Splice(entries[first - 1].end, entries[last].end, "")
        elif entries[last].comma is not None:
            yield Splice(entries[first].start, self._stop(last), "")
        else:
            yield self._comma_removed(first - 1)
            yield Splice(entries[first].start, entries[last].end, "")

    def _has_lines(self, first: int, last: int) -> bool:
        """Whether these entries have lines of their own."""
        layout = self._layout
        return layout.first_in_line(self._entries[first].start) and layout.last_in_line(self._stop(last))

    def _lines_removed(self, first: int, last: int) -> Splice:
        layout = self._layout
        start, stop = self._entries[first].start, self._stop(last)
        before = layout.line_before(start)
        if before is None:
            return Splice(layout.line_start(start), layout.next_line(stop), "")
        return Splice(before, layout.line_end(stop), "")

    def _comma_removed(self, index: int) -> Splice:
        comma = self._entries[index].comma
        if comma is None:
            raise cannot(self._entries[index].value, "has no comma behind it; edit it by hand")
        return Splice(comma, comma + 1, "")

    def _stop(self, index: int) -> int:
        """Behind an entry, and its comma if it has one."""
        entry = self._entries[index]
        return entry.end if entry.comma is None else entry.comma + 1

    def _plain(self, start: int, end: int, besides: str = "") -> bool:
        """Whether there are only blanks and line breaks between two places."""
        return not self._layout.text[start:end].strip(" \t\r\n" + besides)

    # Entries that come.

    def _addition(self) -> Iterator[Splice]:
        last = len(self._entries) - 1
        tail = next((first for first, end in runs(self._site.removed) if end == last), None)
        if tail is not None and self._has_lines(tail, last):
            yield from self._lines_added(self._entries[tail], needs_comma=False)
        elif self._layout.first_in_line(self._entries[last].start):
            yield from self._lines_added(self._entries[last], needs_comma=self._entries[last].comma is None)
        else:
            yield self._added_in_line()

    def _insertion(self, index: int, items: Several[Data]) -> Splice:
        """Right in front of an item, in lines of their own where that has one."""
        layout, start = self._layout, self._entries[index].start
        indentation = layout.indentation(start)
        sisters = self._site.node.items if isinstance(self._site.node, Sequence) else []
        written = [self._writer.flow(item, most_alike(item, sisters), indentation) for item in items]
        own_lines = layout.first_in_line(start)
        comma = f",{layout.break_at(start)}{indentation}" if own_lines else self._comma()
        return Splice(start, start, "".join(f"{text}{comma}" for text in written))

    def _lines_added(self, like: Entry, *, needs_comma: bool) -> Iterator[Splice]:
        """A line for each new entry, indented as an old one, below the last and the comment behind it."""
        layout, last = self._layout, self._entries[-1]
        indentation, line_break = layout.indentation(like.start), layout.break_at(like.start)
        text = ",".join(f"{line_break}{indentation}{one}" for one in self._written(indentation))
        stop = self._stop(len(self._entries) - 1)
        index = layout.line_end(stop) if layout.last_in_line(stop) else stop
        if needs_comma and index > last.end:
            yield Splice(last.end, last.end, ",")
            needs_comma = False
        yield Splice(index, index, "," * needs_comma + text + "," * (last.comma is not None))

    def _added_in_line(self) -> Splice:
        last = self._entries[-1]
        comma = self._comma()
        new = self._written(self._layout.indentation(last.start))
        if last.comma is None:
            return Splice(last.end, last.end, "".join(f"{comma}{text}" for text in new))
        index = last.comma + 1
        return Splice(index, index, "".join(f"{comma.removeprefix(',')}{text}," for text in new))

    def _comma(self) -> str:
        """A comma with its blanks, as between the last two entries if they are in one line."""
        if len(self._entries) > 1:
            one, other = self._entries[-2:]
            between = self._layout.text[one.comma or one.end : other.start]
            if between.startswith(",") and not between.strip(", \t"):
                return between
        return self._writer.style.comma

    def _written(self, indentation: str) -> list[str]:
        site, writer = self._site, self._writer
        if isinstance(site.node, Sequence):
            sisters = site.node.items
            return [writer.flow(item, most_alike(item, sisters), indentation) for _, item in site.added]
        return [writer.flow_pair(key or "", value, site.example(key), indentation) for key, value in site.added]

    # Entries that get a value.

    def _gift(self, index: int, value: Data) -> Iterator[Splice]:
        layout, writer, site, entry = self._layout, self._writer, self._site, self._entries[index]
        indentation = layout.indentation(entry.start)
        if site.replaces(index):
            text = writer.scalar(value, entry.value)
        elif isinstance(site.node, Mapping):
            text = writer.flow_value(site.key(index), value, site.example(site.key(index)), indentation)
        else:
            text = writer.flow(value, most_alike(value, site.node.items), indentation)
        content = max(layout.content(entry.value), entry.mark)
        if not entry.colon:
            yield Splice(entry.end, entry.end, f": {text}")
        elif not layout.text[content : entry.end].strip():
            yield Splice(entry.end, entry.end, f" {text}")
        else:
            yield from in_place(layout, content, entry.end, text)


def in_place(layout: Layout, start: int, end: int, text: str) -> Iterator[Splice]:
    """A value in the place of another, whose comments stay: those in empty brackets, and that of a block of text."""
    if header := layout.block_header(start, end):
        yield Splice(start, header, text)
        yield Splice(layout.line_end(start), end, "")
    elif text.startswith(("[", "{")) and layout.text[start] == text[0] and "#" in layout.text[start:end]:
        yield Splice(start + 1, start + 1, text[1:-1])
    else:
        yield Splice(start, end, text)
