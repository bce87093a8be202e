"""Results of `igsim voi`: what learning is worth, and whether a trial is worth its cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, section
from sim.report.page.psa_results import at_wtp, evppi_grids
from sim.report.text import number, with_error


def voi_sections(folder: RunFolder) -> list[Section]:
    """Sections of a value-of-information analysis, in order."""
    wtps = folder.settings["wtp_per_qaly"]
    return [
        section(
            folder,
            "perfect-information",
            "Value of perfect information",
            _evpi(folder),
            *("evpi", "population_evpi", "evppi"),
            *evppi_grids(folder, wtps),
            words=(_played(folder),),
        ),
        section(
            folder,
            "trials",
            "Value of a trial",
            *("evsi", "enbs"),
            *(_trial(folder, design, wtp) for design in folder.document["designs"] for wtp in wtps),
        ),
    ]


def voi_sentences(folder: RunFolder) -> list[str]:
    """What knowing everything is worth, and which trial is worth running."""
    told = [
        f"{with_error(row['evpi'], row['evpi_se'], 1)} {folder.currency} per patient{at_wtp(folder, row['wtp'])}"
        for row in folder.document["by_wtp"]
    ]
    return [
        f"Knowing every parameter before deciding would be worth {'; '.join(told)} (± one standard error).",
        *map(str, folder.document["conclusions"]),
    ]


def _played(folder: RunFolder) -> str:
    asked = folder.settings
    text = f"{asked['draws']:,} draws of {asked['parameters']} parameters, from {asked['source']}. "
    if asked["population"] and asked["patients_per_year"]:
        text += (
            f"Population: {asked['patients_per_year']:,.0f} patients a year for {asked['years']:g} years at "
            f"{asked['discount_rate_per_year']:.1%} a year, {asked['population']:,.0f} discounted patients. "
        )
    return text + (
        "± is one standard error, of finitely many draws and, for EVPPI and EVSI, of the regression. EVPI: value of "
        "knowing everything; EVPPI: of knowing some parameters; EVSI: of a trial's data; ENBS: EVSI for all patients "
        "after the trial reports, less its cost."
    )


def _evpi(folder: RunFolder) -> Grid:
    rows = [
        (
            number(row["wtp"]),
            folder.short(row["optimal"]),
            with_error(row["evpi"], row["evpi_se"], 1),
            with_error(row.get("population_evpi"), row.get("population_evpi_se")),
        )
        for row in folder.document["by_wtp"]
    ]
    columns = ("WTP", "best on average", "EVPI per patient", "EVPI of the population")
    return grid(f"Value of perfect information ({folder.currency})", columns, rows, left=0)


def _trial(folder: RunFolder, design: Mapping[str, Any], wtp: float) -> Grid:
    rows = [
        (
            number(row["n_per_arm"]),
            with_error(row["evsi"], row["standard_error"], 1),
            f"{row['evsi'] / row['evppi']:.0%}" if row["evppi"] else "",
            f"{number(row['years_to_report'], 1)} years" if row["years_to_report"] is not None else "",
            number(row["population_evsi"]),
            number(row["cost"]),
            with_error(row["enbs"], row["enbs_se"]),
        )
        for row in folder.document["evsi"]
        if row["design"] == design["name"] and row["wtp"] == wtp
    ]
    columns = ("patients per arm", "EVSI per patient", "of EVPPI", "reports after", "EVSI of the population", "cost")
    return grid(
        f"{design['label']}: value of a trial by its size{at_wtp(folder, wtp)} ({folder.currency})",
        (*columns, "ENBS"),
        rows,
        left=0,
        note="Of EVPPI: share of what the same trial would be worth without end, with every parameter that it tells "
        "of known.",
    )
