"""Priors: the distributions of the scenario, in standard normal scores.

A parameter vector u has independent standard normal components a priori; correlations of the scenario mix them, and
each mixed score becomes a value through the quantity's own distribution, cut at the bounds of its field. So every
prior is exactly the scenario's, and a sampler sees a space without edges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sim.errors import Problem, UsageError
from sim.parameters import quantile
from sim.scenario import Calibration, Quantity, Scenario, matching, normal_correlation, quantities

Floats = NDArray[np.float64]

WIDEST_SCORE = 7.0
TABLE_STEPS = 4001


@dataclass(frozen=True, eq=False)
class Prior:
    """Joint prior of what is fitted.

    Attributes:
        paths: Dotted path of each parameter.
        units: Unit of each.
        factor: Lower Cholesky factor of the correlation of their scores.
        scores: Grid of scores.
        table: Value of each parameter on the grid, shape (n_paths, n_scores).
    """

    paths: tuple[str, ...]
    units: tuple[str, ...]
    factor: Floats
    scores: Floats
    table: Floats

    def values(self, u: Floats) -> dict[str, Floats]:
        """Values of each parameter at vectors of shape (n, n_paths)."""
        mixed = u @ self.factor.T
        return {
            path: np.interp(mixed[:, column], self.scores, self.table[column])
            for column, path in enumerate(self.paths)
        }

    def log_density(self, u: Floats) -> Floats:
        """Log prior density of the vectors, up to a constant."""
        return np.asarray(-0.5 * (u**2).sum(axis=1), dtype=np.float64)


def prior_of(scenario: Scenario, calibration: Calibration) -> Prior:
    """The prior of a scenario's free quantities, and of uptakes that are not known.

    Args:
        scenario: The scenario.
        calibration: Its calibration.

    Raises:
        UsageError: Nothing free is uncertain, or something free does not enter the likelihood.
    """
    known = {path: quantity for path, quantity, _ in quantities(scenario) if quantity.is_uncertain}
    model = [path for glob in calibration.free for path in matching(glob, known)]
    used = {target.cohort for target in calibration.targets.values()}
    uptakes = [f"calibration.cohorts.{name}.ig_uptake" for name in calibration.cohorts if name in used]
    paths = tuple(dict.fromkeys([*model, *(path for path in uptakes if path in known)]))
    problems = [
        Problem("calibration.free", path, "does not enter the likelihood: only " + READ)
        for path in model
        if not is_read(path)
    ]
    if not model:
        problems = [Problem("calibration.free", "only fixed numbers", "must name one with a distribution, its prior")]
    if problems:
        raise UsageError("the scenario cannot be calibrated", problems)
    scores = np.linspace(-WIDEST_SCORE, WIDEST_SCORE, TABLE_STEPS)
    return Prior(
        paths,
        tuple(known[path].unit for path in paths),
        _factor(scenario, known, paths),
        scores,
        np.array([quantile(known[path], ndtr(scores)) for path in paths]),
    )


READ = (
    "infection rates, case fatality, stop probability, frailty variance, hazard ratios of immunoglobulin, "
    "stop rates of agents and death on treatment do"
)


def is_read(path: str) -> bool:
    """Whether the likelihood depends on a quantity of the model."""
    parts = path.split(".")
    match parts:
        case ["infections", "causes", _, "rate_per_month" | "case_fatality" | "stop_probability", *_]:
            return True
        case ["immunoglobulin", "hr" | "hr_by_cause", *_] | ["agents", _, "stop_rate_per_month"]:
            return True
        case ["patients", "frailty_variance"] | ["treatment", "death_rate_per_month", "on_treatment"]:
            return True
    return False


def _factor(scenario: Scenario, known: Mapping[str, Quantity], paths: tuple[str, ...]) -> Floats:
    inside = tuple(c for c in scenario.psa.correlations if {*c.between} <= {*paths} & known.keys())
    matrix = np.eye(len(paths))
    together, among = normal_correlation(inside)
    place = [paths.index(path) for path in together]
    matrix[np.ix_(place, place)] = among if together else 0.0
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
