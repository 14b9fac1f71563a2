"""Running lhmigrate in tests: as the installed program, and within this process where a test needs many runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from lhmigrate.cli import app

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = Path(sys.executable).with_name("lhmigrate")
NOTHING: Mapping[str, str] = MappingProxyType({})
ASKING = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING")
"""What an environment may ask for; tests start without."""

HANGING = 120
"""Seconds after which a run is given up: nothing here takes more than a few."""

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: managers, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {app: longhorn-manager}}
  ingress: [{}]
"""
"""A policy that cuts nothing."""

CUTTING = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: engines, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: instance-manager}}
  policyTypes: [Ingress]
"""
"""A policy that cuts the instance managers off."""

CALLED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: callers, namespace: longhorn-system}
spec:
  podSelector: {matchLabels: {longhorn.io/component: instance-manager}}
  ingress:
    - from:
        - podSelector: {matchLabels: {app: longhorn-manager}}
      ports:
        - port: 8500
        - port: 8501
"""
"""A policy for which an upgrade from 1.4 needs two ports more in its rule."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:  # noqa: ANN401 - whatever JSON it is
        """What it printed, read as JSON."""
        return json.loads(self.out)


def program(*arguments: str | Path, given: bytes = b"", environment: Mapping[str, str] = NOTHING) -> Run:
    """Runs the installed program, as a user would."""
    return _run([str(PROGRAM), *map(str, arguments)], given, environment)


def shell(line: str, **environment: str) -> Run:
    """Runs a line of bash, which finds the program in its path."""
    return _run(["bash", "-c", line], b"", {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", **environment})


def command(*words: str) -> Run:
    """Runs any other program."""
    return _run(list(words), b"", NOTHING)


def _run(command: list[str], given: bytes, environment: Mapping[str, str]) -> Run:
    """Runs a command in an environment that asks for nothing but what the test says."""
    clean = {name: value for name, value in os.environ.items() if name not in ASKING}
    done = subprocess.run(
        command, env={**clean, **environment}, input=given, capture_output=True, timeout=HANGING, check=False
    )
    return Run(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace"))


def inside(*arguments: str | Path, given: bytes = b"", environment: Mapping[str, str] = NOTHING) -> Run:
    """Runs the command line in this process. An exception that it lets through fails the test."""
    settings = {**dict.fromkeys(ASKING), **environment}
    result = CliRunner().invoke(app, [*map(str, arguments)], input=given, env=settings, catch_exceptions=False)
    return Run(result.exit_code, result.stdout, result.stderr)


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Puts files into a folder, by their paths in it."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return folder
