"""`igsim run`: the answer, its JSON shape, its folder, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from sim.scenario import load
from tests.cli.conftest import BASE_CASE, TUTORIAL, Igsim

STRATEGIES = ["none", "primary", "preemptive", "secondary"]


def test_the_base_case_is_one_command(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("run", BASE_CASE)
    assert (said.status, said.err) == (0, "")
    assert "100,000 patients under each of 4 strategies" in said.out
    for name in STRATEGIES:
        assert f"\n {name} " in said.out
    for status in ("reference", "on frontier", "extendedly dominated"):
        assert status in said.out
    words = " ".join(said.out.split())
    assert re.search(
        r"Of 32\d inputs 24\d are assumed, without a direct source: analysis.horizon_months, patients", words
    )
    assert "infections.causes.bacterial (" in words
    assert "recalled, not yet confirmed" in words
    assert "Parameter uncertainty is not part of this run" in said.out
    (folder,) = (tmp_path / "results" / "base-case").iterdir()
    assert f"Run folder: {Path('results') / 'base-case' / folder.name}" in said.out


def test_both_engines_print_exactly_the_same_numbers(igsim: Igsim) -> None:
    fast = igsim("run", BASE_CASE, "--patients", 2000, "--engine", "numpy", "--no-save")
    slow = igsim("run", BASE_CASE, "--patients", 2000, "--engine", "simpy", "--no-save")
    assert fast.out == slow.out
    assert fast.status == slow.status == 0


def test_the_document_has_the_promised_shape_and_the_engines_give_it_bit_for_bit(igsim: Igsim) -> None:
    documents = {
        engine: igsim(
            "run", BASE_CASE, "--patients", 500, "--engine", engine, "--no-save", "--format", "json"
        ).document
        for engine in ("numpy", "simpy")
    }
    document = documents["numpy"]
    assert document["schema"] == 1
    assert document["command"] == "run"
    assert [strategy["name"] for strategy in document["strategies"]] == STRATEGIES
    for strategy in document["strategies"]:
        assert {"cost", "cost_mcse", "qaly", "qaly_mcse", "life_years", "infections_any"} <= strategy.keys()
        assert {"infections_grade3plus", "ig_grams", "infection_death", "hospital_days"} <= strategy.keys()
        assert sum(strategy["costs"].values()) == pytest.approx(strategy["cost"], rel=1e-12)
        assert strategy["infections_any"] == pytest.approx(sum(strategy["infections"].values()), rel=1e-12)
    statuses = {row["status"] for row in document["incremental"]}
    assert statuses <= {"reference", "on frontier", "dominated", "extendedly dominated"}
    for row in document["incremental"]:
        assert set(row["inmb"]) == {"50000", "100000", "150000"}
        if row["status"] == "reference":
            assert row["comparator"] is None
            assert row["icer"] is None
        else:
            expected = 100_000 * row["delta_qaly"] - row["delta_cost"]
            assert row["inmb"]["100000"] == pytest.approx(expected, rel=1e-9)
            assert row["inmb_mcse"]["100000"] > 0
    assert document["run"] == {"path": None}
    documents["simpy"]["settings"]["engine"] = "numpy"
    assert documents["simpy"] == document


def test_a_setting_changes_what_it_names_and_is_recorded(igsim: Igsim, tmp_path: Path) -> None:
    arguments = ("run", BASE_CASE, "--patients", 1000, "--format", "json")
    plain = igsim(*arguments, "--no-save").document
    cheap = igsim(*arguments, "--set", "immunoglobulin.price_per_gram=50").document
    for before, after in zip(plain["strategies"], cheap["strategies"], strict=True):
        assert after["costs"]["immunoglobulin"] == pytest.approx(before["costs"]["immunoglobulin"] / 2, rel=1e-12)
        assert after["qaly"] == before["qaly"]
        assert after["infections_any"] == before["infections_any"]
    manifest = json.loads((tmp_path / cheap["run"]["path"] / "manifest.json").read_text())
    assert manifest["settings"]["set"] == ["immunoglobulin.price_per_gram=50"]
    assert cheap["scenario"]["digest"] != plain["scenario"]["digest"]


def test_the_run_folder_tells_where_its_numbers_come_from(igsim: Igsim, tmp_path: Path) -> None:
    document = igsim("run", TUTORIAL, "--patients", 300, "--seed", 0, "--out", "runs", "--format", "json").document
    folder = tmp_path / document["run"]["path"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"] == "run"
    assert manifest["settings"]["seed"] == 0  # seed 0 is a seed
    assert manifest["scenario"]["text"] == TUTORIAL.read_text(encoding="utf-8")
    assert (folder / "scenario.toml").read_text(encoding="utf-8") == TUTORIAL.read_text(encoding="utf-8")
    assert manifest["scenario"]["digest"] == load(TUTORIAL).digest
    assert {"python", "packages", "platform", "git_revision"} <= manifest["environment"].keys()
    listed = {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert manifest["files"].keys() == listed
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    table = pd.read_parquet(folder / "outcomes.parquet")
    assert table.columns.tolist() == ["strategy", "component", "mean", "mcse"]
    cost = table[(table["component"] == "cost") & (table["strategy"] == "none")]["mean"].item()
    assert cost == document["strategies"][0]["cost"]
    pd.testing.assert_frame_equal(table, pd.read_csv(folder / "outcomes.csv"), check_dtype=False, rtol=1e-12)
    incidence = pd.read_parquet(folder / "cumulative_incidence.parquet")
    assert (incidence.groupby(["strategy", "kind"])["probability"].diff().dropna() >= 0).all()


def test_the_same_seed_gives_the_same_tables_and_no_run_replaces_another(igsim: Igsim, tmp_path: Path) -> None:
    arguments = ("run", TUTORIAL, "--patients", 300, "--format", "json")
    folders = [tmp_path / igsim(*arguments).document["run"]["path"] for _ in range(2)]
    assert folders[0] != folders[1]
    for name in ("outcomes", "incremental", "cumulative_incidence"):
        for ending in ("parquet", "csv"):
            assert (folders[0] / f"{name}.{ending}").read_bytes() == (folders[1] / f"{name}.{ending}").read_bytes()
    other = igsim(*arguments, "--seed", 2).document
    assert (
        other["strategies"][0]["cost"] != json.loads((folders[0] / "run.json").read_text())["strategies"][0]["cost"]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-file.toml"], ["no-such-file.toml"]),
        ([BASE_CASE, "--patients", "0"], ["patients", "found 0", "1 to 1,000,000,000"]),
        ([BASE_CASE, "--seed", "-1"], ["seed", "found -1"]),
        ([BASE_CASE, "--patients", "many"], ["many"]),
        ([BASE_CASE, "--engine", "fortran"], ["fortran", "numpy", "simpy"]),
        ([BASE_CASE, "--set", "immunoglobulin.hr.grade3plus=0.5"], ["grade3plus", "did you mean"]),
        ([BASE_CASE, "--set", "immunoglobulin.hr.grade_3plus=-0.5"], ["grade_3plus", "found -0.5"]),
        ([BASE_CASE, "--set", "immunoglobulin.hr.grade_3plus"], ["PATH=VALUE"]),
        ([BASE_CASE, "--format", "yaml"], ["yaml"]),
    ],
)
def test_bad_input_ends_with_status_2_one_message_and_no_folder(
    igsim: Igsim, tmp_path: Path, arguments: list[object], words: list[str]
) -> None:
    said = igsim("run", *arguments)
    assert said.status == 2
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert not (tmp_path / "results").exists()


def test_a_results_folder_that_cannot_be_written_is_one_clear_error(igsim: Igsim, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("in the way")
    said = igsim("run", TUTORIAL, "--patients", 10)
    assert said.status == 1
    assert "cannot be written" in said.err
    assert (tmp_path / "results").read_text() == "in the way"
