"""One comment on a pull request, kept on forges that answer as the documented APIs do."""

from __future__ import annotations

import os
import socket
import ssl
import traceback
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import OpenerDirector

import pytest
from forge_server import ME, TOKEN, Enterprise, Fault, Gitea, GitHub, GitLab, Reply, Server, running

from lhmigrate.errors import Refusal
from lhmigrate.forge import comment, target, web
from lhmigrate.forge.comment import NotAllowed, Outcome
from lhmigrate.reports.markup import NOTHING, SOMETHING

if TYPE_CHECKING:
    from collections.abc import Iterator

REPORT = f"{SOMETHING}\n**2 flows would be cut**\n\n| who | what |\n"
NEWER = f"{SOMETHING}\n**1 flow would be cut**\n"
SILENT = f"{NOTHING}\nNo version of Longhorn moves.\n"

FORGES = (GitHub, Enterprise, GitLab, Gitea)
TOKENS = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(params=FORGES, ids=lambda forge: forge.__name__)
def forge(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param()) as server:
        yield server


@pytest.fixture
def github() -> Iterator[Server]:
    with running(GitHub()) as server:
        yield server


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def time(self) -> web.Time:
        return web.Time(lambda: self.now, self.sleep)


def meant(server: Server) -> target.Target:
    """The server's pull request."""
    return target.of(target.Asked(server.name, server.api, "team/cluster", 7), {}, {})


def keep(
    server: Server, text: str, clock: Clock | None = None, token: str = TOKEN, at: target.Target | None = None
) -> Outcome:
    environment = {TOKENS[server.name]: token}
    return comment.keep(at or meant(server), text, environment, (clock or Clock()).time).outcome


def refusal(
    server: Server, text: str, clock: Clock | None = None, token: str = TOKEN, at: target.Target | None = None
) -> str:
    """What is said where it cannot be done. The token is in none of it."""
    with pytest.raises(Refusal) as caught:
        keep(server, text, clock, token, at)
    said = "".join(traceback.format_exception(caught.value, chain=True))
    assert TOKEN not in said
    assert TOKEN not in repr(caught.value)
    return str(caught.value)


# What becomes of the comment.


def test_where_there_is_none_one_is_posted(forge: Server) -> None:
    forge.add("Looks good to me", "somebody")
    assert keep(forge, REPORT) is Outcome.POSTED
    assert forge.bodies == ["Looks good to me", REPORT]


def test_where_there_is_one_it_is_brought_up_to_date(forge: Server) -> None:
    forge.add(REPORT)
    forge.add("Looks good to me", "somebody")
    assert keep(forge, NEWER) is Outcome.UPDATED
    assert forge.bodies == [NEWER, "Looks good to me"]


def test_what_is_up_to_date_is_left_alone(forge: Server) -> None:
    forge.add(REPORT.replace("\n", "\r\n").rstrip())
    assert keep(forge, REPORT) is Outcome.UNCHANGED
    assert forge.asked("PATCH", "PUT", "DELETE") == 0


def test_where_there_is_nothing_left_to_say_it_is_removed(forge: Server) -> None:
    forge.add(REPORT)
    assert keep(forge, SILENT) is Outcome.REMOVED
    assert forge.bodies == []


def test_where_there_was_never_anything_to_say_nothing_is_written(forge: Server) -> None:
    forge.add("Looks good to me", "somebody")
    assert keep(forge, SILENT) is Outcome.NOTHING
    assert forge.asked("GET") == len(forge.requests) == 1


@pytest.mark.parametrize("kind", [GitHub, GitLab])
def test_one_on_the_third_page_is_found(kind: type[Server]) -> None:
    with running(kind()) as server:
        for number in range(250):
            server.add(f"comment {number}", "somebody")
        server.add(REPORT)
        assert keep(server, NEWER) is Outcome.UPDATED
        assert server.bodies[-1] == NEWER
        asked = [one.path for one in server.requests if one.method == "GET" and "per_page=100" in one.path]
        assert len(asked) == 3


def test_of_two_that_runs_at_once_made_one_is_left(forge: Server) -> None:
    forge.add(REPORT)
    forge.add(REPORT)
    assert keep(forge, NEWER) is Outcome.UPDATED
    assert forge.bodies == [NEWER]


# Whose comment it is.


@pytest.mark.parametrize(
    ("body", "author"),
    [
        pytest.param(REPORT, "stranger", id="somebody plants the mark"),
        pytest.param(f"> {SOMETHING}\n> **2 flows**\n\nWhat is this?", "somebody", id="somebody quotes it"),
        pytest.param(f"> {REPORT}", ME, id="another job of ours quotes it"),
        pytest.param(f"See:\n{REPORT}", ME, id="the mark is not at the start"),
        pytest.param("<!-- lhmigrate-other -->\nx", ME, id="the mark of another tool"),
    ],
)
@pytest.mark.parametrize("text", [NEWER, SILENT], ids=["something", "nothing"])
def test_comments_that_are_not_ours_stay(forge: Server, body: str, author: str, text: str) -> None:
    forge.add(body, author)
    assert keep(forge, text) is (Outcome.POSTED if text == NEWER else Outcome.NOTHING)
    assert forge.bodies[0] == body
    assert forge.asked("PATCH", "PUT", "DELETE") == 0


def test_whose_token_it_is_is_asked_only_where_it_matters(forge: Server) -> None:
    forge.may.discard("user")
    assert keep(forge, REPORT) is Outcome.POSTED
    assert "pass --author NAME" in refusal(forge, NEWER)
    assert forge.bodies == [REPORT]
    assert keep(forge, NEWER, at=meant(forge)._replace(author=ME.upper())) is Outcome.UPDATED


# What goes wrong and passes.

LIMITED = [
    pytest.param(Reply(429, {}, {"Retry-After": "7"}), 7, id="429, and how long to wait"),
    pytest.param(Reply(429, {}, {"Retry-After": "Mon, 12 Jan 1970 13:46:49 GMT"}), 9, id="429, and until when"),
    pytest.param(Reply(429, {}, {"Retry-After": "soon"}), 60, id="429, and nonsense"),
    pytest.param(Reply(429, {}), 60, id="429 alone"),
    pytest.param(
        Reply(
            403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000020"}
        ),
        20,
        id="403 with a limit that is used up",
    ),
    pytest.param(Reply(403, {"message": "You have exceeded a secondary rate limit."}), 60, id="403 by a second limit"),
    pytest.param(Reply(403, {}, {"Retry-After": "3"}), 3, id="403, and how long to wait"),
    pytest.param(
        Reply(429, {}, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1000005"}), 5, id="as GitLab tells the reset"
    ),
    pytest.param(
        Reply(429, {}, {"RateLimit-Remaining": "0", "RateLimit-Reset": "999000"}), 1, id="a reset that is over already"
    ),
]


@pytest.mark.parametrize(("reply", "wait"), LIMITED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_limit_is_waited_for_as_long_as_it_says(github: Server, method: str, reply: Reply, wait: float) -> None:
    github.faults.append(Fault(method, reply))
    clock = Clock()
    assert keep(github, REPORT, clock) is Outcome.POSTED
    assert clock.waits == [wait]
    assert github.bodies == [REPORT]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST", "edit", "DELETE"])
def test_a_failing_server_is_asked_again(forge: Server, method: str, status: int) -> None:
    if method in {"edit", "DELETE"}:
        forge.add(REPORT)
    forge.faults += [Fault(forge.edits if method == "edit" else method, Reply(status, "<html>Bad gateway</html>"))] * 2
    clock = Clock()
    assert keep(forge, SILENT if method == "DELETE" else NEWER, clock).value
    assert forge.bodies == ([] if method == "DELETE" else [NEWER])
    assert clock.waits == [1, 2]


@pytest.mark.parametrize("fault", [None, Reply(502)], ids=["no answer", "502"])
def test_a_comment_that_was_posted_without_an_answer_is_not_posted_twice(forge: Server, fault: Reply | None) -> None:
    forge.faults.append(Fault("POST", fault, carried_out=True))
    if isinstance(forge, GitHub):
        forge.add("x", "somebody")
    assert keep(forge, REPORT) is Outcome.UNCHANGED
    assert forge.bodies.count(REPORT) == 1


def test_a_connection_that_breaks_is_made_again(forge: Server) -> None:
    forge.add(REPORT)
    forge.faults += [Fault("GET"), Fault(forge.edits, carried_out=True)]
    assert keep(forge, NEWER) is Outcome.UPDATED
    assert forge.bodies == [NEWER]


def test_a_comment_that_is_deleted_in_between_is_posted_anew(forge: Server) -> None:
    old = forge.add(REPORT)
    forge.faults.append(Fault(forge.edits, forge.missing, also=lambda: forge.remove(old)))
    assert keep(forge, NEWER) is Outcome.POSTED
    assert forge.bodies == [NEWER]


def test_a_comment_that_somebody_else_removes_first_is_removed(forge: Server) -> None:
    old = forge.add(REPORT)
    forge.faults.append(Fault("DELETE", forge.missing, also=lambda: forge.remove(old)))
    assert keep(forge, SILENT) is Outcome.REMOVED


def test_a_comment_that_is_shown_and_not_found_ends_the_run(forge: Server) -> None:
    forge.add(REPORT)
    forge.faults += [Fault(forge.edits, forge.missing)] * 9
    assert "change while they are read" in refusal(forge, NEWER)


def test_a_moved_repository_is_followed_on_the_same_server(github: Server) -> None:
    there = "/repos/team/cluster/issues/7/comments"
    github.faults += [
        Fault("GET", Reply(301, {"message": "Moved Permanently"}, {"Location": f"{github.api}{there}?per_page=100"})),
        Fault("POST", Reply(307, None, {"Location": there})),
    ]
    assert keep(github, REPORT) is Outcome.POSTED
    assert github.bodies == [REPORT]


# What goes wrong and stays.


def test_patience_ends(forge: Server) -> None:
    forge.faults += [Fault("GET", Reply(503))] * 20
    clock = Clock()
    said = refusal(forge, REPORT, clock)
    assert "answers with status 503, and went on so for 6 more tries; run this later" in said
    assert clock.waits == list(web.DELAYS)


def test_a_post_that_fails_for_ever_ends_too(forge: Server) -> None:
    forge.faults += [Fault("POST", Reply(502))] * 20
    clock = Clock()
    assert refusal(forge, REPORT, clock)
    assert sum(clock.waits) <= web.PATIENCE


def test_nobody_waits_for_an_hour(github: Server) -> None:
    github.faults.append(Fault("GET", Reply(429, {}, {"Retry-After": "3600"})))
    clock = Clock()
    assert "asks to wait 3,600 seconds; run this later" in refusal(github, REPORT, clock)
    assert clock.waits == []


def test_a_server_that_is_not_there(github: Server) -> None:
    gone = meant(github)._replace(api="http://127.0.0.1:1")
    assert "cannot be reached (Connection refused)" in refusal(github, REPORT, at=gone)


def test_a_server_that_does_not_answer(github: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = meant(github)._replace(api=f"http://127.0.0.1:{silent.getsockname()[1]}")
        clock = Clock()
        assert "does not answer within 0.05 seconds" in refusal(github, REPORT, clock, at=deaf)
        assert clock.waits == list(web.DELAYS)


def test_an_answer_that_breaks_off_is_asked_for_again(github: Server) -> None:
    github.add(REPORT)
    github.faults.append(Fault("GET", Reply(200, [], {"Content-Length": "999"})))
    assert keep(github, REPORT) is Outcome.UNCHANGED


def test_a_certificate_that_nobody_vouches_for_is_not_tried_again(
    github: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handshake(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "[SSL] certificate verify failed")
        error.verify_message = "self-signed certificate"
        raise URLError(error)

    monkeypatch.setattr(OpenerDirector, "open", handshake)
    clock = Clock()
    said = refusal(github, REPORT, clock)
    assert "is not to be trusted: self-signed certificate; SSL_CERT_FILE can name" in said
    assert clock.waits == []


def test_a_token_that_is_wrong(forge: Server) -> None:
    wrong = "ghp_wrong0000000"
    said = refusal(forge, REPORT, token=wrong)
    assert f"does not take the token in {TOKENS[forge.name]}" in said
    assert wrong not in said
    assert len(forge.requests) == 1


NEEDED = {"github": "pull-requests: write", "gitlab": "the scope `api`", "gitea": "`write:issue`"}


def test_a_token_that_may_not_comment(forge: Server) -> None:
    forge.may.discard("comment")
    said = refusal(forge, REPORT)
    assert f"does not let the token in {TOKENS[forge.name]} do that" in said
    assert NEEDED[forge.name] in said
    assert len(forge.requests) == 2


@pytest.mark.parametrize(("repository", "number"), [("team/other", 7), ("team/cluster", 8)])
def test_a_pull_request_that_is_not_there(forge: Server, repository: str, number: int) -> None:
    said = refusal(forge, REPORT, at=meant(forge)._replace(repository=repository, number=number))
    assert "knows no pull request" in said
    assert "--repository" in said
    assert len(forge.requests) == 1


def test_no_token(forge: Server) -> None:
    with pytest.raises(
        NotAllowed, match=r"there is no token in (GITHUB_TOKEN or GH|GITLAB|FORGEJO_TOKEN or GITEA)_TOKEN"
    ):
        comment.keep(meant(forge), REPORT, {}, Clock().time)
    assert forge.requests == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "the report is empty", id="a plan that failed"),
        pytest.param(" \n", "the report is empty", id="blank"),
        pytest.param("Longhorn 1.7.2 -> 1.7.3: fine\n", "does not begin with the line", id="another format"),
        pytest.param(f"x\n{REPORT}", "does not begin with the line", id="something before it"),
        pytest.param(REPORT + "x" * 1_000_000, "and Git", id="longer than the forge takes"),
    ],
)
@pytest.mark.parametrize("kind", [GitHub, GitLab])
def test_what_is_no_report_changes_nothing(kind: type[Server], text: str, said: str) -> None:
    with running(kind()) as server:
        server.add(REPORT)
        assert said in refusal(server, text)
        assert server.requests == []


def test_the_longest_that_a_forge_takes_is_taken(github: Server) -> None:
    longest = SOMETHING + "\n" + "x" * (65_536 - len(SOMETHING) - 1)
    assert keep(github, longest) is Outcome.POSTED
    assert "65,537 characters" in refusal(github, longest + "x")


@pytest.mark.parametrize(
    "value", [{"message": "Hello"}, "Hello", None, [1, "x", None]], ids=["object", "text", "nothing", "strange items"]
)
def test_a_server_that_is_something_else(github: Server, value: object) -> None:
    github.faults += [Fault("GET", Reply(200, value))]
    if isinstance(value, list):
        assert keep(github, REPORT) is Outcome.POSTED
    else:
        assert "see whether --api is right" in refusal(github, REPORT)


def test_a_server_with_pages_without_end(github: Server) -> None:
    endless = Reply(200, [], {"Link": '<https://x.example/?page=2>; rel="next"'})
    github.faults += [Fault("GET", endless)] * 200
    assert "more than 100 pages" in refusal(github, REPORT)


def test_redirects_without_end(github: Server) -> None:
    github.faults += [Fault("GET", Reply(302, None, {"Location": "/there"}))] * 9
    assert "on to another place" in refusal(github, REPORT)


# The token goes to one server, and into no message.


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_token_is_not_taken_along_to_another_server(github: Server, status: int) -> None:
    with running(GitHub()) as other:
        leaked = f"{other.root}/repos?token={TOKEN}"
        github.faults.append(Fault("GET", Reply(status, None, {"Location": leaked})))
        assert "a token is sent to no other server" in refusal(github, REPORT)
        assert other.requests == []


@pytest.mark.parametrize("there", ["https://[", "file:///etc/passwd", f"//{TOKEN}@evil.example/", "ftp://x.example"])
def test_strange_redirects(github: Server, there: str) -> None:
    github.faults.append(Fault("GET", Reply(302, None, {"Location": there})))
    assert "sends the request on to" in refusal(github, REPORT)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 422])
def test_a_server_that_says_the_token_back(forge: Server, status: int) -> None:
    forge.faults.append(Fault("GET", Reply(status, {"message": f"bad: {TOKEN}", "error": TOKEN})))
    assert "bad: ***" in refusal(forge, REPORT)


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-Other: 1", f"{TOKEN} x", f"{TOKEN}é"], ids=["break", "blank", "accent"])
def test_what_is_no_token_is_not_shown_either(github: Server, token: str) -> None:
    assert refusal(github, REPORT, token=token).startswith("what GITHUB_TOKEN holds is no token")


def test_blanks_around_a_token_do_not_count(github: Server) -> None:
    assert keep(github, REPORT, token=f"{TOKEN}\n") is Outcome.POSTED


def test_a_secret_has_no_text_but_in_its_header() -> None:
    secret = web.Secret(TOKEN, "GITHUB_TOKEN")
    assert TOKEN not in f"{secret} {secret!r} {[secret]}"
    assert secret.header("Bearer ") == f"Bearer {TOKEN}"
