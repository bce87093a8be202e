"""What `igsim dsa` says to a person."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from sim.report.text import number, table, wide_table, with_error
from sim.scenario import Scenario
from sim.sensitivity import Outcome, PriceThresholds, Sweep, Thresholds, Tornado
from sim.sensitivity.outcome import NET_BENEFITS

PAIRED = "± is one Monte Carlo standard error, of paired differences: all runs play the same patients and luck."


def short(value: object) -> str:
    """A scenario value in at most five digits; text as it is."""
    if isinstance(value, str):
        return value
    return f"{float(value):,.5g}".replace("-", "−")  # type: ignore[arg-type]


def _digits(outcome: Outcome) -> int:
    return 0 if outcome.name in NET_BENEFITS or outcome.name.startswith("cost") else 4


def heading(console: Console, scenario: Scenario, patients: int, seed: int) -> None:
    """Title and setting."""
    analysis = scenario.analysis
    console.print(Text(scenario.title, style="bold"))
    console.print(
        Text(f"{patients:,} patients under each strategy, seed {seed}; {analysis.currency} of {analysis.price_year}.")
    )
    console.print()


def ending(console: Console, folder: Path | None) -> None:
    """Where the run folder is."""
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def print_tornado(console: Console, scenario: Scenario, result: Tornado, top: int, folder: Path | None) -> None:
    """The widest swings."""
    heading(console, scenario, result.patients, result.seed)
    digits = _digits(result.outcome)
    shown = table(
        result.outcome.words(scenario.analysis.currency), "quantity", "from, to", "at low", "at high", "swing", left=2
    )
    for row in result.table.head(top).to_dict(orient="records"):
        shown.add_row(
            str(row["path"]),
            f"{short(row['low'])}, {short(row['high'])} {row['unit']}",
            number(row["outcome_low"], digits) + _turn(row["best_low"], result.best),
            number(row["outcome_high"], digits) + _turn(row["best_high"], result.best),
            with_error(row["swing"], row["swing_mcse"], digits),
        )
    console.print(shown)
    frame = result.table
    turning = int(frame["changes_decision"].sum())
    base = with_error(result.base, result.base_mcse, digits)
    lines = [
        f"Base case: {base}; best at {result.outcome.wtp:,.0f} per QALY: {result.best}. Swing is the outcome at high "
        f"minus at low. {min(top, len(frame))} of {len(frame)} uncertain quantities are shown; "
        f"{int((frame['swing'] == 0).sum())} move nothing.",
        f"Another strategy is best at a bound of {turning} of them; it is named there."
        if turning
        else f"{result.best} stays best at both bounds of every quantity.",
        *(f"{row.path}: {row.note}." for row in frame[frame["note"] != ""].itertuples()),
        PAIRED,
    ]
    for line in lines:
        console.print(Text(line))
    ending(console, folder)


def _turn(best: object, before: str) -> str:
    """Name another strategy that is best there."""
    return f" ({best})" if isinstance(best, str) and best != before else ""


def print_two_way(console: Console, scenario: Scenario, result: Sweep, folder: Path | None) -> None:
    """The best strategy and its margin over the grid."""
    heading(console, scenario, result.patients, result.seed)
    down, across = result.paths
    frame = result.decisions
    columns = list(dict.fromkeys(frame[across]))
    at = f"{result.wtps[0]:,.0f} {scenario.analysis.currency} per QALY"
    shown = wide_table(
        f"Best strategy at {at} and its INMB against the second",
        f"{down}, down; {across}, across",
        *(short(value) for value in columns),
    )
    for value, rows in frame.groupby(down, sort=False):
        # A grid lists the second axis in the same order under each value of the first.
        cells = [f"{row['best']}{_doubt(row)}\n{number(row['margin'])}" for row in rows.to_dict(orient="records")]
        shown.add_row(short(value), *cells)
    console.print(shown)
    console.print(Text("A ? marks a margin of less than two Monte Carlo standard errors (paired)."))
    ending(console, folder)


def _doubt(row: Mapping[Hashable, Any]) -> str:
    return "" if row["margin"] > 2 * row["margin_mcse"] else " ?"


def print_thresholds(console: Console, scenario: Scenario, result: Thresholds, folder: Path | None) -> None:
    """Where the decision turns."""
    heading(console, scenario, result.patients, result.seed)
    place = f"{result.path}{f' ({result.unit})' if result.unit else ''}"
    span = f"between {short(result.low)} and {short(result.high)}"
    if result.table.empty:
        closest = min(result.scan.to_dict(orient="records"), key=lambda row: float(row["margin"]))
        lead = with_error(closest["margin"], closest["margin_mcse"])
        console.print(
            Text(
                f"No change {span}: at {result.wtp:,.0f} per QALY {closest['best']} is best at all "
                f"{len(result.scan)} values of {place} looked at. Its smallest lead is {lead} over "
                f"{closest['second']}, at {short(closest['value'])}."
            )
        )
        ending(console, folder)
        return
    shown = table(
        f"Where the best strategy at {result.wtp:,.0f} {scenario.analysis.currency} per QALY changes, {span}",
        place,
        "± (Monte Carlo)",
        "95 % interval",
        "best below",
        "best above",
        left=0,
    )
    for row in result.table.to_dict(orient="records"):
        shown.add_row(
            short(row["threshold"]),
            short(row["mcse"]) if np.isfinite(row["mcse"]) else "",
            _interval(row["ci_low"], row["ci_high"]),
            str(row["before"]),
            str(row["after"]),
        )
    console.print(shown)
    console.print(Text(f"Scanned at {len(result.scan)} values; a change and back between two of them is not seen."))
    if result.table["mcse"].isna().any():
        console.print(Text("No interval: the slope there cannot be told from 0 with so few patients."))
    console.print(Text(PAIRED))
    ending(console, folder)


def _interval(low: float, high: float) -> str:
    return f"{short(low)} to {short(high)}" if np.isfinite(low) else "not bounded"


def print_prices(console: Console, scenario: Scenario, result: PriceThresholds, folder: Path | None) -> None:
    """At which price each strategy is worth its cost."""
    heading(console, scenario, result.patients, result.seed)
    title = f"{result.path}, now {short(result.value)} {result.unit}: at which price each pair changes places"
    for name, rows in result.table.groupby("subgroup", sort=False):
        many = "" if result.table["subgroup"].nunique() == 1 else f"; {name} ({rows['patients'].iloc[0]:,} patients)"
        shown = table(
            f"{title}{many}", "strategy", "against", "WTP per QALY", "worth it", "price", "95 % interval", left=2
        )
        for row in rows.sort_values(["comparator", "strategy", "wtp"], kind="stable").to_dict(orient="records"):
            never = "at no price" if row["worth"] == "never" else str(row["worth"])
            free = row["worth"] == "below" and row["threshold"] < 0
            shown.add_row(
                str(row["strategy"]),
                str(row["comparator"]),
                number(row["wtp"]),
                "not even free" if free else never,
                with_error(row["threshold"], row["mcse"], 2),
                _interval(row["ci_low"], row["ci_high"]),
            )
        console.print(shown)
        best = table(f"The best strategy by price{many}", "WTP per QALY", "best, by price in " + result.unit, left=2)
        for wtp, ranges in result.choice[result.choice["subgroup"] == name].groupby("wtp", sort=False):
            said = [
                f"{row['best']} from {short(row['price_low'])}"
                + (f" to {short(row['price_high'])}" if np.isfinite(row["price_high"]) else "")
                for row in ranges.to_dict(orient="records")
            ]
            best.add_row(number(wtp), "; ".join(said))
        console.print(best)
    console.print(
        Text(
            f"Exact for these patients: the price multiplies the cost item {result.item} and moves nothing else. "
            "± is one Monte Carlo standard error (delta method), the interval Fieller's, both over paired patients."
        )
    )
    ending(console, folder)
