"""The action, step by step as GitHub's runner would take it, in real checkouts, against a forge on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forge_server import TOKEN, GitHub, running
from github_runner import ROOT, STEPS, Job
from hostile import ALL, LOUD, clean
from pull_request import BUMP, CUTS, LH, OTHER, WARNS, Pull, StandIn, release
from running import CUTTING, POLICY, written
from test_reports import inert_commands, inert_markdown

from lhmigrate.reports.markup import NOTHING as SILENT
from lhmigrate.reports.markup import SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.usefixtures("git_knows_nobody")


@pytest.fixture
def forge() -> Iterator[GitHub]:
    with running(GitHub()) as server:
        assert isinstance(server, GitHub)
        yield server


class GitHubPull(Pull):
    """A pull request on GitHub, and jobs for it."""

    def __init__(self, folder: Path, forge: GitHub) -> None:
        super().__init__(folder)
        self._forge = forge

    def job(self, depth: int = 0, fork: bool = False, event: str = "pull_request", python: str = sys.executable) -> Job:
        """A job whose first step was actions/checkout."""
        checkout = self.checkout("refs/pull/7/merge", depth)
        work = checkout.folder.parent
        head, base = ("somebody/cluster" if fork else "team/cluster"), "team/cluster"
        told = {side: {"repo": {"full_name": name}} for side, name in (("head", head), ("base", base))}
        written(work, {"event.json": json.dumps({"pull_request": {"number": 7, **told}})})
        environment = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self._forge.api,
            "GITHUB_BASE_REF": "main",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(work / "event.json"),
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": base,
            "GITHUB_SHA": checkout.git("rev-parse", "HEAD"),
            "GITHUB_WORKSPACE": str(checkout.folder),
        }
        temp = work / "temp"
        temp.mkdir()
        return Job(temp, checkout.folder, environment, StandIn(work / "python", python), token=TOKEN)


@pytest.fixture
def pull(tmp_path: Path, forge: GitHub) -> GitHubPull:
    return GitHubPull(tmp_path, forge)


def test_a_bump_that_cuts_is_commented_summed_up_annotated_and_red(pull: GitHubPull, forge: GitHub) -> None:
    pull.push(CUTS)
    job = pull.job().act()
    assert job.codes == {"install lhmigrate": 0, "plan": 0, "comment": 0, "fail if there is something to do": 1}
    (body,) = forge.bodies
    assert body.startswith(f"{SOMETHING}\n\n### ❌ Longhorn 1.4.4 → 1.5.5 in `apps/longhorn.yaml`: ")
    assert job.summary == body
    assert "::error file=apps/engines.yaml,line=1,col=1,title=flow-blocked%3A" in job.log
    assert "Posted: https://github.example/team/cluster/pull/7#issuecomment-" in job.log
    told = job.result()
    assert told["exit-code"] == "1"
    assert Path(told["markdown"]).read_text(encoding="utf-8") == body
    assert json.loads(Path(told["json"]).read_text(encoding="utf-8"))["command"] == "plan"
    assert json.loads(Path(told["sarif"]).read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_a_bump_that_cuts_nothing_is_commented_and_green(pull: GitHubPull, forge: GitHub) -> None:
    pull.push(BUMP)
    job = pull.job().act()
    assert not job.failed
    assert job.result()["exit-code"] == "0"
    assert "nothing that was looked at is cut" in job.summary
    assert bool(forge.bodies) is job.summary.startswith(SOMETHING)


def test_what_moves_no_longhorn_is_green_and_makes_no_comment(pull: GitHubPull, forge: GitHub) -> None:
    pull.push(OTHER)
    job = pull.job().act()
    assert not job.failed
    assert forge.bodies == []
    assert job.summary.startswith(SILENT)
    assert "No version of Longhorn moves." in job.summary


def test_there_is_one_comment_however_often_is_pushed_and_none_at_last(pull: GitHubPull, forge: GitHub) -> None:
    forge.add("Looks good to me", "somebody")
    pull.push(CUTS)
    pull.job().act()
    first = forge.bodies[1]
    pull.push({LH: release("1.5.5"), "apps/others.yaml": CUTTING})
    pull.job().act()
    assert forge.bodies == ["Looks good to me", first.replace("engines.yaml", "others.yaml")]
    pull.push(OTHER)
    pull.job().act()
    assert forge.bodies == ["Looks good to me"]


# Each: what the pull request changes, the input, and whether the check is red.
LEVELS = {
    "what is cut is an error": (CUTS, "error", True),
    "what is cut is more than a warning": (CUTS, "warning", True),
    "nobody wants to hear of errors": (CUTS, "never", False),
    "a warning is no error": (WARNS, "error", False),
    "a warning is a warning": (WARNS, "warning", True),
    "nobody wants to hear of warnings": (WARNS, "never", False),
}


@pytest.mark.parametrize(("change", "level", "red"), LEVELS.values(), ids=LEVELS.keys())
def test_the_check_is_red_from_the_level_on_that_is_asked_for(
    pull: GitHubPull, forge: GitHub, change: Mapping[str, str], level: str, red: bool
) -> None:
    pull.push(change)
    job = pull.job().act({"fail-on": level})
    assert job.failed is red, job.log
    assert job.result()["exit-code"] == str(int(red))
    assert forge.bodies == [job.summary]


def test_for_a_fork_whose_token_may_only_read_the_summary_shows_it(pull: GitHubPull, forge: GitHub) -> None:
    forge.may.discard("comment")
    pull.push(CUTS)
    job = pull.job(fork=True).act({"fail-on": "never"})
    assert not job.failed
    assert forge.bodies == []
    assert "::notice::No comment, as this pull request comes from a fork: " in job.log
    assert "2 flows that Longhorn needs would be cut" in job.summary
    assert pull.job(fork=True).act().codes["fail if there is something to do"] == 1


def test_a_token_that_may_not_comment_is_a_fault_elsewhere(pull: GitHubPull, forge: GitHub) -> None:
    forge.may.discard("comment")
    pull.push(CUTS)
    job = pull.job().act({"fail-on": "never"})
    assert job.codes["comment"] == 2
    assert "`permissions: pull-requests: write`" in job.log
    assert "Longhorn 1.4.4 → 1.5.5" in job.summary


# Each: what starts the job, what it is given, and whether it comments.
COMMENTS = {
    "as it is": ("pull_request", {}, True),
    "nobody wants one": ("pull_request", {"comment": "false"}, False),
    "no pull request": ("push", {}, False),
}


@pytest.mark.parametrize(("event", "inputs", "comments"), COMMENTS.values(), ids=COMMENTS.keys())
def test_a_comment_is_made_where_there_is_a_pull_request_and_somebody_wants_it(
    pull: GitHubPull, forge: GitHub, event: str, inputs: Mapping[str, str], comments: bool
) -> None:
    pull.push(CUTS)
    job = pull.job(event=event).act(inputs)
    assert ("comment" in job.codes) is bool(forge.requests) is comments
    assert job.codes["fail if there is something to do"] == 1
    assert job.summary.startswith(SOMETHING)


def test_findings_are_uploaded_where_somebody_wants_that(pull: GitHubPull) -> None:
    pull.push(CUTS)
    assert list(pull.job().act().used) == ["actions/setup-python"]
    job = pull.job().act({"sarif": "true"})
    assert job.used["github/codeql-action/upload-sarif"] == {
        "sarif_file": job.result()["sarif"],
        "category": "lhmigrate",
    }
    assert job.codes["fail if there is something to do"] == 1


# What keeps a plan from being made. Each: the job, its inputs, and what is said.
FAILURES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "a shallow clone": ({"depth": 1}, {}, "this clone is shallow; give actions/checkout `fetch-depth: 0`"),
    "an unknown base": ({}, {"base": "nowhere"}, "no commit here is called 'nowhere'"),
    "a missing folder": ({}, {"paths": "policies"}, "policies"),
    "a missing configuration": ({}, {"config": "none.yaml"}, "none.yaml"),
    "an unknown level": ({}, {"fail-on": "all"}, "The input fail-on is error, warning or never."),
    "neither true nor false": ({}, {"comment": "yes"}, "The inputs comment and sarif are true or false."),
    "neither true nor false either": ({}, {"sarif": ""}, "The inputs comment and sarif are true or false."),
    "the event with a token that may write": (
        {"event": "pull_request_target"},
        {},
        "Run this on pull_request, not on pull_request_target.",
    ),
}


@pytest.mark.parametrize(("job", "inputs", "says"), FAILURES.values(), ids=FAILURES.keys())
def test_where_no_plan_is_made_the_check_is_red_and_the_comment_stays(
    pull: GitHubPull, forge: GitHub, job: dict[str, Any], inputs: dict[str, str], says: str
) -> None:
    pull.push(CUTS)
    pull.job().act()
    before = forge.bodies
    done = pull.job(**job).act({"fail-on": "never", **inputs})
    assert done.codes == {"install lhmigrate": 0, "plan": 2}
    assert forge.bodies == before
    assert done.summary.startswith("### ❌ lhmigrate could not plan, so nothing is known of this change\n")
    assert says in done.summary
    assert "::error title=lhmigrate::" in done.log
    assert set(done.result().values()) == {""}


@pytest.mark.parametrize("code", [1, 3, 127, 137])
def test_a_program_that_does_not_even_start_is_no_all_clear(pull: GitHubPull, tmp_path: Path, code: int) -> None:
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\necho 'no module named lhmigrate' >&2; exit {code}\n", encoding="utf-8")
    broken.chmod(0o755)
    pull.push(CUTS)
    job = pull.job(python=str(broken)).act({"fail-on": "never"})
    assert job.codes == {"install lhmigrate": 0, "plan": 2}
    assert "    no module named lhmigrate\n" in job.summary


def test_an_install_that_fails_is_no_all_clear(pull: GitHubPull) -> None:
    pull.push(CUTS)
    job = pull.job()
    job.environment = {**job.environment, "STAND_IN_FAILS": "pip"}
    assert job.act().codes == {"install lhmigrate": 1}


def test_python_never_looks_into_the_checkout(pull: GitHubPull, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n"
    names = ("lhmigrate/__init__", "lhmigrate/__main__", "json", "typer", "yaml/__init__", "sitecustomize", "git")
    pull.push(CUTS | {f"{name}.py": trap for name in names})
    job = pull.job()
    job.environment = {**job.environment, "PYTHONPATH": str(job.checkout), "PYTHONSTARTUP": "json.py"}
    assert job.act().codes["comment"] == 0
    assert not (tmp_path / "sprung").exists()
    assert {one.words[0] for one in job.python.started()} == {"-I"}


def test_what_is_installed_is_the_actions_own_and_each_dependency_has_its_hash(pull: GitHubPull) -> None:
    pull.push(CUTS)
    job = pull.job().act()
    venv, dependencies, own, *_ = (one.words for one in job.python.started())
    assert venv == ["-I", "-m", "venv", f"{job.temp}/lhmigrate"]
    assert {"--require-hashes", f"{ROOT}/ci/requirements.txt"} <= set(dependencies)
    assert {"--no-index", "--no-deps"} <= set(own)
    assert own[-1] == str(ROOT)


HOSTILE_NAMES = (
    "$(touch sprung)",
    "`touch sprung`",
    "a;touch sprung;",
    "a' || touch sprung #",
    '"; touch sprung; "',
    "-rf",
    "::error::x",
    "a\n::set-output name=exit-code::0",
    "%0Aexit-code=0",
    "\x1b[31m@somebody",
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_a_file_is_called_is_data(pull: GitHubPull, forge: GitHub, name: str) -> None:
    pull.push({LH: release("1.5.5"), f"{name}/engines.yaml": CUTTING, f"other/{name}.yaml": release("^1.5")})
    job = pull.job().act()
    assert list(job.codes.values()) == [0, 0, 0, 1]
    assert inert_markdown(forge.bodies[0])
    shown, _, posted = job.log.rpartition("Posted: ")
    assert posted
    assert inert_commands(shown)
    assert not [*job.checkout.rglob("sprung"), *job.temp.rglob("sprung")]


@pytest.mark.parametrize(
    "name", ["$(touch${IFS}sprung)", "`touch${IFS}sprung`", "a;touch${IFS}sprung", "a'b\"c", "::error::"]
)
def test_what_a_branch_is_called_is_data(pull: GitHubPull, forge: GitHub, name: str) -> None:
    """Ref names have no blanks, and no colons."""
    pull.push(CUTS, branch=name.replace(":", "@"))
    job = pull.job()
    job.environment = {**job.environment, "GITHUB_HEAD_REF": name}
    assert job.act({"base": "origin/main"}).codes["plan"] == 0
    assert forge.bodies
    assert not [*job.checkout.rglob("sprung"), *job.temp.rglob("sprung")]


@pytest.mark.parametrize("text", [ALL, LOUD], ids=["steering", "markup"])
@pytest.mark.parametrize("name", ["base", "paths", "config", "fail-on"])
def test_what_an_input_says_is_data(pull: GitHubPull, name: str, text: str) -> None:
    pull.push(CUTS)
    job = pull.job().act({name: text.replace("\0", "")})
    assert job.codes["plan"] == 2
    assert clean(job.summary)
    assert inert_commands(job.log.replace("::error title=lhmigrate::", ""))
    for line in job.summary.splitlines()[4:]:
        assert not line or line.startswith("    ")


def test_a_folder_and_paths_with_blanks_are_whole(pull: GitHubPull) -> None:
    pull.push({LH: release("1.5.5"), "a b/engines.yaml": CUTTING, "c d/apps.yaml": POLICY})
    job = pull.job().act({"working-directory": "apps", "paths": "../a b\n../c d\n"})
    assert "file=a b/engines.yaml" in job.log or "file=../a b/engines.yaml" in job.log
    report = json.loads(Path(job.result()["json"]).read_text(encoding="utf-8"))
    assert report["coverage"]["policies"] == 2


def test_only_the_step_that_comments_has_the_token_and_nobody_sees_it(pull: GitHubPull) -> None:
    pull.push(CUTS)
    job = pull.job().act()
    started = job.python.started()
    assert [one.words[3] for one in started if one.token] == ["comment"]
    assert TOKEN not in job.log + job.summary + str([one.words for one in started])
    told = {name: json.dumps(step) for name, step in STEPS.items()}
    assert [name for name, step in told.items() if "token" in step.lower()] == ["comment"]
