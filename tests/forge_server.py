"""Forges on this machine: they keep the comments of one pull request, and answer as the documented APIs do.

GitHub: docs.github.com, "REST API endpoints for issue comments", "Using pagination in the REST API", "Rate limits for
the REST API", and what its API answers to a token that may not. GitLab: docs.gitlab.com, "Notes API", "REST API" (Link
headers). Gitea and Forgejo: /api/swagger, where a pull request's comments come all at once.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TOKEN = "ghs_0123456789abcdefSECRET"  # noqa: S105 - it opens nothing
ME = "github-actions[bot]"


class Reply(NamedTuple):
    """What a server sends back."""

    status: int
    value: object = None
    headers: Mapping[str, str] = {}


class Fault(NamedTuple):
    """What goes wrong with the next request of a method."""

    method: str
    reply: Reply | None = None
    """What is sent instead; None: the connection is closed."""
    carried_out: bool = False
    """Whether the request is carried out all the same, before."""
    also: Callable[[], None] = lambda: None
    """What happens just then."""


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Comment(NamedTuple):
    """A comment that is kept."""

    id: int
    author: str
    body: str


class Server:
    """One forge with one pull request, `team/cluster` number 7."""

    name = ""
    longest: int | None = None
    paged = True

    def __init__(self) -> None:
        self.comments: list[Comment] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.may = {"comment", "user"}
        self.root = ""
        self._ids = 100

    @property
    def api(self) -> str:
        """Where the API is."""
        return self.root

    def add(self, body: str, author: str = ME) -> int:
        """Somebody comments."""
        self._ids += 1
        self.comments.append(Comment(self._ids, author, body))
        return self._ids

    def remove(self, number: int) -> None:
        """Somebody deletes a comment."""
        self.comments = [one for one in self.comments if one.id != number]

    @property
    def bodies(self) -> list[str]:
        """What the comments say."""
        return [one.body for one in self.comments]

    def asked(self, *methods: str) -> int:
        """How many requests there were of these methods."""
        return sum(one.method in methods for one in self.requests)

    def reply(self, request: Request) -> Reply | None:
        """What is sent back: None, if the connection is closed without a word."""
        self.requests.append(request)
        fault = next((one for one in self.faults if one.method == request.method), None)
        if fault is None:
            return self._reply(request)
        self.faults.remove(fault)
        fault.also()
        if fault.carried_out:
            self._reply(request)
        return fault.reply

    def _reply(self, request: Request) -> Reply:
        path = urlsplit(request.path.removeprefix(urlsplit(self.api).path))
        if not self.authorized(request.headers):
            return self.unauthorized
        if path.path in {"/user", "/graphql"} or request.path == "/api/graphql":
            return self.user(request)
        match = re.fullmatch(self.one, path.path)
        if match and self.known(match):
            return self._change(request, int(match["id"]))
        match = re.fullmatch(self.all, path.path)
        if not match or not self.known(match):
            return self.missing
        return self._list(path.path, parse_qs(path.query)) if request.method == "GET" else self._post(request)

    one = all = ""
    """The paths of one comment and of all, as regular expressions."""

    def known(self, match: re.Match[str]) -> bool:
        """Whether that repository and pull request are there."""
        return unquote(match["repository"]) == "team/cluster" and match.groupdict().get("number") in {"7", None}

    def authorized(self, headers: Mapping[str, str]) -> bool:
        raise NotImplementedError

    def user(self, request: Request) -> Reply:
        raise NotImplementedError

    def shown(self, one: Comment) -> dict[str, object]:
        raise NotImplementedError

    unauthorized = Reply(401, {"message": "Bad credentials"})
    forbidden = Reply(403, {"message": "Resource not accessible by integration"})
    missing = Reply(404, {"message": "Not Found"})
    edits = "PATCH"

    def too_long(self, body: str) -> bool:
        """Whether a comment is longer than it may be."""
        return self.longest is not None and len(body) > self.longest

    def _list(self, path: str, query: Mapping[str, list[str]]) -> Reply:
        """The comments: one page of them, with a Link header to the next, or all."""
        found = [self.shown(one) for one in self.comments]
        if not self.paged:
            return Reply(200, found, {"X-Total-Count": str(len(found))})
        size, number = min(int(query.get("per_page", ["20"])[0]), 100), int(query.get("page", ["1"])[0])
        headers = {}
        if number * size < len(found):
            # As with a server that does not know its own name: https, and another host.
            base, last = f"https://elsewhere.example{path}?per_page={size}&page=", -(-len(found) // size)
            headers["Link"] = f'<{base}{number + 1}>; rel="next", <{base}{last}>; rel="last"'
        return Reply(200, found[(number - 1) * size : number * size], headers)

    def _post(self, request: Request) -> Reply:
        if "comment" not in self.may:
            return self.forbidden
        if self.too_long(request.body["body"]):
            return Reply(422, {"message": "Validation Failed"})
        self.add(request.body["body"])
        return Reply(201, self.shown(self.comments[-1]))

    def _change(self, request: Request, number: int) -> Reply:
        if "comment" not in self.may:
            return self.forbidden
        found = next((one for one in self.comments if one.id == number), None)
        if found is None:
            return self.missing
        if request.method == "DELETE":
            self.remove(number)
            return Reply(204)
        if request.method != self.edits:
            return Reply(405)
        new = found._replace(body=request.body["body"])
        self.comments = [new if one is found else one for one in self.comments]
        return Reply(200, self.shown(new))


class GitHub(Server):
    """github.com, and with `enterprise` a server of somebody's own."""

    name = "github"
    longest = 65_536
    one = r"/repos/(?P<repository>[^/]+/[^/]+)/issues/comments/(?P<id>\d+)"
    all = r"/repos/(?P<repository>[^/]+/[^/]+)/issues/(?P<number>\d+)/comments"

    def authorized(self, headers: Mapping[str, str]) -> bool:
        return headers.get("Authorization") == f"Bearer {TOKEN}"

    def user(self, request: Request) -> Reply:
        if request.path.endswith("/user"):
            return self.forbidden  # A job's token is an app's, and no user.
        assert request.body == {"query": "query { viewer { login } }"}
        return Reply(200, {"data": {"viewer": {"login": ME}}} if "user" in self.may else {"errors": [{}]})

    def shown(self, one: Comment) -> dict[str, object]:
        where = f"https://github.example/team/cluster/pull/7#issuecomment-{one.id}"
        return {"id": one.id, "body": one.body, "user": {"login": one.author}, "html_url": where}


class Enterprise(GitHub):
    """GitHub Enterprise Server."""

    @property
    def api(self) -> str:
        return f"{self.root}/api/v3"


class GitLab(Server):
    """GitLab, where a note's author has a username, and system notes are notes too."""

    name = "gitlab"
    longest = 1_000_000
    one = r"/projects/(?P<repository>[^/]+)/merge_requests/(?P<number>\d+)/notes/(?P<id>\d+)"
    all = r"/projects/(?P<repository>[^/]+)/merge_requests/(?P<number>\d+)/notes"
    unauthorized = Reply(401, {"message": "401 Unauthorized"})
    forbidden = Reply(403, {"message": "403 Forbidden"})
    missing = Reply(404, {"message": "404 Project Not Found"})
    edits = "PUT"

    @property
    def api(self) -> str:
        return f"{self.root}/api/v4"

    def authorized(self, headers: Mapping[str, str]) -> bool:
        # urllib writes headers with one capital.
        return {name.lower(): value for name, value in headers.items()}.get("private-token") == TOKEN

    def user(self, request: Request) -> Reply:
        assert request.method == "GET"
        return Reply(200, {"id": 5, "username": ME}) if "user" in self.may else self.forbidden

    def shown(self, one: Comment) -> dict[str, object]:
        return {"id": one.id, "body": one.body, "author": {"id": 5, "username": one.author}, "system": False}


class Gitea(Server):
    """Gitea and Forgejo: all comments come at once, and a token's scopes are asked for each request."""

    name = "gitea"
    paged = False
    one = GitHub.one
    all = GitHub.all
    unauthorized = Reply(401, {"message": "invalid username, password or token", "url": "/api/swagger"})
    forbidden = Reply(403, {"message": "token does not have at least one of required scope(s): [write:issue]"})
    missing = Reply(404, {"message": "The target couldn't be found.", "errors": [], "url": "/api/swagger"})

    @property
    def api(self) -> str:
        return f"{self.root}/api/v1"

    def authorized(self, headers: Mapping[str, str]) -> bool:
        return headers.get("Authorization") == f"token {TOKEN}"

    def user(self, request: Request) -> Reply:
        assert request.method == "GET"
        return Reply(200, {"id": -2, "login": ME}) if "user" in self.may else self.forbidden

    def shown(self, one: Comment) -> dict[str, object]:
        where = f"{self.root}/team/cluster/pulls/7#issuecomment-{one.id}"
        return {"id": one.id, "body": one.body, "user": {"id": -2, "login": one.author}, "html_url": where}


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Has it listen on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            """Answers whatever is asked."""
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            reply = server.reply(Request(self.command, self.path, dict(self.headers.items()), body))
            if reply is None:
                self.close_connection = True
                return
            data = b"" if reply.value is None else json.dumps(reply.value).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(data)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.serve)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server.root = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
