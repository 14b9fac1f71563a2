"""Text from strangers' files, made harmless for a terminal: what is invisible or steers it is written out."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST: Final = 400
"""Characters of one name or sentence from a file; longer ones are cut, and say so."""

# Cc: control codes, C1 among them. Cf: bidirectional overrides, zero-width characters, tags.
# Cs: lone surrogates. Zl, Zp: line and paragraph separators. Co: private use.
_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

# What CI services take for commands in a log: `::error::` and `##[error]` (GitHub), `##vso[` (Azure),
# `##teamcity[`. No IPv6 address looks like one.
_COMMAND: Final = re.compile(r"::(?=[A-Za-z]*[g-zG-Z-])|##(?=\w*\[)")


def visible(text: str, longest: int = _LONGEST) -> str:
    """The text on one line, with every character that is not plainly seen written as its code point."""
    shown = "".join(_escaped(character) for character in text[:longest])
    shown = _COMMAND.sub(lambda found: f"\\x{ord(found[0][0]):02x}{found[0][1:]}", shown)
    return shown if len(text) <= longest else f"{shown}… ({len(text) - longest:,} more characters)"


_LONG_WORD: Final = re.compile(r"(\S{250})(\S+)")


def whole(sentence: str, longest: int = 4000) -> str:
    """Our own sentence with a stranger's names in it: the names are cut where they are too long, and nothing else."""
    cut = _LONG_WORD.sub(lambda found: f"{found[1]}… ({len(found[2]):,} more characters)", sentence)
    return visible(cut, longest)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _STEERING:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
