"""`igsim capacity` as a user runs it, and `igsim run` where patients compete."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim.build import compile_model
from sim.capacity import run_capacity
from sim.errors import UnsupportedByEngineError
from sim.model.accrual import COST_ITEMS
from sim.model.parts import GRADES
from sim.report.run_figures import run_figures
from sim.scenario import load, parse_setting
from tests.cli.conftest import REPOSITORY, Igsim

CENTRE = REPOSITORY / "scenarios" / "programme-shortage.toml"
SMALL = (
    "--replications", 2, "--set", "programme.years=3", "--set", "programme.warm_up_months=6",
    "--set", "programme.arrivals.1.patients_per_year=20",
)  # fmt: skip


def test_the_report_says_who_paid_and_the_folder_has_every_table(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("capacity", CENTRE, *SMALL)
    assert said.status == 0, said.err
    for words in (
        "An infusion centre in a shortage",
        "Who paid",
        "Infections by cause",
        "Cytomegalovirus",
        "Spend by calendar year",
        "Spend by item",
        "administration of immunoglobulin",
        "Warm-up: 6 months",
        "2028",
    ):
        assert words in said.out
    for label in ("First come, first served", "After a severe infection first", "Lowest IgG first"):
        assert f"{label}: " in said.out
    (folder,) = (tmp_path / "results" / "programme-shortage").iterdir()
    stems = {path.stem for path in folder.glob("*.parquet")}
    assert stems == {
        "capacity_numbers",
        "capacity_months",
        "capacity_hours",
        "capacity_infections",
        "capacity_spend",
        "capacity_years",
        "who_paid",
    }
    assert set(pd.read_parquet(folder / "who_paid.parquet")["arm"]) >= {"first_come", "indication", "lowest_igg"}
    figures = run_figures(folder)
    assert {name for name in figures.names if name.startswith("programme_")} == {
        "programme_stock", "programme_queue", "programme_utilisation", "programme_spend"
    }  # fmt: skip
    assert "swimlanes" not in figures.names
    assert all(figures.draw(name).data for name in (*figures.names, "who_paid"))


def test_the_document_has_every_arm_and_nothing_else_is_printed(igsim: Igsim) -> None:
    said = igsim("capacity", CENTRE, *SMALL, "--no-save", "--format", "json", "--workers", 2)
    assert said.status == 0, said.err
    assert said.document["command"] == "capacity"
    assert [arm["name"] for arm in said.document["arms"]] == ["first_come", "indication", "lowest_igg", "no_shortage"]
    due = said.document["arms"][0]["numbers"]["infusions_wanted"]
    assert due["ci_low"] < due["mean"] < due["ci_high"]
    # Two processes played what one does.
    here = run_capacity(load(CENTRE, overrides=dict(parse_setting(text) for text in SMALL[3::2])), replications=2)
    assert due["mean"] == here.mean("first_come", "infusions_wanted")[0]
    assert said.document["run"]["path"] is None
    causes, items = said.document["infections_by_cause"], said.document["spend_by_item"]
    arms = [arm["name"] for arm in said.document["arms"]]
    wanted = [(arm, cause, grade) for arm in arms for cause in here.scenario.infections.causes for grade in GRADES]
    assert [(row["arm"], row["cause"], row["grade"]) for row in causes] == wanted
    assert [(row["arm"], row["item"]) for row in items] == [(a, i) for a in (*arms, "unlimited") for i in COST_ITEMS]
    first = [row["mean"] for row in causes if row["arm"] == arms[0]]
    assert sum(first) == pytest.approx(said.document["arms"][0]["numbers"]["infections"]["mean"])


def test_whoever_plays_patients_one_by_one_refuses_and_says_who_does_not(igsim: Igsim) -> None:
    said = igsim("run", CENTRE)
    assert said.status == 2
    assert "igsim capacity" in said.err
    assert "chairs, supply.ivig" in said.err
    assert said.out == ""
    # psa, dsa, sweep, trace and all others come through here.
    with pytest.raises(UnsupportedByEngineError, match="igsim capacity"):
        compile_model(load(CENTRE))
    assert igsim("explain", CENTRE).status == 0


def test_a_scenario_without_a_programme_is_refused(igsim: Igsim) -> None:
    said = igsim("capacity", REPOSITORY / "scenarios" / "base-case.toml")
    assert said.status == 2
    assert "programme: is missing" in said.err


def test_a_faulty_file_of_starts_is_refused(igsim: Igsim, tmp_path: Path) -> None:
    (tmp_path / "starts.csv").write_text("start\nsoon\n")
    said = igsim("capacity", CENTRE, "--arrivals", "starts.csv")
    assert said.status == 2
    assert "line 2" in said.err
    assert not (tmp_path / "results").exists()


def test_starts_that_are_not_played_are_told(igsim: Igsim, tmp_path: Path) -> None:
    (tmp_path / "starts.csv").write_text("start\n2026-01-05\n2026-02-20\n2031-02-20\n2019-02-20\n")
    said = igsim("capacity", CENTRE, *SMALL, "--arrivals", "starts.csv", "--no-save")
    assert said.status == 0
    assert "2 of 4 starts in the file" in said.out
