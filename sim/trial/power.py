"""Power by Schoenfeld's formula (Biometrics 1983;39:499), the textbook figure beside the simulated one."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri


def schoenfeld_power(log_ratio: float, events: float, share: float, significance: float) -> float:
    """Power of a two-sided log-rank or Cox test.

    Args:
        log_ratio: Log hazard ratio of the arms.
        events: Expected events of both together.
        share: Of the patients in one of the two arms.
        significance: Two-sided level.

    Returns:
        Probability of rejecting in the right direction or the wrong one.
    """
    shift = abs(log_ratio) * math.sqrt(events * share * (1 - share))
    limit = float(ndtri(1 - significance / 2))
    return float(ndtr(shift - limit) + ndtr(-shift - limit))


def schoenfeld_events(log_ratio: float, share: float, significance: float, power: float) -> float:
    """Events that give a power; inf where there is no effect."""
    if log_ratio == 0:
        return math.inf
    limits = float(ndtri(1 - significance / 2) + ndtri(power))
    return limits**2 / (share * (1 - share) * log_ratio**2)
