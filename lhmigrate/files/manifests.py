"""From YAML documents to the objects that matter here: policies, namespaces, and lists of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lhmigrate.dialects import policy_kind, tier_reader
from lhmigrate.errors import Place, Problem, Unreadable
from lhmigrate.files import skim
from lhmigrate.files.fields import Fields, absent, kind_of, node_of
from lhmigrate.files.scan import BESIDE, MENTIONS
from lhmigrate.files.yamltext import Mapping, Scalar, parse, pieces
from lhmigrate.model.labels import EVERYTHING
from lhmigrate.model.peers import Unclear
from lhmigrate.model.policy import DEFAULT, FIRST, UNPLACED, USUAL, Action, Direction, Policy, Rule
from lhmigrate.model.ports import EVERY_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Mapping as Mapping_

    from lhmigrate.dialects.common import Kind
    from lhmigrate.files.yamltext import Node, Piece
    from lhmigrate.judging.tiers import Declared

_MENTIONS: Final = MENTIONS.decode()
_OTHERS = re.compile(
    rf"^[\"']?kind[\"']?\s*:\s*[\"']?(?:{'|'.join(BESIDE)})(?:List)?[\"']?\s*(?:,\s*)?$"
    rf"|\"kind\"\s*:\s*\"(?:{'|'.join(BESIDE)})(?:List)?\"|^[ -]+kind: *[\"']?HostEndpoint\b",
    re.MULTILINE,
)
"""What else concerns us."""
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\x85\u2028\u2029]))#[^\n\r\x85\u2028\u2029]*", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{|\$\{(?=[A-Za-z_])")

_HELM = (
    "is a Helm template, not a manifest: render it and pass the result, as in "
    "`helm template RELEASE CHART | lhmigrate plan --from A --to B -`"
)
_FLUX = (
    "has a ${VARIABLE} that is replaced only when it is applied: pass the rendered manifests, as in "
    "`flux build kustomization NAME | lhmigrate plan --from A --to B -`"
)


class Objects(NamedTuple):
    """What one file holds, as far as it concerns us."""

    policies: tuple[Policy, ...] = ()
    namespaces: tuple[tuple[str, dict[str, str]], ...] = ()
    """Names with labels."""
    documents: int = 0
    """Documents looked into."""
    unread: tuple[Problem, ...] = ()
    elsewhere: int = 0
    """Policies of namespaces that do not concern us: counted, not read."""
    tiers: tuple[Declared, ...] = ()


def read(text: str, file: str, concerning: frozenset[str] | None = None) -> Objects:
    """Every policy and namespace of a file's text. What cannot be read is listed, and the rest is read.

    With `concerning`, policies that plainly belong to other namespaces are counted and not read.
    """
    found: list[Objects] = []
    elsewhere = 0
    for piece in pieces(text, file):
        if _concerns_us(piece.text):
            namespace = None if concerning is None else skim.namespace(piece.text)
            if namespace is None or concerning is None or namespace in concerning:
                found.append(_piece(piece))
            else:
                elsewhere += 1
    return _joined(found)._replace(elsewhere=elsewhere)


def read_object(value: Mapping_[str, Any], place: str) -> Objects:
    """One object that an API server showed: what a file would say that holds it."""
    return _object(node_of(value, Scalar(place, 0, 0, 0, 0, "", quoted=False)), templated=False)._replace(documents=1)


def _joined(parts: Sequence[Objects]) -> Objects:
    return Objects(
        tuple(policy for part in parts for policy in part.policies),
        tuple(namespace for part in parts for namespace in part.namespaces),
        sum(part.documents for part in parts),
        tuple(problem for part in parts for problem in part.unread),
        tiers=tuple(tier for part in parts for tier in part.tiers),
    )


def _piece(piece: Piece) -> Objects:
    """One document. A template is told from a broken one by its braces, outside comments."""
    place = Place(piece.file, piece.line + 1 + _blank_lines(piece.text))
    templated = _PLACEHOLDER.search(piece.text) is not None
    bare = _COMMENT.sub("", piece.text) if templated else piece.text
    found = _PLACEHOLDER.search(bare)
    if found and skim.KIND.search(bare):
        line = piece.line + 1 + bare.count("\n", 0, found.start())
        problem = Problem(Place(piece.file, line), _HELM if found[0] == "{{" else _FLUX)
        return Objects(documents=1, unread=(problem,), policies=(_unclear(problem, None, place),))
    try:
        roots = parse(piece)
    except Unreadable as error:
        # What looks like a comment may be part of a string; the closing quotes then follow in the same line.
        if not _concerns_us(_COMMENT.sub(lambda found: found[0] if {"'", '"'} & set(found[0]) else "", piece.text)):
            return Objects(documents=1)
        return Objects(documents=1, unread=(error.problem,), policies=(_unclear(error.problem, None, place),))
    objects = _joined([_object(root, templated=templated) for root in roots])
    return objects._replace(documents=len(roots))


def _concerns_us(text: str) -> bool:
    named = any(word in text for word in BESIDE)
    return _MENTIONS in text or (named and _OTHERS.search(text) is not None)


def _blank_lines(text: str) -> int:
    return text.count("\n", 0, len(text) - len(text.lstrip("-\r\n \t"))) if text.strip("-\r\n \t") else 0


def _object(node: Node, usual: tuple[str, str] = ("", ""), *, templated: bool) -> Objects:
    """One object, or a list of them as `kubectl get` writes it; `usual` is what an item of a list is unless it says."""
    if absent(node):
        return Objects()
    try:
        if not isinstance(node, Mapping):
            raise Unreadable(Problem(node.place, f"a Kubernetes object is expected here, not {kind_of(node)}"))
        fields = Fields(node, "object")
        version = fields.string("apiVersion") or usual[0]
        kind = fields.string("kind") or usual[1]
        group = version.rpartition("/")[0]
        listed = fields.items("items") if kind.endswith("List") else None
    except Unreadable as error:
        return Objects(unread=(error.problem,), policies=(_unclear(error.problem, None, node.place),))
    if listed is not None:
        usual = (version, kind.removesuffix("List"))
        return _joined([_object(item, usual, templated=templated) for item in listed])
    if kind == "Namespace" and not group:
        return _namespace(fields)
    read_tier = tier_reader(group, kind)
    if read_tier is not None:
        return _tier(fields, read_tier)
    known = policy_kind(group, kind)
    if known is not None or kind.endswith("NetworkPolicy"):
        return _policy(fields, known, kind, templated=templated)
    return Objects()


def _policy(fields: Fields, kind: Kind | None, name: str, *, templated: bool) -> Objects:
    place = fields.node.place
    denies = kind is None or kind.denies
    problem = _placeholder(fields.node) if templated else None
    if problem is not None:
        # Whatever it will say, it could be its name or namespace, too.
        policy = replace(_unclear(problem, None, place, denies=denies), kind=name)
    elif kind is None:
        problem = Problem(place, f"is a {name} (another API's), which this version cannot judge yet")
        policy = replace(_unclear(problem, fields, place, denies=denies), kind=name)
    else:
        try:
            return Objects(policies=kind.read(fields))
        except Unreadable as error:
            problem, outline = error.problem, kind.outline(fields)
        policy = replace(_unclear(problem, fields, place, denies=denies), kind=name, **outline._asdict())
    if kind is not None:
        policy = replace(policy, dialect=kind.dialect)
        if kind.cluster_wide:
            policy = replace(policy, namespace=None, namespaces=policy.namespaces or EVERYTHING)
    return Objects(policies=(policy,), unread=(problem,))


def _placeholder(node: Node) -> Problem | None:
    """The first text in an object that stands for something else."""
    pending, seen = [node], set[int]()
    while pending:
        one = pending.pop()
        if isinstance(one, Scalar):
            found = _PLACEHOLDER.search(one.text)
            if found:
                return Problem(one.place, _HELM if found[0] == "{{" else _FLUX)
        elif id(one) not in seen:
            seen.add(id(one))
            inner = [part for pair in one.pairs for part in pair] if isinstance(one, Mapping) else one.items
            pending.extend(reversed(inner))
    return None


def _namespace(fields: Fields) -> Objects:
    try:
        metadata = fields.fields("metadata")
        name = metadata.string("name") if metadata else None
        labels = metadata.strings("labels") if metadata else {}
    except Unreadable as error:
        return Objects(unread=(error.problem,))
    return Objects(namespaces=((name, labels),) if name else ())


def _tier(fields: Fields, read: Callable[[Fields], Declared]) -> Objects:
    try:
        return Objects(tiers=(read(fields),))
    except Unreadable as error:
        return Objects(unread=(error.problem,))


def _unclear(problem: Problem, fields: Fields | None, place: Place, *, denies: bool = False) -> Policy:
    """A policy of which we only know that it is there: it may select, isolate and let in anybody, or deny it."""
    name, namespace = "(unread)", None
    if fields is not None:
        try:
            metadata = fields.fields("metadata")
            name = (metadata.string("name") if metadata else None) or name
            namespace = (metadata.string("namespace") if metadata else None) or None
        except Unreadable:
            pass
    return Policy(
        kind="policy",
        name=name,
        namespace=namespace,
        place=place,
        selects=EVERYTHING,
        isolates=frozenset(Direction),
        ingress=_anything(Direction.INGRESS, place, denies=denies),
        egress=_anything(Direction.EGRESS, place, denies=denies),
        tier=UNPLACED if denies else DEFAULT,
        unread=(problem,),
    )


def _anything(direction: Direction, place: Place, *, denies: bool) -> tuple[Rule, ...]:
    allows = Rule(direction, (Unclear(),), EVERY_PORT, place, order=FIRST if denies else USUAL)
    return (replace(allows, action=Action.DENY), allows) if denies else (allows,)
