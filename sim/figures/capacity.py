"""An infusion programme over calendar time: queue, stock, use of the chairs, spend, and who paid for a shortage.

Drawn from the tables of `igsim capacity`: means over replications with 95 % intervals. Arms of the programme take the
places of strategies in a `Look`.
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sim.errors import Problem, TableError, UsageError
from sim.figures.style import Look, finished, item_fill, plain, words
from sim.figures.tables import checked

INTERVALS = "means over replications, bands are 95 % intervals"
LATE, MISSED = "infusions_late", "infusions_missed"


def queue(months: pd.DataFrame, look: Look) -> go.Figure:
    """Visits that wait past their date, and infusions given up, month by month.

    Args:
        months: Columns arm, series, month, mean, ci_low, ci_high; `waiting` and `infusions_missed` are drawn.
        look: Arms.

    Returns:
        Two panels, a line an arm.

    Raises:
        TableError: The table cannot be drawn.
    """
    figure, look = _by_month(months, look, {"waiting": "Visits waiting", "infusions_missed": "Infusions given up"})
    return finished(
        figure, "Visits that wait past their date, and infusions given up", INTERVALS, height=620, panels=True
    )


def stock(months: pd.DataFrame, look: Look) -> go.Figure:
    """Stock at the end of each month, and grams given.

    Args:
        months: Columns arm, series, month, mean, ci_low, ci_high; `stock_grams` and `grams_given` are drawn.
        look: Arms.

    Returns:
        Two panels, a line an arm.

    Raises:
        TableError: The table cannot be drawn.
    """
    figure, look = _by_month(months, look, {"stock_grams": "Stock (g)", "grams_given": "Given in the month (g)"})
    return finished(figure, "Immunoglobulin in stock and given", INTERVALS, height=620, panels=True)


def utilisation(hours: pd.DataFrame, months: pd.DataFrame, look: Look) -> go.Figure:
    """Share of the chairs in use, by hour of the day and by month.

    Args:
        hours: Columns arm, hour, mean, ci_low, ci_high.
        months: Columns arm, series, month, mean, ci_low, ci_high; `utilisation` is drawn.
        look: Arms.

    Returns:
        Two panels, a line an arm.

    Raises:
        TableError: A table cannot be drawn, or the programme has no chairs.
    """
    if "mean" in hours.columns and hours["mean"].isna().all():
        raise TableError("use of chairs cannot be drawn", [Problem("hours", "no number", "a programme with chairs")])
    day = checked(hours, "use by hour", names=("arm",), numbers=("hour", "mean"), gaps=("ci_low", "ci_high"))
    figure, look = _by_month(months, look, {"": "By hour of the day", "utilisation": "By month"})
    for arm in look.present(day["arm"]):
        own = day[day["arm"] == arm]
        figure.add_trace(_line(own["hour"] + 0.5, own["mean"], arm, look, shows=False), row=1, col=1)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(title_text="Hour of the day", range=[0, 24], dtick=2, row=1, col=1)
    return finished(
        figure, "Use of the chairs", "share of chairs in use while they are open", height=640, panels=True
    )


def spend(table: pd.DataFrame, look: Look, *, arm: str | None = None) -> go.Figure:
    """Spend by calendar year, stacked by item, under one arm.

    Args:
        table: Columns arm, item, year, mean.
        look: Currency and arms.
        arm: Which; None takes the first.

    Returns:
        A stacked bar a year.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such arm.
    """
    fit = checked(table, "spend by year", names=("arm", "item", "year"), numbers=("mean",))
    arms = list(dict.fromkeys(fit["arm"]))
    chosen = arms[0] if arm is None else arm
    if chosen not in arms:
        raise UsageError("no such arm", [Problem("strategy", chosen, f"one of {', '.join(arms)}")])
    own = fit[fit["arm"] == chosen]
    figure = go.Figure()
    items = [item for item in dict.fromkeys(own["item"]) if (own.loc[own["item"] == item, "mean"] != 0).any()]
    for place, item in enumerate(items):
        bar = own[own["item"] == item]
        fill = item_fill(place)
        figure.add_trace(
            go.Bar(x=bar["year"], y=bar["mean"], name=words(item), marker=fill, hovertemplate="%{y:,.0f}")
        )
    figure.update_layout(barmode="stack", bargap=0.35)
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=",")
    title = f"Spend by calendar year: {look.label(chosen)}"
    return finished(figure, title, "undiscounted, means over replications", x="Year", y=f"Spend ({look.money})")


def who_paid(table: pd.DataFrame, look: Look) -> go.Figure:
    """Late and missed infusions of each group of patients, by arm.

    Args:
        table: Columns arm, group, measure, per_100; `infusions_late` and `infusions_missed` are drawn.
        look: Arms.

    Returns:
        Two panels of bars, a group a row.

    Raises:
        TableError: The table cannot be drawn, or has neither measure.
    """
    fit = checked(table, "what groups paid", names=("arm", "group", "measure"), gaps=("per_100",))
    fit = fit[fit["measure"].isin([LATE, MISSED])]
    if fit.empty:
        raise TableError("who paid cannot be drawn", [Problem("measure", "none of these", f"{LATE}, {MISSED}")])
    look = look.over(fit["arm"])
    titles = ["Given late", "Given up"]
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.06)
    groups = [g for g in dict.fromkeys(fit["group"]) if fit.loc[fit["group"] == g, "per_100"].notna().any()]
    for column, measure in enumerate((LATE, MISSED), start=1):
        own = fit[fit["measure"] == measure]
        for arm in look.present(own["arm"]):
            bars = own[own["arm"] == arm].set_index("group").reindex(groups)
            trace = go.Bar(
                x=bars["per_100"],
                y=[plain(group) for group in groups],
                orientation="h",
                name=look.label(arm),
                legendgroup=arm,
                showlegend=column == 1,
                marker=look.bar(arm),
                hovertemplate="%{x:.2f} of 100",
            )
            figure.add_trace(trace, row=1, col=column)
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(bargap=0.25)
    figure.update_xaxes(title_text="Infusions, of 100 due", rangemode="tozero")
    height = max(460, 220 + 26 * len(groups) * max(1, fit["arm"].nunique()) // 2)
    reading = "infusions due in a shortage and the month after it; at any time where there is none"
    return finished(figure, "Who paid for the shortage", reading, height=height, panels=True)


def _by_month(months: pd.DataFrame, look: Look, series: dict[str, str]) -> tuple[go.Figure, Look]:
    """A panel for each series, a line with its band for each arm; an empty name leaves its panel empty.

    No series can be below 0, so no band is drawn there.
    """
    fit = checked(months, "months", names=("arm", "series"), numbers=("month",), gaps=("mean", "ci_low", "ci_high"))
    look = look.over(fit["arm"])
    figure = make_subplots(rows=len(series), cols=1, subplot_titles=list(series.values()), vertical_spacing=0.25)
    figure.update_xaxes(title_text="Month of the programme", row=len(series), col=1)
    figure.update_yaxes(tickformat=",")
    for row, name in enumerate(series, start=1):
        own = fit[fit["series"] == name]
        for arm in look.present(own["arm"]):
            line = own[own["arm"] == arm]
            band = pd.concat([line["ci_high"], line["ci_low"][::-1].clip(lower=0)])
            if band.notna().all():
                x = pd.concat([line["month"], line["month"][::-1]])
                fill = {"fill": "toself", "fillcolor": look.colour(arm), "opacity": 0.15, "line": {"width": 0}}
                shade = go.Scatter(x=x, y=band, mode="lines", hoverinfo="skip", showlegend=False, **fill)
                figure.add_trace(shade, row=row, col=1)
            is_first = row == len(series)
            figure.add_trace(_line(line["month"], line["mean"], arm, look, shows=is_first), row=row, col=1)
    return figure, look


def _line(x: pd.Series, y: pd.Series, arm: str, look: Look, *, shows: bool) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=look.label(arm), legendgroup=arm, showlegend=shows, line=look.line(arm, 2)
    )
