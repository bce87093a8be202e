"""Playing a programme many times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.build import compile_model
from sim.capacity.arrivals import Starts
from sim.capacity.compiled import compile_programme
from sim.capacity.job import Replicate, arms, group_names
from sim.capacity.result import CapacityResult
from sim.capacity.sizing import OnTime, size
from sim.errors import Problem, UsageError
from sim.scenario import Scenario
from sim.work import Progress, Runner, run_batches

REPLICATIONS = 100
SIZE_REPLICATIONS = 20
MOST_REPLICATIONS = 100_000


def run_capacity(
    scenario: Scenario,
    *,
    replications: int = REPLICATIONS,
    seed: int | None = None,
    starts: Starts | None = None,
    find_sizes: bool = False,
    size_replications: int = SIZE_REPLICATIONS,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> CapacityResult:
    """Play the programme of a scenario, every arm on the same arrivals, patients and luck.

    Args:
        scenario: A validated scenario with a programme.
        replications: How often; replications differ in arrivals, patients and luck.
        seed: Whole number from 0; None takes the scenario's.
        starts: Dates on which patients start; None lets them come by a Poisson process.
        find_sizes: Whether to search for the fewest chairs and the smallest quota.
        size_replications: Replications of each size that the searches try.
        runner: How replications are worked off.
        progress: Called after every replication of the programme.

    Returns:
        Means over replications with intervals.

    Raises:
        UsageError: The scenario has no programme, or an argument cannot be used.
    """
    root = scenario.analysis.seed if seed is None else seed
    problems = []
    if scenario.programme is None:
        problems.append(
            Problem("programme", "", "is missing; see docs/capacity.md, or scenarios/programme-shortage.toml")
        )
    for name, number in (("replications", replications), ("size replications", size_replications)):
        if not 1 <= number <= MOST_REPLICATIONS:
            problems.append(Problem(name, str(number), f"must be from 1 to {MOST_REPLICATIONS:,}"))
    if not 0 <= root < 2**63:
        problems.append(Problem("seed", str(root), "must be from 0 to 2**63 - 1"))
    if problems:
        raise UsageError("the programme cannot be played", problems)
    months = starts.months if starts else None
    job = Replicate(scenario, root, months)
    batches = list(runner(job, range(replications), progress=progress))
    plan = compile_programme(scenario)
    played = arms(plan)
    result = CapacityResult(
        scenario=scenario,
        programme=plan,
        seed=root,
        arms=tuple(arm.name for arm, _ in played),
        labels=tuple(arm.label for arm, _ in played),
        groups=tuple(group_names(compile_model(scenario.without_programme()), plan)),
        arrays={name: np.stack([batch[name] for batch in batches]) for name in batches[0]},
        starts=starts,
    )
    if not find_sizes:
        return result
    return replace(result, sized=size(OnTime(scenario, root, months), size_replications, runner))
