"""The Dash app: the shell of every page, and which control redraws what.

Nothing of a user is kept between requests: all that a page depends on comes with the request, so that any number of
users may look at once. What is shared (`Desk`) are caches of things that are equal for everybody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate

from sim.dashboard.address import View, read
from sim.dashboard.pages import Desk
from sim.dashboard.pages.analysis import (
    decision_page,
    infections_page,
    programme_page,
    sweep_page,
    uncertainty_page,
)
from sim.dashboard.pages.listing import parameters_page, start_page
from sim.dashboard.pages.patients import patients_page
from sim.dashboard.pages.what_if import Question, answer, answered_tables, what_if_page
from sim.dashboard.parts import LOG, Content, guarded, notice, spoken
from sim.dashboard.shell import controls, header
from sim.dashboard.side_by_side import Page, beside, files_of
from sim.errors import IgsimError, InputError

DRAWN: Final[Mapping[str, Page]] = {
    "decision": decision_page,
    "infections": infections_page,
    "patients": patients_page,
    "uncertainty": uncertainty_page,
    "what-if": what_if_page,
    "sweep": sweep_page,
    "programme": programme_page,
    "parameters": parameters_page,
}

ASSETS: Final = Path(__file__).resolve().parent / "assets"
_WTP = {"type": "lever", "key": "wtp"}

INDEX: Final = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        <a class="skip" href="#content">Skip to the content</a>
        {%app_entry%}
        <noscript>The dashboard needs JavaScript, which comes from this machine only.</noscript>
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""


def build(desk: Desk) -> Dash:
    """The app over a library and a bench."""
    app = Dash(
        "igsim",
        assets_folder=str(ASSETS),
        serve_locally=True,
        # On demand, the figures' script may come later than the figures wait for it.
        eager_loading=True,
        title="igsim",
        update_title="",
        index_string=INDEX,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        enable_mcp=False,
    )
    app.enable_dev_tools(debug=False, dev_tools_disable_version_check=True)
    app.layout = html.Div(
        [
            dcc.Location(id="url", refresh=False),
            html.Header(id="header"),
            html.Div(id="controls", role="group", **spoken("What all figures show")),
            html.Main(html.Div(id="body"), id="content", tabIndex=-1),
            html.Div(id="nowhere", hidden=True),
        ],
        className="page",
    )
    _shell(app, desk)
    _content(app, desk)
    _what_if(app, desk)
    _in_the_browser(app)
    return app


# ---------------------------------------------------------------------- the shell


def _shell(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("header", "children"),
        Output("controls", "children"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    def shell(path: str, search: str) -> tuple[Content, Content]:
        view = read(path, search)
        try:
            source = desk.library.open(view.look_at) if view.look_at and view.page else None
        except IgsimError:
            source = None  # the body says what is wrong with it
        return header(view, source), controls(view, source)


# ---------------------------------------------------------------------- the pages


def _content(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("body", "children"),
        Input("context", "data"),
        Input(_WTP, "value"),
        Input("against", "value"),
        Input("strategy", "value"),
        Input("patient", "value"),
        State("url", "search"),
    )
    def content(
        context: dict[str, Any], wtp: object, against: str, strategy: str, patient: object, search: str
    ) -> Content:
        page = context["page"]
        changed = {prop.rsplit(".", 1)[0] for prop in ctx.triggered_prop_ids}
        # The sliders' page is drawn once; its answers come by themselves.
        if page in ("what-if", "parameters") and changed and "context" not in changed:
            raise PreventUpdate
        number = as_number(wtp)
        view = View(
            page=page,
            look_at=context["look_at"],
            beside=context["beside"],
            wtp=number if number is not None and number >= 0 and number != context["wtp"] else None,
            against=against or "",
            strategy=strategy or "",
            patient=patient if isinstance(patient, int) and patient >= 0 else 0,
            moved=context["moved"],
            faults=tuple(context["faults"]),
        )
        return body(view, desk)


def as_number(value: object) -> float | None:
    """A number from a box or slider, whatever the browser made of it; None for none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e300 else None


def body(view: View, desk: Desk) -> list[Content]:
    """A whole page: what of the address could not be read, then its content, twice where two are compared."""
    faults = [notice("Left out of the address: " + "; ".join(view.faults), kind="warning")] if view.faults else []
    if not view.page or not view.look_at:
        return [*faults, *_listed(view, desk)]
    try:
        sources = [desk.library.open(key) for key in (view.look_at, view.beside) if key]
    except IgsimError as error:
        told = f"This cannot be shown.\n{error}"
        return [*faults, notice(told, kind="error"), *_listed(View(look_at=""), desk)]
    page = DRAWN[view.page]
    if len(sources) == 1 or view.page == "what-if":
        return [*faults, html.Div(guarded(lambda: page(sources[0], view, desk), "This page")), files_of(sources[0])]
    return [*faults, *beside(sources, view, desk, page)]


def _listed(view: View, desk: Desk) -> list[Content]:
    return [html.Div(guarded(lambda: start_page(view, desk), "The list"))]


# ---------------------------------------------------------------------- live


def _what_if(app: Dash, desk: Desk) -> None:
    figures = [
        Output({"type": "figure", "name": name}, "figure") for name in ("live_plane", "live_benefit", "live_costs")
    ]

    @app.callback(
        *figures,
        Output("live-incremental", "children"),
        Output("live-changes", "children"),
        Output("verdict", "children"),
        Output("status", "children"),
        Output("refused", "children"),
        Output("command", "children"),
        Output("answered", "data"),
        Input("asked", "data"),
        prevent_initial_call=True,
    )
    def answered(asked: dict[str, Any] | None) -> tuple[Any, ...]:
        if not asked:
            raise PreventUpdate
        clock = time.perf_counter()
        done = {"number": asked["number"]}
        try:
            source = desk.library.open(asked["look_at"])
            wtp = as_number(asked["wtp"])
            moved = {str(key): float(value) for key, value in asked["moved"].items()}
            question = Question(
                moved,
                wtp=source.middle_wtp if wtp is None or wtp < 0 else wtp,
                against=asked["against"],
                strategy=asked["strategy"],
            )
            found = answer(desk.bench, source, question, clock=clock)
        except IgsimError as error:
            told = (
                f"The model refuses this combination; the last one that could be played is still shown.\n{why(error)}"
            )
            return (*(no_update,) * 7, notice(told, kind="error"), no_update, done)
        except Exception as error:
            LOG.exception("a what-if cannot be played")
            told = (
                f"This cannot be played ({type(error).__name__}: {error}). The dashboard's terminal has the details."
            )
            return (*(no_update,) * 7, notice(told, kind="error"), no_update, done)
        first, second = answered_tables(found, question.strategy)
        return (*found.figures, first, second, found.verdict, found.status, None, found.command, done)


def why(error: IgsimError) -> str:
    """The problems of an error, one a line; where each was set is known: by a slider."""
    problems = error.problems if isinstance(error, InputError) else ()
    return "\n".join(str(replace(problem, file="")) for problem in problems) or str(error)


def _in_the_browser(app: Dash) -> None:
    """What needs no server: see `assets/igsim.js`."""
    typed = Input({"type": "typed", "key": ALL}, "value")
    ids = State({"type": "typed", "key": ALL}, "id")

    def named(function: str, *parts: Any, **more: Any) -> None:
        app.clientside_callback(ClientsideFunction("igsim", function), *parts, **more)  # type: ignore[no-untyped-call]

    named(
        "follow",
        Output({"type": "lever", "key": MATCH}, "value"),
        Output({"type": "typed", "key": MATCH}, "value"),
        Input({"type": "lever", "key": MATCH}, "value"),
        Input({"type": "typed", "key": MATCH}, "value"),
        prevent_initial_call=True,
    )
    named(
        "ask",
        Output("asked", "data"),
        typed,
        Input("against", "value"),
        Input("strategy", "value"),
        ids,
        State("context", "data"),
    )
    named("answered", Output("nowhere", "className"), Input("answered", "data"))
    named(
        "address",
        Output({"type": "page", "page": ALL}, "href"),
        typed,
        Input("against", "value"),
        Input("strategy", "value"),
        Input("patient", "value"),
        ids,
        State("context", "data"),
        State({"type": "page", "page": ALL}, "id"),
    )
    named(
        "back",
        Output({"type": "typed", "key": ALL}, "value", allow_duplicate=True),
        Input("back", "n_clicks"),
        ids,
        State("context", "data"),
        prevent_initial_call=True,
    )
    named(
        "pick",
        Output("strategy", "value"),
        Output("patient", "value"),
        Input({"type": "figure", "name": ALL}, "clickData"),
        State({"type": "figure", "name": ALL}, "figure"),
        State({"type": "figure", "name": ALL}, "id"),
        State("context", "data"),
        prevent_initial_call=True,
    )
    named("find", Output("found", "children"), Input("find", "value"), Input("rows", "data"))
    named("arrived", Output("nowhere", "lang"), Input("url", "pathname"))
