"""The kinds of policy we can write. Each module translates edits back into one API's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from lhmigrate.cni import Dialect
from lhmigrate.dialects import kubernetes_write

if TYPE_CHECKING:
    from lhmigrate.edits import PolicyEdit
    from lhmigrate.yamledit import Op, Route


class Writer(Protocol):
    """What a dialect must be able to do for a patch."""

    def ops(self, edit: PolicyEdit, data: dict[str, Any], at: Route) -> list[Op]:
        """What to do to a policy's data, which stand at that route of their document."""


WRITERS: Final[dict[Dialect, Writer]] = {Dialect.KUBERNETES: kubernetes_write}
