"""Net benefit at one threshold and over one input, and single patients: values are those of the tables."""

import numpy as np
import pandas as pd
import pytest

from sim.errors import TableError, UsageError
from sim.figures import benefit, individuals
from tests.figures.examples import LOOK

BARS = pd.DataFrame(
    [("primary", -900.0, 100.0), ("secondary", 300.0, 50.0)], columns=["strategy", "inmb", "inmb_mcse"]
)


def test_bars_are_net_benefits_with_their_monte_carlo_intervals():
    figure = benefit.inmb_bars(BARS, LOOK, comparator="none", wtp=1e5)
    assert {bar.legendgroup: bar.x[0] for bar in figure.data} == {"primary": -900.0, "secondary": 300.0}
    assert figure.data[0].error_x.array[0] == pytest.approx(196.0, abs=0.1)
    assert figure.data[0].marker.color == LOOK.colour("primary")
    assert "100,000 USD per QALY" in figure.layout.title.subtitle.text
    assert "95 % Monte Carlo intervals" in figure.layout.title.subtitle.text


def test_bars_of_draws_have_the_intervals_of_the_draws():
    table = BARS.drop(columns="inmb_mcse").assign(low=[-2000.0, 0.0], high=[100.0, 900.0])
    figure = benefit.inmb_bars(table, LOOK, comparator="none", wtp=1e5)
    bar = figure.data[0]
    assert (bar.error_x.arrayminus[0], bar.error_x.array[0], bar.error_x.symmetric) == (1100.0, 1000.0, False)
    assert "95 % of draws" in figure.layout.title.subtitle.text


def test_what_was_before_is_hollow_and_only_of_what_is_shown():
    before = pd.DataFrame([("primary", -1.0), ("secondary", 2.0), ("preemptive", 3.0)], columns=["strategy", "inmb"])
    mark = benefit.inmb_bars(BARS, LOOK, comparator="none", wtp=1e5, before=before).data[-1]
    assert list(mark.x) == [-1.0, 2.0]
    assert mark.marker.symbol == "diamond-open"


def test_net_benefit_over_an_input_has_a_line_and_a_band_a_strategy():
    rows = [(x, s, 10.0 * x * k, 2.0) for x in (2.0, 1.0) for k, s in enumerate(("none", "primary", "secondary"))]
    table = pd.DataFrame(rows, columns=["x", "strategy", "inmb", "inmb_mcse"])
    figure = benefit.inmb_over(table, LOOK, x="price (USD)", comparator="none", wtp=1e5)
    band, line = figure.data[:2]
    assert (list(line.x), list(line.y), line.legendgroup) == ([1.0, 2.0], [10.0, 20.0], "primary")
    np.testing.assert_allclose(band.y, [10 + 3.92, 20 + 3.92, 20 - 3.92, 10 - 3.92], atol=1e-3)
    assert len(figure.data) == 4, "the comparator is the line at 0"
    with pytest.raises(UsageError, match="comparator"):
        benefit.inmb_over(table, LOOK, x="price", comparator="nobody", wtp=1e5)


def test_patients_are_points_their_mean_and_the_one_followed():
    table = pd.DataFrame({"patient": [0, 1, 2], "delta_cost": [0.0, 30.0, 60.0], "delta_qaly": [0.0, 0.1, -0.1]})
    figure = individuals.patient_differences(table, LOOK, strategy="primary", comparator="none", patient=2)
    points, mean, own = figure.data
    assert list(points.customdata) == [0, 1, 2]
    assert (mean.x[0], mean.y[0]) == (pytest.approx(0.0), 30.0)
    assert (own.x[0], own.y[0], own.name) == (-0.1, 60.0, "Patient 2")
    assert "1 fare exactly alike" in figure.layout.title.subtitle.text
    assert (
        len(individuals.patient_differences(table, LOOK, strategy="primary", comparator="none", patient=9).data) == 2
    )
    with pytest.raises(TableError, match="delta_qaly"):
        individuals.patient_differences(table[["patient", "delta_cost"]], LOOK, strategy="primary", comparator="none")


def decided(points):
    """A sweep over one input, from (value, INMB of primary, INMB of secondary), none being the line at 0."""
    rows = [
        (x, name, value)
        for x, *own in points
        for name, value in zip(("none", "primary", "secondary"), (0.0, *own), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["x", "strategy", "inmb"])
    best = table.loc[table.groupby("x")["inmb"].idxmax(), ["x", "strategy"]].rename(columns={"strategy": "best"})
    return table, best


def test_changes_of_the_best_strategy_lie_where_straight_lines_cross():
    # primary falls from 30 to -10 over 20 to 60 and meets none at 50; secondary is never the best.
    table, best = decided([(60.0, -10.0, -20.0), (20.0, 30.0, 1.0), (100.0, -50.0, -1.0)])
    changes = benefit.decision_changes(table, best)
    assert changes.to_numpy().tolist() == [[50.0, 20.0, 60.0]]
    figure = benefit.inmb_over(table, LOOK, x="price", comparator="none", wtp=1e5, decisions=best)
    assert [shape.x0 for shape in figure.layout.shapes if shape.type == "line" and shape.x0 == shape.x1] == [50.0]
    assert "<b>50</b>" in [note.text for note in figure.layout.annotations]
    assert "where the best strategy changes" in figure.layout.title.subtitle.text


def test_no_change_is_marked_where_the_best_strategy_stays():
    table, best = decided([(20.0, 30.0, 1.0), (60.0, 20.0, 1.0)])
    assert benefit.decision_changes(table, best).empty
    figure = benefit.inmb_over(table, LOOK, x="price", comparator="none", wtp=1e5, decisions=best)
    assert "changes" not in figure.layout.title.subtitle.text


def test_strategies_that_are_equal_at_both_values_change_half_way():
    table = pd.DataFrame([(1.0, "a", 2.0), (1.0, "b", 2.0), (3.0, "a", 2.0), (3.0, "b", 2.0)])
    table.columns = ["x", "strategy", "inmb"]
    best = pd.DataFrame({"x": [1.0, 3.0], "best": ["a", "b"]})
    assert benefit.decision_changes(table, best)["threshold"].tolist() == [2.0]
