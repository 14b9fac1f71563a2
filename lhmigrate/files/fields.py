"""Reads a mapping field by field, as the API server would, and complains with the place.

Plain scalars become what go-yaml makes of them before Kubernetes decodes the object as JSON
(sigs.k8s.io/yaml): `yes`, `on` and `true` are booleans, `0x1F` is a number, `null` and nothing are absent.
A value of the wrong type is refused there, so it is refused here.
"""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.errors import Problem, Unreadable
from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})
_FALSE: Final = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})
# Longer decimals are numbers too, by way of _FLOAT.
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

Value = str | int | float | bool | None


def wrong(node: Node, message: str) -> Unreadable:
    """The complaint to raise about a node."""
    return Unreadable(Problem(node.place, message))


def scalar(node: Scalar) -> Value:
    """What a scalar is once go-yaml has read it."""
    text = node.text
    if node.quoted:
        return text
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        return _integer(plain)
    if _FLOAT.fullmatch(plain):
        number = float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
        # Too large for go-yaml, so no number to it: 7e58912 is the name of a commit.
        return text if isinf(number) and plain[-1].isdigit() else number
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = int(digits, 8 if octal else 0)
    return -number if text.startswith("-") else number


def absent(node: Node) -> bool:
    """Whether a value stands there in name only: `null`, `~` or nothing."""
    return isinstance(node, Scalar) and not node.quoted and node.text in _NULL


def kind_of(node: Node) -> str:
    """What a node is, for a complaint."""
    match node:
        case Mapping():
            return "an object"
        case Sequence():
            return "a list"
        case Scalar():
            return {
                str: "a string", bool: "a boolean", int: "a number", float: "a number", type(None): "nothing",
            }[type(scalar(node))]  # fmt: skip


def string(node: Node, what: str) -> str:
    """A string, or a complaint that names what should be one."""
    if isinstance(node, Scalar):
        value = scalar(node)
        if isinstance(value, str):
            return value
        if value is not None:
            raise wrong(node, f"{what} must be a string, and {node.text} is {kind_of(node)}; put it in quotes")
    raise wrong(node, f"{what} must be a string, not {kind_of(node)}")


def items(node: Node, what: str) -> list[Node]:
    """A list's items."""
    if isinstance(node, Sequence):
        return node.items
    raise wrong(node, f"{what} must be a list, not {kind_of(node)}")


class Fields:
    """One object's fields. What nobody asked for is left in `rest`, so that nothing passes in silence."""

    def __init__(self, node: Node, what: str) -> None:
        if not isinstance(node, Mapping):
            raise wrong(node, f"{what} must be an object, not {kind_of(node)}")
        self.node = node
        self.what = what
        self._values: dict[str, Node] = {}
        self._keys: dict[str, Node] = {}
        self._asked: set[str] = set()
        for key, value in _flattened(node):
            self._values[key.text] = value
            self._keys[key.text] = key

    def get(self, key: str) -> Node | None:
        """The field's node; None where it is missing or null."""
        self._asked.add(key)
        node = self._values.get(key)
        return None if node is None or absent(node) else node

    def need(self, key: str) -> Node:
        """The field's node, or a complaint that it is missing."""
        node = self.get(key)
        if node is None:
            raise wrong(self.node, f"{self.what} has no {key}")
        return node

    def string(self, key: str) -> str | None:
        """A string field."""
        node = self.get(key)
        return None if node is None else string(node, key)

    def items(self, key: str) -> list[Node] | None:
        """A list field's items; None where it is missing, which is not the same as empty."""
        node = self.get(key)
        return None if node is None else items(node, key)

    def fields(self, key: str) -> Fields | None:
        """An object field's own fields."""
        node = self.get(key)
        return None if node is None else Fields(node, key)

    def strings(self, key: str) -> dict[str, str]:
        """An object field whose values are all strings, like labels."""
        inner = self.fields(key)
        if inner is None:
            return {}
        return {string(inner.key(name), f"a key of {key}"): string(node, f"{key}.{name}") for name, node in inner.all()}

    def all(self) -> Iterator[tuple[str, Node]]:
        """Every field, all of them asked for."""
        self._asked.update(self._values)
        yield from self._values.items()

    def key(self, name: str) -> Node:
        """A field's key, where it stands."""
        return self._keys[name]

    def rest(self) -> list[Node]:
        """The keys nobody asked for, where they stand."""
        return [self._keys[name] for name in self._values if name not in self._asked]


def _flattened(node: Mapping) -> Iterator[tuple[Scalar, Node]]:
    """A mapping's pairs after its merge keys; its own keys win. Duplicates are refused, as kubectl does."""
    own: dict[str, Scalar] = {}
    merged: list[Node] = []
    before: frozenset[str] = frozenset()
    pairs: list[tuple[Scalar, Node]] = []
    for key, value in node.pairs:
        if not isinstance(key, Scalar):
            raise wrong(key, "a key must be a string")
        if key.text in own:
            raise wrong(key, f"the key {key.text!r} stands here twice, first in line {own[key.text].line}")
        own[key.text] = key
        if key.text == "<<" and not key.quoted:
            merged.extend(value.items if isinstance(value, Sequence) else [value])
            before = frozenset(own)
            continue
        pairs.append((key, value))
    for other in merged:
        if not isinstance(other, Mapping):
            raise wrong(other, "a merge key (<<) must name an object")
        for key, value in _flattened(other):
            if key.text in before:
                # kubectl (go-yaml 2) takes the merged one, kustomize and Flux (go-yaml 3) the other.
                raise wrong(
                    own[key.text], f"tools differ in whether {key.text!r} counts here or in what << names; put << first"
                )
            if key.text not in own:
                own[key.text] = key
                yield key, value
    yield from pairs


def plain(node: Node) -> Any:  # noqa: ANN401 - whatever stood there
    """A node as plain data: dicts, lists and scalars."""
    match node:
        case Scalar():
            return scalar(node)
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in _flattened(node)}


def node_of(value: Any, like: Node) -> Node:  # noqa: ANN401 - any plain data
    """Plain data as a node that stands where `like` does: the opposite of `plain`."""
    where = (like.file, like.line, like.column, like.start, like.end)
    if isinstance(value, dict):
        pairs = [(node_of(key, like), node_of(item, like)) for key, item in value.items()]
        return Mapping(*where, pairs)
    if isinstance(value, list):
        return Sequence(*where, [node_of(item, like) for item in value])
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(*where, text, quoted=isinstance(value, str))
