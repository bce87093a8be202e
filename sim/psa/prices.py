"""At which price of immunoglobulin the decision turns: exactly, over willingness to pay, for everyone and subgroups.

Cost is linear in the price, which scales one cost item of the strategies that give the standard regimen, so nothing
is simulated again. With the drawn price p, item / p is the discounted amount, and INMB is 0 at the price

    (wtp ΔQALY - Δcost of everything else) / Δamount

both of the means over draws and in every draw. A regimen with a price of its own is not touched by this one.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import SetShape, fieller
from sim.psa.decision import threshold_grid
from sim.psa.job import TRACKED
from sim.psa.precision import MeanSquares
from sim.psa.result import PsaResult
from sim.scenario import quantities
from sim.sensitivity.price import price_threshold

Floats = NDArray[np.float64]

IG_PRICE = "immunoglobulin.price_per_gram"
STANDARD = "standard"
"""The regimen that the price belongs to."""
EVERYONE = "all"
COLUMNS = (
    *("subgroup", "wtp", "strategy", "comparator", "price", "mcse", "ci_low", "ci_high"),
    *("low", "high", "draws", "worth"),
)


def price_of_immunoglobulin(result: PsaResult) -> pd.DataFrame:
    """Price per gram at which each pair of strategies changes places, over willingness to pay.

    Args:
        result: The draws.

    Returns:
        One row for each subgroup ("all": everyone), threshold (those of the curves) and pair of strategies that
        differ in grams: subgroup, wtp, strategy, comparator (the reference first, then in the scenario's order);
        price, at the means over draws; mcse, its Monte Carlo standard error of draws and patients together (delta
        method); ci_low and ci_high, Fieller's 95 % limits by the same error (blank where they are unbounded); low
        and high, 2.5 and 97.5 % quantiles of the draws' own prices; draws, how many have one on the same side; worth,
        the side of the price on which the strategy is worth more than the comparator, "below" or "above". A price
        below 0: not even for nothing. No rows where the price is no quantity, or is 0 in a draw.
    """
    price = drawn(result, IG_PRICE)
    if price is None or not (price > 0).all():
        return pd.DataFrame(columns=list(COLUMNS))
    names = [result.reference, *(name for name in result.strategies if name != result.reference)]
    wtps = threshold_grid(result.wtp)
    rows: list[dict[str, object]] = []
    for subgroup, contributions in _parts(result).items():
        parts = _Parts.of(result, contributions, price)
        for comparator, strategy in combinations(names, 2):
            pair = result.table.position(strategy), result.table.position(comparator)
            place = {"subgroup": subgroup, "strategy": strategy, "comparator": comparator}
            rows += [place | line for line in parts.turns(pair, wtps)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def drawn(result: PsaResult, path: str) -> Floats | None:
    """Values of one quantity in every draw: its fixed value if it is not drawn, None if there is no such quantity."""
    if path in result.draws.paths:
        return np.asarray(result.draws.matrix[:, result.draws.paths.index(path)])
    known = {place: quantity.value for place, quantity, _ in quantities(result.scenario)}
    return np.full(result.n_draws, known[path]) if path in known else None


def _parts(result: PsaResult) -> dict[str, Floats]:
    """Cost, QALYs and the item of every strategy, [draw, group, 3, strategy]; of subgroups what members add."""
    n = len(result.strategies)
    found = {EVERYONE: result.groups}
    for k, name in enumerate(result.scenario.subgroups):
        found[name] = result.subgroups[:, :, k, :-1].reshape(*result.subgroups.shape[:2], len(TRACKED), n)
    return found


class _Parts:
    """One subgroup: other cost, amount and QALYs of every strategy, by draw and in the mean, with their covariance.

    Ratios of sums over members are those of their means, so how many members there are does not matter.
    """

    def __init__(self, by_draw: Floats, covariance: Floats) -> None:
        self.by_draw = by_draw
        self.mean = by_draw.mean(axis=0)
        self.covariance = covariance

    @classmethod
    def of(cls, result: PsaResult, contributions: Floats, price: Floats) -> _Parts:
        """From contributions [draw, group, 3, strategy] and the price of each draw."""
        strategies = result.scenario.strategies
        touched = np.array([strategies[name].regimen == STANDARD for name in result.strategies])
        cost, qaly, item = (contributions[:, :, row] for row in range(len(TRACKED)))
        amount = np.where(touched, item / price[:, None, None], 0.0)
        values = np.stack([cost - amount * price[:, None, None], amount, qaly], axis=2)
        flat = values.reshape(*values.shape[:2], -1)
        squares = MeanSquares.of(flat, result.sizes)
        by_draw = np.einsum("igd,g->id", flat, result.sizes / result.n_patients)
        return cls(by_draw.reshape(len(by_draw), 3, -1), squares.mean_covariance)

    def turns(self, pair: tuple[int, int], wtps: list[float]) -> list[dict[str, object]]:
        """Where a pair turns at each threshold; nothing where the two differ in no gram."""
        s, c = pair
        by_draw = self.by_draw[:, :, s] - self.by_draw[:, :, c]
        other, amount, qaly = (self.mean[:, s] - self.mean[:, c]).tolist()
        if amount == 0 or not by_draw[:, 1].any():
            return []
        alike = np.sign(by_draw[:, 1]) == np.sign(amount)
        covariance = self._of_difference(s, c)
        price = price_threshold(other, amount, qaly, wtps)
        own = price_threshold(by_draw[alike, 0], by_draw[alike, 1], by_draw[alike, 2], wtps)
        low, high = np.percentile(own, [2.5, 97.5], axis=1)
        rows: list[dict[str, object]] = []
        for place, wtp in enumerate(wtps):
            worth, grams = np.array([-1.0, 0.0, wtp]), np.array([0.0, 1.0, 0.0])
            limits = fieller(
                wtp * qaly - other,
                amount,
                variance_numerator=float(worth @ covariance @ worth),
                variance_denominator=float(covariance[1, 1]),
                covariance=float(worth @ covariance[1]),
            )
            bounded = limits.shape is SetShape.INTERVAL
            benefit = worth - price[place] * grams
            rows.append(
                {
                    "wtp": wtp,
                    "price": float(price[place]),
                    "mcse": math.sqrt(max(float(benefit @ covariance @ benefit), 0.0)) / abs(amount),
                    "ci_low": limits.low if bounded else np.nan,
                    "ci_high": limits.high if bounded else np.nan,
                    "low": float(low[place]),
                    "high": float(high[place]),
                    "draws": int(alike.sum()),
                    "worth": "below" if amount > 0 else "above",
                }
            )
        return rows

    def _of_difference(self, strategy: int, comparator: int) -> Floats:
        """Covariance of the differences in other cost, amount and QALYs between two strategies, (3, 3)."""
        n = self.mean.shape[1]
        contrast = np.kron(np.eye(3), np.eye(n)[strategy] - np.eye(n)[comparator])
        return np.asarray(contrast @ self.covariance @ contrast.T)
