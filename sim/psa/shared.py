"""The regressions of the value of information as a job, so that whoever plays draws can share them too."""

from __future__ import annotations

from dataclasses import dataclass

from sim.voi import SetEstimates, Sharing
from sim.work import Arrays, Progress, Runner, digest_of


@dataclass(frozen=True)
class EvppiJob:
    """One batch a set of parameters.

    Attributes:
        estimates: What is regressed on what.
    """

    estimates: SetEstimates

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on."""
        return digest_of(self)

    def __call__(self, batch: int) -> Arrays:
        """Estimates of one set."""
        return self.estimates(batch)


def shared_by(runner: Runner, progress: Progress | None = None) -> Sharing:
    """Sets of parameters shared out by a runner.

    Args:
        runner: How batches are worked off.
        progress: Called with sets done and sets in all.
    """
    return lambda estimates: runner(EvppiJob(estimates), range(len(estimates.sets)), progress=progress)
