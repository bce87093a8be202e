"""Full incremental analysis of mean costs and mean QALYs, and net monetary benefit.

It sees one mean cost and one mean QALY for each strategy and nothing of where they came from:
uncertainty is the business of `sim.cea.psa`. Start with `incremental_analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import Problem, UsageError

_EQUAL_ICERS_RTOL = 1e-9
"""Two ICERs this close are one: differences of rounded means carry no more (assumption)."""


class Status(StrEnum):
    """What the incremental analysis says of a strategy."""

    REFERENCE = "reference"
    ON_FRONTIER = "on frontier"
    DOMINATED = "dominated"
    EXTENDEDLY_DOMINATED = "extendedly dominated"


@dataclass(frozen=True)
class IncrementalRow:
    """One line of the incremental table.

    Attributes:
        strategy: Name of the strategy.
        cost: Mean cost.
        qaly: Mean QALYs.
        comparator: On the frontier, the next cheaper frontier strategy; extendedly dominated, the same;
            dominated, a strategy that dominates it (the cheapest such on the frontier, where there is
            one); None for the reference.
        delta_cost: Cost minus the comparator's; None for the reference.
        delta_qaly: QALYs minus the comparator's; None for the reference.
        icer: Cost for each QALY gained over the comparator, only on the frontier above the reference;
            otherwise None, never infinite.
        status: Reference, on frontier, dominated or extendedly dominated.
    """

    strategy: str
    cost: float
    qaly: float
    comparator: str | None
    delta_cost: float | None
    delta_qaly: float | None
    icer: float | None
    status: Status


def incremental_analysis(
    strategies: Sequence[str], cost: NDArray[np.float64], qaly: NDArray[np.float64]
) -> tuple[IncrementalRow, ...]:
    """Rank strategies by cost, find the frontier, and give each frontier strategy its ICER.

    The decision rules of Karlsson & Johannesson (1996, PharmacoEconomics 9:113): a strategy is dominated
    if another costs no more and yields no fewer QALYs, and extendedly dominated if a mixture of two
    others does. The reference is the cheapest strategy left.

    Ties: at equal effect the dearer, and at equal cost the less effective, is dominated; of two
    strategies equal in both the later listed is dominated by the earlier. A strategy on the straight
    line between two frontier strategies (equal ICERs, to a relative 1e-9) stays on the frontier, for no
    mixture beats it.

    Args:
        strategies: Names, all different, at least one.
        cost: Mean costs, finite, shape (n_strategies,).
        qaly: Mean QALYs, finite, shape (n_strategies,).

    Returns:
        One row a strategy by rising cost; equal costs by falling QALYs, then in the order given.

    Raises:
        UsageError: The names repeat, the shapes differ, or a mean is not finite.

    Example:
        >>> rows = incremental_analysis(["none", "drug"], np.array([100.0, 400.0]), np.array([1.0, 1.5]))
        >>> rows[1].comparator, rows[1].icer
        ('none', 600.0)
    """
    _check_means(strategies, cost, qaly)
    by_cost = sorted(range(len(strategies)), key=lambda i: (cost[i], -qaly[i], i))
    undominated = _undominated(by_cost, qaly)
    frontier = _convex(undominated, cost, qaly)
    rows = []
    for position, i in enumerate(by_cost):
        cheaper_frontier = [j for j in by_cost[:position] if j in frontier]
        if i not in undominated:
            cheaper = sorted(by_cost[:position], key=lambda j: j not in frontier)
            against: int | None = next(j for j in cheaper if qaly[j] >= qaly[i])
            status = Status.DOMINATED
        elif not cheaper_frontier:
            against, status = None, Status.REFERENCE
        else:
            against = cheaper_frontier[-1]
            status = Status.ON_FRONTIER if i in frontier else Status.EXTENDEDLY_DOMINATED
        rows.append(_row(strategies, cost, qaly, i=i, against=against, status=status))
    return tuple(rows)


def net_monetary_benefit(cost: NDArray[np.float64], qaly: NDArray[np.float64], wtp: ArrayLike) -> NDArray[np.float64]:
    """Value health in money: wtp x QALYs - cost (Stinnett & Mullahy 1998, Med Decis Making 18:S68).

    Args:
        cost: Costs, any shape.
        qaly: QALYs, the shape of `cost`.
        wtp: Willingness to pay for a QALY, finite and at least 0: one number, or any shape.

    Returns:
        Shape wtp.shape + cost.shape: the thresholds lead, so one number gives the shape of `cost`.

    Raises:
        UsageError: A threshold is negative or not finite, or the shapes differ.
    """
    _check_same_shape(cost, qaly)
    thresholds = checked_wtp(wtp)
    benefit: NDArray[np.float64] = np.multiply.outer(thresholds, qaly) - cost
    return benefit


def incremental_net_monetary_benefit(
    cost: NDArray[np.float64], qaly: NDArray[np.float64], wtp: ArrayLike, *, comparator: int
) -> NDArray[np.float64]:
    """Net monetary benefit of each strategy less that of one comparator.

    Args:
        cost: Costs; the last axis is the strategy.
        qaly: QALYs, the shape of `cost`.
        wtp: Willingness to pay for a QALY, finite and at least 0: one number, or any shape.
        comparator: Position of the comparator on the last axis.

    Returns:
        Shape wtp.shape + cost.shape; exactly 0 for the comparator itself.

    Raises:
        UsageError: A threshold is negative or not finite, the shapes differ, or there is no such position.
    """
    _check_same_shape(cost, qaly)
    if not 0 <= comparator < cost.shape[-1]:
        problem = Problem("comparator", str(comparator), f"0 to {cost.shape[-1] - 1}")
        msg = "no such comparator"
        raise UsageError(msg, [problem])
    delta_cost = cost - cost[..., comparator, np.newaxis]
    delta_qaly = qaly - qaly[..., comparator, np.newaxis]
    return net_monetary_benefit(delta_cost, delta_qaly, wtp)


def checked_wtp(wtp: ArrayLike) -> NDArray[np.float64]:
    """Willingness-to-pay thresholds as an array, refused if any is negative or not finite.

    Args:
        wtp: Money for a QALY: one number, or any shape.

    Returns:
        The same numbers in the same shape.

    Raises:
        UsageError: Some threshold is negative or not finite; names each.
    """
    thresholds = np.asarray(wtp, dtype=np.float64)
    wrong = thresholds[~(np.isfinite(thresholds) & (thresholds >= 0))]
    if wrong.size:
        problems = [Problem("wtp", f"{value:g}", "a finite number, at least 0") for value in wrong]
        msg = "willingness to pay for a QALY cannot be used"
        raise UsageError(msg, problems)
    return thresholds


def _undominated(by_cost: Sequence[int], qaly: NDArray[np.float64]) -> list[int]:
    """Those more effective than everything before them in the order of cost."""
    kept: list[int] = []
    for i in by_cost:
        if not kept or qaly[i] > qaly[kept[-1]]:
            kept.append(i)
    return kept


def _convex(undominated: Sequence[int], cost: NDArray[np.float64], qaly: NDArray[np.float64]) -> list[int]:
    """The undominated whose ICERs never fall along the list (Andrew 1979, monotone chain)."""

    def icer(i: int, against: int) -> float:
        return float(cost[i] - cost[against]) / float(qaly[i] - qaly[against])

    kept: list[int] = []
    for i in undominated:
        while len(kept) > 1 and icer(kept[-1], kept[-2]) > icer(i, kept[-1]) * (1 + _EQUAL_ICERS_RTOL):
            kept.pop()
        kept.append(i)
    return kept


def _row(
    strategies: Sequence[str],
    cost: NDArray[np.float64],
    qaly: NDArray[np.float64],
    *,
    i: int,
    against: int | None,
    status: Status,
) -> IncrementalRow:
    if against is None:
        return IncrementalRow(strategies[i], float(cost[i]), float(qaly[i]), None, None, None, None, status)
    delta_cost, delta_qaly = float(cost[i] - cost[against]), float(qaly[i] - qaly[against])
    return IncrementalRow(
        strategy=strategies[i],
        cost=float(cost[i]),
        qaly=float(qaly[i]),
        comparator=strategies[against],
        delta_cost=delta_cost,
        delta_qaly=delta_qaly,
        icer=delta_cost / delta_qaly if status is Status.ON_FRONTIER else None,
        status=status,
    )


def _check_same_shape(cost: NDArray[np.float64], qaly: NDArray[np.float64]) -> None:
    if cost.shape != qaly.shape:
        problem = Problem("qaly", f"shape {qaly.shape}", f"the shape of cost, {cost.shape}")
        msg = "costs and QALYs do not match"
        raise UsageError(msg, [problem])


def _check_means(strategies: Sequence[str], cost: NDArray[np.float64], qaly: NDArray[np.float64]) -> None:
    problems = [
        Problem(f"strategies[{i}]", repr(name), "a name not used before")
        for i, name in enumerate(strategies)
        if name in strategies[:i]
    ]
    if not strategies:
        problems.append(Problem("strategies", "none", "at least one strategy"))
    for quantity, means in (("cost", cost), ("qaly", qaly)):
        if means.shape != (len(strategies),):
            problems.append(Problem(quantity, f"shape {means.shape}", f"shape ({len(strategies)},)"))
            continue
        problems += [
            Problem(f"{quantity} of {name}", f"{value:g}", "a finite number")
            for name, value in zip(strategies, means, strict=True)
            if not np.isfinite(value)
        ]
    if problems:
        msg = "the means cannot be compared"
        raise UsageError(msg, problems)
