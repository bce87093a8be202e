"""Which infections strike, how often, and what one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts.units import GRADE_3PLUS, Floats, Integers


@dataclass(frozen=True)
class Infections:
    """Causes of infection; arrays indexed [cause] or [cause, grade], rates [target, cause, grade].

    Attributes:
        causes: Names, in scenario order.
        rate: Per month on treatment, without prophylaxis, at frailty 1.
        only_in: Serostatus index whose positives alone are struck; -1 for everybody.
        off_multiplier: Speed of the exposure clock after the bispecific has ended.
        hazard_ratio: Under immunoglobulin protection.
        case_fatality: Of a grade >= 3 infection.
        stop_probability: That a survived grade >= 3 infection ends the bispecific for good.
        cost: Per infection.
        hospital_days: Per infection.
        qaly_loss: Per non-fatal infection, in QALYs.
        hold: Months for which the bispecific is held after the infection.
    """

    causes: tuple[str, ...]
    rate: Floats
    only_in: Integers
    off_multiplier: float
    hazard_ratio: Floats
    case_fatality: Floats
    stop_probability: Floats
    cost: Floats
    hospital_days: Floats
    qaly_loss: Floats
    hold: Floats

    @property
    def total_rate(self) -> Floats:
        """Rate of candidate infections, both grades, shape (n_targets, n_causes)."""
        return np.asarray(self.rate.sum(axis=-1), dtype=np.float64)

    @property
    def share_grade_3plus(self) -> Floats:
        """Share of candidates that are grade >= 3, (n_targets, n_causes); 0 where there is no rate."""
        total = self.total_rate
        return np.divide(self.rate[..., GRADE_3PLUS], total, out=np.zeros_like(total), where=total > 0)
