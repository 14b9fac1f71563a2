"""The undo journal: what a run is about to replace, so that a later one can put it back if it was killed.

While a run's journal is there, the run has not happened, and whoever finds it without its writer puts the files
back as they were. Removing it is the moment at which the whole run has happened. A run with several workplaces has a
journal in each, and the first of them decides for all.
"""

from __future__ import annotations

import contextlib
import os
from enum import Enum
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Problem, Refusal
from lhmigrate.files import disk, workplace
from lhmigrate.files.workplace import JOURNAL, Workplace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PUT_BACK: Final = "is what it was before a run that was cut short while it wrote"
_CHANGED_SINCE: Final = "was changed since"


class Entry(NamedTuple):
    """A file that a run replaces."""

    number: int
    """What is kept of it in the workplace is named for this."""
    path: str
    """From the root of its workplace."""
    before: str | None
    """The SHA-256 of what it held; None where it was not there."""
    after: str
    alike: bool
    """Whether what is kept of it can take its place, and needs not be written into it."""


class Journal(NamedTuple):
    """What one run replaces from one workplace."""

    run: str
    """A name that no other run has."""
    roots: tuple[str, ...]
    """The roots of all its workplaces, from the root of this one; the first decides."""
    entries: tuple[Entry, ...]


class _State(Enum):
    UNTOUCHED = "the run did not come to it, or it is as it was again"
    OURS = "as the run left it, perhaps half-written"
    FOREIGN = "changed since the run left it"


def digest(data: bytes) -> str:
    """What a journal knows contents by."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def old(place: Workplace, number: int) -> str:
    """Where what a file held is kept."""
    return place.file(f"{number}.old")


def new(place: Workplace, number: int) -> str:
    """Where what a file becomes is prepared."""
    return place.file(f"{number}.new")


def begin(place: Workplace, journal: Journal) -> None:
    """Puts a journal in force. It is there as a whole or not at all."""
    import json

    draft = place.file(f"{JOURNAL}.new")
    disk.create(draft, json.dumps(journal).encode("ascii"))
    disk.sync(draft)
    os.replace(draft, place.file(JOURNAL))
    disk.sync_folder(place.folder)
    disk.sync_folder(os.path.dirname(place.folder))


def end(place: Workplace) -> None:
    """Takes a journal away: its run has happened, or is undone."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place.file(JOURNAL))
    # It is gone, whether or not the disk can tell.
    with contextlib.suppress(OSError):
        disk.sync_folder(place.folder)


def read(place: Workplace) -> Journal | None:
    """The journal that is in force, if any."""
    try:
        data = disk.read(place.file(JOURNAL))
        if data is None:
            return None
        import json

        run, roots, entries = json.loads(data)
        return Journal(run, tuple(roots), tuple(Entry(*entry) for entry in entries))
    except (ValueError, TypeError, RecursionError):
        raise _senseless(place) from None


def _senseless(place: Workplace) -> Refusal:
    why = "cannot be understood, so nobody can tell what a run that was cut short had changed"
    return Refusal(f"{why}; put that right by hand, and remove this file", Place(place.file(JOURNAL)))


def workplaces(paths: Iterable[str]) -> list[Workplace]:
    """Where runs over these files and folders have theirs."""
    real = [os.path.realpath(path) for path in paths]
    folders = {path if os.path.isdir(path) else os.path.dirname(path) for path in real}
    return sorted({workplace.of(folder) for folder in folders if os.path.isdir(folder)})


def recover(paths: Iterable[str]) -> tuple[Problem, ...]:
    """Undoes the runs over these files and folders that were cut short, and says which files it put back.

    To be called before the files are read by whoever means to write. Raises Refusal where somebody has changed such
    a file since, and changes nothing then.
    """
    found = [place for place in workplaces(paths) if os.path.lexists(place.folder)]
    return tuple(problem for place in found for problem in _recover(place))


def unfinished(paths: Iterable[str]) -> tuple[Problem, ...]:
    """What those should know who only read these files and folders: a run writes there, or was cut short."""
    return tuple(problem for place in workplaces(paths) for problem in _unfinished(place))


def _recover(place: Workplace) -> list[Problem]:
    with workplace.locked([place]):
        found = read(place)
    if found is None:
        return []
    places = _workplaces_of(place, found)
    with workplace.locked(places):
        if read(place) == found:
            told = undo(_standing(place))
            end(place)
            return told
    return _recover(place)  # Somebody else was quicker.


def _unfinished(place: Workplace) -> list[Problem]:
    here = Place(place.root)
    if workplace.busy(place):
        return [Problem(here, "lhmigrate is writing here right now, so some files may be old and some new; run again")]
    try:
        states = [_state(one, entry) for one, entry in _entries(_standing(place))]
    except Refusal as refusal:
        return [Problem(refusal.place or here, refusal.message)]
    except OSError as error:
        return [
            Problem(Place(place.folder), f"cannot be looked into, so a run may have been cut short: {error.strerror}")
        ]
    if _State.OURS not in states:
        return []
    why = "a run was cut short while it wrote here, so some files may be old and some new"
    return [Problem(here, f"{why}; `lhmigrate patch --write` puts them back before it does anything else")]


def _workplaces_of(place: Workplace, journal: Journal) -> list[Workplace]:
    """All workplaces of a journal's run, the deciding one first."""
    roots = [os.path.normpath(os.path.join(place.root, root)) for root in journal.roots]
    for root in roots:
        if not os.path.isdir(root):
            raise Refusal("is not there, and a run that was cut short wrote there too", Place(root))
    places = [workplace.of(root) for root in roots]
    if place not in places:
        raise _senseless(place)
    return places


def _standing(place: Workplace) -> dict[Workplace, Journal]:
    """The journals of the run that one is part of, as long as it has not happened. The deciding one comes first."""
    found = read(place)
    if found is None:
        return {}
    read_all = ((one, read(one)) for one in _workplaces_of(place, found))
    run = {one: journal for one, journal in read_all if journal is not None and journal.run == found.run}
    return run if _workplaces_of(place, found)[0] in run else {}


def undo(run: Mapping[Workplace, Journal]) -> list[Problem]:
    """Puts all files of a run back, or none, and takes its journals away."""
    ours, foreign = [], []
    for place, entry in _entries(run):
        state = _state(place, entry)
        if state is _State.OURS:
            ours.append((place, entry))
        elif state is _State.FOREIGN:
            foreign.append(Problem(Place(os.path.join(place.root, entry.path)), _CHANGED_SINCE))
    if ours and foreign:
        folders = " and ".join(place.folder for place in run)
        why = "a run was cut short while it wrote, and its files cannot all be put back"
        raise Refusal(f"{why}; make each what it should be, and remove {folders}:", details=tuple(foreign))
    for place, entry in ours:
        _put_back(place, entry)
    for folder in sorted({os.path.dirname(os.path.join(place.root, entry.path)) for place, entry in ours}):
        disk.sync_folder(folder)
    for place in run:
        end(place)
    return [Problem(Place(os.path.join(place.root, entry.path)), _PUT_BACK) for place, entry in ours]


def _entries(run: Mapping[Workplace, Journal]) -> list[tuple[Workplace, Entry]]:
    return [(place, entry) for place, journal in run.items() for entry in journal.entries]


def _state(place: Workplace, entry: Entry) -> _State:
    """What became of a file that a run was to replace."""
    path = os.path.join(place.root, entry.path)
    coming = disk.read(new(place, entry.number))
    # Had the run come to it, what it was to become would have been renamed.
    theirs = _State.UNTOUCHED if entry.alike and coming is not None else _State.FOREIGN
    if os.path.realpath(path) != path or not path.startswith(os.path.join(place.root, "")):
        return theirs  # It is a link by now, or the journal is not one of ours.
    try:
        found = disk.read(path)
    except OSError:
        return theirs  # A folder, say.
    if found is None:
        return _State.UNTOUCHED if entry.before is None else theirs
    if digest(found) == entry.before:
        return _State.UNTOUCHED
    kept = disk.read(old(place, entry.number)) or b""
    if entry.before not in {None, digest(kept)}:
        return _State.FOREIGN  # There is nothing to put back.
    if digest(found) == entry.after or (coming is not None and _half_written(found, kept, coming)):
        return _State.OURS
    return theirs


def _half_written(found: bytes, before: bytes, after: bytes) -> bool:
    """Whether a content is one on its way to be another: each byte of the one or the other, or not yet written."""
    if not min(len(before), len(after)) <= len(found) <= max(len(before), len(after)):
        return False
    return all(byte in {first, second, 0} for byte, first, second in zip_longest(found, before, after, fillvalue=0))


def _put_back(place: Workplace, entry: Entry) -> None:
    path = os.path.join(place.root, entry.path)
    if entry.before is None:
        os.unlink(path)
    else:
        disk.put(old(place, entry.number), path, alike=entry.alike)
