"""What others say of the cluster administrator's policies, as data that we wrote down from their tests.

Two sources, both of kubernetes-sigs/network-policy-api. `CONNECTIVITY`: the 21 cases of policy-assistant
(cmd/policy-assistant/test/integration/integration_test.go), by their names there. Each says of every pair of pods
whether the one may send to the other. `PROBES`: the conformance tests (conformance/tests and conformance/base).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from hard_cases import ALLOWED, BLOCKED, Case, pod, policy

if TYPE_CHECKING:
    from lhmigrate.verdict import Answer

# ---------------------------------------------------------------------------------------------------
# Policies, written as short as they can be.

ANP = "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy"
BANP = "policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy"
CNP = "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy"


def at(namespace: str, name: str = "", key: str = "ns") -> str:
    """A subject or a peer: the pods of a namespace, or those of one name there; `*` is any."""
    where = "{}" if namespace == "*" else f"{{matchLabels: {{{key}: '{namespace}'}}}}"
    which = f"{{matchLabels: {{pod: {name}}}}}"
    return f"{{pods: {{namespaceSelector: {where}, podSelector: {which}}}}}" if name else f"{{namespaces: {where}}}"


def but(namespace: str) -> str:
    """A peer: the pods of all namespaces but one."""
    return f"{{namespaces: {{matchExpressions: [{{key: ns, operator: NotIn, values: ['{namespace}']}}]}}}}"


def rules(direction: str, *items: str) -> str:
    """Rules of one direction, each `ACTION PEER`, or `ACTION PEER; PORTS`."""
    word = {"ingress": "from", "egress": "to"}[direction]
    written = []
    for item in items:
        action, rest = item.split(" ", 1)
        peer, _, ports = rest.partition("; ")
        written.append(f"{{action: {action}, {word}: [{peer}]" + (f", {ports}}}" if ports else "}"))
    return f"{direction}: [{', '.join(written)}]\n"


def anp(subject: str, *sections: str, priority: int = 100) -> str:
    return policy(f"priority: {priority}\nsubject: {subject}\n{''.join(sections)}", namespace=None, kind=ANP)


def banp(subject: str, *sections: str) -> str:
    written = policy(f"subject: {subject}\n{''.join(sections)}", namespace=None, kind=BANP)
    return written.replace("name: policy", "name: default")


def cnp(subject: str, *sections: str, tier: str = "Admin", priority: int = 10) -> str:
    spec = f"tier: {tier}\npriority: {priority}\nsubject: {subject}\n{''.join(sections)}"
    return policy(spec, namespace=None, kind=CNP)


NUMBER_80 = "ports: [{portNumber: {port: 80}}]"
UDP_80 = "ports: [{portNumber: {port: 80, protocol: UDP}}]"
TCP_80_81 = "ports: [{portRange: {protocol: TCP, start: 80, end: 81}}]"
BOTH_80_81 = (
    "ports: [{portRange: {protocol: TCP, start: 80, end: 81}}, {portRange: {protocol: UDP, start: 80, end: 81}}]"
)
UDP_80_INTO_A = policy(
    "podSelector: {matchLabels: {pod: a}}\npolicyTypes: [Ingress]\ningress: [{ports: [{protocol: UDP, port: 80}]}]",
    namespace="x",
)

# ---------------------------------------------------------------------------------------------------


class Matrix(NamedTuple):
    """What becomes of the flows between all pods of some namespaces, on some ports; not from a pod to itself."""

    says: str
    policies: str
    namespaces: str = "xy"
    names: str = "ab"
    ports: tuple[str, ...] = ("TCP/80", "TCP/81", "UDP/80", "UDP/81")
    lets_in: bool = True
    """What ingress makes of a flow, if nothing else is said."""
    lets_out: bool = True
    not_in: frozenset[str] = frozenset()
    """The flows for which ingress is otherwise, as `y/b x/a TCP/80`."""
    not_out: frozenset[str] = frozenset()

    def cases(self) -> list[Case]:
        """One case for every flow."""
        pods = {
            f"{namespace}/{name}": pod(
                name,
                namespace,
                {"pod": name},
                at="10.0.0.1",
                ports={
                    f"serve-{port.split('/')[1]}-{port[:3].lower()}": (port[:3], int(port[4:])) for port in self.ports
                },
                namespace_labels={"ns": namespace},
            )
            for namespace, name in product(self.namespaces, self.names)
        }
        return [
            Case(f"{source} {target} {port}", self.policies, self._answer(f"{source} {target} {port}"), port,
                 sender=pods[source], receiver=pods[target])
            for source, target, port in product(pods, pods, self.ports)
            if source != target
        ]  # fmt: skip

    def _answer(self, flow: str) -> Answer:
        passes = (flow in self.not_in) is not self.lets_in and (flow in self.not_out) is not self.lets_out
        return ALLOWED if passes else BLOCKED


def flows(*pairs: str, on: str) -> frozenset[str]:
    """Pairs like `y/a x/a`, each on each port."""
    return frozenset(f"{pair} {port}" for pair in pairs for port in on.split())


ALL_FOUR = "TCP/80 TCP/81 UDP/80 UDP/81"
ALL_BUT_UDP_80 = "TCP/80 TCP/81 UDP/81"
EVERYBODY = at("*")

CONNECTIVITY = [
    Matrix(
        "NetPolV1: deny all",
        policy("podSelector: {}\npolicyTypes: [Ingress]", namespace="x"),
        namespaces="x",
        ports=("TCP/80",),
        lets_in=False,
    ),
    Matrix(
        "NetPolV1: ingress port allowed",
        UDP_80_INTO_A,
        not_in=flows("x/b x/a", "y/a x/a", "y/b x/a", on=ALL_BUT_UDP_80),
    ),
    Matrix(
        "ANP: egress port number protocol unspecified",
        anp(at("x", "a"), rules("egress", f"Deny {at('x', 'b')}; {NUMBER_80}")),
        not_out=flows("x/a x/b", on="TCP/80"),
    ),
    Matrix(
        "ANP: ingress port number protocol unspecified",
        anp(at("x", "a"), rules("ingress", f"Deny {at('x', 'b')}; {NUMBER_80}")),
        not_in=flows("x/b x/a", on="TCP/80"),
    ),
    Matrix(
        "ANP: ingress named port",
        anp(at("x", "a"), rules("ingress", f"Deny {at('x', 'b')}; ports: [{{namedPort: serve-80-tcp}}]")),
        not_in=flows("x/b x/a", on="TCP/80"),
    ),
    Matrix(
        "ANP: ingress same labels port range",
        anp(at("x", "a"), rules("ingress", f"Deny {at('x')}; {TCP_80_81}")),
        namespaces="xyz",
        names="abc",
        not_in=flows("x/b x/a", "x/c x/a", on="TCP/80 TCP/81"),
    ),
    Matrix(
        "ANP: not same labels",
        anp(at("x", "a"), rules("ingress", f"Deny {but('x')}; {UDP_80}")),
        not_in=flows("y/a x/a", "y/b x/a", on="UDP/80"),
    ),
    Matrix(
        "ANP: ordering matters for overlapping rules (order #1)",
        anp(at("x", "a"), rules("ingress", f"Allow {at('y', 'a')}; {UDP_80}", f"Deny {but('x')}; {UDP_80}")),
        not_in=flows("y/b x/a", on="UDP/80"),
    ),
    Matrix(
        "ANP: ordering matters for overlapping rules (order #2)",
        anp(at("x", "a"), rules("ingress", f"Deny {but('x')}; {UDP_80}", f"Allow {at('y', 'a')}; {UDP_80}")),
        not_in=flows("y/a x/a", "y/b x/a", on="UDP/80"),
    ),
    Matrix(
        "ANP: deny all egress",
        anp(EVERYBODY, rules("egress", f"Deny {EVERYBODY}; {BOTH_80_81}")),
        lets_out=False,
    ),
    Matrix(
        "ANP: multiple ANPs (priority order #1)",
        anp(EVERYBODY, rules("egress", f"Allow {EVERYBODY}; {BOTH_80_81}"), priority=99)
        + anp(EVERYBODY, rules("egress", f"Deny {EVERYBODY}; {BOTH_80_81}"), priority=100),
    ),
    Matrix(
        "ANP: multiple ANPs (priority order #2)",
        anp(EVERYBODY, rules("egress", f"Allow {EVERYBODY}; {BOTH_80_81}"), priority=101)
        + anp(EVERYBODY, rules("egress", f"Deny {EVERYBODY}; {BOTH_80_81}"), priority=100),
        lets_out=False,
    ),
    Matrix(
        "BANP: egress",
        banp(at("x", "a"), rules("egress", f"Deny {at('*', 'b')}")),
        not_out=flows("x/a x/b", "x/a y/b", on=ALL_FOUR),
    ),
    Matrix(
        "BANP: ingress",
        banp(at("x", "a"), rules("ingress", f"Deny {at('*', 'b')}")),
        not_in=flows("x/b x/a", "y/b x/a", on=ALL_FOUR),
    ),
    Matrix(
        "BANP: ordering matters for overlapping rules (order #1)",
        banp(EVERYBODY, rules("ingress", f"Allow {at('y', 'b')}", f"Deny {EVERYBODY}")),
        ports=("TCP/80",),
        lets_in=False,
        not_in=flows("y/b x/a", "y/b x/b", "y/b y/a", on="TCP/80"),
    ),
    Matrix(
        "BANP: ordering matters for overlapping rules (order #2)",
        banp(EVERYBODY, rules("ingress", f"Deny {EVERYBODY}", f"Deny {at('y', 'b')}")),
        ports=("TCP/80",),
        lets_in=False,
    ),
    Matrix(
        "ANP allow all over NetPol",
        UDP_80_INTO_A + anp(EVERYBODY, rules("ingress", f"Allow {EVERYBODY}; {BOTH_80_81}"), priority=99),
    ),
    Matrix(
        "ANP allow some over NetPol",
        UDP_80_INTO_A + anp(EVERYBODY, rules("ingress", f"Allow {at('x')}; {BOTH_80_81}"), priority=99),
        not_in=flows("y/a x/a", "y/b x/a", on=ALL_BUT_UDP_80),
    ),
    Matrix(
        "BANP deny all after NetPol",
        policy(
            "podSelector: {matchLabels: {pod: a}}\npolicyTypes: [Ingress]\n"
            "ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}], ports: [{protocol: UDP, port: 80}]}]",
            namespace="x",
        )
        + banp(EVERYBODY, rules("ingress", f"Deny {EVERYBODY}")),
        namespaces="x",
        lets_in=False,
        not_in=flows("x/b x/a", on="UDP/80"),
    ),
    Matrix(
        "BANP deny all after ANP",
        anp(at("x", "a"), rules("ingress", f"Allow {at('x')}; {UDP_80}"))
        + banp(EVERYBODY, rules("ingress", f"Deny {EVERYBODY}")),
        lets_in=False,
        not_in=flows("x/b x/a", on="UDP/80"),
    ),
    Matrix(
        "ANP pass some and allow rest over BANP",
        anp(at("x", "a"), rules("ingress", f"Pass {at('x')}; {UDP_80}"), priority=100)
        + anp(EVERYBODY, rules("ingress", f"Allow {EVERYBODY}"), priority=101)
        + banp(EVERYBODY, rules("ingress", f"Deny {EVERYBODY}")),
        not_in=flows("x/b x/a", on="UDP/80"),
    ),
]
"""`sameLabels` and `notSameLabels`, which the API has dropped since, are said by selectors here."""
