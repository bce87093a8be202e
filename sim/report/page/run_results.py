"""Results of `igsim run`: one parameter set, many patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, ahead_of, grid, listed, section
from sim.report.page.patients import patient_plots
from sim.report.text import EVENT_ROWS, ITEM_WORDS, icer_text, number, open_limits, with_error

SURE = 1.96
"""Standard errors by which a lead must exceed noise for the choice not to be in doubt."""

PATIENTS = (
    "All strategies meet the same patient with the same luck, so an infection averted is that infection. The "
    "patients below were chosen because their strategies part; they are not typical."
)


def run_sections(folder: RunFolder) -> list[Section]:
    """Sections of a run's results, in order."""
    rows = folder.document["strategies"]
    return [
        section(
            folder,
            "base-case",
            "Base case",
            incremental_grid(folder),
            benefit_grid(folder),
            *("ce_plane", "ce_frontier"),
            words=(played(folder),),
        ),
        section(folder, "costs", "Costs by item", "costs_by_item", _costs(folder, rows)),
        section(
            folder,
            "infections",
            "Infections and health",
            *("cumulative_incidence", "incidence_by_cause", "infections_by_cause"),
            _events(folder, rows),
            efficiency_grid(folder),
        ),
        section(folder, "immunoglobulin", "Use of immunoglobulin", "ig_grams", "ig_use"),
        section(folder, "patients", "Single patients", *patient_plots(folder), words=(PATIENTS,)),
        section(folder, "precision", "What common luck gains", "common_luck"),
    ]


def played(folder: RunFolder) -> str:
    """How many patients were played, on which luck."""
    asked = folder.settings
    cohort = asked.get("cohort")
    who = f"{asked['patients']:,} patients"
    if cohort:
        who += f" of the cohort {cohort['file']} ({cohort['rows']:,} rows)"
    return (
        f"{who} under each of {len(folder.document['strategies'])} strategies, the same patients and luck under all, "
        f"seed {asked['seed']}. ± is one Monte Carlo standard error; differences are paired, patient by patient."
    )


def incremental_grid(folder: RunFolder) -> Grid:
    """The incremental table of a run."""
    rows = [
        (
            folder.short(row["strategy"]),
            with_error(row["cost"], row["cost_mcse"]),
            with_error(row["qaly"], row["qaly_mcse"], 4),
            folder.short(row["comparator"]) if row["comparator"] else "",
            with_error(row["delta_cost"], row["delta_cost_mcse"]),
            with_error(row["delta_qaly"], row["delta_qaly_mcse"], 4),
            icer_text(row),
            str(row["status"]),
        )
        for row in folder.document["incremental"]
    ]
    limits = (
        "By rising cost. Under the ICER its 95 % limits by Monte Carlo error (Fieller); they say how well the "
        "ratio was computed, not how uncertain its inputs are."
    )
    return grid(
        f"Incremental analysis, per patient ({folder.currency}, discounted)",
        ("strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status"),
        rows,
        note=" ".join(filter(None, (limits, open_limits(folder.document["incremental"])))),
    )


def pairs(folder: RunFolder) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Differences of every strategy from every other, by their names."""
    return {
        (str(row["strategy"]), str(row["comparator"])): {
            str(name): float(value) for name, value in row.items() if name not in ("strategy", "comparator")
        }
        for row in folder.table("increments").to_dict(orient="records")
    }


def inmb(pair: Mapping[str, float], wtp: float) -> tuple[float, float]:
    """Incremental net monetary benefit of a pair, and its Monte Carlo standard error."""
    variance = pair["delta_cost_mcse"] ** 2 + (wtp * pair["delta_qaly_mcse"]) ** 2 - 2 * wtp * pair["covariance"]
    return wtp * pair["delta_qaly"] - pair["delta_cost"], float(np.sqrt(max(variance, 0.0)))


def reference(folder: RunFolder) -> str:
    """The cheapest strategy that is not dominated."""
    return next(str(row["strategy"]) for row in folder.document["incremental"] if row["status"] == "reference")


def benefit_grid(folder: RunFolder) -> Grid:
    """INMB of every strategy against the reference at every threshold."""
    versus, found = reference(folder), pairs(folder)
    wtps = folder.settings["wtp_per_qaly"]
    others = [row["name"] for row in folder.document["strategies"] if row["name"] != versus]
    return grid(
        f"Incremental net monetary benefit against {folder.short(versus)}, per patient ({folder.currency}), at a "
        "willingness to pay per QALY of",
        ("strategy", *(number(wtp) for wtp in wtps)),
        [(folder.short(s), *(with_error(*inmb(found[s, versus], wtp)) for wtp in wtps)) for s in others],
        note=f"Above 0 a strategy is worth more than {folder.short(versus)}.",
    )


def leads(folder: RunFolder) -> list[tuple[float, str, str, float, float]]:
    """At each threshold: threshold, best strategy, the one whose lead is least sure, lead and its standard error."""
    found = pairs(folder)
    rows = []
    for wtp in folder.settings["wtp_per_qaly"]:
        benefit = {row["name"]: wtp * row["qaly"] - row["cost"] for row in folder.document["strategies"]}
        best = max(benefit, key=lambda name: benefit[name])
        each = [(*inmb(found[best, other], wtp), other) for other in benefit if other != best]
        lead, error, other = min(each, key=lambda one: one[0] / one[1] if one[1] > 0 else np.inf)
        rows.append((float(wtp), best, other, lead, error))
    return rows


def lead_sentences(folder: RunFolder, rows: Sequence[tuple[float, str, str, float, float]]) -> list[str]:
    """Which strategy is worth most at each threshold, and whether noise could turn that round."""
    sentences = []
    for best in dict.fromkeys(row[1] for row in rows):
        own = [row for row in rows if row[1] == best]
        at = listed([number(row[0]) for row in own])
        ahead = ahead_of([(with_error(row[3], row[4]), folder.short(row[2])) for row in own])
        sentences.append(
            f"At a willingness to pay of {at} {folder.currency} per QALY the highest expected net benefit is that of "
            f"“{folder.short(best)}”; per patient it leads by {ahead} "
            f"({folder.currency} ± Monte Carlo standard error)."
        )
    doubtful = [row for row in rows if row[3] < SURE * row[4]]
    if doubtful:
        at = listed([number(row[0]) for row in doubtful])
        sentences.append(
            f"Noise could flip the decision at {at} {folder.currency} per QALY: there the lead is under two Monte "
            "Carlo standard errors, and more simulated patients are needed before a choice can be read off."
        )
    else:
        sentences.append("At none of these thresholds could Monte Carlo noise of this run flip the choice.")
    return sentences


def run_sentences(folder: RunFolder) -> list[str]:
    """The executive summary of a run."""
    versus = reference(folder)
    sentences = lead_sentences(folder, leads(folder))
    frontier = [row for row in folder.document["incremental"] if row["status"] == "on frontier"]
    out = [row for row in folder.document["incremental"] if "dominated" in str(row["status"])]
    told = [
        f"{folder.short(row['strategy'])} {number(row['icer'])} against {folder.short(row['comparator'])}"
        for row in frontier
    ]
    if told:
        sentences.append(
            f"Incremental cost per QALY along the efficiency frontier, in {folder.currency}: {'; '.join(told)}."
        )
    if out:
        said = listed([f"{folder.short(row['strategy'])} ({row['status']})" for row in out])
        sentences.append(f"Off the frontier: {said}.")
    found = pairs(folder)
    for row in folder.document["efficiency"]:
        pair = found[row["strategy"], versus]
        sentences.append(_effect(folder, row, pair, versus))
    return sentences


def _effect(folder: RunFolder, row: Mapping[str, Any], pair: Mapping[str, float], versus: str) -> str:
    cost, qaly = pair["delta_cost"], pair["delta_qaly"]
    text = (
        f"Compared with {folder.short(versus)}, {folder.short(row['strategy'])} costs "
        f"{with_error(abs(cost), pair['delta_cost_mcse'])} {folder.currency} {'more' if cost >= 0 else 'less'} and "
        f"{'gains' if qaly >= 0 else 'loses'} {with_error(abs(qaly), pair['delta_qaly_mcse'], 4)} QALYs per patient"
    )
    averted, error = row["serious_averted"], row["serious_averted_mcse"]
    if averted is not None and error is not None and averted > SURE * error:
        text += f"; it averts {with_error(averted, error, 3)} serious infections per patient"
        if row["number_needed_to_treat"]:
            text += f", one for every {number(row['number_needed_to_treat'], 1)} patients under it"
    return text + "."


def _costs(folder: RunFolder, strategies: Sequence[Mapping[str, Any]]) -> Grid:
    rows = [
        (words, *(number(row["costs"].get(item)) for row in strategies))
        for item, words in ITEM_WORDS.items()
        if any(row["costs"].get(item) for row in strategies)
    ]
    rows.append(("total", *(with_error(row["cost"], row["cost_mcse"]) for row in strategies)))
    return grid(
        f"Costs by item, per patient ({folder.currency}, discounted)",
        ("", *(folder.short(row["name"]) for row in strategies)),
        rows,
        note="Items that cost nothing under any strategy are left out.",
    )


def _events(folder: RunFolder, strategies: Sequence[Mapping[str, Any]]) -> Grid:
    rows = []
    for component, (words, digits) in EVENT_ROWS.items():
        key = component.replace("grade_", "grade")
        cells = [with_error(row.get(key), row.get(f"{key}_mcse"), digits) for row in strategies]
        if any(row.get(key) for row in strategies):
            rows.append((words, *cells))
    return grid(
        "What happens, per patient, undiscounted",
        ("", *(folder.short(row["name"]) for row in strategies)),
        rows,
        note="± is one Monte Carlo standard error. Grade 1–2 infections may rise where serious ones fall: who is "
        "spared "
        "a fatal infection lives on to have others.",
    )


def efficiency_grid(folder: RunFolder) -> Grid:
    """What averting infections and deaths takes, against the reference."""
    found = folder.document["efficiency"]
    rows = [
        (
            folder.short(row["strategy"]),
            with_error(row["serious_averted"], row["serious_averted_mcse"], 3),
            number(row["number_needed_to_treat"], 1),
            number(row["cost_per_serious_averted"]),
            with_error(row["deaths_averted"], row["deaths_averted_mcse"], 4),
            number(row["grams_per_patient_year"], 1),
        )
        for row in found
    ]
    return grid(
        f"What averting takes, against {folder.short(reference(folder))}",
        (
            "strategy",
            "serious infections averted per patient",
            "needed to treat for one",
            f"{folder.currency} for one",
            "deaths of infection averted",
            "g of Ig per patient-year",
        ),
        rows,
    )
