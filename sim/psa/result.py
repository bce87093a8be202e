"""What a probabilistic analysis leaves: every draw's outcomes, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import PsaTable, Status, fieller, incremental_analysis
from sim.parameters import DrawTable
from sim.psa.decision import contrast, corrected_table, curves, threshold_grid
from sim.psa.precision import MeanSquares, Spread
from sim.scenario import Scenario

Floats = NDArray[np.float64]

CONVERGENCE_POINTS = 24
FLIP_LEVEL = 1.96
"""Standard errors by which the best strategy must lead for noise not to be suspected."""


@dataclass(frozen=True, eq=False)
class PsaResult:
    """Outcomes of every parameter draw, all played on the same patients.

    Attributes:
        scenario: What was played.
        draws: The drawn parameters.
        strategies: Names.
        components: Outcome components; cost and QALYs come first.
        mean: Mean per patient, shape (n_draws, n_components, n_strategies).
        groups: Means of `sim.psa.job.TRACKED` in each group of patients, shape (n_draws, n_groups, 3, n_strategies);
            cost and QALYs come first.
        subgroups: Contributions of the scenario's subgroups, see `sim.psa.job.play_draws`.
        events: Share with the event of each trial, shape (n_draws, n_trials, 2).
        sizes: Patients in each group, shape (n_groups,).
        seed: Root of the luck.
        shared_luck: Whether all draws play the same patients' luck.
    """

    scenario: Scenario
    draws: DrawTable
    strategies: tuple[str, ...]
    components: tuple[str, ...]
    mean: Floats
    groups: Floats
    subgroups: Floats
    events: Floats
    sizes: Floats
    seed: int
    shared_luck: bool = True

    @property
    def n_draws(self) -> int:
        """Parameter draws played."""
        return len(self.mean)

    @property
    def n_patients(self) -> int:
        """Patients played in each draw under each strategy."""
        return round(float(self.sizes.sum()))

    @property
    def wtp(self) -> tuple[float, ...]:
        """Willingness to pay per QALY of the scenario."""
        return tuple(float(wtp) for wtp in self.scenario.analysis.wtp_per_qaly)

    def component(self, name: str) -> Floats:
        """Mean per patient of one component, shape (n_draws, n_strategies)."""
        if name not in self.components:
            message = f"no component {name!r}; there are {', '.join(self.components)}"
            raise KeyError(message)
        values: Floats = self.mean[:, self.components.index(name)]
        return values

    @cached_property
    def table(self) -> PsaTable:
        """Costs and QALYs by draw, as the decision analysis reads them."""
        iterations = np.arange(1, self.n_draws + 1)
        return PsaTable(self.strategies, iterations, self.component("cost"), self.component("qaly"))

    @cached_property
    def corrected(self) -> PsaTable:
        """The same with the patients' luck taken out of the scatter."""
        return corrected_table(self.table, self.squares)

    @cached_property
    def _flat_groups(self) -> Floats:
        return self.groups[:, :, :2].reshape(self.n_draws, len(self.sizes), -1)

    @cached_property
    def squares(self) -> MeanSquares:
        """Mean squares of (cost of each strategy, QALYs of each strategy)."""
        return MeanSquares.of(self._flat_groups, self.sizes)

    @cached_property
    def reference(self) -> str:
        """The cheapest strategy that is not dominated."""
        rows = incremental_analysis(self.strategies, self.table.mean_cost, self.table.mean_qaly)
        return next(row.strategy for row in rows if row.status is Status.REFERENCE)

    def inmb(self, wtp: float, strategy: str, comparator: str) -> tuple[float, Spread]:
        """Mean incremental net monetary benefit and its variance by origin."""
        s, c = self.table.position(strategy), self.table.position(comparator)
        weights = contrast(wtp, s, c, len(self.strategies))
        means = np.concatenate([self.table.mean_cost, self.table.mean_qaly])
        return float(weights @ means), self.squares.along(weights)

    def against_reference(self) -> list[tuple[float, Spread]]:
        """INMB of every other strategy against the reference at every threshold, with its variance by origin."""
        others = [name for name in self.strategies if name != self.reference]
        return [self.inmb(wtp, name, self.reference) for wtp in self.wtp for name in others]

    @cached_property
    def curves(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """By threshold, and by threshold and strategy; see `sim.psa.decision.curves`."""
        return curves(self.table, self.corrected, self._flat_groups, self.sizes, threshold_grid(self.wtp))

    def outcomes(self) -> pd.DataFrame:
        """Means over draws: strategy, component, mean, low, high (95 % credible interval of the draws' means)."""
        low, high = np.percentile(self.mean, [2.5, 97.5], axis=0)
        mean = self.mean.mean(axis=0)
        return pd.DataFrame(
            [
                (strategy, component, mean[c, s], low[c, s], high[c, s])
                for s, strategy in enumerate(self.strategies)
                for c, component in enumerate(self.components)
            ],
            columns=["strategy", "component", "mean", "low", "high"],
        )

    def incremental(self) -> pd.DataFrame:
        """Incremental analysis of the means, one row a strategy by rising cost.

        Columns: strategy, cost, cost_low, cost_high, cost_mcse, the same of qaly; comparator, delta_cost with low,
        high and mcse, the same of delta_qaly; icer, icer_low, icer_high, icer_shape, status. Low and high are 95 %
        credible limits over draws; those of the ICER are Fieller's, of its Monte Carlo error alone: they tell how
        well the ratio was computed, not how uncertain it is.
        """
        table, covariance, n = self.table, self.squares.mean_covariance, len(self.strategies)
        rows = []
        for row in incremental_analysis(self.strategies, table.mean_cost, table.mean_qaly):
            s = table.position(row.strategy)
            line: dict[str, object] = {"strategy": row.strategy}
            line |= _with_limits("cost", table.cost[:, s], covariance[s, s])
            line |= _with_limits("qaly", table.qaly[:, s], covariance[n + s, n + s])
            line["comparator"] = row.comparator
            if row.comparator is not None:
                c = table.position(row.comparator)
                weights = np.zeros((2, 2 * n))
                weights[0, [s, c]] = weights[1, [n + s, n + c]] = (1.0, -1.0)
                errors = weights @ covariance @ weights.T
                line |= _with_limits("delta_cost", table.cost[:, s] - table.cost[:, c], errors[0, 0])
                line |= _with_limits("delta_qaly", table.qaly[:, s] - table.qaly[:, c], errors[1, 1])
                if row.icer is not None:
                    line |= _icer(row.icer, row.delta_cost, row.delta_qaly, errors)
            line["status"] = row.status.value
            rows.append(line)
        frame = pd.DataFrame(rows)
        order = [c for c in INCREMENTAL if c not in frame]
        return frame.assign(**dict.fromkeys(order, np.nan))[list(INCREMENTAL)]

    def precision(self) -> pd.DataFrame:
        """How well each INMB against the reference is known, and what would make it better known.

        Columns: wtp, strategy, comparator, inmb, low, high (95 % credible interval, patients' luck taken out), mcse,
        mcse_draws, mcse_patients, noise_share (of the variance between draws that is patients' luck), best_draws and
        best_patients (the split of the same work with the smallest error) and best_mcse.
        """
        rows = []
        for wtp in self.wtp:
            benefit = wtp * self.corrected.qaly - self.corrected.cost
            c = self.table.position(self.reference)
            for s, strategy in enumerate(self.strategies):
                if s == c:
                    continue
                inmb, spread = self.inmb(wtp, strategy, self.reference)
                low, high = np.percentile(benefit[:, s] - benefit[:, c], [2.5, 97.5])
                draws, patients = spread.best_split(self.n_draws * self.n_patients)
                rows.append(
                    {
                        "wtp": wtp,
                        "strategy": strategy,
                        "comparator": self.reference,
                        "inmb": inmb,
                        "low": low,
                        "high": high,
                        "mcse": spread.standard_error,
                        "mcse_draws": spread.standard_error_parameters,
                        "mcse_patients": spread.standard_error_patients,
                        "noise_share": spread.noise_share,
                        "best_draws": draws,
                        "best_patients": patients,
                        "best_mcse": spread.standard_error_at(draws, patients),
                    }
                )
        return pd.DataFrame(rows)

    def leads(self) -> pd.DataFrame:
        """By how much the best strategy leads the next, and whether noise could turn that round.

        Columns: wtp, best, next, lead (difference in expected net monetary benefit), mcse, could_flip.
        """
        rows = []
        for wtp in self.wtp:
            benefit = wtp * self.table.mean_qaly - self.table.mean_cost
            order = np.argsort(-benefit, kind="stable")
            if order.size < 2:
                continue
            best = self.strategies[order[0]]
            leads = [(*self.inmb(wtp, best, self.strategies[k]), self.strategies[k]) for k in order[1:]]
            lead, spread, other = min(leads, key=lambda each: _in_errors(each[0], each[1].standard_error))
            rows.append(
                {
                    "wtp": wtp,
                    "best": best,
                    "next": other,
                    "lead": lead,
                    "mcse": spread.standard_error,
                    "could_flip": lead < FLIP_LEVEL * spread.standard_error,
                }
            )
        return pd.DataFrame(rows)

    def convergence(self) -> pd.DataFrame:
        """INMB against the reference as draws, then as patients, are added.

        Columns: axis ("draws" or "patients"), n, wtp, strategy, comparator, inmb, mcse; at the first threshold.
        """
        wtp, c = self.wtp[0], self.table.position(self.reference)
        rows = []
        for s, strategy in enumerate(self.strategies):
            if s == c:
                continue
            weights = contrast(wtp, s, c, len(self.strategies))
            values = self._flat_groups @ weights
            for n in _steps(self.n_draws):
                rows.append(("draws", n, wtp, strategy, self.reference, *_mean_and_error(values[:n], self.sizes)))
            for k in range(2, len(self.sizes) + 1):
                patients = round(float(self.sizes[:k].sum()))
                found = _mean_and_error(values[:, :k], self.sizes[:k])
                rows.append(("patients", patients, wtp, strategy, self.reference, *found))
        return pd.DataFrame(rows, columns=["axis", "n", "wtp", "strategy", "comparator", "inmb", "mcse"])

    def draw_table(self) -> pd.DataFrame:
        """Every draw's outcomes: draw, strategy, then one column a component."""
        n, k = self.n_draws, len(self.strategies)
        frame = pd.DataFrame({"draw": np.repeat(np.arange(1, n + 1), k), "strategy": list(self.strategies) * n})
        values = self.mean.transpose(0, 2, 1).reshape(n * k, len(self.components))
        return pd.concat([frame, pd.DataFrame(values, columns=list(self.components))], axis=1)


INCREMENTAL = (
    "strategy",
    *("cost", "cost_low", "cost_high", "cost_mcse"),
    *("qaly", "qaly_low", "qaly_high", "qaly_mcse"),
    "comparator",
    *("delta_cost", "delta_cost_low", "delta_cost_high", "delta_cost_mcse"),
    *("delta_qaly", "delta_qaly_low", "delta_qaly_high", "delta_qaly_mcse"),
    *("icer", "icer_low", "icer_high", "icer_shape"),
    "status",
)


def _with_limits(name: str, values: Floats, error_variance: float) -> dict[str, object]:
    low, high = np.percentile(values, [2.5, 97.5])
    mcse = math.sqrt(max(error_variance, 0.0))
    return {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high, f"{name}_mcse": mcse}


def _icer(icer: float, delta_cost: float | None, delta_qaly: float | None, errors: Floats) -> dict[str, object]:
    limits = fieller(
        delta_cost or 0.0,
        delta_qaly or 0.0,
        variance_numerator=float(errors[0, 0]),
        variance_denominator=float(errors[1, 1]),
        covariance=float(errors[0, 1]),
    )
    return {"icer": icer, "icer_low": limits.low, "icer_high": limits.high, "icer_shape": limits.shape.value}


def _in_errors(lead: float, error: float) -> float:
    """A lead in standard errors; identical strategies lead by nothing and are not in doubt."""
    if error > 0:
        return lead / error
    return math.inf


def _mean_and_error(values: Floats, sizes: Floats) -> tuple[float, float]:
    spread = MeanSquares.of(values[:, :, None], sizes).along(np.ones(1))
    return float((values @ sizes).mean() / sizes.sum()), spread.standard_error


def _steps(n: int) -> list[int]:
    """Numbers of draws from 2 to all, evenly spaced on a log scale."""
    return sorted({round(float(k)) for k in np.geomspace(2, n, CONVERGENCE_POINTS)})
