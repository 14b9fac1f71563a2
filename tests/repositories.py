"""Git repositories made in tests, which know nothing of the machine's own configuration or of the CI that runs us."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import git
from running import inside, written

from lhmigrate.forge import ci

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest
    from running import Run

VARIABLES = {
    name
    for service in ci.SERVICES
    for name in (service.branch, *service.commits, service.tip, *service.merge)
    if name
}  # fmt: skip


SETTINGS: dict[str, str] = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "somebody"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "somebody@example.com"),
    **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-01-01T00:00:00Z"),
    # Submodules are cloned from folders.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
}
"""Who commits, and when: the same everywhere, so that commits have the same names."""


def alone(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Takes everything out of the environment that could change what git does."""
    for name in (*VARIABLES, *(name for name in os.environ if name.startswith("GIT_"))):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(home), **SETTINGS}.items():
        monkeypatch.setenv(name, value)


class Repository:
    """A repository with a work tree."""

    def __init__(self, folder: Path, repo: git.Repo) -> None:
        self.folder = folder
        self._repo = repo

    @classmethod
    def new(cls, folder: Path, branch: str = "main") -> Repository:
        """An empty one."""
        with git.Repo.init(folder, initial_branch=branch) as repo:
            return cls(folder, repo)

    def clone(self, folder: Path, *options: str) -> Repository:
        """A clone by the network's way, so that it can be shallow."""
        self.git("clone", "--quiet", *options, self.folder.as_uri(), str(folder))
        with git.Repo(folder) as repo:
            return type(self)(folder, repo)

    def git(self, *arguments: str) -> str:
        """Runs git there."""
        return str(self._repo.git.execute(["git", *arguments])).strip()

    def commit(self, files: Mapping[str, str | None], branch: str | None = None) -> str:
        """Writes files (None: removes one) and commits everything; on a branch of its own if one is named."""
        if branch is not None:
            self.git("checkout", "--quiet", "-B", branch)
        for name, content in files.items():
            if content is None:
                (self.folder / name).unlink()
        written(self.folder, {name: content for name, content in files.items() if content is not None})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def plan(self, *arguments: str, **environment: str) -> Run:
        """What a plan without --from and --to says in this work tree."""
        return inside("plan", *arguments, "--format", "json", environment=environment)
