"""One decision seen from several sides: net benefit in several scenarios, and over the values of one input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.figures.style import GREY, INK, Look, few, finished, sentence, tinted, wrapped
from sim.figures.tables import checked, known
from sim.figures.value import tall


def scenario_benefit(table: pd.DataFrame, look: Look, *, comparator: str, wtp: float) -> go.Figure:
    """Incremental net monetary benefit of every strategy in every scenario.

    Args:
        table: Columns scenario, strategy, cost, qaly: means per patient.
        look: Currency and strategies.
        comparator: Whom against; no row of its own.
        wtp: Willingness to pay per QALY.

    Returns:
        For each strategy a mark in each scenario; right of the line it is worth more than the comparator.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such comparator.
    """
    fit = checked(table, "scenarios", names=("scenario", "strategy"), numbers=("cost", "qaly"))
    look = look.over(fit["strategy"])
    known(comparator, look.strategies)
    fit["nmb"] = wtp * fit["qaly"] - fit["cost"]
    base = fit[fit["strategy"] == comparator].drop_duplicates("scenario").set_index("scenario")["nmb"]
    fit["inmb"] = fit["nmb"] - fit["scenario"].map(base)
    scenarios = list(dict.fromkeys(fit["scenario"]))
    figure = go.Figure()
    for strategy in look.present(fit["strategy"]):
        if strategy == comparator:
            continue
        own = fit[(fit["strategy"] == strategy) & fit["inmb"].notna()]
        figure.add_trace(
            go.Scatter(
                x=own["inmb"],
                y=[wrapped(name, 26) for name in own["scenario"]],
                name=look.label(strategy),
                mode="markers",
                marker={
                    "symbol": look.symbol(strategy),
                    "size": 13,
                    "color": look.colour(strategy),
                    "line": {"width": 1, "color": "white"},
                },
                hovertemplate=f"%{{y}}<br>INMB %{{x:,.0f}} {look.money}",
            )
        )
    figure.add_vline(x=0, line={"color": INK, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(autorange="reversed", type="category")
    reading = [f"against {look.label(comparator)}, the line at 0", f"at {wtp:,.0f} {look.money} per QALY"]
    return finished(
        figure,
        "Net benefit in every scenario",
        sentence([*reading, "the same patients and luck in all"]),
        x=f"INMB per patient ({look.money})",
        height=tall(scenarios, 26, 60),
    )


def net_benefit_over(
    scan: pd.DataFrame, look: Look, *, x: str, wtp: float, thresholds: pd.DataFrame | None = None
) -> go.Figure:
    """Net monetary benefit of every strategy over the values of one input, and where the best one changes.

    Args:
        scan: Columns value, and `nmb_STRATEGY` for each strategy.
        look: Currency and strategies.
        x: Name and unit of the input, for its axis.
        wtp: Willingness to pay per QALY.
        thresholds: Columns threshold, ci_low, ci_high: where the best strategy changes; None for none.

    Returns:
        A line for each strategy, and for each threshold a line with its 95 % Monte Carlo band.

    Raises:
        TableError: A table cannot be drawn.
    """
    names = [str(column).removeprefix("nmb_") for column in scan.columns if str(column).startswith("nmb_")]
    columns = [f"nmb_{name}" for name in names] or ["nmb_STRATEGY"]
    fit = checked(scan, "net benefits over one input", numbers=("value", *columns)).sort_values("value")
    look = look.over(names)
    figure = go.Figure()
    for name in look.present(names):
        figure.add_trace(
            go.Scatter(
                x=fit["value"],
                y=fit[f"nmb_{name}"],
                name=look.label(name),
                mode="lines+markers",
                line=look.line(name),
                marker={"symbol": look.symbol(name), "size": 8},
                hovertemplate=f"%{{x:,.4~g}}: %{{y:,.0f}} {look.money}",
            )
        )
    if thresholds is not None:
        mark_changes(figure, thresholds)
    figure.update_xaxes(tickformat=",.4~g")
    figure.update_yaxes(tickformat=",")
    reading = [f"at {wtp:,.0f} {look.money} per QALY"]
    if thresholds is not None and not thresholds.empty:
        reading.append("dashed: where the best strategy changes, with its 95 % Monte Carlo band")
    return finished(
        figure,
        "Net benefit over one input",
        sentence(reading),
        x=wrapped(x, 90),
        y=f"Net monetary benefit per patient ({look.money})",
    )


def mark_changes(figure: go.Figure, thresholds: pd.DataFrame) -> None:
    """Mark where the best strategy changes: a dashed line with its number, and a grey band around it where known.

    Args:
        figure: Over the values of one input; changed in place.
        thresholds: Columns threshold, and ci_low, ci_high where known.

    Raises:
        TableError: The table cannot be read.
    """
    if thresholds.empty:
        return
    found = checked(thresholds, "thresholds", numbers=("threshold",), optional=("ci_low", "ci_high"))
    for place, (at, low, high) in enumerate(found[["threshold", "ci_low", "ci_high"]].to_numpy()):
        if np.isfinite(low) and np.isfinite(high):
            figure.add_vrect(x0=low, x1=high, fillcolor=tinted(GREY, 0.15), line_width=0, layer="below")
        figure.add_vline(x=at, line={"color": INK, "width": 1.5, "dash": "dash"})
        text = f"<b>{few(at)}</b>"
        # Neighbours stand at different heights, so that their numbers do not meet.
        height = 1 - 0.08 * (place % 3)
        figure.add_annotation(x=at, y=height, yref="paper", text=text, showarrow=False, xshift=26)
