"""The kinds of policy that there are. Each module translates one API into `lhmigrate.policy`; none judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.cni import Dialect
from lhmigrate.dialects import admin, calico, cilium, kubernetes
from lhmigrate.policy import Outline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lhmigrate.fields import Fields
    from lhmigrate.policy import Policy


def _nothing(document: Fields) -> Outline:  # noqa: ARG001 - every outline is asked alike
    return Outline()


class Kind(NamedTuple):
    """One kind of policy."""

    dialect: Dialect
    read: Callable[[Fields], tuple[Policy, ...]] | None = None
    """Reads one object, which may hold several specs; raises `Unreadable`. None: we cannot judge it yet."""
    outline: Callable[[Fields], Outline] = _nothing
    """What is left to know where that gives up; raises nothing."""
    cluster_wide: bool = False
    """Whether it is in no namespace. Where one names a namespace all the same, the API server drops it."""
    denies: bool = True
    """Whether a policy of it can take away what others allow."""


def _calico(group: str) -> Iterator[tuple[tuple[str, str], Kind]]:
    stored = group.startswith("crd.")
    for name in ("NetworkPolicy", "GlobalNetworkPolicy"):
        form = calico.Form(name, namespaced=name == "NetworkPolicy", stored=stored)
        yield (group, name), Kind(Dialect.CALICO, form.read, form.outline, cluster_wide=not form.namespaced)
    for name in ("StagedNetworkPolicy", "StagedKubernetesNetworkPolicy", "StagedGlobalNetworkPolicy"):
        form = calico.Form(name, namespaced=name != "StagedGlobalNetworkPolicy", stored=stored)
        yield (group, name), Kind(Dialect.CALICO, form.read_staged, cluster_wide=not form.namespaced, denies=False)


KINDS: Final = {
    ("networking.k8s.io", "NetworkPolicy"): Kind(Dialect.KUBERNETES, kubernetes.read, kubernetes.outline, denies=False),
    ("cilium.io", "CiliumNetworkPolicy"): Kind(Dialect.CILIUM, cilium.read_namespaced, cilium.outline),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): Kind(
        Dialect.CILIUM, cilium.read_cluster_wide, cilium.outline, cluster_wide=True
    ),
    **dict(_calico("projectcalico.org")),
    **dict(_calico("crd.projectcalico.org")),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): Kind(
        Dialect.ADMIN, admin.read_admin, admin.outline, cluster_wide=True
    ),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): Kind(
        Dialect.ADMIN, admin.read_baseline, admin.outline, cluster_wide=True
    ),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): Kind(
        Dialect.CLUSTER, admin.read_cluster, admin.outline, cluster_wide=True
    ),
}
"""By API group and kind."""

CLUSTER_WIDE: Final = frozenset(name for (_, name), kind in KINDS.items() if kind.cluster_wide)
"""The names of kinds that are in no namespace."""

TIERS: Final = {("projectcalico.org", "Tier"): calico.read_tier, ("crd.projectcalico.org", "Tier"): calico.read_tier}
"""The objects that give Calico's policies their place, by API group and kind."""
