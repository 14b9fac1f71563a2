"""Tells without parsing that a document is a policy of some namespace, where its text says so plainly.

A GitOps tree holds hundreds of policies of other applications. Parsing them costs more than everything else
together, and none of them can touch a flow of Longhorn's: a NetworkPolicy selects pods of its own namespace only.
"""

from __future__ import annotations

import re
from typing import Final

from lhmigrate.dialects import CLUSTER_WIDE

# An object written as nearly everybody writes one: top-level keys at the left margin, block style, one `metadata`.
KIND: Final = re.compile(r"^kind: *[\"']?(\w*NetworkPolicy)[\"']? *(?:#.*)?\r?$", re.MULTILINE)
_METADATA: Final = re.compile(r"^metadata: *(?:#.*)?\r?\n((?:[ ]+\S.*\n|[ \t]*(?:#.*)?\r?\n)+)", re.MULTILINE)
_TOP: Final = re.compile(r"^([^\s#-][^:\r\n]*)", re.MULTILINE)
_USUAL: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_FIRST: Final = re.compile(r"^( +)[^ #]", re.MULTILINE)
_STRANGE: Final = re.compile(r"[&*{}<>|\[\]\\]|^[^\s#\w.-]|^[^\"\n]*\"[^\"\n]*$|^[^'\n]*'[^'\n]*$", re.MULTILINE)
"""Anchors, aliases, merge keys, flow style, block scalars, text over several lines: whoever uses them gets parsed."""


def namespace(text: str) -> str | None:
    """The namespace of a policy; None where only parsing can tell, or where it is no policy."""
    kinds = KIND.findall(text)
    top = _TOP.findall(text)
    if len(kinds) != 1 or kinds[0] in CLUSTER_WIDE or len(set(top)) < len(top) or not _USUAL.issuperset(top):
        return None
    blocks = _METADATA.findall(text)
    if len(blocks) != 1 or _STRANGE.search(blocks[0]):
        return None
    first = _FIRST.search(blocks[0])
    if first is None:
        return None
    keys = re.findall(rf"^{first[1]}([^\s#:][^:\r\n]*)", blocks[0], re.MULTILINE)
    found = re.findall(rf"^{first[1]}namespace: *[\"']?([a-z0-9-]+)[\"']? *(?:#.*)?\r?$", blocks[0], re.MULTILINE)
    return found[0] if len(found) == [key.strip(" '\"") for key in keys].count("namespace") == 1 else None
