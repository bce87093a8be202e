"""What the value of information takes from scikit-learn's ridge, and what it adds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge
from threadpoolctl import threadpool_info

from sim.voi import ridge as ridge_module
from sim.voi.ridge import Design, one_thread, ridges


@pytest.fixture(scope="module")
def example():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(200, 12)) * np.geomspace(1, 0.05, 12)
    target = columns[:, 0] + rng.normal(size=200)
    return columns - columns.mean(axis=0), target - target.mean()


def ridge(columns, target):
    """The regression of one target on columns that are there already."""
    (found,) = ridges(Design.of(*columns.shape, columns.__getitem__), target[:, np.newaxis])
    return found


@pytest.mark.parametrize("n_columns", [1, 12, 60], ids=["one", "few", "more than there are draws"])
@pytest.mark.parametrize("noise", [0.0, 0.3, 30.0], ids=["exact", "clear", "drowned"])
def test_condensed_rows_give_what_all_draws_give(n_columns, noise):
    """The same library on the columns themselves, with the priors it has by itself; two targets, one of them scaled.

    Were the draws beyond the rows not counted, a precision of 15 would be taken for 3 (12 columns, noise 0.3).
    """
    rng = np.random.default_rng(n_columns)
    columns = rng.normal(size=(40, n_columns)) * np.geomspace(1, 0.02, n_columns)
    columns -= columns.mean(axis=0)
    target = columns[:, 0] + noise * rng.normal(size=40)
    target = (target - target.mean()) / target.std()
    design = Design.of(40, n_columns, columns.__getitem__)
    for found, wanted in zip(
        ridges(design, np.column_stack([target, -2 * target])), (target, -2 * target), strict=True
    ):
        theirs = BayesianRidge(fit_intercept=False, tol=1e-4, max_iter=1000).fit(columns, wanted)
        assert found.coefficients == pytest.approx(theirs.coef_, rel=1e-6, abs=1e-9)
        assert found.noise_precision == pytest.approx(theirs.alpha_, rel=1e-6)
        assert found.prior_precision == pytest.approx(theirs.lambda_, rel=1e-6)
        assert found.covariance == pytest.approx(theirs.sigma_, rel=1e-6, abs=1e-9 * theirs.sigma_.max())


def test_draws_may_come_in_parts(example, monkeypatch):
    """As where there are too many of them to be kept: columns made anew for each part, of any mean."""
    columns, target = example
    whole = ridge(columns, target)
    monkeypatch.setattr(ridge_module, "MOST_CELLS", 12 * 33)
    away = columns + np.arange(12)
    (parted,) = ridges(Design.of(200, 12, away.__getitem__), target[:, np.newaxis])
    assert len(parted.design.parts) == 7
    assert parted.coefficients == pytest.approx(whole.coefficients, rel=1e-9)
    assert parted.fitted == pytest.approx(whole.fitted, rel=1e-9)
    assert parted.held_out_error == pytest.approx(whole.held_out_error, rel=1e-9)


def test_some_columns_by_their_weights_are_regressed_on_as_if_made_so(example):
    columns, target = example
    chosen, weight = np.array([0, 3, 7]), np.array([1.0, 0.5, 0.1])
    design = Design.of(200, 12, columns.__getitem__).rescaled(chosen, weight)
    (found,), made = ridges(design, target[:, np.newaxis]), ridge(columns[:, chosen] * weight, target)
    assert found.coefficients == pytest.approx(made.coefficients, rel=1e-9)
    assert found.held_out_error == pytest.approx(made.held_out_error, rel=1e-9)
    assert design.variances == pytest.approx((columns[:, chosen] * weight).var(axis=0), rel=1e-9)


def test_a_newton_step_is_that_of_the_posterior(example):
    """By the inverse of its precisions: fitted values change by X S (noise X'e - prior beta + sqrt(prior) z)."""
    columns, target = example
    found, rng = ridge(columns, target), np.random.default_rng(5)
    errors, noise = rng.normal(size=(200, 3)), rng.normal(size=(12, 3))
    alpha, prior, beta = found.noise_precision, found.prior_precision, found.coefficients
    covariance = np.linalg.inv(alpha * columns.T @ columns + prior * np.eye(12))
    pull = prior * beta[:, np.newaxis] - np.sqrt(prior) * noise
    expected = columns @ covariance @ (alpha * columns.T @ errors - pull)
    assert found.moved(errors, noise) == pytest.approx(expected, rel=1e-9, abs=1e-12)


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
