"""What a flow asks for over HTTP, and what a rule that looks into HTTP lets through."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate.model.labels import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

BELOW: Final = "..."
"""How a path ends that stands for every path that begins so."""

_LONGEST: Final = 1_000
_SOME: Final = ("volumes", "nodes/a-node", "backuptargets")
"""Some of the paths below one; an expression that does not fit them does not fit all."""


class Request(NamedTuple):
    """What a flow asks for: one path, or every path below one (`/v1/...`)."""

    method: str
    path: str

    @staticmethod
    def parse(text: str) -> Request:
        """`GET /metrics` or `GET /v1/...`; anything else is a ValueError."""
        method, _, path = text.partition(" ")
        if not (method.isascii() and method.isupper() and path.startswith("/")):
            raise ValueError(f"{text!r} is not written like GET /metrics or GET /v1/...")
        return Request(method, path)

    def rule(self) -> HttpRule:
        """What a rule says that lets this through and nothing else."""
        return HttpRule(re.escape(self.method), re.escape(self.path))

    @property
    def exact(self) -> bool:
        """Whether it is one path, and not all that are below one."""
        return not self.path.endswith(BELOW)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class HttpRule(NamedTuple):
    """Which requests pass: method and path as regular expressions that must fit as a whole; empty fits all."""

    method: str = ""
    path: str = ""
    more: bool = False
    """Whether it also asks for what we do not know of a request, like a host or a header."""

    def __str__(self) -> str:
        return f"{self.method or 'any method'} {self.path or 'on any path'}"

    def admits(self, request: Request) -> Match:
        """Whether that request passes; of every path below one: whether all of them do."""
        fits = min(_fits(self.method, request.method), _fits(self.path, request.path))
        return min(fits, Match.MAYBE) if self.more else fits


def only(requests: Sequence[Request]) -> tuple[HttpRule, ...] | None:
    """What a rule says that lets these through and nothing else on the port; None: it cannot say it."""
    if not requests or not all(one.exact for one in requests):
        return None
    return tuple(one.rule() for one in requests)


@lru_cache(maxsize=1_000)
def _fits(written: str, text: str) -> Match:
    if not written:
        return Match.YES
    if len(written) > _LONGEST:
        return Match.MAYBE
    start, below = text.removesuffix(BELOW), text.endswith(BELOW)
    try:
        pattern = re.compile(written)
        open_end = re.compile(written[:-2]) if written.endswith((".*", ".+")) else None
    except re.error:
        # POSIX has expressions that Python has not.
        return Match.MAYBE
    if not below:
        return Match.YES if pattern.fullmatch(start) else Match.NO
    # What fits a beginning of the path and then takes anything fits all that is below.
    if open_end and any(open_end.fullmatch(start[:length]) for length in range(len(start) + 1)):
        return Match.YES
    return Match.MAYBE if all(pattern.fullmatch(start + one) for one in _SOME) else Match.NO
