"""A runner of GitHub's on this machine, as far as the steps of a composite action go.

docs.github.com: "Metadata syntax for GitHub Actions" (composite actions), "Workflow syntax" (`shell: bash` is
`bash --noprofile --norc -eo pipefail FILE`), "Evaluate expressions", "Workflow commands" (the files for outputs and the
summary). Of expressions it knows what action.yml uses, and refuses any other. Steps that use other actions are noted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from running import ASKING, HANGING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}

_STAND_IN = """\
#!/bin/sh
# In the place of Python: makes an environment that leads here, and installs nothing. All else is done by the real one.
printf '%s\\n' "$@" --- >>"$RUNNER_TEMP/python.log"
[ "$3" != "$STAND_IN_FAILS" ] || exit 1
case "$3" in
venv) mkdir -p "$4/bin" && ln -s "$RUNNER_TEMP/python" "$4/bin/python" ;;
pip) ;;
*) exec "{python}" "$@" ;;
esac
"""
_COMPARED = re.compile(r"(\S+) ([!=]=) (\S+)")
_OUTPUT = re.compile(r"([a-z-]+)=([^\n]*)\n")

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Job:
    """A job in a checkout: what it printed, what its summary says, and which steps ran, and how they ended."""

    temp: Path
    checkout: Path
    environment: Mapping[str, str]
    event: Mapping[str, Any]
    token: str = ""
    python: str = sys.executable
    log: str = ""
    summary: str = ""
    codes: dict[str, int] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    """What other actions were given."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the check is red."""
        return any(self.codes.values())

    @property
    def pythons(self) -> list[list[str]]:
        """What Python was started with, each time."""
        lines = (self.temp / "python.log").read_text(encoding="utf-8").splitlines()
        text = "\0".join(lines)
        return [one.strip("\0").split("\0") for one in text.split("---") if one.strip("\0")]

    def run(self, inputs: Mapping[str, str] = NOTHING) -> Job:
        """Runs the action."""
        unknown = set(inputs) - set(ACTION["inputs"])
        assert not unknown
        stand_in = self.temp / "python"
        stand_in.write_text(_STAND_IN.format(python=self.python), encoding="utf-8")
        stand_in.chmod(0o755)
        self.outputs["python"] = {"python-path": str(stand_in)}
        given = {name: self._filled(one.get("default", ""), {}) for name, one in ACTION["inputs"].items()}
        for step in ACTION["runs"]["steps"]:
            self._step(step, {**given, **inputs})
        return self

    def result(self) -> dict[str, str]:
        """The action's outputs."""
        return {name: self._filled(one["value"], {}) for name, one in ACTION["outputs"].items()}

    def _step(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        if self.failed or not self._holds(step.get("if", "true"), inputs):
            return
        if "uses" in step:
            self.used[step["uses"].split("@")[0]] = {k: self._filled(v, inputs) for k, v in step["with"].items()}
            return
        environment = {name: self._filled(value, inputs) for name, value in step.get("env", {}).items()}
        folder = self.checkout / self._filled(step.get("working-directory", "."), inputs)
        self.codes[step["name"]] = self._shell(step, environment, folder)

    def _shell(self, step: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> int:
        assert step["shell"] == "bash"
        script, output, summary = (self.temp / name for name in ("script.sh", "output", "summary"))
        script.write_text(step["run"], encoding="utf-8")
        for file in (output, summary):
            file.write_bytes(b"")
        own = {
            **{name: value for name, value in os.environ.items() if name not in ASKING},
            **self.environment,
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temp),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder,
            env={**own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=HANGING,
            check=False,
        )
        self.log += done.stdout.decode("utf-8")
        self.summary += summary.read_text(encoding="utf-8")
        told = output.read_text(encoding="utf-8")
        assert not _OUTPUT.sub("", told), "outputs are lines of NAME=VALUE"
        if "id" in step:
            self.outputs[step["id"]] = dict(_OUTPUT.findall(told))
        return done.returncode

    def _filled(self, value: object, inputs: Mapping[str, str]) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self._value(found[1], inputs), text)

    def _holds(self, expression: str, inputs: Mapping[str, str]) -> bool:
        return all(self._compared(part, inputs) for part in expression.split(" && "))

    def _compared(self, part: str, inputs: Mapping[str, str]) -> bool:
        if part == "true":
            return True
        found = _COMPARED.fullmatch(part)
        assert found, part
        return (self._value(found[1], inputs) == self._value(found[3], inputs)) is (found[2] == "==")

    def _value(self, name: str, inputs: Mapping[str, str]) -> str:
        if name.startswith("'"):
            return name.strip("'")
        match name.split("."):
            case ["inputs", one]:
                return inputs[one]
            case ["steps", step, "outputs", one]:
                return self.outputs.get(step, {}).get(one, "")
            case ["github", "token"]:
                return self.token
            case ["github", "event_name"]:
                return self.environment["GITHUB_EVENT_NAME"]
            case _:
                raise AssertionError(name)
