"""Where no policy can take the rule: a new one beside the others, named, written and listed as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from near_longhorn import network
from patched import HOPS, NAMESPACE, before, installation, texts

from lhmigrate.model.cni import CNIS
from lhmigrate.model.settings import PeerFacts, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

HOP = next(hop for hop in HOPS if str(hop.old).startswith("1.6") and str(hop.new).startswith("1.7"))
"""Share managers begin to call the API server; a namespace that denies all egress needs a policy for that."""

SETTINGS = Settings(
    default_namespace=NAMESPACE,
    cni=CNIS["calico"],
    peers={"kube-apiserver": PeerFacts(addresses=(network("10.20.0.11/32"),))},
)

DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: longhorn-system
spec:
  podSelector: {}
  policyTypes:
    - Egress
"""
ALLOW = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: let-managers-out
  namespace: longhorn-system
spec:
  podSelector:
    matchExpressions:
      - {key: longhorn.io/component, operator: NotIn, values: [share-manager]}
  policyTypes:
    - Egress
  egress:
    - {}
"""

ALLOWED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-share-manager
  namespace: longhorn-system
spec:
  podSelector:
    matchLabels:
      longhorn.io/component: share-manager
  policyTypes:
    - Egress
  egress:
    - to:
        - ipBlock:
            cidr: 10.20.0.11/32
      ports:
        - protocol: TCP
          port: 443
        - protocol: TCP
          port: 6443
"""


def made(files: Mapping[str, str], others: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the widening makes new or other, by file."""
    _, end = before(installation(files, SETTINGS, others=others or {}), HOP)
    return {file: text for file, text in texts(end).items() if files.get(file) != text}


NAMES = {
    "after its own name": ("policies/np.yaml", "policies/allow-share-manager.yaml"),
    "with the number before": ("policies/10-default-deny.yml", "policies/10-allow-share-manager.yml"),
    "with underscores": ("policies/np_default_deny.yaml", "policies/np_allow_share_manager.yaml"),
    "in the same folder": ("a/b/default-deny.yaml", "a/b/allow-share-manager.yaml"),
}


@pytest.mark.parametrize(("near", "new"), NAMES.values(), ids=NAMES)
def test_a_new_file_is_named_after_its_neighbour(near: str, new: str) -> None:
    assert set(made({near: DENY, "other/allow.yaml": ALLOW})) == {new}


def test_a_name_that_is_taken_gets_a_number() -> None:
    others = {"policies/allow-share-manager.yaml": "kind: ConfigMap\n"}
    assert set(made({"policies/np.yaml": DENY, "x/allow.yaml": ALLOW}, others)) == {
        "policies/allow-share-manager-2.yaml"
    }


def test_it_is_written_in_the_hand_of_its_neighbour() -> None:
    [text] = made({"policies/default-deny.yaml": "---\n" + DENY, "x/allow.yaml": ALLOW}).values()
    assert text == "---\n" + ALLOWED


def test_beside_json_goes_json() -> None:
    deny = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": "longhorn-system"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
    }
    found = made({"policies/default-deny.json": json.dumps(deny, indent=2) + "\n", "x/allow.yaml": ALLOW})
    assert set(found) == {"policies/allow-share-manager.json"}
    [text] = found.values()
    assert json.loads(text)["metadata"] == {"name": "allow-share-manager", "namespace": "longhorn-system"}
    assert text == json.dumps(json.loads(text), indent=2) + "\n"


def test_where_neighbours_share_a_file_it_goes_there_too() -> None:
    found = made({"policies.yaml": f"{DENY}---\n{ALLOW}"})
    assert set(found) == {"policies.yaml"}
    assert found["policies.yaml"].startswith(f"{DENY}---\n{ALLOW}---\n")


def test_where_they_are_a_list_it_becomes_one_more_item() -> None:
    listed = "apiVersion: v1\nkind: List\nitems:\n" + "".join(
        "- " + "\n  ".join(one.rstrip("\n").split("\n")) + "\n" for one in (DENY, ALLOW)
    )
    found = made({"policies.yaml": listed})
    assert set(found) == {"policies.yaml"}
    assert found["policies.yaml"].startswith(listed)
    assert "name: allow-share-manager" in found["policies.yaml"]


LISTED = {
    "in the same folder": ("policies/kustomization.yaml", "default-deny.yaml", "allow-share-manager.yaml"),
    "with ./ before": ("policies/kustomization.yaml", "./default-deny.yaml", "./allow-share-manager.yaml"),
    "from a folder above": ("kustomization.yml", "policies/default-deny.yaml", "policies/allow-share-manager.yaml"),
    "from a folder above with ./": (
        "kustomization.yaml",
        "./policies/default-deny.yaml",
        "./policies/allow-share-manager.yaml",
    ),
    "in a file without an ending": ("policies/Kustomization", "default-deny.yaml", "allow-share-manager.yaml"),
}


@pytest.mark.parametrize(("kustomization", "listed", "added"), LISTED.values(), ids=LISTED)
def test_it_is_listed_where_its_neighbour_is(kustomization: str, listed: str, added: str) -> None:
    text = f"kind: Kustomization\nresources:\n  - {listed}\n  - more.yaml\n"
    found = made({"policies/default-deny.yaml": DENY, "x/allow.yaml": ALLOW}, {kustomization: text})
    assert set(found) == {"policies/allow-share-manager.yaml", kustomization}
    assert found[kustomization] == text + f"  - {added}\n"


def test_a_list_without_its_neighbour_is_left_as_it_is() -> None:
    text = "kind: Kustomization\nresources:\n  - more.yaml\n"
    found = made({"policies/default-deny.yaml": DENY, "x/allow.yaml": ALLOW}, {"policies/kustomization.yaml": text})
    assert set(found) == {"policies/allow-share-manager.yaml"}


def test_a_list_of_folders_needs_no_more() -> None:
    others = {
        "kustomization.yaml": "resources:\n  - policies\n",
        "policies/kustomization.yaml": "resources:\n  - default-deny.yaml\n",
    }
    found = made({"policies/default-deny.yaml": DENY, "x/allow.yaml": ALLOW}, others)
    assert set(found) == {"policies/allow-share-manager.yaml", "policies/kustomization.yaml"}


def test_a_template_of_a_list_is_no_reason_to_fail() -> None:
    others = {"policies/kustomization.yaml": "resources:\n{{ range .x }}\n  - default-deny.yaml\n{{ end }}\n"}
    found = made({"policies/default-deny.yaml": DENY, "x/allow.yaml": ALLOW}, others)
    assert not found
