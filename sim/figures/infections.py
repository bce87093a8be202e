"""Infections on average: cumulative incidence of the first one, and numbers by cause and grade."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.errors import Problem, TableError
from sim.figures.style import INK, Z_95, Look, finished, sentence, shaded, words, wrapped
from sim.figures.tables import checked, outcomes_of
from sim.figures.value import bars_above_nothing, monte_carlo

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
        until: Last month shown; None ends where every curve is within 1 % of its end.

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
                monte_carlo(fit["mcse"], "bands"),
                "black: published" if published is not None else "",
            ]
        ),
        height=500,
        panels=True,
    )


def _still(fit: pd.DataFrame) -> float:
    """First month from which every curve is within 1 % of its end."""
    final = fit.groupby(["strategy", "kind"])["probability"].transform("last")
    rising = fit.loc[fit["probability"] < final - 0.01, "months"]
    later = fit.loc[fit["months"] > rising.max(), "months"] if not rising.empty else fit["months"]
    return float(later.min())


def _incidence_traces(own: pd.DataFrame, strategy: str, look: Look, *, first: bool) -> list[go.Scatter]:
    band = own.dropna(subset=["mcse"])
    half = Z_95 * band["mcse"]
    shade = shaded(
        band["months"],
        band["probability"] - half,
        band["probability"] + half,
        look.colour(strategy),
        legendgroup=strategy,
        showlegend=False,
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
    fit, look = outcomes_of(outcomes, look)
    parts = fit["component"].str.extract(r"^infections:(?P<cause>.+):(?P<grade>grade_\w+)$")
    fit = fit.assign(cause=parts["cause"], grade=parts["grade"]).dropna(subset=["cause"])
    if fit.empty:
        raise TableError(
            "infections by cause cannot be drawn",
            [Problem("column component", "none of these", "rows named infections:CAUSE:GRADE")],
        )
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
                error_x=bars_above_nothing(own["mean"], own["mcse"]),
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
        sentence(["means per patient", monte_carlo(fit["mcse"]), "each grade has its own scale"]),
        height=max(420, 220 + (20 + 11 * len(present)) * len(causes)),
        panels=True,
    )
