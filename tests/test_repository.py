"""What git says of files, and commits: on real repositories, which GitPython makes."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from git import Actor, Repo
from running import command

from lhmigrate.errors import Refusal
from lhmigrate.git.repository import commit, ready, uncommitted

if TYPE_CHECKING:
    from collections.abc import Callable

NAME, EMAIL = "Someone", "someone@example.invalid"
DATE = "2024-02-29T12:00:00+00:00"


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration but this one, no clock, and no repository around. The file, for more of it."""
    home = tmp_path_factory.mktemp("home")
    config = home / ".gitconfig"
    config.write_text(f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n[init]\n\tdefaultBranch = main\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "GIT_CONFIG_GLOBAL": config,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_DATE": DATE,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    return config


def put(path: Path, text: str = "old\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def repository(folder: Path, *names: str) -> Repo:
    """One with files that are committed."""
    repo = Repo.init(folder)
    for name in names:
        put(folder / name)
    repo.git.add("--all")
    repo.git.commit("--quiet", "--allow-empty", "--message=first")
    return repo


def hook(repo: Repo, name: str, script: str) -> None:
    file = put(Path(repo.git_dir) / "hooks" / name, f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


# What is uncommitted.


def untouched(_: Repo, _file: Path) -> None:
    """Committed, and as it was."""


def changed(_: Repo, file: Path) -> None:
    put(file, "new\n")


def staged(repo: Repo, file: Path) -> None:
    put(file, "new\n")
    repo.git.add("--", str(file))


def staged_and_changed_back(repo: Repo, file: Path) -> None:
    staged(repo, file)
    put(file)


def touched(_: Repo, file: Path) -> None:
    os.utime(file, (0, 0))


def made_executable(_: Repo, file: Path) -> None:
    file.chmod(0o755)


def deleted(_: Repo, file: Path) -> None:
    file.unlink()


def never_there(repo: Repo, file: Path) -> None:
    repo.git.rm("--quiet", "--", str(file))
    repo.git.commit("--quiet", "--message=gone")


def untracked(repo: Repo, file: Path) -> None:
    never_there(repo, file)
    put(file)


def ignored(repo: Repo, file: Path) -> None:
    untracked(repo, file)
    put(Path(repo.git_dir) / "info" / "exclude", f"/{file.name}\n")


def ignored_but_committed(repo: Repo, file: Path) -> None:
    put(Path(repo.git_dir) / "info" / "exclude", f"/{file.name}\n")


def to_be_added(repo: Repo, file: Path) -> None:
    untracked(repo, file)
    repo.git.add("--intent-to-add", "--", str(file))


def hidden(repo: Repo, file: Path) -> None:
    repo.git.update_index("--assume-unchanged", "--", str(file))
    put(file, "new\n")


def hidden_otherwise(repo: Repo, file: Path) -> None:
    repo.git.update_index("--skip-worktree", "--", str(file))
    put(file, "new\n")


def moved_here(repo: Repo, file: Path) -> None:
    repo.git.mv("--", str(file), f"{file}.tmp")
    repo.git.commit("--quiet", "--message=moved")
    repo.git.mv("--", f"{file}.tmp", str(file))


def in_conflict(repo: Repo, file: Path) -> None:
    repo.git.checkout("--quiet", "-b", "other")
    put(file, "theirs\n")
    repo.git.commit("--quiet", "--all", "--message=theirs")
    repo.git.checkout("--quiet", "main")
    put(file, "ours\n")
    repo.git.commit("--quiet", "--all", "--message=ours")
    repo.git.merge("other", with_exceptions=False)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        pytest.param(untouched, False, id="it is as it was committed"),
        pytest.param(touched, False, id="only its time changed"),
        pytest.param(ignored_but_committed, False, id="it is committed although a pattern ignores it"),
        pytest.param(never_there, False, id="neither the disk nor git has it"),
        pytest.param(changed, True, id="it was changed"),
        pytest.param(staged, True, id="it was changed and staged"),
        pytest.param(staged_and_changed_back, True, id="it is as it was, and what is staged is not"),
        pytest.param(made_executable, True, id="its mode was changed"),
        pytest.param(deleted, True, id="it was deleted"),
        pytest.param(untracked, True, id="git does not track it"),
        pytest.param(ignored, True, id="git ignores it"),
        pytest.param(to_be_added, True, id="it is only meant to be added"),
        pytest.param(hidden, True, id="git was told to assume that it is unchanged"),
        pytest.param(hidden_otherwise, True, id="git was told to skip it"),
        pytest.param(moved_here, True, id="it was moved here, and that is staged"),
        pytest.param(in_conflict, True, id="it is in conflict"),
    ],
)
@pytest.mark.parametrize("name", ["plain.yaml", "d/*.yaml", ":(exclude)x", "-n", "a b\n\x1b[31m\u00e9"], ids=ascii)
def test_what_git_could_not_give_back(
    tmp_path: Path, name: str, happened: Callable[[Repo, Path], None], expected: bool
) -> None:
    repo = repository(tmp_path, "other", "d/other.yaml", name)
    file = tmp_path / name
    happened(repo, file)
    asked = [str(tmp_path / "other"), str(file), str(tmp_path / "d" / "other.yaml")]
    assert uncommitted(asked) == ([str(file)] if expected else [])


def test_the_order_and_the_names_are_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, "a", "b", "c")
    monkeypatch.chdir(tmp_path)
    for name in ("a", "c"):
        put(tmp_path / name, "new\n")
    assert uncommitted(["c", "./b", "../" + tmp_path.name + "/a", "c"]) == ["c", "../" + tmp_path.name + "/a", "c"]
    assert uncommitted([]) == []


def test_a_file_that_was_moved_is_lost_under_both_names(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", "c")
    repo.git.mv("a", "b")
    assert uncommitted([str(tmp_path / name) for name in "abc"]) == [str(tmp_path / name) for name in "ab"]


def test_many_files(tmp_path: Path) -> None:
    names = [f"policies/{number}.yaml" for number in range(1203)]
    repository(tmp_path, *names)
    asked = [str(tmp_path / name) for name in names]
    assert uncommitted(asked) == []
    for number in (0, 499, 500, 1202):
        put(Path(asked[number]), "new\n")
    assert uncommitted(asked) == [asked[number] for number in (0, 499, 500, 1202)]


def test_each_file_is_asked_of_its_own_repository(tmp_path: Path) -> None:
    here, values = repository(tmp_path / "here", "a", "vendored-too"), repository(tmp_path / "values", "b")
    origin = repository(tmp_path / "origin", "c")
    here.git.execute(
        ["git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(origin.working_dir), "sub"]
    )
    here.git.commit("--quiet", "--message=submodule")
    values.git.worktree("add", "--quiet", "-b", "feature", str(tmp_path / "linked"))
    repository(tmp_path / "here" / "nested", "d")
    loose = put(tmp_path / "loose")
    files = [tmp_path / name for name in ("here/a", "values/b", "here/sub/c", "linked/b", "here/nested/d")]
    (tmp_path / "here" / "link").symlink_to("../values/b")
    asked = [str(file) for file in (*files, loose)]
    assert uncommitted(asked) == []
    for file in (files[1], files[2], files[3], files[4], loose):
        put(file, "new\n")
    assert uncommitted(asked) == [str(file) for file in files[1:]]
    assert uncommitted([str(tmp_path / "here" / "link")]) == [str(tmp_path / "here" / "link")], "where it leads counts"


@pytest.mark.parametrize(
    "marker",
    [
        pytest.param(lambda path: path.mkdir(), id="an empty folder"),
        pytest.param(lambda path: put(path, "not a pointer\n"), id="a file that names nothing"),
        pytest.param(lambda path: put(path, "gitdir: ../nowhere\n"), id="a file that names nothing there"),
    ],
)
def test_what_is_called_like_a_git_folder_and_is_none(tmp_path: Path, marker: Callable[[Path], object]) -> None:
    """It hides no repository from the search."""
    repository(tmp_path, "sub/a")
    marker(tmp_path / "sub" / ".git")
    file = put(tmp_path / "sub" / "a", "new\n")
    assert uncommitted([str(file)]) == [str(file)]


def test_line_ends_that_git_converts_are_no_change(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    put(tmp_path / ".gitattributes", "*.yaml text eol=crlf\n")
    put(tmp_path / "a.yaml", "old\r\n")
    repo.git.add("--all")
    repo.git.commit("--quiet", "--message=crlf")
    assert uncommitted([str(tmp_path / "a.yaml")]) == []


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    Repo.init(tmp_path)
    file = put(tmp_path / "a")
    assert uncommitted([str(file)]) == [str(file)]


def test_reading_changes_nothing_and_starts_nothing(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    marker = tmp_path.with_name("started")
    script = put(tmp_path.with_name("script"), f"#!/bin/sh\ntouch '{marker}'\n")
    script.chmod(0o755)
    with repo.config_writer() as config:
        config.set_value("core", "fsmonitor", str(script))
    hook(repo, "post-index-change", f"touch '{marker}'")
    os.utime(tmp_path / "a", (0, 0))
    index = Path(repo.git_dir) / "index"
    before = index.stat()
    marker.unlink(missing_ok=True)
    assert uncommitted([str(tmp_path / "a")]) == []
    ready([str(tmp_path / "a")])
    assert not marker.exists()
    assert (index.stat().st_mtime_ns, index.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"])
def test_the_repository_of_a_hook_that_we_run_in_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    repository(tmp_path / "mine", "a")
    repository(tmp_path / "hooks", "a")
    monkeypatch.setenv(variable, str(tmp_path / "hooks" / ".git"))
    file = put(tmp_path / "mine" / "a", "new\n")
    assert uncommitted([str(file)]) == [str(file)]
    assert [one.top for one in commit([str(file)], "mine")] == [str(tmp_path / "mine")]
    assert os.environ[variable] == str(tmp_path / "hooks" / ".git"), "and it is as it was afterwards"


# Where git does not answer.


def test_a_repository_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, "a")
    # Git's own tests have it believe so: only the superuser could give a folder away.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(Refusal, match=r"safe\.directory") as caught:
        uncommitted([str(tmp_path / "a")])
    assert caught.value.place is not None
    assert caught.value.place.file == str(tmp_path)


def test_a_broken_repository(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    put(Path(repo.git_dir) / "index", "no index")
    with pytest.raises(Refusal, match="git ls-files") as caught:
        uncommitted([str(tmp_path / "a")])
    assert any("index" in problem.message for problem in caught.value.details)


def test_a_folder_that_only_looks_like_one(tmp_path: Path) -> None:
    put(tmp_path / ".git" / "HEAD", "nothing")
    file = put(tmp_path / "a")
    with pytest.raises(Refusal, match="rev-parse"):
        uncommitted([str(file)])


WITHOUT_GIT = """\
from lhmigrate.errors import Refusal
from lhmigrate.git.repository import uncommitted
import os, sys
if len(sys.argv) > 2: import git
os.environ["PATH"] = "/nowhere"
try:
    uncommitted([sys.argv[1]])
except Refusal as refusal:
    print(refusal)
"""


@pytest.mark.parametrize("known", [[], ["known"]], ids=["from the start", "once GitPython is loaded"])
def test_git_is_not_installed(tmp_path: Path, known: list[str]) -> None:
    repository(tmp_path, "a")
    found = command(sys.executable, "-c", WITHOUT_GIT, str(tmp_path / "a"), *known)
    assert (found.err, found.code) == ("", 0)
    assert found.out.startswith("git cannot be started")
    nowhere = put(tmp_path.with_name("nowhere") / "a")
    found = command(sys.executable, "-c", WITHOUT_GIT, str(nowhere))
    assert (found.out, found.err) == ("", ""), "where there is no repository, nobody needs it"


def test_a_bare_repository_has_no_files(tmp_path: Path) -> None:
    Repo.init(tmp_path / "bare.git", bare=True)
    file = put(tmp_path / "bare.git" / "a")
    assert uncommitted([str(file)]) == []
    with pytest.raises(Refusal, match="in no git work tree"):
        commit([str(file)], "no")


# Commits.


def state(repo: Repo) -> dict[str, object]:
    """What a commit that fails must leave as it was."""
    return {
        "head": Path(repo.git_dir, "HEAD").read_text(encoding="utf-8"),
        "refs": repo.git.for_each_ref(),
        "index": repo.git.ls_files("--stage"),
        "status": repo.git.status("--porcelain"),
        "files": {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in Path(repo.working_dir).rglob("*")
            if path.is_file() and ".git" not in path.parts
        },
    }


def contents(repo: Repo) -> dict[str, str]:
    """The files of the last commit."""
    names = repo.git.ls_tree("-r", "-z", "--name-only", "HEAD").split("\0")
    return {name: f"{repo.git.show(f'HEAD:{name}')}\n" for name in names if name}


def test_a_commit_holds_these_files_and_nothing_else(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", "b", "staged", "changed", "d/e")
    put(tmp_path / "staged", "staged\n")
    put(tmp_path / "fresh", "fresh\n")
    repo.git.add("staged")
    put(tmp_path / "staged", "and changed again\n")
    for name in ("a", "changed", "d/e"):
        put(tmp_path / name, "new\n")
    files = state(repo)["files"]
    made = commit([str(tmp_path / name) for name in ("a", "b", "d/e", "fresh")], "Lets the API server in\n\n# why\n")
    assert [(one.top, one.branch) for one in made] == [(str(tmp_path), "main")]
    assert made[0].id == repo.head.commit.hexsha
    assert contents(repo) == {
        **dict.fromkeys(["b", "staged", "changed"], "old\n"),
        **dict.fromkeys(["a", "d/e"], "new\n"),
        "fresh": "fresh\n",
    }
    assert repo.git.status("--porcelain").split("\n") == [" M changed", "MM staged"]
    assert repo.git.show(":staged") == "staged"
    assert repo.head.commit.message == "Lets the API server in\n\n# why\n"
    assert repo.head.commit.author == repo.head.commit.committer == Actor(NAME, EMAIL)
    assert len(repo.head.commit.parents) == 1
    assert state(repo)["files"] == files


def test_a_commit_on_a_new_branch(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", "b")
    put(tmp_path / "b", "mine\n")
    repo.git.add("b")
    put(tmp_path / "a", "new\n")
    files, first = state(repo)["files"], repo.head.commit
    made = commit([str(tmp_path / "a")], "one", "longhorn/1.7")
    assert (made[0].branch, repo.active_branch.name) == ("longhorn/1.7", "longhorn/1.7")
    assert repo.heads["main"].commit == first
    assert (contents(repo), repo.git.status("--porcelain")) == ({"a": "new\n", "b": "old\n"}, "M  b")
    assert state(repo)["files"] == files
    put(tmp_path / "a", "newer\n")
    commit([str(tmp_path / "a")], "two", "longhorn/1.7")
    put(tmp_path / "a", "newest\n")
    commit([str(tmp_path / "a")], "three")
    assert [str(one.message) for one in repo.iter_commits()] == ["three\n", "two\n", "one\n", "first\n"]


def test_from_no_branch_to_a_new_one(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    repo.git.checkout("--quiet", "--detach")
    put(tmp_path / "a", "new\n")
    with pytest.raises(Refusal, match="on no branch"):
        commit([str(tmp_path / "a")], "one")
    commit([str(tmp_path / "a")], "one", "fresh")
    assert repo.active_branch.name == "fresh"


@pytest.mark.parametrize("branch", [None, "other"])
def test_the_first_commit_of_all(tmp_path: Path, branch: str | None) -> None:
    repo = Repo.init(tmp_path)
    put(tmp_path / "staged")
    repo.git.add("staged")
    made = commit([str(put(tmp_path / "a"))], "one", branch)
    assert made[0].branch == (branch or "main")
    assert (contents(repo), repo.git.status("--porcelain")) == ({"a": "old\n"}, "A  staged")


def test_nothing_changed_makes_no_commit(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    before = state(repo)
    assert commit([str(tmp_path / "a")], "nothing", "branch") == ()
    assert state(repo) == before


def test_each_repository_gets_its_commit(tmp_path: Path) -> None:
    one, other = repository(tmp_path / "one", "a"), repository(tmp_path / "other", "b")
    (tmp_path / "one" / "link").symlink_to("../other/b")
    put(tmp_path / "one" / "a", "new\n")
    put(tmp_path / "other" / "b", "new\n")
    made = commit([str(tmp_path / "one" / "a"), str(tmp_path / "one" / "link")], "both")
    assert [(commit.top, commit.id) for commit in made] == [
        (str(tmp_path / "one"), one.head.commit.hexsha),
        (str(tmp_path / "other"), other.head.commit.hexsha),
    ]
    assert (contents(one), contents(other)) == ({"a": "new\n"}, {"b": "new\n"})


@pytest.mark.parametrize("name", ["*", ":(exclude)b", "-n", "--", "a\nb"], ids=ascii)
def test_names_that_mean_something_to_git(tmp_path: Path, name: str) -> None:
    repo = repository(tmp_path, "a", "b")
    for other in ("a", "b", name):
        put(tmp_path / other, "new\n")
    commit([str(tmp_path / name)], "one")
    assert contents(repo) == {"a": "old\n", "b": "old\n", name: "new\n"}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such names")
def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    file = put(tmp_path / os.fsdecode(b"\xff.yaml"))
    assert uncommitted([str(file)]) == [str(file)]
    commit([str(file)], "one")
    assert uncommitted([str(file)]) == []
    assert repo.git.status("--porcelain") == ""


def test_hooks_run_as_they_do_for_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = repository(tmp_path / "clone", "a")
    seen = tmp_path / "seen"
    for name in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout"):
        hook(repo, name, f"echo {name} >>'{seen}'; env >'{seen}-{name}'; git diff --cached --name-only >'{seen}-files'")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    put(tmp_path / "clone" / "a", "new\n")
    commit([str(tmp_path / "clone" / "a")], "one", "fresh")
    assert seen.read_text(encoding="utf-8").split() == ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"]
    environment = Path(f"{seen}-pre-commit").read_text(encoding="utf-8")
    assert "LC_ALL=C.UTF-8" in environment
    assert "GIT_CONFIG_PARAMETERS" not in environment
    assert "PATHSPECS" not in environment


@pytest.mark.parametrize(
    ("detached", "branch"),
    [(False, None), (False, "fresh"), (True, "fresh")],
    ids=["on the current branch", "on a new one", "on a new one from none"],
)
@pytest.mark.parametrize("at", ["pre-commit", "commit-msg"])
def test_a_hook_refuses(tmp_path: Path, at: str, detached: bool, branch: str | None) -> None:
    repo = repository(tmp_path, "a", "staged")
    hook(repo, at, "echo 'policies must be signed off'; echo '\033[31mno' >&2; exit 3")
    if detached:
        repo.git.checkout("--quiet", "--detach")
    put(tmp_path / "staged", "new\n")
    repo.git.add("staged")
    put(tmp_path / "a", "new\n")
    fresh = put(tmp_path / "fresh")
    before = state(repo)
    with pytest.raises(Refusal, match="the files are written, but not committed") as caught:
        commit([str(tmp_path / "a"), str(fresh)], "one", branch)
    assert {problem.message for problem in caught.value.details} == {"policies must be signed off", "\033[31mno"}
    assert state(repo) == before


def test_a_hook_refuses_the_first_commit_of_all(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path)
    hook(repo, "pre-commit", "exit 1")
    file = put(tmp_path / "a")
    before = state(repo)
    with pytest.raises(Refusal, match="not committed"):
        commit([str(file)], "one", "fresh")
    assert state(repo) == before


def test_the_second_repository_refuses(tmp_path: Path) -> None:
    one, other = repository(tmp_path / "one", "a"), repository(tmp_path / "other", "b")
    hook(other, "pre-commit", "exit 1")
    files = [put(tmp_path / "one" / "a", "new\n"), put(tmp_path / "other" / "b", "new\n")]
    with pytest.raises(Refusal) as caught:
        commit([str(file) for file in files], "both")
    assert f"was committed in {tmp_path / 'one'} ({one.head.commit.hexsha})" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.file == str(tmp_path / "other")


FAKE_GPG = r"""#!/bin/sh
cat >/dev/null
printf '\n[GNUPG:] SIG_CREATED \n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\n\nsigned\n-----END PGP SIGNATURE-----\n'
"""


def test_commits_are_signed_where_the_user_wants_it(tmp_path: Path, nothing_of_this_machine: Path) -> None:
    repo = repository(tmp_path / "clone", "a")
    program = put(tmp_path / "gpg", FAKE_GPG)
    program.chmod(0o755)
    with nothing_of_this_machine.open("a", encoding="utf-8") as config:
        config.write(f"[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = {program}\n")
    commit([str(put(tmp_path / "clone" / "a", "new\n"))], "signed")
    assert "signed" in (repo.head.commit.gpgsig or "")


def merging(repo: Repo) -> None:
    in_conflict(repo, Path(repo.working_dir, "a"))


def merged_but_for_the_commit(repo: Repo) -> None:
    repo.git.checkout("--quiet", "-b", "other")
    repo.git.commit("--quiet", "--allow-empty", "--message=theirs")
    repo.git.checkout("--quiet", "main")
    repo.git.merge("--no-ff", "--no-commit", "other")


def rebasing(repo: Repo) -> None:
    merging(repo)
    repo.git.merge("--abort")
    repo.git.rebase("other", with_exceptions=False)


def picking(repo: Repo) -> None:
    merging(repo)
    repo.git.merge("--abort")
    repo.git.cherry_pick("other", with_exceptions=False)


def reverting(repo: Repo) -> None:
    put(Path(repo.working_dir, "a"), "2\n")
    repo.git.commit("--quiet", "--all", "--message=second")
    put(Path(repo.working_dir, "a"), "3\n")
    repo.git.commit("--quiet", "--all", "--message=third")
    repo.git.revert("HEAD~1", with_exceptions=False)


def conflicts_of_a_stash(repo: Repo) -> None:
    put(Path(repo.working_dir, "a"), "stashed\n")
    repo.git.stash()
    put(Path(repo.working_dir, "a"), "second\n")
    repo.git.commit("--quiet", "--all", "--message=second")
    repo.git.stash("pop", with_exceptions=False)


def a_branch_of_that_name(repo: Repo) -> None:
    repo.git.branch("fresh")


def a_branch_below_that_name(repo: Repo) -> None:
    repo.git.branch("fresh/er")


def was_elsewhere(repo: Repo) -> None:
    repo.git.checkout("--quiet", "-b", "other")
    repo.git.checkout("--quiet", "main")


@pytest.mark.parametrize("by", [ready, lambda paths, branch: commit(paths, "one", branch)], ids=["asked", "done"])
@pytest.mark.parametrize(
    ("happened", "branch", "sentence"),
    [
        pytest.param(merging, None, "a merge is under way", id="a merge with conflicts"),
        pytest.param(merged_but_for_the_commit, "fresh", "a merge is under way", id="a merge without"),
        pytest.param(rebasing, None, "a rebase is under way", id="a rebase"),
        pytest.param(picking, None, "a cherry-pick is under way", id="a cherry-pick"),
        pytest.param(reverting, None, "a revert is under way", id="a revert"),
        pytest.param(conflicts_of_a_stash, None, "has conflicts", id="conflicts of a stash"),
        pytest.param(a_branch_of_that_name, "fresh", "has a branch 'fresh' already", id="the branch exists"),
        pytest.param(a_branch_below_that_name, "fresh", "has a branch 'fresh/er' already", id="one below it exists"),
        pytest.param(a_branch_of_that_name, "fresh/er", "has a branch 'fresh' already", id="one above it exists"),
        pytest.param(lambda _: None, "a b", "no name that a branch can have", id="no name for a branch"),
        pytest.param(lambda _: None, "-d", "no name that a branch can have", id="an option is no name for a branch"),
        pytest.param(was_elsewhere, "@{-1}", "no name that a branch can have", id="nor is what stands for one"),
        pytest.param(lambda _: None, "", "no name that a branch can have", id="nor is nothing"),
    ],
)
def test_commits_that_are_refused_before_anything_is_done(
    tmp_path: Path,
    happened: Callable[[Repo], None],
    branch: str | None,
    sentence: str,
    by: Callable[[list[str], str | None], object],
) -> None:
    repo = repository(tmp_path, "a", "b")
    happened(repo)
    put(tmp_path / "b", "new\n")
    before = state(repo)
    with pytest.raises(Refusal, match=sentence) as caught:
        by([str(tmp_path / "b")], branch)
    assert caught.value.place is not None
    assert state(repo) == before


@pytest.mark.parametrize("missing", ["name", "email"])
def test_git_makes_up_nobody(tmp_path: Path, nothing_of_this_machine: Path, missing: str) -> None:
    repository(tmp_path, "a")
    text = nothing_of_this_machine.read_text(encoding="utf-8")
    nothing_of_this_machine.write_text("".join(line for line in text.splitlines(keepends=True) if missing not in line))
    put(tmp_path / "a", "new\n")
    with pytest.raises(Refusal, match=r"user\.name"):
        commit([str(tmp_path / "a")], "one")


def test_an_identity_of_the_environment(
    tmp_path: Path, nothing_of_this_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository(tmp_path, "a")
    nothing_of_this_machine.write_text("")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "CI")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ci@example.invalid")
    put(tmp_path / "a", "new\n")
    commit([str(tmp_path / "a")], "one")
    assert repo.head.commit.author == Actor("CI", "ci@example.invalid")


def test_an_ignored_file_is_not_committed(tmp_path: Path) -> None:
    repository(tmp_path, "a")
    put(tmp_path / ".git" / "info" / "exclude", "*.local.yaml\n")
    with pytest.raises(Refusal, match="is ignored by git"):
        ready([str(tmp_path / "a"), str(tmp_path / "new.local.yaml")])


def test_a_file_in_no_repository_is_not_committed(tmp_path: Path) -> None:
    repository(tmp_path / "clone", "a")
    with pytest.raises(Refusal, match="in no git work tree") as caught:
        ready([str(tmp_path / "clone" / "a"), str(put(tmp_path / "loose"))])
    assert caught.value.place is not None
    assert caught.value.place.file == str(tmp_path / "loose")


def test_modes_and_links_are_committed_as_they_are(tmp_path: Path) -> None:
    repo = repository(tmp_path, "base/real")
    (tmp_path / "link").symlink_to("base/real")
    repo.git.add("link")
    repo.git.commit("--quiet", "--message=link")
    put(tmp_path / "link", "new\n")
    commit([str(tmp_path / "link")], "through the link")
    assert repo.head.commit.tree["base/real"].data_stream.read() == b"new\n"
    assert stat.S_ISLNK(repo.head.commit.tree["link"].mode)
