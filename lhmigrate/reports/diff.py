"""The form for programs that edit: one unified diff, to be applied as it is.

`git apply` takes it, and so does reviewdog (diff/parse.go), which suffers no word before the first file. So it holds
what is in users' files byte for byte, and nothing else: no heading, and not what is left to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lhmigrate.findings.findings import Phase
from lhmigrate.reports.patch import unified

if TYPE_CHECKING:
    from collections.abc import Callable

    from lhmigrate.editing.patch import Changed
    from lhmigrate.reports.account import Report


def report(report: Report, shown: Callable[[str], str]) -> str:
    """What to edit before the next hop of each installation. `shown` gives the name of a file; empty: there is nothing.

    Each installation's edits are proved by themselves. Where a later one wants another edit of the same file, that is
    left for the plan that is made once this is applied.
    """
    changed: dict[str, Changed] = {}
    for account in report.accounts:
        step = next((one for one in account.steps if one.phase is Phase.BEFORE), None)
        files = step.changed if step else ()
        if all(changed.get(one.file, one) == one for one in files):
            changed.update((one.file, one) for one in files)
    return unified((changed[file] for file in sorted(changed)), shown)
