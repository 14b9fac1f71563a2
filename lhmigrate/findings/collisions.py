"""Policies that a user applied by hand under names that the new release's own policies take.

Helm refuses to touch an object that it does not own (helm/helm, pkg/action/validate.go), before anything is
upgraded. `kubectl apply` overwrites it without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings.findings import Code, Finding, Hop, Level, Phase
from lhmigrate.model.cni import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.judging.state import World
    from lhmigrate.model.policy import Policy


def find(world: World, hop: Hop) -> Iterator[Finding]:
    """One finding for each name that the new release takes and the old one left alone."""
    before = {policy.name for policy in world.shipped(hop.old)}
    taken = {(policy.namespace, policy.name) for policy in world.shipped(hop.new) if policy.name not in before}
    for policy in world.enforcement.policies:
        if policy.owned_by_helm and world.settings.install == "helm":
            continue  # Helm updates what it owns.
        if policy.dialect is Dialect.KUBERNETES and (policy.namespace, policy.name) in taken:
            yield (_refused(world, hop, policy) if world.settings.install == "helm" else _overwritten(hop, policy))


def _refused(world: World, hop: Hop, policy: Policy) -> Finding:
    namespace = policy.namespace or world.settings.namespace
    target = f"networkpolicy {policy.name} --namespace {namespace}"
    return Finding(
        Code.NAME_COLLISION,
        Level.ERROR,
        f"Helm will refuse the upgrade: Longhorn {hop.new} installs a NetworkPolicy named {policy.name}, and yours "
        f"({policy.place}) has that name in {namespace} without belonging to the release.",
        "Take it out of your repository, and hand it to the release with these commands (RELEASE is the Helm release's "
        "name), or delete it, or upgrade with `helm upgrade --take-ownership` (Helm 3.17 or newer). To keep your own "
        "instead, set networkPolicies.restrictInternalTraffic to false.",
        place=policy.place,
        hop=hop,
        phase=Phase.BEFORE,
        policies=(policy,),
        commands=(
            f"kubectl label {target} app.kubernetes.io/managed-by=Helm",
            f"kubectl annotate {target} meta.helm.sh/release-name=RELEASE meta.helm.sh/release-namespace={namespace}",
        ),
    )


def _overwritten(hop: Hop, policy: Policy) -> Finding:
    return Finding(
        Code.NAME_COLLISION,
        Level.WARNING,
        f"Longhorn {hop.new}'s manifest brings a NetworkPolicy named {policy.name} and will overwrite yours "
        f"({policy.place}); a tool that applies yours again will overwrite Longhorn's.",
        "Give yours another name, or take it out of your repository.",
        place=policy.place,
        hop=hop,
        phase=Phase.BEFORE,
        policies=(policy,),
        commands=(f"kubectl delete networkpolicy {policy.name} --namespace {policy.namespace}",),
    )
