"""Results of `igsim capacity`: a programme with limits, and who paid for them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sim.report.capacity_text import (
    CAUSES_TITLE,
    HARM,
    OUTSIDE,
    ROWS,
    infection_rows,
    item_rows,
    number_rows,
    thousands,
)
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, section
from sim.report.text import number, with_error

UNLIMITED = "unlimited"


def programme_sections(folder: RunFolder) -> list[Section]:
    """Sections of a programme, in order."""
    return [
        section(
            folder,
            "programme",
            "The programme",
            _numbers(folder, "The programme, in all its years together", ROWS),
            *("programme_queue", "programme_stock", "programme_utilisation"),
            words=(_played(folder), str(folder.document["warm_up"])),
        ),
        section(
            folder,
            "limits",
            "What the limits did to patients",
            _numbers(folder, "Infections, days in hospital and deaths", HARM),
            words=(
                "Caused: happens with these limits and not without any, to the same patient on the same luck; "
                "spared: the other way round.",
            ),
        ),
        section(folder, "causes", "Infections by cause", _infections(folder)),
        section(folder, "who-paid", "Who paid", _who_paid(folder), "who_paid"),
        section(folder, "spend", "Spend by year and item", _spend(folder), _items(folder), "programme_spend"),
    ]


def programme_sentences(folder: RunFolder) -> list[str]:
    """How many infusions came on time under each arm, what the limits did, and who paid."""
    arms = folder.document["arms"]
    on_time = [
        f"{arm['label']} {100 * arm['numbers']['share_on_time']['mean']:.1f} % "
        f"({max(0.0, 100 * arm['numbers']['share_on_time']['ci_low']):.1f} to "
        f"{min(100.0, 100 * arm['numbers']['share_on_time']['ci_high']):.1f})"
        for arm in arms
        if arm["numbers"]["share_on_time"]["mean"] is not None
    ]
    told = f"Infusions given on time (95 % interval over replications): {'; '.join(on_time)}."
    sentences = [told] if on_time else []
    for arm in arms:
        caused, spared = (arm["numbers"][name]["mean"] for name in ("grade3plus_caused", "grade3plus_spared"))
        if caused or spared:
            sentences.append(
                f"{arm['label']}: the limits caused {number(caused, 2)} infections of grade ≥ 3 in a replication and "
                f"spared {number(spared, 2)}, compared with the same patients and luck without limits."
            )
    return [*sentences, *map(str, folder.document["conclusions"])]


def _played(folder: RunFolder) -> str:
    asked = folder.settings
    starts = "Poisson arrivals" if asked["arrivals"] == "poisson" else f"starts read from {asked['arrivals']}"
    outside = asked.get("starts_left_out", 0)
    left_out = f" {outside:,} starts in the file {OUTSIDE}" if outside else ""
    return (
        f"{asked['replications']:,} replications of {asked['years']} years from {asked['first_day']}, {starts}, seed "
        f"{asked['seed']}; every arm has the same arrivals, patients and luck. ± is half a 95 % interval over "
        f"replications.{left_out}"
    )


def _numbers(folder: RunFolder, title: str, measures: Sequence[tuple[str, str, int]]) -> Grid:
    arms = folder.document["arms"]
    numbers = pd.DataFrame(
        [
            {"arm": arm["name"], "measure": measure, "mean": found["mean"], "ci_high": found["ci_high"]}
            for arm in arms
            for measure, found in arm["numbers"].items()
        ]
    )
    rows = [
        (_indented(words), *(cell or "–" for cell in cells))
        for words, cells in number_rows(numbers, [str(arm["name"]) for arm in arms], measures)
    ]
    return grid(f"{title}, per replication", ("", *(str(arm["label"]) for arm in arms)), rows)


def _indented(words: str) -> str:
    """The words of a row that belongs to the one above it, set in by spaces that a page keeps."""
    return words.replace("  ", "\u2003", 1)


def _half(mean: float | None, high: float | None, scale: float, digits: int) -> str:
    """A mean and half its interval."""
    if mean is None:
        return "–"
    return with_error(scale * mean, None if high is None else scale * (high - mean), digits)


def _who_paid(folder: RunFolder) -> Grid:
    paid = {(row["group"], row["measure"], row["arm"]): row["per_100"] for row in folder.document["who_paid"]}
    arms = folder.document["arms"]
    rows = []
    for group in dict.fromkeys(row["group"] for row in folder.document["who_paid"]):
        cells = []
        for arm in arms:
            late, missed, severe = (
                paid[group, measure, arm["name"]]
                for measure in ("infusions_late", "infusions_missed", "grade3plus_net")
            )
            told = f"{number(late, 1)} / {number(missed, 2)}" if late is not None else "–"
            cells.append(f"{told}; {number(10 * severe, 1)}" if severe is not None else told)
        if any(cell != "–" for cell in cells):
            rows.append((str(group), *cells))
    return grid(
        f"Who paid: of 100 infusions due {folder.document['counted']}, late / given up; net infections of grade ≥ 3 "
        "that the limits caused, by 1,000 patients",
        ("patients", *(str(arm["label"]) for arm in arms)),
        rows,
        note="Means over replications; differences between groups with their error are in the summary.",
    )


def _infections(folder: RunFolder) -> Grid:
    found = pd.DataFrame(folder.document["infections_by_cause"])
    arms = folder.document["arms"]
    labels = dict(zip(found["cause"], found["label"], strict=True))
    rows = infection_rows(found, [str(arm["name"]) for arm in arms], labels)
    return grid(
        f"{CAUSES_TITLE}, per replication",
        ("", *(str(arm["label"]) for arm in arms)),
        [(words, *cells) for words, cells in rows],
        note="Means over replications; their intervals are in the table capacity_infections of the run folder.",
    )


def _items(folder: RunFolder) -> Grid:
    arms = folder.document["arms"]
    rows = item_rows(pd.DataFrame(folder.document["spend_by_item"]), [*(str(arm["name"]) for arm in arms), UNLIMITED])
    return grid(
        f"Spend by item, all years (thousands of {folder.currency}, undiscounted)",
        ("", *(str(arm["label"]) for arm in arms), "without limits"),
        [(words, *cells) for words, cells in rows],
    )


def _spend(folder: RunFolder) -> Grid:
    found = {(row["arm"], row["year"]): row for row in folder.document["spend_by_year"]}
    arms = folder.document["arms"]
    rows = []
    for year in dict.fromkeys(row["year"] for row in folder.document["spend_by_year"]):
        own = [found[arm["name"], year] for arm in arms]
        cells = [f"{thousands(row['mean'])}\n{_half(row['delta'], row['delta_ci_high'], 1e-3, 0)}" for row in own]
        rows.append((str(year), *cells, thousands(found[UNLIMITED, year]["mean"])))
    return grid(
        f"Spend by calendar year (thousands of {folder.currency}, undiscounted); under it the difference from no "
        "limits",
        ("year", *(str(arm["label"]) for arm in arms), "without limits"),
        rows,
    )
