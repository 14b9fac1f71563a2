"""Helm values as tools take them: objects, texts in YAML, files of the tree, ConfigMaps, and single settings."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.declarations.declaration import NO_VALUES, HelmValues, Open
from lhmigrate.declarations.namespaces import above
from lhmigrate.declarations.spelling import PLACEHOLDER
from lhmigrate.declarations.tree import at, beside, items, nested, read, text_at
from lhmigrate.errors import Place, Problem, Unreadable
from lhmigrate.files.fields import absent, plain
from lhmigrate.files.scan import KUSTOMIZATIONS
from lhmigrate.files.yamltext import Mapping, Piece, Scalar

if TYPE_CHECKING:
    from lhmigrate.declarations.tree import Tree
    from lhmigrate.files.yamltext import Node

PASS: Final = "if it sets networkPolicies, pass what it holds with --values"  # noqa: S105 - nobody's password


def unread(place: Place, what: str) -> HelmValues:
    """No values, because a source of them could not be read: the rest of a sentence about it."""
    return HelmValues(unread=(Problem(place, f"{what}; {PASS}"),))


def secret(place: Place, what: str) -> HelmValues:
    """No values, because a source of them holds secrets."""
    return HelmValues(secret=(Problem(place, f"{what}; {PASS}"),))


def of_node(node: Node | None) -> HelmValues:
    """An object of values."""
    if node is None or absent(node):
        return NO_VALUES
    if not isinstance(node, Mapping):
        return unread(node.place, "Helm values must be an object")
    try:
        data = plain(node)
    except Unreadable as error:
        return HelmValues(unread=(error.problem,))
    if "sops" in data:
        return secret(node.place, "these Helm values are encrypted with SOPS")
    left: list[Open] = []
    given = _settled(data, (), node.place, left)
    return HelmValues(given, (node.place,), open=tuple(left))


def _settled(data: dict[str, Any], path: tuple[str, ...], place: Place, left: list[Open]) -> dict[str, Any]:
    """The values that are there; those that something else will fill in are put aside."""
    result: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            result[key] = _settled(value, (*path, key), place, left)
        elif _is_open(value):
            left.append(Open((*path, key), place))
        else:
            result[key] = value
    return result


def _is_open(value: Any) -> bool:  # noqa: ANN401 - any plain data
    match value:
        case str():
            return PLACEHOLDER.search(value) is not None
        case dict():
            return any(map(_is_open, value.values()))
        case list():
            return any(map(_is_open, value))
        case _:
            return False


def of_text(node: Node | None) -> HelmValues:
    """Values as a text in YAML, as in Argo CD's `values` and K3s' `valuesContent`."""
    if not isinstance(node, Scalar):
        return of_node(node)
    try:
        found = nested(node)
    except Unreadable as error:
        return HelmValues(unread=(error.problem,))
    values = of_node(found[0]) if found else NO_VALUES
    return values._replace(sources=(node.place,)) if values.given else values


def of_file(tree: Tree, path: str, named: Place) -> HelmValues:
    """A values file of the tree, which is named somewhere."""
    if "://" in path:
        return unread(named, "a values file is fetched from an address, and nothing is fetched here")
    text = tree.text(path)
    if text is None:
        return unread(named, f"the values file {path} is not in this tree")
    try:
        found = read(Piece(path, text, 0, 0))
    except Unreadable as error:
        return HelmValues(unread=(error.problem,))
    return of_node(found[0]) if found else NO_VALUES


_KEY: Final = re.compile(r"((?:\\.|[^.\\])+)(?:\.|$)")


def setting(name: str, node: Node, *, as_text: bool = False) -> HelmValues:
    """One setting, as `helm --set name=value` takes it: dots separate keys, and a backslash keeps one."""
    keys = [re.sub(r"\\(.)", r"\1", key) for key in _KEY.findall(name)]
    if not keys or any("[" in key for key in keys):
        return unread(node.place, f"the setting {name!r} changes one item of a list")
    if PLACEHOLDER.search(name) or (isinstance(node, Scalar) and PLACEHOLDER.search(node.text)):
        return HelmValues(sources=(node.place,), open=(Open(tuple(keys), node.place),))
    value = node.text if as_text and isinstance(node, Scalar) else _typed(node)
    for key in reversed(keys[1:]):
        value = {key: value}
    return HelmValues({keys[0]: value}, (node.place,))


_SETTINGS: Final = {"true": True, "false": False, "null": None}


def _typed(node: Node) -> Any:  # noqa: ANN401 - whatever it says
    """What `--set` makes of a text, quoted or not (helm/helm, pkg/strvals): a boolean, null, a number, or text."""
    if not isinstance(node, Scalar):
        return plain(node)
    if re.fullmatch(r"0|-?[1-9]\d{0,17}", node.text):
        return int(node.text)
    return _SETTINGS.get(node.text.lower(), node.text)


def of_config_map(tree: Tree, name: str, key: str, near: str, named: Place) -> HelmValues:
    """Values in a ConfigMap of the tree: an object, or what a kustomization generates from a file."""
    found = [
        data
        for document in tree.nearest("ConfigMap", name, near)
        if isinstance(data := at(document.node, "data", key), Scalar)
    ]
    if len(found) > 1 and len({one.text for one in found}) > 1:
        return unread(named, f"two ConfigMaps named {name} are as near as each other")
    if found:
        return of_text(found[0])
    return _generated(tree, name, key, near) or unread(named, f"the ConfigMap {name} is not in this tree")


def _generated(tree: Tree, name: str, key: str, near: str) -> HelmValues | None:
    """What a `configMapGenerator` of a kustomization beside or above a file makes from a file of the tree."""
    for folder in above(near):
        for path in (posixpath.join(folder, file) for file in KUSTOMIZATIONS):
            text = tree.text(path)
            for node in _generators(path, text, name) if text and "configMapGenerator" in text else ():
                for source in items(at(node, "files")):
                    held, _, real = source.text.rpartition("=") if isinstance(source, Scalar) else ("", "", "")
                    if (held or posixpath.basename(real)) == key:
                        return of_file(tree, beside(path, real), source.place)
    return None


def _generators(path: str, text: str, name: str) -> list[Node]:
    return [
        node
        for root in roots(path, text)
        for node in items(at(root, "configMapGenerator"))
        if text_at(node, "name") == name
    ]


def roots(path: str, text: str) -> list[Node]:
    """The documents of a file of the tree; none where it cannot be parsed."""
    try:
        return read(Piece(path, text, 0, 0))
    except Unreadable:
        return []
