"""Finish a known piece of work, or be killed at a chosen step of keeping it.

    python -m tests.work.driver HOME [DIE_AT]

plays 12 batches, one file each, and writes HOME/result.npy as run folders are: under another name, then renamed.
DIE_AT is the number of the call that changes the disk, from 1, at which the process is killed instead.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sim.work import Serial
from sim.work import folder as folders
from sim.work.folder import WorkFolder
from sim.work.long_work import LongWork
from tests.work.conftest import UNDERTAKING
from tests.work.jobs import Squares

BATCHES = range(12)


def kill_at(number: int) -> None:
    """Count calls that change the disk, and die at one."""
    calls = iter(range(1, 10**6))

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: object, **how: object) -> Any:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **how)

        return wrapper

    os.fsync, Path.replace, Path.mkdir, os.ftruncate = map(
        counted, (os.fsync, Path.replace, Path.mkdir, os.ftruncate)
    )
    os.unlink, os.rmdir, os.rename = map(counted, (os.unlink, os.rmdir, os.rename))


def main() -> None:
    """See above."""
    home, die_at = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folders.SECONDS_BETWEEN_FILES = 0.0
    kill_at(die_at)
    folder = WorkFolder(home, UNDERTAKING, resume=True, tell=lambda text: print(text, file=sys.stderr))
    squares = np.concatenate([arrays["square"] for arrays in LongWork(Serial(), folder)(Squares(), BATCHES)])
    partial = home / "partial.npy"
    np.save(partial, squares)
    partial.rename(home / "result.npy")
    folder.remove()
    assert not folder.path.exists()


if __name__ == "__main__":
    main()
