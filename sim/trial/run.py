"""Playing virtual trials: every study many times, as modelled and with no effect of immunoglobulin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.errors import Problem, UsageError
from sim.scenario import Scenario
from sim.scenario.quantity import suggestion
from sim.trial.analyses import asked_in
from sim.trial.job import TRUE_BATCHES, Replications, Truth
from sim.trial.result import AS_MODELLED, WORLDS, Played, TrialResult
from sim.work import Progress, Runner, run_batches

REPLICATIONS = 200
FEWEST_REPLICATIONS, MOST_REPLICATIONS = 20, 100_000
SMALLEST, LARGEST = 20, 100_000


def run_trials(
    scenario: Scenario,
    names: Sequence[str] | None = None,
    *,
    sizes: Sequence[int] | None = None,
    replications: int = REPLICATIONS,
    seed: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> TrialResult:
    """Play trials of a scenario many times.

    Args:
        scenario: A scenario with trials.
        names: Which of them; None for all.
        sizes: Patients, in place of the sizes that the trials name; increasing.
        replications: How often each is played at each size, as modelled and with no effect.
        seed: Whole number from 0; None takes the scenario's.
        runner: How replications are worked off.
        progress: Called with batches done and batches in all.

    Returns:
        Sampling distributions, power, and where published estimates lie.

    Raises:
        UsageError: There is no such trial, or an argument cannot be used.
    """
    root = scenario.analysis.seed if seed is None else seed
    _check(scenario, names, sizes, replications, root)
    chosen = tuple(dict.fromkeys(names)) if names else tuple(scenario.trials)
    if sizes:
        trials = {
            name: trial.model_copy(update={"patients": tuple(sizes)}) if name in chosen else trial
            for name, trial in scenario.trials.items()
        }
        scenario = scenario.model_copy(update={"trials": trials})
    return TrialResult(
        scenario, chosen, replications, root, _played(scenario, chosen, replications, root, runner, progress)
    )


def _played(
    scenario: Scenario,
    chosen: tuple[str, ...],
    replications: int,
    root: int,
    runner: Runner,
    progress: Progress | None,
) -> tuple[Played, ...]:
    """Every trial at every size in both worlds."""
    jobs = [
        Replications(scenario, name, size, replications, world == AS_MODELLED, root)
        for name in chosen
        for size in scenario.trials[name].patients
        for world in WORLDS
        if asked_in(scenario.trials[name], effect=world == AS_MODELLED).analyses
    ]
    truths = [Truth(scenario, *each, root) for each in dict.fromkeys((job.name, job.effect) for job in jobs)]
    count = _Count(sum(len(job.batches) for job in jobs) + TRUE_BATCHES * len(truths), progress)
    true = {
        (job.name, job.effect): np.stack(
            [batch["values"] for batch in runner(job, range(TRUE_BATCHES), progress=count)]
        )
        for job in truths
        if count.next()
    }
    played = []
    for job in jobs:
        count.next()
        batches = list(runner(job, job.batches, progress=count))
        apart = np.concatenate([batch["apart"] for batch in batches])
        played.append(
            Played(
                name=job.name,
                world=WORLDS[0] if job.effect else WORLDS[1],
                size=job.size,
                estimates=np.concatenate([batch["estimates"] for batch in batches]),
                events=np.concatenate([batch["events"] for batch in batches]),
                truth=true[job.name, job.effect],
                apart=float(apart[0]),
            )
        )
    return tuple(played)


class _Count:
    """Progress of several jobs as one."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress = total, progress
        self._before = self._now = 0

    def next(self) -> bool:
        """Note that another job begins."""
        self._before, self._now = self._before + self._now, 0
        return True

    def __call__(self, done: int, _: int) -> None:
        self._now = done
        if self._progress:
            self._progress(self._before + done, self._total)


def _check(
    scenario: Scenario, names: Sequence[str] | None, sizes: Sequence[int] | None, replications: int, seed: int
) -> None:
    problems = []
    if not scenario.trials:
        problems.append(Problem("trials", "", "is missing; see docs/trials.md, or scenarios/trials.toml"))
    for name in names or ():
        if name not in scenario.trials:
            known = list(scenario.trials)
            allowed = f"must name a trial of this scenario: {', '.join(known) or 'none'}{suggestion(name, known)}"
            problems.append(Problem("trial", name, allowed))
    if not FEWEST_REPLICATIONS <= replications <= MOST_REPLICATIONS:
        allowed = f"must be from {FEWEST_REPLICATIONS} to {MOST_REPLICATIONS:,}"
        problems.append(Problem("replications", str(replications), allowed))
    given = tuple(sizes or ())
    if any(not SMALLEST <= size <= LARGEST for size in given) or list(given) != sorted(set(given)):
        allowed = f"must be whole numbers from {SMALLEST} to {LARGEST:,}, increasing"
        problems.append(Problem("size", ", ".join(map(str, given)), allowed))
    if not 0 <= seed < 2**63:
        problems.append(Problem("seed", str(seed), "must be from 0 to 2**63 - 1"))
    if problems:
        raise UsageError("these trials cannot be played", problems)
