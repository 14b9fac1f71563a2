"""Speed and memory, measured side by side in one run and printed as ratios.

What is compared runs in turn, A B A B ..., so that both see the same machine; medians are compared. Times of a
shared machine mean little by themselves, so only ratios have a limit. `python bench/bench.py NAME...` runs a part.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import yaml

from lhmigrate.catalogue import Catalogue, shipped_specs
from lhmigrate.cni import CNIS
from lhmigrate.inventory import Inventory
from lhmigrate.manifests import read
from lhmigrate.settings import Settings
from lhmigrate.state import World, judge_all

if TYPE_CHECKING:
    from collections.abc import Callable

LHMIGRATE = str(Path(sys.executable).with_name("lhmigrate"))
# As installed tools run: with their bytecode cached, which the warm-up sees to.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
FILES, POLICY_FILES, POLICIES, BYTES = 10_000, 200, 300, 4_000
IN_LONGHORN = 10  # one policy in so many is in Longhorn's namespace

FILLER = "  setting-{0}: value of an ordinary line in an ordinary manifest\n"
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-{0}
  namespace: {1}
spec:
  podSelector:
    matchLabels:
      app: {2}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: client-{0}
      ports:
        - protocol: TCP
          port: {3}
"""


def main(names: list[str]) -> int:
    parts = {"version": version, "tree": tree, "judging": judging}
    failed = [name for name in names or list(parts) if not parts[name]()]
    print(f"\nmissed: {', '.join(failed)}" if failed else "\nevery limit was kept")
    return bool(failed)


def version() -> bool:
    print("lhmigrate --version against python -c 'import typer'")
    ours, theirs = alternate(
        lambda: wall([LHMIGRATE, "--version"]), lambda: wall([sys.executable, "-c", "import typer"]), 25
    )
    return told("time", ours, theirs, 1.3)


def tree() -> bool:
    print(f"plan over {FILES:,} files against grep -rl NetworkPolicy, and over ten times as many")
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        grow(small, 1)
        grow(large, 10)
        grep = ["grep", "-rl", "NetworkPolicy"]
        coverage = json.loads(out(planning(small)))["coverage"]
        print(f"  coverage: {coverage['files']:,} files, {coverage['policies']:,} policies")
        ours, theirs = alternate(lambda: wall(planning(small)), lambda: wall([*grep, str(small)]), 9)
        quick = told("time", ours, theirs, 5)
        ten, one = alternate(lambda: wall(planning(large)), lambda: wall(planning(small)), 3)
        linear = told("ten times the files", ten, one, 11)
        memory = peak(planning(small))
        print(f"  peak memory: {memory:.0f} MB of 120 MB")
        return quick and linear and memory <= 120 and coverage["policies"] == POLICIES


def planning(folder: Path) -> list[str]:
    return [LHMIGRATE, "plan", "--from", "1.5", "--to", "1.7", "--format", "json", "--exit-zero", str(folder)]


def grow(folder: Path, times: int) -> None:
    """A GitOps tree: most files are somebody else's, a few hold one policy or two."""
    made = 0
    for number in range(FILES * times):
        place = folder / f"cluster-{number // 1000}" / f"app-{number // 10 % 100}"
        if number % 10 == 0:
            place.mkdir(parents=True, exist_ok=True)
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{number}\ndata:\n"
        text += "".join(FILLER.format(line) for line in range((BYTES - len(text)) // len(FILLER)))
        if number % (FILES // POLICY_FILES) == 0:
            for _ in range(1 + (number // (FILES // POLICY_FILES)) % 2):
                text += "---\n" + policy(made)
                made += 1
        (place / f"manifest-{number}.yaml").write_text(text, encoding="utf-8")


def policy(number: int) -> str:
    if number % IN_LONGHORN:
        return POLICY.format(number, f"team-{number % 37}", f"app-{number}", 8080)
    return POLICY.format(number, "longhorn-system", "longhorn-manager", 9500)


def judging() -> bool:
    print("judging every flow of a release against 20,000 policies, against composing them with PyYAML's C parser")
    small, large = deck(10_000), deck(20_000)
    judge_large, judge_small = prepared(large), prepared(small)
    ours, theirs = alternate(judge_large, lambda: composing(large), 5)
    quick = told("time", ours, theirs, 0.5)
    twice, once = alternate(judge_large, judge_small, 5)
    return told("twice the policies", twice, once, 2.2) and quick


def deck(count: int) -> str:
    """Policies of Longhorn's namespace; one in twenty selects one of Longhorn's components."""
    components = ("longhorn-manager", "longhorn-ui", "longhorn-csi-plugin", "longhorn-driver-deployer")
    return "---\n".join(
        POLICY.format(
            number,
            "longhorn-system",
            components[number % 4] if number % 20 == 0 else f"app-{number % 997}",
            1024 + number,
        )
        for number in range(count)
    )


def prepared(text: str) -> Callable[[], float]:
    """Judges from scratch each time it is called; reading the policies is not part of it."""
    catalogue = Catalogue([shipped_specs()])
    release = catalogue.find("1.12.1")
    inventory = Inventory(policies=read(text, "deck.yaml").policies)
    settings = Settings(cni=CNIS["calico"])

    def run() -> float:
        begun = time.perf_counter()
        world = World(inventory, settings, catalogue.glossary, [release])
        policies = world.policies(release)
        judge_all(world.cluster(policies).legs(release), policies)
        return time.perf_counter() - begun

    return run


def composing(text: str) -> float:
    """At the parser's best: one document at a time, and no garbage collection in between."""
    gc.disable()
    begun = time.perf_counter()
    for _ in yaml.compose_all(text, Loader=yaml.CBaseLoader):
        pass
    taken = time.perf_counter() - begun
    gc.enable()
    return taken


def alternate(one: Callable[[], float], other: Callable[[], float], runs: int) -> tuple[float, float]:
    """The medians of both, run in turn after a warm-up."""
    one(), other()
    pairs = [(one(), other()) for _ in range(runs)]
    return median(first for first, _ in pairs), median(second for _, second in pairs)


def told(what: str, ours: float, theirs: float, limit: float) -> bool:
    ratio = ours / theirs
    verdict = "kept" if ratio <= limit else "MISSED"
    print(f"  {what}: {ratio:.2f} times ({ours * 1000:.0f} ms to {theirs * 1000:.0f} ms), at most {limit}: {verdict}")
    return ratio <= limit


def wall(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=ENVIRONMENT)
    return time.perf_counter() - begun


def out(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True, env=ENVIRONMENT).stdout


def peak(command: list[str]) -> float:
    """The most memory that a command held, in MB (Linux counts it in KB, macOS in bytes)."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    if shutil.which("grep") is None:
        sys.exit("grep is needed to compare with")
    sys.exit(main(sys.argv[1:]))
