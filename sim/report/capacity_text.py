"""What `igsim capacity` says to a person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.capacity import CapacityResult
from sim.capacity.result import UNLIMITED
from sim.capacity.sizing import TARGET
from sim.model.parts import GRADES
from sim.report.dsa_text import ending
from sim.report.text import ITEM_WORDS, number, table, wide_table, with_error

ROWS = (
    ("patients who started", "patients_started", 1),
    ("infusions due", "infusions_wanted", 0),
    ("  on time, %", "share_on_time", 1),
    ("  given late", "infusions_delayed", 1),
    ("  given up", "infusions_missed", 1),
    ("starts put off", "starts_deferred", 1),
    ("changed to Ig at home", "patients_switched", 1),
    ("days of delay, mean", "infusion_delay_days", 2),
    ("  95th percentile", "infusion_delay_days_p95", 1),
    ("hours of waiting for a dose", "dose_wait_hours", 2),
    ("doses given up", "doses_missed", 1),
    ("chairs in use, %", "utilisation", 1),
    ("grams due at full doses", "grams_wanted", 0),
    ("  given", "grams_given", 0),
    ("  expired", "grams_expired", 1),
    ("days with somebody waiting for Ig", "stock_out_days", 1),
)
HARM = (
    ("infections of grade ≥ 3", "infections_grade3plus", 1),
    ("  caused by the limits", "grade3plus_caused", 2),
    ("  spared by them", "grade3plus_spared", 2),
    ("days in hospital, net", "hospital_days_net", 1),
    ("deaths of infection", "infection_deaths", 2),
    ("  caused by the limits", "deaths_caused", 3),
    ("  spared by them", "deaths_spared", 3),
)
CAUSES_TITLE = "Infections by cause, grade 1-2 / grade ≥ 3 (of these, caused less spared by the limits)"
PERCENT = frozenset({"share_on_time", "utilisation"})
ABSENT = frozenset({"starts_deferred", "patients_switched", "grams_expired", "doses_missed"})
"""Rows left out where nothing of the kind happened under any arm."""

OUTSIDE = "come before the warm-up or after the end, and are not played."
"""What is said of starts of a file that were left out."""


def print_capacity(console: Console, result: CapacityResult, folder: Path | None) -> None:
    """Everything `igsim capacity` says."""
    scenario, plan = result.scenario, result.scenario.programme
    assert plan is not None
    console.print(Text(scenario.title, style="bold"))
    starts = f"starts read from {result.starts.file}" if result.starts else "Poisson arrivals"
    console.print(
        Text(
            f"{result.replications:,} replications of {plan.years} years from {plan.first_day}, {starts}, seed "
            f"{result.seed}; every arm has the same arrivals, patients and luck."
        )
    )
    if result.starts and result.starts.left_out:
        outside = f"{result.starts.left_out:,} of {result.starts.left_out + len(result.starts.months):,} starts"
        warning = f"{outside} in the file {OUTSIDE}"
        console.print(Text(warning, style="yellow"))
    console.print()
    for place, (arm, label) in enumerate(zip(result.arms, result.labels, strict=True)):
        console.print(Text(f"  {arm}: {label}" + (" (reference)" if place == 0 else "")))
    console.print()
    console.print(_numbers(result, "The programme, in all its years together", ROWS))
    console.print(_numbers(result, "What the limits did to patients", HARM))
    console.print(
        Text(
            "Caused: happens with these limits and not without any, to the same patient on the same luck; spared: "
            "the other way round. ± is half a 95 % interval over replications."
        )
    )
    console.print()
    console.print(_infections(result))
    console.print()
    console.print(_who_paid(result))
    for line in verdicts(result):
        console.print(Text(line))
    console.print()
    console.print(_spend(result))
    console.print()
    console.print(_items(result))
    for line in size_lines(result):
        console.print()
        console.print(Text(line))
    console.print()
    console.print(Text(warm_up_line(result)))
    ending(console, folder)


Values = dict[tuple[str, ...], float]


def _lookup(frame: pd.DataFrame, keys: list[str], column: str) -> Values:
    """A column by the values of others."""
    names = (tuple(str(part) for part in row) for row in frame[keys].itertuples(index=False))
    return dict(zip(names, frame[column].astype(float), strict=True))


def number_rows(
    numbers: pd.DataFrame, arms: Sequence[str], rows: Sequence[tuple[str, str, int]]
) -> list[tuple[str, list[str]]]:
    """Words of each row and a cell for each arm: a mean with half its 95 % interval.

    Args:
        numbers: The table `capacity_numbers`.
        arms: Arms, in order.
        rows: Words, measure and digits; what happened under no arm is left out.
    """
    keys = ["measure", "arm"]
    mean, high = _lookup(numbers, keys, "mean"), _lookup(numbers, keys, "ci_high")
    found = []
    for words, measure, digits in rows:
        means = [mean[measure, arm] for arm in arms]
        if (measure in ABSENT and not any(means)) or all(math.isnan(value) for value in means):
            continue
        scale = 100 if measure in PERCENT else 1
        halves = [high[measure, arm] - mean[measure, arm] for arm in arms]
        cells = [with_error(scale * m, scale * h, digits) for m, h in zip(means, halves, strict=True)]
        found.append((words, cells))
    return found


def _numbers(result: CapacityResult, title: str, rows: tuple[tuple[str, str, int], ...]) -> Table:
    shown = wide_table(title, "per replication", *result.arms)
    for words, cells in number_rows(result.numbers(), result.arms, rows):
        shown.add_row(words, *cells)
    return shown


def infection_rows(
    infections: pd.DataFrame, arms: Sequence[str], labels: Mapping[str, str]
) -> list[tuple[str, list[str]]]:
    """Words of each cause and a cell for each arm: infections of grade 1-2 / of grade >= 3 (net of the latter).

    Args:
        infections: The table `capacity_infections`.
        arms: Arms, in order.
        labels: Cause to words.
    """
    keys = ["cause", "grade", "arm"]
    mean, delta = _lookup(infections, keys, "mean"), _lookup(infections, keys, "delta")
    mild, severe = GRADES
    rows = []
    for cause in dict.fromkeys(infections["cause"]):
        cells = [
            f"{number(mean[cause, mild, arm], 1)} / {number(mean[cause, severe, arm], 1)} "
            f"({number(delta[cause, severe, arm], 2)})"
            for arm in arms
        ]
        rows.append((labels[cause], cells))
    return rows


def _infections(result: CapacityResult) -> Table:
    labels = {name: cause.label for name, cause in result.scenario.infections.causes.items()}
    shown = wide_table(CAUSES_TITLE, "per replication", *result.arms)
    for words, cells in infection_rows(result.infections(), result.arms, labels):
        shown.add_row(words, *cells)
    return shown


def _who_paid(result: CapacityResult) -> Table:
    paid = _lookup(result.who_paid(), ["group", "measure", "arm"], "per_100")
    shown = table(
        f"Who paid: of 100 infusions due {when_counted(result)}, late / given up; grade ≥ 3 infections caused, net, "
        "by 1,000 patients",
        "patients",
        *result.arms,
    )
    for group in result.groups:
        cells = []
        for arm in result.arms:
            late, missed = paid[group, "infusions_late", arm], paid[group, "infusions_missed", arm]
            severe = 10 * paid[group, "grade3plus_net", arm]
            cells.append("" if math.isnan(late) else f"{number(late, 1)} / {number(missed, 2)}; {number(severe, 1)}")
        if any(cells):
            shown.add_row(group, *cells)
    return shown


def when_counted(result: CapacityResult) -> str:
    """Which infusions the table of who paid counts."""
    shortages = any(supply.episodes for supply in result.programme.supply.values())
    return "in the shortage or the month after" if shortages else "at any time"


def verdicts(result: CapacityResult) -> list[str]:
    """Under each arm, the groups that lost most and fewest infusions, within each way of grouping, in words.

    A gap whose 95 % interval over replications holds 0 is called no difference.
    """
    frame = result.who_paid()
    lines = []
    for arm, label in zip(result.arms, result.labels, strict=True):
        own = frame[(frame["arm"] == arm) & frame["measure"].isin(["infusions_late", "infusions_missed"])]
        lost = own.groupby("group", sort=False)["per_100"].sum(min_count=1).dropna()
        if lost.empty or lost.get("all patients", 0.0) == 0:
            lines.append(f"{label}: nobody waits longer than what counts as on time.")
            continue
        kinds: dict[str, list[str]] = {}
        for group in lost.index:
            kind, _, name = str(group).partition(": ")
            if name:
                kinds.setdefault(kind, []).append(str(group))
        found = [_gap(result, arm, lost, kind, members) for kind, members in kinds.items() if len(members) > 1]
        lines.append(f"{label}, of 100 infusions due those late or given up: {'; '.join(found)}.")
    return lines


def _gap(result: CapacityResult, arm: str, lost: pd.Series, kind: str, members: list[str]) -> str:
    """Who lost most within one way of grouping, and whether that is more than noise."""
    most = max(members, key=lambda group: float(lost[group]))
    least = min(members, key=lambda group: float(lost[group]))
    gap = result.loss_gap(arm, most, least)
    if not gap["ci_low"] > 0:
        return f"by {kind}, no difference beyond noise"
    more = with_error(gap["mean"], gap["ci_high"] - gap["mean"], 1)
    return (
        f"by {kind}, {more} more of {most.partition(': ')[2]} ({number(lost[most], 1)}) than of "
        f"{least.partition(': ')[2]} ({number(lost[least], 1)})"
    )


def thousands(amount: float) -> str:
    """An amount of money in thousands."""
    return number(amount / 1000)


def _around(delta: float, high: float) -> str:
    return with_error(delta / 1000, (high - delta) / 1000)


def _spend(result: CapacityResult) -> Table:
    frame, keys, currency = result.yearly(), ["arm", "year"], result.scenario.analysis.currency
    mean, delta, high = (_lookup(frame, keys, column) for column in ("mean", "delta", "delta_ci_high"))
    shown = table(
        f"Spend by calendar year (thousands of {currency}, undiscounted), and its difference from no limits",
        "year",
        *result.arms,
        "without limits",
    )
    for year in result.years:
        cells = [
            f"{thousands(mean[arm, year])} ({_around(delta[arm, year], high[arm, year])})" for arm in result.arms
        ]
        shown.add_row(year, *cells, thousands(mean[UNLIMITED, year]))
    return shown


def item_rows(items: pd.DataFrame, arms: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Words of each item and thousands under each arm, then their total; what costs nothing under any is left out.

    Args:
        items: Columns arm, item, mean, ci_high: spend of all years together.
        arms: Arms, in order.
    """
    keys = ["item", "arm"]
    mean, high = _lookup(items, keys, "mean"), _lookup(items, keys, "ci_high")
    found = list(dict.fromkeys(items["item"]))
    rows = [
        (ITEM_WORDS[item], [_around(mean[item, arm], high[item, arm]) for arm in arms])
        for item in found
        if any(mean[item, arm] for arm in arms)
    ]
    return [*rows, ("total", [thousands(sum(mean[item, arm] for item in found)) for arm in arms])]


def _items(result: CapacityResult) -> Table:
    currency = result.scenario.analysis.currency
    shown = table(
        f"Spend by item, all years (thousands of {currency}, undiscounted)", "", *result.arms, "without limits"
    )
    for words, cells in item_rows(result.items(), (*result.arms, UNLIMITED)):
        shown.add_row(words, *cells)
    return shown


def size_lines(result: CapacityResult) -> list[str]:
    """The smallest size of each kind that keeps infusions on time, and what the next smaller one would do."""
    lines = []
    for each in result.sized:
        if math.isnan(each.smallest):
            lines.append(f"No size tried keeps {100 * TARGET:g} % on time: {each.what}.")
            continue
        tried = dict(each.tried)
        below = max((size for size in tried if size < each.smallest), default=None)
        less = f"; {number(below, 0)} would keep {100 * tried[below]:.1f} %" if below is not None else ""
        lines.append(
            f"Smallest that keeps {100 * TARGET:g} % of infusions on time under {result.arms[0]}: "
            f"{number(each.smallest, 0)} {each.what} ({100 * tried[each.smallest]:.1f} %{less})."
        )
    return lines


def warm_up_line(result: CapacityResult) -> str:
    """Whether the warm-up was long enough: patients on treatment when counting begins, and a year on."""
    plan = result.scenario.programme
    assert plan is not None
    there = _lookup(result.monthly(), ["arm", "series", "month"], "mean")
    last = int(result.programme.months)
    first, later, end = (there[result.arms[0], "patients", str(month)] for month in (1, min(12, last), last))
    return (
        f"Warm-up: {plan.warm_up_months.value:g} months, not counted. Patients on the bispecific: {first:.1f} after "
        f"the first month that counts, {later:.1f} after a year, {end:.1f} at the end."
    )
