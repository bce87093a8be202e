"""`igsim report` from the shell: where it writes, and what it says of a folder that is none."""

from pathlib import Path

import pytest
import typer

from sim.cli import build_app
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


@pytest.mark.parametrize(
    "command", [("run",), ("compare", TUTORIAL.with_name("mine.toml"))], ids=["a run", "a comparison"]
)
def test_a_command_writes_the_report_of_its_run_folder_where_asked(igsim: Igsim, tmp_path: Path, command):
    mine = tmp_path / "mine.toml"
    mine.write_text(TUTORIAL.read_text())
    words = [mine if isinstance(word, Path) else word for word in command]
    said = igsim(*words, TUTORIAL, "--patients", 20, "--out", tmp_path / "kept", "--report", "--format", "json")
    assert (said.status, said.err) == (0, "")
    folder, report, workbook = (Path(said.document["run"][name]) for name in ("path", "report", "workbook"))
    assert (report, workbook) == (folder / "report.html", folder / "workbook.xlsx")
    assert workbook.exists()
    assert igsim("report", folder, "-o", tmp_path / "again.html").status == 0
    assert report.read_bytes() == (tmp_path / "again.html").read_bytes()
    without = igsim(*words, TUTORIAL, "--patients", 20, "--out", tmp_path / "plain", "--format", "json")
    assert list(without.document["run"]) == ["path"]
    assert not [*Path(without.document["run"]["path"]).glob("*.html")]


def test_every_command_that_keeps_a_run_folder_can_report_it():
    commands = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    options = {
        name: {option for each in command.params for option in each.opts} for name, command in commands.items()
    }
    keeping = {name for name, has in options.items() if "--save" in has}
    assert keeping > {"run", "psa", "dsa", "sweep", "compare", "capacity", "calibrate", "trial"}
    assert keeping == {name for name, has in options.items() if "--report" in has}


def test_no_report_of_what_is_not_kept(igsim: Igsim):
    said = igsim("run", TUTORIAL, "--no-save", "--report")
    assert (said.status, said.out) == (2, "")
    assert "--report: found --no-save; needs a run folder: --save" in said.err
