"""From events to `Histories`: the tally of infections both engines share, and the condensing of an event log."""

from __future__ import annotations

import numpy as np

from sim.engines.log import EventLog
from sim.model.discounting import factor
from sim.model.histories import Histories
from sim.model.schedule import count_before
from sim.model.structure import (
    GRADE_3PLUS,
    GRADES,
    Baseline,
    ClinicalModel,
    Ending,
    Event,
    Floats,
    Integers,
)


class InfectionTally:
    """Running totals of infections, added to in the order in which they happen."""

    def __init__(self, n_causes: int, n_strategies: int, n_patients: int) -> None:
        shape = (n_causes, len(GRADES), n_strategies, n_patients)
        self.infections = np.zeros(shape)
        self.survived = np.zeros(shape)
        self.cost_factor = np.zeros(shape)
        self.effect_factor = np.zeros(shape)
        self.first_infection = np.full(shape[2:], np.inf)
        self.first_grade_3plus = np.full(shape[2:], np.inf)

    def add(
        self,
        model: ClinicalModel,
        *,
        cause: Integers,
        grade: Integers,
        row: tuple[Integers, Integers],
        time: Floats,
        fatal: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    ) -> None:
        """Count infections.

        Args:
            model: Compiled model (discount rates).
            cause: Cause index, shape (n,).
            grade: Grade index, shape (n,).
            row: Strategy and patient index, each (n,). A row may appear more than once, in order of time.
            time: Month, shape (n,).
            fatal: Whether the infection killed, shape (n,).
        """
        cell = (cause, grade, *row)
        np.add.at(self.infections, cell, 1.0)
        np.add.at(self.survived, cell, np.where(fatal, 0.0, 1.0))
        np.add.at(self.cost_factor, cell, factor(model.discount_costs, time))
        np.add.at(self.effect_factor, cell, np.where(fatal, 0.0, factor(model.discount_effects, time)))
        np.minimum.at(self.first_infection, row, time)
        severe = grade == GRADE_3PLUS
        np.minimum.at(self.first_grade_3plus, (row[0][severe], row[1][severe]), time[severe])


def histories_from_log(model: ClinicalModel, baseline: Baseline, log: EventLog) -> Histories:
    """Condense a complete event log.

    Args:
        model: Compiled model.
        baseline: The patients the log is about, in the order wanted.
        log: Every event of these patients under every strategy.

    Returns:
        Histories, [strategy, patient].
    """
    n_strategies, n_patients = len(model.strategies), baseline.patient.size
    shape = (n_strategies, n_patients)
    column = np.searchsorted(baseline.patient, log.patient)

    def rows(event: Event) -> tuple[Integers, Integers]:
        at = log.event == event
        return log.strategy[at], column[at]

    end = np.full(shape, np.nan)
    ending = np.full(shape, -1, dtype=np.int64)
    for event, kind in (
        (Event.HORIZON, Ending.HORIZON),
        (Event.OTHER_DEATH, Ending.OTHER_DEATH),
        (Event.INFECTION_DEATH, Ending.INFECTION_DEATH),
    ):
        end[rows(event)] = log.time[log.event == event]
        ending[rows(event)] = kind

    treatment_end = end.copy()
    treatment_end[rows(Event.TREATMENT_STOP)] = log.time[log.event == Event.TREATMENT_STOP]
    ig_start = np.full(shape, np.inf)
    np.minimum.at(ig_start, rows(Event.INFUSION), log.time[log.event == Event.INFUSION])
    infusions, igg_tests = np.zeros(shape), np.zeros(shape)
    np.add.at(infusions, rows(Event.INFUSION), 1.0)
    np.add.at(igg_tests, rows(Event.IGG_TEST), 1.0)

    infected = log.event == Event.INFECTION
    row = (log.strategy[infected], column[infected])
    time = log.time[infected]
    # An infection kills at its own instant, so a fatal one is the one at which its history ends by infection.
    fatal = (ending[row] == Ending.INFECTION_DEATH) & (time == end[row])
    tally = InfectionTally(len(model.infections.causes), *shape)
    tally.add(model, cause=log.cause[infected], grade=log.grade[infected], row=row, time=time, fatal=fatal)
    return Histories(
        end=end,
        ending=ending,
        treatment_end=treatment_end,
        ig_start=ig_start,
        infusions=infusions,
        igg_tests=igg_tests,
        infections=tally.infections,
        survived=tally.survived,
        infection_cost_factor=tally.cost_factor,
        survived_effect_factor=tally.effect_factor,
        first_infection=tally.first_infection,
        first_grade_3plus=tally.first_grade_3plus,
    )


def expand_appointments(start: Floats, interval: float, limit: Floats) -> tuple[Integers, Integers]:
    """Row and number of every appointment before its limit, for writing a log.

    Args:
        start: First appointment of each row, shape (n,); inf for none.
        interval: Months between appointments.
        limit: Month before which they fall, shape (n,).

    Returns:
        Row index and appointment number, each of shape (n_appointments,), row by row.
    """
    count = count_before(start, interval, limit).astype(np.int64)
    row = np.repeat(np.arange(count.size), count)
    number = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    return row, number
