"""Folders with a kustomization: the policies and namespaces are those that kustomize itself would make of them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from running import inside, program, written

from lhmigrate import config
from lhmigrate.files import kustomize, sources
from lhmigrate.files.scan import scan
from lhmigrate.judging import inventory
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from lhmigrate.judging.inventory import Inventory

RELEASE = Catalogue([shipped_specs()]).find("1.8")
CONCERNING = frozenset({"storage", "patched", "mine", "inner", "outer"})
Tree = dict[str, str]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def policy(name: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}{where}}}\n"
        "spec: {podSelector: {matchLabels: {app: longhorn-manager}}, policyTypes: [Ingress]}\n"
    )


FOLLOWED: dict[str, Tree] = {
    "a file beside it": {"k/kustomization.yaml": "resources: [np.yaml]\n", "k/np.yaml": policy("a", "storage")},
    "its namespace is given to what names none": {
        "k/kustomization.yaml": "namespace: storage\nresources: [np.yaml]\n",
        "k/np.yaml": policy("a"),
    },
    "its namespace replaces what a file names": {
        "k/kustomization.yaml": "namespace: storage\nresources: [np.yaml]\n",
        "k/np.yaml": policy("a", "elsewhere"),
    },
    "a base outside of the folder": {
        "k/kustomization.yml": "resources: [../base]\nnamespace: storage\n",
        "base/Kustomization": "resources: [np.yaml, two.yaml]\n",
        "base/np.yaml": policy("a") + "---\n" + policy("b", "elsewhere"),
        "base/two.yaml": policy("c"),
    },
    "an outer namespace replaces an inner one": {
        "k/kustomization.yaml": "resources: [../base]\nnamespace: outer\n",
        "base/kustomization.yaml": "resources: [np.yaml]\nnamespace: inner\n",
        "base/np.yaml": policy("a"),
    },
    "an inner namespace, where the outer says nothing": {
        "k/kustomization.yaml": "resources: [../base, np.yaml]\n",
        "k/np.yaml": policy("b", "mine"),
        "base/kustomization.yaml": "resources: [np.yaml]\nnamespace: inner\n",
        "base/np.yaml": policy("a"),
    },
    "a component": {
        "k/kustomization.yaml": "resources: [np.yaml]\ncomponents: [../extra]\nnamespace: storage\n",
        "k/np.yaml": policy("a"),
        "extra/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [np.yaml]\n"
        ),
        "extra/np.yaml": policy("b"),
    },
    "a folder that nothing lists is a file that nobody applies": {
        "k/kustomization.yaml": "resources: [np.yaml]\n",
        "k/np.yaml": policy("a", "storage"),
        "k/off/np.yaml": policy("b", "storage"),
    },
    "a patch of something that is no policy": {
        "k/kustomization.yaml": (
            "resources: [np.yaml, cm.yaml]\npatches:\n- target: {kind: ConfigMap}\n"
            """  patch: '[{"op": "replace", "path": "/data/a", "value": "c"}]'\n"""
        ),
        "k/np.yaml": policy("a", "storage"),
        "k/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: b}\n",
    },
    "images, generators of settings and annotations": {
        "k/kustomization.yaml": (
            "resources: [np.yaml]\nimages: [{name: a, newTag: b}]\ncommonAnnotations: {a: b}\n"
            "configMapGenerator: [{name: c, literals: [a=b]}]\n"
        ),
        "k/np.yaml": policy("a", "storage"),
    },
}

BUILT: dict[str, Tree] = {
    "a patch of a policy": {
        "k/kustomization.yaml": (
            "resources: [np.yaml]\npatches:\n- target: {kind: NetworkPolicy}\n"
            """  patch: '[{"op": "replace", "path": "/metadata/namespace", "value": "patched"}]'\n"""
        ),
        "k/np.yaml": policy("a", "storage"),
    },
    "a patch by its file": {
        "k/kustomization.yaml": "resources: [np.yaml]\npatches: [{path: patch.yaml}]\n",
        "k/np.yaml": policy("a", "storage"),
        "k/patch.yaml": policy("a", "storage").replace("app: longhorn-manager", "app: longhorn-ui"),
    },
    "a prefix": {
        "k/kustomization.yaml": "namePrefix: prod-\nresources: [../base]\nnamespace: storage\n",
        "base/kustomization.yaml": "resources: [np.yaml]\n",
        "base/np.yaml": policy("a"),
    },
    "labels that selectors get, too": {
        "k/kustomization.yaml": "resources: [np.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]\n",
        "k/np.yaml": policy("a", "storage"),
    },
}

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl to compare with")


def composed(*paths: str) -> tuple[Inventory, kustomize.Composition]:
    made = kustomize.compose(paths)
    reading = sources.read(made.of(scan(made.paths)), CONCERNING)
    return inventory.take(reading, Settings(), [RELEASE], config.kustomized_to), made


def told(found: Inventory) -> set[tuple[str, str | None, str]]:
    return {(one.name, one.namespace, str(one.selects)) for one in found.policies}


def built(folder: str) -> set[tuple[str, str | None, str]]:
    """What the real one makes of a folder."""
    text = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, check=True).stdout
    found = [one for one in yaml.safe_load_all(text) if one["kind"] == "NetworkPolicy"]
    return {
        (
            one["metadata"]["name"],
            one["metadata"].get("namespace"),
            ", ".join(f"{key}={value}" for key, value in sorted(one["spec"]["podSelector"]["matchLabels"].items())),
        )
        for one in found
    }


@needs_kubectl
@pytest.mark.parametrize("tree", [*FOLLOWED.values(), *BUILT.values()], ids=[*FOLLOWED, *BUILT])
def test_as_kustomize_would(tmp_path: Path, tree: Tree) -> None:
    written(tmp_path, tree)
    found, made = composed("k")
    assert made.unread == []
    assert told(found) == built("k")


@pytest.mark.parametrize("tree", FOLLOWED.values(), ids=FOLLOWED.keys())
def test_what_is_followed_needs_no_tool_and_keeps_its_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    written(tmp_path, tree)
    found, made = composed("k")
    assert made.unread == []
    assert made.found == []
    assert found.policies
    assert all((tmp_path / one.place.file).is_file() for one in found.policies)


@pytest.mark.parametrize("tree", BUILT.values(), ids=BUILT.keys())
def test_what_only_kustomize_can_do_is_not_guessed_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    written(tmp_path, tree)
    _, made = composed("k")
    [problem] = made.unread
    assert problem.place.file.startswith("k/kustomization")
    assert problem.place.line
    assert "neither kustomize nor kubectl is installed" in problem.message


def test_what_a_tool_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "kustomize"
    tool.write_text("#!/bin/sh\necho 'no such field' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr(shutil, "which", {"kustomize": str(tool)}.get)
    written(tmp_path, BUILT["a prefix"])
    found, made = composed("k")
    [problem] = made.unread
    assert problem.message == "`namePrefix` was not applied: kustomize says: no such field"
    assert {one.namespace for one in found.policies} == {"storage"}


WRONG: dict[str, tuple[Tree, str]] = {
    "a file that is not there": (
        {"k/kustomization.yaml": "resources: [np.yaml]\n"},
        "lists np.yaml, which is not there",
    ),
    "a folder without a kustomization": (
        {"k/kustomization.yaml": "resources: [a]\n", "k/a/np.yaml": policy("a")},
        "has none of its own",
    ),
    "a circle": (
        {"k/kustomization.yaml": "resources: [a]\n", "k/a/kustomization.yaml": "resources: [..]\n"},
        "lists a folder that it is in itself",
    ),
    "an address": (
        {"k/kustomization.yaml": "resources: ['https://example.org/np.yaml']\n"},
        "is elsewhere and was not fetched",
    ),
    "a repository": (
        {"k/kustomization.yaml": "resources: ['github.com/a/b?ref=c']\n"},
        "is elsewhere and was not fetched",
    ),
    "somebody's chart": (
        {"k/kustomization.yaml": "helmCharts: [{name: traefik}]\n"},
        "the chart traefik was not rendered",
    ),
    "a patch beside an address": (
        {"k/kustomization.yaml": "resources: ['https://example.org/a.yaml']\nnamePrefix: a\n"},
        "would have to fetch what lies elsewhere",
    ),
    "one base in two namespaces": (
        {
            "k/kustomization.yaml": "resources: []\n",
            "k/a/kustomization.yaml": "resources: [../base]\nnamespace: a\n",
            "k/b/kustomization.yaml": "resources: [../base]\nnamespace: b\n",
            "k/base/kustomization.yaml": "resources: [np.yaml]\n",
            "k/base/np.yaml": policy("a"),
        },
        "is put into more than one namespace",
    ),
    "a kustomization that cannot be read": ({"k/kustomization.yaml": "resources: [\n"}, "is not valid YAML"),
    "a kustomization that is a list": ({"k/kustomization.yaml": "[a]\n"}, "must be an object"),
}


@pytest.mark.parametrize(("tree", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_followed_is_told_with_its_place(tmp_path: Path, tree: Tree, says: str) -> None:
    written(tmp_path, tree)
    _, made = composed("k")
    assert says in " ".join(one.message for one in made.unread)
    assert all(one.place.file.startswith("k") for one in made.unread)


def test_longhorns_own_manifest_is_not_missed(tmp_path: Path) -> None:
    address = "https://raw.githubusercontent.com/longhorn/longhorn/v1.8.0/deploy/longhorn.yaml"
    written(
        tmp_path, {"k/kustomization.yaml": f"resources: [{address}, np.yaml]\n", "k/np.yaml": policy("a", "storage")}
    )
    found, made = composed("k")
    assert made.unread == []
    assert len(found.policies) == 1


def test_a_folder_below_with_a_kustomization_of_its_own_counts(tmp_path: Path) -> None:
    """Flux lists `app/` in an object of its own, which kustomize does not follow."""
    written(
        tmp_path,
        {
            "k/kustomization.yaml": "resources: [ks.yaml]\n",
            "k/ks.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n",
            "k/app/kustomization.yaml": "resources: [np.yaml]\nnamespace: storage\n",
            "k/app/np.yaml": policy("a"),
        },
    )
    found, made = composed("k")
    assert told(found) == {("a", "storage", "app=longhorn-manager")}
    assert made.unread == []


def test_a_policy_that_nothing_lists_is_left_out_and_told(tmp_path: Path) -> None:
    written(tmp_path, {"k/kustomization.yaml": "resources: []\n", "k/off.yaml": policy("a", "longhorn-system")})
    run = program("check", "--release", "1.8", "k")
    assert run.code == 0
    assert "k/off.yaml may hold policies" in " ".join(run.out.split())


def test_a_policy_of_a_base_cuts_what_it_cuts_where_the_overlay_puts_it(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "prod/kustomization.yaml": "resources: [../base]\nnamespace: longhorn-system\n",
            "base/kustomization.yaml": "resources: [np.yaml]\nnamespace: somewhere\n",
            "base/np.yaml": policy("deny", "elsewhere"),
        },
    )
    assert program("check", "--release", "1.8", "base").code == 0
    run = program("check", "--release", "1.8", "--cni", "calico", "prod")
    assert run.code == 1
    assert "base/np.yaml:1:1" in run.out
    assert "prod/kustomization.yaml:2 puts everything that it lists into longhorn-system" in " ".join(run.out.split())


@needs_kubectl
def test_what_kustomize_built_is_never_edited(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "k/kustomization.yaml": "resources: [np.yaml]\nnamePrefix: prod-\n",
            "k/np.yaml": policy("deny", "longhorn-system"),
        },
    )
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    run = inside("patch", "--from", "1.4", "--to", "1.5", "--cni", "calico", "--write", "k")
    assert "is generated: change what it is made from" in run.err
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_plan_of_what_a_tree_declares_reads_a_given_folder_so_too(tmp_path: Path) -> None:
    release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: longhorn}\n"
    release += 'spec: {chart: {spec: {chart: longhorn, version: "1.5.5"}}}\n'
    written(
        tmp_path,
        {
            "prod/kustomization.yaml": "resources: [../base, longhorn.yaml]\nnamespace: longhorn-system\n",
            "prod/longhorn.yaml": release,
            "base/kustomization.yaml": "resources: [np.yaml]\n",
            "base/np.yaml": policy("deny", "elsewhere"),
        },
    )
    run = program("plan", "--from", "1.4.4", "--cni", "calico", "prod")
    assert "base/np.yaml:1:1" in run.out
    assert run.code == 1
