"""Findings about the user's policies by themselves: dead selectors, dead ports, what a hop leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.findings import stale
from lhmigrate.findings.findings import Code, Finding, Hop, Level, Phase
from lhmigrate.findings.wording import several
from lhmigrate.judging.state import judge_all
from lhmigrate.model.labels import NAME_LABEL
from lhmigrate.model.peers import Pods
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import EVERY_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.judging.state import World
    from lhmigrate.longhorn.release import Component, Flow, Release
    from lhmigrate.model.policy import Policy, Rule


def user_policies(world: World, old: Release, new: Release, hop: Hop | None = None) -> Iterator[Finding]:
    """Everything there is to say of the user's policies in Longhorn's namespace; without a hop, old is new."""
    for policy in world.user_policies(new):
        if policy.namespace == world.settings.namespace and not policy.unread:
            yield from _selects_nothing(world, policy, old, new, hop)
            yield from _peers(world, policy, hop)
            yield from _stale(world, policy, old, new, hop)
            yield from _ports(world, policy, old, new, hop)
            yield from _replaced(world, policy, old, new, hop)


def _selects_nothing(world: World, policy: Policy, old: Release, new: Release, hop: Hop | None) -> Iterator[Finding]:
    if not policy.selects or world.picked(policy.selects, new):
        return
    before = world.picked(policy.selects, old)
    moved = [sentence for one in before if (sentence := world.glossary.components[one.name].moved)]
    useless = bool(before) and not moved and not _still_reached(policy, before, new)
    if before:
        was = several([component.name for component in before])
        message = (
            f"{policy} selects pods with {policy.selects}, which are {was} in Longhorn {old} and no pod of {new}: "
            "from then on it protects nothing and lets nobody in."
        )
        message = " ".join((message, *moved))
        advice = (
            "Delete it once no old pod runs."
            if useless
            else "Move its rules to the policy of the pods that do that work now, and delete it after the hop."
        )
    elif hop is not None and old.version != world.releases[0].version:
        return  # It selected nothing before this hop either, and that was said.
    else:
        message = f"{policy} selects pods with {policy.selects}, and Longhorn {new} has no such pods."
        advice = "If it is meant for Longhorn, correct the selector; `lhmigrate show` lists every component's labels."
    yield Finding(
        Code.SELECTOR_MATCHES_NOTHING,
        Level.WARNING if (before or "longhorn" in str(policy.selects)) and not useless else Level.NOTE,
        message,
        advice,
        place=policy.place,
        hop=hop,
        phase=(Phase.AFTER if useless else Phase.BEFORE) if hop else None,
        policies=(policy,),
    )


def _still_reached(policy: Policy, components: Iterable[Component], release: Release) -> bool:
    """Whether a release still needs what a policy lets in to these components (or out of them)."""
    names = {component.name for component in components}
    return any(
        rule.ports.meets(flow.ports) and names.intersection(flow.receivers if rule in policy.ingress else flow.senders)
        for rule in (*policy.ingress, *policy.egress)
        if rule.action is Action.ALLOW
        for flow in release.flows.values()
    )


def _peers(world: World, policy: Policy, hop: Hop | None) -> Iterator[Finding]:
    """Peers in namespaces that nothing carries the labels of."""
    for rule in (*policy.ingress, *policy.egress):
        for peer in rule.peers:
            if isinstance(peer, Pods) and peer.namespaces:
                yield from _namespace_labels(world, policy, rule, peer, hop)


def _namespace_labels(world: World, policy: Policy, rule: Rule, peer: Pods, hop: Hop | None) -> Iterator[Finding]:
    known = {key for labels in world.inventory.namespaces.values() for key in labels} | {NAME_LABEL}
    for requirement in peer.namespaces.requirements if peer.namespaces else ():
        if requirement.key not in known:
            # Where no Namespace was given, a label of the user's own may well be there; `name` was a habit, no more.
            seen = bool(world.inventory.namespaces) or requirement.key == "name"
            yield Finding(
                Code.SELECTOR_MATCHES_NOTHING,
                Level.WARNING if seen else Level.NOTE,
                f"{policy} names namespaces with {requirement}, and nothing that was read puts the label "
                f"{requirement.key} on any namespace; Kubernetes itself sets {NAME_LABEL} only.",
                f"Use {NAME_LABEL}, or pass the Namespace's manifest too.",
                place=rule.place,
                hop=hop,
                phase=Phase.BEFORE if hop else None,
                direction=rule.direction,
                policies=(policy,),
            )


def _stale(world: World, policy: Policy, old: Release, new: Release, hop: Hop | None) -> Iterator[Finding]:
    """What the hop leaves behind: ports and peers that only the old release needed."""
    for one in stale.stale(world, policy, old, new):
        if one.ports:
            into = "in" if one.rule.direction is Direction.INGRESS else "out"
            message = f"{policy} lets {into} {one.ports}, which Longhorn {old} used there and {new} does not."
            advice = "Close it once no old pod runs."
        else:
            pods = several([str(peer.pods) for peer in one.peers if isinstance(peer, Pods)])
            message = f"{policy} still names pods with {pods}, which Longhorn {new} does not have any more."
            advice = "Take that peer out once no old pod runs; if it is the rule's last one, take the whole rule out."
        yield Finding(
            Code.ALLOW_STALE,
            Level.NOTE,
            message,
            advice,
            place=one.rule.place,
            hop=hop,
            phase=Phase.AFTER,
            ports=one.ports.names(),
            direction=one.rule.direction,
            policies=(policy,),
        )


def _ports(world: World, policy: Policy, old: Release, new: Release, hop: Hop | None) -> Iterator[Finding]:
    """Ports that no flow of these pods uses or used."""
    pods, were = stale.names(world, policy, new), stale.names(world, policy, old)
    if not pods:
        return
    used, was_used = stale.used(world, pods, new), stale.used(world, were, old)
    for rule in (one for one in policy.ingress if one.action is Action.ALLOW):
        yield from _names(world, policy, rule, new, hop)
        if rule.ports == EVERY_PORT or not rule.ports:
            continue
        unused = [one for one in rule.ports.apart() if not one.meets(used) and not one.meets(was_used)]
        dead = Ports.of(part for one in unused for part in one.ranges)
        if dead:
            served = f": they serve {stale.used(world, pods, new, rarely=False)}" if policy.selects else ""
            sees = " A policy sees the pod's port, not the Service's." if dead.meets(_WELL_KNOWN) else ""
            yield Finding(
                Code.PORT_UNUSED,
                Level.WARNING if dead == rule.ports else Level.NOTE,
                f"{policy} lets in {dead}, and nobody reaches those pods of Longhorn {new} on it{served}.{sees}",
                "Correct the port, or take it out.",
                place=rule.place,
                hop=hop,
                phase=Phase.BEFORE if hop else None,
                ports=dead.names(),
                direction=rule.direction,
                policies=(policy,),
            )


def _names(world: World, policy: Policy, rule: Rule, release: Release, hop: Hop | None) -> Iterator[Finding]:
    """Ports by names that the pods do not declare: they mean no port at all."""
    declared = {name for component in world.picked(policy.selects, release) for name in component.ports}
    unknown = [port.name for port in rule.named if port.name not in declared]
    if unknown and policy.selects:
        knows = f"they declare {several(sorted(declared))}" if declared else "they declare none"
        yield Finding(
            Code.PORT_UNUSED,
            Level.WARNING if len(unknown) == len(rule.named) and not rule.ports else Level.NOTE,
            f"{policy} lets in the port named {several(unknown)}, which those pods of Longhorn {release} do not "
            f"declare: {knows}.",
            "Correct the name, or write the number.",
            place=rule.place,
            hop=hop,
            phase=Phase.BEFORE if hop else None,
            direction=rule.direction,
            policies=(policy,),
        )


_WELL_KNOWN: Final = Ports.parse("TCP/1-1023")
"""Services listen there, and pods that are not root do not."""


def _replaced(world: World, policy: Policy, old: Release, new: Release, hop: Hop | None) -> Iterator[Finding]:
    """Workarounds that a Helm value of the new release does away with, or its own policies by themselves."""
    if hop is None:
        return
    for flow in new.flows.values():
        for value, more in world.glossary.flows[flow.name].opened_by.items():
            fresh = value in new.values and value not in old.values
            if not fresh or not _only_for(world, policy, flow.ports | more, flow.receivers, new):
                continue
            helm = world.settings.install == "helm"
            if more or not _passes_without(world, policy, flow, new):
                if not helm:
                    return
                message = f"From Longhorn {new} on, the Helm value {value} does what {policy} does."
                advice = "Set the value, and take the policy out after the hop."
            else:
                narrow = f"; the Helm value {value} can narrow that" if helm else ""
                message = f"Longhorn {new} itself lets in what {policy} lets in{narrow}."
                advice = "Take the policy out after the hop."
            yield Finding(
                Code.VALUE_REPLACES_POLICY,
                Level.NOTE,
                message,
                advice,
                place=policy.place,
                hop=hop,
                phase=Phase.AFTER,
                policies=(policy,),
            )
            return


def _passes_without(world: World, policy: Policy, flow: Flow, release: Release) -> bool:
    """Whether a flow passes in a release although that policy is gone."""
    others = world.together(one for one in world.policies(release).all if one is not policy)
    legs = [leg for leg in world.cluster(others).legs(release) if leg.flow.name == flow.name]
    return all(verdict.passes for _, verdict in judge_all(legs, others).values())


def _only_for(world: World, policy: Policy, ports: Ports, receivers: Iterable[str], release: Release) -> bool:
    """Whether a policy does nothing but let somebody in on these ports of those pods."""
    names = {component.name for component in world.picked(policy.selects, release)}
    return (
        bool(policy.selects and policy.ingress)
        and not policy.egress
        and bool(names.intersection(receivers))
        and all(rule.ports <= ports and not rule.named and rule.http is None for rule in policy.ingress)
        and not policy.denies()
    )
