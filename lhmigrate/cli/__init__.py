"""The command line: reads the world, asks the core, prints the report, and says by its exit code how it went."""

from __future__ import annotations

from typing import Annotated

import typer

from lhmigrate import __version__
from lhmigrate.cli.check import check
from lhmigrate.cli.comment import comment
from lhmigrate.cli.endings import EXIT_CODES, Commands
from lhmigrate.cli.gate import gate, summary
from lhmigrate.cli.options import InOrder
from lhmigrate.cli.patch import patch
from lhmigrate.cli.plan import plan
from lhmigrate.cli.releases import diff, generate, releases, show

app = typer.Typer(
    name="lhmigrate",
    cls=Commands,
    help=f"Says which of your network policies a Longhorn upgrade would cut through. {EXIT_CODES}",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


app.command(epilog=EXIT_CODES, cls=InOrder)(plan)
app.command(epilog=EXIT_CODES)(patch)
app.command(epilog=EXIT_CODES, cls=InOrder)(check)
app.command(epilog="Exit codes: 0 the upgrade may start, 1 it must not, 2 could not run.", cls=InOrder)(gate)
app.command(epilog="Exit codes: the worst of the reports'; 2 where one of them is none.")(summary)
app.command(epilog=EXIT_CODES)(generate)
app.command(epilog=EXIT_CODES)(diff)
app.command(epilog=EXIT_CODES)(show)
app.command(epilog=EXIT_CODES)(releases)
app.command(epilog="Exit codes: 0 the pull request says what the report says, 2 could not run.")(comment)
