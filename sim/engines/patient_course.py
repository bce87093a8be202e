"""The clinical course of one patient: candidates, tests, orders, exits, one event at a time.

It goes by numbers that `sim.engines.fates` has worked out with the clinical functions. What an order leads to is told
by who builds on it: `sim.engines.simpy_engine` gives every infusion when it is due, `sim.engines.participant` when
there are grams and a chair.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import simpy

from sim.engines.fates import Fates
from sim.engines.log import NOTHING, LogBook
from sim.engines.tally import is_constant
from sim.model.amounts import toxicities
from sim.model.conditions import Facts, asks_infections, asks_tests, breakthrough_leaves, holds, infection_leaves
from sim.model.hazards import FIRST_ANTIMICROBIAL, IMMUNOGLOBULIN, is_caught
from sim.model.immunoglobulin import is_protected, ratio_at_dose
from sim.model.infections import is_accepted
from sim.model.parts import GRADE_3PLUS, Floats
from sim.model.structure import Event

INF = float("inf")


def one(value: float) -> Floats:
    """A number as the array of length 1 that clinical functions take."""
    return np.array([value], dtype=np.float64)


class Setting:
    """What patients share who are played together.

    Args:
        fates: The patients.
        env: Their clock.
        book: Where events are noted.
    """

    def __init__(self, fates: Fates, env: simpy.Environment, book: LogBook) -> None:
        self.model, self.fates, self.env, self.book = fates.model, fates, env, book
        self.is_constant = is_constant(self.model.immunoglobulin.adjustment)
        self.hazard_ratio: list[list[float]] = self.model.infections.hazard_ratio.tolist()
        self.hold: list[list[float]] = self.model.infections.hold.tolist()
        crs, icans = toxicities(self.model, fates.who)
        self._toxic = ((Event.CRS, crs.tolist()), (Event.ICANS, icans.tolist()))

    def toxicities(self, strategy: int, column: int) -> list[tuple[Event, int]]:
        """What the start of treatment brings to a patient."""
        return [(event, grade[strategy][column]) for event, grade in self._toxic if grade[strategy][column] >= 0]


class PatientCourse:
    """What happens to one patient, but for infusions.

    Args:
        setting: What patients share.
        column: The patient's place among them.
        start: Month of the clock at which treatment starts.
        strategy: Strategy index.
    """

    def __init__(self, setting: Setting, column: int, start: float, strategy: int) -> None:
        self.setting, self.column, self.start = setting, column, start
        self.index, self.strategy = strategy, setting.model.strategies[strategy]
        fates, model = setting.fates, setting.model
        self.env, self.fates, self.model, self.note = setting.env, fates, model, setting.book.note
        self.number = fates.numbers[column]
        self.now, self.alive, self.on_treatment = 0.0, True, True
        self.stop, self.death = fates.stop[column], fates.death[column]
        self.window_end = self.stop + model.immunoglobulin.washout

        self.step_up = model.agents[int(fates.who.agent[column])].step_up
        self.steps_given, self.step_up_due = 0, INF
        self._plan_step_up()

        self.place, self.last_place, self.base = fates.first[column], fates.first[column + 1], 0
        self.outlook = fates.outlook(strategy)
        self.candidate = self._candidate_time()

        condition = self.strategy.start
        self.asks_tests, self.asks_infections = asks_tests(condition), asks_infections(condition)
        self.counted = [
            (leaf, deque([-np.inf] * leaf.count, maxlen=leaf.count)) for leaf in infection_leaves(condition)
        ]
        self.broken = [[leaf.minimum_grade, False] for leaf in breakthrough_leaves(condition)]
        self.ordered_at, self.by_infection = INF, False
        self.tests_of, self.tests = fates.tests(strategy), 0
        self.test_due = self._test_time()

        self.regimen = model.regimens[self.strategy.regimen]
        self.full_grams = fates.grams(self.strategy.regimen)[column]
        self.weight_kg, self.harm_delay = fates.weight_kg[column], fates.harm_delay[column]
        self.course_over, self.infusions, self.steps, self.serious = False, 0, 0, 0
        self.first_infusion, self.last_infusion = INF, -INF
        self.dose, self.quiet_since, self.held_until = 1.0, INF, -INF

    def _plan_step_up(self) -> None:
        self.step_up_due = self.step_up[self.steps_given].month if self.steps_given < len(self.step_up) else INF

    def _candidate_time(self) -> float:
        return self.outlook.time[self.place - self.base] if self.place < self.last_place else INF

    def _test_time(self) -> float:
        place = self.tests_of.first[self.column] + self.tests
        if place >= self.tests_of.first[self.column + 1] or not self.on_treatment:
            return INF
        when = 0.0 + self.tests * self.strategy.test_interval
        return INF if self.strategy.test_until_ordered and self.ordered_at < when else when

    def _note(self, event: Event, **details: float) -> None:
        self.note(event, strategy=self.index, patient=self.number, time=self.now, **details)  # type: ignore[arg-type]

    def begin(self) -> None:
        """The first dose: what it brings, and whether immunoglobulin is ordered at once."""
        if self.model.horizon > 0:
            for event, grade in self.setting.toxicities(self.index, self.column):
                self._note(event, grade=grade)
            self.consider_ordering()

    # ------------------------------------------------------------------ step-up dosing

    def give_step_up(self) -> None:
        """Give the next dose of the start, in hospital."""
        number = self.steps_given
        self.steps_given += 1
        self._plan_step_up()
        self._note(Event.STEP_UP, value=self.step_up[number].hospital_days, by=number)

    # ------------------------------------------------------------------ exits

    def reach_horizon(self) -> None:
        """Leave the model alive."""
        self.alive = False
        self._note(Event.HORIZON)

    def die(self) -> None:
        """Die of something else than infection."""
        self.alive = False
        self._note(Event.OTHER_DEATH)

    def stop_treatment(self, cause: int = NOTHING) -> None:
        """End the bispecific, by itself or for an infection of the given cause."""
        self.on_treatment = False
        self.test_due = self.step_up_due = INF
        if self.now != self.stop:
            self.stop, fates = self.now, self.fates
            self.death = float(fates.death_of(fates.who.pick(np.array([self.column])), one(self.stop))[0])
            self.window_end = self.stop + self.model.immunoglobulin.washout
            self.outlook = fates.outlook_from(self.index, self.column, self.place, self.stop)
            self.base = self.place
            self.candidate = self._candidate_time()
        self._note(Event.TREATMENT_STOP, cause=cause)

    def suffer_harm(self) -> None:
        """End the course of immunoglobulin by the harm it did."""
        self.course_over = True
        self._note(Event.IG_HARM, by=int(self.fates.who.harm[self.column]))

    # ------------------------------------------------------------------ immunoglobulin ordered

    def test_igg(self) -> None:
        """Take a test, and order immunoglobulin if the rule asks for it."""
        place = self.tests_of.first[self.column] + self.tests
        self.tests += 1
        self.test_due = self._test_time()
        self._note(Event.IGG_TEST, value=self.tests_of.measured[place], true_igg=self.tests_of.true[place])
        if self.asks_tests:
            self.consider_ordering()

    def latest_test(self) -> int:
        """Place of the latest test, -1 for none."""
        return self.tests_of.first[self.column] + self.tests - 1 if self.tests else -1

    def consider_ordering(self, *, at_infection: bool = False) -> bool:
        """Order immunoglobulin if the start rule holds now; whether it was ordered."""
        if self.ordered_at < INF:
            return False
        tests, latest = self.tests_of, self.latest_test()
        place = latest if latest >= 0 else tests.first[-1] + self.column
        if not (tests.sure[place] or (tests.possible[place] and self._holds(latest))):
            return False
        self.ordered_at, self.by_infection = self.now, at_infection
        self.test_due = self._test_time()
        self._note(Event.IG_ORDERED)
        return True

    def _holds(self, latest: int) -> bool:
        tests, known = self.tests_of, latest >= 0 and self.asks_tests
        facts = Facts(
            time=one(self.now),
            igg=one(tests.measured[latest] if known else INF),
            iga=one(tests.iga[latest] if known else INF),
            igm=one(tests.igm[latest] if known else INF),
            counted=tuple(one(times[0]) for _, times in self.counted),
            broken_through=tuple(np.array([happened], dtype=np.bool_) for _, happened in self.broken),
            anti_cd38=self.fates.who.anti_cd38[self.column : self.column + 1],
        )
        return bool(holds(self.strategy.start, facts)[0])

    # ------------------------------------------------------------------ infections

    def meet_candidate(self) -> None:
        """Fall ill, or be spared, at a candidate infection."""
        fates, place, k = self.fates, self.place, self.place - self.base
        self.place += 1
        self.candidate = self._candidate_time()
        cause, grade, layer = fates.cause[place], fates.grade[place], fates.layer[place]
        on_ig, is_on = self._immunoglobulin_ratio(cause, grade, k)
        outlook = self.outlook
        hazard_ratio = on_ig * outlook.ratio[k]
        measures = outlook.by[k] | (IMMUNOGLOBULIN if is_on and on_ig < 1 else 0)
        mark = fates.accept[place]
        accepted = bool(is_accepted(mark, hazard_ratio, layer))
        for antimicrobial, before, after in outlook.courses:
            if is_caught(one(mark), one(on_ig), one(before[k]), one(after[k]), np.array([layer]))[0]:
                self._note(Event.COURSE, by=antimicrobial)
        if accepted or layer == 0:
            self._note(
                Event.INFECTION if accepted else Event.AVERTED,
                cause=cause,
                grade=grade,
                layer=layer,
                candidate=fates.occurrence[place],
                value=hazard_ratio,
                by=measures,
            )
        if accepted:
            self._fall_ill(cause, grade, place, despite=measures >= FIRST_ANTIMICROBIAL)

    def _immunoglobulin_ratio(self, cause: int, grade: int, k: int) -> tuple[float, bool]:
        lag, protection = self.regimen.onset_lag, self.regimen.protection
        # Plain numbers go through comparisons as arrays of length 1 do, and much faster.
        is_on = is_protected(self.now, self.first_infusion, self.last_infusion, lag, protection)  # type: ignore[arg-type]
        if not (is_on and self.outlook.can_work[k]):
            return 1.0, False
        ratio, exponent = self.setting.hazard_ratio[cause][grade], self.model.immunoglobulin.adjustment.exponent
        if exponent == 0:
            return ratio, True
        return float(ratio_at_dose(one(ratio), one(self.dose), exponent)[0]), True

    def _fall_ill(self, cause: int, grade: int, place: int, *, despite: bool) -> None:
        infections, fates = self.model.infections, self.fates
        if grade == GRADE_3PLUS:
            self.serious += 1
            if self.infusions and not self.course_over and self.now < self.window_end:
                self.steps += 1
                self.quiet_since = self.now
            if fates.fatal[place] < infections.case_fatality[cause]:
                self.alive = False
                self._note(Event.INFECTION_DEATH, cause=cause)
                return
            if fates.ends[place] < infections.stop_probability[cause] and self.on_treatment:
                self.stop_treatment(cause)
        self.held_until = max(self.held_until, self.now + self.setting.hold[cause][grade])
        for leaf, times in self.counted:
            if grade >= leaf.minimum_grade:
                times.append(self.now)
        for waiting in self.broken:
            waiting[1] = waiting[1] or (despite and grade >= waiting[0])
        if self.asks_infections and self.now < self.window_end:
            self.consider_ordering(at_infection=True)
