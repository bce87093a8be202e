"""Uncertain quantities that the compiled model never reads: drawn in vain, and perhaps believed to matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from sim.build import compile_model
from sim.parameters.distributions import quantile
from sim.parameters.place import with_values
from sim.scenario import Quantity, Scenario, quantities
from sim.scenario.calibration import NUISANCE

PROBED_AT = (0.1, 0.9)
"""Quantiles that take a quantity away from its base-case value."""


def unread(scenario: Scenario) -> tuple[str, ...]:
    """Uncertain quantities whose value leaves the compiled model as it is.

    Args:
        scenario: A validated scenario.

    Returns:
        Their paths, in the order of the format.
    """
    base = compile_model(scenario)
    return tuple(
        path
        for path, quantity, _ in quantities(scenario)
        if quantity.is_uncertain
        and not path.startswith(NUISANCE)
        and all(
            same(base, compile_model(with_values(scenario, {path: v})))
            for v in values_at(scenario, path, quantity, PROBED_AT)
        )
    )


def values_at(scenario: Scenario, path: str, quantity: Quantity, probabilities: Sequence[float]) -> list[float]:
    """Quantiles of an uncertain quantity, posterior draws included."""
    if quantity.dist == "empirical":
        column = next(posterior.columns[path] for posterior in scenario.posteriors if path in posterior.columns)
        return [float(value) for value in np.quantile(column, probabilities)]
    return [float(value) for value in quantile(quantity, tuple(probabilities))]


def same(a: object, b: object) -> bool:
    """Whether two compiled models, or parts of them, are equal in every field."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if type(a) is not type(b):
        return False
    if is_dataclass(a):
        return all(same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))
