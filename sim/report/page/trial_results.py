"""Results of `igsim trial`: what each study would find, its power, its bias, and what was published."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from sim.errors import InputError
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Plot, Section, grid
from sim.report.text import number
from sim.report.trial_text import ANALYSES

Row = Mapping[Hashable, Any]
FIGURES = {"trial_estimates": "estimates of many studies beside the truth", "trial_power": "power by size"}


def trial_sections(folder: RunFolder) -> list[Section]:
    """A section for each trial, in order."""
    return [
        Section(
            f"trial-{name.replace('_', '-')}",
            f"Study {name}: {_label(folder, name)}",
            (f"Every study was played {folder.settings['replications']:,} times, as modelled and with no effect.",),
            items=(*_grids(folder, name), *_plots(folder, name)),
        )
        for name in folder.settings["trials"]
    ]


def _label(folder: RunFolder, name: str) -> str:
    trials = folder.scenario.trials if folder.scenario else {}
    return trials[name].label if name in trials else name


def trial_sentences(folder: RunFolder) -> list[str]:
    """Which analyses find something where there is nothing, and where published estimates lie."""
    told = [
        f"{row['trial']}: the published {row['published']:.3g} has {row['below']:.1%} of the model's own studies "
        f"below it (median {row['model']:.3g}, 95 % from {row['model_low']:.3g} to {row['model_high']:.3g})."
        for row in folder.document["published"]
    ]
    return [*map(str, folder.document["findings"]), *told]


def _plots(folder: RunFolder, name: str) -> list[Plot]:
    drawn = []
    for figure, shows in FIGURES.items():
        try:
            drawn.append(Plot(f"{figure}-{name}", folder.figures.draw(figure, trial=name), f"{shows}, {name}"))
        except InputError:
            continue  # a study without ratios, or none that is planned
    return drawn


def _grids(folder: RunFolder, name: str) -> list[Grid]:
    rows = [row for row in folder.document["estimates"] if row["trial"] == name]
    curves = [row for row in rows if not row["comparator"]]
    ratios = [row for row in rows if row["comparator"]]
    power = [row for row in folder.document["power"] if row["trial"] == name]
    made = (
        _estimates(folder, "Cumulative incidence", curves, percent=True),
        _estimates(folder, "Ratios", ratios, percent=False),
        _power(folder, power),
    )
    return [each for each in made if each.rows]


def _estimates(folder: RunFolder, title: str, rows: list[Row], *, percent: bool) -> Grid:
    def shown(value: float | None) -> str:
        if value is None or pd.isna(value):
            return ""
        return f"{value:.1%}" if percent else number(value, 2)

    return grid(
        f"{title}: true value, estimates of many studies, and how often their 95 % intervals hold the truth",
        ("analysis", "world", "of", "patients", "month", "true", "mean", "95 % of estimates", "coverage"),
        [
            (
                ANALYSES[row["analysis"]],
                str(row["world"]).replace("_", " "),
                folder.short(row["group"]),
                number(row["patients"]),
                "" if row["month"] is None else f"{row['month']:g}",
                shown(row["true_value"]),
                shown(row["mean"]),
                f"{shown(row['low'])} to {shown(row['high'])}",
                "" if row["coverage"] is None else f"{row['coverage']:.0%}",
            )
            for row in rows
        ],
        left=3,
        small=True,
        note="" if percent else "With no effect of immunoglobulin the truth is 1; what is found there is bias.",
    )


def _power(folder: RunFolder, rows: list[Row]) -> Grid:
    return grid(
        "Power: share of studies whose interval leaves out 1 (95 % interval of that share)",
        ("analysis", "of", "patients", "events", "power", "Schoenfeld", "type I error"),
        [
            (
                ANALYSES[row["analysis"]],
                folder.short(row["group"]),
                number(row["patients"]),
                number(row["events"], 1),
                f"{row['power']:.1%} ({row['power_low']:.1%} to {row['power_high']:.1%})",
                "" if row["schoenfeld_power"] is None else f"{row['schoenfeld_power']:.1%}",
                f"{row['type_1_error']:.1%} ({row['type_1_error_low']:.1%} to {row['type_1_error_high']:.1%})",
            )
            for row in rows
        ],
        left=2,
    )
