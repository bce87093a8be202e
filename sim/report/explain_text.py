"""`igsim explain` as text and as a JSON document."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import fields

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.explain import Explanation
from sim.report.document import SCHEMA, Document, clean, inputs, scenario_part
from sim.report.text import table
from sim.scenario import Scenario

_TITLES = {
    "patients": "Who, at the first dose",
    "agents": "What they are treated with",
    "choices": "How things are shaped",
    "hazards": "Which hazards: infections per month on treatment at frailty 1, and the hazard ratio of each measure",
    "antimicrobials": "What is given beside immunoglobulin",
    "consequences": "What one infection does",
    "deaths": "Deaths without infection per year of life: of the disease, and of the life table if there is one",
    "igg": "True polyclonal IgG of a patient with median baseline, mg/dL",
}


_STUDIES = (
    ("trials", "Which studies of these patients can be played", "igsim trial plays them."),
    ("priors", "What a calibration may move: 95 % limits and median of the prior", ""),
    ("targets", "Which data it is fitted to", "igsim calibrate fits them."),
)
"""What is played or fitted by a command of its own: table, title, and which command."""

_UPRIGHT = ("agents", "antimicrobials")
"""Tables with more columns than rows."""


def print_explanation(console: Console, scenario: Scenario, explanation: Explanation) -> None:
    """Everything `igsim explain` says."""
    console.print(Text(scenario.title, style="bold"))
    console.print(Text(" ".join(scenario.description.split())))
    console.print()
    for name, title in _TITLES.items():
        frame: pd.DataFrame = getattr(explanation, name)
        if not frame.empty:
            console.print(_upright(title, frame) if name in _UPRIGHT else _tidy(title, frame))
    if life_table := scenario.treatment.life_table:
        stated = f"Life table of {life_table.file}" if life_table.file else "Life table stated in the scenario"
        console.print(Text(f"{stated}, hazards x {life_table.hazard_multiplier.value:g}. {life_table.source}"))
        console.print()
    console.print(Text("Which rules", style="bold"))
    for row in explanation.strategies.to_dict(orient="records"):
        console.print(Text(_sentence(row)))
    console.print()
    for name, title, hint in _STUDIES:
        frame = getattr(explanation, name)
        if not frame.empty:
            console.print(_upright(title, frame) if name == "trials" else _tidy(title, frame))
            if hint:
                console.print(Text(hint))
                console.print()
    sources = table("Each number and its source", "input", "value", "unit", "source", left=4)
    for entry in inputs(scenario):
        sources.add_row(str(entry["input"]), f"{entry['value']:g}", str(entry["unit"]), str(entry["source"]))
    console.print(sources)


def _tidy(title: str, frame: pd.DataFrame) -> Table:
    """A frame as it is, words on the left."""
    words = [str(column) for column in frame.columns if not pd.api.types.is_numeric_dtype(frame[column])]
    heads = [str(column).removeprefix("hr_").replace("_", " ") for column in frame.columns]
    shown = table(title, *heads, left=len(words))
    for row in frame.itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _upright(title: str, frame: pd.DataFrame) -> Table:
    """A frame with many columns and few rows, turned: the first column becomes the head."""
    shown = table(title, "", *(str(value) for value in frame.iloc[:, 0]))
    for column in frame.columns[1:]:
        shown.add_row(str(column).replace("_", " "), *(_cell(value) for value in frame[column]))
    return shown


def _sentence(row: dict[Hashable, object]) -> str:
    """A strategy in one sentence."""
    said = f"{row['strategy']}: immunoglobulin is ordered {row['immunoglobulin_is_ordered']}"
    delay = _cell(row["first_infusion_after_months"])
    if delay:
        said += f", first infused {delay} months later; {row['regimen']}"
    return f"{said}; IgG tests: {row['igg_tests']}; beside it: {row['beside_it']}."


def _cell(value: object) -> str:
    if isinstance(value, str):
        return {"grade_1_2": "1-2", "grade_3plus": ">= 3"}.get(value, value)
    number = float(value)  # type: ignore[arg-type]
    if math.isnan(number):
        return ""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def explanation_document(scenario: Scenario, explanation: Explanation) -> Document:
    """The JSON document of `igsim explain`."""
    tables = {
        field.name: [
            {str(key): value if isinstance(value, str) else clean(value) for key, value in row.items()}
            for row in getattr(explanation, field.name).to_dict(orient="records")
        ]
        for field in fields(Explanation)
    }
    return {
        "schema": SCHEMA,
        "command": "explain",
        "scenario": scenario_part(scenario),
        **tables,
        "inputs": inputs(scenario),
    }
