"""Spend by year: by hand, and against the accrual of whole histories."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.build import compile_model
from sim.capacity.attribution import World, alone
from sim.capacity.outlay import Given, given_alone, spend
from sim.engines import numpy_engine
from sim.model.accrual import COST_ITEMS, accrue
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.scenario import load
from sim.streams import AddressedLuck
from tests.generated import SCENARIOS
from tests.programme.quiet import plan, played, quiet_model


def whole_histories(model: ClinicalModel, seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums by item: of the outlay over all years, and of the accrual without discounting."""
    luck, patient = AddressedLuck(seed), np.arange(n)
    strategy = patient % len(model.strategies)
    start = np.linspace(0.3, 29.7, n)
    months = 30.0 + model.horizon
    who = draw_baseline(model, luck, patient)
    world = World.of(alone(model, luck, patient, strategy), patient, start, months)
    by_year = spend(model, who, world, given_alone(model, world), start, strategy, months)
    values = accrue(dataclasses.replace(model, discount_costs=0.0), who, numpy_engine.simulate(model, luck, patient))
    accrued = [values[f"cost:{item}"][strategy, patient].sum() for item in COST_ITEMS]
    return by_year.sum(axis=1), np.array(accrued)


@pytest.mark.parametrize("name", ["base-case", "indication-based", "structural-alternatives"])
def test_over_all_years_every_item_is_that_of_the_accrual(name: str) -> None:
    changes = {"treatment.include_drug_cost": True, "treatment.end_of_life_cost": 5000}
    model = compile_model(load(SCENARIOS / f"{name}.toml", overrides=changes))
    spent, accrued = whole_histories(model, 3, 240)
    np.testing.assert_allclose(spent, accrued, rtol=1e-9, atol=1e-6)
    # Every item of the scenario is met, so that a forgotten one would show.
    assert (accrued > 0).sum() >= 11


def test_a_forgotten_hold_would_show() -> None:
    model = compile_model(load(SCENARIOS / "base-case.toml", overrides={"treatment.include_drug_cost": True}))
    longer = dataclasses.replace(model.infections, hold=model.infections.hold * 1.01)
    spent, accrued = whole_histories(dataclasses.replace(model, infections=longer), 3, 60)
    before, _ = whole_histories(model, 3, 60)
    place = COST_ITEMS.index("bispecific")
    assert spent[place] < before[place]
    assert spent[place] == pytest.approx(accrued[place], rel=1e-9)


def test_infusions_are_paid_for_in_the_year_in_which_they_are_given() -> None:
    model = quiet_model(horizon=24.0)
    what = plan(24.0, warm_up=6.0)
    record = played(model, what, [-2.5])
    world = World.of(record.log, np.array([0]), record.start, what.months)
    visits = record.visits
    given = Given(visits.began, visits.grams, visits.regimen)
    strategy, luck = np.zeros(1, dtype=np.int64), AddressedLuck(0)
    money = spend(model, draw_baseline(model, luck, np.arange(1)), world, given, record.start, strategy, what.months)
    # Monthly from -2.5: three before the first day are not counted; 0.5, ..., 11.5 are 12 in the first year, 12.5,
    # ..., 20.5 are nine in the second (the patient's 24 months end at 21.5); 20 g at 100 each, and 300 an infusion.
    assert money[COST_ITEMS.index("immunoglobulin")].tolist() == [24_000.0, 18_000.0]
    assert money[COST_ITEMS.index("ig_administration")].tolist() == [3_600.0, 2_700.0]
