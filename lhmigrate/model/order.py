"""In which order the rules of one tier are asked, as far as that is known.

Where nothing decides which of two policies comes first, both may. Then each of their rules stands twice: at the first
place that it may have, where it only perhaps counts, and at the last, where it does. Whatever the true order is, its
outcome is one of those that are found so.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.errors import Problem
from lhmigrate.model.labels import Match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lhmigrate.model.policy import Policy, Rule


class Step(NamedTuple):
    """One rule to ask."""

    rule: Rule
    policy: Policy
    sure: bool
    """Whether its policy certainly selects the pod, and certainly comes no earlier than here."""
    about: Match = Match.YES
    """Whether the rule is for this pod among those that its policy selects."""
    doubt: Problem | None = None
    """Why it may count here already."""


def in_order(steps: list[Step]) -> Iterable[Step]:
    """The steps by the number of their order, and those of one number by name."""
    numbers = {step.rule.order.number for step in steps}
    if len(numbers) == 1:
        return _among_equals(steps)
    ordered = sorted(steps, key=_number)
    return [step for _, group in groupby(ordered, _number) for step in _among_equals(list(group))]


def _number(step: Step) -> float:
    return step.rule.order.number


def _among_equals(steps: list[Step]) -> Iterable[Step]:
    several = len({step.policy for step in steps}) > 1 and len({step.rule.action for step in steps}) > 1
    if not several or not any(step.sure for step in steps):
        return steps  # In any order, they come to the same.
    places = _places(steps)
    return (step for _, _, step in sorted(_placed(steps, places), key=lambda placed: placed[:2]))


def _places(steps: list[Step]) -> dict[Policy, tuple[int, int]]:
    """The first and the last place that each policy may have among the others."""
    names = {step.policy: step.rule.order.names for step in steps}
    settled = [policy for policy, known in names.items() if known]
    ways = min((len(names[policy]) for policy in settled), default=0)
    sorts = [sorted(settled, key=_name(names, way)) for way in range(ways)]
    places = {}
    for policy, known in names.items():
        found = [one.index(policy) for one in sorts] if known else [-1, len(settled)]
        places[policy] = (min(found), max(found))
    return places


def _name(names: Mapping[Policy, tuple[str, ...]], way: int) -> Callable[[Policy], str]:
    return lambda policy: names[policy][way]


def _placed(steps: list[Step], places: dict[Policy, tuple[int, int]]) -> Iterator[tuple[int, bool, Step]]:
    """Each step with its place; the second time, if there are two, certain."""
    for step in steps:
        first, last = places[step.policy]
        if first < last:
            yield first, True, step._replace(sure=False, doubt=_undecided(step.policy, places))
        yield last, False, step


def _undecided(policy: Policy, places: dict[Policy, tuple[int, int]]) -> Problem:
    others = [other for other in places if other is not policy]
    return Problem(
        policy.place,
        f"has the same order as {others[0]} ({others[0].place}), and which of the two comes first is not certain; give "
        "them different ones",
    )
