"""Waiting for a chair against queueing theory: one visit a patient, Poisson arrivals, chairs open day and night.

Truth: Erlang (1917), as in any textbook. With c chairs, arrival rate lambda, service rate mu and a = lambda / mu, the
mean wait is C(c, a) / (c mu - lambda), C being the probability of waiting; with fixed service and one chair it is
rho / (2 mu (1 - rho)) (Pollaczek 1930, Khinchine 1932).

Means are of replications, their standard error that between replications; the bound is 4 of them, which a right queue
misses once in sixteen thousand tests. Power: the error is some 2 % of the mean, so that a mean wrong by 15 % is found
out all but surely; the negative controls are a chair too many and exponential service taken for fixed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim.engines import programme
from sim.engines.arrivals import patient_numbers, poisson_starts
from sim.engines.fates import Fates
from sim.engines.infusion_centre import HOURS_PER_MONTH
from sim.model.parts import NEVER
from sim.model.parts.programme import Booking, Chairs, Programme
from sim.streams import AddressedLuck
from tests.programme.quiet import FIRST_COME, plan, quiet_model

LAST = 1e9


def erlang_c(c: int, load: float) -> float:
    """Probability of waiting in M/M/c at `load` = lambda / mu."""
    here = load**c / math.factorial(c) * c / (c - load)
    return here / (sum(load**k / math.factorial(k) for k in range(c)) + here)


def waits(per_hour: float, chairs: Chairs, replications: int, months: float) -> tuple[float, float, float]:
    """Mean hours of waiting, its standard error, and the mean number of chairs in use."""
    model = quiet_model(horizon=0.5)
    model = dataclasses.replace(model, strategies=(dataclasses.replace(model.strategies[0], start=NEVER),))
    rate = per_hour * HOURS_PER_MONTH
    what: Programme = plan(
        months,
        warm_up=0.25,
        arrivals=((0.0, rate),),
        chairs=chairs,
        dosing=((0.0, LAST),),
        booking=Booking(LAST, LAST),
    )
    luck, means, used = AddressedLuck(11), [], []
    for replication in range(replications):
        starts = poisson_starts(what, luck, replication)
        fates = Fates(model, luck, patient_numbers(replication, starts.size), np.full(starts.size, 0.5))
        record = programme.play(what, FIRST_COME, fates, luck, starts, np.zeros(starts.size, dtype=np.int64))
        own = record.visits.due >= 0
        means.append(float((record.visits.began - record.visits.due)[own].mean()) * HOURS_PER_MONTH)
        used.append(float(record.visits.hours[own].sum()) / (months * HOURS_PER_MONTH))
    return float(np.mean(means)), float(np.std(means, ddof=1)) / math.sqrt(replications), float(np.mean(used))


Found = tuple[float, float, float]


@pytest.fixture(scope="module")
def three_chairs() -> Found:
    chairs = Chairs(places=3, hours_per_dose=1.0, exponential=True)
    return waits(2.25, chairs, replications=20, months=1.0)


def test_waiting_times_are_those_of_erlang_c(three_chairs: Found) -> None:
    mean, error, used = three_chairs
    truth = erlang_c(3, 2.25) / (3 - 2.25)
    assert truth == pytest.approx(0.7570, abs=1e-4)
    assert abs(mean - truth) < 4 * error
    assert error < 0.06 * truth
    # Every arrival brings an hour of service: chairs in use are lambda / mu.
    assert used == pytest.approx(2.25, rel=0.03)


def test_a_chair_too_many_would_be_found_out(three_chairs: Found) -> None:
    mean, error, _ = three_chairs
    assert abs(mean - erlang_c(4, 2.25) / (4 - 2.25)) > 6 * error


def test_one_chair_and_fixed_visits_wait_as_pollaczek_and_khinchine_say() -> None:
    mean, error, _ = waits(0.7, Chairs(places=1, hours_per_dose=1.0), replications=20, months=1.5)
    truth = 0.7 / (2 * (1 - 0.7))
    assert abs(mean - truth) < 4 * error
    assert error < 0.06 * truth
    # Exponential visits would wait twice as long.
    assert abs(mean - 2 * truth) > 6 * error


def test_patients_at_regular_distance_wait_as_worked_by_hand() -> None:
    # One chair, two hours a visit, a patient every hour: the k-th (from 0) waits k hours.
    model = quiet_model(horizon=0.5)
    model = dataclasses.replace(model, strategies=(dataclasses.replace(model.strategies[0], start=NEVER),))
    what = plan(0.5, chairs=Chairs(places=1, hours_per_dose=2.0), dosing=((0.0, LAST),), booking=Booking(LAST, LAST))
    starts = np.arange(6) / HOURS_PER_MONTH
    luck = AddressedLuck(1)
    fates = Fates(model, luck, np.arange(6), np.full(6, 0.5))
    record = programme.play(what, FIRST_COME, fates, luck, starts, np.zeros(6, dtype=np.int64))
    hours = (record.visits.began - record.visits.due) * HOURS_PER_MONTH
    np.testing.assert_allclose(hours, [0, 1, 2, 3, 4, 5], atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("c", "load"), [(1, 0.6), (2, 1.5), (4, 3.4), (8, 6.8)])
def test_waiting_times_are_those_of_erlang_c_at_many_loads(c: int, load: float) -> None:
    chairs = Chairs(places=c, hours_per_dose=1.0, exponential=True)
    mean, error, _ = waits(load, chairs, replications=40, months=min(4.0, 8.0 / load))
    assert abs(mean - erlang_c(c, load) / (c - load)) < 4 * error


# ---------------------------------------------------------------------- opening hours, worked by hand

HOUR = 1 / HOURS_PER_MONTH
WORKDAYS = Chairs(places=1, opens=8.0, closes=16.0, days_per_week=5, first_weekday=3, hours_per_dose=3.0)
"""One chair; the programme begins on a Thursday."""


def _at(day: int, hour: float) -> float:
    return (24 * day + hour) * HOUR


@pytest.mark.parametrize(
    ("starts", "began"),
    [
        ([_at(0, 9)], [_at(0, 9)]),
        ([_at(0, 5)], [_at(0, 8)]),
        ([_at(0, 17)], [_at(1, 8)]),
        # Friday evening: Monday morning.
        ([_at(1, 18)], [_at(4, 8)]),
        # At 14 an hour too late for a visit of three hours.
        ([_at(0, 14)], [_at(1, 8)]),
        # Three at 9: 9 to 12, 12 to 15, and the third next morning.
        ([_at(0, 9)] * 3, [_at(0, 9), _at(0, 12), _at(1, 8)]),
    ],
)
def test_visits_keep_to_the_opening_hours(starts: list[float], began: list[float]) -> None:
    record = _doses(starts, WORKDAYS)
    np.testing.assert_allclose(np.sort(record.visits.began), began, atol=1e-9)


def test_who_has_not_begun_in_time_is_missed() -> None:
    record = _doses([_at(0, 9)] * 3, WORKDAYS, booking=Booking(0.1, 4 * HOUR))
    assert sorted(record.visits.outcome) == [0, 0, programme.Outcome.NO_CHAIR]


def _doses(starts: list[float], chairs: Chairs, booking: Booking | None = None) -> programme.Record:
    model = quiet_model(horizon=0.5)
    model = dataclasses.replace(model, strategies=(dataclasses.replace(model.strategies[0], start=NEVER),))
    what = plan(0.5, chairs=chairs, dosing=((0.0, LAST),), booking=booking or Booking(LAST, LAST))
    luck, n = AddressedLuck(1), len(starts)
    fates = Fates(model, luck, np.arange(n), np.full(n, 0.5))
    return programme.play(what, FIRST_COME, fates, luck, np.array(starts), np.zeros(n, dtype=np.int64))


# ---------------------------------------------------------------------- arrivals


def _expected(month: float) -> float:
    """Patients expected by a month, at 2 a month until 3 and 5 a month from then on, with a month of warm-up."""
    return 2 * (min(month, 3) + 1) + 5 * max(month - 3, 0)


@pytest.mark.parametrize("law", [_expected])
def test_patients_start_at_the_rates_of_the_scenario(law: Callable[[float], float]) -> None:
    what = plan(10.0, warm_up=1.0, arrivals=((0.0, 2.0), (3.0, 5.0)))
    luck = AddressedLuck(5)
    starts = [poisson_starts(what, luck, replication) for replication in range(400)]
    assert all(np.all(np.diff(each) > 0) and each[0] >= -1 and each[-1] < 10 for each in starts)
    for month in (0.0, 3.0, 6.0, 10.0):
        counts = np.array([np.sum(each < month) for each in starts])
        # Poisson: the variance of a count is its mean, and that of the mean of 400 a 400th of it.
        assert abs(counts.mean() - law(month)) < 4 * math.sqrt(law(month) / 400)
        assert counts.var() / counts.mean() == pytest.approx(1, abs=0.3)
    # Negative control: the rate of the first period throughout.
    assert abs(np.mean([each.size for each in starts]) - 22) > 6 * math.sqrt(22 / 400)


def test_another_rate_makes_no_new_patients_but_moves_them() -> None:
    luck = AddressedLuck(5)
    slow, fast = (poisson_starts(plan(10.0, arrivals=((0.0, rate),)), luck, 7) for rate in (2.0, 4.0))
    np.testing.assert_allclose(fast[: slow.size] * 2, slow, rtol=1e-12)
