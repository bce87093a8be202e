"""What a job gives and a runner takes; the promises are in the package's docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
"""Results of one batch: numbers, booleans or text, never objects."""

Progress = Callable[[int, int], None]
"""Called with batches done and batches in all."""

Tell = Callable[[str], None]
"""Called with a sentence for the user."""


class Job(Protocol):
    """What is to be done, batch by batch."""

    @property
    def digest(self) -> str:
        """SHA-256 of everything its results depend on."""

    def __call__(self, batch: int) -> Arrays:
        """Results of one batch."""


class Runner(Protocol):
    """How batches are worked off: `run_batches`, or the same bound to more workers and to what is kept on disk."""

    def __call__(self, job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
        """Results of the given batches, in the order given."""


def results_of(job: Job, batch: int) -> Arrays:
    """Results of one batch with their elements in C order, as they come back from disk or another process.

    Sums run in the order of memory, so an array of another order would give other last digits to whoever sums it.
    """
    return {name: np.asarray(array, order="C") for name, array in job(batch).items()}
