"""A course of immunoglobulin in the vectorised engine: what has been infused by a given month.

Where every infusion is given at the same dose, counting is closed form. Where infusions are missed or doses answer to
the course, the schedule is settled infusion by infusion, up to each candidate infection and at the end.
"""

from __future__ import annotations

import numpy as np

from sim.engines.tally import InfusionTally, is_constant, is_regular
from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given
from sim.model.parts import Booleans, Floats, Integers
from sim.model.schedule import appointment, count_before
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck


class Course:
    """Infusions of every patient under one strategy; arrays of shape (n_patients,).

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        who: Patients.
        index: Strategy index.
        tally: Where infusions are counted that are settled one by one.
    """

    def __init__(self, model: ClinicalModel, luck: Luck, who: Baseline, index: int, tally: InfusionTally) -> None:
        self.model, self.who, self.index = model, who, index
        strategy = model.strategies[index]
        self.regimen = model.regimens[strategy.regimen]
        self.delay = strategy.delay
        self.is_regular = is_regular(model, index)
        self.is_constant = is_constant(model.immunoglobulin.adjustment)
        self._attends = luck.stream("ig:adherence")
        self._tally = tally
        n = 0 if self.is_regular else who.patient.size
        self._settled, self._steps = np.zeros(n), np.zeros(n)
        self._last, self._factor = np.full(n, -np.inf), np.ones(n)
        self._quiet_since = np.full(n, np.nan)
        self.log: list[tuple[Integers, Floats, Floats]] = []

    def rule_end(self, start: Floats, column: Integers) -> Floats:
        """Month at which the stop rule ends courses that start at `start`, shape of `start`; inf for never."""
        stop_after = self.model.immunoglobulin.adjustment.stop_after
        if np.isinf(stop_after):
            return np.full_like(start, np.inf)
        quiet = np.where(self._steps[column] > 0, self._quiet_since[column], start)
        interval = self.regimen.interval
        with np.errstate(invalid="ignore"):
            due = appointment(start, interval, count_before(start, interval, quiet + stop_after))
        return np.where(np.isfinite(start), due, np.inf)

    def end(self, order: Floats, window_end: Floats, column: Integers) -> Floats:
        """Month before which infusions are given: end of the window, harm, or stop rule; shape of `order`."""
        start = order + self.delay
        harmed = start + self.who.harm_delay[column]
        course_end: Floats = np.minimum(window_end, harmed)
        return course_end if self.is_constant else np.minimum(course_end, self.rule_end(start, column))

    def latest(self, order: Floats, course_end: Floats, column: Integers, time: Floats) -> tuple[Floats, Floats]:
        """Month of the latest infusion before `time` and its dose factor, shape of `order`."""
        start, limit = order + self.delay, np.minimum(time, course_end)
        if not self.is_regular:
            self._settle(column, start, limit)
            return self._last[column], self._factor[column]
        given = count_before(start, self.regimen.interval, limit)
        with np.errstate(invalid="ignore"):
            last = np.where(given > 0, appointment(start, self.regimen.interval, given - 1), -np.inf)
        return last, np.ones_like(last)

    def _settle(self, column: Integers, start: Floats, limit: Floats) -> None:
        """Give or miss, one after the other, the infusions that fall before `limit`."""
        regimen, adjustment = self.regimen, self.model.immunoglobulin.adjustment
        while column.size:
            number = self._settled[column]
            time = appointment(start, regimen.interval, number)
            due = time < limit
            column, start, limit, number, time = column[due], start[due], limit[due], number[due], time[due]
            mark = self._attends(self.who.patient[column], number.astype(np.int64))
            given = is_given(mark, number, regimen.adherence)
            steps = self._steps[column]
            quiet = np.where(steps > 0, self._quiet_since[column], start)
            factor = dose_factor(time, steps, quiet, adjustment)
            grams = grams_per_infusion(self.who.weight_kg[column], regimen, factor)
            self._settled[column] = number + 1
            there = column[given]
            self._last[there] = time[given]
            self._factor[there] = factor[given]
            self._tally.add((np.full(there.size, self.index), there), time[given], grams[given])
            self.log.append((there, time[given], grams[given]))

    def serious_infection(self, column: Integers, time: Floats, running: Booleans) -> None:
        """Note serious infections; those that fall into a running course change its dose and its stop rule."""
        if self.is_constant:
            return
        column = column[running]
        self._steps[column] += 1
        self._quiet_since[column] = time[running]

    def done(self, order: Floats, course_end: Floats) -> Floats:
        """Number of infusions, once all of them are settled, (n_patients,)."""
        start = order + self.delay
        if self.is_regular:
            return count_before(start, self.regimen.interval, course_end)
        self._settle(np.arange(self.who.patient.size), start, course_end)
        count: Floats = self._tally.done().count[self.index]
        return count
