"""`igsim psa`: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from sim.store import read_manifest

TUTORIAL = str(Path(__file__).resolve().parents[2] / "scenarios" / "tutorial.toml")
SMALL = ["--draws", "60", "--patients", "100"]


def test_everything_is_said_and_written(igsim, tmp_path):
    said = igsim("psa", TUTORIAL, *SMALL, "--out", str(tmp_path))
    assert said.status == 0, said.err
    for words in (
        "60 draws of",
        "the same patients' luck in every draw",
        "Incremental analysis of means over draws",
        "Decision uncertainty",
        "EVPI per patient",
        "Value of learning parameters",
        "Price of immunoglobulin per gram",
        "Precision of the INMB",
        "Best use of the same work",
    ):
        assert words in said.out, words
    (folder,) = Path(tmp_path, "tutorial").iterdir()
    manifest = read_manifest(folder)
    assert manifest["command"] == "psa"
    draws, played = pd.read_parquet(folder / "draws.parquet"), pd.read_parquet(folder / "psa.parquet")
    assert len(draws) == 60
    assert len(played) == 60 * 3
    assert pd.read_csv(folder / "psa.csv")["cost"].to_numpy() == pytest.approx(played["cost"].to_numpy())
    for table in (
        "by_wtp",
        "by_wtp_strategy",
        "evppi",
        "correlations",
        "precision",
        "leads",
        "convergence",
        "findings",
    ):
        assert (folder / f"{table}.parquet").is_file(), table
    assert (folder / "export_to_r.R").is_file()
    read_back = igsim("cea", str(folder / "psa.csv"), "--wtp", "50000", "--format", "json")
    assert json.loads(read_back.out)["settings"]["iterations"] == 60


def test_one_json_document_and_nothing_else(igsim):
    said = igsim("psa", TUTORIAL, *SMALL, "--no-save", "--format", "json", "--seed", "9")
    document = json.loads(said.out)
    assert (said.status, said.err) == (0, "")
    assert document["command"] == "psa"
    assert document["settings"]["seed"] == 9
    assert document["settings"]["draws"] == 60
    assert {row["name"] for row in document["strategies"]} == {"none", "primary", "secondary"}
    assert document["run"] == {"path": None}
    assert {"evpi", "evpi_corrected", "evpi_se"} <= document["by_wtp"][0].keys()


def test_few_draws_still_give_an_answer(igsim):
    said = igsim("psa", TUTORIAL, "--draws", "3", "--patients", "20", "--no-save")
    assert said.status == 0, said.err


def test_wanted_precision_is_told(igsim):
    said = igsim("psa", TUTORIAL, *SMALL, "--no-save", "--target-mcse", "2000")
    assert said.status == 0, said.err
    assert "wanted 2,000" in said.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--draws", "1"], "draws: found 1; must be from 2"),
        (["--patients", "0"], "patients: found 0"),
        (["--draws", "many"], "must be a whole number"),
        (["--target-mcse", "-3"], "target_mcse: found -3"),
        (["--set", "psa.draws=0"], "psa.draws"),
    ],
)
def test_what_cannot_be_used_is_refused(igsim, options, told):
    said = igsim("psa", TUTORIAL, *SMALL, "--no-save", *options)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_help_has_an_example(igsim):
    assert "igsim psa scenarios/base-case.toml" in igsim("psa", "--help").out
