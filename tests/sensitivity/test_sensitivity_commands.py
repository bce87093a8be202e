"""`igsim dsa`, `sweep` and `compare`: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.store import read_manifest
from tests.cli.conftest import Igsim
from tests.sensitivity.conftest import BASE_CASE, SCENARIOS, TUTORIAL

PRICE, HR = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
FEW = ("--patients", 50)


def words(*arguments: object) -> str:
    """What a command prints, without a process of its own."""
    said = CliRunner().invoke(build_app(), [str(argument) for argument in arguments], catch_exceptions=False)
    assert said.exit_code == 0
    return said.stdout


def answer(*arguments: object) -> Any:
    """The JSON document that a command prints."""
    return json.loads(words(*arguments))


def test_the_tornado_is_printed_and_kept(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("dsa", TUTORIAL, *FEW, "--top", 3)
    assert (said.status, said.err) == (0, "")
    assert "3 of 8 uncertain quantities are shown" in " ".join(said.out.split())
    (folder,) = (tmp_path / "results" / "tutorial").iterdir()
    manifest = read_manifest(folder)
    assert manifest["command"] == "dsa"
    table = pd.read_parquet(folder / "tornado.parquet")
    assert len(table) == 8
    assert table["swing"].abs().is_monotonic_decreasing
    document = json.loads((folder / "dsa.json").read_text())
    assert [row["path"] for row in document["tornado"]] == table["path"].tolist()


def test_the_other_questions_answer_in_json() -> None:
    options = ("--no-save", "--format", "json", *FEW)
    two_way = answer("dsa", TUTORIAL, "--two-way", f"{PRICE}=10:100:2", f"{HR}=0.2,0.8", *options)
    assert (two_way["kind"], len(two_way["decisions"]), len(two_way["strategies"])) == ("two-way", 4, 12)
    price = answer("dsa", TUTORIAL, "--price", PRICE, "--wtp", "0:100000:3", "--subgroup", "frailty<1", *options)
    assert len(price["thresholds"]) == 9
    assert {row["subgroup"] for row in price["thresholds"]} == {"frailty<1"}
    assert price["best_by_price"][-1]["price_high"] is None
    found = answer("dsa", TUTORIAL, "--threshold", PRICE, "--between", 1, 300, "--wtp", 100000, *options)
    assert found["scan"][0]["value"] == 1
    assert found["schema"] == 1
    assert found["run"] == {"path": None}


def test_a_sweep_writes_parquet_and_csv(igsim: Igsim, tmp_path: Path) -> None:
    ranges = ("--vary", f"{PRICE}=20:150:14", "--vary", f"{HR}=0.1:1:2")
    document = igsim("sweep", TUTORIAL, *ranges, *FEW, "--format", "json").document
    folder = tmp_path / document["run"]["path"]
    assert document["settings"]["points"] == 28
    read = [pd.read_parquet(folder / "sweep.parquet"), pd.read_csv(folder / "sweep.csv")]
    for table in read:
        assert len(table) == 28 * 3
        assert {"point", PRICE, HR, "strategy", "status", "cost", "cost_mcse", "inmb_50000"} <= {*table.columns}
    assert len(pd.read_csv(folder / "decisions.csv")) == 28 * 2


def test_a_sweep_says_how_often_each_is_best_and_what_matters() -> None:
    ranges = ("--vary", f"{PRICE}=20:150", "--vary", f"{HR}=0.1:1", "--no-save", *FEW)
    said = words("sweep", TUTORIAL, *ranges, "--design", "sobol", "--points", 6)
    assert "6 points of a Sobol sequence are not balanced" in said
    assert "Best at 50,000 per QALY, of 6 points:" in said
    indices = words("sweep", TUTORIAL, *ranges, "--sobol-indices", "ig_grams", "--strategy", "primary", "--points", 4)
    assert "Sobol indices of: ig_grams under primary" in indices


def test_comparing_shipped_models_with_weights(igsim: Igsim, tmp_path: Path) -> None:
    files = [SCENARIOS / f"{name}.toml" for name in ("base-case", "structural-alternatives", "marginal-effect")]
    said = igsim("compare", *files, "--weights", "0.5,0.3,0.2", *FEW)
    assert (said.status, said.err) == (0, "")
    assert "knowing which is right is worth" in said.out
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    assert [part["title"] for part in read_manifest(folder)["scenarios"]][2].startswith("Cohort hazard ratio")
    assert len(pd.read_parquet(folder / "losses.parquet")) == 3 * 4
    assert (folder / "scenario-3.toml").read_text() == files[2].read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dsa", TUTORIAL, "--price", PRICE, "--threshold", PRICE), "one question at a time"),
        (("dsa", TUTORIAL, "--between", 1, 2), "needs --threshold PATH"),
        (("dsa", TUTORIAL, "--price", HR), "is not a price: it also moves"),
        (("dsa", TUTORIAL, "--wtp", "0:1:2"), "must be one, except with --price"),
        (("dsa", TUTORIAL, "--patients", 1), "must be from 2"),
        (("dsa", TUTORIAL, "--outcome", "infections"), "no such outcome"),
        (("sweep", TUTORIAL, "--vary", f"{PRICE}=1:2"), "needs N for a grid"),
        (("sweep", TUTORIAL, "--vary", f"{HR}=0.1:20:3"), "must be from 0 to 10"),
        (("compare", TUTORIAL), "must be two or more"),
        (("compare", TUTORIAL, TUTORIAL), "is given twice"),
        (("compare", TUTORIAL, BASE_CASE, "--weights", "a,b"), "must be numbers: 0.5,0.3,0.2"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments: tuple[object, ...], message: str) -> None:
    said = CliRunner().invoke(build_app(), [str(argument) for argument in arguments])
    assert (said.exit_code, said.stdout) == (2, "")
    assert message in said.stderr


@pytest.mark.parametrize("command", ["dsa", "sweep", "compare"])
def test_help_shows_an_example(command: str) -> None:
    said = CliRunner().invoke(build_app(), [command, "--help"])
    assert said.exit_code == 0
    assert f"igsim {command} scenarios/base-case.toml" in " ".join(said.stdout.split())
