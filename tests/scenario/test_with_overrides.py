"""A scenario with values replaced: the sections that are not read again must not be missed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario, from_tables, load, quantities, with_overrides

SCENARIOS = sorted(Path("scenarios").glob("*.toml"))


def both(scenario: Scenario, overrides: dict[str, object]) -> list[object]:
    """What comes of overrides with and without reading everything again: tables, or what is said of them."""
    found: list[object] = []
    for make in (with_overrides, lambda s, o: from_tables(s.resolved(), overrides=o)):
        try:
            found.append(make(scenario, overrides).resolved())
        except ScenarioError as error:
            found.append((str(error), error.problems))
    return found


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_any_quantity_changed_gives_what_reading_everything_gives(path):
    scenario, chance = load(path), random.Random(path.stem)
    known = [(place, quantity) for place, quantity, _ in quantities(scenario)]
    known, refused = chance.sample(known, 60), 0
    for place, quantity in known:
        some, whole = both(scenario, {place: chance.choice([quantity.value * 0.9, 0.0, 1.0, 1.7, -1.0])})
        assert some == whole, place
        refused += isinstance(some, tuple)
    # Values of both kinds were tried.
    assert 0 < refused < len(known)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_several_values_anywhere_give_what_reading_everything_gives(path):
    scenario, chance = load(path), random.Random(path.stem)
    known = [(place, quantity.value) for place, quantity, _ in quantities(scenario)]
    for _ in range(8):
        values = {place: value * chance.choice([0.9, 1, 1, 1.1]) for place, value in chance.sample(known, 4)}
        some, whole = both(scenario, values)
        assert some == whole, values


@pytest.mark.parametrize(
    "overrides",
    [
        {"analysis.currency": "EUR"},
        {"analysis.strategies": ["primary", "none"]},
        {"analysis.strategies": ["primary", "nobody"]},
        {"strategies.none.label": "Primary: from the first dose"},
        {"strategies.primary.regimen": "by mouth"},
        {"strategies.primary.regimen": "scig", "regimens.scig.adherence": 2},
        {"targets.BCMA.hazard_periods.1.multiplier": 2},
        {"immunoglobulin.price": 3},
        {"imunoglobulin.price_per_gram": 3},
        {"price_per_gram": 3},
        {"infections.causes.bacterial": 7},
        {"tocilizumab": {}},
        {"crs.cost.grade_1_2": {"value": 3, "unit": "EUR"}},
        {"title": "Another", "patients.agents.teclistamab": 0.4},
        {"immunoglobulin.price_per_gram": 2**70},
        {"psa.groups.effects": ["nothing.*"]},
        {},
    ],
    ids=str,
)
def test_whatever_else_is_changed_is_read_or_refused_alike(overrides):
    scenario = load(Path("scenarios/base-case.toml"))
    some, whole = both(scenario, overrides)
    assert some == whole


def test_a_life_table_is_no_more_read_from_a_file_here_than_there():
    scenario = load(Path("scenarios/bcma-uk-nice.toml"))
    some, whole = both(scenario, {"treatment.life_table.file": "another.csv"})
    assert some == whole
    assert isinstance(some, tuple)


def test_sections_that_no_path_leads_into_are_shared_and_the_given_scenario_stays():
    scenario = load(Path("scenarios/base-case.toml"))
    before = scenario.digest
    changed = with_overrides(scenario, {"immunoglobulin.price_per_gram": 77})
    assert changed.immunoglobulin.price_per_gram.value == 77
    assert changed.infections is scenario.infections
    assert scenario.digest == before


def test_strategies_that_are_not_there_are_told_beside_a_table_that_cannot_be_read():
    tables = load(Path("scenarios/tutorial.toml")).resolved()
    overrides = {"analysis.strategies": ["none", "nobody"], "utilities.on_treatment": 7}
    with pytest.raises(ScenarioError) as caught:
        from_tables(tables, overrides=overrides)
    assert {problem.place for problem in caught.value.problems} == {"analysis.strategies", "utilities.on_treatment"}
