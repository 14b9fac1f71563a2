"""The installed program: its options, its exit codes, what it prints on which stream, and what it loads."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from running import CUTTING, POLICY, PROGRAM, Run, inside, program, shell, written

from lhmigrate import __version__
from lhmigrate.cli import runs

CODES = "Exit codes: 0 nothing to do, 1 something to do, 2 could not run."
COMMANDS = ("plan", "check", "diff", "show", "releases")


@pytest.fixture(autouse=True)
def in_a_folder_with_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, {"fine/managers.yaml": POLICY, "cut/engines.yaml": CUTTING, "bad/bad.yaml": f"{POLICY}spec: 5\n"})


# Each: what is run, the exit code, and whether there is a report.
ENDS = {
    "plan: both releases are the same": ("plan --from 1.6 --to 1.6.4 fine", 0),
    "plan: both are the same, and a policy is bad anyway": ("plan --from 1.6.4 --to 1.6 cut", 0),
    "plan: nothing in the way": ("plan --from 1.5 --to 1.6 --cni calico fine", 0),
    "plan: no paths, and a release that changes nothing": ("plan --from 1.5 --to 1.6", 0),
    "plan: no paths, and a release that installs policies": ("plan --from 1.12.0 --to 1.12.1", 1),
    "plan: a policy cuts": ("plan --from 1.5 --to 1.6 cut", 1),
    "plan: a policy cuts, and the user only wants to be told": ("plan --from 1.5 --to 1.6 cut --exit-zero", 0),
    "plan: a policy cuts, and errors alone matter": ("plan --from 1.4 --to 1.6 cut --fail-on error", 1),
    "plan: a policy cuts, and nothing matters": ("plan --from 1.5 --to 1.6 cut --fail-on never", 0),
    "plan: warnings": ("plan --from 1.12.0 --to 1.12.1 --fail-on warning", 1),
    "plan: warnings, and errors alone matter": ("plan --from 1.12.0 --to 1.12.1 --fail-on error", 0),
    "plan: warnings, and the user only wants to be told": (
        "plan --from 1.12.0 --to 1.12.1 --fail-on warning --exit-zero",
        0,
    ),
    "plan: a policy cannot be read": ("plan --from 1.5 --to 1.6 bad fine", 1),
    "plan: nothing can be read": ("plan --from 1.5 --to 1.6 bad", 2),
    "plan: nothing can be read, and the user only wants to be told": ("plan --from 1.5 --to 1.6 bad --exit-zero", 2),
    "check: everything passes": ("check --release 1.6 --cni calico fine", 0),
    "check: a policy cuts": ("check --release 1.6 cut", 1),
    "check: a policy cuts, and the user only wants to be told": ("check --release 1.6 cut --exit-zero", 0),
    "check: a policy cuts, and errors alone matter": ("check --release 1.6 cut --fail-on error", 1),
    "check: nothing can be read, and nothing matters": ("check --release 1.6 bad --fail-on never", 2),
    "check: nothing can be read": ("check --release 1.6 bad", 2),
    "diff: no difference": ("diff --from 1.6.4 --to v1.6.4", 0),
    "diff: releases with the same network": ("diff --from 1.7.0 --to 1.7.0", 0),
    "diff: differences": ("diff --from 1.5 --to 1.6", 1),
    "diff: differences backwards": ("diff --from 1.6 --to 1.5", 1),
    "diff: differences, and the user only wants to be told": ("diff --from 1.5 --to 1.6 --exit-zero", 0),
    "diff: an unknown release": ("diff --from 1.5 --to 1.99 --exit-zero", 2),
    "show: a release": ("show 1.7", 0),
    "show: an unknown release": ("show 1.1", 2),
    "releases": ("releases", 0),
    "releases: of a folder that is not there": ("releases --specs nowhere", 2),
}


@pytest.mark.parametrize(("line", "code"), ENDS.values(), ids=ENDS.keys())
def test_the_exit_code_says_how_it_went(line: str, code: int) -> None:
    run = program(*line.split())
    in_json = inside(*line.split(), "--format", "json")
    assert (run.code, in_json.code, in_json.err) == (code, code, run.err)
    if code == 2:
        assert (run.out, in_json.out) == ("", "")
        assert re.fullmatch(r"lhmigrate: [^\n]+\n(  [^\n]+\n)*", run.err)
    else:
        assert run.err == ""
        assert run.out.strip()
        assert in_json.report["command"] == line.split(maxsplit=1)[0]


# Each: what is run, and what the complaint says. All end with 2, with nothing on stdout.
REFUSED = {
    "a release that nobody made": ("plan --from 1.5 --to 1.7.99", "Longhorn 1.7.99 is not in the catalogue, which"),
    "a minor release that nobody made": ("plan --from 1.5 --to 1.77", "Longhorn 1.77 is not in the catalogue"),
    "a release before the first": ("check --release 1.1", "covers 1.2.0 to 1.13.0"),
    "words for a version": ("plan --from latest --to 1.7", "'latest' is not a Longhorn version like 1.7 or 1.7.3"),
    "half a version": ("show 1", "'1' is not a Longhorn version"),
    "too much of a version": ("show 1.7.3.1", "'1.7.3.1' is not a Longhorn version"),
    "a release candidate": ("show 1.7.3-rc1", "'1.7.3-rc1' is not a Longhorn version"),
    "a version in other digits": ("show \u0661.\u0667", "is not a Longhorn version"),
    "no --from, where nothing declares it": (
        "plan --to 1.7",
        "no file here tells which Longhorn is installed, so pass",
    ),
    "no --to, where nothing declares it": (
        "plan --from 1.7",
        "no file here tells which Longhorn is installed, so pass",
    ),
    "no versions, and no git checkout": (
        "plan",
        "this is no git checkout, so nothing tells which versions change; pass",
    ),
    "an empty version": ("show ''", "'' is not a Longhorn version"),
    "a downgrade": ("plan --from 1.7 --to 1.6", "1.7.3 to 1.6.4 is a downgrade, and Longhorn cannot be downgraded"),
    "a path that is not there": ("plan --from 1.5 --to 1.6 nowhere", "nowhere: No such file or directory; give a file"),
    "a path that is not there, beside one that is": ("check --release 1.6 fine nowhere", "nowhere: No such file"),
    "an unknown feature": ("check --release 1.6 --with magic", "there is no feature 'magic'; these are known: "),
    "an unknown feature that nobody uses": ("check --release 1.6 --without magic", "there is no feature 'magic'"),
    "an unknown network plugin": ("check --release 1.6 --cni weave", "--cni is one of calico, canal, cilium, "),
    "an unknown way of installing": ("check --release 1.6 --install apt", "--install is one of helm, manifest, not"),
    "a contradiction": (
        "check --release 1.6 --with metrics --without metrics",
        "--with and --without both name metrics; say one of them",
    ),
    "specs that are not there": ("check --release 1.6 --specs nowhere", "nowhere: is not a folder of release files"),
    "specs that are a file": ("show 1.6 --specs fine/managers.yaml", "fine/managers.yaml: is not a folder of release"),
    "specs without a release": ("show 1.6 --specs fine", "fine: holds no release file and no glossary"),
    "a configuration that is not there": ("check --release 1.6 --config no.yaml", "no.yaml: cannot be read: No such"),
    "a configuration that is a folder": ("check --release 1.6 --config fine", "fine: cannot be read: Is a directory"),
    "a configuration that is a policy": (
        "check --release 1.6 --config fine/managers.yaml",
        "fine/managers.yaml:1:1: the configuration has no field 'apiVersion'",
    ),
    "values that are not there": ("check --release 1.6 --values no.yaml", "no.yaml: cannot be read: No such file"),
}


@pytest.mark.parametrize(("line", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_run_says_why(line: str, says: str) -> None:
    run = inside(*(word.strip("'") for word in line.split(" ")))
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("lhmigrate: ")
    assert says in run.err
    assert run.err.count("\n") == 1


MISUSED = {
    "nothing at all": ("", "Usage: lhmigrate"),
    "an unknown command": ("plann", "No such command 'plann'"),
    "an unknown option": ("plan --form 1.5", "No such option"),
    "no --from of a comparison": ("diff --to 1.7", "Missing option '--from'"),
    "no --to": ("diff --from 1.7", "Missing option '--to'"),
    "no --release": ("check fine", "pass --release"),
    "no version": ("show", "Missing argument 'V'"),
    "an unknown format": ("releases --format xml", "'xml' is not one of 'terminal', 'json'"),
    "an option without its value": ("releases --specs", "Option '--specs' requires an argument"),
    "an argument too many": ("releases fine", "Got unexpected extra argument"),
    "a flag with a value": ("plan --from 1.5 --to 1.6 --exit-zero=yes", "does not take a value"),
}


@pytest.mark.parametrize(("line", "says"), MISUSED.values(), ids=MISUSED.keys())
def test_wrong_usage_ends_with_2(line: str, says: str) -> None:
    run = program(*line.split())
    assert run.code == 2
    assert says in run.err + run.out
    assert run.out == "" or not line


def test_the_version_is_the_packages() -> None:
    assert program("--version") == Run(0, f"lhmigrate {__version__}\n", "")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_what_the_exit_codes_mean(command: str) -> None:
    run = program(*command.split(), "--help")
    assert (run.code, run.err) == (0, "")
    assert CODES in " ".join(run.out.split())
    if not command:
        assert [one for one in COMMANDS if re.search(rf"^  {one} ", run.out, re.MULTILINE)] == list(COMMANDS)


def test_stdin_is_read_like_a_file() -> None:
    from_file = program("check", "--release", "1.6", "--format", "json", "cut/engines.yaml")
    from_stdin = program("check", "--release", "1.6", "--format", "json", "-", given=CUTTING.encode())
    assert from_stdin.code == from_file.code == 1
    assert from_stdin.out == from_file.out.replace("cut/engines.yaml", "(stdin)")
    both = program("check", "--release", "1.6", "--format", "json", "fine", "-", "-", given=CUTTING.encode())
    assert both.report["coverage"] == {**from_file.report["coverage"], "files": 2, "documents": 2, "policies": 2}


VERSIONS = {"1.7": "1.7.3", "v1.7": "1.7.3", "1.7.2": "1.7.2", "v1.7.2": "1.7.2", "1.12": "1.12.1", "1.13": "1.13.0"}


@pytest.mark.parametrize(("said", "meant"), VERSIONS.items())
def test_a_report_says_which_release_a_version_means(said: str, meant: str) -> None:
    assert inside("show", said, "--format", "json").report["release"] == meant
    assert inside("show", said).out.startswith(f"Longhorn {meant}")


# The contract of design.md, key by key. Others may be there too.
POLICY_KEYS = {"kind": str, "namespace": str, "name": str, "file": str, "line": int}
FINDING_KEYS = {
    "code": str,
    "level": str,
    "hop": (dict, type(None)),
    "phase": (str, type(None)),
    "flow": (str, type(None)),
    "source": (str, type(None)),
    "target": (str, type(None)),
    "ports": list,
    "direction": (str, type(None)),
    "policies": list,
    "message": str,
    "edits": list,
}
SUMMARY_KEYS = {"errors": int, "warnings": int, "notes": int}
COVERAGE_KEYS = {"files": int, "documents": int, "policies": int, "unread": list}
PLAN_KEYS = {
    "format": int,
    "command": str,
    "from": str,
    "to": str,
    "hops": list,
    "findings": list,
    "summary": dict,
    "coverage": dict,
}
CHECK_KEYS = {"format": int, "command": str, "release": str, "flows": list, "coverage": dict}
FLOW_KEYS = {
    "flow": str,
    "source": str,
    "target": str,
    "ports": list,
    "verdict": str,
    "blocked_ports": list,
    "because": str,
    "policies": list,
}


def has(value: dict[str, Any], keys: dict[str, Any]) -> bool:
    missing = [key for key in keys if key not in value]
    assert not missing
    wrong = {key: value[key] for key, kind in keys.items() if not isinstance(value[key], kind)}
    assert not wrong
    return True


def test_a_plan_in_json_keeps_the_contract() -> None:
    report = program("plan", "--from", "1.5", "--to", "1.7", "--format", "json", "cut", "bad").report
    assert has(report, PLAN_KEYS)
    assert (report["format"], report["command"], report["from"], report["to"]) == (1, "plan", "1.5.5", "1.7.3")
    assert report["hops"] == [{"from": "1.5.5", "to": "1.6.4"}, {"from": "1.6.4", "to": "1.7.3"}]
    assert has(report["summary"], SUMMARY_KEYS)
    assert has(report["coverage"], COVERAGE_KEYS)
    (unread,) = report["coverage"]["unread"]
    assert (unread["file"], unread["line"], unread["column"]) == ("bad/bad.yaml", 7, 1)
    assert all(has(finding, FINDING_KEYS) for finding in report["findings"])
    cut = next(one for one in report["findings"] if one["code"] in {"flow-blocked-today", "flow-unknown"})
    assert cut["hop"] in report["hops"]
    assert cut["phase"] in {"before", "after"}
    assert cut["direction"] in {"ingress", "egress"}
    assert cut["ports"]
    assert all(re.fullmatch(r"(TCP|UDP|SCTP)/\d+(-\d+)?", port) for port in cut["ports"])
    assert all(has(policy, POLICY_KEYS | {"namespace": (str, type(None))}) for policy in cut["policies"])
    levels = [finding["level"] for finding in report["findings"]]
    assert report["summary"] == {f"{level}s": levels.count(level) for level in ("error", "warning", "note")}


def test_a_check_in_json_keeps_the_contract() -> None:
    report = program("check", "--release", "1.6", "--format", "json", "cut").report
    assert has(report, CHECK_KEYS)
    assert (report["format"], report["command"], report["release"]) == (1, "check", "1.6.4")
    assert all(has(flow, FLOW_KEYS) for flow in report["flows"])
    verdicts = {flow["verdict"] for flow in report["flows"]}
    assert {"allowed", "blocked"} <= verdicts <= {"allowed", "blocked", "partial", "unknown"}
    cutting = {"blocked": True, "partial": True, "allowed": False}
    known = [flow for flow in report["flows"] if flow["verdict"] in cutting]
    assert all(bool(flow["blocked_ports"]) == cutting[flow["verdict"]] for flow in known)
    assert all(has(finding, FINDING_KEYS) for finding in report["findings"])
    assert report["coverage"] == {**report["coverage"], "files": 1, "documents": 1, "policies": 1, "unread": []}


def test_the_other_reports_in_json() -> None:
    diff = program("diff", "--from", "1.6", "--to", "1.7", "--format", "json").report
    assert (diff["format"], diff["command"], diff["from"], diff["to"]) == (1, "diff", "1.6.4", "1.7.3")
    assert {change["change"] for change in diff["changes"]} <= {"added", "removed", "changed"}
    show = program("show", "1.12.1", "--format", "json").report
    assert (show["format"], show["command"], show["release"]) == (1, "show", "1.12.1")
    assert show["flows"]
    assert show["components"]
    assert show["policies"]
    releases = program("releases", "--format", "json").report
    assert (releases["format"], releases["command"]) == (1, "releases")
    assert all(one["upgrade_from"] and one["kubernetes"] and one["release"] for one in releases["releases"])


REPORTS = (
    "plan --from 1.4 --to 1.13 --install manifest tree",
    "plan --from 1.4 --to 1.13 --format json tree",
    "check --release 1.12.1 --with openshift --format json tree",
    "diff --from 1.2.0 --to 1.13",
    "show 1.13 --format json",
    "releases",
)


@pytest.mark.parametrize("line", REPORTS)
def test_the_same_input_gives_the_same_bytes(line: str, tmp_path: Path) -> None:
    names = [f"tree/{folder}/{name}.yaml" for folder in "cab" for name in ("z", "a", "m")]
    several = [CUTTING.replace("engines", f"p{index}") for index in range(len(names) - 2)]
    files = list(zip(names, [*several, POLICY, "kind: {  # NetworkPolicy\n"], strict=True))
    outputs = set()
    for seed, order in (("0", 1), ("1", -1), ("4242", 1)):
        place = written(tmp_path / f"run-{seed}", dict(files[::order]))
        run = shell(f"cd {place} && exec lhmigrate {line}", PYTHONHASHSEED=seed)
        assert (run.code in {0, 1}, run.err) == (True, "")
        outputs.add((run.code, run.out))
    assert len(outputs) == 1


CLOSED = {
    "a reader that has seen enough": "lhmigrate plan --from 1.2.0 --to 1.13 fine cut | head -1",
    "a reader that sees nothing": "lhmigrate releases --format json | true",
    "a reader of help that sees nothing": "lhmigrate --help | true",
    "a reader of the version that sees nothing": "lhmigrate --version | true",
}


@pytest.mark.parametrize("line", CLOSED.values(), ids=CLOSED.keys())
def test_a_reader_may_leave_early(line: str) -> None:
    assert shell(line).err == ""


# Each: the line, its exit code, and all that is on stderr.
STREAMS = {
    "stdout is full": ("lhmigrate releases > /dev/full", 2, "lhmigrate: the system: No space left on device\n"),
    "stdout is full, for help": ("lhmigrate --help > /dev/full", 2, "lhmigrate: No space left on device\n"),
    "stdout is full, for the version": ("lhmigrate --version > /dev/full", 2, "lhmigrate: No space left on device\n"),
    "stdout is closed": (
        "lhmigrate plan --from 1.5 --to 1.6 fine >&-",
        2,
        "lhmigrate: standard output is closed, so nobody can read the report\n",
    ),
    "stderr is closed": ("lhmigrate check --release 1.6 --cni calico fine 2>&-", 0, ""),
    "stderr is closed, and there is something to say": ("lhmigrate check --release 9.9 2>&-", 2, ""),
    "stderr is full, and there is something to say": ("lhmigrate check --release 9.9 2> /dev/full", 2, ""),
    "stdin is closed": ("lhmigrate check --release 1.6 --cni calico fine <&-", 0, ""),
}


@pytest.mark.parametrize(("line", "code", "err"), STREAMS.values(), ids=STREAMS.keys())
def test_streams_may_be_closed_or_full(line: str, code: int, err: str) -> None:
    run = shell(line)
    assert (run.code, run.err) == (code, err)


COLOURS = {
    "a file gets none": ({}, False),
    "unless it is forced": ({"FORCE_COLOR": "1"}, True),
    "even where TERM is dumb": ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    "an empty wish is none": ({"FORCE_COLOR": ""}, False),
    "who wants none gets none": ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    "an empty wish for none is none either": ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
}


@pytest.mark.parametrize(("environment", "coloured"), COLOURS.values(), ids=COLOURS.keys())
def test_colour(environment: dict[str, str], coloured: bool) -> None:
    run = inside("plan", "--from", "1.5", "--to", "1.6", "cut", environment=environment)
    plain = inside("plan", "--from", "1.5", "--to", "1.6", "cut")
    assert ("\x1b[" in run.out) == coloured
    uncoloured = re.sub(r"\x1b\[[\d;]*m", "", run.out)
    assert [line.rstrip() for line in uncoloured.splitlines()] == plain.out.splitlines()
    in_json = inside("plan", "--from", "1.5", "--to", "1.6", "cut", "--format", "json", environment=environment)
    assert "\x1b" not in in_json.out


WIDTHS = {"": 100, "60": 60, "80": 80, "140": 140, "1": 60, "100000": 140, "0": 100, "-5": 100, "wide": 100}


@pytest.mark.parametrize(("said", "width"), WIDTHS.items())
def test_lines_are_as_long_as_the_screen_is_wide(said: str, width: int) -> None:
    lines = inside("show", "1.12.1", environment={"COLUMNS": said}).out.splitlines()
    assert width - 20 < max(map(len, lines)) <= width


LOCALES = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "C, without Python's way around it": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "one that is not installed": {"LC_ALL": "xx_XX.ISO-8859-15"},
    "Latin-1 for Python": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("environment", LOCALES.values(), ids=LOCALES.keys())
def test_the_locale_changes_nothing(environment: dict[str, str]) -> None:
    written(Path(), {"ascii/e.yaml": CUTTING.replace("name: engines", 'name: "größe-→"')})
    line = ("plan", "--from", "1.5", "--to", "1.6", "ascii", "--exit-zero")
    run = program(*line, environment=environment)
    assert run == program(*line)
    assert "größe-→" in run.out
    assert program("show", "größe", environment=environment).err.startswith("lhmigrate: 'gr")


def test_file_names_may_be_anything() -> None:
    written(Path(), {"odd/größe →.yaml": CUTTING})
    (Path("odd") / b"latin-\xe9.yaml".decode("utf-8", "surrogateescape")).write_text(POLICY, encoding="utf-8")
    for environment in LOCALES.values():
        run = program("check", "--release", "1.6", "odd", environment=environment)
        assert (run.code, run.err) == (1, "")
        in_json = program("check", "--release", "1.6", "--format", "json", "odd", environment=environment)
        assert in_json.report["coverage"]["policies"] == 2


LOADED = """
import json, sys
sys.argv = ["lhmigrate", *sys.argv[1:]]
from lhmigrate.__main__ import main
try:
    main()
finally:
    sys.stderr.write(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def loaded(line: str) -> set[str]:
    """The packages that are loaded once a command has run."""
    run = shell(f"{sys.executable} -c '{LOADED}' {line} > /dev/null")
    return set(json.loads(run.err.splitlines()[-1]))


HEAVY = {"yaml", "rich", "deepdiff", "git", "jsonschema"}
LOADS = {
    "the version loads nothing": ("--version", set()),
    "a plan in JSON loads the YAML parser": ("plan --from 1.4 --to 1.13 --format json fine cut", {"yaml"}),
    "a check in JSON, too": ("check --release 1.6 --format json fine cut", {"yaml"}),
    "so does a generated set": ("generate --release 1.6", {"yaml"}),
    "a report for the terminal loads rich": ("check --release 1.6 fine cut", {"yaml", "rich"}),
    "a difference loads deepdiff": ("diff --from 1.5 --to 1.6 --format json", {"yaml", "deepdiff"}),
    "a plan for what the tree declares is as quick": ("plan --to 1.7 --format json declared", {"yaml"}),
    "a comment loads no terminal": ("check --release 1.6 --format markdown fine cut", {"yaml"}),
    "code scanning, neither": ("check --release 1.6 --format sarif fine cut", {"yaml"}),
    "a comparison loads git": ("plan --base HEAD --format json declared", {"yaml", "git"}),
    "a refusal loads neither": ("plan --from 1.7 --to 1.6 fine", {"yaml"}),
}


@pytest.mark.parametrize(("line", "packages"), LOADS.values(), ids=LOADS.keys())
def test_a_command_loads_what_it_needs(line: str, packages: set[str]) -> None:
    written(Path(), {"declared/fleet.yaml": "helm: {chart: longhorn, version: 1.6.4}\n"})
    shell("git init --quiet")
    assert loaded(line) & HEAVY == packages


def test_the_program_is_the_one_that_is_installed() -> None:
    assert PROGRAM.exists()
    assert program("releases") == shell(f"{sys.executable} -m lhmigrate releases")


ISSUES = "https://github.com/lhmigrate/lhmigrate/issues"
REPORT_IT = f"and judged nothing. Please report it with the command you gave: {ISSUES}"
# Each: what goes wrong inside, and the sentence that a user gets.
INSIDE = {
    "an interrupt": (KeyboardInterrupt(), "lhmigrate: interrupted; nothing was changed\n"),
    "too little memory": (MemoryError(), "lhmigrate: out of memory; give fewer files at a time\n"),
    "a file that fails": (OSError(5, "Input/output error", "specs"), "lhmigrate: specs: Input/output error\n"),
    "a mistake of ours": (
        KeyError("no\x1b[31mthing"),
        f"lhmigrate: lhmigrate itself failed (KeyError: 'no\\x1b[31mthing'), {REPORT_IT}\n",
    ),
    "a mistake of ours, with a stranger's words": (
        ValueError("\x1b[31m\u202e\n::error::x"),
        f"lhmigrate: lhmigrate itself failed (ValueError: \\x1b[31m\\u202e\\x0a\\x3a:error\\x3a:x), {REPORT_IT}\n",
    ),
}


@pytest.mark.parametrize(("error", "says"), INSIDE.values(), ids=INSIDE.keys())
def test_no_traceback_reaches_a_user(error: BaseException, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: object) -> None:
        raise error

    monkeypatch.setattr(runs, "catalogue_of", failing)
    for line in ("plan --from 1.5 --to 1.6", "check --release 1.6", "diff --from 1.5 --to 1.6", "show 1.6", "releases"):
        assert inside(*line.split()) == Run(2, "", says)
