"""All policies in force together, found by the pods that they select."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lhmigrate.labels import Match, Operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.endpoints import Pod
    from lhmigrate.labels import Labels
    from lhmigrate.policy import Direction, Policy

Selected = tuple[tuple["Policy", ...], tuple["Policy", ...]]
"""Policies that certainly select a pod, and policies that perhaps do."""


class Policies:
    """All policies in force together, found by the pods that they select."""

    def __init__(self, policies: Iterable[Policy], *, enforced: bool = True) -> None:
        self.all: tuple[Policy, ...] = tuple(policies) if enforced else ()
        self._by_label: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._others: list[int] = []
        self._by_namespace: dict[str | None, list[int]] = defaultdict(list)
        self._selected: dict[tuple[Pod, Direction], Selected] = {}
        for index, policy in enumerate(self.all):
            self._by_namespace[policy.namespace].append(index)
            for requirement in policy.selects.requirements:
                if requirement.operator is Operator.IN:
                    for value in requirement.values:
                        self._by_label[requirement.key][value].append(index)
                    break
            else:
                self._others.append(index)

    def label_keys(self) -> frozenset[str]:
        """Every label key that any of them looks at."""
        return frozenset().union(*(policy.label_keys() for policy in self.all))

    def selecting(self, pod: Pod, direction: Direction) -> Selected:
        """The policies that isolate a pod in a direction: certainly, and perhaps."""
        key = (pod, direction)
        if key not in self._selected:
            sure: list[Policy] = []
            unsure: list[Policy] = []
            for policy in self._candidates(pod):
                if direction in policy.isolates and (match := policy.applies_to(pod)):
                    (sure if match is Match.YES else unsure).append(policy)
            self._selected[key] = (tuple(sure), tuple(unsure))
        return self._selected[key]

    def _candidates(self, pod: Pod) -> Iterable[Policy]:
        """The policies that may select a pod, as far as namespace or first label go, in their order."""
        if pod.labels.complete:
            return self.possibly_selecting(pod.labels)
        if pod.namespace is None:
            return self.all
        indexes = sorted((*self._by_namespace[pod.namespace], *self._by_namespace[None]))
        return [self.all[index] for index in indexes]

    def possibly_selecting(self, labels: Labels) -> list[Policy]:
        """The policies of any namespace that may select labels as far as their first requirement goes, in order."""
        found = set(self._others)
        for key, value in labels.known.items():
            found.update(self._by_label.get(key, {}).get(value, ()))
        for key in labels.varying:
            for indexes in self._by_label.get(key, {}).values():
                found.update(indexes)
        return [self.all[index] for index in sorted(found)]
