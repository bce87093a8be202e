"""How every figure looks: colours, dashes, symbols, fonts, and the texts around the plot.

A strategy keeps its colour, dash, symbol and hatching in every figure, by its place among all strategies of the
analysis; dashes, symbols and hatching carry the difference where colour is lost in print. Start with `Look`.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
"""Told apart with any kind of colour vision (Okabe and Ito 2008); grey stands for their black, yellow is left out."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
HATCHES = ("", "/", "x", "-", ".", "\\", "|", "+")

GREY = "#6B6B6B"
INK = "#222222"
FAINT = "#E3E3E3"
Z_95 = 1.959963984540054
"""Half-width of a 95 % interval in standard errors."""

LONGEST_LABEL, LONGEST_TICK = 64, 46
"""Letters of a strategy's label in a legend and beside an axis; tables and hover texts of a page have all of it."""

WIDTH, HEIGHT = 900, 560
"""Pixels of an exported figure; on a page the width follows the page."""

_FONT = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"
_ACRONYMS = {"ig": "Ig", "igg": "IgG", "crs": "CRS", "icans": "ICANS", "qaly": "QALYs", "inmb": "INMB", "cmv": "CMV"}
_ACRONYMS |= {"hbv": "HBV", "hr": "HR", "pcr": "PCR", "vs": "vs", "cox": "Cox"}
_NAMES = {"crs_icans": "CRS and ICANS", "step_up_hospital": "Hospital stay for step-up dosing"}

_AXIS = {
    "showline": True,
    "linecolor": INK,
    "ticks": "outside",
    "tickcolor": INK,
    "gridcolor": FAINT,
    "zerolinecolor": "#9A9A9A",
    "zerolinewidth": 1,
    "automargin": True,
    "title": {"standoff": 12, "font": {"size": 14}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": _FONT, "size": 14, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": COLOURS,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hoverlabel": {"bgcolor": "white", "font": {"family": _FONT, "size": 13, "color": INK}, "align": "left"},
        "legend": {"font": {"size": 13}, "itemsizing": "trace"},
        "margin": {"l": 75, "r": 30, "t": 92, "b": 60},
        "separators": ".,",
    }
)

Drawing = dict[str, Any]
"""A figure in Plotly's own JSON, `data` and `layout`, which `go.Figure` has not checked: what is drawn many times a
second is sent as this. Nobody changes its parts, some of which all figures share."""

_PLAIN_TEMPLATE = TEMPLATE.to_plotly_json()


@dataclass(frozen=True)
class Input:
    """A number of the scenario, as figures name it.

    Attributes:
        words: Its name in words.
        unit: What stands in brackets behind the name; empty for a pure number.
        value: Its value in the base case; nan where that is no number.
    """

    words: str
    unit: str
    value: float


@dataclass(frozen=True)
class Look:
    """What the figures of one analysis share.

    Attributes:
        currency: Money of all tables, as text, e.g. "USD".
        strategies: All strategies of the analysis; a strategy's place here settles its colour, dash and symbol.
        labels: Strategy to the words that name it in figures; its name where it has none.
        inputs: Dotted path of a number to its words; the path where it has none.

    Example:
        >>> look = Look("USD", ("none", "primary"), {"none": "No immunoglobulin"})
        >>> look.label("none"), look.label("primary"), look.dash("primary")
        ('No immunoglobulin', 'primary', 'dash')
    """

    currency: str
    strategies: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)

    def over(self, names: Iterable[str]) -> Look:
        """The same look with every one of `names` in its place: those not known yet come last, as they appear."""
        return replace(self, strategies=tuple(dict.fromkeys((*self.strategies, *(str(name) for name in names)))))

    def label(self, strategy: str) -> str:
        """Words for a strategy, not longer than a legend has room for, as text that is never taken for markup."""
        return plain(self._within(strategy, LONGEST_LABEL))

    def short(self, strategy: str) -> str:
        """The label to its first colon, in short lines, where that still tells the strategies apart."""
        heads = [self.labels.get(name, name).split(":")[0].strip() for name in self.strategies]
        own = self.labels.get(strategy, strategy).split(":")[0].strip()
        return wrapped(own, 20) if own and len(set(heads)) == len(heads) else self.tick(strategy)

    def tick(self, strategy: str, width: int = 20) -> str:
        """Its label, broken into lines of at most `width` letters for an axis."""
        return wrapped(self._within(strategy, LONGEST_TICK), width)

    def input(self, path: str) -> str:
        """An input in words; the path of one that has none. Not yet safe from being taken for markup."""
        return self.inputs[path].words if path in self.inputs else path

    def with_unit(self, path: str) -> str:
        """The same with its unit."""
        unit = self.inputs[path].unit if path in self.inputs else ""
        return f"{self.input(path)} ({unit})" if unit else self.input(path)

    def rows(self, paths: Iterable[str], *, units: bool = False) -> list[str]:
        """Inputs in words, as rows of one figure: those that would be alike have their paths behind them."""
        say = self.with_unit if units else self.input
        named = [(path, say(path)) for path in paths]
        times = Counter(words for _, words in named)
        return [words if times[words] == 1 else f"{words} [{path}]" for path, words in named]

    def colour(self, strategy: str) -> str:
        """Colour of a strategy."""
        return COLOURS[self._place(strategy) % len(COLOURS)]

    def dash(self, strategy: str) -> str:
        """Dash of its lines."""
        return DASHES[self._place(strategy) % len(DASHES)]

    def symbol(self, strategy: str) -> str:
        """Symbol of its points."""
        return SYMBOLS[self._place(strategy) % len(SYMBOLS)]

    def hatch(self, strategy: str) -> str:
        """Hatching of its bars."""
        return HATCHES[self._place(strategy) % len(HATCHES)]

    def line(self, strategy: str, width: float = 2.5) -> dict[str, object]:
        """Line of a strategy."""
        return {"color": self.colour(strategy), "dash": self.dash(strategy), "width": width}

    def bar(self, strategy: str) -> dict[str, object]:
        """Fill of its bars."""
        return hatched(self.colour(strategy), self.hatch(strategy))

    def present(self, names: Iterable[str]) -> list[str]:
        """Those of `names` in the order of the analysis."""
        wanted = set(names)
        return [name for name in self.strategies if name in wanted]

    @property
    def money(self) -> str:
        """Currency as text that is never taken for markup."""
        return plain(self.currency)

    @property
    def wtp_title(self) -> str:
        """Title of an axis of thresholds."""
        return f"Willingness to pay ({self.money} per QALY)"

    def _within(self, strategy: str, most: int) -> str:
        """Its label, cut where it is longer; where another is cut to the same, with the strategy's name behind."""
        own = self.labels.get(strategy, strategy)
        if len(own) <= most:
            return own
        alike = [n for n in self.strategies if n != strategy and self.labels.get(n, n)[:most] == own[:most]]
        return f"{own[: most - 1].rstrip()}…{f' [{strategy}]' if alike else ''}"

    def _place(self, strategy: str) -> int:
        return self.strategies.index(strategy)


def plain(text: str) -> str:
    """Text as Plotly shows it letter by letter: its own markup, and a template's braces, are taken from it."""
    return html.escape(text, quote=False).replace("%{", "%&#123;")


def wrapped(text: str, width: int) -> str:
    """The same, in lines of at most `width` letters; a dotted path breaks at its dots."""
    breakable = re.sub(r"(?<=[\w\]])\.(?=[A-Za-z_])", ".\u200b ", text)
    lines = textwrap.wrap(breakable, width, break_on_hyphens=False) or [""]
    return "<br>".join(plain(line.replace(".\u200b ", ".").replace(".\u200b", ".")) for line in lines)


def words(name: str) -> str:
    """A name in words, as text that is never taken for markup: `cost:ig_administration` is "Ig administration"."""
    return plain(in_words(name))


def in_words(name: str) -> str:
    """The same, for what takes care of markup itself."""
    last = name.split(":", 1)[-1].replace("grade_3plus", "grade ≥ 3").replace("grade_1_2", "grade 1–2")
    if last in _NAMES:
        return _NAMES[last]
    parts = [_ACRONYMS.get(part, part) for part in last.replace(":", ", ").replace("_", " ").split(" ")]
    text = " ".join(parts)
    return text[:1].upper() + text[1:]


def tinted(colour: str, opacity: float) -> str:
    """A colour of `COLOURS` that lets through what is behind it, for bands and regions."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def hatched(colour: str, hatch: str) -> dict[str, object]:
    """Fill of a bar: colour, and hatching that survives print without colour."""
    pattern = {"shape": hatch, "fgcolor": "white", "fillmode": "overlay", "size": 7, "solidity": 0.25}
    return {"color": colour, "line": {"color": INK, "width": 0.5}, "pattern": pattern}


def shaded(
    x: pd.Series, low: pd.Series, high: pd.Series, colour: str, opacity: float = 0.15, **more: Any
) -> go.Scatter:
    """A band between two curves that lets through what is behind it; `more` of the trace as Plotly has it."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        fillcolor=tinted(colour, opacity),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        **more,
    )


def item_fill(place: int) -> dict[str, object]:
    """Fill of the parts of a stacked bar: seven colours, each with another hatching when its turn comes again."""
    turn, colour = divmod(place, len(COLOURS))
    return hatched(COLOURS[colour], HATCHES[(colour + 3 * turn) % len(HATCHES)])


def finished(
    figure: go.Figure,
    title: str,
    subtitle: str = "",
    *,
    x: str | None = None,
    y: str | None = None,
    height: int = HEIGHT,
    legend: bool = True,
    panels: int = 0,
) -> go.Figure:
    """Put title, axis titles and legend on a figure, the legend under the plot.

    Args:
        figure: The figure, changed in place.
        title: What is shown; may hold our own markup, so pass user text through `plain`.
        subtitle: How to read it, one or two lines; likewise.
        x: Title of the x axis with its unit.
        y: Title of the y axis with its unit.
        height: Pixels; a legend of more than two rows adds to them.
        legend: Whether there is one.
        panels: Lines of the titles of panels, which need room; True for one.

    Returns:
        The same figure.
    """
    names = [str(trace.name or "") for trace in figure.data if trace.showlegend is not False]
    figure.update_layout(template=TEMPLATE, **_around(names, title, subtitle, height, legend=legend, panels=panels))
    if x is not None:
        figure.update_xaxes(title_text=x)
    if y is not None:
        figure.update_yaxes(title_text=y)
    return figure


def drawn(
    data: Sequence[Mapping[str, Any]],
    layout: Mapping[str, Any],
    title: str,
    subtitle: str = "",
    *,
    x: str | None = None,
    y: str | None = None,
    height: int = HEIGHT,
    legend: bool = True,
) -> Drawing:
    """The same from traces and layout in Plotly's own JSON, without the time that Plotly takes to check them.

    Args:
        data: Traces.
        layout: What this figure sets of the layout, with both axes.
        title: As for `finished`, and so are the others.
        subtitle: How to read it.
        x: Title of the x axis with its unit.
        y: Title of the y axis with its unit.
        height: Pixels.
        legend: Whether there is one.
    """
    names = [str(trace.get("name", "")) for trace in data if trace.get("showlegend", True)]
    around = _around(names, title, subtitle, height, legend=legend)
    titles = {"xaxis": x, "yaxis": y}
    axes = {name: {**layout.get(name, {}), "title": {"text": text}} for name, text in titles.items() if text}
    own_legend = {"legend": {**around["legend"], **layout.get("legend", {})}}
    return {"data": list(data), "layout": {"template": _PLAIN_TEMPLATE, **layout, **around, **own_legend, **axes}}


def _around(
    names: Sequence[str], title: str, subtitle: str, height: int, *, legend: bool, panels: int = 0
) -> dict[str, Any]:
    """Layout of the texts around a plot: title, legend, and room for both."""
    heading = "<br>".join(textwrap.wrap(title, 76, break_long_words=False, break_on_hyphens=False))
    top = 92 + 18 * subtitle.count("<br>") + 23 * heading.count("<br>") + (6 + 18 * panels if panels else 0)
    rows = _legend_rows(names) if legend else 0
    height += 22 * max(rows - 2, 0)
    # Under the plot at a fixed distance in pixels, whatever the height.
    below = -68 / (height - top - 68 - 22 * rows)
    return {
        "title": {
            "text": f"<b>{heading}</b>",
            "subtitle": {"text": subtitle, "font": {"size": 13, "color": GREY}},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 18, "l": 24},
            "font": {"size": 18},
        },
        "margin": {"t": top},
        "height": height,
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": below, "yanchor": "top"},
    }


def _legend_rows(names: Sequence[str]) -> int:
    """Rows that the legend takes at the width of an exported figure, from the length of its longest entry."""
    longest = max((len(html.unescape(name)) for name in names), default=0)
    beside = max(1, (WIDTH - 100) // (50 + 7 * longest))
    return -(-len(names) // beside)


def number(value: float, form: str = ",.0f") -> str:
    """A number in our own text, with a proper minus sign."""
    return format(value, form).replace("-", "−")


def few(value: float) -> str:
    """A number in four digits, and all those before the point."""
    return number(value, ",.0f" if abs(value) >= 9_999.5 else ",.4g")


def wtp_axis(figure: go.Figure, wtp: Iterable[float]) -> None:
    """Let the thresholds fill the x axis; symbols at its ends stay whole."""
    last = max(wtp)
    figure.update_xaxes(tickformat=",", range=[0, last] if last > 0 else [-1, 1])
    figure.update_traces(cliponaxis=False, selector={"type": "scatter"})


def sentence(parts: Sequence[str], width: int = 112) -> str:
    """Short statements as one subtitle, broken where it would leave the page."""
    return "<br>".join(textwrap.wrap("; ".join(part for part in parts if part), width))
