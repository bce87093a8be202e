"""Playing patients in batches and summing them in patient order.

A batch is a whole number of blocks (`sim.outcomes.BLOCK`), so the same patients are always summed together and a
result does not depend on how many are simulated at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from sim.engines import numpy_engine, simpy_engine
from sim.errors import SimulationError
from sim.model.accrual import accrue
from sim.model.parts import Floats
from sim.model.structure import ClinicalModel
from sim.outcomes import BLOCK, BlockSummary, Outcomes, summarise
from sim.population import draw_baseline
from sim.streams import Luck

EngineName = Literal["numpy", "simpy"]
ENGINES: tuple[str, ...] = get_args(EngineName)
BLOCKS_PER_BATCH = 4
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
    blocks_per_batch: int = BLOCKS_PER_BATCH,
    progress: Progress | None = None,
    before: Outcomes | None = None,
) -> Outcomes:
    """Outcomes of a compiled model; arguments as in `run`.

    `before` are outcomes of the first patients, a whole number of blocks, which are then not played again.
    """
    months = incidence_grid(model.horizon)
    batch = BLOCK * blocks_per_batch
    summary = before.summary if before else None
    for first in range(before.n_patients if before else 0, n_patients, batch):
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


def play_until(
    model: ClinicalModel,
    luck: Luck,
    n_patients: int,
    *,
    target_mcse: float,
    wtp: Sequence[float],
    engine: EngineName = "numpy",
    blocks_per_batch: int = BLOCKS_PER_BATCH,
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
