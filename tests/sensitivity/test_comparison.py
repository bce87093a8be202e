"""Scenarios side by side, and decisions over models with weights, against cases worked by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.errors import UsageError
from sim.runs import run
from sim.scenario import Scenario, from_tables, load
from sim.sensitivity import average, compare
from tests.sensitivity.conftest import GRAMS, SCENARIOS, toy_inmb, toy_tables


def constant(cost: tuple[float, ...], qaly: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Four patients all alike."""
    return {
        "cost": np.repeat(np.array(cost)[:, None], 4, axis=1),
        "qaly": np.repeat(np.array(qaly)[:, None], 4, axis=1),
    }


def test_model_averaging_worked_by_hand() -> None:
    # At 10 per QALY net benefits of a and b are 10 and 4 in model one, 0 and 7 in model two. Weights 0.6 and 0.4 give
    # a 6.0 and b 5.2: a. Knowing the model gives 0.6 x 10 + 0.4 x 7 = 8.8, so it is worth 2.8, which is what a loses
    # in two, 0.4 x 7. Deciding by two, for b, loses 0.6 x 6.
    played = {"one": constant((10, 6), (2, 1)), "two": constant((10, 3), (1, 1))}
    found = average(played, ("a", "b"), [0.6, 0.4], [10.0])
    assert found.strategies["cost"].tolist() == pytest.approx([10, 0.6 * 6 + 0.4 * 3])
    assert found.strategies["qaly"].tolist() == pytest.approx([1.6, 1.0])
    (decision,) = found.decisions.to_dict(orient="records")
    assert (decision["best"], decision["nmb"], decision["evpi"]) == ("a", pytest.approx(6.0), pytest.approx(2.8))
    losses = found.losses.set_index("decided_by")
    assert losses["best"].to_dict() == {"one": "a", "two": "b", "average": "a"}
    assert losses["expected_loss"].to_dict() == pytest.approx({"one": 2.8, "two": 3.6, "average": 2.8})
    assert losses["worst_loss"].to_dict() == pytest.approx({"one": 7.0, "two": 6.0, "average": 7.0})
    assert losses["worst_model"].to_dict() == {"one": "two", "two": "one", "average": "two"}


def test_the_error_of_a_loss_is_that_of_each_patients_own_loss() -> None:
    rng = np.random.default_rng(4)
    dear = {"a": 3.0, "b": 2.0, "c": -1.0}  # what the second strategy costs more
    played = {
        model: {"cost": rng.normal([[0], [more]], 1, (2, 30)), "qaly": rng.normal(0, 1, (2, 30))}
        for model, more in dear.items()
    }
    weights, wtp = [0.2, 0.3, 0.5], 2.0
    found = average(played, ("x", "y"), weights, [wtp])
    benefit = np.array([wtp * each["qaly"] - each["cost"] for each in played.values()])
    best = benefit.mean(axis=-1).argmax(axis=1)
    for model, s in [*zip("abc", best, strict=True), ("average", int((weights @ benefit.mean(axis=-1)).argmax()))]:
        lost = sum(w * (own[b] - own[s]) for w, own, b in zip(weights, benefit, best, strict=True))
        row = found.losses.set_index("decided_by").loc[model]
        assert row["expected_loss"] == pytest.approx(lost.mean())
        assert row["expected_loss_mcse"] == pytest.approx(lost.std(ddof=1) / np.sqrt(30))
    (decision,) = found.decisions.to_dict(orient="records")
    assert (decision["evpi"], decision["evpi_mcse"]) == (row["expected_loss"], row["expected_loss_mcse"])
    assert len(set(found.losses["expected_loss_mcse"])) > 1


def test_knowing_which_model_is_right_is_never_worth_less_than_nothing_nor_more_than_by_any_other_rule() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        played = {m: {"cost": rng.normal(0, 1, (3, 5)), "qaly": rng.normal(0, 1, (3, 5))} for m in "abc"}
        found = average(played, ("x", "y", "z"), [0.2, 0.3, 0.5], [0.0, 1.0])
        losses = found.losses.set_index(["wtp", "decided_by"])["expected_loss"]
        for row in found.decisions.itertuples():
            assert row.evpi >= -1e-12
            assert row.evpi <= losses[row.wtp].min() + 1e-12


def test_certainty_of_one_model_is_that_model(toy: Scenario) -> None:
    dear = from_tables(toy.resolved(), overrides={"immunoglobulin.price_per_gram": 70})
    found = compare({"toy": toy, "dear": dear}, weights=[0, 1], patients=5).averaging
    assert found is not None
    assert found.decisions["evpi"].tolist() == pytest.approx([0, 0])
    assert set(found.decisions["best"]) == {"tested"}


def test_the_toy_and_a_dearer_one_differ_by_grams_times_price(toy: Scenario) -> None:
    dear = from_tables(toy.resolved(), overrides={"immunoglobulin.price_per_gram": 70})
    result = compare({"toy": toy, "dear": dear}, weights=[0.5, 0.5], wtps=[100_000], patients=5)
    cost = result.differences[result.differences["component"] == "cost"].set_index("strategy")
    assert (cost.loc["tested", "mean"], cost.loc["primary", "mean"]) == (0, pytest.approx(GRAMS * 20))
    assert cost.loc["primary", "mcse"] == pytest.approx(0, abs=1e-9)
    assert result.decisions["best"].tolist() == ["primary", "tested"]
    gain, loss = toy_inmb(100_000, price=50), -toy_inmb(100_000, price=70)
    assert result.decisions["margin"].tolist() == pytest.approx([gain, loss])
    assert result.averaging is not None
    # On average the dearer price weighs more, so `tested` is taken, and what it loses at the lower price is the EVPI.
    assert loss > gain
    assert result.averaging.decisions["best"].tolist() == ["tested"]
    assert result.averaging.decisions["evpi"].tolist() == pytest.approx([gain / 2])


def test_incremental_tables_are_those_of_single_runs(tutorial: Scenario) -> None:
    cheap = from_tables(tutorial.resolved(), overrides={"immunoglobulin.price_per_gram": 20})
    result = compare({"tutorial": tutorial, "cheap": cheap}, patients=300, seed=4)
    for name, scenario in (("tutorial", tutorial), ("cheap", cheap)):
        mine = result.incremental[result.incremental["scenario"] == name].reset_index(drop=True)
        alone = run(scenario, patients=300, seed=4).table()
        assert mine["strategy"].tolist() == alone["strategy"].tolist()
        assert mine["status"].tolist() == alone["status"].tolist()
        for column in (
            "cost",
            "cost_mcse",
            "qaly",
            "qaly_mcse",
            "delta_cost",
            "delta_cost_mcse",
            "delta_qaly_mcse",
            "icer",
        ):
            assert mine[column].tolist() == pytest.approx(alone[column].tolist(), rel=1e-9, nan_ok=True), column


def test_a_scenario_against_itself_differs_by_exactly_nothing(tutorial: Scenario) -> None:
    differences = compare({"a": tutorial, "b": tutorial}, patients=100).differences
    assert (differences[["mean", "mcse"]] == 0).all(axis=None)


def test_strategies_are_matched_by_name_not_by_place(tutorial: Scenario) -> None:
    tables = tutorial.resolved()
    tables["analysis"]["strategies"] = ["secondary", "none", "primary"]
    differences = compare({"a": tutorial, "b": from_tables(tables)}, patients=100).differences
    assert (differences["mean"] == 0).all()


def test_shipped_structural_scenarios_compare() -> None:
    names = ("base-case", "structural-alternatives", "marginal-effect")
    scenarios = {name: load(SCENARIOS / f"{name}.toml") for name in names}
    result = compare(scenarios, weights=[0.5, 0.3, 0.2], patients=200)
    assert result.strategies == ("none", "primary", "preemptive", "secondary")
    assert result.incremental.groupby("scenario", sort=False).size().tolist() == [4, 4, 4]
    grams = result.differences[result.differences["component"] == "ig_grams"]
    # One infusion in seven is missed, and a frailer cohort of the marginal reading does not change who is given.
    assert grams[(grams["scenario"] == names[1]) & (grams["strategy"] == "primary")]["mean"].item() < 0


def test_what_cannot_be_compared_is_refused_all_at_once(tutorial: Scenario, toy: Scenario) -> None:
    euro = from_tables(json.loads(json.dumps(toy_tables()).replace("USD", "EUR")))
    with pytest.raises(UsageError) as refused:
        compare({"tutorial": tutorial, "toy": toy, "euro": euro}, weights=[0.5, 0.6, 0.2], patients=5)
    said = str(refused.value)
    assert "toy: found without none, secondary; with tested; must have the strategies of tutorial" in said
    assert "euro: analysis.currency: found EUR; must be USD, the currency of tutorial" in said
    assert "--weights: found 0.5, 0.6, 0.2; must be from 0 and add up to 1" in said
    with pytest.raises(UsageError, match="must be two or more"):
        compare({"tutorial": tutorial}, patients=5)
    with pytest.raises(UsageError, match="must be 2 numbers, one for each"):
        compare({"a": tutorial, "b": tutorial}, weights=[1.0], patients=5)


def test_a_common_selection_of_strategies_is_suggested() -> None:
    scenarios = {name: load(SCENARIOS / f"{name}.toml") for name in ("base-case", "indication-based")}
    with pytest.raises(UsageError) as refused:
        compare(scenarios, patients=5)
    assert """--set 'analysis.strategies=["none", "primary", "preemptive", "secondary"]'""" in str(refused.value)
