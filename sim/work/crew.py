"""Who works off batches: this process alone, workers beside it, or a cluster."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from sim.errors import WorkError
from sim.work.contract import Arrays, Job, Progress, results_of

ATTEMPTS = 3
"""How often a batch is tried if those who work on it die."""


class Crew(Protocol):
    """Works off batches and says so as each is done."""

    def work(self, job: Job, batches: Sequence[int]) -> Iterator[tuple[int, Arrays]]:
        """Batches and their results as they are done, none begun that is far past the first still to be done.

        Raises:
            WorkError: A batch was tried `ATTEMPTS` times, or whoever works cannot be reached.
        """

    def close(self) -> None:
        """Let everybody go, at once."""


class Serial:
    """This process alone."""

    def work(self, job: Job, batches: Sequence[int]) -> Iterator[tuple[int, Arrays]]:
        """See `Crew`."""
        for batch in batches:
            yield batch, results_of(job, batch)

    def close(self) -> None:
        """See `Crew`."""


class Window:
    """Which batch is to be begun next: none `width` places or more past the first that is not done.

    Args:
        batches: In the order in which results are wanted.
        width: Bounds what is in memory.
    """

    def __init__(self, batches: Sequence[int], width: int) -> None:
        self._place = {batch: place for place, batch in enumerate(batches)}
        self._todo = deque(batches)
        self._open = deque(batches)
        self._done: set[int] = set()
        self._width = width
        self._failed: Counter[int] = Counter()

    def take(self) -> int | None:
        """The next batch to begin; None if none may be begun now."""
        if self._todo and self._place[self._todo[0]] < self._place[self._open[0]] + self._width:
            return self._todo.popleft()
        return None

    def finish(self, batch: int) -> None:
        """Note that a batch is done."""
        self._done.add(batch)
        while self._open and self._open[0] in self._done:
            self._done.discard(self._open.popleft())

    def fail(self, batch: int, why: str) -> int:
        """Put a batch back, to be begun before all others.

        Returns:
            How often it has failed now.

        Raises:
            WorkError: It has failed `ATTEMPTS` times.
        """
        self._failed[batch] += 1
        if self._failed[batch] == ATTEMPTS:
            message = f"batch {batch + 1} was tried {ATTEMPTS} times and each time {why}"
            raise WorkError(message)
        self._todo.appendleft(batch)
        return self._failed[batch]

    @property
    def finished(self) -> bool:
        """Whether all batches are done."""
        return not self._open


def in_order(results: Iterator[tuple[int, Arrays]], batches: Sequence[int]) -> Iterator[Arrays]:
    """Results in the order of `batches`, whatever the order in which they come."""
    early: dict[int, Arrays] = {}
    for wanted in batches:
        while wanted not in early:
            batch, arrays = next(results)
            early[batch] = arrays
        yield early.pop(wanted)


def run_batches(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
    """Results of the given batches, in the order given, computed by this process.

    Args:
        job: The work.
        batches: Batch numbers, each once.
        progress: Called with batches done and batches in all after each.

    Yields:
        Arrays of one batch.
    """
    for done, (_, arrays) in enumerate(Serial().work(job, batches), start=1):
        yield arrays
        if progress:
            progress(done, len(batches))
