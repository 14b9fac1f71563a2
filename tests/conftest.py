"""What all tests share: the switch that rewrites expected reports, and how properties are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from repositories import alone

if TYPE_CHECKING:
    from pathlib import Path

# The same examples on every run, and no limit on time: what fails once, fails always.
# To hunt for more: pytest --hypothesis-profile=hunt
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("hunt", max_examples=5000, deadline=None)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected reports of tests/cases/")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture
def git_knows_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git knows nothing of this machine's configuration, nor we of the CI that runs us."""
    home = tmp_path / "home"
    home.mkdir()
    alone(monkeypatch, home)
