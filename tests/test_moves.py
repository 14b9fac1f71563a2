"""Plans for what a tree declares: one version given and one read, values that count, policies of Longhorn's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from repositories import Repository, alone
from running import CUTTING, inside, written

if TYPE_CHECKING:
    from running import Run

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: longhorn, namespace: longhorn-system}
spec:
  chart: {spec: {chart: longhorn, version: VERSION, sourceRef: {kind: HelmRepository, name: longhorn}}}
"""


def release(version: str, more: str = "") -> str:
    return RELEASE.replace("VERSION", version) + more


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no checkout."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tree").mkdir()
    alone(monkeypatch, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "tree")
    return tmp_path / "tree"


def plan(*arguments: str) -> Run:
    return inside("plan", *arguments, "--format", "json")


def fates(run: Run) -> dict[str, tuple[str, str | None, str | None]]:
    assert run.err == ""
    return {one["environment"]: (one["change"], one["from"], one["to"]) for one in run.report["environments"]}


class TestOneVersionGiven:
    """The other one is what the tree declares."""

    def test_the_release_to_go_to(self) -> None:
        written(Path(), {"lh.yaml": release("1.6.4"), "np.yaml": CUTTING})
        run = plan("--to", "1.7")
        assert fates(run) == {"lh.yaml": ("moves", "1.6.4", "1.7.3")}
        assert (run.report["base"], run.report["coverage"]["policies"], run.code) == (None, 1, 1)

    def test_the_release_to_come_from(self) -> None:
        written(Path(), {"lh.yaml": release("1.7.3")})
        assert fates(plan("--from", "v1.6.4")) == {"lh.yaml": ("moves", "1.6.4", "1.7.3")}

    def test_each_installation_has_its_own(self) -> None:
        written(Path(), {"a.yaml": release("1.6.4"), "b.yaml": release("1.7.3"), "c.yaml": release('"1.x"')})
        run = plan("--to", "1.7.3")
        assert fates(run) == {
            "a.yaml": ("moves", "1.6.4", "1.7.3"),
            "b.yaml": ("stays", "1.7.3", "1.7.3"),
            "c.yaml": ("refused", None, None),
        }
        assert run.code == 1

    def test_paths_choose_among_them(self) -> None:
        written(Path(), {"a/lh.yaml": release("1.6.4"), "b/lh.yaml": release("1.6.4"), "a/np.yaml": CUTTING})
        run = plan("--to", "1.7", "a")
        assert list(fates(run)) == ["a/lh.yaml"]
        assert run.report["coverage"]["policies"] == 1

    def test_a_downgrade_is_refused(self) -> None:
        written(Path(), {"lh.yaml": release("1.7.3")})
        (one,) = plan("--to", "1.6.4").report["environments"]
        assert one["reason"] == "from 1.7.3 to 1.6.4 is a downgrade, and Longhorn cannot be downgraded"

    @pytest.mark.parametrize("option", ["--from", "--to"])
    def test_a_tree_that_declares_nothing(self, option: str) -> None:
        written(Path(), {"np.yaml": CUTTING})
        run = plan(option, "1.7")
        missing = "--to" if option == "--from" else "--from"
        assert (run.code, run.err) == (
            2,
            f"lhmigrate: no file here tells which Longhorn is installed, so pass {missing} too\n",
        )

    def test_values_files_of_the_tree_count(self) -> None:
        fleet = "helm: {chart: longhorn, version: 1.12.0, valuesFiles: [v.yaml]}\n"
        written(Path(), {"fleet.yaml": fleet, "v.yaml": "networkPolicies: {restrictInternalTraffic: false}\n"})
        assert plan("--to", "1.12.1").report["findings"] == []

    def test_the_way_of_installing_counts(self) -> None:
        """The plain manifest heeds no values, so its policies come whatever the configuration says."""
        address = "https://raw.githubusercontent.com/longhorn/longhorn/v1.12.0/deploy/longhorn.yaml"
        config = "values: [v.yaml]\n"
        written(Path(), {"kustomization.yaml": f"resources: ['{address}']\n", ".lhmigrate.yaml": config})
        written(Path(), {"v.yaml": "networkPolicies: {restrictInternalTraffic: false}\n"})
        assert "policies-installed" in {one["code"] for one in plan("--to", "1.12.1").report["findings"]}

    def test_the_name_of_the_helm_release_counts(self) -> None:
        selects = CUTTING.replace("longhorn.io/component: instance-manager", "app.kubernetes.io/instance: disks")
        written(Path(), {"lh.yaml": release("1.6.4", "  releaseName: disks\n"), "np.yaml": selects})
        cut = {one["target"] for one in plan("--to", "1.7", "--cni", "calico").report["findings"] if one["flow"]}
        assert "longhorn-manager" in cut


# Values that something fills in later, and which of them a verdict depends on; None: on none of them.
MATTER: dict[str, str | None] = {
    "networkPolicies: {restrictInternalTraffic: '${X}'}": "networkPolicies.restrictInternalTraffic",
    "networkPolicies: '${X}'": "networkPolicies",
    "metrics: {serviceMonitor: {enabled: '${X}'}}": "metrics.serviceMonitor.enabled",
    "defaultSettings: {storageNetwork: '${X}', replicaSoftAntiAffinity: '${Y}'}": "defaultSettings.storageNetwork",
    "namespaceOverride: '${X}'": "namespaceOverride",
    "ingress: {enabled: true, host: 'longhorn.${DOMAIN}'}": None,
    "persistence: {defaultClassReplicaCount: '${X}'}": None,
}


class TestValuesThatAreNotRead:
    """Helm values decide which policies Longhorn installs, so what is not known of them is said."""

    def findings(self, *arguments: str) -> list[dict[str, Any]]:
        found = plan("--to", "1.12.1", *arguments).report["findings"]
        return [one for one in found if one["code"] == "values-unread"]

    def test_a_file_that_is_not_there_is_something_to_do(self) -> None:
        written(Path(), {"lh.yaml": release("1.12.0", "  valuesFrom: [{kind: ConfigMap, name: x}]\n")})
        (one,) = self.findings()
        assert (one["level"], one["file"], one["line"]) == ("warning", "lh.yaml", 6)
        assert one["message"].startswith("Not read: the ConfigMap x is not in this tree; if it sets networkPolicies")

    def test_a_secret_is_something_to_know(self) -> None:
        written(Path(), {"lh.yaml": release("1.12.0", "  valuesFrom: [{kind: Secret, name: x}]\n")})
        assert [one["level"] for one in self.findings()] == ["note"]

    def test_whoever_passes_values_knows(self) -> None:
        written(Path(), {"lh.yaml": release("1.12.0", "  valuesFrom: [{kind: ConfigMap, name: x}]\n"), "v": "a: 1\n"})
        assert [one["level"] for one in self.findings("--values", "v")] == ["note"]

    @pytest.mark.parametrize(("values", "path"), MATTER.items(), ids=MATTER.keys())
    def test_a_value_that_is_filled_in_later_is_said_if_a_verdict_depends_on_it(
        self, values: str, path: str | None
    ) -> None:
        written(Path(), {"lh.yaml": release("1.12.0", f"  values: {{{values}}}\n")})
        said = [one["message"] for one in self.findings()]
        sentence = f"The Helm value {path} is filled in only when it is applied; pass it with --values."
        assert said == ([] if path is None else [sentence])


MANIFEST = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: longhorn-manager, namespace: longhorn-system}
spec: {template: {spec: {containers: [{image: "longhornio/longhorn-manager:VERSION"}]}}}
"""
OWN = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: backing-image-data-source, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: backing-image-data-source}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - {podSelector: {matchLabels: {app: longhorn-manager}}}
        - {podSelector: {matchLabels: {longhorn.io/component: instance-manager}}}
        - {podSelector: {matchLabels: {longhorn.io/component: backing-image-manager}}}
        - {podSelector: {matchLabels: {longhorn.io/component: backing-image-data-source}}}
"""


class TestLonghornsOwnPolicies:
    """Where Longhorn's manifests or chart lie in the tree, their policies are its own, and nobody's beside it."""

    @pytest.fixture
    def repository(self, in_a_folder_of_its_own: Path) -> Repository:
        """One that holds Longhorn's manifest."""
        made = Repository.new(in_a_folder_of_its_own)
        made.commit({"lh/longhorn.yaml": MANIFEST.replace("VERSION", "v1.12.0")})
        return made

    def test_a_manifest_that_brings_its_policies_is_no_collision(self, repository: Repository) -> None:
        repository.commit({"lh/longhorn.yaml": MANIFEST.replace("VERSION", "v1.12.1") + OWN}, branch="bump")
        report = repository.plan("--cni", "calico").report
        assert "name-collision" not in {one["code"] for one in report["findings"]}
        assert "policies-installed" in {one["code"] for one in report["findings"]}
        said = "1 of the policies beside lh/longhorn.yaml are Longhorn's own, and come and go with its release"
        assert said in report["assumptions"]

    def test_a_policy_of_ours_with_such_a_name_still_is(self, repository: Repository) -> None:
        ours = OWN.replace("app: longhorn-manager", "app: ours")
        repository.commit({"lh/longhorn.yaml": MANIFEST.replace("VERSION", "v1.12.1"), "lh/np.yaml": ours}, "bump")
        report = repository.plan("--cni", "calico").report
        assert "name-collision" in {one["code"] for one in report["findings"]}
        assert any("although they are not beside lh/longhorn.yaml" in one for one in report["assumptions"])

    CHART = "name: longhorn\nappVersion: VERSION\nhome: https://github.com/longhorn/longhorn\n"
    TEMPLATE = 'kind: NetworkPolicy\nmetadata: {name: x, namespace: {{ include "release_namespace" . }}}\n'

    def test_the_templates_of_its_chart_are_not_judged(self, repository: Repository) -> None:
        chart = {"charts/longhorn/Chart.yaml": self.CHART, "charts/longhorn/templates/np.yaml": self.TEMPLATE}
        repository.commit(
            {"lh/longhorn.yaml": None} | {name: text.replace("VERSION", "v1.6.4") for name, text in chart.items()}
        )
        repository.commit({"charts/longhorn/Chart.yaml": self.CHART.replace("VERSION", "v1.7.3")}, branch="bump")
        run = repository.plan()
        assert fates(run) == {"charts/longhorn/Chart.yaml": ("moves", "1.6.4", "1.7.3")}
        assert (run.report["coverage"]["unread"], run.code) == ([], 0)
        said = "what is in charts/longhorn/templates/ is Longhorn's own chart, whose policies the catalogue tells"
        assert said in run.report["assumptions"]

    def test_the_templates_of_another_chart_are(self, repository: Repository) -> None:
        repository.commit({"charts/app/templates/np.yaml": self.TEMPLATE, "charts/app/Chart.yaml": "name: app\n"})
        repository.commit({"lh/longhorn.yaml": MANIFEST.replace("VERSION", "v1.12.1")}, branch="bump")
        (one,) = repository.plan().report["environments"]
        assert "nothing could be judged" in one["reason"]


def test_an_option_that_means_nothing_ends_the_run() -> None:
    written(Path(), {"lh.yaml": release("1.6.4")})
    run = plan("--to", "1.7", "--with", "magic")
    assert (run.code, run.out) == (2, "")


def test_a_value_that_means_nothing_is_told_of_its_installation() -> None:
    written(Path(), {"a.yaml": release("1.6.4", "  values: {namespaceOverride: [1]}\n"), "b.yaml": release("1.6.4")})
    run = plan("--to", "1.7")
    assert [one["change"] for one in run.report["environments"]] == ["moves", "refused"]
    assert run.report["environments"][1]["reason"].startswith("the Helm value namespaceOverride must be a string")


def test_a_chart_from_elsewhere_is_an_assumption() -> None:
    chart = "helmCharts: [{name: longhorn, repo: https://mirror.example/charts, version: 1.6.4}]\n"
    written(Path(), {"kustomization.yaml": chart})
    assumed = plan("--to", "1.7").report["assumptions"]
    assert assumed[0] == (
        "kustomization.yaml:1:77: the chart from https://mirror.example/charts is taken to be Longhorn's own, with "
        "Longhorn's version numbers"
    )


def test_policies_from_a_pipe_are_judged_with_what_the_tree_declares() -> None:
    written(Path(), {"lh.yaml": release("1.6.4")})
    run = inside("plan", "--to", "1.7", "-", "--format", "json", "--cni", "calico", given=CUTTING.encode())
    assert fates(run) == {"lh.yaml": ("moves", "1.6.4", "1.7.3")}
    assert {one["file"] for one in run.report["findings"] if one["flow"]} == {"(stdin)"}
