"""The event log: one row per thing that happened to a patient under a strategy.

Both engines write this log, and their logs are compared field by field. It is also what a trace shows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.model.parts import GRADES, Floats, Integers
from sim.model.structure import ClinicalModel, Event

NOTHING = -1


@dataclass(frozen=True)
class EventLog:
    """Events sorted by strategy, patient, time and kind; every array has shape (n_events,).

    Attributes:
        strategy: Strategy index.
        patient: Patient number.
        time: Month.
        event: `Event` value.
        cause: Cause index of an infection, or of the infection that stopped treatment or killed; else -1.
        grade: Grade index of an infection; else -1.
        layer: Layer of the candidate; else -1.
        candidate: Number of the candidate within its cause and layer; with both it names the same piece of luck
            under every strategy. Else -1.
        value: Hazard ratio in force (infection, averted), measured IgG in mg/dL (test), grams (infusion), days in
            hospital after it (step-up dose); else nan.
        true_igg: Polyclonal IgG in mg/dL at a test; else nan.
        by: Bits of the measures that lowered the hazard of a candidate (`sim.model.hazards`); the antimicrobial of a
            course; the harm that ended immunoglobulin; the place of a step-up dose in its agent's schedule; else -1.
    """

    strategy: Integers
    patient: Integers
    time: Floats
    event: Integers
    cause: Integers
    grade: Integers
    layer: Integers
    candidate: Integers
    value: Floats
    true_igg: Floats
    by: Integers

    def __len__(self) -> int:
        return int(self.time.size)

    def renumbered(self, by: int) -> EventLog:
        """The same events of patients whose numbers are `by` higher."""
        return replace(self, patient=self.patient + by)

    def frame(self, model: ClinicalModel) -> pd.DataFrame:
        """The log as a table with names instead of indices."""
        cause_names = [*model.infections.causes, ""]
        grade_names = [*GRADES, ""]
        strategy_names = [strategy.name for strategy in model.strategies]
        return pd.DataFrame(
            {
                "strategy": [strategy_names[code] for code in self.strategy],
                "patient": self.patient,
                "time_months": self.time,
                "event": [Event(code).name.lower() for code in self.event],
                "cause": [cause_names[code] for code in self.cause],
                "grade": [grade_names[code] for code in self.grade],
                "layer": self.layer,
                "candidate": self.candidate,
                "value": self.value,
                "true_igg_mg_dl": self.true_igg,
                "by": self.by,
            }
        )


class LogBook:
    """Collects events in any order and binds them into an `EventLog`."""

    def __init__(self) -> None:
        self._pages: list[tuple[NDArray[np.generic], ...]] = []
        self._lines: list[tuple[float, ...]] = []

    def note(
        self,
        event: Event,
        *,
        strategy: int,
        patient: int,
        time: float,
        cause: int = NOTHING,
        grade: int = NOTHING,
        layer: int = NOTHING,
        candidate: int = NOTHING,
        value: float = np.nan,
        true_igg: float = np.nan,
        by: int = NOTHING,
    ) -> None:
        """Note one event."""
        self._lines.append((strategy, patient, time, event, cause, grade, layer, candidate, value, true_igg, by))

    def add(
        self,
        event: Event,
        *,
        strategy: ArrayLike,
        patient: ArrayLike,
        time: ArrayLike,
        cause: ArrayLike = NOTHING,
        grade: ArrayLike = NOTHING,
        layer: ArrayLike = NOTHING,
        candidate: ArrayLike = NOTHING,
        value: ArrayLike = np.nan,
        true_igg: ArrayLike = np.nan,
        by: ArrayLike = NOTHING,
    ) -> None:
        """Note events of one kind; all arguments broadcast to one dimension."""
        page = (strategy, patient, time, int(event), cause, grade, layer, candidate, value, true_igg, by)
        self._pages.append(tuple(np.atleast_1d(a) for a in np.broadcast_arrays(*page)))

    def bind(self) -> EventLog:
        """All events noted, sorted by strategy, patient, time, kind and candidate."""
        columns: list[NDArray[np.generic]] = []
        for number, field in enumerate(fields(EventLog)):
            kind = np.float64 if field.name in {"time", "value", "true_igg"} else np.int64
            pieces = [page[number].astype(kind) for page in self._pages]
            pieces.append(np.array([line[number] for line in self._lines], dtype=kind))
            columns.append(np.concatenate(pieces))
        strategy, patient, time, event, cause, _, layer, candidate, _, _, by = columns
        order = np.lexsort((by, candidate, layer, cause, event, time, patient, strategy))
        return EventLog(*(column[order] for column in columns))  # type: ignore[arg-type]


def first_difference(a: EventLog, b: EventLog) -> str | None:
    """Where two logs first differ, in words; None if they are equal in every field, to the last bit."""
    for row in range(min(len(a), len(b))):
        for field in fields(EventLog):
            left, right = getattr(a, field.name)[row], getattr(b, field.name)[row]
            if left != right and not (np.isnan(left) and np.isnan(right)):
                who = f"strategy {a.strategy[row]}, patient {a.patient[row]}, month {a.time[row]!r}"
                return f"event {row} ({who}): {field.name} is {left!r} in the first log and {right!r} in the second"
    if len(a) != len(b):
        return f"the first log has {len(a)} events, the second {len(b)}"
    return None
