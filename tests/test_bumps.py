"""Pull requests: each folder of tests/bumps/ is one, with the tree before it, what it changes, and the report.

`story.yaml` says `story` (why it matters), `run` (the command line, in the work tree) and `exit` (the code).
`before/` is committed on main; `after/` is what the pull request changes. `make golden` rewrites `report.txt`, and
what there is in other forms.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import Repository, alone
from running import inside
from test_cases import FORMS

BUMPS = sorted(path.parent for path in (Path(__file__).parent / "bumps").glob("*/story.yaml"))


def files(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


@pytest.mark.parametrize("bump", BUMPS, ids=lambda bump: bump.name)
def test_a_pull_request_reads_as_it_was_approved(
    bump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    told: dict[str, Any] = yaml.safe_load((bump / "story.yaml").read_text(encoding="utf-8"))
    assert set(told) == {"story", "run", "exit"}
    alone(monkeypatch, tmp_path)
    repository = Repository.new(tmp_path / "repository")
    repository.commit(files(bump / "before"))
    repository.commit(files(bump / "after"), branch="change")
    monkeypatch.chdir(repository.folder)
    for name, form in {"report.txt": "terminal", **FORMS}.items():
        golden = bump / name
        if not golden.exists():
            continue
        run = inside(*shlex.split(told["run"]), "--format", form, environment={"COLUMNS": "100"})
        if update:
            golden.write_text(run.out, encoding="utf-8")
        assert (run.code, run.err) == (told["exit"], "")
        assert run.out == golden.read_text(encoding="utf-8"), "run `make golden`, and read what changed"
