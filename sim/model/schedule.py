"""Regular appointments: the k-th falls at start + k * interval, whoever asks and in whatever order.

Both engines must agree to the last bit on how many infusions or tests fall before a given month, so the count is
defined by comparing those very numbers, not by the rounded quotient that first guesses it.
"""

from __future__ import annotations

import numpy as np

from sim.model.parts import Floats, Integers


def appointment(start: Floats | float, interval: Floats | float, k: Floats | Integers) -> Floats:
    """Month of appointment k (from 0)."""
    return np.asarray(start + k * interval, dtype=np.float64)


def count_before(start: Floats, interval: Floats | float, limit: Floats) -> Floats:
    """Number of appointments strictly before `limit`.

    Args:
        start: Month of the first appointment; inf for none.
        interval: Months between appointments; inf for a single one.
        limit: Month; finite or inf (inf only where `start` is inf too).

    Returns:
        Counts as floats, broadcast shape.
    """
    some = start < limit
    if np.all(np.isinf(interval)):
        return np.where(some, 1.0, 0.0)
    with np.errstate(invalid="ignore"):
        guess = np.where(some, np.ceil((limit - start) / interval), 1.0)
        too_many = appointment(start, interval, guess - 1) >= limit
        guess = np.where(too_many, guess - 1, guess)
        too_few = appointment(start, interval, guess) < limit
    return np.where(some, np.where(too_few, guess + 1, guess), 0.0)


def count_until(start: Floats, interval: Floats | float, limit: Floats) -> Floats:
    """Number of appointments at or before `limit`, which is finite; other arguments as in `count_before`."""
    some = start <= limit
    if np.all(np.isinf(interval)):
        return np.where(some, 1.0, 0.0)
    with np.errstate(invalid="ignore"):
        guess = np.where(some, np.floor((limit - start) / interval) + 1, 1.0)
        too_many = appointment(start, interval, guess - 1) > limit
        guess = np.where(too_many, guess - 1, guess)
        too_few = appointment(start, interval, guess) <= limit
    return np.where(some, np.where(too_few, guess + 1, guess), 0.0)
