"""Expected net benefit of sampling (ENBS): whether a trial is worth its cost, and how large it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import Problem, UsageError
from sim.voi.checks import at_least
from sim.voi.evsi import Evsi
from sim.voi.population import population_factor

_DISTINGUISHABLE = 1.96
"""Standard errors of a paired difference beyond which two sizes differ."""


@dataclass(frozen=True)
class TrialPlan:
    """What a two-arm trial costs and when it reports.

    Attributes:
        fixed_cost: Of running it at all, paid today.
        cost_per_patient: Of each patient in either arm, paid today: that is on the cautious side.
        recruited_per_year: Patients who join in a year, both arms together; infinite: all at once.
        follow_up_years: From the last patient's joining to the report.
    """

    fixed_cost: float
    cost_per_patient: float
    recruited_per_year: float = math.inf
    follow_up_years: float = 0.0

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        at_least(problems, "fixed_cost", self.fixed_cost, 0)
        at_least(problems, "cost_per_patient", self.cost_per_patient, 0)
        at_least(problems, "follow_up_years", self.follow_up_years, 0)
        if not self.recruited_per_year > 0:
            problems.append(Problem("recruited_per_year", f"{self.recruited_per_year:g}", "above 0"))
        if problems:
            msg = "the trial cannot be planned"
            raise UsageError(msg, problems)

    def cost(self, n_per_arm: int) -> float:
        """Cost of the whole trial."""
        return self.fixed_cost + self.cost_per_patient * 2 * n_per_arm

    def years_to_report(self, n_per_arm: int) -> float:
        """From today to the result."""
        return 2 * n_per_arm / self.recruited_per_year + self.follow_up_years


@dataclass(frozen=True)
class Enbs:
    """Expected net benefit of sampling of one size.

    Attributes:
        n_per_arm: Patients in each of the two arms.
        value: Population EVSI less the cost of the trial.
        standard_error: Of the value.
        population_evsi: EVSI over all patients to come after the report.
        patients: Those patients, discounted.
        cost: Of the trial.
        as_good_as_best: Whether the best size is not distinguishably better, by paired replicates.
    """

    n_per_arm: int
    value: float
    standard_error: float
    population_evsi: float
    patients: float
    cost: float
    as_good_as_best: bool


@dataclass(frozen=True)
class EnbsCurve:
    """ENBS by size of trial.

    Attributes:
        sizes: One result for each size, in the order given.
        optimal_n_per_arm: Size of the highest ENBS; None where no size has one above 0: run no trial.
        optimal_range: Smallest and largest size not distinguishable from it; None likewise.
    """

    sizes: tuple[Enbs, ...]
    optimal_n_per_arm: int | None
    optimal_range: tuple[int, int] | None


def enbs(
    values: Sequence[Evsi],
    plan: TrialPlan,
    *,
    patients_per_year: float,
    years: float,
    discount_rate_per_year: float,
) -> EnbsCurve:
    """Expected net benefit of sampling for each size of trial.

    The result helps those who arrive after the report and while the decision is still relevant. Patients in
    the trial arrive before it, so they are not among them, and what they gain or lose by taking part is not
    counted.

    Args:
        values: EVSI of each size, all from one call of `evsi`.
        plan: Costs and times of the trial.
        patients_per_year: New patients a year who face the decision.
        years: Until the decision is no longer relevant, counted from today.
        discount_rate_per_year: Annual rate, as in `population_factor`.

    Returns:
        The curve and its best size.

    Raises:
        UsageError: No size, or a number is negative or not finite.
    """
    if not values:
        msg = "the trial cannot be valued"
        raise UsageError(msg, [Problem("values", "none", "the EVSI of at least one size")])
    factors = [
        population_factor(
            patients_per_year, years, discount_rate_per_year, from_year=plan.years_to_report(value.n_per_arm)
        )
        for value in values
    ]
    costs = [plan.cost(value.n_per_arm) for value in values]
    estimates = [k * value.value - cost for k, value, cost in zip(factors, values, costs, strict=True)]
    best = int(np.argmax(estimates))
    gained = [k * value.replicates for k, value in zip(factors, values, strict=True)]
    rows = []
    for i, value in enumerate(values):
        doubt = float((gained[best] - gained[i]).std())
        rows.append(
            Enbs(
                n_per_arm=value.n_per_arm,
                value=estimates[i],
                standard_error=factors[i] * value.standard_error,
                population_evsi=factors[i] * value.value,
                patients=factors[i],
                cost=costs[i],
                as_good_as_best=estimates[best] - estimates[i] <= _DISTINGUISHABLE * doubt,
            )
        )
    if estimates[best] <= 0:
        return EnbsCurve(tuple(rows), None, None)
    alike = [row.n_per_arm for row in rows if row.as_good_as_best]
    return EnbsCurve(tuple(rows), rows[best].n_per_arm, (min(alike), max(alike)))
