"""Candidate infections: when they fall and which of them count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.infections import (
    exposure_of_candidate,
    is_accepted,
    n_layers,
    time_of_exposure,
    trigger_reached,
)
from sim.model.structure import ClinicalModel

EXPOSURES = st.floats(0.0, 500.0)
STOPS = st.floats(0.0, 240.0)
MULTIPLIERS = st.floats(0.01, 5.0)


def calendar(exposure: float, stop: float, off_multiplier: float) -> float:
    return float(time_of_exposure(np.array([exposure]), np.array([stop]), off_multiplier)[0])


def accepted_share(hazard_ratio: float, layer: int, n_marks: int = 10_000) -> float:
    """Share of evenly spread marks that is accepted."""
    marks = (np.arange(n_marks) + 0.5) / n_marks
    return float(is_accepted(marks, np.full(n_marks, hazard_ratio), np.full(n_marks, layer)).mean())


@pytest.mark.parametrize(("highest", "layers"), [(0.0, 1), (0.38, 1), (1.0, 1), (1.001, 2), (2.0, 2), (2.5, 3)])
def test_a_cause_has_a_layer_for_every_begun_multiple_of_its_rate(
    model: ClinicalModel, highest: float, layers: int
) -> None:
    infections = replace(model.infections, hazard_ratio=np.array([[highest, 0.2], [0.1, 0.9]]))
    assert n_layers(infections).tolist() == [layers, 1]


def test_frailty_and_rate_bring_candidates_forward() -> None:
    """A cumulative hazard of 0.6 is spent in 4 months at 0.15, in 2 at twice the frailty, in 8 at half the rate."""
    exposure = exposure_of_candidate(np.full(3, 0.6), np.array([1.0, 2.0, 1.0]), np.array([0.15, 0.15, 0.075]))
    assert exposure == pytest.approx([4.0, 2.0, 8.0])


def test_without_rate_or_frailty_no_candidate_ever_comes() -> None:
    exposure = exposure_of_candidate(np.full(2, 0.6), np.array([1.0, 0.0]), np.array([0.0, 0.15]))
    assert np.isposinf(exposure).all()


@pytest.mark.parametrize(
    ("exposure", "off_multiplier", "month"),
    [(9.0, 0.5, 9.0), (10.0, 0.5, 10.0), (12.0, 0.5, 14.0), (12.0, 2.0, 11.0), (12.0, 1.0, 12.0), (10.0, 0.0, 10.0)],
)
def test_the_exposure_clock_changes_speed_at_the_end_of_treatment(
    exposure: float, off_multiplier: float, month: float
) -> None:
    """Treatment ends in month 10: two more months of exposure take 4 months at half speed, 1 at double speed."""
    assert calendar(exposure, 10.0, off_multiplier) == month


def test_a_halted_clock_never_gets_to_a_later_exposure() -> None:
    assert calendar(np.nextafter(10.0, 11.0), 10.0, 0.0) == np.inf


@pytest.mark.parametrize("off_multiplier", [0.0, 0.5, 1.0])
def test_treatment_without_end_leaves_exposure_as_calendar_time(off_multiplier: float) -> None:
    assert calendar(7.25, np.inf, off_multiplier) == 7.25
    assert calendar(np.inf, np.inf, off_multiplier) == np.inf


@given(exposure=EXPOSURES, stop=STOPS, off_multiplier=MULTIPLIERS)
@settings(deadline=None)
def test_calendar_time_shows_the_exposure_it_was_asked_for(
    exposure: float, stop: float, off_multiplier: float
) -> None:
    time = calendar(exposure, stop, off_multiplier)
    shown = min(time, stop) + off_multiplier * max(time - stop, 0.0)
    assert shown == pytest.approx(exposure, rel=1e-12, abs=1e-12 * (1 + stop) * max(1.0, off_multiplier))


@given(first=EXPOSURES, second=EXPOSURES, stop=STOPS, off_multiplier=st.just(0.0) | MULTIPLIERS)
@settings(deadline=None)
def test_the_order_of_candidates_is_the_same_whenever_treatment_ends(
    first: float, second: float, stop: float, off_multiplier: float
) -> None:
    earlier, later = sorted((first, second))
    assert calendar(earlier, stop, off_multiplier) <= calendar(later, stop, off_multiplier)


@pytest.mark.parametrize(
    ("hazard_ratio", "shares"),
    [(0.0, (0, 0, 0)), (0.38, (0.38, 0, 0)), (1.0, (1, 0, 0)), (1.5, (1, 0.5, 0)), (2.25, (1, 1, 0.25))],
)
def test_layers_share_a_hazard_ratio_out(hazard_ratio: float, shares: tuple[float, ...]) -> None:
    """Layer j accepts min(max(hr - j, 0), 1) of its candidates, so all layers together accept hr."""
    assert [accepted_share(hazard_ratio, layer) for layer in range(3)] == pytest.approx(shares, abs=1e-4)


@given(
    marks=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=50),
    ratios=st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)),
    layer=st.integers(0, 2),
)
@settings(deadline=None)
def test_a_lower_hazard_ratio_accepts_a_subset(marks: list[float], ratios: tuple[float, float], layer: int) -> None:
    mark, layers = np.array(marks), np.full(len(marks), layer)
    low, high = (is_accepted(mark, np.full(mark.shape, ratio), layers) for ratio in sorted(ratios))
    assert not (low & ~high).any()


@pytest.mark.parametrize("hazard_ratio", [1.0, 1.2, 3.0])
def test_the_natural_process_is_untouched_by_a_hazard_ratio_of_one_or_more(hazard_ratio: float) -> None:
    marks = np.array([2.0**-53, 0.5, 1 - 2.0**-53])
    assert is_accepted(marks, np.full(3, hazard_ratio), np.zeros(3, dtype=np.int64)).all()


def test_a_mark_equal_to_the_hazard_ratio_is_averted() -> None:
    assert not is_accepted(np.array([0.38]), np.array([0.38]), np.array([0]))[0]


def test_infections_trigger_when_they_all_fall_within_the_window() -> None:
    """Within 6 months: 9 to 14 does, 8 to 14 just does, 7 to 14 does not; nothing before (-inf) does not."""
    reached = trigger_reached(np.full(4, 14.0), np.array([9.0, 8.0, 7.0, -np.inf]), 6.0)
    assert reached.tolist() == [True, True, False, False]


def test_a_trigger_of_one_infection_has_no_window_to_miss() -> None:
    assert trigger_reached(np.array([14.0]), np.array([14.0]), 0.0).all()
