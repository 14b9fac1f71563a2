"""helmfile: the releases of a helmfile.yaml, as far as they are literal (helmfile/helmfile docs/index.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, pinned
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import at, beside, items, kind_of, text_at
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node


def is_helmfile(document: Document) -> bool:
    """Whether a document lists releases of charts as a helmfile does."""
    listed = items(at(document.node, "releases")) if kind_of(document.node) == ("", "") else []
    return any(text_at(node, "chart") for node in listed)


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """The releases of Longhorn's chart."""
    for node in items(at(document.node, "releases")):
        reference = text_at(node, "chart")
        chart = spelling.chart(reference, _address(reference, document, tree))
        if chart is not None and text_at(node, "installed") != "false":
            yield Declaration(
                shape="helmfile release",
                file=document.file,
                name=text_at(node, "name"),
                pin=pinned(at(node, "version"), node, chart),
                namespace=settled(text_at(node, "namespace")),
                release_name=settled(text_at(node, "name")),
                values=_values(node, document, tree),
            )


def _address(reference: str, document: Document, tree: Tree) -> str:
    """The address of the repository that a chart's name begins with; a list before another document counts too."""
    alias = reference.partition("/")[0]
    for one in tree.mentioning("repositories"):
        if one.file == document.file:
            for node in items(at(one.node, "repositories")):
                if text_at(node, "name") == alias:
                    return text_at(node, "url")
    return ""


def _values(node: Node, document: Document, tree: Tree) -> HelmValues:
    """Files and objects in their order, single settings over them; secrets are encrypted."""
    parts = [_part(one, document, tree) for one in items(at(node, "values"))]
    for one in items(at(node, "set")):
        value = at(one, "value")
        parts.append(helm.setting(text_at(one, "name"), value) if value is not None else _unset(one))
    parts += [helm.secret(one.place, "helmfile secrets are encrypted") for one in items(at(node, "secrets"))]
    parts += [
        helm.unread(one.place, f"the template {text_at(one, 'template')} may set values, and is not followed")
        for one in items(at(node, "inherit"))
    ]
    return NO_VALUES.then(*parts)


def _part(node: Node, document: Document, tree: Tree) -> HelmValues:
    if not isinstance(node, Scalar):
        return helm.of_node(node)
    if node.text.endswith(".gotmpl") or spelling.PLACEHOLDER.search(node.text):
        return helm.unread(node.place, f"the values file {node.text} is a template")
    return helm.of_file(tree, beside(document.file, node.text), node.place)


def _unset(node: Node) -> HelmValues:
    return helm.unread(node.place, f"the setting {text_at(node, 'name')!r} does not come from a plain value")
