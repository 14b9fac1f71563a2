"""Names beside which a changed version may be Longhorn's, although nothing there mentions Longhorn.

A version that is filled in later stands in another file, under the name by which it is asked for. And a patch of
kustomize or Flux may be for every object of a kind, and name none of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lhmigrate.bumps.bump import Hint
from lhmigrate.declarations.terraform import is_terraform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.declarations.declaration import Declaration
    from lhmigrate.declarations.tree import Tree

# `${NAME}` of Flux and Fleet, `{{ .Values.name }}` of Helm, helmfile and Argo CD.
_FILLED: Final = re.compile(r"\$\{([^{}]*)\}|\{\{(.*?)\}\}")
# What follows `:=` or `:-` is a default. Of a way of names, the last one stands beside the value.
_DEFAULT: Final = re.compile(r":[=-].*")
_NAME: Final = re.compile(r"(?:[A-Za-z_][\w-]*\.)*([A-Za-z_][\w-]*)")
_FUNCTIONS: Final = frozenset(
    {"Values", "default", "each", "env", "get", "index", "local", "lookup", "printf", "quote", "required"}
    | {"requiredEnv", "toString", "tostring", "trimPrefix", "trimprefix", "var"}
)
# Where a replacement of kustomize takes its text from: the last name of `data.storageVersion` stands beside it.
_SOURCE: Final = re.compile(r"\bfieldPath:\s*[\"']?(?:[\w-]+\.)*([\w-]+)")
_POINTERS: Final = (
    "/spec/chart/spec/version",
    "/spec/ref/tag",
    "/spec/source/targetRevision",
    "/spec/sources/0/targetRevision",
    "/spec/sources/1/targetRevision",
)
"""Where a JSON patch (RFC 6902) finds a version in a HelmRelease, an OCIRepository or an Application."""


def of(declarations: Iterable[Declaration], tree: Tree) -> list[Hint]:
    """What to look for beside what a tree declares."""
    every = tuple(declarations)
    found = {
        name: Hint(name, f"may be what fills in Longhorn's at {one.pin.place}")
        for one in every
        if one.pin.version is None
        for name in _asked_for(one, tree)
    }
    if every:
        found |= {name: Hint(name, "may be a patch of what installs Longhorn") for name in _POINTERS}
        replacing = (text for text in tree.files.values() if "replacements:" in text)
        sources = {name for text in replacing for name in _SOURCE.findall(text)}
        found |= {name: Hint(name, "may be what kustomize puts in for Longhorn's") for name in sorted(sources)}
    return list(found.values())


def _asked_for(one: Declaration, tree: Tree) -> list[str]:
    """The names that stand in place of a version."""
    place = one.pin.place
    lines = (tree.text(place.file) or "").splitlines()
    line = lines[place.line - 1] if place.line and place.line <= len(lines) else ""
    if is_terraform(place.file):
        asked = [line.partition("=")[2]]
    else:
        asked = [_DEFAULT.sub("", inner or other) for inner, other in _FILLED.findall(line)]
    return [name for text in asked for name in _NAME.findall(text) if name not in _FUNCTIONS]
