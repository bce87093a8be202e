"""Decision uncertainty over the iterations of a probabilistic sensitivity analysis (PSA).

A `PsaTable` is a cost and a QALY for each strategy in each iteration, whoever produced them. `analyse`
answers everything at once; the single measures stand beside it. Every measure here is a plain function
of the table: no seed, no smoothing, no random breaking of ties.

Ties. In an iteration, strategies whose net benefits differ by no more than rounding share the iteration
equally. Between expected net benefits the tie goes to the cheaper, then the more effective, then the
first listed, the order in which the incremental table ranks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea.frontier import checked_wtp, incremental_analysis, net_monetary_benefit
from sim.cea.panel import PsaTable
from sim.errors import Problem, UsageError

__all__ = [
    "Estimate",
    "Evpi",
    "PairedDifference",
    "PsaAnalysis",
    "PsaTable",
    "analyse",
    "ceac",
    "ceaf",
    "evpi",
    "expected_loss",
    "expected_nmb",
    "paired_difference",
]

_ROUNDING_RTOL = 1e-12
"""Net benefits this close, relative to the money that went into them, are tied (assumption)."""


@dataclass(frozen=True)
class Estimate:
    """A mean over iterations with its error and spread; all but the mean are nan for one iteration.

    Attributes:
        mean: Mean over iterations.
        standard_error: Standard error of that mean: it shrinks with more iterations.
        low: 2.5th percentile over iterations: it does not.
        high: 97.5th percentile over iterations.
    """

    mean: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedDifference:
    """One strategy against one comparator, differences taken within each iteration.

    Attributes:
        strategy: The strategy.
        comparator: What is subtracted.
        delta_cost: Difference in cost.
        delta_qaly: Difference in QALYs.
        icer: Ratio of the mean differences, never the mean of ratios; None unless the strategy is both
            dearer and more effective. Its place in a full analysis is in the incremental table.
        wtp: Willingness-to-pay thresholds of the next two.
        inmb: Incremental net monetary benefit at each threshold.
        probability_cost_effective: Share of iterations with a positive incremental net monetary benefit
            at each threshold; a tied iteration counts one half.
    """

    strategy: str
    comparator: str
    delta_cost: Estimate
    delta_qaly: Estimate
    icer: float | None
    wtp: tuple[float, ...]
    inmb: tuple[Estimate, ...]
    probability_cost_effective: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Evpi:
    """Expected value of perfect information for one decision, by threshold.

    Attributes:
        value: In money, never negative, shape (n_wtp,).
        standard_error: Naive: the strategy with the highest expected net benefit is taken as known, so
            its own uncertainty and the upward bias of a maximum of means are left out. Shape (n_wtp,);
            nan for one iteration.
    """

    value: NDArray[np.float64]
    standard_error: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PsaAnalysis:
    """The whole decision analysis of one table, as tidy frames; nan and None are blanks.

    Attributes:
        incremental: One row a strategy by rising mean cost: strategy, cost, qaly, comparator, delta_cost,
            delta_cost_se, delta_qaly, delta_qaly_se, icer, status. Standard errors are of the paired
            differences; blank for one iteration.
        by_wtp_strategy: wtp, strategy, ceac, expected_nmb, expected_loss, on_ceaf.
        by_wtp: wtp, optimal, ceaf, evpi, evpi_se.
    """

    incremental: pd.DataFrame
    by_wtp_strategy: pd.DataFrame
    by_wtp: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Decision:
    """What the table says at one threshold; arrays have shape (n_strategies,)."""

    ceac: NDArray[np.float64]
    expected_nmb: NDArray[np.float64]
    expected_loss: NDArray[np.float64]
    optimal: int
    evpi_se: float


def analyse(table: PsaTable, wtp: Sequence[float]) -> PsaAnalysis:
    """Everything the table says of the decision.

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0; rows follow their order.

    Returns:
        Three tidy frames.

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    thresholds = _checked_thresholds(wtp)
    decisions = [_decide(table, k) for k in thresholds]
    n_strategies = len(table.strategies)
    optimal = np.array([decision.optimal for decision in decisions])
    by_wtp_strategy = pd.DataFrame(
        {
            "wtp": np.repeat(thresholds, n_strategies),
            "strategy": list(table.strategies) * len(thresholds),
            "ceac": np.concatenate([decision.ceac for decision in decisions]),
            "expected_nmb": np.concatenate([decision.expected_nmb for decision in decisions]),
            "expected_loss": np.concatenate([decision.expected_loss for decision in decisions]),
            "on_ceaf": (np.arange(n_strategies) == optimal[:, np.newaxis]).ravel(),
        }
    )
    by_wtp = pd.DataFrame(
        {
            "wtp": thresholds,
            "optimal": [table.strategies[position] for position in optimal],
            "ceaf": [decision.ceac[decision.optimal] for decision in decisions],
            "evpi": [decision.expected_loss[decision.optimal] for decision in decisions],
            "evpi_se": [decision.evpi_se for decision in decisions],
        }
    )
    return PsaAnalysis(_incremental_frame(table), by_wtp_strategy, by_wtp)


def expected_nmb(table: PsaTable, wtp: Sequence[float]) -> NDArray[np.float64]:
    """Mean net monetary benefit of each strategy.

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        Shape (n_wtp, n_strategies).

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    return np.array([_decide(table, k).expected_nmb for k in _checked_thresholds(wtp)])


def expected_loss(table: PsaTable, wtp: Sequence[float]) -> NDArray[np.float64]:
    """Mean net benefit forgone by choosing each strategy (Alarid-Escudero et al. 2019, Value Health 22:611).

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        Shape (n_wtp, n_strategies), at least 0; the smallest at a threshold is the EVPI.

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    return np.array([_decide(table, k).expected_loss for k in _checked_thresholds(wtp)])


def ceac(table: PsaTable, wtp: Sequence[float]) -> NDArray[np.float64]:
    """Cost-effectiveness acceptability curves: probability that each strategy is the best of all.

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        Shape (n_wtp, n_strategies); sums to 1 over strategies, whatever the sign of the net benefits.

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    return np.array([_decide(table, k).ceac for k in _checked_thresholds(wtp)])


def ceaf(table: PsaTable, wtp: Sequence[float]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Cost-effectiveness acceptability frontier: the strategy to adopt and its probability of being best.

    It follows the highest expected net benefit, not the highest probability (Fenwick et al. 2001, Health
    Econ 10:779).

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        The strategy with the highest expected net benefit at each threshold, and its acceptability,
        shape (n_wtp,).

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    decisions = [_decide(table, k) for k in _checked_thresholds(wtp)]
    optimal = tuple(table.strategies[decision.optimal] for decision in decisions)
    return optimal, np.array([decision.ceac[decision.optimal] for decision in decisions])


def evpi(table: PsaTable, wtp: Sequence[float]) -> Evpi:
    """Expected value of perfect information for one decision.

    The mean over iterations of the best net benefit of that iteration less that of the strategy best on
    average. Summing these differences, none of which can be negative, keeps rounding from giving a
    negative value.

    Args:
        table: Costs and QALYs.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        Value and naive standard error, each of shape (n_wtp,).

    Raises:
        UsageError: A threshold is negative or not finite, or there is none.
    """
    decisions = [_decide(table, k) for k in _checked_thresholds(wtp)]
    return Evpi(
        value=np.array([decision.expected_loss[decision.optimal] for decision in decisions]),
        standard_error=np.array([decision.evpi_se for decision in decisions]),
    )


def paired_difference(table: PsaTable, strategy: str, comparator: str, wtp: Sequence[float]) -> PairedDifference:
    """One strategy less one comparator, iteration by iteration.

    Args:
        table: Costs and QALYs.
        strategy: Name of the strategy.
        comparator: Name of what it is compared with.
        wtp: Willingness-to-pay thresholds, finite and at least 0.

    Returns:
        Differences in cost, QALYs and net monetary benefit, each with standard error and 95 % interval
        over iterations, and the probability of being cost-effective against this comparator alone.

    Raises:
        UsageError: No such strategy, or a threshold is negative or not finite, or there is none.
    """
    pair = [table.position(strategy), table.position(comparator)]
    thresholds = _checked_thresholds(wtp)
    delta_cost = table.cost[:, pair[0]] - table.cost[:, pair[1]]
    delta_qaly = table.qaly[:, pair[0]] - table.qaly[:, pair[1]]
    mean_cost, mean_qaly = float(delta_cost.mean()), float(delta_qaly.mean())
    shares = [_shares(table.cost[:, pair], table.qaly[:, pair], k)[:, 0].mean() for k in thresholds]
    return PairedDifference(
        strategy=strategy,
        comparator=comparator,
        delta_cost=_estimate(delta_cost),
        delta_qaly=_estimate(delta_qaly),
        icer=mean_cost / mean_qaly if mean_cost > 0 and mean_qaly > 0 else None,
        wtp=tuple(float(k) for k in thresholds),
        inmb=tuple(_estimate(net_monetary_benefit(delta_cost, delta_qaly, k)) for k in thresholds),
        probability_cost_effective=tuple(float(share) for share in shares),
    )


def _decide(table: PsaTable, wtp: float) -> _Decision:
    benefit = net_monetary_benefit(table.cost, table.qaly, wtp)
    loss = benefit.max(axis=1, keepdims=True) - benefit
    mean_cost, mean_qaly = table.mean_cost, table.mean_qaly
    best = np.flatnonzero(_shares(mean_cost, mean_qaly, wtp))
    optimal = min(best, key=lambda i: (mean_cost[i], -mean_qaly[i], i))
    return _Decision(
        ceac=_shares(table.cost, table.qaly, wtp).mean(axis=0),
        expected_nmb=net_monetary_benefit(mean_cost, mean_qaly, wtp),
        expected_loss=loss.mean(axis=0),
        optimal=int(optimal),
        evpi_se=_standard_error(loss[:, optimal]),
    )


def _shares(cost: NDArray[np.float64], qaly: NDArray[np.float64], wtp: float) -> NDArray[np.float64]:
    """1 for the strategy of highest net benefit on the last axis, split equally among those tied."""
    benefit = net_monetary_benefit(cost, qaly, wtp)
    magnitude = (np.abs(wtp * qaly) + np.abs(cost)).max(axis=-1, keepdims=True)
    best = benefit >= benefit.max(axis=-1, keepdims=True) - _ROUNDING_RTOL * magnitude
    return np.asarray(best / best.sum(axis=-1, keepdims=True))


def _estimate(differences: NDArray[np.float64]) -> Estimate:
    low, high = np.percentile(differences, [2.5, 97.5]) if differences.size > 1 else (np.nan, np.nan)
    return Estimate(float(differences.mean()), _standard_error(differences), float(low), float(high))


def _standard_error(values: NDArray[np.float64]) -> float:
    """Of the mean over iterations; nan where one iteration cannot tell."""
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else float("nan")


def _incremental_frame(table: PsaTable) -> pd.DataFrame:
    rows = []
    for row in incremental_analysis(table.strategies, table.mean_cost, table.mean_qaly):
        errors = (float("nan"), float("nan"))
        if row.comparator is not None:
            own, other = table.position(row.strategy), table.position(row.comparator)
            errors = (
                _standard_error(table.cost[:, own] - table.cost[:, other]),
                _standard_error(table.qaly[:, own] - table.qaly[:, other]),
            )
        rows.append(
            {
                "strategy": row.strategy,
                "cost": row.cost,
                "qaly": row.qaly,
                "comparator": row.comparator,
                "delta_cost": row.delta_cost,
                "delta_cost_se": errors[0],
                "delta_qaly": row.delta_qaly,
                "delta_qaly_se": errors[1],
                "icer": row.icer,
                "status": row.status.value,
            }
        )
    numbers = ["cost", "qaly", "delta_cost", "delta_cost_se", "delta_qaly", "delta_qaly_se", "icer"]
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, np.float64))


def _checked_thresholds(wtp: Sequence[float]) -> list[float]:
    thresholds = checked_wtp(wtp)
    if thresholds.ndim != 1 or thresholds.size == 0:
        problem = Problem("wtp", f"shape {thresholds.shape}", "a list of at least one threshold")
        msg = "willingness to pay for a QALY cannot be used"
        raise UsageError(msg, [problem])
    return [float(k) for k in thresholds]
