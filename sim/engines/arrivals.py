"""When patients of a programme start treatment: a Poisson process on addressed luck, and under which strategy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.engines.infusion_centre import HOURS_PER_MONTH
from sim.model.parts import Floats, Integers
from sim.model.parts.programme import HOURS_PER_DAY, Arm, Programme
from sim.streams import Luck, unit_exponential

PATIENTS_PER_REPLICATION = 10**6
"""Patient k of replication r has number r times this plus k, so that no two replications share a patient."""

_BLOCK = 256
_WEEK = 7 * HOURS_PER_DAY


def poisson_starts(programme: Programme, luck: Luck, replication: int) -> Floats:
    """Months at which patients start, ascending, from the beginning of the warm-up to the end.

    One unit-rate process for each replication, in the coordinate of the expected number of patients: another rate
    moves the same patients closer together or further apart, and makes no new ones of them.

    Args:
        programme: Rates over time.
        luck: Source of addressed uniforms.
        replication: Number of the replication.
    """
    edges = [-programme.warm_up, *(month for month, _ in programme.arrivals[1:]), programme.months]
    edges = [min(edge, programme.months) for edge in edges]
    rates = np.array([rate for _, rate in programme.arrivals])
    lengths = np.array([later - earlier for earlier, later in pairwise(edges)])
    reached = np.concatenate([[0.0], np.cumsum(rates * lengths)])
    stream, which = luck.stream("programme:arrival"), np.array([replication])
    position, found = np.zeros(0), 0.0
    while found < reached[-1]:
        steps = unit_exponential(stream(which, np.arange(position.size, position.size + _BLOCK)))
        position = np.concatenate([position, found + np.cumsum(steps)])
        found = float(position[-1])
    position = position[position < reached[-1]]
    piece = np.searchsorted(reached, position, side="right") - 1
    starts: Floats = np.array(edges)[piece] + (position - reached[piece]) / rates[piece]
    return starts


def on_working_hours(programme: Programme, starts: Floats) -> Floats:
    """The same starts in the hours in which patients may come: treatment starts on working days.

    The hours of a week in which they may come are stretched over the whole week, so that patients who start at any
    time of the week are spread evenly over them, in the same order; nobody moves to another week.
    """
    chairs = programme.chairs
    if chairs is None or chairs.never_close:
        return starts
    day = np.arange(7)
    # Weeks begin on the weekday of the first day.
    workdays = day[(chairs.first_weekday + day) % 7 < chairs.days_per_week]
    length = min(chairs.closes, chairs.last_booking) - chairs.opens
    hours = starts * HOURS_PER_MONTH
    week = np.floor(hours / _WEEK)
    place = (hours / _WEEK - week) * workdays.size
    which = np.minimum(place.astype(np.int64), workdays.size - 1)
    hour = week * _WEEK + workdays[which] * HOURS_PER_DAY + chairs.opens + (place - which) * length
    moved: Floats = np.maximum(hour / HOURS_PER_MONTH, -programme.warm_up)
    return moved


def patient_numbers(replication: int, count: int) -> Integers:
    """Numbers of the patients of a replication, in the order in which they start."""
    return replication * PATIENTS_PER_REPLICATION + np.arange(count, dtype=np.int64)


def strategies_of(arm: Arm, luck: Luck, patient: Integers) -> Integers:
    """Strategy index of each patient: the same piece of luck in every arm, held against the arm's shares."""
    edges = np.cumsum(arm.shares)
    mark = luck.stream("programme:strategy")(patient, 0)
    last = max(index for index, share in enumerate(arm.shares) if share > 0)
    return np.minimum(np.searchsorted(edges, mark, side="right"), last).astype(np.int64)
