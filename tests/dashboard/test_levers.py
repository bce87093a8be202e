"""Levers: what they move, where they end, and that a base is one of their positions."""

from __future__ import annotations

import pytest

import sim
from sim.dashboard.levers import levers, overrides
from sim.errors import ScenarioError, UsageError
from sim.scenario import from_tables, quantities

BASE = sim.load(sim.shipped_scenarios()["base-case"])
BY_KEY = {lever.key: lever for lever in levers(BASE)}


@pytest.mark.parametrize("name", ["base-case", "bcma-uk-nice", "indication-based", "tutorial"])
def test_a_lever_stands_at_the_scenario_and_can_go_to_both_its_ends(name):
    scenario = sim.load(sim.shipped_scenarios()[name])
    for lever in levers(scenario):
        assert lever.low < lever.base < lever.high
        positions = (lever.base - lever.low) / lever.step
        assert positions == pytest.approx(round(positions), abs=1e-6), "a browser would move it to a position"
        assert lever.overrides(lever.base) == {}
        for end in (lever.low, lever.high):
            from_tables(scenario.resolved(), overrides=lever.overrides(end))


def test_a_number_takes_the_place_of_that_in_the_scenario():
    moved = overrides(levers(BASE), {"immunoglobulin.price_per_gram": 80.0, "immunoglobulin.hr.grade_3plus": 0.38})
    assert moved == {"immunoglobulin.price_per_gram": 80.0}, "one that was not moved sets nothing"


def test_a_factor_multiplies_every_rate_of_its_grade_and_no_other():
    scenario = from_tables(BASE.resolved(), overrides=overrides(levers(BASE), {"infections.grade_3plus": 1.5}))
    before, after = ({p: q.value for p, q, _ in quantities(s)} for s in (BASE, scenario))
    ratio = {path: after[path] / before[path] for path in before if before[path] != after[path]}
    assert set(ratio) == {p for p in before if ".rate_per_month." in p and p.endswith("3plus") and before[p]} - {
        p for p in before if not p.startswith("infections.causes.")
    }
    assert list(ratio.values()) == pytest.approx([1.5] * len(ratio))


def test_every_strategy_that_asks_for_igg_has_its_threshold_and_no_other_concentration():
    scenario = sim.load(sim.shipped_scenarios()["indication-based"])
    keys = [lever.key for lever in levers(scenario) if lever.group == "Start rule"]
    assert "strategies.indication.start.conditions.1.conditions.1.threshold_mg_dl" in keys
    paths = [path for path, _, _ in quantities(scenario) if path.endswith("threshold_mg_dl")]
    assert len(keys) < len(paths), "thresholds of IgA and IgM are there, and are none of IgG"


def test_uncertainty_stands_beside_the_base():
    assert BY_KEY["immunoglobulin.hr.grade_3plus"].spread == "95 % interval 0.18 to 0.79"


def test_what_cannot_be_moved_is_refused_with_what_can():
    with pytest.raises(UsageError, match=r"analysis.seed.*no such lever; there are immunoglobulin.price_per_gram"):
        overrides(levers(BASE), {"analysis.seed": 3.0})
    with pytest.raises(UsageError, match=r"Price: found inf; must be a number"):
        overrides(levers(BASE), {"immunoglobulin.price_per_gram": float("inf")})


def test_the_scenario_keeps_its_rules():
    with pytest.raises(ScenarioError, match=r"immunoglobulin.price_per_gram: found -5"):
        from_tables(BASE.resolved(), overrides=overrides(levers(BASE), {"immunoglobulin.price_per_gram": -5.0}))
