"""How a run ends: its exit code, and a sentence on stderr for whatever went wrong."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Never

import typer
from typer.core import TyperGroup

from lhmigrate.cli.options import FailOn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.errors import Problem
    from lhmigrate.findings.findings import Finding, Level

NOTHING_TO_DO, SOMETHING_TO_DO, COULD_NOT_RUN = 0, 1, 2

EXIT_CODES = "Exit codes: 0 nothing to do, 1 something to do, 2 could not run."


class Commands(TyperGroup):
    """All commands. A complaint about options repeats what was given, which in CI may be a stranger's text."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:  # noqa: ANN401 - typer's own, or click's
        """Parses the program's own options."""
        with _harmless():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own, or click's
        """Parses a command's options, and runs it."""
        with _harmless():
            return super().invoke(ctx)


@contextmanager
def _harmless() -> Iterator[None]:
    """Writes out whatever of a usage error could be a command for a CI service. Typer does so with control codes."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and isinstance(told := getattr(error, "message", None), str):
            from lhmigrate.reports.visible import visible

            error.__dict__["message"] = visible(told, 2000)
        raise


@contextmanager
def sentences_for_errors(*, writes: bool = False, lenient: bool = False) -> Iterator[None]:
    """Whatever goes wrong is told in a sentence on stderr; a traceback never reaches a user.

    With `lenient` it is told, and the run counts as one that found nothing to do.
    """
    try:
        with _told(writes=writes):
            yield
    except typer.Exit:
        if not lenient:
            raise
        raise typer.Exit(NOTHING_TO_DO) from None


@contextmanager
def _told(*, writes: bool) -> Iterator[None]:
    from lhmigrate.errors import Refusal, Unreadable

    try:
        yield
    except Refusal as refusal:
        _complain(str(refusal), *map(str, refusal.details))
    except Unreadable as error:
        _complain(str(error))
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        # Whoever read the report has seen enough of it. Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(COULD_NOT_RUN) from None
    except KeyboardInterrupt:
        # While files are replaced nothing is interrupted, so this may come when they are.
        changed = "the files of a hop and phase are all written, or none of them" if writes else "nothing was changed"
        _complain(f"interrupted; {changed}")
    except OSError as error:
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
    except MemoryError:
        _complain("out of memory; give fewer files at a time")
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _complain(
            f"lhmigrate itself failed ({type(error).__name__}: {error}), and judged nothing. Please report it with the "
            f"command you gave: https://github.com/lhmigrate/lhmigrate/issues"
        )


def _complain(message: str, *details: str) -> None:
    from lhmigrate.reports.visible import visible

    lines = (f"lhmigrate: {visible(message, 2000)}\n", *(f"  {visible(detail, 2000)}\n" for detail in details))
    if sys.stderr is not None:
        sys.stderr.write("".join(lines))
    raise typer.Exit(COULD_NOT_RUN) from None


def tell(*problems: Problem | str) -> None:
    """Tells on stderr what is no reason to stop."""
    from lhmigrate.reports.visible import visible

    if sys.stderr is not None:
        sys.stderr.write("".join(f"lhmigrate: {visible(str(problem), 2000)}\n" for problem in problems))


def level_of(fail_on: FailOn, *, exit_zero: bool) -> FailOn:
    """From which level on findings make the exit code 1, with both options taken together."""
    return FailOn.never if exit_zero else fail_on


def levels_of(fail_on: FailOn) -> tuple[Level, ...]:
    """The levels that do."""
    from lhmigrate.findings.findings import Level

    return {FailOn.error: (Level.ERROR,), FailOn.warning: (Level.ERROR, Level.WARNING), FailOn.never: ()}[fail_on]


def leave(findings: tuple[Finding, ...], fail_on: FailOn, *, unclear: bool = False) -> Never:
    """Ends a run whose report is out. `unclear`: what was found may not be all."""
    from lhmigrate.findings.findings import something_to_do

    to_do = something_to_do(findings, levels_of(fail_on)) or (unclear and fail_on is not FailOn.never)
    raise typer.Exit(SOMETHING_TO_DO if to_do else NOTHING_TO_DO)
