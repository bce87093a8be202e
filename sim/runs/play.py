"""Playing patients in batches and summing them in patient order.

A batch is a whole number of blocks (`sim.outcomes.BLOCK`), so the same patients are always summed together and a
result does not depend on how many are simulated at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from sim.errors import SimulationError
from sim.model.parts import Floats
from sim.model.structure import ClinicalModel
from sim.outcomes import BLOCK, Outcomes
from sim.runs.job import EngineName, PatientsJob, blocks_of, patients_at_a_time
from sim.streams import Luck
from sim.work import Runner, run_batches

MOST_PATIENTS = 10**9
LONGEST_INCIDENCE_GRID = 240

Progress = Callable[[int, int], None]
"""Called with patients done and patients in all."""


def play(
    model: ClinicalModel,
    luck: Luck,
    n_patients: int,
    *,
    engine: EngineName = "numpy",
    blocks_per_batch: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
    before: Outcomes | None = None,
) -> Outcomes:
    """Outcomes of a compiled model; arguments as in `run`.

    `before` are outcomes of the first patients, a whole number of blocks, which are then not played again.
    """
    months = incidence_grid(model.horizon)
    first = before.n_patients if before else 0
    blocks = blocks_per_batch or patients_at_a_time(len(model.strategies)) // BLOCK
    job = PatientsJob(model, luck, first, n_patients, months, engine, blocks)
    batches = job.batches

    def report(done: int, _: int) -> None:
        if progress:
            progress(job.end(done - 1), n_patients)

    summary = before.summary if before else None
    for arrays in runner(job, batches, progress=report):
        for block in blocks_of(arrays):
            summary = block if summary is None else summary.merge(block)
    if summary is None:
        message = "no patient was simulated"
        raise SimulationError(message)
    return Outcomes(
        strategies=tuple(strategy.name for strategy in model.strategies),
        n_patients=n_patients,
        summary=summary,
        months=months,
    )


def play_until(
    model: ClinicalModel,
    luck: Luck,
    n_patients: int,
    *,
    target_mcse: float,
    wtp: Sequence[float],
    engine: EngineName = "numpy",
    blocks_per_batch: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> Outcomes:
    """Outcomes of as many patients as the wanted precision takes; arguments as in `run`.

    Each step plays as many more patients as the error so far asks for. Stopping depends on the error alone, which
    is known to a per cent after the first block; what that does to the means is far below their error.

    Raises:
        SimulationError: If more than `MOST_PATIENTS` would be needed.
    """
    outcomes: Outcomes | None = None
    wanted = n_patients
    while True:
        wanted = -(-wanted // BLOCK) * BLOCK
        if wanted > MOST_PATIENTS:
            message = f"a standard error of {target_mcse:g} would take {wanted:,} patients, above {MOST_PATIENTS:,}"
            raise SimulationError(message)
        outcomes = play(
            model,
            luck,
            wanted,
            engine=engine,
            blocks_per_batch=blocks_per_batch,
            runner=runner,
            progress=progress,
            before=outcomes,
        )
        mcse = largest_mcse(outcomes, wtp)
        if mcse <= target_mcse:
            return outcomes
        # A little more than the square-root law asks, lest the next step fall short by a hair.
        wanted = max(math.ceil(1.02 * wanted * (mcse / target_mcse) ** 2), wanted + 1)


def largest_mcse(outcomes: Outcomes, wtp: Sequence[float]) -> float:
    """Largest standard error of an INMB over all pairs of strategies and thresholds; 0 for one strategy."""
    pairs = combinations(range(len(outcomes.strategies)), 2)
    return max((outcomes.inmb(k, s, c)[1] for s, c in pairs for k in wtp), default=0.0)


def incidence_grid(horizon: float) -> Floats:
    """Whole months at which the cumulative incidence is kept: 0 to the horizon, at most 20 years."""
    return np.arange(0, min(math.floor(horizon), LONGEST_INCIDENCE_GRID) + 1, dtype=np.float64)
