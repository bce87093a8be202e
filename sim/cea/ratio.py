"""Confidence set of an incremental cost-effectiveness ratio whose numerator and denominator are both estimates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import ndtri

__all__ = ["RatioSet", "SetShape", "fieller"]


class SetShape(StrEnum):
    """What the confidence set of a ratio looks like."""

    INTERVAL = "interval"
    """The denominator is clearly not 0: all ratios from low to high."""
    OUTSIDE = "outside"
    """The denominator may be 0: all ratios up to low, and all from high."""
    LINE = "line"
    """Neither is clearly not 0: no ratio is excluded."""


@dataclass(frozen=True)
class RatioSet:
    """Every ratio that the estimates do not contradict.

    Attributes:
        shape: An interval, the outside of one, or the whole line.
        low: Lower limit; -inf for the whole line.
        high: Upper limit; inf for the whole line.
    """

    shape: SetShape
    low: float
    high: float

    def __contains__(self, ratio: float) -> bool:
        """Whether a ratio belongs to the set."""
        inside = self.low <= ratio <= self.high
        return not self.low < ratio < self.high if self.shape is SetShape.OUTSIDE else inside


def fieller(
    numerator: float,
    denominator: float,
    *,
    variance_numerator: float,
    variance_denominator: float,
    covariance: float,
    level: float = 0.95,
) -> RatioSet:
    """Confidence set of numerator / denominator for jointly normal estimates (Fieller 1954, JRSS B 16:175).

    A ratio r belongs to it if numerator - r * denominator is within z standard errors of 0. Unlike the delta
    method it holds where the denominator is close to 0, and says so by its shape.

    Args:
        numerator: Estimate, e.g. the mean difference in cost.
        denominator: Estimate, e.g. the mean difference in QALYs.
        variance_numerator: Variance of the estimate (standard error squared).
        variance_denominator: The same of the denominator.
        covariance: Covariance of the two estimates.
        level: Confidence, between 0 and 1.

    Returns:
        The set.
    """
    z2 = float(ndtri((1 + level) / 2)) ** 2
    a = denominator**2 - z2 * variance_denominator
    half_b = numerator * denominator - z2 * covariance
    c = numerator**2 - z2 * variance_numerator
    discriminant = half_b**2 - a * c
    if a > 0:
        # Rounding alone can make the discriminant of an exactly known ratio negative.
        root = math.sqrt(max(discriminant, 0.0))
        return RatioSet(SetShape.INTERVAL, (half_b - root) / a, (half_b + root) / a)
    if a < 0 and discriminant > 0:
        root = math.sqrt(discriminant)
        return RatioSet(SetShape.OUTSIDE, (half_b + root) / a, (half_b - root) / a)
    return RatioSet(SetShape.LINE, -math.inf, math.inf)
