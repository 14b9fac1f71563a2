"""The steps in which Longhorn lets itself be upgraded: at most one minor release at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.errors import Refusal
from lhmigrate.findings.findings import Hop, Way

if TYPE_CHECKING:
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release


def way(catalogue: Catalogue, old: Release, new: Release) -> Way:
    """The way from one release to another, by the newest patch release of each minor one between.

    Refuses a downgrade, and a way that no known release leads.
    """
    if new.version < old.version:
        raise Refusal(f"{old} to {new} is a downgrade, and Longhorn cannot be downgraded; swap --from and --to")
    hops: list[Hop] = []
    here = old
    while here.version != new.version:
        step = new if new.accepts(here.version) else _next(catalogue, here, new)
        hops.append(Hop(here, step))
        here = step
    return Way(old, new, tuple(hops))


def _next(catalogue: Catalogue, here: Release, goal: Release) -> Release:
    """The newest release below the goal that accepts where we are, in the furthest minor release that does."""
    lines = sorted({version.line for version in catalogue.versions if here.version.line < version.line < goal.version})
    for line in reversed(lines):
        newest = catalogue.newest(line)
        if newest is not None:
            step = catalogue.release(newest)
            if step.accepts(here.version) and step.version < goal.version:
                return step
    raise Refusal(f"the catalogue knows no release that leads from {here} towards {goal}; see `lhmigrate releases`")
