"""Edits of Cilium's policies: each as somebody would make it who knows Cilium, with nothing opened beside it."""

from __future__ import annotations

from typing import Any

import yaml
from patched import HOPS, after, before, installation, texts

from lhmigrate.model.cni import CNIS
from lhmigrate.model.settings import PeerFacts, Settings

CILIUM = Settings(
    cni=CNIS["cilium"],
    peers={"prometheus": PeerFacts("monitoring", {"app": "prometheus"})},
    using=frozenset({"metrics"}),
)


def policy(name: str, rules: str, component: str = "instance-manager", more: str = "") -> str:
    return f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: longhorn-system}}
spec:
  endpointSelector:
    matchLabels: {{{component}}}
{more}  ingress:
{rules}"""


INSTANCES = "longhorn.io/component: instance-manager"
MANAGERS = "app: longhorn-manager"

BY_PORTS = """\
    - fromEndpoints:
        - matchLabels: {app: longhorn-manager}
      toPorts:
        - ports:
            - {port: "8500", protocol: TCP} # the manager
            - {port: "8501", protocol: TCP}
"""


def data(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def hop(old: str, new: str) -> Any:  # noqa: ANN401 - a hop
    return next(one for one in HOPS if str(one.old).startswith(old) and str(one.new).startswith(new))


def test_a_port_goes_into_the_to_ports_of_the_rule_that_admits_the_peer() -> None:
    text = policy("calls", BY_PORTS, INSTANCES)
    _, end = before(installation({"a.yaml": text}, CILIUM), hop("1.4", "1.5"))
    [rule] = data(texts(end)["a.yaml"])[0]["spec"]["ingress"][:1]
    listed = [one["port"] for item in rule["toPorts"] for one in item["ports"]]
    assert listed[:2] == ["8500", "8501"]
    assert set(listed[2:]) == {"8502", "8503"}
    assert texts(end)["a.yaml"].startswith(text.rstrip("\n")[: text.index("8501")])


DENY_ALL = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: default-deny, namespace: longhorn-system}
spec:
  endpointSelector: {}
  ingressDeny: [{}]
"""


def test_a_policy_that_isolates_nobody_takes_the_port_and_still_isolates_nobody() -> None:
    text = policy("calls", BY_PORTS, INSTANCES, "  enableDefaultDeny: {ingress: false}\n")
    step, end = before(installation({"a.yaml": text, "deny.yaml": DENY_ALL}, CILIUM), hop("1.4", "1.5"))
    [made] = data(texts(end)["a.yaml"])
    assert made["spec"]["enableDefaultDeny"] == {"ingress": False}
    assert {one["port"] for one in made["spec"]["ingress"][0]["toPorts"][0]["ports"]} >= {"8502", "8503"}
    assert texts(end)["deny.yaml"] == DENY_ALL
    assert step.made


def test_a_scraper_gets_its_one_request_and_no_more_of_the_api() -> None:
    # Before, nothing of the user's isolates the managers; the chart's own policies of the new release do.
    start = installation({"a.yaml": policy("api", BY_PORTS, INSTANCES)}, CILIUM)
    step, _ = before(start, hop("1.12.0", "1.12.1"))
    wanted = [one for one in step.undone if any(need.leg.source == "prometheus" for need in one.needs)]
    [rule] = [rule for one in wanted for rule in getattr(one.edit, "rules", ())]
    assert [str(one) for one in rule.http] == ["GET /metrics"]


WEBHOOKS = """\
    - fromEndpoints:
        - matchLabels: {app: longhorn-manager}
        - matchLabels: {app: longhorn-admission-webhook}
      toPorts: [{ports: [{port: "9500", protocol: TCP}]}]
    - fromEndpoints:
        - matchLabels: {app: longhorn-conversion-webhook}
      toPorts: [{ports: [{port: "9500", protocol: TCP}]}]
"""


def test_peers_that_are_gone_are_taken_out_and_a_rule_of_nobody_else_whole() -> None:
    start = installation({"a.yaml": policy("api", WEBHOOKS, MANAGERS)}, CILIUM)
    _, end = after(start, hop("1.4", "1.5"))
    [made] = data(texts(end)["a.yaml"])
    [rule] = made["spec"]["ingress"]
    assert rule["fromEndpoints"] == [{"matchLabels": {"app": "longhorn-manager"}}]
    again, same = after(end, hop("1.4", "1.5"))
    assert not again.made
    assert texts(same) == texts(end)


def test_opening_twice_is_opening_once() -> None:
    start = installation({"a.yaml": policy("calls", BY_PORTS, INSTANCES), "deny.yaml": DENY_ALL}, CILIUM)
    for one in HOPS:
        _, end = before(start, one)
        again, same = before(end, one)
        assert not again.made, str(one)
        assert texts(same) == texts(end)
