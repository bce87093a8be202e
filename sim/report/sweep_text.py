"""What `igsim sweep` says: to a person, and as a JSON document."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document, scenario_part
from sim.report.dsa_folder import records
from sim.report.dsa_text import PAIRED, ending, heading, short
from sim.report.text import number, table, with_error
from sim.scenario import Scenario
from sim.sensitivity import Sweep

MOST_ROWS = 40


def sweep_document(
    scenario: Scenario, result: Sweep, indices: pd.DataFrame | None = None, outcome: str = ""
) -> Document:
    """The document of `igsim sweep`; the table is that of the run folder, point by point and strategy by strategy."""
    document: Document = {
        "schema": SCHEMA,
        "command": "sweep",
        "scenario": scenario_part(scenario),
        "settings": {
            "patients": result.patients,
            "seed": result.seed,
            "currency": scenario.analysis.currency,
            "design": result.design,
            "points": len(result.means),
            "paths": list(result.paths),
            "comparator": result.comparator,
            "wtp_per_qaly": list(result.wtps),
            "warning": result.warning or None,
        },
        "table": records(result.table),
        "decisions": records(result.decisions),
    }
    if indices is not None:
        document["sobol_indices"] = {"outcome": outcome, "indices": records(indices)}
    return document


def print_sweep(
    console: Console,
    scenario: Scenario,
    result: Sweep,
    folder: Path | None,
    indices: pd.DataFrame | None = None,
    outcome: str = "",
) -> None:
    """The best strategy at every point (or the first of them), and the indices if there are any."""
    heading(console, scenario, result.patients, result.seed)
    if result.warning:
        console.print(Text(f"Note: {result.warning}"))
    if indices is not None:
        _print_indices(console, indices, outcome, len(result.means))
    currency = scenario.analysis.currency
    shown = table(
        f"Best strategy and its INMB against the second ({currency}), at a willingness to pay per QALY of",
        "point",
        *result.paths,
        *(f"{wtp:,.0f}" for wtp in result.wtps),
        left=0,
    )
    for place, (point, rows) in enumerate(result.decisions.groupby("point", sort=False)):
        if place == MOST_ROWS:
            console.print(Text(f"The first {MOST_ROWS} of {len(result.means):,} points; the run folder has all."))
            break
        each = rows.to_dict(orient="records")
        cells = [f"{row['best']} {with_error(row['margin'], row['margin_mcse'])}" for row in each]
        shown.add_row(str(point), *(short(each[0][path]) for path in result.paths), *cells)
    console.print(shown)
    for wtp in result.wtps:
        counts = result.decisions.loc[result.decisions["wtp"] == wtp, "best"].value_counts()
        said = ", ".join(f"{name} at {number(count)}" for name, count in counts.items())
        console.print(Text(f"Best at {wtp:,.0f} per QALY, of {len(result.means):,} points: {said}."))
    console.print(Text(PAIRED))
    ending(console, folder)


def _print_indices(console: Console, indices: pd.DataFrame, outcome: str, points: int) -> None:
    shown = table(f"Sobol indices of: {outcome}", "number", "first order", "95 % interval", "total", "95 % interval")
    for row in indices.sort_values("total", ascending=False, kind="stable").to_dict(orient="records"):
        shown.add_row(
            str(row["path"]),
            number(row["first"], 3),
            f"{number(row['first_ci_low'], 3)} to {number(row['first_ci_high'], 3)}",
            number(row["total"], 3),
            f"{number(row['total_ci_low'], 3)} to {number(row['total_ci_high'], 3)}",
        )
    console.print(shown)
    console.print(
        Text(
            "First order: share of the variance over the ranges that the number explains alone; total: with all its "
            f"interactions. {points:,} points; intervals by bootstrap."
        )
    )
    console.print()
