"""Helm values: the user's over the chart's defaults, and the conditions that the chart sets on them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

MANAGER_TAG: Final = "image.longhorn.manager.tag"
"""Says which managers run, whatever the chart's own version is (longhorn/longhorn, chart/values.yaml)."""


class Values(NamedTuple):
    """What the user passes to the chart, as one tree, over a release's defaults by dotted path."""

    given: Mapping[str, Any] = MappingProxyType({})
    defaults: Mapping[str, Any] = MappingProxyType({})

    def over(self, defaults: Mapping[str, Any]) -> Values:
        """The same values over the defaults of one release."""
        return Values(self.given, defaults)

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever was given
        """The value at a dotted path, or the chart's default, or None."""
        found: Any = self.given
        for key in path.split("."):
            if not isinstance(found, Mapping) or key not in found:
                return self.defaults.get(path)
            found = found[key]
        # Helm: a null given by the user removes the default.
        return found

    def hold(self, when: Mapping[str, Any]) -> bool:
        """Whether every condition holds; see specs/README.md for how conditions are written."""
        return all(self._holds(path, wanted) for path, wanted in when.items())

    def any_of(self, when: Mapping[str, Any]) -> bool:
        """Whether one condition at least holds."""
        return any(self._holds(path, wanted) for path, wanted in when.items())

    def _holds(self, path: str, wanted: Any) -> bool:  # noqa: ANN401 - as written in the spec
        value = self.get(path)
        match wanted:
            case bool():
                # The sense of a Go template's `if`: empty, zero and nil are false.
                return bool(value) is wanted
            case {"not": excluded}:
                return value not in excluded
            case _:
                return bool(value == wanted)


def merged(trees: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Values files one over the other, as `helm -f a -f b` merges them: objects by key, the rest replaced."""
    result: dict[str, Any] = {}
    for tree in trees:
        for key, value in tree.items():
            old = result.get(key)
            if isinstance(old, dict) and isinstance(value, Mapping):
                result[key] = merged([old, value])
            else:
                result[key] = value
    return result
