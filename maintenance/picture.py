"""A picture of a comment on a pull request, as a reader meets it: with what is folded, folded.

`make golden` draws docs/comment.svg from a report that the tests make. It says from which text it was drawn, so that a
test can tell when it is out of date.
"""

from __future__ import annotations

import hashlib
import io
import re
from html import escape
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markdown import Markdown
from rich.terminal_theme import TerminalTheme
from rich.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS: Final = 118

_DETAILS: Final = re.compile(r"<details( open)?><summary>(.*?)</summary>\n(.*?)</details>", re.DOTALL)
_PICTURE: Final = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
_NODE: Final = re.compile(r'^ *(n\d+)\["(.*)"\]$', re.MULTILINE)
_ARROW: Final = re.compile(r'^ *(n\d+) \S+\|"(.*)"\| (n\d+)$', re.MULTILINE)
_MARK: Final = re.compile(r"<!--.*?-->\n*")

_PAPER: Final = TerminalTheme((255, 255, 255), (31, 35, 40), [(31, 35, 40)] * 8)
_STYLES: Final = {
    "markdown.h3": "bold",
    "markdown.code": "#1f2328 on #eff1f3",
    "markdown.table.header": "bold",
    "markdown.table.border": "#d0d7de",
    "markdown.item.bullet": "",
}

# No font is fetched, and no window is drawn around it: it is a piece of a page.
_FORM: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>TITLE</title>
<!-- drawn from: DIGEST -->
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
.{unique_id}-matrix {{ font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def digest(report: str) -> str:
    """What a picture says of the text that it was drawn from."""
    return hashlib.sha256(report.encode("utf-8")).hexdigest()


def svg(report: str, title: str) -> str:
    """A report in Markdown as a picture."""
    console = Console(
        width=COLUMNS,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        theme=Theme(_STYLES),
        _environ={},
    )
    console.print(Markdown(_unfolded(report), code_theme="friendly"))
    drawn = console.export_svg(theme=_PAPER, code_format=_FORM, unique_id="comment")
    text = drawn.replace("DIGEST", digest(report)).replace("TITLE", escape(title))
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines() if line.strip())


def _unfolded(report: str) -> str:
    """What a reader sees before a click: summaries for what is folded, and arrows for the picture."""
    seen = _DETAILS.sub(lambda one: f"▾ {one[2]}\n{one[3]}" if one[1] else f"▸ {one[2]}", _MARK.sub("", report))
    return _PICTURE.sub(lambda one: "\n".join(_arrows(one[1])), seen)


def _arrows(flowchart: str) -> Iterator[str]:
    """A Mermaid flowchart's arrows, an item each."""
    names = dict(_NODE.findall(flowchart))
    for source, ports, target in _ARROW.findall(flowchart):
        yield f"- {names[source]} ──✗ {ports} ──▶ {names[target]}"
