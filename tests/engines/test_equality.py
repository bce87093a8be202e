"""The two engines play the same histories. This proves bookkeeping, not medicine: oracles are elsewhere."""

from __future__ import annotations

import dataclasses
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.build import compile_model
from sim.engines import numpy_engine, simpy_engine
from sim.engines.histories import histories_from_log
from sim.engines.log import EventLog, first_difference
from sim.model.structure import ClinicalModel, Event
from sim.population import draw_baseline
from sim.scenario import Scenario, load
from sim.streams import AddressedLuck
from tests.conftest import build_model
from tests.generated import SCENARIOS, scenarios


def assert_same_histories(left: object, right: object) -> None:
    for field in fields(left):  # type: ignore[arg-type]
        a, b = getattr(left, field.name), getattr(right, field.name)
        if dataclasses.is_dataclass(a):
            assert_same_histories(a, b)
        else:
            np.testing.assert_array_equal(a, b, err_msg=field.name, strict=True)


def assert_engines_agree(model: ClinicalModel, seed: int, n_patients: int) -> EventLog:
    luck, patient = AddressedLuck(seed), np.arange(n_patients)
    fast, slow = numpy_engine.event_log(model, luck, patient), simpy_engine.event_log(model, luck, patient)
    assert first_difference(fast, slow) is None
    histories = numpy_engine.simulate(model, luck, patient)
    assert_same_histories(histories, simpy_engine.simulate(model, luck, patient))
    assert_same_histories(histories, histories_from_log(model, draw_baseline(model, luck, patient), fast))
    return fast


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_engines_agree_on_every_shipped_scenario(path) -> None:
    scenario = load(path).without_programme()
    log = assert_engines_agree(compile_model(scenario), scenario.analysis.seed, 80)
    assert {Event.INFECTION, Event.AVERTED, Event.INFUSION, Event.OTHER_DEATH} <= {Event(code) for code in log.event}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_engines_agree_on_generated_scenarios(scenario: Scenario) -> None:
    assert_engines_agree(compile_model(scenario), scenario.analysis.seed, 6)


@pytest.mark.slow
@settings(max_examples=1500, derandomize=False, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_engines_agree_on_many_generated_scenarios(scenario: Scenario) -> None:
    assert_engines_agree(compile_model(scenario), scenario.analysis.seed, 25)


def test_the_comparison_notices_a_last_bit() -> None:
    model, luck, patient = build_model(), AddressedLuck(5), np.arange(20)
    log = numpy_engine.event_log(model, luck, patient)
    time = log.time.copy()
    time[37] = np.nextafter(time[37], np.inf)
    altered = dataclasses.replace(log, time=time)
    assert "event 37" in str(first_difference(log, altered))
    shorter = EventLog(*(getattr(log, field.name)[:-1] for field in fields(EventLog)))
    assert "has" in str(first_difference(log, shorter))


def test_a_log_shows_names_instead_of_indices() -> None:
    model = build_model()
    frame = numpy_engine.event_log(model, AddressedLuck(5), np.arange(20)).frame(model)
    assert set(frame["strategy"]) == {"none", "primary", "preemptive", "secondary"}
    assert set(frame["grade"]) == {"grade_1_2", "grade_3plus", ""}
    assert (frame.loc[frame["event"] == "infusion", "value"] > 0).all()
    tests = frame[frame["event"] == "igg_test"]
    assert len(tests) > 0
    assert tests["true_igg_mg_dl"].notna().all()
