"""Leaves a gate's result in Longhorn's namespace, where it is asked to: as an Event, as a ConfigMap, or both.

This is all that is ever written to a cluster. Whether it could be written changes nothing about the result.
"""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lhmigrate.kube.apiserver import Resource
from lhmigrate.reports.visible import visible

if TYPE_CHECKING:
    from lhmigrate.kube.apiserver import ApiServer
    from lhmigrate.kube.gate import Gate

EVENTS: Final = Resource("", "v1", "events")
CONFIG_MAPS: Final = Resource("", "v1", "configmaps")
NAME: Final = "lhmigrate-gate"
"""The ConfigMap's."""

_LONGEST_MESSAGE: Final = 1024
"""Of an Event (kubernetes/kubernetes, pkg/apis/core/validation/events.go)."""
_LONGEST_REPORT: Final = 900_000
"""Of a ConfigMap's megabyte."""


def event(api: ApiServer, gate: Gate, namespace: str, now: datetime | None = None) -> str | None:
    """Makes an Event about the namespace: None, or why that failed."""
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{NAME}-", "namespace": namespace},
        # An Event is about something of its own namespace; of the namespace itself, that is what this says.
        "involvedObject": {"apiVersion": "v1", "kind": "Namespace", "name": namespace, "namespace": namespace},
        "type": "Warning" if gate.shut else "Normal",
        "reason": "UpgradeGateShut" if gate.shut else "UpgradeGateOpen",
        "message": _message(gate),
        "source": {"component": "lhmigrate"},
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
    }
    return _failed(api, "POST", EVENTS.path(namespace), body, f"create events in namespace {namespace}")


def config_map(api: ApiServer, gate: Gate, namespace: str, report: str) -> str | None:
    """Puts the result and the JSON report into a ConfigMap, in place of an older one: None, or why that failed."""
    data = {"result": "shut" if gate.shut else "open", "message": _message(gate)}
    # A report that does not fit is left out, not cut: half of it would be no JSON.
    if len(report) <= _LONGEST_REPORT:
        data["report.json"] = report
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": namespace, "labels": {"app.kubernetes.io/name": "lhmigrate"}},
        "data": data,
    }
    path = CONFIG_MAPS.path(namespace)
    answer = api.send("PUT", f"{path}/{NAME}", body)
    if answer.status == http.client.NOT_FOUND:
        return _failed(api, "POST", path, body, f"create configmaps in namespace {namespace}")
    return _why(answer.status, f"update configmaps {NAME} in namespace {namespace}")


def _failed(api: ApiServer, method: str, path: str, body: dict[str, Any], what: str) -> str | None:
    return _why(api.send(method, path, body).status, what)


def _why(status: int, what: str) -> str | None:
    if status in {http.client.OK, http.client.CREATED}:
        return None
    if status == http.client.FORBIDDEN:
        return f"the result was not left in the cluster: it must be allowed to {what}"
    return f"the result was not left in the cluster: asked to {what}, the API server answers with status {status}"


def _message(gate: Gate) -> str:
    """The sentence, and the findings that shut the gate, as far as they fit."""
    told = gate.sentence
    for finding in gate.findings:
        if finding.level.value == "note" or not gate.shut:
            continue
        more = f"{told} {finding.message}"
        if len(more.encode()) > _LONGEST_MESSAGE:
            break
        told = more
    return visible(told, _LONGEST_MESSAGE)
