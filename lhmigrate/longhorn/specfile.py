"""Reads one catalogue file; the format is told in specs/README.md. Whatever does not fit it is refused."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from lhmigrate.errors import Place, Problem, Unreadable
from lhmigrate.files.fields import Fields, absent, items, plain, string, wrong
from lhmigrate.files.yamltext import Sequence, parse, pieces
from lhmigrate.longhorn.release import (
    Component,
    ComponentMeaning,
    EndpointKind,
    EndpointMeaning,
    Evidence,
    Feature,
    Flow,
    FlowMeaning,
    Glossary,
    Node,
    Pointer,
    Release,
    ShippedPolicy,
    Usage,
    Version,
)
from lhmigrate.model.http import Request
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lhmigrate.files.yamltext import Node as YamlNode

Named = TypeVar("Named", bound=Enum)


def document(file: Path, version: Version | None = None) -> Fields:
    """The one document of a catalogue file; `{release}` in it stands for the version."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(Problem(Place(str(file)), f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise Unreadable(Problem(Place(str(file)), "is not UTF-8")) from None
    if version is not None:
        text = text.replace("{release}", str(version))
    roots = [root for piece in pieces(text, str(file)) for root in parse(piece)]
    if len(roots) != 1:
        raise Unreadable(Problem(Place(str(file)), "a catalogue file holds exactly one document"))
    return Fields(roots[0], file.name)


def release(fields: Fields, version: Version, origin: str, base: Release | None, words: Glossary) -> Release:
    """A release file's contents; those of an alias (`same-as`) come from `base`. Its names mean what `words` says."""
    said = fields.string("release")
    if said != str(version):
        raise wrong(fields.node, f"the file is named for {version}, and the release inside is {said}")
    fields.string("same-as")
    if base is None:
        for key in ("install-labels", "components", "flows"):
            fields.need(key)
    result = Release(
        version=version,
        origin=origin,
        same_as=base.version if base else None,
        preview=fields.string("preview") or "",
        upgrade_from=tuple(version_of(node) for node in items(fields.need("upgrade-from"), "upgrade-from")),
        kubernetes=_text(fields, "kubernetes"),
        components=base.components if base else _named(fields, "components", _component),
        flows=base.flows if base else _named(fields, "flows", _flow),
        values=base.values if base else _object(fields, "values"),
        policies=base.policies if base else tuple(_named(fields, "policies", _policy).values()),
        install_labels=_install_labels(fields) or (base.install_labels if base else {}),
    )
    _nothing_left(fields)
    if base is None:
        _known(fields, result, words)
    return result


def _known(fields: Fields, release: Release, words: Glossary) -> None:
    """Refuses names that mean nothing, because the rest of the program looks them up without asking."""
    for name, node in _inner(fields, "components"):
        if name not in words.components:
            raise wrong(node, f"the glossary has no component {name}")
    for name, inner in _each(fields, "flows"):
        flow = release.flows[name]
        if name not in words.flows:
            raise wrong(inner.node, f"the glossary has no flow {name}")
        for key, ends in (("from", flow.senders), ("to", flow.receivers)):
            for end in ends:
                if end not in release.components and end not in words.endpoints:
                    missing = f"{end} is no component of this release and no endpoint of the glossary"
                    raise wrong(inner.need(key), missing)
        for feature in flow.features:
            if feature not in words.features:
                raise wrong(
                    inner.need("needs" if feature in flow.needs else "engine"), f"there is no feature {feature}"
                )
        receivers = [release.components[end] for end in flow.receivers if end in release.components]
        for label in flow.to_pods_with:
            if not any(label in receiver.sometimes for receiver in receivers):
                raise wrong(inner.need("to-pods-with"), f"no pod that it goes to ever carries {label}")


def evidence(fields: Fields, version: Version) -> Evidence:
    """An evidence file's contents."""
    said = fields.string("release")
    if said != str(version):
        raise wrong(fields.node, f"the file is named for {version}, and the release inside is {said}")
    sources = fields.strings("sources")
    pointers = {
        (section, name): tuple(_pointer(item) for item in items(node, name))
        for section in ("own", "components", "flows", "policies")
        for name, node in _inner(fields, section)
    }
    _nothing_left(fields)
    for found in pointers.values():
        for pointer in found:
            if pointer.source and pointer.source not in sources:
                raise wrong(fields.node, f"a pointer names the source {pointer.source}, which `sources` does not list")
    return Evidence(sources, pointers)


def glossary(fields: Fields) -> Glossary:
    """The glossary file's contents."""
    result = Glossary(
        components=_named(fields, "components", _component_meaning),
        endpoints=_named(fields, "endpoints", _endpoint_meaning),
        features=_named(fields, "features", _feature),
        flows=_named(fields, "flows", _flow_meaning),
    )
    _nothing_left(fields)
    return result


def _component_meaning(_name: str, fields: Fields) -> ComponentMeaning:
    return ComponentMeaning(_text(fields, "is"), fields.string("moved") or "")


def _endpoint_meaning(_name: str, fields: Fields) -> EndpointMeaning:
    return EndpointMeaning(
        _member(EndpointKind, fields.need("kind"), "kind"), _text(fields, "called"), _text(fields, "is")
    )


def _feature(name: str, fields: Fields) -> Feature:
    return Feature(
        name=name,
        meaning=_text(fields, "is"),
        usage=_member(Usage, fields.need("used-by"), "used-by"),
        used_when=_object(fields, "used-when"),
    )


def _flow_meaning(_name: str, fields: Fields) -> FlowMeaning:
    until = fields.get("caution-until")
    return FlowMeaning(
        purpose=_text(fields, "for"),
        without=_text(fields, "without"),
        speaks=fields.string("speaks") or "",
        requests=tuple(_request(node) for node in fields.items("requests") or ()),
        caution=fields.string("caution") or "",
        caution_until=None if until is None else version_of(until),
        remark=fields.string("remark") or "",
        opened_by={value: _ports(items(node, value)) for value, node in _inner(fields, "opened-by")},
    )


def _request(node: YamlNode) -> Request:
    try:
        return Request.parse(string(node, "a request"))
    except ValueError as error:
        raise wrong(node, str(error)) from None


def version_of(node: YamlNode) -> Version:
    """The version that is written there."""
    try:
        return Version.parse(string(node, "a version"))
    except ValueError as error:
        raise wrong(node, str(error)) from None


def _inner(fields: Fields, key: str) -> list[tuple[str, YamlNode]]:
    inner = fields.fields(key)
    return list(inner.all()) if inner else []


def _each(fields: Fields, key: str) -> list[tuple[str, Fields]]:
    return [(name, Fields(node, f"{key}.{name}")) for name, node in _inner(fields, key)]


def _named(fields: Fields, key: str, read: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the readers below
    result = {}
    for name, inner in _each(fields, key):
        result[name] = read(name, inner)
        _nothing_left(inner)
    return result


def _nothing_left(fields: Fields) -> None:
    for key in fields.rest():
        name = getattr(key, "text", "")
        raise wrong(key, f"{fields.what} has no field {name!r}; see the README of the catalogue")


def _text(fields: Fields, key: str) -> str:
    return string(fields.need(key), key)


def _object(fields: Fields, key: str) -> dict[str, Any]:
    """An object of any shape; empty where it is missing."""
    inner = fields.fields(key)
    found: dict[str, Any] = plain(inner.node) if inner else {}
    return found


def _flag(fields: Fields, key: str) -> bool:
    node = fields.get(key)
    value = False if node is None else plain(node)
    if node is not None and not isinstance(value, bool):
        raise wrong(node, f"{key} must be true or false")
    return bool(value)


def _member(kind: type[Named], node: YamlNode, what: str) -> Named:
    said = string(node, what)
    try:
        return kind(said)
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise wrong(node, f"{what} is one of {known}, not {said!r}") from None


def _install_labels(fields: Fields) -> dict[str, dict[str, str | None]]:
    """By way of installing: labels, with None where the value is not known."""
    return {
        way: {label: None if absent(node) else string(node, label) for label, node in labels.all()}
        for way, labels in _each(fields, "install-labels")
    }


def _one_or_more(fields: Fields, key: str) -> list[YamlNode]:
    """A list's items, or the one that stands there by itself."""
    node = fields.get(key)
    if node is None:
        return []
    return items(node, key) if isinstance(node, Sequence) else [node]


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    """A list of names, or one name."""
    return tuple(string(node, key) for node in _one_or_more(fields, key))


def _some(fields: Fields, key: str) -> tuple[str, ...]:
    """At least one name."""
    node = fields.need(key)
    names = _names(fields, key)
    if not names:
        raise wrong(node, f"{key} names nobody")
    return names


def _component(name: str, fields: Fields) -> Component:
    fields.need("labels")
    return Component(
        name=name,
        labels=fields.strings("labels"),
        sometimes=fields.strings("sometimes"),
        varies=frozenset(_names(fields, "varies")),
        install_labels=_flag(fields, "install-labels"),
        ports={port: _one_port(node) for port, node in _inner(fields, "ports")},
    )


def _ports(nodes: Iterable[YamlNode]) -> Ports:
    ports = NO_PORT
    for node in nodes:
        try:
            ports |= Ports.parse(string(node, "a port"))
        except ValueError as error:
            raise wrong(node, str(error)) from None
    return ports


def _one_port(node: YamlNode) -> tuple[str, int]:
    protocol, port, _ = _ports([node]).ranges[0]
    return protocol, port


def _flow(name: str, fields: Fields) -> Flow:
    return Flow(
        name=name,
        senders=_some(fields, "from"),
        receivers=_some(fields, "to"),
        ports=_ports(items(fields.need("ports"), "ports")),
        engine=fields.string("engine"),
        needs=_names(fields, "needs"),
        to_pods_with=frozenset(_names(fields, "to-pods-with")),
        node=_member(Node, said, "node") if (said := fields.get("node")) else Node.ANY,
        any_port=_flag(fields, "any-port"),
        only_while_upgrading=_flag(fields, "only-while-upgrading"),
        off_network_with=_names(fields, "off-network-with"),
    )


def _policy(name: str, fields: Fields) -> ShippedPolicy:
    return ShippedPolicy(
        name=name,
        installed_by=frozenset(_some(fields, "installed-by")),
        when=_object(fields, "when"),
        spec=fields.need("spec"),
        namespace=fields.string("namespace"),
    )


def _pointer(node: YamlNode) -> Pointer:
    fields = Fields(node, "pointer")
    inferred = fields.string("inferred")
    if inferred is not None:
        return Pointer("", "", 0, "", inferred)
    path, colon, line = _text(fields, "at").rpartition(":")
    if not colon or not line.isdigit():
        raise wrong(node, "a pointer's place is written path:line")
    return Pointer(_text(fields, "in"), path, int(line), _text(fields, "word"))
