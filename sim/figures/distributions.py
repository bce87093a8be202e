"""Spread of outcomes over draws, and how estimates settle as patients or draws are added."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.stats import gaussian_kde

from sim.figures.style import INK, Z_95, Look, finished, plain, sentence, shaded, tinted, words
from sim.figures.tables import Floats, against, checked

_UNITS = {"qaly": "QALYs", "life_years": "years", "ig_grams": "g", "cost": None, "inmb": None}


def inmb_draws(draws: pd.DataFrame, *, comparator: str, wtp: float) -> pd.DataFrame:
    """Incremental net monetary benefit against one comparator, draw by draw.

    Args:
        draws: Columns draw, strategy, cost, qaly.
        comparator: What is subtracted.
        wtp: Willingness to pay per QALY.

    Returns:
        Columns draw, strategy, inmb.

    Raises:
        TableError: The table cannot be used.
        UsageError: There is no such comparator.
    """
    differences = against(draws, comparator)
    return differences[["draw", "strategy"]].assign(inmb=wtp * differences["delta_qaly"] - differences["delta_cost"])


def histogram(draws: pd.DataFrame, look: Look, *, outcome: str, unit: str | None = None, bins: int = 40) -> go.Figure:
    """Distribution of one outcome over draws, a panel for each strategy on one scale.

    Args:
        draws: Columns strategy and `outcome`.
        look: Currency and strategies.
        outcome: Column.
        unit: Its unit; None takes the usual one of cost, qaly, inmb, life_years and ig_grams.
        bins: Bins over the whole range.

    Returns:
        One histogram a strategy.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(draws, "draws", names=("strategy",), numbers=(outcome,))
    look = look.over(fit["strategy"])
    present = look.present(fit["strategy"])
    edges = np.histogram_bin_edges(fit[outcome], bins=bins)
    figure = go.Figure()
    for place, strategy in enumerate(present, start=1):
        values = fit.loc[fit["strategy"] == strategy, outcome].to_numpy()
        count, _ = np.histogram(values, edges)
        axis = "" if place == 1 else str(place)
        figure.add_trace(
            go.Bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=count / values.size,
                width=np.diff(edges),
                name=look.label(strategy),
                marker=look.bar(strategy),
                yaxis=f"y{axis}",
                hovertemplate="%{x:,.4g}<br>%{y:.1%} of draws",
            )
        )
    height = 1 / len(present)
    for place in range(1, len(present) + 1):
        top = 1 - (place - 1) * height
        panel = {"domain": [top - 0.86 * height, top], "tickformat": ".0%", "rangemode": "tozero", "nticks": 4}
        figure.update_layout({f"yaxis{'' if place == 1 else place}": {**panel, "title": "Share"}})
    figure.update_layout(
        bargap=0, xaxis={"anchor": f"y{len(present) if len(present) > 1 else ''}", "tickformat": ","}
    )
    return finished(
        figure,
        f"Distribution of {_named(outcome)} over draws",
        "share of draws in each interval; all strategies on one scale",
        x=_axis(outcome, unit, look),
        height=max(420, 220 + 120 * len(present)),
    )


def ecdf(draws: pd.DataFrame, look: Look, *, outcome: str, unit: str | None = None) -> go.Figure:
    """Share of draws at or below each value of an outcome.

    Args:
        draws: Columns strategy and `outcome`.
        look: Currency and strategies.
        outcome: Column.
        unit: As for `histogram`.

    Returns:
        One step curve a strategy.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(draws, "draws", names=("strategy",), numbers=(outcome,))
    look = look.over(fit["strategy"])
    figure = go.Figure()
    for strategy in look.present(fit["strategy"]):
        values = np.sort(fit.loc[fit["strategy"] == strategy, outcome].to_numpy())
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([values[:1], values]),
                y=np.arange(values.size + 1) / values.size,
                name=look.label(strategy),
                mode="lines",
                line={**look.line(strategy), "shape": "hv"},
                hovertemplate="%{y:.1%} of draws at or below %{x:,.4g}",
            )
        )
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return finished(
        figure,
        f"Cumulative distribution of {_named(outcome)} over draws",
        "share of draws at or below each value",
        x=_axis(outcome, unit, look),
        y="Share of draws",
    )


def inmb_ridgeline(draws: pd.DataFrame, look: Look, *, comparator: str, wtp: float) -> go.Figure:
    """Distribution of INMB of every strategy, one above the other.

    Args:
        draws: Columns draw, strategy, cost, qaly.
        look: Currency and strategies.
        comparator: What they are compared with.
        wtp: Willingness to pay per QALY.

    Returns:
        For each strategy its density, where the draws differ, and its mean with the 95 % interval over draws.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such comparator.
    """
    fit = inmb_draws(draws, comparator=comparator, wtp=wtp)
    look = look.over([comparator, *fit["strategy"]])
    present = look.present(fit["strategy"])
    figure = go.Figure()
    for level, strategy in enumerate(reversed(present)):
        values = fit.loc[fit["strategy"] == strategy, "inmb"].to_numpy()
        if values.size > 1 and np.ptp(values) > 0:
            figure.add_trace(_ridge(values, level, strategy, look))
        figure.add_trace(_mean_and_interval(values, level, strategy, look))
    figure.add_vline(x=0, line={"color": INK, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(
        tickvals=list(range(len(present))),
        ticktext=[look.tick(strategy) for strategy in reversed(present)],
        range=[-0.35, len(present)],
        showline=False,
        ticks="",
        zeroline=False,
    )
    return finished(
        figure,
        f"Net monetary benefit over draws, against {look.label(comparator)}",
        sentence([f"at {wtp:,.0f} {look.money} per QALY", "marks: mean and 95 % interval of the draws"]),
        x=f"INMB per patient ({look.money})",
        height=max(360, 200 + 110 * len(present)),
        legend=False,
    )


def _ridge(values: Floats, level: int, strategy: str, look: Look) -> go.Scatter:
    """Density standing on its level, as tall as 0.85 of the way to the next."""
    grid = np.linspace(values.min() - 0.1 * np.ptp(values), values.max() + 0.1 * np.ptp(values), 161)
    density = gaussian_kde(values)(grid)
    return go.Scatter(
        x=np.concatenate([grid, grid[::-1]]),
        y=np.concatenate([level + 0.85 * density / density.max(), np.full(grid.size, float(level))]),
        fill="toself",
        fillcolor=tinted(look.colour(strategy), 0.4),
        line=look.line(strategy, 1.5),
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _mean_and_interval(values: Floats, level: int, strategy: str, look: Look) -> go.Scatter:
    """Mean and 95 % interval of the draws, at the foot of their density."""
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975])
    told = f"mean {values.mean():,.0f}, median {middle:,.0f}, 95 % {low:,.0f} to {high:,.0f} {look.money}"
    return go.Scatter(
        x=[low, values.mean(), high],
        y=[level, level, level],
        name=look.label(strategy),
        mode="lines+markers",
        line={"color": INK, "width": 2},
        marker={
            "symbol": ["line-ns", look.symbol(strategy), "line-ns"],
            "size": [10, 11, 10],
            "color": look.colour(strategy),
            "line": {"width": [2, 1, 2], "color": INK},
        },
        hovertemplate=f"{told}<br>above 0 in {np.mean(values > 0):.1%} of draws<extra></extra>",
        showlegend=False,
    )


def convergence(table: pd.DataFrame, look: Look, *, over: str = "patients", wtp: float | None = None) -> go.Figure:
    """How INMB settles as patients or draws are added, with its Monte Carlo error.

    Args:
        table: Columns n (so far), inmb, mcse (blank for the first), strategy, comparator.
        look: Currency and strategies.
        over: What is counted: "patients" or "draws".
        wtp: Willingness to pay per QALY, for the subtitle.

    Returns:
        For each strategy a band of two standard errors and the running mean.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(
        table, "convergence", names=("strategy", "comparator"), numbers=("n", "inmb"), optional=("mcse",)
    ).sort_values("n", kind="stable")
    look = look.over([*fit["comparator"], *fit["strategy"]])
    versus = [look.label(name) for name in fit["comparator"].unique()]
    figure = go.Figure()
    for strategy in look.present(fit["strategy"]):
        figure.add_traces(_running_mean(fit[fit["strategy"] == strategy], strategy, look, over))
    figure.add_hline(y=0, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_xaxes(tickformat=",", rangemode="tozero")
    figure.update_yaxes(tickformat=",")
    reading = [
        "running mean and 95 % Monte Carlo interval",
        "" if wtp is None else f"at {wtp:,.0f} {look.money} per QALY",
    ]
    return finished(
        figure,
        f"Convergence of INMB over {over}, against {' or '.join(versus)}",
        sentence(reading),
        x=f"{over.capitalize()} so far",
        y=f"INMB per patient ({look.money})",
    )


def _running_mean(own: pd.DataFrame, strategy: str, look: Look, over: str) -> list[go.Scatter]:
    """INMB of one strategy so far, on its 95 % Monte Carlo band where the error is known."""
    mean = go.Scatter(
        x=own["n"],
        y=own["inmb"],
        customdata=own["mcse"],
        name=look.label(strategy),
        legendgroup=strategy,
        mode="lines+markers",
        line=look.line(strategy, 2),
        marker={"symbol": look.symbol(strategy), "size": 7, "maxdisplayed": 12},
        hovertemplate=f"%{{x:,.0f}} {over}<br>INMB %{{y:,.0f}} ± %{{customdata:,.0f}} (MCSE) {look.money}",
    )
    banded = own.dropna(subset=["mcse"])
    if banded.empty:
        return [mean]
    half = Z_95 * banded["mcse"]
    low, high = banded["inmb"] - half, banded["inmb"] + half
    band = shaded(banded["n"], low, high, look.colour(strategy), legendgroup=strategy, showlegend=False)
    return [band, mean]


def _named(outcome: str) -> str:
    name = words(outcome)
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _axis(outcome: str, unit: str | None, look: Look) -> str:
    unit = _UNITS.get(outcome, "") if unit is None else plain(unit)
    unit = look.money if unit is None else unit
    name = words(outcome)
    return f"{name} per patient" + (f" ({unit})" if unit and unit != name else "")
