"""`igsim voi` for a person at a terminal."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.psa.research import VoiReport
from sim.report.text import number, table, with_error

SHOWN_PARAMETERS = 15


def print_voi(console: Console, report: VoiReport, folder: Path | None) -> None:
    """Everything `igsim voi` says."""
    title = report.scenario.title if report.scenario else report.source
    console.print(Text(title, style="bold"))
    console.print(Text(_setting(report)))
    console.print()
    console.print(_evpi(report))
    for wtp in report.wtp:
        console.print(_evppi(report, wtp))
    for name in report.evidence.trials:
        for wtp in report.wtp:
            console.print(_trial(report, name, wtp))
    for line in conclusions(report):
        console.print(Text(line))
    played = "" if report.evidence.patients_played is None else ", of the patients whom all of them play"
    console.print(
        Text(
            f"± is one standard error: of finitely many draws{played} and, for EVPPI and EVSI, of the regression. "
            "EVPI: value of knowing everything; EVPPI: of knowing some parameters; EVSI: of a trial's data; "
            "ENBS: EVSI for all patients after the trial reports, less the cost of the trial."
        )
    )
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def _money(report: VoiReport) -> str:
    return report.currency or "units of net benefit"


def _at(report: VoiReport, wtp: float) -> str:
    """Willingness to pay in words; nothing where net benefits were given as they are."""
    return f" at {number(wtp)} per QALY" if wtp else ""


def _setting(report: VoiReport) -> str:
    evidence, people = report.evidence, report.evidence.population
    text = (
        f"{report.n_draws:,} draws of {evidence.parameters.shape[1]} parameters, {len(evidence.strategies)} "
        f"strategies ({', '.join(evidence.strategies)}), from {report.source}."
    )
    if people is not None:
        text += (
            f" Population: {people.patients_per_year:,.0f} patients a year for {people.years:g} years at "
            f"{people.discount_rate_per_year:.1%} a year, {people.patients:,.0f} discounted patients."
        )
    return text


def _evpi(report: VoiReport) -> Table:
    shown = table(
        f"Value of perfect information ({_money(report)})",
        *("WTP", "best on average", "EVPI per patient", "EVPI of the population"),
        left=0,
    )
    for row in report.by_wtp.to_dict(orient="records"):
        shown.add_row(
            number(row["wtp"]),
            str(row["optimal"]),
            with_error(row["evpi"], row["evpi_se"], 1),
            with_error(row["population_evpi"], row["population_evpi_se"]),
        )
    return shown


def _evppi(report: VoiReport, wtp: float) -> Table:
    """Groups first, then parameters, largest first; those worth nothing are left out."""
    shown = table(
        f"Value of learning parameters{_at(report, wtp)} ({_money(report)})",
        *("group or parameter", "EVPPI per patient", "of EVPI", "EVPPI of the population", "explained"),
    )
    found = report.evppi[report.evppi["wtp"] == wtp]
    groups, single = (found[found["kind"] == kind] for kind in ("group", "parameter"))
    single = single[single["evppi"] > 0]
    for row in pd.concat([groups, single.head(SHOWN_PARAMETERS)]).to_dict(orient="records"):
        note = f" (less than {row['less_than_member']} alone: read that)" if row["less_than_member"] else ""
        shown.add_row(
            f"{row['name']}{note}",
            with_error(row["evppi"], row["standard_error"], 1),
            f"{row['share_of_evpi']:.0%}",
            number(row["population_evppi"]),
            f"{max(0.0, row['explained']):.0%}",
        )
    hidden = len(single) - SHOWN_PARAMETERS
    if hidden > 0:
        shown.caption = f"and {hidden} parameters worth less (table evppi)"
        shown.caption_justify = "left"
    return shown


def _trial(report: VoiReport, name: str, wtp: float) -> Table:
    trial = report.evidence.trials[name]
    shown = table(
        f"{trial.label}: value of a trial by its size{_at(report, wtp)} ({_money(report)})",
        *(
            "patients per arm",
            "EVSI per patient",
            "of EVPPI",
            "reports after",
            "EVSI of the population",
            "cost",
            "ENBS",
        ),
        left=0,
    )
    for row in report.evsi.query("wtp == @wtp and design == @name").to_dict(orient="records"):
        share = row["evsi"] / row["evppi"] if row["evppi"] > 0 else math.nan
        shown.add_row(
            number(row["n_per_arm"]),
            with_error(row["evsi"], row["standard_error"], 1),
            "" if math.isnan(share) else f"{share:.0%}",
            f"{number(row['years_to_report'], 1)} years" if number(row["years_to_report"]) else "",
            number(row["population_evsi"]),
            number(row["cost"]),
            with_error(row["enbs"], row["enbs_se"]),
        )
    shown.caption = "of EVPPI: of what the same trial would be worth without end"
    shown.caption_justify = "left"
    return shown


def conclusions(report: VoiReport) -> list[str]:
    """For each trial and threshold, whether it is worth running and how large, as a sentence."""
    lines = []
    for row in report.best_sizes.to_dict(orient="records"):
        label = report.evidence.trials[str(row["design"])].label
        enbs = with_error(row["enbs"], row["enbs_se"])
        at = _at(report, float(row["wtp"])).strip()
        where = f"A{at[1:]}" if at else "Here"
        if pd.isna(row["n_per_arm"]):
            lines.append(f"{where} no size asked for is worth its cost ({label}): the best ENBS is {enbs}.")
            continue
        sure = row["enbs"] > 1.96 * row["enbs_se"]
        text = f"{where} a trial of {row['n_per_arm']:,.0f} per arm is worth most ({label}): ENBS {enbs}"
        if row["smallest_as_good"] != row["largest_as_good"]:
            text += f"; sizes from {row['smallest_as_good']:,.0f} to {row['largest_as_good']:,.0f} are not told apart"
        lines.append(text + ("." if sure else "; noise could make it worthless: ask for more draws."))
    return lines
