"""What CI services say of the pull request that they build: where it goes, and how to get enough history for it.

Each variable is documented by its service: GitHub (docs.github.com, "Default environment variables"; Gitea's and
Forgejo's runners set the same), GitLab ("Predefined CI/CD variables reference"), Bitbucket ("Variables and secrets"),
Azure ("Use predefined variables"), Jenkins (Branch API plugin, /env-vars.html), Woodpecker ("Environment variables").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Service(NamedTuple):
    """A CI service, as far as a pull request's base goes."""

    name: str
    branch: str
    """The variable that names the branch into which the pull request goes; set for pull requests only."""
    deeper: str
    """How to have it clone enough history."""
    commits: tuple[str, ...] = ()
    """Variables with a commit to compare with, the best one first."""
    tip: str = ""
    """The variable with the newest commit of that branch, which may be newer than where the pull request began."""
    merge: tuple[str, str] = ("", "")
    """Variables with the ref and the commit that it checks out, where that is the pull request merged into its base."""


SERVICES: Final = (
    Service(
        "GitHub Actions",
        branch="GITHUB_BASE_REF",
        deeper="give actions/checkout `fetch-depth: 0`",
        merge=("GITHUB_REF", "GITHUB_SHA"),
    ),
    Service(
        "GitLab CI",
        branch="CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        deeper='set the variable `GIT_DEPTH: "0"`',
        # The first one is there where the merge request is built merged into its target, the other one always.
        commits=("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"),
    ),
    Service(
        "Bitbucket Pipelines",
        branch="BITBUCKET_PR_DESTINATION_BRANCH",
        deeper="set `clone: {depth: full}`",
        tip="BITBUCKET_PR_DESTINATION_COMMIT",
    ),
    Service(
        "Azure Pipelines",
        branch="SYSTEM_PULLREQUEST_TARGETBRANCH",
        deeper="give `checkout: self` a `fetchDepth: 0`",
        merge=("BUILD_SOURCEBRANCH", "BUILD_SOURCEVERSION"),
    ),
    Service("Jenkins", branch="CHANGE_TARGET", deeper="switch shallow clones off, and fetch the target branch too"),
    Service(
        "Woodpecker",
        branch="CI_COMMIT_TARGET_BRANCH",
        deeper="give the clone step `depth: 0` and `partial: false`",
    ),
)


class Request(NamedTuple):
    """A pull request that a CI service builds."""

    service: Service
    branch: str
    """The branch into which it goes."""
    commits: tuple[str, ...]
    """Commits to compare with, the best one first."""
    tip: str
    """The newest commit of that branch; empty: not said."""
    merged: str
    """The commit that is the pull request merged into its base; empty: none is."""


def request(environment: Mapping[str, str]) -> Request | None:
    """The pull request that is built here, if the environment tells of one."""
    for service in SERVICES:
        branch = environment.get(service.branch, "").removeprefix("refs/heads/")
        commits = tuple(found for name in service.commits if (found := environment.get(name, "")))
        if branch or commits:
            ref, commit = (environment.get(name, "") for name in service.merge)
            merged = commit if ref.startswith("refs/pull/") and ref.endswith("/merge") else ""
            return Request(service, branch, commits, environment.get(service.tip, ""), merged)
    return None
