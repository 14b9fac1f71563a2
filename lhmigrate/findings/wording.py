"""The sentences: how a verdict is told to somebody who is tired and has a pager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.editing import tongue
from lhmigrate.longhorn.release import Node, Usage
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Endpoint, Host, Outside, Pod, Role
from lhmigrate.model.labels import Match
from lhmigrate.model.peers import Pods
from lhmigrate.model.policy import DEFAULT, Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.errors import Place
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.verdict import Verdict
    from lhmigrate.longhorn.release import Glossary, Release
    from lhmigrate.model.policy import Policy, Rule
    from lhmigrate.model.ports import Ports
    from lhmigrate.model.settings import Settings


def several(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return names[0] if names else "nothing"


def first(names: Sequence[str], most: int) -> list[str]:
    """At most so many of them, and how many more there are."""
    return [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]


def place(verdict: Verdict) -> Place | None:
    """The place at fault in the user's files: the rule that denies it or comes nearest, else the first policy.

    None: only shipped ones are at fault.
    """
    if verdict.denying is not None:
        return verdict.denying.place
    owner = _owner(verdict)
    if verdict.near is not None and owner is not None and not owner.shipped_by:
        return verdict.near.place
    own = [policy for policy in verdict.policies if not policy.shipped_by]
    return own[0].place if own else None


def _owner(verdict: Verdict) -> Policy | None:
    """The policy that the nearest rule is in."""
    near = verdict.near
    if near is None:
        return None
    return next((policy for policy in verdict.policies if near in policy.rules(near.direction)), None)


def whose(policies: Sequence[Policy]) -> str:
    """Policies with their places, and with the release that ships them."""
    own = [f"{policy} ({policy.place})" for policy in policies if not policy.shipped_by]
    shipped = [policy for policy in policies if policy.shipped_by]
    own = first(own, 3)
    if shipped:
        names = several([policy.name for policy in shipped])
        own.append(f"NetworkPolicy {names} of Longhorn {shipped[0].shipped_by} itself")
    return several(own)


class Sentence(NamedTuple):
    """What is said of one leg. The parts are for forms that say what several legs share only once."""

    lead: str
    """Who cannot reach whom."""
    reason: str
    """By what it is cut, or on what it depends."""
    cost: str
    """What does not work without it; empty where nothing is known of that."""
    cause: str
    """The reason in words that fit every leg that has it; empty where it is this leg's own."""
    exception: str = ""
    """From what to leave it out, where a rule denies it."""

    def __str__(self) -> str:
        return f"{self.lead}: {self.reason}." + (f" Without it, {self.cost}." if self.cost else "")


class Words:
    """Sentences about the flows of one release, as it is installed here."""

    def __init__(self, glossary: Glossary, release: Release, settings: Settings) -> None:
        self._glossary = glossary
        self._release = release
        self._settings = settings

    def blocked(self, leg: Leg, verdict: Verdict, ports: Ports) -> Sentence:
        """Who cannot reach whom; then by what it is cut, and what that costs."""
        source, target = self._names(leg)
        return Sentence(
            f"{_upper(source)} cannot reach {target} on {ports}",
            self._reason(leg, verdict),
            self._glossary.flows[leg.flow.name].without,
            "" if verdict.near is not None and verdict.denying is None else _refusal(verdict),
            _exception(verdict),
        )

    def unknown(self, leg: Leg, verdict: Verdict, ports: Ports) -> Sentence:
        """Whose reaching whom we cannot tell; then on what it depends, and what is at stake."""
        source, target = self._names(leg)
        doubt = self._doubt(leg, verdict)
        return Sentence(
            f"Whether {source} reaches {target} on {ports} is not known",
            doubt,
            self._glossary.flows[leg.flow.name].without,
            doubt,
        )

    def advice_blocked(self, leg: Leg, verdict: Verdict, ports: Ports, usage: Usage, edits: str = "") -> str:
        """The smallest change that a careful colleague would make: `edits`, where these are known."""
        change = edits or self._change(leg, verdict, ports)
        if usage is Usage.EVERYONE:
            return change
        rare = next(
            (name for name in leg.flow.features if self._glossary.features[name].usage is not Usage.EVERYONE),
            "",
        )
        return f"{change} Nobody here needs it? Pass --without {rare}." if rare else change

    def _change(self, leg: Leg, verdict: Verdict, ports: Ports) -> str:
        value = self._helm_value(leg, verdict)
        if value:
            return f"Set the Helm value {value}."
        ingress = verdict.direction is Direction.INGRESS
        who, other = (leg.target, leg.source) if ingress else (leg.source, leg.target)
        owner, near = _owner(verdict), verdict.near
        if verdict.denying is not None:
            return f"Leave {self._peer(other, verdict)} on {ports} {_exception(verdict)}."
        if near is not None and owner is not None and not owner.shipped_by and self._opens_no_more(owner, who, near):
            return self._to_that_rule(leg, near, owner, ports)
        rule = f"lets {self._peer(other, verdict)} in" if ingress else f"lets it out to {self._peer(other, verdict)}"
        best = self._fit_for_a_rule(verdict, who)
        kind = best.kind if best is not None else tongue.new_kind(self._settings.cni)
        both = " The other end needs a rule, too." if verdict.also else ""
        only = self._only(leg, verdict, kind)
        if best is not None:
            return f"Add a rule to {best} that {rule} on {ports}{only}.{both}"
        decisive = _elsewhere(verdict.policies)
        if decisive is not None:
            return f"Add a rule to {decisive}, or to a policy before it in its tier, that {rule} on {ports}.{both}"
        selects = self._glossary.called(who)
        return f"Add a {kind} of your own that selects {selects} and {rule} on {ports}{only}.{both}"

    def _to_that_rule(self, leg: Leg, near: Rule, owner: Policy, ports: Ports) -> str:
        """What to add to a rule that is for that peer alone already."""
        if near.http is not None and near.ports.meets(ports):
            asks = several([str(request) for request in leg.requests]) or "what it asks for"
            return f"Let {asks} through in that rule's http rules."
        return f"Add {ports} to that rule's {'toPorts' if owner.dialect is Dialect.CILIUM else 'ports'}."

    def _only(self, leg: Leg, verdict: Verdict, kind: str) -> str:
        """The one thing that it asks for, where a policy can let that through and nothing else on the port."""
        if not kind.startswith("Cilium") or verdict.direction is not Direction.INGRESS or len(leg.requests) != 1:
            return ""
        [request] = leg.requests
        return f" for {request} alone (rules: http), as the port serves more than that" if request.exact else ""

    def _fit_for_a_rule(self, verdict: Verdict, who: str) -> Policy | None:
        """The user's policy in which a new rule opens nothing else: it selects these pods and no others."""
        own = [one for one in verdict.policies if not one.shipped_by and self._can_name(one, verdict.peer)]
        # Best one that has rules of this direction already.
        own.sort(key=lambda one: verdict.direction is None or not one.rules(verdict.direction))
        return next((one for one in own if self._selects_only(one, who)), None)

    def _can_name(self, policy: Policy, peer: Endpoint | None) -> bool:
        """Whether a rule of that policy can name a peer: Cilium's NetworkPolicies cannot name what is no pod."""
        on_cilium = tongue.new_kind(self._settings.cni) == "CiliumNetworkPolicy"
        return policy.dialect is Dialect.CILIUM or not (on_cilium and isinstance(peer, Host))

    def _opens_no_more(self, owner: Policy, who: str, near: Rule) -> bool:
        """Whether another port in that rule is for these pods and that peer alone."""
        one_peer = len(near.peers) == 1 and not (isinstance(near.peers[0], Pods) and not near.peers[0].pods)
        return one_peer and self._selects_only(owner, who)

    def _selects_only(self, policy: Policy, who: str) -> bool:
        if who not in self._release.components:
            return bool(policy.selects)
        picked = self._settings.picked(policy.selects, self._release)
        return bool(policy.selects) and all(component.name == who for component in picked)

    def advice_unknown(self, leg: Leg, verdict: Verdict) -> str:
        """What to tell us, or what to write so that it no longer matters."""
        if verdict.doubt is not None or any(policy.unread for policy in verdict.policies):
            return "Settle that and run this again, or check these by hand."
        if _whether_it_selects(verdict):
            own = verdict.own.name if verdict.own is not None else leg.source
            if isinstance(verdict.own, Outside):
                return f"Say who {own} is under `peers` in .lhmigrate.yaml."
            return self._tell_labels(own, _looked_at(verdict.own, verdict.policies))
        peer = verdict.peer
        name = peer.name if peer is not None else leg.target
        if isinstance(verdict.own, Host):
            return "Let it through there, too, or make sure that hostFirewall.enabled is not set."
        if leg.flow.any_port and verdict.blocked:
            return f"Say which ports {name} uses under `peers` in .lhmigrate.yaml, or allow {verdict.blocked} too."
        if isinstance(peer, Host):
            value = self._helm_value(leg, verdict)
            by_value = f", or set the Helm value {value}" if value else ""
            return f"{self._tell(leg, peer, verdict.direction)}{by_value}."
        if name in self._release.components:
            return self._tell_labels(name, _looked_at(peer, verdict.policies))
        return f"Say who {name} is under `peers` in .lhmigrate.yaml."

    def _tell_labels(self, name: str, keys: Sequence[str]) -> str:
        if name not in self._release.components:
            return f"Say the labels of {name} under `peers` in .lhmigrate.yaml."
        installed = self._settings.installed(self._release).varying
        if any(key in installed for key in keys):
            return "Say the Helm release's name as `releaseName` in .lhmigrate.yaml, or choose another label."
        return "Choose a label that all of these pods carry with the same value; `lhmigrate show` lists them."

    def _tell(self, leg: Leg, host: Host, direction: Direction | None) -> str:
        """What of a node or the API server was not said yet and would decide."""
        addresses = f"the addresses of {host.name} under `peers` in .lhmigrate.yaml"
        if self._settings.cni.name == "unknown":
            return "Pass --cni" if leg.flow.node is Node.SAME else f"Pass --cni, and {addresses}"
        if host.role is Role.STRANGER:
            source = several([str(network) for network in host.addresses or ()])
            return (
                f"See in the plugin's log (`hubble observe --port {leg.ports.ranges[0][1]}`) what it takes that for, "
                f"and let in what stands there, like {source}"
            )
        if host.addresses and host.by_address is Match.YES:
            return f"Cover all of them, or correct {addresses}"
        if host.by_address is Match.MAYBE:
            return f"Name it so that it is certain: {tongue.host(host, direction, self._settings.cni)}"
        return f"Say {addresses}"

    def _names(self, leg: Leg) -> tuple[str, str]:
        source, target = self._glossary.called(leg.source), self._glossary.called(leg.target)
        return source, f"another {target}" if leg.source == leg.target else target

    def _reason(self, leg: Leg, verdict: Verdict) -> str:
        ingress = verdict.direction is Direction.INGRESS
        who, other = (leg.target, leg.source) if ingress else (leg.source, leg.target)
        isolated, called = self._glossary.called(who), self._glossary.called(other)
        owner = _owner(verdict)
        if verdict.denying is not None:
            reason = f"{whose(verdict.policies)} denies it, by its rule at {verdict.denying.place}"
        elif verdict.near is not None and owner is not None:
            covered = _covered(verdict.near)
            if verdict.near.http is not None and verdict.near.ports.meets(verdict.blocked):
                covered = f"{several([str(one) for one in verdict.near.http])} on {covered}"
            reason = f"{whose([owner])} selects {isolated}, and {_rule(verdict.near, owner)} covers {covered} only"
        else:
            rule = f"lets {called} in" if ingress else f"lets it out to {called}"
            verb = "selects" if len(verdict.policies) == 1 else "select"
            reason = f"{whose(verdict.policies)} {verb} {isolated}, and no rule {rule}"
        if not verdict.also:
            return reason
        verb = "does" if len(verdict.also) == 1 else "do"
        there = f"{'out' if ingress else 'in'} at the other end"
        return f"{reason}; {whose(verdict.also)} {verb} not let it {there}, either"

    def _doubt(self, leg: Leg, verdict: Verdict) -> str:
        unread = [policy for policy in verdict.policies if policy.unread]
        if unread:
            problem = unread[0].unread[0]
            return f"{unread[0]} may be in force, and was not judged: {problem.place} {problem.message}"
        ruling = whose(verdict.policies) if verdict.policies else "a policy"
        decide = "decides" if len(verdict.policies) == 1 else "decide"
        if verdict.doubt is not None:
            return f"{ruling} {decide}, and not for certain: {verdict.doubt.place} {verdict.doubt.message}"
        peer = verdict.peer
        if isinstance(verdict.own, Host):
            node = self._glossary.called(verdict.own.name)
            return f"{ruling} {decide} for nodes, where {node} is one that it selects and Cilium's host firewall is on"
        if _whether_it_selects(verdict):
            isolated = self._glossary.called(verdict.own.name) if verdict.own is not None else "it"
            select = "selects" if len(verdict.policies) == 1 else "select"
            keys = _looked_at(verdict.own, verdict.policies)
            labels = f"the value of its label {several(keys)}" if keys else "labels that we do not know"
            if isinstance(verdict.own, Outside):
                labels = "who that is, and that was not said"
            return f"whether {ruling} {select} {isolated} depends on {labels}"
        if leg.flow.any_port and verdict.blocked:
            some = "lets" if len(verdict.policies) == 1 else "let"
            passes = f"{ruling} {some} it through on some of these ports, but not on {verdict.blocked}"
            return f"{passes}, and which one is used was not said"
        if isinstance(peer, Host):
            what = self._glossary.called(peer.name)
            if peer.role is Role.STRANGER:
                source = several([str(network) for network in peer.addresses or ()])
                return (
                    f"{ruling} {decide}, unless the network plugin lets {what} reach its own pods, as it should; but "
                    f"it was seen to take this for traffic from {source}"
                )
            if peer.addresses and peer.by_address is Match.YES:
                return f"{ruling} {decide}, and not all addresses that were said of {what} are covered for certain"
            on = "the network plugin" if leg.flow.node is Node.SAME else "the network plugin and on addresses"
            return f"{ruling} {decide}, and what a policy sees of {what} depends on {on}"
        what = self._glossary.called(peer.name if peer is not None else leg.target)
        if isinstance(peer, Pod):
            return f"{ruling} {decide} by labels or addresses of {what} that we do not know"
        return f"{ruling} {decide}, and who {what} is was not said"

    def _helm_value(self, leg: Leg, verdict: Verdict) -> str:
        """The Helm value of this release that opens a flow; empty where there is none that would."""
        if self._settings.install != "helm" or not any(policy.shipped_by for policy in verdict.policies):
            return ""
        opened_by = self._glossary.flows[leg.flow.name].opened_by
        return next((path for path in opened_by if path in self._release.values), "")

    def _peer(self, name: str, verdict: Verdict) -> str:
        called = self._glossary.called(name)
        if not isinstance(verdict.peer, Host):
            return called
        return f"{called} ({tongue.host(verdict.peer, verdict.direction, self._settings.cni)})"


def _whether_it_selects(verdict: Verdict) -> bool:
    """Whether the doubt is only which pods the policies select."""
    own = verdict.own
    return (
        isinstance(own, Pod | Outside)
        and bool(verdict.policies)
        and all(not one.unread and _placed(one) and one.applies_to(own) is Match.MAYBE for one in verdict.policies)
    )


def _placed(policy: Policy) -> bool:
    """Whether it is known whose pods it is about."""
    return policy.namespace is not None or policy.namespaces is not None


def _looked_at(end: Endpoint | None, policies: Sequence[Policy]) -> list[str]:
    """The labels of a pod that policies look at and whose values we do not know."""
    looked_at = frozenset().union(*(policy.label_keys() for policy in policies))
    return sorted(looked_at & end.labels.varying) if isinstance(end, Pod) else []


def _refusal(verdict: Verdict) -> str:
    """That these policies let none of several flows through, in words that fit each of them."""
    here, there = ("in", "out") if verdict.direction is Direction.INGRESS else ("out", "in")
    verb = "lets" if len(verdict.policies) == 1 else "let"
    refusal = f"{whose(verdict.policies)} {verb} none of this {here}"
    if verdict.denying is not None:
        refusal = f"{whose(verdict.policies)} denies all of this, by its rule at {verdict.denying.place}"
    if not verdict.also:
        return refusal
    if verdict.also == verdict.policies:
        return f"{refusal}, nor {there} at the other end"
    return f"{refusal}, and {whose(verdict.also)} none of it {there} at the other end"


def _exception(verdict: Verdict) -> str:
    """From what to leave out whom a rule denies; empty where none does."""
    if verdict.denying is None:
        return ""
    before = ", or allow it in a rule before that one" if verdict.policies[0].dialect in _ORDERED else ""
    return f"out of what that rule denies{before}"


_ORDERED: Final = frozenset({Dialect.CALICO, Dialect.ADMIN, Dialect.CLUSTER})
"""The dialects in which the first rule that matches decides."""


def _elsewhere(policies: Sequence[Policy]) -> Policy | None:
    """The policy to change where a NetworkPolicy would come too late, or too early: those are in another tier."""
    return next((one for one in policies if not one.shipped_by and one.tier != DEFAULT), None)


def _covered(rule: Rule) -> str:
    named = [f"the port named {port.name}" for port in rule.named]
    return several([*rule.ports.names(), *named]) if named else str(rule.ports)


def _rule(rule: Rule, owner: Policy) -> str:
    return "its rule for that peer" if owner.shipped_by else f"its rule at {rule.place}"


def _upper(text: str) -> str:
    """A sentence's beginning, unless it is a name that is written small."""
    return text[0].upper() + text[1:] if text.split(" ", maxsplit=1)[0] in {"a", "an", "the", "another"} else text
