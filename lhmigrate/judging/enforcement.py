"""Which network plugin runs, as far as nobody said it, and which of the user's policies it enforces at all.

Each plugin reads its own dialect and NetworkPolicies; what is written in another one has no effect there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.errors import Problem
from lhmigrate.model.cni import NATIVE, Dialect
from lhmigrate.model.policy import Direction

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from lhmigrate.model.policy import Policy
    from lhmigrate.model.settings import Settings

_YOUNG: Final = frozenset({Dialect.ADMIN, Dialect.CLUSTER})
"""The administrator's dialects, which many plugins do not know."""


class Enforcement(NamedTuple):
    """The user's policies as their cluster sees them."""

    settings: Settings
    """With the network plugin that the policies suggest, where nobody said which it is."""
    policies: tuple[Policy, ...]
    """Those that count."""
    ignored: tuple[Policy, ...] = ()
    """Those in a dialect that the plugin does not read."""
    assumptions: tuple[str, ...] = ()


def settle(settings: Settings, policies: Iterable[Policy], *, seen: bool = False) -> Enforcement:
    """Finds out which policies count. Where their dialects contradict each other, those may or may not.

    Nor does anybody know where the cluster itself was seen, and did not show its plugin: what one that is long gone
    left behind is no sign that it runs.
    """
    policies = tuple(policies)
    first: dict[str, Policy] = {}
    for policy in policies:
        if policy.dialect in NATIVE:
            first.setdefault(NATIVE[policy.dialect].name, policy)
    said: tuple[str, ...] = ()
    if settings.cni.name == "unknown" and len(first) == 1 and not seen:
        [policy] = first.values()
        settings = replace(settings, cni=NATIVE[policy.dialect])
        plugin = policy.dialect.value
        said = (f"the network plugin is taken to be {plugin}, as {policy.place} suggests; --cni can say otherwise",)
    said += tuple(_taken_for_granted(settings, policies))
    if not settings.cni.enforces:
        return Enforcement(settings, policies)
    if Dialect.CILIUM in settings.cni.enforces:
        policies += tuple(_left_out(policy) for policy in policies if policy.left_out)
    if settings.cni.name == "unknown":
        native = frozenset(NATIVE if first else ())
        return Enforcement(settings, tuple(_doubted(policy, native) for policy in policies), assumptions=said)
    counts = settings.cni.enforces
    return Enforcement(
        settings,
        tuple(policy for policy in policies if policy.dialect in counts),
        tuple(policy for policy in policies if policy.dialect not in counts),
        said,
    )


def _taken_for_granted(settings: Settings, policies: Iterable[Policy]) -> Iterator[str]:
    """That the administrator's policies count, which not every release of a plugin makes true."""
    kinds = {
        (policy.kind, settings.cni.admin[policy.dialect]) for policy in policies if policy.dialect in settings.cni.admin
    }
    for kind, condition in sorted(kinds):
        yield f"{kind} is taken to be enforced; {condition}"


def _left_out(policy: Policy) -> Policy:
    """What a NetworkPolicy may do on Cilium besides: close a direction that its `policyTypes` do not name.

    The API says that rules of such a direction are ignored; Cilium takes them for rules all the same (cilium/cilium,
    pkg/k8s/network_policy.go, ParseNetworkPolicy).
    """
    rules = {direction: tuple(one for one in policy.left_out if one.direction is direction) for direction in Direction}
    named = " and ".join(direction.value for direction, found in rules.items() if found)
    why = Problem(policy.place, f"has rules for {named} that its policyTypes leave out, and Cilium heeds them")
    return replace(
        policy,
        isolates=frozenset(direction for direction, found in rules.items() if found),
        ingress=rules[Direction.INGRESS],
        egress=rules[Direction.EGRESS],
        left_out=(),
        unread=(why,),
    )


def _doubted(policy: Policy, native: Container[Dialect]) -> Policy:
    """The policy, perhaps in force only, where nobody said which plugin runs and not every one heeds it."""
    if policy.dialect in native:
        plugin = policy.dialect.value
        why = f"counts where {plugin} is the network plugin, and there are policies of another plugin, too; pass --cni"
    elif policy.dialect in _YOUNG:
        why = "counts where the network plugin enforces such policies, which few do; pass --cni"
    else:
        return policy
    return replace(policy, unread=(*policy.unread, Problem(policy.place, why)))
