"""The compiled model in tidy tables and words: what the engines will play, after every default and translation.

What a scenario says and what is simulated can differ in form: a marginal hazard ratio becomes a subject-specific
one, a rule becomes a condition, days become months. This module shows the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.build import compile_model
from sim.explain import studies
from sim.explain.choices import choices
from sim.model.igg import Kinetics, concentration
from sim.model.parts import (
    ALWAYS,
    DAYS_PER_MONTH,
    GRADE_3PLUS,
    GRADES,
    HOURS_PER_DAY,
    MONTHS_PER_YEAR,
    NEVER,
    NOTHING,
    Agent,
    Condition,
    Infections,
)
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck

SAMPLE = 20_000
"""Patients drawn to show how attributes vary."""
AGES = (50, 60, 70, 80, 90)
"""Ages at which deaths are shown where a life table adds to them."""
IGG_MONTHS = (0.0, 1.0, 3.0, 6.0, 12.0)
_QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class Explanation:
    """A compiled model in tables.

    Attributes:
        patients: attribute, p5, median, p95, of patients drawn with the scenario's seed.
        agents: agent, target, share, mean months to stop, step-up doses and days in hospital for them, CRS and
            ICANS probabilities.
        hazards: target, cause, grade, rate per month, and the hazard ratio of each measure, for all that can happen.
        antimicrobials: antimicrobial, who is given it, adherence, prices, and what a surveillance finds and treats.
        consequences: What one infection does, by cause and grade.
        deaths: age, then deaths without infection a year on treatment and after it, of women and of men.
        choices: choice, here: the choices of structure, in words.
        igg: target, then true polyclonal IgG of a patient with median baseline at some months on treatment.
        strategies: strategy, start rule in words, tests, regimen, and what goes with it.
        trials: Studies of these patients, see `sim.explain.studies.trials`; no rows where there are none.
        priors: What a calibration may move, likewise.
        targets: Data that it meets, likewise.
    """

    patients: pd.DataFrame
    agents: pd.DataFrame
    hazards: pd.DataFrame
    antimicrobials: pd.DataFrame
    consequences: pd.DataFrame
    deaths: pd.DataFrame
    choices: pd.DataFrame
    igg: pd.DataFrame
    strategies: pd.DataFrame
    trials: pd.DataFrame
    priors: pd.DataFrame
    targets: pd.DataFrame


def explain(scenario: Scenario) -> Explanation:
    """Compile a scenario and lay the result open.

    Args:
        scenario: A validated scenario.

    Returns:
        Tables of what will be played.
    """
    model = compile_model(scenario.without_programme())
    return Explanation(
        patients=_patients(model, scenario.analysis.seed),
        agents=_agents(model, scenario.treatment.include_drug_cost),
        hazards=_hazards(model),
        antimicrobials=_antimicrobials(model),
        consequences=_consequences(model.infections, model.population.serostatus),
        deaths=_deaths(model),
        choices=choices(scenario, model),
        igg=_igg(model),
        strategies=_strategies(model),
        trials=studies.trials(scenario),
        priors=studies.priors(scenario),
        targets=studies.targets(scenario),
    )


def _patients(model: ClinicalModel, seed: int) -> pd.DataFrame:
    who = draw_baseline(model, AddressedLuck(seed), np.arange(SAMPLE))
    rows = []
    aged = ("age_years",) if model.population.age_years != NOTHING else ()
    for name in (*aged, "weight_kg", "igg_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty"):
        low, middle, high = np.quantile(getattr(who, name), _QUANTILES)
        rows.append({"attribute": name, "p5": low, "median": middle, "p95": high})
    shares = {
        **({"share of men": who.male.mean()} if model.population.male_proportion > 0 else {}),
        "share exposed to anti-CD38": who.anti_cd38.mean(),
        "share of responders": who.responder.mean(),
        **{
            f"share positive for {name}": who.positive[k].mean() for k, name in enumerate(model.population.serostatus)
        },
    }
    rows += [{"attribute": name, "p5": np.nan, "median": share, "p95": np.nan} for name, share in shares.items()]
    return pd.DataFrame(rows)


def _agents(model: ClinicalModel, drug_is_counted: bool) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "agent": agent.name,
                "target": model.targets[agent.target].name,
                "share": model.population.agent_share[index],
                "mean_months_to_stop": 1 / agent.stop_rate if agent.stop_rate > 0 else np.inf,
                "step_up": _step_up_words(agent),
                "step_up_hospital_days": sum(dose.hospital_days for dose in agent.step_up),
                "crs_grade_1_2": agent.crs[0],
                "crs_grade_3plus": agent.crs[1],
                "icans_grade_1_2": agent.icans[0],
                "icans_grade_3plus": agent.icans[1],
                "drug_cost_per_month": agent.drug_cost_per_month if drug_is_counted else np.nan,
            }
            for index, agent in enumerate(model.agents)
        ]
    )


def _step_up_words(agent: Agent) -> str:
    """Day, dose and hours in hospital of each step-up dose."""
    doses = [
        f"day {dose.month * DAYS_PER_MONTH:g}: {dose.label}"
        + (f" ({HOURS_PER_DAY * dose.hospital_days:g} h in hospital)" if dose.hospital_days else "")
        for dose in agent.step_up
    ]
    return ", ".join(doses) or "none"


def _hazards(model: ClinicalModel) -> pd.DataFrame:
    """Infections per month on treatment at frailty 1, and the factor of every measure on them."""
    ill = model.infections
    return pd.DataFrame(
        [
            {
                "target": target.name,
                "cause": cause,
                "grade": grade,
                "rate_per_month": ill.rate[t, c, g],
                "hr_immunoglobulin": ill.hazard_ratio[c, g],
                **{f"hr_{drug.name}": drug.hazard_ratio[c, g] for drug in model.antimicrobials},
            }
            for t, target in enumerate(model.targets)
            for c, cause in enumerate(ill.causes)
            for g, grade in enumerate(GRADES)
            if ill.rate[t, c, g] > 0
        ]
    )


def _antimicrobials(model: ClinicalModel) -> pd.DataFrame:
    """What is given beside immunoglobulin; what it prevents stands with the hazards."""
    serostatus = model.population.serostatus
    return pd.DataFrame(
        [
            {
                "antimicrobial": drug.name,
                "kind": "surveillance" if drug.is_surveillance else "prophylaxis",
                "given_to": f"positive for {serostatus[drug.given_to]}" if drug.given_to >= 0 else "everybody",
                "share_of_them_who_take_it": drug.adherence,
                "start_cost_of_everybody": drug.start_cost,
                "cost_per_month": drug.cost_per_month,
                "months_after_treatment": drug.months_after,
                "course_cost": drug.course_cost if drug.is_surveillance else np.nan,
                **{
                    f"viraemias_found_per_month_{target.name}": drug.silent_per_month[t]
                    if drug.silent_per_month
                    else 0.0
                    for t, target in enumerate(model.targets)
                },
                "share_of_these_treated": drug.silent_treated,
            }
            for drug in model.antimicrobials
        ]
    )


def _consequences(ill: Infections, serostatus: tuple[str, ...]) -> pd.DataFrame:
    """What one infection does to whom."""
    return pd.DataFrame(
        [
            {
                "cause": cause,
                "grade": grade,
                "strikes": serostatus[ill.only_in[c]] if ill.only_in[c] >= 0 else "everybody",
                "case_fatality": ill.case_fatality[c] if g == GRADE_3PLUS else 0.0,
                "stop_probability": ill.stop_probability[c] if g == GRADE_3PLUS else 0.0,
                "hold_months": ill.hold[c, g],
                "hospital_days": ill.hospital_days[c, g],
                "cost": ill.cost[c, g],
                "qaly_loss": ill.qaly_loss[c, g],
            }
            for c, cause in enumerate(ill.causes)
            for g, grade in enumerate(GRADES)
            if ill.rate[:, c, g].max() > 0
        ]
    )


def _deaths(model: ClinicalModel) -> pd.DataFrame:
    """Hazard of death without infection, a year; by age and sex where a life table adds to it."""
    treatment, table = model.treatment, model.treatment.life_table
    rates = {"on_treatment": treatment.death_rate_on, "after_treatment": treatment.death_rate_off}
    if table is None:
        return pd.DataFrame([{"age": "all", **{name: MONTHS_PER_YEAR * rate for name, rate in rates.items()}}])
    last = table.first_age + table.rate.shape[1] - 1
    shown = sorted({max(table.first_age, min(age, last)) for age in AGES})
    return pd.DataFrame(
        [
            {
                "age": f"{age}",
                **{
                    f"{name}_{sex}": MONTHS_PER_YEAR * (rate + table.rate[row, age - table.first_age])
                    for name, rate in rates.items()
                    for row, sex in enumerate(("women", "men"))
                },
            }
            for age in shown
        ]
    )


def _igg(model: ClinicalModel) -> pd.DataFrame:
    median = np.array([model.population.igg_polyclonal_mg_dl.location])
    rows = []
    for t, target in enumerate(model.targets):
        kinetics = Kinetics.of(model, np.array([t]))
        true = [float(concentration(np.array([m]), median, model.igg.decay_rate, kinetics)[0]) for m in IGG_MONTHS]
        rows.append({"target": target.name, **{f"month {m:g}": g for m, g in zip(IGG_MONTHS, true, strict=True)}})
    return pd.DataFrame(rows)


def _strategies(model: ClinicalModel) -> pd.DataFrame:
    rows = []
    for strategy in model.strategies:
        regimen = model.regimens[strategy.regimen]
        until = "Ig is ordered" if strategy.test_until_ordered else "treatment ends"
        tests = (
            f"every {strategy.test_interval:g} months until {until}"
            if np.isfinite(strategy.test_interval)
            else "none"
        )
        given = f"{regimen.route}, {regimen.dose_g_per_kg:g} g/kg every {regimen.interval:.3g} months"
        beside = [model.antimicrobials[m].name for m in strategy.antimicrobials]
        beside += ["tocilizumab"] if strategy.tocilizumab else []
        rows.append(
            {
                "strategy": strategy.name,
                "immunoglobulin_is_ordered": words(strategy.start),
                "first_infusion_after_months": strategy.delay if strategy.start != NEVER else np.nan,
                "igg_tests": tests,
                "regimen": given if strategy.start != NEVER else "none",
                "beside_it": ", ".join(beside) or "nothing",
            }
        )
    return pd.DataFrame(rows)


def words(condition: Condition) -> str:
    """A start condition as a phrase that completes 'immunoglobulin is ordered'."""
    if condition == NEVER:
        return "never"
    if condition == ALWAYS:
        return "at the first dose"
    if condition.kind in ("infections", "despite_prophylaxis"):
        # One infection that completes the count always lies within its own window.
        window = np.isfinite(condition.within) and condition.count > 1
        return f"after {_infections(condition)}" + (f" within {condition.within:g} months" if window else "")
    return "when " + _clause(condition)


def _clause(condition: Condition) -> str:
    match condition.kind:
        case "any_of" | "all_of":
            joined = (" or " if condition.kind == "any_of" else " and ").join(_clause(p) for p in condition.parts)
            return f"({joined})"
        case "infections":
            window = f" within the last {condition.within:g} months" if np.isfinite(condition.within) else ""
            return f"{_infections(condition)} came{window}"
        case "despite_prophylaxis":
            return f"{_infections(condition)} came"
        case "anti_cd38":
            return "the patient had an anti-CD38 antibody"
        case "always":
            return "treatment starts"
        case kind:
            name = {"igg_below": "IgG", "iga_below": "IgA", "igm_below": "IgM"}[kind]
            return f"measured {name} is under {condition.threshold_mg_dl:g} mg/dL"


def _infections(condition: Condition) -> str:
    """The infections that a condition asks for."""
    grade = "grade ≥ 3" if condition.minimum_grade == GRADE_3PLUS else "any grade"
    if condition.kind == "despite_prophylaxis":
        return f"an infection of {grade} despite an antimicrobial in force"
    return f"{f'{condition.count} infections' if condition.count > 1 else 'an infection'} of {grade}"
