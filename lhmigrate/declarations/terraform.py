"""Terraform and OpenTofu: `helm_release` of the Helm provider, as far as it is literal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.declarations import hcl, helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, Pin, pinned, spelled, unpinned
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import beside
from lhmigrate.errors import Place, Problem, Unreadable
from lhmigrate.files.fields import node_of
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Tree
    from lhmigrate.files.yamltext import Node

_MODULE: Final = re.compile(r"^\$\{path\.(?:module|root)\}/|^\./")


def read(file: str, text: str, tree: Tree) -> Iterator[Declaration]:
    """The releases of Longhorn's chart in a file. Raises `Unreadable` where it is no HCL."""
    if "helm_release" not in text:
        return
    try:
        found = hcl.blocks(text)
    except hcl.NotHcl as error:
        raise Unreadable(Problem(_Source(file, text).place(error.at), "is not Terraform's language")) from None
    for block in found:
        if block.kind == "resource" and block.labels[:1] == ("helm_release",):
            yield from _release(block, _Source(file, text), tree)


class _Source:
    """A file's text, to tell places in it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text

    def place(self, at: int) -> Place:
        """The place of an index."""
        line = self._text.count("\n", 0, at) + 1
        return Place(self.file, line, at - self._text.rfind("\n", 0, at))

    def node(self, data: Any, at: int) -> Node:  # noqa: ANN401 - any plain data
        """Plain data as a node that stands at an index."""
        place = self.place(at)
        return node_of(data, Scalar(self.file, place.line, place.column, at, at, "", quoted=False))


def _release(block: hcl.Block, source: _Source, tree: Tree) -> Iterator[Declaration]:
    chart = spelling.chart(_text(block, "chart"), _text(block, "repository"))
    if chart is None:
        return
    yield Declaration(
        shape="Terraform helm_release",
        file=source.file,
        name=block.labels[1] if len(block.labels) > 1 else "",
        pin=_pin(block, source, chart),
        namespace=settled(_text(block, "namespace")),
        release_name=settled(_text(block, "name")),
        values=_values(block, source, tree),
    )


def _text(block: hcl.Block, name: str) -> str:
    found = block.attributes.get(name)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _pin(block: hcl.Block, source: _Source, chart: spelling.Chart) -> Pin:
    found = block.attributes.get("version")
    if found is None:
        return pinned(None, source.node("", block.at), chart)
    place = source.place(found.at)
    if not isinstance(found.value, str):
        return unpinned(place, "the version is worked out only when it is applied")
    if spelling.PLACEHOLDER.search(found.value):
        return unpinned(place, f"the version {found.value!r} is known only when it is applied", found.value)
    return spelled(found.value, place, chart)


def _values(block: hcl.Block, source: _Source, tree: Tree) -> HelmValues:
    """`values` in its order, and the settings over them."""
    told = block.attributes.get("values")
    parts = []
    if told is not None:
        every = told.value if isinstance(told.value, list) else [told.value]
        parts = [_part(one, told.at, source, tree) for one in every]
    for name in ("set", "set_sensitive", "set_list"):
        listed = block.attributes.get(name)
        if listed is not None:
            every = listed.value if isinstance(listed.value, list) else [listed.value]
            parts += [_setting(one, name, listed.at, source) for one in every]
    for inner in block.blocks:
        if inner.kind in {"set", "set_sensitive", "set_list", "dynamic"}:
            told_inner = {name: attribute.value for name, attribute in inner.attributes.items()}
            parts.append(_setting(told_inner, inner.kind, inner.at, source))
    return NO_VALUES.then(*parts)


def _part(value: Any, at: int, source: _Source, tree: Tree) -> HelmValues:  # noqa: ANN401 - any plain data
    """One of `values`: a text in YAML, a file of the module, or an object that is encoded."""
    match value:
        case hcl.Call("file", (str(path),)) if not spelling.PLACEHOLDER.search(_MODULE.sub("", path)):
            return helm.of_file(tree, beside(source.file, _MODULE.sub("", path)), source.place(at))
        case hcl.Call("yamlencode" | "jsonencode", (dict(data),)):
            return helm.of_node(source.node(_plain(data), at))
        case str() if not value.startswith("${"):
            return helm.of_text(source.node(value, at))
        case _:
            return helm.unread(source.place(at), "these Helm values are worked out only when they are applied")


def _plain(data: Any) -> Any:  # noqa: ANN401 - any plain data
    """Data in which calls stand for themselves."""
    match data:
        case hcl.Call():
            return f"${{{data.function}(...)}}"
        case dict():
            return {key: _plain(value) for key, value in data.items()}
        case list():
            return [_plain(value) for value in data]
        case _:
            return data


def _setting(told: Any, kind: str, at: int, source: _Source) -> HelmValues:  # noqa: ANN401 - any plain data
    place = source.place(at)
    if not isinstance(told, dict) or kind == "dynamic" or not isinstance(told.get("name"), str):
        return helm.unread(place, "settings are worked out only when they are applied")
    if kind != "set":
        missing = helm.secret if kind == "set_sensitive" else helm.unread
        return missing(place, f"the setting {told['name']!r} is not read")
    node = source.node(_plain(told.get("value")), at)
    return helm.setting(told["name"], node, as_text=told.get("type") == "string")


def is_terraform(file: str) -> bool:
    """Whether a file is Terraform's, by its name."""
    return file.endswith((".tf", ".tofu"))
