"""Labels as far as they are known, and the selectors that look at them.

The semantics are those of Kubernetes' `LabelSelector` (k8s.io/apimachinery, pkg/labels/selector.go):
`In` and `NotIn` compare one key's value, `NotIn` and `DoesNotExist` also hold where the key is absent.
Calico's selectors add parts of values, alternatives and negation (projectcalico/calico,
libcalico-go/lib/selector/parser/ast.go). A negation is carried down to the single lines when it is made, so
every selector is lines that must all hold, and groups of selectors of which one must.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The one label that every namespace carries (Kubernetes: "Automatic labelling")."""


class Match(IntEnum):
    """An answer that may be unknown. The least of several is their AND, the greatest their OR."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of the labels of one object."""

    known: Mapping[str, str] = field(default_factory=dict)
    """Keys with their values."""
    varying: frozenset[str] = frozenset()
    """Keys that are there with a value that we do not know."""
    complete: bool = True
    """Whether every other key is known to be absent."""

    def value(self, key: str) -> tuple[Match, str | None]:
        """Whether the key is there, and its value where that is known."""
        if key in self.known:
            return Match.YES, self.known[key]
        if key in self.varying:
            return Match.YES, None
        return (Match.NO if self.complete else Match.MAYBE), None


class KnownLabels(Protocol):
    """Labels of which one can ask: one object's own, or the ones that a dialect sees on it."""

    def value(self, key: str) -> tuple[Match, str | None]:
        """Whether the key is there, and its value where that is known."""


SAYING_WHO: Final = frozenset({"app", "k8s-app", "name", "app.kubernetes.io/name"})
"""Labels that by custom say which application a pod is of (Kubernetes: "Recommended Labels")."""

NOTHING_KNOWN: Final = Labels(complete=False)
NO_LABELS: Final = Labels()


class Operator(Enum):
    """What a line of a selector asks of one key: those of a `LabelSelectorRequirement`, and Calico's."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "does not contain"
    STARTS_WITH = "starts with"
    DOES_NOT_START_WITH = "does not start with"
    ENDS_WITH = "ends with"
    DOES_NOT_END_WITH = "does not end with"


_PAIRS: Final = (
    (Operator.IN, Operator.NOT_IN),
    (Operator.EXISTS, Operator.DOES_NOT_EXIST),
    (Operator.CONTAINS, Operator.DOES_NOT_CONTAIN),
    (Operator.STARTS_WITH, Operator.DOES_NOT_START_WITH),
    (Operator.ENDS_WITH, Operator.DOES_NOT_END_WITH),
)
_OPPOSITE: Final = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
_PART: Final[Mapping[Operator, Callable[[str, str], bool]]] = {
    Operator.CONTAINS: str.__contains__,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a selector."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()
    """For `IN` and `NOT_IN` any of them; the operators on parts of a value have exactly one."""

    def matches(self, labels: KnownLabels) -> Match:
        """Whether labels satisfy this line. The negative operators also hold where the key is absent."""
        there, value = labels.value(self.key)
        match self.operator:
            case Operator.EXISTS:
                return there
            case Operator.DOES_NOT_EXIST:
                return Match(Match.YES - there)
            case Operator.IN:
                return self._among(there, value)
            case Operator.NOT_IN:
                return Match(Match.YES - self._among(there, value))
            case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH:
                return self._has(_PART[self.operator], there, value)
            case _:
                return Match(Match.YES - self._has(_PART[_OPPOSITE[self.operator]], there, value))

    def _among(self, there: Match, value: str | None) -> Match:
        if there is not Match.YES:
            return there
        if value is None:
            return Match.MAYBE
        return Match.YES if value in self.values else Match.NO

    def _has(self, part: Callable[[str, str], bool], there: Match, value: str | None) -> Match:
        if there is not Match.YES:
            return there
        if value is None:
            return Match.MAYBE
        return Match.YES if all(part(value, one) for one in self.values) else Match.NO

    def negated(self) -> Requirement:
        """The line that holds where this one does not."""
        return Requirement(self.key, _OPPOSITE[self.operator], self.values)

    def __str__(self) -> str:
        values = ", ".join(sorted(self.values))
        match self.operator:
            case Operator.IN:
                return f"{self.key}={values}" if len(self.values) == 1 else f"{self.key} in ({values})"
            case Operator.NOT_IN:
                return f"{self.key} not in ({values})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case _:
                return f"{self.key} {self.operator.value} {values}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold, and groups of which one must; nothing at all matches everything.

    `&`, `|` and `negated` combine selectors as one would expect.
    """

    requirements: tuple[Requirement, ...] = ()
    alternatives: tuple[tuple[Selector, ...], ...] = ()
    """Groups: of the selectors of each, at least one must match. An empty group matches nothing."""

    def matches(self, labels: KnownLabels) -> Match:
        """Whether labels satisfy every requirement, and one selector of every group."""
        answer = Match.YES
        for requirement in self.requirements:
            one = requirement.matches(labels)
            if one is Match.NO:
                return one
            answer = min(answer, one)
        for group in self.alternatives:
            one = max((selector.matches(labels) for selector in group), default=Match.NO)
            if one is Match.NO:
                return one
            answer = min(answer, one)
        return answer

    @property
    def identifies(self) -> bool:
        """Whether it asks for a label with a value, so that pods which nobody knows of can hardly match."""
        return self.anchor() is not None

    def anchor(self) -> Requirement | None:
        """A requirement for some values of one key, which everything it matches must carry; None: it has none."""
        for one in self.requirements:
            if one.operator is Operator.IN:
                return one
        return None

    def label_keys(self) -> frozenset[str]:
        """Every label key that it looks at."""
        keys = {one.key for one in self.requirements}
        for group in self.alternatives:
            for selector in group:
                keys |= selector.label_keys()
        return frozenset(keys)

    def implied(self) -> dict[str, str]:
        """The labels that everything it matches must carry."""
        return {
            one.key: next(iter(one.values))
            for one in self.requirements
            if one.operator is Operator.IN and len(one.values) == 1
        }

    def replaced(self, by: Callable[[Requirement], Selector]) -> Selector:
        """The same with something else for every line in it."""
        result = EVERYTHING
        for requirement in self.requirements:
            result &= by(requirement)
        for group in self.alternatives:
            anyone = NOTHING
            for selector in group:
                anyone |= selector.replaced(by)
            result &= anyone
        return result

    def negated(self) -> Selector:
        """The selector that matches what this one does not."""
        result = NOTHING
        for requirement in self.requirements:
            result |= Selector((requirement.negated(),))
        for group in self.alternatives:
            none = EVERYTHING
            for selector in group:
                none &= selector.negated()
            result |= none
        return result

    def __and__(self, other: Selector) -> Selector:
        if NOTHING in (self, other):
            return NOTHING
        return Selector(
            tuple(dict.fromkeys(self.requirements + other.requirements)),
            tuple(dict.fromkeys(self.alternatives + other.alternatives)),
        )

    def __or__(self, other: Selector) -> Selector:
        if EVERYTHING in (self, other):
            return EVERYTHING
        group = dict.fromkeys(self._choices() + other._choices())
        anyone = _any_value(tuple(group))
        if anyone is not None:
            return Selector((anyone,))
        return next(iter(group)) if len(group) == 1 else Selector((), (tuple(group),))

    def _choices(self) -> tuple[Selector, ...]:
        """What it is a choice of: the one group that is all of it, or only itself."""
        return self.alternatives[0] if not self.requirements and len(self.alternatives) == 1 else (self,)

    def __bool__(self) -> bool:
        return bool(self.requirements or self.alternatives)

    def __str__(self) -> str:
        lines = [str(requirement) for requirement in self.requirements]
        groups = [" or ".join(map(str, group)) or "nothing" for group in self.alternatives]
        if not lines and len(groups) == 1:
            return groups[0]
        return ", ".join([*lines, *(f"({group})" for group in groups)]) or "everything"


EVERYTHING: Final = Selector()
NOTHING: Final = Selector((), ((),))


def _any_value(choices: tuple[Selector, ...]) -> Requirement | None:
    """One line for choices between values of one key: `a=x or a=y` is `a in (x, y)`."""
    lines = [choice.requirements[0] for choice in choices if len(choice.requirements) == 1 and not choice.alternatives]
    if (
        not lines
        or len(lines) < len(choices)
        or {(one.key, one.operator) for one in lines} != {(lines[0].key, Operator.IN)}
    ):
        return None
    return Requirement(lines[0].key, Operator.IN, frozenset().union(*(one.values for one in lines)))
