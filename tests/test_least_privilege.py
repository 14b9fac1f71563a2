"""A patch opens exactly the missing flows: what can be reached before and after it, by an evaluator that is not ours.

The universe holds a pod for every component of both releases, with and without the labels that it has only
sometimes, the outside peers that the user named, and strangers: in Longhorn's namespace, and in others.
"""

from __future__ import annotations

import argparse
import shlex
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from near_longhorn import Written, installations, installations_on_calico
from patched import HOPS, after, before, installation, texts
from second_opinion import Somebody, Universe, addresses, ways
from test_cases import load
from test_patch_cases import PLANS

from lhmigrate.cli import runs
from lhmigrate.files.fields import plain
from lhmigrate.judging.state import key_of
from lhmigrate.longhorn import hops, shipped
from lhmigrate.model.endpoints import Outside, Pod
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.ports import NO_PORT, Ports
from lhmigrate.model.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lhmigrate.editing.patch import Installation, Step
    from lhmigrate.findings.findings import Hop
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.judging.needs import Need
    from lhmigrate.longhorn.release import Component, Release
    from lhmigrate.model.endpoints import Endpoint
    from lhmigrate.model.settings import Settings

Data = dict[str, Any]
Flows = dict[tuple[str, str], Ports]
"""Who reaches whom, by the names of components and outside peers, on which ports."""


def pods(hop: Hop, world_settings: Settings) -> dict[str, tuple[str, Somebody]]:
    """Everybody, by the name that the evaluator gives them, with the name of what they are."""
    found: dict[str, tuple[str, Somebody]] = {}
    home = world_settings.namespace
    for age, release in (("old", hop.old), ("new", hop.new)):
        for component in release.components.values():
            for number, labels in enumerate(guises(component, release, world_settings)):
                one = Somebody(home, f"{component.name}-{age}-{number}", labels, component.ports)
                found[str(one)] = component.name, one
    for namespace in (home, "monitoring", "elsewhere"):
        one = Somebody(namespace, "stranger", {"app": "stranger"})
        found[str(one)] = "stranger", one
    scraper = Somebody("monitoring", "prometheus", {"app": "prometheus"})
    found[str(scraper)] = "prometheus", scraper
    return found


def guises(component: Component, release: Release, world_settings: Settings) -> Iterator[dict[str, str]]:
    installed = world_settings.installed(release)
    keys = {*component.varies, *(installed.varying if component.install_labels else ())}
    always = {**dict.fromkeys(sorted(keys), "whatever"), **component.labels}
    if component.install_labels:
        always |= installed.known
    yield always
    if component.sometimes:
        yield {**always, **component.sometimes}


def policies(one: Installation, hop: Hop, release: Release) -> list[Data]:
    """What is in force with a release, as PyYAML alone reads it, in the namespaces that it was found to be in."""
    world = one.world(hop)
    where = {
        (policy.place.file, policy.name): policy.namespace
        for policy in world.user_policies(release)
        if not policy.unread
    }
    found = []
    for file, text in texts(one).items():
        for data in documents(text):
            for policy in listed(data):
                namespace = where.get((file, policy["metadata"]["name"]))
                if namespace is not None:
                    found.append({**policy, "metadata": {**policy["metadata"], "namespace": namespace}})
                elif policy["kind"] == "GlobalNetworkPolicy":
                    found.append(policy)
    return found + list(shipped_by(release, world.settings))


def documents(text: str) -> list[Any]:
    """The documents of a file; none where it is a template, which neither of us can judge."""
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return []


def listed(data: Any) -> list[Data]:  # noqa: ANN401 - any YAML
    if not isinstance(data, dict):
        return []
    if "items" in data:
        return [one for item in data["items"] for one in listed(item)]
    return [data] if data.get("kind") in {"NetworkPolicy", "GlobalNetworkPolicy"} else []


def shipped_by(release: Release, world_settings: Settings) -> Iterator[Data]:
    """What the chart or the manifest installs, by its own text."""
    values = world_settings.values if world_settings.install == "helm" else Values()
    heeded = values.over(release.values)
    for one in release.policies:
        if world_settings.install in one.installed_by and heeded.hold(one.when):
            spec = shipped._settled(one.spec, heeded)
            assert spec is not None
            namespace = one.namespace or world_settings.namespace
            yield {"metadata": {"name": one.name, "namespace": namespace}, "spec": plain(spec)}


class Seen:
    """What the evaluator makes of an installation before and after a step, with one release's policies in force."""

    def __init__(self, start: Installation, end: Installation, hop: Hop, release: Release) -> None:
        said = start.world(hop).settings
        self._everybody = pods(hop, said)
        api_server = said.peers.get("kube-apiserver")
        addresses_of_it = (api_server.addresses if api_server else None) or ()
        universe = Universe((one for _, one in self._everybody.values()), addresses_of_it)
        self._old, self._new = (universe.connections(policies(one, hop, release)) for one in (start, end))

    def gained(self) -> Flows:
        """What can be reached after and not before."""
        return self._named(self._new - self._old)

    def lost(self) -> Flows:
        """What can be reached before and not after."""
        return self._named(self._old - self._new)

    def _named(self, connections: Any) -> Flows:  # noqa: ANN401 - their own type
        flows: Flows = defaultdict(lambda: NO_PORT)
        for way in ways(connections):
            flows[self._name(way.source), self._name(way.target)] |= way.ports
        return dict(flows)

    def _name(self, end: str) -> str:
        return self._everybody[end][0] if end in self._everybody else end

    def shut(self, leg: Leg, ports: Ports) -> list[str]:
        """Which of these ports of a leg cannot be reached after the step, pod by pod."""
        reached: Flows = defaultdict(lambda: NO_PORT)
        for way in ways(self._new):
            reached[way.source, way.target] |= way.ports
        return [
            f"{source} to {target} {ports - reached[source, target]}"
            for source in self._who(leg.senders)
            for target in self._who(leg.receivers)
            if not ports <= reached[source, target] and source != target
        ]

    def _who(self, ends: Iterable[Endpoint]) -> list[str]:
        return sorted({name for end in ends for name in self._pods(end)})

    def _pods(self, end: Endpoint) -> Iterator[str]:
        if not isinstance(end, Pod):
            yield from called(end)
            return
        for name, (what, one) in self._everybody.items():
            if what == end.name and end.labels.known.items() <= one.labels.items():
                yield name


def called(end: Endpoint) -> list[str]:
    """What the evaluator calls one end of a flow: a component or a peer by its name, addresses one by one."""
    if isinstance(end, Pod):
        return [end.name]
    if end.addresses:
        return [one for network in end.addresses for one in addresses(network)]
    if isinstance(end, Outside) and any(isinstance(one, Pods) for one in end.assumed):
        return [end.name]
    blocks = [one for one in end.assumed if isinstance(one, Block)] if isinstance(end, Outside) else []
    return [one for block in blocks for one in addresses(block.network)]


def flows(needs: Iterable[Need]) -> Flows:
    """What they open, by the names of both ends."""
    found: Flows = defaultdict(lambda: NO_PORT)
    for need in needs:
        for source in {name for end in need.leg.senders for name in called(end)}:
            for target in {name for end in need.leg.receivers for name in called(end)}:
                found[source, target] |= need.ports
    return dict(found)


def beyond(gained: Flows, meant: Flows) -> list[str]:
    """What is more than was meant."""
    return [f"{a} to {b} {more}" for (a, b), ports in gained.items() if (more := ports - meant.get((a, b), NO_PORT))]


def check_widening(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """What a widening opens is what it says, and all of that; it closes nothing."""
    step, end = before(start, hop)
    if not step.made:
        assert texts(end) == texts(start)
        return step, end
    meant = flows(need for made in step.made for need in made.needs)
    # What still may not pass is said: by hand, or because nobody can tell.
    said = {key_of(need.leg) for one in step.undone for need in one.needs} | {key_of(one.leg) for one in step.doubts}
    for release in (hop.old, hop.new):
        seen = Seen(start, end, hop, release)
        assert not seen.lost()
        assert not beyond(seen.gained(), meant)
    for made in step.made:
        for need in made.needs:
            if key_of(need.leg) not in said:
                assert not seen.shut(need.leg, need.ports), need.leg.flow.name
    return step, end


def check_tightening(start: Installation, hop: Hop) -> tuple[Step, Installation]:
    """What a tightening closes is nothing that the new release needs; it opens nothing."""
    step, end = after(start, hop)
    if step.made:
        world = start.world(hop)
        seen = Seen(start, end, hop, hop.new)
        assert not seen.gained()
        lost = seen.lost()
        for leg in world.cluster(world.policies(hop.new)).legs(hop.new):
            for ends in product(
                {name for end in leg.senders for name in called(end)},
                {name for end in leg.receivers for name in called(end)},
            ):
                assert not lost.get(ends, NO_PORT).meets(leg.ports), leg.flow.name
    return step, end


def story(case: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Installation, tuple[Hop, ...]]:
    """What the command line of a story starts a patch from, and its way."""
    monkeypatch.chdir(case)
    _, *words = shlex.split(load(case)["run"])
    given = argparse.ArgumentParser()
    for option in ("from", "to", "namespace", "default-namespace", "install", "cni", "config"):
        given.add_argument(f"--{option}")
    for option, name in (("values", "values"), ("with", "using"), ("without", "without"), ("specs", "specs")):
        given.add_argument(f"--{option}", dest=name, action="append")
    given.add_argument("paths", nargs="*")
    said = vars(given.parse_args(words))
    run = runs.Run(said["paths"], said["config"], runs.Given(**{name: said[name] for name in runs.Given._fields}))
    ends = [run.catalogue.find(said[end]) for end in ("from", "to")]
    return run.installation(), hops.way(run.catalogue, *ends).hops


OTHERS = ("cilium.io/", "policy.networking.k8s.io/", "tier: ", "serviceAccounts", "global()")


def of_what_it_reads(case: Path) -> bool:
    """Whether a story has no policies that the second opinion cannot read: it does not know whom they isolate."""
    texts = [file.read_text(encoding="utf-8") for file in case.rglob("*") if file.suffix in {".yaml", ".yml", ".json"}]
    return not any(other in text for text in texts for other in OTHERS)


STORIES = [case for case in PLANS if of_what_it_reads(case)]


@pytest.mark.parametrize("case", STORIES, ids=lambda case: case.name)
def test_a_story_opens_what_is_missing_and_closes_what_nobody_needs(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, way = story(case, monkeypatch)
    for hop in way:
        _, start = check_widening(start, hop)
        _, start = check_tightening(start, hop)


@settings(
    max_examples=settings().max_examples * 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(installations() | installations_on_calico())
def test_any_patch_opens_what_is_missing_and_closes_what_nobody_needs(written: Written) -> None:
    start = installation(written.files, written.settings)
    _, widened = check_widening(start, written.hop)
    check_tightening(widened, written.hop)


SHARED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: share-managers, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: share-manager}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: longhorn-global-manager}}
    - podSelector: {matchLabels: {app: longhorn-csi-plugin}}
    ports: [{port: 2049}]
"""


def test_who_was_cut_off_before_is_not_let_in_beside_somebody_else() -> None:
    start = installation({"share.yaml": SHARED})
    hop = next(hop for hop in HOPS if str(hop.new).startswith("1.13"))
    step, _ = check_widening(start, hop)
    assert {need.leg.source for one in step.made for need in one.needs} == {"longhorn-global-manager"}
