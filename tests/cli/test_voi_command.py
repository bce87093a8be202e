"""`igsim voi`: the same answer from a scenario and from its run folder, anyone's tables, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.store import read_manifest

ROOT = Path(__file__).resolve().parents[2]
BASE = str(ROOT / "scenarios" / "base-case.toml")
SMALL = ["--draws", "50", "--patients", "20", "--seed", "3", "--workers", "1"]
TOYS = ["--set", "analysis.wtp_per_qaly=[400000,600000]"]


def here(*words: str) -> SimpleNamespace:
    """The command in this process, which spares the imports; the first two tests run it as users do."""
    said = CliRunner().invoke(build_app(), list(words))
    return SimpleNamespace(status=said.exit_code, out=said.stdout, err=said.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run folder of a small probabilistic analysis with a trial in its scenario."""
    home = tmp_path_factory.mktemp("voi")
    said = here("psa", BASE, *SMALL, *TOYS, "--out", str(home))
    assert said.status == 0, said.err
    (found,) = Path(home, "base-case").iterdir()
    return found


def test_a_run_folder_and_its_scenario_give_the_same_to_the_last_bit(igsim, folder):
    sizes = ["--n", "50,400", "--no-save", "--format", "json"]
    of_folder = json.loads(igsim("voi", str(folder), *sizes).out)
    of_scenario = json.loads(igsim("voi", BASE, *SMALL, *TOYS, *sizes).out)
    for part in ("by_wtp", "evppi", "evsi", "best_sizes", "designs"):
        assert of_folder[part] == of_scenario[part], part
    assert of_folder["settings"]["wtp_per_qaly"] == [400_000, 600_000]
    evpi = {row["wtp"]: row["evpi"] for row in of_folder["by_wtp"]}
    assert max(evpi.values()) > 0
    for row in of_folder["evppi"]:
        assert 0 <= row["evppi"] <= evpi[row["wtp"]] * (1 + 1e-12)
    for row in of_folder["evsi"]:
        assert 0 <= row["evsi"] <= row["evppi"] + 1e-9
        assert row["enbs"] == pytest.approx(row["patients"] * row["evsi"] - row["cost"])


def test_everything_is_said_written_and_drawn(igsim, folder, tmp_path):
    said = igsim("voi", str(folder), "--design", "trial", "--n", "50,400", "--out", str(tmp_path))
    assert said.status == 0, said.err
    for words in (
        "Value of perfect information (USD)",
        "Value of learning parameters at 400,000 per QALY",
        "value of a trial by its size",
        "patients per arm",
        "34,630 discounted patients",
        "ENBS",
    ):
        assert words in said.out, words
    (written,) = Path(tmp_path, "base-case").iterdir()
    assert read_manifest(written)["command"] == "voi"
    evsi = pd.read_parquet(written / "evsi.parquet")
    assert evsi["n_per_arm"].tolist() == [50, 400, 50, 400]
    listed = here("plot", str(written)).out
    for figure in ("evppi", "evsi", "enbs", "evpi", "population_evpi"):
        assert figure in listed.split(), figure
    for figure in ("evppi", "enbs", "population_evpi"):
        drawn = here("plot", str(written), figure, "-o", str(tmp_path / f"{figure}.html"))
        assert drawn.status == 0, drawn.err


def test_a_population_of_none_pays_for_no_trial(folder):
    said = here("voi", str(folder), "--n", "100000000", "--no-save")
    assert (said.status, said.out) == (2, "")
    said = here("voi", str(folder), "--n", "1000000", "--wtp", "400000", "--no-save")
    assert "no size asked for is worth its cost" in said.out


# ---------------------------------------------------------------------- anyone's tables


FILES = ("costs", "effects", "parameters")


@pytest.fixture
def outside(tmp_path):
    """SAVI's three files of a product: INB = ab; with R's row numbers in the parameters."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 1000))
    pd.DataFrame({"old": np.zeros(1000), "new": np.zeros(1000)}).to_csv(tmp_path / "costs.csv", index=False)
    pd.DataFrame({"old": np.zeros(1000), "new": a * b}).to_csv(tmp_path / "effects.csv", index=False)
    parameters = pd.DataFrame({"a": a, "b": b}, index=pd.RangeIndex(1, 1001))
    parameters.to_csv(tmp_path / "parameters.csv")
    wide = parameters.assign(cost_old=0, cost_new=0, effect_old=0, effect_new=a * b)
    wide.to_csv(tmp_path / "wide.csv", index_label="sample")
    return tmp_path


def test_three_files_and_one_table_give_the_same(outside):
    asked = ["--wtp", "1", "--group", "both=a,b", "--no-save", "--format", "json"]
    effects, parameters = str(outside / "effects.csv"), str(outside / "parameters.csv")
    three = here("voi", str(outside / "costs.csv"), "--effects", effects, "--parameters", parameters, *asked)
    one = here("voi", str(outside / "wide.csv"), *asked)
    assert (three.status, one.status) == (0, 0), three.err + one.err
    three, one = json.loads(three.out), json.loads(one.out)
    assert [row["evppi"] for row in three["evppi"]] == pytest.approx([row["evppi"] for row in one["evppi"]])
    assert three["evppi"][0]["name"] == "both"
    assert three["evppi"][0]["evppi"] == pytest.approx(1 / np.pi, abs=0.07)
    assert three["settings"]["population"] is None


@pytest.mark.parametrize("kind", ["a table", "a run folder"])
def test_workers_share_the_regressions_of_draws_that_are_there(kind, outside, folder):
    """The same bytes; what was left unfinished is known by its source, so nothing of another one is taken up."""
    source = str(outside / "wide.csv") if kind == "a table" else str(folder)
    written = []
    for number in ("1", "2"):
        home = outside / f"by {number}"
        said = here("voi", source, "--wtp", "400000", "--workers", number, "--resume", "--out", str(home))
        assert said.status == 0, said.err
        (run,) = home.glob("*/2*")
        written.append([(run / f"{table}.csv").read_bytes() for table in ("by_wtp", "evppi", "evsi")])
        assert not [*home.glob("*/.unfinished*")]
    assert written[0] == written[1]


def test_files_without_a_scenario_are_told_apart_and_reported(outside):
    """Of three files with other effects the numbers are others: the manifest must say so."""
    effects, parameters = str(outside / "effects.csv"), str(outside / "parameters.csv")
    asked = ["--effects", effects, "--parameters", parameters, "--group", "both=a,b", "--out", str(outside / "runs")]
    said = here("voi", str(outside / "costs.csv"), *asked, "--report", "--format", "json")
    assert said.status == 0, said.err
    folder = Path(json.loads(said.out)["run"]["path"])
    digests = [hashlib.sha256((outside / f"{name}.csv").read_bytes()).hexdigest() for name in FILES]
    table = json.loads((folder / "manifest.json").read_text())["table"]
    assert [table["sha256"], *(file["sha256"] for file in table["with"])] == digests
    assert table["options"] == {"--group": ["both=a,b"]}
    page = (folder / "report.html").read_text()
    assert " ".join(digests) in page
    assert ", ".join(str(outside / f"{name}.csv") for name in FILES) in page.replace("<wbr>", "")
    other = pd.read_csv(effects) * 2
    other.to_csv(effects, index=False)
    again = json.loads(here("voi", str(outside / "costs.csv"), *asked, "--format", "json").out)
    assert again["run"]["path"].rsplit("-", 1)[1] != folder.name.rsplit("-", 1)[1]


def test_a_trial_of_a_table(tmp_path):
    rng = np.random.default_rng(2)
    c, t = rng.beta(6, 14, 500), rng.beta(5, 15, 500)
    pd.DataFrame({"pc": c, "pt": t, "nb1": 0, "nb2": 1e4 * (c - t)}).to_csv(tmp_path / "t.csv", index=False)
    said = here(
        *("voi", str(tmp_path / "t.csv"), "--nmb", "nb1,nb2", "--arms", "pc,pt", "--n", "20,200"),
        *("--population", "1000,10,0.035", "--trial-cost", "100000,1000,100,1", "--out", str(tmp_path / "runs")),
    )
    assert said.status == 0, said.err
    assert "pt against pc" in said.out
    assert "per QALY" not in said.out
    (written,) = Path(tmp_path, "runs", "t").iterdir()
    assert here("plot", str(written), "enbs", "-o", str(tmp_path / "e.html")).status == 0
    row = pd.read_parquet(written / "evsi.parquet").iloc[1]
    assert row["years_to_report"] == pytest.approx(2 * 200 / 100 + 1)
    assert row["cost"] == pytest.approx(100_000 + 2 * 200 * 1000)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--n", "0"], "--n: found 0; a whole number from 1"),
        (["--n", "50,,many"], "--n: found many"),
        (["--design", "mine"], "design: found mine; one of trial"),
        (["--effects", "x.csv"], "--effects: is not an option for a scenario"),
        (["--wtp", "-1"], "--wtp: found -1"),
        (["--draws", "20"], "at least 50 to fit a regression"),
    ],
)
def test_what_a_scenario_cannot_use_is_refused(options, told):
    said = here("voi", BASE, "--draws", "60", "--patients", "20", "--no-save", *options)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--draws", "9"], "--draws: is not an option for a table"),
        (["--group", "both"], "--group: found both; must be NAME=COLUMN,COLUMN"),
        (["--group", "both=a,z"], "--group both: found z; one of the parameters a, b"),
        (["--arms", "a"], "must be two columns"),
        (["--arms", "a,b"], "parameter a"),
        (["--trial-cost", "1,2"], "needs --arms"),
        (["--population", "1,2"], "must be PER_YEAR,YEARS,RATE"),
        (["--nmb", "a,q"], "net benefit: found q; one of the columns"),
        (["--parameters", "none.csv"], "no such file"),
    ],
)
def test_what_a_table_cannot_use_is_refused(outside, options, told):
    said = here("voi", str(outside / "wide.csv"), "--no-save", *options)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_a_run_of_another_command_has_no_draws(tmp_path):
    here("run", str(ROOT / "scenarios" / "tutorial.toml"), "--patients", "20", "--out", str(tmp_path))
    (run,) = Path(tmp_path, "tutorial").iterdir()
    said = here("voi", str(run), "--no-save")
    assert said.status == 2
    assert "a run folder of igsim psa" in said.err


def test_help_has_an_example():
    assert "igsim voi scenarios/base-case.toml" in here("voi", "--help").out
