"""The cost-effectiveness plane, of PSA draws or of means, and the efficiency frontier."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError
from sim.figures.style import GREY, INK, Drawing, Look, drawn, finished, sentence, tinted
from sim.figures.tables import Floats, against, checked
from sim.figures.value import monte_carlo

CHI_SQUARE_95 = 5.991464547107979
"""95th percentile of chi-square with two degrees of freedom: an ellipse's squared Mahalanobis radius."""

MOST_POINTS = 2000
"""Draws shown for each strategy; means and ellipses always take all of them."""

Trace = dict[str, Any]

_FRONTIER = ("reference", "on frontier")


def ellipse(mean: Floats, covariance: Floats, points: int = 121) -> Floats:
    """Outline that holds 95 % of a bivariate normal distribution.

    Args:
        mean: Shape (2,).
        covariance: Shape (2, 2).
        points: Points on the outline, the first again at the end.

    Returns:
        Shape (2, points).
    """
    angle = np.linspace(0.0, 2 * np.pi, points)
    scale = np.sqrt(np.diag(covariance))
    # In units of the standard deviations, so that points are even however unlike cost and QALYs are.
    spread = np.where(scale > 0, scale, 1.0)
    variances, axes = np.linalg.eigh(covariance / np.outer(spread, spread))
    radii = np.sqrt(CHI_SQUARE_95 * np.maximum(variances, 0.0))
    unit = axes @ (radii[:, None] * np.stack([np.cos(angle), np.sin(angle)]))
    outline: Floats = mean[:, None] + spread[:, None] * unit
    return outline


def ce_plane(draws: pd.DataFrame, look: Look, *, comparator: str, wtp: float | None = None) -> go.Figure:
    """Cost-effectiveness plane of PSA draws: every strategy against one comparator.

    Points are draws (at most `MOST_POINTS` a strategy, evenly spaced; the subtitle says so), the outline is the 95 %
    ellipse of a normal distribution with their mean and covariance, the large symbol their mean. A single draw has no
    ellipse.

    Args:
        draws: Columns draw, strategy, cost, qaly.
        look: Currency and strategies.
        comparator: Strategy at the origin.
        wtp: Willingness to pay per QALY, drawn as a line through the origin; None for no line.

    Returns:
        For each strategy points, ellipse and mean, then the line.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such comparator.
    """
    differences = against(draws, comparator)
    look = look.over([comparator, *differences["strategy"]])
    n = differences["draw"].nunique()
    step = -(-n // MOST_POINTS)
    data: list[Trace] = []
    outlines = []
    for strategy in look.present(differences["strategy"]):
        own = differences[differences["strategy"] == strategy]
        pair = own[["delta_qaly", "delta_cost"]].to_numpy().T
        data.append(_cloud(own.iloc[::step], strategy, look))
        if n > 1:
            outlines.append(ellipse(pair.mean(axis=1), np.cov(pair)))
            data.append(_outline(outlines[-1], strategy, look))
        note = "" if wtp is None else f"<br>cost-effective in {np.mean(wtp * pair[0] > pair[1]):.1%} of draws"
        data.append(_mean(pair.mean(axis=1), strategy, look, note))
    everything = np.concatenate([differences[["delta_qaly", "delta_cost"]].to_numpy().T, *outlines], axis=1)
    shown = f"{n:,} draws" if step == 1 else f"{n:,} draws, one in {step} shown"
    ellipses = "ellipses: 95 % of a normal distribution of their mean and covariance; large symbols: means"
    reading = [shown, ellipses] if n > 1 else ["one draw"]
    return go.Figure(_as_plane(data, everything, look, comparator, wtp, reading))


def ce_plane_means(
    differences: pd.DataFrame, look: Look, *, wtp: float | None = None, before: pd.DataFrame | None = None
) -> go.Figure:
    """Cost-effectiveness plane of means, with the error that simulating a sample of patients leaves in them.

    Args:
        differences: Columns strategy, comparator (one for all rows), delta_cost, delta_qaly; and, where known,
            delta_cost_mcse, delta_qaly_mcse and covariance (of the two means).
        look: Currency and strategies.
        wtp: As for `ce_plane`.
        before: The same before a change, drawn as hollow marks; None for no change.

    Returns:
        For each strategy the 95 % ellipse of its mean, where known, and the mean; then the line and the hollow marks.

    Raises:
        TableError: A table cannot be drawn.
    """
    return go.Figure(ce_plane_means_json(differences, look, wtp=wtp, before=before))


def ce_plane_means_json(
    differences: pd.DataFrame, look: Look, *, wtp: float | None = None, before: pd.DataFrame | None = None
) -> Drawing:
    """The same in Plotly's own JSON."""
    spread = ("delta_cost_mcse", "delta_qaly_mcse", "covariance")
    fit = checked(
        differences,
        "differences",
        names=("strategy", "comparator"),
        numbers=("delta_cost", "delta_qaly"),
        optional=spread,
    )
    if len(fit["comparator"].unique()) > 1:
        problem = Problem("column comparator", ", ".join(fit["comparator"].unique()), "one comparator for all rows")
        raise TableError("the table of differences cannot be drawn", [problem])
    comparator = fit["comparator"].iloc[0]
    look = look.over([comparator, *fit["strategy"]])
    data: list[Trace] = []
    everything = [fit[["delta_qaly", "delta_cost"]].to_numpy().T]
    for strategy in look.present(fit["strategy"]):
        row = fit[fit["strategy"] == strategy].iloc[0]
        mean = row[["delta_qaly", "delta_cost"]].to_numpy(np.float64)
        se_cost, se_qaly, covariance = row[list(spread)].to_numpy(np.float64)
        matrix = np.array([[se_qaly**2, covariance], [covariance, se_cost**2]])
        if np.isfinite(matrix).all():
            everything.append(ellipse(mean, matrix))
            data.append(_outline(everything[-1], strategy, look))
        data.append(_mean(mean, strategy, look))
    reading = ["means of one parameter set", "ellipses are 95 % Monte Carlo regions of the mean"][: len(everything)]
    last = []
    if before is not None:
        old = checked(before, "differences before", names=("strategy",), numbers=("delta_cost", "delta_qaly"))
        everything.append(old[["delta_qaly", "delta_cost"]].to_numpy().T)
        last.append(_before(everything[-1], [look.label(name) for name in old["strategy"]], look))
    return _as_plane(data, np.concatenate(everything, axis=1), look, comparator, wtp, reading, last)


def _cloud(own: pd.DataFrame, strategy: str, look: Look) -> Trace:
    return {
        "type": "scatter",
        "x": own["delta_qaly"].to_numpy(),
        "y": own["delta_cost"].to_numpy(),
        "customdata": own["draw"].to_numpy(),
        "name": look.label(strategy),
        "legendgroup": strategy,
        "showlegend": False,
        "mode": "markers",
        "marker": {"color": tinted(look.colour(strategy), 0.3), "symbol": look.symbol(strategy), "size": 5},
        "hovertemplate": "draw %{customdata}<br>Δ QALYs %{x:.4f}<br>Δ cost %{y:,.0f} " + look.money,
    }


def _outline(points: Floats, strategy: str, look: Look) -> Trace:
    return {
        "type": "scatter",
        "x": points[0],
        "y": points[1],
        "name": f"95 % ellipse, {look.label(strategy)}",
        "legendgroup": strategy,
        "showlegend": False,
        "mode": "lines",
        "line": look.line(strategy, 2),
        "hoverinfo": "skip",
    }


def _before(means: Floats, labels: list[str], look: Look) -> Trace:
    told = f"%{{customdata}} before<br>Δ QALYs %{{x:.4f}}<br>Δ cost %{{y:,.0f}} {look.money}<extra></extra>"
    return {
        "type": "scatter",
        "x": means[0],
        "y": means[1],
        "customdata": labels,
        "mode": "markers",
        "name": "Before the change",
        "marker": {"symbol": "diamond-open", "size": 11, "color": INK, "line": {"width": 2}},
        "hovertemplate": told,
    }


def _mean(mean: Floats, strategy: str, look: Look, note: str = "") -> Trace:
    marker = {
        "color": look.colour(strategy),
        "symbol": look.symbol(strategy),
        "size": 13,
        "line": {"color": "white", "width": 1.5},
    }
    return {
        "type": "scatter",
        "x": [mean[0]],
        "y": [mean[1]],
        "name": look.label(strategy),
        "legendgroup": strategy,
        "mode": "markers",
        "marker": marker,
        "hovertemplate": f"mean<br>Δ QALYs %{{x:.4f}}<br>Δ cost %{{y:,.0f}} {look.money}{note}",
    }


def _as_plane(
    data: list[Trace],
    everything: Floats,
    look: Look,
    comparator: str,
    wtp: float | None,
    reading: list[str],
    last: Sequence[Trace] = (),
) -> Drawing:
    """Axes through the origin, the line of willingness to pay, what comes after it, and the titles."""
    ranges = [_padded(values) for values in everything]
    axis = {"zeroline": True, "zerolinecolor": INK}
    line = [] if wtp is None else [_wtp_line(wtp, ranges, look)]
    versus = look.label(comparator)
    return drawn(
        [*data, *line, *last],
        {
            "xaxis": {**axis, "range": ranges[0], "tickformat": ".3~f"},
            "yaxis": {**axis, "range": ranges[1], "tickformat": ","},
        },
        f"Cost-effectiveness plane against {versus}",
        sentence(reading),
        x="Incremental QALYs per patient",
        y=f"Incremental cost per patient ({look.money})",
    )


def _padded(values: Floats) -> list[float]:
    """Range that holds the values and 0, with some room."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.08 * (high - low) or 1.0
    return [low - room, high + room]


def _wtp_line(wtp: float, ranges: list[list[float]], look: Look) -> Trace:
    """The line of slope `wtp` through the origin, as far as it stays within both ranges."""
    (left, right), (bottom, top) = ranges
    if wtp > 0:
        left, right = max(left, bottom / wtp), min(right, top / wtp)
    x = np.array([left, 0.0, right])
    return {
        "type": "scatter",
        "x": x,
        "y": wtp * x,
        "name": f"{wtp:,.0f} {look.money} per QALY",
        "mode": "lines",
        "line": {"color": INK, "width": 1.5, "dash": "longdash"},
        "hovertemplate": f"willingness to pay {wtp:,.0f} {look.money} per QALY",
    }


def ce_frontier(incremental: pd.DataFrame, look: Look) -> go.Figure:
    """Mean cost and QALYs of every strategy, and the efficiency frontier with its ICERs.

    Args:
        incremental: Columns strategy, cost, qaly, status, icer (blank off the frontier); and, where known, cost_mcse
            and qaly_mcse, drawn as 95 % intervals of each strategy by itself.
        look: Currency and strategies.

    Returns:
        The frontier, then a point for each strategy, hollow off the frontier.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(
        incremental,
        "the incremental analysis",
        names=("strategy", "status"),
        numbers=("cost", "qaly"),
        gaps=("icer",),
        optional=("cost_mcse", "qaly_mcse"),
    )
    look = look.over(fit["strategy"])
    frontier = fit[fit["status"].isin(_FRONTIER)].sort_values("cost")
    figure = go.Figure(
        go.Scatter(
            x=frontier["qaly"],
            y=frontier["cost"],
            name="Efficiency frontier",
            mode="lines",
            line={"color": GREY, "width": 1.5},
            hoverinfo="skip",
        )
    )
    for strategy in look.present(fit["strategy"]):
        figure.add_trace(_frontier_point(fit[fit["strategy"] == strategy].iloc[0], strategy, look))
    for (_, below), (_, row) in pairwise(frontier.iterrows()):
        figure.add_annotation(_icer_between(below, row, look))
    figure.update_yaxes(tickformat=",")
    figure.update_xaxes(tickformat=".3~f")
    return finished(
        figure,
        "Costs and QALYs of the strategies, and the efficiency frontier",
        sentence(
            [
                "hollow: dominated or extendedly dominated",
                monte_carlo(fit["cost_mcse"], "bars of each strategy by itself"),
            ]
        ),
        x="QALYs per patient, discounted",
        y=f"Cost per patient, discounted ({look.money})",
    )


def _icer_between(below: pd.Series, above: pd.Series, look: Look) -> dict[str, object]:
    """ICER of a strategy on the frontier, beside the line that leads to it."""
    return {
        "x": (below["qaly"] + above["qaly"]) / 2,
        "y": (below["cost"] + above["cost"]) / 2,
        "text": f"{above['icer']:,.0f} {look.money} per QALY",
        "font": {"size": 12, "color": GREY},
        "bgcolor": "rgba(255,255,255,0.75)",
        "showarrow": False,
        "xanchor": "right",
        "xshift": -8,
        "yshift": 8,
    }


def _frontier_point(row: pd.Series, strategy: str, look: Look) -> go.Scatter:
    on = row["status"] in _FRONTIER
    symbol = look.symbol(strategy) + ("" if on else "-open")
    colour = look.colour(strategy)
    error = {"type": "data", "thickness": 1.2, "width": 4, "color": colour}
    return go.Scatter(
        x=[row["qaly"]],
        y=[row["cost"]],
        error_x=_error(error, row["qaly_mcse"]),
        error_y=_error(error, row["cost_mcse"]),
        name=look.label(strategy),
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 13, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{row['status']}<br>QALYs %{{x:.4f}}<br>cost %{{y:,.0f}} {look.money}",
    )


def _error(bar: dict[str, object], standard_error: float) -> dict[str, object]:
    return {**bar, "array": [1.96 * standard_error]} if np.isfinite(standard_error) else {"visible": False}
