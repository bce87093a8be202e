"""Which rows and columns of a run's tables a figure takes, where that needs more than the table itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, UsageError
from sim.figures import acceptability, scenarios, sensitivity
from sim.figures.style import Look

LUCK_OUTCOMES = (
    "cost",
    "qaly",
    "life_years",
    "infections_any",
    "infections_grade_3plus",
    "infection_death",
    "hospital_days",
    "ig_grams",
)
_DECISION = ("point", "wtp", "best", "second", "margin", "margin_mcse")


def at_wtp(table: pd.DataFrame, wtp: float) -> pd.DataFrame:
    """Rows of the one threshold, of a table that has several.

    Raises:
        UsageError: It has others only.
    """
    if "wtp" not in table.columns:
        return table
    own = table[table["wtp"] == wtp]
    if own.empty:
        known = ", ".join(f"{each:g}" for each in table["wtp"].unique())
        raise UsageError("no such threshold", [Problem("wtp", f"{wtp:g}", f"one of {known}")])
    return own


def price(tables: Mapping[str, pd.DataFrame], look: Look, asked: Mapping[str, object]) -> go.Figure:
    """Break-even prices: of draws (`igsim psa`), or of one parameter set by every threshold (`igsim dsa --price`)."""
    if "price_of_immunoglobulin" in tables:
        names = {"price": "threshold", "ci_low": "low", "ci_high": "high"}
        table = tables["price_of_immunoglobulin"].rename(columns=names)
    else:
        table = tables["price_thresholds"].rename(columns={"ci_low": "low", "ci_high": "high"})
        table = table[(table["subgroup"] == "all") & (table["comparator"] == table["comparator"].iloc[0])]
    current = asked.get("price")
    return acceptability.price_threshold(table, look, current=current if isinstance(current, int | float) else None)


def inputs_of(table: pd.DataFrame) -> list[str]:
    """Columns of a table of decisions that are inputs which were varied."""
    return [str(name) for name in table.columns if name not in _DECISION]


def is_full_grid(table: pd.DataFrame) -> bool:
    """Whether a table of decisions covers every pair of values of two inputs."""
    paths = inputs_of(table)
    if len(paths) != 2 or "scenario" in paths:
        return False
    points = table[paths].drop_duplicates()
    return len(points) == np.prod([table[path].nunique() for path in paths]) and all(
        len(np.unique(points[path])) > 1 for path in paths
    )


def two_way(table: pd.DataFrame, look: Look, wtp: float) -> go.Figure:
    """The decision map of a table of decisions, at the threshold wanted or else its first."""
    x, y = inputs_of(table)
    wtp = wtp if (table["wtp"] == wtp).any() else float(table["wtp"].iloc[0])
    names = {x: "x", y: "y", "margin": "inmb", "margin_mcse": "inmb_mcse"}
    return sensitivity.two_way(table[table["wtp"] == wtp].rename(columns=names), look, x=x, y=y, wtp=wtp)


def common_luck(table: pd.DataFrame, look: Look) -> go.Figure:
    """The gain of common luck for the outcomes that decide, of all that a run has."""
    own = table[table["component"].isin(LUCK_OUTCOMES) & table["ratio"].notna()]
    return sensitivity.common_luck(own.rename(columns={"component": "outcome"}), look)


def worth_knowing(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of EVPPI: groups, and single parameters of 1 % of the largest value or more; all if none is."""
    if "kind" not in table.columns:
        return table
    own = table[(table["kind"] == "group") | ((table["evppi"] > 0) & (table["evppi"] >= 0.01 * table["evppi"].max()))]
    return table if own.empty else own


def threshold_scan(
    tables: Mapping[str, pd.DataFrame], look: Look, asked: Mapping[str, object], wtp: float
) -> go.Figure:
    """Net benefit over the input whose threshold was sought."""
    found = asked.get("wtp")
    unit = f" ({asked['unit']})" if asked.get("unit") else ""
    return scenarios.net_benefit_over(
        tables["threshold_scan"],
        look,
        x=f"{asked.get('path', 'value')}{unit}",
        wtp=found if isinstance(found, int | float) else wtp,
        thresholds=tables.get("thresholds"),
    )
