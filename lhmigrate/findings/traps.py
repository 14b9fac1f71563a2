"""The isolation trap: a policy meant to add to Longhorn's own, in a state where Longhorn's own is not there.

A NetworkPolicy that lets the scraper in on 9500 also isolates the managers. Beside the chart's policy that
makes no difference. Without it (an older release, or `restrictInternalTraffic: false`) it alone decides, and
cuts everything but the scraper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings.findings import Code, Finding, Hop, Level, Phase
from lhmigrate.findings.wording import several
from lhmigrate.judging.state import World, judge_all
from lhmigrate.model.labels import Match
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.judging.cluster import Cluster
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.policy import Policy


def find(world: World, hop: Hop, cluster: Cluster) -> Iterator[Finding]:
    """Traps in the state before the hop and in the state after it."""
    lasting: set[str] = set()
    after = (*world.shipped(hop.new, by_default=True), *world.shipped(hop.old))
    for component, policies, count in _lone(world, hop.new, cluster, after):
        lasting.add(component)
        yield _finding(hop, hop.new, component, policies, count)
    for component, policies, count in _lone(world, hop.old, cluster, world.shipped(hop.new)):
        if component not in lasting:
            yield _finding(hop, hop.old, component, policies, count)


def _lone(
    world: World, release: Release, cluster: Cluster, companions: tuple[Policy, ...]
) -> Iterator[tuple[str, tuple[Policy, ...], int]]:
    """Components that only the user's policies isolate, though a shipped one elsewhere would admit much more.

    Whoever lets in most of what Longhorn needs wrote a whole set of rules, and not an addition to Longhorn's.
    """
    alone = world.policies(release)
    accompanied = world.together((*alone.all, *companions))
    for component in release.components.values():
        pods = cluster.pods(release, component)
        isolating = alone.selecting(pods[0], Direction.INGRESS).isolating
        if not isolating or any(policy.shipped_by for policy in isolating):
            continue
        if not any(policy.selects.matches(pods[0].labels) is Match.YES for policy in companions):
            continue
        legs = [leg for leg in cluster.legs(release) if leg.target == component.name]
        cut = {key for key, (_, verdict) in judge_all(legs, alone).items() if verdict.blocked}
        would_pass = {key for key, (_, verdict) in judge_all(legs, accompanied).items() if not verdict.blocked}
        lost = cut & would_pass
        if len(lost) > len(would_pass) / 2:
            yield component.name, isolating, len(lost)


def _finding(hop: Hop, release: Release, component: str, policies: tuple[Policy, ...], count: int) -> Finding:
    names = several([f"{policy} ({policy.place})" for policy in policies])
    verb = "is" if len(policies) == 1 else "are"
    flows = "1 flow" if count == 1 else f"{count} flows"
    lasting = release is hop.new
    fact = (
        f"With Longhorn {release} as you install it, {names} {verb} the only one to isolate {component}: "
        f"it cuts {flows} that Longhorn's own policies would let in."
    )
    advice = (
        "Let Longhorn install its own policies, or write the whole set of rules; a policy that only adds one "
        "peer must not stand alone."
        if lasting
        else f"Apply it together with the upgrade to {hop.new}, whose own policies it adds to, and not before."
    )
    return Finding(
        Code.ISOLATION_TRAP,
        Level.ERROR if lasting else Level.WARNING,
        fact,
        advice,
        place=policies[0].place,
        hop=hop,
        phase=Phase.BEFORE,
        direction=Direction.INGRESS,
        policies=policies,
    )
