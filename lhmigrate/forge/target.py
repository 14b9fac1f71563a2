"""The pull request to comment on: what a CI service says of it in its variables, and what the command line says.

Each variable is documented by its service, as for `lhmigrate.forge.ci`. Gitea's and Forgejo's runners set GitHub's
variables as well as one of their own (act_runner and forgejo-runner, both GITEA_ACTIONS, the latter FORGEJO_ACTIONS).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from lhmigrate.errors import Refusal
from lhmigrate.forge.forges import FORGES, GITEA, GITHUB, GITLAB, Forge

if TYPE_CHECKING:
    from collections.abc import Mapping

    Event = Mapping[str, object]

_BELOW: Final = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1", "forgejo": "/api/v1"}
"""Where a forge's API is below its address, by the names that Woodpecker has for them; github.com's is elsewhere."""
_NUMBERED: Final = re.compile(r"refs/pull/([0-9]+)/")
_REPOSITORY: Final = re.compile(r"(?!\.\.?/)[^\s/]+(?:/(?!\.\.?(?:/|$))[^\s/]+)+")


class Asked(NamedTuple):
    """What the command line says; None: nothing."""

    forge: str | None = None
    api: str | None = None
    repository: str | None = None
    number: int | None = None
    author: str | None = None


class Target(NamedTuple):
    """A pull request, and whose token is used for it."""

    forge: Forge
    api: str
    """Where the forge's API is, without a slash at its end."""
    repository: str
    number: int
    tokens: tuple[str, ...]
    """Variables that may hold the token, the best one first."""
    author: str | None
    """Whose token it is, where the command line says so."""
    fork: bool
    """Whether CI says that the pull request comes from another repository."""

    @property
    def in_the_clear(self) -> str:
        """The host to which a token would go unencrypted over a network; empty: none."""
        parts = urlsplit(self.api)
        host = parts.hostname or ""
        try:
            near = ip_address(host).is_loopback
        except ValueError:
            near = host == "localhost"
        return host if parts.scheme == "http" and not near else ""


class _Told(NamedTuple):
    """What CI says; what it does not say is empty."""

    forge: Forge
    api: str = ""
    repository: str = ""
    number: str = ""
    tokens: tuple[str, ...] = ()
    fork: bool = False


def of(asked: Asked, environment: Mapping[str, str], event: Event) -> Target:
    """The pull request that is meant. `event` is what GITHUB_EVENT_PATH holds. Refuses where something is not said."""
    told = _told(environment, event)
    forge = FORGES[asked.forge] if asked.forge else told.forge if told else None
    if forge is None:
        raise Refusal(
            "which forge this is cannot be told: no variables of GitHub, GitLab, Gitea, Forgejo or Woodpecker are set; "
            "pass --forge, --repository and --pr"
        )
    # What CI says of its own forge says nothing of another one.
    told = told if told and told.forge is forge else _Told(forge)
    number = asked.number if asked.number is not None else int(told.number) if told.number else None
    if number is None:
        raise Refusal("this build is of no pull request, as far as its variables tell; pass --pr NUMBER")
    repository = asked.repository or told.repository
    if not repository:
        raise Refusal("the repository is not told by any variable; pass --repository OWNER/NAME")
    if not _REPOSITORY.fullmatch(repository):
        raise Refusal(f"--repository is written like OWNER/NAME, not {repository!r}")
    api = _address(asked.api or told.api or forge.api)
    return Target(forge, api, repository, number, told.tokens or forge.tokens, asked.author, told.fork)


def _address(api: str) -> str:
    """The API's address, checked: a token is sent there."""
    if not api:
        raise Refusal("each Gitea or Forgejo has an API of its own; pass --api, like --api https://HOST/api/v1")
    try:
        parts = urlsplit(api)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or not api.isascii() or re.search(r"\s", api):
        raise Refusal("--api is an address like https://HOST/api/v1, and this one is not")
    if parts.username is not None or parts.password is not None:
        raise Refusal("the address in --api holds a password; put a token into a variable instead")
    return api.rstrip("/")


def _told(environment: Mapping[str, str], event: Event) -> _Told | None:
    if environment.get("CI") == "woodpecker":
        return _by_woodpecker(environment)
    if environment.get("GITLAB_CI") == "true":
        return _by_gitlab(environment)
    if environment.get("GITHUB_ACTIONS") == "true" or environment.get("GITEA_ACTIONS") == "true":
        return _by_actions(environment, event)
    return None


def _by_gitlab(environment: Mapping[str, str]) -> _Told:
    # A merge request from a fork is built in the fork, and belongs to the project that it goes into.
    project = environment.get("CI_MERGE_REQUEST_PROJECT_PATH", "")
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", project)
    return _Told(
        GITLAB,
        api=environment.get("CI_API_V4_URL", ""),
        repository=project or environment.get("CI_PROJECT_PATH", ""),
        number=_digits(environment.get("CI_MERGE_REQUEST_IID", "")),
        fork=source != project,
    )


def _by_actions(environment: Mapping[str, str], event: Event) -> _Told:
    own = environment.get("GITEA_ACTIONS") == "true"
    forge = GITEA if own else GITHUB
    found = _NUMBERED.match(environment.get("GITHUB_REF", ""))
    request = event.get("pull_request")
    number = request.get("number") if isinstance(request, dict) else None
    return _Told(
        forge,
        api=environment.get("GITHUB_API_URL", ""),
        repository=environment.get("GITHUB_REPOSITORY", ""),
        number=found[1] if found else _digits(str(number)),
        # Where the job is Gitea's, so is the token that has GitHub's name.
        tokens=(*GITEA.tokens, *GITHUB.tokens[:1]) if own else (),
        fork=_from_a_fork(request),
    )


def _from_a_fork(request: object) -> bool:
    """Whether a pull request's branch is in another repository than the one that it goes into; gone ones are."""
    if not isinstance(request, dict):
        return False
    head, base = (_full_name(request.get(side)) for side in ("head", "base"))
    return head != base


def _full_name(side: object) -> object:
    repository = side.get("repo") if isinstance(side, dict) else None
    return repository.get("full_name") if isinstance(repository, dict) else None


def _by_woodpecker(environment: Mapping[str, str]) -> _Told | None:
    kind = environment.get("CI_FORGE_TYPE", "")
    if kind not in _BELOW:
        return None
    url = environment.get("CI_FORGE_URL", "").rstrip("/")
    return _Told(
        FORGES[kind],
        api=url + _BELOW[kind] if url and url != "https://github.com" else "",
        repository=environment.get("CI_REPO", ""),
        number=_digits(environment.get("CI_COMMIT_PULL_REQUEST", "")),
    )


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() else ""
