"""What the limits did to whom: the same patients on the same luck, with chairs and supply limited and without.

A candidate infection has a name (patient, cause, layer, number) that is the same in every world. An infection that
happens with the limits and not without them was caused by them; one that happens only without them was spared, mostly
because the patient died before it. The net effect is the difference, exact for every patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.engines import numpy_engine
from sim.engines.log import EventLog
from sim.model.parts import GRADE_3PLUS, Booleans, Floats, Integers
from sim.model.parts.programme import Programme
from sim.model.structure import ClinicalModel, Event
from sim.streams import Luck


@dataclass(frozen=True)
class World:
    """What befell the patients of a programme in one world, up to the programme's end.

    Attributes:
        log: Events on the patients' own time.
        column: The patient's place among the patients, of each event.
        time: Month of the programme of each event.
    """

    log: EventLog
    column: Integers
    time: Floats

    @classmethod
    def of(cls, log: EventLog, patient: Integers, start: Floats, months: float) -> World:
        """The events of patients, in ascending order of number, before a month of the programme."""
        column = np.searchsorted(patient, log.patient)
        time = start[column] + log.time
        own = np.flatnonzero(time < months)
        return cls(_rows(log, own), column[own], time[own])

    def counted(self, event: Event, *, serious: bool = False) -> Booleans:
        """Which events are of a kind and after the first day."""
        found: Booleans = (self.log.event == event) & (self.time >= 0)
        if serious:
            found &= self.log.grade == GRADE_3PLUS
        return found

    def infections(self) -> Integers:
        """A number for each event that names the candidate it came from."""
        log = self.log
        name = (self.column * 1024 + log.cause) * 64 + log.layer
        named: Integers = name * 2**24 + log.candidate
        return named


def _rows(log: EventLog, which: Integers) -> EventLog:
    return EventLog(*(getattr(log, name)[which] for name in log.__dataclass_fields__))


def alone(model: ClinicalModel, luck: Luck, patient: Integers, strategy: Integers) -> EventLog:
    """The log of patients each under a strategy of their own, played one by one without limits."""
    logs = []
    for index in np.unique(strategy):
        only = replace(model, strategies=(model.strategies[index],))
        log = numpy_engine.event_log(only, luck, patient[strategy == index])
        logs.append(replace(log, strategy=np.full(len(log), index)))
    return EventLog(*(np.concatenate([getattr(log, name) for log in logs]) for name in EventLog.__dataclass_fields__))


@dataclass(frozen=True)
class Harm:
    """What the limits caused and spared, by patient; arrays of shape (n_patients,).

    Attributes:
        infections_caused: Infections of any grade that happen with the limits alone.
        infections_spared: Infections that happen without them alone.
        serious_caused: Of grade >= 3.
        serious_spared: Of grade >= 3.
        hospital_days: Net days in hospital for infection.
        deaths_caused: 1 where the patient dies of infection with the limits alone.
        deaths_spared: 1 where without them alone.
    """

    infections_caused: Floats
    infections_spared: Floats
    serious_caused: Floats
    serious_spared: Floats
    hospital_days: Floats
    deaths_caused: Floats
    deaths_spared: Floats


def harm(model: ClinicalModel, limited: World, free: World, n_patients: int) -> Harm:
    """Compare two worlds, patient by patient.

    Args:
        model: Compiled model: days in hospital.
        limited: With the limits.
        free: Without.
        n_patients: Number of patients.
    """

    def only(world: World, other: World, event: Event, *, serious: bool = False) -> Floats:
        own, theirs = world.counted(event, serious=serious), other.counted(event, serious=serious)
        if event == Event.INFECTION:
            new = ~np.isin(world.infections()[own], other.infections()[theirs])
        else:
            new = ~np.isin(world.column[own], other.column[theirs])
        return np.bincount(world.column[own][new], minlength=n_patients).astype(np.float64)

    def days(world: World) -> Floats:
        own = world.counted(Event.INFECTION)
        each = model.infections.hospital_days[world.log.cause[own], world.log.grade[own]]
        return np.bincount(world.column[own], weights=each, minlength=n_patients).astype(np.float64)

    return Harm(
        infections_caused=only(limited, free, Event.INFECTION),
        infections_spared=only(free, limited, Event.INFECTION),
        serious_caused=only(limited, free, Event.INFECTION, serious=True),
        serious_spared=only(free, limited, Event.INFECTION, serious=True),
        hospital_days=days(limited) - days(free),
        deaths_caused=only(limited, free, Event.INFECTION_DEATH),
        deaths_spared=only(free, limited, Event.INFECTION_DEATH),
    )


def classes(
    model: ClinicalModel, programme: Programme, igg: Floats, strategy: Integers, target: Integers, free: World
) -> dict[str, Booleans]:
    """Groups of patients that no limit changes: name to mask, shape (n_patients,).

    Whether immunoglobulin is ordered after a serious infection or before any is that of the world without limits.
    """
    n = igg.size
    ordered, serious = np.full(n, np.inf), np.full(n, np.inf)
    for event, month in ((Event.IG_ORDERED, ordered), (Event.INFECTION, serious)):
        own = free.log.event == event
        if event == Event.INFECTION:
            own &= free.log.grade == GRADE_3PLUS
        np.minimum.at(month, free.column[own], free.log.time[own])
    thirds = (
        np.searchsorted(np.quantile(igg, [1 / 3, 2 / 3]), igg, side="right") if n else np.zeros(0, dtype=np.int64)
    )
    groups = {
        "all patients": np.ones(n, dtype=np.bool_),
        "indication: started before a severe infection": np.isfinite(ordered) & (ordered < serious),
        "indication: started after a severe infection": np.isfinite(ordered) & (ordered >= serious),
        "indication: never on immunoglobulin": ~np.isfinite(ordered),
        "baseline IgG: lowest third": thirds == 0,
        "baseline IgG: middle third": thirds == 1,
        "baseline IgG: highest third": thirds == 2,
    }
    given = [index for index in range(len(model.strategies)) if any(arm.shares[index] for arm in programme.arms)]
    if len(given) > 1:
        groups |= {f"strategy: {model.strategies[index].label}": strategy == index for index in given}
    shares = zip(model.agents, model.population.agent_share, strict=True)
    aims = sorted({agent.target for agent, share in shares if share})
    if len(aims) > 1:
        groups |= {f"target: {model.targets[index].name}": target == index for index in aims}
    return groups
