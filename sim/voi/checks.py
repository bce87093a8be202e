"""What the value-of-information functions refuse, all of it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.errors import Problem, UsageError

LEAST_DRAWS = 50
"""Fewest draws a regression is tried on (assumption; 1,000 or more are advisable)."""
_SHOWN = 10


def checked_benefit(net_benefit: ArrayLike) -> NDArray[np.float64]:
    """Net benefits as an array.

    Args:
        net_benefit: Shape (n_draws, n_strategies).

    Returns:
        The same numbers.

    Raises:
        UsageError: Another shape, fewer than two strategies or `LEAST_DRAWS` draws, or a value that is not
            finite; all that is wrong at once.
    """
    benefit, problems = _benefit(net_benefit)
    _raise(problems)
    return benefit


def checked(
    net_benefit: ArrayLike, parameters: pd.DataFrame, sets: Mapping[str, Sequence[str]]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Net benefits and the parameters asked for, as arrays.

    Args:
        net_benefit: Shape (n_draws, n_strategies).
        parameters: One row a draw, one column a parameter.
        sets: Name to the columns wanted.

    Returns:
        Net benefits, and the values of every column in a set, each of shape (n_draws,).

    Raises:
        UsageError: As `checked_benefit`, or a set is empty, names a column twice or one that is not there,
            or a column wanted is not of finite numbers, one for each draw; all that is wrong at once.
    """
    benefit, problems = _benefit(net_benefit)
    if benefit.ndim == 2 and len(parameters) != len(benefit):
        problems.append(Problem("parameters", f"{len(parameters)} rows", f"{len(benefit)}, one for each draw"))
    columns = [str(column) for column in parameters.columns]
    problems += [
        Problem("parameters", f"{times} columns named {name}", "each name once")
        for name, times in Counter(columns).items()
        if times > 1
    ]
    problems += _set_problems(sets, columns)
    values = {}
    for name in dict.fromkeys(name for members in sets.values() for name in members):
        if columns.count(name) == 1:
            values[name] = _numbers(parameters.iloc[:, columns.index(name)], name, problems)
    _raise(problems)
    return benefit, values


def checked_luck(luck: ArrayLike | None, n_strategies: int) -> NDArray[np.float64] | None:
    """Luck of groups of patients as an array, if there is any.

    Args:
        luck: Shape (n_groups, n_strategies), or None.
        n_strategies: Strategies.

    Raises:
        UsageError: Another shape, or a value that is not finite.
    """
    if luck is None:
        return None
    values = np.asarray(luck, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != n_strategies:
        _raise([Problem("luck", f"shape {values.shape}", f"(groups of patients, {n_strategies} strategies)")])
    if not np.isfinite(values).all():
        _raise([Problem("luck", "a value that is not finite", "finite numbers")])
    return values


def at_least(problems: list[Problem], place: str, value: float, least: float, *, strictly: bool = False) -> None:
    """Add a problem where a number is not finite, or less than it may be.

    Args:
        problems: To add to.
        place: Name of the argument.
        value: The number.
        least: Least allowed.
        strictly: Whether it must be more than that.
    """
    if not np.isfinite(value) or value < least or (strictly and value == least):
        problems.append(Problem(place, f"{value:g}", f"a finite number {'above' if strictly else 'from'} {least:g}"))


def _benefit(net_benefit: ArrayLike) -> tuple[NDArray[np.float64], list[Problem]]:
    benefit = np.asarray(net_benefit, dtype=np.float64)
    if benefit.ndim != 2 or benefit.shape[1] < 2:
        allowed = "(n_draws, n_strategies) with two strategies or more"
        return benefit, [Problem("net_benefit", f"shape {benefit.shape}", allowed)]
    problems = []
    if len(benefit) < LEAST_DRAWS:
        problems.append(
            Problem("net_benefit", f"{len(benefit)} draws", f"at least {LEAST_DRAWS} to fit a regression")
        )
    wrong = np.argwhere(~np.isfinite(benefit))
    for draw, strategy in wrong[:_SHOWN]:
        place = f"net_benefit, row {draw}, column {strategy}"
        problems.append(Problem(place, f"{benefit[draw, strategy]:g}", "a finite number"))
    if len(wrong) > _SHOWN:
        problems.append(Problem("net_benefit", f"{len(wrong) - _SHOWN} more such values", "finite numbers"))
    return benefit, problems


def _set_problems(sets: Mapping[str, Sequence[str]], columns: list[str]) -> list[Problem]:
    problems = [] if sets else [Problem("sets", "none", "at least one set of parameters")]
    for name, members in sets.items():
        if isinstance(members, str):
            problems.append(Problem(f"set {name}", repr(members), "a sequence of names"))
            continue
        if not members:
            problems.append(Problem(f"set {name}", "no parameters", "at least one"))
        for member, times in Counter(members).items():
            if times > 1:
                problems.append(Problem(f"set {name}", f"{member} {times} times", "each parameter once"))
            if member not in columns:
                shown = ", ".join(columns[:_SHOWN]) + (", ..." if len(columns) > _SHOWN else "")
                problems.append(Problem(f"set {name}", str(member), f"one of the parameters {shown}"))
    return problems


def _numbers(column: pd.Series, name: str, problems: list[Problem]) -> NDArray[np.float64]:
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        problems.append(Problem(f"parameter {name}", f"values of type {column.dtype}", "numbers"))
        return np.full(len(column), np.nan)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        found = f"{wrong.size} values that are not finite, the first in row {wrong[0]}"
        problems.append(Problem(f"parameter {name}", found, "finite numbers"))
    return values


def _raise(problems: Sequence[Problem]) -> None:
    if problems:
        msg = "the value of information cannot be estimated"
        raise UsageError(msg, problems)
