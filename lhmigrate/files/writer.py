"""Replaces files on disk: all of a run or none, also when it is killed on the way.

The new contents and copies of the old ones are made first, then the undo journal, then one file after another is
replaced, and with the removal of the journal the run has happened. Until then it can be undone: by itself when
something fails, and by the next run (`journal.recover`) when it was killed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.errors import Place, Refusal
from lhmigrate.files import disk, journal, workplace
from lhmigrate.files.journal import Entry, Journal, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lhmigrate.files.workplace import Workplace


class FileChange(NamedTuple):
    """What a file should become. A link's target is changed, and the link stays one."""

    path: str
    before: bytes | None
    """What it held when it was read; None where it is not there, and is to be made."""
    after: bytes


class _Target(NamedTuple):
    """A change, and where it really goes."""

    change: FileChange
    path: str
    place: Workplace
    number: int
    """No other change of the run has it."""
    alike: bool = True
    """Whether what is prepared can take its place, and needs not be written into it."""

    @property
    def old(self) -> str:
        return journal.old(self.place, self.number)

    @property
    def new(self) -> str:
        return journal.new(self.place, self.number)


def replace_all(changes: Sequence[FileChange]) -> None:
    """Makes all of the changes, or none.

    Owner, group, mode, attributes, ACLs and links stay what they are. Raises Refusal, with nothing changed, where a
    file is no longer what was read, is read-only or no plain file, or cannot be written, and where a run that was
    killed had left files half changed: they are then what they were before that run.
    """
    put_back = journal.recover([change.path for change in changes])
    if put_back:
        raise Refusal("a run that was cut short had to be undone first; run this again:", details=put_back)
    targets = _targets(changes)
    places = sorted({target.place for target in targets})
    if not places:
        return
    with _told(), workplace.locked(places):
        if any(journal.read(place) for place in places):
            raise Refusal("another run was cut short just now; run this again", Place(places[0].root))
        staged = [_stage(target) for target in targets]
        for target in staged:
            _sync(target)
        _replace_all(staged, _journals(staged, places))


def _replace_all(targets: Sequence[_Target], run: dict[Workplace, Journal]) -> None:
    """What is ready takes its place, under the protection of the journals."""
    first, *others = run
    begun: set[int] = set()
    try:
        for place, one in run.items():
            journal.begin(place, one)
        for target in targets:
            _claim(target)
            begun.add(target.number)
            _replace(target)
        for folder in sorted({os.path.dirname(target.path) for target in targets}):
            disk.sync_folder(folder)
        journal.end(first)
    except BaseException:
        _undo(run, begun)
        raise
    # The run has happened. A journal that stays by mishap counts for nothing any more.
    with contextlib.suppress(OSError):
        for place in others:
            journal.end(place)


def _targets(changes: Iterable[FileChange]) -> list[_Target]:
    """Where the changes go, each file once, whatever links lead to it."""
    targets: dict[object, _Target] = {}
    for change in changes:
        if change.before == change.after:
            continue
        path = os.path.realpath(change.path)
        identity = _identity(change, path)
        known = targets.get(identity)
        if known is None:
            place = workplace.of(os.path.dirname(path))
            targets[identity] = _Target(change, path, place, len(targets))
        elif known.change[1:] != change[1:]:
            raise Refusal(f"is the same file as {known.change.path}, and should become another", Place(change.path))
    return list(targets.values())


def _identity(change: FileChange, path: str) -> object:
    """What makes two paths the same file. Refuses what cannot be replaced."""
    here = Place(change.path)
    if change.before is None:
        if os.path.lexists(change.path):
            raise Refusal("is there already, and was to be made; run this again", here)
        if not os.path.isdir(os.path.dirname(path)):
            raise Refusal("cannot be made, because its folder is not there", here)
        return path
    try:
        found = os.stat(path)
    except OSError as error:
        raise Refusal(f"cannot be changed: {error.strerror}", here) from None
    if not stat.S_ISREG(found.st_mode):
        raise Refusal(
            f"is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no plain file'}, not a file to change", here
        )
    # The superuser may write anything, and yet a file that nobody may write was not meant to be.
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise Refusal("is read-only; make it writable, if it is meant to be changed", here)
    return found.st_dev, found.st_ino


def _stage(target: _Target) -> _Target:
    """Keeps the old content, prepares the new one, and sees whether both can take the file's place."""
    before, after = target.change.before, target.change.after
    with _told(target):
        _still(target)
        disk.create(target.new, after)
        if before is None:
            return target
        disk.create(target.old, before)
        found = os.stat(target.path)
        alike = disk.resemble(target.new, target.path) and disk.resemble(target.old, target.path)
        os.utime(target.old, ns=(found.st_atime_ns, found.st_mtime_ns))
        return target._replace(alike=alike and found.st_nlink == 1)


def _sync(target: _Target) -> None:
    """Waits until what was prepared is on disk. Once all is written, since waiting for one then does for most."""
    with _told(target):
        disk.sync(target.new)
        if target.change.before is not None:
            disk.sync(target.old)


def _journals(targets: Sequence[_Target], places: Sequence[Workplace]) -> dict[Workplace, Journal]:
    """The run's journals, the deciding one first."""
    name = os.urandom(8).hex()
    entries: dict[Workplace, list[Entry]] = {place: [] for place in places}
    for target in targets:
        before = None if target.change.before is None else digest(target.change.before)
        path = os.path.relpath(target.path, target.place.root)
        entries[target.place].append(Entry(target.number, path, before, digest(target.change.after), target.alike))
    return {
        place: Journal(name, tuple(os.path.relpath(other.root, place.root) for other in places), tuple(entries[place]))
        for place in places
    }


def _claim(target: _Target) -> None:
    """Makes sure, one last time, that nobody's work is lost. An empty file takes the name of a new one."""
    with _told(target):
        _still(target)
        if target.change.before is None:
            disk.create(target.path, b"", 0o666)


def _replace(target: _Target) -> None:
    """Puts one new content in its place."""
    alike = target.alike
    with _told(target):
        if target.change.before is None:
            # The empty one has got whatever its folder gives to new files.
            alike = disk.resemble(target.new, target.path)
            disk.sync(target.new)
        disk.put(target.new, target.path, alike=alike)


def _still(target: _Target) -> None:
    """Refuses a file that is no longer what was read."""
    moved = os.path.realpath(target.change.path) != target.path
    if moved or disk.read(target.path) != target.change.before:
        raise Refusal("was changed since it was read; run this again. No file was changed", Place(target.change.path))


def _undo(run: dict[Workplace, Journal], begun: set[int]) -> None:
    """Puts back what was begun, and nothing that somebody else did to the other files."""
    parts = {
        place: one._replace(entries=tuple(entry for entry in one.entries if entry.number in begun))
        for place, one in run.items()
    }
    try:
        journal.undo(parts)
    except OSError as error:
        why = f"files could not be put back: {error.strerror}; once that is mended, run lhmigrate again, which does it"
        raise Refusal(why, Place(error.filename or next(iter(run)).root)) from None


@contextlib.contextmanager
def _told(target: _Target | None = None) -> Iterator[None]:
    """What the system refuses is told in a sentence."""
    try:
        yield
    except OSError as error:
        place = target.change.path if target else error.filename or "the system"
        raise Refusal(f"cannot be written: {error.strerror}; no file was changed", Place(place)) from None
