"""The report of a calibration: the fit, the posterior, and what cannot be known, from its own tables."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sim.calibrate import CalibrationResult
from sim.cli.answers import Answer, hand_over
from sim.cli.keeping import Keeping
from sim.cli.options import Format
from sim.figures.calibration import IDENTIFIED
from sim.report.calibrate_text import calibrate_document, calibrate_tables
from sim.report.page.folder import open_folder
from sim.report.page.parts import Plot
from sim.report.page.write import report_sections, write_report
from sim.report.run_figures import run_figures
from sim.report.workbook.run_workbook import write_run_workbook
from sim.scenario import input_names, target_names


@pytest.fixture(scope="module")
def folder(fitted: CalibrationResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    answer = Answer(calibrate_document(fitted), calibrate_tables(fitted), lambda console, folder: None, {})
    hand_over(answer, [fitted.scenario], Keeping(root), "calibration", time.perf_counter(), [], Format.JSON)
    (found,) = (root / "calibration").iterdir()
    return found


def test_what_the_data_cannot_tell_is_in_the_summary_and_beside_each_parameter(
    folder: Path, fitted: CalibrationResult
) -> None:
    sections = {section.key: section for section in report_sections([open_folder(folder)])}
    (head, points), *_ = sections["summary"].points
    assert head == "Calibration"
    assert any("do not identify" in point for point in points)
    (grid,) = [item for item in sections["posterior"].items if not isinstance(item, Plot)]
    verdicts = {row[0]: row[2] for row in grid.rows}
    table = fitted.parameters
    names = input_names(fitted.scenario)
    assert verdicts == {names.get(row.parameter, row.parameter): row.verdict for row in table.itertuples()}
    assert "converged" in sections["posterior"].paragraphs[0]
    drawn = [item.name for key in ("fit", "posterior") for item in sections[key].items if isinstance(item, Plot)]
    assert drawn == ["calibration_fit", "calibration_posterior"]


def test_targets_are_told_in_words_over_their_panels_and_in_the_tables(
    folder: Path, fitted: CalibrationResult
) -> None:
    names = target_names(fitted.scenario)
    above = [each.text.replace("<br>", " ") for each in run_figures(folder).calibration_fit().layout.annotations]
    assert above == [
        names[f"calibration.targets.{name}"] + ("" if target.fitted else " (not fitted)")
        for name, target in fitted.scenario.calibration.targets.items()
    ]
    sections = {section.key: section for section in report_sections([open_folder(folder)])}
    told, check = [item for item in sections["fit"].items if not isinstance(item, Plot)]
    assert {row[0].removesuffix(" (not fitted)") for row in told.rows} == {*names.values()}
    assert {row[0] for row in check.rows} == {*names.values()}


def test_a_posterior_stands_on_the_scale_of_its_prior(folder: Path, fitted: CalibrationResult) -> None:
    figure = run_figures(folder).calibration_posterior()
    told, silent = figure.data
    table = fitted.parameters
    assert len(told.x) == (table["contraction"] >= IDENTIFIED).sum() > 0
    assert len(silent.x) == (table["contraction"] < IDENTIFIED).sum() > 0
    row = table.sort_values("contraction", ascending=False).iloc[0]
    below = row["posterior_median"] < row["prior_median"]
    end = row["prior_low"] if below else row["prior_high"]
    expected = (row["posterior_median"] - row["prior_median"]) / abs(end - row["prior_median"])
    np.testing.assert_allclose(told.x[0], expected)


def test_report_and_workbook_are_written(folder: Path, tmp_path: Path) -> None:
    assert write_report([folder], tmp_path / "report.html").stat().st_size < 8_000_000
    book = openpyxl.load_workbook(write_run_workbook([folder], tmp_path / "w.xlsx"))
    assert {"Targets", "Prior and posterior", "Posterior draws"} <= set(book.sheetnames)
    draws = pd.read_parquet(folder / "posterior.parquet")
    assert book["Posterior draws"].max_row == len(draws) + 1
