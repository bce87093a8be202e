"""From a scenario to a probabilistic analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim.errors import Problem, SimulationError, UsageError
from sim.parameters import draw_parameters
from sim.psa.job import PsaJob, components_of, group_sizes
from sim.psa.result import PsaResult
from sim.runs import MOST_PATIENTS
from sim.scenario import Scenario
from sim.work import Arrays, Progress, Runner, run_batches

MOST_DRAWS = 10**6
DRAWS_PER_BATCH = 10
FEWEST = 2
MOST_ROUNDS = 4
SAFETY = 0.97
"""A little more precision is asked for than wanted, lest the next round fall short by a hair."""


@dataclass(frozen=True)
class Settings:
    """What of a probabilistic analysis is not in the scenario.

    Attributes:
        draws: Parameter draws.
        patients: Patients in each draw under each strategy.
        seed: Root of the luck of parameters and patients.
        shared_luck: Whether all draws play the same patients' luck.
        draws_per_batch: Draws computed at a time; of no consequence for the numbers.
    """

    draws: int
    patients: int
    seed: int
    shared_luck: bool = True
    draws_per_batch: int = DRAWS_PER_BATCH

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: Naming each that cannot be used.
        """
        limits = {
            "draws": (self.draws, FEWEST, MOST_DRAWS),
            "patients": (self.patients, FEWEST, MOST_PATIENTS),
            "seed": (self.seed, 0, 2**63 - 1),
            "draws_per_batch": (self.draws_per_batch, 1, MOST_DRAWS),
        }
        problems = [
            Problem(name, f"{value:,}", f"must be from {low:,} to {high:,}")
            for name, (value, low, high) in limits.items()
            if not low <= value <= high
        ]
        if problems:
            raise UsageError("this probabilistic analysis cannot be started", problems)


def prepare(scenario: Scenario, settings: Settings) -> PsaJob:
    """Draw the parameters and cut the work into batches."""
    return PsaJob(
        scenario=scenario,
        draws=draw_parameters(scenario, settings.draws, settings.seed),
        n_patients=settings.patients,
        seed=settings.seed,
        draws_per_batch=min(settings.draws_per_batch, settings.draws),
        shared_luck=settings.shared_luck,
    )


def play(job: PsaJob, runner: Runner, *, progress: Progress | None = None) -> PsaResult:
    """Play every draw.

    Args:
        job: From `prepare`.
        runner: `sim.work.run_batches`, or the same bound to a crew and a checkpoint.
        progress: Called with batches done and batches in all.

    Returns:
        The draws' outcomes.
    """
    arrays = _joined(runner(job, job.batches, progress=progress), len(job.draws.matrix))
    return PsaResult(
        scenario=job.scenario,
        draws=job.draws,
        strategies=job.scenario.strategy_names,
        components=components_of(job.scenario),
        sizes=group_sizes(job.n_patients),
        seed=job.seed,
        shared_luck=job.shared_luck,
        **arrays,
    )


def _joined(batches: Iterator[Arrays], n_draws: int) -> Arrays:
    """All draws as one array a name, filled as batches come: kept beside the whole they would take as much again."""
    whole: Arrays = {}
    done = 0
    for part in batches:
        whole = whole or {name: np.empty((n_draws, *array.shape[1:]), array.dtype) for name, array in part.items()}
        n = len(part["mean"])
        for name, array in part.items():
            whole[name][done : done + n] = array
        done += n
    return whole


def psa(
    scenario: Scenario,
    *,
    draws: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    shared_luck: bool = True,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> PsaResult:
    """Probabilistic analysis of a scenario.

    Args:
        scenario: A validated scenario.
        draws: Parameter draws, at least 2; None takes the scenario's number.
        patients: Patients in each draw under each strategy, at least 2; None takes the scenario's number.
        seed: Whole number from 0; None takes the scenario's.
        shared_luck: Whether all draws play the same patients' luck, which tells parameters apart with fewer
            patients but leaves the luck of those patients in the means; see `sim.psa.precision`.
        runner: How batches are worked off.
        progress: Called with batches done and batches in all.

    Returns:
        Every draw's outcomes and what follows from them.

    Raises:
        UsageError: If a setting cannot be used.
    """
    settings = Settings(
        draws=scenario.psa.draws if draws is None else draws,
        patients=scenario.analysis.patients if patients is None else patients,
        seed=scenario.analysis.seed if seed is None else seed,
        shared_luck=shared_luck,
    )
    return play(prepare(scenario, settings), runner, progress=progress)


def until_precise(
    scenario: Scenario, settings: Settings, target_mcse: float, player: Callable[[PsaJob], PsaResult]
) -> tuple[PsaResult, tuple[str, ...]]:
    """Play with more draws and patients until every INMB is known well enough.

    Each round asks, from the variances found so far, for the fewest histories that reach the target, split between
    draws and patients as their variances demand (`Spread.needed`); the first draws and the first patients of a round
    are those of the round before.

    Args:
        scenario: A validated scenario.
        settings: Where to begin.
        target_mcse: Largest Monte Carlo standard error wanted of any INMB against the reference, at every
            willingness to pay of the scenario.
        player: Plays one job.

    Returns:
        The last round, and a sentence about each round.

    Raises:
        UsageError: The target is not above 0.
        SimulationError: The target is out of reach.
    """
    if not 0 < target_mcse < math.inf:
        problem = Problem("target_mcse", f"{target_mcse:g}", "must be above 0")
        raise UsageError("this probabilistic analysis cannot be started", [problem])
    said: list[str] = []
    for _ in range(MOST_ROUNDS):
        result = player(prepare(scenario, settings))
        worst = max((spread.standard_error for _, spread in result.against_reference()), default=0.0)
        said.append(
            f"{settings.draws:,} draws x {settings.patients:,} patients: largest standard error of an INMB "
            f"{worst:,.0f}, wanted {target_mcse:,.0f}."
        )
        if worst <= target_mcse:
            return result, tuple(said)
        needed = [spread.needed(SAFETY * target_mcse) for _, spread in result.against_reference()]
        draws, patients = (max(numbers) for numbers in zip(*needed, strict=True))
        if draws > MOST_DRAWS or patients > MOST_PATIENTS:
            break
        settings = replace(settings, draws=draws, patients=patients)
    message = f"a standard error of {target_mcse:g} is out of reach. " + " ".join(said)
    raise SimulationError(message)
