"""The flows that an upgrade cuts, as a Mermaid picture: small enough to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.findings.findings import Code, Level
from lhmigrate.reports.markup import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.findings.findings import Finding
    from lhmigrate.longhorn.release import Glossary

MOST: Final = 10
"""Arrows. With more, nobody sees anything."""

_PORTS: Final = 3
_ARROWS: Final = {Code.FLOW_BLOCKED: "--x", Code.FLOW_UNKNOWN: "-.->"}
_MARKS: Final = {Code.FLOW_BLOCKED: "", Code.FLOW_UNKNOWN: " ?"}

_Arrow = tuple[str, str, Code]


def flowchart(findings: Iterable[Finding], glossary: Glossary) -> tuple[str, int]:
    """The picture in Mermaid's words, empty where nothing changes, and how many arrows there was no room for."""
    arrows: dict[_Arrow, dict[str, None]] = {}
    for one in findings:
        if one.leg is not None and one.code in _ARROWS and one.level is not Level.NOTE:
            ends = glossary.called(one.leg.source), glossary.called(one.leg.target), one.code
            arrows.setdefault(ends, {}).update(dict.fromkeys(one.ports))
    if not arrows:
        return "", 0
    shown = dict([*arrows.items()][:MOST])
    return "\n".join(["flowchart LR", *_lines(shown)]), len(arrows) - len(shown)


def _lines(arrows: dict[_Arrow, dict[str, None]]) -> Iterator[str]:
    names = {name: f"n{number}" for number, name in enumerate(dict.fromkeys(end for one in arrows for end in one[:2]))}
    for name, node in names.items():
        yield f'  {node}["{label(name)}"]'
    for (source, target, code), ports in arrows.items():
        told = ", ".join([*ports][:_PORTS]) + (f" and {len(ports) - _PORTS} more" if len(ports) > _PORTS else "")
        yield f'  {names[source]} {_ARROWS[code]}|"{label(told + _MARKS[code])}"| {names[target]}'
