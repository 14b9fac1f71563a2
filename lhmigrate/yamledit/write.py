"""Writes new data as YAML or JSON that looks like what it will stand beside.

Style is told by analogy. What there is most like the new data decides: a sister in the same list, else what stands
under the same key elsewhere. Where there is nothing alike, it is what is usual around the place (`style`).
"""

from __future__ import annotations

import json
import re
from math import isfinite, isnan
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence
from lhmigrate.yamledit.layout import BREAK, Layout, filled
from lhmigrate.yamledit.ops import Commented, Data
from lhmigrate.yamledit.style import Example, Style, columns_inside, gap_inside, may_be_plain

if TYPE_CHECKING:
    from collections.abc import Sequence as Several

# JSON leaves these as they are; YAML does not take them, or takes them for the end of a line.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_NOT_IN_COMMENTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class _Fashion(NamedTuple):
    """How one flow collection is written."""

    lines: bool
    """Whether each entry has a line."""
    blank: str
    """The blanks inside its brackets."""
    colon: str
    comma: str


class Writer:
    """Writes in one style. Lines are given without their line breaks and without the indentation of the first."""

    def __init__(self, layout: Layout, style: Style) -> None:
        self._layout = layout
        self.style = style

    # Block style.

    def block(self, data: Data, like: Node | None) -> list[str]:
        """A mapping or a list, one line for each key or item and more."""
        if isinstance(data, dict):
            example = like if isinstance(like, Mapping) else None
            return [line for key in _order(data, example) for line in self.pair(key, data[key], example)]
        example_list = like if isinstance(like, Sequence) else None
        sisters = example_list.items if example_list else []
        gap = (gap_inside(example_list) if example_list and sisters else None) or self.style.gap
        return [line for item in data for line in self.item(item, sisters, gap)]

    def item(self, data: Data, sisters: Several[Node], gap: int) -> list[str]:
        """An item of a block list, its dash included; `gap` is the columns from dash to item."""
        above, data = _uncommented(data)
        like = most_alike(data, sisters)
        lines = self.inline_or_block(data, None, like)
        while lines[0].startswith("#"):
            above.append(lines.pop(0))
        return [*above, f"-{' ' * (gap - 1)}{lines[0]}", *(" " * gap + line if line else line for line in lines[1:])]

    def pair(self, key: str, data: Data, like: Mapping | None) -> list[str]:
        """A key of a block mapping with its value; `like` is a mapping that may have the same key."""
        above, data = _uncommented(data)
        example = self._example(key, data, like)
        text = self.key(key, example.key if example else _first_key(like))
        value = self.value(key, data, like)
        lines = f"{text}: {value}".split(self.style.line_break) if isinstance(value, str) else [f"{text}:", *value]
        return [*above, *lines]

    def value(self, key: str, data: Data, like: Mapping | None) -> str | list[str]:
        """A value as it stands behind its key, or as the lines below it, indented from where the key begins.

        In flow style, what stands behind its key may have more than one line as well.
        """
        above, data = _uncommented(data)
        example = self._example(key, data, like)
        node = example.value if example else None
        if self.is_inline(data, key, node):
            return self.flow(data, node)
        columns = columns_inside(example.key, example.value) if example and example.key else None
        if columns is None or (isinstance(data, dict) and not columns):
            columns = self.style.step if isinstance(data, dict) else self.style.dash
        return [" " * columns + line if line else line for line in [*above, *self.block(data, node)]]

    def inline_or_block(self, data: Data, key: str | None, like: Node | None) -> list[str]:
        """Data as lines, in block style if what they are like is."""
        if self.is_inline(data, key, like):
            return self.flow(data, like).split(self.style.line_break)
        return self.block(data, like)

    def is_inline(self, data: Data, key: str | None, like: Node | None) -> bool:
        """Whether data stand in the line of their key or dash: scalars, empty collections, and flow style."""
        if not isinstance(data, dict | list) or not data:
            return True
        if like is None or not filled(like) or not isinstance(like, _kind(data)):
            like = next((example.value for example in self._same_key(key, data)), None)
        return self.style.json if like is None else self._layout.is_flow(like)

    # Flow style.

    def flow(self, data: Data, like: Node | None, indentation: str = "") -> str:
        """Data in flow style; `indentation` is that of the line where they begin."""
        _, data = _uncommented(data)
        if not isinstance(data, dict | list):
            return self.scalar(data, like)
        left, right = ("{", "}") if isinstance(data, dict) else ("[", "]")
        if not data:
            return left + right
        fashion = self._fashion(data, like)
        inner = indentation + self.style.unit if fashion.lines else ""
        entries = self._entries(data, like, fashion.colon, inner)
        if fashion.lines:
            line_break = self.style.line_break
            return f"{left}{line_break}{inner}{f',{line_break}{inner}'.join(entries)}{line_break}{indentation}{right}"
        return f"{left}{fashion.blank}{fashion.comma.join(entries)}{fashion.blank}{right}"

    def flow_pair(self, key: str, data: Data, like: Mapping | None, indentation: str = "", colon: str = "") -> str:
        """A key of a flow mapping with its value."""
        example = self._example(key, data, like)
        text = self.key(key, example.key if example else _first_key(like))
        colon = colon or self.style.colon
        if not text.startswith('"') and colon.endswith(":"):
            colon += " "  # only behind a quote does a colon stand for itself
        return f"{text}{colon}{self.flow_value(key, data, like, indentation)}"

    def flow_value(self, key: str, data: Data, like: Mapping | None, indentation: str = "") -> str:
        """A value as it stands behind its key in a flow mapping."""
        example = self._example(key, data, like)
        return self.flow(data, example.value if example else None, indentation)

    def _entries(self, data: Data, like: Node | None, colon: str, indentation: str) -> list[str]:
        if isinstance(data, dict):
            mapping = like if isinstance(like, Mapping) else None
            return [self.flow_pair(key, data[key], mapping, indentation, colon) for key in _order(data, mapping)]
        sisters = like.items if isinstance(like, Sequence) else []
        return [self.flow(item, most_alike(item, sisters), indentation) for item in data]

    def _fashion(self, data: Data, like: Node | None) -> _Fashion:
        """How a flow collection is written: as the one it is like, or as is usual."""
        style, layout = self.style, self._layout
        usual = _Fashion(
            style.pretty, style.brace if isinstance(data, dict) else style.bracket, style.colon, style.comma
        )
        if like is None or isinstance(like, Scalar) or not filled(like) or not layout.is_flow(like):
            return usual
        if layout.one_a_line(like):
            return usual._replace(lines=True)
        start = layout.content(like) + 1
        fashion = usual._replace(lines=False, blank=layout.text[start : layout.skip(start)])
        for separator in layout.separators(like):
            fashion = fashion._replace(colon=separator) if ":" in separator else fashion._replace(comma=separator)
        return fashion

    # Scalars.

    def key(self, text: str, like: Node | None) -> str:
        """A key, quoted as the one it is like, or as is usual."""
        return self._string(text, self._layout.quote(like) if isinstance(like, Scalar) else self.style.keys)

    def scalar(self, data: Data, like: Node | None) -> str:
        """A scalar, quoted as the one it is like, or as is usual."""
        if data is None:
            return "null"
        if isinstance(data, bool):
            return "true" if data else "false"
        if isinstance(data, int):
            return str(data)
        if isinstance(data, float):
            return _float(data)
        return self._string(data, self._layout.quote(like) if isinstance(like, Scalar) else self.style.values)

    def _string(self, text: str, quote: str) -> str:
        if not quote:
            if may_be_plain(text) and not self.style.json:
                return text
            quote = self.style.quote
        if quote == "'" and text.isprintable():
            return "'" + text.replace("'", "''") + "'"
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))

    # Examples.

    def _example(self, key: str, data: Data, like: Mapping | None) -> Example | None:
        """What stands under a key in a mapping that is alike, or else elsewhere in the document."""
        _, data = _uncommented(data)
        if like is not None:
            for other, value in like.pairs:
                if isinstance(other, Scalar) and other.text == key and isinstance(value, _kind(data)):
                    return Example(other, value)
        return next(iter(self._same_key(key, data)), None)

    def _same_key(self, key: str | None, data: Data) -> list[Example]:
        found = self.style.examples(key) if key is not None else []
        return [example for example in reversed(found) if isinstance(example.value, _kind(data))][:1]


def most_alike(data: Data, sisters: Several[Node]) -> Node | None:
    """The item of a list that is most like new data: the same kind, the most keys in common, then the last."""
    _, data = _uncommented(data)
    same = [node for node in sisters if isinstance(node, _kind(data))]
    if not same or not isinstance(data, dict):
        return same[-1] if same else None

    def likeness(node: Node) -> int:
        keys = {key.text for key, _ in node.pairs if isinstance(key, Scalar)} if isinstance(node, Mapping) else set()
        return 2 * len(keys & data.keys()) - len(keys ^ data.keys())

    return max(reversed(same), key=likeness)


def comment_lines(comment: str) -> list[str]:
    """A comment as lines that begin with `#`; what YAML does not allow in one is left out."""
    return [f"# {line}".rstrip() for line in BREAK.split(_NOT_IN_COMMENTS.sub("", comment))]


def _uncommented(data: Data) -> tuple[list[str], Data]:
    lines: list[str] = []
    while isinstance(data, Commented):
        lines.extend(comment_lines(data.comment))
        data = data.value
    return lines, data


def _kind(data: Data) -> type[Node]:
    return Mapping if isinstance(data, dict) else Sequence if isinstance(data, list) else Scalar


def _first_key(like: Mapping | None) -> Node | None:
    return like.pairs[0][0] if like is not None and like.pairs else None


def _order(data: dict[str, Data], like: Mapping | None) -> list[str]:
    """The keys in the order that they have in what is alike; those that it lacks stay behind their predecessors."""
    known = {key.text: place for place, (key, _) in enumerate(like.pairs) if isinstance(key, Scalar)} if like else {}
    places: dict[str, int] = {}
    last = -1
    for key in data:
        places[key] = last = known.get(key, last)
    return sorted(data, key=lambda key: places[key])


def _float(number: float) -> str:
    if isnan(number):
        return ".nan"
    if not isfinite(number):
        return ".inf" if number > 0 else "-.inf"
    text = repr(number)
    # YAML 1.1 wants a point in it.
    return text if "." in text else text.replace("e", ".0e")
