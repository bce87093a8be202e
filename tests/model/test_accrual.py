"""Money and health: what accrual does to any history whatsoever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim.engines import numpy_engine
from sim.model.accrual import COST_ITEMS, accrue
from sim.model.structure import ClinicalModel, Floats
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import build_model, change

PATIENT = np.arange(400)
LUCK = AddressedLuck(11)

Outcome = dict[str, Floats]


def outcome(model: ClinicalModel) -> Outcome:
    """Components of 400 patients."""
    return accrue(model, draw_baseline(model, LUCK, PATIENT), numpy_engine.simulate(model, LUCK, PATIENT))


@pytest.fixture(scope="module")
def base() -> Outcome:
    """The base model, every cost item and every loss above zero."""
    return outcome(build_model())


def _double_infection_cost(grade: int) -> Callable[[ClinicalModel], ClinicalModel]:
    def doubled(model: ClinicalModel) -> ClinicalModel:
        cost = model.infections.cost.copy()
        cost[:, grade] *= 2
        return change(model, infections__cost=cost)

    return doubled


DOUBLED: dict[str, Callable[[ClinicalModel], ClinicalModel]] = {
    "immunoglobulin": lambda m: change(m, immunoglobulin__price_per_gram=200.0),
    "ig_administration": lambda m: change(m, immunoglobulin__administration_cost=600.0),
    "igg_tests": lambda m: change(m, igg__test_cost=18.6),
    "infections_grade_1_2": _double_infection_cost(0),
    "infections_grade_3plus": _double_infection_cost(1),
    "bispecific": lambda m: change(m, treatment__drug_cost_per_month=2_000.0),
    "end_of_life": lambda m: change(m, treatment__end_of_life_cost=10_000.0),
}


def test_the_total_is_the_sum_of_its_items(base: Outcome) -> None:
    items = sum(base[f"cost:{item}"] for item in COST_ITEMS)
    assert base["cost"] == pytest.approx(items, rel=1e-12)
    assert set(DOUBLED) == set(COST_ITEMS)


@pytest.mark.parametrize("item", COST_ITEMS)
def test_doubling_a_price_doubles_its_item_and_nothing_else(base: Outcome, item: str) -> None:
    dearer = outcome(DOUBLED[item](build_model()))
    assert base[f"cost:{item}"].max() > 0
    assert dearer[f"cost:{item}"] == pytest.approx(2 * base[f"cost:{item}"], rel=1e-12)
    for component in base:
        if component not in {"cost", "cost_undiscounted", f"cost:{item}"}:
            np.testing.assert_array_equal(dearer[component], base[component], err_msg=component)


def test_without_discount_rates_discounting_changes_nothing() -> None:
    plain = outcome(build_model(discount_costs=0.0, discount_effects=0.0))
    assert plain["cost"] == pytest.approx(plain["cost_undiscounted"], rel=1e-12)
    assert plain["qaly"] == pytest.approx(plain["qaly_undiscounted"], rel=1e-12)
    assert plain["life_years_discounted"] == pytest.approx(plain["life_years"], rel=1e-12)


def test_the_two_discount_rates_are_separate(base: Outcome) -> None:
    """Without a rate for effects QALYs are undiscounted and costs stay, and the other way round."""
    effects_free = outcome(build_model(discount_effects=0.0))
    assert effects_free["qaly"] == pytest.approx(base["qaly_undiscounted"], rel=1e-12)
    np.testing.assert_array_equal(effects_free["cost"], base["cost"])
    costs_free = outcome(build_model(discount_costs=0.0))
    assert costs_free["cost"] == pytest.approx(base["cost_undiscounted"], rel=1e-12)
    np.testing.assert_array_equal(costs_free["qaly"], base["qaly"])


def test_discounting_never_adds(base: Outcome) -> None:
    assert (base["cost"] <= base["cost_undiscounted"]).all()
    assert (base["life_years_discounted"] <= base["life_years"]).all()


def test_perfect_health_makes_a_life_year_a_qaly() -> None:
    model = build_model(utility_on=1.0, utility_off=1.0, immunoglobulin__qaly_loss=0.0)
    healthy = outcome(change(model, infections__qaly_loss=np.zeros((1, 2))))
    assert healthy["qaly"] == pytest.approx(healthy["life_years_discounted"], rel=1e-12)
    assert healthy["qaly_undiscounted"] == pytest.approx(healthy["life_years"], rel=1e-12)


def test_losses_are_counted_once_an_infusion_and_once_a_survived_infection() -> None:
    """With utilities 0 and losses of 1, 10 and 100 the QALYs are minus the counts, fatal infections left out."""
    model = build_model(utility_on=0.0, utility_off=0.0, discount_effects=0.0, immunoglobulin__qaly_loss=1.0)
    o = outcome(change(model, infections__qaly_loss=np.array([[10.0, 100.0]])))
    survived = o["infections_grade_3plus"] - o["infection_death"]
    assert o["infection_death"].sum() > 0
    assert o["qaly"] == pytest.approx(-o["infusions"] - 10 * o["infections_grade_1_2"] - 100 * survived)


def test_every_infection_costs_the_fatal_one_too() -> None:
    o = outcome(build_model(discount_costs=0.0))
    assert o["cost:infections_grade_3plus"] == pytest.approx(26_500 * o["infections_grade_3plus"])
    assert o["cost:infections_grade_1_2"] == pytest.approx(400 * o["infections_grade_1_2"])


def test_the_end_of_life_is_paid_for_the_dead_alone() -> None:
    o = outcome(build_model(discount_costs=0.0, horizon=24.0))
    dead = o["infection_death"] + o["other_death"]
    assert 0 < dead.sum() < dead.size
    assert o["cost:end_of_life"] == pytest.approx(5_000 * dead)


def test_the_drug_is_paid_for_each_month_on_treatment() -> None:
    o = outcome(build_model(discount_costs=0.0))
    assert o["cost:bispecific"] == pytest.approx(1_000 * o["months_on_treatment"])


def test_grams_infusions_and_their_price_belong_together() -> None:
    model = build_model(discount_costs=0.0)
    o = outcome(model)
    grams = 0.4 * draw_baseline(model, LUCK, PATIENT).weight_kg
    assert o["ig_grams"] == pytest.approx(grams * o["infusions"])
    assert o["cost:immunoglobulin"] == pytest.approx(100 * o["ig_grams"])
    assert o["cost:ig_administration"] == pytest.approx(300 * o["infusions"])
    np.testing.assert_array_equal(o["ig_ever"], o["infusions"] > 0)
    assert ((o["ig_months"] > 0) == (o["infusions"] > 0)).all()


def test_every_patient_has_exactly_one_ending(base: Outcome) -> None:
    assert (base["infection_death"] + base["other_death"] + base["alive_at_horizon"] == 1).all()


def test_hospital_days_follow_infections_by_cause_and_grade(base: Outcome) -> None:
    assert base["hospital_days"] == pytest.approx(8.1 * base["infections_grade_3plus"])
    assert (base["infections_any"] == base["infections_grade_1_2"] + base["infections_grade_3plus"]).all()
    np.testing.assert_array_equal(base["infections:any:grade_3plus"], base["infections_grade_3plus"])


def test_causes_are_priced_apart() -> None:
    """Two causes with prices 1 and 1,000 for grade >= 3: the item splits into exactly their counts."""
    model = build_model(discount_costs=0.0)
    infections = replace(
        model.infections,
        causes=("bacterial", "viral"),
        rate=np.array([[0.1, 0.05], [0.08, 0.03]]),
        hazard_ratio=np.array([[1.0, 0.38], [0.9, 0.8]]),
        case_fatality=np.array([0.1, 0.05]),
        stop_probability=np.array([0.2, 0.1]),
        cost=np.array([[0.0, 1.0], [0.0, 1_000.0]]),
        hospital_days=np.zeros((2, 2)),
        qaly_loss=np.zeros((2, 2)),
    )
    o = outcome(replace(model, infections=infections))
    bacterial, viral = o["infections:bacterial:grade_3plus"], o["infections:viral:grade_3plus"]
    assert bacterial.sum() > viral.sum() > 0
    assert o["cost:infections_grade_3plus"] == pytest.approx(bacterial + 1_000 * viral)
