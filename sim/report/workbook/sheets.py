"""Conventions of every sheet: numbers are numbers with a format, text is always text, heads stay put."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from sim.files import write_file

MOST_ROWS = 200_000
MOST_CELLS = 1_500_000
"""Cells of a sheet; a larger table is cut, and its sheet says where the whole one is."""

_FORMATS = (
    (re.compile(r"^(point|draw|n|seed|best_draws|best_patients|patients)$"), "#,##0"),
    (re.compile(r"ceac|ceaf|share|probability|explained"), "0.0%"),
    (re.compile(r"qaly|life_years|hazard|correlation|pearson|rank|ratio"), "0.0000"),
    (re.compile(r"cost|nmb|icer|evp|evsi|enbs|wtp|loss|lead|margin|gain|value_of"), "#,##0.00"),
    (re.compile(r"price|threshold"), "#,##0.00"),
)
_LOOKS_LIKE_FORMULA = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True)
class Sheet:
    """One table of a workbook.

    Attributes:
        title: Name of the sheet, at most 31 letters.
        name: Name of its range, for formulas that refer to it.
        table: What it holds.
        where: Where the whole table is, if this one had to be cut.
    """

    title: str
    name: str
    table: pd.DataFrame
    where: str = ""


def write_workbook(path: Path, sheets: Sequence[Sheet], *, width: Mapping[str, float] | None = None) -> Path:
    """Write a workbook whole or not at all.

    Args:
        path: File, .xlsx.
        sheets: In order.
        width: Column to its width in letters, where the usual one would not do.

    Returns:
        The path.

    Raises:
        ResultsError: It cannot be written.
    """
    with workbook_at(path) as book:
        styles = Styles(book)
        for sheet in sheets:
            add_sheet(book, styles, sheet, width or {})
    return path


@contextmanager
def workbook_at(path: Path) -> Iterator[xlsxwriter.Workbook]:
    """An empty workbook in which text is never a formula, link or number; written when the block ends without error.

    Raises:
        ResultsError: It cannot be written; what was there before still is.
    """
    content = BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, {**as_text, "in_memory": True})
    yield book
    book.close()
    write_file(path, content.getvalue(), "the workbook")


class Styles:
    """Cell formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}
        self.head = self.of(bold=True, bottom=1, bg_color="#E8EEF4", text_wrap=True, valign="top")

    def of(self, **properties: object) -> Any:
        """The format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]

    def number(self, column: str) -> Any:
        """Format of a column of numbers, by its name."""
        form = next((form for pattern, form in _FORMATS if pattern.search(column)), "#,##0.0###")
        return self.of(num_format=form)

    def text(self, text: str, **properties: object) -> Any:
        """Format of a text; one that looks like a formula stays text when the cell is edited."""
        return self.of(quote_prefix=True, **properties) if _LOOKS_LIKE_FORMULA.match(text) else self.of(**properties)


def add_sheet(book: Any, styles: Styles, sheet: Sheet, width: Mapping[str, float]) -> Any:
    """Add one sheet: head in row 1, frozen; its range is named."""
    made = book.add_worksheet(sheet.title)
    table = sheet.table
    rows = min(len(table), MOST_ROWS, max(MOST_CELLS // max(len(table.columns), 1), 1))
    for column, name in enumerate(table.columns):
        made.write_string(0, column, str(name), styles.head)
        values = table[name].tolist()[:rows]
        for row, value in enumerate(values, start=1):
            write_cell(made, styles, row, column, value, str(name))
        longest = max([len(str(name)), *(len(shown(value)) for value in values[:200])])
        made.set_column(column, column, width.get(str(name), min(max(longest + 1.5, 9), 48)))
    if len(table) > rows:
        text = f"The first {rows:,} of {len(table):,} rows; the whole table is {sheet.where}."
        made.write_string(rows + 1, 0, text)
    made.freeze_panes(1, 1)
    last = max(len(table.columns) - 1, 0)
    if rows:
        made.autofilter(0, 0, rows, last)
    book.define_name(sheet.name, f"='{sheet.title}'!{cell(0, 0, fixed=True)}:{cell(rows, last, fixed=True)}")
    made.set_landscape()
    made.fit_to_pages(1, 0)
    made.repeat_rows(0)
    return made


def write_cell(made: Any, styles: Styles, row: int, column: int, value: object, name: str, **style: object) -> None:
    """Write one value as what it is: number, truth value, text, or nothing."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        if isinstance(value, float) and math.isinf(value):
            made.write_string(row, column, "infinite", styles.of(**style))
        elif style:
            made.write_blank(row, column, None, styles.of(**style))
    elif isinstance(value, bool):
        made.write_boolean(row, column, value, styles.of(**style))
    elif isinstance(value, int | float):
        made.write_number(row, column, value, styles.number(name) if not style else styles.of(**style))
    else:
        made.write_string(row, column, str(value), styles.text(str(value), **style))


def shown(value: object) -> str:
    """About as many letters as a value takes."""
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def cell(row: int, column: int, *, fixed: bool = False) -> str:
    """Address of a cell counted from 0, e.g. B3, or $B$3."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"${letters}${row + 1}" if fixed else f"{letters}{row + 1}"
