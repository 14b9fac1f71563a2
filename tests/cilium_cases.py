"""What Cilium's documentation and source say of its policies, as cases, each with the place that says so.

All sources are of cilium/cilium as of v1.20.2; before 1.19, layer3.rst, layer4.rst, layer7.rst, deny.rst and host.rst
were one language.rst. `test_cilium_engine` holds the same reading to that release's own engine. The cast is that of
`hard_cases`, on a network where addresses match no pod.
"""

from __future__ import annotations

from dataclasses import replace

from hard_cases import (
    ALLOWED,
    BLOCKED,
    CLIENT,
    PARTIAL,
    SERVER,
    STORE,
    TWIN,
    UNKNOWN,
    Case,
    addresses,
    pod,
    policy,
    server_takes,
)

from lhmigrate.model.endpoints import Endpoint, Host, Outside, Role
from lhmigrate.model.labels import Match

A_SERVER, A_CLIENT, A_TWIN = (replace(one, by_address=Match.NO) for one in (SERVER, CLIENT, TWIN))
DNS = replace(pod("dns", "kube-system", {"k8s-app": "kube-dns"}, at="10.3.0.1"), by_address=Match.NO)
OWN_NODE = Host("node", Match.NO, addresses("192.168.0.1"), Match.NO, Role.OWN_NODE)
OTHER_NODE = Host("node", Match.NO, addresses("192.168.0.2"), Match.NO, Role.OTHER_NODE)
STRANGE_NODE = Host("node", Match.MAYBE, addresses("169.254.0.0/16"), Match.YES, Role.STRANGER)
API_SERVER = Host("API server", Match.NO, None, Match.MAYBE, Role.API_SERVER)
SOMEBODY = Outside("somebody", by_address=Match.MAYBE)


def cnp(spec: str, *, namespace: str = "home") -> str:
    return policy(spec, namespace=namespace, kind="cilium.io/v2 CiliumNetworkPolicy")


def ccnp(spec: str) -> str:
    return policy(spec, namespace=None, kind="cilium.io/v2 CiliumClusterwideNetworkPolicy")


def of_server(rules: str) -> str:
    """A policy about SERVER."""
    return cnp(f"endpointSelector: {{matchLabels: {{app: server}}}}\n{rules}")


def of_client(rules: str) -> str:
    """A policy about CLIENT."""
    return cnp(f"endpointSelector: {{matchLabels: {{app: client}}}}\n{rules}")


def takes(rule: str) -> str:
    """SERVER's policy with one ingress rule."""
    return of_server(f"ingress: [{rule}]")


def sends(rule: str) -> str:
    """CLIENT's policy with one egress rule."""
    return of_client(f"egress: [{rule}]")


def on(port: str, more: str = "") -> str:
    """`toPorts` with one port."""
    return f"toPorts: [{{ports: [{{port: {port}}}]{more}}}]"


def case(
    says: str,
    policies: str,
    answer: object,
    ports: str = "TCP/9500",
    blocked: str = "",
    *,
    sender: Endpoint = A_CLIENT,
    receiver: Endpoint = A_SERVER,
    asks: tuple[str, ...] = (),
    readable: bool = True,
) -> Case:
    assert answer in {ALLOWED, BLOCKED, PARTIAL, UNKNOWN}
    return Case(says, policies, answer, ports, blocked, sender=sender, receiver=receiver, asks=asks, readable=readable)


DENIES_CLIENT = of_server("ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]")
OPEN_TO_ALL = takes("{fromEntities: [all]}")
DENIES_CLIENT_ON_80 = of_server(
    'ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]'
)
METRICS_ONLY = takes(
    '{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "9500", protocol: TCP}], '
    "rules: {http: [{method: GET, path: /metrics}]}}]}"
)
NOT_AWAY = "{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [away]}]}"
METRICS_WITHOUT_DENY = METRICS_ONLY + "  enableDefaultDeny: {ingress: false}\n"

# pkg/policy/api/rule_validation.go and http.go, Sanitize: each refused.
REFUSED = {
    "DNS rules are for the way out": "{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}",
    "a listener on the way in": "{toPorts: [{ports: [{port: '80', protocol: TCP}], listener: {name: l}}]}",
    "ICMP and ports in one rule": "{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}",
    "DNS rules on port 0": "{toPorts: [{ports: [{port: '0', protocol: UDP}], rules: {dns: [{matchPattern: '*'}]}}]}",
    "HTTP rules on port 0": "{toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {http: [{}]}}]}",
    "rules of two kinds on the same ports": "{" + on("'80', protocol: TCP", ", rules: {http: [{}], kafka: [{}]}") + "}",
    "a path that is no regular expression": "{" + on("'80', protocol: TCP", ", rules: {http: [{path: '/('}]}") + "}",
}


def open_but_for(rule: str) -> str:
    """SERVER isolated, and a policy that would let everyone in but for a rule beside that."""
    return of_server("ingress: [{}]") + takes(f"{{fromEntities: [all]}}, {rule}")


RULES: dict[str, list[Case]] = {
    "Documentation/security/policy/intro.rst, Endpoint default policy": [
        case(
            "a policy with an ingress section isolates ingress",
            takes("{fromEndpoints: [{matchLabels: {a: b}}]}"),
            BLOCKED,
        ),
        case("a policy with an egress section isolates egress", sends("{toEntities: [world]}"), BLOCKED),
        case("an egress section leaves ingress alone", of_server("egress: [{}]"), ALLOWED),
        case("a policy without any section isolates nothing", of_server("description: nothing yet"), ALLOWED),
        case("an empty section is none", of_server("ingress: []"), ALLOWED),
        case(
            "default deny for a direction without rules: Cilium's releases up to 1.20 do not heed it",
            of_server("egress: [{}]\nenableDefaultDeny: {ingress: true}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "and its other direction is as clear as ever",
            of_server("ingress: [{fromEndpoints: [{}]}]\nenableDefaultDeny: {egress: true}"),
            ALLOWED,
            readable=False,
        ),
        case(
            "with enableDefaultDeny false a policy isolates nothing",
            of_server("ingress: [{fromEntities: [world]}]\nenableDefaultDeny: {ingress: false, egress: false}"),
            ALLOWED,
        ),
        case(
            "enableDefaultDeny counts by direction",
            of_server("ingress: [{fromEntities: [world]}]\nenableDefaultDeny: {egress: false}"),
            BLOCKED,
        ),
        case(
            "what does not isolate still lets in, where another policy isolates",
            of_server("ingressDeny: [{}]")
            + of_server("ingress: [{fromEntities: [cluster]}]\nenableDefaultDeny: {ingress: false}"),
            ALLOWED,
        ),
        case(
            "what does not isolate still denies",
            of_server("ingressDeny: [{fromEntities: [cluster]}]\nenableDefaultDeny: {ingress: false}"),
            BLOCKED,
        ),
        case(
            "a layer 7 rule stops what does not fit it even where the policy isolates nothing",
            METRICS_WITHOUT_DENY,
            BLOCKED,
            asks=("POST /v1/volumes",),
        ),
        case(
            "a layer 7 rule leaves others alone where the policy isolates nothing",
            METRICS_WITHOUT_DENY,
            ALLOWED,
            sender=A_TWIN,
            asks=("POST /v1/volumes",),
        ),
    ],
    "Documentation/security/policy/layer3.rst, Ingress/Egress Default Deny": [
        case("ingress: [{}] isolates and lets nobody in", of_server("ingress: [{}]"), BLOCKED),
        case("egress: [{}] lets nobody out", sends("{}"), BLOCKED),
        case("as a NetworkPolicy the same lets everyone in", server_takes("{}"), ALLOWED),
    ],
    "Documentation/security/policy/deny.rst": [
        case("ingressDeny: [{}] isolates", of_server("ingressDeny: [{}]"), BLOCKED),
        case("ingressDeny: [{}] denies nobody", of_server("ingressDeny: [{}]") + OPEN_TO_ALL, ALLOWED),
        case("a deny wins over an allow of another policy", DENIES_CLIENT + OPEN_TO_ALL, BLOCKED),
        case("a deny wins whichever comes first", OPEN_TO_ALL + DENIES_CLIENT, BLOCKED),
        case("a deny wins over a NetworkPolicy", DENIES_CLIENT + server_takes("{}"), BLOCKED),
        case("a deny is for its peers only", DENIES_CLIENT + OPEN_TO_ALL, ALLOWED, sender=A_TWIN),
        case("a deny of one port leaves the others", DENIES_CLIENT_ON_80 + OPEN_TO_ALL, PARTIAL, "TCP/80-81", "TCP/80"),
        case("a policy that only denies a port blocks them all", DENIES_CLIENT_ON_80, BLOCKED, "TCP/80-81"),
        case(
            "a deny of a port by nobody in particular is a deny of everyone",
            of_server('ingressDeny: [{toPorts: [{ports: [{port: "9500"}]}]}]') + OPEN_TO_ALL,
            BLOCKED,
        ),
        case(
            "a clusterwide deny wins over a policy of the namespace",
            ccnp("endpointSelector: {}\ningressDeny: [{fromEntities: [cluster]}]") + OPEN_TO_ALL,
            BLOCKED,
        ),
        case(
            "what is allowed adds up, whoever allows it", takes("{fromEntities: [world]}") + server_takes("{}"), ALLOWED
        ),
    ],
    "pkg/k8s/apis/cilium.io/utils/utils.go, getEndpointSelector": [
        case("fromEndpoints: [{}] is everyone in the policy's namespace", takes("{fromEndpoints: [{}]}"), ALLOWED),
        case("fromEndpoints: [{}] is nobody elsewhere", takes("{fromEndpoints: [{}]}"), BLOCKED, sender=A_TWIN),
        case(
            "labels alone are of the policy's namespace",
            takes("{fromEndpoints: [{matchLabels: {app: client}}]}"),
            BLOCKED,
            sender=A_TWIN,
        ),
        case(
            "io.kubernetes.pod.namespace leads into another namespace",
            takes("{fromEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: away, app: client}}]}"),
            ALLOWED,
            sender=A_TWIN,
        ),
        case(
            "without a prefix it does so, too",
            takes("{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: away}}]}"),
            ALLOWED,
            sender=A_TWIN,
        ),
        case(
            "and is then no longer the policy's own",
            takes("{fromEndpoints: [{matchLabels: {any:io.kubernetes.pod.namespace: away}}]}"),
            BLOCKED,
        ),
        case(
            "every namespace, by an expression",
            takes("{fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}]}"),
            ALLOWED,
            sender=A_TWIN,
        ),
        case(
            "namespaces by their labels",
            takes("{fromEndpoints: [{matchLabels: {k8s:io.cilium.k8s.namespace.labels.team: red}}]}"),
            ALLOWED,
            sender=A_TWIN,
        ),
        case(
            "whoever is in no such namespace: a node and the world are in none",
            of_server("ingressDeny: [{fromEndpoints: [" + NOT_AWAY + "]}]") + OPEN_TO_ALL,
            UNKNOWN,
            sender=STORE,
        ),
        case(
            "and may be let in with the pods",
            takes("{fromEndpoints: [" + NOT_AWAY + "]}"),
            UNKNOWN,
            sender=OTHER_NODE,
        ),
        case("who is a pod for certain", takes("{fromEndpoints: [" + NOT_AWAY + "]}"), ALLOWED),
        case(
            "a label beside it is of pods only",
            takes(
                "{fromEndpoints: [{matchLabels: {app: client}, matchExpressions: "
                "[{key: io.kubernetes.pod.namespace, operator: NotIn, values: [away]}]}]}"
            ),
            BLOCKED,
            sender=OTHER_NODE,
        ),
        case(
            "namespaces by their labels are not the policy's own",
            takes("{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: red}}]}"),
            BLOCKED,
        ),
        case(
            "the sources k8s: and any: mean the same for pods",
            takes("{fromEndpoints: [{matchLabels: {k8s:app: client, any:tier: front}}]}"),
            ALLOWED,
        ),
        case(
            "in a clusterwide policy fromEndpoints: [{}] is every pod",
            ccnp("endpointSelector: {matchLabels: {app: server}}\ningress: [{fromEndpoints: [{}]}]"),
            ALLOWED,
            sender=A_TWIN,
        ),
        case(
            "and nothing that is no pod",
            ccnp("endpointSelector: {matchLabels: {app: server}}\ningress: [{fromEndpoints: [{}]}]"),
            BLOCKED,
            sender=OTHER_NODE,
        ),
    ],
    "pkg/k8s/apis/cilium.io/utils/utils.go, ParseToCiliumRule": [
        case("endpointSelector: {} is the whole namespace", cnp("endpointSelector: {}\ningress: [{}]"), BLOCKED),
        case("and no other", cnp("endpointSelector: {}\ningress: [{}]", namespace="away"), ALLOWED),
        case("in a clusterwide policy it is the cluster", ccnp("endpointSelector: {}\ningress: [{}]"), BLOCKED),
        case(
            "a clusterwide policy may be about one namespace",
            ccnp("endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: away}}\ningress: [{}]"),
            ALLOWED,
        ),
        case(
            "or about all but one",
            ccnp(
                "endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, "
                "values: [home]}]}\ningress: [{}]"
            ),
            ALLOWED,
        ),
        case(
            "the own namespace named in endpointSelector changes nothing",
            cnp("endpointSelector: {matchLabels: {k8s:io.kubernetes.pod.namespace: home}}\ningress: [{}]"),
            BLOCKED,
        ),
        case(
            "another namespace named there is removed, or selects nothing",
            cnp("endpointSelector: {matchLabels: {k8s:io.kubernetes.pod.namespace: away}}\ningress: [{}]"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "a namespaced policy beside the same in a clusterwide one",
            cnp("endpointSelector: {}\ningress: [{}]")
            + ccnp("endpointSelector: {}\ningress: [{fromEndpoints: [{matchLabels: {app: client}}]}]"),
            ALLOWED,
        ),
    ],
    "pkg/policy/api/entity.go and Documentation/security/policy/layer3.rst, Entities based": [
        case("all: a pod", takes("{fromEntities: [all]}"), ALLOWED),
        case("all: the world", takes("{fromEntities: [all]}"), ALLOWED, sender=STORE),
        case("cluster: a pod of any namespace", takes("{fromEntities: [cluster]}"), ALLOWED, sender=A_TWIN),
        case("cluster: the own node", takes("{fromEntities: [cluster]}"), ALLOWED, sender=OWN_NODE),
        case("cluster: another node", takes("{fromEntities: [cluster]}"), ALLOWED, sender=OTHER_NODE),
        case("cluster: the API server", takes("{fromEntities: [cluster]}"), ALLOWED, sender=API_SERVER),
        case("cluster: not the world", takes("{fromEntities: [cluster]}"), BLOCKED, sender=STORE),
        case("host: the own node", takes("{fromEntities: [host]}"), ALLOWED, sender=OWN_NODE),
        case("host: not another node", takes("{fromEntities: [host]}"), BLOCKED, sender=OTHER_NODE),
        case("host: no pod", takes("{fromEntities: [host]}"), BLOCKED),
        case("remote-node: another node", takes("{fromEntities: [remote-node]}"), ALLOWED, sender=OTHER_NODE),
        case("remote-node: not the own one", takes("{fromEntities: [remote-node]}"), BLOCKED, sender=OWN_NODE),
        case("remote-node: perhaps the API server", takes("{fromEntities: [remote-node]}"), UNKNOWN, sender=API_SERVER),
        case("kube-apiserver: the API server", takes("{fromEntities: [kube-apiserver]}"), ALLOWED, sender=API_SERVER),
        case(
            "kube-apiserver: another node, where every node is one of its",
            takes("{fromEntities: [kube-apiserver]}"),
            UNKNOWN,
            sender=OTHER_NODE,
        ),
        case("kube-apiserver: no pod", takes("{fromEntities: [kube-apiserver]}"), BLOCKED),
        case("world: what is outside", takes("{fromEntities: [world]}"), ALLOWED, sender=STORE),
        case(
            "world-ipv4 is the world, where a cluster has both families",
            takes("{fromEntities: [world-ipv4]}"),
            UNKNOWN,
            sender=STORE,
        ),
        case("world-ipv6: no pod", takes("{fromEntities: [world-ipv6]}"), BLOCKED),
        case("world: no pod", takes("{fromEntities: [world]}"), BLOCKED),
        case("world: no node", takes("{fromEntities: [world]}"), BLOCKED, sender=OTHER_NODE),
        case(
            "world: perhaps somebody of whom we know nothing",
            takes("{fromEntities: [world]}"),
            UNKNOWN,
            sender=SOMEBODY,
        ),
        case("ingress, health and init: no pod", takes("{fromEntities: [ingress, health, init, unmanaged]}"), BLOCKED),
        case("none: nobody", takes("{fromEntities: [none]}"), BLOCKED),
        case(
            "entities may be written as labels",
            takes("{fromEndpoints: [{matchLabels: {reserved:host: ''}}]}"),
            ALLOWED,
            sender=OWN_NODE,
        ),
        case("egress: toEntities", sends("{toEntities: [cluster]}"), ALLOWED),
        case("an entity that there is not is refused", takes("{fromEntities: [clutser]}"), UNKNOWN, readable=False),
    ],
    "Documentation/security/policy/layer3.rst, Access to/from local host; longhorn/longhorn#13802": [
        case(
            "a node that looks like a stranger: as host, perhaps",
            takes("{fromEntities: [host]}"),
            UNKNOWN,
            sender=STRANGE_NODE,
        ),
        case(
            "a node that looks like a stranger: as world",
            takes("{fromEntities: [world]}"),
            ALLOWED,
            sender=STRANGE_NODE,
        ),
        case(
            "a node that looks like a stranger: by address",
            takes("{fromCIDR: [169.254.0.0/16]}"),
            ALLOWED,
            sender=STRANGE_NODE,
        ),
    ],
    "Documentation/security/policy/layer3.rst, IP/CIDR based": [
        case("fromCIDR: an address outside", takes("{fromCIDR: [203.0.113.0/24]}"), ALLOWED, sender=STORE),
        case("fromCIDR: an address without a mask", takes("{fromCIDR: [203.0.113.7]}"), ALLOWED, sender=STORE),
        case("fromCIDR: another address", takes("{fromCIDR: [198.51.100.0/24]}"), BLOCKED, sender=STORE),
        case("CIDRs do not match pods", takes("{fromCIDR: [0.0.0.0/0]}"), BLOCKED),
        case("CIDRs do not match nodes", takes("{fromCIDR: [192.168.0.0/16]}"), BLOCKED, sender=OTHER_NODE),
        case(
            "fromCIDRSet with except: beside the hole",
            takes("{fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}]}"),
            ALLOWED,
            sender=STORE,
        ),
        case(
            "fromCIDRSet with except: in the hole",
            takes("{fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.0/25]}]}"),
            BLOCKED,
            sender=STORE,
        ),
        case(
            "fromCIDRSet, all of it excepted",
            takes("{fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.0/24]}]}"),
            BLOCKED,
            sender=STORE,
        ),
        case(
            "cidrGroupRef: a group that we have not seen",
            takes("{fromCIDRSet: [{cidrGroupRef: offices}]}"),
            UNKNOWN,
            sender=STORE,
        ),
        case("cidrGroupRef: still no pod", takes("{fromCIDRSet: [{cidrGroupRef: offices}]}"), BLOCKED),
        case("toCIDR: an address outside", sends("{toCIDR: [203.0.113.7/32]}"), ALLOWED, receiver=STORE),
    ],
    "Documentation/security/policy/layer3.rst, DNS based": [
        case(
            "toFQDNs: what is outside, perhaps",
            sends("{toFQDNs: [{matchName: s3.example.org}]}"),
            UNKNOWN,
            receiver=STORE,
        ),
        case("toFQDNs: no pod", sends("{toFQDNs: [{matchPattern: '*'}]}"), BLOCKED),
        case(
            "toFQDNs isolates egress, so that DNS is cut",
            sends("{toFQDNs: [{matchName: s3.example.org}]}"),
            BLOCKED,
            "UDP/53",
            receiver=DNS,
        ),
        case(
            "a rule for DNS that reads what is looked up lets it pass",
            sends(
                "{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}], "
                "toPorts: [{ports: [{port: '53', protocol: ANY}], rules: {dns: [{matchPattern: '*'}]}}]}"
            ),
            ALLOWED,
            "UDP/53 TCP/53",
            receiver=DNS,
        ),
        case(
            "a rule for some names only: perhaps",
            sends(
                "{toEntities: [cluster], toPorts: [{ports: [{port: '53', protocol: UDP}], "
                "rules: {dns: [{matchName: example.org}]}}]}"
            ),
            UNKNOWN,
            "UDP/53",
            receiver=DNS,
        ),
    ],
    "Documentation/security/policy/layer3.rst, Services based": [
        case(
            "toServices: pods of its namespace, perhaps",
            sends("{toServices: [{k8sService: {serviceName: api, namespace: home}}]}"),
            UNKNOWN,
        ),
        case(
            "toServices: no pod elsewhere",
            sends("{toServices: [{k8sService: {serviceName: api, namespace: far}}]}"),
            BLOCKED,
        ),
        case(
            "toServices of the API server: only where it is no node",
            sends("{toServices: [{k8sService: {serviceName: kubernetes, namespace: default}}]}"),
            UNKNOWN,
            receiver=API_SERVER,
        ),
        case(
            "and no pod", sends("{toServices: [{k8sService: {serviceName: kubernetes, namespace: default}}]}"), BLOCKED
        ),
    ],
    "Documentation/security/policy/layer3.rst, Node based, and pkg/policy/api/groups.go": [
        case(
            "fromNodes: another node, perhaps",
            takes("{fromNodes: [{matchLabels: {zone: a}}]}"),
            UNKNOWN,
            sender=OTHER_NODE,
            readable=False,
        ),
        case(
            "fromNodes is refused, and the whole policy with it, unless enable-node-selector-labels is set",
            of_server("ingress: [{}]") + takes("{fromEntities: [cluster]}, {fromNodes: [{matchLabels: {zone: a}}]}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "toNodes likewise",
            sends("{toNodes: [{matchLabels: {zone: a}}]}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "toGroups: what is outside, perhaps",
            sends("{toGroups: [{aws: {region: eu-west-1}}]}"),
            UNKNOWN,
            receiver=STORE,
        ),
        case("toGroups: no pod", sends("{toGroups: [{aws: {region: eu-west-1}}]}"), BLOCKED),
    ],
    "Documentation/security/policy/layer3.rst, Additional Label Requirements": [
        case(
            "fromRequires lets nobody in by itself, and cannot be decoded since 1.19 (pkg/policy/api/ingress.go)",
            takes("{fromRequires: [{matchLabels: {tier: front}}]}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "who has what fromRequires asks for comes in by another rule",
            takes("{fromRequires: [{matchLabels: {tier: front}}]}")
            + takes("{fromEndpoints: [{matchLabels: {app: client}}]}"),
            ALLOWED,
            readable=False,
        ),
        case(
            "who lacks it perhaps does not: new releases ignore the field",
            takes("{fromRequires: [{matchLabels: {tier: gold}}]}")
            + takes("{fromEndpoints: [{matchLabels: {app: client}}]}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "nodes need no labels",
            takes("{fromRequires: [{matchLabels: {tier: gold}}]}") + takes("{fromEntities: [cluster]}"),
            ALLOWED,
            sender=OTHER_NODE,
            readable=False,
        ),
    ],
    "pkg/policy/rule.go, mergeIngress": [
        case("toPorts without peers means everyone", takes("{" + on("'9500'") + "}"), ALLOWED, sender=STORE),
        case("an empty list of peers means nobody", takes("{fromEndpoints: [], " + on("'9500'") + "}"), BLOCKED),
        case("an empty list of entities means nobody", takes("{fromEntities: []}"), BLOCKED),
        case(
            "peers and ports must both fit: another port", takes("{fromEntities: [all], " + on("'9501'") + "}"), BLOCKED
        ),
        case(
            "peers and ports must both fit: somebody else",
            takes("{fromEntities: [world], " + on("'9500'") + "}"),
            BLOCKED,
        ),
        case("an empty list of ports is every port", takes("{fromEntities: [all], toPorts: []}"), ALLOWED),
        case(
            "peers of one rule are alternatives",
            takes("{fromEndpoints: [{matchLabels: {app: other}}, {matchLabels: {app: client}}]}"),
            ALLOWED,
        ),
        case(
            "labels of one selector must all fit",
            takes("{fromEndpoints: [{matchLabels: {app: client, tier: back}}]}"),
            BLOCKED,
        ),
    ],
    "pkg/policy/api/l4.go and Documentation/security/policy/layer4.rst": [
        case(
            "without a protocol a port is of every protocol",
            takes("{" + on("'9500'") + "}"),
            ALLOWED,
            "UDP/9500 TCP/9500",
        ),
        case("ANY is every protocol", takes("{" + on("'9500', protocol: ANY") + "}"), ALLOWED, "UDP/9500 SCTP/9500"),
        case("TCP is TCP", takes("{" + on("'9500', protocol: TCP") + "}"), BLOCKED, "UDP/9500"),
        case("port 0 is every port", takes("{" + on("'0', protocol: TCP") + "}"), ALLOWED, "TCP/1-65535"),
        case(
            "port 0 with an endPort is a range, which no document tells",
            takes("{" + on("'0', endPort: 9500, protocol: TCP") + "}"),
            UNKNOWN,
            "TCP/9500 TCP/9501",
        ),
        case("endPort", takes("{" + on("'9500', endPort: 9502") + "}"), PARTIAL, "TCP/9500-9503", "TCP/9503"),
        case("a port by its name", takes("{" + on("api") + "}"), ALLOWED),
        case("a name in capitals", takes("{" + on("API") + "}"), ALLOWED),
        case("a name that the pod does not know", takes("{" + on("web") + "}"), BLOCKED),
        case("a name of another protocol", takes("{" + on("dns, protocol: TCP") + "}"), BLOCKED, "TCP/53"),
        case(
            "endPort beside a name: layer4.rst says that it is ignored, pkg/policy/l4.go makes a range",
            takes("{" + on("api, endPort: 9600") + "}"),
            UNKNOWN,
            "TCP/9500-9501",
        ),
        case(
            "out to a port by its name: it may mean another pod's",
            sends("{toEntities: [cluster], " + on("api") + "}"),
            UNKNOWN,
        ),
        case(
            "out to a port by its name: anybody is let out on it, also what is no pod (pkg/policy/l4.go, toMapState)",
            sends("{toEntities: [world], " + on("api") + "}"),
            UNKNOWN,
            receiver=STORE,
        ),
        case(
            "a denial of a port by its name may deny it to anybody, too",
            cnp(
                "endpointSelector: {matchLabels: {app: client}}\negress: [{toEntities: [all]}]\n"
                "egressDeny: [{toEntities: [world], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]"
            ),
            UNKNOWN,
            receiver=STORE,
        ),
        case("a number without quotes is refused", takes("{" + on("9500") + "}"), UNKNOWN, readable=False),
        case(
            "a rule for ICMP only lets no port in",
            takes("{fromEntities: [all], icmps: [{fields: [{type: 8}]}]}"),
            BLOCKED,
        ),
        case(
            "a protocol without ports is refused by some releases",
            takes("{fromEntities: [all], " + on("'0', protocol: ICMP") + "}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "a number with a zero before it is octal to Cilium",
            takes("{" + on("'09500'") + "}"),
            UNKNOWN,
            readable=False,
        ),
        case("toPorts without ports: not documented", takes("{fromEntities: [all], toPorts: [{}]}"), UNKNOWN),
        case(
            "a listener of Envoy's",
            sends("{toEntities: [cluster], " + on("'9500'", ", listener: {name: l}") + "}"),
            UNKNOWN,
        ),
        case(
            "names that TLS asks for",
            sends("{toEntities: [cluster], " + on("'9500'", ", serverNames: [a]") + "}"),
            UNKNOWN,
        ),
        case(
            "TLS that ends in the proxy",
            takes("{fromEntities: [cluster], " + on("'9500'", ", terminatingTLS: {secret: {name: s}}") + "}"),
            UNKNOWN,
        ),
        case("mutual authentication", takes("{fromEntities: [cluster], authentication: {mode: required}}"), UNKNOWN),
        case(
            "mutual authentication switched off",
            takes("{fromEntities: [cluster], authentication: {mode: disabled}}"),
            ALLOWED,
        ),
    ],
    "Documentation/security/policy/layer7.rst": [
        case("an HTTP rule lets in what fits", METRICS_ONLY, ALLOWED, asks=("GET /metrics",)),
        case("and nothing else", METRICS_ONLY, BLOCKED, asks=("GET /v1/...",)),
        case("not even beside it", METRICS_ONLY, BLOCKED, asks=("GET /metrics", "GET /v1/...")),
        case("what is asked for is not known", METRICS_ONLY, UNKNOWN),
        case(
            "a rule for the port alone makes the HTTP rule idle",
            METRICS_ONLY + OPEN_TO_ALL,
            ALLOWED,
            asks=("GET /v1/...",),
        ),
        case(
            "an empty list of rules lets everything in",
            takes("{fromEntities: [all], " + on("'9500', protocol: TCP", ", rules: {http: []}") + "}"),
            ALLOWED,
        ),
        case(
            "a rule {} lets every request in",
            takes("{fromEntities: [all], " + on("'9500', protocol: TCP", ", rules: {http: [{}]}") + "}"),
            ALLOWED,
            asks=("POST /v1/...",),
        ),
        case(
            "one rule of several is enough",
            takes(
                "{fromEntities: [all], "
                + on("'9500', protocol: TCP", ", rules: {http: [{path: /a}, {path: /metrics}]}")
                + "}"
            ),
            ALLOWED,
            asks=("GET /metrics",),
        ),
        case(
            "a header that nobody told us of",
            takes(
                "{fromEntities: [all], "
                + on("'9500', protocol: TCP", ", rules: {http: [{path: /metrics, headers: [X-A]}]}")
                + "}"
            ),
            UNKNOWN,
            asks=("GET /metrics",),
        ),
        case(
            "Kafka cannot be judged",
            takes("{fromEntities: [all], " + on("'9500', protocol: TCP", ", rules: {kafka: [{topic: a}]}") + "}"),
            UNKNOWN,
        ),
        case(
            "HTTP rules are for TCP",
            takes("{fromEntities: [all], " + on("'9500'", ", rules: {http: [{}]}") + "}"),
            UNKNOWN,
            readable=False,
        ),
    ],
    "pkg/policy/api/rule_validation.go": [
        case(
            "peers of two kinds in one rule are refused",
            takes("{fromEndpoints: [{matchLabels: {app: client}}], fromEntities: [host]}"),
            ALLOWED,
            readable=False,
        ),
        case(
            "and then isolate nothing",
            takes("{fromEndpoints: [{matchLabels: {app: other}}], fromEntities: [host]}"),
            UNKNOWN,
            readable=False,
        ),
        *(
            case(f"{what}, and the whole policy with it", open_but_for(rule), UNKNOWN, readable=False)
            for what, rule in REFUSED.items()
        ),
        case(
            "one of several specs without a section, and the whole policy with it",
            """---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: policy, namespace: home}
specs:
  - {endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}
  - {endpointSelector: {}, description: nothing yet}
"""
            + of_server("ingress: [{}]"),
            UNKNOWN,
            readable=False,
        ),
        case("neither endpointSelector nor nodeSelector", cnp("ingress: [{}]"), UNKNOWN, readable=False),
        case(
            "a nodeSelector needs a clusterwide policy",
            cnp("nodeSelector: {}\ningress: [{}]"),
            UNKNOWN,
            receiver=API_SERVER,
            readable=False,
        ),
        case(
            "DNS rules on a range of ports are refused, and the whole policy with them",
            sends(
                "{toEntities: [all]}, {toPorts: [{ports: [{port: '53', endPort: 54, protocol: UDP}], "
                "rules: {dns: [{matchPattern: '*'}]}}]}"
            )
            + of_client("egress: [{}]"),
            UNKNOWN,
            readable=False,
        ),
        case("a field that we do not know", of_server("ingress: [{}]\nnew: 1"), UNKNOWN, readable=False),
        case(
            "a field that we do not know, in a rule",
            takes("{fromEntities: [cluster], new: 1}"),
            UNKNOWN,
            readable=False,
        ),
        case(
            "an entity in a policy that cannot be read concerns its pods only",
            cnp("endpointSelector: {matchLabels: {app: other}}\ningress: [{fromEntities: [nobody]}]"),
            ALLOWED,
            readable=False,
        ),
    ],
    "pkg/labelsfilter/filter.go": [
        case(
            "labels that Cilium leaves out",
            takes("{fromEndpoints: [{matchLabels: {pod-template-hash: abc}}]}"),
            UNKNOWN,
        ),
        case(
            "app.kubernetes.io is not left out",
            takes("{fromEndpoints: [{matchLabels: {app.kubernetes.io/name: x}}]}"),
            BLOCKED,
        ),
        case(
            "a service account",
            takes("{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: x}}]}"),
            UNKNOWN,
        ),
        case(
            "a service account and a label that is not there",
            takes("{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: x, app: other}}]}"),
            BLOCKED,
        ),
    ],
    "Documentation/security/policy/host.rst": [
        case("a policy for nodes is not about pods", ccnp("nodeSelector: {}\ningress: [{}]"), ALLOWED),
        case("it may stop what a node sends", ccnp("nodeSelector: {}\negress: [{}]"), UNKNOWN, sender=OTHER_NODE),
        case(
            "unless it lets it out",
            ccnp("nodeSelector: {}\negress: [{toEntities: [cluster]}]"),
            ALLOWED,
            sender=OTHER_NODE,
        ),
        case(
            "it may stop what reaches the API server",
            ccnp("nodeSelector: {}\ningress: [{fromEntities: [world]}]"),
            UNKNOWN,
            receiver=API_SERVER,
        ),
    ],
    "pkg/k8s/apis/cilium.io/v2/cnp_types.go, Parse": [
        case(
            "specs: each counts",
            """---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: policy, namespace: home}
specs:
  - endpointSelector: {matchLabels: {app: server}}
    ingress: [{fromEntities: [world]}]
  - endpointSelector: {}
    ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]
""",
            ALLOWED,
        ),
        case(
            "spec and specs: both count",
            """---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: policy, namespace: home}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}
specs:
  - endpointSelector: {matchLabels: {app: server}}
    ingressDeny: [{fromEntities: [cluster]}]
""",
            BLOCKED,
        ),
    ],
}


# ---------------------------------------------------------------------------------------------------
# Verdicts of Cilium's own tests and tables, written down as data. Left out are those on pods that no rule selects:
# its repository answers `denied` there, and leaves it to others that nothing is enforced for such pods.

POD_A = replace(pod("a", "home", {"id": "a"}, at="10.1.0.1"), by_address=Match.NO)
POD_C = replace(pod("c", "home", {"id": "c"}, at="10.1.0.2"), by_address=Match.NO)
PAGE, OTHER_PAGE = "GET /", "GET /admin"


def ingress_of_c(*rules: str) -> str:
    return cnp(f"endpointSelector: {{matchLabels: {{id: c}}}}\ningress: [{', '.join(rules)}]")


def egress_of_a(*rules: str) -> str:
    return cnp(f"endpointSelector: {{matchLabels: {{id: a}}}}\negress: [{', '.join(rules)}]")


ON_80 = 'toPorts: [{ports: [{port: "80", protocol: TCP}]}]'
HTTP_ON_80 = 'toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: /}]}}]'

# pkg/policy/rule_test.go: by test, the policy, and whether 80 and 90 are allowed, from A to C or to the world.
DECISIONS: dict[str, tuple[str, dict[Endpoint, tuple[bool, bool]]]] = {
    "TestIngressAllowAll": (ingress_of_c("{fromEndpoints: [{}]}"), {POD_C: (True, True)}),
    "TestIngressAllowAllL4Overlap": (ingress_of_c("{fromEndpoints: [{}]}", f"{{{ON_80}}}"), {POD_C: (True, True)}),
    "TestIngressL4AllowAll": (ingress_of_c(f"{{{ON_80}}}"), {POD_C: (True, False)}),
    "TestEgressAllowAll": (egress_of_a("{toEndpoints: [{}]}"), {POD_C: (True, True)}),
    "TestEgressL4AllowAll": (egress_of_a(f"{{{ON_80}}}"), {POD_C: (True, False)}),
    "TestEgressL4AllowWorld": (
        egress_of_a(f"{{toEntities: [world], {ON_80}}}"),
        {STORE: (True, False), POD_C: (False, False)},
    ),
    "TestEgressL4AllowAllEntity": (
        egress_of_a(f"{{toEntities: [all], {ON_80}}}"),
        {STORE: (True, False), POD_C: (True, False)},
    ),
    "TestEgressL3AllowWorld": (egress_of_a("{toEntities: [world]}"), {STORE: (True, True), POD_C: (False, False)}),
    "TestEgressL3AllowAllEntity": (egress_of_a("{toEntities: [all]}"), {STORE: (True, True), POD_C: (True, True)}),
}

# The same, by what is asked for: who is let in to port 80 without a look at HTTP may ask for anything
# (TestL4WildcardMerge, TestL3L4L7Merge, and Documentation/security/policy/layer7.rst).
MERGES = {
    "HTTP for A, the port for everyone": (
        ingress_of_c(f"{{fromEndpoints: [{{matchLabels: {{id: a}}}}], {HTTP_ON_80}}}", f"{{{ON_80}}}"),
        (True, True),
    ),
    "the port for everyone, HTTP for A": (
        ingress_of_c(f"{{{ON_80}}}", f"{{fromEndpoints: [{{matchLabels: {{id: a}}}}], {HTTP_ON_80}}}"),
        (True, True),
    ),
    "HTTP for everyone, the port for A": (
        ingress_of_c(f"{{{HTTP_ON_80}}}", f"{{fromEndpoints: [{{matchLabels: {{id: a}}}}], {ON_80}}}"),
        (True, True),
    ),
    "HTTP for everyone, the port for somebody else": (
        ingress_of_c(f"{{{HTTP_ON_80}}}", f"{{fromEndpoints: [{{matchLabels: {{id: b}}}}], {ON_80}}}"),
        (True, False),
    ),
}

# Documentation/security/policy/deny.rst, the table: by what is denied, whether the client reaches 81 and 80. In all
# columns but the last everything is allowed besides.
ALLOWS = ingress_of_c("{fromEndpoints: [{matchLabels: {id: a}}]}") + ingress_of_c(
    f"{{{ON_80}}}", '{toPorts: [{ports: [{port: "81", protocol: TCP}]}]}'
)
DENIES_80 = cnp(f"endpointSelector: {{matchLabels: {{id: c}}}}\ningressDeny: [{{{ON_80}}}]")
DENIES_A = cnp("endpointSelector: {matchLabels: {id: c}}\ningressDeny: [{fromEndpoints: [{matchLabels: {id: a}}]}]")
DENIALS = {
    "nothing": (ALLOWS, (True, True)),
    "80": (ALLOWS + DENIES_80, (True, False)),
    "the client": (ALLOWS + DENIES_A, (False, False)),
    "80 and the client": (ALLOWS + DENIES_80 + DENIES_A, (False, False)),
    "80, and nothing is allowed": (DENIES_80, (False, False)),
}

# pkg/policy/repository_test.go, TestComputePolicyEnforcementAndRules: whether ingress and egress are enforced.
ENFORCED = {
    "no rule": ("", (False, False)),
    "an ingress rule": (cnp("endpointSelector: {}\ningress: [{fromEndpoints: [{}]}]"), (True, False)),
    "an egress rule": (cnp("endpointSelector: {}\negress: [{toEndpoints: [{}]}]"), (False, True)),
    "both": (
        cnp("endpointSelector: {}\ningress: [{fromEndpoints: [{}]}]\negress: [{toEndpoints: [{}]}]"),
        (True, True),
    ),
}


def told() -> dict[str, Case]:
    """All of these as cases, by what they are called."""
    cases = {}
    for test, (policies, answers) in DECISIONS.items():
        for receiver, expected in answers.items():
            for port, allowed in zip((80, 90), expected, strict=True):
                name = f"{test}: {receiver.name} on {port}"
                cases[name] = _told(name, policies, allowed=allowed, port=port, receiver=receiver)
    for what, (policies, expected) in MERGES.items():
        for request, allowed in zip((PAGE, OTHER_PAGE), expected, strict=True):
            cases[f"{what}: {request}"] = _told(what, policies, allowed=allowed, asks=(request,))
    for what, (policies, expected) in DENIALS.items():
        for port, allowed in zip((81, 80), expected, strict=True):
            cases[f"denied is {what}: {port}"] = _told(what, policies, allowed=allowed, port=port)
    return cases


def _told(
    says: str,
    policies: str,
    *,
    allowed: bool,
    port: int = 80,
    receiver: Endpoint = POD_C,
    asks: tuple[str, ...] = (),
) -> Case:
    answer = ALLOWED if allowed else BLOCKED
    return Case(says, policies, answer, f"TCP/{port}", sender=POD_A, receiver=receiver, asks=asks)
