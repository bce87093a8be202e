"""The workbook of a run: its numbers are those of the tables, as numbers; no text is ever a formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sim.errors import ResultsError
from sim.report.workbook.run_workbook import write_run_workbook
from sim.report.workbook.sheets import Sheet, cell, write_workbook
from tests.run_folders import COMMANDS

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "http://example.org", "<b>x</b>", "123", "\t=1"]


def frame_of(book: openpyxl.Workbook, sheet: str) -> pd.DataFrame:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return pd.DataFrame(rows, columns=list(head))


@pytest.mark.parametrize("kind", [*COMMANDS, "cea"])
def test_every_command_has_a_workbook_with_frozen_heads_and_named_ranges(kind: str, folder_of, tmp_path: Path):
    book = openpyxl.load_workbook(write_run_workbook([folder_of(kind)], tmp_path / "w.xlsx"))
    assert {"Summary", "Manifest"} <= set(book.sheetnames)
    assert len(book.defined_names) == len(book.sheetnames)
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "B2"
        assert not [each for line in sheet.iter_rows() for each in line if each.data_type == "f"]


def test_numbers_of_a_run_and_its_draws_are_those_of_the_tables(folder_of, tmp_path: Path):
    folders = [folder_of("run"), folder_of("psa")]
    book = openpyxl.load_workbook(write_run_workbook(folders, tmp_path / "w.xlsx"))
    for sheet, table in (("Incremental", "incremental"), ("Increments", "increments")):
        expected = pd.read_parquet(folders[0] / f"{table}.parquet")
        found = frame_of(book, sheet)
        assert list(found.columns) == list(expected.columns)
        for column in expected.select_dtypes("number"):
            np.testing.assert_allclose(found[column].astype(float), expected[column], rtol=1e-14)
    draws = frame_of(book, "PSA draws psa 2")
    psa = pd.read_parquet(folders[1] / "psa.parquet")
    np.testing.assert_allclose(draws["cost"], psa["cost"], rtol=1e-14)
    curve = frame_of(book, "CEAC psa 2").set_index("wtp")
    table = pd.read_parquet(folders[1] / "by_wtp_strategy.parquet")
    row = table[(table["wtp"] == 50_000) & (table["strategy"] == "primary")].iloc[0]
    assert curve.loc[50_000, "ceac primary"] == pytest.approx(row["ceac"])
    sheet = book["Incremental"]
    formats = {line.value: sheet.cell(3, line.column).number_format for line in sheet[1]}
    assert (formats["cost"], formats["qaly"]) == ("#,##0.00", "0.0000")
    outcomes = frame_of(book, "Outcomes").set_index("component")
    assert outcomes.loc["ig_grams", "primary"] > outcomes.loc["ig_grams", "none"] == 0
    (place,) = book.defined_names["incremental"].destinations
    assert place == (
        "Incremental",
        f"$A$1:{cell(len(frame_of(book, 'Incremental')), sheet.max_column - 1, fixed=True)}",
    )


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path):
    table = pd.DataFrame({"name": HOSTILE, "=head": np.arange(len(HOSTILE), dtype=float)})
    table.loc[0, "=head"] = np.inf
    path = write_workbook(tmp_path / "w.xlsx", [Sheet("S", "s", table)])
    sheet = openpyxl.load_workbook(path)["S"]
    assert [(line.value, line.data_type) for line in sheet["A"][1:]] == [(text, "s") for text in HOSTILE]
    assert [line.quotePrefix for line in sheet["A"][1:]] == [True, True, True, True, False, False, False, True]
    assert (sheet["B1"].value, sheet["B1"].data_type) == ("=head", "s")
    assert sheet["B2"].value == "infinite"
    assert not sheet._hyperlinks


def test_a_workbook_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    with pytest.raises(ResultsError, match="cannot be written"):
        write_workbook(tmp_path / "missing" / "w.xlsx", [Sheet("S", "s", pd.DataFrame({"a": [1]}))])
    assert not list(tmp_path.iterdir())


def test_addresses():
    assert [cell(0, 0), cell(4, 25), cell(0, 26), cell(9, 701), cell(0, 702)] == ["A1", "Z5", "AA1", "ZZ10", "AAA1"]
