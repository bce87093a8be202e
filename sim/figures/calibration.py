"""Published points with their intervals over the curves that a calibration gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.figures.style import COLOURS, INK, Look, finished, sentence, shaded, tinted, wrapped
from sim.figures.tables import checked
from sim.figures.value import tall

IDENTIFIED = 0.1
"""Share of the prior variance that data must take away to tell something of a parameter."""
STUDY = "rgb(204,204,204)"
"""Of the range in which a study would fall, behind the interval of what was published."""


ACROSS, LETTERS = 3, 105
"""Panels in a row, and letters of their titles in a row together."""
TARGET = "calibration.targets."
"""Before the name of a target in its path."""


def calibration_fit(curves: pd.DataFrame, targets: pd.DataFrame, look: Look) -> go.Figure:
    """Posterior bands of cumulative incidence with what was observed, a panel for each target.

    Args:
        curves: Columns target, months, low, median, high (95 % band).
        targets: Columns target, month, observed, observed_low, observed_high, predicted_low, predicted_high, fitted.
        look: How targets are named.

    Returns:
        For each target a band, its median, the published points with their sampling error, and the range in which a
        study of that size would fall.

    Raises:
        TableError: A table cannot be drawn.
    """
    bands = checked(curves, "calibration curves", names=("target",), numbers=("months", "low", "median", "high"))
    limits = ("observed_low", "observed_high", "predicted_low", "predicted_high")
    points = checked(targets, "calibration targets", names=("target",), numbers=("month", "observed", *limits))
    names = list(dict.fromkeys(bands["target"]))
    fitted = dict(zip(targets["target"], targets["fitted"], strict=True))
    across = min(len(names), ACROSS) or 1
    rows = -(-len(names) // across) or 1
    titles = [
        wrapped(_name(look, name) + ("" if fitted.get(name, True) else " (not fitted)"), LETTERS // across)
        for name in names
    ]
    figure = make_subplots(rows, across, shared_yaxes=True, subplot_titles=titles, vertical_spacing=0.4 / rows)
    figure.update_annotations(font_size=13)
    for place, name in enumerate(names):
        band = bands[bands["target"] == name].sort_values("months")
        seen = points[points["target"] == name]
        row, column = divmod(place, across)
        for trace in (*_band(band, first=place == 0), *_points(seen, first=place == 0)):
            figure.add_trace(trace, row=row + 1, col=column + 1)
    figure.update_xaxes(title_text="Months since the first dose", rangemode="tozero")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title_text="Patients with a first infection", col=1)
    return finished(
        figure,
        "Calibration: published incidence over the posterior",
        sentence(["bars: 95 % sampling error of what was observed", "grey: 95 % of studies of that size"]),
        height=200 + 330 * rows,
        panels=1 + max((title.count("<br>") for title in titles), default=0),
    )


def _name(look: Look, target: str) -> str:
    """A target in words; its name where it has none."""
    return look.input(TARGET + target).removeprefix(TARGET)


def _band(band: pd.DataFrame, *, first: bool) -> tuple[go.Scatter, go.Scatter]:
    colour = COLOURS[0]
    shade = shaded(
        band["months"],
        band["low"],
        band["high"],
        colour,
        0.2,
        name="Posterior, 95 %",
        legendgroup="band",
        showlegend=first,
    )
    middle = go.Scatter(
        x=band["months"],
        y=band["median"],
        mode="lines",
        line={"color": colour, "width": 2.5},
        name="Posterior median",
        legendgroup="median",
        showlegend=first,
        hovertemplate="month %{x:.1f}<br>%{y:.1%}",
    )
    return shade, middle


def _points(seen: pd.DataFrame, *, first: bool) -> tuple[go.Scatter, go.Scatter]:
    middle = (seen["predicted_high"] + seen["predicted_low"]) / 2
    study = go.Scatter(
        x=seen["month"],
        y=middle,
        mode="markers",
        marker={"symbol": "line-ns", "size": 14, "color": STUDY, "line": {"width": 7, "color": STUDY}},
        error_y={
            "type": "data",
            "array": (seen["predicted_high"] - seen["predicted_low"]) / 2,
            "thickness": 7,
            "width": 0,
            "color": STUDY,
        },
        name="A study of that size, 95 %",
        legendgroup="study",
        showlegend=first,
        hoverinfo="skip",
    )
    published = go.Scatter(
        x=seen["month"],
        y=seen["observed"],
        mode="markers",
        marker={"symbol": "circle-open", "size": 11, "color": INK, "line": {"width": 2.5}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": seen["observed_high"] - seen["observed"],
            "arrayminus": seen["observed"] - seen["observed_low"],
            "color": INK,
        },
        name="Published",
        legendgroup="published",
        showlegend=first,
        hovertemplate="month %{x:.1f}<br>%{y:.1%}<extra></extra>",
    )
    return study, published


def calibration_posterior(table: pd.DataFrame, look: Look) -> go.Figure:
    """Posterior of every free quantity on the scale of its prior, those that the data tell most on top.

    Args:
        table: Columns parameter, prior_low, prior_median, prior_high (95 % interval), the same of the posterior, and
            contraction (share of the prior variance that the data took away).
        look: How inputs are named.

    Returns:
        The interval of each posterior, in black where the data identify it and pale where they do not; the prior of
        each goes from -1 to 1.

    Raises:
        TableError: The table cannot be drawn.
    """
    ends = [f"{what}_{end}" for what in ("prior", "posterior") for end in ("low", "median", "high")]
    fit = checked(table, "posteriors", names=("parameter",), numbers=(*ends, "contraction"))
    fit = fit.sort_values("contraction", ascending=False, kind="stable")
    told = look.rows(fit["parameter"])
    fit["row"] = [wrapped(name, 46) for name in told]
    figure = go.Figure()
    for is_told, key, colour, symbol in (
        (True, "A tenth of the prior variance or more taken away", INK, "circle"),
        (False, "Less: not identified", "rgb(150,150,150)", "circle-open"),
    ):
        own = fit[(fit["contraction"] >= IDENTIFIED) == is_told]
        figure.add_trace(_forest(own, key, colour, symbol))
    figure.add_vrect(x0=-1, x1=1, fillcolor=tinted(COLOURS[0], 0.12), line_width=0, layer="below")
    figure.update_yaxes(categoryorder="array", categoryarray=list(fit["row"])[::-1], showgrid=True)
    figure.update_xaxes(tickvals=[-1, 0, 1], ticktext=["2.5 %", "median", "97.5 %"])
    return finished(
        figure,
        "Calibration: what the data tell of each quantity",
        "posterior median and 95 % interval on the scale of the prior, whose 95 % interval is shaded",
        x="Place in the prior",
        height=tall(told, 46),
    )


def _forest(own: pd.DataFrame, key: str, colour: str, symbol: str) -> go.Scatter:
    low, middle, high = (_on_prior(own, own[f"posterior_{end}"]) for end in ("low", "median", "high"))
    return go.Scatter(
        x=middle,
        y=own["row"],
        mode="markers",
        name=key,
        marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "color": colour,
            "thickness": 2,
        },
        customdata=own[["posterior_median", "posterior_low", "posterior_high", "contraction", "parameter"]],
        hovertemplate="%{y}<br>%{customdata[0]:.4g} (%{customdata[1]:.4g} to %{customdata[2]:.4g})"
        "<br>%{customdata[3]:.0%} of the prior variance taken away<br>%{customdata[4]}<extra></extra>",
    )


def _on_prior(own: pd.DataFrame, value: pd.Series) -> pd.Series:
    """0 at the prior median, -1 and 1 at the ends of the prior's 95 % interval, straight between and beyond."""
    away = value - own["prior_median"]
    below = own["prior_median"] - own["prior_low"]
    above = own["prior_high"] - own["prior_median"]
    return away / np.where(away < 0, below, above)
