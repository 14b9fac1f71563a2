"""The plans for the installations of a tree that move: one for each, with its own policies, values and namespace."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate import config, plan
from lhmigrate.bumps import bump, declared_settings
from lhmigrate.declarations import rendered
from lhmigrate.declarations.namespaces import above
from lhmigrate.errors import Problem, Refusal
from lhmigrate.files import kustomize
from lhmigrate.findings.findings import Environment, Fate, Phase
from lhmigrate.findings.wording import several
from lhmigrate.judging import inventory
from lhmigrate.judging.inventory import Coverage, meaning
from lhmigrate.longhorn import hops, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lhmigrate.bumps.bump import Comparison, Pair, Refused
    from lhmigrate.config import Options
    from lhmigrate.declarations.declaration import Declaration
    from lhmigrate.editing.patch import Step
    from lhmigrate.editing.placing import Surroundings
    from lhmigrate.files.sources import Reading
    from lhmigrate.findings.findings import Finding, Plan
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.policy import Policy
    from lhmigrate.model.settings import Settings

_FOLDERS: Final = 3
"""So many folders are named before the rest is counted."""
_SIDE_BY_SIDE: Final = frozenset({"clusters", "environments", "environment", "envs", "env", "overlays", "stages"})
"""What people call a folder with one folder for each cluster."""


class Upgrade(NamedTuple):
    """One installation that moves, and its plan."""

    pair: Pair
    plan: Plan
    steps: tuple[Step, ...] = ()
    """What a patch would edit, where that is wanted."""


class Upgrades(NamedTuple):
    """Everything that a tree's declarations make of a comparison, or of one release that was given."""

    against: str
    """What the tree is compared with: `the merge base with origin/main`; empty: with a release that was given."""
    commit: str
    """Its commit; empty: none."""
    comparison: Comparison
    made: tuple[Upgrade, ...]
    refused: tuple[Refused, ...]
    """What moves, perhaps, and has no plan."""
    coverage: Coverage
    unread: tuple[Problem, ...] = ()
    """What could not be compared."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all plans."""
        return tuple(chain.from_iterable(one.plan.findings for one in self.made))

    @property
    def unclear(self) -> bool:
        """Whether anything may move that has no plan."""
        return bool(self.refused or self.unread)

    @property
    def environments(self) -> tuple[Environment, ...]:
        """What becomes of each: those that move first, then those that may, then all others."""
        compared = self.comparison
        return (
            *(_environment(Fate.MOVES, one.pair.old, one.pair.new, plan=one.plan) for one in self.made),
            *(
                Environment(one.environment, Fate.REFUSED, one.problem.place, reason=one.problem.message)
                for one in self.refused
            ),
            *(_environment(Fate.STAYS, pair.old, pair.new) for pair in compared.staying),
            *(_environment(Fate.NEW, None, one) for one in compared.added),
            *(_environment(Fate.GONE, one, None) for one in compared.removed),
        )


def _environment(
    change: Fate, old: Declaration | None, new: Declaration | None, plan: Plan | None = None
) -> Environment:
    """An installation that was, or is, or both."""
    now = new or old
    if now is None:
        raise ValueError("an installation is there before a change, or after it")
    pins = [one.pin for one in (old, new) if one is not None]
    reason = next((pin.refused.message for pin in reversed(pins) if pin.refused is not None), "")
    if change is Fate.STAYS and not reason and old and new and old.values.given != new.values.given:
        reason = f"its Helm values change; `lhmigrate check --release {new.pin.version}` judges them"
    return Environment(
        now.environment,
        change,
        now.pin.place,
        old=old.pin.version if old else None,
        new=new.pin.version if new else None,
        was=old.environment if old and new and old.environment != new.environment else "",
        shape=now.shape,
        reason=reason,
        values=now.values.sources,
        plan=plan,
    )


class Maker:
    """Makes the plans for one tree.

    `root` is the way to where its files are named from; None: the policies are the ones that the user named, and
    count for every installation. `told` is what was taken for granted while they were looked for. `around` is what a
    patch may touch; None: none is wanted.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        given: Options,
        file: Options,
        reading: Reading,
        root: str | None,
        told: Sequence[str],
        around: Surroundings | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._given = given
        self._file = file
        self._reading = reading
        self._root = root
        self._told = told
        self._around = around
        self._listed: dict[tuple[str, str], bool] = {}

    def plans(self, pairs: Sequence[Pair], every: Sequence[Declaration]) -> tuple[list[Upgrade], list[Refused]]:
        """A plan for each pair, or why there can be none. `every` is all that the tree declares now."""
        made: list[Upgrade] = []
        refused: list[Refused] = []
        for pair, taken, left in chain.from_iterable(self._shares(one, every) for one in pairs):
            try:
                made.append(self._upgrade(pair, taken, left))
            except Refusal as refusal:
                place = refusal.place or pair.new.pin.place
                details = "".join(f" {problem}" for problem in refusal.details)
                refused.append(bump.Refused(pair.environment, Problem(place, f"{refusal.message}{details}")))
        return made, refused

    def _upgrade(self, pair: Pair, taken: Reading, left: Sequence[str]) -> Upgrade:
        old, new = self._catalogue.find(str(pair.old.pin.version)), self._catalogue.find(str(pair.new.pin.version))
        if new.version < old.version:
            raise Refusal(f"from {old} to {new} is a downgrade, and Longhorn cannot be downgraded")
        settings = declared_settings.of(pair, self._given, self._file, self._catalogue)
        found = inventory.judged(inventory.take(taken, settings, [old, new], self._kustomized))
        found, own = _without_own(found, pair.new, new, settings)
        made = plan.make(hops.way(self._catalogue, old, new), found, settings, self._catalogue.glossary)
        told = [pair.new.pin.doubt or pair.old.pin.doubt, *self._told, *left, *own]
        assumptions = dict.fromkeys((*filter(None, told), *made.context.assumptions))
        releases = dict.fromkeys(one for hop in made.hops for one in (hop.old, hop.new))
        by_hand = bool(self._given.values or self._file.values)
        unknown = declared_settings.unknown(pair.new.values, releases, self._catalogue.glossary, by_hand=by_hand)
        made = made._replace(
            findings=(*unknown, *made.findings),
            context=made.context._replace(assumptions=tuple(assumptions)),
        )
        return Upgrade(pair, made, self._steps(pair, made, taken, settings))

    def _steps(self, pair: Pair, plan: Plan, taken: Reading, settings: Settings) -> tuple[Step, ...]:
        """The patch for one installation."""
        if self._around is None:
            return ()
        from lhmigrate.editing import patch  # noqa: PLC0415 - few reports show edits

        start = patch.Installation(
            reading=taken,
            values={},  # Those of a tree stand within other objects, where no edit of ours reaches them.
            settle=lambda _texts: settings,
            kustomized=self._kustomized,
            around=self._around,
            glossary=self._catalogue.glossary,
            ours=lambda found: _without_own(found, pair.new, plan.new, settings)[0],
        )
        return tuple(patch.steps(start, plan.hops, tuple(Phase)))

    def _kustomized(self, file: str) -> tuple[str, str] | None:
        return config.kustomized_to(posixpath.join(self._root or "", file) if self._root != "." else file)

    def _shares(self, pair: Pair, every: Sequence[Declaration]) -> Iterator[tuple[Pair, Reading, list[str]]]:
        """An installation with what was read for it; several times where several clusters have policies beside it.

        What one of them lets in is let in there alone, so together they would be judged as open as nobody is.
        """
        taken, left = self._share(pair.new, every)
        cluster = {one.file: self._cluster(one.file, pair.new) for one in taken.found if one.objects.policies}
        theirs = {
            name: {file for file, other in cluster.items() if other in {None, name} or self._lists(name, file)}
            for name in sorted(filter(None, set(cluster.values())))
        }
        # What another one takes in whole is no cluster, but a part of that.
        clusters = [name for name, files in theirs.items() if not any(files < more for more in theirs.values())]
        home = next(filter(_is_cluster, above(pair.new.file)), None)
        beside = [name for name in clusters if home and posixpath.dirname(name) == posixpath.dirname(home)]
        if home and any(not self._lists(name, pair.new.file) for name in beside):
            # Those beside it may have no Longhorn, and nothing but their names tells that they are clusters.
            theirs[home] = {file for file, other in cluster.items() if other is None}
            clusters = sorted({home, *clusters})
        if self._root is None or len(clusters) < 2:
            yield pair, taken, left
            return
        for name in clusters:
            new = replace(pair.new, environment=f"{pair.environment} (with {name})")
            found = tuple(one for one in taken.found if one.file not in cluster or one.file in theirs[name])
            others = several([other for other in clusters if other != name][:_FOLDERS])
            said = f"the policies in {name} are of another cluster than those in {others}, and are judged without these"
            yield pair._replace(new=new), taken._replace(found=found), [*left, said]

    def _cluster(self, file: str, mine: Declaration) -> str | None:
        """The folder of the cluster or environment that a policy belongs to, as one of several with an installation."""
        own = set(above(mine.file))
        folders = [folder for folder in above(file) if folder not in own]
        listing = [folder for folder in folders if self._lists(folder, mine.file)]
        return next(reversed(listing or [*filter(_is_cluster, folders)]), None)

    def _lists(self, folder: str, file: str) -> bool:
        if (folder, file) not in self._listed:
            here = self._root or "."
            self._listed[folder, file] = kustomize.lists(posixpath.join(here, folder), posixpath.join(here, file))
        return self._listed[folder, file]

    def _share(self, mine: Declaration, every: Sequence[Declaration]) -> tuple[Reading, list[str]]:
        """What was read, without what is nearer to another installation, and a sentence about that."""
        if self._root is None or len(every) < 2:
            return self._reading, []

        def belongs(file: str) -> bool:
            return bump.belongs(file, mine, every)

        found = tuple(one for one in self._reading.found if belongs(one.file))
        unread = tuple(one for one in self._reading.unread if belongs(one.place.file))
        left = dict.fromkeys(
            one.file.rpartition("/")[0] or "." for one in self._reading.found
            if one.objects.policies and not belongs(one.file)
        )  # fmt: skip
        reading = self._reading._replace(found=found, unread=unread)
        if not left:
            return reading, []
        named = [*left][:_FOLDERS]
        more = f"{len(left) - len(named):,} more folders"
        folders = several([*named, more] if len(left) > len(named) else named)
        return reading, [f"the policies in {folders} are nearer to other installations, and are taken to be theirs"]


def _is_cluster(folder: str) -> bool:
    """Whether a folder is one of a cluster or an environment, by the name of the folder that it is in."""
    return posixpath.basename(posixpath.dirname(folder)) in _SIDE_BY_SIDE


def _without_own(found: Inventory, mine: Declaration, new: Release, settings: Settings) -> tuple[Inventory, list[str]]:
    """Longhorn's own policies, where its manifests lie in the tree: the catalogue tells them for both releases."""
    if mine.shape != rendered.SHAPE:
        return found, []
    folder = mine.file.rpartition("/")[0]
    theirs = {
        (one.namespace, one.name): meaning([one])
        for one in shipped.in_force(new, install=settings.install, namespace=settings.namespace, values=settings.values)
    }

    def is_own(policy: Policy) -> bool:
        same = theirs.get((policy.namespace, policy.name))
        beside = policy.place.file.startswith(f"{folder}/") if folder else True
        return beside and same is not None and (policy.owned_by_helm or meaning([policy]) == same)

    kept = tuple(policy for policy in found.policies if not is_own(policy))
    count = len(found.policies) - len(kept)
    if not theirs:
        return found, []
    if not count:
        names = several([name for _, name in theirs])
        return found, [f"{new} brings {names}, and is judged with them, although they are not beside {mine.file}"]
    said = f"{count} of the policies beside {mine.file} are Longhorn's own, and come and go with its release"
    return found._replace(policies=kept), [said]
