"""Ridge regression whose penalty is chosen by the evidence, for many targets on the same columns.

The precisions of noise and coefficients are those under which the target is likeliest (MacKay 1992, Neural Comput
4:415; Bishop 2006, Pattern Recognition and Machine Learning, section 3.5), found by iteration. scikit-learn's
`BayesianRidge` gives the same (tests/voi); it decomposes the columns anew for every target, and an analysis has
thousands of targets on few hundred sets of columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]

_MOST_STEPS = 1000
_SETTLED = 1e-4
"""Change of the coefficients, in standard deviations of the target, below which the penalty has settled."""
_VAGUE = 1e-6
"""Shape and rate of the gamma distributions before the data, of both precisions: they say next to nothing."""


@dataclass(frozen=True, eq=False)
class Design:
    """Columns to regress on, and the axes along which their coefficients are found one by one.

    Attributes:
        columns: Centred, shape (n_draws, n_columns).
        products: Inner products of the columns, shape (n_columns, n_columns).
    """

    columns: Floats
    products: Floats

    @classmethod
    def of(cls, columns: Floats) -> Design:
        """The design of centred columns."""
        return cls(columns, columns.T @ columns)

    def rescaled(self, chosen: NDArray[np.intp], weight: Floats) -> Design:
        """Some of the columns, each by its weight."""
        products = self.products[np.ix_(chosen, chosen)] * np.outer(weight, weight)
        return Design(self.columns[:, chosen] * weight, products)

    @cached_property
    def variances(self) -> Floats:
        """Of the columns."""
        return np.asarray(np.diag(self.products) / len(self.columns))

    @cached_property
    def _principal(self) -> tuple[Floats, Floats]:
        sizes, axes = np.linalg.eigh(self.products)
        return np.maximum(sizes, 0.0), axes

    @property
    def sizes(self) -> Floats:
        """Sums of squares along the principal axes, shape (n_columns,)."""
        return self._principal[0]

    @property
    def axes(self) -> Floats:
        """Principal axes, one a column, shape (n_columns, n_columns)."""
        return self._principal[1]

    @cached_property
    def turned(self) -> Floats:
        """The columns along the principal axes, shape (n_draws, n_columns)."""
        return np.asarray(self.columns @ self.axes)


@dataclass(frozen=True, eq=False)
class Ridge:
    """The regression of one target.

    Attributes:
        design: What it was regressed on.
        along: Posterior means of the coefficients along the principal axes, shape (n_columns,).
        noise_precision: Of the target about its expectation.
        prior_precision: Of the coefficients.
        held_out_error: Mean square error of each draw predicted from all others.
    """

    design: Design
    along: Floats
    noise_precision: float
    prior_precision: float
    held_out_error: float

    @cached_property
    def fitted(self) -> Floats:
        """Shape (n_draws,)."""
        return np.asarray(self.design.turned @ self.along)

    @property
    def coefficients(self) -> Floats:
        """Posterior means, shape (n_columns,)."""
        return np.asarray(self.design.axes @ self.along)

    @property
    def variances(self) -> Floats:
        """Of the coefficients along the principal axes, which the posterior leaves uncorrelated."""
        return np.asarray(1 / (self.noise_precision * self.design.sizes + self.prior_precision))

    def moved(self, errors: Floats, noise: Floats) -> Floats:
        """Change of the fitted values by one Newton step, the draws weighted otherwise.

        Args:
            errors: Weighted residuals, shape (n_draws, n_replicates).
            noise: Standard normal, the share of the prior, shape (n_columns, n_replicates).

        Returns:
            Shape (n_draws, n_replicates).
        """
        design, prior = self.design, self.prior_precision
        pull = prior * self.along[:, np.newaxis] - np.sqrt(prior) * (design.axes.T @ noise)
        score = self.noise_precision * (design.turned.T @ errors) - pull
        return np.asarray(design.turned @ (self.variances[:, np.newaxis] * score))


def ridge(design: Design, target: Floats) -> Ridge:
    """Regress one target.

    Args:
        design: What to regress on.
        target: Of mean 0 and standard deviation about 1, shape (n_draws,).
    """
    n, sizes = len(target), design.sizes
    inner, square = design.turned.T @ target, float(target @ target)
    noise, prior = 1 / (square / n + float(np.finfo(float).eps)), 1.0
    along = inner / (sizes + prior / noise)
    before, change = design.axes @ along, np.inf
    for _ in range(_MOST_STEPS):
        missed = max(square - 2 * float(along @ inner) + float(along**2 @ sizes), 0.0)
        determined = float((noise * sizes / (prior + noise * sizes)).sum())
        prior = (determined + 2 * _VAGUE) / (float(along @ along) + 2 * _VAGUE)
        noise = (n - determined + 2 * _VAGUE) / (missed + 2 * _VAGUE)
        along = inner / (sizes + prior / noise)
        if change < _SETTLED:
            break
        coefficients = design.axes @ along
        before, change = coefficients, float(np.abs(before - coefficients).sum())
    found = Ridge(design, along, noise, prior, 0.0)
    leverage = noise * (design.turned**2 @ found.variances) + 1 / n
    errors = ((target - found.fitted) / np.maximum(1 - leverage, 1 / n)) ** 2
    return Ridge(design, along, noise, prior, float(errors.mean()))


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra in this process; to look for them takes ten milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread in here: sums come in one order, and processes beside this one lose no core."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield
