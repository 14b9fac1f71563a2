"""What lies around the files that were read: whether they may be written, and which kustomizations list them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lhmigrate.files.scan import STDIN, STDIN_NAME
from lhmigrate.git import worktree

if TYPE_CHECKING:
    from collections.abc import Iterable


class Around:
    """The folders that a run was given, as far as a patch touches them. Nothing outside of them is written.

    Files are named from `root`.
    """

    def __init__(self, paths: Iterable[str], root: str = "") -> None:
        self._root = root
        real = [Path(path).resolve() for path in paths if path != STDIN]
        # A file's own folder is as much as a file that is named gives: a new policy stands beside it.
        self._roots = [path if path.is_dir() else path.parent for path in real]

    def refuses(self, file: str) -> str | None:
        """Why a file may not be written; None: it may."""
        if file == STDIN_NAME:
            return "came from standard input, which nobody can edit"
        path = Path(self._root, file)
        real = path.resolve()
        if not any(real.is_relative_to(root) for root in self._roots):
            return f"is really {real}, which lies outside of what was given"
        if path.exists():
            return None if _writable(path) else "is read-only"
        return None if _writable(real.parent) else "would be new, and its folder is read-only"

    def text(self, file: str) -> str | None:
        """What a file holds, without its byte order mark; None: it is not there, or is no text."""
        try:
            return Path(self._root, file).read_bytes().decode("utf-8-sig")
        except (OSError, ValueError):
            return None


def _writable(path: Path) -> bool:
    """Whether we may, and whether somebody may: what is read-only for everyone is so for the superuser, too."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def shown(file: str) -> str:
    """A file's name in a diff: as `git apply` looks for it, from the top of the checkout that we are in."""
    here = os.path.realpath(os.curdir)
    tree = worktree.around(here)
    path = os.path.relpath(os.path.abspath(file), tree.top if tree else here)  # noqa: PTH100 - links stay
    return path if not path.startswith(os.pardir) else os.path.abspath(file).lstrip(os.sep)  # noqa: PTH100
