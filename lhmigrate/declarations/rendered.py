"""Longhorn's manifests themselves, in the tree: longhorn.yaml as it was downloaded, or what a chart was rendered to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import helm
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, Pin, pinned, spelled, unpinned
from lhmigrate.declarations.namespaces import given_to, settled
from lhmigrate.declarations.tree import at, items, name_of, text_at
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node

SHAPE: Final = "rendered manifests"
KINDS: Final = frozenset({("apps", "DaemonSet")})
# `longhornio/longhorn-manager:v1.7.2`, a mirror's `mirrored-longhornio-longhorn-manager:v1.7.2`.
_IMAGE: Final = re.compile(r"(?:^|.*[/-])longhorn-manager(?::(?P<tag>[^@]+))?(?:@sha256:[0-9a-f]+)?")


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """The installation that the managers' DaemonSet shows. Every release has had one of this name."""
    node = document.node
    if name_of(node) != "longhorn-manager":
        return
    pin = _pin(node)
    if pin is None:
        return
    labels = at(node, "metadata", "labels")
    by_helm = text_at(labels, "app.kubernetes.io/managed-by") == "Helm"
    values = NO_VALUES
    if by_helm:
        values = helm.unread(node.place, "these manifests were rendered from a chart, and do not tell its Helm values")
    yield Declaration(
        shape=SHAPE,
        file=document.file,
        pin=pin,
        install="helm" if by_helm else "manifest",
        namespace=settled(text_at(node, "metadata", "namespace")) or given_to(tree, document.file),
        release_name=settled(text_at(labels, "app.kubernetes.io/instance")),
        values=values,
    )


def _pin(node: Node) -> Pin | None:
    """The tag of the managers' image, or else the version in the labels that the chart writes.

    None where there is no such image: then it is only a patch of the DaemonSet.
    """
    for container in items(at(node, "spec", "template", "spec", "containers")):
        image = at(container, "image")
        found = _IMAGE.fullmatch(image.text) if isinstance(image, Scalar) else None
        if found is None or image is None:
            continue
        if found["tag"]:
            return spelled(found["tag"], image.place)
        label = at(node, "metadata", "labels", "app.kubernetes.io/version")
        return pinned(label, node) if label is not None else unpinned(image.place, "the image has no tag")
    return None
