"""With as many chairs and as much immunoglobulin as needed, nobody waits: the log is that of the other engines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.build import compile_model
from sim.engines import numpy_engine, programme
from sim.engines.fates import Fates
from sim.engines.log import EventLog, first_difference
from sim.model.parts.programme import Arm, Booking, Chairs, Programme
from sim.model.structure import ClinicalModel, Event
from sim.scenario import Scenario, load
from sim.streams import AddressedLuck
from tests.conftest import build_model
from tests.generated import SCENARIOS, scenarios

UNLIMITED = Programme(months=1e4, warm_up=0.0, arrivals=((0.0, 5.0),), booking=Booking(0.1, 0.5), arms=(), dosing=())


def logs(
    model: ClinicalModel, seed: int, n_patients: int, months: float = 1e4
) -> tuple[EventLog, EventLog, np.ndarray]:
    """The log of the vectorised engine, that of the programme under every strategy in turn, and the starts."""
    luck, patient = AddressedLuck(seed), np.arange(n_patients)
    # Starts with digits of their own, so that a month lost in the calendar would show.
    start = np.sort(luck.stream("test:start")(patient, 0) * 17.3)
    fates = Fates(model, luck, patient, np.minimum(model.horizon, months - start))
    plan, lines = dataclasses.replace(UNLIMITED, months=months), []
    for index, strategy in enumerate(model.strategies):
        shares = tuple(float(index == other) for other in range(len(model.strategies)))
        arm = Arm(strategy.name, strategy.label, shares)
        played = programme.play(plan, arm, fates, luck, start, np.full(n_patients, index))
        lines.append(played.log)
    together = EventLog(
        *(np.concatenate([getattr(log, field.name) for log in lines]) for field in dataclasses.fields(EventLog))
    )
    return numpy_engine.event_log(model, luck, patient), together, start


def before(log: EventLog, end: np.ndarray) -> EventLog:
    """The events of each patient before a month of treatment."""
    own = log.time < end[log.patient]
    return EventLog(*(getattr(log, field.name)[own] for field in dataclasses.fields(EventLog)))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_log_is_that_of_independent_patients_in_every_shipped_scenario(path) -> None:
    scenario = load(path).without_programme()
    alone, together, _ = logs(compile_model(scenario), scenario.analysis.seed, 60)
    assert first_difference(alone, together) is None
    assert {Event.INFECTION, Event.AVERTED, Event.INFUSION} <= {Event(code) for code in alone.event}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_the_log_is_that_of_independent_patients_in_generated_scenarios(scenario: Scenario) -> None:
    alone, together, _ = logs(compile_model(scenario), scenario.analysis.seed, 6)
    assert first_difference(alone, together) is None


@pytest.mark.slow
@settings(max_examples=1000, derandomize=False, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_the_log_is_that_of_independent_patients_in_many_generated_scenarios(scenario: Scenario) -> None:
    alone, together, _ = logs(compile_model(scenario), scenario.analysis.seed, 25)
    assert first_difference(alone, together) is None


def test_the_end_of_the_programme_cuts_every_history_at_its_own_month() -> None:
    model = build_model()
    alone, together, start = logs(model, 3, 80, months=20.0)
    assert first_difference(before(alone, 20.0 - start), together) is None
    assert Event.HORIZON not in {Event(code) for code in together.event}


def test_a_ward_that_delays_one_infusion_would_show() -> None:
    model = build_model()
    luck, patient = AddressedLuck(3), np.arange(20)
    start = np.full(20, 0.001)  # 44 minutes past midnight
    fates = Fates(model, luck, patient, np.full(20, model.horizon))
    chairs = Chairs(places=100, opens=8.0, closes=16.0, days_per_week=5, hours_per_infusion=3.0)
    plan = dataclasses.replace(UNLIMITED, chairs=chairs)
    arm = Arm("primary", "Primary", (0.0, 1.0, 0.0, 0.0))
    played = programme.play(plan, arm, fates, luck, start, np.full(20, 1))
    alone = numpy_engine.event_log(model, luck, patient)
    own = alone.strategy == 1
    alone = EventLog(*(getattr(alone, field.name)[own] for field in dataclasses.fields(EventLog)))
    assert first_difference(alone, played.log) is not None
