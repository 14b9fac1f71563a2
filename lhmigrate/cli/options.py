"""The options and arguments of the commands, each with its help, and what they may be."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from lhmigrate.printing import ReportFormat


class Format(StrEnum):
    """How a report is printed."""

    terminal = "terminal"
    json = "json"


class InOrder(TyperCommand):
    """A command that knows in which order its options were given: a file belongs to the format beside it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own, or click's
        """Parses as ever, after it has noted the order."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


ORDER = "lhmigrate.order"


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


class Where(StrEnum):
    """What a gate leaves in the cluster."""

    event = "event"
    configmap = "configmap"


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
PATIENCE = 120.0
"""What it is if not said."""
