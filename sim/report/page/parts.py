"""What a report is made of: sections of paragraphs, tables and figures, all text plain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import plotly.graph_objects as go

from sim.errors import InputError
from sim.report.page.folder import RunFolder

_NUMBER = re.compile(r"[−+-]?\d|any$|under |∞")
WHOLE = 24
"""Rows of a table that is not broken over printed pages."""


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: What it shows, with unit and currency.
        columns: Heads.
        rows: Cells as text; a line break in a cell stays one.
        left: Columns set to the left whatever they hold; of the others, those of text are too, and those of numbers
            are set to the right.
        note: How to read it.
        marks: Row to the class that marks it: "assumption", "recalled" or "no-source".
        paths: Dotted path of each row's input, told under its name for whoever wants to find it; may be empty.
        small: Whether it is long and set in small type.
        whole: Whether it stays on one printed page.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    note: str = ""
    marks: dict[int, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    small: bool = False
    whole: bool = False
    kind: Literal["grid"] = "grid"

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers: most of its cells that are not blank begin like one."""
        cells = [row[column] for row in self.rows if row[column]]
        return column >= self.left and 2 * sum(_NUMBER.match(cell) is not None for cell in cells) >= len(cells)


@dataclass(frozen=True)
class Plot:
    """A figure, and what it shows in one line for those who cannot see it."""

    name: str
    figure: go.Figure
    shows: str
    kind: Literal["plot"] = "plot"


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading.

    Attributes:
        key: Anchor.
        title: Heading.
        paragraphs: Text before the items.
        points: Listed after the paragraphs, under a head of their own; the head may be empty.
        items: Tables and figures.
        lead: Whether it is set out as the summary is.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[tuple[str, tuple[str, ...]], ...] = ()
    items: tuple[Grid | Plot, ...] = ()
    lead: bool = False


def grid(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], **others: object) -> Grid:
    """A table of any sequences."""
    lines = tuple(tuple(row) for row in rows)
    return Grid(title, tuple(columns), lines, whole=len(lines) <= WHOLE, **others)  # type: ignore[arg-type]


def section(folder: RunFolder, key: str, title: str, *items: Grid | Plot | str, words: Sequence[str] = ()) -> Section:
    """A section of tables and figures in order; a figure is given by its name, and left out where there is none."""
    shown: list[Grid | Plot] = []
    for item in items:
        shown += plots(folder, item) if isinstance(item, str) else [item]
    return Section(key, title, tuple(words), items=tuple(shown))


def plots(folder: RunFolder, *names: str) -> list[Plot]:
    """Those of the named figures that the folder can give, drawn."""
    shown = folder.figures.names
    drawn = []
    for name in names:
        if name in shown:
            try:
                drawn.append(Plot(name, folder.figures.draw(name), shown[name]))
            except InputError:
                # A table with nothing to draw (one strategy, one draw) is shown as a table alone.
                continue
    return drawn


def itemised(names: Sequence[str]) -> str:
    """Names that may have commas of their own, as a sentence lists them."""
    return listed(names) if not any("," in name for name in names) else "; ".join(names)


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a sentence lists them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def ahead_of(leads: Sequence[tuple[str, str]]) -> str:
    """Leads, each over a strategy, in words; a strategy over which all are is named once."""
    others = dict.fromkeys(other for _, other in leads)
    if len(others) == 1:
        return f"{listed([lead for lead, _ in leads])} over “{next(iter(others))}”"
    return listed([f"{lead} over “{other}”" for lead, other in leads])
