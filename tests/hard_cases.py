"""The project's own hard cases of Kubernetes' NetworkPolicy, as data: policies, a flow, and what becomes of it.

`test_kubernetes` holds the engine to them; `test_wrong_evaluators` shows that each common mistake breaks one.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from ipaddress import ip_network
from textwrap import dedent, indent
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.files.manifests import read
from lhmigrate.judging.cluster import Leg
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.tiers import put_in_place
from lhmigrate.judging.verdict import Answer, Verdict, judge
from lhmigrate.longhorn.release import Flow
from lhmigrate.model.endpoints import Endpoint, Host, Network, Outside, Pod
from lhmigrate.model.http import Request
from lhmigrate.model.labels import Labels, Match, Operator, Requirement, Selector
from lhmigrate.model.peers import Block, Pods
from lhmigrate.model.ports import NO_PORT, Ports

if TYPE_CHECKING:
    from collections.abc import Mapping

# ---------------------------------------------------------------------------------------------------
# The cast. SERVER and CLIENT live at `home`; TWIN looks like CLIENT, and lives `away`.


def addresses(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def pod(
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    *,
    at: str,
    ports: Mapping[str, tuple[str, int]] | None = None,
    namespace_labels: Mapping[str, str] | None = None,
) -> Pod:
    """A pod of which everything is known, on a network that matches pods by address too."""
    return Pod(
        name=name,
        namespace=namespace,
        labels=Labels(labels),
        namespace_labels=Labels({"kubernetes.io/metadata.name": namespace, **(namespace_labels or {})}),
        ports=ports or {},
        addresses=addresses(at),
        by_address=Match.YES,
    )


SERVER = pod(
    "server",
    "home",
    {"app": "server", "tier": "back"},
    at="10.1.0.1",
    ports={"api": ("TCP", 9500), "dns": ("UDP", 53), "video": ("SCTP", 9500)},
)
CLIENT = pod("client", "home", {"app": "client", "tier": "front"}, at="10.1.0.2", ports={"api": ("TCP", 7000)})
TWIN = pod("twin", "away", {"app": "client", "tier": "front"}, at="10.2.0.2", namespace_labels={"team": "red"})
BARE = pod("bare", "home", {}, at="10.1.0.3")
STORE = Outside("store", addresses("203.0.113.7"), may_be_pod=False)
STORE_6 = Outside("store", addresses("2001:db8::7"), may_be_pod=False)
NODE = Host("node", Match.NO, addresses("192.168.0.1"), Match.YES)

# ---------------------------------------------------------------------------------------------------
# The form of a case.

ALLOWED, BLOCKED, PARTIAL, UNKNOWN = Answer.ALLOWED, Answer.BLOCKED, Answer.PARTIAL, Answer.UNKNOWN


@dataclass(frozen=True, eq=False)
class Case:
    """Under these policies, what becomes of the flow from one end to the other."""

    says: str
    policies: str
    answer: Answer
    ports: str = "TCP/9500"
    blocked: str = ""
    """The ports that are blocked, where the answer is PARTIAL."""
    _: KW_ONLY
    sender: Endpoint = CLIENT
    receiver: Endpoint = SERVER
    also_as: Endpoint | None = None
    """Another guise of the receiver."""
    any_port: bool = False
    """Only one of the ports is used, and we do not know which."""
    readable: bool = True
    """Whether every policy is one that can be read."""
    asks: tuple[str, ...] = ()
    """What the flow asks for over HTTP."""
    source: str = ""
    """Where it says so, for what not everybody knows by heart."""

    def verdict(self) -> Verdict:
        """What the engine makes of it."""
        ports = written(self.ports)
        flow = Flow("flow", ("sender",), ("receiver",), ports, any_port=self.any_port)
        receivers = (self.receiver,) if self.also_as is None else (self.receiver, self.also_as)
        requests = tuple(Request.parse(text) for text in self.asks)
        leg = Leg(flow, "sender", "receiver", ports, (self.sender,), receivers, requests)
        objects = read(self.policies, "case.yaml")
        return judge(leg, Policies(put_in_place(objects.policies, objects.tiers)))

    def holds(self) -> bool:
        """Whether that is what it should be."""
        verdict = self.verdict()
        if verdict.answer is not self.answer:
            return False
        return self.answer is not PARTIAL or verdict.blocked == written(self.blocked)


def written(text: str) -> Ports:
    """`TCP/80 UDP/53` as ports."""
    ports = NO_PORT
    for word in text.split():
        ports |= Ports.parse(word)
    return ports


def policy(
    spec: str,
    *,
    namespace: str | None = "home",
    kind: str = "networking.k8s.io/v1 NetworkPolicy",
    name: str = "policy",
) -> str:
    """A whole policy from its spec. Several are put one after the other with `+`."""
    version, kind = kind.split()
    where = "" if namespace is None else f", namespace: {namespace}"
    body = indent(dedent(spec).strip("\n"), "  ")
    return f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\nspec:\n{body}\n"


def server_takes(rule: str) -> str:
    """A policy that isolates SERVER for ingress, with one rule."""
    return policy(f"podSelector: {{matchLabels: {{app: server}}}}\ningress: [{rule}]")


def client_sends(rule: str) -> str:
    """A policy that isolates CLIENT for egress, with one rule."""
    return policy(f"podSelector: {{matchLabels: {{app: client}}}}\npolicyTypes: [Egress]\negress: [{rule}]")


def peer(text: str) -> str:
    """SERVER takes in this one peer."""
    return server_takes(f"{{from: [{{{text}}}]}}")


def expression(text: str) -> str:
    """SERVER takes in pods of its namespace that satisfy one expression."""
    return peer(f"podSelector: {{matchExpressions: [{{{text}}}]}}")


def port(text: str) -> str:
    """SERVER takes everyone in on one entry of `ports`."""
    return server_takes(f"{{ports: [{{{text}}}]}}")


SERVER_TAKES_NOBODY = policy("podSelector: {matchLabels: {app: server}}")
CLIENT_SENDS_NOTHING = policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: [Egress]")

# ---------------------------------------------------------------------------------------------------

LABELS = [
    Case("a peer with the label is let in", peer("podSelector: {matchLabels: {app: client}}"), ALLOWED),
    Case("a peer with another value is not", peer("podSelector: {matchLabels: {app: other}}"), BLOCKED),
    Case("a peer without the key is not", peer("podSelector: {matchLabels: {app: client}}"), BLOCKED, sender=BARE),
    Case("one label of two is not enough", peer("podSelector: {matchLabels: {app: client, tier: back}}"), BLOCKED),
    Case("values differ by case", peer("podSelector: {matchLabels: {app: Client}}"), BLOCKED),
    Case(
        "labels and expressions must hold together",
        peer(
            "podSelector: {matchLabels: {app: client}, matchExpressions: [{key: tier, operator: In, values: [back]}]}"
        ),
        BLOCKED,
    ),
    Case(
        "two expressions for one key must both hold",
        peer(
            "podSelector: {matchExpressions: "
            "[{key: tier, operator: Exists}, {key: tier, operator: NotIn, values: [front]}]}"
        ),
        BLOCKED,
    ),
    Case("In takes any of its values", expression("key: tier, operator: In, values: [x, front]"), ALLOWED),
    Case(
        "In wants one of its values, not just the key", expression("key: tier, operator: In, values: [back]"), BLOCKED
    ),
    Case("In wants the key", expression("key: tier, operator: In, values: [front]"), BLOCKED, sender=BARE),
    Case("NotIn refuses its values", expression("key: tier, operator: NotIn, values: [x, front]"), BLOCKED),
    Case("NotIn takes every other value", expression("key: tier, operator: NotIn, values: [back]"), ALLOWED),
    Case(
        "NotIn takes a pod without the key",
        expression("key: tier, operator: NotIn, values: [front]"),
        ALLOWED,
        sender=BARE,
    ),
    Case("Exists takes any value", expression("key: tier, operator: Exists"), ALLOWED),
    Case("Exists wants the key", expression("key: tier, operator: Exists"), BLOCKED, sender=BARE),
    Case(
        "DoesNotExist takes a pod without the key",
        expression("key: tier, operator: DoesNotExist"),
        ALLOWED,
        sender=BARE,
    ),
    Case("DoesNotExist refuses every value", expression("key: tier, operator: DoesNotExist"), BLOCKED),
    Case("the empty selector takes a pod without labels", peer("podSelector: {}"), ALLOWED, sender=BARE),
    Case(
        "a policy that selects with NotIn isolates pods without the key",
        policy("podSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}"),
        BLOCKED,
    ),
    Case(
        "a policy that selects with Exists leaves pods without the key alone",
        policy("podSelector: {matchExpressions: [{key: team, operator: Exists}]}"),
        ALLOWED,
    ),
    Case(
        "a policy that selects with several values isolates pods with any of them",
        policy("podSelector: {matchExpressions: [{key: app, operator: In, values: [other, server]}]}"),
        BLOCKED,
    ),
    Case("a policy with an empty selector isolates every pod of its namespace", policy("podSelector: {}"), BLOCKED),
]

NAMESPACES = [
    Case(
        "a podSelector alone stays in the policy's own namespace",
        peer("podSelector: {matchLabels: {app: client}}"),
        BLOCKED,
        sender=TWIN,
    ),
    Case("an empty podSelector stays there too", peer("podSelector: {}"), BLOCKED, sender=TWIN),
    Case(
        "a namespaceSelector alone takes every pod there",
        peer("namespaceSelector: {matchLabels: {team: red}}"),
        ALLOWED,
        sender=TWIN,
    ),
    Case(
        "a namespaceSelector does not take the policy's own namespace for granted",
        peer("namespaceSelector: {matchLabels: {team: red}}"),
        BLOCKED,
    ),
    Case("an empty namespaceSelector takes pods from everywhere", peer("namespaceSelector: {}"), ALLOWED, sender=TWIN),
    Case("an empty namespaceSelector takes no nodes", peer("namespaceSelector: {}"), BLOCKED, sender=NODE),
    Case(
        "an empty namespaceSelector takes nothing outside of the cluster",
        peer("namespaceSelector: {}"),
        BLOCKED,
        sender=STORE,
    ),
    Case(
        "every namespace carries its own name",
        peer("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: away}}"),
        ALLOWED,
        sender=TWIN,
    ),
    Case(
        "a namespace can be left out by its name",
        peer(
            "namespaceSelector: {matchExpressions: "
            "[{key: kubernetes.io/metadata.name, operator: NotIn, values: [away]}]}"
        ),
        BLOCKED,
        sender=TWIN,
    ),
    Case(
        "both selectors in one peer: the pod and its namespace",
        peer("namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: client}}"),
        ALLOWED,
        sender=TWIN,
    ),
    Case(
        "both selectors in one peer: the namespace alone is not enough",
        peer("namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: other}}"),
        BLOCKED,
        sender=TWIN,
    ),
    Case(
        "both selectors in one peer: the pod alone is not enough",
        peer("namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: client}}"),
        BLOCKED,
    ),
    Case(
        "in two peers, either is enough: by namespace",
        server_takes(
            "{from: [{namespaceSelector: {matchLabels: {team: red}}}, {podSelector: {matchLabels: {app: other}}}]}"
        ),
        ALLOWED,
        sender=TWIN,
    ),
    Case(
        "in two peers, either is enough: by pod",
        server_takes(
            "{from: [{namespaceSelector: {matchLabels: {team: red}}}, {podSelector: {matchLabels: {app: client}}}]}"
        ),
        ALLOWED,
    ),
    Case(
        "a policy says nothing about pods of other namespaces",
        policy("podSelector: {matchLabels: {app: server}}", namespace="away"),
        ALLOWED,
    ),
    Case(
        "a policy opens nothing to pods of other namespaces",
        SERVER_TAKES_NOBODY + policy("podSelector: {matchLabels: {app: server}}\ningress: [{}]", namespace="away"),
        BLOCKED,
    ),
]

ADDRESSES = [
    Case("an address in the block", peer("ipBlock: {cidr: 203.0.113.0/24}"), ALLOWED, sender=STORE),
    Case("an address beside the block", peer("ipBlock: {cidr: 203.0.112.0/24}"), BLOCKED, sender=STORE),
    Case("the last address of a block is in it", peer("ipBlock: {cidr: 203.0.113.4/30}"), ALLOWED, sender=STORE),
    Case("the address after a block is not in it", peer("ipBlock: {cidr: 203.0.113.6/32}"), BLOCKED, sender=STORE),
    Case("the address before a block is not in it", peer("ipBlock: {cidr: 203.0.113.8/29}"), BLOCKED, sender=STORE),
    Case("a block of one address", peer("ipBlock: {cidr: 203.0.113.7/32}"), ALLOWED, sender=STORE),
    Case("host bits in a block are masked", peer("ipBlock: {cidr: 203.0.113.200/24}"), ALLOWED, sender=STORE),
    Case(
        "host bits in a hole are masked",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.5/29]}"),
        BLOCKED,
        sender=STORE,
    ),
    Case(
        "an address in the hole",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}"),
        BLOCKED,
        sender=STORE,
    ),
    Case(
        "an address beside the hole",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.8/29]}"),
        ALLOWED,
        sender=STORE,
    ),
    Case(
        "every hole counts",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25, 203.0.113.7/32]}"),
        BLOCKED,
        sender=STORE,
    ),
    Case(
        "a hole in a hole is no island",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28, 203.0.113.0/30]}"),
        BLOCKED,
        sender=STORE,
    ),
    Case("an empty list of holes", peer("ipBlock: {cidr: 203.0.113.0/24, except: []}"), ALLOWED, sender=STORE),
    Case(
        "what one peer leaves out, another may take in",
        server_takes(
            "{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}}, {ipBlock: {cidr: 203.0.113.7/32}}]}"
        ),
        ALLOWED,
        sender=STORE,
    ),
    Case(
        "what one policy leaves out, another may take in",
        peer("ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}") + peer("ipBlock: {cidr: 203.0.113.0/29}"),
        ALLOWED,
        sender=STORE,
    ),
    Case("every IPv4 address", peer("ipBlock: {cidr: 0.0.0.0/0}"), ALLOWED, sender=STORE),
    Case("every IPv4 address is no IPv6 address", peer("ipBlock: {cidr: 0.0.0.0/0}"), BLOCKED, sender=STORE_6),
    Case("an IPv6 address in the block", peer("ipBlock: {cidr: '2001:db8::/32'}"), ALLOWED, sender=STORE_6),
    Case("an IPv6 address beside the block", peer("ipBlock: {cidr: '2001:db9::/32'}"), BLOCKED, sender=STORE_6),
    Case(
        "an IPv6 address in the hole",
        peer("ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8::/64']}"),
        BLOCKED,
        sender=STORE_6,
    ),
    Case("every IPv6 address", peer("ipBlock: {cidr: '::/0'}"), ALLOWED, sender=STORE_6),
    Case("every IPv6 address is no IPv4 address", peer("ipBlock: {cidr: '::/0'}"), BLOCKED, sender=STORE),
    Case("a pod's address in the block", peer("ipBlock: {cidr: 10.2.0.0/16}"), ALLOWED, sender=TWIN),
    Case("a pod's address beside the block", peer("ipBlock: {cidr: 10.3.0.0/16}"), BLOCKED, sender=TWIN),
    Case("a node's address in the block", peer("ipBlock: {cidr: 192.168.0.0/24}"), ALLOWED, sender=NODE),
    Case(
        "blocks work for egress too", client_sends("{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}"), ALLOWED, receiver=STORE
    ),
    Case(
        "holes in blocks work for egress too",
        client_sends("{to: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.7/32]}}]}"),
        BLOCKED,
        receiver=STORE,
    ),
]

PORTS = [
    Case("the port itself", port("protocol: TCP, port: 9500"), ALLOWED),
    Case("the port after it", port("protocol: TCP, port: 9500"), BLOCKED, "TCP/9501"),
    Case("any of several ports", server_takes("{ports: [{port: 1}, {port: 9500}, {port: 2}]}"), ALLOWED),
    Case("a range: the port before it", port("port: 9500, endPort: 9600"), BLOCKED, "TCP/9499"),
    Case("a range: its first port", port("port: 9500, endPort: 9600"), ALLOWED, "TCP/9500"),
    Case("a range: a port within", port("port: 9500, endPort: 9600"), ALLOWED, "TCP/9550"),
    Case("a range: its last port", port("port: 9500, endPort: 9600"), ALLOWED, "TCP/9600"),
    Case("a range: the port after it", port("port: 9500, endPort: 9600"), BLOCKED, "TCP/9601"),
    Case("a range: another protocol", port("port: 9500, endPort: 9600"), BLOCKED, "UDP/9500"),
    Case("a range of one port", port("port: 9500, endPort: 9500"), ALLOWED),
    Case("a range up to the last port there is", port("port: 9500, endPort: 65535"), ALLOWED, "TCP/65535"),
    Case("without a protocol, TCP is meant", port("port: 9500"), ALLOWED, "TCP/9500"),
    Case("without a protocol, UDP is not", port("port: 9500"), BLOCKED, "UDP/9500"),
    Case("without a protocol, SCTP is not", port("port: 9500"), BLOCKED, "SCTP/9500"),
    Case("UDP does not open TCP", port("protocol: UDP, port: 9500"), BLOCKED, "TCP/9500"),
    Case("UDP opens UDP", port("protocol: UDP, port: 9500"), ALLOWED, "UDP/9500"),
    Case("SCTP does not open TCP", port("protocol: SCTP, port: 9500"), BLOCKED, "TCP/9500"),
    Case("SCTP opens SCTP", port("protocol: SCTP, port: 9500"), ALLOWED, "SCTP/9500"),
    Case("a protocol without a port is all its ports", port("protocol: UDP"), ALLOWED, "UDP/1-65535"),
    Case("a protocol without a port is no other protocol", port("protocol: UDP"), BLOCKED, "TCP/9500"),
    Case("neither protocol nor port is every TCP port", port(""), ALLOWED, "TCP/1-65535"),
    Case("neither protocol nor port is no UDP port", port(""), BLOCKED, "UDP/53"),
    Case("no list of ports is every port", server_takes("{from: [{podSelector: {}}]}"), ALLOWED, "UDP/53 SCTP/9 TCP/9"),
    Case(
        "an empty list of ports is every port",
        server_takes("{from: [{podSelector: {}}], ports: []}"),
        ALLOWED,
        "UDP/53 SCTP/9 TCP/9",
    ),
    Case("a named port is what the server declares", port("port: api"), ALLOWED, "TCP/9500"),
    Case("a named port is no other", port("port: api"), BLOCKED, "TCP/9501"),
    Case("a named port is not what the client declares", port("port: api"), BLOCKED, "TCP/7000"),
    Case("a named port of UDP", port("protocol: UDP, port: dns"), ALLOWED, "UDP/53"),
    Case("a named port declared for another protocol", port("port: dns"), BLOCKED, "TCP/53"),
    Case("a named port does not change protocol by being declared", port("port: dns"), BLOCKED, "UDP/53"),
    Case("a named port of SCTP", port("protocol: SCTP, port: video"), ALLOWED, "SCTP/9500"),
    Case("a named port that nobody declares", port("port: web"), BLOCKED, "TCP/9500"),
    Case(
        "for egress, too, a named port is what the server declares",
        client_sends("{ports: [{port: api}]}"),
        ALLOWED,
        "TCP/9500",
    ),
    Case(
        "for egress, too, it is not what the client declares",
        client_sends("{ports: [{port: api}]}"),
        BLOCKED,
        "TCP/7000",
    ),
    Case(
        "outside of the cluster nobody declares ports",
        client_sends("{ports: [{port: api}]}"),
        BLOCKED,
        "TCP/9500",
        receiver=STORE,
    ),
    Case(
        "a peer of one rule does not get the ports of another",
        policy("""
            podSelector: {matchLabels: {app: server}}
            ingress:
              - {from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 1}]}
              - {from: [{podSelector: {matchLabels: {app: other}}}], ports: [{port: 9500}]}
        """),
        BLOCKED,
    ),
    Case("half of a range", port("port: 9500, endPort: 9549"), PARTIAL, "TCP/9500-9599", "TCP/9550-9599"),
    Case(
        "the middle of a range",
        port("port: 9510, endPort: 9519"),
        PARTIAL,
        "TCP/9500-9529",
        "TCP/9500-9509 TCP/9520-9529",
    ),
    Case("one port of two", port("port: 9500"), PARTIAL, "TCP/9500 TCP/9501", "TCP/9501"),
    Case(
        "two rules cover a range together",
        policy("""
            podSelector: {matchLabels: {app: server}}
            ingress:
              - {from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 9500, endPort: 9549}]}
              - {from: [{podSelector: {}}], ports: [{port: 9550, endPort: 9599}]}
        """),
        ALLOWED,
        "TCP/9500-9599",
    ),
    Case(
        "two policies cover a range together",
        port("port: 9500, endPort: 9549") + port("port: 9550, endPort: 9599"),
        ALLOWED,
        "TCP/9500-9599",
    ),
    Case(
        "each end may cut off its own part",
        port("port: 9500, endPort: 9549") + client_sends("{ports: [{port: 9540, endPort: 9599}]}"),
        PARTIAL,
        "TCP/9500-9599",
        "TCP/9500-9539 TCP/9550-9599",
    ),
]

TYPES = [
    Case("without a policy, everything passes", "", ALLOWED),
    Case("without policyTypes or rules, ingress is closed", SERVER_TAKES_NOBODY, BLOCKED),
    Case("without policyTypes or rules, egress is open", policy("podSelector: {matchLabels: {app: client}}"), ALLOWED),
    Case(
        "without policyTypes, egress rules close egress",
        policy("podSelector: {matchLabels: {app: client}}\negress: [{ports: [{port: 1}]}]"),
        BLOCKED,
    ),
    Case(
        "without policyTypes, egress rules open what they say",
        policy("podSelector: {matchLabels: {app: client}}\negress: [{ports: [{port: 9500}]}]"),
        ALLOWED,
    ),
    Case(
        "without policyTypes, egress rules leave ingress closed",
        policy("podSelector: {matchLabels: {app: server}}\negress: [{}]"),
        BLOCKED,
    ),
    Case(
        "without policyTypes, an empty list of egress rules leaves egress open",
        policy("podSelector: {matchLabels: {app: client}}\negress: []"),
        ALLOWED,
    ),
    Case(
        "empty policyTypes are the same as none",
        policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: []\negress: [{ports: [{port: 1}]}]"),
        BLOCKED,
    ),
    Case("Egress without rules closes egress", CLIENT_SENDS_NOTHING, BLOCKED),
    Case(
        "Egress with an empty list of rules closes egress",
        policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: [Egress]\negress: []"),
        BLOCKED,
    ),
    Case(
        "Egress alone leaves ingress open",
        policy("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]"),
        ALLOWED,
    ),
    Case(
        "Egress alone leaves ingress open whatever the ingress rules say",
        policy("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]\ningress: [{ports: [{port: 1}]}]"),
        ALLOWED,
    ),
    Case(
        "Egress alone keeps ingress rules from opening what another policy closes",
        SERVER_TAKES_NOBODY + policy("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]\ningress: [{}]"),
        BLOCKED,
    ),
    Case(
        "Ingress alone leaves egress open whatever the egress rules say",
        policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: [Ingress]\negress: [{ports: [{port: 1}]}]"),
        ALLOWED,
    ),
    Case(
        "both types, in either order, close both",
        policy("podSelector: {}\npolicyTypes: [Egress, Ingress]\negress: [{}]"),
        BLOCKED,
    ),
    Case("no rule lets nobody in", server_takes(""), BLOCKED),
    Case("null rules let nobody in", policy("podSelector: {matchLabels: {app: server}}\ningress:"), BLOCKED),
    Case("an empty rule lets every pod in", server_takes("{}"), ALLOWED, sender=TWIN),
    Case("an empty rule lets nodes in", server_takes("{}"), ALLOWED, sender=NODE),
    Case("an empty rule lets the world in", server_takes("{}"), ALLOWED, sender=STORE),
    Case("an empty list of peers lets everyone in", server_takes("{from: []}"), ALLOWED, sender=TWIN),
    Case("an empty list of peers lets the world in", server_takes("{from: []}"), ALLOWED, sender=STORE),
    Case("an empty list of peers keeps to the rule's ports", server_takes("{from: [], ports: [{port: 1}]}"), BLOCKED),
    Case("an empty list of receivers lets everything out", client_sends("{to: []}"), ALLOWED, receiver=STORE),
    Case("a policy that selects by nothing at all selects every pod", policy("policyTypes: [Ingress]"), BLOCKED),
]

TOGETHER = [
    Case(
        "what any policy lets in comes in",
        peer("podSelector: {matchLabels: {app: other}}") + peer("podSelector: {matchLabels: {app: client}}"),
        ALLOWED,
    ),
    Case(
        "what any policy lets in comes in, whichever stands first",
        peer("podSelector: {matchLabels: {app: client}}") + peer("podSelector: {matchLabels: {app: other}}"),
        ALLOWED,
    ),
    Case("a policy without rules takes nothing back", server_takes("{}") + SERVER_TAKES_NOBODY, ALLOWED),
    Case("the sender must be let out", CLIENT_SENDS_NOTHING + server_takes("{}"), BLOCKED),
    Case("the receiver must let it in", client_sends("{}") + SERVER_TAKES_NOBODY, BLOCKED),
    Case(
        "both ends let it pass",
        client_sends("{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: 9500}]}")
        + server_takes("{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 9500}]}"),
        ALLOWED,
    ),
    Case(
        "what may come in may not therefore go out", server_takes("{}") + CLIENT_SENDS_NOTHING, BLOCKED, receiver=STORE
    ),
    Case(
        "the server's own ingress policy does not keep it from sending",
        SERVER_TAKES_NOBODY,
        ALLOWED,
        sender=SERVER,
        receiver=CLIENT,
    ),
    Case(
        "egress rules of the server let nobody in",
        SERVER_TAKES_NOBODY + policy("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]\negress: [{}]"),
        BLOCKED,
    ),
    Case("nodes are no pods, so that no policy keeps them from sending", CLIENT_SENDS_NOTHING, ALLOWED, sender=NODE),
]

# ---------------------------------------------------------------------------------------------------
# What we do not know. STRANGER is a pod of which we know one label; ANYONE could be anybody.

STRANGER = Pod(
    "stranger",
    "home",
    Labels({"app": "client"}, complete=False),
    Labels({"kubernetes.io/metadata.name": "home"}, complete=False),
    ports_known=False,
)
RELEASED = Pod("released", "home", Labels({"app": "client"}, frozenset({"release"})), by_address=Match.NO)
HOMELESS = Pod("homeless", None, Labels({"app": "client"}))
ANYONE = Outside("anyone")
SOMEWHERE = Outside("somewhere", may_be_pod=False)
FOUND = Outside(
    "found", assumed=frozenset({Pods(Selector((Requirement("app", Operator.IN, frozenset({"scraper"})),)))})
)
FOUND_BY_ADDRESS = Outside("found", assumed=frozenset({Block(addresses("203.0.113.0/24")[0])}))
NOT_OURS = Outside("not ours", besides=(SERVER.labels, CLIENT.labels))
NETWORK = Outside("network", addresses("203.0.113.0/24"), may_be_pod=False)
TWO_NODES = Host("nodes", Match.NO, addresses("192.168.0.1", "192.168.7.1"), Match.YES)
BOTH_FAMILIES = Host("node", Match.NO, addresses("192.168.0.1", "2001:db8::1"), Match.YES)
MOVING = pod("server", "home", {"app": "server", "role": "active"}, at="10.1.0.1")

EACH_ITS_OWN_PORT = policy("""
    podSelector: {matchLabels: {role: active}}
    ingress: [{ports: [{port: 9500}, {port: 9501}]}]
""") + policy("""
    podSelector: {matchExpressions: [{key: app, operator: In, values: [server]}, {key: role, operator: DoesNotExist}]}
    ingress: [{ports: [{port: 9501}, {port: 9502}]}]
""")

UNREADABLE = policy("podSelector: {}\ningres: []")
UNREADABLE_AWAY = policy("podSelector: {}\ningres: []", namespace="away")
FOREIGN = policy("podSelector: {}", kind="crd.antrea.io/v1beta1 NetworkPolicy")
HOMELESS_POLICY = policy("podSelector: {matchLabels: {app: server}}", namespace=None)

UNKNOWNS = [
    Case("a label that we know", peer("podSelector: {matchLabels: {app: client}}"), ALLOWED, sender=STRANGER),
    Case(
        "a label that we know to be another", peer("podSelector: {matchLabels: {app: other}}"), BLOCKED, sender=STRANGER
    ),
    Case("a label that may be there", peer("podSelector: {matchLabels: {team: red}}"), UNKNOWN, sender=STRANGER),
    Case(
        "one label that is there, one that may be",
        peer("podSelector: {matchLabels: {app: client, team: red}}"),
        UNKNOWN,
        sender=STRANGER,
    ),
    Case(
        "one label that is not there, one that may be",
        peer("podSelector: {matchLabels: {app: other, team: red}}"),
        BLOCKED,
        sender=STRANGER,
    ),
    Case(
        "NotIn of a label that may be there",
        expression("key: team, operator: NotIn, values: [red]"),
        UNKNOWN,
        sender=STRANGER,
    ),
    Case("Exists of a label that may be there", expression("key: team, operator: Exists"), UNKNOWN, sender=STRANGER),
    Case(
        "DoesNotExist of a label that may be there",
        expression("key: team, operator: DoesNotExist"),
        UNKNOWN,
        sender=STRANGER,
    ),
    Case(
        "DoesNotExist of a label that is there",
        expression("key: app, operator: DoesNotExist"),
        BLOCKED,
        sender=STRANGER,
    ),
    Case(
        "a value that varies: In",
        expression("key: release, operator: In, values: [longhorn]"),
        UNKNOWN,
        sender=RELEASED,
    ),
    Case(
        "a value that varies: NotIn",
        expression("key: release, operator: NotIn, values: [longhorn]"),
        UNKNOWN,
        sender=RELEASED,
    ),
    Case("a value that varies: Exists", expression("key: release, operator: Exists"), ALLOWED, sender=RELEASED),
    Case(
        "a value that varies: DoesNotExist",
        expression("key: release, operator: DoesNotExist"),
        BLOCKED,
        sender=RELEASED,
    ),
    Case(
        "a policy that perhaps selects the pod",
        policy("podSelector: {matchLabels: {team: red}}"),
        UNKNOWN,
        receiver=STRANGER,
    ),
    Case(
        "a policy that perhaps selects the pod, by a value that varies",
        policy("podSelector: {matchLabels: {release: longhorn}}"),
        UNKNOWN,
        receiver=RELEASED,
    ),
    Case(
        "a policy that perhaps selects the pod, and lets it in",
        policy("podSelector: {matchLabels: {team: red}}\ningress: [{}]"),
        ALLOWED,
        receiver=STRANGER,
    ),
    Case(
        "a policy that perhaps selects the pod, and lets in part of it",
        policy("podSelector: {matchLabels: {team: red}}\ningress: [{ports: [{port: 9500}]}]"),
        UNKNOWN,
        "TCP/9500-9501",
        receiver=STRANGER,
    ),
    Case(
        "a policy that certainly selects it, beside one that perhaps lets it in",
        policy("podSelector: {matchLabels: {app: client}}")
        + policy("podSelector: {matchLabels: {team: red}}\ningress: [{}]"),
        UNKNOWN,
        receiver=STRANGER,
    ),
    Case(
        "two policies that perhaps select it, each of which lets in what the other does not",
        policy("podSelector: {matchLabels: {team: red}}\ningress: [{ports: [{port: 1}]}]")
        + policy("podSelector: {matchLabels: {team: blue}}\ningress: [{ports: [{port: 2}]}]"),
        UNKNOWN,
        "TCP/1-2",
        receiver=STRANGER,
    ),
    Case(
        "what perhaps selects it cannot close what another lets in",
        policy("podSelector: {matchLabels: {app: client}}\ningress: [{}]")
        + policy("podSelector: {matchLabels: {team: red}}"),
        ALLOWED,
        receiver=STRANGER,
    ),
    Case(
        "a pod of some namespace: by pod", peer("podSelector: {matchLabels: {app: client}}"), UNKNOWN, sender=HOMELESS
    ),
    Case(
        "a pod of some namespace: by a pod's label that it lacks",
        peer("podSelector: {matchLabels: {app: other}}"),
        BLOCKED,
        sender=HOMELESS,
    ),
    Case(
        "a pod of some namespace: by namespace",
        peer("namespaceSelector: {matchLabels: {team: red}}"),
        UNKNOWN,
        sender=HOMELESS,
    ),
    Case("a pod of some namespace: every namespace", peer("namespaceSelector: {}"), ALLOWED, sender=HOMELESS),
    Case(
        "a namespace of which we know the name only",
        peer("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: home}}"),
        ALLOWED,
        sender=STRANGER,
    ),
    Case(
        "a namespace of which we know the name only, by another name",
        peer("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: away}}"),
        BLOCKED,
        sender=STRANGER,
    ),
    Case(
        "a namespace of which we know the name only, by another label",
        peer("namespaceSelector: {matchLabels: {team: red}}"),
        UNKNOWN,
        sender=STRANGER,
    ),
    Case("a policy that names no namespace", HOMELESS_POLICY, UNKNOWN),
    Case(
        "a policy whose namespace is the empty string",
        HOMELESS_POLICY.replace("policy}", "policy, namespace: ''}"),
        UNKNOWN,
    ),
    Case(
        "a policy that names no namespace, and does not select the pod",
        HOMELESS_POLICY,
        ALLOWED,
        sender=SERVER,
        receiver=CLIENT,
    ),
    Case("an address that we do not know", peer("ipBlock: {cidr: 203.0.113.0/24}"), UNKNOWN, sender=SOMEWHERE),
    Case("an address that we do not know, among all", peer("ipBlock: {cidr: 0.0.0.0/0}"), ALLOWED, sender=SOMEWHERE),
    Case(
        "an address that we do not know, among all but some",
        peer("ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}"),
        UNKNOWN,
        sender=SOMEWHERE,
    ),
    Case(
        "an address that we do not know is hardly an IPv6 one",
        peer("ipBlock: {cidr: '::/0'}"),
        UNKNOWN,
        sender=SOMEWHERE,
    ),
    Case("a network in the block", peer("ipBlock: {cidr: 203.0.0.0/16}"), ALLOWED, sender=NETWORK),
    Case("a network larger than the block", peer("ipBlock: {cidr: 203.0.113.0/25}"), UNKNOWN, sender=NETWORK),
    Case("a network beside the block", peer("ipBlock: {cidr: 203.0.112.0/24}"), BLOCKED, sender=NETWORK),
    Case(
        "a network in a hole", peer("ipBlock: {cidr: 203.0.0.0/16, except: [203.0.112.0/20]}"), BLOCKED, sender=NETWORK
    ),
    Case(
        "a network with a hole in it",
        peer("ipBlock: {cidr: 203.0.0.0/16, except: [203.0.113.7/32]}"),
        UNKNOWN,
        sender=NETWORK,
    ),
    Case(
        "a network with one hole in it, and another all around it",
        peer("ipBlock: {cidr: 203.0.0.0/16, except: [203.0.113.7/32, 203.0.112.0/20]}"),
        BLOCKED,
        sender=NETWORK,
    ),
    Case("all of several nodes", peer("ipBlock: {cidr: 192.168.0.0/16}"), ALLOWED, sender=TWO_NODES),
    Case("one of several nodes", peer("ipBlock: {cidr: 192.168.0.0/24}"), UNKNOWN, sender=TWO_NODES),
    Case("none of several nodes", peer("ipBlock: {cidr: 10.0.0.0/8}"), BLOCKED, sender=TWO_NODES),
    Case(
        "several nodes, each by its own address",
        server_takes("{from: [{ipBlock: {cidr: 192.168.0.1/32}}, {ipBlock: {cidr: 192.168.7.1/32}}]}"),
        ALLOWED,
        sender=TWO_NODES,
    ),
    Case(
        "several nodes, one of them by two addresses",
        server_takes("{from: [{ipBlock: {cidr: 192.168.0.1/32}}, {ipBlock: {cidr: 192.168.0.0/24}}]}"),
        UNKNOWN,
        sender=TWO_NODES,
    ),
    Case(
        "a node of both families, both let in",
        server_takes("{from: [{ipBlock: {cidr: 192.168.0.0/16}}, {ipBlock: {cidr: '2001:db8::/32'}}]}"),
        ALLOWED,
        sender=BOTH_FAMILIES,
    ),
    Case(
        "where the network may or may not look at a pod's address",
        peer("ipBlock: {cidr: 0.0.0.0/0}"),
        UNKNOWN,
        sender=STRANGER,
    ),
    Case(
        "where the network does not look at a pod's address",
        peer("ipBlock: {cidr: 0.0.0.0/0}"),
        BLOCKED,
        sender=RELEASED,
    ),
    Case("a node that the network lets through", SERVER_TAKES_NOBODY, ALLOWED, sender=Host("node", Match.YES)),
    Case("a node that it may let through", SERVER_TAKES_NOBODY, UNKNOWN, sender=Host("node", Match.MAYBE)),
    Case("a node that it does not let through", SERVER_TAKES_NOBODY, BLOCKED, sender=Host("node", Match.NO)),
    Case(
        "a node that it may let through, and the policy does",
        server_takes("{}"),
        ALLOWED,
        sender=Host("node", Match.MAYBE),
    ),
    Case("to a node that the network lets through", CLIENT_SENDS_NOTHING, ALLOWED, receiver=Host("node", Match.YES)),
    Case(
        "to a node whose address we do not know",
        client_sends("{to: [{ipBlock: {cidr: 192.168.0.0/16}}]}"),
        UNKNOWN,
        receiver=Host("node", Match.NO),
    ),
    Case("somebody who may be a pod", peer("podSelector: {matchLabels: {app: scraper}}"), UNKNOWN, sender=ANYONE),
    Case("somebody who is no pod", peer("podSelector: {matchLabels: {app: scraper}}"), BLOCKED, sender=SOMEWHERE),
    Case(
        "somebody whom a rule can only mean", peer("podSelector: {matchLabels: {app: scraper}}"), ALLOWED, sender=FOUND
    ),
    Case(
        "somebody whom that rule means, by another",
        peer("podSelector: {matchLabels: {app: other}}"),
        UNKNOWN,
        sender=FOUND,
    ),
    Case(
        "somebody who is none of our own pods",
        peer("podSelector: {matchLabels: {app: client}}"),
        BLOCKED,
        sender=NOT_OURS,
    ),
    Case(
        "somebody who is none of our own pods, but may be one like them in another namespace",
        peer("namespaceSelector: {}, podSelector: {matchLabels: {app: client}}"),
        UNKNOWN,
        sender=NOT_OURS,
    ),
    Case(
        "somebody who is none of our own pods, but may be in the same namespace",
        peer("podSelector: {}"),
        UNKNOWN,
        sender=NOT_OURS,
    ),
    Case(
        "somebody whose address a rule can only mean",
        peer("ipBlock: {cidr: 203.0.113.0/24}"),
        ALLOWED,
        sender=FOUND_BY_ADDRESS,
    ),
    Case(
        "nobody else carries Longhorn's own labels",
        peer("podSelector: {matchLabels: {longhorn.io/component: x}}"),
        BLOCKED,
        sender=ANYONE,
    ),
    Case("a named port of a pod whose ports we do not know", port("port: api"), ALLOWED, receiver=STRANGER),
    Case(
        "a named port of a server whose ports we do not know",
        client_sends("{ports: [{port: api}]}"),
        ALLOWED,
        sender=TWIN,
        receiver=STRANGER,
    ),
    Case(
        "a named port on the way to a server whose ports we do not know",
        client_sends("{ports: [{port: api}]}"),
        UNKNOWN,
        receiver=STRANGER,
    ),
    Case(
        "a named port on the way to somebody who may be a pod",
        client_sends("{ports: [{port: api}]}"),
        UNKNOWN,
        receiver=ANYONE,
    ),
    Case("a policy that cannot be read", UNREADABLE, UNKNOWN, readable=False),
    Case(
        "a policy that cannot be read, about other pods",
        policy("podSelector: {matchLabels: {app: other}}\ningres: []"),
        ALLOWED,
        readable=False,
    ),
    Case(
        "a policy that cannot be read, about other pods by a selector that cannot be read either",
        policy("podSelector: {matchLabels: {app: 7}}"),
        UNKNOWN,
        readable=False,
    ),
    Case(
        "a policy that cannot be read, about the other direction",
        policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: [Ingress]\ningres: []"),
        ALLOWED,
        readable=False,
    ),
    Case(
        "a policy that cannot be read, about a direction that cannot be read either",
        policy("podSelector: {matchLabels: {app: client}}\npolicyTypes: [ingress]"),
        UNKNOWN,
        readable=False,
    ),
    Case("a policy that cannot be read, of another namespace", UNREADABLE_AWAY, ALLOWED, readable=False),
    Case(
        "a policy that cannot be read, beside two that let it pass",
        UNREADABLE + server_takes("{}") + client_sends("{}"),
        ALLOWED,
        readable=False,
    ),
    Case(
        "a policy that cannot be read may close the end that no other opens",
        UNREADABLE + server_takes("{}"),
        UNKNOWN,
        readable=False,
    ),
    Case(
        "a policy that cannot be read may open what no other does",
        UNREADABLE + SERVER_TAKES_NOBODY,
        UNKNOWN,
        sender=NODE,
        readable=False,
    ),
    Case("a policy of another kind", FOREIGN, UNKNOWN, readable=False),
    Case(
        "a policy of another kind may forbid what others allow",
        FOREIGN + server_takes("{}") + client_sends("{}"),
        UNKNOWN,
        readable=False,
    ),
    Case(
        "a policy of another kind may allow what others do not",
        FOREIGN + SERVER_TAKES_NOBODY,
        UNKNOWN,
        sender=NODE,
        readable=False,
    ),
    Case(
        "one of its ports is used, and all pass",
        port("port: 9500, endPort: 9501"),
        ALLOWED,
        "TCP/9500-9501",
        any_port=True,
    ),
    Case(
        "one of its ports is used, and one does not pass", port("port: 9500"), UNKNOWN, "TCP/9500-9501", any_port=True
    ),
    Case("one of its ports is used, and none passes", port("port: 1"), BLOCKED, "TCP/9500-9501", any_port=True),
    Case(
        "the worse of two guises counts: selected with a label, and not without",
        policy("podSelector: {matchLabels: {role: active}}"),
        BLOCKED,
        also_as=MOVING,
    ),
    Case(
        "the worse of two guises counts: let in with a label, and not without",
        SERVER_TAKES_NOBODY + policy("podSelector: {matchLabels: {role: active}}\ningress: [{}]"),
        BLOCKED,
        also_as=MOVING,
    ),
    Case(
        "a port that either guise cannot use is blocked",
        EACH_ITS_OWN_PORT,
        PARTIAL,
        "TCP/9500-9502",
        "TCP/9500 TCP/9502",
        also_as=MOVING,
    ),
    Case(
        "a port that either guise cannot use is blocked, though each can use another",
        EACH_ITS_OWN_PORT.replace("9501", "1"),
        BLOCKED,
        "TCP/9500 TCP/9502",
        also_as=MOVING,
    ),
    Case(
        "one of its ports is used, and each is closed to some guise",
        EACH_ITS_OWN_PORT.replace("9501", "1"),
        BLOCKED,
        "TCP/9500 TCP/9502",
        also_as=MOVING,
        any_port=True,
    ),
    Case(
        "the worse of two guises counts: partly blocked is worse than unknown",
        HOMELESS_POLICY + policy("podSelector: {matchLabels: {role: active}}\ningress: [{ports: [{port: 9500}]}]"),
        PARTIAL,
        "TCP/9500-9501",
        "TCP/9501",
        also_as=MOVING,
    ),
]

CASES = [*LABELS, *NAMESPACES, *ADDRESSES, *PORTS, *TYPES, *TOGETHER, *UNKNOWNS]


class Flows(NamedTuple):
    """Some policies, and which flows between pods with names pass under them, and which do not."""

    says: str
    policies: str
    passes: str
    """Flows like `one other TCP/80`, one a line."""
    stops: str
    source: str

    def cases(self, pods: Mapping[str, Pod]) -> list[Case]:
        """One case for every flow."""
        return [
            Case(f"{self.says}: {line.strip()}", self.policies, answer, port, sender=pods[one], receiver=pods[other])
            for answer, lines in ((ALLOWED, self.passes), (BLOCKED, self.stops))
            for line in lines.strip().splitlines()
            for one, other, port in [line.split()]
        ]
