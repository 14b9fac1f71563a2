"""Unified diffs: what `git apply` makes of them is exactly the file after the change."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lhmigrate.reports.unified import diff

if TYPE_CHECKING:
    from pathlib import Path

LINES = some.lists(some.sampled_from(["a", "b", "c\r", "", " d", "é", "--- x", "@@", "\x0b", "\u2028"]), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("applied")


def applied(folder: Path, name: str, before: str | None, after: str) -> bytes:
    """What git makes of a file with our diff."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if before is not None:
        file.write_bytes(before.encode())
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, input=diff(name, before, after).encode(), cwd=folder, check=True, timeout=60)
    return file.read_bytes()


@given(LINES, LINES, some.booleans(), some.booleans())
def test_git_makes_the_file_of_it(folder: Path, old: list[str], new: list[str], old_ends: bool, new_ends: bool) -> None:
    before, after = ("\n".join(lines) + "\n" * ends for lines, ends in ((old, old_ends), (new, new_ends)))
    if before and after and before != after:
        assert applied(folder, "f.yaml", before, after) == after.encode()


NAMES = (
    "plain.yaml",
    "deep/er/f.yaml",
    "with space.yaml",
    'quo"ted.yaml',
    "back\\slash.yaml",
    "zürich.yaml",
    "tab\t.yaml",
    "line\nbreak.yaml",
)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    assert applied(tmp_path, name, "a: 1\nb: 2\n", "a: 1\nb: 3\n") == b"a: 1\nb: 3\n"
    assert applied(tmp_path, f"new-{name}" if "/" not in name else name, None, "a: 1\n") == b"a: 1\n"


def test_a_diff_shows_three_lines_around_what_changed() -> None:
    before = "".join(f"{number}\n" for number in range(1, 21))
    assert diff("f.yaml", before, before.replace("10\n", "10\nmore\n", 1)) == (
        "diff --git a/f.yaml b/f.yaml\n--- a/f.yaml\n+++ b/f.yaml\n@@ -8,6 +8,7 @@\n 8\n 9\n 10\n+more\n 11\n 12\n 13\n"
    )


def test_changes_far_apart_have_a_hunk_each() -> None:
    before = "".join(f"{number}\n" for number in range(1, 101))
    assert diff("f.yaml", before, before.replace("9\n", "9!\n", 1).replace("90\n", "90!\n")).count("@@ -") == 2


def test_nothing_changed_is_nothing_said() -> None:
    assert diff("f.yaml", "a\n", "a\n") == ""
