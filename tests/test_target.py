"""Which pull request is meant: what CI services say of it, and what the command line says instead."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from forge_server import ME, TOKEN, Gitea, GitHub, GitLab, Server, running
from running import inside, program, written

from lhmigrate.errors import Refusal
from lhmigrate.forge import target
from lhmigrate.forge.forges import FORGES, GITEA, GITHUB, GITLAB
from lhmigrate.reports.markup import SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from running import Run

REPORT = f"{SOMETHING}\n**2 flows would be cut**\n"
SET_BY_CI = ("GITHUB_", "GITEA_", "FORGEJO_", "GITLAB_", "CI_", "GH_")


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody but the test ran this."""
    for name in list(os.environ):
        if name.startswith(SET_BY_CI) or name == "CI" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


ACTIONS = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "team/cluster",
    "GITHUB_REF": "refs/pull/7/merge",
}
GITLAB_CI = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_PATH": "team/infra/cluster",
    "CI_MERGE_REQUEST_PROJECT_PATH": "team/infra/cluster",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "team/infra/cluster",
    "CI_MERGE_REQUEST_IID": "7",
}
GITEA_ACTIONS = {**ACTIONS, "GITHUB_API_URL": "https://git.example/api/v1", "GITEA_ACTIONS": "true"}
WOODPECKER = {"CI": "woodpecker", "CI_REPO": "team/cluster", "CI_COMMIT_PULL_REQUEST": "7"}


def event(number: int = 7, head: str | None = "team/cluster", base: str = "team/cluster") -> dict[str, object]:
    """What a runner says of a pull request; None: its repository is gone."""
    request = {"number": number, "head": {"repo": head and {"full_name": head}}, "base": {"repo": {"full_name": base}}}
    return {"number": number, "pull_request": request}


TOLD = [
    pytest.param(
        ACTIONS, event(), (GITHUB, "https://api.github.com", "team/cluster", 7), GITHUB.tokens, id="GitHub Actions"
    ),
    pytest.param(
        {**ACTIONS, "GITHUB_API_URL": "https://ghe.example/api/v3"},
        event(),
        (GITHUB, "https://ghe.example/api/v3", "team/cluster", 7),
        GITHUB.tokens,
        id="GitHub Enterprise Server",
    ),
    pytest.param(
        {**ACTIONS, "GITHUB_REF": "refs/heads/main"},
        event(12),
        (GITHUB, "https://api.github.com", "team/cluster", 12),
        GITHUB.tokens,
        id="the number from the event alone",
    ),
    pytest.param(
        GITLAB_CI, {}, (GITLAB, "https://gitlab.example/api/v4", "team/infra/cluster", 7), GITLAB.tokens, id="GitLab CI"
    ),
    pytest.param(
        {**GITLAB_CI, "CI_PROJECT_PATH": "somebody/cluster"},
        {},
        (GITLAB, "https://gitlab.example/api/v4", "team/infra/cluster", 7),
        GITLAB.tokens,
        id="GitLab CI, built in a fork",
    ),
    pytest.param(
        GITEA_ACTIONS,
        event(),
        (GITEA, "https://git.example/api/v1", "team/cluster", 7),
        ("FORGEJO_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
        id="Gitea Actions",
    ),
    pytest.param(
        {**GITEA_ACTIONS, "FORGEJO_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/head"},
        event(),
        (GITEA, "https://git.example/api/v1", "team/cluster", 7),
        ("FORGEJO_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
        id="Forgejo Actions",
    ),
    pytest.param(
        {**WOODPECKER, "CI_FORGE_TYPE": "forgejo", "CI_FORGE_URL": "https://codeberg.org"},
        {},
        (GITEA, "https://codeberg.org/api/v1", "team/cluster", 7),
        GITEA.tokens,
        id="Woodpecker and Forgejo",
    ),
    pytest.param(
        {**WOODPECKER, "CI_FORGE_TYPE": "github", "CI_FORGE_URL": "https://github.com"},
        {},
        (GITHUB, "https://api.github.com", "team/cluster", 7),
        GITHUB.tokens,
        id="Woodpecker and github.com",
    ),
    pytest.param(
        {**WOODPECKER, "CI_FORGE_TYPE": "github", "CI_FORGE_URL": "https://ghe.example/"},
        {},
        (GITHUB, "https://ghe.example/api/v3", "team/cluster", 7),
        GITHUB.tokens,
        id="Woodpecker and GitHub Enterprise Server",
    ),
]


@pytest.mark.parametrize(("environment", "happened", "expected", "tokens"), TOLD)
def test_what_ci_says(
    environment: Mapping[str, str], happened: Mapping[str, object], expected: tuple[object, ...], tokens: tuple[str]
) -> None:
    found = target.of(target.Asked(), environment, happened)
    assert found[:4] == expected
    assert found.tokens == tokens
    assert not found.fork


@pytest.mark.parametrize(
    ("environment", "happened"),
    [
        pytest.param(ACTIONS, event(head="stranger/cluster"), id="GitHub"),
        pytest.param(ACTIONS, event(head=None), id="GitHub, and the fork is gone"),
        pytest.param(GITEA_ACTIONS, event(head="stranger/cluster"), id="Gitea"),
        pytest.param({**GITLAB_CI, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/cluster"}, {}, id="GitLab"),
    ],
)
def test_a_fork_is_known(environment: Mapping[str, str], happened: Mapping[str, object]) -> None:
    assert target.of(target.Asked(), environment, happened).fork


def test_the_command_line_says_it_instead() -> None:
    asked = target.Asked("github", "https://ghe.example/api/v3/", "other/cluster", 9, "a-bot")
    found = target.of(asked, ACTIONS, event(head="stranger/cluster"))
    assert found == (GITHUB, "https://ghe.example/api/v3", "other/cluster", 9, GITHUB.tokens, "a-bot", True)


def test_a_token_of_github_goes_to_no_other_forge() -> None:
    asked = target.Asked("gitea", "https://git.example/api/v1", "other/cluster", 9)
    found = target.of(asked, ACTIONS, event(head="stranger/cluster"))
    assert (found.tokens, found.fork) == (GITEA.tokens, False)
    assert "GITHUB_TOKEN" not in GITEA.tokens


SILENT = [
    pytest.param({}, target.Asked(), "which forge this is cannot be told", id="nothing"),
    pytest.param({**WOODPECKER, "CI_FORGE_TYPE": "bitbucket"}, target.Asked(), "which forge", id="another forge"),
    pytest.param(
        {**ACTIONS, "GITHUB_REF": "refs/heads/main"}, target.Asked(), "pass --pr NUMBER", id="no pull request"
    ),
    pytest.param({}, target.Asked("github", None, None, 7), "pass --repository OWNER/NAME", id="no repository"),
    pytest.param({}, target.Asked("gitea", None, "a/b", 7), "pass --api", id="a forge without a home"),
    # The event of another forge's runner says nothing of this one.
    pytest.param(ACTIONS, target.Asked("gitlab"), "pass --pr NUMBER", id="another forge than CI's"),
]


@pytest.mark.parametrize(("environment", "asked", "said"), SILENT)
def test_what_is_not_said_is_asked_for(environment: Mapping[str, str], asked: target.Asked, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        target.of(asked, environment, {})


@pytest.mark.parametrize(
    "api",
    [
        "api.github.com",
        "file:///etc/passwd",
        "ftp://git.example",
        "https://",
        "https://[::1",
        "https://git.example:port/api/v1",
        "https://somebody:secret-word@git.example/api/v1",
        "https://git.example/api/v1?token=secret-word",
        "https://git.example/api/v1#secret-word",
        "https://git.example/ secret-word",
        "https://gît.example/",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(api: str) -> None:
    with pytest.raises(Refusal, match="--api") as caught:
        target.of(target.Asked("github", api, "a/b", 7), {}, {})
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("name", ["cluster", "a b/c", "/", "a//b", "a/b\n", "../.."])
def test_a_repository_is_an_owner_and_a_name(name: str) -> None:
    with pytest.raises(Refusal, match="written like OWNER/NAME"):
        target.of(target.Asked("github", None, name, 7), {}, {})


def test_every_forge_has_a_name_that_can_be_given() -> None:
    run = program("comment", "--help")
    assert all(name in run.out for name in FORGES)


# The command.


@pytest.fixture(params=[GitHub, GitLab, Gitea], ids=lambda kind: kind.__name__)
def forge(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param()) as server:
        yield server


def as_ci(server: Server) -> dict[str, str]:
    """The variables of the CI that the forge itself has."""
    own: dict[str, dict[str, str]] = {
        "github": {**ACTIONS, "GITHUB_API_URL": server.api, "GITHUB_TOKEN": TOKEN},
        "gitea": {**GITEA_ACTIONS, "GITHUB_API_URL": server.api, "GITHUB_TOKEN": TOKEN},
        "gitlab": {
            **GITLAB_CI,
            "CI_API_V4_URL": server.api,
            "CI_MERGE_REQUEST_PROJECT_PATH": "team/cluster",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "team/cluster",
            "GITLAB_TOKEN": TOKEN,
        },
    }
    return own[server.name]


def commented(server: Server, *arguments: str, **environment: str) -> Run:
    run = inside("comment", *arguments, given=REPORT.encode(), environment={**as_ci(server), **environment})
    assert TOKEN not in run.out + run.err
    return run


def test_in_ci_it_needs_no_options(forge: Server) -> None:
    run = commented(forge)
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("Posted: ")
    assert forge.bodies == [REPORT]
    assert commented(forge).out.startswith("Unchanged: ")


def test_a_file_is_read(forge: Server, tmp_path: Path) -> None:
    written(tmp_path, {"plan.md": REPORT + "more\n"})
    assert commented(forge, str(tmp_path / "plan.md")).out.startswith("Posted: ")
    assert forge.bodies == [REPORT + "more\n"]


def test_a_file_that_is_not_there_changes_nothing(forge: Server, tmp_path: Path) -> None:
    forge.add(REPORT)
    run = commented(forge, str(tmp_path / "plan.md"))
    assert (run.code, run.out) == (2, "")
    assert "plan.md: No such file or directory" in run.err
    assert forge.requests == []


def test_a_file_that_is_no_text_is_refused(forge: Server, tmp_path: Path) -> None:
    written(tmp_path, {"plan.md": b"\xff"})
    assert "plan.md: is not UTF-8" in commented(forge, str(tmp_path / "plan.md")).err


def test_a_token_that_may_not_is_an_error(forge: Server) -> None:
    forge.may.discard("comment")
    run = commented(forge)
    assert (run.code, run.out) == (2, "")
    assert "does not let the token in" in run.err


FROM_A_FORK = {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/cluster"}


@pytest.mark.parametrize("missing", [False, True], ids=["may only read", "is not there"])
def test_for_a_fork_a_token_that_may_not_is_a_notice(forge: Server, tmp_path: Path, missing: bool) -> None:
    written(tmp_path, {"event.json": json.dumps(event(head="stranger/cluster"))})
    forge.may.discard("comment")
    gone = dict.fromkeys(("GITHUB_TOKEN", "GITLAB_TOKEN"), "") if missing else {}
    run = commented(forge, **FROM_A_FORK, GITHUB_EVENT_PATH=str(tmp_path / "event.json"), **gone)
    assert (run.code, run.err) == (0, "")
    mark = "" if forge.name == "gitlab" else "::notice::"
    assert run.out.startswith(f"{mark}No comment, as this pull request comes from a fork: ")
    assert len(run.out.splitlines()) == 1


def test_for_a_fork_other_faults_are_faults(forge: Server, tmp_path: Path) -> None:
    written(tmp_path, {"event.json": json.dumps(event(head="stranger/cluster"))})
    run = commented(forge, "--pr", "7", str(tmp_path / "none"), GITHUB_EVENT_PATH=str(tmp_path / "event.json"))
    assert run.code == 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pull_request": []}', '{"pull_request": {"head": 1}}'])
def test_an_event_that_says_nothing(text: str, tmp_path: Path) -> None:
    written(tmp_path, {"event.json": text})
    with running(GitHub()) as server:
        assert commented(server, GITHUB_EVENT_PATH=str(tmp_path / "event.json")).code == 0


@pytest.mark.parametrize("name", ["::error::x", "\x1b[31mred", "@everyone"])
def test_what_a_server_says_is_no_command(name: str) -> None:
    with running(GitHub()) as server:
        server.missing = server.missing._replace(value={"message": name})
        run = commented(server, "--pr", "8")
        assert run.code == 2
        assert "\x1b" not in run.err
        assert "::error" not in run.err


def test_a_comment_of_ours_is_told_by_whom_the_token_belongs_to(forge: Server) -> None:
    forge.add(f"{SOMETHING}\nplanted", "stranger")
    forge.add(f"{SOMETHING}\nold")
    assert commented(forge).out.startswith("Updated: ")
    assert forge.bodies == [f"{SOMETHING}\nplanted", REPORT]
    assert commented(forge, "--author", ME).out.startswith("Unchanged: ")


def test_there_is_no_option_for_a_token_and_none_that_trusts_every_certificate() -> None:
    told = program("comment", "--help").out
    assert "--token" not in told
    assert "--insecure" not in told


CLEAR = {
    "encrypted": ("https://git.example/api/v1", ""),
    "over a network": ("http://git.example:3000/api/v1", "git.example"),
    "a name that only begins like this machine's": ("http://localhost.example/api/v1", "localhost.example"),
    "a name that only begins like this machine's address": ("http://127.0.0.1.example/api/v1", "127.0.0.1.example"),
    "an address of the network": ("http://10.0.0.1/api/v1", "10.0.0.1"),
    "this machine": ("http://localhost:3000/api/v1", ""),
    "this machine's address": ("http://127.0.0.1:3000/api/v1", ""),
    "this machine's other address": ("http://[::1]:3000/api/v1", ""),
}


@pytest.mark.parametrize(("api", "host"), CLEAR.values(), ids=CLEAR.keys())
def test_a_token_that_goes_unencrypted_is_known(api: str, host: str) -> None:
    assert (
        target.of(target.Asked(forge="gitea", api=api, repository="team/cluster", number=7), {}, {}).in_the_clear
        == host
    )


def test_a_token_that_goes_unencrypted_is_said(tmp_path: Path) -> None:
    """Before anything is sent: here there is no token, and that ends the run."""
    written(tmp_path, {"report.md": REPORT})
    where = ("--forge", "gitea", "--repository", "team/cluster", "--pr", "7")
    run = inside("comment", *where, "--api", "http://git.example/api/v1", str(tmp_path / "report.md"))
    assert "lhmigrate: the token goes to git.example unencrypted" in run.err
    assert "there is no token in" in run.err
