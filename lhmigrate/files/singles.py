"""Files of the user's that hold one document: configuration, Helm values, kustomizations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lhmigrate.errors import Place, Refusal, Unreadable
from lhmigrate.files.yamltext import parse, pieces

if TYPE_CHECKING:
    from lhmigrate.files.yamltext import Node


def document(file: str, text: str | None = None) -> Node | None:
    """The one document of a file, or of a text in its place; None where it is empty. Raises `Refusal`."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig") if text is None else text
    except OSError as error:
        raise Refusal(f"cannot be read: {error.strerror}", Place(file)) from None
    except UnicodeDecodeError:
        raise Refusal("is not UTF-8", Place(file)) from None
    except ValueError:
        raise Refusal("no file can have this name", Place(file)) from None
    try:
        roots = [root for piece in pieces(text, file) for root in parse(piece)]
    except Unreadable as error:
        raise Refusal(error.problem.message, error.problem.place) from None
    if len(roots) > 1:
        raise Refusal("holds more than one document, and one is expected", roots[1].place)
    return roots[0] if roots else None
