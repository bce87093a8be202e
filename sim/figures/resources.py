"""What each strategy costs and uses on average: costs by item, grams of immunoglobulin.

Both are drawn from the table of outcomes: strategy, component, mean, mcse.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError
from sim.figures.style import Z_95, Drawing, Look, drawn, finished, item_fill, sentence, words
from sim.figures.tables import outcomes_of
from sim.figures.value import error_bars, monte_carlo


def costs_by_item(outcomes: pd.DataFrame, look: Look) -> go.Figure:
    """Mean cost of every strategy, stacked by item.

    Args:
        outcomes: Columns strategy, component, mean, mcse; items are the components `cost:NAME`.
        look: Currency and strategies.

    Returns:
        One stacked bar a strategy, the total at its end; items that cost nothing anywhere are left out.

    Raises:
        TableError: The table cannot be drawn, or has no item.
    """
    return go.Figure(costs_by_item_json(outcomes, look))


def costs_by_item_json(outcomes: pd.DataFrame, look: Look) -> Drawing:
    """The same in Plotly's own JSON."""
    fit, look = outcomes_of(outcomes, look)
    wide = _wide(fit, "cost:", look)
    items = [item for item in wide.index if (wide.loc[item] != 0).any()]
    ticks = [look.tick(strategy) for strategy in wide.columns]
    totals = wide.sum()
    beside = {"showarrow": False, "xanchor": "left", "xshift": 6}
    return drawn(
        [
            {
                "type": "bar",
                "x": wide.loc[item].to_numpy(),
                "y": ticks,
                "orientation": "h",
                "name": words(item),
                "marker": item_fill(place),
                "hovertemplate": f"%{{x:,.0f}} {look.money}",
            }
            for place, item in enumerate(items)
        ],
        {
            "barmode": "stack",
            "bargap": 0.35,
            "legend": {"traceorder": "normal"},
            "annotations": [
                {"x": total, "y": tick, "text": f"<b>{total:,.0f}</b>", **beside}
                for tick, total in zip(ticks, totals, strict=True)
            ],
            "xaxis": {"tickformat": ",", "range": [min(0.0, totals.min()), totals.max() * 1.12 or 1.0]},
            "yaxis": {"autorange": "reversed"},
        },
        "Cost of each strategy by item",
        "means per patient, discounted; the totals stand at the ends",
        x=f"Cost per patient ({look.money})",
        height=max(380, 240 + 65 * len(ticks)),
    )


def ig_grams(outcomes: pd.DataFrame, look: Look) -> go.Figure:
    """Mean grams of immunoglobulin that a patient receives under each strategy.

    Args:
        outcomes: Columns strategy, component, mean, mcse; `ig_grams` is drawn, `life_years` gives grams per year.
        look: Strategies.

    Returns:
        One bar a strategy with its 95 % Monte Carlo interval.

    Raises:
        TableError: The table cannot be drawn, or has no grams.
    """
    fit, look = outcomes_of(outcomes, look)
    wide = fit.pivot(index="strategy", columns="component", values=["mean", "mcse"])  # noqa: PD010 - keys are unique
    if ("mean", "ig_grams") not in wide.columns:
        raise TableError(
            "grams of immunoglobulin cannot be drawn",
            [Problem("column component", "no ig_grams", "rows named ig_grams")],
        )
    present = look.present(fit["strategy"])
    grams, mcse = (wide[kind, "ig_grams"].loc[present] for kind in ("mean", "mcse"))
    years = wide["mean"].get("life_years", pd.Series(np.nan, wide.index)).loc[present]
    per_year = grams / years.where(years > 0)
    ticks = {name: look.tick(name, min(20, max(12, 56 // len(present)))) for name in present}
    figure = go.Figure(
        [
            go.Bar(
                x=[ticks[name]],
                y=grams.loc[[name]],
                marker=look.bar(name),
                error_y=error_bars(mcse.loc[[name]]),
                customdata=np.column_stack([mcse.loc[[name]], per_year.loc[[name]]]),
                hovertemplate=(
                    "%{y:,.1f} ± %{customdata[0]:,.1f} (MCSE) g"
                    "<br>%{customdata[1]:,.1f} g per year of life<extra></extra>"
                ),
            )
            for name in present
        ]
    )
    for strategy, value, top in zip(present, grams, grams + Z_95 * mcse.fillna(0.0), strict=True):
        text = f"<b>{value:,.0f} g</b>"
        figure.add_annotation(x=ticks[strategy], y=top, text=text, showarrow=False, yanchor="bottom", yshift=2)
    figure.update_xaxes(tickangle=0, tickfont={"size": 12})
    figure.update_yaxes(tickformat=",", range=[0, float((grams + 2 * mcse.fillna(0)).max()) * 1.15 or 1.0])
    return finished(
        figure,
        "Immunoglobulin given under each strategy",
        sentence(["mean per patient", monte_carlo(mcse)]),
        y="Immunoglobulin per patient (g)",
        legend=False,
    )


def _wide(fit: pd.DataFrame, prefix: str, look: Look) -> pd.DataFrame:
    """Means by component (rows, in the order of the table) and strategy (columns, in the order of the analysis)."""
    own = fit[fit["component"].str.startswith(prefix)]
    if own.empty:
        raise TableError(
            "costs by item cannot be drawn",
            [Problem("column component", "none of these", f"rows named {prefix}NAME")],
        )
    wide = own.pivot(index="component", columns="strategy", values="mean")  # noqa: PD010 - keys are unique
    return wide.loc[list(dict.fromkeys(own["component"])), look.present(own["strategy"])].fillna(0.0)
