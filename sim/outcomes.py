"""The contract between simulation and analysis: means per strategy with their Monte Carlo standard errors.

Differences between strategies carry standard errors of their own, computed on the paired patients, because common
luck makes them far smaller than those of independent arms. Sums are taken over fixed blocks of patients and merged in
patient order, so the last digit does not depend on batch size, number of workers or engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from sim.errors import SimulationError
from sim.model.amounts import is_nothing
from sim.model.parts import Floats

BLOCK = 4096
"""Patients summed at a time. Part of what makes results reproducible: a change moves last digits."""

_DIGITS_LEFT = 1e-4
"""Share of its arms' variances under which that of a difference is summed itself."""

COST_ROW, QALY_ROW = 0, 1
"""Rows of the component axis that hold the total cost and the QALYs; accrual lists them first."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations, mergeable (Chan, Golub and LeVeque 1983)."""

    n: int
    mean: Floats
    squares: Floats

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Moments over the last axis of `values`."""
        mean = values.mean(axis=-1)
        return cls(values.shape[-1], mean, ((values - mean[..., None]) ** 2).sum(axis=-1))

    def merge(self, other: Moments) -> Moments:
        """Moments of both samples together."""
        n = self.n + other.n
        shift = other.mean - self.mean
        return Moments(
            n,
            self.mean + shift * (other.n / n),
            self.squares + other.squares + shift**2 * (self.n * other.n / n),
        )

    @property
    def standard_error(self) -> Floats:
        """Standard error of the mean; nan for a single patient."""
        if self.n < 2:
            return np.full_like(self.mean, np.nan)
        return np.sqrt(self.squares / (self.n - 1) / self.n)


@dataclass(frozen=True)
class BlockSummary:
    """What is kept of one block of patients.

    Attributes:
        components: Names of the component axis, see `sim.model.accrual.accrue`; total cost and QALYs come first.
        arms: Moments of every component, [component, strategy].
        pairs: Moments of every paired difference (later strategy minus earlier), [component, pair].
        cross: Sum of products of the deviations of Δcost and Δqaly, [pair]; gives their covariance.
        incidence: Patients with a first infection by each grid month, [any or grade >= 3, strategy, month].
    """

    components: tuple[str, ...]
    arms: Moments
    pairs: Moments
    cross: Floats
    incidence: Floats

    def merge(self, other: BlockSummary) -> BlockSummary:
        """Both blocks together."""
        n_self, n_other = self.pairs.n, other.pairs.n
        shift = other.pairs.mean - self.pairs.mean
        between = shift[COST_ROW] * shift[QALY_ROW] * (n_self * n_other / (n_self + n_other))
        return BlockSummary(
            self.components,
            self.arms.merge(other.arms),
            self.pairs.merge(other.pairs),
            self.cross + other.cross + between,
            self.incidence + other.incidence,
        )


def strategy_pairs(n_strategies: int) -> list[tuple[int, int]]:
    """(earlier, later) index of every pair, in the order of the pair axis."""
    return list(combinations(range(n_strategies), 2))


def summarise(
    components: dict[str, Floats], first_infection: Floats, first_grade_3plus: Floats, months: Floats
) -> BlockSummary:
    """Condense one block.

    Args:
        components: Name to values, each (n_strategies, n_patients), n_patients <= BLOCK; a component that is the
            same under every strategy may be one row, broadcast.
        first_infection: Month of the first infection, (n_strategies, n_patients).
        first_grade_3plus: The same for grade >= 3.
        months: Grid of the cumulative incidence, whole months from 0, shape (n_months,).
    """
    n_strategies, n = first_infection.shape
    pairs = strategy_pairs(n_strategies)
    mean, own = np.zeros((2, len(components), n_strategies))
    between = np.zeros((len(components), len(pairs)))
    deviations = []
    for row, values in enumerate(components.values()):
        if is_nothing(values) and row not in (COST_ROW, QALY_ROW):
            continue
        mean[row] = values.sum(axis=-1) / n
        centred = values[:1] if values.strides[0] == 0 else values
        centred = centred - mean[row, : len(centred), None]
        own[row], between[row] = _squares(centred, pairs)
        if row in (COST_ROW, QALY_ROW):
            deviations.append(np.broadcast_to(centred, values.shape))
    earlier, later = [a for a, _ in pairs], [b for _, b in pairs]
    cost, qaly = deviations
    return BlockSummary(
        components=tuple(components),
        arms=Moments(n, mean, own),
        pairs=Moments(n, mean[:, later] - mean[:, earlier], between),
        cross=np.array([np.dot(cost[b] - cost[a], qaly[b] - qaly[a]) for a, b in pairs]),
        incidence=np.stack([_incidence(first, months) for first in (first_infection, first_grade_3plus)]),
    )


def _squares(centred: Floats, pairs: list[tuple[int, int]]) -> tuple[Floats | float, Floats | float]:
    """Sums of squares of deviations, and of their differences between the strategies of each pair.

    The latter follow from inner products, without an array of differences, at half the cost. Where a difference is so
    much smaller than the arms that digits would cancel, it is summed itself; arms that are alike in every patient
    have the same products to the last bit, so theirs is exactly 0.

    Args:
        centred: Deviations from the mean, (n_strategies, n_patients), or (1, n_patients) where all are alike.
        pairs: Pairs of strategies.
    """
    products = np.vecdot(centred[:, None], centred[None])
    own = products.diagonal()
    if len(centred) == 1:
        return own[0], 0.0
    between = np.empty(len(pairs))
    for k, (a, b) in enumerate(pairs):
        both = own[a] + own[b]
        between[k] = both - 2 * products[a, b]
        if between[k] < _DIGITS_LEFT * both and not np.array_equal(centred[a], centred[b]):
            difference = centred[b] - centred[a]
            between[k] = np.dot(difference, difference)
    return own, between


def _incidence(first: Floats, months: Floats) -> Floats:
    """Patients with a first event by each whole month, [strategy, month]."""
    by = np.minimum(np.ceil(first), months.size).astype(np.int64)
    counts = [np.bincount(row, minlength=months.size + 1).cumsum()[: months.size] for row in by]
    return np.array(counts, dtype=np.float64)


@dataclass(frozen=True)
class Outcomes:
    """Mean outcomes of one parameter set, every patient weighted equally.

    Attributes:
        strategies: Names.
        n_patients: Patients played under each strategy.
        summary: Moments of arms and pairs.
        months: Grid of the cumulative incidence.
    """

    strategies: tuple[str, ...]
    n_patients: int
    summary: BlockSummary
    months: Floats

    def __post_init__(self) -> None:
        """Check that the contract is kept.

        Raises:
            SimulationError: Naming what breaks it, and under which strategy.
        """
        if self.components[:2] != ("cost", "qaly"):
            message = f"the first two components are {self.components[:2]}, the contract asks for cost and qaly"
            raise SimulationError(message)
        shape = (len(self.components), len(self.strategies))
        if self.summary.arms.mean.shape != shape:
            message = f"means have shape {self.summary.arms.mean.shape}, the contract asks for {shape}"
            raise SimulationError(message)
        if not np.isfinite(self.summary.arms.mean).all():
            component, strategy = np.argwhere(~np.isfinite(self.summary.arms.mean))[0]
            message = f"mean {self.components[component]} of {self.strategies[strategy]} is not finite"
            raise SimulationError(message)
        items = [i for i, name in enumerate(self.components) if name.startswith("cost:")]
        added, total = self.summary.arms.mean[items].sum(axis=0), self.mean("cost")
        missed = np.flatnonzero(~np.isclose(added, total, rtol=1e-9, atol=1e-9))
        if missed.size:
            s = int(missed[0])
            message = (
                f"cost items do not add up under {self.strategies[s]}: they come to {added[s]:,.2f} a patient, "
                f"the total to {total[s]:,.2f}; no result is given, for either may be wrong"
            )
            raise SimulationError(message)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components."""
        return self.summary.components

    def _row(self, component: str) -> int:
        if component not in self.components:
            message = f"no component {component!r}; there are {', '.join(self.components)}"
            raise KeyError(message)
        return self.components.index(component)

    def mean(self, component: str) -> Floats:
        """Mean per patient, shape (n_strategies,)."""
        mean: Floats = self.summary.arms.mean[self._row(component)]
        return mean

    def mcse(self, component: str) -> Floats:
        """Monte Carlo standard error of the mean, shape (n_strategies,)."""
        mcse: Floats = self.summary.arms.standard_error[self._row(component)]
        return mcse

    def difference(self, component: str, strategy: int, comparator: int) -> tuple[float, float]:
        """Mean paired difference strategy minus comparator, and its Monte Carlo standard error."""
        if strategy == comparator:
            return 0.0, 0.0
        pair, sign = self._pair(strategy, comparator)
        row = self._row(component)
        mean = sign * float(self.summary.pairs.mean[row, pair])
        return mean, float(self.summary.pairs.standard_error[row, pair])

    def inmb(self, wtp: float, strategy: int, comparator: int) -> tuple[float, float]:
        """Incremental net monetary benefit wtp * Δqaly - Δcost, and the standard error of the paired difference."""
        delta_cost, se_cost = self.difference("cost", strategy, comparator)
        delta_qaly, se_qaly = self.difference("qaly", strategy, comparator)
        if strategy == comparator:
            return 0.0, 0.0
        covariance = self.covariance(strategy, comparator)
        variance = se_cost**2 + (wtp * se_qaly) ** 2 - 2 * wtp * covariance
        return wtp * delta_qaly - delta_cost, float(np.sqrt(np.maximum(variance, 0.0)))

    def covariance(self, strategy: int, comparator: int) -> float:
        """Covariance of the means of Δcost and Δqaly over patients; 0 for a strategy against itself."""
        if strategy == comparator:
            return 0.0
        pair, _ = self._pair(strategy, comparator)
        n = self.n_patients
        return float(self.summary.cross[pair] / (n - 1) / n) if n > 1 else float("nan")

    def _pair(self, strategy: int, comparator: int) -> tuple[int, float]:
        earlier, later = sorted((strategy, comparator))
        pair = strategy_pairs(len(self.strategies)).index((earlier, later))
        return pair, 1.0 if strategy == later else -1.0

    def frame(self) -> pd.DataFrame:
        """Tidy table: strategy, component, mean, mcse."""
        return pd.DataFrame(
            [
                (strategy, component, self.summary.arms.mean[c, s], self.summary.arms.standard_error[c, s])
                for s, strategy in enumerate(self.strategies)
                for c, component in enumerate(self.components)
            ],
            columns=["strategy", "component", "mean", "mcse"],
        )

    def incidence_frame(self) -> pd.DataFrame:
        """Cumulative incidence of first infection: strategy, kind, months, probability, mcse."""
        probability = self.summary.incidence / self.n_patients
        mcse = np.sqrt(probability * (1 - probability) / self.n_patients)
        return pd.DataFrame(
            [
                (strategy, kind, month, probability[k, s, m], mcse[k, s, m])
                for k, kind in enumerate(("any", "grade_3plus"))
                for s, strategy in enumerate(self.strategies)
                for m, month in enumerate(self.months)
            ],
            columns=["strategy", "kind", "months", "probability", "mcse"],
        )
