"""Data as YAML or JSON in a hand of its own: indentation, dashes, quotes, brackets, comments and line ends vary.

The tests need text that nobody's writer made, least of all ours. Each text is written by a `Hand` that draws its
habits from hypothesis, so that what fails shrinks to the plainest hand that fails.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from random import Random

    from lhmigrate.yamledit import Data

_Habit = TypeVar("_Habit")

PLAIN = ["a", "app", "longhorn-manager", "longhorn.io/component", "TCP", "10.42.0.0/16", "two words", "é"]
AWKWARD = ["", "yes", "null", "9500", "0x1F", "1e3", "~", "a: b", "a #b", " a", "- a", "*", "{}", "it's", 'say "a"']
LINES = ["a\nb\n", "a\n\nb\n", "# no comment\n"]
COMMENTS = ["why", "- port: 9500", "a: [b", 'say "a', "{{ no }}", "é 😀", "", "# twice", "trailing blank ", "---"]

strings = st.sampled_from([*PLAIN, *PLAIN, *AWKWARD, *LINES])
keys = st.sampled_from(["a", "b", "c", "d", "app", "longhorn.io/component", "two words", "yes", "9500", "a: b", "é"])
scalars = st.one_of(strings, st.none(), st.booleans(), st.integers(-3, 70000), st.just(0.5))
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=25,
)
documents = st.lists(data, min_size=1, max_size=4) | st.dictionaries(keys, data, min_size=1, max_size=5)


class Hand:
    """One way to write. What varies within a text is drawn anew each time; the rest is a habit."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._line_break = self._one("\n", "\n", "\n", "\r\n")
        self._step = self._one(2, 2, 4, 3)
        self._dash = self._one(0, 2, self._step)
        self._gap = self._one(2, 2, 4)
        self._flow = self._one(0, 0.2, 0.5)
        self._talkative = self._one(0, 0, 0.3)
        self._blank_lines = self._one(0, 0, 0.2)
        self._mixed = self._one(0, 0, 0.3)
        self._padding = self._one("", " ")
        self._comma = self._one(", ", ",", " , ")
        self._quote = self._one("'", '"', "")
        self._below_text = False
        self.said: list[str] = []
        """The comments, numbered."""

    def _one(self, *choices: _Habit) -> _Habit:
        return self._random.choice(choices)

    def _sometimes(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    # Files.

    def file(self, documents: list[Data]) -> str:
        """Documents with markers between them. Nothing is missing but perhaps the last line break."""
        lines: list[str] = []
        for number, document in enumerate(documents):
            if number or self._sometimes(0.3):
                lines.append("---" + self._remark())
            lines += self.above(0)
            lines += self.block(document) if document else [json.dumps(document)]
            lines += self.above(0)
            if self._sometimes(0.1):
                lines.append("...")
        text = self._line_break.join(lines)
        # A literal at the end would lose its own.
        return text if self._sometimes(0.2) and not self._ends_in_literal(documents[-1]) else text + self._line_break

    def json(self, document: Data) -> str:
        """JSON as its libraries write it."""
        indent = self._one(None, 2, 4, "\t")
        close = self._one((",", ":"), (", ", ": ")) if indent is None else (",", ": ")
        text = json.dumps(document, indent=indent, separators=close, ensure_ascii=self._one(True, False))
        return text.replace("\n", self._line_break) + self._one("", self._line_break)

    def _ends_in_literal(self, document: Data) -> bool:
        while isinstance(document, dict | list) and document:
            document = list(document.values())[-1] if isinstance(document, dict) else document[-1]
        return document in LINES

    # Comments and blank lines.

    def _remark(self) -> str:
        if not self._sometimes(self._talkative):
            return ""
        return self._one(" ", "  ", "\t") + self._comment()

    def _comment(self) -> str:
        self.said.append(f"# {len(self.said)}: {self._one(*COMMENTS)}")
        return self.said[-1]

    def above(self, column: int) -> list[str]:
        """Comments and blank lines in lines of their own."""
        lines = []
        while self._sometimes(self._talkative):
            deeper = column if self._below_text else column + 2
            lines.append(" " * self._one(column, column, 0, deeper) + self._comment())
        return lines + [""] * self._sometimes(self._blank_lines)

    # Block style.

    def block(self, value: Data) -> list[str]:
        """A filled collection, or a scalar, as lines that begin in the first column."""
        if isinstance(value, dict) and value:
            return [line for key in value for line in [*self.above(0), *self._pair(key, value[key])]]
        if isinstance(value, list) and value:
            gap = self._gap
            return [line for item in value for line in [*self.above(0), *self._item(item, gap)]]
        return [self._leaf(value)]

    def _pair(self, key: str, value: Data) -> list[str]:
        head = self._string(key, key=True) + ":"
        if value is None and self._sometimes(0.3):
            return [head + self._remark()]
        self._below_text = value in LINES and self._sometimes(0.5)
        if self._below_text:
            return [f"{head} {line}" if not number else line for number, line in enumerate(self._literal(value))]
        if not isinstance(value, dict | list) or not value:
            return [f"{head} {self._leaf(value)}{self._remark()}"]
        if self._sometimes(self._flow):
            return self._flow_lines(f"{head} ", value)
        columns = self._dash if isinstance(value, list) else self._step
        if self._sometimes(self._mixed):
            columns = self._one(0, 1, 2, 4) if isinstance(value, list) else self._one(1, 2, 4)
        return [head + self._remark(), *(" " * columns + line if line else line for line in self.block(value))]

    def _item(self, value: Data, gap: int) -> list[str]:
        self._below_text = False
        dash = "-" + " " * (gap - 1)
        if value is None and self._sometimes(0.3):
            return ["-" + self._remark().replace("\t", " ")]  # libyaml has something against tabs there
        if not isinstance(value, dict | list) or not value:
            return [f"{dash}{self._leaf(value)}{self._remark()}"]
        if self._sometimes(self._flow):
            return self._flow_lines(dash, value)
        lines = self.block(value)
        if not lines[0].strip() or lines[0].lstrip().startswith("#"):
            return ["-", *(" " * gap + line if line else line for line in lines)]
        return [dash + lines[0], *(" " * gap + line if line else line for line in lines[1:])]

    def _literal(self, text: str) -> list[str]:
        return ["|" + self._remark(), *(" " * self._step + line if line else line for line in text.split("\n")[:-1])]

    # Flow style.

    def _flow_lines(self, head: str, value: Data) -> list[str]:
        """A filled collection in brackets: in one line, or with a line for each entry."""
        if self._sometimes(0.6):
            return [head + self._inline(value) + self._remark()]
        left, right = ("{", "}") if isinstance(value, dict) else ("[", "]")
        lines = [head + left + self._remark()]
        entries = self._entries(value)
        for number, entry in enumerate(entries, 1):
            comma = "," if number < len(entries) or self._sometimes(0.3) else ""
            lines += [*self.above(4), f"    {entry}{comma}{self._remark()}"]
        return [*lines, *self.above(4), "    " + right + self._remark()]

    def _inline(self, value: Data) -> str:
        if not isinstance(value, dict | list) or not value:
            return self._leaf(value)
        left, right = ("{", "}") if isinstance(value, dict) else ("[", "]")
        end = "," if self._sometimes(0.1) else ""
        return left + self._padding + self._comma.join(self._entries(value)) + end + self._padding + right

    def _entries(self, value: Data) -> list[str]:
        if isinstance(value, dict):
            return [f"{self._string(key, key=True)}: {self._inline(value[key])}" for key in value]
        return [self._inline(item) for item in value]

    # Scalars.

    def _leaf(self, value: Data) -> str:
        if value is None:
            return str(self._one("null", "~"))
        if isinstance(value, str):
            return self._string(value)
        return json.dumps(value)

    def _string(self, text: str, *, key: bool = False) -> str:
        if text in PLAIN or (key and text in {"b", "c", "d"}):
            quote = self._quote if self._sometimes(0.8) else ""
        else:
            quote = self._one("'", '"')
        if quote == "'" and "\n" not in text:
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=False) if quote or "\n" in text else text
