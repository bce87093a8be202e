"""Money and health: prices and utilities put on histories.

Costs are linear in every price: each item is a price times a discounted physical amount. Infections cost at their own
time, infusions, tests and step-up stays on their dates, and everything that flows (months of life, of treatment, of
utility) in closed form. A fatal infection costs like any other but takes no QALY loss of its own: the life lost is
its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.drug import drug_cost
from sim.model.hazards import takes, toxicity_grade
from sim.model.histories import Histories
from sim.model.igg import months_low
from sim.model.parts import (
    GRADE_1_2,
    GRADE_3PLUS,
    GRADES,
    MONTHS_PER_YEAR,
    Antimicrobial,
    Booleans,
    Floats,
    Integers,
)
from sim.model.step_up import hospital_days
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
        Component name to values of shape (n_strategies, n_patients), to be read only: what is the same under every
        strategy is one row, broadcast. Costs in the scenario's currency, QALYs and life-years in years; discounted
        unless the name says otherwise. `cost` is the sum of the `cost:` items.
    """
    toxic = toxicities(model, baseline)
    # Equal discount rates share their discounted months.
    at = {delta: _Spans(histories, delta) for delta in {model.discount_costs, model.discount_effects, 0.0}}
    items = _costs(model, baseline, toxic, at[model.discount_costs])
    undiscounted = _costs(model, baseline, toxic, at[0.0])
    qaly, life_years = _health(model, toxic, at[model.discount_effects])
    qaly_undiscounted, life_years_undiscounted = _health(model, toxic, at[0.0])
    infections = _infections(model, histories)
    return {
        "cost": _sum(items),
        "qaly": qaly,
        "life_years": life_years_undiscounted,
        "life_years_discounted": life_years,
        "cost_undiscounted": _sum(undiscounted),
        "qaly_undiscounted": qaly_undiscounted,
        **{f"cost:{item}": items[item] for item in COST_ITEMS},
        **infections,
        **_course(model, baseline, histories, toxic, infections["infection_hospital_days"]),
    }


class _Spans:
    """Months and factors of histories at one discount rate, each computed once.

    Args:
        histories: What befell the patients.
        delta: Continuous rate per month; 0 for undiscounted amounts.
    """

    def __init__(self, histories: Histories, delta: float) -> None:
        self.histories, self.delta = histories, delta

    @cached_property
    def on_treatment(self) -> Floats:
        return flow(self.delta, 0.0, self.histories.treatment_end)

    @cached_property
    def off_treatment(self) -> Floats:
        return flow(self.delta, self.histories.treatment_end, self.histories.end)

    @cached_property
    def infection(self) -> Floats | float:
        return factor(self.delta, self.histories.illnesses.time) if self.delta else 1.0

    @cached_property
    def course(self) -> Floats | None:
        return factor(self.delta, self.histories.illnesses.course_time) if self.delta else None

    def harm(self, amounts: list[float]) -> Floats:
        """An amount of each harm at the end of the course that it ended."""
        harmed = np.nonzero(self.histories.harm >= 0)
        values = np.zeros_like(self.histories.end)
        harm, end = self.histories.harm[harmed], self.histories.ig_end[harmed]
        values[harmed] = np.array([*amounts, 0.0])[harm] * factor(self.delta, end)
        return values


def toxicities(model: ClinicalModel, who: Baseline) -> tuple[Integers, Integers]:
    """Grade index of CRS and of ICANS of every patient under every strategy, -1 for none; nobody at horizon 0."""
    agents, protection = model.agents, model.tocilizumab
    found = []
    for mark, by_agent, multiplier in (
        (who.crs_mark, [agent.crs for agent in agents], protection.crs_multiplier),
        (who.icans_mark, [agent.icans for agent in agents], protection.icans_multiplier),
    ):
        probability = np.array(by_agent)[who.agent]
        rows = {}
        for protected in {strategy.tocilizumab for strategy in model.strategies}:
            relative = multiplier if protected else (1.0, 1.0)
            grade = toxicity_grade(mark, (probability[:, 0] * relative[0], probability[:, 1] * relative[1]))
            rows[protected] = grade if model.horizon > 0 else np.full_like(grade, -1)
        found.append(_by_strategy([rows[strategy.tocilizumab] for strategy in model.strategies]))
    return found[0], found[1]


Toxic = tuple[Integers, Integers]
_Array = TypeVar("_Array", Floats, Integers, Booleans)


def _by_strategy(rows: list[_Array]) -> _Array:
    """One row of patients for each strategy; a single row, broadcast, where it is the same for all."""
    if all(row is rows[0] for row in rows):
        return np.broadcast_to(rows[0], (len(rows), *rows[0].shape))
    return np.stack(rows)


def _of_row(function: Callable[[_Array], Floats], values: _Array) -> Floats:
    """A function of values, one row of them where all are the same."""
    if values.strides[0] == 0:
        return np.broadcast_to(function(values[0]), values.shape)
    return function(values)


def _of_grade(values: tuple[float, float], grade: Integers) -> Floats:
    """A value by grade, 0 where there is no event."""
    by_grade = np.array([*values, 0.0])
    return _of_row(lambda each: by_grade[each], grade)


def _sum(items: dict[str, Floats]) -> Floats:
    """Sum of cost items; those that nobody has are passed over."""
    some = [items[item] for item in COST_ITEMS if any(items[item].strides) or items[item].flat[0] != 0]
    return sum(some[1:], start=some[0] if some else next(iter(items.values())))


def _costs(model: ClinicalModel, who: Baseline, toxic: Toxic, at: _Spans) -> dict[str, Floats]:
    """Cost items at the discount rate of `at`: that of costs, or 0."""
    ig, treatment, histories, delta = model.immunoglobulin, model.treatment, at.histories, at.delta
    ill, given, plain = histories.illnesses, histories.infusions, delta == 0
    shape = histories.end.shape
    infusions = given.count if plain else given.cost_factor
    grams = given.grams if plain else given.grams_cost_factor
    regimens = [model.regimens[strategy.regimen] for strategy in model.strategies]
    per_gram = np.array([[regimen.price_per_gram] for regimen in regimens])
    administration = np.array([[regimen.administration_cost] for regimen in regimens])
    infections = ill.total_by_grade(model.infections.cost.ravel()[ill.kind] * at.infection)
    started = 1.0 if model.horizon > 0 else 0.0
    tocilizumab = np.array([[model.tocilizumab.cost if s.tocilizumab else 0.0] for s in model.strategies])
    nothing = np.broadcast_to(0.0, shape)
    return {
        "immunoglobulin": per_gram * grams,
        "ig_administration": administration * infusions,
        "ig_adverse_events": ig.reaction_probability * ig.reaction_cost * infusions
        + at.harm([harm.cost for harm in ig.harms]),
        "igg_tests": model.igg.test_cost * _tests(model, histories, delta),
        "antimicrobials": _antimicrobials(model, who, at),
        "infections_grade_1_2": infections[GRADE_1_2],
        "infections_grade_3plus": infections[GRADE_3PLUS],
        "crs_icans": _of_grade(model.crs.cost, toxic[0]) + _of_grade(model.icans.cost, toxic[1]),
        "tocilizumab": np.broadcast_to(tocilizumab * started, shape) if tocilizumab.any() else nothing,
        "step_up_hospital": treatment.hospital_day_cost * hospital_days(model, who, histories.step_up_doses, delta),
        "laboratory": _laboratory(model, who, at) * started,
        "bispecific": _bispecific(model, who, at) if any(a.drug_cost_per_month for a in model.agents) else nothing,
        "end_of_life": treatment.end_of_life_cost
        * np.where(histories.ending != Ending.HORIZON, factor(delta, histories.end), 0.0)
        if treatment.end_of_life_cost
        else nothing,
    }


def _bispecific(model: ClinicalModel, who: Baseline, at: _Spans) -> Floats:
    """Cost of the bispecific while it was given and not held."""
    ill, end = at.histories.illnesses, at.histories.treatment_end
    held = ill.held_drug if at.delta == 0 else ill.held_drug_discounted
    return drug_cost(model, who, at.delta, np.zeros_like(end), end) - held


def _tests(model: ClinicalModel, histories: Histories, delta: float) -> Floats:
    """Discounted number of IgG tests; the first is at t = 0."""
    numbers = histories.igg_tests
    if delta == 0:
        return numbers
    discounted = np.zeros_like(numbers)
    for row, strategy in enumerate(model.strategies):
        if np.isfinite(strategy.test_interval):
            start = np.zeros_like(numbers[row])
            discounted[row] = appointments(delta, start, strategy.test_interval, numbers[row])
    return discounted


def _antimicrobials(model: ClinicalModel, who: Baseline, at: _Spans) -> Floats:
    """Screening at the start, monthly cost of those who take it, and courses for what surveillance found."""
    total = np.zeros_like(at.histories.end)
    months: dict[float, Floats] = {}
    for index, drug in enumerate(model.antimicrobials):
        listed = np.array([[index in strategy.antimicrobials] for strategy in model.strategies])
        if drug.start_cost and model.horizon > 0:
            total += drug.start_cost * listed
        silent = drug.course_cost * drug.silent_treated * silent_per_month(drug, who)
        if drug.cost_per_month or np.any(silent):
            if drug.months_after not in months:
                months[drug.months_after] = flow(at.delta, 0.0, antimicrobial_end(model, index, at.histories))
            monthly = drug.cost_per_month + silent
            total += np.where(_takers(model, index, who), monthly * months[drug.months_after], 0.0)
        if drug.course_cost:
            total += drug.course_cost * at.histories.illnesses.courses(index, at.course)
    return total


def silent_per_month(drug: Antimicrobial, who: Baseline) -> Floats:
    """Viraemias that a surveillance finds a month in each patient and that would have made nobody ill, (n,)."""
    if not any(drug.silent_per_month):
        return np.zeros(who.target.size)
    return np.array(drug.silent_per_month)[who.target]


def _takers(model: ClinicalModel, index: int, who: Baseline) -> Booleans:
    """Who takes an antimicrobial, [strategy, patient]."""
    if all(index in strategy.antimicrobials for strategy in model.strategies):
        return np.broadcast_to(who.takes[index], (len(model.strategies), who.patient.size))
    return np.stack([takes(model, s, index, who) for s in range(len(model.strategies))])


def antimicrobial_end(model: ClinicalModel, index: int, histories: Histories) -> Floats:
    """Month at which an antimicrobial is stopped, [strategy, patient]."""
    return np.minimum(histories.treatment_end + model.antimicrobials[index].months_after, histories.end)


def _laboratory(model: ClinicalModel, who: Baseline, at: _Spans) -> Floats:
    """Work-up that anti-CD38 antibodies ask for, of exposed patients."""
    lab = model.laboratory
    monthly = lab.transfusions_per_month * lab.crossmatch_cost + lab.monitoring_cost_per_month
    return np.where(who.anti_cd38, lab.phenotyping_cost + monthly * at.on_treatment, 0.0)


def _health(model: ClinicalModel, toxic: Toxic, at: _Spans) -> tuple[Floats, Floats]:
    """QALYs and life-years at the discount rate of `at`: that of effects, or 0."""
    ig, ill, given = model.immunoglobulin, at.histories.illnesses, at.histories.infusions
    infusions = given.count if at.delta == 0 else given.effect_factor
    per_infusion = np.array([[model.regimens[s.regimen].qaly_loss] for s in model.strategies])
    loss = np.where(ill.fatal, 0.0, model.infections.qaly_loss.ravel()[ill.kind])
    lost = (
        ill.total(loss * at.infection)
        + (per_infusion + ig.reaction_probability * ig.reaction_qaly_loss) * infusions
        + at.harm([harm.qaly_loss for harm in ig.harms])
        + (_of_grade(model.crs.qaly_loss, toxic[0]) + _of_grade(model.icans.qaly_loss, toxic[1]))
    )
    lived = (model.utility_on * at.on_treatment + model.utility_off * at.off_treatment) / MONTHS_PER_YEAR
    return lived - lost, (at.on_treatment + at.off_treatment) / MONTHS_PER_YEAR


def _infections(model: ClinicalModel, histories: Histories) -> dict[str, Floats]:
    """Infections by cause and grade, months before the first, and how histories end."""
    ill = histories.illnesses
    by_grade = ill.total_by_grade(None)
    days = ill.total(model.infections.hospital_days.ravel()[ill.kind])
    return {
        "infections_any": by_grade[GRADE_1_2] + by_grade[GRADE_3PLUS],
        "infections_grade_1_2": by_grade[GRADE_1_2],
        "infections_grade_3plus": by_grade[GRADE_3PLUS],
        **{
            f"infections:{cause}:{grade}": ill.count[c, g]
            for c, cause in enumerate(model.infections.causes)
            for g, grade in enumerate(GRADES)
        },
        "infection_free_months": np.minimum(ill.first, histories.end),
        "serious_infection_free_months": np.minimum(ill.first_grade_3plus, histories.end),
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
    step_up = hospital_days(model, who, histories.step_up_doses)
    toxic_days = _of_grade(model.crs.hospital_days, toxic[0]) + _of_grade(model.icans.hospital_days, toxic[1])
    harm_days = _Spans(histories, 0.0).harm([harm.hospital_days for harm in ig.harms])
    until = np.minimum(histories.ig_start, histories.treatment_end)
    transfusions = np.where(who.anti_cd38, model.laboratory.transfusions_per_month * histories.treatment_end, 0.0)
    months = [
        np.where(_takers(model, index, who), antimicrobial_end(model, index, histories), 0.0)
        for index in range(len(model.antimicrobials))
    ]
    silent = [silent_per_month(drug, who) * months[m] for m, drug in enumerate(model.antimicrobials)]
    courses = [ill.courses(m) for m in range(len(model.antimicrobials))]
    harmed = histories.harm >= 0
    return {
        "hospital_days": infection_days + step_up + toxic_days + harm_days,
        "crs": _of_grade((1.0, 1.0), toxic[0]),
        "crs_grade_3plus": _of_grade((0.0, 1.0), toxic[0]),
        "icans": _of_grade((1.0, 1.0), toxic[1]),
        "icans_grade_3plus": _of_grade((0.0, 1.0), toxic[1]),
        "step_up_doses": histories.step_up_doses,
        "step_up_hospital_days": step_up,
        "months_on_treatment": histories.treatment_end,
        "months_held": ill.held_months,
        "ig_ever": on_ig.astype(np.float64),
        "ig_months": np.where(on_ig, histories.ig_end - np.where(on_ig, histories.ig_start, 0.0), 0.0),
        "infusions": given.count,
        "ig_grams": given.grams,
        "ig_reactions": ig.reaction_probability * given.count,
        "ig_harms": harmed.astype(np.float64),
        **{f"ig_harms:{harm.name}": (histories.harm == h).astype(np.float64) for h, harm in enumerate(ig.harms)},
        "igg_tests": histories.igg_tests,
        "vulnerable_months": months_low(model, who, until),
        "vulnerable_infections": ill.total(ill.vulnerable.astype(np.float64)),
        "transfusions": transfusions,
        "transfusion_delay_days": model.laboratory.transfusion_delay_days * transfusions,
        **{f"antimicrobial_months:{drug.name}": months[m] for m, drug in enumerate(model.antimicrobials)},
        **{f"viraemias_found:{drug.name}": courses[m] + silent[m] for m, drug in enumerate(model.antimicrobials)},
        **{
            f"preemptive_courses:{drug.name}": courses[m] + drug.silent_treated * silent[m]
            for m, drug in enumerate(model.antimicrobials)
        },
    }
