"""Files on disk, one at a time: made, given another's mode and owner, put in another's place.

Whatever changes something here is one call of `os`, so that a test can stop at each of them.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Final

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
PLAIN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened that is no link, where the platform can tell."""

_NO_RENAME: Final = (errno.EXDEV, errno.EBUSY, errno.EACCES, errno.EPERM)
"""What a rename fails with where writing may still do: it would cross a mount, the file is a mount itself (as in
a container), or its folder is not ours to change."""

_LIKENESS: Final = ("st_uid", "st_gid", "st_mode", "st_flags")
"""The last is there on BSD and macOS only."""


def read(path: str) -> bytes | None:
    """What a file holds; None where there is none. A link is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | PLAIN)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def create(path: str, data: bytes, mode: int = 0o600) -> None:
    """Makes a new file. Refused where there is one."""
    _write(os.open(path, _NEW | PLAIN, mode), data)


def overwrite(path: str, data: bytes) -> None:
    """Writes into the file that is there, so that it stays the same file, whatever else leads to it."""
    _write(os.open(path, os.O_WRONLY | PLAIN), data, cut=True)


def _write(descriptor: int, data: bytes, *, cut: bool = False) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if cut:
            os.ftruncate(descriptor, len(data))
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync(path: str) -> None:
    """Waits until a file is on disk."""
    descriptor = os.open(path, os.O_RDWR | PLAIN)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: str) -> None:
    """Waits until the names in a folder are on disk, where the platform and the file system can tell."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def put(new: str, path: str, *, alike: bool) -> None:
    """Gives a path what a new file holds: by a rename, or by writing where that would not leave it as it was."""
    if alike:
        try:
            os.replace(new, path)
        except OSError as error:
            if error.errno not in _NO_RENAME:
                raise
        else:
            return
    data = read(new)
    if data is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), new)
    overwrite(path, data)


def resemble(path: str, other: str) -> bool:
    """Gives a file the owner, group, mode and attributes of another, ACLs included. Says whether they are alike now."""
    try:
        wanted = os.stat(other)
        _chown(path, wanted)
        _copy_attributes(path, other)
        # Last, because a change of the owner takes the set-id bits away, and a mode is part of an ACL.
        if stat.S_IMODE(os.stat(path).st_mode) != stat.S_IMODE(wanted.st_mode):
            os.chmod(path, stat.S_IMODE(wanted.st_mode))
        found = os.stat(path)
    except OSError:
        return False
    return all(getattr(found, name, None) == getattr(wanted, name, None) for name in _LIKENESS)


def _chown(path: str, wanted: os.stat_result) -> None:
    found = os.stat(path)
    if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)


if sys.platform == "darwin":

    def _copy_attributes(path: str, other: str) -> None:
        import ctypes  # noqa: PLC0415 - Python has no other way to them here

        acls_and_attributes = 0b101  # COPYFILE_ACL | COPYFILE_XATTR of copyfile(3)
        system = ctypes.CDLL(None, use_errno=True)
        if system.copyfile(os.fsencode(other), os.fsencode(path), None, ctypes.c_uint32(acls_and_attributes)):
            raise OSError(ctypes.get_errno(), "copyfile")

elif hasattr(os, "listxattr"):

    def _copy_attributes(path: str, other: str) -> None:
        # An ACL is an attribute too. One that the file got from its folder goes, if the other has none.
        found, wanted = _attributes(path), _attributes(other)
        for name in found.keys() - wanted.keys():
            os.removexattr(path, name)
        for name, value in wanted.items():
            if found.get(name) != value:
                os.setxattr(path, name, value)

    def _attributes(path: str) -> dict[str, bytes]:
        try:
            names = os.listxattr(path)
        except OSError as error:
            if error.errno in {errno.ENOTSUP, errno.ENOSYS}:
                return {}  # Many file systems have none.
            raise
        return {name: os.getxattr(path, name) for name in names}

else:

    def _copy_attributes(path: str, other: str) -> None:
        """There are none."""
