"""Money and health: what accrual does to any history whatsoever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim.engines import numpy_engine
from sim.model.accrual import COST_ITEMS, accrue
from sim.model.grouping import TOGETHER
from sim.model.parts import Antimicrobial, Floats, Harm, Immunoglobulin, Laboratory, StepUpDose, Tocilizumab, Toxicity
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model, change

PATIENT = np.arange(400)
LUCK = AddressedLuck(11)

STEP_UP = (StepUpDose(0.0, "1 mg", 2.0), StepUpDose(2.5, "10 mg", 4.0))
Outcome = dict[str, Floats]


def outcome(model: ClinicalModel) -> Outcome:
    """Components of 400 patients."""
    return accrue(model, draw_baseline(model, LUCK, PATIENT), numpy_engine.simulate(model, LUCK, PATIENT))


def rich_model(**changes: object) -> ClinicalModel:
    """The base model with every cost item and every loss above zero."""
    model = build_model()
    screened = Antimicrobial(
        "surveillance",
        given_to=-1,
        adherence=0.8,
        hazard_ratio=np.array([[0.8, 0.4]]),
        start_cost=50.0,
        cost_per_month=30.0,
        months_after=2.0,
        is_surveillance=True,
        course_cost=2_000.0,
    )
    return change(
        model,
        agents=(replace(model.agents[0], step_up=STEP_UP, crs=(0.5, 0.1), icans=(0.1, 0.05)),),
        treatment__hospital_day_cost=3_000.0,
        population__anti_cd38_proportion=0.6,
        crs=Toxicity((1_000.0, 20_000.0), (0.001, 0.01), (1.0, 5.0)),
        icans=Toxicity((500.0, 30_000.0), (0.002, 0.02), (0.5, 7.0)),
        tocilizumab=Tocilizumab((0.4, 0.3), (1.0, 0.9), cost=1_700.0),
        laboratory=Laboratory(200.0, 0.4, 100.0, 0.5, 20.0),
        immunoglobulin=Immunoglobulin(
            1.0, 0.1, 60.0, 0.0005, harms=(Harm("thrombosis", 0.02, 9_000.0, 0.03, 6.0), Harm("renal", 0.01, 4_000.0))
        ),
        antimicrobials=(screened,),
        strategies=tuple(replace(s, antimicrobials=(0,), tocilizumab=True) for s in STRATEGIES),
        **changes,
    )


@pytest.fixture(scope="module")
def base() -> Outcome:
    """The model with every cost item and every loss above zero."""
    return outcome(rich_model())


def _toxicity_twice_as_dear(model: ClinicalModel) -> ClinicalModel:
    return change(model, crs__cost=(2_000.0, 40_000.0), icans__cost=(1_000.0, 60_000.0))


def _antimicrobial_twice_as_dear(model: ClinicalModel) -> ClinicalModel:
    (drug,) = model.antimicrobials
    return change(model, antimicrobials=(replace(drug, start_cost=100.0, cost_per_month=60.0, course_cost=4_000.0),))


def _adverse_events_twice_as_dear(model: ClinicalModel) -> ClinicalModel:
    thrombosis, renal = model.immunoglobulin.harms
    harms = (replace(thrombosis, cost=18_000.0), replace(renal, cost=8_000.0))
    return change(model, immunoglobulin=replace(model.immunoglobulin, reaction_cost=120.0, harms=harms))


def _laboratory_twice_as_dear(model: ClinicalModel) -> ClinicalModel:
    return change(model, laboratory=Laboratory(400.0, 0.4, 200.0, 0.5, 40.0))


def _double_infection_cost(grade: int) -> Callable[[ClinicalModel], ClinicalModel]:
    def doubled(model: ClinicalModel) -> ClinicalModel:
        cost = model.infections.cost.copy()
        cost[:, grade] *= 2
        return change(model, infections__cost=cost)

    return doubled


DOUBLED: dict[str, Callable[[ClinicalModel], ClinicalModel]] = {
    "immunoglobulin": lambda m: change(m, immunoglobulin__price_per_gram=200.0),
    "ig_administration": lambda m: change(m, immunoglobulin__administration_cost=600.0),
    "ig_adverse_events": _adverse_events_twice_as_dear,
    "antimicrobials": _antimicrobial_twice_as_dear,
    "crs_icans": _toxicity_twice_as_dear,
    "tocilizumab": lambda m: change(m, tocilizumab__cost=3_400.0),
    "step_up_hospital": lambda m: change(m, treatment__hospital_day_cost=6_000.0),
    "laboratory": _laboratory_twice_as_dear,
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
    dearer = outcome(DOUBLED[item](rich_model()))
    assert base[f"cost:{item}"].max() > 0
    assert dearer[f"cost:{item}"] == pytest.approx(2 * base[f"cost:{item}"], rel=1e-12)
    for component in base:
        if component not in {"cost", "cost_undiscounted", f"cost:{item}"}:
            np.testing.assert_array_equal(dearer[component], base[component], err_msg=component)


def test_without_discount_rates_discounting_changes_nothing() -> None:
    plain = outcome(rich_model(discount_costs=0.0, discount_effects=0.0))
    assert plain["cost"] == pytest.approx(plain["cost_undiscounted"], rel=1e-12)
    assert plain["qaly"] == pytest.approx(plain["qaly_undiscounted"], rel=1e-12)
    assert plain["life_years_discounted"] == pytest.approx(plain["life_years"], rel=1e-12)


def test_the_two_discount_rates_are_separate(base: Outcome) -> None:
    """Without a rate for effects QALYs are undiscounted and costs stay, and the other way round."""
    effects_free = outcome(rich_model(discount_effects=0.0))
    assert effects_free["qaly"] == pytest.approx(base["qaly_undiscounted"], rel=1e-12)
    np.testing.assert_array_equal(effects_free["cost"], base["cost"])
    costs_free = outcome(rich_model(discount_costs=0.0))
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
    assert base["infection_hospital_days"] == pytest.approx(8.1 * base["infections_grade_3plus"])
    plain = outcome(build_model())
    assert plain["hospital_days"] == pytest.approx(8.1 * plain["infections_grade_3plus"])
    assert (base["infections_any"] == base["infections_grade_1_2"] + base["infections_grade_3plus"]).all()
    np.testing.assert_array_equal(base["infections:any:grade_3plus"], base["infections_grade_3plus"])


def test_hospital_days_add_up_over_infections_step_up_toxicities_and_harms(base: Outcome) -> None:
    """2 days of step-up, 4 more for those treated past month 2.5; CRS 1 or 5, ICANS 0.5 or 7, thrombosis 6 days."""
    step_up = np.where(base["months_on_treatment"] > 2.5, 6.0, 2.0)
    assert np.unique(base["step_up_hospital_days"]).tolist() == [2.0, 6.0]
    crs = np.where(base["crs_grade_3plus"] == 1, 5.0, base["crs"])
    icans = np.where(base["icans_grade_3plus"] == 1, 7.0, 0.5 * base["icans"])
    parts = base["infection_hospital_days"] + step_up + crs + icans + 6.0 * base["ig_harms:thrombosis"]
    assert base["ig_harms:thrombosis"].sum() > 0
    assert base["hospital_days"] == pytest.approx(parts)


def test_every_loss_is_counted_once() -> None:
    """Utilities 0 and no discounting: QALYs are minus the losses by item, each at its own price."""
    o = outcome(rich_model(utility_on=0.0, utility_off=0.0, discount_effects=0.0))
    survived = o["infections_grade_3plus"] - o["infection_death"]
    crs = np.where(o["crs_grade_3plus"] == 1, 0.01, 0.001 * o["crs"])
    icans = np.where(o["icans_grade_3plus"] == 1, 0.02, 0.002 * o["icans"])
    infusions = (0.02 / 365.25 + 0.1 * 0.0005) * o["infusions"]
    lost = 0.001 * o["infections_grade_1_2"] + 0.0084 * survived + crs + icans + infusions
    assert o["qaly"] == pytest.approx(-lost - 0.03 * o["ig_harms:thrombosis"])


def test_causes_are_priced_apart() -> None:
    """Two causes with prices 1 and 1,000 for grade >= 3: the item splits into exactly their counts."""
    model = build_model(discount_costs=0.0)
    infections = replace(
        model.infections,
        causes=("bacterial", "viral"),
        rate=np.array([[[0.1, 0.05], [0.08, 0.03]]]),
        only_in=np.array([-1, -1]),
        hazard_ratio=np.array([[1.0, 0.38], [0.9, 0.8]]),
        case_fatality=np.array([0.1, 0.05]),
        stop_probability=np.array([0.2, 0.1]),
        cost=np.array([[0.0, 1.0], [0.0, 1_000.0]]),
        hospital_days=np.zeros((2, 2)),
        qaly_loss=np.zeros((2, 2)),
        hold=np.zeros((2, 2)),
    )
    o = outcome(replace(model, infections=infections))
    bacterial, viral = o["infections:bacterial:grade_3plus"], o["infections:viral:grade_3plus"]
    assert bacterial.sum() > viral.sum() > 0
    assert o["cost:infections_grade_3plus"] == pytest.approx(bacterial + 1_000 * viral)


@pytest.mark.parametrize("model", [build_model(), rich_model(), rich_model(discount_costs=0.0)])
def test_amounts_summed_before_they_are_priced_are_the_sums_of_what_is_priced(model: ClinicalModel) -> None:
    """What is not discounted is linear in amounts: sums agree but for rounding; the rest is the same."""
    who, histories = draw_baseline(model, LUCK, PATIENT), numpy_engine.simulate(model, LUCK, PATIENT)
    apart, together = accrue(model, who, histories), accrue(model, who, histories, undiscounted=TOGETHER)
    assert list(apart) == list(together)
    summed = [name for name in apart if together[name].shape != apart[name].shape]
    assert {"life_years", "cost_undiscounted", "infections_any", "ig_grams"} <= {*summed}
    for name, values in apart.items():
        found = together[name].sum(axis=-1)
        assert found == pytest.approx(values.sum(axis=-1), rel=1e-12, abs=1e-9), name
        assert name in summed or found.tobytes() == values.sum(axis=-1).tobytes(), name


@pytest.mark.parametrize("model", [build_model(), rich_model()])
def test_a_patient_alone_has_the_outcomes_they_have_among_others(model: ClinicalModel) -> None:
    """To the last bit; of one patient, what is the same for all cannot be told from what nobody has by its shape."""
    among = outcome(model)
    for patient in range(20):
        number = np.array([patient])
        alone = accrue(model, draw_baseline(model, LUCK, number), numpy_engine.simulate(model, LUCK, number))
        for name, values in among.items():
            assert alone[name].tobytes() == values[:, [patient]].tobytes(), name


# ---------------------------------------------------------------------- what some have and others have not


def test_what_one_agent_brings_is_not_lost_where_another_brings_none() -> None:
    """Patients of the first agent have what they have where both bring it, those of the second have nothing."""
    brings = replace(rich_model().agents[0], crs=(0.5, 0.0), icans=(0.0, 0.3))
    bare = replace(brings, step_up=(), crs=(0.0, 0.0), icans=(0.0, 0.0))
    models = [rich_model(population__agent_share=(0.5, 0.5)) for _ in range(2)]
    both, one = (replace(m, agents=(brings, second)) for m, second in zip(models, (brings, bare), strict=True))
    first = draw_baseline(one, LUCK, PATIENT).agent == 0
    for name in ("crs", "icans", "cost:crs_icans", "step_up_doses", "step_up_hospital_days", "cost:step_up_hospital"):
        everybody, some = outcome(both)[name], outcome(one)[name]
        assert everybody[:, ~first].any(), name
        np.testing.assert_array_equal(some[:, first], everybody[:, first], err_msg=name)
        assert not some[:, ~first].any(), name


def test_a_hold_of_one_grade_is_not_lost_where_the_other_has_none() -> None:
    """Where infections neither kill nor end treatment and come on treatment alone, each severe one holds it."""
    nothing = {f"infections__{name}": np.zeros(1) for name in ("case_fatality", "stop_probability")}
    hold = np.array([[0.0, 0.5]])
    values = outcome(build_model(infections__hold=hold, infections__off_multiplier=0.0, **nothing))
    held, severe = values["months_held"] > 0, values["infections_grade_3plus"] > 0
    assert held.any()
    np.testing.assert_array_equal(held, severe)
