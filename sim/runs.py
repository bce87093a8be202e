"""Playing a scenario: patients in batches, summed in patient order, into outcomes and a decision.

A batch is a whole number of blocks (`sim.outcomes.BLOCK`), so the same patients are always summed together and a
result does not depend on how many are simulated at a time. Start with `run`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sim.build import compile_model
from sim.cea import IncrementalRow, Status, incremental_analysis
from sim.cohort import Cohort
from sim.engines import numpy_engine, simpy_engine
from sim.errors import Problem, SimulationError, UsageError
from sim.model.accrual import accrue
from sim.model.parts import Floats
from sim.model.structure import ClinicalModel
from sim.outcomes import BLOCK, BlockSummary, Outcomes, summarise
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck, Luck

EngineName = Literal["numpy", "simpy"]
ENGINES: tuple[str, ...] = get_args(EngineName)
BLOCKS_PER_BATCH = 4
MOST_PATIENTS = 10**9
LONGEST_INCIDENCE_GRID = 240

Progress = Callable[[int, int], None]
"""Called with patients done and patients in all."""


def run(
    scenario: Scenario,
    *,
    patients: int | None = None,
    seed: int | None = None,
    engine: EngineName = "numpy",
    blocks_per_batch: int = BLOCKS_PER_BATCH,
    progress: Progress | None = None,
    cohort: Cohort | None = None,
) -> RunResult:
    """Play every strategy of a scenario on the same patients and the same luck.

    Args:
        scenario: A validated scenario.
        patients: Patients under each strategy; None takes the rows of the cohort, or else the scenario's number.
        seed: Whole number from 0; None takes the scenario's.
        engine: numpy (fast) or simpy (the readable reference); the numbers are the same.
        blocks_per_batch: Blocks simulated at a time; of no consequence for the numbers.
        progress: Called after every batch.
        cohort: Real patients to play in place of drawn ones, again from the first row where there are too few.

    Returns:
        Outcomes with Monte Carlo standard errors, and the incremental analysis.

    Raises:
        UsageError: If the number of patients, the seed, the engine or the cohort cannot be used.
    """
    default = cohort.rows if cohort else scenario.analysis.patients
    n_patients = default if patients is None else patients
    root = scenario.analysis.seed if seed is None else seed
    problems = []
    if not 1 <= n_patients <= MOST_PATIENTS:
        problems.append(Problem("patients", str(n_patients), f"must be from 1 to {MOST_PATIENTS:,}"))
    if not 0 <= root < 2**63:
        problems.append(Problem("seed", str(root), "must be from 0 to 2**63 - 1"))
    if engine not in ENGINES:
        problems.append(Problem("engine", engine, f"must be one of {', '.join(ENGINES)}"))
    if cohort and not cohort.fits(scenario):
        allowed = "must be read for this scenario: the one it was read for has other agents, rates or serostatus"
        problems.append(Problem("cohort", cohort.file, allowed))
    if problems:
        raise UsageError("this run cannot be started", problems)

    model = compile_model(scenario)
    if cohort:
        model = cohort.join(model)
    outcomes = play(
        model,
        AddressedLuck(root),
        n_patients,
        engine=engine,
        blocks_per_batch=blocks_per_batch,
        progress=progress,
    )
    return RunResult(
        scenario=scenario, outcomes=outcomes, patients=n_patients, seed=root, engine=engine, cohort=cohort
    )


def play(
    model: ClinicalModel,
    luck: Luck,
    n_patients: int,
    *,
    engine: EngineName = "numpy",
    blocks_per_batch: int = BLOCKS_PER_BATCH,
    progress: Progress | None = None,
) -> Outcomes:
    """Outcomes of a compiled model; arguments as in `run`."""
    months = incidence_grid(model.horizon)
    batch = BLOCK * blocks_per_batch
    summary: BlockSummary | None = None
    for first in range(0, n_patients, batch):
        last = min(first + batch, n_patients)
        for block in _blocks(model, luck, first, last, months, engine):
            summary = block if summary is None else summary.merge(block)
        if progress:
            progress(last, n_patients)
    if summary is None:
        message = "no patient was simulated"
        raise SimulationError(message)
    return Outcomes(
        strategies=tuple(strategy.name for strategy in model.strategies),
        n_patients=n_patients,
        summary=summary,
        months=months,
    )


def _blocks(
    model: ClinicalModel, luck: Luck, first: int, last: int, months: Floats, engine: EngineName
) -> Iterator[BlockSummary]:
    """Summary of each block of one batch, in patient order."""
    patient = np.arange(first, last)
    simulate = simpy_engine.simulate if engine == "simpy" else numpy_engine.simulate
    histories = simulate(model, luck, patient)
    values = accrue(model, draw_baseline(model, luck, patient), histories)
    for start in range(0, patient.size, BLOCK):
        block = slice(start, start + BLOCK)
        yield summarise(
            {name: value[:, block] for name, value in values.items()},
            histories.illnesses.first[:, block],
            histories.illnesses.first_grade_3plus[:, block],
            months,
        )


def incidence_grid(horizon: float) -> Floats:
    """Whole months at which the cumulative incidence is kept: 0 to the horizon, at most 20 years."""
    return np.arange(0, min(math.floor(horizon), LONGEST_INCIDENCE_GRID) + 1, dtype=np.float64)


@dataclass(frozen=True)
class RunResult:
    """A played scenario and what follows from it for the decision.

    Attributes:
        scenario: What was played.
        outcomes: Means and standard errors.
        patients: Patients under each strategy.
        seed: Root of the luck.
        engine: Which engine played.
        cohort: The real patients; None if all were drawn.
    """

    scenario: Scenario
    outcomes: Outcomes
    patients: int
    seed: int
    engine: EngineName
    cohort: Cohort | None = None

    @cached_property
    def incremental(self) -> tuple[IncrementalRow, ...]:
        """Full incremental analysis, by rising cost."""
        outcomes = self.outcomes
        return incremental_analysis(outcomes.strategies, outcomes.mean("cost"), outcomes.mean("qaly"))

    def table(self) -> pd.DataFrame:
        """The incremental table, one row a strategy by rising cost, with Monte Carlo standard errors.

        Deltas and INMB are against the row's comparator (see `sim.cea.IncrementalRow`); their standard errors are
        those of the paired differences. INMB columns are named `inmb_<wtp>`.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        rows = []
        for row in self.incremental:
            s = names.index(row.strategy)
            c = s if row.comparator is None else names.index(row.comparator)
            line: dict[str, object] = {
                "strategy": row.strategy,
                "label": self.scenario.strategies[row.strategy].label,
                "cost": row.cost,
                "cost_mcse": outcomes.mcse("cost")[s],
                "qaly": row.qaly,
                "qaly_mcse": outcomes.mcse("qaly")[s],
                "comparator": row.comparator,
                "delta_cost": row.delta_cost,
                "delta_cost_mcse": None if row.comparator is None else outcomes.difference("cost", s, c)[1],
                "delta_qaly": row.delta_qaly,
                "delta_qaly_mcse": None if row.comparator is None else outcomes.difference("qaly", s, c)[1],
                "icer": row.icer,
                "status": str(row.status),
            }
            for wtp in self.scenario.analysis.wtp_per_qaly:
                inmb, mcse = outcomes.inmb(wtp, s, c)
                line |= {f"inmb_{wtp:g}": inmb, f"inmb_{wtp:g}_mcse": mcse}
            rows.append(line)
        return pd.DataFrame(rows)

    def efficiency(self) -> pd.DataFrame:
        """What averting takes: every other strategy against the cheapest undominated one.

        Number needed to treat is patients under the strategy for one serious infection averted; the cost per serious
        infection averted is the ratio of mean differences; both are blank where nothing is averted. Grams per
        patient-year are mean grams over mean life-years.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        reference = next(row.strategy for row in self.incremental if row.status is Status.REFERENCE)
        c = names.index(reference)
        rows = []
        for s, name in enumerate(names):
            if s == c:
                continue
            serious, serious_mcse = outcomes.difference("infections_grade_3plus", s, c)
            deaths, deaths_mcse = outcomes.difference("infection_death", s, c)
            delta_cost, _ = outcomes.difference("cost", s, c)
            averts = serious < 0
            years = float(outcomes.mean("life_years")[s])
            rows.append(
                {
                    "strategy": name,
                    "comparator": reference,
                    "serious_averted": -serious,
                    "serious_averted_mcse": serious_mcse,
                    "number_needed_to_treat": -1 / serious if averts else np.nan,
                    "cost_per_serious_averted": -delta_cost / serious if averts else np.nan,
                    "deaths_averted": -deaths,
                    "deaths_averted_mcse": deaths_mcse,
                    "grams_per_patient_year": float(outcomes.mean("ig_grams")[s]) / years if years > 0 else np.nan,
                }
            )
        return pd.DataFrame(rows)
