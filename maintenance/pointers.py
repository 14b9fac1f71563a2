"""Whether evidence still holds: the word of each pointer must stand in its line, at its tag."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.longhorn.release import Evidence, Pointer
    from maintenance.upstream import Upstream


class State(Enum):
    """What became of a pointer."""

    HELD = "held"
    MOVED = "moved"
    """The word stands in that file, on another line."""
    VANISHED = "vanished"
    INFERRED = "inferred"
    """No line states it; the file says why we hold it for true."""


class Checked(NamedTuple):
    """One pointer, checked."""

    fact: tuple[str, str]
    """Section and name of what it shows."""
    pointer: Pointer
    state: State
    line: int
    """Where the word stands now; the nearest line to where it was. 0: nowhere."""


def check(evidence: Evidence, upstream: Upstream) -> Iterator[Checked]:
    """Every pointer of one release."""
    for fact, pointers in evidence.pointers.items():
        for pointer in pointers:
            yield Checked(fact, pointer, *_state(evidence, pointer, upstream))


def _state(evidence: Evidence, pointer: Pointer, upstream: Upstream) -> tuple[State, int]:
    if not pointer.source:
        return State.INFERRED, 0
    lines = upstream.lines(evidence.sources[pointer.source], pointer.path)
    if lines is None:
        return State.VANISHED, 0
    if pointer.line <= len(lines) and stands_in(pointer.word, lines[pointer.line - 1]):
        return State.HELD, pointer.line
    found = [number for number, line in enumerate(lines, 1) if stands_in(pointer.word, line)]
    if not found:
        return State.VANISHED, 0
    return State.MOVED, min(found, key=lambda number: abs(number - pointer.line))


def stands_in(word: str, line: str) -> bool:
    """Whether a word stands in a line as a whole: `950` does not stand in `9500`."""
    before = r"(?<!\w)" if re.match(r"\w", word) else ""
    after = r"(?!\w)" if re.search(r"\w$", word) else ""
    return re.search(before + re.escape(word) + after, line) is not None
