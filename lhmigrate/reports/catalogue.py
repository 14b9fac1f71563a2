"""The form for people of what the catalogue knows: releases, what differs between two, where a fact comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from lhmigrate.findings.findings import Level
from lhmigrate.reports.screen import LEVEL_STYLE, Screen
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lhmigrate.longhorn.changes import Change
    from lhmigrate.longhorn.page import Page
    from lhmigrate.longhorn.release import Evidence, Glossary, Release


def release(release: Release, glossary: Glossary, screen: Screen) -> str:
    """One release's port matrix, then its components and shipped policies."""
    title = f"Longhorn {release}" + (f" (its network is that of {release.same_as})" if release.same_as else "")
    screen.add((title, "bold"))
    if release.preview:
        screen.add((f"Preview: {visible(release.preview)}", LEVEL_STYLE[Level.WARNING]))
    lines = ", ".join(str(line) for line in release.upgrade_from)
    origin = f"Kubernetes {visible(release.kubernetes)}; {visible(release.origin, longest=4000)}"
    screen.add((f"Upgraded to from {lines}; {origin}", "dim"))
    flows = _columns("From", "To", "Ports", "For", "Only with")
    for flow in release.flows.values():
        meaning = glossary.flows[flow.name]
        extra = [*flow.features, *(["while upgrading"] if flow.only_while_upgrading else [])]
        _add(
            flows,
            "\n".join(glossary.called(name) for name in flow.senders),
            "\n".join(glossary.called(name) for name in flow.receivers),
            "\n".join(flow.ports.names()),
            meaning.purpose + (f" ({meaning.speaks})" if meaning.speaks else ""),
            ", ".join(extra),
        )
    _section(screen, f"Flows ({len(release.flows)})", flows)
    components = _columns("Component", "Labels", "Only sometimes", "Named ports")
    for component in release.components.values():
        _add(
            components,
            component.name,
            "\n".join(f"{key}={value}" for key, value in component.labels.items()) or "(none of its own)",
            "\n".join(f"{key}={value}" for key, value in component.sometimes.items()),
            "\n".join(f"{name}: {protocol}/{port}" for name, (protocol, port) in component.ports.items()),
        )
    _section(screen, f"Components ({len(release.components)})", components)
    if release.policies:
        policies = _columns("Policy", "Installed by", "When")
        for policy in release.policies:
            _add(policies, policy.name, ", ".join(sorted(policy.installed_by)), _conditions(policy.when))
        _section(screen, f"Shipped policies ({len(release.policies)})", policies)
    return screen.text()


def _conditions(when: Any) -> str:  # noqa: ANN401 - as written in the spec
    words = {True: "is set", False: "is not set"}
    return "\n".join(
        f"{path} {words[wanted]}" if isinstance(wanted, bool) else f"{path} is {wanted}"
        for path, wanted in when.items()
    )


def _columns(*names: str) -> Table:
    table = Table(header_style="dim", box=None, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    """A row of the catalogue's words, each cell on as many lines as it has."""
    table.add_row(*("\n".join(visible(line, longest=4000) for line in cell.split("\n")) for cell in cells))


def _section(screen: Screen, title: str, table: Table) -> None:
    screen.gap()
    screen.add((title, "bold"))
    screen.add(table)


def diff(old: Release, new: Release, changes: Sequence[Change], screen: Screen) -> str:
    """What differs between two releases."""
    screen.add((f"Longhorn {old} → {new}: ", "bold"), (f"{len(changes)} changes on the network", ""))
    marks = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    for section in dict.fromkeys(change.section for change in changes):
        screen.gap()
        screen.add((section.capitalize(), "bold"))
        for change in changes:
            if change.section == section:
                mark, style = marks[change.change]
                screen.add((f"{mark} {visible(change.name)}", style), indent=2)
                for name, before, after in change.fields:
                    was_is = (
                        _shown(after)
                        if before is None
                        else _shown(before)
                        if after is None
                        else f"{_shown(before)} → {_shown(after)}"
                    )
                    gone = " (removed)" if after is None and change.change == "changed" else ""
                    screen.add((f"{visible(name)}: ", "dim"), Text(visible(was_is + gone, longest=4000)), indent=6)
    return screen.text()


def _shown(value: Any) -> str:  # noqa: ANN401 - facts of any shape
    match value:
        case dict():
            return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
        case list():
            return (
                f"[{', '.join(_shown(item) for item in value)}]"
                if value and isinstance(value[0], dict)
                else ", ".join(map(str, value))
            )
        case _:
            return str(value)


def releases(known: Sequence[Release], screen: Screen) -> str:
    """All releases of the catalogue."""
    screen.add((f"{len(known)} releases, {known[0]} to {known[-1]}", "bold"))
    table = _columns("Release", "Upgraded to from", "Kubernetes", "Flows", "Shipped policies", "")
    for one in known:
        _add(
            table,
            str(one),
            ", ".join(str(line) for line in one.upgrade_from),
            one.kubernetes,
            str(len(one.flows)),
            str(len(one.policies)),
            f"preview: {one.preview}" if one.preview else f"same as {one.same_as}" if one.same_as else "",
        )
    screen.add(table)
    return screen.text()


def evidence(release: Release, evidence: Evidence, screen: Screen) -> str:
    """Where each fact of a release can be checked."""
    screen.add((f"Longhorn {release}: where each fact can be checked", "bold"))
    sources = _columns("Source", "Repository and tag")
    for name, source in evidence.sources.items():
        _add(sources, name, source)
    screen.add(sources)
    inferred = 0
    table = _columns("Fact", "Where", "What stands there")
    for (section, name), pointers in evidence.pointers.items():
        for index, pointer in enumerate(pointers):
            inferred += bool(pointer.inferred)
            where = f"{pointer.source} {pointer.path}:{pointer.line}" if pointer.source else "(inferred)"
            _add(table, "" if index else f"{section} {name}", where, pointer.word or pointer.inferred)
    _section(screen, f"Facts ({len(evidence.pointers)}, {inferred} pointers inferred)", table)
    return screen.text()


def page(release: Release, page: Page, glossary: Glossary, screen: Screen) -> str:
    """The documentation page of a release side by side with what the release needs."""
    if not page.version:
        screen.add((f"Longhorn {release} has no networking page.", "bold"))
        return screen.text()
    verdicts = [row.verdict for row in page.rows]
    counted = ", ".join(f"{verdicts.count(one)} {one}" for one in _VERDICTS)
    screen.add((f"Longhorn {release}, its networking page: ", "bold"), f"{len(page.rows)} rows, {counted}")
    if page.note:
        screen.add((visible(page.note), "dim"))
    for section in dict.fromkeys(row.section for row in page.rows):
        table = _columns("", "Row", "Ports", "What is true")
        for row in page.rows:
            if row.section == section:
                table.add_row(
                    Text(row.verdict, style=_VERDICTS[row.verdict]),
                    Text(visible(f"{'from' if row.direction == 'ingress' else 'to'} {row.peer}")),
                    Text(visible(", ".join(row.ports) or "-")),
                    Text(visible(row.because or ", ".join(row.flows) or "nobody")),
                )
        _section(screen, section, table)
    missing = _columns("Flow", "Ports", "For")
    for name in page.missing:
        _add(missing, name, ", ".join(release.flows[name].ports.names()), glossary.flows[name].purpose)
    _section(screen, f"Missing from the page ({len(page.missing)})", missing)
    return screen.text()


_VERDICTS: Final = {"agrees": "green", "imprecise": "yellow", "wrong": "red"}
