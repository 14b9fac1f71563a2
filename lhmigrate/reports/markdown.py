"""The form for a comment on a pull request: what a tired reviewer must know stands unfolded, and all else folded.

The first line is a marker by which such a comment is found again. The text is never longer than `MOST_BYTES`; what
there is no room for is counted.
"""

from __future__ import annotations

from collections import Counter
from textwrap import indent
from typing import TYPE_CHECKING, Final

from lhmigrate.findings.findings import Level, Phase
from lhmigrate.findings.wording import whose
from lhmigrate.reports import account as accounts
from lhmigrate.reports import patch as patches
from lhmigrate.reports import picture, rows, snippets
from lhmigrate.reports.account import FLOWS, begun, many
from lhmigrate.reports.codes import page
from lhmigrate.reports.markup import NOTHING, SOMETHING, block, code, prose
from lhmigrate.reports.mended import by_finding

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from lhmigrate.editing.patch import Step, Undone
    from lhmigrate.findings.findings import Finding
    from lhmigrate.longhorn.release import Glossary
    from lhmigrate.reports.account import Account, Chapter, Part, Report, Verdict

MOST_BYTES: Final = 60_000
"""GitHub takes 65,536 characters in a comment, and whoever posts it may add a line."""

_SIGNS: Final = {Level.ERROR: "❌ ", Level.WARNING: "⚠️ ", Level.NOTE: "", None: ""}
_UNFOLDED: Final = 80
"""Lines of a patch up to which it is shown at once."""

_RESERVE: Final = 600
"""Bytes for what is said of everything that there was no room for."""
_LEAST: Final = 2_500
"""Bytes of an installation's section: in less, nothing is told but that more was left out."""


def report(report: Report, glossary: Glossary, shown: Callable[[str], str]) -> str:
    """A report as Markdown. `shown` gives the name of a file in a diff."""
    page = _Page(MOST_BYTES)
    page.add(SOMETHING if report.something_to_say else NOTHING, _heading(report.verdict))
    for line in report.summary[1:]:
        page.add(f"**{_sign(line)}{prose(line.text)}**")
    page.add_list([f"- {prose(f'{problem.place}: {problem.message}')}" for problem in report.unplanned])
    _accounts(page, report, glossary, shown)
    page.add_list([f"- {prose(f'{label}: {text}')}" for label, text in report.others])
    if report.compared:
        page.add(f"Compared with {prose(report.compared)}.")
    return page.text() + "\n"


def _accounts(page: _Page, report: Report, glossary: Glossary, shown: Callable[[str], str]) -> None:
    """Each installation, in as much room as the others leave it; of those with too little, the verdict alone."""
    headings = [
        _heading(one.verdict._replace(text=f"{one.subject}: {one.verdict.text}"), 4) if report.summary else ""
        for one in report.accounts
    ]
    for number, (account, heading) in enumerate(zip(report.accounts, headings, strict=True)):
        room = page.room - _RESERVE
        after = sum(_size(one) + 1 for one in headings[number + 1 :])
        section = _Page(max(room // (len(headings) - number), min(room - after, _LEAST), 0))
        if heading:
            section.add(heading)
        if heading and room - after < _LEAST:
            page.add(heading, name="all of an installation")
            page.leave("an installation but for its verdict")
            continue
        _account(section, account, glossary, shown)
        page.add(section.text(), name="all of an installation")


class _Page:
    """Paragraphs, as long as there is room for them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._paragraphs: list[str] = []
        self._left: list[str] = []

    @property
    def room(self) -> int:
        """Bytes that are left."""
        return self._most - sum(_size(one) + 1 for one in self._paragraphs) - (_RESERVE if self._most else 0)

    def add(self, *paragraphs: str, name: str = "") -> None:
        """Adds paragraphs; what there is no room for is named at the end."""
        for paragraph in paragraphs:
            if paragraph and _size(paragraph) < self.room:
                self._paragraphs.append(paragraph)
            elif paragraph:
                self._left.append(name or "more")

    def leave(self, name: str) -> None:
        """Names at the end what was not even tried."""
        self._left.append(name)

    def add_list(self, lines: Sequence[str], head: str = "") -> None:
        """Adds as many lines as there is room for, and says how many more there are."""
        text = _within(lines, self.room - _size(head), head)
        if text:
            self._paragraphs.append(text)

    def text(self) -> str:
        """All of it."""
        left = ", ".join(
            name if count == 1 else f"{count:,} times {name}" for name, count in Counter(self._left).items()
        )
        missing = [f"There was no room for: {left}. `lhmigrate plan` prints all of it."] if left else []
        return "\n\n".join([*self._paragraphs, *missing])


def _size(text: str) -> int:
    return len(text.encode("utf-8")) + 1


def _within(lines: Sequence[str], room: int, head: str = "") -> str:
    """A head and as many lines as fit into so many bytes, and then how many more there are. Empty: none at all."""
    kept: list[str] = []
    room -= 100
    for line in lines:
        room -= _size(line)
        if room < 0:
            break
        kept.append(line)
    more = len(lines) - len(kept)
    told = [f"\n**{more:,} more** for which there is no room here; `lhmigrate` prints them all."] if more else []
    return "\n".join([*([head] if head and kept else []), *kept, *told])


def _heading(verdict: Verdict, depth: int = 3) -> str:
    return f"{'#' * depth} {_sign(verdict)}{prose(verdict.text, 1000)}"


def _sign(verdict: Verdict) -> str:
    return _SIGNS[verdict.level]


def _account(page: _Page, account: Account, glossary: Glossary, shown: Callable[[str], str]) -> None:
    page.add(prose(account.measure))
    loud = [one for one in account.general if one.level is not Level.NOTE]
    page.add_list([*_items(loud)])
    for chapter in account.chapters:
        if len(account.chapters) > 1:
            page.add(f"**{prose(chapter.title)}**")
        _chapter(page, chapter, glossary, shown)
    drawn, more = picture.flowchart(account.findings, glossary)
    if drawn:
        rest = f"\n\n{more:,} more arrows are left out." if more else ""
        page.add(block(drawn, "mermaid")[0] + rest, name="the picture")
    quiet = [one for one in account.general if one.level is Level.NOTE]
    notes = [part for chapter in account.chapters for part in chapter.parts if not _is_loud(part)]
    _fold(page, "Good to know", [*_items(quiet), *(line for part in notes for line in _whole(part, glossary))])
    flows = [part for chapter in account.chapters for part in chapter.parts if _is_loud(part) and part.flows]
    _fold(page, "Why, flow by flow", [line for part in flows for line in _reasons(part, glossary)])
    _fold(page, "What this rests on", [*_basis(account)])


def _chapter(page: _Page, chapter: Chapter, glossary: Glossary, shown: Callable[[str], str]) -> None:
    if chapter.calm is not None:
        page.add(prose(chapter.calm.text))
    for part in filter(_is_loud, chapter.parts):
        page.add(f"**{part.title}**")
        page.add_list([*_items(part.first)])
        _table(page, part, glossary, by_finding(part.findings, chapter.steps))
        page.add_list([*_items(part.others)], "Also worth a look:\n" if part.flows else "")
    for step in chapter.steps:
        _patch(page, step, glossary, shown)


def _is_loud(part: Part) -> bool:
    """Whether it is something to do, and not only to know."""
    return any(finding.level is not Level.NOTE for finding in part.findings)


def _table(page: _Page, part: Part, glossary: Glossary, mended: Container[Finding]) -> None:
    """What becomes of which flow, who is hurt, and by which policy; then what to do about it."""
    if not part.flows:
        return
    lines = [
        _cells(FLOWS[row[0].code], traffic, begun(cost or _at_stake(row)), whose(row[0].policies))
        for row in part.flows
        for traffic, cost in rows.lines(row, glossary)
    ]
    head = "| | Who → whom | Without it | By |\n| --- | --- | --- | --- |"
    page.add_list(lines, head)
    told = {rows.advice(row, glossary): all(one in mended for one in row) for row in part.flows}
    page.add_list([f"- {prose(advice)}{_IN_PATCH * done}" for advice, done in told.items() if advice], "What to do:\n")


def _cells(*texts: str) -> str:
    return f"| {' | '.join(prose(text, 1000) for text in texts)} |"


def _at_stake(row: rows.Row) -> str:
    return row[0].sentence.cost if row[0].sentence else ""


def _items(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings that are no flows, an item each."""
    for finding, where, advice, commands in accounts.told(findings):
        said = f"{where}: {finding.message}" if where else finding.message
        what = f" → {advice}" if advice else ""
        run = "".join(f"\n  - {code(command, 4000)}" for command in commands)
        yield f"- [{finding.code.value}]({page(finding.code)}): {prose(said + what)}{run}"


def _whole(part: Part, glossary: Glossary) -> Iterator[str]:
    yield from _items((*part.first, *part.others))
    yield from _reasons(part, glossary)


def _reasons(part: Part, glossary: Glossary) -> Iterator[str]:
    """Every flow with the sentence that explains it; the cause once for all that have it."""
    for row in part.flows:
        finding = row[0]
        mark = f"[{FLOWS[finding.code]}]({page(finding.code)})"
        if len(row) == 1:
            yield f"- {mark}: {prose(finding.message)}"
            continue
        cause = finding.sentence.cause if finding.sentence else ""
        yield f"- {mark}: {prose(begun(cause))}:"
        for traffic, cost in rows.lines(row, glossary):
            yield f"  - {prose(f'{traffic}: {cost}' if cost else traffic)}"


def _basis(account: Account) -> Iterator[str]:
    """What was assumed, left out, read and not read."""
    for assumption in account.context.assumptions:
        yield f"- Assumed: {prose(assumption)}"
    if account.context.left_out:
        left = ", ".join(account.context.left_out)
        yield f"- Not looked at, because few need it (`--with NAME`): {prose(left)}"
    yield f"- {prose(accounts.basis(account.context))}"
    for problem in account.context.coverage.unread:
        yield f"- Not read: {prose(str(problem))}"


def _fold(page: _Page, title: str, lines: Sequence[str]) -> None:
    """A list that is folded, with how long it is."""
    if lines:
        inner = _within(lines, page.room - 200)
        page.add(_folded(f"{title} ({len(lines)})", inner), name=title.lower())


def _folded(summary: str, inner: str, *, unfolded: bool = False) -> str:
    return f"<details{' open' * unfolded}><summary>{summary}</summary>\n\n{inner.strip()}\n\n</details>"


def _patch(page: _Page, step: Step, glossary: Glossary, shown: Callable[[str], str]) -> None:
    """The edits of a step as a diff, and what it leaves to a person."""
    when, hop = step.phase.value, f"{step.hop.old} → {step.hop.new}"
    if step.changed:
        diff = patches.unified(step.changed, shown)
        text, whole = block(diff, "diff")
        size = f"{many(len(step.made), 'edit', 'edits')} in {many(len(step.changed), 'file', 'files')}"
        how = _APPLY if whole else _NOT_WHOLE
        summary = f"The patch to apply {when} {hop}: {size}"
        unfolded = step.phase is Phase.BEFORE and diff.count("\n") <= _UNFOLDED
        page.add(_folded(summary, f"{how}\n\n{text}", unfolded=unfolded), name=f"the patch to apply {when} {hop}")
    by_hand = [_by_hand(one, glossary) for one in step.undone]
    _fold(page, f"Left to you {when} {hop}", by_hand)


def _by_hand(one: Undone, glossary: Glossary) -> str:
    """What is left to a person, and what to paste."""
    text = snippets.snippet(one)
    paste = "\n\n" + indent(block(text, "yaml")[0], "  ") + "\n" if text else ""
    return f"- {prose(patches.undone(one, glossary))}{paste}"


_IN_PATCH: Final = " *The patch below does that.*"
_APPLY: Final = "Save it as a file, and run `git apply FILE` in the top folder of the checkout."
_NOT_WHOLE: Final = (
    "Some characters are written out or left out here, so this is to be read and not to be applied; `lhmigrate patch` "
    "prints it as it is."
)
