"""Prints reports, each in its format and where it is to go; loads what these formats need, and no more."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.reports.account import Report
    from lhmigrate.reports.screen import Screen


class ReportFormat(StrEnum):
    """How what was found is printed."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"
    github = "github"
    gitlab = "gitlab"
    diff = "diff"


_WITH_EDITS = {ReportFormat.markdown, ReportFormat.sarif, ReportFormat.diff}
"""Those that always show what a patch would edit."""


class Printer:
    """Prints what a plan or a check found.

    `given` are the formats and files of the command line, in the order in which they stand there; `edits` is whether
    JSON shows edits, too.
    """

    def __init__(self, given: Sequence[tuple[str, str]], *, edits: bool = False) -> None:
        from lhmigrate import outputs

        pairs = outputs.paired(given, ReportFormat.terminal)
        self._outputs = [(ReportFormat(one.format), one.file) for one in pairs]
        wanted = {format_ for format_, _ in self._outputs}
        self.with_edits = bool(wanted & _WITH_EDITS) or (edits and ReportFormat.json in wanted)
        """Whether any of the reports shows what a patch would edit."""
        self.root = ""
        """From where files are named, as the way there from the current folder."""

    def shown(self, file: str) -> str:
        """The name of a file in its checkout."""
        from lhmigrate.editing import around

        return around.shown(str(Path(self.root, file)))

    def print(self, in_json: Callable[[], str], told: Callable[[], Report], glossary: Glossary) -> None:
        """Prints all reports. All are made before any is printed, and files come before standard output."""
        from lhmigrate.outputs import STDOUT, write

        report = told() if any(format_ is not ReportFormat.json for format_, _ in self._outputs) else None
        texts = [
            (
                file,
                in_json()
                if report is None or format_ is ReportFormat.json
                else self._text(format_, file, report, glossary),
            )
            for format_, file in self._outputs
        ]
        for file, text in sorted(texts, key=lambda one: one[0] == STDOUT):
            if file == STDOUT:
                put(text)
            else:
                write(file, _ended(text))

    def _text(self, format_: ReportFormat, file: str, report: Report, glossary: Glossary) -> str:
        match format_:
            case ReportFormat.markdown:
                from lhmigrate.reports import markdown

                return markdown.report(report, glossary, self.shown)
            case ReportFormat.sarif:
                from lhmigrate.reports import sarif

                return sarif.report(report, self.shown)
            case ReportFormat.github:
                from lhmigrate.reports import github

                return github.report(report, glossary, self.shown)
            case ReportFormat.gitlab:
                from lhmigrate.reports import gitlab

                return gitlab.report(report, self.shown)
            case ReportFormat.diff:
                return self._diff(file, report)
            case _:
                from lhmigrate.outputs import STDOUT
                from lhmigrate.reports import terminal

                return terminal.report(report, glossary, screen() if file == STDOUT else _paper())

    def _diff(self, file: str, report: Report) -> str:
        """Byte for byte, unless a person looks at it."""
        from lhmigrate.outputs import STDOUT
        from lhmigrate.reports import diff, patch

        text = diff.report(report, self.shown)
        return patch.coloured(text, screen()) if file == STDOUT and at_a_terminal() else text


def put(report: str) -> None:
    """Prints one report on standard output."""
    from lhmigrate.errors import Refusal

    if sys.stdout is None:
        raise Refusal("standard output is closed, so nobody can read the report")
    # Whatever the locale, a report is UTF-8: arrows and dashes included.
    sys.stdout.buffer.write(_ended(report).encode("utf-8"))
    sys.stdout.flush()


def _ended(text: str) -> str:
    """A text with a line end; a patch with nothing in it stays without."""
    return text if text.endswith("\n") or not text else f"{text}\n"


def at_a_terminal() -> bool:
    """Whether a person looks at standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def screen() -> Screen:
    """What a report for people is written on where standard output is one."""
    from lhmigrate.reports.screen import Screen

    terminal = at_a_terminal()
    wanted = bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")
    # https://no-color.org: where it is set, there is no colour, whoever asks for it.
    colour = wanted and not os.environ.get("NO_COLOR")
    columns = typer.get_terminal_size((100, 25)).columns if terminal or "COLUMNS" in os.environ else 100
    return Screen(width=max(60, min(columns, 140)), colour=colour)


def _paper() -> Screen:
    """The same for a file."""
    from lhmigrate.reports.screen import Screen

    return Screen(width=100, colour=False)
