"""Tornado, two-way map, correlations, common luck, distributions, convergence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.errors import TableError, UsageError
from sim.figures import distributions, sensitivity, value
from sim.figures.style import LONGEST_LABEL, Z_95, Input, Look
from sim.figures.tornado import tornado
from tests.figures import examples
from tests.figures.examples import LOOK, draws


def test_tornado_bars_run_from_the_base_to_each_outcome_widest_on_top():
    table = examples.tornado()
    figure = tornado(table, LOOK, outcome="INMB")
    low, high = figure.data
    assert low.y[-1] == "immunoglobulin.dose_g_per_kg"
    ordered = table.set_index("path").loc[[name.replace("<br>", "") for name in low.y]]
    np.testing.assert_allclose(low.base + low.x, ordered["outcome_low"])
    np.testing.assert_allclose(high.base + high.x, ordered["outcome_high"])
    assert list(low.text) == [f"{value:.4g}" for value in ordered["low"]]
    assert figure.layout.xaxis.title.text == "INMB (USD)"
    assert figure.layout.xaxis.range[0] < -39_000 < 4_000 < figure.layout.xaxis.range[1]


def test_inputs_stand_in_words_with_their_unit_and_paths_in_the_hover_text():
    price, effect = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
    inputs = {price: Input("Price", "USD per gram", 100.0), effect: Input("Hazard <b>ratio</b> %{x}", "", 0.38)}
    look = replace(LOOK, inputs=inputs)
    bars = tornado(examples.tornado(), look, outcome="INMB").data[0]
    rows = dict(zip(bars.customdata[:, 4], bars.y, strict=True))
    assert rows[price] == "Price (USD per gram)"
    assert rows[effect] == "Hazard &lt;b&gt;ratio&lt;/b&gt; %&#123;x}", "letter by letter"
    assert rows["utilities.on_treatment"] == "utilities.on_treatment", "what has no words keeps its path"
    assert len(set(bars.y)) == len(examples.tornado())
    strengths = sensitivity.correlations(examples.correlations(), look, strategy="primary").data[0]
    assert "Price" in strengths.y
    assert price in strengths.customdata
    known = value.evppi(examples.evppi(), look).data[0]
    assert {"Price", "infection rates"} <= set(known.y)


def test_inputs_of_one_name_do_not_share_a_row():
    alike = {path: Input("The same", "", 1.0) for path in examples.tornado()["path"]}
    bars = tornado(examples.tornado(), replace(LOOK, inputs=alike), outcome="INMB").data[0]
    assert len(set(bars.y)) == len(alike)
    assert "The same [utilities.on_treatment]" in {row.replace("<br>", " ") for row in bars.y}


def test_a_long_label_is_cut_in_figures_and_two_alike_stay_apart():
    head = "Immunoglobulin on the indication of the national guideline, "
    look = Look("USD", ("a", "b", "c"), {"a": head + "with low IgG", "b": head + "with low IgA", "c": "short"})
    assert (look.label("c"), look.tick("c")) == ("short", "short")
    assert look.tick("a") != look.tick("b")
    assert look.tick("a").endswith("[a]")
    assert len(look.label("a")) <= LONGEST_LABEL + len(" [a]")


def test_tornado_pales_what_is_within_noise_and_sets_what_changes_the_decision_in_bold():
    table = examples.tornado().assign(changes_decision=lambda t: t["path"].str.endswith("dose_g_per_kg"))
    low = tornado(table, LOOK, outcome="INMB").data[0]
    noisy = dict(zip(low.y, low.marker.opacity, strict=True))
    assert noisy["laboratory.transfusion_delay_days"] == 0.3
    assert noisy["<b>immunoglobulin.dose_g_per_kg</b>"] == 1


def test_tornado_leaves_out_an_end_that_cannot_be_played_and_counts_what_it_does_not_show():
    table = examples.tornado()
    table.loc[0, "outcome_low"] = np.nan
    figure = tornado(table, LOOK, outcome="life-years", unit="years", base=-27_000, most=3)
    assert "4 smaller ones are not shown" in figure.layout.title.subtitle.text.replace("<br>", " ")
    assert figure.layout.xaxis.title.text == "life-years (years)"
    with pytest.raises(TableError, match="outcome at the base values"):
        tornado(table.drop(columns="outcome_base"), LOOK, outcome="INMB")


def test_tornado_of_inputs_that_move_nothing_can_be_drawn():
    table = examples.tornado().assign(outcome_low=5.0, outcome_high=5.0, outcome_base=5.0)
    figure = tornado(table, LOOK, outcome="INMB")
    assert np.all(np.asarray(figure.data[0].x) == 0)


def test_two_way_regions_are_the_best_strategies_in_their_colours():
    table = examples.two_way()
    figure = sensitivity.two_way(table, LOOK, x="Price (USD per gram)", y="Hazard ratio", wtp=1e5, base=(89, 0.38))
    cells = figure.data[0]
    best = table.pivot_table(index="y", columns="x", values="best", aggfunc="first")
    codes = best.map(LOOK.strategies.index).to_numpy()
    np.testing.assert_array_equal(cells.z, codes)
    shown = {note.text.replace("<br>", " ") for note in figure.layout.annotations}
    assert shown == {"<b>No immunoglobulin</b>", "<b>Primary</b>", "<b>Secondary</b>"}
    for note in figure.layout.annotations:
        assert f"<b>{LOOK.short(best.loc[note.y, note.x])}</b>" == note.text, "a region's name stands in its region"
    assert figure.layout.xaxis.title.text == "Price (USD per gram)"
    keys = {trace.legendgroup: trace for trace in figure.data if trace.legendgroup}
    assert {name: key.name for name, key in keys.items()} == {
        s: LOOK.label(s) for s in ("none", "primary", "secondary")
    }
    *_, unsure, base = figure.data
    assert len(unsure.x) == (table["inmb"].abs() < Z_95 * table["inmb_mcse"]).sum() > 0
    assert (base.x[0], base.y[0]) == (89, 0.38)


def test_two_way_regions_have_short_names_where_those_differ():
    table = examples.two_way()
    labels = {name: f"{name}: a rule in many words" for name in LOOK.strategies}
    figure = sensitivity.two_way(table, Look("USD", LOOK.strategies, labels), x="x", y="y")
    assert {note.text for note in figure.layout.annotations} == {"<b>none</b>", "<b>primary</b>", "<b>secondary</b>"}
    alike = Look("USD", LOOK.strategies, {name: f"Ig: {name}" for name in LOOK.strategies})
    figure = sensitivity.two_way(table, alike, x="x", y="y")
    assert {note.text for note in figure.layout.annotations} == {
        f"<b>Ig: {name}</b>" for name in ("none", "primary", "secondary")
    }


def test_two_way_asks_for_a_full_grid():
    with pytest.raises(TableError, match="every pair of values once"):
        sensitivity.two_way(examples.two_way().iloc[1:], LOOK, x="x", y="y")
    one = sensitivity.two_way(examples.two_way().iloc[:1], LOOK, x="x", y="y")
    assert np.shape(one.data[0].z) == (1, 1)


def test_correlations_stand_strongest_on_top_without_those_that_are_none():
    figure = sensitivity.correlations(examples.correlations(), LOOK, strategy="primary")
    up, down = figure.data
    assert list(up.y) == list(down.y)
    np.testing.assert_equal(list(up.x), [0.12, np.nan, np.nan])
    np.testing.assert_equal(list(down.x), [np.nan, -0.42, -0.71])
    assert (up.marker.pattern.shape, down.marker.pattern.shape) == ("", "/")
    with pytest.raises(TableError, match="rows of none"):
        sensitivity.correlations(examples.correlations(), LOOK, strategy="none")


def test_common_luck_shows_each_ratio_and_the_patients_it_stands_for():
    figure = sensitivity.common_luck(examples.common_luck().rename(columns={"component": "outcome"}), LOOK)
    primary = figure.data[0]
    assert list(primary.x) == [0.5, 0.2, 0.45]
    np.testing.assert_allclose(primary.customdata[:, 0], [4.0, 25.0, 1 / 0.45**2])


def test_histogram_shares_add_up_to_one_on_one_scale_for_all():
    figure = distributions.histogram(draws(200), LOOK, outcome="cost")
    assert len(figure.data) == 4
    for trace in figure.data:
        assert sum(trace.y) == pytest.approx(1)
        np.testing.assert_array_equal(trace.x, figure.data[0].x)
    assert figure.layout.xaxis.title.text == "Cost per patient (USD)"


def test_ecdf_rises_from_0_to_1_through_the_sorted_draws():
    table = draws(50)
    trace = distributions.ecdf(table, LOOK, outcome="qaly").data[0]
    assert (trace.y[0], trace.y[-1]) == (0, 1)
    np.testing.assert_array_equal(trace.x[1:], np.sort(table.query("strategy == 'none'")["qaly"]))
    assert trace.line.shape == "hv"


def test_ridgeline_marks_mean_and_interval_of_inmb():
    table = draws(300)
    inmb = distributions.inmb_draws(table, comparator="none", wtp=1e5).query("strategy == 'primary'")["inmb"]
    figure = distributions.inmb_ridgeline(table, LOOK, comparator="none", wtp=1e5)
    assert len(figure.data) == 6
    marks = figure.data[-1]
    np.testing.assert_allclose(marks.x, [inmb.quantile(0.025), inmb.mean(), inmb.quantile(0.975)])
    assert figure.layout.xaxis.title.text == "INMB per patient (USD)"
    assert list(figure.layout.yaxis.ticktext)[-1] == LOOK.tick("primary")


@pytest.mark.parametrize("table", [draws(1), draws(5).assign(cost=1.0, qaly=2.0)])
def test_draws_without_spread_have_marks_and_no_density(table):
    figure = distributions.inmb_ridgeline(table, LOOK, comparator="none", wtp=1e5)
    assert len(figure.data) == 3
    assert len(distributions.histogram(table, LOOK, outcome="cost").data) == 4
    assert len(distributions.ecdf(table, LOOK, outcome="cost").data) == 4


def test_an_outcome_that_is_not_there_is_named():
    with pytest.raises(TableError, match="a column infusions"):
        distributions.histogram(draws(5), LOOK, outcome="infusions")
    with pytest.raises(UsageError, match="comparator"):
        distributions.inmb_ridgeline(draws(5), LOOK, comparator="x", wtp=1)


def test_convergence_shows_the_running_mean_within_two_standard_errors():
    table = examples.convergence()
    figure = distributions.convergence(table, LOOK, over="patients", wtp=1e5)
    band, line = figure.data[:2]
    own = table.query("strategy == 'primary'")
    np.testing.assert_array_equal(line.y, own["inmb"])
    known = own.dropna()
    np.testing.assert_allclose(np.asarray(band.y)[: len(known)], known["inmb"] + Z_95 * known["mcse"])
    assert figure.layout.xaxis.title.text == "Patients so far"
    bare = distributions.convergence(table.drop(columns="mcse"), LOOK)
    assert len(bare.data) == 3


def test_columns_of_text_are_refused_where_numbers_are_asked_for():
    wrong = pd.DataFrame({"n": ["many"], "inmb": [1.0], "strategy": ["a"], "comparator": ["b"]})
    with pytest.raises(TableError, match="row 1, column n: found many"):
        distributions.convergence(wrong, LOOK)
