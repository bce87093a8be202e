"""This process alone while the work is short, and a worker on every core once it turns out to last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sim.work.contract import Arrays, Job, Tell, results_of
from sim.work.processes import MOST_WORKERS, Processes

PATIENCE_SECONDS = 1.0
"""What this process works off by itself before it looks for company."""
WORTHWHILE_SECONDS = 3.0
"""Least work still to come, at the pace so far, for which processes pay: each takes about a second to start."""


def available_cores() -> int:
    """Cores that this process may use, by its affinity and by the quota of its container."""
    from joblib import cpu_count  # a fifth of a second, which short work need not pay

    return min(int(cpu_count()), MOST_WORKERS)


@dataclass(eq=False)
class AsNeeded:
    """Begins alone; the rest of work that lasts goes to processes, which then serve all further work.

    Results do not depend on who computes them, so when the processes come is of no consequence.

    Attributes:
        tell: Told of workers that died.
        cores: How many processes there may be.
        clock: Seconds.
    """

    tell: Tell
    cores: Callable[[], int] = available_cores
    clock: Callable[[], float] = time.monotonic
    _company: Processes | None = None
    _alone: bool = False
    _seconds: float = 0.0

    def work(self, job: Job, batches: Sequence[int]) -> Iterator[tuple[int, Arrays]]:
        """See `Crew`."""
        left, done, seconds = deque(batches), 0, 0.0
        while left and not self._wanted(len(left), done, seconds):
            batch, started = left.popleft(), self.clock()
            arrays = results_of(job, batch)
            took = self.clock() - started
            done, seconds, self._seconds = done + 1, seconds + took, self._seconds + took
            yield batch, arrays
        if left and self._company is not None:
            yield from self._company.work(job, list(left))

    def close(self) -> None:
        """See `Crew`."""
        if self._company is not None:
            self._company.close()

    def _wanted(self, left: int, done: int, seconds: float) -> bool:
        """Whether what is left goes to processes; looks for them when the time has come."""
        if self._company is not None or self._alone:
            return self._company is not None
        if done and left > 1 and self._seconds >= PATIENCE_SECONDS and left * seconds / done >= WORTHWHILE_SECONDS:
            cores = self.cores()
            self._alone = cores == 1
            self._company = None if self._alone else Processes(cores, self.tell)
        return self._company is not None
