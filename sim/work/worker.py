"""What runs in a worker process: take a job, work off its batches, send results back.

Nothing heavy is imported here, so that a worker is there at once; a job brings its modules when it is unpickled.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from sim.work.contract import results_of

OUT_OF_MEMORY = "ran out of memory"

READY = ("ready",)
"""Message of a worker that has begun; then ("done", batch, arrays), ("failed", error), ("exhausted", batch)."""


def serve(connection: Connection) -> None:
    """Work off messages ("job", bytes) and ("batch", number) until the other end is closed.

    Ctrl-C in a terminal reaches every process of it; the parent alone decides what becomes of the work.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job: Any = None
    try:
        connection.send(READY)
        while True:
            kind, content = connection.recv()
            if kind == "job":
                job = pickle.loads(content)  # from the parent's memory, never from a file
            else:
                connection.send(_outcome(job, content))
    except (EOFError, OSError):
        return


def _end_with_parent() -> None:
    """End at once when the parent has, even by `kill -9`: nobody waits for the batch any more."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _outcome(job: Any, batch: int) -> tuple[Any, ...]:
    try:
        return ("done", batch, results_of(job, batch))
    except MemoryError:
        return ("exhausted", batch)
    except Exception as error:  # carried to the parent and raised there
        return ("failed", portable(error))


def portable(error: Exception) -> Exception:
    """The error with its traceback as a note, or one like it if it cannot be pickled."""
    story = "In a worker:\n" + traceback.format_exc()
    try:
        again: Exception = pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an error's own pickling may raise
        again = RuntimeError(f"{type(error).__name__}: {error}")
    again.add_note(story)
    return again
