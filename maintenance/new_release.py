"""Makes the catalogue's files for a new release from the newest one before it.

`python -m maintenance.new_release V UPSTREAM [--same-as]`: sets the tags, re-locates every pointer, leaves failing
what vanished, and prints what changed upstream in the watched places. Where nothing did, `--same-as` writes the
alias instead of a full file.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

from lhmigrate.files.fields import items, string
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Version
from lhmigrate.longhorn.specfile import document
from maintenance.pointers import Checked, State, check
from maintenance.upstream import Upstream
from maintenance.verify import mend


class Made(NamedTuple):
    """What was made of the release before."""

    old: Version
    new: Version
    vanished: list[Checked]
    watched: list[str]
    """What changed upstream in the watched places."""
    untagged: list[str]
    """Sources that have no tag for the new release."""


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", help="the new release, such as 1.13.1")
    parser.add_argument("upstream", type=Path, help="a folder of clones")
    parser.add_argument("--same-as", action="store_true", help="write an alias: its network is that of the one before")
    told = parser.parse_args(arguments)
    specs = shipped_specs()
    new = Version.parse(told.release)
    if new.patch is None:
        parser.error("a release has three numbers, such as 1.13.1")
    made = make(specs, new, Upstream(told.upstream), alias=told.same_as)
    report(made, alias=told.same_as)
    return int(bool(made.vanished))


def make(specs: Path, new: Version, upstream: Upstream, *, alias: bool) -> Made:
    """Writes `specs/V.yaml` and `specs/evidence/V.yaml`. Nothing else is touched."""
    catalogue = Catalogue([specs])
    old = max(version for version in catalogue.versions if version < new)
    evidence_file = specs / "evidence" / f"{new}.yaml"
    text, untagged = _retagged((specs / "evidence" / f"{old}.yaml").read_text(encoding="utf-8"), old, new, upstream)
    evidence_file.write_text(text, encoding="utf-8")
    (specs / f"{new}.yaml").write_text(_release_file(specs, catalogue, old, new, alias=alias), encoding="utf-8")
    evidence = Catalogue([specs]).evidence(new)
    checked = list(check(evidence, upstream))
    mend(evidence_file, checked)
    vanished = [one for one in checked if one.state is State.VANISHED]
    return Made(old, new, vanished, _watched(specs, catalogue, old, new, upstream), untagged)


def _retagged(text: str, old: Version, new: Version, upstream: Upstream) -> tuple[str, list[str]]:
    """An evidence file's text with the release and the tags of its sources moved on."""
    untagged: list[str] = []

    def moved(found: re.Match[str]) -> str:
        name, repository, tag = found[1], found[2], found[3]
        if not re.match(rf"v{re.escape(str(old))}\b", tag):
            return found[0]
        if f"v{new}" not in upstream.releases(repository):
            untagged.append(name)
            return found[0]
        return f"  {name}: {repository}@v{new}"

    text = text.replace(str(old), str(new), 1)  # the comment that names the file
    text = re.sub(r"^release: .*$", f"release: {new}", text, count=1, flags=re.MULTILINE)
    return re.sub(r"^  ([\w-]+): ([\w.-]+/[\w.-]+)@([^\s#]+)", moved, text, flags=re.MULTILINE), untagged


def _release_file(specs: Path, catalogue: Catalogue, old: Version, new: Version, *, alias: bool) -> str:
    """The new release file: the old one's text under the new number, or an alias."""
    before = catalogue.release(old)
    base = before.same_as or old
    lines = sorted({*before.upgrade_from, old.line} if old.line == new.line else {old.line, new.line})
    head = f"release: {new}\n"
    if alias:
        head += f"same-as: {base}\n"
    minors = ", ".join(f'"{line}"' for line in lines)
    head += f'upgrade-from: [{minors}]\nkubernetes: "{before.kubernetes}"\n'
    if alias:
        return head
    body = (specs / f"{base}.yaml").read_text(encoding="utf-8")
    return head + re.sub(r"^(release|preview|upgrade-from|kubernetes):.*\n", "", body, flags=re.MULTILINE)


def _watched(specs: Path, catalogue: Catalogue, old: Version, new: Version, upstream: Upstream) -> list[str]:
    sources = catalogue.evidence(old).sources
    told: list[str] = []
    for name, node in document(specs / "watched.yaml").all():
        repository = sources.get(name, "").partition("@")[0]
        tags = upstream.releases(repository) if repository and upstream.has(repository) else []
        if f"v{old}" in tags and f"v{new}" in tags:
            paths = [string(item, name) for item in items(node, name)]
            told += [f"{name}: {line.strip()}" for line in upstream.changed(repository, f"v{old}", f"v{new}", paths)]
    return told


def report(made: Made, *, alias: bool) -> None:
    """What a maintainer has to look at."""
    say = sys.stdout.write
    say(f"{made.new} made from {made.old}\n")
    for name in made.untagged:
        say(f"  no tag v{made.new} for {name}: its pointers still point at the old one\n")
    say(f"  {len(made.vanished)} pointers vanished: what they showed may have changed\n")
    for one in made.vanished:
        where = f"{one.pointer.source} {one.pointer.path}:{one.pointer.line}"
        say(f"    {' '.join(one.fact)}: {where} {one.pointer.word!r}\n")
    say(f"  {len(made.watched)} changes in the watched places\n")
    for line in made.watched:
        say(f"    {line}\n")
    if not made.vanished and not made.watched and not made.untagged and not alias:
        say("  nothing changed: run it again with ALIAS=1 for the alias\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
