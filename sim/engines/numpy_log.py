"""What the vectorised engine writes to a log, once a block of patients is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engines.log import LogBook
from sim.engines.tally import is_regular
from sim.model.amounts import toxicities
from sim.model.histories import Histories
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.parts import Booleans, Floats, Integers
from sim.model.schedule import appointment
from sim.model.structure import Ending, Event

if TYPE_CHECKING:
    from sim.engines.numpy_engine import Block


def note_candidates(book: LogBook, block: Block) -> None:
    """Write what became of candidates: infections, deaths of them, averted infections and preemptive courses."""
    candidates = block.candidates
    for index, arm in enumerate(block.arms):
        if arm.noted is None:
            continue
        averted = arm.noted.met & ~arm.infected & (block.layer == 0)
        for event, which in ((Event.INFECTION, arm.infected), (Event.AVERTED, averted)):
            book.add(
                event,
                strategy=index,
                patient=block.who.patient[candidates.column[which]],
                time=arm.time[which],
                cause=block.cause[which],
                grade=block.grade[which],
                layer=block.layer[which],
                candidate=candidates.occurrence[which],
                value=arm.noted.hazard_ratio[which],
                by=arm.noted.by[which],
            )
        killed = arm.infected & block.fatal
        patient, time = block.who.patient[candidates.column[killed]], arm.time[killed]
        book.add(Event.INFECTION_DEATH, strategy=index, patient=patient, time=time, cause=block.cause[killed])
        courses = arm.courses()
        patient = block.who.patient[courses.column]
        book.add(Event.COURSE, strategy=index, patient=patient, time=courses.time, by=courses.antimicrobial)


def note_schedule(book: LogBook, block: Block, histories: Histories, ig_stopped: Booleans) -> None:
    """Write step-up doses, toxicities, stops, orders, infusions, harms, tests and endings.

    Args:
        book: Where to.
        block: The block of patients.
        histories: Their histories.
        ig_stopped: Whether the stop rule ended immunoglobulin, [strategy, patient].
    """
    patient = block.who.patient
    for event, grade in zip((Event.CRS, Event.ICANS), toxicities(block.model, block.who), strict=True):
        s, j = np.nonzero(grade >= 0)
        book.add(event, strategy=s, patient=patient[j], time=0.0, grade=grade[s, j])
    for index, arm in enumerate(block.arms):
        j = np.flatnonzero(arm.stop < arm.end)
        time, cause = arm.stop[j], arm.stopped_by[j]
        book.add(Event.TREATMENT_STOP, strategy=index, patient=patient[j], time=time, cause=cause)
        j = np.flatnonzero(arm.order < arm.end)
        book.add(Event.IG_ORDERED, strategy=index, patient=patient[j], time=arm.order[j])
    s, j = np.nonzero(histories.harm >= 0)
    book.add(Event.IG_HARM, strategy=s, patient=patient[j], time=histories.ig_end[s, j], by=histories.harm[s, j])
    s, j = np.nonzero(ig_stopped)
    book.add(Event.IG_STOPPED, strategy=s, patient=patient[j], time=histories.ig_end[s, j])
    for event, kind in ((Event.OTHER_DEATH, Ending.OTHER_DEATH), (Event.HORIZON, Ending.HORIZON)):
        s, j = np.nonzero(histories.ending == kind)
        book.add(event, strategy=s, patient=patient[j], time=histories.end[s, j])
    _step_up(book, block, histories)
    _infusions(book, block, histories)
    _tests(book, block, histories)


def _step_up(book: LogBook, block: Block, histories: Histories) -> None:
    for code, agent in enumerate(block.model.agents):
        for number, dose in enumerate(agent.step_up):
            s, j = np.nonzero((histories.step_up_doses > number) & (block.who.agent == code))
            book.add(
                Event.STEP_UP,
                strategy=s,
                patient=block.who.patient[j],
                time=dose.month,
                value=dose.hospital_days,
                by=number,
            )


def _infusions(book: LogBook, block: Block, histories: Histories) -> None:
    patient = block.who.patient
    for index, plan in enumerate(block.model.strategies):
        for column, time, grams in block.arms[index].course.log:
            book.add(Event.INFUSION, strategy=index, patient=patient[column], time=time, value=grams)
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
