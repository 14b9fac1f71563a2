"""Stories: each folder of tests/cases/ is one, with the user's files, what must be found, and the report as printed.

`case.yaml` says `story` (why it matters), `run` (the command line, in that folder), `exit` (the code), `finds`
(each entry must fit some finding) and `never` (no finding may fit it). An entry fits a finding whose fields
include the entry's; `says` must stand in the message or the advice, `at` is the place as `file:line`.
`make golden` rewrites `report.txt`, and what else is there of FORMS.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from lhmigrate.cli import app

FORMS = {"report.md": "markdown", "report.sarif": "sarif", "report.github": "github", "report.gitlab": "gitlab"}
"""How a story reads in other forms, where it has such a file."""

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/case.yaml"))


def load(case: Path) -> dict[str, Any]:
    told = yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    unknown = set(told) - {"story", "run", "exit", "finds", "never", "verdicts"}
    assert not unknown, f"{case.name}/case.yaml has keys that nobody checks: {unknown}"
    return told


def run(case: Path, *more: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.chdir(case)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    result = CliRunner().invoke(app, [*shlex.split(load(case)["run"]), *more])
    return result.exit_code, result.stdout


def fits(finding: dict[str, Any], entry: dict[str, Any]) -> bool:
    place = f"{finding.get('file')}:{finding.get('line')}"
    text = f"{finding.get('message', finding.get('because'))} {finding.get('advice', '')}"
    for key, wanted in entry.items():
        match key:
            case "says":
                if wanted not in text:
                    return False
            case "at":
                if wanted != place:
                    return False
            case "hop":
                hop = finding["hop"] or {}
                if wanted != f"{hop.get('from')} to {hop.get('to')}":
                    return False
            case "policy":
                if wanted not in [policy["name"] for policy in finding["policies"]]:
                    return False
            case _:
                if finding[key] != wanted:
                    return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_story_ends_as_it_should(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = load(case)
    code, out = run(case, "--format", "json", monkeypatch=monkeypatch)
    assert code == told["exit"], out
    report = json.loads(out)
    listed = "\n".join(f"  {one['code']} {one['flow']} {one['message']}" for one in report["findings"])
    for entry in told.get("finds", []):
        assert any(fits(finding, entry) for finding in report["findings"]), f"nothing fits {entry} in\n{listed}"
    for entry in told.get("never", []):
        wrong = [finding["message"] for finding in report["findings"] if fits(finding, entry)]
        assert not wrong, f"{entry} should fit nothing, and fits {wrong}"
    for entry in told.get("verdicts", []):
        assert any(fits(flow, entry) for flow in report["flows"]), f"no flow fits {entry}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_story_reads_as_it_was_approved(case: Path, monkeypatch: pytest.MonkeyPatch, update: bool) -> None:
    code, out = run(case, monkeypatch=monkeypatch)
    golden = case / "report.txt"
    if update:
        golden.write_text(out, encoding="utf-8")
    assert code == load(case)["exit"]
    assert out == golden.read_text(encoding="utf-8"), "run `make golden`, and read what changed"


SHOWN = [(case, name) for case in CASES for name in FORMS if (case / name).exists()]


@pytest.mark.parametrize(("case", "name"), SHOWN, ids=[f"{case.name}-{FORMS[name]}" for case, name in SHOWN])
def test_a_story_reads_as_it_was_approved_in_other_forms(
    case: Path, name: str, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    code, out = run(case, "--format", FORMS[name], monkeypatch=monkeypatch)
    if update:
        (case / name).write_text(out, encoding="utf-8")
    assert code == load(case)["exit"]
    assert out == (case / name).read_text(encoding="utf-8"), "run `make golden`, and read what changed"
