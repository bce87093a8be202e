"""A sample over time: equal to what a run of the same patients says where both say it; whom it finds telling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sim
import sim.tracing
from sim.engines import numpy_engine
from sim.engines.log import LogBook
from sim.model.structure import ClinicalModel, Event
from sim.runs import play
from sim.streams import AddressedLuck
from sim.timelines import WINDOW, over_time, over_time_of, telling_of, telling_patients

BASE_CASE = Path(__file__).parents[1] / "scenarios" / "base-case.toml"
PATIENTS = 300


def test_with_one_cause_its_incidence_is_that_of_the_run(model: ClinicalModel):
    luck = AddressedLuck(7)
    sample = over_time_of(model, numpy_engine.event_log(model, luck, np.arange(PATIENTS)), PATIENTS)
    own = sample.incidence_by_cause
    run = play(model, luck, PATIENTS).incidence_frame()
    both = own.merge(run, on=["strategy", "kind", "months"], suffixes=("", "_run"))
    assert len(both) == len(own) > 0
    np.testing.assert_array_equal(both["probability"], both["probability_run"])
    np.testing.assert_allclose(both["mcse"], both["mcse_run"])
    assert own["probability"].max() > 0.3


def test_grams_over_time_add_up_to_those_of_the_run():
    scenario = sim.load(BASE_CASE, overrides={"analysis.horizon_months": 12})
    use = over_time(scenario, patients=PATIENTS).ig_use
    windows = use[(use["months"] % WINDOW == 0) & (use["months"] < 12)]
    grams = WINDOW * windows.groupby("strategy")["grams"].sum()
    outcomes = sim.run(scenario, patients=PATIENTS).outcomes
    for name, mean in zip(outcomes.strategies, outcomes.mean("ig_grams"), strict=True):
        assert grams[name] == pytest.approx(mean)
    assert grams["primary"] > grams["secondary"] > grams["none"] == 0


def test_who_is_on_immunoglobulin_by_hand(model: ClinicalModel):
    """Primary: patient 0 is infused at 0 and 0.92 and lives to 10; patient 1 dies at 0.5."""
    book = LogBook()
    for strategy in range(len(model.strategies)):
        book.note(Event.OTHER_DEATH, strategy=strategy, patient=0, time=10.0)
        book.note(Event.OTHER_DEATH, strategy=strategy, patient=1, time=0.5)
    for patient, time in ((0, 0.0), (0, 0.92), (1, 0.0)):
        book.note(Event.INFUSION, strategy=1, patient=patient, time=time, value=30.0)
    use = over_time_of(model, book.bind(), 2).ig_use
    primary = use[use["strategy"] == "primary"].set_index("months")
    # The last infusion at 0.92 counts for an interval of 28 days, 0.92 months: until 1.84.
    assert list(primary.loc[[0.0, 1.0, 2.0], "on_ig"]) == [1.0, 1.0, 0.0]
    assert list(primary.loc[[0.0, 1.0, 9.0], "alive"]) == [1.0, 0.5, 0.5]
    assert primary.loc[0.0, "grams"] == pytest.approx(90 / 2 / WINDOW)
    assert primary.loc[0.0, "grams_mcse"] == pytest.approx(15 / WINDOW)  # 60 and 30 g: half their distance
    assert primary.loc[1.0, "grams"] == 0


def test_telling_patients_are_those_whose_strategies_part():
    book = LogBook()
    luck = {"cause": 0, "layer": 0, "candidate": 0}
    # 0: spared alike everywhere; 1: a serious infection averted under one strategy only; 2: the same, tested late;
    # 3: a serious infection under either strategy.
    for strategy in (0, 1):
        book.note(Event.AVERTED, strategy=strategy, patient=0, time=1.0, grade=1, **luck)
        book.note(Event.INFECTION, strategy=strategy, patient=3, time=1.0, grade=1, **luck)
    for patient in (1, 2):
        book.note(Event.INFECTION, strategy=0, patient=patient, time=1.0, grade=1, **luck)
        book.note(Event.AVERTED, strategy=1, patient=patient, time=1.0, grade=1, **luck)
    book.note(Event.IGG_TEST, strategy=1, patient=2, time=2.0, value=300.0)
    book.note(Event.IG_ORDERED, strategy=1, patient=2, time=2.0)
    assert telling_of(book.bind(), 4, 4) == (2, 1, 0, 3)


def test_telling_patients_of_the_base_case_have_an_averted_serious_infection():
    scenario = sim.load(BASE_CASE)
    first = telling_patients(scenario, most=1)[0]
    events = sim.tracing.event_table(scenario, first)
    serious = events[(events["grade"] == "grade_3plus") & events["event"].isin(["averted", "infection"])]
    assert set(serious["event"]) == {"averted", "infection"}
    assert telling_patients(scenario, most=2)[0] == first


def test_the_sample_has_the_luck_of_the_seed_that_is_given():
    scenario = sim.load("scenarios/tutorial.toml")
    own = over_time(scenario, patients=60).ig_use
    assert own.equals(over_time(scenario, patients=60, seed=scenario.analysis.seed).ig_use)
    assert not own.equals(over_time(scenario, patients=60, seed=scenario.analysis.seed + 1).ig_use)
