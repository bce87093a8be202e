"""Grams of an infusion, and the time it protects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.immunoglobulin import grams_per_infusion, is_protected
from sim.model.structure import ClinicalModel, Floats, Immunoglobulin


@pytest.fixture
def regimen(model: ClinicalModel) -> Immunoglobulin:
    """0.4 g/kg; onset after 0.25 month, protection for 1.25 months."""
    return replace(model.immunoglobulin, onset_lag=0.25, protection=1.25)


def protected(regimen: Immunoglobulin, time: float, start: float, last: float) -> bool:
    return bool(is_protected(np.array([time]), np.array([start]), np.array([last]), regimen)[0])


def test_without_vials_the_dose_is_exact(regimen: Immunoglobulin) -> None:
    assert grams_per_infusion(np.array([50.0, 73.0]), regimen) == pytest.approx([20.0, 29.2])


def test_vials_are_opened_whole(regimen: Immunoglobulin) -> None:
    """20 g and 29.2 g from vials of 5 g take 4 and 6 vials; 20.04 g takes 5."""
    vials = replace(regimen, vial_size_g=5.0)
    assert grams_per_infusion(np.array([50.0, 73.0, 50.1]), vials) == pytest.approx([20.0, 30.0, 25.0])


@pytest.mark.parametrize("vial_size_g", [0.1, 0.3, 0.7, 1.1, 2.5, 5.0, 20.0])
def test_a_dose_of_whole_vials_is_charged_no_vial_more(regimen: Immunoglobulin, vial_size_g: float) -> None:
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
def test_protection_runs_from_onset_to_just_before_it_ends(
    regimen: Immunoglobulin, time: float, is_covered: bool
) -> None:
    """A single infusion in month 2 protects from 2 + 0.25, inclusive, to 2 + 1.25, exclusive."""
    assert protected(regimen, time, start=2.0, last=2.0) is is_covered


def test_a_later_infusion_extends_protection(regimen: Immunoglobulin) -> None:
    assert protected(regimen, 4.0, start=2.0, last=3.0)
    assert not protected(regimen, 4.25, start=2.0, last=3.0)


def test_without_an_infusion_nobody_is_protected(regimen: Immunoglobulin) -> None:
    assert not protected(regimen, 10.0, start=np.inf, last=-np.inf)
    assert not protected(regimen, 10.0, start=2.0, last=-np.inf)
