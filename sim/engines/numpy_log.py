"""What the vectorised engine writes to a log besides infections: everything it settles in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engines.log import LogBook
from sim.engines.tally import is_regular
from sim.model.accrual import toxicities
from sim.model.histories import Histories
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.parts import Floats, Integers
from sim.model.schedule import appointment
from sim.model.structure import Ending, Event

if TYPE_CHECKING:
    from sim.engines.numpy_engine import Block


def note_schedule(book: LogBook, block: Block, histories: Histories) -> None:
    """Write toxicities, stops, orders, infusions, harms, tests and endings of a finished block."""
    patient = block.who.patient
    for event, grade in zip((Event.CRS, Event.ICANS), toxicities(block.model, block.who), strict=True):
        s, j = np.nonzero(grade >= 0)
        book.add(event, strategy=s, patient=patient[j], time=0.0, grade=grade[s, j])
    s, j = np.nonzero(block.stop < block.end)
    book.add(
        Event.TREATMENT_STOP, strategy=s, patient=patient[j], time=block.stop[s, j], cause=block.stopped_by[s, j]
    )
    s, j = np.nonzero(block.order < block.end)
    book.add(Event.IG_ORDERED, strategy=s, patient=patient[j], time=block.order[s, j])
    s, j = np.nonzero(histories.harm >= 0)
    book.add(Event.IG_HARM, strategy=s, patient=patient[j], time=histories.ig_end[s, j], by=histories.harm[s, j])
    s, j = np.nonzero(block.ig_stopped)
    book.add(Event.IG_STOPPED, strategy=s, patient=patient[j], time=histories.ig_end[s, j])
    for event, kind in ((Event.OTHER_DEATH, Ending.OTHER_DEATH), (Event.HORIZON, Ending.HORIZON)):
        s, j = np.nonzero(histories.ending == kind)
        book.add(event, strategy=s, patient=patient[j], time=block.end[s, j])
    _infusions(book, block, histories)
    _tests(book, block, histories)


def _infusions(book: LogBook, block: Block, histories: Histories) -> None:
    patient = block.who.patient
    for strategy, column, time, grams in block.courses.log:
        book.add(Event.INFUSION, strategy=strategy, patient=patient[column], time=time, value=grams)
    for index, plan in enumerate(block.model.strategies):
        if is_regular(block.model, index):
            regimen = block.model.regimens[plan.regimen]
            row, number = _numbered(histories.infusions.count[index])
            grams = grams_per_infusion(block.who.weight_kg, regimen)
            book.add(
                Event.INFUSION,
                strategy=index,
                patient=patient[row],
                time=appointment(histories.ig_start[index, row], regimen.interval, number),
                value=grams[row],
            )


def _tests(book: LogBook, block: Block, histories: Histories) -> None:
    for index, strategy in enumerate(block.model.strategies):
        row, number = _numbered(histories.igg_tests[index])
        if row.size:
            measured, true = block.assays.igg(row, number, strategy.test_interval)
            book.add(
                Event.IGG_TEST,
                strategy=index,
                patient=block.who.patient[row],
                time=appointment(0.0, strategy.test_interval, number),
                value=measured,
                true_igg=true,
            )


def _numbered(count: Floats) -> tuple[Integers, Integers]:
    """Row and number, from 0, of each of `count` appointments, row by row."""
    whole = count.astype(np.int64)
    row = np.repeat(np.arange(whole.size), whole)
    return row, np.arange(row.size) - np.repeat(np.cumsum(whole) - whole, whole)
