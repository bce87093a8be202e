"""Patients to whom nothing happens but visits, and programmes around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.engines import programme
from sim.engines.fates import Fates
from sim.model.parts import ALWAYS, Distribution, Population
from sim.model.parts.programme import Arm, Booking, Programme
from sim.model.structure import ClinicalModel
from sim.streams import Luck
from tests.conftest import build_model
from tests.scripted import ScriptedLuck

FIRST_COME = Arm("first_come", "First come", (1.0,))


def quiet_model(**changes: Any) -> ClinicalModel:
    """Nobody falls ill, stops or dies; everybody weighs 50 kg and gets 20 g a month from the start."""
    model = build_model(
        horizon=12.0,
        population=Population(
            weight_kg=Distribution("fixed", 50.0),
            igg_polyclonal_mg_dl=Distribution("lognormal", 700.0, 0.45),
            igg_type_proportion=0.0,
            m_protein_mg_dl=Distribution("fixed", 0.0),
            frailty_variance=0.0,
        ),
        treatment__stop_rate=0.0,
        treatment__death_rate_on=0.0,
        treatment__death_rate_off=0.0,
        infections__rate=np.array([[[0.0, 0.0]]]),
        immunoglobulin__interval=1.0,
        immunoglobulin__onset_lag=0.0,
        immunoglobulin__protection=1.25,
    )
    only = next(s for s in model.strategies if s.start == ALWAYS)
    model = dataclasses.replace(model, strategies=(only,))
    return dataclasses.replace(model, **changes)


def plan(months: float = 6.0, **changes: Any) -> Programme:
    """A programme without limits; keyword arguments replace its fields."""
    base = Programme(
        months=months, warm_up=0.0, arrivals=((0.0, 1.0),), booking=Booking(0.1, 0.5), arms=(FIRST_COME,)
    )
    return dataclasses.replace(base, **changes)


def played(
    model: ClinicalModel,
    what: Programme,
    starts: Sequence[float],
    *,
    arm: Arm = FIRST_COME,
    luck: Luck | None = None,
    script: Mapping[Any, Sequence[float]] | None = None,
) -> programme.Record:
    """Play patients who start at the given months."""
    luck = luck or ScriptedLuck(script or {})
    start = np.array(starts, dtype=np.float64)
    fates = Fates(model, luck, np.arange(start.size), np.minimum(model.horizon, what.months - start))
    return programme.play(what, arm, fates, luck, start, np.zeros(start.size, dtype=np.int64))


def story(record: programme.Record) -> list[tuple[int, float, str, float]]:
    """Visits for infusion as (patient, month settled, what became of them, grams), in order of time and patient."""
    v = record.visits
    own = np.flatnonzero(v.kind == programme.Visit.INFUSION)
    order = own[np.lexsort((v.column[own], v.began[own]))]
    return [
        (int(v.column[i]), round(float(v.began[i]), 9), programme.Outcome(v.outcome[i]).name, round(v.grams[i], 9))
        for i in order
    ]
