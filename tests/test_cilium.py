"""Cilium's policies: what its own documents and source say, and what is ours to settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cilium_cases import RULES

from lhmigrate.manifests import read

if TYPE_CHECKING:
    from hard_cases import Case


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{source}: {case.says}") for source, cases in RULES.items() for case in cases]
)
def test_it_means_what_its_source_says(case: Case) -> None:
    verdict = case.verdict()
    assert (verdict.answer, verdict.unknown, case.holds()) == (case.answer, verdict.unknown, True)
    found = read(case.policies, "case.yaml")
    assert (not found.unread and not any(one.unread for one in found.policies)) is case.readable
