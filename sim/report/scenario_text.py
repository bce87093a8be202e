"""What `igsim validate` says of a scenario, as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.errors import InputError
from sim.report.document import SCHEMA, Document, inputs
from sim.report.text import table
from sim.scenario import Scenario, quantities, standing_words


def faults_document(path: str, error: InputError) -> Document:
    """A faulty scenario: every problem with its place, the value found and what is allowed."""
    problems = [
        {"file": problem.file or None, "place": problem.place, "found": problem.found, "allowed": problem.allowed}
        for problem in error.problems
    ]
    return {
        "schema": SCHEMA,
        "command": "validate",
        "file": path,
        "valid": False,
        "message": error.message,
        "problems": problems,
    }


def valid_document(scenario: Scenario, notes: Sequence[str], part: Document) -> Document:
    """A sound scenario: its identity, notes, and every input with its source."""
    return {
        "schema": SCHEMA,
        "command": "validate",
        "scenario": part,
        "valid": True,
        "notes": list(notes),
        "inputs": inputs(scenario),
    }


def print_valid(console: Console, path: str, scenario: Scenario, notes: Sequence[str], *, with_inputs: bool) -> None:
    """Say that a scenario is sound and what a careful reader would ask; with inputs, where each comes from."""
    verdict = Text(
        f"{path}: valid. {standing_words(scenario)}. "
        f"{len(scenario.strategy_names)} strategies ({', '.join(scenario.strategy_names)}). "
        f"Digest {scenario.digest[:16]}."
    )
    console.print(verdict)
    for note in notes:
        console.print(Text(f"note: {note}"))
    if with_inputs:
        console.print()
        console.print(_inputs(scenario))
        console.print(verdict)


def _inputs(scenario: Scenario) -> Table:
    """Every input with its distribution and source."""
    entries = list(quantities(scenario))
    shown = table(f"Inputs of {scenario.title}", "input", "value", "unit", "distribution", "source", left=1)
    shown.columns[2].justify = shown.columns[3].justify = shown.columns[4].justify = "left"
    for name, quantity, unit in entries:
        spread = quantity.ci or quantity.range
        words = quantity.dist + (f" {spread[0]:g} to {spread[1]:g}" if spread else "")
        shown.add_row(Text(name), f"{quantity.value:g}", Text(unit), words, Text(quantity.source))
    return shown
