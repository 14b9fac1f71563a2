"""Findings about the run and the releases themselves: what was not read, what a release brings, what to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings.findings import Code, Finding, Hop, Level, Phase
from lhmigrate.findings.wording import several, whose
from lhmigrate.model.endpoints import Pod
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.judging.policies import Policies
    from lhmigrate.judging.state import Judged, World
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.cni import Dialect
    from lhmigrate.model.policy import Policy


def unread(world: World) -> Iterator[Finding]:
    """Everything that could not be read, one finding each."""
    inventory = world.inventory
    problems = dict.fromkeys(inventory.coverage.unread)
    for policy in world.enforcement.policies:
        problems |= dict.fromkeys(policy.doubts())
    for problem in sorted(problems):
        yield Finding(
            Code.UNREAD_POLICY,
            Level.NOTE if problem in inventory.elsewhere else Level.WARNING,
            f"Not judged: {problem.message}.",
            "Nothing in it counts as allowed.",
            place=problem.place,
        )


def preview(release: Release) -> Iterator[Finding]:
    """That a release's tag could not be read."""
    if release.preview:
        yield Finding(
            Code.PREVIEW_RELEASE,
            Level.NOTE,
            f"What is known of Longhorn {release} is a preview: {release.preview}.",
            "Plan again with a newer lhmigrate before you upgrade.",
        )


def idle(world: World) -> Iterator[Finding]:
    """The policies that have no effect on any pod, whatever enforces them."""
    for policy in world.enforcement.policies:
        if policy.idle:
            yield Finding(
                Code.NOT_ENFORCED,
                Level.NOTE,
                f"{policy} has no effect here: {policy.idle}.",
                place=policy.place,
                policies=(policy,),
            )


def not_enforced(world: World) -> Iterator[Finding]:
    """That the network plugin enforces no policy at all, or none of those in another plugin's dialect."""
    cni = world.settings.cni
    if not cni.enforces:
        yield Finding(Code.NOT_ENFORCED, Level.NOTE, cni.note)
    ignored: dict[Dialect, list[Policy]] = {}
    for policy in world.enforcement.ignored:
        ignored.setdefault(policy.dialect, []).append(policy)
    for policies in ignored.values():
        have = "has" if len(policies) == 1 else "have"
        yield Finding(
            Code.NOT_ENFORCED,
            Level.NOTE,
            f"{whose(policies)} {have} no effect: {cni.name} does not read policies of that kind.",
            "Pass another --cni if that is not the network plugin here.",
            place=policies[0].place,
            policies=tuple(policies),
        )


def shipped_changes(world: World, hop: Hop) -> Iterator[Finding]:
    """The policies that the new release installs and the old one did not, and the other way round."""
    old = {policy.name: policy for policy in world.shipped(hop.old)}
    new = {policy.name: policy for policy in world.shipped(hop.new)}
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    if added:
        count = "1 NetworkPolicy" if len(added) == 1 else f"{len(added)} NetworkPolicies"
        cost = ""
        if world.settings.cni.enforces:
            they, do, select = ("it", "does", "selects") if len(added) == 1 else ("they", "do", "select")
            cost = f" Whatever {they} {do} not name is cut off from the pods that {they} {select}."
        yield Finding(
            Code.POLICIES_INSTALLED,
            Level.NOTE,
            f"Longhorn {hop.new} installs {count} that {hop.old} did not: {several(added)}.{cost}",
            hop=hop,
            phase=Phase.BEFORE,
            policies=tuple(new[name] for name in added),
        )
    if removed:
        yield Finding(
            Code.POLICIES_REMOVED,
            Level.NOTE,
            f"Longhorn {hop.new} no longer installs {several(removed)}.",
            "With Helm they go by themselves; what was applied by kubectl stays until you delete it."
            if world.settings.install == "manifest"
            else "",
            hop=hop,
            phase=Phase.AFTER,
            policies=tuple(old[name] for name in removed),
        )


def cautions(world: World, hop: Hop | None, judged: Judged, policies: Policies) -> Iterator[Finding]:
    """What the glossary says to beware of, once, where a policy touches the flow and lets it pass."""
    said: set[str] = set()
    runs = (hop.new if hop else world.releases[-1]).version
    for leg, verdict in judged.values():
        meaning = world.glossary.flows[leg.flow.name]
        caution = "" if meaning.caution_until and runs >= meaning.caution_until else meaning.caution
        if not caution or caution in said or verdict.blocked:
            continue
        ends = (
            ((end, Direction.EGRESS) for end in leg.senders),
            ((end, Direction.INGRESS) for end in leg.receivers),
        )
        isolating = [
            policy
            for side in ends
            for end, direction in side
            if isinstance(end, Pod)
            for policy in policies.selecting(end, direction).isolating
        ]
        if isolating:
            said.add(caution)
            yield Finding(
                Code.CAUTION,
                Level.NOTE,
                caution,
                hop=hop,
                place=next((policy.place for policy in isolating if not policy.shipped_by), None),
                leg=leg,
                ports=leg.ports.names(),
            )
