"""Expected net benefit of each strategy, given some of what is uncertain.

A ridge regression on polynomials, its penalty chosen by the evidence (`sim.voi.ridge`, scikit-learn), which shrinks
what carries no signal to nothing. Net benefits are taken relative to their mean over strategies and turned to their
principal axes: each axis has a penalty of its own, and the answer does not depend on which strategy is the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.voi.basis import Term, features, main_terms, polynomials, product_terms, total_degree
from sim.voi.ridge import Design, Ridge, ridges

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
    """Terms of a regression and their columns."""

    terms: list[Term]
    design: Design

    def relevance(self, fit: Ridge, n_parameters: int) -> Floats:
        """Variance explained by the terms that a parameter takes part in, shape (n_parameters,)."""
        explained = np.zeros(n_parameters)
        for term, variance in zip(self.terms, self.design.variances * fit.coefficients**2, strict=True):
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

    fitted: Floats
    explained: float
    _axes: Floats
    _means: Floats
    _fits: tuple[Ridge, ...]

    def noise(self, n_replicates: int, rng: np.random.Generator) -> list[Floats]:
        """The share of the prior in each replicate: standard normal, one array of [column, replicate] an axis."""
        return [rng.standard_normal((len(fit.coefficients), n_replicates)) for fit in self._fits]

    def replicates(self, benefit: Floats, weights: Floats, noise: Sequence[Floats]) -> Floats:
        """Fitted values had the draws come out otherwise.

        Posterior simulation of the coefficients (Strong, Oakley & Brennan 2014, section on uncertainty)
        by perturbation: one Newton step with the draws reweighted in place of normal noise (weighted
        likelihood bootstrap, Newton & Raftery 1994, J R Stat Soc B 56:3), plus the share of the prior.

        Args:
            benefit: What was regressed, shape (n_draws, n_strategies), or with one version for each
                replicate, shape (n_strategies, n_draws, n_replicates).
            weights: Of the draws, mean 1, shape (n_draws, n_replicates).
            noise: From `noise`, of these replicates.

        Returns:
            Shape (n_strategies, n_draws, n_replicates).
        """
        changes = np.empty((len(self._fits), *weights.shape))
        for change, axis, fit, normal in zip(changes, self._axes, self._fits, noise, strict=True):
            errors = _errors(benefit, axis, self._means, fit, weights)
            np.add(fit.moved(errors, normal), errors.mean(axis=0), out=change)
        moved = (self._axes.T @ changes.reshape(len(changes), -1)).reshape(-1, *weights.shape)
        moved += self.fitted.T[:, :, np.newaxis]
        return moved


def _errors(benefit: Floats, axis: Floats, means: Floats, fit: Ridge, weights: Floats) -> Floats:
    """Weighted residuals along one axis, shape (n_draws, n_replicates)."""
    direction = axis / (axis**2).sum()
    if benefit.ndim == 2:
        centred = benefit - benefit.mean(axis=1, keepdims=True) - means
        return np.asarray((centred @ direction - fit.fitted)[:, np.newaxis] * weights)
    # The same for each replicate, without a centred copy of them all.
    along = np.tensordot(direction, benefit, 1) - direction.sum() * benefit.mean(axis=0)
    along -= (means @ direction + fit.fitted)[:, np.newaxis]
    along *= weights
    return np.asarray(along)


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

    def _basis(self, terms: list[Term]) -> Basis:
        functions = self._functions
        return Basis(terms, Design.of(len(self.values), len(terms), lambda draws: features(functions, terms, draws)))

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
        plain = ridges(self._mains.design, scaled) if used.any() else []
        variance = (axes**2).sum(axis=1)
        products = self._with_products(plain, variance)
        fits = tuple(plain if products is None else self._best(scaled, plain, products))
        missed = sum(float(share) * fit.held_out_error for share, fit in zip(variance, fits, strict=True))
        fitted = np.tile(means, (len(benefit), 1))
        if fits:
            fitted += np.column_stack([fit.fitted for fit in fits]) @ axes
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
            self._products.clear()  # one at a time, for they are large
            terms = product_terms(self._degrees, members, total_degree(able, n_terms, MOST_DEGREE))
            self._products[members] = self._basis(self._mains.terms + terms)
        return self._products[members]

    def _best(self, targets: Floats, plain: list[Ridge], products: Basis) -> list[Ridge]:
        """For each target the best set of terms by leave-one-out error."""
        n, best = len(self._functions), []
        for target, main, joint in zip(targets.T, plain, ridges(products.design, targets), strict=True):
            fits = [main, joint]
            explained = products.relevance(joint, n)
            if n > 2 and explained.max() > 0:
                relevance = np.sqrt(explained / explained.max() + _LEAST_RELEVANCE)
                weight = np.array([np.prod([relevance[position] for position, _ in term]) for term in products.terms])
                chosen = np.flatnonzero(weight > _LEAST_WEIGHT)
                fits += ridges(products.design.rescaled(chosen, weight[chosen]), target[:, np.newaxis])
            best.append(min(fits, key=lambda fit: fit.held_out_error))
        return best
