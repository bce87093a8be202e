"""The pages that are shipped are those of the shipped scenarios and of this model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.building.results_pages.__main__ import HOME, make
from docs.building.results_pages.markdown import MOST_BYTES
from docs.building.results_pages.pages import PAGES, of_page
from docs.building.results_pages.stamp import REMEDY, stale


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_of_these_scenarios_and_of_this_model(name: str):
    page = (HOME / f"{name}.md").read_text(encoding="utf-8")
    assert not (faults := stale(page, of_page(name))), f"{REMEDY}: {'; '.join(faults)}"


@pytest.mark.parametrize("name", PAGES)
def test_figures_are_there_and_small_and_links_lead_somewhere(name: str):
    page = (HOME / f"{name}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        file = HOME / target
        assert file.is_file(), target
        assert file.stat().st_size < MOST_BYTES, target
    assert "nan" not in re.findall(r"[a-z]+", page.lower()), "a number that is not there is left blank"
    assert "None" not in page.split()
    assert not re.findall(r"^\*.* \*$", page, flags=re.M), "a space before its closing star ends no emphasis"


def test_no_figure_is_left_over():
    shown = {target for file in HOME.glob("*.md") for target in re.findall(r"figures/([^)]+)", file.read_text())}
    assert {file.name for file in (HOME / "figures").iterdir()} == shown


@pytest.mark.slow
def test_a_page_made_again_is_the_same_to_the_last_byte(tmp_path: Path):
    make(["structure"], tmp_path)
    assert (tmp_path / "structure.md").read_bytes() == (HOME / "structure.md").read_bytes(), REMEDY
