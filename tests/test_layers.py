"""The package's shape: imports point down, functions are short, few modules touch the world, none knows a release."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

import lhmigrate
from lhmigrate.dialects.writers import WRITERS
from lhmigrate.editing.edits import WRITTEN

PACKAGE = Path(lhmigrate.__file__).parent
LONGEST = 60

SHAPES = ("argo", "fleet", "flux", "helmfile", "k3s", "kustomize", "listed", "rendered", "terraform")
COMMANDS = ("plan", "patch", "check", "gate", "releases", "comment")
FORMS = ("markdown", "sarif", "github", "gitlab", "diff")

# From the ground up. A module imports from the lines above its own, and from nothing in its own line.
# What only types need (`if TYPE_CHECKING`) does not count.
LAYERS = (
    # Values that know nothing of each other.
    (
        "errors",
        "model.labels",
        "model.ports",
        "model.values",
        "reports.visible",
        "forge.ci",
        "forge.forges",
        "declarations.hcl",
    ),
    ("model.http", "reports.markup", "forge.target", "forge.web"),
    ("forge.comment", "kube.connection", "kube.apiserver"),
    # Text and bytes; what is at the ends of a flow; what a release is.
    ("files.yamltext", "files.scan", "model.endpoints", "model.cni", "longhorn.release"),
    ("files.fields", "model.order", "model.peers", "model.settings", "files.singles", "declarations.spelling"),
    ("model.policy", "kube.live", "declarations.tree", "declarations.declaration"),
    ("kube.shown",),
    # Text that is edited.
    ("yamledit.ops", "yamledit.layout"),
    ("yamledit.style", "yamledit.sites"),
    ("yamledit.write",),
    ("yamledit.flow", "yamledit.proof"),
    ("yamledit.block",),
    ("yamledit.documents",),
    ("yamledit",),
    # Git, and the files that are written.
    ("git.worktree", "git.gitcommand", "files.disk"),
    ("git.repository", "files.workplace"),
    ("files.journal",),
    ("files.writer",),
    # From text to values, and the one engine.
    (
        "editing.tongue",
        "judging.policies",
        "judging.tiers",
        "dialects.calico_labels",
        "dialects.calico_selector",
        "dialects.common",
        "dialects.located",
        "editing.edits",
    ),
    (
        "longhorn.changes",
        "longhorn.page",
        "longhorn.specfile",
        "config",
        "dialects.kubernetes",
        "dialects.calico_rules",
        "dialects.kubernetes_write",
        "dialects.calico_write",
        "dialects.cilium_write",
        "judging.verdict",
        "findings.wording",
        "judging.assumptions",
        "editing.naming",
    ),
    ("dialects.admin", "dialects.admin_write", "dialects.calico", "dialects.cilium_peers", "dialects.cilium_ports"),
    ("dialects.cilium", "dialects.writers"),
    (
        "longhorn.catalogue",
        "dialects",
        "judging.cluster",
        "longhorn.shipped",
        "judging.enforcement",
        "judging.needs",
        "editing.advice",
    ),
    ("files.skim", "judging.inventory", "judging.state", "declarations.namespaces"),
    ("files.manifests", "findings.findings", "declarations.helm", "bumps.bump"),
    # What there is to tell, and how it is told.
    (
        "files.sources",
        "longhorn.hops",
        "findings.collisions",
        "findings.stale",
        "findings.notes",
        "findings.pitfalls",
        "findings.traps",
        "reports.json",
        "reports.rows",
        "reports.screen",
        "reports.codes",
        "reports.picture",
    ),
    (
        "kube.snapshot",
        "findings.lint",
        "judging.transition",
        "editing.tighten",
        "editing.precedence",
        "editing.proposals",
        "files.kustomize",
        "reports.account",
        "reports.alerts",
    ),
    # What a tree declares, one module for each way of doing that.
    tuple(f"declarations.{name}" for name in SHAPES),
    # What there is to change, and where in the text.
    ("editing.administrators",),
    ("editing.widen", "findings.unread", "editing.placing", "editing.around", "editing.generate"),
    (
        "plan",
        "check",
        "kube.observed",
        "reports.terminal",
        "reports.catalogue",
        "declarations.charts",
        "bumps.declared_settings",
    ),
    ("kube.gate", "editing.patch", "reports.unified", "reports.snippets", "reports.generate", "declarations"),
    ("summary", "reports.fleet", "reports.patch", "reports.mended"),
    ("kube.announce", "editing.patching", "reports.json_patch", *(f"reports.{name}" for name in FORMS)),
    # Where the versions come from, if nobody gives them.
    ("bumps.upgrades", "bumps.hints", "git.checkout"),
    ("bumps.moves", "outputs"),
    ("printing",),
    ("cli.options",),
    ("cli.endings",),
    ("cli.runs",),
    tuple(f"cli.{name}" for name in COMMANDS),
    ("cli",),
    ("__main__",),
)
PLACE = {module: number for number, layer in enumerate(LAYERS) for module in layer}

# Those that read files, streams or the environment. Everything else computes.
WORLDLY = {
    "__main__",
    "editing.around",
    "editing.patching",
    "files.scan",
    "config",
    "longhorn.catalogue",
    "longhorn.specfile",
    "git.checkout",
    "bumps.moves",
}
WORLDLY |= {f"cli.{name}" for name in ("endings", "runs", *COMMANDS)}
WORLDLY |= {
    "git.worktree",
    "git.gitcommand",
    "files.disk",
    "git.repository",
    "files.workplace",
    "files.journal",
    "files.writer",
    "outputs",
    "printing",
}
WORLDLY |= {"forge.web", "files.singles", "files.kustomize", "kube.connection", "kube.apiserver"}


def trees() -> dict[str, ast.Module]:
    """Every module of the package by its name, without those that hold nothing but a docstring or a version."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if len(tree.body) > 1 and name != "__init__":
            found[name] = tree
    return found


TREES = trees()


def at_run_time(node: ast.AST) -> list[ast.AST]:
    """The node and all below it, without what only types need."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return []
    return [node, *chain.from_iterable(at_run_time(child) for child in ast.iter_child_nodes(node))]


def imported(tree: ast.Module) -> set[str]:
    """The modules of the package that a module imports, wherever in it that stands."""
    found = set()
    for node in at_run_time(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "lhmigrate":
            base = (node.module or "").removeprefix("lhmigrate").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                found.add(inner if inner in TREES else base)
    return found - {""}


@pytest.mark.parametrize("module", TREES)
def test_imports_point_down(module: str) -> None:
    assert module in PLACE, f"give {module} its place in LAYERS"
    wrong = {other for other in imported(TREES[module]) if PLACE[other] >= PLACE[module]}
    assert not wrong, f"{module} may not import {wrong}"


def test_every_place_is_taken() -> None:
    assert set(PLACE) == set(TREES)


@pytest.mark.parametrize("module", TREES)
def test_functions_are_short(module: str) -> None:
    functions = [node for node in ast.walk(TREES[module]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {one.name: (one.end_lineno or one.lineno) - one.lineno + 1 for one in functions}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


TOUCHES = {"open", "read_text", "read_bytes", "write_text", "exists", "is_file", "is_dir", "iterdir", "glob", "stat"}


@pytest.mark.parametrize("module", [module for module in TREES if module not in WORLDLY])
def test_few_modules_touch_the_world(module: str) -> None:
    nodes = at_run_time(TREES[module])
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert not names & {"os", "sys", "subprocess", "socket", "shutil", "tempfile", "time"}
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    assert not {one.attr for one in called if isinstance(one, ast.Attribute)} & TOUCHES
    assert not {one.id for one in called if isinstance(one, ast.Name)} & {"open", "input", "print"}


VERSION = re.compile(r"(?<![\d.])1\.\d+(?:\.\d+)?(?![\d.])")
EXAMPLES = {"1.7", "1.7.2", "1.7.3"}


@pytest.mark.parametrize("module", TREES)
def test_no_module_knows_a_release(module: str) -> None:
    """A new release is a new file in specs/. Only docstrings, and examples in help and complaints, name one."""
    nodes = list(ast.walk(TREES[module]))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    said = [str(node.value) for node in nodes if isinstance(node, ast.Constant) and id(node) not in prose]
    assert {version for text in said for version in VERSION.findall(text)} <= EXAMPLES


def test_the_dialects_that_are_edited_are_those_that_can_be_written() -> None:
    assert set(WRITERS) == WRITTEN
