"""The namespace that something above a file gives to what names none: a kustomization, or Flux's Kustomization."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lhmigrate.declarations.spelling import PLACEHOLDER
from lhmigrate.declarations.tree import kind_of, read, rooted, text_at
from lhmigrate.errors import Unreadable
from lhmigrate.files.scan import KUSTOMIZATIONS
from lhmigrate.files.yamltext import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Tree


def settled(written: str) -> str | None:
    """A namespace or name as it is written; None where nothing is, or something fills it in later."""
    return written if written and not PLACEHOLDER.search(written) else None


def given_to(tree: Tree, file: str) -> str | None:
    """What the nearest kustomization above a file says, or a Flux Kustomization whose path leads to it."""
    for folder in above(file):
        for name in KUSTOMIZATIONS:
            namespace = _of_kustomization(tree, posixpath.join(folder, name))
            if namespace:
                return namespace
    return _of_flux(tree, file)


def above(file: str) -> Iterator[str]:
    """The folders that a file is in, the nearest first, the root last."""
    folder = posixpath.dirname(file)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _of_kustomization(tree: Tree, path: str) -> str | None:
    text = tree.text(path)
    if text is None or "namespace" not in text:
        return None
    try:
        roots = read(Piece(path, text, 0, 0))
    except Unreadable:
        return None
    return next((found for root in roots if (found := settled(text_at(root, "namespace")))), None)


def _of_flux(tree: Tree, file: str) -> str | None:
    """https://fluxcd.io/flux/components/kustomize/kustomizations/: `spec.path` counts from the repository's root."""
    best = (0, "")
    for document in tree.mentioning("Kustomization", "targetNamespace"):
        if kind_of(document.node) != ("kustomize.toolkit.fluxcd.io", "Kustomization"):
            continue
        path = rooted(text_at(document.node, "spec", "path") or ".")
        namespace = settled(text_at(document.node, "spec", "targetNamespace"))
        if namespace and file.startswith(f"{path}/"):
            best = max(best, (len(path), namespace))
    return best[1] or None
