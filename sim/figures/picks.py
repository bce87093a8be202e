"""Which rows and columns of a run's tables a figure takes, where that needs more than the table itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, UsageError
from sim.figures import acceptability, benefit, scenarios, sensitivity
from sim.figures.style import Look
from sim.figures.tables import known

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
    """Break-even prices against the first comparator, a panel a subgroup.

    Of draws, with their quantiles (`igsim psa`), or of one parameter set with its interval (`igsim dsa --price`).
    """
    if "price_of_immunoglobulin" in tables:
        table = tables["price_of_immunoglobulin"].rename(columns={"price": "threshold"})
    else:
        table = tables["price_thresholds"].rename(columns={"ci_low": "low", "ci_high": "high"})
    table = table[table["comparator"] == table["comparator"].iloc[0]]
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


def is_over_one(table: pd.DataFrame) -> bool:
    """Whether a table of decisions goes over several values of one input that is a number."""
    paths = inputs_of(table)
    if len(paths) != 1 or not pd.api.types.is_numeric_dtype(table[paths[0]]):
        return False
    return bool(table[paths[0]].min() < table[paths[0]].max())


def two_way(table: pd.DataFrame, look: Look, wtp: float) -> go.Figure:
    """The decision map of a table of decisions, at the threshold wanted or else its first."""
    x, y = inputs_of(table)
    wtp = wtp if (table["wtp"] == wtp).any() else float(table["wtp"].iloc[0])
    names = {x: "x", y: "y", "margin": "inmb", "margin_mcse": "inmb_mcse"}
    own = table[table["wtp"] == wtp].rename(columns=names)
    now = tuple(look.inputs[path].value for path in (x, y) if path in look.inputs)
    base = (now[0], now[1]) if len(now) == 2 and np.isfinite(now).all() else None
    x_title, y_title = look.rows((x, y), units=True)
    return sensitivity.two_way(own, look, x=x_title, y=y_title, wtp=wtp, base=base)


def sweep_benefit(tables: Mapping[str, pd.DataFrame], look: Look, wtp: float, comparator: str) -> go.Figure:
    """INMB over the one input of a sweep, at the threshold wanted or else its first.

    Against the sweep's own comparator with Monte Carlo bands; against another without, for the sweep keeps no
    covariance of that pair.
    """
    sweep, decisions = tables["sweep"], tables["decisions"]
    (path,) = inputs_of(decisions)
    wtp = wtp if (decisions["wtp"] == wtp).any() else float(decisions["wtp"].iloc[0])
    column = f"inmb_{wtp:g}"
    own = sweep.rename(columns={path: "x", column: "inmb", f"{column}_mcse": "inmb_mcse"})
    known(comparator, look.strategies)
    base = own[own["strategy"] == comparator].set_index("x")["inmb"]
    if (base != 0.0).any():
        own = own.assign(inmb=own["inmb"] - own["x"].map(base)).drop(columns="inmb_mcse")
    best = decisions[decisions["wtp"] == wtp].rename(columns={path: "x"})
    return benefit.inmb_over(own, look, x=look.with_unit(path), comparator=comparator, wtp=wtp, decisions=best)


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
    return scenarios.net_benefit_over(
        tables["threshold_scan"],
        look,
        x=look.with_unit(str(asked.get("path", "value"))),
        wtp=found if isinstance(found, int | float) else wtp,
        thresholds=tables.get("thresholds"),
    )
