"""A patch for people: one unified diff, and beside it what each edit is for and what is left to do by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate import advice
from lhmigrate.findings import Phase
from lhmigrate.reports import snippets
from lhmigrate.reports.unified import diff
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lhmigrate.patch import Changed, Made, Step, Undone
    from lhmigrate.release import Glossary
    from lhmigrate.reports.screen import Screen

_HEADS: Final = ("diff ", "--- ", "+++ ", "new file")


def joined(steps: Iterable[Step]) -> tuple[Changed, ...]:
    """What all steps together make of each file, in the order of their names."""
    result: dict[str, Changed] = {}
    for step in steps:
        for one in step.changed:
            first = result.get(one.file)
            result[one.file] = one if first is None else one._replace(before=first.before)
    return tuple(result[file] for file in sorted(result))


def unified(changed: Iterable[Changed], shown: Callable[[str], str]) -> str:
    """Changed files as one diff, under the names that `shown` gives them."""
    return "".join(diff(shown(one.file), one.before, one.after) for one in changed)


def coloured(text: str, screen: Screen) -> str:
    """A diff for a terminal: nothing in it can steer that, and what comes and goes has its colour."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        screen.line(visible(line, 4000), "bold" if line.startswith(_HEADS) else styles.get(line[:1], ""))
    return screen.text()


def told(steps: Sequence[Step], glossary: Glossary, *, written: bool) -> str:
    """What was done and what was not, line by line."""
    lines: list[str] = []
    for step in steps:
        lines += _step(step, glossary, written=written)
    return "".join(f"{visible(line, 2000)}\n" for line in lines)


def _step(step: Step, glossary: Glossary, *, written: bool) -> list[str]:
    when = (
        f"before {step.hop.old} → {step.hop.new}"
        if step.phase is Phase.BEFORE
        else f"after {step.hop.old} → {step.hop.new}"
    )
    count = len(step.made)
    files = len(step.changed)
    did = "made" if written else "to make"
    edits = (
        "nothing to edit" if not count else f"{count} edit{'s' * (count > 1)} {did} in {files} file{'s' * (files > 1)}"
    )
    by_hand = f"; {len(step.undone)} left to you" if step.undone else ""
    lines = [f"{when}: {edits}{by_hand}"]
    lines += [f"  {_made(one, glossary)}" for one in step.made]
    for one in step.undone:
        lines.append(f"  by hand: {_undone(one, glossary)}")
        lines += [f"      {line}" for line in snippets.snippet(one).splitlines()]
    return lines


def _made(one: Made, glossary: Glossary) -> str:
    cost = advice.why(one.needs, glossary)
    return f"{one.place}: {advice.told(one.edit)}." + (f" Without it, {cost}." if cost else "")


def _undone(one: Undone, glossary: Glossary) -> str:
    flows = advice.flows(one.needs, glossary)
    what = f"{flows}: " if flows else ""
    place = f"{one.place} " if one.place else ""
    should = f" {advice.told(one.edit)}." if one.edit else ""
    cost = advice.why(one.needs, glossary)
    return f"{what}{place}{one.reason}.{should}" + (f" Without it, {cost}." if cost else "")
