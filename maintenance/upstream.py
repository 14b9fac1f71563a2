"""Clones of Longhorn's repositories, read at any tag. They are nobody's part of this project."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


class Upstream:
    """A folder of clones, each found by its repository's name: `owner/name`, `owner+name` or `name`, bare or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._repositories: dict[str, git.cmd.Git] = {}

    def has(self, repository: str) -> bool:
        """Whether there is a clone of `owner/name`."""
        return self._find(repository) is not None

    def lines(self, source: str, path: str) -> tuple[str, ...] | None:
        """A file's lines at `owner/name@tag`; None where there is no such file, tag or clone."""
        repository, _, tag = source.partition("@")
        return self._lines(repository, tag, path)

    def releases(self, repository: str) -> list[str]:
        """All tags of releases, without candidates and development builds, the oldest first."""
        found = [_RELEASE.fullmatch(tag) for tag in str(self._open(repository).tag("--list")).splitlines()]
        numbers = sorted((int(one[1]), int(one[2]), int(one[3])) for one in found if one)
        return [f"v{major}.{minor}.{patch}" for major, minor, patch in numbers]

    def changed(self, repository: str, old: str, new: str, paths: list[str]) -> list[str]:
        """What changed between two tags in these places, as `git diff --stat` tells it."""
        told = self._open(repository).diff("--stat=120", f"refs/tags/{old}", f"refs/tags/{new}", "--", *paths)
        return str(told).splitlines()

    @lru_cache(maxsize=4096)  # noqa: B019 - one Upstream lives as long as the program
    def _lines(self, repository: str, tag: str, path: str) -> tuple[str, ...] | None:
        if self._find(repository) is None:
            return None
        repo = self._open(repository)
        for name in (f"refs/tags/{tag}", tag):
            try:
                data = repo.show(f"{name}:{path}", stdout_as_string=False, strip_newline_in_stdout=False)
            except git.GitCommandError:
                continue
            return tuple(bytes(data).decode("utf-8", errors="replace").split("\n"))
        return None

    def _open(self, repository: str) -> git.cmd.Git:
        if repository not in self._repositories:
            place = self._find(repository)
            if place is None:
                raise FileNotFoundError(f"{self._folder} holds no clone of {repository}")
            self._repositories[repository] = git.cmd.Git(str(place))
        return self._repositories[repository]

    def _find(self, repository: str) -> Path | None:
        name = repository.rpartition("/")[2]
        return next((place for place in self._places(repository, name) if _is_repository(place)), None)

    def _places(self, repository: str, name: str) -> Iterator[Path]:
        for folder in (repository, repository.replace("/", "+"), name, f"{name}.git", f"{repository}.git"):
            yield self._folder / folder
            yield self._folder / folder / "repo"


def _is_repository(place: Path) -> bool:
    return (place / ".git").exists() or (place / "HEAD").is_file()
