"""Which Longhorn a tree declares: every shape in which people write it, every spelling, and what is refused."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lhmigrate.declarations import declared, hcl, helm, spelling
from lhmigrate.declarations.declaration import BY_HAND
from lhmigrate.declarations.tree import Tree
from lhmigrate.files.scan import DECLARATIONS, mentions
from lhmigrate.longhorn.release import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.declarations.declaration import Declaration


def tree(files: Mapping[str, str]) -> Tree:
    """A tree as a run sees it: given are the files that mention Longhorn, and the others can be asked for."""
    texts = {name: dedent(text) for name, text in files.items()}
    given_ones = {
        name: text
        for name, text in texts.items()
        if name.endswith(DECLARATIONS.endings) and mentions(text.encode(), DECLARATIONS.words)
    }
    return Tree(given_ones, texts.get)


def all_of(files: Mapping[str, str]) -> tuple[Declaration, ...]:
    return declared(tree(files))


def only(files: Mapping[str, str]) -> Declaration:
    (one,) = all_of(files)
    return one


RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: longhorn, namespace: storage}
spec:
  chart:
    spec:
      chart: longhorn
      version: 1.7.2
      sourceRef: {kind: HelmRepository, name: longhorn}
"""

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: longhorn, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: storage}
  source:
    repoURL: https://charts.longhorn.io
    chart: longhorn
    targetRevision: v1.7.2
"""

# Each: the files, and of the only installation its environment, the place of the version, how Longhorn is installed,
# its namespace and its release name. Every version is 1.7.2.
SHAPES: dict[str, tuple[dict[str, str], tuple[str, str, str, str | None, str | None]]] = {
    "Flux: a HelmRelease with its chart": (
        {"apps/lh.yaml": RELEASE},
        ("apps/lh.yaml", "apps/lh.yaml:8", "helm", "storage", "longhorn"),
    ),
    "Flux: a HelmRelease of a beta API": (
        {"lh.yaml": RELEASE.replace("/v2", "/v2beta1")},
        ("lh.yaml", "lh.yaml:8", "helm", "storage", "longhorn"),
    ),
    "Flux: another target namespace, which is in the release's name": (
        {"lh.yaml": RELEASE + "  targetNamespace: disks\n"},
        ("lh.yaml", "lh.yaml:8", "helm", "disks", "disks-longhorn"),
    ),
    "Flux: a release with a name of its own": (
        {"lh.yaml": RELEASE + "  targetNamespace: disks\n  releaseName: lh\n"},
        ("lh.yaml", "lh.yaml:8", "helm", "disks", "lh"),
    ),
    "Flux: an anchor in the name, a comment behind the version": (
        {"lh.yaml": RELEASE.replace("name: longhorn, ", "name: &app longhorn, ").replace("1.7.2", '"1.7.2"  # {x}')},
        ("lh.yaml", "lh.yaml:8", "helm", "storage", "longhorn"),
    ),
    "Flux: the namespace is given by the kustomization beside it": (
        {"a/lh.yaml": RELEASE.replace(", namespace: storage", ""), "a/kustomization.yaml": "namespace: disks\n"},
        ("a/lh.yaml", "a/lh.yaml:8", "helm", "disks", "longhorn"),
    ),
    "Flux: the namespace is given by Flux's own Kustomization": (
        {
            "a/app/lh.yaml": RELEASE.replace(", namespace: storage", ""),
            "a/ks.yaml": """\
                apiVersion: kustomize.toolkit.fluxcd.io/v1
                kind: Kustomization
                metadata: {name: longhorn}
                spec: {path: ./a/app, targetNamespace: disks}
                """,
        },
        ("a/app/lh.yaml", "a/app/lh.yaml:8", "helm", "disks", "longhorn"),
    ),
    "Flux: the chart is an OCIRepository": (
        {
            "lh.yaml": """\
                apiVersion: helm.toolkit.fluxcd.io/v2
                kind: HelmRelease
                metadata: {name: longhorn}
                spec: {chartRef: {kind: OCIRepository, name: longhorn}}
                """,
            "oci.yaml": """\
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: OCIRepository
                metadata: {name: longhorn}
                spec:
                  url: oci://ghcr.io/home-operations/charts-mirror/longhorn
                  ref: {tag: "1.7.2@sha256:0123456789abcdef"}
                """,
        },
        ("lh.yaml", "oci.yaml:6", "helm", None, "longhorn"),
    ),
    "Flux: the chart is an OCIRepository, described in the HelmRelease": (
        {
            "lh.yaml": """\
                apiVersion: helm.toolkit.fluxcd.io/v2
                kind: HelmRelease
                metadata: {name: lh}
                spec:
                  chart:
                    kind: OCIRepository
                    spec: {url: oci://ghcr.io/home-operations/charts-mirror/longhorn, ref: {semver: 1.7.2}}
                """
        },
        ("lh.yaml", "lh.yaml:7", "helm", None, "lh"),
    ),
    "Flux: the chart is a HelmChart": (
        {
            "lh.yaml": """\
                apiVersion: helm.toolkit.fluxcd.io/v2
                kind: HelmRelease
                metadata: {name: longhorn}
                spec: {chartRef: {kind: HelmChart, name: longhorn}}
                ---
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: HelmChart
                metadata: {name: longhorn}
                spec: {chart: longhorn, version: 1.7.2, sourceRef: {kind: HelmRepository, name: longhorn}}
                """
        },
        ("lh.yaml", "lh.yaml:9", "helm", None, "longhorn"),
    ),
    "Flux: an OCIRepository whose HelmRelease is somewhere else": (
        {
            "oci.yaml": """\
                apiVersion: source.toolkit.fluxcd.io/v1beta2
                kind: OCIRepository
                metadata: {name: longhorn}
                spec: {url: oci://ghcr.io/home-operations/charts-mirror/longhorn, ref: {tag: 1.7.2}}
                """
        },
        ("oci.yaml", "oci.yaml:4", "helm", None, None),
    ),
    "Flux: a HelmRelease takes the chart from Longhorn's own Git repository": (
        {
            "lh.yaml": """\
                apiVersion: helm.toolkit.fluxcd.io/v2
                kind: HelmRelease
                metadata: {name: longhorn}
                spec: {chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: lh}}}}
                ---
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: GitRepository
                metadata: {name: lh}
                spec: {url: "https://github.com/longhorn/longhorn", ref: {tag: v1.7.2}}
                """
        },
        ("lh.yaml", "lh.yaml:9", "helm", None, "longhorn"),
    ),
    "Flux: a GitRepository of Longhorn's manifest": (
        {
            "lh.yaml": """\
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: GitRepository
                metadata: {name: lh}
                spec: {url: "https://github.com/longhorn/longhorn.git", ref: {tag: v1.7.2}}
                """
        },
        ("lh.yaml", "lh.yaml:4", "manifest", None, None),
    ),
    "Argo CD: an Application": (
        {"lh.yaml": APPLICATION},
        ("lh.yaml", "lh.yaml:9", "helm", "storage", "longhorn"),
    ),
    "Argo CD: one of several sources": (
        {
            "lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec:
                  destination: {namespace: storage}
                  source: {chart: longhorn, repoURL: https://charts.longhorn.io, targetRevision: 1.2.0}
                  sources:
                    - {repoURL: https://git.example/gitops, targetRevision: main, ref: values}
                    - chart: longhorn
                      repoURL: https://charts.longhorn.io/
                      targetRevision: 1.7.2
                      helm: {releaseName: lh}
                """
        },
        ("lh.yaml", "lh.yaml:11", "helm", "storage", "lh"),
    ),
    "Argo CD: a chart by its OCI address": (
        {
            "lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec:
                  source: {repoURL: "oci://dp.apps.rancher.io/charts/suse-storage", path: ., targetRevision: 1.7.2-1}
                """
        },
        ("lh.yaml", "lh.yaml:5", "helm", None, "longhorn"),
    ),
    "Argo CD: Longhorn's own Git repository": (
        {
            "lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec:
                  source: {repoURL: "https://github.com/longhorn/longhorn", path: deploy, targetRevision: v1.7.2}
                """
        },
        ("lh.yaml", "lh.yaml:5", "manifest", None, "longhorn"),
    ),
    "Argo CD: the tag of the charts' Git repository": (
        {
            "lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec:
                  source:
                    repoURL: https://github.com/longhorn/charts.git
                    path: charts/longhorn
                    targetRevision: longhorn-1.7.2
                """
        },
        ("lh.yaml", "lh.yaml:8", "helm", None, "longhorn"),
    ),
    "Argo CD: an element of an ApplicationSet's list": (
        {
            "set.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: ApplicationSet
                metadata: {name: infra}
                spec:
                  generators:
                    - list:
                        elements:
                          - {name: traefik, repo: https://traefik.github.io/charts, version: 30.1.0}
                          - {name: longhorn, repo: https://charts.longhorn.io, version: 1.7.2}
                  template:
                    metadata: {name: '{{name}}'}
                    spec:
                      destination: {namespace: '{{name}}-system', server: '{{url}}'}
                      source: {chart: '{{name}}', repoURL: '{{repo}}', targetRevision: '{{version}}'}
                """
        },
        ("set.yaml", "set.yaml:9", "helm", "longhorn-system", "longhorn"),
    ),
    "Argo CD: an ApplicationSet of clusters with a literal version": (
        {
            "set.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: ApplicationSet
                metadata: {name: longhorn}
                spec:
                  goTemplate: true
                  generators: [{clusters: {}}]
                  template:
                    metadata: {name: 'longhorn-{{.name}}'}
                    spec:
                      destination: {namespace: storage, name: '{{.name}}'}
                      source: {chart: longhorn, repoURL: https://charts.longhorn.io, targetRevision: 1.7.2}
                """
        },
        ("set.yaml", "set.yaml:11", "helm", "storage", None),
    ),
    "an app of apps: an item of a list of values": (
        {
            "apps/values.yaml": """\
                applications:
                  - name: longhorn
                    namespace: storage
                    sources:
                      - {repoURL: https://charts.longhorn.io, chart: longhorn, targetRevision: 1.7.2}
                """
        },
        ("apps/values.yaml", "apps/values.yaml:5", "helm", "storage", None),
    ),
    "an app of apps: a template in which the version is literal": (
        {
            "templates/lh.yaml": """\
                {{- if .Values.longhorn.enabled }}
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata:
                  name: longhorn
                spec:
                  destination:
                    server: {{ .Values.spec.destination.server }}
                  source:
                    repoURL: https://charts.longhorn.io
                    chart: longhorn
                    targetRevision: 1.7.2
                {{- end }}
                """
        },
        ("templates/lh.yaml", "templates/lh.yaml:12", "helm", None, "longhorn"),
    ),
    "Helm: an umbrella chart": (
        {
            "infra/prod/Chart.yaml": """\
                apiVersion: v2
                name: storage
                version: 0.1.0
                appVersion: 1.16.0
                dependencies:
                  - {name: longhorn-crd, repository: https://charts.longhorn.io, version: 1.0.0}
                  - {name: longhorn, repository: https://charts.longhorn.io, version: 1.7.2}
                """
        },
        ("infra/prod/Chart.yaml", "infra/prod/Chart.yaml:7", "helm", None, None),
    ),
    "Helm: an umbrella chart with a range, and a lock file": (
        {
            "lh/Chart.yaml": """\
                name: lh
                dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: ^1.7.0}]
                """,
            "lh/Chart.lock": """\
                dependencies:
                - name: longhorn
                  repository: https://charts.longhorn.io
                  version: 1.7.2
                digest: sha256:0123
                """,
        },
        ("lh/Chart.yaml", "lh/Chart.lock:4", "helm", None, None),
    ),
    "Helm: requirements of Helm 2": (
        {
            "lh/requirements.yaml": """\
                dependencies: [{name: longhorn, alias: lh, repository: "@longhorn", version: 1.7.2}]
                """
        },
        ("lh/requirements.yaml", "lh/requirements.yaml:1", "helm", None, None),
    ),
    "Helm: an umbrella chart that an Application installs": (
        {
            "charts/lh/Chart.yaml": """\
                name: lh
                dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: 1.7.2}]
                """,
            "apps/lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn-prod}
                spec:
                  destination: {namespace: storage}
                  source: {repoURL: https://git.example/gitops, path: charts/lh, targetRevision: main}
                """,
        },
        ("apps/lh.yaml", "charts/lh/Chart.yaml:2", "helm", "storage", "longhorn-prod"),
    ),
    "Helm: Longhorn's own chart, vendored": (
        {
            "charts/longhorn/Chart.yaml": """\
                apiVersion: v1
                name: longhorn
                version: 1.7.2
                appVersion: v1.7.2
                home: https://github.com/longhorn/longhorn
                """
        },
        ("charts/longhorn/Chart.yaml", "charts/longhorn/Chart.yaml:4", "helm", None, None),
    ),
    "Helm: an umbrella chart, with what Helm fetched for it": (
        {
            "lh/Chart.yaml": """\
                name: lh
                dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: 1.7.2}]
                """,
            "lh/charts/longhorn/Chart.yaml": """\
                name: longhorn
                appVersion: v1.7.2
                home: https://github.com/longhorn/longhorn
                """,
        },
        ("lh/Chart.yaml", "lh/Chart.yaml:2", "helm", None, None),
    ),
    "kustomize: helmCharts": (
        {
            "lh/kustomization.yaml": """\
                helmCharts:
                  - name: longhorn
                    repo: https://charts.longhorn.io
                    version: 1.7.2
                    releaseName: lh
                    namespace: storage
                """
        },
        ("lh/kustomization.yaml", "lh/kustomization.yaml:4", "helm", "storage", "lh"),
    ),
    "kustomize: the namespace of everything wins over the chart's": (
        {
            "lh/kustomization.yaml": """\
                namespace: disks
                helmCharts:
                  - {name: longhorn, repo: https://charts.longhorn.io, version: 1.7.2, namespace: storage}
                """
        },
        ("lh/kustomization.yaml", "lh/kustomization.yaml:3", "helm", "disks", None),
    ),
    "kustomize: the older helmChartInflationGenerator": (
        {
            "lh/kustomization.yml": """\
                helmChartInflationGenerator:
                  - chartName: longhorn
                    chartRepoUrl: https://charts.longhorn.io
                    chartVersion: 1.7.2
                    releaseName: lh
                    releaseNamespace: storage
                """
        },
        ("lh/kustomization.yml", "lh/kustomization.yml:4", "helm", "storage", "lh"),
    ),
    "kustomize: a HelmChartInflationGenerator of its own": (
        {
            "lh/generator.yaml": """\
                apiVersion: builtin
                kind: HelmChartInflationGenerator
                metadata: {name: longhorn}
                name: longhorn
                repo: https://charts.longhorn.io
                version: 1.7.2
                releaseName: lh
                """
        },
        ("lh/generator.yaml", "lh/generator.yaml:6", "helm", None, "lh"),
    ),
    "kustomize: a chart that it has fetched before": (
        {
            "lh/kustomization.yaml": """\
                helmCharts: [{name: longhorn, repo: https://charts.longhorn.io, version: 1.7.2}]
                """,
            "lh/charts/longhorn-1.7.2/longhorn/Chart.yaml": """\
                name: longhorn
                appVersion: v1.7.2
                home: https://github.com/longhorn/longhorn
                """,
        },
        ("lh/kustomization.yaml", "lh/kustomization.yaml:1", "helm", None, None),
    ),
    "kustomize: a chart that lies beside it is taken whatever version is named": (
        {
            "lh/kustomization.yaml": "helmCharts: [{name: longhorn, version: 1.4.0}]\n",
            "lh/charts/longhorn/Chart.yaml": """\
                name: longhorn
                appVersion: v1.7.2
                home: https://github.com/longhorn/longhorn
                """,
        },
        ("lh/charts/longhorn/Chart.yaml", "lh/charts/longhorn/Chart.yaml:2", "helm", None, None),
    ),
    "kustomize: Longhorn's manifest by its address": (
        {
            "lh/kustomization.yaml": """\
                namespace: storage
                resources:
                  - https://raw.githubusercontent.com/longhorn/longhorn/v1.7.2/deploy/longhorn.yaml
                """
        },
        ("lh/kustomization.yaml", "lh/kustomization.yaml:3", "manifest", "storage", None),
    ),
    "kustomize: Longhorn's repository with a ref": (
        {"lh/kustomization.yaml": 'resources: ["https://github.com/longhorn/longhorn//deploy?ref=v1.7.2"]\n'},
        ("lh/kustomization.yaml", "lh/kustomization.yaml:1", "manifest", None, None),
    ),
    "kustomize: the tag of the managers' image": (
        {"lh/kustomization.yaml": "images: [{name: longhornio/longhorn-manager, newTag: v1.7.2}]\n"},
        ("lh/kustomization.yaml", "lh/kustomization.yaml:1", "manifest", None, None),
    ),
    "kustomize: a JSON patch of a HelmRelease": (
        {
            "prod/kustomization.yaml": """\
                patches:
                  - target: {kind: HelmRelease, name: longhorn}
                    patch: |
                      - op: replace
                        path: /spec/chart/spec/version
                        value: 1.7.2
                """
        },
        ("prod/kustomization.yaml", "prod/kustomization.yaml:6", "helm", None, None),
    ),
    "kustomize: a patch of a HelmRelease, written where it is named": (
        {
            "prod/kustomization.yaml": """\
                patches:
                  - patch: |
                      apiVersion: helm.toolkit.fluxcd.io/v2
                      kind: HelmRelease
                      metadata: {name: longhorn}
                      spec: {chart: {spec: {version: 1.7.2}}}
                """
        },
        ("prod/kustomization.yaml", "prod/kustomization.yaml:6", "helm", None, None),
    ),
    "helmfile: a release": (
        {
            "helmfile.yaml": """\
                repositories:
                  - {name: storage, url: https://charts.longhorn.io}
                releases:
                  - {name: lh, namespace: disks, chart: storage/longhorn, version: 1.7.2}
                """
        },
        ("helmfile.yaml", "helmfile.yaml:4", "helm", "disks", "lh"),
    ),
    "helmfile: a template around a literal version": (
        {
            "helmfile.yaml.gotmpl": """\
                {{- $env := .Environment.Name }}
                releases:
                  - name: longhorn
                    namespace: {{ .Values.namespace }}
                    chart: oci://ghcr.io/home-operations/charts-mirror/longhorn
                    version: 1.7.2
                """
        },
        ("helmfile.yaml.gotmpl", "helmfile.yaml.gotmpl:6", "helm", None, "longhorn"),
    ),
    "Fleet: a bundle of Longhorn's chart": (
        {
            "lh/fleet.yaml": """\
                defaultNamespace: storage
                helm: {repo: https://charts.longhorn.io, chart: longhorn, version: v1.7.2, releaseName: lh}
                """
        },
        ("lh/fleet.yaml", "lh/fleet.yaml:2", "helm", "storage", "lh"),
    ),
    "Fleet: a bundle of Rancher's chart": (
        {
            "lh/fleet.yaml": """\
                namespace: storage
                helm: {repo: https://charts.rancher.io, chart: longhorn, version: "104.2.1+up1.7.2"}
                """
        },
        ("lh/fleet.yaml", "lh/fleet.yaml:2", "helm", "storage", None),
    ),
    "K3s: a HelmChart": (
        {
            "lh.yaml": """\
                apiVersion: helm.cattle.io/v1
                kind: HelmChart
                metadata: {name: longhorn, namespace: kube-system}
                spec: {repo: https://charts.longhorn.io, chart: longhorn, version: 1.7.2, targetNamespace: storage}
                """
        },
        ("lh.yaml", "lh.yaml:4", "helm", "storage", "longhorn"),
    ),
    "K3s: a HelmChart of an archive": (
        {
            "lh.yaml": """\
                apiVersion: helm.cattle.io/v1
                kind: HelmChart
                metadata: {name: longhorn, namespace: storage}
                spec:
                  chart: https://github.com/longhorn/charts/releases/download/longhorn-1.7.2/longhorn-1.7.2.tgz
                """
        },
        ("lh.yaml", "lh.yaml:1", "helm", "storage", "longhorn"),
    ),
    "Terraform: a helm_release": (
        {
            "lh.tf": """\
                # provider "helm" {}
                resource "helm_release" "storage" {
                  name       = "lh"
                  namespace  = "disks"
                  repository = "https://charts.longhorn.io"
                  chart      = "longhorn"
                  version    = "1.7.2" # renovate
                }
                """
        },
        ("lh.tf", "lh.tf:7", "helm", "disks", "lh"),
    ),
    "rendered: Longhorn's manifest as it was downloaded": (
        {
            "longhorn.yaml": """\
                apiVersion: v1
                kind: Service
                metadata: {name: longhorn-backend}
                ---
                apiVersion: apps/v1
                kind: DaemonSet
                metadata:
                  name: longhorn-manager
                  namespace: storage
                  labels: {app.kubernetes.io/version: v1.7.0}
                spec:
                  template:
                    spec:
                      containers:
                        - {name: pre-pull, image: "longhornio/longhorn-share-manager:v1.6.0"}
                        - {name: longhorn-manager, image: "registry.example/longhornio/longhorn-manager:v1.7.2"}
                """
        },
        ("longhorn.yaml", "longhorn.yaml:16", "manifest", "storage", None),
    ),
    "rendered: what Helm's chart came to": (
        {
            "out/lh.yaml": """\
                apiVersion: apps/v1
                kind: DaemonSet
                metadata:
                  name: longhorn-manager
                  labels: {app.kubernetes.io/managed-by: Helm, app.kubernetes.io/instance: lh}
                spec:
                  template:
                    spec:
                      containers: [{image: "rancher/mirrored-longhornio-longhorn-manager:v1.7.2@sha256:0a"}]
                """
        },
        ("out/lh.yaml", "out/lh.yaml:9", "helm", None, "lh"),
    ),
    "a list of objects, as kubectl prints it": (
        {"all.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + APPLICATION.replace("\n", "\n  ").rstrip() + "\n"},
        ("all.yaml", "all.yaml:12", "helm", "storage", "longhorn"),
    ),
    "JSON": (
        {
            "lh.json": """\
                {"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart", "metadata": {"name": "longhorn"},
                 "spec": {"chart": "longhorn/longhorn", "version": "1.7.2"}}
                """
        },
        ("lh.json", "lh.json:2", "helm", None, "longhorn"),
    ),
    "Ansible": (
        {
            "tasks/main.yml": """\
                - name: Storage
                  kubernetes.core.helm:
                    name: lh
                    chart_ref: longhorn/longhorn
                    chart_version: 1.7.2
                    release_namespace: storage
                """
        },
        ("tasks/main.yml", "tasks/main.yml:5", "helm", "storage", None),
    ),
    "Crossplane": (
        {
            "lh.yaml": """\
                apiVersion: helm.crossplane.io/v1beta1
                kind: Release
                metadata: {name: longhorn}
                spec:
                  forProvider:
                    chart: {name: longhorn, repository: https://charts.longhorn.io, version: 1.7.2}
                    namespace: storage
                """
        },
        ("lh.yaml", "lh.yaml:6", "helm", "storage", None),
    ),
    "Talos: a manifest by its address": (
        {
            "talos.yaml": """\
                cluster:
                  extraManifests:
                    - https://raw.githubusercontent.com/longhorn/longhorn/refs/tags/v1.7.2/deploy/longhorn.yaml
                """
        },
        ("talos.yaml", "talos.yaml:3", "manifest", None, None),
    ),
}


WITHOUT_COLUMN = {"kustomize patch of a HelmRelease", "K3s HelmChart"}
"""Where the version is in a text inside of YAML, or in the name of an archive."""


@pytest.mark.parametrize(("files", "expected"), SHAPES.values(), ids=SHAPES.keys())
def test_a_shape_is_read(files: dict[str, str], expected: tuple[str, str, str, str | None, str | None]) -> None:
    one = only(files)
    place = one.pin.place
    assert (one.environment, f"{place.file}:{place.line}", one.install, one.namespace, one.release_name) == expected
    assert (str(one.pin.version), one.pin.refused) == ("1.7.2", None)
    if one.shape not in WITHOUT_COLUMN:
        line = dedent(files[place.file]).splitlines()[place.line - 1]
        assert one.pin.written.removeprefix("longhorn-") in line[place.column - 1 :]
        assert re.fullmatch(r".*[\s{\[\"']|", line[: place.column - 1])


# Each: what is written, and the release that is meant.
SPELLINGS = {
    "1.7.2": "1.7.2",
    "v1.7.2": "1.7.2",
    " 1.7.2 ": "1.7.2",
    "1.7.2@sha256:0123456789abcdef": "1.7.2",
    "109.3.1+up1.11.2": "1.11.2",
    "109.3.1_up1.11.2": "1.11.2",
    "100.2.0+upv1.3.0": "1.3.0",
    "1.11.2-1": "1.11.2",
    "1.11.2-12": "1.11.2",
    "1.7.2+abc.1": "1.7.2",
    "109.3.1+up1.11.2-1": "1.11.2",
}


@pytest.mark.parametrize(("written", "meant"), SPELLINGS.items(), ids=SPELLINGS.keys())
def test_a_spelling_means_a_release(written: str, meant: str) -> None:
    assert spelling.version(written) == Version.parse(meant)


NOT_SPELLED = {
    "^1.7.0": "is a range",
    "~1.7": "is a range",
    ">=1.5 <1.8": "is a range",
    ">=1.5.0": "is a range",
    "1.x": "is a range",
    "1.7.x": "is a range",
    "1.7.X": "is a range",
    "*": "is a range",
    "1.7.*": "is a range",
    "1.7": "is a range",
    "v1": "is a range",
    "1.6.0 || 1.7.0": "is a range",
    "1.6.0 - 1.7.0": "is a range",
    "latest": "is a range",
    "1.7.2-rc1": "is a pre-release",
    "1.8.0-dev": "is a pre-release",
    "109.0.0+up1.9.0-rc2": "is a pre-release",
    "{{ .Values.version }}": "is filled in",
    "${LONGHORN_VERSION}": "is filled in",
    "": "is empty",
    "@sha256:0123456789abcdef": "is only a digest",
    "main": "is not a version",
    "1.7.2.1": "is not a version",
    "\u0661.\u0667.\u0662": "is not a version",
}


@pytest.mark.parametrize(("written", "why"), NOT_SPELLED.items(), ids=NOT_SPELLED.keys())
def test_what_means_no_release_says_why(written: str, why: str) -> None:
    found = spelling.version(written)
    assert isinstance(found, str)
    assert found.startswith(why)


# Each: the files, and how the refusal of the only installation ends up.
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a range": (
        {"lh.yaml": RELEASE.replace("1.7.2", '"^1.7"')},
        "lh.yaml:8:16: the version '^1.7' is a range, and which release it means is only known where it is installed",
    ),
    "no version at all": (
        {"lh.yaml": RELEASE.replace("      version: 1.7.2\n", "")},
        "lh.yaml:1:1: no version is named, so whatever is the newest gets installed",
    ),
    "a Flux variable": (
        {"lh.yaml": RELEASE.replace("1.7.2", "${VERSION}")},
        "lh.yaml:8:16: the version '${VERSION}' is filled in only when it is applied",
    ),
    "a digest alone": (
        {
            "oci.yaml": """\
                apiVersion: source.toolkit.fluxcd.io/v1
                kind: OCIRepository
                metadata: {name: longhorn}
                spec: {url: oci://ghcr.io/x/longhorn, ref: {digest: "sha256:0123"}}
                """
        },
        "oci.yaml:4:53: its version is only a digest",
    ),
    "an OCIRepository that is not there": (
        {
            "lh.yaml": """\
                apiVersion: helm.toolkit.fluxcd.io/v2
                kind: HelmRelease
                metadata: {name: longhorn}
                spec: {chartRef: {kind: OCIRepository, name: longhorn}}
                """
        },
        "lh.yaml:4:18: its chart is OCIRepository longhorn, which is not in this tree",
    ),
    "a branch of Longhorn's repository": (
        {"kustomization.yaml": 'resources: ["https://github.com/longhorn/longhorn//deploy?ref=v1.7.x"]\n'},
        "kustomization.yaml:1:13: the reference 'v1.7.x' is a branch or a commit",
    ),
    "a manifest of one release with an image of another": (
        {
            "kustomization.yaml": """\
                resources: ["https://raw.githubusercontent.com/longhorn/longhorn/v1.7.2/deploy/longhorn.yaml"]
                images: [{name: longhornio/longhorn-manager, newTag: v1.7.3}]
                """
        },
        "kustomization.yaml:2:54: the image is of v1.7.3, and the manifest of v1.7.2",
    ),
    "an element that a list lacks": (
        {
            "set.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: ApplicationSet
                spec:
                  generators: [{git: {files: [{path: "clusters/*.json"}]}}]
                  template:
                    spec: {source: {chart: longhorn, repoURL: https://charts.longhorn.io, targetRevision: '{{v}}'}}
                """
        },
        "set.yaml:6:91: the version '{{v}}' is filled in only when it is applied",
    ),
    "helmfile: a version from an environment": (
        {
            "helmfile.yaml": """\
                releases:
                  - name: longhorn
                    chart: longhorn/longhorn
                    version: {{ .Values.longhorn }}
                """
        },
        "helmfile.yaml:4:14: the version is not a plain text, so something fills it in when it is applied",
    ),
    "Terraform: a variable": (
        {"lh.tf": 'resource "helm_release" "lh" {\n  chart = "longhorn"\n  version = var.longhorn_version\n}\n'},
        "lh.tf:3:13: the version '${var.longhorn_version}' is known only when it is applied",
    ),
    "Terraform: an interpolated text": (
        {"lh.tf": 'resource "helm_release" "lh" {\n  chart = "longhorn"\n  version = "${local.v}.2"\n}\n'},
        "lh.tf:3:13: the version '${local.v}.2' is known only when it is applied",
    ),
    "Terraform that is none": (
        {"lh.tf": 'resource "helm_release" "lh" {\n  chart = "longhorn\n}\n'},
        "lh.tf:2:20: is not Terraform's language",
    ),
    "K3s: a chart that is packed into the object": (
        {
            "lh.yaml": """\
                apiVersion: helm.cattle.io/v1
                kind: HelmChart
                metadata: {name: longhorn}
                spec: {chartContent: H4sI}
                """
        },
        "lh.yaml:4:22: its chart is packed into chartContent",
    ),
    "broken YAML": (
        {"lh.yaml": RELEASE + "  values: [\n"},
        "lh.yaml:11:1: is not valid YAML: did not find expected node content",
    ),
    "a key that stands twice": (
        {"lh.yaml": RELEASE + "  chart: {}\n"},
        "lh.yaml:10:3: the key 'chart' stands here twice, first in line 5",
    ),
    "an image without a tag": (
        {
            "lh.yaml": """\
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: longhorn-manager}
                spec: {template: {spec: {containers: [{image: longhornio/longhorn-manager}]}}}
                """
        },
        "lh.yaml:4:47: the image has no tag",
    ),
}


@pytest.mark.parametrize(("files", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_told_is_refused_with_its_place(files: dict[str, str], says: str) -> None:
    one = only(files)
    assert one.pin.version is None
    assert str(one.pin.refused) == f"{says}; {BY_HAND}"


# Trees that declare no Longhorn, however much they speak of it.
NONE: dict[str, dict[str, str]] = {
    "a chart of another name": {"lh.yaml": RELEASE.replace("chart: longhorn", "chart: longhorn-monitoring")},
    "the chart of the custom resources alone": {
        "lh.yaml": APPLICATION.replace("chart: longhorn", "chart: longhorn-crd")
    },
    "another application that waits for it": {
        "app.yaml": RELEASE.replace("chart: longhorn", "chart: app") + "  dependsOn: [{name: longhorn}]\n"
    },
    "a volume": {"pvc.yaml": "kind: PersistentVolumeClaim\nspec: {storageClassName: longhorn}\n# chart: x\n"},
    "a repository": {
        "repo.yaml": """\
            apiVersion: source.toolkit.fluxcd.io/v1
            kind: HelmRepository
            metadata: {name: longhorn}
            spec: {url: https://charts.longhorn.io}
            """
    },
    "a commented declaration": {"lh.yaml": "".join(f"# {line}\n" for line in RELEASE.splitlines()) + "a: chart\n"},
    "a release that helmfile leaves out": {
        "helmfile.yaml": "releases: [{name: lh, chart: longhorn/longhorn, version: 1.7.2, installed: false}]\n"
    },
    "a warehouse that watches the chart": {
        "kargo.yaml": """\
            apiVersion: kargo.akuity.io/v1alpha1
            kind: Warehouse
            metadata: {name: longhorn}
            spec: {subscriptions: [{chart: {repoURL: https://charts.longhorn.io, name: longhorn}}]}
            """
    },
    "another workload of the name": {
        "lh.yaml": "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: longhorn-exporter}\n# longhorn-manager:v1\n"
    },
    "an application of the name that comes from a folder of a repository": {
        "values.yaml": "apps: [{name: longhorn, repoURL: https://git.example/x, path: charts, targetRevision: HEAD}]\n"
    },
    "a patch of the managers' DaemonSet": {
        "patch.yaml": """\
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: longhorn-manager}
            spec: {template: {spec: {containers: [{name: longhorn-manager, resources: {}}]}}}
            # longhorn-manager: more memory
            """
    },
    "a chart of this tree that has the name": {
        "lh.yaml": """\
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            metadata: {name: x}
            spec: {chart: {spec: {chart: ./charts/longhorn, sourceRef: {kind: GitRepository, name: flux-system}}}}
            """,
        "charts/longhorn/Chart.yaml": "name: wrapper\n",
    },
    "a template of Longhorn's own chart": {
        "charts/longhorn/templates/daemonset-sa.yaml": """\
            apiVersion: apps/v1
            kind: DaemonSet
            metadata:
              labels: {{- include "longhorn.labels" . | nindent 4 }}
                app: longhorn-manager
              name: longhorn-manager
            """
    },
}


@pytest.mark.parametrize("files", NONE.values(), ids=NONE.keys())
def test_what_declares_no_longhorn_is_not_taken_for_it(files: dict[str, str]) -> None:
    assert all_of(files) == ()


FOREIGN = {
    "https://charts.longhorn.io": "",
    "https://charts.longhorn.io/": "",
    "https://charts.longhorn.io.example": "https://charts.longhorn.io.example",
    "https://charts.rancher.io": "",
    "https://nexus.example/repository/helm": "https://nexus.example/repository/helm",
    "https://me:secret@nexus.example/helm": "https://nexus.example/helm",
    "oci://harbor.example/library": "oci://harbor.example/library",
    "": "",
}


@pytest.mark.parametrize(("address", "shown"), FOREIGN.items(), ids=FOREIGN.keys())
def test_a_chart_of_the_name_from_elsewhere_is_a_doubt(address: str, shown: str) -> None:
    one = only({"lh.yaml": APPLICATION.replace("https://charts.longhorn.io", address or '""')})
    assert (f"from {shown} is taken to be Longhorn's own" in one.pin.doubt) == bool(shown)
    assert "secret" not in one.pin.doubt


def test_a_repository_of_the_tree_tells_where_a_chart_comes_from() -> None:
    repository = """\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata: {name: longhorn}
        spec: {url: https://mirror.example/charts}
        """
    assert "https://mirror.example/charts" in only({"lh.yaml": RELEASE, "repo.yaml": repository}).pin.doubt


NP = "networkPolicies"


def values(files: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values of the only installation, and the reasons why some were not read."""
    one = only(files)
    return dict(one.values.given), [str(problem) for problem in (*one.values.unread, *one.values.secret)]


VALUES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "Flux: inline, over a ConfigMap's, in their order": (
        {
            "lh.yaml": RELEASE
            + dedent("""\
              valuesFrom:
                - {kind: ConfigMap, name: longhorn-a}
                - {kind: ConfigMap, name: longhorn-b, valuesKey: b.yaml}
              values: {c: inline}
            """)
            .replace("\n", "\n  ")
            .rstrip()
            .join(("  ", "\n")),
            "a.yaml": """\
                kind: ConfigMap
                metadata: {name: longhorn-a}
                data: {values.yaml: "{a: 1, b: 1, c: 1}"}
                """,
            "b.yaml": """\
                kind: ConfigMap
                metadata: {name: longhorn-b}
                data:
                  b.yaml: |
                    b: 2
                    c: 2
                """,
        },
        {"a": 1, "b": 2, "c": "inline"},
    ),
    "Flux: a ConfigMap that a kustomization makes of a file": (
        {
            "lh/lh.yaml": RELEASE + "  valuesFrom: [{kind: ConfigMap, name: longhorn-values}]\n",
            "lh/kustomization.yaml": """\
                configMapGenerator:
                  - {name: longhorn-values, files: [values.yaml=helm/my-values.yaml]}
                """,
            "lh/helm/my-values.yaml": "a: from a file\n",
        },
        {"a": "from a file"},
    ),
    "Argo CD: parameters, values and files, in the order of their weight": (
        {
            "lh.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec:
                  sources:
                    - {repoURL: https://git.example/gitops, ref: mine}
                    - repoURL: https://charts.longhorn.io
                      chart: longhorn
                      targetRevision: 1.7.2
                      helm:
                        valueFiles: [$mine/env/all.yaml, $mine/env/prod.yaml, values.yaml]
                        values: |
                          c: 3
                          d: 3
                          e: 3
                        parameters:
                          - {name: d, value: "4"}
                          - {name: networkPolicies.enabled, value: "true"}
                          - {name: e, value: "true", forceString: true}
                          - {name: 'f\\.g', value: text}
                """,
            "env/all.yaml": "a: 1\nb: 1\nc: 1\nd: 1\n",
            "env/prod.yaml": "b: 2\n",
        },
        {"a": 1, "b": 2, "c": 3, "d": 4, "e": "true", "f.g": "text", NP: {"enabled": True}},
    ),
    "Argo CD: an object makes the text of values count for nothing": (
        {"lh.yaml": APPLICATION + "    helm: {values: 'a: 1', valuesObject: {b: 2}}\n"},
        {"b": 2},
    ),
    "Helm: what an umbrella chart passes on": (
        {
            "lh/Chart.yaml": """\
                dependencies: [{name: longhorn, alias: lh, repository: https://charts.longhorn.io, version: 1.7.2}]
                """,
            "lh/values.yaml": "longhorn: {a: 1}\nlh: {b: 2}\nb: 3\n",
        },
        {"b": 2},
    ),
    "Helm: what an Application passes to an umbrella chart": (
        {
            "lh/Chart.yaml": """\
                dependencies: [{name: longhorn, repository: https://charts.longhorn.io, version: 1.7.2}]
                """,
            "lh/values.yaml": "longhorn: {a: 1, b: 1}\n",
            "lh/values-prod.yaml": "longhorn: {b: 2}\n",
            "app.yaml": """\
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: longhorn}
                spec: {source: {repoURL: https://git.example/x, path: lh, helm: {valueFiles: [values-prod.yaml]}}}
                """,
        },
        {"a": 1, "b": 2},
    ),
    "kustomize: inline values over a file's, and other files over both": (
        {
            "lh/kustomization.yaml": """\
                helmCharts:
                  - name: longhorn
                    repo: https://charts.longhorn.io
                    version: 1.7.2
                    valuesFile: values.yaml
                    valuesInline: {b: 2, c: 2}
                    additionalValuesFiles: [../more.yaml]
                """,
            "lh/values.yaml": "a: 1\nb: 1\nc: 1\n",
            "more.yaml": "c: 3\n",
        },
        {"a": 1, "b": 2, "c": 3},
    ),
    "kustomize: a file's values over inline ones": (
        {
            "kustomization.yaml": """\
                helmCharts:
                  - {name: longhorn, version: 1.7.2, valuesFile: v.yaml, valuesInline: {a: 2, b: 2}, valuesMerge: merge}
                """,
            "v.yaml": "a: 1\n",
        },
        {"a": 1, "b": 2},
    ),
    "kustomize: inline values instead of a file's": (
        {
            "kustomization.yaml": """\
                helmCharts:
                  - {name: longhorn, version: 1.7.2, valuesFile: v.yaml, valuesInline: {b: 2}, valuesMerge: replace}
                """,
            "v.yaml": "a: 1\n",
        },
        {"b": 2},
    ),
    "helmfile: files and objects in their order, and settings": (
        {
            "lh/helmfile.yaml": """\
                releases:
                  - name: longhorn
                    chart: longhorn/longhorn
                    version: 1.7.2
                    values: [./env/values.yaml, {b: 2}]
                    set: [{name: c.d, value: "7"}]
                """,
            "lh/env/values.yaml": "a: 1\nb: 1\n",
        },
        {"a": 1, "b": 2, "c": {"d": 7}},
    ),
    "Fleet: files over values": (
        {
            "lh/fleet.yaml": """\
                helm: {chart: longhorn, version: 1.7.2, values: {a: 1, b: 1}, valuesFiles: [v.yaml]}
                """,
            "lh/v.yaml": "b: 2\n",
        },
        {"a": 1, "b": 2},
    ),
    "K3s: a HelmChartConfig over the HelmChart, and settings over both": (
        {
            "lh.yaml": """\
                apiVersion: helm.cattle.io/v1
                kind: HelmChart
                metadata: {name: longhorn, namespace: kube-system}
                spec:
                  chart: longhorn
                  version: 1.7.2
                  set: {c: "3"}
                  valuesContent: |-
                    a: 1
                    b: 1
                    c: 1
                """,
            "config.yaml": """\
                apiVersion: helm.cattle.io/v1
                kind: HelmChartConfig
                metadata: {name: longhorn, namespace: kube-system}
                spec: {valuesContent: "b: 2"}
                """,
        },
        {"a": 1, "b": 2, "c": 3},
    ),
    "Terraform: files, texts, objects and settings": (
        {
            "lh/main.tf": """\
                resource "helm_release" "lh" {
                  chart   = "longhorn"
                  version = "1.7.2"
                  values = [
                    file("${path.module}/values.yaml"),
                    <<-EOT
                      b: 2
                      c: 2
                    EOT
                    ,
                    yamlencode({ c = 3, d = { "e" : [1, "x"] }, f = var.f }), // {
                  ]
                  set {
                    name  = "networkPolicies.enabled"
                    value = false
                  }
                  set {
                    name  = "g"
                    value = "8"
                    type  = "string"
                  }
                }
                """,
            "lh/values.yaml": "a: 1\nb: 1\n",
        },
        {"a": 1, "b": 2, "c": 3, "d": {"e": [1, "x"]}, NP: {"enabled": False}, "g": "8"},
    ),
    "Terraform: settings as a list": (
        {
            "main.tf": """\
                resource "helm_release" "lh" {
                  chart   = "longhorn"
                  version = "1.7.2"
                  set = [{ name = "a.b", value = "1" }, { name = "c", value = true }]
                }
                """
        },
        {"a": {"b": 1}, "c": True},
    ),
    "an app of apps: a text of values": (
        {
            "values.yaml": """\
                apps: [{chart: longhorn, repoURL: x, targetRevision: 1.7.2, helm: {values: "a: 1"}}]
                """
        },
        {"a": 1},
    ),
    "Crossplane: values beside the chart": (
        {"lh.yaml": "forProvider: {chart: {name: longhorn, repository: x, version: 1.7.2}, values: {a: 1}}\n"},
        {"a": 1},
    ),
    "a value that is filled in later is no value": (
        {"lh.yaml": RELEASE + "  values: {a: '${A}', b: {c: 'x-{{ .d }}', e: 1}, f: [1, '${F}']}\n"},
        {"b": {"e": 1}},
    ),
}


@pytest.mark.parametrize(("files", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_are_read_and_merged_as_the_tool_does(files: dict[str, str], expected: dict[str, Any]) -> None:
    assert values(files) == (expected, [])


UNREAD: dict[str, tuple[dict[str, str], str]] = {
    "Flux: a Secret": (
        {"lh.yaml": RELEASE + "  valuesFrom: [{kind: Secret, name: s}]\n"},
        "lh.yaml:10:16: the Secret s holds Helm values, and is not read",
    ),
    "Flux: a ConfigMap that is not there": (
        {"lh.yaml": RELEASE + "  valuesFrom: [{kind: ConfigMap, name: c}]\n"},
        "lh.yaml:10:16: the ConfigMap c is not in this tree",
    ),
    "Flux: one value of a ConfigMap": (
        {"lh.yaml": RELEASE + "  valuesFrom: [{kind: ConfigMap, name: c, targetPath: a.b}]\n"},
        "lh.yaml:10:16: the ConfigMap c holds the Helm value a.b, and is not read",
    ),
    "Argo CD: a values file that is not there": (
        {"lh.yaml": APPLICATION + "    path: x\n    helm: {valueFiles: [prod.yaml]}\n"},
        "lh.yaml:11:25: the values file x/prod.yaml is not in this tree",
    ),
    "Argo CD: a values file at an address": (
        {"lh.yaml": APPLICATION + "    helm: {valueFiles: ['https://git.example/v.yaml']}\n"},
        "lh.yaml:10:25: a values file is fetched from an address, and nothing is fetched here",
    ),
    "Argo CD: a values file of a source that nobody named": (
        {"lh.yaml": APPLICATION + "    helm: {valueFiles: [$mine/v.yaml]}\n"},
        "lh.yaml:10:25: no source has the ref 'mine'",
    ),
    "Argo CD: a pattern of values files": (
        {"lh.yaml": APPLICATION + "    helm: {valueFiles: ['envs/*.yaml']}\n"},
        "lh.yaml:10:25: which values files 'envs/*.yaml' means is only known where it is applied",
    ),
    "Argo CD: a setting of one item": (
        {"lh.yaml": APPLICATION + "    helm: {parameters: [{name: 'a[0].b', value: x}]}\n"},
        "lh.yaml:10:49: the setting 'a[0].b' changes one item of a list",
    ),
    "a file that is encrypted": (
        {
            "helmfile.yaml": "releases: [{chart: longhorn/longhorn, version: 1.7.2, values: [v.yaml]}]\n",
            "v.yaml": "a: ENC[AES256_GCM,data:x]\nsops: {version: 3.9.0}\n",
        },
        "v.yaml:1:1: these Helm values are encrypted with SOPS",
    ),
    "helmfile: a template of values": (
        {"helmfile.yaml": "releases: [{chart: longhorn/longhorn, version: 1.7.2, values: [v.yaml.gotmpl]}]\n"},
        "helmfile.yaml:1:64: the values file v.yaml.gotmpl is a template",
    ),
    "helmfile: secrets": (
        {"helmfile.yaml": "releases: [{chart: longhorn/longhorn, version: 1.7.2, secrets: [s.yaml]}]\n"},
        "helmfile.yaml:1:65: helmfile secrets are encrypted",
    ),
    "Fleet: values from an object in the cluster": (
        {"fleet.yaml": "helm: {chart: longhorn, version: 1.7.2, valuesFrom: [{configMapKeyRef: {name: x}}]}\n"},
        "fleet.yaml:1:54: these Helm values come from an object in the cluster",
    ),
    "Terraform: a file whose name is worked out": (
        {
            "m.tf": 'resource "helm_release" "x" {\n  chart = "longhorn"\n  version = "1.7.2"\n'
            '  values = [templatefile("v.tftpl", {})]\n}\n'
        },
        "m.tf:4:12: these Helm values are worked out only when they are applied",
    ),
    "rendered by Helm": (
        {
            "lh.yaml": """\
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: longhorn-manager, labels: {app.kubernetes.io/managed-by: Helm}}
                spec: {template: {spec: {containers: [{image: "longhornio/longhorn-manager:v1.7.2"}]}}}
                """
        },
        "lh.yaml:1:1: these manifests were rendered from a chart, and do not tell its Helm values",
    ),
}


@pytest.mark.parametrize(("files", "says"), UNREAD.values(), ids=UNREAD.keys())
def test_values_that_cannot_be_read_are_said(files: dict[str, str], says: str) -> None:
    found, (reason,) = values(files)
    assert found == {}
    assert reason == f"{says}; {helm.PASS}"


def test_open_values_are_told_with_their_way_and_place() -> None:
    (one,) = only({"lh.yaml": RELEASE + "  values: {networkPolicies: {type: '${CNI}'}}\n"}).values.open
    assert (one.path, str(one.place)) == (("networkPolicies", "type"), "lh.yaml:10:11")


def environments(files: Mapping[str, str]) -> dict[str, str]:
    return {one.environment: str(one.pin.version) for one in all_of(files)}


def test_every_file_is_an_environment() -> None:
    staging = RELEASE.replace("1.7.2", "1.8.0")
    assert environments({"clusters/prod/lh.yaml": RELEASE, "clusters/staging/lh.yaml": staging}) == {
        "clusters/prod/lh.yaml": "1.7.2",
        "clusters/staging/lh.yaml": "1.8.0",
    }


def test_several_in_one_file_go_by_their_names_or_else_their_lines() -> None:
    two = RELEASE.replace("name: longhorn,", "name: lh-two,").replace("1.7.2", "1.8.0")
    assert environments({"lh.yaml": f"{RELEASE}---\n{two}"}) == {
        "lh.yaml (longhorn)": "1.7.2",
        "lh.yaml (lh-two)": "1.8.0",
    }
    assert list(environments({"lh.yaml": f"{RELEASE}---\n{RELEASE}"})) == ["lh.yaml (line 8)", "lh.yaml (line 18)"]


def test_each_element_of_an_application_set_is_an_environment() -> None:
    files = {
        "set.yaml": """\
            apiVersion: argoproj.io/v1alpha1
            kind: ApplicationSet
            spec:
              generators:
                - matrix:
                    generators:
                      - list: {elements: [{cluster: dev, v: 1.8.0, ns: a}, {cluster: prod, v: 1.7.2, ns: b}]}
                      - clusters: {}
              template:
                metadata: {name: 'longhorn-{{cluster}}'}
                spec:
                  destination: {namespace: '{{ns}}'}
                  source: {chart: longhorn, repoURL: https://charts.longhorn.io, targetRevision: '{{v}}'}
            """
    }
    assert environments(files) == {"set.yaml (longhorn-dev)": "1.8.0", "set.yaml (longhorn-prod)": "1.7.2"}
    assert [one.namespace for one in all_of(files)] == ["a", "b"]


def test_each_target_of_a_bundle_is_an_environment() -> None:
    files = {
        "fleet.yaml": """\
            defaultNamespace: storage
            helm: {chart: longhorn, version: 1.7.2, values: {a: 1, b: 1}}
            targetCustomizations:
              - {name: edge, helm: {version: 1.8.0, values: {b: 2}}, clusterSelector: {}}
              - {name: other, clusterSelector: {}}
            """
    }
    assert environments(files) == {"fleet.yaml (line 2)": "1.7.2", "fleet.yaml (edge)": "1.8.0"}
    assert all_of(files)[1].values.given == {"a": 1, "b": 2}


PATCH = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: longhorn}
spec: {values: {b: 2}}
"""


def test_a_patch_is_an_environment_with_the_version_and_values_of_what_it_patches() -> None:
    files = {
        "base/lh.yaml": RELEASE + "  values: {a: 1, b: 1}\n",
        "prod/lh.yaml": PATCH,
        "dev/lh.yaml": PATCH.replace("spec: {", 'spec: {chart: {spec: {version: "1.8.0"}}, '),
    }
    assert environments(files) == {"base/lh.yaml": "1.7.2", "dev/lh.yaml": "1.8.0", "prod/lh.yaml": "1.7.2"}
    prod = next(one for one in all_of(files) if one.file == "prod/lh.yaml")
    assert (prod.values.given, prod.parts, str(prod.pin.place)) == (
        {"a": 1, "b": 2},
        ("base/lh.yaml",),
        "base/lh.yaml:8:16",
    )


def test_a_patch_of_two_that_differ_is_refused() -> None:
    files = {"a/lh.yaml": RELEASE, "b/lh.yaml": RELEASE.replace("1.7.2", "1.8.0"), "prod/lh.yaml": PATCH}
    (refused,) = [str(one.pin.refused) for one in all_of(files) if one.pin.refused]
    assert refused.startswith("prod/lh.yaml:1:1: it changes a HelmRelease, which stands at a/lh.yaml:8:16 and at b/lh")


OCI = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: longhorn}}
spec: {{url: oci://ghcr.io/home-operations/charts-mirror/longhorn, ref: {{tag: {}}}}}
"""
BY_REFERENCE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: longhorn}
spec: {chartRef: {kind: OCIRepository, name: longhorn}}
"""


def test_a_chart_is_looked_for_near_what_refers_to_it() -> None:
    files = {
        "clusters/prod/lh/hr.yaml": BY_REFERENCE,
        "clusters/prod/sources/oci.yaml": OCI.format("1.7.2"),
        "clusters/dev/lh/hr.yaml": BY_REFERENCE,
        "clusters/dev/sources/oci.yaml": OCI.format("1.8.0"),
    }
    assert environments(files) == {"clusters/dev/lh/hr.yaml": "1.8.0", "clusters/prod/lh/hr.yaml": "1.7.2"}


def test_a_chart_that_stands_twice_as_near_is_refused() -> None:
    files = {"lh/hr.yaml": BY_REFERENCE, "a/oci.yaml": OCI.format("1.7.2"), "b/oci.yaml": OCI.format("1.8.0")}
    (one,) = all_of(files)
    assert "which stands at a/oci.yaml:4:78 and at b/oci.yaml:4:78" in str(one.pin.refused)


ANY_TREE = st.dictionaries(
    st.sampled_from(["a.yaml", "a/kustomization.yaml", "Chart.yaml", "b/fleet.yaml", "helmfile.yaml", "m.tf"]),
    st.lists(
        st.sampled_from(
            [
                "apiVersion: helm.toolkit.fluxcd.io/v2\n",
                "apiVersion: argoproj.io/v1alpha1\n",
                "kind: HelmRelease\n",
                "kind: ApplicationSet\n",
                "kind: Application\n",
                "spec:\n",
                "  chart: longhorn\n",
                "  source: {chart: longhorn, targetRevision: [1]}\n",
                "  generators: [{list: {elements: [1, {a: b}]}}]\n",
                "  template: {spec: '{{x}}'}\n",
                "helm: [longhorn]\n",
                "helmCharts: [longhorn, {name: longhorn, version: {}}]\n",
                "dependencies: [{name: longhorn, version: null}]\n",
                "releases: [{chart: longhorn/longhorn}, 5]\n",
                "version: 1.7.2\n",
                'resource "helm_release" "x" {\n',
                'chart = "longhorn"\n',
                "}\n",
                "values = [<<E\n",
                "---\n",
                "{{ end }}\n",
                "&a [*a]\n",
            ]
        ),
        max_size=12,
    ).map("".join),
    max_size=3,
)


@given(ANY_TREE)
def test_whatever_stands_in_a_tree_is_read_or_refused_with_a_place(files: dict[str, str]) -> None:
    for one in declared(Tree(files)):
        assert (one.pin.version is None) == (one.pin.refused is not None)
        assert one.pin.place.file in files
        assert one.environment.startswith(one.file)


@given(st.text(alphabet='ab"{}[]()=,:<>-$%#/\\\n \tEOT0.', max_size=60))
def test_whatever_is_no_hcl_says_so(text: str) -> None:
    complaint = None
    try:
        found = hcl.blocks(text)
    except hcl.NotHcl as error:
        complaint, found = error, ()
    assert complaint is None or 0 <= complaint.at <= len(text)
    assert all(0 <= block.at < len(text) for block in found)


def test_hcl_that_is_nested_too_deeply_is_refused() -> None:
    for text in ("a = " + "[" * 5000, "a {" * 5000, 'a = "' + "${" * 5000, "a = " + "f(" * 5000):
        with pytest.raises(hcl.NotHcl):
            hcl.blocks(text)


@given(st.tuples(*(st.integers(0, 999) for _ in range(3))), st.sampled_from(["", "v"]), st.sampled_from(["", "-3"]))
def test_a_release_is_understood_however_it_is_written(parts: tuple[int, ...], prefix: str, build: str) -> None:
    release = ".".join(map(str, parts))
    expected = Version.parse(release)
    for written in (f"{prefix}{release}{build}", f"104.0.1+up{release}{build}", f"{prefix}{release}{build}@sha256:0a"):
        assert spelling.version(written) == expected
