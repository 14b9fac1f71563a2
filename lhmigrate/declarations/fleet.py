"""Rancher Fleet: fleet.yaml, with a target's own version and values (fleet.rancher.io, "fleet.yaml")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, pinned
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import at, beside, items, text_at
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node


def is_bundle(document: Document) -> bool:
    """Whether Fleet reads this file as a bundle's."""
    return posixpath.basename(document.file) in {"fleet.yaml", "fleet.yml"}


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """What a bundle installs, and what it installs for each target that differs."""
    yield from _bundle(document, tree, None)
    for target in items(at(document.node, "targetCustomizations")):
        told = at(target, "helm")
        if any(at(told, key) is not None for key in ("chart", "version", "values", "valuesFiles", "releaseName")):
            yield from _bundle(document, tree, target)


def _bundle(document: Document, tree: Tree, target: Node | None) -> Iterator[Declaration]:
    """The bundle as one target sees it: what the target says is laid over what all say."""
    layers = [target, document.node] if target is not None else [document.node]

    def first(*keys: str) -> Node | None:
        return next((found for layer in layers if (found := at(layer, *keys)) is not None), None)

    reference = _text(first("helm", "chart"))
    chart = spelling.chart(reference, _text(first("helm", "repo")))
    if chart is None:
        return
    told = at(document.node, "helm")
    yield Declaration(
        shape="Fleet bundle",
        file=document.file,
        name=text_at(target, "name"),
        pin=pinned(first("helm", "version"), told or document.node, chart),
        namespace=settled(_text(first("namespace") or first("defaultNamespace"))),
        release_name=settled(_text(first("helm", "releaseName"))),
        values=NO_VALUES.then(*(_values(at(layer, "helm"), document, tree) for layer in reversed(layers))),
    )


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _values(told: Node | None, document: Document, tree: Tree) -> HelmValues:
    """`values`, `valuesFiles` over them, and `valuesFrom` over both (rancher/fleet issue 543)."""
    parts = [helm.of_node(at(told, "values"))]
    parts += [
        helm.of_file(tree, beside(document.file, node.text), node.place)
        for node in items(at(told, "valuesFiles"))
        if isinstance(node, Scalar)
    ]
    for node in items(at(told, "valuesFrom")):
        missing = helm.secret if at(node, "secretKeyRef") is not None else helm.unread
        parts.append(missing(node.place, "these Helm values come from an object in the cluster"))
    template = at(told, "templateValues")
    if template is not None:
        parts.append(helm.unread(template.place, "templateValues are filled in for each cluster"))
    return NO_VALUES.then(*parts)
