"""Starts of treatment from a file: one date a patient."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

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
    """Read a CSV table with a column `start` of dates.

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
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: cannot be read", [Problem("the file", "", str(error), str(path))]) from error
    if COLUMN not in table.columns:
        allowed = f"needs a column {COLUMN}"
        raise TableError(f"{path}: 1 problem", [Problem("columns", ", ".join(table.columns), allowed, str(path))])
    problems, days = [], []
    first = datetime.date.fromisoformat(plan.first_day)
    for line, text in enumerate(table[COLUMN], start=2):
        try:
            days.append((datetime.date.fromisoformat(text.strip()) - first).days)
        except ValueError:
            allowed = "must be a day, such as 2026-01-01"
            problems.append(Problem(f"{COLUMN}, line {line}", shown(text), allowed, str(path)))
    if problems or not days:
        problems = problems[:MOST_PROBLEMS] or [Problem(COLUMN, "no line", "needs at least one patient", str(path))]
        raise TableError(f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}", problems)
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
