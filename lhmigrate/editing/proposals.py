"""What comes of looking for an edit: one, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lhmigrate.editing.edits import Edit
    from lhmigrate.errors import Place
    from lhmigrate.judging.needs import Need


class Proposal(NamedTuple):
    """An edit, and the needs that it is for."""

    edit: Edit
    needs: tuple[Need, ...]


class ByHand(NamedTuple):
    """Something that must be opened and that no edit of ours can open, and why."""

    needs: tuple[Need, ...]
    reason: str
    edit: Edit | None = None
    """What would be right if it could be made; None: not even that is known."""
    place: Place | None = None
    """Of what stands in the way."""
