"""What Felix's own tests of whole nodes expect, written down by us as data: policies, and who reaches whom then.

The sources are files of projectcalico/calico, felix/fv, with the names of the tests in them.
"""

from __future__ import annotations

from admin_cases import at, cnp, rules
from calico_cases import gnp, np, tier
from hard_cases import Flows, pod, policy

POD = {
    name: pod(
        name,
        "default",
        {"name": name},
        at=f"10.65.0.1{number}",
        ports={
            "shared-port": ("TCP", 1100),
            f"w{number}-port": ("TCP", 1000 + number),
            "shared-udp": ("UDP", 2200),
        },
    )
    for number, name in [
        *enumerate(["w0", "w1", "w2", "w3"]),
        *enumerate(["ep1-1", "ep2-1", "ep2-2", "ep2-3", "ep2-4"]),
    ]
}

# ---------------------------------------------------------------------------------------------------
# tiered_policy_test.go, "connectivity tests and flow logs with policy tiers".


def only(name: str) -> str:
    return f"name == '{name}'"


def in_default(spec: str, name: str) -> str:
    return np(spec, name, namespace="default")


def tiered(default_action: str) -> str:
    """The policies of that test; the staged ones, which decide nothing, among them."""
    staged = "projectcalico.org/v3 StagedNetworkPolicy"
    return "".join(
        [
            tier("tier1", f"order: 1, defaultAction: {default_action}"),
            tier("tier2", "order: 2, defaultAction: Deny"),
            gnp(
                f"order: 1\ntier: default\nselector: {only('ep1-1')}\ntypes: [Ingress, Egress]\n"
                "ingress: [{action: Allow}]\negress: [{action: Allow}]",
                "default.ep1-1-allow-all",
            ),
            gnp(
                f"order: 1\ntier: tier1\nselector: {only('ep2-4')}\ntypes: [Ingress, Egress]\n"
                f"ingress: [{{action: Allow, source: {{selector: {only('ep2-1')}}}}}]\n"
                f"egress: [{{action: Allow, destination: {{selector: {only('ep2-1')}}}}}]",
                "tier1.ep2-4",
            ),
            in_default(
                "order: 1\ntier: tier1\nselector: name in {'ep2-1', 'ep2-2'}\ntypes: [Ingress, Egress]\n"
                f"egress: [{{action: Pass, source: {{selector: {only('ep2-1')}}}}},"
                f" {{action: Deny, source: {{selector: {only('ep2-2')}}}}}]\n"
                f"ingress: [{{action: Allow, destination: {{selector: {only('ep2-1')}}}}},"
                f" {{action: Pass, destination: {{selector: {only('ep2-2')}}}}}]",
                "tier1.np1-1",
            ),
            policy(
                f"order: 1\ntier: tier2\nselector: {only('ep2-1')}\ntypes: [Egress]\negress: [{{action: Allow}}]",
                kind=staged,
                namespace="default",
                name="tier2.np2-1",
            ),
            gnp(
                f"order: 2\ntier: tier2\nselector: {only('ep2-3')}\ntypes: [Egress]\negress: [{{action: Deny}}]",
                "tier2.gnp2-2",
            ),
            policy(
                "order: 3\ntier: tier2\nselector: name in {'ep2-2', 'ep2-3'}\ntypes: [Ingress]\n"
                f"ingress: [{{action: Allow, destination: {{selector: {only('ep2-2')}}}}},"
                f" {{action: Deny, destination: {{selector: {only('ep2-3')}}}}}]",
                kind=staged,
                namespace="default",
                name="tier2.np2-3",
            ),
            in_default(
                f"order: 3\ntier: tier2\nselector: {only('ep2-3')}\ntypes: [Ingress]\ningress: [{{action: Deny}}]",
                "tier2.np2-4",
            ),
            in_default(
                f"order: 2\ntier: default\nselector: {only('ep2-2')}\ntypes: [Ingress]\ningress: [{{action: Allow}}]",
                "default.np3-3",
            ),
        ]
    )


TIERED_PASSES = "ep1-1 ep2-1 TCP/8055\nep1-1 ep2-2 TCP/8055\nep2-1 ep1-1 TCP/8055"
TIERED_STOPS = "ep1-1 ep2-3 TCP/8055\nep2-2 ep1-1 TCP/8055\nep2-3 ep1-1 TCP/8055"
BOTH_WITH_EP2_4 = "\nep1-1 ep2-4 TCP/8055\nep2-4 ep1-1 TCP/8055"

TIERED = [
    Flows(
        "tiers, the first of which denies at its end",
        tiered("Deny"),
        TIERED_PASSES,
        TIERED_STOPS + BOTH_WITH_EP2_4,
        "tiered_policy_test.go, connectivity should be correct between workloads",
    ),
    Flows(
        "tiers, the first of which passes on at its end",
        tiered("Pass"),
        TIERED_PASSES + BOTH_WITH_EP2_4,
        TIERED_STOPS,
        "tiered_policy_test.go, changing the tier's default action to Pass",
    ),
]

# ---------------------------------------------------------------------------------------------------
# cluster_network_policy_test.go, "should enforce policy correctly across admin, baseline, and default tiers".

EVERYBODY = at("*")
BOTH = "w0 w1 TCP/8055\nw0 w2 TCP/8055"
ADMIN_DENIES = cnp(EVERYBODY, rules("ingress", f"Deny {EVERYBODY}"), priority=100)
ADMIN_PASSES = cnp(EVERYBODY, rules("ingress", f"Pass {EVERYBODY}"), priority=100)
ADMIN_ALLOWS = rules("ingress", f"Accept {EVERYBODY}; protocols: [{{tcp: {{destinationPort: {{number: 8055}}}}}}]")
GLOBAL_DENIES = gnp("order: 1\ntier: default\nselector: all()\ntypes: [Ingress]\ningress: [{action: Deny}]")
SOURCE = "cluster_network_policy_test.go, phase"

PHASES = [
    Flows("nothing at all", "", BOTH, "", f"{SOURCE} 0"),
    Flows("the administrator denies", ADMIN_DENIES, "", BOTH, f"{SOURCE} 1"),
    Flows(
        "the administrator allows before he denies",
        ADMIN_DENIES + cnp(EVERYBODY, ADMIN_ALLOWS, priority=50),
        BOTH,
        "",
        f"{SOURCE} 2",
    ),
    Flows(
        "the baseline denies",
        cnp(EVERYBODY, rules("egress", f"Deny {EVERYBODY}"), tier="Baseline", priority=100),
        "",
        BOTH,
        f"{SOURCE} 3",
    ),
    Flows(
        "the administrator passes, and Calico's policy denies", ADMIN_PASSES + GLOBAL_DENIES, "", BOTH, f"{SOURCE} 4"
    ),
    Flows("the administrator passes, and nothing denies", ADMIN_PASSES, BOTH, "", f"{SOURCE} 4"),
    Flows(
        "the administrator allows what Calico's policy denies",
        cnp(EVERYBODY, ADMIN_ALLOWS, priority=100) + GLOBAL_DENIES,
        BOTH,
        "",
        f"{SOURCE} 5",
    ),
    Flows(
        "a policy of Calico's in the administrator's tier comes before his own",
        cnp(EVERYBODY, ADMIN_ALLOWS, priority=100)
        + gnp("order: 0.5\ntier: kube-admin\nselector: all()\ntypes: [Ingress]\ningress: [{action: Deny}]"),
        "",
        BOTH,
        f"{SOURCE} 6",
    ),
    Flows(
        "the administrator passes, and a NetworkPolicy lets nobody in",
        ADMIN_PASSES + policy("podSelector: {}\npolicyTypes: [Ingress]", namespace="default"),
        "",
        BOTH,
        f"{SOURCE} 7",
    ),
    Flows(
        "three tiers, each of which passes or allows",
        ADMIN_PASSES
        + gnp(
            "order: 0\nselector: name == 'w0'\ntypes: [Ingress, Egress]\n"
            "ingress: [{action: Allow}]\negress: [{action: Allow}]",
            "default.w0-allow-all",
        )
        + in_default(
            "order: 1\nselector: name == 'w1'\ntypes: [Ingress]\ningress: [{action: Allow}]", "default.allow-w1"
        )
        + gnp("order: 1\nselector: name == 'w2'\ntypes: [Ingress]\ningress: [{action: Pass}]", "default.pass-w2")
        + cnp(EVERYBODY, ADMIN_ALLOWS, tier="Baseline", priority=100),
        BOTH,
        "",
        "cluster_network_policy_test.go, flow logs across admin, default, and baseline tiers",
    ),
]

# ---------------------------------------------------------------------------------------------------
# named_ports_test.go, "TCP: Destination named ports".

NAMED = "named_ports_test.go, "
THREE = "(name == 'w0') || (name == 'w1') || (name == 'w2')"
LISTED = "ports: [shared-port, w0-port, w1-port, 4000]"
NUMBERS = ", ".join(str(3000 + number) for number in range(16))


def on_shared(numbers: str, *, negated: bool, at_w0: bool, destination: str = "") -> str:
    """A policy on the shared named port, as ingress of w0 or as egress of all others."""
    ports = f"{'notPorts' if negated else 'ports'}: [shared-port{numbers}]"
    rule = f"{{action: Allow, protocol: TCP, destination: {{{ports}{destination}}}}}"
    selector = "name == 'w0'" if at_w0 else "\"!(name == 'w0')\""
    return in_default(f"selector: {selector}\n{'ingress' if at_w0 else 'egress'}: [{rule}]", "policy-1")


INTO_W0 = "w1 w0 TCP/{0}\nw2 w0 TCP/{0}\n"


def shared(says: str, numbers: str, *, negated: bool, at_w0: bool, destination: str = "") -> Flows:
    """What that policy lets through."""
    passes = "w0 w1 TCP/1100\nw0 w2 TCP/1100\nw0 w1 TCP/1001\nw0 w2 TCP/1002\n"
    listed, others = INTO_W0.format(1100), INTO_W0.format(1000) + INTO_W0.format(4000)
    at_3000 = "w1 w0 TCP/3000\n"
    if numbers:
        listed += at_3000
    else:
        others += at_3000
    stops = listed if negated else others
    passes += others if negated else listed
    if at_w0:
        passes += "w1 w2 TCP/1002\nw2 w1 TCP/1100\n"
    elif destination:
        stops += "w1 w2 TCP/1100\nw2 w1 TCP/1001\n"
    elif negated:
        stops += "w1 w2 TCP/1100\n"
        passes += "w1 w2 TCP/1002\n"
    else:
        passes += "w1 w2 TCP/1100\n"
        stops += "w2 w1 TCP/1001\n"
    policies = on_shared(numbers, negated=negated, at_w0=at_w0, destination=destination)
    return Flows(says, policies, passes, stops, NAMED + "with a policy that matches on the shared named port")


SHARED = [
    shared(
        f"({sign}) {'ingress' if at_w0 else 'egress'}, {count} numeric{' with a dest selector' if destination else ''}",
        {0: "", 1: ", 3000", 16: f", {NUMBERS}"}[count],
        negated=sign == "negated",
        at_w0=at_w0,
        destination=destination,
    )
    for sign in ("positive", "negated")
    for count in (0, 1, 16)
    for at_w0, destination in ((True, ""), (False, ""), (False, ", selector: name == 'w0'"))
    if not (destination and count == 1)
]


def combined(destination: str, source: str = "", protocol: str = "protocol: TCP, ") -> str:
    """A policy for every pod's ingress that combines named ports and selectors."""
    ends = f"destination: {{{destination}}}" + (f", source: {{{source}}}" if source else "")
    return in_default(f"selector: all()\ningress: [{{action: Allow, {protocol}{ends}}}]", "policy-1")


BASE_PASSES = """
    w0 w1 TCP/1100
    w1 w0 TCP/1100
    w3 w1 TCP/1100
    w3 w0 TCP/1100
    w3 w2 TCP/1100
    w3 w0 TCP/1000
    w3 w1 TCP/1001
"""
BASE_STOPS = "w1 w3 TCP/1100\nw2 w3 TCP/1100\nw3 w2 TCP/1002\nw2 w0 TCP/3000"
ON_4000 = "w2 w0 TCP/4000\nw3 w0 TCP/4000"
NOT_W2_AND_W3 = """
    w3 w1 TCP/1100
    w3 w2 TCP/1100
    w2 w3 TCP/1100
    w3 w0 TCP/1000
    w3 w2 TCP/1002
    w2 w0 TCP/4000
    w2 w0 TCP/3000
"""
W0_AND_W1 = "w0 w1 TCP/1100\nw1 w0 TCP/1100"
AMONG_THREE = f'{LISTED}, selector: "{THREE}"'

COMBINED = [
    Flows(
        "named ports and a selector",
        combined(AMONG_THREE),
        BASE_PASSES + ON_4000,
        BASE_STOPS,
        NAMED + "with a policy that combines named ports and selectors",
    ),
    Flows(
        "a negative destination selector",
        combined(f"{AMONG_THREE}, notSelector: name == 'w2'"),
        "w3 w1 TCP/1100\nw3 w0 TCP/1100\nw3 w0 TCP/1000\nw3 w1 TCP/1001\n" + ON_4000,
        "w3 w2 TCP/1100\nw2 w3 TCP/1100\nw3 w2 TCP/1002\nw2 w0 TCP/3000",
        NAMED + "with a negative destination selector, removing w[2]",
    ),
    Flows(
        "only a negative destination selector",
        combined(f"{LISTED}, notSelector: name == 'w2'"),
        "w3 w1 TCP/1100\nw3 w0 TCP/1100\nw2 w3 TCP/1100\nw1 w3 TCP/1100\nw3 w0 TCP/1000\nw3 w1 TCP/1001\n" + ON_4000,
        "w3 w2 TCP/1100\nw3 w2 TCP/1002\nw2 w0 TCP/3000",
        NAMED + "with only a negative destination selector, removing w[2]",
    ),
    Flows(
        "source selectors",
        combined(AMONG_THREE, f"selector: \"{THREE}\", notSelector: name == 'w2'"),
        W0_AND_W1,
        NOT_W2_AND_W3,
        NAMED + "with source selectors, removing w[2] and w[3]",
    ),
    Flows(
        "source networks",
        combined(AMONG_THREE, "nets: [10.65.0.10/32, 10.65.0.11/32]"),
        W0_AND_W1,
        NOT_W2_AND_W3,
        NAMED + "with source CIDRs, allowing only w[0] and w[1]",
    ),
    Flows(
        "negated source networks",
        combined(AMONG_THREE, "notNets: [10.65.0.12/32, 10.65.0.13/32]"),
        W0_AND_W1,
        NOT_W2_AND_W3,
        NAMED + "with negated source CIDRs, allowing only w[0] and w[1]",
    ),
    Flows(
        "positive and negative source networks",
        combined(AMONG_THREE, "nets: [10.65.0.10/32, 10.65.0.11/32, 10.65.0.12/32], notNets: [10.65.0.12/32]"),
        W0_AND_W1,
        NOT_W2_AND_W3,
        NAMED + "with positive and negative source CIDRs",
    ),
    Flows(
        "networks in place of the selector",
        combined(f"{LISTED}, nets: [10.65.0.10/32, 10.65.0.11/32, 10.65.0.12/32]"),
        BASE_PASSES + ON_4000,
        BASE_STOPS,
        NAMED + "with all positive CIDRs replacing the selector",
    ),
    Flows(
        "networks in place of the selector, without some",
        combined(
            f"{LISTED}, nets: [10.65.0.10/32, 10.65.0.11/32, 10.65.0.12/32], notNets: [10.65.0.12/32, 10.65.0.13/32]"
        ),
        "w0 w1 TCP/1100\nw1 w0 TCP/1100\nw3 w1 TCP/1100\nw3 w0 TCP/1100\nw3 w0 TCP/1000\nw3 w1 TCP/1001\n" + ON_4000,
        "w3 w2 TCP/1100\nw1 w3 TCP/1100\nw2 w3 TCP/1100\nw3 w2 TCP/1002\nw2 w0 TCP/3000",
        NAMED + "with negative destination nets blocking w[2] and w[3]",
    ),
    Flows(
        "ports that are left out again",
        combined(f"{AMONG_THREE}, notPorts: [w0-port, 1001, 4000]"),
        "w3 w1 TCP/1100\nw3 w0 TCP/1100\nw3 w2 TCP/1100",
        "w2 w3 TCP/1100\nw3 w0 TCP/1000\nw3 w1 TCP/1001\nw3 w2 TCP/1002\nw2 w0 TCP/3000\n" + ON_4000,
        NAMED + "with negated ports conflicting with positive ports",
    ),
    Flows(
        "no protocol and named ports only",
        combined(f'ports: [shared-port, w0-port, w1-port], selector: "{THREE}"', protocol=""),
        BASE_PASSES,
        BASE_STOPS,
        NAMED + "with a policy with nil protocol and named ports only",
    ),
]

WORLDS = [*TIERED, *PHASES, *SHARED, *COMBINED]
