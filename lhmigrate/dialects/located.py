"""A policy where it stands in its document: what a writer of a dialect needs to find the parts that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence
from lhmigrate.yamledit import Append, Put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.editing.edits import AddPolicy
    from lhmigrate.errors import Place
    from lhmigrate.yamledit import Op, Route

Data = Any


class Unwritable(Exception):  # noqa: N818 - a refusal, and no error
    """Why a dialect cannot write an edit, as a sentence's end."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Located(NamedTuple):
    """A policy's data in its document."""

    root: Node
    """The document's."""
    route: Route
    """From there to the policy."""
    data: Data

    def to(self, place: Place) -> Route:
        """The way from the document's root to the rule that was read at a place. Raises `Unwritable`."""
        for route, node in below(self.root):
            there = isinstance(node, Mapping) and (node.line, node.column) == (place.line, place.column)
            if there and route[: len(self.route)] == self.route:
                return route
        raise Unwritable("is not there any more")

    def at(self, route: Route) -> Data:
        """The policy's data at such a way."""
        found = self.data
        for step in route[len(self.route) :]:
            found = found[step]
        return found


def added_to(found: Located, section: str, key: str, items: list[Data]) -> Op:
    """More items for a list in a section of the policy, which may not have it yet."""
    if found.data[section].get(key):
        return Append((*found.route, section, key), tuple(items))
    return Put((*found.route, section), key, items)


def namespace_beside(added: AddPolicy, like: Data) -> str | None:
    """The namespace that a new policy names: it does so where the one beside it does, or is in none."""
    stated: str | None = (like.get("metadata") or {}).get("namespace")
    return added.namespace if added.beside.namespaces is not None else stated


def below(node: Node, route: Route = ()) -> Iterator[tuple[Route, Node]]:
    """A node and all values in it, each before what is in it."""
    waiting = [(route, node)]
    while waiting:
        way, one = waiting.pop()
        yield way, one
        match one:
            case Mapping():
                inside = [((*way, key.text), value) for key, value in one.pairs if isinstance(key, Scalar)]
            case Sequence():
                inside = [((*way, index), item) for index, item in enumerate(one.items)]
            case Scalar():
                inside = []
        waiting += reversed(inside)
