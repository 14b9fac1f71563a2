"""What runs in CI: our workflows, the action, the templates, and every file that the documents have people copy.

All are held to the same rules, fit their services' own schemas, and their scripts run here as they would there.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from forge_server import TOKEN, Gitea, GitHub, GitLab, Server, running
from github_runner import ACTION, ROOT, Job
from packaging.requirements import Requirement
from pull_request import BUMP, CUTS, OTHER, WARNS, Pull, StandIn
from running import PROGRAM, Run, command, shell, written

import lhmigrate
from lhmigrate.reports.markup import SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("git_knows_nobody")

PAGES = sorted((ROOT / "docs" / "ci").glob("*.md"))
_COPIED = re.compile(r"^```yaml\n# (\.[\w./-]+)( [\w ]+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = f"lhmigrate/lhmigrate@v{lhmigrate.__version__}"
"""The action, as pages name it: its commit cannot stand in a page that is part of it."""


class File(NamedTuple):
    """A file for a CI service."""

    where: str
    """Where it stands, or in which page."""
    path: str
    """Where it is to stand."""
    text: str

    @property
    def value(self) -> Any:  # noqa: ANN401 - YAML
        return yaml.safe_load(self.text)

    @property
    def jobs(self) -> list[Mapping[str, Any]]:
        """Jobs as GitHub and Forgejo have them; an action is as good as one."""
        value = self.value
        return list(value["jobs"].values()) if "jobs" in value else [value["runs"]] if "runs" in value else []

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return [step for job in self.jobs for step in job["steps"]]

    @property
    def copied(self) -> bool:
        return ".md" in self.where


def _own() -> Iterator[File]:
    folder = ROOT / ".github"
    for path in (*sorted(folder.rglob("*.y*ml")), ROOT / "action.yml", ROOT / "ci/gitlab.yml"):
        name = path.relative_to(ROOT).as_posix()
        yield File(name, name, path.read_text(encoding="utf-8"))


def _copied() -> Iterator[File]:
    for page in (*PAGES, ROOT / "README.md"):
        for path, more, text in _COPIED.findall(page.read_text(encoding="utf-8")):
            yield File(f"{page.relative_to(ROOT).as_posix()}{more}", path, text)


FILES = [*_own(), *_copied()]
WORKFLOWS = [one for one in FILES if "workflows/" in one.path]
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.where}: {file.path}")
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: f"{file.where}: {file.path}")


def copied(path: str) -> File:
    """The file of that path that a page has people copy; the first one, where it has several."""
    return next(one for one in FILES if one.copied and one.path == path)


def test_every_page_has_a_file_to_copy() -> None:
    assert {*(f"docs/ci/{page.name}" for page in PAGES), "README.md"} == {
        one.where.split(" ")[0] for one in FILES if one.copied
    }


# Rules.


@every_file
def test_other_peoples_actions_are_pinned_and_say_their_version(file: File) -> None:
    lines = re.findall(r"uses: (.*)", file.text)
    assert len(lines) == sum("uses" in step for step in file.steps)
    for used in lines:
        if used.split(" ")[0] in {OURS, "./"}:
            continue
        assert re.fullmatch(r"(https://github\.com/)?[\w-]+(/[\w-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*", used), used


def test_an_action_has_one_version_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for name, pin in re.findall(r"uses: (?:https://github\.com/)?([\w/-]+)@(.*)", file.text):
            pins.setdefault(name, set()).add(pin)
    assert {name for name, found in pins.items() if len(found) > 1} == set()


@every_file
def test_no_script_is_put_together_from_what_others_wrote(file: File) -> None:
    for step in file.steps:
        assert "${{" not in step.get("run", "")
    assert "$[[" not in file.text


@every_file
def test_nobody_runs_a_strangers_code_with_a_token(file: File) -> None:
    assert not re.search(r"^\s*(- )?(pull_request_target|workflow_run)\b", file.text, re.MULTILINE)


ALLOWED = {"contents": "read", "pull-requests": "write", "security-events": "write"}
"""All that any of our files asks for; the last two only in those for users."""
PUBLISHES = ".github/workflows/publish.yml"
"""What pushes and signs a release's image, and may do that beside."""
TO_PUBLISH = {"packages": "write", "id-token": "write"}


def test_what_publishes_runs_for_a_tag_alone() -> None:
    [file] = [one for one in FILES if one.path == PUBLISHES]
    # YAML 1.1 takes the key `on` for a boolean.
    assert file.value[True] == {"push": {"tags": ["v*"]}}


@every_workflow
def test_each_job_has_no_more_rights_than_it_needs(file: File) -> None:
    forgejo = file.path.startswith(".forgejo/")
    publishes = file.path == PUBLISHES
    assert forgejo or file.value["permissions"] == {}
    for job in file.jobs:
        asked = job["permissions"]
        assert asked.items() <= {**ALLOWED, **(TO_PUBLISH if publishes else {})}.items()
        assert file.copied or publishes or asked == {"contents": "read"}
        text = json.dumps(job)
        assert ("security-events" in asked) is ('"sarif": "true"' in text)
        assert forgejo or ("pull-requests" in asked) is (OURS in text)


@every_workflow
def test_a_checkout_leaves_no_token_behind(file: File) -> None:
    for step in file.steps:
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@every_file
def test_only_what_comments_has_a_token(file: File) -> None:
    for step in file.steps:
        told = json.dumps(step).lower()
        needs_one = "lhmigrate comment" in told or (file.path == PUBLISHES and "docker login" in told)
        assert ("token" in told or "secrets." in told) is needs_one, told


@every_workflow
def test_of_two_pushes_the_later_one_speaks_last(file: File) -> None:
    """Forgejo and Gitea cancel what runs for an earlier push by themselves."""
    if "pull_request" in file.text and not file.path.startswith(".forgejo/"):
        told = file.value["concurrency"]
        assert told == {"group": "${{ github.workflow }}-${{ github.ref }}", "cancel-in-progress": True}
    assert TEMPLATE["lhmigrate"]["interruptible"] is True


@every_workflow
def test_a_job_of_ours_ends(file: File) -> None:
    assert file.copied or all(job["timeout-minutes"] <= 60 for job in file.jobs)


@every_file
def test_what_the_action_is_given_and_asked_for_is_there(file: File) -> None:
    ours = [step for step in file.steps if step.get("uses") in {OURS, "./"}]
    for step in ours:
        assert set(step.get("with", {})) <= set(ACTION["inputs"])
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", file.text):
        if step in {one.get("id") for one in ours}:
            assert output in ACTION["outputs"]


def test_every_input_and_output_is_told_with_its_default() -> None:
    page = (ROOT / "docs/ci/github.md").read_text(encoding="utf-8")
    inputs, outputs = page.split("\n## Inputs\n")[1].split("\n## ")[0].split("| output |")
    told = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) ?\|", inputs, re.MULTILINE))
    assert told.pop("token") == "the job's own"
    assert told == {
        name: f"`{one['default']}`" if one["default"] else ""
        for name, one in ACTION["inputs"].items()
        if name != "token"
    }
    assert set(re.findall(r"`([\w-]+)`", re.sub(r"\|[^|]*\|$", "", outputs, flags=re.MULTILINE))) == set(
        ACTION["outputs"]
    )
    assert all(one["description"] for kind in ("inputs", "outputs") for one in ACTION[kind].values())


def test_every_variable_of_the_gitlab_template_is_told_with_its_default() -> None:
    page = (ROOT / "docs/ci/gitlab.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", page, re.MULTILINE))
    assert told == TEMPLATE["lhmigrate"]["variables"]


def test_what_is_installed_by_name_is_this_version() -> None:
    texts = [one.text for one in FILES]
    for version in re.findall(r"lhmigrate==([\w.]+)", "".join(texts)):
        assert version == lhmigrate.__version__
    for version in re.findall(r"lhmigrate/lhmigrate/?(?:\n +rev: |@)?v([\d.]+)", "".join(texts)):
        assert version == lhmigrate.__version__


LOCK = ROOT / "ci/requirements.txt"


def test_what_the_action_installs_is_pinned_with_hashes_and_is_what_the_project_needs() -> None:
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", "")
    pinned = {}
    for line in filter(None, text.splitlines()):
        requirement, *hashes = re.split(r" +--hash=", line)
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)
        found = re.fullmatch(r"([a-z0-9-]+)==([\w.]+)(?: ; .*?)? *", requirement)
        assert found, requirement
        pinned[found[1]] = found[2]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for needed in map(Requirement, (*project["project"]["dependencies"], *project["build-system"]["requires"])):
        assert needed.specifier.contains(pinned[needed.name.lower()]), needed


# The services' own schemas.

SCHEMAS = {
    ".github/workflows/": "github-workflows",
    ".forgejo/workflows/": "github-workflows",
    ".github/dependabot.yml": "dependabot",
    ".github/ISSUE_TEMPLATE/config.yml": "github-issue-config",
    ".github/ISSUE_TEMPLATE/": "github-issue-forms",
    "action.yml": "github-actions",
    "ci/gitlab.yml": "gitlab-ci",
    ".gitlab-ci.yml": "gitlab-ci",
    ".woodpecker/": "woodpecker-ci",
}


@every_file
def test_a_file_fits_its_services_schema(file: File, tmp_path: Path) -> None:
    if file.path == ".pre-commit-config.yaml":
        return
    name = next(schema for path, schema in SCHEMAS.items() if file.path.startswith(path))
    written(tmp_path, {"file.yml": file.text})
    checker = PROGRAM.with_name("check-jsonschema")
    run = command(str(checker), "--builtin-schema", f"vendor.{name}", str(tmp_path / "file.yml"))
    assert run.code == 0, run.out


def test_workflows_to_copy_have_no_known_weakness(tmp_path: Path) -> None:
    """As a user's Renovate would have pinned them."""
    files = {f"{number}/{one.path}": one.text for number, one in enumerate(WORKFLOWS) if one.copied}
    pinned = f"lhmigrate/lhmigrate@{'0' * 40} # v{lhmigrate.__version__}"
    written(tmp_path, {name: text.replace(OURS, pinned) for name, text in files.items()})
    found = sorted(map(str, tmp_path.rglob("*.yaml")))
    run = command(str(PROGRAM.with_name("zizmor")), "--offline", "--no-progress", *found)
    assert run.code == 0, run.out


# The scripts, run.


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    return Pull(tmp_path)


TEMPLATE: Any = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))


class GitLabJob(NamedTuple):
    """A job of GitLab's, after it ran."""

    run: Run
    checkout: Path
    python: StandIn

    @property
    def reports(self) -> dict[str, str]:
        """What its artifacts are."""
        folder = self.checkout / "lhmigrate-reports"
        return {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir()} if folder.exists() else {}


def gitlab_job(pull: Pull, server: Server, fork: bool = False, depth: int = 0, **variables: str) -> GitLabJob:
    """As GitLab's runner does it: all lines are one script, which ends where one fails."""
    checkout = pull.checkout("refs/pull/7/head", depth)
    job = TEMPLATE["lhmigrate"]
    python = StandIn(checkout.folder.parent / "python")
    began = pull.origin.git("merge-base", "main", "refs/pull/7/head")
    environment = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": server.api,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": began,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_PATH": "team/cluster",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "somebody/cluster" if fork else "team/cluster",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "GITLAB_TOKEN": TOKEN,
        **job["variables"],
        **variables,
    }
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    lines = "\n".join(job["script"])
    script = f"set -eo pipefail\nexport PATH={shlex.quote(str(python.folder))}:$PATH {settings}\n{lines}\n"
    return GitLabJob(shell(f"cd {shlex.quote(str(checkout.folder))}\n{script}"), checkout.folder, python)


@pytest.fixture
def gitlab() -> Iterator[Server]:
    with running(GitLab()) as server:
        yield server


class TestGitLab:
    def test_a_bump_that_cuts_has_a_note_reports_and_a_job_that_fails(self, pull: Pull, gitlab: Server) -> None:
        pull.push(CUTS)
        job = gitlab_job(pull, gitlab)
        assert job.run.code == 1
        assert gitlab.bodies == [job.reports["plan.md"]]
        assert gitlab.bodies[0].startswith(f"{SOMETHING}\n\n### ❌ Longhorn 1.4.4 → 1.5.5")
        assert json.loads(job.reports["codequality.json"])[0]["location"]["path"] == "apps/engines.yaml"
        assert job.reports["plan.diff"].startswith("diff --git a/apps/engines.yaml ") or not job.reports["plan.diff"]
        assert "would be cut" in job.run.out
        assert [one.words[3] for one in job.python.started() if one.token and "lhmigrate" in one.words] == ["comment"]
        assert {one.words[0] for one in job.python.started()} == {"-I"}

    def test_a_bump_that_cuts_nothing_and_no_bump_pass(self, pull: Pull, gitlab: Server) -> None:
        pull.push(CUTS)
        gitlab_job(pull, gitlab)
        pull.push(OTHER)
        job = gitlab_job(pull, gitlab)
        assert (job.run.code, gitlab.bodies) == (0, [])
        assert json.loads(job.reports["codequality.json"]) == []
        pull.push(BUMP)
        assert gitlab_job(pull, gitlab).run.code == 0

    @pytest.mark.parametrize(
        ("change", "level", "code"), [(WARNS, "error", 0), (WARNS, "warning", 1), (CUTS, "never", 0)]
    )
    def test_the_job_fails_from_the_level_on_that_is_asked_for(
        self, pull: Pull, gitlab: Server, change: Mapping[str, str], level: str, code: int
    ) -> None:
        pull.push(change)
        job = gitlab_job(pull, gitlab, LHMIGRATE_FAIL_ON=level)
        assert job.run.code == code
        assert len(gitlab.bodies) == 1

    def test_a_fork_has_no_token_and_fails_for_what_is_cut_only(self, pull: Pull, gitlab: Server) -> None:
        pull.push(CUTS)
        job = gitlab_job(pull, gitlab, fork=True, GITLAB_TOKEN="", LHMIGRATE_FAIL_ON="never")
        assert (job.run.code, gitlab.bodies) == (0, [])
        assert "No comment, as this pull request comes from a fork: there is no token" in job.run.out

    def test_a_token_that_is_missing_elsewhere_is_a_fault_unless_nobody_wants_notes(
        self, pull: Pull, gitlab: Server
    ) -> None:
        pull.push(CUTS)
        job = gitlab_job(pull, gitlab, GITLAB_TOKEN="")
        assert job.run.code == 2
        assert "there is no token in GITLAB_TOKEN; GitLab needs one with the scope `api`" in job.run.err
        job = gitlab_job(pull, gitlab, GITLAB_TOKEN="", LHMIGRATE_COMMENT="false", LHMIGRATE_FAIL_ON="never")
        assert (job.run.code, gitlab.requests) == (0, [])

    @pytest.mark.parametrize("fails", ["venv", "pip", "lhmigrate"])
    def test_what_does_not_run_is_no_all_clear(self, pull: Pull, gitlab: Server, fails: str) -> None:
        pull.push(CUTS)
        gitlab_job(pull, gitlab)
        before = gitlab.bodies
        job = gitlab_job(pull, gitlab, STAND_IN_FAILS=fails, LHMIGRATE_FAIL_ON="never")
        assert job.run.code != 0
        assert gitlab.bodies == before

    def test_a_shallow_clone_is_no_all_clear(self, pull: Pull, gitlab: Server) -> None:
        pull.push(CUTS)
        job = gitlab_job(pull, gitlab, depth=1, LHMIGRATE_FAIL_ON="never")
        assert job.run.code == 2
        assert 'set the variable `GIT_DEPTH: "0"`' in job.run.err
        assert (gitlab.requests, job.reports) == ([], {})

    def test_reports_that_the_merge_request_brings_are_not_taken_for_ours(self, pull: Pull, gitlab: Server) -> None:
        planted = {
            f"lhmigrate-reports/{name}": f"{SOMETHING}\nAll is well\n" for name in ("plan.md", "codequality.json")
        }
        pull.push(CUTS | planted)
        assert gitlab_job(pull, gitlab, STAND_IN_FAILS="lhmigrate").run.code == 2
        assert gitlab.requests == []
        assert gitlab_job(pull, gitlab).run.code == 1
        assert "All is well" not in gitlab.bodies[0]

    def test_a_link_that_the_merge_request_brings_leads_nowhere(
        self, pull: Pull, gitlab: Server, tmp_path: Path
    ) -> None:
        (tmp_path / "outside").mkdir()
        (pull.origin.folder / "lhmigrate-reports").symlink_to(tmp_path / "outside")
        pull.push(CUTS)
        assert gitlab_job(pull, gitlab).run.code == 1
        assert list((tmp_path / "outside").iterdir()) == []

    def test_the_default_branch_has_an_empty_report(self, tmp_path: Path) -> None:
        lines = "\n".join(TEMPLATE["lhmigrate-base"]["script"])
        assert shell(f"set -e\ncd {shlex.quote(str(tmp_path))}\n{lines}") == Run(0, "", "")
        assert json.loads((tmp_path / "lhmigrate-reports/codequality.json").read_text(encoding="utf-8")) == []


def forgejo_job(pull: Pull, server: Server, **more: str) -> Job:
    """The steps of the workflow in the page on Forgejo, after its checkout."""
    checkout = pull.checkout("refs/pull/7/head")
    work = checkout.folder.parent
    python = StandIn(work / "python")
    written(work, {"python/apt-get": "#!/bin/sh\n", "event.json": "{}", "temp/x": ""})
    (work / "python/apt-get").chmod(0o755)
    environment = {
        "PATH": f"{python.folder}:/usr/local/bin:/usr/bin:/bin",
        "CI": "true",
        "GITEA_ACTIONS": "true",
        "GITHUB_API_URL": server.api,
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(work / "event.json"),
        "GITHUB_REF": "refs/pull/7/head",
        "GITHUB_REPOSITORY": "team/cluster",
        "GITHUB_SHA": checkout.git("rev-parse", "HEAD"),
        **more,
    }
    return Job(work / "temp", checkout.folder, environment, python, token=TOKEN).run(
        copied(".forgejo/workflows/longhorn.yaml").steps
    )


@pytest.fixture
def forge() -> Iterator[Server]:
    with running(GitHub()) as server:
        yield server


@pytest.fixture
def forgejo() -> Iterator[Server]:
    with running(Gitea()) as server:
        yield server


class TestForgejo:
    def test_a_bump_that_cuts_has_a_comment_and_a_job_that_fails(self, pull: Pull, forgejo: Server) -> None:
        pull.push(CUTS)
        job = forgejo_job(pull, forgejo)
        assert job.codes == {"install lhmigrate": 0, "plan": 0, "comment": 0, "fail if there is something to do": 1}
        assert forgejo.bodies[0].startswith(SOMETHING)
        assert [one.words[3] for one in job.python.started() if one.token] == ["comment"]

    def test_what_is_no_bump_passes(self, pull: Pull, forgejo: Server) -> None:
        pull.push(OTHER)
        assert not forgejo_job(pull, forgejo).failed
        assert forgejo.bodies == []

    @pytest.mark.parametrize("fails", ["venv", "pip", "lhmigrate"])
    def test_what_does_not_run_is_no_all_clear(self, pull: Pull, forgejo: Server, fails: str) -> None:
        pull.push(CUTS)
        assert forgejo_job(pull, forgejo, STAND_IN_FAILS=fails).failed
        assert forgejo.requests == []


def test_our_own_workflow_has_the_action_say_what_it_must(tmp_path: Path) -> None:
    """The job of own-action.yml, with the action in this checkout as the one that is meant by `./`."""
    (file,) = (one for one in FILES if one.path == ".github/workflows/own-action.yml")
    _, *steps = file.steps
    bump = "tests/bumps/argo-one-of-two-clusters"
    shutil.copytree(ROOT / bump, tmp_path / "checkout" / bump)
    outputs: dict[str, dict[str, str]] = {}
    outcomes: dict[str, str] = {}
    for number, step in enumerate(steps):
        work = tmp_path / str(number)
        (work / "temp").mkdir(parents=True)
        python = StandIn(work / "python")
        job = Job(
            work / "temp",
            tmp_path / "checkout",
            {"GITHUB_EVENT_NAME": "push"},
            python,
            outputs=outputs,
            outcomes=outcomes,
        )
        if "uses" not in step:
            assert job.run([step]).codes == {step["name"]: 0}, job.log
            continue
        job.act(step["with"])
        assert not job.failed or step["continue-on-error"]
        outputs[step["id"]] = job.result()
        outcomes[step["id"]] = "failure" if job.failed else "success"


class TestPreCommit:
    HOOK: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]

    def test_the_page_names_it(self) -> None:
        (repository,) = copied(".pre-commit-config.yaml").value["repos"]
        assert [one["id"] for one in repository["hooks"]] == [self.HOOK["id"]]

    @pytest.mark.parametrize(
        ("change", "code"), [(CUTS, 1), (BUMP, 0), (OTHER, 0)], ids=["cuts", "cuts nothing", "no bump"]
    )
    def test_it_judges_what_is_about_to_be_committed(self, pull: Pull, change: Mapping[str, str], code: int) -> None:
        """pre-commit stashes what is not staged, so that the work tree is what will be committed."""
        written(pull.origin.folder, change)
        pull.origin.git("add", "--all")
        assert self.HOOK["pass_filenames"] is False
        arguments = copied(".pre-commit-config.yaml").value["repos"][0]["hooks"][0]["args"]
        run = shell(f"cd {shlex.quote(str(pull.origin.folder))} && {self.HOOK['entry']} {shlex.join(arguments)}")
        assert run.code == code, run.err


def woodpecker_step(name: str, checkout: Path, python: StandIn, **environment: str) -> Run:
    """A step's commands, which are one script; each step has a machine of its own, and they share the checkout."""
    step = copied(".woodpecker/longhorn.yaml").value["steps"][name]
    given = dict.fromkeys(step.get("environment", {}), TOKEN) | environment
    settings = " ".join(f"{one}={shlex.quote(value)}" for one, value in given.items())
    lines = "\n".join(step["commands"]).replace("/tmp/lhmigrate", str(python.folder / "venv"))  # noqa: S108
    head = f"cd {shlex.quote(str(checkout))}\nexport PATH={shlex.quote(str(python.folder))}:$PATH {settings}\nset -e\n"
    return shell(head + lines)


@pytest.mark.parametrize(("change", "codes"), [(CUTS, (0, 1)), (OTHER, (0, 0))], ids=["cuts", "no bump"])
def test_woodpecker(pull: Pull, forgejo: Server, change: Mapping[str, str], codes: tuple[int, int]) -> None:
    pull.push(change)
    checkout = pull.checkout("refs/pull/7/head").folder
    environment = {
        "CI": "woodpecker",
        "CI_FORGE_TYPE": "forgejo",
        "CI_FORGE_URL": forgejo.root,
        "CI_REPO": "team/cluster",
        "CI_COMMIT_PULL_REQUEST": "7",
        "CI_COMMIT_TARGET_BRANCH": "main",
    }
    runs = [
        woodpecker_step(name, checkout, StandIn(checkout.parent / name), **environment) for name in ("plan", "comment")
    ]
    assert tuple(run.code for run in runs) == codes, runs
    assert bool(forgejo.bodies) is (change is CUTS)


def test_woodpecker_where_nothing_was_judged(pull: Pull) -> None:
    pull.push(CUTS)
    checkout = pull.checkout("refs/pull/7/head", depth=1).folder
    run = woodpecker_step("plan", checkout, StandIn(checkout.parent / "plan"), CI_COMMIT_TARGET_BRANCH="main")
    assert run.code != 0
    assert "give the clone step `depth: 0` and `partial: false`" in run.err


def test_jenkins(forge: Server, tmp_path: Path) -> None:
    page = (ROOT / "docs/ci/other.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^    sh '(.*)'$", page, re.MULTILINE)
    written(tmp_path, {"plan.md": f"{SOMETHING}\n\nA word\n"})
    line = line.replace("--forge github", f"--forge {forge.name} --api {forge.api}")
    run = shell(line, GITHUB_TOKEN=TOKEN, CHANGE_ID="7", WORKSPACE_TMP=str(tmp_path))
    assert run.out.startswith("Posted: "), run.err


@pytest.mark.parametrize(
    ("change", "more", "code"),
    [(CUTS, {}, 1), (OTHER, {}, 0), (CUTS, {"CHANGE_TARGET": "nowhere"}, 2)],
    ids=["cuts", "no bump", "no base"],
)
def test_the_shell_for_any_ci(
    pull: Pull, forgejo: Server, change: Mapping[str, str], more: dict[str, str], code: int
) -> None:
    page = (ROOT / "docs/ci/other.md").read_text(encoding="utf-8")
    found = re.search(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    where = f"--forge forgejo --api {forgejo.api} --repository team/cluster --pr 7"
    script = found[1].replace("lhmigrate comment", f"lhmigrate comment {where}")
    pull.push(change)
    checkout = pull.checkout("refs/pull/7/head").folder
    environment = {"FORGEJO_TOKEN": TOKEN, "CHANGE_TARGET": "main", **more}
    assert shell(f"cd {shlex.quote(str(checkout))}\n{script}", **environment).code == code
    assert bool(forgejo.bodies) is (code == 1)
