"""Discounting: factor exp(-delta t) with delta = log(1 + annual rate) / 12, so (1 + r)^(-t/12) at every month t."""

from __future__ import annotations

import numpy as np

from sim.model.parts import MONTHS_PER_YEAR, Floats


def monthly_rate(annual_rate: float) -> float:
    """Continuous rate per month that discounts like `annual_rate` per year."""
    return float(np.log1p(annual_rate) / MONTHS_PER_YEAR)


def factor(delta: float, time: Floats) -> Floats:
    """Present value at t = 0 of one unit at `time` (months)."""
    return np.exp(-delta * time)


def flow(delta: float, start: Floats | float, end: Floats) -> Floats:
    """Present value of one unit a month from `start` to `end`, in closed form.

    Args:
        delta: Continuous rate per month; 0 gives the plain length.
        start: Month at which the flow begins.
        end: Month at which it ends, not before `start`.

    Returns:
        Units, broadcast shape.
    """
    if delta == 0:
        return end - start
    return np.exp(-delta * start) * -np.expm1(-delta * (end - start)) / delta


def appointments(delta: float, start: Floats, interval: float, count: Floats) -> Floats:
    """Present value of one unit at each of `count` appointments, a geometric series.

    Args:
        delta: Continuous rate per month.
        start: Month of the first appointment; ignored where `count` is 0.
        interval: Months between appointments; inf for a single one.
        count: Number of appointments.

    Returns:
        Units, broadcast shape.
    """
    first: Floats = np.where(count > 0, start, 0.0)
    if delta == 0 or np.isinf(interval):
        return count * np.exp(-delta * first)
    series: Floats = np.expm1(-delta * interval * count) / np.expm1(-delta * interval)
    return np.exp(-delta * first) * series
