"""Longhorn's networking page against the catalogue: how many rows each version has, and how many of them are true."""

from __future__ import annotations

import pytest

from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs

CATALOGUE = Catalogue([shipped_specs()])


@pytest.mark.parametrize(
    ("version", "rows", "imprecise", "wrong", "missing"),
    [
        pytest.param("1.2.0", 0, 0, 0, 34, id="1.2.0 has no page"),
        pytest.param("1.2.6", 44, 4, 1, 11, id="the first page"),
        pytest.param("1.3.1", 48, 2, 1, 16, id="with a section on the webhooks"),
        pytest.param("1.3.3", 47, 1, 2, 21, id="without it, though the code is the same"),
        pytest.param("1.4.4", 49, 3, 3, 24, id="with the recovery backend"),
        pytest.param("1.5.5", 50, 10, 3, 23, id="webhooks in the managers"),
        pytest.param("1.7.3", 50, 10, 3, 29, id="the same page, and more that it lacks"),
        pytest.param("1.9.2", 50, 10, 4, 33, id="sidecars that serve metrics"),
        pytest.param("1.12.1", 50, 9, 5, 33, id="a conversion webhook that is gone"),
        pytest.param("1.13.0", 52, 9, 5, 35, id="with the global manager"),
    ],
)
def test_a_page_has_so_many_rows(version: str, rows: int, imprecise: int, wrong: int, missing: int) -> None:
    page = CATALOGUE.page(CATALOGUE.find(version))
    verdicts = [row.verdict for row in page.rows]
    assert len(page.rows) == rows
    assert (verdicts.count("imprecise"), verdicts.count("wrong"), len(page.missing)) == (imprecise, wrong, missing)
    assert verdicts.count("agrees") == rows - imprecise - wrong


@pytest.mark.parametrize("version", CATALOGUE.versions, ids=str)
def test_a_row_means_a_flow_or_is_wrong_with_a_reason(version: object) -> None:
    page = CATALOGUE.page(CATALOGUE.find(str(version)))
    for row in page.rows:
        assert row.verdict in {"agrees", "imprecise", "wrong"}
        assert row.because or row.verdict == "agrees"
        assert row.flows or row.peer == "nobody" or row.because, f"{row.section}, {row.peer}: it means nothing"


def test_a_verdict_changes_with_the_release() -> None:
    rows = {
        version: next(
            row.verdict
            for row in CATALOGUE.page(CATALOGUE.find(version)).rows
            if row.peer == "Conversion Webhook Server" and row.direction == "ingress"
        )
        for version in ("1.9.2", "1.10.0")
    }
    assert rows == {"1.9.2": "imprecise", "1.10.0": "wrong"}
