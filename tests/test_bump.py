"""What a change does to a tree's versions: which installation is which on both sides, and what is near to each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lhmigrate.bumps import bump
from lhmigrate.bumps.bump import Change, compare
from lhmigrate.declarations.declaration import Declaration, HelmValues, spelled
from lhmigrate.errors import Place


def installation(
    file: str,
    version: str = "1.6.4",
    name: str = "longhorn",
    shape: str = "a shape",
    namespace: str | None = None,
    environment: str = "",
) -> Declaration:
    return Declaration(
        shape=shape,
        file=file,
        name=name,
        pin=spelled(version, Place(file, 1, 1)),
        namespace=namespace,
        environment=environment or file,
    )


def pairs(
    base: list[Declaration], head: list[Declaration], renamed: dict[str, str] | None = None
) -> list[tuple[str, str]]:
    """Which is which, by the names of both sides."""
    found = compare(base, head, renamed or {})
    return [(pair.old.environment, pair.new.environment) for pair in (*found.moving, *found.staying)]


LIKENESSES = {
    "the same file": ([installation("a")], [installation("a")], [("a", "a")]),
    "one file among several": (
        [installation("a"), installation("b")],
        [installation("b"), installation("a")],
        [("b", "b"), ("a", "a")],
    ),
    "a file that became one of several installations": (
        [installation("a")],
        [installation("a", environment="a (longhorn)"), installation("a", name="two", environment="a (two)")],
        [("a", "a (longhorn)")],
    ),
    "the same object in another file": (
        [installation("a", namespace="x"), installation("b", namespace="y")],
        [installation("c", namespace="y"), installation("d", namespace="x")],
        [("b", "c"), ("a", "d")],
    ),
    "the only one that is gone is the only one that is new": (
        [installation("a"), installation("b", shape="x", name="p")],
        [installation("a"), installation("c", shape="y", name="q")],
        [("a", "a"), ("b", "c")],
    ),
    "two that are gone and two that are new, all alike": (
        [installation("a"), installation("b")],
        [installation("c"), installation("d")],
        [],
    ),
    "nothing before": ([], [installation("a")], []),
    "nothing after": ([installation("a")], [], []),
}


@pytest.mark.parametrize(("base", "head", "expected"), LIKENESSES.values(), ids=LIKENESSES.keys())
def test_an_installation_is_found_again(
    base: list[Declaration], head: list[Declaration], expected: list[tuple[str, str]]
) -> None:
    assert pairs(base, head) == expected


def test_what_git_calls_a_rename_is_one() -> None:
    base = [installation("a"), installation("b")]
    head = [installation("c"), installation("d")]
    assert pairs(base, head, {"c": "b", "d": "a"}) == [("b", "c"), ("a", "d")]


files = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)
versions = st.sampled_from(["1.6.4", "1.7.3", "v1.7.3", "^1.7", ""])
sides = st.builds(
    lambda names, written: [installation(name, version) for name, version in zip(names, written, strict=False)],
    files,
    st.lists(versions, min_size=5, max_size=5),
)


@given(sides, sides)
def test_every_installation_has_exactly_one_fate(base: list[Declaration], head: list[Declaration]) -> None:
    found = compare(base, head)
    now = [pair.environment for pair in (*found.moving, *found.staying)]
    now += [one.environment for one in found.refused] + [one.environment for one in found.added]
    assert sorted(now) == sorted(one.environment for one in head)
    was = {pair.old.environment for pair in (*found.moving, *found.staying)}
    assert not was & {one.environment for one in found.removed}
    for pair in found.moving:
        assert pair.old.pin.version != pair.new.pin.version
        assert None not in {pair.old.pin.version, pair.new.pin.version}


@given(sides, sides)
def test_what_is_new_is_never_called_so_where_something_is_gone(
    base: list[Declaration], head: list[Declaration]
) -> None:
    found = compare(base, head)
    assert not (found.added and found.removed)


def test_two_that_are_gone_and_two_that_are_new_are_a_riddle() -> None:
    found = compare([installation("a"), installation("b", "1.7.3")], [installation("c"), installation("d")])
    assert [str(one.problem) for one in found.refused] == [
        f"{file}:1:1: is declared here now, and may be what was declared before in a (1.6.4) and b (1.7.3); "
        "pass --from and --to by hand"
        for file in ("c", "d")
    ]


@given(sides)
def test_nothing_moves_where_nothing_changes(side: list[Declaration]) -> None:
    found = compare(side, side)
    assert (found.moving, found.refused, found.added, found.removed) == ((), (), (), ())


NEAR = {
    "in its folder": ("clusters/prod/np.yaml", True, False),
    "below its folder": ("clusters/prod/policies/np.yaml", True, False),
    "beside another": ("clusters/dev/np.yaml", False, True),
    "above both": ("clusters/np.yaml", True, True),
    "somewhere else": ("policies/np.yaml", True, True),
    "beside the values of one": ("values/prod/np.yaml", True, False),
    "beside what both are made of": ("base/np.yaml", True, True),
}


@pytest.mark.parametrize(("file", "prod", "dev"), NEAR.values(), ids=NEAR.keys())
def test_a_policy_belongs_to_what_it_is_nearest_to(file: str, prod: bool, dev: bool) -> None:
    values = HelmValues(sources=(Place("values/prod/v.yaml", 1, 1),))
    one = replace(installation("clusters/prod/lh.yaml"), parts=("base/lh.yaml",), values=values)
    other = replace(installation("clusters/dev/lh.yaml"), parts=("base/lh.yaml",))
    assert bump.belongs(file, one, [one, other]) == prod
    assert bump.belongs(file, other, [one, other]) == dev


paths = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map("/".join)


@given(paths, st.lists(paths, min_size=1, max_size=4))
def test_every_policy_belongs_to_somebody(file: str, others: list[str]) -> None:
    among = [installation(f"{path}/lh.yaml") for path in others]
    assert any(bump.belongs(f"{file}/np.yaml", one, among) for one in among)


# Each: the text before and after, and the line at which a version is suspected to be Longhorn's; None: none is.
SUSPECTS = {
    "a version beside the name": ("longhorn: 1.6.4\n", "longhorn: 1.7.3\n", 1),
    "a version some lines below": ("# Longhorn\n\n\nv: v1.6.4\n", "# Longhorn\n\n\nv: v1.7.3\n", 4),
    "a version far away": ("longhorn\n" + "\n" * 9 + "1.6.4\n", "longhorn\n" + "\n" * 9 + "1.7.3\n", None),
    "nobody names Longhorn": ("traefik: 1.6.4\n", "traefik: 1.7.3\n", None),
    "only the name changes": ("longhorn: 1.6.4\n", "the longhorn: 1.6.4\n", None),
    "a version that comes": ("longhorn\n", "longhorn 1.7.3\n", None),
    "an address": ("longhorn: 10.0.0.1\n", "longhorn: 10.0.0.2\n", None),
    "one of two environments": ("longhorn:\n- 1.6.4\n- 1.6.4\n", "longhorn:\n- 1.6.4\n- 1.7.3\n", 3),
    "an environment that follows another": ("longhorn:\n- 1.6.4\n- 1.7.3\n", "longhorn:\n- 1.7.3\n- 1.7.3\n", 2),
    "versions that change places": ("longhorn:\n- 1.6.4\n- 1.7.3\n", "longhorn:\n- 1.7.3\n- 1.6.4\n", None),
    "a release candidate": ("longhorn: 1.7.0-rc1\n", "longhorn: 1.7.0-rc2\n", 1),
}


@pytest.mark.parametrize(("old", "new", "line"), SUSPECTS.values(), ids=SUSPECTS.keys())
def test_a_version_beside_a_mention_is_suspected(old: str, new: str, line: int | None) -> None:
    found = bump.suspects([Change("lh.nix", old, new)], frozenset(), frozenset())
    assert [one.problem.place.line for one in found] == ([] if line is None else [line])


# Each: what changes in a file that mentions Longhorn nowhere; 1.6.4 and 1.7.3 are releases, and `storage` is the name
# under which Longhorn's version is asked for.
HINTED = {
    "the name, and a release": (Change("env.yaml", "storage: 1.6.4", "storage: 1.7.3"), True),
    "the name, and a release that is not known yet": (Change("env.yaml", "storage: 1.7.3", "storage: 1.8.0"), True),
    "the name, and no release": (Change("env.yaml", "storage: 5.0.1", "storage: 5.0.2"), False),
    "a part of another name": (Change("env.yaml", "storage-class: 1.6.4", "storage-class: 1.7.3"), False),
    "another name": (Change("env.yaml", "queue: 1.6.4", "queue: 1.7.3"), False),
    "the folder is Longhorn's": (Change("apps/longhorn/config.json", '"version": "1.6.4"', '"version": "1.7.3"'), True),
    "the file is Longhorn's": (Change("longhorn.env", "VERSION=v1.6.4", "VERSION=v1.7.3"), True),
    "something else in the folder": (
        Change("longhorn/proxy.yaml", "kind: HelmRelease\nversion: 1.6.4", "kind: HelmRelease\nversion: 1.7.3"),
        False,
    ),
}


@pytest.mark.parametrize(("change", "suspected"), HINTED.values(), ids=HINTED.keys())
def test_a_version_may_be_told_where_nothing_mentions_longhorn(change: Change, suspected: bool) -> None:
    hints, releases = [bump.Hint("storage", "may be Longhorn's")], frozenset({"1.6.4", "1.7.3"})
    found = bump.suspects([change], frozenset(), frozenset(), hints, releases)
    assert bool(found) is suspected


def test_that_another_installation_moves_so_is_no_plan_for_what_is_filled_in() -> None:
    change = Change("env.yaml", "storage: 1.6.4", "storage: 1.7.3")
    told = frozenset({"1.6.4", "1.7.3"})
    assert bump.suspects([change], frozenset(), told, [bump.Hint("storage", "may be Longhorn's")], told)


UNSUSPECTED = {
    "a file that was read": Change("read.yaml", "longhorn: 1.6.4", "longhorn: 1.7.3"),
    "a document for people": Change("docs/notes.md", "longhorn: 1.6.4", "longhorn: 1.7.3"),
    "a file that is new": Change("lh.nix", None, "longhorn: 1.7.3"),
    "a file that is gone": Change("lh.nix", "longhorn: 1.6.4", None),
    "the bump that is told already": Change("lh.nix", "longhorn: 1.5.5", "longhorn: v1.6.4"),
}


@pytest.mark.parametrize("change", UNSUSPECTED.values(), ids=UNSUSPECTED.keys())
def test_what_is_no_riddle_is_not_suspected(change: Change) -> None:
    assert bump.suspects([change], frozenset({"read.yaml"}), frozenset({"1.5.5", "1.6.4"})) == []
