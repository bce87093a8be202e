"""Virtual trials: how estimates scatter about the truth, what they find where there is nothing, and power by size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError, UsageError
from sim.figures.style import COLOURS, GREY, INK, SYMBOLS, finished, plain, sentence, words, wrapped
from sim.figures.tables import checked
from sim.figures.value import tall

WORLDS = {"as_modelled": "As modelled", "no_effect": "No effect of immunoglobulin"}
APART = 0.3
"""Distance of the two worlds, in rows."""

RATIOS = tuple(digit * 10.0**power for power in range(-3, 4) for digit in (1, 2, 5))
"""Ratios that have a tick on a logarithmic axis."""


def estimates(table: pd.DataFrame, *, trial: str | None = None, published: pd.DataFrame | None = None) -> go.Figure:
    """Ratios of every analysis of a trial: the estimates of many studies, the truth, and what was published.

    Args:
        table: Columns trial, patients, world, analysis, group, true_value, median, low, high (95 % of the estimates).
        trial: Which; None takes the first.
        published: Columns trial, analysis, group, published; and, where known, published_low and published_high.

    Returns:
        For each world a mark with its range for every analysis, crosses at the truth, published estimates.

    Raises:
        TableError: A table cannot be drawn, or holds no ratio.
        UsageError: There is no such trial.
    """
    names = ("trial", "world", "analysis", "group")
    fit = checked(
        table, "trial estimates", names=names, numbers=("patients",), gaps=("true_value", "median", "low", "high")
    )
    fit = fit[pd.to_numeric(fit.get("month", pd.Series(np.nan, fit.index)), errors="coerce").isna()]
    own = _of_trial(fit, trial)
    own = own.assign(row=[_row(each) for each in own.to_dict(orient="records")])
    rows = list(dict.fromkeys(own["row"]))
    own = own.assign(height=[rows.index(row) for row in own["row"]])
    figure = go.Figure()
    for place, (world, label) in enumerate(WORLDS.items()):
        for trace in _world(own[own["world"] == world], label, place):
            figure.add_trace(trace)
    if published is not None and not published.empty:
        told = _told(published, own)
        if not told.empty:
            figure.add_trace(_published(told))
    figure.update_xaxes(type="log", tickvals=RATIOS, ticktext=[f"{ratio:g}" for ratio in RATIOS])
    figure.add_vline(x=1, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=rows, range=[len(rows) - 0.5, -0.5], zeroline=False)
    return finished(
        figure,
        f"Estimates of the study {plain(str(own['trial'].iloc[0]))}",
        sentence(["hazard and rate ratios on a logarithmic scale", "under 1: fewer events with immunoglobulin"]),
        x="Ratio",
        height=max(460, 120 + tall(rows, 30, 60)),
    )


def _world(found: pd.DataFrame, label: str, place: int) -> tuple[go.Scatter, go.Scatter]:
    """The estimates of one world, and the truth there."""
    scatter = go.Scatter(
        x=found["median"],
        y=found["height"] + APART * (place - 0.5),
        mode="markers",
        name=f"{label}: median and 95 % of the estimates",
        marker={"color": COLOURS[place], "symbol": SYMBOLS[place], "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": found["high"] - found["median"],
            "arrayminus": found["median"] - found["low"],
            "color": COLOURS[place],
        },
        customdata=found["row"],
        hovertemplate="%{customdata}<br>%{x:.2f}",
    )
    truth = go.Scatter(
        x=found["true_value"],
        y=found["height"] + APART * (place - 0.5),
        mode="markers",
        name=f"{label}: true value",
        marker={"symbol": "line-ns-open", "size": 20, "color": COLOURS[place], "line": {"width": 2.5}},
        hovertemplate="true value %{x:.2f}<extra></extra>",
    )
    return scatter, truth


def _row(each: dict[object, object]) -> str:
    group = "" if each["group"] == "immunoglobulin" else f", {each['group']}"
    return wrapped(f"{words(str(each['analysis']))}{group}, {float(str(each['patients'])):,.0f} patients", 30)


def _of_trial(fit: pd.DataFrame, trial: str | None) -> pd.DataFrame:
    known = list(dict.fromkeys(fit["trial"]))
    if not known:
        problem = Problem("rows", "curves alone", "at least one ratio")
        raise TableError("the table of trial estimates cannot be drawn", [problem])
    if trial is not None and trial not in known:
        raise UsageError("no such trial", [Problem("trial", trial, f"one of {', '.join(known)}")])
    return fit[fit["trial"] == (trial or known[0])]


def _told(published: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Published estimates of what is drawn, with the row on which each belongs."""
    told = checked(
        published,
        "published estimates",
        names=("trial", "analysis", "group"),
        numbers=("published", "patients"),
        optional=("published_low", "published_high"),
    )
    rows = own.drop_duplicates(["trial", "analysis", "group", "patients"])
    return told.merge(rows[["trial", "analysis", "group", "patients", "row", "height"]])


def _published(told: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=told["published"],
        y=told["height"],
        mode="markers",
        name="Published, 95 % interval",
        marker={"symbol": "circle-open", "size": 13, "color": INK, "line": {"width": 2.5}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (told["published_high"] - told["published"]).fillna(0.0),
            "arrayminus": (told["published"] - told["published_low"]).fillna(0.0),
            "color": INK,
        },
        hovertemplate="published %{x:.2f}<extra></extra>",
    )


def power(table: pd.DataFrame, *, trial: str | None = None) -> go.Figure:
    """Power of the planned trials by size, beside Schoenfeld's figure and the error of the first kind.

    Args:
        table: Columns trial, patients, analysis, group, power, power_low, power_high, schoenfeld_power, type_1_error,
            significance.
        trial: Which; None takes the first.

    Returns:
        For each analysis its power with 95 % intervals, Schoenfeld's where there is one, and the type I error.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such trial.
    """
    fit = checked(
        table,
        "power",
        names=("trial", "analysis", "group"),
        numbers=("patients", "power", "power_low", "power_high", "type_1_error", "significance"),
        gaps=("schoenfeld_power",),
    )
    own = _of_trial(fit, trial)
    figure = go.Figure()
    for place, ((analysis, group), rows) in enumerate(own.groupby(["analysis", "group"], sort=False)):
        for trace in _powered(rows, f"{words(str(analysis))}, {plain(str(group))}", place):
            figure.add_trace(trace)
    figure.add_hline(y=float(own["significance"].iloc[0]), line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(rangemode="tozero", tickformat=",")
    return finished(
        figure,
        f"Power of the trial {plain(str(own['trial'].iloc[0]))}",
        sentence(["bars: 95 % interval from the number of studies played", "dotted: level of the test"]),
        x="Patients, all arms together",
        y="Share of studies that reject",
    )


def _powered(rows: pd.DataFrame, name: str, place: int) -> list[go.Scatter]:
    """Power of one analysis, Schoenfeld's where there is one, and the type I error."""
    colour, symbol = COLOURS[place % len(COLOURS)], SYMBOLS[place % len(SYMBOLS)]
    line = {"color": colour, "width": 2.5}
    common = {"x": rows["patients"], "legendgroup": name}
    simulated = go.Scatter(
        **common,
        y=rows["power"],
        mode="lines+markers",
        name=f"{name}: power",
        line=line,
        marker={"symbol": symbol, "size": 10},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": rows["power_high"] - rows["power"],
            "arrayminus": rows["power"] - rows["power_low"],
            "color": colour,
        },
        hovertemplate="%{x:,} patients<br>%{y:.1%}",
    )
    dashed = line | {"dash": "dash"}
    textbook = go.Scatter(**common, y=rows["schoenfeld_power"], mode="lines", name=f"{name}: Schoenfeld", line=dashed)
    first_kind = go.Scatter(
        **common,
        y=rows["type_1_error"],
        mode="markers",
        name=f"{name}: type I error",
        marker={"symbol": f"{symbol}-open", "size": 10, "color": colour},
    )
    return [simulated, *([textbook] if rows["schoenfeld_power"].notna().any() else []), first_kind]
