"""IgG, true and measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.igg import measured_igg, polyclonal_igg
from sim.model.structure import ClinicalModel, Igg


@pytest.fixture
def igg(model: ClinicalModel) -> Igg:
    """Three quarters of production lost, half-lives 1 month (IgG) and 2 months (M-protein), no assay error."""
    return replace(
        model.igg,
        suppressed_fraction=0.75,
        decay_rate=np.log(2.0),
        m_protein_decay_rate=np.log(2.0) / 2,
        assay_log_sd=0.0,
    )


def test_polyclonal_igg_halves_its_distance_to_the_floor_every_half_life(igg: Igg) -> None:
    """Of 800 mg/dL 200 stay; the other 600 halve each month: 800, 500, 350, 275."""
    time = np.array([0.0, 1.0, 2.0, 3.0])
    assert polyclonal_igg(time, np.full(4, 800.0), igg) == pytest.approx([800.0, 500.0, 350.0, 275.0])


def test_polyclonal_igg_ends_at_the_production_that_is_spared(igg: Igg) -> None:
    assert polyclonal_igg(np.array([1e6]), np.array([800.0]), igg) == pytest.approx([200.0])


def test_without_suppression_polyclonal_igg_stays(igg: Igg) -> None:
    spared = replace(igg, suppressed_fraction=0.0)
    assert polyclonal_igg(np.array([0.0, 9.0]), np.array([800.0, 650.0]), spared).tolist() == [800.0, 650.0]


def test_the_assay_counts_the_m_protein_that_is_left(igg: Igg) -> None:
    """600 mg/dL of M-protein are 300 after 2 months and 150 after 4, on top of a true 350."""
    measured = measured_igg(np.array([0.0, 2.0, 4.0]), np.full(3, 350.0), np.full(3, 600.0), np.zeros(3), igg)
    assert measured == pytest.approx([950.0, 650.0, 500.0])


def test_without_m_protein_and_error_the_laboratory_reports_the_truth(igg: Igg) -> None:
    measured = measured_igg(np.array([3.0]), np.array([275.0]), np.zeros(1), np.array([2.5]), igg)
    assert measured == pytest.approx([275.0])


@pytest.mark.parametrize("log_sd", [0.05, 0.2, 0.5])
def test_the_assay_error_has_mean_one_and_spares_the_m_protein(igg: Igg, log_sd: float) -> None:
    """Gauss-Hermite expectation over the noise: 350 + 300 on average, sd 350 sqrt(exp(sigma^2) - 1)."""
    node, weight = np.polynomial.hermite_e.hermegauss(40)
    weight = weight / weight.sum()
    measured = measured_igg(
        np.full(40, 2.0), np.full(40, 350.0), np.full(40, 600.0), node, replace(igg, assay_log_sd=log_sd)
    )
    mean = float(weight @ measured)
    assert mean == pytest.approx(650.0, rel=1e-10)
    assert float(np.sqrt(weight @ (measured - mean) ** 2)) == pytest.approx(
        350 * np.sqrt(np.expm1(log_sd**2)), rel=1e-8
    )
