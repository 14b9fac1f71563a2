"""The command line: reads the world, asks the core, prints the report, and says by its exit code how it went."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Never

import typer
from typer.core import TyperCommand, TyperGroup

from lhmigrate import __version__, printing
from lhmigrate.printing import Printer, ReportFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lhmigrate.catalogue import Catalogue
    from lhmigrate.config import Options
    from lhmigrate.errors import Problem
    from lhmigrate.findings import Finding, Level, Plan
    from lhmigrate.gate import Gate
    from lhmigrate.inventory import Inventory
    from lhmigrate.kustomize import Composition
    from lhmigrate.patch import Installation, Step
    from lhmigrate.patching import Done
    from lhmigrate.release import Glossary, Release
    from lhmigrate.reports.account import Report
    from lhmigrate.reports.json import Edits
    from lhmigrate.settings import Settings
    from lhmigrate.sources import Reading

NOTHING_TO_DO, SOMETHING_TO_DO, COULD_NOT_RUN = 0, 1, 2

_EXIT_CODES = "Exit codes: 0 nothing to do, 1 something to do, 2 could not run."


class Commands(TyperGroup):
    """All commands. A complaint about options repeats what was given, which in CI may be a stranger's text."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:  # noqa: ANN401 - typer's own, or click's
        """Parses the program's own options."""
        with _harmless():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own, or click's
        """Parses a command's options, and runs it."""
        with _harmless():
            return super().invoke(ctx)


@contextmanager
def _harmless() -> Iterator[None]:
    """Writes out whatever of a usage error could be a command for a CI service. Typer does so with control codes."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and isinstance(told := getattr(error, "message", None), str):
            from lhmigrate.reports.visible import visible

            error.__dict__["message"] = visible(told, 2000)
        raise


app = typer.Typer(
    name="lhmigrate",
    cls=Commands,
    help=f"Says which of your network policies a Longhorn upgrade would cut through. {_EXIT_CODES}",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """How a report is printed."""

    terminal = "terminal"
    json = "json"


class InOrder(TyperCommand):
    """A command that knows in which order its options were given: a file belongs to the format beside it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own, or click's
        """Parses as ever, after it has noted the order."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


_ORDER = "lhmigrate.order"


class FailOn(StrEnum):
    """From which level on a finding makes the exit code 1."""

    error = "error"
    warning = "warning"
    never = "never"


class ForgeName(StrEnum):
    """A kind of server that keeps pull requests."""

    github = "github"
    gitlab = "gitlab"
    gitea = "gitea"
    forgejo = "forgejo"


class DialectName(StrEnum):
    """The API in which policies are written."""

    kubernetes = "kubernetes"
    cilium = "cilium"
    calico = "calico"


class Phases(StrEnum):
    """Which of a hop's edits to make."""

    before = "before"
    after = "after"
    both = "both"


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Files, folders (walked), or - for standard input."),
]
Namespace = Annotated[str | None, typer.Option(help="Longhorn's namespace. [default: longhorn-system]")]
DefaultNamespace = Annotated[str | None, typer.Option(help="Where policies go that name no namespace.")]
ValuesFiles = Annotated[list[str] | None, typer.Option("--values", metavar="FILE", help="Helm values; repeatable.")]
Install = Annotated[
    str | None, typer.Option(metavar="helm|manifest", help="How Longhorn is installed. [default: helm]")
]
CniName = Annotated[
    str | None,
    typer.Option("--cni", metavar="NAME", help="calico, canal, cilium, kube-router, antrea, flannel, none or unknown."),
]
With = Annotated[
    list[str] | None, typer.Option("--with", metavar="FEATURE", help="A feature that is used; repeatable.")
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="FEATURE", help="A feature that nobody uses; repeatable."),
]
Specs = Annotated[
    list[str] | None,
    typer.Option("--specs", metavar="DIR", help="More releases, or better ones; repeatable."),
]
ConfigFile = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="[default: .lhmigrate.yaml, if there]")
]
DialectOption = Annotated[
    DialectName | None,
    typer.Option("--dialect", help="The kind of policies. [default: what the network plugin reads]"),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the report is printed.")]
Formats = Annotated[
    list[ReportFormat] | None,
    typer.Option("--format", help="How the report is printed; repeatable. [default: terminal]", show_default=False),
]
Files = Annotated[
    list[str] | None,
    typer.Option(
        "--output", metavar="FILE", help="Where the report of the --format before it goes; - is standard output."
    ),
]
EditsToo = Annotated[
    bool, typer.Option("--edits", help="Add to a JSON report the edits that a patch would make for each finding.")
]
FailOnOption = Annotated[FailOn, typer.Option("--fail-on", help="What makes the exit code 1: findings from here on.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also when there is something to do.")]
From = Annotated[
    str, typer.Option("--from", metavar="V", help="The release that runs: 1.7 (its newest), 1.7.2, v1.7.2.")
]
To = Annotated[str, typer.Option("--to", metavar="V", help="The release to upgrade to.")]


OfCluster = Annotated[
    bool, typer.Option("--cluster", help="Read a running cluster, and no files: by kubeconfig, or from inside of it.")
]
KubeContext = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig's context. [default: the current one]")
]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to ask the cluster, all in all.")]

_PATIENCE = 120.0


@app.command(epilog=_EXIT_CODES, cls=InOrder)
def plan(
    context: typer.Context,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="V", help="The release that runs. [default: what the tree declares]")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="V", help="The release to upgrade to. [default: likewise]")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="What to compare the work tree's declarations with, if neither --from nor --to is given. "
            "[default: where the branch or pull request began]",
        ),
    ] = None,
    paths: Paths = None,
    namespace: Namespace = None,
    default_namespace: DefaultNamespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    formats: Formats = None,
    output: Files = None,
    edits: EditsToo = False,
    cluster: OfCluster = False,
    kube_context: KubeContext = None,
    timeout: Timeout = _PATIENCE,
    fail_on: FailOnOption = FailOn.warning,
    exit_zero: ExitZero = False,
) -> None:
    """What must change before an upgrade, and what may be closed after it."""
    with _sentences_for_errors():
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        printer = _printer(context, formats, output, edits=edits)
        asked, level = (from_, to, base), _level(fail_on, exit_zero=exit_zero)
        if cluster or kube_context is not None:
            live = _Live(given, config, kube_context, timeout, paths, running=from_)
            _plan_of(live, live.release, _wanted(to), printer, level)
        if from_ is None or to is None or base is not None:
            _plan_by_tree(asked, paths or [], config, printer, given, level)
        run = _Run(paths or [], config, given)
        _plan_of(run, run.catalogue.find(from_), to, printer, level)


def _wanted(to: str | None) -> str:
    from lhmigrate.errors import Refusal

    if to is None:
        raise Refusal("what runs is read from the cluster, and what is to run is not: pass --to")
    return to


def _plan_of(run: _Run | _Live, old: Release, to: str, printer: Printer, fail_on: FailOn) -> Never:
    """Plans from one release to another."""
    from lhmigrate import hops
    from lhmigrate import plan as planning

    new = run.catalogue.find(to)
    way = hops.way(run.catalogue, old, new)
    made = planning.make(way, run.inventory([old, new]), run.settings, run.catalogue.glossary)
    steps = run.steps(made) if printer.with_edits else []

    def in_json() -> str:
        from lhmigrate.reports import json

        return json.plan(made, _edits(made.findings, steps, printer.shown))

    def told() -> Report:
        from lhmigrate.reports import account

        return account.of_plan(made, steps)

    printer.print(in_json, told, run.catalogue.glossary)
    _leave(made.findings, fail_on)


def _plan_by_tree(
    asked: tuple[str | None, str | None, str | None],
    paths: list[str],
    config_file: str | None,
    printer: Printer,
    given: Given,
    fail_on: FailOn,
) -> Never:
    """Plans for the installations that the tree itself declares, as far as they move."""
    from lhmigrate import scan, worktree

    progress = _Progress()
    here = os.path.realpath(os.curdir)
    tree_around = worktree.around(here)
    root = None if tree_around is None else os.path.relpath(tree_around.top, here)
    composed = _composed(paths)
    looked_into = composed.paths if composed is not None else paths or [root or "."]
    ahead = scan.ReadAhead(looked_into, progress.tell, scan.POLICIES if paths else scan.BOTH)
    from lhmigrate import config, moves

    options = given.options(), config.read(config_file)
    catalogue = _catalogue(list(options[0].over(options[1]).specs))
    tree = scan.scan([root or "."], progress.tell, scan.DECLARATIONS) if paths else None
    policies = ahead.result() if composed is None else composed.of(ahead.result())
    progress.end()
    scans = policies, tree or policies
    made = moves.make(moves.Asked(*asked), root, paths, scans, catalogue, options, edits=printer.with_edits)
    printer.root = "" if paths else root or ""

    def in_json() -> str:
        from lhmigrate.reports import json

        steps = [step for one in made.made for step in one.steps]
        return json.upgrades(made, _edits(made.findings, steps, printer.shown))

    def told() -> Report:
        from lhmigrate.reports import account

        return account.of_upgrades(made)

    printer.print(in_json, told, catalogue.glossary)
    # What may move and has no plan may be the error that one waits for.
    _leave(made.findings, fail_on, unclear=made.unclear)


@app.command(epilog=_EXIT_CODES)
def patch(
    from_: From,
    to: To,
    paths: Paths = None,
    phase: Annotated[Phases, typer.Option(help="The edits to make before the hop, or those to make after it.")] = (
        Phases.before
    ),
    hop: Annotated[
        int | None, typer.Option(metavar="N", help="The hop, counted from 1. [default: the next one]")
    ] = None,
    all_hops: Annotated[bool, typer.Option("--all-hops", help="Every hop of the way.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Change the files, all or none.")] = False,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Also change files that have uncommitted changes.")
    ] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Write, and make a commit for each hop and phase.")] = False,
    branch: Annotated[str | None, typer.Option(metavar="NAME", help="Write, and commit on a new branch.")] = None,
    namespace: Namespace = None,
    default_namespace: DefaultNamespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    format_: FormatOption = Format.terminal,
    exit_zero: ExitZero = False,
) -> None:
    """The edits that a plan asks for, as a unified diff that `git apply` takes; --write makes them."""
    wanted_on_disk = write or commit or branch is not None
    with _sentences_for_errors(writes=wanted_on_disk):
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        run = _Run(paths or [], config, given, writes=wanted_on_disk)
        from lhmigrate import patching

        wanted = patching.Wanted(
            hop=hop,
            all_hops=all_hops,
            phases=phase.value,
            write=wanted_on_disk,
            allow_dirty=allow_dirty,
            commit=commit or branch is not None,
            branch=branch,
        )
        old, new = run.catalogue.find(from_), run.catalogue.find(to)
        done = patching.patch(run.catalogue, old, new, run.installation(), wanted)
        if format_ is Format.json:
            from lhmigrate.around import shown
            from lhmigrate.reports import json_patch

            printing.put(json_patch.patch(old, new, done, shown))
        else:
            _show(done, run.catalogue.glossary)
        raise typer.Exit(SOMETHING_TO_DO if done.something_to_do and not exit_zero else NOTHING_TO_DO)


@app.command(epilog=_EXIT_CODES, cls=InOrder)
def check(
    context: typer.Context,
    release: Annotated[
        str | None, typer.Option("--release", metavar="V", help="The release that runs. [default: the cluster's]")
    ] = None,
    paths: Paths = None,
    namespace: Namespace = None,
    default_namespace: DefaultNamespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    formats: Formats = None,
    output: Files = None,
    cluster: OfCluster = False,
    kube_context: KubeContext = None,
    timeout: Timeout = _PATIENCE,
    fail_on: FailOnOption = FailOn.warning,
    exit_zero: ExitZero = False,
) -> None:
    """Whether everything that a release needs is allowed, as things stand."""
    with _sentences_for_errors():
        if ReportFormat.diff in (formats or ()):
            from lhmigrate.errors import Refusal

            raise Refusal("a check has no edits to show; `lhmigrate plan --format diff` has")
        printer = _printer(context, formats, output)
        given = Given(namespace, default_namespace, install, cni, values, using, without, specs)
        run: _Run | _Live
        if cluster or kube_context is not None:
            run = live = _Live(given, config, kube_context, timeout, paths, running=release)
            known = live.release
        else:
            run = _Run(paths or [], config, given)
            known = run.catalogue.find(_running(release))
        inventory = run.inventory([known])
        from lhmigrate import check as checking

        made = checking.make(run.catalogue, known, inventory, run.settings)

        def in_json() -> str:
            from lhmigrate.reports import json

            return json.check(made)

        def told() -> Report:
            from lhmigrate.reports import account

            return account.of_check(made)

        printer.print(in_json, told, run.catalogue.glossary)
        _leave(made.findings, _level(fail_on, exit_zero=exit_zero))


def _running(release: str | None) -> str:
    from lhmigrate.errors import Refusal

    if release is None:
        raise Refusal("which release runs was not said: pass --release, or --cluster to look")
    return release


class Where(StrEnum):
    """What a gate leaves in the cluster."""

    event = "event"
    configmap = "configmap"


@app.command(cls=InOrder, epilog="Exit codes: 0 the upgrade may start, 1 it must not, 2 could not run.")
def gate(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="V", help="The release to upgrade to. [default: image.longhorn.manager.tag]"),
    ] = None,
    values: ValuesFiles = None,
    kube_context: KubeContext = None,
    timeout: Timeout = _PATIENCE,
    warn_only: Annotated[bool, typer.Option("--warn-only", help="Exit with 0 whatever happens.")] = False,
    report: Annotated[
        list[Where] | None, typer.Option("--report", help="Leave the result in Longhorn's namespace; repeatable.")
    ] = None,
    namespace: Namespace = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    formats: Formats = None,
    output: Files = None,
    fail_on: FailOnOption = FailOn.warning,
) -> None:
    """Whether an upgrade of the running cluster may start. Reads the cluster, and no files."""
    with _sentences_for_errors(lenient=warn_only):
        from lhmigrate import gate as gates

        printer = _printer(context, formats, output)
        live = _Live(Given(namespace, None, install, cni, values, using, without, specs), config, kube_context, timeout)
        new = live.catalogue.find(to or gates.target(live.settings.values))
        made = gates.make(live.seen, new, live.catalogue, _levels(fail_on))

        def in_json() -> str:
            from lhmigrate.reports import json

            return json.gate(made)

        def told() -> Report:
            from lhmigrate.reports import account

            return account.of_gate(made)

        printer.print(in_json, told, live.catalogue.glossary)
        _leave_behind(live, made, report or [], in_json)
        raise typer.Exit(SOMETHING_TO_DO if made.shut else NOTHING_TO_DO)


def _leave_behind(live: _Live, made: Gate, where: list[Where], in_json: Callable[[], str]) -> None:
    """Writes the result where it was asked for. Where that fails, the result stands all the same."""
    from lhmigrate import announce
    from lhmigrate.errors import Refusal

    home = live.settings.namespace
    for one in dict.fromkeys(where):
        try:
            if one is Where.event:
                failed = announce.event(live.api, made, home)
            else:
                failed = announce.config_map(live.api, made, home, in_json())
        except Refusal as refusal:
            failed = f"the result was not left in the cluster: {refusal}"
        if failed is not None:
            _tell(failed)


@app.command(epilog="Exit codes: the worst of the reports'; 2 where one of them is none.")
def summary(
    reports: Annotated[
        list[str], typer.Argument(metavar="REPORT.json...", help="JSON reports of gates, plans and checks.")
    ],
    format_: FormatOption = Format.terminal,
    fail_on: FailOnOption = FailOn.warning,
) -> None:
    """What many clusters said, in one table and with one exit code."""
    with _sentences_for_errors():
        from lhmigrate import summary as summaries

        levels = _levels(fail_on)
        rows = [summaries.row(file, _report_in(file), levels) for file in reports]
        code = summaries.worst(rows)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.fleet(rows, code))
        else:
            from lhmigrate.reports import fleet

            printing.put(fleet.table(rows, code, printing.screen()))
        raise typer.Exit(code)


def _report_in(file: str) -> str | None:
    from lhmigrate.errors import Refusal

    try:
        return _text(file)
    except (OSError, Refusal):
        return None


@app.command(epilog=_EXIT_CODES)
def generate(
    release: Annotated[str, typer.Option("--release", metavar="V", help="The release that runs, or is to run.")],
    namespace: Namespace = None,
    values: ValuesFiles = None,
    install: Install = None,
    cni: CniName = None,
    using: With = None,
    without: Without = None,
    specs: Specs = None,
    config: ConfigFile = None,
    dialect: DialectOption = None,
    exit_zero: ExitZero = False,
) -> None:
    """A whole set of policies for a release, for whoever starts from nothing."""
    with _sentences_for_errors():
        run = _Run([], config, Given(namespace, None, install, cni, values, using, without, specs))
        known = run.catalogue.find(release)
        from lhmigrate import generate as generating
        from lhmigrate.cni import Dialect
        from lhmigrate.reports import generate as generated

        spoken, settings = generating.spoken(run.settings, Dialect[dialect.upper()] if dialect else None)
        made = generating.make(known, run.catalogue.glossary, settings, spoken)
        printing.put(generated.stream(made, run.catalogue.glossary, settings))
        if sys.stderr is not None:
            sys.stderr.write(generated.told(made, settings))
        raise typer.Exit(SOMETHING_TO_DO if made.something_to_do and not exit_zero else NOTHING_TO_DO)


@app.command(epilog=_EXIT_CODES)
def diff(
    from_: From,
    to: To,
    specs: Specs = None,
    format_: FormatOption = Format.terminal,
    exit_zero: ExitZero = False,
) -> None:
    """What changed on the network between two releases."""
    with _sentences_for_errors():
        catalogue = _catalogue(specs or [])
        old, new = catalogue.find(from_), catalogue.find(to)
        from lhmigrate import changes

        found = changes.between(old, new)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.diff(old, new, found))
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            printing.put(catalogue_reports.diff(old, new, found, printing.screen()))
        raise typer.Exit(SOMETHING_TO_DO if found and not exit_zero else NOTHING_TO_DO)


@app.command(epilog=_EXIT_CODES)
def show(
    release: Annotated[str, typer.Argument(metavar="V", help="A release: 1.7 (its newest), 1.7.2, v1.7.2.")],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Where each fact can be checked: repository, tag, path, line and word.")
    ] = False,
    docs: Annotated[
        bool, typer.Option("--docs", help="Longhorn's documentation page, row by row, against what is true.")
    ] = False,
    specs: Specs = None,
    format_: FormatOption = Format.terminal,
) -> None:
    """One release's port matrix, labels and shipped policies."""
    with _sentences_for_errors():
        catalogue = _catalogue(specs or [])
        known = catalogue.find(release)
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(
                json.release(
                    known,
                    catalogue.glossary,
                    evidence=catalogue.evidence(known.version) if evidence else None,
                    page=catalogue.page(known) if docs else None,
                )
            )
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            if evidence:
                printing.put(catalogue_reports.evidence(known, catalogue.evidence(known.version), printing.screen()))
            elif docs:
                printing.put(
                    catalogue_reports.page(known, catalogue.page(known), catalogue.glossary, printing.screen())
                )
            else:
                printing.put(catalogue_reports.release(known, catalogue.glossary, printing.screen()))


@app.command(epilog=_EXIT_CODES)
def releases(specs: Specs = None, format_: FormatOption = Format.terminal) -> None:
    """Which releases are known, and which upgrades Longhorn accepts."""
    with _sentences_for_errors():
        catalogue = _catalogue(specs or [])
        known = [catalogue.release(version) for version in catalogue.versions]
        if format_ is Format.json:
            from lhmigrate.reports import json

            printing.put(json.releases(known))
        else:
            from lhmigrate.reports import catalogue as catalogue_reports

            printing.put(catalogue_reports.releases(known, printing.screen()))


@app.command(epilog="Exit codes: 0 the pull request says what the report says, 2 could not run.")
def comment(
    file: Annotated[
        str,
        typer.Argument(metavar="[FILE]", help="What `plan --format markdown` wrote; - or nothing: standard input."),
    ] = "-",
    pr: Annotated[
        int | None, typer.Option("--pr", min=1, metavar="N", help="The pull request. [default: CI's]")
    ] = None,
    repository: Annotated[str | None, typer.Option(metavar="OWNER/NAME", help="Where it is. [default: CI's]")] = None,
    forge: Annotated[ForgeName | None, typer.Option(help="What kind of server that is. [default: CI's]")] = None,
    api: Annotated[
        str | None, typer.Option(metavar="URL", help="Where its API is, like https://HOST/api/v1. [default: CI's]")
    ] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whom the token belongs to. [default: the server is asked]")
    ] = None,
) -> None:
    """Keeps one comment on a pull request up to date with a report. The token comes from the environment."""
    with _sentences_for_errors():
        from lhmigrate import comment as commenting
        from lhmigrate import target
        from lhmigrate.reports.visible import visible
        from lhmigrate.web import Time

        asked = target.Asked(forge and forge.value, api, repository, pr, author)
        meant = target.of(asked, os.environ, _event())
        if host := meant.in_the_clear:
            _tell(
                f"the token goes to {host} unencrypted, for whoever listens; pass --api https://... if it can do that"
            )
        try:
            kept = commenting.keep(meant, _text(file), os.environ, Time())
        except commenting.NotAllowed as refusal:
            if not meant.fork:
                raise
            # What a fork's job may not do is no failure of it: reviewers have the job's log and summary.
            notice = "::notice::" if os.environ.get("GITHUB_ACTIONS") == "true" else ""
            told = f"No comment, as this pull request comes from a fork: {refusal}."
            printing.put(notice + visible(told, 2000))
        else:
            printing.put(visible(f"{kept.outcome}{kept.where and ': '}{kept.where}", 2000))


def _text(file: str) -> str:
    from lhmigrate.errors import Place, Refusal
    from lhmigrate.scan import STDIN

    try:
        data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("is not UTF-8", Place("standard input" if file == STDIN else file)) from None


def _event() -> dict[str, object]:
    """What started this job, where a runner tells it; empty where it does not."""
    import json

    try:
        found = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"lhmigrate {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """The options that come before a command."""


class Given(NamedTuple):
    """The options that the configuration file has too."""

    namespace: str | None
    default_namespace: str | None
    install: str | None
    cni: str | None
    values: list[str] | None
    using: list[str] | None
    without: list[str] | None
    specs: list[str] | None

    def options(self) -> Options:
        """These options as the configuration file would have them."""
        from lhmigrate import config

        return config.Options(
            namespace=self.namespace,
            default_namespace=self.default_namespace,
            install=self.install,
            cni=self.cni,
            values=tuple(self.values or ()),
            using=tuple(self.using or ()),
            without=tuple(self.without or ()),
            specs=tuple(self.specs or ()),
        )


def _printer(
    context: typer.Context, formats: list[ReportFormat] | None, files: list[str] | None, *, edits: bool = False
) -> Printer:
    """What prints a run's reports, each where it is to go."""
    from lhmigrate.outputs import FORMAT, OUTPUT

    values: dict[str, Iterator[str]] = {"formats": iter(formats or ()), "output": iter(files or ())}
    options = {"formats": FORMAT, "output": OUTPUT}
    order = [(options[name], str(next(values[name]))) for name in context.meta[_ORDER] if name in options]
    return Printer(order, edits=edits)


def _edits(findings: Iterable[Finding], steps: Sequence[Step], shown: Callable[[str], str]) -> Edits:
    """What mends each finding. Nothing where nobody asked."""
    if not steps:
        return {}
    from lhmigrate.reports import json_patch

    return json_patch.edits(findings, steps, shown)


class _Run:
    """What the options of one run say."""

    def __init__(self, paths: list[str], config_file: str | None, given: Given, *, writes: bool = False) -> None:
        from lhmigrate.scan import ReadAhead

        self._paths = paths
        self._progress = _Progress()
        _after_a_run_cut_short(paths, writes=writes)
        self._composed = _composed(paths)
        self._ahead = ReadAhead(paths if self._composed is None else self._composed.paths, self._progress.tell)
        from lhmigrate import config

        self._options = given.options().over(config.read(config_file))
        self.catalogue = _catalogue(list(self._options.specs))
        self.settings: Settings = config.settings(self._options, self.catalogue.glossary)

    @cached_property
    def reading(self) -> Reading:
        """What the user's files hold, as it was read."""
        from lhmigrate import sources

        scan = self._ahead.result()
        self._progress.end()
        return sources.read(scan if self._composed is None else self._composed.of(scan), self.settings.concerning)

    def installation(self) -> Installation:
        """What a patch starts from."""
        from lhmigrate import config
        from lhmigrate.around import Around
        from lhmigrate.patch import Installation

        around, options, glossary = Around(self._paths), self._options, self.catalogue.glossary
        return Installation(
            reading=self.reading,
            values={file: around.text(file) or "" for file in options.values},
            settle=lambda texts: config.settings(options, glossary, texts),
            kustomized=config.kustomized_to,
            around=around,
            glossary=glossary,
        )

    def steps(self, plan: Plan) -> list[Step]:
        """What a patch would edit, for all of a plan's hops."""
        from lhmigrate import patch
        from lhmigrate.findings import Phase

        return patch.steps(self.installation(), plan.hops, tuple(Phase))

    def inventory(self, releases: list[Release]) -> Inventory:
        """The user's policies. Ends the run where policies are there and none could be read."""
        from lhmigrate import config, inventory

        return inventory.judged(inventory.take(self.reading, self.settings, releases, config.kustomized_to))


class _Live:
    """What one run saw of a cluster."""

    def __init__(
        self,
        given: Given,
        config_file: str | None,
        context: str | None,
        timeout: float,
        paths: list[str] | None = None,
        running: str | None = None,
    ) -> None:
        from lhmigrate import config, connection, observed
        from lhmigrate.apiserver import ApiServer
        from lhmigrate.errors import Refusal

        if paths:
            raise Refusal("--cluster reads the cluster's policies, and no files: leave out the paths, or --cluster")
        options = given.options().over(config.read(config_file))
        self.catalogue = _catalogue(list(options.specs))
        self.api = ApiServer(connection.connect(context, os.environ), timeout)
        self.seen = observed.observe(self.api, options, self.catalogue, running)
        self.settings = self.seen.settings

    @property
    def release(self) -> Release:
        """The release that runs. Refuses where there is none."""
        from lhmigrate.errors import Refusal

        if self.seen.release is None:
            raise Refusal(f"there is no Longhorn in the cluster of {self.seen.cluster}")
        return self.seen.release

    def inventory(self, releases: list[Release]) -> Inventory:
        """The cluster's policies, and what else was seen there."""
        return self.seen.inventory(releases)

    def steps(self, plan: Plan) -> list[Step]:  # noqa: ARG002 - as of files
        """A patch edits files, and there are none."""
        return []


def _composed(paths: list[str]) -> Composition | None:
    """What kustomize would read in place of these paths, where it would build one of them."""
    from lhmigrate.scan import kustomization

    if not any(map(kustomization, paths)):
        return None
    from lhmigrate import kustomize

    return kustomize.compose(paths)


def _after_a_run_cut_short(paths: list[str], *, writes: bool) -> None:
    """Undoes what a killed run left, before anything is read to be written; whoever only reads is told."""
    from lhmigrate.scan import STDIN

    files = [path for path in paths if path != STDIN]
    if writes:
        from lhmigrate import journal

        _tell(*journal.recover(files))
    elif files:
        from lhmigrate import workplace

        if any(map(workplace.left_behind, files)):
            from lhmigrate import journal

            _tell(*journal.unfinished(files))


def _tell(*problems: Problem | str) -> None:
    from lhmigrate.reports.visible import visible

    if sys.stderr is not None:
        sys.stderr.write("".join(f"lhmigrate: {visible(str(problem), 2000)}\n" for problem in problems))


def _catalogue(specs: list[str]) -> Catalogue:
    from lhmigrate.catalogue import Catalogue, shipped_specs
    from lhmigrate.errors import Place, Refusal

    for folder in specs:
        if not Path(folder).is_dir():
            raise Refusal("is not a folder of release files", Place(folder))
    return Catalogue([shipped_specs(), *(Path(folder) for folder in specs)])


@contextmanager
def _sentences_for_errors(*, writes: bool = False, lenient: bool = False) -> Iterator[None]:
    """Whatever goes wrong is told in a sentence on stderr; a traceback never reaches a user.

    With `lenient` it is told, and the run counts as one that found nothing to do.
    """
    try:
        with _told(writes=writes):
            yield
    except typer.Exit:
        if not lenient:
            raise
        raise typer.Exit(NOTHING_TO_DO) from None


@contextmanager
def _told(*, writes: bool) -> Iterator[None]:
    from lhmigrate.errors import Refusal, Unreadable

    try:
        yield
    except Refusal as refusal:
        _complain(str(refusal), *map(str, refusal.details))
    except Unreadable as error:
        _complain(str(error))
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        # Whoever read the report has seen enough of it. Python would complain once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(COULD_NOT_RUN) from None
    except KeyboardInterrupt:
        # While files are replaced nothing is interrupted, so this may come when they are.
        changed = "the files of a hop and phase are all written, or none of them" if writes else "nothing was changed"
        _complain(f"interrupted; {changed}")
    except OSError as error:
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
    except MemoryError:
        _complain("out of memory; give fewer files at a time")
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _complain(
            f"lhmigrate itself failed ({type(error).__name__}: {error}), and judged nothing. Please report it with the "
            f"command you gave: https://github.com/lhmigrate/lhmigrate/issues"
        )


def _complain(message: str, *details: str) -> None:
    from lhmigrate.reports.visible import visible

    lines = (f"lhmigrate: {visible(message, 2000)}\n", *(f"  {visible(detail, 2000)}\n" for detail in details))
    if sys.stderr is not None:
        sys.stderr.write("".join(lines))
    raise typer.Exit(COULD_NOT_RUN) from None


def _show(done: Done, glossary: Glossary) -> None:
    """The diff on stdout, byte for byte unless a person looks at it; what is to be said of it on stderr."""
    from lhmigrate.around import shown
    from lhmigrate.patch import joined
    from lhmigrate.reports import patch as patches

    changed = patches.unified(joined(done.steps), shown)
    if changed and not done.written:
        printing.put(patches.coloured(changed, printing.screen()) if printing.at_a_terminal() else changed)
    if sys.stderr is not None:
        sys.stderr.write(patches.told(done.steps, glossary, written=done.written))


class _Progress:
    """Tells on stderr how many files were read, once it takes long, and only to a person."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._watched = sys.stderr is not None and sys.stderr.isatty()

    def tell(self, files: int) -> None:
        """So many files by now."""
        if self._watched and time.monotonic() - self._begun > 1:
            sys.stderr.write(f"\rread {files:,} files")
            sys.stderr.flush()

    def end(self) -> None:
        """Wipes the line, if there can be one."""
        if self._watched and time.monotonic() - self._begun > 1:
            sys.stderr.write("\r\x1b[K")


def _level(fail_on: FailOn, *, exit_zero: bool) -> FailOn:
    return FailOn.never if exit_zero else fail_on


def _levels(fail_on: FailOn) -> tuple[Level, ...]:
    from lhmigrate.findings import Level

    return {FailOn.error: (Level.ERROR,), FailOn.warning: (Level.ERROR, Level.WARNING), FailOn.never: ()}[fail_on]


def _leave(findings: tuple[Finding, ...], fail_on: FailOn, *, unclear: bool = False) -> Never:
    from lhmigrate.findings import something_to_do

    to_do = something_to_do(findings, _levels(fail_on)) or (unclear and fail_on is not FailOn.never)
    raise typer.Exit(SOMETHING_TO_DO if to_do else NOTHING_TO_DO)
