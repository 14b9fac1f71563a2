"""What a report says, and in which order, whatever form it is printed in.

The texts hold strangers' names as they are: each form makes them harmless in its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.findings.findings import Code, Fate, Level, Phase
from lhmigrate.reports import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lhmigrate.bumps.upgrades import Upgrades
    from lhmigrate.editing.patch import Step
    from lhmigrate.errors import Place, Problem
    from lhmigrate.findings.findings import Check, Context, Environment, Finding, Hop, Plan
    from lhmigrate.kube.gate import Gate
    from lhmigrate.reports.rows import Row

FLOWS: Final = {Code.FLOW_BLOCKED: "CUT", Code.FLOW_BLOCKED_TODAY: "cut today", Code.FLOW_UNKNOWN: "unknown"}
"""What becomes of a flow, in a word that needs no page to understand it."""


class Verdict(NamedTuple):
    """A sentence, and how bad it is; None: nothing is known to be."""

    text: str
    level: Level | None = None


class Part(NamedTuple):
    """What is to be done, or known, at one time."""

    title: str
    first: tuple[Finding, ...]
    """What stops an upgrade, or explains why so much is cut."""
    flows: tuple[Row, ...]
    others: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of it, in the order in which it is said."""
        return (*self.first, *(finding for row in self.flows for finding in row), *self.others)


class Chapter(NamedTuple):
    """One hop of a plan, or all of a check."""

    parts: tuple[Part, ...]
    title: str = ""
    calm: Verdict | None = None
    """That nothing is to be changed, where nothing is."""
    steps: tuple[Step, ...] = ()
    """What a patch would edit; none where nobody asked for it."""


class Account(NamedTuple):
    """What is told of one installation."""

    subject: str
    """`Longhorn 1.4.4 → 1.5.5 in apps/longhorn.yaml`."""
    verdict: Verdict
    measure: str
    """How much there is of what."""
    general: tuple[Finding, ...]
    """What holds for every chapter."""
    chapters: tuple[Chapter, ...]
    context: Context
    environment: str = ""
    """The installation's name; empty: the one whose releases were given."""
    place: Place | None = None
    """Where its version stands, for what has no place of its own."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything there is to tell of it, as it is ordered here."""
        parts = (part for chapter in self.chapters for part in chapter.parts)
        return (*self.general, *(finding for part in parts for finding in part.findings))

    @property
    def steps(self) -> tuple[Step, ...]:
        """Those of all chapters."""
        return tuple(step for chapter in self.chapters for step in chapter.steps)


class Other(NamedTuple):
    """A line about what has no account: what it is, and of what it is said."""

    label: str
    text: str


class Report(NamedTuple):
    """Everything that a run tells."""

    accounts: tuple[Account, ...]
    summary: tuple[Verdict, ...] = ()
    """What stands above the accounts: nothing where there is one, whose verdict is the first line then."""
    unplanned: tuple[Problem, ...] = ()
    """What may move, and has no plan."""
    others: tuple[Other, ...] = ()
    compared: str = ""
    """With what a tree was compared."""
    unread: tuple[Problem, ...] = ()
    """What could not be read, for any of the accounts."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all accounts."""
        return tuple(finding for account in self.accounts for finding in account.findings)

    @property
    def something_to_say(self) -> bool:
        """Whether a reviewer should be told anything."""
        return bool(self.unplanned or self.findings)

    @property
    def verdict(self) -> Verdict:
        """The first line."""
        if self.summary:
            return self.summary[0]
        account = self.accounts[0]
        return account.verdict._replace(text=f"{account.subject}: {account.verdict.text}")


def of_plan(plan: Plan, steps: Sequence[Step] = ()) -> Report:
    """What is told of a plan for releases that were given. `steps` are a patch's, where these are wanted."""
    return Report((_planned(plan, steps),), unread=plan.context.coverage.unread)


def of_check(check: Check) -> Report:
    """What is told of a check."""
    passing = sum(verdict.passes for _, verdict, _ in check.verdicts)
    account = Account(
        f"Longhorn {check.release}",
        _verdict(check.findings, ("is cut", "are cut")),
        f"{passing} of {len(check.verdicts)} flows pass · {counts(check.findings)}",
        (),
        (
            Chapter(
                _parts(
                    ("What does not pass", [one for one in check.findings if one.level is not Level.NOTE]),
                    ("Good to know", [one for one in check.findings if one.level is Level.NOTE]),
                )
            ),
        ),
        check.context,
    )
    return Report((account,), unread=check.context.coverage.unread)


def of_gate(gate: Gate) -> Report:
    """What is told of an upgrade that is about to start."""
    accounts = () if gate.plan is None else (_planned(gate.plan, ()),)
    unread = () if gate.plan is None else gate.plan.context.coverage.unread
    level = worst(gate.findings) if gate.shut else None
    return Report(accounts, summary=(Verdict(gate.sentence, level),), unread=unread)


def of_upgrades(upgrades: Upgrades) -> Report:
    """What is told of everything that a tree declares."""
    accounts = tuple(
        _planned(one.plan, one.steps)._replace(
            subject=f"Longhorn {one.plan.old} → {one.plan.new} in {one.pair.environment}",
            environment=one.pair.environment,
            place=one.pair.new.pin.place,
        )
        for one in upgrades.made
    )
    return Report(
        accounts,
        tuple(_summary(upgrades)),
        (*(one.problem for one in upgrades.refused), *upgrades.unread),
        tuple(_others(upgrades)),
        f"{upgrades.against} ({upgrades.commit[:9]})" if upgrades.commit else "",
        upgrades.coverage.unread,
    )


def _planned(plan: Plan, steps: Sequence[Step]) -> Account:
    return Account(
        f"Longhorn {plan.old} → {plan.new}",
        _verdict(plan.findings, ("would be cut", "would be cut"))
        if plan.hops
        else Verdict("nothing to do, both are the same."),
        counts(plan.findings),
        tuple(finding for finding in plan.findings if finding.hop is None),
        tuple(_chapter(plan, number, hop, steps) for number, hop in enumerate(plan.hops, 1)),
        plan.context,
    )


def _chapter(plan: Plan, number: int, hop: Hop, steps: Sequence[Step]) -> Chapter:
    mine = [finding for finding in plan.findings if finding.hop is hop]
    calm = None
    if not any(finding.level is not Level.NOTE for finding in mine):
        calm = (
            Verdict("Nothing to change for this hop that is known; see what is unknown.", Level.NOTE)
            if any(finding.code is Code.FLOW_UNKNOWN for finding in mine)
            else Verdict(f"Nothing to change for this hop, as far as {_seen(plan)}.")
        )
    after = [one for one in mine if one.phase is Phase.AFTER]
    rest = [one for one in mine if one.phase is not Phase.AFTER]
    return Chapter(
        _parts(
            ("Change before it", [one for one in rest if one.level is not Level.NOTE]),
            ("Close after it", after),
            ("Good to know", [one for one in rest if one.level is Level.NOTE]),
        ),
        f"Hop {number} of {len(plan.hops)}: {hop.old} → {hop.new}{' (preview)' if hop.new.preview else ''}",
        calm,
        tuple(step for step in steps if step.hop is hop),
    )


def _seen(plan: Plan) -> str:
    return "this cluster's policies go" if plan.context.coverage.cluster else "these files go"


def _parts(*titled: tuple[str, Sequence[Finding]]) -> tuple[Part, ...]:
    return tuple(_part(title, findings) for title, findings in titled if findings)


def _part(title: str, findings: Sequence[Finding]) -> Part:
    ordered = sorted(findings, key=lambda finding: list(Level).index(finding.level))
    flows = [finding for finding in ordered if finding.leg is not None and finding.code in FLOWS]
    others = [finding for finding in ordered if finding not in flows]
    first = [finding for finding in others if finding.level is Level.ERROR]
    return Part(title, tuple(first), tuple(rows.rows(flows)), tuple(others[len(first) :]))


def _verdict(findings: Sequence[Finding], verbs: tuple[str, str]) -> Verdict:
    """The worst of it in one sentence. Where anything is unknown, that is said, and nothing is called safe."""
    found = [(one.code, one.level) for one in findings]
    refused = found.count((Code.NAME_COLLISION, Level.ERROR))
    cut = found.count((Code.FLOW_BLOCKED, Level.ERROR))
    today = found.count((Code.FLOW_BLOCKED_TODAY, Level.WARNING))
    unknown = sum(code is Code.FLOW_UNKNOWN for code, _ in found)
    looks = sum(level is Level.WARNING and code is not Code.FLOW_UNKNOWN for code, level in found)
    errors = [one for one in findings if one.level is Level.ERROR]
    parts = []
    if refused:
        whose = "1 of your policies has a name" if refused == 1 else f"{refused} of your policies have names"
        parts.append(f"Helm would refuse the upgrade, because {whose} that it wants for Longhorn's own")
    if cut:
        parts.append(f"{many(cut, 'flow', 'flows')} that Longhorn needs {verbs[cut > 1]}")
    if errors and not parts:
        parts.append(errors[0].message.removesuffix("."))
    if today:
        parts.append(f"{many(today, 'flow', 'flows')} that Longhorn needs {'is' if today == 1 else 'are'} cut today")
    if not parts and looks:
        known = "is known to be cut" if unknown else "is cut"
        things = "1 thing needs" if looks == 1 else f"{looks} things need"
        parts.append(f"nothing that everybody needs {known}, but {things} a look")
    elif not parts:
        parts.append("nothing is known to be cut" if unknown else "nothing that was looked at is cut")
    if unknown:
        parts.append(f"{many(unknown, 'flow', 'flows')} could not be judged")
    return Verdict("; ".join(parts) + ".", worst(findings))


def worst(findings: Iterable[Finding]) -> Level | None:
    """How bad it is: None only where nothing has to be done and nothing is unknown either."""
    found = list(findings)
    level = min((one.level for one in found), key=list(Level).index, default=None)
    return level if level is not Level.NOTE or any(one.code is Code.FLOW_UNKNOWN for one in found) else None


def _summary(upgrades: Upgrades) -> Iterator[Verdict]:
    if not upgrades.made:
        yield _nothing_moves(upgrades)
        return
    found = upgrades.findings
    if len(upgrades.made) > 1:
        yield Verdict(f"{len(upgrades.made):,} installations of Longhorn move: {counts(found)} in all.", worst(found))
    if upgrades.unclear:
        count = many(len(upgrades.refused) + len(upgrades.unread), "installation", "installations")
        yield Verdict(f"{count} may move and could not be planned for.", Level.WARNING)


def _nothing_moves(upgrades: Upgrades) -> Verdict:
    if upgrades.unclear:
        return Verdict("No plan could be made.", Level.WARNING)
    if not upgrades.comparison.now:
        where = many(upgrades.coverage.files, "file", "files")
        told = f"No version of Longhorn moves: none is declared in {where}, in any form that is read."
        return Verdict(told, Level.NOTE)
    below = " below the given paths" if upgrades.comparison.elsewhere else ""
    return Verdict(f"No version of Longhorn moves{below}.")


_FATES: Final = {Fate.STAYS: "Stays", Fate.NEW: "New", Fate.GONE: "Gone"}


def _others(upgrades: Upgrades) -> Iterator[Other]:
    """A line for each installation that does not move."""
    for one in upgrades.environments:
        if one.change in _FATES:
            yield _other(one)
    if upgrades.comparison.elsewhere:
        count = many(len(upgrades.comparison.elsewhere), "installation", "installations")
        yield Other("Not looked at", f"{count} outside of the given paths")


def _other(one: Environment) -> Other:
    version = one.new or one.old
    at = f" at {version}" if version is not None else ""
    return Other(f"{_FATES[one.change]}{at}", f"{one.place}" + (f": {one.reason}" if one.reason else ""))


class Told(NamedTuple):
    """A finding that is no flow, as it is said among others."""

    finding: Finding
    where: str
    """Its place, if the message does not say it."""
    advice: str
    """Empty where the next one has the same: several that share it are followed by it once."""
    commands: tuple[str, ...]


def told(findings: Sequence[Finding]) -> Iterator[Told]:
    """Findings that are no flows, one after the other."""
    for index, finding in enumerate(findings):
        where = str(finding.place) if finding.place and str(finding.place) not in finding.message else ""
        kind = (finding.code, finding.advice)
        if any((one.code, one.advice) == kind for one in findings[index + 1 : index + 2]):
            yield Told(finding, where, "", ())
        else:
            sharing = [one for one in findings if (one.code, one.advice) == kind]
            commands = dict.fromkeys(command for one in sharing for command in one.commands)
            yield Told(finding, where, finding.advice, tuple(commands))


def reason(finding: Finding) -> str:
    """What a finding about a flow says once it is clear who cannot reach whom."""
    lead = f"{finding.sentence.lead}: " if finding.sentence else ""
    return begun(finding.message.removeprefix(lead))


def begun(sentence: str) -> str:
    """As a sentence begins."""
    return sentence[:1].upper() + sentence[1:]


def counts(findings: Iterable[Finding]) -> str:
    """How many there are of each level."""
    levels = [finding.level for finding in findings]
    return ", ".join(f"{levels.count(level)} {level.value}{'' if levels.count(level) == 1 else 's'}" for level in Level)


def basis(context: Context) -> str:
    """How much was read."""
    read = context.coverage
    unread = f"; {many(len(read.unread), 'place', 'places')} could not be read." if read.unread else "."
    where = f"the cluster of {read.cluster}" if read.cluster else many(read.files, "file", "files")
    return f"Read {many(read.policies, 'policy', 'policies')} in {where}{unread}"


def many(count: int, one: str, more: str) -> str:
    """A number with its word."""
    return f"{count:,} {one if count == 1 else more}"
