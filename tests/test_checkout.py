"""A pull request's versions, told from real git repositories in every state in which CI and people leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pull_request import LH, release
from repositories import Repository
from running import CALLED, CUTTING, inside, shell, written

from lhmigrate.git.gitcommand import Answer, Git

if TYPE_CHECKING:
    from pathlib import Path

    from running import Run

pytestmark = pytest.mark.usefixtures("git_knows_nobody")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose main declares 1.6.4, and in whose work tree we stand."""
    made = Repository.new(tmp_path / "repository")
    made.commit({LH: release("1.6.4"), "README.md": "Longhorn 1.6.4\n"})
    monkeypatch.chdir(made.folder)
    return made


def told(run: Run) -> dict[str, str]:
    """What becomes of each environment."""
    assert run.err == ""
    return {
        one["environment"]: one["change"]
        if one["change"] != "moves"
        else f"{one['was'] + ': ' if one['was'] else ''}{one['from']} to {one['to']}"
        for one in run.report["environments"]
    }


def base(run: Run) -> tuple[str, str]:
    return run.report["base"]["name"], run.report["base"]["commit"]


MOVED = {LH: "1.6.4 to 1.7.3"}


def test_what_is_not_committed_is_compared_with_the_commit(repository: Repository) -> None:
    written(repository.folder, {LH: release("1.7.3")})
    run = repository.plan()
    assert told(run) == MOVED
    assert base(run) == ("the merge base with main", repository.git("rev-parse", "HEAD"))
    assert (run.report["from"], run.report["to"], len(run.report["hops"])) == ("1.6.4", "1.7.3", 1)


def test_a_branch_is_compared_with_where_it_began(repository: Repository) -> None:
    began = repository.git("rev-parse", "HEAD")
    repository.commit({LH: release("1.7.3")}, branch="bump")
    repository.git("checkout", "--quiet", "main")
    repository.commit({LH: release("1.6.3"), "other.yaml": release("1.7.1")})
    repository.git("checkout", "--quiet", "bump")
    run = repository.plan()
    assert told(run) == MOVED
    assert base(run)[1] == began


def test_a_branch_that_took_main_in_is_compared_with_what_it_took(repository: Repository) -> None:
    repository.commit({"policies/a.yaml": "a: 1\n"}, branch="bump")
    repository.git("checkout", "--quiet", "main")
    newer = repository.commit({LH: release("1.6.5")})
    repository.git("checkout", "--quiet", "bump")
    repository.git("merge", "--quiet", "--message", "merge", "main")
    written(repository.folder, {LH: release("1.7.3")})
    run = repository.plan()
    assert told(run) == {LH: "refused"}  # 1.6.5 was never released.
    assert base(run)[1] == newer


def test_a_branch_that_was_rebased_is_compared_with_its_new_beginning(repository: Repository) -> None:
    repository.commit({"values.yaml": "a: 1\n"}, branch="bump")
    repository.git("checkout", "--quiet", "main")
    newer = repository.commit({LH: release("1.7.1")})
    repository.git("checkout", "--quiet", "bump")
    repository.git("rebase", "--quiet", "main")
    repository.commit({LH: release("1.7.3")})
    run = repository.plan()
    assert told(run) == {LH: "1.7.1 to 1.7.3"}
    assert base(run)[1] == newer


@pytest.mark.parametrize("how", ["--no-ff", "--squash", "--ff-only"], ids=["merge", "squash", "rebase"])
def test_what_was_merged_into_main_is_compared_with_the_commit_before(repository: Repository, how: str) -> None:
    before = repository.git("rev-parse", "HEAD")
    repository.commit({LH: release("1.7.3")}, branch="bump")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", how, "bump")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "merged")
    assert told(repository.plan()) == {LH: "stays"}
    run = repository.plan("--base", before)
    assert told(run) == MOVED
    assert base(run) == (before, before)


def test_main_in_a_clone_is_the_remote_one(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = repository.clone(tmp_path / "clone")
    clone.commit({LH: release("1.7.3")})
    monkeypatch.chdir(clone.folder)
    run = clone.plan()
    assert told(run) == MOVED
    assert base(run)[0] == "the merge base with origin/main"


def test_the_default_branch_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Repository.new(tmp_path / "origin", branch="trunk")
    origin.commit({LH: release("1.6.4")})
    clone = origin.clone(tmp_path / "clone")
    clone.commit({LH: release("1.7.3")}, branch="bump")
    monkeypatch.chdir(clone.folder)
    run = clone.plan()
    assert told(run) == MOVED
    assert base(run)[0] == "the merge base with origin/trunk"


def test_a_detached_head_is_as_good_as_a_branch(repository: Repository) -> None:
    repository.commit({LH: release("1.7.3")}, branch="bump")
    repository.git("checkout", "--quiet", "--detach", "HEAD")
    assert told(repository.plan()) == MOVED


def test_a_file_that_is_renamed_is_the_same_installation(repository: Repository) -> None:
    repository.commit({"apps/storage/longhorn.yaml": release("1.7.3"), LH: None}, branch="bump")
    assert told(repository.plan()) == {"apps/storage/longhorn.yaml": f"{LH}: 1.6.4 to 1.7.3"}


def test_a_file_that_is_moved_and_not_committed_is_the_same_installation(repository: Repository) -> None:
    (repository.folder / LH).unlink()
    written(repository.folder, {"storage/lh.yaml": release("1.7.3")})
    assert told(repository.plan()) == {"storage/lh.yaml": f"{LH}: 1.6.4 to 1.7.3"}


def test_another_tool_for_the_same_installation_is_no_new_one(repository: Repository) -> None:
    chart = "helmCharts: [{name: longhorn, repo: https://charts.longhorn.io, version: 1.7.3}]\n"
    repository.commit({"longhorn/kustomization.yaml": chart, LH: None}, branch="bump")
    assert told(repository.plan()) == {"longhorn/kustomization.yaml": f"{LH}: 1.6.4 to 1.7.3"}


OCI = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: longhorn}
spec: {url: oci://ghcr.io/home-operations/charts-mirror/longhorn, ref: {tag: VERSION}}
"""
BY_REFERENCE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: longhorn}
spec:
  chartRef: {kind: OCIRepository, name: longhorn}
  valuesFrom: [{kind: ConfigMap, name: longhorn-values}]
"""
GENERATED = "configMapGenerator: [{name: longhorn-values, files: [values.yaml]}]\n"


def test_the_version_may_be_in_one_file_and_the_values_in_another(repository: Repository) -> None:
    before = {
        LH: None,
        "lh/hr.yaml": BY_REFERENCE,
        "lh/oci.yaml": OCI.replace("VERSION", "1.12.0"),
        "lh/kustomization.yaml": GENERATED,
        "lh/values.yaml": "networkPolicies: {restrictInternalTraffic: true}\n",
    }
    repository.commit(before)
    repository.commit(
        {
            "lh/oci.yaml": OCI.replace("VERSION", "1.12.1"),
            "lh/values.yaml": "networkPolicies: {restrictInternalTraffic: false}\n",
        },
        branch="bump",
    )
    run = repository.plan()
    (one,) = run.report["environments"]
    assert (one["environment"], one["from"], one["to"]) == ("lh/hr.yaml", "1.12.0", "1.12.1")
    assert f"{one['file']}:{one['line']}" == "lh/oci.yaml:4"
    assert [place["file"] for place in one["values_from"]] == ["lh/values.yaml"]
    # The opt-out counts: the new release installs no policy.
    assert run.report["findings"] == []
    assert run.code == 0


def test_values_of_the_base_tell_what_runs_today(repository: Repository) -> None:
    """A release that installs its policies already, until now without them: the change cuts, not the past."""
    off = "  values: {networkPolicies: {restrictInternalTraffic: false}}\n"
    repository.commit({LH: release("1.12.1", off)})
    written(repository.folder, {LH: release("1.12.2", "  values: {metrics: {serviceMonitor: {enabled: true}}}\n")})
    findings = repository.plan("--cni", "calico").report["findings"]
    assert {one["code"] for one in findings if one["source"] == "prometheus"} == {"flow-blocked"}
    assert any(one["code"] == "policies-installed" for one in findings)


POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {app: longhorn-manager}}
  ingress: [{from: [{podSelector: {}}]}]
"""


def test_of_two_environments_only_the_one_that_moves_is_planned_with_its_own_policies(repository: Repository) -> None:
    repository.commit(
        {
            LH: None,
            "clusters/prod/lh.yaml": release("1.6.4"),
            "clusters/prod/policies/np.yaml": POLICY.replace("NAME", "prod"),
            "clusters/dev/lh.yaml": release("1.6.4"),
            "clusters/dev/policies/np.yaml": POLICY.replace("NAME", "dev"),
            "shared/np.yaml": POLICY.replace("NAME", "both").replace("manager", "ui"),
        }
    )
    repository.commit({"clusters/dev/lh.yaml": release("1.7.3")}, branch="bump")
    run = repository.plan("--cni", "calico")
    assert told(run) == {"clusters/dev/lh.yaml": "1.6.4 to 1.7.3", "clusters/prod/lh.yaml": "stays"}
    named = {policy["name"] for one in run.report["findings"] for policy in one["policies"]}
    assert named == {"dev", "both"}
    assert {one["environment"] for one in run.report["findings"]} == {"clusters/dev/lh.yaml"}
    sentence = "the policies in clusters/prod/policies are nearer to other installations, and are taken to be theirs"
    assert sentence in run.report["assumptions"]


def test_each_environment_that_moves_has_a_plan(repository: Repository) -> None:
    both = {"a/lh.yaml": release("1.6.4"), "b/lh.yaml": release("1.5.5").replace("longhorn-system", "storage")}
    repository.commit({LH: None, **both, "b/np.yaml": POLICY.replace("longhorn-system", "storage")})
    repository.commit({"a/lh.yaml": release("1.7.3"), "b/lh.yaml": both["b/lh.yaml"].replace("1.5.5", "1.7.3")}, "bump")
    run = repository.plan()
    assert told(run) == {"a/lh.yaml": "1.6.4 to 1.7.3", "b/lh.yaml": "1.5.5 to 1.7.3"}
    assert (run.report["from"], run.report["to"], run.report["hops"]) == (None, None, [])
    assert [len(one["hops"]) for one in run.report["environments"]] == [1, 2]
    policies = [one["coverage"]["policies"] for one in run.report["environments"]]
    assert policies == [0, 1]


def test_policies_of_paths_that_were_given_count_for_every_environment(repository: Repository) -> None:
    repository.commit({LH: None, "a/lh.yaml": release("1.6.4"), "b/lh.yaml": release("1.6.4"), "a/np.yaml": POLICY})
    written(repository.folder, {"a/lh.yaml": release("1.7.3"), "b/lh.yaml": release("1.7.3")})
    report = repository.plan("a/np.yaml").report
    assert [one["coverage"]["policies"] for one in report["environments"]] == [1, 1]


@pytest.mark.parametrize("policies", ["{}/np.yaml", "np.yaml"], ids=["each has its own", "they share a file"])
def test_a_patch_has_the_edits_of_all_installations_or_those_of_the_next_come_once_it_is_applied(
    repository: Repository, policies: str
) -> None:
    shares = CALLED.replace("callers", "shares").replace("instance-manager", "share-manager").replace("8500", "9600")
    before = {policies.format(name): f"{CALLED}---\n{shares}" for name in ("dev", "prod")}
    repository.commit({LH: None, "dev/lh.yaml": release("1.4.4"), "prod/lh.yaml": release("1.7.3"), **before})
    written(repository.folder, {"dev/lh.yaml": release("1.5.5"), "prod/lh.yaml": release("1.8.2")})

    def cut() -> set[str]:
        found = repository.plan("--cni", "calico").report["findings"]
        return {one["environment"] for one in found if one["code"] == "flow-blocked"}

    assert cut() == {"dev/lh.yaml", "prod/lh.yaml"}
    for _ in range(2):
        inside("plan", "--cni", "calico", "--format", "diff", "--output", "../p.patch")
        assert shell("[ ! -s ../p.patch ] || git apply ../p.patch").code == 0
    assert not cut()


def test_paths_that_hold_installations_choose_among_them(repository: Repository) -> None:
    repository.commit({LH: None, "a/lh.yaml": release("1.6.4"), "b/lh.yaml": release("1.6.4")})
    written(repository.folder, {"a/lh.yaml": release("1.7.3"), "b/lh.yaml": release("1.7.3")})
    assert told(repository.plan("a")) == {"a/lh.yaml": "1.6.4 to 1.7.3"}


def test_a_work_tree_of_its_own(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "bump", str(tmp_path / "other"))
    written(tmp_path / "other", {LH: release("1.7.3")})
    assert told(repository.plan()) == {LH: "stays"}
    monkeypatch.chdir(tmp_path / "other")
    assert told(inside("plan", "--format", "json")) == MOVED


def test_a_folder_of_the_work_tree_sees_all_of_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"clusters/a/np.yaml": POLICY, LH: release("1.7.3")}, branch="bump")
    monkeypatch.chdir(repository.folder / "clusters" / "a")
    run = repository.plan()
    assert told(run) == MOVED
    assert run.report["coverage"]["policies"] == 1
    assert told(repository.plan("../../apps")) == MOVED


class TestSubmodules:
    """A repository in a repository."""

    @pytest.fixture
    def outer(self, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
        """A repository that has the other one as a submodule, in its folder `lib`."""
        made = Repository.new(tmp_path / "outer")
        made.git("submodule", "--quiet", "add", repository.folder.as_uri(), "lib")
        made.commit({"README.md": "x\n"})
        monkeypatch.chdir(made.folder)
        return made

    def test_what_a_submodule_declares_counts(self, outer: Repository) -> None:
        assert told(outer.plan()) == {f"lib/{LH}": "stays"}

    def test_a_submodule_that_moves_moves_what_it_declares(self, repository: Repository, outer: Repository) -> None:
        repository.commit({LH: release("1.7.3")})
        outer.git("-C", "lib", "pull", "--quiet", "origin", "main")
        outer.commit({}, branch="bump")
        assert told(outer.plan()) == {f"lib/{LH}": "1.6.4 to 1.7.3"}

    def test_what_changes_in_a_submodule_counts_before_it_is_committed(self, outer: Repository) -> None:
        written(outer.folder, {f"lib/{LH}": release("1.7.3")})
        assert told(outer.plan()) == {f"lib/{LH}": "1.6.4 to 1.7.3"}

    def test_a_submodule_that_is_not_checked_out_and_moves_is_said(
        self, repository: Repository, outer: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.commit({LH: release("1.7.3")})
        outer.git("-C", "lib", "pull", "--quiet", "origin", "main")
        outer.commit({}, branch="bump")
        outer.git("checkout", "--quiet", "main")
        clone = outer.clone(tmp_path / "clone")
        clone.git("checkout", "--quiet", "bump")
        monkeypatch.chdir(clone.folder)
        run = clone.plan()
        (problem,) = run.report["coverage"]["unread"]
        assert (problem["file"], run.code) == ("lib", 1)
        assert "git submodule update --init" in problem["reason"]

    def test_a_submodule_that_is_not_checked_out_and_stays_is_no_matter(
        self, outer: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clone = outer.clone(tmp_path / "clone")
        monkeypatch.chdir(clone.folder)
        assert (told(clone.plan()), clone.plan().code) == ({}, 0)

    def test_a_submodule_without_its_base_is_said(self, repository: Repository, outer: Repository) -> None:
        repository.commit({LH: release("1.7.3")})
        outer.git("-C", "lib", "pull", "--quiet", "origin", "main")
        outer.commit({}, branch="bump")
        outer.git("-C", "lib", "fetch", "--quiet", "--depth=1", "origin", "main")
        outer.git("-C", "lib", "reflog", "expire", "--expire=now", "--all")
        outer.git("-C", "lib", "gc", "--quiet", "--prune=now")
        (problem,) = outer.plan().report["coverage"]["unread"]
        assert "is not in its clone; fetch it there" in problem["reason"]

    def test_a_submodule_is_a_checkout_too(self, outer: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        written(outer.folder, {f"lib/{LH}": release("1.7.3")})
        monkeypatch.chdir(outer.folder / "lib")
        assert told(outer.plan()) == MOVED


CURES: dict[str, tuple[dict[str, str], str]] = {
    "GitHub Actions": ({"GITHUB_BASE_REF": "main"}, "give actions/checkout `fetch-depth: 0`"),
    "GitLab CI": ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, 'set the variable `GIT_DEPTH: "0"`'),
    "Bitbucket Pipelines": ({"BITBUCKET_PR_DESTINATION_BRANCH": "main"}, "set `clone: {depth: full}`"),
    "Azure Pipelines": ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "main"}, "give `checkout: self` a `fetchDepth: 0`"),
    "Jenkins": ({"CHANGE_TARGET": "main"}, "switch shallow clones off, and fetch the target branch too"),
    "Woodpecker": ({"CI_COMMIT_TARGET_BRANCH": "main"}, "give the clone step `depth: 0` and `partial: false`"),
    "nobody": ({}, "run `git fetch --unshallow`"),
}


class TestContinuousIntegration:
    """What CI services check out, and what they say of it."""

    @pytest.fixture
    def origin(self, repository: Repository) -> Repository:
        """A repository with a pull request, as a branch and merged into main; main has gone on since it began."""
        repository.commit({LH: release("1.7.3")}, branch="bump")
        repository.git("checkout", "--quiet", "main")
        repository.commit({"other/lh.yaml": release("1.7.1")})
        repository.git("checkout", "--quiet", "--detach", "main")
        repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "bump")
        repository.git("update-ref", "refs/pull/1/merge", "HEAD")
        repository.git("checkout", "--quiet", "main")
        return repository

    @pytest.fixture
    def clone(self, origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
        """A whole clone, in which nothing is checked out yet."""
        made = origin.clone(tmp_path / "clone")
        made.git("fetch", "--quiet", "origin", "refs/pull/1/merge:refs/remotes/pull/1/merge")
        monkeypatch.chdir(made.folder)
        return made

    def at(self, clone: Repository, what: str) -> str:
        clone.git("checkout", "--quiet", "--detach", what)
        return clone.git("rev-parse", "HEAD")

    def test_github_actions(self, clone: Repository) -> None:
        head = self.at(clone, "refs/remotes/pull/1/merge")
        run = clone.plan(GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/1/merge", GITHUB_SHA=head)
        assert told(run) == {**MOVED, "other/lh.yaml": "stays"}
        assert base(run) == ("main", clone.git("rev-parse", "origin/main"))

    def test_github_actions_with_the_branch_itself(self, clone: Repository) -> None:
        self.at(clone, "origin/bump")
        merge = clone.git("rev-parse", "refs/remotes/pull/1/merge")
        run = clone.plan(GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/1/merge", GITHUB_SHA=merge)
        assert told(run) == MOVED
        assert base(run)[0] == "the merge base with origin/main"

    def test_github_actions_with_the_last_two_commits(
        self, origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Repository.new(tmp_path / "shallow")
        made.git("fetch", "--quiet", "--depth=2", origin.folder.as_uri(), "refs/pull/1/merge")
        head = self.at(made, "FETCH_HEAD")
        monkeypatch.chdir(made.folder)
        run = made.plan(GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/1/merge", GITHUB_SHA=head)
        assert told(run) == {**MOVED, "other/lh.yaml": "stays"}

    def test_forgejo_and_gitea_check_the_branch_out(self, clone: Repository) -> None:
        head = self.at(clone, "origin/bump")
        run = clone.plan(GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/1/head", GITHUB_SHA=head)
        assert told(run) == MOVED

    def test_gitlab(self, clone: Repository) -> None:
        self.at(clone, "origin/bump")
        began = clone.git("merge-base", "origin/main", "HEAD")
        run = clone.plan(CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main", CI_MERGE_REQUEST_DIFF_BASE_SHA=began)
        assert (told(run), base(run)) == (MOVED, ("main", began))

    def test_gitlab_with_the_merged_result(self, clone: Repository) -> None:
        self.at(clone, "refs/remotes/pull/1/merge")
        began = clone.git("merge-base", "origin/main", "origin/bump")
        run = clone.plan(
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=began,
            CI_MERGE_REQUEST_TARGET_BRANCH_SHA=clone.git("rev-parse", "origin/main"),
        )
        assert told(run) == {**MOVED, "other/lh.yaml": "stays"}

    def test_bitbucket_tells_the_tip_of_the_target(self, clone: Repository) -> None:
        self.at(clone, "origin/bump")
        tip = clone.git("rev-parse", "--short=12", "origin/main")
        run = clone.plan(BITBUCKET_PR_DESTINATION_BRANCH="main", BITBUCKET_PR_DESTINATION_COMMIT=tip)
        assert told(run) == MOVED

    def test_azure(self, clone: Repository) -> None:
        head = self.at(clone, "refs/remotes/pull/1/merge")
        run = clone.plan(
            SYSTEM_PULLREQUEST_TARGETBRANCH="refs/heads/main",
            BUILD_SOURCEBRANCH="refs/pull/1/merge",
            BUILD_SOURCEVERSION=head,
        )
        assert told(run) == {**MOVED, "other/lh.yaml": "stays"}

    def test_a_tip_that_has_nothing_in_common_is_refused(
        self, origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shallow = origin.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=bump")
        tip = shallow.git("rev-parse", "origin/main")
        monkeypatch.chdir(shallow.folder)
        run = shallow.plan(BITBUCKET_PR_DESTINATION_BRANCH="main", BITBUCKET_PR_DESTINATION_COMMIT=tip)
        assert "this clone is shallow; set `clone: {depth: full}`" in run.err

    @pytest.mark.parametrize("variable", ["CHANGE_TARGET", "CI_COMMIT_TARGET_BRANCH"], ids=["Jenkins", "Woodpecker"])
    def test_jenkins_and_woodpecker(self, clone: Repository, variable: str) -> None:
        self.at(clone, "origin/bump")
        assert told(clone.plan(**{variable: "main"})) == MOVED

    def test_what_is_asked_for_wins_over_what_ci_says(self, clone: Repository) -> None:
        self.at(clone, "origin/bump")
        assert told(clone.plan("--base", "HEAD", GITHUB_BASE_REF="main")) == {LH: "stays"}

    @pytest.mark.parametrize(("environment", "cure"), CURES.values(), ids=CURES.keys())
    def test_a_shallow_clone_is_refused_with_the_cure(
        self,
        origin: Repository,
        environment: dict[str, str],
        cure: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shallow = origin.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=bump")
        if environment:
            shallow.git("update-ref", "-d", "refs/remotes/origin/main")
        monkeypatch.chdir(shallow.folder)
        run = shallow.plan(**environment)
        assert (run.code, run.out) == (2, "")
        what = "the branch main, into which this pull request goes, is not in this clone"
        if not environment:
            what = "no commit is common to this branch and origin/main"
        expected = f"{what}: this clone is shallow; {cure}, or pass --base REF, or --from and --to"
        assert run.err == f"lhmigrate: {expected}\n"

    def test_a_shallow_clone_of_the_base_too_is_refused(
        self, origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shallow = origin.clone(tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=bump")
        monkeypatch.chdir(shallow.folder)
        run = shallow.plan(GITHUB_BASE_REF="main")
        assert "no commit is common to this branch and origin/main: this clone is shallow" in run.err


REFUSED: dict[str, tuple[list[str], str]] = {
    "a commit that nobody made": (["--base", "nowhere"], "no commit here is called 'nowhere'; fetch it, or pass"),
    "an option for git": (["--base=--help"], "no commit here is called '--help'"),
    "a file": (["--base", "HEAD:README.md"], "no commit here is called 'HEAD:README.md'"),
    "a base and a release": (["--base", "HEAD", "--to", "1.7"], "leave out --from and --to, or --base"),
    "a base and both releases": (["--base", "HEAD", "--to", "1.7", "--from", "1.6"], "leave out --from and --to, or"),
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_compared_says_why(repository: Repository, arguments: list[str], says: str) -> None:
    run = repository.plan(*arguments)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert run.err.count("\n") == 1


def test_a_folder_that_is_no_checkout_asks_for_the_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = inside("plan")
    assert (run.code, run.out) == (2, "")
    assert "this is no git checkout, so nothing tells which versions change; pass --from and --to" in run.err


def test_a_repository_without_a_commit_asks_for_the_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Repository.new(tmp_path / "new")
    monkeypatch.chdir(made.folder)
    assert "this repository has no commit yet" in made.plan().err


def test_a_repository_without_a_default_branch_asks_for_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Repository.new(tmp_path / "new", branch="odd")
    made.commit({LH: release("1.6.4")})
    monkeypatch.chdir(made.folder)
    assert "which branch is the default one cannot be told; fetch it, or pass --base REF" in made.plan().err


def test_histories_without_a_common_commit_are_refused(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "alone")
    repository.commit({LH: release("1.7.3")})
    run = repository.plan()
    assert "no commit is common to this branch and main; fetch it, or pass --base REF, or --from and --to" in run.err


def test_what_git_complains_of_is_told_in_its_words(repository: Repository) -> None:
    (repository.folder / ".git" / "config").write_text("[core\n", encoding="utf-8")
    run = repository.plan()
    assert run.code == 2
    assert "fatal: bad config line 1" in run.err


def test_without_git_its_absence_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.folder))
    assert "git cannot be started" in repository.plan().err


def test_a_hook_may_name_the_repository(repository: Repository) -> None:
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nlhmigrate plan --format json --exit-zero > told.json\n", encoding="utf-8")
    hook.chmod(0o755)
    written(repository.folder, {LH: release("1.7.3")})
    done = shell(f"cd {repository.folder} && git commit --quiet --all --message bump && cat told.json")
    assert done.code == 0, done.err
    assert [one["change"] for one in done.report["environments"]] == ["moves"]


def test_what_git_ignores_is_no_part_of_the_tree(repository: Repository) -> None:
    repository.commit({".gitignore": "rendered/\n"})
    written(repository.folder, {"rendered/lh.yaml": release("1.7.3"), "rendered/np.yaml": POLICY})
    run = repository.plan()
    assert told(run) == {LH: "stays"}
    assert run.report["coverage"]["policies"] == 0


def test_what_is_new_and_not_added_is_part_of_the_tree(repository: Repository) -> None:
    written(repository.folder, {"new/lh.yaml": release("1.7.3")})
    assert told(repository.plan()) == {LH: "stays", "new/lh.yaml": "new"}


def test_what_is_gone_is_said(repository: Repository) -> None:
    repository.commit({LH: None}, branch="bump")
    run = repository.plan()
    assert (told(run), run.code) == ({LH: "gone"}, 0)


def test_links_are_followed_to_what_git_knows(repository: Repository) -> None:
    (repository.folder / "all").symlink_to("apps")
    (repository.folder / "link.yaml").symlink_to(LH)
    repository.commit({})
    written(repository.folder, {LH: release("1.7.3")})
    assert told(repository.plan()) == MOVED


def test_a_link_out_of_the_tree_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("networkPolicies: {restrictInternalTraffic: false}\n", encoding="utf-8")
    fleet = "helm: {chart: longhorn, version: VERSION, valuesFiles: [v.yaml]}\n"
    (repository.folder / "lh").mkdir()
    (repository.folder / "lh/v.yaml").symlink_to(tmp_path / "secret.yaml")
    repository.commit({LH: None, "lh/fleet.yaml": fleet.replace("VERSION", "1.12.0")})
    written(repository.folder, {"lh/fleet.yaml": fleet.replace("VERSION", "1.12.1")})
    said = [one["message"] for one in repository.plan().report["findings"] if one["code"] == "values-unread"]
    assert len(said) == 1
    assert said[0].startswith("Not read: the values file lh/v.yaml is not in this tree")


def test_a_work_tree_with_a_conflict_is_told_where_it_is(repository: Repository) -> None:
    repository.commit({LH: release("1.7.3")}, branch="bump")
    repository.git("checkout", "--quiet", "main")
    repository.commit({LH: release("1.7.1")})
    shell(f"cd {repository.folder} && git merge bump")
    (one,) = repository.plan().report["environments"]
    assert (one["change"], one["file"]) == ("refused", LH)
    assert "is not valid YAML" in one["reason"]


def test_a_file_that_cannot_be_read_any_more_declares_no_less(repository: Repository) -> None:
    written(repository.folder, {LH: "kind: HelmRelease\nmetadata: {name: longhorn\n"})
    run = repository.plan()
    assert (told(run), run.code) == ({LH: "refused"}, 1)


def test_a_partial_clone_is_enough_if_it_has_what_differs(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    written(clone.folder, {LH: release("1.7.3")})
    monkeypatch.chdir(clone.folder)
    assert told(clone.plan()) == MOVED


def test_attributes_of_files_do_not_hide_what_they_were(repository: Repository) -> None:
    repository.commit({".gitattributes": "*.yaml -diff -text\n"})
    repository.commit({LH: release("1.7.3")}, branch="bump")
    assert told(repository.plan()) == MOVED


def test_what_git_has_lost_is_told(repository: Repository) -> None:
    blob = repository.git("rev-parse", f"HEAD:{LH}")
    written(repository.folder, {LH: release("1.7.3")})
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    run = repository.plan()
    assert (run.code, run.out) == (2, "")
    assert f"fatal: unable to read {blob}" in run.err


def test_names_are_whatever_people_call_their_files(repository: Repository) -> None:
    odd = "apps/lönghorn \t\"'\n.yaml"
    repository.commit({LH: None, odd: release("1.6.4")})
    repository.commit({odd: release("1.7.3")}, branch="bump")
    assert told(repository.plan()) == {odd: "1.6.4 to 1.7.3"}


def test_a_file_that_is_no_text_hinders_nobody(repository: Repository) -> None:
    written(repository.folder, {"apps/odd.yaml": b"\xff\xfe longhorn chart:\0", LH: release("1.7.3")})
    assert told(repository.plan()) == MOVED


# Each: the version before, the version now, and what is said of it. All are something to do.
NO_PLAN = {
    "a range that moves": ("^1.6.0", "^1.7.0", "the version '^1.7.0' is a range"),
    "a range that becomes a version": ("^1.6.0", "1.7.3", "the version is 1.7.3 now, and what it was cannot be told"),
    "a pre-release": ("1.6.4", "1.8.0-rc1", "the version '1.8.0-rc1' is a pre-release"),
    "a downgrade": ("1.7.3", "1.6.4", "from 1.7.3 to 1.6.4 is a downgrade, and Longhorn cannot be downgraded"),
    "a release that nobody knows": ("1.6.4", "1.99.0", "Longhorn 1.99.0 is not in the catalogue"),
}


@pytest.mark.parametrize(("old", "new", "says"), NO_PLAN.values(), ids=NO_PLAN.keys())
def test_what_moves_and_has_no_plan_says_why(repository: Repository, old: str, new: str, says: str) -> None:
    repository.commit({LH: release(f'"{old}"')})
    repository.commit({LH: release(f'"{new}"')}, branch="bump")
    run = repository.plan()
    (one,) = run.report["environments"]
    assert (one["change"], one["file"], one["line"], run.code) == ("refused", LH, 5, 1)
    assert says in one["reason"]
    assert repository.plan("--exit-zero").code == repository.plan("--fail-on", "never").code == 0
    assert repository.plan("--fail-on", "error").code == 1


# Each: what changes, and what becomes of the installation. None of it is a bump: nothing to do.
NO_BUMP: dict[str, tuple[str, str, dict[str, str]]] = {
    "nothing": ("1.6.4", "1.6.4", {}),
    "another file": ("1.6.4", "1.6.4", {"README.md": "Longhorn 1.7.3\n"}),
    "only the spelling": ("1.6.4", "v1.6.4", {}),
    "another build of the same release": ("1.6.4-1", "1.6.4-2", {}),
    "another chart of the same release": ("103.4.0+up1.6.4", "103.4.1+up1.6.4", {}),
    "a range that stays": ("^1.6.0", "^1.6.0", {"README.md": "x\n"}),
    "another application's version": ("1.6.4", "1.6.4", {"app.yaml": "chart: traefik\nversion: 30.0.0\n"}),
}


@pytest.mark.parametrize(("old", "new", "files"), NO_BUMP.values(), ids=NO_BUMP.keys())
def test_what_is_no_bump_is_nothing_to_do(repository: Repository, old: str, new: str, files: dict[str, str]) -> None:
    repository.commit({LH: release(f'"{old}"')})
    repository.commit({LH: release(f'"{new}"'), **files}, branch="bump")
    run = repository.plan()
    assert (told(run), run.code, run.report["findings"]) == ({LH: "stays"}, 0, [])


def test_values_that_change_without_the_version_are_pointed_out(repository: Repository) -> None:
    written(repository.folder, {LH: release("1.6.4", "  values: {networkPolicies: {enabled: true}}\n")})
    (one,) = repository.plan().report["environments"]
    assert one["reason"] == "its Helm values change; `lhmigrate check --release 1.6.4` judges them"


LISTED = "resources: [../base, policies.yaml]\n"
OPENING = f"{CUTTING.replace('engines', 'opening')}  ingress: [{{}}]\n"
CLUSTERS = {
    "overlays of kustomize": {
        "base/kustomization.yaml": "resources: [lh.yaml]\n",
        "base/lh.yaml": release("VERSION"),
        "prod/kustomization.yaml": LISTED,
        "prod/policies.yaml": OPENING,
        "staging/kustomization.yaml": LISTED,
        "staging/policies.yaml": CUTTING,
    },
    "folders of clusters": {
        "base/lh.yaml": release("VERSION"),
        "clusters/prod/policies.yaml": OPENING,
        "clusters/staging/policies.yaml": CUTTING,
    },
}
BESIDE = {
    "clusters/staging/lh.yaml": release("VERSION"),
    "clusters/staging/policies.yaml": CUTTING,
    "clusters/edge/policies.yaml": OPENING,
}


@pytest.mark.parametrize("files", CLUSTERS.values(), ids=CLUSTERS.keys())
def test_what_one_cluster_lets_in_opens_nothing_in_another(repository: Repository, files: dict[str, str]) -> None:
    before, after = (
        {name: text.replace("VERSION", version) for name, text in files.items()} for version in ("1.6.4", "1.7.3")
    )
    repository.commit({LH: None, **before})
    repository.commit(after, branch="bump")
    run = repository.plan()
    found = {one["environment"]: one["summary"]["warnings"] for one in run.report["environments"]}
    prod, staging = (f"base/lh.yaml (with {folder})" for folder in sorted({
        name.rpartition("/")[0] for name in files if name.endswith("policies.yaml")
    }))  # fmt: skip
    assert (set(found), found[prod], run.code) == ({prod, staging}, 0, 1)
    assert found[staging] > 0


def test_a_cluster_without_longhorn_opens_nothing_in_the_one_beside_it(repository: Repository) -> None:
    repository.commit({LH: None} | {name: text.replace("VERSION", "1.6.4") for name, text in BESIDE.items()})
    repository.commit({"clusters/staging/lh.yaml": release("1.7.3")}, branch="bump")
    run = repository.plan()
    found = {one["environment"]: one["summary"]["warnings"] for one in run.report["environments"]}
    assert found["clusters/staging/lh.yaml (with clusters/staging)"] > 0
    assert run.code == 1


def test_what_an_overlay_takes_in_from_another_is_judged_with_it(repository: Repository) -> None:
    """The policies of the folder between are the cluster's own, and it is no cluster itself."""
    files = {
        "base/kustomization.yaml": "resources: [lh.yaml]\n",
        "overlays/common/kustomization.yaml": "resources: [../../base, policies.yaml]\n",
        "overlays/common/policies.yaml": CUTTING,
        "overlays/prod/kustomization.yaml": "resources: [../common, policies.yaml]\n",
        "overlays/prod/policies.yaml": OPENING,
    }
    repository.commit({LH: None, "base/lh.yaml": release("1.6.4"), **files})
    repository.commit({"base/lh.yaml": release("1.7.3")}, branch="bump")
    run = repository.plan()
    (one,) = run.report["environments"]
    assert (one["environment"], one["summary"]["warnings"], one["coverage"]["policies"]) == ("base/lh.yaml", 0, 2)


TAGS = {
    "another tag": ("{tag: v1.6.4}", "{tag: v1.7.3}", "from v1.6.4 to v1.7.3"),
    "a tag that comes": ("{}", "{tag: v1.7.3}", "from the chart's own to v1.7.3"),
    "a tag that goes": ("{tag: v1.5.5}", "{}", "from v1.5.5 to the chart's own"),
}


@pytest.mark.parametrize(("old", "new", "says"), TAGS.values(), ids=TAGS.keys())
def test_an_image_that_moves_without_its_chart_is_said(repository: Repository, old: str, new: str, says: str) -> None:
    def at(manager: str) -> str:
        return release("1.6.4", f"  values: {{image: {{longhorn: {{manager: {manager}}}}}}}\n")

    repository.commit({LH: at(old)})
    repository.commit({LH: at(new)}, branch="bump")
    run = repository.plan()
    ((_, why),) = refusals(run)
    assert says in why
    assert (told(run), run.code) == ({LH: "refused"}, 1)


def test_an_image_of_the_very_release_is_no_move(repository: Repository) -> None:
    tagged = "  values: {image: {longhorn: {manager: {tag: v1.6.4@sha256:0a}}}}\n"
    repository.commit({LH: release("1.6.4", tagged)}, branch="bump")
    run = repository.plan()
    assert (told(run), run.code) == ({LH: "stays"}, 0)


JSONNET = "local chart = {\n  name: 'longhorn',\n  version: '%s',\n};\nchart\n"


def test_a_version_in_a_form_that_nobody_reads_is_said(repository: Repository) -> None:
    repository.commit({LH: None, "lh.jsonnet": JSONNET % "1.6.4"})
    repository.commit({"lh.jsonnet": JSONNET % "1.7.3"}, branch="bump")
    run = repository.plan()
    (one,) = run.report["environments"]
    assert (one["environment"], one["change"], one["line"], run.code) == ("lh.jsonnet", "refused", 3, 1)
    assert "changes a version beside a mention of Longhorn from 1.6.4 to 1.7.3, and cannot be read" in one["reason"]


TERRAFORM = """\
resource "helm_release" "longhorn" {
  repository = "https://charts.longhorn.io"
  chart      = "longhorn"
  version    = %s
}
"""
HELMFILE = """\
environments:
  prod: {values: [{storageVersion: VERSION}]}
  staging: {values: [{storageVersion: 1.6.4}]}
---
# Far away from the name of what has this version.





releases:
- {name: longhorn, namespace: longhorn-system, chart: longhorn/longhorn, version: '{{ .Values.storageVersion }}'}
"""
APPLICATIONS = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: storage}
spec:
  generators: [{git: {repoURL: https://git.example.com/clusters, files: [{path: "clusters/*.json"}]}}]
  template:
    spec:
      source: {repoURL: https://charts.longhorn.io, chart: longhorn, targetRevision: '{{.storage.version}}'}
"""
PATCH = """\
resources: [../base]
patches:
- target: {kind: HelmRelease}
  patch: |
    - {op: replace, path: /spec/chart/spec/version, value: VERSION}
"""

REPLACEMENT = """\
resources: [longhorn.yaml, versions.yaml]
replacements:
- source: {kind: ConfigMap, fieldPath: data.storage}
  targets: [{select: {name: longhorn}, fieldPaths: [spec.chart.spec.version]}]
"""

# Each: files with VERSION in place of a version, of which those move that hold it; and the file that is told.
FILLED_IN = {
    "Flux's substitution of a ConfigMap's data": (
        {LH: release("${STORAGE_VERSION}"), "env.yaml": "kind: ConfigMap\ndata: {STORAGE_VERSION: VERSION}\n"},
        "env.yaml",
    ),
    "Flux's substitution with a default": (
        {LH: release("${storage_version:=1.6.4}"), "ks.yaml": "postBuild: {substitute: {storage_version: VERSION}}\n"},
        "ks.yaml",
    ),
    "one of helmfile's environments, in the same file": ({LH: None, "helmfile.yaml": HELMFILE}, "helmfile.yaml"),
    "a file of an ApplicationSet's git generator": (
        {LH: None, "set.yaml": APPLICATIONS, "clusters/a.json": '{"storage": {"version": "VERSION"}}'},
        "clusters/a.json",
    ),
    "a variable of Terraform": (
        {LH: None, "main.tf": TERRAFORM % "var.storage_chart", "prod.tfvars": 'storage_chart = "VERSION"\n'},
        "prod.tfvars",
    ),
    "an argument of Terraform's module": (
        {
            LH: None,
            "storage/main.tf": TERRAFORM % "var.chart",
            "main.tf": 'module "storage" {\n  chart = "VERSION"\n}\n',
        },
        "main.tf",
    ),
    "a replacement of kustomize's": (
        {
            LH: release("replaced"),
            "apps/kustomization.yaml": REPLACEMENT,
            "apps/versions.yaml": "kind: ConfigMap\ndata: {storage: VERSION}\n",
        },
        "apps/versions.yaml",
    ),
    "a patch of every object of a kind": ({"prod/kustomization.yaml": PATCH}, "prod/kustomization.yaml"),
}


def refusals(run: Run) -> list[tuple[str, str]]:
    """The files of what may move and has no plan, and why it has none."""
    return [(one["file"], one["reason"]) for one in run.report["environments"] if one["change"] == "refused"]


@pytest.mark.parametrize(("files", "file"), FILLED_IN.values(), ids=FILLED_IN.keys())
def test_a_version_that_is_filled_in_from_elsewhere_is_said(
    repository: Repository, files: dict[str, str | None], file: str
) -> None:
    before, after = (
        {name: text and text.replace("VERSION", version) for name, text in files.items()}
        for version in ("1.6.4", "1.7.3")
    )
    repository.commit(before)
    repository.commit({name: text for name, text in after.items() if text is not None}, branch="bump")
    run = repository.plan()
    ((where, why),) = refusals(run)
    assert (where, run.code) == (file, 1)
    assert "from 1.6.4 to 1.7.3" in why


def test_a_version_in_a_file_that_got_another_name_is_said(repository: Repository) -> None:
    rest = "// Much that stays.\n" * 20
    repository.commit({LH: None, "lh.jsonnet": JSONNET % "1.6.4" + rest})
    repository.commit({"lh.jsonnet": None, "lib/lh.jsonnet": JSONNET % "1.7.3" + rest}, branch="bump")
    run = repository.plan()
    assert ([where for where, _ in refusals(run)], run.code) == (["lib/lh.jsonnet"], 1)


def test_a_version_that_only_repeats_the_bump_is_no_riddle(repository: Repository) -> None:
    repository.commit({"image-list.csv": "longhornio/longhorn-manager:v1.6.4\n"})
    repository.commit({LH: release("1.7.3"), "image-list.csv": "longhornio/longhorn-manager:v1.7.3\n"}, branch="bump")
    assert told(repository.plan()) == MOVED


def test_a_chart_lock_that_moves_with_its_range_is_a_bump(repository: Repository) -> None:
    chart = "dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: ^1.6.0}]\n"
    lock = "dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: %s}]\n"
    repository.commit({LH: None, "lh/Chart.yaml": chart, "lh/Chart.lock": lock % "1.6.4"})
    repository.commit({"lh/Chart.lock": lock % "1.7.3"}, branch="bump")
    assert told(repository.plan()) == {"lh/Chart.yaml": "1.6.4 to 1.7.3"}


def test_git_is_asked_for_what_differs_and_nothing_else(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a tree with many files, the content of those that differ and may have declared something."""
    other = release("1.6.4").replace("chart: longhorn", "chart: other")
    repository.commit({f"apps/{number}.yaml": other for number in range(50)})
    repository.commit({LH: release("1.7.3"), "apps/7.yaml": f"# changed\n{other}", "README.md": "x\n"}, branch="bump")
    asked: list[str] = []
    real = Git.ask

    def counted(self: Git, *words: str) -> Answer:
        asked.extend(words[2:] if words[0] == "cat-file" else ())
        return real(self, *words)

    monkeypatch.setattr(Git, "ask", counted)
    assert told(repository.plan()) == MOVED
    assert len(set(asked)) == 2


def test_the_configuration_is_below_what_the_tree_declares_and_that_below_the_command_line(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(
        {
            LH: release("1.12.0", "  values: {networkPolicies: {restrictInternalTraffic: false}}\n"),
            ".lhmigrate.yaml": "namespace: nowhere\nvalues: [base.yaml]\ncni: calico\n",
            "base.yaml": "networkPolicies: {restrictInternalTraffic: true}\n",
            "np.yaml": POLICY,
        }
    )
    repository.commit(
        {LH: release("1.12.1", "  values: {networkPolicies: {restrictInternalTraffic: false}}\n")}, branch="bump"
    )
    codes = {one["code"] for one in repository.plan().report["findings"]}
    assert "policies-installed" not in codes
    assert "flow-blocked-today" in codes  # The declared namespace counts: the policy is Longhorn's.
    (tmp_path / "own.yaml").write_text("networkPolicies: {restrictInternalTraffic: true}\n", encoding="utf-8")
    findings = repository.plan("--values", str(tmp_path / "own.yaml")).report["findings"]
    assert "policies-installed" in {one["code"] for one in findings}
