"""Single patients: their course under every strategy, and their IgG, true and as the laboratory sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError
from sim.figures.style import COLOURS, GREY, INK, Look, finished, plain, sentence, words
from sim.figures.tables import checked

_ENDINGS = ("infection_death", "other_death", "horizon")
_IG_ENDS = ("ig_harm", "ig_stopped", *_ENDINGS)
BLUE, RED, GREEN = COLOURS[0], COLOURS[1], COLOURS[2]
IG_HEIGHT = -0.24
"""Where immunoglobulin runs, in lanes below the middle of its own."""


@dataclass(frozen=True)
class _Mark:
    """How one kind of event is marked; `height` in lanes over the middle of its own."""

    event: str
    grade: str
    name: str
    symbol: str
    size: int
    colour: str
    hollow: bool = False
    height: float = 0.0

    @property
    def marker(self) -> dict[str, object]:
        fill = "white" if self.hollow else self.colour
        width = 2 if self.hollow or self.symbol.startswith("line") else 0
        line = {"width": width, "color": self.colour}
        return {"symbol": self.symbol, "size": self.size, "color": fill, "line": line}


_MARKS = (
    _Mark("igg_test", "", "IgG test", "line-ns", 9, GREY, height=0.18),
    _Mark("step_up", "", "Step-up dose", "line-ns", 11, INK, height=0.18),
    _Mark("crs", "", "CRS", "triangle-up", 10, GREY, height=0.18),
    _Mark("icans", "", "ICANS", "triangle-down", 10, GREY, height=0.18),
    _Mark("infection", "grade_1_2", "Infection, grade 1–2", "circle", 9, RED),
    _Mark("infection", "grade_3plus", "Infection, grade ≥ 3", "diamond", 14, RED),
    _Mark("averted", "grade_1_2", "Averted, grade 1–2", "circle", 9, RED, hollow=True),
    _Mark("averted", "grade_3plus", "Averted, grade ≥ 3", "diamond", 13, RED, hollow=True),
    _Mark("course", "", "Preemptive course", "hexagon", 10, GREEN, height=0.18),
    _Mark("ig_ordered", "", "Ig ordered", "triangle-right", 11, BLUE, height=IG_HEIGHT),
    _Mark("ig_harm", "", "Ig ends by a harm", "x", 11, BLUE, height=IG_HEIGHT),
    _Mark("ig_stopped", "", "Ig ends by its stop rule", "square", 10, BLUE, hollow=True, height=IG_HEIGHT),
    _Mark("infection_death", "", "Death of infection", "cross", 14, INK),
    _Mark("other_death", "", "Death", "x", 13, INK),
    _Mark("horizon", "", "Alive at the horizon", "arrow-right", 14, INK),
)
"""Drawn in this order."""


def swimlanes(events: pd.DataFrame, look: Look) -> go.Figure:
    """One patient under each strategy: time on treatment, immunoglobulin, infections and those averted.

    Args:
        events: Columns strategy, time_months, event, cause, grade, layer, candidate; and text, where known. One
            patient's, as `sim.tracing.event_table` returns them.
        look: Strategies.

    Returns:
        Lanes with life, treatment and immunoglobulin as bars; filled marks for infections, hollow ones for those
        averted, and a dotted line between lanes where one infection met different fates.

    Raises:
        TableError: The table cannot be drawn, or holds several patients.
    """
    fit, patient = _events(events)
    look = look.over(fit["strategy"])
    lane = {strategy: -float(place) for place, strategy in enumerate(look.present(fit["strategy"]))}
    fit["lane"] = fit["strategy"].map(lane)
    figure = go.Figure()
    for kind, name, colour, width, shift in (
        ("life", "Alive", "#C8C8C8", 3, 0.0),
        ("treatment", "On the bispecific", "#8C8C8C", 9, 0.0),
        ("ig", "On immunoglobulin", COLOURS[5], 7, IG_HEIGHT),
    ):
        figure.add_trace(_spans(fit, lane, kind, name, {"color": colour, "width": width}, shift))
    figure.add_trace(_infusions(fit))
    figure.add_trace(_threads(fit))
    for mark in _MARKS:
        own = fit[(fit["event"] == mark.event) & ((fit["grade"] == mark.grade) if mark.grade else True)]
        if not own.empty:
            figure.add_trace(_marked(own, mark))
    figure.update_yaxes(
        tickvals=list(lane.values()),
        ticktext=[look.tick(strategy) for strategy in lane],
        range=[-len(lane) + 0.45, 0.55],
        showgrid=False,
        zeroline=False,
        showline=False,
        ticks="",
    )
    last = float(fit["time_months"].max()) or 1.0
    figure.update_xaxes(range=[-0.02 * last, 1.04 * last], zeroline=False)
    return finished(
        figure,
        f"Patient {patient} under each strategy",
        "hollow marks: averted under this strategy; dotted lines join one infection that met different fates",
        x="Months since the first dose",
        height=max(420, 260 + 85 * len(lane)),
    )


def _events(events: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    fit = checked(
        events,
        "events",
        names=("strategy", "event", "cause", "grade"),
        numbers=("time_months", "layer", "candidate"),
        optional=("value", "true_igg_mg_dl"),
    )
    patients = fit["patient"].astype(str).unique() if "patient" in fit.columns else np.array([""])
    if patients.size > 1:
        problem = Problem("column patient", ", ".join(patients[:5]), "one patient")
        raise TableError("the table of events cannot be drawn", [problem])
    if "text" not in fit.columns:
        fit["text"] = [words(event) for event in fit["event"]]
    return fit, plain(str(patients[0]))


def _spans(
    fit: pd.DataFrame, lane: dict[str, float], kind: str, name: str, line: dict[str, object], shift: float
) -> go.Scatter:
    """A bar in each lane for which there is one, as one broken line."""
    x: list[float] = []
    y: list[float] = []
    for strategy, level in lane.items():
        begin, end = _span(fit[fit["strategy"] == strategy], kind)
        if end > begin:
            x += [begin, end, np.nan]
            y += [level + shift, level + shift, np.nan]
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=line, hoverinfo="skip")


def _span(own: pd.DataFrame, kind: str) -> tuple[float, float]:
    """Months from and to which something lasts under one strategy; both 0 where it does not happen."""
    end = _first(own, _ENDINGS, own["time_months"].max())
    if kind == "life":
        return 0.0, end
    if kind == "treatment":
        return 0.0, _first(own, ("treatment_stop",), end)
    infusions = own.loc[own["event"] == "infusion", "time_months"]
    if infusions.empty:
        return 0.0, 0.0
    return infusions.min(), max(infusions.max(), _first(own, _IG_ENDS[:2], infusions.max()))


def _first(own: pd.DataFrame, events: tuple[str, ...], otherwise: float) -> float:
    times = own.loc[own["event"].isin(events), "time_months"]
    return float(otherwise if times.empty else times.min())


def _infusions(fit: pd.DataFrame) -> go.Scatter:
    own = fit[fit["event"] == "infusion"]
    return go.Scatter(
        x=own["time_months"],
        y=own["lane"] + IG_HEIGHT,
        customdata=own["value"],
        name="Infusion",
        mode="markers",
        marker={"symbol": "line-ns", "size": 11, "line": {"width": 2, "color": BLUE}},
        hovertemplate="month %{x:.2f}<br>infusion of %{customdata:.1f} g<extra></extra>",
    )


def _threads(fit: pd.DataFrame) -> go.Scatter:
    """Dotted lines between the marks of one candidate infection whose fate differs between strategies."""
    candidates = fit[fit["event"].isin(("infection", "averted"))]
    x: list[float] = []
    y: list[float] = []
    for _, same in candidates.groupby(["cause", "layer", "candidate"], sort=False):
        if len(same["event"].unique()) > 1:
            ordered = same.sort_values("lane")
            x += [*ordered["time_months"], np.nan]
            y += [*ordered["lane"], np.nan]
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": RED, "width": 1, "dash": "dot"}, showlegend=False, hoverinfo="skip"
    )


def _marked(own: pd.DataFrame, mark: _Mark) -> go.Scatter:
    return go.Scatter(
        x=own["time_months"],
        y=own["lane"] + mark.height,
        customdata=[plain(text) for text in own["text"]],
        name=mark.name,
        mode="markers",
        marker=mark.marker,
        cliponaxis=False,
        hovertemplate="month %{x:.2f}<br>%{customdata}<extra></extra>",
    )


def igg_course(
    course: pd.DataFrame, events: pd.DataFrame, look: Look, *, strategy: str, threshold_mg_dl: float | None = None
) -> go.Figure:
    """A patient's IgG under one strategy: true, as the assay sees it, every test, and the test that triggered.

    Args:
        course: Columns strategy, months, true_igg_mg_dl, apparent_igg_mg_dl (with M-protein and therapeutic antibody,
            without error of the assay), as `sim.tracing.igg_table` returns them.
        events: As for `swimlanes`.
        look: Strategies.
        strategy: Which one.
        threshold_mg_dl: Level under which immunoglobulin is ordered; None for no line.

    Returns:
        The true and the apparent course, the tests, the one that triggered, where one did, and the first infusion.

    Raises:
        TableError: A table cannot be drawn, or has no row of this strategy.
    """
    columns = ("months", "true_igg_mg_dl", "apparent_igg_mg_dl")
    fit = checked(course, "IgG over time", names=("strategy",), numbers=columns)
    own = fit[fit["strategy"] == strategy].sort_values("months", kind="stable")
    log, patient = _events(events)
    log = log[log["strategy"] == strategy]
    look = look.over([*fit["strategy"], strategy])
    if own.empty or log.empty:
        problem = Problem("column strategy", ", ".join(fit["strategy"].unique()), f"rows of {strategy}")
        raise TableError("the table of IgG over time cannot be drawn", [problem])
    figure = go.Figure(_courses(own))
    tests = log[log["event"] == "igg_test"]
    ordered = log.loc[log["event"] == "ig_ordered", "time_months"]
    triggered = tests["time_months"].isin(ordered)
    for rows, name, marker in (
        (tests[~triggered], "IgG test", {"symbol": "circle-open", "size": 10, "color": BLUE, "line": {"width": 2}}),
        (tests[triggered], "Test that triggered", {"symbol": "circle", "size": 14, "color": RED}),
    ):
        if not rows.empty:
            figure.add_trace(_tests(rows, name, marker))
    infusions = log.loc[log["event"] == "infusion", "time_months"]
    if not infusions.empty:
        line = {"color": BLUE, "width": 1.5, "dash": "dot"}
        note = {"text": "first infusion", "font": {"color": BLUE}, "yanchor": "top"}
        figure.add_vline(x=float(infusions.min()), line=line, annotation=note)
    if threshold_mg_dl is not None:
        note = {"text": f"threshold {threshold_mg_dl:,.0f} mg/dL", "font": {"color": RED}}
        figure.add_hline(y=threshold_mg_dl, line={"color": RED, "width": 1.5, "dash": "dash"}, annotation=note)
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="tozero", tickformat=",")
    return finished(
        figure,
        f"IgG of patient {patient} on treatment, {look.label(strategy)}",
        sentence(["infused immunoglobulin is not counted", "" if len(tests) else "no test under this strategy"]),
        x="Months since the first dose",
        y="IgG (mg/dL)",
    )


def _courses(own: pd.DataFrame) -> list[go.Scatter]:
    """IgG as it is, and as the assay would see it without error."""
    return [
        go.Scatter(
            x=own["months"],
            y=own[column],
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            hovertemplate="month %{x:.1f}<br>%{y:,.0f} mg/dL",
        )
        for column, name, colour, dash in (
            ("true_igg_mg_dl", "True polyclonal IgG", INK, "solid"),
            ("apparent_igg_mg_dl", "With M-protein, as the assay sees it", GREY, "dash"),
        )
    ]


def _tests(rows: pd.DataFrame, name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=rows["time_months"],
        y=rows["value"],
        customdata=rows["true_igg_mg_dl"],
        name=name,
        mode="markers",
        marker=marker,
        cliponaxis=False,
        hovertemplate="month %{x:.2f}<br>measured %{y:,.0f} mg/dL<br>true %{customdata:,.0f} mg/dL",
    )
