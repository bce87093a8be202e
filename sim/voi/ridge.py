"""Ridge regression whose penalty is chosen by the evidence: scikit-learn's, with what a value of information needs.

`sklearn.linear_model.BayesianRidge` finds the precisions of noise and coefficients (MacKay 1992, Neural Comput
4:415). Columns and target reach it condensed to a few rows with the same inner products, on which alone the answer
depends, so that its decomposition takes the same time and memory however many draws there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]
Columns = Callable[[slice], Floats]
"""Columns of some of the draws, shape (n_asked, n_columns)."""

MOST_CELLS = 4_000_000
"""Numbers of one table in memory at a time."""
_MOST_STEPS = 1000
_VAGUE = 1e-6
"""Shape and rate of the prior of the noise's precision, as good as none (scikit-learn's)."""
_SETTLED = 1e-4
"""Change of the coefficients, in standard deviations of the target, below which the penalty has settled."""


def parts_of(n: int, cells_each: int) -> list[slice]:
    """Parts of `n` things of so many numbers each, none with more than `MOST_CELLS` unless a single one has."""
    step = max(1, MOST_CELLS // max(cells_each, 1))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


@dataclass(frozen=True, eq=False)
class Design:
    """Columns to regress on, by parts of the draws.

    Attributes:
        parts: Draws in memory at a time.
        columns: Centred.
        products: Their inner products, shape (n_columns, n_columns).
    """

    parts: list[slice]
    columns: Columns
    products: Floats

    @classmethod
    def of(cls, n_draws: int, n_columns: int, make: Columns) -> Design:
        """Columns that are kept where they are few, else made whenever they are needed.

        Args:
            n_draws: Number of draws.
            n_columns: Number of columns.
            make: Makes them, not yet centred.
        """
        parts = parts_of(n_draws, n_columns)
        if len(parts) == 1:
            made = make(parts[0])
            kept = made - made.mean(axis=0)
            return cls(parts, kept.__getitem__, kept.T @ kept)
        means = np.sum([make(part).sum(axis=0) for part in parts], axis=0) / n_draws
        products = np.zeros((n_columns, n_columns))
        for part in parts:
            centred = make(part) - means
            products += centred.T @ centred
        return cls(parts, lambda part: make(part) - means, products)

    def rescaled(self, chosen: NDArray[np.intp], weight: Floats) -> Design:
        """Some of the columns, each times its weight."""
        products = self.products[np.ix_(chosen, chosen)] * np.outer(weight, weight)
        return Design(self.parts, lambda part: self.columns(part)[:, chosen] * weight, products)

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return int(self.parts[-1].stop)

    @property
    def variances(self) -> Floats:
        """Of the columns, shape (n_columns,)."""
        return np.diag(self.products) / self.n_draws

    @cached_property
    def principal(self) -> tuple[Floats, Floats]:
        """Sums of squares along the principal axes, and the axes, one a column."""
        sizes, axes = np.linalg.eigh(self.products)
        return np.where(sizes > len(sizes) * np.finfo(float).eps * sizes[-1], sizes, 0.0), axes

    def across(self, values: Floats) -> Floats:
        """Inner products of the columns with values, shape (n_draws, ...): shape (n_columns, ...)."""
        return np.asarray(np.sum([self.columns(part).T @ values[part] for part in self.parts], axis=0))

    def times(self, coefficients: Floats) -> Floats:
        """Columns times coefficients, shape (n_columns, ...): shape (n_draws, ...)."""
        return np.concatenate([self.columns(part) @ coefficients for part in self.parts])

    def condensed(self, inner: Floats, square: Floats) -> tuple[Floats, Floats]:
        """Rows with the same inner products, no more than there are draws.

        Args:
            inner: Those of the columns with each target, shape (n_columns, n_targets).
            square: Those of each target with itself, shape (n_targets,).

        Returns:
            Columns, shape (n_rows, n_columns), and targets, shape (n_rows, n_targets). The last row holds what no
            column reaches of each target.
        """
        sizes, axes = self.principal
        there = sizes > 0
        roots = np.sqrt(sizes[there])[:, np.newaxis]
        along = axes.T[there] @ inner / roots
        left = np.sqrt(np.maximum(square - (along**2).sum(axis=0), 0.0))
        return np.vstack([roots * axes.T[there], np.zeros(len(axes))]), np.vstack([along, left])


@dataclass(frozen=True, eq=False)
class Ridge:
    """The regression of one target.

    Attributes:
        design: What it was regressed on.
        fitted: Shape (n_draws,).
        coefficients: Posterior means, shape (n_columns,).
        noise_precision: Of the target about its expectation.
        prior_precision: Of the coefficients.
        held_out_error: Mean square error of each draw predicted from all others.
    """

    design: Design
    fitted: Floats
    coefficients: Floats
    noise_precision: float
    prior_precision: float
    held_out_error: float

    @property
    def covariance(self) -> Floats:
        """Of the coefficients' posterior, shape (n_columns, n_columns)."""
        sizes, axes = self.design.principal
        return np.asarray(axes / (self.noise_precision * sizes + self.prior_precision) @ axes.T)

    def moved(self, errors: Floats, noise: Floats) -> Floats:
        """Change of the fitted values by one Newton step, the draws weighted otherwise.

        Args:
            errors: Weighted residuals, shape (n_draws, n_replicates).
            noise: Standard normal, the share of the prior, shape (n_columns, n_replicates).

        Returns:
            Shape (n_draws, n_replicates).
        """
        prior = self.prior_precision
        pull = prior * self.coefficients[:, np.newaxis] - np.sqrt(prior) * noise
        return self.design.times(self.covariance @ (self.noise_precision * self.design.across(errors) - pull))


def ridges(design: Design, targets: Floats) -> list[Ridge]:
    """Regress targets, each by itself.

    Args:
        design: What to regress on.
        targets: Each of mean 0 and standard deviation about 1, shape (n_draws, n_targets).
    """
    from sklearn import config_context  # a second to load, which those who only play draws need not wait
    from sklearn.linear_model import BayesianRidge

    n, square = len(targets), (targets**2).sum(axis=0)
    rows, aims = design.condensed(design.across(targets), square)
    # The precision of noise is settled by as many draws as there are: those beyond the rows are its prior's.
    beyond = (n - len(rows)) / 2
    with config_context(assume_finite=True, skip_parameter_validation=True):
        models = [
            BayesianRidge(
                fit_intercept=False,
                tol=_SETTLED,
                max_iter=_MOST_STEPS,
                alpha_init=1 / (each / n + np.finfo(float).eps),
                alpha_1=_VAGUE + beyond,
                alpha_2=_VAGUE,
                copy_X=False,
            ).fit(rows, aim)
            for aim, each in zip(aims.T, square, strict=True)
        ]
    coefficients = np.column_stack([model.coef_ for model in models])
    precisions = [(float(model.alpha_), float(model.lambda_)) for model in models]
    fitted = design.times(coefficients)
    sizes, axes = design.principal
    spread = np.column_stack([noise / (noise * sizes + prior) for noise, prior in precisions])
    leverage = np.concatenate([(design.columns(part) @ axes) ** 2 @ spread for part in design.parts]) + 1 / n
    errors = (((targets - fitted) / np.maximum(1 - leverage, 1 / n)) ** 2).mean(axis=0)
    return [
        Ridge(design, fitted[:, i], coefficients[:, i], *precisions[i], float(errors[i])) for i in range(len(models))
    ]


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra in this process; to look for them takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread in here: sums come in one order, and processes beside this one lose no core."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield
