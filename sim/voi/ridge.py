"""Ridge regression whose penalty is chosen by the evidence: scikit-learn's, with what a value of information needs.

`sklearn.linear_model.BayesianRidge` finds the precisions of noise and coefficients (MacKay 1992, Neural Comput
4:415), and the posterior of the coefficients with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_STEPS = 1000
_SETTLED = 1e-4
"""Change of the coefficients, in standard deviations of the target, below which the penalty has settled."""


@dataclass(frozen=True, eq=False)
class Ridge:
    """The regression of one target.

    Attributes:
        fitted: Shape (n_draws,).
        coefficients: Posterior means, shape (n_columns,).
        covariance: Of their posterior, shape (n_columns, n_columns).
        noise_precision: Of the target about its expectation.
        prior_precision: Of the coefficients.
        held_out_error: Mean square error of each draw predicted from all others.
    """

    fitted: Floats
    coefficients: Floats
    covariance: Floats
    noise_precision: float
    prior_precision: float
    held_out_error: float


def ridge(columns: Floats, target: Floats) -> Ridge:
    """Regress one target.

    Args:
        columns: Centred, shape (n_draws, n_columns).
        target: Of mean 0 and standard deviation about 1, shape (n_draws,).
    """
    from sklearn import config_context  # a second to load, which those who only play draws need not wait
    from sklearn.linear_model import BayesianRidge

    with config_context(assume_finite=True, skip_parameter_validation=True):
        model = BayesianRidge(fit_intercept=False, tol=_SETTLED, max_iter=_MOST_STEPS).fit(columns, target)
    n, fitted = len(target), columns @ model.coef_
    leverage = model.alpha_ * ((columns @ model.sigma_) * columns).sum(axis=1) + 1 / n
    errors = ((target - fitted) / np.maximum(1 - leverage, 1 / n)) ** 2
    return Ridge(fitted, model.coef_, model.sigma_, float(model.alpha_), float(model.lambda_), float(errors.mean()))


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread in here: sums come in one order, and processes beside this one lose no core."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
