"""Longhorn's documentation page on networking, held against what a release really needs, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.files.fields import Fields, items, plain, string
from lhmigrate.longhorn.release import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.files.yamltext import Node
    from lhmigrate.longhorn.release import Release


class Row(NamedTuple):
    """One row of the page's tables, as one release sees it."""

    section: str
    direction: str
    """`ingress` or `egress`."""
    peer: str
    """As the page names it; `nobody` where it says that there is no traffic."""
    ports: tuple[str, ...]
    flows: tuple[str, ...]
    """What it means, as far as the release has it."""
    verdict: str
    """`agrees`, `imprecise` or `wrong`."""
    because: str
    """Why not `agrees`."""
    place: str
    """`owner/repository@commit path:line`."""


class Page(NamedTuple):
    """The page of one release."""

    version: str
    """The version of the page; empty: this release has none."""
    note: str
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    """Flows of the release that no row tells of."""


def read(fields: Fields, release: Release) -> Page:
    """The page that a release's users are given. Raises `Unreadable` where the file is not as its header says."""
    wanted = str(release)
    sources = fields.strings("sources")
    for name, node in _inner(fields, "pages"):
        page = Fields(node, name)
        if wanted in _names(page, "versions"):
            at = Fields(page.need("at"), "at")
            place = f"{sources[at.string('in') or '']} {at.string('at')}"
            rows = tuple(_rows(fields, release, name, place))
            told = {flow for row in rows for flow in row.flows}
            missing = tuple(flow for flow in release.flows if flow not in told)
            return Page(wanted, page.string("note") or "", rows, missing)
    return Page("", "", (), tuple(release.flows))


def _rows(fields: Fields, release: Release, page: str, place: str) -> Iterator[Row]:
    for section, node in _inner(fields, "sections"):
        tables = Fields(node, section)
        for direction in ("ingress", "egress"):
            for item in tables.items(direction) or ():
                row = Fields(item, "row")
                within = _names(row, "in")
                if not within or page in within:
                    # The line is that of the first page that has the row; on later ones it stands elsewhere.
                    line = f":{plain(row.need('line'))}" if within and page == within[0] else ""
                    yield _row(row, release, section, direction, place + line)


def _row(row: Fields, release: Release, section: str, direction: str, place: str) -> Row:
    now = row
    flows = _names(row, "flows")
    for item in row.items("later") or ():
        later = Fields(item, "later")
        if Version.parse(later.string("since") or "") <= release.version:
            now = later
            flows = _names(later, "flows") if later.get("flows") is not None else flows
    return Row(
        section=section,
        direction=direction,
        peer=row.string("peer") or "",
        ports=_names(row, "ports"),
        flows=tuple(flow for flow in flows if flow in release.flows),
        verdict=now.string("verdict") or "",
        because=now.string("because") or "",
        place=place,
    )


def _inner(fields: Fields, key: str) -> list[tuple[str, Node]]:
    inner = fields.fields(key)
    return list(inner.all()) if inner else []


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    node = fields.get(key)
    return () if node is None else tuple(string(item, key) for item in items(node, key))
