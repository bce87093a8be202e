"""`igsim plot`: lists, draws, and says clearly what it cannot do."""

from pathlib import Path

import pytest

from tests.cli.conftest import TUTORIAL, Igsim


@pytest.fixture
def folder(igsim: Igsim, tmp_path: Path) -> Path:
    igsim("run", TUTORIAL, "--patients", 50, "--out", "results")
    (found,) = (tmp_path / "results" / "tutorial").iterdir()
    return found


def test_a_run_is_listed_and_drawn_without_touching_its_folder(igsim: Igsim, folder: Path, tmp_path: Path):
    before = sorted(path.name for path in folder.iterdir())
    listed = igsim("plot", folder)
    assert listed.status == 0
    assert {"ce_plane", "costs_by_item", "swimlanes"} <= {line.split()[0] for line in listed.out.splitlines()}
    drawn = igsim("plot", folder, "costs_by_item")
    assert (drawn.status, drawn.out.strip(), drawn.err) == (0, "costs_by_item.html", "")
    assert "<html>" in (tmp_path / "costs_by_item.html").read_text()
    swim = igsim("plot", folder, "swimlanes", "--patient", 3, "-o", "p.html")
    assert swim.status == 0
    assert "Patient 3 under each strategy" in (tmp_path / "p.html").read_text()
    assert sorted(path.name for path in folder.iterdir()) == before


def test_what_cannot_be_drawn_is_one_message_and_status_2(igsim: Igsim, folder: Path):
    for arguments, words in (
        (("ceac",), "no table for the figure"),
        (("ce_plane", "-o", "plane.gif"), "must end in one of"),
        (("ce_plane", "--published", "points.csv"), "must go with the figure cumulative_incidence"),
    ):
        said = igsim("plot", folder, *arguments)
        assert said.status == 2, arguments
        assert words in said.err
        assert said.out == ""


def test_a_folder_that_is_no_run_or_was_altered_is_status_2(igsim: Igsim, folder: Path, tmp_path: Path):
    assert igsim("plot", tmp_path).status == 2
    (folder / "outcomes.csv").write_text("altered")
    said = igsim("plot", folder, "ce_plane")
    assert said.status == 2
    assert "altered" in said.err


def test_help_has_an_example(igsim: Igsim):
    said = igsim("plot", "--help")
    assert said.status == 0
    assert "igsim plot results" in " ".join(said.out.split())
