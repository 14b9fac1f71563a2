"""Text from strangers' files, made harmless in Markdown and in the pictures that stand in it.

Services read more into Markdown than CommonMark does: mentions, references to issues and commits, addresses that
become links, `:emoji:`, `$math$`, commands to bots. A backslash hides none of these, as they are looked for in the
finished page; but never in code. So only plain words stay plain, and every other word becomes code. What could
end the code is written as its code point, like whatever steers a terminal: cmark takes no run of more than 80
backticks for a delimiter (`src/inlines.c`, MAXBACKTICKS), and a bar ends a table's cell even in code.
"""

from __future__ import annotations

import re
from typing import Final

from lhmigrate.reports.visible import visible, whole

SOMETHING: Final = "<!-- lhmigrate -->"
NOTHING: Final = "<!-- lhmigrate: nothing to say -->"
"""The first lines of a report in Markdown; nobody sees them where it is shown."""

_WORD: Final = re.compile(
    r"(\(?)([A-Za-z]+(?:'s)?|\d{1,3}(?:\.\d{1,3}){1,2}|→|…)([).,;:?…]*)|\d{1,3}(?:,\d{3})?[,;:]?|\(|[).,;:?]+"
)
"""Letters, a version, a number, or what stands around code; nothing that begins a list, as `1.` does."""
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,}")
_QUOTED: Final = re.compile(r"(?:(?<=[ (])|^)`([^`]*[^`\s][^`]*)`(?=[ ).,;:?]|$)")
"""Backticks that stand apart from other words, so that no two pieces of code can touch."""
_EDGES: Final = re.compile(r"(\(?)(.*?)([).,;:?]*)")
_ENDS_CODE: Final = re.compile(r"[`|]")
_LONGEST_FENCE: Final = 100
"""Backticks. Longer runs than 255 are the same to cmark (`src/blocks.c`, `fence_length`)."""
_LONGEST_LINE: Final = 2000


def prose(text: str, longest: int = 4000) -> str:
    """A sentence of ours with strangers' names in it, as a piece of a paragraph, an item or a table's cell.

    What stands in backticks there is code already.
    """
    parts = _QUOTED.split(whole(text, longest))
    shown = (code(part, longest) if at % 2 else _words(part) for at, part in enumerate(parts))
    return "".join(shown).strip()


def _words(text: str) -> str:
    return re.sub(r"[^ ]+", lambda found: _word(found[0]), text)


def code(text: str, longest: int = 200) -> str:
    """A name as code."""
    return _code(" ".join(visible(text, longest).split()) or "(empty)")


def _word(word: str) -> str:
    plain = _WORD.fullmatch(word)
    if plain is not None and not _COMMIT.fullmatch(plain[2] or ""):
        return word
    edges = _EDGES.fullmatch(word)
    if edges is None or not edges[2]:
        return _code(word)
    return f"{edges[1]}{_code(edges[2])}{edges[3]}"


def _code(text: str) -> str:
    return "`" + _ENDS_CODE.sub(lambda found: f"\\x{ord(found[0]):02x}", text) + "`"


def block(text: str, language: str) -> tuple[str, bool]:
    """A text as a block of code, and whether it is what it was: nothing in it had to be written out or cut."""
    lines = [_line(line) for line in text.split("\n")]
    shown = "\n".join(lines).rstrip("\n")
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}", shown == text.rstrip("\n")


def _line(line: str) -> str:
    """A line of code. A tab steers nothing."""
    shown = "\t".join(visible(part, _LONGEST_LINE) for part in line[: 2 * _LONGEST_LINE].split("\t"))
    cut = "" if len(line) <= 2 * _LONGEST_LINE else f"… ({len(line) - 2 * _LONGEST_LINE:,} more characters)"
    return re.sub(f"`{{{_LONGEST_FENCE},}}", lambda found: "\\x60" * len(found[0]), shown) + cut


def label(text: str) -> str:
    """A text in quotes in a Mermaid picture: whatever could mean anything there becomes an entity of Mermaid's own."""
    return re.sub(r"[^A-Za-z0-9 .,/?-]", lambda found: f"#{ord(found[0])};", visible(text, 80))
