"""Anything else in YAML that names Longhorn's chart beside a version: an app of apps' values, Ansible, k0s, Crossplane.

Tools that install charts agree on little, but each says in one object which chart, from where, and which version.
Others take the address of a manifest, like Talos in `extraManifests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, pinned, tagged
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import at, text_at
from lhmigrate.files.yamltext import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree
    from lhmigrate.files.yamltext import Node

_CHARTS: Final = ("chart", "chartName", "chart_name", "chartname", "chart_ref")
_REPOSITORIES: Final = (
    "repoURL", "repoUrl", "repo", "repository", "repositoryURL", "chart_repo_url", "chartRepoUrl", "url",
)  # fmt: skip
_VERSIONS: Final = ("targetRevision", "version", "chartVersion", "chart_version")
_NAMESPACES: Final = ("namespace", "release_namespace", "releaseNamespace", "targetNamespace", "targetnamespace")
_RELEASES: Final = ("releaseName", "release_name", "release", "name")
_VALUES: Final = ("values", "valuesObject", "valuesInline", "valuesTemplate", "release_values")
_ELSEWHERE: Final = ("valueFiles", "valuesFiles", "values_files", "valuesFrom", "valuesFile")


def read(document: Document, _: Tree) -> Iterator[Declaration]:
    """Every object that names the chart and a version, and every address of Longhorn's manifest."""
    pending: list[tuple[Node, tuple[Mapping, ...]]] = [(document.node, ())]
    while pending:
        node, around = pending.pop()
        if isinstance(node, Scalar):
            reference = spelling.manifest(node.text)
            if reference is not None:
                yield Declaration(
                    shape="address of longhorn.yaml",
                    file=document.file,
                    pin=tagged(reference, node.place),
                    install="manifest",
                )
        elif isinstance(node, Sequence):
            pending += [(item, around) for item in reversed(node.items)]
        else:
            declared = _declared(node, around, document)
            if declared is not None:
                yield declared
            pending += [(value, (node, *around)) for _, value in reversed(node.pairs)]


def _declared(node: Mapping, around: tuple[Mapping, ...], document: Document) -> Declaration | None:
    address = _first(node, _REPOSITORIES)
    # What has a path comes from a Git repository, and its name is only a name.
    names = _CHARTS if not address or at(node, "path") is not None else (*_CHARTS, "name")
    chart = spelling.chart(_first(node, names), address)
    version = next((found for key in _VERSIONS if isinstance(found := at(node, key), Scalar)), None)
    if chart is None or version is None:
        return None
    near = (node, *around)
    name = next((text for one in near if (text := _first(one, _RELEASES))), "")
    namespace = next((text for one in near if (text := _first(one, _NAMESPACES))), "")
    return Declaration(
        shape="list of charts",
        file=document.file,
        name=settled(name) or "",
        pin=pinned(version, node, chart),
        namespace=settled(namespace),
        release_name=settled(text_at(node, "helm", "releaseName")),
        values=_values(node, around),
    )


def _first(node: Mapping, keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := text_at(node, key))), "")


def _values(node: Mapping, around: tuple[Mapping, ...]) -> HelmValues:
    """Values in the object itself or below its `helm`; whatever is somewhere else is only said."""
    places = [node, at(node, "helm"), at(node, "options")]
    if around and at(around[0], "chart") is node:
        places.append(around[0])  # Crossplane describes the chart in an object of its own, beside the values.
    parts = []
    for place in places:
        parts += [helm.of_text(found) for key in _VALUES if (found := at(place, key)) is not None]
        parts += [
            helm.unread(found.place, f"{key} names Helm values in a form that is not read")
            for key in _ELSEWHERE
            if (found := at(place, key)) is not None
        ]
    return NO_VALUES.then(*parts)
