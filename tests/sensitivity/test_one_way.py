"""The tornado against closed forms, and what it says of ends that cannot be played."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import UsageError
from sim.runs import run
from sim.scenario import Scenario, from_tables
from sim.sensitivity import tornado
from tests.sensitivity.conftest import DECREMENT, GRAMS, INFUSIONS, TESTS, toy_inmb, toy_tables

PRICE = "immunoglobulin.price_per_gram"


def test_swings_of_the_toy_are_those_of_the_closed_form(toy: Scenario) -> None:
    result = tornado(toy, patients=20, wtp=100_000)
    assert result.outcome.words("USD") == (
        "Incremental net monetary benefit of primary against tested at 100,000 USD per QALY"
    )
    assert result.base == pytest.approx(toy_inmb(100_000), rel=1e-9)
    swing = {row.path: row.swing for row in result.table.itertuples()}
    expected = {
        PRICE: -GRAMS * 30,
        "igg.test_cost": TESTS * 150,
        "immunoglobulin.administration_cost": -INFUSIONS * 150,
        "immunoglobulin.infusion_utility_decrement": -100_000 * INFUSIONS * 0.05 / 365.25,
        "immunoglobulin.hr.grade_3plus": 0.0,  # nobody is infected
    }
    for path, value in expected.items():
        assert swing[path] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert list(result.table["path"])[:4] == sorted(list(expected)[:4], key=lambda path: -abs(expected[path]))
    # Every patient is the same, so there is no Monte Carlo error at all.
    assert (result.table["swing_mcse"] < 1e-9).all()


def test_a_turned_decision_is_named_with_its_lead(toy: Scenario) -> None:
    table = tornado(toy, patients=20, wtp=100_000).table.set_index("path")
    price = table.loc[PRICE]
    assert toy_inmb(100_000, price=40) > 0 > toy_inmb(100_000, price=70)
    assert (price["best_low"], price["best_high"], bool(price["changes_decision"])) == ("primary", "tested", True)
    assert price["lead_low"] == pytest.approx(0)
    assert price["lead_high"] == pytest.approx(-toy_inmb(100_000, price=70))
    assert not table.loc["immunoglobulin.hr.grade_3plus", "changes_decision"]


def test_outcome_at_an_end_is_that_of_a_run_with_that_value(tutorial: Scenario) -> None:
    result = tornado(tutorial, patients=300, seed=7, paths=["immunoglobulin.hr.grade_3plus"], strategy="primary")
    tables = from_tables(tutorial.resolved(), overrides={"immunoglobulin.hr.grade_3plus": 0.8})
    outcomes = run(tables, patients=300, seed=7).outcomes
    s, c = (outcomes.strategies.index(name) for name in ("primary", "none"))
    mean, mcse = outcomes.inmb(50_000, s, c)
    (row,) = result.table.to_dict(orient="records")
    assert row["outcome_high"] == pytest.approx(mean, rel=1e-9)
    assert row["outcome_high_mcse"] == pytest.approx(mcse, rel=1e-9)
    assert row["swing"] == pytest.approx(row["outcome_high"] - row["outcome_low"], rel=1e-9)


def test_common_luck_makes_the_swing_surer_than_its_ends(tutorial: Scenario) -> None:
    result = tornado(tutorial, patients=500, paths=["infections.causes.bacterial.cost.grade_3plus"])
    row = result.table.iloc[0]
    assert row["swing_mcse"] < 0.6 * np.hypot(row["outcome_low_mcse"], row["outcome_high_mcse"])


@pytest.mark.parametrize(
    ("outcome", "strategy", "comparator", "expected"),
    [
        ("ig_grams", "primary", None, GRAMS),
        ("cost", "primary", "tested", -toy_inmb(0)),
        ("nmb", "tested", None, 50_000 * 0.75 - TESTS * 2000 - 6 * 3000),
        ("qaly", "primary", "tested", -INFUSIONS * DECREMENT / 365.25),
    ],
)
def test_any_outcome_can_be_looked_at(
    toy: Scenario, outcome: str, strategy: str, comparator: str | None, expected: float
) -> None:
    result = tornado(toy, outcome=outcome, strategy=strategy, comparator=comparator, patients=5, paths=[PRICE])
    assert result.base == pytest.approx(expected, rel=1e-9)


def test_an_end_that_cannot_be_meant_is_said_and_the_others_are_played() -> None:
    tables = toy_tables()
    tables["agents"]["teclistamab"]["crs"] = {"grade_1_2": {"value": 0.7, "range": [0.5, 0.95]}, "grade_3plus": 0.1}
    zero = {"grade_1_2": 0, "grade_3plus": 0}
    tables["crs"] = {"cost": zero, "utility_decrement": zero, "duration_days": zero, "hospital_days": zero}
    table = tornado(from_tables(tables), patients=5).table
    bad = table[table["path"] == "agents.teclistamab.crs.grade_1_2"].iloc[0]
    assert "high end not possible" in bad["note"]
    assert "must add up to 1 at most" in bad["note"]
    assert np.isnan(bad["swing"])
    assert np.isfinite(bad["outcome_low"])
    assert table.loc[table["path"] != bad["path"], "swing"].notna().all()
    assert table.iloc[0]["path"] == bad["path"]  # never lost at the bottom of the table


def test_shares_move_together() -> None:
    tables = toy_tables()
    other = {**tables["agents"]["teclistamab"], "label": "Other", "step_up": []}
    tables["agents"]["other"] = other
    tables["patients"]["agents"] = {"teclistamab": {"value": 0.5, "range": [0, 1]}, "other": 0.5}
    path = "patients.agents.teclistamab"
    result = tornado(from_tables(tables), outcome="cost", strategy="tested", patients=50, paths=[path])
    row = result.table.iloc[0]
    # Six days of step-up stay at 3,000 for teclistamab and none for the other.
    assert (row["outcome_low"], row["outcome_high"]) == pytest.approx((TESTS * 2000, TESTS * 2000 + 18_000))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "qalys"}, "did you mean qaly?"),
        ({"strategy": "nobody"}, "must be one of tested, primary"),
        ({"strategy": "primary", "comparator": "primary"}, "must differ from --strategy"),
        ({"outcome": "nmb", "comparator": "tested"}, "the difference is inmb"),
        ({"paths": ["immunoglobulin.dose_g_per_kg"]}, "is not an uncertain quantity"),
        ({"patients": 1}, "must be from 2"),
        ({"seed": -1}, "must be from 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(toy: Scenario, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tornado(toy, **{"patients": 5, **changes})  # type: ignore[arg-type]
