"""Curves over willingness to pay, value of information: values are the tables', axes carry units."""

import numpy as np
import pandas as pd
import pytest

from sim.cea import analyse
from sim.errors import TableError
from sim.figures import acceptability, value
from sim.figures.style import Z_95
from sim.figures.tables import by_threshold, psa_table, wtp_grid
from tests.figures.examples import LOOK, draws, evppi, evsi, thresholds

WTP = [0.0, 50_000.0, 100_000.0, 150_000.0, 300_000.0]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return by_threshold(draws(300), np.array(WTP))


def test_curves_from_draws_are_those_of_the_decision_analysis(frames):
    pd.testing.assert_frame_equal(frames["by_wtp"], analyse(psa_table(draws(300)), WTP).by_wtp)
    assert list(wtp_grid(200.0, 3)) == [0, 100, 200]


def test_ceac_draws_each_strategys_values_and_they_add_up_to_one(frames):
    figure = acceptability.ceac(frames["by_wtp_strategy"], LOOK)
    assert [trace.name for trace in figure.data] == [LOOK.label(s) for s in LOOK.strategies]
    for strategy, trace in zip(LOOK.strategies, figure.data, strict=True):
        own = frames["by_wtp_strategy"].query("strategy == @strategy")
        np.testing.assert_array_equal(trace.x, own["wtp"])
        np.testing.assert_array_equal(trace.y, own["ceac"])
        assert (trace.line.color, trace.line.dash) == (LOOK.colour(strategy), LOOK.dash(strategy))
    np.testing.assert_allclose(sum(trace.y for trace in figure.data), 1)
    assert figure.layout.xaxis.title.text == "Willingness to pay (USD per QALY)"
    assert figure.layout.yaxis.title.text == "Probability of being cost-effective"


def test_corrected_curves_come_first_and_raw_ones_stand_pale_behind(frames):
    table = frames["by_wtp_strategy"].assign(ceac_corrected=lambda t: t["ceac"] / 2)
    figure = acceptability.ceac(table, LOOK)
    assert len(figure.data) == 8
    raw, corrected = figure.data[:2]
    np.testing.assert_allclose(raw.y, 2 * corrected.y)
    assert not raw.showlegend
    assert "pale" in figure.layout.title.subtitle.text


def test_rows_in_any_order_give_the_same_curve(frames):
    table = frames["by_wtp_strategy"]
    shuffled = table.sample(frac=1, random_state=1)
    for a, b in zip(acceptability.ceac(table, LOOK).data, acceptability.ceac(shuffled, LOOK).data, strict=True):
        np.testing.assert_array_equal(a.y, b.y)


def test_expected_loss_and_its_lower_envelope_are_the_evpi(frames):
    figure = acceptability.expected_loss(frames["by_wtp_strategy"], LOOK)
    lowest = np.min([trace.y for trace in figure.data], axis=0)
    np.testing.assert_allclose(lowest, frames["by_wtp"]["evpi"])
    assert figure.layout.yaxis.title.text == "Expected loss per patient (USD)"


def test_the_ceaf_is_in_parts_by_the_best_strategy_and_marks_where_it_changes(frames):
    figure = acceptability.ceaf(frames["by_wtp"], LOOK)
    whole, *parts = figure.data
    table = frames["by_wtp"]
    assert len(parts) == table["optimal"].nunique() > 1
    np.testing.assert_array_equal(whole.y, table["ceaf"])
    stacked = np.array([trace.y for trace in parts], dtype=float)
    assert (np.isfinite(stacked).sum(axis=0) == 1).all()
    assert len(figure.layout.shapes) == (table["optimal"] != table["optimal"].shift()).sum() - 1


def test_one_threshold_and_one_strategy_can_be_drawn():
    one = pd.DataFrame({"wtp": [0.0], "strategy": ["none"], "ceac": [1.0], "expected_loss": [0.0]})
    assert acceptability.ceac(one, LOOK).data[0].y[0] == 1
    assert acceptability.expected_loss(one, LOOK).data[0].y[0] == 0


def test_price_thresholds_have_gaps_bands_and_the_price_of_the_analysis():
    table = thresholds()
    figure = acceptability.price_threshold(table, LOOK, current=89)
    curve = figure.data[-1]
    own = table.query("strategy == 'secondary'")
    np.testing.assert_array_equal(curve.y, own["threshold"])
    assert np.isnan(curve.y).any()
    band = figure.data[-2]
    assert band.fill == "toself"
    assert np.isfinite(np.asarray(band.y, dtype=float)).all()
    assert figure.layout.yaxis.title.text == "Break-even price (USD per gram)"
    assert "89 USD per gram" in figure.layout.annotations[0].text


def test_price_thresholds_of_several_comparators_name_them():
    table = pd.concat([thresholds(), thresholds().query("strategy == 'primary'").assign(comparator="secondary")])
    names = [trace.name for trace in acceptability.price_threshold(table, LOOK).data if trace.name]
    assert "Primary: from the first dose against Secondary: after a severe infection" in names


def test_price_thresholds_of_subgroups_have_a_panel_each_and_one_legend():
    names = ("all", "low_igg", "cmv_positive")
    table = pd.concat([thresholds().assign(subgroup=name) for name in names])
    figure = acceptability.price_threshold(table, LOOK)
    curves = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert len(curves) == 3 * 3
    assert len({(trace.xaxis, trace.yaxis) for trace in curves}) == 3
    assert [trace.showlegend for trace in curves] == [True] * 3 + [False] * 6
    assert [note.text for note in figure.layout.annotations][:3] == ["All", "Low IgG", "CMV positive"]
    highest = table[["threshold", "high"]].max(axis=None)
    axes = [figure.layout[f"yaxis{panel}"].range for panel in ("", 2, 3, 4)]
    assert all(axis[0] == 0 and highest < axis[1] < 1.2 * highest for axis in axes), "all panels show every curve"


def test_evpi_has_its_band_and_its_corrected_line(frames):
    table = frames["by_wtp"].assign(evpi_corrected=lambda t: 0.8 * t["evpi"])
    band, raw, corrected = value.evpi(table, LOOK).data
    np.testing.assert_array_equal(raw.y, table["evpi"])
    np.testing.assert_allclose(corrected.y, 0.8 * raw.y)
    upper = np.asarray(band.y)[: len(table)]
    np.testing.assert_allclose(upper, table["evpi"] + Z_95 * table["evpi_se"])
    assert min(band.y) >= 0
    assert value.evpi(table, LOOK).layout.yaxis.title.text == "EVPI per patient (USD)"


def test_evpi_of_one_draw_has_no_band():
    figure = value.evpi(by_threshold(draws(1), np.array(WTP))["by_wtp"], LOOK)
    assert [trace.name for trace in figure.data] == ["Raw"]


def test_population_evpi_says_for_how_many_years(frames):
    table = frames["by_wtp"].assign(population_evpi=lambda t: 1e4 * t["evpi"])
    figure = value.population_evpi(table, LOOK, years=10)
    np.testing.assert_array_equal(figure.data[-1].y, table["population_evpi"])
    assert "over 10 years" in figure.layout.title.subtitle.text


def test_evppi_bars_stand_largest_on_top_with_95_percent_intervals():
    figure = value.evppi(evppi().sample(frac=1, random_state=2), LOOK, wtp=1e5)
    bars = figure.data[0]
    assert list(bars.x) == sorted(evppi()["evppi"])
    assert bars.y[-1] == "immunoglobulin.hr.grade_3plus"
    np.testing.assert_allclose(bars.error_x.array[-1], Z_95 * 30)
    assert "2 smaller ones are not shown" in value.evppi(evppi(), LOOK, most=3).layout.title.subtitle.text


def test_evppi_without_standard_errors_has_no_intervals():
    bars = value.evppi(evppi()[["set", "evppi"]], LOOK).data[0]
    assert bars.error_x.visible is False


def test_enbs_marks_the_best_size_and_says_so_where_none_is_worth_it():
    table = evsi()
    figure = value.enbs(table, LOOK)
    np.testing.assert_array_equal(figure.data[0].y, table["enbs"])
    assert figure.layout.annotations[0].text == "best of these: n = 400"
    poor = value.enbs(table.assign(enbs=table["enbs"] - 1e9), LOOK)
    assert poor.layout.annotations[0].text == "not worth its cost at any size"
    assert figure.layout.yaxis.title.text == "ENBS (USD)"


def test_evsi_draws_a_line_for_each_design():
    table = pd.concat([evsi().assign(design="trial"), evsi().assign(design="cohort", evsi=1.0)])
    figure = value.evsi(table, LOOK, size="Patients in each arm")
    assert [trace.name for trace in figure.data] == ["trial", "cohort"]
    assert figure.layout.xaxis.title.text == "Patients in each arm"


@pytest.mark.parametrize(
    ("draw", "column"),
    [(acceptability.ceac, "ceac"), (acceptability.expected_loss, "expected_loss")],
)
def test_a_number_that_is_none_is_refused_with_its_row(frames, draw, column):
    table = frames["by_wtp_strategy"].copy()
    table.loc[2, column] = np.nan
    with pytest.raises(TableError, match=f"row 3, column {column}"):
        draw(table, LOOK)
    with pytest.raises(TableError, match="at least one"):
        draw(table.iloc[:0], LOOK)


def test_what_cannot_be_negative_has_no_interval_below_nothing():
    """The value of information itself; of its net benefit the whole interval is drawn."""
    table = evsi().assign(evsi=1.0, standard_error=5.0, enbs=-1.0, enbs_se=5.0)
    shown = value.evsi(table, LOOK).data[0]
    assert list(shown.error_y.arrayminus) == [1.0] * len(table)
    np.testing.assert_allclose(shown.error_y.array, 5 * Z_95)
    assert value.enbs(table, LOOK).data[0].error_y.arrayminus is None
    years = pd.DataFrame({"wtp": 1.0, "to_year": [1.0, 2.0], "cumulative_evpi": [1.0, 2.0]})
    over = value.population_over_time(years.assign(cumulative_evpi_se=9.0), LOOK).data[0]
    assert list(over.error_y.arrayminus) == [0.0, 1.0, 2.0]
