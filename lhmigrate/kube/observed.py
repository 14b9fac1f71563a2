"""One installation as it runs in a cluster: what a plan or a check of it starts from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate import config
from lhmigrate.judging import inventory
from lhmigrate.kube import live, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lhmigrate.config import Options
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.kube.apiserver import ApiServer
    from lhmigrate.kube.snapshot import Snapshot
    from lhmigrate.longhorn.catalogue import Catalogue
    from lhmigrate.longhorn.release import Release
    from lhmigrate.model.settings import Settings


class Observed(NamedTuple):
    """What runs, and how."""

    release: Release | None
    """The release that runs; None: there is no Longhorn."""
    settings: Settings
    seen: Snapshot
    told: tuple[str, ...]
    """What was taken from the cluster, in sentences."""
    cluster: str

    def inventory(self, releases: Iterable[Release]) -> Inventory:
        """The cluster's policies, and what else was seen there."""
        found = inventory.judged(inventory.take(self.seen.reading, self.settings, releases, config.kustomized_to))
        return found._replace(
            namespaces=self.seen.namespaces,
            live=self.seen.live,
            coverage=found.coverage._replace(cluster=self.cluster),
            assumptions=(*self.told, *found.assumptions),
        )


def observe(api: ApiServer, options: Options, catalogue: Catalogue, running: str | None = None) -> Observed:
    """Looks at the cluster. `running` is the release that the user says runs, whatever is seen.

    Raises `Refusal` where it cannot be read, or runs a release that the catalogue does not know.
    """
    said = config.settings(options, catalogue.glossary)
    override = said.values.get("namespaceOverride")
    named = options.namespace or (override if isinstance(override, str) else None)
    seen = snapshot.take(api, named, said, catalogue.glossary, versions=running is None)
    if seen.running is None:
        return Observed(None, said, seen, (), api.origin)
    release = catalogue.find(running or str(seen.running.version))
    by_hand = frozenset(name for name in ("install", "cni") if getattr(options, name) is not None)
    settled = live.settled(said, seen.live, release, catalogue.glossary, by_hand=by_hand)
    told = (*seen.running.told, *live.told(seen.live, release, said, settled))
    return Observed(release, replace(settled, namespace=seen.running.namespace), seen, told, api.origin)
