"""The list of runs and scenarios, and the page Parameters."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html

from sim.dashboard.address import View
from sim.dashboard.library import Entry, Source
from sim.dashboard.pages.desk import Desk, no_single_scenario
from sim.dashboard.parts import Column, Content, Shown, csv_link, notice, section, spoken, table_card
from sim.scenario import Quantity, input_names, quantities, standing_words


def start_page(view: View, desk: Desk) -> list[Content]:
    """What there is to look at."""
    runs = desk.library.runs()
    made = [_row(entry, view) for entry in runs]
    none = notice(f"There are no run folders in {desk.library.root}. `igsim run SCENARIO` makes one.")
    heads = ("Run folder", "Command", "Scenario", "How", "Beside the one open")
    beside = bool(view.look_at)
    return [
        section(
            "Scenarios", _listing([_row(e, view) for e in desk.library.scenarios()], ("Scenario", "Title", "How"))
        ),
        section(
            f"Runs in {desk.library.root}",
            _listing(made, heads if beside else heads[:-1]) if made else none,
        ),
    ]


def _listing(rows: list[html.Tr], heads: tuple[str, ...]) -> html.Div:
    head = html.Thead(html.Tr([html.Th(text, scope="col", className="left") for text in heads]))
    return html.Div(html.Table([head, html.Tbody(rows)], className="listing"), className="card scroll")


def _row(entry: Entry, view: View) -> html.Tr:
    kind = [html.Td(f"igsim {entry.command}", className="left")] if entry.command else []
    if entry.problem:
        why = html.Td(notice(f"Cannot be read: {entry.problem}", kind="warning"), colSpan=4, className="left")
        return html.Tr([html.Th(entry.name, scope="row", className="left"), why])
    page = "decision" if view.page == "" else view.page
    first = dcc.Link(entry.name, href=View(page=page, look_at=entry.key).href(), className="open")
    cells = [
        html.Th(first, scope="row", className="left"),
        *kind,
        html.Td(entry.title, className="left"),
        html.Td(entry.words, className="left"),
    ]
    if view.look_at and entry.command:
        both = View(page="decision", look_at=view.look_at, beside=entry.key)
        link = dcc.Link("Compare", href=both.href(), title=f"Show {entry.name} beside the run that is open")
        cells.append(html.Td(link if entry.key != view.look_at else "open", className="left"))
    return html.Tr(cells)


def parameters_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """Every number with its uncertainty and source, assumptions marked."""
    if source.scenario is None:
        return [no_single_scenario(source, "see its parameters")]
    frame = parameter_table(source)
    said = f"{standing_words(source.scenario)}."
    description = source.scenario.description.strip()
    find = dcc.Input(id="find", type="search", debounce=False, placeholder="e.g. price, hr, assumption")
    return [
        html.P(said, className="verdict", id="verdict"),
        section("What the scenario represents and leaves out", html.P(description)) if description else None,
        html.Label(["Show only numbers that contain", find], className="control"),
        dcc.Store(id="rows", data=_rows(frame)),
        html.Div(
            [
                html.Div(
                    html.Table(
                        [
                            html.Caption(f"Parameters of {source.entry.title}"),
                            html.Thead(html.Tr([html.Th(head, scope="col", className="left") for head in HEADS])),
                        ],
                        id="table-parameters",
                    ),
                    className="scroll",
                    tabIndex=0,
                    role="region",
                    **spoken("Parameters"),
                ),
                html.P("", id="found", className="reading", role="status"),
                html.Div(csv_link(frame, "parameters", "Data of the table of parameters"), className="links"),
            ],
            className="card",
        ),
    ]


def changed_parameters(one: Source, other: Source) -> list[Content]:
    """The numbers in which two scenarios differ."""
    if one.scenario is None or other.scenario is None:
        return [notice("A run that compares several scenarios has no parameters of its own.")]
    left, right = (parameter_table(source)[["name", "input", "value", "unit"]] for source in (one, other))
    both = left.merge(right, on="input", how="outer", suffixes=("", "_other"), sort=False)
    changed = both[both["value"].ne(both["value_other"])].reset_index(drop=True)
    said = f"{len(changed)} of {len(both)} numbers differ."
    columns = [
        Column("Number", lambda row: _either(row, "name")),
        Column("Path in the scenario", lambda row: str(row["input"]), left=True),
        Column(one.entry.name, lambda row: _value(row["value"])),
        Column(other.entry.name, lambda row: _value(row["value_other"])),
        Column("Unit", lambda row: _either(row, "unit")),
    ]
    table = Shown("changed", "Numbers that differ, at their base-case values", changed, columns)
    return [html.P(said, className="verdict"), table_card(table) if len(changed) else None]


def _either(row: dict[str, Any], column: str) -> str:
    """What either of two scenarios says of a number."""
    return next((said for said in (row[column], row[f"{column}_other"]) if isinstance(said, str)), "")


def _value(value: float) -> str:
    return "not there" if value != value else f"{value:,.6g}"


HEADS = ("Number", "Value", "Unit", "Distribution", "Uncertainty", "Standing", "Source")


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    """Cells as text, which the browser turns into rows: hundreds of components would take it seconds."""
    shown = frame.assign(value=[f"{value:,.6g}" for value in frame["value"]])
    return [[str(cell) for cell in row] for row in shown.itertuples(index=False)]


def parameter_table(source: Source) -> pd.DataFrame:
    """Columns name (in words), input (its path), value, unit, distribution, uncertainty, standing, source."""
    if source.scenario is None:
        return pd.DataFrame()
    names = input_names(source.scenario)
    rows = [
        (names[path], path, q.value, unit, "" if q.dist == "fixed" else q.dist, _spread(q), q.standing, q.source)
        for path, q, unit in quantities(source.scenario)
    ]
    columns = ["name", "input", "value", "unit", "distribution", "uncertainty", "standing", "source"]
    return pd.DataFrame(rows, columns=columns)


def _spread(q: Quantity) -> str:
    parts = [f"95 % {q.ci[0]:,.4g} to {q.ci[1]:,.4g}"] if q.ci else []
    parts += [f"SE {q.se:,.4g}"] if q.se else []
    parts += [f"range {q.range[0]:,.4g} to {q.range[1]:,.4g}"] if q.range else []
    return "; ".join(parts)
