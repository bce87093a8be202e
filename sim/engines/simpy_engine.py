"""The reference engine: one SimPy process per patient and strategy, one event at a time, to be read.

It calls the same clinical functions as the vectorised engine on one patient, but does its own bookkeeping: infusions,
tests and stops happen here one after the other, where the other engine counts them in closed form. Equal logs
prove that the bookkeeping of both is right; they prove nothing about the medicine, which has oracles of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator

import numpy as np
import simpy
from scipy.special import ndtri

from sim.engines.candidates import CandidateQueue, Clocks, grade_of
from sim.engines.histories import histories_from_log
from sim.engines.log import NOTHING, EventLog, LogBook
from sim.model.exits import death_time
from sim.model.histories import Histories
from sim.model.igg import measured_igg, polyclonal_igg
from sim.model.immunoglobulin import grams_per_infusion, is_protected
from sim.model.infections import is_accepted, time_of_exposure, trigger_reached
from sim.model.schedule import appointment
from sim.model.structure import GRADE_3PLUS, Baseline, ClinicalModel, Event, Floats, Integers, Strategy
from sim.population import draw_baseline
from sim.streams import Luck

_FIRST = np.zeros(1, dtype=np.int64)


def _one(value: float) -> Floats:
    """A number as the array of length 1 that the clinical functions take."""
    return np.array([value], dtype=np.float64)


def simulate(model: ClinicalModel, luck: Luck, patient: Integers) -> Histories:
    """Play the given patients under every strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, ascending, shape (n_patients,).

    Returns:
        Histories, [strategy, patient]; bit for bit those of the vectorised engine.
    """
    baseline = draw_baseline(model, luck, patient)
    return histories_from_log(model, baseline, event_log(model, luck, patient))


def event_log(model: ClinicalModel, luck: Luck, patient: Integers) -> EventLog:
    """Every event of the given patients under every strategy."""
    book = LogBook()
    env = simpy.Environment()
    clocks = Clocks.of(model, luck)
    for number in patient:
        one = draw_baseline(model, luck, np.array([number]))
        for index in range(len(model.strategies)):
            env.process(Journey(model, luck, clocks, one, index, book).run(env))
    env.run()
    return book.bind()


class Journey:
    """One patient under one strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        clocks: Candidate clocks of the model.
        who: The patient, arrays of length 1.
        index: Strategy index.
        book: Where events are noted.
    """

    def __init__(
        self, model: ClinicalModel, luck: Luck, clocks: Clocks, who: Baseline, index: int, book: LogBook
    ) -> None:
        self.model, self.clocks, self.who, self.book = model, clocks, who, book
        self.index = index
        self.strategy: Strategy = model.strategies[index]
        self.number = int(who.patient[0])
        self.candidates = CandidateQueue(clocks, who)
        self.exposure, self.clock, self.occurrence = self.candidates.peek(_FIRST)
        self.assay = luck.stream("igg:assay")
        self.now = 0.0
        self.alive = True
        self.on_treatment = True
        self.stop = float(who.stop_time[0])
        self.death = self._death_by_hazard()
        self.ordered_at = 0.0 if self.strategy.rule == "at_start" else np.inf
        self.last_infusion = -np.inf
        self.infusions = 0
        self.tests = 0
        self.counted: deque[float] = deque(maxlen=self.strategy.count)

    def run(self, env: simpy.Environment) -> Generator[simpy.Event, None, None]:
        """The history: wait for whatever comes next, let it happen, until death or horizon."""
        if self.strategy.rule == "at_start" and self.model.horizon > 0:
            self._note(Event.IG_ORDERED)
        while self.alive:
            when, happening = min(self._agenda(), key=lambda item: item[0])
            # Months are carried by the patient: now + (when - now) need not be `when` to the last bit.
            yield env.timeout(max(0.0, when - env.now))
            self.now = when
            happening()

    def _agenda(self) -> list[tuple[float, Callable[[], None]]]:
        """What can come next. Of things due at the same instant the first listed happens first."""
        return [
            (self.model.horizon, self._reach_horizon),
            (self.death, self._die),
            (self.stop if self.on_treatment else np.inf, self._stop_treatment),
            (self._candidate_due(), self._meet_candidate),
            (self._test_due(), self._test_igg),
            (self._infusion_due(), self._infuse),
        ]

    # ------------------------------------------------------------------ when things are due

    def _death_by_hazard(self) -> float:
        rates = self.model.treatment
        due = death_time(self.who.death_hazard, _one(self.stop), rates.death_rate_on, rates.death_rate_off)
        return float(due[0])

    def _infusion_due(self) -> float:
        regimen = self.model.immunoglobulin
        start = self.ordered_at + self.strategy.delay
        when = float(appointment(start, regimen.interval, _one(self.infusions))[0])
        return when if when < self.stop + regimen.washout else np.inf

    def _test_due(self) -> float:
        interval = self.strategy.test_interval
        if np.isinf(interval) or not self.on_treatment:
            return np.inf
        when = float(appointment(0.0, interval, _one(self.tests))[0])
        ended = self.strategy.test_until_ordered and self.ordered_at < when
        return np.inf if ended else when

    def _candidate_due(self) -> float:
        return float(time_of_exposure(self.exposure, _one(self.stop), self.model.infections.off_multiplier)[0])

    # ------------------------------------------------------------------ what happens

    def _reach_horizon(self) -> None:
        self.alive = False
        self._note(Event.HORIZON)

    def _die(self) -> None:
        self.alive = False
        self._note(Event.OTHER_DEATH)

    def _stop_treatment(self, cause: int = NOTHING) -> None:
        self.on_treatment = False
        self.stop = self.now
        self.death = self._death_by_hazard()
        self._note(Event.TREATMENT_STOP, cause=cause)

    def _infuse(self) -> None:
        grams = grams_per_infusion(self.who.weight_kg, self.model.immunoglobulin)
        self.last_infusion = self.now
        self.infusions += 1
        self._note(Event.INFUSION, value=float(grams[0]))

    def _test_igg(self) -> None:
        time, igg = _one(self.now), self.model.igg
        noise = ndtri(self.assay(self.who.patient, self.tests))
        true = polyclonal_igg(time, self.who.igg_mg_dl, igg)
        measured = measured_igg(time, true, self.who.m_protein_mg_dl, noise, igg)
        self.tests += 1
        self._note(Event.IGG_TEST, value=float(measured[0]), true_igg=float(true[0]))
        if self.strategy.rule == "igg_below" and measured[0] < self.strategy.threshold_mg_dl:
            self._order_ig()

    def _order_ig(self) -> None:
        if np.isinf(self.ordered_at):
            self.ordered_at = self.now
            self._note(Event.IG_ORDERED)

    def _meet_candidate(self) -> None:
        clock, occurrence = self.clock, self.occurrence
        self.candidates.advance(_FIRST, clock)
        self.exposure, self.clock, self.occurrence = self.candidates.peek(_FIRST)
        patient = self.who.patient
        cause, layer = int(self.clocks.cause[clock[0]]), int(self.clocks.layer[clock[0]])
        grade = int(grade_of(self.clocks, self.clocks.grade(patient, occurrence, clock), clock)[0])
        hazard_ratio = float(self.model.infections.hazard_ratio[cause, grade]) if self._protected() else 1.0
        mark = self.clocks.accept(patient, occurrence, clock)
        accepted = bool(is_accepted(mark, _one(hazard_ratio), self.clocks.layer[clock])[0])
        if accepted or layer == 0:
            self._note(
                Event.INFECTION if accepted else Event.AVERTED,
                cause=cause,
                grade=grade,
                layer=layer,
                candidate=int(occurrence[0]),
                value=hazard_ratio,
            )
        if accepted:
            self._fall_ill(cause, grade, clock, occurrence)

    def _protected(self) -> bool:
        start = _one(self.ordered_at + self.strategy.delay)
        last = _one(self.last_infusion)
        return bool(is_protected(_one(self.now), start, last, self.model.immunoglobulin)[0])

    def _fall_ill(self, cause: int, grade: int, clock: Integers, occurrence: Integers) -> None:
        infections, patient = self.model.infections, self.who.patient
        if grade == GRADE_3PLUS:
            if self.clocks.fatal(patient, occurrence, clock)[0] < infections.case_fatality[cause]:
                self.alive = False
                self._note(Event.INFECTION_DEATH, cause=cause)
                return
            stops = self.clocks.stop(patient, occurrence, clock)[0] < infections.stop_probability[cause]
            if stops and self.on_treatment:
                self._stop_treatment(cause)
        if self.strategy.rule == "after_infections" and grade >= self.strategy.minimum_grade:
            self.counted.append(self.now)
            enough = len(self.counted) == self.strategy.count
            recent = trigger_reached(_one(self.now), _one(self.counted[0]), self.strategy.within)[0]
            if enough and recent and self.now < self.stop + self.model.immunoglobulin.washout:
                self._order_ig()

    def _note(self, event: Event, **details: float) -> None:
        self.book.note(event, strategy=self.index, patient=self.number, time=self.now, **details)  # type: ignore[arg-type]
