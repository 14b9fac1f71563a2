"""What a GitOps tree says of one installation of Longhorn: its version, its Helm values, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.declarations import spelling
from lhmigrate.errors import Problem
from lhmigrate.files.yamltext import Scalar
from lhmigrate.longhorn.release import Version
from lhmigrate.model.values import merged

if TYPE_CHECKING:
    from lhmigrate.errors import Place
    from lhmigrate.files.yamltext import Node


class Open(NamedTuple):
    """A Helm value that is filled in only when it is applied: where in the values it is, and where in a file."""

    path: tuple[str, ...]
    place: Place


class HelmValues(NamedTuple):
    """What is passed to the chart, from wherever it is passed."""

    given: Mapping[str, Any] = MappingProxyType({})
    sources: tuple[Place, ...] = ()
    """What it was read from, the later ones winning."""
    unread: tuple[Problem, ...] = ()
    """What could not be read, and may decide anything."""
    secret: tuple[Problem, ...] = ()
    """What holds secrets, and is for nobody to read here."""
    open: tuple[Open, ...] = ()
    """What has no value yet; `given` lacks it."""

    def then(self, *others: HelmValues) -> HelmValues:
        """These values, and the other ones over them, as `helm -f a -f b` merges files."""
        every = (self, *others)
        return HelmValues(
            merged([one.given for one in every]),
            tuple(dict.fromkeys(place for one in every for place in one.sources)),
            tuple(dict.fromkeys(problem for one in every for problem in one.unread)),
            tuple(dict.fromkeys(problem for one in every for problem in one.secret)),
            tuple(value for one in every for value in one.open),
        )

    def below(self, *keys: str) -> HelmValues:
        """The part of an umbrella chart's values that it passes to the chart of these names."""
        trees = [inner for key in keys if isinstance(inner := self.given.get(key), Mapping)]
        parts = tuple(Open(one.path[1:], one.place) for one in self.open if one.path[0] in keys)
        return self._replace(given=merged(trees), open=parts)


NO_VALUES = HelmValues()


class Pin(NamedTuple):
    """The version that something is pinned to, or the reason why that cannot be told."""

    place: Place
    """Where it stands, or should."""
    written: str = ""
    version: Version | None = None
    """The release that is meant; None: refused."""
    refused: Problem | None = None
    doubt: str = ""
    """What was taken for granted, as a sentence."""


BY_HAND: Final = "pass --from and --to by hand"


def pinned(node: Node | None, where: Node, chart: spelling.Chart = spelling.LONGHORN) -> Pin:
    """A version as a node writes it; where there is none, what the reference to the chart says."""
    if isinstance(node, Scalar):
        return spelled(node.text, node.place, chart)
    if node is not None:
        return unpinned(node.place, "the version is not a plain text, so something fills it in when it is applied")
    if chart.version is not None:
        return spelled(chart.version, where.place, chart)
    return unpinned(where.place, "no version is named, so whatever is the newest gets installed")


def spelled(written: str, place: Place, chart: spelling.Chart = spelling.LONGHORN) -> Pin:
    """A version as it is spelled at a place."""
    found = spelling.version(written)
    if not isinstance(found, Version):
        return unpinned(place, f"the version {written!r} {found}", written)
    doubt = ""
    if chart.foreign:
        doubt = (
            f"{place}: the chart from {chart.foreign} is taken to be Longhorn's own, with Longhorn's version numbers"
        )
    return Pin(place, written, found, doubt=doubt)


def tagged(reference: str, place: Place) -> Pin:
    """A version as a reference to Longhorn's own Git repository gives it."""
    found = spelling.tag(reference)
    if isinstance(found, Version):
        return Pin(place, reference, found)
    return unpinned(place, f"the reference {reference!r} {found}", reference)


def unpinned(place: Place, why: str, written: str = "") -> Pin:
    """A version that cannot be told."""
    return Pin(place, written, refused=Problem(place, f"{why}; {BY_HAND}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One installation of Longhorn, as a tree declares it."""

    shape: str
    """What kind of thing declares it, as its makers call it."""
    file: str
    """The file that makes it an installation of its own."""
    name: str = ""
    """What it is called there; tells it from others of the same file."""
    pin: Pin
    install: str = "helm"
    """`helm` or `manifest`."""
    namespace: str | None = None
    """Where it is installed, if that is said."""
    release_name: str | None = None
    values: HelmValues = NO_VALUES
    parts: tuple[str, ...] = ()
    """Other files that it is made of, like what a patch patches."""
    environment: str = ""
    """The path by which people know it; `declared` gives it."""
