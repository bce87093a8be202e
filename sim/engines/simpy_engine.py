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

from sim.engines.candidates import CandidateQueue, Clocks
from sim.engines.histories import histories_from_log
from sim.engines.log import NOTHING, EventLog, LogBook
from sim.engines.orders import Assays
from sim.model.amounts import toxicities
from sim.model.conditions import Facts, asks_infections, asks_tests, breakthrough_leaves, holds, infection_leaves
from sim.model.exits import death_time
from sim.model.hazards import FIRST_ANTIMICROBIAL, IMMUNOGLOBULIN, beside_immunoglobulin, is_caught
from sim.model.histories import Histories
from sim.model.igg import true_igg
from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given, is_protected, ratio_at_dose
from sim.model.infections import is_accepted
from sim.model.pace import Pace, groups
from sim.model.parts import GRADE_3PLUS, Floats, Integers, Strategy
from sim.model.schedule import appointment
from sim.model.structure import Baseline, ClinicalModel, Event
from sim.population import draw_baseline
from sim.streams import Luck

_FIRST = np.zeros(1, dtype=np.int64)


def _one(value: float) -> Floats:
    """A number as the array of length 1 that the clinical functions take."""
    return np.array([value], dtype=np.float64)


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
    env = simpy.Environment()
    clocks, pace = Clocks.of(model, luck), Pace.of(model)
    everyone = draw_baseline(model, luck, patient)
    for column in range(patient.size):
        one = everyone.pick(np.array([column]))
        for index in range(len(model.strategies)):
            env.process(Journey(model, luck, clocks, pace, one, index, book).run(env))
    env.run()
    return book.bind()


class Journey:
    """One patient under one strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        clocks: Candidate clocks of the model.
        pace: Exposure clocks of the model.
        who: The patient, arrays of length 1.
        index: Strategy index.
        book: Where events are noted.
    """

    def __init__(
        self,
        model: ClinicalModel,
        luck: Luck,
        clocks: Clocks,
        pace: Pace,
        who: Baseline,
        index: int,
        book: LogBook,
    ) -> None:
        self.model, self.clocks, self.pace, self.who, self.book = model, clocks, pace, who, book
        self.index = index
        self.strategy: Strategy = model.strategies[index]
        self.regimen = model.regimens[self.strategy.regimen]
        self.number = int(who.patient[0])
        self.group = groups(who)
        self.candidates = CandidateQueue(clocks, who)
        self.exposure, self.clock, self.occurrence = self.candidates.peek(_FIRST)
        self.assays = Assays(model, luck, who)
        self.attends = luck.stream("ig:adherence")

        self.now = 0.0
        self.alive = True
        self.on_treatment = True
        self.stop = float(who.stop_time[0])
        self.death = self._death_by_hazard()

        self.ordered_at = np.inf
        self.course_over = False
        self.scheduled = 0
        self.infusions = 0
        self.last_infusion = -np.inf
        self.dose = 1.0
        self.steps = 0
        self.quiet_since = np.inf

        self.step_up = model.agents[int(who.agent[0])].step_up
        self.steps_given = 0

        self.tests = 0
        condition = self.strategy.start
        self.asks_tests, self.asks_infections = asks_tests(condition), asks_infections(condition)
        self.counted = [
            (leaf, deque([-np.inf] * leaf.count, maxlen=leaf.count)) for leaf in infection_leaves(condition)
        ]
        self.broken = [[leaf.minimum_grade, False] for leaf in breakthrough_leaves(condition)]
        self.measured = {"igg": np.inf, "iga": np.inf, "igm": np.inf}

    def run(self, env: simpy.Environment) -> Generator[simpy.Event, None, None]:
        """The history: wait for whatever comes next, let it happen, until death or horizon."""
        if self.model.horizon > 0:
            for event, grade in zip((Event.CRS, Event.ICANS), toxicities(self.model, self.who), strict=True):
                if grade[self.index, 0] >= 0:
                    self._note(event, grade=int(grade[self.index, 0]))
            self._consider_ordering()
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
            (self._step_up_due(), self._step_up),
            (self._test_due(), self._test_igg),
            (self._harm_due(), self._suffer_harm),
            (self._infusion_due(), self._infuse),
        ]

    # ------------------------------------------------------------------ when things are due

    def _death_by_hazard(self) -> float:
        who = self.who
        due = death_time(self.model.treatment, who.death_hazard, _one(self.stop), who.age_years, who.male)
        return float(due[0])

    def _window_end(self) -> float:
        return self.stop + self.model.immunoglobulin.washout

    def _ig_start(self) -> float:
        return self.ordered_at + self.strategy.delay

    def _infusion_due(self) -> float:
        when = float(appointment(self._ig_start(), self.regimen.interval, _one(self.scheduled))[0])
        return when if when < self._window_end() and not self.course_over else np.inf

    def _harm_due(self) -> float:
        if self.infusions == 0 or self.course_over:
            return np.inf
        when = self._ig_start() + float(self.who.harm_delay[0])
        return when if when < self._window_end() else np.inf

    def _test_due(self) -> float:
        interval = self.strategy.test_interval
        if np.isinf(interval) or not self.on_treatment:
            return np.inf
        when = float(appointment(0.0, interval, _one(self.tests))[0])
        ended = self.strategy.test_until_ordered and self.ordered_at < when
        return np.inf if ended else when

    def _step_up_due(self) -> float:
        is_over = self.steps_given == len(self.step_up) or not self.on_treatment
        return np.inf if is_over else self.step_up[self.steps_given].month

    def _candidate_due(self) -> float:
        return float(self.pace.time(self.exposure, _one(self.stop), self.group)[0])

    # ------------------------------------------------------------------ exits

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

    # ------------------------------------------------------------------ step-up dosing

    def _step_up(self) -> None:
        number = self.steps_given
        self.steps_given += 1
        self._note(Event.STEP_UP, value=self.step_up[number].hospital_days, by=number)

    # ------------------------------------------------------------------ immunoglobulin

    def _infuse(self) -> None:
        adjustment = self.model.immunoglobulin.adjustment
        quiet = self.quiet_since if self.steps else self._ig_start()
        if self.now >= quiet + adjustment.stop_after:
            self.course_over = True
            self._note(Event.IG_STOPPED)
            return
        mark = self.attends(self.who.patient, self.scheduled)
        given = is_given(mark, _one(self.scheduled), self.regimen.adherence)[0]
        self.scheduled += 1
        if given:
            self.infusions += 1
            self.last_infusion = self.now
            self.dose = float(dose_factor(_one(self.now), _one(self.steps), _one(quiet), adjustment)[0])
            grams = grams_per_infusion(self.who.weight_kg, self.regimen, _one(self.dose))
            self._note(Event.INFUSION, value=float(grams[0]))

    def _suffer_harm(self) -> None:
        self.course_over = True
        self._note(Event.IG_HARM, by=int(self.who.harm[0]))

    def _test_igg(self) -> None:
        number, interval = np.array([self.tests]), self.strategy.test_interval
        measured, true = self.assays.igg(_FIRST, number, interval)
        self.measured["igg"] = float(measured[0])
        if self.asks_tests:
            for name in ("iga", "igm"):
                self.measured[name] = float(self.assays.other(name, _FIRST, number, interval)[0])
        self.tests += 1
        self._note(Event.IGG_TEST, value=float(measured[0]), true_igg=float(true[0]))
        if self.asks_tests:
            self._consider_ordering()

    def _consider_ordering(self) -> None:
        """Order immunoglobulin if the start rule holds now."""
        facts = Facts(
            time=_one(self.now),
            igg=_one(self.measured["igg"]),
            iga=_one(self.measured["iga"]),
            igm=_one(self.measured["igm"]),
            counted=tuple(_one(times[0]) for _, times in self.counted),
            broken_through=tuple(np.array([happened], dtype=np.bool_) for _, happened in self.broken),
            anti_cd38=self.who.anti_cd38,
        )
        if np.isinf(self.ordered_at) and holds(self.strategy.start, facts)[0]:
            self.ordered_at = self.now
            self._note(Event.IG_ORDERED)

    # ------------------------------------------------------------------ infections

    def _meet_candidate(self) -> None:
        clock, occurrence = self.clock, self.occurrence
        self.candidates.advance(_FIRST, clock)
        self.exposure, self.clock, self.occurrence = self.candidates.peek(_FIRST)
        patient, time = self.who.patient, _one(self.now)
        cause, layer = self.clocks.cause[clock], int(self.clocks.layer[clock[0]])
        grade = self.clocks.grade_of(self.clocks.grade(patient, occurrence, clock), clock, self.who.target)
        on_ig, protected = self._immunoglobulin_ratio(cause, grade)
        beside, by, courses = beside_immunoglobulin(
            self.model, self.index, self.who.takes, time, _one(self.stop), cause, grade
        )
        hazard_ratio = on_ig * beside
        measures = int(by[0]) | (IMMUNOGLOBULIN if protected and on_ig[0] < 1 else 0)
        mark = self.clocks.accept(patient, occurrence, clock)
        accepted = bool(is_accepted(mark, hazard_ratio, self.clocks.layer[clock])[0])
        for antimicrobial, before, after in courses:
            if is_caught(mark, on_ig, before, after, self.clocks.layer[clock])[0]:
                self._note(Event.COURSE, by=antimicrobial)
        if accepted or layer == 0:
            self._note(
                Event.INFECTION if accepted else Event.AVERTED,
                cause=int(cause[0]),
                grade=int(grade[0]),
                layer=layer,
                candidate=int(occurrence[0]),
                value=float(hazard_ratio[0]),
                by=measures,
            )
        if accepted:
            self._fall_ill(int(cause[0]), int(grade[0]), clock, occurrence, measures >= FIRST_ANTIMICROBIAL)

    def _immunoglobulin_ratio(self, cause: Integers, grade: Integers) -> tuple[Floats, bool]:
        ig, time = self.model.immunoglobulin, _one(self.now)
        start, last = _one(self._ig_start()), _one(self.last_infusion)
        protected = bool(is_protected(time, start, last, self.regimen.onset_lag, self.regimen.protection)[0])
        if protected and np.isfinite(ig.benefit_below_igg):
            protected = bool(true_igg(self.model, self.who, time)[0] < ig.benefit_below_igg)
        if not protected:
            return np.ones(1), False
        ratio = self.model.infections.hazard_ratio[cause, grade]
        return ratio_at_dose(ratio, _one(self.dose), ig.adjustment.exponent), True

    def _fall_ill(self, cause: int, grade: int, clock: Integers, occurrence: Integers, despite: bool) -> None:
        infections, patient = self.model.infections, self.who.patient
        if grade == GRADE_3PLUS:
            if self.infusions and not self.course_over and self.now < self._window_end():
                self.steps += 1
                self.quiet_since = self.now
            if self.clocks.fatal(patient, occurrence, clock)[0] < infections.case_fatality[cause]:
                self.alive = False
                self._note(Event.INFECTION_DEATH, cause=cause)
                return
            stops = self.clocks.stop(patient, occurrence, clock)[0] < infections.stop_probability[cause]
            if stops and self.on_treatment:
                self._stop_treatment(cause)
        for leaf, times in self.counted:
            if grade >= leaf.minimum_grade:
                times.append(self.now)
        for waiting in self.broken:
            waiting[1] = waiting[1] or (despite and grade >= waiting[0])
        if self.asks_infections and self.now < self._window_end():
            self._consider_ordering()

    def _note(self, event: Event, **details: float) -> None:
        self.book.note(event, strategy=self.index, patient=self.number, time=self.now, **details)  # type: ignore[arg-type]
