"""The simulation against the exact Markov chain, at fifty random parameter sets.

Truth: matrix exponentials that share no code with the model. Bound: 4 Monte Carlo standard errors, taken from the
sample. Power: a 15 % error in the infection rates shifts the mean number of infections by more than 8 standard errors
in each of the sets; the negative control requires that it is found out in every one of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, Agent, Antimicrobial, StepUpDose, Target
from sim.model.structure import ClinicalModel
from sim.runs import play
from sim.streams import AddressedLuck
from sim.verify.agreement import compare, markov_variants
from sim.verify.closed_form_terms import Parameters
from tests.conftest import STRATEGIES, build_model, change

N_PATIENTS = 20_000
N_SETS = 50
BOUND = 4.0

Rng = np.random.Generator


def random_model(rng: Rng) -> ClinicalModel:
    """Rates, effects, prices and utilities over the range of the evidence and beyond; three Markov strategies."""
    base = build_model()
    later = np.cumsum(rng.uniform(0.1, 4, 2))
    doses = (StepUpDose(0.0, "1 mg", 2.0), *(StepUpDose(float(month), "10 mg", 3.0) for month in later))
    return build_model(
        agents=(replace(base.agents[0], step_up=doses),),
        treatment__hospital_day_cost=2_000.0,
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
        strategies=tuple(s for s in STRATEGIES if s.name != "preemptive"),
    )


def more_infections(chain: Parameters) -> Parameters:
    return replace(chain, rate_grade_1_2=chain.rate_grade_1_2 * 1.15, rate_grade_3plus=chain.rate_grade_3plus * 1.15)


@pytest.mark.parametrize("number", range(N_SETS))
def test_means_equal_the_chain_within_four_standard_errors(number: int) -> None:
    rng = np.random.default_rng([20251128, number])
    variant = ("Ig ends with the bispecific", "Ig for life")[number % 2]
    model = markov_variants(random_model(rng))[variant]
    outcomes = play(model, AddressedLuck(number), N_PATIENTS)
    found = list(compare(model, outcomes))
    assert len(found) >= 3 * 21
    furthest = max(found, key=lambda comparison: abs(comparison.z))
    assert abs(furthest.z) <= BOUND, furthest

    assert max(abs(c.z) for c in compare(model, outcomes, more_infections)) > BOUND


@pytest.mark.parametrize("variant", ["Ig ends with the bispecific", "Ig for life"])
def test_the_preemptive_strategy_equals_its_mixture_of_chains(variant: str) -> None:
    """Start times by numerical integration over baseline IgG, M-protein and assay error; 30 months, theta 0.6."""
    base = build_model(horizon=30.0, strategies=tuple(s for s in STRATEGIES if s.name == "preemptive"))
    model = markov_variants(base)[variant]
    outcomes = play(model, AddressedLuck(11), N_PATIENTS)
    found = list(compare(model, outcomes))
    assert {"igg_tests", "cost:igg_tests", "ig_ever"} <= {comparison.quantity for comparison in found}
    furthest = max(found, key=lambda comparison: abs(comparison.z))
    assert abs(furthest.z) <= BOUND, furthest
    later = change(model, igg__decay_rate=model.igg.decay_rate * 0.8)
    assert max(abs(c.z) for c in compare(later, outcomes)) > BOUND


def test_agents_targets_causes_and_antimicrobials_mix_to_the_exact_expectations() -> None:
    """Two agents on two targets, three causes with ratios of their own, an antimicrobial: a mixture of chains."""
    base = build_model(
        infections__causes=("bacterial", "viral", "herpes"),
        infections__rate=np.array(
            [[[0.05, 0.04], [0.10, 0.02], [0.04, 0.02]], [[0.03, 0.01], [0.05, 0.01], [0.02, 0.01]]]
        ),
        infections__hazard_ratio=np.array([[1.0, 0.3], [0.9, 0.8], [1.4, 1.0]]),
        infections__case_fatality=np.full(3, 0.1),
        infections__stop_probability=np.full(3, 0.2),
        infections__cost=np.tile([400.0, 26_500.0], (3, 1)),
        infections__hospital_days=np.ones((3, 2)),
        infections__qaly_loss=np.tile([0.001, 0.0084], (3, 1)),
    )
    model = change(
        base,
        targets=(Target("BCMA", 0.9), Target("GPRC5D", 0.4)),
        agents=(
            Agent("one", 0, 0.08, 1000.0, (StepUpDose(0.0, "1 mg", 2.0), StepUpDose(3.0, "9 mg", 1.0))),
            Agent("two", 1, 0.14, 500.0, (StepUpDose(0.0, "1 mg", 5.0),)),
        ),
        treatment__hospital_day_cost=2_000.0,
        population__agent_share=(0.7, 0.3),
        population__serostatus=("herpes",),
        population__serostatus_proportion=(1.0,),
        infections__only_in=np.array([-1, -1, 0]),
        antimicrobials=(Antimicrobial("antiviral", 0, 1.0, np.array([[1, 1], [0.9, 0.9], [0.2, 0.1]])),),
        strategies=tuple(
            replace(s, antimicrobials=(0,) if s.name != "none" else ()) for s in STRATEGIES if s.name != "preemptive"
        ),
    )
    for variant in markov_variants(model).values():
        outcomes = play(variant, AddressedLuck(12), 40_000)
        found = list(compare(variant, outcomes))
        furthest = max(found, key=lambda comparison: abs(comparison.z))
        assert abs(furthest.z) <= BOUND, furthest
        unprotected = replace(variant, antimicrobials=(replace(variant.antimicrobials[0], adherence=0.0),))
        control = play(unprotected, AddressedLuck(12), 40_000)
        assert max(abs(c.z) for c in compare(variant, control)) > BOUND


def test_serostatus_and_adherence_mix_to_the_exact_number_of_infections() -> None:
    """Without exits or frailty: rate x share struck x months x (1 - adherence x (1 - hr)), standard error about 0.01.

    0.2 x 0.6 x 24 x (1 - 0.7 x 0.75) = 1.368 with the antimicrobial, 2.88 without.
    """
    model = build_model(
        horizon=24.0,
        population__frailty_variance=0.0,
        treatment__stop_rate=0.0,
        treatment__death_rate_on=0.0,
        infections__rate=np.array([[0.2, 0.0]]),
        infections__only_in=np.array([0]),
        population__serostatus=("herpes",),
        population__serostatus_proportion=(0.6,),
        antimicrobials=(Antimicrobial("antiviral", 0, 0.7, np.array([[0.25, 0.25]])),),
        strategies=(replace(STRATEGIES[0], antimicrobials=(0,)), replace(STRATEGIES[0], name="bare", label="Bare")),
    )
    outcomes = play(model, AddressedLuck(4), 40_000)
    for index, exact in ((0, 1.368), (1, 2.88)):
        mean, mcse = outcomes.mean("infections_any")[index], outcomes.mcse("infections_any")[index]
        assert mcse < 0.02
        assert abs(mean - exact) <= BOUND * mcse
        assert abs(mean - exact * 1.05) > BOUND * mcse


def test_viraemia_is_found_in_the_carriers_who_come_for_as_long_as_they_are_treated() -> None:
    """0.3 a month x 60 % carriers x 70 % who come x (1 - exp(-0.15 x 24)) / 0.15 months; a quarter is treated.

    Only stopping ends treatment. The standard error is about 0.006 of 0.817; 5 % more would be 7 of them.
    """
    pcr = Antimicrobial(
        "pcr",
        0,
        0.7,
        np.ones((1, 2)),
        is_surveillance=True,
        course_cost=900.0,
        silent_per_month=(0.3,),
        silent_treated=0.25,
    )
    model = build_model(
        horizon=24.0,
        discount_costs=0.0,
        treatment__stop_rate=0.15,
        treatment__death_rate_on=0.0,
        infections__rate=np.array([[0.0, 0.0]]),
        population__serostatus=("cmv",),
        population__serostatus_proportion=(0.6,),
        antimicrobials=(pcr,),
        strategies=(replace(STRATEGIES[0], antimicrobials=(0,)),),
    )
    outcomes = play(model, AddressedLuck(6), 40_000)
    exact = 0.3 * 0.6 * 0.7 * (1 - np.exp(-0.15 * 24)) / 0.15
    for component, factor in (("viraemias_found:pcr", 1.0), ("preemptive_courses:pcr", 0.25)):
        mean, mcse = outcomes.mean(component)[0], outcomes.mcse(component)[0]
        assert abs(mean - factor * exact) <= BOUND * mcse
        assert abs(mean - 1.05 * factor * exact) > BOUND * mcse
    assert outcomes.mean("cost:antimicrobials")[0] == pytest.approx(900 * outcomes.mean("preemptive_courses:pcr")[0])
