"""The pages Decision, Infections, Uncertainty, Sweep and Programme: figures and tables of run folders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from dash import html

from sim.dashboard import decision as told
from sim.dashboard.address import View
from sim.dashboard.library import Source
from sim.dashboard.pages import tables as shown
from sim.dashboard.pages.desk import Desk, missing, suited
from sim.dashboard.parts import (
    Column,
    Content,
    Shown,
    estimate,
    figure_card,
    grid,
    guarded,
    label,
    notice,
    section,
    table_card,
    with_error,
)
from sim.figures import benefit
from sim.report.capacity_text import CAUSES_TITLE, HARM, ROWS, infection_rows, number_rows
from sim.report.text import number

MOST_ABREAST = 5
"""Strategies whose names fit under the bars of a figure of half the width."""


def wtp_of(source: Source, view: View) -> float:
    """The threshold asked for, or the analysis' own."""
    return source.middle_wtp if view.wtp is None else view.wtp


def catalogue(
    source: Source, view: View, name: str, *, table: str = "", wide: bool = False, **changes: Any
) -> Content:
    """A figure of the catalogue; nothing where the run has no table for it."""
    if name not in source.figures.names:
        return None
    data = source.tables[table] if table and table in source.tables else None

    def make() -> go.Figure:
        return source.figures.draw(name, **changes)

    return figure_card(name, make, look=source.look, picked=view.strategy, data=data, wide=wide)


def decision_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """Which strategy is worth its money, and how surely."""
    found = suited(desk, source, ("incremental",), ("run", "psa"), "incremental analysis")
    own = found.source
    if own is not None and "scenario" in own.tables["incremental"]:
        return _scenarios(own, view)
    if own is None or own.tables["incremental"].empty or "strategy" not in own.tables["incremental"]:
        return [found.note or missing(source, "run", "incremental analysis")]
    wtp = wtp_of(own, view)
    against = told.comparator(own.tables, own.look.strategies, view.against)
    gains = told.benefits(own.tables, wtp, against)
    bars = gains.rename(columns={"inmb_low": "low", "inmb_high": "high"})
    cards = [
        catalogue(own, view, "ce_plane", table="increments", wtp=wtp, comparator=against),
        figure_card(
            "net_benefit",
            lambda: benefit.inmb_bars(bars, own.look, comparator=against, wtp=wtp),
            look=own.look,
            picked=view.strategy,
            data=gains,
        ),
        catalogue(own, view, "ce_frontier", table="incremental"),
        catalogue(own, view, "costs_by_item", table="outcomes"),
    ]
    return [
        found.note,
        html.P(told.verdict(own.tables, wtp, own.look), className="verdict", id="verdict"),
        html.P(told.rests_on(own.scenario), className="reading") if own.scenario else None,
        table_card(shown.incremental(own.tables, own.look), picked=view.strategy),
        grid(*cards),
        table_card(shown.net_benefit(gains, own.look, wtp, against), picked=view.strategy),
    ]


def _scenarios(own: Source, view: View) -> list[Content]:
    """A comparison of scenarios, each of which has a decision of its own."""
    choices, wtp = own.tables["decisions"], wtp_of(own, view)
    at = choices[choices["wtp"] == nearest(own, wtp)].reset_index(drop=True)
    columns = [
        Column("Scenario", lambda row: str(row["scenario"])),
        Column("Highest net benefit", lambda row: label(own.look, row["best"]), left=True),
        Column(f"Lead ({own.look.currency})", lambda row: with_error(row, "margin")),
    ]
    caption = f"Best strategy in each scenario, at {number(nearest(own, wtp))} {own.look.currency} per QALY"
    note = "± is one Monte Carlo standard error of the paired difference. Open a run of one scenario for the rest."
    table = Shown("scenarios", caption, at, columns, note)
    return [
        notice("This run compares several scenarios on the same patients and luck; each has a decision of its own."),
        catalogue(own, view, "scenario_benefit", table="incremental", wtp=nearest(own, wtp), wide=True),
        table_card(table),
    ]


def infections_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """Which infections strike, and what averting them takes."""
    found = suited(desk, source, ("cumulative_incidence", "outcomes"), ("run", "psa"), "infections")
    own = found.source
    if own is None:
        return [found.note]
    cards = [
        catalogue(own, view, "cumulative_incidence", table="cumulative_incidence", wide=True),
        catalogue(own, view, "infections_by_cause", table="outcomes", wide=True),
        catalogue(own, view, "incidence_by_cause", wide=True),
        catalogue(own, view, "ig_use", wide=True),
        catalogue(own, view, "ig_grams", table="outcomes", wide=len(own.look.strategies) > MOST_ABREAST),
    ]
    if "efficiency" in own.tables:
        wide = len(own.look.strategies) > MOST_ABREAST
        cards.append(table_card(shown.efficiency(own.tables, own.look), picked=view.strategy, wide=wide))
    return [
        found.note,
        grid(*cards),
        table_card(shown.events(own.tables, own.look)),
    ]


def uncertainty_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """How uncertain the decision is, what that is worth, and which inputs matter."""
    draws = suited(desk, source, ("psa",), ("psa",), "parameter draws")
    tornado = suited(desk, source, ("tornado",), ("dsa",), "one-way sensitivity analysis")
    prices = suited(desk, source, ("price_of_immunoglobulin",), ("psa",), "price")
    return [
        section("Parameter uncertainty", draws.note, _draws(draws.source, view) if draws.source else None),
        section(
            "Which inputs move the answer",
            _inputs(draws.source, view) if draws.source else None,
            tornado.note,
            catalogue(tornado.source, view, "tornado", table="tornado", wide=True) if tornado.source else None,
        ),
        section(
            "At which price",
            catalogue(prices.source, view, "price_threshold", table="price_of_immunoglobulin", wide=True),
        )
        if prices.source
        else None,
    ]


def _draws(own: Source, view: View) -> Content:
    wtp = wtp_of(own, view)
    against = told.comparator(own.tables, own.look.strategies, view.against)
    return html.Div(
        [
            html.P(told.verdict(own.tables, wtp, own.look), className="verdict", id="verdict-draws"),
            grid(
                catalogue(own, view, "ce_plane", wtp=wtp, comparator=against),
                catalogue(own, view, "ceac", table="by_wtp_strategy"),
                catalogue(own, view, "ceaf", table="by_wtp"),
                catalogue(own, view, "expected_loss", table="by_wtp_strategy"),
                catalogue(own, view, "inmb_ridgeline", wtp=wtp, comparator=against),
                catalogue(own, view, "evpi", table="by_wtp"),
                catalogue(own, view, "population_evpi", table="by_wtp") if own.asked.get("population") else None,
                catalogue(own, view, "convergence_draws", table="convergence"),
                catalogue(own, view, "convergence_patients", table="convergence"),
            ),
        ]
    )


def _inputs(own: Source, view: View) -> Content:
    """EVPPI and correlations, which are computed at the analysis' own thresholds only."""
    wtp = nearest(own, wtp_of(own, view))
    said = _not_as_asked(own, view, wtp)
    others = [name for name in own.look.strategies if name != told.reference(own.tables, own.look.strategies)]
    strategy = view.strategy if view.strategy in others else None
    evppi = own.tables["evppi"][["wtp", "name", "evppi", "standard_error"]] if "evppi" in own.tables else None
    drawn: tuple[tuple[str, pd.DataFrame | None, dict[str, Any]], ...]
    drawn = (("evppi", evppi, {}), ("correlations", None, {"strategy": strategy}))
    cards = [
        figure_card(
            name,
            lambda name=name, more=more: own.figures.draw(name, wtp=wtp, **more),  # type: ignore[misc]
            look=own.look,
            data=data,
            said=said,
            wide=True,
        )
        for name, data, more in drawn
        if name in own.figures.names and not own.tables[name].empty
    ]
    return grid(*cards)


def _not_as_asked(own: Source, view: View, wtp: float) -> str:
    """That another threshold is shown than the one asked for, where it is."""
    if wtp == wtp_of(own, view):
        return ""
    return f"{number(wtp)} {own.look.currency} per QALY is the nearest of the thresholds analysed."


def nearest(source: Source, wtp: float) -> float:
    """The threshold of the analysis nearest to one asked for; the lower of two."""
    return min(sorted(source.wtp), key=lambda own: abs(own - wtp))


def sweep_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """How the answer moves with the inputs that a sweep varied."""
    found = suited(desk, source, ("sweep", "two_way_decisions"), ("sweep", "dsa"), "sweep")
    own = found.source
    if own is None:
        command = "sweep --vary immunoglobulin.price_per_gram=20:150:14 --vary immunoglobulin.hr.grade_3plus=0.1:1:10"
        return [missing(source, command, "sweep")]
    decisions = own.tables["decisions" if "decisions" in own.tables else "two_way_decisions"]
    played = sorted(decisions["wtp"].unique())
    wtp = min(played, key=lambda each: abs(each - wtp_of(own, view)))
    at = decisions[decisions["wtp"] == wtp]
    paths = [name for name in at.columns if name not in ("point", "wtp", "best", "second", "margin", "margin_mcse")]
    return [
        found.note,
        html.P(_tally(own, at, wtp), className="verdict", id="verdict"),
        grid(*_sweep_figures(own, view, at, wtp, _not_as_asked(own, view, wtp))),
        table_card(_decisions(own, at, paths, wtp), picked=view.strategy),
    ]


def _tally(own: Source, at: pd.DataFrame, wtp: float) -> str:
    counts = at["best"].value_counts()
    first, *others = ((f"“{label(own.look, name)}”", count) for name, count in counts.items())
    parts = [f"{first[0]} has the highest net benefit at {first[1]} of {len(at)} points"]
    parts += [f"{name} at {count}" for name, count in others]
    open_points = int((at["margin"].abs() < 1.96 * at["margin_mcse"]).sum())
    doubt = f" At {open_points} of them the Monte Carlo error could turn the choice." if open_points else ""
    return f"At {number(wtp)} {own.look.currency} per QALY, {', '.join(parts)}.{doubt}"


def _sweep_figures(own: Source, view: View, at: pd.DataFrame, wtp: float, said: str) -> list[Content]:
    return [
        figure_card(
            name,
            lambda name=name: own.figures.draw(name, wtp=wtp),  # type: ignore[misc]
            look=own.look,
            picked=view.strategy,
            data=at,
            said=said,
            wide=True,
        )
        for name in ("two_way", "sweep_benefit")
        if name in own.figures.names
    ]


def _decisions(own: Source, at: pd.DataFrame, paths: list[str], wtp: float) -> Shown:
    money = own.look.currency
    heads = own.look.rows(paths, units=True)
    columns = [Column(head, partial(_value, path)) for head, path in zip(heads, paths, strict=True)]
    columns += [
        Column("Highest net benefit", lambda row: label(own.look, row["best"]), left=True),
        Column("Next", lambda row: label(own.look, row["second"]), left=True),
        Column(f"Lead ({money})", lambda row: estimate(number(row["margin"]), f"± {number(row['margin_mcse'])}")),
    ]
    caption = f"Best strategy at every point, at {number(wtp)} {money} per QALY"
    return Shown("decisions", caption, at, columns, "± is one Monte Carlo standard error of the paired difference.")


def _value(path: str, row: dict[str, Any]) -> str:
    return f"{row[path]:,.4g}" if _is_real(row[path]) else str(row[path])


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def programme_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """What a programme with chairs, stock and a calendar makes of the strategies."""
    found = suited(desk, source, ("capacity_months",), ("capacity",), "programme")
    own = found.source
    if own is None:
        return _no_programme(source)
    drawn = [name for name in own.figures.names if name.startswith("programme_")]
    return [
        found.note,
        guarded(lambda: _programme_numbers(own, "The programme, in all its years together", ROWS), "the programme"),
        guarded(lambda: _programme_numbers(own, "What the limits did to patients", HARM), "harm"),
        guarded(lambda: _programme_causes(own), "causes"),
        catalogue(own, view, "who_paid"),
        grid(*(catalogue(own, view, name) for name in drawn)),
    ]


def _programme_numbers(own: Source, title: str, rows: tuple[tuple[str, str, int], ...]) -> Content:
    """Numbers of a programme, a column an arm, with half their 95 % intervals over replications."""
    table = own.tables["capacity_numbers"]
    arms = list(dict.fromkeys(table["arm"]))
    lines, whole = [], ""
    for words, cells in number_rows(table, arms, rows):
        is_part = words.startswith(" ")
        whole = whole if is_part else words
        what = f"{whole}: {words.strip()}" if is_part else words
        lines.append({"what": what[:1].upper() + what[1:], **dict(zip(arms, cells, strict=True))})
    note = "± is half a 95 % interval over replications; every arm has the same arrivals, patients and luck."
    return _arms_side_by_side(own, title.lower().replace(" ", "_"), title, lines, note, _what)


def _programme_causes(own: Source) -> Content:
    """Infections by cause, a column an arm."""
    table, scenario = own.tables["capacity_infections"], own.scenario
    arms = list(dict.fromkeys(table["arm"]))
    labels = {} if scenario is None else {name: cause.label for name, cause in scenario.infections.causes.items()}
    rows = infection_rows(table, arms, {name: labels.get(name, name) for name in table["cause"]})
    lines = [{"what": words, **dict(zip(arms, cells, strict=True))} for words, cells in rows]
    note = "Means over replications."
    return _arms_side_by_side(own, "infections_by_cause", CAUSES_TITLE, lines, note, partial(_text, "what"))


def _arms_side_by_side(
    own: Source,
    key: str,
    title: str,
    lines: list[dict[str, str]],
    note: str,
    what: Callable[[dict[str, Any]], Content],
) -> Content:
    """A table of what was counted in a replication, `what` first and then a column an arm."""
    frame = pd.DataFrame(lines)
    columns = [Column("Per replication", what, left=True)]
    columns += [Column(label_of_arm(own, str(arm)), partial(_text, str(arm))) for arm in frame.columns[1:]]
    return table_card(Shown(key, title, frame, columns, note))


def _what(row: dict[str, Any]) -> Content:
    """What a row counts; a part of what the row above counts stands in from it."""
    whole, _, part = str(row["what"]).partition(": ")
    return html.Span(part, className="part") if part else whole


def _text(name: str, row: dict[str, Any]) -> str:
    return str(row[name])


def label_of_arm(own: Source, arm: str) -> str:
    """The label of a programme's arm; of one that the program adds, its name in words."""
    plan = own.scenario.programme if own.scenario is not None else None
    return plan.arms[arm].label if plan is not None and arm in plan.arms else arm.replace("_", " ").capitalize()


def _no_programme(source: Source) -> list[Content]:
    if source.entry.is_outside:
        return [missing(source, "capacity", "programme")]
    told_why = (
        "This page shows how a programme with a limited number of chairs and a limited supply of immunoglobulin "
        "would fare: queues, stock, utilisation. No run folder here has it for this scenario"
    )
    if source.scenario is not None and source.scenario.programme is None:
        told_why += ", which describes no programme; one that does is programme-shortage.toml. To make one:"
        return [notice(told_why), html.Pre("igsim capacity programme-shortage.toml", className="command")]
    return [notice(f"{told_why}. To make one:"), html.Pre(f"igsim capacity {_file(source)}", className="command")]


def _file(source: Source) -> str:
    return f"{source.entry.name.split('/')[0]}.toml"
