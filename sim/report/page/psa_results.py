"""Results of `igsim psa`: the decision under parameter uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.figures.style import in_words
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, ahead_of, grid, itemised, listed, section
from sim.report.text import icer_text, number, open_limits, with_error

MOST_PARAMETERS = 15


def psa_sections(folder: RunFolder) -> list[Section]:
    """Sections of a probabilistic analysis, in order."""
    headline = ("ce_plane", "inmb_ridgeline", "ce_frontier")
    return [
        section(
            folder,
            "psa",
            "Parameter uncertainty",
            _incremental(folder),
            _benefit(folder),
            *headline,
            words=(_played(folder),),
        ),
        section(
            folder,
            "decision-uncertainty",
            "Decision uncertainty",
            decision_grid(folder),
            "ceac",
            "ceaf",
            "expected_loss",
        ),
        section(
            folder,
            "information",
            "Value of information",
            *("evpi", "population_evpi", "population_over_time", "evppi", "evsi", "enbs"),
            *evppi_grids(folder, folder.settings["wtp_per_qaly"][-1:]),
            "correlations",
        ),
        section(folder, "price", "Price of immunoglobulin", "price_threshold", *_prices(folder)),
        section(folder, "subgroups", "Subgroups", *_subgroups(folder)),
        section(
            folder,
            "convergence",
            "Precision of the probabilistic analysis",
            _precision(folder),
            *("convergence_draws", "convergence_patients"),
            words=(_precision_words(folder),),
        ),
    ]


def psa_sentences(folder: RunFolder) -> list[str]:
    """The executive summary of a probabilistic analysis."""
    return [
        *_lead_sentences(folder),
        *_probability_sentences(folder),
        *_value_sentences(folder),
        *_price_sentences(folder),
    ]


def _lead_sentences(folder: RunFolder) -> list[str]:
    leads = folder.document["leads"]
    sentences = []
    for best in dict.fromkeys(row["best"] for row in leads):
        own = [row for row in leads if row["best"] == best]
        ahead = ahead_of([(with_error(row["lead"], row["mcse"]), folder.short(row["next"])) for row in own])
        at = listed([number(row["wtp"]) for row in own])
        sentences.append(
            f"Averaged over {folder.settings['draws']:,} parameter draws, the strategy with the highest expected net "
            f"benefit at {at} {folder.currency} per QALY is “{folder.short(best)}”; per patient it leads by "
            f"{ahead} ({folder.currency} ± Monte Carlo standard error)."
        )
    doubtful = [row for row in leads if row["could_flip"]]
    if doubtful:
        sentences.append(
            f"Noise could flip this at {listed([number(row['wtp']) for row in doubtful])} {folder.currency} per "
            "QALY: the "
            "lead is under two Monte Carlo standard errors, and more draws and patients are needed."
        )
    elif leads:
        sentences.append("At none of these thresholds could Monte Carlo noise flip which strategy comes first.")
    return sentences


def _probability_sentences(folder: RunFolder) -> list[str]:
    at = {(row["wtp"], row["strategy"]): row for row in folder.document["by_wtp_strategy"]}
    by_wtp = {row["wtp"]: row for row in folder.document["by_wtp"]}
    told = []
    for wtp in folder.settings["wtp_per_qaly"]:
        best = by_wtp[wtp]["optimal"]
        told.append(f"{at[wtp, best]['ceac_corrected']:.0%} for {folder.short(best)} at {number(wtp)}")
    return [
        "Parameter uncertainty: the probability that the strategy with the highest expected net benefit is also "
        "the best "
        f"one is {listed(told)} {folder.currency} per QALY (noise of simulated patients taken out)."
    ]


def _value_sentences(folder: RunFolder) -> list[str]:
    by_wtp = {row["wtp"]: row for row in folder.document["by_wtp"]}
    wtps = folder.settings["wtp_per_qaly"]
    values = [number(by_wtp[wtp]["evpi_corrected"]) for wtp in wtps]
    text = (
        f"Removing all parameter uncertainty before deciding would be worth {listed(values)} {folder.currency} "
        "per patient "
        f"at {listed([number(wtp) for wtp in wtps])} {folder.currency} per QALY"
    )
    population = folder.settings.get("population")
    if population:
        most = by_wtp[wtps[-1]]["evpi_corrected"] * population
        text += f"; at the highest {number(most)} {folder.currency} for the {number(population)} patients concerned"
        text += " (discounted)"
    sentences = [text + "."]
    rows = [row for row in folder.document["evppi"] if row["wtp"] == wtps[-1] and row["evppi"]]
    sure = [row for row in rows if row["evppi"] > 2 * (row["standard_error"] or 0)]
    if sure:
        top = sorted(sure, key=lambda row: -row["evppi"])[:3]
        named = itemised([f"{_learnt(folder, row)} ({number(row['evppi'])})" for row in top])
        sentences.append(
            f"Most of that comes from knowing {named}, in {folder.currency} per patient at {number(wtps[-1])} per "
            "QALY."
        )
    elif rows or folder.document["evppi"]:
        sentences.append(
            "No single parameter or group has a value of information that stands clear of its standard error."
        )
    return sentences


def _price_sentences(folder: RunFolder) -> list[str]:
    rows = break_even(folder)
    if not rows:
        return []
    wtp = folder.settings["wtp_per_qaly"][-1]
    own = [row for row in rows if row["wtp"] == wtp]
    told = [
        f"{folder.short(row['strategy'])} {number(row['price'], 1)} (95 % of draws {number(row['low'], 1)} to "
        f"{number(row['high'], 1)})"
        for row in own
    ]
    versus = folder.short(own[0]["comparator"]) if own else ""
    return (
        [
            f"Price of immunoglobulin per gram below which a strategy is worth more than {versus} at {number(wtp)} "
            f"{folder.currency} per QALY, in {folder.currency}: {'; '.join(told)}."
        ]
        if own
        else []
    )


def _played(folder: RunFolder) -> str:
    asked = folder.settings
    luck = "the same patients and luck in every draw" if asked["shared_luck"] else "luck of its own in every draw"
    return (
        f"{asked['draws']:,} draws of {asked['parameters']} uncertain parameters, each played on "
        f"{asked['patients']:,} "
        f"patients under every strategy, {luck}, seed {asked['seed']}. Under each number its 95 % credible "
        "interval over "
        "draws; ± is one Monte Carlo standard error, of draws and patients together."
    )


def _limits(row: Mapping[str, Any], name: str, digits: int = 0) -> str:
    text = with_error(row[name], row[f"{name}_mcse"], digits)
    return f"{text}\n{number(row[f'{name}_low'], digits)} to {number(row[f'{name}_high'], digits)}" if text else ""


def _incremental(folder: RunFolder) -> Grid:
    rows = [
        (
            folder.short(row["strategy"]),
            _limits(row, "cost"),
            _limits(row, "qaly", 3),
            folder.short(row["comparator"]) if row["comparator"] else "",
            _limits(row, "delta_cost"),
            _limits(row, "delta_qaly", 3),
            icer_text(row),
            str(row["status"]),
        )
        for row in folder.document["incremental"]
    ]
    limits = (
        "Under the ICER its 95 % limits by Monte Carlo error (Fieller). A ratio has no credible interval "
        "that can be read safely; decision uncertainty is shown by the acceptability curves."
    )
    return grid(
        f"Incremental analysis of means over draws, per patient ({folder.currency}, discounted)",
        ("strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status"),
        rows,
        note=" ".join(filter(None, (limits, open_limits(folder.document["incremental"])))),
    )


def _benefit(folder: RunFolder) -> Grid:
    rows = folder.document["precision"]
    wtps = folder.settings["wtp_per_qaly"]
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    at = {(row["strategy"], row["wtp"]): row for row in rows}
    cells = [
        (
            folder.short(name),
            *(
                f"{with_error(at[name, wtp]['inmb'], at[name, wtp]['mcse'])}\n"
                f"{number(at[name, wtp]['low'])} to {number(at[name, wtp]['high'])}"
                for wtp in wtps
            ),
        )
        for name in strategies
    ]
    versus = folder.short(rows[0]["comparator"]) if rows else ""
    return grid(
        f"Incremental net monetary benefit against {versus}, per patient ({folder.currency}), at a willingness to "
        "pay per QALY of",
        ("strategy", *(number(wtp) for wtp in wtps)),
        cells,
    )


def decision_grid(folder: RunFolder) -> Grid:
    """Probability that each strategy is the best, and EVPI, by threshold."""
    by_wtp = {row["wtp"]: row for row in folder.document["by_wtp"]}
    at = {(row["wtp"], row["strategy"]): row for row in folder.document["by_wtp_strategy"]}
    names = [row["name"] for row in folder.document["strategies"]]
    population = folder.settings.get("population")
    rows = []
    for wtp in folder.settings["wtp_per_qaly"]:
        row = by_wtp[wtp]
        chances = [
            f"{number(at[wtp, name]['ceac'], 3)} ({number(at[wtp, name]['ceac_corrected'], 3)})" for name in names
        ]
        total = number(row["evpi_corrected"] * population) if population else ""
        value = (with_error(row["evpi"], row["evpi_se"]), number(row["evpi_corrected"]), total)
        rows.append((number(wtp), *chances, folder.short(row["optimal"]), *value))
    return grid(
        "Probability that each strategy is the best, as drawn (corrected for the noise of simulated patients), "
        "and EVPI",
        (
            f"WTP ({folder.currency})",
            *map(folder.short, names),
            "highest mean",
            "EVPI per patient",
            "corrected",
            "for the population",
        ),
        rows,
        left=0,
    )


def at_wtp(folder: RunFolder, wtp: float) -> str:
    """A threshold in words; none where net benefits were given as they are."""
    return f" at {number(wtp)} {folder.currency} per QALY" if wtp else ""


def evppi_grids(folder: RunFolder, wtps: Sequence[float]) -> list[Grid]:
    """What learning groups of parameters and single ones is worth, a table for each threshold."""
    return [shown for wtp in wtps for shown in _evppi(folder, wtp)]


def _learnt(folder: RunFolder, row: Mapping[str, Any]) -> str:
    """A parameter or a group of them in words."""
    return in_words(row["name"]) if row["kind"] == "group" else folder.input(row["name"])


def _evppi(folder: RunFolder, wtp: float) -> list[Grid]:
    own = [row for row in folder.document["evppi"] if row["wtp"] == wtp]
    shown = [row for row in own if row["kind"] == "group"]
    single = sorted((row for row in own if row["kind"] != "group"), key=lambda row: -(row["evppi"] or 0))
    worth = [row for row in single if row["evppi"]]
    shown += worth[:MOST_PARAMETERS]
    if not shown:
        return []
    rows = [
        (
            _learnt(folder, row),
            str(row["kind"]),
            with_error(row["evppi"], row["standard_error"], 1),
            f"{row['share_of_evpi']:.0%}" if row["share_of_evpi"] is not None else "",
            f"less than {folder.input(row['less_than_member'])} alone"
            if row["less_than_member"]
            else str(row["note"] or ""),
        )
        for row in shown
    ]
    return [
        grid(
            f"Value of learning parameters{at_wtp(folder, wtp)}, per patient ({folder.currency})",
            ("parameter or group", "kind", "EVPPI", "of EVPI", "note"),
            rows,
            left=2,
            paths=tuple("" if row["kind"] == "group" else str(row["name"]) for row in shown),
            note=_of_how_many(len(single), len(worth)),
        )
    ]


def _of_how_many(single: int, worth: int) -> str:
    """Which single parameters a table of EVPPI shows."""
    if worth > MOST_PARAMETERS:
        return (
            f"Groups, then the {MOST_PARAMETERS} of {single} single parameters of the highest value; the run folder "
            "has all."
        )
    if worth == 0:
        return f"Groups alone: none of the {single} single parameters has a value above 0."
    return f"Groups, then the single parameters whose value is above 0, {worth} of {single}."


def break_even(folder: RunFolder) -> list[dict[str, Any]]:
    """Rows of everyone against the reference at the scenario's thresholds."""
    rows = [row for row in folder.document["price_of_immunoglobulin"] if row["price"] is not None]
    reference = rows[0]["comparator"] if rows else None
    return [
        row
        for row in rows
        if row.get("subgroup", "all") == "all"
        and row["comparator"] == reference
        and row["wtp"] in folder.settings["wtp_per_qaly"]
    ]


def _prices(folder: RunFolder) -> list[Grid]:
    rows = [
        (
            folder.short(row["strategy"]),
            folder.short(row["comparator"]),
            number(row["wtp"]),
            with_error(row["price"], row["mcse"], 1),
            f"{number(row['low'], 1)} to {number(row['high'], 1)}",
        )
        for row in break_even(folder)
    ]
    if not rows:
        return []
    title = f"Price per gram at which a strategy breaks even ({folder.currency}); exact, for cost is linear in it"
    return [grid(title, ("strategy", "against", "WTP", "at the means", "95 % of draws"), rows, left=2)]


def _subgroups(folder: RunFolder) -> list[Grid]:
    rows = [
        (
            number(row["wtp"]),
            str(row["label"]),
            f"{row['share']:.1%}",
            folder.short(row["best"]),
            folder.short(row["best_for_others"]),
            with_error(row["value_of_deciding_apart"], row["mcse"]),
        )
        for row in folder.document["subgroups"]
    ]
    if not rows:
        return []
    columns = ("WTP", "subgroup", "share", "best in it", "best for the others", "value of deciding apart")
    return [
        grid(
            f"Deciding for a subgroup apart: its value per patient of all ({folder.currency})", columns, rows, left=2
        )
    ]


def _precision_words(folder: RunFolder) -> str:
    worst = max(folder.document["precision"], key=lambda row: row["mcse"] or 0, default=None)
    if worst is None:
        return "One strategy: nothing to compare."
    return (
        f"The least certain net benefit is that of {folder.short(worst['strategy'])} at {number(worst['wtp'])} "
        "per QALY, "
        f"± {number(worst['mcse'])}; {worst['noise_share']:.1%} of its variance between draws is patients' luck. "
        "The same work "
        f"as {worst['best_draws']:,} draws of {worst['best_patients']:,} patients would give ± "
        f"{number(worst['best_mcse'])}."
    )


def _precision(folder: RunFolder) -> Grid:
    rows = [
        (
            folder.short(row["strategy"]),
            number(row["wtp"]),
            with_error(row["inmb"], row["mcse"]),
            number(row["mcse_draws"]),
            number(row["mcse_patients"]),
            f"{row['noise_share']:.1%}",
        )
        for row in folder.document["precision"]
    ]
    columns = ("strategy", "WTP", "INMB ± standard error", "of draws", "of patients", "luck in the draws' scatter")
    return grid(f"Precision of the net benefit per patient ({folder.currency})", columns, rows)
