"""Which parameters move with the net benefit: a quick look before EVPPI."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

# Its statistics are loaded when first asked for, as in `sim.voi.basis`.
import scipy
from numpy.typing import ArrayLike, NDArray

from sim.errors import Problem, UsageError
from sim.voi.checks import checked


def correlations(
    net_benefit: ArrayLike, parameters: pd.DataFrame, strategies: Sequence[str] | None = None
) -> pd.DataFrame:
    """Correlation of every parameter with every incremental net benefit.

    A correlation sees monotone effects of one parameter at a time: where it is 0 the EVPPI need not be.

    Args:
        net_benefit: Of each strategy in each draw, shape (n_draws, n_strategies).
        parameters: What was drawn: one row a draw, one column a parameter.
        strategies: Names, in the order of the columns of `net_benefit`; numbered from 1 if not given.

    Returns:
        One row for each pair of strategies and parameter: parameter, strategy, comparator, pearson,
        pearson_se, rank, rank_se. The difference is strategy less comparator, the later column less the
        earlier. Standard errors are from Fisher's transformation, for ranks with the factor of Bonett &
        Wright (2000, Psychometrika 65:23). Blank (nan) where either does not vary.

    Raises:
        UsageError: What was given cannot be used; names all that is wrong.
    """
    names = [str(column) for column in parameters.columns]
    benefit, columns = checked(net_benefit, parameters, {name: (name,) for name in names})
    labels = [str(i + 1) for i in range(benefit.shape[1])] if strategies is None else list(strategies)
    if len(labels) != benefit.shape[1]:
        problem = Problem("strategies", f"{len(labels)} names", f"{benefit.shape[1]}, one for each column")
        raise UsageError("the strategies cannot be named", [problem])
    values = np.column_stack(list(columns.values()))
    pairs = list(combinations(range(len(labels)), 2))
    increments = np.column_stack([benefit[:, later] - benefit[:, earlier] for earlier, later in pairs])
    pearson = _correlation(values, increments)
    rank = _correlation(scipy.stats.rankdata(values, axis=0), scipy.stats.rankdata(increments, axis=0))
    rows = [
        pd.DataFrame(
            {
                "parameter": names,
                "strategy": labels[later],
                "comparator": labels[earlier],
                "pearson": pearson[:, pair],
                "pearson_se": (1 - pearson[:, pair] ** 2) / np.sqrt(len(benefit) - 3),
                "rank": rank[:, pair],
                "rank_se": (1 - rank[:, pair] ** 2) * np.sqrt((1 + rank[:, pair] ** 2 / 2) / (len(benefit) - 3)),
            }
        )
        for pair, (earlier, later) in enumerate(pairs)
    ]
    return pd.concat(rows, ignore_index=True)


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson correlation of every column with every column; nan where either is constant."""
    scaled = []
    for columns in (left, right):
        centred = columns - columns.mean(axis=0)
        spread = np.sqrt((centred**2).mean(axis=0))
        flat = np.ptp(columns, axis=0) <= 1e-12 * np.abs(columns).max(axis=0)
        scaled.append(centred / np.where(flat, np.nan, spread))
    return np.asarray(np.clip(scaled[0].T @ scaled[1] / len(left), -1, 1))
