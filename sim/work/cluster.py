"""Workers of a Dask cluster (https://distributed.dask.org): the same batches, the same bytes.

A batch goes only to a worker that runs this version of igsim with this machine's arithmetic (`digests`). Dask itself
plays the batches of a lost worker again; a lost scheduler ends the work, and what is done is kept here.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import re
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from sim.errors import Problem, UsageError, WorkError
from sim.work.contract import Arrays, Job, Tell, results_of
from sim.work.crew import Window
from sim.work.digests import arithmetic_digest, program_digest
from sim.work.worker import OUT_OF_MEMORY

if TYPE_CHECKING:
    from distributed import Client, Future

WIDTH = 4
"""Batches in memory, begun or waiting for an earlier one, for each thread of the cluster."""
SECONDS_TO_CONNECT = 10
SECONDS_WITHOUT_WORKERS = 60.0
SECONDS_BETWEEN_LOOKS = 2.0

Identity = tuple[str, str, str]
"""Host, program, arithmetic."""


def identity() -> Identity:
    """Who computes here; results are the same bytes where the last two agree."""
    return socket.gethostname(), program_digest(), arithmetic_digest()


def play(job: Job, batch: int, expected: Identity) -> Arrays:
    """Play one batch on a worker.

    Raises:
        UsageError: This worker would not compute the same bytes.
    """
    here = identity()
    problems = [
        Problem("--scheduler", f"{what} on {here[0]} than on {expected[0]}", allowed)
        for mine, theirs, what, allowed in (
            (here[1], expected[1], "another igsim, NumPy or SciPy", "must be the same on every machine"),
            (here[2], expected[2], "other last digits of elementary functions", "must be processors of one kind"),
        )
        if mine != theirs
    ]
    if problems:
        raise UsageError("this cluster would not compute the same bytes", problems)
    return results_of(job, batch)


class Cluster:
    """The workers of a Dask cluster.

    Args:
        address: Of the scheduler, e.g. "tcp://10.0.0.1:8786".
        tell: Told of workers that left.

    Raises:
        UsageError: Dask is not installed, or there is no scheduler or no worker.
    """

    def __init__(self, address: str, tell: Tell) -> None:
        try:
            from distributed import Client
        except ImportError:
            problem = Problem("--scheduler", address, "needs Dask: pip install 'igsim[cluster]'")
            raise UsageError("the cluster cannot be used", [problem]) from None
        if not re.fullmatch(r"(\w+://)?.+:\d+", address):
            raise UsageError("no such address", [Problem("--scheduler", address, "must be like tcp://10.0.0.1:8786")])
        for name in [each for each in logging.root.manager.loggerDict if each.partition(".")[0] == "distributed"]:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is said here, once
        self.address = address
        self._tell = tell
        try:
            self._client: Client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False, name="igsim")
        except (OSError, ValueError, TypeError) as error:
            problem = Problem("--scheduler", address, f"must be the address of a running Dask scheduler ({error})")
            raise UsageError("the cluster cannot be reached", [problem]) from error
        self._workers: set[str] = set()
        self._last_look = self._last_worker = time.monotonic()

    def work(self, job: Job, batches: Sequence[int]) -> Iterator[tuple[int, Arrays]]:
        """See `Crew`."""
        from distributed import TimeoutError as DaskTimeoutError
        from distributed import wait

        if not batches:
            return
        self._await_workers()
        # A task and no scattered datum: if the worker that holds it dies, Dask makes it again.
        shared = self._client.submit(pickle.loads, pickle.dumps(job), key=f"igsim-job-{uuid.uuid4().hex}")
        window, here = Window(batches, WIDTH * self._look()), identity()
        pending: dict[Future, int] = {}
        while not window.finished:
            while (batch := window.take()) is not None:
                key = f"igsim-batch-{batch}-{uuid.uuid4().hex}"
                pending[self._client.submit(play, shared, batch, here, key=key)] = batch
            done: Sequence[Future] = ()
            with contextlib.suppress(DaskTimeoutError, TimeoutError, CancelledError), self._client.as_current():
                done = wait(list(pending), timeout=SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED").done
            if time.monotonic() - self._last_look > SECONDS_BETWEEN_LOOKS or self._client.status != "running":
                self._look()
            for future in done:
                batch = pending.pop(future)
                arrays = self._result(future, batch, window)
                if arrays is not None:
                    window.finish(batch)
                    yield batch, arrays

    def close(self) -> None:
        """See `Crew`."""
        with contextlib.suppress(Exception):  # whatever a cluster that is gone may raise
            self._client.close(timeout=1)

    def _result(self, future: Future, batch: int, window: Window) -> Arrays | None:
        """What a finished task gave; None if it is to be played again."""
        from distributed import KilledWorker

        try:
            arrays: Arrays = future.result(timeout=SECONDS_WITHOUT_WORKERS)
        except MemoryError:
            failed = window.fail(batch, f"its worker {OUT_OF_MEMORY}")
            self._tell(f"Batch {batch + 1}: its worker {OUT_OF_MEMORY}; it is played again, attempt {failed + 1}.")
            return None
        except KilledWorker as error:
            message = f"batch {batch + 1} was tried by several workers of {self.address} and each of them died"
            raise WorkError(message) from error
        except ImportError as error:
            problem = Problem("--scheduler", f"a worker without igsim ({error})", "must have it on every machine")
            raise UsageError("the cluster cannot be used", [problem]) from error
        except (CancelledError, OSError) as error:
            raise self._gone() from error
        return arrays

    def _await_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
        except Exception as error:  # Dask's own kinds of time-out differ by version
            problem = Problem("--scheduler", self.address, "must have a worker: dask worker ADDRESS")
            raise UsageError("the cluster cannot be used", [problem]) from error

    def _look(self) -> int:
        """Who is there; says who left.

        Returns:
            Threads in all, at least 1.

        Raises:
            WorkError: The scheduler is gone, or all workers have been for long.
        """
        try:
            if self._client.status != "running":
                raise self._gone()
            found: dict[str, int] = self._client.nthreads()
        except (OSError, CancelledError, TimeoutError) as error:
            raise self._gone() from error
        now = time.monotonic()
        for gone in sorted(self._workers - set(found)):
            self._tell(f"Worker {gone} left the cluster; its batches are played again by others.")
        self._workers, self._last_look = set(found), now
        if found:
            self._last_worker = now
        elif now - self._last_worker > SECONDS_WITHOUT_WORKERS:
            message = f"{self.address}: the cluster has had no worker for {SECONDS_WITHOUT_WORKERS:.0f} seconds"
            raise WorkError(message)
        return max(sum(found.values()), 1)

    def _gone(self) -> WorkError:
        return WorkError(f"{self.address}: the connection to the scheduler was lost")
