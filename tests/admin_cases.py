"""What others say of the cluster administrator's policies, as data that we wrote down from their tests.

Three sources, all of kubernetes-sigs/network-policy-api. `CONNECTIVITY`: the 21 cases of policy-assistant
(cmd/policy-assistant/test/integration/integration_test.go), by their names there. Each says of every pair of pods
whether the one may send to the other. `PROBES`: some conformance tests (conformance/tests and conformance/base).
`SETTLED`: the documentation of the types themselves.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from hard_cases import ALLOWED, BLOCKED, UNKNOWN, Case, Flows, addresses, pod, policy

from lhmigrate.model.endpoints import Host, Outside
from lhmigrate.model.labels import Match

if TYPE_CHECKING:
    from lhmigrate.judging.verdict import Answer

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

# ---------------------------------------------------------------------------------------------------
# What the conformance tests poke under some policies. Their houses are namespaces here, with one pod each.

HOUSE = {
    name: pod("a", name, {"pod": "a"}, at="10.0.0.1", namespace_labels={"ns": name})
    for name in ("gryffindor", "slytherin", "hufflepuff", "ravenclaw")
}
OURS = at("gryffindor")


def both(*items: str) -> tuple[str, str]:
    """The same rules for both directions."""
    return rules("ingress", *items), rules("egress", *items)


def passed_on(action: str, netpol: str, baseline: str) -> str:
    """An administrator who does that with slytherin, and what others say of it."""
    return anp(OURS, *both(f"{action} {at('slytherin')}"), priority=10) + netpol + baseline


SLYTHERIN_IN_AND_OUT = policy(
    "podSelector: {}\npolicyTypes: [Ingress, Egress]\n"
    "ingress: [{from: [{namespaceSelector: {matchLabels: {ns: slytherin}}}]}]\n"
    "egress: [{to: [{namespaceSelector: {matchLabels: {ns: slytherin}}}]}]",
    namespace="gryffindor",
)
NO_SLYTHERIN = banp(OURS, *both(f"Deny {at('slytherin')}"))
BETWEEN_THE_TWO = "gryffindor slytherin TCP/80\nslytherin gryffindor TCP/8080"
HUFFLEPUFF = f"Allow {at('hufflepuff')}; ports: [{{portNumber: {{port: 8080}}}}]", f"Deny {at('hufflepuff')}"
CNP_80 = "protocols: [{tcp: {destinationPort: {number: 80}}}]"
CNP_8080 = "protocols: [{tcp: {destinationPort: {number: 8080}}}]"

PROBES = [
    Flows("what is denied", passed_on("Deny", SLYTHERIN_IN_AND_OUT, NO_SLYTHERIN), "", BETWEEN_THE_TWO,
           "admin-network-policy-core-integration.go, respecting ANP"),
    Flows("what is passed on, with a NetworkPolicy", passed_on("Pass", SLYTHERIN_IN_AND_OUT, NO_SLYTHERIN),
           BETWEEN_THE_TWO, "", "admin-network-policy-core-integration.go, respect the match for network policy"),
    Flows("what is passed on, without one", passed_on("Pass", "", NO_SLYTHERIN), "", BETWEEN_THE_TWO,
           "admin-network-policy-core-integration.go, the match for baseline admin network policy"),
    Flows("the first rule decides", anp(OURS, *both(f"Allow {at('ravenclaw')}", f"Deny {at('ravenclaw')}")),
           "gryffindor ravenclaw TCP/80\ngryffindor ravenclaw UDP/53\nravenclaw gryffindor SCTP/9003", "",
           "admin-network-policy-core-gress-rules.go, allow-gress"),
    Flows("the first rule decides, the other way",
           anp(OURS, *both(f"Deny {at('ravenclaw')}", f"Allow {at('ravenclaw')}")),
           "", "gryffindor ravenclaw TCP/80\ngryffindor ravenclaw UDP/53\nravenclaw gryffindor SCTP/9003",
           "admin-network-policy-core-gress-rules.go, deny-gress"),
    Flows("a port of which the rest is denied", anp(OURS, *both(*HUFFLEPUFF)),
           "gryffindor hufflepuff TCP/8080\nhufflepuff gryffindor TCP/8080",
           "gryffindor hufflepuff TCP/80\nhufflepuff gryffindor UDP/53",
           "admin-network-policy-core-gress-rules.go, at the specified ports"),
    Flows("of several priorities the lower",
           cnp(OURS, *both(f"Deny {at('slytherin')}"), priority=50)
           + cnp(OURS, *both(f"Pass {at('slytherin')}"), priority=60)
           + cnp(OURS, *both(f"Accept {at('slytherin')}"), tier="Baseline"),
           "", BETWEEN_THE_TWO, "base/admin_tier/standard-priority-field.yaml"),
    Flows("of several priorities the lower, once they are changed",
           cnp(OURS, *both(f"Deny {at('slytherin')}"), priority=50)
           + cnp(OURS, *both(f"Pass {at('slytherin')}"), priority=40)
           + cnp(OURS, *both(f"Accept {at('slytherin')}"), tier="Baseline"),
           BETWEEN_THE_TWO, "", "base/admin_tier/standard-priority-field.yaml"),
    Flows("policies of one priority that say nothing against each other",
           cnp(OURS, *both(f"Deny {at('slytherin')}; {CNP_80}"), priority=15)
           + cnp(OURS, *both(f"Deny {at('hufflepuff')}; {CNP_80}"), priority=15)
           + cnp(at("hufflepuff"), *both(f"Deny {at('slytherin')}; {CNP_8080}"), priority=15),
           "slytherin gryffindor TCP/8080\ngryffindor slytherin TCP/8080\nslytherin hufflepuff TCP/80\n"
           "hufflepuff slytherin TCP/80\nravenclaw gryffindor TCP/80\ngryffindor ravenclaw TCP/80",
           "slytherin gryffindor TCP/80\ngryffindor slytherin TCP/80\nhufflepuff gryffindor TCP/80\n"
           "gryffindor hufflepuff TCP/80\nslytherin hufflepuff TCP/8080\nhufflepuff slytherin TCP/8080",
           "admin-network-policy-standard-same-priority.go"),
    Flows("networks leave out what is accepted before",
           cnp(OURS, rules("egress", f"Accept {at('slytherin')}", "Deny {networks: [0.0.0.0/0]}"), priority=85),
           "gryffindor slytherin TCP/80", "gryffindor ravenclaw TCP/80\ngryffindor hufflepuff UDP/53",
           "base/admin_tier/standard-egress-inline-cidr-rules.yaml"),
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------
# What the types' own documentation says, and what it leaves open.

ABROAD = Outside("abroad", addresses("203.0.113.7"), may_be_pod=False)
A_NODE = Host("node", Match.NO, addresses("192.168.0.1"), Match.YES)
MINE, YOURS = HOUSE["gryffindor"], HOUSE["slytherin"]
TYPES = "apis/v1alpha2/clusternetworkpolicy_types.go"


def sends(*items: str) -> str:
    """An AdminNetworkPolicy for what leaves gryffindor."""
    return anp(OURS, rules("egress", *items))


SETTLED = [
    Case("two of one priority that contradict each other", anp(OURS, rules("ingress", f"Deny {EVERYBODY}"))
         + anp(OURS, rules("ingress", f"Allow {EVERYBODY}")).replace("name: policy", "name: other"),
         UNKNOWN, sender=YOURS, receiver=MINE,
         source=f"{TYPES}, Priority: any of them may be applied"),
    Case("a policy without rules isolates nobody", anp(OURS), ALLOWED, sender=YOURS, receiver=MINE,
         source=f"{TYPES}, Ingress: without rules, not affected"),
    Case("the other direction is not looked at", anp(OURS, rules("egress", f"Deny {EVERYBODY}")), ALLOWED,
         sender=YOURS, receiver=MINE, source=f"{TYPES}, Ingress and Egress"),
    Case("a network", sends("Deny {networks: [203.0.113.0/24]}"), BLOCKED, sender=MINE, receiver=ABROAD,
         source=f"{TYPES}, Networks"),
    Case("another network", sends("Deny {networks: [198.51.100.0/24]}"), ALLOWED, sender=MINE, receiver=ABROAD,
         source=f"{TYPES}, Networks"),
    Case("pods are nothing outside of the cluster", sends(f"Deny {EVERYBODY}"), ALLOWED, sender=MINE,
         receiver=ABROAD, source=f"{TYPES}, Namespaces: all pods within them"),
    Case("nodes by labels, which nobody told us of", sends("Deny {nodes: {}}"), UNKNOWN, sender=MINE,
         receiver=A_NODE, source=f"{TYPES}, Nodes"),
    Case("a pod is no node", sends("Deny {nodes: {}}"), ALLOWED, sender=MINE, receiver=YOURS,
         source=f"{TYPES}, Nodes: by their own addresses"),
    Case("a domain name may lead anywhere outside", sends("Deny {domainNames: ['*.example.org']}"), UNKNOWN,
         sender=MINE, receiver=ABROAD, source=f"{TYPES}, DomainNames"),
    Case("a domain name leads to no pod", sends("Deny {domainNames: ['*.example.org']}"), ALLOWED, sender=MINE,
         receiver=YOURS, source=f"{TYPES}, DomainNames"),
    Case("a peer of a kind that we do not know may be anybody", sends("Deny {planets: {}}"), UNKNOWN, sender=MINE,
         receiver=YOURS, readable=False, source=f"{TYPES}, ClusterNetworkPolicyEgressPeer: fail closed"),
    Case("so may one that lets through", sends("Allow {planets: {}}", f"Deny {EVERYBODY}"), UNKNOWN, sender=MINE,
         receiver=YOURS, readable=False, source=f"{TYPES}, ClusterNetworkPolicyEgressPeer: fail closed"),
    Case("of ClusterNetworkPolicies those of the baseline come last",
         cnp(OURS, rules("ingress", f"Deny {EVERYBODY}"), tier="Baseline", priority=0)
         + cnp(OURS, rules("ingress", f"Accept {EVERYBODY}"), priority=1000), ALLOWED, sender=YOURS, receiver=MINE,
         source=f"{TYPES}, Tier"),
    Case("of ClusterNetworkPolicies a range of ports",
         cnp(OURS, rules("ingress",
             f"Deny {EVERYBODY}; protocols: [{{tcp: {{destinationPort: {{range: {{start: 80, end: 90}}}}}}}}]")),
         BLOCKED, "TCP/85", sender=YOURS, receiver=MINE,
         source=f"{TYPES}, ClusterNetworkPolicyProtocol"),
    Case("of ClusterNetworkPolicies a range of another protocol",
         cnp(OURS, rules("ingress",
             f"Deny {EVERYBODY}; protocols: [{{tcp: {{destinationPort: {{range: {{start: 80, end: 90}}}}}}}}]")),
         ALLOWED, "UDP/85", sender=YOURS, receiver=MINE,
         source=f"{TYPES}, ClusterNetworkPolicyProtocol"),
]  # fmt: skip
