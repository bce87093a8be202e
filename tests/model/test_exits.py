"""Ends of treatment and deaths that no strategy causes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model.exits import death_time_at_rates, stop_time

HAZARDS = st.floats(1e-6, 30.0)
RATES = st.floats(1e-4, 2.0)
STOPS = st.floats(0.0, 240.0)


def death(hazard: float, stop: float, rate_on: float, rate_off: float) -> float:
    return float(death_time_at_rates(np.array([hazard]), np.array([stop]), rate_on, rate_off)[0])


def spent_by(time: float, stop: float, rate_on: float, rate_off: float) -> float:
    """Cumulative hazard at `time` of a rate that changes once."""
    return rate_on * min(time, stop) + rate_off * max(time - stop, 0.0)


def test_treatment_ends_when_its_hazard_is_spent() -> None:
    """0.4 at 0.08 a month is 5 months, 1.2 is 15."""
    assert stop_time(np.array([0.4, 1.2]), 0.08) == pytest.approx([5.0, 15.0])


def test_treatment_that_never_stops_has_no_end() -> None:
    assert np.isposinf(stop_time(np.array([0.4, 30.0]), 0.0)).all()


@pytest.mark.parametrize(
    ("hazard", "month"),
    [(0.06, 5.0), (0.12, 10.0), (0.165, 11.0), (0.57, 20.0)],
    ids=["on treatment", "at its end", "a month after", "long after"],
)
def test_death_spends_one_rate_on_treatment_and_the_other_after_it(hazard: float, month: float) -> None:
    """0.012 a month to month 10 spends 0.12; what is left goes at 0.045 a month: 0.045 in 1 month, 0.45 in 10."""
    assert death(hazard, 10.0, 0.012, 0.045) == pytest.approx(month, rel=1e-12)


@given(hazard=HAZARDS, stop=STOPS, rate_on=RATES, rate_off=RATES)
def test_the_cumulative_hazard_at_death_is_the_patients_luck(
    hazard: float, stop: float, rate_on: float, rate_off: float
) -> None:
    time = death(hazard, stop, rate_on, rate_off)
    # Subtracting what was spent on treatment loses digits in proportion to what was spent.
    assert spent_by(time, stop, rate_on, rate_off) == pytest.approx(hazard, rel=1e-11, abs=1e-13 * rate_on * stop)


@given(hazard=HAZARDS, stop=STOPS, earlier=st.floats(0.0, 1.0), rate_on=RATES, factor=st.floats(1.0, 20.0))
def test_an_earlier_end_of_treatment_never_delays_death_where_the_rate_after_is_higher(
    hazard: float, stop: float, earlier: float, rate_on: float, factor: float
) -> None:
    late = death(hazard, stop, rate_on, rate_on * factor)
    early = death(hazard, stop * earlier, rate_on, rate_on * factor)
    assert early <= late * (1 + 1e-12)


@given(hazard=HAZARDS, stop=st.floats(0.0, 240.0) | st.just(np.inf), rate=RATES)
def test_one_rate_throughout_makes_the_end_of_treatment_irrelevant(hazard: float, stop: float, rate: float) -> None:
    assert death(hazard, stop, rate, rate) == pytest.approx(hazard / rate, rel=1e-9)


@pytest.mark.parametrize(
    ("stop", "rate_on", "rate_off", "month"),
    [
        (np.inf, 0.02, 0.05, 50.0),
        (np.inf, 0.0, 0.05, np.inf),
        (10.0, 0.0, 0.05, 30.0),
        (10.0, 0.02, 0.0, np.inf),
        (60.0, 0.02, 0.0, 50.0),
        (10.0, 0.0, 0.0, np.inf),
        (0.0, 0.02, 0.05, 20.0),
    ],
)
def test_rates_of_zero_and_treatment_without_end(stop: float, rate_on: float, rate_off: float, month: float) -> None:
    """Hazard 1: at 0.02 alone month 50, at 0.05 alone 20 months after treatment, never where no rate is left."""
    assert death(1.0, stop, rate_on, rate_off) == pytest.approx(month, rel=1e-12)
