"""A patch for people: one unified diff, and beside it what each edit is for and what is left to do by hand."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Final

from lhmigrate.editing import advice
from lhmigrate.editing.edits import AddRules
from lhmigrate.findings.findings import Phase
from lhmigrate.reports import snippets
from lhmigrate.reports.unified import diff
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lhmigrate.editing.patch import Changed, Made, Step, Undone
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.reports.screen import Screen

_HEADS: Final = ("diff ", "--- ", "+++ ", "new file")


def unified(changed: Iterable[Changed], shown: Callable[[str], str]) -> str:
    """Changed files as one diff, under the names that `shown` gives them."""
    return "".join(diff(shown(one.file), one.before, one.after) for one in changed)


def coloured(text: str, screen: Screen) -> str:
    """A diff for a terminal: nothing in it can steer that, and what comes and goes has its colour."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        screen.line(visible(line, 4000), "bold" if line.startswith(_HEADS) else styles.get(line[:1], ""))
    return screen.text()


def message(step: Step, glossary: Glossary) -> str:
    """What a step's commit says: what was changed, and why."""
    old, new = step.hop.old, step.hop.new
    before = step.phase is Phase.BEFORE
    subject = (
        f"Open what Longhorn {new} needs, before the upgrade from {old}"
        if before
        else (f"Close what only Longhorn {old} needed, after the upgrade to {new}")
    )
    lines = [
        fill(visible(_made(one, glossary), 4000), 90, initial_indent="- ", subsequent_indent="  ") for one in step.made
    ]
    return "\n".join([subject, "", *lines, ""])


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
    lines = [f"{when}: {edits}{by_hand}{_in_doubt(step)}"]
    lines += [f"  {_made(one, glossary)}" for one in step.made]
    for one in step.undone:
        lines.append(f"  by hand: {undone(one, glossary)}")
        lines += [f"      {line}" for line in snippets.snippet(one).splitlines()]
    return lines


def _in_doubt(step: Step) -> str:
    """How many flows nobody can tell of; a patch that is silent about them would be taken for an all-clear."""
    if not step.doubts:
        return ""
    count, new = len(step.doubts), sum(hurt.worries for hurt in step.doubts)
    flows, stay = ("1 flow", "stays") if count == 1 else (f"{count} flows", "stay")
    if new == count:
        unknown = f"{flows} that this hop changes {stay} unknown"
    else:
        unknown = f"{flows} {stay} unknown" + (f", {new} of them changed by this hop" if new else "")
    return f"; {unknown}: `lhmigrate plan` says which, and why"


def _made(one: Made, glossary: Glossary) -> str:
    cost = advice.why(one.needs, glossary)
    return f"{one.place}: {advice.told(one.edit)}." + (f" Without it, {cost}." if cost else "")


def undone(one: Undone, glossary: Glossary) -> str:
    """What is left to the user, and why."""
    place = f"{one.place} " if one.place else ""
    should = f" {advice.told(one.edit)}." if one.edit else ""
    if isinstance(one.edit, AddRules):
        # Whom it may concern is half of Longhorn; the rules say it better.
        return f"{place}{one.reason}.{should}"
    flows = advice.flows(one.needs, glossary)
    what = f"{flows}: " if flows else ""
    cost = advice.why(one.needs, glossary)
    return f"{what}{place}{one.reason}.{should}" + (f" Without it, {cost}." if cost else "")
