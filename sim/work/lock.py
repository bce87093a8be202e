"""One process at a time: a lock that the operating system lets go when its holder ends, however it ends.

The file says who holds it, for the message; the lock on it says whether they still do, so a file left by a process
that was killed stops nobody.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sim.errors import WorkError

if sys.platform == "win32":
    import msvcrt

    _FAR = 2**30

    def _try_lock(descriptor: int) -> None:
        """Lock a byte past the text, which others may then still read."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Lock:
    """A held lock.

    Attributes:
        path: The lock file.
        descriptor: Open as long as the lock is held.
    """

    path: Path
    descriptor: int

    @classmethod
    def take(cls, path: Path) -> Lock:
        """Take the lock.

        Raises:
            WorkError: Another process holds it.
            OSError: The file cannot be made, or its file system has no locks.
        """
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _try_lock(descriptor)
            except (BlockingIOError, PermissionError):
                os.close(descriptor)
                message = f"{path.parent}: {holder(path)} works on this; wait for it, or stop it and use --resume"
                raise WorkError(message) from None
            except OSError:
                os.close(descriptor)
                raise
            # Between opening and locking, the holder before may have finished and taken the file away.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                break
            os.close(descriptor)
        who = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        }
        os.ftruncate(descriptor, 0)
        os.write(descriptor, (json.dumps(who) + "\n").encode())
        return cls(path, descriptor)

    def release(self) -> None:
        """Let go; the file stays and stops nobody."""
        os.close(self.descriptor)


def holder(path: Path) -> str:
    """Who wrote the lock file, in words."""
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']} (since {who['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
