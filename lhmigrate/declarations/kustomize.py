"""kustomize: charts that it inflates, Longhorn's manifest by its address, and patches that set a version.

The fields are those of kubernetes-sigs/kustomize api/types/helmchartargs.go and kustomization.go.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, Pin, pinned, tagged, unpinned
from lhmigrate.declarations.namespaces import given_to, settled
from lhmigrate.declarations.tree import at, beside, items, kind_of, name_of, nested, text_at
from lhmigrate.files.scan import KUSTOMIZATIONS
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node

_GENERATOR: Final = "HelmChartInflationGenerator"


def is_kustomization(document: Document) -> bool:
    """Whether kustomize would read this document for what to build."""
    return posixpath.basename(document.file) in KUSTOMIZATIONS or kind_of(document.node)[1] == _GENERATOR


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """What a kustomization, or a generator beside it, installs of Longhorn."""
    if kind_of(document.node)[1] == _GENERATOR:
        yield from _chart(document.node, _NOW, document, tree)
        return
    for node in items(at(document.node, "helmCharts")):
        yield from _chart(node, _NOW, document, tree)
    for node in items(at(document.node, "helmChartInflationGenerator")):
        yield from _chart(node, _BEFORE, document, tree)
    pin = _resource(document)
    if pin is not None:
        yield Declaration(
            shape="kustomize resource",
            file=document.file,
            pin=pin,
            install="manifest",
            namespace=given_to(tree, document.file),
        )
    yield from _patches(document, tree)


def _resource(document: Document) -> Pin | None:
    """The release of Longhorn's own manifest among the resources, or that of its images."""
    manifests = [
        tagged(reference, node.place)
        for key in ("resources", "bases")
        for node in items(at(document.node, key))
        if isinstance(node, Scalar) and (reference := spelling.manifest(node.text)) is not None
    ]
    images = [
        pinned(tag, node)
        for node in items(at(document.node, "images"))
        if text_at(node, "name").endswith("/longhorn-manager") and (tag := at(node, "newTag")) is not None
    ]
    for manifest in manifests:
        for image in images:
            if image.version != manifest.version:
                return unpinned(image.place, f"the image is of {image.written}, and the manifest of {manifest.written}")
    return next(iter((*manifests, *images)), None)


class _Keys(NamedTuple):
    """How a field of kustomize calls what there is to say of a chart."""

    shape: str
    name: str
    address: str
    version: str
    namespace: str
    file: str
    inline: str


_NOW: Final = _Keys("kustomize helmCharts", "name", "repo", "version", "namespace", "valuesFile", "valuesInline")
_BEFORE: Final = _Keys(
    "kustomize helmChartInflationGenerator",
    "chartName", "chartRepoUrl", "chartVersion", "releaseNamespace", "values", "valuesLocal",
)  # fmt: skip


def _chart(node: Node, keys: _Keys, document: Document, tree: Tree) -> Iterator[Declaration]:
    """A chart that is inflated. One that lies in the tree is taken whatever version is named (`ChartHome`)."""
    name = text_at(node, keys.name)
    chart = spelling.chart(name, text_at(node, keys.address))
    if chart is None:
        return
    home = text_at(document.node, "helmGlobals", "chartHome") or "charts"
    if tree.text(beside(document.file, f"{home}/{name}/Chart.yaml")) is not None:
        return
    yield Declaration(
        shape=keys.shape,
        file=document.file,
        name=text_at(node, "releaseName"),
        pin=pinned(at(node, keys.version), node, chart),
        # What kustomize gives to everything that it builds wins.
        namespace=given_to(tree, document.file) or settled(text_at(node, keys.namespace)),
        release_name=settled(text_at(node, "releaseName")),
        values=_values(node, keys, document, tree),
    )


def _values(node: Node, keys: _Keys, document: Document, tree: Tree) -> HelmValues:
    """A file and inline values, merged as `valuesMerge` says, and additional files over both."""
    named = at(node, keys.file)
    file = NO_VALUES
    if isinstance(named, Scalar):
        file = helm.of_file(tree, beside(document.file, named.text), named.place)
    inline = helm.of_node(at(node, keys.inline))
    match text_at(node, "valuesMerge"):
        case "merge":
            both = inline.then(file)
        case "replace" if inline.given:
            both = inline
        case _:
            both = file.then(inline)
    more = [
        helm.of_file(tree, beside(document.file, one.text), one.place)
        for one in items(at(node, "additionalValuesFiles"))
        if isinstance(one, Scalar)
    ]
    return both.then(*more)


# JSON patches (RFC 6902) of the objects that hold a version, and where in them it is.
_PATCHED: Final = {
    "HelmRelease": ("/spec/chart/spec/version",),
    "OCIRepository": ("/spec/ref/tag",),
    "Application": ("/spec/source/targetRevision", "/spec/sources/0/targetRevision"),
}


def _patches(document: Document, tree: Tree) -> Iterator[Declaration]:
    """Patches of a kustomization that set the version of something that is called longhorn."""
    for key in ("patches", "patchesJson6902"):
        for node in items(at(document.node, key)):
            kind, name = text_at(node, "target", "kind"), text_at(node, "target", "name")
            for patch in _patch_of(node, document, tree):
                if kind in _PATCHED and "longhorn" in name:
                    for operation in items(patch):
                        value = at(operation, "value")
                        if text_at(operation, "path") in _PATCHED[kind] and value is not None:
                            yield _patched(kind, name, pinned(value, operation), document, tree)
                version = at(patch, "spec", "chart", "spec", "version")
                if kind_of(patch)[1] == "HelmRelease" and "longhorn" in name_of(patch) and version is not None:
                    yield _patched("HelmRelease", name_of(patch), pinned(version, patch), document, tree)


def _patch_of(node: Node, document: Document, tree: Tree) -> list[Node]:
    """A patch's own text; a file of the tree that is a JSON patch. Other files are read where they stand."""
    written, path = at(node, "patch"), text_at(node, "path")
    if isinstance(written, Scalar):
        return nested(written)
    file = beside(document.file, path)
    text = tree.text(file) if path else None
    return helm.roots(file, text) if text is not None and "kind:" not in text else []


def _patched(kind: str, name: str, pin: Pin, document: Document, tree: Tree) -> Declaration:
    return Declaration(
        shape=f"kustomize patch of a {kind}",
        file=document.file,
        name=name,
        pin=pin,
        namespace=given_to(tree, document.file),
        values=helm.unread(pin.place, f"the values of the {kind} that is patched here are not composed"),
    )
