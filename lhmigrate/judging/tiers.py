"""Calico's tiers as the user's files declare them, and the policies that wait for one.

A tier that is not declared may be asked before or after any other. So its policies are read as if they came first,
perhaps; once its declaration is there, they get their place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.model.policy import Tier, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.model.policy import Policy


class Declared(NamedTuple):
    """A Tier object."""

    tier: Tier
    passes: bool
    """Whether what none of its rules decides goes on, although a policy of it selects the pod."""


def put_in_place(policies: Iterable[Policy], declared: Iterable[Declared]) -> tuple[Policy, ...]:
    """The policies with their tiers where those are. A tier that is declared in two ways is not."""
    by_name: dict[str, set[Declared]] = {}
    for one in declared:
        by_name.setdefault(one.tier.name, set()).add(one)
    known = {name: ones.pop() for name, ones in by_name.items() if len(ones) == 1}
    return tuple(
        _placed(policy, known[policy.tier.name]) if policy.tier.name in known else policy for policy in policies
    )


def _placed(policy: Policy, declared: Declared) -> Policy:
    waiting = unplaced(policy.place, policy.tier)
    if waiting not in policy.unread:
        return policy  # It is one of those that are always there.
    return replace(
        policy,
        tier=declared.tier,
        isolates=frozenset() if declared.passes else policy.isolates,
        unread=tuple(problem for problem in policy.unread if problem != waiting),
    )
