"""The closed-form oracle against numbers from outside: published cases, formulas by hand, a naive simulation.

The naive simulation below is written from the model's description alone, one patient at a time with the standard
library's generator; it shares no code with the oracle and reads only its parameters.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from sim.errors import InputError
from sim.verify.closed_form import delayed, none, primary, secondary
from sim.verify.closed_form_chain import gamma_nodes, nodes_needed
from sim.verify.closed_form_preemptive import IgGKinetics, first_low_test, preemptive
from sim.verify.closed_form_terms import Parameters

# ---------------------------------------------------------------------------------- published cases

REFERENCE = Parameters(
    horizon_months=60,
    stop_rate=0.06,
    death_rate_on=0.02,
    death_rate_off=0.05,
    rate_grade_1_2=0.065,
    rate_grade_3plus=0.035,
    case_fatality=0.05,
    hr_grade_1_2=0.80,
    hr_grade_3plus=0.38,
    cost_grade_1_2=800,
    cost_grade_3plus=20_000,
    cost_ig_per_month=2_500,
    utility_on=0.70,
    utility_off=0.60,
    discount_rate_cost=0.03,
    discount_rate_effect=0.03,
)


@pytest.mark.parametrize(
    ("strategy", "cost", "qaly", "life_years", "infections"),
    [(none, 8872.639, 1.2971065, 2.0925203, 1.2141781), (primary, 33543.938, 1.3127706, 2.1182314, 0.8031193)],
)
def test_reference_three_state_chain_is_met_to_every_printed_digit(strategy, cost, qaly, life_years, infections):
    # Printed by two independent derivations (closed form and matrix exponential) of the speed comparison.
    found = strategy(REFERENCE)
    assert found.costs_discounted.total == pytest.approx(cost, abs=5.1e-4)
    assert found.qalys_discounted == pytest.approx(qaly, abs=5.1e-8)
    assert found.life_years == pytest.approx(life_years, abs=5.1e-8)
    plain = found.undiscounted
    assert plain.infections_grade_1_2 + plain.infections_grade_3plus == pytest.approx(infections, abs=5.1e-8)


RECURRENT = Parameters(horizon_months=60, rate_grade_3plus=0.8 / 12, cost_grade_3plus=6500, discount_rate_cost=0.035)


def test_poisson_infections_have_their_mean_no_event_probability_and_discounted_cost():
    found = none(RECURRENT, incidence_months=[60])
    assert found.undiscounted.infections_grade_3plus == pytest.approx(4.0, rel=1e-12)
    assert 1 - found.incidence_grade_3plus[0] == pytest.approx(0.01831563889, abs=1e-11)
    assert found.costs_discounted.infections_grade_3plus == pytest.approx(23886.78641, abs=1e-5)
    protected = primary(replace(RECURRENT, hr_grade_3plus=0.45))
    assert protected.undiscounted.infections_grade_3plus == pytest.approx(1.8, rel=1e-12)
    assert protected.costs_discounted.infections_grade_3plus == pytest.approx(10749.05389, abs=1e-5)


@pytest.mark.parametrize(("variance", "p_none"), [(0.5, 0.1111111111), (1.5, 0.2732758833)])
def test_gamma_frailty_keeps_the_mean_and_raises_the_chance_of_no_infection(variance, p_none):
    found = none(replace(RECURRENT, frailty_variance=variance), incidence_months=[60])
    assert found.undiscounted.infections_grade_3plus == pytest.approx(4.0, rel=1e-12)
    assert 1 - found.incidence_any_grade[0] == pytest.approx(p_none, abs=1e-10)


def test_competing_death_shortens_exposure_and_life():
    found = none(replace(RECURRENT, death_rate_on=0.25 / 12))
    assert found.undiscounted.infections_grade_3plus == pytest.approx(2.28318465, abs=1e-8)
    assert found.life_years == pytest.approx(2.853980813, abs=1e-9)


@pytest.mark.parametrize(
    ("hr", "infections", "deaths", "life_years"),
    [(1.0, 2.079536495, 0.1247721897, 2.599420619), (0.45, 0.9845991886, 0.05907595131, 2.734997746)],
)
def test_case_fatality_competes_with_other_death(hr, infections, deaths, life_years):
    patient = replace(RECURRENT, death_rate_on=0.25 / 12, case_fatality=0.06, hr_grade_3plus=hr)
    found = primary(patient)
    assert found.undiscounted.infections_grade_3plus == pytest.approx(infections, abs=1e-9)
    assert found.undiscounted.infection_deaths == pytest.approx(deaths, abs=1e-10)
    assert found.life_years == pytest.approx(life_years, abs=1e-9)


# ---------------------------------------------------------------------------------- by hand, and limits

BUSY = Parameters(
    horizon_months=48,
    stop_rate=0.04,
    death_rate_on=0.012,
    death_rate_off=0.03,
    rate_grade_1_2=0.12,
    rate_grade_3plus=0.07,
    frailty_variance=0.8,
    case_fatality=0.08,
    stop_probability=0.15,
    hr_grade_1_2=0.75,
    hr_grade_3plus=0.40,
    infusion_interval_months=0.92,
    grams_per_infusion=30,
    discount_rate_cost=0.05,
    discount_rate_effect=0.02,
    cost_grade_1_2=900,
    cost_grade_3plus=21_000,
    cost_infusion=2_300,
    cost_test=40,
    cost_ig_per_month=100,
    cost_drug_per_month=5_000,
    cost_end_of_life=7_000,
    utility_on=0.72,
    utility_off=0.61,
    qaly_loss_grade_1_2=0.006,
    qaly_loss_grade_3plus=0.03,
    qaly_loss_infusion=0.0004,
)
ENDLESS = replace(BUSY, washout_months=math.inf, off_multiplier=0.5)
FAMILIES = pytest.mark.parametrize("patient", [BUSY, ENDLESS], ids=["washout 0", "washout infinite"])


@FAMILIES
@pytest.mark.parametrize("strategy", [primary, secondary], ids=["primary", "secondary"])
def test_hazard_ratio_of_one_changes_nothing_but_ig(patient, strategy):
    inert = replace(patient, hr_grade_1_2=1, hr_grade_3plus=1, qaly_loss_infusion=0)
    with_ig, without = strategy(inert, incidence_months=[12]), none(inert, incidence_months=[12])
    assert with_ig.undiscounted.infusions > 1
    assert with_ig.qalys_discounted == pytest.approx(without.qalys_discounted, rel=1e-11)
    assert with_ig.incidence_any_grade == pytest.approx(without.incidence_any_grade, rel=1e-11)
    bought = with_ig.costs_discounted.ig_infusions + with_ig.costs_discounted.ig_flow
    assert with_ig.costs_discounted.total - bought == pytest.approx(without.costs_discounted.total, rel=1e-11)


def test_without_exits_primary_infusions_are_a_geometric_series():
    still = Parameters(
        horizon_months=10, infusion_interval_months=2.5, discount_rate_cost=0.10, grams_per_infusion=35
    )
    found = primary(still)
    assert found.undiscounted.infusions == pytest.approx(4, rel=1e-12)  # 0, 2.5, 5, 7.5; that at 10 is none
    assert found.grams == pytest.approx(140, rel=1e-12)
    assert found.at_cost_rate.infusions == pytest.approx(sum(1.1 ** (-t / 12) for t in (0, 2.5, 5, 7.5)), rel=1e-12)
    assert found.at_effect_rate.infusions == pytest.approx(4, rel=1e-12)


def test_primary_infusions_stop_with_treatment_or_with_life():
    patient = Parameters(horizon_months=3.5, stop_rate=0.1, death_rate_on=0.2, death_rate_off=0.4)
    on = [math.exp(-0.3 * t) for t in range(4)]
    assert primary(patient).undiscounted.infusions == pytest.approx(sum(on), rel=1e-12)
    off = [0.1 / (0.4 - 0.3) * (math.exp(-0.3 * t) - math.exp(-0.4 * t)) for t in range(4)]
    endless = replace(patient, washout_months=math.inf)
    assert primary(endless).undiscounted.infusions == pytest.approx(sum(on) + sum(off), rel=1e-12)


def test_secondary_infusions_follow_the_exponential_time_of_the_first_serious_infection():
    rate, horizon, force = 0.3, 3.0, math.log(1.04) / 12
    found = secondary(Parameters(horizon_months=horizon, rate_grade_3plus=rate, discount_rate_cost=0.04))
    left = [horizon - k for k in range(3)]
    assert found.undiscounted.infusions == pytest.approx(sum(1 - math.exp(-rate * t) for t in left), rel=1e-12)
    by_start = rate / (rate + force)
    expected = sum(math.exp(-force * k) * by_start * (1 - math.exp(-(rate + force) * t)) for k, t in enumerate(left))
    assert found.at_cost_rate.infusions == pytest.approx(expected, rel=1e-12)
    assert found.probability_ever_on_ig == pytest.approx(1 - math.exp(-0.9), rel=1e-12)


def test_infection_that_always_stops_treatment_never_starts_ig_unless_the_window_outlasts_treatment():
    patient = replace(BUSY, stop_probability=1.0)
    assert secondary(patient).probability_ever_on_ig == 0
    assert secondary(patient).undiscounted.infusions == 0
    assert secondary(replace(patient, washout_months=math.inf)).probability_ever_on_ig > 0.3


def test_onset_lag_leaves_the_first_months_unprotected():
    patient = Parameters(horizon_months=20, rate_grade_1_2=0.2, hr_grade_1_2=0.5, onset_lag_months=3)
    assert primary(patient).undiscounted.infections_grade_1_2 == pytest.approx(0.2 * (3 + 0.5 * 17), rel=1e-12)
    late = delayed(patient, 6)
    assert late.undiscounted.infections_grade_1_2 == pytest.approx(0.2 * (9 + 0.5 * 11), rel=1e-12)
    assert delayed(patient, 19.5).undiscounted.infections_grade_1_2 == pytest.approx(4.0, rel=1e-12)


def test_hazard_ratio_above_one_adds_infections():
    patient = Parameters(horizon_months=20, rate_grade_1_2=0.2, hr_grade_1_2=1.7)
    assert primary(patient).undiscounted.infections_grade_1_2 == pytest.approx(6.8, rel=1e-12)


def test_delayed_start_needs_the_window_open():
    patient = Parameters(horizon_months=40, stop_rate=0.1, death_rate_on=0.05, death_rate_off=0.05)
    assert delayed(patient, 8).probability_ever_on_ig == pytest.approx(math.exp(-0.15 * 8), rel=1e-12)
    endless = replace(patient, washout_months=math.inf)
    assert delayed(endless, 8).probability_ever_on_ig == pytest.approx(math.exp(-0.05 * 8), rel=1e-12)
    assert delayed(patient, 40).undiscounted.infusions == 0


@FAMILIES
def test_every_death_is_counted_once(patient):
    # With one death rate r everywhere, deaths = 1 - P(alive at H), and dP(alive)/dt = -r P(alive) without fatality.
    even = replace(patient, death_rate_off=patient.death_rate_on, case_fatality=0)
    alive = math.exp(-48 * patient.death_rate_on)
    for found in (none(even), primary(even), secondary(even)):
        assert found.undiscounted.other_deaths == pytest.approx(1 - alive, rel=1e-11)
        assert found.life_years * 12 == pytest.approx((1 - alive) / patient.death_rate_on, rel=1e-11)
    fatal = replace(patient, case_fatality=1.0, death_rate_on=0, death_rate_off=0)
    found = none(fatal, incidence_months=[48])
    assert found.undiscounted.infection_deaths == pytest.approx(found.incidence_grade_3plus[0], rel=1e-11)


def test_step_up_stays_befall_whoever_is_on_treatment_when_the_dose_is_due():
    # On treatment at month t with probability exp(-(0.1 + 0.2 + 0.3) t): stop, death, and infections that all kill.
    patient = Parameters(
        horizon_months=6, stop_rate=0.1, death_rate_on=0.2, death_rate_off=0.4, rate_grade_3plus=0.3, case_fatality=1,
        discount_rate_cost=0.05, cost_hospital_day=2000, step_up_months=(0, 1.5, 4, 6), step_up_days=(2, 1, 0.5, 9),
    )  # fmt: skip
    on, worth = math.exp(-0.6), 1.05 ** (-1 / 12)
    for found in (none(patient), primary(patient), delayed(patient, 2.0)):
        assert found.undiscounted.step_up_days == pytest.approx(2 + on**1.5 + 0.5 * on**4, rel=1e-12)
        exact = 2000 * (2 + (on * worth) ** 1.5 + 0.5 * (on * worth) ** 4)
        assert found.costs_discounted.step_up == pytest.approx(exact, rel=1e-12)
        assert found.costs_discounted.total == pytest.approx(exact, rel=1e-12)


def test_protection_keeps_more_patients_on_treatment_until_the_dose():
    # Infections at 0.5 a month all end treatment; immunoglobulin from month 1 prevents four in five of them.
    patient = Parameters(
        horizon_months=9, rate_grade_3plus=0.5, stop_probability=1, hr_grade_3plus=0.2, step_up_months=(3,),
        step_up_days=(1,),
    )  # fmt: skip
    found = [chosen.undiscounted.step_up_days for chosen in (none(patient), primary(patient), delayed(patient, 1))]
    assert found == pytest.approx([math.exp(-1.5), math.exp(-0.3), math.exp(-0.5 - 0.1 * 2)], rel=1e-12)


def test_with_nothing_happening_life_is_the_horizon():
    found = secondary(Parameters(horizon_months=48, utility_on=0.8, cost_drug_per_month=10))
    assert found.life_years == pytest.approx(4, rel=1e-14)
    assert found.qalys == found.qalys_discounted == pytest.approx(3.2, rel=1e-14)
    assert found.costs.total == found.costs_discounted.total == pytest.approx(480, rel=1e-14)
    assert found.probability_ever_on_ig == 0


def test_vanishing_frailty_variance_meets_no_frailty():
    sure, nearly = secondary(replace(BUSY, frailty_variance=0)), secondary(replace(BUSY, frailty_variance=1e-7))
    assert nearly.qalys == pytest.approx(sure.qalys, rel=1e-6)
    assert secondary(BUSY).qalys != pytest.approx(sure.qalys, rel=1e-4)


def test_gamma_nodes_have_the_moments_of_the_gamma_law():
    for variance in (0.05, 0.8, 3.0):
        nodes, shape = gamma_nodes(variance, 30), 1 / variance
        for power in (1, 2, 5):
            moment = variance**power * math.gamma(shape + power) / math.gamma(shape)
            assert float(nodes.w @ nodes.z**power) == pytest.approx(moment, rel=1e-12)


@pytest.mark.parametrize("variance", [0.2, 0.8, 2.5])
@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_doubling_the_frailty_nodes_changes_nothing(variance, rate):
    patient = replace(ENDLESS, frailty_variance=variance, rate_grade_3plus=rate, off_multiplier=1.3)
    once = secondary(patient, incidence_months=[10, 48])
    n_doubled = 2 * nodes_needed(variance, 48 * 1.3 * (0.12 + rate))
    doubled = secondary(patient, incidence_months=[10, 48], n_nodes=n_doubled)
    few = secondary(patient, incidence_months=[10, 48], n_nodes=3)
    assert once.costs_discounted.total == pytest.approx(doubled.costs_discounted.total, rel=1e-11)
    assert once.incidence_any_grade == pytest.approx(doubled.incidence_any_grade, rel=1e-11)
    assert once.incidence_any_grade != pytest.approx(few.incidence_any_grade, rel=1e-8)


# ---------------------------------------------------------------------------------- IgG tests

FALLING = IgGKinetics(
    igg_median=620,
    igg_log_sd=0.45,
    falling_fraction=0.7,
    half_life_months=1.5,
    assay_cv=0.12,
    igg_type_probability=0.4,
    m_protein_median=500,
    m_protein_log_sd=0.8,
    m_protein_decay_rate=0.2,
)
STEADY = IgGKinetics(igg_median=500, igg_log_sd=0.4, falling_fraction=0, half_life_months=1, assay_cv=0.2)
PHI = NormalDist().cdf


def test_first_test_is_low_with_the_lognormal_probability_of_igg_times_error():
    sigma2 = math.log(1 + 0.2**2)
    expected = PHI((math.log(400 / 500) + sigma2 / 2) / math.sqrt(0.4**2 + sigma2))
    assert first_low_test(STEADY, [0], 400)[0] == pytest.approx(expected, rel=1e-10)


def test_repeated_tests_of_a_steady_igg_are_a_normal_orthant():
    # With the threshold at the median of a measurement, the chance that n equicorrelated normals are all positive
    # is elementary for n <= 3 (Sheppard 1899): 1/4 + asin(rho) / 2 pi, and 1/8 + 3 asin(rho) / 4 pi.
    sigma2 = math.log(1 + 0.2**2)
    angle = math.asin(0.4**2 / (0.4**2 + sigma2)) / (4 * math.pi)
    all_high = [1, 1 / 2, 1 / 4 + 2 * angle, 1 / 8 + 3 * angle]
    found = first_low_test(STEADY, [0, 1, 2], 500 * math.exp(-sigma2 / 2))
    assert found == pytest.approx([a - b for a, b in pairwise(all_high)], rel=1e-10)


def test_error_free_igg_falls_under_the_threshold_once():
    exact = replace(FALLING, assay_cv=0, igg_type_probability=0)
    low_by = [
        PHI((math.log(400 / 620) - math.log(0.3 + 0.7 * 0.5 ** (t / 1.5))) / 0.45) for t in (0.0, 1.0, 2.0, 9.0)
    ]
    assert np.cumsum(first_low_test(exact, [0, 1, 2, 9], 400)) == pytest.approx(low_by, rel=1e-12)


def test_error_free_assay_is_the_quadratic_limit_of_a_small_error():
    without, small, double = (
        first_low_test(replace(FALLING, assay_cv=cv), [0, 1, 2, 3], 400) for cv in (0, 0.01, 0.02)
    )
    assert small - without == pytest.approx((double - without) / 4, rel=0.01)
    assert small == pytest.approx(without, abs=1e-4)


def test_m_protein_alone_decides_when_igg_is_known_exactly():
    known = replace(FALLING, assay_cv=0, igg_log_sd=0, falling_fraction=0, igg_median=300, igg_type_probability=1)
    low_by = [PHI((math.log(100 / 500) + 0.2 * t) / 0.8) for t in (0, 3, 6)]
    assert np.cumsum(first_low_test(known, [0, 3, 6], 400)) == pytest.approx(low_by, abs=1e-10)


def test_steady_m_protein_over_the_threshold_hides_the_fall_for_ever():
    hidden = replace(
        FALLING, igg_type_probability=1, m_protein_median=400, m_protein_log_sd=0, m_protein_decay_rate=0
    )
    assert first_low_test(hidden, [0, 5, 10], 400) == pytest.approx([0, 0, 0], abs=0)


@FAMILIES
def test_preemptive_that_always_finds_low_igg_is_primary_and_one_test(patient):
    found = preemptive(patient, FALLING, test_interval_months=3, threshold=1e9)
    expected = primary(patient)
    assert found.undiscounted.tests == pytest.approx(1, rel=1e-12)
    assert found.qalys_discounted == pytest.approx(expected.qalys_discounted, rel=1e-11)
    assert found.undiscounted.infusions == pytest.approx(expected.undiscounted.infusions, rel=1e-11)


@FAMILIES
def test_preemptive_that_never_finds_low_igg_is_none_and_tests_while_on_treatment(patient):
    calm = replace(patient, rate_grade_3plus=0)
    found = preemptive(calm, FALLING, test_interval_months=3, threshold=1e-9)
    assert found.qalys_discounted == pytest.approx(none(calm).qalys_discounted, rel=1e-11)
    assert found.undiscounted.tests == pytest.approx(sum(math.exp(-0.052 * t) for t in range(0, 48, 3)), rel=1e-11)


# ---------------------------------------------------------------------------------- refusals


def test_every_wrong_parameter_is_named_at_once():
    with pytest.raises(InputError) as caught:
        Parameters(horizon_months=0, stop_rate=-1, case_fatality=1.5, washout_months=3, cost_infusion=math.nan)
    places = {problem.place for problem in caught.value.problems}
    assert places == {"horizon_months", "stop_rate", "case_fatality", "washout_months", "cost_infusion"}


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("off_multiplier", lambda: primary(replace(BUSY, off_multiplier=0.2))),
        ("onset_lag_months", lambda: secondary(replace(BUSY, onset_lag_months=1))),
        ("start_month", lambda: delayed(BUSY, -1)),
        ("incidence_months[1]", lambda: none(BUSY, incidence_months=[0, 49])),
        ("n_nodes", lambda: none(BUSY, n_nodes=0)),
        ("threshold", lambda: first_low_test(FALLING, [0], 0)),
        ("assay_cv", lambda: replace(FALLING, assay_cv=0.001)),
        ("test_interval_months", lambda: preemptive(BUSY, FALLING, test_interval_months=0, threshold=400)),
    ],
)
def test_what_is_not_markov_or_not_meant_is_refused_by_name(place, call):
    with pytest.raises(InputError) as caught:
        call()
    assert [problem.place for problem in caught.value.problems] == [place]
