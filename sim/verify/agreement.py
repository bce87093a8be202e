"""The simulation against exact expectations: the same model where it is a small Markov chain.

`markov_variants` takes a compiled model and changes as little as makes it Markov; `compare` sets every simulated mean
beside its exact value in units of its Monte Carlo standard error. The exact values come from `closed_form`, which
shares no code with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim.model.parts import (
    GRADE_1_2,
    GRADE_3PLUS,
    NEVER,
    NO_TOCILIZUMAB,
    NO_WORK_UP,
    Condition,
    Distribution,
    Floats,
    Immunoglobulin,
    Infections,
    Strategy,
)
from sim.model.structure import ClinicalModel
from sim.outcomes import Outcomes
from sim.verify import closed_form as exact
from sim.verify.closed_form_preemptive import IgGKinetics, preemptive
from sim.verify.closed_form_terms import Outcomes as ExactOutcomes
from sim.verify.closed_form_terms import Parameters

INCIDENCE_MONTHS = (3.0, 6.0, 12.0)


@dataclass(frozen=True)
class Comparison:
    """One simulated mean beside its exact value.

    Attributes:
        strategy: Strategy name.
        quantity: Component, or a cumulative incidence.
        simulated: Mean over patients.
        mcse: Its Monte Carlo standard error.
        exact: Expectation.
    """

    strategy: str
    quantity: str
    simulated: float
    mcse: float
    exact: float

    @property
    def z(self) -> float:
        """Difference in standard errors; 0 if both agree to rounding, inf if they differ without error."""
        difference = self.simulated - self.exact
        if abs(difference) <= 1e-9 * max(1.0, abs(self.exact)):
            return 0.0
        return difference / self.mcse if self.mcse > 0 else float("inf")


def markov_variants(model: ClinicalModel) -> dict[str, ClinicalModel]:
    """Two Markov neighbours of a model.

    In one immunoglobulin and infections end with the bispecific; in the other both go on for life. Both keep
    the rates by cause and target, the hazard ratios by cause, the antimicrobials, frailty, prices, utilities
    and the agents that are most used for each target. They take away what a small chain cannot carry: spread of
    weight, onset lag, gaps in protection, missed or adjusted doses, harms of immunoglobulin, hazard periods,
    recovery of IgG, holds, life tables, differences between causes in what an infection does, and strategies with
    rules other than never, at once, low IgG or first severe infection.

    Args:
        model: Any compiled model.

    Returns:
        Name to model.
    """
    weight = Distribution("fixed", model.population.weight_kg.location)
    steady = tuple(
        replace(regimen, onset_lag=0.0, protection=2 * regimen.interval, adherence=1.0) for regimen in model.regimens
    )
    common = replace(
        model,
        population=replace(
            model.population,
            weight_kg=weight,
            correlation_factor=None,
            serostatus_proportion=tuple(float(share >= 0.5) for share in model.population.serostatus_proportion),
            agent_share=_one_agent_a_target(model),
        ),
        targets=tuple(
            replace(
                target,
                recovery_start=np.inf,
                recovered_fraction=0.0,
                therapeutic_antibody_mg_dl=0.0,
                period_starts=(0.0,),
                period_multipliers=(1.0,),
            )
            for target in model.targets
        ),
        agents=tuple(replace(agent, crs=(0.0, 0.0), icans=(0.0, 0.0)) for agent in model.agents),
        treatment=replace(model.treatment, reduced_from=np.inf, life_table=None),
        infections=_same_for_every_cause(model.infections),
        antimicrobials=tuple(
            replace(drug, adherence=1.0, start_cost=0.0, cost_per_month=0.0, course_cost=0.0, months_after=np.inf)
            for drug in model.antimicrobials
        ),
        tocilizumab=NO_TOCILIZUMAB,
        laboratory=NO_WORK_UP,
        regimens=steady,
        strategies=tuple(_at_once(strategy) for strategy in model.strategies if _has_closed_form(strategy)),
    )
    plain = Immunoglobulin(washout=0.0)
    return {
        "Ig ends with the bispecific": replace(
            common, infections=replace(common.infections, off_multiplier=0.0), immunoglobulin=plain
        ),
        "Ig for life": replace(common, immunoglobulin=replace(plain, washout=np.inf)),
    }


def _one_agent_a_target(model: ClinicalModel) -> tuple[float, ...]:
    """Shares in which each target is left to its most used agent."""
    shares = np.array(model.population.agent_share)
    target = np.array([agent.target for agent in model.agents])
    merged = np.zeros_like(shares)
    for index in range(len(model.targets)):
        own = np.where(target == index, shares, -1.0)
        if own.max() > 0:
            merged[int(own.argmax())] = shares[target == index].sum()
    return tuple(merged.tolist())


def _same_for_every_cause(infections: Infections) -> Infections:
    """Causes that differ in rate and hazard ratio alone; everything else is their plain mean."""

    def level(values: Floats) -> Floats:
        return np.broadcast_to(values.mean(axis=0), values.shape).copy()

    return replace(
        infections,
        case_fatality=level(infections.case_fatality),
        stop_probability=level(infections.stop_probability),
        cost=level(infections.cost),
        qaly_loss=level(infections.qaly_loss),
        hold=np.zeros_like(infections.hold),
    )


def _has_closed_form(strategy: Strategy) -> bool:
    return strategy.start == NEVER or strategy.start.kind in ("always", "igg_below", "infections")


def _at_once(strategy: Strategy) -> Strategy:
    """A rule on infections becomes the first severe one, without delay; others stay as they are."""
    if strategy.start.kind != "infections":
        return strategy
    return replace(strategy, start=Condition("infections"), delay=0.0)


def chain_parameters(model: ClinicalModel, strategy: int, agent: int) -> Parameters:
    """The Markov chain of patients on one agent of a model from `markov_variants`, causes pooled.

    Args:
        model: A model from `markov_variants`.
        strategy: Strategy index; its antimicrobials lower the rates, its regimen sets the infusions.
        agent: Agent index.
    """
    infections, treatment, plan, drug = (
        model.infections,
        model.treatment,
        model.strategies[strategy],
        model.agents[agent],
    )
    regimen = model.regimens[plan.regimen]
    positive = np.array([*model.population.serostatus_proportion, 1.0])
    rate = infections.rate[drug.target] * positive[infections.only_in][:, None]
    for index in plan.antimicrobials:
        prophylaxis = model.antimicrobials[index]
        rate = rate * (prophylaxis.hazard_ratio if positive[prophylaxis.given_to] == 1 else 1.0)
    total, protected = rate.sum(axis=0), (rate * infections.hazard_ratio).sum(axis=0)
    ratio = np.divide(protected, total, out=np.ones_like(total), where=total > 0)
    grams = regimen.dose_g_per_kg * model.population.weight_kg.location
    return Parameters(
        horizon_months=model.horizon,
        stop_rate=drug.stop_rate,
        death_rate_on=treatment.death_rate_on,
        death_rate_off=treatment.death_rate_off,
        rate_grade_1_2=float(total[GRADE_1_2]),
        rate_grade_3plus=float(total[GRADE_3PLUS]),
        off_multiplier=infections.off_multiplier,
        frailty_variance=model.population.frailty_variance,
        case_fatality=float(infections.case_fatality[0]),
        stop_probability=float(infections.stop_probability[0]),
        hr_grade_1_2=float(ratio[GRADE_1_2]),
        hr_grade_3plus=float(ratio[GRADE_3PLUS]),
        washout_months=model.immunoglobulin.washout,
        infusion_interval_months=regimen.interval,
        grams_per_infusion=grams,
        discount_rate_cost=float(np.expm1(12 * model.discount_costs)),
        discount_rate_effect=float(np.expm1(12 * model.discount_effects)),
        cost_grade_1_2=float(infections.cost[0, GRADE_1_2]),
        cost_grade_3plus=float(infections.cost[0, GRADE_3PLUS]),
        cost_infusion=grams * regimen.price_per_gram + regimen.administration_cost,
        cost_test=model.igg.test_cost,
        cost_hospital_day=treatment.hospital_day_cost,
        step_up_months=tuple(dose.month for dose in drug.step_up),
        step_up_days=tuple(dose.hospital_days for dose in drug.step_up),
        cost_drug_per_month=drug.drug_cost_per_month,
        cost_end_of_life=treatment.end_of_life_cost,
        utility_on=model.utility_on,
        utility_off=model.utility_off,
        qaly_loss_grade_1_2=float(infections.qaly_loss[0, GRADE_1_2]),
        qaly_loss_grade_3plus=float(infections.qaly_loss[0, GRADE_3PLUS]),
        qaly_loss_infusion=regimen.qaly_loss,
    )


Distort = Callable[[Parameters], Parameters]
"""Turns a chain into a wrong one, for negative controls."""


def expected(model: ClinicalModel, strategy: int, agent: int, distort: Distort) -> ExactOutcomes:
    """Exact outcomes of patients on one agent under one strategy of a model from `markov_variants`."""
    months, plan = incidence_months(model), model.strategies[strategy]
    parameters = distort(chain_parameters(model, strategy, agent))
    if plan.start == NEVER:
        return exact.none(parameters, incidence_months=months)
    if plan.start.kind == "always":
        return exact.primary(parameters, incidence_months=months)
    if plan.start.kind == "infections":
        return exact.secondary(parameters, incidence_months=months)
    return preemptive(
        parameters,
        _kinetics(model, model.agents[agent].target),
        test_interval_months=plan.test_interval,
        threshold=plan.start.threshold_mg_dl,
        order_delay_months=plan.delay,
        incidence_months=months,
    )


def incidence_months(model: ClinicalModel) -> tuple[float, ...]:
    """Months within the horizon at which cumulative incidences are compared."""
    return tuple(month for month in INCIDENCE_MONTHS if month < model.horizon)


def _kinetics(model: ClinicalModel, target: int) -> IgGKinetics:
    people, igg = model.population, model.igg
    return IgGKinetics(
        igg_median=people.igg_polyclonal_mg_dl.location,
        igg_log_sd=people.igg_polyclonal_mg_dl.scale,
        falling_fraction=model.targets[target].suppressed_fraction,
        half_life_months=float(np.log(2)) / igg.decay_rate,
        assay_cv=float(np.sqrt(np.expm1(igg.assay_log_sd**2))),
        igg_type_probability=people.igg_type_proportion,
        m_protein_median=people.m_protein_mg_dl.location,
        m_protein_log_sd=people.m_protein_mg_dl.scale,
        m_protein_decay_rate=igg.m_protein_decay_rate,
    )


def compare(model: ClinicalModel, outcomes: Outcomes, distort: Distort = lambda chain: chain) -> Iterator[Comparison]:
    """Every mean that has an exact value, strategy by strategy.

    Args:
        model: A model from `markov_variants`.
        outcomes: Its simulated outcomes.
        distort: Makes the chain wrong on purpose, for a negative control.

    Yields:
        Comparisons.
    """
    shares = model.population.agent_share
    for index, strategy in enumerate(model.strategies):
        mixed: dict[str, float] = {}
        for agent, share in enumerate(shares):
            if share > 0:
                truth = expected(model, index, agent, distort)
                for name, value in _components(truth, has_tests=bool(np.isfinite(strategy.test_interval))).items():
                    mixed[name] = mixed.get(name, 0.0) + share * value
        for name, value in mixed.items():
            yield Comparison(strategy.name, name, *_simulated(outcomes, index, name), value)


def _simulated(outcomes: Outcomes, strategy: int, name: str) -> tuple[float, float]:
    """Simulated mean and standard error of a component or of a cumulative incidence."""
    if not name.startswith("incidence:"):
        return float(outcomes.mean(name)[strategy]), float(outcomes.mcse(name)[strategy])
    _, kind, month = name.split(":")
    at = int(np.flatnonzero(outcomes.months == float(month))[0])
    row = ("any", "grade_3plus").index(kind)
    share = float(outcomes.summary.incidence[row, strategy, at] / outcomes.n_patients)
    return share, float(np.sqrt(share * (1 - share) / outcomes.n_patients))


def _components(truth: ExactOutcomes, *, has_tests: bool) -> dict[str, float]:
    plain, costs = truth.undiscounted, truth.costs_discounted
    found = {
        "cost": costs.total,
        "cost_undiscounted": truth.costs.total,
        "qaly": truth.qalys_discounted,
        "qaly_undiscounted": truth.qalys,
        "life_years": truth.life_years,
        "life_years_discounted": truth.life_years_discounted,
        "cost:infections_grade_1_2": costs.infections_grade_1_2,
        "cost:infections_grade_3plus": costs.infections_grade_3plus,
        "cost:bispecific": costs.drug,
        "cost:end_of_life": costs.end_of_life,
        "cost:step_up_hospital": costs.step_up,
        "step_up_hospital_days": plain.step_up_days,
        "infections_grade_1_2": plain.infections_grade_1_2,
        "infections_grade_3plus": plain.infections_grade_3plus,
        "infection_death": plain.infection_deaths,
        "other_death": plain.other_deaths,
        "months_on_treatment": plain.months_on_treatment,
        "ig_months": plain.months_on_ig,
        "ig_ever": truth.probability_ever_on_ig,
        "infusions": plain.infusions,
        "ig_grams": truth.grams,
    }
    for month, any_grade, severe in zip(
        truth.incidence_months, truth.incidence_any_grade, truth.incidence_grade_3plus, strict=True
    ):
        found |= {f"incidence:any:{month:g}": any_grade, f"incidence:grade_3plus:{month:g}": severe}
    if has_tests:
        found |= {"igg_tests": plain.tests, "cost:igg_tests": costs.monitoring}
    return found
