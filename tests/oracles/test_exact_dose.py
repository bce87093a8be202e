"""The dose that follows the patient against a chain that is exact (`tests.oracles.dose_chain`).

Bound: 4 Monte Carlo standard errors at 20,000 patients; over luck, a right engine exceeds it in one of the 30
comparisons once in 500 times. Power: every case names wrong readings of the rule, and some outcome must lie more than
6 standard errors from what each of them gives, so an engine that reads it so stays within the bound in under 3 %.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.parts import ALWAYS, DAYS_PER_MONTH, Distribution, DoseAdjustment, Immunoglobulin
from sim.model.structure import ClinicalModel
from sim.runs import play
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model
from tests.oracles.dose_chain import DoseRule, expectations

N_PATIENTS = 20_000
BOUND, POWER = 4.0, 6.0
UNIT = 14 / DAYS_PER_MONTH
WEIGHT_KG, DOSE_G_PER_KG, PRICE = 75.0, 0.4, 100.0

COMMON = DoseRule(
    unit_months=UNIT,
    horizon=78,
    interval=2,
    protection=3,
    rate=0.25,
    fatality=0.05,
    exit_rate=0.03,
    ratio=0.5,
    exponent=0.8,
    discount=np.log1p(0.03) / 12,
)
UP = replace(COMMON, step_up=1.5, maximum=2.25)
# Seldom infused and often ill: the months between an infection and the next dose matter.
SELDOM = replace(UP, interval=6, protection=7, rate=0.5, maximum=3.0, exponent=1.5)
CASES = {
    "up after a breakthrough": (SELDOM, ("no maximum", "at once")),
    "down after quiet months": (replace(COMMON, down_after=5, down=0.4), ("quiet from the start",)),
    "stop after quiet months": (replace(COMMON, stop_after=9), ("quiet from the start",)),
    "up, down and stop": (
        replace(UP, down_after=7, down=0.6, stop_after=13),
        ("no maximum", "quiet from the start"),
    ),
    "up, down and stop, no effect of dose": (
        replace(UP, down_after=3, down=0.6, stop_after=9, exponent=0.0),
        ("no maximum", "quiet from the start"),
    ),
}


def model_of(rule: DoseRule) -> ClinicalModel:
    """The compiled model that the rule is about; off treatment nobody is infected."""
    months = rule.unit_months
    adjustment = DoseAdjustment(
        step_up=rule.step_up,
        maximum=rule.maximum,
        down_after=rule.down_after * months,
        down=rule.down,
        stop_after=rule.stop_after * months,
        exponent=rule.exponent,
    )
    return build_model(
        horizon=rule.horizon * months,
        discount_costs=rule.discount,
        population__frailty_variance=0.0,
        population__weight_kg=Distribution("fixed", WEIGHT_KG),
        treatment__stop_rate=rule.exit_rate,
        treatment__death_rate_on=0.0,
        treatment__death_rate_off=0.0,
        infections__rate=np.array([[0.0, rule.rate]]),
        infections__hazard_ratio=np.array([[1.0, rule.ratio]]),
        infections__off_multiplier=0.0,
        infections__case_fatality=np.array([rule.fatality]),
        infections__stop_probability=np.zeros(1),
        immunoglobulin=Immunoglobulin(washout=0.0, adjustment=adjustment),
        immunoglobulin__interval=rule.interval * months,
        immunoglobulin__onset_lag=0.0,
        immunoglobulin__protection=rule.protection * months,
        immunoglobulin__dose_g_per_kg=DOSE_G_PER_KG,
        immunoglobulin__price_per_gram=PRICE,
        strategies=(replace(STRATEGIES[0], name="primary", label="Primary", start=ALWAYS),),
    )


def exact_outcomes(rule: DoseRule) -> dict[str, float]:
    """Exact means of columns of the outcomes table."""
    found, grams = expectations(rule), DOSE_G_PER_KG * WEIGHT_KG
    return {
        "infusions": found["infusions"],
        "ig_grams": grams * found["doses"],
        "cost:immunoglobulin": PRICE * grams * found["doses_discounted"],
        "infections_grade_3plus": found["severe"],
        "infection_death": found["infection_deaths"],
        "ig_months": found["ig_months"],
    }


@pytest.mark.parametrize("case", CASES)
def test_means_are_those_of_the_chain_and_of_no_wrong_reading(case: str) -> None:
    rule, misreadings = CASES[case]
    outcomes = play(model_of(rule), AddressedLuck(53), N_PATIENTS)
    mean = {name: float(outcomes.mean(name)[0]) for name in exact_outcomes(rule)}
    error = {name: float(outcomes.mcse(name)[0]) for name in mean}
    off = {name: (mean[name] - value) / error[name] for name, value in exact_outcomes(rule).items()}
    assert max(map(abs, off.values())) <= BOUND, off
    for misread in misreadings:
        wrong = exact_outcomes(replace(rule, misread=misread))
        assert max(abs(mean[name] - value) / error[name] for name, value in wrong.items()) > POWER, misread


def test_a_constant_dose_is_the_geometric_series() -> None:
    """The chain itself: no steps, nobody infected to death; infusion k is given with probability exp(-0.03 k τ)."""
    rule = replace(COMMON, fatality=0.0)
    found, step = expectations(rule), np.exp(-0.03 * 2 * UNIT)
    series = (1 - step**39) / (1 - step)
    months = -np.expm1(-0.03 * 78 * UNIT) / 0.03
    assert found["infusions"] == found["doses"] == pytest.approx(series, rel=1e-12)
    assert found["ig_months"] == pytest.approx(months, rel=1e-12)
    assert found["severe"] == pytest.approx(0.25 * 0.5 * months, rel=1e-12)


def test_a_course_without_exits_stops_after_its_first_quiet_spell() -> None:
    """The chain itself, by renewal: one unit is an infusion; quiet for 1 unit with q = exp(-h) ends the course.

    Infusions are 1 + (number of units before the first quiet one) + 1 for that one's own: geometric, mean 1 / q.
    """
    rule = DoseRule(1.0, 400, 1, 1, rate=0.6, fatality=0.0, exit_rate=0.0, ratio=0.5, exponent=0.0, stop_after=1)
    assert expectations(rule)["infusions"] == pytest.approx(np.exp(0.3), rel=1e-9)


def test_a_finer_unit_says_the_same() -> None:
    """The chain itself: halving the unit doubles every number of units and changes no expectation."""
    rule = CASES["up, down and stop"][0]
    finer = replace(
        rule,
        unit_months=UNIT / 2,
        **{
            name: 2 * getattr(rule, name)
            for name in ("horizon", "interval", "protection", "down_after", "stop_after")
        },
    )
    assert expectations(finer) == pytest.approx(expectations(rule), rel=1e-10)
