"""What one hop does to the traffic: what passed before it, what must pass while it runs, and what it cuts.

While a hop runs, pods of both releases run side by side and the new release's policies are already there
(Helm applies them with the rest of the chart, before the pods roll). So what must pass is every flow of the
old release, every flow of the new one, and both across the mix, under the new policies.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.findings import traps
from lhmigrate.judging.state import Judged, World, judge_all
from lhmigrate.judging.verdict import Answer
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.findings.findings import Finding, Hop
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.policies import Policies
    from lhmigrate.judging.verdict import Verdict


class Hurt(NamedTuple):
    """A leg that somebody uses and that does not certainly pass during the hop."""

    leg: Leg
    verdict: Verdict
    usage: Usage
    was: Verdict | None
    """The verdict before the hop; None: nobody needed the leg then."""

    @property
    def blocked(self) -> Ports:
        """The ports that are surely cut. Where any one of them would do, some being blocked is a doubt, not a cut."""
        return NO_PORT if self.verdict.answer is Answer.UNKNOWN else self.verdict.blocked

    @property
    def newly_blocked(self) -> Ports:
        """The ports that the hop cuts."""
        return self.blocked - self.blocked_before

    @property
    def in_doubt(self) -> Ports:
        """The ports that may or may not pass."""
        return self.verdict.unknown or (self.leg.ports if self.verdict.answer is Answer.UNKNOWN else NO_PORT)

    @property
    def newly_in_doubt(self) -> Ports:
        """Those of them that certainly passed, or that nobody needed, before the hop."""
        return self.in_doubt - self.blocked_before - (self.was.unknown if self.was else NO_PORT)

    @property
    def as_before(self) -> bool:
        """Whether the hop changes nothing about it."""
        was, verdict = self.was, self.verdict
        return was is not None and (was.answer, was.unknown, was.blocked) == (
            verdict.answer,
            verdict.unknown,
            verdict.blocked,
        )

    @property
    def worries(self) -> bool:
        """Whether somebody has to look at what nobody can tell of: everyone uses it, and the hop changes it."""
        return self.usage is Usage.EVERYONE and not self.as_before

    @property
    def blocked_before(self) -> Ports:
        """The ports that did not pass before the hop, either."""
        return self.was.blocked if self.was else NO_PORT


class Transition:
    """One hop in one world. Everything is worked out once, when it is first asked for."""

    def __init__(self, world: World, hop: Hop) -> None:
        self.world = world
        self.hop = hop
        self.after = world.policies(hop.new)
        self._all_before = world.policies(hop.old)
        self.cluster = world.cluster(self._all_before, self.after)

    @cached_property
    def trapped(self) -> tuple[Finding, ...]:
        """Policies that are the only ones to isolate what Longhorn's own would open."""
        return tuple(traps.find(self.world, self.hop, self.cluster))

    @cached_property
    def before(self) -> Policies:
        """The policies in force before the hop.

        A policy that is a trap today is not in force yet, or the cluster would not be there to be upgraded.
        """
        lone = {id(policy) for finding in self.trapped for policy in finding.policies}
        return self.world.together(policy for policy in self._all_before.all if id(policy) not in lone)

    @cached_property
    def judged_before(self) -> Judged:
        """Every leg of the old release, before the hop."""
        return judge_all(self.cluster.legs(self.hop.old), self.before)

    @cached_property
    def judged_during(self) -> Judged:
        """Every leg that is needed while the hop runs."""
        return judge_all(self.cluster.legs_during(self.hop.old, self.hop.new), self.after)

    def hurts(self) -> Iterator[Hurt]:
        """Every leg that does not certainly pass during the hop, but for those that few use."""
        for key, (leg, verdict) in self.judged_during.items():
            usage = self.cluster.usage(leg.flow)
            if not verdict.passes and usage is not None and usage is not Usage.FEW:
                was = self.judged_before[key][1] if key in self.judged_before else None
                yield Hurt(leg, verdict, usage, was)
