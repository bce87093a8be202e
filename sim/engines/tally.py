"""What both engines sum up in the same way: infections and holds of the bispecific, infusions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.drug import drug_cost
from sim.model.histories import Illnesses, Infusions
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.parts import Booleans, DoseAdjustment, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel

Rows = tuple[Integers, Integers]
"""Strategy and patient index of each of some events."""


@dataclass(frozen=True)
class Met:
    """Infections of one strategy, by patient and time; arrays of shape (n_infections,).

    Attributes:
        column: Column of the patient.
        time: Month.
        kind: Place of its cause and grade in a table [cause, grade] laid out in a row.
        fatal: Whether it killed.
        vulnerable: Whether it fell into the vulnerable window.
    """

    column: Integers
    time: Floats
    kind: Integers
    fatal: Booleans
    vulnerable: Booleans


@dataclass(frozen=True)
class Courses:
    """Preemptive courses of one strategy, by patient and time: column of the patient, month, antimicrobial."""

    column: Integers
    time: Floats
    antimicrobial: Integers


def illnesses(
    model: ClinicalModel, who: Baseline, met: list[Met], courses: list[Courses], treatment_end: Floats
) -> Illnesses:
    """Put the infections of all strategies together.

    Args:
        model: Compiled model.
        who: Patients.
        met: Infections, by strategy.
        courses: Preemptive courses, by strategy.
        treatment_end: Month the bispecific ended, [strategy, patient].
    """
    n = who.patient.size
    held = np.broadcast_to(0.0, (3, *treatment_end.shape))
    if model.infections.hold.any():
        held = np.stack([_held(model, who, m, end) for m, end in zip(met, treatment_end, strict=True)], axis=1)
    return Illnesses(
        n_causes=len(model.infections.causes),
        n_strategies=len(met),
        n_patients=n,
        row=np.concatenate([each.column + index * n for index, each in enumerate(met)]),
        time=np.concatenate([each.time for each in met]),
        kind=np.concatenate([each.kind for each in met]),
        fatal=np.concatenate([each.fatal for each in met]),
        vulnerable=np.concatenate([each.vulnerable for each in met]),
        course_row=np.concatenate([each.column + index * n for index, each in enumerate(courses)]),
        course_time=np.concatenate([each.time for each in courses]),
        course_of=np.concatenate([each.antimicrobial for each in courses]),
        held_months=held[0],
        held_drug=held[1],
        held_drug_discounted=held[2],
    )


def _held(model: ClinicalModel, who: Baseline, met: Met, treatment_end: Floats) -> Floats:
    """Months for which the bispecific was held and the drug saved, plain and discounted, [3, patient].

    Survived infections on treatment hold it; a hold within a hold prolongs it.
    """
    n = who.patient.size
    hold = model.infections.hold.ravel()
    holds = np.flatnonzero((hold > 0)[met.kind] & ~met.fatal)
    holds = holds[met.time[holds] < treatment_end[met.column[holds]]]
    if holds.size == 0:
        return np.zeros((3, n))
    column, start = met.column[holds], met.time[holds]
    until = start + hold[met.kind[holds]]
    same = column[1:] == column[:-1]
    # A hold lasts at least as long as the one before it, so most are settled at the first pass.
    while np.any(short := same & (until[1:] < until[:-1])):
        until[1:][short] = until[:-1][short]
    anew = np.concatenate([[True], ~same | (start[1:] >= until[:-1])])
    opened = np.flatnonzero(anew)
    column, start = column[opened], start[opened]
    until = until[np.concatenate([opened[1:], [until.size]]) - 1]
    end = np.maximum(np.minimum(until, treatment_end[column]), start)
    held = np.zeros((3, n))
    held[0] = np.bincount(column, weights=flow(0.0, start, end), minlength=n)
    if any(agent.drug_cost_per_month for agent in model.agents):
        for row, delta in ((1, 0.0), (2, model.discount_costs)):
            saved = drug_cost(model, who, delta, start, end, column)
            held[row] = np.bincount(column, weights=saved, minlength=n)
    return held


class InfusionTally:
    """Infusions given one by one, each with its grams."""

    def __init__(self, model: ClinicalModel, n_patients: int) -> None:
        self._model = model
        self._sums = np.zeros((5, len(model.strategies), n_patients))

    def add(self, row: Rows, time: Floats, grams: Floats) -> None:
        """Count infusions; a row may appear more than once, in order of time."""
        now, health = factor(self._model.discount_costs, time), factor(self._model.discount_effects, time)
        for total, amount in zip(self._sums, (np.ones_like(time), grams, now, health, grams * now), strict=True):
            np.add.at(total, row, amount)

    def done(self) -> Infusions:
        """Totals."""
        return Infusions(*self._sums)


def is_regular(model: ClinicalModel, strategy: int) -> bool:
    """Whether every scheduled infusion of a strategy is given at the same dose, so that sums are geometric series."""
    return model.regimens[model.strategies[strategy].regimen].adherence == 1 and is_constant(
        model.immunoglobulin.adjustment
    )


def is_constant(adjustment: DoseAdjustment) -> bool:
    """Whether the dose never answers to the course."""
    return adjustment.maximum == 1 and np.isinf(adjustment.down_after) and np.isinf(adjustment.stop_after)


def with_regular_sums(model: ClinicalModel, who: Baseline, infusions: Infusions, start: Floats) -> Infusions:
    """Set the sums of regular strategies to their closed forms, in place, so that both engines give the same bits.

    Args:
        model: Compiled model.
        who: The patients.
        infusions: Counts of all strategies; other sums of the irregular ones.
        start: Month of the first infusion, [strategy, patient]; inf where there was none.

    Returns:
        The infusions, with every sum filled in.
    """
    count = infusions.count
    for index, strategy in enumerate(model.strategies):
        if not is_regular(model, index):
            continue
        treated = np.flatnonzero(count[index])
        if treated.size == 0:
            continue
        regimen = model.regimens[strategy.regimen]
        given, first = count[index, treated], start[index, treated]
        grams = grams_per_infusion(who.weight_kg[treated], regimen)
        cost = appointments(model.discount_costs, first, regimen.interval, given)
        infusions.grams[index, treated] = grams * given
        infusions.cost_factor[index, treated] = cost
        infusions.effect_factor[index, treated] = (
            cost
            if model.discount_effects == model.discount_costs
            else appointments(model.discount_effects, first, regimen.interval, given)
        )
        infusions.grams_cost_factor[index, treated] = grams * cost
    return infusions
