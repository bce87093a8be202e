"""First infections under gamma frailty, with exits that compete: one integral over time.

With frailty of mean 1 and variance v, cumulative hazard H(t) at frailty 1 and exits at rate m,

    F(t) = integral over s from 0 to t of h(s) (1 + v H(s))^(-1/v - 1) exp(-m s) ds

(Vaupel, Manton and Stallard 1979 for the frailty; the density of the first infection is h times the mean of
Z exp(-Z H)). Hazards are constant by pieces, so the integrand is smooth between their breaks and Gauss-Legendre
quadrature on panels there is accurate to ten digits. All functions work on many parameter sets at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST_PANEL = 3.0
"""Months; longer stretches are cut, so that the integrand stays close to a polynomial in each."""
NODES = 10
SMALLEST_VARIANCE = 1e-9


def still_free(cumulative_hazard: Floats, variance: Floats) -> Floats:
    """Probability of no infection yet, exits aside: (1 + v H)^(-1/v), exp(-H) without frailty.

    Args:
        cumulative_hazard: H at frailty 1, broadcasts.
        variance: v, broadcasts.
    """
    v = np.maximum(variance, SMALLEST_VARIANCE)
    return np.asarray(np.exp(-np.log1p(v * cumulative_hazard) / v), dtype=np.float64)


def first_event(
    months: tuple[float, ...],
    breaks: tuple[float, ...],
    hazards: Floats,
    variance: Floats,
    exit_rates: Floats,
    exit_shares: Floats,
) -> Floats:
    """Cumulative incidence of the first infection.

    Args:
        months: When, increasing, above 0.
        breaks: Months at which the hazard changes, the first 0.
        hazards: Hazard at frailty 1 from each break on, per month, shape (n, n_breaks).
        variance: Of the frailty, shape (n,).
        exit_rates: Per month, of groups of patients who differ in it alone, shape (n_groups, n).
        exit_shares: Of each group, shape (n_groups,).

    Returns:
        Probabilities, shape (n, n_months).
    """
    grid = _grid(months, breaks)
    so_far = hazards @ grid.spent
    v = np.maximum(variance, SMALLEST_VARIANCE)[:, None]
    density = hazards[:, grid.piece] * np.exp(-(1 / v + 1) * np.log1p(v * so_far))
    staying = sum(
        share * np.exp(-rate[:, None] * grid.time) for share, rate in zip(exit_shares, exit_rates, strict=True)
    )
    panel = (density * staying * grid.weight).reshape(len(hazards), -1, NODES).sum(axis=2)
    return np.asarray(np.cumsum(panel, axis=1)[:, grid.last_panel], dtype=np.float64)


def cumulative(time: Floats, breaks: tuple[float, ...], hazards: Floats) -> Floats:
    """Cumulative hazard at some months of hazards constant by pieces, shape (n, n_times)."""
    return np.asarray(hazards @ _spent(time, breaks), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Quadrature nodes: their months, weights, hazard pieces, time spent in each; last panel before each month."""

    time: Floats
    weight: Floats
    piece: NDArray[np.int64]
    spent: Floats
    last_panel: NDArray[np.int64]


@lru_cache(maxsize=256)
def _grid(months: tuple[float, ...], breaks: tuple[float, ...]) -> _Grid:
    edges = _edges((*months, *breaks), months[-1])
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    width = np.diff(edges)[:, None]
    time = (edges[:-1, None] + width * (nodes + 1) / 2).ravel()
    return _Grid(
        time,
        (width * weights / 2).ravel(),
        np.searchsorted(np.asarray(breaks), time, side="right") - 1,
        _spent(time, breaks),
        np.searchsorted(edges, months) - 1,
    )


def _spent(time: Floats, breaks: tuple[float, ...]) -> Floats:
    """Months spent in each piece by each time, shape (n_breaks, n_times)."""
    ends = [*breaks[1:], np.inf]
    return np.array([np.clip(time, start, end) - start for start, end in zip(breaks, ends, strict=True)])


def _edges(marks: tuple[float, ...], last: float) -> Floats:
    """Panel edges from 0 to `last`, at every mark and no further apart than `LONGEST_PANEL`."""
    inside = sorted({0.0, *(mark for mark in marks if 0 < mark <= last)})
    pieces = [
        np.linspace(start, end, int(np.ceil((end - start) / LONGEST_PANEL)) + 1)[:-1]
        for start, end in pairwise(inside)
    ]
    return np.concatenate([*pieces, [last]])
