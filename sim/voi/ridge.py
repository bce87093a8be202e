"""Ridge regression whose penalty is chosen by the evidence, for many targets on the same columns.

MacKay's fixed point (1992, Neural Comput 4:415) for the precisions of noise and coefficients, with the weak
hyperpriors of `sklearn.linear_model.BayesianRidge`, to whose answer the tests hold it. Columns are decomposed
once, however many net benefits are regressed on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Floats = NDArray[np.float64]

_HYPERPRIOR = 1e-6
"""Shape and rate of the gamma hyperpriors of both precisions: next to nothing is known beforehand."""
_NULL = 1e-11
"""Eigenvalue, relative to the largest, of a direction that is rounding."""
_STEPS = 1000
_SETTLED = 1e-4
"""Relative change of the penalty below which it has settled."""


@dataclass(frozen=True, eq=False)
class Ridge:
    """The regression of one target.

    Attributes:
        fitted: Shape (n_draws,).
        coefficients: Posterior means, shape (n_columns,).
        noise_precision: Of the target about its expectation.
        prior_precision: Of the coefficients.
        held_out_error: Mean square error of each draw predicted from all others.
    """

    fitted: Floats
    coefficients: Floats
    noise_precision: float
    prior_precision: float
    held_out_error: float


@dataclass(frozen=True, eq=False)
class Columns:
    """What targets are regressed on.

    Attributes:
        values: Centred columns, shape (n_draws, n_columns).
    """

    values: Floats

    @cached_property
    def _parts(self) -> tuple[Floats, Floats, Floats]:
        """Left vectors, eigenvalues of the columns' cross products, right vectors; null directions left out."""
        eigenvalues, vectors = eigh(self.values.T @ self.values, check_finite=False)
        real = eigenvalues > _NULL * eigenvalues[-1]
        return self.values @ (vectors[:, real] / np.sqrt(eigenvalues[real])), eigenvalues[real], vectors[:, real].T

    def fit(self, targets: Floats) -> list[Ridge]:
        """Regress every target.

        Args:
            targets: Shape (n_draws, n_targets), each of mean 0.
        """
        left, eigenvalues, right = self._parts
        n = len(targets)
        projected = left.T @ targets
        beyond = np.maximum((targets**2).sum(axis=0) - (projected**2).sum(axis=0), 0.0)
        noise, prior = _precisions(projected, eigenvalues[:, None], beyond, n)
        kept = eigenvalues[:, None] / (eigenvalues[:, None] + prior / noise)
        fitted = left @ (kept * projected)
        coefficients = right.T @ (kept * projected / np.sqrt(eigenvalues)[:, None])
        leverage = left**2 @ kept + 1 / n
        errors = (((targets - fitted) / np.maximum(1 - leverage, 1 / n)) ** 2).mean(axis=0)
        return [
            Ridge(fitted[:, k], coefficients[:, k], float(noise[k]), float(prior[k]), float(errors[k]))
            for k in range(targets.shape[1])
        ]

    def posterior(self, ridge: Ridge, gradient: Floats) -> Floats:
        """Posterior covariance of the coefficients times a gradient.

        Args:
            ridge: Of a target regressed on these columns.
            gradient: Shape (n_columns, ...).
        """
        _, eigenvalues, right = self._parts
        real = 1 / (ridge.noise_precision * eigenvalues + ridge.prior_precision) - 1 / ridge.prior_precision
        return np.asarray(right.T @ (real[:, None] * (right @ gradient)) + gradient / ridge.prior_precision)


def _precisions(projected: Floats, eigenvalues: Floats, beyond: Floats, n: int) -> tuple[Floats, Floats]:
    """Precisions of noise and coefficients at which the evidence is largest, one pair a target.

    Args:
        projected: Targets in terms of the left vectors, shape (n_vectors, n_targets).
        eigenvalues: Shape (n_vectors, 1).
        beyond: Sum of squares of each target that no column reaches, shape (n_targets,).
        n: Draws.
    """
    noise = 1 / (((projected**2).sum(axis=0) + beyond) / n + np.finfo(float).eps)
    prior = np.ones_like(noise)
    for _ in range(_STEPS):
        before = prior / noise
        shrunk = before / (eigenvalues + before)
        effective = (1 - shrunk).sum(axis=0)
        missed = (shrunk**2 * projected**2).sum(axis=0) + beyond
        squares = (projected**2 * eigenvalues / (eigenvalues + before) ** 2).sum(axis=0)
        prior = (effective + 2 * _HYPERPRIOR) / (squares + 2 * _HYPERPRIOR)
        noise = (n - effective + 2 * _HYPERPRIOR) / (missed + 2 * _HYPERPRIOR)
        if (np.abs(prior / noise - before) <= _SETTLED * before).all():
            break
    return noise, prior
