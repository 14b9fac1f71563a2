"""Would the cases of Calico's and the administrator's policies notice? Each of these readers is wrong in one place.

They are the mistakes that one makes who knows Kubernetes' own policies and guesses the rest.
"""

# ruff: noqa: ANN401 - a wrong function takes and gives whatever the right one did

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from admin_cases import CONNECTIVITY
from calico_cases import CASES
from felix_cases import POD, WORLDS
from test_wrong_evaluators import instead

from lhmigrate.dialects import admin, calico, calico_labels, calico_rules, calico_selector
from lhmigrate.errors import Unreadable
from lhmigrate.judging import policies, tiers, verdict
from lhmigrate.model import order
from lhmigrate.model.cni import Dialect
from lhmigrate.model.labels import EVERYTHING, NOTHING, Match, Operator, Requirement, Selector
from lhmigrate.model.peers import EVERYONE, Those, Unseen
from lhmigrate.model.policy import ADMIN, DEFAULT, Action, Direction, NamedPort, Order, Rule
from lhmigrate.model.ports import EVERY_PORT, NO_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from hard_cases import Case

    Mistake = Callable[[pytest.MonkeyPatch], None]

MISTAKES: dict[str, Mistake] = {}
ALL: list[Case] = [
    *CASES,
    *(case for world in WORLDS for case in world.cases(POD)),
    *(case for matrix in CONNECTIVITY for case in matrix.cases()),
]


def mistake(sentence: str) -> Callable[[Mistake], Mistake]:
    """Names a function that puts one mistake into the program."""

    def add(function: Mistake) -> Mistake:
        MISTAKES[sentence] = function
        return function

    return add


def rule_of(patch: pytest.MonkeyPatch, owner: Any, change: Callable[[Rule], Rule]) -> None:
    """Changes every rule that a dialect reads."""

    def reading(right: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        read = right(*arguments, **named)
        return tuple(change(one) for one in read) if isinstance(read, tuple) else change(read)

    instead(patch, owner, "_rule", reading)


# ---------------------------------------------------------------------------------------------------
# Selectors.


@mistake("!= wants the key")
def _(patch: pytest.MonkeyPatch) -> None:
    def matches(right: Callable[..., Match], self: Requirement, labels: Any) -> Match:
        answer = right(self, labels)
        return min(answer, labels.value(self.key)[0]) if self.operator is Operator.NOT_IN else answer

    instead(patch, Requirement, "matches", matches)


@mistake("a selector's alternatives must all hold")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Selector, "__or__", lambda _, self, other: self & other if self != NOTHING else other)


@mistake("a negation is forgotten")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_selector._Reader, "negations", lambda right, self: right(self) and False)


@mistake("the namespace that Calico puts among the labels of a pod is any label")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_labels, "_owner", lambda *_: calico_labels._Owner.POD)


@mistake("the name that Calico gives a namespace is any label of it")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calico_labels, "_NAME", "nothing")


@mistake("a service account is nobody's")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_accounts", lambda right, fields: right(fields) and False)


@mistake("the service account that a policy selects is looked over")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(
        patch, calico, "_about", lambda right, policy, subject, *of: right(policy, subject._replace(depends=False), *of)
    )


# ---------------------------------------------------------------------------------------------------
# Whom a rule means.


@mistake("a selector of a namespaced policy means pods of every namespace")
def _(patch: pytest.MonkeyPatch) -> None:
    def pods(right: Callable[..., Any], *of: Any, **named: Any) -> Any:
        return right(*of, **{**named, "namespaced": False})

    instead(patch, calico_rules, "_pods", pods)


@mistake("notSelector in a namespaced policy means its namespace only")
def _(patch: pytest.MonkeyPatch) -> None:
    def selection(right: Callable[..., Any], fields: Any, scope: Any) -> Any:
        return right(fields, scope._replace(namespaced=scope.namespaced and fields.string("notSelector") is None))

    instead(patch, calico_rules, "_selection", selection)


@mistake("selector all() is everybody, wherever")
def _(patch: pytest.MonkeyPatch) -> None:
    def selection(right: Callable[..., Any], fields: Any, scope: Any) -> Any:
        found = right(fields, scope)
        return None if fields.string("selector") == "all()" else found

    instead(patch, calico_rules, "_selection", selection)


@mistake("networks count instead of selectors, not beside them")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_all_of", lambda right, groups, none: right(groups[-1:], none))


@mistake("what is left out is not")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_unselected", lambda right, fields: right(fields)[:0])


@mistake("notNets alone mean nobody")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_blocks", lambda right, networks, holes: right(networks, holes) if networks else ())


@mistake("notNets are looked over")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_blocks", lambda right, networks, _: right(networks, ()))


@mistake("a negated perhaps is a yes")
def _(patch: pytest.MonkeyPatch) -> None:
    def matches(right: Callable[..., Match], self: Those, end: Any, namespace: Any) -> Match:
        return right(replace(self, none=()), end, namespace) if self.none else right(self, end, namespace)

    instead(patch, Those, "matches", matches)


@mistake("a rule is for all the pods that its policy selects")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, about=EVERYONE))


@mistake("no host and no set of networks has labels")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Unseen, "matches", lambda *_: Match.NO)


@mistake("global() is all()")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calico_rules, "_BY_ADDRESS", ())


@mistake("ipVersion is looked over")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_family", lambda right, fields: right(fields)[:0])


@mistake("the sender's port is looked over, and so is every field that we do not know")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, doubt=None))


@mistake("a Service that we do not know is everybody")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_service", lambda right, *of, **how: right(*of, **how) and EVERYONE)


# ---------------------------------------------------------------------------------------------------
# Ports.


@mistake("notPorts are looked over")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules._PortList, "ranges_in", lambda *_: NO_PORT)


@mistake("notPorts by name are looked over")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, but_named=()))


@mistake("notPorts by number leave ports by name in")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, but=NO_PORT))


@mistake("a port by name counts in TCP only")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, NamedPort, "on", lambda right, self, server: right(self._replace(protocol="TCP"), server))


@mistake("a protocol by its number is none that has ports")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calico_rules, "_NUMBERS", {})


@mistake("a protocol that has no ports is every protocol")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico_rules, "_every_port_of", lambda right, protocol: right(protocol) or EVERY_PORT)


@mistake("a rule without a protocol is for TCP")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, ports=calico_rules._every_port_of("TCP") & rule.ports))


# ---------------------------------------------------------------------------------------------------
# Types, actions, orders and tiers.


@mistake("types are filled in as Kubernetes does: ingress always")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_sides", lambda _, written: written | {Direction.INGRESS})


@mistake("types are filled in where nothing does that")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_usual_types", lambda right, spec, form: right(spec, form._replace(stored=False)))


@mistake("an empty list of rules is none")
def _(patch: pytest.MonkeyPatch) -> None:
    def types(right: Callable[..., Any], spec: Any, form: Any) -> Any:
        try:
            return right(spec, form)
        except Unreadable:
            return frozenset({Direction.INGRESS})

    instead(patch, calico, "_usual_types", types)


@mistake("Deny lets through what it denies")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, action=Action.ALLOW))


@mistake("Deny is as if it were not there")
def _(patch: pytest.MonkeyPatch) -> None:
    def change(rule: Rule) -> Rule:
        return replace(rule, peers=()) if rule.action is Action.DENY else rule

    rule_of(patch, calico_rules, change)


@mistake("Pass allows")
def _(patch: pytest.MonkeyPatch) -> None:
    def change(rule: Rule) -> Rule:
        return replace(rule, action=Action.ALLOW) if rule.action is Action.PASS else rule

    rule_of(patch, calico_rules, change)


@mistake("Pass goes on to the next policy")
def _(patch: pytest.MonkeyPatch) -> None:
    def change(rule: Rule) -> Rule:
        return replace(rule, peers=()) if rule.action is Action.PASS else rule

    rule_of(patch, calico_rules, change)


@mistake("Log ends it")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calico_rules, "_LOG", "Nothing")
    patch.setitem(calico_rules._ACTIONS, "Log", Action.PASS)


@mistake("deny wins, wherever it stands")
def _(patch: pytest.MonkeyPatch) -> None:
    def change(rule: Rule) -> Rule:
        return replace(rule, order=Order(float("-inf"))) if rule.action is Action.DENY else rule

    rule_of(patch, calico_rules, change)


@mistake("policies are asked in the order of the files")
def _(patch: pytest.MonkeyPatch) -> None:
    rule_of(patch, calico_rules, lambda rule: replace(rule, order=Order(1)))
    patch.setattr(order, "_among_equals", lambda steps: steps)


@mistake("what has no order comes first")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calico, "_LAST", 0.0)


@mistake("NetworkPolicies come after everything else")
def _(patch: pytest.MonkeyPatch) -> None:
    def number(right: Callable[..., float], step: Any) -> float:
        return 1e9 if step.policy.dialect is not Dialect.CALICO else right(step)

    instead(patch, order, "_number", number)


@mistake("of two policies with one order, the first name comes first in every release")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_names", lambda right, *of: right(*of)[:1])


@mistake("two policies with one order are asked as they stand")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order, "_among_equals", lambda steps: steps)


@mistake("a policy whose place is open may be asked from its middle on")
def _(patch: pytest.MonkeyPatch) -> None:
    def through(right: Callable[..., Any], stage: Any, *of: Any) -> Any:
        loose = tuple(
            step if step.sure or step.doubt is None else step._replace(policy=replace(step.policy))
            for step in stage.steps
        )
        return right(stage._replace(steps=loose), *of)

    instead(patch, verdict, "_through", through)


@mistake("there is one tier")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_tier", lambda *_: DEFAULT)


@mistake("a tier's end is the end for everybody")
def _(patch: pytest.MonkeyPatch) -> None:
    def stage(right: Callable[..., Any], asked: Any, direction: Any, end: Any) -> Any:
        found = right(asked, direction, end)
        return found._replace(isolating=tuple(policy for policy, _ in asked))

    instead(patch, policies, "_stage", stage)


@mistake("what a tier's end denies goes on")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, policies, "_stage", lambda right, *of: right(*of)._replace(isolating=(), perhaps=()))


@mistake("a tier's default action is always Deny")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, tiers, "_placed", lambda right, policy, declared: right(policy, declared._replace(passes=False)))


@mistake("a tier is where its name sorts")
def _(patch: pytest.MonkeyPatch) -> None:
    def placed(right: Callable[..., Any], policy: Any, declared: Any) -> Any:
        return right(policy, declared._replace(tier=declared.tier._replace(rank=1)))

    instead(patch, tiers, "_placed", placed)


@mistake("a tier that nobody gave comes first, for certain")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_about", lambda right, policy, *of: right(replace(policy, unread=()), *of))


@mistake("what is for hosts is for pods")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, calico, "_for_hosts_only", lambda right, *of: right(*of) and "")


# ---------------------------------------------------------------------------------------------------
# The cluster administrator's.


@mistake("an administrator's policy isolates what it selects")
def _(patch: pytest.MonkeyPatch) -> None:
    def read(right: Callable[..., Any], *of: Any) -> Any:
        return tuple(replace(one, isolates=frozenset(Direction)) for one in right(*of))

    instead(patch, admin, "_read", read)


@mistake("the higher priority is asked first")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, admin, "_priority", lambda right, spec: -right(spec))


@mistake("the baseline is asked first, too")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admin, "BASELINE", ADMIN)


@mistake("the administrator is asked together with everybody")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admin, "ADMIN", DEFAULT)
    patch.setitem(admin._TIERS, "Admin", DEFAULT)


@mistake("the administrator's Pass allows")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(admin._ADMIN_ACTIONS, "Pass", Action.ALLOW)
    patch.setitem(admin._CLUSTER_ACTIONS, "Pass", Action.ALLOW)


@mistake("of pods and their namespaces, either is enough for a peer")
def _(patch: pytest.MonkeyPatch) -> None:
    instead(patch, admin, "_pods", lambda right, fields, which: (EVERYTHING, right(fields, which)[1]))


@mistake("a range of ports is its first port")
def _(patch: pytest.MonkeyPatch) -> None:
    def port(right: Callable[..., Any], fields: Any) -> Any:
        found = right(fields)
        return found if isinstance(found, NamedPort) else (found[0], found[1], found[1])

    instead(patch, admin, "_port", port)


def test_the_program_itself_gets_every_case_right() -> None:
    assert not [case.says for case in ALL if not case.holds()]


@pytest.mark.parametrize("sentence", MISTAKES)
def test_some_case_shows_the_mistake(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES[sentence](monkeypatch)
    assert any(not case.holds() for case in ALL), "no case tells this evaluator from the right one"
