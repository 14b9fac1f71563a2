"""Speed and memory, measured side by side in one run and printed as ratios.

What is compared runs in turn, A B A B ..., so that both see the same machine; medians are compared. Times of a
shared machine mean little by themselves, so only ratios have a limit. `python bench/bench.py NAME...` runs a part.

What somebody waits for counts, so limits are for the clock. The ratio by the processor's time stands beside it, in
which a second process counts in full: where the two differ much, something else ran on the machine.
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
from typing import TYPE_CHECKING, NamedTuple

import yaml

from lhmigrate.files.manifests import read
from lhmigrate.files.yamltext import parse, pieces
from lhmigrate.judging.inventory import Inventory
from lhmigrate.judging.state import World, judge_all
from lhmigrate.longhorn.catalogue import Catalogue, shipped_specs
from lhmigrate.model.cni import CNIS
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Iterable

LHMIGRATE = str(Path(sys.executable).with_name("lhmigrate"))
# As installed tools run: with their bytecode cached, which the warm-up sees to.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
FILES, POLICY_FILES, POLICIES, BYTES = 10_000, 200, 300, 4_000
IN_LONGHORN = 10  # one policy in so many is in Longhorn's namespace

FILLER = "  setting-{0}: value of an ordinary line in an ordinary manifest\n"
# Half of all manifests have a capital N somewhere, which is what the search looks for first.
CAPITAL = "  pull-policy: IfNotPresent\n"
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
# The managers of 1.5 call two more ports than it lets in.
CALLED = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-{0}
  namespace: longhorn-system
spec:
  podSelector:
    matchLabels:
      longhorn.io/component: instance-manager
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: longhorn-manager
      ports:
        - port: 8500
        - port: 8501
"""


class Cost(NamedTuple):
    """Seconds that something took."""

    clock: float
    processor: float
    """Of all its processes together."""


def main(names: list[str]) -> int:
    parts = {"version": version, "tree": tree, "judging": judging, "patching": patching, "big": big, "cluster": cluster}
    failed = [name for name in names or list(parts) if not parts[name]()]
    print(f"\nmissed: {', '.join(failed)}" if failed else "\nevery limit was kept")
    return bool(failed)


def version() -> bool:
    print("lhmigrate --version against python -c 'import typer'")
    ours, theirs = alternate(
        lambda: run([LHMIGRATE, "--version"]), lambda: run([sys.executable, "-c", "import typer"]), 25
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
        ours, theirs = alternate(lambda: run(planning(small)), lambda: run([*grep, str(small)]), 9)
        quick = told("time", ours, theirs, 5)
        ten, one = alternate(lambda: run(planning(large)), lambda: run(planning(small)), 3)
        linear = told("ten times the files", ten, one, 11)
        memory = peak(planning(small))
        print(f"  peak memory: {memory:.0f} MB of 120 MB")
        return quick and linear and memory <= 120 and coverage["policies"] == POLICIES


def patching() -> bool:
    print(f"patch over {FILES:,} files with {POLICIES} policies against plan")
    with tempfile.TemporaryDirectory() as folder:
        grow(Path(folder), 1)
        edits = json.loads(out([*patch(Path(folder)), "--format", "json"]))["steps"]
        print(f"  edits: {sum(len(step['edits']) for step in edits)}")
        plan = ["plan" if word == "patch" else word for word in patch(Path(folder))]
        ours, theirs = alternate(lambda: run(patch(Path(folder))), lambda: run(plan), 9)
        return told("time", ours, theirs, 1.5) and any(step["edits"] for step in edits)


def big() -> bool:
    print("patch of one file of 5 MB with many documents, one of them edited, against parsing that file once")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "all.yaml")
        texts = [policy(IN_LONGHORN * number + 1) for number in range(14_500)]
        texts[len(texts) // 2] = policy(0)
        text = "---\n".join(texts)
        file.write_text(text, encoding="utf-8")
        edits = json.loads(out([*patch(file), "--format", "json"]))["steps"]
        print(f"  size: {len(text) / 1e6:.1f} MB; edits: {sum(len(step['edits']) for step in edits)}")
        ours, theirs = alternate(lambda: run(patch(file)), lambda: timed(lambda: parse_all(text)), 5)
        return told("time", ours, theirs, 1.2)


def cluster() -> bool:
    import fleet  # noqa: PLC0415 - what it needs are the tests' modules

    print(f"gate of {fleet.NODES} nodes, {fleet.PODS:,} pods and {fleet.POLICIES:,} policies, against a fifth of that")
    with (
        tempfile.TemporaryDirectory() as folder,
        fleet.serving_large(1, Path(folder, "large")) as large,
        fleet.serving_large(0.2, Path(folder, "small")) as small,
    ):
        told_of = json.loads(out([*gate(large), "--format", "json"]))["coverage"]["policies"]
        whole, fifth = alternate(lambda: run(gate(large)), lambda: run(gate(small)), 5)
        linear = told("five times the cluster", whole, fifth, 5.5)
        memory = spent(gate(large)).ru_maxrss / 1024
        print(f"  policies: {told_of:,}; peak memory: {memory:.0f} MB of 256 MB")
        return linear and memory <= 256 and told_of == fleet.POLICIES


def gate(kubeconfig: str) -> list[str]:
    return ["env", f"KUBECONFIG={kubeconfig}", LHMIGRATE, "gate", "--to", "1.7.3"]


def parse_all(text: str) -> None:
    for piece in pieces(text, "all.yaml"):
        parse(piece)


def patch(path: Path) -> list[str]:
    return [LHMIGRATE, "patch", "--from", "1.4", "--to", "1.5", "--exit-zero", str(path)]


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
        text += CAPITAL if number % 2 else ""
        text += "".join(FILLER.format(line) for line in range((BYTES - len(text)) // len(FILLER)))
        if number % (FILES // POLICY_FILES) == 0:
            for _ in range(1 + (number // (FILES // POLICY_FILES)) % 2):
                text += "---\n" + policy(made)
                made += 1
        (place / f"manifest-{number}.yaml").write_text(text, encoding="utf-8")


def policy(number: int) -> str:
    if not number:
        return CALLED.format(number)
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


def prepared(text: str) -> Callable[[], Cost]:
    """Judges from scratch each time it is called; reading the policies is not part of it."""
    catalogue = Catalogue([shipped_specs()])
    release = catalogue.find("1.12.1")
    inventory = Inventory(policies=read(text, "deck.yaml").policies)
    settings = Settings(cni=CNIS["calico"])

    def judge() -> None:
        world = World(inventory, settings, catalogue.glossary, [release])
        policies = world.policies(release)
        judge_all(world.cluster(policies).legs(release), policies)

    return lambda: timed(judge)


def composing(text: str) -> Cost:
    """At the parser's best: one document at a time, and no garbage collection in between."""

    def compose() -> None:
        for _ in yaml.compose_all(text, Loader=yaml.CBaseLoader):
            pass

    gc.disable()
    cost = timed(compose)
    gc.enable()
    return cost


def timed(work: Callable[[], None]) -> Cost:
    """What something costs in this process."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - clock, time.process_time() - processor)


def alternate(one: Callable[[], Cost], other: Callable[[], Cost], runs: int) -> tuple[Cost, Cost]:
    """The medians of both, run in turn after a warm-up."""
    one(), other()
    pairs = [(one(), other()) for _ in range(runs)]
    return middle(first for first, _ in pairs), middle(second for _, second in pairs)


def middle(costs: Iterable[Cost]) -> Cost:
    clock, processor = zip(*costs, strict=True)
    return Cost(median(clock), median(processor))


def told(what: str, ours: Cost, theirs: Cost, limit: float) -> bool:
    clock, processor = (mine / other for mine, other in zip(ours, theirs, strict=True))
    verdict = "kept" if clock <= limit else "MISSED"
    times = f"{ours.clock * 1000:.0f} ms to {theirs.clock * 1000:.0f} ms"
    print(f"  {what}: {clock:.2f} times ({times}), {processor:.2f} by the processor, at most {limit}: {verdict}")
    return verdict == "kept"


def run(command: list[str]) -> Cost:
    """What a command costs."""
    begun = time.perf_counter()
    usage = spent(command)
    return Cost(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime)


def out(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True, env=ENVIRONMENT).stdout


def peak(command: list[str]) -> float:
    """The most memory that a command held, in MB (Linux counts it in KB, macOS in bytes).

    The system tells the larger of the program and the process that searches for it, so this is twice that.
    """
    return 2 * spent(command).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def spent(command: list[str]) -> resource.struct_rusage:
    """Runs a command, and what it took of the machine with the processes that it started."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed, and what it costs means nothing")
    return usage


if __name__ == "__main__":
    if shutil.which("grep") is None:
        sys.exit("grep is needed to compare with")
    sys.exit(main(sys.argv[1:]))
