"""Starts of treatment from a file: one date a patient."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from sim.cea.cells import as_text
from sim.cea.grid import read_grid
from sim.errors import Problem, TableError, UsageError
from sim.model.parts import DAYS_PER_MONTH, MONTHS_PER_YEAR
from sim.scenario import Scenario
from sim.scenario.quantity import shown

COLUMN = "start"
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Starts:
    """Starts read from a file.

    Attributes:
        file: Where they were read.
        months: Months of the programme, ascending; what falls before the warm-up or after the end is left out.
        left_out: Number of patients left out.
    """

    file: str
    months: tuple[float, ...]
    left_out: int


def read_starts(path: Path, scenario: Scenario) -> Starts:
    """Read a table with a column `start` of dates; any file that `sim.cea.grid` reads.

    Args:
        path: The file.
        scenario: Its programme says which day is the first.

    Raises:
        UsageError: The scenario has no programme.
        TableError: The file cannot be read, holds something that is no date, or no date of the programme.
    """
    plan = scenario.programme
    if plan is None:
        raise UsageError("no programme to start in", [Problem("programme", "", "is missing in the scenario")])
    days = _days(path, datetime.date.fromisoformat(plan.first_day))
    chairs = plan.chairs
    hour = chairs.opens_at_hour / 24 if chairs else 0.0
    months = sorted((day + hour) / DAYS_PER_MONTH for day in days)
    kept = [m for m in months if -plan.warm_up_months.value <= m < plan.years * MONTHS_PER_YEAR]
    if not kept:
        allowed = f"needs one within {plan.years} years from {plan.first_day}, or in the warm-up before"
        raise TableError(
            f"{path}: 1 problem", [Problem(COLUMN, f"{len(months)} days, none in time", allowed, str(path))]
        )
    return Starts(str(path), tuple(kept), len(months) - len(kept))


def _days(path: Path, first: datetime.date) -> list[int]:
    """Starts as days from the first day of the programme, in the order of the rows."""
    grid = read_grid(path)
    places = [place for place, name in enumerate(grid.header) if name.casefold() == COLUMN]
    if len(places) != 1:
        found = f"{len(places)} of that name" if places else ", ".join(grid.header)
        raise TableError(
            f"{path}: 1 problem", [Problem("columns", found, f"needs a column {COLUMN}, once", str(path))]
        )
    days, problems = [], []
    for row, cell in zip(grid.rows, grid.column(places[0]), strict=True):
        day = _day(cell)
        if day is None:
            allowed = "must be a day, such as 2026-01-01"
            problems.append(Problem(f"{COLUMN}, line {row}", shown(as_text(cell)), allowed, str(path)))
        else:
            days.append((day - first).days)
    if problems:
        raise TableError(
            f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", problems[:MOST_PROBLEMS]
        )
    return days


def _day(cell: object) -> datetime.date | None:
    """The day of a cell: text, or a date of a spreadsheet at midnight; None if it is neither."""
    if isinstance(cell, datetime.datetime):
        return cell.date() if cell.time() == datetime.time() else None
    if isinstance(cell, datetime.date):
        return cell
    try:
        return datetime.date.fromisoformat(as_text(cell))
    except ValueError:
        return None
