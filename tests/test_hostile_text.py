"""Text from strangers' files is data wherever it is printed: it steers no terminal, no markup and no CI."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hostile import (
    ALL,
    COLOUR,
    clean,
    declarations,
    examples,
    names_of_files,
    policies,
    quoted,
    texts,
)
from hypothesis import example, given
from hypothesis import strategies as st
from running import CALLED, CUTTING, PROGRAM, Run, inside, program, written

from lhmigrate.cli import runs
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE = Catalogue([shipped_specs()])
LINES = (
    ("plan", "--from", "1.12.0", "--to", "1.12.1", "--with", "openshift"),
    ("check", "--release", "1.6", "--cni", "calico"),
)


@pytest.fixture(scope="module", autouse=True)
def in_a_folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder and one catalogue for all examples: hypothesis makes hundreds."""
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path_factory.mktemp("hostile"))
        here.setattr(runs, "catalogue_of", lambda _specs: CATALOGUE)
        yield


def judged(file: str | Path) -> tuple[Run, Any]:
    """Reports on a file: for the terminal, and as JSON."""
    run = inside(*LINES[0], file)
    in_json = inside(*LINES[1], file, "--format", "json")
    assert run.code == in_json.code
    assert "itself failed" not in run.err
    assert clean(run.out + run.err + in_json.out + in_json.err)
    assert in_json.out.isascii()
    return run, in_json.report if in_json.out else None


@examples
@example(ALL)
@given(texts)
def test_what_a_policy_says_is_data(text: str) -> None:
    written(Path(), {"file.yaml": policies(text)})
    run, report = judged("file.yaml")
    assert run.code == 1
    assert len(report["coverage"]["unread"]) > 3
    written(Path(), {"named.yaml": CUTTING.replace("engines", quoted(text))})
    _, report = judged("named.yaml")
    assert {policy["name"] for one in report["findings"] for policy in one["policies"]} == {text or "(no name)"}


@examples
@example(ALL)
@given(texts)
def test_colour_is_ours_alone(text: str) -> None:
    written(Path(), {"file.yaml": policies(text)})
    run = inside(*LINES[1], "file.yaml", environment={"FORCE_COLOR": "1"})
    assert clean(COLOUR.sub("", run.out))
    plain = inside(*LINES[1], "file.yaml")
    assert [line.rstrip() for line in COLOUR.sub("", run.out).splitlines()] == plain.out.splitlines()


def at_a_terminal(*line: str) -> str:
    """What the program prints where a person looks at it."""
    ours, its = pty.openpty()
    with subprocess.Popen([PROGRAM, *line], stdout=its, stderr=subprocess.DEVNULL, env={"TERM": "xterm"}) as started:
        os.close(its)
        found = b""
        # Linux tells by an error that the other end is closed.
        with suppress(OSError):
            while some := os.read(ours, 65536):
                found += some
    os.close(ours)
    assert started.returncode == 1
    return found.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("line", [("patch",), ("plan", "--format", "diff")], ids=["patch", "plan"])
def test_a_patch_steers_no_terminal_and_is_whole_for_programs(line: tuple[str, ...]) -> None:
    command, *more = line
    options = (command, "--from", "1.4", "--to", "1.5", "--cni", "calico", "callers.yaml", *more)
    comment = "# " + "".join(one for one in ALL if one.isprintable() or one in "\u202e\u200b\u2066")
    written(Path(), {"callers.yaml": CALLED.replace("        - port: 8501", f"        - port: 8501 {comment}")})
    shown = at_a_terminal(*options)
    assert "\x1b[32m+" in shown
    assert clean(COLOUR.sub("", shown))
    assert f" {comment}\n" in inside(*options).out


@examples
@example(ALL)
@given(texts)
def test_what_a_file_holds_beside_yaml_is_data(text: str) -> None:
    """The text as it is: in comments, in values without quotes, between documents, in templates."""
    for content in (
        f"# {text}\n{CUTTING}",
        f"kind: NetworkPolicy\nx: {text}\n",
        f"{CUTTING}---\n{text}NetworkPolicy\n",
        f"kind: NetworkPolicy\nmetadata: {{{{ {text} }}}}\n",
        f"kind: NetworkPolicy\nmetadata: {{name: a{text}b}}\n",
    ):
        written(Path(), {"file.yaml": content})
        assert judged("file.yaml")[0].code in {0, 1, 2}


@examples
@example(ALL.replace("/", "").replace("\0", "")[:80], b"\xff")
@given(names_of_files, st.binary(max_size=5))
def test_what_a_file_is_called_is_data(name: str, odd: bytes) -> None:
    ending = odd.translate(None, b"/\0").decode("utf-8", "surrogateescape")
    folder = Path(f"d-{name}")
    file = folder / f"f-{ending}{name[:20]}.yaml"
    written(Path(), {str(file): CUTTING + "---\nkind: NetworkPolicy\nspec: 5\n"})
    try:
        run, report = judged(folder)
        assert run.code == 1
        assert {one["file"] for one in report["coverage"]["unread"]} == {str(file)}
        for refused in (inside(*LINES[0], "--config", file), inside(*LINES[0], folder / "missing")):
            assert refused.code == 2
            assert clean(refused.err)
            assert refused.err.count("\n") == 1
    finally:
        file.unlink()
        folder.rmdir()


@examples
@example(ALL)
@given(texts)
def test_what_a_declaration_says_is_data(text: str) -> None:
    written(Path(), declarations(text))
    for more in ([], ["--format", "json"]):
        run = inside("plan", "--to", "1.7", "declared", *more)
        assert run.code == 1
        assert run.err == ""
        assert clean(run.out)
        assert run.out.isascii() or not more


@examples
@example(ALL.replace("/", "").replace("\0", "")[:80])
@given(names_of_files)
def test_what_a_file_that_declares_is_called_is_data(name: str) -> None:
    file = Path(f"d-{name[:20]}") / "fleet.yaml"
    written(
        Path(), {str(file): "helm: {chart: longhorn, version: ^1.6}\n---\nhelm: {chart: longhorn, version: 1.6.4}\n"}
    )
    try:
        run = inside("plan", "--to", "1.7", file.parent)
        assert (run.code, run.err) == (1, "")
        assert clean(run.out)
    finally:
        file.unlink()
        file.parent.rmdir()


@examples
@example(ALL)
@given(texts)
def test_what_an_option_says_is_data(text: str) -> None:
    given = f"x{text}".replace("\0", "")
    assert clean(inside("plan", "--base", given).err)
    for option in ("--cni", "--install", "--with", "--without", "--config", "--values", "--release"):
        run = inside("check", "--release", "1.6", option, given)
        assert (run.code, run.out) == (2, "")
        assert clean(run.err)
        assert run.err.count("\n") == 1
    assert inside("check", "--release", "1.6", "--namespace", given, "--default-namespace", given).code == 0


@examples
@example(ALL)
@given(texts)
def test_what_the_configuration_says_is_data(text: str) -> None:
    name = quoted(text)
    for line in (
        f"{name}: 1",
        f"namespace: {name}\n{name}: {name}",
        f"cni: {name}",
        f"with: [{name}]",
        f"peers: {{{name}: {{}}}}",
        f"peers: {{prometheus: {{cidrs: [{name}]}}}}",
        f"peers: {{prometheus: {{ports: [{name}]}}}}",
        f"peers: {{prometheus: {{{name}: 1}}}}",
        f"values: [{name}]",
        f"# {text}",
    ):
        written(Path(), {"config.yaml": line})
        run = inside("check", "--release", "1.12.1", "--config", "config.yaml")
        assert clean(run.err + run.out)
        assert "itself failed" not in run.err
    written(Path(), {"values.yaml": f"networkPolicies: {{kubeAPIServerSourceCIDRs: [{name}]}}"})
    run = inside("check", "--release", "1.12.1", "--values", "values.yaml")
    assert run.code == 2
    assert clean(run.err)


SPEC = """\
release: 9.9.9
upgrade-from: ["9.8"]
kubernetes: {text}
preview: {text}
install-labels: {{helm: {{{text}: {text}}}, manifest: {{}}}}
values: {{{text}: {text}}}
components:
  longhorn-manager: {{labels: {{{text}: {text}}}, sometimes: {{{text}: {text}}}, ports: {{{text}: TCP/1}}}}
flows:
  manager-to-manager: {{from: longhorn-manager, to: longhorn-manager, ports: [TCP/1]}}
policies:
  {policy}:
    installed-by: [{text}]
    when: {{{text}: {text}}}
    spec: {{podSelector: {{matchLabels: {{{text}: {text}}}}}}}
"""


@examples
@example(ALL)
@given(texts)
def test_what_a_catalogue_says_is_data(text: str) -> None:
    folder = "specs\x1b[31m"
    text_in_yaml = quoted(text)
    written(Path(), {f"{folder}/9.9.9.yaml": SPEC.format(text=text_in_yaml, policy=quoted(f"p{text}"))})
    catalogue = Catalogue([shipped_specs(), Path(folder)])
    with pytest.MonkeyPatch.context() as here:
        here.setattr(runs, "catalogue_of", lambda _specs: catalogue)
        for line in (["show", "9.9.9"], ["diff", "--from", "1.6", "--to", "9.9"], ["releases"], LINES[1]):
            run = inside(*line)
            assert run.err == ""
            assert clean(run.out)
        in_json = inside("show", "9.9.9", "--format", "json")
        assert in_json.out.isascii()
        assert clean(in_json.out)
        assert in_json.report["values"] == {text: text}


MARKUP = "[red]not red[/red] [link=http://evil]here[/link] :boom: [/]"


def test_markup_is_shown_as_it_is_written() -> None:
    written(Path(), {"file.yaml": CUTTING.replace("engines", f"'{MARKUP}'")})
    run = inside(*LINES[1], "file.yaml", environment={"FORCE_COLOR": "1"})
    assert MARKUP in " ".join(COLOUR.sub("", run.out).split())
    assert "\x1b]8;" not in run.out


def test_markup_in_a_catalogue_is_shown_as_it_is_written() -> None:
    text = quoted(MARKUP)
    written(Path(), {"marked/9.9.9.yaml": SPEC.format(text=text, policy=text)})
    catalogue = Catalogue([shipped_specs(), Path("marked")])
    with pytest.MonkeyPatch.context() as here:
        here.setattr(runs, "catalogue_of", lambda _specs: catalogue)
        for line in (["show", "9.9.9"], ["diff", "--from", "1.6", "--to", "9.9"]):
            shown = inside(*line).out
            assert all(shown.count(part) >= 3 for part in ("[red]not", "red[/red]", ":boom:"))


LONG = 1_000_000


@pytest.mark.parametrize(("character", "in_yaml"), [("a", "a"), ("\x1b", "\\e"), ("日", "日")])
def test_a_name_of_a_megabyte_is_cut_on_the_screen_and_whole_in_json(character: str, in_yaml: str) -> None:
    for slot in ("engines", "instance-manager"):
        written(Path(), {"file.yaml": CUTTING.replace(slot, f'"{in_yaml * LONG}"')})
        run = inside(*LINES[1], "file.yaml")
        assert clean(run.out + run.err)
        assert len(run.out + run.err) < LONG // 3
        if slot == "engines":
            report = inside(*LINES[1], "file.yaml", "--format", "json").report
            assert character * LONG in {policy["name"] for one in report["findings"] for policy in one["policies"]}


VISIBLE = {
    "plain text": ("NetworkPolicy a (x.yaml:1)", "NetworkPolicy a (x.yaml:1)"),
    "other scripts": ("größe 日本 → é", "größe 日本 → é"),
    "an escape code": ("\x1b[31m", "\\x1b[31m"),
    "a line end": ("a\nb\r\n", "a\\x0ab\\x0d\\x0a"),
    "right to left": ("\u202egnp", "\\u202egnp"),
    "a tag": ("\U000e0041", "\\U000e0041"),
    "half a pair": ("\ud800", "\\ud800"),
    "a byte of a file name": ("\udcff", "\\udcff"),
    "a command for GitHub": ("x ::error::y", "x \\x3a:error\\x3a:y"),
    "another command for GitHub": ("##[error]y", "\\x23#[error]y"),
    "a command for Azure": ("##vso[task.complete]", "\\x23#vso[task.complete]"),
    "an IPv6 network": ("::/0 and 2001:db8::/32 and ::ffff:0:0", "::/0 and 2001:db8::/32 and ::ffff:0:0"),
}


@pytest.mark.parametrize(("text", "shown"), VISIBLE.values(), ids=VISIBLE.keys())
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_is_too_long_says_by_how_much() -> None:
    assert visible("a" * 1234, longest=1000) == "a" * 1000 + "… (234 more characters)"


@given(st.text())
def test_whatever_is_visible_is_clean(text: str) -> None:
    assert clean(visible(text))
    assert "\n" not in visible(text)
    assert visible(visible(text)) == visible(text) or len(text) > 400


USAGE = ("--bo\x1b[31mgus", "re\x1b]8;;x\x07leases", "--format=\x9b31m")


# Of these, the first is for the program, all others for one of its commands. Each repeats what it was given.
MISUSED = (
    ("--bo##[error]gus",),
    ("##[error]",),
    ("releases", "--bo##[error]gus"),
    ("releases", "##[error]"),
    ("releases", "--format", "##[error]"),
    ("plan", "--fail-on", "##[error]"),
    ("plan", "--format", " ::error::x"),
)


@pytest.mark.parametrize("arguments", MISUSED, ids=" ".join)
def test_complaints_about_usage_are_no_commands_for_a_pipeline(arguments: tuple[str, ...]) -> None:
    run = program(*arguments)
    assert run.code == 2
    assert "error]" in run.err or "error\\x3a:x" in run.err
    assert "##[" not in run.err
    assert "::error" not in run.err


@pytest.mark.parametrize("argument", USAGE)
def test_complaints_about_usage_are_clean(argument: str) -> None:
    run = program("releases", argument)
    assert run.code == 2
    assert clean(run.err)
