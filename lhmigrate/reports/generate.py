"""A generated set of policies as YAML: what each rule is for stands above it, and what to know stands on top."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final, NamedTuple

from lhmigrate import __version__
from lhmigrate.dialects.writers import WRITERS
from lhmigrate.findings.wording import several
from lhmigrate.judging.assumptions import by_tunnel
from lhmigrate.longhorn.release import Usage
from lhmigrate.model.cni import Dialect
from lhmigrate.model.endpoints import Entity
from lhmigrate.model.peers import Part
from lhmigrate.model.policy import Direction
from lhmigrate.reports.visible import visible
from lhmigrate.yamledit import Commented, Data, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lhmigrate.editing.generate import Generated, LeftOut, Opening, PolicySet, Wide
    from lhmigrate.judging.cluster import Leg
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.model.settings import Settings

_WIDTH: Final = 92
_CLOSED: Final = {Direction.INGRESS: "Nobody has to reach it.", Direction.EGRESS: "It has to reach nobody."}
_KINDS: Final = {
    Dialect.KUBERNETES: "NetworkPolicies",
    Dialect.CILIUM: "CiliumNetworkPolicies",
    Dialect.CALICO: "Calico NetworkPolicies",
}
_BUT: Final = "Closed, but for what follows."


class Remark(NamedTuple):
    """Something to know about the whole set."""

    text: str
    flows: tuple[str, ...] = ()
    """The flows that it is about, each with what is to be said of it alone."""


def stream(made: PolicySet, glossary: Glossary, settings: Settings) -> str:
    """All policies, as documents of one YAML stream."""
    words = _Words(glossary, made.dialect)
    head = "\n\n".join(_paragraph(one) for one in (*_what(made, settings, glossary), *remarks(made, settings)))
    first, *others = (words.document(policy, settings.namespace) for policy in made.policies)
    return "---\n".join(render(one) for one in (Commented(f"{head}\n", first), *others))


def remarks(made: PolicySet, settings: Settings) -> Iterator[Remark]:
    """What to know and what to do about the set; the same is told beside it."""
    if made.release.preview:
        yield Remark(f"What is known of Longhorn {made.release} is a preview: {made.release.preview}.")
    if not settings.cni.enforces:
        yield Remark(settings.cni.note)
    if made.left_out:
        yield Remark("Left out, and so cut unless another policy lets it through:", tuple(_each(made.left_out)))
    for text, can_be_said in (
        ("Open to everyone until more is said:", True),
        ("Open to more than is meant, because no rule can name the end that is:", False),
    ):
        if wide := [one for one in made.wide if one.can_be_said is can_be_said]:
            yield Remark(text, tuple(_each(wide)))
    if made.unselected:
        yield Remark(
            f"No label tells the pods of {several(made.unselected)} from all others, so none of these policies selects "
            f"them. Another policy that does, such as one that denies everything by default, has to let them through."
        )
    if made.shipped:
        yield Remark(
            f"Longhorn {made.release} installs policies of its own beside these: {several(made.shipped)}. Policies add "
            f"up, so what those let in stays open. To have only these, apply these first, then {_alone(made)}."
        )


def told(made: PolicySet, settings: Settings) -> str:
    """The remarks for a person who looks at the screen and not into the file."""
    lines = [line for one in remarks(made, settings) for line in (one.text, *(f"  {flow}" for flow in one.flows))]
    return "".join(f"{visible(line, 2000)}\n" for line in lines)


def _what(made: PolicySet, settings: Settings, glossary: Glossary) -> Iterator[Remark]:
    """What the set is, and for whom."""
    yield Remark(
        f"{_KINDS[made.dialect]} for Longhorn {made.release} in the namespace {settings.namespace}: one for each kind "
        f"of pod, in both directions, with what it needs and nothing else. Made by lhmigrate {__version__}."
    )
    yield Remark(
        "The name above a rule is that of a flow. Without the rule exactly these flows are cut; `lhmigrate check` says "
        "what that costs. Other releases need other rules: run `lhmigrate plan` before an upgrade."
    )
    if settings.cni.own_node_addresses:
        yield Remark(settings.cni.note)
    if WRITERS[made.dialect].CLOSED:
        yield Remark("A rule {} names nobody. It keeps its direction closed, also where all others are taken out.")
    for sentence in by_tunnel(settings, glossary):
        yield Remark(f"{sentence[0].upper()}{sentence[1:]}.")
    if any(_tunnelled(opening) for policy in made.policies for opening in policy.openings):
        # Documentation/security/policy/layer3.rst, "Entities based".
        yield Remark(
            "On AKS and GKE, Cilium sees the API server's calls as those of worker nodes: there, write cluster for "
            "kube-apiserver under fromEntities."
        )
    if any(opening.allowance.http for policy in made.policies for opening in policy.openings):
        # pkg/policy/api/rule_validation.go, Sanitize.
        yield Remark(
            "A rule for single requests needs Cilium's L7 proxy. Where enable-l7-proxy is off, Cilium refuses the "
            "whole policy: take its `rules` out there."
        )
    usage = {name: settings.usage(feature) for name, feature in glossary.features.items()}
    needed = {name for flow in made.release.flows.values() for name in flow.features}
    for said, wanted in (
        ("Features that only some use, and that are in here: {}. Take them out with --without.", Usage.SOME),
        ("Features that few use, and that are not in here: {}. Put them in with --with.", Usage.FEW),
        ("Features that nobody uses here, as was said, and that are not in here: {}.", None),
    ):
        names = sorted(name for name in needed if usage[name] is wanted)
        if names:
            yield Remark(said.format(several(names)))
    exempt = dict.fromkeys(leg.flow.name for policy in made.policies for leg in policy.exempt)
    if exempt:
        yield Remark(f"A node always reaches its own pods like this, so there is no rule for {several([*exempt])}.")
    if made.off_network:
        yield Remark(f"Outside of the cluster network, where no policy sees them: {several(made.off_network)}.")


def _alone(made: PolicySet) -> str:
    if not made.switches:
        return "delete those, again each time that Longhorn's manifest was applied"
    values = [f"{path} to {str(value).lower()}" for path, value in made.switches.items()]
    return f"set the Helm value{'s' * (len(values) > 1)} {several(values)}"


def _each(found: Iterable[LeftOut | Wide]) -> Iterator[str]:
    """By reason, with all flows that have it."""
    reasons = dict.fromkeys(one.reason for one in found)
    for reason in reasons:
        flows = dict.fromkeys(_flow(one.leg) for one in found if one.reason == reason)
        yield f"{several([*flows])}: {reason}"


def _flow(leg: Leg) -> str:
    return f"{leg.flow.name} ({', '.join(leg.flow.features)})" if leg.flow.features else leg.flow.name


class _Words:
    """Policies of one dialect with what they are for, in the glossary's words."""

    def __init__(self, glossary: Glossary, dialect: Dialect) -> None:
        self._glossary = glossary
        self._writer = WRITERS[dialect]

    def document(self, policy: Generated, namespace: str) -> Data:
        """One policy, with a comment above it and above every rule."""
        rules = {direction: self._rules(policy, direction) for direction in Direction}
        about = f"{policy.component}: {self._glossary.components[policy.component].meaning}."
        data = self._writer.policy(policy.name, namespace, policy.selects, rules)
        return Commented(_filled(about), data)

    def _rules(self, policy: Generated, direction: Direction) -> Data:
        openings = [one for one in policy.openings if one.allowance.direction is direction]
        left_out = [one for one in policy.left_out if one.direction is direction]
        rules = [Commented(self._purpose(one), rule) for one in openings for rule in self._writer.rules(one.allowance)]
        said = _CLOSED[direction] if not openings and not left_out else _BUT
        closed = [Commented(said, one) for one in self._writer.CLOSED]
        missing = "\n".join(_filled(f"Left out: {one}.") for one in _each(left_out))
        return _headed(missing if openings or left_out or closed else _CLOSED[direction], [*closed, *rules])

    def _purpose(self, opening: Opening) -> str:
        """A paragraph for each flow of a rule, and one for why it is wider than they are."""
        direction = opening.allowance.direction
        flows = dict.fromkeys(f"{_flow(leg)}: {self._told(leg, direction)}." for leg in opening.legs)
        reasons = dict.fromkeys(f"For {_whom(opening)}: {one.reason}." for one in opening.wide)
        asked = opening.allowance.http or ()
        only = [f"Only {several([str(one) for one in asked])}: the same port serves more."] if asked else []
        return "\n".join((*map(_filled, flows), *(_filled(one, "  ") for one in (*only, *reasons))))

    def _told(self, leg: Leg, direction: Direction) -> str:
        another = "another " if leg.source == leg.target and direction is Direction.INGRESS else ""
        return f"{another}{self._glossary.called(leg.source)} {self._glossary.flows[leg.flow.name].purpose}"


def _headed(comment: str, rules: Data) -> Data:
    return Commented(comment, rules) if comment else rules


def _whom(opening: Opening) -> str:
    """Whom a rule is for that is wider than what it is meant for."""
    peers = opening.allowance.peers
    if not peers:
        return "everyone"
    return "whatever is outside of the cluster" if Part(Entity.WORLD) in peers else "every pod of the namespace"


def _tunnelled(opening: Opening) -> bool:
    """Whether it lets the API server in by its name, though its calls may come by way of worker nodes."""
    allowance = opening.allowance
    return allowance.direction is Direction.INGRESS and Part(Entity.KUBE_APISERVER) in allowance.peers


def _paragraph(remark: Remark) -> str:
    return "\n".join((_filled(remark.text, hanging=""), *(_filled(flow, "  ") for flow in remark.flows)))


def _filled(text: str, first: str = "", hanging: str = "  ") -> str:
    """Text broken into lines, all but the first indented."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
