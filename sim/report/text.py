"""Tables and sentences for a person at a terminal."""

from __future__ import annotations

import math
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.model.accrual import COST_ITEMS
from sim.report.document import assumptions
from sim.runs import RunResult


def number(value: object, digits: int = 0) -> str:
    """A number with thousands separators; blank for nothing."""
    if value is None:
        return ""
    amount = float(value)  # type: ignore[arg-type]
    if math.isnan(amount):
        return ""
    text = f"{amount:,.{digits}f}"
    return text.replace("-", "−") if float(f"{amount:.{digits}f}") != 0 else text.replace("-", "")


def with_error(value: object, error: object, digits: int = 0) -> str:
    """A number and its Monte Carlo standard error."""
    text, spread = number(value, digits), number(error, digits)
    return f"{text} ± {spread}" if text and spread else text


def table(title: str, *columns: str, left: int = 1) -> Table:
    """An empty table; the first `left` columns hold words, the others numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index < left else "right", overflow="fold")
    return made


def print_run(console: Console, result: RunResult, folder: Path | None) -> None:
    """Everything `igsim run` says."""
    console.print(Text(result.scenario.title, style="bold"))
    console.print(Text(_setting(result)))
    console.print()
    console.print(_incremental(result))
    console.print(Text(verdict(result)))
    console.print()
    console.print(_events(result))
    console.print(_costs(result))
    console.print(
        Text(f"± is one Monte Carlo standard error; differences are paired, patient by patient. {_reading()}")
    )
    console.print()
    for line in assumption_lines(result):
        console.print(Text(line))
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def _setting(result: RunResult) -> str:
    a = result.scenario.analysis
    drug = "counted" if result.scenario.treatment.include_drug_cost else "not counted"
    return (
        f"{result.patients:,} patients under each of {len(result.outcomes.strategies)} strategies, same luck, seed "
        f"{result.seed}; {a.perspective}; {a.currency} of {a.price_year}; horizon {a.horizon_months.value:g} months; "
        f"costs discounted at {a.discount_rate_costs_per_year.value:.1%} and health at "
        f"{a.discount_rate_effects_per_year.value:.1%} a year, continuously; bispecific drug cost {drug}."
    )


def _reading() -> str:
    return "Differences, ICER and INMB are against the strategy named under 'against'."


def _incremental(result: RunResult) -> Table:
    currency = result.scenario.analysis.currency
    wtps = result.scenario.analysis.wtp_per_qaly
    shown = table(
        "Cost-effectiveness, per patient",
        "strategy",
        f"cost ({currency})",
        "QALYs",
        "against",
        "Δ cost",
        "Δ QALYs",
        "ICER",
        "status",
        *(f"INMB at {wtp:,.0f}" for wtp in wtps),
    )
    for row in result.table().to_dict(orient="records"):
        shown.add_row(
            str(row["strategy"]),
            with_error(row["cost"], row["cost_mcse"]),
            with_error(row["qaly"], row["qaly_mcse"], 4),
            str(row["comparator"]) if isinstance(row["comparator"], str) else "",
            with_error(row["delta_cost"], row["delta_cost_mcse"]),
            with_error(row["delta_qaly"], row["delta_qaly_mcse"], 4),
            number(row["icer"]),
            str(row["status"]),
            *(
                with_error(row[f"inmb_{wtp:g}"], row[f"inmb_{wtp:g}_mcse"])
                if isinstance(row["comparator"], str)
                else ""
                for wtp in wtps
            ),
        )
    return shown


def _events(result: RunResult) -> Table:
    outcomes = result.outcomes
    columns = {
        "life-years": ("life_years", 3),
        "infections": ("infections_any", 3),
        "grade ≥ 3": ("infections_grade_3plus", 3),
        "infection deaths": ("infection_death", 4),
        "hospital days": ("hospital_days", 2),
        "ever on Ig": ("ig_ever", 3),
        "months of Ig": ("ig_months", 2),
        "Ig grams": ("ig_grams", 1),
        "infusions": ("infusions", 2),
        "IgG tests": ("igg_tests", 2),
    }
    shown = table("What happens, per patient, undiscounted", "strategy", *columns)
    for index, name in enumerate(outcomes.strategies):
        cells = [number(outcomes.mean(component)[index], digits) for component, digits in columns.values()]
        shown.add_row(name, *cells)
    return shown


def _costs(result: RunResult) -> Table:
    outcomes, currency = result.outcomes, result.scenario.analysis.currency
    shown = table(f"Costs by item, per patient ({currency}, discounted)", "strategy", *COST_ITEMS, "total")
    for index, name in enumerate(outcomes.strategies):
        cells = [number(outcomes.mean(f"cost:{item}")[index]) for item in COST_ITEMS]
        shown.add_row(name, *cells, number(outcomes.mean("cost")[index]))
    return shown


def verdict(result: RunResult) -> str:
    """Which strategy has the highest net monetary benefit at each threshold, and how surely the run can tell."""
    outcomes, analysis = result.outcomes, result.scenario.analysis
    parts = []
    for wtp in analysis.wtp_per_qaly:
        benefit = wtp * outcomes.mean("qaly") - outcomes.mean("cost")
        order = sorted(range(len(benefit)), key=lambda index: -benefit[index])
        best, second = order[0], order[1]
        margin, mcse = outcomes.inmb(wtp, best, second)
        sure = "" if margin > 3 * mcse else "; the Monte Carlo error could turn this round: simulate more patients"
        parts.append(
            f"{wtp:,.0f} {outcomes.strategies[best]} (by {with_error(margin, mcse)} over "
            f"{outcomes.strategies[second]}{sure})"
        )
    return (
        f"Highest net benefit at a willingness to pay per QALY, in {analysis.currency}, of " + "; ".join(parts) + "."
    )


def assumption_lines(result: RunResult) -> list[str]:
    """What the numbers rest on, in a few lines."""
    inputs = assumptions(result.scenario)
    by_kind = {
        kind: [str(entry["input"]) for entry in inputs if entry["kind"] == kind]
        for kind in ("assumption", "recalled")
    }
    lines = []
    if result.scenario.description:
        lines.append("Scope: " + " ".join(result.scenario.description.split()))
    if by_kind["assumption"]:
        lines.append(f"Assumed, no direct source ({len(by_kind['assumption'])}): " + ", ".join(by_kind["assumption"]))
    if by_kind["recalled"]:
        lines.append(f"Recalled, not yet confirmed ({len(by_kind['recalled'])}): " + ", ".join(by_kind["recalled"]))
    lines.append("Parameter uncertainty is not part of this run: it plays the base-case values alone.")
    return lines
