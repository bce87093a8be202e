"""The exposure clock: against numerical integration of its speed, and its inverse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.pace import Pace, groups
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import build_model

SPEEDS = st.floats(0.05, 4.0)
HORIZON = 120.0


@dataclass(frozen=True)
class Clock:
    """Periods, reduced dosing and the speed after treatment, as a scenario would have them."""

    starts: tuple[float, ...]
    multipliers: tuple[float, ...]
    reduced_from: float
    reduced_multiplier: float
    off_multiplier: float

    def pace(self) -> Pace:
        """The clock under test."""
        model = build_model(
            treatment__reduced_from=self.reduced_from,
            treatment__reduced_infection_multiplier=self.reduced_multiplier,
            infections__off_multiplier=self.off_multiplier,
        )
        (target,) = model.targets
        target = replace(target, period_starts=self.starts, period_multipliers=self.multipliers)
        return Pace.of(replace(model, targets=(target,)))

    def speed(self, month: float, is_responder: bool) -> float:
        """Speed on treatment, written as a table is read."""
        current = [m for start, m in zip(self.starts, self.multipliers, strict=True) if start <= month][-1]
        return current * (self.reduced_multiplier if is_responder and month >= self.reduced_from else 1.0)

    def shown(self, month: float, stop: float, is_responder: bool) -> float:
        """Integral of the speed: the midpoint rule, which is exact as the speed is constant between the cuts."""
        end = min(month, stop)
        cuts = sorted({0.0, end, *(c for c in (*self.starts, self.reduced_from) if 0 < c < end)})
        pieces = ((b - a) * self.speed(a + (b - a) / 2, is_responder) for a, b in pairwise(cuts))
        return sum(pieces) + self.off_multiplier * max(month - stop, 0.0)


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    """Up to four periods; reduced dosing at any month, at a period's start, or never."""
    later = sorted(draw(st.sets(st.floats(0.5, 60.0), max_size=3)))
    starts = (0.0, *later)
    multipliers = draw(st.lists(SPEEDS, min_size=len(starts), max_size=len(starts)))
    turn = draw(st.one_of(st.just(np.inf), st.floats(0.0, 80.0), st.sampled_from(starts)))
    return Clock(starts, tuple(multipliers), turn, draw(SPEEDS), draw(st.one_of(st.just(0.0), SPEEDS)))


def group_of(is_responder: bool) -> np.ndarray:
    return np.array([int(is_responder)])


@given(clock=clocks(), month=st.floats(0.0, HORIZON), is_responder=st.booleans())
@settings(max_examples=150)
def test_the_clock_shows_the_integral_of_its_speed(clock: Clock, month: float, is_responder: bool) -> None:
    shown = clock.pace().exposure(np.array([month]), group_of(is_responder))
    assert float(shown[0]) == pytest.approx(clock.shown(month, np.inf, is_responder), rel=1e-9, abs=1e-9)


@given(clock=clocks(), exposure=st.floats(0.0, 300.0), stop=st.floats(0.0, HORIZON), is_responder=st.booleans())
@settings(max_examples=150)
def test_the_month_of_an_exposure_is_when_the_clock_shows_it(
    clock: Clock, exposure: float, stop: float, is_responder: bool
) -> None:
    """Or never, where the clock halts with treatment before it gets there."""
    month = float(clock.pace().time(np.array([exposure]), np.array([stop]), group_of(is_responder))[0])
    if np.isinf(month):
        assert clock.off_multiplier == 0
        assert clock.shown(stop, stop, is_responder) < exposure
    else:
        assert clock.shown(month, stop, is_responder) == pytest.approx(exposure, rel=1e-8, abs=1e-7)


@given(clock=clocks(), months=st.tuples(*[st.floats(0.0, HORIZON)] * 2), is_responder=st.booleans())
def test_exposure_and_time_are_inverse_and_keep_the_order(
    clock: Clock, months: tuple[float, float], is_responder: bool
) -> None:
    pace, group = clock.pace(), group_of(is_responder)
    both = np.array(sorted(months))
    shown = pace.exposure(both, group)
    assert shown[0] <= shown[1]
    back = pace.time(shown, np.full(2, np.inf), group)
    assert back == pytest.approx(both, rel=1e-9, abs=1e-9)


@given(
    clock=clocks(), exposures=st.tuples(*[st.floats(0.0, 300.0)] * 2), stop=st.floats(0.0, HORIZON), who=st.booleans()
)
def test_the_order_of_candidates_is_the_same_whenever_treatment_ends(
    clock: Clock, exposures: tuple[float, float], stop: float, who: bool
) -> None:
    earlier, later = clock.pace().time(np.array(sorted(exposures)), np.full(2, stop), group_of(who))
    assert earlier <= later


def test_without_periods_and_reduced_dosing_exposure_is_the_calendar(model: ClinicalModel) -> None:
    pace, group = Pace.of(model), np.array([0, 1])
    assert pace.is_plain
    months = np.array([0.0, 7.3, np.inf])[:, None]
    np.testing.assert_array_equal(pace.exposure(months, group), np.broadcast_to(months, (3, 1)))
    never = np.full(2, np.inf)
    assert pace.time(np.array([7.3, 1e-9]), never, group).tolist() == [7.3, 1e-9]


def test_reduced_dosing_that_changes_no_rate_leaves_the_clock_plain() -> None:
    unchanged = build_model(treatment__reduced_from=6.0, treatment__reduced_infection_multiplier=1.0)
    assert Pace.of(unchanged).is_plain


def test_a_responder_and_another_patient_have_clocks_of_their_own() -> None:
    """A quarter of the speed from month 2: month 6 shows 2 + 4 / 4 = 3, for others 6."""
    pace = Clock((0.0,), (1.0,), 2.0, 0.25, 0.5).pace()
    assert not pace.is_plain
    assert pace.exposure(np.array([6.0, 6.0]), np.array([0, 1])).tolist() == [6.0, 3.0]


def test_a_target_with_periods_leaves_another_target_alone(model: ClinicalModel) -> None:
    """Target 1 at triple speed from the start: month 2 shows 6; target 0 shows 2. Groups are 2 target + responder."""
    (target,) = model.targets
    faster = replace(target, name="GPRC5D", period_multipliers=(3.0,))
    pace = Pace.of(replace(model, targets=(target, faster)))
    assert pace.exposure(np.array([2.0, 2.0]), np.array([0, 2])).tolist() == [2.0, 6.0]
    people = draw_baseline(model, AddressedLuck(0), np.arange(4))
    two = replace(people, target=np.array([0, 0, 1, 1]), responder=np.array([False, True, False, True]))
    assert groups(two).tolist() == [0, 1, 2, 3]


def test_a_halt_of_the_clock_is_passed_over() -> None:
    """Speed 0 from month 1 to 2: month 1.5 shows 1, and what lies just after exposure 1 falls after month 2."""
    pace = Clock((0.0, 1.0, 2.0), (1.0, 0.0, 1.0), np.inf, 1.0, 0.5).pace()
    group = np.array([0])
    assert pace.exposure(np.array([1.5]), group).tolist() == [1.0]
    assert pace.exposure(np.array([3.0]), group).tolist() == [2.0]
    assert pace.time(np.array([1.0]), np.array([np.inf]), group).tolist() == [1.0]
    assert float(pace.time(np.array([1.25]), np.array([np.inf]), group)[0]) == 2.25


@pytest.mark.parametrize("stop", [0.5, np.inf])
def test_a_clock_that_halts_for_good_never_gets_further(stop: float) -> None:
    """Speed 0 from month 1 on and after treatment: exposure 2 never comes."""
    pace = Clock((0.0, 1.0), (1.0, 0.0), np.inf, 1.0, 0.0).pace()
    assert np.isposinf(pace.time(np.array([2.0]), np.array([stop]), np.array([0]))).all()
