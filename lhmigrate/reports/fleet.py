"""What many clusters said, in one table, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.reports.screen import Screen
    from lhmigrate.summary import Row

_STYLES: Final = ("bold green", "bold red", "bold red")
_COUNTED: Final = ("fine", "not", "without a report")
_RESULTS: Final = ("open", "shut", "no report")
_OTHERS: Final = ("nothing to do", "something to do", "no report")


def table(rows: Sequence[Row], code: int, screen: Screen) -> str:
    """A line for each report, the worst ones first, and the sum of it above."""
    counts = [(sum(one.code == each for one in rows), word) for each, word in enumerate(_COUNTED)]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    clusters = "cluster" if len(rows) == 1 else "clusters"
    screen.add((f"{len(rows):,} {clusters}: {said}.", _STYLES[code]))
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("report", "result", "from", "to", "errors", "warnings", ""):
        found.add_column(title, overflow="fold", justify="right" if title in {"errors", "warnings"} else "left")
    for one in sorted(rows, key=lambda row: (-row.code, row.name)):
        found.add_row(
            Text(visible(one.name), style="bold"),
            Text((_RESULTS if one.command == "gate" else _OTHERS)[one.code], style=_STYLES[one.code]),
            *(Text(visible(text or "-")) for text in (one.old, one.new)),
            *(Text(str(count) if one.command else "-") for count in (one.errors, one.warnings)),
            Text("" if one.command else visible(one.told)),
        )
    screen.add(found)
    return screen.text()
