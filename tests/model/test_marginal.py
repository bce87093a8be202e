"""Hazard ratios of a cohort: against the closed form, and against what a study of simulated patients publishes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.errors import ScenarioError
from sim.model.hazards import subject_ratio
from sim.model.marginal import Strata, subject_ratios
from sim.model.parts import GRADE_1_2, GRADE_3PLUS, Floats
from sim.model.structure import Event
from sim.scenario import load
from sim.streams import AddressedLuck

SCENARIO = Path(__file__).parents[2] / "scenarios" / "marginal-effect.toml"
NO_CAUSE = np.array([False])


def alike(rate: float, months: float, variance: float, **changes: Floats) -> Strata:
    """A cohort of one stratum and one cause, in which nothing else ends the follow-up."""
    parts: dict[str, Floats] = {
        "weight": np.ones(1),
        "rate": np.full((1, 1, 2), rate),
        "stop_rate": np.array([0.1]),
        "cuts": np.array([0.0, months]),
        "speed": np.ones((1, 1)),
        "ends_follow_up": np.zeros(1),
    }
    return Strata(**{**parts, **changes}, frailty_variance=variance)


def ratio_of(stated: float, strata: Strata, grade: int = GRADE_3PLUS) -> float:
    return float(subject_ratios(np.full((1, 2), stated), NO_CAUSE, strata)[0, grade])


@given(
    stated=st.floats(0.05, 2.0),
    rate=st.floats(0.005, 0.3),
    months=st.floats(1.0, 24.0),
    variance=st.one_of(st.just(0.0), st.floats(0.05, 2.0)),
)
@settings(max_examples=60)
def test_patients_who_differ_by_frailty_alone_have_the_closed_form(
    stated: float, rate: float, months: float, variance: float
) -> None:
    expected = float(subject_ratio(np.array(stated), np.array(rate * months), variance))
    cuts = months * np.array([0.0, 0.004, 0.016, 0.06, 0.25, 1.0])
    strata = alike(rate, months, variance, cuts=cuts, speed=np.ones((1, 5)))
    assert ratio_of(stated, strata) == pytest.approx(expected, rel=1e-4)
    assert ratio_of(stated, strata, GRADE_1_2) == pytest.approx(expected, rel=1e-4)


def test_a_follow_up_that_hardly_anybody_ends_is_no_division_by_nought() -> None:
    # At the largest ratio tried 1,200 infections would be expected: exp(-1200) is no number. Two strata, so that
    # shares of those left are asked for; alike, so that the answer is known.
    one = alike(0.3, 40.0, 0.0)
    strata = replace(
        one,
        weight=np.array([0.4, 0.6]),
        rate=np.repeat(one.rate, 2, axis=0),
        stop_rate=np.repeat(one.stop_rate, 2),
        speed=np.repeat(one.speed, 2, axis=0),
    )
    assert ratio_of(0.5, strata) == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("stated", [5e-324, 1e-323, 1e-200, 1e-12])
@pytest.mark.parametrize("variance", [0.0, 1 / 3, 10.0])
def test_a_ratio_next_to_nothing_is_found_and_not_searched_for_ever(stated: float, variance: float) -> None:
    assert 0 <= ratio_of(stated, alike(0.5, 12.0, variance)) < 1e-11


@pytest.mark.parametrize("stated", [0.0, 1.0])
def test_no_infection_and_no_effect_stay_what_they_are(stated: float) -> None:
    assert ratio_of(stated, alike(0.2, 12.0, 0.8)) == stated


@pytest.mark.parametrize("rate", [0.75, 20.0])
def test_a_cohort_of_whom_nobody_is_left_still_has_a_ratio(rate: float) -> None:
    """Without frailty the ratio is the stated one, also where exp(-H) of those still followed is 0 in floating point.

    The solver tries ratios up to 100: at 0.75 a month for 11 months H is 825 there, at 20 a month 22,000.
    """
    strata = alike(rate, 11.0, 0.0, stop_rate=np.array([90.0]))
    assert ratio_of(0.5, strata) == pytest.approx(0.5, rel=1e-6)


def test_a_ratio_that_would_ask_too_much_of_patients_is_refused() -> None:
    # At rate 0.3 for 24 months and variance 2, 1 + theta H = 15.4: a ratio of 2 is (15.4^2 - 1)/14.4 = 16 for each,
    # one of 2.7 is 111.
    cuts = 24.0 * np.array([0.0, 0.004, 0.016, 0.06, 0.25, 1.0])
    strata = alike(0.3, 24.0, 2.0, cuts=cuts, speed=np.ones((1, 5)))
    assert ratio_of(2.0, strata) == pytest.approx(16.4, rel=0.02)
    with pytest.raises(ScenarioError, match=r"of grade >= 3 infections: found 2\.7; cannot show in this cohort"):
        ratio_of(2.7, strata)


def test_a_ratio_below_1_may_be_out_of_reach_where_immunoglobulin_keeps_other_patients_in_the_study() -> None:
    """Half fall ill at 0.3 a month, half next to never; these others leave by other infections, without Ig alone.

    Without immunoglobulin the study soon holds only those who fall ill: 24 months at 0.3, a cumulative hazard near 7,
    of which 0.5 is 3.5. With it the others stay, and even if all of the first half fell ill at once it would come to
    log 2. If the others had no other infections, those of 0.5 would be easily met.
    """
    cuts = 24.0 * np.array([0.0, 0.004, 0.016, 0.06, 0.25, 1.0])
    rate = np.array([[[0.3, 0.3], [0.0, 0.0]], [[1e-6, 1e-6], [2.0, 2.0]]])
    halves = {"weight": np.full(2, 0.5), "stop_rate": np.full(2, 0.1), "speed": np.ones((2, 5)), "cuts": cuts}
    own, stated = np.array([True, False]), np.array([[0.5, 0.5], [0.0, 0.0]])
    staying = replace(alike(0.0, 24.0, 0.0, ends_follow_up=np.zeros(2), **halves), rate=rate)
    assert 0 < subject_ratios(stated, own, staying)[0, GRADE_3PLUS] < 1
    leaving = replace(staying, ends_follow_up=np.ones(2))
    with pytest.raises(ScenarioError, match=r"of grade >= 3 infections: found 0\.5; cannot show in this cohort"):
        subject_ratios(stated, own, leaving)


def test_a_clock_that_runs_faster_is_a_longer_follow_up() -> None:
    """Speed 3 for two months and 0.5 for four are 8 months at speed 1; ends of treatment censor all alike."""
    uneven = alike(0.1, 6.0, 0.7, cuts=np.array([0.0, 2.0, 6.0]), speed=np.array([[3.0, 0.5]]))
    assert ratio_of(0.4, uneven) == pytest.approx(float(subject_ratio(np.array(0.4), np.array(0.8), 0.7)), rel=1e-6)


def test_strata_are_frailty_by_another_name() -> None:
    """Without frailty, half at 0.02 and half at 0.3: ratio of -log of the mean survival, followed alike."""
    rates, months = np.array([0.02, 0.3]), 10.0
    both = np.repeat(rates, 2).reshape(2, 1, 2)
    strata = replace(alike(0.0, months, 0.0), weight=np.full(2, 0.5), rate=both)
    strata = replace(strata, stop_rate=np.full(2, 0.05), speed=np.ones((2, 1)))
    found = ratio_of(0.4, strata)
    treated, untreated = (-np.log(np.exp(-h * rates * months).mean()) for h in (found, 1.0))
    assert treated / untreated == pytest.approx(0.4, rel=1e-6)
    assert found < 0.38


# ---------------------------------------------------------------------- what a study would publish

N = 60_000
# Immunoglobulin protects throughout: at once, and for longer than the interval, until the bispecific ends.
THROUGHOUT: dict[str, object] = {
    "immunoglobulin.onset_lag_days": 0,
    "immunoglobulin.protection_days": 60,
    "immunoglobulin.washout_months": 0,
    **{
        f"immunoglobulin.harms.{harm}.rate_per_month": 0
        for harm in ("arterial_thrombosis", "venous_thrombosis", "renal_injury", "hypersensitivity")
    },
    "analysis.strategies": ["none", "primary"],
}
# Everything that makes patients differ, larger than life: frailty, early hazard, reduced dosing, two agents of unlike
# duration and target, half of them carriers without a drug against it, fatal infections.
UNLIKE: dict[str, object] = {
    "immunoglobulin.marginal_follow_up_months": 15,
    "immunoglobulin.marginal_antimicrobials": ["antiviral", "cmv_pcr"],
    "strategies.none.antimicrobials": ["antiviral", "cmv_pcr"],
    "strategies.primary.antimicrobials": ["antiviral", "cmv_pcr"],
    "immunoglobulin.hr.grade_1_2": 0.7,
    "immunoglobulin.hr_by_cause": {"herpes": {"grade_1_2": 1, "grade_3plus": 0.6}},
    "patients.frailty_variance": 1.5,
    "patients.serostatus.cmv": 0.5,
    "patients.serostatus.herpes": 0.5,
    "patients.agents.teclistamab": 0.5,
    "patients.agents.elranatamab": 0,
    "patients.agents.linvoseltamab": 0,
    "patients.agents.talquetamab": 0.5,
    "agents.teclistamab.stop_rate_per_month": 0.02,
    "agents.talquetamab.stop_rate_per_month": 0.12,
    "targets.BCMA.hazard_periods": [{"from_month": 0, "multiplier": 2.5}, {"from_month": 3, "multiplier": 0.7}],
    "treatment.reduced_frequency": {"from_month": 4, "infection_multiplier": 0.4, "drug_cost_multiplier": 0.6},
    "infections.causes.herpes.rate_per_month.BCMA.grade_3plus": 0.15,
    "infections.causes.herpes.rate_per_month.GPRC5D.grade_3plus": 0.15,
    "infections.causes.cmv.rate_per_month.BCMA.grade_3plus": 0.1,
    "infections.causes.bacterial.case_fatality.grade_3plus": 0.5,
    "infections.causes.herpes.stop_probability.grade_3plus": 0.5,
}


@functools.cache
def cohort(unlike: bool, subject: bool) -> tuple[Mapping[str, tuple[Floats, Floats]], float]:
    """First infections by kind, [arm, patient]: month and whether it came before anything censored it."""
    changes = {**THROUGHOUT, **(UNLIKE if unlike else {})}
    changes |= {"immunoglobulin.effect": "subject"} if subject else {}
    scenario = load(SCENARIO, overrides=changes)
    follow_up = scenario.immunoglobulin.marginal_follow_up_months
    assert follow_up is not None
    model = compile_model(scenario)
    log = numpy_engine.event_log(model, AddressedLuck(23), np.arange(N))
    ends = np.full((2, N), follow_up.value)
    for event in (Event.TREATMENT_STOP, Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON):
        at = log.event == event
        np.minimum.at(ends, (log.strategy[at], log.patient[at]), log.time[at])
    herpes = model.infections.causes.index("herpes")
    kinds = {
        "grade 3": (log.grade == GRADE_3PLUS) & ((log.cause != herpes) | (not unlike)),
        "grade 1-2": (log.grade == GRADE_1_2) & ((log.cause != herpes) | (not unlike)),
        "herpes": (log.grade == GRADE_3PLUS) & (log.cause == herpes),
    }
    found = {}
    for name, kind in kinds.items():
        first = np.full((2, N), np.inf)
        at = (log.event == Event.INFECTION) & kind
        np.minimum.at(first, (log.strategy[at], log.patient[at]), log.time[at])
        found[name] = (np.minimum(first, ends), first <= ends)
    return found, follow_up.value


def log_ratio(months: Floats, ill: Floats) -> float:
    """Logarithm of the ratio of Nelson-Aalen cumulative hazards, primary over none."""
    hazards = []
    for month, event in zip(months, ill, strict=True):
        order = np.argsort(month, kind="stable")
        at_risk = np.arange(month.size, 0, -1)
        hazards.append((event[order] / at_risk).sum())
    return float(np.log(hazards[1] / hazards[0]))


def published(unlike: bool, kind: str, *, subject: bool = False) -> tuple[float, float]:
    """The ratio that a study of N patients in each arm publishes, on the log scale, and its standard error.

    The error is that of 30 batches of patients, each in both arms.
    """
    months, ill = cohort(unlike, subject)[0][kind]
    batches = [log_ratio(months[:, b::30], ill[:, b::30]) for b in range(30)]
    return log_ratio(months, ill), float(np.std(batches, ddof=1) / np.sqrt(30))


def test_the_shipped_scenario_shows_the_published_ratio() -> None:
    """0.38 in a cohort followed for 6.1 months on treatment; standard error of its logarithm about 0.01.

    Negative control: the number taken as a patient's own shows as 0.40, more than four standard errors off.
    """
    found, error = published(False, "grade 3")
    assert error < 0.02
    assert abs(found - np.log(0.38)) < 4 * error
    control, error = published(False, "grade 3", subject=True)
    assert control - np.log(0.38) > 4 * error


@pytest.mark.parametrize(("kind", "stated"), [("grade 3", 0.38), ("grade 1-2", 0.7), ("herpes", 0.6)])
def test_patients_as_unlike_as_can_be_show_the_stated_ratios(kind: str, stated: float) -> None:
    """Each kind within four standard errors (0.01 to 0.02); taken as a patient's own each is off by more."""
    found, error = published(True, kind)
    assert error < 0.03
    assert abs(found - np.log(stated)) < 4 * error
    control, error = published(True, kind, subject=True)
    assert control - np.log(stated) > 4 * error
