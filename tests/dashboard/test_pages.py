"""Pages as plain functions: what they say equals the tables, whatever is looked at."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.utils import PlotlyJSONEncoder

import sim
from sim.dashboard import decision
from sim.dashboard.address import PAGES, View
from sim.dashboard.app import body
from sim.dashboard.bench import Bench
from sim.dashboard.library import Library
from sim.dashboard.pages import Desk
from sim.dashboard.pages.listing import parameter_table
from sim.dashboard.pages.patients import differences
from sim.dashboard.pages.what_if import Question, answer, changed_scenario
from sim.dashboard.parts import as_number, emphasise, headed
from sim.dashboard.shell import controls, header
from sim.dashboard.side_by_side import figures
from sim.errors import ScenarioError, UsageError
from sim.figures import Look
from sim.figures.plane import ce_plane_means
from sim.sensitivity.played import patient_values
from tests.dashboard.conftest import EVIL, PRICE
from tests.run_folders import make_folder


def as_json(content: Any) -> str:
    return json.dumps(content, cls=PlotlyJSONEncoder)


def text_of(content: Any) -> str:
    """Everything a reader sees of components, without figures and attributes."""
    if isinstance(content, list | tuple):
        return " ".join(text_of(part) for part in content)
    if content is None or isinstance(content, str | int | float):
        return "" if content is None else str(content)
    return text_of(getattr(content, "children", None))


def test_a_comparison_of_scenarios_shows_the_best_strategy_of_each_and_its_other_pages_say_why_they_are_bare(
    tmp_path,
):
    folder = make_folder("compare", tmp_path)
    desk = Desk(Library(tmp_path / "compare", {}), Bench())
    key = f"run:{folder.parent.name}/{folder.name}"
    told = text_of(body(View(page="decision", look_at=key), desk))
    choices = pd.read_parquet(folder / "decisions.parquet")
    assert set(choices["scenario"]) == {"tutorial", "base-case"}
    assert "at 50,000 USD per QALY" in told
    for row in choices[choices["wtp"] == 50_000].to_dict(orient="records"):
        assert re.search(rf"{row['scenario']}.*?{row['margin']:,.0f}\s+±\s{row['margin_mcse']:,.0f}", told), told
    for page in set(PAGES) - {"decision"}:
        assert "cannot be shown" not in text_of(body(View(page=page, look_at=key), desk)), page


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("command", ["run", "psa", "sweep", "scenario"])
def test_every_page_of_every_source_can_be_shown(desk, entries, page, command):
    key = "scenario:tutorial" if command == "scenario" else entries[command][0].key
    found = body(View(page=page, look_at=key, patient=3), desk)
    told = as_json(found)
    assert "cannot be shown" not in text_of(found), text_of(found)
    assert "Traceback" not in told
    assert len(text_of(found)) > 50


def test_a_page_without_its_tables_names_the_command_that_makes_them(desk, entries):
    changed = entries["run"][1]
    told = text_of(body(View(page="uncertainty", look_at=changed.key), desk))
    assert "no parameter draws" in told
    assert "igsim psa tutorial.toml" in told
    assert "igsim dsa tutorial.toml" in told
    told = text_of(body(View(page="programme", look_at=changed.key), desk))
    assert "describes no programme" in told
    assert "igsim capacity programme-shortage.toml" in told


def test_a_page_says_from_which_run_it_is(desk, entries):
    told = text_of(body(View(page="sweep", look_at=entries["run"][0].key), desk))
    assert f"From run folder {entries['sweep'][1].name}" in told, "the newest of the same scenario"


def test_broken_and_missing_runs_are_messages_and_the_list_is_at_hand(desk):
    for key, why in (
        ("run:tutorial/20000101-000000-altered", "altered since the run wrote it"),
        ("run:tutorial/none", "there is no run folder"),
        ("run:../../etc", "is no run folder"),
        ("scenario:none", "nor one of the scenarios"),
    ):
        told = text_of(body(View(page="decision", look_at=key), desk))
        assert why in told
        assert "Runs in" in told


def test_an_unknown_comparator_is_a_message(desk, entries):
    told = text_of(body(View(page="decision", look_at=entries["run"][0].key, against="nobody"), desk))
    assert "found nobody; one of none, primary, secondary" in told


# ---------------------------------------------------------------------- the decision


def test_net_benefits_and_their_errors_equal_those_of_the_run(desk, entries):
    source = desk.library.open(entries["run"][0].key)
    table = decision.benefits(source.tables, 50_000.0, "secondary").set_index("strategy")
    own = source.tables["incremental"].set_index("strategy")
    row = own[own["comparator"] == "secondary"].iloc[0] if (own["comparator"] == "secondary").any() else None
    increments = source.tables["increments"].set_index(["strategy", "comparator"]).loc[("none", "secondary")]
    expected = 50_000 * increments["delta_qaly"] - increments["delta_cost"]
    assert table.loc["none", "inmb"] == pytest.approx(expected)
    if row is not None:
        assert table.loc[row.name, "inmb"] == pytest.approx(row["inmb_50000"])
        assert table.loc[row.name, "inmb_mcse"] == pytest.approx(row["inmb_50000_mcse"])


def test_the_verdict_names_the_highest_mean_net_benefit_and_its_lead(desk, entries):
    source = desk.library.open(entries["run"][0].key)
    for wtp in (0.0, 50_000.0, 5_000_000.0):
        mean = source.tables["incremental"].set_index("strategy")[["cost", "qaly"]]
        benefit = (wtp * mean["qaly"] - mean["cost"]).sort_values()
        told = decision.verdict(source.tables, wtp, source.look)
        assert f"“{source.look.labels[benefit.index[-1]]}” has the highest" in told
        lead = f"{benefit.iloc[-1] - benefit.iloc[-2]:,.0f}"
        assert f"{lead} ±" in told
    assert "should" not in told


def test_over_draws_the_verdict_gives_their_spread(desk, entries):
    source = desk.library.open(entries["psa"][0].key)
    draws = source.tables["psa"].assign(nmb=lambda t: 50_000 * t["qaly"] - t["cost"])
    best = draws.groupby("strategy")["nmb"].mean().idxmax()
    wide = draws.pivot_table(index="draw", columns="strategy", values="nmb")
    share = (wide.idxmax(axis=1) == best).mean()
    told = decision.verdict(source.tables, 50_000.0, source.look)
    assert f"“{source.look.labels[best]}” has the highest mean net benefit over 60 draws" in told
    assert f"best of all in {share:.0%}" in told
    table = decision.benefits(source.tables, 50_000.0, "none").set_index("strategy")
    gain = wide["primary"] - wide["none"]
    assert table.loc["primary", "inmb_low"] == pytest.approx(np.quantile(gain, 0.025))
    assert table.loc["primary", "share_above_0"] == pytest.approx((gain > 0).mean())


# ---------------------------------------------------------------------- what-if


def test_a_what_if_answers_as_a_run_of_the_changed_scenario(desk):
    source = desk.library.open("scenario:tutorial")
    question = Question({PRICE: 10.0}, wtp=50_000.0, strategy="primary")
    found = answer(desk.bench, source, question, patients=500)
    changed = changed_scenario(source.scenario, question.moved)
    run = sim.run(changed, patients=500)
    assert found.tables[0].frame.equals(run.table())
    bars = found.figures["live_benefit"]["data"][:-1]
    against = decision.reference({"incremental": run.table()}, ())
    gains = decision.benefits({"increments": run.increments()}, 50_000.0, against).set_index("strategy")["inmb"]
    assert {bar["legendgroup"]: bar["x"][0] for bar in bars} == gains.to_dict()
    old = sim.run(source.scenario, patients=500)
    before = decision.benefits({"increments": old.increments()}, 50_000.0, against)["inmb"]
    np.testing.assert_array_equal(found.figures["live_benefit"]["data"][-1]["x"], before)
    assert "500 patients under each of 3 strategies, seed 1" in found.status
    assert found.command == f"igsim run tutorial.toml --patients 500 --set {PRICE}=10"


def test_where_nothing_is_moved_nothing_is_before(desk):
    source = desk.library.open("scenario:tutorial")
    found = answer(desk.bench, source, Question({PRICE: 40.0}, wtp=50_000.0), patients=100)
    base = answer(desk.bench, source, Question({}, wtp=50_000.0), patients=100)
    names = [[trace["name"] for trace in figure["data"]] for figure in base.figures.values()]
    assert not any("Before the change" in each for each in names)
    assert any(trace["name"] == "Before the change" for trace in found.figures["live_plane"]["data"])


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({PRICE: -1.0}, "immunoglobulin.price_per_gram: found -1"),
        ({"infections.grade_3plus": 0.0}, "can never fire"),
        ({"immunoglobulin.dose_g_per_kg": 0.0}, "dose_g_per_kg: found 0"),
    ],
)
def test_a_combination_that_cannot_be_meant_is_refused_by_the_models_own_rules(desk, moved, told):
    source = desk.library.open("scenario:tutorial")
    with pytest.raises(ScenarioError, match=re.escape(told)):
        answer(desk.bench, source, Question(moved, wtp=50_000.0), patients=100)
    with pytest.raises(UsageError, match="no such lever"):
        answer(desk.bench, source, Question({"analysis.seed": 1.0}, wtp=50_000.0), patients=100)


@pytest.mark.parametrize(("value", "number"), [("3.5", 3.5), (2, 2.0), (None, None), ("", None), ("nan", None)])
def test_numbers_from_boxes(value, number):
    assert as_number(value) == number


# ---------------------------------------------------------------------- patients and parameters


def test_differences_of_patients_are_those_of_the_run(desk):
    source = desk.library.open("scenario:tutorial")
    table = differences(source.scenario, 7, "primary", "none")
    values = patient_values(source.scenario, 1000, 7, ("cost", "qaly"))
    np.testing.assert_array_equal(table["delta_cost"], values["cost"][1] - values["cost"][0])
    other = differences(source.scenario, 8, "primary", "none")
    assert not np.array_equal(table["delta_cost"], other["delta_cost"]), "another seed is other patients"


def test_parameters_are_all_there_and_assumptions_are_marked(desk):
    source = desk.library.open("scenario:base-case")
    table = parameter_table(source).set_index("input")
    hr = table.loc["immunoglobulin.hr.grade_3plus"]
    assert (hr["value"], hr["distribution"], hr["uncertainty"]) == (
        0.38,
        "lognormal",
        "95 % 0.18 to 0.79; range 0.1 to 0.72",
    )
    assert table.loc["patients.weight_kg.mean", "standing"] == "assumption"
    assert table.loc["immunoglobulin.price_per_gram", "standing"] == "recalled"
    assert hr["standing"] == "sourced"


# ---------------------------------------------------------------------- figures on a page


def differences_table() -> Any:
    import pandas as pd

    columns = [
        "strategy",
        "comparator",
        "delta_cost",
        "delta_qaly",
        "delta_cost_mcse",
        "delta_qaly_mcse",
        "covariance",
    ]
    return pd.DataFrame(
        [("b", "a", 10.0, 0.1, 1.0, 0.01, 0.0), ("c", "a", 20.0, 0.1, 1.0, 0.01, 0.0)], columns=columns
    )


def test_a_heading_is_taken_out_of_a_figure_and_kept_for_its_image():
    figure = ce_plane_means(differences_table(), Look("USD", ("a", "b", "c"), {"a": "A <b>&"}), wtp=100.0)
    text, figure = figure.layout.title.text, figure.to_plotly_json()
    title, subtitle, height = headed(figure)
    assert title == "Cost-effectiveness plane against A <b>&"
    assert "Monte Carlo" in subtitle
    assert "title" not in figure["layout"]
    assert figure["layout"]["meta"]["title"]["text"] == text
    assert height > 400


def test_one_strategy_is_picked_out_by_fading_the_others_and_nothing_else():
    look = Look("USD", ("a", "b", "c"))
    figure = ce_plane_means(differences_table(), look, wtp=100.0).to_plotly_json()
    emphasise(figure, look, "b")
    opacity = {trace["name"]: trace.get("opacity") for trace in figure["data"]}
    assert opacity["b"] == 1.0
    assert opacity["c"] < 0.5
    assert opacity["100 USD per QALY"] is None
    bars = go.Figure(
        go.Bar(x=[1, 2], y=[look.tick("a"), look.tick("b")], orientation="h", name="item")
    ).to_plotly_json()
    emphasise(bars, look, "b")
    assert bars["data"][0]["marker"]["opacity"] == [pytest.approx(0.15), 1.0]


# ---------------------------------------------------------------------- two at once, hostile texts


def test_two_runs_stand_side_by_side_with_the_same_colours(desk, entries):
    first, second = entries["run"]
    found = body(View(page="decision", look_at=first.key, beside=second.key), desk)
    told = as_json(found)
    assert "side-1" in told
    assert "side-2" in told
    assert text_of(found).count("has the highest mean net benefit") == 2


def test_two_at_once_have_ids_of_their_own_and_the_same_scales(desk, entries):
    first, second = entries["run"]
    found = body(View(page="decision", look_at=first.key, beside=second.key), desk)
    ids = re.findall(r'"id": ("[^"]+"|\{[^}]+\})', as_json(found))
    assert len(ids) == len(set(ids)) > 10
    planes = {graph.id["name"]: graph.figure for graph in figures(found) if graph.id["name"].startswith("ce_plane")}
    one, other = planes["ce_plane-1"], planes["ce_plane-2"]
    one, other = one["layout"]["yaxis"]["range"], other["layout"]["yaxis"]["range"]
    assert one == other
    alone = [desk.library.open(e.key).figures.ce_plane().layout.yaxis.range for e in (first, second)]
    assert alone[0] != alone[1], "cheaper immunoglobulin has another scale by itself"
    assert one == [min(r[0] for r in alone), max(r[1] for r in alone)]


def test_of_two_scenarios_the_parameters_that_differ_are_shown(desk, entries):
    first, second = entries["run"]
    told = text_of(body(View(page="parameters", look_at=first.key, beside=second.key), desk))
    assert re.search(r"\b1 of \d+ numbers differ", told)
    assert re.search(rf"{re.escape(PRICE)}\s+100\s+60\s+USD per gram", told)


def test_amounts_in_different_currencies_are_not_to_be_compared(desk, entries):
    library = desk.library
    files = library.scenario_files | {"uk": sim.shipped_scenarios()["bcma-uk-nice"]}
    other = replace(desk, library=type(library)(library.root, files))
    found = body(View(page="parameters", look_at=entries["run"][0].key, beside="scenario:uk"), other)
    assert "different currencies, USD and GBP" in text_of(found)


@pytest.mark.parametrize("page", ["", "decision", "patients", "what-if", "parameters"])
def test_hostile_texts_are_texts(desk, page):
    view = View(page=page, look_at="scenario:hostile" if page else "")
    found = body(view, desk)
    assert "cannot be shown" not in text_of(found)
    source = desk.library.open("scenario:hostile")
    assert EVIL in text_of(header(replace(view, page="decision", look_at="scenario:hostile"), source))
    controls(view, source)
    # Components that would take markup from a text are not used at all.
    assert "dangerously" not in as_json(found)
    assert '"Markdown"' not in as_json(found)


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> tuple[Desk, str]:
    """A results folder with the analysis of a table that no scenario of ours made."""
    root = tmp_path_factory.mktemp("outside")
    return Desk(Library(root, {}), Bench()), make_folder("cea", root).name


@pytest.mark.parametrize("page", PAGES)
def test_the_analysis_of_an_outside_table_is_shown_as_far_as_it_goes(outside, page):
    desk, name = outside
    desk = Desk(Library(desk.library.root / "cea", {}), desk.bench)
    (entry,) = desk.library.runs()
    assert (entry.problem, entry.name.split("/")[1]) == ("", name)
    assert entry.title.startswith("Outside table ")
    assert entry.words == "3 iterations"
    told = text_of(body(View(page=page, look_at=entry.key), desk))
    assert "cannot be shown" not in told
    if page in ("decision", "uncertainty"):
        assert "Cost-effectiveness plane" in told
        assert "Fieller" not in told, "it has no such limits"
        source = desk.library.open(entry.key)
        offered = as_json(controls(View(page=page, look_at=entry.key), source))
        assert source.look.strategies == ("a", "b")
        assert all(f'"value": "{name}"' in offered for name in source.look.strategies), "they can be picked out"
    else:
        assert "outside table" in told


def test_the_value_of_information_of_an_outside_table_asks_for_no_scenario(tmp_path):
    make_folder("voi of a table", tmp_path)
    desk = Desk(Library(tmp_path / "voi of a table", {}), Bench())
    (entry,) = desk.library.runs()
    assert entry.title.startswith("Outside table ")
    for page in PAGES:
        told = text_of(body(View(page=page, look_at=entry.key), desk))
        assert "outside table" in told
        assert "igsim " not in told, "there is no scenario to play"


def test_a_programme_is_told_in_words_with_its_arms_side_by_side(tmp_path):
    folder = make_folder("capacity", tmp_path)
    desk = Desk(Library(tmp_path / "capacity", {}), Bench())
    (entry,) = desk.library.runs()
    told = text_of(body(View(page="programme", look_at=entry.key), desk))
    assert "Per replication First come, first served After a severe infection first Lowest IgG first" in told
    numbers = pd.read_parquet(folder / "capacity_numbers.parquet")
    own = numbers.set_index(["arm", "measure"]).loc[("first_come", "infusions_wanted")]
    assert f"Infusions due {own['mean']:,.0f} ± {own['ci_high'] - own['mean']:,.0f}" in told
    causes = pd.read_parquet(folder / "capacity_infections.parquet").set_index(["arm", "cause", "grade"])
    mild, severe = (causes.loc[("first_come", "bacterial", grade)] for grade in ("grade_1_2", "grade_3plus"))
    assert f"Bacterial {mild['mean']:,.1f} / {severe['mean']:,.1f} ({severe['delta']:,.2f})" in told
    # No column of a table by its name in a file.
    assert "ci_low" not in told.split("All tables")[0]
