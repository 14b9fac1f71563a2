"""The form for people of several plans: one for each installation of a tree that moves, and what becomes of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from lhmigrate.findings import Code, Fate, Level
from lhmigrate.reports import terminal
from lhmigrate.reports.screen import LEVEL_STYLE, Screen
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from lhmigrate.findings import Environment
    from lhmigrate.release import Glossary
    from lhmigrate.upgrades import Upgrades


def upgrades(upgrades: Upgrades, glossary: Glossary, screen: Screen) -> str:
    """The plans for what a tree declares, each with its path; then what has none, and what stays."""
    _summary(upgrades, screen)
    for number, one in enumerate(upgrades.made):
        if number:
            screen.gap()
        terminal.add_plan(one.plan, f" in {visible(one.pair.environment)}", glossary, screen)
    refused = [(one.place, one.reason) for one in upgrades.environments if one.change is Fate.REFUSED]
    if upgrades.made and upgrades.unclear:
        screen.gap()
        screen.add(("No plan", "bold underline"))
    for place, reason in (*refused, *upgrades.unread):
        screen.add(Text.assemble((f"{visible(str(place))}: ", "bold"), terminal.whole(reason)), indent=2)
    _others(upgrades, screen)
    return screen.text()


def _summary(upgrades: Upgrades, screen: Screen) -> None:
    """What stands above the plans: nothing where there is one, whose verdict is the first line then."""
    lines = []
    if not upgrades.made:
        lines.append(_nothing_moves(upgrades))
    if len(upgrades.made) > 1:
        found = upgrades.findings
        style = terminal.style_of(
            [one.level for one in found], unknown=any(one.code is Code.FLOW_UNKNOWN for one in found)
        )
        moving = f"{len(upgrades.made):,} installations of Longhorn move: {terminal.counts(found)} in all."
        lines.append(Text(moving, style=style))
    if upgrades.made and upgrades.unclear:
        count = terminal.many(len(upgrades.refused) + len(upgrades.unread), "installation", "installations")
        lines.append(Text(f"{count} may move and could not be planned for.", style=LEVEL_STYLE[Level.WARNING]))
    for line in lines:
        screen.add(line)
    if lines and upgrades.made:
        screen.gap()


def _nothing_moves(upgrades: Upgrades) -> Text:
    if upgrades.unclear:
        return Text("No plan could be made.", style=LEVEL_STYLE[Level.WARNING])
    if not upgrades.comparison.now:
        where = terminal.many(upgrades.coverage.files, "file", "files")
        return Text(f"No version of Longhorn moves: none is declared in {where}, in any form that is read.")
    below = " below the given paths" if upgrades.comparison.elsewhere else ""
    return Text(f"No version of Longhorn moves{below}.", style="bold green")


_FATES: Final = {Fate.STAYS: "Stays", Fate.NEW: "New", Fate.GONE: "Gone"}


def _others(upgrades: Upgrades, screen: Screen) -> None:
    """A line for each installation that does not move, and what all were compared with."""
    lines = [_other(one) for one in upgrades.environments if one.change in _FATES]
    if upgrades.comparison.elsewhere:
        count = terminal.many(len(upgrades.comparison.elsewhere), "installation", "installations")
        lines.append(Text.assemble(("Not looked at: ", "dim"), f"{count} outside of the given paths"))
    if upgrades.commit:
        lines.append(Text(f"Compared with {visible(upgrades.against)} ({upgrades.commit[:9]}).", style="dim"))
    if lines:
        screen.gap()
    for line in lines:
        screen.add(line)


def _other(one: Environment) -> Text:
    version = one.new or one.old
    at = f" at {version}" if version is not None else ""
    also = f": {terminal.whole(one.reason)}" if one.reason else ""
    return Text.assemble((f"{_FATES[one.change]}{at}: ", "dim"), f"{visible(str(one.place))}{also}")
