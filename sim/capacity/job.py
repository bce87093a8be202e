"""One replication of a programme: every arm on the same arrivals, patients and luck, and the same without limits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

import numpy as np

from sim.build import compile_model
from sim.capacity import measures
from sim.capacity.attribution import World, alone, classes, harm
from sim.capacity.compiled import compile_programme
from sim.capacity.outlay import Given, given_alone, spend
from sim.engines.arrivals import on_working_hours, patient_numbers, poisson_starts, strategies_of
from sim.engines.fates import Fates
from sim.engines.log import LogBook
from sim.engines.programme import Outcome, Record, Visit, play
from sim.model.parts import Floats, Integers
from sim.model.parts.programme import Arm, Programme
from sim.model.structure import ClinicalModel
from sim.scenario import Scenario
from sim.streams import AddressedLuck, Luck
from sim.work import Arrays

VERSION = 2
"""Of what a replication's arrays mean."""

MEASURED = ("numbers", "monthly", "hourly", "causes", "spend", "groups")
"""Arrays of a replication."""


@dataclass(frozen=True)
class Replicate:
    """Plays replications; picklable.

    Attributes:
        scenario: A scenario with a programme.
        seed: Root of the luck.
        starts: Months of the programme at which patients start, where they are given; None for a Poisson process.
        ordinary: Whether the first arm is also played without the shortages of supply.
    """

    scenario: Scenario
    seed: int
    starts: tuple[float, ...] | None = None
    ordinary: bool = True

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on."""
        parts = [VERSION, self.scenario.digest, self.seed, self.starts, self.ordinary]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()

    def __call__(self, batch: int) -> Arrays:
        """Measures of one replication; axes begin with the arm, in the order of `arms`."""
        model = compile_model(self.scenario.without_programme())
        programme, luck = compile_programme(self.scenario), AddressedLuck(self.seed)
        return replicate(model, programme, luck, batch, self.starts, ordinary=self.ordinary)


def arms(programme: Programme, *, ordinary: bool = True) -> tuple[tuple[Arm, Programme], ...]:
    """The arms played, each with its programme: last the first arm without shortages, if there are any."""
    played = [(arm, programme) for arm in programme.arms]
    calm = {route: replace(supply, episodes=()) for route, supply in programme.supply.items()}
    if ordinary and calm != programme.supply:
        first = programme.arms[0]
        label = f"{first.label}, no shortage"
        played.append((replace(first, name="no_shortage", label=label), replace(programme, supply=calm)))
    return tuple(played)


def replicate(
    model: ClinicalModel,
    programme: Programme,
    luck: Luck,
    replication: int,
    given_starts: tuple[float, ...] | None = None,
    *,
    ordinary: bool = True,
) -> Arrays:
    """Measures of one replication.

    Args:
        model: Compiled model.
        programme: Compiled programme.
        luck: Source of addressed uniforms.
        replication: Number of the replication, from 0.
        given_starts: Months at which patients start; None for a Poisson process.
        ordinary: Whether the first arm is also played without shortages.

    Returns:
        numbers [arm, number], monthly [arm, series, month], hourly [arm, hour], causes [arm, with and without
        limits, cause, grade], spend [arm, item, year] with the world without limits as the last arm, groups [arm,
        group, entry].
    """
    if given_starts is None:
        start = on_working_hours(programme, poisson_starts(programme, luck, replication))
    else:
        start = np.array(given_starts)
    patient = patient_numbers(replication, start.size)
    fates = Fates(model, luck, patient, np.minimum(model.horizon, programme.months - start))
    free: dict[bytes, World] = {}
    rows: dict[str, list[Floats]] = {name: [] for name in MEASURED}
    money = (model, fates.who)
    for arm, what in arms(programme, ordinary=ordinary):
        strategy = strategies_of(arm, luck, patient)
        same = strategy.tobytes()
        if same not in free:
            log = alone(model, luck, patient, strategy)
            free[same] = World.of(log, patient, start, programme.months)
        without = free[same]
        record = play(what, arm, fates, luck, start, strategy)
        world = World.of(record.log, patient, start, programme.months)
        damage = harm(model, world, without, patient.size)
        found = measures.numbers(what, record, world, model, damage)
        groups = classes(model, programme, fates.who.igg_mg_dl, strategy, fates.who.target, without)
        rows["numbers"].append(np.array([found[name] for name in measures.NUMBERS]))
        rows["monthly"].append(measures.monthly(what, record, world))
        rows["hourly"].append(measures.hourly(what, record))
        both = [measures.by_cause(model, each) for each in (world, without)]
        rows["causes"].append(np.stack(both))
        rows["groups"].append(measures.by_group(programme, record, world, damage, groups))
        rows["spend"].append(spend(*money, world, _given(record), start, strategy, programme.months))
    first = strategies_of(programme.arms[0], luck, patient)
    without = free[first.tobytes()]
    infusions = given_alone(model, without)
    rows["spend"].append(spend(*money, without, infusions, start, first, programme.months))
    return {name: np.stack(values) for name, values in rows.items()}


def _given(record: Record) -> Given:
    visits = record.visits
    own = (visits.kind == Visit.INFUSION) & (visits.outcome == Outcome.GIVEN)
    regimen: Integers = visits.regimen[own]
    return Given(visits.began[own], visits.grams[own], regimen)


def group_names(model: ClinicalModel, programme: Programme) -> list[str]:
    """Names of the groups, in the order of the arrays."""
    nobody = np.zeros(0)
    none = np.zeros(0, dtype=np.int64)
    empty = World.of(LogBook().bind(), none, nobody, 0.0)
    return list(classes(model, programme, nobody, none, none, empty))
