"""Money and health: prices and utilities put on histories.

Costs are linear in every price: each item is a price times a discounted physical amount. Infections cost at their own
time, infusions and tests on their appointments, and everything that flows (months of life, of treatment, of
utility) in closed form. A fatal infection costs like any other but takes no QALY loss of its own: the life lost is
its loss.
"""

from __future__ import annotations

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.drug import drug_cost
from sim.model.hazards import takes, toxicity_grade
from sim.model.histories import Histories
from sim.model.igg import months_low
from sim.model.parts import GRADE_1_2, GRADE_3PLUS, GRADES, MONTHS_PER_YEAR, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel, Ending

COST_ITEMS = (
    "immunoglobulin",
    "ig_administration",
    "ig_adverse_events",
    "igg_tests",
    "antimicrobials",
    "infections_grade_1_2",
    "infections_grade_3plus",
    "crs_icans",
    "tocilizumab",
    "step_up_hospital",
    "laboratory",
    "bispecific",
    "end_of_life",
)


def accrue(model: ClinicalModel, baseline: Baseline, histories: Histories) -> dict[str, Floats]:
    """Outcomes of every patient under every strategy.

    Args:
        model: Compiled model: prices, utilities, discount rates.
        baseline: The patients.
        histories: What befell them, [strategy, patient].

    Returns:
        Component name to values of shape (n_strategies, n_patients). Costs in the scenario's currency, QALYs and
        life-years in years; discounted unless the name says otherwise. `cost` is the sum of the `cost:` items.
    """
    zero = np.zeros_like(histories.end)
    crs, icans = toxicities(model, baseline)
    items = _costs(model, baseline, histories, (crs, icans), model.discount_costs)
    undiscounted = _costs(model, baseline, histories, (crs, icans), 0.0)
    qaly, life_years = _health(model, histories, (crs, icans), model.discount_effects)
    infections = _infections(model, histories)
    qaly_undiscounted, life_years_undiscounted = _health(model, histories, (crs, icans), 0.0)
    return {
        "cost": sum(items.values(), start=zero),
        "qaly": qaly,
        "life_years": life_years_undiscounted,
        "life_years_discounted": life_years,
        "cost_undiscounted": sum(undiscounted.values(), start=zero),
        "qaly_undiscounted": qaly_undiscounted,
        **{f"cost:{item}": value for item, value in items.items()},
        **infections,
        **_course(model, baseline, histories, (crs, icans), infections["infection_hospital_days"]),
    }


def toxicities(model: ClinicalModel, who: Baseline) -> tuple[Integers, Integers]:
    """Grade index of CRS and of ICANS of every patient under every strategy, -1 for none; nobody at horizon 0."""
    agents, protection = model.agents, model.tocilizumab
    found = []
    for mark, by_agent, multiplier in (
        (who.crs_mark, [agent.crs for agent in agents], protection.crs_multiplier),
        (who.icans_mark, [agent.icans for agent in agents], protection.icans_multiplier),
    ):
        probability = np.array(by_agent)[who.agent]
        rows = []
        for strategy in model.strategies:
            relative = multiplier if strategy.tocilizumab else (1.0, 1.0)
            rows.append(toxicity_grade(mark, (probability[:, 0] * relative[0], probability[:, 1] * relative[1])))
        found.append(np.stack(rows) if model.horizon > 0 else np.full((len(rows), who.patient.size), -1))
    return found[0], found[1]


Toxic = tuple[Integers, Integers]


def _weighted(each: Floats, amounts: Floats, *grades: int) -> Floats:
    """Sum over causes of an amount times what each one weighs, [strategy, patient].

    Added cause by cause: a library's sum of products may round differently with the number of patients at hand.
    """
    total = np.zeros(amounts.shape[2:])
    for cause in range(each.shape[0]):
        for grade in grades:
            total = total + each[cause, grade] * amounts[cause, grade]
    return total


def _of_grade(values: tuple[float, float], grade: Integers) -> Floats:
    """A value by grade, 0 where there is no event."""
    return np.where(grade >= 0, np.array(values)[np.maximum(grade, 0)], 0.0)


def _costs(
    model: ClinicalModel, who: Baseline, histories: Histories, toxic: Toxic, delta: float
) -> dict[str, Floats]:
    """Cost items at a discount rate per month of `model.discount_costs` or 0."""
    ig, regimens, ill, given = model.immunoglobulin, model.regimens, histories.illnesses, histories.infusions
    treatment, cost = model.treatment, model.infections.cost
    plain = delta == 0
    weights, courses = (ill.count, ill.courses) if plain else (ill.cost_factor, ill.course_cost_factor)
    infusions = given.count if plain else given.cost_factor
    grams = given.grams if plain else given.grams_cost_factor
    price = np.array([[regimens[strategy.regimen].price_per_gram] for strategy in model.strategies])
    administration = np.array([[regimens[strategy.regimen].administration_cost] for strategy in model.strategies])
    harm_cost = np.array([harm.cost for harm in ig.harms] + [0.0])[histories.harm]
    zero = np.zeros_like(histories.end)
    started = np.full_like(zero, 1.0 if model.horizon > 0 else 0.0)
    died = histories.ending != Ending.HORIZON
    held = ill.held_drug if plain else ill.held_drug_discounted
    toci = np.array([[model.tocilizumab.cost if s.tocilizumab else 0.0] for s in model.strategies])
    step_up = np.array([agent.step_up_hospital_days for agent in model.agents])[who.agent]
    items = {
        "immunoglobulin": price * grams,
        "ig_administration": administration * infusions,
        "ig_adverse_events": ig.reaction_probability * ig.reaction_cost * infusions
        + harm_cost * factor(delta, histories.ig_end),
        "igg_tests": model.igg.test_cost * _tests(model, histories, delta),
        "antimicrobials": _antimicrobials(model, who, histories, courses, delta),
        "infections_grade_1_2": _weighted(cost, weights, GRADE_1_2),
        "infections_grade_3plus": _weighted(cost, weights, GRADE_3PLUS),
        "crs_icans": _of_grade(model.crs.cost, toxic[0]) + _of_grade(model.icans.cost, toxic[1]),
        "tocilizumab": toci * started,
        "step_up_hospital": treatment.hospital_day_cost * step_up * started,
        "laboratory": _laboratory(model, who, histories, delta) * started,
        "bispecific": drug_cost(model, who, delta, zero, histories.treatment_end) - held,
        "end_of_life": treatment.end_of_life_cost * np.where(died, factor(delta, histories.end), 0.0),
    }
    return {item: items[item] for item in COST_ITEMS}


def _tests(model: ClinicalModel, histories: Histories, delta: float) -> Floats:
    """Discounted number of IgG tests; the first is at t = 0."""
    return np.stack(
        [
            appointments(delta, np.zeros_like(taken), strategy.test_interval, taken)
            for strategy, taken in zip(model.strategies, histories.igg_tests, strict=True)
        ]
    )


def _antimicrobials(
    model: ClinicalModel, who: Baseline, histories: Histories, courses: Floats, delta: float
) -> Floats:
    """Screening at the start, monthly cost of those who take it, and courses for what surveillance caught."""
    total = np.zeros_like(histories.end)
    for index, drug in enumerate(model.antimicrobials):
        listed = np.array([[index in strategy.antimicrobials] for strategy in model.strategies])
        months = flow(delta, np.zeros_like(total), antimicrobial_end(model, index, histories))
        taking = np.stack([takes(model, s, index, who) for s in range(len(model.strategies))])
        start = drug.start_cost * listed if model.horizon > 0 else 0.0
        total = (
            total + start + drug.cost_per_month * np.where(taking, months, 0.0) + drug.course_cost * courses[index]
        )
    return total


def antimicrobial_end(model: ClinicalModel, index: int, histories: Histories) -> Floats:
    """Month at which an antimicrobial is stopped, [strategy, patient]."""
    return np.minimum(histories.treatment_end + model.antimicrobials[index].months_after, histories.end)


def _laboratory(model: ClinicalModel, who: Baseline, histories: Histories, delta: float) -> Floats:
    """Work-up that anti-CD38 antibodies ask for, of exposed patients."""
    lab = model.laboratory
    monthly = lab.transfusions_per_month * lab.crossmatch_cost + lab.monitoring_cost_per_month
    months = flow(delta, np.zeros_like(histories.end), histories.treatment_end)
    return np.where(who.anti_cd38, lab.phenotyping_cost + monthly * months, 0.0)


def _health(model: ClinicalModel, histories: Histories, toxic: Toxic, delta: float) -> tuple[Floats, Floats]:
    """QALYs and life-years at a discount rate per month of `model.discount_effects` or 0."""
    ig, ill, given = model.immunoglobulin, histories.illnesses, histories.infusions
    zero = np.zeros_like(histories.end)
    months_on = flow(delta, zero, histories.treatment_end)
    months_off = flow(delta, histories.treatment_end, histories.end)
    weights = ill.survived if delta == 0 else ill.survived_effect_factor
    infusions = given.count if delta == 0 else given.effect_factor
    per_infusion = np.array([[model.regimens[s.regimen].qaly_loss] for s in model.strategies])
    harm_loss = np.array([harm.qaly_loss for harm in ig.harms] + [0.0])[histories.harm]
    lost = (
        _weighted(model.infections.qaly_loss, weights, GRADE_1_2, GRADE_3PLUS)
        + (per_infusion + ig.reaction_probability * ig.reaction_qaly_loss) * infusions
        + harm_loss * factor(delta, histories.ig_end)
        + _of_grade(model.crs.qaly_loss, toxic[0])
        + _of_grade(model.icans.qaly_loss, toxic[1])
    )
    lived = (model.utility_on * months_on + model.utility_off * months_off) / MONTHS_PER_YEAR
    return lived - lost, (months_on + months_off) / MONTHS_PER_YEAR


def _infections(model: ClinicalModel, histories: Histories) -> dict[str, Floats]:
    """Infections by cause and grade, and how histories end."""
    ill = histories.illnesses
    by_grade = ill.count.sum(axis=0)
    days = _weighted(model.infections.hospital_days, ill.count, GRADE_1_2, GRADE_3PLUS)
    return {
        "infections_any": by_grade[GRADE_1_2] + by_grade[GRADE_3PLUS],
        "infections_grade_1_2": by_grade[GRADE_1_2],
        "infections_grade_3plus": by_grade[GRADE_3PLUS],
        **{
            f"infections:{cause}:{grade}": ill.count[c, g]
            for c, cause in enumerate(model.infections.causes)
            for g, grade in enumerate(GRADES)
        },
        "infection_hospital_days": days,
        "infection_death": (histories.ending == Ending.INFECTION_DEATH).astype(np.float64),
        "other_death": (histories.ending == Ending.OTHER_DEATH).astype(np.float64),
        "alive_at_horizon": (histories.ending == Ending.HORIZON).astype(np.float64),
    }


def _course(
    model: ClinicalModel, who: Baseline, histories: Histories, toxic: Toxic, infection_days: Floats
) -> dict[str, Floats]:
    """Undiscounted times and counts of treatment, immunoglobulin and everything beside them."""
    ill, given, ig = histories.illnesses, histories.infusions, model.immunoglobulin
    on_ig = given.count > 0
    started = 1.0 if model.horizon > 0 else 0.0
    step_up = np.array([agent.step_up_hospital_days for agent in model.agents])[who.agent] * started
    toxic_days = _of_grade(model.crs.hospital_days, toxic[0]) + _of_grade(model.icans.hospital_days, toxic[1])
    harm_days = np.array([harm.hospital_days for harm in ig.harms] + [0.0])[histories.harm]
    until = np.minimum(histories.ig_start, histories.treatment_end)
    transfusions = np.where(who.anti_cd38, model.laboratory.transfusions_per_month * histories.treatment_end, 0.0)
    months = [
        np.where(
            np.stack([takes(model, s, index, who) for s in range(len(model.strategies))]),
            antimicrobial_end(model, index, histories),
            0.0,
        )
        for index in range(len(model.antimicrobials))
    ]
    return {
        "hospital_days": infection_days + step_up + toxic_days + harm_days,
        "crs": (toxic[0] >= 0).astype(np.float64),
        "crs_grade_3plus": (toxic[0] == GRADE_3PLUS).astype(np.float64),
        "icans": (toxic[1] >= 0).astype(np.float64),
        "icans_grade_3plus": (toxic[1] == GRADE_3PLUS).astype(np.float64),
        "step_up_hospital_days": np.broadcast_to(step_up, histories.end.shape),
        "months_on_treatment": histories.treatment_end,
        "months_held": ill.held_months,
        "ig_ever": on_ig.astype(np.float64),
        "ig_months": np.where(on_ig, histories.ig_end - np.where(on_ig, histories.ig_start, 0.0), 0.0),
        "infusions": given.count,
        "ig_grams": given.grams,
        "ig_reactions": ig.reaction_probability * given.count,
        "ig_harms": (histories.harm >= 0).astype(np.float64),
        **{f"ig_harms:{harm.name}": (histories.harm == h).astype(np.float64) for h, harm in enumerate(ig.harms)},
        "igg_tests": histories.igg_tests,
        "vulnerable_months": months_low(model, who, until),
        "vulnerable_infections": ill.vulnerable,
        "transfusions": transfusions,
        "transfusion_delay_days": model.laboratory.transfusion_delay_days * transfusions,
        **{f"antimicrobial_months:{drug.name}": months[m] for m, drug in enumerate(model.antimicrobials)},
        **{f"preemptive_courses:{drug.name}": ill.courses[m] for m, drug in enumerate(model.antimicrobials)},
    }
