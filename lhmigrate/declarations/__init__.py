"""Which Longhorn a GitOps tree declares: version, Helm values, namespace and way of installing, for each installation.

A shape is how one tool writes that. Each has a module with `read`, and a row in `SHAPES`. Nothing is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.declarations import argo, charts, fleet, flux, helmfile, k3s, kustomize, listed, rendered, terraform
from lhmigrate.declarations.declaration import Declaration, unpinned
from lhmigrate.declarations.tree import Document, Tree, kind_of
from lhmigrate.errors import Unreadable

if TYPE_CHECKING:
    from lhmigrate.errors import Problem

Reader = Callable[[Document, Tree], Iterable[Declaration]]


class Shape(NamedTuple):
    """How one tool declares an installation."""

    name: str
    fits: Callable[[Document], bool]
    read: Reader


def _of(kinds: frozenset[tuple[str, str]]) -> Callable[[Document], bool]:
    return lambda document: kind_of(document.node) in kinds


SHAPES: Final = (
    Shape("Flux", _of(flux.KINDS), flux.read),
    Shape("Argo CD", _of(argo.KINDS), argo.read),
    Shape("K3s", _of(k3s.KINDS), k3s.read),
    Shape("rendered manifests", _of(rendered.KINDS), rendered.read),
    Shape("kustomize", kustomize.is_kustomization, kustomize.read),
    Shape("Helm chart", charts.is_chart, charts.read),
    Shape("Fleet", fleet.is_bundle, fleet.read),
    Shape("helmfile", helmfile.is_helmfile, helmfile.read),
    Shape("list of charts", lambda _: True, listed.read),
)
"""The first one that fits a document reads it."""


def declared(tree: Tree) -> tuple[Declaration, ...]:
    """Every installation of Longhorn that a tree declares, in the order of its files."""
    found = [declaration for file in tree.files for declaration in _in_file(file, tree)]
    seen = {declaration.file for declaration in found}
    found += [_refused(file, problem) for file, problem in sorted(tree.broken.items()) if file not in seen]
    return _with_environments(found)


def _in_file(file: str, tree: Tree) -> Iterator[Declaration]:
    if terraform.is_terraform(file):
        try:
            yield from terraform.read(file, tree.files[file], tree)
        except Unreadable as error:
            yield _refused(file, error.problem)
    for document in tree.documents(file):
        shape = next(shape for shape in SHAPES if shape.fits(document))
        try:
            yield from list(shape.read(document, tree))
        except Unreadable as error:
            if document.refers:
                yield _refused(file, error.problem)


def _refused(file: str, problem: Problem) -> Declaration:
    """What refers to Longhorn's chart, and cannot be read."""
    return Declaration(shape="unreadable", file=file, pin=unpinned(problem.place, problem.message))


def _with_environments(found: list[Declaration]) -> tuple[Declaration, ...]:
    """Each with the name by which people know it: its file, and in a file of several what it is called there."""
    files = Counter(one.file for one in found)
    names = Counter((one.file, one.name) for one in found)
    return tuple(
        replace(one, environment=one.file if files[one.file] == 1 else f"{one.file} ({_name(one, names)})")
        for one in found
    )


def _name(one: Declaration, names: Counter[tuple[str, str]]) -> str:
    return one.name if one.name and names[one.file, one.name] == 1 else f"line {one.pin.place.line}"
