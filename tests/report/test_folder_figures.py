"""Every figure that a run folder lists can be drawn; what it does not hold is not listed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sim.errors import UsageError
from sim.report.run_figures import run_figures
from tests.run_folders import COMMANDS, EFFECT, PRICE

LISTED = {
    "run": {"ce_plane", "ce_frontier", "common_luck", "cumulative_incidence", "incidence_by_cause", "ig_use"},
    "psa": {"ceac", "ceaf", "evpi", "evppi", "price_threshold", "inmb_ridgeline", "population_evpi"},
    "tornado": {"tornado", "swimlanes"},
    "two_way": {"two_way"},
    "price": {"price_threshold"},
    "threshold": {"threshold_scan"},
    "sweep": {"two_way"},
    "one_input": {"sweep_benefit"},
    "voi": {"evpi", "population_evpi", "evppi"},
    "capacity": {"programme_queue", "programme_stock", "programme_utilisation", "programme_spend", "who_paid"},
    "trial": {"trial_estimates", "trial_power"},
    "compare": {"scenario_benefit"},
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_figure_a_folder_lists_can_be_drawn(kind: str, folder_of):
    figures = run_figures(folder_of(kind))
    assert set(figures.names) >= LISTED[kind]
    for name in figures.names:
        assert figures.draw(name).data, name
    if kind == "compare":
        assert set(figures.names) == LISTED[kind], "means of several scenarios are no frontier"


def test_the_decision_map_of_a_grid_sweep_shows_its_decisions(folder_of):
    folder = folder_of("sweep")
    decisions = pd.read_parquet(folder / "decisions.parquet")
    wtp = sorted(decisions["wtp"].unique())[0]
    own = decisions[decisions["wtp"] == wtp]
    figure = run_figures(folder).two_way(wtp=wtp)
    heat = figure.data[0]
    axes = figure.layout.xaxis.title.text, figure.layout.yaxis.title.text
    assert axes[0] == "Price of immunoglobulin (USD per gram)", "in words, with its unit"
    assert axes[1].replace("<br>", " ") == "Hazard ratio of serious infection, immunoglobulin"
    for row in own.to_dict(orient="records"):
        i, j = list(heat.y).index(row[EFFECT]), list(heat.x).index(row[PRICE])
        assert heat.customdata[i][j][1] == pytest.approx(row["margin"])


def test_the_line_over_one_input_is_the_table_of_the_sweep(folder_of):
    folder = folder_of("one_input")
    table = pd.read_parquet(folder / "sweep.parquet")
    wtp = sorted(pd.read_parquet(folder / "decisions.parquet")["wtp"].unique())[0]
    figures = run_figures(folder)
    against, other = figures.sweep_benefit(wtp=wtp), figures.sweep_benefit(wtp=wtp, comparator="primary")
    assert against.layout.xaxis.title.text == "Price of immunoglobulin (USD per gram)"
    own = table.pivot_table(index=PRICE, columns="strategy", values=f"inmb_{wtp:g}")
    lines = {trace.legendgroup: trace for trace in against.data if trace.mode == "lines+markers"}
    assert set(lines) == {"primary", "secondary"}
    for name, line in lines.items():
        np.testing.assert_array_equal(line.y, own.loc[list(line.x), name])
        own_mcse = table.loc[table["strategy"] == name].set_index(PRICE)[f"inmb_{wtp:g}_mcse"]
        np.testing.assert_array_equal(line.customdata, own_mcse[list(line.x)])
    lines = {trace.legendgroup: trace for trace in other.data if trace.mode == "lines+markers"}
    assert set(lines) == {"none", "secondary"}
    np.testing.assert_allclose(lines["none"].y, -own["primary"], rtol=1e-12)
    assert "Monte Carlo" not in other.layout.title.subtitle.text, "of that pair the error is not known"
    with pytest.raises(UsageError, match="nobody"):
        figures.sweep_benefit(comparator="nobody")


def test_scenarios_are_compared_at_the_thresholds_that_were_asked(folder_of):
    folder = folder_of("compare")
    table = pd.read_parquet(folder / "incremental.parquet")
    wtp = sorted(pd.read_parquet(folder / "decisions.parquet")["wtp"].unique())
    middle = wtp[(len(wtp) - 1) // 2]
    figure = run_figures(folder).scenario_benefit()
    strategies = json.loads((folder / "resolved-1.json").read_text())["strategies"]
    assert len(figure.data) == 2
    base = table[table["strategy"] == "none"].set_index("scenario")
    for trace in figure.data:
        (strategy,) = [name for name, one in strategies.items() if one["label"] == trace.name]
        own = table[table["strategy"] == strategy].set_index("scenario")
        expected = middle * (own["qaly"] - base["qaly"]) - (own["cost"] - base["cost"])
        np.testing.assert_allclose(trace.x, expected[list(trace.y)])


def test_arms_of_a_programme_go_by_their_labels(folder_of):
    folder = folder_of("capacity")
    labels = [arm["label"] for arm in json.loads((folder / "capacity.json").read_text())["arms"]]
    shown = [trace.name for trace in run_figures(folder).who_paid().data if trace.showlegend is not False]
    assert shown == labels


def test_published_points_are_laid_over_the_curves(folder_of, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("kind,months,probability,low,high,source\nany,5,0.386,0.3,0.5,a cohort\n")
    (mark,) = [
        trace
        for trace in run_figures(folder_of("run"), published=points).cumulative_incidence().data
        if trace.name == "Published"
    ]
    assert (list(mark.x), list(mark.y)) == ([5], [0.386])
    assert mark.error_y.array[0] == pytest.approx(0.114)
