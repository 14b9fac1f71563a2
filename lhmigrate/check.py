"""Whether every flow of one release passes, as things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings import lint, notes, pitfalls
from lhmigrate.findings.findings import Check, Code, Context, Finding, Level
from lhmigrate.findings.wording import Words, place
from lhmigrate.judging.state import World, judge_all
from lhmigrate.judging.verdict import Answer
from lhmigrate.longhorn.release import Usage

if TYPE_CHECKING:
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.judging.verdict import Verdict
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.settings import Settings

_BLOCKED = {Usage.EVERYONE: Level.ERROR, Usage.SOME: Level.WARNING, Usage.FEW: Level.NOTE}
_UNKNOWN = {Usage.EVERYONE: Level.WARNING, Usage.SOME: Level.NOTE, Usage.FEW: Level.NOTE}


def make(catalogue: Catalogue, release: Release, inventory: Inventory, settings: Settings) -> Check:
    """The verdict on every leg, and a finding for each that does not certainly pass."""
    world = World(inventory, settings, catalogue.glossary, [release])
    words = Words(catalogue.glossary, release, world.settings)
    policies = world.policies(release)
    cluster = world.cluster(policies)
    legs = (leg for leg in cluster.legs(release) if cluster.usage(leg.flow) is not Usage.FEW)
    judged = judge_all(legs, policies)
    findings = [
        *notes.unread(world),
        *notes.preview(release),
        *notes.not_enforced(world),
        *notes.idle(world),
        *(
            _finding(words, leg, verdict, cluster.usage(leg.flow) or Usage.FEW)
            for leg, verdict in judged.values()
            if not verdict.passes
        ),
        *notes.cautions(world, None, judged, policies),
        *pitfalls.find(judged, policies, None),
        *lint.user_policies(world, release, release),
    ]
    verdicts = tuple((leg, verdict, _because(words, leg, verdict)) for leg, verdict in judged.values())
    return Check(release, verdicts, tuple(findings), Context(inventory.coverage, world.sentences(), world.left_out()))


def _because(words: Words, leg: Leg, verdict: Verdict) -> str:
    match verdict.answer:
        case Answer.ALLOWED:
            return "nothing stands in its way"
        case Answer.UNKNOWN:
            return str(words.unknown(leg, verdict, verdict.unknown or leg.ports))
        case _:
            return str(words.blocked(leg, verdict, verdict.blocked))


def _finding(words: Words, leg: Leg, verdict: Verdict, usage: Usage) -> Finding:
    unknown = verdict.answer is Answer.UNKNOWN
    ports = (verdict.unknown or leg.ports) if unknown else verdict.blocked
    sentence = (words.unknown if unknown else words.blocked)(leg, verdict, ports)
    return Finding(
        Code.FLOW_UNKNOWN if unknown else Code.FLOW_BLOCKED,
        (_UNKNOWN if unknown else _BLOCKED)[usage],
        str(sentence),
        words.advice_unknown(leg, verdict) if unknown else words.advice_blocked(leg, verdict, ports, usage),
        sentence=sentence,
        place=place(verdict),
        leg=leg,
        ports=ports.names(),
        direction=verdict.direction,
        policies=verdict.policies,
    )
