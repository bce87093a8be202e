"""Which inputs move the answer: two-way decision map, correlations; and the gain of common luck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sim.errors import Problem, TableError
from sim.figures.style import (
    COLOURS,
    FAINT,
    GREY,
    INK,
    Look,
    finished,
    hatched,
    sentence,
    tinted,
    words,
    wrapped,
)
from sim.figures.tables import checked
from sim.figures.value import error_bars, tall

MOST_BARS = 20
NAMED = 0.015
"""Share of a decision map from which a region has a name in it: shades are alike without colour."""


def two_way(
    table: pd.DataFrame,
    look: Look,
    *,
    x: str,
    y: str,
    wtp: float | None = None,
    base: tuple[float, float] | None = None,
) -> go.Figure:
    """Which strategy is best over two inputs.

    Args:
        table: Columns x, y (values of the inputs, a full grid), best (a strategy), inmb (of the best over the next
            best); and, where known, inmb_mcse.
        look: Currency and strategies.
        x: Name and unit of the first input, for its axis.
        y: The same of the second.
        wtp: Willingness to pay per QALY, for the subtitle.
        base: Base values of both, marked with a cross; None for no mark.

    Returns:
        A map coloured by the best strategy, its name in each of its regions that is not tiny, open circles where
        noise could flip the choice, and the cross.

    Raises:
        TableError: The table cannot be drawn, or is not a full grid.
    """
    fit = checked(
        table, "two-way analyses", names=("best",), numbers=("x", "y"), gaps=("inmb",), optional=("inmb_mcse",)
    )
    look = look.over(fit["best"])
    cells, xs, ys = _full_grid(fit)
    code = np.array([look.strategies.index(name) for name in cells["best"]]).reshape(ys.size, xs.size)
    figure = go.Figure(_regions(cells, code, xs, ys, look))
    for place in np.unique(code):
        strategy = look.strategies[place]
        for row, column in _middles(code == place):
            figure.add_annotation(x=xs[column], y=ys[row], **_region_name(look.short(strategy)))
        square = {"symbol": "square", "size": 14, "color": tinted(look.colour(strategy), 0.55)}
        key = _marks([None], [None], look.label(strategy), square)
        figure.add_trace(key.update(legendgroup=strategy))
    unsure = cells[cells["inmb"].abs() < 1.96 * cells["inmb_mcse"]]
    if not unsure.empty:
        ring = {"symbol": "circle-open", "color": INK, "size": 7}
        flips = _marks(unsure["x"], unsure["y"], "Monte Carlo error could flip the choice", ring)
        figure.add_trace(flips.update(hoverinfo="skip"))
    if base is not None:
        cross = {"symbol": "cross-thin", "size": 16, "line": {"width": 3, "color": INK}}
        figure.add_trace(_marks([base[0]], [base[1]], "Base case", cross))
    figure.update_xaxes(showgrid=False, tickformat=",.4~g")
    figure.update_yaxes(showgrid=False, tickformat=",.4~g")
    reading = ["the best strategy", "" if wtp is None else f"at {wtp:,.0f} {look.money} per QALY"]
    return finished(
        figure,
        "Best strategy by two inputs",
        " ".join(part for part in reading if part),
        x=wrapped(x, 90),
        y=_two_lines(y, 45),
        legend=True,
    )


def _full_grid(fit: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The table row by row of the map, and the values of x and of y."""
    xs, ys = np.unique(fit["x"]), np.unique(fit["y"])
    if len(fit) != xs.size * ys.size or fit.duplicated(["x", "y"]).any():
        found = f"{len(fit)} rows for {xs.size} values of x and {ys.size} of y"
        problem = Problem("rows", found, "every pair of values once")
        raise TableError("the table of two-way analyses cannot be drawn", [problem])
    return fit.iloc[np.lexsort((fit["x"], fit["y"]))], xs, ys


def _region_name(name: str) -> dict[str, object]:
    font = {"size": 13, "color": INK}
    return {"text": f"<b>{name}</b>", "showarrow": False, "font": font, "bgcolor": "rgba(255,255,255,0.75)"}


def _marks(x: Iterable[Any], y: Iterable[Any], name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker)


def _two_lines(title: str, width: int) -> str:
    """An input and its unit; the unit on a line of its own where both are too long for one."""
    name, bracket, unit = title.rpartition(" (")
    whole = wrapped(title, width)
    if "<br>" not in whole or not bracket:
        return whole
    return f"{wrapped(name, width)}<br>{wrapped(f'({unit}', width)}"


def _regions(cells: pd.DataFrame, code: np.ndarray, xs: np.ndarray, ys: np.ndarray, look: Look) -> go.Heatmap:
    """Every cell in the pale colour of its best strategy; hover tells by how much."""
    n = max(len(look.strategies), 1)
    scale = []
    for place, name in enumerate(look.strategies):
        shade = tinted(look.colour(name), 0.55)
        scale += [(place / n, shade), ((place + 1) / n, shade)]
    labels = [look.label(name) for name in cells["best"]]
    told = np.stack(
        [np.array(labels, dtype=object), cells["inmb"].to_numpy(object), cells["inmb_mcse"].to_numpy(object)]
    )
    return go.Heatmap(
        x=xs,
        y=ys,
        z=code,
        zmin=-0.5,
        zmax=n - 0.5,
        colorscale=scale,
        showscale=False,
        xgap=0.5,
        ygap=0.5,
        customdata=np.moveaxis(told.reshape(3, ys.size, xs.size), 0, -1),
        hovertemplate=(
            "%{x:,.4g}, %{y:,.4g}<br>best: %{customdata[0]}"
            f"<br>by %{{customdata[1]:,.0f}} ± %{{customdata[2]:,.0f}} (MCSE) {look.money}<extra></extra>"
        ),
    )


def _middles(cells: np.ndarray) -> Iterator[tuple[int, int]]:
    """Row and column of the cell furthest inside each region that is named, where a name fits best."""
    from scipy.ndimage import distance_transform_edt, label

    regions, _ = label(cells)
    sizes = np.bincount(regions.ravel())[1:]
    for number in np.flatnonzero((sizes >= NAMED * cells.size) | (sizes == sizes.max())) + 1:
        depth = distance_transform_edt(np.pad(regions == number, 1))[1:-1, 1:-1]
        rows, columns = np.nonzero(depth == depth.max())
        centre = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
        yield int(rows[centre]), int(columns[centre])


def correlations(table: pd.DataFrame, look: Look, *, strategy: str, most: int = MOST_BARS) -> go.Figure:
    """Correlation of the drawn inputs with a strategy's net benefit, the strongest on top.

    Args:
        table: Columns path, strategy, correlation; and, where known, standard_error.
        look: Strategies.
        strategy: Whose INMB.
        most: Inputs shown; the subtitle says how many are left out.

    Returns:
        One bar an input with its 95 % interval.

    Raises:
        TableError: The table cannot be drawn, or has no row of this strategy.
    """
    fit = checked(
        table, "correlations", names=("path", "strategy"), gaps=("correlation",), optional=("standard_error",)
    )
    look = look.over(fit["strategy"])
    own = fit[(fit["strategy"] == strategy) & fit["correlation"].notna()]
    if own.empty:
        problem = Problem("column strategy", ", ".join(fit["strategy"].unique()), f"rows of {strategy} with a number")
        raise TableError("the table of correlations cannot be drawn", [problem])
    shown = own.loc[own["correlation"].abs().sort_values(kind="stable").index[-most:]]
    names = look.rows(shown["path"])
    rows = [wrapped(name, 40) for name in names]
    figure = go.Figure()
    for sign, colour, hatch in ((1, COLOURS[0], ""), (-1, COLOURS[1], "/")):
        bars = shown["correlation"].where(np.where(shown["correlation"] >= 0, 1, -1) == sign)
        figure.add_trace(
            go.Bar(
                x=bars,
                y=rows,
                orientation="h",
                marker=hatched(colour, hatch),
                error_x=error_bars(shown["standard_error"].where(bars.notna())),
                customdata=shown["path"],
                hovertemplate="%{y}<br>correlation %{x:.3f}<br>%{customdata}<extra></extra>",
            )
        )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[-1.02, 1.02], zerolinecolor=INK)
    left_out = len(own) - len(shown)
    return finished(
        figure,
        f"Correlation of inputs with the INMB of {look.label(strategy)}",
        sentence(["hatched: a higher value lowers it", f"{left_out} weaker ones are not shown" if left_out else ""]),
        x="Correlation over draws",
        height=tall(names, 40),
        legend=False,
    )


def common_luck(table: pd.DataFrame, look: Look) -> go.Figure:
    """What playing all strategies on the same luck gains: spread of paired over that of independent differences.

    Args:
        table: Columns outcome, strategy, ratio (standard deviation of the paired difference over that of independent
            arms; blank where there is no spread), and comparator.
        look: Strategies.

    Returns:
        For each strategy one bar an outcome; 1 would be no gain.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(table, "gains of common luck", names=("outcome", "strategy", "comparator"), gaps=("ratio",))
    look = look.over(fit["strategy"])
    figure = go.Figure()
    for strategy in look.present(fit["strategy"]):
        own = fit[fit["strategy"] == strategy]
        figure.add_trace(
            go.Bar(
                x=own["ratio"],
                y=[words(name) for name in own["outcome"]],
                orientation="h",
                name=look.label(strategy),
                marker=look.bar(strategy),
                customdata=np.column_stack([own["ratio"] ** -2.0]),
                hovertemplate="%{y}: %{x:.3f}<br>as good as %{customdata[0]:.1f} times the patients",
            )
        )
    figure.add_vline(x=1, line={"color": GREY, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(gridcolor=FAINT, autorange="reversed")
    figure.update_layout(barmode="group", bargap=0.3)
    return finished(
        figure,
        "Gain of common luck",
        "below 1, the same luck under all strategies makes differences more precise than independent arms would",
        x="SD of the paired difference / SD of independent arms",
        height=tall(list(fit["outcome"].unique()), 30, 22 + 14 * fit["strategy"].nunique()),
    )
