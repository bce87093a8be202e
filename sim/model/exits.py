"""Exits that no strategy causes: the end of the bispecific, and death without infection."""

from __future__ import annotations

import numpy as np

from sim.model.parts import Floats


def stop_time(hazard: Floats, stop_rate: Floats) -> Floats:
    """Month at which the bispecific ends by itself.

    Args:
        hazard: Standard exponential luck, any shape.
        stop_rate: Per month, of each patient's agent; 0 means never (inf).

    Returns:
        Months, shape of `hazard`.
    """
    with np.errstate(divide="ignore"):
        return hazard / stop_rate


def death_time(hazard: Floats, stop: Floats, rate_on: float, rate_off: float) -> Floats:
    """Month of death without infection: the inverse of a hazard that changes once, at `stop`.

    The patient keeps the luck `hazard` whatever happens to `stop`; only its translation into months changes, so
    a treatment that ends early never re-rolls a death.

    Args:
        hazard: Standard exponential luck.
        stop: Month at which the bispecific ends; inf for never. Broadcasts with `hazard`.
        rate_on: Per month while on treatment.
        rate_off: Per month after it.

    Returns:
        Months, broadcast shape; inf where death never comes.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        spent = rate_on * stop if rate_on > 0 else np.zeros_like(stop)
        before = hazard / rate_on if rate_on > 0 else np.full_like(hazard, np.inf)
        after = stop + (hazard - spent) / rate_off if rate_off > 0 else np.full_like(stop, np.inf)
    return np.where(hazard <= spent, before, after)
