"""The simulation against the exact Markov chain, at fifty random parameter sets.

Truth: matrix exponentials that share no code with the model. Bound: 4 Monte Carlo standard errors, taken from the
sample. Power: a 15 % error in the infection rates shifts the mean number of infections by more than 8 standard errors
in each of the sets; the negative control requires that it is found out in every one of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.structure import DAYS_PER_MONTH, ClinicalModel
from sim.runs import play
from sim.streams import AddressedLuck
from sim.verify.agreement import chain_parameters, compare, markov_variants
from tests.conftest import STRATEGIES, build_model, change

N_PATIENTS = 20_000
N_SETS = 50
BOUND = 4.0

Rng = np.random.Generator


def random_model(rng: Rng) -> ClinicalModel:
    """Rates, effects, prices and utilities over the range of the evidence and beyond; three Markov strategies."""
    return build_model(
        horizon=float(rng.uniform(6, 60)),
        discount_costs=float(rng.choice([0.0, rng.uniform(0, 0.01)])),
        discount_effects=float(rng.choice([0.0, rng.uniform(0, 0.01)])),
        utility_on=float(rng.uniform(0.4, 0.9)),
        utility_off=float(rng.uniform(0.3, 0.8)),
        population__frailty_variance=float(rng.choice([0.0, rng.uniform(0.1, 1.5)])),
        treatment__stop_rate=float(rng.uniform(0.03, 0.2)),
        treatment__death_rate_on=float(rng.uniform(0.002, 0.05)),
        treatment__death_rate_off=float(rng.uniform(0.01, 0.1)),
        infections__rate=rng.uniform([[0.05, 0.02]], [[0.3, 0.12]]),
        infections__off_multiplier=float(rng.uniform(0.1, 1.5)),
        infections__hazard_ratio=rng.uniform([[0.5, 0.05]], [[1.8, 1.3]]),
        infections__case_fatality=rng.uniform(0.02, 0.3, 1),
        infections__stop_probability=rng.uniform(0.02, 0.4, 1),
        infections__cost=rng.uniform([[100, 5000]], [[1000, 40000]]),
        infections__qaly_loss=rng.uniform(0, 0.02, (1, 2)),
        immunoglobulin__interval=float(rng.uniform(21, 35)) / DAYS_PER_MONTH,
        immunoglobulin__qaly_loss=float(rng.uniform(0, 1e-3)),
        strategies=tuple(s for s in STRATEGIES if s.rule != "igg_below"),
    )


def worst(model: ClinicalModel, outcomes: object, parameters: object = None) -> float:
    return max(abs(c.z) for c in compare(model, outcomes, parameters))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(N_SETS))
def test_means_equal_the_chain_within_four_standard_errors(number: int) -> None:
    rng = np.random.default_rng([20251128, number])
    variant = ("Ig ends with the bispecific", "Ig for life")[number % 2]
    model = markov_variants(random_model(rng))[variant]
    outcomes = play(model, AddressedLuck(number), N_PATIENTS)
    found = list(compare(model, outcomes))
    assert len(found) >= 3 * 19
    furthest = max(found, key=lambda comparison: abs(comparison.z))
    assert abs(furthest.z) <= BOUND, furthest

    chain = chain_parameters(model)
    wrong = replace(chain, rate_grade_1_2=chain.rate_grade_1_2 * 1.15, rate_grade_3plus=chain.rate_grade_3plus * 1.15)
    assert worst(model, outcomes, wrong) > BOUND


@pytest.mark.parametrize("variant", ["Ig ends with the bispecific", "Ig for life"])
def test_the_preemptive_strategy_equals_its_mixture_of_chains(variant: str) -> None:
    """Start times by numerical integration over baseline IgG, M-protein and assay error; 30 months, theta 0.6."""
    base = build_model(horizon=30.0, strategies=tuple(s for s in STRATEGIES if s.rule == "igg_below"))
    model = markov_variants(base)[variant]
    outcomes = play(model, AddressedLuck(11), N_PATIENTS)
    found = list(compare(model, outcomes))
    assert {"igg_tests", "cost:igg_tests", "ig_ever"} <= {comparison.quantity for comparison in found}
    furthest = max(found, key=lambda comparison: abs(comparison.z))
    assert abs(furthest.z) <= BOUND, furthest
    later = change(model, igg__decay_rate=model.igg.decay_rate * 0.8)
    assert max(abs(c.z) for c in compare(later, outcomes)) > BOUND


def test_causes_pool_to_one_in_expectation() -> None:
    """Three causes with their own rates, fatality and costs have the expectations of their weighted sum."""
    base = build_model(
        infections__causes=("bacterial", "viral", "fungal"),
        infections__rate=np.array([[0.05, 0.04], [0.10, 0.02], [0.0, 0.01]]),
        infections__hazard_ratio=np.tile([[1.0, 0.4]], (3, 1)),
        infections__case_fatality=np.array([0.1, 0.05, 0.4]),
        infections__stop_probability=np.array([0.1, 0.0, 0.5]),
        infections__cost=np.array([[500.0, 25_000.0], [200.0, 9_000.0], [0.0, 60_000.0]]),
        infections__hospital_days=np.ones((3, 2)),
        infections__qaly_loss=np.array([[0.001, 0.008], [0.001, 0.004], [0.0, 0.03]]),
        strategies=tuple(s for s in STRATEGIES if s.rule != "igg_below"),
    )
    model = markov_variants(base)["Ig for life"]
    outcomes = play(model, AddressedLuck(12), N_PATIENTS)
    assert worst(model, outcomes) <= BOUND
