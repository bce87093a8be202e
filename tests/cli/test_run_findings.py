"""Silent inputs and outputs of a run, looked for in every one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sim
from sim.cli import build_app
from sim.model.accrual import accrue
from sim.report.text import finding_lines
from sim.runs import result
from sim.runs.detect import Kind
from sim.scenario import from_tables
from tests.cli.conftest import BASE_CASE, TUTORIAL


@pytest.fixture(scope="module")
def tutorial():
    return sim.load("scenarios/tutorial.toml")


def test_a_sound_run_of_a_small_scenario_raises_no_suspicion(tutorial, monkeypatch):
    monkeypatch.setattr(result, "PROBED_FROM", 200)
    found = sim.run(tutorial, patients=200, seed=5).findings
    assert found == ()
    assert finding_lines(found) == []


def test_what_nobody_has_and_nothing_reads_is_named_with_its_reason():
    found = {f.where: f for f in sim.run(sim.load("scenarios/base-case.toml"), patients=50).findings}
    assert found["agents.talquetamab.stop_rate_per_month"].explanation == "no patient has talquetamab"
    assert found["regimens.scig.price_per_gram"].kind is Kind.UNUSED
    assert "immunoglobulin.hr.grade_3plus" not in found
    assert not any(path.startswith("voi.") for path in found)


def test_a_quantity_that_something_else_switches_off_moves_nothing(tutorial, monkeypatch):
    """Grade 1-2 infections cost nothing when they never happen: read by the model, without effect."""
    monkeypatch.setattr(result, "PROBED_FROM", 50)
    path, tables = "infections.causes.viral.cost.grade_1_2", tutorial.resolved()
    off = {f"infections.causes.viral.rate_per_month.{t}.grade_1_2": 0.0 for t in tutorial.targets}
    unit = tables["analysis"]["currency"] + " per infection"
    uncertain = {path: {"value": 100.0, "unit": unit, "dist": "gamma", "se": 30.0}}
    found = sim.run(from_tables(tables, overrides={**off, **uncertain}), patients=50).findings
    assert [(f.kind, f.where) for f in found if f.where == path] == [(Kind.FLAT, path)]
    on = sim.run(from_tables(tables, overrides=uncertain), patients=50).findings
    assert path not in {f.where for f in on}
    # A run shorter than the trial of every quantity does not try them.
    shorter = sim.run(from_tables(tables, overrides={**off, **uncertain}), patients=49).findings
    assert path not in {f.where for f in shorter}


@pytest.mark.parametrize("place", range(5))
def test_what_moves_one_strategy_of_many_moves_something(tutorial, monkeypatch, place):
    """Few strategies are tried first: a price that one of five pays is not taken for silent, whichever it is."""
    monkeypatch.setattr(result, "PROBED_FROM", 50)
    tables = tutorial.resolved()
    names = [f"s{k}" for k in range(5)]
    usual = ("route", "dose_g_per_kg", "vial_size_g", "interval_days", "onset_lag_days", "protection_days")
    usual += ("price_per_gram", "infusion_utility_decrement", "adherence")
    dear = {"value": 400.0, "unit": "USD per infusion", "dist": "gamma", "se": 20.0}
    own = {name: tables["immunoglobulin"][name] for name in usual}
    tables["regimens"] = {"dear": {**own, "administration_cost": dear}}
    tables["strategies"] |= {name: {**tables["strategies"]["primary"], "label": name} for name in names}
    tables["strategies"][names[place]]["regimen"] = "dear"
    tables["analysis"]["strategies"] = names
    found = {f.where for f in sim.run(from_tables(tables), patients=50).findings}
    assert "regimens.dear.administration_cost" not in found


def test_two_strategies_that_are_one_are_named(tutorial):
    tables = tutorial.resolved()
    tables["strategies"]["copy"] = {**tables["strategies"]["primary"], "label": "Primary by another name"}
    tables["analysis"]["strategies"] = ["none", "primary", "copy"]
    (found,) = (f for f in sim.run(from_tables(tables), patients=60).findings if f.kind is Kind.IDENTICAL)
    assert found.where == "primary and copy"


@pytest.mark.parametrize(
    ("where", "arguments", "status", "told"),
    [
        ("sim.runs.job", ["run", "--patients", "60"], 1, "cost items do not add up under primary: they come to "),
        (
            "sim.psa.job",
            ["psa", "--patients", "20", "--draws", "4"],
            0,
            "do not add up (1): primary. they miss the total by 12.50",
        ),
    ],
)
def test_cost_items_that_miss_the_total_are_told(monkeypatch, tmp_path, where, arguments, status, told):
    """A model that charges primary 12.50 too little: a run has no result to give, an analysis of draws warns."""

    def short(*given, **how):
        values = accrue(*given, **how)
        items = values["cost:igg_tests"].copy()
        items[1] -= 12.5
        return {**values, "cost:igg_tests": items}

    monkeypatch.setattr(f"{where}.accrue", short)
    command, *options = arguments
    said = CliRunner().invoke(
        build_app(), [command, str(TUTORIAL), *options, "--workers", "1", "--out", str(tmp_path)]
    )
    assert said.exit_code == status, said.output
    assert told in " ".join(said.output.split())
    assert any(tmp_path.rglob("findings.csv")) == (status == 0)


def test_the_command_says_and_writes_it(igsim, tmp_path):
    arguments = ["run", BASE_CASE, "--patients", "60", "--out", str(tmp_path)]
    said = igsim(*arguments)
    assert said.status == 0
    assert "Belongs to what no patient has and no strategy uses (" in said.out
    (folder,) = (tmp_path / "base-case").iterdir()
    written = json.loads((folder / "run.json").read_text())["findings"]
    assert {"kind", "where", "explanation"} == written[0].keys()
    assert (folder / "findings.csv").is_file()
    assert np.all([row["where"] for row in written])
