"""Which policies of the user's files concern Longhorn, and in which namespace they are."""

from __future__ import annotations

import pytest

from lhmigrate.files.manifests import read
from lhmigrate.files.sources import FileObjects, Reading
from lhmigrate.judging.inventory import take
from lhmigrate.model.settings import Settings

CLUSTER_WIDE = "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: deny}\nspec: {}\n"


def reading(text: str) -> Reading:
    objects = read(text, "infra/cilium/deny.yaml")
    return Reading(1, (FileObjects("infra/cilium/deny.yaml", objects, text, given=False),), objects.unread)


@pytest.mark.parametrize(
    ("settings", "kustomized"),
    [
        pytest.param(Settings(), None, id="in a folder that never mentions Longhorn"),
        pytest.param(Settings(default_namespace="web"), None, id="where policies go to another namespace"),
        pytest.param(
            Settings(), ("web", "kustomization.yaml:1"), id="where kustomize puts them into another namespace"
        ),
    ],
)
def test_a_policy_of_the_whole_cluster_concerns_longhorn(
    settings: Settings, kustomized: tuple[str, str] | None
) -> None:
    inventory = take(reading(CLUSTER_WIDE), settings, (), lambda _: kustomized)
    [policy] = inventory.policies
    assert policy.namespace is None
    assert policy.denies()
    assert inventory.assumptions == ()


def test_a_policy_whose_tier_is_given_counts_as_read() -> None:
    tier = "---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\nspec: {order: 1}\n"
    waiting = (
        "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: first.one}\n"
        "spec: {tier: first, selector: all()}\n"
    )
    assert [
        take(reading(text), Settings(), (), lambda _: None).coverage.policies for text in (waiting, waiting + tier)
    ] == [0, 1]
