"""Who should be chosen at which willingness to pay: CEAC, CEAF, expected loss, and the price that flips it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.figures.style import (
    FAINT,
    GREY,
    HEIGHT,
    INK,
    Look,
    finished,
    plain,
    sentence,
    shaded,
    tinted,
    words,
    wtp_axis,
)
from sim.figures.tables import checked


def ceac(by_wtp_strategy: pd.DataFrame, look: Look) -> go.Figure:
    """Cost-effectiveness acceptability curves.

    Args:
        by_wtp_strategy: Columns wtp, strategy, ceac; and, where known, ceac_corrected (freed of patient noise).
        look: Currency and strategies.

    Returns:
        A curve for each strategy; with corrected values these are the curves, and the raw ones stand pale behind.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit, look, corrected = _curves(by_wtp_strategy, look, "ceac")
    figure = _by_strategy(fit, look, "ceac", corrected=corrected, value="%{y:.3f}")
    figure.update_yaxes(range=[0, 1], tickformat=".1f")
    wtp_axis(figure, fit["wtp"])
    return finished(
        figure,
        "Cost-effectiveness acceptability curves",
        sentence(["share of draws in which each strategy has the highest net benefit of all", _corrected(corrected)]),
        x=look.wtp_title,
        y="Probability of being cost-effective",
    )


def expected_loss(by_wtp_strategy: pd.DataFrame, look: Look) -> go.Figure:
    """Expected loss curves: what choosing each strategy forgoes; the lowest at a threshold is the EVPI.

    Args:
        by_wtp_strategy: Columns wtp, strategy, expected_loss; and, where known, expected_loss_corrected.
        look: Currency and strategies.

    Returns:
        A curve for each strategy, as for `ceac`.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit, look, corrected = _curves(by_wtp_strategy, look, "expected_loss")
    figure = _by_strategy(fit, look, "expected_loss", corrected=corrected, value="%{y:,.0f} " + look.money)
    figure.update_yaxes(tickformat=",", rangemode="tozero")
    wtp_axis(figure, fit["wtp"])
    return finished(
        figure,
        "Expected loss of choosing each strategy",
        sentence(
            ["the lowest curve is the choice; its height is the value of perfect information", _corrected(corrected)]
        ),
        x=look.wtp_title,
        y=f"Expected loss per patient ({look.money})",
    )


def _curves(table: pd.DataFrame, look: Look, column: str) -> tuple[pd.DataFrame, Look, bool]:
    fit = checked(
        table, "curves by threshold", names=("strategy",), numbers=("wtp", column), optional=(f"{column}_corrected",)
    )
    fit = fit.sort_values("wtp", kind="stable")
    return fit, look.over(fit["strategy"]), bool(fit[f"{column}_corrected"].notna().any())


def _corrected(corrected: bool) -> str:
    return "pale: before correction for the noise of simulated patients" if corrected else ""


def _by_strategy(fit: pd.DataFrame, look: Look, column: str, *, corrected: bool, value: str) -> go.Figure:
    """A line for each strategy over thresholds, preceded by its raw line where there is a corrected one."""
    figure = go.Figure()
    for strategy in look.present(fit["strategy"]):
        own = fit[fit["strategy"] == strategy]
        if corrected:
            pale = {"color": tinted(look.colour(strategy), 0.35), "width": 1.5, "dash": look.dash(strategy)}
            figure.add_trace(
                go.Scatter(
                    x=own["wtp"],
                    y=own[column],
                    name=f"{look.label(strategy)}, raw",
                    legendgroup=strategy,
                    showlegend=False,
                    mode="lines",
                    line=pale,
                    hovertemplate=f"%{{x:,.0f}} {look.money} per QALY<br>raw {value}",
                )
            )
        figure.add_trace(
            go.Scatter(
                x=own["wtp"],
                y=own[f"{column}_corrected" if corrected else column],
                name=look.label(strategy),
                legendgroup=strategy,
                mode="lines+markers",
                line=look.line(strategy),
                marker={"symbol": look.symbol(strategy), "size": 8, "maxdisplayed": 9},
                hovertemplate=f"%{{x:,.0f}} {look.money} per QALY<br>{value}",
            )
        )
    return figure


def ceaf(by_wtp: pd.DataFrame, look: Look) -> go.Figure:
    """Cost-effectiveness acceptability frontier: the best strategy on average, and how sure that is.

    Args:
        by_wtp: Columns wtp, optimal (a strategy), ceaf; and, where known, ceaf_corrected.
        look: Currency and strategies.

    Returns:
        The whole frontier in grey, then for each strategy that is ever best its part, blank elsewhere.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(
        by_wtp, "curves by threshold", names=("optimal",), numbers=("wtp", "ceaf"), optional=("ceaf_corrected",)
    )
    fit = fit.sort_values("wtp", kind="stable")
    look = look.over(fit["optimal"])
    corrected = bool(fit["ceaf_corrected"].notna().any())
    height = fit["ceaf_corrected"] if corrected else fit["ceaf"]
    figure = go.Figure(
        go.Scatter(
            x=fit["wtp"],
            y=height,
            mode="lines",
            line={"color": FAINT, "width": 6},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for strategy in look.present(fit["optimal"]):
        figure.add_trace(
            go.Scatter(
                x=fit["wtp"],
                y=height.where(fit["optimal"] == strategy),
                name=f"{look.label(strategy)} is best",
                mode="lines+markers",
                line=look.line(strategy, 3),
                marker={"symbol": look.symbol(strategy), "size": 8, "maxdisplayed": 30},
                hovertemplate=f"%{{x:,.0f}} {look.money} per QALY<br>%{{y:.3f}}",
            )
        )
    for _, row in fit[fit["optimal"] != fit["optimal"].shift().fillna(fit["optimal"].iloc[0])].iterrows():
        figure.add_vline(x=row["wtp"], line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[0, 1], tickformat=".1f")
    wtp_axis(figure, fit["wtp"])
    return finished(
        figure,
        "Cost-effectiveness acceptability frontier",
        sentence(
            [
                "probability that the strategy with the highest expected net benefit is the best",
                "corrected for the noise of simulated patients" if corrected else "",
            ]
        ),
        x=look.wtp_title,
        y="Probability of being cost-effective",
    )


def price_threshold(
    thresholds: pd.DataFrame,
    look: Look,
    *,
    price: str = "Immunoglobulin price",
    unit: str = "per gram",
    current: float | None = None,
) -> go.Figure:
    """The price at which two strategies break even, over willingness to pay.

    Args:
        thresholds: Columns wtp, strategy, comparator, threshold, low, high (95 % band; blank for none), and perhaps
            subgroup: a panel each. A blank threshold means that no price from 0 makes them equal, and leaves a gap.
        look: Currency and strategies.
        price: What is priced.
        unit: What for.
        current: Price in the analysis, drawn as a line; None for no line.

    Returns:
        For each subgroup and pair of strategies its band, where known, and its curve.

    Raises:
        TableError: The table cannot be drawn.
    """
    grouped = "subgroup" in thresholds.columns
    fit = checked(
        thresholds,
        "price thresholds",
        names=("strategy", "comparator", *(("subgroup",) if grouped else ())),
        numbers=("wtp",),
        gaps=("threshold",),
        optional=("low", "high"),
    ).sort_values("wtp", kind="stable")
    look = look.over([*fit["comparator"], *fit["strategy"]])
    subgroups = list(dict.fromkeys(thresholds["subgroup"])) if grouped else [""]
    rows, columns = (-(-len(subgroups) // 2), 2) if len(subgroups) > 1 else (1, 1)
    figure = _panels(subgroups, rows, columns)
    one = len(fit["comparator"].unique()) == 1
    for place, name in enumerate(subgroups):
        inside = fit[fit["subgroup"] == name] if grouped else fit
        row, col = divmod(place, columns)
        for trace in _break_even(inside, look, unit, named=place == 0, one=one):
            figure.add_trace(trace, row=row + 1, col=col + 1)
    if current is not None:
        note = {"text": f"{current:,.0f} {look.money} {plain(unit)} in this analysis", "x": 0, "xanchor": "left"}
        figure.add_hline(y=current, line={"color": INK, "width": 1.5, "dash": "dash"}, annotation=note)
    wtp_axis(figure, fit["wtp"])
    # Of axes that match, Plotly finds no common range by itself.
    top = np.nanmax([1.0, current or 0.0, *fit[["threshold", "high"]].to_numpy().ravel()])
    figure.update_yaxes(tickformat=",", range=[0, 1.05 * top])
    figure.update_xaxes(title_text=look.wtp_title, row=rows)
    figure.update_yaxes(title_text=f"Break-even price ({look.money} {plain(unit)})", col=1)
    versus = f" against {look.label(fit['comparator'].iloc[0])}" if one else ""
    return finished(
        figure,
        f"{plain(price)} at which a strategy breaks even{versus}",
        sentence(["below its curve a strategy is cost-effective", "bands: 95 % intervals" if _banded(fit) else ""]),
        height=HEIGHT if len(subgroups) == 1 else 180 + 300 * rows,
        panels=len(subgroups) > 1,
    )


def _panels(subgroups: list[str], rows: int, columns: int) -> go.Figure:
    """Empty panels on common axes, each under the name of its subgroup; a single one has no name."""
    return make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[words(name) for name in subgroups] if len(subgroups) > 1 else None,
        horizontal_spacing=0.05,
        vertical_spacing=0.12,
    )


def _break_even(fit: pd.DataFrame, look: Look, unit: str, *, named: bool, one: bool) -> Iterator[go.Scatter]:
    """Band and curve of every pair of one panel; the first panel alone is in the legend."""
    for strategy, comparator in dict.fromkeys(zip(fit["strategy"], fit["comparator"], strict=True)):
        own = fit[(fit["strategy"] == strategy) & (fit["comparator"] == comparator)]
        banded = own.dropna(subset=["low", "high"])
        if not banded.empty:
            yield shaded(
                banded["wtp"],
                banded["low"],
                banded["high"],
                look.colour(strategy),
                legendgroup=f"{strategy} {comparator}",
                showlegend=False,
            )
        yield go.Scatter(
            x=own["wtp"],
            y=own["threshold"],
            customdata=own[["low", "high"]],
            name=look.label(strategy) + ("" if one else f" against {look.label(comparator)}"),
            legendgroup=f"{strategy} {comparator}",
            showlegend=named,
            mode="lines+markers",
            line=look.line(strategy),
            marker={"symbol": look.symbol(strategy), "size": 8, "maxdisplayed": 9},
            hovertemplate=(
                f"%{{x:,.0f}} {look.money} per QALY<br>break-even at %{{y:,.2f}} {look.money} {plain(unit)}"
                "<br>95 % %{customdata[0]:,.2f} to %{customdata[1]:,.2f}"
            ),
        )


def _banded(fit: pd.DataFrame) -> bool:
    return bool(fit[["low", "high"]].notna().all(axis=1).any())
