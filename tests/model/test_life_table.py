"""Deaths by a life table: against constant rates, a naive walk through the years, and numerical integration."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sim.model.exits import death_time, death_time_at_rates
from sim.model.parts import Floats, LifeTable, Treatment

RATES = st.one_of(st.just(0.0), st.floats(1e-4, 0.5))
STOPS = st.floats(0.0, 240.0) | st.just(np.inf)
FIRST = 60


def death(treatment: Treatment, hazard: float, stop: float, age: float, male: bool) -> float:
    one = (np.array([hazard]), np.array([stop]), np.array([age]), np.array([male]))
    return float(death_time(treatment, *one)[0])


def with_table(rate: Floats, on: float = 0.0, off: float = 0.0) -> Treatment:
    return Treatment(death_rate_on=on, death_rate_off=off, life_table=LifeTable(FIRST, rate))


def hazard_at(treatment: Treatment, month: float, stop: float, age: float, male: bool) -> float:
    """Written down anew: the disease's rate at this month, and the table's at the age then."""
    assert treatment.life_table is not None
    years = math.floor(age + month / 12 + 1e-12)
    row = min(years - FIRST, treatment.life_table.rate.shape[1] - 1)
    rate = treatment.death_rate_on if month < stop else treatment.death_rate_off
    return rate + float(treatment.life_table.rate[int(male), row])


def spent(treatment: Treatment, until: float, stop: float, age: float, male: bool) -> float:
    """Cumulative hazard at `until`, summed between all months at which the hazard can change."""
    assert treatment.life_table is not None
    birthdays = [12 * (year - age) for year in range(FIRST, FIRST + treatment.life_table.rate.shape[1] + 1)]
    cuts = sorted({0.0, until, *(cut for cut in (*birthdays, stop) if 0 < cut < until)})
    pairs = pairwise(cuts)
    return sum((b - a) * hazard_at(treatment, (a + b) / 2, stop, age, male) for a, b in pairs)


@given(hazard=st.floats(1e-6, 30.0), stop=STOPS, on=RATES, off=RATES, background=RATES, age=st.floats(60.0, 75.0))
def test_a_table_of_one_rate_is_that_rate_added(
    hazard: float, stop: float, on: float, off: float, background: float, age: float
) -> None:
    flat = with_table(np.full((2, 6), background), on, off)
    constant = death_time_at_rates(np.array([hazard]), np.array([stop]), on + background, off + background)[0]
    # Years are summed one after the other, and the rates of very long lives are small.
    assert death(flat, hazard, stop, age, True) == pytest.approx(constant, rel=1e-9, abs=1e-9)


@given(
    hazard=st.floats(1e-3, 20.0),
    stop=STOPS,
    on=RATES,
    off=RATES,
    age=st.floats(60.0, 75.0),
    male=st.booleans(),
    rate=st.lists(st.floats(1e-4, 0.3), min_size=8, max_size=8),
)
def test_the_cumulative_hazard_at_death_is_the_patients_luck(
    hazard: float, stop: float, on: float, off: float, age: float, male: bool, rate: list[float]
) -> None:
    treatment = with_table(np.array(rate).reshape(2, 4), on, off)
    month = death(treatment, hazard, stop, age, male)
    assert spent(treatment, month, stop, age, male) == pytest.approx(hazard, rel=1e-8)


def test_without_any_hazard_nobody_dies() -> None:
    nobody = with_table(np.zeros((2, 3)))
    assert death(nobody, 1.0, np.inf, 60.0, False) == np.inf
    assert death(nobody, 1.0, 5.0, 61.5, True) == np.inf
    # A table that begins to kill at 62 does so from the birthday on: 1 / 0.1 is 10 months after month 6.
    late = with_table(np.array([[0.0, 0.0, 0.1], [0.0, 0.0, 0.0]]))
    assert death(late, 1.0, np.inf, 61.5, False) == pytest.approx(16.0)
    assert death(late, 1.0, np.inf, 61.5, True) == np.inf


@given(hazard=st.floats(1e-3, 5.0), stop=st.floats(0.0, 100.0), share=st.floats(0.0, 1.0), on=RATES)
def test_an_earlier_end_of_treatment_never_delays_death_where_the_rate_after_is_higher(
    hazard: float, stop: float, share: float, on: float
) -> None:
    treatment = with_table(np.array([[0.001, 0.01, 0.05]] * 2), on, on + 0.02)
    late, early = (death(treatment, hazard, end, 61.3, True) for end in (stop, stop * share))
    assert early <= late * (1 + 1e-12)


def test_patients_together_die_as_each_would_alone() -> None:
    rng = np.random.default_rng(3)
    treatment = with_table(np.sort(rng.uniform(0.001, 0.05, (2, 30)), axis=1), 0.01, 0.04)
    n = 500
    hazard, stop, age = rng.exponential(size=n), rng.exponential(10, n), rng.uniform(60, 95, n)
    male = rng.random(n) < 0.5
    together = death_time(treatment, hazard, stop, age, male)
    alone = [death(treatment, *row) for row in zip(hazard, stop, age, male, strict=True)]
    assert together.tolist() == alone


def test_mean_survival_is_the_integral_of_the_survival_function() -> None:
    """E[min(T, 300)] = integral of exp(-cumulative hazard), at a stop in month 9.

    Power: 200,000 deaths know the mean (about 90 months) to 0.2; the control, every rate of the table 5 % up, moves
    it by more than 8 standard errors.
    """
    rate = 0.004 * np.exp(0.1 * np.arange(30)) * np.array([[0.7], [1.0]])
    treatment = with_table(rate, 0.001, 0.002)
    hazard = np.random.default_rng(11).exponential(size=200_000)
    same = np.ones(hazard.size)
    lived = np.minimum(death_time(treatment, hazard, 9.0 * same, 66.4 * same, same > 0), 300.0)
    error = lived.std(ddof=1) / math.sqrt(hazard.size)

    def expected(factor: float) -> float:
        told = with_table(rate * factor, 0.001, 0.002)
        cuts = [0.0, 9.0, *(12 * (year - 66.4) for year in range(67, 92)), 300.0]
        pieces = [
            quad(lambda month: math.exp(-spent(told, month, 9.0, 66.4, True)), a, b)[0]
            for a, b in pairwise(sorted(cuts))
        ]
        return sum(pieces)

    assert abs(lived.mean() - expected(1.0)) < 4 * error
    assert abs(lived.mean() - expected(1.05)) > 8 * error
