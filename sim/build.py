"""From a scenario to the compiled model: the only place that knows both.

Names become indices, days become months, quantities become numbers. Nothing clinical is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from sim.model import parts as m
from sim.model.discounting import monthly_rate
from sim.model.marginal import Strata, subject_ratios
from sim.model.structure import ClinicalModel
from sim.scenario import Scenario, drugs, infections, laboratory, life_table, people, prophylaxis, strategies
from sim.scenario.fields import ByGrade
from sim.scenario.limits import refuse_limits
from sim.scenario.quantity import Quantity

_GRADE_INDEX = {"1_2": m.GRADE_1_2, "3plus": m.GRADE_3PLUS}
_STANDARD = "standard"


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
    agents = [_agent(name, agent, targets, scenario) for name, agent in scenario.agents.items()]
    model = ClinicalModel(
        horizon=analysis.horizon_months.value,
        discount_costs=monthly_rate(analysis.discount_rate_costs_per_year.value),
        discount_effects=monthly_rate(analysis.discount_rate_effects_per_year.value),
        utility_on=utilities.on_treatment.value,
        utility_off=utilities.off_treatment.value,
        population=_population(scenario),
        targets=tuple(_target(name, target) for name, target in scenario.targets.items()),
        agents=tuple(agents),
        treatment=_treatment(scenario.treatment),
        infections=_infections(scenario),
        immunoglobulin=_immunoglobulin(scenario.immunoglobulin),
        regimens=tuple(_regimen(r) for r in (scenario.immunoglobulin, *scenario.regimens.values())),
        igg=_igg(scenario.igg),
        strategies=tuple(_strategy(name, scenario) for name in scenario.strategy_names),
        antimicrobials=tuple(_antimicrobial(name, scenario) for name in scenario.antimicrobials),
        crs=_toxicity(scenario.crs),
        icans=_toxicity(scenario.icans),
        tocilizumab=_tocilizumab(scenario.tocilizumab),
        laboratory=_laboratory(scenario.laboratory),
    )
    return _translated(model, scenario)


def _months(days: Quantity) -> float:
    return days.value / m.DAYS_PER_MONTH


def _qalys(decrement: Quantity, days: Quantity) -> float:
    return decrement.value * days.value / m.DAYS_PER_YEAR


def _grades(pair: ByGrade[Quantity]) -> tuple[float, float]:
    return pair.grade_1_2.value, pair.grade_3plus.value


def _table(pairs: Iterable[ByGrade[Quantity]]) -> m.Floats:
    return np.array([_grades(pair) for pair in pairs])


# ---------------------------------------------------------------------- who is treated, and with what


def _distribution(attribute: object) -> m.Distribution:
    match attribute:
        case None:
            return m.Distribution("fixed", 0.0)
        case people.Fixed():
            return m.Distribution("fixed", attribute.value.value)
        case people.Normal():
            mean, sd = attribute.mean.value, attribute.sd.value
            return m.Distribution("normal", mean, sd, attribute.min, attribute.max)
        case people.Lognormal():
            return m.Distribution("lognormal", attribute.median.value, attribute.log_sd.value)
    message = f"no compiled form for a patient distribution of type {type(attribute).__name__}"
    raise TypeError(message)


def _population(scenario: Scenario) -> m.Population:
    patients = scenario.patients
    return m.Population(
        weight_kg=_distribution(patients.weight_kg),
        igg_polyclonal_mg_dl=_distribution(patients.igg_polyclonal_mg_dl),
        igg_type_proportion=patients.igg_type_proportion.value,
        m_protein_mg_dl=_distribution(patients.m_protein_mg_dl),
        frailty_variance=patients.frailty_variance.value,
        iga_mg_dl=_distribution(patients.iga_mg_dl),
        igm_mg_dl=_distribution(patients.igm_mg_dl),
        anti_cd38_proportion=patients.anti_cd38_proportion.value,
        responder_proportion=patients.responder_proportion.value,
        serostatus=tuple(patients.serostatus),
        serostatus_proportion=tuple(share.value for share in patients.serostatus.values()),
        agent_share=tuple(
            patients.agents[name].value if name in patients.agents else 0.0 for name in scenario.agents
        ),
        age_years=_distribution(patients.age_years),
        male_proportion=patients.male_proportion.value if patients.male_proportion else 0.0,
        correlation_factor=_correlation_factor(patients.correlations),
    )


def _correlation_factor(correlations: Iterable[people.Correlation]) -> m.Floats | None:
    n = len(m.CORRELATED)
    matrix = np.eye(n)
    for correlation in correlations:
        i, j = (m.CORRELATED.index(name) for name in correlation.between)
        matrix[i, j] = matrix[j, i] = correlation.value.value
    joined = np.flatnonzero((matrix != np.eye(n)).any(axis=1))
    if joined.size == 0:
        return None
    # The factor of a larger matrix may round differently: age and sex enter only where they are joined to something.
    size = max(int(joined[-1]) + 1, m.CORRELATED.index("age_years"))
    factor = np.eye(n)
    factor[:size, :size] = np.linalg.cholesky(matrix[:size, :size])
    return factor


def _target(name: str, target: drugs.Target) -> m.Target:
    return m.Target(
        name=name,
        suppressed_fraction=target.suppressed_fraction.value,
        recovery_start=target.recovery_start_months.value if target.recovered_fraction.value > 0 else np.inf,
        recovered_fraction=target.recovered_fraction.value,
        therapeutic_antibody_mg_dl=target.therapeutic_antibody_mg_dl.value,
        period_starts=tuple(period.from_month for period in target.hazard_periods),
        period_multipliers=tuple(period.multiplier.value for period in target.hazard_periods),
    )


def _agent(name: str, agent: drugs.Agent, targets: list[str], scenario: Scenario) -> m.Agent:
    is_counted = scenario.treatment.include_drug_cost
    return m.Agent(
        name=name,
        target=targets.index(agent.target),
        stop_rate=agent.stop_rate_per_month.value,
        drug_cost_per_month=agent.drug_cost_per_month.value if is_counted else 0.0,
        step_up_hospital_days=agent.step_up_hospital_days.value,
        crs=_grades(agent.crs) if agent.crs else (0.0, 0.0),
        icans=_grades(agent.icans) if agent.icans else (0.0, 0.0),
    )


def _treatment(treatment: drugs.Treatment) -> m.Treatment:
    reduced = treatment.reduced_frequency
    return m.Treatment(
        death_rate_on=treatment.death_rate_per_month.on_treatment.value,
        death_rate_off=treatment.death_rate_per_month.off_treatment.value,
        end_of_life_cost=treatment.end_of_life_cost.value,
        hospital_day_cost=treatment.hospital_day_cost.value,
        reduced_from=reduced.from_month.value if reduced else np.inf,
        reduced_infection_multiplier=reduced.infection_multiplier.value if reduced else 1.0,
        reduced_drug_multiplier=reduced.drug_cost_multiplier.value if reduced else 1.0,
        life_table=_life_table(treatment.life_table),
    )


def _life_table(stated: life_table.LifeTable | None) -> m.LifeTable | None:
    if stated is None:
        return None
    _, male, female = np.array(stated.annual_probability).T
    yearly = -np.log1p(-np.stack([female, male]))
    return m.LifeTable(stated.first_age, yearly * stated.hazard_multiplier.value / m.MONTHS_PER_YEAR)


def _toxicity(toxicity: drugs.AcuteToxicity | None) -> m.Toxicity:
    if toxicity is None:
        return m.Toxicity()
    decrement, days = toxicity.utility_decrement, toxicity.duration_days
    return m.Toxicity(
        cost=_grades(toxicity.cost),
        qaly_loss=(
            _qalys(decrement.grade_1_2, days.grade_1_2),
            _qalys(decrement.grade_3plus, days.grade_3plus),
        ),
        hospital_days=_grades(toxicity.hospital_days),
    )


def _tocilizumab(dose: drugs.Tocilizumab | None) -> m.Tocilizumab:
    if dose is None:
        return m.Tocilizumab()
    return m.Tocilizumab(
        crs_multiplier=_grades(dose.crs_multiplier),
        icans_multiplier=_grades(dose.icans_multiplier),
        cost=dose.cost.value,
        infection_multiplier=dose.infection_multiplier.value,
        infection_months=dose.infection_months.value,
    )


# ---------------------------------------------------------------------- infections, and what prevents them


def _serostatus(scenario: Scenario, name: str) -> int:
    """Index of a serostatus; -1 where everybody is meant."""
    return list(scenario.patients.serostatus).index(name) if name not in ("", "all") else -1


def _infections(scenario: Scenario) -> m.Infections:
    causes = scenario.infections.causes
    rate = np.array([[_rates(cause, target) for cause in causes.values()] for target in scenario.targets])
    decrement = _table(cause.utility_decrement for cause in causes.values())
    duration = _table(cause.duration_days for cause in causes.values())
    return m.Infections(
        causes=tuple(causes),
        rate=rate,
        only_in=np.array([_serostatus(scenario, cause.only_in) for cause in causes.values()]),
        off_multiplier=scenario.infections.off_treatment_multiplier.value,
        hazard_ratio=_stated_ratio(scenario.immunoglobulin, causes),
        case_fatality=np.array([cause.case_fatality.grade_3plus.value for cause in causes.values()]),
        stop_probability=np.array([cause.stop_probability.grade_3plus.value for cause in causes.values()]),
        cost=_table(cause.cost for cause in causes.values()),
        hospital_days=_table(cause.hospital_days for cause in causes.values()),
        qaly_loss=decrement * duration / m.DAYS_PER_YEAR,
        hold=_table(cause.hold_days for cause in causes.values()) / m.DAYS_PER_MONTH,
    )


def _rates(cause: infections.Cause, target: str) -> tuple[float, float]:
    return _grades(cause.rate_per_month[target]) if target in cause.rate_per_month else (0.0, 0.0)


def _stated_ratio(ig: prophylaxis.Immunoglobulin, causes: Iterable[str]) -> m.Floats:
    """Hazard ratios as the scenario states them, [cause, grade]."""
    return _table(ig.hr_by_cause.get(cause, ig.hr) for cause in causes)


def _translated(model: ClinicalModel, scenario: Scenario) -> ClinicalModel:
    """The model with marginal hazard ratios turned into those of patients; see `sim.model.marginal`."""
    ig = scenario.immunoglobulin
    if ig.effect == "subject" or ig.marginal_follow_up_months is None:
        return model
    package = [_index(drug, scenario.antimicrobials) for drug in ig.marginal_antimicrobials]
    strata = Strata.of(model, package, ig.marginal_follow_up_months.value)
    single = np.array([cause in ig.hr_by_cause for cause in model.infections.causes])
    ratio = subject_ratios(model.infections.hazard_ratio, single, strata)
    return replace(model, infections=replace(model.infections, hazard_ratio=ratio))


def _regimen(regimen: prophylaxis.Regimen) -> m.Regimen:
    return m.Regimen(
        route=regimen.route,
        dose_g_per_kg=regimen.dose_g_per_kg.value,
        vial_size_g=regimen.vial_size_g.value,
        interval=_months(regimen.interval_days),
        onset_lag=_months(regimen.onset_lag_days),
        protection=_months(regimen.protection_days),
        price_per_gram=regimen.price_per_gram.value,
        administration_cost=regimen.administration_cost.value,
        qaly_loss=regimen.infusion_utility_decrement.value / m.DAYS_PER_YEAR,
        adherence=regimen.adherence.value,
    )


def _immunoglobulin(ig: prophylaxis.Immunoglobulin) -> m.Immunoglobulin:
    reaction = ig.reaction
    return m.Immunoglobulin(
        washout=ig.washout_months.value,
        reaction_probability=reaction.probability.value if reaction else 0.0,
        reaction_cost=reaction.cost.value if reaction else 0.0,
        reaction_qaly_loss=_qalys(reaction.utility_decrement, reaction.duration_days) if reaction else 0.0,
        harms=tuple(
            m.Harm(
                name=name,
                rate=harm.rate_per_month.value,
                cost=harm.cost.value,
                qaly_loss=_qalys(harm.utility_decrement, harm.duration_days),
                hospital_days=harm.hospital_days.value,
            )
            for name, harm in ig.harms.items()
        ),
        adjustment=_adjustment(ig.dose_adjustment),
        benefit_below_igg=ig.benefit_below_igg_mg_dl.value if ig.benefit_below_igg_mg_dl else np.inf,
    )


def _adjustment(adjustment: prophylaxis.DoseAdjustment | None) -> m.DoseAdjustment:
    if adjustment is None:
        return m.DoseAdjustment()
    return m.DoseAdjustment(
        step_up=adjustment.step_up_factor.value,
        maximum=adjustment.maximum_factor.value,
        down_after=adjustment.step_down_after_months.value,
        down=adjustment.step_down_factor.value,
        stop_after=adjustment.stop_after_months.value if adjustment.stop_after_months else np.inf,
        exponent=adjustment.hr_dose_exponent.value,
    )


def _antimicrobial(name: str, scenario: Scenario) -> m.Antimicrobial:
    drug = scenario.antimicrobials[name]
    return m.Antimicrobial(
        name=name,
        given_to=_serostatus(scenario, drug.given_to),
        adherence=drug.adherence.value,
        hazard_ratio=np.array(
            [_grades(drug.hr[cause]) if cause in drug.hr else (1.0, 1.0) for cause in scenario.infections.causes]
        ),
        start_cost=drug.start_cost.value,
        cost_per_month=drug.cost_per_month.value,
        months_after=drug.months_after_treatment.value,
        course_cost=drug.course_cost.value,
    )


def _igg(igg: laboratory.Igg) -> m.Igg:
    def decay(half_life: Quantity) -> float:
        return float(np.log(2)) / _months(half_life)

    return m.Igg(
        decay_rate=decay(igg.half_life_days),
        m_protein_decay_rate=decay(igg.m_protein_half_life_days),
        assay_log_sd=float(np.sqrt(np.log1p(igg.assay_cv.value**2))),
        test_cost=igg.test_cost.value,
        iga_decay_rate=decay(igg.iga_half_life_days),
        igm_decay_rate=decay(igg.igm_half_life_days),
        low_mg_dl=igg.low_mg_dl.value,
    )


def _laboratory(lab: laboratory.Laboratory | None) -> m.Laboratory:
    if lab is None:
        return m.Laboratory()
    return m.Laboratory(
        phenotyping_cost=lab.phenotyping_cost.value,
        transfusions_per_month=lab.transfusions_per_month.value,
        crossmatch_cost=lab.crossmatch_cost.value,
        transfusion_delay_days=lab.transfusion_delay_days.value,
        monitoring_cost_per_month=lab.monitoring_cost_per_month.value,
    )


# ---------------------------------------------------------------------- strategies


def _strategy(name: str, scenario: Scenario) -> m.Strategy:
    strategy = scenario.strategies[name]
    tests, delay = strategy.igg_tests, getattr(strategy.start, "delay_days", None)
    return m.Strategy(
        name=name,
        label=strategy.label,
        start=_condition(strategy.start),
        delay=_months(delay) if delay else 0.0,
        test_interval=tests.interval_months.value if tests else np.inf,
        test_until_ordered=tests.until == "ig_ordered" if tests else True,
        regimen=_index(strategy.regimen, {_STANDARD: None, **scenario.regimens}),
        antimicrobials=tuple(_index(drug, scenario.antimicrobials) for drug in strategy.antimicrobials),
        tocilizumab=strategy.tocilizumab,
    )


def _index(name: str, table: Mapping[str, object]) -> int:
    return list(table).index(name)


def _condition(rule: object) -> m.Condition:
    """The compiled condition of a start rule or of a condition within one."""
    match rule:
        case strategies.Never():
            return m.NEVER
        case strategies.AtStart():
            return m.ALWAYS
        case strategies.IggBelow() | strategies.IggLow():
            return m.Condition("igg_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.IgaLow():
            return m.Condition("iga_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.IgmLow():
            return m.Condition("igm_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.AfterInfections() | strategies.Infectious():
            grade = _GRADE_INDEX[rule.minimum_grade]
            return m.Condition("infections", minimum_grade=grade, count=rule.count, within=rule.within_months.value)
        case strategies.DespiteProphylaxis():
            return m.Condition("despite_prophylaxis", minimum_grade=_GRADE_INDEX[rule.minimum_grade])
        case strategies.AntiCd38():
            return m.Condition("anti_cd38")
        case strategies.AnyOf() | strategies.AnyOfThese():
            return m.Condition("any_of", parts=tuple(_condition(part) for part in rule.conditions))
        case strategies.AllOf() | strategies.AllOfThese():
            return m.Condition("all_of", parts=tuple(_condition(part) for part in rule.conditions))
    message = f"no compiled form for a start rule of type {type(rule).__name__}"
    raise TypeError(message)
