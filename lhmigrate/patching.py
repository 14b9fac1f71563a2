"""Makes a patch: which hops and phases, and what becomes of it on disk and in git."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lhmigrate import hops
from lhmigrate import patch as patches
from lhmigrate.errors import Refusal
from lhmigrate.findings import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.catalogue import Catalogue
    from lhmigrate.findings import Hop
    from lhmigrate.patch import Installation, Step
    from lhmigrate.release import Release


class Wanted(NamedTuple):
    """What the command line says of a patch."""

    hop: int | None = None
    """Counted from 1; None: the next one."""
    all_hops: bool = False
    phases: str = "before"
    """`before`, `after` or `both`."""


class Done(NamedTuple):
    """A patch, and whether it was written."""

    steps: tuple[Step, ...]
    written: bool = False
    commits: tuple[str, ...] = ()

    @property
    def something_to_do(self) -> bool:
        """Whether anything is left to do: edits that were only shown, or what nobody but the user can do."""
        return any(step.undone or (step.made and not self.written) for step in self.steps)


def patch(catalogue: Catalogue, old: Release, new: Release, start: Installation, wanted: Wanted) -> Done:
    """Works the steps out, and writes and commits them where that is wanted."""
    way = _chosen(hops.path(catalogue, old, new), wanted)
    phases = tuple(Phase) if wanted.phases == "both" else (Phase(wanted.phases),)
    steps = tuple(patches.steps(start, way, phases))
    return Done(steps)


def _chosen(way: Sequence[Hop], wanted: Wanted) -> Sequence[Hop]:
    if wanted.all_hops and wanted.hop is not None:
        raise Refusal("--hop and --all-hops contradict each other; say one of them")
    if wanted.all_hops or not way:
        return way
    number = wanted.hop or 1
    if not 1 <= number <= len(way):
        told = "one hop" if len(way) == 1 else f"{len(way)} hops"
        raise Refusal(f"this way has {told}, so there is no hop {number}")
    return way[number - 1 : number]
