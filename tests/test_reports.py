"""The forms for services, on texts that strangers wrote: nothing becomes markup, a mention, a link or a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hostile import ALL, LOUD, clean, declarations, examples, names_of_files, policies, texts
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pull_request import release
from repositories import Repository, alone
from running import CALLED, CUTTING, Run, command, inside, written

from lhmigrate.cli import runs
from lhmigrate.editing.patch import Changed
from lhmigrate.findings.findings import Code
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.reports import codes, markdown, sarif
from lhmigrate.reports.markup import NOTHING, SOMETHING, block, code, label, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

CATALOGUE = Catalogue([shipped_specs()])
SCHEMAS = Path(__file__).parent / "schemas"
PLAN = ("plan", "--from", "1.12.0", "--to", "1.12.1", "--with", "openshift")
FORMS = ("markdown", "sarif", "github", "gitlab", "diff")

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = re.compile(
    r"<!-- lhmigrate(?:: nothing to say)? -->\n?"
    r"|<details(?: open)?><summary>[\w ,.:→()]+</summary>\n?"
    r"|</details>\n?"
)
OUR_LINKS = re.compile(r"https://github\.com/lhmigrate/lhmigrate/blob/main/docs/findings/[a-z-]+\.md")
KNOWN = {
    *("paragraph", "heading", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"),
    *("inline", "text", "softbreak", "code_inline", "fence", "html_block", "link", "strong", "em"),
}
PLAIN = re.compile(r"[A-Za-z0-9 .,:;?()'…→❌⚠\ufe0f·-]*")
"""What may stand outside of code. No mention, reference, address, emoji or formula can be written with it."""
REFERENCE = re.compile(r"\b[0-9a-fA-F]{7,}\b|\b[A-Za-z]+-\d+\b|\w\.[A-Za-z]{2}")


@pytest.fixture(scope="module", autouse=True)
def in_a_folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder and one catalogue for all examples."""
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path_factory.mktemp("reports"))
        here.setattr(runs, "catalogue_of", lambda _specs: CATALOGUE)
        yield


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def inert_markdown(text: str) -> bool:
    """Whether everything that is no plain word of it is code, as a parser reads it."""
    assert len(text.encode()) <= markdown.MOST_BYTES
    assert text.splitlines()[0] in {SOMETHING, NOTHING}
    assert not re.search(r"^\s*/", text, re.MULTILINE), "a bot could take it for a command"
    # In a patch, a tab says where a name with blanks ends.
    assert clean(re.sub(r"^((?:---|\+\+\+) .*)\t$", r"\1", text, flags=re.MULTILINE))
    for token in tokens(text):
        assert token.type.removesuffix("_open").removesuffix("_close") in KNOWN, token
        if token.type == "html_block":
            assert OURS.fullmatch(token.content), token.content
        if token.type == "link_open":
            assert OUR_LINKS.fullmatch(str(token.attrs["href"]))
        if token.type == "fence":
            assert token.info in {"diff", "mermaid", "yaml"}
        if token.type == "fence" and token.info == "mermaid":
            assert inert_picture(token.content)
        if token.type == "text":
            assert PLAIN.fullmatch(token.content), token.content
            assert not REFERENCE.search(token.content), token.content
    return True


PICTURE = re.compile(
    r'flowchart LR|  n\d+\["(?:[A-Za-z0-9 .,/?-]|#\d+;)*"\]|'
    r'  n\d+ (?:--x|-\.->)\|"(?:[A-Za-z0-9 .,/?-]|#\d+;)*"\| n\d+'
)


def inert_picture(text: str) -> bool:
    """Whether each line is a node or an arrow, with a label that is nothing but text."""
    lines = text.splitlines()
    assert len(lines) < 40
    for line in lines:
        assert PICTURE.fullmatch(line), line
    return True


COMMAND = re.compile(r"::(error|warning|notice) (?:(?:file|line|col|title)=[^,:\r\n]*,?)+::(.*)")


def inert_commands(text: str) -> bool:
    """Whether all that a runner would take for a command is an annotation of ours, which holds no other."""
    for line in text.splitlines():
        told = COMMAND.fullmatch(line)
        assert clean(told[2] if told else line)
        assert told or "::" not in line[:3]
    return True


def schema(name: str) -> Any:  # noqa: ANN401 - a JSON schema
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def messages(value: object) -> Iterator[str]:
    """Every text of SARIF's that a viewer shows."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str) and set(value) == {"text"}:
            yield value["text"]
        for key, item in value.items():
            if key not in {"insertedContent", "rules"}:
                yield from messages(item)
    elif isinstance(value, list):
        for item in value:
            yield from messages(item)


def inert_sarif(text: str) -> bool:
    assert text.isascii()
    assert clean(text)
    told = json.loads(text)
    jsonschema.validate(told, schema("sarif"))
    for message in messages(told):
        assert "](" not in message
        assert "{" not in message
        assert clean(message)
    prints = [one["partialFingerprints"]["lhmigrate/v1"] for one in told["runs"][0]["results"]]
    assert len(set(prints)) == len(prints)
    return True


def inert_gitlab(text: str) -> bool:
    assert text.isascii()
    told = json.loads(text)
    jsonschema.validate(told, schema("gitlab"))
    assert all(clean(one["description"] + one["location"]["path"]) for one in told)
    assert len({one["fingerprint"] for one in told}) == len(told)
    return True


PATCH_LINE = re.compile(
    r"diff --git |new file mode 100644$|--- |\+\+\+ |@@ -\d+,\d+ \+\d+,\d+ @@$|[ +-]|\\ No newline at end of file$"
)


def inert_diff(text: str) -> bool:
    """Whether every line is one of a patch's, whatever the files that it edits hold: git ends lines at line feeds."""
    assert not text or text.endswith("\n")
    for line in text.split("\n")[:-1]:
        assert PATCH_LINE.match(line), line
    return True


INERT = {
    "markdown": inert_markdown,
    "sarif": inert_sarif,
    "github": inert_commands,
    "gitlab": inert_gitlab,
    "diff": inert_diff,
}


def reported(*line: str | Path) -> tuple[Run, dict[str, str]]:
    """What a run says in all forms at once, each of them looked at."""
    forms = [form for form in FORMS if form != "diff" or line[0] == "plan"]
    pairs = [word for form in forms for word in ("--format", form, "--output", f"out.{form}")]
    run = inside(*line, *pairs)
    assert "itself failed" not in run.err
    assert run.out == ""
    told = {form: Path(f"out.{form}").read_bytes().decode() for form in forms} if run.code < 2 else {}
    for form, text in told.items():
        assert INERT[form](text)
    return run, told


@examples
@example(ALL)
@example(LOUD)
@given(texts)
def test_what_a_policy_says_is_data(text: str) -> None:
    written(Path(), {"file.yaml": policies(text)})
    run, told = reported(*PLAN, "file.yaml")
    assert run.code == 1
    assert told["markdown"].startswith(SOMETHING)
    assert json.loads(told["sarif"])["runs"][0]["invocations"][0]["toolExecutionNotifications"]


@examples
@example(ALL)
@example(LOUD)
@given(texts)
def test_what_is_edited_is_data(text: str) -> None:
    """Comments and texts beside an edit stand in the patch that a comment shows."""
    comment = " ".join(text.split())
    written(Path(), {"edited.yaml": f"# {comment}\n{CALLED}      # {comment}\n"})
    run, told = reported("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico", "edited.yaml")
    if run.code == 1 and not json.loads(told["sarif"])["runs"][0]["invocations"][0]["toolExecutionNotifications"]:
        assert [token.content for token in tokens(told["markdown"]) if token.info == "diff"]
        lines = Path("edited.yaml").read_bytes().split(b"\n")
        assert command("git", "apply", "--whitespace=nowarn", "out.diff") == Run(0, "", "")
        kept = iter(Path("edited.yaml").read_bytes().split(b"\n"))
        assert all(line in kept for line in lines), "something but what was added has changed"


@examples
@example(ALL)
@example(LOUD)
@given(texts)
def test_what_a_declaration_says_is_data(text: str) -> None:
    written(Path(), declarations(text))
    assert reported("plan", "--to", "1.7", "declared")[0].code == 1


@examples
@example(LOUD.replace("/", "").replace("\0", "")[:80])
@given(names_of_files)
def test_what_a_file_is_called_is_data(name: str) -> None:
    file = Path(f"d-{name[:40]}") / "x.yaml"
    written(Path(), {str(file): CUTTING + "---\nkind: NetworkPolicy\nspec: 5\n"})
    try:
        assert reported(*PLAN, file)[0].code == 1
        assert reported("check", "--release", "1.6", "--cni", "calico", file)[0].code == 1
        file.write_text(CALLED, encoding="utf-8")
        assert reported("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico", file)[1]["diff"]
        assert command("git", "apply", "out.diff") == Run(0, "", "")
        assert "port: 8502" in file.read_text(encoding="utf-8")
    finally:
        file.unlink()
        file.parent.rmdir()


@pytest.fixture(scope="module")
def bumped(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A work tree that bumps Longhorn, and a policy that this cuts."""
    with pytest.MonkeyPatch.context() as here:
        alone(here, tmp_path_factory.mktemp("home"))
        made = Repository.new(tmp_path_factory.mktemp("bumped"))
        made.commit({"fleet.yaml": "helm: {chart: longhorn, version: 1.4.4}\n", "np.yaml": CALLED})
    written(made.folder, {"fleet.yaml": "helm: {chart: longhorn, version: 1.5.5}\n"})
    return made


NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|\.lock\b|/")
"""What git allows in no branch's name (git-check-ref-format)."""


@examples
@example(ALL)
@example(LOUD)
@given(texts)
def test_what_a_branch_is_called_is_data(bumped: Repository, text: str) -> None:
    name = f"b{NO_REF.sub('', text)[:200].encode()[:200].decode(errors='ignore')}b"
    with pytest.MonkeyPatch.context() as here:
        alone(here, bumped.folder)
        bumped.git("branch", "--force", name, "HEAD")
        here.chdir(bumped.folder)
        run, told = reported("plan", "--cni", "calico", "--base", name)
        assert (run.code, run.err) == (1, "")
        assert told["diff"]
        for form in ("terminal", "json"):
            assert clean(inside("plan", "--cni", "calico", "--base", name, "--format", form).out)


@pytest.mark.parametrize("character", ["a", "日", "`", "\\e"])
def test_a_name_of_a_megabyte_is_cut(character: str) -> None:
    for slot in ("engines", "instance-manager", "longhorn-system"):
        written(Path(), {"file.yaml": CUTTING.replace(slot, f'"{character * 1_000_000}"')})
        _, told = reported("check", "--release", "1.6", "--cni", "calico", "file.yaml")
        assert all(len(text) < 300_000 for text in told.values())


def test_what_there_is_no_room_for_is_counted() -> None:
    file = f"{'x' * 200}.yaml"
    odd = [f"kind: NetworkPolicy\nspec: {number}\n" for number in range(150)]
    written(Path(), {file: "---\n".join([CUTTING, *odd])})
    text = reported(*PLAN, file)[1]["markdown"]
    shown = len(re.findall(r"^- \[unread-policy\]", text, re.MULTILINE))
    more = re.search(r"\*\*([\d,]+) more\*\*", text)
    report = inside(*PLAN, file, "--format", "json").report
    every = sum(one["code"] == "unread-policy" for one in report["findings"])
    assert more is not None
    assert shown + int(more[1].replace(",", "")) == every >= len(odd)
    assert "There was no room for:" in text


def test_of_too_many_installations_some_are_told_well_and_the_others_by_their_verdicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty with a line each, which only says that there is more, would tell nobody anything."""
    names = [f"clusters/{number:02}" for number in range(60)]
    alone(monkeypatch, tmp_path)
    repository = Repository.new(tmp_path / "repository")
    repository.commit({f"{name}/lh.yaml": release("1.9.0") for name in names} | {f"{names[0]}/np.yaml": CUTTING})
    repository.commit({f"{name}/lh.yaml": release("1.12.1") for name in names}, branch="bump")
    monkeypatch.chdir(repository.folder)
    text = inside("plan", "--cni", "calico", "--format", "markdown").out
    headings = [line for line in text.splitlines() if line.startswith("#### ")]
    assert len(headings) == len(names)
    sections = [section for section in text.split("#### ")[1:] if "| --- |" in section]
    assert len(sections) > 15
    assert f"There was no room for: {len(names) - len(sections)} times an installation but for its verdict." in text
    assert len(text.encode()) < 60_000


@given(st.text())
@example(LOUD)
@example(ALL)
def test_prose_and_code_are_plain_text_and_code(text: str) -> None:
    for shown in (prose(text), code(text), f"| {prose(text)} | {code(text)} |\n| --- | --- |", f"- {prose(text)}"):
        assert inert_markdown(f"{SOMETHING}\n\n{shown}")


SHOWN = {
    "words stay": ("A flow that Longhorn needs, Longhorn's own.", "A flow that Longhorn needs, Longhorn's own."),
    "numbers and versions stay": ("2 flows of 1.5.5, 1,234 of 1.6.", "2 flows of 1.5.5, 1,234 of 1.6."),
    "names become code": ("rule at a/b.yaml:2:1 (in lh-x).", "rule at `a/b.yaml:2:1` (in `lh-x`)."),
    "code stays code": ("pass `--without NAME` (`x|y`).", "pass `--without NAME` (`x\\x7cy`)."),
    "a mention": ("by @somebody, or #12", "by `@somebody`, or `#12`"),
    "a word that is a commit": ("the deadbeef there", "the `deadbeef` there"),
    "markup": ("**b** <i> [x](y) a_b_", "`**b**` `<i>` `[x](y`) `a_b_`"),
    "a backtick within a word": ("a`b` `c`d", "`a\\x60b\\x60` `\\x60c\\x60d`"),
    "no begin of a list": ("1. a", "`1`. a"),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN.keys())
def test_only_plain_words_stay_plain(text: str, shown: str) -> None:
    assert prose(text) == shown


@given(st.text())
@example("`" * 300)
@example("\n```\n@x\n")
def test_a_block_is_one_block(text: str) -> None:
    shown, same = block(text, "yaml")
    found = list(PARSER.parse(shown))
    assert [token.type for token in found] == ["fence"]
    assert found[0].markup in {"`" * count for count in range(3, 102)}, "cmark counts to 255"
    if same:
        assert found[0].content.rstrip("\n") == text.rstrip("\n")


@given(st.text())
@example("end")
@example('"] click n0 "%%{init}')
def test_a_label_is_text(text: str) -> None:
    assert inert_picture(f'flowchart LR\n  n0["{label(text)}"]')


LINES = st.sampled_from(["", "a", "b", "- x", "é🦄", "a\r"])
documents = st.tuples(st.lists(LINES, max_size=8), st.booleans()).map(lambda one: "\n".join(one[0]) + "\n" * one[1])


@given(documents, documents)
def test_a_fix_makes_the_text_that_the_edit_made(before: str, after: str) -> None:
    assert fixed(before, list(sarif.replacements(Changed("x.yaml", before, after)))) == after


def fixed(text: str, replacements: list[dict[str, Any]]) -> str:
    """A text as SARIF's replacements leave it, from the last one on, so that the regions of others stay right."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines) + 1)]
    for one in reversed(replacements):
        region = one["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text


def results(*line: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inside(*line, "--format", "sarif").report["runs"][0]["results"]
    return found


def test_a_fix_mends_what_it_is_for() -> None:
    line = ("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico", "--without", "v2-data-engine", "fix.yaml")
    written(Path(), {"fix.yaml": CALLED})
    first = results(*line)[0]
    change = first["fixes"][0]["artifactChanges"][0]
    assert change["artifactLocation"] == {"uri": "fix.yaml", "uriBaseId": "%SRCROOT%"}
    written(Path(), {"fix.yaml": fixed(CALLED, change["replacements"])})
    assert first["partialFingerprints"] not in [one["partialFingerprints"] for one in results(*line)]


def test_a_finding_keeps_its_fingerprint_where_it_moves() -> None:
    line = ("plan", "--from", "1.4", "--to", "1.5", "--cni", "calico", "moved.yaml")
    told = []
    for above in ("", "# one\n# more\n"):
        written(Path(), {"moved.yaml": above + CALLED})
        found = results(*line)
        told.append([one["partialFingerprints"] for one in found])
        lines = [one["locations"][0]["physicalLocation"].get("region", {}).get("startLine") for one in found]
        assert lines[0] == 7 + above.count("\n")
        gitlab = inside(*line, "--format", "gitlab").report
        assert [one["fingerprint"] for one in gitlab] == [one["lhmigrate/v1"] for one in told[-1]]
    assert told[0] == told[1]


def test_a_file_is_named_as_in_its_checkout_and_percent_encoded() -> None:
    name = "with space/é#%.yaml"
    written(Path(), {name: CALLED})
    place = results("plan", "--from", "1.4", "--to", "1.5", name)[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "with%20space/%C3%A9%23%25.yaml"


def test_a_properties_signs_are_escaped_as_the_toolkit_does() -> None:
    written(Path(), {"a,b:c%.yaml": CALLED})
    out = inside("plan", "--from", "1.4", "--to", "1.5", "a,b:c%.yaml", "--format", "github").out
    assert "file=a%2Cb%3Ac%25.yaml,line=7,col=7,title=flow-blocked%3A Longhorn " in out
    assert "%0AAdd " in out


def test_github_is_told_ten_of_a_level_and_the_log_all() -> None:
    written(
        Path(), {"odd.yaml": "---\n".join(f"kind: NetworkPolicy\nspec: {n}\n" for n in range(30)) + "---\n" + CALLED}
    )
    run = inside("plan", "--from", "1.4", "--to", "1.5", "odd.yaml", "--format", "github")
    told = [line for line in run.out.splitlines() if line.startswith("::warning ")]
    report = inside("plan", "--from", "1.4", "--to", "1.5", "odd.yaml", "--format", "json").report
    assert len(told) == 10
    assert "more of this level than GitHub shows" in told[-1]
    plain = [line for line in run.out.splitlines() if line.startswith("warning: ")]
    warnings = report["summary"]["warnings"]
    assert len(told) - 1 + len(plain) <= warnings
    assert len(plain) >= 20


def test_what_has_nothing_to_say_says_so() -> None:
    run = inside("plan", "--from", "1.7.1", "--to", "1.7.1", "--format", "markdown")
    assert (run.code, run.out.splitlines()[0]) == (0, NOTHING)


@pytest.mark.parametrize("one", Code, ids=lambda one: one.value)
def test_what_a_code_means_is_what_its_page_says(one: Code) -> None:
    page = Path(__file__).parent.parent / "docs" / "findings" / f"{one.value}.md"
    assert codes.MEANING[one] == page.read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")
