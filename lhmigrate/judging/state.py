"""One state of a cluster: a release with its shipped policies and the user's, and what passes in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lhmigrate.judging.assumptions import assume, by_tunnel
from lhmigrate.judging.cluster import Cluster, Leg
from lhmigrate.judging.enforcement import settle
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import Verdict, judge
from lhmigrate.longhorn import shipped
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.cni import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.kube.live import Live
    from lhmigrate.longhorn.release import Component, Glossary, Release
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.policy import Policy
    from lhmigrate.model.settings import Settings

LegKey = tuple[str, str, str]
"""A leg by the names of its flow, its sender and its receiver."""

Judged = dict[LegKey, tuple[Leg, Verdict]]


class World:
    """Everything that stays the same while Longhorn's release changes: the user's files and what they said."""

    def __init__(
        self, inventory: Inventory, settings: Settings, glossary: Glossary, releases: Iterable[Release]
    ) -> None:
        self.inventory = inventory
        self.releases = tuple(releases)
        enforcement = settle(settings, inventory.policies, seen=inventory.live is not None)
        self.settings = enforcement.settings
        self.enforcement = enforcement._replace(policies=self._marked(enforcement.policies))
        self.glossary = glossary
        self.assumed = assume(self.enforcement.policies, self.releases, glossary, self.settings)
        self._picked: dict[tuple[Selector, Release], tuple[Component, ...]] = {}

    def picked(self, selector: Selector, release: Release) -> tuple[Component, ...]:
        """The components of a release that a selector picks, at least sometimes."""
        key = (selector, release)
        if key not in self._picked:
            self._picked[key] = self.settings.picked(selector, release)
        return self._picked[key]

    def shipped(self, release: Release, *, by_default: bool = False) -> tuple[Policy, ...]:
        """The policies that a release installs here; `by_default`, under the chart's own values."""
        values = self.settings.values
        if release in self.releases[:1] and self.settings.values_before is not None:
            values = self.settings.values_before  # An upgrade passes the new values with the new chart.
        found = shipped.in_force(
            release,
            install=self.settings.install,
            namespace=self.settings.namespace,
            values=type(values)() if by_default else values,
        )
        live = None if by_default else self._runs(release)
        if live is None:
            return found
        install = self.settings.install
        return tuple(one for one in found if live.has(one.namespace or "", one.name, install))

    def _marked(self, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        """The policies of a cluster that was seen, those that the release installed there marked as its own."""
        if self.inventory.live is None or not self.releases:
            return policies
        running = self.releases[0]
        own = {(policy.namespace, policy.name) for policy in self.shipped(running)}
        return tuple(
            replace(policy, shipped_by=str(running))
            if policy.dialect is Dialect.KUBERNETES and (policy.namespace, policy.name) in own
            else policy
            for policy in policies
        )

    def _runs(self, release: Release) -> Live | None:
        """The cluster in which it was seen running; None: it was not."""
        return self.inventory.live if release in self.releases[:1] else None

    def user_policies(self, release: Release) -> tuple[Policy, ...]:
        """The user's policies that count with a release: one that has a shipped one's name is replaced by it."""
        taken = {(policy.namespace, policy.name) for policy in self.shipped(release)}
        # What an older release installed, Helm takes away; what was applied from a manifest stays.
        goes = self.settings.install == "helm"
        return tuple(
            policy
            for policy in self.enforcement.policies
            if not (goes and policy.shipped_by)
            and (policy.dialect is not Dialect.KUBERNETES or (policy.namespace, policy.name) not in taken)
        )

    def policies(self, release: Release) -> Policies:
        """All policies in force with a release. Those of the one that was seen running are all there already."""
        if self._runs(release) is not None:
            return self.together(self.enforcement.policies)
        return self.together((*self.user_policies(release), *self.shipped(release)))

    def together(self, policies: Iterable[Policy]) -> Policies:
        """Policies as the network plugin enforces them, if it does."""
        return Policies(policies if self.settings.cni.enforces else ())

    def cluster(self, *policies: Policies) -> Cluster:
        """The ends of flows, in the guises that these policies can tell apart."""
        return Cluster(
            self.settings,
            self.glossary,
            namespaces=self.inventory.namespaces,
            keys=frozenset().union(*(one.label_keys() for one in policies)),
            assumed=self.assumed,
            releases=self.releases,
            live=self.inventory.live,
        )

    def left_out(self) -> tuple[str, ...]:
        """Features so rare that a plan leaves them out unless told that they are used."""
        used = [name for name, feature in self.glossary.features.items() if self.settings.usage(feature) is Usage.FEW]
        return tuple(sorted(used))

    def sentences(self) -> tuple[str, ...]:
        """Everything that was assumed."""
        said = [sentence for assumed in self.assumed.values() for sentence in assumed.told()]
        said += by_tunnel(self.settings, self.glossary)
        return tuple(dict.fromkeys((*self.inventory.assumptions, *self.enforcement.assumptions, *said)))


def judge_all(legs: Iterable[Leg], policies: Policies) -> Judged:
    """Verdicts on legs, in their order."""
    return {key_of(leg): (leg, judge(leg, policies)) for leg in legs}


def key_of(leg: Leg) -> LegKey:
    """What identifies a leg across releases."""
    return leg.flow.name, leg.source, leg.target
