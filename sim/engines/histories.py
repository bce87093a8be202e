"""Condensing a complete event log into `Histories`, as the reference engine does."""

from __future__ import annotations

import numpy as np

from sim.engines.log import EventLog
from sim.engines.tally import IllnessTally, InfusionTally, with_regular_sums
from sim.model.histories import Histories, Infusions
from sim.model.igg import true_igg
from sim.model.parts import Booleans, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel, Ending, Event

Rows = tuple[Integers, Integers]

_ENDINGS = {
    Event.HORIZON: Ending.HORIZON,
    Event.OTHER_DEATH: Ending.OTHER_DEATH,
    Event.INFECTION_DEATH: Ending.INFECTION_DEATH,
}


def histories_from_log(model: ClinicalModel, who: Baseline, log: EventLog) -> Histories:
    """Condense a complete event log.

    Args:
        model: Compiled model.
        who: The patients the log is about, ascending.
        log: Every event of these patients under every strategy.

    Returns:
        Histories, [strategy, patient].
    """
    shape = (len(model.strategies), who.patient.size)
    column = np.searchsorted(who.patient, log.patient)

    def found(event: Event) -> tuple[Rows, Booleans]:
        at = log.event == event
        return (log.strategy[at], column[at]), at

    end, ending = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    for event, kind in _ENDINGS.items():
        row, at = found(event)
        end[row], ending[row] = log.time[at], kind
    treatment_end = end.copy()
    row, at = found(Event.TREATMENT_STOP)
    treatment_end[row] = log.time[at]

    infusions, ig_start = _infusions(model, who, log, found(Event.INFUSION))
    igg_tests = np.zeros(shape)
    np.add.at(igg_tests, found(Event.IGG_TEST)[0], 1.0)
    harm = np.full(shape, -1, dtype=np.int64)
    row, at = found(Event.IG_HARM)
    harm[row] = log.by[at]
    ig_end = end.copy()
    on_ig = infusions.count > 0
    window_end = np.where(treatment_end < end, treatment_end + model.immunoglobulin.washout, np.inf)
    ig_end = np.where(on_ig, np.minimum(end, window_end), end)
    ig_end[row] = log.time[at]
    row, at = found(Event.IG_STOPPED)
    ig_end[row] = log.time[at]

    tally = _illnesses(model, who, log, column, end, ending, treatment_end, ig_start)
    return Histories(
        end=end,
        ending=ending,
        treatment_end=treatment_end,
        ig_start=ig_start,
        ig_end=ig_end,
        harm=harm,
        igg_tests=igg_tests,
        infusions=infusions,
        illnesses=tally.done(treatment_end),
    )


def _infusions(
    model: ClinicalModel, who: Baseline, log: EventLog, found: tuple[Rows, Booleans]
) -> tuple[Infusions, Floats]:
    row, at = found
    tally = InfusionTally(model, who.patient.size)
    tally.add(row, log.time[at], log.value[at])
    ig_start = np.full((len(model.strategies), who.patient.size), np.inf)
    np.minimum.at(ig_start, row, log.time[at])
    return with_regular_sums(model, who, tally.done(), ig_start), ig_start


def _illnesses(
    model: ClinicalModel,
    who: Baseline,
    log: EventLog,
    column: Integers,
    end: Floats,
    ending: Integers,
    treatment_end: Floats,
    ig_start: Floats,
) -> IllnessTally:
    tally = IllnessTally(model, who)
    infected = np.flatnonzero(log.event == Event.INFECTION)
    row = (log.strategy[infected], column[infected])
    time, cause, grade = log.time[infected], log.cause[infected], log.grade[infected]
    # An infection kills at its own instant, so a fatal one is the one at which its history ends by infection.
    fatal = (ending[row] == Ending.INFECTION_DEATH) & (time == end[row])
    patients = who.pick(row[1])
    vulnerable = (
        (time <= treatment_end[row])
        & (time <= ig_start[row])
        & (true_igg(model, patients, time) < model.igg.low_mg_dl)
    )
    tally.add(row, time, cause, grade, fatal, vulnerable)
    for index in range(len(model.antimicrobials)):
        course = (log.event == Event.COURSE) & (log.by == index)
        tally.add_courses(index, (log.strategy[course], column[course]), log.time[course])
    # A hold prolongs one still open, so the infections of a patient are taken one after the other.
    held = ~fatal & (time < treatment_end[row])
    row, time, length = (row[0][held], row[1][held]), time[held], model.infections.hold[cause[held], grade[held]]
    turn = _turn(row)
    for number in range(int(turn.max(initial=-1)) + 1):
        now = turn == number
        tally.hold((row[0][now], row[1][now]), time[now], length[now])
    return tally


def _turn(row: Rows) -> Integers:
    """For each event, how many events of its row come before it; events are sorted by row."""
    turn = np.zeros(row[0].size, dtype=np.int64)
    for index in range(1, turn.size):
        same = row[0][index] == row[0][index - 1] and row[1][index] == row[1][index - 1]
        turn[index] = turn[index - 1] + 1 if same else 0
    return turn
