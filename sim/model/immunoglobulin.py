"""Immunoglobulin: how much an infusion holds, and when it protects."""

from __future__ import annotations

import numpy as np

from sim.model.structure import Booleans, Floats, Immunoglobulin


def grams_per_infusion(weight_kg: Floats, regimen: Immunoglobulin) -> Floats:
    """Grams of one infusion: dose times weight, rounded up to whole vials where a vial size is given.

    Args:
        weight_kg: Body weight, shape (n_patients,).
        regimen: Dose in g/kg and vial size in g (0: no rounding).

    Returns:
        Grams, shape (n_patients,).
    """
    grams = regimen.dose_g_per_kg * weight_kg
    if regimen.vial_size_g == 0:
        return grams
    # A dose that is a whole number of vials up to rounding must not be charged one vial more.
    return np.ceil(grams / regimen.vial_size_g - 1e-9) * regimen.vial_size_g


def is_protected(time: Floats, start: Floats, last_infusion: Floats, regimen: Immunoglobulin) -> Booleans:
    """Whether immunoglobulin protects at `time`.

    Protection sets in `onset_lag` after the first infusion and lasts while the latest infusion is less than
    `protection` months old; an interval longer than that leaves a gap before each infusion.

    Args:
        time: Month asked about.
        start: Month of the first infusion; inf for never.
        last_infusion: Month of the latest infusion at or before `time`; -inf for none.
        regimen: Onset lag and duration of protection in months.

    Returns:
        True where protected.
    """
    return (time >= start + regimen.onset_lag) & (time < last_infusion + regimen.protection)
