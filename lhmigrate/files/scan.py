"""Finds the files that may hold a policy, or what else is wanted. Nothing is skipped in silence, nothing is parsed.

A GitOps tree has tens of thousands of files of which a few hold policies. So each file is read once into one
buffer and searched for the word that every kind of policy has in its name. This module imports as little as it
can, because it runs while the rest of the program is still being imported (`ReadAhead`).
"""

from __future__ import annotations

import atexit
import errno
import marshal
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from lhmigrate.errors import Place, Problem, Refusal

STDIN: Final = "-"
STDIN_NAME: Final = "(stdin)"
"""What reports call it."""

MENTIONS: Final = b"NetworkPolicy"
"""Every kind of policy has this in its name, so a file without it holds none."""

ENDINGS: Final = (".yaml", ".yml", ".json")
KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names under which kustomize looks for one."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""Larger files are generated dumps; parsing one would take minutes and gigabytes."""

_BUFFER: Final = 64 * 1024


class Wanted(NamedTuple):
    """What is looked for: files of folders by how their names end, that hold one of the words."""

    words: tuple[bytes, ...]
    endings: tuple[str, ...] = ENDINGS


BESIDE: Final = ("Namespace", "Tier", "HostEndpoint")
"""The kinds that decide about policies beside them: namespaces with their labels, Calico's tiers, and nodes that it
treats like pods."""

# These are found where they are written in the plainest way.
POLICIES: Final = Wanted((MENTIONS, *(f"kind: {kind}".encode() for kind in BESIDE)))
DECLARATIONS: Final = Wanted((b"longhorn", b"suse-storage"), (*ENDINGS, ".gotmpl", ".tf", ".tofu", "Kustomization"))
"""Whatever tells which Longhorn is installed names it, or names the chart under which SUSE sells it."""
BOTH: Final = Wanted((*POLICIES.words, *DECLARATIONS.words), DECLARATIONS.endings)


class Candidate(NamedTuple):
    """A file that may hold what is wanted."""

    file: str
    data: bytes
    given: bool
    """Whether the user named it, or the folder that it is directly in."""


class Moved(NamedTuple):
    """A namespace that objects are put into."""

    namespace: str
    where: str
    """The place that says so."""


class Scan(NamedTuple):
    """What was found, and what could not be looked into."""

    files: int
    found: list[Candidate]
    unread: list[Problem]
    moved: Mapping[str, Moved] = MappingProxyType({})
    """Files whose objects are put into a namespace, whatever they say themselves."""
    told: tuple[str, ...] = ()
    """What was taken to be so about which files count, in sentences."""


Progress = Callable[[int], None]
Search = Sequence[tuple[bytes, bytes]]
"""Words, and before each the letter of it to look for first."""


def scan(paths: Sequence[str], progress: Progress = lambda _: None, wanted: Wanted = POLICIES) -> Scan:
    """Looks into files, folders and `-` (stdin). A path that is not there ends the run."""
    result = Scan(0, [], [])
    search = tuple((_capital(word), word) for word in wanted.words)
    seen: set[str] = set()
    for path in paths:
        for file, given in _files(path, wanted, result.unread):
            if file not in seen:
                seen.add(file)
                if not len(seen) % 2000:
                    progress(len(seen))
                _look(file, search, result, given=given, named=file == path)
    return result._replace(files=len(seen))


class ReadAhead:
    """A scan in a process of its own, where the platform can fork: it takes as long as our imports do."""

    def __init__(self, paths: Sequence[str], progress: Progress, wanted: Wanted = POLICIES) -> None:
        self._paths = paths
        self._progress = progress
        self._wanted = wanted
        self._child = 0
        # Files that are named are few; only folders are worth a process.
        if hasattr(os, "fork") and any(path != STDIN and os.path.isdir(path) for path in paths):
            if sys.stdout is not None:
                sys.stdout.flush()
            self._receive, send = os.pipe()
            self._child = os.fork()
            if not self._child:
                os.close(self._receive)
                self._work(send)
            os.close(send)
            atexit.register(self.give_up)

    def _work(self, send: int) -> None:
        """The child's whole life."""
        try:
            try:
                found = scan(self._paths, self._progress, self._wanted)
                sent = marshal.dumps(
                    (found.files, [tuple(one) for one in found.found], [_flat(one) for one in found.unread])
                )
            except Refusal as refusal:
                sent = marshal.dumps((refusal.message, refusal.place and tuple(refusal.place)))
            with os.fdopen(send, "wb") as pipe:
                pipe.write(sent)
        except BaseException:  # noqa: BLE001 - the parent does it again, and tells what is wrong
            os._exit(1)
        os._exit(0)

    def give_up(self) -> None:
        """Ends the child if nobody waited for it, so that a run that was refused leaves nothing behind."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            os.close(self._receive)
            self._child = 0

    def result(self) -> Scan:
        """What the scan found, or its refusal."""
        if not self._child:
            return scan(self._paths, self._progress, self._wanted)
        with os.fdopen(self._receive, "rb") as pipe:
            sent = pipe.read()
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        if status:
            return scan(self._paths, self._progress, self._wanted)
        outcome = marshal.loads(sent)  # noqa: S302 - from our own child
        if len(outcome) == 2:
            message, place = outcome
            raise Refusal(message, place and Place(*place))
        files, found, unread = outcome
        problems = [Problem(Place(*place), message) for place, message in unread]
        return Scan(files, [Candidate(*one) for one in found], problems)


def _flat(problem: Problem) -> tuple[tuple[str, int, int], str]:
    """A problem as marshal can send it, which is built in, while pickle takes longer to import than to use."""
    return (problem.place.file, problem.place.line, problem.place.column), problem.message


def kustomization(folder: str) -> str | None:
    """The file by which kustomize would build a folder; None where there is none."""
    names = (os.path.normpath(os.path.join(folder, name)) for name in KUSTOMIZATIONS)
    return next((file for file in names if os.path.isfile(file)), None)


def _files(path: str, wanted: Wanted, unread: list[Problem]) -> Iterator[tuple[str, bool]]:
    """The files that a path stands for, in the order of their names, and whether it names them."""
    if path == STDIN:
        yield path, True
        return
    try:
        os.stat(path)
    except OSError as error:
        why = _why(path, error) if os.path.islink(path) else error.strerror
        raise Refusal(f"{why}; give a file, a folder, or - for standard input", Place(path)) from None
    if os.path.isdir(path):
        yield from _walk(path, wanted.endings, unread)
    else:
        yield path, True


def _walk(root: str, endings: tuple[str, ...], unread: list[Problem]) -> Iterator[tuple[str, bool]]:
    """A folder's files, depth first, following links to folders at most once each."""
    folders = [root]
    seen: set[tuple[int, int]] = set()
    while folders:
        folder = folders.pop()
        deeper: list[str] = []
        try:
            identity = os.stat(folder)
            if (identity.st_dev, identity.st_ino) in seen:
                continue
            seen.add((identity.st_dev, identity.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unread.append(Problem(Place(folder), f"cannot be opened: {error.strerror}"))
            continue
        for entry in listed:
            try:
                if entry.is_dir():
                    if entry.name != ".git":
                        deeper.append(entry.path)
                elif entry.name.endswith(endings):
                    if entry.is_file():
                        yield entry.path, folder == root
                    else:
                        os.stat(entry.path)  # complains where it is a link that leads nowhere
                        unread.append(Problem(Place(entry.path), "is neither a file nor a folder"))
            except OSError as error:
                unread.append(Problem(Place(entry.path), _why(entry.path, error)))
        folders.extend(reversed(deeper))


def _why(path: str, error: OSError) -> str:
    """Why something could not be read."""
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads in a circle"
    if os.path.islink(path) and not os.path.exists(path):
        return "is a symbolic link that leads nowhere"
    return f"cannot be read: {error.strerror}"


_buffer = bytearray(_BUFFER)


def _capital(word: bytes) -> bytes:
    """A letter that half of all manifests lack; to search for a letter takes a tenth of the time that a word takes."""
    return next((word[at : at + 1] for at in range(len(word)) if word[at : at + 1].isupper()), b"")


def _look(file: str, search: Search, into: Scan, *, given: bool, named: bool) -> None:
    """Adds a file to the scan if it may hold what is wanted, or the reason why nobody knows."""
    name = STDIN_NAME if file == STDIN else file
    try:
        data = _stdin() if file == STDIN else _candidate(file, search, named=named)
    except OSError as error:
        into.unread.append(Problem(Place(name), _why(file, error)))
        return
    if data is None:
        return
    if len(data) > MOST_BYTES:
        why = f"is larger than {MOST_BYTES >> 20} MiB and may hold policies; split it, or give the part that matters"
        into.unread.append(Problem(Place(name), why))
        return
    into.found.append(Candidate(name, data, given))


def _stdin() -> bytes:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _candidate(file: str, search: Search, *, named: bool) -> bytes | None:
    """The file's bytes if one of the words is in it. One open, usually one read, one close."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        length = os.readv(descriptor, [_buffer])
        if length < _BUFFER and not named:
            return bytes(_buffer[:length]) if _interesting(_buffer, length, search) else None
        # Long, or perhaps a pipe (`plan <(kustomize build)`), which gives what it has and more later.
        return _long(descriptor, bytes(_buffer[:length]), search)
    finally:
        os.close(descriptor)


def _interesting(data: bytes | bytearray, length: int, search: Search) -> bool:
    possible = False
    for capital, word in search:
        if data.find(capital, 0, length) >= 0:
            if data.find(word, 0, length) >= 0:
                return True
            possible = True
    # UTF-16 and UTF-32 put NULs between the letters, with a mark at the beginning or without one.
    if not possible or data.find(0, 0, length) < 0:
        return False
    plain = data[:length].replace(b"\0", b"")
    return any(word in plain for _, word in search)


def mentions(data: bytes | bytearray, words: tuple[bytes, ...]) -> bool:
    """Whether one of the words is in it."""
    return any(word in data for word in words)


def _long(descriptor: int, start: bytes, search: Search) -> bytes | None:
    """All of a file. Past the limit it is only searched, and too much is given back if the word is there."""
    chunks, size = [start], len(start)
    while size <= MOST_BYTES and (chunk := os.read(descriptor, 1 << 20)):
        chunks.append(chunk)
        size += len(chunk)
    data = b"".join(chunks)
    if size <= MOST_BYTES:
        return data if _interesting(data, size, search) else None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return data  # It may have no end.
    while MENTIONS not in data:
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            return None
        data = data[-len(MENTIONS) :] + chunk
    return bytes(MOST_BYTES + 1)
