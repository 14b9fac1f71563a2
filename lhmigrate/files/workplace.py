"""Where a run keeps what it needs while it replaces files, and the lock that keeps other runs out.

That is one folder: in the git folder of the work tree that the files are in, so that no `git add` finds it, or
else beside the files. It is there only while a run writes, or when one was killed. docs/decisions.md says why there.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Refusal
from lhmigrate.files import disk
from lhmigrate.git import worktree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JOURNAL: Final = "journal"
"""While this is in it, the files of its run are not all what they were, nor all what they should be."""

_NAME: Final = "lhmigrate-run"
_LOCK: Final = "lock"
_IGNORE: Final = ".gitignore"
_OURS: Final = re.compile(r"\.gitignore|journal\.new|\d+\.(old|new)")
"""What may be left in it beside the lock and the journal. Nothing else is ever removed."""

_PATIENCE: Final = 10.0
"""Seconds that we wait for another run. One takes milliseconds, so this one has stopped."""

_LATER: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Workplace(NamedTuple):
    """The folder, and the root of the files that it is for. Nothing outside of that is touched from here."""

    root: str
    folder: str

    def file(self, name: str) -> str:
        """A file in it."""
        return os.path.join(self.folder, name)


def of(folder: str) -> Workplace:
    """The workplace for the files in a folder, whose path is absolute and has no links in it."""
    tree = worktree.around(folder)
    # A rename does not cross file systems, so a git folder far away is of no use.
    if tree is not None and os.stat(tree.git).st_dev == os.stat(folder).st_dev:
        return Workplace(tree.top, os.path.join(tree.git, _NAME))
    return Workplace(folder, os.path.join(folder, f".{_NAME}"))


def left_behind(path: str) -> bool:
    """Whether a run works in the workplace of a file or folder, or has left something there."""
    real = os.path.realpath(path)
    folder = real if os.path.isdir(real) else os.path.dirname(real)
    return os.path.isdir(folder) and os.path.lexists(of(folder).folder)


@contextmanager
def locked(places: Iterable[Workplace]) -> Iterator[None]:
    """Nobody else works in these places meanwhile, and nothing that asks this process to end is heard.

    A lock ends with its process, however that ends, so none is ever stale. They are taken in one order by everybody.
    """
    with ExitStack() as stack:
        stack.enter_context(_undisturbed())
        for place in sorted(set(places)):
            stack.enter_context(_held(place))
        yield


def busy(place: Workplace) -> bool:
    """Whether a run is writing from there at this moment. Changes nothing."""
    try:
        descriptor = os.open(place.file(_LOCK), os.O_RDWR | disk.PLAIN)
    except OSError:
        return False
    try:
        return not _take(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _held(place: Workplace) -> Iterator[None]:
    """One place, tidied up before and after."""
    descriptor = _lock(place)
    try:
        _clear(place)
        _hide(place)
        yield
    finally:
        _leave(place)
        os.close(descriptor)


def _lock(place: Workplace) -> int:
    """Makes the place, if need be, and takes its lock."""
    until = time.monotonic() + _PATIENCE
    while True:
        descriptor = _open(place)
        if descriptor is not None:
            try:
                if _take(descriptor) and _is_at(descriptor, place.file(_LOCK)):
                    return descriptor
            except OSError as error:
                why = f"cannot be locked, so another run might write at the same time: {error.strerror}"
                raise Refusal(f"{why}; no file was changed", Place(place.folder)) from None
            os.close(descriptor)
        if time.monotonic() > until or _asked_to_end():
            break
        time.sleep(0.01)
    why = "another run of lhmigrate is writing here, and does not end; wait for it, or end it. No file was changed"
    raise Refusal(why, Place(place.root))


def _open(place: Workplace) -> int | None:
    """Its lock; None where a run that just ends took the place away."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(place.folder, 0o700)
    try:
        _mistrust(place)
        return os.open(place.file(_LOCK), os.O_RDWR | os.O_CREAT | disk.PLAIN, 0o600)
    except FileNotFoundError:
        return None
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(place.folder)
        raise


def _mistrust(place: Workplace) -> None:
    """What is kept there says which files to change. So it is ours, or theirs who own the files' folder anyway."""
    found = os.lstat(place.folder)
    if not stat.S_ISDIR(found.st_mode):
        raise Refusal("is not a folder, and lhmigrate needs one of this name; remove it", Place(place.folder))
    if hasattr(os, "geteuid") and found.st_uid not in {os.geteuid(), os.lstat(place.root).st_uid}:
        why = "was left by another user, and is not trusted; let them run lhmigrate again, or remove it"
        raise Refusal(why, Place(place.folder))


def _is_at(descriptor: int, path: str) -> bool:
    """Whether a path still leads to an open file. A run takes its lock away when it ends."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _clear(place: Workplace) -> None:
    """Removes what a run left that was killed before it had changed anything."""
    if os.path.lexists(place.file(JOURNAL)):
        return
    for name in sorted(os.listdir(place.folder)):
        if _OURS.fullmatch(name):
            os.unlink(place.file(name))


def _hide(place: Workplace) -> None:
    """Beside a user's files it would be added to whatever repository there is, so it ignores itself."""
    if os.path.basename(place.folder) != _NAME and not os.path.lexists(place.file(_IGNORE)):
        disk.create(place.file(_IGNORE), b"*\n")


def _leave(place: Workplace) -> None:
    """Takes the place away, unless its journal is needed still."""
    with contextlib.suppress(OSError):
        _clear(place)
        if not os.path.lexists(place.file(JOURNAL)):
            os.unlink(place.file(_LOCK))
            os.rmdir(place.folder)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Puts off what would end the process half-way, where the platform can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LATER)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _asked_to_end() -> bool:
    """Whether something waits to be heard."""
    return hasattr(signal, "sigpending") and not signal.sigpending().isdisjoint(_LATER)
