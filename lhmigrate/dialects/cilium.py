"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, `cilium.io/v2`.

Sources, all of cilium/cilium:

- Documentation/security/policy/intro.rst: any section of rules isolates its direction, unless `enableDefaultDeny` says
  otherwise; layer 7 rules stop what fits none of them even then.
- Documentation/security/policy/deny.rst: what is denied is denied whatever other policies allow, NetworkPolicies
  included; a policy that only denies isolates, too.
- Documentation/security/policy/layer3.rst, "Ingress/Egress Default Deny": a rule `{}` names nobody,
  so it isolates and lets nobody in, and denies nobody. `toPorts` without peers means everyone
  (pkg/policy/rule.go, mergeIngress); an empty list of peers means nobody (there, and pkg/policy/api/ingress.go).
- pkg/policy/api/rule_validation.go, Sanitize: what Cilium refuses. Most of that the API server takes all the same, and
  Cilium leaves it out, so that the policy is not in force.
- pkg/k8s/apis/cilium.io/utils/utils.go: a CiliumNetworkPolicy is about its own namespace only.
- Documentation/security/policy/host.rst: policies with a `nodeSelector` are about nodes, where the host firewall is on.

Whom rules mean is in `cilium_peers`, and which ports in `cilium_ports`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lhmigrate.dialects.cilium_peers import Endpoints, Meant, read_endpoints, read_peers, read_requires, requires
from lhmigrate.dialects.cilium_ports import PortRule, read_port_rule, unknown_field
from lhmigrate.dialects.common import Kind, read_metadata
from lhmigrate.errors import Problem, Unreadable
from lhmigrate.files.fields import Fields, absent, scalar, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.model.cni import Dialect
from lhmigrate.model.labels import EVERYTHING, NAME_LABEL, Labels, Match, Selector
from lhmigrate.model.peers import EVERYONE, Pods, Those, Unclear
from lhmigrate.model.policy import FIRST, LAST, Action, Direction, Outline, Policy, Rule
from lhmigrate.model.ports import EVERY_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.files.yamltext import Node
    from lhmigrate.model.peers import Peer

_SECTIONS: Final = {
    (Direction.INGRESS, Action.ALLOW): "ingress",
    (Direction.INGRESS, Action.DENY): "ingressDeny",
    (Direction.EGRESS, Action.ALLOW): "egress",
    (Direction.EGRESS, Action.DENY): "egressDeny",
}
_REQUIRES: Final = "has {}, which takes away from what other rules allow; new releases of Cilium cannot read it"
_OF_NO_MATTER: Final = ("labels", "description", "log")


def read_namespaced(document: Fields) -> tuple[Policy, ...]:
    """A CiliumNetworkPolicy. Raises `Unreadable` where it is not in force or we cannot follow."""
    return _policies(document, cluster_wide=False)


def read_cluster_wide(document: Fields) -> tuple[Policy, ...]:
    """A CiliumClusterwideNetworkPolicy. Raises `Unreadable` likewise."""
    return _policies(document, cluster_wide=True)


def _policies(document: Fields, *, cluster_wide: bool) -> tuple[Policy, ...]:
    """One for each spec. Where Cilium may refuse one of them, it refuses the whole object."""
    specs = [_Spec(document, spec, cluster_wide=cluster_wide) for spec in _specs(document)]
    read = [spec.policy() for spec in specs]
    refused = tuple(problem for spec in specs for problem in spec.refused)
    if len(specs) > 1 or refused:
        refused += tuple(spec.empty for spec in specs if spec.empty is not None)
        read = [replace(one, unread=tuple(dict.fromkeys((*one.unread, *refused)))) for one in read]
    doubtful = (one for spec, policy in zip(specs, read, strict=True) for one in spec.unheeded(policy))
    return (*read, *doubtful)


def outline(document: Fields) -> Outline:
    """Which pods a policy is about that cannot be read, and in which directions, as far as that much can be."""
    try:
        [spec] = _specs(document)
        isolates = frozenset(
            direction for (direction, _), section in _SECTIONS.items() if spec.get(section) is not None
        ) or frozenset(Direction)
        if spec.get("nodeSelector") is not None:
            return Outline(isolates=isolates, about_nodes=True)
        selected = read_endpoints(spec.need("endpointSelector"))
    except (Unreadable, ValueError):
        return Outline()
    return Outline(selected.pods, isolates, selected.namespaces if selected.namespaces else None)


def _specs(document: Fields) -> list[Fields]:
    """`spec`, and all of `specs`: both count where both are there."""
    alone, several = document.get("spec"), document.items("specs") or []
    found = [Fields(node, "spec") for node in ([] if alone is None else [alone]) + several]
    if not found:
        raise wrong(document.node, "object has neither spec nor specs")
    return found


class _Spec:
    """One spec, while it is read."""

    def __init__(self, document: Fields, spec: Fields, *, cluster_wide: bool) -> None:
        self._document = document
        self._spec = spec
        self._cluster_wide = cluster_wide
        self._home = EVERYTHING if cluster_wide else None
        self._metadata = read_metadata(document)
        self._unread: list[Problem] = []
        """Why the policy may not be in force, or not as it is read here."""
        self.refused: list[Problem] = []
        """Why Cilium may refuse it."""

    def policy(self) -> Policy:
        """The policy, as far as it is understood."""
        endpoints, nodes = self._spec.get("endpointSelector"), self._spec.get("nodeSelector")
        if (endpoints is None) == (nodes is None):
            raise wrong(self._spec.node, "a rule has either an endpointSelector or a nodeSelector")
        if nodes is not None and not self._cluster_wide:
            raise wrong(nodes, "a nodeSelector belongs in a CiliumClusterwideNetworkPolicy")
        isolates = self._isolates()
        rules = {direction: self._rules(direction, isolates) for direction in Direction}
        policy = Policy(
            kind="CiliumClusterwideNetworkPolicy" if self._cluster_wide else "CiliumNetworkPolicy",
            name=self._metadata.name,
            namespace=None if self._cluster_wide else self._metadata.namespace,
            place=self._document.node.place,
            selects=EVERYTHING,
            isolates=isolates,
            ingress=rules[Direction.INGRESS],
            egress=rules[Direction.EGRESS],
            dialect=Dialect.CILIUM,
            namespaces=self._home,
            about_nodes=nodes is not None,
            owned_by_helm=self._metadata.owned_by_helm,
        )
        if endpoints is not None:
            policy = self._about(policy, read_endpoints(endpoints), endpoints)
        for key in _OF_NO_MATTER:
            self._spec.get(key)
        self._unread += [unknown_field(key, "spec") for key in self._spec.rest()]
        return replace(policy, unread=tuple(self._unread))

    @property
    def empty(self) -> Problem | None:
        """That it has no rules in any section, for which new releases of Cilium refuse it."""
        if any(self._spec.items(section) for section in _SECTIONS.values()):
            return None
        return Problem(self._spec.node.place, "has no rules, for which Cilium may refuse the whole object")

    def unheeded(self, policy: Policy) -> Iterator[Policy]:
        """The same with what it may do besides: `enableDefaultDeny` for a direction in which it has no rules.

        It reads as if that isolated the direction; repository.go, computePolicyEnforcementAndRules, passes it over in
        Cilium's releases up to 1.20.
        """
        said = self._spec.fields("enableDefaultDeny")
        for direction in Direction:
            if said is not None and _flag(said, direction.value) and not self._there(direction):
                doubt = Problem(said.node.place, f"asks for default deny of {direction.value} and has no rules for it")
                yield replace(policy, isolates=frozenset({direction}), ingress=(), egress=(), unread=(doubt,))

    def _there(self, direction: Direction) -> bool:
        return any(self._spec.items(_SECTIONS[direction, action]) for action in (Action.ALLOW, Action.DENY))

    def _about(self, policy: Policy, selected: Endpoints, node: Node) -> Policy:
        """The policy with the pods that it selects."""
        if selected.reserved:
            # Health checks, ingress, pods that have no identity yet: an end of no flow of Longhorn's.
            return replace(policy, isolates=frozenset(), ingress=(), egress=())
        for line in selected.unseen:
            self._unread.append(Problem(node.place, f"selects by {line}, which no manifest of a pod shows"))
        if self._cluster_wide:
            return replace(policy, selects=selected.pods, namespaces=selected.namespaces)
        self._stays_at_home(selected.namespaces, node)
        return replace(policy, selects=selected.pods)

    def _stays_at_home(self, namespaces: Selector, node: Node) -> None:
        """A CiliumNetworkPolicy is about its own namespace, whatever its selector says of others."""
        home = self._metadata.namespace
        labels = Labels({NAME_LABEL: home} if home else {}, complete=False)
        names_only = namespaces.label_keys() <= {NAME_LABEL}
        if namespaces and not (names_only and (home is None or namespaces.matches(labels) is Match.YES)):
            self._unread.append(
                Problem(
                    node.place,
                    f"selects by namespaces with {namespaces}, though it can be about its own only; Cilium removes "
                    "that, or selects nothing",
                )
            )

    def _isolates(self) -> frozenset[Direction]:
        said = self._spec.fields("enableDefaultDeny")
        isolates = set()
        for direction in Direction:
            told = None if said is None else _flag(said, direction.value)
            if self._there(direction) and told is not False:
                isolates.add(direction)
        return frozenset(isolates)

    def _rules(self, direction: Direction, isolates: frozenset[Direction]) -> tuple[Rule, ...]:
        found: list[Rule] = []
        for action in (Action.DENY, Action.ALLOW):
            for node in self._spec.items(_SECTIONS[direction, action]) or ():
                found += self._rule(node, direction, action, isolates=direction in isolates)
        return tuple(found)

    def _rule(self, node: Node, direction: Direction, action: Action, *, isolates: bool) -> Iterator[Rule]:
        if absent(node):
            raise wrong(node, f"an empty item is refused; {{}} in {direction.value} names nobody")
        fields = Fields(node, f"{_SECTIONS[direction, action]} rule")
        meant = read_peers(fields, direction, self._home)
        required = read_requires(fields, direction, self._home)
        ports = [read_port_rule(item, direction) for item in fields.items("toPorts") or ()]
        self.refused += [one.refused for one in ports if one.refused is not None]
        # Nothing of Longhorn's speaks ICMP: what is for it alone lets nothing through.
        only_icmp = bool(fields.items("icmps"))
        if only_icmp and ports:
            raise wrong(node, "icmps and toPorts belong in rules of their own")
        doubt = self._doubt(fields, meant)
        if required:
            self.refused.append(Problem(node.place, _REQUIRES.format(requires(direction))))
            yield self._required(node, direction, required)
        peers = meant.peers if meant.fields else EVERYONE if ports else ()
        if only_icmp or not peers:
            return
        for one in ports or [PortRule(EVERY_PORT)]:
            rule = Rule(direction, peers, one.ports, node.place, one.named, http=one.http, reads_dns=one.reads_dns)
            rule = _named_elsewhere(replace(rule, doubt=doubt or one.doubt))
            if action is Action.DENY:
                yield replace(rule, action=action, order=FIRST, http=None)
                continue
            yield rule
            if one.looks_inside and not isolates:
                # What its proxy does not let through is refused, also where the policy isolates nothing.
                yield replace(rule, action=Action.DENY, order=LAST, http=None, reads_dns=False, doubt=doubt)

    def _doubt(self, fields: Fields, meant: Meant) -> Problem | None:
        """What in a rule, beside its ports, may be otherwise than it is read."""
        if len(meant.fields) > 1:
            both = " and ".join(meant.fields[:2])
            self._unread.append(
                Problem(fields.node.place, f"combines {both} in one rule, which Cilium refuses; make two rules of it")
            )
        if nodes := [one for one in meant.fields if one.endswith("Nodes")]:
            self.refused.append(
                Problem(
                    fields.node.place,
                    f"has {nodes[0]}, for which Cilium refuses the policy unless enable-node-selector-labels is set",
                )
            )
        authentication = fields.fields("authentication")
        unknown = [unknown_field(key, fields.what) for key in fields.rest()]
        self._unread += unknown
        if authentication is not None and authentication.string("mode") not in {None, "disabled"}:
            return Problem(
                authentication.node.place, "asks for mutual authentication, and nothing here shows that it works"
            )
        return unknown[0] if unknown else None

    def _required(self, node: Node, direction: Direction, required: tuple[Peer, ...]) -> Rule:
        """What `fromRequires` takes away: from pods that lack the labels, what is let in by label."""
        others = Those(((Pods(EVERYTHING, EVERYTHING),),), required)
        key = requires(direction)
        return Rule(
            direction,
            (Unclear((others,), f"pods that lack what {key} asks for"),),
            EVERY_PORT,
            node.place,
            action=Action.DENY,
            order=FIRST,
            doubt=Problem(node.place, _REQUIRES.format(key)),
        )


def _named_elsewhere(rule: Rule) -> Rule:
    """On the way out a port's name is looked up among all pods, for whatever peer, and may be any number.

    It means nothing where two pods disagree (pkg/policy/l4.go, toMapState).
    """
    if rule.direction is Direction.INGRESS or not rule.named:
        return rule
    said = f"is about the port named {rule.named[0].name}, which means what other pods call so"
    return replace(rule, ports=EVERY_PORT, doubt=rule.doubt or Problem(rule.place, said))


def _flag(fields: Fields, key: str) -> bool | None:
    node = fields.get(key)
    if node is None:
        return None
    value = scalar(node) if isinstance(node, Scalar) else None
    if not isinstance(value, bool):
        raise wrong(node, f"{key} is true or false")
    return value


KINDS: Final = {
    "CiliumNetworkPolicy": Kind(Dialect.CILIUM, read_namespaced, outline),
    "CiliumClusterwideNetworkPolicy": Kind(Dialect.CILIUM, read_cluster_wide, outline, cluster_wide=True),
}
