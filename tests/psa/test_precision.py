"""Patients' luck and parameters told apart: against hand-made layouts, algebra and repeated simulation."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.psa.precision import MeanSquares, Spread, without_noise


def spread(groups, sizes):
    """Variance components of one quantity."""
    return MeanSquares.of(groups[:, :, None], sizes).along(np.ones(1))


def layout(rng, n_draws, sizes, parameters, shared, own):
    """Group means of a crossed layout with the given standard deviations, at the level of patients."""
    a = rng.normal(0, parameters, (n_draws, 1))
    b = rng.normal(0, shared, len(sizes)) / np.sqrt(sizes)
    ab = rng.normal(0, own, (n_draws, len(sizes))) / np.sqrt(sizes)
    return 10 + a + b + ab


def test_a_layout_worked_by_hand():
    """Two draws, two groups of one patient: 1, 3 and 5, 11.

    By draw 2 and 8, by group 3 and 7, mean 5, residuals +-1. Residual mean square 4; between draws
    2 (9 + 9) = 36; between groups 2 (4 + 4) = 16. So var(ab) 4, var(a) (36 - 4) / 2, var(b) (16 - 4) / 2.
    """
    found = spread(np.array([[1.0, 3.0], [5.0, 11.0]]), np.array([1.0, 1.0]))
    assert (found.own_luck, found.parameters, found.shared_luck) == (4.0, 16.0, 6.0)
    assert found.standard_error == pytest.approx(math.sqrt(16 / 2 + 6 / 2 + 4 / 4))
    assert found.noise_share == pytest.approx(2 / 18)


def test_components_are_recovered_with_unequal_groups():
    """Mean of 400 layouts; the truth within four standard errors, each 1-3 % of it; 10 % off would be seen."""
    rng = np.random.default_rng(1)
    sizes = np.array([30.0, 30, 29, 29, 29, 29, 29, 29, 29, 29])
    truth = {"parameters": 2.0**2, "shared_luck": 20.0**2, "own_luck": 8.0**2}
    found = [spread(layout(rng, 50, sizes, 2.0, 20.0, 8.0), sizes) for _ in range(400)]
    for name, value in truth.items():
        values = np.array([getattr(each, name) for each in found])
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert error < 0.03 * value
        assert abs(values.mean() - value) < 4 * error
        assert abs(values.mean() - 1.25 * value) > 4 * error


def test_standard_error_is_that_of_repeated_analyses():
    """2,000 repetitions: their scatter against the estimate; the scatter's own error is 1.6 %.

    Negative control: the naive error over draws alone, sd / sqrt(N), misses the luck all draws share.
    """
    rng = np.random.default_rng(2)
    sizes = np.full(20, 25.0)
    means, squared, naive = [], [], []
    for _ in range(2000):
        groups = layout(rng, 40, sizes, 3.0, 20.0, 10.0)
        means.append(groups.mean())
        squared.append(spread(groups, sizes).standard_error ** 2)
        naive.append(groups.mean(axis=1).std(ddof=1) / math.sqrt(40))
    truth = np.std(means, ddof=1)
    assert math.sqrt(np.mean(squared)) == pytest.approx(truth, rel=4 * 0.016)
    assert np.mean(naive) < 0.7 * truth


def test_draws_with_patients_of_their_own_share_no_luck():
    """The nested layout of O'Hagan et al. (2007): shared luck comes out as (nearly) none, the rest as it is."""
    rng = np.random.default_rng(3)
    sizes = np.full(20, 25.0)
    found = [spread(layout(rng, 60, sizes, 3.0, 0.0, 10.0), sizes) for _ in range(200)]
    assert np.mean([each.shared_luck for each in found]) < 2.0
    assert np.mean([each.own_luck for each in found]) == pytest.approx(100.0, rel=0.02)


def test_the_best_split_beats_its_neighbours_and_keeps_the_budget():
    now = Spread(parameters=4.0e6, shared_luck=9.0e8, own_luck=1.0e8, n_draws=1000, n_patients=2000)
    draws, patients = now.best_split(2_000_000)
    assert draws * patients == pytest.approx(2_000_000, rel=0.01)
    best = now.standard_error_at(draws, patients)
    assert best <= now.standard_error
    for factor in (0.5, 0.8, 1.25, 2.0):
        assert now.standard_error_at(round(draws * factor), round(patients / factor)) > best


@pytest.mark.parametrize(
    ("parameters", "shared"), [(0.0, 9.0e8), (4.0e6, 0.0), (0.0, 0.0), (1e-12, 1e12), (1e12, 1e-12)]
)
def test_a_split_always_leaves_two_of_each(parameters, shared):
    now = Spread(parameters=parameters, shared_luck=shared, own_luck=1.0, n_draws=10, n_patients=10)
    draws, patients = now.best_split(100)
    assert draws >= 2
    assert patients >= 2


@given(st.floats(0, 1e8), st.floats(0, 1e10), st.floats(0, 1e10), st.floats(0.05, 5.0))
def test_what_is_needed_reaches_the_target(parameters, shared, own, factor):
    now = Spread(parameters=parameters, shared_luck=shared, own_luck=own, n_draws=100, n_patients=500)
    target = max(now.standard_error * factor, 1e-3)
    draws, patients = now.needed(target)
    assert draws >= 100
    assert patients >= 500
    assert now.standard_error_at(draws, patients) <= target * (1 + 1e-9)


def test_what_is_needed_is_the_least_work():
    """A / N + (b + ab / N) / n = t², and N n least: brute force over N, none with less by more than a rounding."""
    now = Spread(parameters=4.0e6, shared_luck=9.0e8, own_luck=1.0e8, n_draws=10, n_patients=20)
    target = 20.0
    draws, patients = now.needed(target)
    assert draws == math.ceil(2 * 4.0e6 / target**2)
    other = np.arange(math.ceil(4.0e6 / target**2) + 1, 20 * draws)
    least = (other * (9.0e8 + 1.0e8 / other) / (target**2 - 4.0e6 / other)).min()
    assert least * (1 - 1e-12) <= draws * patients <= least * 1.0001
    assert 1.5 * draws * math.ceil((9.0e8 + 1.0e8 / draws) / (target**2 - 4.0e6 / (1.5 * draws))) > 1.1 * least


def test_a_split_goes_down_to_two_and_keeps_what_there_is_where_nothing_scatters():
    still = Spread(parameters=0.0, shared_luck=0.0, own_luck=1.0, n_draws=7, n_patients=11)
    assert still.best_split(1000) == (7, 11)
    assert dataclasses.replace(still, shared_luck=1.0).best_split(1000) == (2, 500)
    assert dataclasses.replace(still, parameters=1.0).best_split(1000) == (500, 2)


def test_components_of_every_contrast_are_those_of_the_contrast_itself():
    rng = np.random.default_rng(4)
    sizes = np.array([10.0, 11, 11, 10])
    groups = rng.normal(size=(30, 4, 3)) @ rng.normal(size=(3, 3)) + rng.normal(size=(30, 1, 3))
    squares = MeanSquares.of(groups, sizes)
    for contrast in (np.array([1.0, 0, 0]), np.array([-1.0, 1, 0]), np.array([2.0, -1, 5])):
        one, direct = squares.along(contrast), spread(groups @ contrast, sizes)
        assert one.own_luck == pytest.approx(direct.own_luck)
        assert one.parameters == pytest.approx(direct.parameters)
        assert one.shared_luck == pytest.approx(direct.shared_luck)
        assert contrast @ squares.noise @ contrast == pytest.approx(direct.own_luck / direct.n_patients)


def test_covariance_of_the_means_gives_the_same_standard_error():
    """Where no component is below nought, the matrix and the components say the same."""
    rng = np.random.default_rng(9)
    sizes = np.full(6, 7.0)
    groups = np.stack([layout(rng, 30, sizes, 3.0, 5.0, 4.0), layout(rng, 30, sizes, 1.0, 9.0, 4.0)], axis=-1)
    squares = MeanSquares.of(groups, sizes)
    for contrast in (np.array([1.0, 0]), np.array([0, 1.0]), np.array([1.0, -1])):
        variance = contrast @ squares.mean_covariance @ contrast
        assert math.sqrt(variance) == pytest.approx(squares.along(contrast).standard_error)


def test_without_noise_restores_covariance_and_keeps_means():
    rng = np.random.default_rng(5)
    clean = rng.normal(size=(500, 3)) @ np.array([[2.0, 1, 0], [0, 1, 0.5], [0, 0, 3]]) * [1, 1e-3, 1e4]
    noise = np.diag([0.5, 1e-7, 1e7])
    noise[0, 1] = noise[1, 0] = 1e-4
    corrected = without_noise(clean, noise)
    assert corrected.mean(axis=0) == pytest.approx(clean.mean(axis=0))
    total = np.cov(clean.T)
    assert np.cov(corrected.T) == pytest.approx(total - noise, rel=1e-6, abs=1e-9)
    assert without_noise(clean, 0 * noise) == pytest.approx(clean)


def test_without_noise_takes_constants_and_copies():
    """A quantity that never moves, and one that is another's double, have no inverse covariance."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=300)
    values = np.column_stack([x, 2 * x, np.full(300, 7.0)])
    noise = 0.19 * np.outer([1, 2, 0], [1, 2, 0]) * x.var(ddof=1)
    corrected = without_noise(values, noise)
    assert corrected[:, 2] == pytest.approx(7.0)
    assert corrected[:, 1] == pytest.approx(2 * corrected[:, 0])
    assert corrected[:, 0] - x.mean() == pytest.approx(0.9 * (x - x.mean()))
    assert (without_noise(np.ones((5, 2)), np.eye(2)) == 1).all()


def test_noise_greater_than_the_scatter_leaves_the_mean():
    values = np.random.default_rng(7).normal(size=(100, 1))
    assert without_noise(values, np.array([[50.0]])) == pytest.approx(np.full((100, 1), values.mean()))


def test_corrected_draws_give_the_decision_uncertainty_of_the_truth():
    """INMB normal(100, 300), noise sd 400: P(cost-effective) 0.6306, EVPI 75.9; raw 0.579 and 156.

    400 analyses of 500 draws; standard errors of the means about 0.1 % and 0.5 %.
    """
    rng = np.random.default_rng(8)
    chance, value, raw_chance, raw_value = [], [], [], []
    for _ in range(400):
        raw = rng.normal(100, 300, (500, 1)) + rng.normal(0, 400, (500, 1))
        corrected = without_noise(raw, np.array([[400.0**2]]))
        for draws, chances, values in ((raw, raw_chance, raw_value), (corrected, chance, value)):
            chances.append((draws > 0).mean())
            values.append(np.maximum(draws, 0).mean() - max(draws.mean(), 0))
    from scipy.stats import norm

    z = 100 / 300
    true_value = 300 * (norm.pdf(z) + z * norm.cdf(z)) - 100
    for found, truth in ((chance, norm.cdf(z)), (value, true_value)):
        assert abs(np.mean(found) - truth) < 4 * np.std(found) / 20 + 0.005 * truth
    assert abs(np.mean(raw_chance) - norm.cdf(z)) > 20 * np.std(raw_chance) / 20
    assert np.mean(raw_value) > 1.5 * true_value
