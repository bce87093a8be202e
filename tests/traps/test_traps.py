"""Twelve faults that published models and packages have carried, each looked for in this one.

A test is named for its trap and says who fell into it. docs/traps.md lists them.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cea import PsaTable, analyse, ceac, ceaf, evpi
from sim.engines import numpy_engine
from sim.model.discounting import appointments, factor, flow, monthly_rate
from sim.parameters import unread
from sim.psa import psa
from sim.psa.detect import costs_that_do_not_add_up, findings, identical_strategies
from sim.psa.job import own_seed
from sim.runs.detect import Kind
from sim.scenario import from_tables, quantities
from sim.streams import AddressedLuck
from sim.voi import evppi, population_factor


@pytest.fixture(scope="module")
def scenario():
    return sim.load("scenarios/tutorial.toml")


@pytest.fixture(scope="module")
def played(scenario):
    return psa(scenario, draws=60, patients=100, seed=5)


def table(cost, qaly, names=("a", "b", "c")) -> PsaTable:
    cost = np.asarray(cost, dtype=float)
    return PsaTable(names[: cost.shape[1]], np.arange(len(cost)), cost, np.asarray(qaly, dtype=float))


def test_trap_01_acceptability_sums_to_one_where_every_net_benefit_is_negative(played):
    """WARDEN 2.0.2 gives every strategy 0 in a draw whose best net benefit is not above 0."""
    benefit = -played.table.cost
    assert benefit.max() < 0
    found = analyse(played.table, [0.0]).by_wtp_strategy["ceac"]
    assert found.sum() == pytest.approx(1)
    by_hand = [(benefit.argmax(axis=1) == s).mean() for s in range(3)]
    assert found.tolist() == pytest.approx(by_hand)
    curves = played.curves[1]
    assert curves.groupby("wtp")[["ceac", "ceac_corrected"]].sum().to_numpy() == pytest.approx(1)


def test_trap_02_the_frontier_follows_the_highest_mean_not_the_highest_probability():
    """BCEA before 2.4.8 drew the most probable strategy. Here b wins by a little in 3 of 4 draws, a by far in one."""
    skewed = table([[0, 0]] * 4, [[0, 1], [0, 1], [0, 1], [100, 0]])
    found = analyse(skewed, [1.0])
    assert found.by_wtp["optimal"].tolist() == ["a"]
    assert found.by_wtp["ceaf"].tolist() == [0.25]
    most_probable = found.by_wtp_strategy.set_index("strategy")["ceac"].idxmax()
    assert most_probable == "b"
    assert ceaf(skewed, [1.0])[0] == ("a",)


def test_trap_03_ties_have_one_answer_without_a_seed():
    """In dampack near-ties are broken at random: its CEAC and EVPI move with R's seed."""
    rng = np.random.default_rng(1)
    qaly = rng.normal(size=(500, 1)) @ np.ones((1, 3))
    tied = table(np.zeros((500, 3)), qaly)
    answers = []
    for seed in range(3):
        np.random.default_rng(seed).random(10)  # nobody else's luck has a say
        order = np.random.default_rng(seed).permutation(500)
        shuffled = PsaTable(tied.strategies, tied.iterations[order], tied.cost[order], tied.qaly[order])
        answers.append((ceac(shuffled, [1e5]).ravel().tolist(), evpi(shuffled, [1e5]).value.tolist()))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0] == (pytest.approx([1 / 3] * 3), [0.0])


def test_trap_04_the_icer_is_a_ratio_of_means_never_a_mean_of_ratios(played):
    """A published PSA gave 12,006 as the mean of ICERs where the ratio of means was 11,699."""
    for row in played.incremental().dropna(subset=["icer"]).to_dict(orient="records"):
        s, c = played.table.position(row["strategy"]), played.table.position(row["comparator"])
        cost, qaly = (
            played.table.cost[:, s] - played.table.cost[:, c],
            played.table.qaly[:, s] - played.table.qaly[:, c],
        )
        assert row["icer"] == pytest.approx(cost.mean() / qaly.mean(), rel=1e-12)
        told = qaly != 0
        assert abs(np.mean(cost[told] / qaly[told]) / row["icer"] - 1) > 0.005
    by_hand = table([[0, 10], [0, 30]], [[0, 1], [0, 3.5]])
    icer = analyse(by_hand, [0.0]).incremental["icer"].dropna().tolist()
    assert icer == pytest.approx([40 / 4.5])


def test_trap_05_components_add_to_totals_and_arms_are_not_copies(scenario, played):
    """A published PSA set carries one arm's costs twice; vaccine models had items that missed the total."""
    items = sum(played.component(name) for name in played.components if name.startswith("cost:"))
    assert items == pytest.approx(played.component("cost"), rel=1e-9)
    assert costs_that_do_not_add_up(played) == []
    assert identical_strategies(played) == []
    copied = played.mean.copy()
    copied[:, :, 1] = copied[:, :, 0]
    assert [f.kind for f in identical_strategies(dataclasses.replace(played, mean=copied))] == [Kind.IDENTICAL]
    missed = played.mean.copy()
    missed[3, played.components.index("cost:immunoglobulin"), 1] += 1
    assert [f.kind for f in costs_that_do_not_add_up(dataclasses.replace(played, mean=missed))] == [
        Kind.NOT_ADDING_UP
    ]
    run = sim.run(scenario, patients=50, seed=2)
    total = sum(run.outcomes.mean(name) for name in run.outcomes.components if name.startswith("cost:"))
    assert total == pytest.approx(run.outcomes.mean("cost"), rel=1e-9)


def test_trap_06_drawn_parameters_reach_the_model(scenario, played):
    """Six drawn parameters of a teaching model never reach it."""
    assert unread(scenario) == ()
    assert findings(played) == ()
    for path in played.draws.paths:
        assert len(set(played.draws.matrix[:, played.draws.paths.index(path)])) == played.n_draws, path
    base = sim.load("scenarios/base-case.toml").resolved()
    base["analysis"]["strategies"] = ["none", "primary"]
    silent = [f.where for f in findings(psa(from_tables(base), draws=2, patients=20)) if f.kind is Kind.UNUSED]
    assert "regimens.scig.price_per_gram" in silent


@pytest.mark.parametrize("factor_of_time", [0.5, 3.0])
def test_trap_07_a_one_off_cost_is_not_multiplied_by_time_in_state(scenario, factor_of_time):
    """A teaching model charged a one-off cost for as long as the state lasted, some 20,000 dollars an arm."""
    tables = scenario.resolved()
    longer = {
        f"infections.causes.{cause}.duration_days.{grade}": pair[grade]["value"] * factor_of_time
        for cause, entry in tables["infections"]["causes"].items()
        for grade, pair in ((g, entry["duration_days"]) for g in ("grade_1_2", "grade_3plus"))
    }
    one, other = (sim.run(from_tables(tables, overrides=o), patients=200, seed=3).outcomes for o in ({}, longer))
    for component in one.components:
        if component.startswith("cost"):
            assert (one.mean(component) == other.mean(component)).all(), component
    assert (one.mean("qaly") != other.mean("qaly")).all()


def test_trap_08_identical_arms_differ_by_zero_and_a_draw_more_changes_nothing(scenario):
    """WARDEN's arms share no luck (r = 0); one more draw leaves heormodel's with r = 0.90."""
    tables = scenario.resolved()
    tables["strategies"]["copy"] = {**tables["strategies"]["primary"], "label": "Primary again"}
    tables["analysis"]["strategies"] = ["none", "primary", "copy"]
    both = from_tables(tables)
    outcomes = sim.run(both, patients=300, seed=4).outcomes
    names = list(outcomes.strategies)
    for component in outcomes.components:
        assert outcomes.difference(component, names.index("copy"), names.index("primary")) == (0.0, 0.0), component
    few, many = (psa(both, draws=n, patients=40, seed=4) for n in (3, 6))
    assert (few.mean == many.mean[:3]).all()
    assert (few.draws.matrix == many.draws.matrix[:3]).all()
    without = sim.run(scenario, patients=300, seed=4).outcomes
    for name in ("none", "primary"):
        mine, theirs = list(without.strategies).index(name), names.index(name)
        assert without.mean("cost")[mine] == outcomes.mean("cost")[theirs]


def test_trap_09_iterations_share_no_patients_unless_asked(scenario):
    """Seeds of 1007 a simulation and 53 a patient gave two simulations 96 % of their patients in common."""
    seeds = [own_seed(seed, draw) for seed in range(40) for draw in range(250)]
    assert len(set(seeds)) == len(seeds)
    patients, no = np.arange(400), 0
    luck = [set(AddressedLuck(own_seed(1, draw)).stream("frailty")(patients, no)) for draw in range(6)]
    assert all(not a & b for a, b in pairwise(luck))
    fixed = from_tables(scenario.resolved(), overrides=_certain(scenario))
    apart, shared = (psa(fixed, draws=8, patients=30, seed=6, shared_luck=s) for s in (False, True))
    assert np.ptp(shared.component("cost"), axis=0).max() == 0
    assert (np.ptp(apart.component("cost"), axis=0) > 0).all()
    assert np.corrcoef(apart.component("cost")[:-1, 0], apart.component("cost")[1:, 0])[0, 1] < 0.9


def _certain(scenario) -> dict[str, object]:
    """Every uncertain quantity at its value, without a distribution."""
    return {
        path: {"value": q.value, "unit": unit, "source": q.source}
        for path, q, unit in quantities(scenario)
        if q.is_uncertain
    }


def test_trap_10_the_evppi_of_a_set_is_not_below_that_of_its_members():
    """In dampack one parameter was worth 6,189.3 and two 0.07. Where an estimate falls, it must say so."""
    rng = np.random.default_rng(10)
    x = pd.DataFrame(rng.normal(size=(800, 6)), columns=list("abcdef"))
    inb = 6000 * x["a"] + 2000 * x["b"] * x["c"] + rng.normal(0, 4000, 800)
    sets = {"a": ["a"], "ab": ["a", "b"], "abc": ["a", "b", "c"], "all": list("abcdef")}
    found = {each.name: each for each in evppi(np.column_stack([np.zeros(800), inb]), x, sets)}
    for small, large in pairwise(sets):
        fell = found[large].value < found[small].value
        assert not fell or found[large].less_than_member is not None
        assert found[large].value > found[small].value - found[small].standard_error
    assert found["a"].value > 1500


def test_trap_11_the_population_is_continuous_at_a_discount_rate_of_zero():
    """The R package voi 1.0.3 returns 46,000 at 0 where the limit is 460,000."""
    assert population_factor(46_000, 10, 0.0) == 460_000
    assert population_factor(46_000, 10, 1e-9) == pytest.approx(460_000, rel=1e-7)
    assert population_factor(46_000, 10, 0.035) == pytest.approx(46_000 * (1 - 1.035**-10) / np.log(1.035))


@pytest.mark.parametrize("rate", [0.0, 0.015, 0.035, 0.1])
def test_trap_12_discounting_is_one_plus_r_to_the_minus_t(rate):
    """A gallery of models used (1 - r)^t: 0.700 after ten years at 3.5 % in place of 0.709."""
    delta, months = monthly_rate(rate), np.array([0.0, 6.0, 12.0, 120.0])
    assert factor(delta, months) == pytest.approx((1 + rate) ** (-months / 12), rel=1e-12)
    years = np.linspace(0, 10, 200_001)
    values = (1 + rate) ** -years
    integral = float(((values[1:] + values[:-1]) / 2).sum() * (years[1] - years[0]))
    assert float(flow(delta, np.array(0.0), np.array(120.0))) / 12 == pytest.approx(integral, rel=1e-8)
    visits = appointments(delta, np.array([3.0]), 2.0, np.array([5.0]))
    assert visits == pytest.approx(sum((1 + rate) ** (-(3 + 2 * k) / 12) for k in range(5)), rel=1e-12)


# ---------------------------------------------------------------------- further faults of peers that would apply here


def test_costs_and_effects_have_discount_rates_of_their_own(scenario):
    """One rate for both is all that some packages have."""
    tables = scenario.resolved()
    plain, costs, effects = (
        sim.run(from_tables(tables, overrides=o), patients=60, seed=7).outcomes
        for o in (
            {},
            {"analysis.discount_rate_costs_per_year": 0.1},
            {"analysis.discount_rate_effects_per_year": 0.1},
        )
    )
    assert (costs.mean("qaly") == plain.mean("qaly")).all()
    assert (costs.mean("cost") < plain.mean("cost")).all()
    assert (effects.mean("cost") == plain.mean("cost")).all()
    assert (effects.mean("qaly") < plain.mean("qaly")).all()


def test_dominance_is_seen_among_all_strategies_not_against_one_comparator():
    """Pairwise tables show an ICER for a strategy that another dominates."""
    found = analyse(table([[0, 10, 20]], [[0, 2, 1]]), [0.0]).incremental.set_index("strategy")
    assert found.loc["c", "status"] == "dominated"
    assert np.isnan(found.loc["c", "icer"])


def test_a_strategy_that_needs_nothing_spends_nothing_of_the_others_luck(scenario):
    """An event that uses up a shared stream shifts everything after it: here histories of others stay, bit by bit."""
    from sim.build import compile_model

    tables = scenario.resolved()
    alone = compile_model(from_tables(tables, overrides={"analysis.strategies": ["none", "secondary"]}))
    beside = compile_model(scenario)
    luck, patient = AddressedLuck(9), np.arange(200)
    first = [numpy_engine.simulate(model, luck, patient).illnesses.first_grade_3plus[0] for model in (alone, beside)]
    assert np.array_equal(*first)
