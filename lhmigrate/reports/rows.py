"""Which findings share a row: a default-deny cuts forty flows, and nobody reads forty times that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.editing import tongue
from lhmigrate.findings.findings import Code
from lhmigrate.findings.wording import several
from lhmigrate.longhorn.release import EndpointKind, Usage
from lhmigrate.model.cni import Dialect
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from lhmigrate.findings.findings import Finding
    from lhmigrate.longhorn.release import Glossary

FEW: Final = 3
"""So many findings of one cause still get a row each, with a sentence and advice of their own."""

Row = tuple["Finding", ...]

_NO_PODS: Final = (EndpointKind.NODE, EndpointKind.API_SERVER)


def rows(findings: Iterable[Finding]) -> list[Row]:
    """Findings about flows, with those of one cause together, each row where its first finding was."""
    groups: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        cause = finding.sentence.cause if finding.sentence else ""
        groups.setdefault((finding.code, finding.level, cause) if cause else id(finding), []).append(finding)
    result: list[Row] = []
    for group in groups.values():
        result += [tuple(group)] if len(group) > FEW else [(one,) for one in group]
    return result


def lines(row: Row, glossary: Glossary) -> list[tuple[str, str]]:
    """Who and whom with the ports, and what does not work without it; once for what differs only by one end."""
    unknown = row[0].code is Code.FLOW_UNKNOWN
    merged: dict[Hashable, list[Finding]] = {}
    for finding in row:
        if finding.leg is not None:
            key = (finding.leg.target, finding.ports, "" if unknown else finding.leg.flow.name)
            merged.setdefault(key, []).append(finding)
    return [_line(group, glossary, with_cost=not unknown) for group in merged.values()]


def _line(group: Sequence[Finding], glossary: Glossary, *, with_cost: bool) -> tuple[str, str]:
    sources = dict.fromkeys(glossary.called(one.leg.source) for one in group if one.leg is not None)
    first = group[0]
    target = glossary.called(first.leg.target) if first.leg is not None else ""
    cost = first.sentence.cost if with_cost and first.sentence is not None else ""
    return f"{', '.join(sources)} → {target} {', '.join(first.ports)}", cost


def advice(row: Row, glossary: Glossary) -> str:
    """What to do about all of a row."""
    told = list(dict.fromkeys(finding.advice for finding in row))
    if len(told) == 1:
        return told[0]
    if row[0].code is Code.FLOW_UNKNOWN:
        return " ".join(told)
    sentences = [_change(row, glossary)]
    peers = [one.leg.source if one.direction is Direction.INGRESS else one.leg.target for one in row if one.leg]
    hosts = {name: kind for name in peers if (kind := glossary.kind(name)) in _NO_PODS}
    if hosts:
        called = " or ".join(glossary.called(name) for name in hosts)
        cilium = any(policy.dialect is Dialect.CILIUM for policy in row[0].policies)
        named = tongue.kinds([kind for kind in hosts.values() if kind], row[0].direction)
        sentences.append(
            f"No label matches {called}: write {named}." if cilium else f"No podSelector matches {called}."
        )
    return " ".join((*sentences, *_without(row, glossary)))


def _change(row: Row, glossary: Glossary) -> str:
    """What to let through, or to leave out of what is denied, in words that fit all of a row."""
    ingress = row[0].direction is Direction.INGRESS
    cause, exception = (row[0].sentence.cause, row[0].sentence.exception) if row[0].sentence else ("", "")
    targets = list(dict.fromkeys(glossary.called(one.leg.target) for one in row if one.leg is not None))
    alone = len(lines(row, glossary)) == 1
    first, second = ("these", targets[0]) if alone else ("the first", "the second")
    if exception:
        change = f"leave {first if ingress else second} on these ports {exception}."
    else:
        both = ", at both ends" if "at the other end" in cause else ""
        change = f"let {first} {'into' if ingress else 'out to'} {second} on these ports and no others{both}."
    return change[0].upper() + change[1:] if alone else f"For each line, {change}"


def _without(row: Row, glossary: Glossary) -> Iterable[str]:
    rare = dict.fromkeys(
        name
        for finding in row
        if finding.leg is not None and "--without" in finding.advice
        for name in finding.leg.flow.features
        if glossary.features[name].usage is not Usage.EVERYONE
    )
    if rare:
        yield f"Nobody here needs it? Pass {several([f'--without {name}' for name in rare])}."
