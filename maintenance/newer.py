"""Says which releases of Longhorn the catalogue lacks, as the text of an issue.

`python -m maintenance.newer UPSTREAM`: prints nothing and succeeds where there is none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Version
from maintenance.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGHORN = "longhorn/longhorn"


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upstream", type=Path, help="a folder of clones")
    upstream = Upstream(parser.parse_args(arguments).upstream)
    if not upstream.has(LONGHORN):
        sys.stderr.write(f"there is no clone of {LONGHORN}\n")
        return 2
    lacking = lacked(Catalogue([shipped_specs()]), upstream.releases(LONGHORN))
    if lacking:
        sys.stdout.write(issue(lacking))
    return int(bool(lacking))


def lacked(catalogue: Catalogue, tags: Sequence[str]) -> list[Version]:
    """Tagged releases from the catalogue's first on that it has no file for, or only a preview."""
    versions = [Version.parse(tag) for tag in tags]
    first = catalogue.versions[0]
    return [
        version
        for version in versions
        if version >= first and (version not in catalogue.versions or catalogue.release(version).preview)
    ]


def issue(lacking: Sequence[Version]) -> str:
    """What to do about it."""
    names = ", ".join(str(version) for version in lacking)
    steps = "".join(f"    make spec V={version} UPSTREAM=...\n" for version in lacking)
    return (
        f"# The catalogue lacks Longhorn {names}\n\n"
        "Clone Longhorn's repositories with all tags, and make the files:\n\n"
        f"{steps}\n"
        "Then read what changed in the watched places, correct what vanished, run `make verify-specs UPSTREAM=...`\n"
        "and `make check`, and add a line to the changelog. `specs/README.md` has the whole procedure.\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
