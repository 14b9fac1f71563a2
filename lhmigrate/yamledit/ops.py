"""What can be done to a document, in terms of its data: the text it stands in comes later, in `splices`.

All routes of one set of operations are those of the original document, whatever the other operations do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.errors import Problem

# Dicts and lists of strings, numbers, booleans and None. A precise type would refuse a plain `dict[str, str]`.
Data = Any

Route = tuple[str | int, ...]
"""Keys and indexes, from a document's root to what is meant."""


class Append(NamedTuple):
    """New items at the end of a list that has some already."""

    route: Route
    items: tuple[Data, ...]


class Insert(NamedTuple):
    """New items in front of the item of a list that is at `route`."""

    route: Route
    items: tuple[Data, ...]


class Put(NamedTuple):
    """A new key for the mapping at `route`: one that it lacks, or whose value is null, `[]` or `{}`."""

    route: Route
    key: str
    value: Data


class Remove(NamedTuple):
    """One item of a list, or one key of a mapping; never the last one that is left there."""

    route: Route


class Replace(NamedTuple):
    """One scalar by another."""

    route: Route
    value: str | float | bool | None


Op = Append | Insert | Put | Remove | Replace


class Splice(NamedTuple):
    """Text to stand in the place of a text's characters from `start` to before `end`."""

    start: int
    end: int
    text: str


class CannotEdit(Exception):  # noqa: N818 - it is one: we can tell what stands in the way
    """An edit that is not made, and why not."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Commented(NamedTuple):
    """Data that is to be written with a comment above it, where the style of the text has room for one.

    Stands for its `value` wherever data do: as an item of a list or as the value of a key.
    """

    comment: str
    value: Data


def bare(data: Data) -> Data:
    """Data without the comments they are to be written with."""
    match data:
        case Commented():
            return bare(data.value)
        case dict():
            return {key: bare(value) for key, value in data.items()}
        case list():
            return [bare(item) for item in data]
    return data


def changed(data: Data, ops: Sequence[Op]) -> Data:
    """The data as they are to be afterwards. What no operation touches is the very same object.

    Raises `ValueError` where a route leads nowhere, or an operation does not fit what it leads to.
    """
    return _changed(data, [(op.route, op) for op in ops])


def _changed(data: Data, ops: Sequence[tuple[Route, Op]]) -> Data:
    if not ops:
        return data
    here = [op for rest, op in ops if not rest]
    if any(isinstance(op, Replace) for op in here):
        return _replaced(data, here, len(ops))
    below: dict[str | int, list[tuple[Route, Op]]] = {}
    gone: set[str | int] = set()
    for rest, op in ops:
        if isinstance(op, Insert) and len(rest) == 1:
            here.append(op)
        elif isinstance(op, Remove) and len(rest) == 1:
            gone.add(rest[0])
        elif rest:
            below.setdefault(rest[0], []).append((rest[1:], op))
    if gone & below.keys():
        raise ValueError("something that is removed is changed as well")
    if isinstance(data, list):
        return _changed_list(data, here, gone, below)
    return _changed_dict({} if data is None else data, here, gone, below)


def _replaced(data: Data, here: Sequence[Op], count: int) -> Data:
    match here:
        case [Replace(value=value)] if count == 1 and not isinstance(data, dict | list):
            return value
    raise ValueError("only a scalar is replaced, and only once")


def _changed_list(
    data: list[Data], here: Sequence[Op], gone: set[str | int], below: dict[str | int, list[tuple[Route, Op]]]
) -> list[Data]:
    if not (gone | below.keys()) <= set(range(len(data))):
        raise ValueError("a list has no such item")
    if not any(index not in gone for index in range(len(data))):
        raise ValueError("a list would be left empty")
    before: dict[str | int, list[Data]] = {}
    last: list[Data] = []
    for op in here:
        match op:
            case Append():
                last += map(bare, op.items)
            case Insert() if op.route[-1] in range(len(data)) and op.route[-1] not in gone:
                before.setdefault(op.route[-1], []).extend(map(bare, op.items))
            case _:
                raise ValueError("a list has no such place")
    kept: list[Data] = []
    for index, item in enumerate(data):
        kept += before.get(index, ())
        kept += [] if index in gone else [_changed(item, below[index]) if index in below else item]
    return [*kept, *last]


def _changed_dict(
    data: Data, here: Sequence[Op], gone: set[str | int], below: dict[str | int, list[tuple[Route, Op]]]
) -> dict[str, Data]:
    if not isinstance(data, dict) or not (gone | below.keys()) <= data.keys():
        raise ValueError("a route leads nowhere")
    kept = {
        key: _changed(value, below[key]) if key in below else value for key, value in data.items() if key not in gone
    }
    if gone and not kept:
        raise ValueError("a mapping would be left empty")
    changing = set(gone | below.keys())
    for op in here:
        if not isinstance(op, Put) or op.key in changing or data.get(op.key) not in (None, [], {}):
            raise ValueError("a mapping can only be given a key that it lacks")
        changing.add(op.key)
        kept[op.key] = bare(op.value)
    return kept
