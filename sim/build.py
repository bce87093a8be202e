"""From a scenario to the compiled model: the only place that knows both.

Names become indices, days become months, quantities become numbers. Nothing is decided here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.model import structure as m
from sim.model.discounting import monthly_rate
from sim.scenario import schema as s
from sim.scenario.quantity import Quantity

_GRADE_INDEX = {"1_2": m.GRADE_1_2, "3plus": m.GRADE_3PLUS}


def compile_model(scenario: s.Scenario) -> m.ClinicalModel:
    """The model at the base-case values of a scenario.

    Args:
        scenario: A validated scenario.

    Returns:
        Arrays and numbers in months, kilograms, mg/dL and the scenario's currency.
    """
    analysis, utilities = scenario.analysis, scenario.utilities
    return m.ClinicalModel(
        horizon=analysis.horizon_months.value,
        discount_costs=monthly_rate(analysis.discount_rate_costs_per_year.value),
        discount_effects=monthly_rate(analysis.discount_rate_effects_per_year.value),
        utility_on=utilities.on_treatment.value,
        utility_off=utilities.off_treatment.value,
        population=_population(scenario.patients),
        treatment=_treatment(scenario.treatment),
        infections=_infections(scenario),
        immunoglobulin=_immunoglobulin(scenario.immunoglobulin),
        igg=_igg(scenario.igg),
        strategies=tuple(_strategy(name, scenario.strategies[name]) for name in scenario.strategy_names),
    )


def _months(days: Quantity) -> float:
    return days.value / m.DAYS_PER_MONTH


def _grades(pair: s.ByGrade[Quantity]) -> tuple[float, float]:
    return pair.grade_1_2.value, pair.grade_3plus.value


def _distribution(attribute: object) -> m.Distribution:
    match attribute:
        case s.Fixed():
            return m.Distribution("fixed", attribute.value.value)
        case s.Normal():
            mean, sd = attribute.mean.value, attribute.sd.value
            return m.Distribution("normal", mean, sd, attribute.min, attribute.max)
        case s.Lognormal():
            return m.Distribution("lognormal", attribute.median.value, attribute.log_sd.value)
    message = f"no compiled form for a patient distribution of type {type(attribute).__name__}"
    raise TypeError(message)


def _population(patients: s.Patients) -> m.Population:
    return m.Population(
        weight_kg=_distribution(patients.weight_kg),
        igg_polyclonal_mg_dl=_distribution(patients.igg_polyclonal_mg_dl),
        igg_type_proportion=patients.igg_type_proportion.value,
        m_protein_mg_dl=_distribution(patients.m_protein_mg_dl),
        frailty_variance=patients.frailty_variance.value,
    )


def _treatment(treatment: s.Treatment) -> m.Treatment:
    return m.Treatment(
        stop_rate=treatment.stop_rate_per_month.value,
        death_rate_on=treatment.death_rate_per_month.on_treatment.value,
        death_rate_off=treatment.death_rate_per_month.off_treatment.value,
        drug_cost_per_month=treatment.drug_cost_per_month.value if treatment.include_drug_cost else 0.0,
        end_of_life_cost=treatment.end_of_life_cost.value,
    )


def _infections(scenario: s.Scenario) -> m.Infections:
    causes = scenario.infections.causes
    hazard_ratio = _grades(scenario.immunoglobulin.hr)
    decrement = np.array([_grades(cause.utility_decrement) for cause in causes.values()])
    duration = np.array([_grades(cause.duration_days) for cause in causes.values()])
    return m.Infections(
        causes=tuple(causes),
        rate=np.array([_grades(cause.rate_per_month) for cause in causes.values()]),
        off_multiplier=scenario.infections.off_treatment_multiplier.value,
        hazard_ratio=np.array([hazard_ratio for _ in causes]),
        case_fatality=np.array([cause.case_fatality.grade_3plus.value for cause in causes.values()]),
        stop_probability=np.array([cause.stop_probability.grade_3plus.value for cause in causes.values()]),
        cost=np.array([_grades(cause.cost) for cause in causes.values()]),
        hospital_days=np.array([_grades(cause.hospital_days) for cause in causes.values()]),
        qaly_loss=decrement * duration / m.DAYS_PER_YEAR,
    )


def _immunoglobulin(ig: s.Immunoglobulin) -> m.Immunoglobulin:
    return m.Immunoglobulin(
        dose_g_per_kg=ig.dose_g_per_kg.value,
        vial_size_g=ig.vial_size_g.value,
        interval=_months(ig.interval_days),
        onset_lag=_months(ig.onset_lag_days),
        protection=_months(ig.protection_days),
        washout=ig.washout_months.value,
        price_per_gram=ig.price_per_gram.value,
        administration_cost=ig.administration_cost.value,
        qaly_loss=ig.infusion_utility_decrement.value / m.DAYS_PER_YEAR,
    )


def _igg(igg: s.Igg) -> m.Igg:
    return m.Igg(
        suppressed_fraction=igg.suppressed_fraction.value,
        decay_rate=float(np.log(2)) / _months(igg.half_life_days),
        m_protein_decay_rate=float(np.log(2)) / _months(igg.m_protein_half_life_days),
        assay_log_sd=float(np.sqrt(np.log1p(igg.assay_cv.value**2))),
        test_cost=igg.test_cost.value,
    )


def _strategy(name: str, strategy: s.Strategy) -> m.Strategy:
    tests = strategy.igg_tests
    compiled = m.Strategy(
        name=name,
        label=strategy.label,
        rule=strategy.start.rule,
        test_interval=tests.interval_months.value if tests else float("inf"),
        test_until_ordered=tests.until == "ig_ordered" if tests else True,
    )
    match strategy.start:
        case s.IggBelow() as rule:
            return replace(compiled, threshold_mg_dl=rule.threshold_mg_dl.value, delay=_months(rule.delay_days))
        case s.AfterInfections() as rule:
            return replace(
                compiled,
                delay=_months(rule.delay_days),
                minimum_grade=_GRADE_INDEX[rule.minimum_grade],
                count=rule.count,
                within=rule.within_months.value,
            )
        case _:
            return compiled
