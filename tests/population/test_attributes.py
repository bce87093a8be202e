"""Patients at t = 0: their distributions against closed forms and SciPy.

Samples: N = 100,000 patients at fixed seeds; bounds of 4.5 standard errors, computed from the stated truth.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import special, stats

from sim.model.parts import Antimicrobial, Distribution, Floats, Harm, Immunoglobulin
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline, frailty, quantile
from sim.streams import AddressedLuck, Stream
from tests.population.conftest import PATIENTS, N
from tests.scripted import ScriptedLuck

BOUND = 4.5
PROBABILITIES = np.array([2.0**-53, 1e-6, 0.025, 0.3, 0.5, 0.8, 0.975, 1 - 1e-6, 1 - 2.0**-53])
"""From one end of what luck can give to the other."""


def standard_score(values: Floats, mean: float, sd: float) -> float:
    """Sample mean's distance from the truth in standard errors."""
    return float(abs(values.mean() - mean) / (sd / np.sqrt(values.size)))


# ---------------------------------------------------------------------- distributions


def test_a_fixed_attribute_is_the_same_for_everybody() -> None:
    assert quantile(Distribution("fixed", 75.0), PROBABILITIES).tolist() == [75.0] * 9


@pytest.mark.parametrize("kind", ["normal", "lognormal"])
def test_without_spread_an_attribute_is_its_location(kind: str) -> None:
    distribution = Distribution("normal" if kind == "normal" else "lognormal", 75.0, 0.0)
    assert quantile(distribution, PROBABILITIES).tolist() == [75.0] * 9


def test_an_uncut_normal_has_its_textbook_quantiles() -> None:
    """Mean 75, sd 16: 75 +- 1.959964 * 16 at 2.5 % and 97.5 %."""
    values = quantile(Distribution("normal", 75.0, 16.0), np.array([0.025, 0.5, 0.975]))
    assert values == pytest.approx([43.640576, 75.0, 106.359424], abs=1e-6)


def test_a_lognormal_is_given_by_its_median_and_log_sd() -> None:
    """Median 700, log sd 0.45: 700 * exp(+- 1.959964 * 0.45) = 700 * exp(+- 0.881984)."""
    values = quantile(Distribution("lognormal", 700.0, 0.45), np.array([0.025, 0.5, 0.975]))
    assert values == pytest.approx([289.7728, 700.0, 1690.9801], abs=1e-3)


@pytest.mark.parametrize(("low", "high"), [(40.0, 140.0), (-np.inf, 80.0), (60.0, np.inf), (70.0, 71.0)], ids=str)
def test_a_cut_normal_has_the_quantiles_of_a_truncated_one(low: float, high: float) -> None:
    expected = stats.truncnorm((low - 75) / 16, (high - 75) / 16, loc=75, scale=16).ppf(PROBABILITIES[1:-1])
    values = quantile(Distribution("normal", 75.0, 16.0, low, high), PROBABILITIES[1:-1])
    assert values == pytest.approx(expected, rel=1e-9)


def test_a_cut_normal_stays_between_its_bounds() -> None:
    """To rounding: a bound may be missed by a few units in the last place."""
    values = quantile(Distribution("normal", 75.0, 16.0, 40.0, 140.0), PROBABILITIES)
    assert values.min() >= 40.0 - 1e-9
    assert values.max() <= 140.0 + 1e-9
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize("variance", [0.1, 0.6, 1.0, 10.0])
def test_frailty_has_the_quantiles_of_a_gamma_with_mean_one(variance: float) -> None:
    """Shape 1 / theta and scale theta; the exponential at theta = 1."""
    expected = stats.gamma(1 / variance, scale=variance).ppf(PROBABILITIES)
    assert frailty(variance, PROBABILITIES) == pytest.approx(expected, rel=1e-9)
    if variance == 1.0:
        assert expected == pytest.approx(-np.log1p(-PROBABILITIES), rel=1e-9)


@pytest.mark.parametrize("variance", [2e-4, 0.01, 0.3, 0.6, 1.7, 5.0, 10.0, 60.0])
def test_interpolated_frailty_keeps_nine_digits_from_the_one_tail_to_the_other(variance: float) -> None:
    """Against scipy's inverse of the incomplete gamma function at 40,000 uniforms, evenly spread by their logit.

    Of a variance of 60 the lowest quantiles are 0, so that no table can be made and the inverse itself is taken.
    """
    uniform = special.expit(np.linspace(-36.7, 36.7, 40_001))
    uniform = np.clip(uniform, 2.0**-53, 1 - 2.0**-53)
    # Near 1 the complement is exact where the probability has no digits left.
    below, above = (
        f(1 / variance, u) for f, u in ((special.gammaincinv, uniform), (special.gammainccinv, 1 - uniform))
    )
    exact = variance * np.where(uniform < 0.5, below, above)
    np.testing.assert_allclose(frailty(variance, uniform), exact, rtol=1e-9, atol=0)


def test_frailty_without_variance_is_one() -> None:
    assert frailty(0.0, PROBABILITIES).tolist() == [1.0] * 9


@pytest.mark.parametrize("variance", [0.1, 0.6, 1.0, 10.0])
def test_drawn_frailty_has_mean_one_and_the_variance_asked_for(model: ClinicalModel, variance: float) -> None:
    """Standard errors: of the mean sqrt(theta / N); of the variance theta sqrt((2 + 6 theta) / N).

    The second because a gamma's fourth central moment is (3 + 6 theta) theta^2. Power: at theta = 0.6 the bounds are
    0.011 and 0.020, at theta = 10 0.045 and 1.1.
    """
    frail = replace(model, population=replace(model.population, frailty_variance=variance))
    z = draw_baseline(frail, AddressedLuck(3), PATIENTS).frailty
    assert standard_score(z, 1.0, np.sqrt(variance)) < BOUND
    assert abs(z.var() - variance) < BOUND * variance * np.sqrt((2 + 6 * variance) / N)
    assert stats.kstest(z, stats.gamma(1 / variance, scale=variance).cdf).pvalue > 1e-4


def test_another_variance_is_told_from_the_one_asked_for(people: Baseline) -> None:
    """Negative control: frailty drawn at 0.6 is not a gamma of variance 0.65."""
    assert abs(people.frailty.var() - 0.65) > BOUND * 0.65 * np.sqrt((2 + 6 * 0.65) / N)
    assert stats.kstest(people.frailty, stats.gamma(1 / 0.65, scale=0.65).cdf).pvalue < 1e-4


def test_drawn_attributes_follow_their_distributions(people: Baseline) -> None:
    """Kolmogorov-Smirnov, p > 1e-4; at this N a shift of 2 % of a standard deviation is found almost surely."""
    weight = stats.truncnorm((40 - 75) / 16, (140 - 75) / 16, loc=75, scale=16)
    assert stats.kstest(people.weight_kg, weight.cdf).pvalue > 1e-4
    assert stats.kstest(people.igg_mg_dl, stats.lognorm(0.45, scale=700).cdf).pvalue > 1e-4
    assert stats.kstest(people.stop_time, stats.expon(scale=1 / 0.08).cdf).pvalue > 1e-4
    assert stats.kstest(people.death_hazard, "expon").pvalue > 1e-4
    m_protein = people.m_protein_mg_dl[people.m_protein_mg_dl > 0]
    assert stats.kstest(m_protein, stats.lognorm(1.0, scale=1500).cdf).pvalue > 1e-4


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_only_igg_type_myeloma_has_an_m_protein_that_the_assay_counts(model: ClinicalModel, share: float) -> None:
    """Standard error of the share sqrt(p (1 - p) / N), 0.0016 at 0.5; none and all are exact."""
    typed = replace(model, population=replace(model.population, igg_type_proportion=share))
    m_protein = draw_baseline(typed, AddressedLuck(3), PATIENTS).m_protein_mg_dl
    assert abs((m_protein > 0).mean() - share) <= BOUND * np.sqrt(share * (1 - share) / N)


def columns_of(people: Baseline) -> Floats:
    """Every attribute that varies by itself, [attribute, patient]; the target follows from the agent."""
    names = [field.name for field in fields(Baseline) if field.name not in {"patient", "target"}]
    return np.vstack([getattr(people, name) for name in names])


def test_attributes_are_independent_of_each_other(varied: ClinicalModel) -> None:
    """Rank correlations of all pairs; standard error 1 / sqrt(N) = 0.0032.

    Which of two harms comes first says nothing of when it comes, as both rates are constant.
    """
    for_all = tuple(replace(drug, given_to=-1) for drug in varied.antimicrobials)
    columns = columns_of(draw_baseline(replace(varied, antimicrobials=for_all), AddressedLuck(3), PATIENTS))
    assert len(columns) == 21
    correlation = np.corrcoef(stats.rankdata(columns, axis=1))
    off_diagonal = correlation[~np.eye(len(columns), dtype=bool)]
    assert np.abs(off_diagonal).max() < BOUND / np.sqrt(N)


# ---------------------------------------------------------------------- agents, serostatus, adherence, harms


def test_shares_of_agents_and_serostatus_are_those_asked_for(varied: ClinicalModel) -> None:
    """Standard error sqrt(p (1 - p) / N): 0.0014 at 0.3."""
    people = draw_baseline(varied, AddressedLuck(3), PATIENTS)
    shares = {
        0.7: people.agent == 0,
        0.3: people.agent == 1,
        0.6: people.anti_cd38,
        0.4: people.responder,
        0.2: people.positive[0],
        0.5: people.positive[1],
    }
    for share, which in shares.items():
        assert abs(which.mean() - share) < BOUND * np.sqrt(share * (1 - share) / N), share
    np.testing.assert_array_equal(people.target, np.where(people.agent == 0, 1, 0))


def test_each_agent_has_its_own_end_of_treatment(varied: ClinicalModel) -> None:
    """Rates 0.08 and 0.02 a month: exponential times with means 12.5 and 50."""
    first, second = varied.agents
    slower = replace(varied, agents=(first, replace(second, stop_rate=0.02)))
    people = draw_baseline(slower, AddressedLuck(3), PATIENTS)
    for agent, mean in ((0, 12.5), (1, 50.0)):
        assert stats.kstest(people.stop_time[people.agent == agent], stats.expon(scale=mean).cdf).pvalue > 1e-4


def test_an_antimicrobial_is_taken_by_the_adherent_among_those_it_is_given_to(varied: ClinicalModel) -> None:
    """80 % of everybody; 90 % of the 20 % positives, and no negative."""
    people = draw_baseline(varied, AddressedLuck(3), PATIENTS)
    assert abs(people.takes[0].mean() - 0.8) < BOUND * np.sqrt(0.8 * 0.2 / N)
    assert not people.takes[1][~people.positive[0]].any()
    positives = people.takes[1][people.positive[0]]
    assert abs(positives.mean() - 0.9) < BOUND * np.sqrt(0.9 * 0.1 / positives.size)


def test_harms_compete(varied: ClinicalModel) -> None:
    """Rates 0.03 and 0.01: the first comes after an exponential time of rate 0.04, and is thrombosis in 3 of 4."""
    people = draw_baseline(varied, AddressedLuck(3), PATIENTS)
    assert stats.kstest(people.harm_delay, stats.expon(scale=25.0).cdf).pvalue > 1e-4
    assert abs((people.harm == 0).mean() - 0.75) < BOUND * np.sqrt(0.75 * 0.25 / N)
    assert set(people.harm.tolist()) == {0, 1}


def test_without_a_rate_no_harm_ever_comes(model: ClinicalModel) -> None:
    harmless = replace(model, immunoglobulin=Immunoglobulin(washout=1.0, harms=(Harm("thrombosis", 0.0),)))
    people = draw_baseline(harmless, AddressedLuck(3), np.arange(50))
    assert np.isposinf(people.harm_delay).all()
    assert (people.harm == -1).all()


class WatchedLuck(AddressedLuck):
    """Addressed luck that notes which decisions it is asked about."""

    def __init__(self) -> None:
        super().__init__(3)
        self.asked: set[str] = set()

    def stream(self, *decisions: str) -> Stream:
        self.asked.update(decisions)
        return super().stream(*decisions)


def test_what_all_patients_share_asks_for_no_luck(model: ClinicalModel, varied: ClinicalModel) -> None:
    """Shares of 0 and 1 and fixed attributes are settled without it; where there is a choice, it is asked."""
    nobody, everybody, some = (
        Antimicrobial(n, -1, share, np.ones((1, 2))) for n, share in zip("abc", (0, 1, 0.5), strict=True)
    )
    plain, luck = replace(model, antimicrobials=(nobody, everybody, some)), WatchedLuck()
    people = draw_baseline(plain, luck, np.arange(6))
    assert people.takes[:2].tolist() == [[False] * 6, [True] * 6]
    assert "patient:takes:c" in luck.asked
    assert not luck.asked & {"patient:takes:a", "patient:takes:b", "patient:agent", "patient:sex", "patient:age"}
    watched = WatchedLuck()
    draw_baseline(varied, watched, np.arange(6))
    assert {"patient:agent", "patient:weight"} <= watched.asked


@pytest.mark.parametrize(
    ("shares", "chosen"),
    [((0.5, 0.3, 0.2), [0, 0, 1, 2]), ((0.0, 1.0, 0.0), [1, 1, 1, 1]), ((0.1,) * 10, [0, 4, 7, 9])],
    ids=["three", "one of three", "ten tenths, which add up to a little less than 1"],
)
def test_the_agent_is_the_interval_of_shares_in_which_luck_falls(
    model: ClinicalModel, shares: tuple[float, ...], chosen: list[int]
) -> None:
    """Luck 1e-9, 0.45, 0.79 and the largest there is."""
    agents = tuple(replace(model.agents[0], name=str(number)) for number in range(len(shares)))
    several = replace(model, agents=agents, population=replace(model.population, agent_share=shares))
    luck = {("patient:agent", number): [u] for number, u in enumerate((1e-9, 0.45, 0.79, 1 - 2.0**-53))}
    assert draw_baseline(several, ScriptedLuck(luck), np.arange(4)).agent.tolist() == chosen


@pytest.mark.parametrize(
    ("mean", "sd", "low", "high"),
    [(75.0, 3.0, 75.0, 300.0), (75.0, 16.0, 160.0, 200.0), (50.0, 5.0, 100.0, 140.0)],
)
def test_a_cut_in_the_upper_tail_keeps_its_bounds(mean: float, sd: float, low: float, high: float) -> None:
    values = quantile(Distribution("normal", mean, sd, low, high), PROBABILITIES)
    assert np.isfinite(values).all()
    assert ((values >= low) & (values <= high)).all()
    expected = stats.truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd).ppf(PROBABILITIES[2:-2])
    assert values[2:-2] == pytest.approx(expected, rel=1e-6)
