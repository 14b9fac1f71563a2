"""What is known to go wrong with Cilium's policies although they say the right thing.

Both are told in cilium/cilium, Documentation/security/policy/layer3.rst: "DNS based" and "Entities based".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings.findings import Code, Finding, Hop, Level
from lhmigrate.model.endpoints import Entity, Host, Role
from lhmigrate.model.peers import Everyone, Names, Part
from lhmigrate.model.policy import Action, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.policies import Policies
    from lhmigrate.judging.state import Judged
    from lhmigrate.model.endpoints import Endpoint
    from lhmigrate.model.policy import Rule


def find(judged: Judged, policies: Policies, hop: Hop | None) -> Iterator[Finding]:
    """Each pitfall once, at the first rule that has it."""
    legs = [leg for leg, _ in judged.values()]
    unlearned = _names_unlearned([rule for leg in legs for rule in _asked(leg.senders, Direction.EGRESS, policies)])
    if unlearned is not None:
        yield Finding(
            Code.CAUTION,
            Level.NOTE,
            "toFQDNs lets out to what Cilium saw in the answers to DNS look-ups, and no policy here has it look at "
            "them: so this rule lets nothing out.",
            "Add `rules: {dns: [{matchPattern: '*'}]}` to the toPorts of the rule that lets these pods out to DNS.",
            place=unlearned.place,
            hop=hop,
        )
    for leg, verdict in judged.values():
        rule = None if verdict.blocked else _only_the_entity(leg, policies)
        if rule is not None:
            yield Finding(
                Code.CAUTION,
                Level.NOTE,
                "On AKS and GKE the API server's calls arrive by way of worker nodes, where kube-apiserver does not "
                "match them.",
                "There, let in the entity cluster on these ports.",
                place=rule.place,
                hop=hop,
                leg=leg,
                ports=leg.ports.names(),
            )
            return


def _asked(ends: Iterable[Endpoint], direction: Direction, policies: Policies) -> Iterator[Rule]:
    """The rules that have a say in a direction of these ends."""
    for end in ends:
        for stage in policies.selecting(end, direction).stages:
            yield from (step.rule for step in stage.steps if step.rule.action is Action.ALLOW)


def _names_unlearned(rules: list[Rule]) -> Rule | None:
    """The first rule with names that nothing learns."""
    if any(rule.reads_dns for rule in rules):
        return None
    return next((rule for rule in rules if any(isinstance(peer, Names) for peer in rule.peers)), None)


def _only_the_entity(leg: Leg, policies: Policies) -> Rule | None:
    """The rule for the API server's entity that lets it in, where none that is wider does."""
    if not any(isinstance(end, Host) and end.role is Role.API_SERVER for end in leg.senders):
        return None
    rules = [rule for rule in _asked(leg.receivers, Direction.INGRESS, policies) if rule.ports.meets(leg.ports)]
    if any(isinstance(peer, Everyone) or peer == Part(Entity.CLUSTER) for rule in rules for peer in rule.peers):
        return None
    return next((rule for rule in rules if Part(Entity.KUBE_APISERVER) in rule.peers), None)
