"""Calico's policies, as data: policies, a flow, what becomes of it, and where Calico says so.

The sources by their short names:

- `rule`, `entity rule`, `selectors`, `GNP`, `NP`, `tier`, `staged`: pages of Calico's documentation (tigera/docs,
  calico/_includes/content and calico/reference/resources); `tiers`: "Get started with policy tiers";
- files without a folder: projectcalico/calico, which are defaults.go (api/pkg/defaults/networkpolicy.go), rules.go and
  rules_test.go (libcalico-go/lib/backend/syncersv1/updateprocessors), rule_scanner.go and policy_sorter.go
  (felix/calc), endpoints.go and policy.go (felix/rules), conversion.go (libcalico-go/lib/backend/k8s/conversion),
  validator_test.go (libcalico-go/lib/validator/v3), port.go (api/pkg/lib/numorstring);
- `fv`: Felix's own tests of whole nodes (felix/fv).
"""

from __future__ import annotations

import re

from hard_cases import (
    ALLOWED,
    BARE,
    BLOCKED,
    CLIENT,
    NODE,
    PARTIAL,
    SERVER_TAKES_NOBODY,
    STORE,
    TWIN,
    UNKNOWN,
    Case,
    policy,
    server_takes,
)

from lhmigrate.model.endpoints import Host, Outside, Role
from lhmigrate.model.labels import Match

NP = "projectcalico.org/v3 NetworkPolicy"
GNP = "projectcalico.org/v3 GlobalNetworkPolicy"
STORED = "crd.projectcalico.org/v1 NetworkPolicy"
SCRAPER = Outside("scraper")
API_SERVER = Host("API server", Match.NO, role=Role.API_SERVER)


def np(spec: str, name: str = "policy", namespace: str = "home") -> str:
    """A NetworkPolicy of Calico's."""
    return policy(spec, kind=NP, name=_in_tier(spec, name), namespace=namespace)


def gnp(spec: str, name: str = "policy") -> str:
    """A GlobalNetworkPolicy."""
    return policy(spec, kind=GNP, name=_in_tier(spec, name), namespace=None)


def _in_tier(spec: str, name: str) -> str:
    """The name with that of the policy's tier before it, as every release of Calico takes it."""
    found = re.search(r"^tier: (?!default$|kube-)(.+)$", spec, re.MULTILINE)
    return f"{found[1]}.{name}" if found and "." not in name else name


def tier(name: str, spec: str = "") -> str:
    """A Tier."""
    return f"---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def takes(*rules: str, more: str = "", name: str = "policy") -> str:
    """A NetworkPolicy of Calico's for SERVER's ingress, with these rules."""
    return np(f"selector: app == 'server'\n{more}\ningress: [{', '.join(f'{{{rule}}}' for rule in rules)}]", name)


def takes_globally(*rules: str, more: str = "", name: str = "policy") -> str:
    """A GlobalNetworkPolicy for SERVER's ingress, with these rules."""
    return gnp(f"selector: app == 'server'\n{more}\ningress: [{', '.join(f'{{{rule}}}' for rule in rules)}]", name)


def sends(*rules: str, more: str = "") -> str:
    """A NetworkPolicy of Calico's for CLIENT's egress, with these rules."""
    return np(f"selector: app == 'client'\n{more}\negress: [{', '.join(f'{{{rule}}}' for rule in rules)}]")


def from_(text: str) -> str:
    """SERVER takes in this source, by a NetworkPolicy of Calico's."""
    return takes(f"action: Allow, source: {{{text}}}")


def from_globally(text: str) -> str:
    """SERVER takes in this source, by a GlobalNetworkPolicy."""
    return takes_globally(f"action: Allow, source: {{{text}}}")


def on(text: str, protocol: str = "protocol: TCP, ") -> str:
    """SERVER takes everyone in on these ports."""
    return takes(f"action: Allow, {protocol}destination: {{{text}}}")


ALLOW, DENY, PASS, LOG = "action: Allow", "action: Deny", "action: Pass", "action: Log"
ALLOWS_ALL = f"order: 1\ntypes: [Ingress]\ningress: [{{{ALLOW}}}]"
HOME = "kubernetes.io/metadata.name == 'home'"

# ---------------------------------------------------------------------------------------------------

SUBJECTS = [
    Case("a selector picks pods of the policy's namespace", np("selector: app == 'server'"), BLOCKED, source="NP"),
    Case(
        "it picks no pods of other namespaces", np("selector: app == 'server'", namespace="away"), ALLOWED, source="NP"
    ),
    Case("another label is not picked", np("selector: app == 'other'"), ALLOWED, source="NP"),
    Case("no selector picks all pods of the namespace", np("order: 1"), BLOCKED, source="NP: default all()"),
    Case("an empty selector does, too", np("selector: ''"), BLOCKED, source="parser_test.go, the empty selector"),
    Case("!all() picks nobody", np("selector: '!all()'"), ALLOWED, source="selectors"),
    Case("a global one picks pods of every namespace", gnp("selector: app == 'server'"), BLOCKED, source="GNP"),
    Case("no selector at all picks every pod there is", gnp("order: 1"), BLOCKED, source="GNP: default all()"),
    Case(
        "a namespace by the name that Calico gives it",
        gnp("namespaceSelector: projectcalico.org/name == 'home'"),
        BLOCKED,
        source="GNP, namespaceSelector",
    ),
    Case(
        "a namespace by another name",
        gnp("namespaceSelector: projectcalico.org/name == 'away'"),
        ALLOWED,
        source="GNP, namespaceSelector",
    ),
    Case(
        "a namespace by the label that Kubernetes gives it",
        gnp(f"namespaceSelector: {HOME}"),
        BLOCKED,
        source="conversion.go, NamespaceToProfile",
    ),
    Case(
        "the selectors of pods and of namespaces must both hold",
        gnp(f"selector: app == 'client'\nnamespaceSelector: {HOME}"),
        ALLOWED,
        source="globalnetworkpolicyprocessor.go",
    ),
    Case(
        "every namespace but some",
        gnp("namespaceSelector: has(projectcalico.org/name) && projectcalico.org/name not in {'home', 'kube-system'}"),
        ALLOWED,
        source="tigera/docs, Enable a default deny policy for Kubernetes pods",
    ),
    Case(
        "every namespace but others",
        gnp("namespaceSelector: has(projectcalico.org/name) && projectcalico.org/name not in {'away', 'kube-system'}"),
        BLOCKED,
        source="tigera/docs, Enable a default deny policy for Kubernetes pods",
    ),
    Case(
        "the namespace as a label of the pod",
        gnp("selector: projectcalico.org/namespace == 'home' && app == 'server'"),
        BLOCKED,
        source="GNP: projectcalico.org/namespace",
    ),
    Case(
        "another namespace as a label of the pod",
        gnp("selector: projectcalico.org/namespace == 'away' && app == 'server'"),
        ALLOWED,
        source="GNP: projectcalico.org/namespace",
    ),
    Case(
        "a label or a namespace, by the label",
        gnp("selector: projectcalico.org/namespace == 'away' || app == 'server'"),
        BLOCKED,
        source="selectors; GNP: projectcalico.org/namespace",
    ),
    Case(
        "a label or a namespace, by the namespace",
        gnp("selector: projectcalico.org/namespace == 'home' || app == 'other'"),
        BLOCKED,
        source="selectors; GNP: projectcalico.org/namespace",
    ),
    Case(
        "a label or a namespace, by neither",
        gnp("selector: projectcalico.org/namespace == 'away' || app == 'other'"),
        ALLOWED,
        source="selectors; GNP: projectcalico.org/namespace",
    ),
    Case(
        "neither a label nor a namespace",
        gnp("selector: \"!(projectcalico.org/namespace == 'home' || app == 'server')\""),
        ALLOWED,
        source="selectors; GNP: projectcalico.org/namespace",
    ),
    Case(
        "what runs in Kubernetes",
        np("selector: projectcalico.org/orchestrator == 'k8s'"),
        BLOCKED,
        source="workload_endpoint_default.go",
    ),
    Case(
        "hosts and nothing else",
        gnp("selector: '!has(projectcalico.org/namespace)'"),
        ALLOWED,
        source="GNP: host endpoints are in no namespace",
    ),
    Case(
        "pods of some service account, which nobody knows",
        np("serviceAccountSelector: role == 'x'"),
        UNKNOWN,
        source="networkpolicyprocessor.go",
        readable=False,
    ),
    Case(
        "pods of every service account, which are all",
        np("serviceAccountSelector: all()"),
        BLOCKED,
        source="networkpolicyprocessor.go",
    ),
    Case(
        "a service account by the label of a pod that nobody knows",
        np("selector: projectcalico.org/serviceaccount == 'x'"),
        UNKNOWN,
        source="workload_endpoint_default.go",
        readable=False,
    ),
    Case(
        "a service account that every pod has",
        np("selector: has(projectcalico.org/serviceaccount)"),
        BLOCKED,
        source="workload_endpoint_default.go",
    ),
]

TYPES = [
    Case("neither rules nor types: ingress", np("selector: app == 'server'"), BLOCKED, source="defaults.go; NP, types"),
    Case(
        "neither rules nor types: egress stays open", np("selector: app == 'client'"), ALLOWED, source="defaults.go; NP"
    ),
    Case(
        "ingress rules alone: ingress", np(f"ingress: [{{{ALLOW}}}]\nselector: app == 'client'"), ALLOWED, source="NP"
    ),
    Case("egress rules alone: egress", sends(DENY), BLOCKED, source="NP, types"),
    Case(
        "egress rules alone: not ingress, other than in Kubernetes",
        np(f"selector: app == 'server'\negress: [{{{ALLOW}}}]"),
        ALLOWED,
        source="NP, types",
    ),
    Case(
        "rules for both: both",
        np(f"ingress: [{{{ALLOW}}}]\negress: [{{{DENY}}}]\nselector: app == 'client'"),
        BLOCKED,
        source="NP, types",
    ),
    Case(
        "types are as written",
        np("selector: app == 'client'\ntypes: [Egress]"),
        BLOCKED,
        source="NP, types",
    ),
    Case(
        "rules of a direction that types do not name are left out",
        np(f"selector: app == 'server'\ntypes: [Egress]\ningress: [{{{DENY}}}]"),
        ALLOWED,
        source="policy_sorter.go, GovernsIngress",
    ),
    Case(
        "as Calico stores it, no types are both",
        policy("selector: app == 'client'", kind="crd.projectcalico.org/v1 NetworkPolicy"),
        BLOCKED,
        source="policy_sorter.go, ExtractPolicyMetadata",
    ),
    Case(
        "as Calico stores it, types are as written",
        policy("selector: app == 'client'\ntypes: [Ingress]", kind="crd.projectcalico.org/v1 NetworkPolicy"),
        ALLOWED,
        source="policy_sorter.go, ExtractPolicyMetadata",
    ),
    Case(
        "an empty list may count as rules or not",
        np(f"selector: app == 'client'\ningress: [{{{ALLOW}}}]\negress: []"),
        UNKNOWN,
        source="defaults.go counts rules, networkpolicy.mutatingadmissionpolicy.yaml looks for the field",
        readable=False,
    ),
    Case(
        "an empty list of ingress rules changes nothing",
        np("selector: app == 'server'\ningress: []"),
        BLOCKED,
        source="defaults.go and networkpolicy.mutatingadmissionpolicy.yaml",
    ),
]

ACTIONS = [
    Case("what a rule allows passes", takes(ALLOW), ALLOWED, source="rule"),
    Case("what a rule denies does not", takes(DENY), BLOCKED, source="rule"),
    Case("the first rule that matches decides: Allow", takes(ALLOW, DENY), ALLOWED, source="rule"),
    Case("the first rule that matches decides: Deny", takes(DENY, ALLOW), BLOCKED, source="rule"),
    Case(
        "what a rule does not match goes on to the next",
        takes("action: Deny, protocol: UDP", ALLOW),
        ALLOWED,
        source="rule",
    ),
    Case(
        "a rule decides for its ports only",
        takes(f"{DENY}, protocol: TCP, destination: {{ports: [9500]}}", ALLOW),
        PARTIAL,
        "TCP/9500-9501",
        "TCP/9500",
        source="rule",
    ),
    Case("Log decides nothing", takes(LOG, ALLOW), ALLOWED, source="rule: after Log, processing continues"),
    Case("Log alone lets nobody in", takes(LOG), BLOCKED, source="rule: after Log, processing continues"),
    Case(
        "what no rule of a policy matches is dropped at the tier's end",
        takes("action: Allow, protocol: UDP"),
        BLOCKED,
        source="tier",
    ),
    Case(
        "Pass in the last tier leaves it to the profile, which allows",
        takes(PASS),
        ALLOWED,
        source="tier; conversion.go, NamespaceToProfile; fv tiered_policy_test.go, allowed by profile",
    ),
    Case(
        "Pass skips the policies after it",
        takes(PASS, more="order: 1") + takes(DENY, more="order: 2", name="other"),
        ALLOWED,
        source="tier; endpoints.go",
    ),
    Case(
        "a pod that no policy selects is open",
        np("selector: app == 'other'"),
        ALLOWED,
        source="conversion.go, NamespaceToProfile",
    ),
]

ORDERS = [
    Case(
        "the lower order is asked first",
        takes(DENY, more="order: 2", name="a") + takes(ALLOW, more="order: 1", name="b"),
        ALLOWED,
        source="GNP, order",
    ),
    Case(
        "the lower order is asked first, wherever it stands",
        takes(ALLOW, more="order: 1", name="b") + takes(DENY, more="order: 2", name="a"),
        ALLOWED,
        source="GNP, order",
    ),
    Case(
        "an order may be a fraction",
        takes(DENY, more="order: 10.5", name="a") + takes(ALLOW, more="order: 10.25", name="b"),
        ALLOWED,
        source="GNP, order: float",
    ),
    Case(
        "without an order it comes last",
        takes(DENY, name="a") + takes(ALLOW, more="order: 1e6", name="b"),
        ALLOWED,
        source="policy_sorter.go, polMetaDefaultOrder",
    ),
    Case(
        "a global policy and one of a namespace are in one order",
        takes_globally(DENY, more="order: 1") + takes(ALLOW, more="order: 2"),
        BLOCKED,
        source="policy_sorter.go",
    ),
    Case(
        "of one order and namespace, the name decides",
        takes(DENY, name="b") + takes(ALLOW, name="a"),
        ALLOWED,
        source="policy_sorter.go, PolKVLess",
    ),
    Case(
        "of one order, global ones go by name, too",
        takes_globally(DENY, name="b", more="order: 5") + takes_globally(ALLOW, name="a", more="order: 5"),
        ALLOWED,
        source="policy_sorter.go, PolKVLess",
    ),
    Case(
        "a name may have its tier's before it",
        takes(DENY, name="default.b") + takes(ALLOW, name="default.a"),
        ALLOWED,
        source="libcalico-go/lib/clientv3, convertPolicyNameForStorage",
    ),
    # Before v3.32 `default.x` is compared with `home/default.b`, and since then `x//...` with `b/home/...`.
    Case(
        "of one order, global or not, Calico's releases differ",
        takes_globally(DENY, name="x") + takes(ALLOW, name="b"),
        UNKNOWN,
        source="policy_sorter.go, PolKVLess, at v3.31 and at v3.32",
    ),
    Case(
        "of one order, global or not, they may agree all the same",
        takes_globally(DENY, name="a") + takes(ALLOW, name="b"),
        BLOCKED,
        source="policy_sorter.go, PolKVLess, at v3.31 and at v3.32",
    ),
    Case(
        "which comes first does not matter where both do the same",
        takes_globally(ALLOW, name="x") + takes(ALLOW, name="b"),
        ALLOWED,
        source="rule",
    ),
    Case(
        "which comes first does not matter where only one matches",
        takes_globally("action: Deny, protocol: UDP", name="x") + takes(ALLOW, name="b"),
        ALLOWED,
        source="rule",
    ),
    Case(
        "a policy whose place is open still keeps the order of its own rules",
        takes_globally("action: Deny, protocol: UDP", name="x") + takes(ALLOW, DENY, name="b"),
        ALLOWED,
        source="rule",
    ),
]

BESIDE_KUBERNETES = [
    Case(
        "a NetworkPolicy is at order 1000: a lower one denies before it",
        server_takes("{}") + takes(DENY, more="order: 999"),
        BLOCKED,
        source="conversion.go, K8sNetworkPolicyToCalico",
    ),
    Case(
        "a NetworkPolicy is at order 1000: a higher one comes too late to deny",
        server_takes("{}") + takes(DENY, more="order: 1001"),
        ALLOWED,
        source="conversion.go, K8sNetworkPolicyToCalico",
    ),
    Case(
        "a NetworkPolicy is at order 1000: without an order it is too late, too",
        server_takes("{}") + takes(DENY),
        ALLOWED,
        source="conversion.go, K8sNetworkPolicyToCalico",
    ),
    Case(
        "what a NetworkPolicy does not let in, a later one may",
        SERVER_TAKES_NOBODY + takes(ALLOW, more="order: 2000"),
        ALLOWED,
        source="tier: dropped at its end only",
    ),
    Case(
        "what a NetworkPolicy does not let in, an earlier one may",
        SERVER_TAKES_NOBODY + takes(ALLOW, more="order: 1"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "Pass goes past NetworkPolicies, which are in the same tier",
        SERVER_TAKES_NOBODY + takes(PASS, more="order: 1"),
        ALLOWED,
        source="tier; tiers: the default tier",
    ),
    Case(
        "at order 1000 too, names decide, and in which way depends on the release",
        server_takes("{}") + takes(DENY, more="order: 1000"),
        UNKNOWN,
        source="policy_sorter.go, PolKVLess",
    ),
    Case("a NetworkPolicy alone does what it always does", SERVER_TAKES_NOBODY, BLOCKED, source="conversion.go"),
    Case("one of each, and neither lets it in", SERVER_TAKES_NOBODY + np("selector: all()"), BLOCKED, source="tier"),
]

TIERS = [
    Case(
        "a tier before the default one denies first",
        tier("first", "order: 10") + takes(DENY, more="tier: first") + server_takes("{}"),
        BLOCKED,
        source="tier",
    ),
    Case(
        "a tier before the default one allows for good",
        tier("first", "order: 10") + takes(ALLOW, more="tier: first") + SERVER_TAKES_NOBODY,
        ALLOWED,
        source="tier",
    ),
    Case(
        "Pass leaves it to the next tier, which denies",
        tier("first", "order: 10") + takes(PASS, more="tier: first") + SERVER_TAKES_NOBODY,
        BLOCKED,
        source="tier",
    ),
    Case(
        "Pass leaves it to the next tier, which allows",
        tier("first", "order: 10") + takes(PASS, more="tier: first") + server_takes("{}"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "Pass leaves it to the next tier, and if there is none that selects the pod, to the profile",
        tier("first", "order: 10") + takes(PASS, more="tier: first"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "what reaches the end of a tier is dropped, whatever later tiers say",
        tier("first", "order: 10") + takes("action: Allow, protocol: UDP", more="tier: first") + server_takes("{}"),
        BLOCKED,
        source="tier; fv tiered_policy_test.go, denied by end of tier1 deny",
    ),
    Case(
        "it goes on where the tier's default action is Pass",
        tier("first", "order: 10, defaultAction: Pass") + takes("action: Allow, protocol: UDP", more="tier: first"),
        ALLOWED,
        source="tier, defaultAction; fv tiered_policy_test.go, DefaultAction is set to Pass",
    ),
    Case(
        "a tier whose policies do not select the pod is passed by",
        tier("first", "order: 10") + np("selector: app == 'other'\ntier: first") + server_takes("{}"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "a tier whose policies are about the other direction is passed by",
        tier("first", "order: 10") + np("selector: app == 'server'\ntier: first\ntypes: [Egress]") + server_takes("{}"),
        ALLOWED,
        source="endpoints.go: the tier's policies of that direction",
    ),
    Case(
        "a tier after the default one is not asked what that has allowed",
        tier("last", "order: 2e6") + takes(DENY, more="tier: last") + server_takes("{}"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "a tier after the default one is asked what no policy there selects",
        tier("last", "order: 2e6") + takes(DENY, more="tier: last"),
        BLOCKED,
        source="tier",
    ),
    Case(
        "tiers by their order, not by their names",
        tier("a", "order: 20")
        + tier("b", "order: 10")
        + takes(DENY, more="tier: a", name="one")
        + takes(ALLOW, more="tier: b", name="two"),
        ALLOWED,
        source="tier",
    ),
    Case(
        "tiers of one order by their names",
        tier("b", "order: 10")
        + tier("a", "order: 10")
        + takes(DENY, more="tier: b", name="one")
        + takes(ALLOW, more="tier: a", name="two"),
        ALLOWED,
        source="policy_sorter_test.go, all valid, equal order relies on name",
    ),
    Case(
        "a tier without an order comes last",
        tier("a")
        + tier("b", "order: 10")
        + takes(DENY, more="tier: a", name="one")
        + takes(ALLOW, more="tier: b", name="two"),
        ALLOWED,
        source="policy_sorter_test.go, all valid, non-nil orders sort ahead of nil",
    ),
    Case(
        "an order counts within its tier only",
        tier("first", "order: 10")
        + takes(DENY, more="tier: first\norder: 500", name="one")
        + takes(ALLOW, more="order: 1", name="two"),
        BLOCKED,
        source="tier",
    ),
    Case(
        "a policy named otherwise than its tier, which releases before v3.32 refuse",
        tier("first", "order: 10")
        + policy(f"tier: first\ningress: [{{{ALLOW}}}]", kind=NP, name="policy", namespace="home")
        + SERVER_TAKES_NOBODY,
        UNKNOWN,
        source="libcalico-go/lib/names/policy.go at v3.31, ValidateTieredPolicyName",
        readable=False,
    ),
    Case(
        "a policy of the default tier with a name like one of another, which they refuse, too",
        policy(ALLOWS_ALL, kind=NP, name="first.policy", namespace="home") + SERVER_TAKES_NOBODY,
        UNKNOWN,
        source="libcalico-go/lib/names/policy.go at v3.31, ValidateTieredPolicyName",
        readable=False,
    ),
    Case(
        "as it is stored, a name alone puts a policy into a tier before v3.32, and no name does since",
        policy(
            f"order: 1\ntypes: [Ingress]\ningress: [{{{ALLOW}}}]", kind=STORED, name="first.policy", namespace="home"
        )
        + SERVER_TAKES_NOBODY,
        UNKNOWN,
        source="updateprocessors/networkpolicyprocessor.go at v3.31 and v3.32",
        readable=False,
    ),
    Case(
        "the default tier's name may stand before that of a policy",
        policy(
            f"order: 1\ntypes: [Ingress]\ningress: [{{{ALLOW}}}]", kind=STORED, name="default.policy", namespace="home"
        )
        + SERVER_TAKES_NOBODY,
        ALLOWED,
        source="libcalico-go/lib/names/policy.go at v3.31, TierFromPolicyName",
    ),
    Case(
        "of a tier that nobody gave, what it decides is not known",
        takes(DENY, more="tier: first"),
        UNKNOWN,
        source="tier: order and defaultAction are the tier's",
        readable=False,
    ),
    Case(
        "of a tier that nobody gave, what it decides is not known, though another allows",
        takes(DENY, more="tier: first") + server_takes("{}"),
        UNKNOWN,
        source="tier",
        readable=False,
    ),
    Case(
        "of a tier that nobody gave, what all agree on is known",
        takes(ALLOW, more="tier: first") + takes(ALLOW, name="other"),
        ALLOWED,
        source="tier",
        readable=False,
    ),
    Case("the tier named default is always there", takes(DENY, more="tier: default"), BLOCKED, source="tiers"),
    Case(
        "the administrator's tier comes before the default one",
        takes(ALLOW, more="tier: kube-admin") + SERVER_TAKES_NOBODY,
        ALLOWED,
        source="tiers, kube-admin tier",
    ),
    Case(
        "the administrator's tier passes on what no rule decides",
        takes("action: Allow, protocol: UDP", more="tier: kube-admin"),
        ALLOWED,
        source="tiers: a default action of Pass",
    ),
    Case(
        "the baseline's tier comes after the default one",
        takes(DENY, more="tier: kube-baseline") + server_takes("{}"),
        ALLOWED,
        source="tiers, kube-baseline tier",
    ),
    Case(
        "the baseline's tier denies what nothing else decides",
        takes(DENY, more="tier: kube-baseline"),
        BLOCKED,
        source="tiers, kube-baseline tier",
    ),
    Case(
        "before v3.32 the administrator's tier had another name",
        takes(ALLOW, more="tier: adminnetworkpolicy") + SERVER_TAKES_NOBODY,
        ALLOWED,
        source="libcalico-go/lib/names/policy.go at v3.31",
    ),
]

WHOM = [
    Case("a rule without source is for everyone", takes(ALLOW), ALLOWED, sender=STORE, source="entity rule"),
    Case("an empty source is for everyone", from_(""), ALLOWED, sender=STORE, source="entity rule"),
    Case(
        "a selector means pods of the policy's own namespace",
        from_("selector: app == 'client'"),
        ALLOWED,
        source="rules.go, getEndpointSelector",
    ),
    Case(
        "a selector does not mean pods of another namespace",
        from_("selector: app == 'client'"),
        BLOCKED,
        sender=TWIN,
        source="rules.go, getEndpointSelector",
    ),
    Case("a selector without that label", from_("selector: app == 'client'"), BLOCKED, sender=BARE, source="selectors"),
    Case(
        "!= takes a pod without the label", from_("selector: app != 'server'"), ALLOWED, sender=BARE, source="selectors"
    ),
    Case(
        "not in takes a pod without the label",
        from_("selector: \"app not in {'server'}\""),
        ALLOWED,
        sender=BARE,
        source="selectors",
    ),
    Case("!has() refuses the label", from_("selector: '!has(app)'"), BLOCKED, source="selectors"),
    Case("all() is the whole namespace", from_("selector: all()"), ALLOWED, sender=BARE, source="selectors"),
    Case("all() is not another namespace", from_("selector: all()"), BLOCKED, sender=TWIN, source="rules.go"),
    Case(
        "all() is no address out of the cluster",
        from_("selector: all()"),
        BLOCKED,
        sender=STORE,
        source="entity rule: all() won't match all packets",
    ),
    Case("all() is no node", from_("selector: all()"), BLOCKED, sender=NODE, source="rules.go: own namespace"),
    Case(
        "in a global policy a selector means pods of every namespace",
        from_globally("selector: app == 'client'"),
        ALLOWED,
        sender=TWIN,
        source="entity rule; selectors: scopes",
    ),
    Case(
        "a namespaceSelector alone means all pods there",
        from_("namespaceSelector: team == 'red'"),
        ALLOWED,
        sender=TWIN,
        source="rules_test.go, a complex namespace selector",
    ),
    Case(
        "a namespaceSelector does not mean the own namespace",
        from_("namespaceSelector: team == 'red'"),
        BLOCKED,
        source="rules.go, getEndpointSelector",
    ),
    Case(
        "a namespace by Calico's name for it",
        from_("namespaceSelector: projectcalico.org/name == 'away'"),
        ALLOWED,
        sender=TWIN,
        source="entity rule, namespaceSelector",
    ),
    Case(
        "selector and namespaceSelector must both hold",
        from_("selector: app == 'other', namespaceSelector: team == 'red'"),
        BLOCKED,
        sender=TWIN,
        source="rules_test.go, both a selector and namespace selector",
    ),
    Case(
        "selector and namespaceSelector hold both",
        from_("selector: app == 'client', namespaceSelector: team == 'red'"),
        ALLOWED,
        sender=TWIN,
        source="rules_test.go, both a selector and namespace selector",
    ),
    Case(
        "namespaceSelector all() is every namespace",
        from_("namespaceSelector: all()"),
        ALLOWED,
        sender=TWIN,
        source="rules_test.go, the namespaceselector with label and all()",
    ),
    Case(
        "namespaceSelector all() is no node",
        from_("namespaceSelector: all()"),
        BLOCKED,
        sender=NODE,
        source="rules_test.go: has(projectcalico.org/namespace)",
    ),
    Case(
        "namespaceSelector all() is no node in a global policy",
        from_globally("namespaceSelector: all()"),
        BLOCKED,
        sender=NODE,
        source="rules_test.go: has(projectcalico.org/namespace)",
    ),
    Case(
        "a source by its namespace as a label of the pod",
        from_globally("selector: projectcalico.org/namespace == 'away' && app == 'client'"),
        ALLOWED,
        sender=TWIN,
        source="GNP: projectcalico.org/namespace",
    ),
    Case(
        "one of two namespaces, each with its own label",
        from_globally(
            "selector: (projectcalico.org/namespace == 'x' && tier == 'front') || "
            "(projectcalico.org/namespace == 'away' && app == 'client')"
        ),
        ALLOWED,
        sender=TWIN,
        source="GNP: projectcalico.org/namespace",
    ),
    Case(
        "notSelector leaves pods out",
        takes("action: Allow, source: {selector: has(app), notSelector: app == 'client'}"),
        BLOCKED,
        source="rule_scanner.go, combineMatchesIfPossible",
    ),
    Case(
        "notSelector leaves others in",
        takes("action: Allow, source: {selector: has(app), notSelector: app == 'other'}"),
        ALLOWED,
        source="rule_scanner.go, combineMatchesIfPossible",
    ),
    Case(
        "notSelector alone, in a namespace, means its other pods",
        from_("notSelector: app == 'other'"),
        ALLOWED,
        source="rules.go: as soon as any of the selector fields are used",
    ),
    Case(
        "notSelector alone, in a namespace, means nobody else",
        from_("notSelector: app == 'other'"),
        BLOCKED,
        sender=TWIN,
        source="rules.go: as soon as any of the selector fields are used",
    ),
    Case(
        "notSelector alone, globally, means everybody else",
        from_globally("notSelector: app == 'other'"),
        ALLOWED,
        sender=TWIN,
        source="entity rule, Understanding notSelector",
    ),
    Case(
        "notSelector alone, globally, leaves pods of every namespace out",
        from_globally("notSelector: app == 'client'"),
        BLOCKED,
        sender=TWIN,
        source="entity rule, Understanding notSelector",
    ),
    Case(
        "notSelector of pods, globally, means what is no pod",
        from_globally("notSelector: has(projectcalico.org/namespace)"),
        ALLOWED,
        sender=STORE,
        source="entity rule, Understanding notSelector",
    ),
    Case("nets by address", from_("nets: [203.0.113.0/24]"), ALLOWED, sender=STORE, source="entity rule"),
    Case("nets by another address", from_("nets: [203.0.112.0/24]"), BLOCKED, sender=STORE, source="entity rule"),
    Case(
        "nets also mean pods", from_("nets: [10.1.0.0/16]"), ALLOWED, source="fv named_ports_test.go, with source CIDRs"
    ),
    Case("any of several nets", from_("nets: [10.9.0.0/16, 10.1.0.0/16]"), ALLOWED, source="entity rule"),
    Case(
        "nets and selector must both hold",
        from_("nets: [10.9.0.0/16], selector: app == 'client'"),
        BLOCKED,
        source="entity rule: all match criteria must match",
    ),
    Case(
        "nets that hold beside a selector that does not",
        from_("nets: [10.1.0.0/16], selector: app == 'other'"),
        BLOCKED,
        source="entity rule: all match criteria must match",
    ),
    Case(
        "nets and selector hold both",
        from_("nets: [10.1.0.0/16], selector: app == 'client'"),
        ALLOWED,
        source="entity rule: all match criteria must match",
    ),
    Case(
        "notNets leave out",
        from_("notNets: [10.1.0.0/16]"),
        BLOCKED,
        source="fv named_ports_test.go, with negated source CIDRs",
    ),
    Case(
        "notNets leave the rest in",
        from_("notNets: [10.9.0.0/16]"),
        ALLOWED,
        source="fv named_ports_test.go, with negated source CIDRs",
    ),
    Case(
        "nets without notNets",
        from_("nets: [10.0.0.0/8], notNets: [10.1.0.2/32]"),
        BLOCKED,
        source="fv named_ports_test.go, with positive and negative source CIDRs",
    ),
    Case("notNets may cover a net", from_("nets: [10.1.0.0/16], notNets: [10.0.0.0/8]"), BLOCKED, source="policy.go"),
    Case(
        "a service account, which nobody knows",
        from_("serviceAccounts: {names: [prometheus]}"),
        UNKNOWN,
        source="rules_test.go, a serviceaccount match",
    ),
    Case(
        "a service account of the own namespace is nobody of another",
        from_("serviceAccounts: {names: [prometheus]}"),
        BLOCKED,
        sender=TWIN,
        source="rules_test.go, a serviceaccount match",
    ),
    Case(
        "a service account and a selector that does not hold",
        from_("serviceAccounts: {names: [x]}, selector: app == 'other'"),
        BLOCKED,
        source="rules_test.go, a serviceaccount match with selector and namespace",
    ),
    Case(
        "a service account by its labels",
        from_("serviceAccounts: {selector: team == 'x'}"),
        UNKNOWN,
        source="rules_test.go, a serviceaccount match",
    ),
    Case(
        "no service account in particular",
        from_("serviceAccounts: {}"),
        ALLOWED,
        sender=TWIN,
        source="rules_test.go, an empty serviceaccount match",
    ),
    Case(
        "a Service, whose endpoints nobody knows",
        from_("services: {name: client}"),
        UNKNOWN,
        source="rules_test.go, a source rule services match",
    ),
    Case(
        "the destination of an ingress rule leaves out pods that the policy selects",
        takes("action: Allow, destination: {selector: app == 'other'}"),
        BLOCKED,
        source="fv tiered_policy_test.go, np1-1; entity rule",
    ),
    Case(
        "the destination of an ingress rule may be the pod",
        takes("action: Allow, destination: {selector: app == 'server'}"),
        ALLOWED,
        source="fv tiered_policy_test.go, np1-1; entity rule",
    ),
    Case(
        "the source of an egress rule leaves out pods that the policy selects",
        sends("action: Allow, source: {selector: app == 'other'}"),
        BLOCKED,
        source="fv tiered_policy_test.go, np1-1; entity rule",
    ),
    Case(
        "a destination by its address",
        sends("action: Allow, destination: {nets: [203.0.113.0/24]}"),
        ALLOWED,
        receiver=STORE,
        source="entity rule",
    ),
    Case(
        "a destination by its label",
        sends("action: Allow, destination: {selector: app == 'server'}"),
        ALLOWED,
        source="entity rule",
    ),
    Case("IPv4 is a family of addresses", takes("action: Allow, ipVersion: 4"), ALLOWED, source="rule, ipVersion"),
    Case("IPv6 is another", takes("action: Allow, ipVersion: 6"), BLOCKED, source="rule, ipVersion"),
    Case(
        "a field that we do not know makes its rule unknown",
        sends("action: Allow, destination: {domains: [example.org]}"),
        UNKNOWN,
        receiver=STORE,
        source="Calico Enterprise's documentation, Entity rule",
        readable=False,
    ),
    Case(
        "a field that we do not know leaves the other rules alone",
        sends(
            "action: Allow, destination: {nets: [203.0.113.0/24]}",
            "action: Deny, destination: {domains: [example.org]}",
        ),
        ALLOWED,
        receiver=STORE,
        source="rule",
        readable=False,
    ),
]

OUTSIDERS = [
    Case(
        "global() means network sets, which nobody knows",
        from_("selector: role == 'x', namespaceSelector: global()"),
        UNKNOWN,
        sender=STORE,
        source="selectors: global()",
    ),
    Case(
        "global() may mean a set that holds pods",
        from_("selector: role == 'x', namespaceSelector: global()"),
        UNKNOWN,
        source="rules_test.go: !has(projectcalico.org/namespace); entity rule",
    ),
    Case(
        "a selector of a global policy may mean a network set",
        from_globally("selector: role == 'store'"),
        UNKNOWN,
        sender=STORE,
        source="entity rule: selectors can match network sets",
    ),
    Case(
        "a selector of a global policy may mean a host endpoint",
        from_globally("selector: has(host)"),
        UNKNOWN,
        sender=NODE,
        source="entity rule: selectors can match host endpoints",
    ),
    Case(
        "a selector in a namespace means no host", from_("selector: has(host)"), BLOCKED, sender=NODE, source="rules.go"
    ),
    Case(
        "a selector for pods means no host",
        from_globally("selector: has(host) && has(projectcalico.org/namespace)"),
        BLOCKED,
        sender=NODE,
        source="rules.go",
    ),
    Case(
        "namespaces by label mean no host",
        from_globally("selector: has(x), namespaceSelector: team == 'red'"),
        BLOCKED,
        sender=NODE,
        source="rules.go",
    ),
    Case(
        "namespaces without a label may mean a host",
        from_globally("selector: has(x), namespaceSelector: team != 'red'"),
        UNKNOWN,
        sender=NODE,
        source="rules.go; selectors: != matches without the label",
    ),
    Case(
        "a global policy that denies by a label may deny a host",
        takes_globally("action: Deny, source: {selector: has(x)}", ALLOW),
        UNKNOWN,
        sender=NODE,
        source="rules.go",
    ),
    Case(
        "what nobody knows of may be a pod with that label",
        from_("selector: app == 'scraper'"),
        UNKNOWN,
        sender=SCRAPER,
        source="entity rule",
    ),
    Case(
        "doNotTrack is for hosts",
        takes_globally(DENY, more="doNotTrack: true\napplyOnForward: true"),
        ALLOWED,
        source="GNP: meaningful only when applying policy to a host endpoint",
    ),
    Case(
        "preDNAT is for hosts",
        takes_globally(DENY, more="preDNAT: true\napplyOnForward: true"),
        ALLOWED,
        source="GNP: meaningful only when applying policy to a host endpoint",
    ),
    Case(
        "applyOnForward alone is for pods as well",
        takes_globally(DENY, more="applyOnForward: true"),
        BLOCKED,
        source="GNP: when applying the policy to a workload endpoint, it is enforced after",
    ),
    Case(
        "performanceHints change nothing",
        takes_globally(DENY, more="performanceHints: [AssumeNeededOnEveryNode]"),
        BLOCKED,
        source="GNP, Performance Hints",
    ),
]

PORTS = [
    Case("a port by its number", on("ports: [9500]"), ALLOWED, source="port.go"),
    Case("another port", on("ports: [9501]"), BLOCKED, source="port.go"),
    Case("a port as text", on("ports: ['9500']"), ALLOWED, source="port.go, PortFromString"),
    Case("a range", on("ports: ['9000:9600']"), ALLOWED, source="port.go, PortFromString"),
    Case("a range without quotes", on("ports: [9000:9600]"), ALLOWED, source="port.go, PortFromString"),
    Case("beside a range", on("ports: ['9000:9499']"), BLOCKED, source="port.go"),
    Case("a range: its last port", on("ports: ['9000:9500']"), ALLOWED, source="port.go"),
    Case("any of several ports", on("ports: [1, '2:3', 9500]"), ALLOWED, source="entity rule"),
    Case("ports of another protocol", on("ports: [9500]"), BLOCKED, "UDP/9500", source="rule, protocol"),
    Case(
        "a port by its name",
        on("ports: [api]"),
        ALLOWED,
        source="fv named_ports_test.go, (positive) ingress, no-numeric",
    ),
    Case(
        "a port by its name in another protocol",
        on("ports: [video]"),
        BLOCKED,
        source="rule_scanner.go, namedPortProto",
    ),
    Case("a port by a name that is not declared", on("ports: [web]"), BLOCKED, source="rule_scanner.go"),
    Case(
        "a port by its name or its number",
        on("ports: [web, 9500]"),
        ALLOWED,
        source="fv named_ports_test.go, (positive) ingress, 1 numeric",
    ),
    Case(
        "a port by its name, without a protocol",
        on("ports: [api]", ""),
        ALLOWED,
        source="fv named_ports_test.go, with a policy with nil protocol and named ports only",
    ),
    Case(
        "a port by its name, without a protocol, is the one that is declared",
        on("ports: [dns]", ""),
        ALLOWED,
        "UDP/53",
        source="fv named_ports_test.go, with a policy with nil protocol and named ports only",
    ),
    Case(
        "a port by its name, on the other end",
        sends("action: Allow, protocol: TCP, destination: {ports: [api]}"),
        ALLOWED,
        source="fv named_ports_test.go, (positive) egress, no-numeric",
    ),
    Case("notPorts leave out", on("notPorts: [9500]"), BLOCKED, source="entity rule"),
    Case("notPorts leave the rest in", on("notPorts: [9501]"), ALLOWED, source="entity rule"),
    Case(
        "notPorts leave the rest of that protocol in, no other",
        on("notPorts: [9501]"),
        BLOCKED,
        "UDP/53",
        source="rule, protocol",
    ),
    Case(
        "notPorts by name",
        on("notPorts: [api]"),
        BLOCKED,
        source="fv named_ports_test.go, (negated) ingress, no-numeric",
    ),
    Case(
        "notPorts by another name",
        on("notPorts: [web]"),
        ALLOWED,
        source="fv named_ports_test.go, (negated) ingress, no-numeric",
    ),
    Case(
        "notPorts by name or number",
        on("notPorts: [web, 9500]"),
        BLOCKED,
        source="fv named_ports_test.go, (negated) ingress, 1 numeric",
    ),
    Case(
        "ports without notPorts",
        on("ports: ['9000:9600'], notPorts: [9500]"),
        BLOCKED,
        source="fv named_ports_test.go, with negated ports conflicting with positive ports",
    ),
    Case(
        "ports without notPorts: the rest",
        on("ports: ['9000:9600'], notPorts: [9500]"),
        ALLOWED,
        "TCP/9501",
        source="fv named_ports_test.go, with negated ports conflicting with positive ports",
    ),
    Case("no ports are every port", takes("action: Allow, protocol: TCP"), ALLOWED, "TCP/1-65535", source="rule"),
    Case("no protocol is every protocol", takes(ALLOW), ALLOWED, "TCP/1 UDP/1 SCTP/1", source="rule"),
    Case("a protocol by its number", takes("action: Allow, protocol: 6"), ALLOWED, source="rule, protocol: 1-255"),
    Case(
        "a protocol by its number as text",
        takes("action: Allow, protocol: '17'"),
        ALLOWED,
        "UDP/53",
        source="validator_test.go, protocol 255 as string",
    ),
    Case("another protocol by its number", takes("action: Allow, protocol: 132"), BLOCKED, source="rule, protocol"),
    Case("a protocol without ports lets no port in", takes("action: Allow, protocol: ICMP"), BLOCKED, source="rule"),
    Case("a protocol by a number that has no ports", takes("action: Allow, protocol: 47"), BLOCKED, source="rule"),
    Case(
        "ICMP of one type lets no port in",
        takes("action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}"),
        BLOCKED,
        source="rule, icmp",
    ),
    Case("ICMP denied denies no port", takes("action: Deny, protocol: ICMP", ALLOW), ALLOWED, source="rule"),
    Case("notProtocol leaves one out", takes("action: Allow, notProtocol: TCP"), BLOCKED, source="rule, notProtocol"),
    Case(
        "notProtocol leaves the others in",
        takes("action: Allow, notProtocol: TCP"),
        ALLOWED,
        "UDP/53 SCTP/9",
        source="rule, notProtocol",
    ),
    Case("notProtocol by its number", takes("action: Allow, notProtocol: 6"), BLOCKED, source="rule, notProtocol"),
    Case("notProtocol ICMP leaves every port in", takes("action: Allow, notProtocol: ICMP"), ALLOWED, source="rule"),
    Case(
        "the sender's port, which nobody knows",
        takes("action: Allow, protocol: TCP, source: {ports: [1024]}"),
        UNKNOWN,
        source="entity rule, ports",
        readable=False,
    ),
    Case(
        "the sender's port, which another rule does not need",
        takes("action: Allow, protocol: TCP, source: {ports: [1024]}", ALLOW),
        ALLOWED,
        source="entity rule",
        readable=False,
    ),
    Case(
        "the API server by its Service",
        sends("action: Allow, destination: {services: {name: kubernetes, namespace: default}}"),
        BLOCKED,
        source="tigera/docs, Apply policy to Kubernetes services",
    ),
    Case(
        "the API server by its Service, where it is called",
        sends("action: Allow, destination: {services: {name: kubernetes, namespace: default}}"),
        ALLOWED,
        receiver=API_SERVER,
        source="tigera/docs, Apply policy to Kubernetes services",
    ),
    Case(
        "the API server by its Service, where it calls: perhaps from a tunnel's address, which is no endpoint",
        from_("services: {name: kubernetes, namespace: default}"),
        UNKNOWN,
        sender=API_SERVER,
        source="felix/serviceindex/serviceindex.go: the addresses of its endpoints, and no others",
    ),
    Case(
        "a pod is no endpoint of the API server's Service",
        from_("services: {name: kubernetes, namespace: default}"),
        BLOCKED,
        sender=CLIENT,
        source="tigera/docs, Apply policy to Kubernetes services",
    ),
    Case(
        "a Service may be the pod",
        sends("action: Allow, destination: {services: {name: server, namespace: home}}"),
        UNKNOWN,
        source="tigera/docs, Apply policy to Kubernetes services",
    ),
    Case(
        "HTTP requests may be looked into, or not",
        takes("action: Allow, http: {methods: [GET], paths: [{prefix: /metrics}]}"),
        UNKNOWN,
        source="GNP, Application layer policy; rule_scanner.go, HTTPMatch",
        readable=False,
    ),
]

CASES = [*SUBJECTS, *TYPES, *ACTIONS, *ORDERS, *BESIDE_KUBERNETES, *TIERS, *WHOM, *OUTSIDERS, *PORTS]
