"""The shell of every page: what is looked at, the pages, and the controls that pages share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from dash import dcc, html

from sim.dashboard.address import PAGES, View
from sim.dashboard.levers import Lever, levers, step_of
from sim.dashboard.library import SCENARIO, Source
from sim.dashboard.pages.patients import patient_control
from sim.dashboard.pages.what_if import slider
from sim.dashboard.parts import Content, spoken, swatch

ASKS_WTP: Final = ("decision", "uncertainty", "what-if", "sweep")
ASKS_AGAINST: Final = ("decision", "patients", "uncertainty", "what-if")
ASKS_STRATEGY: Final = ("decision", "infections", "patients", "uncertainty", "what-if", "sweep")


def header(view: View, source: Source | None) -> list[Content]:
    """Name of what is looked at, the way back to the list, and the pages."""
    listing = View(look_at=view.look_at).href("") if view.look_at else "/"
    current: dict[str, Any] = {"aria-current": "page"}
    pages = [
        dcc.Link(
            title,
            href=view.href(page),
            id={"type": "page", "page": page},
            className="here" if page == view.page else "",
        )
        if page != view.page
        else html.Span(
            dcc.Link(title, href=view.href(page), id={"type": "page", "page": page}, className="here"), **current
        )
        for page, title in PAGES.items()
    ]
    title = source.entry.title if source else "Immunoglobulin prophylaxis on bispecific antibodies"
    made: Content = "Choose a run or a scenario."
    if source is not None:
        entry = source.entry
        kind = "Scenario" if entry.key.startswith(SCENARIO) else f"Run folder, igsim {entry.command}:"
        made = f"{kind} {entry.name} · {entry.words}"
    return [
        html.Div(
            [
                html.Div([dcc.Link("igsim", href="/", className="brand"), html.H1(title)], className="titles"),
                html.P(made, className="provenance"),
            ]
        ),
        html.Nav(
            [*(pages if view.look_at else []), dcc.Link("Runs and scenarios", href=listing, className="list")],
            **spoken("Pages"),
        ),
    ]


def controls(view: View, source: Source | None) -> list[Content]:
    """Controls that pages share; those of no use to a page are there, but hidden."""
    page = view.page

    def hidden(pages: tuple[str, ...]) -> dict[str, str]:
        return {} if source is not None and page in pages else {"display": "none"}

    names = source.look.strategies if source else ()
    wtp = source.middle_wtp if source else 0.0
    highest = max(source.wtp) if source else 1.0
    money = source.look.currency if source else ""
    lever = Lever("wtp", "", "Willingness to pay", f"{money} per QALY", wtp, 0.0, 2 * highest or 1.0, 1.0, {})
    lever = replace(lever, step=step_of(lever.high))
    base = {}
    if source is not None and source.scenario is not None and page == "what-if":
        base = {each.key: each.base for each in levers(source.scenario)}
    context = {
        "page": page,
        "look_at": view.look_at,
        "beside": view.beside,
        "wtp": wtp,
        "moved": dict(view.moved),
        "base": base,
        "faults": list(view.faults),
        "strategies": [{"value": name} for name in names],
    }
    chosen = view.strategy if view.strategy in names else ""
    against = view.against if view.against in names else ""
    return [
        dcc.Store(id="context", data=context),
        html.Div(
            slider(lever, view.wtp, debounce=False if page == "what-if" else 0.25, hint=_thresholds(source)),
            style=hidden(ASKS_WTP),
        ),
        html.Div(patient_control(view), style=hidden(("patients",))),
        html.Div(
            [
                html.Div(
                    _choice("against", "Compare against", "Reference", source, against), style=hidden(ASKS_AGAINST)
                ),
                html.Div(
                    _choice("strategy", "Pick out", "All strategies", source, chosen), style=hidden(ASKS_STRATEGY)
                ),
            ],
            className="choices",
        ),
    ]


def _thresholds(source: Source | None) -> str:
    if source is None:
        return ""
    return "thresholds of the analysis: " + ", ".join(f"{wtp:,.0f}" for wtp in source.wtp)


def _choice(id: str, title: str, none: str, source: Source | None, value: str) -> html.Fieldset:  # noqa: A002
    options: list[Any] = [{"label": html.Span(none), "value": ""}]
    if source is not None:
        look = source.look
        options += [
            {"label": html.Span([swatch(look, name), look.labels.get(name, name)]), "value": name}
            for name in look.strategies
        ]
    return html.Fieldset([html.Legend(title), dcc.RadioItems(id=id, options=options, value=value, inline=True)])
