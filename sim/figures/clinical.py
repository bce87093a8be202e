"""What happens to patients on average, and what it costs: incidence, infections by cause, grams, costs by item.

All but the incidence are drawn from the table of outcomes: strategy, component, mean, mcse.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.errors import Problem, TableError
from sim.figures.style import COLOURS, HATCHES, INK, Z_95, Look, finished, hatched, plain, sentence, tinted, words, wrapped
from sim.figures.tables import checked
from sim.figures.value import error_bars

KINDS = {"any": "Any infection", "grade_3plus": "Serious infection (grade ≥ 3)"}
GRADES = {"grade_1_2": "Grade 1–2", "grade_3plus": "Grade ≥ 3"}


def cumulative_incidence(
    incidence: pd.DataFrame, look: Look, *, published: pd.DataFrame | None = None, until: float | None = None
) -> go.Figure:
    """Cumulative incidence of the first infection, of any grade and serious, a panel each.

    Args:
        incidence: Columns strategy, kind ("any", "grade_3plus"), months, probability, mcse.
        look: Strategies.
        published: Points laid over: kind, months, probability; and, where known, low, high (95 %) and source.
        until: Last month shown; None ends where no curve rises any more by a thousandth.

    Returns:
        For each kind and strategy a band and a curve, then the published points.

    Raises:
        TableError: A table cannot be drawn.
    """
    fit = checked(
        incidence,
        "cumulative incidence",
        names=("strategy", "kind"),
        numbers=("months", "probability"),
        optional=("mcse",),
    ).sort_values("months", kind="stable")
    kinds = [kind for kind in KINDS if (fit["kind"] == kind).any()] or list(dict.fromkeys(fit["kind"]))
    look = look.over(fit["strategy"])
    last = _still(fit) if until is None else until
    figure = make_subplots(cols=len(kinds), subplot_titles=[KINDS.get(kind, words(kind)) for kind in kinds])
    for column, kind in enumerate(kinds, start=1):
        for strategy in look.present(fit["strategy"]):
            own = fit[(fit["kind"] == kind) & (fit["strategy"] == strategy) & (fit["months"] <= last)]
            for trace in _incidence_traces(own, strategy, look, first=column == 1):
                figure.add_trace(trace, row=1, col=column)
        if published is not None:
            for trace in _published_traces(published, kind, first=column == 1):
                figure.add_trace(trace, row=1, col=column)
    figure.update_xaxes(title_text="Months since the first dose", rangemode="tozero")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title_text="Patients with a first infection", col=1)
    return finished(
        figure,
        "Cumulative incidence of the first infection",
        sentence(
            [
                "death without infection competes",
                "bands: 95 % Monte Carlo intervals" if fit["mcse"].notna().any() else "",
                "black: published" if published is not None else "",
            ]
        ),
        height=500,
    )


def _still(fit: pd.DataFrame) -> float:
    """First month from which no curve rises by a thousandth any more."""
    final = fit.groupby(["strategy", "kind"])["probability"].transform("last")
    rising = fit.loc[fit["probability"] < final - 0.001, "months"]
    later = fit.loc[fit["months"] > rising.max(), "months"] if not rising.empty else fit["months"]
    return float(later.min())


def _incidence_traces(own: pd.DataFrame, strategy: str, look: Look, *, first: bool) -> list[go.Scatter]:
    band = own.dropna(subset=["mcse"])
    half = Z_95 * band["mcse"]
    shade = go.Scatter(
        x=np.concatenate([band["months"], band["months"][::-1]]),
        y=np.concatenate([band["probability"] + half, (band["probability"] - half)[::-1]]),
        fill="toself",
        fillcolor=tinted(look.colour(strategy), 0.15),
        line={"width": 0},
        mode="lines",
        legendgroup=strategy,
        showlegend=False,
        hoverinfo="skip",
    )
    curve = go.Scatter(
        x=own["months"],
        y=own["probability"],
        customdata=own["mcse"],
        name=look.label(strategy),
        legendgroup=strategy,
        showlegend=first,
        mode="lines",
        line=look.line(strategy),
        hovertemplate="month %{x:.0f}<br>%{y:.1%} ± %{customdata:.1%} (MCSE)",
    )
    return [shade, curve] if not band.empty else [curve]


def _published_traces(published: pd.DataFrame, kind: str, *, first: bool) -> list[go.Scatter]:
    points = checked(
        published, "published points", names=("kind",), numbers=("months", "probability"), optional=("low", "high")
    )
    own = points[points["kind"] == kind]
    if own.empty:
        return []
    known = own[["low", "high"]].notna().all(axis=1)
    error = {
        "type": "data",
        "symmetric": False,
        "array": (own["high"] - own["probability"]).where(known, 0.0),
        "arrayminus": (own["probability"] - own["low"]).where(known, 0.0),
        "color": INK,
    }
    sources = own["source"].astype(str) if "source" in own.columns else pd.Series("published", own.index)
    return [
        go.Scatter(
            x=own["months"],
            y=own["probability"],
            error_y=error if known.any() else None,
            customdata=[wrapped(source, 60) for source in sources],
            name="Published",
            legendgroup="published",
            showlegend=first,
            mode="markers",
            marker={"symbol": "circle-open", "size": 11, "color": INK, "line": {"width": 2.5}},
            hovertemplate="%{customdata}<br>month %{x:.1f}<br>%{y:.1%}<extra></extra>",
        )
    ]


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
    fit, look = _outcomes(outcomes, look)
    wide = _wide(fit, "cost:", look)
    items = [item for item in wide.index if (wide.loc[item] != 0).any()]
    ticks = [look.tick(strategy) for strategy in wide.columns]
    figure = go.Figure()
    for place, item in enumerate(items):
        # Seven colours and eight hatchings, stepped together, do not repeat before 56 items.
        fill = hatched(COLOURS[place % len(COLOURS)], HATCHES[(place + place // len(COLOURS)) % len(HATCHES)])
        figure.add_trace(
            go.Bar(
                x=wide.loc[item],
                y=ticks,
                orientation="h",
                name=words(item),
                marker=fill,
                hovertemplate=f"%{{x:,.0f}} {look.money}",
            )
        )
    for tick, total in zip(ticks, wide.sum(), strict=True):
        figure.add_annotation(
            x=total, y=tick, text=f"<b>{total:,.0f}</b>", showarrow=False, xanchor="left", xshift=6
        )
    figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(tickformat=",", range=[min(0.0, float(wide.sum().min())), float(wide.sum().max()) * 1.12 or 1.0])
    return finished(
        figure,
        "Cost of each strategy by item",
        "means per patient, discounted; the totals stand at the ends",
        x=f"Cost per patient ({look.money})",
        height=max(380, 240 + 65 * len(ticks)),
    )


def infections_by_cause(outcomes: pd.DataFrame, look: Look, *, labels: Mapping[str, str] | None = None) -> go.Figure:
    """Mean number of infections by cause, a panel for each grade, a bar for each strategy.

    Args:
        outcomes: Columns strategy, component, mean, mcse; those named `infections:CAUSE:GRADE` are drawn.
        look: Strategies.
        labels: Cause to words; None takes its name.

    Returns:
        For each grade and strategy bars with 95 % Monte Carlo intervals; each panel has a scale of its own.

    Raises:
        TableError: The table cannot be drawn, or has no infections by cause.
    """
    fit, look = _outcomes(outcomes, look)
    parts = fit["component"].str.extract(r"^infections:(?P<cause>.+):(?P<grade>grade_\w+)$")
    fit = fit.assign(cause=parts["cause"], grade=parts["grade"]).dropna(subset=["cause"])
    if fit.empty:
        raise TableError("infections by cause cannot be drawn", [_no_component("infections:CAUSE:GRADE")])
    causes = list(dict.fromkeys(fit["cause"]))
    ticks = [wrapped((labels or {})[cause], 22) if cause in (labels or {}) else words(cause) for cause in causes]
    grades = [grade for grade in GRADES if (fit["grade"] == grade).any()]
    figure = make_subplots(
        cols=len(grades), shared_yaxes=True, subplot_titles=[GRADES[g] for g in grades], horizontal_spacing=0.04
    )
    present = look.present(fit["strategy"])
    for column, grade in enumerate(grades, start=1):
        for strategy in present:
            own = fit[(fit["grade"] == grade) & (fit["strategy"] == strategy)].set_index("cause").reindex(causes)
            bar = go.Bar(
                x=own["mean"],
                y=ticks,
                orientation="h",
                name=look.label(strategy),
                legendgroup=strategy,
                showlegend=column == 1,
                marker=look.bar(strategy),
                error_x=error_bars(own["mcse"]),
                customdata=own["mcse"],
                hovertemplate="%{y}<br>%{x:.3f} ± %{customdata:.3f} (MCSE)",
            )
            figure.add_trace(bar, row=1, col=column)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title_text="Infections per patient", rangemode="tozero")
    figure.update_layout(barmode="group", bargap=0.25)
    return finished(
        figure,
        "Infections by cause and grade",
        "means per patient with 95 % Monte Carlo intervals; each grade has its own scale",
        height=max(420, 220 + (20 + 11 * len(present)) * len(causes)),
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
    fit, look = _outcomes(outcomes, look)
    wide = fit.pivot(index="strategy", columns="component", values=["mean", "mcse"])  # noqa: PD010 - keys are unique
    if ("mean", "ig_grams") not in wide.columns:
        raise TableError("grams of immunoglobulin cannot be drawn", [_no_component("ig_grams")])
    present = look.present(fit["strategy"])
    grams, mcse = (wide[kind, "ig_grams"].loc[present] for kind in ("mean", "mcse"))
    years = wide["mean"].get("life_years", pd.Series(np.nan, wide.index)).loc[present]
    per_year = grams / years.where(years > 0)
    hatches = [look.hatch(name) for name in present]
    marker = hatched("", "") | {"color": [look.colour(name) for name in present]}
    marker["pattern"] = {"shape": hatches, "fgcolor": "white", "fillmode": "overlay", "size": 7, "solidity": 0.25}
    figure = go.Figure(
        go.Bar(
            x=[look.tick(name) for name in present],
            y=grams,
            marker=marker,
            error_y=error_bars(mcse),
            customdata=np.column_stack([mcse, per_year]),
            text=[f"{value:,.0f} g" for value in grams],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y:,.1f} ± %{customdata[0]:,.1f} (MCSE) g<br>%{customdata[1]:,.1f} g per year of life<extra></extra>",
        )
    )
    figure.update_yaxes(tickformat=",", range=[0, float((grams + 2 * mcse.fillna(0)).max()) * 1.15 or 1.0])
    return finished(
        figure,
        "Immunoglobulin given under each strategy",
        "mean per patient with its 95 % Monte Carlo interval",
        y="Immunoglobulin per patient (g)",
        legend=False,
    )


def _outcomes(outcomes: pd.DataFrame, look: Look) -> tuple[pd.DataFrame, Look]:
    fit = checked(outcomes, "outcomes", names=("strategy", "component"), numbers=("mean",), optional=("mcse",))
    return fit, look.over(fit["strategy"])


def _wide(fit: pd.DataFrame, prefix: str, look: Look) -> pd.DataFrame:
    """Means by component (rows, in the order of the table) and strategy (columns, in the order of the analysis)."""
    own = fit[fit["component"].str.startswith(prefix)]
    if own.empty:
        raise TableError("costs by item cannot be drawn", [_no_component(f"{prefix}NAME")])
    wide = own.pivot(index="component", columns="strategy", values="mean")  # noqa: PD010 - keys are unique
    return wide.loc[list(dict.fromkeys(own["component"])), look.present(own["strategy"])].fillna(0.0)


def _no_component(name: str) -> Problem:
    return Problem("column component", f"none named {plain(name)}", f"rows named {name}")
