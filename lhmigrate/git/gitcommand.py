"""Git's own commands, run by GitPython.

Reading writes nothing, fetches nothing, and starts no program that a repository's configuration names but its filters
(gitattributes(5)). Everything else is run as the user would run it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Place, Problem, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_READING: Final = ("--no-optional-locks", "-c", "core.fsmonitor=false")
"""Without the first, git would write what it learnt into the index, and a hook would hear of that."""
_NO_FETCHING: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}

_SURROUNDINGS: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE"),
)
"""What tells git which repository is meant (`git rev-parse --local-env-vars`). Within a hook that is the hook's."""

_MISSING: Final = (
    "git cannot be started, so nobody knows what is committed and what is not; install git, or put it in the PATH"
)
_AT_ONCE: Final = 500
"""So many files on one command line."""


class Answer(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: bytes
    err: str

    @property
    def line(self) -> str:
        """Its output, where that is one line."""
        return os.fsdecode(self.out.removesuffix(b"\n"))

    @property
    def records(self) -> list[str]:
        """Its output, where each thing ends with a NUL."""
        return [os.fsdecode(record) for record in self.out.split(b"\0") if record]

    def told(self, where: str) -> tuple[Problem, ...]:
        """All that it said, line by line."""
        lines = f"{os.fsdecode(self.out)}\n{self.err}".split("\n")
        return tuple(Problem(Place(where), line.rstrip("\r")) for line in lines if line.strip())


class Git:
    """Git in one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def ask(self, *words: str) -> Answer:
        """What git says to a question. Raises Refusal where it does not answer."""
        answer = self.run(*_READING, *words, environment=_NO_FETCHING)
        if not answer.status:
            return answer
        here = Place(self.folder)
        if "dubious ownership" in answer.err or "unsafe repository" in answer.err:
            why = "belongs to somebody else, so git does not work in it. If you trust it, tell git so"
            raise Refusal(f"{why}: git config --global --add safe.directory {self.folder}", here)
        raise Refusal(f"`git {words[0]}` ended with exit code {answer.status}:", here, answer.told(self.folder))

    def asks(self, *words: str) -> Answer:
        """What git says to a question to which a refusal is an answer too."""
        return self.run(*_READING, *words, environment=_NO_FETCHING)

    def ask_about(self, names: Sequence[str], *words: str) -> list[str]:
        """What git says about files, named from the folder."""
        batches = [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]
        return [record for some in batches for record in self.ask(*words, "--", *literally(some)).records]

    def do(self, *words: str) -> Answer:
        """Has git change something. Hooks that it starts speak the user's language."""
        speaking = {name: os.environ.get(name, "") for name in ("LC_ALL", "LANGUAGE")}
        return self.run(*words, environment=speaking)

    def run(self, *words: str, environment: dict[str, str]) -> Answer:
        """Runs git, in a repository that the folder decides and nothing else."""
        try:
            import git
        except ImportError:
            raise Refusal(_MISSING) from None
        # GitPython would stay where it is, were the folder not accessible; git complains.
        command = [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", "-C", self.folder, *words]
        try:
            with _nothing_around():
                status, out, err = git.Git().execute(
                    command,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    env=environment,
                )
        except git.GitCommandNotFound:
            raise Refusal(_MISSING) from None
        return Answer(status, out, err)


def literally(names: Sequence[str]) -> list[str]:
    """Names that git takes as they are, whatever stars and colons are in them."""
    return [f":(literal){name}" for name in names]


@contextmanager
def _nothing_around() -> Iterator[None]:
    """Without what says that another repository is meant."""
    kept = {name: os.environ.pop(name) for name in _SURROUNDINGS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
