"""Exact threshold prices: where a price only scales money, costs by item say at which price the decision turns.

INMB of one strategy against another at price p is  wtp ΔQALY - Δcost_other - p Δamount,  so it is 0 at
p = (wtp ΔQALY - Δcost_other) / Δamount, a ratio of two means over the same patients. Its standard error is that of
the INMB at that price over |Δamount| (delta method), its interval Fieller's (1954, J R Stat Soc B 16:175).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sim.cea import SetShape, fieller
from sim.errors import Problem, UsageError
from sim.model.parts import Booleans, Floats
from sim.scenario import Scenario, quantities
from sim.sensitivity.changes import changed
from sim.sensitivity.played import mean_mcse, patient_values, settled

TOLERANCE = 1e-9
"""Largest relative departure from a straight line that rounding can explain."""
CHECKED = 500
"""Patients on whom it is checked that nothing but one cost item moves with the price, and that in a straight line."""


def price_threshold(
    cost_other: ArrayLike, cost_item_per_unit_price: ArrayLike, qaly: ArrayLike, wtp: ArrayLike
) -> Floats:
    """Price at which one strategy is worth exactly as much as another.

    Args:
        cost_other: Incremental cost of everything that the price does not touch, any shape (e.g. draws).
        cost_item_per_unit_price: Incremental amount that the price multiplies, e.g. discounted grams; same shape.
        qaly: Incremental QALYs; same shape.
        wtp: Willingness to pay per QALY; one number, or any shape.

    Returns:
        Shape wtp.shape + the common shape. Below it the strategy is worth its cost where the incremental amount is
        positive, above it where that is negative; nan where it is 0. Below 0: not worth it even for nothing.
    """
    amount = np.asarray(cost_item_per_unit_price, dtype=np.float64)
    worth = np.multiply.outer(np.asarray(wtp, dtype=np.float64), np.asarray(qaly, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        price = (worth - np.asarray(cost_other, dtype=np.float64)) / amount
    threshold: Floats = np.where(amount == 0, np.nan, price)
    return threshold


def best_by_price(
    cost_other: Floats, cost_item_per_unit_price: Floats, qaly: Floats, wtp: float
) -> tuple[tuple[float, float, int], ...]:
    """Which strategy is best at which price from 0 upwards.

    Args:
        cost_other: Mean cost that the price does not touch, shape (n_strategies,).
        cost_item_per_unit_price: Mean amount that the price multiplies, shape (n_strategies,).
        qaly: Mean QALYs, shape (n_strategies,).
        wtp: Willingness to pay per QALY.

    Returns:
        (from price, to price, index of the best strategy), by rising price; the last ends at inf.
    """
    level = wtp * qaly - cost_other
    turns = [0.0]
    for a, b in combinations(range(level.size), 2):
        price = float(
            price_threshold(
                cost_other[a] - cost_other[b],
                cost_item_per_unit_price[a] - cost_item_per_unit_price[b],
                qaly[a] - qaly[b],
                wtp,
            )
        )
        turns += [price] if 0 < price < np.inf else []
    turns = [*sorted(set(turns)), np.inf]
    ranges: list[tuple[float, float, int]] = []
    for low, high in pairwise(turns):
        inside = (low + high) / 2 if np.isfinite(high) else 2 * low + 1
        best = int(np.argmax(level - inside * cost_item_per_unit_price))
        if ranges and ranges[-1][2] == best:
            low = ranges.pop()[0]
        ranges.append((low, high, best))
    return tuple(ranges)


@dataclass(frozen=True)
class PriceThresholds:
    """At which price each strategy is worth its cost.

    Attributes:
        path: The price.
        unit: Its unit.
        value: Its value in the scenario.
        item: The cost item that it scales.
        table: subgroup, patients, wtp, strategy, comparator, threshold, mcse, ci_low, ci_high (95 %,
            nan where the interval is unbounded), worth: on which
            side of the threshold the strategy is worth more than the comparator ("below", "above" or "never").
        choice: subgroup, wtp, price_low, price_high, best: the best of all strategies by price, from 0.
        patients: Patients under each strategy.
        seed: Root of the luck.
    """

    path: str
    unit: str
    value: float
    item: str
    table: pd.DataFrame
    choice: pd.DataFrame
    patients: int
    seed: int


def price_thresholds(
    scenario: Scenario,
    path: str,
    *,
    wtps: Sequence[float] | None = None,
    subgroups: Mapping[str, Booleans] | None = None,
    patients: int | None = None,
    seed: int | None = None,
) -> PriceThresholds:
    """The exact price at which each pair of strategies changes places, at each willingness to pay.

    Args:
        scenario: A validated scenario.
        path: Dotted path of a price.
        wtps: Willingness to pay per QALY; None takes the scenario's.
        subgroups: Name to the patients it holds, each of shape (patients,); None looks at all patients.
        patients: Patients under each strategy; None takes the scenario's number.
        seed: Root of the luck; None takes the scenario's.

    Raises:
        UsageError: The path is not a quantity, or is no price: it moves something besides one cost item, or that
            item not in a straight line.
    """
    n, root = settled(scenario, patients, seed)
    unit, value, item = _price(scenario, path, root)
    other_price = _other_price(value)
    played, again = (
        patient_values(changed(scenario, {path: price}), n, root, ("cost", "qaly", item))
        for price in (value, other_price)
    )
    amount = (played[item] - again[item]) / (value - other_price)
    other = played["cost"] - value * amount
    names = scenario.strategy_names
    rows, choice = [], []
    for name, inside in (subgroups or {"all": np.ones(n, dtype=bool)}).items():
        cost, units, qaly = other[:, inside], amount[:, inside], played["qaly"][:, inside]
        for wtp in wtps or scenario.analysis.wtp_per_qaly:
            place = {"subgroup": name, "patients": int(inside.sum()), "wtp": float(wtp)}
            rows += [
                {**place, "strategy": names[s], "comparator": names[c]}
                | _pair(cost[s] - cost[c], units[s] - units[c], qaly[s] - qaly[c], wtp)
                for c, s in combinations(range(len(names)), 2)
            ]
            ranges = best_by_price(cost.mean(axis=1), units.mean(axis=1), qaly.mean(axis=1), wtp)
            choice += [{**place, "price_low": a, "price_high": b, "best": names[best]} for a, b, best in ranges]
    return PriceThresholds(
        path, unit, value, item.removeprefix("cost:"), pd.DataFrame(rows), pd.DataFrame(choice), n, root
    )


def _pair(other: Floats, amount: Floats, qaly: Floats, wtp: float) -> dict[str, object]:
    """Threshold of one pair from the differences of each patient."""
    mean_amount, worth = float(amount.mean()), wtp * qaly - other
    side = "below" if mean_amount > 0 else "above" if mean_amount < 0 else "never"
    line: dict[str, object] = dict.fromkeys(("threshold", "mcse", "ci_low", "ci_high"), float("nan"))
    if mean_amount != 0 and amount.size > 1:
        threshold = float(price_threshold(other.mean(), mean_amount, qaly.mean(), wtp))
        (top, both), (_, bottom) = np.cov(worth, amount) / amount.size
        found = fieller(
            float(worth.mean()),
            mean_amount,
            variance_numerator=float(top),
            variance_denominator=float(bottom),
            covariance=float(both),
        )
        line |= {"threshold": threshold, "mcse": float(mean_mcse(worth - threshold * amount)[1]) / abs(mean_amount)}
        if found.shape is SetShape.INTERVAL:
            line |= {"ci_low": found.low, "ci_high": found.high}
    return {**line, "worth": side}


def _other_price(value: float) -> float:
    """A second price: half, which scales without rounding."""
    return value / 2 if value > 0 else 1.0


def _price(scenario: Scenario, path: str, seed: int) -> tuple[str, float, str]:
    """Unit, value and cost item of a price.

    Raises:
        UsageError: If it is not one, with the reason.
    """
    known = {place: (unit, quantity.value) for place, quantity, unit in quantities(scenario)}
    if path not in known:
        raise UsageError("no exact threshold", [Problem(path, "", "is not a quantity of this scenario")])
    unit, value = known[path]
    other = _other_price(value)
    first, second, between = (
        patient_values(changed(scenario, {path: price}), CHECKED, seed)
        for price in (value, other, (value + 2 * other) / 3)
    )
    money = {"cost", "cost_undiscounted"}
    moved = [name for name in first if not np.array_equal(first[name], second[name])]
    items = [name for name in moved if name.startswith("cost:")]
    others = [name for name in moved if name not in money and name not in items]
    why = ""
    if others:
        why = f"is not a price: it also moves {', '.join(others[:5])}; a search needs no straight line: --threshold"
    elif len(items) != 1:
        why = f"moves {', '.join(items)}, not one cost item" if items else "moves no cost of the first patients"
    else:
        expected = first[items[0]] / 3 + second[items[0]] * 2 / 3
        if not np.allclose(between[items[0]], expected, rtol=TOLERANCE, atol=TOLERANCE * np.abs(expected).max()):
            why = f"does not move {items[0]} in a straight line"
    if why:
        raise UsageError("no exact threshold", [Problem(path, f"{value:g}", why)])
    return unit, value, items[0]
