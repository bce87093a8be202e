"""The vectorised engine: candidate by candidate, all patients still at risk at once, all strategies side by side.

Round k looks at the k-th candidate infection of every patient who can still reach it. Its luck is computed once and
serves every strategy (axis 0). Everything between candidates (infusions, tests, the flow of months) is in closed
form, or settled up to the candidate, and completed when the history is over.
"""

from __future__ import annotations

import numpy as np

from sim.engines.candidates import CandidateQueue, Clocks
from sim.engines.courses import Courses
from sim.engines.log import EventLog, LogBook
from sim.engines.numpy_log import note_schedule
from sim.engines.orders import Assays, StartRule
from sim.engines.tally import IllnessTally
from sim.errors import SimulationError
from sim.model.exits import death_time
from sim.model.hazards import FIRST_ANTIMICROBIAL, IMMUNOGLOBULIN, beside_immunoglobulin, is_caught
from sim.model.histories import Histories
from sim.model.igg import true_igg
from sim.model.immunoglobulin import is_protected, ratio_at_dose
from sim.model.infections import is_accepted
from sim.model.pace import Pace, groups
from sim.model.parts import GRADE_3PLUS, Booleans, Floats, Integers, Strategy
from sim.model.schedule import count_before, count_until
from sim.model.structure import Baseline, ClinicalModel, Ending, Event
from sim.population import draw_baseline
from sim.streams import Luck

# A patient with this many candidates before the horizon has a rate or frailty beyond anything meant.
MOST_CANDIDATES = 1_000_000


def simulate(model: ClinicalModel, luck: Luck, patient: Integers, book: LogBook | None = None) -> Histories:
    """Play the given patients under every strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, ascending, shape (n_patients,).
        book: Notes every event if given; slower, and as large as the number of events.

    Returns:
        Histories, [strategy, patient].

    Raises:
        SimulationError: If a patient never stops meeting candidates.
    """
    return Block(model, luck, draw_baseline(model, luck, patient), book).play()


def event_log(model: ClinicalModel, luck: Luck, patient: Integers) -> EventLog:
    """Every event of the given patients under every strategy."""
    book = LogBook()
    simulate(model, luck, patient, book)
    return book.bind()


class Block:
    """The state of a block of patients; arrays are [strategy, patient].

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        who: Patients.
        book: Notes every event if given.
    """

    def __init__(self, model: ClinicalModel, luck: Luck, who: Baseline, book: LogBook | None) -> None:
        self.model, self.who, self.book = model, who, book
        shape = (len(model.strategies), who.patient.size)
        self.stop = np.broadcast_to(who.stop_time, shape).copy()
        self.stopped_by = np.full(shape, -1, dtype=np.int64)
        natural = death_time(model.treatment, who.death_hazard, who.stop_time, who.age_years, who.male)
        self.other_death = np.broadcast_to(natural, shape).copy()
        self.infection_death = np.full(shape, np.inf)
        self.end = np.minimum(self.other_death, model.horizon)
        self.clocks = Clocks.of(model, luck)
        self.pace, self.group = Pace.of(model), groups(who)
        self.assays = Assays(model, luck, who)
        self.rules = [StartRule(model, index, self.assays, who) for index in range(shape[0])]
        orders = [rule.first_order(np.minimum(self.stop[0], model.horizon)) for rule in self.rules]
        self.order = np.stack([order for order, _ in orders])
        self.by_test = np.stack([by_test for _, by_test in orders])
        self.courses = Courses(model, luck, who)
        self.tally = IllnessTally(model, who)

    # ------------------------------------------------------------------ infections, candidate by candidate

    def play(self) -> Histories:
        """All candidates, then everything that follows in closed form."""
        queue = CandidateQueue(self.clocks, self.who)
        column = np.arange(self.who.patient.size)
        for _ in range(MOST_CANDIDATES):
            if column.size == 0:
                return self._close()
            exposure, clock, occurrence = queue.peek(column)
            column, clock = self._meet(column, exposure, clock, occurrence)
            queue.advance(column, clock)
        patient = self.who.patient[column[0]]
        message = f"patient {patient} met {MOST_CANDIDATES} candidate infections before the horizon"
        raise SimulationError(message)

    def _meet(
        self, column: Integers, exposure: Floats, clock: Integers, occurrence: Integers
    ) -> tuple[Integers, Integers]:
        """One candidate of each patient in `column`; returns the columns and clocks still at risk."""
        time = self.pace.time(exposure, self.stop[:, column], self.group[column])
        live = time < self.end[:, column]
        at_risk = live.any(axis=0)
        if not at_risk.all():
            column, clock, occurrence = column[at_risk], clock[at_risk], occurrence[at_risk]
            time, live = time[:, at_risk], live[:, at_risk]
        cause, layer = self.clocks.cause[clock], self.clocks.layer[clock]
        patient = self.who.patient[column]
        grade = self.clocks.grade_of(self.clocks.grade(patient, occurrence, clock), clock, self.who.target[column])
        mark = self.clocks.accept(patient, occurrence, clock)

        on_ig, is_protected_now = self._immunoglobulin_ratio(column, time, cause, grade)
        beside = np.empty_like(on_ig)
        by = np.empty(on_ig.shape, dtype=np.int64)
        who = self.who.pick(column)
        for index in range(len(self.model.strategies)):
            ratio, bits, courses = beside_immunoglobulin(
                self.model, index, who, time[index], self.stop[index, column], cause, grade
            )
            beside[index], by[index] = ratio, bits
            for antimicrobial, before, after in courses:
                caught = live[index] & is_caught(mark, on_ig[index], before, after, layer)
                self._catch(index, column, time[index], antimicrobial, caught)
        hazard_ratio = on_ig * beside
        by |= np.where(is_protected_now & (on_ig < 1), IMMUNOGLOBULIN, 0)
        accepted = live & is_accepted(mark, hazard_ratio, layer)
        if self.book is not None:
            averted = live & ~accepted & (layer == 0)
            for event, which in ((Event.INFECTION, accepted), (Event.AVERTED, averted)):
                s, i = np.nonzero(which)
                self.book.add(
                    event,
                    strategy=s,
                    patient=patient[i],
                    time=time[s, i],
                    cause=cause[i],
                    grade=grade[i],
                    layer=layer[i],
                    candidate=occurrence[i],
                    value=hazard_ratio[s, i],
                    by=by[s, i],
                )
        self._infect(accepted, column, time, cause, grade, clock, occurrence, by)
        return column, clock

    def _immunoglobulin_ratio(
        self, column: Integers, time: Floats, cause: Integers, grade: Integers
    ) -> tuple[Floats, Booleans]:
        """Hazard ratio of immunoglobulin at `time`, and whether it protects, [strategy, column]."""
        courses, ig = self.courses, self.model.immunoglobulin
        order = self.order[:, column]
        every = np.arange(order.shape[0])[:, None]
        course_end = courses.end(order, self.stop[:, column] + ig.washout, every, column)
        # A row whose history is over must not be infused further while other strategies still meet candidates.
        course_end = np.minimum(course_end, self.end[:, column])
        last, factor = courses.latest(order, course_end, column, time)
        protected = is_protected(time, order + courses.delay, last, courses.onset_lag, courses.protection)
        if np.isfinite(ig.benefit_below_igg):
            true = self._true_igg(column, time)
            protected &= true < ig.benefit_below_igg
        ratio = ratio_at_dose(self.model.infections.hazard_ratio[cause, grade], factor, ig.adjustment.exponent)
        return np.where(protected, ratio, 1.0), protected

    def _true_igg(self, column: Integers, time: Floats) -> Floats:
        return true_igg(self.model, self.who.pick(column), time)

    def _catch(self, index: int, column: Integers, time: Floats, antimicrobial: int, caught: Booleans) -> None:
        """Candidates that surveillance alone kept from becoming an infection: each costs a preemptive course."""
        row = (np.full(int(caught.sum()), index), column[caught])
        self.tally.add_courses(antimicrobial, row, time[caught])
        if self.book is not None:
            patient = self.who.patient[row[1]]
            self.book.add(Event.COURSE, strategy=index, patient=patient, time=time[caught], by=antimicrobial)

    def _infect(
        self,
        accepted: Booleans,
        column: Integers,
        time: Floats,
        cause: Integers,
        grade: Integers,
        clock: Integers,
        occurrence: Integers,
        by: Integers,
    ) -> None:
        """What accepted candidates do: tally, death, end of treatment, holds, orders of immunoglobulin."""
        s, i = np.nonzero(accepted)
        if s.size == 0:
            return
        t, c, g, j = time[s, i], cause[i], grade[i], column[i]
        patient = self.who.patient[j]
        severe = g == GRADE_3PLUS
        infections = self.model.infections
        fatal = severe & (self.clocks.fatal(patient, occurrence[i], clock[i]) < infections.case_fatality[c])
        stops = severe & ~fatal & (t < self.stop[s, j])
        stops &= self.clocks.stop(patient, occurrence[i], clock[i]) < infections.stop_probability[c]
        start = self.order[s, j] + self.courses.delay[s, 0]
        vulnerable = (t <= self.stop[s, j]) & (t <= start)
        vulnerable &= self._true_igg(j, t) < self.model.igg.low_mg_dl
        self.tally.add((s, j), t, c, g, fatal, vulnerable)

        course_end = self.courses.end(self.order[s, j], self.stop[s, j] + self.model.immunoglobulin.washout, s, j)
        self.courses.serious_infection(s, j, t, severe & (start < t) & (t < course_end))
        self.infection_death[s[fatal], j[fatal]] = t[fatal]
        self.end[s[fatal], j[fatal]] = t[fatal]
        if self.book is not None:
            self.book.add(
                Event.INFECTION_DEATH, strategy=s[fatal], patient=patient[fatal], time=t[fatal], cause=c[fatal]
            )
        self._end_treatment(s[stops], j[stops], t[stops], c[stops])
        holds = ~fatal & (t < self.stop[s, j])
        self.tally.hold((s[holds], j[holds]), t[holds], infections.hold[c[holds], g[holds]])
        despite = by[s, i] >= FIRST_ANTIMICROBIAL
        self._trigger(s[~fatal], j[~fatal], t[~fatal], g[~fatal], despite[~fatal])

    def _end_treatment(self, s: Integers, j: Integers, t: Floats, c: Integers) -> None:
        """A survived infection ends the bispecific: a later test is not taken, death goes by the other rate."""
        self.stop[s, j] = t
        self.stopped_by[s, j] = c
        who = self.who
        self.other_death[s, j] = death_time(
            self.model.treatment, who.death_hazard[j], t, who.age_years[j], who.male[j]
        )
        self.end[s, j] = np.minimum(self.other_death[s, j], self.model.horizon)
        cancelled = self.by_test[s, j] & (self.order[s, j] >= t)
        self.order[s[cancelled], j[cancelled]] = np.inf

    def _trigger(self, s: Integers, j: Integers, t: Floats, g: Integers, despite: Booleans) -> None:
        """Survived infections that may make a start rule hold, now or at a later test."""
        for index, rule in enumerate(self.rules):
            if not rule.asks_infections:
                continue
            own = s == index
            column, time = j[own], t[own]
            rule.note_infection(column, time, g[own], despite[own])
            pending = self.order[index, column] > time
            column, time = column[pending], time[pending]
            stop = self.stop[index, column]
            order, by_test = rule.next_order(column, time, stop, np.minimum(stop, self.model.horizon))
            window_open = time < stop + self.model.immunoglobulin.washout
            self.order[index, column] = np.where(by_test | window_open, order, np.inf)
            self.by_test[index, column] = by_test

    # ------------------------------------------------------------------ settling what happens between candidates

    def _close(self) -> Histories:
        model = self.model
        treatment_end = np.minimum(self.stop, self.end)
        every = np.arange(len(model.strategies))[:, None]
        column = np.arange(self.who.patient.size)
        course_end = self.courses.end(self.order, self.stop + model.immunoglobulin.washout, every, column)
        course_end = np.minimum(course_end, self.end)
        infusions, ig_start = self.courses.done(self.order, course_end)
        on_ig = infusions.count > 0
        start = self.order + self.courses.delay
        ended = on_ig & (course_end < self.end)
        harmed = ended & (start + self.who.harm_delay == course_end)
        self.ig_stopped = ended & ~harmed & (self.courses.rule_end(start, every, column) == course_end)
        tests = np.stack(
            [self._tests_taken(s, treatment_end[k], self.order[k]) for k, s in enumerate(model.strategies)]
        )
        ending = np.where(self.other_death < model.horizon, Ending.OTHER_DEATH, Ending.HORIZON)
        ending = np.where(np.isfinite(self.infection_death), Ending.INFECTION_DEATH, ending).astype(np.int64)
        histories = Histories(
            end=self.end,
            ending=ending,
            treatment_end=treatment_end,
            ig_start=ig_start,
            ig_end=np.where(on_ig, course_end, self.end),
            harm=np.where(harmed, self.who.harm, -1),
            igg_tests=tests,
            infusions=infusions,
            illnesses=self.tally.done(treatment_end),
        )
        if self.book is not None:
            note_schedule(self.book, self, histories)
        return histories

    def _tests_taken(self, strategy: Strategy, treatment_end: Floats, order: Floats) -> Floats:
        if np.isinf(strategy.test_interval):
            return np.zeros_like(treatment_end)
        zero = np.zeros_like(treatment_end)
        taken = count_before(zero, strategy.test_interval, treatment_end)
        if strategy.test_until_ordered:
            until = np.minimum(order, self.model.horizon)
            taken = np.minimum(taken, count_until(zero, strategy.test_interval, until))
        return taken
