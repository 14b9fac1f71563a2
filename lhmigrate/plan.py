"""What an upgrade cuts, hop by hop: what must change before each hop, and what may be closed after it.

While a hop runs, pods of both releases run side by side and the new release's policies are already there
(Helm applies them with the rest of the chart, before the pods roll). So what must pass is every flow of the
old release, every flow of the new one, and both across the mix, under the new policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate import collisions, hops, lint, notes, traps, wording
from lhmigrate.findings import Code, Context, Finding, Hop, Level, Phase, Plan
from lhmigrate.ports import NO_PORT, Ports
from lhmigrate.release import Usage
from lhmigrate.state import LegKey, World, judge_all
from lhmigrate.verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.catalogue import Catalogue
    from lhmigrate.cluster import Leg
    from lhmigrate.inventory import Inventory
    from lhmigrate.release import Release
    from lhmigrate.settings import Settings
    from lhmigrate.verdict import Verdict


def make(catalogue: Catalogue, old: Release, new: Release, inventory: Inventory, settings: Settings) -> Plan:
    """The plan for one installation's upgrade. Raises `Refusal` where Longhorn knows no such way."""
    steps = hops.path(catalogue, old, new)
    world = World(
        inventory,
        settings,
        catalogue.glossary,
        dict.fromkeys(one for hop in steps for one in (hop.old, hop.new)),
    )
    findings = [
        *notes.unread(inventory),
        *_about_the_way(old, new, steps),
        *notes.not_enforced(world),
        *notes.idle(world),
    ]
    told: dict[LegKey, Ports] = {}
    for hop in steps:
        findings += _HopPlan(world, hop, told).findings()
    return Plan(
        old,
        new,
        steps,
        _without_repeats(findings),
        Context(inventory.coverage, world.sentences(), world.left_out()),
    )


def _without_repeats(findings: list[Finding]) -> tuple[Finding, ...]:
    """The same thing is said once, for the first hop that it is true for."""
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.message, finding.place), finding)
    return tuple(seen.values())


def _about_the_way(old: Release, new: Release, steps: tuple[Hop, ...]) -> Iterator[Finding]:
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
        self._before, self._after = world.policies(hop.old), world.policies(hop.new)
        self._cluster = world.cluster(self._before, self._after)

    def findings(self) -> Iterator[Finding]:
        """Everything there is to say, in the order in which it is said."""
        world, hop, cluster = self._world, self._hop, self._cluster
        trapped = list(traps.find(world, hop, cluster))
        # A policy that is a trap today is not in force yet, or the cluster would not be there to be upgraded.
        lone = {id(policy) for finding in trapped for policy in finding.policies}
        before = world.together(policy for policy in self._before.all if id(policy) not in lone)
        old = judge_all(cluster.legs(hop.old), before)
        during = judge_all(cluster.legs_during(hop.old, hop.new), self._after)
        yield from notes.shipped_changes(world, hop)
        yield from collisions.find(world, hop)
        yield from trapped
        for key, (leg, verdict) in during.items():
            usage = cluster.usage(leg.flow)
            if not verdict.passes and usage is not None and usage is not Usage.FEW:
                was = old[key][1] if key in old else None
                yield from self._leg(leg, verdict, was, usage, self._told.get(key, NO_PORT))
                self._told[key] = self._told.get(key, NO_PORT) | verdict.blocked
        yield from notes.cautions(world, hop, during, self._after)
        yield from lint.user_policies(world, hop.old, hop.new, hop)

    def _leg(self, leg: Leg, verdict: Verdict, was: Verdict | None, usage: Usage, told: Ports) -> Iterator[Finding]:
        """What there is to say of a leg that does not certainly pass during the hop."""
        was_blocked = was.blocked if was else NO_PORT
        # Where any one of the ports would do, some being blocked is a doubt, not a cut.
        blocked = NO_PORT if verdict.answer is Answer.UNKNOWN else verdict.blocked - told
        if blocked - was_blocked:
            yield self._blocked(leg, verdict, blocked - was_blocked, Code.FLOW_BLOCKED, usage)
        if blocked & was_blocked:
            yield self._blocked(leg, verdict, blocked & was_blocked, Code.FLOW_BLOCKED_TODAY, usage)
        if not blocked:
            doubtful = (verdict.unknown or leg.ports) - told
            if doubtful and (verdict.unknown or verdict.answer is Answer.UNKNOWN):
                yield self._unknown(leg, verdict, was, doubtful, usage)

    def _blocked(self, leg: Leg, verdict: Verdict, ports: Ports, code: Code, usage: Usage) -> Finding:
        sentence = self._words.blocked(leg, verdict, ports)
        advice = self._words.advice_blocked(leg, verdict, ports, usage)
        return self._flow(code, _LEVELS[code][usage], sentence, advice, leg, verdict, ports)

    def _unknown(self, leg: Leg, verdict: Verdict, was: Verdict | None, ports: Ports, usage: Usage) -> Finding:
        same = was is not None and (was.answer, was.unknown, was.blocked) == (
            verdict.answer,
            verdict.unknown,
            verdict.blocked,
        )
        level = Level.WARNING if usage is Usage.EVERYONE and not same else Level.NOTE
        sentence = self._words.unknown(leg, verdict, ports)
        advice = self._words.advice_unknown(leg, verdict)
        return self._flow(Code.FLOW_UNKNOWN, level, sentence, advice, leg, verdict, ports)

    def _flow(
        self,
        code: Code,
        level: Level,
        sentence: wording.Sentence,
        advice: str,
        leg: Leg,
        verdict: Verdict,
        ports: Ports,
    ) -> Finding:
        return Finding(
            code,
            level,
            str(sentence),
            advice,
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
