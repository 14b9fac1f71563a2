"""Makes a patch: which hops and phases, and what becomes of it on disk and in git."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.editing import patch as patches
from lhmigrate.errors import Place, Problem, Refusal
from lhmigrate.findings.findings import Phase
from lhmigrate.longhorn import hops
from lhmigrate.reports.patch import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lhmigrate.editing.patch import Changed, Installation, Step
    from lhmigrate.files.writer import FileChange
    from lhmigrate.findings.findings import Hop
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Glossary, Release


class Wanted(NamedTuple):
    """What the command line says of a patch."""

    hop: int | None = None
    """Counted from 1; None: the next one."""
    all_hops: bool = False
    phases: str = "before"
    """`before`, `after` or `both`."""
    write: bool = False
    allow_dirty: bool = False
    """Also change files whose present content git could not give back."""
    commit: bool = False
    branch: str | None = None
    """Where commits go: a new branch; None: the current one."""


class Done(NamedTuple):
    """A patch, and whether it was written."""

    steps: tuple[Step, ...]
    written: bool = False
    commits: tuple[str, ...] = ()

    @property
    def something_to_do(self) -> bool:
        """Whether anything is left to do: edits that were only shown, or what nobody but the user can do."""
        return any(
            step.undone or (step.made and not self.written) or any(hurt.worries for hurt in step.doubts)
            for step in self.steps
        )


def patch(catalogue: Catalogue, old: Release, new: Release, start: Installation, wanted: Wanted) -> Done:
    """Works the steps out, and writes and commits them where that is wanted."""
    way = _chosen(hops.way(catalogue, old, new).hops, wanted)
    phases = tuple(Phase) if wanted.phases == "both" else (Phase(wanted.phases),)
    steps = tuple(patches.steps(start, way, phases))
    changed = patches.joined(steps)
    if not wanted.write or not changed:
        return Done(steps, written=wanted.write)
    return Done(steps, written=True, commits=_write(steps, changed, wanted, catalogue.glossary))


def _write(steps: tuple[Step, ...], changed: Sequence[Changed], wanted: Wanted, glossary: Glossary) -> tuple[str, ...]:
    """Writes everything at once; with commits, one step after the other."""
    from lhmigrate.files import writer  # noqa: PLC0415 - a preview needs neither
    from lhmigrate.git import repository  # noqa: PLC0415 - a preview needs neither

    files = [one.file for one in changed]
    if not wanted.allow_dirty and (dirty := repository.uncommitted(files)):
        raise Refusal(
            "has uncommitted changes, which an edit would mix with; commit or stash them, or pass --allow-dirty",
            Place(dirty[0]),
            tuple(Problem(Place(file), "has uncommitted changes, too") for file in dirty[1:]),
        )
    if not wanted.commit:
        writer.replace_all(_as_bytes(changed))
        return ()
    repository.ready(files, wanted.branch)
    commits: list[str] = []
    for step in steps:
        if step.changed:
            writer.replace_all(_as_bytes(step.changed))
            made = repository.commit([one.file for one in step.changed], message(step, glossary), wanted.branch)
            commits += [one.id for one in made]
    return tuple(commits)


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


def _as_bytes(changed: Iterable[Changed]) -> list[FileChange]:
    """Changes as bytes: those on the disk, and those that should be there. A byte order mark stays where it was.

    Raises `Refusal` where a file is not any more what was read.
    """
    from lhmigrate.files.writer import FileChange  # noqa: PLC0415 - a preview does not need it

    return [FileChange(one.file, *_bytes(one)) for one in changed]


def _bytes(one: Changed) -> tuple[bytes | None, bytes]:
    if one.before is None:
        return None, one.after.encode("utf-8")
    try:
        data = Path(one.file).read_bytes()
    except OSError as error:
        raise Refusal(f"cannot be read again: {error.strerror}", Place(one.file)) from None
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    if data != mark + one.before.encode("utf-8"):
        raise Refusal("was changed while it was looked at; run this again", Place(one.file))
    return data, mark + one.after.encode("utf-8")
