"""Texts that a stranger may put into a file: what steers terminals, markup, services and CI, wherever text fits."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from running import CUTTING

if TYPE_CHECKING:
    from collections.abc import Callable

NASTY = (
    "\x1b[31m",
    "\x1b]8;;http://evil\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\r",
    "\n",
    "\t",
    "\x07",
    "\x08",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x7f",
    "\x85",
    "\xad",
    "\u061c",
    "\u200b",
    "\u202e",
    "\u2028",
    "\u2029",
    "\u2066",
    "\ufeff",
    "\ufff9",
    "\U000e0041",
    "\ue000",
    "[red]",
    "[/]",
    "[/red]",
    "[link=http://evil]",
    "[bold",
    "\\[",
    ":boom:",
    "{0}",
    "%s",
    "::error::",
    "::add-mask::x",
    "##[error]",
    "##vso[task.complete]",
    "##teamcity[x]",
    "```",
    "<b>",
    "|",
    "e\u0301",
    "日本",
    "👩\u200d🚀",
)
MARKUP = (
    "@somebody",
    "#123",
    "GH-1",
    "owner/name#1",
    "!12",
    "/close",
    "\n/close\n",
    "0123456789abcdef0123456789abcdef01234567",
    " deadbeef ",
    "https://evil.example/",
    "www.evil.example",
    "a@evil.example",
    "[x](http://evil)",
    "![x](y)",
    "[x]: http://evil",
    "**b** _i_ ~~s~~",
    "\n# h\n",
    "\n- i\n1. i\n> q\n---\n",
    "\n```\n",
    "~~~",
    "`" * 90,
    "<script>",
    "<!-- lhmigrate -->",
    "</summary></details>",
    "&lt;&#64;",
    "$`x`$",
    "\n| a | b |\n| - | - |\n",
    '"]',
    "%%{init: {}}%%",
    "\nend\n",
    "\nclick n0 href x\n",
    "#quot;",
)
ALL = "".join(f"{one}a" for one in NASTY)
LOUD = "".join(f"{one}a" for one in MARKUP)
"""Everything at once, in two parts: a key of YAML's may have 1,024 characters."""

texts = st.lists(
    st.one_of(st.sampled_from((*NASTY, *MARKUP)), st.text(st.characters(exclude_categories=["Cs"]), max_size=4)),
    min_size=4,
    max_size=12,
).map("".join)

STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# No CI service has a command that could be a part of an IPv6 address.
COMMANDS = re.compile(r"^\s*::(?=[A-Za-z]*[g-zG-Z-])|##\w*\[", re.MULTILINE)


def clean(text: str) -> bool:
    """Whether nothing in it steers whoever shows it."""
    steering = {character for character in text if unicodedata.category(character) in STEERING} - {"\n"}
    assert not steering
    assert not COMMANDS.findall(text)
    return True


def examples(test: Callable[..., None]) -> Callable[..., None]:
    """Few examples, each with much in it: every one runs the program several times."""
    return settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])(test)


def quoted(text: str) -> str:
    """A YAML string with every odd character written as an escape, which YAML reads back."""
    return '"' + "".join(one if " " <= one <= "~" and one not in '"\\' else f"\\U{ord(one):08x}" for one in text) + '"'


def policies(text: str) -> str:
    """Policies with a text wherever one fits, most of them readable."""
    name = quoted(text)
    parts = (
        CUTTING.replace("engines", quoted(f"name-{text}")),
        CUTTING.replace("engines", "label").replace("instance-manager", name),
        CUTTING.replace("engines", "key").replace("longhorn.io/component", name),
        CUTTING.replace("engines", "peer").replace(
            "policyTypes: [Ingress]",
            f"ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{{name}: {name}}}}}}}]}}]",
        ),
        CUTTING.replace("engines", "space").replace("longhorn-system", name),
        CUTTING.replace("engines", "field").replace("policyTypes", name),
        CUTTING.replace("engines", "type").replace("[Ingress]", f"[{name}]"),
        CUTTING.replace("engines", "port").replace(
            "policyTypes: [Ingress]", f"ingress: [{{ports: [{{port: {name}}}]}}]"
        ),
        CUTTING.replace("engines", "cidr").replace(
            "policyTypes: [Ingress]", f"ingress: [{{from: [{{ipBlock: {{cidr: {name}}}}}]}}]"
        ),
        CUTTING.replace("engines", "twice").replace("spec:", f"{name}: 1\n{name}: 2\nspec:"),
        f"apiVersion: {name}\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\n",
        f"apiVersion: v1\nkind: {quoted(text + 'NetworkPolicy')}\nmetadata: {{name: {name}, namespace: {name}}}\n",
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{name}: {name}}}}}\n",
    )
    return "---\n".join(parts)


names_of_files = texts.map(lambda text: text.translate({0: None, ord("/"): None})).map(
    lambda text: text.encode()[:200].decode(errors="ignore")
)


def declarations(text: str) -> dict[str, str]:
    """Files that declare Longhorn, with a text wherever one fits."""
    name = quoted(text)
    chart = "chart: longhorn, version"
    objects = {
        "version": f"helm: {{{chart}: {name}}}\n",
        "repository": f"helm: {{repo: {name}, {chart}: 1.6.4}}\n",
        "namespace": f"namespace: {name}\nhelm: {{{chart}: 1.6.4, releaseName: {name}}}\n",
        "values": f"helm: {{{chart}: 1.6.4, valuesFiles: [{name}], values: {{networkPolicies: {{{name}: {name}}}}}}}\n",
        "target": f"helm: {{{chart}: 1.6.4}}\ntargetCustomizations: [{{name: {name}, helm: {{version: 1.7.1}}}}]\n",
        "twice": f"helm: {{{chart}: 1.6.4, {name}: 1, {name}: 2}}\n",
    }
    return {f"declared/{key}/fleet.yaml": content for key, content in objects.items()}
