"""K3s and RKE2: HelmChart and HelmChartConfig (helm.cattle.io/v1; docs.k3s.io/helm, k3s-io/helm-controller)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lhmigrate.declarations import helm, spelling
from lhmigrate.declarations.declaration import NO_VALUES, Declaration, HelmValues, pinned, unpinned
from lhmigrate.declarations.namespaces import settled
from lhmigrate.declarations.tree import at, items, kind_of, name_of, pairs, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lhmigrate.declarations.tree import Document, Tree

_GROUPS: Final = ("helm.cattle.io", "k3s.cattle.io")
KINDS: Final = frozenset((group, kind) for group in _GROUPS for kind in ("HelmChart", "HelmChartConfig"))


def read(document: Document, tree: Tree) -> Iterator[Declaration]:
    """The installation that a HelmChart is."""
    node = document.node
    spec = at(node, "spec")
    if kind_of(node)[1] != "HelmChart":
        return
    chart = spelling.chart(text_at(spec, "chart"), text_at(spec, "repo"))
    packed = at(spec, "chartContent")
    if chart is None and (packed is None or "longhorn" not in name_of(node)):
        return
    pin = (
        pinned(at(spec, "version"), node, chart or spelling.LONGHORN)
        if packed is None
        else unpinned(packed.place, "its chart is packed into chartContent")
    )
    # pkg/controllers/chart: without a target, the release goes where the object is.
    namespace = text_at(spec, "targetNamespace") or text_at(node, "metadata", "namespace")
    yield Declaration(
        shape="K3s HelmChart",
        file=document.file,
        name=name_of(node),
        pin=pin,
        namespace=settled(namespace),
        release_name=settled(name_of(node)),
        values=_values(document, tree),
    )


def _values(document: Document, tree: Tree) -> HelmValues:
    """The chart's own, then those of the HelmChartConfig of its name, and `set` over all of them."""
    spec = at(document.node, "spec")
    parts = [helm.of_text(at(spec, "valuesContent")), helm.of_node(at(spec, "values"))]
    for config in tree.nearest("HelmChartConfig", name_of(document.node), document.file):
        told = at(config.node, "spec")
        parts += [helm.of_text(at(told, "valuesContent")), helm.of_node(at(told, "values"))]
    parts += [helm.setting(name, value) for name, value in pairs(at(spec, "set"))]
    parts += [
        helm.secret(one.place, f"the Secret {text_at(one, 'name')} holds Helm values, and is not read")
        for one in items(at(spec, "valuesSecrets"))
    ]
    return NO_VALUES.then(*parts)
