"""Sets of ports: the laws of sets, held against sets of plain numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lhmigrate.model.ports import EVERY_PORT, LAST, NO_PORT, PROTOCOLS, Ports, Range

# Few numbers, so that ranges meet, touch and overlap all the time.
NUMBERS = st.integers(0, 12)
RANGES = st.lists(st.tuples(st.sampled_from(PROTOCOLS), NUMBERS, NUMBERS), max_size=6)
SETS = RANGES.map(Ports.of)


def plain(ranges: list[Range]) -> set[tuple[str, int]]:
    return {(protocol, number) for protocol, first, last in ranges for number in range(first, last + 1)}


def held(ports: Ports) -> set[tuple[str, int]]:
    return plain(list(ports.ranges))


@given(RANGES)
def test_a_set_holds_what_its_ranges_hold(ranges: list[Range]) -> None:
    assert held(Ports.of(ranges)) == plain(ranges)


@given(RANGES)
def test_equal_sets_are_equal_values(ranges: list[Range]) -> None:
    one_by_one = [(protocol, number, number) for protocol, number in plain(ranges)]
    assert Ports.of(one_by_one) == Ports.of(ranges)
    assert hash(Ports.of(one_by_one)) == hash(Ports.of(ranges))


@given(SETS, SETS)
def test_it_joins_meets_and_differs_as_sets_do(one: Ports, other: Ports) -> None:
    assert held(one | other) == held(one) | held(other)
    assert held(one & other) == held(one) & held(other)
    assert held(one - other) == held(one) - held(other)
    assert (one <= other) is (held(one) <= held(other))
    assert one.meets(other) is bool(held(one) & held(other))
    assert bool(one) is bool(held(one))


@given(SETS, SETS)
def test_every_result_is_in_the_one_form(one: Ports, other: Ports) -> None:
    for result in (one | other, one & other, one - other):
        assert result == Ports.of(result.ranges)


@given(SETS)
def test_what_is_written_can_be_read_again(ports: Ports) -> None:
    again = NO_PORT
    for name in ports.names():
        again |= Ports.parse(name)
    assert again == ports


@given(SETS)
def test_between_nothing_and_everything(ports: Ports) -> None:
    assert NO_PORT <= ports <= EVERY_PORT
    assert ports | EVERY_PORT == EVERY_PORT
    assert (EVERY_PORT - ports) | ports == EVERY_PORT
    assert not (EVERY_PORT - ports) & ports


def test_everything_is_every_number_of_every_protocol() -> None:
    assert Ports.of((protocol, 0, LAST) for protocol in PROTOCOLS) == EVERY_PORT


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("TCP/9500", (("TCP", 9500, 9500),)),
        ("UDP/53", (("UDP", 53, 53),)),
        ("SCTP/1-2", (("SCTP", 1, 2),)),
        ("TCP/10000-30000", (("TCP", 10000, 30000),)),
        ("TCP/7-7", (("TCP", 7, 7),)),
        ("TCP/0-65535", (("TCP", 0, 65535),)),
    ],
)
def test_how_ports_are_written(text: str, ranges: tuple[Range, ...]) -> None:
    assert Ports.parse(text).ranges == ranges


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9500",
        "TCP",
        "TCP/",
        "tcp/9500",
        "ICMP/1",
        "TCP/-1",
        "TCP/65536",
        "TCP/1-65536",
        "TCP/2-1",
        "TCP/1-",
        "TCP/1-2-3",
        "TCP/1,2",
        "TCP/ 1",
        "TCP/1\n",
        "TCP/123456",
        "TCP/٩٥٠٠",
        "TCP:9500",
    ],
)
def test_what_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not "):
        Ports.parse(text)


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        (NO_PORT, "no port"),
        (EVERY_PORT, "every port"),
        (Ports.parse("TCP/9500"), "TCP/9500"),
        (Ports.parse("UDP/53") | Ports.parse("TCP/1-9"), "TCP/1-9, UDP/53"),
        (Ports.parse("TCP/2") | Ports.parse("TCP/1"), "TCP/1-2"),
        (EVERY_PORT - Ports.parse("TCP/1"), "SCTP/0-65535, TCP/0, TCP/2-65535, UDP/0-65535"),
    ],
)
def test_ports_in_words(ports: Ports, words: str) -> None:
    assert str(ports) == words
