"""From what a hop needs to changed files, each change proved before anybody sees it.

The text is edited, read again, and judged again. An edit that does not do what it was made for, or that would
cut anything that passes now, is not made, and the user is told why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.editing.placing import CannotPlace, Outcome, Placer, Surroundings, Texts
from lhmigrate.editing.tighten import tighten
from lhmigrate.editing.widen import widen
from lhmigrate.files import sources
from lhmigrate.findings.findings import Hop, Phase
from lhmigrate.findings.unread import Unread, problems, unread
from lhmigrate.judging import inventory
from lhmigrate.judging.state import Judged, World, judge_all, key_of
from lhmigrate.judging.transition import Transition
from lhmigrate.judging.verdict import sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lhmigrate.editing.edits import AddRules, Edit
    from lhmigrate.editing.proposals import Proposal
    from lhmigrate.errors import Place
    from lhmigrate.files.sources import Reading
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.inventory import Inventory, KustomizedTo
    from lhmigrate.judging.needs import Need
    from lhmigrate.judging.transition import Hurt
    from lhmigrate.judging.verdict import Verdict
    from lhmigrate.longhorn.release import Glossary, Release
    from lhmigrate.model.ports import Ports
    from lhmigrate.model.settings import Settings

Settle = Callable[[Mapping[str, str]], "Settings"]
"""The settings of an installation whose files of Helm values hold these texts."""


def _whole(found: Inventory) -> Inventory:
    return found


@dataclass(frozen=True, slots=True)
class Installation:
    """All that a patch starts from, and what its edits make of it."""

    reading: Reading
    values: Mapping[str, str]
    """The files of Helm values by their paths, in the order in which they count."""
    settle: Settle
    kustomized: KustomizedTo
    around: Surroundings
    glossary: Glossary
    ours: Callable[[Inventory], Inventory] = _whole
    """What of an inventory is the user's own: a tree may hold Longhorn's policies, too."""

    def world(self, hop: Hop) -> World:
        """The world in which a hop happens."""
        settings = self.settle(self.values)
        releases = (hop.old, hop.new)
        found = inventory.take(self.reading, settings, releases, self.kustomized)
        return World(self.ours(found), settings, self.glossary, releases)

    def changed(self, changes: Iterable[Changed]) -> Installation:
        """The same with changed files."""
        after = {one.file: one.after for one in changes}
        values = {file: after.pop(file, text) for file, text in self.values.items()}
        return replace(self, reading=sources.again(self.reading, after), values=values)


class Changed(NamedTuple):
    """A file before and after a step; None before: it is new."""

    file: str
    before: str | None
    after: str


class Made(NamedTuple):
    """An edit that was made, and where."""

    edit: Edit
    place: Place
    needs: tuple[Need, ...] = ()
    """What it opens; none: it closes something."""


class Undone(NamedTuple):
    """Something that is left to the user, and why."""

    reason: str
    place: Place | None = None
    needs: tuple[Need, ...] = ()
    edit: Edit | AddRules | None = None
    """What would be right, if that is known."""


class Step(NamedTuple):
    """The edits of one hop and one phase."""

    hop: Hop
    phase: Phase
    made: tuple[Made, ...]
    undone: tuple[Undone, ...]
    changed: tuple[Changed, ...]
    start: Installation
    """From where it began."""
    doubts: tuple[Hurt, ...] = ()
    """What may or may not pass during the hop once this is done, and why nobody can tell: a plan says it."""

    def alone(self, made: Made) -> tuple[Changed, ...]:
        """What one of its edits does by itself."""
        return _placed(self.start, [made.edit])[1]


def step(start: Installation, hop: Hop, phase: Phase) -> tuple[Step, Installation]:
    """One step, and the installation as it is after it."""
    return _before(start, hop) if phase is Phase.BEFORE else _after(start, hop)


def _before(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """Opens what the hop needs. What turns out not to help is taken back, until all of the rest does."""
    transition = Transition(start.world(hop), hop)
    proposals, by_hand = widen(transition)
    undone = [Undone(one.reason, one.place, one.needs, one.edit) for one in by_hand]
    while True:
        tried = _try(start, [one.edit for one in proposals])
        failed = tried.refused | (_useless(proposals, tried, transition) if not tried.refused else {})
        undone += [failed[one.edit]._replace(needs=one.needs) for one in proposals if one.edit in failed]
        if not failed:
            made = tuple(Made(one.edit, tried.made[one.edit], one.needs) for one in proposals)
            end = transition if not tried.changed else Transition(tried.end.world(hop), hop)
            doubts = tuple(hurt for hurt in end.hurts() if hurt.in_doubt)
            left = (*_unread(transition, end), *undone)
            return Step(hop, Phase.BEFORE, made, left, tried.changed, start, doubts), tried.end
        proposals = [one for one in proposals if one.edit not in failed]


def _unread(start: Transition, end: Transition) -> Iterator[Undone]:
    """What could not be read cannot be edited, whatever the hop asks of it once all else is done.

    What was certainly cut by others is only then in doubt. Places are those in the files as they are.
    """
    asked: dict[tuple[str, str], list[Unread]] = defaultdict(list)
    for one in unread(end):
        asked[one.problem.place.file, one.problem.message].append(one)
    for problem in problems(start.world.inventory):
        same = asked[problem.place.file, problem.message]
        _, needs, edit = same.pop(0) if same else Unread(problem)
        yield Undone(f"cannot be edited: {problem.message}", problem.place, needs, edit)


def _after(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """Closes what only the old release needed; nothing that the new one needs may go with it."""
    world = start.world(hop)
    wanted = tighten(world, hop.old, hop.new)
    undone = [Undone(f"cannot be edited: {one.message}", one.place) for one in problems(world.inventory)]
    undone += [Undone(one.reason, one.rule.place) for one in wanted.left]
    tried = _try(start, wanted.edits)
    undone += tried.refused.values()
    if tried.changed and _cuts(_judged(world, hop.new), _judged(tried.end.world(hop), hop.new)):
        undone += [Undone(_WOULD_CUT, place, edit=edit) for edit, place in tried.made.items()]
        return Step(hop, Phase.AFTER, (), tuple(undone), (), start), start
    made = tuple(Made(edit, place) for edit, place in tried.made.items())
    return Step(hop, Phase.AFTER, made, tuple(undone), tried.changed, start), tried.end


_WOULD_CUT: Final = "would cut something that passes now"


class _Tried(NamedTuple):
    """What became of some edits."""

    made: dict[Edit, Place]
    refused: dict[Edit, Undone]
    changed: tuple[Changed, ...]
    end: Installation


def _try(start: Installation, edits: Sequence[Edit]) -> _Tried:
    """Makes edits in text, and reads that text again."""
    outcome, changed = _placed(start, edits)
    return _Tried(
        made={edit: place for edit, place in outcome.items() if not isinstance(place, CannotPlace)},
        refused={
            edit: Undone(refusal.reason, refusal.place, edit=edit)
            for edit, refusal in outcome.items()
            if isinstance(refusal, CannotPlace)
        },
        changed=changed,
        end=start.changed(changed),
    )


def _placed(start: Installation, edits: Sequence[Edit]) -> tuple[Outcome, tuple[Changed, ...]]:
    texts = Texts({**{one.file: one.text for one in start.reading.found}, **start.values}, start.around)
    counts = {
        one.file: len({policy.place for policy in one.objects.policies}) + one.objects.elsewhere
        for one in start.reading.found
    }
    outcome = Placer(texts, counts, tuple(start.values)).make(edits)
    changed = ((file, before, texts.get(file) or "") for file, before in sorted(texts.before.items()))
    return outcome, tuple(Changed(*one) for one in changed if one[1] != one[2])


def _useless(proposals: Iterable[Proposal], tried: _Tried, transition: Transition) -> dict[Edit, Undone]:
    """The edits that do not open what they were made for; all of them, where they cut something else."""
    if not tried.changed:
        return {}
    hop = transition.hop
    result = Transition(tried.end.world(hop), hop)
    before = _judged(transition.world, hop.old), _judged(result.world, hop.old)
    if _cuts(transition.judged_during, result.judged_during) or _cuts(*before):
        return {one.edit: Undone(_WOULD_CUT, tried.made[one.edit], edit=one.edit) for one in proposals}
    return {
        one.edit: Undone("would not open it: another policy forbids it", tried.made[one.edit], edit=one.edit)
        for one in proposals
        if any(_still_blocked(need, result) for need in one.needs)
    }


def _judged(world: World, release: Release) -> Judged:
    """Every leg of one release while it runs by itself, those that few use included."""
    policies = world.policies(release)
    return judge_all(world.cluster(policies).legs(release), policies)


def _cuts(before: Judged, after: Judged) -> bool:
    """Whether any port passes before and does not certainly pass after."""
    return any(
        _passing(*before[key]).meets(leg.ports - _passing(leg, verdict))
        for key, (leg, verdict) in after.items()
        if key in before
    )


def _passing(leg: Leg, verdict: Verdict) -> Ports:
    return leg.ports - verdict.blocked - verdict.unknown


def _still_blocked(need: Need, result: Transition) -> bool:
    leg, _ = result.judged_during[key_of(need.leg)]
    return any(
        side.direction is need.direction and side.own.name == need.own and side.ports.meets(need.ports)
        for side in sides(leg, result.after)
    )


def steps(start: Installation, hops: Iterable[Hop], phases: Sequence[Phase]) -> list[Step]:
    """Several steps, each from where the one before it ended."""
    result: list[Step] = []
    told: set[tuple[str, Place | None]] = set()
    for hop in hops:
        for phase in phases:
            one, start = step(start, hop, phase)
            # What no step can do is said once, unless the hop asks more of it.
            undone = tuple(each for each in one.undone if each.needs or (each.reason, each.place) not in told)
            told.update((each.reason, each.place) for each in undone)
            result.append(one._replace(undone=undone))
    return result


def joined(steps: Iterable[Step]) -> tuple[Changed, ...]:
    """What steps, one after the other, make of each file, in the order of their names."""
    result: dict[str, Changed] = {}
    for one in (changed for step in steps for changed in step.changed):
        first = result.get(one.file)
        result[one.file] = one if first is None else one._replace(before=first.before)
    return tuple(result[file] for file in sorted(result))
