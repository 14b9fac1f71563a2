"""Who the outside peers must be, read off the user's own rules, where nobody said it.

A rule that lets some namespace in on the managers' 9500 and on nothing else can hardly mean anyone but the
scraper. What is concluded so is always said in the report, and the configuration file overrules it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.judging.policies import Policies
from lhmigrate.longhorn.release import EndpointKind, Usage
from lhmigrate.model.endpoints import WHOLE_INTERNET, Entity
from lhmigrate.model.labels import NAME_LABEL, SAYING_WHO, Labels, Match
from lhmigrate.model.peers import Block, Part, Peer, Pods
from lhmigrate.model.policy import Action, Direction
from lhmigrate.model.ports import EVERY_PORT, NO_PORT, Ports
from lhmigrate.model.settings import PeerFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lhmigrate.longhorn.release import Component, Flow, Glossary, Release
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.policy import Policy, Rule
    from lhmigrate.model.settings import Settings


class Assumed(NamedTuple):
    """The peers of the user's rules that we take to mean one endpoint."""

    peers: frozenset[object] = frozenset()
    ports: Ports = NO_PORT
    sentences: tuple[str, ...] = ()

    def told(self) -> tuple[str, ...]:
        """What to say of it."""
        unjudged = "" if self.facts.namespace else " (policies on its own side were not looked at)"
        return tuple(f"{sentence}{unjudged}; .lhmigrate.yaml can say who it is" for sentence in self.sentences)

    @property
    def facts(self) -> PeerFacts:
        """Where they run and how they are labelled, if the rules mean the pods of one namespace by its name."""
        peers = tuple(self.peers)
        if len(peers) == 1 and isinstance(peers[0], Pods):
            named = peers[0].named_namespaces()
            if len(named) == 1:
                return PeerFacts(namespace=next(iter(named)), labels=peers[0].pods.implied())
        return PeerFacts()


def by_tunnel(settings: Settings, glossary: Glossary) -> Iterator[str]:
    """That nodes whose addresses were said come by those alone, where that matters.

    On an overlay, what a node sends to a pod of another one has the tunnel's address, which is in the pods' network
    (seen with Flannel's VXLAN: cloudnativelabs/kube-router#332, and with Canal: rancher/rke2#1227). A running cluster
    shows those (`shown`); files do not.
    """
    hosts = {EndpointKind.NODE, EndpointKind.API_SERVER}
    named = sorted(name for name, who in settings.peers.items() if who.addresses and glossary.kind(name) in hosts)
    if named and settings.cni.enforces and settings.cni.tunnels:
        yield (
            f"the addresses of {' and '.join(named)} are taken to be all by which nodes come to pods; on an overlay "
            "like VXLAN or IPIP they come by those of their tunnels, too: say those under `peers` as well"
        )


def assume(
    policies: Iterable[Policy], releases: Iterable[Release], glossary: Glossary, settings: Settings
) -> Mapping[str, Assumed]:
    """By endpoint name. Only rules for few ports, or for whoever has its name, in policies of Longhorn's own pods."""
    found: dict[str, Assumed] = {}
    mine = Policies(one for one in policies if _of(settings.namespace, one) and not one.unread and not one.shipped_by)
    releases = tuple(releases)
    # Pods that only one of the releases has are nobody else's with the other one, either.
    ours = tuple(component.all_labels() for release in releases for component in release.components.values())
    for release in releases:
        api = _ports_of_api(release, glossary)
        for flow in release.flows.values():
            rare = any(settings.usage(glossary.features[name]) in {None, Usage.FEW} for name in flow.features)
            for name, component, direction in _outside_ends(flow, release, glossary):
                if rare or name in settings.peers:
                    continue
                ports = flow.ports - (api if direction is Direction.EGRESS else NO_PORT)
                for policy in _selecting(mine, component):
                    for rule in policy.rules(direction):
                        alone = bool(policy.selects) and _only(name, component, release)
                        likely = _about(rule, name, EVERY_PORT if alone else ports)
                        meant = [peer for peer in likely if _somebody_else(peer, ours, settings.namespace)]
                        if meant:
                            found[name] = _more(found.get(name, Assumed()), glossary, name, rule, meant, flow.ports)
    return found


def _of(home: str, policy: Policy) -> bool:
    """Whether a policy is about pods of that namespace: its own, or one that it names outright."""
    if policy.namespaces is None:
        return policy.namespace == home
    return policy.namespaces.matches(Labels({NAME_LABEL: home}, complete=False)) is Match.YES


def _selecting(policies: Policies, component: Component) -> list[Policy]:
    labels = component.all_labels()
    return [one for one in policies.possibly_selecting(labels) if one.selects.matches(labels) is Match.YES]


def _outside_ends(flow: Flow, release: Release, glossary: Glossary) -> Iterator[tuple[str, Component, Direction]]:
    for sender in flow.senders:
        for receiver in flow.receivers:
            for name, other, direction in (
                (sender, receiver, Direction.INGRESS),
                (receiver, sender, Direction.EGRESS),
            ):
                if glossary.kind(name) is EndpointKind.OUTSIDE and other in release.components:
                    yield name, release.components[other], direction


def _ports_of_api(release: Release, glossary: Glossary) -> Ports:
    """The API server's ports: a rule for them is more likely about it than about, say, an S3 store."""
    ports = NO_PORT
    for flow in release.flows.values():
        if any(glossary.kind(name) is EndpointKind.API_SERVER for name in flow.receivers):
            ports |= flow.ports
    return ports


def _only(name: str, component: Component, release: Release) -> bool:
    """Whether nobody but that endpoint calls a component, so that a rule without ports means it too."""
    flows = [flow for flow in release.flows.values() if component.name in flow.receivers]
    return all(flow.senders == (name,) for flow in flows)


def _about(rule: Rule, name: str, ports: Ports) -> Sequence[Peer]:
    """Those of a rule's peers that can hardly be anyone but that endpoint: on these ports, or by its own name."""
    if rule.action is not Action.ALLOW or not rule.ports.meets(ports):
        return ()
    if rule.ports == EVERY_PORT and ports != EVERY_PORT:
        return [peer for peer in rule.peers if isinstance(peer, Pods) and _called(peer.pods, name)]
    return rule.peers


def _called(pods: Selector, name: str) -> bool:
    """Whether labels that say which application it is say that name."""
    return any(name in value for key, value in pods.implied().items() if key in SAYING_WHO)


def _somebody_else(peer: Peer, ours: tuple[Labels, ...], home: str) -> bool:
    """Whether a peer names somebody in particular, and not Longhorn's own pods or all of their namespace."""
    match peer:
        case Part():
            return peer.entity is Entity.INGRESS
        case Block():
            # Link-local addresses are the node's own: Cilium shows its iSCSI so.
            return peer.network not in WHOLE_INTERNET and not peer.network.is_link_local
        case Pods(namespaces=None):
            return bool(peer.pods) and not any(peer.pods.matches(labels) for labels in ours)
        case Pods():
            at_home = any(home in one.values for one in (peer.namespaces.requirements if peer.namespaces else ()))
            return bool(peer.pods) or (bool(peer.namespaces) and not at_home)
        case _:
            return False


def _more(before: Assumed, glossary: Glossary, name: str, rule: Rule, peers: list[Peer], ports: Ports) -> Assumed:
    who = " or ".join(str(peer) for peer in peers)
    sentence = f"{glossary.called(name)} is taken to be {who}, as {rule.place} suggests"
    return Assumed(
        before.peers | set(peers),
        before.ports | (rule.ports & ports),
        before.sentences if sentence in before.sentences else (*before.sentences, sentence),
    )
