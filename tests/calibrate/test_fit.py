"""The shipped calibration: what it reproduces, what it learns, what it says it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import sim
from sim.calibrate import calibrate
from sim.calibrate.predict import replicated, simulated_curve
from sim.calibrate.result import posterior_of
from sim.calibrate.sample import sample
from sim.errors import UsageError
from sim.parameters import draw_parameters
from sim.report.calibrate_text import calibrate_document, calibrate_tables, findings, print_calibration
from tests.calibrate.conftest import SCENARIOS

UPTAKE = "calibration.cohorts.anti_bcma.ig_uptake"


def test_the_posterior_reproduces_the_anti_bcma_pair_within_its_intervals(fitted):
    pair = fitted.targets[fitted.targets["target"] == "bcma_any"]
    assert len(pair) == 2
    assert (pair["fit"].between(pair["observed_low"], pair["observed_high"])).all()
    assert np.abs(pair["fit"] - pair["observed"]).max() < 0.03
    assert fitted.has_converged


def test_no_plausible_exit_and_frailty_meet_the_anti_gprc5d_pair(fitted):
    summary = fitted.summary.set_index("target")
    assert summary.loc["gprc5d_any", "draws_that_meet_it"] < 0.005
    assert summary.loc["gprc5d_any", "best_largest_miss"] > 0.015
    # The anti-BCMA pair can be met exactly, so the search finds what there is.
    assert summary.loc["bcma_any", "best_largest_miss"] < 0.001
    assert any("gprc5d_any" in line and "no plausible values meet it" in line for line in findings(fitted))
    assert not any("bcma_any" in line and "no plausible" in line for line in findings(fitted))


def test_it_says_what_the_data_do_not_identify(fitted):
    parameters = fitted.parameters.set_index("parameter")
    assert parameters.loc["calibration.cohorts.anti_bcma.ig_uptake", "verdict"].startswith("not identified")
    assert parameters.loc["anti_bcma: rate of infections as treated", "verdict"] == "identified"
    assert "ig_uptake" in findings(fitted)[0]


def test_the_rate_without_immunoglobulin_is_calculated_back(fitted, shipped):
    totals = posterior_of(shipped).forward.totals("anti_bcma", dict(fitted.posterior.items()))
    without, treated = (totals[f"rate of infections {words}"] for words in ("without immunoglobulin", "as treated"))
    assert np.median(without / treated) > 1.1


def test_the_sampler_agrees_with_prior_draws_weighted_by_the_likelihood(fitted, shipped):
    posterior = posterior_of(shipped)
    u = np.random.default_rng(8).standard_normal((20_000, len(posterior.prior.paths)))
    weight = np.exp(posterior.log_likelihood(u) - posterior.log_likelihood(u).max())
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert effective > 1000
    weight /= weight.sum()
    values = posterior.prior.values(u)
    words = "rate of infections as treated"
    by_weight = np.log(posterior.forward.totals("anti_bcma", values)[words])
    sampled = np.log(posterior.forward.totals("anti_bcma", dict(fitted.posterior.items()))[words])
    mean = (weight * by_weight).sum()
    error = sampled.std() * np.sqrt(1 / effective + 1 / 500)
    assert sampled.mean() == pytest.approx(mean, abs=4 * error)
    # Negative control: without the likelihood the mean is elsewhere.
    assert by_weight.mean() != pytest.approx(mean, abs=4 * error)


@pytest.mark.parametrize(
    ("engine", "patients"), [("numpy", 20_000), pytest.param("simpy", 1500, marks=pytest.mark.slow)]
)
def test_both_engines_give_the_exact_curve(shipped, engine, patients):
    posterior = posterior_of(shipped)
    assert shipped.calibration is not None
    target = shipped.calibration.targets["bcma_any"]
    values = {"patients.frailty_variance": 1.2, UPTAKE: 0.5}
    exact = posterior.forward.incidence(target, {path: np.array([v]) for path, v in values.items()})[0]
    simulated, error = simulated_curve(shipped, target, values, 4, patients, engine)
    assert np.abs(simulated - exact).max() < 4 * error.max()
    # Negative control: without frailty the curve is another one, and that is noticed.
    even = posterior.forward.incidence(target, {"patients.frailty_variance": np.zeros(1)} | {UPTAKE: np.array([0.5])})
    assert np.abs(simulated - even[0]).max() > 4 * error.max()


def test_simulated_studies_are_the_same_whoever_plays_them(shipped, fitted):
    few = {path: column.to_numpy()[:25] for path, column in fitted.posterior.items()}
    alone = replicated(shipped, "bcma_any", few, 3)
    with sim.workers(2) as runner:
        np.testing.assert_array_equal(replicated(shipped, "bcma_any", few, 3, runner), alone)
    assert not np.array_equal(replicated(shipped, "bcma_any", few, 4), alone)


def test_the_same_seed_gives_the_same_draws(shipped, monkeypatch):
    monkeypatch.setattr("sim.calibrate.sample.STEPS_PER_ROUND", 40)
    monkeypatch.setattr("sim.calibrate.sample.MOST_ROUNDS", 1)
    posterior = posterior_of(shipped)
    first, again, other = (
        sample(posterior.log_density, len(posterior.prior.paths), seed).chains for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_what_the_curves_leave_out_is_refused():
    marginal = sim.load(
        SCENARIOS / "calibration.toml",
        overrides={"immunoglobulin.effect": "marginal", "immunoglobulin.marginal_follow_up_months": 6.1},
    )
    with pytest.raises(UsageError, match=r"immunoglobulin\.effect"):
        calibrate(marginal)
    priced = sim.load(
        SCENARIOS / "calibration.toml", overrides={"calibration.free": ["immunoglobulin.price_per_gram"]}
    )
    with pytest.raises(UsageError, match="does not enter the likelihood"):
        calibrate(priced)
    certain = sim.load(SCENARIOS / "calibration.toml", overrides={"patients.frailty_variance": 0.6})
    assert "patients.frailty_variance" not in posterior_of(certain).prior.paths
    alone = {"calibration.free": ["patients.frailty_variance"], "patients.frailty_variance": 0.6}
    with pytest.raises(UsageError, match="only fixed numbers"):
        calibrate(sim.load(SCENARIOS / "calibration.toml", overrides=alone))
    with pytest.raises(UsageError, match="calibration: is missing"):
        calibrate(sim.load(SCENARIOS / "base-case.toml"))


def test_the_report_says_all_of_it(fitted, capsys):
    document = calibrate_document(fitted)
    assert document["sampling"]["converged"] is True
    assert {"parameters", "targets", "summary", "check", "findings"} <= document.keys()
    print_calibration(Console(width=160), fitted, None)
    said = capsys.readouterr().out
    for words in ("R-hat", "not identified", "not fitted", "best possible", "standard errors apart"):
        assert words in said
    assert set(calibrate_tables(fitted)["posterior"].columns).isdisjoint(
        calibrate_tables(fitted)["posterior_nuisance"].columns
    )


# ---------------------------------------------------------------------- the loop: posterior draws in the PSA


def test_the_shipped_posterior_is_that_of_the_shipped_calibration(fitted):
    shipped = pd.read_csv(SCENARIOS / "calibrated-posterior.csv")
    mine = fitted.model_posterior()
    assert list(shipped.columns) == list(mine.columns)
    # The same seed gives the same draws on one machine; elsewhere the last digits of exp and log may differ.
    np.testing.assert_allclose(shipped.mean(), mine.mean(), rtol=0.1)
    np.testing.assert_allclose(shipped.std(), mine.std(), rtol=0.15)


def test_the_psa_of_the_calibrated_scenario_draws_rows_of_the_posterior():
    calibrated = sim.load(SCENARIOS / "calibrated.toml")
    table = draw_parameters(calibrated, 400, 1)
    posterior = pd.read_csv(SCENARIOS / "calibrated-posterior.csv")
    drawn = table.frame()[list(posterior.columns)]
    rows = {tuple(row) for row in posterior.to_numpy().round(12)}
    assert all(tuple(row) in rows for row in drawn.to_numpy().round(12))
    mild = "infections.causes.{}.rate_per_month.BCMA.grade_1_2"
    pair = [mild.format(cause) for cause in ("bacterial", "respiratory_viral")]
    # Data know the sum, so its parts go against each other; independent draws would have a correlation near 0.
    assert np.corrcoef(np.log(drawn[pair].to_numpy().T))[0, 1] < -0.2
