"""Labels as far as they are known, and the selectors that look at them.

The semantics are those of Kubernetes' `LabelSelector` (k8s.io/apimachinery, pkg/labels/selector.go):
`In` and `NotIn` compare one key's value, `NotIn` and `DoesNotExist` also hold where the key is absent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


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


NOTHING_KNOWN: Final = Labels(complete=False)
NO_LABELS: Final = Labels()


class Operator(Enum):
    """The operators of a `LabelSelectorRequirement`."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a selector."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Labels) -> Match:
        """Whether labels satisfy this line."""
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

    def _among(self, there: Match, value: str | None) -> Match:
        if there is not Match.YES:
            return there
        if value is None:
            return Match.MAYBE
        return Match.YES if value in self.values else Match.NO

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


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold; none at all matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> Match:
        """Whether labels satisfy every requirement."""
        answer = Match.YES
        for requirement in self.requirements:
            one = requirement.matches(labels)
            if one is Match.NO:
                return one
            answer = min(answer, one)
        return answer

    def implied(self) -> dict[str, str]:
        """The labels that everything it matches must carry."""
        return {
            one.key: next(iter(one.values))
            for one in self.requirements
            if one.operator is Operator.IN and len(one.values) == 1
        }

    def anchor(self) -> Requirement | None:
        """A requirement for some values of one key, which everything it matches must carry; None: it has none."""
        for one in self.requirements:
            if one.operator is Operator.IN:
                return one
        return None

    def label_keys(self) -> frozenset[str]:
        """Every label key that it looks at."""
        return frozenset(requirement.key for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ", ".join(str(requirement) for requirement in self.requirements) or "everything"


EVERYTHING: Final = Selector()
