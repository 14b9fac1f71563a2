"""Sets of ports: what a flow needs and what a rule lets through, as values one can subtract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
"""The protocols a NetworkPolicy can name (Kubernetes API, networking.k8s.io/v1 NetworkPolicyPort)."""

FIRST: Final = 0
LAST: Final = 65535
NARROW: Final = 16
"""So many ports in a row were hardly meant as a range."""

_WRITTEN = re.compile(r"(TCP|UDP|SCTP)/(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)

Range = tuple[str, int, int]
"""Protocol, first port and last port, both included."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ranges of ports, sorted, merged and disjoint, so that equal sets are equal values."""

    ranges: tuple[Range, ...] = ()

    @staticmethod
    def of(ranges: Iterable[Range]) -> Ports:
        """Any ranges, in any order, overlapping or touching."""
        merged: list[Range] = []
        for protocol, first, last in sorted(ranges):
            if first > last:
                continue
            if merged and merged[-1][0] == protocol and first <= merged[-1][2] + 1:
                merged[-1] = (protocol, merged[-1][1], max(last, merged[-1][2]))
            else:
                merged.append((protocol, first, last))
        return Ports(tuple(merged))

    @staticmethod
    def parse(text: str) -> Ports:
        """`TCP/9500` or `TCP/10000-30000`; anything else is a ValueError."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not written like TCP/9500 or TCP/10000-30000")
        first = int(found[2])
        last = int(found[3] or first)
        if not FIRST <= first <= last <= LAST:
            raise ValueError(f"{text!r} is not a range of ports between {FIRST} and {LAST}")
        return Ports(((found[1], first, last),))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __or__(self, other: Ports) -> Ports:
        if not other.ranges:
            return self
        if not self.ranges:
            return other
        return Ports.of(self.ranges + other.ranges)

    def __and__(self, other: Ports) -> Ports:
        return Ports.of(
            (mine[0], max(mine[1], theirs[1]), min(mine[2], theirs[2]))
            for mine in self.ranges
            for theirs in other.ranges
            if mine[0] == theirs[0]
        )

    def meets(self, other: Ports) -> bool:
        """Whether any port is in both."""
        return any(
            mine[0] == theirs[0] and mine[1] <= theirs[2] and theirs[1] <= mine[2]
            for mine in self.ranges
            for theirs in other.ranges
        )

    def __sub__(self, other: Ports) -> Ports:
        left = list(self.ranges)
        for protocol, first, last in other.ranges:
            remaining: list[Range] = []
            for mine in left:
                if mine[0] != protocol or mine[2] < first or mine[1] > last:
                    remaining.append(mine)
                    continue
                if mine[1] < first:
                    remaining.append((protocol, mine[1], first - 1))
                if mine[2] > last:
                    remaining.append((protocol, last + 1, mine[2]))
            left = remaining
        return Ports(tuple(left))

    def __le__(self, other: Ports) -> bool:
        return not (self - other).ranges

    def apart(self) -> Iterator[Ports]:
        """Ports one by one, as people write them; a wide range is one.

        A number of every protocol is one, too: in other dialects than Kubernetes' it is what a number alone means.
        """
        found: dict[tuple[int, int], list[str]] = {}
        for protocol, first, last in self.ranges:
            narrow = last - first < NARROW
            for port in range(first, last + 1) if narrow else (first,):
                found.setdefault((port, port if narrow else last), []).append(protocol)
        for (first, last), protocols in found.items():
            together = [protocols] if len(protocols) == len(PROTOCOLS) else [[protocol] for protocol in protocols]
            yield from (Ports.of((protocol, first, last) for protocol in group) for group in together)

    def names(self) -> tuple[str, ...]:
        """The ranges as they are written everywhere: `TCP/9500`, `TCP/10000-30000`."""
        return tuple(
            f"{protocol}/{first}" if first == last else f"{protocol}/{first}-{last}"
            for protocol, first, last in self.ranges
        )

    def __str__(self) -> str:
        if self == EVERY_PORT:
            return "every port"
        return ", ".join(self.names()) or "no port"


NO_PORT: Final = Ports()
EVERY_PORT: Final = Ports(tuple((protocol, FIRST, LAST) for protocol in sorted(PROTOCOLS)))
