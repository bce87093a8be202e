"""Candidate infections: when they fall and which of them count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model.conditions import Facts, holds
from sim.model.infections import (
    exposure_of_candidate,
    is_accepted,
    n_layers,
)
from sim.model.pace import Pace
from sim.model.parts import Antimicrobial, Booleans, Condition, DoseAdjustment, Floats, Tocilizumab
from sim.model.structure import ClinicalModel
from tests.conftest import build_model, change

EXPOSURES = st.floats(0.0, 500.0)
STOPS = st.floats(0.0, 240.0)
MULTIPLIERS = st.floats(0.01, 5.0)
PLAIN = Pace.of(build_model())


def calendar(exposure: float, stop: float, off_multiplier: float) -> float:
    pace = replace(PLAIN, off_multiplier=off_multiplier)
    return float(pace.time(np.array([exposure]), np.array([stop]), np.zeros(1, dtype=np.int64))[0])


def accepted_share(hazard_ratio: float, layer: int, n_marks: int = 10_000) -> float:
    """Share of evenly spread marks that is accepted."""
    marks = (np.arange(n_marks) + 0.5) / n_marks
    return float(is_accepted(marks, np.full(n_marks, hazard_ratio), np.full(n_marks, layer)).mean())


@pytest.mark.parametrize(("highest", "layers"), [(0.0, 1), (0.38, 1), (1.0, 1), (1.001, 2), (2.0, 2), (2.5, 3)])
def test_a_cause_has_a_layer_for_every_begun_multiple_of_its_rate(
    model: ClinicalModel, highest: float, layers: int
) -> None:
    two = change(
        model, infections__causes=("a", "b"), infections__hazard_ratio=np.array([[highest, 0.2], [0.1, 0.9]])
    )
    assert n_layers(two).tolist() == [layers, 1]


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
def test_calendar_time_shows_the_exposure_it_was_asked_for(
    exposure: float, stop: float, off_multiplier: float
) -> None:
    time = calendar(exposure, stop, off_multiplier)
    shown = min(time, stop) + off_multiplier * max(time - stop, 0.0)
    assert shown == pytest.approx(exposure, rel=1e-12, abs=1e-12 * (1 + stop) * max(1.0, off_multiplier))


@given(first=EXPOSURES, second=EXPOSURES, stop=STOPS, off_multiplier=st.just(0.0) | MULTIPLIERS)
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


def triggered(time: Floats, counted: Floats, within: float) -> Booleans:
    """Whether infections order, the one that opens the window having come at `counted`."""
    unknown = np.full(time.shape, np.inf)
    facts = Facts(time, unknown, unknown, unknown, (counted,), (), np.zeros(time.shape, dtype=np.bool_))
    return holds(Condition("infections", within=within), facts)


def test_infections_trigger_when_they_all_fall_within_the_window() -> None:
    """Within 6 months: 9 to 14 does, 8 to 14 just does, 7 to 14 does not; nothing before (-inf) does not."""
    reached = triggered(np.full(4, 14.0), np.array([9.0, 8.0, 7.0, -np.inf]), 6.0)
    assert reached.tolist() == [True, True, False, False]


def test_a_trigger_of_one_infection_has_no_window_to_miss() -> None:
    assert triggered(np.array([14.0]), np.array([14.0]), 0.0).all()


@pytest.mark.parametrize(
    ("changes", "layers"),
    [
        ({}, 1),
        ({"antimicrobials": True}, 2),
        ({"tocilizumab": True}, 2),
        ({"antimicrobials": True, "tocilizumab": True}, 3),
    ],
    ids=["none", "drug 1.5", "tocilizumab 1.4", "both, 2.1"],
)
def test_measures_that_raise_a_risk_need_layers_where_a_strategy_lists_them(
    model: ClinicalModel, changes: dict[str, bool], layers: int
) -> None:
    """1.5 and 1.4 need a second layer, 1.5 * 1.4 = 2.1 a third; nothing that no strategy lists needs any."""
    risky = Antimicrobial("risky", -1, 1.0, np.array([[1.5, 0.2]]))
    strategy = replace(
        model.strategies[0],
        antimicrobials=(0,) if changes.get("antimicrobials") else (),
        tocilizumab=changes.get("tocilizumab", False),
    )
    dosed = replace(
        model,
        antimicrobials=(risky,),
        tocilizumab=Tocilizumab(infection_multiplier=1.4, infection_months=1.0),
        strategies=(strategy,),
    )
    assert n_layers(dosed).tolist() == [layers]


def test_a_higher_dose_of_something_harmful_needs_the_layers_of_the_highest_dose(model: ClinicalModel) -> None:
    """A ratio of 1.6 at double dose is 1.6^2 = 2.56, three layers; without an exponent it stays 1.6."""
    adjustment = DoseAdjustment(step_up=2.0, maximum=2.0, exponent=1.0)
    harmful = change(model, infections__hazard_ratio=np.array([[1.6, 0.4]]))
    stepped = change(harmful, immunoglobulin=replace(model.immunoglobulin, adjustment=adjustment))
    assert n_layers(harmful).tolist() == [2]
    assert n_layers(stepped).tolist() == [3]
    flat = replace(stepped.immunoglobulin, adjustment=replace(adjustment, exponent=0.0))
    assert n_layers(replace(stepped, immunoglobulin=flat)).tolist() == [2]
