"""The kinds of policy that there are. Each module translates one API into `lhmigrate.policy`; none judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.cni import Dialect
from lhmigrate.dialects import kubernetes
from lhmigrate.policy import Outline

if TYPE_CHECKING:
    from collections.abc import Callable

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


KINDS: Final = {
    ("networking.k8s.io", "NetworkPolicy"): Kind(Dialect.KUBERNETES, kubernetes.read, kubernetes.outline, denies=False),
    ("cilium.io", "CiliumNetworkPolicy"): Kind(Dialect.CILIUM),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): Kind(Dialect.CILIUM, cluster_wide=True),
    ("projectcalico.org", "NetworkPolicy"): Kind(Dialect.CALICO),
    ("projectcalico.org", "GlobalNetworkPolicy"): Kind(Dialect.CALICO, cluster_wide=True),
    ("crd.projectcalico.org", "NetworkPolicy"): Kind(Dialect.CALICO),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"): Kind(Dialect.CALICO, cluster_wide=True),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): Kind(Dialect.ADMIN, cluster_wide=True),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): Kind(Dialect.ADMIN, cluster_wide=True),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): Kind(Dialect.ADMIN, cluster_wide=True),
}
"""By API group and kind."""

CLUSTER_WIDE: Final = frozenset(name for (_, name), kind in KINDS.items() if kind.cluster_wide)
"""The names of kinds that are in no namespace."""
