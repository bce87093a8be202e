"""The exposure clock of a patient: how fast infections come, relative to the rates of the scenario.

On treatment it runs at the multiplier of the current hazard period of the patient's target, times that of reduced
dosing for responders; after treatment at `off_multiplier`. All causes share it, so the order of a patient's
candidates is the same under every strategy, and a treatment that ends earlier only moves them in calendar time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts import Floats, Integers
from sim.model.structure import Baseline, ClinicalModel


@dataclass(frozen=True)
class Pace:
    """Piecewise constant speeds by group of patients (target, and whether responder).

    Attributes:
        starts: Month at which each piece begins, [group, piece]; nan for pieces a group does not have.
        speeds: Speed in each piece, same shape.
        shown: What the clock shows at each start, same shape.
        off_multiplier: Speed after treatment.
    """

    starts: Floats
    speeds: Floats
    shown: Floats
    off_multiplier: float

    @classmethod
    def of(cls, model: ClinicalModel) -> Pace:
        """The clocks of a compiled model."""
        pieces = [
            _pieces(model, target, is_responder)
            for target in range(len(model.targets))
            for is_responder in (False, True)
        ]
        width = max(len(starts) for starts, _ in pieces)
        starts = np.full((len(pieces), width), np.nan)
        speeds = np.ones((len(pieces), width))
        shown = np.full((len(pieces), width), np.nan)
        for group, (at, speed) in enumerate(pieces):
            n = len(at)
            starts[group, :n], speeds[group, :n] = at, speed
            shown[group, :n] = np.concatenate([[0.0], np.cumsum(np.diff(at) * speed[:-1])])
        return cls(starts, speeds, shown, model.infections.off_multiplier)

    @property
    def is_plain(self) -> bool:
        """Whether every clock runs at speed 1 on treatment, so that exposure is calendar time."""
        return bool(self.starts.shape[1] == 1 and np.all(self.speeds == 1))

    def exposure(self, time: Floats, group: Integers) -> Floats:
        """What the clock shows at a month on treatment; `group` broadcasts with `time`."""
        if self.is_plain:
            return time
        piece = np.zeros(np.broadcast_shapes(time.shape, group.shape), dtype=np.int64)
        for p in range(1, self.starts.shape[1]):
            piece = np.where(time >= self.starts[group, p], p, piece)
        with np.errstate(invalid="ignore"):
            gone = np.where(self.speeds[group, piece] > 0, time - self.starts[group, piece], 0.0)
        return self.shown[group, piece] + self.speeds[group, piece] * gone

    def time(self, exposure: Floats, stop: Floats, group: Integers) -> Floats:
        """Calendar month at which the clock shows `exposure`.

        Args:
            exposure: Months of exposure.
            stop: Month at which the bispecific ends; broadcasts with `exposure`.
            group: Group of each patient, see `groups`.

        Returns:
            Months; inf where the clock never gets there.
        """
        at_stop = self.exposure(stop, group)
        with np.errstate(invalid="ignore", divide="ignore"):
            rest = (
                (exposure - at_stop) / self.off_multiplier if self.off_multiplier > 0 else np.full_like(stop, np.inf)
            )
            return np.where(exposure <= at_stop, self._on_treatment(exposure, group), stop + rest)

    def furthest(self, stop: Floats, end: Floats, group: Integers) -> Floats:
        """An upper bound of what the clock shows at a month, if an infection may end treatment before `stop`.

        Args:
            stop: Month at which the bispecific ends at the latest.
            end: Month asked about, finite.
            group: Group of each patient.

        Returns:
            Months of exposure, a hair above the bound so that rounding loses nothing; shape of `end`.
        """
        on = np.minimum(stop, end)
        shown = self.exposure(on, group) + self.off_multiplier * (end - on)
        slowest, fastest = np.min(self.speeds), max(float(np.max(self.speeds)), self.off_multiplier)
        return (shown if self.off_multiplier <= slowest else fastest * end) * (1 + 1e-9)

    def _on_treatment(self, exposure: Floats, group: Integers) -> Floats:
        if self.is_plain:
            return exposure
        piece = np.zeros(np.broadcast_shapes(exposure.shape, group.shape), dtype=np.int64)
        for p in range(1, self.starts.shape[1]):
            # A piece of speed 0 is passed over: the clock shows the same at its end as at its start.
            piece = np.where(exposure > self.shown[group, p], p, piece)
        return self.starts[group, piece] + (exposure - self.shown[group, piece]) / self.speeds[group, piece]


def _pieces(model: ClinicalModel, target: int, is_responder: bool) -> tuple[Floats, Floats]:
    """Starts and speeds of one group."""
    periods = model.targets[target]
    treatment = model.treatment
    starts = set(periods.period_starts)
    if is_responder and np.isfinite(treatment.reduced_from):
        starts.add(treatment.reduced_from)
    at = np.array(sorted(starts))
    period = np.searchsorted(np.array(periods.period_starts), at, side="right") - 1
    speed = np.array(periods.period_multipliers)[period]
    if is_responder:
        speed = speed * np.where(at >= treatment.reduced_from, treatment.reduced_infection_multiplier, 1.0)
    if np.all(speed == speed[0]):
        return at[:1], speed[:1]
    return at, speed


def groups(baseline: Baseline) -> Integers:
    """Clock group of each patient: target, and whether responder."""
    return 2 * baseline.target + baseline.responder
