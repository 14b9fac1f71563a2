"""What the dialects have in common: kinds, an object's metadata, and what the API server does not take."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.policy import Outline
from lhmigrate.model.ports import LAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.files.yamltext import Node
    from lhmigrate.model.cni import Dialect
    from lhmigrate.model.endpoints import Network
    from lhmigrate.model.policy import Policy

_CIDR: Final = re.compile(r"[^%]+/[0-9]{1,3}")


def _nothing(document: Fields) -> Outline:  # noqa: ARG001 - every outline is asked alike
    return Outline()


class Kind(NamedTuple):
    """One kind of policy."""

    dialect: Dialect
    read: Callable[[Fields], tuple[Policy, ...]]
    """Reads one object, which may hold several specs; raises `Unreadable`."""
    outline: Callable[[Fields], Outline] = _nothing
    """What is left to know where that gives up; raises nothing."""
    cluster_wide: bool = False
    """Whether it is in no namespace. Where one names a namespace all the same, the API server drops it."""
    denies: bool = True
    """Whether a policy of it can take away what others allow."""


class Metadata(NamedTuple):
    """Who an object is."""

    name: str
    namespace: str | None
    """None: it names none."""
    owned_by_helm: bool
    """Whether its labels say that a Helm release owns it, as a dump of a cluster shows."""


def read_metadata(document: Fields) -> Metadata:
    """An object's name and namespace. Raises `Unreadable` where they are no strings."""
    metadata = document.fields("metadata")
    if metadata is None:
        return Metadata("(no name)", None, owned_by_helm=False)
    labels = metadata.strings("labels")
    return Metadata(
        metadata.string("name") or "(no name)",
        metadata.string("namespace") or None,
        owned_by_helm=labels.get("app.kubernetes.io/managed-by") == "Helm",
    )


def nothing_left(fields: Fields, version: str) -> None:
    """Complains about the first field that nobody asked for."""
    for key in fields.rest():
        name = key.text if isinstance(key, Scalar) else ""
        raise wrong(key, f"{fields.what} has no field {name!r} in {version}")


def read_network(node: Node) -> Network:
    """A network in CIDR notation. Host bits are masked, as Go's net.ParseCIDR does."""
    text = string(node, "a CIDR")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    # Python would take masks, as in 10.0.0.0/255.0.0.0, and zones, as in fe80::%eth0/64.
    if network is None or not _CIDR.fullmatch(text):
        raise wrong(node, f"{text!r} is not a CIDR like 10.0.0.0/8")
    return network


def read_number(node: Node, least: int) -> int:
    """A port's number."""
    value = scalar(node) if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LAST:
        raise wrong(node, f"a port is a number from {least} to {LAST} here")
    return value
