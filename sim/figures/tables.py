"""What figures ask of a table: the columns are there, there are rows, the numbers are numbers.

A table that falls short is refused with all its faults at once; nothing is dropped or filled in silently.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import PsaTable, analyse
from sim.errors import Problem, TableError, UsageError
from sim.figures.style import Look

Floats = NDArray[np.float64]


def checked(
    table: pd.DataFrame,
    what: str,
    *,
    names: Sequence[str] = (),
    numbers: Sequence[str] = (),
    gaps: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> pd.DataFrame:
    """A table fit to be drawn.

    Args:
        table: Tidy table.
        what: What it is, for the message.
        names: Columns of text that must be there.
        numbers: Columns that must be there and hold finite numbers only.
        gaps: Columns that must be there and may hold blanks: nothing is drawn there.
        optional: Columns that may be there and may hold blanks; added as blanks where they are not.

    Returns:
        A copy with text and float columns and rows numbered from 0.

    Raises:
        TableError: A column is missing, there is no row, or a number is none; names every fault.
    """
    problems = [
        Problem("columns", ", ".join(map(str, table.columns)) or "none", f"a column {column}")
        for column in (*names, *numbers, *gaps)
        if column not in table.columns
    ]
    if not problems and table.empty:
        problems.append(Problem("rows", "none", "at least one"))
    if problems:
        raise TableError(f"the table of {what} cannot be drawn", problems)
    fit = table.reset_index(drop=True).copy()
    for column in names:
        fit[column] = fit[column].astype(str)
    for column in optional:
        if column not in fit.columns:
            fit[column] = np.nan
    for column in (*numbers, *gaps, *optional):
        fit[column] = pd.to_numeric(fit[column], errors="coerce").astype(np.float64)
    for column in numbers:
        wrong = np.flatnonzero(~np.isfinite(fit[column].to_numpy()))
        if wrong.size:
            place = f"row {wrong[0] + 1}, column {column}"
            more = f" (and {wrong.size - 1} more)" if wrong.size > 1 else ""
            problems.append(Problem(place, f"{table[column].iloc[wrong[0]]}{more}", "a finite number"))
    if problems:
        raise TableError(f"the table of {what} cannot be drawn", problems)
    return fit


def outcomes_of(table: pd.DataFrame, look: Look) -> tuple[pd.DataFrame, Look]:
    """A table of mean outcomes (strategy, component, mean, mcse) fit to be drawn, and a look over its strategies."""
    fit = checked(table, "outcomes", names=("strategy", "component"), numbers=("mean",), optional=("mcse",))
    return fit, look.over(fit["strategy"])


def known(strategy: str, strategies: Sequence[str], what: str = "comparator") -> str:
    """The same strategy, or an error that lists those there are."""
    if strategy not in strategies:
        problem = Problem(what, strategy, f"one of {', '.join(strategies)}")
        raise UsageError(f"no such {what}", [problem])
    return strategy


def psa_table(draws: pd.DataFrame) -> PsaTable:
    """Costs and QALYs by draw and strategy out of a tidy table.

    Args:
        draws: Columns draw, strategy, cost, qaly; every draw once for every strategy.

    Returns:
        The table the decision analysis reads; strategies in the order in which they appear.

    Raises:
        TableError: A column is missing, a number is none, or a draw is not there once for every strategy.
    """
    fit = checked(draws, "PSA draws", names=("strategy",), numbers=("cost", "qaly"))
    if "draw" not in fit.columns:
        raise TableError("the table of PSA draws cannot be drawn", [Problem("columns", "no draw", "a column draw")])
    strategies = list(dict.fromkeys(fit["strategy"]))
    wrong = fit.groupby("draw", sort=False)["strategy"].agg(lambda found: sorted(found) != sorted(strategies))
    if wrong.any():
        place, allowed = f"draw {wrong[wrong].index[0]}", f"each of {', '.join(strategies)} once"
        raise TableError(
            "the table of PSA draws cannot be drawn",
            [Problem(place, "other strategies, or one of them twice", allowed)],
        )
    wide = fit.pivot(index="draw", columns="strategy", values=["cost", "qaly"])  # noqa: PD010 - keys are unique
    iterations = np.array([str(label) for label in wide.index])
    cost, qaly = (wide[column][strategies].to_numpy(np.float64) for column in ("cost", "qaly"))
    return PsaTable(tuple(strategies), iterations, cost, qaly)


def against(draws: pd.DataFrame, comparator: str) -> pd.DataFrame:
    """Differences from one comparator, draw by draw.

    Args:
        draws: As for `psa_table`.
        comparator: What is subtracted.

    Returns:
        Columns draw, strategy, delta_cost, delta_qaly; the comparator itself has no rows.

    Raises:
        TableError: As `psa_table`, or there is only one strategy.
        UsageError: There is no such comparator.
    """
    table = psa_table(draws)
    c = table.strategies.index(known(comparator, table.strategies))
    others = [s for s in range(len(table.strategies)) if s != c]
    if not others:
        problem = Problem("strategies", comparator, "at least two strategies to compare")
        raise TableError("the table of PSA draws cannot be drawn", [problem])
    pieces = [
        pd.DataFrame(
            {
                "draw": table.iterations,
                "strategy": table.strategies[s],
                "delta_cost": table.cost[:, s] - table.cost[:, c],
                "delta_qaly": table.qaly[:, s] - table.qaly[:, c],
            }
        )
        for s in others
    ]
    return pd.concat(pieces, ignore_index=True)


def wtp_grid(highest: float, points: int = 101) -> Floats:
    """Evenly spaced thresholds from 0 to `highest`, which must be above 0."""
    return np.linspace(0.0, highest, points)


def by_threshold(draws: pd.DataFrame, wtp: Floats) -> dict[str, pd.DataFrame]:
    """Acceptability, expected loss and EVPI over thresholds, for draws that come without these tables.

    Args:
        draws: As for `psa_table`.
        wtp: Thresholds.

    Returns:
        The frames `by_wtp_strategy` and `by_wtp` of `sim.cea.PsaAnalysis`, by these names.
    """
    analysis = analyse(psa_table(draws), list(wtp))
    return {"by_wtp_strategy": analysis.by_wtp_strategy, "by_wtp": analysis.by_wtp}
