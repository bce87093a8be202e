"""What is kept of unfinished work: a hidden folder beside the place of the run folder to come.

    results/<scenario>/.unfinished-<digest>/
        settings.json                        what the work is, and how to finish it
        lock.json                            who is at it
        <job>-<first batch>-<SHA-256>.npz    finished batches

The folder's name is the digest of all that its batches depend on, this version of the program included, so what is
found under it belongs to the same work. It is made when there is a batch to keep, and goes when the work is done.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import WorkError
from sim.work.batch_file import PARTIAL, files_of, read_batches, write_batches, write_whole
from sim.work.contract import Arrays, Tell
from sim.work.digests import arithmetic_digest, digest_of, program_digest
from sim.work.lock import Lock

FORMAT = 1
PREFIX = ".unfinished-"
DIGITS = 16
SECONDS_BETWEEN_FILES = 1.0
"""Batches finished within this time share a file, so that flushing to disk takes no time that counts."""


@dataclass(frozen=True)
class Undertaking:
    """What the work is.

    Attributes:
        command: Which analysis.
        scenarios: Digest, file and text of every scenario.
        settings: Whatever else the results depend on, as JSON can carry it.
        resume: The command that finishes it.
    """

    command: str
    scenarios: tuple[Mapping[str, str], ...]
    settings: Mapping[str, Any]
    resume: str

    @property
    def digest(self) -> str:
        """SHA-256 of all that results depend on, the program and the machine's arithmetic included."""
        scenarios = [scenario["digest"] for scenario in self.scenarios]
        settings = json.dumps(self.settings, sort_keys=True)
        return digest_of([FORMAT, self.command, scenarios, settings, program_digest(), arithmetic_digest()])

    def path(self, home: Path) -> Path:
        """Its folder beside the run folders in `home`."""
        return home / f"{PREFIX}{self.digest[:DIGITS]}"

    @property
    def record(self) -> dict[str, Any]:
        """What `settings.json` says."""
        return {
            "format": FORMAT,
            "command": self.command,
            "resume": self.resume,
            "digest": self.digest,
            "scenarios": [dict(scenario) for scenario in self.scenarios],
            "settings": dict(self.settings),
            "program": program_digest(),
            "arithmetic": arithmetic_digest(),
        }


class WorkFolder:
    """Keeps finished batches, and hands back those of an earlier attempt.

    Args:
        home: Where run folders of the scenario are.
        undertaking: What the work is.
        resume: Whether to use what an earlier attempt left; else it is left alone until the work is done.
        tell: Told of what is found.

    Raises:
        WorkError: Another process works on the same.
    """

    def __init__(self, home: Path, undertaking: Undertaking, *, resume: bool, tell: Tell) -> None:
        self.path = undertaking.path(home)
        self._undertaking = undertaking
        self._tell = tell
        self._lock: Lock | None = None
        self._fresh: dict[str, dict[int, Arrays]] = {}
        self._written = time.monotonic()
        self._resumed = resume and self.path.is_dir()
        if self._resumed:
            self._take()
        elif resume:
            tell(_nothing_found(home, undertaking))
        elif self.path.is_dir():
            tell(f"{self.path} holds a part of this work; --resume would use it. This begins anew.")

    def kept(self, job: str) -> dict[int, Path]:
        """Batches of a job that an earlier attempt finished and the files they are in; the spoilt are taken away."""
        found: dict[int, Path] = {}
        for path in files_of(self.path, job) if self._resumed else []:
            batches = read_batches(path, job)
            if batches is None:
                self._tell(f"{path}: cut short, altered or of other work; its batches are played again.")
                path.unlink(missing_ok=True)
            else:
                found |= dict.fromkeys(batches, path)
        if found:
            self._tell(f"{self.path}: {len(found):,} finished batches are used again.")
        return found

    def keep(self, job: str, batch: int, arrays: Arrays) -> None:
        """Keep a finished batch, on disk within a second or with the next that is finished after it.

        Raises:
            WorkError: It cannot be written, or another process has begun the same work.
        """
        self._fresh.setdefault(job, {})[batch] = arrays
        if time.monotonic() - self._written >= SECONDS_BETWEEN_FILES:
            self.flush()

    def flush(self) -> None:
        """Write what is not yet on disk."""
        try:
            while self._fresh:
                if self._lock is None:
                    self._take()
                job = next(iter(self._fresh))
                write_batches(self.path, job, self._fresh[job])
                del self._fresh[job]
        except (OSError, WorkError) as error:
            self._fresh.clear()  # or the attempt would be made again on the way out
            if isinstance(error, WorkError):
                raise
            message = (
                f"{self.path}: finished batches cannot be kept ({error.strerror or error}); no file was left half"
            )
            raise WorkError(message) from error
        finally:
            self._written = time.monotonic()

    def close(self) -> bool:
        """Write what is not yet on disk and let others at it.

        Returns:
            Whether there is something to resume.
        """
        try:
            self.flush()
        finally:
            if self._lock is not None:
                self._lock.release()
                self._lock = None
        return self.path.is_dir() and any(self.path.glob("*.npz"))

    def remove(self) -> None:
        """The work is done: nothing is kept, unless another process is at it."""
        self._fresh.clear()
        if self.path.is_dir() and self._lock is None:
            try:
                self._take()
            except (OSError, WorkError):
                return
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def _take(self) -> None:
        """Make the folder, lock it, and write down what it is."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = Lock.take(self.path / "lock.json")
        for half in self.path.glob(f"{PARTIAL}*"):
            half.unlink()  # of a process that was killed while it wrote
        settings = self.path / "settings.json"
        if not settings.exists():
            text = json.dumps(self._undertaking.record, indent=2, ensure_ascii=False)
            write_whole(settings, (text + "\n").encode())


def _nothing_found(home: Path, wanted: Undertaking) -> str:
    """That there is nothing to resume, and how the unfinished work that there is differs."""
    said = [f"Nothing to resume in {home}: this begins from the beginning."]
    for path in sorted(home.glob(f"{PREFIX}*/settings.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            differs = [name for name, value in wanted.record.items() if record[name] != value]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        causes = [name for name in differs if name not in ("resume", "digest")]
        said.append(f"{path.parent.name} has other {', '.join(causes)} (its own: {record['resume']}).")
    return "\n".join(said)
