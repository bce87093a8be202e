"""Every figure of every kind of run in every format; and hostile texts in the pages of figures and in reports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli import build_app
from sim.figures.export import FORMATS, save_all
from sim.report.run_figures import run_figures
from tests.browser import needs_chromium
from tests.run_folders import COMMANDS, SCENARIOS, make_folder

EVIL = (
    "</script><script>document.title='pwned'</script>=cmd|' /C calc'!A0 \u202eשלום\nnext line {{7*7}} %{x} "
    + "long " * 60
)
BEGINS = {"html": b"<!doctype html>", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF", "svg": b"<svg"}


def _drawn(folder: Path, home: Path, endings: tuple[str, ...]) -> dict[Path, bytes]:
    figures = run_figures(folder)
    assert figures.names
    made = {name: figures.draw(name) for name in figures.names}
    save_all({home / f"{name}.{ending}": figure for name, figure in made.items() for ending in endings})
    return {file: file.read_bytes() for file in sorted(home.iterdir())}


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("kind", [*COMMANDS, "cea"])
def test_every_figure_of_every_kind_of_run_is_drawn_in_every_format(kind: str, tmp_path: Path):
    home = tmp_path / "figures"
    home.mkdir()
    drawn = _drawn(make_folder(kind, tmp_path), home, FORMATS)
    assert len(drawn) == len(FORMATS) * len({file.stem for file in drawn})
    for file, content in drawn.items():
        assert content.lower().startswith(BEGINS[file.suffix[1:]]) or content.startswith(BEGINS[file.suffix[1:]])
        assert len(content) > 4_000, f"{file.name} is not an empty picture"


@pytest.mark.slow
def test_hostile_texts_are_texts_in_the_pages_of_figures_and_in_the_report_of_a_calibration(tmp_path: Path):
    """Titles and labels of scenario, strategies, agents, causes and cohorts: script, formula, right to left, long."""
    places = ["title", "agents.teclistamab.label", "infections.causes.bacterial.label", "strategies.primary.label"]
    hostile = [part for place in places for part in ("--set", f"{place}={json.dumps(EVIL, ensure_ascii=False)}")]
    commands = {
        "dsa": ("dsa", SCENARIOS / "base-case.toml", "--patients", 50),
        "run": ("run", SCENARIOS / "base-case.toml", "--patients", 200),
        "psa": ("psa", SCENARIOS / "base-case.toml", "--patients", 50, "--draws", 40),
        "calibrate": ("calibrate", SCENARIOS / "calibration.toml"),
    }
    for name, command in commands.items():
        done = CliRunner().invoke(build_app(), [*map(str, command), *hostile, "--out", str(tmp_path / name)])
        assert done.exit_code == 0, (name, done.output)
        (folder,) = (tmp_path / name).glob("*/*")
        home = tmp_path / f"{name}-figures"
        home.mkdir()
        pages = _drawn(folder, home, ("html",))
        report = sim.write_report([folder], tmp_path / f"{name}.html")
        texts = {file: content.decode("utf-8") for file, content in {**pages, report: report.read_bytes()}.items()}
        for file, text in texts.items():
            scripts = re.findall(r"<script[^>]*>(.{0,40})", text, flags=re.S)
            assert not [each for each in scripts if each.startswith("document.title")], f"{file}: a label is a script"
        assert sum("pwned" in text for text in texts.values()) >= 2, "the texts are there, as texts"
