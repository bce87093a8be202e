"""TECH-VER: a sound scenario passes every test, and each kind of fault is found out by the test that looks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import sim
from sim.scenario import Scenario
from sim.verify import techver as under_test
from sim.verify.advishe import STATES, questions
from sim.verify.techver import techver
from tests.cli.conftest import TUTORIAL


@pytest.fixture(scope="module")
def tutorial() -> Scenario:
    return sim.load(TUTORIAL)


def failed(scenario: Scenario) -> set[str]:
    return {check.claim for stage in techver(scenario, 5).values() for check in stage if not check.passed}


def test_a_sound_scenario_passes_every_test_of_every_stage(tutorial: Scenario) -> None:
    stages = techver(tutorial, 5)
    assert list(stages) == [
        "Input calculations",
        "Event-state calculations",
        "Result calculations",
        "Uncertainty analysis calculations",
    ]
    assert sum(len(checks) for checks in stages.values()) >= 20
    assert failed(tutorial) == set()


Accrue = Callable[..., dict[str, Any]]


def _price_in_health(sound: Accrue) -> Accrue:
    def accrue(model: Any, *rest: Any) -> dict[str, Any]:
        values = sound(model, *rest)
        return values | {"qaly": values["qaly"] - 1e-9 * model.regimens[0].price_per_gram}

    return accrue


def _forgotten_cost(sound: Accrue) -> Accrue:
    def accrue(model: Any, *rest: Any) -> dict[str, Any]:
        values = sound(model, *rest)
        return values | {"cost": values["cost"] + 10.0}

    return accrue


def _more_than_a_life(sound: Accrue) -> Accrue:
    def accrue(model: Any, *rest: Any) -> dict[str, Any]:
        values = sound(model, *rest)
        return values | {"qaly_undiscounted": values["qaly_undiscounted"] * 1.5}

    return accrue


def _by_order(sound: Accrue) -> Accrue:
    def accrue(model: Any, *rest: Any) -> dict[str, Any]:
        values = sound(model, *rest)
        lost = values["months_held"].copy()
        lost[0] += 1
        return values | {"months_held": lost}

    return accrue


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (_price_in_health, "twice the price of immunoglobulin is twice its cost, and moves nothing but cost"),
        (_forgotten_cost, "with every price 0 nothing costs"),
        (_more_than_a_life, "QALYs never exceed life-years at the best utility"),
        (_by_order, "the order of the strategies is of no consequence"),
    ],
    ids=["price costs health", "forgotten cost", "more than a life", "order matters"],
)
def test_a_fault_of_the_accrual_is_found_out(
    tutorial: Scenario, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Accrue], Accrue], found: str
) -> None:
    monkeypatch.setattr(under_test, "accrue", fault(under_test.accrue))
    assert found in failed(tutorial)


def test_an_engine_that_lets_nobody_die_is_found_out(tutorial: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = under_test.compile_model

    def immortal(scenario: Scenario) -> Any:
        model = sound(scenario)
        return replace(model, treatment=replace(model.treatment, death_rate_on=0.0, death_rate_off=0.0))

    monkeypatch.setattr(under_test, "compile_model", immortal)
    assert "with certain death at once nobody lives on" in failed(tutorial)


def test_draws_that_never_vary_or_leave_their_bounds_are_found_out(
    tutorial: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = under_test.draw_parameters

    def constant(*arguments: Any) -> Any:
        table = sound(*arguments)
        matrix = table.matrix.copy()
        matrix[:, 0] = -1.0
        return replace(table, matrix=matrix)

    monkeypatch.setattr(under_test, "draw_parameters", constant)
    monkeypatch.setattr(under_test, "_acceptability", lambda subject: iter(()))
    assert failed(tutorial) == {"every drawn parameter varies", "every draw is possible"}


def test_advishe_has_all_its_questions_and_an_answer_to_each() -> None:
    found = questions()
    assert [q.part for q in found] == [
        *("A1", "A2", "B1", "B2"),
        *("C1", "C2", "C3", "C4"),
        *("D1", "D2", "D3", "D4", "E1"),
    ]
    assert {q.done for q in found} <= set(STATES)
    assert all(len(q.answer) > 40 for q in found)
