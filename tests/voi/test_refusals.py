"""Plans, populations and names that the value of information cannot be computed for, each told in words."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from sim.errors import UsageError
from sim.voi import correlations
from sim.voi.enbs import TrialPlan, enbs
from sim.voi.evsi import Evsi, _fall
from sim.voi.population import population_evpi, population_factor
from sim.voi.trials import Trial, TwoArmBinary, TwoArmContinuous, TwoArmCount


def problems(caught: pytest.ExceptionInfo[UsageError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_a_trial_that_cannot_be_planned_is_told_with_every_reason() -> None:
    with pytest.raises(UsageError, match="the trial cannot be planned") as caught:
        TrialPlan(-1, math.nan, recruited_per_year=0, follow_up_years=-0.5)
    assert problems(caught) == [
        "fixed_cost: found -1; a finite number from 0",
        "cost_per_patient: found nan; a finite number from 0",
        "follow_up_years: found -0.5; a finite number from 0",
        "recruited_per_year: found 0; above 0",
    ]


def test_a_population_that_cannot_be_counted_is_told_with_every_reason() -> None:
    with pytest.raises(UsageError, match="the population cannot be counted") as caught:
        population_factor(-1, math.inf, -0.01, from_year=-2)
    assert [line.partition(":")[0] for line in problems(caught)] == [
        "patients_per_year", "years", "discount_rate_per_year", "from_year"
    ]  # fmt: skip
    with pytest.raises(UsageError, match=re.escape("evpi_per_patient: found -1; a finite number from 0")):
        population_evpi(-1, 100, 5, 0.03)
    # Evenly over five years without discounting: 500 patients; nobody comes after the end.
    assert population_evpi(2.0, 100, 5, 0) == 1000
    assert population_factor(100, 5, 0.03, from_year=6) == 0


@pytest.mark.parametrize(
    ("design", "told"),
    [
        (TwoArmContinuous("c", "t", 0.0), ["sd: found 0; a finite number above 0"]),
        (
            TwoArmCount("c", "t", 0.0, -0.5),
            [
                "parameter c: found -1 (1 such draws); from 0",
                "follow_up_years: found 0; a finite number above 0",
                "frailty_variance: found -0.5; a finite number from 0",
            ],
        ),
        (
            TwoArmBinary("c", "t"),
            ["parameter c: found -1 (1 such draws); from 0 to 1", "parameter t: found 3 (2 such draws); from 0 to 1"],
        ),
    ],
)
def test_a_design_that_cannot_be_is_told_with_place_found_and_allowed(design: Trial, told: list[str]) -> None:
    values = np.array([[-1.0, 3.0], [0.5, 0.5], [0.0, 2.0]])
    assert [str(problem) for problem in design.problems(values)] == told


def test_no_size_of_a_trial_and_too_few_names_are_told() -> None:
    with pytest.raises(UsageError, match="values: found none; the EVSI of at least one size"):
        enbs((), TrialPlan(0, 0), patients_per_year=100, years=5, discount_rate_per_year=0.03)
    draws = np.random.default_rng(1).normal(size=(60, 2))
    with pytest.raises(UsageError, match="strategies: found 1 names; 2, one for each column"):
        correlations(draws, pd.DataFrame({"a": draws[:, 0]}), strategies=["alone"])


def test_a_larger_trial_that_seems_worth_less_is_told_beside_its_noise() -> None:
    before = Evsi(100, 10.0, 1.0, 20.0, 30.0, "", np.array([8.0, 10.0, 12.0]))
    noisy, steady = np.array([7.0, 11.0, 9.0]), np.array([7.5, 9.5, 11.5])
    assert _fall(10.0, steady, before) == _fall(5.0, steady, None) == ""
    assert _fall(9.0, noisy, before) == "estimated at 1 less than 100 per arm, within one standard error"
    assert _fall(9.5, steady, before) == "estimated at 0.5 less than 100 per arm, beyond one standard error"
