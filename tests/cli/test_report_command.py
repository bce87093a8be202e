"""`igsim report` from the shell: where it writes, and what it says of a folder that is none."""

from pathlib import Path

from tests.cli.conftest import TUTORIAL, Igsim


def test_a_run_is_reported_into_its_folder_which_stays_whole(igsim: Igsim, tmp_path: Path):
    igsim("run", TUTORIAL, "--patients", 50, "--out", "results")
    (folder,) = (tmp_path / "results" / "tutorial").iterdir()
    said = igsim("report", folder)
    assert (said.status, said.err) == (0, "")
    assert said.out.split() == [str(folder / "report.html"), str(folder / "workbook.xlsx")]
    assert "Tutorial" in (folder / "report.html").read_text()
    again = igsim("report", folder, "-o", "again.html", "--figures", "html", "--format", "json")
    assert again.document["report"] == "again.html"
    assert str(folder / "figures" / "ce_plane.html") in again.document["written"]
    assert len(list((folder / "figures").glob("*.html"))) > 8
    assert (tmp_path / "again.html").read_bytes() == (folder / "report.html").read_bytes(), "a report is reproducible"
    (folder / "outcomes.csv").write_text("altered")
    broken = igsim("report", folder)
    assert broken.status in (1, 2)
    assert "altered" in broken.err
    assert not broken.out
