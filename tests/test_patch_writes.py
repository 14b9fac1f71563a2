"""`patch --write`: what becomes of the files and of the repository that they are in, by the installed program."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from git import Actor, Repo
from running import Run, inside, program, written
from stopping import killed_at

from lhmigrate.files import writer
from lhmigrate.files.journal import recover
from lhmigrate.files.writer import FileChange, replace_all

if TYPE_CHECKING:
    from pathlib import Path

CALLED = """\
# why: only the managers call
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: callers
  namespace: longhorn-system
spec:
  podSelector:
    matchLabels: {longhorn.io/component: instance-manager}
  ingress:
    - from:
        - podSelector: {matchLabels: {app: longhorn-manager}}
      ports:
        - port: 8500 # the server
        - port: 8501
"""
MENDED = CALLED + "        - port: 8502\n        - port: 8503\n"
HERMETIC = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "c",
    "GIT_COMMITTER_EMAIL": "c@example.org",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in HERMETIC.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(written(tmp_path, {"policies/im.yaml": CALLED}))
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Repo:
    with Repo.init(folder, initial_branch="main") as repo:
        repo.index.add(["policies/im.yaml"])
        who = Actor("t", "t@example.org")
        repo.index.commit("first", author=who, committer=who)
        return repo


HERE = ("--cni", "calico", "--without", "v2-data-engine")


def patch(*more: str, way: tuple[str, str] = ("1.4", "1.5")) -> Run:
    old, new = way
    return program("patch", "--from", old, "--to", new, *HERE, *more, "policies")


def text(folder: Path) -> str:
    return (folder / "policies/im.yaml").read_text(encoding="utf-8")


def test_a_preview_writes_nothing_and_says_that_there_is_something_to_do(folder: Path) -> None:
    run = patch()
    assert (run.code, text(folder)) == (1, CALLED)
    assert "1 edit to make in 1 file" in run.err


def test_writing_makes_the_edit_and_leaves_nothing_to_do(folder: Path) -> None:
    run = patch("--write")
    assert (run.code, run.out, text(folder)) == (0, "", MENDED)
    assert "1 edit made in 1 file" in run.err
    again = patch("--write")
    assert (again.code, again.out, text(folder)) == (0, "", MENDED)


def test_what_is_left_to_the_user_is_still_to_do_after_writing(folder: Path) -> None:
    run = program("patch", "--from", "1.4", "--to", "1.5", "--write", "policies")
    assert run.code == 0
    (folder / "policies/managers.yaml").write_text(
        CALLED.replace("callers", "managers").replace(
            "longhorn.io/component: instance-manager", "app: longhorn-manager"
        ),
        encoding="utf-8",
    )
    run = program("patch", "--from", "1.4", "--to", "1.5", "--write", "policies")
    assert run.code == 1
    assert "by hand: the API server → longhorn-manager" in run.err


def test_json_says_that_it_was_written(folder: Path) -> None:
    report = patch("--write", "--format", "json").report
    assert report["written"] is True
    assert [one["does"][:20] for one in report["steps"][0]["edits"]] == ["Add TCP/8502 and TCP"]
    assert text(folder) == MENDED


def test_a_byte_order_mark_and_carriage_returns_stay(folder: Path) -> None:
    file = folder / "policies/im.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + CALLED.replace("\n", "\r\n").encode())
    assert patch("--write").code == 0
    assert file.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_uncommitted_changes_are_not_mixed_with(folder: Path, repository: Repo) -> None:
    dirty = CALLED.replace("why:", "because:")
    (folder / "policies/im.yaml").write_text(dirty, encoding="utf-8")
    run = patch("--write")
    assert (run.code, text(folder)) == (2, dirty)
    assert "policies/im.yaml: has uncommitted changes" in run.err
    assert patch("--write", "--allow-dirty").code == 0
    assert text(folder) == MENDED.replace("why:", "because:")
    assert len(list(repository.iter_commits())) == 1


def test_a_commit_holds_the_edit_and_says_what_and_why(folder: Path, repository: Repo) -> None:
    (folder / "else.txt").write_text("staged", encoding="utf-8")
    repository.index.add(["else.txt"])
    run = patch("--commit")
    assert run.code == 0, run.err
    commit = repository.head.commit
    assert list(commit.stats.files) == ["policies/im.yaml"]
    message = str(commit.message)
    assert message.startswith("Open what Longhorn 1.5.5 needs, before the upgrade from 1.4.4\n\n- ")
    assert "TCP/8503" in message
    assert "no volume attaches" in message
    assert [one.a_path for one in repository.index.diff("HEAD")] == ["else.txt"]


def test_a_branch_gets_one_commit_for_each_hop_and_phase(repository: Repo) -> None:
    report = patch(
        "--branch", "longhorn", "--all-hops", "--phase", "both", "--format", "json", way=("1.3", "1.5")
    ).report
    steps = [step for step in report["steps"] if step["edits"]]
    assert repository.active_branch.name == "longhorn"
    subjects = [str(commit.summary) for commit in repository.iter_commits("main..longhorn")]
    assert len(subjects) == len(steps) == len(report["commits"]) >= 1
    assert repository.heads["main"].commit.tree["policies/im.yaml"].data_stream.read().decode() == CALLED


def test_a_branch_that_is_there_already_is_refused_before_anything_is_written(folder: Path, repository: Repo) -> None:
    repository.create_head("longhorn")
    run = patch("--branch", "longhorn")
    assert (run.code, text(folder)) == (2, CALLED)
    assert "longhorn" in run.err


def test_a_read_only_file_is_left_and_told(folder: Path) -> None:
    (folder / "policies/im.yaml").chmod(0o444)
    run = patch("--write")
    assert (run.code, text(folder)) == (1, CALLED)
    assert "is read-only" in run.err


@pytest.mark.usefixtures("folder")
def test_hops_that_contradict_or_are_not_there_are_refused() -> None:
    assert "contradict" in patch("--hop", "1", "--all-hops").err
    run = patch("--hop", "2")
    assert run.code == 2
    assert "this way has one hop, so there is no hop 2" in run.err


def test_a_new_policy_is_a_new_file_that_the_kustomization_lists(folder: Path) -> None:
    written(
        folder,
        {
            "policies/im.yaml": "",
            "policies/default-deny.yaml": "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
            "metadata:\n  name: default-deny\nspec:\n  podSelector: {}\n  policyTypes: [Egress]\n",
            "policies/kustomization.yaml": "namespace: longhorn-system\nresources:\n- ./default-deny.yaml\n",
            ".lhmigrate.yaml": "cni: calico\npeers: {kube-apiserver: {cidrs: [10.0.0.1/32], ports: [TCP/6443]}}\n",
        },
    )
    run = program("patch", "--from", "1.6", "--to", "1.7", "--write", "policies")
    new = (folder / "policies/allow-share-manager.yaml").read_text(encoding="utf-8")
    assert new.startswith("---\napiVersion: networking.k8s.io/v1\n")
    assert "namespace" not in new
    assert "cidr: 10.0.0.1/32" in new
    kustomization = (folder / "policies/kustomization.yaml").read_text(encoding="utf-8")
    assert kustomization.endswith("- ./default-deny.yaml\n- ./allow-share-manager.yaml\n")
    assert run.code == 0, run.err


def test_what_a_killed_run_left_is_told_by_readers_and_undone_by_writers(folder: Path) -> None:
    other = folder / "policies/other.yaml"
    other.write_text("a: 1\n", encoding="utf-8")
    changes = [
        FileChange(str(other), b"a: 1\n", b"a: 2\n"),
        FileChange(str(folder / "policies/im.yaml"), CALLED.encode(), b"b: 2\n"),
    ]
    # Killed at one step after the other, until that is between the two files.
    for number in range(1, 200):
        assert killed_at(number, lambda: replace_all(changes)), "it was never killed between the two files"
        if (other.read_text(encoding="utf-8"), text(folder)) == ("a: 2\n", CALLED):
            break
        recover([str(other)])
    told = patch()
    assert "cut short" in told.err
    run = patch("--write")
    assert run.code == 0, run.err
    assert (other.read_text(encoding="utf-8"), text(folder)) == ("a: 1\n", MENDED)
    assert json.loads(patch("--format", "json").out)["steps"][0]["edits"] == []


def test_an_interrupt_does_not_say_that_nothing_was_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits until the files are replaced, so it may be heard when they are."""
    really = writer.replace_all

    def interrupted(changes: list[FileChange]) -> None:
        really(changes)
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "replace_all", interrupted)
    run = inside("patch", "--from", "1.4", "--to", "1.5", *HERE, "--write", "policies")
    assert (run.code, run.err) == (
        2,
        "lhmigrate: interrupted; the files of a hop and phase are all written, or none of them\n",
    )
    assert (folder / "policies/im.yaml").read_text(encoding="utf-8") == MENDED
