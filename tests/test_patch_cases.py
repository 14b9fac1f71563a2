"""What a patch makes of every story of tests/cases/: its edits as they were approved, and what must hold of any.

`make golden` rewrites `patch.txt`: first what is told beside the diff, then the diff.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from test_cases import CASES, load
from typer.testing import CliRunner, Result

from lhmigrate.cli import app

if TYPE_CHECKING:
    from pathlib import Path

PLANS = [case for case in CASES if load(case)["run"].startswith("plan ")]


@pytest.fixture
def story(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a story, where they may be changed."""
    case: Path = request.param
    copied = tmp_path / case.name
    shutil.copytree(case, copied, ignore=shutil.ignore_patterns("case.yaml", "*.txt"))
    monkeypatch.chdir(copied)
    monkeypatch.setenv("COLUMNS", "100")
    return case


def run(case: Path, *more: str, command: str = "patch") -> Result:
    _, *rest = shlex.split(load(case)["run"])
    result = CliRunner().invoke(app, [command, *rest, *more], catch_exceptions=False)
    assert result.exit_code != 2, result.stderr
    return result


def report(case: Path, *more: str, command: str = "patch") -> Any:  # noqa: ANN401 - whatever JSON it is
    return json.loads(run(case, "--format", "json", *more, command=command).stdout)


def apply(diff: bytes) -> None:
    if diff:
        subprocess.run(["git", "apply", "-"], input=diff, check=True, timeout=60)


each_story = pytest.mark.parametrize("story", PLANS, ids=lambda case: case.name, indirect=True)


@each_story
def test_a_patch_reads_as_it_was_approved(story: Path, update: bool) -> None:
    parts = [run(story, "--all-hops", "--phase", phase) for phase in ("before", "after")]
    found = "\n".join(part.stderr + part.stdout for part in parts)
    golden = story / "patch.txt"
    if update:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8"), "run `make golden`, and read what changed"


@each_story
@pytest.mark.parametrize("phase", ["before", "after"])
def test_patching_twice_is_patching_once(story: Path, phase: str) -> None:
    # Not `stdout`, which leaves out carriage returns.
    apply(run(story, "--all-hops", "--phase", phase).stdout_bytes)
    assert run(story, "--all-hops", "--phase", phase).stdout == ""


def texts(story: Path) -> dict[Path, bytes]:
    """The files of a story, by their names in the folder where it is played."""
    names = [file.relative_to(story) for file in story.rglob("*") if file.is_file() and file.suffix != ".txt"]
    return {name: name.read_bytes() for name in names if name.exists()}


def within(some: bytes, other: bytes) -> bool:
    """Whether these bytes stand in that order among the others."""
    waiting = iter(other)
    return all(byte in waiting for byte in some)


def unselected(text: bytes) -> bytes:
    """Without Calico's selectors: each is one text, in which `a == 'b'` becomes `a in {'b', 'c'}`."""
    return re.sub(rb"(?m)^.*\bselector: .*$", b"", text)


@each_story
def test_what_is_there_stays_byte_for_byte(story: Path) -> None:
    """Before a hop bytes are put in, after it some are taken out, and lines end as all of their file's lines do."""
    start = texts(story)
    apply(run(story, "--all-hops", "--phase", "before").stdout_bytes)
    opened = texts(story)
    apply(run(story, "--all-hops", "--phase", "after").stdout_bytes)
    closed = texts(story)
    for name, text in start.items():
        assert within(unselected(text), unselected(opened[name]))
        assert within(unselected(closed[name]), unselected(opened[name]))
        if text.count(b"\r\n") == text.count(b"\n"):
            assert closed[name].count(b"\r\n") == closed[name].count(b"\n")


def cut(findings: list[dict[str, Any]]) -> dict[tuple[str, ...], set[str]]:
    """The flows that a plan finds cut, with their ports."""
    result: dict[tuple[str, ...], set[str]] = {}
    for one in findings:
        if one["code"] == "flow-blocked":
            key = (one["hop"]["from"], one["flow"], one["source"], one["target"])
            result.setdefault(key, set()).update(one["ports"])
    return result


@each_story
def test_planning_the_result_plans_only_what_was_left_by_hand(story: Path) -> None:
    before = cut(report(story, command="plan")["findings"])
    patch = report(story, "--all-hops")
    apply("".join(file["diff"] for step in patch["steps"] for file in step["files"]).encode())
    after = cut(report(story, command="plan")["findings"])
    by_hand = {
        (step["hop"]["from"], flow["flow"], flow["source"], flow["target"])
        for step in patch["steps"]
        for one in step["by_hand"]
        for flow in one["flows"]
    }
    assert set(after) <= by_hand
    assert set(after) <= set(before)
