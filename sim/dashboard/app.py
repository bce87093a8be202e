"""The Dash app: the shell of every page, and which control redraws what.

Nothing of a user is kept between requests: all that a page depends on comes with the request, so that any number of
users may look at once. What is shared (`Desk`) are caches of things that are equal for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate

from sim.dashboard.address import View, read
from sim.dashboard.live import serve_answers
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
from sim.dashboard.pages.what_if import what_if_page
from sim.dashboard.parts import Content, as_number, guarded, notice, spoken
from sim.dashboard.shell import controls, header
from sim.dashboard.side_by_side import Page, beside, files_of
from sim.errors import IgsimError

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
    serve_answers(app.server, desk)
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


def _in_the_browser(app: Dash) -> None:
    """What needs no server: see `assets/igsim.js`; and the sliders: see `assets/live.js`."""
    typed = Input({"type": "typed", "key": ALL}, "value")
    ids = State({"type": "typed", "key": ALL}, "id")

    def named(function: str, *parts: Any, where: str = "igsim", **more: Any) -> None:
        app.clientside_callback(ClientsideFunction(where, function), *parts, **more)  # type: ignore[no-untyped-call]

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
        where="live",
    )
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
