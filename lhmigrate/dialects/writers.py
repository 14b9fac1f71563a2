"""The kinds of policy we can write. Each module translates edits back into one API's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from lhmigrate.dialects import admin_write, calico_write, cilium_write, kubernetes_write
from lhmigrate.model.cni import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lhmigrate.dialects.located import Located
    from lhmigrate.editing.edits import AddPeers, AddPolicy, AddPorts, Allowance, PolicyEdit
    from lhmigrate.model.labels import Selector
    from lhmigrate.model.policy import Direction
    from lhmigrate.yamledit import Op


class RuleWriter(Protocol):
    """What a dialect must be able to do for the edit of a policy that is there."""

    def ops(self, edit: PolicyEdit, found: Located) -> list[Op]:
        """What to do to a policy's data. Raises `Unwritable`."""

    def rules(self, allowance: Allowance) -> list[Any]:
        """The rules that let it through, and nothing else."""

    def part(self, edit: AddPorts | AddPeers) -> Any:  # noqa: ANN401 - YAML's data
        """What there is to add to a rule, as it stands in one."""


class Writer(RuleWriter, Protocol):
    """What a dialect must be able to do besides for a policy that is new."""

    def document(self, added: AddPolicy, like: Any) -> Any:  # noqa: ANN401 - YAML's data
        """A whole policy beside another, whose data are `like`."""

    @property
    def CLOSED(self) -> tuple[Any, ...]:  # noqa: N802 - a constant of a module
        """What a list of rules holds, beside its rules, so that their direction is closed but for them."""

    def policy(self, name: str, namespace: str | None, selects: Selector, rules: Mapping[Direction, Any]) -> Any:  # noqa: ANN401 - YAML's data
        """A whole policy; it isolates the pods in these directions and lets through what the rules say."""


WRITERS: Final[dict[Dialect, Writer]] = {
    Dialect.KUBERNETES: kubernetes_write,
    Dialect.CILIUM: cilium_write,
    Dialect.CALICO: calico_write,
}

EDITORS: Final[dict[Dialect, RuleWriter]] = {
    **WRITERS,
    Dialect.ADMIN: admin_write.ADMIN,
    Dialect.CLUSTER: admin_write.CLUSTER,
}
"""Those whose policies are edited. No new policy of an administrator's is written."""
