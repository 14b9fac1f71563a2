"""What git knows of the user's files, and how changed ones get into it.

A file's repository is the one that it really is in, wherever links lead. Committing is `git commit`, with the hooks,
the signature and the identity that the user's configuration asks for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Refusal
from lhmigrate.git import worktree
from lhmigrate.git.gitcommand import Git, literally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNDER_WAY: Final = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}
"""What is in the git folder then (gitrepository-layout(5))."""

_HEADS: Final = "refs/heads/"
_PLAINLY: Final = "H"
"""How `git ls-files -v` marks a file that git tracks and looks at."""


class Commit(NamedTuple):
    """A commit that was made."""

    top: str
    """The folder of its work tree."""
    id: str
    branch: str


def uncommitted(paths: Iterable[str]) -> list[str]:
    """Those of the paths whose content git could not give back, in their order.

    They are changed, staged, untracked, ignored, or hidden from git (`assume-unchanged`). Files in no work tree are
    not among them, and neither are files that neither the disk nor git has. Raises Refusal where git does not answer.
    """
    given = list(paths)
    lost = {path for one, names in _located(given).items() for path in _lost(one, names)}
    return [path for path in given if path in lost]


def ready(paths: Iterable[str], branch: str | None = None) -> None:
    """Raises Refusal where `commit` could not commit these files. To be asked before they are written."""
    for one, names in _all_located(paths).items():
        one.ready(sorted(set(names.values())), branch)


def commit(paths: Iterable[str], message: str, branch: str | None = None) -> tuple[Commit, ...]:
    """Commits what changed in these files, and nothing else, once in each repository that they are in.

    That goes on the current branch, or on a new one that begins there and is current afterwards, so that further
    commits can name it too. What else is staged stays staged, and no file is touched. Files that are as they were
    committed make no commit. Raises Refusal where git does not commit: branch and index of that repository are then
    what they were, and the sentence tells of those that were committed in others.
    """
    located = {one: sorted(set(names.values())) for one, names in _all_located(paths).items()}
    for one, names in located.items():
        one.ready(names, branch)
    made: list[Commit] = []
    for one, names in located.items():
        try:
            made.extend(one.commit(names, message, branch))
        except Refusal as refusal:
            done = "".join(f"was committed in {other.top} ({other.id}); " for other in made)
            raise Refusal(done + refusal.message, refusal.place, refusal.details) from None
    return tuple(made)


def _located(paths: Iterable[str]) -> dict[_Repository, dict[str, str]]:
    """The repositories that paths are in, and what each of those is called there."""
    known: dict[str, _Repository] = {}
    located: dict[_Repository, dict[str, str]] = {}
    for path in paths:
        real = os.path.realpath(path)
        tree = worktree.around(os.path.dirname(real))
        if tree is not None:
            one = known.get(tree.top) or known.setdefault(tree.top, _Repository(tree.top))
            located.setdefault(one, {})[path] = os.path.relpath(real, one.top)
    return located


def _all_located(paths: Iterable[str]) -> dict[_Repository, dict[str, str]]:
    """The same, for paths of which each must be in a repository."""
    given = list(paths)
    located = _located(given)
    for path in given:
        if not any(path in names for names in located.values()):
            raise Refusal("is in no git work tree, so it cannot be committed", Place(path))
    return located


def _lost(repository: _Repository, names: dict[str, str]) -> list[str]:
    """Those of the paths whose content git could not give back."""
    tracked = repository.tracked(sorted(set(names.values())))
    changed = repository.changed(sorted(set(names.values())))
    safe = {name for name, mark in tracked.items() if mark == _PLAINLY} - changed
    known = tracked.keys() | changed
    return [path for path, name in names.items() if name not in safe and (name in known or os.path.lexists(path))]


class _Repository:
    """One work tree. Files in it are named from its top."""

    def __init__(self, folder: str) -> None:
        self.top = Git(folder).ask("rev-parse", "--show-toplevel").line
        self._git = Git(self.top)

    def tracked(self, names: Sequence[str]) -> dict[str, str]:
        """Those of the files that git tracks, and how it marks them (git-ls-files(1), `-t` and `-v`)."""
        return {one[2:]: one[0] for one in self._git.ask_about(names, "ls-files", "-v", "-z")}

    def changed(self, names: Sequence[str]) -> set[str]:
        """Those of the tracked files that differ from the last commit, on disk or staged."""
        options = ("--porcelain", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=all")
        return {one[3:] for one in self._git.ask_about(names, "status", *options)}

    def ready(self, names: Sequence[str], branch: str | None) -> None:
        """Refuses where these files could not be committed."""
        here = Place(self.top)
        folder = self._git.ask("rev-parse", "--absolute-git-dir").line
        for sign, what in _UNDER_WAY.items():
            if os.path.lexists(os.path.join(folder, sign)):
                raise Refusal(f"{what} is under way here; finish it or give it up, and run this again", here)
        if self._git.ask("ls-files", "--unmerged").out:
            raise Refusal("has conflicts; resolve them, and run this again", here)
        head = self._head()
        if branch is not None and head != _HEADS + branch:
            self._can_begin(branch)
        elif head is None:
            raise Refusal("is on no branch (its HEAD is detached); name a new one with --branch", here)
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            if self._git.asks("-c", "user.useConfigOnly=true", "var", who).status:
                why = "git does not know who you are; tell it with `git config --global user.name` and `user.email`"
                raise Refusal(why, here)
        tracked = self.tracked(names)
        for name in names:
            if (
                name not in tracked
                and not self._git.asks("check-ignore", "--quiet", "--", os.path.join(".", name)).status
            ):
                why = "is ignored by git, so it cannot be committed; add it yourself, or leave --commit away"
                raise Refusal(why, Place(os.path.join(self.top, name)))

    def commit(self, names: Sequence[str], message: str, branch: str | None) -> list[Commit]:
        """Commits what changed in these files, or leaves branch and index as they were."""
        tracked = self.tracked(names)
        fresh = [name for name in names if name not in tracked]
        if not fresh and not self.changed(names):
            return []
        head, tip = self._head(), self._tip()
        branch = None if branch is None or head == _HEADS + branch else branch
        if branch is not None and tip is not None:
            self._do("update-ref", f"{_HEADS}{branch}", tip, "")
        try:
            if branch is not None:
                # Both are the same commit, so neither a file changes nor the index.
                self._do("symbolic-ref", "-m", f"lhmigrate: begins {branch}", "HEAD", f"{_HEADS}{branch}")
            if fresh:
                self._do("add", "--intent-to-add", "--", *literally(fresh))
            words = ("commit", "--quiet", "--only", "--cleanup=whitespace", f"--message={message}", "--")
            self._do(*words, *literally(names))
        except BaseException:
            if fresh:
                self._git.do("rm", "--quiet", "--cached", "--force", "--ignore-unmatch", "--", *literally(fresh))
            if branch is not None:
                self._give_up(branch, head, tip)
            raise
        return [Commit(self.top, self._git.ask("rev-parse", "HEAD").line, (self._head() or "").removeprefix(_HEADS))]

    def _do(self, *words: str) -> None:
        """A step of a commit."""
        answer = self._git.do(*words)
        if answer.status:
            why = f"the files are written, but not committed: `git {words[0]}` ended with exit code {answer.status}"
            next_ = "mend what it says and commit them yourself, or take them back with `git restore`"
            raise Refusal(f"{why}; {next_}:", Place(self.top), answer.told(self.top))

    def _head(self) -> str | None:
        """The current branch, as a ref; None where there is none."""
        answer = self._git.asks("symbolic-ref", "--quiet", "HEAD")
        return None if answer.status else answer.line

    def _tip(self) -> str | None:
        """The current commit; None where there is none yet."""
        answer = self._git.asks("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
        return None if answer.status else answer.line

    def _can_begin(self, branch: str) -> None:
        """Refuses a branch that cannot be made: `a` and `a/b` cannot both be."""
        here = Place(self.top)
        answer = self._git.asks("check-ref-format", "--branch", branch)
        if answer.status or answer.line != branch:
            raise Refusal(f"{branch!r} is no name that a branch can have; name another with --branch", here)
        parts = branch.split("/")
        refs = [_HEADS + "/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        for ref in os.fsdecode(self._git.ask("for-each-ref", "--format=%(refname)", *refs).out).split("\n"):
            if ref in refs or ref.startswith(f"{refs[-1]}/"):
                raise Refusal(f"has a branch {ref.removeprefix(_HEADS)!r} already; name another with --branch", here)

    def _give_up(self, branch: str, head: str | None, tip: str | None) -> None:
        """Goes back to where a new branch began, and takes it away."""
        if head is not None:
            self._git.do("symbolic-ref", "-m", f"lhmigrate: gives {branch} up", "HEAD", head)
        elif tip is not None:
            self._git.do("update-ref", "--no-deref", "HEAD", tip)
        if tip is not None:
            self._git.do("update-ref", "-d", f"{_HEADS}{branch}", tip)
