"""Which numbers of a scenario are uncertain, between which bounds, and the scenario with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.parameters import quantile
from sim.scenario import Quantity, Scenario, quantities, with_overrides
from sim.scenario.calibration import NUISANCE

SHARES: Final = "patients.agents."
"""Paths whose values are shares of one whole."""
APART: Final = ("voi.", NUISANCE)
"""What only the value of research or the calibration asks."""
TAILS: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Uncertain:
    """An uncertain quantity and the bounds of its one-way analysis.

    Attributes:
        path: Dotted path in the scenario.
        unit: Unit of its field.
        value: Base-case value.
        low: Lower bound.
        high: Upper bound.
        bounds: Where the bounds come from: "range", "ci" or "distribution" (its 2.5 and 97.5 % quantiles).
    """

    path: str
    unit: str
    value: float
    low: float
    high: float
    bounds: str


def uncertain(scenario: Scenario) -> tuple[Uncertain, ...]:
    """Every quantity with a range, an interval or a distribution that an outcome could depend on.

    In the order of the format; what only the value of research and the calibration ask moves no outcome and is
    left out.
    """
    posterior = {path: column for each in scenario.posteriors for path, column in each.columns.items()}
    found = []
    for path, quantity, unit in quantities(scenario):
        bounds = None if path.startswith(APART) else interval(quantity, posterior.get(path))
        if bounds:
            low, high, source = bounds
            found.append(Uncertain(path, unit, quantity.value, low, high, source))
    return tuple(found)


def interval(quantity: Quantity, draws: NDArray[np.float64] | None = None) -> tuple[float, float, str] | None:
    """Bounds for one-way analysis: the range, else the 95 % interval, else the quantiles; None for a fixed number.

    Args:
        quantity: Any.
        draws: The posterior draws of an empirical quantity.
    """
    if quantity.range:
        return *quantity.range, "range"
    if quantity.ci:
        return *quantity.ci, "ci"
    if not quantity.is_uncertain:
        return None
    low, high = quantile(quantity, TAILS) if draws is None else np.quantile(draws, TAILS)
    return float(low), float(high), "distribution"


def changed(scenario: Scenario, values: Mapping[str, object]) -> Scenario:
    """The scenario with values replaced and everything checked again.

    Shares of one whole (`patients.agents`) stay one whole: those not named are scaled in proportion.

    Args:
        scenario: A validated scenario.
        values: New values by dotted path; a plain number keeps the unit of a quantity.

    Returns:
        A validated scenario.

    Raises:
        ScenarioError: A path leads nowhere, or the values cannot be meant.
    """
    return with_overrides(scenario, {**_scaled_shares(scenario, values), **values})


def _scaled_shares(scenario: Scenario, values: Mapping[str, object]) -> dict[str, float]:
    """The shares not named, scaled to what the named ones leave; nothing where that cannot be done."""
    named = {path: value for path, value in values.items() if path.startswith(SHARES)}
    numbers = [float(value) for value in named.values() if isinstance(value, int | float)]
    rest = {
        SHARES + name: share.value for name, share in scenario.patients.agents.items() if SHARES + name not in named
    }
    left, whole = 1 - sum(numbers), sum(rest.values())
    if not named or len(numbers) < len(named) or whole <= 0 or left < 0:
        return {}
    return {path: share * left / whole for path, share in rest.items()}
