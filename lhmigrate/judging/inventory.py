"""The user's policies, each in the namespace where it counts, with what had to be assumed to put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.errors import Problem, Refusal, Unreadable
from lhmigrate.files.scan import STDIN_NAME
from lhmigrate.judging.tiers import put_in_place
from lhmigrate.model.labels import Match
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.errors import Place
    from lhmigrate.files.scan import Moved
    from lhmigrate.files.sources import FileObjects, Reading
    from lhmigrate.judging.tiers import Declared
    from lhmigrate.kube.live import Live
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.policy import Policy, Rule
    from lhmigrate.model.settings import Settings


class Coverage(NamedTuple):
    """What was looked at."""

    files: int = 0
    documents: int = 0
    policies: int = 0
    unread: tuple[Problem, ...] = ()
    cluster: str = ""
    """Which cluster was read; empty: none, but files."""


class Inventory(NamedTuple):
    """All that the user's files say."""

    policies: tuple[Policy, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    coverage: Coverage = Coverage()
    assumptions: tuple[str, ...] = ()
    elsewhere: frozenset[Problem] = frozenset()
    """What could not be read and can hardly concern Longhorn."""
    live: Live | None = None
    """What a running cluster showed beside its policies; None: files were read."""


KustomizedTo = Callable[[str], tuple[str, str] | None]
"""The namespace that a kustomization gives to a file, and the place that says so."""


def take(reading: Reading, settings: Settings, releases: Iterable[Release], kustomized: KustomizedTo) -> Inventory:
    """Sorts what was read."""
    sorter = _Sorter(settings, tuple(releases), kustomized, reading.moved)
    sorter.folders = frozenset(
        Path(one.file).parent
        for one in reading.found
        if any(policy.namespace == settings.namespace for policy in one.objects.policies)
    )
    policies = put_in_place(
        (placed for one in reading.found for policy in one.objects.policies if (placed := sorter.place(policy, one))),
        _tiers(reading),
    )
    return Inventory(
        policies=_told_twice(policies),
        namespaces={name: labels for one in reading.found for name, labels in one.objects.namespaces},
        coverage=coverage(reading),
        assumptions=(*reading.told, *sorter.assumptions),
        elsewhere=frozenset(sorter.elsewhere),
    )


def judged(found: Inventory) -> Inventory:
    """The same. Ends the run where policies are there and none could be read: nothing can be said of them."""
    foreign = any(policy.denies() for policy in found.policies)
    if found.coverage.unread and not found.coverage.policies and not foreign:
        raise Refusal("nothing could be judged:", details=found.coverage.unread)
    return found


def coverage(reading: Reading) -> Coverage:
    """What was looked at to read this much."""
    tiers = _tiers(reading)
    return Coverage(
        files=reading.files,
        documents=sum(one.objects.documents + one.objects.elsewhere for one in reading.found),
        policies=sum(
            one.objects.elsewhere + sum(not policy.unread for policy in put_in_place(one.objects.policies, tiers))
            for one in reading.found
        ),
        unread=reading.unread,
    )


def _tiers(reading: Reading) -> list[Declared]:
    return [tier for one in reading.found for tier in one.objects.tiers]


class _Sorter:
    """Finds out where each policy goes."""

    folders: frozenset[Path] = frozenset()
    """Folders that hold a policy of Longhorn's namespace."""

    def __init__(
        self,
        settings: Settings,
        releases: tuple[Release, ...],
        kustomized: KustomizedTo,
        moved: Mapping[str, Moved],
    ) -> None:
        self._settings = settings
        self._releases = releases
        self._kustomized = kustomized
        self._moved = moved
        self.assumptions: dict[str, None] = {}
        self.elsewhere: set[Problem] = set()

    def place(self, policy: Policy, source: FileObjects) -> Policy | None:
        """The policy with its namespace; None where it can hardly concern Longhorn."""
        moved = None if policy.namespaces is not None or policy.about_nodes else self._moved.get(source.file)
        if moved is not None:
            self._assume(f"{moved.where} puts everything that it lists into {moved.namespace}")
            return replace(policy, namespace=moved.namespace)
        if policy.namespace is not None or policy.namespaces is not None or policy.about_nodes:
            return policy
        if self._settings.default_namespace is not None:
            return replace(policy, namespace=self._settings.default_namespace)
        try:
            kustomized = None if source.file == STDIN_NAME else self._kustomized(source.file)
        except Unreadable as error:
            return replace(policy, unread=(*policy.unread, error.problem))
        if kustomized is not None:
            namespace, where = kustomized
            self._assume(f"{where} puts the policies beside it that name no namespace into {namespace}")
            return replace(policy, namespace=namespace)
        if not policy.unread and policy.selects and self._selects_longhorn(policy):
            self._assume(
                f"{policy.place.file}: its policies name no namespace; those that select Longhorn's pods "
                f"are taken to be in {self._settings.namespace}"
            )
            return replace(policy, namespace=self._settings.namespace)
        if self._may_concern(source):
            if policy.unread:
                return policy
            problem = Problem(
                policy.place,
                "names no namespace, so it may or may not be in force for Longhorn; name it there, or pass "
                f"--default-namespace {self._settings.namespace}",
            )
            return replace(policy, unread=(*policy.unread, problem))
        self.elsewhere.update(policy.unread)
        self._assume(
            f"policies that name no namespace, in folders that never mention {self._settings.namespace} or Longhorn, "
            "are taken to be somewhere else"
        )
        return None

    def _assume(self, sentence: str) -> None:
        self.assumptions[sentence] = None

    def _selects_longhorn(self, policy: Policy) -> bool:
        return any(
            policy.selects.matches(component.all_labels()) is Match.YES
            for release in self._releases
            for component in release.components.values()
        )

    def _may_concern(self, source: FileObjects) -> bool:
        words = ("longhorn", self._settings.namespace)
        return (
            source.given
            or Path(source.file).parent in self.folders
            or any(word in source.file.lower() or word in source.text.lower() for word in words)
        )


def _told_twice(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Marks policies that are declared twice and differ: a cluster holds one of them, and we cannot tell which."""
    objects: dict[tuple[object, ...], dict[Place, list[Policy]]] = defaultdict(lambda: defaultdict(list))
    for policy in policies:
        if not policy.unread:
            objects[_identity(policy)][policy.place].append(policy)
    result = []
    for policy in policies:
        declared = {} if policy.unread else objects[_identity(policy)]
        if len({meaning(parts) for parts in declared.values()}) > 1:
            other = next(place for place in declared if place != policy.place)
            problem = Problem(
                policy.place,
                f"{policy} is declared again at {other}: a cluster holds only one of them; give the files of "
                "one cluster at a time",
            )
            result.append(replace(policy, unread=(problem,)))
        elif policy.unread or policy.place == next(iter(declared)):
            result.append(policy)
    return tuple(result)


def _identity(policy: Policy) -> tuple[object, ...]:
    return policy.dialect, policy.kind, policy.namespace, policy.name


def meaning(parts: list[Policy]) -> object:
    """What an object says, wherever it stands."""
    return tuple(
        (
            *(one.selects, one.isolates, one.tier, one.namespaces, one.about_nodes, one.idle),
            *(
                (*_whom(rule), rule.action, rule.order, rule.http, rule.doubt)
                for direction in Direction
                for rule in one.rules(direction)
            ),
        )
        for one in parts
    )


def _whom(rule: Rule) -> tuple[object, ...]:
    return rule.peers, rule.about, rule.ports, rule.named, rule.but, rule.but_named
