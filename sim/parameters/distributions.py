"""Inverse distribution functions of quantities: how a scenario's value, interval and range become a distribution.

normal, beta and gamma have mean `value` and standard deviation `se` or (high - low) / 3.92 of `ci`; lognormal has
median `value` and log standard deviation ln(high / low) / 3.92; uniform, triangular and pert live on `range`, the
latter two with mode `value` (pert: beta with shape 4, Clark 1962, Oper Res 10:405). All are cut at the bounds of
their field.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# Its statistics are loaded when first asked for: a run of base-case values needs none.
import scipy
from numpy.typing import ArrayLike, NDArray

from sim.scenario import Quantity
from sim.scenario.quantity import Z_95

Floats = NDArray[np.float64]

PERT_SHAPE = 4.0


def quantile(quantity: Quantity, probability: ArrayLike) -> Floats:
    """Values of a quantity at the given probabilities.

    Args:
        quantity: Any but an empirical one.
        probability: In (0, 1), any shape.

    Returns:
        Values within the bounds of the field, shape of `probability`.

    Raises:
        ValueError: The quantity is empirical: its draws are in a table.
    """
    p = np.asarray(probability, dtype=np.float64)
    if quantity.dist == "fixed":
        return np.full_like(p, quantity.value)
    law, (low, high) = distribution(quantity), quantity.bounds
    below = float(law.cdf(low)) if math.isfinite(low) else 0.0
    above = float(law.sf(high)) if math.isfinite(high) else 0.0
    # Interpolated from the nearer end, for probabilities near 1 have no digits to spare.
    upper = p > 0.5
    values = np.where(
        upper,
        law.isf(np.where(upper, above + (1 - p) * (1 - below - above), 0.5)),
        law.ppf(np.where(upper, 0.5, below + p * (1 - below - above))),
    )
    inside: Floats = np.clip(values, low, high)
    return inside


def cut_probability(quantity: Quantity) -> float:
    """Probability of the uncut distribution outside the bounds of the field; 0 where nothing is cut.

    Args:
        quantity: Any.
    """
    if quantity.dist in ("fixed", "empirical"):
        return 0.0
    law, (low, high) = distribution(quantity), quantity.bounds
    return float(law.cdf(low) if math.isfinite(low) else 0.0) + float(law.sf(high) if math.isfinite(high) else 0.0)


def distribution(quantity: Quantity) -> Any:
    """The uncut distribution of a quantity, frozen, from scipy.stats.

    Args:
        quantity: Uncertain, not empirical. A dirichlet share has its beta margin.

    Raises:
        ValueError: It is fixed or empirical.
    """
    value = quantity.value
    match quantity.dist:
        case "normal":
            return scipy.stats.norm(value, standard_deviation(quantity))
        case "lognormal":
            low, high = quantity.ci or (value, value)
            return scipy.stats.lognorm(math.log(high / low) / (2 * Z_95), scale=value)
        case "beta":
            size = value * (1 - value) / standard_deviation(quantity) ** 2 - 1
            return scipy.stats.beta(value * size, (1 - value) * size)
        case "gamma":
            variance = standard_deviation(quantity) ** 2
            return scipy.stats.gamma(value**2 / variance, scale=variance / value)
        case "uniform":
            low, high = quantity.range or (value, value)
            return scipy.stats.uniform(low, high - low)
        case "triangular":
            low, high = quantity.range or (value, value)
            return scipy.stats.triang((value - low) / (high - low), low, high - low)
        case "pert":
            low, high = quantity.range or (value, value)
            mode = PERT_SHAPE * (value - low) / (high - low)
            return scipy.stats.beta(1 + mode, 1 + PERT_SHAPE - mode, low, high - low)
        case "dirichlet":
            count = quantity.count or 0.0
            return scipy.stats.beta(value * count, (1 - value) * count)
    message = f"{quantity.dist} has no distribution function"
    raise ValueError(message)


def standard_deviation(quantity: Quantity) -> float:
    """Standard deviation of a normal, beta or gamma quantity: its se, or that of its 95 % interval."""
    if quantity.se is not None:
        return quantity.se
    low, high = quantity.ci or (quantity.value, quantity.value)
    return (high - low) / (2 * Z_95)
