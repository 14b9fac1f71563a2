"""All policies in force together, found by the pods that they select, and in the order in which they are asked."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.model.endpoints import Pod
from lhmigrate.model.labels import Match
from lhmigrate.model.order import Step, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.model.endpoints import Endpoint
    from lhmigrate.model.labels import Labels
    from lhmigrate.model.policy import Direction, Policy, Tier


class Stage(NamedTuple):
    """One tier, as one pod sees it in one direction."""

    steps: tuple[Step, ...]
    """The rules in the order in which they are asked."""
    isolating: tuple[Policy, ...]
    """Policies that certainly isolate the pod."""
    perhaps: tuple[Policy, ...]
    """Policies that perhaps do."""


class Selected(NamedTuple):
    """The policies that have a say in one direction of one pod."""

    isolating: tuple[Policy, ...] = ()
    """Those of all tiers that certainly isolate it."""
    perhaps: tuple[Policy, ...] = ()
    """Those that perhaps do."""
    stages: tuple[Stage, ...] = ()
    look_into_http: bool = False
    """Whether any of their rules tells requests apart."""

    @classmethod
    def at(cls, stages: tuple[Stage, ...]) -> Selected:
        """Those of several tiers, in their order."""
        return cls(
            tuple(policy for stage in stages for policy in stage.isolating),
            tuple(policy for stage in stages for policy in stage.perhaps),
            stages,
            any(step.rule.http is not None for stage in stages for step in stage.steps),
        )


class Policies:
    """All policies in force together, found by the pods that they select."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.all: tuple[Policy, ...] = tuple(policies)
        self.wide = [policy for policy in self.all if policy.namespaces is not None or policy.about_nodes]
        """Those that may select a node, or a pod of which we know nothing."""
        self._by_label: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._others: list[int] = []
        self._by_namespace: dict[str | None, list[int]] = defaultdict(list)
        self._selected: dict[tuple[Endpoint, Direction], Selected] = {}
        for index, policy in enumerate(self.all):
            # A cluster-wide policy may name a namespace, and is in none all the same.
            self._by_namespace[policy.namespace if policy.namespaces is None else None].append(index)
            anchor = policy.selects.anchor()
            if anchor is None:
                self._others.append(index)
            else:
                for value in anchor.values:
                    self._by_label[anchor.key][value].append(index)

    def label_keys(self) -> frozenset[str]:
        """Every label key that any of them looks at."""
        return frozenset().union(*(policy.label_keys() for policy in self.all))

    def selecting(self, end: Endpoint, direction: Direction) -> Selected:
        """The policies that have a say in that direction at one end of a flow."""
        key = (end, direction)
        if key not in self._selected:
            self._selected[key] = self._select(end, direction)
        return self._selected[key]

    def _select(self, end: Endpoint, direction: Direction) -> Selected:
        applying = [
            (policy, match is Match.YES)
            for policy in self._candidates(end)
            if policy.concerns(direction) and (match := policy.applies_to(end))
        ]
        tiers: dict[Tier, list[tuple[Policy, bool]]] = defaultdict(list)
        for policy, sure in applying:
            tiers[policy.tier].append((policy, sure))
        return Selected.at(tuple(_stage(tiers[tier], direction, end) for tier in sorted(tiers)))

    def _candidates(self, end: Endpoint) -> Iterable[Policy]:
        """The policies that may select it, as far as namespace or anchor go, in their order."""
        if not isinstance(end, Pod):
            return self.wide
        if end.labels.complete:
            return self.possibly_selecting(end.labels)
        if end.namespace is None:
            return self.all
        indexes = sorted((*self._by_namespace[end.namespace], *self._by_namespace[None]))
        return [self.all[index] for index in indexes]

    def possibly_selecting(self, labels: Labels) -> list[Policy]:
        """The policies of any namespace that may select labels as far as their anchor goes, in order."""
        found = set(self._others)
        for key, value in labels.known.items():
            found.update(self._by_label.get(key, {}).get(value, ()))
        for key in labels.varying:
            for indexes in self._by_label.get(key, {}).values():
                found.update(indexes)
        return [self.all[index] for index in sorted(found)]


def _stage(policies: list[tuple[Policy, bool]], direction: Direction, end: Endpoint) -> Stage:
    isolating = [(policy, sure) for policy, sure in policies if direction in policy.isolates]
    return Stage(
        tuple(in_order([step for policy, sure in policies for step in _steps(policy, direction, end, sure=sure)])),
        tuple(policy for policy, sure in isolating if sure),
        tuple(policy for policy, sure in isolating if not sure),
    )


def _steps(policy: Policy, direction: Direction, end: Endpoint, *, sure: bool) -> Iterator[Step]:
    for rule in policy.rules(direction):
        about = rule.is_about(end, policy.namespace)
        if about:
            yield Step(rule, policy, sure, about)
