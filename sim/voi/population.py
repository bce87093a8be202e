"""From one decision to everyone it is made for."""

from __future__ import annotations

import math

from sim.errors import Problem, UsageError
from sim.voi.checks import at_least


def population_factor(
    patients_per_year: float, years: float, discount_rate_per_year: float, *, from_year: float = 0.0
) -> float:
    """Discounted number of patients whom a decision concerns.

    Patients arrive evenly, and each is discounted to today at the moment of arrival, by (1 + rate) ** -t.
    At a rate of 0 this is the plain number of patients, and it is continuous there.

    Args:
        patients_per_year: New patients a year who face the decision.
        years: Until the decision is no longer relevant, counted from today.
        discount_rate_per_year: Annual rate, for instance 0.035.
        from_year: When the first patient can benefit, counted from today.

    Returns:
        Patients; 0 if none comes in time.

    Raises:
        UsageError: A number is negative or not finite.
    """
    problems: list[Problem] = []
    at_least(problems, "patients_per_year", patients_per_year, 0)
    at_least(problems, "years", years, 0)
    at_least(problems, "discount_rate_per_year", discount_rate_per_year, 0)
    at_least(problems, "from_year", from_year, 0)
    if problems:
        msg = "the population cannot be counted"
        raise UsageError(msg, problems)
    span = max(0.0, years - from_year)
    force = math.log1p(discount_rate_per_year)
    length = -math.expm1(-force * span) / force if force > 0 else span
    return patients_per_year * math.exp(-force * from_year) * length


def years_of(years: float) -> list[tuple[float, float]]:
    """Beginning and end of every year of a time, the last of them perhaps a part of one."""
    return [(float(year), min(year + 1.0, years)) for year in range(math.ceil(years))]


def population_evpi(
    evpi_per_patient: float, patients_per_year: float, years: float, discount_rate_per_year: float
) -> float:
    """What perfect information is worth to everyone the decision concerns; serves EVPPI as well.

    Args:
        evpi_per_patient: Of one decision.
        patients_per_year: New patients a year who face it.
        years: For how many years.
        discount_rate_per_year: Annual rate.

    Returns:
        In the unit of the value given.

    Raises:
        UsageError: A number is negative or not finite.
    """
    problems: list[Problem] = []
    at_least(problems, "evpi_per_patient", evpi_per_patient, 0)
    if problems:
        msg = "the value cannot be multiplied"
        raise UsageError(msg, problems)
    return evpi_per_patient * population_factor(patients_per_year, years, discount_rate_per_year)
