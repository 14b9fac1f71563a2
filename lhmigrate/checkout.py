"""A checkout of a git repository, and the same tree as it was at a base commit, without checking that out.

Of the base, only what differs from the work tree is read from git; everything else is read where it lies. GitPython
runs git's own commands: `git diff` and `git ls-files` know better than anybody which files are part of a tree.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate import ci
from lhmigrate.bump import Change
from lhmigrate.declarations.tree import Parser, Tree
from lhmigrate.errors import Place, Problem, Refusal
from lhmigrate.scan import DECLARATIONS, MOST_BYTES, mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import git

    from lhmigrate.scan import Candidate

_USUAL: Final = ("main", "master")
_GITLINK: Final = "160000"
_LINK: Final = "120000"
_BY_HAND: Final = "pass --base REF, or --from and --to"
_READABLE: Final = 1024 * 1024
"""Characters of a file that is looked through for versions in forms that are not read; more than that is data."""


class Base(NamedTuple):
    """What the work tree is compared with."""

    commit: str
    """Its full name."""
    told: str
    """What it is, for a sentence: `main`, `the merge base with origin/main`."""


class Runner:
    """Runs git in one repository. Every failure is told in git's own words."""

    def __init__(self, folder: str, *, inner: bool = False) -> None:
        import git  # noqa: PLC0415 - takes longer to import than most runs take

        self._git: git.Git = git.Git(folder)
        # A hook is told by variables which repository it is for; a submodule is another one.
        here = os.path.abspath(folder)  # noqa: PTH100
        self._environment = {"GIT_DIR": f"{here}/.git", "GIT_WORK_TREE": here} if inner else {}

    def run(self, *arguments: str) -> bytes | None:
        """What a command prints; None where it says no without a word."""
        import git  # noqa: PLC0415

        command = ["git", "-c", "core.fsmonitor=false", *arguments]
        try:
            status, out, err = self._git.execute(
                command,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                # Nothing here opens a connection, and git shall not, either (from 2.44 on it heeds that).
                env={"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", **self._environment},
            )
        except git.GitCommandNotFound:
            raise Refusal(
                "git is not installed, and it tells what changed; install it, or pass --from and --to"
            ) from None
        if status and err:
            raise Refusal(_told_by_git(err))
        return None if status else bytes(out)

    def line(self, *arguments: str) -> str | None:
        """What a command prints, if it is one line."""
        out = self.run(*arguments)
        return os.fsdecode(out).strip() if out else None

    def parts(self, *arguments: str) -> list[str]:
        """What a command prints, split at the NULs that `-z` puts between names."""
        return [os.fsdecode(part) for part in (self.run(*arguments) or b"").split(b"\0") if part]

    def blob(self, name: str) -> bytes:
        """The content of a blob, from one git process for all of them."""
        try:
            _, _, _, data = self._git.get_object_data(name)
        except ValueError:
            why = f"this clone lacks the content of {name[:9]}, as partial clones do"
            raise Refusal(f"{why}; clone without a filter, or {_BY_HAND}") from None
        return bytes(data)

    def close(self) -> None:
        """Ends that process."""
        self._git.clear_cache()


def _told_by_git(err: bytes | str) -> str:
    text = err.decode("utf-8", "replace") if isinstance(err, bytes) else err
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"git says: {' '.join(lines[:4])}"


def base(runner: Runner, wanted: str | None, environment: Mapping[str, str]) -> Base:
    """The commit to compare with.

    That is the wanted one; or the base of the pull request that CI builds; or where this branch left the default one.
    Refuses where the clone does not reach back to it, and says what to do.
    """
    if runner.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
        raise Refusal("this repository has no commit yet, so there is nothing to compare with; pass --from and --to")
    request = ci.request(environment)
    deeper = request.service.deeper if request else "run `git fetch --unshallow`"
    if wanted is not None:
        found = _commit(runner, wanted)
        if found is None:
            raise _missing(runner, f"no commit here is called {wanted!r}", deeper)
        return Base(found, wanted)
    if request is not None:
        return _of_request(runner, request)
    branch = _default_branch(runner)
    if branch is None:
        why = "there is no origin/HEAD, main or master, so which branch is the default one cannot be told"
        raise Refusal(f"{why}; {_BY_HAND}")
    return _merge_base(runner, branch, deeper)


def _commit(runner: Runner, name: str) -> str | None:
    """A commit's full name; None where nothing is called so. What begins with a dash would be an option."""
    return None if name.startswith("-") else runner.line("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def _of_request(runner: Runner, request: ci.Request) -> Base:
    """The base of a pull request."""
    head = _commit(runner, "HEAD")
    if (
        request.merged
        and request.merged == head
        and _commit(runner, "HEAD^2")
        and (parent := _commit(runner, "HEAD^1"))
    ):
        return Base(parent, request.branch)
    for name in request.commits:
        found = _commit(runner, name)
        if found is not None:
            # A commit that is the target's tip may be newer than what was branched off.
            common = runner.line("merge-base", "HEAD", found)
            return Base(common or found, request.branch or name)
    for name in (f"refs/remotes/origin/{request.branch}", f"refs/heads/{request.branch}"):
        if request.branch and _commit(runner, name) is not None:
            return _merge_base(runner, name, request.service.deeper)
    what = f"the branch {request.branch}, into which this pull request goes, is not in this clone"
    raise _missing(runner, what, request.service.deeper)


def _default_branch(runner: Runner) -> str | None:
    head = runner.line("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    names = [f"refs/remotes/origin/{name}" for name in _USUAL] + [f"refs/heads/{name}" for name in _USUAL]
    return next((name for name in (head, *names) if name and _commit(runner, name)), None)


def _merge_base(runner: Runner, branch: str, deeper: str) -> Base:
    shown = branch.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    common = runner.line("merge-base", "HEAD", branch)
    if common is None:
        raise _missing(runner, f"no commit is common to this branch and {shown}", deeper)
    return Base(common, f"the merge base with {shown}")


def _missing(runner: Runner, what: str, deeper: str) -> Refusal:
    """The complaint that history does not reach back far enough, with the cure where the clone is shallow."""
    if runner.line("rev-parse", "--is-shallow-repository") == "true":
        return Refusal(f"{what}: this clone is shallow; {deeper}, or {_BY_HAND}")
    return Refusal(f"{what}; fetch it, or {_BY_HAND}")


class _Part(NamedTuple):
    """One repository of a checkout: the whole of it, or a submodule."""

    runner: Runner
    listed: frozenset[str]
    """Files that belong to it: tracked, or new and not ignored."""
    changed: Mapping[str, str | None]
    """Files that differ, each with its blob at the base; None: it was not there."""


class Checkout:
    """A work tree and its base, as two trees of files, which are named from the root."""

    def __init__(self, root: str, against: Base) -> None:
        self._root = root
        self.unread: list[Problem] = []
        """What could not be compared."""
        self.renamed: dict[str, str] = {}
        """Files by their names before."""
        self._parts: list[_Part] = []
        self._add(Runner(root), "", against.commit)

    def close(self) -> None:
        """Ends the processes that read blobs."""
        for part in self._parts:
            part.runner.close()

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
            for file, blob in part.changed.items():
                data = part.runner.blob(blob) if blob and file.endswith(DECLARATIONS.endings) else b""
                text = _decoded(data) if mentions(data, DECLARATIONS.words) else None
                if text is not None:
                    before[file] = text
        parser = Parser()
        return Tree(before, self._old, parser), Tree(now, self._new, parser)

    def changes(self) -> Iterator[Change]:
        """Every file that differs and is text that somebody wrote."""
        for part in self._parts:
            for file in part.changed:
                change = Change(file, self._old(file), self._new(file))
                if all(len(text or "") <= _READABLE for text in (change.old, change.new)):
                    yield change

    def _new(self, file: str) -> str | None:
        """What a file of the work tree holds. A link that leads out of it is not followed: strangers make them."""
        if not self.contains(file):
            return None
        here = Path(self._root, file).resolve()
        inside = self.contains(os.path.relpath(here, Path(self._root).resolve()))
        return _on_disk(here) if inside else None

    def _old(self, file: str) -> str | None:
        for part in self._parts:
            if file in part.changed:
                blob = part.changed[file]
                return None if blob is None else _decoded(part.runner.blob(blob))
        return self._new(file)

    def _add(self, runner: Runner, prefix: str, commit: str) -> None:
        """Takes a repository in, and its submodules."""
        new = runner.parts("ls-files", "-z", "--others", "--exclude-standard")
        tracked = runner.parts("ls-files", "-z", "--cached")
        changed: dict[str, str | None] = {f"{prefix}{name}": None for name in new}
        pointers: dict[str, str] = {}
        for mode, blob, status, name in _differences(runner, commit):
            if _GITLINK in mode:
                pointers[name] = blob
            else:
                file = f"{prefix}{name}"
                changed[file] = blob if status != "A" and mode[0] != _LINK and blob.strip("0") else None
        part = _Part(runner, frozenset(f"{prefix}{name}" for name in (*tracked, *new)), changed)
        self._parts.append(part)
        self.renamed |= {f"{prefix}{now}": f"{prefix}{before}" for before, now in _renames(runner, commit)}
        for name, current in _submodules(runner, tracked):
            self._add_submodule(name, prefix, current, pointers.get(name))

    def _add_submodule(self, name: str, prefix: str, current: str, before: str | None) -> None:
        folder = f"{prefix}{name}"
        here = Path(self._root, folder)
        if not (here / ".git").exists():
            if before is not None:
                why = "is a submodule that moves, and it is not checked out; run `git submodule update --init`"
                self.unread.append(Problem(Place(folder), why))
            return
        runner = Runner(str(here), inner=True)
        commit = before or current
        if _commit(runner, commit) is None:
            why = f"is a submodule that moves from {commit[:9]}, which is not in its clone; fetch it there"
            self.unread.append(Problem(Place(folder), why))
            return
        self._add(runner, f"{folder}/", commit)


def _differences(runner: Runner, commit: str) -> Iterator[tuple[tuple[str, str], str, str, str]]:
    """What differs between a commit and the work tree: modes, the blob before, the status and the name."""
    found = runner.parts(
        "diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=dirty", commit, "--"
    )
    for about, name in zip(found[::2], found[1::2], strict=False):
        old_mode, new_mode, blob, _, status = about.lstrip(":").split(" ")
        yield (old_mode, new_mode), blob, status, name


def _renames(runner: Runner, commit: str) -> Iterator[tuple[str, str]]:
    found = runner.parts("diff", "--name-status", "-z", "-M", "--diff-filter=R", "--no-ext-diff", commit, "--")
    yield from zip(found[1::3], found[2::3], strict=False)


def _submodules(runner: Runner, tracked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The submodules of a repository, with the commit that each is at by the index."""
    if ".gitmodules" in tracked:
        for entry in runner.parts("ls-files", "-z", "--stage"):
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
