"""Argo CD: Application, and ApplicationSet as far as its lists and templates are literal.

The fields are those of argoproj/argo-cd docs/user-guide/helm.md and multiple_sources.md, and of
docs/operator-manual/applicationset for generators.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, Pin, pinned, tagged
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import Document, at, items, kind_of, name_of, nested, pairs, rooted, text_at
from lhmigrate.files.yamltext import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Tree
    from lhmigrate.files.yamltext import Node

_APPLICATION: Final = ("argoproj.io", "Application")
_SET: Final = ("argoproj.io", "ApplicationSet")
KINDS: Final = frozenset({_APPLICATION, _SET})


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """The installations that an Application or an ApplicationSet declares."""
    if kind_of(document.node) == _APPLICATION:
        yield from application(document, tree)
    elif kind_of(document.node) == _SET:
        for name, node in _generated(document.node):
            yield from application(Document(document.file, node), tree, "Argo CD ApplicationSet", name)


def application(
    document: Document, tree: Tree, shape: str = "Argo CD Application", name: str = ""
) -> Iterator[Declaration]:
    """Each source of an Application that is Longhorn's chart or manifest."""
    spec = at(document.node, "spec")
    for source in sources(spec):
        pin = _pin(source)
        if pin is not None:
            called = name_of(document.node)
            by_manifest = text_at(source, "path").startswith("deploy") and not text_at(source, "chart")
            yield Declaration(
                shape=shape,
                file=document.file,
                name=settled(called) or name,
                pin=pin,
                install="manifest" if by_manifest else "helm",
                namespace=settled(text_at(spec, "destination", "namespace")),
                release_name=settled(text_at(source, "helm", "releaseName") or called),
                values=NO_VALUES if by_manifest else values(source, spec, tree),
            )


def sources(spec: Node | None) -> list[Node]:
    """The sources of an Application: with `sources`, Argo CD ignores `source`."""
    several, one = at(spec, "sources"), at(spec, "source")
    return items(several) if several is not None else [] if one is None else [one]


def _pin(source: Node) -> Pin | None:
    revision = at(source, "targetRevision")
    address = text_at(source, "repoURL")
    chart = text_at(source, "chart") or (address if address.startswith("oci://") else "")
    if not chart and spelling.repository(address):
        return tagged(revision.text if isinstance(revision, Scalar) else "HEAD", (revision or source).place)
    found = spelling.chart(chart, address)
    return None if found is None else pinned(revision, source, found)


def values(source: Node, spec: Node | None, tree: Tree) -> HelmValues:
    """The Helm values of one source; "Helm Value Precedence" tells their order."""
    told = at(source, "helm")
    parts = [_file(node, source, spec, tree) for node in items(at(told, "valueFiles"))]
    inline = at(told, "valuesObject")
    parts.append(helm.of_text(at(told, "values")) if inline is None else helm.of_node(inline))
    for node in items(at(told, "parameters")):
        value = at(node, "value")
        if value is not None:
            parts.append(helm.setting(text_at(node, "name"), value, as_text=text_at(node, "forceString") == "true"))
    parts += [
        helm.unread(node.place, f"the value {text_at(node, 'name')} comes from a file")
        for node in items(at(told, "fileParameters"))
    ]
    return NO_VALUES.then(*parts)


def _file(node: Node, source: Node, spec: Node | None, tree: Tree) -> HelmValues:
    """One of `valueFiles`: beside the chart, from the root (`/...`), or in another source (`$ref/...`)."""
    if not isinstance(node, Scalar):
        return helm.unread(node.place, "a values file must be named by a text")
    path = node.text
    if spelling.PLACEHOLDER.search(path) or set(path) & set("*?["):
        return helm.unread(node.place, f"which values files {path!r} means is only known where it is applied")
    if "://" in path:
        return helm.of_file(tree, path, node.place)
    reference, _, inside = path.partition("/")
    if reference.startswith("$"):
        if reference[1:] not in {text_at(other, "ref") for other in sources(spec)}:
            return helm.unread(node.place, f"no source has the ref {reference[1:]!r}")
    elif text_at(source, "path"):
        inside = path if path.startswith("/") else f"{text_at(source, 'path')}/{path}"
    else:
        # A file of the chart itself; its own values.yaml is what counts anyway.
        return NO_VALUES if path == "values.yaml" else helm.unread(node.place, f"{path} is a file of the chart")
    found = rooted(inside)
    if tree.text(found) is None and text_at(source, "helm", "ignoreMissingValueFiles") == "true":
        return NO_VALUES
    return helm.of_file(tree, found, node.place)


# `{{cluster}}`, and with goTemplate `{{ .cluster }}`; what does more than name a parameter is not literal.
_PARAMETER: Final = re.compile(r"\{\{-?\s*\.?([\w-]+(?:\.[\w-]+)*)\s*-?\}\}")


def _generated(node: Node) -> Iterator[tuple[str, Node]]:
    """The Applications of a set: one for each element of its lists, or the template as it is."""
    template = at(node, "spec", "template")
    if template is None:
        return
    elements = [element for one in items(at(node, "spec", "generators")) for element in _elements(one)]
    if not elements:
        yield name_of(template), template
    for element in elements:
        filled = _filled(template, element)
        yield _label(element) or name_of(filled), filled


def _elements(generator: Node) -> Iterator[Node]:
    """The elements of a list generator, or of those inside of a matrix or merge generator."""
    listed = at(generator, "list")
    yield from items(at(listed, "elements"))
    written = at(listed, "elementsYaml")
    if isinstance(written, Scalar) and not spelling.PLACEHOLDER.search(written.text):
        yield from (element for root in nested(written) for element in items(root))
    for kind in ("matrix", "merge"):
        for inner in items(at(generator, kind, "generators")):
            yield from _elements(inner)


def _label(element: Node) -> str:
    """What tells an element from its sisters."""
    known = {key: value.text for key, value in pairs(element) if isinstance(value, Scalar)}
    return next((known[key] for key in ("cluster", "env", "environment", "name") if key in known), "")


def _filled(node: Node, element: Node) -> Node:
    """A template with an element's parameters in it. What is nothing but a parameter stands where that stands."""
    match node:
        case Scalar():
            whole = _PARAMETER.fullmatch(node.text.strip())
            found = at(element, *whole[1].split(".")) if whole else None
            if found is not None:
                return found
            text = _PARAMETER.sub(lambda one: text_at(element, *one[1].split(".")) or one[0], node.text)
            return Scalar(node.file, node.line, node.column, node.start, node.end, text, node.quoted)
        case Sequence():
            filled = [_filled(item, element) for item in node.items]
            return Sequence(node.file, node.line, node.column, node.start, node.end, filled)
        case Mapping():
            filled_pairs = [(key, _filled(value, element)) for key, value in node.pairs]
            return Mapping(node.file, node.line, node.column, node.start, node.end, filled_pairs)
