"""What a hop newly asks of policies that could not be read: the rules that they need wherever they isolate.

Nobody can edit what nobody can read. But what a hop needs beside what was needed before is known, and so are the
pods that such a policy may isolate. So each is named, with the rules to paste, and nobody takes it for fine.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lhmigrate.editing.edits import AddRules, Allowance
from lhmigrate.editing.naming import Names, Unnameable, from_everywhere
from lhmigrate.judging.needs import Need, dialect_of, doubts, http_alone
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.ports import NO_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.errors import Problem
    from lhmigrate.judging.inventory import Inventory
    from lhmigrate.judging.transition import Transition
    from lhmigrate.model.http import HttpRule
    from lhmigrate.model.peers import Peer
    from lhmigrate.model.policy import Direction, Policy
    from lhmigrate.model.ports import Ports

    Http = tuple[HttpRule, ...] | None


class Unread(NamedTuple):
    """Something that could not be read, and what it may have to let through."""

    problem: Problem
    needs: tuple[Need, ...] = ()
    edit: AddRules | None = None


def unread(transition: Transition) -> Iterator[Unread]:
    """Everything that could not be read and may concern Longhorn, in the order of its places."""
    asked = _asked(transition)
    for problem in problems(transition.world.inventory):
        needs = asked.get(problem, ())
        everywhere = any(policy.namespaces is not None for policy in _of(problem, needs))
        yield Unread(problem, needs, _rules(transition, needs, everywhere=everywhere) if needs else None)


def _of(problem: Problem, needs: Iterable[Need]) -> Iterator[Policy]:
    """The policies that could not be read for that reason."""
    return (policy for need in needs for policy in need.policies if problem in policy.unread)


def problems(inventory: Inventory) -> list[Problem]:
    """What could not be read, in the order of its places."""
    found = set(inventory.coverage.unread).union(*(policy.unread for policy in inventory.policies))
    return sorted(found - inventory.elsewhere)


def _asked(transition: Transition) -> dict[Problem, tuple[Need, ...]]:
    """What each of them may newly cut; what few use is left out, as in a plan."""
    in_doubt = [
        (hurt.leg, ports)
        for hurt in transition.hurts()
        if hurt.usage is not Usage.FEW and (ports := hurt.newly_in_doubt)
    ]
    found: dict[Problem, list[Need]] = defaultdict(list)
    for need in doubts(in_doubt, transition.after):
        for problem in dict.fromkeys(problem for policy in need.policies for problem in policy.unread):
            found[problem].append(need)
    return {problem: tuple(needs) for problem, needs in found.items()}


def _rules(transition: Transition, needs: Iterable[Need], *, everywhere: bool) -> AddRules:
    """The rules, pod by pod; those for ends that cannot be named are left to be filled in.

    In a policy that is `everywhere`, and in no namespace, pods are named with theirs.
    """
    needs = tuple(needs)
    dialect = dialect_of(needs)
    names = Names((transition.hop.old, transition.hop.new), transition.world.settings, dialect)
    rules: dict[str, list[Allowance]] = defaultdict(list)
    unnamed: list[Need] = []
    for need in needs:
        try:
            peers = tuple(dict.fromkeys(peer for end in need.peers for peer in names.peers(end, need.direction)))
        except Unnameable:
            unnamed.append(need)
        else:
            peers = from_everywhere(peers, transition.world.settings.namespace) if everywhere else peers
            rules[need.own].append(Allowance(need.direction, peers, need.ports, http_alone([need], dialect)))
    return AddRules({own: _together(found) for own, found in rules.items()}, tuple(unnamed), dialect)


def _together(rules: Iterable[Allowance]) -> tuple[Allowance, ...]:
    """One rule for the same peers, and then one for the same ports."""
    by_peers: dict[tuple[Direction, tuple[Peer, ...], Http], Ports] = defaultdict(lambda: NO_PORT)
    for one in rules:
        by_peers[one.direction, one.peers, one.http] |= one.ports
    by_ports: dict[tuple[Direction, Ports, Http], dict[Peer, None]] = defaultdict(dict)
    for (direction, peers, http), ports in by_peers.items():
        by_ports[direction, ports, http] |= dict.fromkeys(peers)
    return tuple(
        Allowance(direction, tuple(peers), ports, http) for (direction, ports, http), peers in by_ports.items()
    )
