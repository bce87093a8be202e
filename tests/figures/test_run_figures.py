"""Figures of a played run: values equal its tables; one patient's figures equal the patient's trace."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import sim
from sim import tracing
from sim.errors import RunFolderError, TableError, UsageError
from sim.figures import CATALOGUE, FigureSet, Look, Setting, infections, patients, resources
from sim.figures.plane import CHI_SQUARE_95
from sim.report.run_figures import run_figures
from tests.figures import examples
from tests.figures.examples import LOOK, draws

PATIENT = 9


@pytest.fixture(scope="module")
def events(result) -> pd.DataFrame:
    return tracing.event_table(result.scenario, PATIENT)


def test_a_run_gives_its_figures_by_name_without_plotly_at_import(result):
    assert {"ce_plane", "ce_frontier", "costs_by_item", "cumulative_incidence"} <= set(result.figures.names)
    assert "ceac" not in result.figures.names
    assert "ce_plane" in dir(result.figures)
    code = "import sys, sim; sim.run; sim.load; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_plane_of_a_run_shows_its_increments_and_their_monte_carlo_regions(result):
    figure = result.figures.ce_plane(wtp=50_000, comparator="primary")
    names, outcomes = result.outcomes.strategies, result.outcomes
    outline, mean = figure.data[:2]
    s, c = names.index("none"), names.index("primary")
    assert mean.name == "No immunoglobulin"
    assert mean.y[0] == pytest.approx(outcomes.difference("cost", s, c)[0])
    width = 2 * np.sqrt(CHI_SQUARE_95) * outcomes.difference("qaly", s, c)[1]
    assert np.ptp(outline.x) == pytest.approx(width, rel=1e-3)
    line = figure.data[-1]
    np.testing.assert_allclose(line.y, 50_000 * line.x)


def test_increments_agree_with_inmb_and_its_error(result):
    table = result.increments()
    assert len(table) == 12
    row = table.query("strategy == 'secondary' and comparator == 'none'").iloc[0]
    names = result.outcomes.strategies
    inmb, mcse = result.outcomes.inmb(1e5, names.index("secondary"), names.index("none"))
    assert 1e5 * row["delta_qaly"] - row["delta_cost"] == pytest.approx(inmb)
    variance = row["delta_cost_mcse"] ** 2 + (1e5 * row["delta_qaly_mcse"]) ** 2 - 2e5 * row["covariance"]
    assert np.sqrt(variance) == pytest.approx(mcse)


def test_costs_by_item_stack_to_the_total(result):
    figure = result.figures.costs_by_item()
    total = np.sum([trace.x for trace in figure.data], axis=0)
    np.testing.assert_allclose(total, result.outcomes.mean("cost"))
    notes = [note.text for note in figure.layout.annotations]
    assert notes == [f"<b>{value:,.0f}</b>" for value in result.outcomes.mean("cost")]
    assert "Bispecific" not in {trace.name for trace in figure.data}, "an item that costs nothing is left out"
    fills = {(trace.marker.color, trace.marker.pattern.shape) for trace in figure.data}
    assert len(fills) == len(figure.data)


def test_infections_by_cause_equal_the_outcomes(result):
    figure = result.figures.infections_by_cause(causes={"cmv": "Cytomegalovirus"})
    assert len(figure.data) == 8
    bars = figure.data[-1]
    outcomes = result.outcomes
    causes = [c.split(":")[1] for c in outcomes.components if c.startswith("infections:") and c.endswith("3plus")]
    expected = [outcomes.mean(f"infections:{cause}:grade_3plus")[-1] for cause in causes]
    np.testing.assert_allclose(bars.x, expected)
    assert "Cytomegalovirus" in bars.y
    assert figure.layout.xaxis.title.text == "Infections per patient"


def test_grams_equal_the_outcomes(result):
    figure = result.figures.ig_grams()
    np.testing.assert_allclose([bar.y[0] for bar in figure.data], result.outcomes.mean("ig_grams"))
    assert figure.layout.yaxis.title.text == "Immunoglobulin per patient (g)"


def test_incidence_curves_equal_the_table_and_published_points_lie_over_them(result):
    table = result.outcomes.incidence_frame()
    figure = infections.cumulative_incidence(table, LOOK, published=examples.published(), until=24)
    assert len(figure.data) == 2 * 4 * 2 + 2
    curve = next(t for t in figure.data if t.name == LOOK.label("primary"))
    own = table.query("strategy == 'primary' and kind == 'any' and months <= 24")
    np.testing.assert_allclose(curve.y, own["probability"])
    points = figure.data[-1]
    assert list(points.y) == [0.386, 0.479]
    np.testing.assert_allclose(points.error_y.array, [0.074, 0.081])
    assert figure.layout.yaxis.title.text == "Patients with a first infection"
    bare = infections.cumulative_incidence(table.drop(columns="mcse").query("kind == 'any'"), LOOK)
    assert len(bare.data) == 4


def test_one_patient_has_no_monte_carlo_error_and_is_drawn(result):
    single = sim.run(result.scenario, patients=1)
    for name in single.figures.names:
        assert single.figures.draw(name).data, name


def test_outcomes_without_the_components_are_refused(result):
    table = result.outcomes.frame().query("component == 'cost'")
    for draw in (resources.costs_by_item, resources.ig_grams, infections.infections_by_cause):
        with pytest.raises(TableError, match="column component"):
            draw(table, LOOK)


def test_swimlanes_mark_every_infection_filled_and_every_averted_one_hollow(events):
    figure = patients.swimlanes(events, LOOK)
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    for event, grade, name in (
        ("infection", "grade_3plus", "Infection, grade ≥ 3"),
        ("averted", "grade_3plus", "Averted, grade ≥ 3"),
        ("infection", "grade_1_2", "Infection, grade 1–2"),
    ):
        own = events[(events["event"] == event) & (events["grade"] == grade)]
        assert len(own) > 0
        np.testing.assert_allclose(marks[name].x, own["time_months"])
        lanes = [-LOOK.strategies.index(strategy) for strategy in own["strategy"]]
        np.testing.assert_allclose(marks[name].y, lanes)
        assert (marks[name].marker.color == "white") == (event == "averted")
    assert any("averted by immunoglobulin" in text for text in marks["Averted, grade ≥ 3"].customdata)
    assert len(marks["Infusion"].x) == (events["event"] == "infusion").sum()
    assert list(figure.layout.yaxis.ticktext) == [LOOK.tick(s) for s in LOOK.strategies]
    assert figure.layout.xaxis.title.text == "Months since the first dose"


def test_dotted_lines_join_only_infections_that_met_different_fates(events):
    figure = patients.swimlanes(events, LOOK)
    (threads,) = [trace for trace in figure.data if trace.line.dash == "dot"]
    candidates = events[events["event"].isin(["infection", "averted"])]
    fates = candidates.groupby(["cause", "layer", "candidate"])["event"].nunique()
    assert np.isnan(np.asarray(threads.x, dtype=float)).sum() == (fates > 1).sum() > 0


def test_swimlanes_of_one_strategy_and_of_several_patients(events):
    figure = patients.swimlanes(events.query("strategy == 'none'"), LOOK)
    assert len(figure.layout.yaxis.tickvals) == 1
    with pytest.raises(TableError, match="one patient"):
        patients.swimlanes(pd.concat([events, events.assign(patient=10)]), LOOK)


def test_igg_course_shows_every_test_and_the_one_that_triggered(result, events):
    course = tracing.igg_table(result.scenario, PATIENT)
    figure = patients.igg_course(course, events, LOOK, strategy="preemptive", threshold_mg_dl=400)
    marks = {trace.name: trace for trace in figure.data}
    trigger = marks["Test that triggered"]
    ordered = events.query("strategy == 'preemptive' and event == 'ig_ordered'")["time_months"]
    assert list(trigger.x) == list(ordered)
    assert trigger.y[0] < 400
    others = marks["IgG test"]
    tests = events.query("strategy == 'preemptive' and event == 'igg_test'")
    assert len(others.x) + 1 == len(tests)
    assert min(others.y) >= 400
    assert figure.layout.yaxis.title.text == "IgG (mg/dL)"
    untested = patients.igg_course(course, events, LOOK, strategy="none")
    assert "no test" in untested.layout.title.subtitle.text
    with pytest.raises(TableError, match="rows of nobody"):
        patients.igg_course(course, events, LOOK, strategy="nobody")


def test_the_igg_table_passes_through_the_tests_and_its_error_free_curve_is_centred(result, events):
    """The true course is the one the tests saw; the assay reports a lognormal error of mean 1 around the apparent."""
    course = tracing.igg_table(result.scenario, PATIENT, points=2001).query("strategy == 'preemptive'")
    tests = events.query("strategy == 'preemptive' and event == 'igg_test'")
    true = np.interp(tests["time_months"], course["months"], course["true_igg_mg_dl"])
    np.testing.assert_allclose(true, tests["true_igg_mg_dl"], rtol=1e-4)
    assert (course["apparent_igg_mg_dl"] >= course["true_igg_mg_dl"] - 1e-9).all()
    assert course["months"].iloc[-1] == pytest.approx(
        events.query("strategy == 'preemptive' and event == 'treatment_stop'")["time_months"].iloc[0]
    )


def test_the_event_table_tells_what_the_trace_tells(result, events):
    told = tracing.trace(result.scenario, PATIENT)
    for strategy, happenings in told.histories.items():
        own = events[(events["strategy"] == strategy) & (events["event"] != "infusion")]
        expected = [h.text for h in happenings if "infusion" not in h.text and "Ig starts" not in h.text]
        assert list(own["text"]) == expected
    with pytest.raises(UsageError, match="no such patient"):
        tracing.event_table(result.scenario, -1)


def test_a_folder_gives_the_same_figures_as_the_run(result, run_folder):
    figures = run_figures(run_folder, patient=PATIENT)
    assert set(result.figures.names) < set(figures.names)
    assert {"swimlanes", "igg_course"} <= set(figures.names)
    for name in result.figures.names:
        from_folder, from_run = figures.draw(name), result.figures.draw(name)
        if name != "infections_by_cause":
            assert from_folder.to_json() == from_run.to_json(), name
    assert figures.swimlanes().layout.title.text == f"<b>Patient {PATIENT} under each strategy</b>"
    assert "Cytomegalovirus" in figures.infections_by_cause().data[0].y


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="not a run folder"):
        run_figures(tmp_path)


def psa_tables() -> dict[str, pd.DataFrame]:
    """Tables as the other commands leave them in a run folder."""
    return {
        "psa": draws(200),
        "evppi": examples.evppi().rename(columns={"set": "name"}).assign(wtp=100_000.0),
        "population_by_year": pd.DataFrame(
            {"wtp": 1e5, "to_year": [1.0, 2.0], "cumulative_evpi": [9.0, 17.0], "cumulative_evpi_se": [1.0, 2.0]}
        ),
        "evsi": examples.evsi().rename(columns={"n": "n_per_arm"}),
        "price_of_immunoglobulin": examples.thresholds().rename(columns={"threshold": "price"}),
        "tornado": examples.tornado(),
        "two_way_decisions": examples.two_way()
        .rename(columns={"x": "a.price", "y": "a.hr", "inmb": "margin", "inmb_mcse": "margin_mcse"})
        .assign(wtp=1e5, second="none", point=1),
        "convergence": pd.concat(
            [examples.convergence().assign(axis=axis, wtp=50_000.0) for axis in ("draws", "patients")]
        ),
        "correlations": examples.correlations()
        .rename(columns={"path": "parameter", "correlation": "pearson", "standard_error": "pearson_se"})
        .assign(wtp=100_000.0, comparator="none"),
        "common_luck": examples.common_luck(),
        "calibration_curves": examples.calibration_curves(),
        "calibration_targets": examples.calibration_targets(),
        "trial_estimates": examples.trial_estimates(),
        "trial_published": examples.trial_published(),
        "trial_power": examples.trial_power(),
    }


def test_tables_of_an_uncertainty_analysis_give_every_figure_of_uncertainty():
    asked = {"outcome": "inmb", "strategy": "primary", "comparator": "none"}
    setting = Setting.of(LOOK, [50_000, 100_000, 150_000], population=21_000.0, asked=asked)
    figures = FigureSet(psa_tables(), setting)
    drawn = {name: figures.draw(name) for name in figures.names}
    of_a_run = {"ce_frontier", "cumulative_incidence", "infections_by_cause", "costs_by_item", "ig_grams"}
    of_a_run |= {"incidence_by_cause", "ig_use", "swimlanes", "igg_course", "calibration_posterior"}
    of_a_run |= {name for name in CATALOGUE if name.startswith("programme_")} | {"who_paid"}
    assert set(CATALOGUE) - set(drawn) == of_a_run | {"threshold_scan", "scenario_benefit", "sweep_benefit"}
    assert all(figure.layout.title.text and figure.data for figure in drawn.values())
    assert "INMB of “Primary: from the first dose” against “No" in drawn["tornado"].layout.title.text
    assert drawn["evsi"].layout.xaxis.title.text == "Patients in each arm"
    np.testing.assert_allclose(drawn["population_evpi"].data[-1].y, 21_000 * drawn["evpi"].data[-1].y)
    assert drawn["ceac"].data[0].x[-1] == 300_000


def test_settings_can_be_changed_for_one_figure_and_wrong_names_are_told():
    figures = FigureSet(psa_tables(), Setting.of(Look("USD"), [100_000]))
    assert figures.histogram(outcome="qaly").layout.xaxis.title.text == "QALYs per patient"
    assert "against primary" in figures.ce_plane(comparator="primary").layout.title.text
    with pytest.raises(UsageError, match="one of 100000"):
        figures.evppi(wtp=1.0)
    with pytest.raises(UsageError, match="whom the decision concerns"):
        figures.population_evpi()
    with pytest.raises(UsageError, match="no table for the figure"):
        figures.draw("swimlanes")
    with pytest.raises(UsageError, match="no such figure"):
        figures.draw("pie")
    with pytest.raises(AttributeError, match="pie"):
        figures.pie()


def test_intervals_are_told_of_only_where_there_are_some(result):
    table = result.outcomes.frame()
    for draw in (infections.infections_by_cause, resources.ig_grams):
        assert "95 % Monte Carlo" in draw(table, LOOK).layout.title.subtitle.text
        assert "95 %" not in draw(table.drop(columns="mcse"), LOOK).layout.title.subtitle.text
