"""Exact threshold prices against closed forms, and the refusal of what is not a price."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import UsageError
from sim.runs import run
from sim.scenario import Scenario, from_tables
from sim.sensitivity import best_by_price, price_threshold, price_thresholds, subgroups
from tests.sensitivity.conftest import GRAMS, toy_inmb, toy_tables, toy_threshold

PRICE = "immunoglobulin.price_per_gram"


def test_the_threshold_is_where_inmb_is_zero_for_every_draw_and_wtp() -> None:
    rng = np.random.default_rng(3)
    other, amount, qaly = rng.normal(500, 200, 50), rng.normal(0, 100, 50), rng.normal(0.1, 0.05, 50)
    amount[7] = 0
    wtp = np.array([0.0, 20_000.0, 50_000.0])
    price = price_threshold(other, amount, qaly, wtp)
    assert price.shape == (3, 50)
    inmb = wtp[:, None] * qaly - other - price * amount
    keep = np.arange(50) != 7
    assert np.abs(inmb[:, keep]).max() < 1e-9
    assert np.isnan(price[:, 7]).all()
    assert float(price_threshold(100, 50, 0.1, 10_000)) == 18.0


def test_interval_ends_are_prices_at_which_inmb_is_just_not_told_from_zero(tutorial: Scenario) -> None:
    row = price_thresholds(tutorial, PRICE, wtps=[50_000], patients=300).table.iloc[0]
    for price in (row["ci_low"], row["ci_high"]):
        outcomes = run(from_tables(tutorial.resolved(), overrides={PRICE: price}), patients=300).outcomes
        s, c = (outcomes.strategies.index(row[key]) for key in ("strategy", "comparator"))
        inmb, mcse = outcomes.inmb(50_000, s, c)
        assert abs(inmb) / mcse == pytest.approx(1.959964, rel=1e-6)


def test_an_amount_that_may_be_zero_leaves_the_interval_unbounded(tutorial: Scenario) -> None:
    # Ten patients do not tell whether primary and secondary differ in infections that cost this.
    path = "infections.causes.viral.cost.grade_3plus"
    table = price_thresholds(tutorial, path, wtps=[50_000], patients=10).table
    assert table["ci_low"].isna().any()


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0, 500), st.floats(0, 3)), min_size=2, max_size=5, unique=True)
)
def test_the_best_by_price_is_the_best_at_every_price(drawn: list[tuple[float, float, float]]) -> None:
    cost, amount, qaly = (np.array(part) for part in zip(*drawn, strict=True))
    ranges = best_by_price(cost, amount, qaly, 1000.0)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == np.inf
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(ranges))
    for low, high, best in ranges:
        price = (low + high) / 2 if np.isfinite(high) else 2 * low + 10
        benefit = 1000.0 * qaly - cost - price * amount
        assert benefit[best] >= benefit.max() - 1e-6 * (1 + np.abs(benefit).max())


def test_the_toy_has_the_price_of_the_closed_form(toy: Scenario) -> None:
    result = price_thresholds(toy, PRICE, wtps=[0, 50_000, 100_000], patients=10)
    assert (result.item, result.unit, result.value) == ("immunoglobulin", "USD per gram", 50.0)
    expected = [toy_threshold(wtp) for wtp in (0, 50_000, 100_000)]
    assert result.table["threshold"].tolist() == pytest.approx(expected, rel=1e-12)
    assert set(result.table["worth"]) == {"below"}
    assert result.table["mcse"].max() < 1e-9
    choice = result.choice[result.choice["wtp"] == 0]
    assert choice["best"].tolist() == ["primary", "tested"]
    assert choice["price_high"].iloc[0] == pytest.approx(expected[0], rel=1e-12)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("immunoglobulin.administration_cost", 300 + toy_inmb(50_000) / 14),
        ("igg.test_cost", 2000 - toy_inmb(50_000) / 12),
    ],
)
def test_any_price_of_one_cost_item_will_do(toy: Scenario, path: str, expected: float) -> None:
    table = price_thresholds(toy, path, wtps=[50_000], patients=10).table
    assert table["threshold"].item() == pytest.approx(expected, rel=1e-10)


def test_a_price_of_nothing_has_a_threshold_too() -> None:
    tables = toy_tables()
    tables["immunoglobulin"]["price_per_gram"] = 0
    table = price_thresholds(from_tables(tables), PRICE, wtps=[50_000], patients=10).table
    assert table["threshold"].item() == pytest.approx(toy_threshold(50_000), rel=1e-12)


def test_one_of_several_prices_of_an_item_is_a_straight_line_with_a_start(tutorial: Scenario) -> None:
    path = "infections.causes.bacterial.cost.grade_3plus"
    result = price_thresholds(tutorial, path, wtps=[50_000], patients=300)
    assert result.item == "infections_grade_3plus"
    row = result.table.iloc[0]
    at = from_tables(tutorial.resolved(), overrides={path: row["threshold"]})
    outcomes = run(at, patients=300).outcomes
    s, c = (outcomes.strategies.index(row[key]) for key in ("strategy", "comparator"))
    assert outcomes.inmb(50_000, s, c)[0] == pytest.approx(0, abs=1e-6)
    assert row["worth"] == "above"  # dearer infections speak for preventing them


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("immunoglobulin.hr.grade_3plus", "also moves qaly"),
        ("immunoglobulin.dose_g_per_kg", "also moves ig_grams"),
        ("analysis.discount_rate_costs_per_year", "not one cost item"),
        ("agents.teclistamab.drug_cost_per_month", "moves no cost"),
        ("immunoglobulin.price", "is not a quantity"),
    ],
)
def test_what_is_no_price_is_refused_with_the_reason(tutorial: Scenario, path: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        price_thresholds(tutorial, path, patients=300)


def test_subgroups_are_the_same_patients_apart(tutorial: Scenario) -> None:
    groups = subgroups(tutorial, ["frailty>=1", "frailty<1"], 600, tutorial.analysis.seed)
    result = price_thresholds(tutorial, PRICE, wtps=[50_000], subgroups=groups, patients=600).table
    assert result.groupby("subgroup")["patients"].first().sum() == 600
    one = result[(result["strategy"] == "primary") & (result["comparator"] == "none")].set_index("subgroup")
    # Those infected more gain more from the same grams.
    assert one.loc["frailty>=1", "threshold"] > one.loc["frailty<1", "threshold"]


def test_subgroups_by_flag_agent_and_serostatus(base_case: Scenario) -> None:
    groups = subgroups(base_case, ["cmv=yes", "cmv=no", "agent=elranatamab", "responder=no"], 4000, 1)
    assert (groups["cmv=yes"] ^ groups["cmv=no"]).all()
    # Shares 0.65, 0.35 and 0.37 of 4000: three standard errors are 0.023.
    for name, share in (("cmv=yes", 0.65), ("agent=elranatamab", 0.35), ("responder=no", 0.37)):
        assert groups[name].mean() == pytest.approx(share, abs=0.023)


@pytest.mark.parametrize(
    "condition", ["igg", "igg_mg_dl<low", "agent=nobody", "cmv=maybe", "frailty=1", "weight_kg>900"]
)
def test_a_subgroup_that_cannot_be_meant_is_refused(base_case: Scenario, condition: str) -> None:
    with pytest.raises(UsageError, match="no such subgroup"):
        subgroups(base_case, [condition], 50, 1)


def test_grams_of_the_toy_are_what_the_price_multiplies(toy: Scenario) -> None:
    cheap, dear = (price_thresholds(toy, PRICE, wtps=[w], patients=5).table["threshold"].item() for w in (0, 1e5))
    # Δthreshold over Δwtp is ΔQALY over grams.
    assert (dear - cheap) / 1e5 == pytest.approx(-14 * 0.02 / 365.25 / GRAMS, rel=1e-9)


@pytest.mark.slow
def test_fieller_intervals_hold_the_truth_as_often_as_they_say(tutorial: Scenario) -> None:
    # Truth: the threshold of 200,000 patients, whose own error is a tenth of that of 2,000. 60 seeds; a 95 % interval
    # that holds the truth in fewer than 52 has probability 0.01 under nominal coverage; one of 80 % would fail with
    # probability 0.9. Negative control: intervals half as wide must miss more often.
    truth = price_thresholds(tutorial, PRICE, wtps=[100_000], patients=200_000, seed=1).table
    pair = (truth["strategy"] == "primary") & (truth["comparator"] == "none")
    value = truth.loc[pair, "threshold"].item()
    held = half = 0
    for seed in range(200, 260):
        row = price_thresholds(tutorial, PRICE, wtps=[100_000], patients=2000, seed=seed).table.loc[pair].iloc[0]
        held += row["ci_low"] < value < row["ci_high"]
        half += abs(row["threshold"] - value) < (row["ci_high"] - row["ci_low"]) / 4
    assert held >= 52
    assert half < 52
