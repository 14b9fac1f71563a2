"""A runner of GitHub's on this machine, as far as our action and the files in our documents need one.

docs.github.com: "Metadata syntax for GitHub Actions" (composite actions), "Workflow syntax" (`shell: bash` is
`bash --noprofile --norc -eo pipefail FILE`, no shell is `bash -e FILE`), "Evaluate expressions", "Workflow commands"
(the files for outputs and the summary). Of expressions it knows what we use, and refuses any other. What other actions
would be given is noted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from running import ASKING, HANGING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pull_request import StandIn

ROOT = Path(__file__).parent.parent
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}

_SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "": ["bash", "-e"]}
_COMPARED = re.compile(r"(\S+) ([!=]=) (\S+)")
_OUTPUT = re.compile(r"([a-z-]+)=([^\n]*)\n")

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Job:
    """A job in a checkout: what it printed, what its summary says, and which steps ran, and how they ended."""

    temp: Path
    checkout: Path
    environment: Mapping[str, str]
    python: StandIn
    token: str = ""
    log: str = ""
    summary: str = ""
    codes: dict[str, int] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    """What other actions were given."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the check is red."""
        return any(self.codes.values())

    def act(self, inputs: Mapping[str, str] = NOTHING) -> Job:
        """Runs the action."""
        assert not set(inputs) - set(ACTION["inputs"])
        self.outputs["python"] = {"python-path": str(self.python.python)}
        given = {name: self._filled(one.get("default", ""), {}) for name, one in ACTION["inputs"].items()}
        return self.run(ACTION["runs"]["steps"], {**given, **inputs})

    def run(self, steps: Sequence[Mapping[str, Any]], inputs: Mapping[str, str] = NOTHING) -> Job:
        """Runs steps, until one fails."""
        for step in steps:
            if not self.failed and self._holds(step.get("if", "true"), inputs):
                self._step(step, inputs)
        return self

    def result(self) -> dict[str, str]:
        """The action's outputs."""
        return {name: self._filled(one["value"], {}) for name, one in ACTION["outputs"].items()}

    def _step(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
        if "uses" in step:
            self.used[step["uses"].split("@")[0]] = {k: self._filled(v, inputs) for k, v in step["with"].items()}
            return
        environment = {name: self._filled(value, inputs) for name, value in step.get("env", {}).items()}
        folder = self.checkout / self._filled(step.get("working-directory", "."), inputs)
        self.codes[step["name"]] = self._shell(step, environment, folder)

    def _shell(self, step: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> int:
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
            [*_SHELLS[step.get("shell", "")], str(script)],
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
            case ["steps", step, "outcome"]:
                return self.outcomes[step]
            case ["github", "token"]:
                return self.token
            case ["github", "event_name"]:
                return self.environment["GITHUB_EVENT_NAME"]
            case _:
                raise AssertionError(name)
