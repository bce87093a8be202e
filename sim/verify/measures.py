"""What a study would have measured, from the event log of the model's patients.

Every measure takes the histories of patients, each under one strategy, and gives one number. Months are those since
the first step-up dose, infections those of at least a grade, and a reading says what becomes of patients who leave
the bispecific: "alive" follows them until death, "on_treatment" lets their exit compete, "censored_at_exit" takes
them out of the risk set, as a Kaplan-Meier estimate does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from sim.engines.log import EventLog
from sim.model.parts import GRADE_1_2, GRADE_3PLUS, MONTHS_PER_YEAR, Booleans, Floats, Integers
from sim.model.structure import Event

LOW_IGG_MG_DL = 400.0
GRADES = {"any": GRADE_1_2, "3plus": GRADE_3PLUS}
READINGS = ("alive", "on_treatment", "censored_at_exit")

_ENDS = (Event.OTHER_DEATH, Event.INFECTION_DEATH, Event.HORIZON)


@dataclass(frozen=True)
class Question:
    """What is asked of a log.

    Attributes:
        months: Month up to which patients are followed; inf for all their life.
        grade: Lowest grade of infection that counts, "any" or "3plus".
        reading: One of `READINGS`.
    """

    months: float = np.inf
    grade: str = "any"
    reading: str = "on_treatment"


@dataclass(frozen=True)
class Course:
    """The history of every patient under the strategy that the patient follows; arrays of shape (n_patients,).

    Attributes:
        log: Their events.
        end: Month of death or horizon.
        ending: `Event` that ended each history.
        exit: Month the bispecific ended, not after `end`.
    """

    log: EventLog
    end: Floats
    ending: Integers
    exit: Floats

    def first(self, which: Booleans) -> Floats:
        """Month of each patient's first event of a kind; inf where there is none."""
        found = np.full(self.end.size, np.inf)
        np.minimum.at(found, self.log.patient[which], self.log.time[which])
        return found

    def infections(self, grade: str) -> Booleans:
        """Which events are infections of at least a grade."""
        return np.asarray((self.log.event == Event.INFECTION) & (self.log.grade >= GRADES[grade]))


def course(log: EventLog, followed: Integers) -> Course:
    """The histories of patients of whom each follows one strategy.

    Args:
        log: Complete log of patients 0, 1, ... under every strategy.
        followed: Index of the strategy that each patient follows, shape (n_patients,).
    """
    own = log.strategy == followed[log.patient]
    mine = EventLog(**{field.name: getattr(log, field.name)[own] for field in fields(EventLog)})
    end, ending = np.full(followed.size, np.nan), np.full(followed.size, -1)
    last = np.isin(mine.event, _ENDS)
    end[mine.patient[last]], ending[mine.patient[last]] = mine.time[last], mine.event[last]
    left = end.copy()
    stops = mine.event == Event.TREATMENT_STOP
    left[mine.patient[stops]] = mine.time[stops]
    return Course(mine, end, ending, left)


def incidence(of: Course, asked: Question) -> float:
    """Cumulative incidence of the first infection."""
    first = of.first(of.infections(asked.grade))
    until = of.end if asked.reading == "alive" else of.exit
    if asked.reading != "censored_at_exit":
        return float(np.mean(first <= np.minimum(until, asked.months)))
    struck = first <= until
    time = np.minimum(first, until)
    order = np.argsort(time, kind="stable")
    at_risk = time.size - np.arange(time.size)
    counts = struck[order] & (time[order] <= asked.months)
    return float(1 - np.prod(np.where(counts, 1 - 1 / at_risk, 1.0)))


def rate(of: Course, asked: Question) -> float:
    """Infections a year on treatment."""
    until = np.minimum(of.exit, asked.months)
    counted = of.infections(asked.grade) & (of.log.time <= until[of.log.patient])
    return float(counted.sum() / until.sum() * MONTHS_PER_YEAR)


def months_to_first(of: Course, asked: Question) -> float:
    """Median month of the first infection on treatment, among those infected."""
    first = of.first(of.infections(asked.grade))
    return _median_of(first[first <= np.minimum(of.exit, asked.months)])


def infection_free_median(of: Course, asked: Question) -> float:
    """Median months alive without an infection (Kaplan-Meier), leaving the bispecific censored."""
    died = np.isin(of.ending, (Event.INFECTION_DEATH, Event.OTHER_DEATH)) & (of.end <= of.exit)
    first = of.first(of.infections(asked.grade))
    struck = (first <= of.exit) | died
    time = np.minimum(first, of.exit)
    order = np.lexsort((~struck, time))  # who leaves in the month of another's event is still counted
    at_risk = time.size - np.arange(time.size)
    free = np.cumprod(np.where(struck[order], 1 - 1 / at_risk, 1.0))
    return float(time[order][np.argmax(free <= 0.5)]) if (free <= 0.5).any() else np.nan


def infection_death(of: Course, asked: Question) -> float:
    """Share dead of infection."""
    return float(np.mean((of.ending == Event.INFECTION_DEATH) & (of.end <= asked.months)))


def alive(of: Course, asked: Question) -> float:
    """Share alive."""
    return float(np.mean(of.end > asked.months))


def fatality(of: Course, asked: Question) -> float:
    """Deaths per infection on treatment."""
    counted = of.infections(asked.grade) & (of.log.time <= np.minimum(of.exit, asked.months)[of.log.patient])
    deaths = (of.ending == Event.INFECTION_DEATH) & (of.end <= np.minimum(of.exit, asked.months))
    return float(deaths.sum() / counted.sum()) if counted.any() else np.nan


def severe_share(of: Course, asked: Question) -> float:
    """Share of the infections on treatment that are of grade 3 or more."""
    on = of.log.time <= np.minimum(of.exit, asked.months)[of.log.patient]
    total = int((of.infections("any") & on).sum())
    return float((of.infections("3plus") & on).sum() / total) if total else np.nan


def low_igg(of: Course, asked: Question) -> float:
    """Share with a measured IgG under 400 mg/dL on treatment."""
    first = _first_low(of)
    return float(np.mean(np.isfinite(first) & (first <= asked.months)))


def months_to_low_igg(of: Course, asked: Question) -> float:
    """Median month of the first measured IgG under 400 mg/dL, among those who have one."""
    first = _first_low(of)
    return _median_of(first[np.isfinite(first) & (first <= asked.months)])


def _first_low(of: Course) -> Floats:
    return of.first((of.log.event == Event.IGG_TEST) & (of.log.value < LOW_IGG_MG_DL))


def _median_of(months: Floats) -> float:
    return float(np.median(months)) if months.size else np.nan


MEASURES: Mapping[str, Callable[[Course, Question], float]] = {
    each.__name__: each
    for each in (
        incidence,
        rate,
        months_to_first,
        infection_free_median,
        infection_death,
        alive,
        fatality,
        severe_share,
        low_igg,
        months_to_low_igg,
    )
}
