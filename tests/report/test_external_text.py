"""What is said of the model beside published outcomes, from comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.console import Console

from sim.report.external_text import external_document, external_page, print_external, summary
from sim.verify.external import Comparison, published_items

SOUND = replace(
    published_items()[0], outcome="death at a year", study="a cohort", used="", discussion="too few died", n=None
)


def compared(value: float, interval: tuple[float, float] | None, **others: object) -> Comparison:
    """A model that says 0.3 (0.205 to 0.395) beside a published number."""
    low, high = interval or (None, None)
    item = replace(SOUND, value=value, low=low, high=high, **others)  # type: ignore[arg-type]
    return Comparison(item, np.linspace(0.2, 0.4, 41))


AGREES = compared(0.31, (0.25, 0.37))
OVERLAPS = compared(0.41, (0.35, 0.47), outcome="relapse at a year", discussion="their patients were older")
MISSES = compared(0.6, None, outcome="stay in days", discussion="theirs had no ward", used="sets the price")


def printed(*comparisons: Comparison) -> str:
    console = Console(width=200)
    with console.capture() as caught:
        print_external(console, comparisons)
    return caught.get()


def test_what_does_not_agree_is_discussed_and_what_informs_is_marked() -> None:
    said = printed(AGREES, OVERLAPS, MISSES)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "agrees death at a year 0.31 (0.25–0.37) 0.3 (0.21–0.4) a cohort" in lines
    assert "misses stay in days (informs the model) 0.6 0.3 (0.21–0.4) a cohort" in lines
    assert "relapse at a year (a cohort): their patients were older" in lines
    assert "stay in days (a cohort): theirs had no ward" in lines
    assert "too few died" not in said
    assert summary([AGREES, OVERLAPS, MISSES]) == (
        "Of 2 independent outcomes 1 agree, 1 overlap, 0 miss; of 1 outcomes of studies that inform inputs 0 agree, "
        "0 overlap, 1 miss."
    )


def test_where_all_agree_nothing_is_left_to_discuss() -> None:
    assert "too few died" not in printed(AGREES)
    page = external_page([AGREES], patients=500, draws=100)
    discussed = page.partition("## Where the two differ, and why")[2].partition("## Published, and not compared")[0]
    assert discussed.strip() == ""
    differing = external_page([AGREES, MISSES], patients=500, draws=100)
    assert "- **stay in days** (a cohort): theirs had no ward" in differing


def test_the_document_says_nothing_where_no_interval_was_published() -> None:
    agrees, misses = external_document([AGREES, MISSES], patients=500, draws=100)["external"]
    assert (agrees["verdict"], misses["verdict"]) == ("agrees", "misses")
    blanks = {name for name, value in misses.items() if value is None}
    assert blanks
    assert all(agrees[name] is not None for name in blanks)
