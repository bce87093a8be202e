"""The runner that joins a crew with what is kept on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.errors import Problem, UsageError, WorkError
from sim.work.as_needed import AsNeeded
from sim.work.batch_file import read_batches
from sim.work.contract import Arrays, Job, Progress, Tell
from sim.work.crew import Crew, Serial, in_order
from sim.work.folder import Undertaking, WorkFolder
from sim.work.processes import MOST_WORKERS, Processes


@dataclass(frozen=True)
class LongWork:
    """A `Runner`: batches are worked off by a crew, kept as they are done, and not played again if they were kept.

    Attributes:
        crew: Who works.
        folder: Where batches are kept; None keeps nothing.
    """

    crew: Crew
    folder: WorkFolder | None = None

    def __call__(self, job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
        """See `sim.work.Runner`."""
        digest = job.digest if self.folder else ""
        kept = self.folder.kept(digest) if self.folder else {}
        missing = [batch for batch in batches if batch not in kept]
        done = len(batches) - len(missing)
        if progress and done:
            progress(done, len(batches))
        computed = in_order(self._computed(job, digest, missing, len(batches), progress), missing)
        last: tuple[Path, dict[int, Arrays]] | None = None
        for batch in batches:
            if batch not in kept:
                yield next(computed)
                continue
            if last is None or last[0] != kept[batch]:
                last = kept[batch], _again(kept[batch], digest)
            yield last[1][batch]

    def _computed(
        self, job: Job, digest: str, batches: Sequence[int], total: int, progress: Progress | None
    ) -> Iterator[tuple[int, Arrays]]:
        """Batches as they are done, each kept at once."""
        for done, (batch, arrays) in enumerate(self.crew.work(job, batches), start=total - len(batches) + 1):
            if self.folder:
                self.folder.keep(digest, batch, arrays)
            if progress:
                progress(done, total)
            yield batch, arrays


def _again(path: Path, job: str) -> dict[int, Arrays]:
    """Batches of a file that was sound a moment ago."""
    batches = read_batches(path, job)
    if batches is None:
        message = f"{path}: altered while it was in use"
        raise WorkError(message)
    return batches


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


@contextmanager
def workers(
    n: int | None = 1, *, scheduler: str | None = None, keep: Path | str | None = None, tell: Tell = _to_stderr
) -> Iterator[LongWork]:
    """Whoever works off what is played in here, for the argument `runner` of `sim.run`, `sim.sweep` and others.

        with sim.workers(2, keep="unfinished") as runner:
            result = sim.run(scenario, patients=10**6, runner=runner)

    Args:
        n: Processes of this machine; 1 is this process alone, None one for each core once the work lasts over a
            second. A script asks for more than 1 under `if __name__ == "__main__":`, for they import it.
        scheduler: Address of a Dask scheduler, in place of processes.
        keep: Where finished batches are kept until this ends; those of an interrupted attempt are used again. None
            keeps nothing.
        tell: Told of workers that died and of batches that are used again.

    Yields:
        A `sim.work.Runner`.

    Raises:
        UsageError: n is out of range, or the cluster cannot be used.
        WorkError: Workers, the cluster or the disk fail, or another process keeps its batches there.
    """
    if n is not None and not 1 <= n <= MOST_WORKERS:
        raise UsageError(
            "there can be no such workers", [Problem("n", f"{n}", f"must be from 1 to {MOST_WORKERS:,}")]
        )
    folder = None
    crew = crew_of(n, scheduler, tell)
    try:
        if keep is not None:
            undertaking = Undertaking("workers", (), {}, f"sim.workers(keep={str(keep)!r})")
            folder = WorkFolder(Path(keep), undertaking, resume=undertaking.path(Path(keep)).is_dir(), tell=tell)
        yield LongWork(crew, folder)
        if folder:
            folder.remove()
    finally:
        crew.close()
        if folder:
            folder.close()


def crew_of(n: int | None, scheduler: str | None, tell: Tell) -> Crew:
    """This process, n processes of this machine (None: as many as it pays to have), or a cluster."""
    if scheduler is None:
        if n is None:
            return AsNeeded(tell)
        return Serial() if n == 1 else Processes(n, tell)
    if n not in (None, 1):
        problem = Problem("--workers", f"{n} together with --scheduler", "the workers are those of the cluster")
        raise UsageError("either processes of this machine or a cluster", [problem])
    from sim.work.cluster import Cluster

    return Cluster(scheduler, tell)
