"""What a plan is about where --from or --to is not given: the tree's own declarations tell which versions it is.

With neither, the work tree is compared with a base commit. With one of them, that release is compared with what the
tree declares now. PATHs name the policies to judge; where they hold declarations, only those are looked at.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.bumps import bump, declared_settings, hints, upgrades
from lhmigrate.declarations import declared
from lhmigrate.declarations.charts import own
from lhmigrate.declarations.declaration import Pin
from lhmigrate.declarations.tree import Tree
from lhmigrate.editing.around import Around
from lhmigrate.errors import Problem, Refusal
from lhmigrate.files import sources
from lhmigrate.files.scan import DECLARATIONS, ENDINGS, POLICIES, STDIN_NAME, Scan, mentions
from lhmigrate.git.checkout import Checkout, base
from lhmigrate.git.gitcommand import Git
from lhmigrate.judging import inventory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.bumps.bump import Comparison
    from lhmigrate.bumps.upgrades import Upgrades
    from lhmigrate.config import Options
    from lhmigrate.declarations.declaration import Declaration
    from lhmigrate.files.scan import Candidate
    from lhmigrate.longhorn.catalogue import Catalogue


class Asked(NamedTuple):
    """What the command line says of the versions."""

    old: str | None
    new: str | None
    base: str | None


class Found(NamedTuple):
    """What the tree declares, against what it is compared, and what is to be judged."""

    comparison: Comparison
    against: str
    commit: str
    policies: Scan
    charts: frozenset[str] = frozenset()
    """Folders that hold Longhorn's own chart."""
    unread: tuple[Problem, ...] = ()


def make(
    asked: Asked, root: str | None, paths: Sequence[str], scans: tuple[Scan, Scan], catalogue: Catalogue,
    options: tuple[Options, Options], *, edits: bool = False,
) -> Upgrades:  # fmt: skip
    """The plans, with what a patch would edit where `edits` are wanted.

    `scans` are of the policies and of the declarations, `options` the command line's and the file's.
    """
    here = root or "."
    tree = _from_root(scans[1], here)
    policies = scans[0] if paths else _from_root(scans[0], here)
    if asked.old is None and asked.new is None:
        known = frozenset(map(str, catalogue.versions))
        found = _by_git(asked.base, root, policies, tree, known, own_paths=bool(paths))
    elif asked.base is not None:
        raise Refusal("--base compares versions that the tree declares; leave out --from and --to, or --base")
    else:
        found = _by_hand(asked, root, policies, tree, catalogue)
    if not paths:
        found = found._replace(policies=_of_policies(found.policies))
    comparison = found.comparison.below([os.path.relpath(path, here) for path in paths])
    given, file = options
    read, told = _without_templates(found)
    reading = sources.read(read, declared_settings.concerning(comparison.moving, given, file, catalogue))
    around = (Around(paths) if paths else Around([here], here)) if edits else None
    maker = upgrades.Maker(catalogue, given, file, reading, here if not paths else None, told, around)
    made, refused = maker.plans(comparison.moving, comparison.now)
    return upgrades.Upgrades(
        against=found.against,
        commit=found.commit,
        comparison=comparison,
        made=tuple(made),
        refused=(*comparison.refused, *refused),
        coverage=inventory.coverage(reading),
        unread=found.unread,
    )


def _without_templates(found: Found) -> tuple[Scan, list[str]]:
    """What there is to judge, without the templates of Longhorn's own chart, and a sentence about that."""
    theirs = {folder: posixpath.join(folder, "templates/") for folder in sorted(found.charts)}
    kept = [one for one in found.policies.found if not one.file.startswith(tuple(theirs.values()))]
    left = [
        f"what is in {templates} is Longhorn's own chart, whose policies the catalogue tells"
        for templates in theirs.values()
        if any(one.file.startswith(templates) for one in found.policies.found)
    ]
    return found.policies._replace(found=kept), left


def _from_root(scan: Scan, root: str) -> Scan:
    """The same, with files named as git and reviews name them: from the root of the checkout."""

    def name(file: str) -> str:
        return file if file == STDIN_NAME else os.path.relpath(file, root)

    found = [one._replace(file=name(one.file)) for one in scan.found]
    unread = [Problem(one.place._replace(file=name(one.place.file)), one.message) for one in scan.unread]
    return scan._replace(found=found, unread=unread)


def _by_git(
    wanted: str | None, root: str | None, policies: Scan, tree: Scan, releases: frozenset[str], *, own_paths: bool
) -> Found:
    if root is None:
        raise Refusal("this is no git checkout, so nothing tells which versions change; pass --from and --to")
    against = base(Git(root), wanted, os.environ)
    checkout = Checkout(root, against)
    before, now = checkout.trees([one for one in tree.found if _declares(one)])
    was, is_now = declared(before), declared(now)
    comparison = bump.compare(was, is_now, checkout.renamed, now.unparsed)
    told = {str(one.pin.version) for pair in comparison.moving for one in pair}
    read = {place for one in (*was, *is_now) for place in bump.folders(one)}
    # What fills in a version may stand in the very file that asks for it.
    read -= {one.pin.place.file for pair in comparison.staying for one in pair if one.pin.version is None}
    named = hints.of(is_now, now)
    changes = checkout.changes([hint.name for hint in named])
    suspects = bump.suspects(changes, frozenset(read), frozenset(told), named, releases)
    if not own_paths:
        policies = _of_checkout(policies, checkout)
    comparison = comparison._replace(refused=(*comparison.refused, *suspects))
    return Found(comparison, against.told, against.commit, policies, own(now), tuple(checkout.unread))


def _of_checkout(scan: Scan, checkout: Checkout) -> Scan:
    """What belongs to the work tree, by the names that git has for it: ignored files are nobody's declaration."""
    found = [one._replace(file=name) for one in scan.found if (name := checkout.tracked(one.file)) is not None]
    unread = [problem for problem in scan.unread if checkout.concerns(problem.place.file)]
    return scan._replace(found=found, unread=unread)


def _declares(one: Candidate) -> bool:
    return mentions(one.data, DECLARATIONS.words)


def _of_policies(scan: Scan) -> Scan:
    """Of files that were looked for because of policies or declarations, those that may hold policies."""

    def is_one(one: Candidate) -> bool:
        return one.file.endswith(ENDINGS) and mentions(one.data.replace(b"\0", b""), POLICIES.words)

    return scan._replace(found=[one for one in scan.found if is_one(one)])


def _by_hand(asked: Asked, root: str | None, policies: Scan, tree: Scan, catalogue: Catalogue) -> Found:
    """What the tree declares, against the one release that was given."""
    texts = {one.file: one.data.decode("utf-8-sig", "replace") for one in tree.found if _declares(one)}
    now = Tree(texts, lambda file: _read(Path(root or ".", file)))
    known = declared(now)
    if not known:
        missing = "--from" if asked.old is None else "--to"
        raise Refusal(f"no file here tells which Longhorn is installed, so pass {missing} too")
    release = catalogue.find(str(asked.old or asked.new))
    told = [one for one in known if one.pin.version is not None]
    refused = [bump.Refused(one.environment, one.pin.refused) for one in known if one.pin.refused is not None]

    def given(one: Declaration) -> Declaration:
        return replace(one, pin=Pin(one.pin.place, str(release), release.version))

    pairs = [bump.Pair(given(one), one) if asked.old is not None else bump.Pair(one, given(one)) for one in told]
    comparison = bump.Comparison(
        now=known,
        moving=tuple(pair for pair in pairs if pair.moves),
        staying=tuple(pair for pair in pairs if not pair.moves),
        refused=tuple(refused),
    )
    return Found(comparison, "", "", policies, own(now))


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None
