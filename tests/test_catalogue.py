"""The catalogue: every release is there, whole and consistent, and what is malformed is refused with its place."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from running import inside, program, written

from lhmigrate.files.fields import Fields, plain
from lhmigrate.longhorn import hops, specfile
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Usage, Version
from lhmigrate.reports.visible import visible

SPECS = shipped_specs()
CATALOGUE = Catalogue([SPECS])
GLOSSARY = CATALOGUE.glossary

# Issue 2: every release from 1.2.0 to 1.12.1, and two whose tags could not be read.
NEWEST = {
    "1.2": 6,
    "1.3": 3,
    "1.4": 4,
    "1.5": 5,
    "1.6": 4,
    "1.7": 3,
    "1.8": 2,
    "1.9": 2,
    "1.10": 2,
    "1.11": 3,
    "1.12": 1,
}
PREVIEWS = ["1.12.2", "1.13.0"]
RELEASED = [f"{line}.{patch}" for line, newest in NEWEST.items() for patch in range(newest + 1)]
VERSIONS = [Version.parse(text) for text in (*RELEASED, *PREVIEWS)]

every_release = pytest.mark.parametrize("version", VERSIONS, ids=str)


def data(file: Path, version: Version | None = None) -> Any:  # noqa: ANN401 - whatever the file holds
    """A catalogue file as plain data, as the reader sees it."""
    return plain(specfile.document(file, version).node)


def test_every_release_is_there() -> None:
    assert len(RELEASED) == 46
    assert CATALOGUE.versions == tuple(VERSIONS)
    assert {file.stem for file in SPECS.glob("[0-9]*")} == {str(version) for version in VERSIONS}


@every_release
def test_a_release_is_whole(version: Version) -> None:
    release = CATALOGUE.release(version)
    assert release.version == version
    assert Path(release.origin) == SPECS / f"{version}.yaml"
    assert bool(release.preview) == (str(version) in PREVIEWS)
    assert re.fullmatch(r">=1\.\d+", release.kubernetes)
    assert version.line in release.upgrade_from or version.patch == 0
    assert all(line <= version.line for line in release.upgrade_from)
    assert set(release.install_labels) == {"helm", "manifest"}
    assert "longhorn-manager" in release.components
    assert len(release.flows) > 30


@every_release
def test_every_name_of_a_release_means_something(version: Version) -> None:
    release = CATALOGUE.release(version)
    assert set(release.components) <= set(GLOSSARY.components)
    assert not set(release.components) & set(GLOSSARY.endpoints)
    for name, flow in release.flows.items():
        ends = {*flow.senders, *flow.receivers}
        assert ends <= {*release.components, *GLOSSARY.endpoints}, name
        assert flow.senders, name
        assert flow.receivers, name
        assert flow.ports, name
        assert set(flow.features) <= set(GLOSSARY.features), name
        sometimes = {label for end in flow.receivers if end in release.components
                     for label in release.components[end].sometimes}  # fmt: skip
        assert flow.to_pods_with <= sometimes, name


@every_release
def test_every_flow_says_what_it_is_for_and_what_breaks(version: Version) -> None:
    for name in CATALOGUE.release(version).flows:
        meaning = GLOSSARY.flows[name]
        assert meaning.purpose.strip(), name
        assert meaning.without.strip(), name


def test_nothing_in_the_glossary_is_left_over() -> None:
    releases = [CATALOGUE.release(version) for version in VERSIONS]
    flows = [flow for release in releases for flow in release.flows.values()]
    assert set(GLOSSARY.flows) == {flow.name for flow in flows}
    assert set(GLOSSARY.components) == {name for release in releases for name in release.components}
    ends = {end for flow in flows for end in (*flow.senders, *flow.receivers)}
    assert set(GLOSSARY.endpoints) == ends - set(GLOSSARY.components)
    assert set(GLOSSARY.features) == {name for flow in flows for name in flow.features}


def test_the_glossary_is_written_for_the_sentences_it_stands_in() -> None:
    words = [
        *(meaning.without for meaning in GLOSSARY.flows.values()),
        *(meaning.purpose for meaning in GLOSSARY.flows.values()),
        *(meaning.meaning for meaning in GLOSSARY.components.values()),
        *(meaning.meaning for meaning in GLOSSARY.endpoints.values()),
        *(feature.meaning for feature in GLOSSARY.features.values()),
    ]
    assert not [one for one in words if one.endswith(".") or one != one.strip() or "\n" in one]
    whole = [text for meaning in GLOSSARY.flows.values() for text in (meaning.caution, meaning.remark) if text]
    assert not [one for one in whole if not one.endswith(".") or "\n" in one]
    assert {feature.usage for feature in GLOSSARY.features.values()} == set(Usage)


def test_values_that_the_glossary_names_exist_where_they_matter() -> None:
    """A Helm value that opens a flow is a default of some release, or its name is misspelt."""
    known = {path for version in VERSIONS for path in CATALOGUE.release(version).values}
    assert {path for meaning in GLOSSARY.flows.values() for path in meaning.opened_by} <= known


def test_the_catalogue_shows_nothing_odd() -> None:
    for version in VERSIONS:
        text = (SPECS / f"{version}.yaml").read_text(encoding="utf-8")
        assert not [line for line in text.splitlines() if visible(line) != line], version


@every_release
def test_a_release_file_fits_its_schema(version: Version) -> None:
    schema = json.loads((SPECS / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data(SPECS / f"{version}.yaml", version))


@every_release
def test_an_evidence_file_fits_its_schema(version: Version) -> None:
    schema = json.loads((SPECS / "evidence" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data(SPECS / "evidence" / f"{version}.yaml", version))


@pytest.mark.parametrize("file", ["schema.json", "evidence/schema.json"])
def test_a_schema_is_one(file: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads((SPECS / file).read_text(encoding="utf-8")))


@every_release
def test_every_fact_has_evidence(version: Version) -> None:
    release, evidence = CATALOGUE.release(version), CATALOGUE.evidence(version)
    own = {"upgrade-from", "kubernetes", "install-labels", *({"values"} if release.values else ())}
    facts = {
        *(("own", name) for name in own),
        *(("components", name) for name in release.components),
        *(("flows", name) for name in release.flows),
        *(("policies", policy.name) for policy in release.policies),
    }
    assert {fact for fact, pointers in evidence.pointers.items() if pointers} == facts


@every_release
def test_every_pointer_is_well_formed(version: Version) -> None:
    evidence = CATALOGUE.evidence(version)
    for source, repository in evidence.sources.items():
        assert re.fullmatch(r"[\w-]+/[\w.-]+@[\w.+-]+", repository), source
    for fact, pointers in evidence.pointers.items():
        for pointer in pointers:
            if pointer.inferred:
                assert not pointer.source, fact
                continue
            assert pointer.source in evidence.sources, fact
            assert re.fullmatch(r"[^\s/:][^\s:]*", pointer.path), fact
            assert ".." not in pointer.path, fact
            assert pointer.line > 0, fact
            # A word, not a line: we point, we do not copy.
            assert 0 < len(pointer.word) <= 64, fact
            assert pointer.word == pointer.word.strip(), fact
            assert "\n" not in pointer.word, fact


@every_release
def test_same_as_names_a_full_release_before(version: Version) -> None:
    release = CATALOGUE.release(version)
    said = data(SPECS / f"{version}.yaml", version)
    assert ("same-as" in said) != ("flows" in said)
    if release.same_as is not None:
        base = CATALOGUE.release(release.same_as)
        assert base.same_as is None
        assert base.version < version
        assert (release.flows, release.components) == (base.flows, base.components)
        assert (release.policies, release.values) == (base.policies, base.values)


@pytest.mark.parametrize("line", [*NEWEST, "1.13"])
def test_a_minor_release_means_its_newest_that_is_no_preview(line: str) -> None:
    newest = f"{line}.{NEWEST.get(line, 0)}"
    assert [str(CATALOGUE.find(text)) for text in (line, f"v{line}", newest)] == [newest] * 3


@every_release
def test_every_later_release_can_be_reached(version: Version) -> None:
    old = CATALOGUE.release(version)
    for later in (one for one in VERSIONS if one > version):
        steps = hops.way(CATALOGUE, old, CATALOGUE.release(later)).hops
        assert (steps[0].old, steps[-1].new.version) == (old, later)
        assert all(before.new is after.old for before, after in pairwise(steps))
        for step in steps:
            assert step.new.accepts(step.old.version)
            assert step.old.version < step.new.version
        assert not [step.new for step in steps[:-1] if step.new.preview]
        assert len({step.new.version.line for step in steps}) == len(steps)


def test_no_minor_release_is_skipped() -> None:
    """Longhorn refuses to, and 1.2 to 1.12 is one minor release at a time."""
    steps = hops.way(CATALOGUE, CATALOGUE.find("1.2"), CATALOGUE.find("1.12")).hops
    assert [str(step.new) for step in steps] == [f"{line}.{NEWEST[line]}" for line in list(NEWEST)[1:]]


PAGE = data(SPECS / "networking-page.yaml")


def rows() -> list[tuple[str, dict[str, Any]]]:
    """Every row of the documentation page, and every verdict that it gets later, with where it stands."""
    found = []
    for section, parts in PAGE["sections"].items():
        for direction in ("ingress", "egress"):
            for number, row in enumerate(parts.get(direction) or ()):
                name = f"{section}, {direction} {number}"
                found.append((name, row))
                found += [(f"{name}, since {later['since']}", later) for later in row.get("later", ())]
    return found


@pytest.mark.parametrize("row", [row for _, row in rows()], ids=[name for name, _ in rows()])
def test_a_row_of_the_page_says_what_it_means(row: dict[str, Any]) -> None:
    assert set(row.get("flows", ())) <= set(GLOSSARY.flows)
    assert set(row.get("in", ())) <= set(PAGE["pages"])
    assert row["verdict"] in {"agrees", "imprecise", "wrong"}
    assert bool(row.get("because", "").strip()) == (row["verdict"] != "agrees")
    assert set(row.get("wrong-ports", ())) <= set(row.get("ports", row.get("wrong-ports", ())))
    if "since" in row:
        assert Version.parse(row["since"]) in CATALOGUE.versions
    else:
        assert row["peer"]
        assert row["line"] > 0


def test_the_page_has_its_wrong_rows_too() -> None:
    verdicts = [row["verdict"] for _, row in rows()]
    assert verdicts.count("wrong") >= 5
    assert verdicts.count("imprecise") >= 15
    components = {name for version in VERSIONS for name in CATALOGUE.release(version).components}
    for section in PAGE["sections"].values():
        named = section["component"]
        assert set(named if isinstance(named, list) else [named]) <= components


def test_the_page_of_every_release_is_known() -> None:
    pages = [one for page in PAGE["pages"].values() for one in page["versions"]]
    assert len(pages) == len(set(pages))
    # The page is as old as 1.2.2.
    assert {str(version) for version in VERSIONS} - set(pages) == {"1.2.0", "1.2.1"}


# Below: folders given with --specs.

GOOD = """\
release: 9.9.0
upgrade-from: ["1.12"]
kubernetes: ">=1.25"
install-labels: {helm: {}, manifest: {}}
values: {networkPolicies.enabled: true}
components:
  longhorn-manager: {labels: {app: longhorn-manager}, sometimes: {a/b: c}, ports: {manager: TCP/9500}}
flows:
  manager-to-manager: {from: longhorn-manager, to: longhorn-manager, ports: [TCP/9500], needs: [metrics]}
policies:
  longhorn-manager:
    installed-by: [helm]
    when: {networkPolicies.enabled: true}
    spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 9500}]}]}
"""


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path / "specs", {"9.9.0.yaml": GOOD})


@pytest.mark.usefixtures("specs")
def test_a_folder_adds_releases() -> None:
    run = inside("show", "9.9", "--specs", "specs")
    assert run.code == 0
    assert run.out.startswith("Longhorn 9.9.0\n")
    assert inside("check", "--release", "9.9", "--specs", "specs").code == 0
    assert inside("show", "9.9").code == 2
    planned = inside("plan", "--from", "1.11", "--to", "9.9", "--specs", "specs", "--format", "json").report
    assert [hop["to"] for hop in planned["hops"]] == ["1.12.1", "9.9.0"]


def test_a_folder_overrides_releases_and_a_report_says_so(specs: Path) -> None:
    written(specs, {"1.7.3.yaml": GOOD.replace("9.9.0", "1.7.3").replace("TCP/9500]", "TCP/9777]")})
    run = program("show", "1.7", "--specs", "specs")
    assert "TCP/9777" in run.out
    assert "specs/1.7.3.yaml" in run.out
    assert program("show", "1.7", "--specs", "specs", "--format", "json").report["spec"] == "specs/1.7.3.yaml"
    assert str(SPECS / "1.7.3.yaml") in program("show", "1.7", "--format", "json").report["spec"]
    listed = {one["release"]: one["spec"] for one in inside("releases", "--specs", "specs", "--format", "json").report[
        "releases"
    ]}  # fmt: skip
    assert listed["1.7.3"] == "specs/1.7.3.yaml"
    assert listed["1.7.2"] == str(SPECS / "1.7.2.yaml")


def test_of_several_folders_the_last_one_wins(specs: Path) -> None:
    written(specs.parent, {"more/9.9.0.yaml": GOOD.replace(">=1.25", ">=1.77")})
    for folders, floor in ((("specs", "more"), ">=1.77"), (("more", "specs"), ">=1.25")):
        options = [word for folder in folders for word in ("--specs", folder)]
        assert inside("show", "9.9", *options, "--format", "json").report["kubernetes"] == floor


# Each: what is replaced in the good file, by what, and the complaint.
MALFORMED = {
    "no YAML": ("policies:", "policies: [", "specs/9.9.0.yaml:1"),
    "two documents": (
        "components:",
        "---\ncomponents:",
        "specs/9.9.0.yaml: a catalogue file holds exactly one document",
    ),
    "a key twice": ("values:", "release: 9.9.0\nvalues:", "specs/9.9.0.yaml:5:1: the key 'release' stands here twice"),
    "another release inside": (
        "release: 9.9.0",
        "release: 9.9.1",
        "the file is named for 9.9.0, and the release inside",
    ),
    "no release inside": ("release: 9.9.0\n", "", "the file is named for 9.9.0, and the release inside is None"),
    "a key that nobody knows": (
        "values:",
        "valeus:",
        "specs/9.9.0.yaml:5:1: 9.9.0.yaml has no field 'valeus'; see the README of the catalogue",
    ),
    "a component's key that nobody knows": (
        "sometimes:",
        "sometime:",
        "specs/9.9.0.yaml:7:55: components.longhorn-man",
    ),
    "a flow's key that nobody knows": (
        "needs:",
        "need:",
        "specs/9.9.0.yaml:9:89: flows.manager-to-manager has no field",
    ),
    "a policy's key that nobody knows": (
        "when:",
        "if:",
        "specs/9.9.0.yaml:13:5: policies.longhorn-manager has no field",
    ),
    "no upgrade-from": ('upgrade-from: ["1.12"]\n', "", "specs/9.9.0.yaml:1:1: 9.9.0.yaml has no upgrade-from"),
    "upgrade-from a word": ('["1.12"]', "all", "specs/9.9.0.yaml:2:15: upgrade-from must be a list, not a string"),
    "upgrade-from no version": ('["1.12"]', "[any]", "specs/9.9.0.yaml:2:16: 'any' is not a Longhorn version"),
    "no floor": ('kubernetes: ">=1.25"\n', "", "specs/9.9.0.yaml:1:1: 9.9.0.yaml has no kubernetes"),
    "no components": (
        "components:",
        "components: null\nvalues2:",
        "specs/9.9.0.yaml:1:1: 9.9.0.yaml has no components",
    ),
    "components that are a list": (
        "components:\n",
        "components: []\nothers:\n",
        "specs/9.9.0.yaml:6:13: components must be an object, not a list",
    ),
    "a component that is a word": (
        "  longhorn-manager: {labels: {app: longhorn-manager}, sometimes: {a/b: c}, ports: {manager: TCP/9500}}",
        "  longhorn-manager: here",
        "specs/9.9.0.yaml:7:21: components.longhorn-manager must be an object, not a string",
    ),
    "a component without labels": (
        "{labels: {app: longhorn-manager}, ",
        "{",
        "specs/9.9.0.yaml:7:21: components.longhorn-manager has no labels",
    ),
    "a label that is a number": (
        "app: longhorn-manager}",
        "app: 5}",
        "specs/9.9.0.yaml:7:36: labels.app must be a str",
    ),
    "a component that the glossary does not have": (
        "components:\n",
        "components:\n  new-one: {labels: {}}\n",
        "specs/9.9.0.yaml:7:12: the glossary has no component new-one",
    ),
    "a component's port that is none": (
        "manager: TCP/9500",
        "manager: 9500/TCP",
        "specs/9.9.0.yaml:7:93: '9500/TCP' is not written like TCP/9500",
    ),
    "a flow without ports": (
        "ports: [TCP/9500], ",
        "",
        "specs/9.9.0.yaml:9:23: flows.manager-to-manager has no ports",
    ),
    "a flow's port that is none": (
        "[TCP/9500]",
        "[TCP/95000]",
        "specs/9.9.0.yaml:9:78: 'TCP/95000' is not a range of ports",
    ),
    "a flow from nowhere": (
        "from: longhorn-manager, ",
        "",
        "specs/9.9.0.yaml:9:23: flows.manager-to-manager has no from",
    ),
    "a flow from nobody": ("from: longhorn-manager", "from: []", "specs/9.9.0.yaml:9:30: from names nobody"),
    "a flow from somebody unknown": (
        "from: longhorn-manager",
        "from: [longhorn-manager, stranger]",
        "specs/9.9.0.yaml:9:30: stranger is no component of this release and no endpoint of the glossary",
    ),
    "a flow to somebody unknown": (
        "to: longhorn-manager",
        "to: stranger",
        "specs/9.9.0.yaml:9:52: stranger is no component of this release and no endpoint of the glossary",
    ),
    "a flow that the glossary does not have": (
        "manager-to-manager:",
        "manager-to-moon:",
        "specs/9.9.0.yaml:9:20: the glossary has no flow manager-to-moon",
    ),
    "a feature that the glossary does not have": (
        "needs: [metrics]",
        "needs: [magic]",
        "specs/9.9.0.yaml:9:96: there is no feature magic",
    ),
    "an engine that the glossary does not have": (
        "needs: [metrics]",
        "engine: v3",
        "specs/9.9.0.yaml:9:97: there is no feature v3-data-engine",
    ),
    "labels that no receiver ever has": (
        "needs: [metrics]",
        "to-pods-with: [x]",
        "specs/9.9.0.yaml:9:103: no pod that it goes to ever carries x",
    ),
    "a node that is none": (
        "needs: [metrics]",
        "node: there",
        "specs/9.9.0.yaml:9:95: node is one of same, other, any",
    ),
    "a boolean that is a word": (
        "needs: [metrics]",
        "any-port: maybe",
        "specs/9.9.0.yaml:9:99: any-port must be true or",
    ),
    "values that are a list": (
        "{networkPolicies.enabled: true}\ncomp",
        "[]\ncomp",
        "specs/9.9.0.yaml:5:9: values must be",
    ),
    "install labels that are a word": (
        "{helm: {}, manifest: {}}",
        "{helm: x}",
        "specs/9.9.0.yaml:4:24: install-labels.helm must be an object, not a string",
    ),
    "conditions that are a list": (
        "when: {networkPolicies.enabled: true}",
        "when: []",
        "specs/9.9.0.yaml:13:11: when must be an object, not a list",
    ),
    "a policy without a spec": (
        "spec:",
        "namespace: x #",
        "specs/9.9.0.yaml:12:5: policies.longhorn-manager has no spec",
    ),
    "a policy that the API server would refuse": (
        "{port: 9500}",
        "{port: 95000}",
        "specs/9.9.0.yaml:14:79: with these Helm values, Longhorn's NetworkPolicy longhorn-manager cannot be read",
    ),
}


@pytest.mark.parametrize(("part", "by", "says"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_release_is_refused_with_its_place(specs: Path, part: str, by: str, says: str) -> None:
    assert GOOD.count(part) >= 1
    written(specs, {"9.9.0.yaml": GOOD.replace(part, by, 1)})
    run = inside("check", "--release", "9.9", "--specs", "specs")
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert run.err.startswith("lhmigrate: specs/9.9.0.yaml")
    assert run.err.count("\n") == 1


ALIAS = 'release: {0}\nsame-as: {1}\nupgrade-from: ["1.12"]\nkubernetes: ">=1.25"\n'
ALIASES = {
    "same as nobody": ({"9.9.1": "9.7.0"}, "specs/9.9.1.yaml:2:10: same-as names 9.7.0, which has no file"),
    "same as no version": ({"9.9.1": "this"}, "specs/9.9.1.yaml:2:10: 'this' is not a Longhorn version"),
    "same as a minor release": ({"9.9.1": "v9.9"}, "specs/9.9.1.yaml:2:10: same-as names 9.9, which has no file"),
    "same as itself": ({"9.9.1": "9.9.1"}, "same-as names 9.9.1, which is itself the same as another"),
    "same as another alias": (
        {"9.9.1": "9.9.0", "9.9.2": "9.9.1"},
        "specs/9.9.2.yaml:2:10: same-as names 9.9.1, which",
    ),
    "in a circle": ({"9.9.1": "9.9.2", "9.9.2": "9.9.1"}, "same-as names 9.9.2, which is itself the same"),
}


@pytest.mark.parametrize(("files", "says"), ALIASES.values(), ids=ALIASES.keys())
def test_an_alias_names_a_full_release(specs: Path, files: dict[str, str], says: str) -> None:
    written(specs, {f"{name}.yaml": ALIAS.format(name, base) for name, base in files.items()})
    run = inside("show", max(files), "--specs", "specs")
    assert (run.code, run.out) == (2, "")
    assert says in run.err


def test_an_alias_has_the_network_of_its_base(specs: Path) -> None:
    written(specs, {"9.9.1.yaml": ALIAS.format("9.9.1", "9.9.0") + "preview: not yet\n"})
    alias, base = (inside("show", one, "--specs", "specs", "--format", "json").report for one in ("9.9.1", "9.9.0"))
    assert {key for key in alias if alias[key] != base[key]} == {"release", "same_as", "preview", "spec"}
    assert alias["same_as"] == "9.9.0"
    assert inside("diff", "--from", "9.9.0", "--to", "9.9.1", "--specs", "specs").code == 0
    assert inside("show", "9.9", "--specs", "specs", "--format", "json").report["release"] == "9.9.0"
    assert "(its network is that of 9.9.0)" in inside("show", "9.9.1", "--specs", "specs").out


FILES = {
    "a minor release": ("9.9.yaml", "specs/9.9.yaml: a catalogue file is named for one release, like 1.7.2.yaml"),
    "a candidate": ("9.9.1-rc1.yaml", "specs/9.9.1-rc1.yaml: '9.9.1-rc1' is not a Longhorn version"),
}


@pytest.mark.parametrize(("name", "says"), FILES.values(), ids=FILES.keys())
def test_a_file_is_named_for_its_release(specs: Path, name: str, says: str) -> None:
    written(specs, {name: GOOD})
    run = inside("show", "9.9.0", "--specs", "specs")
    assert (run.code, run.out) == (2, "")
    assert says in run.err


def test_a_file_that_cannot_be_read_is_refused(specs: Path) -> None:
    written(specs, {"9.9.0.yaml": GOOD.encode("utf-16")})
    assert (
        inside("show", "9.9.0", "--specs", "specs").err
        == "lhmigrate: specs/9.9.0.yaml: is not UTF-8 (in the catalogue)\n"
    )
    (specs / "9.9.0.yaml").unlink()
    (specs / "9.9.0.yaml").symlink_to("gone")
    run = inside("show", "9.9.0", "--specs", "specs")
    assert run.err == "lhmigrate: specs/9.9.0.yaml: cannot be read: No such file or directory (in the catalogue)\n"


WORDS = """\
components: {longhorn-manager: {is: x}}
endpoints: {node: {kind: node, called: x, is: x}}
features: {metrics: {is: x, used-by: some, used-when: {a.b: true}}, v1-data-engine: {is: x, used-by: everyone}}
flows: {manager-to-manager: {for: x, without: z}}
"""
MALFORMED_WORDS = {
    "a key that nobody knows": ("flows:", "flow:", "glossary.yaml:4:1: glossary.yaml has no field 'flow'"),
    "a flow's key that nobody knows": ("for: x", "foor: x", "glossary.yaml:4:29: flows.manager-to-manager has no for"),
    "one key too many": (
        "for: x",
        "for: x, four: x",
        "glossary.yaml:4:38: flows.manager-to-manager has no field 'four'",
    ),
    "a kind of endpoint that nobody knows": (
        "kind: node",
        "kind: moon",
        "glossary.yaml:2:26: kind is one of node, kube",
    ),
    "a usage that nobody knows": (
        "used-by: some",
        "used-by: me",
        "glossary.yaml:3:38: used-by is one of everyone, some",
    ),
    "a condition that is a word": (
        "{a.b: true}",
        "a.b",
        "glossary.yaml:3:55: used-when must be an object, not a string",
    ),
    "no YAML": ("flows: {", "flows: [", "glossary.yaml:4:"),
}


@pytest.mark.parametrize(("part", "by", "says"), MALFORMED_WORDS.values(), ids=MALFORMED_WORDS.keys())
def test_a_malformed_glossary_is_refused_with_its_place(specs: Path, part: str, by: str, says: str) -> None:
    written(specs, {"glossary.yaml": WORDS})
    assert inside("check", "--release", "9.9", "--specs", "specs").code == 0
    written(specs, {"glossary.yaml": WORDS.replace(part, by, 1)})
    run = inside("check", "--release", "9.9", "--specs", "specs")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"lhmigrate: specs/{says}")


def test_a_document_is_whatever_its_place_says(specs: Path) -> None:
    fields = specfile.document(specs / "9.9.0.yaml")
    assert isinstance(fields, Fields)
    assert fields.node.place.file == str(specs / "9.9.0.yaml")
