"""Exact values of information that share no code with `sim.voi`: normal theory, conjugate priors, enumeration."""

from __future__ import annotations

import numpy as np
from scipy import stats


def gain(mean: float, sd: float) -> float:
    """E max(0, X) - max(0, mean) for a normal X: the unit normal loss integral."""
    if sd == 0:
        return 0.0
    return float(sd * stats.norm.pdf(mean / sd) - abs(mean) * stats.norm.cdf(-abs(mean) / sd))


def conditional_sd(weights: np.ndarray, covariance: np.ndarray, known: list[int]) -> float:
    """Standard deviation of E(w'x | x_known) for x multivariate normal."""
    across = covariance[known] @ weights
    return float(np.sqrt(across @ np.linalg.solve(covariance[np.ix_(known, known)], across)))


def gain_of_three(means: np.ndarray, covariance: np.ndarray, points: int = 80) -> float:
    """E max(0, X, Y) - max(0, E X, E Y) for X, Y bivariate normal, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    root = np.linalg.cholesky(covariance)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij")).reshape(2, -1)
    best = np.maximum(0.0, (means[:, None] + root @ grid).max(axis=0))
    return float(best @ np.outer(weights, weights).ravel() / (2 * np.pi) - max(0.0, means.max()))


def binary_trial(k: float, control: tuple[float, float], treatment: tuple[float, float], n: int) -> float:
    """EVSI of n patients an arm where INB = k (p_control - p_treatment), both with beta priors (a, b)."""
    events = np.arange(n + 1)
    probability, mean = [], []
    for a, b in (control, treatment):
        probability.append(stats.betabinom(n, a, b).pmf(events))
        mean.append((a + events) / (a + b + n))
    inb = k * (mean[0][:, None] - mean[1][None, :])
    prior = k * (control[0] / sum(control) - treatment[0] / sum(treatment))
    return float((np.outer(*probability) * np.maximum(inb, 0)).sum() - max(prior, 0.0))


def count_trial(k: float, control: tuple[float, float], treatment: tuple[float, float], exposure: float) -> float:
    """EVSI where INB = k (rate_control - rate_treatment), gamma priors (shape, rate), Poisson totals."""
    probability, mean = [], []
    for shape, rate in (control, treatment):
        events = np.arange(int(stats.nbinom(shape, rate / (rate + exposure)).ppf(1 - 1e-12)) + 2)
        probability.append(stats.nbinom(shape, rate / (rate + exposure)).pmf(events))
        mean.append((shape + events) / (rate + exposure))
    inb = k * (mean[0][:, None] - mean[1][None, :])
    prior = k * (control[0] / control[1] - treatment[0] / treatment[1])
    return float((np.outer(*probability) * np.maximum(inb, 0)).sum() - max(prior, 0.0))
