"""Expected net benefit of each strategy, given some of what is uncertain.

A ridge regression on polynomials, its penalty chosen by the evidence (`sim.voi.ridge`, scikit-learn), which shrinks
what carries no signal to nothing. Net benefits are taken relative to their mean over strategies and turned to their
principal axes: each axis has a penalty of its own, and the answer does not depend on which strategy is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.voi.basis import Term, features, main_terms, polynomials, product_terms, total_degree
from sim.voi.ridge import Ridge, ridge

Floats = NDArray[np.float64]

MOST_DEGREE = 7
"""Highest degree of a polynomial of one parameter (assumption; see docs/voi.md for what it can follow)."""
MOST_TERMS = 600
"""Most terms in products; never more than a third of the number of draws (assumption)."""
_LEAST_RELEVANCE = 1e-3
"""Share of the most relevant parameter's variance below which parameters are not told apart (assumption)."""
_LEAST_WEIGHT = 3e-3
"""Weight, relative to the most relevant parameter's own terms, below which a term is left out (assumption)."""
_NEGLIGIBLE = 1e-10
"""Spread of an axis, relative to the widest, that is rounding."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Terms of a regression and their columns, centred."""

    terms: list[Term]
    columns: Floats

    def relevance(self, fit: Ridge, n_parameters: int) -> Floats:
        """Variance explained by the terms that a parameter takes part in, shape (n_parameters,)."""
        explained = np.zeros(n_parameters)
        variances = (self.columns.std(axis=0) * fit.coefficients) ** 2
        for term, variance in zip(self.terms, variances, strict=True):
            for position, _ in term:
                explained[position] += variance
        return explained


@dataclass(frozen=True, eq=False)
class _AxisFit:
    """The regression on one principal axis, in units of its standard deviation."""

    basis: Basis
    ridge: Ridge


@dataclass(frozen=True, eq=False)
class Regression:
    """Expected net benefits given the predictors, relative to the mean over strategies.

    Attributes:
        fitted: Shape (n_draws, n_strategies).
        explained: Share of the variance between strategies explained in draws left out, at most 1.
    """

    fitted: Floats
    explained: float
    _axes: Floats
    _means: Floats
    _fits: tuple[_AxisFit, ...]

    def replicates(self, benefit: Floats, weights: Floats, rng: np.random.Generator) -> Floats:
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
        n_replicates = weights.shape[1]
        moved = np.repeat(self.fitted.T[:, :, np.newaxis], n_replicates, axis=2)
        for axis, fit in zip(self._axes, self._fits, strict=True):
            found, columns = fit.ridge, fit.basis.columns
            score, shift = _score(benefit, axis, self._means, found, columns, weights)
            noise = rng.standard_normal((columns.shape[1], n_replicates))
            pull = found.prior_precision * found.coefficients[:, np.newaxis] - np.sqrt(found.prior_precision) * noise
            change = columns @ (found.covariance @ (found.noise_precision * score - pull)) + shift
            for s, loading in enumerate(axis):
                moved[s] += loading * change
        return moved


def _score(
    benefit: Floats, axis: Floats, means: Floats, fit: Ridge, columns: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Weighted cross products of columns and residuals, [column, replicate], and weighted means of the residuals."""
    direction = axis / (axis**2).sum()
    if benefit.ndim == 2:
        centred = benefit - benefit.mean(axis=1, keepdims=True) - means
        residual = centred @ direction - fit.fitted
        return np.asarray((columns * residual[:, np.newaxis]).T @ weights), np.asarray(residual @ weights) / len(
            weights
        )
    centred = benefit - benefit.mean(axis=0) - means[:, np.newaxis, np.newaxis]
    weighted = weights * (np.tensordot(direction, centred, 1) - fit.fitted[:, np.newaxis])
    return np.asarray(columns.T @ weighted), weighted.mean(axis=0)


@dataclass(frozen=True, eq=False)
class Predictors:
    """What net benefits are regressed on; made once for as many net benefits as there are.

    Attributes:
        values: Parameters or summaries of data, none of them constant, shape (n_draws, n_predictors).
    """

    values: Floats

    @cached_property
    def _functions(self) -> list[Floats]:
        n, n_predictors = self.values.shape
        degree = max(1, min(MOST_DEGREE, n // (4 * n_predictors)))
        return [polynomials(column, degree) for column in self.values.T]

    @cached_property
    def _mains(self) -> Basis:
        return self._basis(main_terms(self._degrees))

    @cached_property
    def _products(self) -> dict[tuple[int, ...], Basis]:
        return {}

    @property
    def _degrees(self) -> list[int]:
        return [columns.shape[1] for columns in self._functions]

    def _basis(self, terms: list[Term], relevance: Floats | None = None) -> Basis:
        alike = np.ones(len(self._functions)) if relevance is None else relevance
        return Basis(terms, features(self._functions, terms, alike))

    def regress(self, benefit: Floats) -> Regression:
        """Expected net benefit of every strategy given the predictors.

        For each axis the best of several sets of terms, by leave-one-out error: main effects alone, with
        interactions, and with interactions where each parameter counts by what it explained.

        Args:
            benefit: Net benefits, shape (n_draws, n_strategies).

        Returns:
            The regression.
        """
        relative = benefit - benefit.mean(axis=1, keepdims=True)
        means = relative.mean(axis=0)
        _, spread, directions = np.linalg.svd(relative - means, full_matrices=False)
        used = spread > _NEGLIGIBLE * max(float(np.abs(benefit).max()), float(spread[0]))
        axes = directions[used] * (spread[used] / np.sqrt(len(benefit)))[:, np.newaxis]
        scaled = (relative - means) @ (axes / (axes**2).sum(axis=1, keepdims=True)).T
        plain = [ridge(self._mains.columns, target) for target in scaled.T] if used.any() else []
        variance = (axes**2).sum(axis=1)
        products = self._with_products(plain, variance)
        fits = tuple(
            self._best(target, _AxisFit(self._mains, fit), products)
            for target, fit in zip(scaled.T, plain, strict=True)
        )
        missed = sum(float(share) * fit.ridge.held_out_error for share, fit in zip(variance, fits, strict=True))
        fitted = np.tile(means, (len(benefit), 1))
        if fits:
            fitted += np.column_stack([fit.ridge.fitted for fit in fits]) @ axes
        return Regression(fitted, 1 - missed / float(variance.sum()) if fits else 1.0, axes, means, fits)

    def _with_products(self, plain: list[Ridge], variance: Floats) -> Basis | None:
        """Main effects and products of the parameters that explain most by themselves; None if no two may join."""
        n = len(self._functions)
        n_terms = min(MOST_TERMS, len(self.values) // 3)
        able = sum(total_degree(m, n_terms, 2) == 2 for m in range(1, n + 1))
        if not plain or n == 1 or able < 2:
            return None
        relevance = sum(each * self._mains.relevance(fit, n) for each, fit in zip(variance, plain, strict=True))
        members = tuple(sorted(np.argsort(-np.asarray(relevance), kind="stable")[:able].tolist()))
        if members not in self._products:
            terms = product_terms(self._degrees, members, total_degree(able, n_terms, MOST_DEGREE))
            self._products[members] = self._basis(self._mains.terms + terms)
        return self._products[members]

    def _best(self, target: Floats, plain: _AxisFit, products: Basis | None) -> _AxisFit:
        """The best set of terms by leave-one-out error."""
        if products is None:
            return plain
        n = len(self._functions)
        fits = [plain, _AxisFit(products, ridge(products.columns, target))]
        explained = products.relevance(fits[1].ridge, n)
        if n > 2 and explained.max() > 0:
            relevance = np.sqrt(explained / explained.max() + _LEAST_RELEVANCE)
            weight = [float(np.prod([relevance[position] for position, _ in term])) for term in products.terms]
            terms = [term for term, each in zip(products.terms, weight, strict=True) if each > _LEAST_WEIGHT]
            weighted = self._basis(terms, relevance)
            fits.append(_AxisFit(weighted, ridge(weighted.columns, target)))
        return min(fits, key=lambda fit: fit.ridge.held_out_error)
