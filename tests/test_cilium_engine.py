"""Our reading against Cilium's own engine, of github.com/cilium/cilium v1.20.2: policies of every shape, made up.

Its release v1.18.4 was asked, too, and agreed.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from operator import or_
from typing import TYPE_CHECKING

import pytest
import yaml
from cilium_cases import RULES
from cilium_engine import DIRECTIONS, ENGINE, OURS, PORTS, ask, kept, made_up, theirs
from hard_cases import written

from lhmigrate.files.manifests import read
from lhmigrate.judging.cluster import Leg
from lhmigrate.judging.enforcement import settle
from lhmigrate.judging.policies import Policies
from lhmigrate.judging.verdict import Answer, judge
from lhmigrate.longhorn.release import Flow
from lhmigrate.model.cni import CNIS
from lhmigrate.model.endpoints import Pod
from lhmigrate.model.ports import Ports
from lhmigrate.model.settings import Settings

if TYPE_CHECKING:
    from cilium_engine import Answers, Data, Port

    from lhmigrate.model.endpoints import Endpoint

POLICIES = kept()


def ours(policies: Policies, sender: Endpoint, receiver: Endpoint, port: Port) -> Answer:
    ports = Ports.of([(port[0], port[1], port[1])])
    flow = Flow("flow", ("sender",), ("receiver",), ports)
    return judge(Leg(flow, "sender", "receiver", ports, (sender,), (receiver,)), policies).answer


def let_through(said: Answers, own: str, direction: str, peer: str, port: Port) -> bool:
    """Whether the engine lets it through at both ends; what is no pod has no policies."""
    far = DIRECTIONS[1 - DIRECTIONS.index(direction)]
    return said.lets(own, direction, peer, port) and (
        not isinstance(OURS[peer], Pod) or said.lets(peer, far, own, port)
    )


def compared(policies: list[Data], said: Answers) -> Counter[tuple[Answer, bool]]:
    """How often we say something, and the engine lets it through or not."""
    written = read(yaml.safe_dump_all(policies), "case.yaml").policies
    engine = Policies(settle(Settings(cni=CNIS["cilium"]), written).policies)
    found: Counter[tuple[Answer, bool]] = Counter()
    for own, pod in OURS.items():
        if not isinstance(pod, Pod):
            continue
        for direction in DIRECTIONS:
            for name, peer in OURS.items():
                sender, receiver = (peer, pod) if direction == "ingress" else (pod, peer)
                for port in PORTS:
                    answer = ours(engine, sender, receiver, port)
                    found[answer, let_through(said, own, direction, name, port)] += 1
    return found


def test_the_kept_verdicts_are_those_of_the_policies_that_are_made_up() -> None:
    assert [policies for policies, _ in POLICIES] == made_up()


def numbers(ports: Ports) -> set[Port]:
    """All of few ports, and the ends of many."""
    return {
        (protocol, port)
        for protocol, first, last in ports.ranges
        for port in (range(first, last + 1) if last - first < 100 else (first, 9500, last))
    }


def test_what_we_are_sure_of_is_what_cilium_does() -> None:
    total: Counter[tuple[Answer, bool]] = Counter()
    for number, (policies, said) in enumerate(POLICIES):
        found = compared(policies, said)
        assert not found[Answer.ALLOWED, False], f"case {number}: we let through what Cilium stops"
        assert not found[Answer.BLOCKED, True], f"case {number}: we stop what Cilium lets through"
        total += found
    sure = total[Answer.ALLOWED, True] + total[Answer.BLOCKED, False]
    assert total.total() == len(POLICIES) * 480
    assert sure > 0.9 * total.total()
    assert total[Answer.BLOCKED, False] > 0.2 * total.total()


def test_what_cilium_refuses_we_do_not_take_for_granted() -> None:
    refused = [policy for policies, said in POLICIES for policy, why in zip(policies, said.refused, strict=True) if why]
    assert len(refused) > 20
    for policy in refused:
        found = read(yaml.safe_dump(policy), "case.yaml")
        idle = (not one.isolates and not one.ingress and not one.egress for one in found.policies)
        doubted = (bool(one.unread) for one in found.policies)
        assert found.unread or all(map(or_, idle, doubted)), policy


asked = pytest.mark.skipif(ENGINE is None, reason="LHMIGRATE_CILIUM names no program with Cilium's engine")


@asked
@pytest.mark.parametrize("seed", range(100, 110))
def test_the_engine_itself_agrees_on_more(seed: int) -> None:
    cases = made_up(seed, 100)
    for policies, said in zip(cases, ask(theirs(), PORTS, cases), strict=True):
        found = compared(policies, said)
        assert not found[Answer.ALLOWED, False], policies
        assert not found[Answer.BLOCKED, True], policies


def names(end: Endpoint) -> list[str]:
    """Who of the small world it is, in all its guises; none: nobody there."""
    found = [name for name, one in OURS.items() if one is end]
    return [*found, "control plane"] if end is OURS["other node"] else found


def both(said: Answers, sender: str, receiver: str, port: Port) -> bool:
    """Whether the engine lets it through at both ends."""
    out = not isinstance(OURS[sender], Pod) or said.lets(sender, "egress", receiver, port)
    return out and (not isinstance(OURS[receiver], Pod) or said.lets(receiver, "ingress", sender, port))


CASES = [
    case
    for case in chain(*RULES.values())
    if not case.asks and case.answer is not Answer.UNKNOWN and names(case.sender) and names(case.receiver)
]


@asked
def test_the_engine_says_of_our_cases_what_their_sources_say() -> None:
    ports = sorted(set().union(*(numbers(written(case.ports)) for case in CASES)))
    policies = [list(yaml.safe_load_all(case.policies)) for case in CASES]
    for case, said in zip(CASES, ask(theirs(), ports, policies), strict=True):
        for sender in names(case.sender):
            for receiver in names(case.receiver):
                open_to_it = [both(said, sender, receiver, port) for port in sorted(numbers(written(case.ports)))]
                answer = Answer.ALLOWED if all(open_to_it) else Answer.PARTIAL if any(open_to_it) else Answer.BLOCKED
                assert answer is case.answer, case.says
