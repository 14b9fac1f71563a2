"""Calico's NetworkPolicy and GlobalNetworkPolicy, `projectcalico.org/v3` and `crd.projectcalico.org/v1`.

Sources, all in projectcalico/calico unless another is named:

- what there is to write: api/pkg/apis/projectcalico/v3 (policy_common.go, networkpolicy.go,
  globalnetworkpolicy.go), api/pkg/lib/numorstring (ports and protocols). What the API refuses, by their CEL rules and
  by libcalico-go/lib/validator/v3/validator.go, is not in force, so reading it raises `Unreadable`;
- `types` left out: api/pkg/defaults/networkpolicy.go. Nothing fills them in where crd.projectcalico.org is written
  directly, and Felix takes that for both (felix/calc/policy_sorter.go, ExtractPolicyMetadata). Where v3 is a CRD itself
  (api/admission/networkpolicy.mutatingadmissionpolicy.yaml), a list counts that is there and empty;
- whom a rule means: libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go (selectors and namespaces become one
  selector) and felix/calc/rule_scanner.go (negative ones, named ports);
- what becomes of a packet: felix/rules/endpoints.go (endpointIptablesChain) and policy.go. Allow and Deny end it,
  Pass goes on to the next tier, Log to the next rule. What reaches the end of a tier is dropped if a policy of that
  tier and direction selects the pod and the tier's default action is Deny. After all tiers a pod's profile decides,
  and that of a Kubernetes namespace allows (libcalico-go/lib/backend/k8s/conversion/conversion.go);
- in which order: felix/calc/policy_sorter.go, and before v3.32 by other names there;
- which names a tier's policies have: libcalico-go/lib/names/policy.go at v3.31;
- NetworkPolicies among them: conversion.go, K8sNetworkPolicyToCalico (order 1000, in the tier `default`);
- doNotTrack, preDNAT and applyOnForward: tigera/docs, calico/reference/resources/globalnetworkpolicy.mdx;
- staged policies: felix/rules/policy.go, PolicyToIptablesChains.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.dialects.calico_labels import Subject, TooMixedError, of_namespaces, split
from lhmigrate.dialects.calico_rules import Scope, read_rules
from lhmigrate.dialects.calico_selector import read_expression
from lhmigrate.dialects.common import Kind, nothing_left, read_metadata
from lhmigrate.errors import Problem, Unreadable
from lhmigrate.files.fields import Fields, scalar, string, wrong
from lhmigrate.files.yamltext import Scalar
from lhmigrate.judging.tiers import Declared
from lhmigrate.model.cni import Dialect
from lhmigrate.model.labels import EVERYTHING, Selector
from lhmigrate.model.policy import ADMIN, BASELINE, DEFAULT, UNPLACED, Direction, Order, Outline, Policy, Tier, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.errors import Place
    from lhmigrate.files.yamltext import Node

_TYPES: Final = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
_LAST: Final = float("inf")
"""Where a policy without an order is (policy_sorter.go, polMetaDefaultOrder)."""
_TIERS: Final = {
    "default": DEFAULT,
    # tier.go, and before v3.32 by the names of the kinds that they hold. Their default action is Pass.
    "kube-admin": ADMIN,
    "kube-baseline": BASELINE,
    "adminnetworkpolicy": ADMIN,
    "baselineadminnetworkpolicy": BASELINE,
}
_SINCE_NAMES_ARE_FREE: Final = frozenset({"kube-admin", "kube-baseline"})
"""Tiers that no older release has."""
_CONVERTED: Final = ("knp.default.", "kanp.adminnetworkpolicy.", "kbanp.baselineadminnetworkpolicy.", "ossg.")
"""How the names of policies begin that Calico makes of others' (names/policy.go at v3.31)."""


class Form(NamedTuple):
    """One kind of Calico's policies, in one API group."""

    kind: str
    namespaced: bool = False
    stored: bool = False
    """Whether it is the form that Calico stores (crd.projectcalico.org), where nothing fills in what is missing."""

    def read(self, document: Fields) -> tuple[Policy, ...]:
        """A policy, once for each of its subjects. Raises `Unreadable` where Calico refuses it or we cannot follow."""
        return _read(document, self)

    def read_staged(self, document: Fields) -> tuple[Policy, ...]:
        """A policy that is there to be looked at, and decides nothing. Raises `Unreadable` if it has no name."""
        metadata = read_metadata(document)
        return (
            Policy(
                kind=self.kind,
                name=metadata.name,
                namespace=metadata.namespace if self.namespaced else None,
                place=document.node.place,
                selects=EVERYTHING,
                isolates=frozenset(),
                dialect=Dialect.CALICO,
                namespaces=None if self.namespaced else EVERYTHING,
                idle="it is staged: Calico shows what it would do, and does not do it",
            ),
        )

    def outline(self, document: Fields) -> Outline:
        """What is left to know of a policy that could not be read: its selectors and types, if not even those."""
        outline = Outline(namespaces=None if self.namespaced else EVERYTHING)
        try:
            spec = Fields(document.need("spec"), "spec")
            subjects = _subjects(spec, self)
            if len(subjects) == 1:
                namespaces = None if self.namespaced else subjects[0].namespaces
                outline = outline._replace(selects=subjects[0].pods, namespaces=namespaces)
            outline = outline._replace(isolates=_types(spec, self))
        except Unreadable:
            pass
        return outline


def read_tier(document: Fields) -> Declared:
    """A Tier. Raises `Unreadable` where Calico would refuse it."""
    name = read_metadata(document).name
    spec = document.fields("spec")
    action = (spec.string("defaultAction") if spec else None) or "Deny"
    if action not in {"Deny", "Pass"}:
        raise wrong(document.node, f"a tier's defaultAction is Deny or Pass, not {action!r}")
    return Declared(Tier(_order(spec.get("order") if spec else None), name), passes=action == "Pass")


def read_host_endpoint(document: Fields) -> tuple[Policy, ...]:
    """A node's own interface, which policies may close as they close a pod: then all that nodes do is in doubt.

    Host endpoints are closed to what no policy lets through, but for a few ports (tigera/docs,
    calico/reference/host-endpoints). Whom their selectors mean, and what Calico adds, is not followed here. Raises
    `Unreadable` if it has no name.
    """
    place = document.node.place
    why = "makes an endpoint of a node: what Calico lets through there is not judged, so look at it by hand"
    return (
        Policy(
            kind="HostEndpoint",
            name=read_metadata(document).name,
            namespace=None,
            place=place,
            selects=EVERYTHING,
            isolates=frozenset(Direction),
            dialect=Dialect.CALICO,
            namespaces=EVERYTHING,
            about_nodes=True,
            unread=(Problem(place, why),),
        ),
    )


def _read(document: Fields, form: Form) -> tuple[Policy, ...]:
    metadata = read_metadata(document)
    namespace = metadata.namespace if form.namespaced else None
    place = document.node.place
    spec = Fields(document.need("spec"), "spec")
    tier = _tier(spec.string("tier") or "default")
    order = Order(_order(spec.get("order")), _names(metadata.name, namespace, tier, form.kind))
    scope = Scope(form.namespaced, order)
    ingress = read_rules(spec.items("ingress"), Direction.INGRESS, scope)
    egress = read_rules(spec.items("egress"), Direction.EGRESS, scope)
    types = _types(spec, form)
    subjects = _subjects(spec, form)
    idle = _for_hosts_only(spec, form) or ("" if subjects else "its selector matches no pod, but hosts at most")
    whole = Policy(
        kind=form.kind,
        name=metadata.name,
        namespace=namespace,
        place=place,
        selects=EVERYTHING,
        isolates=frozenset() if idle or tier in {ADMIN, BASELINE} else types,
        ingress=ingress if Direction.INGRESS in types and not idle else (),
        egress=egress if Direction.EGRESS in types and not idle else (),
        dialect=Dialect.CALICO,
        tier=tier,
        owned_by_helm=metadata.owned_by_helm,
        idle=idle,
        alone=len(subjects) < 2,
        unread=(
            *(() if tier in _TIERS.values() else (unplaced(place, tier),)),
            *_misnamed(metadata.name, spec.string("tier") or "default", place),
        ),
    )
    nothing_left(spec, "projectcalico.org/v3")
    return tuple(_about(whole, subject, spec, form) for subject in subjects or (Subject(),))


def _names(name: str, namespace: str | None, tier: Tier, kind: str) -> tuple[str, ...]:
    """By what Calico's releases sort policies of one order: since v3.32 by name first, before that by namespace."""
    bare = name.removeprefix(f"{tier.name}.")
    where = namespace or ""
    return (f"{bare}/{where}/{kind}", f"{name}/{where}/{kind}", f"{where}/{tier.name}.{bare}".lstrip("/"))


def _misnamed(name: str, tier: str, place: Place) -> Iterator[Problem]:
    """That not every release takes a policy of that name for one of that tier.

    From v3.29 to v3.31 a name with a dot begins with the tier's, and names of all tiers but `default` do: the API
    refuses others, and as they are stored the name tells the tier (libcalico-go/lib/names/policy.go there). Before,
    no name had a dot. Since v3.32 a name says nothing.
    """
    alone = tier == "default" and "." not in name
    if not (alone or name.startswith((f"{tier}.", *_CONVERTED)) or tier in _SINCE_NAMES_ARE_FREE):
        why = f"is in the tier {tier}, which before Calico 3.32 only a policy can be that is named {tier}.something"
        yield Problem(place, f"{why}; give it such a name")


def _tier(name: str) -> Tier:
    """A tier by its name. The place of those that Calico does not make itself is in the object of that name."""
    return _TIERS.get(name) or Tier(UNPLACED.rank, name)


def _order(node: Node | None) -> float:
    if node is None:
        return _LAST
    value = scalar(node) if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(node, "order must be a number")
    return float(value)


def _types(spec: Fields, form: Form) -> frozenset[Direction]:
    """Filled in where they are missing, as the API that the policy is written in does."""
    node = spec.get("types")
    if node is None:
        return _usual_types(spec, form)
    written = [string(one, "a type") for one in spec.items("types") or ()]
    if not written or len(set(written)) < len(written) or not _TYPES.keys() >= set(written):
        raise wrong(node, f"types names {' or '.join(_TYPES)}, or both, and each of them once")
    return frozenset(_TYPES[one] for one in written)


def _usual_types(spec: Fields, form: Form) -> frozenset[Direction]:
    if form.stored:
        return frozenset(Direction)
    lists = {direction: spec.items(direction.value) for direction in Direction}
    by_rules = _sides(frozenset(direction for direction, rules in lists.items() if rules))
    by_presence = _sides(frozenset(direction for direction, rules in lists.items() if rules is not None))
    if by_rules != by_presence:
        raise wrong(
            spec.node, "types is missing and a list of rules is empty, which Calico's releases read in two ways"
        )
    return by_rules


def _sides(written: frozenset[Direction]) -> frozenset[Direction]:
    return written or frozenset({Direction.INGRESS})


def _subjects(spec: Fields, form: Form) -> tuple[Subject, ...]:
    """Whom it selects."""
    selector = _expression(spec, "selector")
    accounts = _expression(spec, "serviceAccountSelector")
    namespaces = EVERYTHING if form.namespaced else of_namespaces(_expression(spec, "namespaceSelector"))
    try:
        subjects = split(selector)
    except TooMixedError:
        raise wrong(spec.node, "mixes labels of pods and of namespaces in too many ways to follow") from None
    return tuple(one & Subject(EVERYTHING, namespaces, depends=bool(accounts)) for one in subjects)


def _expression(spec: Fields, key: str) -> Selector:
    node = spec.get(key)
    if node is None:
        return EVERYTHING
    if "global(" in string(node, key):
        raise wrong(node, "global() can stand in a rule's namespaceSelector only")
    return read_expression(node, key)


def _about(policy: Policy, subject: Subject, spec: Fields, form: Form) -> Policy:
    """A policy for one of its subjects."""
    if form.namespaced and subject.namespaces:
        raise wrong(
            spec.node, "selects by labels of its namespace, which this version follows in GlobalNetworkPolicies only"
        )
    unread = policy.unread
    if subject.depends:
        unread = (*unread, Problem(policy.place, "selects pods by their service account, which nothing here tells"))
    return replace(
        policy, selects=subject.pods, namespaces=None if form.namespaced else subject.namespaces, unread=unread
    )


def _for_hosts_only(spec: Fields, form: Form) -> str:
    """Why it has no effect on pods; empty: it may have."""
    spec.get("performanceHints")
    if form.namespaced:
        return ""
    found = [key for key in ("doNotTrack", "preDNAT") if _true(spec.get(key), key)]
    _true(spec.get("applyOnForward"), "applyOnForward")
    return f"it is for hosts alone: {found[0]} means nothing to pods" if found else ""


def _true(node: Node | None, key: str) -> bool:
    value = scalar(node) if isinstance(node, Scalar) else None
    if node is not None and not isinstance(value, bool):
        raise wrong(node, f"{key} must be true or false")
    return value is True


def _kinds(*, stored: bool) -> Iterator[tuple[str, Kind]]:
    for name in ("NetworkPolicy", "GlobalNetworkPolicy"):
        form = Form(name, namespaced=name == "NetworkPolicy", stored=stored)
        yield name, Kind(Dialect.CALICO, form.read, form.outline, cluster_wide=not form.namespaced)
    for name in ("StagedNetworkPolicy", "StagedKubernetesNetworkPolicy", "StagedGlobalNetworkPolicy"):
        form = Form(name, namespaced=name != "StagedGlobalNetworkPolicy", stored=stored)
        yield name, Kind(Dialect.CALICO, form.read_staged, cluster_wide=not form.namespaced, denies=False)
    yield (
        "HostEndpoint",
        Kind(Dialect.CALICO, read_host_endpoint, lambda _: Outline(about_nodes=True), cluster_wide=True),
    )


KINDS: Final = {
    "projectcalico.org": dict(_kinds(stored=False)),
    "crd.projectcalico.org": dict(_kinds(stored=True)),
}
"""By API group and name."""
