"""Exits that no strategy causes: the end of the bispecific, and death without infection."""

from __future__ import annotations

import numpy as np

from sim.model.parts import MONTHS_PER_YEAR, Booleans, Floats, LifeTable, Treatment


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


def death_time(treatment: Treatment, hazard: Floats, stop: Floats, age_years: Floats, male: Booleans) -> Floats:
    """Month of death without infection.

    The hazard is that of the disease, which changes at `stop`, plus that of the life table, if there is one. The
    patient keeps the luck `hazard` whatever happens to `stop`; only its translation into months changes, so
    a treatment that ends early never re-rolls a death.

    Args:
        treatment: Death rates and life table.
        hazard: Standard exponential luck, shape (n_patients,).
        stop: Month at which the bispecific ends, same shape; inf for never.
        age_years: Age at month 0, same shape.
        male: Sex, same shape.

    Returns:
        Months, same shape; inf where death never comes.
    """
    on, off = treatment.death_rate_on, treatment.death_rate_off
    if treatment.life_table is None:
        return death_time_at_rates(hazard, stop, on, off)
    return _death_time_by_table(treatment.life_table, on, off, hazard, stop, age_years, male)


def death_time_at_rates(hazard: Floats, stop: Floats, rate_on: float, rate_off: float) -> Floats:
    """Month of death at a hazard that changes once, at `stop`.

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


def _death_time_by_table(
    table: LifeTable, rate_on: float, rate_off: float, hazard: Floats, stop: Floats, age_years: Floats, male: Booleans
) -> Floats:
    """The same with a life table added: year of life by year of life, each cut in two where treatment ends."""
    died = np.full(hazard.shape, np.inf)
    sex, last = male.astype(np.int64), table.rate.shape[1] - 1
    birthday = np.floor(age_years)
    row = birthday.astype(np.int64) - table.first_age
    start, left = np.zeros(hazard.shape), hazard.copy()
    (who,) = np.nonzero(np.isfinite(hazard))
    year = 0
    while who.size:
        reached = np.minimum(row[who] + year, last)
        background = table.rate[sex[who], reached]
        end = np.where(reached == last, np.inf, (birthday[who] + (year + 1) - age_years[who]) * MONTHS_PER_YEAR)
        # Subtracting an age leaves rounding errors: a year of life never ends before it begins.
        end = np.maximum(end, start[who])
        turn = np.clip(stop[who], start[who], end)
        now, rest, found = start[who], left[who], np.full(who.size, np.nan)
        for until, rate in ((turn, rate_on + background), (end, rate_off + background)):
            with np.errstate(divide="ignore", invalid="ignore"):
                spent = np.where(rate > 0, rate * (until - now), 0.0)
                dies = np.isnan(found) & (rest <= spent)
                found = np.where(dies, now + rest / rate, found)
            rest, now = np.maximum(rest - spent, 0.0), until
        died[who] = np.where(np.isnan(found), np.inf, found)
        left[who], start[who] = rest, now
        who = who[np.isnan(found) & np.isfinite(end)]
        year += 1
    return died
