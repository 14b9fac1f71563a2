"""Flux: HelmRelease (helm.toolkit.fluxcd.io/v2 and its betas) with its chart, OCIRepository or HelmChart.

The fields are those of fluxcd/helm-controller docs/spec/v2/helmreleases.md and fluxcd/source-controller docs/spec/v1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, Pin, pinned, tagged, unpinned
from lhmigrate.declarations.namespaces import given_to, settled
from lhmigrate.declarations.tree import at, items, kind_of, name_of, rooted, shared, text_at
from lhmigrate.files.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node

_RELEASE: Final = ("helm.toolkit.fluxcd.io", "HelmRelease")
_OCI: Final = ("source.toolkit.fluxcd.io", "OCIRepository")
_GIT: Final = ("source.toolkit.fluxcd.io", "GitRepository")
KINDS: Final = frozenset({_RELEASE, _OCI, _GIT, ("source.toolkit.fluxcd.io", "HelmChart")})


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """The installation that a HelmRelease is, or that a source stands for where nothing is seen to use it."""
    kind = kind_of(document.node)
    address = text_at(document.node, "spec", "url")
    if kind == _RELEASE:
        pin = _pin(document, tree)
        if pin is not None:
            yield _release(document, tree, pin)
    elif kind == _OCI and spelling.chart(address) and not _used(document, tree):
        yield Declaration(
            shape="Flux OCIRepository",
            file=document.file,
            name=name_of(document.node),
            pin=_of_oci(document.node, at(document.node, "spec")),
            namespace=given_to(tree, document.file),
            values=helm.unread(document.node.place, "the HelmRelease that uses this OCIRepository is not in this tree"),
        )

    elif kind == _GIT and spelling.repository(address) and not _used(document, tree):
        yield Declaration(
            shape="Flux GitRepository",
            file=document.file,
            name=name_of(document.node),
            pin=_of_tag(document.node, "it is a branch"),
            install="manifest",
        )


def _used(source: Document, tree: Tree) -> bool:
    """Whether a HelmRelease of the tree takes its chart from here."""
    name = name_of(source.node)
    return any(
        name in {text_at(spec, "chartRef", "name"), text_at(spec, "chart", "spec", "sourceRef", "name")}
        for document in tree.mentioning("HelmRelease", name)
        if kind_of(document.node) == _RELEASE and (spec := at(document.node, "spec")) is not None
    )


def _release(document: Document, tree: Tree, pin: Pin) -> Declaration:
    spec = at(document.node, "spec")
    name, target = name_of(document.node), settled(text_at(spec, "targetNamespace"))
    own = settled(text_at(document.node, "metadata", "namespace"))
    # "Release name": it defaults to a composition of `[<target namespace>-]<name>`.
    release_name = text_at(spec, "releaseName") or (f"{target}-{name}" if target else name)
    bases = _bases(document, tree)[:1]
    return Declaration(
        shape="Flux HelmRelease",
        file=document.file,
        name=name,
        pin=pin,
        namespace=target or own or given_to(tree, document.file),
        release_name=settled(release_name),
        values=NO_VALUES.then(*(_values(base, tree) for base in bases), _values(document, tree)),
        parts=tuple(base.file for base in bases),
    )


def _pin(document: Document, tree: Tree) -> Pin | None:
    """The version of a HelmRelease; None where its chart is not Longhorn's."""
    spec = at(document.node, "spec")
    chart, reference = at(spec, "chart", "spec"), at(spec, "chartRef")
    if reference is not None:
        return _of_reference(document, reference, tree)
    if at(chart, "url") is not None:
        return _of_oci(document.node, chart) if spelling.chart(text_at(chart, "url")) else None
    written = text_at(chart, "chart")
    if not written:
        return _of_patch(document, tree)
    source = text_at(chart, "sourceRef", "name")
    if text_at(chart, "sourceRef", "kind") in {"GitRepository", "Bucket"}:
        return _of_git(document, written, source, tree)
    found = spelling.chart(written, _address(document, source, tree))
    return None if found is None else pinned(at(chart, "version"), document.node, found)


def _address(document: Document, name: str, tree: Tree) -> str:
    """Where a HelmRepository of the tree is, so that a chart of the same name from elsewhere is told apart."""
    if not name:
        return ""
    found = {text_at(one.node, "spec", "url") for one in tree.nearest("HelmRepository", name, document.file)}
    return found.pop() if len(found) == 1 else ""


def _of_reference(document: Document, reference: Node, tree: Tree) -> Pin | None:
    """The version in the object that `chartRef` names."""
    kind, name = text_at(reference, "kind"), text_at(reference, "name")
    found = tree.nearest(kind, name, document.file)
    if not found and "longhorn" in f"{name} {name_of(document.node)}":
        return unpinned(reference.place, f"its chart is {kind} {name}, which is not in this tree")
    pins = []
    for source in found:
        spec = at(source.node, "spec")
        if kind == "OCIRepository" and spelling.chart(text_at(spec, "url")):
            pins.append(_of_oci(source.node, spec))
        elif kind == "HelmChart" and (chart := spelling.chart(text_at(spec, "chart"))):
            pins.append(pinned(at(spec, "version"), source.node, chart))
    return _agreed(pins, reference, f"its chart is {kind} {name}")


def _agreed(pins: list[Pin], where: Node, what: str) -> Pin | None:
    """The one version that several places agree on."""
    if len({pin.written for pin in pins}) > 1:
        return unpinned(where.place, f"{what}, which stands at {' and at '.join(str(pin.place) for pin in pins)}")
    return pins[0] if pins else None


def _of_oci(where: Node, spec: Node | None) -> Pin:
    """The version of an OCIRepository ("Reference"): a digest is taken before a range, and that before a tag."""
    chart = spelling.chart(text_at(spec, "url")) or spelling.LONGHORN
    digest = at(spec, "ref", "digest")
    named = at(spec, "ref", "semver") or at(spec, "ref", "tag")
    if isinstance(digest, Scalar) and named is None:
        return unpinned(digest.place, "its version is only a digest", digest.text)
    return pinned(named, where, chart)


def _of_git(document: Document, path: str, name: str, tree: Tree) -> Pin | None:
    """The version of a chart that comes from a Git repository."""
    for source in tree.nearest("GitRepository", name, document.file):
        if spelling.repository(text_at(source.node, "spec", "url")):
            return _of_tag(source.node, "its chart comes from a branch of Longhorn's repository")
    inside = rooted(path)
    ours = path.rstrip("/").rpartition("/")[2] in spelling.NAMES
    if not ours or tree.text(f"{inside}/Chart.yaml") is not None:
        return None  # A chart of this tree tells its version itself.
    return unpinned(document.node.place, "its chart comes from a Git repository that is not this one")


def _of_tag(source: Node, otherwise: str) -> Pin:
    """The version of a GitRepository of Longhorn's own."""
    tag = at(source, "spec", "ref", "tag")
    return tagged(tag.text, tag.place) if isinstance(tag, Scalar) else unpinned(source.place, otherwise)


def _is_patch(document: Document) -> bool:
    """Whether a HelmRelease names no chart. The API server would refuse it: it is for kustomize to patch another."""
    spec = at(document.node, "spec")
    chart = at(spec, "chart", "spec")
    return not text_at(chart, "chart") and at(spec, "chartRef") is None and at(chart, "url") is None


def _bases(document: Document, tree: Tree) -> list[Document]:
    """What a patch may be of: HelmReleases of its name with a chart, nearest first."""
    if not _is_patch(document):
        return []
    name = name_of(document.node)
    found = [
        other
        for other in tree.mentioning("HelmRelease", name)
        if kind_of(other.node) == _RELEASE and name_of(other.node) == name and not _is_patch(other)
    ]
    return sorted(found, key=lambda other: -shared(other.file, document.file))


def _of_patch(document: Document, tree: Tree) -> Pin | None:
    """A patch of a HelmRelease is an environment of its own: its version, or else that of what it patches."""
    own = at(document.node, "spec", "chart", "spec", "version")
    pins = [pin for base in _bases(document, tree) if (pin := _pin(base, tree)) is not None]
    if isinstance(own, Scalar) and (pins or "longhorn" in name_of(document.node)):
        return pinned(own, document.node)
    return _agreed(pins, document.node, "it changes a HelmRelease")


def _values(document: Document, tree: Tree) -> HelmValues:
    """`valuesFrom` in its order, and `values` over them ("Values")."""
    spec = at(document.node, "spec")
    parts = [_values_from(node, document, tree) for node in items(at(spec, "valuesFrom"))]
    return NO_VALUES.then(*parts, helm.of_node(at(spec, "values")))


def _values_from(node: Node, document: Document, tree: Tree) -> HelmValues:
    kind, name = text_at(node, "kind"), text_at(node, "name")
    target = text_at(node, "targetPath")
    if kind != "ConfigMap":
        return helm.secret(node.place, f"the {kind} {name} holds Helm values, and is not read")
    if target:
        return helm.unread(node.place, f"the {kind} {name} holds the Helm value {target}, and is not read")
    return helm.of_config_map(tree, name, text_at(node, "valuesKey") or "values.yaml", document.file, node.place)
