"""Discounting against numerical integration and explicit sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sim.model.discounting import appointments, factor, flow, monthly_rate

ANNUAL = st.floats(0.0001, 0.3)
MONTHS = st.floats(0.0, 480.0)


def one_flow(delta: float, start: float, end: float) -> float:
    return float(flow(delta, np.array([start]), np.array([end]))[0])


def one_course(delta: float, start: float, interval: float, count: float) -> float:
    return float(appointments(delta, np.array([start]), interval, np.array([count]))[0])


def test_a_year_discounts_by_one_plus_the_annual_rate() -> None:
    """At 3.5 %: 1 / 1.035 = 0.966183575 after a year (not 1 - 0.035), 1 / 1.035^2 = 0.933510700 after two."""
    worth = factor(monthly_rate(0.035), np.array([0.0, 12.0, 24.0, 120.0]))
    assert worth == pytest.approx([1.0, 0.966183575, 0.933510700, 0.708918814], abs=1e-9)


@given(annual=ANNUAL, month=MONTHS)
def test_the_factor_is_the_textbook_power(annual: float, month: float) -> None:
    assert float(factor(monthly_rate(annual), np.array([month]))[0]) == pytest.approx((1 + annual) ** (-month / 12))


def test_without_discounting_everything_counts_in_full() -> None:
    assert monthly_rate(0.0) == 0.0
    assert factor(0.0, np.array([0.0, 100.0])).tolist() == [1.0, 1.0]
    assert one_flow(0.0, 3.0, 10.5) == 7.5
    assert one_course(0.0, 3.0, 0.9, 8.0) == 8.0


@given(annual=ANNUAL, start=MONTHS, length=MONTHS)
def test_a_flow_is_the_integral_of_the_discount_factor(annual: float, start: float, length: float) -> None:
    expected, _ = quad(lambda t: (1 + annual) ** (-t / 12), start, start + length, epsabs=0, epsrel=1e-10)
    assert one_flow(monthly_rate(annual), start, start + length) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@given(annual=ANNUAL, start=MONTHS, first=MONTHS, second=MONTHS)
def test_two_flows_end_to_end_are_one(annual: float, start: float, first: float, second: float) -> None:
    delta, middle = monthly_rate(annual), start + first
    whole = one_flow(delta, start, middle + second)
    assert one_flow(delta, start, middle) + one_flow(delta, middle, middle + second) == pytest.approx(whole)


@given(annual=ANNUAL, start=MONTHS, interval=st.floats(0.1, 24.0), count=st.integers(0, 300))
def test_appointments_are_discounted_one_by_one(annual: float, start: float, interval: float, count: int) -> None:
    explicit = math.fsum((1 + annual) ** (-(start + k * interval) / 12) for k in range(count))
    assert one_course(monthly_rate(annual), start, interval, count) == pytest.approx(explicit, rel=1e-9)


def test_a_tiny_rate_loses_nothing() -> None:
    """At 1e-12 a month 60 months are 60 - 1e-12 * 60^2 / 2, and months 0 to 59 are 60 - 1e-12 * (59 * 60 / 2)."""
    assert one_flow(1e-12, 0.0, 60.0) == pytest.approx(60.0 - 1.8e-9, rel=0, abs=1e-13)
    assert one_course(1e-12, 0.0, 1.0, 60.0) == pytest.approx(60.0 - 1.77e-9, rel=0, abs=1e-13)


def test_no_appointments_are_worth_nothing_even_if_the_first_is_never() -> None:
    assert one_course(0.01, np.inf, 1.0, 0.0) == 0.0
    assert one_course(0.0, np.inf, 1.0, 0.0) == 0.0


def test_a_single_appointment_has_no_interval() -> None:
    assert one_course(0.01, 10.0, np.inf, 1.0) == pytest.approx(math.exp(-0.1))
    assert one_course(0.01, np.inf, np.inf, 0.0) == 0.0


def test_an_empty_flow_is_worth_nothing() -> None:
    assert one_flow(0.01, 7.0, 7.0) == 0.0
