"""What the value of information takes from scikit-learn's ridge, and what it adds."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from sim.voi.ridge import one_thread, ridge


@pytest.fixture(scope="module")
def example():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(200, 12)) * np.geomspace(1, 0.05, 12)
    target = columns[:, 0] + rng.normal(size=200)
    return columns - columns.mean(axis=0), target - target.mean()


def test_the_posterior_is_that_of_its_precisions(example):
    """By solving the normal equations."""
    columns, target = example
    found = ridge(columns, target)
    inner = found.noise_precision * columns.T @ columns + found.prior_precision * np.eye(12)
    assert found.covariance == pytest.approx(np.linalg.inv(inner), rel=1e-9)
    beta = np.linalg.solve(inner, found.noise_precision * columns.T @ target)
    assert found.coefficients == pytest.approx(beta, rel=1e-9)
    assert found.fitted == pytest.approx(columns @ beta, rel=1e-9)


def test_the_precisions_are_where_the_evidence_is_largest(example):
    """The marginal likelihood of the target, normal with covariance 1 / noise + X X' / prior, falls on every side."""
    columns, target = example
    found = ridge(columns, target)

    def evidence(noise, prior):
        covariance = np.eye(len(target)) / noise + columns @ columns.T / prior
        return -np.linalg.slogdet(covariance)[1] - target @ np.linalg.solve(covariance, target)

    best = evidence(found.noise_precision, found.prior_precision)
    for noise, prior in ((1.05, 1), (0.95, 1), (1, 1.3), (1, 0.7)):
        assert evidence(noise * found.noise_precision, prior * found.prior_precision) < best


def test_leaving_one_out_is_what_refitting_without_it_gives(example):
    """At fixed precisions, by brute force; the mean is estimated too."""
    x, y = example
    found = ridge(x, y)
    errors = []
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        inner = found.noise_precision * x[keep].T @ x[keep] + found.prior_precision * np.eye(12)
        beta = np.linalg.solve(inner, found.noise_precision * x[keep].T @ y[keep])
        errors.append((y[i] - x[i] @ beta) ** 2)
    assert found.held_out_error == pytest.approx(np.mean(errors), rel=0.02)


def test_what_is_all_noise_is_shrunk_to_nothing():
    rng = np.random.default_rng(2)
    values, noise = rng.normal(size=(500, 30)), rng.normal(size=500)
    assert ridge(values - values.mean(axis=0), noise - noise.mean()).fitted.std() < 0.05


def test_dependent_columns_share_the_effect():
    x = np.random.default_rng(3).normal(size=100)
    x -= x.mean()
    assert ridge(np.column_stack([x, x]), 2 * x).coefficients == pytest.approx([1, 1], rel=1e-3)


def test_linear_algebra_takes_one_thread_while_it_lasts():
    with one_thread():
        assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {1}
