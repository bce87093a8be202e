"""Naive analyses have the bias that theory gives them, and the right ones have none.

Oracles: with constant hazard l of the event, independent constant rate g at which immunoglobulin starts, and a hazard
ratio t while it is given, follow-up without end: those who never receive it have the event before the start, after
1 / (l + g) months on average, so at a rate of l + g; those who ever do are watched for 1 / (l + g) + 1 / (t l). The
ratio of the two rates is t l / (l (1 + t) + g): with no effect l / (2 l + g), below a half whatever the rates. All of
it is the time in which no event could have counted against immunoglobulin.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.streams import AddressedLuck
from sim.trial import estimators, run_trials
from sim.trial.follow import EVENT
from sim.trial.spells import course_of, current, ever, landmark
from sim.trial.truth import true_values
from sim.trial.watch import Played, Watched, study_model
from tests.trial.conftest import SEVERE_PER_MONTH, plain
from tests.trial.test_estimators import watched

COHORT = {
    "kind": "cohort",
    "arms": {"preemptive": 1.0},
    "patients": [400],
    "follow_up_months": 24,
    "analyses": ["naive_cox", "naive_rate_ratio", "landmark_cox", "time_dependent_cox", "on_off_rate_ratio"],
    "landmark_months": 4,
}


def constant_hazards(rate: float, starting: float, ratio: float, n: int, seed: int) -> Watched:
    rng = np.random.default_rng(seed)
    start, event = rng.exponential(1 / starting, n), rng.exponential(1 / rate, n)
    event = np.where(event > start, start + (event - start) / ratio, event)
    return watched(event, np.full(n, EVENT), start)


@pytest.mark.parametrize(("rate", "starting", "ratio"), [(0.06, 0.3, 1.0), (0.06, 0.3, 0.4), (0.2, 0.1, 0.7)])
def test_ever_against_never_has_the_immortal_time_bias_of_the_closed_form(rate, starting, ratio):
    study = constant_hazards(rate, starting, ratio, 40_000, 1)
    exact = ratio * rate / (rate * (1 + ratio) + starting)
    naive = estimators.rate_ratio(ever(study), 0.05)
    assert naive.value == pytest.approx(np.log(exact), abs=4 * naive.standard_error)
    # Power: the true ratio is many errors away, and person-time told by what is given at the time finds it.
    assert np.log(ratio) - naive.value > 20 * naive.standard_error
    for right in (estimators.rate_ratio(current(study), 0.05), estimators.cox(current(study), 0.05, robust=False)):
        assert right.value == pytest.approx(np.log(ratio), abs=4 * right.standard_error)


def test_a_landmark_removes_it():
    study = constant_hazards(0.06, 0.3, 1.0, 40_000, 2)
    found = estimators.cox(landmark(study, 3.0), 0.05, robust=False)
    assert abs(found.value) < 4 * found.standard_error
    assert estimators.cox(ever(study), 0.05, robust=False).value < -20 * found.standard_error


def expected_naive_ratio(start: np.ndarray, rate: float, end: float) -> float:
    """Naive rate ratio with no effect, start times given: events and months of the ever and the never, integrated."""
    s = np.minimum(start, end)
    # Until min(start, end), whoever has an event is of the never; afterwards of the ever.
    gone = -np.expm1(-rate * s)
    survive = np.exp(-rate * s)
    starts = start < end
    never_events = gone
    never_months = (gone - rate * s * survive) / rate + np.where(starts, 0.0, survive * end)
    ever_events = np.where(starts, survive - np.exp(-rate * end), 0.0)
    ever_months = np.where(starts, survive * s + ever_events / rate, 0.0)
    return (ever_events.sum() / ever_months.sum()) / (never_events.sum() / never_months.sum())


def test_simulated_cohorts_have_the_bias_that_their_start_times_give_them():
    """100 cohorts of 400 with no effect: the naive ratio is that of the integral, and the right analyses give 1."""
    scenario = plain(COHORT)
    result = run_trials(scenario, replications=100, seed=5)
    found = result.estimates().query("world == 'as_modelled'").set_index("analysis")
    model = study_model(scenario, scenario.trials["study"])
    start = Played.of(model, scenario.trials["study"], AddressedLuck(9), np.arange(20_000)).histories.ig_start[0]
    exact = np.log(expected_naive_ratio(start, SEVERE_PER_MONTH, 24.0))
    naive = found.loc["naive_rate_ratio"]
    assert naive["bias"] == pytest.approx(exact, abs=4 * naive["bias_mcse"] + 0.01)
    assert naive["mean"] < 0.5
    assert naive["coverage"] < 0.05
    for analysis in ("landmark_cox", "time_dependent_cox", "on_off_rate_ratio"):
        assert abs(found.loc[analysis, "bias"]) < 4 * found.loc[analysis, "bias_mcse"], analysis
        assert found.loc[analysis, "true_value"] == 1.0
        assert found.loc[analysis, "coverage"] > 0.88


def test_with_an_effect_the_time_dependent_analysis_finds_it_and_the_naive_one_exaggerates():
    result = run_trials(plain(COHORT, ratio=0.4), replications=60, seed=6)
    found = result.estimates().query("world == 'as_modelled'").set_index("analysis")
    # Without frailty every ratio while on immunoglobulin is the patient's own.
    assert found["true_value"].to_numpy() == pytest.approx(0.4, abs=0.012)
    assert abs(found.loc["time_dependent_cox", "bias"]) < 4 * found.loc["time_dependent_cox", "bias_mcse"]
    assert found.loc["naive_cox", "bias"] < -10 * found.loc["naive_cox", "bias_mcse"]
    # Who starts after the landmark counts as not having started: nearer to 1, never further.
    assert found.loc["landmark_cox", "bias"] > 0


def test_confounding_by_indication_has_the_size_that_frailty_gives_it():
    """Immunoglobulin after the first severe infection, without effect, frailty of variance v.

    Off it are those without an infection yet, on it all others. With gamma frailty P0(t) = (1 + v l t)^(-1/v) and
    E[Z; none yet] = (1 + v l t)^(-1/v - 1), so the ratio of rates over T months is
    [T - int E] / [T - int P0] over int E / int P0. Knowing the frailty removes it; time-dependence alone does not.
    """
    v, months = 1.0, 24.0
    arms = {"kind": "cohort", "arms": {"secondary": 1.0}, "outcome": "infections", "patients": [2000]}
    asked = {"follow_up_months": months, "analyses": ["on_off_rate_ratio", "time_dependent_cox"]}
    result = run_trials(plain(arms | asked, frailty=v), replications=20, seed=7)
    found = result.estimates().query("world == 'as_modelled'").set_index("analysis")
    t = np.linspace(0, months, 20_001)
    none_yet = (1 + v * SEVERE_PER_MONTH * t) ** (-1 / v)
    frail_none_yet = (1 + v * SEVERE_PER_MONTH * t) ** (-1 / v - 1)
    p0, e = np.trapezoid(none_yet, t), np.trapezoid(frail_none_yet, t)
    exact = np.log(((months - e) / (months - p0)) / (e / p0))
    rates = found.loc["on_off_rate_ratio"]
    assert rates["bias"] == pytest.approx(exact, abs=4 * rates["bias_mcse"])
    assert exact > np.log(1.5)
    cox = found.loc["time_dependent_cox"]
    assert cox["bias"] > 20 * cox["bias_mcse"]


def test_it_is_the_frailty_that_confounds():
    asked = {"kind": "cohort", "arms": {"secondary": 1.0}, "outcome": "infections", "patients": [120]}
    both = {"analyses": ["time_dependent_cox", "frailty_adjusted_cox"]}
    result = run_trials(plain(asked | both, frailty=1.0), replications=30, seed=7)
    found = result.estimates().query("world == 'as_modelled'").set_index("analysis")
    assert found.loc["time_dependent_cox", "bias"] > 8 * found.loc["time_dependent_cox", "bias_mcse"]
    known = found.loc["frailty_adjusted_cox"]
    assert abs(known["bias"]) < 4 * known["bias_mcse"]


def test_where_practice_differs_adjusting_for_earlier_infections_removes_it():
    """Half of the doctors never give immunoglobulin: patients with the same history differ by chance alone."""
    arms = {"kind": "cohort", "arms": {"none": 0.5, "secondary": 0.5}, "outcome": "infections", "patients": [250]}
    asked = {"follow_up_months": 18, "analyses": ["time_dependent_cox", "adjusted_cox"]}
    result = run_trials(plain(arms | asked, frailty=1.0), replications=30, seed=8)
    found = result.estimates().query("world == 'as_modelled'").set_index("analysis")
    assert found.loc["time_dependent_cox", "bias"] > 6 * found.loc["time_dependent_cox", "bias_mcse"]
    assert abs(found.loc["adjusted_cox", "bias"]) < 4 * found.loc["adjusted_cox", "bias_mcse"]
    assert found.loc["adjusted_cox", "coverage"] >= 0.8


def test_without_effect_a_placebo_trial_of_starters_is_exactly_nothing():
    scenario = plain(COHORT, ratio=0.4, frailty=0.5)
    trial = scenario.trials["study"]
    found = true_values(scenario, trial, AddressedLuck(3), np.arange(2000), effect=False)
    assert found.tolist() == [0.0] * 5
    # With frailty the ratio of a group is nearer to 1 than a patient's own.
    real = true_values(scenario, trial, AddressedLuck(3), np.arange(60_000), effect=True)
    assert np.log(0.4) + 0.02 < real[3] < np.log(0.6)


def test_pieces_of_simulated_patients_hold_all_their_time_and_events():
    scenario = plain(
        COHORT | {"outcome": "infections", "analyses": ["adjusted_cox"], "landmark_months": None}, frailty=0.5
    )
    trial = scenario.trials["study"]
    played = Played.of(study_model(scenario, trial), trial, AddressedLuck(1), np.arange(500))
    seen = played.watch(played.allotted(500), played.followed())
    course, spells = course_of(seen), current(seen)
    for found in (course, spells):
        assert (found.stop - found.start).sum() == pytest.approx(seen.until.sum())
    assert course.event.sum() == seen.event_month.size == spells.event_month.size
    on = course.on_ig > 0
    assert (course.stop - course.start)[on].sum() == pytest.approx((spells.stop - spells.start)[spells.exposed].sum())
    assert course.event[on].sum() == spells.event_exposed.sum()
