"""Everything the value of information says of one decision, as tidy tables by willingness to pay.

Where draws come from is of no consequence: a probabilistic analysis just played, its run folder, or anyone's table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.voi.enbs import EnbsCurve, TrialPlan, enbs
from sim.voi.evppi import REPLICATES, Sharing, evpi, evppi_each, one_by_one
from sim.voi.evsi import evsi
from sim.voi.luck import PatientGroups, moved_by, shifts
from sim.voi.population import population_factor, years_of
from sim.voi.trials import Trial

Floats = NDArray[np.float64]

EVPI_COLUMNS = ("wtp", "optimal", "evpi", "evpi_se", "population_evpi", "population_evpi_se")
POPULATION_COLUMNS = (
    *("wtp", "from_year", "to_year", "patients", "discounted_patients", "population_evpi"),
    *("cumulative_evpi", "cumulative_evpi_se"),
)
EVPPI_COLUMNS = (
    *("wtp", "kind", "name", "members", "evppi", "standard_error", "evppi_low", "evppi_high", "share_of_evpi"),
    *("explained", "less_than_member", "note", "population_evppi"),
)
EVSI_COLUMNS = (
    *("wtp", "design", "n_per_arm", "evsi", "standard_error", "evppi", "evpi", "note"),
    *("years_to_report", "patients", "population_evsi", "cost", "enbs", "enbs_se", "as_good_as_best"),
)
BEST_COLUMNS = ("wtp", "design", "n_per_arm", "smallest_as_good", "largest_as_good", "enbs", "enbs_se")


@dataclass(frozen=True)
class Population:
    """Whom a decision concerns.

    Attributes:
        patients_per_year: New patients a year who face it.
        years: For how long, from today.
        discount_rate_per_year: Annual rate.
    """

    patients_per_year: float
    years: float
    discount_rate_per_year: float

    @property
    def patients(self) -> float:
        """Discounted number of patients."""
        return population_factor(self.patients_per_year, self.years, self.discount_rate_per_year)


@dataclass(frozen=True, eq=False)
class PlannedTrial:
    """A trial whose value is asked for.

    Attributes:
        label: In words.
        design: What data it gives.
        data: One row a draw: the columns that the design names.
        plan: What it costs and when it reports; None if not known.
    """

    label: str
    design: Trial
    data: pd.DataFrame
    plan: TrialPlan | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Draws of a decision problem.

    Attributes:
        strategies: Names.
        cost: Mean cost per patient, shape (n_draws, n_strategies).
        qaly: Mean QALYs per patient, same shape.
        without_luck: Cost and QALYs with the scatter that the patients' luck adds taken out, for the EVPI: it takes
            the best of each single draw, where luck passes as something worth knowing, while a regression averages
            luck away, and on draws whose scatter was reduced would find effects reduced as well. None where draws
            have no such scatter or nothing is known of it.
        parameters: One row a draw, one column a drawn parameter.
        groups: Name to parameters that research would inform together.
        trials: Name to trial.
        population: None where it is not known.
        patients_played: Means of groups of the patients whom all draws play; None where nothing is known of them, and
            errors are then of the draws alone.
        seed: Of standard errors and of trials' data.
    """

    strategies: tuple[str, ...]
    cost: Floats
    qaly: Floats
    parameters: pd.DataFrame
    without_luck: tuple[Floats, Floats] | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trials: Mapping[str, PlannedTrial] = field(default_factory=dict)
    population: Population | None = None
    patients_played: PatientGroups | None = None
    seed: int = 1

    def net_benefit(self, wtp: float) -> Floats:
        """Net monetary benefit as drawn, for regressions, shape (n_draws, n_strategies)."""
        return wtp * self.qaly - self.cost

    def net_benefit_without_luck(self, wtp: float) -> Floats:
        """The same for what takes the best of each draw."""
        cost, qaly = self.without_luck or (self.cost, self.qaly)
        return wtp * qaly - cost

    def luck(self, wtp: float) -> Floats | None:
        """Luck of the patients in the mean net benefits, see `PatientGroups.luck`."""
        return None if self.patients_played is None else self.patients_played.luck(wtp)

    @property
    def patients(self) -> float:
        """Discounted number of patients; nan where the population is not known."""
        return float("nan") if self.population is None else self.population.patients


def evpi_table(evidence: Evidence, wtp: Sequence[float]) -> pd.DataFrame:
    """Expected value of perfect information by threshold; columns `EVPI_COLUMNS`.

    The standard error joins that of the mean over draws, the best strategy taken as known, with that of the patients
    whom all draws play.
    """
    rows = []
    for threshold in wtp:
        benefit = evidence.net_benefit_without_luck(threshold)
        best = int(benefit.mean(axis=0).argmax())
        gains = benefit.max(axis=1) - benefit[:, best]
        moves = shifts(evidence.luck(threshold), REPLICATES, evidence.seed, benefit.shape[1])
        of_draws, of_patients = gains.std(ddof=1) / np.sqrt(len(gains)), moved_by(benefit, moves).std()
        value, error = float(gains.mean()), float(np.hypot(of_draws, of_patients))
        name, k = evidence.strategies[best], evidence.patients
        rows.append((threshold, name, value, error, k * value, k * error))
    return pd.DataFrame(rows, columns=list(EVPI_COLUMNS))


def population_table(evidence: Evidence, wtp: Sequence[float]) -> pd.DataFrame:
    """What perfect information is worth to everyone who arrives, year by year; columns `POPULATION_COLUMNS`.

    The last cumulative amount is the `population_evpi` of `evpi_table`. No rows where the population is not known.
    """
    people = evidence.population
    if people is None:
        return pd.DataFrame(columns=list(POPULATION_COLUMNS), dtype=np.float64)
    rows = []
    for threshold, value, error in evpi_table(evidence, wtp)[["wtp", "evpi", "evpi_se"]].itertuples(index=False):
        so_far = 0.0
        for first, last in years_of(people.years):
            rate = people.discount_rate_per_year
            discounted = population_factor(people.patients_per_year, last, rate, from_year=first)
            so_far += discounted
            rows.append(
                (
                    *(threshold, first, last, people.patients_per_year * (last - first), discounted),
                    *(discounted * value, so_far * value, so_far * error),
                )
            )
    return pd.DataFrame(rows, columns=list(POPULATION_COLUMNS))


def evppi_table(evidence: Evidence, wtp: Sequence[float], *, sharing: Sharing = one_by_one) -> pd.DataFrame:
    """EVPPI of every parameter and group, largest first within each threshold; columns `EVPPI_COLUMNS`.

    Args:
        evidence: Draws.
        wtp: Thresholds.
        sharing: Who estimates the sets, see `sim.voi.evppi.Sharing`.
    """
    sets = {name: (name,) for name in evidence.parameters.columns} | dict(evidence.groups)
    if not sets:
        return pd.DataFrame(columns=list(EVPPI_COLUMNS))
    benefits, lucks = [evidence.net_benefit(each) for each in wtp], [evidence.luck(each) for each in wtp]
    totals = [evpi(evidence.net_benefit_without_luck(each)) for each in wtp]
    rows = [
        {
            "wtp": threshold,
            "kind": "group" if each.name in evidence.groups else "parameter",
            "name": each.name,
            "members": ", ".join(each.members),
            "evppi": each.value,
            "standard_error": each.standard_error,
            "evppi_low": each.low,
            "evppi_high": each.high,
            "share_of_evpi": each.share_of_evpi,
            "explained": each.explained,
            "less_than_member": each.less_than_member,
            "note": each.note,
            "population_evppi": evidence.patients * each.value,
        }
        for threshold, found in zip(
            wtp,
            evppi_each(
                benefits, evidence.parameters, sets, lucks=lucks, totals=totals, seed=evidence.seed, sharing=sharing
            ),
            strict=True,
        )
        for each in sorted(found, key=lambda each: -each.value)
    ]
    return pd.DataFrame(rows, columns=list(EVPPI_COLUMNS))


def trial_tables(evidence: Evidence, wtp: Sequence[float], sizes: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What every trial is worth by its size, and the best size of each.

    Args:
        evidence: Draws with trials.
        wtp: Thresholds.
        sizes: Patients per arm.

    Returns:
        Columns `EVSI_COLUMNS`: amounts of the population and of the trial are blank where it or the plan is not
        known. Columns `BEST_COLUMNS`: n_per_arm is blank where no size is worth its cost; no rows without a plan.
    """
    rows: list[dict[str, object]] = []
    best: list[tuple[object, ...]] = []
    for threshold in wtp:
        for name, trial in evidence.trials.items():
            values = evsi(
                evidence.net_benefit(threshold),
                trial.data,
                trial.design,
                sorted(set(sizes)),
                luck=evidence.luck(threshold),
                total=evpi(evidence.net_benefit_without_luck(threshold)),
                seed=evidence.seed,
            )
            lines = [
                {
                    "wtp": threshold,
                    "design": name,
                    "n_per_arm": each.n_per_arm,
                    "evsi": each.value,
                    "standard_error": each.standard_error,
                    "evppi": each.evppi,
                    "evpi": each.evpi,
                    "note": each.note,
                }
                for each in values
            ]
            if trial.plan is not None and evidence.population is not None:
                people = evidence.population
                curve = enbs(
                    values,
                    trial.plan,
                    patients_per_year=people.patients_per_year,
                    years=people.years,
                    discount_rate_per_year=people.discount_rate_per_year,
                )
                for line, size in zip(lines, curve.sizes, strict=True):
                    line |= {
                        "years_to_report": trial.plan.years_to_report(size.n_per_arm),
                        "patients": size.patients,
                        "population_evsi": size.population_evsi,
                        "cost": size.cost,
                        "enbs": size.value,
                        "enbs_se": size.standard_error,
                        "as_good_as_best": size.as_good_as_best,
                    }
                best.append((threshold, name, *_best(curve)))
            rows += lines
    return pd.DataFrame(rows, columns=list(EVSI_COLUMNS)), pd.DataFrame(best, columns=list(BEST_COLUMNS))


def _best(curve: EnbsCurve) -> tuple[object, ...]:
    """Best size, the range not told from it, and its ENBS; where none pays, the ENBS of the least bad."""
    top = max(curve.sizes, key=lambda size: size.value)
    if curve.optimal_n_per_arm is None or curve.optimal_range is None:
        return None, None, None, top.value, top.standard_error
    return curve.optimal_n_per_arm, *curve.optimal_range, top.value, top.standard_error
