"""Pages in Markdown: headings, sentences, tables and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import plotly.graph_objects as go

from sim.figures.export import save_all
from sim.report.page.parts import Grid

FIGURES = "figures"
MOST_BYTES = 150_000
"""Of one figure."""
_RANDOM = re.compile(r"\b(clip|defs-|topdefs-|legend|g)([0-9a-f]{6})(?=[\"')xy-]|\b)")


@dataclass
class Page:
    """One page.

    Attributes:
        name: File name without its ending.
        title: Heading.
        lines: Blocks of Markdown, in order.
        figures: File name to figure.
    """

    name: str
    title: str
    lines: list[str] = field(default_factory=list)
    figures: dict[str, go.Figure] = field(default_factory=dict)

    def heading(self, text: str) -> None:
        """A section."""
        self.lines.append(f"## {text}")

    def say(self, *sentences: str) -> None:
        """A paragraph."""
        if text := " ".join(sentence for sentence in sentences if sentence):
            self.lines.append(escaped(text))

    def prose(self, text: str) -> None:
        """A paragraph of Markdown."""
        self.lines.append(text)

    def points(self, sentences: Iterable[str]) -> None:
        """A list."""
        if text := "\n".join(f"- {escaped(sentence)}" for sentence in sentences):
            self.lines.append(text)

    def table(self, shown: Grid) -> None:
        """A table with its title and how to read it."""
        self.lines.append(f"**{escaped(shown.title)}**")
        self.lines.append(table_text(shown.columns, shown.rows, shown.left))
        if shown.note:
            self.lines.append(f"*{escaped(shown.note)}*")

    def figure(self, name: str, figure: go.Figure, shows: str) -> None:
        """A figure, and what it shows in a line."""
        file = f"{self.name}-{name}.svg"
        self.figures[file] = figure
        self.lines.append(f"![{escaped(shows)}]({FIGURES}/{file})")

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n\n".join([f"# {self.title}", *self.lines]) + "\n"


def table_text(columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A pipe table; the first `left` columns are set to the left, the others to the right."""
    rule = ["---" if place < left else "--:" for place in range(len(columns))]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in [columns, rule, *rows])


def _cell(text: str) -> str:
    # The rule under the head is no text.
    return text if re.fullmatch(r"-+:?", text) else escaped(text).replace("|", "\\|").replace("\n", "<br>")


def escaped(text: str) -> str:
    """Text of a scenario is shown letter by letter: nothing in it is taken for markup, or for a link."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]])|(?<!\w)_|_(?!\w)", lambda found: f"\\{found.group(0)}", text)


def write(page: Page, folder: Path) -> list[Path]:
    """Write a page and its figures.

    Args:
        page: The page.
        folder: Where pages are; figures go into its folder figures/.

    Returns:
        The files.

    Raises:
        IgsimError: A figure cannot be drawn or written.
    """
    home = folder / FIGURES
    home.mkdir(parents=True, exist_ok=True)
    drawn = {home / name: figure for name, figure in page.figures.items()}
    save_all(drawn)
    for path in drawn:
        path.write_text(steady(path.read_text(encoding="utf-8")), encoding="utf-8")
    file = folder / f"{page.name}.md"
    file.write_text(page.text, encoding="utf-8")
    return [file, *drawn]


def steady(svg: str) -> str:
    """A drawing without the names that its program draws by chance, so that the same figure is the same file."""
    found: Mapping[str, str] = {
        name: f"{place:06x}" for place, name in enumerate(dict.fromkeys(m.group(2) for m in _RANDOM.finditer(svg)))
    }
    return _RANDOM.sub(lambda m: f"{m.group(1)}{found[m.group(2)]}", svg)
