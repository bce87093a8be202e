"""Tables and sentences for a person at a terminal."""

from __future__ import annotations

import math
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cea import Status
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
    """An empty table; the first `left` columns are set to the left, the others to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index < left else "right")
    return made


def print_run(console: Console, result: RunResult, folder: Path | None) -> None:
    """Everything `igsim run` says."""
    console.print(Text(result.scenario.title, style="bold"))
    console.print(Text(_setting(result)))
    console.print()
    console.print(_incremental(result))
    console.print(_benefit(result))
    console.print(Text(verdict(result)))
    console.print()
    console.print(_events(result))
    console.print(_costs(result))
    console.print(Text("± is one Monte Carlo standard error; differences are paired, patient by patient."))
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


def _incremental(result: RunResult) -> Table:
    currency = result.scenario.analysis.currency
    shown = table(
        f"Incremental analysis, per patient ({currency}, discounted)",
        "strategy",
        "cost",
        "QALYs",
        "against",
        "Δ cost",
        "Δ QALYs",
        "ICER",
        "status",
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
        )
    return shown


def _benefit(result: RunResult) -> Table:
    """INMB of every strategy against the cheapest undominated one."""
    outcomes, wtps = result.outcomes, result.scenario.analysis.wtp_per_qaly
    reference = next(row.strategy for row in result.incremental if row.status is Status.REFERENCE)
    comparator = outcomes.strategies.index(reference)
    shown = table(
        f"Incremental net monetary benefit against {reference}, per patient, at a willingness to pay per QALY of",
        "strategy",
        *(f"{wtp:,.0f}" for wtp in wtps),
    )
    for index, name in enumerate(outcomes.strategies):
        if index != comparator:
            shown.add_row(name, *(with_error(*outcomes.inmb(wtp, index, comparator)) for wtp in wtps))
    return shown


EVENT_ROWS = {
    "life_years": ("life-years", 3),
    "qaly_undiscounted": ("QALYs", 3),
    "infections_any": ("infections", 3),
    "infections_grade_3plus": ("infections of grade ≥ 3", 3),
    "infection_death": ("deaths of infection, share", 4),
    "hospital_days": ("hospital days", 2),
    "months_on_treatment": ("months on the bispecific", 2),
    "ig_ever": ("ever on immunoglobulin, share", 3),
    "ig_months": ("months on immunoglobulin", 2),
    "infusions": ("infusions", 2),
    "ig_grams": ("grams of immunoglobulin", 1),
    "igg_tests": ("IgG tests", 2),
}
"""Outcome to its words and digits, in the order in which `igsim run` lists them."""


ITEM_WORDS = {
    "immunoglobulin": "immunoglobulin",
    "ig_administration": "administration of immunoglobulin",
    "igg_tests": "IgG tests",
    "infections_grade_1_2": "infections of grade 1-2",
    "infections_grade_3plus": "infections of grade ≥ 3",
    "bispecific": "bispecific drug",
    "end_of_life": "end of life",
}


def _events(result: RunResult) -> Table:
    outcomes = result.outcomes
    shown = table("What happens, per patient, undiscounted", "", *outcomes.strategies)
    for component, (words, digits) in EVENT_ROWS.items():
        shown.add_row(words, *(number(mean, digits) for mean in outcomes.mean(component)))
    return shown


def _costs(result: RunResult) -> Table:
    outcomes, currency = result.outcomes, result.scenario.analysis.currency
    shown = table(f"Costs by item, per patient ({currency}, discounted)", "", *outcomes.strategies)
    for item in COST_ITEMS:
        shown.add_row(ITEM_WORDS[item], *(number(mean) for mean in outcomes.mean(f"cost:{item}")))
    shown.add_section()
    shown.add_row("total", *(number(mean) for mean in outcomes.mean("cost")))
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
