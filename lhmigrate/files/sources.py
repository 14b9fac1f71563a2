"""The user's files, read: what each of those that may hold a policy really holds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Problem
from lhmigrate.files import manifests
from lhmigrate.files.scan import MENTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.files.manifests import Objects
    from lhmigrate.files.scan import Moved, Scan

_NOT_UTF_8: Final = "is not UTF-8; convert it, as Kubernetes takes nothing else"


class FileObjects(NamedTuple):
    """What one file held."""

    file: str
    objects: Objects
    text: str
    given: bool
    """Whether the user named it, or the folder that it is directly in."""


class Reading(NamedTuple):
    """Everything that was read, and what was not."""

    files: int
    found: tuple[FileObjects, ...]
    unread: tuple[Problem, ...]
    concerning: frozenset[str] = frozenset()
    """The namespaces whose policies were read; all others were only counted."""
    moved: Mapping[str, Moved] = MappingProxyType({})
    """Files whose objects are put into a namespace, whatever they say themselves."""
    told: tuple[str, ...] = ()
    """What was taken to be so about which files count, in sentences."""


def read(scan: Scan, concerning: frozenset[str]) -> Reading:
    """Reads what a scan found.

    Policies that plainly belong to namespaces other than the `concerning` ones are counted, not read. Namespaces
    that those policies name as peers concern us too: whoever is let in from there may be kept from leaving.
    """
    reading = _read(scan, concerning)
    named = frozenset(
        name
        for one in reading.found
        for policy in one.objects.policies
        if policy.namespace is None or policy.namespace in concerning
        for name in policy.named_namespaces()
    )
    return reading if named <= concerning else _read(scan, concerning | named)


def again(reading: Reading, texts: Mapping[str, str]) -> Reading:
    """The same reading with other texts in the place of some, and with files that were not there."""
    known = {one.file for one in reading.found}
    kept = [_again(one, texts[one.file], reading) if one.file in texts else one for one in reading.found]
    fresh = [
        _again(FileObjects(file, manifests.Objects(), text, given=True), text, reading)
        for file, text in texts.items()
        if file not in known
    ]
    return reading._replace(found=(*kept, *fresh))


def _again(one: FileObjects, text: str, reading: Reading) -> FileObjects:
    concerning = None if one.file in reading.moved else reading.concerning
    return one._replace(text=text, objects=manifests.read(text, one.file, concerning))


def _read(scan: Scan, concerning: frozenset[str]) -> Reading:
    found: list[FileObjects] = []
    unread = list(scan.unread)
    for file, data, given in scan.found:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            unread.append(Problem(Place(file, data.count(b"\n", 0, error.start) + 1), _NOT_UTF_8))
            continue
        if MENTIONS not in data and MENTIONS in data.replace(b"\0", b""):
            unread.append(Problem(Place(file), _NOT_UTF_8))  # UTF-16 without a mark decodes all the same.
            continue
        objects = manifests.read(text, file, None if file in scan.moved else concerning)
        found.append(FileObjects(file, objects, text, given))
        unread.extend(objects.unread)
    return Reading(scan.files, tuple(found), tuple(sorted(set(unread))), concerning, scan.moved, scan.told)
