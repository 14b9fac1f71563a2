"""Where comments on a pull request are kept: what each forge's API calls them, and what its tokens may do.

GitHub (docs.github.com, "REST API endpoints for issue comments"), GitLab (docs.gitlab.com, "Notes API"), Gitea and
Forgejo (their /api/swagger, "issue"). GitHub Enterprise Server answers as GitHub does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PER_PAGE: Final = 100
"""As many comments on one page as GitHub and GitLab give at most."""


class Question(NamedTuple):
    """How to ask whom a token belongs to."""

    method: str
    url: Callable[[str], str]
    """The address, from that of the API."""
    body: Mapping[str, str] | None
    keys: tuple[str, ...]
    """The way to the name in the answer."""


class Forge(NamedTuple):
    """A forge's API, as far as comments on a pull request go."""

    name: str
    api: str
    """Where its API is; empty: each has its own."""
    comments: str
    """The path of a pull request's comments: the repository and the number are filled in."""
    comment: str
    """The path of one comment: its id is filled in too."""
    quoted: Callable[[str], str]
    """A repository's name, as it stands in a path."""
    edit: str
    """The method that changes a comment."""
    author: tuple[str, str]
    """The way to the author's name in a comment."""
    who: Question
    header: tuple[str, str]
    """The header that carries the token, and what stands before it there."""
    tokens: tuple[str, ...]
    """Variables that a token is customarily in."""
    longest: int | None
    """Characters of a comment; None: no limit is documented."""
    may: str
    """What a token must be allowed to do."""


def _value(answer: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def name_in(answer: object, keys: tuple[str, ...]) -> str:
    """The name that stands there in an answer; empty where none does."""
    found = _value(answer, keys)
    return found if isinstance(found, str) else ""


def sentence_in(answer: Any) -> str:  # noqa: ANN401 - whatever JSON a server gives
    """What a server says that went wrong; empty where it does not."""
    for key in ("message", "error_description", "error"):
        found = _value(answer, (key,))
        if isinstance(found, str) and found:
            return found
        if found:
            return repr(found)
    return ""


def _path(repository: str) -> str:
    return quote(repository, safe="/")


def _one_word(repository: str) -> str:
    return quote(repository, safe="")


def _graphql(api: str) -> str:
    """GitHub's other API: github.com has it beside this one, Enterprise Server at /api/graphql for /api/v3."""
    return f"{api.removesuffix('/v3')}/graphql"


def _user(api: str) -> str:
    return f"{api}/user"


GITHUB: Final = Forge(
    name="GitHub",
    api="https://api.github.com",
    comments=f"/repos/{{repository}}/issues/{{number}}/comments?per_page={PER_PAGE}",
    comment="/repos/{repository}/issues/comments/{id}",
    quoted=_path,
    edit="PATCH",
    author=("user", "login"),
    # `GET /user` answers people only, and this one apps too: a job's own token is an app's.
    who=Question("POST", _graphql, {"query": "query { viewer { login } }"}, ("data", "viewer", "login")),
    header=("Authorization", "Bearer "),
    tokens=("GITHUB_TOKEN", "GH_TOKEN"),
    longest=65_536,
    may="`permissions: pull-requests: write` for the job's own token, `Pull requests: write` for a fine-grained one, "
    "the scope `repo` for a classic one",
)

GITLAB: Final = Forge(
    name="GitLab",
    api="https://gitlab.com/api/v4",
    comments=f"/projects/{{repository}}/merge_requests/{{number}}/notes?sort=asc&order_by=created_at&per_page={PER_PAGE}",
    comment="/projects/{repository}/merge_requests/{number}/notes/{id}",
    quoted=_one_word,
    edit="PUT",
    author=("author", "username"),
    who=Question("GET", _user, None, ("username",)),
    header=("PRIVATE-TOKEN", ""),
    tokens=("GITLAB_TOKEN",),
    longest=1_000_000,
    may="the scope `api` and at least the role Reporter, as of a project access token; CI_JOB_TOKEN may not comment",
)

GITEA: Final = Forge(
    name="Gitea or Forgejo",
    api="",
    comments="/repos/{repository}/issues/{number}/comments",
    comment="/repos/{repository}/issues/comments/{id}",
    quoted=_path,
    edit="PATCH",
    author=("user", "login"),
    who=Question("GET", _user, None, ("login",)),
    header=("Authorization", "token "),
    tokens=("FORGEJO_TOKEN", "GITEA_TOKEN"),
    longest=None,
    may="the scopes `write:issue` and `read:user`, or `permissions: pull-requests: write` for the job's own token",
)

FORGES: Final[Mapping[str, Forge]] = {"github": GITHUB, "gitlab": GITLAB, "gitea": GITEA, "forgejo": GITEA}
"""Forges by the names that are given to them on the command line and by Woodpecker."""
