"""What pages are made of: figures and tables in cards, notices, numbers with their uncertainty.

Text of users goes into Dash components as text, never as markup; figures are the catalogue's own.
"""

from __future__ import annotations

import html as markup
import logging
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import pandas as pd
import plotly.graph_objects as go
from dash import dcc, html

from sim.errors import IgsimError
from sim.figures import Look
from sim.figures.style import Drawing
from sim.report.text import number

Content = Any
"""A Dash component, a text, or a list of them."""

BOTTOM: Final = 64
PALE: Final = 0.15
LONGEST_LINK: Final = 400_000
"""Letters of a table that a link may carry."""

LOG = logging.getLogger("igsim.dashboard")

_CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "toImageButtonOptions": {"format": "svg"},
    "displayModeBar": "hover",
}


def spoken(text: str, **more: str) -> dict[str, Any]:
    """What a screen reader says of a component."""
    return {"aria-label": text, **more}


def notice(text: str, *, kind: str = "note") -> html.Div:
    """A message; of kind note, warning or error. Lines of the text stay lines."""
    lines = [html.P(line) for line in text.splitlines() if line.strip()]
    return html.Div(lines, className=f"notice {kind}", role="alert" if kind == "error" else "note")


def guarded(make: Callable[[], Content], what: str) -> Content:
    """What is made, or a message in its place: of ours where the input is at fault, of a fault of ours in the log."""
    try:
        return make()
    except IgsimError as error:
        return notice(f"{what} cannot be shown.\n{error}", kind="error")
    except Exception as error:
        LOG.exception("%s cannot be shown", what)
        told = f"{type(error).__name__}: {error}"
        return notice(f"{what} cannot be shown ({told}). The dashboard's terminal has the details.", kind="error")


def section(title: str, *content: Content, id: str | None = None) -> html.Section:  # noqa: A002 - Dash's name
    """A part of a page under a heading."""
    extra: dict[str, Any] = {"id": id} if id else {}
    return html.Section([html.H2(title), *content], className="section", **extra)


def grid(*cards: Content) -> html.Div:
    """Cards side by side where there is room."""
    return html.Div(list(cards), className="grid")


# ---------------------------------------------------------------------- figures


def figure_card(
    name: str,
    make: Callable[[], go.Figure],
    *,
    look: Look,
    picked: str = "",
    data: pd.DataFrame | None = None,
    wide: bool = False,
    said: str = "",
) -> html.Div:
    """A figure with its heading, how to read it, and what can be downloaded.

    Args:
        name: Unique on the page; the name of downloaded files.
        make: Draws it.
        look: Strategies.
        picked: Strategy picked out; empty for none.
        data: The table it was drawn from, for download.
        wide: Whether it takes the whole width.
        said: A sentence of uncertainty or scope under the heading.
    """
    return html.Div(
        guarded(lambda: _figure(name, make(), look, picked, data, said), f"The figure {name}"),
        className="card wide" if wide else "card",
    )


def _figure(
    name: str, figure: go.Figure, look: Look, picked: str, data: pd.DataFrame | None, said: str
) -> list[Content]:
    drawing: Drawing = figure.to_plotly_json()
    title, subtitle, height = headed(drawing)
    if picked:
        emphasise(drawing, look, picked)
    links = savers(name, title)
    if data is not None:
        links.append(csv_link(data, name, f"Data of the figure: {title}"))
    return [
        html.H3(title),
        html.P(reading_of(subtitle, said), className="reading"),
        html.Div(
            dcc.Graph(
                id={"type": "figure", "name": name},
                figure=drawing,
                config=_CONFIG,
                responsive=True,
                style={"height": f"{height}px"},
            ),
            id=f"figure-{name}",
            role="img",
            **spoken(f"Figure: {title}. {subtitle}"),
        ),
        html.Div(links, className="links", role="group", **spoken(f"Downloads of {title}")),
    ]


def live_card(name: str, title: str, *, height: int, wide: bool = False) -> html.Div:
    """A place for a figure that the page draws by itself, with its downloads.

    Args:
        name: As for `figure_card`.
        title: Its heading until it is drawn.
        height: Pixels until it is drawn.
        wide: Whether it takes the whole width.
    """
    content = [
        html.H3(title, id=f"title-{name}"),
        html.P(id=f"reading-{name}", className="reading"),
        html.Div(
            html.Div(className="dash-graph", style={"height": f"{height}px"}),
            id=f"figure-{name}",
            role="img",
            **spoken(f"Figure: {title}"),
        ),
        html.Div(savers(name, title), className="links", role="group", **spoken(f"Downloads of {title}")),
    ]
    return html.Div(content, className="card wide" if wide else "card")


def savers(name: str, title: str) -> list[Content]:
    """Buttons that save a figure of the page."""
    return [
        html.Button(
            words, className="quiet", **spoken(f"{words}: {title}", **{"data-figure": name, "data-format": form})
        )
        for form, words in (("svg", "SVG"), ("png", "PNG"), ("html", "HTML"))
    ]


def headed(drawing: Drawing) -> tuple[str, str, int]:
    """Take title and subtitle out of a figure, for a heading that wraps and can be read aloud.

    The figure keeps them in `layout.meta`, from where a downloaded image gets them back.

    Returns:
        Both as plain text, and the height that is left, in pixels, which the figure takes from its place.
    """
    layout = drawing["layout"]
    kept, margin = layout.pop("title", {}), layout.get("margin", {})
    title, subtitle = str(kept.get("text", "")), str(kept.get("subtitle", {}).get("text", ""))
    top, height = int(margin.get("t", 92)), int(layout.pop("height", 560))
    layout["meta"] = {"title": kept, "top": top, "height": height}
    layout["margin"] = {**margin, "t": 40 if layout.get("annotations") else 24, "b": BOTTOM}
    legend = layout.get("legend", {})
    if layout.get("showlegend") and legend.get("orientation") == "h":
        layout["legend"] = {
            **legend,
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "xref": "container",
            "x": 0.01,
        }
    if any(trace.get("type") == "bar" and trace.get("orientation") != "h" for trace in drawing["data"]):
        for axis in {"xaxis", *(name for name in layout if name.startswith("xaxis"))}:
            level = {"tickangle": 0, "tickfont": {"size": 11}}
            layout[axis] = {**layout.get(axis, {}), **level}
    return unmarked(title), unmarked(subtitle), height - top + 40


def reading_of(*parts: str) -> str:
    """How to read a figure, as sentences."""
    return " ".join(as_sentence(part) for part in parts if part)


def as_sentence(text: str) -> str:
    """The text with a capital at its beginning and a full stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def unmarked(text: str) -> str:
    """The text that a figure shows, without its markup."""
    return markup.unescape(re.sub(r"<[^>]*>", "", text.replace("<br>", " ")))


def emphasise(drawing: Drawing, look: Look, picked: str) -> None:
    """Let everything but one strategy fade; parts of a figure that belong to no strategy stay as they are."""
    named = {look.label(name): name for name in look.strategies}
    ticks = {look.tick(name): name for name in look.strategies}
    for trace in drawing["data"]:
        group = trace.get("legendgroup")
        owner = group if group in look.strategies else named.get(str(trace.get("name", "")))
        if owner is not None:
            trace["opacity"] = 1.0 if owner == picked else PALE
        elif trace.get("type") == "bar":
            along = trace.get("y" if trace.get("orientation") == "h" else "x", ())
            if len(along) and all(str(tick) in ticks for tick in along):
                faded = [1.0 if ticks[str(tick)] == picked else PALE for tick in along]
                trace["marker"] = {**trace.get("marker", {}), "opacity": faded}


# ---------------------------------------------------------------------- tables


@dataclass(frozen=True)
class Column:
    """One column of a shown table.

    Attributes:
        title: Its heading, with the unit.
        cell: Text of a row's cell.
        left: Whether it is set to the left, as text is.
    """

    title: str
    cell: Callable[[dict[str, Any]], Content]
    left: bool = False


@dataclass(frozen=True)
class Shown:
    """A table and how it is shown.

    Attributes:
        name: Name of the downloaded file.
        caption: What it shows, with currency and discounting.
        frame: The rows.
        columns: How.
        note: How to read it.
        owner: Strategy of a row, to be marked; None where rows are no strategies.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    note: str = ""
    owner: Callable[[dict[str, Any]], str] | None = None
    look: Look = field(default_factory=lambda: Look(""))


def table_card(shown: Shown, *, picked: str = "", wide: bool = True) -> html.Div:
    """A table in a card, with its download."""
    return html.Div(table(shown, picked), className="card wide" if wide else "card")


def table(shown: Shown, picked: str = "") -> list[Content]:
    """Caption, table, note and download."""
    rows = []
    for record in shown.frame.to_dict(orient="records"):
        row = {str(key): value for key, value in record.items()}
        owner = shown.owner(row) if shown.owner else ""
        cells: list[Content] = []
        for place, column in enumerate(shown.columns):
            content = column.cell(row)
            if place == 0 and owner:
                content = [swatch(shown.look, owner), content]
            kind = html.Th if place == 0 else html.Td
            scope: dict[str, Any] = {"scope": "row"} if place == 0 else {}
            cells.append(kind(content, className="left" if column.left or place == 0 else "", **scope))
        rows.append(html.Tr(cells, className="picked" if owner and owner == picked else ""))
    heads = [
        html.Th(column.title, scope="col", className="left" if column.left or place == 0 else "")
        for place, column in enumerate(shown.columns)
    ]
    body = html.Table(
        [html.Caption(shown.caption), html.Thead(html.Tr(heads)), html.Tbody(rows)], id=f"table-{shown.name}"
    )
    return [
        html.Div(body, className="scroll", tabIndex=0, role="region", **spoken(shown.caption)),
        html.P(shown.note, className="reading") if shown.note else None,
        html.Div(csv_link(shown.frame, shown.name, f"Data of the table: {shown.caption}"), className="links"),
    ]


def swatch(look: Look, strategy: str) -> html.Span:
    """The colour of a strategy, before its name."""
    return html.Span(className="swatch", style={"backgroundColor": look.over([strategy]).colour(strategy)})


def label(look: Look, strategy: object) -> str:
    """Words for a strategy as plain text; blank for none."""
    return str(look.labels.get(strategy, strategy)) if isinstance(strategy, str) else ""


def with_error(row: dict[str, Any], key: str, digits: int = 0, error: str = "") -> Content:
    """A mean and, after ±, its Monte Carlo standard error; or its 95 % interval where the table has one."""
    text = number(row.get(key), digits)
    if not text:
        return "–"
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    spread = number(row.get(error or f"{key}_mcse"), digits)
    if is_number(low) and is_number(high):
        return estimate(text, f"({number(low, digits)} to {number(high, digits)})")
    return estimate(text, f"±\u00a0{spread}") if spread else text


def estimate(text: str, spread: str) -> Content:
    """An estimate and its uncertainty, which stands beside it, or under it where there is no room."""
    return [html.Span(text, className="mean"), " ", html.Span(spread, className="spread")]


def as_number(value: object) -> float | None:
    """A number from a box or slider, whatever the browser made of it; None for none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e300 else None


def is_number(value: object) -> bool:
    """Whether a cell holds a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def csv_link(frame: pd.DataFrame, name: str, told: str) -> Content:
    """A link that carries a table as CSV; a table too large for one says where it is."""
    text = frame.to_csv(index=False)
    if len(text) > LONGEST_LINK:
        return html.Span("CSV: in the run folder", className="quiet")
    href = f"data:text/csv;charset=utf-8,{quote(text)}"
    return html.A("CSV", href=href, download=f"{name}.csv", className="quiet", **spoken(told))
