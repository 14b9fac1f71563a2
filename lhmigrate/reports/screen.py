"""What reports for people are written on: text with or without colour, as wide as the terminal."""

from __future__ import annotations

from io import StringIO
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from lhmigrate.findings.findings import Level
from lhmigrate.reports.visible import visible

LEVEL_STYLE: Final = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


class Screen:
    """Collects what is to be printed, with or without colour."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self._out = StringIO()
        self._console = Console(
            file=self._out,
            width=width,
            height=25,  # Unless both are given, rich asks the environment for both.
            force_terminal=colour,
            color_system="standard" if colour else None,
            no_color=not colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def add(self, *parts: RenderableType | tuple[str, str], indent: int = 0) -> None:
        """One line or block. A pair is a text with its style."""
        shown = [Text(part[0], style=part[1]) if isinstance(part, tuple) else part for part in parts]
        if all(isinstance(part, Text) for part in shown):
            block: RenderableType = Text.assemble(*(part for part in shown if isinstance(part, Text)))
        else:
            block = Group(*shown)
        self._console.print(Padding(block, (0, 0, 0, indent)) if indent else block)

    def command(self, command: str, indent: int) -> None:
        """A shell command, on one line however long, so that it can be copied."""
        self.line(f"{' ' * indent}$ {visible(command, longest=4000)}", "dim")

    def line(self, text: str, style: str = "") -> None:
        """One line, however long."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def gap(self) -> None:
        """An empty line."""
        self._console.print()

    def text(self) -> str:
        """Everything, without the spaces that end lines."""
        return "\n".join(line.rstrip() for line in self._out.getvalue().splitlines()) + "\n"
