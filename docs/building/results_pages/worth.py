"""Sentences on the value of more evidence, as `words` makes them of other results."""

from __future__ import annotations

from collections.abc import Mapping

from docs.building.results_pages.words import SURE, clear, places
from sim.report.page.folder import RunFolder
from sim.report.page.parts import listed
from sim.report.text import number, with_error


def trials(folders: Mapping[str, RunFolder]) -> list[str]:
    """In how many decisions a trial is worth its cost, and where not even perfect information would be."""
    rows = [(title, folder, row) for title, folder in folders.items() for row in folder.document["best_sizes"]]
    pays = [
        f"{title} at {number(row['wtp'])} ({number(row['n_per_arm'])} per arm, ENBS "
        f"{with_error(row['enbs'], row['enbs_se'])} {folder.currency})"
        for title, folder, row in rows
        if row["n_per_arm"] is not None and clear(row["enbs"], row["enbs_se"])
    ]
    doubt = [
        (title, row["wtp"])
        for title, _, row in rows
        if row["n_per_arm"] is not None and not clear(row["enbs"], row["enbs_se"])
    ]
    out = []
    for title, folder, row in rows:
        fixed = next(one["fixed_cost"] for one in folder.document["designs"] if one["name"] == row["design"])
        value = next(one for one in folder.document["by_wtp"] if one["wtp"] == row["wtp"])
        if fixed is not None and value["population_evpi"] + SURE * value["population_evpi_se"] < fixed:
            out.append((title, row["wtp"]))
    sentences = []
    if pays:
        sentences.append(
            f"Of {len(rows)} decisions the trial is worth its cost, beyond noise, in {len(pays)}: {'; '.join(pays)}."
        )
    else:
        sentences.append(
            f"In none of {len(rows)} decisions is the trial worth its cost beyond noise, whatever its size."
        )
    if doubt:
        sentences.append(f"Noise could make it worthless, where its best size has a value above 0: {places(doubt)}.")
    if out:
        sentences.append(
            "Not even perfect information for all patients concerned would be worth the fixed cost of the trial: "
            f"{places(out)} per QALY. (An EVPI of 0 says that none of these draws favoured another strategy; more "
            "draws might find some.)"
        )
    return sentences


def learning(folder: RunFolder) -> list[str]:
    """Which parameters or groups are worth learning, at each threshold."""
    found, money = folder.document["evppi"], folder.currency
    sentences: list[str] = []
    unclear: list[str] = []
    for wtp in dict.fromkeys(row["wtp"] for row in found):
        rows = [row for row in found if row["wtp"] == wtp and row["evppi"]]
        seen = [row for row in rows if clear(row["evppi"], row["standard_error"])]
        # A set worth less than one of its own members is only badly estimated; the member is told of.
        top = sorted((row for row in seen if not row["less_than_member"]), key=lambda row: -row["evppi"])[:3]
        if top:
            named = [f"{row['name']} ({with_error(row['evppi'], row['standard_error'], 1)})" for row in top]
            sentences.append(f"Most worth learning at {number(wtp)} per QALY, {money} per patient: {listed(named)}.")
        else:
            unclear.append(number(wtp))
    if unclear:
        sentences.append(
            f"No parameter or group alone has a value that stands clear of its standard error at {listed(unclear)} "
            f"{money} per QALY."
        )
    return sentences


def arms_beside_decisions(trials: Mapping[str, RunFolder], draws: Mapping[str, RunFolder]) -> list[str]:
    """Whether the trial's arms are the strategies between which the decisions lie.

    Args:
        trials: Setting to its value of information.
        draws: Setting to its probabilistic analysis.
    """
    sentences = []
    arms: dict[tuple[str, str], list[str]] = {}
    for title, folder in trials.items():
        voi = folder.scenarios[0].voi
        for design in voi.designs.values() if voi else ():
            arms.setdefault((design.control, design.treatment), []).append(title)
    for pair, titles in arms.items():
        leads = [(title, row) for title in titles for row in draws[title].document["leads"]]
        apart = [(title, row["wtp"]) for title, row in leads if {row["best"], row["next"]} != set(pair)]
        short_of = draws[titles[0]].short
        text = f"The trial randomises between {short_of(pair[0])} and {short_of(pair[1])}; "
        if len(apart) == len(leads):
            text += f"in none of {len(leads)} decisions are these the two strategies of highest expected net benefit"
        elif apart:
            text += f"these are not the two strategies of highest expected net benefit in {places(apart)}"
        else:
            text += f"in all {len(leads)} decisions these are the two strategies of highest expected net benefit"
        sentences.append(text + ".")
    return sentences


def same_population(ours: RunFolder, base: RunFolder, names: tuple[str, str]) -> str:
    """Said where a scenario takes over the population of another target."""
    mine, other = ours.scenarios[0].voi, base.scenarios[0].voi
    if mine is None or other is None or mine.patients_per_year != other.patients_per_year:
        return ""
    return (
        f"The scenarios of {names[0]} keep the number of patients of those of {names[1]}: amounts of the population "
        "are those of as many patients, not of the market."
    )
