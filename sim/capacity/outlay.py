"""What a programme spends by calendar year and item: the budget, undiscounted, with the prices of the accrual.

`sim.model.accrual` puts prices on whole histories; a budget needs them by year. The items are the same, and over all
years of patients whose histories end within the programme the sums are too (a test).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.capacity.attribution import World
from sim.model.accrual import COST_ITEMS
from sim.model.amounts import silent_per_month, toxicities
from sim.model.drug import drug_cost
from sim.model.hazards import takes
from sim.model.parts import MONTHS_PER_YEAR, Booleans, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel, Event

ENDINGS = (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON)


@dataclass(frozen=True)
class Given:
    """Infusions given: month of the programme, grams, regimen index; arrays of one shape."""

    time: Floats
    grams: Floats
    regimen: Integers


def given_alone(model: ClinicalModel, world: World) -> Given:
    """The infusions of a log, each by its strategy's regimen."""
    own = world.log.event == Event.INFUSION
    regimen = np.array([strategy.regimen for strategy in model.strategies])[world.log.strategy[own]]
    return Given(world.time[own], world.log.value[own], regimen)


class _Years:
    """Amounts sorted into years of the programme."""

    def __init__(self, months: float) -> None:
        self.count = int(np.ceil(months / MONTHS_PER_YEAR))
        self.edges = np.minimum(MONTHS_PER_YEAR * np.arange(self.count + 1), months)

    def events(self, time: Floats, amount: Floats | float) -> Floats:
        """Amounts at months; what is before the first day is not counted."""
        weights = np.broadcast_to(np.asarray(amount, dtype=np.float64), time.shape)
        return np.histogram(time, self.edges, weights=weights)[0].astype(np.float64)

    def months(self, begin: Floats, end: Floats) -> Floats:
        """Months between `begin` and `end` that fall into each year, [year, row]."""
        low, high = self.edges[:-1, None], self.edges[1:, None]
        return np.asarray(np.maximum(np.minimum(end, high) - np.maximum(begin, low), 0.0), dtype=np.float64)


def spend(
    model: ClinicalModel, who: Baseline, world: World, given: Given, start: Floats, strategy: Integers, months: float
) -> Floats:
    """Money by item of `COST_ITEMS` and year of the programme.

    Args:
        model: Compiled model: prices.
        who: The patients.
        world: What befell them.
        given: Infusions given.
        start: Month of the programme at which each starts.
        strategy: Strategy index of each.
        months: Length of the programme.

    Returns:
        Undiscounted amounts, [item, year].
    """
    years, log = _Years(months), world.log
    ended, stopped = np.full(start.size, np.inf), np.full(start.size, np.inf)
    closing = np.isin(log.event, ENDINGS)
    ended[world.column[closing]] = world.time[closing]
    stopping = log.event == Event.TREATMENT_STOP
    stopped[world.column[stopping]] = world.time[stopping]
    stopped = np.minimum(stopped, ended)
    lab, ig, treatment = model.laboratory, model.immunoglobulin, model.treatment
    price = np.array([regimen.price_per_gram for regimen in model.regimens])
    administration = np.array([regimen.administration_cost for regimen in model.regimens])
    reactions = ig.reaction_probability * ig.reaction_cost

    def at(event: Event, amount: Floats | float = 1.0) -> Floats:
        own = log.event == event
        return years.events(world.time[own], amount)

    ill = log.event == Event.INFECTION
    grade = log.grade[ill]
    cost = model.infections.cost[log.cause[ill], grade]
    infections = [years.events(world.time[ill][grade == g], cost[grade == g]) for g in (0, 1)]
    harms = np.array([harm.cost for harm in ig.harms] + [0.0])[log.by[log.event == Event.IG_HARM]]
    tocilizumab = np.array([model.tocilizumab.cost if plan.tocilizumab else 0.0 for plan in model.strategies])
    monthly = lab.transfusions_per_month * lab.crossmatch_cost + lab.monitoring_cost_per_month
    on_treatment = years.months(start, stopped)
    items = {
        "immunoglobulin": years.events(given.time, price[given.regimen] * given.grams),
        "ig_administration": years.events(given.time, administration[given.regimen]),
        "ig_adverse_events": years.events(given.time, reactions) + at(Event.IG_HARM, harms),
        "igg_tests": at(Event.IGG_TEST, model.igg.test_cost),
        "antimicrobials": _antimicrobials(model, who, world, start, stopped, ended, strategy, years),
        "infections_grade_1_2": infections[0],
        "infections_grade_3plus": infections[1],
        "crs_icans": _toxicity(model, who, start, strategy, years),
        "tocilizumab": years.events(start, tocilizumab[strategy]),
        "step_up_hospital": at(Event.STEP_UP, treatment.hospital_day_cost * log.value[log.event == Event.STEP_UP]),
        "laboratory": years.events(start, np.where(who.anti_cd38, lab.phenotyping_cost, 0.0))
        + (on_treatment * np.where(who.anti_cd38, monthly, 0.0)).sum(axis=1),
        "bispecific": _bispecific(model, who, world, start, stopped, years),
        "end_of_life": at(Event.INFECTION_DEATH, treatment.end_of_life_cost)
        + at(Event.OTHER_DEATH, treatment.end_of_life_cost),
    }
    return np.stack([items[item] for item in COST_ITEMS])


def _toxicity(model: ClinicalModel, who: Baseline, start: Floats, strategy: Integers, years: _Years) -> Floats:
    total = np.zeros(years.count)
    for grade, toxicity in zip(toxicities(model, who), (model.crs, model.icans), strict=True):
        own = grade[strategy, np.arange(start.size)]
        cost: Floats = np.array([*toxicity.cost, 0.0], dtype=np.float64)
        total = total + years.events(start, cost[own])
    return total


def _antimicrobials(
    model: ClinicalModel,
    who: Baseline,
    world: World,
    start: Floats,
    stopped: Floats,
    ended: Floats,
    strategy: Integers,
    years: _Years,
) -> Floats:
    total = np.zeros(years.count)
    for index, drug in enumerate(model.antimicrobials):
        taking: Booleans = np.zeros(start.size, dtype=np.bool_)
        listed = np.zeros(start.size, dtype=np.bool_)
        for s, plan in enumerate(model.strategies):
            taking |= (strategy == s) & takes(model, s, index, who)
            listed |= (strategy == s) & (index in plan.antimicrobials)
        until = np.minimum(stopped + drug.months_after, ended)
        silent = drug.course_cost * drug.silent_treated * silent_per_month(drug, who)
        caught = (world.log.event == Event.COURSE) & (world.log.by == index)
        total = (
            total
            + years.events(start, np.where(listed, drug.start_cost, 0.0))
            + (years.months(start, until) * np.where(taking, drug.cost_per_month + silent, 0.0)).sum(axis=1)
            + years.events(world.time[caught], drug.course_cost)
        )
    return total


def _bispecific(
    model: ClinicalModel, who: Baseline, world: World, start: Floats, stopped: Floats, years: _Years
) -> Floats:
    """Price of the drug on treatment, less what holds save; holds that overlap are one."""
    total = np.zeros(years.count)
    if all(agent.drug_cost_per_month == 0 for agent in model.agents):
        return total
    spans = [(np.arange(start.size), start, stopped, 1.0)]
    until = np.full(start.size, -np.inf)
    column, begin, end = [], [], []
    ill = np.flatnonzero(world.log.event == Event.INFECTION)
    length = model.infections.hold[world.log.cause[ill], world.log.grade[ill]]
    for row, months in sorted(zip(ill.tolist(), length.tolist(), strict=True), key=lambda pair: world.time[pair[0]]):
        whose, time = int(world.column[row]), float(world.time[row])
        if months > 0 and time < stopped[whose] and time + months > until[whose]:
            column.append(whose)
            begin.append(max(time, until[whose]))
            end.append(min(time + months, stopped[whose]))
            until[whose] = time + months
    spans.append((np.array(column, dtype=np.int64), np.array(begin), np.array(end), -1.0))
    for place, first, last, sign in spans:
        low, high = np.maximum(first, years.edges[:-1, None]), np.minimum(last, years.edges[1:, None])
        low, high = low - start[place], np.maximum(high, low) - start[place]
        total = total + sign * drug_cost(model, who.pick(place), 0.0, low, high).sum(axis=1)
    return total
