"""What `igsim explain` says of studies and calibrations."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

import sim
from sim.explain import explain
from sim.report.explain_text import explanation_document, print_explanation
from sim.scenario import quantities


def said(scenario) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_explanation(console, scenario, explain(scenario))
    return console.file.getvalue()


def test_every_trial_is_there_with_its_arms_and_sizes():
    scenario = sim.load("scenarios/trials.toml")
    found = explain(scenario).trials.set_index("trial")
    assert list(found.index) == list(scenario.trials)
    assert found.loc["planned", "arms"] == "none 50%, primary 50%"
    assert found.loc["planned", "patients"] == "100 or 200 or 400"
    assert found.loc["after_infection", "outcome"] == "infections of grade 3 or more"
    assert found["published_estimates"].sum() == sum(len(t.published) for t in scenario.trials.values()) > 0
    assert "igsim trial plays them." in said(scenario)


def test_priors_are_the_quantiles_of_their_distributions_and_targets_what_was_seen():
    """Lognormal: median times exp(+-1.96 log(high / low) / 3.92); beta by moments; both by scipy."""
    scenario = sim.load("scenarios/calibration.toml")
    explanation = explain(scenario)
    priors = explanation.priors.set_index("quantity")
    known = {path: quantity for path, quantity, _ in quantities(scenario)}
    limits = ["prior_low", "prior_median", "prior_high"]
    ratio = known["immunoglobulin.hr.grade_3plus"]
    spread = np.log(ratio.ci[1] / ratio.ci[0]) / (2 * 1.959964)
    wanted = stats.lognorm(spread, scale=ratio.value).ppf([0.025, 0.5, 0.975])
    assert priors.loc["immunoglobulin.hr.grade_3plus", limits].astype(float).tolist() == pytest.approx(
        wanted, rel=5e-3
    )
    targets = explanation.targets.set_index("target")
    assert list(targets.index) == list(scenario.calibration.targets)
    assert targets.loc["bcma_any", "seen"] == "a first infection: 38.6% by 5, 47.9% by 10 months, exits compete"
    assert targets["fitted"].tolist() == ["fitted", "fitted", "compared only"]
    assert "igsim calibrate fits them." in said(scenario)
    document = explanation_document(scenario, explanation)
    assert len(document["priors"]) == len(priors)
    assert document["trials"] == []


def test_scenarios_without_studies_say_nothing_of_them():
    text = said(sim.load("scenarios/tutorial.toml"))
    assert "igsim trial" not in text
    assert "igsim calibrate" not in text
