"""Jobs whose results are known, and whose workers meet with accidents."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import InputError, Problem
from sim.work import Arrays, digest_of


@dataclass(frozen=True)
class Squares:
    """Batch b gives b squared, and who computed it with how many threads.

    Attributes:
        slow: This batch takes `seconds`; -1 for none.
        seconds: How long.
        root: Part of the digest alone.
    """

    slow: int = -1
    seconds: float = 0.0
    root: int = 0

    @property
    def digest(self) -> str:
        return digest_of(self)

    def __call__(self, batch: int) -> Arrays:
        if batch == self.slow:
            time.sleep(self.seconds)
        threads = os.environ.get("OPENBLAS_NUM_THREADS", "unset")
        return {"square": np.array([batch**2]), "worker": np.array([os.getpid()]), "threads": np.array([threads])}


@dataclass(frozen=True)
class Accident:
    """Batch 2 meets with an accident as often as there is a file to take away; the others are harmless.

    Attributes:
        kind: "kill", "exit", "memory", "mistake" or "bug".
        folder: Holds one file for each accident to come.
    """

    kind: str
    folder: Path

    @property
    def digest(self) -> str:
        return digest_of(self.kind)

    def __call__(self, batch: int) -> Arrays:
        waiting = sorted(self.folder.iterdir()) if batch == 2 else []
        if waiting:
            waiting[0].unlink()
            self.happen()
        return {"square": np.array([batch**2])}

    def happen(self) -> None:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "exit":
            os._exit(7)
        if self.kind == "memory":
            raise MemoryError
        if self.kind == "mistake":
            raise InputError("this cannot be meant", [Problem("here", "x", "must be y")])
        raise ZeroDivisionError("a bug")


def leave(connection: object) -> None:
    """In place of a worker: ends before it begins."""
    os._exit(3)
