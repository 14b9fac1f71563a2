"""The catalogue against real clones of Longhorn's repositories, where LHMIGRATE_UPSTREAM names a folder of them."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from lhmigrate.files.fields import plain
from lhmigrate.longhorn import specfile
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Evidence, Pointer, Version
from maintenance.pointers import State, check
from maintenance.upstream import Upstream

FOLDER = os.environ.get("LHMIGRATE_UPSTREAM")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="LHMIGRATE_UPSTREAM names no folder of clones")
CATALOGUE = Catalogue([shipped_specs()])
PAGE = plain(specfile.document(shipped_specs() / "networking-page.yaml").node)


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream(Path(FOLDER or ""))


@pytest.mark.parametrize("version", CATALOGUE.versions, ids=str)
def test_every_pointer_holds(version: Version, upstream: Upstream) -> None:
    checked = list(check(CATALOGUE.evidence(version), upstream))
    wrong = [one for one in checked if one.state in {State.MOVED, State.VANISHED}]
    assert wrong == []
    assert Counter(one.state for one in checked)[State.HELD] > 100


@pytest.mark.parametrize(
    ("version", "pointer"),
    [
        pytest.param(
            "1.12.1",
            ("longhorn", "chart/templates/daemonset-sa.yaml", 52, "containerPort: 9501"),
            id="a port off by one",
        ),
        pytest.param(
            "1.12.1",
            ("longhorn", "chart/templates/daemonset-sa.yaml", 15, "app: longhorn-ui"),
            id="the label of another component",
        ),
        pytest.param(
            "1.6.4", ("manager", "app/daemon.go", 212, "GetRecoveryBackendLabel()"), id="a label a release too early"
        ),
        pytest.param("1.4.4", ("manager", "types/types.go", 88, "9501"), id="a flow a release too early"),
    ],
)
def test_a_planted_wrong_fact_is_caught(version: str, pointer: tuple[str, str, int, str], upstream: Upstream) -> None:
    sources = CATALOGUE.evidence(Version.parse(version)).sources
    planted = Evidence(sources, {("flows", "planted"): (Pointer(*pointer),)})
    assert [one.state for one in check(planted, upstream)] == [State.VANISHED]


@pytest.mark.parametrize("name", PAGE["pages"])
def test_every_row_of_the_page_is_in_the_catalogue(name: str, upstream: Upstream) -> None:
    """Counted by table: the page's own words are read, and stay where they are."""
    place = PAGE["pages"][name]["at"]
    lines = upstream.lines(PAGE["sources"][place["in"]], place["at"])
    if lines is None:
        pytest.skip(f"the clone does not hold {PAGE['sources'][place['in']]}")
    # A table's rows, without its head and the line under it; and the lines that stand where a table would.
    real = sum("|" in line and not re.match(r"\s*(?:From|To)\s*\||[\s|-]+$", line) for line in lines)
    real += sum(bool(re.fullmatch(r"`?(?:None|Users? defined)`?\.?\s*", line, re.IGNORECASE)) for line in lines)
    rows = [
        row
        for tables in PAGE["sections"].values()
        for direction in ("ingress", "egress")
        for row in tables.get(direction, [])
        if "in" not in row or name in row["in"]
    ]
    assert len(rows) == real
