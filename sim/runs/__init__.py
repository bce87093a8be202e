"""Playing scenarios: start with `run`.

`job` plays a batch of patients, `play` all of them and sums; `result` holds what came of it.
"""

from __future__ import annotations

import math
from typing import TypedDict

from sim.build import compile_model
from sim.cohort import Cohort
from sim.errors import Problem, UsageError
from sim.runs.job import ENGINES, EngineName
from sim.runs.play import (
    MOST_PATIENTS,
    Progress,
    incidence_grid,
    play,
    play_until,
)
from sim.runs.result import RunResult
from sim.scenario import Scenario
from sim.streams import AddressedLuck
from sim.work import Runner, run_batches

__all__ = [
    "ENGINES",
    "MOST_PATIENTS",
    "EngineName",
    "Progress",
    "RunResult",
    "incidence_grid",
    "play",
    "play_until",
    "run",
]


class _How(TypedDict):
    """How patients are played, of no consequence for the numbers."""

    engine: EngineName
    blocks_per_batch: int | None
    runner: Runner
    progress: Progress | None


def run(
    scenario: Scenario,
    *,
    patients: int | None = None,
    seed: int | None = None,
    engine: EngineName = "numpy",
    blocks_per_batch: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
    cohort: Cohort | None = None,
    target_mcse: float | None = None,
) -> RunResult:
    """Play every strategy of a scenario on the same patients and the same luck.

    Args:
        scenario: A validated scenario.
        patients: Patients under each strategy; None takes the rows of the cohort, or else the scenario's number.
        seed: Whole number from 0; None takes the scenario's.
        engine: numpy (fast) or simpy (the readable reference); the numbers are the same.
        blocks_per_batch: Blocks simulated at a time, None for what is fast; of no consequence for the numbers.
        runner: How batches are worked off, see `sim.work`; of no consequence for the numbers.
        progress: Called with patients done and patients in all after every batch.
        cohort: Real patients to play in place of drawn ones, again from the first row where there are too few.
        target_mcse: Add patients, whole blocks at a time, until the Monte Carlo standard error of the INMB of every
            pair of strategies at every willingness to pay of the scenario is at most this; `patients` is then
            where it begins. The result is that of a run with so many patients.

    Returns:
        Outcomes with Monte Carlo standard errors, and the incremental analysis.

    Raises:
        UsageError: If the number of patients, the seed, the engine, the cohort or the target cannot be used.
        SimulationError: If the target is out of reach.
    """
    default = cohort.rows if cohort else scenario.analysis.patients
    n_patients = default if patients is None else patients
    root = scenario.analysis.seed if seed is None else seed
    _check(scenario, n_patients, root, engine, cohort, target_mcse)
    model = compile_model(scenario)
    if cohort:
        model = cohort.join(model)
    how: _How = {"engine": engine, "blocks_per_batch": blocks_per_batch, "runner": runner, "progress": progress}
    luck = AddressedLuck(root)
    if target_mcse is None:
        outcomes = play(model, luck, n_patients, **how)
    else:
        wtp = scenario.analysis.wtp_per_qaly
        outcomes = play_until(model, luck, n_patients, target_mcse=target_mcse, wtp=wtp, **how)
    return RunResult(
        scenario=scenario,
        outcomes=outcomes,
        patients=outcomes.n_patients,
        seed=root,
        engine=engine,
        cohort=cohort,
        target_mcse=target_mcse,
    )


def _check(
    scenario: Scenario, patients: int, seed: int, engine: str, cohort: Cohort | None, target_mcse: float | None
) -> None:
    """Refuse what cannot be played, with all its faults at once."""
    problems = []
    if not 1 <= patients <= MOST_PATIENTS:
        problems.append(Problem("patients", str(patients), f"must be from 1 to {MOST_PATIENTS:,}"))
    if not 0 <= seed < 2**63:
        problems.append(Problem("seed", str(seed), "must be from 0 to 2**63 - 1"))
    if engine not in ENGINES:
        problems.append(Problem("engine", engine, f"must be one of {', '.join(ENGINES)}"))
    if target_mcse is not None and not 0 < target_mcse < math.inf:
        problems.append(Problem("target_mcse", f"{target_mcse:g}", "must be above 0"))
    if cohort and not cohort.fits(scenario):
        allowed = "must be read for this scenario: the one it was read for has other agents, rates or serostatus"
        problems.append(Problem("cohort", cohort.file, allowed))
    if problems:
        raise UsageError("this run cannot be started", problems)
