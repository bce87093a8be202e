"""The value of information of a decision: what is asked for, from wherever its draws come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sim.errors import Problem, UsageError
from sim.psa.analysis import PsaReport
from sim.psa.evidence import evidence_of, evidence_of_run
from sim.psa.result import PsaResult
from sim.psa.run import psa
from sim.psa.shared import shared_by
from sim.scenario import Scenario
from sim.voi import Evidence, PlannedTrial, evpi_table, evppi_table, population_table, trial_tables
from sim.work import Progress, Runner, run_batches

if TYPE_CHECKING:
    from sim.figures import FigureSet

SIZES = (50, 100, 200, 400, 800)
"""Patients per arm, unless told."""


@dataclass(frozen=True, eq=False)
class VoiReport:
    """What more evidence would be worth.

    Attributes:
        source: Where the draws come from, for the title.
        evidence: The draws.
        scenario: None for an outside table.
        wtp: Thresholds; empty names none: net benefits were given as they are.
        currency: Of all amounts; empty where it is not known.
        sizes: Patients per arm.
        by_wtp: Columns `sim.voi.EVPI_COLUMNS`.
        population_by_year: Columns `sim.voi.POPULATION_COLUMNS`.
        evppi: Columns `sim.voi.EVPPI_COLUMNS`.
        evsi: Columns `sim.voi.EVSI_COLUMNS`.
        best_sizes: Columns `sim.voi.BEST_COLUMNS`.
    """

    source: str
    evidence: Evidence
    scenario: Scenario | None
    wtp: tuple[float, ...]
    currency: str
    sizes: tuple[int, ...]
    by_wtp: pd.DataFrame
    population_by_year: pd.DataFrame
    evppi: pd.DataFrame
    evsi: pd.DataFrame
    best_sizes: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Tidy tables by name."""
        best = self.best_sizes.astype({"n_per_arm": float})
        years = {"population_by_year": self.population_by_year}
        return {"by_wtp": self.by_wtp, **years, "evppi": self.evppi, "evsi": self.evsi, "best_sizes": best}

    @cached_property
    def figures(self) -> FigureSet:
        """Figures, e.g. `figures.enbs(wtp=100_000)`; `figures.names` lists them."""
        from sim.figures import FigureSet, Look, Setting

        strategies = self.evidence.strategies
        look = Look(self.currency, strategies, {name: name for name in strategies})
        patients = None if self.evidence.population is None else self.evidence.patients
        return FigureSet(self.tables, Setting.of(look, self.wtp, population=patients))

    @property
    def n_draws(self) -> int:
        """Parameter draws."""
        return len(self.evidence.cost)


def assess(
    evidence: Evidence,
    wtp: Sequence[float],
    sizes: Sequence[int],
    *,
    source: str,
    scenario: Scenario | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
    evppi: pd.DataFrame | None = None,
) -> VoiReport:
    """Value of information of one decision at each threshold.

    Args:
        evidence: Draws, with trials if there are any.
        wtp: Thresholds.
        sizes: Patients per arm of the trials.
        source: Where the draws come from.
        scenario: The scenario, if there is one.
        runner: How the regressions of the EVPPI are worked off.
        progress: Called with sets of parameters regressed on and sets in all.
        evppi: Columns `sim.voi.EVPPI_COLUMNS`, where it is known from these very draws and thresholds.

    Raises:
        UsageError: The draws or the sizes cannot be used.
    """
    evsi, best = trial_tables(evidence, wtp, sizes)
    return VoiReport(
        source=source,
        evidence=evidence,
        scenario=scenario,
        wtp=tuple(wtp),
        currency=scenario.analysis.currency if scenario else "",
        sizes=tuple(sorted(set(sizes))),
        by_wtp=evpi_table(evidence, wtp),
        population_by_year=population_table(evidence, wtp),
        evppi=evppi_table(evidence, wtp, sharing=shared_by(runner, progress)) if evppi is None else evppi,
        evsi=evsi,
        best_sizes=best,
    )


def value_of_information(
    source: Scenario | PsaResult | PsaReport | str | PathLike[str],
    *,
    sizes: Sequence[int] = SIZES,
    wtp: Sequence[float] | None = None,
    designs: Sequence[str] | None = None,
    draws: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> VoiReport:
    """EVPI, EVPPI of parameters and groups, EVSI and net benefit of trials by size.

    Args:
        source: A scenario, whose probabilistic analysis is played; one already played; or its run folder.
        sizes: Patients per arm of the trials.
        wtp: Thresholds; None takes the scenario's.
        designs: Trials of the scenario's `[voi.designs]`; None takes all.
        draws: Of a scenario: parameter draws; None takes the scenario's number.
        patients: Of a scenario: patients in each draw; None takes the scenario's number.
        seed: Of a scenario: root of the luck; None takes the scenario's.
        runner: How draws and regressions are worked off, see `sim.workers`; of no consequence for the numbers.
        progress: Called with what is done and what there is in all: batches of draws of a scenario, then sets of
            parameters regressed on.

    Returns:
        Tidy tables and figures.

    Raises:
        UsageError: What was given cannot be used.
        ResultsError: A run folder is missing, incomplete or altered.
    """
    said, known = "a probabilistic analysis", None
    if isinstance(source, Scenario):
        scenario, said = source, source.files[0] if source.files else source.title
        evidence = evidence_of(
            psa(scenario, draws=draws, patients=patients, seed=seed, runner=runner, progress=progress)
        )
    elif isinstance(source, PsaReport | PsaResult):
        result = source.result if isinstance(source, PsaReport) else source
        scenario, evidence = result.scenario, evidence_of(result)
        # What the analysis has found for the same thresholds is not worked out again.
        same = isinstance(source, PsaReport) and tuple(wtp or result.wtp) == result.wtp and not source.evppi.empty
        known = source.evppi if isinstance(source, PsaReport) and same else None
    else:
        said = str(source)
        evidence, scenario = evidence_of_run(Path(source))
    evidence = replace(evidence, trials=chosen_trials(evidence, designs))
    thresholds = wtp or scenario.analysis.wtp_per_qaly
    return assess(
        evidence,
        thresholds,
        sizes,
        source=said,
        scenario=scenario,
        runner=runner,
        progress=progress,
        evppi=known,
    )


def chosen_trials(evidence: Evidence, names: Sequence[str] | None) -> dict[str, PlannedTrial]:
    """The trials asked for by name, all where none is named.

    Raises:
        UsageError: Naming each that is not there.
    """
    known = dict(evidence.trials)
    allowed = f"one of {', '.join(known)}" if known else "no design: there is none whose two arms are compared"
    problems = [Problem("design", name, allowed) for name in names or [] if name not in known]
    if problems:
        raise UsageError("no such trial", problems)
    return {name: known[name] for name in names or known}
