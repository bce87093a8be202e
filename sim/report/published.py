"""Published points that a user lays over a curve, read from a file and checked whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sim.errors import Problem, TableError

KINDS = ("any", "grade_3plus")
_SHARES = ("probability", "low", "high")


def read_published(path: Path) -> pd.DataFrame:
    """Published cumulative incidences.

    Args:
        path: CSV with columns kind (any, grade_3plus), months, probability; where known low, high (95 %) and source.

    Returns:
        The table; low and high are blank where they are not known.

    Raises:
        TableError: It cannot be read, or a cell cannot be meant; names every one.
    """
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise TableError("the published points cannot be read", [Problem(str(path), "", str(error))]) from error
    missing = [name for name in ("kind", "months", "probability") if name not in table.columns]
    problems = [Problem("columns", ", ".join(table.columns), f"must have a column {name}") for name in missing]
    if not problems and table.empty:
        problems = [Problem("rows", "none", "must have at least one")]
    if not problems:
        problems = _faults(table)
    if problems:
        raise TableError(f"{path}: the published points cannot be used", problems)
    for name in ("months", *_SHARES):
        if name in table.columns:
            table[name] = _numbers(table, name)
    return table


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    return pd.to_numeric(table[name], errors="coerce").astype(np.float64)


def _faults(table: pd.DataFrame) -> list[Problem]:
    """Every cell that cannot be meant, row by row; rows are counted as in a spreadsheet, the header first."""
    months = _numbers(table, "months")
    faults = {
        "kind": (~table["kind"].isin(KINDS), f"must be one of {', '.join(KINDS)}"),
        "months": (~((months >= 0) & np.isfinite(months)), "must be a number of months, 0 or more"),
    }
    probability = _numbers(table, "probability")
    for name in (column for column in _SHARES if column in table.columns):
        share = _numbers(table, name)
        wrong = ~((share >= 0) & (share <= 1))
        faults[name] = (wrong, "must be a probability from 0 to 1")
        if name != "probability":
            blank = table[name].str.strip() == ""
            outside = share > probability if name == "low" else share < probability
            side = "at most" if name == "low" else "at least"
            faults[name] = (~blank & (wrong | outside), f"must be a probability, {side} that of the point, or blank")
    return [
        Problem(f"row {row + 2}, column {name}", str(table[name].iloc[row]), allowed)
        for row in range(len(table))
        for name, (wrong, allowed) in faults.items()
        if wrong.iloc[row]
    ]
