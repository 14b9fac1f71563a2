"""The configuration file and the Helm values: what a user says once instead of on every command line."""

from __future__ import annotations

import os
from collections import abc
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.errors import Place, Problem, Refusal, Unreadable
from lhmigrate.files.fields import Fields, plain, string, wrong
from lhmigrate.files.scan import KUSTOMIZATIONS
from lhmigrate.files.singles import document
from lhmigrate.files.yamltext import Mapping
from lhmigrate.model.cni import CNIS
from lhmigrate.model.ports import NO_PORT, Ports
from lhmigrate.model.settings import INSTALLS, PeerFacts, Settings
from lhmigrate.model.values import Values, merged

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.model.endpoints import Network

FILE: Final = ".lhmigrate.yaml"

Tree = abc.Mapping[str, Any]
"""Helm values, as a values file holds them."""


class Options(NamedTuple):
    """What can be said on the command line and in the configuration file alike; None and empty: not said."""

    namespace: str | None = None
    default_namespace: str | None = None
    install: str | None = None
    release_name: str | None = None
    cni: str | None = None
    values: tuple[str, ...] = ()
    using: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    peers: abc.Mapping[str, PeerFacts] = MappingProxyType({})
    places: abc.Mapping[str, Place] = MappingProxyType({})
    """Where the names of features and peers stand in the file."""

    def over(self, other: Options) -> Options:
        """These options, and where they say nothing, the other ones."""
        return Options(
            namespace=self.namespace or other.namespace,
            default_namespace=self.default_namespace or other.default_namespace,
            install=self.install or other.install,
            release_name=self.release_name or other.release_name,
            cni=self.cni or other.cni,
            values=self.values or other.values,
            using=(*(name for name in other.using if name not in self.without), *self.using),
            without=(*(name for name in other.without if name not in self.using), *self.without),
            specs=self.specs or other.specs,
            peers={**other.peers, **self.peers},
            places={**other.places, **self.places},
        )


def read(path: str | None) -> Options:
    """The configuration file: the one that is named, or `.lhmigrate.yaml` here if there is one."""
    if path is None and not os.path.lexists(FILE):
        return Options()
    file = path or FILE
    root = document(file)
    if root is None:
        return Options()
    try:
        return _options(Fields(root, "the configuration"), Path(file).parent)
    except Unreadable as error:
        raise Refusal(error.problem.message, error.problem.place) from None


def settings(
    options: Options,
    glossary: Glossary,
    texts: abc.Mapping[str, str] = MappingProxyType({}),
    values: Values | None = None,
) -> Settings:
    """The installation that these options describe, with the Helm values of their files unless others are given.

    With `texts`, those files are taken to hold these instead of what they hold. Refuses names that mean nothing.
    """
    values = Values(merged([_values(file, texts.get(file)) for file in options.values])) if values is None else values
    override = values.get("namespaceOverride")
    if not isinstance(override, str | None):
        raise Refusal(f"the Helm value namespaceOverride must be a string, and it is {override!r}")
    for what, names, known in (
        ("feature", (*options.using, *options.without), glossary.features),
        ("peer", options.peers, glossary.endpoints),
    ):
        for name in names:
            if name not in known:
                listed = ", ".join(sorted(known))
                raise Refusal(f"there is no {what} {name!r}; these are known: {listed}", options.places.get(name))
    contradiction = sorted(set(options.using) & set(options.without))
    if contradiction:
        name = contradiction[0]
        raise Refusal(f"--with and --without both name {name}; say one of them", options.places.get(name))
    return Settings(
        namespace=options.namespace or override or "longhorn-system",
        default_namespace=options.default_namespace,
        install=_one_of(options.install or "helm", INSTALLS, "--install"),
        release_name=options.release_name,
        values=values,
        cni=CNIS[_one_of(options.cni or "unknown", tuple(CNIS), "--cni")],
        using=frozenset(options.using),
        without=frozenset(options.without),
        peers=options.peers,
    )


def values_of(*sources: str | Tree) -> Values:
    """The Helm values of files, and of what a file would hold; the later ones win."""
    return Values(merged([_values(one) if isinstance(one, str) else one for one in sources]))


def kustomized_to(file: str) -> tuple[str, str] | None:
    """The namespace that the nearest kustomization above a file gives to what it lists, and where it says so.

    Only folders of the same checkout are looked at: the search ends at the first kustomization that names a
    namespace, at a `.git`, or at the top. Raises `Unreadable` where one of them cannot be read.
    """
    folder = Path(os.path.abspath(file)).parent  # noqa: PTH100 - resolve() would follow links out of the tree
    for here in (folder, *folder.parents):
        for name in KUSTOMIZATIONS:
            found = _namespace_of(here / name, file)
            if found is not None:
                return found
        if (here / ".git").exists():
            break
    return None


def _namespace_of(kustomization: Path, file: str) -> tuple[str, str] | None:
    if not kustomization.is_file():
        return None
    shown = os.path.relpath(kustomization, Path.cwd()) if not os.path.isabs(file) else str(kustomization)  # noqa: PTH117
    try:
        root = document(shown)
        fields = Fields(root, "kustomization") if root is not None else None
        namespace = fields.string("namespace") if fields else None
        node = fields.get("namespace") if fields else None
    except Refusal as refusal:
        raise Unreadable(Problem(refusal.place or Place(shown), refusal.message)) from None
    return (namespace, f"{shown}:{node.line}") if namespace and node else None


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise Refusal(f"{what} is one of {', '.join(known)}, not {value!r}")
    return value


def _values(file: str, text: str | None = None) -> Tree:
    root = document(file, text)
    if root is None:
        return {}
    if not isinstance(root, Mapping):
        raise Refusal("a Helm values file holds an object", root.place)
    try:
        data: dict[str, Any] = plain(root)
    except Unreadable as error:
        raise Refusal(error.problem.message, error.problem.place) from None
    return data


def _options(fields: Fields, folder: Path) -> Options:
    result = Options(
        namespace=fields.string("namespace"),
        default_namespace=fields.string("defaultNamespace"),
        install=_choice(fields, "install", INSTALLS),
        release_name=fields.string("releaseName"),
        cni=_choice(fields, "cni", tuple(CNIS)),
        values=tuple(str(folder / name) for name in _names(fields, "values")),
        using=_names(fields, "with"),
        without=_names(fields, "without"),
        specs=tuple(str(folder / name) for name in _names(fields, "specs")),
        peers={name: _peer(Fields(node, name)) for name, node in _inner(fields, "peers")},
        places={
            **{name: node.place for name, node in _inner(fields, "peers")},
            **{string(node, key): node.place for key in ("with", "without") for node in fields.items(key) or ()},
        },
    )
    _nothing_left(fields)
    return result


def _choice(fields: Fields, key: str, known: tuple[str, ...]) -> str | None:
    value = fields.string(key)
    if value is not None and value not in known:
        raise wrong(fields.need(key), f"{key} is one of {', '.join(known)}, not {value!r}")
    return value


def _inner(fields: Fields, key: str) -> list[tuple[str, Node]]:
    inner = fields.fields(key)
    return list(inner.all()) if inner else []


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    return tuple(string(node, key) for node in fields.items(key) or ())


def _peer(fields: Fields) -> PeerFacts:
    ports = NO_PORT
    for node in fields.items("ports") or ():
        try:
            ports |= Ports.parse(string(node, "a port"))
        except ValueError as error:
            raise wrong(node, str(error)) from None
    result = PeerFacts(
        namespace=fields.string("namespace"),
        labels=fields.strings("labels"),
        addresses=tuple(_network(node) for node in fields.items("cidrs") or ()),
        ports=ports,
    )
    _nothing_left(fields)
    return result


def _network(node: Node) -> Network:
    text = string(node, "a CIDR")
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise wrong(node, f"{text!r} is not an address or a CIDR like 10.0.0.0/8") from None


def _nothing_left(fields: Fields) -> None:
    for key in fields.rest():
        name = getattr(key, "text", "")
        raise wrong(key, f"{fields.what} has no field {name!r}; docs/configuration.md lists them")
