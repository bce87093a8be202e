"""Tornado: every input at its low and its high value, the widest bar on top."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError
from sim.figures.style import COLOURS, GREY, INK, Z_95, Look, few, finished, hatched, number, plain, sentence, wrapped
from sim.figures.tables import checked
from sim.figures.value import tall

ENDS = ("outcome_low", "outcome_high")
ROW = 44
"""Letters of a line of an input's name."""


def tornado(
    table: pd.DataFrame,
    look: Look,
    *,
    outcome: str,
    unit: str | None = None,
    base: float | None = None,
    most: int = 20,
) -> go.Figure:
    """One-way sensitivity analysis, the widest bar on top.

    Args:
        table: Columns path, low, high (values of the input), outcome_low, outcome_high (outcome at each; blank where
            it cannot be played); and, where known, swing_mcse (Monte Carlo standard error of the swing),
            changes_decision (whether another strategy is best at an end) and outcome_base, the same in all rows.
        look: Currency.
        outcome: What the outcome is, e.g. "INMB of primary against none at 50,000 USD per QALY".
        unit: Its unit; None for the currency.
        base: Outcome at the base values; None takes outcome_base.
        most: Inputs shown; the subtitle says how many are left out.

    Returns:
        The bars towards the low and towards the high value, pale where the swing is within its Monte Carlo error.

    Raises:
        TableError: The table cannot be drawn, or the outcome at the base values is not known.
    """
    known = ("swing_mcse", "outcome_base", "changes_decision")
    fit = checked(table, "one-way analyses", names=("path",), numbers=("low", "high"), gaps=ENDS, optional=known)
    centre = float(fit["outcome_base"].iloc[0]) if base is None else base
    if not np.isfinite(centre):
        problem = Problem("column outcome_base", "none", "the outcome at the base values, here or as base")
        raise TableError("the table of one-way analyses cannot be drawn", [problem])
    shown = _measured(fit, centre).sort_values("width", kind="stable").tail(most)
    shown["row"] = look.rows(shown["path"], units=True)
    unit = look.money if unit is None else plain(unit)
    figure = go.Figure()
    for end, name, colour, hatch in (("low", "Low value", COLOURS[0], ""), ("high", "High value", COLOURS[1], "/")):
        figure.add_trace(_bars(shown, end, name, centre, unit, hatched(colour, hatch)))
    low, high = float(shown["lowest"].min()), float(shown["highest"].max())
    figure.add_vline(x=centre, line={"color": INK, "width": 1.5})
    if low < 0 < high:
        figure.add_vline(x=0, line={"color": GREY, "width": 1.5, "dash": "dot"})
    room = 0.14 * (high - low) or 1.0
    figure.update_xaxes(range=[low - room, high + room], tickformat=",", zeroline=False)
    figure.update_layout(barmode="overlay", bargap=0.35)
    left_out = len(fit) - len(shown)
    reading = [
        f"line: {number(centre, ',.5g')} {unit} at the base values",
        "dotted: 0" if low < 0 < high else "",
        *_legend_in_words(shown),
        f"{left_out} smaller ones are not shown" if left_out else "",
    ]
    return finished(
        figure,
        f"One-way sensitivity of {plain(outcome)}",
        sentence(reading),
        x=f"{wrapped(outcome, 60)} ({unit})",
        height=tall(list(shown["row"]), ROW),
    )


def _measured(fit: pd.DataFrame, centre: float) -> pd.DataFrame:
    """Every input with how far its bar reaches, its swing, and whether that is within its Monte Carlo error."""
    points = fit[list(ENDS)].assign(base=centre)
    lowest, highest = points.min(axis=1), points.max(axis=1)
    swing = fit["outcome_high"] - fit["outcome_low"]
    return fit.assign(
        lowest=lowest,
        highest=highest,
        width=highest - lowest,
        swing=swing,
        within_noise=swing.abs() < Z_95 * fit["swing_mcse"],
    )


def _legend_in_words(shown: pd.DataFrame) -> list[str]:
    """What numbers, bold names and pale bars mean, of those that are there."""
    return [
        "numbers: low and high value of each input",
        "bold: another strategy becomes the best" if (shown["changes_decision"] == 1).any() else "",
        "pale: swing within its Monte Carlo error" if shown["within_noise"].any() else "",
    ]


def _bars(shown: pd.DataFrame, end: str, name: str, centre: float, unit: str, fill: dict[str, object]) -> go.Bar:
    outcome = shown[f"outcome_{end}"]
    other = shown["outcome_high" if end == "low" else "outcome_low"]
    # The number goes where no other bar is: outside its own bar, unless the other end lies further out.
    beyond = (outcome - centre) * (other - centre) > 0
    hidden = beyond & ((other - centre).abs() > (outcome - centre).abs())
    return go.Bar(
        x=outcome - centre,
        base=centre,
        y=[_named(path, bold) for path, bold in zip(shown["row"], shown["changes_decision"] == 1, strict=True)],
        orientation="h",
        name=name,
        marker={**fill, "opacity": np.where(shown["within_noise"], 0.3, 1.0)},
        text=[few(value) for value in shown[end]],
        textposition=["inside" if inner else "outside" for inner in hidden],
        textangle=0,
        cliponaxis=False,
        textfont={"size": 11},
        insidetextfont={"color": INK},
        customdata=shown[[end, f"outcome_{end}", "swing", "swing_mcse", "path"]],
        hovertemplate=(
            f"%{{y}} = %{{customdata[0]:.4g}}<br>outcome %{{customdata[1]:,.5g}} {unit}"
            f"<br>swing %{{customdata[2]:,.5g}} ± %{{customdata[3]:,.3g}} (MCSE) {unit}<br>%{{customdata[4]}}"
        ),
    )


def _named(row: str, bold: bool) -> str:
    return f"<b>{wrapped(row, ROW)}</b>" if bold else wrapped(row, ROW)
