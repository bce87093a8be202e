"""What changes with time in a sample of patients: first infections by cause, and the use of immunoglobulin."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.figures.infections import KINDS
from sim.figures.style import Z_95, Look, finished, plain, sentence, shaded, words, wrapped
from sim.figures.tables import checked
from sim.figures.value import monte_carlo

COLUMNS = 3
RARE = 0.005
"""Causes that reach less than this under every strategy are named under the title and not drawn."""


def incidence_by_cause(
    incidence: pd.DataFrame, look: Look, *, kind: str = "any", labels: Mapping[str, str] | None = None
) -> go.Figure:
    """Cumulative incidence of the first infection of each cause, a panel each, the most frequent first.

    Args:
        incidence: Columns strategy, cause, kind, months, probability; and, where known, mcse.
        look: Strategies.
        kind: "any" or "grade_3plus".
        labels: Cause to words; None takes its name.

    Returns:
        For each cause and strategy a curve with its 95 % Monte Carlo band; each panel has a scale of its own.

    Raises:
        TableError: The table cannot be drawn, or has no row of this kind.
    """
    fit = checked(
        incidence,
        "incidence by cause",
        names=("strategy", "cause", "kind"),
        numbers=("months", "probability"),
        optional=("mcse",),
    )
    own = checked(fit[fit["kind"] == kind], f"incidence by cause of kind {kind}").sort_values("months", kind="stable")
    look = look.over(own["strategy"])
    highest = own.groupby("cause", sort=False)["probability"].max().sort_values(ascending=False, kind="stable")
    causes = [str(cause) for cause in highest.index[highest >= RARE]] or [str(highest.index[0])]
    rare = [str(cause) for cause in highest.index if cause not in causes]

    def named(cause: str) -> str:
        return (labels or {}).get(cause, words(cause))

    rows = -(-len(causes) // COLUMNS)
    titles = [wrapped(named(cause), 34) for cause in causes]
    figure = make_subplots(
        rows=rows,
        cols=min(COLUMNS, len(causes)),
        subplot_titles=titles,
        vertical_spacing=0.32 / rows if rows > 1 else 0.0,
        horizontal_spacing=0.08,
    )
    for place, cause in enumerate(causes):
        for strategy in look.present(own["strategy"]):
            curve = own[(own["cause"] == cause) & (own["strategy"] == strategy)]
            for trace in _banded(curve, "probability", "mcse", look, strategy, first=place == 0, form=".1%"):
                figure.add_trace(trace, row=place // COLUMNS + 1, col=place % COLUMNS + 1)
    _title_outer_axes(figure, len(causes))
    left_out = f"under {RARE:.1%} and not drawn: {', '.join(plain(named(cause)) for cause in rare)}" if rare else ""
    reading = [
        "death without one competes",
        monte_carlo(own["mcse"], "bands"),
        "each panel has its own scale",
        left_out,
    ]
    title = f"First infection by cause: {KINDS.get(kind, words(kind)).lower()}"
    return finished(figure, title, sentence(reading), height=250 + 230 * rows, panels=True)


def _title_outer_axes(figure: go.Figure, panels: int) -> None:
    """Axes from 0; the lowest panel of each column names its time, the first of each row its share."""
    figure.update_yaxes(tickformat=".0~%", rangemode="tozero", nticks=6)
    figure.update_xaxes(rangemode="tozero", nticks=6)
    for place in range(max(panels - COLUMNS, 0), panels):
        row, column = divmod(place, COLUMNS)
        figure.update_xaxes(title_text="Months since the first dose", row=row + 1, col=column + 1)
    figure.update_yaxes(title_text="Patients", col=1)


def ig_use(use: pd.DataFrame, look: Look) -> go.Figure:
    """Use of immunoglobulin over time: who is on it, and how much is given.

    Args:
        use: Columns strategy, months, on_ig (share of those alive), grams (a month, per patient who began
            treatment); and, where known, on_ig_mcse and grams_mcse.
        look: Strategies.

    Returns:
        Two panels, for each strategy a curve with its 95 % Monte Carlo band.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(
        use,
        "use of immunoglobulin",
        names=("strategy",),
        numbers=("months", "grams"),
        gaps=("on_ig",),
        optional=("on_ig_mcse", "grams_mcse"),
    ).sort_values("months", kind="stable")
    look = look.over(fit["strategy"])
    titles = ["On immunoglobulin, of those alive", "Given a month, per patient who began treatment"]
    figure = make_subplots(cols=2, subplot_titles=titles, horizontal_spacing=0.12)
    for strategy in look.present(fit["strategy"]):
        own = fit[fit["strategy"] == strategy]
        for trace in _banded(
            own.dropna(subset=["on_ig"]), "on_ig", "on_ig_mcse", look, strategy, first=True, form=".1%"
        ):
            figure.add_trace(trace, row=1, col=1)
        for trace in _banded(own, "grams", "grams_mcse", look, strategy, first=False, form=",.1f"):
            figure.add_trace(trace, row=1, col=2)
    figure.update_xaxes(title_text="Months since the first dose", rangemode="tozero")
    figure.update_yaxes(title_text="Patients", tickformat=".0%", range=[0, 1.02], col=1)
    figure.update_yaxes(title_text="Immunoglobulin (g per month)", tickformat=",", rangemode="tozero", col=2)
    reading = [
        "on it: from the first infusion until the one after the last would be due",
        monte_carlo(fit["grams_mcse"], "bands"),
    ]
    return finished(figure, "Use of immunoglobulin over time", sentence(reading), height=500, panels=True)


def _banded(
    own: pd.DataFrame, value: str, error: str, look: Look, strategy: str, *, first: bool, form: str
) -> list[go.Scatter]:
    """A curve over months on its 95 % band, where the error is known."""
    curve = go.Scatter(
        x=own["months"],
        y=own[value],
        customdata=own[error],
        name=look.label(strategy),
        legendgroup=strategy,
        showlegend=first,
        mode="lines",
        line=look.line(strategy),
        hovertemplate=f"month %{{x:.0f}}<br>%{{y:{form}}} ± %{{customdata:{form}}} (MCSE)",
    )
    known = own.dropna(subset=[error])
    if known.empty:
        return [curve]
    half = Z_95 * known[error]
    band = shaded(
        known["months"],
        (known[value] - half).clip(lower=0.0),
        known[value] + half,
        look.colour(strategy),
        legendgroup=strategy,
        showlegend=False,
    )
    return [band, curve]
