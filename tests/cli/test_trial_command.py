"""`igsim trial` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim.report.run_figures import run_figures
from tests.cli.conftest import REPOSITORY, Igsim

TRIALS = REPOSITORY / "scenarios" / "trials.toml"
FEW = ("--replications", 20)


def test_it_says_what_a_study_estimates_and_what_bias_it_has(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("trial", TRIALS, "--trial", "multicentre_225", *FEW, "--workers", 2)
    assert said.status == 0, said.err
    for words in (
        "ever against never",
        "time-dependent",
        "Published: 0.72 (0.34–1.53)",
        "it flatters immunoglobulin",
        "by lifelines",
    ):
        assert words in said.out
    (folder,) = (tmp_path / "results" / "trials").iterdir()
    table = pd.read_parquet(folder / "trial_estimates.parquet")
    assert set(table["world"]) == {"as_modelled", "no_effect"}
    null = table[table["world"] == "no_effect"].set_index("analysis")
    assert null.loc["naive_cox", "mean"] < 0.75 < null.loc["time_dependent_cox", "mean"]
    assert len(pd.read_parquet(folder / "trial_replicates.parquet")) == 20 * 3 * 2
    figures = run_figures(folder)
    assert "trial_estimates" in figures.names
    assert figures.draw("trial_estimates").data
    drawn = igsim("plot", folder, "trial_estimates", "--trial", "multicentre_225")
    assert drawn.status == 0, drawn.err


def test_a_planned_trial_has_power_at_the_sizes_asked_for(igsim: Igsim) -> None:
    less = ("--set", 'trials.planned.analyses=["cox"]', "--set", "trials.planned.months=[]")
    said = igsim(
        "trial", TRIALS, "--trial", "planned", "--size", "60,500", *FEW, "--no-save", "--format", "json", *less
    )
    assert said.status == 0, said.err
    document = said.document
    assert document["settings"] == {"trials": {"planned": [60, 500]}, "replications": 20, "seed": 20251128}
    small, large = document["power"]
    assert (small["patients"], large["patients"]) == (60, 500)
    assert small["power"] < large["power"]
    assert small["schoenfeld_power"] < large["schoenfeld_power"]
    assert document["largest_difference_from_lifelines"] < 1e-5
    assert document["run"] == {"path": None}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((TRIALS, "--trial", "planed"), 'trial: found planed; must name a trial of this scenario: planned,'),
        ((TRIALS, "--size", "100,50"), "size: found 100, 50; must be whole numbers from 20 to 100,000, increasing"),
        ((TRIALS, "--size", "many"), "--size: found many; must be whole numbers, N,N,..."),
        ((TRIALS, "--replications", "3"), "replications: found 3; must be from 20 to 100,000"),
        ((REPOSITORY / "scenarios" / "tutorial.toml",), "trials: is missing; see docs/trials.md"),
    ],
    ids=["no such trial", "sizes fall", "sizes in words", "too few", "no trials"],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_by_name(
    igsim: Igsim, tmp_path: Path, arguments: tuple[object, ...], told: str
) -> None:
    said = igsim("trial", *arguments)
    assert said.status == 2
    assert told in said.err
    assert not list(tmp_path.rglob("*.parquet"))
