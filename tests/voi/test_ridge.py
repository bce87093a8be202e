"""The ridge of the regressions against scikit-learn's, which decomposes the columns anew for every target."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from sim.voi.ridge import Columns


@pytest.fixture(scope="module")
def example():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 12)) * np.geomspace(1, 0.05, 12)
    targets = np.column_stack(
        [values[:, 0] + rng.normal(size=200), values[:, :5].sum(axis=1) + 0.1 * rng.normal(size=200)]
    )
    return Columns(values - values.mean(axis=0)), targets - targets.mean(axis=0)


def test_coefficients_precisions_and_covariance_are_those_of_the_library(example, monkeypatch):
    monkeypatch.setattr("sim.voi.ridge._SETTLED", 1e-12)
    columns, targets = example
    for target, ours in zip(targets.T, columns.fit(targets), strict=True):
        theirs = BayesianRidge(fit_intercept=False, tol=1e-13, max_iter=5000).fit(columns.values, target)
        assert ours.coefficients == pytest.approx(theirs.coef_, rel=1e-6, abs=1e-9)
        assert (ours.noise_precision, ours.prior_precision) == pytest.approx(
            (theirs.alpha_, theirs.lambda_), rel=1e-6
        )
        assert columns.posterior(ours, np.eye(12)) == pytest.approx(theirs.sigma_, rel=1e-6, abs=1e-10)
        assert ours.fitted == pytest.approx(theirs.predict(columns.values), rel=1e-6, abs=1e-9)


def test_the_looser_stop_changes_nothing_that_matters(example, monkeypatch):
    columns, targets = example
    loose = columns.fit(targets)
    monkeypatch.setattr("sim.voi.ridge._SETTLED", 1e-12)
    for a, b in zip(loose, columns.fit(targets), strict=True):
        assert a.fitted == pytest.approx(b.fitted, abs=1e-3 * float(b.fitted.std()))


def test_leaving_one_out_is_what_refitting_without_it_gives(example):
    """At fixed precisions, by brute force; the mean is estimated too."""
    columns, targets = example
    (ours,) = columns.fit(targets[:, :1])
    x, y = columns.values, targets[:, 0]
    errors = []
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        inner = ours.noise_precision * x[keep].T @ x[keep] + ours.prior_precision * np.eye(12)
        beta = np.linalg.solve(inner, ours.noise_precision * x[keep].T @ y[keep])
        errors.append((y[i] - x[i] @ beta) ** 2)
    assert ours.held_out_error == pytest.approx(np.mean(errors), rel=0.02)


def test_what_is_all_noise_is_shrunk_to_nothing():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(500, 30))
    (found,) = Columns(values - values.mean(axis=0)).fit((lambda y: y - y.mean(axis=0))(rng.normal(size=(500, 1))))
    assert found.fitted.std() < 0.05


def test_dependent_columns_share_the_effect():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(100, 1))
    x -= x.mean()
    (found,) = Columns(np.hstack([x, x])).fit(2 * x)
    assert found.coefficients == pytest.approx([1, 1], rel=1e-3)
