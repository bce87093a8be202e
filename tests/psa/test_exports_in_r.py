"""What igsim psa writes for other tools, read and worked through in base R."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sim
from sim.report.psa_document import psa_tables

SCRIPT = Path(__file__).with_name("exports.R")


def worked_through(tables, folder):
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    command = ["Rscript", "--vanilla", str(SCRIPT), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="not tried: base R is not installed")
def test_r_reads_the_exports_as_they_are_and_finds_the_same(tmp_path):
    """Negative control: with the costs of two strategies exchanged R finds something else and says so."""
    price = {"value": 40, "unit": "USD per gram", "dist": "uniform", "range": [5, 75], "source": "assumption: wide"}
    scenario = sim.load("scenarios/tutorial.toml", overrides={"immunoglobulin.price_per_gram": price})
    tables = psa_tables(sim.run_psa(scenario, draws=150, patients=100, seed=3))
    done = worked_through(tables, tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ thresholds, \d+ EVPPI compared\n", done.stdout)
    costs = tables["export_costs"]
    exchanged = costs.set_axis([costs.columns[1], costs.columns[0], *costs.columns[2:]], axis=1)[list(costs.columns)]
    assert worked_through({**tables, "export_costs": exchanged}, tmp_path).returncode != 0
