"""Checks every pointer of every release against clones of Longhorn's repositories.

`python -m maintenance.verify UPSTREAM [--fix] [V...]`: a folder of clones, and releases (all of them if none is
named). Fails where a word vanished, or moved and `--fix` was not given.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Version
from maintenance.pointers import Checked, State, check
from maintenance.upstream import Upstream


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upstream", type=Path, help="a folder of clones")
    parser.add_argument("releases", nargs="*", help="releases; all of them if none is named")
    parser.add_argument("--fix", action="store_true", help="write the new lines of what only moved")
    told = parser.parse_args(arguments)
    catalogue = Catalogue([shipped_specs()])
    upstream = Upstream(told.upstream)
    chosen = [Version.parse(text) for text in told.releases] or list(catalogue.versions)
    missing = sorted(_repositories(catalogue, chosen, upstream))
    if missing:
        sys.stderr.write(f"{told.upstream} has no clone of {', '.join(missing)}\n")
        return 2
    total: Counter[State] = Counter()
    for version in chosen:
        checked = list(check(catalogue.evidence(version), upstream))
        counts = Counter(one.state for one in checked)
        total += counts
        _tell(str(version), counts, checked)
        if told.fix:
            mend(shipped_specs() / "evidence" / f"{version}.yaml", checked)
    _tell("all", total, [])
    return int(bool(total[State.VANISHED] or (total[State.MOVED] and not told.fix)))


def _repositories(catalogue: Catalogue, versions: list[Version], upstream: Upstream) -> set[str]:
    sources = (source for version in versions for source in catalogue.evidence(version).sources.values())
    return {name for name in (source.partition("@")[0] for source in sources) if not upstream.has(name)}


def _tell(name: str, counts: Counter[State], checked: list[Checked]) -> None:
    sys.stdout.write(f"{name:8}" + "".join(f"{counts[state]:7} {state.value}" for state in State) + "\n")
    for one in checked:
        if one.state in {State.MOVED, State.VANISHED}:
            now = f", now in line {one.line}" if one.line else ""
            pointer = one.pointer
            where = f"{pointer.source} {pointer.path}:{pointer.line}"
            sys.stdout.write(f"    {one.state.value}: {' '.join(one.fact)}: {where} {pointer.word!r}{now}\n")


def mend(file: Path, checked: list[Checked]) -> None:
    """Writes the new lines of moved pointers into an evidence file; everything else stays as it is."""
    text = file.read_text(encoding="utf-8")
    for one in checked:
        if one.state is State.MOVED:
            pointer = one.pointer
            for word in (pointer.word, pointer.word.replace(file.stem, "{release}")):
                rest = f'", word: "{word}"'
                old = f'in: {pointer.source}, at: "{pointer.path}:{pointer.line}{rest}'
                text = text.replace(old, f'in: {pointer.source}, at: "{pointer.path}:{one.line}{rest}')
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
