"""Objects by their labels, and all that may be known of them: what tests of selectors draw from."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from lhmigrate.model.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

Objects = list[dict[str, str]]


def objects(keys: Sequence[str], values: Sequence[str]) -> Objects:
    """Every object that carries any of these keys with any of these values."""
    return [
        {key: value for key, value in zip(keys, chosen, strict=True) if value}
        for chosen in product(["", *values], repeat=len(keys))
    ]


@st.composite
def knowledge(draw: st.DrawFn, there: Objects) -> Labels:
    """All, some or nothing of what could be known of one of these objects."""
    known, varying = {}, set()
    for key, value in draw(st.sampled_from(there)).items():
        match draw(st.sampled_from(["its value", "that it is there", "nothing"])):
            case "its value":
                known[key] = value
            case "that it is there":
                varying.add(key)
    return Labels(known, frozenset(varying), draw(st.booleans()))


def possible(labels: Labels, there: Objects) -> list[Labels]:
    """Every one of these objects of which this may be known."""
    keys = {*labels.known, *labels.varying}
    return [
        Labels(one)
        for one in there
        if labels.known.items() <= one.items() and (keys == one.keys() if labels.complete else keys <= one.keys())
    ]
