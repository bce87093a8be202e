"""The runner that joins a crew with what is kept on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import WorkError
from sim.work.batch_file import read_batches
from sim.work.contract import Arrays, Job, Progress
from sim.work.crew import Crew, in_order
from sim.work.folder import WorkFolder


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
