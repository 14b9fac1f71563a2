"""What kustomize makes of a folder, as far as policies go: which files it takes, and where it puts what they hold.

A kustomization that only lists files and folders is followed here, so that findings keep their places in the user's
own files. What changes policies in other ways (patches, labels, prefixes, generators) is left to the real kustomize,
or to kubectl, which holds one. Where neither is there, or where it would have to fetch something, what was not
composed is told, and never counts as read.

The fields are those of kubernetes-sigs/kustomize api/types/kustomization.go. An outer `namespace` replaces an inner
one and whatever a file names itself (api/internal/builtins/NamespaceTransformer.go).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.declarations.spelling import manifest
from lhmigrate.errors import Place, Problem, Refusal, Unreadable
from lhmigrate.files.fields import Fields, string
from lhmigrate.files.scan import (
    BESIDE,
    ENDINGS,
    KUSTOMIZATIONS,
    MENTIONS,
    MOST_BYTES,
    STDIN,
    Candidate,
    Moved,
    kustomization,
    scan,
)
from lhmigrate.files.singles import document
from lhmigrate.files.yamltext import Mapping

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from lhmigrate.files.scan import Scan
    from lhmigrate.files.yamltext import Node

_LISTS: Final = ("resources", "bases", "components")
_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")
_CHARTS: Final = ("helmCharts", "helmChartInflationGenerator")
_OF_NO_POLICY: Final = frozenset(
    {
        *("apiVersion", "kind", "metadata", "namespace", "images", "replicas", "commonAnnotations", "buildMetadata"),
        *("configMapGenerator", "secretGenerator", "generatorOptions", "openapi", "sortOptions", "vars"),
        *("validators", "crds", *_LISTS, *_CHARTS),
    }
)
"""Fields that are followed here, or that make no difference to any policy or namespace."""

_REMOTE: Final = re.compile(r"[a-z+]+://|git@|[\w.-]+\.[a-z]+/\S+/\S+|.*\?(?:ref|version)=", re.IGNORECASE)
_KIND: Final = re.compile(r"""(?m)^[\s{"']*kind["']?\s*:\s*["']?(\w+)""")
_SECONDS: Final = 60
_CUT: Final = 300
"""Characters of what a tool complains of."""


class Composition(NamedTuple):
    """What to read in place of the folders that were given."""

    paths: list[str]
    found: list[Candidate]
    """What the real kustomize made."""
    unread: list[Problem]
    moved: dict[str, Moved]
    told: list[str]
    """What was taken to be so, in sentences."""

    def of(self, scan: Scan) -> Scan:
        """The whole of a scan over these paths."""
        return scan._replace(
            files=scan.files + len(self.found),
            found=[*scan.found, *self.found],
            unread=[*scan.unread, *self.unread],
            moved=self.moved,
            told=tuple(self.told),
        )


def compose(paths: Listed[str]) -> Composition:
    """What paths stand for. Folders without a kustomization of their own stay what they are."""
    result = Composition([], [], [], {}, [])
    for path in paths:
        if path != STDIN and kustomization(path):
            _compose(path, result)
        else:
            result.paths.append(path)
    return result


def lists(folder: str, file: str) -> bool:
    """Whether the kustomization of a folder has a file among its resources, by itself or through others."""
    if kustomization(folder) is None:
        return False
    walk, real = _Walk(folder), os.path.realpath(file)
    return real in walk.mentioned or (
        os.path.basename(real) in KUSTOMIZATIONS and os.path.dirname(real) in walk.folders
    )


def _compose(folder: str, into: Composition) -> None:
    """A folder, and what is below it that none of its kustomizations lists: Flux and Argo CD apply such, too."""
    walks, left = _walks(folder)
    for walk in walks:
        _add(walk, into)
    mentioned = {file for walk in walks for file in walk.mentioned}
    for one in scan([file for file in left if os.path.realpath(file) not in mentioned]).found:
        if MENTIONS in one.data:
            into.told.append(f"{one.file} may hold policies; it is taken not to count, as no kustomization lists it")


def _walks(folder: str) -> tuple[list[_Walk], list[str]]:
    """One walk for each kustomization that no other lists, and the files of folders without one."""
    walks: list[_Walk] = []
    left: list[str] = []
    waiting = [folder]
    while waiting:
        walk = _Walk(waiting.pop(0))
        walks.append(walk)
        apart, files = _below(walk)
        waiting += apart
        left += files
    listed = [one.folders - {os.path.realpath(one.root)} for one in walks]
    return [one for one in walks if not any(os.path.realpath(one.root) in others for others in listed)], left


def _add(walk: _Walk, into: Composition) -> None:
    into.unread.extend(walk.problems)
    if walk.unreadable:
        into.paths.append(walk.root)
        return
    built = _built(walk.root) if walk.beyond and not walk.fetches else "it would have to fetch what lies elsewhere"
    if walk.beyond and isinstance(built, Candidate):
        into.found.append(built)
        return
    into.unread.extend(Problem(place, f"{what} was not applied: {built}") for place, what in walk.beyond)
    for file, moved in walk.files.items():
        before = into.moved.get(file)
        if before is not None and _name(before) != _name(moved):
            other = moved.where if moved else "another kustomization"
            why = f"is put into more than one namespace, by {before.where} and {other}; give one folder at a time"
            into.unread.append(Problem(Place(file), why))
        elif moved is not None:
            into.moved[file] = moved
        into.paths.append(file)


class _Walk:
    """What the kustomizations from one folder down list."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files: dict[str, Moved | None] = {}
        self.mentioned: set[str] = set()
        """Everything that some kustomization names, also as a patch."""
        self.problems: list[Problem] = []
        self.beyond: list[tuple[Place, str]] = []
        """What only the real kustomize can do."""
        self.unreadable = False
        """Whether the first kustomization could not be read: then all that lies below may count, or none of it."""
        self.fetches = False
        self.folders: set[str] = set()
        self._within: list[str] = []
        self._folder(root, None)

    def _folder(self, folder: str, outer: Moved | None, *, component: bool = False) -> None:
        """One kustomization, and all that it lists."""
        file = kustomization(folder)
        if file is None:
            self.problems.append(Problem(Place(folder), "is listed in a kustomization and has none of its own"))
            return
        if os.path.realpath(folder) in self._within:
            self.problems.append(Problem(Place(file), "lists a folder that it is in itself"))
            return
        self.folders.add(os.path.realpath(folder))
        try:
            root = document(file)
            fields = Fields(root, "a kustomization") if root is not None else None
            namespace = self._namespace(fields, file, outer, component=component)
            if fields is not None:
                self._within.append(os.path.realpath(folder))
                self._listed(fields, folder, namespace)
                self._rest(fields, folder)
                self._within.pop()
        except (Unreadable, Refusal) as error:
            self.problems.append(_problem(error, file))
            self.unreadable = self.unreadable or folder == self.root

    def _namespace(self, fields: Fields | None, file: str, outer: Moved | None, *, component: bool) -> Moved | None:
        node = fields.get("namespace") if fields else None
        if fields is None or node is None:
            return outer
        if component:
            # It would move what others list, too.
            self.beyond.append((node.place, "the namespace of a component"))
        said = string(node, "namespace")
        return outer or (Moved(said, f"{file}:{node.line}") if said else None)

    def _listed(self, fields: Fields, folder: str, namespace: Moved | None) -> None:
        for key in _LISTS:
            for node in fields.items(key) or ():
                entry = string(node, "a resource")
                path = os.path.normpath(os.path.join(folder, entry))
                if os.path.isdir(path):
                    self._folder(path, namespace, component=key == "components")
                elif os.path.isfile(path):
                    self._file(path, node, namespace)
                elif _REMOTE.match(entry):
                    self._remote(entry, node)
                else:
                    self.problems.append(Problem(node.place, f"lists {entry}, which is not there"))

    def _file(self, path: str, node: Node, namespace: Moved | None) -> None:
        if path in self.files and _name(self.files[path]) != _name(namespace):
            self.beyond.append((node.place, f"{path}, which is listed for two namespaces,"))
        self.files.setdefault(path, namespace)
        self.mentioned.add(os.path.realpath(path))

    def _remote(self, entry: str, node: Node) -> None:
        """The catalogue tells what Longhorn's own manifest brings."""
        self.fetches = True
        if manifest(entry) is None:
            why = "is elsewhere and was not fetched; pipe in what `kustomize build` makes of the folder"
            self.problems.append(Problem(node.place, f"{entry} {why}"))

    def _rest(self, fields: Fields, folder: str) -> None:
        for chart in (chart for key in _CHARTS for chart in fields.items(key) or ()):
            name = Fields(chart, "a chart").string("name") or Fields(chart, "a chart").string("chartName")
            if name != "longhorn":
                self.problems.append(Problem(chart.place, f"the chart {name or '(without a name)'} was not rendered"))
        for key in _PATCHES:
            for node in fields.items(key) or ():
                self._patch(node, folder)
        for name, node in fields.all():
            if name not in _OF_NO_POLICY and name not in _PATCHES:
                self.beyond.append((node.place, f"`{name}`"))

    def _patch(self, node: Node, folder: str) -> None:
        """What a patch changes may be told by its target, or by its text."""
        inside = Fields(node, "a patch") if isinstance(node, Mapping) else None
        target = inside.fields("target") if inside else None
        text = inside.string("patch") if inside else string(node, "a patch")
        file = inside.string("path") if inside else None
        if text and "\n" not in text and os.path.isfile(os.path.join(folder, text)):
            text, file = None, text
        if file is not None:
            self.mentioned.add(os.path.realpath(os.path.join(folder, file)))
            try:
                with open(os.path.join(folder, file), encoding="utf-8-sig") as opened:
                    text = opened.read(MOST_BYTES)
            except (OSError, ValueError):
                text = None
        kinds = {target.string("kind") or ""} if target else set(_KIND.findall(text or ""))
        if not kinds or not all(re.fullmatch(r"\w+", kind) and not _decides(kind) for kind in kinds):
            self.beyond.append((node.place, "a patch"))


def _problem(error: Unreadable | Refusal, file: str) -> Problem:
    if isinstance(error, Unreadable):
        return error.problem
    return Problem(error.place or Place(file), error.message)


def _name(moved: Moved | None) -> str | None:
    return moved.namespace if moved else None


def _decides(kind: str) -> bool:
    return kind.endswith("Policy") or kind in {*BESIDE, "List"} or MENTIONS.decode() in kind


def _built(folder: str) -> Candidate | str:
    """What the real kustomize makes of a folder, or why there is nothing."""
    kustomize, kubectl = shutil.which("kustomize"), shutil.which("kubectl")
    if kustomize:
        name, command = "kustomize", [kustomize, "build", folder]
    elif kubectl:
        name, command = "kubectl", [kubectl, "kustomize", folder]
    else:
        return "neither kustomize nor kubectl is installed; install one, or pipe what it builds into lhmigrate"
    try:
        done = subprocess.run(  # noqa: S603 - of our own making, but for the folder, which the user gave
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{name} took longer than {_SECONDS} s"
    except OSError as error:
        return f"{name} cannot be run: {error.strerror}"
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_CUT]
        return f"{name} says: {said}"
    # It is text that nobody wrote, and no edit of it would come to anything.
    head = f"# Generated by {name} from {folder}.\n".encode()
    return Candidate(os.path.join(folder, f"(as {name} builds it)"), head + done.stdout, given=True)


def _below(walk: _Walk) -> tuple[list[str], list[str]]:
    """What lies below a folder beside what it lists: folders with a kustomization of their own, and other files."""
    apart: list[str] = []
    left: list[str] = []
    for here, inner, files in os.walk(walk.root):
        deeper = [os.path.join(here, one) for one in sorted(inner) if one != ".git"]
        own = [one for one in deeper if kustomization(one) and os.path.realpath(one) not in walk.folders]
        apart += own
        inner[:] = [os.path.basename(one) for one in deeper if one not in own]
        left += [os.path.join(here, one) for one in sorted(files) if one.endswith(ENDINGS)]
    return apart, [file for file in left if os.path.basename(file) not in KUSTOMIZATIONS]
