"""The action, step by step as GitHub's runner would take it, in real checkouts, against a forge on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forge_server import TOKEN, GitHub, running
from github_runner import ROOT, STEPS, Job
from hostile import ALL, LOUD, clean
from repositories import Repository, alone
from running import CUTTING, POLICY
from test_reports import inert_commands, inert_markdown

from lhmigrate.reports.markup import NOTHING as SILENT
from lhmigrate.reports.markup import SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LH = "apps/longhorn.yaml"
"""The file that declares Longhorn."""


def release(version: str) -> str:
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: longhorn, namespace: longhorn-system}}
spec:
  chart: {{spec: {{chart: longhorn, version: {version}, sourceRef: {{kind: HelmRepository, name: longhorn}}}}}}
"""


CUTS = {LH: release("1.5.5"), "apps/engines.yaml": CUTTING}
"""A bump after which a policy cuts the instance managers off."""


@pytest.fixture(autouse=True)
def only_what_a_test_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    alone(monkeypatch, home)


@pytest.fixture
def forge() -> Iterator[GitHub]:
    with running(GitHub()) as server:
        assert isinstance(server, GitHub)
        yield server


class Pull:
    """Pull request 7 of team/cluster, and jobs in checkouts of it."""

    def __init__(self, folder: Path, forge: GitHub) -> None:
        self._folder = folder
        self._forge = forge
        self._jobs = 0
        self.origin = Repository.new(folder / "origin")
        self.origin.commit({LH: release("1.4.4"), ".lhmigrate.yaml": "cni: calico\n"})

    def push(self, files: Mapping[str, str | None], branch: str = "bump") -> None:
        """Pushes a commit, on a branch from main; GitHub merges it into main on a ref of its own."""
        self.origin.git("checkout", "--quiet", "main")
        self.origin.commit(files, branch=branch)
        self.origin.git("checkout", "--quiet", "--detach", "main")
        self.origin.git("merge", "--quiet", "--no-ff", "--message", "merge", branch)
        self.origin.git("update-ref", "refs/pull/7/merge", "HEAD")
        self.origin.git("checkout", "--quiet", "main")

    def job(self, depth: int = 0, fork: bool = False, event: str = "pull_request") -> Job:
        """A job whose first step was actions/checkout."""
        self._jobs += 1
        work = self._folder / f"job-{self._jobs}"
        checkout = Repository.new(work / "checkout")
        checkout.git("remote", "add", "origin", self.origin.folder.as_uri())
        # As actions/checkout fetches with these depths.
        refs = [
            "+refs/pull/7/merge:refs/remotes/pull/7/merge",
            *(["+refs/heads/*:refs/remotes/origin/*"] * (not depth)),
        ]
        options = [f"--depth={depth}"] * bool(depth)
        checkout.git("fetch", "--quiet", *options, "origin", *refs)
        checkout.git("checkout", "--quiet", "--detach", "refs/remotes/pull/7/merge")
        temp = work / "temp"
        temp.mkdir()
        head = "somebody/cluster" if fork else "team/cluster"
        told: dict[str, Any] = {
            "pull_request": {
                "number": 7,
                "head": {"repo": {"full_name": head}},
                "base": {"repo": {"full_name": "team/cluster"}},
            }
        }
        (work / "event.json").write_text(json.dumps(told), encoding="utf-8")
        environment = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self._forge.api,
            "GITHUB_BASE_REF": "main",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(work / "event.json"),
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": "team/cluster",
            "GITHUB_SHA": checkout.git("rev-parse", "HEAD"),
            "GITHUB_WORKSPACE": str(checkout.folder),
        }
        return Job(temp, checkout.folder, environment, told, token=TOKEN)


@pytest.fixture
def pull(tmp_path: Path, forge: GitHub) -> Pull:
    return Pull(tmp_path, forge)


def test_a_bump_that_cuts_is_commented_summed_up_annotated_and_red(pull: Pull, forge: GitHub) -> None:
    pull.push(CUTS)
    job = pull.job().run()
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


def test_a_bump_that_cuts_nothing_is_commented_and_green(pull: Pull, forge: GitHub) -> None:
    pull.push({LH: release("1.5.5"), "apps/managers.yaml": POLICY})
    job = pull.job().run()
    assert not job.failed
    assert job.result()["exit-code"] == "0"
    assert "nothing that was looked at is cut" in job.summary
    assert bool(forge.bodies) is job.summary.startswith(SOMETHING)


def test_what_moves_no_longhorn_is_green_and_makes_no_comment(pull: Pull, forge: GitHub) -> None:
    pull.push({"README.md": "A word\n"})
    job = pull.job().run()
    assert not job.failed
    assert forge.bodies == []
    assert job.summary.startswith(SILENT)
    assert "No version of Longhorn moves." in job.summary


def test_there_is_one_comment_however_often_is_pushed_and_none_once_all_is_well(pull: Pull, forge: GitHub) -> None:
    forge.add("Looks good to me", "somebody")
    pull.push(CUTS)
    pull.job().run()
    first = forge.bodies[1]
    pull.push({LH: release("1.5.5"), "apps/others.yaml": CUTTING})
    pull.job().run()
    assert forge.bodies == ["Looks good to me", first.replace("engines.yaml", "others.yaml")]
    pull.push({"README.md": "A word\n"})
    pull.job().run()
    assert forge.bodies == ["Looks good to me"]


WARNS = {LH: release("1.5.5"), "apps/managers.yaml": POLICY, "apps/odd.yaml": "kind: NetworkPolicy\nspec: 5\n"}
"""A bump for which there is nothing but a warning."""

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
    pull: Pull, forge: GitHub, change: Mapping[str, str], level: str, red: bool
) -> None:
    pull.push(change)
    job = pull.job().run({"fail-on": level})
    assert job.failed is red, job.log
    assert job.result()["exit-code"] == str(int(red))
    assert forge.bodies == [job.summary]


def test_for_a_fork_whose_token_may_only_read_the_summary_shows_it(pull: Pull, forge: GitHub) -> None:
    forge.may.discard("comment")
    pull.push(CUTS)
    job = pull.job(fork=True).run({"fail-on": "never"})
    assert not job.failed
    assert forge.bodies == []
    assert "::notice::No comment, as this pull request comes from a fork: " in job.log
    assert "2 flows that Longhorn needs would be cut" in job.summary
    assert pull.job(fork=True).run().codes["fail if there is something to do"] == 1


def test_a_token_that_may_not_comment_is_a_fault_elsewhere(pull: Pull, forge: GitHub) -> None:
    forge.may.discard("comment")
    pull.push(CUTS)
    job = pull.job().run({"fail-on": "never"})
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
    pull: Pull, forge: GitHub, event: str, inputs: Mapping[str, str], comments: bool
) -> None:
    pull.push(CUTS)
    job = pull.job(event=event).run(inputs)
    assert ("comment" in job.codes) is bool(forge.requests) is comments
    assert job.codes["fail if there is something to do"] == 1
    assert job.summary.startswith(SOMETHING)


def test_findings_are_uploaded_where_somebody_wants_that(pull: Pull) -> None:
    pull.push(CUTS)
    assert list(pull.job().run().used) == ["actions/setup-python"]
    job = pull.job().run({"sarif": "true"})
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
    pull: Pull, forge: GitHub, job: dict[str, Any], inputs: dict[str, str], says: str
) -> None:
    pull.push(CUTS)
    pull.job().run()
    before = forge.bodies
    done = pull.job(**job).run({"fail-on": "never", **inputs})
    assert done.codes == {"install lhmigrate": 0, "plan": 2}
    assert forge.bodies == before
    assert done.summary.startswith("### ❌ lhmigrate could not plan, so nothing is known of this change\n")
    assert says in done.summary
    assert "::error title=lhmigrate::" in done.log
    assert set(done.result().values()) == {""}


@pytest.mark.parametrize("code", [1, 3, 127, 137])
def test_a_program_that_does_not_even_start_is_no_all_clear(pull: Pull, tmp_path: Path, code: int) -> None:
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\necho 'no module named lhmigrate' >&2; exit {code}\n", encoding="utf-8")
    broken.chmod(0o755)
    pull.push(CUTS)
    job = pull.job()
    job.python = str(broken)
    job.run({"fail-on": "never"})
    assert job.codes == {"install lhmigrate": 0, "plan": 2}
    assert "    no module named lhmigrate\n" in job.summary


def test_an_install_that_fails_is_no_all_clear(pull: Pull) -> None:
    pull.push(CUTS)
    job = pull.job()
    job.environment = {**job.environment, "STAND_IN_FAILS": "pip"}
    assert job.run().codes == {"install lhmigrate": 1}


def test_python_never_looks_into_the_checkout(pull: Pull, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n"
    names = ("lhmigrate/__init__", "lhmigrate/__main__", "json", "typer", "yaml/__init__", "sitecustomize", "git")
    pull.push(CUTS | {f"{name}.py": trap for name in names})
    job = pull.job()
    job.environment = {**job.environment, "PYTHONPATH": str(job.checkout), "PYTHONSTARTUP": "json.py"}
    assert job.run().codes["comment"] == 0
    assert not (tmp_path / "sprung").exists()
    assert {one[0] for one in job.pythons} == {"-I"}


def test_what_is_installed_is_the_actions_own_and_each_dependency_has_its_hash(pull: Pull) -> None:
    pull.push(CUTS)
    job = pull.job().run()
    venv, dependencies, own, *_ = job.pythons
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
def test_what_a_file_is_called_is_data(pull: Pull, forge: GitHub, name: str) -> None:
    pull.push({LH: release("1.5.5"), f"{name}/engines.yaml": CUTTING, f"other/{name}.yaml": release("^1.5")})
    job = pull.job().run()
    assert list(job.codes.values()) == [0, 0, 0, 1]
    # After a name with blanks, git has a tab.
    assert inert_markdown(forge.bodies[0].replace("\t\n", "\n"))
    shown, _, posted = job.log.rpartition("Posted: ")
    assert posted
    assert inert_commands(shown)
    assert not [*job.checkout.rglob("sprung"), *job.temp.rglob("sprung")]


@pytest.mark.parametrize(
    "name", ["$(touch${IFS}sprung)", "`touch${IFS}sprung`", "a;touch${IFS}sprung", "a'b\"c", "::error::"]
)
def test_what_a_branch_is_called_is_data(pull: Pull, forge: GitHub, name: str) -> None:
    """Ref names have no blanks, and no colons."""
    pull.push(CUTS, branch=name.replace(":", "@"))
    job = pull.job()
    job.environment = {**job.environment, "GITHUB_HEAD_REF": name}
    assert job.run({"base": "origin/main"}).codes["plan"] == 0
    assert forge.bodies
    assert not [*job.checkout.rglob("sprung"), *job.temp.rglob("sprung")]


@pytest.mark.parametrize("text", [ALL, LOUD], ids=["steering", "markup"])
@pytest.mark.parametrize("name", ["base", "paths", "config", "fail-on"])
def test_what_an_input_says_is_data(pull: Pull, name: str, text: str) -> None:
    pull.push(CUTS)
    job = pull.job().run({name: text.replace("\0", "")})
    assert job.codes["plan"] == 2
    assert clean(job.summary)
    assert inert_commands(job.log.replace("::error title=lhmigrate::", ""))
    for line in job.summary.splitlines()[4:]:
        assert not line or line.startswith("    ")


def test_a_folder_and_paths_with_blanks_are_whole(pull: Pull) -> None:
    pull.push({LH: release("1.5.5"), "a b/engines.yaml": CUTTING, "c d/apps.yaml": POLICY})
    job = pull.job().run({"working-directory": "apps", "paths": "../a b\n../c d\n"})
    assert "file=a b/engines.yaml" in job.log or "file=../a b/engines.yaml" in job.log
    report = json.loads(Path(job.result()["json"]).read_text(encoding="utf-8"))
    assert report["coverage"]["policies"] == 2


def test_the_token_stands_in_nothing_that_anybody_sees(pull: Pull) -> None:
    pull.push(CUTS)
    job = pull.job().run()
    assert TOKEN not in job.log + job.summary + str(job.pythons)


def test_only_the_step_that_comments_has_the_token() -> None:
    told = {name: json.dumps(step) for name, step in STEPS.items()}
    assert [name for name, step in told.items() if "token" in step.lower()] == ["comment"]
