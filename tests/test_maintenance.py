"""The maintainers' commands, on a small upstream of our own: what holds, what moved, what vanished, what is new."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import Evidence, Pointer, Version
from maintenance.new_release import make
from maintenance.newer import issue, lacked
from maintenance.pointers import State, check, stands_in
from maintenance.upstream import Upstream
from maintenance.verify import main, mend

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "v1.0.0": {"types.go": ["package types", "", "const APIPort = 9500", "const Webhook = 9502"]},
    "v1.0.1": {"types.go": ["package types", "", "// ports", "const APIPort = 9500", "const Webhook = 9502"]},
    "v1.1.0": {
        "types.go": ["package types", "", "// ports", "const APIPort = 9501"],
        "new.go": ["const Recovery = 9503"],
    },
}


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    """A clone of one repository with three releases, beside a tag that is no release."""
    clone = tmp_path / "clones" / "thing"
    clone.mkdir(parents=True)
    git(clone, "init", "--quiet")
    for tag, files in FILES.items():
        for name, lines in files.items():
            (clone / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        git(clone, "add", ".")
        git(clone, "commit", "--quiet", "--message", tag)
        git(clone, "tag", tag)
    git(clone, "tag", "v1.2.0-rc1")
    return Upstream(tmp_path / "clones")


def states(upstream: Upstream, tag: str, *pointers: Pointer) -> list[tuple[State, int]]:
    evidence = Evidence({"thing": f"some/thing@{tag}"}, {("flows", "a"): pointers})
    return [(one.state, one.line) for one in check(evidence, upstream)]


@pytest.mark.parametrize(
    ("tag", "pointer", "expected"),
    [
        pytest.param("v1.0.0", ("types.go", 3, "APIPort = 9500"), (State.HELD, 3), id="the word stands in its line"),
        pytest.param("v1.0.1", ("types.go", 3, "APIPort = 9500"), (State.MOVED, 4), id="the word is one line further"),
        pytest.param("v1.1.0", ("types.go", 4, "APIPort = 9500"), (State.VANISHED, 0), id="a port that is off by one"),
        pytest.param(
            "v1.0.0", ("types.go", 3, "Webhook = 9500"), (State.VANISHED, 0), id="the name of another constant"
        ),
        pytest.param("v1.0.1", ("new.go", 1, "Recovery = 9503"), (State.VANISHED, 0), id="a flow a release too early"),
        pytest.param("v1.1.0", ("new.go", 1, "Recovery = 9503"), (State.HELD, 1), id="the same flow in its release"),
        pytest.param("v1.0.0", ("types.go", 3, "APIPort = 950"), (State.VANISHED, 0), id="half a word is no word"),
        pytest.param("v1.0.0", ("types.go", 99, "APIPort = 9500"), (State.MOVED, 3), id="a line after the last one"),
        pytest.param("v9.9.9", ("types.go", 3, "APIPort = 9500"), (State.VANISHED, 0), id="a tag that is not there"),
    ],
)
def test_a_pointer_is_checked(
    upstream: Upstream, tag: str, pointer: tuple[str, int, str], expected: tuple[State, int]
) -> None:
    assert states(upstream, tag, Pointer("thing", *pointer)) == [expected]


def test_an_inferred_fact_is_counted_as_such(upstream: Upstream) -> None:
    assert states(upstream, "v1.0.0", Pointer("", "", 0, "", "nobody says so")) == [(State.INFERRED, 0)]


@pytest.mark.parametrize(
    ("word", "line", "stands"),
    [
        pytest.param("9500", "port: 9500", True, id="a number"),
        pytest.param("9500", "port: 95001", False, id="the beginning of a number"),
        pytest.param("app: longhorn-ui", "    app: longhorn-ui", True, id="a label"),
        pytest.param("app: longhorn-ui", "    myapp: longhorn-ui", False, id="the end of another label"),
        pytest.param("()] = Share", "labels[key()] = Share", True, id="punctuation has no bounds"),
    ],
)
def test_a_word_stands_as_a_whole(word: str, line: str, stands: bool) -> None:
    assert stands_in(word, line) is stands


def test_only_tags_of_releases_count(upstream: Upstream) -> None:
    assert upstream.releases("some/thing") == ["v1.0.0", "v1.0.1", "v1.1.0"]


def catalogue_of_a_thing(folder: Path) -> Path:
    """A catalogue with one release of the small upstream."""
    (folder / "evidence").mkdir(parents=True)
    for name in ("glossary.yaml", "networking-page.yaml"):
        shutil.copy(shipped_specs() / name, folder / name)
    (folder / "watched.yaml").write_text("thing: [types.go, new.go]\n", encoding="utf-8")
    (folder / "1.0.0.yaml").write_text(
        'release: 1.0.0\nupgrade-from: ["0.9"]\nkubernetes: ">=1.25"\ninstall-labels: {helm: {}, manifest: {}}\n'
        "components: {}\nflows: {}\n",
        encoding="utf-8",
    )
    (folder / "evidence" / "1.0.0.yaml").write_text(
        "# The evidence of 1.0.0.yaml.\nrelease: 1.0.0\nsources:\n  thing: some/thing@v1.0.0\nown: {}\ncomponents: {}\n"
        'flows:\n  a:\n    - {in: thing, at: "types.go:3", word: "APIPort = 9500"}\n'
        '    - {in: thing, at: "types.go:4", word: "Webhook = 9502"}\npolicies: {}\n',
        encoding="utf-8",
    )
    return folder


def test_a_new_release_where_only_lines_moved(tmp_path: Path, upstream: Upstream) -> None:
    specs = catalogue_of_a_thing(tmp_path / "specs")
    made = make(specs, Version(1, 0, 1), upstream, alias=True)
    assert (made.vanished, made.untagged) == ([], [])
    assert any("types.go" in line for line in made.watched)
    catalogue = Catalogue([specs])
    assert catalogue.release(Version(1, 0, 1)).same_as == Version(1, 0, 0)
    assert catalogue.release(Version(1, 0, 1)).upgrade_from == (Version(0, 9), Version(1, 0))
    evidence = catalogue.evidence(Version(1, 0, 1))
    assert evidence.sources == {"thing": "some/thing@v1.0.1"}
    assert [one.state for one in check(evidence, upstream)] == [State.HELD, State.HELD]


def test_a_new_release_in_which_a_fact_changed(tmp_path: Path, upstream: Upstream) -> None:
    specs = catalogue_of_a_thing(tmp_path / "specs")
    made = make(specs, Version(1, 1, 0), upstream, alias=False)
    assert [one.pointer.word for one in made.vanished] == ["APIPort = 9500", "Webhook = 9502"]
    assert any("new.go" in line for line in made.watched)
    assert Catalogue([specs]).release(Version(1, 1, 0)).upgrade_from == (Version(1, 0), Version(1, 1))


def test_mending_writes_lines_and_nothing_else(tmp_path: Path, upstream: Upstream) -> None:
    specs = catalogue_of_a_thing(tmp_path / "specs")
    file = specs / "evidence" / "1.0.0.yaml"
    text = file.read_text(encoding="utf-8").replace("@v1.0.0", "@v1.0.1")
    file.write_text(text, encoding="utf-8")
    mend(file, list(check(Catalogue([specs]).evidence(Version(1, 0, 0)), upstream)))
    expected = text.replace("types.go:4", "types.go:5").replace("types.go:3", "types.go:4")
    assert file.read_text(encoding="utf-8") == expected


def test_a_release_that_the_catalogue_lacks_becomes_an_issue() -> None:
    catalogue = Catalogue([shipped_specs()])
    lacking = lacked(catalogue, ["v1.1.3", "v1.12.1", "v1.12.2", "v9.0.0"])
    assert [str(version) for version in lacking] == ["1.12.2", "9.0.0"], "a preview is lacking too, once it is tagged"
    assert "make spec V=9.0.0" in issue(lacking)


def test_missing_clones_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "1.7.0"]) == 2
    assert "longhorn/longhorn-manager" in capsys.readouterr().err
