"""Answers of the page What-if, asked for by `assets/live.js`, which draws them.

They do not pass through Dash's callbacks: ten changed parts take Dash longer than playing 20,000 patients takes the
bench. What an answer says is `pages.what_if.answer`'s; here it becomes JSON.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any, Final

from flask import Flask, Response, abort, request
from plotly.utils import PlotlyJSONEncoder

from sim.dashboard.pages import Desk
from sim.dashboard.pages.what_if import Answer, Question, answer
from sim.dashboard.parts import LOG, as_number, headed, notice, reading_of, table
from sim.errors import IgsimError, InputError

ROUTE: Final = "/what-if/answer"


def serve_answers(server: Flask, desk: Desk) -> None:
    """Let a server answer questions about a what-if."""

    @server.post(ROUTE)
    def _answer() -> Response:
        try:
            asked: Any = json.loads(request.get_data(cache=False))
            moved = {str(key): float(value) for key, value in asked["moved"].items()}
            texts = {key: str(asked[key]) for key in ("look_at", "against", "strategy")}
            wtp = as_number(asked["wtp"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            abort(400, f"This is no question ({error}).")
        content = json.dumps(answered(desk, moved, wtp, **texts), cls=PlotlyJSONEncoder)
        return Response(content, mimetype="application/json")


def answered(
    desk: Desk, moved: dict[str, float], wtp: float | None, *, look_at: str, against: str, strategy: str
) -> dict[str, Any]:
    """What the page shows of an answer.

    Args:
        desk: Where runs and the bench are.
        moved: Lever's key to its position.
        wtp: Willingness to pay per QALY; None for the analysis' own.
        look_at: Run or scenario.
        against: Comparator; empty for the reference.
        strategy: Strategy picked out; empty for none.

    Returns:
        `parts`, the content of elements by their id; and `figures` by name, each as Plotly's JSON with its title,
        reading and height. Of what cannot be played only the part that says why: the last answer stays.
    """
    clock = time.perf_counter()
    try:
        source = desk.library.open(look_at)
        threshold = source.middle_wtp if wtp is None or wtp < 0 else wtp
        found = answer(desk.bench, source, Question(moved, threshold, against, strategy), clock=clock)
    except IgsimError as error:
        told = f"The model refuses this combination; the last one that could be played is still shown.\n{why(error)}"
        return {"parts": {"refused": notice(told, kind="error")}}
    except Exception as error:
        LOG.exception("a what-if cannot be played")
        told = f"This cannot be played ({type(error).__name__}: {error}). The dashboard's terminal has the details."
        return {"parts": {"refused": notice(told, kind="error")}}
    return {"parts": _parts(found, strategy), "figures": {name: _figure(found, name) for name in found.figures}}


def _parts(found: Answer, strategy: str) -> dict[str, Any]:
    first, second = (table(each, strategy) for each in found.tables)
    return {
        "refused": None,
        "verdict": found.verdict,
        "status": found.status,
        "live-incremental": first,
        "live-changes": second,
        "command": found.command,
    }


def _figure(found: Answer, name: str) -> dict[str, Any]:
    drawing = found.figures[name]
    title, subtitle, height = headed(drawing)
    return {**drawing, "title": title, "reading": reading_of(subtitle), "height": height}


def why(error: IgsimError) -> str:
    """The problems of an error, one a line; where each was set is known: by a slider."""
    problems = error.problems if isinstance(error, InputError) else ()
    return "\n".join(str(replace(problem, file="")) for problem in problems) or str(error)
