"""New documents: at the end of a file, in a file of their own beside another, or as a snippet to paste."""

from __future__ import annotations

import re
from typing import Final

from lhmigrate.errors import Place, Problem, Unreadable
from lhmigrate.files.fields import plain
from lhmigrate.files.yamltext import Node, parse, pieces
from lhmigrate.yamledit.layout import BREAKS
from lhmigrate.yamledit.ops import CannotEdit, Commented, Data, Splice, bare
from lhmigrate.yamledit.proof import same
from lhmigrate.yamledit.sites import cannot
from lhmigrate.yamledit.style import Evidence, Style, is_json
from lhmigrate.yamledit.write import Writer, comment_lines

# Possessive: what follows a comment's `#` may be blank, too, and so there are as many ways to split a text into such
# pieces as there are subsets of its lines.
_NOTHING = re.compile(rf"(?:---(?=[ \t{BREAKS}]|\Z))?(?:[ \t\ufeff{BREAKS}]++|#[^{BREAKS}]*+)*+")
_FIRST_LINE = re.compile(rf"(?:[ \t{BREAKS}]++|#[^{BREAKS}]*+)*+(---)?")
_UNREAD: Final = "cannot be written so that it reads as intended; write it by hand"


def render(data: Data, text: str = "", like: Node | None = None) -> str:
    """Data as text in the style of a document of `text`; else in Kubernetes' usual one. Ends with a line break."""
    writer = _writer(text, like)
    return "".join(line + writer.style.line_break for line in _lines(writer, data, like))


def new_file(data: Data, text: str, like: Node) -> str:
    """A file's text that looks like it came from whoever wrote `text`: quotes, indentation, line ends, `---` or not.

    `like` is the root of one of its documents. Raises `CannotEdit`.
    """
    new = render(data, text, like)
    first = _FIRST_LINE.match(text)
    if first and first[1]:
        new = f"---{_writer(text, like).style.line_break}{new}"
    _prove(new, "", data, like)
    return new


def append_document(text: str, data: Data, like: Node) -> Splice:
    """What to add to a file for one more document, in the style of the one whose root is `like`.

    Raises `CannotEdit`, where the file is JSON, for one, which holds no second document.
    """
    if not (text[: like.start] + text[like.end :]).strip() and is_json(text, like):
        raise CannotEdit(Problem(Place(like.file), "is JSON, and holds one document; write another file beside it"))
    writer = _writer(text, like)
    line_break = writer.style.line_break
    *_, last = pieces(text, like.file)
    lines = _lines(writer, data, like)
    is_empty = _NOTHING.fullmatch(last.text) is not None
    if not (is_empty and (last.text.startswith("---") or not last.start)):
        lines.insert(0, "---")
    if last.start and is_empty and not last.text.startswith("---"):
        lines.append("...")  # as the document before it ended
    new = line_break.join(lines)
    ended = not text or text.endswith(tuple(BREAKS))
    splice = Splice(len(text), len(text), f"{new}{line_break}" if ended else f"{line_break}{new}")
    _prove(text + splice.text, text, data, like)
    return splice


def _writer(text: str, like: Node | None) -> Writer:
    evidence = Evidence(text, like)
    style = Style(evidence, like.start, [(like.start, like.end)]) if like else Style(evidence)
    return Writer(evidence.layout, style)


def _lines(writer: Writer, data: Data, like: Node | None) -> list[str]:
    above: list[str] = []
    while isinstance(data, Commented):
        above.extend(comment_lines(data.comment))
        data = data.value
    return [*([] if writer.style.json else above), *writer.inline_or_block(data, None, like)]


def _prove(new: str, old: str, data: Data, like: Node) -> None:
    """Raises `CannotEdit` unless the new text holds the documents of the old one, and then this one."""
    before, after = (list(pieces(text, like.file)) if text else [] for text in (old, new))
    last = max(len(before) - 1, 0)
    try:
        kept = [plain(root) for piece in before[last:] for root in parse(piece) if root.end > root.start]
        found = [plain(root) for piece in after[last:] for root in parse(piece)]
    except Unreadable as error:
        raise CannotEdit(error.problem) from None
    untouched = all(one.text == other.text for one, other in zip(before[:last], after, strict=False))
    if not untouched or not new.startswith(old) or not same(found, [*kept, bare(data)]):
        raise cannot(like, _UNREAD)
