"""Changed files as a unified diff that `git apply` takes, byte for byte.

The form is git's own (git, Documentation/diff-generate-patch): names are quoted as in C where they hold anything
unusual, and a missing newline at the end of a file is said.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTEXT: Final = 3
_UNUSUAL: Final = re.compile(r"[\x00-\x1f\"\\\x7f]|[^\x00-\x7f]")
_ESCAPES: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def diff(name: str, before: str | None, after: str) -> str:
    """One file's change, under its name in the repository; None before: it is new. Empty where nothing changed."""
    if before == after:
        return ""
    old, new = _quoted(f"a/{name}"), _quoted(f"b/{name}")
    created = "new file mode 100644\n" if before is None else ""
    head = f"diff --git {old} {new}\n{created}--- {'/dev/null' if before is None else _ended(old)}\n+++ {_ended(new)}\n"
    return head + "".join(_hunks(_lines(before or ""), _lines(after)))


def _lines(text: str) -> list[str]:
    """Lines as git counts them: they end with a line feed, and with nothing else."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    for group in _groups(runs(old, new)):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first.old_from, last.old_to)} +{_range(first.new_from, last.new_to)} @@\n"
        for one in group:
            if one.equal:
                yield from (_line(" ", line) for line in old[one.old_from : one.old_to])
            else:
                yield from (_line("-", line) for line in old[one.old_from : one.old_to])
                yield from (_line("+", line) for line in new[one.new_from : one.new_to])


class Run(NamedTuple):
    """Lines that are the same, or lines that take the place of others."""

    kind: str
    """`equal`, or what SequenceMatcher calls a difference."""
    old_from: int
    old_to: int
    new_from: int
    new_to: int

    @property
    def equal(self) -> bool:
        """Whether these lines are the same before and after."""
        return self.kind == "equal"


def runs(old: list[str], new: list[str]) -> Iterator[Run]:
    """How lines become others.

    Only the middle is compared: what is the same at both ends is most of a file, and would take most of the time.
    """
    head = next((n for n, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), min(len(old), len(new)))
    pairs = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = next((n for n, (one, two) in enumerate(pairs) if one != two), min(len(old), len(new)) - head)
    yield Run("equal", 0, head, 0, head)
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for kind, old_from, old_to, new_from, new_to in middle.get_opcodes():
        yield Run(kind, old_from + head, old_to + head, new_from + head, new_to + head)
    yield Run("equal", len(old) - tail, len(old), len(new) - tail, len(new))


def _groups(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """What changed, with some lines around it; changes that lie close together share them."""
    group: list[Run] = []
    for run in runs:
        if not run.equal:
            group.append(run)
            continue
        if any(not one.equal for one in group):
            if run.old_to - run.old_from <= 2 * CONTEXT:
                group.append(run)
                continue
            group.append(run._replace(old_to=run.old_from + CONTEXT, new_to=run.new_from + CONTEXT))
            yield group
        length = min(CONTEXT, run.old_to - run.old_from)
        group = [run._replace(old_from=run.old_to - length, new_from=run.new_to - length)]
    if any(not one.equal for one in group):
        *rest, last = group
        length = min(CONTEXT, last.old_to - last.old_from)
        yield [*rest, last._replace(old_to=last.old_from + length, new_to=last.new_from + length)]


def _range(start: int, end: int) -> str:
    """A range of lines, counted from 1; an empty one is named by the line before it."""
    length = end - start
    return f"{start + 1 if length else start},{length}"


def _line(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _quoted(name: str) -> str:
    """A name as git writes it (quote.c): plain, or in quotes with C's escapes."""
    if not _UNUSUAL.search(name):
        return name

    def escaped(found: re.Match[str]) -> str:
        char = found[0]
        return _ESCAPES.get(char) or "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))

    return f'"{_UNUSUAL.sub(escaped, name)}"'


def _ended(name: str) -> str:
    """A tab says where a name with spaces ends."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name
