"""The reference engine: one SimPy process per patient and strategy, one event at a time, to be read.

What luck and the clinical functions hold for a patient is laid out beforehand (`sim.engines.fates`); what comes of it
is lived here and in `sim.engines.patient_course`, one thing after the other. The vectorised engine shares neither: it
judges all candidates at once and counts infusions, tests and stops in closed form. Equal logs prove that the
bookkeeping of both is right; they prove nothing about the medicine, which has oracles of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import simpy

from sim.engines.fates import Fates
from sim.engines.histories import histories_from_log
from sim.engines.log import EventLog, LogBook
from sim.engines.patient_course import INF, PatientCourse, Setting, one
from sim.model.histories import Histories
from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given
from sim.model.parts import Integers
from sim.model.structure import Baseline, ClinicalModel, Event
from sim.population import draw_baseline
from sim.streams import Luck

AT_A_TIME = 256
"""Patients played together; of no consequence for what befalls them."""


def simulate(model: ClinicalModel, luck: Luck, patient: Integers, who: Baseline | None = None) -> Histories:
    """Play the given patients under every strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, ascending, shape (n_patients,).
        who: The patients, if `sim.population.draw_baseline` has drawn them already.

    Returns:
        Histories, [strategy, patient]; bit for bit those of the vectorised engine.
    """
    baseline = who or draw_baseline(model, luck, patient)
    return histories_from_log(model, baseline, event_log(model, luck, patient))


def event_log(model: ClinicalModel, luck: Luck, patient: Integers) -> EventLog:
    """Every event of the given patients under every strategy."""
    book = LogBook()
    for first in range(0, patient.size, AT_A_TIME):
        some = patient[first : first + AT_A_TIME]
        fates = Fates(model, luck, some, np.full(some.size, model.horizon))
        setting = Setting(fates, simpy.Environment(), book)
        for column in range(some.size):
            for index in range(len(model.strategies)):
                setting.env.process(Journey(setting, column, index).run())
        setting.env.run()
    return book.bind()


class Journey(PatientCourse):
    """One patient under one strategy, who has immunoglobulin whenever it is due.

    Args:
        setting: What patients share.
        column: The patient's place among them.
        strategy: Strategy index.
    """

    def __init__(self, setting: Setting, column: int, strategy: int) -> None:
        super().__init__(setting, column, 0.0, strategy)
        self.scheduled = 0

    def run(self) -> Generator[simpy.Event, None, None]:
        """The history: wait for whatever comes next, let it happen, until death or horizon."""
        self.begin()
        while self.alive:
            when, happening = min(self._agenda(), key=lambda item: item[0])
            # Months are carried by the patient: now + (when - now) need not be `when` to the last bit.
            yield self.env.timeout(max(0.0, when - self.env.now))
            self.now = when
            happening()

    def _agenda(self) -> list[tuple[float, Callable[[], object]]]:
        """What can come next. Of things due at the same instant the first listed happens first."""
        return [
            (self.model.horizon, self.reach_horizon),
            (self.death, self.die),
            (self.stop if self.on_treatment else INF, self.stop_treatment),
            (self.candidate, self.meet_candidate),
            (self.step_up_due, self.give_step_up),
            (self.test_due, self.test_igg),
            (self._harm_due(), self.suffer_harm),
            (self._infusion_due(), self._infuse),
        ]

    # ------------------------------------------------------------------ immunoglobulin

    def _ig_start(self) -> float:
        return self.ordered_at + self.strategy.delay

    def _infusion_due(self) -> float:
        when = self._ig_start() + self.scheduled * self.regimen.interval
        return when if when < self.window_end and not self.course_over else INF

    def _harm_due(self) -> float:
        if self.infusions == 0 or self.course_over:
            return INF
        when = self._ig_start() + self.harm_delay
        return when if when < self.window_end else INF

    def _infuse(self) -> None:
        adjustment, number = self.model.immunoglobulin.adjustment, self.scheduled
        quiet = self.quiet_since if self.steps else self._ig_start()
        if self.now >= quiet + adjustment.stop_after:
            self.course_over = True
            self._note(Event.IG_STOPPED)
            return
        self.scheduled += 1
        if self.regimen.adherence < 1:
            mark = self.fates.attends(self.column, number)
            if not is_given(one(mark), one(number), self.regimen.adherence)[0]:
                return
        if not self.infusions:
            self.first_infusion = self.now
        self.infusions += 1
        self.last_infusion = self.now
        grams = self.full_grams
        if not self.setting.is_constant:
            self.dose = float(dose_factor(one(self.now), one(self.steps), one(quiet), adjustment)[0])
            grams = float(grams_per_infusion(one(self.weight_kg), self.regimen, one(self.dose))[0])
        self._note(Event.INFUSION, value=grams)
