"""The kinds of policy we can write. Each module translates edits back into one API's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from lhmigrate.dialects import kubernetes_write

if TYPE_CHECKING:
    from lhmigrate.edits import AddPolicy, PolicyEdit
    from lhmigrate.yamledit import Op, Route


class Writer(Protocol):
    """What a dialect must be able to do for a patch."""

    def ops(self, edit: PolicyEdit, data: dict[str, Any], at: Route) -> list[Op]:
        """What to do to a policy's data, which stand at that route of their document."""

    def document(self, added: AddPolicy, like: dict[str, Any]) -> dict[str, Any]:
        """A whole policy, in the way of the one that it stands beside."""


WRITERS: dict[str, Writer] = {"NetworkPolicy": kubernetes_write}
"""By kind."""
