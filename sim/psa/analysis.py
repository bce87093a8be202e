"""Everything a probabilistic analysis says beyond its draws: suspicions, value of information, prices, subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.psa.detect import findings
from sim.psa.evidence import evidence_of
from sim.psa.prices import price_of_immunoglobulin
from sim.psa.result import PsaResult
from sim.psa.run import psa
from sim.psa.shared import shared_by
from sim.psa.subgroups import deciding_apart
from sim.runs.detect import Finding
from sim.scenario import Scenario
from sim.voi import EVPPI_COLUMNS, correlations, evppi_table, population_factor, population_table
from sim.work import Progress, Runner, run_batches

if TYPE_CHECKING:
    from sim.figures import FigureSet

Floats = NDArray[np.float64]

FEWEST_DRAWS = 50
"""Draws below which no regression is attempted."""


@dataclass(frozen=True, eq=False)
class PsaReport:
    """One probabilistic analysis and what follows from it.

    Attributes:
        result: The draws.
        findings: Silent inputs and the like.
        evppi: `sim.voi.EVPPI_COLUMNS`, kind being "parameter" or "group"; largest first within each threshold.
        correlations: wtp, parameter, strategy, comparator, pearson, pearson_se, rank, rank_se.
        price: Where the decision turns, see `sim.psa.prices.price_of_immunoglobulin`.
        subgroups: Value of deciding for each subgroup apart, see `deciding_apart`; empty where there are none.
        population: Discounted patients whom the decision concerns; None where the scenario does not say.
        rounds: What was played to reach a wanted precision, a sentence a round; empty if none was asked for.
    """

    result: PsaResult
    findings: tuple[Finding, ...]
    evppi: pd.DataFrame
    correlations: pd.DataFrame
    price: pd.DataFrame
    subgroups: pd.DataFrame
    population: float | None
    rounds: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """The incremental table of means over draws; see `PsaResult.incremental`."""
        return self.result.incremental()

    @cached_property
    def population_by_year(self) -> pd.DataFrame:
        """EVPI of everyone whom the decision concerns, year by year: columns `sim.voi.POPULATION_COLUMNS`."""
        return population_table(evidence_of(self.result), self.result.wtp)

    @cached_property
    def figures(self) -> FigureSet:
        """Figures of this analysis, e.g. `figures.ceac()`; `figures.names` lists them."""
        from sim.figures import FigureSet, Setting
        from sim.runs.look import scenario_look

        result = self.result
        by_wtp, by_strategy = result.curves
        return FigureSet(
            {
                "psa": result.draw_table(),
                "outcomes": result.outcomes(),
                "incremental": result.incremental(),
                "by_wtp": by_wtp,
                "by_wtp_strategy": by_strategy,
                "convergence": result.convergence(),
                "population_by_year": self.population_by_year,
                "evppi": self.evppi,
                "correlations": self.correlations,
                "price_of_immunoglobulin": self.price,
            },
            Setting.of(
                scenario_look(result.scenario),
                result.scenario.analysis.wtp_per_qaly,
                population=self.population,
            ),
        )


def report_of(
    result: PsaResult,
    rounds: tuple[str, ...] = (),
    *,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> PsaReport:
    """Everything that follows from the draws.

    Args:
        result: The draws.
        rounds: What was played to reach a wanted precision.
        runner: How the regressions of the EVPPI are worked off.
        progress: Called with sets of parameters regressed on and sets in all.
    """
    return PsaReport(
        result=result,
        findings=findings(result),
        evppi=value_of_parameters(result, runner=runner, progress=progress),
        correlations=correlations_with_inmb(result),
        price=price_of_immunoglobulin(result),
        subgroups=deciding_apart(result),
        population=population(result),
        rounds=rounds,
    )


def run_psa(
    scenario: Scenario,
    *,
    draws: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    shared_luck: bool = True,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> PsaReport:
    """Probabilistic analysis of a scenario and everything that follows from its draws.

    Args:
        scenario: A validated scenario.
        draws: Parameter draws, at least 2; None takes the scenario's number.
        patients: Patients in each draw under each strategy, at least 2; None takes the scenario's number.
        seed: Whole number from 0; None takes the scenario's.
        shared_luck: Whether all draws play the same patients' luck.
        runner: How draws and regressions are worked off, see `sim.workers`; of no consequence for the numbers.
        progress: Called with batches of draws done and batches in all, then with sets of parameters regressed on
            and sets in all.

    Returns:
        What `igsim psa` says, as tidy tables and figures.

    Raises:
        UsageError: If a setting cannot be used.
    """
    result = psa(
        scenario,
        draws=draws,
        patients=patients,
        seed=seed,
        shared_luck=shared_luck,
        runner=runner,
        progress=progress,
    )
    return report_of(result, runner=runner, progress=progress)


def population(result: PsaResult) -> float | None:
    """Discounted patients whom the decision concerns, from the scenario's `[voi]`; None where it has none."""
    voi = result.scenario.voi
    if voi is None:
        return None
    return population_factor(voi.patients_per_year.value, voi.years.value, voi.discount_rate_per_year.value)


def net_benefit(result: PsaResult, wtp: float) -> Floats:
    """Net monetary benefit by draw and strategy, patients' luck taken out of the scatter."""
    return wtp * result.corrected.qaly - result.corrected.cost


def value_of_parameters(
    result: PsaResult, *, runner: Runner = run_batches, progress: Progress | None = None
) -> pd.DataFrame:
    """EVPPI of every drawn parameter and every named group, at each threshold."""
    if result.n_draws < FEWEST_DRAWS:
        return pd.DataFrame(columns=list(EVPPI_COLUMNS))
    return evppi_table(evidence_of(result), result.wtp, sharing=shared_by(runner, progress))


def correlations_with_inmb(result: PsaResult) -> pd.DataFrame:
    """Correlation of every drawn parameter with every incremental net benefit, at each threshold."""
    if result.n_draws < FEWEST_DRAWS:
        return pd.DataFrame()
    parameters = result.draws.frame().drop(columns="draw")
    frames = [
        correlations(net_benefit(result, wtp), parameters, result.strategies).assign(wtp=wtp) for wtp in result.wtp
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["wtp", *frame.columns.drop("wtp")]]
