"""Expected net benefit of each strategy, given some of what is uncertain.

A ridge regression on polynomials, its penalty chosen by the evidence (`sklearn.linear_model.BayesianRidge`,
MacKay 1992, Neural Comput 4:415), which shrinks what carries no signal to nothing. Net benefits are taken
relative to their mean over strategies and turned to their principal axes: each axis has a penalty of its
own, and the answer does not depend on which strategy is the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import BayesianRidge

from sim.voi.basis import Term, features, main_terms, polynomials, product_terms, total_degree

MOST_DEGREE = 7
"""Highest degree of a polynomial of one parameter (assumption; see docs/voi.md for what it can follow)."""
MOST_TERMS = 600
"""Most terms in products; never more than half as many as draws (assumption)."""
_LEAST_RELEVANCE = 1e-3
"""Share of the most relevant parameter's variance below which parameters are not told apart (assumption)."""
_NEGLIGIBLE = 1e-10
"""Spread of an axis, relative to the widest, that is rounding."""


@dataclass(frozen=True, eq=False)
class _AxisFit:
    """The regression on one principal axis, in units of its standard deviation."""

    columns: NDArray[np.float64]
    terms: list[Term]
    ridge: BayesianRidge
    fitted: NDArray[np.float64]
    held_out_error: float

    def relevance(self, n_parameters: int) -> NDArray[np.float64]:
        """Variance explained by the terms that a parameter takes part in, shape (n_parameters,)."""
        explained = np.zeros(n_parameters)
        for term, variance in zip(self.terms, (self.columns.std(axis=0) * self.ridge.coef_) ** 2, strict=True):
            for position, _ in term:
                explained[position] += variance
        return explained


@dataclass(frozen=True, eq=False)
class Regression:
    """Expected net benefits given the predictors, relative to the mean over strategies.

    Attributes:
        fitted: Shape (n_draws, n_strategies).
        explained: Share of the variance between strategies explained in draws left out, at most 1.
    """

    fitted: NDArray[np.float64]
    explained: float
    _axes: NDArray[np.float64]
    _means: NDArray[np.float64]
    _fits: tuple[_AxisFit, ...]

    def replicates(
        self, benefit: NDArray[np.float64], weights: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Fitted values had the draws come out otherwise.

        Posterior simulation of the coefficients (Strong, Oakley & Brennan 2014, section on uncertainty)
        by perturbation: one Newton step with the draws reweighted in place of normal noise (weighted
        likelihood bootstrap, Newton & Raftery 1994, J R Stat Soc B 56:3), plus the share of the prior.

        Args:
            benefit: What was regressed, shape (n_draws, n_strategies), or with one version for each
                replicate, shape (n_strategies, n_draws, n_replicates).
            weights: Of the draws, mean 1, shape (n_draws, n_replicates).
            rng: Source of the prior's share.

        Returns:
            Shape (n_strategies, n_draws, n_replicates).
        """
        benefit = benefit if benefit.ndim == 3 else benefit.T[:, :, np.newaxis]
        centred = benefit - benefit.mean(axis=0) - self._means[:, np.newaxis, np.newaxis]
        values = np.empty((len(self._fits), *weights.shape))
        for axis, fit in enumerate(self._fits):
            direction = self._axes[axis] / (self._axes[axis] ** 2).sum()
            residual = weights * (np.tensordot(direction, centred, 1) - fit.fitted[:, np.newaxis])
            ridge, covariance = fit.ridge, fit.ridge.sigma_
            noise = rng.standard_normal((len(ridge.coef_), weights.shape[1]))
            pull = (ridge.lambda_ * ridge.coef_)[:, np.newaxis] - np.sqrt(ridge.lambda_) * noise
            step = covariance @ (ridge.alpha_ * (fit.columns.T @ residual) - pull)
            values[axis] = fit.fitted[:, np.newaxis] + fit.columns @ step + residual.mean(axis=0)
        return np.asarray(np.tensordot(self._axes.T, values, 1) + self._means[:, np.newaxis, np.newaxis])


def regress(benefit: NDArray[np.float64], predictors: NDArray[np.float64]) -> Regression:
    """Expected net benefit of every strategy given the predictors.

    For each axis the best of several sets of terms, by leave-one-out error: main effects alone, with
    interactions, and with interactions where each parameter counts by what it explained.

    Args:
        benefit: Net benefits, shape (n_draws, n_strategies).
        predictors: Parameters or summaries of data, none of them constant, shape (n_draws, n_predictors).

    Returns:
        The regression.
    """
    relative = benefit - benefit.mean(axis=1, keepdims=True)
    means = relative.mean(axis=0)
    _, spread, directions = np.linalg.svd(relative - means, full_matrices=False)
    used = spread > _NEGLIGIBLE * max(float(np.abs(benefit).max()), float(spread[0]))
    axes = directions[used] * (spread[used] / np.sqrt(len(benefit)))[:, np.newaxis]
    scaled = (relative - means) @ (axes / (axes**2).sum(axis=1, keepdims=True)).T
    functions = [
        polynomials(column, max(1, min(MOST_DEGREE, len(predictors) // (4 * predictors.shape[1]))))
        for column in predictors.T
    ]
    fits = tuple(_best_fit(target, functions) for target in scaled.T)
    variance = (axes**2).sum(axis=1)
    missed = sum(float(share) * fit.held_out_error for share, fit in zip(variance, fits, strict=True))
    fitted = np.tile(means, (len(benefit), 1))
    if fits:
        fitted += np.column_stack([fit.fitted for fit in fits]) @ axes
    return Regression(fitted, 1 - missed / float(variance.sum()) if fits else 1.0, axes, means, fits)


def _best_fit(target: NDArray[np.float64], functions: list[NDArray[np.float64]]) -> _AxisFit:
    return min(_fits(target, functions), key=lambda fit: fit.held_out_error)


def _fits(target: NDArray[np.float64], functions: list[NDArray[np.float64]]) -> Iterator[_AxisFit]:
    """The candidates, from the plainest."""
    degrees = [columns.shape[1] for columns in functions]
    alike = np.ones(len(functions))
    mains = main_terms(degrees)
    plain = _fit(target, functions, mains, alike)
    yield plain
    n_terms = min(MOST_TERMS, len(target) // 2)
    able = sum(total_degree(n, n_terms, 2) == 2 for n in range(1, len(functions) + 1))
    if len(functions) == 1 or able < 2:
        return
    members = sorted(np.argsort(-plain.relevance(len(functions)), kind="stable")[:able].tolist())
    total = total_degree(able, n_terms, MOST_DEGREE)
    terms = mains + product_terms(degrees, members, total)
    full = _fit(target, functions, terms, alike)
    yield full
    if len(functions) > 2:
        explained = full.relevance(len(functions))
        if explained.max() > 0:
            yield _fit(target, functions, terms, np.sqrt(explained / explained.max() + _LEAST_RELEVANCE))


def _fit(
    target: NDArray[np.float64],
    functions: list[NDArray[np.float64]],
    terms: list[Term],
    relevance: NDArray[np.float64],
) -> _AxisFit:
    columns = features(functions, terms, relevance)
    ridge = BayesianRidge(fit_intercept=False).fit(columns, target)
    fitted = columns @ ridge.coef_
    leverage = ridge.alpha_ * ((columns @ ridge.sigma_) * columns).sum(axis=1) + 1 / len(target)
    held_out = (target - fitted) / np.maximum(1 - leverage, 1 / len(target))
    return _AxisFit(columns, terms, ridge, fitted, float((held_out**2).mean()))
