"""Where something stands, and what could not be read or done there."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A file, and a line and column in it, both counted from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class Problem(NamedTuple):
    """One thing that could not be read, as a sentence with its place."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Refusal(Exception):  # noqa: N818 - it is one: we understood, and say why we will not go on
    """What ends a run with exit code 2: a sentence, with its place where there is one."""

    def __init__(self, message: str, place: Place | None = None, details: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.details = details
        """What is told below the sentence, one line each."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Unreadable(Exception):  # noqa: N818 - the thing is unreadable; reading it was no error
    """Raised while one document, policy or field is read; caught by whoever can carry on with the rest."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
