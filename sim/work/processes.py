"""Workers on this machine: persistent processes, each with one core.

Every worker has a pipe of its own, so when one dies it is known which batch it held and nobody else is disturbed.
Workers are spawned, not forked: they begin with nothing of this process but the job.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from sim.errors import WorkError
from sim.work.contract import Arrays, Job, Tell
from sim.work.crew import ATTEMPTS, Window
from sim.work.worker import OUT_OF_MEMORY, serve

MOST_WORKERS = 1024
WIDTH = 4
"""Batches in memory, begun or waiting for an earlier one, for each worker."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")
SECONDS_TO_END = 5.0


@dataclass(eq=False)
class _Worker:
    """One worker process.

    Attributes:
        process: The process.
        connection: Our end of its pipe.
        job: The pickled job that it has; None for none yet.
        batch: What it works on; None while idle.
        ready: Whether it has said so.
    """

    process: SpawnProcess
    connection: Connection
    job: bytes | None = None
    batch: int | None = None
    ready: bool = False

    @classmethod
    def start(cls) -> _Worker:
        """Start a process; Ctrl-C is held back until it can ignore it."""
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True)
        with _one_thread(), _interrupts_held():
            process.start()
        theirs.close()
        return cls(process, ours)

    def begin(self, job: bytes, batch: int) -> None:
        """Hand over a batch, and the job if it has another."""
        self.batch = batch
        if self.job is not job:
            self.connection.send(("job", job))
            self.job = job
        self.connection.send(("batch", batch))

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join(SECONDS_TO_END)
        self.connection.close()

    @property
    def fate(self) -> str:
        """What became of a process that is no more."""
        self.process.join(SECONDS_TO_END)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"its worker was killed by signal {-code}"
        return f"its worker ended with exit status {code}"


@dataclass(eq=False)
class Processes:
    """Worker processes on this machine.

    Attributes:
        n: How many, from 1.
        tell: Told of workers that died.
    """

    n: int
    tell: Tell
    _workers: list[_Worker] = field(default_factory=list)
    _stillborn: int = 0

    def work(self, job: Job, batches: Sequence[int]) -> Iterator[tuple[int, Arrays]]:
        """See `Crew`."""
        pickled = pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
        window = Window(batches, WIDTH * self.n)
        try:
            while not window.finished:
                self._hand_out(pickled, window, min(self.n, len(batches)))
                for worker in self._heard_from():
                    message = self._message(worker, window)
                    if message is not None:
                        window.finish(message[0])
                        yield message
        except BaseException:
            for worker in [each for each in self._workers if each.batch is not None or not each.ready]:
                self._workers.remove(worker)  # whoever still works has a batch that nobody wants
                worker.end()
            raise

    def close(self) -> None:
        """See `Crew`."""
        while self._workers:
            self._workers.pop().end()

    def _hand_out(self, job: bytes, window: Window, wanted: int) -> None:
        """Start missing workers and give every idle one a batch."""
        while len(self._workers) < wanted:
            self._workers.append(_Worker.start())
        for worker in [each for each in self._workers if each.ready and each.batch is None]:
            batch = window.take()
            if batch is None:
                return
            try:
                worker.begin(job, batch)
            except OSError:
                self._bury(worker, window, worker.fate)

    def _heard_from(self) -> list[_Worker]:
        """Workers that sent something, or died; waits until there is one, unless nobody is left to wait for."""
        by_connection = {each.connection: each for each in self._workers if each.batch is not None or not each.ready}
        if not by_connection:
            return []
        return [
            by_connection[connection]
            for connection in wait(list(by_connection))
            if isinstance(connection, Connection)
        ]

    def _message(self, worker: _Worker, window: Window) -> tuple[int, Arrays] | None:
        """A finished batch; None if there is none after all."""
        try:
            kind, *content = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker, window, worker.fate)
            return None
        if kind == "ready":
            worker.ready, self._stillborn = True, 0
            return None
        if kind == "exhausted":
            self._bury(worker, window, f"its worker {OUT_OF_MEMORY}")
            return None
        if kind == "failed":
            raise content[0]
        batch, arrays = content
        worker.batch = None
        return batch, arrays

    def _bury(self, worker: _Worker, window: Window, fate: str) -> None:
        """Take a worker out, put its batch back and say so.

        Raises:
            WorkError: The batch or the start of workers has failed too often.
        """
        self._workers.remove(worker)
        worker.end()
        if worker.batch is None:
            self._stillborn += 1
            if self._stillborn == ATTEMPTS * self.n:
                message = (
                    f"workers end before they begin ({worker.fate}); a script that asks for workers must do so "
                    'under `if __name__ == "__main__":`, for workers import it'
                )
                raise WorkError(message)
            return
        failed = window.fail(worker.batch, fate)
        self.tell(
            f"Batch {worker.batch + 1}: {fate} (process {worker.process.pid}); the batch is played again by a fresh "
            f"worker, attempt {failed + 1} of {ATTEMPTS}."
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started in here use one thread each in linear algebra: the workers are the parallelism."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until this ends; a process started in here begins with it held too."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
