"""Regular appointments against brute force: every one is written down and compared with the limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.model.parts import Floats
from sim.model.schedule import appointment, count_before, count_until


@dataclass(frozen=True)
class Course:
    """Appointments from `start` every `interval`, and a limit."""

    start: float
    interval: float
    limit: float

    def written_down(self) -> list[float]:
        """All appointments that could matter, one multiplication and one addition each."""
        reach = max(self.limit - self.start, 0.0) / self.interval
        return [self.start + k * self.interval for k in range(int(reach) + 3)]


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Starts to 20 years, intervals from 9 hours to 5 years; the limit anywhere or within 3 ulp of an appointment."""
    start = draw(st.floats(0.0, 240.0))
    interval = draw(st.floats(0.0125, 60.0) | st.sampled_from([28 / 30.4375, 21 / 30.4375, 1.0, 0.1, 1 / 3]))
    if draw(st.booleans()):
        return Course(start, interval, draw(st.floats(0.0, 480.0)))
    limit = start + draw(st.integers(0, 3_000)) * interval
    for _ in range(draw(st.integers(0, 3))):
        limit = float(np.nextafter(limit, draw(st.sampled_from([-np.inf, np.inf]))))
    return Course(start, interval, limit)


@given(course=courses())
@example(Course(0.0, 0.1, 0.3))
@example(Course(0.0, 0.1, 0.1 + 0.1 + 0.1))
@example(Course(0.0, 0.1, 3 * 0.1))
@example(Course(5.0, 1.0, 5.0))
@settings(max_examples=400)
def test_count_before_is_the_number_of_appointments_strictly_before(course: Course) -> None:
    expected = sum(when < course.limit for when in course.written_down())
    counted = count_before(np.array([course.start]), course.interval, np.array([course.limit]))
    assert counted.tolist() == [expected]


@given(course=courses())
@example(Course(0.0, 0.1, 0.3))
@example(Course(0.0, 0.1, 3 * 0.1))
@example(Course(5.0, 1.0, 5.0))
@settings(max_examples=400)
def test_count_until_is_the_number_of_appointments_at_or_before(course: Course) -> None:
    expected = sum(when <= course.limit for when in course.written_down())
    counted = count_until(np.array([course.start]), course.interval, np.array([course.limit]))
    assert counted.tolist() == [expected]


@pytest.mark.parametrize("interval", [28 / 30.4375, 21 / 30.4375, 0.1, 1 / 3, 1.0, 0.7])
def test_limits_next_to_an_appointment_are_counted_right(interval: float) -> None:
    """20,000 limits at, one unit in the last place before, and one after an appointment.

    The rounded quotient ceil((limit - start) / interval) alone would be too high for some and too low for others.
    """
    generator = np.random.default_rng(8)
    start = generator.choice([0.0, 0.7, 1.0, 5.3, 57.9], 20_000) * generator.choice([1.0, 1 / 3], 20_000)
    at = appointment(start, interval, generator.integers(1, 200, 20_000))
    towards = generator.choice([-np.inf, np.inf], 20_000)
    limit = np.where(generator.random(20_000) < 1 / 3, at, np.nextafter(at, towards))
    before = count_before(start, interval, limit)
    assert (appointment(start, interval, before - 1) < limit).all()
    assert (appointment(start, interval, before) >= limit).all()
    until = count_until(start, interval, limit)
    assert (appointment(start, interval, until - 1) <= limit).all()
    assert (appointment(start, interval, until) > limit).all()


def test_the_rounded_quotient_alone_would_miscount() -> None:
    """Every 0.1 from 0.7: it rounds up at 0.7 + 3 * 0.1, and down just after 0.7 + 36 * 0.1."""
    start, interval = 0.7, 0.1
    k = np.arange(1, 2_000)
    on = appointment(start, interval, k)
    just_after = np.nextafter(on, np.inf)
    assert (np.ceil((on - start) / interval) > k).any()
    assert (np.ceil((just_after - start) / interval) < k + 1).any()
    assert np.array_equal(count_before(np.full(k.shape, start), interval, on), k)
    assert np.array_equal(count_before(np.full(k.shape, start), interval, just_after), k + 1)


def test_before_leaves_out_what_until_takes_in() -> None:
    """From month 2 every month: before month 5 those of months 2, 3, 4; until month 5 also that of month 5."""
    assert count_before(np.array([2.0]), 1.0, np.array([5.0])).tolist() == [3.0]
    assert count_until(np.array([2.0]), 1.0, np.array([5.0])).tolist() == [4.0]


@pytest.mark.parametrize("count", [count_before, count_until])
@pytest.mark.parametrize("interval", [0.5, np.inf])
def test_a_course_that_starts_after_the_limit_has_no_appointments(
    count: Callable[[Floats, float, Floats], Floats], interval: float
) -> None:
    starts = np.array([6.0, np.inf])
    assert count(starts, interval, np.array([5.0, 5.0])).tolist() == [0.0, 0.0]


def test_a_course_without_interval_is_one_appointment() -> None:
    start, limit = np.array([1.0, 5.0, 9.0]), np.full(3, 5.0)
    assert count_before(start, np.inf, limit).tolist() == [1.0, 0.0, 0.0]
    assert count_until(start, np.inf, limit).tolist() == [1.0, 1.0, 0.0]


def test_a_course_that_never_starts_has_none_before_a_limit_that_never_comes() -> None:
    assert count_before(np.array([np.inf]), 1.0, np.array([np.inf])).tolist() == [0.0]


def test_counting_many_courses_is_counting_each() -> None:
    starts, limits = np.array([[0.0, 0.25], [3.0, np.inf]]), np.array([[1.0], [4.0]])
    assert count_before(starts, 0.5, limits).tolist() == [[2.0, 2.0], [2.0, 0.0]]
