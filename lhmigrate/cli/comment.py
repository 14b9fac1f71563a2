"""`lhmigrate comment`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lhmigrate import printing
from lhmigrate.cli.endings import sentences_for_errors, tell
from lhmigrate.cli.options import ForgeName
from lhmigrate.cli.runs import text_of


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
    with sentences_for_errors():
        from lhmigrate.forge import comment as commenting
        from lhmigrate.forge import target
        from lhmigrate.forge.web import Time
        from lhmigrate.reports.visible import visible

        asked = target.Asked(forge and forge.value, api, repository, pr, author)
        meant = target.of(asked, os.environ, _event())
        if host := meant.in_the_clear:
            tell(f"the token goes to {host} unencrypted, for whoever listens; pass --api https://... if it can do that")
        try:
            kept = commenting.keep(meant, text_of(file), os.environ, Time())
        except commenting.NotAllowed as refusal:
            if not meant.fork:
                raise
            # What a fork's job may not do is no failure of it: reviewers have the job's log and summary.
            notice = "::notice::" if os.environ.get("GITHUB_ACTIONS") == "true" else ""
            told = f"No comment, as this pull request comes from a fork: {refusal}."
            printing.put(notice + visible(told, 2000))
        else:
            printing.put(visible(f"{kept.outcome}{kept.where and ': '}{kept.where}", 2000))


def _event() -> dict[str, object]:
    """What started this job, where a runner tells it; empty where it does not."""
    import json

    try:
        found = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
