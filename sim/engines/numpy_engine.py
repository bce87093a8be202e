"""The vectorised engine: candidate by candidate, all patients still at risk at once, all strategies side by side.

Round k looks at the k-th candidate infection of every patient who can still reach it. Its luck is computed once and
serves every strategy (axis 0). Everything between candidates (infusions, tests, the flow of months) is in closed
form and settled when the history is over.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sim.engines.candidates import CandidateQueue, Clocks, grade_of
from sim.engines.histories import InfectionTally, expand_appointments
from sim.engines.log import EventLog, LogBook
from sim.errors import SimulationError
from sim.model.exits import death_time
from sim.model.histories import Histories
from sim.model.igg import measured_igg, polyclonal_igg
from sim.model.immunoglobulin import grams_per_infusion, is_protected
from sim.model.infections import is_accepted, time_of_exposure, trigger_reached
from sim.model.schedule import appointment, count_before, count_until
from sim.model.structure import (
    GRADE_3PLUS,
    Baseline,
    Booleans,
    ClinicalModel,
    Ending,
    Event,
    Floats,
    Integers,
    Strategy,
)
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
    return _Block(model, luck, draw_baseline(model, luck, patient), book).play()


def event_log(model: ClinicalModel, luck: Luck, patient: Integers) -> EventLog:
    """Every event of the given patients under every strategy."""
    book = LogBook()
    simulate(model, luck, patient, book)
    return book.bind()


class _Block:
    """The state of a block of patients; arrays are [strategy, patient]."""

    def __init__(self, model: ClinicalModel, luck: Luck, baseline: Baseline, book: LogBook | None) -> None:
        self.model, self.luck, self.baseline, self.book = model, luck, baseline, book
        shape = (len(model.strategies), baseline.patient.size)
        self.stop = np.broadcast_to(baseline.stop_time, shape).copy()
        self.stopped_by = np.full(shape, -1, dtype=np.int64)
        self.other_death = self._other_death(np.broadcast_to(baseline.death_hazard, shape), self.stop)
        self.infection_death = np.full(shape, np.inf)
        self.end = np.minimum(self.other_death, model.horizon)
        self.order = np.stack([self._scheduled_order(s) for s in model.strategies])
        self.recent = [np.full((max(s.count - 1, 0), shape[1]), -np.inf) for s in model.strategies]
        self.delay = np.array([[strategy.delay] for strategy in model.strategies])
        self.tally = InfectionTally(len(model.infections.causes), *shape)
        self.clocks = Clocks.of(model, luck)

    def _other_death(self, hazard: Floats, stop: Floats) -> Floats:
        treatment = self.model.treatment
        return death_time(hazard, stop, treatment.death_rate_on, treatment.death_rate_off)

    # ------------------------------------------------------------------ orders known before any infection

    def _scheduled_order(self, strategy: Strategy) -> Floats:
        """Month at which immunoglobulin is ordered if no infection has a say; inf for never."""
        n_patients = self.baseline.patient.size
        if strategy.rule == "at_start":
            return np.zeros(n_patients)
        if strategy.rule == "igg_below":
            return self._first_low_test(strategy)
        return np.full(n_patients, np.inf)

    def _first_low_test(self, strategy: Strategy) -> Floats:
        """Month of the first test under the threshold, tests going on while treatment can last."""
        low_at = np.full(self.baseline.patient.size, np.inf)
        limit = np.minimum(self.baseline.stop_time, self.model.horizon)
        column = np.flatnonzero(limit > 0)
        number = 0
        while column.size:
            tests = np.full(column.size, number)
            measured, _ = self._igg_test(column, tests, strategy.test_interval)
            low = measured < strategy.threshold_mg_dl
            low_at[column[low]] = appointment(0.0, strategy.test_interval, tests[low])
            number += 1
            comes = appointment(0.0, strategy.test_interval, tests + 1) < limit[column]
            column = column[~low & comes]
        return low_at

    def _igg_test(self, column: Integers, number: Integers, interval: float) -> tuple[Floats, Floats]:
        """Measured and true IgG of test `number` of the given patients."""
        who = self.baseline
        time = appointment(0.0, interval, number)
        uniform = self.luck.stream("igg:assay")(who.patient[column], number)
        true = polyclonal_igg(time, who.igg_mg_dl[column], self.model.igg)
        measured = measured_igg(time, true, who.m_protein_mg_dl[column], ndtri(uniform), self.model.igg)
        return measured, true

    # ------------------------------------------------------------------ infections, candidate by candidate

    def play(self) -> Histories:
        """All candidates, then everything that follows in closed form."""
        queue = CandidateQueue(self.clocks, self.baseline)
        column = np.arange(self.baseline.patient.size)
        for _ in range(MOST_CANDIDATES):
            if column.size == 0:
                return self._close()
            exposure, clock, occurrence = queue.peek(column)
            column, clock = self._meet(column, exposure, clock, occurrence)
            queue.advance(column, clock)
        patient = self.baseline.patient[column[0]]
        message = f"patient {patient} met {MOST_CANDIDATES} candidate infections before the horizon"
        raise SimulationError(message)

    def _meet(
        self, column: Integers, exposure: Floats, clock: Integers, occurrence: Integers
    ) -> tuple[Integers, Integers]:
        """One candidate of each patient in `column`; returns the columns and clocks still at risk."""
        model = self.model
        cause, layer = self.clocks.cause[clock], self.clocks.layer[clock]
        time = time_of_exposure(exposure, self.stop[:, column], model.infections.off_multiplier)
        live = time < self.end[:, column]
        at_risk = live.any(axis=0)
        if not at_risk.all():
            column, clock, occurrence = column[at_risk], clock[at_risk], occurrence[at_risk]
            cause, layer = cause[at_risk], layer[at_risk]
            time, live = time[:, at_risk], live[:, at_risk]

        patient = self.baseline.patient[column]
        grade = grade_of(self.clocks, self.clocks.grade(patient, occurrence, clock), clock)
        protected = self._protected(column, time)
        hazard_ratio = np.where(protected, model.infections.hazard_ratio[cause, grade], 1.0)
        mark = self.clocks.accept(patient, occurrence, clock)
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
                )
        self._infect(accepted, column, time, cause, grade, clock, occurrence)
        return column, clock

    def _protected(self, column: Integers, time: Floats) -> Booleans:
        regimen = self.model.immunoglobulin
        start = self.order[:, column] + self.delay
        window_end = self.stop[:, column] + regimen.washout
        given = count_before(start, regimen.interval, np.minimum(time, window_end))
        with np.errstate(invalid="ignore"):
            last = np.where(given > 0, appointment(start, regimen.interval, given - 1), -np.inf)
        return is_protected(time, start, last, regimen)

    def _infect(
        self,
        accepted: Booleans,
        column: Integers,
        time: Floats,
        cause: Integers,
        grade: Integers,
        clock: Integers,
        occurrence: Integers,
    ) -> None:
        """What accepted candidates do: tally, death, end of treatment, orders of immunoglobulin."""
        s, i = np.nonzero(accepted)
        if s.size == 0:
            return
        t, c, g, j = time[s, i], cause[i], grade[i], column[i]
        patient = self.baseline.patient[j]
        severe = g == GRADE_3PLUS
        infections = self.model.infections
        fatal = severe & (self.clocks.fatal(patient, occurrence[i], clock[i]) < infections.case_fatality[c])
        stops = severe & ~fatal & (t < self.stop[s, j])
        stops &= self.clocks.stop(patient, occurrence[i], clock[i]) < infections.stop_probability[c]
        self.tally.add(self.model, cause=c, grade=g, row=(s, j), time=t, fatal=fatal)

        self.infection_death[s[fatal], j[fatal]] = t[fatal]
        self.end[s[fatal], j[fatal]] = t[fatal]
        if self.book is not None:
            self.book.add(
                Event.INFECTION_DEATH,
                strategy=s[fatal],
                patient=patient[fatal],
                time=t[fatal],
                cause=c[fatal],
            )
        self._end_treatment(s[stops], j[stops], t[stops], c[stops])
        self._trigger(s[~fatal], j[~fatal], t[~fatal], g[~fatal])

    def _end_treatment(self, s: Integers, j: Integers, t: Floats, c: Integers) -> None:
        """A survived infection ends the bispecific: a later test is not taken, death goes by the other rate."""
        self.stop[s, j] = t
        self.stopped_by[s, j] = c
        self.other_death[s, j] = self._other_death(self.baseline.death_hazard[j], t)
        self.end[s, j] = np.minimum(self.other_death[s, j], self.model.horizon)
        by_test = np.array([strategy.rule == "igg_below" for strategy in self.model.strategies])
        cancelled = by_test[s] & (self.order[s, j] >= t)
        self.order[s[cancelled], j[cancelled]] = np.inf

    def _trigger(self, s: Integers, j: Integers, t: Floats, g: Integers) -> None:
        """Infections that count towards an order of immunoglobulin."""
        for index, strategy in enumerate(self.model.strategies):
            if strategy.rule != "after_infections":
                continue
            counts = (s == index) & (g >= strategy.minimum_grade)
            who, when = j[counts], t[counts]
            recent = self.recent[index]
            earlier = recent[-1, who] if strategy.count > 1 else when
            window_open = when < self.stop[index, who] + self.model.immunoglobulin.washout
            orders = trigger_reached(when, earlier, strategy.within) & np.isinf(self.order[index, who])
            orders &= window_open
            self.order[index, who[orders]] = when[orders]
            if strategy.count > 1:
                recent[1:, who] = recent[:-1, who]
                recent[0, who] = when

    # ------------------------------------------------------------------ settling what happens between candidates

    def _close(self) -> Histories:
        model, regimen = self.model, self.model.immunoglobulin
        treatment_end = np.minimum(self.stop, self.end)
        start = self.order + self.delay
        infusion_limit = np.minimum(self.stop + regimen.washout, self.end)
        infusions = count_before(start, regimen.interval, infusion_limit)
        tests = np.stack(
            [
                self._tests_taken(strategy, treatment_end[index], self.order[index])
                for index, strategy in enumerate(model.strategies)
            ]
        )
        ending = np.where(self.other_death < model.horizon, Ending.OTHER_DEATH, Ending.HORIZON)
        ending = np.where(np.isfinite(self.infection_death), Ending.INFECTION_DEATH, ending).astype(np.int64)
        if self.book is not None:
            self._note_schedule(self.book, treatment_end, infusion_limit, tests, ending)
        return Histories(
            end=self.end,
            ending=ending,
            treatment_end=treatment_end,
            ig_start=np.where(infusions > 0, start, np.inf),
            infusions=infusions,
            igg_tests=tests,
            infections=self.tally.infections,
            survived=self.tally.survived,
            infection_cost_factor=self.tally.cost_factor,
            survived_effect_factor=self.tally.effect_factor,
            first_infection=self.tally.first_infection,
            first_grade_3plus=self.tally.first_grade_3plus,
        )

    def _tests_taken(self, strategy: Strategy, treatment_end: Floats, order: Floats) -> Floats:
        if np.isinf(strategy.test_interval):
            return np.zeros_like(treatment_end)
        zero = np.zeros_like(treatment_end)
        taken = count_before(zero, strategy.test_interval, treatment_end)
        if strategy.test_until_ordered:
            until = np.minimum(order, self.model.horizon)
            taken = np.minimum(taken, count_until(zero, strategy.test_interval, until))
        return taken

    def _note_schedule(
        self, book: LogBook, treatment_end: Floats, infusion_limit: Floats, tests: Floats, ending: Integers
    ) -> None:
        """Write to the log everything that is not an infection."""
        regimen, patient = self.model.immunoglobulin, self.baseline.patient
        grams = grams_per_infusion(self.baseline.weight_kg, regimen)
        for index, strategy in enumerate(self.model.strategies):
            stopped = self.stop[index] < self.end[index]
            book.add(
                Event.TREATMENT_STOP,
                strategy=index,
                patient=patient[stopped],
                time=self.stop[index, stopped],
                cause=self.stopped_by[index, stopped],
            )
            ordered = self.order[index] < self.end[index]
            book.add(Event.IG_ORDERED, strategy=index, patient=patient[ordered], time=self.order[index, ordered])
            start = self.order[index] + strategy.delay
            row, number = expand_appointments(start, regimen.interval, infusion_limit[index])
            book.add(
                Event.INFUSION,
                strategy=index,
                patient=patient[row],
                time=appointment(start[row], regimen.interval, number),
                value=grams[row],
            )
            taken = tests[index].astype(np.int64)
            row = np.repeat(np.arange(taken.size), taken)
            number = np.arange(row.size) - np.repeat(np.cumsum(taken) - taken, taken)
            if row.size:
                measured, true = self._igg_test(row, number, strategy.test_interval)
                time = appointment(0.0, strategy.test_interval, number)
                book.add(
                    Event.IGG_TEST,
                    strategy=index,
                    patient=patient[row],
                    time=time,
                    value=measured,
                    true_igg=true,
                )
            for event, kind in ((Event.OTHER_DEATH, Ending.OTHER_DEATH), (Event.HORIZON, Ending.HORIZON)):
                these = ending[index] == kind
                book.add(event, strategy=index, patient=patient[these], time=self.end[index, these])
