"""Figures over time and over scenarios: their values are those of their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.errors import TableError, UsageError
from sim.figures import over_time, scenarios
from sim.figures.picks import is_full_grid
from sim.figures.style import Z_95
from tests.figures import examples
from tests.figures.examples import LOOK


def test_incidence_by_cause_has_a_panel_a_cause_and_names_the_rare():
    table = examples.incidence_by_cause()
    figure = over_time.incidence_by_cause(table, LOOK, labels={"cmv": "Cytomegalo<b>virus"})
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["Bacterial", "Cytomegalo&lt;b&gt;virus"]
    assert "under 0.5% and not drawn: HBV" in figure.layout.title.subtitle.text.replace("<br>", " ")
    curves = [trace for trace in figure.data if trace.fill is None]
    own = table[(table["cause"] == "cmv") & (table["kind"] == "any") & (table["strategy"] == "primary")]
    np.testing.assert_allclose(curves[-1].y, own["probability"])
    band = figure.data[-2]
    assert band.y[1] == pytest.approx(own["probability"].iloc[1] + Z_95 * 0.004)
    assert min(band.y) == 0, "no band reaches under nothing"
    with pytest.raises(TableError, match="kind fatal"):
        over_time.incidence_by_cause(table, LOOK, kind="fatal")


def test_use_of_immunoglobulin_is_that_of_the_table():
    table = examples.ig_use()
    figure = over_time.ig_use(table, LOOK)
    curves = [trace for trace in figure.data if trace.fill is None]
    own = table[table["strategy"] == "primary"]
    np.testing.assert_allclose(curves[2].y, own["on_ig"])
    np.testing.assert_allclose(curves[3].y, own["grams"])
    assert figure.layout.yaxis2.title.text == "Immunoglobulin (g per month)"


def test_benefit_in_scenarios_by_hand():
    rows = [
        ("a", "none", 100.0, 1.0),
        ("a", "primary", 400.0, 1.2),
        ("b", "none", 50.0, 1.0),
        ("b", "primary", 10.0, 0.9),
    ]
    table = pd.DataFrame(rows, columns=["scenario", "strategy", "cost", "qaly"])
    (trace,) = scenarios.scenario_benefit(table, LOOK, comparator="none", wtp=1000.0).data
    np.testing.assert_allclose(trace.x, [1000 * 0.2 - 300, 1000 * -0.1 + 40])
    with pytest.raises(UsageError, match="comparator"):
        scenarios.scenario_benefit(table, LOOK, comparator="nobody", wtp=1000.0)


def test_net_benefit_over_an_input_marks_where_the_choice_changes():
    scan = pd.DataFrame({"value": [2.0, 1.0], "nmb_none": [5.0, 5.0], "nmb_primary": [4.0, 6.0]})
    found = pd.DataFrame({"threshold": [1.5], "ci_low": [1.2], "ci_high": [1.8]})
    figure = scenarios.net_benefit_over(scan, LOOK, x="price", wtp=1e5, thresholds=found)
    assert [list(trace.x) for trace in figure.data] == [[1, 2], [1, 2]]
    assert list(figure.data[1].y) == [6, 4]
    assert {(shape.x0, shape.x1) for shape in figure.layout.shapes} == {(1.2, 1.8), (1.5, 1.5)}
    with pytest.raises(TableError, match="nmb_STRATEGY"):
        scenarios.net_benefit_over(scan[["value"]], LOOK, x="price", wtp=1e5)


def test_only_a_full_grid_of_two_inputs_is_a_map():
    grid = pd.DataFrame({"point": range(4), "p": [1, 1, 2, 2], "q": [3, 4, 3, 4], "wtp": 1.0, "best": "none"})
    assert is_full_grid(grid)
    assert not is_full_grid(grid.iloc[:3])
    assert not is_full_grid(grid.drop(columns="q"))
    assert not is_full_grid(grid[grid["p"] == 1]), "one value of an input is a line, not a map"
    assert not is_full_grid(grid.rename(columns={"q": "scenario"}))
