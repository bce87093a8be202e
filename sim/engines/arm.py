"""One strategy in the vectorised engine: which candidates become infections, and what those change.

A patient's candidates are known in advance; what becomes of one depends on those before it only where an infection
changed the history: killed, ended treatment, or let a start rule hold. So all candidates of all patients are judged
at once, each patient is settled up to the first infection that changes anything, and only the candidates behind it
are judged again. Where doses answer to the course or infusions are missed, candidates are judged one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engines.courses import Course
from sim.engines.orders import StartRule
from sim.engines.tally import Courses, InfusionTally, Met
from sim.model.hazards import FIRST_ANTIMICROBIAL, IMMUNOGLOBULIN, is_caught
from sim.model.igg import true_igg
from sim.model.immunoglobulin import is_protected, ratio_at_dose
from sim.model.infections import is_accepted
from sim.model.parts import GRADE_3PLUS, NEVER, Booleans, Floats, Integers

if TYPE_CHECKING:
    from sim.engines.numpy_engine import Block


@dataclass(frozen=True)
class Watch:
    """Candidates that one surveillance may catch: their positions, and the hazard ratio before and after it."""

    antimicrobial: int
    place: Integers
    before: Floats
    after: Floats


@dataclass(frozen=True)
class Meetings:
    """Candidates that patients meet alive, in the order of candidates; arrays of shape (n_meetings,).

    Attributes:
        candidate: Index of the candidate.
        column: Column of the patient.
        time: Month.
        ratio: Hazard ratio of everything but immunoglobulin.
        by: Bits of what lowers it.
        watches: What each surveillance may catch.
        accepted: Whether the candidate becomes an infection without immunoglobulin.
        doubtful: Positions of those whose fate hangs on immunoglobulin.
    """

    candidate: Integers
    column: Integers
    time: Floats
    ratio: Floats
    by: Integers
    watches: list[Watch]
    accepted: Booleans
    doubtful: Integers


@dataclass(frozen=True)
class Noted:
    """What a log tells of each candidate: whether it was met, the hazard ratio, and what lowered it."""

    met: Booleans
    hazard_ratio: Floats
    by: Integers


class Arm:
    """One strategy for a block of patients; arrays of shape (n_patients,) unless said otherwise.

    Args:
        block: What the strategies share.
        index: Strategy index.
        tally: Where infusions are counted that are settled one by one.
    """

    def __init__(self, block: Block, index: int, tally: InfusionTally) -> None:
        self.block, self.model, self.who, self.index = block, block.model, block.who, index
        n = self.who.patient.size
        self.stop, self.end = block.who.stop_time.copy(), block.end.copy()
        self.other_death = block.other_death.copy()
        self.stopped_by = np.full(n, -1, dtype=np.int64)
        self.infection_death = np.full(n, np.inf)
        self.rule = StartRule(self.model, index, block.assays, self.who)
        self.order, self.by_test = self.rule.first_order(np.minimum(self.stop, self.model.horizon))
        self.course = Course(self.model, block.luck, self.who, index, tally)
        self.never = self.model.strategies[index].start == NEVER
        # Of each candidate: whether it became an infection, when, and which surveillance caught it (-1 for none).
        n_candidates = block.candidates.column.size
        self.infected = np.zeros(n_candidates, dtype=np.bool_)
        self.time = block.natural_time.copy()
        self.caught_by = np.full(n_candidates, -1, dtype=np.int8)
        self.noted = None
        if block.book is not None:
            nothing = np.zeros(n_candidates)
            self.noted = Noted(nothing > 0, nothing, nothing.astype(np.int64))

    def play(self) -> None:
        """Settle every candidate of every patient."""
        if self.course.is_regular:
            rest = self._settle(self.block.natural(self.index))
        else:
            rest = self._next(self.block.candidates.first[:-1] - 1, np.arange(self.who.patient.size))
        while rest.size:
            rest = self._settle(self.block.meet(self.index, rest, self.stop, self.end))

    def met(self) -> Met:
        """All infections, by patient and time."""
        block, which = self.block, np.flatnonzero(self.infected)
        column, time = block.candidates.column[which], self.time[which]
        vulnerable = block.low[which] & (time <= self.stop[column])
        vulnerable &= time <= self.order[column] + self.course.delay
        return Met(column, time, block.kind[which], block.fatal[which], vulnerable)

    def courses(self) -> Courses:
        """All preemptive courses, by patient and time."""
        which = np.flatnonzero(self.caught_by >= 0)
        return Courses(self.block.candidates.column[which], self.time[which], self.caught_by[which].astype(np.int64))

    # ------------------------------------------------------------------ candidates

    def _settle(self, meetings: Meetings) -> Integers:
        """Judge meetings, settle each patient up to the first change, and return the candidates behind those."""
        candidate = meetings.candidate
        accepted, on_ig = self._judge(meetings)
        self.infected[candidate] = accepted
        self.time[candidate] = meetings.time
        for watch in meetings.watches:
            watched = candidate[watch.place]
            mark, layer = self.block.mark[watched], self.block.layer[watched]
            caught = is_caught(mark, on_ig[watch.place], watch.before, watch.after, layer)
            self.caught_by[watched[caught]] = watch.antimicrobial
        if self.noted is not None:
            self.noted.met[candidate] = True
            self.noted.hazard_ratio[candidate] = on_ig * meetings.ratio
            self.noted.by[candidate] = meetings.by | np.where(on_ig < 1, IMMUNOGLOBULIN, 0)
        turns = self._turns(meetings, accepted)
        if self.course.is_regular:
            # What lies behind a turn has not been settled after all.
            behind = self._all_behind(candidate[turns], meetings.column[turns])
            self.infected[behind] = False
            self.caught_by[behind] = -1
            if self.noted is not None:
                self.noted.met[behind] = False
        self._turn(meetings, turns)
        if not self.course.is_regular:
            return self._next(candidate, meetings.column)
        alive = turns[~self.block.fatal[candidate[turns]]]
        return self._all_behind(candidate[alive], meetings.column[alive])

    def _next(self, candidate: Integers, column: Integers) -> Integers:
        """The candidate that follows each of the given ones of the same patient."""
        following = candidate + 1
        return following[following < self.block.candidates.first[column + 1]]

    def _all_behind(self, candidate: Integers, column: Integers) -> Integers:
        """All candidates that follow the given ones of the same patient."""
        number = self.block.candidates.first[column + 1] - candidate - 1
        ends = np.cumsum(number)
        behind: Integers = np.arange(number.sum()) + np.repeat(candidate + 1 - ends + number, number)
        return behind

    def _judge(self, meetings: Meetings) -> tuple[Booleans, Floats]:
        """Which candidates become infections, and the hazard ratio of immunoglobulin where their fate hangs on it."""
        on_ig = np.ones_like(meetings.ratio)
        if self.never:
            return meetings.accepted, on_ig
        model, ig, regimen = self.model, self.model.immunoglobulin, self.course.regimen
        start = self.order + self.course.delay
        asked = meetings.doubtful
        asked = asked[start[meetings.column[asked]] < meetings.time[asked]]
        column, time, candidate = meetings.column[asked], meetings.time[asked], meetings.candidate[asked]
        course_end = self.course.end(self.order[column], self.stop[column] + ig.washout, column)
        last, factor = self.course.latest(self.order[column], course_end, column, time)
        protected = is_protected(time, start[column], last, regimen.onset_lag, regimen.protection)
        if np.isfinite(ig.benefit_below_igg):
            protected &= true_igg(model, self.who, time, column) < ig.benefit_below_igg
        full = model.infections.hazard_ratio.ravel()[self.block.kind[candidate]]
        on_ig[asked] = np.where(protected, ratio_at_dose(full, factor, ig.adjustment.exponent), 1.0)
        accepted = meetings.accepted.copy()
        accepted[asked] = is_accepted(
            self.block.mark[candidate], on_ig[asked] * meetings.ratio[asked], self.block.layer[candidate]
        )
        return accepted, on_ig

    def _turns(self, meetings: Meetings, accepted: Booleans) -> Integers:
        """Positions of the first infection of each patient that changes what befalls them later."""
        if not self.course.is_regular:
            return np.flatnonzero(accepted)
        block = self.block
        may_turn = accepted & block.may_turn[meetings.candidate]
        if self.rule.asks_infections:
            may_turn |= accepted & (block.grade[meetings.candidate] >= self.rule.least_grade)
        turns = np.flatnonzero(may_turn)
        candidate, column, time = meetings.candidate[turns], meetings.column[turns], meetings.time[turns]
        turning = block.fatal[candidate] | (block.stops[candidate] & (time < self.stop[column]))
        if self.rule.asks_infections:
            despite = meetings.by[turns] >= FIRST_ANTIMICROBIAL
            window_open = time < self.stop[column] + self.model.immunoglobulin.washout
            pending = (self.order[column] > time) & window_open
            turning |= pending & self.rule.counts(block.grade[candidate], despite)
        turns, column = turns[turning], column[turning]
        leads = np.ones(turns.size, dtype=np.bool_)
        np.not_equal(column[1:], column[:-1], out=leads[1:])
        return turns[leads]

    # ------------------------------------------------------------------ what infections do

    def _turn(self, meetings: Meetings, turns: Integers) -> None:
        """What infections change, at most one a patient: death, doses, end of treatment, orders."""
        candidate, column, time = meetings.candidate[turns], meetings.column[turns], meetings.time[turns]
        fatal, grade = self.block.fatal[candidate], self.block.grade[candidate]
        if not self.course.is_constant:
            start = self.order[column] + self.course.delay
            window_end = self.stop[column] + self.model.immunoglobulin.washout
            course_end = self.course.end(self.order[column], window_end, column)
            running = (grade == GRADE_3PLUS) & (start < time) & (time < course_end)
            self.course.serious_infection(column, time, running)
        self.infection_death[column[fatal]] = time[fatal]
        self.end[column[fatal]] = time[fatal]
        stops = np.flatnonzero(self.block.stops[candidate] & (time < self.stop[column]))
        self._end_treatment(column[stops], time[stops], self.block.cause[candidate[stops]])
        if self.rule.asks_infections:
            despite = meetings.by[turns] >= FIRST_ANTIMICROBIAL
            self._trigger(column[~fatal], time[~fatal], grade[~fatal], despite[~fatal])

    def _end_treatment(self, column: Integers, time: Floats, cause: Integers) -> None:
        """A survived infection ends the bispecific: a later test is not taken, death goes by the other rate."""
        self.stop[column] = time
        self.stopped_by[column] = cause
        self.other_death[column] = self.block.death_time(time, column)
        self.end[column] = np.minimum(self.other_death[column], self.model.horizon)
        cancelled = column[self.by_test[column] & (self.order[column] >= time)]
        self.order[cancelled] = np.inf

    def _trigger(self, column: Integers, time: Floats, grade: Integers, despite: Booleans) -> None:
        """Survived infections that may make the start rule hold, now or at a later test."""
        self.rule.note_infection(column, time, grade, despite)
        pending = self.order[column] > time
        column, time = column[pending], time[pending]
        stop = self.stop[column]
        order, by_test = self.rule.next_order(column, time, stop, np.minimum(stop, self.model.horizon))
        window_open = time < stop + self.model.immunoglobulin.washout
        self.order[column] = np.where(by_test | window_open, order, np.inf)
        self.by_test[column] = by_test
