"""Grams of an infusion, and the time it protects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given, is_protected, ratio_at_dose
from sim.model.parts import DoseAdjustment, Floats, Regimen
from sim.model.structure import ClinicalModel


@pytest.fixture
def regimen(model: ClinicalModel) -> Regimen:
    """0.4 g/kg; onset after 0.25 month, protection for 1.25 months."""
    return replace(model.regimens[0], onset_lag=0.25, protection=1.25)


def protected(regimen: Regimen, time: float, start: float, last: float) -> bool:
    covered = is_protected(
        np.array([time]), np.array([start]), np.array([last]), regimen.onset_lag, regimen.protection
    )
    return bool(covered[0])


def test_without_vials_the_dose_is_exact(regimen: Regimen) -> None:
    assert grams_per_infusion(np.array([50.0, 73.0]), regimen) == pytest.approx([20.0, 29.2])


def test_vials_are_opened_whole(regimen: Regimen) -> None:
    """20 g and 29.2 g from vials of 5 g take 4 and 6 vials; 20.04 g takes 5."""
    vials = replace(regimen, vial_size_g=5.0)
    assert grams_per_infusion(np.array([50.0, 73.0, 50.1]), vials) == pytest.approx([20.0, 30.0, 25.0])


@pytest.mark.parametrize("vial_size_g", [0.1, 0.3, 0.7, 1.1, 2.5, 5.0, 20.0])
def test_a_dose_of_whole_vials_is_charged_no_vial_more(regimen: Regimen, vial_size_g: float) -> None:
    """Weights made so that the dose is 1 to 60 vials but for rounding."""
    vials = np.arange(1.0, 61.0)
    weight: Floats = np.asarray(vials * vial_size_g / 0.4, dtype=np.float64)
    grams = grams_per_infusion(weight, replace(regimen, vial_size_g=vial_size_g))
    assert grams / vial_size_g == pytest.approx(vials)


@pytest.mark.parametrize(
    ("time", "is_covered"),
    [
        (2.0, False),
        (np.nextafter(2.25, 2.0), False),
        (2.25, True),
        (3.0, True),
        (np.nextafter(3.25, 3.0), True),
        (3.25, False),
    ],
)
def test_protection_runs_from_onset_to_just_before_it_ends(regimen: Regimen, time: float, is_covered: bool) -> None:
    """A single infusion in month 2 protects from 2 + 0.25, inclusive, to 2 + 1.25, exclusive."""
    assert protected(regimen, time, start=2.0, last=2.0) is is_covered


def test_a_later_infusion_extends_protection(regimen: Regimen) -> None:
    assert protected(regimen, 4.0, start=2.0, last=3.0)
    assert not protected(regimen, 4.25, start=2.0, last=3.0)


def test_without_an_infusion_nobody_is_protected(regimen: Regimen) -> None:
    assert not protected(regimen, 10.0, start=np.inf, last=-np.inf)
    assert not protected(regimen, 10.0, start=2.0, last=-np.inf)


# ---------------------------------------------------------------------- adherence and dose


def test_a_factor_of_the_dose_is_rounded_up_with_it(regimen: Regimen) -> None:
    """30 g at 1, 45 g at 1.5, 15 g at 0.5; from vials of 10 g 30, 50 and 20."""
    factors, weight = np.array([1.0, 1.5, 0.5]), np.full(3, 75.0)
    assert grams_per_infusion(weight, regimen, factors) == pytest.approx([30.0, 45.0, 15.0])
    assert grams_per_infusion(weight, replace(regimen, vial_size_g=10.0), factors) == pytest.approx(
        [30.0, 50.0, 20.0]
    )


def test_the_first_infusion_is_always_given_and_the_others_to_the_adherent() -> None:
    given_ = is_given(np.array([0.99, 0.79, 0.8, 0.81]), np.array([0.0, 1.0, 1.0, 7.0]), 0.8)
    assert given_.tolist() == [True, True, False, False]
    assert is_given(np.array([1 - 2.0**-53]), np.array([5.0]), 1.0).all()
    assert not is_given(np.array([2.0**-53]), np.array([5.0]), 0.0).any()


@pytest.mark.parametrize(
    ("steps", "quiet_months", "factor"),
    [(0, 2.0, 1.0), (1, 2.0, 1.5), (2, 2.0, 2.0), (7, 2.0, 2.0), (0, 6.0, 0.8), (1, 6.0, 1.2), (0, 5.999, 1.0)],
)
def test_the_dose_steps_up_to_its_cap_and_down_after_quiet_months(
    steps: int, quiet_months: float, factor: float
) -> None:
    """Half as much again each time, at most double; four fifths of that from 6 quiet months on."""
    rule = DoseAdjustment(step_up=1.5, maximum=2.0, down_after=6.0, down=0.8)
    found = dose_factor(np.array([10.0]), np.array([float(steps)]), np.array([10.0 - quiet_months]), rule)
    assert found == pytest.approx([factor])


def test_without_a_rule_the_dose_stays() -> None:
    assert dose_factor(np.array([50.0]), np.array([3.0]), np.array([0.0]), DoseAdjustment()).tolist() == [1.0]


@pytest.mark.parametrize(
    ("factor", "exponent", "ratio"), [(1.0, 1.0, 0.38), (2.0, 0.0, 0.38), (2.0, 1.0, 0.1444), (4.0, 0.5, 0.1444)]
)
def test_a_hazard_ratio_is_raised_to_a_power_of_the_dose(factor: float, exponent: float, ratio: float) -> None:
    """0.38^2 = 0.1444, and 4^0.5 = 2."""
    assert ratio_at_dose(np.array([0.38]), np.array([factor]), exponent) == pytest.approx([ratio])


@given(ratio=st.floats(0.01, 0.99), low=st.floats(0.1, 4.0), high=st.floats(0.1, 4.0), exponent=st.floats(0.0, 2.0))
def test_a_higher_dose_never_protects_less(ratio: float, low: float, high: float, exponent: float) -> None:
    smaller, larger = ratio_at_dose(np.full(2, ratio), np.array(sorted((low, high))), exponent)
    assert larger <= smaller
