"""What a person reads at a terminal and in a report: limits, leads and start rules in words."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from sim.explain import words
from sim.model.parts import GRADE_1_2, GRADE_3PLUS
from sim.model.parts.strategies import Condition
from sim.report import text
from sim.report.page.parts import ahead_of

WIDE: dict[str, Any] = {
    "strategy": "preemptive", "cost": 158_404.0, "cost_mcse": 1_955.0, "qaly": 2.3632, "qaly_mcse": 0.0361,
    "comparator": "secondary", "delta_cost": 118_490.0, "delta_cost_mcse": 1_704.0, "delta_qaly": 0.0084,
    "delta_qaly_mcse": 0.004, "icer": 1_983_607.0, "icer_low": -1_306_546.0, "icer_high": 4_118_220.0,
    "icer_shape": "interval", "status": "extendedly dominated",
}  # fmt: skip


@pytest.mark.parametrize("shape", ["interval", "outside"])
def test_no_table_of_a_run_breaks_a_number(shape: str) -> None:
    console = Console(width=132)
    with console.capture() as caught:
        console.print(text._incremental([WIDE | {"icer_shape": shape}], "USD"))
    words_of = caught.get().split()
    for number in ("1,983,607", "−1,306,546", "4,118,220", "158,404", "118,490"):
        assert any(number == word.strip("–,") for word in words_of), number


def test_short_limits_stay_on_one_line() -> None:
    assert text.in_lines("25,234\n9,000–41,000") == "25,234\n9,000–41,000"
    assert text.in_lines("25,234\n109,000–1,410,000") == "25,234\n109,000–\n1,410,000"
    assert text.in_lines("1\nunder −4,748,205, over 809,899") == "1\nunder −4,748,205,\nover 809,899"


def test_limits_that_are_no_interval_are_explained_and_only_they() -> None:
    assert text.open_limits([{"icer_shape": "interval"}, {"icer_shape": float("nan")}]) == ""
    assert "two half-lines" in text.open_limits([{"icer_shape": "interval"}, {"icer_shape": "outside"}])
    assert "every ratio fits" in text.open_limits([{"icer_shape": "line"}])


def test_a_strategy_over_which_all_leads_are_is_named_once() -> None:
    assert ahead_of([("5 ± 1", "A")]) == "5 ± 1 over “A”"
    assert ahead_of([("5 ± 1", "A"), ("4 ± 1", "A"), ("3 ± 2", "A")]) == "5 ± 1, 4 ± 1 and 3 ± 2 over “A”"
    assert ahead_of([("5 ± 1", "A"), ("4 ± 1", "B")]) == "5 ± 1 over “A” and 4 ± 1 over “B”"


LOW = Condition("igg_below", threshold_mg_dl=400.0)
ONE, TWO = (Condition("infections", minimum_grade=GRADE_3PLUS, count=count, within=6.0) for count in (1, 2))
DESPITE = Condition("despite_prophylaxis", minimum_grade=GRADE_1_2)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (LOW, "when measured IgG is under 400 mg/dL"),
        (ONE, "after an infection of grade ≥ 3"),
        (TWO, "after 2 infections of grade ≥ 3 within 6 months"),
        (DESPITE, "after an infection of any grade despite an antimicrobial in force"),
        (Condition("all_of", parts=(LOW, ONE)),
         "when (measured IgG is under 400 mg/dL and an infection of grade ≥ 3 came within the last 6 months)"),
    ],
)  # fmt: skip
def test_start_rules_are_said_with_a_verb(condition: Condition, said: str) -> None:
    assert words(condition) == said
