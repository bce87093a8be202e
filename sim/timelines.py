"""What a sample of patients goes through, month by month and cause by cause, as tidy tables for figures.

A run keeps means and the first infection of any cause; what else changes over time is read from the event log of its
first patients, played again with the run's luck. Start with `over_time`; `telling_patients` finds whom to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.engines.log import EventLog
from sim.model.parts import GRADE_3PLUS, Floats, Integers
from sim.model.structure import ClinicalModel, Event
from sim.scenario import Scenario
from sim.streams import AddressedLuck

SAMPLE = 4_000
"""Patients of a sample: the Monte Carlo error of a share is then at most 0.8 percentage points."""

LOOKED_AT = 300
"""Patients among whom telling ones are sought."""

SHOWN_UNTIL = 0.02
"""Time ends where fewer than this share of patients are alive under every strategy."""

WINDOW = 3
"""Months over which grams are averaged: a 28-day course gives twice in some single months."""

_ENDINGS = (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON)


@dataclass(frozen=True)
class OverTime:
    """A sample of patients over time.

    Attributes:
        incidence_by_cause: Columns strategy, cause, kind ("any", "grade_3plus"), months, probability, mcse: patients
            with a first infection of this cause; death without one competes.
        ig_use: Columns strategy, months, alive (share of all patients), on_ig (share of those alive who are between
            their first infusion and the end of immunoglobulin), on_ig_mcse, grams and grams_mcse (a month, over the
            `WINDOW` months from this one, per patient who began treatment).
    """

    incidence_by_cause: pd.DataFrame
    ig_use: pd.DataFrame

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Both by name."""
        return {"incidence_by_cause": self.incidence_by_cause, "ig_use": self.ig_use}


def over_time(scenario: Scenario, *, patients: int = SAMPLE, seed: int | None = None) -> OverTime:
    """Play the first patients of a run again and tell what happens to them over time.

    Args:
        scenario: A validated scenario.
        patients: How many, from patient 0; at least 2.
        seed: Root of the luck; None takes the scenario's.

    Returns:
        Tables by month.
    """
    model, luck = compile_model(scenario), AddressedLuck(scenario.analysis.seed if seed is None else seed)
    who = np.arange(patients)
    months = _grid(numpy_engine.simulate(model, luck, who).end, model.horizon)
    # One strategy at a time: a log of all of many would take a gigabyte.
    apart = [replace(model, strategies=(strategy,)) for strategy in model.strategies]
    parts = [over_time_of(one, numpy_engine.event_log(one, luck, who), patients, months) for one in apart]
    return OverTime(
        pd.concat([part.incidence_by_cause for part in parts], ignore_index=True),
        pd.concat([part.ig_use for part in parts], ignore_index=True),
    )


def over_time_of(model: ClinicalModel, log: EventLog, patients: int, months: Floats | None = None) -> OverTime:
    """The same of the log of patients 0 to `patients` - 1 of any model, at `months` or as long as enough live."""
    ends = _times(log, model, patients, np.isin(log.event, _ENDINGS))
    grid = _grid(ends, model.horizon) if months is None else months
    return OverTime(_incidence(model, log, patients, grid), _ig_use(model, log, patients, ends, grid))


def _grid(ends: Floats, horizon: float) -> Floats:
    """Whole months from 0 until few are alive."""
    last = np.quantile(ends, 1 - SHOWN_UNTIL, axis=1).max()
    return np.arange(0.0, max(min(np.ceil(last), np.floor(horizon)), 1.0) + 1)


def _times(log: EventLog, model: ClinicalModel, patients: int, rows: Integers | np.ndarray) -> Floats:
    """Month of the first of the marked events, [strategy, patient]; inf where there is none."""
    first = np.full((len(model.strategies), patients), np.inf)
    np.minimum.at(first, (log.strategy[rows], log.patient[rows]), log.time[rows])
    return first


def _incidence(model: ClinicalModel, log: EventLog, patients: int, months: Floats) -> pd.DataFrame:
    infected = log.event == Event.INFECTION
    pieces = []
    for index, cause in enumerate(model.infections.causes):
        own = infected & (log.cause == index)
        for kind, rows in (("any", own), ("grade_3plus", own & (log.grade == GRADE_3PLUS))):
            first = _times(log, model, patients, rows)
            share = (first[..., None] <= months).mean(axis=1)
            for strategy, probability in zip(model.strategies, share, strict=True):
                columns = {"strategy": strategy.name, "cause": cause, "kind": kind, "months": months}
                mcse = np.sqrt(probability * (1 - probability) / patients)
                pieces.append(pd.DataFrame(columns | {"probability": probability, "mcse": mcse}))
    return pd.concat(pieces, ignore_index=True)


def _ig_use(model: ClinicalModel, log: EventLog, patients: int, ends: Floats, months: Floats) -> pd.DataFrame:
    infusion = log.event == Event.INFUSION
    start = _times(log, model, patients, infusion)
    stop = -_times(_backwards(log), model, patients, infusion)
    # Whoever has had the last infusion is counted until the next one would have been due.
    intervals = np.array([model.regimens[plan.regimen].interval for plan in model.strategies])
    harmed = _times(log, model, patients, np.isin(log.event, (Event.IG_HARM, Event.IG_STOPPED)))
    stop = np.minimum(np.minimum(stop + intervals[:, None], ends), harmed)
    pieces = []
    for index, strategy in enumerate(model.strategies):
        alive = ends[index][:, None] > months
        on = alive & (start[index][:, None] <= months) & (stop[index][:, None] > months)
        n_alive = alive.sum(axis=0)
        share = np.divide(on.sum(axis=0), n_alive, out=np.full(months.size, np.nan), where=n_alive > 0)
        grams = _monthly(log, index, patients, months.size, infusion)
        columns = {
            "strategy": strategy.name,
            "months": months,
            "alive": n_alive / patients,
            "on_ig": share,
            "on_ig_mcse": np.sqrt(share * (1 - share) / np.maximum(n_alive, 1)),
            "grams": grams.mean(axis=0),
            "grams_mcse": grams.std(axis=0, ddof=1) / np.sqrt(patients),
        }
        pieces.append(pd.DataFrame(columns))
    return pd.concat(pieces, ignore_index=True)


def _backwards(log: EventLog) -> EventLog:
    """The same log with time running backwards, so that the first event is the last."""
    return replace(log, time=-log.time)


def _monthly(log: EventLog, strategy: int, patients: int, n_months: int, infusion: np.ndarray) -> Floats:
    """Grams a month that each patient gets over the window that begins with each month, [patient, month]."""
    rows = infusion & (log.strategy == strategy)
    month = np.floor(log.time[rows]).astype(np.int64)
    inside = month < n_months + WINDOW - 1
    grams = np.zeros((patients, n_months + WINDOW - 1))
    np.add.at(grams, (log.patient[rows][inside], month[inside]), log.value[rows][inside])
    mean: Floats = np.lib.stride_tricks.sliding_window_view(grams, WINDOW, axis=1).mean(axis=-1)
    return mean


def telling_patients(scenario: Scenario, *, seed: int | None = None, most: int = 3) -> tuple[int, ...]:
    """Patients whose course shows what sets the strategies apart; not typical ones.

    Told apart most: a serious infection averted under one strategy that happens under another, then a test that
    triggers immunoglobulin after others did not, then infections averted at all; the lowest number first.

    Args:
        scenario: A validated scenario.
        seed: Root of the luck; None takes the scenario's.
        most: How many.

    Returns:
        Patient numbers among the first `LOOKED_AT`, the most telling first.
    """
    model, luck = compile_model(scenario), AddressedLuck(scenario.analysis.seed if seed is None else seed)
    log = numpy_engine.event_log(model, luck, np.arange(LOOKED_AT))
    return telling_of(log, LOOKED_AT, most)


def telling_of(log: EventLog, patients: int, most: int) -> tuple[int, ...]:
    """The same of the event log of patients 0 to `patients` - 1."""
    averted, happened = log.event == Event.AVERTED, log.event == Event.INFECTION
    serious = log.grade == GRADE_3PLUS
    key = np.stack([log.patient, log.cause, log.layer, log.candidate], axis=1)
    both = {tuple(row) for row in key[averted & serious]} & {tuple(row) for row in key[happened & serious]}
    parted = np.bincount([row[0] for row in both], minlength=patients) if both else np.zeros(patients, dtype=np.int64)
    spared = np.bincount(log.patient[averted], minlength=patients)
    tested = np.bincount(log.patient[log.event == Event.IGG_TEST], minlength=patients)
    late = np.zeros(patients, dtype=np.int64)
    late[log.patient[(log.event == Event.IG_ORDERED) & (log.time >= 1.0)]] = 1
    # Beyond a handful more marks make a course harder to read, not more telling.
    order = np.lexsort((np.arange(patients), -np.minimum(spared, 4), -late * (tested > 0), -np.minimum(parted, 1)))
    return tuple(int(patient) for patient in order[:most])
