"""Money and health: prices and utilities put on histories.

Costs are linear in every price: each item is a price times a discounted physical amount. Infections cost at their own
time, infusions, tests and step-up stays on their dates, and everything that flows (months of life, of treatment, of
utility) in closed form. A fatal infection costs like any other but takes no QALY loss of its own: the life lost is
its loss.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.model.amounts import Amounts, is_nothing, silent_per_month, toxicities
from sim.model.drug import drug_cost
from sim.model.grouping import APART, Apart
from sim.model.histories import Histories
from sim.model.igg import months_low
from sim.model.parts import (
    GRADE_1_2,
    GRADE_3PLUS,
    GRADES,
    MONTHS_PER_YEAR,
    Floats,
)
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


def accrue(
    model: ClinicalModel,
    baseline: Baseline,
    histories: Histories,
    undiscounted: Apart = APART,
) -> dict[str, Floats]:
    """Outcomes of every patient under every strategy.

    Args:
        model: Compiled model: prices, utilities, discount rates.
        baseline: The patients.
        histories: What befell them, [strategy, patient].
        undiscounted: `TOGETHER` sums over the patients whatever is not discounted, before it is priced, where only
            its means are asked for: a third of the time.

    Returns:
        Component name to values of shape (n_strategies, n_patients), or (n_strategies, 1) for sums, to be read
        only: what is the same under every strategy is one row, broadcast. Costs in the scenario's currency, QALYs and
        life-years in years; discounted unless the name says otherwise. `cost` is the sum of the `cost:` items.
    """
    toxic = toxicities(model, baseline)

    def amounts(delta: float, together: Apart) -> Amounts:
        return Amounts(model, baseline, histories, toxic, together, delta)

    costed = amounts(model.discount_costs, APART)
    # Equal discount rates share their amounts.
    equal = model.discount_effects == model.discount_costs
    enjoyed = costed if equal else amounts(model.discount_effects, APART)
    plain = amounts(0.0, undiscounted)
    items, plain_items = _costs(costed), _costs(plain)
    qaly, life_years = _health(enjoyed)
    qaly_undiscounted, life_years_undiscounted = _health(plain)
    infections = _infections(plain)
    return {
        "cost": _sum(items.values()),
        "qaly": qaly,
        "life_years": life_years_undiscounted,
        "life_years_discounted": life_years,
        "cost_undiscounted": _sum(plain_items.values()),
        "qaly_undiscounted": qaly_undiscounted,
        **{f"cost:{item}": items[item] for item in COST_ITEMS},
        **infections,
        **_course(plain, infections["infection_hospital_days"]),
    }


def _sum(parts: Iterable[Floats]) -> Floats:
    """Sum of arrays of one shape; those that nobody has are passed over."""
    first, *rest = parts
    some = [part for part in (first, *rest) if not is_nothing(part)]
    return sum(some[1:], start=some[0]) if some else first


def _times(price: Floats | float, amount: Floats) -> Floats:
    """Price times amount; nothing where that is known beforehand."""
    if is_nothing(amount):
        return amount
    return price * amount if np.any(price) else np.broadcast_to(0.0, amount.shape)


def _costs(at: Amounts) -> dict[str, Floats]:
    """Cost items at the discount rate of `at`: that of costs, or 0."""
    model = at.model
    ig, treatment, lab = model.immunoglobulin, model.treatment, model.laboratory
    regimens = [model.regimens[strategy.regimen] for strategy in model.strategies]
    per_gram = np.array([[regimen.price_per_gram] for regimen in regimens])
    administration = np.array([[regimen.administration_cost] for regimen in regimens])
    tocilizumab = np.array([[model.tocilizumab.cost if s.tocilizumab else 0.0] for s in model.strategies])
    grams, infusions = at.given("grams", "grams_cost_factor"), at.given("count", "cost_factor")
    infections = at.infections_by_grade(model.infections.cost)
    monthly = lab.transfusions_per_month * lab.crossmatch_cost + lab.monitoring_cost_per_month
    return {
        "immunoglobulin": _times(per_gram, grams),
        "ig_administration": _times(administration, infusions),
        "ig_adverse_events": _sum(
            [
                _times(ig.reaction_probability * ig.reaction_cost, infusions),
                at.harm([harm.cost for harm in ig.harms]),
            ]
        ),
        "igg_tests": _times(model.igg.test_cost, at.tests),
        "antimicrobials": _antimicrobials(at),
        "infections_grade_1_2": infections[GRADE_1_2],
        "infections_grade_3plus": infections[GRADE_3PLUS],
        "crs_icans": at.toxicity(model.crs.cost, model.icans.cost),
        "tocilizumab": tocilizumab * at.started * at.patients if tocilizumab.any() else at.nothing,
        "step_up_hospital": _times(treatment.hospital_day_cost, at.step_up_days),
        "laboratory": _sum(
            [_times(lab.phenotyping_cost * at.started, at.exposed), _times(monthly, at.exposed_months)]
        ),
        "bispecific": _bispecific(at) if any(a.drug_cost_per_month for a in model.agents) else at.nothing,
        "end_of_life": treatment.end_of_life_cost * at.dead(at.histories.ending != Ending.HORIZON)
        if treatment.end_of_life_cost
        else at.nothing,
    }


def _bispecific(at: Amounts) -> Floats:
    """Cost of the bispecific while it was given and not held."""
    end = at.histories.treatment_end
    held = at.ill.held_drug if at.delta == 0 else at.ill.held_drug_discounted
    return at.over(drug_cost(at.model, at.who, at.delta, np.zeros_like(end), end)) - held


def _antimicrobials(at: Amounts) -> Floats:
    """Screening at the start, monthly cost of those who take it, and courses for what surveillance found."""
    model, total = at.model, [at.nothing]
    for index, drug in enumerate(model.antimicrobials):
        if drug.start_cost and model.horizon > 0:
            listed = np.array([[index in strategy.antimicrobials] for strategy in model.strategies])
            total.append(drug.start_cost * listed * at.patients)
        silent = drug.course_cost * drug.silent_treated * silent_per_month(drug, at.who)
        if drug.cost_per_month or np.any(silent):
            total.append(at.taken(index, drug.cost_per_month + silent))
        if drug.course_cost:
            total.append(drug.course_cost * at.ill.courses(index, at.course))
    return _sum(total)


def _health(at: Amounts) -> tuple[Floats, Floats]:
    """QALYs and life-years at the discount rate of `at`: that of effects, or 0."""
    model = at.model
    ig, infections = model.immunoglobulin, model.infections
    per_infusion = np.array([[model.regimens[s.regimen].qaly_loss] for s in model.strategies])
    survived = at.survived_infections(infections.qaly_loss) if infections.qaly_loss.any() else at.nothing
    lost = _sum(
        [
            survived,
            _times(
                per_infusion + ig.reaction_probability * ig.reaction_qaly_loss, at.given("count", "effect_factor")
            ),
            at.harm([harm.qaly_loss for harm in ig.harms]),
            at.toxicity(model.crs.qaly_loss, model.icans.qaly_loss),
        ]
    )
    lived = (model.utility_on * at.on_treatment + model.utility_off * at.off_treatment) / MONTHS_PER_YEAR
    return lived - lost, (at.on_treatment + at.off_treatment) / MONTHS_PER_YEAR


def _infections(at: Amounts) -> dict[str, Floats]:
    """Infections by cause and grade, months before the first, and how histories end."""
    model, histories, ill = at.model, at.histories, at.ill
    first, first_grade_3plus = histories.illnesses.first, histories.illnesses.first_grade_3plus
    by_grade = ill.total_by_grade(None)
    return {
        "infections_any": by_grade[GRADE_1_2] + by_grade[GRADE_3PLUS],
        "infections_grade_1_2": by_grade[GRADE_1_2],
        "infections_grade_3plus": by_grade[GRADE_3PLUS],
        **{
            f"infections:{cause}:{grade}": ill.count[c, g]
            for c, cause in enumerate(model.infections.causes)
            for g, grade in enumerate(GRADES)
        },
        "infection_free_months": at.over(np.minimum(first, histories.end)),
        "serious_infection_free_months": at.over(np.minimum(first_grade_3plus, histories.end)),
        "infection_hospital_days": at.infections_by_grade(model.infections.hospital_days).sum(axis=0),
        "infection_death": at.over((histories.ending == Ending.INFECTION_DEATH).astype(np.float64)),
        "other_death": at.over((histories.ending == Ending.OTHER_DEATH).astype(np.float64)),
        "alive_at_horizon": at.over((histories.ending == Ending.HORIZON).astype(np.float64)),
    }


def _course(at: Amounts, infection_days: Floats) -> dict[str, Floats]:
    """Undiscounted times and counts of treatment, immunoglobulin and everything beside them."""
    model, histories, ill, ig = at.model, at.histories, at.ill, at.model.immunoglobulin
    count, drugs = at.given("count", "count"), list(enumerate(model.antimicrobials))
    on_ig = np.isfinite(histories.ig_start)
    transfusions = _times(model.laboratory.transfusions_per_month, at.exposed_months)
    silent = {
        m: at.taken(m, silent_per_month(drug, at.who)) if any(drug.silent_per_month) else at.nothing
        for m, drug in drugs
    }
    courses = {m: ill.courses(m) if drug.is_surveillance else at.nothing for m, drug in drugs}
    toxic_days = at.toxicity(model.crs.hospital_days, model.icans.hospital_days)
    harm_days = at.harm([harm.hospital_days for harm in ig.harms])
    return {
        "hospital_days": _sum([infection_days, at.step_up_days, toxic_days, harm_days]),
        "crs": at.toxicity((1.0, 1.0), (0.0, 0.0)),
        "crs_grade_3plus": at.toxicity((0.0, 1.0), (0.0, 0.0)),
        "icans": at.toxicity((0.0, 0.0), (1.0, 1.0)),
        "icans_grade_3plus": at.toxicity((0.0, 0.0), (0.0, 1.0)),
        "step_up_doses": at.over(histories.step_up_doses),
        "step_up_hospital_days": at.step_up_days,
        "months_on_treatment": at.on_treatment,
        "months_held": ill.held_months,
        "ig_ever": at.over(on_ig.astype(np.float64)),
        "ig_months": at.over(np.where(on_ig, histories.ig_end - np.where(on_ig, histories.ig_start, 0.0), 0.0)),
        "infusions": count,
        "ig_grams": at.given("grams", "grams"),
        "ig_reactions": _times(ig.reaction_probability, count),
        "ig_harms": at.harm([1.0] * len(ig.harms)),
        **{
            f"ig_harms:{harm.name}": at.harm([float(h == k) for k in range(len(ig.harms))])
            for h, harm in enumerate(ig.harms)
        },
        "igg_tests": at.tests,
        "vulnerable_months": at.over(
            months_low(model, at.who, np.minimum(histories.ig_start, histories.treatment_end))
        ),
        "vulnerable_infections": ill.number(ill.vulnerable),
        "transfusions": transfusions,
        "transfusion_delay_days": _times(model.laboratory.transfusion_delay_days, transfusions),
        **{f"antimicrobial_months:{drug.name}": at.taken(m, 1.0) for m, drug in drugs},
        **{f"viraemias_found:{drug.name}": _sum([courses[m], silent[m]]) for m, drug in drugs},
        **{
            f"preemptive_courses:{drug.name}": _sum([courses[m], _times(drug.silent_treated, silent[m])])
            for m, drug in drugs
        },
    }
