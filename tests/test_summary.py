"""Many clusters' reports in one table, and one exit code for all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from running import CUTTING, POLICY, inside, written

if TYPE_CHECKING:
    from pathlib import Path


def gate(*, shut: bool, errors: int = 0, warnings: int = 0, **more: object) -> str:
    """A gate's report, as far as it is looked at."""
    counts = {"errors": errors, "warnings": warnings, "notes": 0}
    told = {"format": 1, "command": "gate", "open": not shut, "sentence": "So it is.", "from": "1.7.2", "to": "1.8.2"}
    return json.dumps({**told, "summary": counts, "environments": [], **more})


OPEN, SHUT = gate(shut=False), gate(shut=True, errors=2, warnings=1)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.json": OPEN}, 0),
        ({"a.json": OPEN, "b.json": OPEN}, 0),
        ({"a.json": OPEN, "b.json": SHUT}, 1),
        ({"a.json": SHUT, "b.json": ""}, 2),
        ({"a.json": gate(shut=False, warnings=3)}, 0),
    ],
    ids=["one", "all open", "one is shut", "one is missing", "a gate knows best"],
)
def test_the_worst_counts(tmp_path: Path, files: dict[str, str], code: int) -> None:
    folder = written(tmp_path, files)
    assert inside("summary", *(folder / name for name in files)).code == code


def test_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written(tmp_path, {"eu.json": OPEN, "us.json": SHUT, "lab.json": "{"}))
    run = inside("summary", "eu.json", "us.json", "lab.json")
    assert run.out == (
        "3 clusters: 1 fine, 1 not, 1 without a report.\n"
        "report    result     from   to     errors  warnings\n"
        "lab.json  no report  -      -           -         -  is no JSON\n"
        "us.json   shut       1.7.2  1.8.2       2         1\n"
        "eu.json   open       1.7.2  1.8.2       0         0\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty: the run that should have made it failed"),
        ("[1]", "is no JSON report of gate, plan or check"),
        ('{"command": "show", "format": 1}', "is no JSON report of gate, plan or check"),
        ('{"command": "gate", "format": 2}', "is of a format that this version does not know"),
        ('{"command": "gate", "format": 1}', "does not say how many errors"),
        (gate(shut=False, open="yes"), "does not say whether the gate is open"),
        (gate(shut=False, summary={"errors": -1, "warnings": 0, "notes": 0}), "does not say how many errors"),
        ("[" * 100_000, "is no JSON"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_report(tmp_path: Path, text: str | bytes, told: str) -> None:
    run = inside("summary", written(tmp_path, {"x.json": text}) / "x.json", "--format", "json")
    assert run.code == 2
    [one] = run.report["reports"]
    assert one["told"].startswith(told)


def test_a_file_that_is_not_there_is_a_cluster_without_a_report(tmp_path: Path) -> None:
    run = inside("summary", written(tmp_path, {"a.json": OPEN}) / "a.json", tmp_path / "b.json")
    assert run.code == 2
    assert "1 fine, 1 without a report" in run.out


@pytest.mark.parametrize(
    ("line", "policy", "code"),
    [
        ("plan --from 1.7.2 --to 1.7.3", POLICY, 0),
        ("plan --from 1.7.2 --to 1.8", CUTTING, 1),
        ("check --release 1.7", CUTTING, 1),
    ],
)
def test_real_reports_of_other_commands(tmp_path: Path, line: str, policy: str, code: int) -> None:
    folder = written(tmp_path, {"policy.yaml": policy})
    made = inside(*line.split(), folder / "policy.yaml", "--format", "json", "--output", folder / "report.json")
    run = inside("summary", folder / "report.json", "--format", "json")
    assert (made.code, run.code) == (code, code)
    [one] = run.report["reports"]
    assert one["command"] == line.split(maxsplit=1)[0]


@pytest.mark.parametrize(("level", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_what_counts_can_be_said(tmp_path: Path, level: str, code: int) -> None:
    counts: dict[str, Any] = {"errors": 0, "warnings": 1, "notes": 0}
    report = json.dumps({"format": 1, "command": "plan", "from": "1.7.2", "to": "1.8.2", "summary": counts})
    file = written(tmp_path, {"a.json": report}) / "a.json"
    assert inside("summary", file, "--fail-on", level).code == code


def test_names_and_sentences_steer_no_terminal(tmp_path: Path) -> None:
    text = gate(shut=True, to="\x1b[2J1.8", sentence="\x1b]0;x\x07")
    run = inside("summary", written(tmp_path, {"a.json": text}) / "a.json")
    assert "\x1b" not in run.out
