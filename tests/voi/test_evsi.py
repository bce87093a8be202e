"""EVSI of trials against conjugate priors, and what a trial is worth beyond its cost."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sim.errors import UsageError
from sim.voi import (
    Evidence,
    Population,
    TrialPlan,
    TwoArmBinary,
    TwoArmContinuous,
    TwoArmCount,
    enbs,
    evpi_table,
    evsi,
    population_factor,
    population_table,
)
from sim.voi.evsi import Evsi
from tests.voi.exact import binary_trial, count_trial, gain

N = 1000
SIZES = (20, 80, 320)


def two(inb: np.ndarray) -> np.ndarray:
    return np.column_stack([np.zeros(len(inb)), inb])


def test_normal_means_with_known_spread():
    """Normal means (sd s): the posterior mean difference has sd sqrt(2 s^4 / (s^2 + sigma^2 / n))."""
    rng = np.random.default_rng(1)
    s, sigma, k, mean = 0.3, 2.0, 1000.0, 100.0
    x = pd.DataFrame({"c": rng.normal(0, s, N), "t": rng.normal(mean / k, s, N), "other": rng.normal(0, 1, N)})
    inb = k * (x["t"] - x["c"]).to_numpy() + 300 * x["other"].to_numpy()
    for each in evsi(two(inb), x, TwoArmContinuous("c", "t", sigma), SIZES):
        truth = gain(mean, k * math.sqrt(2 * s**4 / (s**2 + sigma**2 / each.n_per_arm)))
        assert each.value == pytest.approx(truth, abs=3.5 * each.standard_error), each.n_per_arm
        assert each.standard_error < 12
        assert each.evppi == pytest.approx(gain(mean, k * s * math.sqrt(2)), abs=3.5 * 12)
        assert each.value <= each.evppi <= each.evpi


def test_binary_outcome_by_enumeration_of_every_trial():
    """Beta priors, INB = k (p_c - p_t): every pair of counts with its beta-binomial probability."""
    rng = np.random.default_rng(2)
    control, treatment, k = (6.0, 14.0), (5.0, 15.0), 10_000.0
    x = pd.DataFrame({"c": rng.beta(*control, N), "t": rng.beta(*treatment, N)})
    for each in evsi(two(k * (x["c"] - x["t"]).to_numpy()), x, TwoArmBinary("c", "t"), SIZES):
        truth = binary_trial(k, control, treatment, each.n_per_arm)
        assert each.value == pytest.approx(truth, abs=3.5 * each.standard_error), each.n_per_arm
        assert each.standard_error < 0.1 * truth + 10


def test_counts_by_enumeration_of_every_trial():
    """Gamma priors and Poisson totals."""
    rng = np.random.default_rng(3)
    control, treatment, k = (8.0, 10.0), (6.0, 10.0), 5_000.0
    x = pd.DataFrame({"c": rng.gamma(8, 0.1, N), "t": rng.gamma(6, 0.1, N)})
    inb = k * (x["c"] - x["t"]).to_numpy()
    for each in evsi(two(inb), x, TwoArmCount("c", "t", follow_up_years=0.5), (10, 40)):
        truth = count_trial(k, control, treatment, 0.5 * each.n_per_arm)
        assert each.value == pytest.approx(truth, abs=3.5 * each.standard_error), each.n_per_arm


def test_frailty_makes_counts_tell_less():
    rng = np.random.default_rng(4)
    x = pd.DataFrame({"c": rng.gamma(8, 0.1, N), "t": rng.gamma(6, 0.1, N)})
    benefit = two(5000 * (x["c"] - x["t"]).to_numpy())
    (plain,) = evsi(benefit, x, TwoArmCount("c", "t", 1.0), [20])
    (frail,) = evsi(benefit, x, TwoArmCount("c", "t", 1.0, frailty_variance=4.0), [20])
    assert frail.value < plain.value - 3 * max(frail.standard_error, plain.standard_error)


def test_larger_trials_are_worth_more_and_an_endless_one_the_evppi():
    rng = np.random.default_rng(5)
    x = pd.DataFrame({"c": rng.beta(6, 14, 1000), "t": rng.beta(5, 15, 1000)})
    values = evsi(two(1e4 * (x["c"] - x["t"]).to_numpy()), x, TwoArmBinary("c", "t"), [10, 100, 1000, 10**6])
    assert [each.value for each in values] == sorted(each.value for each in values)
    assert values[-1].value == pytest.approx(values[-1].evppi, rel=0.01)


def test_what_is_known_needs_no_trial():
    x = pd.DataFrame({"c": np.full(100, 0.3), "t": np.full(100, 0.2)})
    (found,) = evsi(two(np.random.default_rng(6).normal(size=100)), x, TwoArmBinary("c", "t"), [50])
    assert (found.value, found.standard_error) == (0.0, 0.0)
    assert "nothing to learn" in found.note


def test_what_cannot_be_used_is_refused_all_at_once():
    x = pd.DataFrame({"c": np.linspace(0, 1.2, 100), "t": np.linspace(0, 1, 100)})
    with pytest.raises(UsageError) as caught:
        evsi(two(np.arange(100.0)), x, TwoArmBinary("c", "t"), [0, 10])
    assert "sizes: found 0" in str(caught.value)
    assert "parameter c" in str(caught.value)


# ---------------------------------------------------------------------- net benefit of sampling


def known(n: int, value: float) -> Evsi:
    return Evsi(n, value, 0.0, 10.0, 10.0, "", np.full(8, value))


def test_net_benefit_of_sampling_by_hand():
    """100 per arm, 100 recruited a year, 1 year of follow-up: reports at year 3, so 7 of 10 years remain."""
    plan = TrialPlan(fixed_cost=1000, cost_per_patient=5, recruited_per_year=100, follow_up_years=1)
    curve = enbs(
        [known(100, 2.0), known(400, 3.0)], plan, patients_per_year=500, years=10, discount_rate_per_year=0.0
    )
    small, large = curve.sizes
    assert small.patients == pytest.approx(500 * 7)
    assert small.cost == 1000 + 5 * 200
    assert small.value == pytest.approx(2.0 * 3500 - 2000)
    assert large.patients == pytest.approx(500 * 1)
    assert large.value == pytest.approx(3.0 * 500 - 5000)
    assert curve.optimal_n_per_arm == 100
    assert curve.optimal_range == (100, 100)


@pytest.mark.parametrize(("more", "alike"), [(0.8, (100, 101)), (0.9, (101, 101))])
def test_sizes_that_paired_replicates_do_not_tell_apart_are_as_good(more, alike):
    """10 patients; gains of the two sizes differ by 10 in one replicate of four, so by 10 √3 / 4, 1.96 times 8.49.

    The larger trial is worth 8 or 9 more to them, and costs nothing more.
    """
    plan = TrialPlan(fixed_cost=0, cost_per_patient=0)
    small = Evsi(100, 5.0, 0.4, 9.0, 9.0, "", np.array([0.0, 1.0, 2.0, 3.0]))
    large = Evsi(101, 5.0 + more, 0.5, 9.0, 9.0, "", np.array([0.0, 1.0, 2.0, 4.0]))
    curve = enbs([small, large], plan, patients_per_year=10, years=1, discount_rate_per_year=0.0)
    assert [row.standard_error for row in curve.sizes] == pytest.approx([4.0, 5.0])
    assert curve.optimal_n_per_arm == 101
    assert curve.optimal_range == alike


@pytest.mark.parametrize("rate", [0.0, 0.035])
def test_net_benefit_of_sampling_with_discounting_patient_by_patient(rate):
    """Every patient of every day after the report, one at a time; the best size by trying all of them."""
    sizes, arrivals, years = (50, 150, 300, 600), 730, 8.0
    plan = TrialPlan(fixed_cost=2e5, cost_per_patient=900, recruited_per_year=240, follow_up_years=0.5)
    values = [known(n, 400 * n / (n + 120)) for n in sizes]
    curve = enbs(values, plan, patients_per_year=arrivals, years=years, discount_rate_per_year=rate)
    day = (np.arange(arrivals * years) + 0.5) / arrivals
    worth = []
    for n in sizes:
        after = day[day > 2 * n / 240 + 0.5]
        worth.append(400 * n / (n + 120) * sum((1 + rate) ** -t for t in after) - 2e5 - 900 * 2 * n)
    assert [size.value for size in curve.sizes] == pytest.approx(worth, rel=1e-3, abs=300)
    assert curve.optimal_n_per_arm == sizes[int(np.argmax(worth))] == 150


def test_no_trial_where_none_pays():
    plan = TrialPlan(fixed_cost=10**6, cost_per_patient=5)
    curve = enbs([known(100, 2.0)], plan, patients_per_year=500, years=10, discount_rate_per_year=0.03)
    assert curve.optimal_n_per_arm is None
    assert curve.optimal_range is None


def test_a_trial_that_reports_too_late_is_worth_its_cost_less_nothing():
    plan = TrialPlan(fixed_cost=10, cost_per_patient=1, recruited_per_year=1)
    (row,) = enbs([known(100, 2.0)], plan, patients_per_year=500, years=10, discount_rate_per_year=0.03).sizes
    assert (row.patients, row.value) == (0.0, -210.0)


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.035])
def test_population_is_the_integral_of_discounted_arrivals(rate):
    years = np.linspace(0, 10, 100_001)
    discounted = (1 + rate) ** -years
    truth = 46_000 * float(((discounted[1:] + discounted[:-1]) / 2).sum() * (years[1] - years[0]))
    assert population_factor(46_000, 10, rate) == pytest.approx(truth, rel=1e-8)


@pytest.mark.parametrize(("years", "rate"), [(10.0, 0.035), (2.5, 0.0), (0.4, 0.03), (0.0, 0.03)])
def test_the_population_by_year_is_the_integral_of_its_years(years, rate):
    """Arrivals and discounting by quadrature within each year; together they are the population of the whole time."""
    benefit = np.random.default_rng(8).normal(0, 100, (200, 2))
    evidence = Evidence(("a", "b"), -benefit, 0 * benefit, pd.DataFrame(), population=Population(460.0, years, rate))
    table = population_table(evidence, [0.0])
    whole = evpi_table(evidence, [0.0]).iloc[0]
    assert len(table) == math.ceil(years)
    for row in table.itertuples():
        t = np.linspace(row.from_year, row.to_year, 10_001)
        truth = 460 * np.trapezoid((1 + rate) ** -t, t)
        assert row.discounted_patients == pytest.approx(truth, rel=1e-8)
        assert row.population_evpi == pytest.approx(truth * whole["evpi"], rel=1e-8)
        assert row.patients == pytest.approx(460 * (row.to_year - row.from_year))
    if len(table):
        assert table["to_year"].iloc[-1] == years
        last = table.iloc[-1]
        assert last["cumulative_evpi"] == pytest.approx(whole["population_evpi"], rel=1e-12)
        assert last["cumulative_evpi_se"] == pytest.approx(whole["population_evpi_se"], rel=1e-12)


@pytest.mark.slow
def test_standard_errors_are_calibrated():
    """Exact EVSI within 1.96 standard errors in 88 to 99 % of 200 repeats of 500 draws (binomial sd 1.6 %)."""
    control, treatment, k, n, repeats = (6.0, 14.0), (5.0, 15.0), 10_000.0, 60, 200
    truth, covered = binary_trial(k, control, treatment, n), 0
    for seed in range(repeats):
        rng = np.random.default_rng(7000 + seed)
        x = pd.DataFrame({"c": rng.beta(*control, 500), "t": rng.beta(*treatment, 500)})
        inb = k * (x["c"] - x["t"]).to_numpy() + rng.normal(0, 1000, 500)
        (found,) = evsi(two(inb), x, TwoArmBinary("c", "t"), [n], seed=seed)
        covered += abs(found.value - truth) < 1.96 * found.standard_error
    print(covered / repeats)
    assert 0.88 < covered / repeats < 0.99, covered / repeats
