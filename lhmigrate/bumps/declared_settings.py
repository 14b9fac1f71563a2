"""The installation that a declaration describes, and what is not known of its Helm values."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from lhmigrate import config
from lhmigrate.errors import Refusal
from lhmigrate.findings.findings import Code, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.bumps.bump import Pair
    from lhmigrate.config import Options
    from lhmigrate.declarations.declaration import Declaration, HelmValues
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Glossary, Release
    from lhmigrate.model.settings import Settings
    from lhmigrate.model.values import Values


def of(pair: Pair, given: Options, file: Options, catalogue: Catalogue) -> Settings:
    """The installation: what the command line says, else what the tree declares, else the configuration file."""
    new = pair.new
    override = new.values.given.get("namespaceOverride")
    declared = config.Options(
        namespace=override if isinstance(override, str) else new.namespace,
        install=new.install,
        release_name=new.release_name,
    )
    options = given.over(declared).over(file)

    def values(one: Declaration) -> Values:
        return config.values_of(*(() if given.values else file.values), one.values.given, *given.values)

    settings = config.settings(options, catalogue.glossary, values=values(new))
    return replace(settings, values_before=values(pair.old))


def concerning(pairs: Iterable[Pair], given: Options, file: Options, catalogue: Catalogue) -> frozenset[str]:
    """The namespaces whose policies can matter to any of these installations.

    Refuses what is wrong with the options themselves. What is wrong with one installation is told with its plan.
    """
    found = config.settings(given.over(file), catalogue.glossary).concerning
    for pair in pairs:
        try:
            found |= of(pair, given, file, catalogue).concerning
        except Refusal:
            continue
    return found


def unknown(values: HelmValues, releases: Iterable[Release], glossary: Glossary, *, by_hand: bool) -> Iterator[Finding]:
    """Sources of Helm values that were not read, and values on which a verdict depends and that are filled in later.

    `by_hand` is whether the user passes values too: whoever was told once need not be warned again.
    """
    for problem in dict.fromkeys((*values.unread, *values.secret)):
        yield Finding(
            Code.VALUES_UNREAD,
            Level.NOTE if by_hand or problem in values.secret else Level.WARNING,
            f"Not read: {problem.message}.",
            "Until then, what the chart takes by itself is judged.",
            place=problem.place,
        )
    known = _that_matter(releases, glossary)
    for one in values.open:
        path = ".".join(one.path)
        if any(_touches(path, other) for other in known):
            yield Finding(
                Code.VALUES_UNREAD,
                Level.NOTE if by_hand else Level.WARNING,
                f"The Helm value {path} is filled in only when it is applied; pass it with --values.",
                "Until then, what the chart takes by itself is judged.",
                place=one.place,
            )


def _that_matter(releases: Iterable[Release], glossary: Glossary) -> set[str]:
    """The Helm values on which any verdict about these releases depends."""
    known = {"namespaceOverride", "nameOverride"}
    for release in releases:
        known |= {*release.values, *chain.from_iterable(flow.off_network_with for flow in release.flows.values())}
    return known | set(chain.from_iterable(one.used_when for one in glossary.features.values()))


def _touches(path: str, known: str) -> bool:
    return f"{path}.".startswith(f"{known}.") or f"{known}.".startswith(f"{path}.")
