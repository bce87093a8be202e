"""Net monetary benefit of the strategies at one willingness to pay, and over the values of one input."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from sim.figures.scenarios import mark_changes
from sim.figures.style import GREY, INK, Z_95, Drawing, Look, drawn, finished, sentence, shaded, wrapped
from sim.figures.tables import checked, known
from sim.figures.value import error_bars, monte_carlo, tall


def inmb_bars(
    table: pd.DataFrame, look: Look, *, comparator: str, wtp: float, before: pd.DataFrame | None = None
) -> go.Figure:
    """Incremental net monetary benefit of every strategy against one.

    Args:
        table: Columns strategy, inmb; and, where known, inmb_mcse of a simulation or low and high, which hold 95 % of
            draws.
        look: Currency and strategies.
        comparator: Whom against.
        wtp: Willingness to pay per QALY.
        before: The same columns before a change, drawn as hollow marks; None for no change.

    Returns:
        A bar for each strategy with its interval; then the hollow marks.

    Raises:
        TableError: A table cannot be drawn.
    """
    return go.Figure(inmb_bars_json(table, look, comparator=comparator, wtp=wtp, before=before))


def inmb_bars_json(
    table: pd.DataFrame, look: Look, *, comparator: str, wtp: float, before: pd.DataFrame | None = None
) -> Drawing:
    """The same in Plotly's own JSON."""
    spread = ("inmb_mcse", "low", "high")
    fit = checked(table, "net benefits", names=("strategy",), numbers=("inmb",), optional=spread)
    look = look.over([comparator, *fit["strategy"]])
    of_draws = "" if fit["low"].isna().all() else "bars hold 95 % of draws"
    data: list[dict[str, object]] = []
    for name in look.present(fit["strategy"]):
        own = fit[fit["strategy"] == name]
        data.append(
            {
                "type": "bar",
                "x": own["inmb"].to_numpy(),
                "y": [look.tick(name)],
                "orientation": "h",
                "name": look.label(name),
                "legendgroup": name,
                "showlegend": False,
                "marker": look.bar(name),
                "error_x": _interval(own),
                "hovertemplate": "INMB %{x:,.0f} " + look.money,
            }
        )
    reading = [f"at {wtp:,.0f} {look.money} per QALY", monte_carlo(fit["inmb_mcse"]), of_draws]
    if before is not None:
        old = checked(before, "net benefits", names=("strategy",), numbers=("inmb",))
        old = old[old["strategy"].isin(fit["strategy"])]
        marker = {"symbol": "diamond-open", "size": 12, "color": INK, "line": {"width": 2}}
        data.append(
            {
                "type": "scatter",
                "x": old["inmb"].to_numpy(),
                "y": [look.tick(name) for name in old["strategy"]],
                "mode": "markers",
                "name": "Before the change",
                "marker": marker,
                "hovertemplate": "before %{x:,.0f} " + look.money + "<extra></extra>",
            }
        )
    along = {"tickformat": ",", "zeroline": True, "zerolinecolor": INK, "rangemode": "tozero"}
    return drawn(
        data,
        {"xaxis": along, "yaxis": {"autorange": "reversed"}},
        f"Incremental net monetary benefit (INMB) against {look.label(comparator)}",
        sentence(reading),
        x=f"INMB per patient ({look.money})",
        height=tall([look.label(name) for name in fit["strategy"]], 20, 56),
        legend=before is not None,
    )


def _interval(own: pd.DataFrame) -> dict[str, object]:
    """95 % of draws where they are known, else the Monte Carlo interval."""
    bar = error_bars(own["inmb_mcse"])
    if own[["low", "high"]].isna().any(axis=None):
        return bar
    drawn = error_bars(own["inmb"].abs())
    return {**drawn, "symmetric": False, "array": own["high"] - own["inmb"], "arrayminus": own["inmb"] - own["low"]}


def inmb_over(
    table: pd.DataFrame, look: Look, *, x: str, comparator: str, wtp: float, decisions: pd.DataFrame | None = None
) -> go.Figure:
    """Incremental net monetary benefit of every strategy over the values of one input.

    Args:
        table: Columns x (values of the input), strategy, inmb; and, where known, inmb_mcse.
        look: Currency and strategies.
        x: Name and unit of the input, for its axis.
        comparator: Whom against; its own rows are left out.
        wtp: Willingness to pay per QALY.
        decisions: Columns x, best: the best strategy at every value; its changes are marked. None for no marks.

    Returns:
        For each strategy its 95 % Monte Carlo band, where known, and a line with a mark at every value played; then
        where the best strategy changes, on straight lines between the two values played, which the grey band joins.

    Raises:
        TableError: The table cannot be drawn.
        UsageError: There is no such comparator.
    """
    fit = checked(table, "net benefits", names=("strategy",), numbers=("x", "inmb"), optional=("inmb_mcse",))
    look = look.over(fit["strategy"])
    known(comparator, list(fit["strategy"].unique()))
    figure = go.Figure()
    for name in look.present(fit["strategy"]):
        own = fit[fit["strategy"] == name].sort_values("x", kind="stable")
        if name == comparator:
            continue
        figure.add_traces(_line_on_its_band(own, name, look))
    figure.add_hline(y=0, line={"color": GREY, "width": 1.5})
    figure.update_xaxes(tickformat=",.4~g")
    figure.update_yaxes(tickformat=",")
    reading = [f"against {look.label(comparator)}, the line at 0", f"at {wtp:,.0f} {look.money} per QALY"]
    changes = decision_changes(fit, decisions) if decisions is not None else None
    if changes is not None and not changes.empty:
        mark_changes(figure, changes)
        reading.append("dashed: where the best strategy changes, between the two values played that the grey joins")
    return finished(
        figure,
        "Incremental net monetary benefit (INMB) over one input",
        sentence([*reading, monte_carlo(fit["inmb_mcse"], "bands")]),
        x=wrapped(x, 90),
        y=f"INMB per patient ({look.money})",
    )


def _line_on_its_band(own: pd.DataFrame, name: str, look: Look) -> list[go.Scatter]:
    """INMB of one strategy over the values of the input, on its 95 % Monte Carlo band."""
    half = Z_95 * own["inmb_mcse"].fillna(0.0)
    band = shaded(
        own["x"],
        own["inmb"] - half,
        own["inmb"] + half,
        look.colour(name),
        0.18,
        name=f"95 % Monte Carlo band, {look.label(name)}",
        legendgroup=name,
        showlegend=False,
    )
    line = go.Scatter(
        x=own["x"],
        y=own["inmb"],
        name=look.label(name),
        legendgroup=name,
        mode="lines+markers",
        line=look.line(name),
        marker={"symbol": look.symbol(name), "size": 8},
        customdata=own["inmb_mcse"],
        hovertemplate="%{x:,.4~g}: %{y:,.0f} ± %{customdata:,.0f} (MCSE) " + look.money,
    )
    return [band, line]


def decision_changes(fit: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Where the best strategy changes between neighbouring values of an input, its INMB taken as straight between.

    Args:
        fit: Columns x, strategy, inmb.
        decisions: Columns x, best.

    Returns:
        A row for each change: threshold, and the two values between which it lies as ci_low and ci_high.
    """
    inmb = {(x, str(name)): value for x, name, value in fit[["x", "strategy", "inmb"]].itertuples(index=False)}
    own = decisions.sort_values("x", kind="stable")[["x", "best"]].itertuples(index=False)
    rows = []
    for (low, before), (high, after) in pairwise(own):
        if before != after:
            lead, lag = (inmb[x, before] - inmb[x, after] for x in (low, high))
            at = low + (high - low) * lead / (lead - lag) if lead > lag else (low + high) / 2
            rows.append((at, low, high))
    return pd.DataFrame(rows, columns=["threshold", "ci_low", "ci_high"])
