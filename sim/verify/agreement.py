"""The simulation against exact expectations: the same model where it is a small Markov chain.

`markov_variants` takes a compiled model and changes as little as makes it Markov; `compare` sets every simulated mean
beside its exact value in units of its Monte Carlo standard error. The exact values come from `closed_form`, which
shares no code with the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim.model.structure import GRADE_1_2, GRADE_3PLUS, ClinicalModel, Distribution, Strategy
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

    Both have one body weight, no onset lag, no gaps in protection, and orders on infections that act at once. In one
    immunoglobulin and infections end with the bispecific; in the other both go on for life.

    Args:
        model: Any compiled model.

    Returns:
        Name to model.
    """
    regimen = model.immunoglobulin
    weight = Distribution("fixed", model.population.weight_kg.location)
    common = replace(
        model,
        population=replace(model.population, weight_kg=weight),
        strategies=tuple(
            replace(strategy, delay=0.0, count=1, minimum_grade=GRADE_3PLUS)
            if strategy.rule == "after_infections"
            else strategy
            for strategy in model.strategies
        ),
    )
    steady = replace(regimen, onset_lag=0.0, protection=2 * regimen.interval)
    return {
        "Ig ends with the bispecific": replace(
            common,
            infections=replace(model.infections, off_multiplier=0.0),
            immunoglobulin=replace(steady, washout=0.0),
        ),
        "Ig for life": replace(common, immunoglobulin=replace(steady, washout=float("inf"))),
    }


def chain_parameters(model: ClinicalModel) -> Parameters:
    """The Markov chain of a model from `markov_variants`; causes are pooled, weighted by their rates."""
    infections, treatment, regimen = model.infections, model.treatment, model.immunoglobulin
    rates = infections.rate.sum(axis=0)
    share = np.divide(infections.rate, rates, out=np.zeros_like(infections.rate), where=rates > 0)
    severe = share[:, GRADE_3PLUS]
    fatality = float(severe @ infections.case_fatality)
    survived = severe * (1 - infections.case_fatality)
    stops = float(survived @ infections.stop_probability / survived.sum()) if survived.sum() > 0 else 0.0
    loss = float(survived @ infections.qaly_loss[:, GRADE_3PLUS] / survived.sum()) if survived.sum() > 0 else 0.0
    hazard_ratio = infections.hazard_ratio[0]
    grams = regimen.dose_g_per_kg * model.population.weight_kg.location
    return Parameters(
        horizon_months=model.horizon,
        stop_rate=treatment.stop_rate,
        death_rate_on=treatment.death_rate_on,
        death_rate_off=treatment.death_rate_off,
        rate_grade_1_2=float(rates[GRADE_1_2]),
        rate_grade_3plus=float(rates[GRADE_3PLUS]),
        off_multiplier=infections.off_multiplier,
        frailty_variance=model.population.frailty_variance,
        case_fatality=fatality,
        stop_probability=stops,
        hr_grade_1_2=float(hazard_ratio[GRADE_1_2]),
        hr_grade_3plus=float(hazard_ratio[GRADE_3PLUS]),
        washout_months=regimen.washout,
        infusion_interval_months=regimen.interval,
        grams_per_infusion=grams,
        discount_rate_cost=float(np.expm1(12 * model.discount_costs)),
        discount_rate_effect=float(np.expm1(12 * model.discount_effects)),
        cost_grade_1_2=float(share[:, GRADE_1_2] @ infections.cost[:, GRADE_1_2]),
        cost_grade_3plus=float(severe @ infections.cost[:, GRADE_3PLUS]),
        cost_infusion=grams * regimen.price_per_gram + regimen.administration_cost,
        cost_test=model.igg.test_cost,
        cost_drug_per_month=treatment.drug_cost_per_month,
        cost_end_of_life=treatment.end_of_life_cost,
        utility_on=model.utility_on,
        utility_off=model.utility_off,
        qaly_loss_grade_1_2=float(share[:, GRADE_1_2] @ infections.qaly_loss[:, GRADE_1_2]),
        qaly_loss_grade_3plus=loss,
        qaly_loss_infusion=regimen.qaly_loss,
    )


def expected(model: ClinicalModel, strategy: Strategy, parameters: Parameters) -> ExactOutcomes:
    """Exact outcomes of one strategy of a model from `markov_variants`."""
    months = incidence_months(model)
    match strategy.rule:
        case "never":
            return exact.none(parameters, incidence_months=months)
        case "at_start":
            return exact.primary(parameters, incidence_months=months)
        case "after_infections":
            return exact.secondary(parameters, incidence_months=months)
        case "igg_below":
            return preemptive(
                parameters,
                _kinetics(model),
                test_interval_months=strategy.test_interval,
                threshold=strategy.threshold_mg_dl,
                order_delay_months=strategy.delay,
                incidence_months=months,
            )


def incidence_months(model: ClinicalModel) -> tuple[float, ...]:
    """Months within the horizon at which cumulative incidences are compared."""
    return tuple(month for month in INCIDENCE_MONTHS if month < model.horizon)


def _kinetics(model: ClinicalModel) -> IgGKinetics:
    people, igg = model.population, model.igg
    return IgGKinetics(
        igg_median=people.igg_polyclonal_mg_dl.location,
        igg_log_sd=people.igg_polyclonal_mg_dl.scale,
        falling_fraction=igg.suppressed_fraction,
        half_life_months=float(np.log(2)) / igg.decay_rate,
        assay_cv=float(np.sqrt(np.expm1(igg.assay_log_sd**2))),
        igg_type_probability=people.igg_type_proportion,
        m_protein_median=people.m_protein_mg_dl.location,
        m_protein_log_sd=people.m_protein_mg_dl.scale,
        m_protein_decay_rate=igg.m_protein_decay_rate,
    )


def compare(model: ClinicalModel, outcomes: Outcomes, parameters: Parameters | None = None) -> Iterator[Comparison]:
    """Every mean that has an exact value, strategy by strategy.

    Args:
        model: A model from `markov_variants`.
        outcomes: Its simulated outcomes.
        parameters: The chain to compare with; None takes the model's own. A wrong one is a negative control.

    Yields:
        Comparisons.
    """
    chain = chain_parameters(model) if parameters is None else parameters
    for index, strategy in enumerate(model.strategies):
        truth = expected(model, strategy, chain)
        for component, value in _components(truth, has_tests=np.isfinite(strategy.test_interval)).items():
            mean, mcse = outcomes.mean(component)[index], outcomes.mcse(component)[index]
            yield Comparison(strategy.name, component, float(mean), float(mcse), value)
        for kind, values in enumerate((truth.incidence_any_grade, truth.incidence_grade_3plus)):
            for month, value in zip(truth.incidence_months, values, strict=True):
                at = int(np.flatnonzero(outcomes.months == month)[0])
                share = float(outcomes.summary.incidence[kind, index, at] / outcomes.n_patients)
                mcse = float(np.sqrt(share * (1 - share) / outcomes.n_patients))
                name = f"cumulative incidence {('any grade', 'grade >= 3')[kind]}, month {month:g}"
                yield Comparison(strategy.name, name, share, mcse, value)


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
    if has_tests:
        found |= {"igg_tests": plain.tests, "cost:igg_tests": costs.monitoring}
    return found
