"""The vectorised engine: all candidate infections of a block of patients at once, strategy by strategy.

The candidates that a patient may meet, their marks, and what they would do are known before anything happens and
serve every strategy (`sim.engines.candidates`, `Block`). Which of them become infections is settled under each
strategy in a few passes (`sim.engines.arm`). Everything between candidates (infusions, tests, the flow of months) is
in closed form, or settled up to the candidate, and completed when the history is over.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.engines.arm import Arm, Meetings, Watch
from sim.engines.candidates import Candidates, Clocks
from sim.engines.log import EventLog, LogBook
from sim.engines.memory import keep_memory
from sim.engines.numpy_log import note_candidates, note_schedule
from sim.engines.orders import Assays
from sim.engines.tally import InfusionTally, illnesses, is_regular, with_regular_sums
from sim.model.exits import death_time
from sim.model.hazards import beside_immunoglobulin
from sim.model.histories import Histories, kind_of
from sim.model.igg import true_igg
from sim.model.infections import is_accepted
from sim.model.pace import Pace, groups
from sim.model.parts import GRADE_3PLUS, NEVER, Floats, Integers, Strategy
from sim.model.schedule import count_before, count_until
from sim.model.step_up import doses_given
from sim.model.structure import Baseline, ClinicalModel, Ending
from sim.population import draw_baseline
from sim.streams import Luck


def simulate(
    model: ClinicalModel,
    luck: Luck,
    patient: Integers,
    book: LogBook | None = None,
    who: Baseline | None = None,
) -> Histories:
    """Play the given patients under every strategy.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, ascending, shape (n_patients,).
        book: Notes every event if given; slower, and as large as the number of events.
        who: The patients, if `sim.population.draw_baseline` has drawn them already.

    Returns:
        Histories, [strategy, patient].

    Raises:
        UnsupportedByEngineError: If patients would meet more candidates than can be played.
    """
    keep_memory()
    return Block(model, luck, who or draw_baseline(model, luck, patient), book).play()


def event_log(model: ClinicalModel, luck: Luck, patient: Integers) -> EventLog:
    """Every event of the given patients under every strategy."""
    book = LogBook()
    simulate(model, luck, patient, book)
    return book.bind()


class Block:
    """A block of patients and what all strategies share: who they are, and the candidates they may meet.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        who: Patients.
        book: Notes every event if given.
    """

    def __init__(self, model: ClinicalModel, luck: Luck, who: Baseline, book: LogBook | None) -> None:
        self.model, self.luck, self.who, self.book = model, luck, who, book
        self.other_death = self.death_time(who.stop_time)
        self.end = np.minimum(self.other_death, model.horizon)
        self.clocks, self.pace, self.group = Clocks.of(model, luck), Pace.of(model), groups(who)
        self.assays = Assays(model, luck, who)
        latest = self.end
        if np.any(model.infections.stop_probability > 0):
            # Death falls the later, or the sooner, the earlier treatment ends: the extremes are the two ends.
            at_once = self.death_time(np.zeros_like(who.stop_time))
            latest = np.maximum(latest, np.minimum(at_once, model.horizon))
        limit = self.pace.furthest(who.stop_time, latest, self.group)
        self.candidates = Candidates.within(self.clocks, who, limit)
        self._mark()
        self.gives_immunoglobulin = any(strategy.start != NEVER for strategy in model.strategies)
        self._natural: dict[tuple[object, ...], Meetings] = {}

    def death_time(self, stop: Floats, column: Integers | slice = slice(None)) -> Floats:
        """Month of death without infection of the given patients, whose bispecific ends at `stop`."""
        who = self.who
        age_years, male = who.age_years[column], who.male[column]
        return death_time(self.model.treatment, who.death_hazard[column], stop, age_years, male)

    def _mark(self) -> None:
        """What every candidate is and would do, and when it falls unless an infection ends treatment.

        Sets cause, layer, grade and acceptance mark; whether it would kill, or else end the bispecific; its natural
        month; and whether that falls on treatment at a low true IgG.
        """
        clocks, candidates, infections = self.clocks, self.candidates, self.model.infections
        clock, column, occurrence = candidates.clock, candidates.column, candidates.occurrence
        patient = self.who.patient[column]
        self.cause, self.layer = clocks.cause[clock], clocks.layer[clock]
        self.grade = clocks.grade_of(clocks.grade(patient, occurrence, clock), clock, self.who.target[column])
        self.kind = kind_of(self.cause, self.grade)
        self.mark = clocks.accept(patient, occurrence, clock)
        self.fatal, self.stops, self.low = np.zeros((3, column.size), dtype=np.bool_)
        severe = np.flatnonzero(self.grade == GRADE_3PLUS)
        address, cause = (patient[severe], occurrence[severe], clock[severe]), self.cause[severe]
        self.fatal[severe] = clocks.fatal(*address) < infections.case_fatality[cause]
        self.stops[severe] = (clocks.stop(*address) < infections.stop_probability[cause]) & ~self.fatal[severe]
        self.may_turn = self.fatal | self.stops
        stop = self.who.stop_time[column]
        self.natural_time = time = self.pace.time(candidates.exposure, stop, self.group[column])
        on = np.flatnonzero(time <= stop)
        self.low[on] = true_igg(self.model, self.who, time[on], column[on]) < self.model.igg.low_mg_dl

    def natural(self, index: int) -> Meetings:
        """What patients meet unless an infection ends treatment; strategies with the same measures share it."""
        strategy = self.model.strategies[index]
        measures = strategy.antimicrobials, strategy.tocilizumab
        if measures not in self._natural:
            live = np.flatnonzero(self.natural_time < self.end[self.candidates.column])
            self._natural[measures] = self._meetings(index, live, self.natural_time[live], self.who.stop_time)
        return self._natural[measures]

    def meet(self, index: int, candidate: Integers, stop: Floats, end: Floats) -> Meetings:
        """Those of the given candidates that fall before the end of their patients' histories.

        Args:
            index: Strategy index.
            candidate: Indices of candidates.
            stop: Month at which the bispecific ends, (n_patients,).
            end: Month at which the history ends, (n_patients,).
        """
        column = self.candidates.column[candidate]
        time = self.pace.time(self.candidates.exposure[candidate], stop[column], self.group[column])
        live = time < end[column]
        return self._meetings(index, candidate[live], time[live], stop)

    def _meetings(self, index: int, candidate: Integers, time: Floats, stop: Floats) -> Meetings:
        """Candidates with what bears on their fate beside immunoglobulin."""
        model = self.model
        column, kind, layer, mark = self.candidates.column, self.kind, self.layer, self.mark
        # All there are, as a rule, and then nothing needs to be picked.
        if candidate.size < mark.size:
            column, kind, layer, mark = column[candidate], kind[candidate], layer[candidate], mark[candidate]
        ratio, by, surveillances = beside_immunoglobulin(
            model, index, self.who.takes, time, stop[column], kind, column
        )
        watches = []
        for antimicrobial, before, after in surveillances:
            watched = np.flatnonzero(before != after)
            watches.append(Watch(antimicrobial, watched, before[watched], after[watched]))
        accepted = is_accepted(mark, ratio, layer)
        doubtful = np.zeros(0, dtype=np.int64)
        if self.book is not None or not is_regular(model, index):
            doubtful = np.arange(candidate.size)
        elif self.gives_immunoglobulin:
            full = model.infections.hazard_ratio.ravel()[kind]
            doubt = is_accepted(mark, full * ratio, layer) != accepted
            for watch in watches:
                doubt[watch.place] = True
            doubtful = np.flatnonzero(doubt)
        return Meetings(candidate, column, time, ratio, by, watches, accepted, doubtful)

    def play(self) -> Histories:
        """All candidates under every strategy, then everything that follows in closed form."""
        tally = InfusionTally(self.model, self.who.patient.size)
        self.arms = [Arm(self, index, tally) for index in range(len(self.model.strategies))]
        for arm in self.arms:
            arm.play()
        histories = self._close(tally)
        # Arms know their block. Left in it, they would keep its arrays until the garbage collector finds the circle,
        # which it does so seldom that memory would grow with the number of patients.
        self.arms = []
        return histories

    def _close(self, tally: InfusionTally) -> Histories:
        """Everything that follows once all candidates are settled."""
        model, arms = self.model, self.arms
        stop, end, order = (np.stack([getattr(arm, name) for arm in arms]) for name in ("stop", "end", "order"))
        other_death = np.stack([arm.other_death for arm in arms])
        treatment_end = np.minimum(stop, end)
        course_end, rule_end, count = end.copy(), np.full_like(end, np.inf), np.zeros_like(end)
        column = np.arange(end.shape[1])
        start = order + np.array([[arm.course.delay] for arm in arms])
        for k, arm in enumerate(arms):
            if arm.never:
                continue
            window_end = stop[k] + model.immunoglobulin.washout
            course_end[k] = np.minimum(arm.course.end(order[k], window_end, column), end[k])
            count[k] = arm.course.done(order[k], course_end[k])
            rule_end[k] = arm.course.rule_end(start[k], column)
        on_ig = count > 0
        ended = on_ig & (course_end < end)
        harmed = ended & (start + self.who.harm_delay == course_end)
        ending = np.where(other_death < model.horizon, Ending.OTHER_DEATH, Ending.HORIZON)
        killed = np.isfinite(np.stack([arm.infection_death for arm in arms]))
        ig_start = np.where(on_ig, start, np.inf)
        histories = Histories(
            end=end,
            ending=np.where(killed, Ending.INFECTION_DEATH, ending).astype(np.int64),
            treatment_end=treatment_end,
            ig_start=ig_start,
            ig_end=np.where(on_ig, course_end, end),
            harm=np.where(harmed, self.who.harm, -1),
            igg_tests=np.stack(
                [self._tests_taken(s, treatment_end[k], order[k]) for k, s in enumerate(model.strategies)]
            ),
            step_up_doses=doses_given(model, self.who, treatment_end),
            infusions=with_regular_sums(model, self.who, replace(tally.done(), count=count), ig_start),
            illnesses=illnesses(
                model, self.who, [arm.met() for arm in arms], [arm.courses() for arm in arms], treatment_end
            ),
        )
        if self.book is not None:
            note_candidates(self.book, self)
            note_schedule(self.book, self, histories, ended & ~harmed & (rule_end == course_end))
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
