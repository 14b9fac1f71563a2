"""From operations to the places of a document that they change, or to the reason why one may not be changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lhmigrate.errors import Problem
from lhmigrate.files.fields import absent, kind_of
from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence
from lhmigrate.yamledit.layout import Layout, children, count, every, filled
from lhmigrate.yamledit.ops import Append, CannotEdit, Data, Insert, Op, Put, Remove, Replace, Route

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Several

_PLACEHOLDER = re.compile(r"\{\{|\$\{(?=[A-Za-z_])")

_SHARED: Final = "is used in other places as well, by way of an alias; edit it by hand"
_TAGGED: Final = "has a tag, and tags are not edited; edit it by hand"
_MERGED: Final = "comes from a merge key (<<); edit it by hand where it stands"


@dataclass(slots=True)
class Site:
    """One list or mapping, and what happens to its entries. The indexes are those of its items or pairs."""

    route: Route
    node: Sequence | Mapping
    above: tuple[Node, ...]
    """The collections that it is in, from the root."""
    removed: set[int] = field(default_factory=set)
    added: list[tuple[str | None, Data]] = field(default_factory=list)
    """Values with their keys; items of a list have none."""
    inserted: dict[int, list[Data]] = field(default_factory=dict)
    """Items of a list that go in front of one of it."""
    given: dict[int, Data] = field(default_factory=dict)
    """Entries that get another value: for one that is null or empty, or for a scalar."""

    in_flow: bool = False
    """Whether it is written with brackets or braces, or inside of some."""

    def key(self, index: int) -> str:
        """A mapping's key."""
        key = self.node.pairs[index][0] if isinstance(self.node, Mapping) else None
        return key.text if isinstance(key, Scalar) else ""

    def replaces(self, index: int) -> bool:
        """Whether an entry that gets a value had a scalar."""
        value = _child(self.node, index)
        return isinstance(value, Scalar) and not absent(value)

    def example(self, key: str | None) -> Mapping | None:
        """A mapping of the same list that has the key, or else this one."""
        parent = self.above[-1] if self.above else None
        sisters = [one for one in parent.items if isinstance(one, Mapping)] if isinstance(parent, Sequence) else []
        for sister in reversed(sisters):
            if any(isinstance(one, Scalar) and one.text == key and not _empty(value) for one, value in sister.pairs):
                return sister
        return self.node if isinstance(self.node, Mapping) else None


class Sites:
    """The sites of one document."""

    def __init__(self, layout: Layout, root: Node) -> None:
        self._layout = layout
        self._root = root
        self._sites: dict[Route, Site] = {}
        self._filled: dict[Route, dict[str, Data]] = {}
        self._removed: set[Route] = set()
        self.whole: dict[str, Data] | None = None
        """What the root gets, where that is `{}` or null."""
        self._shared = _shared(root) if "*" in layout.text[root.start : root.end] else frozenset()

    def of(self, ops: Several[Op]) -> list[Site]:
        """Where these operations happen. Raises `CannotEdit`."""
        for op in ops:
            match op:
                case Append():
                    self._append(op)
                case Insert():
                    self._insert(op)
                case Put():
                    self._put(op)
                case Remove():
                    self._remove(op)
                case Replace():
                    self._replace(op)
        for route, value in self._filled.items():
            self._give(route, dict(sorted(value.items())))
        for op in ops:
            self._refuse_removed(op)
        for site in self._sites.values():
            # The order of keys is not that of the operations, so that this has none.
            site.added.sort(key=lambda one: one[0] or "")
        return list(self._sites.values())

    # One operation.

    def _append(self, op: Append) -> None:
        site = self._site(op.route)
        if not isinstance(site.node, Sequence):
            raise cannot(site.node, f"is {kind_of(site.node)}, and only a list can be appended to")
        _refuse_placeholders(site.node)
        site.added.extend((None, item) for item in op.items)

    def _insert(self, op: Insert) -> None:
        if not op.route:
            raise cannot(self._root, "is a whole document, and nothing goes in front of it")
        site, index = self._entry(op.route)
        if not isinstance(site.node, Sequence):
            raise cannot(site.node, f"is {kind_of(site.node)}, and only a list has items that follow each other")
        _refuse_placeholders(site.node)
        site.inserted.setdefault(index, []).extend(op.items)

    def _put(self, op: Put) -> None:
        node = self._find(op.route)
        if absent(node) or (isinstance(node, Mapping) and not node.pairs):
            value = self._filled.setdefault(op.route, {})
            if op.key in value:
                raise cannot(node, f"cannot be given the key {op.key!r} twice")
            value[op.key] = op.value
            return
        if not isinstance(node, Mapping):
            raise cannot(node, f"is {kind_of(node)}, and only an object can be given a key")
        site = self._site(op.route)
        index = _index(node, op.key)
        if index is not None:
            self._give((*op.route, op.key), op.value)
        elif op.key in {key for key, _ in site.added}:
            raise cannot(node, f"cannot be given the key {op.key!r} twice")
        else:
            site.added.append((op.key, op.value))

    def _remove(self, op: Remove) -> None:
        if not op.route:
            raise cannot(self._root, "is a whole document, and is not removed")
        site, index = self._entry(op.route)
        node = _child(site.node, index)
        if self._shared:
            entry = self._layout.entries(site.node)[index]
            for one in every(node):
                if id(one) in self._shared and entry.start <= one.start < entry.end:
                    raise cannot(one, _SHARED)
        _refuse_placeholders(node)
        if isinstance(site.node, Mapping):
            _refuse_placeholders(site.node.pairs[index][0])
        site.removed.add(index)
        self._removed.add(op.route)
        if len(site.removed) == count(site.node):
            raise cannot(node, "is the last one that is left there, and an empty list or object means something else")

    def _replace(self, op: Replace) -> None:
        node = self._find(op.route)
        if not isinstance(node, Scalar):
            raise cannot(node, f"is {kind_of(node)}, and only a scalar is replaced by another")
        _refuse_placeholders(node)
        self._give(op.route, op.value, replacing=True)

    def _give(self, route: Route, value: Data, *, replacing: bool = False) -> None:
        node = self._find(route)
        if not route:
            if replacing or node.start == node.end:
                raise cannot(node, "is a whole document, and only an empty object {} can be given keys")
            self.whole = value
            return
        if not replacing and not _empty(node):
            raise cannot(node, "has a value already")
        site, index = self._entry(route)
        if index in site.given:
            raise cannot(node, "cannot be given two values")
        site.given[index] = value

    def _refuse_removed(self, op: Op) -> None:
        touched = (*op.route, op.key) if isinstance(op, Put) else op.route
        for length in range(1, len(touched) + (not isinstance(op, Remove))):
            if touched[:length] in self._removed:
                raise cannot(self._find(touched[:length]), "cannot be both removed and changed")

    # Routes.

    def _site(self, route: Route) -> Site:
        """The site of a collection with something in it."""
        if route in self._sites:
            return self._sites[route]
        *above, node = (self._find(route[:length]) for length in range(len(route) + 1))
        if isinstance(node, Scalar) or not filled(node):
            what = kind_of(node) if isinstance(node, Scalar) else f"an empty {kind_of(node).split()[-1]}"
            raise cannot(node, f"is {what}, and has nothing in it that could be added to or taken from")
        in_flow = any(self._layout.is_flow(one) for one in (*above, node))
        return self._sites.setdefault(route, Site(route, node, tuple(above), in_flow=in_flow))

    def _entry(self, route: Route) -> tuple[Site, int]:
        site = self._site(route[:-1])
        return site, _step(site.node, route[-1])

    def _find(self, route: Route) -> Node:
        """What a route leads to, if it may be edited."""
        node = self._root
        self._check(node)
        for step in route:
            if isinstance(node, Scalar):
                raise cannot(node, f"is {kind_of(node)}, and has no {step}")
            node = _child(node, _step(node, step))
            self._check(node)
        return node

    def _check(self, node: Node) -> None:
        if id(node) in self._shared:
            raise cannot(node, _SHARED)
        if "!" in self._layout.properties(node):
            raise cannot(node, _TAGGED)


def runs(indexes: set[int]) -> Iterator[tuple[int, int]]:
    """First and last of the indexes that follow each other."""
    for index in sorted(indexes):
        if index - 1 not in indexes:
            last = index
            while last + 1 in indexes:
                last += 1
            yield index, last


def _step(node: Sequence | Mapping, step: str | int) -> int:
    """The index of an item or a pair."""
    if isinstance(node, Sequence):
        if isinstance(step, int) and 0 <= step < len(node.items):
            return step
        raise cannot(node, f"has no item {step}")
    index = _index(node, step)
    if index is None:
        merged = any(isinstance(key, Scalar) and key.text == "<<" and not key.quoted for key, _ in node.pairs)
        raise cannot(node, _MERGED if merged else f"has no key {step}")
    return index


def _index(node: Mapping, wanted: str | int) -> int | None:
    found = [index for index, (key, _) in enumerate(node.pairs) if isinstance(key, Scalar) and key.text == wanted]
    if len(found) > 1:
        raise cannot(
            node.pairs[found[1]][0], f"is a key that stands here twice, first in line {node.pairs[found[0]][0].line}"
        )
    return found[0] if found else None


def _empty(node: Node) -> bool:
    return absent(node) if isinstance(node, Scalar) else not filled(node)


def _child(node: Sequence | Mapping, index: int) -> Node:
    return node.items[index] if isinstance(node, Sequence) else node.pairs[index][1]


def _shared(root: Node) -> frozenset[int]:
    """The nodes that stand in more than one place."""
    once: set[int] = set()
    more: set[int] = set()
    for node in every(root):
        for child in children(node):
            (more if id(child) in once else once).add(id(child))
    return frozenset(more)


def _refuse_placeholders(node: Node) -> None:
    for one in every(node):
        if isinstance(one, Scalar) and (found := _PLACEHOLDER.search(one.text)):
            what = (
                "a template's {{ }}" if found[0] == "{{" else "a ${VARIABLE} that is replaced only when it is applied"
            )
            raise cannot(one, f"holds {what}; edit it by hand")


def cannot(node: Node, why: str) -> CannotEdit:
    """The complaint to raise about a node."""
    return CannotEdit(Problem(node.place, why))
