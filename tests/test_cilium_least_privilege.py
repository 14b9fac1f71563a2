"""A patch of Cilium's policies opens exactly the missing flows: what Cilium's own engine lets through before and after.

The universe is that of `test_least_privilege`, with nodes, the API server and addresses as Cilium knows them. Ports are
tried one by one: where a flow's ports begin and end, and beside that.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from cilium_engine import ENGINE, NODES, Answers, End, Port, ask, pod
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from near_longhorn import Written, installations_on_cilium
from patched import CATALOGUE, after, before, installation, texts
from test_cases import CASES, load
from test_least_privilege import documents, pods, shipped_by, story

from lhmigrate.editing import generate
from lhmigrate.findings.findings import Hop
from lhmigrate.judging.cluster import Cluster
from lhmigrate.judging.state import key_of
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.cni import CNIS, Dialect
from lhmigrate.model.endpoints import Host, Outside, Pod, Role
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.ports import Ports
from lhmigrate.model.settings import PeerFacts, Settings
from lhmigrate.model.values import Values
from lhmigrate.reports.generate import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from lhmigrate.editing.patch import Installation, Step
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.needs import Need
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.endpoints import Endpoint

pytestmark = pytest.mark.skipif(ENGINE is None, reason="LHMIGRATE_CILIUM names no program with Cilium's engine")

Data = dict[str, Any]
Way = tuple[str, str, Port]
"""From whom to whom, on which port."""

ADDRESSES: Final = {
    text: End(cidr=f"{text}/32")
    for text in ("169.254.1.1", "192.0.2.10", "192.168.1.1", "198.51.100.7", "203.0.113.7", "203.0.113.8")
}
MUST: Final = {
    Role.OWN_NODE: ("own node",),
    Role.OTHER_NODE: ("other node", "control plane"),
    Role.API_SERVER: ("control plane", "API server elsewhere"),
    Role.STRANGER: ("169.254.1.1",),
}
"""Who has to be let in for an end that is no pod."""
MAY: Final = {**MUST, Role.OTHER_NODE: ("own node", "other node", "control plane")}
"""Who may be let in for it: a rule for nodes names them all."""
KINDS: Final = {"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}


class World:
    """Everybody there is around a hop, and what they may be asked."""

    def __init__(self, hop: Hop, told: Settings) -> None:
        self._hop = hop
        alike: dict[object, str] = {}
        self.ends: dict[str, End] = {}
        self.component: dict[str, str] = {}
        for name, (what, one) in pods(hop, told).items():
            # Pods of both releases are often the same to every policy.
            seen = alike.setdefault((what, one.namespace, tuple(sorted(one.labels.items()))), name)
            if seen == name:
                self.ends[name] = pod(one.namespace, one.labels, one.ports)
                self.component[name] = what
        self.labels = {name: one.labels for name, (_, one) in pods(hop, told).items() if name in self.ends}
        dns = "kube-system/dns"
        self.ends[dns] = pod("kube-system", {"k8s-app": "kube-dns"})
        self.component[dns], self.labels[dns] = "cluster-dns", {"k8s-app": "kube-dns"}
        self.ends |= NODES | ADDRESSES
        self.ports = sorted(set(self._ports()))

    def _ports(self) -> Iterator[Port]:
        for release in (self._hop.old, self._hop.new):
            for flow in release.flows.values():
                for protocol, first, last in flow.ports.ranges:
                    yield from ((protocol, port) for port in (first, last, last + 1))
        yield from (("TCP", 1), ("TCP", 9999), ("UDP", 9500))

    def who(self, end: Endpoint, roles: Mapping[Role, tuple[str, ...]]) -> tuple[str, ...]:
        """Everybody whom one end of a flow is."""
        match end:
            case Host():
                return roles[end.role]
            case Pod():
                known = [f"k8s:{key}={value}" for key, value in end.labels.known.items()]
                return tuple(
                    name
                    for name, what in self.component.items()
                    if what == end.name and (roles is MAY or set(known) <= set(self.ends[name].labels))
                )
            case Outside():
                networks = [*(end.addresses or ()), *(one.network for one in end.assumed if isinstance(one, Block))]
                found = tuple(text for text in ADDRESSES if any(ip_address(text) in one for one in networks))
                assumed = any(isinstance(one, Pods) for one in end.assumed)
                return (
                    found if not assumed else tuple(name for name, what in self.component.items() if what == end.name)
                )

    def ways(self, needs: Iterable[Need], roles: Mapping[Role, tuple[str, ...]]) -> set[Way]:
        """What is needed, one by one."""
        return {way for need in needs for way in self.of(need.leg, need.ports, roles)}

    def of(self, leg: Leg, ports: Ports, roles: Mapping[Role, tuple[str, ...]]) -> Iterator[Way]:
        """These ports of one leg, one by one."""
        for sender, receiver in product(leg.senders, leg.receivers):
            yield from product(self.who(sender, roles), self.who(receiver, roles), self.within(ports))

    def within(self, ports: Ports) -> list[Port]:
        return [port for port in self.ports if Ports.of([(port[0], port[1], port[1])]) <= ports]

    def reached(self, said: Answers) -> set[Way]:
        """Everything that passes at both ends."""
        return {
            (source, target, port)
            for source in self.ends
            for target in self.ends
            for port in self.ports
            if (self.ends[source].pod or self.ends[target].pod)
            and (not self.ends[source].pod or said.lets(source, "egress", target, port))
            and (not self.ends[target].pod or said.lets(target, "ingress", source, port))
        }


def policies(one: Installation, hop: Hop, release: Release) -> list[Data]:
    """What is in force with a release, as PyYAML alone reads it."""
    world = one.world(hop)
    found = []
    for text in texts(one).values():
        for document in documents(text):
            for policy in document.get("items", [document]) if isinstance(document, dict) else []:
                if policy.get("kind") in KINDS:
                    cluster_wide = policy["kind"] == "CiliumClusterwideNetworkPolicy"
                    home = {} if cluster_wide else {"namespace": world.settings.namespace}
                    found.append({**policy, "metadata": {**home, **policy["metadata"]}})
    shipped = shipped_by(release, world.settings)
    return [*found, *({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **data} for data in shipped)]


def seen(world: World, start: Installation, end: Installation, hop: Hop, release: Release) -> tuple[set[Way], ...]:
    """What can be reached before and after a step."""
    cases = [policies(one, hop, release) for one in (start, end)]
    return tuple(world.reached(said) for said in ask(world.ends, world.ports, cases))


def check_widening(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """What a widening opens is what it says, and all of that; it closes nothing."""
    step, end = before(start, hop)
    if not step.made:
        return step, end
    world = World(hop, start.world(hop).settings)
    needs = [need for made in step.made for need in made.needs]
    said = {key_of(need.leg) for one in step.undone for need in one.needs} | {key_of(one.leg) for one in step.doubts}
    meant = world.ways(needs, MAY)
    for release in (hop.old, hop.new):
        old, new = seen(world, start, end, hop, release)
        assert not old - new
        assert not new - old - meant
    # What is between two pods of one release only cannot be told from what is between both: those stay together.
    missing = world.ways([need for need in needs if key_of(need.leg) not in said], MUST) - new
    assert not {way for way in missing if way[0] != way[1]}
    return step, end


def check_tightening(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """What a tightening closes is nothing that the new release needs; it opens nothing."""
    step, end = after(start, hop)
    if step.made:
        cluster = start.world(hop)
        world = World(hop, cluster.settings)
        old, new = seen(world, start, end, hop, hop.new)
        assert not new - old
        lost = old - new
        for leg in cluster.cluster(cluster.policies(hop.new)).legs(hop.new):
            assert not lost & set(world.of(leg, leg.ports, MUST)), leg.flow.name
    return step, end


TOLD: Final = Settings(
    cni=CNIS["cilium"],
    values=Values({"networkPolicies": {"restrictInternalTraffic": False}}),
    peers={
        "prometheus": PeerFacts("monitoring", {"app": "prometheus"}),
        "backup-store": PeerFacts(addresses=(IPv4Network("192.0.2.10/32"),)),
        "image-server": PeerFacts(addresses=(IPv4Network("198.51.100.7/32"),)),
    },
)
RELEASES: Final = [one for one in map(CATALOGUE.release, CATALOGUE.versions) if one.same_as is None]


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_a_generated_set_lets_through_what_its_release_needs_and_nothing_else(release: Release) -> None:
    made = generate.make(release, CATALOGUE.glossary, TOLD, Dialect.CILIUM)
    written = list(yaml.safe_load_all(stream(made, CATALOGUE.glossary, TOLD)))
    world = World(Hop(release, release), TOLD)
    [said] = ask(world.ends, world.ports, [written])
    assert not any(said.refused)
    cluster = Cluster(TOLD, CATALOGUE.glossary, namespaces={}, keys=frozenset(), assumed={}, releases=[release])
    legs = [leg for leg in cluster.legs(release) if cluster.usage(leg.flow) is not Usage.FEW]
    assert not made.wide
    assert {one.leg.source for one in made.left_out} == {"ingress-controller"}
    needed = {way for leg in legs for way in world.of(leg, leg.ports, MUST)}
    may = {way for leg in legs for way in world.of(leg, leg.ports, MAY)}
    for policy in made.policies:
        for own in (name for name, what in world.component.items() if what == policy.component):
            for peer in world.ends.keys() - {own}:
                for port in world.ports:
                    out, back = (own, peer, port), (peer, own, port)
                    assert said.lets(own, "egress", peer, port) <= (out in may), out
                    assert said.lets(own, "ingress", peer, port) <= (back in may), back
                    assert said.lets(own, "egress", peer, port) >= (out in needed), out
                    # A node always reaches its own pods like this (Cilium: "Access to/from local host").
                    assert said.lets(own, "ingress", peer, port) >= (back in needed and peer != "own node"), back


def of_cilium(case: Path) -> bool:
    """Whether a story is a plan for policies of Cilium's."""
    files = [file for file in case.rglob("*") if file.suffix in {".yaml", ".yml", ".json"} and file.name != "case.yaml"]
    written = any("cilium.io/" in file.read_text(encoding="utf-8") for file in files)
    return written and load(case)["run"].startswith("plan ")


STORIES = [case for case in CASES if of_cilium(case)]


@pytest.mark.parametrize("case", STORIES, ids=lambda case: case.name)
def test_a_story_opens_what_is_missing_and_closes_what_nobody_needs(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, way = story(case, monkeypatch)
    for hop in way:
        _, start = check_widening(start, hop)
        _, start = check_tightening(start, hop)


@examples(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(installations_on_cilium())
def test_any_patch_opens_what_is_missing_and_closes_what_nobody_needs(written: Written) -> None:
    start = installation(written.files, written.settings)
    _, widened = check_widening(start, written.hop)
    check_tightening(widened, written.hop)
