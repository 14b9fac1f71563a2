"""What a change does to the versions that a tree declares: the same installations before and after, side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.declarations import spelling
from lhmigrate.declarations.declaration import BY_HAND
from lhmigrate.declarations.tree import shared
from lhmigrate.errors import Place, Problem
from lhmigrate.model.values import MANAGER_TAG, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from lhmigrate.declarations.declaration import Declaration


class Pair(NamedTuple):
    """One installation before and after."""

    old: Declaration
    new: Declaration

    @property
    def environment(self) -> str:
        """The name it has now."""
        return self.new.environment

    @property
    def moves(self) -> bool:
        """Whether its version changes, or may."""
        old, new = self.old.pin, self.new.pin
        if old.version is not None and new.version is not None:
            return old.version != new.version
        return old.version != new.version or old.written != new.written

    @property
    def image(self) -> Problem | None:
        """Why Longhorn may move although its chart stays: the Helm value moves that says which image is taken."""
        gone, come = (Values(one.values.given).get(MANAGER_TAG) or None for one in (self.old, self.new))
        if self.moves or _meant(gone, self.old) == _meant(come, self.new):
            return None
        was, now = ("the chart's own" if tag is None else str(tag) for tag in (gone, come))
        why = f"the Helm value {MANAGER_TAG} moves from {was} to {now}, and the chart's version stays"
        return Problem(next(reversed(self.new.values.sources), self.new.pin.place), f"{why}; {BY_HAND}")

    @property
    def refused(self) -> Problem | None:
        """Why the versions cannot both be told."""
        old, new = self.old.pin, self.new.pin
        if new.refused is not None:
            return new.refused
        if old.refused is not None:
            why = f"the version is {new.version} now, and what it was cannot be told: {old.refused}"
            return Problem(new.place, why)
        return None


def _meant(tag: object, by: Declaration) -> object:
    """The release that a tag of the managers' image means; where there is none, that of the chart."""
    found = by.pin.version if tag is None else spelling.version(str(tag))
    return tag if isinstance(found, str) else found


class Refused(NamedTuple):
    """An installation that moves, perhaps, and why no plan can be made for it."""

    environment: str
    problem: Problem


class Comparison(NamedTuple):
    """Everything that a tree declares, by what becomes of it."""

    now: tuple[Declaration, ...] = ()
    """All that it declares after the change."""
    moving: tuple[Pair, ...] = ()
    staying: tuple[Pair, ...] = ()
    refused: tuple[Refused, ...] = ()
    added: tuple[Declaration, ...] = ()
    removed: tuple[Declaration, ...] = ()
    elsewhere: tuple[Declaration, ...] = ()
    """What was not looked at, because it is not below the paths that were given."""

    def below(self, tops: Sequence[str]) -> Comparison:
        """Only what is declared in or below one of the paths, if anything is: paths may be of policies alone."""

        def inside(file: str) -> bool:
            return any(top in {".", file} or file.startswith(f"{top}/") for top in tops)

        if not any(inside(one.file) for one in self.now):
            return self
        return self._replace(
            moving=tuple(pair for pair in self.moving if inside(pair.new.file)),
            staying=tuple(pair for pair in self.staying if inside(pair.new.file)),
            refused=tuple(one for one in self.refused if inside(one.problem.place.file)),
            added=tuple(one for one in self.added if inside(one.file)),
            removed=tuple(one for one in self.removed if inside(one.file)),
            elsewhere=tuple(one for one in self.now if not inside(one.file)),
        )


_SAME: Final[Mapping[str, str]] = MappingProxyType({})
_READ: Final[Mapping[str, Problem]] = MappingProxyType({})


def compare(
    base: Sequence[Declaration],
    head: Sequence[Declaration],
    renamed: Mapping[str, str] = _SAME,
    unparsed: Mapping[str, Problem] = _READ,
) -> Comparison:
    """Finds each installation on both sides.

    `renamed` tells what a file was called before, and `unparsed` which ones cannot be read any more: what they declared
    is not gone.
    """
    pairs = _paired(base, head, renamed)
    was, now = {id(pair.old) for pair in pairs}, {id(pair.new) for pair in pairs}
    missing = [one for one in base if id(one) not in was]
    removed = [one for one in missing if one.file not in unparsed]
    added = [one for one in head if id(one) not in now]
    refused = [Refused(pair.environment, pair.refused) for pair in pairs if pair.moves and pair.refused is not None]
    refused += [Refused(pair.environment, pair.image) for pair in pairs if pair.image is not None]
    refused += [Refused(one.environment, unparsed[one.file]) for one in missing if one.file in unparsed]
    if added and removed:
        # Were one gone and one new, they would be a pair: here nobody can tell which is which.
        gone = " and ".join(f"{one.environment} ({one.pin.written})" for one in removed)
        why = f"is declared here now, and may be what was declared before in {gone}; {BY_HAND}"
        refused += [Refused(one.environment, Problem(one.pin.place, why)) for one in added]
        added = []
    return Comparison(
        now=tuple(head),
        moving=tuple(pair for pair in pairs if pair.moves and pair.refused is None),
        staying=tuple(pair for pair in pairs if not pair.moves and pair.image is None),
        refused=tuple(refused),
        added=tuple(added),
        removed=tuple(removed),
    )


def _paired(base: Sequence[Declaration], head: Sequence[Declaration], renamed: Mapping[str, str]) -> list[Pair]:
    """By ever weaker likenesses, each only where it leaves no choice."""

    def before(one: Declaration) -> str:
        return renamed.get(one.file, one.file)

    likenesses: tuple[tuple[Callable[[Declaration], Hashable], Callable[[Declaration], Hashable]], ...] = (
        (lambda one: one.environment, lambda one: one.environment),
        (lambda one: (one.file, one.name), lambda one: (before(one), one.name)),
        (lambda one: one.file, before),
        (lambda one: (one.shape, one.name, one.namespace), lambda one: (one.shape, one.name, one.namespace)),
        # One is gone and one is new: Longhorn moved from one tool to another.
        (lambda _: None, lambda _: None),
    )
    found: dict[int, Pair] = {}
    old, new = list(base), list(head)
    for of_old, of_new in likenesses:
        theirs, ours = _by(old, of_old), _by(new, of_new)
        for key, several in ours.items():
            if len(several) == len(theirs.get(key, ())) == 1:
                found[id(several[0])] = Pair(theirs[key][0], several[0])
        taken = {id(pair.old) for pair in found.values()}
        old = [one for one in old if id(one) not in taken]
        new = [one for one in new if id(one) not in found]
    return [found[id(one)] for one in head if id(one) in found]


def _by(
    declarations: Iterable[Declaration], likeness: Callable[[Declaration], Hashable]
) -> dict[Hashable, list[Declaration]]:
    found: dict[Hashable, list[Declaration]] = defaultdict(list)
    for one in declarations:
        found[likeness(one)].append(one)
    return found


def folders(one: Declaration) -> tuple[str, ...]:
    """The files that an installation is told in, by which other files are near to it or far."""
    sources = (place.file for place in one.values.sources)
    return tuple(dict.fromkeys((one.file, one.pin.place.file, *one.parts, *sources)))


def belongs(file: str, to: Declaration, among: Iterable[Declaration]) -> bool:
    """Whether no other installation is nearer to a file: none shares a longer way down from the top with it."""

    def nearness(one: Declaration) -> int:
        return max(shared(file, told) for told in folders(one))

    mine = nearness(to)
    return all(nearness(other) <= mine for other in among)


class Change(NamedTuple):
    """A file before and after; None where it was not there."""

    file: str
    old: str | None
    new: str | None


_VERSION: Final = re.compile(r"(?<![\w.-])v?\d{1,3}\.\d{1,3}\.\d{1,3}(?:[-+][\w.+-]*)?(?![\w.])")
_PROSE: Final = (".md", ".rst", ".txt", ".adoc", ".svg", ".lock", ".sum")
"""Files that tell of versions and install none."""
_NEAR: Final = 5
"""So many lines from a mention of Longhorn, a version may be Longhorn's."""


class Hint(NamedTuple):
    """A name beside which a changed version may be Longhorn's, although nothing there mentions Longhorn."""

    name: str
    why: str
    """What the version beside it may do, as the end of a sentence."""


_LONGHORN: Final = re.compile("longhorn", re.IGNORECASE)
_ANYTHING: Final = re.compile("")
_KIND: Final = re.compile(r"^kind:", re.MULTILINE)


def suspects(
    changes: Iterable[Change],
    read: frozenset[str],
    told: frozenset[str],
    hints: Sequence[Hint] = (),
    releases: frozenset[str] = frozenset(),
) -> list[Refused]:
    """Files that were not `read` and change a version, other than to those `told`, that may be Longhorn's.

    That is one beside a mention of Longhorn; or one of its `releases`, beside a name of `hints` or in its own file.
    """
    found = []
    for change in changes:
        if change.file not in read and not change.file.endswith(_PROSE):
            problem = (
                _mentioned(change, told) or _hinted(change, hints, releases) or _by_its_path(change, told, releases)
            )
            if problem is not None:
                found.append(Refused(change.file, problem))
    return found


def _mentioned(change: Change, told: frozenset[str]) -> Problem | None:
    moved = _moved(change, _LONGHORN, told)
    if moved is None:
        return None
    why = f"changes a version beside a mention of Longhorn from {moved.gone} to {moved.come}, and cannot be read"
    return Problem(moved.place, f"{why}; if it is Longhorn's, {BY_HAND}")


def _hinted(change: Change, hints: Sequence[Hint], releases: frozenset[str]) -> Problem | None:
    for hint in hints:
        if hint.name not in (change.old or "") and hint.name not in (change.new or ""):
            continue  # Most files have none of the names, and need not be read line by line for each.
        # Also what is told already: that another installation moves so is no plan for this one.
        moved = _moved(change, re.compile(rf"(?<![\w-]){re.escape(hint.name)}(?![\w-])"), frozenset())
        if moved is not None and moved.between(releases):
            why = f"changes a version beside {hint.name} from {moved.gone} to {moved.come}, which {hint.why}"
            return Problem(moved.place, f"{why}; if it does, {BY_HAND}")
    return None


def _by_its_path(change: Change, told: frozenset[str], releases: frozenset[str]) -> Problem | None:
    """What a file tells whose name or folder is `longhorn`, unless it is an object with a name of its own."""
    folder, _, name = change.file.rpartition("/")
    called = {folder.rpartition("/")[2], name.partition(".")[0]}
    if "longhorn" not in called or _KIND.search(change.new or ""):
        return None
    moved = _moved(change, _ANYTHING, told)
    if moved is None or not moved.between(releases):
        return None
    why = f"changes a version from {moved.gone} to {moved.come} in a file that is called longhorn, and cannot be read"
    return Problem(moved.place, f"{why}; if it is Longhorn's, {BY_HAND}")


class _Moved(NamedTuple):
    """A version that becomes another one."""

    place: Place
    gone: str
    come: str

    def between(self, releases: frozenset[str]) -> bool:
        """Whether it is or was one of these releases. Other programs have versions, too."""
        return not releases.isdisjoint((self.gone.lstrip("v"), self.come.lstrip("v")))


def _moved(change: Change, mention: re.Pattern[str], told: frozenset[str]) -> _Moved | None:
    """A version beside a mention that becomes another one, and where; None where none does, or it is told already."""
    if change.old is None or change.new is None:
        return None
    old, new = _versions(change.old, mention), _versions(change.new, mention)
    # How often each stands there counts: where one of two environments moves, the version before stays for the other.
    gone, come = (
        sorted(version for version in ours if len(ours[version]) > len(theirs.get(version, ())))
        for ours, theirs in ((old, new), (new, old))
    )
    if not gone or not come or told.issuperset(version.lstrip("v") for version in (*gone, *come)):
        return None
    first = min(set(new[come[0]]) - set(old.get(come[0], ())), default=new[come[0]][0])
    return _Moved(Place(change.file, first), gone[0], come[0])


def _versions(text: str, mention: re.Pattern[str]) -> dict[str, list[int]]:
    """Versions near a mention, each with its lines."""
    lines = text.splitlines()
    near = {
        number + step for number, line in enumerate(lines) if mention.search(line) for step in range(-_NEAR, _NEAR + 1)
    }
    found: dict[str, list[int]] = defaultdict(list)
    for number in sorted(near & set(range(len(lines)))):
        for version in _VERSION.findall(lines[number]):
            found[version].append(number + 1)
    return found
