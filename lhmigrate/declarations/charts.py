"""Helm charts of the tree: an umbrella chart that depends on Longhorn's, and Longhorn's own chart, vendored.

The fields are those of https://helm.sh/docs/topics/charts/ ("The Chart.yaml File", "Chart Dependencies").
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import argo, helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, Pin, pinned
from lhmigrate.declarations.namespaces import above, settled
from lhmigrate.declarations.tree import Document, at, beside, items, kind_of, name_of, rooted, text_at
from lhmigrate.files.scan import KUSTOMIZATIONS
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Tree
    from lhmigrate.files.yamltext import Node

CHART: Final = "Chart.yaml"
# Helm 2 kept dependencies, and what they were resolved to, in files of their own.
_DEPENDENCIES: Final = {CHART: "Chart.lock", "requirements.yaml": "requirements.lock"}


def is_chart(document: Document) -> bool:
    """Whether this is a file in which a chart tells of itself."""
    return posixpath.basename(document.file) in _DEPENDENCIES


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """What an umbrella chart installs of Longhorn, or what Longhorn's own chart is."""
    for node in items(at(document.node, "dependencies")):
        chart = spelling.chart(text_at(node, "name"), text_at(node, "repository"))
        if chart is not None and not text_at(node, "repository").startswith("file://"):
            yield from _umbrella(
                document, node, _locked(document, pinned(at(node, "version"), node, chart), tree), tree
            )
    if _is_longhorn(document):
        yield from _vendored(document, tree)


def _locked(document: Document, pin: Pin, tree: Tree) -> Pin:
    """A range means what the lock file says that it was resolved to: `helm dependency build` installs that."""
    lock = beside(document.file, _DEPENDENCIES[posixpath.basename(document.file)])
    text = tree.text(lock) if pin.version is None else None
    for root in helm.roots(lock, text) if text else ():
        for node in items(at(root, "dependencies")):
            if text_at(node, "name") in spelling.NAMES:
                locked = pinned(at(node, "version"), node)
                return locked if locked.version is not None else pin
    return pin


def _umbrella(document: Document, node: Node, pin: Pin, tree: Tree) -> Iterator[Declaration]:
    """The chart as every Application of the tree installs it, or by itself where none is seen."""
    keys = text_at(node, "alias") or text_at(node, "name")
    own = (
        helm.of_file(tree, f"{_folder(document)}values.yaml", node.place) if _has_values(document, tree) else NO_VALUES
    )
    used = list(_applications(document, tree))
    for application, source in used:
        spec = at(application.node, "spec")
        values = own.then(argo.values(source, spec, tree)).below(keys)
        release = text_at(source, "helm", "releaseName") or name_of(application.node)
        yield Declaration(
            shape="umbrella chart",
            file=application.file,
            name=name_of(application.node),
            pin=pin,
            namespace=settled(text_at(spec, "destination", "namespace")),
            release_name=settled(release),
            values=values,
            parts=(document.file,),
        )
    if not used:
        yield Declaration(shape="umbrella chart", file=document.file, name=keys, pin=pin, values=own.below(keys))


def _applications(document: Document, tree: Tree) -> Iterator[tuple[Document, Node]]:
    """The Argo CD Applications that install the chart, each with the source that does."""
    folder = posixpath.dirname(document.file)
    for application in tree.mentioning("Application", posixpath.basename(folder)):
        if kind_of(application.node) == ("argoproj.io", "Application"):
            for source in argo.sources(at(application.node, "spec")):
                if text_at(source, "path") and rooted(text_at(source, "path")) == folder:
                    yield application, source


def own(tree: Tree) -> frozenset[str]:
    """The folders of the tree in which Longhorn's own chart lies: vendored, or fetched for a chart around it."""
    charts = (document for document in tree.every() if posixpath.basename(document.file) == CHART)
    return frozenset(posixpath.dirname(document.file) for document in charts if _is_longhorn(document))


def _is_longhorn(document: Document) -> bool:
    """Whether a chart is Longhorn's own: it has the name, depends on nothing, and says where it comes from."""
    about = [at(document.node, "home"), *items(at(document.node, "sources"))]
    from_there = any(isinstance(one, Scalar) and "longhorn" in one.text for one in about)
    return (
        text_at(document.node, "name") in spelling.NAMES and not items(at(document.node, "dependencies")) and from_there
    )


def _vendored(document: Document, tree: Tree) -> Iterator[Declaration]:
    """Longhorn's own chart, unpacked into the tree: its `appVersion` is the release that it installs."""
    if _fetched(document, tree):
        return
    version = at(document.node, "appVersion") or at(document.node, "version")
    values = helm.of_file(tree, f"{_folder(document)}values.yaml", document.node.place)
    yield Declaration(
        shape="vendored chart",
        file=document.file,
        pin=pinned(version, document.node),
        values=values if _has_values(document, tree) else NO_VALUES,
    )


def _fetched(document: Document, tree: Tree) -> bool:
    """Whether Helm put the chart there, for a chart above it that names the version that counts."""
    for folder in list(above(document.file))[1:]:
        chart = tree.text(posixpath.join(folder, CHART))
        if chart is not None and "dependencies" in chart and "longhorn" in chart:
            return True
    # kustomize keeps what it fetches in charts/longhorn-VERSION, and heeds the version that it is told.
    parts = document.file.split("/")
    versioned = len(parts) > 2 and parts[-3].startswith("longhorn-")
    return versioned and any(
        "helmCharts" in (tree.text(posixpath.join(folder, name)) or "")
        for folder in above(document.file)
        for name in KUSTOMIZATIONS
    )


def _folder(document: Document) -> str:
    return document.file.removesuffix(posixpath.basename(document.file))


def _has_values(document: Document, tree: Tree) -> bool:
    return tree.text(f"{_folder(document)}values.yaml") is not None
