"""Which values to play: axes as typed, and the points of a grid, Latin hypercube or Sobol design over them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np

# Its statistics are loaded when first asked for: a grid needs none, nor a worker that is handed its point.
import scipy

from sim.errors import Problem, UsageError
from sim.model.parts import Floats
from sim.scenario import parse_setting

Design = Literal["grid", "lhs", "sobol"]
DESIGNS: tuple[str, ...] = get_args(Design)
MOST_POINTS = 1_000_000
ALLOWED = "must be PATH=START:STOP:N, PATH=START:STOP:N:log or PATH=VALUE,VALUE,..."


@dataclass(frozen=True)
class Axis:
    """One path and the values it takes: a range, or listed values.

    Attributes:
        path: Dotted path in the scenario.
        start: First value of a range.
        stop: Last value of it.
        n: Values of it on a grid; 0 if not given.
        log: Whether equal steps are equal ratios.
        listed: The values, where they are listed instead.
    """

    path: str
    start: float = math.nan
    stop: float = math.nan
    n: int = 0
    log: bool = False
    listed: tuple[object, ...] = ()

    def at(self, share: float) -> object:
        """The value at a share of the way from start to stop, 0 to 1; among listed values each has an equal part."""
        if self.listed:
            return self.listed[min(int(share * len(self.listed)), len(self.listed) - 1)]
        if share in (0.0, 1.0):
            value = self.stop if share else self.start
        elif self.log:
            value = self.start * (self.stop / self.start) ** share
        else:
            value = self.start + (self.stop - self.start) * share
        value = float(f"{value:.12g}")  # 0.3, not 0.30000000000000004
        return int(value) if value.is_integer() and abs(value) < 2**53 else value

    @property
    def ends(self) -> tuple[object, ...]:
        """Values that must be allowed if all are to be."""
        return self.listed or (self.at(0), self.at(1))

    @property
    def on_grid(self) -> tuple[object, ...]:
        """Its values on a grid."""
        return self.listed or tuple(self.at(float(share)) for share in np.linspace(0, 1, self.n))


def parse_axes(texts: Sequence[str], option: str = "--vary") -> tuple[Axis, ...]:
    """Read axes.

    Args:
        texts: Each PATH=START:STOP:N, PATH=START:STOP:N:log, PATH=START:STOP (no grid) or PATH=VALUE,VALUE,...
        option: Name of the option, for the message.

    Raises:
        UsageError: Naming every text that cannot be read, and every path given twice.
    """
    axes: list[Axis] = []
    problems = []
    for text in texts:
        path, equals, values = (part.strip() for part in text.partition("="))
        axis = _axis(path, values) if path and equals else None
        if axis is None:
            problems.append(Problem(option, text, ALLOWED))
        elif axis.path in [other.path for other in axes]:
            problems.append(Problem(option, text, "names a path a second time"))
        else:
            axes.append(axis)
    if problems:
        raise UsageError("what to vary cannot be read", problems)
    return tuple(axes)


def _axis(path: str, values: str) -> Axis | None:
    parts = [part.strip() for part in values.split(":")]
    if len(parts) == 1:
        listed = tuple(parse_setting(f"{path}={value}")[1] for value in values.split(",") if value.strip())
        return Axis(path, listed=listed) if listed else None
    log = parts[-1] == "log"
    try:
        start, stop, *count = (float(part) for part in (parts[:-1] if log else parts))
    except ValueError:
        return None
    n = count[0] if count else 0.0
    if len(count) > 1 or not n.is_integer() or n == 1 or n < 0 or not math.isfinite(start) or not math.isfinite(stop):
        return None
    if start == stop or (log and min(start, stop) <= 0):
        return None
    return Axis(path, start, stop, int(n), log)


def points(axes: Sequence[Axis], design: Design, n: int, seed: int) -> tuple[tuple[tuple[object, ...], ...], str]:
    """Values of every axis at every point.

    Args:
        axes: What varies; at least one.
        design: "grid" (every combination, the last axis fastest), "lhs" (Latin hypercube, McKay et al. 1979) or
            "sobol" (scrambled Sobol sequence).
        n: Points of lhs and sobol.
        seed: Root of lhs and of the scrambling; a whole number from 0.

    Returns:
        The points, and a warning (empty for none).

    Raises:
        UsageError: There is nothing to vary, a grid axis has no N, or the number of points cannot be used.
    """
    problems = [Problem("--vary", "", "is needed at least once")] if not axes else []
    if design == "grid":
        problems += [
            Problem("--vary", axis.path, "needs N for a grid: START:STOP:N")
            for axis in axes
            if not axis.listed and not axis.n
        ]
        n = math.prod(len(axis.listed) or axis.n for axis in axes)
    if not problems and not 1 <= n <= MOST_POINTS:
        problems.append(Problem("points", f"{n:,}", f"must be from 1 to {MOST_POINTS:,}"))
    if problems:
        raise UsageError("no such design", problems)
    if design == "grid":
        return tuple(product(*(axis.on_grid for axis in axes))), ""
    if design == "lhs":
        shares, warning = scipy.stats.qmc.LatinHypercube(len(axes), rng=np.random.default_rng(seed)).random(n), ""
    else:
        shares, warning = _sobol(len(axes), n, seed)
    return at_shares(axes, shares), warning


def at_shares(axes: Sequence[Axis], shares: Floats) -> tuple[tuple[object, ...], ...]:
    """Points from shares of the way along each axis, shape (n_points, n_axes)."""
    return tuple(tuple(axis.at(float(u)) for axis, u in zip(axes, row, strict=True)) for row in shares)


def _sobol(dimensions: int, n: int, seed: int) -> tuple[Floats, str]:
    warning = ""
    if n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        warning = (
            f"{n:,} points of a Sobol sequence are not balanced; a power of two is ({below:,} or {2 * below:,})."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said in our own words
        shares = scipy.stats.qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random(n)
    return shares, warning
