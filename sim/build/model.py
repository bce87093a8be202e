"""The whole model from its parts, with marginal hazard ratios turned into those of patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.build.infections import infections_of
from sim.build.laboratory import igg_of, laboratory_of
from sim.build.numbers import index_of
from sim.build.patients import population_of
from sim.build.prevention import antimicrobial_of, immunoglobulin_of, regimen_of
from sim.build.strategies import strategy_of
from sim.build.treatment import agent_of, target_of, tocilizumab_of, toxicity_of, treatment_of
from sim.model.discounting import monthly_rate
from sim.model.marginal import Strata, subject_ratios
from sim.model.structure import ClinicalModel
from sim.scenario import Scenario
from sim.scenario.limits import refuse_limits


def compile_model(scenario: Scenario) -> ClinicalModel:
    """The model at the base-case values of a scenario.

    Args:
        scenario: A validated scenario.

    Returns:
        Arrays and numbers in months, kilograms, mg/dL and the scenario's currency.

    Raises:
        UnsupportedByEngineError: Patients compete for chairs or supply, so nobody can be played alone.
    """
    refuse_limits(scenario)
    analysis, utilities = scenario.analysis, scenario.utilities
    targets = list(scenario.targets)
    agents = [agent_of(name, agent, targets, scenario) for name, agent in scenario.agents.items()]
    model = ClinicalModel(
        horizon=analysis.horizon_months.value,
        discount_costs=monthly_rate(analysis.discount_rate_costs_per_year.value),
        discount_effects=monthly_rate(analysis.discount_rate_effects_per_year.value),
        utility_on=utilities.on_treatment.value,
        utility_off=utilities.off_treatment.value,
        population=population_of(scenario),
        targets=tuple(target_of(name, target) for name, target in scenario.targets.items()),
        agents=tuple(agents),
        treatment=treatment_of(scenario.treatment),
        infections=infections_of(scenario),
        immunoglobulin=immunoglobulin_of(scenario.immunoglobulin),
        regimens=tuple(regimen_of(r) for r in (scenario.immunoglobulin, *scenario.regimens.values())),
        igg=igg_of(scenario.igg),
        strategies=tuple(strategy_of(name, scenario) for name in scenario.strategy_names),
        antimicrobials=tuple(antimicrobial_of(name, scenario) for name in scenario.antimicrobials),
        crs=toxicity_of(scenario.crs),
        icans=toxicity_of(scenario.icans),
        tocilizumab=tocilizumab_of(scenario.tocilizumab),
        laboratory=laboratory_of(scenario.laboratory),
    )
    return _translated(model, scenario)


def _translated(model: ClinicalModel, scenario: Scenario) -> ClinicalModel:
    """The model with marginal hazard ratios turned into those of patients; see `sim.model.marginal`."""
    ig = scenario.immunoglobulin
    if ig.effect == "subject" or ig.marginal_follow_up_months is None:
        return model
    package = [index_of(drug, scenario.antimicrobials) for drug in ig.marginal_antimicrobials]
    strata = Strata.of(model, package, ig.marginal_follow_up_months.value)
    single = np.array([cause in ig.hr_by_cause for cause in model.infections.causes])
    ratio = subject_ratios(model.infections.hazard_ratio, single, strata)
    return replace(model, infections=replace(model.infections, hazard_ratio=ratio))
