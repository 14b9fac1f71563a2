"""Makes a JSON schema of a few kinds, as one Kubernetes release has them, from the models of the official client.

Run by hand, once per release, where that client is installed (its minor version is that of Kubernetes):

    python -m maintenance.kubernetes_schemas > tests/schemas/kubernetes-1.25.json
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from typing import Any

KINDS = {
    "Job": "V1Job",
    "ServiceAccount": "V1ServiceAccount",
    "ClusterRole": "V1ClusterRole",
    "ClusterRoleBinding": "V1ClusterRoleBinding",
    "Role": "V1Role",
    "RoleBinding": "V1RoleBinding",
}
_PLAIN = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string"},
    "date": {"type": "string"},
    "object": {},
}


def schema_of(models: Any) -> dict[str, Any]:  # noqa: ANN401 - the client has no types
    """The definitions of all that these kinds hold."""
    definitions: dict[str, Any] = {}
    pending = [*KINDS.values()]
    while pending:
        name = pending.pop()
        if name in definitions:
            continue
        model = getattr(models, name)
        properties = {model.attribute_map[key]: _of(kind, pending) for key, kind in model.openapi_types.items()}
        definitions[name] = {
            "type": "object",
            "additionalProperties": False,
            "properties": dict(sorted(properties.items())),
            "required": sorted(model.attribute_map[key] for key in model.openapi_types if _needed(models, model, key)),
        }
    return dict(sorted(definitions.items()))


def _of(kind: str, pending: list[str]) -> dict[str, Any]:
    inner = re.fullmatch(r"list\[(.+)\]|dict(?:\(|\[)str, (.+)[)\]]", kind)
    if inner is None:
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        pending.append(kind)
        return {"$ref": f"#/definitions/{kind}"}
    if inner[1]:
        return {"type": "array", "items": _of(inner[1], pending)}
    return {"type": "object", "additionalProperties": _of(inner[2], pending)}


def _needed(models: Any, model: Any, key: str) -> bool:  # noqa: ANN401
    """Whether a model refuses to be without a field."""
    lenient = models.Configuration()
    lenient.client_side_validation = False
    one = model(local_vars_configuration=lenient)
    lenient.client_side_validation = True
    try:
        setattr(one, key, None)
    except ValueError:
        return True
    return False


def main() -> None:
    """Prints the schema for the client that is installed."""
    from kubernetes import client  # noqa: PLC0415 - only here

    made_from = f"Made by maintenance/kubernetes_schemas.py from the kubernetes client {version('kubernetes')}"
    head = json.dumps({"$comment": f"{made_from} (Apache-2.0).", "kinds": KINDS, "definitions": {}}, indent=1)
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in schema_of(client).items()]
    sys.stdout.write(head.removesuffix("{}\n}") + "{\n  " + ",\n  ".join(lines) + "\n }\n}\n")


if __name__ == "__main__":
    main()
