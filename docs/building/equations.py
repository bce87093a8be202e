"""LaTeX on a page becomes MathML, which browsers show by themselves."""

from __future__ import annotations

import re

from latex2mathml.converter import convert

CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", flags=re.DOTALL | re.MULTILINE)
DISPLAYED = re.compile(r"^\$\$\s*(.+?)\s*\$\$$", flags=re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<!\s)\$(?![\w$])")
# What Markdown would take for its own inside an equation.
MARKUP = str.maketrans(
    {"*": "&#42;", "_": "&#95;", "[": "&#91;", "]": "&#93;", "`": "&#96;", "|": "&#124;", "~": "&#126;"}
)


def with_equations(markdown: str) -> str:
    """A page with `$...$` and `$$...$$` outside code as MathML."""
    parts = CODE.split(markdown)
    return "".join(part if place % 2 else _converted(part) for place, part in enumerate(parts))


def _converted(text: str) -> str:
    text = DISPLAYED.sub(lambda match: f'<div class="equation">{_mathml(match[1], "block")}</div>', text)
    return INLINE.sub(lambda match: _mathml(match[1], "inline"), text)


def _mathml(latex: str, display: str) -> str:
    return convert(latex.replace("\n", " "), display=display).translate(MARKUP)
