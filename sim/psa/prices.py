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
        other, amount, qaly = (self.by_draw[:, row, s] - self.by_draw[:, row, c] for row in range(3))
        means = self.mean[:, s] - self.mean[:, c]
        if means[1] == 0 or not amount.any():
            return []
        alike = np.sign(amount) == float(np.sign(means[1]))
        rows: list[dict[str, object]] = []
        for wtp in wtps:
            price = float(price_threshold(means[0], means[1], means[2], wtp))
            top, bottom = self._weights(pair, (-1.0, 0.0, wtp)), self._weights(pair, (0.0, 1.0, 0.0))
            benefit = top - price * bottom
            limits = fieller(
                float(wtp * means[2] - means[0]),
                float(means[1]),
                variance_numerator=float(top @ self.covariance @ top),
                variance_denominator=float(bottom @ self.covariance @ bottom),
                covariance=float(top @ self.covariance @ bottom),
            )
            bounded = limits.shape is SetShape.INTERVAL
            own = price_threshold(other[alike], amount[alike], qaly[alike], wtp)
            low, high = np.percentile(own, [2.5, 97.5])
            rows.append(
                {
                    "wtp": wtp,
                    "price": price,
                    "mcse": math.sqrt(max(float(benefit @ self.covariance @ benefit), 0.0)) / abs(float(means[1])),
                    "ci_low": limits.low if bounded else np.nan,
                    "ci_high": limits.high if bounded else np.nan,
                    "low": float(low),
                    "high": float(high),
                    "draws": int(alike.sum()),
                    "worth": "below" if means[1] > 0 else "above",
                }
            )
        return rows

    def _weights(self, pair: tuple[int, int], each: tuple[float, float, float]) -> Floats:
        """Weights on (other cost, amount, QALYs) of every strategy that give a difference between the pair."""
        weights = np.zeros((3, self.mean.shape[1]))
        weights[:, pair[0]] += each
        weights[:, pair[1]] -= each
        return weights.ravel()
