"""Attributes of patients that go together: normal scores with the correlations asked for, and nothing else moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from sim.model.parts import Floats
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.population.conftest import CORRELATION, MEN_HEAVIER, PATIENTS, N


def correlated_columns(people: Baseline) -> Floats:
    """The attributes that may be correlated, in the order of a correlation matrix."""
    attributes = ("weight_kg", "igg_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty", "age_years")
    return np.stack([getattr(people, name) for name in attributes])


def normal_scores(values: Floats) -> Floats:
    """Standard normals of the ranks of each row."""
    return np.asarray(stats.norm.ppf((stats.rankdata(values, axis=1) - 0.5) / values.shape[1]), dtype=np.float64)


def test_normal_scores_have_the_correlations_asked_for(linked: ClinicalModel) -> None:
    """Standard error of a correlation rho of normal scores: (1 - rho^2) / sqrt(N), 0.0032 or less; bound of 4."""
    found = np.corrcoef(normal_scores(correlated_columns(draw_baseline(linked, AddressedLuck(3), PATIENTS))))
    distance = np.abs(found - CORRELATION) / ((1 - CORRELATION**2) + np.eye(7)) * np.sqrt(N)
    assert distance.max() < 4


def test_a_correlation_with_sex_moves_the_other_attribute_as_a_threshold_on_a_normal_does(
    linked: ClinicalModel,
) -> None:
    """Scores of weight given a man: rho * phi(z) / 0.6 on average, z the quantile of 0.4 (Pearson 1909).

    Their standard error is under 1 / sqrt(0.6 N); without the correlation the mean would be 0, some 60 of them off.
    """
    people = draw_baseline(linked, AddressedLuck(3), PATIENTS)
    scores = normal_scores(people.weight_kg[None, :])[0]
    expected = MEN_HEAVIER * stats.norm.pdf(stats.norm.ppf(0.4)) / 0.6
    error = 1 / np.sqrt(0.6 * N)
    assert abs(people.male.mean() - 0.6) < 4 * np.sqrt(0.24 / N)
    assert abs(scores[people.male].mean() - expected) < 4 * error
    assert expected > 40 * error


def test_other_correlations_are_told_from_those_asked_for(linked: ClinicalModel) -> None:
    """Negative control: a correlation of 0.5 is not one of 0.52, and the others are not zero."""
    found = np.corrcoef(normal_scores(correlated_columns(draw_baseline(linked, AddressedLuck(3), PATIENTS))))
    assert abs(found[1, 2] - 0.52) > 4 * (1 - 0.52**2) / np.sqrt(N)
    asked = (CORRELATION != 0) & (CORRELATION != 1)
    assert (np.abs(found[asked]) > 4 / np.sqrt(N)).all()


def test_correlations_leave_every_distribution_as_it_was(linked: ClinicalModel) -> None:
    """Kolmogorov-Smirnov, p > 1e-4."""
    weight, igg, iga, igm, m_protein, z, age = correlated_columns(draw_baseline(linked, AddressedLuck(3), PATIENTS))
    assert stats.kstest(weight, stats.truncnorm((40 - 75) / 16, (140 - 75) / 16, loc=75, scale=16).cdf).pvalue > 1e-4
    assert stats.kstest(igg, stats.lognorm(0.45, scale=700).cdf).pvalue > 1e-4
    assert stats.kstest(iga, stats.lognorm(0.6, scale=60).cdf).pvalue > 1e-4
    assert stats.kstest(igm, stats.lognorm(0.5, scale=30).cdf).pvalue > 1e-4
    assert stats.kstest(m_protein, stats.lognorm(1.0, scale=1500).cdf).pvalue > 1e-4
    assert stats.kstest(z, stats.gamma(1 / 0.6, scale=0.6).cdf).pvalue > 1e-4
    assert stats.kstest(age, stats.truncnorm(-26 / 11, 24 / 11, loc=66, scale=11).cdf).pvalue > 1e-4


def test_the_identity_correlates_nothing_and_moves_nobody(varied: ClinicalModel) -> None:
    """To rounding in the normal distribution and its inverse."""
    identity = replace(varied, population=replace(varied.population, correlation_factor=np.eye(8)))
    mixed = correlated_columns(draw_baseline(identity, AddressedLuck(3), np.arange(500)))
    plain = correlated_columns(draw_baseline(varied, AddressedLuck(3), np.arange(500)))
    np.testing.assert_allclose(mixed, plain, rtol=1e-9)


def test_correlation_leaves_agents_serostatus_and_exits_alone(linked: ClinicalModel, varied: ClinicalModel) -> None:
    one, other = (draw_baseline(m, AddressedLuck(3), np.arange(500)) for m in (linked, varied))
    for name in ("agent", "positive", "takes", "stop_time", "death_hazard", "harm_delay", "crs_mark", "anti_cd38"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
