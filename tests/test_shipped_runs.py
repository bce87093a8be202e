"""Every shipped scenario, run as a user runs it: costs by item and infections by cause, all there and adding up."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

import sim
from sim.model.accrual import COST_ITEMS
from sim.report.document import run_document
from sim.report.text import print_run
from sim.scenario import load, shipped_scenarios

SHIPPED = shipped_scenarios()
PATIENTS = 100


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_run_reports_costs_by_item_and_infections_by_cause(name: str) -> None:
    # Where patients compete for chairs, `igsim run` refuses; what each would have alone is played here, and what the
    # programme as a whole reports is a test of `igsim capacity`.
    scenario = load(SHIPPED[name]).without_programme()
    result = sim.run(scenario, patients=PATIENTS)
    document = run_document(result)
    assert [each["name"] for each in document["strategies"]] == list(scenario.strategy_names)
    for each in document["strategies"]:
        assert set(each["costs"]) == set(COST_ITEMS)
        assert sum(each["costs"].values()) == pytest.approx(each["cost"], rel=1e-9)
        found = each["infections"]
        wanted = {
            f"{cause}:{grade}" for cause in scenario.infections.causes for grade in ("grade_1_2", "grade_3plus")
        }
        assert set(found) == wanted
        severe = sum(count for name, count in found.items() if name.endswith("grade_3plus"))
        assert severe == pytest.approx(each["infections_grade3plus"], rel=1e-9)
        assert sum(found.values()) == pytest.approx(each["infections_any"], rel=1e-9)
    # What the command prints, on paper wide enough for eight strategies.
    paper = StringIO()
    print_run(Console(file=paper, width=240, markup=False, emoji=False, highlight=False), result, None)
    # As many rows as causes and items, in the order of the scenario, each with a cell for every strategy.
    causes = _rows(paper.getvalue(), "Infections by cause")
    assert [words for words, _ in causes] == [cause.label for cause in scenario.infections.causes.values()]
    items = _rows(paper.getvalue(), "Costs by item")
    assert len(items) == len(COST_ITEMS) + 1
    for place, item in enumerate(COST_ITEMS):
        printed = [float(cell.replace(",", "")) for cell in items[place][1]]
        assert printed == [pytest.approx(each["costs"][item], abs=0.5) for each in document["strategies"]]


def _rows(text: str, title: str) -> list[tuple[str, list[str]]]:
    """Rows of a printed table: its words, and the numbers after them."""
    lines = text[text.index(title) :].splitlines()
    rule = next(number for number, line in enumerate(lines) if "───" in line)
    rows = []
    for line in lines[rule + 1 :]:
        if line and not line.strip():
            if (rows and rows[-1][0] == "total") or title.startswith("Infections"):
                break
            continue
        if not line.strip():
            break
        words, *cells = re.split(r"\s{2,}", line.strip())
        rows.append((words, cells))
    return rows
