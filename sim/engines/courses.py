"""Courses of immunoglobulin in the vectorised engine: what has been infused by a given month.

Where every infusion is given at the same dose, counting is closed form. Where infusions are missed or doses answer to
the course, the schedule is settled infusion by infusion, up to each candidate infection and at the end.
"""

from __future__ import annotations

import numpy as np

from sim.engines.tally import InfusionTally, is_constant, is_regular, with_regular_sums
from sim.model.histories import Infusions
from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given
from sim.model.parts import Booleans, Floats, Integers
from sim.model.schedule import appointment, count_before
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck


class Courses:
    """Infusions of every patient under every strategy; arrays are [strategy, patient].

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        who: Patients.
    """

    def __init__(self, model: ClinicalModel, luck: Luck, who: Baseline) -> None:
        self.model, self.who = model, who
        regimens = [model.regimens[strategy.regimen] for strategy in model.strategies]
        self.interval = np.array([[regimen.interval] for regimen in regimens])
        self.onset_lag = np.array([[regimen.onset_lag] for regimen in regimens])
        self.protection = np.array([[regimen.protection] for regimen in regimens])
        self.delay = np.array([[strategy.delay] for strategy in model.strategies])
        self.irregular = [index for index in range(len(regimens)) if not is_regular(model, index)]
        self._attends = luck.stream("ig:adherence")
        shape = (len(regimens), who.patient.size)
        self._tally = InfusionTally(model, who.patient.size)
        self._settled = np.zeros(shape)
        self._last = np.full(shape, -np.inf)
        self._factor = np.ones(shape)
        self._steps = np.zeros(shape)
        self._quiet_since = np.full(shape, np.nan)
        self.log: list[tuple[Integers, Integers, Floats, Floats]] = []

    def rule_end(self, start: Floats, strategy: Integers, column: Integers) -> Floats:
        """Month at which the stop rule ends courses that start at `start`, shape of `start`; inf for never."""
        stop_after = self.model.immunoglobulin.adjustment.stop_after
        if np.isinf(stop_after):
            return np.full_like(start, np.inf)
        steps, since = self._steps[strategy, column], self._quiet_since[strategy, column]
        quiet = np.where(steps > 0, since, start)
        interval = np.broadcast_to(self.interval[strategy, 0], start.shape)
        with np.errstate(invalid="ignore"):
            due = appointment(start, interval, count_before(start, interval, quiet + stop_after))
        return np.where(np.isfinite(start), due, np.inf)

    def end(self, order: Floats, window_end: Floats, strategy: Integers, column: Integers) -> Floats:
        """Month before which infusions are given: end of the window, harm, or stop rule; shape of `order`."""
        start = order + self.delay[strategy, 0]
        harmed = start + self.who.harm_delay[column]
        course_end: Floats = np.minimum(np.minimum(window_end, harmed), self.rule_end(start, strategy, column))
        return course_end

    def latest(self, order: Floats, course_end: Floats, column: Integers, time: Floats) -> tuple[Floats, Floats]:
        """Month of the latest infusion before `time` and its dose factor, for all strategies, [strategy, column]."""
        start = order + self.delay
        limit = np.minimum(time, course_end)
        given = count_before(start, self.interval, limit)
        with np.errstate(invalid="ignore"):
            last = np.where(given > 0, appointment(start, self.interval, given - 1), -np.inf)
        factor = np.ones_like(last)
        for index in self.irregular:
            self._settle(index, column, start[index], limit[index])
            last[index], factor[index] = self._last[index, column], self._factor[index, column]
        return last, factor

    def _settle(self, index: int, column: Integers, start: Floats, limit: Floats) -> None:
        """Give or miss, one after the other, the infusions of one strategy that fall before `limit`."""
        regimen = self.model.regimens[self.model.strategies[index].regimen]
        adjustment = self.model.immunoglobulin.adjustment
        while column.size:
            number = self._settled[index, column]
            time = appointment(start, regimen.interval, number)
            due = time < limit
            column, start, limit, number, time = column[due], start[due], limit[due], number[due], time[due]
            mark = self._attends(self.who.patient[column], number.astype(np.int64))
            given = is_given(mark, number, regimen.adherence)
            steps = self._steps[index, column]
            quiet = np.where(steps > 0, self._quiet_since[index, column], start)
            factor = dose_factor(time, steps, quiet, adjustment)
            grams = grams_per_infusion(self.who.weight_kg[column], regimen, factor)
            self._settled[index, column] = number + 1
            there = column[given]
            self._last[index, there] = time[given]
            self._factor[index, there] = factor[given]
            row = (np.full(there.size, index), there)
            self._tally.add(row, time[given], grams[given])
            self.log.append((*row, time[given], grams[given]))

    def serious_infection(self, strategy: Integers, column: Integers, time: Floats, running: Booleans) -> None:
        """Note serious infections; those that fall into a running course change its dose and its stop rule."""
        if is_constant(self.model.immunoglobulin.adjustment):
            return
        strategy, column = strategy[running], column[running]
        self._steps[strategy, column] += 1
        self._quiet_since[strategy, column] = time[running]

    def done(self, order: Floats, course_end: Floats) -> tuple[Infusions, Floats]:
        """All infusions given, and the month of the first, [strategy, patient], inf where there is none."""
        start = order + self.delay
        column = np.arange(self.who.patient.size)
        count = count_before(start, self.interval, course_end)
        for index in self.irregular:
            self._settle(index, column, start[index], course_end[index])
        sums = self._tally.done()
        for index in self.irregular:
            count[index] = sums.count[index]
        first = np.where(count > 0, start, np.inf)
        return with_regular_sums(self.model, self.who, _with_count(sums, count), first), first


def _with_count(sums: Infusions, count: Floats) -> Infusions:
    return Infusions(count, sums.grams, sums.cost_factor, sums.effect_factor, sums.grams_cost_factor)
