"""Pages say of which scenarios and of which model they are; one is made here from few patients."""

from __future__ import annotations

from pathlib import Path

import sim
from docs.building.results_pages.pages import PAGES, of_page
from docs.building.results_pages.plays import Plays
from docs.building.results_pages.settings import Sizes, settings
from docs.building.results_pages.stamp import stale, stamp, stamped


def test_a_stale_page_is_noticed():
    """Negative control: another digest, another check, a setting too many and one too few."""
    base = settings()["bcma-us"]
    page = stamp([base])
    ((file, digest, check),) = stamped(page).values()
    assert (file, stale(page, [base])) == ("base-case.toml", [])
    assert stale(page.replace(digest, "0" * 12), [base]) == [f"bcma-us: digest {'0' * 12}, now {digest}"]
    assert stale(page.replace(check, "0" * 8), [base]) == [f"bcma-us: check {'0' * 8}, now {check}"]
    assert stale(page, []) == ["bcma-us: no longer played"]
    assert stale("", [base]) == [f"bcma-us: digest none, now {digest}"]


def test_the_page_of_structures_from_few_patients(tmp_path: Path):
    with sim.workers(1) as runner:
        made = PAGES["structure"](Plays(tmp_path, Sizes(run=60, compare=60), runner))
    assert made.settings == of_page("structure")
    assert stale(made.page.text, made.settings) == []
    assert "60 patients at base values and 60 in each scenario compared" in made.page.text
    assert made.page.text.count('"') % 2 == 0
    assert list(made.page.figures) == ["structure-benefit.svg"]
