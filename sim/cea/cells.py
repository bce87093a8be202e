"""Cells of an outside table to text and to numbers, naming what is wrong with a cell that is neither.

Nothing is guessed or repaired: a decimal comma is recognised only to say so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FINITE = "a finite number"
_MISSING = "a finite number; complete the value, or remove its iteration from every strategy"
_NOT_NUMBERS: Sequence[tuple[re.Pattern[str], str]] = (
    (
        re.compile(r"[+-]?\d{1,3}(,\d{3})+"),
        "a number; the comma looks like a thousands separator (or a decimal comma): write 1234.5",
    ),
    (
        re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+"),
        "a number; the commas look like thousands separators: write 1234.5",
    ),
    (
        re.compile(r"[+-]?\d{1,3}([.' \u00a0\u202f]\d{3})+,\d+"),
        "a number; this looks like thousands separators and a decimal comma: write 1234.5",
    ),
    (re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?"), "a number; this looks like a decimal comma: write 1234.5"),
    (
        re.compile(r"[+-]?\d{1,3}([.' \u00a0\u202f]\d{3})+(\.\d+)?"),
        "a number; this looks like thousands separators: write 1234.5",
    ),
    (re.compile(r"[^\d]*[£$€¥%][^\d]*[\d.,]+|[\d.,]+\s*[£$€¥%].*"), "a number alone, with no sign of unit"),
    (re.compile("[\u2212\u2013\u2014].+"), "a number; write its minus sign as a hyphen, -"),
    (re.compile(r"#?(n/?a|nan|null|none|missing)[!?]?|\.|-|\?", re.IGNORECASE), _MISSING),
    (re.compile(r"[+-]?(inf|infinity)", re.IGNORECASE), _FINITE),
)


@dataclass(frozen=True, order=True)
class BadCell:
    """A cell that cannot be used.

    Attributes:
        row: Row as a spreadsheet numbers it; the header is row 1.
        column: Name of the column.
        found: What the cell holds.
        allowed: What it should hold.
    """

    row: int
    column: str
    found: str
    allowed: str


def as_text(value: object) -> str:
    """A cell as a person reads it: no spaces around, whole numbers without a decimal point.

    Args:
        value: The content of one cell.

    Returns:
        Its text; empty where the cell is blank, missing or an error value.
    """
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def text_cells(values: Iterable[object], rows: Sequence[int], column: str) -> tuple[list[str], list[BadCell]]:
    """A column of names or labels.

    Args:
        values: Contents of the cells.
        rows: Spreadsheet row of each.
        column: Name of the column.

    Returns:
        The texts, and the blank cells among them.
    """
    texts = [as_text(value) for value in values]
    blank = [
        BadCell(row, column, "a blank cell", "a name or label")
        for row, text in zip(rows, texts, strict=True)
        if not text
    ]
    return texts, blank


def number_cells(
    values: Iterable[object], rows: Sequence[int], column: str, *, missing: str = _MISSING
) -> tuple[NDArray[np.float64], list[BadCell]]:
    """A column of finite numbers.

    Args:
        values: Contents of the cells.
        rows: Spreadsheet row of each.
        column: Name of the column.
        missing: What to do about a cell that holds nothing.

    Returns:
        The numbers, nan for every bad cell, and the bad cells.
    """
    numbers = np.full(len(rows), np.nan)
    bad = []
    for position, value in enumerate(values):
        number = _number(value)
        if math.isfinite(number):
            numbers[position] = number
        else:
            found, allowed = _fault(value)
            bad.append(BadCell(rows[position], column, found, missing if allowed == _MISSING else allowed))
    return numbers, bad


def _number(value: object) -> float:
    """The number a cell holds; nan where it holds none."""
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _NUMBER.fullmatch(text) else math.nan
    if isinstance(value, int | float | Decimal | np.number) and not isinstance(value, bool):
        return float(value)
    return math.nan


def _fault(value: object) -> tuple[str, str]:
    """What a cell that holds no finite number holds, and what to write instead."""
    text = as_text(value)
    if not text:
        return "a blank cell, missing value or error value", _MISSING
    if isinstance(value, date):
        return repr(text), "a number; the spreadsheet took this cell for a date"
    for pattern, allowed in _NOT_NUMBERS:
        if pattern.fullmatch(text):
            return repr(text), allowed
    return repr(text), _FINITE
