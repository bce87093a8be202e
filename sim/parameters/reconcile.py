"""Draws that break a rule joining several quantities, moved by the least that mends it, and counted.

Each quantity is drawn within its own bounds; four rules of the scenario join several of them. Which draws were moved
is reported with the analysis: many of them mean that the distributions contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.scenario import Normal, Scenario, quantities
from sim.scenario.correlations import is_positive_definite
from sim.scenario.people import CORRELATED

Floats = NDArray[np.float64]
Values = dict[str, Floats]

SHRINK = 0.95
"""Factor by which correlations between a patient's attributes are drawn towards 0 until they can all hold."""


def reconcile(scenario: Scenario, drawn: Mapping[str, Floats]) -> tuple[Values, dict[str, int]]:
    """Draws that satisfy every rule.

    Args:
        scenario: What was drawn.
        drawn: Path to draws, each of shape (n_draws,).

    Returns:
        The same paths, and for each rule that was broken the number of draws that were moved.
    """
    values = dict(drawn)
    moved: dict[str, int] = {}
    for rule, changed in _rules(scenario, values):
        count = int(changed.sum())
        if count:
            moved[rule] = count
    return values, moved


def _rules(scenario: Scenario, values: Values) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Apply each rule to `values` in place; yield its words and which draws it moved."""
    for name in ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl"):
        spread, path = getattr(scenario.patients, name), f"patients.{name}.mean"
        if isinstance(spread, Normal) and path in values:
            inside = np.clip(values[path], spread.min, spread.max)
            yield f"{path} kept between min and max", _replace(values, path, inside)
    fixed = {path: quantity.value for path, quantity, _ in quantities(scenario)}
    for agent in scenario.agents:
        for kind in ("crs", "icans"):
            grades = [f"agents.{agent}.{kind}.{grade}" for grade in ("grade_1_2", "grade_3plus")]
            if all(path in fixed for path in grades):
                yield f"agents.{agent}.{kind}: both grades together at most 1", _cap(values, fixed, grades, ())
                factors = [f"tocilizumab.{kind}_multiplier.{grade}" for grade in ("grade_1_2", "grade_3plus")]
                if all(path in fixed for path in factors):
                    words = f"tocilizumab.{kind}_multiplier: probability of {kind} with {agent} at most 1"
                    yield words, _cap(values, fixed, factors, grades)
    low, high = (f"immunoglobulin.dose_adjustment.{key}" for key in ("step_up_factor", "maximum_factor"))
    if high in values:
        least = values.get(low, fixed[low])
        yield f"{high} at least step_up_factor", _replace(values, high, np.maximum(values[high], least))
    elif low in values:
        yield f"{low} at most maximum_factor", _replace(values, low, np.minimum(values[low], fixed[high]))
    yield "patients.correlations drawn towards 0 until all can hold", _possible(scenario, values)


def _replace(values: Values, path: str, new: Floats) -> NDArray[np.bool_]:
    changed = np.asarray(new != values[path])
    values[path] = new
    return changed


def _cap(
    values: Values, fixed: Mapping[str, float], paths: Sequence[str], weights: Sequence[str]
) -> NDArray[np.bool_]:
    """Scale the drawn ones among `paths` until their sum, weighted by other quantities, is at most 1."""
    drawn = [path for path in paths if path in values]
    n = next((values[path].size for path in drawn), 0)
    if not drawn:
        return np.zeros(n, dtype=bool)
    weight = {path: values.get(w, fixed[w]) for path, w in zip(paths, weights, strict=True)} if weights else {}
    given = sum(weight.get(path, 1.0) * fixed[path] for path in paths if path not in values)
    total = sum(weight.get(path, 1.0) * values[path] for path in drawn)
    room = np.maximum(1 - np.asarray(given), 0.0)
    over = np.asarray(total > room)
    factor = np.where(over, room / np.where(over, total, 1.0), 1.0)
    for path in drawn:
        values[path] = values[path] * factor
    return over


def _possible(scenario: Scenario, values: Values) -> NDArray[np.bool_]:
    """Shrink drawn correlations of a patient's attributes where their matrix is not positive definite."""
    correlations = scenario.patients.correlations
    paths = [f"patients.correlations.{place}.value" for place in range(1, len(correlations) + 1)]
    drawn = [path for path in paths if path in values]
    n = next((values[path].size for path in drawn), 0)
    values |= {path: values[path].copy() for path in drawn}
    changed = np.zeros(n, dtype=bool)
    for i in range(n):
        while not is_positive_definite(_matrix(scenario, values, paths, i)):
            changed[i] = True
            for path in drawn:
                values[path][i] *= SHRINK
    return changed


def _matrix(scenario: Scenario, values: Values, paths: Sequence[str], i: int) -> list[list[float]]:
    matrix = np.eye(len(CORRELATED))
    for correlation, path in zip(scenario.patients.correlations, paths, strict=True):
        a, b = (CORRELATED.index(name) for name in correlation.between)
        matrix[a, b] = matrix[b, a] = values[path][i] if path in values else correlation.value.value
    return [list(row) for row in matrix.tolist()]
