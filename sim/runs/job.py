"""The work of a run, cut into batches of whole blocks of patients, and blocks as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sim.engines import numpy_engine, simpy_engine
from sim.model.accrual import accrue
from sim.model.parts import Floats, Integers
from sim.model.structure import ClinicalModel
from sim.outcomes import BLOCK, BlockSummary, Moments, summarise
from sim.population import draw_baseline
from sim.streams import Luck
from sim.work import Arrays, digest_of

EngineName = Literal["numpy", "simpy"]
ENGINES: tuple[str, ...] = get_args(EngineName)
FORMAT = 2
_MOST_BLOCKS = 4
_MOST_HISTORIES = 2**17
"""Patients times strategies of which the arrays of one batch find the memory of the last (`sim.engines.memory`)."""


def patients_at_a_time(n_strategies: int) -> int:
    """How many patients to play at once: fewer cost more calls, more leave the cache and then the memory kept.

    Args:
        n_strategies: Strategies that they are played under.

    Returns:
        A whole number of blocks, from 1 to 4: of up to 8 strategies the most.
    """
    return BLOCK * max(1, min(_MOST_BLOCKS, _MOST_HISTORIES // (n_strategies * BLOCK)))


def in_turn(n_patients: int, n_strategies: int) -> Iterator[Integers]:
    """Numbers of the patients from 0 on, as many as are played at once each time, (n_at_once,)."""
    at_once = patients_at_a_time(n_strategies)
    for first in range(0, n_patients, at_once):
        yield np.arange(first, min(first + at_once, n_patients))


@dataclass(frozen=True)
class PatientsJob:
    """Patients of one model, some blocks at a time.

    Attributes:
        model: What is played.
        luck: Whose luck.
        first: The first patient, at the beginning of a block.
        last: One past the last.
        months: Grid of the cumulative incidence.
        engine: Which engine plays.
        blocks_per_batch: Blocks simulated at a time.
    """

    model: ClinicalModel
    luck: Luck
    first: int
    last: int
    months: Floats
    engine: EngineName
    blocks_per_batch: int

    @property
    def batches(self) -> range:
        """Numbers of the batches."""
        return range(-(-(self.last - self.first) // (BLOCK * self.blocks_per_batch)))

    def end(self, batch: int) -> int:
        """One past the last patient of a batch."""
        return min(self.first + (batch + 1) * BLOCK * self.blocks_per_batch, self.last)

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on, and of how they are cut into batches."""
        luck = [type(self.luck).__name__, getattr(self.luck, "seed", None)]
        rest = [self.first, self.last, self.months, self.engine, self.blocks_per_batch]
        return digest_of([FORMAT, BLOCK, self.model, luck, rest])

    def __call__(self, batch: int) -> Arrays:
        """Summaries of the blocks of one batch, as `blocks_of` reads them."""
        patient = np.arange(self.first + batch * BLOCK * self.blocks_per_batch, self.end(batch))
        simulate = simpy_engine.simulate if self.engine == "simpy" else numpy_engine.simulate
        who = draw_baseline(self.model, self.luck, patient)
        histories = simulate(self.model, self.luck, patient, who=who)
        values = accrue(self.model, who, histories)
        found = []
        for start in range(0, patient.size, BLOCK):
            block = slice(start, start + BLOCK)
            found.append(
                summarise(
                    {name: value[:, block] for name, value in values.items()},
                    histories.illnesses.first[:, block],
                    histories.illnesses.first_grade_3plus[:, block],
                    self.months,
                )
            )
        return {
            "components": np.array(found[0].components),
            "patients": np.array([each.arms.n for each in found]),
            "arms_mean": np.stack([each.arms.mean for each in found]),
            "arms_squares": np.stack([each.arms.squares for each in found]),
            "pairs_mean": np.stack([each.pairs.mean for each in found]),
            "pairs_squares": np.stack([each.pairs.squares for each in found]),
            "cross": np.stack([each.cross for each in found]),
            "incidence": np.stack([each.incidence for each in found]),
        }


def blocks_of(arrays: Arrays) -> Iterator[BlockSummary]:
    """Summary of each block of one batch, in patient order."""
    for i, n in enumerate(arrays["patients"].tolist()):
        yield BlockSummary(
            components=tuple(arrays["components"].tolist()),
            arms=Moments(n, arrays["arms_mean"][i], arrays["arms_squares"][i]),
            pairs=Moments(n, arrays["pairs_mean"][i], arrays["pairs_squares"][i]),
            cross=arrays["cross"][i],
            incidence=arrays["incidence"][i],
        )
