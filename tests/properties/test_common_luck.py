"""What common luck promises: the same patient, the same luck, whatever else is simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.engines.log import EventLog
from sim.model.accrual import accrue
from sim.model.conditions import asks_infections
from sim.model.parts import ALWAYS, CONSTANT_DOSE
from sim.model.structure import ClinicalModel, Event
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model, change
from tests.generated import scenarios

Key = tuple[int, ...]

quick = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def infections(log: EventLog, strategy: int, patient: int | None = None) -> dict[Key, float]:
    """Candidate identity of every infection under a strategy, and its month."""
    at = (log.event == Event.INFECTION) & (log.strategy == strategy)
    if patient is not None:
        at &= log.patient == patient
    columns = (log.patient[at], log.cause[at], log.layer[at], log.candidate[at])
    return dict(zip(zip(*(c.tolist() for c in columns), strict=True), log.time[at].tolist(), strict=True))


def last_event(log: EventLog, strategy: int, patient: int, *events: Event) -> float:
    at = (log.strategy == strategy) & (log.patient == patient) & np.isin(log.event, events)
    return float(log.time[at].max()) if at.any() else np.inf


def first_event(log: EventLog, strategy: int, patient: int, event: Event) -> float:
    at = (log.strategy == strategy) & (log.patient == patient) & (log.event == event)
    return float(log.time[at].min()) if at.any() else np.inf


def without_feedback(model: ClinicalModel) -> ClinicalModel:
    """No infection kills, ends treatment, starts immunoglobulin or prolongs or doses it."""
    return change(
        model,
        infections__case_fatality=np.zeros_like(model.infections.case_fatality),
        infections__stop_probability=np.zeros_like(model.infections.stop_probability),
        immunoglobulin__adjustment=CONSTANT_DOSE,
        strategies=tuple(s for s in model.strategies if not asks_infections(s.start)),
    )


@quick
@given(scenarios(), st.floats(0, 1))
def test_a_lower_hazard_ratio_never_adds_an_infection_without_feedback(scenario: Scenario, factor: float) -> None:
    model = without_feedback(compile_model(scenario))
    lower = change(model, infections__hazard_ratio=model.infections.hazard_ratio * factor)
    luck, patient = AddressedLuck(scenario.analysis.seed), np.arange(25)
    high, low = (numpy_engine.event_log(m, luck, patient) for m in (model, lower))
    for strategy in range(len(model.strategies)):
        before, after = infections(high, strategy), infections(low, strategy)
        assert after.items() <= before.items()  # the same infections at the same months


@quick
@given(scenarios(), st.floats(0, 1))
def test_every_added_infection_is_explained_by_survival_treatment_or_a_later_start(
    scenario: Scenario, factor: float
) -> None:
    model = compile_model(scenario)
    lower = change(model, infections__hazard_ratio=model.infections.hazard_ratio * factor)
    luck, patient = AddressedLuck(scenario.analysis.seed), np.arange(25)
    high, low = (numpy_engine.event_log(m, luck, patient) for m in (model, lower))
    deaths = (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON)
    for strategy in range(len(model.strategies)):
        before, after = infections(high, strategy), infections(low, strategy)
        for key in after.keys() - before.keys():
            who = key[0]
            lived_on = last_event(high, strategy, who, *deaths) < last_event(low, strategy, who, *deaths)
            died_before = last_event(high, strategy, who, *deaths) <= after[key]
            stopped = first_event(high, strategy, who, Event.TREATMENT_STOP)
            treated_on = stopped < first_event(low, strategy, who, Event.TREATMENT_STOP)
            started = first_event(high, strategy, who, Event.INFUSION)
            started_later = started < first_event(low, strategy, who, Event.INFUSION)
            assert lived_on or died_before or treated_on or started_later


def test_feedback_does_add_infections_to_some_patients() -> None:
    """Negative control of the subset: with fatality on, lowering the hazard ratio lets some live to meet more."""
    model = build_model(infections__case_fatality=np.array([0.5]))
    lower = change(model, infections__hazard_ratio=model.infections.hazard_ratio * 0.5)
    luck, patient = AddressedLuck(1), np.arange(400)
    high, low = (numpy_engine.event_log(m, luck, patient) for m in (model, lower))
    primary = [s.start for s in model.strategies].index(ALWAYS)
    assert infections(low, primary).keys() - infections(high, primary).keys()


@quick
@given(scenarios())
def test_adding_or_moving_a_strategy_changes_no_other(scenario: Scenario) -> None:
    model, luck, patient = compile_model(scenario), AddressedLuck(scenario.analysis.seed), np.arange(10)
    together = numpy_engine.simulate(model, luck, patient)
    order = range(len(model.strategies))[::-1]
    reversed_ = numpy_engine.simulate(
        replace(model, strategies=tuple(model.strategies[i] for i in order)), luck, patient
    )
    for index, strategy in enumerate(model.strategies):
        alone = numpy_engine.simulate(replace(model, strategies=(strategy,)), luck, patient)
        for field in ("end", "ig_start", "ig_end", "igg_tests", "treatment_end", "harm"):
            expected = getattr(together, field)[index]
            np.testing.assert_array_equal(getattr(alone, field)[0], expected)
            np.testing.assert_array_equal(getattr(reversed_, field)[len(model.strategies) - 1 - index], expected)
        for part, field in (("infusions", "grams_cost_factor"), ("illnesses", "first"), ("illnesses", "held_months")):
            expected = getattr(getattr(together, part), field)[index]
            np.testing.assert_array_equal(getattr(getattr(alone, part), field)[0], expected)


@quick
@given(scenarios(), st.integers(0, 10**12))
def test_a_patient_is_the_same_in_any_population(scenario: Scenario, first: int) -> None:
    model, luck = compile_model(scenario), AddressedLuck(scenario.analysis.seed)
    many = numpy_engine.simulate(model, luck, np.arange(first, first + 12))
    one = numpy_engine.simulate(model, luck, np.array([first + 7]))
    np.testing.assert_array_equal(many.end[:, 7], one.end[:, 0])
    np.testing.assert_array_equal(many.illnesses.count[..., 7], one.illnesses.count[..., 0])
    crowd, alone = (
        accrue(model, draw_baseline(model, luck, patient), histories)
        for patient, histories in ((np.arange(first, first + 12), many), (np.array([first + 7]), one))
    )
    for component, value in alone.items():
        np.testing.assert_array_equal(crowd[component][:, 7], value[:, 0], err_msg=component)


def test_an_infection_rate_of_one_cause_moves_no_candidate_of_another() -> None:
    two = build_model(
        infections__causes=("bacterial", "viral"),
        infections__rate=np.array([[0.1, 0.05], [0.1, 0.02]]),
        infections__hazard_ratio=np.array([[1.0, 0.4], [1.0, 0.8]]),
        infections__case_fatality=np.zeros(2),
        infections__stop_probability=np.zeros(2),
        infections__cost=np.ones((2, 2)),
        infections__hospital_days=np.ones((2, 2)),
        infections__qaly_loss=np.zeros((2, 2)),
    )
    more_viral = change(two, infections__rate=np.array([[0.1, 0.05], [0.3, 0.06]]))
    luck, patient = AddressedLuck(9), np.arange(200)
    few, many = (numpy_engine.event_log(m, luck, patient) for m in (two, more_viral))
    bacterial = [{k: t for k, t in infections(log, 0).items() if k[1] == 0} for log in (few, many)]
    viral = [{k: t for k, t in infections(log, 0).items() if k[1] == 1} for log in (few, many)]
    assert bacterial[0] == bacterial[1]
    assert len(viral[1]) > 2 * len(viral[0])


def test_common_luck_makes_paired_differences_far_smaller_than_independent_arms() -> None:
    """Truth: independent arms have sd sqrt(2) times an arm's; on common luck the pair must be well below it."""
    from sim.runs import play

    outcomes = play(build_model(strategies=STRATEGIES[:2]), AddressedLuck(2), 20_000)
    _, paired = outcomes.difference("qaly", 1, 0)
    independent = float(np.hypot(*outcomes.mcse("qaly")))
    assert paired < 0.4 * independent
