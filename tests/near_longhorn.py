"""Policies as Longhorn's users have them, made up: near what a release needs, in every way that people write them.

Most are near the truth, because only a rule that is nearly right has something to be mended: a policy lets in
what the old release needs, and then some of it is left out, put together, widened, or said another way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st
from patched import HOPS, NAMESPACE

from lhmigrate.model.cni import CNIS
from lhmigrate.model.endpoints import WHOLE_INTERNET
from lhmigrate.model.settings import PeerFacts, Settings

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from lhmigrate.findings.findings import Hop
    from lhmigrate.longhorn.release import Component, Flow, Release

Data = dict[str, Any]
Draw = st.DrawFn

MONITORING = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
    "podSelector": {"matchLabels": {"app": "prometheus"}},
}
STRANGERS: tuple[Data, ...] = (
    MONITORING,
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}},
    {"podSelector": {"matchLabels": {"app": "somebody"}}},
    {"ipBlock": {"cidr": "192.168.0.0/16", "except": ["192.168.7.0/24"]}},
    {"ipBlock": {"cidr": "10.20.0.11/32"}},
)
"""Peers that are nobody of Longhorn's."""


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """A user's files, the hop that is before them, and what they said about their installation."""

    hop: Hop
    files: dict[str, str]
    settings: Settings

    def __repr__(self) -> str:
        """What somebody needs who wants to see it happen again."""
        told = (self.settings.cni.name, self.settings.install, dict(self.settings.peers), sorted(self.settings.using))
        return "\n".join((f"{self.hop}, {told}", *(f"--- {file}\n{text}" for file, text in self.files.items())))


@st.composite
def installations(draw: Draw) -> Written:
    """Some files, as somebody may have them before a hop."""
    hop = draw(st.sampled_from(HOPS))
    policies = draw(st.lists(policies_for(hop), min_size=1, max_size=4, unique_by=lambda one: one["metadata"]["name"]))
    named = draw(st.sampled_from((True, True, False)))
    for one in policies:
        if named:
            one["metadata"]["namespace"] = NAMESPACE
    return Written(hop, draw(files(policies)), draw(all_settings(named=named)))


@st.composite
def installations_on_cilium(draw: Draw) -> Written:
    """The same, most or all of it said in Cilium's dialect."""
    hop = draw(st.sampled_from(HOPS))
    policies = draw(st.lists(policies_for(hop), min_size=1, max_size=4, unique_by=lambda one: one["metadata"]["name"]))
    for one in policies:
        one["metadata"]["namespace"] = NAMESPACE
    said = [in_cilium(one) if draw(st.integers(0, 4)) else one for one in policies]
    return Written(hop, draw(files(said)), draw(all_settings(named=True, plugins=("cilium",))))


@st.composite
def installations_on_calico(draw: Draw) -> Written:
    """The same, most or all of it said in Calico's dialect, where the order of rules and policies counts."""
    hop = draw(st.sampled_from(HOPS))
    policies = draw(st.lists(policies_for(hop), min_size=1, max_size=4, unique_by=lambda one: one["metadata"]["name"]))
    stored = draw(st.integers(0, 3)) == 0
    said = []
    for one in policies:
        one["metadata"]["namespace"] = NAMESPACE
        said.append(draw(turned(in_calico(one, stored=stored))) if draw(st.integers(0, 4)) else one)
    return Written(hop, draw(files(said)), draw(all_settings(named=True, plugins=("calico",))))


@st.composite
def installations_with_administrators(draw: Draw) -> Written:
    """The same, much of it said by an administrator, who denies whatever was not said."""
    hop = draw(st.sampled_from(HOPS))
    policies = draw(st.lists(policies_for(hop), min_size=1, max_size=4, unique_by=lambda one: one["metadata"]["name"]))
    said = []
    for one in policies:
        one["metadata"]["namespace"] = NAMESPACE
        said.append(draw(by_an_administrator(one)) if draw(st.integers(0, 2)) else one)
    return Written(hop, draw(files(said)), draw(all_settings(named=True, plugins=("calico",))))


@st.composite
def all_settings(draw: Draw, *, named: bool, plugins: tuple[str, ...] = ("calico", "cilium", "unknown")) -> Settings:
    """What was said of the network plugin, of outside peers, and of features in use."""
    peers = {}
    if draw(st.booleans()):
        peers["kube-apiserver"] = PeerFacts(addresses=(network("10.20.0.11/32"), network("10.20.0.12/32")))
    if draw(st.booleans()):
        peers["prometheus"] = PeerFacts(namespace="monitoring", labels={"app": "prometheus"})
    if draw(st.booleans()):
        peers["backup-store"] = PeerFacts(addresses=(network("203.0.113.7/32"),))
    return Settings(
        default_namespace=None if named else NAMESPACE,
        cni=CNIS[draw(st.sampled_from(plugins))],
        install=draw(st.sampled_from(("helm", "manifest"))),
        using=frozenset(draw(st.sets(st.sampled_from(("metrics", "v2-data-engine")), max_size=2))),
        peers=peers,
    )


def network(text: str) -> IPv4Network | IPv6Network:
    return type(WHOLE_INTERNET[0])(text)


# --- What a policy says


@st.composite
def policies_for(draw: Draw, hop: Hop) -> Data:
    """One policy for one kind of pod, or for all of them; rather for one that the hop does something to."""
    release = hop.old
    moved = _moved(hop)
    components = [one for one in release.components.values() if one.name in moved or draw(st.integers(0, 3)) == 0]
    own = draw(st.sampled_from(components or list(release.components.values())))
    spec: Data = {"podSelector": draw(selectors(own))}
    directions = draw(st.sampled_from((("ingress",), ("ingress",), ("egress",), ("ingress", "egress"))))
    for direction in directions:
        spec[direction] = draw(rules(release, own, direction))
    said = [one.capitalize() for one in directions]
    if draw(st.booleans()) or "ingress" not in directions or not spec.get("egress", True):
        spec["policyTypes"] = said
    if draw(st.integers(0, 9)) == 0:
        spec = {"podSelector": {}, "policyTypes": said}
    name = f"{draw(st.sampled_from(('allow', 'np', 'lh')))}-{own.name}"
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def _moved(hop: Hop) -> set[str]:
    """The components that some flow begins or ends at otherwise than before."""
    return {
        name
        for flow in hop.new.flows.values()
        if (was := hop.old.flows.get(flow.name)) is None
        or (was.senders, was.receivers, was.ports) != (flow.senders, flow.receivers, flow.ports)
        for name in (*flow.senders, *flow.receivers)
    }


@st.composite
def selectors(draw: Draw, component: Component) -> Data:
    """Something that picks a component: by all of its labels, by one, by an expression, or by a key that varies."""
    labels = dict(component.labels)
    ways = ["all", "one", "one", "expression"] if labels else []
    way = draw(st.sampled_from([*ways, *(["key"] if component.varies else [])] or ["every"]))
    if way == "all":
        return {"matchLabels": labels}
    if way == "every":
        return {}
    if way == "key":
        return {"matchExpressions": [{"key": draw(st.sampled_from(sorted(component.varies))), "operator": "Exists"}]}
    key = draw(st.sampled_from(sorted(labels)))
    if way == "one":
        return {"matchLabels": {key: labels[key]}}
    return {"matchExpressions": [{"key": key, "operator": "In", "values": [labels[key]]}]}


@st.composite
def rules(draw: Draw, release: Release, own: Component, direction: str) -> list[Data]:
    """Rules for what the release needs there, some of them not quite right, and some for others."""
    found: list[Data] = []
    for flow in release.flows.values():
        mine, theirs = (flow.receivers, flow.senders) if direction == "ingress" else (flow.senders, flow.receivers)
        if own.name not in mine or draw(st.integers(0, 9)) == 0:
            continue
        peers = [draw(selectors(release.components[name])) for name in theirs if name in release.components]
        listed: list[Data] = [{"podSelector": one} for one in peers]
        if not listed or draw(st.integers(0, 5)) == 0:
            listed.append(draw(st.sampled_from(STRANGERS)))
        _add(draw, found, listed, _ports(draw, flow, own), "from" if direction == "ingress" else "to")
    if draw(st.integers(0, 9)) == 0:
        found.append(draw(st.sampled_from(({}, {"ports": [{"port": 9999}]}, {"ports": [{"protocol": "UDP"}]}))))
    return found


def _add(draw: Draw, found: list[Data], peers: list[Data], ports: list[Data], key: str) -> None:
    """A rule of its own, or its peers or ports put into one that is like it."""
    for rule in found:
        if key in rule and rule.get("ports") == ports and draw(st.booleans()):
            rule[key] += [one for one in peers if one not in rule[key]]
            return
        if "ports" in rule and rule.get(key) == peers and draw(st.booleans()):
            rule["ports"] += [one for one in ports if one not in rule["ports"]]
            return
    rule = {key: peers, "ports": ports}
    if draw(st.integers(0, 19)) == 0:
        del rule[draw(st.sampled_from((key, "ports")))]
        found.append(rule)
    elif draw(st.booleans()):
        found.append(rule)
    else:
        found.append({"ports": ports, key: peers})


def _ports(draw: Draw, flow: Flow, own: Component) -> list[Data]:
    """A flow's ports, one by one, as ranges, by name, or a little off."""
    named = {(protocol, number): name for name, (protocol, number) in own.ports.items()}
    found: list[Data] = []
    for protocol, first, last in flow.ports.ranges:
        low = first + draw(st.sampled_from((0,) * 8 + (-1, 1)))
        high = last + draw(st.sampled_from((0,) * 8 + (1, 40)))
        item: Data = {} if protocol == "TCP" and draw(st.booleans()) else {"protocol": protocol}
        if (protocol, first) in named and first == last and draw(st.booleans()):
            item["port"] = named[protocol, first]
        else:
            item["port"] = low
            if high > low:
                item["endPort"] = high
        found.append(item)
    return found


# --- The same in Cilium's dialect


def in_cilium(policy: Data) -> Data:
    """A NetworkPolicy as somebody writes it who has read Cilium's documents."""
    spec = policy["spec"]
    made: Data = {"endpointSelector": spec["podSelector"]}
    said = [one.lower() for one in spec.get("policyTypes", ())] or [one for one in ("ingress", "egress") if one in spec]
    for direction in said:
        key = "from" if direction == "ingress" else "to"
        listed = [one for rule in spec.get(direction, ()) for one in _rules_in_cilium(rule, key)]
        made[direction] = listed or [{}]
    return {**policy, "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "spec": made}


def _rules_in_cilium(rule: Data, key: str) -> list[Data]:
    """One for each kind of peer, as Cilium takes only one kind in a rule."""
    ports = {"toPorts": [{"ports": [_port_in_cilium(one) for one in rule["ports"]]}]} if "ports" in rule else {}
    if key not in rule:
        return [ports] if ports else [{f"{key}Entities": ["all"]}]
    blocks = [one["ipBlock"] for one in rule[key] if "ipBlock" in one]
    pods = [_endpoints(one) for one in rule[key] if "ipBlock" not in one]
    peers = {f"{key}Endpoints": pods, f"{key}CIDRSet": blocks}
    return [{name: listed, **ports} for name, listed in peers.items() if listed]


def _endpoints(peer: Data) -> Data:
    """Pods of the policy's own namespace, or of the one that is named."""
    named = list(peer.get("namespaceSelector", {}).get("matchLabels", {}).values())
    pods = peer.get("podSelector", {})
    if not named:
        return dict(pods)
    return {**pods, "matchLabels": {"k8s:io.kubernetes.pod.namespace": named[0], **pods.get("matchLabels", {})}}


def _port_in_cilium(port: Data) -> Data:
    return {**port, "port": str(port.get("port", 0)), "protocol": port.get("protocol", "TCP")}


# --- The same as an administrator's


@st.composite
def by_an_administrator(draw: Draw, policy: Data) -> Data:
    """A NetworkPolicy as a policy of either tier says it, whose last rule denies the rest; now and then for all."""
    cluster, spec = draw(st.booleans()), policy["spec"]
    home = {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}
    subject: Data = {"pods": {"namespaceSelector": home, "podSelector": spec["podSelector"]}}
    made: Data = {"priority": draw(st.sampled_from((10, 20, 30, 40)))}
    made["subject"] = draw(st.sampled_from((subject, subject, subject, {"namespaces": home}, {"namespaces": {}})))
    if cluster:
        made["tier"] = draw(st.sampled_from(("Admin", "Baseline")))
    said = [one.lower() for one in spec.get("policyTypes", ())] or [one for one in ("ingress", "egress") if one in spec]
    for direction in said:
        key = "from" if direction == "ingress" else "to"
        listed = [one for rule in spec.get(direction, ()) for one in _rules_of_an_administrator(rule, key, cluster)]
        last = draw(st.sampled_from(([], [{"action": "Pass", key: [{"namespaces": home}]}])))
        last = [] if made.get("tier") == "Baseline" else last if draw(st.integers(0, 4)) == 0 else []
        made[direction] = [*listed, *last, {"name": "nobody-else", "action": "Deny", key: [{"namespaces": {}}]}]
    kind = "ClusterNetworkPolicy" if cluster else "AdminNetworkPolicy"
    version = f"policy.networking.k8s.io/{'v1alpha2' if cluster else 'v1alpha1'}"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": policy["metadata"]["name"]}, "spec": made}


def _rules_of_an_administrator(rule: Data, key: str, cluster: bool) -> list[Data]:
    peers = [_peer_of_an_administrator(one) for one in rule.get(key, [{"namespaceSelector": {}}])]
    peers = [one for one in peers if key == "to" or "networks" not in one]
    ports = [_port_of_an_administrator(one, cluster) for one in rule.get("ports", ()) if "port" in one]
    narrowed = {"protocols" if cluster else "ports": ports} if ports else {}
    return [{"action": "Accept" if cluster else "Allow", key: peers, **narrowed}] if peers else []


def _peer_of_an_administrator(peer: Data) -> Data:
    if "ipBlock" in peer:
        return {"networks": [peer["ipBlock"]["cidr"]]}
    home = {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}
    where = peer.get("namespaceSelector", home)
    if "podSelector" not in peer:
        return {"namespaces": where}
    return {"pods": {"namespaceSelector": where, "podSelector": peer["podSelector"]}}


def _port_of_an_administrator(port: Data, cluster: bool) -> Data:
    protocol, first, last = port.get("protocol", "TCP"), port["port"], port.get("endPort")
    if isinstance(first, str):
        return {"destinationNamedPort" if cluster else "namedPort": first}
    if cluster:
        range_ = {"number": first} if last is None else {"range": {"start": first, "end": last}}
        return {protocol.lower(): {"destinationPort": range_}}
    if last is None:
        return {"portNumber": {"protocol": protocol, "port": first}}
    return {"portRange": {"protocol": protocol, "start": first, "end": last}}


# --- The same in Calico's dialect


def in_calico(policy: Data, *, stored: bool = False) -> Data:
    """A NetworkPolicy as somebody writes it who has read Calico's documents."""
    spec = policy["spec"]
    said = [one.lower() for one in spec.get("policyTypes", ())] or [one for one in ("ingress", "egress") if one in spec]
    made: Data = {"selector": _expression(spec["podSelector"]), "types": [one.capitalize() for one in said]}
    for direction in said:
        listed = [one for rule in spec.get(direction, ()) for one in _rules_in_calico(rule, direction)]
        made |= {direction: listed} if listed else {}
    version = "crd.projectcalico.org/v1" if stored else "projectcalico.org/v3"
    return {**policy, "apiVersion": version, "spec": made}


def _rules_in_calico(rule: Data, direction: str) -> list[Data]:
    """One for each peer and protocol, as a rule of Calico's has one selector and one protocol."""
    key, far = ("from", "source") if direction == "ingress" else ("to", "destination")
    by_protocol: dict[str | None, list[int | str]] = {}
    for one in rule.get("ports", ()):
        by_protocol.setdefault(one.get("protocol", "TCP"), []).extend(_port_in_calico(one))
    found = []
    for end in [_end_in_calico(one) for one in rule[key]] if key in rule else [{}]:
        for protocol, listed in by_protocol.items() or [(None, [])]:
            ends: Data = {far: end} if end else {}
            if listed:
                ends["destination"] = {**ends.get("destination", {}), "ports": listed}
            found.append({"action": "Allow", **({"protocol": protocol} if protocol else {}), **ends})
    return found


def _port_in_calico(port: Data) -> list[int | str]:
    if "port" not in port:
        return []
    return [f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"]]


def _end_in_calico(peer: Data) -> Data:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return {"nets": [block["cidr"]], **({"notNets": block["except"]} if "except" in block else {})}
    where = list(peer.get("namespaceSelector", {}).get("matchLabels", {}).values())
    named = {"namespaceSelector": f"projectcalico.org/name == '{where[0]}'"} if where else {}
    return {**named, **({"selector": _expression(peer["podSelector"])} if "podSelector" in peer else {})}


def _expression(selector: Data) -> str:
    """A LabelSelector as an expression."""
    lines = [f"{key} == '{value}'" for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", ()):
        values = ", ".join(f"'{value}'" for value in one.get("values", ()))
        lines.append(f"{one['key']} in {{{values}}}" if values else f"has({one['key']})")
    return " && ".join(lines) or "all()"


@st.composite
def turned(draw: Draw, policy: Data) -> Data:
    """With an order of its own, what Calico alone can say at the end of its rules, or for the whole cluster."""
    spec = dict(policy["spec"])
    if draw(st.booleans()):
        spec["order"] = draw(st.sampled_from((10, 500, 500, 1000, 2000.5)))
    for direction in ("ingress", "egress"):
        if direction in spec and draw(st.integers(0, 2)) == 0:
            spec[direction] = [*spec[direction], *draw(st.sampled_from(LAST_RULES))]
    if draw(st.integers(0, 5)) == 0:
        return _everywhere({**policy, "spec": spec})
    return {**policy, "spec": spec}


LAST_RULES: tuple[list[Data], ...] = (
    [{"action": "Deny"}],
    [{"action": "Log"}, {"action": "Deny"}],
    [{"action": "Deny", "protocol": "TCP"}],
    [{"action": "Log"}],
    [{"action": "Pass", "protocol": "UDP"}],
)


def _everywhere(policy: Data) -> Data:
    """The same as a GlobalNetworkPolicy, which has to name the namespace that others are in."""
    home = f"projectcalico.org/name == '{NAMESPACE}'"
    spec: Data = {"namespaceSelector": home, **policy["spec"]}
    for direction, far in (("ingress", "source"), ("egress", "destination")):
        if direction in spec:
            spec[direction] = [_from_home(rule, far, home) for rule in spec[direction]]
    metadata = {"name": policy["metadata"]["name"]}
    return {**policy, "kind": "GlobalNetworkPolicy", "metadata": metadata, "spec": spec}


def _from_home(rule: Data, far: str, home: str) -> Data:
    end = rule.get(far, {})
    if "selector" not in end or "namespaceSelector" in end:
        return rule
    return {**rule, far: {"namespaceSelector": home, **end}}


# --- How it is written


def _is_kubernetes(policy: Data) -> bool:
    return str(policy["apiVersion"]).startswith("networking.k8s.io/")


class _Indented(yaml.SafeDumper):
    """Sequences two further in than their keys, as many write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's own
        return super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's own
        return True


class _Plain(yaml.SafeDumper):
    """Sequences under their keys, as Kubernetes writes them."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's own
        return True


@st.composite
def files(draw: Draw, policies: list[Data]) -> dict[str, str]:
    """Policies in one file or several, as documents or as a list, in block style, in brackets or as JSON."""
    if draw(st.booleans()):
        return {f"{one['metadata']['name']}.yaml": draw(documents([one])) for one in policies}
    if draw(st.integers(0, 3)) == 0:
        kinds = ("List", "NetworkPolicyList") if all(map(_is_kubernetes, policies)) else ("List",)
        kind = draw(st.sampled_from(kinds))
        version = "v1" if kind == "List" else "networking.k8s.io/v1"
        listed = {"apiVersion": version, "kind": kind, "items": policies}
        if draw(st.booleans()):
            return {"policies.json": json.dumps(listed, indent=draw(st.sampled_from((2, 4)))) + "\n"}
        return {"policies.yaml": draw(documents([listed]))}
    return {"policies.yaml": draw(documents(policies))}


@st.composite
def documents(draw: Draw, data: list[Data]) -> str:
    """Documents of one file, all in one hand."""
    if len(data) == 1 and draw(st.integers(0, 7)) == 0:
        return json.dumps(data[0], indent=2) + "\n"
    dumper = draw(st.sampled_from((_Indented, _Plain)))
    flow = draw(st.sampled_from((False, False, None, True)))
    text = yaml.dump_all(
        data, Dumper=dumper, default_flow_style=flow, sort_keys=draw(st.booleans()), explicit_start=draw(st.booleans()),
        indent=draw(st.sampled_from((2, 4))), width=10_000,
    )  # fmt: skip
    return f"# Who may talk to whom.\n{text}" if draw(st.booleans()) else text
