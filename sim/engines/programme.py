"""Playing an infusion programme: patients on calendar time who share chairs and stocks.

`play` plays one way of running it (an arm) on given patients, starts and luck, and hands back what happened: the
event log on the patients' own time, and every visit on calendar time. Where nothing is limited the log is that of the
engines that play patients one by one.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass

import numpy as np
import simpy

from sim.engines.fates import Fates
from sim.engines.infusion_centre import Store, Ward
from sim.engines.log import EventLog, LogBook
from sim.engines.participant import Outcome, Participant, Visit
from sim.engines.patient_course import Setting
from sim.model.parts import Booleans, Floats, Integers
from sim.model.parts.programme import Arm, Programme
from sim.model.structure import ClinicalModel
from sim.streams import Luck

__all__ = ["Course", "Outcome", "Record", "Stock", "Visit", "Visits", "play"]


@dataclass(frozen=True)
class Visits:
    """Visits that were due, in the order in which they were settled; arrays of shape (n_visits,).

    Attributes:
        kind: `Visit` value.
        column: The patient's place among the patients.
        due: Month of the programme.
        came: Month at which the patient came: when due, or at the next opening.
        began: Month at which it began, or was given up.
        outcome: `Outcome` value.
        hours: Chair hours.
        wanted: Grams at the dose the patient should have had.
        grams: Grams given.
        regimen: Regimen index.
    """

    kind: Integers
    column: Integers
    due: Floats
    came: Floats
    began: Floats
    outcome: Integers
    hours: Floats
    wanted: Floats
    grams: Floats
    regimen: Integers

    @classmethod
    def of(cls, lines: list[tuple[float, ...]]) -> Visits:
        """The visits noted line by line."""
        table = np.array(lines, dtype=np.float64).reshape(len(lines), 10).T
        whole = {0, 1, 5, 9}
        return cls(*(column.astype(np.int64) if n in whole else column for n, column in enumerate(table)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Stock:
    """One route's stock: opening grams, running totals, and what was there at each month's end.

    Attributes:
        opening: Grams when the warm-up begins.
        received: Grams delivered.
        used: Grams taken by infusions, those promised to a patient who waits for a chair included.
        expired: Grams discarded.
        closing: Grams at the end.
        month: Months noted.
        level: Grams at each.
        waits: Months from which and until which somebody waited for grams, (n_waits, 2).
    """

    opening: float
    received: float
    used: float
    expired: float
    closing: float
    month: Floats
    level: Floats
    waits: Floats


@dataclass(frozen=True)
class Record:
    """What happened.

    Attributes:
        log: Events of all patients, on their own time.
        start: Month of the programme at which each patient started, (n_patients,).
        strategy: Strategy index of each patient.
        visits: Visits to the ward, and infusions at home.
        stocks: Route to its stock.
        switched: Whether each patient changed to another route in a shortage.
    """

    log: EventLog
    start: Floats
    strategy: Integers
    visits: Visits
    stocks: dict[str, Stock]
    switched: Booleans


class Course(Setting):
    """One arm of a programme while it is played: what its patients share.

    Args:
        programme: The programme.
        arm: The way of running it.
        fates: The patients.
        luck: Source of addressed uniforms.
    """

    def __init__(self, programme: Programme, arm: Arm, fates: Fates, luck: Luck) -> None:
        super().__init__(fates, simpy.Environment(initial_time=-programme.warm_up), LogBook())
        self.programme, self.arm = programme, arm
        self.visits: list[tuple[float, ...]] = []
        self.switched: set[int] = set()
        self.stores = {route: Store(self.env, supply) for route, supply in programme.supply.items()}
        self.ward = Ward(self.env, programme.chairs) if programme.chairs else None
        self.baseline_igg: list[float] = fates.who.igg_mg_dl.tolist()
        self.serious_share = _serious_share(self.model, fates)
        self.hours_luck = {kind: luck.stream(f"programme:hours:{kind}") for kind in ("dose", "infusion")}

    def open_from(self, time: float) -> float:
        """The earliest moment, not before `time`, at which somebody may come to the ward."""
        return self.ward.opening(time) if self.ward else time

    def dose_interval(self, month: float) -> float:
        """Months from a dose of the bispecific at a month of treatment to the next."""
        return [interval for start, interval in self.programme.dosing if start <= month][-1]


def _serious_share(model: ClinicalModel, fates: Fates) -> list[float]:
    """Serious infections a month that a patient of average frailty would have, kept under 1."""
    rate, who = model.infections.rate[..., 1], fates.who
    total = np.zeros(who.patient.size)
    for cause, only_in in enumerate(model.infections.only_in):
        struck = who.positive[only_in] if only_in >= 0 else True
        total += np.where(struck, rate[who.target, cause], 0.0)
    shares: list[float] = np.minimum(total, 0.999).tolist()
    return shares


def play(
    programme: Programme,
    arm: Arm,
    fates: Fates,
    luck: Luck,
    start: Floats,
    strategy: Integers,
) -> Record:
    """Play one arm of a programme.

    Args:
        programme: Calendar, chairs, supply.
        arm: Priority rule and response to a shortage.
        fates: The patients.
        luck: Source of addressed uniforms, for the length of visits.
        start: Month of the programme at which each patient starts, (n_patients,).
        strategy: Strategy index of each patient, (n_patients,).

    Returns:
        What happened up to the end of the programme.
    """
    # Events and generators by the hundred thousand, none in a cycle that matters before the end: the collector would
    # look through them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _played(Course(programme, arm, fates, luck), start, strategy)
    finally:
        if collecting:
            gc.enable()


def _played(course: Course, start: Floats, strategy: Integers) -> Record:
    programme = course.programme
    for column, (begins, index) in enumerate(zip(start.tolist(), strategy.tolist(), strict=True)):
        if begins < programme.months:
            Participant(course, column, begins, index)
    levels: dict[str, list[tuple[float, float]]] = {route: [] for route in course.stores}
    month = float(np.floor(-programme.warm_up)) + 1
    while month < programme.months:
        if month > course.env.now:
            course.env.run(until=month)
        for route, store in course.stores.items():
            levels[route].append((month, float(store.shelf.level)))
        month += 1
    course.env.run(until=programme.months)
    for route, store in course.stores.items():
        levels[route].append((programme.months, float(store.shelf.level)))
    switched = np.zeros(start.size, dtype=np.bool_)
    switched[list(course.switched)] = True
    return Record(
        log=course.book.bind(),
        start=start,
        strategy=strategy,
        visits=Visits.of(course.visits),
        stocks={route: _stock(store, levels[route]) for route, store in course.stores.items()},
        switched=switched,
    )


def _stock(store: Store, levels: list[tuple[float, float]]) -> Stock:
    table = np.array(levels).reshape(-1, 2)
    return Stock(
        opening=store.supply.opening,
        received=store.received,
        used=store.used,
        expired=store.expired,
        closing=float(store.shelf.level),
        month=table[:, 0],
        level=table[:, 1],
        waits=np.array(store.waits, dtype=np.float64).reshape(-1, 2),
    )
