"""The likelihood: exact where it can be, with the variance of the estimator where follow-up ends early."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.calibrate.curve import first_event
from sim.calibrate.likelihood import Evidence, informing
from sim.scenario import IncidenceTarget, ProportionTarget, RateTarget
from sim.scenario.calibration import FollowUp
from sim.trial.estimators import cumulative_incidence
from sim.trial.follow import COMPETING, EVENT, Seen

COMPLETE = FollowUp(pattern="complete")
UNIFORM = FollowUp(pattern="uniform", median_months=8.0)


def curve(months=(5.0, 10.0), observed=(0.38, 0.5), exits="compete") -> IncidenceTarget:
    return IncidenceTarget(
        kind="incidence", cohort="c", infections="any", exits=exits, months=months, observed=observed, source="s"
    )


def test_with_complete_follow_up_it_is_the_multinomial_of_the_increments():
    target = curve()
    worth = informing(target, 100, COMPLETE, 0.1)
    np.testing.assert_allclose(worth, [100, 62], rtol=1e-6)
    evidence = Evidence("t", target, worth, 100)
    expected = np.array([[0.3, 0.45], [0.4, 0.52], [0.2, 0.6]])
    found = evidence.log_likelihood(expected, np.ones(3))
    cells = np.column_stack([expected[:, 0], np.diff(expected)[:, 0], 1 - expected[:, 1]])
    exact = np.array([stats.multinomial.logpmf([38, 12, 50], 100, cell) for cell in cells])
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=1e-6)


def test_follow_up_that_ends_early_takes_information_away():
    complete, early = (informing(curve(), 100, follow_up, 0.1) for follow_up in (COMPLETE, UNIFORM))
    assert early[0] < complete[0]
    assert early[1] / complete[1] < early[0] / complete[0]
    over = informing(curve(), 100, FollowUp(pattern="administrative", median_months=6.0), 0.1)
    assert over[0] == pytest.approx(100)
    assert over[1] == 0


def at_risk(n: int, months, exits: str, watched: float | None = None, exit_rate: float = 0.1) -> IncidenceTarget:
    """Hazard 0.12 and exit, everything constant; watched evenly up to a month, or to the end."""
    t = np.asarray(months)
    total = 0.12 + exit_rate if exits == "compete" else 0.12
    seen = 0.12 / total * -np.expm1(-total * t) if exits == "compete" else -np.expm1(-0.12 * t)
    share = np.ones_like(t) if watched is None else 1 - t / watched
    gone = np.exp(-exit_rate * t) if exits == "censored" else 1.0
    left = tuple(round(n * float(each)) for each in np.exp(-total * t) * share * gone)
    return curve(tuple(months), tuple(seen), exits).model_copy(update={"at_risk": left})


@pytest.mark.parametrize("exits", ["compete", "censored"])
def test_numbers_at_risk_of_complete_follow_up_give_the_multinomial(exits):
    n, rate = 10**6, 0.1 if exits == "compete" else 0.0
    target = at_risk(n, (5.0, 10.0), exits, exit_rate=rate)
    # The stated pattern, by which hardly anybody is watched, is not what counts.
    short = FollowUp(pattern="administrative", median_months=1.0)
    found = informing(target, n, short, rate)
    np.testing.assert_allclose(found, n * (1 - np.array([0.0, target.observed[0]])), rtol=1e-4)


@pytest.mark.parametrize("exits", ["compete", "censored"])
def test_numbers_at_risk_say_what_a_known_pattern_says(exits):
    n, months = 10**6, tuple(np.arange(0.5, 12.1, 0.5))
    target = at_risk(n, months, exits, watched=16.0)
    by_numbers = informing(target, n, UNIFORM, 0.1)
    by_pattern = informing(target.model_copy(update={"at_risk": None}), n, UNIFORM, 0.1)
    np.testing.assert_allclose(by_numbers, by_pattern, rtol=2e-3)
    # Two readings alone, censoring between them at a constant rate: within a few per cent.
    two = at_risk(n, (5.0, 10.0), exits, watched=16.0)
    np.testing.assert_allclose(
        informing(two, n, UNIFORM, 0.1),
        informing(two.model_copy(update={"at_risk": None}), n, UNIFORM, 0.1),
        rtol=0.04,
    )


def test_fewer_at_risk_are_worth_less_and_none_makes_more_than_everybody():
    target = at_risk(200, (5.0, 10.0), "compete")
    full = informing(target, 200, UNIFORM, 0.1)
    assert target.at_risk is not None
    half = informing(target.model_copy(update={"at_risk": (target.at_risk[0], 5)}), 200, UNIFORM, 0.1)
    assert half[0] == pytest.approx(full[0])
    assert half[1] < 0.5 * full[1]
    # An exit rate that is too high for the numbers at risk leaves nobody censored; it invents no patients.
    crowded = informing(target.model_copy(update={"at_risk": (120, 100)}), 200, UNIFORM, 0.4)
    assert np.all(crowded <= 200 * (1 - np.array([0, target.observed[0]])) + 1e-9)


def studies(n_studies: int, n: int, follow_up: bool) -> np.ndarray:
    """Aalen-Johansen estimates of simulated studies: hazard 0.12, exit 0.1, watched for U(0, 16) months."""
    rng, found = np.random.default_rng(3), []
    for _ in range(n_studies):
        infected, left = rng.exponential(1 / 0.12, n), rng.exponential(10, n)
        until = rng.uniform(0, 16, n) if follow_up else np.full(n, 1e9)
        months = np.minimum(np.minimum(infected, left), until)
        status = np.where(months == infected, EVENT, np.where(months == left, COMPETING, 0))
        found.append(cumulative_incidence(Seen(months, status), (5.0, 10.0)))
    return np.array(found)


@pytest.mark.slow
def test_the_patients_that_a_share_is_worth_have_the_variance_of_the_estimator():
    # 250 studies of 150: a standard deviation is known to 1 / sqrt(500) = 4.5 %; 3.5 standard errors are 16 %.
    n = 150
    truth = first_event((5.0, 10.0), (0.0,), np.array([[0.12]]), np.zeros(1), np.array([[0.1]]), np.ones(1))[0]
    found = studies(250, n, follow_up=True)
    shares = np.column_stack([found[:, 0], (found[:, 1] - found[:, 0]) / (1 - found[:, 0])])
    conditional = np.array([truth[0], (truth[1] - truth[0]) / (1 - truth[0])])
    worth = informing(curve(observed=tuple(truth)), n, UNIFORM, 0.1)
    stated = np.sqrt(conditional * (1 - conditional) / worth)
    np.testing.assert_allclose(shares.std(axis=0) / stated, 1, atol=0.16)
    # The same from the numbers at risk that such a study prints.
    printed = informing(at_risk(n, (5.0, 10.0), "compete", watched=16.0), n, COMPLETE, 0.1)
    np.testing.assert_allclose(shares.std(axis=0) / np.sqrt(conditional * (1 - conditional) / printed), 1, atol=0.16)
    # Negative control: as if all had been watched to the end, the later share would look far too certain.
    naive = np.sqrt(conditional * (1 - conditional) / informing(curve(observed=tuple(truth)), n, COMPLETE, 0.1))
    assert shares.std(axis=0)[1] / naive[1] > 1.3


def test_counts_of_frail_patients_are_negative_binomial():
    target = RateTarget(kind="rate", cohort="c", infections="3plus", events=30, patient_months=400.0, source="s")
    evidence = Evidence("r", target, np.array([30.0]), 80)
    rates, variance = np.array([0.05, 0.075, 0.1]), np.array([0.6, 0.6, 0.6])
    found = evidence.log_likelihood(rates[:, None], variance)
    size = 80 / 0.6
    exact = stats.nbinom.logpmf(30, size, size / (size + rates * 400))
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=1e-9)
    # Eighty patients of gamma frailty, five months each: the variance is that of the law.
    rng = np.random.default_rng(5)
    frailty = rng.gamma(1 / 0.6, 0.6, (20_000, 80))
    counts = rng.poisson(0.075 * 5 * frailty).sum(axis=1)
    law = stats.nbinom(size, size / (size + 30))
    assert counts.var() == pytest.approx(law.var(), rel=4 * np.sqrt(2 / 20_000))
    assert counts.var() > 1.15 * 30


def test_a_proportion_is_binomial():
    target = ProportionTarget(
        kind="proportion", cohort="c", what="on_treatment", month=6.0, observed=0.5, worth_patients=80.0, source="s"
    )
    evidence = Evidence("p", target, np.array([80.0]), 100)
    p = np.array([0.4, 0.5, 0.6])
    found = evidence.log_likelihood(p[:, None], np.ones(3))
    exact = stats.binom.logpmf(40, 80, p)
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=1e-9)
