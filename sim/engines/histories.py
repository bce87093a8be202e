"""Condensing a complete event log into `Histories`, as the reference engine does."""

from __future__ import annotations

import numpy as np

from sim.engines.log import EventLog
from sim.engines.tally import Courses, InfusionTally, Met, illnesses, with_regular_sums
from sim.model.histories import Histories, Illnesses, Infusions, kind_of
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
    step_up_doses = np.zeros(shape)
    np.add.at(step_up_doses, found(Event.STEP_UP)[0], 1.0)
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

    return Histories(
        end=end,
        ending=ending,
        treatment_end=treatment_end,
        ig_start=ig_start,
        ig_end=ig_end,
        harm=harm,
        igg_tests=igg_tests,
        step_up_doses=step_up_doses,
        infusions=infusions,
        illnesses=_illnesses(model, who, log, column, end, ending, treatment_end, ig_start),
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
) -> Illnesses:
    met, courses = [], []
    for index in range(len(model.strategies)):
        at = np.flatnonzero((log.event == Event.INFECTION) & (log.strategy == index))
        j, time = column[at], log.time[at]
        # An infection kills at its own instant, so a fatal one is the one at which its history ends by infection.
        fatal = (ending[index, j] == Ending.INFECTION_DEATH) & (time == end[index, j])
        vulnerable = (time <= treatment_end[index, j]) & (time <= ig_start[index, j])
        vulnerable &= true_igg(model, who, time, j) < model.igg.low_mg_dl
        met.append(Met(j, time, kind_of(log.cause[at], log.grade[at]), fatal, vulnerable))
        at = np.flatnonzero((log.event == Event.COURSE) & (log.strategy == index))
        courses.append(Courses(column[at], log.time[at], log.by[at]))
    return illnesses(model, who, met, courses, treatment_end)
