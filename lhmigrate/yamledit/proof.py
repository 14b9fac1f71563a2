"""The proof that an edit is what it should be, made from the two texts alone, whoever made the edit and however."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Unreadable
from lhmigrate.files.fields import plain
from lhmigrate.files.yamltext import Node, Piece, parse, pieces
from lhmigrate.yamledit.layout import comments
from lhmigrate.yamledit.ops import CannotEdit, Data, Splice
from lhmigrate.yamledit.sites import cannot
from lhmigrate.yamledit.style import is_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lhmigrate.yamledit.style import Span

Intended = tuple[Node, Data]
"""The root of a document that is edited, and what its data are to be."""

_ELSEWHERE: Final = "cannot be edited without a change elsewhere in its file; edit it by hand"
_DATA: Final = "cannot be edited here so that it reads as intended; edit it by hand"
_COMMENTS: Final = "cannot be edited here without a loss of comments; edit it by hand"
_JSON: Final = "would not be JSON any more; edit it by hand"


class _Version(NamedTuple):
    """A text, and the parts of it that are not in the other one."""

    text: str
    own: tuple[Span, ...]
    free: tuple[Span, ...]
    """Those that may hold comments of their own: what was removed whole, and what is new."""


def prove(old: str, new: str, splices: Sequence[Splice], intended: Sequence[Intended]) -> None:
    """Raises `CannotEdit` unless the new text is the old one with exactly what is intended, in the order of the text.

    Outside the splices the texts are equal. The file has the same documents as before, and those that were not
    edited are equal in every character. Those that were edited read as they should, comments outside the splices
    are comments still, and JSON is still JSON.
    """
    first = intended[0][0]
    taken = tuple((splice.start, splice.end) for splice in splices)
    before = _Version(old, taken, tuple(span for span, splice in zip(taken, splices, strict=True) if not splice.text))
    given = tuple(_spans(splices))
    after = _Version(new, given, given)
    if not _equal_outside(before, after):
        raise cannot(first, _ELSEWHERE)
    waiting = deque(intended)
    for piece, now in zip_longest(pieces(old, first.file), pieces(new, first.file)):
        if piece is None or now is None:
            raise cannot(first, _ELSEWHERE)
        here: list[Intended] = []
        while waiting and waiting[0][0].start < piece.start + len(piece.text):
            here.append(waiting.popleft())
        if here:
            _prove_piece(before, piece, after, now, here)
        elif piece.text != now.text:
            raise cannot(first, _ELSEWHERE)
    if waiting:
        raise cannot(waiting[0][0], _ELSEWHERE)


def _spans(splices: Iterable[Splice]) -> Iterator[Span]:
    """Where the splices' texts stand in the new text."""
    shift = 0
    for start, end, text in splices:
        yield start + shift, start + shift + len(text)
        shift += len(text) - (end - start)


def _equal_outside(one: _Version, other: _Version) -> bool:
    ends = ((len(one.text), 0), (len(other.text), 0))
    index = place = 0
    for (start, end), (first, last) in [*zip(one.own, other.own, strict=True), ends]:
        if one.text[index:start] != other.text[place:first]:
            return False
        index, place = end, last
    return True


def _prove_piece(before: _Version, piece: Piece, after: _Version, now: Piece, intended: Sequence[Intended]) -> None:
    first = intended[0][0]
    try:
        found = _parsed(now, first)
        roots = [first] if len(found) == 1 else parse(piece)
        if len(roots) != len(found):
            raise cannot(first, _ELSEWHERE)
        for root, root_now in zip(roots, found, strict=True):
            [data] = [data for one, data in intended if one.start == root.start] or [plain(root)]
            if not same(plain(root_now), data):
                raise cannot(root, _DATA)
            if is_json(before.text, root) and not is_json(after.text, root_now):
                raise cannot(root, _JSON)
    except Unreadable as error:
        raise CannotEdit(error.problem) from None
    if _comments(before, piece, roots) != _comments(after, now, found):
        raise cannot(first, _COMMENTS)


def _parsed(piece: Piece, wanted: Node) -> list[Node]:
    try:
        return parse(piece)
    except Unreadable:
        raise cannot(wanted, _DATA) from None


def _comments(version: _Version, piece: Piece, roots: Sequence[Node]) -> list[str]:
    """The comments that both versions should have."""
    found = comments(version.text, piece.start, piece.start + len(piece.text), roots)
    return [text for index, text in found if not _covers(version.free, index)]


def _covers(spans: Sequence[Span], index: int) -> bool:
    """Whether a place is in one of the spans, which are in order."""
    number = bisect_right(spans, index, key=lambda span: span[0])
    return number > 0 and index < spans[number - 1][1]


def same(one: Data, other: Data) -> bool:
    """Whether data are equal in type as well: 1 is neither 1.0 nor true, and not-a-number is itself."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - not a number
