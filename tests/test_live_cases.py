"""The stories of `cases/` once more, from a cluster that holds what their files say: it is judged as the files are."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from api_server import CRDS, Cluster, serving
from live_cluster import daemon_set, namespace, pod, policy, setting
from running import inside

from lhmigrate import config
from lhmigrate.files.fields import plain
from lhmigrate.longhorn import shipped
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.settings import Settings

Data = dict[str, Any]

CASES = Path(__file__).parent / "cases"
CATALOGUE = Catalogue([shipped_specs()])
GROUPS = {group: name for name, served in CRDS.items() for group, _ in served}

NATIVE = {"cilium.io": "cilium", "projectcalico.org": "calico-node", "crd.projectcalico.org": "calico-node"}
"""What runs where there are policies of its own, as files suggest."""

APART = {
    "a-namespace-label-nobody-sets": "all namespaces are seen, so a missing label is more than a doubt",
    "a-namespace-label-of-our-own": "likewise",
    "chart-of-another-app": "its files are templates",
    "dump-owned-by-helm": "a policy of the chart tells a Helm value that no file does",
    "invalid-beside-good": "an API server holds nothing invalid",
    "template-beside-good": "likewise",
    "two-environments": "one cluster holds one of them",
    "one-policy-in-two-folders": "likewise",
    "kustomization-names-the-namespace": "in a cluster every policy is in a namespace",
}


def options(line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("from", "to", "cni", "namespace", "install", "default-namespace"):
        parser.add_argument(f"--{name}")
    for name in ("values", "with", "without"):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("paths", nargs="*")
    known, rest = parser.parse_known_args(shlex.split(line)[1:])
    known.rest = rest
    return known


def stories() -> Iterator[str]:
    """Plans from one release to another over files that hold objects as an API server does."""
    for folder in sorted(CASES.iterdir()):
        told = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
        if told["run"].startswith("plan ") and "--from" in told["run"] and folder.name not in APART:
            found = objects(folder, options(told["run"]).paths)
            if found is not None:
                yield folder.name


def objects(folder: Path, paths: list[str]) -> list[Data] | None:
    """What the files of a story hold; None: not what an API server could hold."""
    found: list[Data] = []
    for path in paths:
        for file in sorted((folder / path).rglob("*")) if (folder / path).is_dir() else [folder / path]:
            if file.suffix not in {".yaml", ".yml", ".json"}:
                continue
            try:
                documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
            except yaml.YAMLError:
                return None
            found += [one for document in documents if document for one in document.get("items", [document])]
    told = [one for one in found if one.get("kind", "").endswith(("NetworkPolicy", "Namespace", "Tier"))]
    for one in told:
        group = one["apiVersion"].rpartition("/")[0]
        if one["kind"] != "Namespace" and group != "networking.k8s.io" and group not in GROUPS:
            return None
        if one["kind"] in {"NetworkPolicy", "CiliumNetworkPolicy"} and "namespace" not in one["metadata"]:
            return None
    return told


def pods(release: Release, settings: Settings) -> Iterator[Data]:
    """One pod of every component that has labels, with all that it may carry."""
    for component in release.components.values():
        if component.labels:
            installed = settings.installed(release).known if component.install_labels else {}
            labels = {**dict.fromkeys(component.varies, "x"), **component.labels, **component.sometimes, **installed}
            ports = {name: port for name, (_, port) in component.ports.items()}
            yield pod(component.name, labels, ports, settings.namespace)


def own(release: Release, settings: Settings) -> Iterator[Data]:
    """The policies that the release installed, as Helm marks them."""
    heeded = (settings.values if settings.install == "helm" else Values()).over(release.values)
    marks = {"app.kubernetes.io/managed-by": "Helm"} if settings.install == "helm" else {}
    for one in release.policies:
        if settings.install in one.installed_by and heeded.hold(one.when):
            spec = shipped._settled(one.spec, heeded)
            yield policy(one.name, plain(spec) if spec else {}, one.namespace or settings.namespace, **marks)


def cluster(folder: Path, given: argparse.Namespace) -> Cluster:
    """A cluster in which the old release runs, with what the files say."""
    told = objects(folder, given.paths) or []
    said = config.Options(namespace=given.namespace, install=given.install, values=tuple(given.values))
    settings = config.settings(said.over(config.read(None)), CATALOGUE.glossary)
    old = CATALOGUE.find(getattr(given, "from"))
    home, version = settings.namespace, f"v{old.version}"
    theirs = list(own(old, settings))
    mine = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in theirs}
    kept = [one for one in told if (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) not in mine]
    namespaces = {one["metadata"]["name"] for one in told if one["kind"] == "Namespace"}
    named = {one["metadata"].get("namespace") for one in told} | {home, "kube-system"}
    groups = {one["apiVersion"].rpartition("/")[0] for one in kept}
    return Cluster(
        *(namespace(name) for name in sorted(named - namespaces - {None})),
        daemon_set("longhorn-manager", home, f"longhornio/longhorn-manager:{version}"),
        *(daemon_set(NATIVE[group], "kube-system") for group in sorted(groups & NATIVE.keys())),
        setting("current-longhorn-version", version, home),
        pod("coredns", {"k8s-app": "kube-dns"}, None, "kube-system"),
        *pods(old, settings),
        *theirs,
        *kept,
        crds=("longhorn", *sorted(name for name, served in CRDS.items() if {group for group, _ in served} & groups)),
    )


def gist(report: Any) -> list[tuple[object, ...]]:  # noqa: ANN401 - a report
    """What a report finds, without where that stands: in a cluster no lines tell the rules of a policy apart."""
    return sorted(
        {
            (
                str(one["hop"]), one["code"], one["level"], str(one["flow"]), str(one["source"]), str(one["target"]),
                *one["ports"], str(one["direction"]), *(each["name"] for each in one["policies"]),
            )
            for one in report["findings"]
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", [*stories()])
def test_a_cluster_is_judged_as_its_files_are(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CASES / name
    line = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))["run"]
    given = options(line)
    monkeypatch.chdir(folder)
    words = [word for word in shlex.split(line) if word not in given.paths]
    by_files = inside(*shlex.split(line), "--format", "json").report
    with serving(cluster(folder, given), tmp_path) as served:
        run = inside(*words, "--cluster", "--format", "json", environment={"KUBECONFIG": served.kubeconfig})
    assert run.code != 2, run.err
    assert gist(run.report) == gist(by_files)


def test_there_are_enough_of_them() -> None:
    assert len(list(stories())) > 30
