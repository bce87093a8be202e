"""The model of the hand-worked patients, and what a test asks of them.

Every number is round in days: a month is 365.25 / 12 = 30.4375 days, so a year is 365.25 days and a payment on day d
is worth (1 + annual rate)^(-d / 365.25). A regimen, strategy or rate that a test does not name is the one below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from sim.engines.log import EventLog
from sim.model.accrual import accrue
from sim.model.histories import Histories
from sim.model.parts import (
    ALWAYS,
    DAYS_PER_MONTH,
    GRADE_3PLUS,
    NEVER,
    Agent,
    Condition,
    Distribution,
    Floats,
    Igg,
    Immunoglobulin,
    Infections,
    Population,
    Regimen,
    Strategy,
    Target,
    Treatment,
)
from sim.model.structure import ClinicalModel, Event
from sim.population import draw_baseline
from sim.streams import Luck
from tests.scripted import uniform_of_exponential

CANDIDATES_PER_DAY = 0.01
STOPS_PER_DAY = 0.002
BEYOND = 3_500.0
"""A day long after every horizon used here."""
CENT, MILLIONTH = 0.005, 5e-7
"""Half of the last digit of a hand-worked cost and of a hand-worked QALY."""


def months(days: float) -> float:
    """Days as the model's months."""
    return days / DAYS_PER_MONTH


IGG_BELOW_400 = Condition("igg_below", threshold_mg_dl=400.0)
AFTER_SEVERE = Condition("infections", within=12.0)

NONE = Strategy(name="none", label="None", start=NEVER)
PRIMARY = Strategy(name="primary", label="Primary", start=ALWAYS)
PREEMPTIVE = Strategy(
    name="preemptive", label="Preemptive", start=IGG_BELOW_400, delay=months(14), test_interval=months(42)
)
SECONDARY = Strategy(name="secondary", label="Secondary", start=AFTER_SEVERE, delay=months(14))

_ONE_OF = {"agent": "agents", "target": "targets", "regimen": "regimens"}


def worked_model(*strategies: Strategy, **parts: dict[str, Any]) -> ClinicalModel:
    """The model in round numbers of days.

    Args:
        strategies: Strategies to play.
        parts: Part of the model to its changed fields, `infections={"off_multiplier": 0.5}`; fields of the only
            agent, target or regimen under `agent`, `target` or `regimen`, of the model itself under `itself`.
    """
    model = ClinicalModel(
        horizon=12.0,
        discount_costs=np.log(1.03) / 12,
        discount_effects=np.log(1.015) / 12,
        utility_on=0.7,
        utility_off=0.6,
        population=Population(
            weight_kg=Distribution("fixed", 75.0),
            igg_polyclonal_mg_dl=Distribution("fixed", 800.0),
            igg_type_proportion=0.5,
            m_protein_mg_dl=Distribution("fixed", 600.0),
            frailty_variance=0.0,
        ),
        targets=(Target("BCMA", suppressed_fraction=0.75),),
        agents=(Agent("teclistamab", target=0, stop_rate=STOPS_PER_DAY * DAYS_PER_MONTH),),
        treatment=Treatment(death_rate_on=0.0002 * DAYS_PER_MONTH, death_rate_off=0.001 * DAYS_PER_MONTH),
        infections=infections_of("any"),
        immunoglobulin=Immunoglobulin(washout=months(30)),
        regimens=(IVIG,),
        igg=Igg(
            decay_rate=np.log(2) / months(21),
            m_protein_decay_rate=np.log(2) / months(28),
            assay_log_sd=0.1,
            test_cost=10.0,
        ),
        strategies=strategies,
    )
    for part, fields in parts.items():
        if part == "itself":
            model = replace(model, **fields)
        elif part in _ONE_OF:
            (only,) = getattr(model, _ONE_OF[part])
            model = replace(model, **{_ONE_OF[part]: (replace(only, **fields),)})
        else:
            model = replace(model, **{part: replace(getattr(model, part), **fields)})
    return model


IVIG = Regimen(
    route="IVIG",
    dose_g_per_kg=0.4,
    vial_size_g=0.0,
    interval=months(28),
    onset_lag=months(7),
    protection=months(35),
    price_per_gram=100.0,
    administration_cost=300.0,
    qaly_loss=0.0001,
)


def infections_of(*causes: str, **fields: Any) -> Infections:
    """Causes that are alike: each with 0.01 candidates a day, 40 % of them of grade >= 3."""
    n = len(causes)
    alike = Infections(
        causes=causes,
        rate=np.tile(np.array([0.6, 0.4]), (1, n, 1)) * CANDIDATES_PER_DAY * DAYS_PER_MONTH,
        only_in=np.full(n, -1),
        off_multiplier=0.5,
        hazard_ratio=np.tile(np.array([1.0, 0.38]), (n, 1)),
        case_fatality=np.full(n, 0.1),
        stop_probability=np.full(n, 0.2),
        cost=np.tile(np.array([400.0, 26_500.0]), (n, 1)),
        hospital_days=np.tile(np.array([0.0, 8.0]), (n, 1)),
        qaly_loss=np.tile(np.array([0.001, 0.0084]), (n, 1)),
        hold=np.zeros((n, 2)),
    )
    return replace(alike, **fields)


@dataclass(frozen=True)
class Candidate:
    """A candidate infection and its marks; by default it neither kills nor ends treatment.

    Attributes:
        day: Day on the exposure clock: the calendar day while treatment lasts.
        grade: Grade index.
        accept: An infection where this is under the hazard ratio in force.
        fatal: Kills a grade >= 3 infection where under 0.1.
        stop: Ends treatment after a grade >= 3 infection where under 0.2.
    """

    day: float
    grade: int = GRADE_3PLUS
    accept: float = 0.6
    fatal: float = 0.5
    stop: float = 0.5


Script = dict[str | tuple[str, int], Sequence[float]]


def candidates_of(cause: str, *candidates: Candidate, layer: int = 0, number: int = 0) -> Script:
    """The script of one cause: its candidates in order of time, and no further one before every horizon.

    Args:
        cause: Name.
        candidates: Candidates of the layer.
        layer: 0 for the natural process.
        number: Patient number.
    """
    days = [0.0, *(one.day for one in candidates), BEYOND]
    gaps = [later - earlier for earlier, later in pairwise(days)]
    marks = {
        "step": [uniform_of_exponential(gap * CANDIDATES_PER_DAY) for gap in gaps],
        "grade": [0.1 if one.grade == GRADE_3PLUS else 0.9 for one in candidates],
        "accept": [one.accept for one in candidates],
        "fatal": [one.fatal for one in candidates],
        "stop": [one.stop for one in candidates],
    }
    return {(f"infection:{mark}:{cause}:{layer}", number): values for mark, values in marks.items()}


def patient_luck(
    *candidates: Candidate,
    stop_day: float = BEYOND,
    death_hazard: float = 10.0,
    excess: Sequence[Candidate] = (),
    number: int = 0,
    **others: Sequence[float],
) -> Script:
    """The script of one patient.

    Args:
        candidates: Natural candidates of the cause "any", in order of time.
        stop_day: Day the bispecific ends by itself.
        death_hazard: Cumulative hazard of death without infection at which the patient dies.
        excess: Candidates of layer 1.
        number: Patient number.
        others: Further decisions, ":" written as "__".
    """
    return {
        ("treatment:stop", number): [uniform_of_exponential(stop_day * STOPS_PER_DAY)],
        ("death:other", number): [uniform_of_exponential(death_hazard)],
        **candidates_of("any", *candidates, number=number),
        **candidates_of("any", *excess, layer=1, number=number),
        **{(name.replace("__", ":"), number): values for name, values in others.items()},
    }


@dataclass(frozen=True)
class Played:
    """What one engine made of the scripted patients."""

    model: ClinicalModel
    histories: Histories
    log: EventLog
    values: dict[str, Floats]

    def _strategy(self, strategy: str) -> int:
        return [one.name for one in self.model.strategies].index(strategy)

    def story(self, strategy: str, patient: int = 0) -> list[tuple[Event, float]]:
        """(event, day) in order of time, days to a millionth."""
        these = (self.log.strategy == self._strategy(strategy)) & (self.log.patient == patient)
        days = self.log.time[these] * DAYS_PER_MONTH
        return [(Event(code), round(float(day), 6)) for code, day in zip(self.log.event[these], days, strict=True)]

    def days(self, event: Event, strategy: str, patient: int = 0) -> list[float]:
        """Days of one kind of event."""
        return [day for kind, day in self.story(strategy, patient) if kind is event]

    def total(self, component: str, strategy: str, patient: int = 0) -> float:
        """A component of one patient's outcomes."""
        return float(self.values[component][self._strategy(strategy), patient])


def play_patients(engine: ModuleType, model: ClinicalModel, luck: Luck, n_patients: int = 1) -> Played:
    """Play patients 0 to n_patients - 1 with one engine: its log, and its histories through accrual."""
    patient = np.arange(n_patients)
    histories = engine.simulate(model, luck, patient)
    values = accrue(model, draw_baseline(model, luck, patient), histories)
    return Played(model, histories, engine.event_log(model, luck, patient), values)
