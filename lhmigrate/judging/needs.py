"""What single ends of flows must let through and do not: the traffic that a change has to open, end by end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lhmigrate.editing.edits import WRITTEN
from lhmigrate.judging.verdict import doubtful_sides, sides
from lhmigrate.model.cni import Dialect
from lhmigrate.model.http import only
from lhmigrate.model.policy import Direction
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.policies import Policies
    from lhmigrate.judging.verdict import Side
    from lhmigrate.model.endpoints import Endpoint, Pod
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.policy import Policy


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """One end of one leg: its pods must let these ports through to or from the other end, and do not, or may not."""

    leg: Leg
    direction: Direction
    ports: Ports
    pods: tuple[Pod, ...]
    """The guises of the end that is isolated, those that cut something."""
    peers: tuple[Endpoint, ...]
    """The guises of the other end that are cut."""
    policies: tuple[Policy, ...]
    """What isolates those pods, or may."""

    @property
    def own(self) -> str:
        """The component that must let it through."""
        return self.pods[0].name

    @property
    def peer(self) -> str:
        """Who is at the other end."""
        return self.peers[0].name


def needs(cut: Iterable[tuple[Leg, Ports]], policies: Policies) -> Iterator[Need]:
    """For legs with the ports that are cut: what their ends have to let through, one after the other."""
    for leg, ports in cut:
        yield from _of_leg(leg, ports, sides(leg, policies))


def doubts(in_doubt: Iterable[tuple[Leg, Ports]], policies: Policies) -> Iterator[Need]:
    """For legs with ports that nobody can tell of: what policies that could not be read may keep their ends from."""
    for leg, ports in in_doubt:
        yield from _of_leg(leg, ports, doubtful_sides(leg, policies))


def _of_leg(leg: Leg, ports: Ports, sides: Iterable[Side]) -> Iterator[Need]:
    found = [side for side in sides if side.ports.meets(ports)]
    for direction in dict.fromkeys(side.direction for side in found):
        mine = [side for side in found if side.direction is direction]
        missing = NO_PORT
        for side in mine:
            missing |= side.ports & ports
        yield Need(
            leg=leg,
            direction=direction,
            ports=missing,
            pods=tuple(dict.fromkeys(side.own for side in mine)),
            peers=tuple(dict.fromkeys(side.peer for side in mine)),
            policies=tuple(dict.fromkeys(policy for side in mine for policy in side.policies)),
        )


def dialect_of(needs: Iterable[Need]) -> Dialect:
    """The dialect in which a user would write what lets these through: that of the first policy that isolates."""
    policies = (policy for need in needs for policy in need.policies if not policy.shipped_by)
    return next((policy.dialect for policy in policies if policy.dialect in WRITTEN), Dialect.KUBERNETES)


def http_of(leg: Leg, direction: Direction, dialect: Dialect) -> tuple[HttpRule, ...] | None:
    """The requests to which a rule in that dialect can keep what is let in; None: it is for whole ports.

    Who asks for single paths only, of a whole API, should get no more of it. Of the dialects that are written, only
    Cilium's looks into HTTP (Documentation/security/policy/layer7.rst).
    """
    return only(leg.requests) if dialect is Dialect.CILIUM and direction is Direction.INGRESS else None


def http_alone(needs: Iterable[Need], dialect: Dialect) -> tuple[HttpRule, ...] | None:
    """The requests to which a rule in that dialect can keep all of these; None: it is for whole ports."""
    found = {http_of(need.leg, need.direction, dialect) for need in needs}
    return found.pop() if len(found) == 1 else None
