"""The documents keep their word: what they show is run, what they name is there.

A block marked `console` is a session: a line that begins with `$ ` is run by a shell, and what follows is what it
must print on both streams, with a line `...` for any lines left out. A `yaml` block whose first line is a comment
with a file's name is that file for the sessions after it on the same page. Sessions run in a folder that holds those
files and the checkout's `examples`. `make golden` rewrites what sessions print and the tables marked as generated.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import typer.main
import yaml
from api_server import serving
from live_cluster import managers, policy, running
from repositories import SETTINGS, alone
from running import inside, shell, written

from lhmigrate.cli import app
from lhmigrate.files import manifests
from lhmigrate.findings.findings import Code
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.longhorn.release import EndpointKind
from lhmigrate.model.cni import CNIS
from lhmigrate.reports.account import FLOWS
from maintenance import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lhmigrate.longhorn.release import Glossary

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FINDINGS = DOCS / "findings"
CONFIGURATION = DOCS / "configuration.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
LEFT_OUT = "..."

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# ([\w./-]+\.yaml)\n")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_GENERATED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return [body for found, body in _BLOCK.findall(text_of(page)) if found == language]


with_sessions = pytest.mark.parametrize("page", [one for one in PAGES if blocks(one, "console")], ids=name_of)
every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@dataclass
class Step:
    """One command of a session, and what the page shows that it prints."""

    command: str
    shown: list[str]


def steps(session: str) -> list[Step]:
    found: list[Step] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], []))
        elif found and not found[-1].shown and found[-1].command.endswith("\\"):
            found[-1].command += "\n" + line
        else:
            found[-1].shown.append(line)
    return found


class Reader:
    """Somebody who follows a page: holds its files in a folder, and types its commands there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._code = 0
        alone(monkeypatch, folder.parent)
        (folder / "examples").symlink_to(ROOT / "examples")
        monkeypatch.chdir(folder)

    def hold(self, block: str) -> None:
        if found := _FILE_NAME.match(block):
            written(Path(), {found[1]: block})

    def type(self, command: str) -> list[str]:
        # A session's `$?` is the code of the command before it.
        done = shell(f"exec 2>&1; (exit {self._code})\n{command}", COLUMNS="100", **SETTINGS)
        self._code = done.code
        return done.out.splitlines()


def fits(shown: list[str], printed: list[str]) -> bool:
    pattern = "".join("(?:.*\n)+?" if line == LEFT_OUT else f"{re.escape(line)}\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def refreshed(shown: list[str], printed: list[str]) -> list[str]:
    """What a page should show: as many paragraphs of each part as before, found by the part's first line."""
    if fits(shown, printed):
        return shown
    if LEFT_OUT not in shown:
        return printed
    first, *between, last = [part.strip("\n").splitlines() for part in "\n".join(shown).split(f"\n{LEFT_OUT}")]
    kept = paragraphs(printed, like=first)
    for part in between:
        at = printed.index(part[0]) if part[0] in printed else len(printed)
        kept += [LEFT_OUT, *paragraphs(printed[at:], like=part)]
    return [*kept, LEFT_OUT, *reversed(paragraphs(printed[::-1], like=last))]


def paragraphs(lines: list[str], *, like: list[str]) -> list[str]:
    """So many lines that they hold as many paragraphs as the others do."""
    if not like:
        return []
    ends = [at for at, line in enumerate([*lines, ""]) if not line]
    return lines[: ends[min(like.count(""), len(ends) - 1)]]


@with_sessions
def test_a_session_prints_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    reader = Reader(tmp_path, monkeypatch)

    def played(block: re.Match[str]) -> str:
        language, body = block.groups()
        if language == "yaml":
            reader.hold(body)
        if language != "console":
            return block[0]
        lines: list[str] = []
        for step in steps(body):
            printed = reader.type(step.command)
            if not update:
                real = "\n".join(printed)
                assert fits(step.shown, printed), f"run `make golden`: `{step.command}` now prints\n{real}"
            lines += [f"$ {step.command}", *(refreshed(step.shown, printed) if update else step.shown)]
        return "```console\n" + "".join(f"{line}\n" for line in lines) + "```"

    text = _BLOCK.sub(played, text_of(page))
    if update:
        page.write_text(text, encoding="utf-8")


@every_page
def test_yaml_that_is_shown_can_be_read(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert list(yaml.safe_load_all(block))
        if page.stem != Code.UNREAD_POLICY.value:
            assert manifests.read(block, page.name).unread == ()


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_BLOCK.sub("", text_of(page))):
        if re.match(r"https?:", link):
            continue
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        if heading:
            assert heading in {anchor(one) for one in re.findall(r"^#+ (.*)$", text_of(target), re.MULTILINE)}, link


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@every_page
def test_commands_that_are_only_named_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    code = "\n".join(blocks(page, "sh")) + "\n".join(re.findall(r"(?<!`)`([^`\n]+)`", _BLOCK.sub("", text_of(page))))
    for target in re.findall(r"^make ([a-z-]+)", code, re.MULTILINE):
        assert target in targets, f"make {target}"
    for command, rest in re.findall(r"lhmigrate ([a-z]+)\b([^|\n]*)", code):
        known = options()[command]
        for word in shlex.split(rest, comments=True):
            assert not word.startswith("--") or word in known, f"lhmigrate {command} {word}"


def options() -> dict[str, set[str]]:
    """Every option, by command."""
    group: Any = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        for name, command in group.commands.items()
    }


def test_every_option_is_told() -> None:
    text = text_of(CONFIGURATION)
    missing = {option for found in options().values() for option in found if f"`{option}" not in text}
    assert not missing


def test_every_key_of_the_configuration_is_told() -> None:
    schema = json.loads(text_of(DOCS / "lhmigrate.schema.json"))
    text = text_of(CONFIGURATION)
    assert not {key for key in schema["properties"] if f"`{key}`" not in text}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_every_code_has_a_page_that_shows_it(code: Code) -> None:
    page = FINDINGS / f"{code.value}.md"
    assert text_of(page).startswith(f"# {code.value}\n\n")
    sessions = "\n".join(blocks(page, "console"))
    assert re.search(rf"^ +{re.escape(FLOWS.get(code, code.value))} ", sessions, re.MULTILINE)


def test_every_page_of_a_finding_has_a_code() -> None:
    assert {page.stem for page in FINDINGS.glob("*.md")} - {"README"} == {code.value for code in Code}


def glossary() -> Glossary:
    return Catalogue([shipped_specs()]).glossary


def table(*rows: tuple[str, ...]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body, ""])


def features() -> str:
    def shows(used_when: Mapping[str, Any]) -> str:
        return ", ".join(f"`{path}`" for path in used_when)

    known = glossary().features.values()
    rows = ((f"`{one.name}`", one.meaning, one.usage.value, shows(one.used_when)) for one in known)
    return table(("feature", "what it is", "used by", "a Helm value that shows it"), *rows)


def peers() -> str:
    kinds = {
        EndpointKind.NODE: "addresses",
        EndpointKind.KUBELET: "nothing: it always gets through",
        EndpointKind.API_SERVER: "addresses",
        EndpointKind.DNS: "pods",
        EndpointKind.OUTSIDE: "pods or addresses",
        EndpointKind.INTERNET: "addresses",
    }
    rows = ((f"`{name}`", one.meaning, kinds[one.kind]) for name, one in glossary().endpoints.items())
    return table(("peer", "who it is", "what to say of it"), *rows)


def cnis() -> str:
    return table(("`--cni`", "what it makes of traffic"), *((f"`{one.name}`", one.note) for one in CNIS.values()))


def findings() -> str:
    def gist(code: Code) -> str:
        return text_of(FINDINGS / f"{code.value}.md").split("\n\n")[1].replace("\n", " ")

    return table(("code", "what it says"), *((f"[{code.value}]({code.value}.md)", gist(code)) for code in Code))


def comment() -> str:
    return text_of(ROOT / "tests/bumps/argo-one-of-two-clusters/report.md")


def gate() -> str:
    """What a gate says of a cluster whose policy was written for what runs."""
    told = running("1.4.4", managers(**{"from": [{"podSelector": {}}]}))
    with TemporaryDirectory() as folder, serving(told, Path(folder)):
        run = inside("gate", "--to", "1.5.5", environment={"KUBECONFIG": told.kubeconfig, "COLUMNS": "100"})
    assert run.code == 1
    return "\n".join(["```text", "$ lhmigrate gate --to 1.5.5", *run.out.splitlines()[:15], "...", "```", ""])


def test_the_picture_of_a_comment_is_drawn_from_what_a_comment_says(update: bool) -> None:
    """Not compared stroke by stroke: that would hang on the version of what draws it."""
    file = DOCS / "comment.svg"
    if update:
        file.write_text(picture.svg(comment(), "A comment on a pull request"), encoding="utf-8")
    assert f"<!-- drawn from: {picture.digest(comment())} -->" in text_of(file), "run `make golden`"
    drawn = words(picture.svg(comment(), "A comment on a pull request"))
    assert drawn == words(text_of(file))
    assert drawn >= {"1.4.4", "dev/longhorn/application.yaml", "CUT", "▸", "──✗", "+++", "TCP/9503"}
    assert not drawn & {"<details>", "flowchart", "<!--"}


def words(svg: str) -> set[str]:
    """What a picture says."""
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - of our own making
    return set(" ".join(one.text or "" for one in texts).split())


TABLES: dict[str, Callable[[], str]] = {
    "features": features,
    "peers": peers,
    "cnis": cnis,
    "findings": findings,
    "comment": comment,
    "gate": gate,
}


def test_every_table_is_on_some_page() -> None:
    assert {name for page in PAGES for _, name, _ in _GENERATED.findall(text_of(page))} == set(TABLES)


@every_page
def test_generated_tables_are_fresh(page: Path, update: bool) -> None:
    text = text_of(page)
    fresh = _GENERATED.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)
    if update:
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh, "run `make golden`"


NAMED = {"components", "flows", "policies"}
"""Objects of `show` whose keys are names; they are told as `NAME`."""

WHOLE = (".labels", ".sometimes", "NAME.ports", ".when", ".spec", "values", "fields[].from", "fields[].to")
"""Where what is inside has no keys of ours."""

JSON_RUNS = [
    "plan --from 1.4 --to 1.6 examples/upgrade-from-1.4",
    "plan --base HEAD examples/upgrade-from-1.4 broken.yaml",
    "plan --from 1.7 --to 1.8 examples/upgrade-from-1.4 broken.yaml",
    "plan --from 1.4 --to 1.5 examples/upgrade-from-1.4 --edits",
    "patch --from 1.4 --to 1.5 examples/upgrade-from-1.4",
    "check --release 1.5 examples/upgrade-from-1.4 broken.yaml",
    "diff --from 1.4 --to 1.5",
    "show 1.5 --evidence --docs",
    "show 1.13.0",
    "releases",
]


JSON_RUNS_OF_A_CLUSTER = [
    "gate --to 1.8",
    "plan --cluster --to 1.8",
    "check --cluster",
    "summary nothing.json",
]


def keys(value: object, path: str = "") -> Iterator[str]:
    """Every key of a JSON value, as `findings[].hop.from`."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item, f"{path}[]")
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{'NAME' if path in NAMED else key}".lstrip(".")
            yield inner
            if not inner.endswith(WHOLE):
                yield from keys(item, inner)


def test_every_key_of_the_json_reports_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(tmp_path, monkeypatch)
    reader.hold("# broken.yaml\nkind: NetworkPolicy\n")
    reader.hold("# fleet.yaml\nhelm: {chart: longhorn, version: 1.4.4, values: {a: 1}}\n")
    assert reader.type("git init --quiet && git add fleet.yaml && git commit --quiet --message x") == []
    reader.hold("# fleet.yaml\nhelm: {chart: longhorn, version: 1.6.4, values: {a: 1}}\n")
    real: dict[str, set[str]] = {}
    with serving(running("1.7.2", policy("broken", {"x": 1}), managers()), tmp_path / "folder") as served:
        monkeypatch.setenv("KUBECONFIG", served.kubeconfig)
        for run in JSON_RUNS_OF_A_CLUSTER:
            report = inside(*run.split(), "--format", "json").report
            real.setdefault(report["command"], set()).update(keys(report))
    for run in JSON_RUNS:
        report = inside(*run.split(), "--format", "json").report
        real.setdefault(report["command"], set()).update(keys(report))
    told: dict[str, set[str]] = {command: set() for command in real}
    for section in re.split(r"^## ", text_of(DOCS / "json.md"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        for command in re.findall(r"`([a-z]+)`", heading) or list(real):
            told[command].update(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    for command, found in real.items():
        assert sorted(told[command]) == sorted(found), command
