"""The reference item: its numbers, its exact answer, and what a contender reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OUTCOMES = ("cost", "qaly", "life_years", "infections")
STRATEGIES = ("none", "primary")
INFECTION, SHARE_SEVERE, FATAL = 0.10, 0.35, 0.05
STOP, DEATH_ON, DEATH_OFF, HORIZON = 0.06, 0.02, 0.05, 60.0
RATIO_MILD, RATIO_SEVERE = (1.0, 0.80), (1.0, 0.38)
FLOW = (0.0, 2500.0)
COST_MILD, COST_SEVERE = 800.0, 20_000.0
UTILITY_ON, UTILITY_OFF = 0.70, 0.60
DISCOUNT = math.log(1.03) / 12
PER_HISTORY_EVENTS = 2.64


def exact() -> Floats:
    """Means of every outcome under every strategy, [outcome, strategy]: three states, so exponentials are enough."""

    def spent(rate: float, discount: float) -> float:
        return (1 - math.exp(-(rate + discount) * HORIZON)) / (rate + discount)

    found = []
    for s in range(2):
        mild = INFECTION * (1 - SHARE_SEVERE) * RATIO_MILD[s]
        severe = INFECTION * SHARE_SEVERE * RATIO_SEVERE[s]
        leave = STOP + DEATH_ON + FATAL * severe

        def months(discount: float, leave: float = leave) -> tuple[float, float]:
            on = spent(leave, discount)
            return on, STOP / (leave - DEATH_OFF) * (spent(DEATH_OFF, discount) - on)

        on, off = months(DISCOUNT)
        plain_on, plain_off = months(0.0)
        cost = on * (mild * COST_MILD + severe * COST_SEVERE + FLOW[s])
        qaly = (UTILITY_ON * on + UTILITY_OFF * off) / 12
        found.append((cost, qaly, (plain_on + plain_off) / 12, plain_on * (mild + severe)))
    return np.array(found).T


@dataclass(frozen=True)
class Played:
    """What a contender reports.

    Attributes:
        histories: One patient under one strategy each.
        seconds: CPU seconds of the simulation, without imports and set-up.
        mean: [outcome, strategy].
        error: Standard errors of the means, same shape; nan where the contender gives none.
        peak_mib: Largest resident memory of its process.
    """

    histories: int
    seconds: float
    mean: Sequence[Sequence[float]]
    error: Sequence[Sequence[float]]
    peak_mib: float

    @property
    def worst(self) -> float:
        """Largest distance from the exact answer, in standard errors."""
        distance = np.abs(np.array(self.mean) - exact()) / np.array(self.error)
        return float(np.nanmax(distance))

    @property
    def rate(self) -> float:
        """Histories a CPU second."""
        return self.histories / self.seconds

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def from_sums(patients: int, seconds: float, sums: Floats, squares: Floats, peak_mib: float) -> Played:
    """A report from sums over patients and sums of squares, [outcome, strategy]."""
    mean = sums / patients
    error = np.sqrt((squares / patients - mean**2) / (patients - 1))
    return Played(2 * patients, seconds, mean.tolist(), error.tolist(), peak_mib)
