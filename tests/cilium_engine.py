"""What Cilium's own policy engine says: the program in maintenance/cilium, which is made of Cilium's packages.

It needs Go, so its answers to made-up policies are kept in `cilium_verdicts.json.gz`. To ask it anew:

    cp -r maintenance/cilium /tmp/cilium && (cd /tmp/cilium && go mod tidy && go build -o engine .)
    LHMIGRATE_CILIUM=/tmp/cilium/engine python tests/cilium_engine.py

With that variable set, tests ask the program itself about more. It judges the layers 3 and 4 and says where a proxy
looks further. A name of a port on the way out it looks up at the sender, so no NetworkPolicy has one there.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cilium_cases import A_CLIENT, A_SERVER, A_TWIN, API_SERVER, DNS, OTHER_NODE, OWN_NODE
from hard_cases import STORE, addresses

from lhmigrate.model.endpoints import Endpoint, Outside, Pod

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Data = dict[str, Any]
Port = tuple[str, int]
"""Protocol and number."""

ENGINE: Final = os.environ.get("LHMIGRATE_CILIUM")
KEPT: Final = Path(__file__).parent / "cilium_verdicts.json.gz"
DIRECTIONS: Final = ("ingress", "egress")


class End(NamedTuple):
    """Somebody as Cilium knows them: by labels, each with its source, or by an address outside of the cluster."""

    labels: tuple[str, ...] = ()
    cidr: str = ""
    pod: bool = False
    ports: Mapping[str, Port] = {}

    def data(self) -> Data:
        """The same for the program."""
        named = {
            key: {name: number for name, (protocol, number) in self.ports.items() if protocol == key.upper()}
            for key in ("tcp", "udp")
        }
        return {"labels": list(self.labels), "cidr": self.cidr, "pod": self.pod, **named}


def pod(
    namespace: str,
    labels: Mapping[str, str],
    ports: Mapping[str, Port] | None = None,
    namespace_labels: Mapping[str, str] | None = None,
) -> End:
    """A pod with the labels that Cilium gives it besides its own."""
    of_namespace = {"kubernetes.io/metadata.name": namespace, **(namespace_labels or {})}
    every = {
        **labels,
        "io.kubernetes.pod.namespace": namespace,
        "io.cilium.k8s.policy.cluster": "default",
        "io.cilium.k8s.policy.serviceaccount": "default",
        **{f"io.cilium.k8s.namespace.labels.{key}": value for key, value in of_namespace.items()},
    }
    return End(tuple(f"k8s:{key}={value}" for key, value in every.items()), pod=True, ports=ports or {})


NODES: Final = {
    "own node": End(("reserved:host",)),
    "other node": End(("reserved:remote-node",)),
    "control plane": End(("reserved:remote-node", "reserved:kube-apiserver")),
    "API server elsewhere": End(("reserved:kube-apiserver", "reserved:world", "cidr:198.18.0.1/32")),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the engine says of some policies."""

    ends: tuple[str, ...]
    ports: tuple[Port, ...]
    refused: tuple[str, ...]
    """For each policy why Cilium refuses it; empty: it does not."""
    letters: tuple[tuple[str, str], ...]

    def lets(self, own: str, direction: str, peer: str, port: Port) -> bool:
        """Whether what selects a pod lets that peer in to it, or it out to the peer."""
        at = self.ends.index(peer) * len(self.ports) + self.ports.index(port)
        return self.letters[self.ends.index(own)][DIRECTIONS.index(direction)][at] in "ap"


def ask(ends: Mapping[str, End], ports: Sequence[Port], cases: Iterable[Sequence[Data]]) -> list[Answers]:
    """The engine's answers, case by case."""
    assert ENGINE is not None
    question = {
        "ends": [one.data() for one in ends.values()],
        "ports": [{"protocol": protocol, "number": number} for protocol, number in ports],
        "cases": list(cases),
    }
    done = subprocess.run(
        [ENGINE], input=json.dumps(question).encode(), stdout=subprocess.PIPE, check=True, timeout=600
    )
    return [answers(ends, ports, one) for one in json.loads(done.stdout)]


def answers(ends: Iterable[str], ports: Iterable[Port], one: Data) -> Answers:
    letters = tuple((first, second) for first, second in one["verdicts"])
    return Answers(tuple(ends), tuple(ports), tuple(one["refused"]), letters)


# ---------------------------------------------------------------------------------------------------
# A small world, in our words and in Cilium's.

OURS: Final[dict[str, Endpoint]] = {
    "server": A_SERVER,
    "client": A_CLIENT,
    "twin": A_TWIN,
    "dns": DNS,
    "own node": OWN_NODE,
    "other node": OTHER_NODE,
    "control plane": API_SERVER,
    "API server elsewhere": API_SERVER,
    "store": STORE,
    "stranger": Outside("stranger", addresses("169.254.1.1"), may_be_pod=False),
}
NAMESPACE_LABELS: Final = {"away": {"team": "red"}}
PORTS: Final[tuple[Port, ...]] = (("TCP", 80), ("TCP", 7000), ("TCP", 9500), ("TCP", 9501), ("UDP", 53), ("UDP", 9500))


def theirs() -> dict[str, End]:
    """The same world in Cilium's words."""
    found = {
        name: pod(one.namespace or "", one.labels.known, one.ports, NAMESPACE_LABELS.get(one.namespace or ""))
        for name, one in OURS.items()
        if isinstance(one, Pod)
    }
    return {**found, **NODES, "store": End(cidr="203.0.113.7/32"), "stranger": End(cidr="169.254.1.1/32")}


class Author:
    """Somebody who writes policies of every shape, the same ones for the same seed."""

    LABELS = (
        ("app", "client"), ("app", "server"), ("tier", "front"), ("tier", "back"), ("tier", "gold"),
        ("k8s-app", "kube-dns"),
    )  # fmt: skip
    ENTITIES = (
        "all", "world", "cluster", "host", "remote-node", "kube-apiserver", "health", "init", "ingress", "none",
        "unmanaged",
    )  # fmt: skip
    NETWORKS = ("203.0.113.0/24", "203.0.113.7/32", "0.0.0.0/0", "169.254.0.0/16", "10.0.0.0/8", "192.168.0.0/16")
    HOLES = (
        ("0.0.0.0/0", "203.0.113.0/24"), ("203.0.113.0/24", "203.0.113.0/25"), ("203.0.113.0/24", "203.0.113.128/25"),
        ("203.0.113.0/24", "203.0.113.0/24"), ("169.254.0.0/16", "169.254.1.0/24"), ("0.0.0.0/0", ""),
    )  # fmt: skip

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - no secret is made of it

    def case(self) -> list[Data]:
        """Some policies that stand beside each other."""
        return [self._policy(f"policy-{number}") for number in range(self._dice.choice((1, 1, 2, 2, 3, 4)))]

    def _chance(self, of: float) -> bool:
        return self._dice.random() < of

    def _policy(self, name: str) -> Data:
        metadata: Data = {"name": name}
        kind = self._dice.choice(("NetworkPolicy", *("CiliumClusterwideNetworkPolicy",) * 2, *("",) * 6))
        if kind != "CiliumClusterwideNetworkPolicy":
            metadata["namespace"] = self._dice.choice(("home", "home", "home", "away", "kube-system"))
        if kind == "NetworkPolicy":
            return {"apiVersion": "networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": self._plain()}
        whole = {"apiVersion": "cilium.io/v2", "kind": kind or "CiliumNetworkPolicy", "metadata": metadata}
        if self._chance(0.9):
            return {**whole, "spec": self._spec()}
        return {**whole, "specs": [self._spec() for _ in range(self._dice.choice((1, 2)))]}

    def _spec(self) -> Data:
        subjects: tuple[Data, ...] = (
            {}, {"matchLabels": {"app": "server"}}, {"matchLabels": {"k8s:app": "client"}}, self._selector(),
        )  # fmt: skip
        spec: Data = {"endpointSelector": self._dice.choice(subjects)}
        for section in self._dice.sample(("ingress", "egress", "ingressDeny", "egressDeny"), self._dice.choice((1, 2))):
            direction, deny = section.removesuffix("Deny"), section.endswith("Deny")
            count = self._dice.choice((0, 1, 1, 2, 3))
            spec[section] = [self._rule(direction, deny=deny) for _ in range(count)]
        if self._chance(0.25):
            said = self._dice.sample(DIRECTIONS, self._dice.choice((1, 2)))
            spec["enableDefaultDeny"] = {direction: self._chance(0.3) for direction in said}
        return spec

    def _rule(self, direction: str, *, deny: bool) -> Data:
        if self._chance(0.1):
            return {}
        peers = self._peers("from" if direction == "ingress" else "to")
        if self._chance(0.03):
            return {**peers, "icmps": [{"fields": [{"type": 8}]}]}
        return {**peers, **self._to_ports(direction, deny=deny)}

    def _peers(self, prefix: str) -> Data:
        dice = self._dice
        match dice.choice(("nobody", "none", *("pods",) * 7, *("parts",) * 4, *("networks",) * 2, *("holes",) * 2)):
            case "nobody":
                return {}
            case "none":
                return {f"{prefix}Endpoints": []}
            case "pods":
                return {f"{prefix}Endpoints": [self._selector() for _ in range(dice.choice((1, 1, 2)))]}
            case "parts":
                return {f"{prefix}Entities": dice.sample(self.ENTITIES, dice.choice((0, 1, 1, 2, 3)))}
            case "networks":
                return {f"{prefix}CIDR": dice.sample(self.NETWORKS, dice.choice((0, 1, 2)))}
        pairs = [dice.choice(self.HOLES) for _ in range(dice.choice((1, 2)))]
        return {f"{prefix}CIDRSet": [{"cidr": one, **({"except": [hole]} if hole else {})} for one, hole in pairs]}

    def _selector(self) -> Data:
        dice, labels, lines = self._dice, dict[str, str](), list[Data]()
        # Each key once: of `any:tier` and `tier` in one selector Cilium keeps either.
        some = dict(dice.sample(self.LABELS, dice.choice((0, 1, 1, 1, 2))))
        for key, value in some.items():
            prefixed = dice.choice(("", "", "k8s:", "any:")) + key
            if self._chance(0.65):
                labels[prefixed] = value
            else:
                lines.append(self._line(prefixed, ("client", "server", "front", "back", "kube-dns")))
        if self._chance(0.35):
            key = dice.choice(("k8s:", "", "any:")) + "io.kubernetes.pod.namespace"
            if self._chance(0.5):
                labels[key] = dice.choice(("home", "away", "kube-system"))
            else:
                lines.append(self._line(key, ("home", "away", "kube-system")))
        if self._chance(0.15):
            of = dice.choice(("team", "kubernetes.io/metadata.name"))
            key = dice.choice(("k8s:", "")) + "io.cilium.k8s.namespace.labels." + of
            if self._chance(0.6):
                labels[key] = dice.choice(("red", "home", "away"))
            else:
                lines.append(self._line(key, ("red", "home", "away")))
        return {**({"matchLabels": labels} if labels else {}), **({"matchExpressions": lines} if lines else {})}

    def _line(self, key: str, values: Sequence[str]) -> Data:
        operator = self._dice.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        if operator in {"In", "NotIn"}:
            return {"key": key, "operator": operator, "values": self._dice.sample(values, self._dice.choice((1, 2)))}
        return {"key": key, "operator": operator}

    def _to_ports(self, direction: str, *, deny: bool) -> Data:
        if self._chance(0.4):
            return {}
        items = []
        for _ in range(self._dice.choice((1, 1, 2))):
            item: Data = {"ports": [self._port() for _ in range(self._dice.choice((1, 1, 2)))]}
            if not deny and self._chance(0.2):
                item["rules"] = self._layer_7(direction)
                if item["rules"].get("http"):
                    item["ports"] = [{**one, "protocol": "TCP"} for one in item["ports"]]
            items.append(item)
        return {"toPorts": items}

    def _port(self) -> Data:
        dice = self._dice
        port: Data = {"port": dice.choice(("80", "9500", "9501", "53", "7000", "0", "0", "api", "API", "dns", "web"))}
        if port["port"].isdecimal() and self._chance(0.2):
            port["endPort"] = dice.choice((int(port["port"]), int(port["port"]) + 1, 9600))
        if self._chance(0.8):
            port["protocol"] = dice.choice(("TCP", "TCP", "UDP", "ANY", "SCTP"))
        return port

    def _layer_7(self, direction: str) -> Data:
        if direction == "egress" and self._chance(0.5):
            return {"dns": [{"matchPattern": "*"}]}
        http: tuple[list[Data], ...] = ([{}], [], [{"method": "GET", "path": "/metrics"}], [{"path": "/v1/.*"}])
        return {"http": self._dice.choice(http)}

    def _plain(self) -> Data:
        """A NetworkPolicy's spec."""
        spec: Data = {"podSelector": self._pods()}
        for direction, key in (("ingress", "from"), ("egress", "to")):
            if self._chance(0.6):
                spec[direction] = [self._plain_rule(key) for _ in range(self._dice.choice((0, 1, 2)))]
        there = [one.capitalize() for one in DIRECTIONS if one in spec]
        types = self._dice.choice((there, there, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
        return {**spec, "policyTypes": types} if types else spec

    def _plain_rule(self, key: str) -> Data:
        ports: tuple[Data, ...] = (
            {"port": 9500}, {"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"protocol": "UDP"},
            {"port": 9500, "endPort": 9501}, *(({"port": "api"},) if key == "from" else ()),
        )  # fmt: skip
        peers = {key: [self._plain_peer() for _ in range(self._dice.choice((1, 2)))]} if self._chance(0.7) else {}
        return {**peers, **({"ports": [self._dice.choice(ports)]} if self._chance(0.6) else {})}

    def _plain_peer(self) -> Data:
        namespaces: Data = self._dice.choice(
            ({}, {"matchLabels": {"team": "red"}}, {"matchLabels": {"kubernetes.io/metadata.name": "home"}})
        )
        match self._dice.choice(("pods", "pods", "namespaces", "both", "network")):
            case "pods":
                return {"podSelector": self._pods()}
            case "namespaces":
                return {"namespaceSelector": namespaces}
            case "both":
                return {"namespaceSelector": namespaces, "podSelector": self._pods()}
        network, hole = self._dice.choice(self.HOLES[:3])
        return {"ipBlock": {"cidr": network, "except": [hole]}}

    def _pods(self) -> Data:
        some: tuple[Data, ...] = (
            {},
            {"matchLabels": {"app": "client"}},
            {"matchLabels": {"app": "server"}},
            {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]},
        )
        return self._dice.choice(some)


SEED, CASES = 17, 250


def made_up(seed: int = SEED, cases: int = CASES) -> list[list[Data]]:
    author = Author(seed)
    return [author.case() for _ in range(cases)]


def keep() -> None:
    """Asks the engine about the made-up policies, and writes down what it says."""
    ends, cases = theirs(), made_up()
    found = ask(ends, PORTS, cases)
    kept = [
        {"policies": policies, "refused": one.refused, "verdicts": one.letters}
        for policies, one in zip(cases, found, strict=True)
    ]
    data = {"ends": list(ends), "ports": PORTS, "cases": kept}
    KEPT.write_bytes(gzip.compress(json.dumps(data).encode(), mtime=0))


def kept() -> list[tuple[list[Data], Answers]]:
    """Policies, and what the engine said of them."""
    data = json.loads(gzip.decompress(KEPT.read_bytes()))
    ports = [(protocol, number) for protocol, number in data["ports"]]
    return [(one["policies"], answers(data["ends"], ports, one)) for one in data["cases"]]


if __name__ == "__main__":
    keep()
