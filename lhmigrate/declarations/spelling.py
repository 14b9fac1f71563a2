"""How people spell Longhorn's versions and the name of its chart, and what none of that is."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from lhmigrate.longhorn.release import Version

PLACEHOLDER: Final = re.compile(r"\{\{|\$\{|%\{")
"""Where a template, Flux, Fleet or Terraform fills something in only when it is applied."""

_DIGEST: Final = re.compile(r"@sha256:[0-9a-fA-F]+$")
_EXACT: Final = re.compile(r"v?([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})(-[0-9A-Za-z.-]+)?(?:[+_]([0-9A-Za-z.-]+))?")
# Rancher's charts carry Longhorn's version behind their own (`109.3.1+up1.11.2`); a tag cannot hold a plus.
_PACKAGED: Final = re.compile(r"up(v?[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(?:-[0-9A-Za-z.-]+)?)")
# SUSE counts its own builds of a release: `1.11.2-1`.
_BUILD: Final = re.compile(r"-[0-9]+")
_MINOR: Final = re.compile(r"[v=]?[0-9]{1,4}(?:\.[0-9]{1,4})?")
_RANGE: Final = re.compile(r"[\^~<>=|*,\s]|(?:^|\.)[xX](?:\.|$)|^latest$")

NAMES: Final = frozenset({"longhorn", "suse-storage"})
"""What Longhorn's chart is called; SUSE sells it under the second name."""

HOMES: Final = (
    "charts.longhorn.io",
    "github.com/longhorn/",
    "raw.githubusercontent.com/longhorn/",
    "charts.rancher.io",
    "git.rancher.io/charts",
    "github.com/rancher/charts",
    "raw.githubusercontent.com/rancher/charts",
    "dp.apps.rancher.io/charts",
    "registry.suse.com/",
    "ghcr.io/home-operations/charts-mirror",
)
"""Where the chart of that name is known to be Longhorn's own, with Longhorn's version numbers."""


def version(written: str) -> Version | str:
    """The release that a spelling means, or why it means none: the rest of a sentence about it."""
    text = _DIGEST.sub("", written.strip())
    if PLACEHOLDER.search(text):
        return "is filled in only when it is applied"
    found = _EXACT.fullmatch(text)
    if found:
        packaged = _PACKAGED.fullmatch(found[3] or "")
        if packaged:
            return version(packaged[1])
        if found[2] and not _BUILD.fullmatch(found[2]):
            return "is a pre-release, and the catalogue holds none"
        return Version.parse(found[1])
    if _MINOR.fullmatch(text) or _RANGE.search(text):
        return "is a range, and which release it means is only known where it is installed"
    if not text:
        return "is only a digest" if written.strip() else "is empty"
    return "is not a version"


class Chart(NamedTuple):
    """A reference to Longhorn's chart."""

    version: str | None = None
    """What the reference itself says of it: `longhorn-1.7.2.tgz`, `oci://.../longhorn:1.7.2`."""
    foreign: str = ""
    """Where it comes from, unless that is known to be a home of Longhorn's chart."""


LONGHORN: Final = Chart()


_ARCHIVE: Final = re.compile(r"(?P<name>[a-z-]+?)-(?P<version>v?[0-9][^/]*)\.(?:tgz|tar\.gz)")
_TAGGED: Final = re.compile(r"(?P<name>[a-z-]+)(?::(?P<version>[^@/]+))?(?:@sha256:[0-9a-f]+)?")


def chart(reference: str, repository: str = "") -> Chart | None:
    """Whether a reference names Longhorn's chart: `longhorn`, `alias/longhorn`, an OCI or an archive's address.

    A path (`./charts/longhorn`) names a chart of the tree; that one tells its version itself.
    """
    if reference.startswith((".", "/")):
        return None
    last = reference.rstrip("/").rpartition("/")[2].partition("?")[0]
    found = _ARCHIVE.fullmatch(last) or _TAGGED.fullmatch(last)
    if found is None or found["name"] not in NAMES:
        return None
    home = repository or (reference if "://" in reference else "")
    return Chart(found["version"], "" if _at_home(home) else _shown(home))


def _at_home(address: str) -> bool:
    bare = address.partition("://")[2] or address
    known = any(f"{bare}/".startswith(f"{home.rstrip('/')}/") for home in HOMES)
    return not address or PLACEHOLDER.search(address) is not None or known


def _shown(address: str) -> str:
    """An address without what may be a password in it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else address


# The project's own repositories, and the forms in which kustomize, Argo CD and others name a file or folder there:
# raw.githubusercontent.com/o/r/REF/PATH, github.com/o/r/{raw,blob,tree}/REF/PATH, github.com/o/r//PATH?ref=REF.
_REPOSITORY: Final = r"^(?:git::)?(?:https?://|ssh://git@|git@)?"
_FILE: Final = re.compile(
    _REPOSITORY + r"(?:raw\.githubusercontent\.com/longhorn/longhorn|(?:www\.)?github\.com/longhorn/longhorn/"
    r"(?:raw|blob|tree|releases/download))/(?:refs/tags/|refs/heads/)?(?P<ref>[^/?#]+)/(?:deploy/)?longhorn[\w-]*\.yaml$"
)
_FOLDER: Final = re.compile(
    _REPOSITORY + r"(?:www\.)?github\.com[/:]longhorn/longhorn(?:\.git)?(?://?(?P<path>[^?]*))?\?(?:.*&)?"
    r"(?:ref|version)=(?P<ref>[^&]+)"
)
_GIT: Final = re.compile(_REPOSITORY + r"(?:www\.)?github\.com[/:]longhorn/(?:longhorn|charts)(?:\.git)?/?$")


def manifest(address: str) -> str | None:
    """The Git reference under which an address fetches Longhorn's own manifest; None where it does not."""
    found = _FILE.match(address) or _FOLDER.match(address)
    return found["ref"] if found else None


def repository(address: str) -> bool:
    """Whether an address is the Git repository of Longhorn's manifest or of its charts."""
    return _GIT.match(address) is not None


def tag(reference: str) -> Version | str:
    """The release of a Git reference: `v1.7.2`, `refs/tags/v1.7.2`, and in the charts' repository `longhorn-1.7.2`."""
    bare = reference.removeprefix("refs/tags/").removeprefix("longhorn-")
    found = version(bare)
    return "is a branch or a commit" if found == "is not a version" or re.fullmatch(r"v\d+\.\d+\.x", bare) else found
