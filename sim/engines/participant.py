"""One patient in an infusion programme, on calendar time and in competition with the others.

A SimPy process per patient, as in `sim.engines.simpy_engine`, waits for whatever comes next. A visit that cannot
begin when it is due is a process of its own that waits for grams and for a chair while the patient's life goes on;
when it begins, or is given up, it wakes the patient to plan anew. Where nothing is limited nobody ever waits, and the
log is that of the other engines, event by event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from sim.engines.patient_course import INF, PatientCourse, one
from sim.model.immunoglobulin import dose_factor, grams_per_infusion, is_given
from sim.model.structure import Event
from sim.streams import unit_exponential

if TYPE_CHECKING:
    from sim.engines.programme import Course


class Outcome(IntEnum):
    """What became of a visit that was due."""

    GIVEN = 0
    NO_STOCK = 1
    NO_CHAIR = 2
    NO_NEW_STARTS = 3
    WITHDRAWN = 4


class Visit(IntEnum):
    """What a visit is for."""

    DOSE = 0
    INFUSION = 1


@dataclass(frozen=True)
class Infusion:
    """An infusion that is due: month due, grams, grams at the full dose, dose factor, and the notice it got."""

    due: float
    came: float
    grams: float
    wanted: float
    factor: float
    is_short: bool


class Participant(PatientCourse):
    """One patient of a programme; arguments as of `PatientCourse`, the setting being the programme played."""

    def __init__(self, course: Course, column: int, start: float, strategy: int) -> None:
        super().__init__(course, column, start, strategy)
        self.course = course
        self._choose(self.strategy.regimen)
        self.scheduled = 0
        self.anchor, self.turn, self.due, self.comes = 0.0, 0, INF, INF
        self.harm_due = INF
        self.doses, self.dose_due, self.dose_comes = 0, INF, INF
        self.waiting: set[simpy.Process] = set()
        self.process = self.env.process(self._run())

    def _choose(self, regimen: int) -> None:
        self.regimen_index, self.regimen = regimen, self.model.regimens[regimen]
        self.full_grams = self.fates.grams(regimen)[self.column]
        self.store = self.course.stores.get(self.regimen.route)
        self.ward = self.course.ward if self.regimen.route == "IVIG" else None

    # ------------------------------------------------------------------ what comes next

    def _run(self) -> Generator[simpy.Event, Any, None]:
        env = self.env
        yield env.timeout(self.start - env.now)
        self.begin()
        if self.model.horizon > 0 and self.course.ward is not None and self.course.programme.dosing:
            self._plan_dose(0.0)
        while self.alive:
            when, happening = self._next()
            try:
                yield env.timeout(max(0.0, self.start + when - env.now))
            except simpy.Interrupt:
                continue
            self.now = when
            happening()
        for visit in self.waiting:
            if visit.is_alive and visit is not env.active_process:
                visit.interrupt()

    def _next(self) -> tuple[float, Callable[[], None]]:
        """What comes next. Of things due at the same instant the first listed happens first."""
        when, happening = self.model.horizon, self.reach_horizon
        if self.death < when:
            when, happening = self.death, self.die
        if self.on_treatment and self.stop < when:
            when, happening = self.stop, self.stop_treatment
        if self.candidate < when:
            when, happening = self.candidate, self.meet_candidate
        if self.step_up_due < when:
            when, happening = self.step_up_due, self.give_step_up
        if self.test_due < when:
            when, happening = self.test_due, self.test_igg
        if self.harm_due < when and self.harm_due < self.window_end and not self.course_over:
            when, happening = self.harm_due, self.suffer_harm
        if self.comes < when and self.comes < self.window_end and not self.course_over:
            when, happening = self.comes, self._come_for_infusion
        if self.dose_comes < when and self.on_treatment:
            when, happening = self.dose_comes, self._come_for_dose
        return when, happening

    # ------------------------------------------------------------------ infusions

    def consider_ordering(self, *, at_infection: bool = False) -> bool:
        """Order immunoglobulin if the start rule holds now, and plan its infusions; whether it was ordered."""
        is_ordered = super().consider_ordering(at_infection=at_infection)
        if is_ordered:
            self._plan_infusions(self.now + self.strategy.delay)
        return is_ordered

    def _plan_infusions(self, first: float) -> None:
        """Infusions are due from `first` on, at the regular interval."""
        self.anchor, self.turn = first, 0
        self._plan_infusion()

    def _plan_infusion(self) -> None:
        self.due = self.anchor + self.turn * self.regimen.interval
        self.comes = self._opening(self.due) if self.ward is not None else self.due

    def _opening(self, when: float) -> float:
        """When a patient due at a month of treatment comes to the ward: then, or when it next opens."""
        calendar = self.start + when
        opens = self.course.open_from(calendar)
        return when if opens == calendar else opens - self.start

    def _plan_next(self, *, given: bool, is_short: bool = False) -> None:
        """The infusion after one that was given, or not, at this moment."""
        stretch = self.course.arm.response.interval_factor if given and is_short else 1.0
        keeps = self.course.programme.booking.keeps_schedule or not given
        if stretch != 1.0:
            base = self.due if keeps else self.now
            self._plan_infusions(base + self.regimen.interval * stretch)
        elif keeps or self.comes == self.due == self.now:
            self.turn += 1
            self._plan_infusion()
        else:
            self._plan_infusions(self.now + self.regimen.interval)

    def _come_for_infusion(self) -> None:
        course, adjustment = self.course, self.model.immunoglobulin.adjustment
        quiet = self.quiet_since if self.steps else (self.first_infusion if self.infusions else self.due)
        if self.now >= quiet + adjustment.stop_after:
            self.course_over = True
            self._note(Event.IG_STOPPED)
            return
        number, adherence = self.scheduled, self.regimen.adherence
        self.scheduled += 1
        if adherence < 1 and not is_given(one(self.fates.attends(self.column, number)), one(number), adherence)[0]:
            self._plan_next(given=False)
            return
        response = course.arm.response
        if self.store is not None and self.store.is_short:
            if not response.new_starts and not self.infusions:
                self._defer_start()
                return
            if response.switch_to >= 0 and self.regimen_index != response.switch_to:
                self._switch(response.switch_to)
        short = self.store is not None and self.store.is_short
        factor = 1.0
        if not course.is_constant:
            factor = float(dose_factor(one(self.now), one(self.steps), one(quiet), adjustment)[0])
        wanted = self._grams(factor)
        factor *= response.dose_factor if short else 1.0
        due = Infusion(self.due, self.now, self._grams(factor), wanted, factor, short)
        if not self._begin_now(due):
            self.comes = INF
            self.waiting.add(self.env.process(self._wait_for_infusion(due)))

    def _grams(self, factor: float) -> float:
        if factor == 1.0:
            return self.full_grams
        return float(grams_per_infusion(one(self.weight_kg), self.regimen, one(factor))[0])

    def _defer_start(self) -> None:
        assert self.store is not None
        self._record(Visit.INFUSION, self.due, self.now, Outcome.NO_NEW_STARTS, 0.0, self.full_grams, 0.0)
        self.scheduled -= 1
        self._plan_infusions(self.store.next_delivery - self.start)

    def _switch(self, regimen: int) -> None:
        """Change to another regimen for good, beginning now."""
        self._choose(regimen)
        self.course.switched.add(self.column)
        self.anchor, self.turn, self.due, self.comes = self.now, 0, self.now, self.now

    def _rank(self) -> float:
        """Place in the order of the arm's priority rule; the lowest is served first."""
        match self.course.arm.priority:
            case "indication":
                return 0.0 if self.serious or self.by_infection else 1.0
            case "lowest_igg":
                latest = self.latest_test()
                return self.tests_of.measured[latest] if latest >= 0 else self.course.baseline_igg[self.column]
            case "risk":
                return -(self.serious + self.course.serious_share[self.column])
            case _:
                return 0.0

    def _hours(self, infusion: Infusion) -> float:
        chairs = self.course.programme.chairs
        assert chairs is not None
        hours = chairs.hours_per_infusion + chairs.hours_per_gram * infusion.grams
        return self._varied(hours, "infusion", self.scheduled)

    def _varied(self, hours: float, kind: str, number: int) -> float:
        chairs = self.course.programme.chairs
        if chairs is None or not chairs.exponential:
            return hours
        mark = self.course.hours_luck[kind](np.array([self.number]), number)
        return hours * float(unit_exponential(mark)[0])

    def _begin_now(self, infusion: Infusion) -> bool:
        """Give an infusion at once if grams and a chair are there."""
        store, ward = self.store, self.ward
        if ward is None and store is None:
            self._infuse(infusion, 0.0)
            return True
        if store is not None and (store.shelf.get_queue or store.shelf.level < infusion.grams):
            return False
        hours = 0.0
        if ward is not None:
            hours = self._hours(infusion)
            if not ward.seat_now((1.0 if ward.plan.doses_first else 0.0, self._rank()), hours):
                return False
        if store is not None:
            store.take_now(infusion.grams)
        self._infuse(infusion, hours)
        return True

    def _infuse(self, infusion: Infusion, hours: float) -> None:
        if not self.infusions:
            self.first_infusion = self.now
            self.harm_due = self.now + self.harm_delay
        self.infusions += 1
        self.last_infusion, self.dose = self.now, infusion.factor
        self._note(Event.INFUSION, value=infusion.grams)
        self._record(
            Visit.INFUSION, infusion.due, infusion.came, Outcome.GIVEN, hours, infusion.wanted, infusion.grams
        )
        self._plan_next(given=True, is_short=infusion.is_short)

    def _wait_for_infusion(self, infusion: Infusion) -> Generator[simpy.Event, Any, None]:
        """Wait for grams, then for a chair; give the infusion, or give it up."""
        me, outcome, hours, seat, has_grams = self.env.active_process, Outcome.NO_STOCK, 0.0, None, False
        deadline = self.start + infusion.due + self.course.programme.booking.patience
        try:
            has_grams = self.store is None or (
                yield from self.store.queue_for(self._rank(), infusion.grams, deadline)
            )
            if has_grams and self.ward is not None:
                outcome, hours = Outcome.NO_CHAIR, self._hours(infusion)
                key = (1.0 if self.ward.plan.doses_first else 0.0, self._rank())
                seat = yield from self.ward.queue_for(key, hours, deadline)
        except simpy.Interrupt:
            outcome = Outcome.WITHDRAWN
        now = self.env.now - self.start
        if not self.alive or self.course_over or now >= self.window_end:
            outcome = Outcome.WITHDRAWN
        is_served = has_grams and (self.ward is None or seat is not None) and outcome != Outcome.WITHDRAWN
        if seat is not None and self.ward is not None and not is_served:
            self.ward.chairs.release(seat)
        if has_grams and not is_served and self.store is not None:
            self.store.give_back(infusion.grams)
        self.waiting.discard(me)
        if is_served:
            self.now = now
            if seat is not None and self.ward is not None:
                self.ward.occupy(seat, hours)
            self._infuse(infusion, hours)
        else:
            self._record(Visit.INFUSION, infusion.due, infusion.came, outcome, 0.0, infusion.wanted, 0.0)
            if outcome == Outcome.WITHDRAWN:
                return
            self.now = now
            self._plan_after_miss()
        if self.alive:
            self.process.interrupt()

    def _plan_after_miss(self) -> None:
        response = self.course.arm.response
        if response.switch_to >= 0 and self.regimen_index != response.switch_to:
            self._switch(response.switch_to)
            return
        self._plan_next(given=False)
        while self.due <= self.now:
            self._plan_next(given=False)

    # ------------------------------------------------------------------ doses of the bispecific

    def _plan_dose(self, due: float) -> None:
        self.dose_due, self.dose_comes = due, self._opening(due)

    def _come_for_dose(self) -> None:
        due, ward, chairs = self.dose_due, self.course.ward, self.course.programme.chairs
        assert ward is not None
        assert chairs is not None
        self.doses += 1
        self._plan_dose(due + self.course.dose_interval(due))
        if self.now < self.held_until:
            return
        hours = self._varied(chairs.hours_per_dose, "dose", self.doses)
        if ward.seat_now((0.0, 0.0), hours):
            self._record(Visit.DOSE, due, self.now, Outcome.GIVEN, hours, 0.0, 0.0)
        else:
            self.waiting.add(self.env.process(self._wait_for_dose(due, self.now, hours)))

    def _wait_for_dose(self, due: float, came: float, hours: float) -> Generator[simpy.Event, Any, None]:
        ward, me, outcome = self.course.ward, self.env.active_process, Outcome.NO_CHAIR
        assert ward is not None
        deadline, seat = self.start + due + self.course.programme.booking.patience, None
        try:
            seat = yield from ward.queue_for((0.0, 0.0), hours, deadline)
        except simpy.Interrupt:
            outcome = Outcome.WITHDRAWN
        self.waiting.discard(me)
        if seat is not None and not self.on_treatment:
            ward.chairs.release(seat)
            outcome = Outcome.WITHDRAWN
        elif seat is not None:
            ward.occupy(seat, hours)
            outcome = Outcome.GIVEN
        self._record(Visit.DOSE, due, came, outcome, hours if outcome == Outcome.GIVEN else 0.0, 0.0, 0.0)

    # ------------------------------------------------------------------ records

    def _record(
        self, kind: Visit, due: float, came: float, outcome: Outcome, hours: float, wanted: float, grams: float
    ) -> None:
        """Write down what becomes, now, of a visit; `due` and `came` are months of treatment."""
        start, began = self.start, self.env.now
        self.course.visits.append(
            (kind, self.column, start + due, start + came, began, outcome, hours, wanted, grams, self.regimen_index)
        )
