"""Tables and sentences for a person at a terminal."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cea import Status
from sim.cohort import Cohort
from sim.model.accrual import COST_ITEMS
from sim.model.parts import GRADES
from sim.report.document import assumptions, inputs
from sim.report.wide_table import WideTable
from sim.runs import RunResult
from sim.runs.detect import Finding

SHOWN_FINDINGS = 8
WIDE_LIMITS = 16
"""Characters from which two limits stand on lines of their own, so that no table breaks one of their numbers."""


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


def table(title: str, *columns: str, left: int = 1, kind: type[Table] = Table) -> Table:
    """An empty table; the first `left` columns are set to the left, the others to the right."""
    made = kind(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index < left else "right", overflow="fold")
    return made


def wide_table(title: str, *columns: str, left: int = 1) -> Table:
    """The same for a column each of any number of strategies or the like, see `WideTable`."""
    return table(title, *columns, left=left, kind=WideTable)


def in_lines(cell: str) -> str:
    """A cell for a narrow column: of limits too wide for one line each has its own."""
    lines = (re.sub("(–|, )", r"\1\n", line) if len(line) >= WIDE_LIMITS else line for line in cell.splitlines())
    return "\n".join(line.rstrip() for part in lines for line in part.splitlines())


def print_run(console: Console, result: RunResult, folder: Path | None) -> None:
    """Everything `igsim run` says."""
    console.print(Text(result.scenario.title, style="bold"))
    console.print(Text(_setting(result)))
    if result.cohort is not None:
        console.print(Text(cohort_line(result, result.cohort)))
        if meant := result.cohort.errors_of(result.patients):
            console.print(Text(meant))
    console.print()
    incremental = result.table().to_dict(orient="records")
    console.print(_incremental(incremental, result.scenario.analysis.currency))
    console.print(_benefit(result))
    console.print(Text(verdict(result)))
    console.print()
    console.print(_events(result))
    console.print(_causes(result))
    if result.scenario.antimicrobials:
        console.print(_antimicrobials(result))
    console.print(_efficiency(result))
    console.print(_costs(result))
    console.print(Text(_errors(result, incremental)))
    for line in finding_lines(result.findings):
        console.print(Text(line, style="yellow"))
    console.print()
    for line in assumption_lines(result):
        console.print(Text(line))
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def _errors(result: RunResult, incremental: Sequence[Mapping[Hashable, object]]) -> str:
    """What the errors are, and what common luck made of them."""
    gain = result.common_luck().set_index("component")["ratio"]
    text = (
        "± is one Monte Carlo standard error; differences are paired, patient by patient. Under the ICER its "
        "95 % limits by that error (Fieller)."
    )
    if sentence := open_limits(incremental):
        text += f" {sentence}"
    if gain.notna().any() and "cost" in gain.index:
        cost, qaly = (_range([*gain.loc[[name]]]) for name in ("cost", "qaly"))
        text += (
            f" Common luck leaves {cost} of the standard deviation of independent arms in Δ cost, {qaly} in Δ QALYs."
        )
    return text


def _range(shares: Sequence[float]) -> str:
    low, high = min(shares), max(shares)
    return f"{high:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"


def _setting(result: RunResult) -> str:
    a = result.scenario.analysis
    drug = "counted" if result.scenario.treatment.include_drug_cost else "not counted"
    return (
        f"{result.patients:,} patients under each of {len(result.outcomes.strategies)} strategies, same luck, seed "
        f"{result.seed}; {a.perspective}; {a.currency} of {a.price_year}; horizon {a.horizon_months.value:g} months; "
        f"costs discounted at {a.discount_rate_costs_per_year.value:.1%} and health at "
        f"{a.discount_rate_effects_per_year.value:.1%} a year, continuously; bispecific drug cost {drug}."
    )


def cohort_line(result: RunResult, cohort: Cohort) -> str:
    """Who the real patients are, how often each is played, and what of them was drawn."""
    times, rest = divmod(result.patients, cohort.rows)
    if times == 0:
        played = f"only the first {rest:,} are played"
    else:
        played = "each played once" if times == 1 else f"each played {times:,} times, with luck of its own each time"
        played += f", the first {rest:,} of them once more" if rest else ""
    parts = [
        f"Cohort: {cohort.rows:,} patients of {cohort.file} (SHA-256 {cohort.sha256[:12]}), {played}",
        f"drawn as the scenario says: {', '.join(cohort.drawn) or 'nothing'}",
    ]
    # A correlation speaks of men, a cohort of sex.
    drawn = {*cohort.drawn, *(["male"] if "sex" in cohort.drawn else [])}
    apart = [
        " and ".join(correlation.between)
        for correlation in result.scenario.patients.correlations
        if correlation.value.value and len({*correlation.between} & drawn) == 1
    ]
    if apart:
        parts.append(f"correlations lost, as one of the two is drawn and the other given: {', '.join(apart)}")
    if cohort.left_alone:
        parts.append(f"columns left alone: {', '.join(cohort.left_alone)}")
    parts += [
        f"{column} could be {attribute}: if so, and if the unit is the same, say --column '{attribute}={column}'"
        for column, attribute in cohort.lookalikes.items()
    ]
    return "; ".join(parts) + "."


def _incremental(rows: Sequence[Mapping[Hashable, object]], currency: str) -> Table:
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
    shown.columns[-1].no_wrap = shown.columns[-2].no_wrap = True
    for row in rows:
        shown.add_row(
            str(row["strategy"]),
            with_error(row["cost"], row["cost_mcse"]),
            with_error(row["qaly"], row["qaly_mcse"], 4),
            str(row["comparator"]) if isinstance(row["comparator"], str) else "",
            with_error(row["delta_cost"], row["delta_cost_mcse"]),
            with_error(row["delta_qaly"], row["delta_qaly_mcse"], 4),
            in_lines(icer_text(row)),
            str(row["status"]),
        )
    return shown


def open_limits(rows: Iterable[Mapping[Hashable, object]]) -> str:
    """What limits of an ICER that are no interval mean, in a sentence; empty where all are one."""
    shapes = {row.get("icer_shape") for row in rows}
    if "outside" in shapes:
        return (
            "“Under a, over b”: Δ QALYs may be 0 within this error, so the ratios that fit are two half-lines, "
            "all under a and all over b."
        )
    return (
        "“Any”: Δ QALYs and Δ cost may both be 0 within this error, so every ratio fits." if "line" in shapes else ""
    )


def icer_text(row: Mapping[Hashable, object]) -> str:
    """An ICER and the limits that its Monte Carlo error leaves."""
    ratio = number(row["icer"])
    if not ratio:
        return ""
    low, high = number(row["icer_low"]), number(row["icer_high"])
    limits = {"interval": f"{low}–{high}", "outside": f"under {low}, over {high}", "line": "any"}
    return f"{ratio}\n{limits[str(row['icer_shape'])]}"


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
    "infection_free_months": ("months to the first infection or the end", 2),
    "serious_infection_free_months": ("months to the first of grade ≥ 3 or the end", 2),
    "infection_death": ("deaths of infection, share", 4),
    "hospital_days": ("hospital days", 2),
    "step_up_doses": ("step-up doses", 2),
    "step_up_hospital_days": ("hospital days after them", 2),
    "crs": ("CRS, share", 3),
    "icans": ("ICANS, share", 3),
    "months_on_treatment": ("months on the bispecific", 2),
    "months_held": ("months of it held after infections", 3),
    "ig_ever": ("ever on immunoglobulin, share", 3),
    "ig_months": ("months on immunoglobulin", 2),
    "infusions": ("infusions", 2),
    "ig_grams": ("grams of immunoglobulin", 1),
    "ig_reactions": ("infusion reactions", 3),
    "ig_harms": ("immunoglobulin ended by a harm, share", 4),
    "igg_tests": ("IgG tests", 2),
    "vulnerable_months": ("vulnerable months (low true IgG, no Ig yet)", 2),
    "vulnerable_infections": ("infections in them", 3),
    "transfusions": ("transfusions after anti-CD38", 2),
    "transfusion_delay_days": ("days of delay by cross-matching", 2),
}
"""Outcome to its words and digits, in the order in which `igsim run` lists them."""


ITEM_WORDS = {
    "immunoglobulin": "immunoglobulin",
    "ig_administration": "administration of immunoglobulin",
    "ig_adverse_events": "adverse events of immunoglobulin",
    "igg_tests": "IgG tests",
    "antimicrobials": "antimicrobials and surveillance",
    "infections_grade_1_2": "infections of grade 1-2",
    "infections_grade_3plus": "infections of grade ≥ 3",
    "crs_icans": "CRS and ICANS",
    "tocilizumab": "tocilizumab",
    "step_up_hospital": "hospital stay for step-up dosing",
    "laboratory": "laboratory work-up after anti-CD38",
    "bispecific": "bispecific drug",
    "end_of_life": "end of life",
}


def _events(result: RunResult) -> Table:
    outcomes = result.outcomes
    shown = wide_table("What happens, per patient, undiscounted", "", *outcomes.strategies)
    for component, (words, digits) in EVENT_ROWS.items():
        shown.add_row(words, *(number(mean, digits) for mean in outcomes.mean(component)))
    return shown


def _causes(result: RunResult) -> Table:
    """Infections by cause and grade."""
    outcomes, causes = result.outcomes, result.scenario.infections.causes
    shown = wide_table("Infections by cause, grade 1-2 / grade ≥ 3, per patient", "", *outcomes.strategies)
    for name, cause in causes.items():
        mild, severe = (outcomes.mean(f"infections:{name}:{grade}") for grade in GRADES)
        cells = [f"{number(a, 3)} / {number(b, 3)}" for a, b in zip(mild, severe, strict=True)]
        shown.add_row(cause.label, *cells)
    return shown


def _antimicrobials(result: RunResult) -> Table:
    """Months of each antimicrobial, and what surveillance found and treated."""
    outcomes = result.outcomes
    shown = wide_table("Antimicrobials, per patient", "", *outcomes.strategies)
    for name, drug in result.scenario.antimicrobials.items():
        rows = {"antimicrobial_months": ("months of it", 2)}
        if drug.kind == "surveillance":
            rows |= {"viraemias_found": ("viraemias found", 3), "preemptive_courses": ("preemptive courses", 3)}
        for component, (words, digits) in rows.items():
            means = outcomes.mean(f"{component}:{name}")
            shown.add_row(f"{drug.label}: {words}", *(number(mean, digits) for mean in means))
    return shown


def _efficiency(result: RunResult) -> Table:
    """What averting costs, against the cheapest undominated strategy."""
    frame = result.efficiency()
    currency = result.scenario.analysis.currency
    shown = wide_table(f"What averting takes, against {frame['comparator'].iloc[0]}", "", *frame["strategy"])
    rows = frame.to_dict(orient="records")
    for words, cells in (
        (
            "serious infections averted",
            [with_error(r["serious_averted"], r["serious_averted_mcse"], 3) for r in rows],
        ),
        ("number needed to treat for one", [number(r["number_needed_to_treat"], 1) for r in rows]),
        (f"{currency} for one", [number(r["cost_per_serious_averted"]) for r in rows]),
        ("deaths of infection averted", [with_error(r["deaths_averted"], r["deaths_averted_mcse"], 4) for r in rows]),
        ("grams of Ig per patient-year", [number(r["grams_per_patient_year"], 1) for r in rows]),
    ):
        shown.add_row(words, *cells)
    return shown


def _costs(result: RunResult) -> Table:
    outcomes, currency = result.outcomes, result.scenario.analysis.currency
    shown = wide_table(f"Costs by item, per patient ({currency}, discounted)", "", *outcomes.strategies)
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
    """What the numbers rest on, in a few lines; `igsim explain` gives every input with its source."""
    scenario = result.scenario
    known, unproven = inputs(scenario), assumptions(scenario)
    lines = ["Scope: " + " ".join(scenario.description.split())] if scenario.description else []
    for kind, said in (
        ("assumption", "assumed, without a direct source"),
        ("recalled", "recalled, not yet confirmed"),
        ("no source", "without any source"),
    ):
        places = Counter(_place(str(entry["input"])) for entry in unproven if entry["kind"] == kind)
        if places:
            listed = ", ".join(f"{place} ({count})" if count > 1 else place for place, count in places.items())
            lines.append(f"Of {len(known)} inputs {places.total()} are {said}: {listed}.")
    lines.append("`igsim explain` lists every input with its source.")
    lines.append("Parameter uncertainty is not part of this run: it plays the base-case values alone.")
    return lines


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Silent inputs and outputs, kind by kind, the first few by name."""
    lines = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        found = [finding for finding in findings if finding.kind is kind]
        listed = ", ".join(each.where for each in found[:SHOWN_FINDINGS])
        more = f" and {len(found) - SHOWN_FINDINGS} more (table findings)" if len(found) > SHOWN_FINDINGS else ""
        lines.append(f"{kind.value[0].upper()}{kind.value[1:]} ({len(found)}): {listed}{more}.")
        lines += [f"  {text}." for text in dict.fromkeys(each.explanation for each in found[:SHOWN_FINDINGS])]
    return lines


def _place(path: str) -> str:
    """The table an input stands in, to the third key where that names a cause, an agent or the like."""
    keys = path.split(".")
    return ".".join(keys[:3] if keys[:2] == ["infections", "causes"] else keys[:2])
