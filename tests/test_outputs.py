"""Where reports go: which file belongs to which format, and what becomes of the file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from running import CALLED, CUTTING, Run, inside, program, shell, written

from lhmigrate.editing import patch
from lhmigrate.errors import Refusal
from lhmigrate.outputs import STDOUT, Output, paired

CHECK = ("check", "--release", "1.6", "--cni", "calico", "file.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(written(tmp_path, {"file.yaml": CUTTING}))
    return tmp_path


def given(line: str) -> list[tuple[str, str]]:
    """`f:a o:x` as options."""
    options = {"f": "--format", "o": "--output"}
    return [(options[word[0]], word[2:]) for word in line.split()]


PAIRS = {
    "nothing is a report for the terminal": ("", "terminal:-"),
    "a format alone goes to standard output": ("f:json", "json:-"),
    "a file alone gets what the terminal would": ("o:x", "terminal:x"),
    "a file belongs to the format before it": ("f:json o:x", "json:x"),
    "several pairs, in their order": ("f:markdown o:x f:sarif o:y", "markdown:x sarif:y"),
    "all formats first, then all files": ("f:markdown f:sarif o:x o:y", "markdown:x sarif:y"),
    "files first": ("o:x f:markdown o:y f:sarif", "markdown:x sarif:y"),
    "the last one is left over": ("f:markdown o:x f:terminal", "markdown:x terminal:-"),
    "the first one is left over": ("f:terminal f:markdown o:x", "terminal:- markdown:x"),
    "the one between is left over": ("f:a o:x f:b f:c o:y", "a:x b:- c:y"),
    "a file before its format": ("o:x f:a f:b", "a:x b:-"),
    "standard output by its name": ("f:terminal o:- f:markdown o:x", "terminal:- markdown:x"),
}


@pytest.mark.parametrize(("line", "pairs"), PAIRS.values(), ids=PAIRS.keys())
def test_a_file_belongs_to_the_format_beside_it(line: str, pairs: str) -> None:
    assert paired(given(line), "terminal") == [Output(*one.split(":")) for one in pairs.split()]


WRONG = {
    "two formats, one place": ("f:a f:b", "only one report fits on standard output"),
    "a file too many": ("f:a o:x o:y", "1 --format and 2 --output were given: give each --output a --format"),
    "two files that nobody asked a format for": ("o:x o:y", "give each --output a --format of its own"),
    "one file for two": ("f:a o:x f:b o:./x", "./x: --output is given twice for the same file"),
    "standard output twice": ("f:a o:- f:b", "only one report fits"),
}


@pytest.mark.parametrize(("line", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_count_is_refused(line: str, says: str) -> None:
    with pytest.raises(Refusal) as refused:
        paired(given(line), "terminal")
    assert says in str(refused.value)


def test_a_wrong_count_ends_the_run_before_anything_is_written() -> None:
    run = inside(*CHECK, "--format", "json", "--output", "x", "--output", "y")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("lhmigrate: 1 --format and 2 --output were given")
    assert not Path("x").exists()


def test_a_file_holds_what_standard_output_would() -> None:
    for form in ("terminal", "json", "markdown", "sarif", "github", "gitlab"):
        alone = inside(*CHECK, "--format", form)
        filed = inside(*CHECK, "--format", form, "--output", "report")
        assert filed == Run(alone.code, "", "")
        assert Path("report").read_text(encoding="utf-8") == alone.out
        assert alone == inside(*CHECK, "--format", form, "--output", STDOUT)


def test_several_reports_of_one_run() -> None:
    run = program(
        *CHECK, "--format", "terminal", "--format", "markdown", "--output", "a.md", "--output=b.json", "--format=json"
    )
    assert run == program(*CHECK)
    assert Path("a.md").read_text(encoding="utf-8").startswith("<!-- lhmigrate -->\n")
    assert json.loads(Path("b.json").read_text(encoding="utf-8"))["command"] == "check"


def test_a_report_for_people_in_a_file_has_no_colour() -> None:
    inside(*CHECK, "--output", "report.txt", environment={"FORCE_COLOR": "1", "COLUMNS": "60"})
    text = Path("report.txt").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 60


def test_a_file_that_is_there_is_replaced_and_keeps_its_mode_and_its_links() -> None:
    written(Path(), {"real/report.json": "old"})
    Path("real/report.json").chmod(0o640)
    Path("link.json").symlink_to("real/report.json")
    assert inside(*CHECK, "--format", "json", "--output", "link.json").code == 1
    assert Path("link.json").is_symlink()
    real = Path("real/report.json")
    assert json.loads(real.read_text(encoding="utf-8"))["command"] == "check"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(os.listdir("real")) == ["report.json"]  # noqa: PTH208 - hidden files count


def test_a_new_file_gets_the_mode_that_new_files_get() -> None:
    shell("umask 027; lhmigrate check --release 1.6 file.yaml --format json --output new.json")
    assert stat.S_IMODE(Path("new.json").stat().st_mode) == 0o640


CANNOT = {
    "no such folder": ("missing/report", "lhmigrate: missing/report: cannot be written: No such file or directory\n"),
    "a folder": (".", "lhmigrate: .: cannot be written: Is a directory\n"),
    "a file in a file": ("file.yaml/x", "lhmigrate: file.yaml/x: cannot be written: Not a directory\n"),
}


@pytest.mark.parametrize(("file", "says"), CANNOT.values(), ids=CANNOT.keys())
def test_what_cannot_be_written_is_said(file: str, says: str) -> None:
    assert inside(*CHECK, "--format", "json", "--output", file) == Run(2, "", says)


def test_a_run_that_fails_leaves_the_file_as_it_was() -> None:
    written(Path(), {"report.json": "old"})
    assert inside("check", "--release", "0.1", "--format", "json", "--output", "report.json").code == 2
    assert Path("report.json").read_text(encoding="utf-8") == "old"


def test_a_pipe_is_written_into() -> None:
    run = program(*CHECK, "--format", "json", "--output", "/dev/stdout")
    assert run.report["command"] == "check"


@pytest.mark.parametrize("form", ["terminal", "json", "github", "gitlab"])
def test_edits_are_made_only_for_what_shows_them(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def steps(*_: object) -> list[object]:
        made.append(None)
        return []

    monkeypatch.setattr(patch, "steps", steps)
    line = ("plan", "--from", "1.4", "--to", "1.5", "file.yaml")
    inside(*line, "--format", form)
    assert not made
    inside(*line, "--format", form, "--edits")
    assert bool(made) is (form == "json")
    made.clear()
    inside(*line, "--format", form, "--output", "x", "--format", "sarif")
    assert made


def test_edits_in_json_mend_the_findings_that_they_stand_with() -> None:
    line = ("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico", "callers.yaml", "--format", "json")
    written(Path(), {"callers.yaml": CALLED})
    plain, told = inside(*line).report, inside(*line, "--edits").report
    assert [one["edits"] for one in plain["findings"]] == [[]] * len(plain["findings"])
    mended = next(one for one in told["findings"] if one["ports"] == ["TCP/8502"])
    assert mended["edits"][0]["does"].startswith("Add TCP/8502 and TCP/8503 to the rule")
    assert shell("git init -q").code == 0
    written(Path(), {"p.diff": mended["edits"][0]["diff"]})
    assert shell("git apply p.diff") == Run(0, "", "")
    left = {tuple(one["ports"]) for one in inside(*line).report["findings"] if one["code"] == "flow-blocked"}
    assert ("TCP/8502",) not in left


EDITED = ("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico")


def test_a_patch_is_what_git_applies_and_then_there_is_none_left() -> None:
    assert shell("git init -q").code == 0
    written(Path(), {"a b/callers.yaml": f"# Größe\n{CALLED}"})
    line = (*EDITED, "a b", "--format", "diff")
    assert inside(*line, "--output", "p.patch", "--format", "terminal") == inside(*EDITED, "a b")
    patch_ = Path("p.patch").read_text(encoding="utf-8")
    assert patch_.startswith("diff --git ")
    assert patch_ == inside("patch", *line[1:-2]).out == inside(*line).out
    assert shell("git apply p.patch") == Run(0, "", "")
    assert inside(*line, "--output", "p.patch").out == ""
    assert Path("p.patch").read_bytes() == b""


def test_a_patch_of_several_hops_is_the_next_ones() -> None:
    written(Path(), {"callers.yaml": CALLED})
    line = ("plan", "--from", "1.4", "--to", "1.6", "--cni", "calico", "callers.yaml", "--format", "diff")
    assert inside(*line).out == inside(*EDITED, "callers.yaml", "--format", "diff").out != ""


def test_a_check_has_no_patch() -> None:
    run = inside(*CHECK, "--format", "terminal", "--format", "diff", "--output", "p.patch")
    assert run == Run(2, "", "lhmigrate: a check has no edits to show; `lhmigrate plan --format diff` has\n")


def test_exit_codes_stay_as_they_are() -> None:
    assert inside(*EDITED, "file.yaml", "--format", "diff").code == 1
    for form in ("markdown", "sarif", "github", "gitlab"):
        assert inside(*CHECK, "--format", form).code == 1
        assert inside(*CHECK, "--format", form, "--exit-zero").code == 0
        assert inside("check", "--release", "1.6", "--format", form).code == 0
