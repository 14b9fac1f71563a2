"""Which git work tree a file is in, found as git finds it, without running git."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

_POINTER: Final = b"gitdir: "
"""How `.git` begins where it is a file, as in submodules and linked work trees (gitrepository-layout(5))."""


class Worktree(NamedTuple):
    """A git work tree: its topmost folder, and the folder where git keeps what belongs to it."""

    top: str
    git: str


def around(folder: str) -> Worktree | None:
    """The innermost work tree that a folder is in. The folder's path is absolute, and has no links in it."""
    while True:
        git = _git_folder(os.path.join(folder, ".git"))
        if git is not None:
            return Worktree(folder, git)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _git_folder(marker: str) -> str | None:
    """Where a `.git` leads: it is a folder, or a file that names one. None where that is no git folder."""
    try:
        with open(marker, "rb") as file:
            text = file.read(4096)
    except FileNotFoundError:
        return None
    except OSError:
        found = marker
    else:
        if not text.startswith(_POINTER):
            return None
        named = os.fsdecode(text.removeprefix(_POINTER).rstrip(b"\r\n"))
        found = os.path.join(os.path.dirname(marker), named)
    # Git asks for more than that; whoever runs git hears from it.
    return os.path.realpath(found) if os.path.lexists(os.path.join(found, "HEAD")) else None
