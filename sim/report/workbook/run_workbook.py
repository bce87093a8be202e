"""The workbook of a run folder: summary, results, inputs, draws, curves and manifest as real numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from sim.report.page.folder import RunFolder, open_folder
from sim.report.page.write import summary_section
from sim.report.workbook.parameters import parameter_frame
from sim.report.workbook.sheets import Sheet, write_workbook

PSA_COLUMNS = (
    "draw",
    "strategy",
    "cost",
    "qaly",
    "life_years",
    "infections_any",
    "infections_grade_3plus",
    "infection_death",
    "hospital_days",
    "ig_grams",
)
"""Of the draws' outcomes; psa.parquet has all."""

TITLES = {
    "incremental": "Incremental",
    "increments": "Increments",
    "efficiency": "Efficiency",
    "leads": "Leads",
    "precision": "Precision",
    "by_wtp": "CEAF and EVPI",
    "evppi": "EVPPI",
    "evsi": "EVSI",
    "price_of_immunoglobulin": "Price",
    "price_thresholds": "Price thresholds",
    "thresholds": "Thresholds",
    "threshold_scan": "Threshold scan",
    "subgroups": "Subgroups",
    "tornado": "Tornado",
    "two_way_decisions": "Two-way decisions",
    "decisions": "Decisions",
    "sweep": "Sweep",
    "averaged": "Averaged",
    "losses": "Losses",
    "cumulative_incidence": "Cumulative incidence",
    "common_luck": "Common luck",
    "draws": "Drawn parameters",
    "findings": "Findings",
    "best_sizes": "Best trial sizes",
    "capacity_numbers": "Programme",
    "who_paid": "Who paid",
    "capacity_infections": "Infections by cause",
    "capacity_years": "Spend by year",
    "capacity_spend": "Spend by item",
    "capacity_months": "By month",
    "capacity_hours": "By hour",
    "capacity_sizes": "Sizes",
    "calibration_targets": "Targets",
    "calibration_summary": "Fit",
    "calibration_check": "Check",
    "parameters": "Prior and posterior",
    "posterior": "Posterior draws",
}
"""Table of a folder to its sheet, in order."""

NAMES = {
    "draws": "drawn_parameters",
    "by_wtp": "ceaf_evpi",
    "parameters": "prior_and_posterior",
    "posterior": "posterior_draws",
}
"""Table to the name of its range, where that is not the table's."""


def write_run_workbook(paths: Sequence[Path], output: Path) -> Path:
    """Write the workbook of one or several run folders.

    Args:
        paths: Run folders, the main one first.
        output: File, .xlsx.

    Returns:
        The file.

    Raises:
        IgsimError: A folder cannot be used, or the file cannot be written.
    """
    return write_workbook(
        output, run_sheets([open_folder(path) for path in paths]), width={"source": 80, "text": 120}
    )


def run_sheets(folders: Sequence[RunFolder]) -> list[Sheet]:
    """The sheets in order; those of further folders say of which command they are."""
    sheets = [Sheet("Summary", "summary", _summary(folders))]
    for place, folder in enumerate(folders):
        suffix = "" if place == 0 else f" {folder.kind} {place + 1}"
        for sheet in _tables(folder):
            name = sheet.name + (f"_{place + 1}" if place else "")
            sheets.append(Sheet((sheet.title + suffix)[:31], name, sheet.table, sheet.where))
    scenario = folders[0].scenario
    if scenario is not None:
        sheets.append(Sheet("Parameters", "parameters", parameter_frame(scenario)))
    sheets += [
        Sheet(
            f"Manifest{'' if place == 0 else f' {place + 1}'}",
            f"manifest{'' if place == 0 else f'_{place + 1}'}",
            _manifest(folder),
        )
        for place, folder in enumerate(folders)
    ]
    return sheets


def _summary(folders: Sequence[RunFolder]) -> pd.DataFrame:
    section = summary_section(folders)
    rows = [(head, point) for head, points in section.points for point in points]
    return pd.DataFrame([("", section.paragraphs[0]), *rows], columns=["part", "text"])


def _tables(folder: RunFolder) -> Iterator[Sheet]:
    for name, title in TITLES.items():
        if folder.has(name):
            yield Sheet(title, NAMES.get(name, name), folder.table(name), _place(folder, name))
        if name == "increments" and folder.has("outcomes"):
            yield Sheet("Outcomes", "outcomes", _outcomes(folder), _place(folder, "outcomes"))
        if name == "precision" and folder.has("by_wtp_strategy"):
            yield Sheet("CEAC", "ceac", _ceac(folder), _place(folder, "by_wtp_strategy"))
    if folder.has("psa"):
        table = folder.table("psa")
        own = table[[column for column in PSA_COLUMNS if column in table.columns]]
        yield Sheet("PSA draws", "psa_draws", own, _place(folder, "psa"))


def _place(folder: RunFolder, table: str) -> str:
    return f"{table}.parquet in the run folder {folder.path.name}"


def _outcomes(folder: RunFolder) -> pd.DataFrame:
    """A row an outcome, a column a strategy, and their Monte Carlo errors or credible limits beside them."""
    table = folder.table("outcomes")
    order = list(dict.fromkeys(table["component"]))
    strategies = list(dict.fromkeys(table["strategy"]))
    others = [column for column in table.columns if column not in ("strategy", "component", "mean")]
    wide = {
        strategy + ("" if column == "mean" else f" {column}"): table[table["strategy"] == strategy].set_index(
            "component"
        )[column]
        for column in ("mean", *others)
        for strategy in strategies
    }
    return pd.DataFrame(wide).loc[order].reset_index(names="component")


def _ceac(folder: RunFolder) -> pd.DataFrame:
    """A row a threshold, a column a strategy: probability of being the best, raw, then corrected."""
    table = folder.table("by_wtp_strategy")
    strategies = list(dict.fromkeys(table["strategy"]))
    columns: dict[str, pd.Series] = {}
    for column in ("ceac", "ceac_corrected"):
        if column in table.columns:
            for strategy in strategies:
                own = table[table["strategy"] == strategy].set_index("wtp")[column]
                columns[f"{column} {strategy}"] = own
    return pd.DataFrame(columns).reset_index(names="wtp")


def _manifest(folder: RunFolder) -> pd.DataFrame:
    rows = [(".".join(path), value) for path, value in _leaves((), folder.manifest) if path[-1] != "text"]
    return pd.DataFrame(rows, columns=["entry", "content"], dtype=object)


def _leaves(path: tuple[str, ...], node: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from _leaves((*path, str(key)), child)
    elif isinstance(node, list):
        for place, child in enumerate(node, start=1):
            yield from _leaves((*path, str(place)), child)
    else:
        yield path, node
