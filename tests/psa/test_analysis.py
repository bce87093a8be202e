"""What follows from the draws: suspicious inputs, prices, subgroups, and tables for other tools."""

from __future__ import annotations

import dataclasses
import io
import math
import re

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cea import PsaTable, analyse, fieller
from sim.parameters import DrawTable
from sim.psa import Settings, play, prepare, psa, report_of
from sim.psa.analysis import correlations_with_inmb, population, value_of_parameters
from sim.psa.detect import costs_that_do_not_add_up, findings, identical_strategies
from sim.psa.evidence import evidence_of
from sim.psa.exports import export_tables, names_for_r, r_script
from sim.psa.precision import MeanSquares
from sim.psa.prices import IG_PRICE, drawn, price_of_immunoglobulin
from sim.psa.subgroups import COLUMNS, deciding_apart
from sim.runs.detect import Kind
from sim.scenario import from_tables
from sim.sensitivity import price_thresholds, subgroups
from sim.work import run_batches


@pytest.fixture(scope="module")
def base():
    return sim.load("scenarios/base-case.toml")


@pytest.fixture(scope="module")
def few(base):
    """Enough draws of the base case to see that everything is there."""
    return psa(base, draws=6, patients=150, seed=2)


# ---------------------------------------------------------------------- silent inputs


def test_a_sound_analysis_of_a_small_scenario_raises_no_suspicion(played):
    assert findings(played) == ()


def test_what_belongs_to_an_agent_nobody_has_is_told_apart(few):
    found = {finding.where: finding for finding in findings(few)}
    talquetamab = found["agents.talquetamab.stop_rate_per_month"]
    assert (talquetamab.kind, talquetamab.explanation) == (Kind.UNUSED, "no patient has talquetamab")
    assert found["infections.causes.cmv.rate_per_month.GPRC5D.grade_3plus"].kind is Kind.UNUSED
    assert found["regimens.scig.price_per_gram"].explanation == "no strategy compared gives scig"
    assert found["tocilizumab.cost"].kind is Kind.UNUSED
    assert "immunoglobulin.hr.grade_3plus" not in found
    assert "patients.agents.linvoseltamab" not in found
    assert not any(finding.kind is Kind.UNREAD for finding in found.values())


def test_a_parameter_that_something_else_switches_off_moves_nothing(tutorial):
    """Grade 1-2 infections cost nothing when they never happen: read by the model, without effect."""
    path = "infections.causes.viral.cost.grade_1_2"
    tables = tutorial.resolved()
    off = {f"infections.causes.viral.rate_per_month.{t}.grade_1_2": 0.0 for t in tutorial.targets}
    uncertain = {
        path: {"value": 100.0, "unit": tables["analysis"]["currency"] + " per infection", "dist": "gamma", "se": 30.0}
    }
    result = psa(from_tables(tables, overrides={**off, **uncertain}), draws=4, patients=50)
    assert [(f.kind, f.where) for f in findings(result) if f.where == path] == [(Kind.FLAT, path)]
    on = psa(from_tables(tables, overrides=uncertain), draws=4, patients=50)
    assert path not in {finding.where for finding in findings(on)}


def test_identical_strategies_are_named(tutorial, played):
    assert identical_strategies(played) == []
    tables = tutorial.resolved()
    tables["strategies"]["copy"] = {**tables["strategies"]["primary"], "label": "Primary by another name"}
    tables["analysis"]["strategies"] = ["none", "primary", "copy"]
    (found,) = identical_strategies(psa(from_tables(tables), draws=3, patients=50))
    assert found.where == "primary and copy"


def test_costs_that_do_not_add_up_are_named_with_what_is_missing(played):
    assert costs_that_do_not_add_up(played) == []
    mean = played.mean.copy()
    mean[4, played.components.index("cost:igg_tests"), 1] += 12.5
    (found,) = costs_that_do_not_add_up(dataclasses.replace(played, mean=mean))
    assert found.where == played.strategies[1]
    assert "12.50 in draw 5" in found.explanation


# ---------------------------------------------------------------------- price


def test_threshold_price_at_fixed_parameters_is_the_exact_one(tutorial):
    """Draws that only change the price: every draw and the mean give the price that one run gives exactly."""
    table = DrawTable(
        ("immunoglobulin.price_per_gram",), ("USD per gram",), np.array([[20.0], [80.0], [140.0]]), {}, {}
    )
    job = dataclasses.replace(prepare(tutorial, Settings(draws=3, patients=300, seed=4)), draws=table)
    prices = price_of_immunoglobulin(play(job, run_batches))
    exact = price_thresholds(tutorial, "immunoglobulin.price_per_gram", patients=300, seed=4).table
    assert len(prices) > 0
    everyone = prices[(prices["subgroup"] == "all") & prices["wtp"].isin(exact["wtp"])]
    assert len(everyone) == len(exact[exact["worth"] != "never"])
    for row in everyone.to_dict(orient="records"):
        pair = exact[
            (exact["strategy"] == row["strategy"])
            & (exact["comparator"] == row["comparator"])
            & (exact["wtp"] == row["wtp"])
        ]
        truth = pair.iloc[0]
        assert row["price"] == pytest.approx(truth["threshold"], rel=1e-9)
        assert (row["low"], row["high"]) == pytest.approx((truth["threshold"], truth["threshold"]), rel=1e-9)
        assert (row["worth"], row["draws"]) == (truth["worth"], 3)
        assert row["mcse"] == pytest.approx(truth["mcse"], rel=0.6)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((truth["ci_low"], truth["ci_high"]), rel=0.6)


def test_a_quantity_that_is_not_drawn_has_its_fixed_value_in_every_draw(few):
    uncertain, fixed = "immunoglobulin.price_per_gram", "immunoglobulin.interval_days"
    assert uncertain in few.draws.paths
    assert drawn(few, uncertain) == pytest.approx(few.draws.matrix[:, few.draws.paths.index(uncertain)])
    assert fixed not in few.draws.paths
    assert drawn(few, fixed).tolist() == [few.scenario.immunoglobulin.interval_days.value] * few.n_draws
    assert drawn(few, "immunoglobulin.colour") is None


def test_price_at_the_threshold_makes_the_inmb_nought(played):
    row = price_of_immunoglobulin(played).iloc[0]
    s, c = played.table.position(row["strategy"]), played.table.position(row["comparator"])
    drawn = played.draws.frame()
    price = drawn["immunoglobulin.price_per_gram"].to_numpy() if "immunoglobulin.price_per_gram" in drawn else 100.0
    item = played.component("cost:immunoglobulin")
    grams = item / np.reshape(price, (-1, 1))
    cost = played.table.cost - item + row["price"] * grams
    benefit = (row["wtp"] * played.table.qaly - cost).mean(axis=0)
    assert benefit[s] == pytest.approx(benefit[c], rel=1e-9)


def test_errors_of_a_price_are_those_of_its_numerator_and_denominator(played):
    """Delta method and Fieller from the mean squares of the two sums themselves, group by group."""
    price = drawn(played, IG_PRICE)[:, None]
    table, n = price_of_immunoglobulin(played), played.n_draws * played.n_patients
    own = table[(table["subgroup"] == "all") & (table["wtp"] == 50_000)]
    assert len(own) == 3
    for row in own.to_dict(orient="records"):
        s, c = (played.strategies.index(row[name]) for name in ("strategy", "comparator"))
        cost, qaly, item = (played.groups[:, :, k, s] - played.groups[:, :, k, c] for k in range(3))
        amount = (played.groups[:, :, 2, s] - played.groups[:, :, 2, c]) / price
        top = 50_000 * qaly - (cost - item)
        both = np.stack([top, amount, top - row["price"] * amount], axis=-1)
        squares = MeanSquares.of(both, played.sizes)
        covariance = (squares.draws + squares.patients - squares.own) / n
        top, bottom, _ = np.einsum("igk,g->k", both, played.sizes) / n
        assert row["price"] == pytest.approx(top / bottom, rel=1e-9)
        assert row["mcse"] == pytest.approx(math.sqrt(covariance[2, 2]) / abs(bottom), rel=1e-4)
        limits = fieller(
            top,
            bottom,
            variance_numerator=covariance[0, 0],
            variance_denominator=covariance[1, 1],
            covariance=covariance[0, 1],
        )
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((limits.low, limits.high), rel=1e-4)


def test_prices_of_a_subgroup_are_those_of_playing_its_members_alone(tutorial):
    """At fixed parameters, against the exact price from the members' own costs by item."""
    tables = tutorial.resolved()
    tables["subgroups"] = {"low": {"label": "low IgG", "patients": "igg_mg_dl<400"}}
    scenario = from_tables(tables)
    table = DrawTable(("immunoglobulin.price_per_gram",), ("USD per gram",), np.array([[20.0], [80.0]]), {}, {})
    job = dataclasses.replace(prepare(scenario, Settings(draws=2, patients=400, seed=4)), draws=table)
    found = price_of_immunoglobulin(play(job, run_batches))
    members = subgroups(scenario, ["igg_mg_dl<400"], 400, 4)
    exact = price_thresholds(scenario, IG_PRICE, subgroups=members, patients=400, seed=4).table
    own = found[(found["subgroup"] == "low") & found["wtp"].isin(exact["wtp"])]
    assert len(own) > 0
    whole = found[found["subgroup"] == "all"].set_index(["wtp", "strategy", "comparator"])["price"]
    for row in own.to_dict(orient="records"):
        key = [row[name] for name in ("wtp", "strategy", "comparator")]
        truth = exact[(exact[["wtp", "strategy", "comparator"]] == key).all(axis=1)].iloc[0]
        assert row["price"] == pytest.approx(truth["threshold"], rel=1e-9)
        assert row["price"] != pytest.approx(whole[tuple(key)], rel=1e-6)


def test_quantiles_and_means_by_hand(few):
    """Two strategies, three draws: worth 20,000 x 0.1 - 500 more over 10, 20 and 30 grams of any drawn price."""
    price = 40.0
    draws = DrawTable((IG_PRICE,), ("USD per gram",), np.full((3, 1), price), {}, {})
    groups = np.zeros((3, len(few.sizes), 3, len(few.strategies)))
    s = few.strategies.index(next(name for name in few.strategies if name != few.strategies[0]))
    grams = np.array([10.0, 20.0, 30.0])[:, None]
    groups[:, :, 1, s], groups[:, :, 2, s], groups[:, :, 0, s] = 0.1, price * grams, 500 + price * grams
    mean = np.zeros((3, few.mean.shape[1], len(few.strategies)))
    mean[:, few.components.index("cost")] = groups[:, 0, 0]
    mean[:, few.components.index("qaly")] = groups[:, 0, 1]
    flat = dataclasses.replace(few, draws=draws, groups=groups, mean=mean, subgroups=few.subgroups[:3] * 0)
    found = price_of_immunoglobulin(flat).query("subgroup == 'all' and wtp == 100000")
    row = found[(found["strategy"] == few.strategies[s])].iloc[0]
    own = (1e5 * 0.1 - 500) / grams[:, 0]
    assert row["price"] == pytest.approx((1e5 * 0.1 - 500) / 20)
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.percentile(own, [2.5, 97.5])))
    assert (row["draws"], row["worth"]) == (3, "below")


def test_a_regimen_with_a_price_of_its_own_is_not_moved_by_this_one():
    """The subcutaneous product has its price: with the intravenous one at any price, its costs stay."""
    tables = sim.load("scenarios/base-case.toml").resolved()
    tables["strategies"]["primary"]["regimen"] = "scig"
    scenario = from_tables(tables)
    table = DrawTable((IG_PRICE,), ("USD per gram",), np.array([[60.0], [90.0]]), {}, {})
    job = dataclasses.replace(prepare(scenario, Settings(draws=2, patients=300, seed=4)), draws=table)
    found = price_of_immunoglobulin(play(job, run_batches)).query("subgroup == 'all'")
    exact = price_thresholds(scenario, IG_PRICE, patients=300, seed=4).table.set_index(
        ["wtp", "strategy", "comparator"]
    )
    known = 0
    for row in found.to_dict(orient="records"):
        one = (row["wtp"], row["strategy"], row["comparator"])
        if one in exact.index:
            assert row["price"] == pytest.approx(exact.loc[one, "threshold"], rel=1e-9)
            known += 1
    assert known >= 3


# ---------------------------------------------------------------------- subgroups


def test_a_subgroup_and_the_others_make_everybody(few):
    """Contributions of members and of the rest add up, by group of patients and in all."""
    names = list(few.scenario.subgroups)
    share = np.einsum("igk,g->ik", few.subgroups[..., -1], few.sizes) / 150
    assert ((share > 0) & (share < 1)).all()
    k = names.index("igg_myeloma")
    assert abs(share[:, k].mean() - 0.55) < 4 * np.sqrt(0.55 * 0.45 / 150)
    tables = few.scenario.resolved()
    tables["subgroups"]["others"] = {"label": "the rest", "patients": "m_protein_mg_dl<=0"}
    negative = from_tables(tables)
    both = psa(negative, draws=3, patients=150, seed=2)
    a, b = (both.subgroups[:, :, list(negative.subgroups).index(name)] for name in ("igg_myeloma", "others"))
    everybody = both.groups.reshape(3, len(both.sizes), -1)
    assert (a + b)[..., :-1] == pytest.approx(everybody)
    assert (a + b)[..., -1] == pytest.approx(np.ones((3, len(both.sizes))))


def test_deciding_apart_is_worth_nothing_where_all_decide_alike(few):
    table = deciding_apart(few)
    assert set(table["subgroup"]) == set(few.scenario.subgroups)
    alike = table["best"] == table["best_for_others"]
    assert (table.loc[alike, "value_of_deciding_apart"] == 0).all()


def test_deciding_apart_by_hand(few):
    """Members gain 10 per QALY-free patient from the second strategy, the others lose 14: worth 10 x share.

    Everybody costs 30 whatever is done, so that means of the members and of the others are not nought.
    """
    groups, inside = np.zeros_like(few.groups), np.zeros_like(few.subgroups)
    inside[..., -1] = 0.25
    inside[:, :, :, 1] = -10 * 0.25
    groups[:, :, 0, 1] = -10 * 0.25 + 14 * 0.75
    groups[:, :, 0] += 30
    inside[..., : len(few.strategies)] += 30 * 0.25
    flat = dataclasses.replace(few, groups=groups, subgroups=inside)
    table = deciding_apart(flat)
    assert tuple(table.columns) == COLUMNS
    assert list(dict.fromkeys(table["wtp"])) == list(few.wtp)
    row = table.iloc[0]
    assert (row["share"], row["best"], row["best_for_others"]) == (0.25, few.strategies[1], few.strategies[0])
    assert row["value_of_deciding_apart"] == pytest.approx(2.5)
    assert row["gain"] == pytest.approx(10.0)
    assert row["mcse"] == pytest.approx(0.0, abs=1e-9)


def test_the_error_of_deciding_apart_is_that_of_leaving_out_one_group_at_a_time(few):
    """Groups of patients in which the members gain more or less; everybody else loses the same."""
    n, rng = len(few.strategies), np.random.default_rng(3)
    gain, share = 10 + rng.normal(0, 2, len(few.sizes)), 0.25
    groups, inside = np.zeros_like(few.groups), np.zeros_like(few.subgroups)
    inside[..., -1], groups[:, :, 0], inside[..., :n] = share, 30, 30 * share
    inside[:, :, :, 1] -= share * gain[None, :, None]
    groups[:, :, 0, 1] += -share * gain + 14 * (1 - share)
    row = deciding_apart(dataclasses.replace(few, groups=groups, subgroups=inside)).iloc[0]
    without = [share * np.average(np.delete(gain, g), weights=np.delete(few.sizes, g)) for g in range(len(gain))]
    assert row["value_of_deciding_apart"] == pytest.approx(share * np.average(gain, weights=few.sizes))
    assert row["mcse"] == pytest.approx(math.sqrt((len(gain) - 1) * np.var(without)))
    assert row["mcse"] > 0.05


# ---------------------------------------------------------------------- value of information


def test_a_trial_of_a_strategy_that_is_not_compared_is_left_out(base):
    tables = base.resolved()
    tables["analysis"]["strategies"] = ["none", "primary"]
    result = psa(from_tables(tables), draws=2, patients=20)
    assert result.events.shape == (2, 0, 2)
    assert evidence_of(result).trials == {}
    assert list(evidence_of(psa(base, draws=2, patients=20)).trials) == ["trial"]


def test_value_of_information_is_there_with_its_groups(played):
    report = report_of(played)
    assert set(report.evppi["wtp"]) == set(played.wtp)
    singles = report.evppi[report.evppi["kind"] == "parameter"]
    assert set(singles["name"]) == set(played.draws.paths)
    assert (report.evppi["evppi"] >= 0).all()
    assert set(report.correlations["parameter"]) == set(played.draws.paths)


def test_too_few_draws_for_a_regression_give_empty_tables(few):
    assert value_of_parameters(few).empty
    assert correlations_with_inmb(few).empty


def test_population_comes_from_the_scenario(few, played):
    """4,000 a year for ten years, discounted continuously at ln 1.03: 4,000 (1 - 1.03^-10) / ln 1.03."""
    assert population(few) == pytest.approx(4000 * (1 - 1.03**-10) / np.log(1.03))
    assert population(played) is None


# ---------------------------------------------------------------------- other tools


def r_reads(text):
    """A CSV as R's read.csv takes it: names that are no valid R names would be changed, so none may be."""
    frame = pd.read_csv(io.StringIO(text))
    for name in frame.columns:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9._]*", name), name
    return frame


def test_exports_come_back_as_they_were(played):
    """SAVI, BCEA, dampack and voi read the same three tables; read back they give the same decision."""
    tables = {name: r_reads(frame.to_csv(index=False)) for name, frame in export_tables(played).items()}
    assert {name: len(table) for name, table in tables.items()} == dict.fromkeys(
        ("costs", "effects", "parameters"), 60
    )
    assert list(tables["costs"]) == list(tables["effects"])
    back = PsaTable(tuple(tables["costs"]), np.arange(60), tables["costs"].to_numpy(), tables["effects"].to_numpy())
    wtp = list(played.wtp)
    assert analyse(back, wtp).by_wtp["evpi"].tolist() == analyse(played.table, wtp).by_wtp["evpi"].tolist()
    assert (tables["parameters"].std() > 0).all()
    assert tables["parameters"].shape[1] == len(played.draws.paths)


def test_a_constant_parameter_is_left_out_of_the_export(played):
    matrix = played.draws.matrix.copy()
    matrix[:, 0] = 1.0
    frozen = dataclasses.replace(played, draws=dataclasses.replace(played.draws, matrix=matrix))
    assert export_tables(frozen)["parameters"].shape[1] == len(played.draws.paths) - 1


def test_names_are_valid_and_unique_in_r():
    given = ["a.b", "a-b", "a b", "1st", "if", "β", "a_b", "TRUE"]
    made = names_for_r(given)
    assert made[:4] == ["a.b", "a_b", "a_b_2", "x_1st"]
    assert len({*made}) == len(given)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9._]*", name) for name in made)


def test_the_script_names_files_reference_and_currency(played):
    script = r_script(played)
    for name in export_tables(played):
        assert f'"export_{name}.csv"' in script
    assert f"ref = {played.strategies.index(played.reference) + 1}" in script
