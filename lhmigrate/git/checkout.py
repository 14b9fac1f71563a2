"""A checkout of a git repository, and the same tree as it was at a base commit, without checking that out.

Of the base, only what differs from the work tree is read from git; everything else is read where it lies. `git diff`
and `git ls-files` know better than anybody which files are part of a tree, and which of them differ.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.bumps.bump import Change
from lhmigrate.declarations.tree import Parser, Tree
from lhmigrate.errors import Place, Problem, Refusal
from lhmigrate.files.scan import DECLARATIONS, MOST_BYTES
from lhmigrate.forge import ci
from lhmigrate.git.gitcommand import Git, literally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lhmigrate.files.scan import Candidate

_USUAL: Final = ("main", "master")
_GITLINK: Final = "160000"
_LINK: Final = "120000"
_BY_HAND: Final = "pass --base REF, or --from and --to"
_AT_ONCE: Final = 500
"""So many files on one command line."""
_READABLE: Final = 1024 * 1024
"""Characters of a file that is looked through for versions in forms that are not read; more than that is data."""


class Base(NamedTuple):
    """What the work tree is compared with."""

    commit: str
    """Its full name."""
    told: str
    """What it is, for a sentence: `main`, `the merge base with origin/main`."""


def base(git: Git, wanted: str | None, environment: Mapping[str, str]) -> Base:
    """The commit to compare with.

    That is the wanted one; or the base of the pull request that CI builds; or where this branch left the default one.
    Refuses where the clone does not reach back to it, and says what to do.
    """
    git.ask("rev-parse", "--git-dir")  # Whatever is wrong with the repository as such is told here.
    if _commit(git, "HEAD") is None:
        raise Refusal("this repository has no commit yet, so there is nothing to compare with; pass --from and --to")
    request = ci.request(environment)
    deeper = request.service.deeper if request else "run `git fetch --unshallow`"
    if wanted is not None:
        found = _commit(git, wanted)
        if found is None:
            raise _missing(git, f"no commit here is called {wanted!r}", deeper)
        return Base(found, wanted)
    if request is not None:
        return _of_request(git, request)
    branch = _default_branch(git)
    if branch is None:
        why = "there is no origin/HEAD, main or master, so which branch is the default one cannot be told"
        raise _missing(git, why, deeper)
    return _merge_base(git, branch, deeper)


def _commit(git: Git, name: str) -> str | None:
    """A commit's full name; None where nothing is called so. What begins with a dash would be an option."""
    return None if name.startswith("-") else _line(git, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def _line(git: Git, *words: str) -> str | None:
    """What git answers in one line; None where it says no."""
    answer = git.asks(*words)
    return answer.line if not answer.status and answer.out else None


def _of_request(git: Git, request: ci.Request) -> Base:
    """The base of a pull request."""
    head = _commit(git, "HEAD")
    if request.merged and request.merged == head and _commit(git, "HEAD^2") and (parent := _commit(git, "HEAD^1")):
        return Base(parent, request.branch)
    for name in request.commits:
        found = _commit(git, name)
        if found is not None:
            return Base(found, request.branch or name)
    for name in (request.tip, f"refs/remotes/origin/{request.branch}", f"refs/heads/{request.branch}"):
        if name and _commit(git, name) is not None:
            return _merge_base(git, name, request.service.deeper)
    what = f"the branch {request.branch}, into which this pull request goes, is not in this clone"
    raise _missing(git, what, request.service.deeper)


def _default_branch(git: Git) -> str | None:
    head = _line(git, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    names = [f"refs/remotes/origin/{name}" for name in _USUAL] + [f"refs/heads/{name}" for name in _USUAL]
    return next((name for name in (head, *names) if name and _commit(git, name)), None)


def _merge_base(git: Git, branch: str, deeper: str) -> Base:
    shown = branch.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    common = _line(git, "merge-base", "HEAD", branch)
    if common is None:
        raise _missing(git, f"no commit is common to this branch and {shown}", deeper)
    return Base(common, f"the merge base with {shown}")


def _missing(git: Git, what: str, deeper: str) -> Refusal:
    """The complaint that history does not reach back far enough, with the cure where the clone is shallow."""
    if _line(git, "rev-parse", "--is-shallow-repository") == "true":
        return Refusal(f"{what}: this clone is shallow; {deeper}, or {_BY_HAND}")
    return Refusal(f"{what}; fetch it, or {_BY_HAND}")


class _Part(NamedTuple):
    """One repository of a checkout: the whole of it, or a submodule. Files are named from the checkout's root."""

    git: Git
    commit: str
    """The base in this repository."""
    prefix: str
    """What stands before the names that git uses here."""
    listed: frozenset[str]
    """Files that belong to it: tracked, or new and not ignored."""
    changed: Mapping[str, str | None]
    """Files that differ, each with its blob at the base; None: it was not there."""

    def mentioning(self) -> Iterator[str]:
        """Changed files that may have declared something at the base."""
        words = [option for word in DECLARATIONS.words for option in ("-e", os.fsdecode(word))]
        names = [file.removeprefix(self.prefix) for file, blob in self.changed.items() if blob is not None]
        names = [name for name in names if name.endswith(DECLARATIONS.endings)]
        for start in range(0, len(names), _AT_ONCE):
            some = literally(names[start : start + _AT_ONCE])
            # As text, whatever .gitattributes says. It ends with 1 where nothing is found.
            found = self.git.asks("grep", "-l", "-z", "--text", "-F", *words, self.commit, "--", *some)
            if found.status > 1:
                raise Refusal("what was committed before cannot be searched:", details=found.told(self.git.folder))
            yield from (self.prefix + record.partition(":")[2] for record in found.records)

    def old(self, file: str) -> str | None:
        """A changed file's text at the base."""
        blob = self.changed[file]
        return None if blob is None else _decoded(self.git.ask("cat-file", "blob", blob).out)


class Checkout:
    """A work tree and its base, as two trees of files, which are named from the root."""

    def __init__(self, root: str, against: Base) -> None:
        self._root = root
        self.unread: list[Problem] = []
        """What could not be compared."""
        self.renamed: dict[str, str] = {}
        """Files by their names before."""
        self._parts: list[_Part] = []
        self._add(Git(root), "", against.commit)

    def contains(self, file: str) -> bool:
        """Whether a file belongs to the work tree."""
        return any(file in part.listed for part in self._parts)

    def concerns(self, path: str) -> bool:
        """Whether a file, or anything in a folder, belongs to the work tree."""
        return self.contains(path) or any(file.startswith(f"{path}/") for part in self._parts for file in part.listed)

    def tracked(self, file: str) -> str | None:
        """A scanned file by the name that git knows it by; None where git ignores it, or it is only a link."""
        here = Path(self._root, file)
        if not self.contains(file):
            real = os.path.relpath(here.resolve(), Path(self._root).resolve())
            return real if self.contains(real) else None
        return None if here.is_symlink() else file

    def trees(self, candidates: Sequence[Candidate]) -> tuple[Tree, Tree]:
        """The trees at the base and now. `candidates` are the files of the work tree that mention Longhorn."""
        now = {
            file: text
            for one in candidates
            if (file := self.tracked(one.file)) is not None and (text := _decoded(one.data)) is not None
        }
        changed = frozenset(file for part in self._parts for file in part.changed)
        before = {file: text for file, text in now.items() if file not in changed}
        for part in self._parts:
            before |= {file: text for file in part.mentioning() if (text := part.old(file)) is not None}
        parser = Parser()
        return Tree(before, self._old, parser), Tree(now, self._new, parser)

    def changes(self, names: Sequence[str] = ()) -> Iterator[Change]:
        """Files that differ, mention Longhorn or one of the `names`, and are text that somebody wrote."""
        for part in self._parts:
            for file in part.changed:
                new = self._new(file) or ""
                mentions = "longhorn" in f"{file} {new}".lower() or any(name in new for name in names)
                if mentions and len(new) <= _READABLE:
                    yield Change(file, self._before(file), new)

    def _before(self, file: str) -> str | None:
        """What a file held at the base, by whatever name it had there."""
        return self._old(self.renamed.get(file, file))

    def _new(self, file: str) -> str | None:
        """What a file of the work tree holds. A link that leads out of it is not followed: strangers make them."""
        if not self.contains(file):
            return None
        here = Path(self._root, file).resolve()
        inside = self.contains(os.path.relpath(here, Path(self._root).resolve()))
        return _on_disk(here) if inside else None

    def _old(self, file: str) -> str | None:
        part = next((one for one in self._parts if file in one.changed), None)
        return self._new(file) if part is None else part.old(file)

    def _add(self, git: Git, prefix: str, commit: str) -> None:
        """Takes a repository in, and its submodules."""
        new = _records(git, "ls-files", "-z", "--others", "--exclude-standard")
        tracked = _records(git, "ls-files", "-z", "--cached")
        changed: dict[str, str | None] = {f"{prefix}{name}": None for name in new}
        pointers: dict[str, str] = {}
        for mode, blob, status, name in _differences(git, commit):
            if _GITLINK in mode:
                pointers[name] = blob
            else:
                file = f"{prefix}{name}"
                changed[file] = blob if status != "A" and mode[0] != _LINK and blob.strip("0") else None
        listed = frozenset(f"{prefix}{name}" for name in (*tracked, *new))
        self._parts.append(_Part(git, commit, prefix, listed, changed))
        self.renamed |= {f"{prefix}{now}": f"{prefix}{before}" for before, now in _renames(git, commit)}
        for name, current in _submodules(git, tracked):
            self._add_submodule(name, prefix, current, pointers.get(name))

    def _add_submodule(self, name: str, prefix: str, current: str, before: str | None) -> None:
        folder = f"{prefix}{name}"
        here = Path(self._root, folder)
        if not (here / ".git").exists():
            if before is not None:
                why = "is a submodule that moves, and it is not checked out; run `git submodule update --init`"
                self.unread.append(Problem(Place(folder), why))
            return
        git = Git(str(here))
        commit = before or current
        if _commit(git, commit) is None:
            why = f"is a submodule that moves from {commit[:9]}, which is not in its clone; fetch it there"
            self.unread.append(Problem(Place(folder), why))
            return
        self._add(git, f"{folder}/", commit)


def _differences(git: Git, commit: str) -> Iterator[tuple[tuple[str, str], str, str, str]]:
    """What differs between a commit and the work tree: modes, the blob before, the status and the name."""
    found = _records(
        git,
        "diff",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--no-ext-diff",
        "--ignore-submodules=dirty",
        commit,
        "--",
    )
    for about, name in zip(found[::2], found[1::2], strict=False):
        old_mode, new_mode, blob, _, status = about.lstrip(":").split(" ")
        yield (old_mode, new_mode), blob, status, name


def _renames(git: Git, commit: str) -> Iterator[tuple[str, str]]:
    found = _records(git, "diff", "--name-status", "-z", "-M", "--diff-filter=R", "--no-ext-diff", commit, "--")
    yield from zip(found[1::3], found[2::3], strict=False)


def _records(git: Git, *words: str) -> list[str]:
    return git.ask(*words).records


def _submodules(git: Git, tracked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The submodules of a repository, with the commit that each is at by the index."""
    if ".gitmodules" in tracked:
        for entry in _records(git, "ls-files", "-z", "--stage"):
            about, _, name = entry.partition("\t")
            mode, commit, _ = about.split(" ")
            if mode == _GITLINK:
                yield name, commit


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _on_disk(file: Path) -> str | None:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError:
        return None
    return None if len(data) > MOST_BYTES else _decoded(data)
