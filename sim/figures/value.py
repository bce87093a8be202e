"""What more research is worth: EVPI, EVPPI, EVSI and the net benefit of sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.figures.style import (
    COLOURS,
    DASHES,
    GREY,
    SYMBOLS,
    Z_95,
    Look,
    finished,
    hatched,
    plain,
    sentence,
    shaded,
    wrapped,
    wtp_axis,
)
from sim.figures.tables import checked


def evpi(by_wtp: pd.DataFrame, look: Look) -> go.Figure:
    """Expected value of perfect information for one patient's decision, over willingness to pay.

    Args:
        by_wtp: Columns wtp, evpi; and, where known, evpi_se and evpi_corrected (freed of patient noise).
        look: Currency.

    Returns:
        The band of two standard errors, where known, the raw curve, and the corrected one, where known.

    Raises:
        TableError: The table cannot be drawn.
    """
    return _evpi(
        by_wtp, look, "evpi", "Expected value of perfect information", f"EVPI per patient ({look.money})", ""
    )


def population_evpi(by_wtp: pd.DataFrame, look: Look, *, years: float | None = None) -> go.Figure:
    """The same for all patients whom the decision concerns.

    Args:
        by_wtp: Columns wtp, population_evpi; and, where known, population_evpi_se and population_evpi_corrected.
        look: Currency.
        years: Years for which the decision holds, for the subtitle.

    Returns:
        As `evpi`.

    Raises:
        TableError: The table cannot be drawn.
    """
    title = "Expected value of perfect information for the population"
    over = "" if years is None else f"all patients whom the decision concerns over {years:g} years"
    return _evpi(by_wtp, look, "population_evpi", title, f"Population EVPI ({look.money})", over)


def _evpi(by_wtp: pd.DataFrame, look: Look, column: str, title: str, y: str, note: str) -> go.Figure:
    error, better = f"{column}_se", f"{column}_corrected"
    fit = checked(by_wtp, "value of information", numbers=("wtp", column), optional=(error, better))
    fit = fit.sort_values("wtp", kind="stable")
    figure = go.Figure()
    banded = fit.dropna(subset=[error])
    if not banded.empty:
        half = Z_95 * banded[error]
        figure.add_trace(
            shaded(
                banded["wtp"],
                (banded[column] - half).clip(lower=0.0),
                banded[column] + half,
                COLOURS[0],
                name="95 % interval",
            )
        )
    lines = [(column, "Raw", COLOURS[0], "solid")]
    if fit[better].notna().any():
        lines.append((better, "Corrected for the noise of simulated patients", COLOURS[1], "dash"))
    for name, label, colour, dash in lines:
        figure.add_trace(
            go.Scatter(
                x=fit["wtp"],
                y=fit[name],
                name=label,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate=f"%{{x:,.0f}} {look.money} per QALY<br>%{{y:,.0f}} {look.money}",
            )
        )
    wtp_axis(figure, fit["wtp"])
    figure.update_yaxes(tickformat=",", rangemode="tozero")
    reading = sentence([note, "what removing all uncertainty before deciding would be worth"])
    return finished(figure, title, reading, x=look.wtp_title, y=y, legend=len(figure.data) > 1)


def evppi(table: pd.DataFrame, look: Look, *, wtp: float | None = None, most: int = 20) -> go.Figure:
    """Expected value of partial perfect information of parameters and groups of them, the largest on top.

    Args:
        table: Columns set (name of a parameter or group), evppi, and, where known, standard_error.
        look: Currency.
        wtp: Threshold at which it was computed, for the subtitle.
        most: Sets shown; the subtitle says how many are left out.

    Returns:
        One bar a set with its 95 % interval.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(table, "EVPPI", names=("set",), numbers=("evppi",), optional=("standard_error",))
    shown = fit.sort_values("evppi", ascending=False, kind="stable").head(most)[::-1]
    names = look.rows(shown["set"])
    figure = go.Figure(
        go.Bar(
            x=shown["evppi"],
            y=[wrapped(name, 40) for name in names],
            orientation="h",
            marker=hatched(COLOURS[0], ""),
            error_x=bars_above_nothing(shown["evppi"], shown["standard_error"]),
            customdata=shown[["standard_error", "set"]],
            hovertemplate=(
                f"%{{y}}<br>EVPPI %{{x:,.1f}} ± %{{customdata[0]:,.1f}} (SE) {look.money}"
                "<br>%{customdata[1]}<extra></extra>"
            ),
        )
    )
    figure.update_xaxes(tickformat=",", rangemode="tozero")
    left_out = len(fit) - len(shown)
    reading = [
        "what knowing these alone would be worth before deciding",
        "" if wtp is None else f"at {wtp:,.0f} {look.money} per QALY",
        f"{left_out} smaller ones are not shown" if left_out else "",
        "bars: 95 % intervals" if shown["standard_error"].notna().any() else "",
    ]
    return finished(
        figure,
        "Expected value of partial perfect information",
        sentence(reading),
        x=f"EVPPI per patient ({look.money})",
        height=tall(names, 40),
        legend=False,
    )


def population_over_time(table: pd.DataFrame, look: Look) -> go.Figure:
    """Expected value of perfect information to all who have arrived by then, discounted to today.

    Args:
        table: Columns wtp, to_year, cumulative_evpi; and, where known, cumulative_evpi_se.
        look: Currency.

    Returns:
        A line from the origin for each threshold, with 95 % intervals at the end of each year.

    Raises:
        TableError: The table cannot be drawn.
    """
    error = "cumulative_evpi_se"
    fit = checked(table, "population by year", numbers=("wtp", "to_year", "cumulative_evpi"), optional=(error,))
    figure = go.Figure()
    for place, (wtp, rows) in enumerate(fit.sort_values("to_year").groupby("wtp")):
        colour = COLOURS[place % len(COLOURS)]
        start = pd.DataFrame({"to_year": [0.0], "cumulative_evpi": [0.0], error: [0.0]})
        from_nothing = pd.concat([start, rows[start.columns]])
        figure.add_trace(
            go.Scatter(
                x=from_nothing["to_year"],
                y=from_nothing["cumulative_evpi"],
                error_y=bars_above_nothing(from_nothing["cumulative_evpi"], from_nothing[error]),
                name=f"{wtp:,.0f} {look.money} per QALY",
                mode="lines+markers",
                line={"color": colour, "dash": DASHES[place % len(DASHES)], "width": 2.5},
                marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9},
                hovertemplate=f"year %{{x:g}}<br>%{{y:,.0f}} {look.money}",
            )
        )
    figure.update_yaxes(tickformat=",", rangemode="tozero")
    return finished(
        figure,
        "Value of perfect information to the population, over time",
        "all who have arrived by then, each discounted to today at arrival; bars: 95 % intervals",
        x="Years from today",
        y=f"EVPI of the population so far ({look.money})",
    )


def evsi(table: pd.DataFrame, look: Look, *, size: str = "Patients in the study") -> go.Figure:
    """Expected value of sample information of a study, by its size, for one patient's decision.

    Args:
        table: Columns n (patients in the study), evsi; and, where known, standard_error and design.
        look: Currency.
        size: What n counts, for the axis.

    Returns:
        A line with 95 % intervals for each design.

    Raises:
        TableError: The table cannot be drawn.
    """
    figure = _by_size(
        table, look, "evsi", "standard_error", lambda own: bars_above_nothing(own["evsi"], own["standard_error"])
    )
    return finished(
        figure,
        "Expected value of sample information, by size of the study",
        "what deciding after the study would be worth over deciding now",
        x=size,
        y=f"EVSI per patient ({look.money})",
        legend=len(figure.data) > 1,
    )


def enbs(table: pd.DataFrame, look: Look, *, size: str = "Patients in the study") -> go.Figure:
    """Expected net benefit of sampling by size of the study: its value to the population less its cost.

    Args:
        table: Columns n, enbs; and, where known, enbs_se and design.
        look: Currency.
        size: What n counts, for the axis.

    Returns:
        A line for each design; the best size is marked on each.

    Raises:
        TableError: The table cannot be drawn.
    """
    figure = _by_size(table, look, "enbs", "enbs_se", lambda own: error_bars(own["enbs_se"]))
    for trace in list(figure.data):
        best = int(np.argmax(trace.y))
        worth = trace.y[best] > 0
        figure.add_annotation(
            x=trace.x[best],
            y=trace.y[best] + (0.0 if trace.error_y.array is None else trace.error_y.array[best]),
            text=f"best of these: n = {trace.x[best]:,.0f}" if worth else "not worth its cost at any size",
            arrowcolor=GREY,
            ay=-24,
            ax=0,
            # Beside its point, to the side where the figure is.
            xanchor="left" if 2 * trace.x[best] < min(trace.x) + max(trace.x) else "right",
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_yaxes(tickformat=",")
    return finished(
        figure,
        "Expected net benefit of sampling, by size of the study",
        "value of the study to the population less its cost; worth running where above 0",
        x=size,
        y=f"ENBS ({look.money})",
        legend=len(figure.data) > 1,
    )


def _by_size(
    table: pd.DataFrame, look: Look, column: str, error: str, bars: Callable[[pd.DataFrame], dict[str, object]]
) -> go.Figure:
    names = ("design",) if "design" in table.columns else ()
    fit = checked(table, "study sizes", names=names, numbers=("n", column), optional=(error,))
    fit = fit.sort_values("n", kind="stable")
    figure = go.Figure()
    designs = list(dict.fromkeys(fit["design"])) if names else [""]
    for place, design in enumerate(designs):
        own = fit[fit["design"] == design] if names else fit
        figure.add_trace(
            go.Scatter(
                x=own["n"],
                y=own[column],
                error_y=bars(own),
                name=plain(design) or column.upper(),
                mode="lines+markers",
                line={"color": COLOURS[place % len(COLOURS)], "dash": DASHES[place % len(DASHES)], "width": 2.5},
                marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9},
                hovertemplate=f"n = %{{x:,.0f}}<br>%{{y:,.1f}} {look.money}",
            )
        )
    figure.update_xaxes(tickformat=",", rangemode="tozero")
    figure.update_yaxes(tickformat=",")
    return figure


def error_bars(standard_error: pd.Series) -> dict[str, object]:
    """95 % intervals, none where the standard error is blank."""
    if standard_error.notna().sum() == 0:
        return {"visible": False}
    return {
        "type": "data",
        "array": Z_95 * standard_error.fillna(0.0),
        "thickness": 1.3,
        "width": 4,
        "color": "#222222",
    }


def bars_above_nothing(value: pd.Series, standard_error: pd.Series) -> dict[str, object]:
    """The same of what cannot be negative: the lower end stops at 0."""
    bars = error_bars(standard_error)
    if "array" not in bars:
        return bars
    lower = np.minimum(Z_95 * standard_error.fillna(0.0), value)
    return bars | {"symmetric": False, "arrayminus": lower}


def monte_carlo(mcse: pd.Series, what: str = "bars") -> str:
    """What the intervals are, for a subtitle; empty where there are none."""
    return f"{what}: 95 % Monte Carlo intervals" if mcse.notna().any() else ""


def tall(names: Sequence[str], width: int, least: int = 30) -> int:
    """Height in pixels of a figure with a row of at least `least` for each name wrapped at `width` letters."""
    lines = max((wrapped(name, width).count("<br>") + 1 for name in names), default=1)
    return max(320, 200 + max(least, 4 + 18 * lines) * len(names))
