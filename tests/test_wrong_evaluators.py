"""Would the hard cases notice? Each of these evaluators is wrong in one place, in a way that others have been wrong.

The first 27 are those on which public test suites for NetworkPolicy were tried: two well-known ones together let
five of them live. The rest get wrong what only this engine knows: that it does not know.
"""

# ruff: noqa: ANN401 - a wrong function takes and gives whatever the right one did

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hard_cases import CASES

from lhmigrate.dialects import kubernetes
from lhmigrate.files.fields import Fields, scalar, string
from lhmigrate.files.yamltext import Scalar
from lhmigrate.judging import verdict
from lhmigrate.judging.policies import Policies, Selected
from lhmigrate.model.endpoints import Host, Outside, Pod
from lhmigrate.model.labels import EVERYTHING, Labels, Match, Operator, Requirement
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.policy import DEFAULT, Action, Direction, NamedPort, Policy, Rule
from lhmigrate.model.ports import EVERY_PORT, NO_PORT, PROTOCOLS, Ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.files.yamltext import Node
    from lhmigrate.model.endpoints import Endpoint, Network
    from lhmigrate.model.ports import Range

    Mistake = Callable[[pytest.MonkeyPatch], None]

MISTAKES: dict[str, Mistake] = {}


def mistake(sentence: str) -> Callable[[Mistake], Mistake]:
    """Names a function that puts one mistake into the engine."""

    def add(function: Mistake) -> Mistake:
        MISTAKES[sentence] = function
        return function

    return add


def instead(patch: pytest.MonkeyPatch, owner: Any, name: str, wrong: Callable[..., Any]) -> None:
    """Puts a wrong function in the place of a right one, which it gets as its first argument."""
    right = getattr(owner, name)

    @wraps(right)
    def replaced(*arguments: Any, **named: Any) -> Any:
        return wrong(right, *arguments, **named)

    patch.setattr(owner, name, replaced)


# ---------------------------------------------------------------------------------------------------
# Labels.


def requirement(patch: pytest.MonkeyPatch, operator: Operator, answer: Callable[[Requirement, Labels], Match]) -> None:
    """Gives one operator another meaning."""

    def matches(right: Callable[..., Match], self: Requirement, labels: Labels) -> Match:
        return answer(self, labels) if self.operator is operator else right(self, labels)

    instead(patch, Requirement, "matches", matches)


@mistake("NotIn requires the key to be present")
def _(patch: pytest.MonkeyPatch) -> None:
    right = Requirement.matches
    requirement(patch, Operator.NOT_IN, lambda self, labels: min(labels.value(self.key)[0], right(self, labels)))


@mistake("Exists always holds")
def _(patch: pytest.MonkeyPatch) -> None:
    requirement(patch, Operator.EXISTS, lambda *_: Match.YES)


@mistake("DoesNotExist always holds")
def _(patch: pytest.MonkeyPatch) -> None:
    requirement(patch, Operator.DOES_NOT_EXIST, lambda *_: Match.YES)


@mistake("In is treated as Exists")
def _(patch: pytest.MonkeyPatch) -> None:
    requirement(patch, Operator.IN, lambda self, labels: labels.value(self.key)[0])


@mistake("a missing label satisfies In")
def _(patch: pytest.MonkeyPatch) -> None:
    right = Requirement.matches
    requirement(
        patch,
        Operator.IN,
        lambda self, labels: right(self, labels) if labels.value(self.key)[0] is Match.YES else Match.YES,
    )


@mistake("matchExpressions are ignored")
def _(patch: pytest.MonkeyPatch) -> None:
    def read_selector(right: Callable[..., Any], node: Node) -> Any:
        return replace(right(node), requirements=right(node).requirements[: len(labels_of(node))])

    instead(patch, kubernetes, "read_selector", read_selector)


def labels_of(node: Node) -> dict[str, str]:
    return Fields(node, "selector").strings("matchLabels")


# ---------------------------------------------------------------------------------------------------
# Which policies, and which directions.


@mistake("egress: [] without policyTypes isolates egress")
def _(patch: pytest.MonkeyPatch) -> None:
    def policy_types(right: Callable[..., Any], spec: Fields, *, has_egress: bool) -> Any:
        return right(spec, has_egress=has_egress or spec.items("egress") is not None)

    instead(patch, kubernetes, "_policy_types", policy_types)


@mistake("missing policyTypes never include Egress")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, kubernetes, "_policy_types", lambda right, spec, **_: right(spec, has_egress=False))


@mistake("policyTypes are ignored: what has rules is isolated")
def _(patch: pytest.MonkeyPatch) -> None:
    def policy_types(_: Callable[..., Any], spec: Fields, *, has_egress: bool) -> Any:
        spec.get("policyTypes")
        return frozenset(Direction) if has_egress else frozenset({Direction.INGRESS})

    instead(patch, kubernetes, "_policy_types", policy_types)


@mistake("a policy applies in other namespaces too")
def _(patch: pytest.MonkeyPatch) -> None:
    def applies_to(right: Callable[..., Match], self: Policy, pod: Any) -> Match:
        return right(replace(self, namespace=pod.namespace), pod)

    instead(patch, Policy, "applies_to", applies_to)


@mistake("the first policy that selects a pod decides alone")
def _(patch: pytest.MonkeyPatch) -> None:
    def selecting(right: Callable[..., Any], self: Policies, pod: Any, direction: Direction) -> Any:
        selected = right(self, pod, direction)
        first = selected.isolating[:1]
        return selected._replace(
            isolating=first,
            stages=tuple(
                stage._replace(
                    isolating=first,
                    steps=tuple(step for step in stage.steps if not step.sure or step.policy in first),
                )
                for stage in selected.stages
            ),
        )

    instead(patch, Policies, "selecting", selecting)


def unchecked(patch: pytest.MonkeyPatch, never: Direction) -> None:
    def selecting(right: Callable[..., Any], self: Policies, pod: Any, direction: Direction) -> Any:
        return Selected() if direction is never else right(self, pod, direction)

    instead(patch, Policies, "selecting", selecting)


@mistake("ingress is not looked at")
def _(patch: pytest.MonkeyPatch) -> None:
    unchecked(patch, Direction.INGRESS)


@mistake("egress is not looked at")
def _(patch: pytest.MonkeyPatch) -> None:
    unchecked(patch, Direction.EGRESS)


# ---------------------------------------------------------------------------------------------------
# Peers.


def peers(patch: pytest.MonkeyPatch, wrong: Callable[[Pods], Pods]) -> None:
    """Understands peers with selectors as others."""
    instead(patch, Pods, "matches", lambda right, self, end, namespace: right(wrong(self), end, namespace))


@mistake("a podSelector alone crosses namespaces")
def _(patch: pytest.MonkeyPatch) -> None:
    peers(patch, lambda peer: replace(peer, namespaces=peer.namespaces or EVERYTHING))


@mistake("a namespaceSelector is ignored beside a podSelector")
def _(patch: pytest.MonkeyPatch) -> None:
    def read_peer(right: Callable[..., Any], node: Node) -> Any:
        found = right(node)
        return replace(found, namespaces=None) if isinstance(found, Pods) and found.pods else found

    instead(patch, kubernetes, "_peer", read_peer)


@mistake("one of two selectors in a peer is enough")
def _(patch: pytest.MonkeyPatch) -> None:
    def matches(right: Callable[..., Match], self: Pods, end: Endpoint, namespace: str | None) -> Match:
        if self.namespaces is None or not self.pods:
            return right(self, end, namespace)
        return max(
            right(replace(self, pods=EVERYTHING), end, namespace),
            right(replace(self, namespaces=EVERYTHING), end, namespace),
        )

    instead(patch, Pods, "matches", matches)


@mistake("an empty list of peers lets nobody in")
def _(patch: pytest.MonkeyPatch) -> None:
    def read_rule(right: Callable[..., Rule], node: Node, direction: Direction) -> Rule:
        rule = right(node, direction)
        fields = Fields(node, "rule")
        return replace(rule, peers=()) if fields.items("from") == [] or fields.items("to") == [] else rule

    instead(patch, kubernetes, "_rule", read_rule)


@mistake("a hole in a block is ignored")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, kubernetes, "_block", lambda right, node: replace(right(node), excepted=()))


@mistake("host bits in a CIDR are not masked")
def _(patch: pytest.MonkeyPatch) -> None:
    def network(right: Callable[..., Network], node: Node) -> Network:
        text = string(node, "a CIDR")
        alone = ip_network(ip_interface(text).ip)
        return right(node) if right(node).network_address == alone.network_address else alone

    instead(patch, kubernetes, "read_network", network)


@mistake("an ipBlock matches pods where it should not, and not where it should")
def _(patch: pytest.MonkeyPatch) -> None:
    def matches(right: Callable[..., Match], self: Block, end: Endpoint, namespace: str | None) -> Match:
        flipped = end if isinstance(end, Outside) else replace(end, by_address=Match(Match.YES - end.by_address))
        return right(self, flipped, namespace)

    instead(patch, Block, "matches", matches)


# ---------------------------------------------------------------------------------------------------
# Ports.


def as_written(port: Node) -> dict[str, Any]:
    return {key: scalar(value) for key, value in Fields(port, "port").all() if isinstance(value, Scalar)}


def one_port(patch: pytest.MonkeyPatch, wrong: Callable[[dict[str, Any], Any], Any]) -> None:
    """Understands entries of `ports` otherwise; it gets what was written, and what was understood."""

    def port(right: Callable[..., Any], node: Node) -> Any:
        return wrong(as_written(node), right(node))

    instead(patch, kubernetes, "_port", port)


@mistake("endPort is ignored")
def _(patch: pytest.MonkeyPatch) -> None:
    def wrong(written: dict[str, Any], understood: Range) -> Range:
        return (understood[0], understood[1], understood[1]) if written.get("endPort") else understood

    one_port(patch, wrong)


@mistake("endPort is not part of its range")
def _(patch: pytest.MonkeyPatch) -> None:
    def wrong(written: dict[str, Any], understood: Range) -> Range:
        return (understood[0], understood[1], understood[2] - 1) if written.get("endPort") else understood

    one_port(patch, wrong)


def ports(patch: pytest.MonkeyPatch, every: Callable[[dict[str, Any]], Ports | None]) -> None:
    """Lets some entries of `ports` mean more than they say."""

    def read_ports(right: Callable[..., Any], nodes: list[Node] | None) -> Any:
        understood, named = right(nodes)
        for node in nodes or ():
            understood |= every(as_written(node)) or NO_PORT
        return understood, named

    instead(patch, kubernetes, "_ports", read_ports)


@mistake("a port without a protocol is of every protocol")
def _(patch: pytest.MonkeyPatch) -> None:
    def every(written: dict[str, Any]) -> Ports | None:
        number = written.get("port")
        if "protocol" in written or not isinstance(number, int):
            return None
        return Ports.of((protocol, number, number) for protocol in PROTOCOLS)

    ports(patch, every)


@mistake("a protocol without a port is every protocol")
def _(patch: pytest.MonkeyPatch) -> None:
    ports(patch, lambda written: None if "port" in written else EVERY_PORT)


@mistake("an empty list of ports is no port")
def _(patch: pytest.MonkeyPatch) -> None:
    def read_ports(right: Callable[..., Any], nodes: list[Node] | None) -> Any:
        return (NO_PORT, ()) if nodes == [] else right(nodes)

    instead(patch, kubernetes, "_ports", read_ports)


@mistake("a named port is looked up by its name alone")
def _(patch: pytest.MonkeyPatch) -> None:
    def ports_at(right: Callable[..., Any], self: Rule, server: Endpoint) -> Any:
        sure, unsure = right(self, server)
        declared = server.ports if isinstance(server, Pod) else {}
        named = [(port.protocol, port.name) for port in self.named if port.protocol is not None]
        found = [(protocol, declared[name][1]) for protocol, name in named if name in declared]
        return sure | Ports.of((protocol, number, number) for protocol, number in found), unsure

    instead(patch, Rule, "ports_at", ports_at)


@mistake("a named port is looked up on the pod that the policy selects")
def _(patch: pytest.MonkeyPatch) -> None:
    selected: list[Endpoint] = []

    def side(right: Callable[..., Any], question: Any, *others: Any) -> Any:
        selected[:] = [question.own]
        return right(question, *others)

    instead(patch, verdict, "_side", side)
    instead(patch, Rule, "ports_at", lambda right, self, _: right(self, selected[0]))


NAMED_BY_OTHERS = 27


@mistake("a named port opens the protocol that is declared, whichever the rule names")
def _(patch: pytest.MonkeyPatch) -> None:
    def ports_at(right: Callable[..., Any], self: Rule, server: Endpoint) -> Any:
        every = tuple(NamedPort(port.name, protocol) for port in self.named for protocol in PROTOCOLS)
        return right(replace(self, named=every), server)

    instead(patch, Rule, "ports_at", ports_at)


# ---------------------------------------------------------------------------------------------------
# What is not known.


@mistake("a label that may be there is taken not to be")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Requirement, "matches", lambda right, self, labels: right(self, replace(labels, complete=True)))


@mistake("perhaps counts as yes")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Rule, "admits", lambda right, *ends: Match.YES if right(*ends) else Match.NO)


@mistake("perhaps counts as no")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Rule, "admits", lambda right, *ends: Match.YES if right(*ends) is Match.YES else Match.NO)


@mistake("a policy that perhaps selects a pod certainly does")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Policy, "applies_to", lambda right, *pod: Match.YES if right(*pod) else Match.NO)


@mistake("a policy that perhaps selects a pod does not")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Policy, "applies_to", lambda right, *pod: Match.YES if right(*pod) is Match.YES else Match.NO)


@mistake("a policy that cannot be read is left out")
def _(patch: pytest.MonkeyPatch) -> None:
    def applies_to(right: Callable[..., Match], self: Policy, pod: Any) -> Match:
        return Match.NO if self.unread else right(self, pod)

    instead(patch, Policy, "applies_to", applies_to)


@mistake("policies of other kinds can only allow")
def _(patch: pytest.MonkeyPatch) -> None:
    def allowing(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if rule.action is Action.ALLOW)

    def side(right: Callable[..., Any], *arguments: Any) -> Any:
        *others, policies = arguments
        milder = (
            replace(policy, tier=DEFAULT, ingress=allowing(policy.ingress), egress=allowing(policy.egress))
            for policy in policies.all
        )
        return right(*others, Policies(milder))

    instead(patch, verdict, "_side", side)


def of_a_host(patch: pytest.MonkeyPatch, exempt: Callable[[Match], Match]) -> None:
    def side(right: Callable[..., Any], question: Any, *others: Any) -> Any:
        peer = question.peer
        changed = replace(peer, exempt=exempt(peer.exempt)) if isinstance(peer, Host) else peer
        return right(question._replace(peer=changed), *others)

    instead(patch, verdict, "_side", side)


@mistake("nodes always get through")
def _(patch: pytest.MonkeyPatch) -> None:
    of_a_host(patch, lambda _: Match.YES)


@mistake("nodes get through where they perhaps do")
def _(patch: pytest.MonkeyPatch) -> None:
    of_a_host(patch, lambda exempt: Match.YES if exempt else Match.NO)


@mistake("nodes never get through by themselves")
def _(patch: pytest.MonkeyPatch) -> None:
    of_a_host(patch, lambda _: Match.NO)


@mistake("a node is a pod that any pod selector may mean")
def _(patch: pytest.MonkeyPatch) -> None:
    def matches(right: Callable[..., Match], self: Pods, end: Endpoint, namespace: str | None) -> Match:
        return Match.MAYBE if isinstance(end, Host) else right(self, end, namespace)

    instead(patch, Pods, "matches", matches)


@mistake("one address of several is enough")
def _(patch: pytest.MonkeyPatch) -> None:
    def holds(right: Callable[..., Match], self: Block, end: Endpoint) -> Match:
        return (
            max(right(self, replace(end, addresses=(one,))) for one in end.addresses or ())
            if end.addresses
            else right(self, end)
        )

    instead(patch, Block, "_holds", holds)


@mistake("part of a network is enough")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Block, "_holds_network", lambda right, *of: right(*of) and Match.YES)


@mistake("the best guise counts")
def _(patch: pytest.MonkeyPatch) -> None:
    def judge(right: Callable[..., Any], leg: Any, policies: Any) -> Any:
        return right(replace(leg, senders=leg.senders[:1], receivers=leg.receivers[:1]), policies)

    instead(patch, verdict, "judge", judge)
    patch.setattr("hard_cases.judge", verdict.judge)


@mistake("one blocked port of a range blocks the range")
def _(patch: pytest.MonkeyPatch) -> None:
    def answer(right: Callable[..., Any], leg: Any, blocked: Ports, unknown: Ports) -> Any:
        return right(leg, leg.ports if blocked else blocked, unknown)

    instead(patch, verdict, "_answer", answer)


@mistake("where one of the ports is used, one that passes is enough")
def _(patch: pytest.MonkeyPatch) -> None:
    def answer(right: Callable[..., Any], leg: Any, blocked: Ports, unknown: Ports) -> Any:
        enough = leg.flow.any_port and not leg.ports <= blocked
        return right(leg, NO_PORT, NO_PORT) if enough else right(leg, blocked, unknown)

    instead(patch, verdict, "_answer", answer)


@mistake("undeclared ports of a server that we do not know are none")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Rule, "ports_at", lambda right, *of: (right(*of)[0], NO_PORT))


def test_all_27_are_here() -> None:
    assert list(MISTAKES).index("a named port is looked up on the pod that the policy selects") == NAMED_BY_OTHERS - 1


def test_the_engine_itself_gets_every_case_right() -> None:
    assert [case.says for case in CASES if not case.holds()] == []


@pytest.mark.parametrize("sentence", MISTAKES)
def test_some_case_shows_the_mistake(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES[sentence](monkeypatch)
    assert any(not case.holds() for case in CASES)
