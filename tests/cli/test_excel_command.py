"""`igsim excel` from the shell: out, edited, back; what it refuses is one message and status 2."""

from pathlib import Path

import openpyxl

from tests.cli.conftest import TUTORIAL, Igsim


def test_parameters_go_out_and_come_back(igsim: Igsim, tmp_path: Path):
    assert igsim("excel", "export", TUTORIAL).out.strip() == "tutorial.xlsx"
    same = igsim("excel", "import", "tutorial.xlsx", TUTORIAL, "-o", "same.toml")
    assert (same.status, same.out.strip()) == (0, "0 changed cells; same.toml written")
    assert (tmp_path / "same.toml").read_bytes() == TUTORIAL.read_bytes()
    book = openpyxl.load_workbook(tmp_path / "tutorial.xlsx")
    (row,) = [line for line in book["Parameters"].iter_rows() if line[0].value == "immunoglobulin.price_per_gram"]
    row[1].value = 33
    book.save(tmp_path / "edited.xlsx")
    said = igsim("excel", "import", "edited.xlsx", TUTORIAL, "--diff")
    assert f"Parameters!{row[1].coordinate}  immunoglobulin.price_per_gram, value: 100 -> 33" in said.out
    assert "1 changed cell; nothing written" in said.out
    row[1].value = "=2*B3"
    book.save(tmp_path / "edited.xlsx")
    refused = igsim("excel", "import", "edited.xlsx", TUTORIAL, "-o", "new.toml")
    assert (refused.status, refused.out) == (2, "")
    assert f"Parameters!{row[1].coordinate}" in refused.err
    assert not (tmp_path / "new.toml").exists()
    assert igsim("excel", "import", "edited.xlsx", TUTORIAL).status == 2


def test_a_run_becomes_a_workbook(igsim: Igsim, tmp_path: Path):
    igsim("run", TUTORIAL, "--patients", 50, "--out", "results")
    (folder,) = (tmp_path / "results" / "tutorial").iterdir()
    assert igsim("excel", "run", folder).out.strip() == str(folder / "workbook.xlsx")
    assert "Incremental" in openpyxl.load_workbook(folder / "workbook.xlsx").sheetnames
    assert igsim("excel", "run", folder, "-o", "w.csv").status == 2
