"""A pull request in a repository made for it, and a Python for its jobs that installs nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from repositories import Repository
from running import CUTTING, POLICY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LH = "apps/longhorn.yaml"
"""The file that declares Longhorn."""


def release(version: str, more: str = "") -> str:
    """What declares Longhorn, and perhaps more of its `spec`."""
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: longhorn, namespace: longhorn-system}}
spec:
  chart: {{spec: {{chart: longhorn, version: {version}, sourceRef: {{kind: HelmRepository, name: longhorn}}}}}}
{more}"""


BUMP = {LH: release("1.5.5"), "apps/managers.yaml": POLICY}
"""A bump after which nothing is cut."""

CUTS = {LH: release("1.5.5"), "apps/engines.yaml": CUTTING}
"""A bump after which a policy cuts the instance managers off."""

WARNS = BUMP | {"apps/odd.yaml": "kind: NetworkPolicy\nspec: 5\n"}
"""A bump for which there is nothing but a warning."""

OTHER = {"README.md": "A word\n"}
"""A change that moves no Longhorn."""


class Pull:
    """Pull request 7, as a branch and merged into main, and checkouts of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checkouts = 0
        self.origin = Repository.new(folder / "origin")
        self.origin.commit({LH: release("1.4.4"), ".lhmigrate.yaml": "cni: calico\n"})

    def push(self, files: Mapping[str, str | None], branch: str = "bump") -> None:
        """Pushes a commit, on a branch that begins at main."""
        self.origin.git("checkout", "--quiet", "main")
        self.origin.commit(files, branch=branch)
        self.origin.git("update-ref", "refs/pull/7/head", "HEAD")
        self.origin.git("checkout", "--quiet", "--detach", "main")
        self.origin.git("merge", "--quiet", "--no-ff", "--message", "merge", branch)
        self.origin.git("update-ref", "refs/pull/7/merge", "HEAD")
        self.origin.git("checkout", "--quiet", "main")

    def checkout(self, ref: str, depth: int = 0) -> Repository:
        """A checkout of that ref, with so many commits, and with all branches where it has all of them."""
        self._checkouts += 1
        made = Repository.new(self._folder / f"job-{self._checkouts}" / "checkout")
        made.git("remote", "add", "origin", self.origin.folder.as_uri())
        branches = ["+refs/heads/*:refs/remotes/origin/*"] * (not depth)
        options = [f"--depth={depth}"] * bool(depth)
        made.git("fetch", "--quiet", *options, "origin", f"+{ref}:refs/remotes/here", *branches)
        made.git("checkout", "--quiet", "--detach", "refs/remotes/here")
        return made


_STAND_IN = """\
#!/bin/sh
# In the place of Python: makes an environment that leads here, and installs nothing. All else is done by the real one.
printf '%s\\n' "token:$GITHUB_TOKEN$GITLAB_TOKEN$FORGEJO_TOKEN" "$@" --- >>"{folder}/log"
[ "$3" != "$STAND_IN_FAILS" ] || exit 1
case "$3" in
venv) mkdir -p "$4/bin" && ln -s "{folder}/python3" "$4/bin/python" ;;
pip) ;;
*) exec "{real}" "$@" ;;
esac
"""


class Started(NamedTuple):
    """What a Python was started with."""

    token: str
    words: list[str]


class StandIn:
    """A folder with a `python3` in it."""

    def __init__(self, folder: Path, real: str = sys.executable) -> None:
        folder.mkdir()
        self.folder = folder
        self.python = folder / "python3"
        self.python.write_text(_STAND_IN.format(folder=folder, real=real), encoding="utf-8")
        self.python.chmod(0o755)

    def started(self) -> list[Started]:
        """Each time that it was started."""
        text = (self.folder / "log").read_text(encoding="utf-8")
        runs = [one.split("\n") for one in text.removesuffix("\n---\n").split("\n---\n")]
        return [Started(first.removeprefix("token:"), words) for first, *words in runs]
