"""How much is enough: the fewest chairs, and the smallest quota, with which infusions are given on time.

Every size is played on the same arrivals, patients and luck, so sizes are compared without noise between them. The
share on time rises with size but for accidents of the queue; halving finds a size that reaches the target and whose
next smaller one does not, and both are in the table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sim.build import compile_model
from sim.capacity.compiled import compile_programme
from sim.capacity.measures import Counted
from sim.engines.arrivals import on_working_hours, patient_numbers, poisson_starts, strategies_of
from sim.engines.fates import Fates
from sim.engines.programme import play
from sim.model.parts.programme import Programme
from sim.scenario import Scenario
from sim.streams import AddressedLuck
from sim.work import Arrays, Runner

TARGET = 0.95
MOST_CHAIRS = 10_000
STEPS_OF_A_QUOTA = 100


@dataclass(frozen=True)
class Sized:
    """A search.

    Attributes:
        what: In words, with the unit.
        smallest: The smallest size that reaches the target; nan if none does.
        tried: Size and share of infusions on time.
    """

    what: str
    smallest: float
    tried: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class OnTime:
    """Plays the first arm with one limit at a given size, and nothing else limited; picklable.

    Attributes:
        scenario: A scenario with a programme.
        seed: Root of the luck.
        starts: Months at which patients start; None for a Poisson process.
        chairs: Chairs, or None for as many as needed.
        quota: Grams of intravenous immunoglobulin a month, or None for as much as needed.
    """

    scenario: Scenario
    seed: int
    starts: tuple[float, ...] | None = None
    chairs: int | None = None
    quota: float | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on."""
        parts = [self.scenario.digest, self.seed, self.starts, self.chairs, self.quota]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()

    def programme(self) -> Programme:
        """The programme with this limit alone."""
        plan = compile_programme(self.scenario)
        chairs, supply = None, {}
        if self.chairs is not None and plan.chairs is not None:
            chairs = replace(plan.chairs, places=self.chairs)
        if self.quota is not None:
            supply = {"IVIG": replace(plan.supply["IVIG"], grams_per_month=self.quota)}
        return replace(plan, chairs=chairs, supply=supply)

    def __call__(self, batch: int) -> Arrays:
        """Infusions due and on time: `counts`, (2,)."""
        plan, luck = self.programme(), AddressedLuck(self.seed)
        model = compile_model(self.scenario.without_programme())
        if self.starts is None:
            start = on_working_hours(plan, poisson_starts(plan, luck, batch))
        else:
            start = np.array(self.starts)
        patient = patient_numbers(batch, start.size)
        fates = Fates(model, luck, patient, np.minimum(model.horizon, plan.months - start))
        arm = plan.arms[0]
        record = play(plan, arm, fates, luck, start, strategies_of(arm, luck, patient))
        counted = Counted(record, plan)
        return {"counts": np.array([counted.infusion.sum(), (counted.infusion & counted.on_time).sum()], dtype=float)}


def smallest(reaches: Callable[[int], bool], guess: int, most: int) -> int | None:
    """The smallest whole number from 1 at which something is reached, by doubling and halving; None above `most`."""
    low, high = 0, max(1, guess)
    while not reaches(high):
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def size(job: OnTime, replications: int, runner: Runner) -> tuple[Sized, ...]:
    """Search for the fewest chairs and for the smallest quota, where the programme has them.

    Args:
        job: Scenario, seed and starts.
        replications: Replications of each size.
        runner: How replications are worked off.
    """
    plan = compile_programme(job.scenario)
    found = []
    if plan.chairs is not None:
        found.append(
            _search(
                "chairs in use at a time, with as much immunoglobulin as needed",
                lambda n: replace(job, chairs=n),
                plan.chairs.places,
                MOST_CHAIRS,
                1.0,
                replications,
                runner,
            )
        )
    if "IVIG" in plan.supply and plan.supply["IVIG"].grams_per_month > 0:
        step = plan.supply["IVIG"].grams_per_month / STEPS_OF_A_QUOTA
        found.append(
            _search(
                "quota in grams a month, with as many chairs as needed",
                lambda n: replace(job, quota=n * step),
                STEPS_OF_A_QUOTA,
                50 * STEPS_OF_A_QUOTA,
                step,
                replications,
                runner,
            )
        )
    return tuple(found)


def _search(
    what: str,
    job_of: Callable[[int], OnTime],
    guess: int,
    most: int,
    step: float,
    replications: int,
    runner: Runner,
) -> Sized:
    tried: dict[int, float] = {}

    def reaches(n: int) -> bool:
        if n not in tried:
            counts = np.sum([each["counts"] for each in runner(job_of(n), range(replications))], axis=0)
            due, on_time = counts.tolist()
            tried[n] = on_time / due if due else 1.0
        return tried[n] >= TARGET

    best = smallest(reaches, guess, most)
    found = float("nan") if best is None else best * step
    return Sized(what, found, tuple((n * step, share) for n, share in tried.items()))
