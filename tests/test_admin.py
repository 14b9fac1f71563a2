"""The cluster administrator's policies: what others say of them, and what is ours to settle."""

from __future__ import annotations

import pytest
from admin_cases import CONNECTIVITY, Matrix


@pytest.mark.parametrize("matrix", [pytest.param(one, id=one.says) for one in CONNECTIVITY])
def test_policy_assistant_agrees(matrix: Matrix) -> None:
    assert not [f"{case.says} should be {case.answer.value}" for case in matrix.cases() if not case.holds()]
