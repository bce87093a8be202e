"""The decision under parameter uncertainty by willingness to pay, with what luck adds to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import PsaTable, analyse
from sim.psa.precision import MeanSquares, without_noise

Floats = NDArray[np.float64]

GRID_POINTS = 41


def threshold_grid(wtp: tuple[float, ...]) -> list[float]:
    """Thresholds for curves: even steps from 0 to twice the highest of the scenario's, and the scenario's own.

    Args:
        wtp: Willingness to pay per QALY of the scenario.
    """
    top = 2 * max(wtp) or 1.0
    return sorted({*np.linspace(0.0, top, GRID_POINTS).tolist(), *wtp})


def corrected_table(table: PsaTable, squares: MeanSquares) -> PsaTable:
    """The draws with the patients' luck taken out of their scatter.

    Increments against the first strategy are corrected together, so that the answer does not depend on the
    willingness to pay; see `without_noise`.

    Args:
        table: Costs and QALYs by draw.
        squares: Mean squares of (cost of each strategy, QALYs of each strategy).

    Returns:
        A table of the same shape and means.
    """
    n = len(table.strategies)
    if n < 2:
        return table
    against_first = increments(n)
    values = np.hstack([table.cost, table.qaly]) @ against_first.T
    corrected = without_noise(values, against_first @ squares.noise @ against_first.T)
    first_cost, first_qaly = table.cost[:, :1], table.qaly[:, :1]
    return PsaTable(
        table.strategies,
        table.iterations,
        np.hstack([first_cost, first_cost + corrected[:, : n - 1]]),
        np.hstack([first_qaly, first_qaly + corrected[:, n - 1 :]]),
    )


def increments(n_strategies: int) -> Floats:
    """Matrix that turns (costs, QALYs) into differences against the first strategy, shape (2 (n - 1), 2 n)."""
    one = np.hstack([-np.ones((n_strategies - 1, 1)), np.eye(n_strategies - 1)])
    matrix: Floats = np.kron(np.eye(2), one).astype(np.float64)
    return matrix


def contrast(wtp: float, strategy: int, comparator: int, n_strategies: int) -> Floats:
    """Weights on (costs, QALYs) that give the incremental net monetary benefit, shape (2 n,)."""
    weights = np.zeros((2, n_strategies))
    weights[:, strategy] += (-1.0, wtp)
    weights[:, comparator] -= (-1.0, wtp)
    return weights.ravel()


def curves(
    raw: PsaTable, corrected: PsaTable, groups: Floats, sizes: Floats, wtp: list[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """CEAC, CEAF, expected losses and EVPI at each threshold: as drawn, and with the patients' luck taken out.

    Standard errors join the draws' part with the patients' part, the latter by leaving out one group at a time
    (delete-a-group jackknife, Kott 2001, J Off Stat 17:521). Where two strategies are nearly tied, those of the
    EVPI err on the large side: a maximum has no derivative there.

    Args:
        raw: Costs and QALYs by draw.
        corrected: The same from `corrected_table`.
        groups: Group means of costs, then QALYs, shape (n_draws, n_groups, 2 n_strategies).
        sizes: Patients in each group, shape (n_groups,).
        wtp: Thresholds.

    Returns:
        By threshold (wtp, optimal, ceaf, ceaf_corrected, evpi, evpi_se, evpi_corrected) and by threshold and
        strategy (wtp, strategy, ceac, ceac_se, ceac_corrected, expected_nmb, expected_loss, on_ceaf).
    """
    as_drawn, without = analyse(raw, wtp), analyse(corrected, wtp)
    ceac_se, evpi_se = [], []
    n = raw.n_iterations
    left_out = (np.einsum("igd,g->id", groups, sizes)[:, None] - groups * sizes[:, None]) / (sizes.sum() - sizes)[
        :, None
    ]
    shares = as_drawn.by_wtp_strategy["ceac"].to_numpy().reshape(len(wtp), -1)
    for k, threshold in enumerate(wtp):
        cost, qaly = np.split(left_out, 2, axis=-1)
        best, value = _chances(threshold * qaly - cost)
        ceac_se.append(np.sqrt(shares[k] * (1 - shares[k]) / n + _jackknife_variance(best)))
        evpi_se.append(np.sqrt(as_drawn.by_wtp["evpi_se"].iloc[k] ** 2 + _jackknife_variance(value)))
    by_wtp = as_drawn.by_wtp.assign(
        evpi_se=evpi_se,
        evpi_corrected=without.by_wtp["evpi"],
        ceaf_corrected=without.by_wtp["ceaf"],
    )
    by_strategy = as_drawn.by_wtp_strategy.assign(
        ceac_se=np.concatenate(ceac_se), ceac_corrected=without.by_wtp_strategy["ceac"]
    )
    order = ["wtp", "optimal", "ceaf", "ceaf_corrected", "evpi", "evpi_se", "evpi_corrected"]
    by = ["wtp", "strategy", "ceac", "ceac_se", "ceac_corrected", "expected_nmb", "expected_loss", "on_ceaf"]
    return by_wtp[order], by_strategy[by]


def _chances(benefit: Floats) -> tuple[Floats, Floats]:
    """Probability of being best, [group, strategy], and EVPI, [group], from [draw, group, strategy]."""
    best = benefit.argmax(axis=-1)
    shares = (best[..., None] == np.arange(benefit.shape[-1])).mean(axis=0)
    return shares, benefit.max(axis=-1).mean(axis=0) - benefit.mean(axis=0).max(axis=-1)


def _jackknife_variance(without_one: Floats) -> Floats:
    """Variance of an estimate from its values with each group left out; over the first axis."""
    n = len(without_one)
    variance: Floats = (n - 1) * np.var(without_one, axis=0)
    return variance
