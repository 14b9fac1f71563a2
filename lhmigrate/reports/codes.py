"""What each code means, for forms that explain themselves where the documents are not at hand."""

from __future__ import annotations

from typing import Final

from lhmigrate.findings.findings import Code

_DOCUMENTS: Final = "https://github.com/lhmigrate/lhmigrate/blob/main/docs/"

MEANING: Final = {
    Code.FLOW_BLOCKED: (
        "A flow that gets through now would be cut by this hop. In `check`: a flow that the release needs is "
        "cut as things stand. Terminal reports say `CUT`."
    ),
    Code.FLOW_BLOCKED_TODAY: (
        "A flow that the new release needs is cut, and was cut before the hop as well. Terminal reports say "
        "`cut today`."
    ),
    Code.FLOW_UNKNOWN: (
        "Whether a flow gets through depends on something that nobody said. Terminal reports say `unknown`."
    ),
    Code.ISOLATION_TRAP: (
        "A policy that is meant to add to Longhorn's own would stand alone, and so cut everything that it "
        "does not name."
    ),
    Code.NAME_COLLISION: "A policy of yours has the name of one that the new release installs.",
    Code.SELECTOR_MATCHES_NOTHING: (
        "A policy selects pods that the release does not have, or names namespaces by a label that nothing sets."
    ),
    Code.PORT_UNUSED: "A rule lets in a port that those pods do not serve, in this release nor in the one before.",
    Code.ALLOW_STALE: (
        "A rule lets in a port, or names pods, that the new release does not use any more. It may be closed "
        "after the hop."
    ),
    Code.VALUE_REPLACES_POLICY: "The new release has a Helm value that does what a policy of yours does.",
    Code.UNREAD_POLICY: "Something that is or may be a policy could not be read, or not as a whole.",
    Code.VALUES_UNREAD: (
        "Helm values come from somewhere that was not read, or a value on which a verdict depends is filled "
        "in only later."
    ),
    Code.HOP_REFUSED: (
        "Longhorn refuses to go from one release to the other in one step, and the plan goes by releases between."
    ),
    Code.POLICIES_INSTALLED: (
        "The new release installs policies that the old one did not, with your Helm values and your way of installing."
    ),
    Code.POLICIES_REMOVED: "The new release no longer installs a policy that the old one did.",
    Code.CAUTION: "The policies let a flow through, and there is still something to beware of.",
    Code.NOT_ENFORCED: (
        "The network plugin that you named enforces no policies, so none of them has an effect. Or one policy "
        "has none: it is written for another plugin, or it is one that only Calico's hosts obey, or one that "
        "is staged."
    ),
    Code.PREVIEW_RELEASE: (
        "A release of the plan is a preview in the catalogue: its tag could not be read when its facts were "
        "written down."
    ),
    Code.KUBERNETES_FLOOR: "The new release needs a newer Kubernetes than the old one did.",
}
"""The first paragraph of each code's page, as it stands there."""

NO_PLAN: Final = "no-plan"
"""Stands for a code where an installation may move and could not be planned for."""

NO_PLAN_MEANING: Final = "An installation of Longhorn may move, and could not be planned for."


def page(code: Code) -> str:
    """The address of a code's page."""
    return f"{_DOCUMENTS}findings/{code.value}.md"


def page_about_plans() -> str:
    """The address of the page that tells what can be planned for."""
    return f"{_DOCUMENTS}pull-requests.md"
