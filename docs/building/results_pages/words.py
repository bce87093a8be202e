"""Sentences made of the numbers of run folders and of their uncertainty.

Each stays true whatever the numbers are: what noise could turn round is said to be so, and no strategy is
recommended. A difference is told of only where it exceeds `SURE` Monte Carlo standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sim.report.page.folder import RunFolder
from sim.report.page.other_results import short
from sim.report.page.parts import listed
from sim.report.text import number, with_error

SURE = 1.96
"""Standard errors beyond which a difference is told of."""
PER_PATIENTS = 1000
"""Rare events are told per so many patients."""

Row = Mapping[str, Any]


def clear(value: float | None, error: float | None) -> bool:
    """Whether a difference stands clear of noise; one that is not known does not."""
    return value is not None and abs(value) > SURE * (error or 0.0)


def places(decisions: Sequence[tuple[str, float]]) -> str:
    """Settings with the thresholds of each: what and where, in words."""
    by_setting: dict[str, list[str]] = {}
    for title, wtp in decisions:
        by_setting.setdefault(title, []).append(number(wtp))
    return "; ".join(f"{title} at {listed(wtps)}" for title, wtps in by_setting.items())


def reference(folder: RunFolder) -> str:
    """The cheapest strategy that is not dominated."""
    return next(str(row["strategy"]) for row in folder.document["incremental"] if row["status"] == "reference")


def averted(folder: RunFolder) -> list[str]:
    """Infections, deaths and grams of every strategy against the reference of a run."""
    versus, money, told = folder.short(reference(folder)), folder.currency, []
    for row in folder.document["efficiency"]:
        parts = []
        for name, words, digits in (("serious", "serious infections", 0), ("deaths", "deaths of infection", 1)):
            value, error = row[f"{name}_averted"], row[f"{name}_averted_mcse"]
            if not clear(value, error):
                parts.append(f"a number of {words} that noise does not tell from that under {versus}")
                continue
            verb = "fewer" if value > 0 else "more"
            amount = with_error(PER_PATIENTS * abs(value), PER_PATIENTS * error, digits)
            parts.append(f"{amount} {verb} {words} per {PER_PATIENTS:,} patients")
        text = f"{folder.short(row['strategy'])} against {versus}: {listed(parts)}"
        if clear(row["serious_averted"], row["serious_averted_mcse"]) and row["number_needed_to_treat"]:
            cost = row["cost_per_serious_averted"]
            text += (
                f"; {number(row['number_needed_to_treat'], 1)} patients under it for one serious infection averted"
            )
            text += f", at {number(cost)} {money} each" if cost > 0 else ", at no further cost"
        grams = number(row["grams_per_patient_year"], 0)
        told.append(f"{text}; {grams} g of immunoglobulin per patient-year.")
    return told


def ratios(folder: RunFolder) -> list[str]:
    """Where the lowest cost per QALY on the frontier lies beside the thresholds."""
    wtps, money = sorted(folder.settings["wtp_per_qaly"]), folder.currency
    on = [row for row in folder.document["incremental"] if row["status"] == "on frontier"]
    versus = folder.short(reference(folder))
    if not on:
        return [f"No strategy gains health over {versus} at a cost per QALY that the efficiency frontier shows."]
    row = on[0]
    text = f"The lowest cost per QALY beyond {versus} is that of {folder.short(row['strategy'])}, "
    text += f"{number(row['icer'])} {money}"
    if row["icer_shape"] != "interval":
        return [f"{text}, with no finite limits by Monte Carlo error: too few patients to place it."]
    low, high = row["icer_low"], row["icer_high"]
    text += f" (95 % by Monte Carlo error {number(low)} to {number(high)})"
    if low > wtps[-1]:
        place = f"above the highest willingness to pay named, {number(wtps[-1])}"
    elif high < wtps[0]:
        place = f"below the lowest willingness to pay named, {number(wtps[0])}"
    elif inside := [wtp for wtp in wtps if low <= wtp <= high]:
        place = f"not told from {listed([number(wtp) for wtp in inside], 'or')} by this many patients"
    else:
        place = f"between the willingness to pay of {number(max(w for w in wtps if w < low))} and "
        place += number(min(w for w in wtps if w > high))
    return [f"{text}: {place}."]


def probabilities(folder: RunFolder) -> list[Row]:
    """Of a probabilistic analysis, at each threshold: best, probability that it is, lead, its error, doubt, EVPI."""
    chance = {(row["wtp"], row["strategy"]): row["ceac_corrected"] for row in folder.document["by_wtp_strategy"]}
    value = {row["wtp"]: row["evpi_corrected"] for row in folder.document["by_wtp"]}
    return [
        {**row, "probability": chance[row["wtp"], row["best"]], "evpi": value[row["wtp"]]}
        for row in folder.document["leads"]
    ]


def agreement(run: RunFolder, psa: RunFolder) -> str:
    """Whether base values and means over draws name the same strategies."""
    rows = run.document["strategies"]
    base = {
        wtp: max(rows, key=lambda row: wtp * row["qaly"] - row["cost"])["name"]
        for wtp in run.settings["wtp_per_qaly"]
    }
    apart = [row for row in psa.document["leads"] if row["best"] != base[row["wtp"]]]
    if not apart:
        return "Base values and means over draws put the same strategy first at every willingness to pay."
    told = [
        f"at {number(row['wtp'])} {run.short(base[row['wtp']])} by base values and {run.short(row['best'])} over "
        "draws"
        for row in apart
    ]
    return f"Base values and means over draws do not put the same strategy first: {listed(told)}."


def drivers(folder: RunFolder, only: str = "") -> list[str]:
    """What a tornado says of the decision: the widest swings, and which inputs alone turn it.

    Args:
        folder: A one-way sensitivity analysis.
        only: Which inputs were moved, where not all were.
    """
    rows, asked, best = folder.document["tornado"], folder.settings, folder.document["base"]["best"]
    seen = [row for row in rows if clear(row["swing"], row["swing_mcse"])]
    where = f"at {number(asked['wtp'])} {folder.currency} per QALY"
    of = f"the net benefit of {folder.short(asked['strategy'])}"
    of += f" against {folder.short(asked['comparator'])}" if asked["comparator"] else ""
    told = [
        f"{row['path']} ({short(row['low'])} to {short(row['high'])}: "
        f"{with_error(row['outcome_low'], row['outcome_low_mcse'])} to "
        f"{with_error(row['outcome_high'], row['outcome_high_mcse'])})"
        for row in seen[:5]
    ]
    if told:
        sentences = [f"Within their ranges these move {of} most, {where}: {'; '.join(told)}."]
    else:
        sentences = [f"No input moves {of} beyond noise {where}."]
    halves = sum(row["swing"] is None for row in rows)
    still = len(rows) - len(seen) - halves
    moved = f"{len(rows)} inputs were moved" + (f", {only}" if only else "")
    text = f"{moved}; {still} of them move it by nothing that noise lets be seen"
    sentences.append(text + (f", {halves} could not be moved to both ends." if halves else "."))
    return [*sentences, *_turning(folder, rows, best, "Of these inputs none" if only else "No input")]


def _turning(folder: RunFolder, rows: Sequence[Row], best: str, none: str) -> list[str]:
    """Which inputs alone make another strategy best, beyond noise and within it."""
    sure: list[str] = []
    unsure: list[str] = []
    for row in rows:
        for end in ("low", "high"):
            if row[f"best_{end}"] in (None, best):
                continue
            text = f"{row['path']} at {short(row[end])} ({folder.short(row[f'best_{end}'])})"
            (sure if clear(row[f"lead_{end}"], row[f"lead_{end}_mcse"]) else unsure).append(text)
    first = folder.short(best)
    sentences = []
    if sure:
        sentences.append(
            f"Alone, each of these puts another strategy before {first}, beyond noise: {'; '.join(sure)}."
        )
    else:
        sentences.append(f"{none} alone, within its range, puts another strategy before {first} beyond noise.")
    if unsure:
        sentences.append(f"Within noise: {'; '.join(unsure)}.")
    return sentences


def by_price(folder: RunFolder) -> list[str]:
    """The best strategy by price of immunoglobulin, at the highest threshold, where patients are not divided."""
    document, asked = folder.document, folder.settings
    wtp = max(row["wtp"] for row in document["best_by_price"])
    rows = [row for row in document["best_by_price"] if row["wtp"] == wtp and row["subgroup"] == "all"]
    unit = asked["unit"]
    now = f"The price is {short(asked['price'])} {unit}"
    if len(rows) == 1:
        return [
            f"{now}; at {number(wtp)} {folder.currency} per QALY {folder.short(rows[0]['best'])} has the highest net "
            "benefit at every price from 0."
        ]
    told = [f"{folder.short(rows[0]['best'])} up to {_turn(document, wtp, rows[0], rows[1])}"]
    for here, after in pairwise(rows[1:]):
        told.append(f"{folder.short(here['best'])} from there to {_turn(document, wtp, here, after)}")
    told.append(f"{folder.short(rows[-1]['best'])} above")
    return [
        f"{now}. At {number(wtp)} {folder.currency} per QALY the strategy of highest net benefit is, by price, "
        f"{listed(told)} (95 % by Monte Carlo error)."
    ]


def _turn(document: Row, wtp: float, here: Row, after: Row) -> str:
    """A price at which two strategies change places, with its limits where they are finite."""
    pair = {here["best"], after["best"]}
    text = number(here["price_high"], 1)
    for row in document["thresholds"]:
        same = row["subgroup"] == "all" and row["wtp"] == wtp and {row["strategy"], row["comparator"]} == pair
        if same and row["ci_low"] is not None and row["ci_high"] is not None:
            return f"{text} ({number(row['ci_low'], 1)} to {number(row['ci_high'], 1)})"
    return text


def by_effect(folder: RunFolder) -> list[str]:
    """At which hazard ratio the decision turns, or how near it comes."""
    asked, rows = folder.settings, folder.document["thresholds"]
    low, high = asked["between"]
    span = f"between {short(low)} and {short(high)}"
    at = f"at {number(asked['wtp'])} {folder.currency} per QALY"
    if not rows:
        nearest = min(folder.document["scan"], key=lambda row: row["margin"])
        sure = clear(nearest["margin"], nearest["margin_mcse"])
        return [
            f"At no hazard ratio of {asked['path']} {span} does another strategy come first {at}: "
            f"{folder.short(nearest['best'])} is best at all {len(folder.document['scan'])} values looked at, by "
            f"{with_error(nearest['margin'], nearest['margin_mcse'])} where its lead is smallest "
            f"({short(nearest['value'])}, over {folder.short(nearest['second'])}"
            + (")." if sure else "; so small a lead noise could turn round).")
        ]
    told = []
    for row in rows:
        limits = "not bounded by this many patients"
        if row["ci_low"] is not None and row["ci_high"] is not None:
            limits = f"95 % by Monte Carlo error {number(row['ci_low'], 2)} to {number(row['ci_high'], 2)}"
        turn = f"from {folder.short(row['before'])} to {folder.short(row['after'])}"
        told.append(f"{turn} at {number(row['threshold'], 2)} ({limits})")
    return [f"As {asked['path']} rises {span}, the strategy of highest net benefit changes {listed(told)}, {at}."]


COMPARED = {
    "infections_grade3plus": ("serious infections", 3),
    "infection_death": ("deaths of infection", 4),
    "months_on_treatment": ("months on the bispecific", 2),
    "qaly": ("QALYs", 3),
}
"""Outcome of a run to its words and digits, for two runs side by side."""


def beside(one: RunFolder, other: RunFolder, names: tuple[str, str]) -> list[str]:
    """Two runs of like strategies: what happens under the first strategy of both, and what each other one changes.

    Both play the same luck, which makes their outcomes move together; the error of their difference is taken as if
    they did not, which is the larger one.
    """
    ones, others = ({row["name"]: row for row in each.document["strategies"]} for each in (one, other))
    first = next(iter(ones))
    parts = []
    for name, (words, digits) in COMPARED.items():
        a, b = ones[first], others[first]
        values = (
            f"{with_error(a[name], a[f'{name}_mcse'], digits)} and {with_error(b[name], b[f'{name}_mcse'], digits)}"
        )
        sure = clear(a[name] - b[name], math.hypot(a[f"{name}_mcse"], b[f"{name}_mcse"]))
        parts.append(f"{values} {words}" + ("" if sure else " (not told apart)"))
    sentences = [f"Under {one.short(first)}, per patient, {names[0]} and {names[1]} see {listed(parts)}."]
    gains = ({row["strategy"]: row for row in each.document["efficiency"]} for each in (one, other))
    left, right = gains
    for strategy in [name for name in left if name in right]:
        a, b = left[strategy], right[strategy]
        if a["comparator"] != b["comparator"]:
            continue
        difference = a["serious_averted"] - b["serious_averted"]
        sure = clear(difference, math.hypot(a["serious_averted_mcse"], b["serious_averted_mcse"]))
        more = ("more" if difference > 0 else "fewer") if sure else "a number of"
        values = " and ".join(with_error(x["serious_averted"], x["serious_averted_mcse"], 3) for x in (a, b))
        tail = "" if sure else " that noise does not tell apart"
        sentences.append(
            f"{one.short(strategy)} averts {more} serious infections per patient in {names[0]} "
            f"{'than in' if sure else 'and'} {names[1]}{tail} ({values})."
        )
    return sentences


def structures(folder: RunFolder) -> list[str]:
    """Which other scenarios change the decision, and which move its lead most."""
    rows = folder.document["decisions"]
    base = rows[0]["scenario"]
    alike: dict[str, list[float]] = {}
    for wtp in dict.fromkeys(row["wtp"] for row in rows):
        own = {row["scenario"]: row for row in rows if row["wtp"] == wtp}
        alike.setdefault(_changes(folder, own, base), []).append(wtp)
    sentences = [
        f"At {listed([number(wtp) for wtp in wtps])} {folder.currency} per QALY {text}."
        for text, wtps in alike.items()
    ]
    return [*sentences, *_leads(folder, rows, base), *_untouched(folder)]


def _changes(folder: RunFolder, own: Mapping[str, Row], base: str) -> str:
    """What the scenarios other than the base case say at one threshold."""
    best, others = own[base]["best"], [row for name, row in own.items() if name != base]
    first = folder.short(best)
    sure = [row for row in others if row["best"] != best and clear(row["margin"], row["margin_mcse"])]
    unsure = [f'"{row["scenario"]}"' for row in others if not clear(row["margin"], row["margin_mcse"])]
    if sure:
        told = "; ".join(f'{folder.short(row["best"])} in "{row["scenario"]}"' for row in sure)
        text = f"the base case puts {first} first; another strategy comes first, beyond noise: {told}"
    else:
        text = f"no other assumption puts a strategy other than {first} first beyond noise"
    text += f" ({len(others)} looked at)"
    return text + (f"; which is first is within noise in {listed(unsure)}" if unsure else "")


def _untouched(folder: RunFolder) -> list[str]:
    """Scenarios that move no cost and no QALY of any strategy, to the last digit."""
    moved = {
        row["scenario"]
        for row in folder.document["differences"]
        if row["component"] in ("cost", "qaly") and row["mean"] != 0
    }
    names = dict.fromkeys(row["scenario"] for row in folder.document["differences"])
    still = [f'"{name}"' for name in names if name not in moved]
    return [f"No cost and no QALY of these strategies depends on {listed(still)}."] if still else []


def _leads(folder: RunFolder, rows: Sequence[Row], base: str) -> list[str]:
    """How far the lead moves at the highest threshold, among scenarios with the same strategy first."""
    wtp = max(row["wtp"] for row in rows)
    own = {row["scenario"]: row for row in rows if row["wtp"] == wtp}
    start = own.pop(base)
    same = [row for row in own.values() if row["best"] == start["best"]]
    if not same:
        return []
    least, most = (pick(same, key=lambda row: row["margin"]) for pick in (min, max))
    lead = with_error(start["margin"], start["margin_mcse"])
    told = [
        f'{with_error(row["margin"], row["margin_mcse"])} in "{row["scenario"]}"'
        for row in ([least, most] if least is not most else [least])
    ]
    span = f"runs from {told[0]} to {told[1]}" if len(told) == 2 else f"is {told[0]}"
    return [
        f"The lead of {folder.short(start['best'])} over the next best, {lead} {folder.currency} per patient in the "
        f"base case at {number(wtp)} per QALY, {span} where it stays first."
    ]
