"""The manifests that run the gate: they fit the API of old and new Kubernetes, and allow what it does and no more."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from api_server import Call, Cluster, serving
from live_cluster import HOME, managers, policy, running
from running import Run, inside

from lhmigrate import __version__
from lhmigrate.kube.snapshot import READS

if TYPE_CHECKING:
    from collections.abc import Iterable

Data = dict[str, Any]

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
OLDEST, NEWEST = "1.25", "1.36"
"""What the newest Longhorn asks for at least, and the newest whose schema there is."""
COMPONENTS = ("event", "configmap")


def documents(file: Path) -> list[Data]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one is not None]


def built(*components: str) -> list[Data]:
    """What kustomize makes of them, as far as they use it: resources, one namespace, and patches that add an item."""
    [top] = documents(DEPLOY / "kustomization.yaml")
    assert set(top) == {"apiVersion", "kind", "namespace", "resources"}
    found = [one for name in top["resources"] for one in documents(DEPLOY / name)]
    for component in components:
        folder = DEPLOY / "components" / component
        [told] = documents(folder / "kustomization.yaml")
        found += [one for name in told["resources"] for one in documents(folder / name)]
        for patch in told["patches"]:
            [operation] = yaml.safe_load(patch["patch"])
            assert (operation["op"], operation["path"]) == ("add", "/spec/template/spec/containers/0/args/-")
            [target] = [one for one in found if one["kind"] == patch["target"]["kind"]]
            target["spec"]["template"]["spec"]["containers"][0]["args"].append(operation["value"])
    account = of("ServiceAccount", found)["metadata"]["name"]
    for one in found:
        if not one["kind"].startswith("Cluster"):
            one["metadata"]["namespace"] = top["namespace"]
        for subject in one.get("subjects", ()):
            assert subject == {"kind": "ServiceAccount", "name": account}
            subject["namespace"] = top["namespace"]
    return found


def of(kind: str, objects: Iterable[Data]) -> Data:
    """The one of that kind."""
    [found] = [one for one in objects if one["kind"] == kind]
    return found


@pytest.mark.parametrize("release", [OLDEST, NEWEST])
def test_they_fit_the_api(release: str) -> None:
    schema = json.loads((SCHEMAS / f"kubernetes-{release}.json").read_text(encoding="utf-8"))
    for one in built(*COMPONENTS):
        reference = {"$ref": f"#/definitions/{schema['kinds'][one['kind']]}", "definitions": schema["definitions"]}
        jsonschema.validate(one, reference)


@pytest.mark.parametrize("release", [OLDEST, NEWEST])
def test_the_schemas_see_a_mistake(release: str) -> None:
    schema = json.loads((SCHEMAS / f"kubernetes-{release}.json").read_text(encoding="utf-8"))
    reference = {"$ref": f"#/definitions/{schema['kinds']['Job']}", "definitions": schema["definitions"]}
    job = of("Job", built())
    job["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, reference)


def allowed(role: Data, namespace: str | None = None) -> set[tuple[str, str, str, str | None]]:
    """Verbs on resources of groups, and paths, as a role has them."""
    found: set[tuple[str, str, str, str | None]] = set()
    for rule in role["rules"]:
        for verb in rule["verbs"]:
            found |= {(verb, "", path, None) for path in rule.get("nonResourceURLs", ())}
            for group in rule.get("apiGroups", ()):
                found |= {(verb, group, resource, namespace) for resource in rule["resources"]}
    return found


def asked(calls: Iterable[Call]) -> set[tuple[str, str, str, str | None]]:
    """The same of what was really asked."""
    return {
        (one.verb, one.group, "/apis/*" if one.resource.startswith("/apis/") else one.resource, None) for one in calls
    }


def gate(folder: Path, *options: str, crds: tuple[str, ...]) -> tuple[Cluster, Run]:
    """A run against a cluster in which there is something of everything, also in a namespace that is only named."""
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    cluster = running("1.7.2", managers(**{"from": [peer]}), policy("x", {"podSelector": {}}, "monitoring"), crds=crds)
    with serving(cluster, folder):
        return cluster, inside("gate", "--to", "1.7.3", *options, environment={"KUBECONFIG": cluster.kubeconfig})


EVERYTHING = ("longhorn", "cilium", "admin", "cluster", "others")


def test_the_cluster_role_allows_what_is_asked_and_nothing_else(tmp_path: Path) -> None:
    crd, run = gate(tmp_path / "crd", crds=(*EVERYTHING, "calico", "calico-api"))
    api, again = gate(tmp_path / "api", crds=(*EVERYTHING, "calico-api"))
    assert {run.code, again.code} <= {0, 1}
    assert allowed(of("ClusterRole", built())) == asked([*crd.calls, *api.calls])


def test_the_cluster_role_is_what_the_program_says_it_reads() -> None:
    listed = {(group, plural) for verb, group, plural, _ in allowed(of("ClusterRole", built())) if verb == "list"}
    assert listed == {(group, plural) for group, plurals in READS.items() for plural in plurals}


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_is_written_takes_a_role_of_its_own(tmp_path: Path, component: str) -> None:
    """One run makes what a later one replaces, so that all calls are seen."""
    objects = built(component)
    [option] = [one for one in arguments(objects) if one.startswith("--report")]
    cluster, run = gate(tmp_path / "first", option, crds=("longhorn",))
    with serving(cluster, tmp_path / "second"):
        inside("gate", "--to", "1.7.3", option, environment={"KUBECONFIG": cluster.kubeconfig})
    assert run.err == ""
    written = {
        (one.verb, one.group, one.resource, one.namespace) for one in cluster.calls if one.verb not in {"get", "list"}
    }
    assert written == allowed(of("Role", objects), HOME)


def arguments(objects: Iterable[Data]) -> list[str]:
    found: list[str] = of("Job", objects)["spec"]["template"]["spec"]["containers"][0]["args"]
    return found


def test_by_itself_it_writes_nothing() -> None:
    objects = built()
    assert {verb for verb, *_ in allowed(of("ClusterRole", objects))} == {"get", "list"}
    assert not [one for one in arguments(objects) if one.startswith("--report")]
    assert not [one for one in objects if one["kind"] in {"Role", "RoleBinding"}]


def test_nothing_lets_it_read_a_secret() -> None:
    rules = [rule for one in built(*COMPONENTS) if one["kind"].endswith("Role") for rule in one["rules"]]
    named = {name for rule in rules for key in ("apiGroups", "resources", "verbs") for name in rule.get(key, ())}
    assert not named & {"*", "secrets"}


def test_the_job_is_locked_in() -> None:
    spec = of("Job", built())["spec"]["template"]["spec"]
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(spec)


def test_the_job_ends_by_itself() -> None:
    spec = of("Job", built())["spec"]
    patience = int(next(one.partition("=")[2] for one in arguments(built()) if one.startswith("--timeout")))
    tries = spec["backoffLimit"] + 1
    assert tries * patience < spec["activeDeadlineSeconds"]
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_all_of_it_are_hooks_that_can_be_run_again() -> None:
    for one in built(*COMPONENTS):
        told = one["metadata"]["annotations"]
        assert told["argocd.argoproj.io/hook"] == "PreSync"
        assert told["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
        assert told["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert told["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_the_job_comes_after_what_it_needs_and_after_its_namespace() -> None:
    """Argo CD makes a missing namespace in wave 0 of the same phase."""
    for key in ("argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"):
        waves = {one["kind"]: int(one["metadata"]["annotations"][key]) for one in built(*COMPONENTS)}
        job = waves.pop("Job")
        assert 0 < min(waves.values()) <= max(waves.values()) < job


def test_who_is_bound_is_who_runs() -> None:
    objects = built(*COMPONENTS)
    account = of("ServiceAccount", objects)["metadata"]
    assert of("Job", objects)["spec"]["template"]["spec"]["serviceAccountName"] == account["name"]
    roles = {(one["kind"], one["metadata"]["name"]) for one in objects if one["kind"].endswith("Role")}
    bindings = [one for one in objects if one["kind"].endswith("Binding")]
    assert {(one["roleRef"]["kind"], one["roleRef"]["name"]) for one in bindings} == roles
    for one in bindings:
        assert one["subjects"] == [
            {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
        ]


def test_a_gate_that_nobody_told_the_version_stays_shut(tmp_path: Path) -> None:
    with serving(running("1.7.2"), tmp_path) as cluster:
        run = inside("gate", "--to", "", environment={"KUBECONFIG": cluster.kubeconfig})
    assert run.code == 2
    assert "pass --to" in run.err


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which has kustomize in it, is not installed")
@pytest.mark.parametrize("components", [(), COMPONENTS], ids=["plain", "with reports"])
def test_kustomize_builds_the_same(tmp_path: Path, components: tuple[str, ...]) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    told = {"resources": ["deploy"], "components": [f"deploy/components/{one}" for one in components]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(told))
    done = subprocess.run(["kubectl", "kustomize", str(tmp_path)], capture_output=True, check=True)
    theirs = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    assert theirs == {(one["kind"], one["metadata"]["name"]): one for one in built(*components)}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which has kustomize in it, is not installed")
@pytest.mark.parametrize("components", [(), COMPONENTS], ids=["plain", "with reports"])
def test_in_another_namespace_the_account_there_is_bound(tmp_path: Path, components: tuple[str, ...]) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    told = {"namespace": "flux-system", "resources": ["deploy"]}
    told["components"] = [f"deploy/components/{one}" for one in components]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(told))
    done = subprocess.run(["kubectl", "kustomize", str(tmp_path)], capture_output=True, check=True)
    objects = list(yaml.safe_load_all(done.stdout))
    assert of("ServiceAccount", objects)["metadata"]["namespace"] == "flux-system"
    subjects = [subject for one in objects for subject in one.get("subjects", ())]
    assert len(subjects) == 1 + len(components)
    assert {one["namespace"] for one in subjects} == {"flux-system"}


DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    return [line.partition(" ")[2] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def test_the_image_runs_as_the_job_runs_it() -> None:
    user = of("Job", built())["spec"]["template"]["spec"]["securityContext"]
    assert instructions("USER") == [f"{user['runAsUser']}:{user['runAsGroup']}"]


def test_the_image_needs_no_shell_and_no_network() -> None:
    for told in (*instructions("RUN"), *instructions("ENTRYPOINT"), *instructions("CMD")):
        assert isinstance(json.loads(told), list)
    [install] = instructions("RUN")
    assert "--no-index" in json.loads(install)
    assert instructions("COPY") == ["wheels /wheels", "--from=build /app /app"]


def test_what_is_sent_to_be_built_is_wheels_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["*", "!wheels"]


def test_the_job_runs_the_image_of_this_version() -> None:
    image = of("Job", built())["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"ghcr.io/lhmigrate/lhmigrate:{__version__}"


def test_the_patches_in_the_documents_set_the_version() -> None:
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"path: (/\S+?),? ", page.replace("\n", " ")))
    assert paths == {"/spec/template/spec/containers/0/env/0/value", "/spec/ttlSecondsAfterFinished"}
    [variable] = of("Job", built())["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variable["name"] == "LONGHORN_VERSION"
    assert f"--to=$({variable['name']})" in arguments(built())


def test_flux_holds_longhorn_back_until_the_gate_is_ready_at_the_same_revision() -> None:
    """Of a dependency with another source, the revision is not looked at (fluxcd/kustomize-controller,
    internal/controller/kustomization_controller.go, checkDependencies): what was ready for the last version counts.
    """
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = [one for block in blocks for one in yaml.safe_load_all(block) if isinstance(one, dict)]
    specs = {
        one["metadata"]["name"]: one["spec"]
        for one in found
        if str(one.get("apiVersion")).startswith("kustomize.toolkit.fluxcd.io/")
    }
    gate, longhorn = specs["longhorn-gate"], specs["longhorn"]
    assert longhorn["dependsOn"] == [{"name": "longhorn-gate"}]
    assert gate["sourceRef"] == longhorn["sourceRef"]
    assert gate["wait"] is True
    assert "patches" not in gate
