"""Infections by cause: rates, what they do, and the hazard ratios of immunoglobulin as the scenario states them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.build.numbers import grades, serostatus_index, table
from sim.model import parts as m
from sim.scenario import Scenario, infections, prophylaxis


def infections_of(scenario: Scenario) -> m.Infections:
    """Causes as arrays [target, cause, grade] or [cause, grade]."""
    causes = scenario.infections.causes
    rate = np.array([[_rates(cause, target) for cause in causes.values()] for target in scenario.targets])
    decrement = table(cause.utility_decrement for cause in causes.values())
    duration = table(cause.duration_days for cause in causes.values())
    return m.Infections(
        causes=tuple(causes),
        rate=rate,
        only_in=np.array([serostatus_index(scenario, cause.only_in) for cause in causes.values()]),
        off_multiplier=scenario.infections.off_treatment_multiplier.value,
        hazard_ratio=_stated_ratio(scenario.immunoglobulin, causes),
        case_fatality=np.array([cause.case_fatality.grade_3plus.value for cause in causes.values()]),
        stop_probability=np.array([cause.stop_probability.grade_3plus.value for cause in causes.values()]),
        cost=table(cause.cost for cause in causes.values()),
        hospital_days=table(cause.hospital_days for cause in causes.values()),
        qaly_loss=decrement * duration / m.DAYS_PER_YEAR,
        hold=table(cause.hold_days for cause in causes.values()) / m.DAYS_PER_MONTH,
    )


def _rates(cause: infections.Cause, target: str) -> tuple[float, float]:
    return grades(cause.rate_per_month[target]) if target in cause.rate_per_month else (0.0, 0.0)


def _stated_ratio(ig: prophylaxis.Immunoglobulin, causes: Iterable[str]) -> m.Floats:
    """Hazard ratios as the scenario states them, [cause, grade]."""
    return table(ig.hr_by_cause.get(cause, ig.hr) for cause in causes)
