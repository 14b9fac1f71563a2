"""What the policies that Longhorn ships leave closed to Longhorn itself: exactly the known gaps, release by release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lhmigrate.files.manifests import read
from lhmigrate.judging.inventory import Inventory
from lhmigrate.judging.state import World, judge_all
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Version
from lhmigrate.model.cni import CNIS
from lhmigrate.model.policy import Direction, Policy
from lhmigrate.model.settings import Settings
from lhmigrate.model.values import Values
from maintenance.upstream import Upstream

if TYPE_CHECKING:
    from lhmigrate.judging.verdict import Verdict

CATALOGUE = Catalogue([shipped_specs()])
SHIPPING = [version for version in CATALOGUE.versions if CATALOGUE.release(version).policies]
EVERYTHING_ON = Values({"networkPolicies": {"enabled": True, "type": "k3s"}, "ingress": {"enabled": True}})

SCRAPE = "prometheus-to-manager"
ISCSI_NODE = "node-to-instance-manager-iscsi"
ISCSI = "iscsi-initiator-to-instance-manager"
NVME_NODE = "node-to-instance-manager-nvme"
NVME = "nvmf-initiator-to-instance-manager"
OPENSHIFT = "openshift-router-to-ui"
PPROF = "debugger-to-instance-manager"
SCHEDULER = "kube-scheduler-to-manager"

# From each of these releases on, with every policy of the chart installed and every feature in use: what is closed
# where the plugin lets a node reach its own pods (calico), and what besides may be where that is not certain (cilium).
GAPS = {
    "1.5.0": ({SCRAPE, ISCSI, NVME}, {ISCSI_NODE, NVME_NODE}),
    "1.6.0": ({SCRAPE, ISCSI, NVME, OPENSHIFT, PPROF}, {ISCSI_NODE, NVME_NODE}),
    "1.12.0": ({SCRAPE, ISCSI, NVME, OPENSHIFT, PPROF, NVME_NODE}, {ISCSI_NODE}),
    "1.12.2": ({SCRAPE, NVME, OPENSHIFT, PPROF, NVME_NODE}, set()),
    "1.13.0": ({SCRAPE, NVME, OPENSHIFT, PPROF, NVME_NODE, SCHEDULER}, set()),
}


def judged(version: Version, cni: str) -> list[tuple[str, Verdict]]:
    release = CATALOGUE.release(version)
    settings = Settings(values=EVERYTHING_ON, cni=CNIS[cni], using=frozenset(CATALOGUE.glossary.features))
    world = World(Inventory(), settings, CATALOGUE.glossary, [release])
    policies = world.policies(release)
    verdicts = judge_all(world.cluster(policies).legs(release), policies).values()
    return [(leg.flow.name, verdict) for leg, verdict in verdicts]


@pytest.mark.parametrize("version", SHIPPING, ids=str)
def test_shipped_policies_close_what_is_known_and_nothing_else(version: Version) -> None:
    first = max(known for known in map(Version.parse, GAPS) if known <= version)
    closed, more = GAPS[str(first)]
    on_calico, on_cilium = judged(version, "calico"), judged(version, "cilium")
    assert {name for name, verdict in on_calico if verdict.blocked} == closed
    assert {name for name, verdict in on_cilium if verdict.blocked} == closed
    passing = {name for name, verdict in on_calico if verdict.passes}
    assert passing - {name for name, verdict in on_cilium if verdict.passes} == more


def meaning(policy: Policy) -> object:
    rules = [
        {(frozenset(rule.peers), rule.ports, frozenset(rule.named)) for rule in policy.rules(direction)}
        for direction in Direction
    ]
    return policy.name, frozenset(policy.selects.requirements), policy.isolates, rules


UPSTREAM = os.environ.get("LHMIGRATE_UPSTREAM")
with_clones = pytest.mark.skipif(UPSTREAM is None, reason="LHMIGRATE_UPSTREAM names no folder of clones")


@with_clones
@pytest.mark.parametrize("version", [one for one in SHIPPING if not CATALOGUE.release(one).preview], ids=str)
def test_the_plain_manifest_brings_what_the_catalogue_says(version: Version) -> None:
    release = CATALOGUE.release(version)
    lines = Upstream(Path(UPSTREAM or "")).lines(f"longhorn/longhorn@v{version}", "deploy/longhorn.yaml")
    assert lines is not None
    world = World(Inventory(), Settings(install="manifest"), CATALOGUE.glossary, [release])
    real = [meaning(policy) for policy in read("\n".join(lines), "longhorn.yaml").policies]
    ours = [meaning(policy) for policy in world.shipped(release)]
    assert sorted(ours, key=str) == sorted(real, key=str)
    assert len(real) == (6 if version >= Version(1, 12, 1) else 0)
