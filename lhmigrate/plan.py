"""What an upgrade cuts, hop by hop: what must change before each hop, and what may be closed after it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lhmigrate.findings import collisions, lint, notes, pitfalls, wording
from lhmigrate.findings.findings import Code, Context, Finding, Hop, Level, Phase, Plan
from lhmigrate.judging.state import LegKey, World, key_of
from lhmigrate.judging.transition import Transition
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.findings.findings import Way
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.judging.transition import Hurt
    from lhmigrate.judging.verdict import Verdict
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.model.settings import Settings


def make(way: Way, inventory: Inventory, settings: Settings, glossary: Glossary) -> Plan:
    """The plan for one installation's upgrade."""
    releases = dict.fromkeys(one for hop in way.hops for one in (hop.old, hop.new))
    world = World(inventory, settings, glossary, releases)
    findings = [
        *notes.unread(world),
        *_about_the_way(way),
        *notes.not_enforced(world),
        *notes.idle(world),
    ]
    told: dict[LegKey, Ports] = {}
    for hop in way.hops:
        findings += _HopPlan(world, hop, told).findings()
    context = Context(inventory.coverage, world.sentences(), world.left_out())
    return Plan(*way, _without_repeats(findings), context)


def _without_repeats(findings: list[Finding]) -> tuple[Finding, ...]:
    """The same thing is said once, for the first hop that it is true for."""
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.message, finding.place), finding)
    return tuple(seen.values())


def _about_the_way(way: Way) -> Iterator[Finding]:
    old, new, steps = way
    if len(steps) > 1:
        between = wording.several([str(hop.new) for hop in steps[:-1]])
        yield Finding(
            Code.HOP_REFUSED,
            Level.NOTE,
            f"Longhorn refuses to go from {old} to {new} in one step; this plan goes by {between}.",
            "Upgrade one hop at a time, and let each finish.",
        )
    for release in dict.fromkeys(one for hop in steps for one in (hop.old, hop.new)):
        yield from notes.preview(release)
    for hop in steps:
        if hop.new.kubernetes != hop.old.kubernetes:
            yield Finding(
                Code.KUBERNETES_FLOOR,
                Level.NOTE,
                f"Longhorn {hop.new} needs Kubernetes {hop.new.kubernetes}; {hop.old} needed {hop.old.kubernetes}.",
                "Upgrade Kubernetes first if it is older.",
                hop=hop,
                phase=Phase.BEFORE,
            )


class _HopPlan:
    """The findings of one hop. `told` grows: what one hop's change mends is not told again for the next."""

    def __init__(self, world: World, hop: Hop, told: dict[LegKey, Ports]) -> None:
        self._world = world
        self._hop = hop
        self._told = told
        self._words = wording.Words(world.glossary, hop.new, world.settings)
        self._transition = Transition(world, hop)

    @cached_property
    def _edits(self) -> dict[LegKey, list[str]]:
        """What a patch would do about each flow that is cut, at either end of it."""
        from lhmigrate.editing import advice  # noqa: PLC0415 - most plans find nothing cut
        from lhmigrate.editing.widen import widen  # noqa: PLC0415

        told: dict[LegKey, list[str]] = defaultdict(list)
        for proposal in widen(self._transition)[0]:
            for key in dict.fromkeys(key_of(need.leg) for need in proposal.needs):
                told[key].append(f"{advice.told(proposal.edit)}.")
        return told

    def findings(self) -> Iterator[Finding]:
        """Everything there is to say, in the order in which it is said."""
        world, hop, transition = self._world, self._hop, self._transition
        yield from notes.shipped_changes(world, hop)
        yield from collisions.find(world, hop)
        yield from transition.trapped
        for hurt in transition.hurts():
            key = key_of(hurt.leg)
            yield from self._leg(hurt, self._told.get(key, NO_PORT))
            self._told[key] = self._told.get(key, NO_PORT) | hurt.verdict.blocked
        yield from notes.cautions(world, hop, transition.judged_during, transition.after)
        yield from pitfalls.find(transition.judged_during, transition.after, hop)
        yield from lint.user_policies(world, hop.old, hop.new, hop)

    def _leg(self, hurt: Hurt, told: Ports) -> Iterator[Finding]:
        """What there is to say of a leg that does not certainly pass during the hop."""
        leg, verdict = hurt.leg, hurt.verdict
        newly, today = hurt.newly_blocked - told, (hurt.blocked & hurt.blocked_before) - told
        if newly:
            yield self._blocked(leg, verdict, newly, Code.FLOW_BLOCKED, hurt.usage)
        if today:
            yield self._blocked(leg, verdict, today, Code.FLOW_BLOCKED_TODAY, hurt.usage)
        if not newly and not today:
            doubtful = hurt.in_doubt - told
            if doubtful:
                yield self._unknown(hurt, doubtful)

    def _blocked(self, leg: Leg, verdict: Verdict, ports: Ports, code: Code, usage: Usage) -> Finding:
        sentence = self._words.blocked(leg, verdict, ports)
        edits = " ".join(self._edits[key_of(leg)]) if code is Code.FLOW_BLOCKED else ""
        advised = self._words.advice_blocked(leg, verdict, ports, usage, edits)
        return self._flow(code, _LEVELS[code][usage], sentence, advised, leg, verdict, ports)

    def _unknown(self, hurt: Hurt, ports: Ports) -> Finding:
        leg, verdict = hurt.leg, hurt.verdict
        level = Level.WARNING if hurt.worries else Level.NOTE
        sentence = self._words.unknown(leg, verdict, ports)
        return self._flow(
            Code.FLOW_UNKNOWN, level, sentence, self._words.advice_unknown(leg, verdict), leg, verdict, ports
        )

    def _flow(
        self,
        code: Code,
        level: Level,
        sentence: wording.Sentence,
        advised: str,
        leg: Leg,
        verdict: Verdict,
        ports: Ports,
    ) -> Finding:
        return Finding(
            code,
            level,
            str(sentence),
            advised,
            sentence=sentence,
            place=wording.place(verdict),
            hop=self._hop,
            phase=Phase.BEFORE,
            leg=leg,
            ports=ports.names(),
            direction=verdict.direction,
            policies=verdict.policies,
        )


_LEVELS: Final = {
    Code.FLOW_BLOCKED: {Usage.EVERYONE: Level.ERROR, Usage.SOME: Level.WARNING},
    Code.FLOW_BLOCKED_TODAY: {Usage.EVERYONE: Level.WARNING, Usage.SOME: Level.NOTE},
}
