"""A whole set of policies for one release: one for each component, in both directions, and only what it needs.

Every rule is there for flows that no other rule lets through. So taking one out blocks exactly these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.editing.edits import Allowance
from lhmigrate.editing.naming import Names, Unnameable
from lhmigrate.editing.tongue import own_dialect
from lhmigrate.errors import Place, Refusal
from lhmigrate.judging.cluster import Cluster, Leg
from lhmigrate.judging.needs import http_of
from lhmigrate.longhorn import shipped
from lhmigrate.longhorn.release import EndpointKind, Usage
from lhmigrate.model.cni import NATIVE, Dialect
from lhmigrate.model.endpoints import Endpoint, Entity, Host
from lhmigrate.model.labels import Match, Selector
from lhmigrate.model.peers import EVERYONE, Part, Peer, Pods
from lhmigrate.model.policy import Direction, Rule
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lhmigrate.longhorn.release import Glossary, Release
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.settings import Settings

_NOWHERE: Final = Place("(generated)")


class Wide(NamedTuple):
    """A leg whose rule is for more than its end, and why."""

    leg: Leg
    reason: str
    can_be_said: bool
    """Whether the user can say what narrows it."""


class Opening(NamedTuple):
    """One rule, and what it is for."""

    allowance: Allowance
    legs: tuple[Leg, ...]
    """Those that do not pass without it."""
    wide: tuple[Wide, ...]
    """Those of them for which it is wider than it might be."""


class LeftOut(NamedTuple):
    """A leg without a rule of its own at one end, because the rule would have to be for everyone."""

    leg: Leg
    direction: Direction
    reason: str


class Generated(NamedTuple):
    """The policy of one component. A direction without openings is closed."""

    component: str
    selects: Selector
    openings: tuple[Opening, ...]
    left_out: tuple[LeftOut, ...]
    exempt: tuple[Leg, ...]
    """What passes whatever a policy says."""

    @property
    def name(self) -> str:
        """Longhorn's own policies have the names of components, and Helm wants those for itself."""
        return f"allow-{self.component}"


class PolicySet(NamedTuple):
    """The policies of all components, and what to know before they are applied."""

    release: Release
    dialect: Dialect
    policies: tuple[Generated, ...]
    unselected: tuple[str, ...]
    """Components that no label tells from the others, so that no policy can select just them."""
    off_network: tuple[str, ...]
    """Flows that leave the cluster network, where no NetworkPolicy sees them."""
    shipped: tuple[str, ...]
    """The release's own policies that are in force beside these."""
    switches: Mapping[str, bool]
    """Helm values under which it does not install them."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """All that was left out."""
        return tuple(one for policy in self.policies for one in policy.left_out)

    @property
    def wide(self) -> tuple[Wide, ...]:
        """All that is wider than it might be."""
        return tuple(one for policy in self.policies for opening in policy.openings for one in opening.wide)

    @property
    def something_to_do(self) -> bool:
        """Whether there is something to say that would make it complete, or narrower."""
        return bool(self.left_out) or any(one.can_be_said for one in self.wide)


def spoken(settings: Settings, wanted: Dialect | None) -> tuple[Dialect, Settings]:
    """The dialect of a set, and the settings with the plugin that enforces it. Raises `Refusal` where it does not.

    Who says nothing gets what people write on their network plugin; who asks for a plugin's own dialect runs it.
    """
    if wanted is None:
        return own_dialect(settings.cni), settings
    if settings.cni.name == "unknown" and wanted in NATIVE:
        settings = replace(settings, cni=NATIVE[wanted])
    if settings.cni.enforces and wanted not in settings.cni.enforces:
        raise Refusal(
            f"{settings.cni.name} does not enforce policies of {wanted.value}'s kinds: leave --dialect out, or pass "
            f"the --cni that you run"
        )
    return wanted, settings


def make(release: Release, glossary: Glossary, settings: Settings, dialect: Dialect = Dialect.KUBERNETES) -> PolicySet:
    """The policies for one release, as this installation uses it."""
    maker = _Maker(release, glossary, settings, dialect)
    policies: list[Generated] = []
    unselected: list[str] = []
    for component in release.components:
        try:
            policies.append(maker.policy(component))
        except Unnameable:
            unselected.append(component)
    beside = shipped.in_force(release, install=settings.install, namespace=settings.namespace, values=settings.values)
    names = tuple(policy.name for policy in beside)
    return PolicySet(
        release=release,
        dialect=dialect,
        policies=tuple(policies),
        unselected=tuple(unselected),
        off_network=tuple(
            flow.name
            for flow in release.flows.values()
            if any(settings.values.get(path) for path in flow.off_network_with)
        ),
        shipped=names,
        switches=shipped.switches(release, names) if settings.install == "helm" else {},
    )


class _Need(NamedTuple):
    """What one end of a leg has to let through."""

    leg: Leg
    ends: tuple[Endpoint, ...]
    """The other end, in all its guises."""
    peers: tuple[Peer, ...]
    """How a rule names it; none at all: everyone."""
    http: tuple[HttpRule, ...] | None = None
    """The requests to which a rule can keep it; None: it is for whole ports."""
    wide: Wide | None = None
    left_out: LeftOut | None = None
    """What to say of it if no rule for somebody else meets it: it has none of its own."""

    @property
    def same_end(self) -> object:
        """Equal for needs that one rule can be for."""
        return self.peers, self.http


class _Draft(NamedTuple):
    """A rule that is yet to be written, and what it was made for."""

    rule: Rule
    needs: tuple[_Need, ...]


class _Maker:
    def __init__(self, release: Release, glossary: Glossary, settings: Settings, dialect: Dialect) -> None:
        self._dialect = dialect
        self._release = release
        self._glossary = glossary
        self._settings = settings
        self._names = Names([release], settings, dialect)
        cluster = Cluster(settings, glossary, namespaces={}, keys=frozenset(), assumed={}, releases=[release])
        self._legs = [leg for leg in cluster.legs(release) if cluster.usage(leg.flow) is not Usage.FEW]

    def policy(self, component: str) -> Generated:
        """One component's policy. Raises `Unnameable` where no policy can select it and nothing else."""
        selects = self._names.selector(component)
        openings: list[Opening] = []
        left_out: list[LeftOut] = []
        exempt: list[Leg] = []
        for direction in Direction:
            needs: list[_Need] = []
            for leg in self._legs:
                if component != (leg.target if direction is Direction.INGRESS else leg.source):
                    continue
                need = self._need(leg, direction)
                if need is None:
                    exempt.append(leg)
                else:
                    needs.append(need)
            drafts = _fewest([one for one in needs if one.left_out is None], direction, self._settings.namespace)
            unmet = _unmet(needs, drafts, self._settings.namespace)
            left_out += [one.left_out for one in unmet if one.left_out is not None]
            met = [one for one in needs if one not in unmet]
            openings += [_opening(one, drafts, met, self._settings.namespace) for one in drafts]
        return Generated(component, selects, tuple(openings), tuple(left_out), tuple(exempt))

    def _need(self, leg: Leg, direction: Direction) -> _Need | None:
        """What a rule has to say for one leg; None: nothing, it passes anyway."""
        ends = leg.senders if direction is Direction.INGRESS else leg.receivers
        if all(isinstance(end, Host) and end.exempt is Match.YES for end in ends):
            return None
        try:
            peers = tuple(dict.fromkeys(peer for end in ends for peer in self._names.peers(end, direction)))
            return _Need(leg, ends, peers, http_of(leg, direction, self._dialect))
        except Unnameable as error:
            return self._unnamed(leg, direction, ends, error.reason)

    def _unnamed(self, leg: Leg, direction: Direction, ends: tuple[Endpoint, ...], reason: str) -> _Need:
        """What to do about an end that no peer means and nobody else.

        A node or the API server is let in by a rule for everyone, as Longhorn's own policies do, because nothing works
        without it. Nobody else is: behind those ports is an API that asks for no password.
        """
        ingress = direction is Direction.INGRESS
        name = leg.source if ingress else leg.target
        if name in self._release.components:
            return _Need(leg, ends, (Pods(Selector()),), wide=Wide(leg, reason, can_be_said=False))
        rare = any(self._glossary.features[feature].usage is Usage.FEW for feature in leg.flow.features)
        if ingress and (rare or not all(isinstance(end, Host) for end in ends)):
            return _Need(leg, ends, (), left_out=LeftOut(leg, direction, reason))
        if self._glossary.kind(name) is EndpointKind.INTERNET:
            anywhere = Wide(leg, f"{self._glossary.called(name)} may be anywhere", can_be_said=False)
            return _Need(leg, ends, (Part(Entity.WORLD),) if self._dialect is Dialect.CILIUM else (), wide=anywhere)
        known = self._settings.cni.name != "unknown"
        hidden = known and any(isinstance(end, Host) and end.by_address is not Match.YES for end in ends)
        return _Need(leg, ends, (), wide=Wide(leg, reason, can_be_said=not hidden))


def _fewest(needs: Sequence[_Need], direction: Direction, namespace: str) -> list[_Draft]:
    """The fewest rules for these needs that name each end by itself, in the order of the needs."""
    drafts = _joined(needs, direction)
    for draft in sorted(drafts, key=lambda one: one.rule.peers == EVERYONE):
        others = [one for one in drafts if one is not draft]
        if not _unmet(needs, others, namespace):
            drafts = others
    return drafts


def _opening(draft: _Draft, drafts: Sequence[_Draft], needs: Sequence[_Need], namespace: str) -> Opening:
    """A rule with those needs, of all that are met, that are not without it."""
    alone = _unmet(needs, [one for one in drafts if one is not draft], namespace)
    wide = tuple(need.wide for need in draft.needs if need.wide is not None)
    allowance = Allowance(draft.rule.direction, draft.needs[0].peers, draft.rule.ports, draft.rule.http)
    return Opening(allowance, tuple(need.leg for need in alone), wide)


def _joined(needs: Iterable[_Need], direction: Direction) -> list[_Draft]:
    """One rule for each need, or for all needs of the same peers whose ports meet: apart, each would be in vain."""
    drafts: list[_Draft] = []
    for need in needs:
        ports = need.leg.ports
        together: tuple[_Need, ...] = (need,)
        for other in [one for one in drafts if one.needs[0].same_end == need.same_end and one.rule.ports.meets(ports)]:
            drafts.remove(other)
            ports, together = other.rule.ports | ports, (*other.needs, *together)
        drafts.append(_Draft(Rule(direction, need.peers or EVERYONE, ports, _NOWHERE, http=need.http), together))
    return drafts


def _unmet(needs: Iterable[_Need], drafts: Sequence[_Draft], namespace: str) -> list[_Need]:
    """The needs that these rules do not certainly meet."""
    return [need for need in needs if any(_left(need, end, drafts, namespace) for end in need.ends)]


def _left(need: _Need, end: Endpoint, drafts: Sequence[_Draft], namespace: str) -> Ports:
    covered = NO_PORT
    for one in drafts:
        if one.rule.ports.meets(need.leg.ports) and _lets_through(one.rule, need, end, namespace):
            covered |= one.rule.ports
    return need.leg.ports - covered


def _lets_through(rule: Rule, need: _Need, end: Endpoint, namespace: str) -> bool:
    """Whether it certainly admits that end, with all that it asks for."""
    return rule.admits(end, namespace) is Match.YES and rule.lets_through(need.leg.requests) is Match.YES
