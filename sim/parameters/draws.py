"""Drawing every uncertain quantity of a scenario, from luck addressed by its path and the draw's number.

So a draw is the same however many others are made, and a quantity's draws do not change when another quantity
becomes uncertain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from sim.parameters.distributions import quantile
from sim.parameters.reconcile import reconcile
from sim.scenario import Quantity, Scenario, matching, normal_correlation, quantities
from sim.scenario.calibration import NUISANCE
from sim.streams import AddressedLuck, Luck

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DrawTable:
    """Drawn values.

    Attributes:
        paths: Dotted path of each uncertain quantity, in the order of the format.
        units: Unit of each.
        matrix: Drawn values, shape (n_draws, n_paths).
        groups: Named groups of the scenario to the uncertain paths in them; groups without any are left out.
        adjusted: Rule to the number of draws in which it moved a value to keep the scenario valid.
    """

    paths: tuple[str, ...]
    units: tuple[str, ...]
    matrix: Floats
    groups: Mapping[str, tuple[str, ...]]
    adjusted: Mapping[str, int]

    def frame(self) -> pd.DataFrame:
        """Column "draw", from 1, then one column a path."""
        frame = pd.DataFrame(self.matrix, columns=list(self.paths))
        frame.insert(0, "draw", np.arange(1, len(frame) + 1))
        return frame


def draw_parameters(scenario: Scenario, n_draws: int, seed: int) -> DrawTable:
    """Draw every uncertain quantity of a scenario's model; what is true of studied cohorts alone is left out.

    Args:
        scenario: A validated scenario.
        n_draws: Number of draws.
        seed: Root of the luck.

    Returns:
        The draws, adjusted where they would break a rule that joins several quantities (see `reconcile`).
    """
    uncertain = {
        path: quantity
        for path, quantity, _ in quantities(scenario)
        if quantity.is_uncertain and not path.startswith(NUISANCE)
    }
    luck, draw = AddressedLuck(seed), np.arange(n_draws)
    uniform = _uniforms(scenario, tuple(uncertain), luck, draw)
    values = {path: quantile(quantity, uniform[path]) for path, quantity in uncertain.items() if _alone(quantity)}
    values |= _shares(uncertain, uniform)
    values |= _posterior_rows(scenario, luck, draw)
    values, adjusted = reconcile(scenario, {path: values[path] for path in uncertain})
    groups = {
        name: tuple(dict.fromkeys(path for glob in globs for path in matching(glob, uncertain)))
        for name, globs in scenario.psa.groups.items()
    }
    return DrawTable(
        paths=tuple(uncertain),
        units=tuple(quantity.unit for quantity in uncertain.values()),
        matrix=np.column_stack([*values.values()]) if values else np.empty((n_draws, 0)),
        groups={name: paths for name, paths in groups.items() if paths},
        adjusted=adjusted,
    )


def _alone(quantity: Quantity) -> bool:
    return quantity.dist not in ("dirichlet", "empirical")


def _uniforms(scenario: Scenario, paths: tuple[str, ...], luck: Luck, draw: NDArray[np.int64]) -> dict[str, Floats]:
    """A uniform for each quantity and draw; correlated ones by a Gaussian copula."""
    uniform = {path: luck.stream(f"parameter:{path}")(draw, 0) for path in paths}
    both = [correlation for correlation in scenario.psa.correlations if {*correlation.between} <= {*paths}]
    together, matrix = normal_correlation(tuple(both))
    if together:
        scores = np.linalg.cholesky(np.array(matrix)) @ ndtri([uniform[path] for path in together])
        uniform |= dict(zip(together, np.clip(ndtr(scores), 2.0**-53, 1 - 2.0**-53), strict=True))
    return uniform


def _shares(uncertain: Mapping[str, Quantity], uniform: Mapping[str, Floats]) -> dict[str, Floats]:
    """Dirichlet shares: gamma variates over their sum."""
    members = {path: quantity for path, quantity in uncertain.items() if quantity.dist == "dirichlet"}
    weights = {
        path: gammaincinv(quantity.value * quantity.count, uniform[path])
        if quantity.value > 0
        else np.zeros_like(uniform[path])
        for path, quantity in members.items()
        if quantity.count is not None
    }
    total = sum(weights.values())
    return {path: np.asarray(weight / total) for path, weight in weights.items()}


def _posterior_rows(scenario: Scenario, luck: Luck, draw: NDArray[np.int64]) -> dict[str, Floats]:
    """Values from tables of draws: every row once, in an order of luck, then again; columns share the row."""
    values: dict[str, Floats] = {}
    for posterior in scenario.posteriors:
        order = np.argsort(luck.stream(f"posterior:{posterior.file}")(np.arange(posterior.n_rows), 0), kind="stable")
        rows = order[draw % posterior.n_rows]
        values |= {path: column[rows] for path, column in posterior.columns.items()}
    return values
