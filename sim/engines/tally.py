"""Running totals that both engines keep in the same way: infections, holds of the bispecific, infusions."""

from __future__ import annotations

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.drug import drug_cost
from sim.model.histories import Illnesses, Infusions
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.parts import GRADE_3PLUS, GRADES, Booleans, DoseAdjustment, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel

Rows = tuple[Integers, Integers]
"""Strategy and patient index of each of some events."""


class IllnessTally:
    """Infections and what they entail, added in the order in which they happen to each patient."""

    def __init__(self, model: ClinicalModel, who: Baseline) -> None:
        self._model, self._who = model, who
        rows = (len(model.strategies), who.patient.size)
        self._count = np.zeros((len(model.infections.causes), len(GRADES), *rows))
        self._survived = np.zeros_like(self._count)
        self._cost_factor = np.zeros_like(self._count)
        self._effect_factor = np.zeros_like(self._count)
        self._first = np.full(rows, np.inf)
        self._first_grade_3plus = np.full(rows, np.inf)
        self._vulnerable = np.zeros(rows)
        self._courses = np.zeros((len(model.antimicrobials), *rows))
        self._course_cost_factor = np.zeros_like(self._courses)
        self._hold_from = np.full(rows, np.inf)
        self._hold_until = np.full(rows, -np.inf)
        self._held = np.zeros((3, *rows))

    def add(
        self, row: Rows, time: Floats, cause: Integers, grade: Integers, fatal: Booleans, vulnerable: Booleans
    ) -> None:
        """Count infections.

        Args:
            row: Strategy and patient index. A row may appear more than once, in order of time.
            time: Month.
            cause: Cause index.
            grade: Grade index.
            fatal: Whether the infection killed.
            vulnerable: Whether it fell into the vulnerable window.
        """
        cell = (cause, grade, *row)
        np.add.at(self._count, cell, 1.0)
        np.add.at(self._survived, cell, np.where(fatal, 0.0, 1.0))
        np.add.at(self._cost_factor, cell, factor(self._model.discount_costs, time))
        np.add.at(self._effect_factor, cell, np.where(fatal, 0.0, factor(self._model.discount_effects, time)))
        np.add.at(self._vulnerable, row, np.where(vulnerable, 1.0, 0.0))
        np.minimum.at(self._first, row, time)
        severe = grade == GRADE_3PLUS
        np.minimum.at(self._first_grade_3plus, (row[0][severe], row[1][severe]), time[severe])

    def add_courses(self, antimicrobial: int, row: Rows, time: Floats) -> None:
        """Count preemptive courses of one antimicrobial."""
        np.add.at(self._courses[antimicrobial], row, 1.0)
        np.add.at(self._course_cost_factor[antimicrobial], row, factor(self._model.discount_costs, time))

    def hold(self, row: Rows, time: Floats, length: Floats) -> None:
        """Hold the bispecific from `time` on; a hold within a hold prolongs it. Each row appears once."""
        some = length > 0
        row, time, until = (row[0][some], row[1][some]), time[some], time[some] + length[some]
        anew = time >= self._hold_until[row]
        fresh = (row[0][anew], row[1][anew])
        self._close(fresh, np.full(time[anew].shape, np.inf))
        self._hold_from[fresh] = time[anew]
        self._hold_until[row] = np.maximum(self._hold_until[row], until)

    def _close(self, row: Rows, treatment_end: Floats) -> None:
        """Book the open holds of the given rows."""
        opened = np.isfinite(self._hold_from[row])
        row = (row[0][opened], row[1][opened])
        start = self._hold_from[row]
        end = np.maximum(np.minimum(self._hold_until[row], treatment_end[opened]), start)
        who = self._who.pick(row[1])
        self._held[0][row] += flow(0.0, start, end)
        self._held[1][row] += drug_cost(self._model, who, 0.0, start, end)
        self._held[2][row] += drug_cost(self._model, who, self._model.discount_costs, start, end)
        self._hold_from[row] = np.inf

    def done(self, treatment_end: Floats) -> Illnesses:
        """Totals, once the month of the end of treatment is known for every row, [strategy, patient]."""
        row = (np.nonzero(np.isfinite(self._hold_from))[0], np.nonzero(np.isfinite(self._hold_from))[1])
        self._close(row, treatment_end[row])
        return Illnesses(
            count=self._count,
            survived=self._survived,
            cost_factor=self._cost_factor,
            survived_effect_factor=self._effect_factor,
            first=self._first,
            first_grade_3plus=self._first_grade_3plus,
            vulnerable=self._vulnerable,
            courses=self._courses,
            course_cost_factor=self._course_cost_factor,
            held_months=self._held[0],
            held_drug=self._held[1],
            held_drug_discounted=self._held[2],
        )


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
    """Replace the sums of regular strategies by their closed forms, so that both engines give the same bits.

    Args:
        model: Compiled model.
        who: The patients.
        infusions: Counts of all strategies; other sums of the irregular ones.
        start: Month of the first infusion, [strategy, patient]; inf where there was none.

    Returns:
        Infusions with every sum filled in.
    """
    count = infusions.count
    sums = {
        name: getattr(infusions, name).copy()
        for name in ("grams", "cost_factor", "effect_factor", "grams_cost_factor")
    }
    for index, strategy in enumerate(model.strategies):
        if is_regular(model, index):
            regimen = model.regimens[strategy.regimen]
            grams = grams_per_infusion(who.weight_kg, regimen)
            cost = appointments(model.discount_costs, start[index], regimen.interval, count[index])
            sums["grams"][index] = grams * count[index]
            sums["cost_factor"][index] = cost
            sums["effect_factor"][index] = appointments(
                model.discount_effects, start[index], regimen.interval, count[index]
            )
            sums["grams_cost_factor"][index] = grams * cost
    return Infusions(count=count, **sums)
