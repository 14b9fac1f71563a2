"""Calico's selector expressions, as text, to `Selector`.

    label == 'x'   label != 'x'   label in {'x', 'y'}   label not in {'x', 'y'}   has(label)
    label contains 'x'   label starts with 'x'   label ends with 'x'   all()   global()
    ! one   one && other   one || other   ( one )

The grammar is that of projectcalico/calico, libcalico-go/lib/selector (tokenizer/tokenizer.go, parser/parser.go):
`&&` binds closer than `||`; `!` takes the one comparison or parenthesis after it; quotes are single or double,
without escapes; blanks and tabs separate, line breaks do not; `not in`, `starts with` and `ends with` may be written
as one word. Nothing at all is `all()`. It is read in a loop, because its nesting comes from strangers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lhmigrate.files.fields import string, wrong
from lhmigrate.model.labels import EVERYTHING, NOTHING, Operator, Requirement, Selector

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node

LONGEST: Final = 1024
"""Characters in an expression (api/pkg/apis/projectcalico/v3: MaxLength of every selector)."""
_LONGEST_LABEL: Final = 512
"""Characters in a label's name (tokenizer.go, MaxLabelLength)."""

_BLANK: Final = re.compile(r"[ \t]*+")
_LABEL: Final = re.compile(r"[A-Za-z0-9_./-]++")
_STRING: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_CALL: Final = re.compile(r"(all|global)\([ \t]*\)|has\([ \t]*([A-Za-z0-9_./-]++)[ \t]*\)")
_END_OF_WORD: Final = r"(?![A-Za-z0-9_./-])"
_OPERATOR: Final = re.compile(
    rf"(?P<eq>==)|(?P<ne>!=)|(?P<in>in{_END_OF_WORD})|(?P<not_in>not[ \t]*in{_END_OF_WORD})"
    rf"|(?P<contains>contains{_END_OF_WORD})|(?P<starts>starts[ \t]*with{_END_OF_WORD})"
    rf"|(?P<ends>ends[ \t]*with{_END_OF_WORD})"
)
_PARTS: Final = {"contains": Operator.CONTAINS, "starts": Operator.STARTS_WITH, "ends": Operator.ENDS_WITH}


def read_expression(node: Node, what: str) -> Selector:
    """The selector of a field. Raises `Unreadable` where Calico would refuse the expression."""
    text = string(node, what)
    if len(text) > LONGEST:
        raise wrong(node, f"{what} is longer than {LONGEST} characters, which Calico refuses")
    try:
        return parse(text)
    except SelectorError as error:
        raise wrong(node, f"{what} is no selector that Calico reads: {error}") from None


class SelectorError(ValueError):
    """What is wrong with an expression, and at which of its characters."""


def parse(text: str) -> Selector:
    """The selector that an expression means; a `SelectorError` where it is none."""
    reader = _Reader(text)
    if reader.at_end():
        return EVERYTHING
    groups = [_Group()]
    while True:
        negated = reader.negations()
        if reader.take("("):
            groups.append(_Group(negated=negated))
            continue
        operand = reader.operand()
        groups[-1].add(operand.negated() if negated else operand)
        while len(groups) > 1 and reader.take(")"):
            closed = groups.pop()
            groups[-1].add(closed.meaning())
        if reader.take("||"):
            groups[-1].another()
        elif not reader.take("&&"):
            break
    if len(groups) > 1:
        raise reader.error("a closing ) is missing")
    if not reader.at_end():
        raise reader.error("&& or || is expected")
    return groups[0].meaning()


class _Group:
    """What stands between two parentheses, as far as it was read: alternatives, the last of them still open."""

    def __init__(self, *, negated: bool = False) -> None:
        self._negated = negated
        self._done = NOTHING
        self._open = EVERYTHING

    def add(self, operand: Selector) -> None:
        """One more that must hold, too."""
        self._open &= operand

    def another(self) -> None:
        """An `||`."""
        self._done |= self._open
        self._open = EVERYTHING

    def meaning(self) -> Selector:
        """All of it as one selector."""
        whole = self._done | self._open
        return whole.negated() if self._negated else whole


class _Reader:
    """A place in an expression. What is taken is behind it, with the blanks after that."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    def at_end(self) -> bool:
        """Whether everything was taken."""
        return self._at == len(self._text)

    def error(self, message: str) -> SelectorError:
        """The complaint about this place."""
        where = "at its end" if self.at_end() else f"at character {self._at + 1}"
        return SelectorError(f"{where}, {message}")

    def take(self, token: str) -> bool:
        """Takes what stands here if it is this."""
        found = self._text.startswith(token, self._at)
        if found:
            self._at += len(token)
            self._skip()
        return found

    def negations(self) -> bool:
        """Takes any number of `!`: whether they negate what follows."""
        negated = False
        while self.take("!"):
            negated = not negated
        return negated

    def operand(self) -> Selector:
        """Takes a comparison or a call."""
        call = self._match(_CALL)
        if call is not None:
            # Calico rewrites global() in a namespaceSelector before it comes here; in itself it is all().
            return Selector((Requirement(call[2], Operator.EXISTS),)) if call[2] else EVERYTHING
        start = self._at
        label = self._match(_LABEL)
        if label is None:
            raise self.error("a label's name, has(label), all() or ( is expected")
        if len(label[0]) > _LONGEST_LABEL:
            self._at = start
            raise self.error(f"the label's name is longer than {_LONGEST_LABEL} characters")
        operator = self._match(_OPERATOR)
        if operator is None:
            raise self.error(
                f"after {label[0]}, one of ==, !=, in, not in, contains, starts with and ends with is expected"
            )
        return self._comparison(label[0], operator.lastgroup or "")

    def _comparison(self, label: str, operator: str) -> Selector:
        if operator in {"in", "not_in"}:
            values = self._set()
            among = Selector((Requirement(label, Operator.IN, values),)) if values else NOTHING
            return among if operator == "in" else among.negated()
        value = self._string()
        if operator in _PARTS:
            # Every value contains the empty text.
            part = Requirement(label, _PARTS[operator], frozenset({value}))
            return Selector((part if value else Requirement(label, Operator.EXISTS),))
        return Selector((Requirement(label, Operator.IN if operator == "eq" else Operator.NOT_IN, frozenset({value})),))

    def _set(self) -> frozenset[str]:
        if not self.take("{"):
            raise self.error("values in braces are expected, as in {'x', 'y'}")
        values: set[str] = set()
        # parser.go takes an empty set, and a comma after the last value.
        while not self.take("}"):
            values.add(self._string())
            if not self.take(",") and not self._text.startswith("}", self._at):
                raise self.error("a closing } is missing")
        return frozenset(values)

    def _string(self) -> str:
        found = self._match(_STRING)
        if found is None:
            raise self.error("a value in quotes is expected")
        return found[1] if found[1] is not None else found[2]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            self._skip()
        return found

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found is not None else self._at
