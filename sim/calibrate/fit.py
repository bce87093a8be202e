"""How well targets are met, and how well they could be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from sim.calibrate.forward import Forward
from sim.calibrate.likelihood import Evidence
from sim.calibrate.prior import Prior

Floats = NDArray[np.float64]

REACH = 1.959963984540054
"""Standard normal scores within which a parameter is called plausible a priori: its 95 % interval."""

TRIES = 4000
REFINED = 5


@dataclass(frozen=True, eq=False)
class Posterior:
    """Log density of what is fitted.

    Attributes:
        forward: From values to expectations.
        prior: Of the values.
        evidence: Every target.
    """

    forward: Forward
    prior: Prior
    evidence: tuple[Evidence, ...]

    @property
    def fitted(self) -> tuple[Evidence, ...]:
        """Targets that enter the likelihood."""
        return tuple(each for each in self.evidence if each.target.fitted)

    def log_likelihood(self, u: Floats, evidence: tuple[Evidence, ...] | None = None) -> Floats:
        """Of vectors of shape (n, n_parameters)."""
        values = self.prior.values(u)
        variance = self.forward.variance(values)
        total = np.zeros(len(u))
        for each in self.fitted if evidence is None else evidence:
            total += each.log_likelihood(each.expected(self.forward, values), variance)
        return total

    def log_density(self, u: Floats) -> Floats:
        """Log posterior density, up to a constant."""
        return self.prior.log_density(u) + self.log_likelihood(u)


def best_within_reach(posterior: Posterior, evidence: Evidence, seed: int) -> tuple[Floats, float]:
    """How well one target can be met at all, every parameter within its prior 95 % interval.

    Args:
        posterior: What is fitted.
        evidence: The target.
        seed: Of the starting points.

    Returns:
        Expectations at the most likely point found, and the deviance there: twice the log likelihood that a curve
        through every observation would add.
    """
    dimension = len(posterior.prior.paths)
    tried = np.random.default_rng(seed).uniform(-REACH, REACH, (TRIES, dimension))
    only = (evidence,)
    likelihood = posterior.log_likelihood(tried, only)

    def loss(u: Floats) -> float:
        return -float(posterior.log_likelihood(u[None, :], only)[0])

    best, lowest = tried[0], np.inf
    for start in tried[np.argsort(likelihood)[::-1][:REFINED]]:
        found = minimize(loss, start, method="L-BFGS-B", bounds=[(-REACH, REACH)] * dimension)
        if found.fun < lowest:
            best, lowest = np.asarray(found.x), float(found.fun)
    values = posterior.prior.values(best[None, :])
    expected = evidence.expected(posterior.forward, values)
    variance = posterior.forward.variance(values)
    perfect = float(evidence.log_likelihood(np.broadcast_to(evidence.observed, expected.shape), variance)[0])
    return expected[0], 2 * (perfect + lowest)


def predictive_p(evidence: Evidence, expected: Floats, variance: Floats, replicates: Floats) -> float:
    """Posterior predictive p: how often a study like it fits its own truth as badly as the published one does.

    Args:
        evidence: The target.
        expected: Expectations at draws, (n, n_observations).
        variance: Of the frailty, (n,).
        replicates: What studies at these draws saw, (n, n_observations).
    """

    def misfit(seen: Floats) -> Floats:
        return -evidence.log_likelihood(expected, variance, seen) + evidence.log_likelihood(
            np.broadcast_to(seen, expected.shape), variance, seen
        )

    published = misfit(np.broadcast_to(evidence.observed, expected.shape))
    return float(np.mean(misfit(replicates) >= published - 1e-12))
