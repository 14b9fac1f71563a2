"""The labels that Calico sees on a pod, and what a selector over them says of the pod and of its namespace.

To Calico every endpoint has one set of labels: its own, those of its namespace (with `pcns.` before them) and of its
service account (`pcsa.`), and some that Calico adds (projectcalico/calico, libcalico-go/lib/backend/k8s/conversion:
conversion.go, NamespaceToProfile and ServiceAccountToProfile, and workload_endpoint_default.go). Ours keeps pods and
namespaces apart, so a selector is taken apart here.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from lhmigrate.model.labels import EVERYTHING, NAME_LABEL, NOTHING, Labels, Match, Requirement, Selector

_NAMESPACE: Final = "projectcalico.org/namespace"
_ORCHESTRATOR: Final = "projectcalico.org/orchestrator"
_ACCOUNT: Final = "projectcalico.org/serviceaccount"
_NAME: Final = "projectcalico.org/name"
"""The name of a namespace, or of a service account, among its labels."""
_OF_NAMESPACE: Final = "pcns."
_OF_ACCOUNT: Final = "pcsa."

# Every pod has these; what they say of a pod's service account is in no policy.
_ON_EVERY_POD: Final = Labels({_ORCHESTRATOR: "k8s"}, frozenset({_ACCOUNT, _OF_ACCOUNT + _NAME}), complete=False)
_MOST: Final = 64
"""Subjects that one selector may come apart into."""


class Subject(NamedTuple):
    """Pods by their own labels and those of their namespace."""

    pods: Selector = EVERYTHING
    namespaces: Selector = EVERYTHING
    depends: bool = False
    """Whether it also asks for the service account, of which we know nothing."""

    def __and__(self, other: Subject) -> Subject:
        return Subject(
            self.pods & other.pods, self.namespaces & other.namespaces, depends=self.depends or other.depends
        )

    @property
    def empty(self) -> bool:
        """Whether no pod can be one."""
        return NOTHING in (self.pods, self.namespaces)


class TooMixedError(ValueError):
    """Raised for a selector that would come apart into too many subjects."""


def split(selector: Selector) -> tuple[Subject, ...]:
    """The subjects of which a pod must be one for a selector to match it; none: it matches no pod."""
    pending = [(Subject(), selector.replaced(_on_a_pod))]
    result: list[Subject] = []
    while pending:
        subject, rest = pending.pop()
        for requirement in rest.requirements:
            subject &= _alone(Selector((requirement,)))
        mixed = []
        for group in rest.alternatives:
            choice = Selector((), (group,))
            if len({_owner(key) for key in choice.label_keys()}) > 1:
                mixed.append(group)
            else:
                subject &= _alone(choice)
        if subject.empty:
            continue
        if not mixed:
            result.append(subject)
            continue
        others = Selector((), tuple(mixed[1:]))
        pending.extend((subject, one & others) for one in reversed(mixed[0]))
        if len(pending) + len(result) > _MOST:
            raise TooMixedError
    return tuple(dict.fromkeys(result))


class _Owner(Enum):
    """Whose a label is."""

    POD = "pod"
    NAMESPACE = "namespace"
    ACCOUNT = "service account"


def _owner(key: str) -> _Owner:
    if key == _NAMESPACE or key.startswith(_OF_NAMESPACE):
        return _Owner.NAMESPACE
    return _Owner.ACCOUNT if key == _ACCOUNT or key.startswith(_OF_ACCOUNT) else _Owner.POD


def _alone(selector: Selector) -> Subject:
    """What a selector says whose labels all have one owner."""
    match _owner(next(iter(selector.label_keys()), "")):
        case _Owner.NAMESPACE:
            return Subject(namespaces=selector.replaced(_of_its_namespace))
        case _Owner.ACCOUNT:
            return Subject(depends=True)
        case _Owner.POD:
            return Subject(pods=selector)


def _on_a_pod(requirement: Requirement) -> Selector:
    """Settles what is the same for every pod."""
    if requirement.key == _ORCHESTRATOR or _owner(requirement.key) is _Owner.ACCOUNT:
        match requirement.matches(_ON_EVERY_POD):
            case Match.YES:
                return EVERYTHING
            case Match.NO:
                return NOTHING
    return Selector((requirement,))


def _of_its_namespace(requirement: Requirement) -> Selector:
    key = NAME_LABEL if requirement.key == _NAMESPACE else requirement.key.removeprefix(_OF_NAMESPACE)
    return _of_namespace(Requirement(key, requirement.operator, requirement.values))


def of_namespaces(selector: Selector) -> Selector:
    """A `namespaceSelector`: over labels of namespaces, among which Calico puts the name of each."""
    return selector.replaced(_of_namespace)


_NAMED: Final = Labels({}, frozenset({NAME_LABEL}), complete=False)


def _of_namespace(requirement: Requirement) -> Selector:
    key = NAME_LABEL if requirement.key == _NAME else requirement.key
    renamed = Requirement(key, requirement.operator, requirement.values)
    if key != NAME_LABEL:
        return Selector((renamed,))
    # Every namespace has a name, so that a selector may ask whether it has one to mean pods, and not hosts.
    match renamed.matches(_NAMED):
        case Match.YES:
            return EVERYTHING
        case Match.NO:
            return NOTHING
        case Match.MAYBE:
            return Selector((renamed,))


class _Outsider:
    """The labels of what is in no namespace: a host endpoint, or a global network set. Only their own are there."""

    def value(self, key: str) -> tuple[Match, str | None]:
        """Whether it is there."""
        own = key != _ORCHESTRATOR and _owner(key) is _Owner.POD
        return (Match.MAYBE if own else Match.NO), None


def may_mean_outsiders(selector: Selector, namespaces: Selector | None) -> bool:
    """Whether it can match what is in no namespace; `namespaces` as written, None where it was not."""
    if namespaces is None:
        return bool(selector.matches(_Outsider()))
    # rules.go: all() there asks for a namespace; every other line is about labels that an outsider has not.
    return bool(namespaces) and bool(namespaces.matches(Labels())) and bool(selector.matches(_Outsider()))
