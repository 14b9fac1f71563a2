"""The files of a tree that may declare something, parsed as far as they do, and other files of it by their paths."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Problem, Unreadable
from lhmigrate.files.fields import Fields
from lhmigrate.files.yamltext import Mapping, Piece, Scalar, Sequence, parse, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as AnyMapping

    from lhmigrate.files.yamltext import Node

# A volume's storage class is the commonest mention of Longhorn in a tree, and declares nothing.
_MENTION: Final = re.compile(r"^(?![^\n]*storageClass)[^\n#]*(?:longhorn|suse-storage)", re.MULTILINE)
# The next is a HelmRelease of something else that waits for Longhorn's, as an item of `dependsOn`.
_OF_ITS_OWN: Final = re.compile(
    r"^(?![^\n]*storageClass| *- *name: *[\"']?longhorn[\"']? *\r?$)[^\n#]*(?:longhorn|suse-storage)", re.MULTILINE
)
_SIGN: Final = re.compile(
    "[cC]hart|HelmRelease|OCIRepository|targetRevision|helm:|longhorn-manager|longhorn/longhorn|releases:|"
    "dependencies:|appVersion:"
)
# Only what a template does, and no text of its own: the document around it can be read without.
_ACTION: Final = re.compile(r"^[ \t]*(?:\{\{(?:[^\n{}]|\{[^\n{}]*\})*\}\}[ \t]*)+$", re.MULTILINE)
_REFERENCE: Final = re.compile(
    r"^[^\n#]*(?:chart(?:Name|_name|_ref)?[\"']?\s*[:=]\s*[\"']?(?:[^\s\"']*/)?longhorn[\"']?\s*(?:[,}#\]]|$)"
    r"|longhornio/longhorn-manager:)",
    re.MULTILINE,
)


class Document(NamedTuple):
    """One document of a file."""

    file: str
    node: Node
    text: str = ""

    @property
    def refers(self) -> bool:
        """Whether its text refers to Longhorn's chart or images, whatever else is wrong with it."""
        return _REFERENCE.search(self.text) is not None


class Parser:
    """Parses each document once, also where two trees hold the same one."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, str], tuple[Piece, ...]] = {}
        self._parsed: dict[int, tuple[tuple[Document, ...], Problem | None]] = {}

    def pieces(self, file: str, text: str) -> tuple[Piece, ...]:
        """The documents of a file, as text."""
        if (file, text) not in self._pieces:
            self._pieces[file, text] = tuple(pieces(text, file)) if is_yaml(file) else ()
        return self._pieces[file, text]

    def documents(self, piece: Piece) -> tuple[tuple[Document, ...], Problem | None]:
        """What one of these pieces holds, or why it cannot be parsed."""
        if id(piece) not in self._parsed:
            self._parsed[id(piece)] = _parse(piece)
        return self._parsed[id(piece)]


class Tree:
    """A tree of files. It is given those that mention Longhorn, and can ask for any other by its path.

    Paths use `/` and count from the tree's root.
    """

    def __init__(
        self,
        files: AnyMapping[str, str],
        read: Callable[[str], str | None] = lambda _: None,
        parser: Parser | None = None,
    ) -> None:
        self.files = dict(sorted(files.items()))
        self._read = read
        self._parser = parser or Parser()
        self.unparsed: dict[str, Problem] = {}
        """Files with a document that cannot be parsed, each with the reason."""
        self.broken: dict[str, Problem] = {}
        """Those of them in which that document refers to Longhorn's chart."""

    def text(self, path: str) -> str | None:
        """A file's text; None where the tree has no such file."""
        return self.files[path] if path in self.files else self._read(path)

    def documents(self, file: str) -> list[Document]:
        """A file's documents that may declare something."""
        return [document for piece in self._pieces(file) if concerns(piece.text) for document in self._parsed(piece)]

    def every(self) -> Iterator[Document]:
        """Every file's."""
        for file in self.files:
            yield from self.documents(file)

    def mentioning(self, *words: str) -> list[Document]:
        """Documents of any file whose text has all of these words."""
        return [
            document
            for file in self.files
            for piece in self._pieces(file)
            if all(word in piece.text for word in words)
            for document in self._parsed(piece)
        ]

    def nearest(self, kind: str, name: str, to: str) -> list[Document]:
        """The objects of a kind and name; of several, those whose files share the longest way down with another."""
        found = [
            document
            for document in self.mentioning(kind, name)
            if kind_of(document.node)[1] == kind and name_of(document.node) == name
        ]
        depth = max((shared(document.file, to) for document in found), default=0)
        return [document for document in found if shared(document.file, to) == depth]

    def _pieces(self, file: str) -> tuple[Piece, ...]:
        return self._parser.pieces(file, self.files[file])

    def _parsed(self, piece: Piece) -> tuple[Document, ...]:
        found, problem = self._parser.documents(piece)
        if problem is not None:
            self.unparsed.setdefault(piece.file, problem)
            if _REFERENCE.search(piece.text):
                self.broken.setdefault(piece.file, problem)
        return found


def _parse(piece: Piece) -> tuple[tuple[Document, ...], Problem | None]:
    """A piece's documents; none where it cannot be parsed, and the reason."""
    try:
        return tuple(Document(piece.file, one, piece.text) for root in read(piece) for one in _listed(root)), None
    except Unreadable as error:
        return (), error.problem


def beside(file: str, path: str) -> str:
    """The path that a file means by one that counts from its own folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def rooted(path: str) -> str:
    """The path that is meant by one that counts from the root, with or without a slash before it."""
    return posixpath.normpath(path.lstrip("/"))


def concerns(text: str) -> bool:
    """Whether a document can declare Longhorn, as far as its words tell."""
    mention = _OF_ITS_OWN if "kind: HelmRelease" in text else _MENTION
    return _SIGN.search(text) is not None and mention.search(text) is not None


def read(piece: Piece) -> list[Node]:
    """The roots of a document that may hold a template's actions on lines of their own."""
    if "{{" in piece.text:
        blank = _ACTION.sub(lambda found: " " * len(found[0]), piece.text)
        piece = piece._replace(text=blank)
    return parse(piece)


def nested(node: Scalar) -> list[Node]:
    """The YAML that a text in YAML holds. Lines are right for block scalars, columns count from the text's edge."""
    line = node.line if "\n" in node.text else node.line - 1
    return parse(Piece(node.file, node.text, 0, line))


def is_yaml(file: str) -> bool:
    """Whether a file is read as YAML, by its name."""
    return file.endswith((".yaml", ".yml", ".json", ".yaml.gotmpl", ".yml.gotmpl", "Kustomization"))


def _listed(node: Node) -> Iterator[Node]:
    """The objects of a list as `kubectl get` writes it, or the node itself."""
    if kind_of(node) == ("", "List"):
        yield from items(at(node, "items"))
    else:
        yield node


def at(node: Node | None, *keys: str) -> Node | None:
    """What stands at the end of a way of keys; None where it leads nowhere. May raise `Unreadable`."""
    for key in keys:
        if not isinstance(node, Mapping):
            return None
        node = Fields(node, "this").get(key)
    return node


def text_at(node: Node | None, *keys: str) -> str:
    """The text there, whatever type YAML makes of it: `1.10` is a version, not a number. Empty where none is."""
    found = at(node, *keys)
    return found.text if isinstance(found, Scalar) else ""


def items(node: Node | None) -> list[Node]:
    """A list's items; none where there is no list."""
    return node.items if isinstance(node, Sequence) else []


def pairs(node: Node | None) -> list[tuple[str, Node]]:
    """An object's fields; none where there is no object."""
    return list(Fields(node, "this").all()) if isinstance(node, Mapping) else []


def kind_of(node: Node) -> tuple[str, str]:
    """An object's API group and kind; empty where it is no Kubernetes object."""
    if not isinstance(node, Mapping):
        return "", ""
    known = {key.text: value for key, value in node.pairs if isinstance(key, Scalar)}
    version, kind = known.get("apiVersion"), known.get("kind")
    if not isinstance(version, Scalar) or not isinstance(kind, Scalar):
        return "", kind.text if isinstance(kind, Scalar) else ""
    return version.text.rpartition("/")[0], kind.text


def name_of(node: Node) -> str:
    """An object's name."""
    return text_at(node, "metadata", "name")


def shared(one: str, other: str) -> int:
    """How many folders two files have in common, from the top."""
    depth = 0
    for mine, theirs in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if mine != theirs:
            break
        depth += 1
    return depth
