"""Edits of YAML and JSON: each file of tests/edits/ is one, as before, operations, after.

A file begins with a sentence that says what it shows. An operation is a line: `append ROUTE ITEM...`,
`insert ROUTE ITEM...`,
`put ROUTE KEY VALUE`, `remove ROUTE`, `replace ROUTE VALUE`. A route is a JSON Pointer (RFC 6901); `#1/spec` begins
in the file's second document. Values are flow YAML, with `!commented [COMMENT, VALUE]` for one with a comment above.
By themselves stand `document VALUE`, one more at the end of the file, and `file VALUE`, a new one beside it; both
are written as its last document is. In the texts <CR>, <TAB>, <NEL>, <LS> and <PS> stand for what
nobody can see, and <END> for the end of a file that has no line break there.
`pytest tests/test_edits.py --update` rewrites the results; then read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from lhmigrate.files.yamltext import Mapping, Node, Scalar, Sequence, parse, pieces
from lhmigrate.yamledit import (
    Append,
    CannotEdit,
    Commented,
    Data,
    Insert,
    Op,
    Put,
    Remove,
    Replace,
    Route,
    append_document,
    apply,
    edit,
    new_file,
)

EDITS = Path(__file__).parent / "edits"
INVISIBLE = {"<CR>": "\r", "<TAB>": "\t", "<NEL>": "\x85", "<LS>": "\u2028", "<PS>": "\u2029", "<END>\n": ""}


class Case(NamedTuple):
    """One file of tests/edits/."""

    about: str
    before: str
    ops: str
    after: str

    @classmethod
    def read(cls, file: Path) -> Case:
        return cls(*re.split(r"^=== .*\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE))

    def __str__(self) -> str:
        return f"{self.about}=== before\n{self.before}=== ops\n{self.ops}=== after\n{self.after}"


def plainly(text: str) -> str:
    """A text with its invisible characters."""
    for name, char in INVISIBLE.items():
        text = text.replace(name, char)
    return text


def visibly(text: str) -> str:
    """A text with names for its invisible characters."""
    for name, char in INVISIBLE.items():
        text = text.replace(char, name) if char else text
    return text if text.endswith("\n") else text + "<END>\n"


def roots(text: str, file: str) -> list[Node]:
    return [root for piece in pieces(text, file) for root in parse(piece)]


def route(root: Node, pointer: str) -> Route:
    """A JSON Pointer as a route. Whether a step is an index depends on what is there."""
    steps: list[str | int] = []
    node: Node | None = root
    for part in pointer.split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Sequence):
            steps.append(int(step))
            node = node.items[int(step)] if int(step) < len(node.items) else None
        else:
            steps.append(step)
            pairs = node.pairs if isinstance(node, Mapping) else []
            node = next((value for key, value in pairs if isinstance(key, Scalar) and key.text == step), None)
    return tuple(steps)


def read_op(line: str, documents: list[Node]) -> tuple[int, Op]:
    """One line of operations, and the document that it is for."""
    word, where, *rest = line.split(" ", 2)
    number, slash, pointer = where.removeprefix("#").partition("/")
    document = int(number or 0)
    here = route(documents[document], slash + pointer)
    given = rest[0] if rest else ""
    match word:
        case "append":
            return document, Append(here, tuple(value(f"[{given}]")))
        case "insert":
            return document, Insert(here, tuple(value(f"[{given}]")))
        case "put":
            key, _, written = given.partition(" ")
            return document, Put(here, str(value(f"'{key}'")), value(written))
        case "remove":
            return document, Remove(here)
        case "replace":
            return document, Replace(here, value(given))
    raise ValueError(line)


class Loader(yaml.SafeLoader):
    """Reads comments as well."""


def commented(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> Commented:
    comment, data = loader.construct_sequence(node, deep=True)
    return Commented(comment, data)


Loader.add_constructor("!commented", commented)


def value(text: str) -> Data:
    return yaml.load(text, Loader)  # noqa: S506 - it is a safe one


def result(case: Case, file: str) -> str:
    """The text after the edit, or why it is refused."""
    text = plainly(case.before)
    documents = roots(text, file)
    word, _, given = case.ops.partition(" ")
    try:
        if word == "document":
            return apply(text, [append_document(text, value(given), documents[-1])])
        if word == "file":
            return new_file(value(given), text, documents[-1])
    except CannotEdit as refusal:
        return f"refused: {refusal.problem}\n"
    wanted: dict[int, list[Op]] = {}
    for line in case.ops.splitlines():
        document, op = read_op(line, documents)
        wanted.setdefault(document, []).append(op)
    try:
        return edit(text, [(documents[number], ops) for number, ops in wanted.items()]).new
    except CannotEdit as refusal:
        return f"refused: {refusal.problem}\n"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sorted(EDITS.glob("*.txt"))])
def test_edit(path: Path, update: bool) -> None:
    case = Case.read(path)
    found = result(case, "policy.json" if path.stem.startswith("json") else "policy.yaml")
    if update:
        path.write_text(str(case._replace(after=visibly(found))), encoding="utf-8")
        return
    assert found == plainly(case.after)


REPEATED = {
    "comments that end with blanks": "# why \t\n" * 64 + "a: 1\n",
    "comments of many marks": "# # # # \n" * 64 + "a: 1\n",
    "empty lines within a text, that end with two characters": "a: |\r\n  one\r\n" + "\r\n" * 64 + "  two\r\n",
}


@pytest.mark.parametrize("text", REPEATED.values(), ids=REPEATED.keys())
def test_no_text_takes_longer_than_it_is_long(text: str) -> None:
    """Nothing is measured: were as many ways to read these tried as they have subsets of lines, this would not end."""
    [root] = roots(text, "f.yaml")
    assert apply(text, [append_document(text, {"b": 2}, root)]).startswith(text)
    assert edit(text, [(root, [Put((), "b", 2)])]).new.startswith(text)
