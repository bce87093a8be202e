"""Long work in numbered batches: computed anywhere, in any order, handed back in theirs.

A job is a picklable value that turns a batch number into arrays and nothing else, so its results are the same bytes
whichever worker computes them and whenever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]


class Job(Protocol):
    """What is to be done, batch by batch."""

    @property
    def digest(self) -> str:
        """SHA-256 of everything its results depend on."""

    def __call__(self, batch: int) -> Arrays:
        """Results of one batch."""


def run_batches(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
    """Results of the given batches, in the order given.

    Args:
        job: The work.
        batches: Batch numbers.
        progress: Called with batches done and batches in all after each.

    Yields:
        Arrays of one batch.
    """
    for done, batch in enumerate(batches, start=1):
        yield job(batch)
        if progress:
            progress(done, len(batches))
