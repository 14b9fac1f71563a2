"""What there is to tell the user: findings, each a sentence with a code, a level and a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.judging.inventory import Coverage

if TYPE_CHECKING:
    from collections.abc import Container

    from lhmigrate.errors import Place
    from lhmigrate.findings.wording import Sentence
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.verdict import Verdict
    from lhmigrate.longhorn.release import Release, Version
    from lhmigrate.model.policy import Direction, Policy


class Level(Enum):
    """How much it matters. Errors and warnings are something to do; notes are something to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Phase(Enum):
    """When to act on it."""

    BEFORE = "before"
    AFTER = "after"


class Code(Enum):
    """What kind of finding it is; docs/findings/ has a page for each. Never renamed, never reused."""

    FLOW_BLOCKED = "flow-blocked"
    FLOW_BLOCKED_TODAY = "flow-blocked-today"
    FLOW_UNKNOWN = "flow-unknown"
    ISOLATION_TRAP = "isolation-trap"
    NAME_COLLISION = "name-collision"
    SELECTOR_MATCHES_NOTHING = "selector-matches-nothing"
    PORT_UNUSED = "port-unused"
    ALLOW_STALE = "allow-stale"
    VALUE_REPLACES_POLICY = "value-replaces-policy"
    UNREAD_POLICY = "unread-policy"
    VALUES_UNREAD = "values-unread"
    HOP_REFUSED = "hop-refused"
    POLICIES_INSTALLED = "policies-installed"
    POLICIES_REMOVED = "policies-removed"
    CAUTION = "caution"
    NOT_ENFORCED = "not-enforced"
    PREVIEW_RELEASE = "preview-release"
    KUBERNETES_FLOOR = "kubernetes-floor"


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """One step of an upgrade that Longhorn accepts."""

    old: Release
    new: Release

    def __str__(self) -> str:
        return f"{self.old} to {self.new}"


class Way(NamedTuple):
    """From one release to another, hop by hop; no hop where both are the same."""

    old: Release
    new: Release
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing to tell the user."""

    code: Code
    level: Level
    message: str
    """The fact, in one sentence, and what it costs."""
    advice: str = ""
    """What to do, in one sentence; empty where there is nothing to do."""
    place: Place | None = None
    hop: Hop | None = None
    phase: Phase | None = None
    leg: Leg | None = None
    ports: tuple[str, ...] = ()
    direction: Direction | None = None
    policies: tuple[Policy, ...] = ()
    commands: tuple[str, ...] = ()
    """Shell commands that the advice speaks of."""
    sentence: Sentence | None = None
    """The message in its parts, for forms that say in a table what several findings share; only of flows."""


class Context(NamedTuple):
    """What a report says beside its findings."""

    coverage: Coverage = Coverage()
    assumptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Features that were not looked at, because few use them and nothing says that this user does."""


class Plan(NamedTuple):
    """What an upgrade would do to the traffic, hop by hop."""

    old: Release
    new: Release
    hops: tuple[Hop, ...]
    findings: tuple[Finding, ...]
    context: Context


class Fate(Enum):
    """What becomes of one installation."""

    MOVES = "moves"
    STAYS = "stays"
    NEW = "new"
    GONE = "gone"
    REFUSED = "refused"


class Environment(NamedTuple):
    """One installation that a tree declares, as reports tell of it."""

    name: str
    change: Fate
    place: Place
    """Where its version stands."""
    old: Version | None = None
    new: Version | None = None
    was: str = ""
    """The name it had before, where that differs."""
    shape: str = ""
    reason: str = ""
    """Why it has no plan, or what else there is to say."""
    values: tuple[Place, ...] = ()
    """What its Helm values were read from."""
    plan: Plan | None = None


class Check(NamedTuple):
    """What becomes of every flow of one release, as things stand."""

    release: Release
    verdicts: tuple[tuple[Leg, Verdict, str], ...]
    """Each leg with its verdict and the sentence that explains it."""
    findings: tuple[Finding, ...]
    context: Context


def something_to_do(findings: tuple[Finding, ...], levels: Container[Level] = (Level.ERROR, Level.WARNING)) -> bool:
    """Whether a run ends with exit code 1, as there is a finding of one of these levels."""
    return any(finding.level in levels for finding in findings)
