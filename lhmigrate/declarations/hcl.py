"""As much of HCL as tells what a Terraform block says literally, and where.

The syntax is that of hashicorp/hcl hclsyntax/spec.md. Whatever is not literal is kept as `${...}`: filled in later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NESTED: Final = 100

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][\w-]*")
_SPACE: Final = re.compile(r"(?:[\s,]|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_BLANK: Final = re.compile(r"(?:[ \t\r]|/\*.*?\*/)*")
_HEREDOC: Final = re.compile(r"<<(-?)([A-Za-z_]\w*)[ \t\r]*\n")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WORDS: Final = {"true": True, "false": False, "null": None}


class NotHcl(ValueError):  # noqa: N818 - the text is at fault
    """The text is not HCL, or more deeply nested than anybody writes it. Holds the index where that shows."""

    def __init__(self, at: int) -> None:
        super().__init__("is not HCL")
        self.at = at


class Call(NamedTuple):
    """A function with its arguments."""

    function: str
    arguments: tuple[Any, ...]


class Attribute(NamedTuple):
    """`name = value`, and where in the text the value begins."""

    value: Any
    """A string, number, boolean, None, list, dict or `Call`."""
    at: int


class Block(NamedTuple):
    """A block with its labels, attributes and inner blocks, and where in the text it begins."""

    kind: str
    labels: tuple[str, ...]
    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]
    at: int


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a file. Raises `NotHcl`."""
    try:
        return _Parser(text).body(0)[1]
    except IndexError:
        raise NotHcl(len(text)) from None


class _Parser:
    """Reads a text from its beginning; `_at` is how far it came."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def body(self, depth: int) -> tuple[dict[str, Attribute], tuple[Block, ...]]:
        """Attributes and blocks, up to the closing brace or the end of the file."""
        if depth > MOST_NESTED:
            raise NotHcl(self._at)
        attributes: dict[str, Attribute] = {}
        inner: list[Block] = []
        for name, begin in self._names(depth):
            if self._text.startswith(("=", ":"), self._at):
                self._at += 1
                self._skip(_BLANK)
                here = self._at
                attributes[name] = Attribute(self._value(depth), here)
            else:
                inner.append(self._block(name, begin, depth))
        return attributes, tuple(inner)

    def _names(self, depth: int) -> Iterator[tuple[str, int]]:
        """What each statement begins with; the reader is then behind it."""
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                if depth:
                    raise NotHcl(self._at)
                return
            if self._text[self._at] == "}" and depth:
                self._at += 1
                return
            begin = self._at
            name = self._string() if self._text[begin] == '"' else self._identifier()
            self._skip(_BLANK)
            yield name, begin

    def _block(self, kind: str, begin: int, depth: int) -> Block:
        labels = []
        while self._text[self._at] != "{":
            labels.append(self._string() if self._text[self._at] == '"' else self._identifier())
            self._skip(_BLANK)
        self._at += 1
        attributes, inner = self.body(depth + 1)
        return Block(kind, tuple(labels), attributes, inner, begin)

    def _value(self, depth: int) -> Any:  # noqa: ANN401 - whatever the text says
        """An expression. One that is more than a literal or a call is kept as `${...}`."""
        begin = self._at
        value = self._literal(depth)
        self._skip(_BLANK)
        if self._at >= len(self._text) or self._text[self._at] in "\n,]})#" or self._text.startswith("//", self._at):
            return value
        self._rest()
        return f"${{{self._text[begin : self._at].strip()}}}"

    def _literal(self, depth: int) -> Any:  # noqa: ANN401 - whatever the text says
        character = self._text[self._at]
        if character == '"':
            return self._string()
        if heredoc := _HEREDOC.match(self._text, self._at):
            return self._heredoc(heredoc)
        if character == "{":
            self._at += 1
            attributes, _ = self.body(depth + 1)
            return {name: attribute.value for name, attribute in attributes.items()}
        if character == "[":
            self._at += 1
            return self._list("]", depth + 1)
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return float(number[0]) if set(number[0]) & set(".eE") else int(number[0])
        if not _IDENTIFIER.match(self._text, self._at):
            return None
        word = self._identifier()
        if self._text.startswith("(", self._at):
            self._at += 1
            return Call(word, tuple(self._list(")", depth + 1)))
        return _WORDS.get(word, f"${{{word}}}")

    def _list(self, closing: str, depth: int) -> list[Any]:
        if depth > MOST_NESTED:
            raise NotHcl(self._at)
        found: list[Any] = []
        while True:
            self._skip(_SPACE)
            if self._text[self._at] == closing:
                self._at += 1
                return found
            before = self._at
            found.append(self._value(depth))
            if self._at == before:
                raise NotHcl(self._at)

    def _string(self) -> str:
        """A text in quotes, its interpolations (which may hold quotes) left as they are."""
        parts, self._at = [], self._at + 1
        while (character := self._text[self._at]) != '"':
            if self._text.startswith(("${", "%{"), self._at):
                begin, self._at = self._at, self._at + 2
                self._rest("}")
                self._at += 1
                parts.append(self._text[begin : self._at])
                continue
            if character == "\n":
                raise NotHcl(self._at)
            if character == "\\":
                self._at += 1
                character = _ESCAPES.get(self._text[self._at], self._text[self._at])
            parts.append(character)
            self._at += 1
        self._at += 1
        return "".join(parts)

    def _heredoc(self, begin: re.Match[str]) -> str:
        """The lines up to the marker; with `<<-`, without what all of them are indented by."""
        end = re.compile(rf"^[ \t]*{begin[2]}[ \t\r]*$", re.MULTILINE).search(self._text, begin.end())
        if end is None:
            raise NotHcl(self._at)
        text = self._text[begin.end() : end.start()]
        self._at = end.end()
        margins = [len(line) - len(line.lstrip(" ")) for line in text.splitlines() if line.strip()]
        margin = min(margins, default=0) if begin[1] else 0
        return "".join(line[margin:] if line.strip() else "\n" for line in text.splitlines(keepends=True))

    def _rest(self, closing: str = "") -> None:
        """Skips what is left of an expression: to the end of the line or item, brackets and texts as wholes."""
        depth = 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if not depth and (character == closing or (not closing and character in "\n,]})")):
                return
            if character == '"':
                self._string()
                continue
            depth += (character in "([{") - (character in ")]}")
            self._at += 1
        if closing:
            raise NotHcl(self._at)

    def _identifier(self) -> str:
        found = _IDENTIFIER.match(self._text, self._at)
        if found is None:
            raise NotHcl(self._at)
        self._at = found.end()
        return found[0]

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
