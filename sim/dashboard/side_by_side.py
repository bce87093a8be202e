"""Two sources side by side: the same colours, and the same scales where a figure sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from dash import dcc, html

from sim.dashboard.address import View
from sim.dashboard.library import Source
from sim.dashboard.pages import Desk
from sim.dashboard.pages.listing import changed_parameters
from sim.dashboard.parts import Content, guarded, notice
from sim.figures.style import Drawing

Page = Callable[[Source, View, Desk], list[Content]]


def beside(sources: list[Source], view: View, desk: Desk, page: Page) -> list[Content]:
    """A page twice, for two sources."""
    together = sources[0].look.over(sources[1].look.strategies).strategies
    money = [source.look.currency for source in sources]
    warnings = []
    if money[0] != money[1]:
        told = f"The two are in different currencies, {money[0]} and {money[1]}: amounts cannot be compared."
        warnings.append(notice(told, kind="warning"))
    if view.page == "parameters":
        return [*warnings, *changed_parameters(sources[0], sources[1])]
    halves = []
    for source in sources:
        alike = replace(source, look=replace(source.look, strategies=together))
        own = replace(view, against=view.against if view.against in source.look.strategies else "")
        drawn = guarded(lambda alike=alike, own=own: page(alike, own, desk), "This page")  # type: ignore[misc]
        halves.append(drawn if isinstance(drawn, list) else [drawn])
    if money[0] == money[1]:
        same_scales(*halves)
    columns = []
    for place, (source, half) in enumerate(zip(sources, halves, strict=True), start=1):
        words = f"{source.entry.name}: {source.entry.words}"
        head = [html.H2(source.entry.title), html.P(words, className="provenance")]
        columns.append(html.Div([*head, *half, files_of(source)], className="half", id=f"side-{place}"))
        rename(half, f"-{place}")
    return [*warnings, html.Div(columns, className="beside")]


def figures(content: Content) -> Iterator[Any]:
    """Every figure within components."""
    if isinstance(content, list | tuple):
        for part in content:
            yield from figures(part)
    elif isinstance(content, dcc.Graph):
        yield content
    elif hasattr(content, "children"):
        yield from figures(content.children)


def same_scales(left: Content, right: Content) -> None:
    """Give axes with a range of their own that of both figures of one name."""
    others = {graph.id["name"]: graph.figure for graph in figures(right)}
    for graph in figures(left):
        other = others.get(graph.id["name"])
        if other is not None:
            _same_ranges(graph.figure, other)


def _same_ranges(one: Drawing, other: Drawing) -> None:
    for name in ("xaxis", "yaxis"):
        axes = [drawing["layout"].get(name, {}) for drawing in (one, other)]
        ranges = [axis.get("range") for axis in axes]
        if all(found is not None and all(isinstance(end, int | float) for end in found) for found in ranges):
            low, high = min(found[0] for found in ranges), max(found[1] for found in ranges)
            for axis in axes:
                axis["range"] = [low, high]


def rename(content: Content, ending: str) -> None:
    """Make the ids of one half its own."""
    if isinstance(content, list | tuple):
        for part in content:
            rename(part, ending)
        return
    own: Any = getattr(content, "id", None)
    if isinstance(own, str):
        content.id = own + ending
    elif isinstance(own, dict):
        content.id = {**own, "name": own["name"] + ending}
    if hasattr(content, "data-figure"):
        setattr(content, "data-figure", getattr(content, "data-figure") + ending)
    if hasattr(content, "children"):
        rename(content.children, ending)


def files_of(source: Source) -> Content:
    """All tables of a run folder, for download."""
    if source.folder is None:
        return None
    name = source.entry.name
    links = [
        html.Li(html.A(f"{table}.csv", href=f"/table/{name}/{table}.csv", download=f"{table}.csv"))
        for table in source.tables
    ]
    return html.Details([html.Summary(f"All tables of run folder {name}"), html.Ul(links, className="files")])
