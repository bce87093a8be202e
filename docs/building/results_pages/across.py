"""What several settings have in common, as sentences and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from docs.building.results_pages import words
from docs.building.results_pages.plays import Plays
from docs.building.results_pages.settings import Setting
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, grid, listed
from sim.report.page.psa_results import break_even
from sim.report.text import icer_text, number, with_error


def agreeing(plays: Plays, chosen: Iterable[Setting]) -> list[str]:
    """Over all settings and thresholds: which strategy comes first, how often and how surely."""
    rows = [(setting, row) for setting in chosen for row in words.probabilities(plays.psa(setting))]
    firsts = {row["best"] for _, row in rows}
    doubt = [(setting.title, row["wtp"]) for setting, row in rows if row["could_flip"]]
    label = plays.psa(rows[0][0]).short
    sentences = []
    if len(firsts) == 1:
        chances = [row["probability"] for _, row in rows]
        sentences.append(
            f"In all {len(rows)} decisions {label(firsts.pop())} has the highest expected net benefit over parameter "
            f"draws, with a probability of being the best of {min(chances):.0%} to {max(chances):.0%}."
        )
    else:
        told = []
        for first in dict.fromkeys(row["best"] for _, row in rows):
            own = [(setting.title, row["wtp"]) for setting, row in rows if row["best"] == first]
            told.append(f"{label(first)} in {len(own)} ({words.places(own)})")
        sentences.append(f"Of {len(rows)} decisions the highest expected net benefit is that of {listed(told)}.")
    if doubt:
        sentences.append(f"Monte Carlo noise could turn round: {words.places(doubt)}.")
    else:
        sentences.append("Monte Carlo noise of these runs could turn none of them round.")
    return sentences


def decisions_grid(plays: Plays, chosen: Iterable[Setting]) -> Grid:
    """A row a setting and threshold: which strategy comes first over parameter draws, how surely and by how much."""
    rows = []
    for setting in chosen:
        folder = plays.psa(setting)
        for row in words.probabilities(folder):
            at = f"{number(row['wtp'])} {folder.currency}"
            lead = with_error(row["lead"], row["mcse"])
            cells = (
                folder.short(row["best"]),
                f"{row['probability']:.0%}",
                folder.short(row["next"]),
                lead,
                number(row["evpi"]),
            )
            rows.append((setting.target, setting.payer, at, *cells))
    columns = ("target", "payer", "WTP per QALY", "highest net benefit", "probability", "next", "lead", "EVPI")
    return grid(
        "Strategy of highest expected net benefit over parameter draws; lead and EVPI per patient",
        columns,
        rows,
        left=2,
        note="Probability: that the strategy first on average is the best one, noise of simulated patients taken "
        "out.",
    )


def ratios_grid(plays: Plays, chosen: Iterable[Setting]) -> Grid:
    """A row a setting and strategy: cost per QALY, and the price of immunoglobulin at which it breaks even."""
    rows = []
    for setting in chosen:
        run, psa = plays.run(setting), plays.psa(setting)
        wtp = max(run.settings["wtp_per_qaly"])
        now = plays.price(setting).settings["price"]
        prices = {row["strategy"]: row for row in break_even(psa) if row["wtp"] == wtp}
        for row in run.document["incremental"]:
            found = prices.get(row["strategy"])
            if found is None:
                continue
            against = run.short(row["comparator"]) if row["comparator"] else ""
            spread = f"{number(found['low'], 1)} to {number(found['high'], 1)}"
            price = with_error(found["price"], found["mcse"], 1)
            ratio = icer_text(row) or str(row["status"])
            rows.append(
                (
                    setting.target,
                    setting.payer,
                    run.short(row["strategy"]),
                    against,
                    ratio,
                    price,
                    spread,
                    number(now),
                )
            )
    columns = (
        "target",
        "payer",
        "strategy",
        "cost per QALY against",
        "cost per QALY",
        "break-even price per gram",
        "95 % of draws",
        "now",
    )
    return grid(
        "Cost per QALY at base values, and price of immunoglobulin below which a strategy is worth more than the "
        "cheapest undominated one at the payer's highest willingness to pay (means over draws)",
        columns,
        rows,
        left=4,
        note="In the payer's currency. Under a ratio its 95 % limits by Monte Carlo error. Break-even below 0: not "
        "even free immunoglobulin would make the strategy worth more.",
    )


def structure_grid(folder: RunFolder) -> Grid:
    """A row a scenario: infections without immunoglobulin, lowest cost per QALY, and the lead at every threshold."""
    decisions, base = folder.document["decisions"], folder.document["decisions"][0]["scenario"]
    first = folder.document["incremental"][0]["strategy"]
    moved = {
        row["scenario"]: with_error(row["mean"], row["mcse"], 3)
        for row in folder.document["differences"]
        if (row["component"], row["strategy"]) == ("infections_grade_3plus", first)
    }
    rows = []
    for name in dict.fromkeys(row["scenario"] for row in decisions):
        on = [
            row
            for row in folder.document["incremental"]
            if row["scenario"] == name and row["status"] == "on frontier"
        ]
        ratio = f"{number(on[0]['icer'])} ({folder.short(on[0]['strategy'])})" if on else "none"
        leads = [
            f"{folder.short(row['best'])}\n{with_error(row['margin'], row['margin_mcse'])}"
            for row in decisions
            if row["scenario"] == name
        ]
        rows.append((name, "" if name == base else moved[name], ratio, *leads))
    wtps = dict.fromkeys(number(row["wtp"]) for row in decisions)
    columns = ("scenario", f"serious infections under {folder.short(first)}, less base case", "lowest cost per QALY")
    return grid(
        f"Strategy of highest net benefit and its lead over the next, {folder.currency} per patient, by willingness "
        "to pay",
        (*columns, *wtps),
        rows,
    )


def population_grid(folders: Mapping[str, RunFolder]) -> Grid:
    """Whom each decision concerns, and what the trial costs."""
    rows = []
    for title, folder in folders.items():
        voi = folder.scenarios[0].voi
        source = voi.patients_per_year.source if voi else ""
        asked = folder.settings
        trial = folder.document["designs"][0]
        cost = f"{number(trial['fixed_cost'])} and {number(trial['cost_per_patient'])} a patient"
        people = (number(asked["patients_per_year"]), f"{asked['years']:g}", number(asked["population"]))
        rows.append((title, str(source), *people, f"{cost} ({folder.currency})"))
    columns = ("setting", "whom the decision concerns", "patients a year", "years", "discounted", "cost of the trial")
    return grid("Population and trial, as the scenarios state them", columns, rows, left=2)
