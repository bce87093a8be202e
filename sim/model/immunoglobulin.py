"""Immunoglobulin: how much an infusion holds, when it protects, and how strongly."""

from __future__ import annotations

import numpy as np

from sim.model.parts import Booleans, DoseAdjustment, Floats, Regimen


def grams_per_infusion(weight_kg: Floats, regimen: Regimen, factor: Floats | float = 1.0) -> Floats:
    """Grams of one infusion: dose times weight, rounded up to whole vials where a vial size is given.

    Args:
        weight_kg: Body weight.
        regimen: Dose in g/kg and vial size in g (0: no rounding).
        factor: Factor of the dose adjustment in force; broadcasts.

    Returns:
        Grams, broadcast shape.
    """
    grams = regimen.dose_g_per_kg * weight_kg * factor
    if regimen.vial_size_g == 0:
        return grams
    # A dose that is a whole number of vials up to rounding must not be charged one vial more.
    return np.ceil(grams / regimen.vial_size_g - 1e-9) * regimen.vial_size_g


def is_protected(
    time: Floats, start: Floats, last_infusion: Floats, onset_lag: Floats | float, protection: Floats | float
) -> Booleans:
    """Whether immunoglobulin protects at `time`.

    Protection sets in `onset_lag` after the first infusion and lasts while the latest infusion is less than
    `protection` months old; an interval longer than that leaves a gap before each infusion.

    Args:
        time: Month asked about.
        start: Month of the first infusion; inf for never.
        last_infusion: Month of the latest infusion before `time`; -inf for none.
        onset_lag: Months.
        protection: Months.

    Returns:
        True where protected.
    """
    return (time >= start + onset_lag) & (time < last_infusion + protection)


def is_given(mark: Floats, number: Floats, adherence: Floats | float) -> Booleans:
    """Whether scheduled infusion `number` (from 0) is given; the first always is."""
    return np.asarray((mark < adherence) | (number == 0))


def dose_factor(time: Floats, steps: Floats, quiet_since: Floats, adjustment: DoseAdjustment) -> Floats:
    """Factor on the dose of an infusion.

    Args:
        time: Month of the infusion.
        steps: Serious infections since the first infusion.
        quiet_since: Month of the last of them, or of the first infusion.
        adjustment: The rule.

    Returns:
        Factor, broadcast shape.
    """
    raised = np.minimum(adjustment.step_up**steps, adjustment.maximum)
    return np.where(time - quiet_since >= adjustment.down_after, raised * adjustment.down, raised)


def ratio_at_dose(hazard_ratio: Floats, factor: Floats, exponent: float) -> Floats:
    """Hazard ratio at a dose `factor` times the standard one: hr ** (factor ** exponent) (assumption)."""
    return hazard_ratio if exponent == 0 else hazard_ratio ** (factor**exponent)
